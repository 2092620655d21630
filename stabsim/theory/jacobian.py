r"""Singular values of the input-output Jacobian of a deep network in the limit of infinite width.

The Jacobian is :math:`J = D_L W_L \cdots D_1 W_1` with square weights of variance
:math:`\sigma_w^2/n`, or :math:`\sigma_w` times orthogonal, and diagonal matrices of the derivatives
:math:`\varphi'(h)` at the fixed point of the length map.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from stabsim import _validation as validation
from stabsim import activations
from stabsim.ensembles.ensemble import LEAST_SCALE, MOST_SCALE
from stabsim.theory import _activation_moments as moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from stabsim.activations import Activation

    Floats = NDArray[np.float64]

WEIGHTS = ("gaussian", "orthogonal")
# Bisections of an angle: as many as a float has bits.
_BISECTIONS = 60


def jacobian_moments(
    activation: str | Activation,
    depth: int,
    *,
    q: float,
    sigma_w: float,
    weights: str = "gaussian",
) -> tuple[float, float]:
    r"""Return the logarithm of the mean squared singular value, and the relative variance.

    .. math::
       m_1 = (\sigma_w^2 \mu_1)^L, \qquad
       \frac{m_2 - m_1^2}{m_1^2} = L \left( \frac{\mu_2}{\mu_1^2} - 1 - s_1 \right), \qquad
       \mu_k = E\,\varphi'(\sqrt q\,Z)^{2k},

    with :math:`s_1 = -1` for Gaussian and 0 for orthogonal weights :cite:p:`Pennington2017`.

    Parameters
    ----------
    activation : str or Activation
        The activation.
    depth : int
        The number L of layers.
    q : float
        The variance of a pre-activation.
    sigma_w : float
        The standard deviation of a weight times the root of the number of inputs; the factor of an
        orthogonal matrix.
    weights : {"gaussian", "orthogonal"}, default "gaussian"
        The law of the weights.

    Returns
    -------
    log_mean, relative_variance : float
        :math:`\ln m_1`, and the variance of the squared singular values divided by
        :math:`m_1^2`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of its range, or the slope is zero everywhere.

    Examples
    --------
    >>> from stabsim import theory
    >>> theory.jacobian_moments("relu", 10, q=1.0, sigma_w=2.0**0.5)[1]  # L / p
    20.0
    >>> theory.jacobian_moments("relu", 10, q=1.0, sigma_w=2.0**0.5, weights="orthogonal")[1]
    10.0
    """
    function = activations.get(activation)
    depth = validation.integer("depth", depth, least=1)
    q = validation.real("q", q, least=0.0, most=MOST_SCALE)
    sigma_w = validation.real("sigma_w", sigma_w, above=0.0, most=MOST_SCALE)
    weights = validation.choice("weights", weights, WEIGHTS)
    mean = float(moments.slope_moment(function, q))
    if mean == 0.0:
        raise ValueError(f"activation must have a slope somewhere, got {function!r}")
    ratio = float(moments.slope_moment(function, q, 4)) / mean**2
    log_mean = depth * (2.0 * math.log(sigma_w) + math.log(mean))
    return log_mean, depth * (ratio - (1.0 if weights == "orthogonal" else 0.0))


def linear_fraction(activation: str | Activation, q: float) -> float:
    r"""Return the fraction p of units with slope 1 of an activation whose slope is 0 or 1.

    It is 1 for linear, 1/2 for ReLU, :math:`\mathrm{erf}(1/\sqrt{2q})` for hard tanh, and
    :math:`\tfrac12\mathrm{erf}(6/\sqrt{2q})` for ReLU6 :cite:p:`Pennington2017`.

    Parameters
    ----------
    activation : str or Activation
        The activation.
    q : float
        The variance of a pre-activation.

    Returns
    -------
    float
        The fraction.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of its range, or the slope has other values.

    Examples
    --------
    >>> from stabsim import theory
    >>> round(theory.linear_fraction("hard_tanh", 1.0), 6)
    0.682689
    """
    function = activations.get(activation)
    q = validation.real("q", q, least=0.0, most=MOST_SCALE)
    mean = float(moments.slope_moment(function, q))
    if abs(float(moments.slope_moment(function, q, 4)) - mean) > 1e-10 or mean > 1.0 + 1e-10:
        raise ValueError(f"activation must have slopes 0 and 1 only, got {function!r}")
    return mean


@dataclass(frozen=True)
class JacobianSpectrumLaw:
    r"""The limiting density of the singular values of a Jacobian with slopes 0 and 1.

    With a fraction p of units of slope 1 in each of L layers, the transform
    :math:`m = E\,\lambda/(z - \lambda)` of the squared singular values solves

    .. math::
       z\,m = \sigma_w^{2L} (1+m) (m+p)^L \text{ (Gaussian)}, \qquad
       z\,m (1+m)^{L-1} = \sigma_w^{2L} (m+p)^L \text{ (orthogonal)}

    :cite:p:`Pennington2017`. On the curve in the plane of m where z is real the density is
    :math:`\mathrm{Im}\,m / (\pi z)`. For linear Gaussian layers it has the Fuss-Catalan moments.

    Parameters
    ----------
    depth : int
        The number L of layers.
    fraction : float
        The fraction p, in [1e-100, 1], see `linear_fraction`.
    sigma_w : float, default 1.0
        The standard deviation of a weight times the root of the number of inputs; the factor of an
        orthogonal matrix.
    weights : {"gaussian", "orthogonal"}, default "gaussian"
        The law of the weights.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Examples
    --------
    >>> from stabsim.theory import JacobianSpectrumLaw
    >>> linear = JacobianSpectrumLaw(2, 1.0)
    >>> round(linear.support[1], 12)  # 27/4 for the product of two Gaussian matrices
    6.75
    >>> linear.pdf([0.5, 1.0, 6.0]).round(6)
    array([0.31831 , 0.178979, 0.015046])
    >>> relu = JacobianSpectrumLaw(3, 0.5, sigma_w=2**0.5, weights="orthogonal")
    >>> relu.zero_fraction, relu.largest_fraction
    (0.5, 0.0)
    """

    depth: int
    fraction: float
    sigma_w: float = 1.0
    weights: str = "gaussian"

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "depth", validation.integer("depth", self.depth, least=1))
        put(
            self,
            "fraction",
            validation.real("fraction", self.fraction, least=LEAST_SCALE, most=1.0),
        )
        put(self, "sigma_w", validation.real("sigma_w", self.sigma_w, above=0.0))
        put(self, "weights", validation.choice("weights", self.weights, WEIGHTS))

    @property
    def zero_fraction(self) -> float:
        """The fraction of singular values that are zero, 1 - p."""
        return 1.0 - self.fraction

    @property
    def largest_fraction(self) -> float:
        r"""The fraction of singular values that equal :math:`\sigma_w^L`; orthogonal only."""
        if self.weights == "gaussian":
            return 0.0
        return max(0.0, 1.0 - self.depth * (1.0 - self.fraction))

    @property
    def support(self) -> tuple[float, float]:
        """The ends of the continuous part of the law of squared singular values.

        Equal where there is no such part; infinite where they overflow.
        """
        with np.errstate(over="ignore"):
            low, high = np.exp(self._log_support)
        return float(low), float(high)

    def log_moment(self, order: int) -> float:
        r"""Return :math:`\ln E \lambda^k` of the squared singular values, zeros included.

        Parameters
        ----------
        order : int
            The power k, positive. Known in closed form are 1 and 2, and all for linear layers.

        Returns
        -------
        float
            The logarithm of the moment.

        Raises
        ------
        TypeError, ValueError
            If the order is not one of these.
        """
        order = validation.integer("order", order, least=1)
        scale = 2.0 * order * self.depth * math.log(self.sigma_w)
        depth, p = self.depth, self.fraction
        if p == 1.0:
            if self.weights == "orthogonal":
                return scale
            n = (depth + 1) * order
            binomial = gammaln(n + 1.0) - gammaln(order + 1.0) - gammaln(n - order + 1.0)
            return scale + float(binomial) - math.log(depth * order + 1.0)
        if order > 2:
            raise ValueError(f"order must be 1 or 2 unless all units are linear, got {order}")
        spread = depth / p if self.weights == "gaussian" else depth * (1.0 - p) / p
        more = math.log1p(spread) if order == 2 else 0.0
        return scale + order * depth * math.log(p) + more

    def pdf(self, squared: ArrayLike) -> Floats:
        r"""Return the density of the continuous part at squared singular values.

        Parameters
        ----------
        squared : array_like of float
            Squared singular values.

        Returns
        -------
        float64 array of the same shape
            The density, zero outside of the support. It integrates to one minus `zero_fraction`
            minus `largest_fraction`.
        """
        points = validation.reals("squared", squared)
        positive = np.where(points > 0.0, points, 1.0)
        density = 0.5 * self.log_pdf(0.5 * np.log(positive)) / positive
        return np.asarray(np.where(points > 0.0, density, 0.0))

    def log_pdf(self, log_singular_value: ArrayLike) -> Floats:
        r"""Return the density of the logarithms of positive singular values.

        Parameters
        ----------
        log_singular_value : array_like of float
            Natural logarithms of singular values.

        Returns
        -------
        float64 array of the same shape
            The density of the continuous part, zero outside of its support.
        """
        logarithms = validation.reals("log_singular_value", log_singular_value)
        with np.errstate(over="ignore"):
            log_squared = 2.0 * (logarithms - self.depth * math.log(self.sigma_w))
        density = np.zeros(log_squared.shape)
        low, high = (edge - 2.0 * self.depth * math.log(self.sigma_w) for edge in self._log_support)
        inside = (log_squared > low) & (log_squared < high)
        if inside.any():
            angle = _solved(lambda t: self._curve(t)[0], log_squared[inside], self._last_angle)
            density[inside] = 2.0 / math.pi * self._curve(angle)[1]
        return density

    @property
    def _log_support(self) -> tuple[float, float]:
        depth, p = self.depth, self.fraction
        scale = 2.0 * depth * math.log(self.sigma_w)
        if self.weights == "orthogonal":
            if p == 1.0 or depth == 1:
                return scale, scale
            # The edge is a double root m, below -1 if some singular values stay at the maximum.
            inverse = (depth * (1.0 - p) - 1.0) / p
            height = depth * math.log1p(p * inverse) - (depth - 1) * math.log1p(inverse)
            return -math.inf, scale + height
        # An edge is a double root: L m (1 + m) = m + p.
        b = depth - 1.0
        m = 2.0 * p / (b + math.sqrt(b * b + 4.0 * depth * p))
        high = math.log1p(m) + depth * math.log(m + p) - math.log(m)
        low = 2.0 * math.log1p(-math.sqrt(p)) if depth == 1 and p < 1.0 else -math.inf
        return scale + low, scale + high

    @property
    def _last_angle(self) -> float:
        if self.weights == "gaussian" and self.fraction == 1.0:
            return math.pi / (self.depth + 1)
        return math.pi / self.depth

    def _curve(self, angle: Floats) -> tuple[Floats, Floats]:
        """Return ln z and Im m at a parameter that falls from the lower edge to the upper one.

        Seen from m, the segments [-1, -p] and [-p, 0] have the angles inner and outer.
        """
        depth, p = self.depth, self.fraction
        if self.weights == "orthogonal":
            inner, outer = angle, (depth - 1) * angle
            direction = _direction(inner, outer, p)
        else:
            direction = angle
            if p == 1.0:
                inner, outer = np.zeros_like(angle), depth * angle
            else:
                inner = _inner_angle(direction, depth, p)
                outer = depth * direction - inner
        log_outer = math.log(p) - _log_sine(outer)
        log_radius = _log_sine(direction + outer) + log_outer
        log_sine = _log_sine(direction)
        log_one_plus_m = log_radius
        if p < 1.0:
            log_one_plus_m = math.log1p(-p) + log_sine - _log_sine(inner)
        log_m = log_sine + log_outer
        power = 1.0 if self.weights == "gaussian" else 1.0 - depth
        log_z = depth * log_radius + power * log_one_plus_m - log_m
        return log_z, np.exp(log_radius + log_sine)


def _log_sine(angle: Floats) -> Floats:
    """Return ln sin of an angle from 0 to pi, whose sine rounding may make negative."""
    return np.asarray(np.log(np.maximum(np.sin(angle), np.finfo(float).tiny)))


def _direction(inner: Floats, outer: Floats, p: float) -> Floats:
    """Return the angle of m + p from the angles under which m sees the two segments."""
    cotangent = (1.0 - p) / np.tan(inner) - p / np.tan(outer)
    return np.asarray(np.arctan2(1.0, cotangent))


def _inner_angle(direction: Floats, depth: int, p: float) -> Floats:
    """Return the angle of [-1, -p] seen from m, where both angles sum to L times the direction."""
    total = depth * direction
    low, high = np.zeros_like(total), np.minimum(total, direction)
    for _ in range(_BISECTIONS):
        inner = 0.5 * (low + high)
        small = _direction(inner, np.minimum(total - inner, math.pi), p) < direction
        low, high = np.where(small, inner, low), np.where(small, high, inner)
    return np.asarray(0.5 * (low + high))


def _solved(function: Callable[[Floats], Floats], target: Floats, last: float) -> Floats:
    """Solve function(angle) = target for a falling function on (0, last)."""
    low, high = np.zeros_like(target), np.full_like(target, last)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        above = function(middle) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(0.5 * (low + high))
