r"""Two signals up the same network, and the angle between them however small.

Everywhere on the way the signals are :math:`x_1 = e^l a` and

.. math:: x_2 = e^l \bigl[(1 + p) a + e^t b\bigr]

with vectors a and b. What the second has beyond the first is carried up beside it, not found from
the difference, so no digits are lost when the two merge: t may be -10,000. Below a layer a and b
are orthonormal; in it a is ``heights[0]`` and b ``source``, then ``values[0]`` and ``beyond``.

A zero signal has :math:`l = -\infty`. Where one signal alone is zero, it is the second:
:math:`p = -1`, and the signals have been swapped.
"""

import math

import numpy as np

from stabsim._kernels._jit import kernel
from stabsim._kernels.conditional_batch import draw_frame
from stabsim._kernels.dense_network import draw_images, fill_standard
from stabsim._kernels.layer import (
    MOST_LOGARITHM,
    add_multiple,
    apply_functions,
    dot,
    log_of,
    normalize,
)
from stabsim._kernels.program import (
    BIAS_LAW,
    BIAS_SCALE,
    FAN_IN,
    FAN_OUT,
    FAR,
    FAR_LEFT,
    FAR_RIGHT,
    NEAR,
    NEAR_LEFT,
    NEAR_RIGHT,
    ORTHOGONAL,
    WEIGHT_BOUND,
    WEIGHT_LAW,
    WEIGHT_SCALE,
)
from stabsim._kernels.stream import Floats, Integers, Words, fill_normal

#: The state of two signals: l; p, as a factor times e to some power, which is 0 unless p is tiny;
#: t; and whether they are swapped.
LOG_UNIT, PARALLEL, LOG_PARALLEL, LOG_ACROSS, SWAPPED = range(5)
STATE = 5

# What is left of a vector without its part along another, relative to itself, below which it counts
# as a multiple of the other.
_DEPENDENT = 1e-14
# The logarithm below which p has a power of e of its own.
_LEAST_PARALLEL = -460.0
# Differences of arguments, and of slopes in their square relative to the rounding of values, up to
# which the mean slope gives the difference of values better than subtraction.
_CLOSE = 1e-5
_ROUNDING = 2.0**-52
# The logarithm of angles that need no trigonometry.
_LEAST_SINE = -300.0


@kernel
def _remove(direction: Floats, vector: Floats) -> tuple[float, float]:
    """Subtract the part of ``vector`` along a unit vector; return that and the norm of the rest."""
    before = math.sqrt(dot(vector, vector))
    along = 0.0
    for _ in range(2):
        weight = dot(direction, vector)
        along += weight
        add_multiple(-weight, direction, vector)
    across = math.sqrt(dot(vector, vector))
    if across <= _DEPENDENT * before:
        vector[:] = 0.0
        across = 0.0
    return along, across


@kernel
def _parallel(state: Floats) -> float:
    """Return p, 0 where that underflows."""
    factor = float(state[PARALLEL])
    return factor * math.exp(state[LOG_PARALLEL])


@kernel
def _log_parallel(state: Floats) -> float:
    """Return ln |p|."""
    return float(log_of(abs(state[PARALLEL])) + state[LOG_PARALLEL])


@kernel
def _add_parallel(factor: float, log_unit: float, state: Floats) -> None:
    """Add ``factor * exp(log_unit)`` to p."""
    if factor == 0.0:
        return
    before = _log_parallel(state)
    unit = max(before, log_unit)
    total = factor * math.exp(log_unit - unit)
    if before > -math.inf:
        total += state[PARALLEL] * math.exp(state[LOG_PARALLEL] - unit)
    size = log_of(abs(total)) + unit
    if size > _LEAST_PARALLEL:
        part = factor * math.exp(log_unit)
        state[PARALLEL], state[LOG_PARALLEL] = _parallel(state) + part, 0.0
    else:
        state[PARALLEL] = math.copysign(1.0, total) if total != 0.0 else 0.0
        state[LOG_PARALLEL] = size if total != 0.0 else 0.0


@kernel
def _draw_directions(words: Words, signals: Floats) -> None:
    """Fill the two rows with a uniformly random pair of orthonormal vectors."""
    fill_normal(words, signals.reshape(-1))
    normalize(signals[:1])
    _remove(signals[0], signals[1])
    normalize(signals[1:])


