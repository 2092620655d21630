"""How the growth of matrix products is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stabsim.plotting.style import (
    LEVELS,
    VERMILION,
    axes_or_new,
    decades,
    draw_fan,
    draw_number_formats,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from stabsim.results import ProductGrowth

_LABELS = {
    "frobenius": r"$\log_{10} \|A_t \cdots A_1\|_F$",
    "spectral": r"$\log_{10} \|A_t \cdots A_1\|_2$",
    "vector": r"$\log_{10} |A_t \cdots A_1 v|$",
    "logdet": r"$\log_{10} |\det A_t \cdots A_1|$",
}


def plot_product_growth(result: ProductGrowth, ax: Axes | None = None) -> Axes:
    """Draw a fan of quantiles of the norm, in decades, against the number of factors.

    The bands hold 50 % and 90 % of the products, the line is the median. The exact mean, or a line
    of the exact slope through the last median, is dashed. Dotted lines mark where float16, float32
    and float64 overflow or underflow, where they lie inside the fan.

    Parameters
    ----------
    result : ProductGrowth
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    ax = axes_or_new(ax)
    depths = result.depths
    quantiles = decades(result.quantile(LEVELS))
    median = draw_fan(ax, depths, quantiles, "products")
    _draw_theory(ax, result, median)
    if result.norm != "logdet":
        draw_number_formats(ax, quantiles[np.isfinite(quantiles)])
    ax.set_xlabel("number of factors $t$")
    ax.set_ylabel(_LABELS[result.norm])
    ax.set_title(repr(result.ensemble))
    ax.legend()
    return ax


def _draw_theory(ax: Axes, result: ProductGrowth, median: NDArray[np.float64]) -> None:
    if result.exact is None or not np.isfinite(median[-1]):
        return
    if result.exact.law is not None:
        exact, label = decades(result.exact.law.mean(result.depths)), "exact mean"
    else:
        beyond = result.depths - result.depths[-1]
        exact = median[-1] + decades(result.exact.lyapunov * beyond)
        label = "exact growth rate"
    marker = "x" if result.depths.size == 1 else ""
    ax.plot(result.depths, exact, color=VERMILION, linestyle="--", marker=marker, label=label)
