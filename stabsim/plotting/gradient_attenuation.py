"""How the attenuation of gradients is drawn."""

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

    from stabsim.results import GradientAttenuation


def plot_gradient_attenuation(result: GradientAttenuation, ax: Axes | None = None) -> Axes:
    """Draw a fan of quantiles of the gradient's norm, in decades, against the layer.

    The bands hold 50 % and 90 % of the initializations, the line is the median; dead ones are left
    out of what is drawn. The exact mean, where it is known, or else the limit of infinite width is
    dashed. Dotted lines mark where number formats overflow or underflow, where they lie inside the
    fan.

    Parameters
    ----------
    result : GradientAttenuation
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    ax = axes_or_new(ax)
    quantiles = decades(result.quantile(LEVELS))
    draw_fan(ax, result.layers, quantiles, "networks")
    if result.theory is not None:
        name, values = result.theory
        label = "exact mean" if name == "exact" else "infinite width"
        height = decades(values)
        ax.plot(
            result.layers,
            np.where(np.isfinite(height), height, np.nan),
            color=VERMILION,
            linestyle="--",
            label=label,
        )
    draw_number_formats(ax, quantiles[np.isfinite(quantiles)])
    ax.set_xlabel("layer $l$")
    ax.set_ylabel(r"$\log_{10} |\partial\ell/\partial x^l|$")
    ax.set_title(repr(result.network))
    ax.legend()
    return ax
