"""The search for roots over all lengths: moments on a grid, changes of sign, refinement."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stabsim.theory import _activation_moments as moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from stabsim.activations import Activation

    Floats = NDArray[np.float64]

# Fixed points are sought between the powers of e plus and minus this, in steps fine enough to tell
# two of them apart.
_MOST_LOG_Q = 69.0
_STEPS_PER_UNIT = 4
#: Larger standard deviations may have their fixed point beyond.
MOST_SIGMA = 1e10
#: Relative differences below this are rounding.
ROUNDING = 1e-12
_MOST_ITERATIONS = 100


class Scan(NamedTuple):
    """Moments of an activation on a grid of lengths."""

    q: Floats
    second_moment: Floats
    slope_moment: Floats
    derivative: Floats


@functools.lru_cache(maxsize=64)
def scan(activation: Activation) -> Scan:
    """Return moments from very small to very large lengths, as far as they exist."""
    steps = round(_MOST_LOG_Q * _STEPS_PER_UNIT)
    middle = slice(steps // 2, -(steps // 2))
    q = np.exp(np.arange(-steps, steps + 1) / _STEPS_PER_UNIT)
    ends = [q[: steps // 2], q[-(steps // 2) :]]
    found = [_moments(activation, q[middle])]
    for end in ends:
        try:
            found.append(_moments(activation, end))
        except ValueError:
            # An expectation that does not converge this far out bounds the search.
            continue
    found.sort(key=lambda part: float(part.q[0]))
    parts = zip(*found, strict=True)
    return Scan(*(np.concatenate(part) for part in parts))


def _moments(activation: Activation, q: Floats) -> Scan:
    return Scan(
        q,
        moments.second_moment(activation, q),
        moments.slope_moment(activation, q),
        moments.second_moment_derivative(activation, q),
    )


def settled_signs(values: Floats) -> NDArray[np.int8]:
    """Return signs along the last axis, rounding errors taken for the sign before them.

    Leading ones get the sign after them; where all are rounding errors the signs are 0.
    """
    signs = np.where(np.abs(values) > ROUNDING, np.sign(values), 0.0).astype(np.int8)
    for step in (1, -1):
        ordered = signs[..., ::step]
        index = np.maximum.accumulate(
            np.where(ordered != 0, np.arange(ordered.shape[-1]), 0), axis=-1
        )
        signs = np.take_along_axis(ordered, index, axis=-1)[..., ::step]
    return signs


def roots(
    function: Callable[[Floats, NDArray[np.intp]], Floats], low: Floats, high: Floats
) -> Floats:
    """Return a root of a function in every bracket, by the method of Chandrupatla.

    The function takes abscissas, and which brackets they belong to.
    """
    a, b = np.array(high, dtype=np.float64), np.array(low, dtype=np.float64)
    every = np.arange(a.size)
    f_a, f_b = function(a, every), function(b, every)
    c, f_c = a.copy(), f_a.copy()
    t = np.full(a.size, 0.5)
    open_ = every[(f_b != 0.0) & (a.size > 0)]
    for _ in range(_MOST_ITERATIONS):
        if not open_.size:
            break
        x = a[open_] + t[open_] * (b - a)[open_]
        f = function(x, open_)
        same = np.sign(f) == np.sign(f_a[open_])
        swap, stay = open_[~same], open_[same]
        c[stay], f_c[stay] = a[stay], f_a[stay]
        c[swap], f_c[swap] = b[swap], f_b[swap]
        b[swap], f_b[swap] = a[swap], f_a[swap]
        a[open_], f_a[open_] = x, f
        width = np.abs(b - a)[open_]
        tolerance = 4.0 * np.finfo(float).eps * np.maximum(np.abs(a[open_]), 1.0)
        going = (width > tolerance) & (f != 0.0)
        keep = open_[going]
        xi = (a[keep] - b[keep]) / (c[keep] - b[keep])
        with np.errstate(divide="ignore", invalid="ignore"):
            phi = (f_a[keep] - f_b[keep]) / (f_c[keep] - f_b[keep])
            slope = (c[keep] - a[keep]) / (b[keep] - a[keep])
            inverse = f_a[keep] / (f_b[keep] - f_a[keep]) * f_c[keep] / (f_b[keep] - f_c[keep])
            inverse += (
                slope * f_a[keep] / (f_c[keep] - f_a[keep]) * f_b[keep] / (f_c[keep] - f_b[keep])
            )
            smooth = (phi**2 < xi) & ((1.0 - phi) ** 2 < 1.0 - xi) & np.isfinite(inverse)
        least = 0.5 * tolerance[going] / width[going]
        t[keep] = np.clip(np.where(smooth, inverse, 0.5), least, 1.0 - least)
        open_ = keep
    return np.where(np.abs(f_a) < np.abs(f_b), a, b)
