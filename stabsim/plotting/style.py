"""What the drawings share: colours, fans of quantiles, and the limits of number formats."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from stabsim import _validation as validation
from stabsim import precision

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Blue and vermilion of Okabe and Ito, told apart with every kind of colour vision; line styles
# differ too.
BLUE = "#0072B2"
VERMILION = "#D55E00"
GRAY = "#595959"

#: The quantiles of a fan.
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def axes_or_new(ax: Axes | None) -> Axes:
    """Return the axes given, or those of a new figure."""
    if ax is None:
        return plt.subplots()[1]
    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be matplotlib axes or None, got {validation.described(ax)}")
    return ax


def decades(logarithms: Any) -> NDArray[np.float64]:
    """Return natural logarithms as decimal ones."""
    return np.asarray(logarithms) / math.log(10.0)


def draw_fan(
    ax: Axes, x: NDArray[Any], quantiles: NDArray[np.float64], what: str, color: str = BLUE
) -> NDArray[np.float64]:
    """Draw the quantiles `LEVELS` against x, infinite ones left out, and return the median.

    The bands hold 50 % and 90 %, the line is the median.
    """
    low, lower, median, upper, high = np.where(np.isfinite(quantiles), quantiles, np.nan)
    marker = "o" if x.size == 1 else ""
    if marker:
        ax.vlines(x, low, high, color=color, alpha=0.35, linewidth=4, label=f"90 % of {what}")
        ax.vlines(x, lower, upper, color=color, alpha=0.6, linewidth=8, label="50 %")
    else:
        ax.fill_between(x, low, high, color=color, alpha=0.18, label=f"90 % of {what}")
        ax.fill_between(x, lower, upper, color=color, alpha=0.35, label="50 %")
    ax.plot(x, median, color=color, label="median", marker=marker)
    return np.asarray(median)


def draw_number_formats(ax: Axes, heights: NDArray[np.float64]) -> None:
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
            height = float(decades(limit))
            if bottom < height < top:
                ax.axhline(height, color=GRAY, linestyle=":", linewidth=1.2)
                ax.annotate(
                    f"{name} {event}",
                    (0.99, height),
                    xycoords=("axes fraction", "data"),
                    ha="right",
                    va="bottom",
                    fontsize="small",
                    color=GRAY,
                )
