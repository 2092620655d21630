"""Where a composition of activations is a line on either side of 0."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stabsim.activations import Activation

    FloatArray = NDArray[np.float64]

_HOMOGENEOUS = ("linear", "relu", "leaky_relu")
# Two magnitudes on either side of 1 at which a function is looked at for being a line.
_NEAR, _NEARER = 2.0**-300, 2.0**-400
_FAR, _FARTHER = 2.0**300, 2.0**400
_SLOPE_TOLERANCE = 1e-12
_LEVEL = 2.0**-200


@functools.lru_cache(maxsize=256)
def lines(functions: tuple[Activation, ...]) -> tuple[float, ...]:
    """Return the columns NEAR to FAR_RIGHT of ``stabsim._kernels.program``.

    A function that is bounded, so that its slope far from 0 is 0, counts as no line there.
    """
    if all(function.f is None and function.name in _HOMOGENEOUS for function in functions):
        (right, left), _ = _evaluated(functions, np.array([1.0, -1.0]))
        if math.isfinite(left) and math.isfinite(right):
            # Adding 0 makes -0 a 0.
            return math.inf, float(0.0 - left), float(right + 0.0), math.inf, 0.0, 0.0
    near, far = _slopes(functions, _NEAR, _NEARER), _slopes(functions, _FAR, _FARTHER)
    if near is not None and _evaluated(functions, np.zeros(1))[0][0] != 0.0:
        near = None
    if far == (0.0, 0.0):
        far = None
    return (
        *((0.0, 0.0, 0.0) if near is None else (_NEAR, *near)),
        *((math.inf, 0.0, 0.0) if far is None else (_FAR, *far)),
    )


def _slopes(
    functions: tuple[Activation, ...], magnitude: float, other: float
) -> tuple[float, float] | None:
    """Return the slopes left and right of 0 if a line on either side goes through both points."""
    x = np.array([-magnitude, magnitude, -other, other])
    values, derivatives = _evaluated(functions, x)
    with np.errstate(all="ignore"):
        slopes, others = np.split(values / x, 2)
        claims = np.array([slopes, others, *np.split(derivatives, 2)])
        # A side that is bounded, or nearly, is level to a signal that sees the other.
        level = np.abs(claims).max(axis=0) <= _LEVEL * np.abs(slopes).max()
        slopes, claims = np.where(level, 0.0, slopes), np.where(level, 0.0, claims)
        # A NaN or an infinity makes the comparison false.
        agree = np.abs(claims - slopes) <= _SLOPE_TOLERANCE * np.abs(slopes)
    if not agree.all():
        return None
    left, right = slopes + 0.0
    return float(left), float(right)


def _evaluated(functions: tuple[Activation, ...], x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the composition and its derivative at ``x``, NaN where it is not defined."""
    value, slope, derivative = x, np.empty_like(x), np.ones_like(x)
    with np.errstate(all="ignore"):
        for function in functions:
            result = np.empty_like(x)
            try:
                function.kernels.apply_both(
                    function.code, function.kernel_parameters, value, result, slope
                )
            except Exception:  # noqa: BLE001 - what a user's function raises far out is its own affair
                return np.full_like(x, np.nan), np.full_like(x, np.nan)
            value, derivative = result, derivative * slope
    return value, derivative
