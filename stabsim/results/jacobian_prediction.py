"""What wide networks predict for the spectrum of a Jacobian."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stabsim._kernels import program as kernel_program

if TYPE_CHECKING:
    from stabsim.networks import Network
    from stabsim.theory import JacobianSpectrumLaw

# Activations whose slopes are 0 and 1, of which the density is known.
_SLOPES_0_AND_1 = ("linear", "relu", "relu6", "hard_tanh")
# Fractions of linear units that count as the same in every layer.
_SAME_FRACTION = 1e-3
# The logarithm of a variance beyond which activations are lines, or flat.
_MOST_LOG_VARIANCE = 600.0


@dataclass(frozen=True)
class JacobianPrediction:
    r"""The limit of infinite width for the spectrum of a Jacobian :cite:p:`Pennington2017`.

    Attributes
    ----------
    log_moments : tuple of float
        The logarithms of :math:`m_1` and :math:`m_2`, the means over all singular values of their
        squares and fourth powers.
    law : JacobianSpectrumLaw or None
        The limiting law, where it is known: all layers alike, with slopes 0 and 1.
    """

    log_moments: tuple[float, float]
    law: JacobianSpectrumLaw | None


def predicted_spectrum(
    network: Network, begin: int, end: int, log_input_norm: float
) -> JacobianPrediction | None:
    """Return the prediction for the layers after ``begin``, up to ``end``; None where unknown."""
    # Imported here, because SciPy takes longer to import than all of stabsim.
    from stabsim import theory

    widths, activations = network.widths, network.activations
    if (
        activations is None
        or not network.has_centered_weights
        or (widths[begin : end + 1] != widths[begin]).any()
    ):
        return None
    limit = theory.mean_field_attenuation(
        widths, activations, network.weight_std, network.bias_std, log_input_norm=log_input_norm
    )
    if not (limit.susceptibility[begin:end] > 0.0).all():
        return None
    program = network.program
    laws = program.codes[program.first[begin:end], kernel_program.WEIGHT_LAW]
    weights = np.where(laws == kernel_program.ORTHOGONAL, "orthogonal", "gaussian").tolist()
    sigma = (network.weight_std * np.sqrt(widths[:-1]))[begin:end].tolist()
    q = np.exp(np.minimum(limit.log_q[begin:end], _MOST_LOG_VARIANCE)).tolist()
    functions = ["linear" if f is None else f for f in activations[begin:end]]
    layers = list(zip(functions, q, sigma, weights, strict=True))

    # Means multiply and relative variances add up, from layer to layer.
    moments = {
        (f, q_l, s, w): theory.jacobian_moments(f, 1, q=q_l, sigma_w=s, weights=w)
        for f, q_l, s, w in set(layers)
    }
    log_mean, relative_variance = np.sum([moments[layer] for layer in layers], axis=0).tolist()
    log_moments = log_mean, 2.0 * log_mean + math.log1p(max(relative_variance, 0.0))

    function, names = functions[0], [getattr(f, "name", f) for f in functions]
    alike = len(set(functions)) == len(set(weights)) == 1 and np.ptp(sigma) <= 1e-12 * sigma[0]
    if not alike or names[0] not in _SLOPES_0_AND_1 or getattr(function, "f", None) is not None:
        return JacobianPrediction(log_moments, None)
    fractions = [theory.linear_fraction(function, q_l) for q_l in set(q)]
    least, most = min(fractions), max(fractions)
    if least == 0.0 or most > (1.0 + _SAME_FRACTION) * least:
        return JacobianPrediction(log_moments, None)
    fraction = sum(map(theory.linear_fraction, functions, q)) / len(q)
    law = theory.JacobianSpectrumLaw(end - begin, fraction, sigma[0], weights[0])
    return JacobianPrediction(log_moments, law)
