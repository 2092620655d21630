"""How a phase diagram is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import TwoSlopeNorm

from stabsim.plotting.style import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from numpy.typing import NDArray

    from stabsim.results.phase_diagram import PhaseDiagram

# From orange through white to purple: told apart with every kind of colour vision.
_COLORS = "PuOr"
_BLACK = "#000000"


def plot_phase_diagram(result: PhaseDiagram, ax: Axes | None = None) -> Axes:
    r"""Draw :math:`\ln\chi_1` over the grid, the critical line, and the simulated points.

    The map and the simulated points share one scale of colours, white where gradients neither grow
    nor shrink, so a point that agrees with theory melts into the map. The critical line is solid
    where the fixed point is stable, dotted where it is not; the phases on its sides are named.

    Parameters
    ----------
    result : PhaseDiagram
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    ax = axes_or_new(ax)
    theory = 2.0 * result.rate
    sizes = np.abs(theory[np.isfinite(theory)])
    largest = max(float(sizes.max(initial=0.0)), 1e-3)
    norm = TwoSlopeNorm(0.0, -largest, largest)
    drawn: ScalarMappable = ax.pcolormesh(
        _edges(result.sigma_w),
        _edges(result.sigma_b),
        np.clip(theory, -largest, largest),
        cmap=_COLORS,
        norm=norm,
        rasterized=True,
    )
    if result.simulation is not None:
        ax.scatter(
            *np.meshgrid(result.sigma_w, result.sigma_b),
            c=np.clip(2.0 * result.simulated_rate, -largest, largest),
            cmap=_COLORS,
            norm=norm,
            edgecolors=_BLACK,
            linewidths=0.4,
            s=np.clip(4000.0 / theory.size, 6.0, 60.0),
            label=f"simulated, width {result.simulation.width}",
        )
    for name, where in (("ordered", result.chi < 1.0), ("chaotic", result.chi > 1.0)):
        if where.any():
            row, column = (int(np.median(index)) for index in np.nonzero(where))
            ax.text(
                result.sigma_w[column],
                result.sigma_b[row],
                name,
                ha="center",
                va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2.0},
            )
    line = result.critical_line
    for stable, style, label in (
        (True, "-", "critical line"),
        (False, ":", "critical line, unstable lengths"),
    ):
        shown = line.exists & (line.stable == stable)
        if shown.any():
            ax.plot(
                np.where(shown, line.sigma_w, np.nan),
                line.sigma_b,
                color=_BLACK,
                linestyle=style,
                marker="|" if shown.sum() == 1 else "",
                label=label,
            )
    ax.figure.colorbar(drawn, ax=ax, label=r"$\ln\chi_1$, and twice the simulated rate")
    ax.set_xlim(*_edges(result.sigma_w)[[0, -1]])
    ax.set_ylim(*_edges(result.sigma_b)[[0, -1]])
    ax.set_xlabel(r"$\sigma_w$")
    ax.set_ylabel(r"$\sigma_b$")
    ax.set_title(repr(result.activation))
    if ax.get_legend_handles_labels()[0]:
        ax.legend()
    return ax


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the edges of cells around the points, half-way between them."""
    if values.size == 1:
        reach = 0.5 * abs(float(values[0])) or 0.5
        return np.array([values[0] - reach, values[0] + reach])
    middle = 0.5 * (values[1:] + values[:-1])
    return np.concatenate([[2 * values[0] - middle[0]], middle, [2 * values[-1] - middle[-1]]])
