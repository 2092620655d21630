r"""Several signals at once through a network of which no weight is drawn, exactly in law.

The inputs of a layer are the rows of :math:`X = RQ`, with orthonormal rows in Q. Given them, the
layer's outputs before the bias are :math:`H = \sigma R Y`, where :math:`Y = QW^\top/\sigma` has
independent Gaussian entries. Given Y too, gradients U pass down as

.. math:: UW = \sigma\,\bigl[(UY^\top)Q + L\,Z\,(I - Q^\top Q)\bigr], \qquad LL^\top = UU^\top,

with fresh Gaussian Z. For orthogonal weights, Y is a uniformly random frame (of which fewer outputs
than inputs see a part), and so is what stands in the place of :math:`Z(I - Q^\top Q)`, in the
complement of Q; then :math:`LL^\top = UU^\top - UY^\top YU^\top`.

Arrays are (inputs, units). A pass keeps Q, Y and the slopes of every unit.
"""

import math

import numpy as np

from stabsim._kernels._jit import kernel
from stabsim._kernels.layer import (
    activate,
    add_multiple,
    backpropagate,
    cholesky_factor,
    gram_matrix,
    log_bias_gradient,
    log_of,
    log_weight_gradient,
    normalize,
    orthonormal_factor,
    record_trial,
    solve_lower,
)
from stabsim._kernels.program import (
    BIAS_SCALE,
    FAN_IN,
    FAN_OUT,
    ORTHOGONAL,
    WEIGHT_LAW,
    WEIGHT_SCALE,
)
from stabsim._kernels.stream import Floats, Integers, Words, fill_normal
from stabsim._kernels.variates import draw_chi_square, draw_normal


@kernel
def _add_hidden(words: Words, degrees: int, gram: Floats) -> None:
    """Add to ``gram`` that of Gaussian rows in ``degrees`` dimensions, a Wishart matrix."""
    count = len(gram)
    # Bartlett's triangular factor, or with fewer dimensions than rows, the rows themselves.
    rows = np.zeros((count, min(degrees, count)))
    for i in range(count):
        for j in range(min(i, rows.shape[1])):
            rows[i, j] = draw_normal(words)
        if i < rows.shape[1]:
            rows[i, i] = math.sqrt(draw_chi_square(words, degrees - i))
    for i in range(count):
        for j in range(count):
            for k in range(rows.shape[1]):
                gram[i, j] += rows[i, k] * rows[j, k]


@kernel
def draw_frame(words: Words, hidden: int, active: Floats, frame: Floats) -> None:
    """Make of the Gaussian rows of ``frame`` what is seen of a random orthonormal frame.

    ``hidden`` is the number of dimensions out of sight; rows where ``active`` is zero vanish.
    """
    count = len(frame)
    for j in range(count):
        if active[j] == 0.0:
            frame[j] = 0.0
    lower = np.empty((count, count))
    if hidden == 0:
        orthonormal_factor(frame, lower)
        return
    gram, sizes = np.empty((count, count)), np.empty(count)
    gram_matrix(frame, frame, gram)
    _add_hidden(words, hidden, gram)
    for j in range(count):
        sizes[j] = gram[j, j]
        if active[j] == 0.0:
            gram[j], gram[:, j] = 0.0, 0.0
    cholesky_factor(gram, sizes, lower)
    solve_lower(lower, frame)


@kernel
def draw_layer(
    words: Words,
    codes: Integers,
    parameters: Floats,
    first: int,
    last: int,
    log_length: float,
    signals: Floats,
    lower: Floats,
    frame: Floats,
    bias: Floats,
    values: Floats,
    slopes: Floats,
) -> float:
    """Pass ``signals`` of norm 1 up a layer and return the logarithm of the norm above.

    ``signals`` becomes the Q of its factors and ``lower`` the R; ``frame`` becomes Y. The signals
    above go to ``values``, of norm 1 again, and their slopes to ``slopes``.
    """
    orthonormal_factor(signals, lower)
    fan_in, fan_out = codes[first, FAN_IN], codes[first, FAN_OUT]
    fill_normal(words, frame.reshape(-1))
    if codes[first, WEIGHT_LAW] == ORTHOGONAL:
        draw_frame(words, max(fan_in - fan_out, 0), np.diag(lower), frame)
    log_gain = log_length + log_of(parameters[first, WEIGHT_SCALE])
    log_bias = log_of(parameters[first, BIAS_SCALE])
    log_unit = max(log_gain, log_bias)
    heights = np.zeros(frame.shape)
    if log_gain > -math.inf:
        gain = math.exp(log_gain - log_unit)
        for j in range(len(frame)):
            for k in range(j + 1):
                add_multiple(gain * lower[j, k], frame[k], heights[j])
    if log_bias > -math.inf:
        scale = math.exp(log_bias - log_unit)
        fill_normal(words, bias)
        for j in range(len(frame)):
            add_multiple(scale, bias, heights[j])
    return activate(codes, parameters, first, last, log_unit, heights, values, slopes)


