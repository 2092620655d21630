"""How the propagation of two signals is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation
from stabsim.plotting.style import LEVELS, VERMILION, axes_or_new, decades, draw_fan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from stabsim.results.signal_propagation import SignalPropagation

_LABELS = {
    "correlation": "correlation $c$",
    "distance": r"$\log_{10}(1 - c)$",
    "length": r"$\log_{10} |h^l|^2/n_l$",
}


def plot_signal_propagation(
    result: SignalPropagation, ax: Axes | None = None, quantity: str = "correlation"
) -> Axes:
    """Draw a fan of quantiles of the correlation, the distance or the length against the layer.

    The bands hold 50 % and 90 % of the initializations, the line is the median; zero signals are
    left out. The limit of infinite width is dashed.

    Parameters
    ----------
    result : SignalPropagation
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    quantity : {"correlation", "distance", "length"}, default "correlation"
        Which quantity; the last two in decades.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    validation.choice("quantity", quantity, tuple(_LABELS))
    ax = axes_or_new(ax)
    limit = result.mean_field
    if quantity == "correlation":
        heights = result.cosine.quantile(LEVELS)
        theory = None if limit is None else limit.correlation
    elif quantity == "distance":
        heights = decades(result.distance.quantile(LEVELS))
        theory = None if limit is None else decades(limit.log_distance)
    else:
        heights = decades(result.length.quantile(LEVELS))
        theory = None if limit is None else decades(limit.log_q)
    draw_fan(ax, result.layers, heights, "networks")
    if theory is not None:
        ax.plot(
            result.layers,
            np.where(np.isfinite(theory), theory, np.nan),
            color=VERMILION,
            linestyle="--",
            marker="x" if result.layers.size == 1 else "",
            label="infinite width",
        )
    ax.set_xlabel("layer $l$")
    ax.set_ylabel(_LABELS[quantity])
    ax.set_title(repr(result.network))
    ax.legend()
    return ax
