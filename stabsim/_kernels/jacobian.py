r"""Singular values of the Jacobian of a range of layers, with every weight drawn.

The Jacobian is the product of the factors :math:`D_l W_l`, with the slopes of the activations in
:math:`D_l`. With QR decompositions :math:`D_l W_l Q_{l-1} = Q_l R_l` it is
:math:`Q_L R_L \cdots R_1`, and has the singular values of the triangular product.

The Q are products of reflections and never formed. Where the law of the weights is invariant under
rotations of the inputs, :math:`W_l Q_{l-1}` has the law of :math:`W_l` and is drawn itself: then
only the signal, as :math:`Q_{l-1}^\top x`, passes through the reflections.

Every law of weights is invariant under exchanges of the inputs. So the units of a layer are put in
the order of their slopes, the largest first, which keeps small rows of the factors precise, and
units of slope 0 drop out: where they leave fewer units than inputs, the rank falls for good.
"""

import math

import numpy as np

from stabsim._kernels import conditional_batch, dense_network
from stabsim._kernels._jit import kernel
from stabsim._kernels.dense_network import fill_standard
from stabsim._kernels.factors import orthonormalize
from stabsim._kernels.graded import (
    descending_order,
    log_singular_values,
    multiply_triangular,
    reflect,
    reflect_rows,
    triangularize,
)
from stabsim._kernels.layer import activate, add_multiple, dot, log_of, normalize
from stabsim._kernels.program import (
    BIAS_LAW,
    BIAS_SCALE,
    CONSTANT,
    FAN_IN,
    FAN_OUT,
    GAUSSIAN,
    ORTHOGONAL,
    WEIGHT_BOUND,
    WEIGHT_LAW,
    WEIGHT_SCALE,
)
from stabsim._kernels.stream import Floats, Integers, Words, fill_normal


@kernel
def _pass_layer(
    words: Words,
    codes: Integers,
    parameters: Floats,
    first: int,
    last: int,
    log_length: float,
    signal: Floats,
) -> tuple[Floats, float]:
    """Return the signal (1, units) of norm 1 after a layer, and the logarithm of its norm."""
    law, bias_law = codes[first, WEIGHT_LAW], codes[first, BIAS_LAW]
    values = np.empty((1, codes[first, FAN_OUT]))
    slopes = np.empty(values.shape)
    if (law in (GAUSSIAN, ORTHOGONAL)) and (
        bias_law == GAUSSIAN or parameters[first, BIAS_SCALE] == 0.0
    ):
        log_length = conditional_batch.draw_layer(
            words,
            codes,
            parameters,
            first,
            last,
            log_length,
            signal,
            np.empty((1, 1)),
            np.empty(values.shape),
            np.empty(values.shape[1]),
            values,
            slopes,
        )
    else:
        log_length = dense_network.draw_layer(
            words, codes, parameters, first, last, log_length, signal, values, slopes
        )
    return values, log_length


@kernel
def _draw_weights(words: Words, law: int, bound: float, weights: Floats) -> None:
    """Fill ``weights`` (units, inputs) with weights of scale 1."""
    if law != ORTHOGONAL:
        fill_standard(words, law, bound, weights.reshape(-1))
        return
    rows = weights if weights.shape[0] <= weights.shape[1] else np.empty(weights.T.shape)
    fill_normal(words, rows.reshape(-1))
    orthonormalize(rows)
    if weights.shape[0] > weights.shape[1]:
        weights[:] = rows.T


@kernel
def _draw_factor(
    words: Words,
    codes: Integers,
    parameters: Floats,
    first: int,
    last: int,
    log_length: float,
    signal: Floats,
    reflectors: Floats,
) -> tuple[Floats, Floats, Floats, float]:
    """Draw a layer, given the signal of norm 1 below and the reflections of Q.

    Returns the weights times Q at scale 1, the slopes, the signal of norm 1 above and the logarithm
    of its norm.
    """
    law = codes[first, WEIGHT_LAW]
    weights = np.empty((codes[first, FAN_OUT], codes[first, FAN_IN]))
    _draw_weights(words, law, parameters[first, WEIGHT_BOUND], weights)
    rotated = law in (GAUSSIAN, ORTHOGONAL)
    if rotated:
        reflect(reflectors, signal)
    log_gain = log_length + log_of(abs(parameters[first, WEIGHT_SCALE]))
    log_bias = log_of(abs(parameters[first, BIAS_SCALE]))
    log_unit = max(log_gain, log_bias)
    heights = np.zeros((1, len(weights)))
    if log_gain > -math.inf:
        gain = math.copysign(math.exp(log_gain - log_unit), parameters[first, WEIGHT_SCALE])
        for i in range(len(weights)):
            heights[0, i] = gain * dot(weights[i], signal)
    if log_bias > -math.inf:
        bias = np.empty(len(weights))
        fill_standard(words, codes[first, BIAS_LAW], math.inf, bias)
        scale = math.copysign(math.exp(log_bias - log_unit), parameters[first, BIAS_SCALE])
        add_multiple(scale, bias, heights[0])
    if not rotated:
        reflect_rows(reflectors, weights)
    values, slopes = np.empty(heights.shape), np.empty(heights.shape)
    log_length = activate(codes, parameters, first, last, log_unit, heights, values, slopes)
    return weights, slopes[0], values[0], log_length


