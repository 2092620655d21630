"""How the singular values of Jacobians are drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stabsim._statistics import SampleStatistics
from stabsim.plotting.style import BLUE, VERMILION, axes_or_new, decades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from stabsim.results import JacobianSpectrum

_MOST_BINS = 60
# Quantiles of every rank that stand for its trials where those are not kept.
_LEVELS = (np.arange(200) + 0.5) / 200
# The least width of all bins together, in decades, so that equal values have a bar.
_LEAST_RANGE = 0.1
_POINTS = 1000


def plot_jacobian_spectrum(result: JacobianSpectrum, ax: Axes | None = None) -> Axes:
    r"""Draw a histogram of :math:`\log_{10} s` over all trials, and the density of wide networks.

    The bars hold the share of singular values that are not zero; the share of zeros stands in the
    legend. The density, where it is known, is dashed, and a dotted line marks singular values that
    all stay at :math:`\sigma_w^L`.

    Parameters
    ----------
    result : JacobianSpectrum
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    ax = axes_or_new(ax)
    values = _values(result)
    zeros = float(np.mean(values == -math.inf))
    values = decades(values[values > -math.inf])
    if values.size > 0:
        middle = 0.5 * (values.min() + values.max())
        half = max(0.5 * (values.max() - values.min()), 0.5 * _LEAST_RANGE)
        bins = max(10, min(_MOST_BINS, math.isqrt(values.size)))
        edges = np.linspace(middle - half, middle + half, bins + 1)
        weights = np.full(values.size, (1.0 - zeros) / (values.size * (edges[1] - edges[0])))
        label = "simulated" if zeros == 0.0 else f"simulated, {100.0 * zeros:.3g} % are zero"
        ax.hist(values, edges.tolist(), weights=weights, color=BLUE, alpha=0.35, label=label)
        _draw_law(ax, result, edges)
        ax.legend()
    first, last = result.layers
    ax.set_xlabel(rf"$\log_{{10}} s$ of $\partial x^{{{last}}}/\partial x^{{{first}}}$")
    ax.set_ylabel("density per decade")
    ax.set_title(repr(result.network))
    return ax


def _values(result: JacobianSpectrum) -> NDArray[np.float64]:
    if isinstance(result.statistics, SampleStatistics):
        return result.log_singular_values.ravel()
    return result.quantile(_LEVELS).ravel()


def _draw_law(ax: Axes, result: JacobianSpectrum, edges: NDArray[np.float64]) -> None:
    law = None if result.mean_field is None else result.mean_field.law
    if law is None:
        return
    if law.largest_fraction < 1.0:
        x = np.linspace(edges[0], edges[-1], _POINTS)
        density = law.log_pdf(x * math.log(10.0)) * math.log(10.0)
        ax.plot(x, density, color=VERMILION, linestyle="--", label="infinite width")
    if law.largest_fraction > 0.0:
        largest = law.depth * math.log10(law.sigma_w)
        share = 100.0 * law.largest_fraction
        ax.axvline(
            largest,
            color=VERMILION,
            linestyle=":",
            label=f"{share:.3g} % at infinite width",
        )
