"""Every activation and its derivative by definition, in mpmath at 50 digits.

Where the textbook formula cancels, the same function is written with ``log1p``, ``expm1``,
``sech`` or ``ncdf``; a test differentiates each value numerically and finds the derivative.
"""

from collections.abc import Callable

import numpy as np
from mpmath import mp, mpf

DIGITS = 50
SELU_ALPHA = mpf("1.6732632423543772848170429916717")
SELU_SCALE = mpf("1.0507009873554804934193349852946")

Function = Callable[[mpf], mpf]


def logistic(x: mpf) -> mpf:
    return 1 / (1 + mp.exp(-x)) if x >= 0 else mp.exp(x) / (1 + mp.exp(x))


def gaussian_cdf(x: mpf) -> mpf:
    """Return Phi(x); beyond 10^4, where mpmath's erfc gives up, it is 0 or 1 to 10^7 digits."""
    return mp.ncdf(min(max(x, mpf(-10000)), mpf(10000)))


def softplus(x: mpf) -> mpf:
    return max(x, mpf(0)) + mp.log1p(mp.exp(-abs(x)))


def elu(alpha: mpf, scale: mpf) -> tuple[Function, Function]:
    return (
        lambda x: scale * (x if x > 0 else alpha * mp.expm1(x)),
        lambda x: scale * (mpf(1) if x > 0 else alpha * mp.exp(x)),
    )


def gate(z: Function, dz: Function) -> tuple[Function, Function]:
    """Return x logistic(z(x)) and its derivative."""
    return (
        lambda x: x * logistic(z(x)),
        lambda x: logistic(z(x)) * (1 + x * dz(x) * logistic(-z(x))),
    )


def gelu_tanh() -> tuple[Function, Function]:
    def slope() -> mpf:
        return 2 * mp.sqrt(2 / mp.pi)

    cubic = mpf(0.044715)
    return gate(
        lambda x: slope() * (x + cubic * x**3),
        lambda x: slope() * (1 + 3 * cubic * x**2),
    )


def silu(beta: mpf) -> tuple[Function, Function]:
    return gate(lambda x: beta * x, lambda _: beta)


def mish() -> tuple[Function, Function]:
    return (
        lambda x: x * mp.tanh(softplus(x)),
        lambda x: mp.tanh(softplus(x)) + x * mp.sech(softplus(x)) ** 2 * logistic(x),
    )


def indicator(condition: bool) -> mpf:
    return mpf(1) if condition else mpf(0)


REFERENCES: dict[str, tuple[Function, Function]] = {
    "linear": (lambda x: x, lambda _: mpf(1)),
    "relu": (lambda x: max(x, mpf(0)), lambda x: indicator(x > 0)),
    "leaky_relu": (
        lambda x: x if x > 0 else mpf(0.01) * x,
        lambda x: mpf(1) if x > 0 else mpf(0.01),
    ),
    "relu6": (lambda x: min(max(x, mpf(0)), mpf(6)), lambda x: indicator(0 < x < 6)),
    "hard_tanh": (lambda x: min(max(x, mpf(-1)), mpf(1)), lambda x: indicator(-1 < x < 1)),
    "sigmoid": (logistic, lambda x: logistic(x) * logistic(-x)),
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "erf": (mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-(x**2))),
    "sine": (mp.sin, mp.cos),
    "elu": elu(mpf(1), mpf(1)),
    "selu": elu(SELU_ALPHA, SELU_SCALE),
    "softplus": (softplus, logistic),
    "gelu": (lambda x: x * gaussian_cdf(x), lambda x: gaussian_cdf(x) + x * mp.npdf(x)),
    "gelu_tanh": gelu_tanh(),
    "silu": silu(mpf(1)),
    "mish": mish(),
}


def evaluate(function: Function, points: np.ndarray) -> list[mpf]:
    """Return the exact values of ``function`` at float64 points, to 50 digits."""
    with mp.workdps(DIGITS):
        return [function(mpf(float(point))) for point in points]


def ulps(computed: np.ndarray, exact: list[mpf]) -> np.ndarray:
    """Return |computed - exact| in units of the spacing of float64 at the exact value.

    An exact value beyond the largest float64 must be computed as infinity.
    """
    with mp.workdps(DIGITS):
        errors = []
        for approximation, truth in zip(computed, exact, strict=True):
            nearest = float(truth)
            if np.isinf(nearest) or not np.isfinite(approximation):
                errors.append(0.0 if approximation == nearest else np.inf)
            else:
                spacing = float(np.spacing(abs(nearest)))
                errors.append(float(abs(mpf(float(approximation)) - truth) / mpf(spacing)))
        return np.array(errors)
