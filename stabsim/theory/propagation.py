"""How the lengths and the correlation of two inputs change through a whole network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation
from stabsim.theory._activation_moments import log_moments
from stabsim.theory.attenuation import (
    layer_activations,
    layer_widths,
    mean_field_attenuation,
    per_layer,
)
from stabsim.theory.mean_field import correlation_map

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from stabsim.activations import Activation

    Floats = NDArray[np.float64]

# Below this distance 1 - c the correlation map is a line, and quadrature resolves no more.
_CLOSE = 1e-6
# Logarithms of lengths beyond which a map is that in the limit.
_MOST_LOG_LENGTH = 200.0


@dataclass(frozen=True)
class MeanFieldPropagation:
    r"""What a network of infinite width predicts for two inputs of the same length.

    Arrays are over the layers 1 to L.

    Attributes
    ----------
    log_q : (L,) float64 array
        The logarithms of the variances :math:`q^l` of pre-activations, to which their mean squares
        :math:`|h^l|^2/n_l` tend.
    correlation : (L,) float64 array
        The correlation :math:`c^l` of the pre-activations of the two inputs; minus infinity where
        they are zero and have none.
    log_distance : (L,) float64 array
        :math:`\ln(1 - c^l)`, also where :math:`1 - c^l` is far below the rounding of
        :math:`c^l`.
    """

    log_q: Floats
    correlation: Floats
    log_distance: Floats


def mean_field_propagation(
    widths: ArrayLike,
    activations: Sequence[str | Activation | None],
    weight_std: ArrayLike,
    bias_std: ArrayLike = 0.0,
    *,
    correlation: float,
    log_input_norm: float | None = None,
) -> MeanFieldPropagation:
    r"""Return the lengths and correlations that networks of infinite width predict.

    .. math::
       q^{l+1} = \sigma_w^2\, E\,\varphi(U)^2 + \sigma_b^2, \qquad
       q^{l+1} c^{l+1} = \sigma_w^2\, E\,\varphi(U) \varphi(V) + \sigma_b^2,

    with U and V jointly Gaussian of variance :math:`q^l` and correlation :math:`c^l`
    :cite:p:`Poole2016`. Below :math:`1 - c = 10^{-6}` the distance is multiplied by the slope of
    the map at 1, :math:`\chi_1 q^l/q^{l+1}` :cite:p:`Schoenholz2017`; the power laws of kinked
    activations are not followed further.

    Parameters
    ----------
    widths : (L+1,) array_like of int
        The numbers of units :math:`n_0, \dots, n_L`, the inputs first.
    activations : sequence of str, Activation or None
        One for each of the L layers; None is linear.
    weight_std, bias_std : float or (L,) array_like of float
        Standard deviations of one weight and of one bias.
    correlation : float
        The cosine of the two inputs, from -1 to 1.
    log_input_norm : float, optional
        The logarithm of the norm of both inputs, minus infinity for zero inputs; by default half
        the logarithm of their number of entries.

    Returns
    -------
    MeanFieldPropagation
        Arrays over the layers.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or out of its range.

    Notes
    -----
    Without a closed form a layer costs some milliseconds, until the inputs have merged.

    Examples
    --------
    >>> from stabsim import theory
    >>> prediction = theory.mean_field_propagation(
    ...     [100] * 4, ["relu"] * 3, (2 / 100) ** 0.5, correlation=0.0
    ... )
    >>> prediction.correlation.round(4)
    array([0.    , 0.3183, 0.4937])
    """
    c = validation.real("correlation", correlation, least=-1.0, most=1.0)
    sizes = layer_widths(widths)
    depth = sizes.size - 1
    functions = layer_activations(activations, depth)
    limit = mean_field_attenuation(
        widths, functions, weight_std, bias_std, log_input_norm=log_input_norm
    )
    log_q = limit.log_q
    sigma_w = per_layer("weight_std", weight_std, depth) * np.sqrt(sizes[:-1])
    sigma_b = per_layer("bias_std", bias_std, depth)
    with np.errstate(divide="ignore"):
        log_weights = 2.0 * np.log(sigma_w)
    log_distances = np.full(depth, -math.inf)
    # Zero inputs have no angle, and become equal behind a bias.
    log_mean_square = 2.0 * limit.log_activation_norm[0] - math.log(sizes[0])
    log_distance = -math.inf
    if log_q[0] > -math.inf and c < 1.0:
        log_distance = math.log1p(-c) + log_weights[0] + log_mean_square - log_q[0]
    log_distances[0] = log_distance
    known: dict[tuple[Activation, float, float, float, float], float] = {}
    for layer in range(depth - 1):
        function = functions[layer]
        if log_q[layer + 1] == -math.inf or log_distance == -math.inf:
            log_distance = -math.inf
        elif log_distance > math.log(_CLOSE):
            length = math.exp(min(max(log_q[layer], -_MOST_LOG_LENGTH), _MOST_LOG_LENGTH))
            weight, bias = float(sigma_w[layer + 1]), float(sigma_b[layer + 1])
            cosine = max(1.0 - math.exp(log_distance), -1.0)
            step = (function, cosine, length, weight, bias)
            if step not in known:
                known[step] = float(correlation_map(*step[:3], sigma_w=step[3], sigma_b=step[4]))
            distance = 1.0 - known[step]
            log_distance = math.log(distance) if distance > 0.0 else -math.inf
        else:
            slope = log_moments(function)(float(log_q[layer]))[1]
            log_distance += float(log_weights[layer + 1] + slope + log_q[layer] - log_q[layer + 1])
        log_distances[layer + 1] = log_distance
    correlations = np.where(log_q > -math.inf, 1.0 - np.exp(log_distances), -math.inf)
    return MeanFieldPropagation(log_q, correlations, log_distances)