@kernel
def _draw_gradients(
    words: Words,
    orthogonal: bool,
    fan_out: int,
    signals: Floats,
    frame: Floats,
    gradients: Floats,
    below: Floats,
) -> None:
    """Pass ``gradients`` down a layer to ``below``, given its Q and Y."""
    count, fan_in = signals.shape
    along, gram = np.empty((count, count)), np.empty((count, count))
    gram_matrix(gradients, frame, along)
    gram_matrix(gradients, gradients, gram)
    sizes = np.diag(gram).copy()
    if orthogonal:
        for j in range(count):
            for k in range(count):
                for i in range(count):
                    gram[j, k] -= along[j, i] * along[k, i]
    lower = np.empty((count, count))
    cholesky_factor(gram, sizes, lower)
    noise, projection = np.empty(signals.shape), np.empty((count, count))
    fill_normal(words, noise.reshape(-1))
    for _ in range(2 if orthogonal else 1):
        gram_matrix(noise, signals, projection)
        for j in range(count):
            for k in range(count):
                add_multiple(-projection[j, k], signals[k], noise[j])
    if orthogonal:
        draw_frame(words, max(fan_out - fan_in, 0), np.diag(lower), noise)
    below[:] = 0.0
    for j in range(count):
        for k in range(count):
            add_multiple(along[j, k], signals[k], below[j])
            add_multiple(lower[j, k], noise[k], below[j])


@kernel
def attenuate(
    words: Words,
    codes: Integers,
    parameters: Floats,
    firsts: Integers,
    log_input: float,
    inputs: Floats,
    recorded: Integers,
    out: Floats,
) -> None:
    """Fill the rows of ``out`` with trials, as `record_trial` orders them.

    ``inputs`` have the norm 1, and really that of the logarithm ``log_input``.
    """
    depth, count = firsts.size - 1, len(inputs)
    starts = np.zeros(depth + 2, dtype=np.int64)
    starts[1] = codes[0, FAN_IN]
    for layer in range(1, depth + 1):
        starts[layer + 1] = starts[layer] + codes[firsts[layer - 1], FAN_OUT]
    # A layer's block of a flat array is its matrix (inputs, units).
    signals = np.empty(count * starts[-1])
    slopes, frames = np.empty(signals.size), np.empty(signals.size)
    lowers = np.empty((depth, count, count))
    paths = np.empty((5, depth + 1))
    gradients, lengths, sensitivities, weights, biases = paths
    gram, total = np.empty((count, count)), np.empty((count, count))
    for trial in range(out.shape[0]):
        paths[:] = -math.inf
        signals[: inputs.size] = inputs.reshape(-1)
        lengths[0] = log_input
        for layer in range(1, depth + 1):
            first, last = firsts[layer - 1], firsts[layer]
            start, middle, stop = starts[layer - 1], starts[layer], starts[layer + 1]
            here = slice(count * middle, count * stop)
            lengths[layer] = draw_layer(
                words,
                codes,
                parameters,
                first,
                last,
                lengths[layer - 1],
                signals[count * start : count * middle].reshape(count, middle - start),
                lowers[layer - 1],
                frames[here].reshape(count, stop - middle),
                np.empty(stop - middle),
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
            lower = lowers[layer - 1]
            gram_matrix(lower, lower, total)
            gram_matrix(gradient, gradient, gram)
            sensitivities[layer] = log_size
            weights[layer] = log_size + lengths[layer - 1] + log_weight_gradient(total, gram)
            biases[layer] = log_size + log_bias_gradient(gram)
            log_size += log_of(parameters[first, WEIGHT_SCALE])
            if log_size == -math.inf:
                break
            below = np.empty((count, middle - start))
            _draw_gradients(
                words,
                codes[first, WEIGHT_LAW] == ORTHOGONAL,
                codes[first, FAN_OUT],
                signals[count * start : count * middle].reshape(count, middle - start),
                frames[here].reshape(count, stop - middle),
                gradient,
                below,
            )
            gradient = below
            log_size += normalize(gradient)
            gradients[layer - 1] = log_size
        record_trial(recorded, gradients, lengths, sensitivities, weights, biases, out[trial])
