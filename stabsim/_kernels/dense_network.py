"""Signals and gradients through a network with every weight drawn, row by row and used in place.

A row of weights is drawn, multiplies the signals and is forgotten; on the way down the stream is
set back to where the layer began, and the same row is drawn again. So a network of any size takes
the memory of its signals, and the arithmetic stays in the first level of the cache.
"""

import math

import numpy as np

from stabsim._kernels._jit import kernel
from stabsim._kernels.factors import orthonormalize
from stabsim._kernels.layer import (
    activate,
    add_multiple,
    backpropagate,
    dot,
    gram_matrix,
    log_bias_gradient,
    log_of,
    log_weight_gradient,
    normalize,
    record_trial,
)
from stabsim._kernels.program import (
    BIAS_LAW,
    BIAS_SCALE,
    CONSTANT,
    FAN_IN,
    FAN_OUT,
    GAUSSIAN,
    ORTHOGONAL,
    TRUNCATED_GAUSSIAN,
    WEIGHT_BOUND,
    WEIGHT_LAW,
    WEIGHT_SCALE,
)
from stabsim._kernels.stream import Floats, Integers, Words, fill_normal, fill_uniform
from stabsim._kernels.variates import draw_normal


@kernel
def fill_standard(words: Words, law: int, bound: float, out: Floats) -> None:
    """Fill ``out`` with weights of a law at scale 1."""
    if law == CONSTANT:
        out[:] = 1.0
    elif law == GAUSSIAN:
        fill_normal(words, out)
    elif law == TRUNCATED_GAUSSIAN:
        fill_truncated_normal(words, bound, out)
    else:
        fill_uniform(words, out)
        for i in range(out.size):
            out[i] = 2.0 * out[i] - 1.0


@kernel
def fill_truncated_normal(words: Words, bound: float, out: Floats) -> None:
    """Fill ``out`` with standard normal variables on condition that they are within the bound."""
    if bound > 1.0:
        fill_normal(words, out)
        for i in range(out.size):
            while abs(out[i]) > bound:
                out[i] = draw_normal(words)
        return
    # Near 0 the density is nearly flat, so a uniform variable is seldom rejected.
    pair = np.empty(2)
    for i in range(out.size):
        while True:
            fill_uniform(words, pair)
            x = bound * (2.0 * pair[0] - 1.0)
            if pair[1] < math.exp(-0.5 * x * x):
                break
        out[i] = x


@kernel
def _prepared(words: Words, law: int, fan_in: int, fan_out: int) -> Floats:
    """Draw a whole orthogonal matrix; of other laws each row is drawn when it is used."""
    if law != ORTHOGONAL:
        return np.empty((1, fan_in))
    rows = np.empty((min(fan_in, fan_out), max(fan_in, fan_out)))
    fill_normal(words, rows.reshape(-1))
    orthonormalize(rows)
    return rows if fan_out <= fan_in else rows.T.copy()


@kernel
def _row(words: Words, law: int, bound: float, matrix: Floats, i: int) -> Floats:
    row: Floats = matrix[i if law == ORTHOGONAL else 0]
    if law != ORTHOGONAL:
        fill_standard(words, law, bound, row)
    return row


@kernel
def draw_images(words: Words, law: int, bound: float, signals: Floats, images: Floats) -> None:
    """Draw weights of a law at scale 1 and fill ``images`` with what they make of ``signals``."""
    fan_in, fan_out = signals.shape[1], images.shape[1]
    matrix = _prepared(words, law, fan_in, fan_out)
    for i in range(fan_out):
        row = _row(words, law, bound, matrix, i)
        for j in range(len(signals)):
            images[j, i] = dot(row, signals[j])


@kernel
def draw_layer(
    words: Words,
    codes: Integers,
    parameters: Floats,
    first: int,
    last: int,
    log_length: float,
    signals: Floats,
    values: Floats,
    slopes: Floats,
) -> float:
    """Pass ``signals`` of norm 1 up a layer and return the logarithm of the norm above.

    The signals above go to ``values``, of norm 1 again, and their slopes to ``slopes``.
    """
    weight_scale, bias_scale = parameters[first, WEIGHT_SCALE], parameters[first, BIAS_SCALE]
    log_gain = log_length + log_of(abs(weight_scale))
    log_bias = log_of(abs(bias_scale))
    log_unit = max(log_gain, log_bias)
    heights = np.empty(values.shape)
    gain = 0.0
    if log_gain > -math.inf:
        gain = math.copysign(math.exp(log_gain - log_unit), weight_scale)
    draw_images(words, codes[first, WEIGHT_LAW], parameters[first, WEIGHT_BOUND], signals, heights)
    heights *= gain
    if log_bias > -math.inf:
        scale = math.copysign(math.exp(log_bias - log_unit), bias_scale)
        bias = np.empty(values.shape[1])
        fill_standard(words, codes[first, BIAS_LAW], math.inf, bias)
        for j in range(len(signals)):
            add_multiple(scale, bias, heights[j])
    return activate(codes, parameters, first, last, log_unit, heights, values, slopes)


