"""How generalized Lyapunov exponents and rate functions are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stabsim.plotting.style import BLUE, GRAY, VERMILION, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from stabsim.results.generalized_lyapunov import GeneralizedLyapunov
    from stabsim.results.rate_function import RateFunction

_POINTS = 201


def plot_generalized_lyapunov(result: GeneralizedLyapunov, ax: Axes | None = None) -> Axes:
    """Draw L(q) against q, with bars of two standard errors.

    Hollow squares are the values of collapsed populations. The exact exponents are dashed. Dotted
    is the slope at 0, where all moments would lie if every product grew like a typical one.

    Parameters
    ----------
    result : GeneralizedLyapunov
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    ax = axes_or_new(ax)
    finite = np.isfinite(result.values)
    for chosen, marker, fill, label in (
        (finite & ~result.collapsed, "o", BLUE, "estimate, ± 2 standard errors"),
        (finite & result.collapsed, "s", "none", "collapsed population"),
    ):
        if chosen.any():
            ax.errorbar(
                result.q[chosen],
                result.values[chosen],
                2.0 * result.standard_error[chosen],
                color=BLUE,
                linestyle="",
                marker=marker,
                markerfacecolor=fill,
                capsize=3,
                label=label,
                zorder=3,
            )
    grid = np.linspace(min(0.0, result.q.min()), max(0.0, result.q.max()), _POINTS)
    _draw_exact(ax, result, grid)
    if result.lyapunov is not None:
        label = r"typical growth, $q\,L'(0)$"
        ax.plot(grid, result.lyapunov * grid, color=GRAY, linestyle=":", label=label)
    ax.set_xlabel("order $q$ of the moment")
    ax.set_ylabel(r"$L(q)$, growth rate of $E|A_t \cdots A_1 v|^q$")
    ax.set_title(repr(result.ensemble))
    if ax.get_legend_handles_labels()[0]:
        ax.legend()
    return ax


def _draw_exact(ax: Axes, result: GeneralizedLyapunov, grid: NDArray[np.float64]) -> None:
    """Draw the exact exponents: a line where they are known throughout, else crosses."""
    orders, exact, line, marker = grid, result.exact_at(grid), "--", ""
    if exact is None or np.isnan(exact).any():
        orders, exact, line, marker = result.q, result.exact, "", "x"
    if exact is None:
        return
    shown = np.isfinite(exact)
    ax.plot(
        orders[shown],
        exact[shown],
        color=VERMILION,
        linestyle=line,
        marker=marker,
        label="exact",
        zorder=4,
    )


def plot_rate_function(result: RateFunction, ax: Axes | None = None) -> Axes:
    """Draw the rate function against the growth rate, with a band of two standard errors.

    Lower bounds, beyond the slopes of the exponents estimated, are left out. The exact function is
    dashed.

    Parameters
    ----------
    result : RateFunction
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    ax = axes_or_new(ax)
    values = np.where(result.attained, result.values, np.nan)
    ax.plot(result.x, values, color=BLUE, label="estimate")
    if np.isfinite(result.standard_error).all():
        width = 2.0 * result.standard_error
        ax.fill_between(
            result.x,
            values - width,
            values + width,
            color=BLUE,
            alpha=0.25,
            label="± 2 standard errors",
        )
    if result.exact is not None:
        exact = np.where(result.attained, result.exact, np.nan)
        ax.plot(result.x, exact, color=VERMILION, linestyle="--", label="exact")
    ax.set_xlabel("growth rate $x$ per factor")
    ax.set_ylabel("rate function $I(x)$")
    ax.legend()
    return ax
