"""Drawing: results and specs as matplotlib axes. Nothing is computed here but what is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np

from stabsim import precision

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from stabsim.activations import Activation
    from stabsim.results import ProductGrowth

__all__ = ["plot_activation", "plot_product_growth"]

# Blue and vermilion of Okabe and Ito, told apart with every kind of colour vision; line styles
# differ too.
_BLUE = "#0072B2"
_VERMILION = "#D55E00"
_GRAY = "#595959"

_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_LABELS = {
    "frobenius": r"$\log_{10} \|A_t \cdots A_1\|_F$",
    "spectral": r"$\log_{10} \|A_t \cdots A_1\|_2$",
    "vector": r"$\log_{10} |A_t \cdots A_1 v|$",
    "logdet": r"$\log_{10} |\det A_t \cdots A_1|$",
}


def plot_activation(activation: Activation, ax: Axes | None = None) -> Axes:
    r"""Draw :math:`\varphi` as a solid and :math:`\varphi'` as a dashed line over [-8, 8].

    Parameters
    ----------
    activation : Activation
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    ax = _axes(ax)
    x = np.linspace(-8.0, 8.0, 1601)
    ax.plot(x, activation(x), color=_BLUE, linestyle="-", label=r"$\varphi(x)$")
    ax.plot(x, activation.derivative(x), color=_VERMILION, linestyle="--", label=r"$\varphi'(x)$")
    ax.set_xlabel("$x$")
    ax.set_title(activation.name)
    ax.legend()
    return ax


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
    ax = _axes(ax)
    depths = result.depths
    quantiles = _decades(result.quantile(_LEVELS))
    low, lower, median, upper, high = np.where(np.isfinite(quantiles), quantiles, np.nan)
    marker = "o" if depths.size == 1 else ""
    if marker:
        ax.vlines(depths, low, high, color=_BLUE, alpha=0.35, linewidth=4, label="90 % of products")
        ax.vlines(depths, lower, upper, color=_BLUE, alpha=0.6, linewidth=8, label="50 %")
    else:
        ax.fill_between(depths, low, high, color=_BLUE, alpha=0.18, label="90 % of products")
        ax.fill_between(depths, lower, upper, color=_BLUE, alpha=0.35, label="50 %")
    ax.plot(depths, median, color=_BLUE, label="median", marker=marker)
    _draw_theory(ax, result, median)
    if result.norm != "logdet":
        _draw_formats(ax, quantiles[np.isfinite(quantiles)])
    ax.set_xlabel("number of factors $t$")
    ax.set_ylabel(_LABELS[result.norm])
    ax.set_title(repr(result.ensemble))
    ax.legend()
    return ax


def _axes(ax: Axes | None) -> Axes:
    return plt.subplots()[1] if ax is None else ax


def _decades(logarithms: Any) -> NDArray[np.float64]:
    return np.asarray(logarithms) / math.log(10.0)


def _draw_theory(ax: Axes, result: ProductGrowth, median: NDArray[np.float64]) -> None:
    if result.exact is None or not math.isfinite(median[-1]):
        return
    if result.exact.law is not None:
        exact, label = _decades(result.exact.law.mean(result.depths)), "exact mean"
    else:
        beyond = result.depths - result.depths[-1]
        exact = median[-1] + _decades(result.exact.lyapunov * beyond)
        label = "exact growth rate"
    marker = "x" if result.depths.size == 1 else ""
    ax.plot(result.depths, exact, color=_VERMILION, linestyle="--", marker=marker, label=label)


def _draw_formats(ax: Axes, heights: NDArray[np.float64]) -> None:
    """Mark the limits of number formats that lie between the least and the largest height."""
    if heights.size == 0:
        return
    bottom, top = heights.min(), heights.max()
    for name in precision.names():
        number_format = precision.get(name)
        for limit, event in (
            (number_format.log_max, "overflows"),
            (number_format.log_min_subnormal, "underflows"),
        ):
            height = float(_decades(limit))
            if bottom < height < top:
                ax.axhline(height, color=_GRAY, linestyle=":", linewidth=1.2)
                ax.annotate(
                    f"{name} {event}",
                    (0.99, height),
                    xycoords=("axes fraction", "data"),
                    ha="right",
                    va="bottom",
                    fontsize="small",
                    color=_GRAY,
                )
