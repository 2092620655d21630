"""How Lyapunov spectra are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from stabsim.plotting.style import BLUE, VERMILION, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from stabsim.results import LyapunovSpectrum

# Beyond so many exponents a running estimate of each would be a blot.
_MOST_LINES = 8
# Beyond so many exponents their dots make a line.
_MOST_DOTS = 32


def plot_lyapunov_spectrum(result: LyapunovSpectrum, ax: Axes | None = None) -> Axes:
    """Draw the exponents against their rank, with 95 % intervals, and the exact ones as crosses.

    Parameters
    ----------
    result : LyapunovSpectrum
        What to draw. Exponents of ``-inf`` are left out.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    ax = axes_or_new(ax)
    rank = np.arange(1, result.k + 1)
    finite = np.isfinite(result.exponents)
    _, high = result.confidence_interval(0.95)
    # One chain of one step has no interval.
    reach = np.zeros(result.k)
    np.subtract(high, result.exponents, out=reach, where=np.isfinite(high))
    ax.errorbar(
        rank[finite],
        result.exponents[finite],
        reach[finite],
        fmt="o",
        color=BLUE,
        markersize=6 if result.k <= _MOST_DOTS else 2,
        label="estimate, 95 % interval",
    )
    if result.exact is not None:
        style = "x" if result.k <= _MOST_DOTS else "--"
        ax.plot(rank[finite], result.exact[finite], style, color=VERMILION, label="exact", zorder=3)
    ax.axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
    ax.set_xlabel("rank $i$")
    ax.set_ylabel(r"Lyapunov exponent $\lambda_i$ per factor")
    ax.set_title(repr(result.ensemble))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return ax


def plot_convergence(result: LyapunovSpectrum, ax: Axes | None = None) -> Axes:
    """Draw the running estimates with bands of two standard errors; exact values are dashed.

    Parameters
    ----------
    result : LyapunovSpectrum
        What to draw: up to eight exponents, evenly spaced in rank.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, not yet shown.
    """
    ax = axes_or_new(ax)
    errors = np.where(np.isfinite(result.history_standard_error), result.history_standard_error, 0)
    finite = np.flatnonzero(np.isfinite(result.exponents))
    places = np.linspace(0, finite.size - 1, _MOST_LINES).astype(int)
    shown = finite[np.unique(places)] if finite.size else finite
    for number, i in enumerate(shown):
        estimate = result.history[:, i]
        label = "running estimate" if number == 0 else None
        band = "two standard errors" if number == 0 else None
        ax.fill_between(
            result.recorded,
            estimate - 2.0 * errors[:, i],
            estimate + 2.0 * errors[:, i],
            color=BLUE,
            alpha=0.25,
            label=band,
        )
        ax.plot(result.recorded, estimate, color=BLUE, label=label)
        if result.exact is not None:
            exact = "exact" if number == 0 else None
            ax.axhline(result.exact[i], color=VERMILION, linestyle="--", label=exact)
    ax.set_xscale("log")
    ax.set_xlabel("number of factors")
    ax.set_ylabel(r"Lyapunov exponents $\lambda_i$ per factor")
    ax.set_title(repr(result.ensemble))
    if finite.size:
        ax.legend()
    return ax
