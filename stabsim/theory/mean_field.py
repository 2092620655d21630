r"""Networks of infinite width: how a layer maps lengths, correlations and gradients.

A layer has weights :math:`\mathcal N(0, \sigma_w^2/n)` for n inputs and biases
:math:`\mathcal N(0, \sigma_b^2)`; :math:`\sigma_w, \sigma_b` are standard deviations everywhere.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim import _validation as validation
from stabsim import activations
from stabsim.ensembles.ensemble import MOST_SCALE
from stabsim.theory import _activation_moments as moments

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from stabsim.activations import Activation

    Floats = NDArray[np.float64]

# The length at which limits at zero are taken.
_NEARLY_ZERO = 1e-30


def depth_scale(slope: ArrayLike) -> Floats:
    r"""Return the depth scale :math:`\xi = -1/\ln|s|` of a factor s per layer.

    :cite:p:`Schoenholz2017`

    Parameters
    ----------
    slope : array_like of float
        What a layer multiplies by.

    Returns
    -------
    float64 array of the same shape
        The layers in which a quantity shrinks by e: positive where it shrinks, negative where it
        grows, infinite where it stays.

    Examples
    --------
    >>> from stabsim.theory import depth_scale
    >>> depth_scale([0.9, 1.0, 1.1, 0.0]).round(3)
    array([  9.491,     inf, -10.492,   0.   ])
    """
    slopes = validation.reals("slope", slope)
    with np.errstate(divide="ignore"):
        logarithm = np.log(np.abs(slopes))
        # A rounding error of a factor 1 is no depth scale.
        level = np.abs(logarithm) < 1e-14
        return np.asarray(np.where(level, math.inf, -1.0 / logarithm) + 0.0)


def length_map(
    activation: str | Activation, q: ArrayLike, *, sigma_w: ArrayLike, sigma_b: ArrayLike = 0.0
) -> Floats:
    r"""Return the variance of the next layer's pre-activations, the length map.

    .. math:: V(q) = \sigma_w^2\, E\,\varphi(\sqrt q\,Z)^2 + \sigma_b^2

    with a standard normal Z :cite:p:`Poole2016`.

    Parameters
    ----------
    activation : str or Activation
        The activation.
    q : array_like of float
        Variances of a pre-activation, in [0, 1e100].
    sigma_w, sigma_b : array_like of float
        Standard deviations of weights (times the root of the number of inputs) and biases, in
        [0, 1e100].

    Returns
    -------
    float64 array
        The variances, of the shape that all arguments broadcast to.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of its range, or the expectation diverges.

    Examples
    --------
    >>> from stabsim import theory
    >>> theory.length_map("tanh", [0.1, 1.0, 10.0], sigma_w=1.5, sigma_b=0.1).round(6)
    array([0.199481, 0.897163, 1.713849])
    """
    function = activations.get(activation)
    lengths = non_negative("q", q)
    weight, bias = non_negative("sigma_w", sigma_w), non_negative("sigma_b", sigma_b)
    validation.common_shape(q=lengths, sigma_w=weight, sigma_b=bias)
    return np.asarray(weight**2 * moments.second_moment(function, lengths) + bias**2)


def susceptibility(
    activation: str | Activation,
    q: ArrayLike,
    *,
    sigma_w: ArrayLike,
    direction: str = "perpendicular",
) -> Floats:
    r"""Return by what a layer multiplies a small change of its input.

    .. math::
       \chi_1 = \chi_\perp(q) = \sigma_w^2\, E\,\varphi'(\sqrt q\,Z)^2, \qquad
       \chi_\parallel(q) = V'(q)
       = \frac{\sigma_w^2}{2 q} E\,\varphi(\sqrt q\,Z)^2 (Z^2 - 1)

    A change across the signal, and every gradient, grows in its square by :math:`\chi_1`, which
    is also the slope of the correlation map at 1; a change along it by the slope of the length map
    :cite:p:`Poole2016,Schoenholz2017,Roberts2022`.

    Parameters
    ----------
    activation : str or Activation
        The activation.
    q : array_like of float
        Variances of a pre-activation, in [0, 1e100]; at 0 the limit from above is returned.
    sigma_w : array_like of float
        Standard deviations of weights times the root of the number of inputs, in [0, 1e100].
    direction : {"perpendicular", "parallel"}, default "perpendicular"
        Across the signal or along it.

    Returns
    -------
    float64 array
        The factors, of the shape that all arguments broadcast to.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of its range, or the expectation diverges.

    Examples
    --------
    >>> from stabsim import theory
    >>> theory.susceptibility("relu", 1.0, sigma_w=2**0.5).round(12)
    np.float64(1.0)
    >>> theory.susceptibility("tanh", 0.5, sigma_w=1.3, direction="parallel").round(6)
    np.float64(0.548625)
    """
    function = activations.get(activation)
    validation.choice("direction", direction, ("perpendicular", "parallel"))
    lengths, weight = non_negative("q", q), non_negative("sigma_w", sigma_w)
    validation.common_shape(q=lengths, sigma_w=weight)
    if direction == "perpendicular":
        return np.asarray(weight**2 * moments.slope_moment(function, lengths))
    positive = np.where(lengths == 0.0, _NEARLY_ZERO, lengths)
    return np.asarray(weight**2 * moments.second_moment_derivative(function, positive))


def correlation_map(
    activation: str | Activation,
    correlation: ArrayLike,
    q: ArrayLike,
    *,
    sigma_w: ArrayLike,
    sigma_b: ArrayLike = 0.0,
    q_other: ArrayLike | None = None,
    derivative: bool = False,
) -> Floats:
    r"""Return the correlation of two inputs' pre-activations after one more layer.

    .. math::
       C(c) = \frac{\sigma_w^2\, E\,\varphi(U)\varphi(V) + \sigma_b^2}{\sqrt{V(q_1) V(q_2)}}, \qquad
       C'(c) = \frac{\sigma_w^2 \sqrt{q_1 q_2}\, E\,\varphi'(U)\varphi'(V)}{\sqrt{V(q_1) V(q_2)}}

    with U and V jointly Gaussian of variances :math:`q_1, q_2` and correlation c
    :cite:p:`Poole2016`. Linear, ReLU and leaky ReLU :cite:p:`ChoSaul2009`, erf
    :cite:p:`Williams1998` and sine have closed forms; others cost some milliseconds a value.

    Parameters
    ----------
    activation : str or Activation
        The activation.
    correlation : array_like of float
        Correlations c between -1 and 1.
    q : array_like of float
        The variance of the first input's pre-activations, and of the second's by default.
    sigma_w, sigma_b : array_like of float
        Standard deviations of weights (times the root of the number of inputs) and biases, in
        [0, 1e100].
    q_other : array_like of float, optional
        The variance of the second input's pre-activations.
    derivative : bool, default False
        Return :math:`C'(c)` instead.

    Returns
    -------
    float64 array
        The correlations, of the shape that all arguments broadcast to.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of its range, or the next layer is all zero.

    Examples
    --------
    >>> from stabsim import theory
    >>> theory.correlation_map("relu", [0.0, 0.5, 1.0], 1.0, sigma_w=2**0.5).round(6)
    array([0.31831 , 0.608998, 1.      ])
    >>> theory.correlation_map("tanh", 0.5, 1.0, sigma_w=1.5, sigma_b=0.2).round(6)
    np.float64(0.495307)
    """
    function = activations.get(activation)
    validation.flag("derivative", derivative)
    c = validation.reals("correlation", correlation)
    outside = ~(np.abs(c) <= 1.0)
    if outside.any():
        raise ValueError(f"correlation must lie between -1 and 1, got {c[outside].flat[0]:g}")
    q_1 = non_negative("q", q)
    q_2 = q_1 if q_other is None else non_negative("q_other", q_other)
    weight, bias = non_negative("sigma_w", sigma_w), non_negative("sigma_b", sigma_b)
    validation.common_shape(correlation=c, q=q_1, q_other=q_2, sigma_w=weight, sigma_b=bias)
    next_1 = weight**2 * moments.second_moment(function, q_1) + bias**2
    next_2 = weight**2 * moments.second_moment(function, q_2) + bias**2
    size = np.sqrt(next_1) * np.sqrt(next_2)
    if not (size > 0.0).all():
        raise ValueError("q must give a next layer that is not all zero, which has no correlation")
    moment = moments.slope_covariance if derivative else moments.covariance
    inputs = np.broadcast_arrays(q_1, q_2, c)
    values = [
        moment(function, *map(float, row)) for row in zip(*map(np.ravel, inputs), strict=True)
    ]
    covariances = weight**2 * np.reshape(values, inputs[0].shape)
    if derivative:
        return np.asarray(covariances * np.sqrt(q_1) * np.sqrt(q_2) / size)
    # Equal inputs stay equal, whatever rounding says.
    return np.asarray(np.clip((covariances + bias**2) / size, -1.0, 1.0))


def gain(
    activation: str | Activation,
    *,
    direction: str = "forward",
    centered: bool = False,
    q: float = 1.0,
) -> float:
    r"""Return the :math:`\sigma_w` with which a layer keeps lengths, or gradients.

    .. math::
       g_\text{forward} = \sqrt{\frac{q}{E\,\varphi(\sqrt q\,Z)^2}}, \qquad
       g_\text{backward} = \frac{1}{\sqrt{E\,\varphi'(\sqrt q\,Z)^2}}

    The centred forward gain takes the variance of :math:`\varphi(\sqrt q\,Z)` in place of the
    second moment: it keeps the spread within a layer, not the length. The forward gain of
    sigmoid is 1.85, of which discussions quote the centred one, 4.80.

    Parameters
    ----------
    activation : str or Activation
        The activation.
    direction : {"forward", "backward"}, default "forward"
        What is kept.
    centered : bool, default False
        Subtract the mean; forward only.
    q : float, default 1.0
        The variance of a pre-activation, positive and at most 1e100.

    Returns
    -------
    float
        The gain.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of its range, or the activation is flat.

    Examples
    --------
    >>> from stabsim import theory
    >>> round(theory.gain("tanh"), 6), round(theory.gain("tanh", direction="backward"), 6)
    (1.592537, 1.467414)
    >>> round(theory.gain("sigmoid", centered=True), 4)
    4.8013
    """
    function = activations.get(activation)
    validation.choice("direction", direction, ("forward", "backward"))
    centered = validation.flag("centered", centered)
    q = validation.real("q", q, above=0.0, most=MOST_SCALE)
    if direction == "backward":
        if centered:
            raise ValueError("centered must be False for the backward gain, got True")
        moment = float(moments.slope_moment(function, q))
        kept = 1.0
    else:
        moment = float(moments.second_moment(function, q))
        kept = q
        if centered:
            moment -= float(moments.mean(function, q)) ** 2
    if moment <= 0.0:
        raise ValueError(f"activation must not be flat, got {function!r}")
    return math.sqrt(kept / moment)


def non_negative(name: str, value: Any, most: float = MOST_SCALE) -> Floats:
    """Return an array of numbers from 0 to ``most``."""
    requirement = f"{name} must be made of real numbers in [0, {most:g}]"
    numbers = validation.array(requirement, value, kinds="biuf")
    bad = ~((numbers >= 0.0) & (numbers <= most))
    if bad.any():
        raise ValueError(f"{requirement}, got {numbers[bad].flat[0]:g}")
    return numbers
