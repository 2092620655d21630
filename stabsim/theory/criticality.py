r"""Where gradients neither grow nor shrink: the critical line and the critical initialization."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation
from stabsim import activations
from stabsim.theory import _activation_moments as moments
from stabsim.theory._search import MOST_SIGMA, roots, scan, settled_signs
from stabsim.theory.mean_field import non_negative
from stabsim.theory.stability import Kind, fixed_points, linear_response

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from stabsim.activations import Activation

    Floats = NDArray[np.float64]

# Slopes this close to 1 count as 1.
_LEVEL = 1e-9
# Slopes are compared within this many powers of e around the length 1.
_WIDEST = 16.0


@dataclass(frozen=True)
class CriticalLine:
    r"""Where gradients neither grow nor shrink: :math:`\chi_1 = 1` at a fixed point.

    Attributes
    ----------
    sigma_b, sigma_w : float or float64 array
        Standard deviations of biases, and of weights times the root of the number of inputs. NaN
        where there is no such point.
    q : float or float64 array
        The fixed point :math:`q^*`; infinite where lengths grow without bound, and 1 where every
        length is a fixed point.
    length_slope : float or float64 array
        :math:`V'(q^*)`.
    stable : bool or bool array
        Whether lengths move to the fixed point. Where they do not, no signal stays at it, and
        the point is not critical in any practical sense.
    exists : bool or bool array
        Whether there is such a point.
    """

    sigma_b: Floats
    sigma_w: Floats
    q: Floats
    length_slope: Floats
    stable: NDArray[np.bool_]
    exists: NDArray[np.bool_]


@dataclass(frozen=True)
class CriticalInitialization:
    r"""Where lengths and gradients both stay: :math:`V'(q^*) = \chi_1 = 1`.

    Attributes
    ----------
    weight_variance, bias_variance : float
        :math:`C_W = \sigma_w^2` and :math:`C_b = \sigma_b^2`.
    q : float
        The fixed point; 1 where every length is one.
    kind : {"stable", "unstable", "half-stable", "neutral"}
        The kind of fixed point, see `FixedPoint`.
    """

    weight_variance: float
    bias_variance: float
    q: float
    kind: Kind

    @property
    def sigma_w(self) -> float:
        """The standard deviation of a weight times the root of the number of inputs."""
        return math.sqrt(self.weight_variance)

    @property
    def sigma_b(self) -> float:
        """The standard deviation of a bias."""
        return math.sqrt(self.bias_variance)


def critical_line(activation: str | Activation, sigma_b: ArrayLike) -> CriticalLine:
    r"""Return for every bias the weights with which gradients neither grow nor shrink.

    On the line :math:`\chi_1 = 1` at a fixed point, so that

    .. math::
       \sigma_w^2 = \frac{1}{E\,\varphi'(\sqrt{q^*} Z)^2}, \qquad
       \sigma_b^2 = q^* - \frac{E\,\varphi(\sqrt{q^*} Z)^2}{E\,\varphi'(\sqrt{q^*} Z)^2},

    and the second equation is solved for :math:`q^*` :cite:p:`Poole2016,Schoenholz2017`.

    Parameters
    ----------
    activation : str or Activation
        The activation.
    sigma_b : array_like of float
        Standard deviations of biases, in [0, 1e10].

    Returns
    -------
    CriticalLine
        Arrays of the shape of ``sigma_b``, scalars for a scalar. Where there are several points the
        stable one of the smallest :math:`q^*`, else the unstable one of the smallest.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of its range, or a scalar ``sigma_b`` has no
        critical point.

    Notes
    -----
    For GELU and SiLU the fixed point can be an unstable one: lengths leave it, and what is sold as
    the edge of chaos is none. ``stable`` says so.

    Examples
    --------
    >>> from stabsim import theory
    >>> line = theory.critical_line("tanh", 0.05**0.5)
    >>> round(line.sigma_w**2, 6), round(line.q, 6), line.stable
    (np.float64(1.760955), np.float64(0.570048), np.True_)
    >>> theory.critical_line("gelu", 0.2).stable
    np.False_
    """
    function = activations.get(activation)
    biases = non_negative("sigma_b", sigma_b, MOST_SIGMA)
    points = [_critical_point(function, float(bias)) for bias in biases.ravel()]
    if biases.ndim == 0 and points[0] is None:
        got = validation.described(sigma_b)
        raise ValueError(f"sigma_b must have a critical point for {function!r}, got {got}")
    rows = np.array([point[:3] if point else (math.nan,) * 3 for point in points])
    weights, q, slopes = (column.reshape(biases.shape)[()] for column in rows.reshape(-1, 3).T)
    stable = np.array([point is not None and point[3] for point in points], dtype=np.bool_)
    exists = np.array([point is not None for point in points], dtype=np.bool_)
    return CriticalLine(
        biases.copy()[()],
        weights,
        q,
        slopes,
        stable.reshape(biases.shape)[()],
        exists.reshape(biases.shape)[()],
    )


def _critical_point(
    activation: Activation, sigma_b: float
) -> tuple[float, float, float, bool] | None:
    """Return sigma_w, q, the slope of the length map and whether it is stable."""
    bias = sigma_b**2
    if moments.slopes(activation) is not None:
        weight = 1.0 / float(moments.slope_moment(activation, 1.0))
        return (math.sqrt(weight), math.inf if bias else 1.0, 1.0, bias > 0.0)
    table = scan(activation)
    log_q = np.log(table.q)

    def at(x: Floats, _: NDArray[np.intp]) -> Floats:
        q = np.exp(x)
        ratio = moments.second_moment(activation, q) / moments.slope_moment(activation, q)
        return 1.0 - (ratio + bias) / q

    usable = table.slope_moment > 0.0
    log_q = log_q[usable]
    with np.errstate(over="ignore"):
        ratio = table.second_moment[usable] / table.slope_moment[usable]
        signs = settled_signs(np.maximum(1.0 - (ratio + bias) / table.q[usable], -1e300))
    changes = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    found = list(np.exp(roots(at, log_q[changes], log_q[changes + 1])))
    points = []
    if bias == 0.0 and activation(0.0) == 0.0:
        chi = float(moments.slope_moment(activation, 0.0))
        if chi > 0.0:
            weight = 1.0 / math.sqrt(chi)
            kind = fixed_points(activation, sigma_w=weight)[0].kind
            points.append((weight, 0.0, 1.0, kind == "stable"))
    for q in found:
        chi_of_q, slope_of_q = linear_response(activation, np.array([q]))
        slope = float(slope_of_q[0] / chi_of_q[0])
        points.append((1.0 / math.sqrt(chi_of_q[0]), float(q), slope, abs(slope) < 1.0))
    return next((point for point in points if point[3]), points[0] if points else None)


def critical_initialization(activation: str | Activation) -> CriticalInitialization:
    r"""Return where both lengths and gradients stay: :math:`V'(q^*) = \chi_1 = 1`.

    .. math::
       C_W = \frac{1}{E\,\varphi'(\sqrt{q^*} Z)^2}, \qquad
       C_b = q^* - C_W\, E\,\varphi(\sqrt{q^*} Z)^2, \qquad
       \frac{d}{dq} E\,\varphi(\sqrt q Z)^2 = E\,\varphi'(\sqrt q Z)^2
       \text{ at } q = q^*

    :cite:p:`Roberts2022`.

    Parameters
    ----------
    activation : str or Activation
        The activation.

    Returns
    -------
    CriticalInitialization
        The solution of the smallest positive :math:`q^*`, else that at :math:`q^* = 0`.

    Raises
    ------
    TypeError, ValueError
        If ``activation`` is no activation, or there is no such initialization, as for sigmoid and
        softplus.

    Examples
    --------
    >>> from stabsim import theory
    >>> gelu = theory.critical_initialization("gelu")
    >>> round(gelu.weight_variance, 8), round(gelu.bias_variance, 8), round(gelu.q, 8), gelu.kind
    (1.98305826, 0.17292239, 3.56155281, 'half-stable')
    >>> theory.critical_initialization("tanh")
    CriticalInitialization(weight_variance=1.0, bias_variance=0.0, q=0.0, kind='stable')
    """
    function = activations.get(activation)
    if moments.slopes(function) is not None:
        weight = 1.0 / float(moments.slope_moment(function, 1.0))
        return CriticalInitialization(weight, 0.0, 1.0, "neutral")

    def at(x: Floats, _: NDArray[np.intp]) -> Floats:
        q = np.exp(x)
        derivative = moments.second_moment_derivative(function, q)
        return derivative / moments.slope_moment(function, q) - 1.0

    log_q = np.log(scan(function).q)
    log_q = log_q[np.abs(log_q) < _WIDEST]
    excess = at(log_q, np.arange(log_q.size))
    signs = settled_signs(np.where(np.abs(excess) < _LEVEL, 0.0, excess))
    changes = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    for q in np.exp(roots(at, log_q[changes], log_q[changes + 1])):
        weight = 1.0 / float(moments.slope_moment(function, q))
        bias = float(q) - weight * float(moments.second_moment(function, q))
        if bias >= -_LEVEL * q:
            return CriticalInitialization(weight, max(bias, 0.0), float(q), "half-stable")
    at_zero = float(moments.slope_moment(function, 0.0))
    if function(0.0) != 0.0 or at_zero == 0.0:
        raise ValueError(f"activation must have a critical initialization, got {function!r}")
    first = fixed_points(function, sigma_w=1.0 / math.sqrt(at_zero))[0]
    return CriticalInitialization(1.0 / at_zero, 0.0, 0.0, first.kind)
