r"""How norms of signals and gradients change through a whole network.

Layer l has :math:`n_l` units and weights of standard deviation :math:`s_l`, and
:math:`x^l = \varphi(W_l x^{l-1} + b_l)`. The gradient :math:`\partial\ell/\partial x^L` at the
output has norm 1 and a uniformly random direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim import _validation as validation
from stabsim import activations as activation_functions
from stabsim.ensembles.ensemble import MOST_SCALE
from stabsim.theory._activation_moments import log_moments
from stabsim.theory.finite_width import chi_square_log_moments, log_sum_moments
from stabsim.theory.mean_field import non_negative

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from stabsim.activations import Activation

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HomogeneousAttenuation:
    r"""Exact means and spreads of log-norms at finite width.

    All arrays have the shape (L+1,), from the input 0 to the output L. Means and standard
    deviations are those given that no layer so far has died.

    Attributes
    ----------
    log_gradient_mean, log_gradient_std : float64 array
        Of :math:`\ln\lVert\partial\ell/\partial x^l\rVert`.
    gradient_dead : float64 array
        The chance that :math:`\partial\ell/\partial x^l` is zero: a dead layer anywhere blocks
        every gradient but that at the output.
    log_activation_mean, log_activation_std : float64 array
        Of :math:`\ln(\lVert x^l\rVert/\lVert x^0\rVert)`.
    activation_dead : float64 array
        The chance that :math:`x^l` is zero.
    """

    log_gradient_mean: Floats
    log_gradient_std: Floats
    gradient_dead: Floats
    log_activation_mean: Floats
    log_activation_std: Floats
    activation_dead: Floats


@dataclass(frozen=True)
class MeanFieldAttenuation:
    r"""What a network of infinite width predicts for the norms of signals and gradients.

    Attributes
    ----------
    log_q : (L,) float64 array
        The logarithms of the variances :math:`q^l` of pre-activations.
    susceptibility : (L,) float64 array
        :math:`\chi^l = n_{l-1} s_l^2\,E\varphi'(\sqrt{q^l} Z)^2`, by which layer l multiplies the
        squared gradient; infinite where that overflows.
    log_gradient_norm : (L+1,) float64 array
        :math:`\tfrac12 \ln E\lVert\partial\ell/\partial x^l\rVert^2`.
    log_activation_norm : (L+1,) float64 array
        :math:`\tfrac12 \ln E\lVert x^l\rVert^2`.
    """

    log_q: Floats
    susceptibility: Floats
    log_gradient_norm: Floats
    log_activation_norm: Floats


def homogeneous_attenuation(
    widths: ArrayLike, sigma_w: ArrayLike, negative_slope: ArrayLike = 0.0
) -> HomogeneousAttenuation:
    r"""Return exact log-norms for linear, ReLU and leaky ReLU networks without biases.

    With the sums :math:`Q_l` of a layer (see `LayerFactor`) and :math:`u^l = \varphi'(h^l) \odot
    \partial\ell/\partial x^l`, independently from layer to layer,

    .. math::
       \lVert x^l\rVert^2 = \lVert x^{l-1}\rVert^2 \frac{\sigma_w^2}{n_{l-1}} Q_l, \qquad
       \lVert u^{l-1}\rVert^2 = \lVert u^l\rVert^2 \frac{\sigma_w^2}{n_{l-1}} Q_{l-1}, \qquad
       \lVert \partial\ell/\partial x^{l-1} \rVert^2
       = \lVert u^l\rVert^2 \frac{\sigma_w^2}{n_{l-1}} \chi^2_{n_{l-1}},

    and :math:`\lVert u^L\rVert^2` has the law of :math:`Q_L` divided by an independent
    :math:`\chi^2` of which it is a part :cite:p:`Hanin2018,HaninNica2020`.

    Parameters
    ----------
    widths : (L+1,) array_like of int
        The numbers of units :math:`n_0, \dots, n_L`, the inputs first.
    sigma_w : float or (L,) array_like of float
        Standard deviations of weights times the root of the number of inputs, positive.
    negative_slope : float or (L,) array_like of float, default 0.0
        Slopes for negative arguments, for every layer: 0 is ReLU, 1 is linear.

    Returns
    -------
    HomogeneousAttenuation
        Arrays of the shape (L+1,).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or out of its range.

    Examples
    --------
    Fifty layers of 64 units with He's initialization, in decades:

    >>> import math
    >>> from stabsim import theory
    >>> exact = theory.homogeneous_attenuation([64] * 51, math.sqrt(2.0))
    >>> mean, std = exact.log_gradient_mean[0], exact.log_gradient_std[0]
    >>> print(f"{mean / math.log(10.0):.3f} ± {std / math.log(10.0):.3f}")
    -0.435 ± 0.442
    """
    sizes = layer_widths(widths)
    depth = sizes.size - 1
    sigma = per_layer("sigma_w", sigma_w, depth)
    if not (sigma > 0.0).all():
        raise ValueError(f"sigma_w must be positive, got {sigma.min():g}")
    slope = validation.reals("negative_slope", negative_slope)
    slope = per_layer("negative_slope", np.abs(slope), depth)
    layers = list(zip(sizes[1:].astype(int).tolist(), slope.tolist(), strict=True))
    known = {layer: log_sum_moments(*layer) for layer in set(layers)}
    sums = np.array([known[layer] for layer in layers])
    whole = np.stack(chi_square_log_moments(sizes), axis=1)
    scale = 2.0 * np.log(sigma) - np.log(sizes[:-1])

    factors = sums.copy()
    factors[:, 0] += scale
    activation = np.concatenate([np.zeros((1, 2)), np.cumsum(factors, axis=0)])

    # Layer l+1 passes |u|² on to layer l, which has the whole of it as its gradient.
    passed = np.zeros((depth + 1, 2))
    passed[depth - 1] = sums[-1] - whole[-1]
    passed[: depth - 1] = sums[:-1]
    passed[: depth - 1, 0] += scale[1:]
    gradient = np.cumsum(passed[::-1], axis=0)[::-1]
    gradient[:-1] += whole[:-1]
    gradient[:-1, 0] += scale

    # The logarithm of the chance that a layer is alive.
    alive = np.where(slope == 0.0, np.log1p(-np.exp2(-np.minimum(sizes[1:], 1e4))), 0.0)
    alive_so_far = np.concatenate([[0.0], np.cumsum(alive)])
    dead = -np.expm1(alive_so_far)
    gradient_dead = np.full(depth + 1, dead[-1])
    gradient_dead[-1] = 0.0
    return HomogeneousAttenuation(
        0.5 * gradient[:, 0],
        0.5 * np.sqrt(np.maximum(gradient[:, 1], 0.0)),
        gradient_dead,
        0.5 * activation[:, 0],
        0.5 * np.sqrt(activation[:, 1]),
        dead,
    )


def mean_field_attenuation(
    widths: ArrayLike,
    activations: Sequence[str | Activation | None],
    weight_std: ArrayLike,
    bias_std: ArrayLike = 0.0,
    *,
    log_input_norm: float | None = None,
) -> MeanFieldAttenuation:
    r"""Return the squared norms that networks of infinite width predict for any network.

    .. math::
       q^l = s_l^2 \lVert x^{l-1}\rVert^2 + b_l^2, \qquad
       \lVert x^l\rVert^2 = n_l\, E\,\varphi(\sqrt{q^l} Z)^2, \qquad
       \lVert \partial\ell/\partial x^{l-1}\rVert^2
       = n_{l-1} s_l^2\, E\,\varphi'(\sqrt{q^l} Z)^2\, \lVert \partial\ell/\partial x^l\rVert^2

    :cite:p:`Poole2016,Schoenholz2017`. The gradient is taken to be independent of the weights on
    the way forward, as it is in the limit of wide layers.

    Parameters
    ----------
    widths : (L+1,) array_like of int
        The numbers of units :math:`n_0, \dots, n_L`, the inputs first.
    activations : sequence of str, Activation or None
        One for each of the L layers; None is linear.
    weight_std, bias_std : float or (L,) array_like of float
        Standard deviations :math:`s_l` of one weight and :math:`b_l` of one bias.
    log_input_norm : float, optional
        :math:`\ln\lVert x^0\rVert`, minus infinity for a zero input; by default half the logarithm
        of the number of inputs, which standard normal inputs have.

    Returns
    -------
    MeanFieldAttenuation
        Arrays over the layers.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or out of its range.

    Examples
    --------
    >>> from stabsim import theory
    >>> prediction = theory.mean_field_attenuation([64] * 51, ["tanh"] * 50, 1 / 64**0.5)
    >>> print(f"{prediction.log_gradient_norm[0]:.3f}")
    -2.123
    """
    sizes = layer_widths(widths)
    depth = sizes.size - 1
    functions = [log_moments(function) for function in layer_activations(activations, depth)]
    weight = per_layer("weight_std", weight_std, depth)
    bias = per_layer("bias_std", bias_std, depth)
    log_norm = math.log(sizes[0]) if log_input_norm is None else _log_square(log_input_norm)
    with np.errstate(divide="ignore"):
        log_weights, log_biases = 2.0 * np.log(weight), 2.0 * np.log(bias)
    log_norms, log_lengths, log_slopes = np.empty(depth + 1), np.empty(depth), np.empty(depth)
    log_norms[0] = log_norm
    log_sizes = np.log(sizes)
    for layer, log_moments_of in enumerate(functions):
        log_q = float(np.logaddexp(log_weights[layer] + log_norm, log_biases[layer]))
        second, slope = log_moments_of(log_q)
        log_norm = second + log_sizes[layer + 1]
        log_lengths[layer], log_slopes[layer], log_norms[layer + 1] = log_q, slope, log_norm
    log_chi = log_sizes[:-1] + log_weights + log_slopes
    gradients = np.concatenate([np.cumsum(log_chi[::-1])[::-1], [0.0]])
    with np.errstate(over="ignore"):
        chi = np.exp(log_chi)
    return MeanFieldAttenuation(log_lengths, chi, 0.5 * gradients, 0.5 * log_norms)


def _log_square(log_input_norm: Any) -> float:
    """Return the logarithm of a squared norm, which may be minus infinity."""
    if isinstance(log_input_norm, Real) and log_input_norm == -math.inf:
        return -math.inf
    limit = MOST_SCALE
    return 2.0 * validation.real("log_input_norm", log_input_norm, least=-limit, most=limit)


def layer_activations(activations: Any, depth: int) -> list[Activation]:
    """Return the activations of all layers."""
    requirement = f"activations must be a sequence of {depth}, one for each layer"
    items = validation.items(requirement, activations)
    if len(items) != depth:
        raise ValueError(f"{requirement}, got {validation.described(activations)}")
    try:
        return [activation_functions.get("linear" if item is None else item) for item in items]
    except (TypeError, ValueError) as error:
        raise type(error)(f"{requirement}; {error}") from error


def layer_widths(widths: ArrayLike) -> Floats:
    """Return the numbers of units."""
    requirement = "widths must be positive integers, of the inputs and of every layer"
    sizes = validation.array(requirement, widths, kinds="iu", shape=(None,))
    if sizes.size < 2 or not ((sizes >= 1.0) & (sizes <= validation.MOST_COUNTED)).all():
        raise ValueError(f"{requirement}, got {validation.described(widths)}")
    return sizes


def per_layer(name: str, value: ArrayLike, depth: int) -> Floats:
    """Return non-negative numbers, one for each layer."""
    array = non_negative(name, value)
    if array.shape not in {(), (depth,)}:
        raise ValueError(
            f"{name} must be one number or one for each of {depth} layers, got the shape "
            f"{array.shape}"
        )
    return np.broadcast_to(array, (depth,))