@kernel
def _draw_images(
    words: Words,
    dense: bool,
    codes: Integers,
    parameters: Floats,
    first: int,
    state: Floats,
    signals: Floats,
    images: Floats,
) -> None:
    """Fill ``images`` with those of u and v by weights of scale 1."""
    law = codes[first, WEIGHT_LAW]
    if dense:
        draw_images(words, law, parameters[first, WEIGHT_BOUND], signals, images)
        return
    fill_normal(words, images.reshape(-1))
    if law == ORTHOGONAL:
        active = np.zeros(2)
        active[0] = 1.0 if state[LOG_UNIT] > -math.inf else 0.0
        active[1] = 1.0 if state[LOG_ACROSS] > -math.inf else 0.0
        hidden = max(codes[first, FAN_IN] - codes[first, FAN_OUT], 0)
        draw_frame(words, hidden, active, images)


@kernel
def _combine(
    log_left: float,
    left: Floats,
    sign: float,
    log_right: float,
    right: Floats,
    out: Floats,
) -> float:
    """Fill ``out`` with a sum of multiples, the second with a sign, and return ln of its unit."""
    log_unit = max(log_left, log_right)
    out[:] = 0.0
    if log_left > -math.inf:
        add_multiple(math.exp(log_left - log_unit), left, out)
    if log_right > -math.inf:
        add_multiple(sign * math.exp(log_right - log_unit), right, out)
    return log_unit


@kernel
def _pass_linear_map(
    words: Words,
    dense: bool,
    codes: Integers,
    parameters: Floats,
    first: int,
    state: Floats,
    signals: Floats,
    images: Floats,
    bias: Floats,
    heights: Floats,
    source: Floats,
) -> None:
    """Fill ``heights`` with both pre-activations and ``source`` with what the second has beyond."""
    _draw_images(words, dense, codes, parameters, first, state, signals, images)
    weight_scale, bias_scale = parameters[first, WEIGHT_SCALE], parameters[first, BIAS_SCALE]
    log_gain = state[LOG_UNIT] + log_of(abs(weight_scale))
    log_bias = log_of(abs(bias_scale))
    if log_bias > -math.inf:
        fill_standard(words, codes[first, BIAS_LAW], math.inf, bias)
        if bias_scale < 0.0:
            bias *= -1.0
    if weight_scale < 0.0:
        images *= -1.0
    log_unit = _combine(log_gain, images[0], 1.0, log_bias, bias, heights[0])
    log_across = state[LOG_ACROSS] + log_gain
    log_parallel, sign = _log_parallel(state), math.copysign(1.0, state[PARALLEL])
    # The part p W x₁ is p (h₁ - b) too; the smaller of the two ways to write it loses no digits.
    if log_gain >= log_bias:
        log_source = _combine(log_across, images[1], -sign, log_parallel + log_bias, bias, source)
    else:
        log_source = _combine(
            log_across, images[1], sign, log_parallel + log_gain, images[0], source
        )
        state[PARALLEL], state[LOG_PARALLEL] = 0.0, 0.0
    if log_source > -math.inf:
        log_source -= log_unit
    state[LOG_UNIT], state[LOG_ACROSS] = log_unit, log_source
    heights[1] = 0.0
    add_multiple(1.0 + _parallel(state), heights[0], heights[1])
    add_multiple(math.exp(min(log_source, MOST_LOGARITHM)), source, heights[1])


@kernel
def _record(state: Floats, heights: Floats, source: Floats, direction: Floats, out: Floats) -> None:
    """Fill ``out`` with ln of both mean squares, the correlation c, and ln(1 - c).

    ``source`` is spoilt. The last two are ``-inf`` where a signal is zero.
    """
    out[:] = -math.inf
    direction[:] = heights[0]
    log_norm = normalize(direction.reshape(1, -1))
    other = math.sqrt(dot(heights[1], heights[1]))
    log_units = math.log(float(direction.size))
    own = int(state[SWAPPED])
    out[own] = 2.0 * (state[LOG_UNIT] + log_norm) - log_units
    out[1 - own] = 2.0 * (state[LOG_UNIT] + log_of(other)) - log_units
    if log_norm == -math.inf or other == 0.0:
        return
    along, across = _remove(direction, source)
    scale = state[LOG_ACROSS] - log_norm
    cosine = 1.0 + _parallel(state) + along * math.exp(min(scale, MOST_LOGARITHM))
    log_sine = scale + log_of(across)
    if log_sine > _LEAST_SINE or cosine <= 0.0:
        angle = math.atan2(math.exp(min(log_sine, MOST_LOGARITHM)), cosine)
        out[2] = math.cos(angle)
        out[3] = math.log(2.0) + 2.0 * log_of(math.sin(0.5 * angle))
    else:
        out[2] = 1.0
        out[3] = 2.0 * (log_sine - math.log(cosine)) - math.log(2.0)


