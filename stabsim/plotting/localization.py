"""How localization lengths are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

from stabsim.plotting.style import BLUE, VERMILION, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from stabsim.results.finite_size_scaling import FiniteSizeScaling
    from stabsim.results.localization_length import LocalizationLength

_MARKERS = "os^Dv<>PX*"


def plot_localization_length(result: LocalizationLength, ax: Axes | None = None) -> Axes:
    """Draw the running estimate of the length with a band of two standard errors.

    Parameters
    ----------
    result : LocalizationLength
        What to draw. Where the length is infinite nothing is drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    ax = axes_or_new(ax)
    slices = result.spectrum.recorded
    length = np.where(np.isfinite(result.history), result.history, np.nan)
    error = result.spectrum.history_standard_error[:, -1]
    reach = np.where(np.isfinite(error), 2.0 * error * length**2, 0.0)
    ax.fill_between(
        slices, length - reach, length + reach, color=BLUE, alpha=0.25, label="two standard errors"
    )
    ax.plot(slices, length, color=BLUE, label="running estimate")
    if result.exact is not None:
        ax.axhline(result.exact, color=VERMILION, linestyle="--", label="exact")
    ax.set_xscale("log")
    ax.set_xlabel("number of slices")
    ax.set_ylabel(r"localization length $\xi$")
    ax.set_title(repr(result.ensemble))
    ax.legend()
    return ax


def plot_finite_size_scaling(result: FiniteSizeScaling, ax: Axes | None = None) -> Axes:
    """Draw the reduced length against the disorder, with two standard errors.

    Parameters
    ----------
    result : FiniteSizeScaling
        What to draw. Infinite lengths are left out.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    ax = axes_or_new(ax)
    for i, width in enumerate(result.width):
        finite = np.isfinite(result.reduced[i]) & np.isfinite(result.reduced_se[i])
        ax.errorbar(
            result.disorder[finite],
            result.reduced[i][finite],
            2.0 * result.reduced_se[i][finite],
            marker=_MARKERS[i % len(_MARKERS)],
            label=f"{width}" if result.dimension == 2 else f"{width}×{width}",
        )
    ax.set_yscale("log")
    # Reduced lengths seldom span a decade, so there are ticks between the powers of ten.
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("strength of the disorder $W$")
    ax.set_ylabel(r"reduced length $\Lambda = \xi / M$")
    ensemble = result.points[0].ensemble
    ax.set_title(f"E = {ensemble.energy:g}, {ensemble.distribution} disorder")
    ax.legend(title="sites across")
    return ax
