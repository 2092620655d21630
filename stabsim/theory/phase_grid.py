r"""The phases of wide networks over a grid of initializations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation
from stabsim import activations
from stabsim.ensembles.ensemble import LEAST_SCALE, MOST_SCALE
from stabsim.theory import _activation_moments as moments
from stabsim.theory._search import MOST_SIGMA, ROUNDING, roots, scan, settled_signs
from stabsim.theory.mean_field import depth_scale, non_negative
from stabsim.theory.stability import linear_response, log_growth

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from stabsim.activations import Activation

    Floats = NDArray[np.float64]

# Terms of a Hermite series.
_TERMS = 128
_MOST_NEWTON_STEPS = 100


@dataclass(frozen=True)
class Phases:
    r"""The phases of wide networks over a grid of :math:`\sigma_w` and :math:`\sigma_b`.

    All arrays have the shape that both broadcast to.

    Attributes
    ----------
    sigma_w, sigma_b : float64 array
        Standard deviations of weights (times the root of the number of inputs) and biases.
    q : float64 array
        The fixed point of the length map that lengths move to; 0 and infinity are possible.
    susceptibility : float64 array
        :math:`\chi_1`, by which a layer multiplies the expected squared gradient.
    length_slope : float64 array
        :math:`V'(q^*)`.
    correlation : float64 array
        The correlation :math:`c^*` that two inputs move to.
    correlation_slope : float64 array
        :math:`C'(c^*)`.
    """

    sigma_w: Floats
    sigma_b: Floats
    q: Floats
    susceptibility: Floats
    length_slope: Floats
    correlation: Floats
    correlation_slope: Floats

    @property
    def length_scale(self) -> Floats:
        r"""The depth scale :math:`\xi_q` of lengths."""
        return depth_scale(self.length_slope)

    @property
    def correlation_scale(self) -> Floats:
        r"""The depth scale :math:`\xi_c` of correlations."""
        return depth_scale(self.correlation_slope)

    @property
    def gradient_scale(self) -> Floats:
        r"""The depth scale :math:`\xi_\nabla` of squared gradients, negative where they grow."""
        return depth_scale(self.susceptibility)


def phases(
    activation: str | Activation,
    sigma_w: ArrayLike,
    sigma_b: ArrayLike = 0.0,
    *,
    start: float = 1.0,
) -> Phases:
    r"""Return fixed points, slopes and depth scales for many initializations at once.

    Parameters
    ----------
    activation : str or Activation
        The activation.
    sigma_w, sigma_b : array_like of float
        Standard deviations of weights (times the root of the number of inputs) and biases, in
        [0, 1e10]; a grid is ``sigma_w[:, None], sigma_b[None, :]``.
    start : float, default 1.0
        The length, in [1e-100, 1e100], from which the fixed point is sought: the next one above
        where the length map makes it longer, else the next one below.

    Returns
    -------
    Phases
        Arrays of the shape that ``sigma_w`` and ``sigma_b`` broadcast to.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of its range.

    Notes
    -----
    Correlations come from Hermite series with 128 terms :cite:p:`Poole2016`, good to about 1e-6,
    and 1e-3 next to the critical line where activations have kinks; `correlation_fixed_point` is
    exact. Where lengths tend to zero, slopes are limits; where they grow without bound, they are
    those at the length 1e30. A grid of 60 by 60 takes about two seconds.

    Examples
    --------
    >>> from stabsim import theory
    >>> phases = theory.phases("tanh", [1.3**0.5, 2.0**0.5], 0.05**0.5)
    >>> phases.q.round(6), phases.susceptibility.round(6)
    (array([0.315316, 0.721762]), array([0.880164, 1.047666]))
    >>> phases.correlation_scale.round(3)
    array([ 7.834, 25.213])
    """
    function = activations.get(activation)
    weights = non_negative("sigma_w", sigma_w, MOST_SIGMA)
    biases = non_negative("sigma_b", sigma_b, MOST_SIGMA)
    validation.common_shape(sigma_w=weights, sigma_b=biases)
    weights, biases = np.broadcast_arrays(weights, biases)
    start = validation.real("start", start, least=LEAST_SCALE, most=MOST_SCALE)
    weight, bias = weights.ravel() ** 2, biases.ravel() ** 2
    q = _lengths_from(function, weight, bias, math.log(start))
    chi, slope = linear_response(function, q)
    chi, slope = weight * chi, weight * slope
    correlation, correlation_slope = np.ones((2, q.size))
    # Where lengths vanish or grow without bound, the map of correlations is that of the limit.
    finite = (q > 0.0) & (q < math.inf)
    correlation_slope[finite] = chi[finite]
    far = float(scan(function).q[-1])
    limit = weight * moments.second_moment(function, far) / far
    endless = q == math.inf
    correlation_slope[endless] = chi[endless] / limit[endless]
    chaotic = finite & (chi > 1.0 + ROUNDING)
    if chaotic.any():
        correlation[chaotic], correlation_slope[chaotic] = _correlations(
            function, q[chaotic], weight[chaotic], bias[chaotic]
        )
    results = (q, chi, slope, correlation, correlation_slope)
    shaped = (result.reshape(weights.shape) for result in results)
    return Phases(weights.copy(), biases.copy(), *shaped)


def _lengths_from(activation: Activation, weight: Floats, bias: Floats, start: float) -> Floats:
    """Return the fixed point next to the start in the direction in which the map moves."""
    table = scan(activation)
    log_q = np.append(np.log(table.q), start)
    order = np.argsort(log_q, kind="stable")
    log_q = log_q[order]
    begin = int(np.flatnonzero(order == table.q.size)[0])
    second = np.append(table.second_moment, moments.second_moment(activation, math.exp(start)))
    with np.errstate(divide="ignore"):
        forward = weight[:, None] * second[order] + bias[:, None]
        signs = settled_signs(np.log(forward / np.exp(log_q)))
    up = signs[:, begin] > 0
    falls = np.where(up[:, None], signs[:, begin:] <= 0, False)
    rises = np.where(up[:, None], False, signs[:, : begin + 1] >= 0)[:, ::-1]
    q = np.where(up, math.inf, 0.0)
    above, below = falls.any(axis=1), rises.any(axis=1)
    low = np.zeros(q.size, dtype=np.intp)
    low[above] = begin + falls[above].argmax(axis=1) - 1
    low[below] = begin - rises[below].argmax(axis=1)
    neutral = signs[:, begin] == 0
    inside = (above | below) & ~neutral
    left, right = log_q[low], log_q[np.minimum(low + 1, log_q.size - 1)]
    # A length map that starts above zero has a fixed point below the grid.
    at_zero = weight * float(activation(0.0)) ** 2 + bias
    tiny = ~up & ~inside & ~neutral & (at_zero > 0.0)
    left[tiny], right[tiny] = np.log(at_zero[tiny]) - 1.0, log_q[0]
    wanted = np.flatnonzero(inside | tiny)
    found = roots(
        lambda x, index: log_growth(activation, x, weight[wanted[index]], bias[wanted[index]]),
        left[wanted],
        right[wanted],
    )
    q[wanted] = np.exp(found)
    q[neutral] = math.exp(start)
    return q


def _correlations(
    activation: Activation, q: Floats, weight: Floats, bias: Floats
) -> tuple[Floats, Floats]:
    """Return the correlation that inputs move to, below 1, and the slope of the map there."""
    squares = np.concatenate(
        [
            moments.hermite_squares(activation, part, _TERMS)
            for part in np.array_split(q, q.size // 64 + 1)
        ]
    )
    k = np.arange(_TERMS)
    rest = np.maximum(moments.second_moment(activation, q) - squares.sum(axis=1), 0.0)
    slope_rest = np.maximum(q * moments.slope_moment(activation, q) - squares @ k, 0.0)
    length = weight * (squares.sum(axis=1) + rest) + bias
    c = (weight * squares[:, 0] + bias) / length
    slope = np.zeros(q.size)
    for _ in range(_MOST_NEWTON_STEPS):
        powers = c[:, None] ** k
        value = (weight * ((squares * powers).sum(axis=1) + rest * c**_TERMS) + bias) / length
        slope = (squares[:, 1:] * k[1:] * powers[:, :-1]).sum(axis=1) + slope_rest * c**_TERMS
        slope = weight * slope / length
        step = (value - c) / np.maximum(1.0 - slope, ROUNDING)
        c = np.clip(c + step, 0.0, 1.0)
        if np.abs(step).max() < 1e-13:
            break
    return c, slope
