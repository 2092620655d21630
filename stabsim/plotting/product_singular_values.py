"""How the singular values of products are drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from stabsim._statistics import SampleStatistics
from stabsim.ensembles import Ginibre
from stabsim.plotting.style import BLUE, LEVELS, VERMILION, axes_or_new, decades, draw_fan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from stabsim.results import ProductSingularValues

_MOST_BINS = 60
# Quantiles of every rank that stand for its trials where those are not kept.
_LEVELS = (np.arange(200) + 0.5) / 200
# The least width of all bins together, in decades, so that equal values have a bar.
_LEAST_RANGE = 0.1
_POINTS = 1000


def plot_product_singular_values(result: ProductSingularValues, ax: Axes | None = None) -> Axes:
    r"""Draw the singular values of shallow and wide, or of deep and narrow products.

    Up to as many factors as rows, a histogram of the logarithms of all squared singular values,
    with the Fuss–Catalan density of infinitely wide Ginibre products dashed. The bars hold the
    share of values that are not zero; the share of zeros stands in the legend.

    Beyond, the exponents :math:`\ln\sigma_i / t` by rank: bands that hold 50 % and 90 % of the
    products, and the exact Lyapunov exponents, where they are known, as crosses.

    Parameters
    ----------
    result : ProductSingularValues
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    ax = axes_or_new(ax)
    if result.depth <= result.ensemble.n:
        _draw_squares(ax, result)
    else:
        _draw_exponents(ax, result)
    factors = "factor" if result.depth == 1 else "factors"
    ax.set_title(f"{result.ensemble!r}, {result.depth} {factors}")
    return ax


def _log_squares(result: ProductSingularValues) -> NDArray[np.float64]:
    if isinstance(result.statistics, SampleStatistics):
        return result.log_scaled_squares.ravel()
    return (2.0 * result.quantile(_LEVELS) - result.log_unit).ravel()


def _draw_squares(ax: Axes, result: ProductSingularValues) -> None:
    values = _log_squares(result)
    zeros = float(np.mean(values == -math.inf))
    values = decades(values[values > -math.inf])
    scaled = isinstance(result.ensemble, Ginibre)
    unit = r" / (n s^2)^t" if scaled else ""
    ax.set_xlabel(rf"$\log_{{10}}\, \sigma_i^2{unit}$")
    ax.set_ylabel("density per decade")
    if values.size == 0:
        return
    middle = 0.5 * (values.min() + values.max())
    half = max(0.5 * (values.max() - values.min()), 0.5 * _LEAST_RANGE)
    bins = max(10, min(_MOST_BINS, math.isqrt(values.size)))
    edges = np.linspace(middle - half, middle + half, bins + 1)
    weights = np.full(values.size, (1.0 - zeros) / (values.size * (edges[1] - edges[0])))
    label = "simulated" if zeros == 0.0 else f"simulated, {100.0 * zeros:.3g} % are zero"
    ax.hist(values, edges.tolist(), weights=weights, color=BLUE, alpha=0.35, label=label)
    law = result.fuss_catalan
    if law is not None:
        # The density has a root's edge at its largest square.
        end = math.log10(law.support[1])
        x = np.append(np.linspace(edges[0], min(edges[-1], end), _POINTS), max(edges[-1], end))
        squares = 10.0**x
        density = math.log(10.0) * squares * law.pdf(squares)
        ax.plot(x, density, color=VERMILION, linestyle="--", label="Fuss–Catalan, infinite width")
    ax.legend()


def _draw_exponents(ax: Axes, result: ProductSingularValues) -> None:
    ranks = np.arange(1, result.ensemble.n + 1)
    draw_fan(ax, ranks, result.quantile(LEVELS) / result.depth, "products")
    if result.exact is not None:
        ax.plot(
            ranks,
            result.exact.exponents,
            color=VERMILION,
            linestyle="",
            marker="x",
            label="Lyapunov exponents, infinite depth",
        )
    ax.set_xlabel("rank $i$")
    ax.set_ylabel(r"exponent $\ln(\sigma_i)\, /\, t$")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