@kernel
def _apply_lines(
    left: float,
    right: float,
    state: Floats,
    heights: Floats,
    source: Floats,
    values: Floats,
    beyond: Floats,
) -> None:
    """Apply a function that is a line on either side of 0."""
    for j in range(2):
        for i in range(source.size):
            height = heights[j, i]
            values[j, i] = (right if height > 0.0 else left) * height
    factor = 1.0 + _parallel(state)
    if factor <= 0.0:
        for i in range(source.size):
            beyond[i] = values[1, i] - values[0, i]
        state[PARALLEL], state[LOG_PARALLEL], state[LOG_ACROSS] = 0.0, 0.0, 0.0
        return
    # f((1 + p) h + s) = (1 + p) f(h + s/(1 + p)), so the multiple stays what it is.
    scale = math.exp(min(state[LOG_ACROSS] - math.log(factor), MOST_LOGARITHM))
    for i in range(source.size):
        height = heights[0, i]
        slope = right if height > 0.0 else left
        other = height + scale * source[i]
        other_slope = right if other > 0.0 else left
        if slope == other_slope:
            beyond[i] = slope * source[i]
        else:
            beyond[i] = (other_slope * other - slope * height) / scale


@kernel
def _apply_functions(
    codes: Integers,
    parameters: Floats,
    first: int,
    last: int,
    state: Floats,
    heights: Floats,
    source: Floats,
    values: Floats,
    slopes: Floats,
    beyond: Floats,
) -> None:
    """Apply any functions; ``heights`` and ``source`` are spoilt."""
    log_unit = min(state[LOG_UNIT], MOST_LOGARITHM)
    log_parallel = _log_parallel(state)
    log_difference = max(log_parallel, state[LOG_ACROSS])
    if log_difference == -math.inf:
        source[:] = 0.0
    else:
        source *= math.exp(state[LOG_ACROSS] - log_difference)
        share = math.exp(log_parallel - log_difference)
        add_multiple(math.copysign(share, state[PARALLEL]), heights[0], source)
        log_difference += log_unit
    heights *= math.exp(log_unit)
    for j in range(2):
        apply_functions(codes, parameters, first + 1, last, heights[j], values[j], slopes[j])
    unit = math.exp(min(log_difference, MOST_LOGARITHM))
    for i in range(source.size):
        difference, turn = abs(unit * source[i]), slopes[1, i] - slopes[0, i]
        rounding = _ROUNDING * (abs(values[0, i]) + abs(values[1, i]))
        if difference > _CLOSE or turn * turn * difference > rounding:
            beyond[i] = (values[1, i] - values[0, i]) / unit
        else:
            beyond[i] = 0.5 * (slopes[0, i] + slopes[1, i]) * source[i]
    state[LOG_UNIT], state[LOG_ACROSS] = 0.0, log_difference
    state[PARALLEL], state[LOG_PARALLEL] = 0.0, 0.0


@kernel
def _vanishes_at_zero(codes: Integers, parameters: Floats, first: int, last: int) -> bool:
    """Return whether the functions after the linear map in row ``first`` take 0 to 0."""
    numbers = np.zeros((3, 1))
    apply_functions(codes, parameters, first + 1, last, numbers[0], numbers[1], numbers[2])
    return bool(numbers[1, 0] == 0.0)