@kernel
def _pass_down(
    words: Words,
    law: int,
    bound: float,
    gradients: Floats,
    below: Floats,
) -> None:
    """Fill ``below`` with the gradients times the weights, which are drawn again."""
    fan_out, fan_in = gradients.shape[1], below.shape[1]
    below[:] = 0.0
    matrix = _prepared(words, law, fan_in, fan_out)
    for i in range(fan_out):
        row = _row(words, law, bound, matrix, i)
        for j in range(len(gradients)):
            add_multiple(gradients[j, i], row, below[j])


@kernel
def attenuate(
    words: Words,
    codes: Integers,
    parameters: Floats,
    firsts: Integers,
    log_input: float,
    inputs: Floats,
    random_inputs: int,
    recorded: Integers,
    out: Floats,
) -> None:
    """Fill the rows of ``out`` with trials, as `record_trial` orders them.

    ``inputs`` have the norm 1, and really that of the logarithm ``log_input``. Where
    ``random_inputs`` is 1 they are drawn in a random direction instead, and where it is 2 they are
    Gaussian.
    """
    depth, count = firsts.size - 1, len(inputs)
    starts = np.zeros(depth + 2, dtype=np.int64)
    starts[1] = codes[0, FAN_IN]
    for layer in range(1, depth + 1):
        starts[layer + 1] = starts[layer] + codes[firsts[layer - 1], FAN_OUT]
    # A layer's block of a flat array is its matrix (inputs, units).
    signals = np.empty(count * starts[-1])
    slopes = np.empty(signals.size)
    paths = np.empty((5, depth + 1))
    gradients, lengths, sensitivities, weights, biases = paths
    gram, total = np.empty((count, count)), np.empty((count, count))
    states = np.empty((depth, words.size), dtype=np.uint64)
    rewound = np.empty(words.size, dtype=np.uint64)
    for trial in range(out.shape[0]):
        paths[:] = -math.inf
        beginning = signals[: inputs.size]
        beginning[:] = inputs.reshape(-1)
        lengths[0] = log_input
        if random_inputs > 0:
            fill_normal(words, beginning)
            log_norm = normalize(beginning.reshape(inputs.shape))
            if random_inputs == 2:
                lengths[0] = log_norm
        for layer in range(1, depth + 1):
            start, middle, stop = starts[layer - 1], starts[layer], starts[layer + 1]
            here = slice(count * middle, count * stop)
            states[layer - 1] = words
            lengths[layer] = draw_layer(
                words,
                codes,
                parameters,
                firsts[layer - 1],
                firsts[layer],
                lengths[layer - 1],
                signals[count * start : count * middle].reshape(count, middle - start),
                signals[here].reshape(count, stop - middle),
                slopes[here].reshape(count, stop - middle),
            )
        gradient = np.empty((count, starts[depth + 1] - starts[depth]))
        fill_normal(words, gradient.reshape(-1))
        normalize(gradient)
        gradients[depth] = log_size = 0.0
        for layer in range(depth, 0, -1):
            first = firsts[layer - 1]
            start, middle, stop = starts[layer - 1], starts[layer], starts[layer + 1]
            here = slice(count * middle, count * stop)
            log_size = backpropagate(slopes[here].reshape(count, stop - middle), log_size, gradient)
            if log_size == -math.inf:
                break
            below_signals = signals[count * start : count * middle].reshape(count, middle - start)
            gram_matrix(below_signals, below_signals, total)
            gram_matrix(gradient, gradient, gram)
            sensitivities[layer] = log_size
            weights[layer] = log_size + lengths[layer - 1] + log_weight_gradient(total, gram)
            biases[layer] = log_size + log_bias_gradient(gram)
            log_size += log_of(abs(parameters[first, WEIGHT_SCALE]))
            if log_size == -math.inf:
                break
            rewound[:] = states[layer - 1]
            below = np.empty((count, middle - start))
            _pass_down(
                rewound,
                codes[first, WEIGHT_LAW],
                parameters[first, WEIGHT_BOUND],
                gradient,
                below,
            )
            gradient = below
            log_size += normalize(gradient)
            gradients[layer - 1] = log_size
        record_trial(recorded, gradients, lengths, sensitivities, weights, biases, out[trial])
