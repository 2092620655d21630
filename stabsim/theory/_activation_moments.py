"""Gaussian moments of activation functions: closed forms where they exist, else quadrature."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf

from stabsim._gaussian_expectation import expectation, pair_expectation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from stabsim.activations import Activation

    Floats = NDArray[np.float64]

_KINKS = {
    "elu": (0.0,),
    "hard_tanh": (-1.0, 1.0),
    "leaky_relu": (0.0,),
    "relu": (0.0,),
    "relu6": (0.0, 6.0),
    "selu": (0.0,),
    "softsign": (0.0,),
}


def kinks(activation: Activation) -> tuple[float, ...]:
    """Return where a built-in activation or one of its derivatives jumps."""
    return _KINKS.get(activation.name, ()) if activation.f is None else ()


def slopes(activation: Activation) -> tuple[float, float] | None:
    """Return the slopes right and left of zero of a positively homogeneous activation."""
    if activation.f is None:
        match activation.name:
            case "linear":
                return 1.0, 1.0
            case "relu":
                return 1.0, 0.0
            case "leaky_relu":
                return 1.0, activation.parameters["negative_slope"]
    return None


def _is(activation: Activation, name: str) -> bool:
    return activation.f is None and activation.name == name


def mean(activation: Activation, q: ArrayLike) -> Floats:
    r"""Return :math:`E \varphi(\sqrt q Z)`."""
    return expectation(activation, q, kinks=kinks(activation))


def second_moment(activation: Activation, q: ArrayLike) -> Floats:
    r"""Return :math:`E \varphi(\sqrt q Z)^2`."""
    q = np.asarray(q, dtype=np.float64)
    homogeneous = slopes(activation)
    if homogeneous is not None:
        return np.asarray(0.5 * (homogeneous[0] ** 2 + homogeneous[1] ** 2) * q)
    if _is(activation, "sine"):
        return np.asarray(-0.5 * np.expm1(-2.0 * q))
    return expectation(lambda x: activation(x) ** 2, q, kinks=kinks(activation))


def slope_moment(activation: Activation, q: ArrayLike, power: int = 2) -> Floats:
    r"""Return :math:`E \varphi'(\sqrt q Z)^p` for an even power p."""
    q = np.asarray(q, dtype=np.float64)
    homogeneous = slopes(activation)
    if homogeneous is not None:
        return np.full(q.shape, 0.5 * (homogeneous[0] ** power + homogeneous[1] ** power))
    if _is(activation, "sine") and power == 2:
        return np.asarray(0.5 * (1.0 + np.exp(-2.0 * q)))
    if _is(activation, "hard_tanh"):
        with np.errstate(divide="ignore"):
            return np.asarray(erf(1.0 / np.sqrt(2.0 * q)))
    # At the variance 0 the derivative at a kink depends on the side: the mean of both is the limit.
    if (q == 0.0).any():
        q = np.maximum(q, np.finfo(float).tiny)
    return expectation(lambda x: activation.derivative(x) ** power, q, kinks=kinks(activation))


def second_moment_derivative(activation: Activation, q: ArrayLike) -> Floats:
    r"""Return the derivative of :math:`E \varphi(\sqrt q Z)^2` with respect to q > 0.

    It is that of the density, so that :math:`\varphi` may jump, and the derivative that comes with
    it may be a surrogate.
    """
    q = np.asarray(q, dtype=np.float64)
    homogeneous = slopes(activation)
    if homogeneous is not None:
        return np.full(q.shape, 0.5 * (homogeneous[0] ** 2 + homogeneous[1] ** 2))
    if _is(activation, "sine"):
        return np.asarray(np.exp(-2.0 * q))
    at_zero = activation(0.0) ** 2
    weighted = expectation(
        lambda x: activation(x) ** 2 - at_zero, q, kinks=kinks(activation), hermite=2
    )
    return np.asarray(0.5 * weighted / q)


def covariance(activation: Activation, q_1: float, q_2: float, c: float) -> float:
    r"""Return :math:`E \varphi(U) \varphi(V)` for variances and a correlation of U and V."""
    homogeneous = slopes(activation)
    size = math.sqrt(q_1) * math.sqrt(q_2)
    if homogeneous is not None:
        half_sum, half_difference = _halves(homogeneous)
        absolute = 2.0 / math.pi * (math.sqrt((1.0 - c) * (1.0 + c)) + c * math.asin(c))
        return size * (half_sum**2 * c + half_difference**2 * absolute)
    if _is(activation, "erf"):
        ratio = 2.0 * size / (math.sqrt(1.0 + 2.0 * q_1) * math.sqrt(1.0 + 2.0 * q_2))
        return 2.0 / math.pi * math.asin(c * ratio)
    if _is(activation, "sine"):
        apart = 0.5 * (math.sqrt(q_1) - math.sqrt(q_2)) ** 2
        # The two exponents differ by 2 c size: their difference loses nothing for small sizes.
        larger = -apart - (1.0 - abs(c)) * size
        return math.copysign(0.5, c) * math.exp(larger) * -math.expm1(-2.0 * abs(c) * size)
    where = kinks(activation)
    return pair_expectation(
        activation, activation, q_1, q_2, c, kinks_f=where, kinks_g=where, tolerance=1e-12
    )


def slope_covariance(activation: Activation, q_1: float, q_2: float, c: float) -> float:
    r"""Return :math:`E \varphi'(U) \varphi'(V)` for variances and a correlation of U and V."""
    homogeneous = slopes(activation)
    size = math.sqrt(q_1) * math.sqrt(q_2)
    if homogeneous is not None:
        half_sum, half_difference = _halves(homogeneous)
        return half_sum**2 + half_difference**2 * 2.0 / math.pi * math.asin(c)
    if _is(activation, "erf"):
        # The determinant of 1 + 2 Q, without cancellation.
        determinant = 1.0 + 2.0 * (q_1 + q_2) + 4.0 * (1.0 - c) * (1.0 + c) * q_1 * q_2
        return 4.0 / math.pi / math.sqrt(determinant)
    if _is(activation, "sine"):
        apart = 0.5 * (math.sqrt(q_1) - math.sqrt(q_2)) ** 2
        return 0.5 * (math.exp(-apart - (1.0 - c) * size) + math.exp(-apart - (1.0 + c) * size))
    where = kinks(activation)
    return pair_expectation(
        activation.derivative,
        activation.derivative,
        q_1,
        q_2,
        c,
        kinks_f=where,
        kinks_g=where,
        tolerance=1e-12,
    )


def _halves(homogeneous: tuple[float, float]) -> tuple[float, float]:
    right, left = homogeneous
    return 0.5 * (right + left), 0.5 * (right - left)


# A logarithm of a moment is an analytic function of ln q, so that a Chebyshev series of this degree
# is exact to rounding in each interval of length 1. Beyond these moments are powers of q.
_DEGREE = 20
_MOST_LOG_Q = 100.0


class LogMoments:
    r"""The logarithms of :math:`E\varphi^2` and :math:`E\varphi'^2` at any ln q, fast in a loop.

    Chebyshev series in ln q are made when first needed; a further value costs some microseconds.
    """

    def __init__(self, activation: Activation) -> None:
        self.activation = activation
        self._series: dict[int, list[list[float]]] = {}

    def __call__(self, log_q: float) -> tuple[float, float]:
        """Return both logarithms at ln q, which may be minus infinity."""
        homogeneous = slopes(self.activation)
        if homogeneous is not None:
            log_mean_square = math.log(0.5 * (homogeneous[0] ** 2 + homogeneous[1] ** 2))
            return log_q + log_mean_square, log_mean_square
        if log_q == -math.inf:
            at_zero = abs(float(self.activation(0.0)))
            log_at_zero = 2.0 * math.log(at_zero) if at_zero > 0.0 else -math.inf
            return log_at_zero, self._inside(-_MOST_LOG_Q)[1]
        inside = min(max(log_q, -_MOST_LOG_Q), _MOST_LOG_Q)
        second, slope = self._inside(inside)
        if log_q != inside:
            steps = abs(log_q - inside)
            before = self._inside(inside - math.copysign(1.0, inside))
            second += steps * (second - before[0])
            slope += steps * (slope - before[1])
        return second, slope

    def _inside(self, log_q: float) -> tuple[float, float]:
        index = math.floor(log_q)
        if index not in self._series:
            self._series[index] = self._fit(index)
        second, slope = self._series[index]
        t = 2.0 * (log_q - index) - 1.0
        return _clenshaw(second, t), _clenshaw(slope, t)

    def _fit(self, index: int) -> list[list[float]]:
        nodes = np.cos(math.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
        q = np.exp(index + 0.5 * (nodes + 1.0))
        with np.errstate(divide="ignore"):
            values = np.log([second_moment(self.activation, q), slope_moment(self.activation, q)])
        if not np.isfinite(values).all():
            return [[float(row[0])] for row in values]
        matrix = np.linalg.inv(np.polynomial.chebyshev.chebvander(nodes, _DEGREE))
        fitted: list[list[float]] = (values @ matrix.T).tolist()
        return fitted


def _clenshaw(coefficients: list[float], t: float) -> float:
    b_1 = b_2 = 0.0
    for coefficient in coefficients[:0:-1]:
        b_1, b_2 = coefficient + 2.0 * t * b_1 - b_2, b_1
    return coefficients[0] + t * b_1 - b_2


@functools.lru_cache(maxsize=64)
def log_moments(activation: Activation) -> LogMoments:
    """Return the logarithms of moments of an activation, the same object for equal ones."""
    return LogMoments(activation)


def hermite_squares(activation: Activation, q: Floats, terms: int) -> Floats:
    r"""Return squared coefficients of :math:`\varphi(\sqrt q z)` in normalized Hermite functions.

    For every variance (q.size, terms) squares; summed with the powers of a correlation they give
    the covariance. The quadrature is fixed: panels of length 1/2, halved towards the kinks and
    zero, where :math:`\varphi` varies.
    """
    nodes, weights = _hermite_rule(q, kinks(activation))
    values = weights * activation(np.sqrt(q)[:, None] * nodes)
    previous, current = np.zeros_like(nodes), np.ones_like(nodes)
    squares = np.empty((q.size, terms))
    for k in range(terms):
        squares[:, k] = (values * current).sum(axis=1) ** 2
        following = (nodes * current - math.sqrt(k) * previous) / math.sqrt(k + 1.0)
        previous, current = current, following
    return squares


def _hermite_rule(q: Floats, where: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return nodes and weights for the normal density, one row for every variance."""
    halvings = math.ceil(max(math.log2(float(np.sqrt(q.max()))), 0.0)) + 1
    fine = 0.5 ** np.arange(1, halvings + 1)
    fixed = np.concatenate([np.arange(-16.0, 16.5, 0.5), fine, -fine])
    breaks = np.clip(np.asarray(where) / np.sqrt(q)[:, None], -16.0, 16.0)
    edges = np.sort(
        np.concatenate([np.broadcast_to(fixed, (q.size, fixed.size)), breaks], axis=1), axis=1
    )
    points, weights = np.polynomial.legendre.leggauss(8)
    half = 0.5 * np.diff(edges)[:, :, None]
    nodes = (edges[:, :-1, None] + half * (points + 1.0)).reshape(q.size, -1)
    density = np.exp(-0.5 * nodes**2) / math.sqrt(2.0 * math.pi)
    return nodes, density * (half * weights).reshape(q.size, -1)