@kernel
def _activate(
    codes: Integers,
    parameters: Floats,
    first: int,
    last: int,
    state: Floats,
    heights: Floats,
    source: Floats,
    values: Floats,
    slopes: Floats,
    beyond: Floats,
) -> None:
    """Fill ``values`` with both activations and ``beyond`` with what the second has beyond."""
    row = parameters[first]
    units = math.sqrt(source.size)
    # Sizes of the signals that are not zero.
    smallest, largest, zeros = math.inf, -math.inf, 0
    for j in range(2):
        size = state[LOG_UNIT] + log_of(math.sqrt(dot(heights[j], heights[j])) / units)
        if size > -math.inf:
            smallest, largest = min(smallest, size), max(largest, size)
        else:
            zeros += 1
    if row[NEAR] == math.inf or largest < log_of(row[NEAR]):
        _apply_lines(row[NEAR_LEFT], row[NEAR_RIGHT], state, heights, source, values, beyond)
    elif smallest > log_of(row[FAR]) and (
        zeros == 0 or (zeros == 1 and _vanishes_at_zero(codes, parameters, first, last))
    ):
        _apply_lines(row[FAR_LEFT], row[FAR_RIGHT], state, heights, source, values, beyond)
    else:
        _apply_functions(
            codes, parameters, first, last, state, heights, source, values, slopes, beyond
        )


@kernel
def _resolve(values: Floats, beyond: Floats, state: Floats, signals: Floats) -> None:
    """Fill ``signals`` with the orthonormal vectors that stand for the two ``values``."""
    lengths = np.empty(2)
    for j in range(2):
        lengths[j] = normalize(values[j : j + 1])
    if lengths[0] == -math.inf or lengths[1] == -math.inf:
        alive = 1 if lengths[0] == -math.inf else 0
        signals[0], signals[1] = values[alive], 0.0
        state[LOG_UNIT] += lengths[alive]
        state[PARALLEL] = -1.0 if lengths[alive] > -math.inf else 0.0
        state[LOG_PARALLEL], state[LOG_ACROSS] = 0.0, -math.inf
        if alive == 1 and lengths[1] > -math.inf:
            state[SWAPPED] = 1.0 - state[SWAPPED]
        return
    signals[0], signals[1] = values[0], beyond
    log_across = state[LOG_ACROSS] + normalize(signals[1:]) - lengths[0]
    state[LOG_UNIT] += lengths[0]
    state[LOG_ACROSS] = -math.inf
    if log_across == -math.inf:
        return
    along, across = _remove(signals[0], signals[1])
    _add_parallel(along, log_across, state)
    if across > 0.0:
        state[LOG_ACROSS] = log_across + math.log(across)
        signals[1] /= across


@kernel
def propagate(
    words: Words,
    codes: Integers,
    parameters: Floats,
    firsts: Integers,
    dense: bool,
    beginning: Floats,
    begin: int,
    end: int,
    recorded: Integers,
    state: Floats,
    carried: Floats,
    out: Floats,
) -> None:
    """Pass pairs of signals, one trial after the other, from layer ``begin`` to layer ``end``.

    Fills the columns of ``out`` (4, R, trials) that the ``recorded`` layers between them have, with
    what `_record` says. A trial starts from the state ``beginning`` in random directions where
    ``begin`` is 0, otherwise from ``state`` and ``carried`` (2, units), which it leaves behind.
    """
    units = 0
    for layer in range(begin, end):
        units = max(units, codes[firsts[layer], FAN_OUT])
    room = np.empty(11 * units)
    numbers = np.empty(4)
    column = np.searchsorted(recorded, begin + 1)
    for trial in range(out.shape[2]):
        signals = np.zeros((2, codes[firsts[begin], FAN_IN]))
        if begin == 0:
            state[:] = beginning
            if dense:
                _draw_directions(words, signals)
        else:
            signals[:] = carried[:, : signals.shape[1]]
        position = column
        for layer in range(begin, end):
            first, last = firsts[layer], firsts[layer + 1]
            size = codes[first, FAN_OUT]
            images = room[: 2 * size].reshape(2, size)
            heights = room[2 * size : 4 * size].reshape(2, size)
            values = room[4 * size : 6 * size].reshape(2, size)
            slopes = room[6 * size : 8 * size].reshape(2, size)
            source, beyond = room[8 * size : 9 * size], room[9 * size : 10 * size]
            spare = room[10 * size : 11 * size]
            _pass_linear_map(
                words,
                dense,
                codes,
                parameters,
                first,
                state,
                signals,
                images,
                spare,
                heights,
                source,
            )
            if position < recorded.size and recorded[position] == layer + 1:
                beyond[:] = source
                _record(state, heights, beyond, spare, numbers)
                out[:, position, trial] = numbers
                position += 1
            _activate(
                codes, parameters, first, last, state, heights, source, values, slopes, beyond
            )
            signals = np.empty((2, size))
            _resolve(values, beyond, state, signals)
        carried[:, : signals.shape[1]] = signals
