"""How an activation is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stabsim.plotting.style import BLUE, VERMILION, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from stabsim.activations import Activation


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
    ax = axes_or_new(ax)
    x = np.linspace(-8.0, 8.0, 1601)
    ax.plot(x, activation(x), color=BLUE, linestyle="-", label=r"$\varphi(x)$")
    ax.plot(x, activation.derivative(x), color=VERMILION, linestyle="--", label=r"$\varphi'(x)$")
    ax.set_xlabel("$x$")
    ax.set_title(activation.name)
    ax.legend()
    return ax