@kernel
def _is_finite(slopes: Floats, log_length: float) -> bool:
    """Return whether a user's activation kept within the range of floats."""
    for slope in slopes:
        if not abs(slope) < math.inf:
            return False
    return log_length < math.inf


@kernel
def _draw_spectrum(
    words: Words,
    codes: Integers,
    parameters: Floats,
    firsts: Integers,
    begin: int,
    end: int,
    log_length: float,
    signal: Floats,
    out: Floats,
) -> None:
    """Fill ``out`` with the singular values of the layers after ``begin``, up to ``end``.

    ``signal`` (1, inputs), of norm 1, enters the network. The values are NaN where a signal or
    slope is not finite.
    """
    out[:] = -math.inf
    for layer in range(begin):
        signal, log_length = _pass_layer(
            words, codes, parameters, firsts[layer], firsts[layer + 1], log_length, signal
        )
    x = signal[0]
    columns = rank = x.size
    product, exponents = np.empty((0, columns)), np.empty(0, dtype=np.int64)
    reflectors = np.empty((0, columns))
    log_scale = 0.0
    for layer in range(begin, end):
        first = firsts[layer]
        log_scale += log_of(abs(parameters[first, WEIGHT_SCALE]))
        weights, slopes, values, log_length = _draw_factor(
            words, codes, parameters, first, firsts[layer + 1], log_length, x, reflectors
        )
        if not _is_finite(slopes, log_length):
            out[:] = math.nan
            return
        order = np.empty(slopes.size, dtype=np.int64)
        descending_order(np.abs(slopes), order)
        active = np.count_nonzero(slopes)
        if active == 0 or log_scale == -math.inf:
            return
        x = np.empty(values.size)
        for i in range(x.size):
            x[i] = values[order[i]]
        factor = np.empty((active, rank))
        for i in range(active):
            for j in range(rank):
                factor[i, j] = slopes[order[i]] * weights[order[i], j]
        # Constant weights are a matrix of rank 1, which rounding would hide.
        below = rank
        rank = min(active, below, 1 if codes[first, WEIGHT_LAW] == CONSTANT else below)
        reflectors = np.zeros((rank, x.size))
        triangularize(factor, reflectors)
        if layer == begin:
            product, exponents = np.zeros((rank, columns)), np.zeros(rank, dtype=np.int64)
            for i in range(rank):
                product[i, i:] = factor[i, i:]
        else:
            multiply_triangular(factor, rank, exponents, product)
    log_singular_values(product[:rank], exponents[:rank], out)
    for i in range(out.size):
        out[i] += log_scale


@kernel
def fill_spectra(
    words: Words,
    codes: Integers,
    parameters: Floats,
    firsts: Integers,
    begin: int,
    end: int,
    log_input: float,
    input_signal: Floats,
    input_law: int,
    out: Floats,
) -> None:
    """Fill the rows of ``out`` with the logarithms of singular values, descending.

    ``input_signal`` (1, inputs) has the norm 1, and really that of the logarithm ``log_input``.
    Where ``input_law`` is 1 it is drawn in a random direction instead, and where it is 2 it is
    Gaussian.
    """
    for trial in range(len(out)):
        signal, log_length = input_signal.copy(), log_input
        if input_law > 0:
            fill_normal(words, signal.reshape(-1))
            log_norm = normalize(signal)
            if input_law == 2:
                log_length = log_norm
        _draw_spectrum(words, codes, parameters, firsts, begin, end, log_length, signal, out[trial])
