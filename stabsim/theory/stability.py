r"""Fixed points of the maps of lengths and of correlations, and whether they are stable."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from stabsim import _validation as validation
from stabsim import activations
from stabsim.ensembles.ensemble import MOST_SCALE
from stabsim.theory import _activation_moments as moments
from stabsim.theory._search import MOST_SIGMA, ROUNDING, roots, scan, settled_signs
from stabsim.theory.mean_field import correlation_map, depth_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stabsim.activations import Activation

    Floats = NDArray[np.float64]

Kind = Literal["stable", "unstable", "half-stable", "neutral"]

# An extremum of ln V(q)/q this close to zero is one that touches it, and slopes this close to zero
# have no sign.
_TOUCHING = 1e-9
# Below this length the derivative of a density resolves no slope.
_SMALL_Q = 1e-8
_MOST_NEWTON_STEPS = 100


@dataclass(frozen=True)
class FixedPoint:
    r"""A fixed point of the length map, :math:`V(q^*) = q^*`.

    Attributes
    ----------
    q : float
        The variance of a pre-activation, which may be 0 or infinity.
    susceptibility : float
        :math:`\chi_1`, by which a layer multiplies the expected squared gradient.
    length_slope : float
        :math:`V'(q^*)`, by which a layer multiplies a small deviation from the fixed point.
    kind : {"stable", "unstable", "half-stable", "neutral"}
        Whether lengths nearby move to the fixed point: from both sides, from none, from one; or
        not at all, because every length is a fixed point.
    """

    q: float
    susceptibility: float
    length_slope: float
    kind: Kind

    @property
    def stable(self) -> bool:
        """Whether lengths on both sides move to the fixed point."""
        return self.kind == "stable"

    @property
    def length_scale(self) -> float:
        r"""The layers :math:`\xi_q = -1/\ln|V'(q^*)|` in which a deviation shrinks by e."""
        return float(depth_scale(self.length_slope))

    @property
    def gradient_scale(self) -> float:
        r"""The layers :math:`\xi_\nabla = -1/\ln\chi_1` in which a squared gradient shrinks by e.

        Negative where gradients grow, infinite where they do neither.
        """
        return float(depth_scale(self.susceptibility))


@dataclass(frozen=True)
class CorrelationFixedPoint:
    r"""The fixed point of the correlation map that all inputs move to.

    Attributes
    ----------
    correlation : float
        :math:`c^*`, the correlation of the signals of any two inputs deep in the network.
    slope : float
        :math:`C'(c^*)`, by which a layer multiplies a small deviation.
    slope_at_one : float
        :math:`C'(1)`, which is :math:`\chi_1` at a fixed point of the length map: above 1 nearby
        inputs part, which is chaos.
    """

    correlation: float
    slope: float
    slope_at_one: float

    @property
    def ordered(self) -> bool:
        """Whether all inputs end up alike, so that :math:`c^* = 1`."""
        return self.correlation == 1.0

    @property
    def correlation_scale(self) -> float:
        r"""The layers :math:`\xi_c = -1/\ln C'(c^*)` in which a deviation shrinks by e."""
        return float(depth_scale(self.slope))


def fixed_points(
    activation: str | Activation, *, sigma_w: float, sigma_b: float = 0.0
) -> tuple[FixedPoint, ...]:
    r"""Return all fixed points of the length map, :math:`V(q^*) = q^*`, in ascending order.

    Among them is 0, where it is one, and infinity, where long signals grow without bound
    :cite:p:`Poole2016,Schoenholz2017`.

    Parameters
    ----------
    activation : str or Activation
        The activation.
    sigma_w, sigma_b : float
        Standard deviations of weights (times the root of the number of inputs) and biases, in
        [0, 1e10].

    Returns
    -------
    tuple of FixedPoint
        At least one. Where every length is a fixed point, as for ReLU at
        :math:`\sigma_w^2 = 2`, :math:`\sigma_b = 0`, a single one with q = 1 of the kind
        "neutral".

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of its range.

    Notes
    -----
    Fixed points are sought by signs on a grid of lengths from 1e-30 to 1e30, as far as the
    expectations converge, with four points to a factor of e. Two fixed points between the same two
    of them are overlooked; a single one at which V touches q is found.

    Examples
    --------
    >>> from stabsim import theory
    >>> (point,) = theory.fixed_points("tanh", sigma_w=2.0**0.5, sigma_b=0.05**0.5)
    >>> round(point.q, 6), round(point.susceptibility, 6), point.kind
    (0.721762, 1.047666, 'stable')
    >>> [(point.q, point.kind) for point in theory.fixed_points("relu", sigma_w=1.5)]
    [(0.0, 'unstable'), (inf, 'stable')]
    """
    function = activations.get(activation)
    weight = validation.real("sigma_w", sigma_w, least=0.0, most=MOST_SIGMA) ** 2
    bias = validation.real("sigma_b", sigma_b, least=0.0, most=MOST_SIGMA) ** 2
    if moments.slopes(function) is not None:
        return _homogeneous_fixed_points(function, weight, bias)
    table = scan(function)
    log_q = np.log(table.q)
    with np.errstate(divide="ignore"):
        excess = np.log((weight * table.second_moment + bias) / table.q)
    signs = settled_signs(excess)

    def at(x: Floats, _: NDArray[np.intp]) -> Floats:
        return log_growth(function, x, np.asarray(weight), np.asarray(bias))

    points = []
    at_zero = weight * float(function(0.0)) ** 2 + bias
    if at_zero == 0.0:
        points.append(_point(function, 0.0, weight, "stable" if signs[0] < 0 else "unstable"))
    elif signs[0] < 0:
        low = np.array([math.log(at_zero) - 1.0])
        q = math.exp(float(roots(at, low, log_q[:1])[0]))
        points.append(_point(function, q, weight, "stable"))
    if not signs.any():
        return (_point(function, 1.0, weight, "neutral"),)
    changes = np.flatnonzero(signs[:-1] != signs[1:])
    crossings = np.exp(roots(at, log_q[changes], log_q[changes + 1]))
    for q, falling in zip(crossings, signs[changes] > 0, strict=True):
        points.append(_point(function, float(q), weight, "stable" if falling else "unstable"))
    touching = _touching_points(function, weight, bias)
    points += [_point(function, q, weight, "half-stable") for q in touching]
    if signs[-1] > 0:
        points.append(_point(function, math.inf, weight, "stable"))
    return tuple(sorted(points, key=lambda point: point.q))


def _homogeneous_fixed_points(
    activation: Activation, weight: float, bias: float
) -> tuple[FixedPoint, ...]:
    factor = weight * float(moments.second_moment(activation, 1.0))
    if abs(factor - 1.0) <= 4.0 * np.finfo(float).eps:
        if bias == 0.0:
            return (FixedPoint(1.0, 1.0, 1.0, "neutral"),)
        return (FixedPoint(math.inf, 1.0, 1.0, "stable"),)
    if factor < 1.0:
        return (FixedPoint(bias / (1.0 - factor), factor, factor, "stable"),)
    infinite = FixedPoint(math.inf, factor, factor, "stable")
    if bias == 0.0:
        return FixedPoint(0.0, factor, factor, "unstable"), infinite
    return (infinite,)


def _point(activation: Activation, q: float, weight: float, kind: Kind) -> FixedPoint:
    chi, slope = linear_response(activation, np.array([q]))
    return FixedPoint(q, weight * float(chi[0]), weight * float(slope[0]), kind)


def linear_response(activation: Activation, q: Floats) -> tuple[Floats, Floats]:
    r"""Return :math:`E \varphi'^2` and the derivative of :math:`E \varphi^2`, limits included."""
    far = float(scan(activation).q[-1])
    chi = moments.slope_moment(activation, np.minimum(q, far))
    inner = np.clip(q, _SMALL_Q, far)
    slope = moments.second_moment_derivative(activation, inner)
    # With a zero at zero both limits are the mean of the squared one-sided slopes there.
    return chi, np.where(q < _SMALL_Q, chi, slope) if activation(0.0) == 0.0 else slope


def _touching_points(activation: Activation, weight: float, bias: float) -> list[float]:
    """Return where V(q)/q has an extremum that is 1."""
    table = scan(activation)
    log_q = np.log(table.q)

    def turn(x: Floats, _: NDArray[np.intp]) -> Floats:
        q = np.exp(x)
        forward = weight * moments.second_moment(activation, q) + bias
        return q * weight * moments.second_moment_derivative(activation, q) / forward - 1.0

    forward = weight * table.second_moment + bias
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = table.q * weight * table.derivative / forward - 1.0
    signs = settled_signs(np.where(np.abs(turns) < _TOUCHING, 0.0, turns))
    changes = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    extrema = roots(turn, log_q[changes], log_q[changes + 1])
    size = np.abs(log_growth(activation, extrema, np.asarray(weight), np.asarray(bias)))
    return [math.exp(x) for x in extrema[size < _TOUCHING]]


def correlation_fixed_point(
    activation: str | Activation,
    *,
    sigma_w: float,
    sigma_b: float = 0.0,
    q: float | None = None,
) -> CorrelationFixedPoint:
    r"""Return the correlation that a deep network gives to any two inputs.

    The correlation map C is convex on [0, 1] with :math:`C(1) = 1`. So it has the stable fixed
    point 1 if :math:`C'(1) \le 1` (order), and one below otherwise (chaos)
    :cite:p:`Poole2016,Schoenholz2017`.

    Parameters
    ----------
    activation : str or Activation
        The activation.
    sigma_w, sigma_b : float
        Standard deviations of weights (times the root of the number of inputs) and biases, in
        [0, 1e10].
    q : float, optional
        The variance of a pre-activation for both inputs, finite and positive. By default the one
        stable fixed point of the length map.

    Returns
    -------
    CorrelationFixedPoint
        The correlation and the slopes of the map.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of its range, or no q is given and there is
        no stable fixed point that is finite and positive, or more than one.

    Examples
    --------
    >>> from stabsim import theory
    >>> chaos = theory.correlation_fixed_point("tanh", sigma_w=2.0**0.5, sigma_b=0.05**0.5)
    >>> round(chaos.correlation, 6), round(chaos.correlation_scale, 3), chaos.ordered
    (0.744082, 25.213, False)
    """
    function = activations.get(activation)
    weight = validation.real("sigma_w", sigma_w, least=0.0, most=MOST_SIGMA)
    bias = validation.real("sigma_b", sigma_b, least=0.0, most=MOST_SIGMA)
    if q is None:
        found = fixed_points(function, sigma_w=weight, sigma_b=bias)
        usable = [p.q for p in found if p.stable and 0.0 < p.q < math.inf]
        if len(usable) != 1:
            described = ", ".join(f"{p.q:g} ({p.kind})" for p in found)
            raise ValueError(
                "q must be given where the length map has not one positive stable fixed point, "
                f"got {described}"
            )
        q = usable[0]
    q = validation.real("q", q, above=0.0, most=MOST_SCALE)

    def mapped(c: float, *, derivative: bool = False) -> float:
        return float(
            correlation_map(function, c, q, sigma_w=weight, sigma_b=bias, derivative=derivative)
        )

    slope_at_one = mapped(1.0, derivative=True)
    if slope_at_one <= 1.0 + ROUNDING:
        return CorrelationFixedPoint(1.0, slope_at_one, slope_at_one)

    def above(c: Floats, _: NDArray[np.intp]) -> Floats:
        return np.array([mapped(float(value)) - float(value) for value in c])

    start = mapped(0.0)
    if start <= ROUNDING:
        return CorrelationFixedPoint(0.0, mapped(0.0, derivative=True), slope_at_one)
    # Newton's method from the left: for a convex map it neither overshoots nor slows down.
    c = start
    for _ in range(_MOST_NEWTON_STEPS):
        step = (mapped(c) - c) / (1.0 - mapped(c, derivative=True))
        if not 0.0 < step < 1.0 - c:
            break
        c += step
        if step < 1e-13:
            break
    return CorrelationFixedPoint(c, mapped(c, derivative=True), slope_at_one)


def log_growth(activation: Activation, log_q: Floats, weight: Floats, bias: Floats) -> Floats:
    """Return ln V(q)/q, the sign of which says where lengths go."""
    q = np.exp(log_q)
    with np.errstate(divide="ignore"):
        grown = np.log((weight * moments.second_moment(activation, q) + bias) / q)
    return np.maximum(grown, -1e300)
