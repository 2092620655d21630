r"""Signals and gradients through a network of which no weight is drawn, exactly in law.

Take a layer :math:`s = Wx + b`, :math:`x' = \varphi(s)`, with Gaussian weights of variance
:math:`\sigma^2`. Given x, s is isotropic, :math:`s = \tau\xi` with :math:`\xi \sim N(0, I)` and
:math:`\tau^2 = \sigma^2|x|^2 + \sigma_b^2`. Given s too, the gradient
:math:`u = \partial\ell/\partial s` passes to the inputs as

.. math:: W^\top u = \sigma|u|\,(\hat x\, r + z - \hat x(\hat x \cdot z)),
   \qquad r = \frac{(Wx) \cdot \hat u}{\sigma |x|},

with fresh :math:`z \sim N(0, I)`. Below, :math:`x = \varphi(s)` elementwise, so all that the next
step down needs, :math:`|u|` and :math:`\xi \cdot \hat u`, follows from nine sums over the units of
functions of :math:`(\xi_i, z_i)`. As z does not depend on what lies above, it is drawn with
:math:`\xi` on the way up, and no vector is kept: a layer leaves its sums, and the way down is a
recursion of scalars. Where :math:`\varphi` is a line on either side of 0, even the sums are drawn
whole, as chi-square variables of the two groups of units.

Orthogonal weights differ in two places: s is uniform on a sphere, whose radius may be random, and
so is the part of :math:`W^\top u` across x, in the complement of x.

All lengths are carried as natural logarithms.
"""

import math

import numpy as np

from stabsim._kernels._jit import kernel, summing_kernel
from stabsim._kernels.layer import (
    MOST_LOGARITHM,
    apply_functions,
    log_of,
    log_of_sum,
    not_negative,
    record_trial,
)
from stabsim._kernels.program import (
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
    WEIGHT_LAW,
    WEIGHT_SCALE,
)
from stabsim._kernels.stream import Floats, Integers, Words, fill_normal
from stabsim._kernels.variates import draw_chi_square, draw_fair_binomial, draw_normal

#: Columns of the logarithms that a layer's passes need, which are computed once for all trials.
LOG_WEIGHT, LOG_BIAS, LOG_NEAR, LOG_FAR = range(4)

#: Units whose draws are held at a time, so that they stay in the first level of the cache.
BLOCK = 512
#: Blocks of room that a pass needs.
ROOM = 5

#: What a layer leaves behind, in the columns of ``records``: the sums over its units, where v is
#: the activation and d its derivative, each in units of their own,
(
    VALUE_SQUARES,  # v²
    SLOPED_VALUE_SQUARES,  # d² v²
    SLOPED_CROSS,  # d² v z
    SLOPED_NOISE_SQUARES,  # d² z²
    DIRECTION_VALUE,  # ξ d v
    DIRECTION_NOISE,  # ξ d z
    CROSS,  # v z
    NOISE_SQUARES,  # z²
    DIRECTION_SQUARES,  # ξ²
) = range(9)
#: the logarithms of the unit of d and of the length of x', and how the direction of Wx lies to s:
#: the cosine of the angle between them, its sine, and |Wx| / (σ|x|) where that is not random.
SLOPE_UNIT, LOG_LENGTH, COSINE, SINE, STRETCH = range(9, 14)
RECORDS = 14

# A sum of squares out of this range may have lost digits to underflow, or overflowed; the units are
# then drawn again from the same words, with values or slopes that are larger or smaller.
_LEAST_SUM, _MOST_SUM = 2.0**-200, 2.0**600
_LARGER, _SMALLER = 2.0**600, 2.0**-600


@kernel
def layer_logarithms(parameters: Floats, firsts: Integers) -> Floats:
    """Return the logarithms of every layer's scales and of the limits of its regimes."""
    logarithms = np.empty((firsts.size - 1, 4))
    for layer in range(firsts.size - 1):
        row = parameters[firsts[layer]]
        logarithms[layer, LOG_WEIGHT] = log_of(row[WEIGHT_SCALE])
        logarithms[layer, LOG_BIAS] = log_of(row[BIAS_SCALE])
        logarithms[layer, LOG_NEAR] = log_of(row[NEAR])
        logarithms[layer, LOG_FAR] = log_of(row[FAR])
    return logarithms


@kernel
def _rescue(squares: float) -> float:
    """Return by what to multiply numbers with this sum of squares."""
    if _LEAST_SUM < squares < _MOST_SUM:
        return 1.0
    if squares == 0.0:
        return _LARGER
    return math.ldexp(1.0, -(math.frexp(squares)[1] // 2)) if squares < math.inf else _SMALLER


@summing_kernel
def _add_sums(
    directions: Floats, noise: Floats, values: Floats, slopes: Floats, sums: Floats
) -> None:
    """Add the sums over a block of units."""
    values2 = sloped2 = sloped_cross = sloped_noise2 = 0.0
    direction_value = direction_noise = cross = noise2 = direction2 = 0.0
    for i in range(directions.size):
        v, z = values[i], noise[i]
        dv, dz = slopes[i] * v, slopes[i] * z
        values2 += v * v
        sloped2 += dv * dv
        sloped_cross += dv * dz
        sloped_noise2 += dz * dz
        direction_value += directions[i] * dv
        direction_noise += directions[i] * dz
        cross += v * z
        noise2 += z * z
        direction2 += directions[i] * directions[i]
    sums[VALUE_SQUARES] += values2
    sums[SLOPED_VALUE_SQUARES] += sloped2
    sums[SLOPED_CROSS] += sloped_cross
    sums[SLOPED_NOISE_SQUARES] += sloped_noise2
    sums[DIRECTION_VALUE] += direction_value
    sums[DIRECTION_NOISE] += direction_noise
    sums[CROSS] += cross
    sums[NOISE_SQUARES] += noise2
    sums[DIRECTION_SQUARES] += direction2


@kernel
def _draw_sums(
    words: Words,
    codes: Integers,
    parameters: Floats,
    first: int,
    last: int,
    log_scale: float,
    on_sphere: bool,
    room: Floats,
    sums: Floats,
) -> None:
    """Draw the units of a layer and fill ``sums``; on a sphere ``log_scale`` is its radius."""
    n = codes[first, FAN_OUT]
    a, b, c, w = words[0], words[1], words[2], words[3]
    directions = np.empty(n) if on_sphere else room[0]
    if on_sphere:
        fill_normal(words, directions)
        squares = 0.0
        for i in range(n):
            squares += directions[i] * directions[i]
        log_scale -= 0.5 * math.log(squares)
        a, b, c, w = words[0], words[1], words[2], words[3]
    scale = math.exp(min(log_scale, MOST_LOGARITHM))
    more_value = more_slope = 1.0
    while True:
        sums[:SLOPE_UNIT] = 0.0
        for start in range(0, n, BLOCK):
            size = min(BLOCK, n - start)
            if on_sphere:
                direction = directions[start : start + size]
            else:
                direction = directions[:size]
                fill_normal(words, direction)
            noise, x, values, slopes = (
                room[1, :size],
                room[2, :size],
                room[3, :size],
                room[4, :size],
            )
            fill_normal(words, noise)
            for i in range(size):
                x[i] = scale * direction[i]
            apply_functions(codes, parameters, first + 1, last, x, values, slopes)
            if more_value != 1.0 or more_slope != 1.0:
                for i in range(size):
                    values[i] *= more_value
                    slopes[i] *= more_slope
            _add_sums(direction, noise, values, slopes, sums)
        if more_value != 1.0 or more_slope != 1.0:
            break
        more_value = _rescue(sums[VALUE_SQUARES])
        more_slope = _rescue(sums[SLOPED_NOISE_SQUARES])
        if more_value == 1.0 and more_slope == 1.0:
            break
        words[0], words[1], words[2], words[3] = a, b, c, w
    sums[SLOPE_UNIT] = -math.log(more_slope)
    sums[LOG_LENGTH] = 0.5 * log_of(sums[VALUE_SQUARES]) - math.log(more_value)


@kernel
def _draw_sums_of_lines(
    words: Words,
    n: int,
    left: float,
    right: float,
    log_scale: float,
    on_sphere: bool,
    sums: Floats,
) -> None:
    """Draw the sums of a layer whose activation has the slopes ``left`` and ``right`` of 0."""
    steepest = max(abs(left), abs(right))
    log_steepest = 0.0
    if steepest != 1.0:
        log_steepest = log_of(steepest)
        if steepest > 0.0:
            left, right = left / steepest, right / steepest
    positive = n if left == right else draw_fair_binomial(words, n)
    negative = n - positive
    above = draw_chi_square(words, positive)
    noise_above = parallel_above = noise_below = parallel_below = 0.0
    if positive > 0:
        parallel_above = draw_normal(words)
        noise_above = parallel_above * parallel_above + draw_chi_square(words, positive - 1)
    below = 0.0
    if left == 0.0:
        # These units pass nothing on: only a sphere needs their share of its radius.
        if on_sphere:
            below = draw_chi_square(words, negative)
        noise_below = draw_chi_square(words, negative)
    elif negative > 0:
        below = draw_chi_square(words, negative)
        parallel_below = draw_normal(words)
        noise_below = parallel_below * parallel_below + draw_chi_square(words, negative - 1)
    cross_above = math.sqrt(above) * parallel_above
    cross_below = math.sqrt(below) * parallel_below
    left2, right2 = left * left, right * right
    value2 = right2 * above + left2 * below
    cross = right * cross_above + left * cross_below
    sums[VALUE_SQUARES] = value2
    sums[SLOPED_VALUE_SQUARES] = right2 * right2 * above + left2 * left2 * below
    sums[SLOPED_CROSS] = right2 * right * cross_above + left2 * left * cross_below
    sums[SLOPED_NOISE_SQUARES] = right2 * noise_above + left2 * noise_below
    sums[DIRECTION_VALUE] = value2
    sums[DIRECTION_NOISE] = cross
    sums[CROSS] = cross
    sums[NOISE_SQUARES] = noise_above + noise_below
    sums[DIRECTION_SQUARES] = above + below
    if on_sphere:
        log_scale -= 0.5 * log_of(above + below)
    sums[SLOPE_UNIT] = log_steepest
    sums[LOG_LENGTH] = log_scale + log_steepest + 0.5 * log_of(value2)


@kernel
def draw_radius(
    words: Words, fan_in: int, fan_out: int, log_gain: float, log_bias: float, record: Floats
) -> float:
    """Draw ln|Wx + b| for orthogonal weights, ``log_gain`` being ln(gain |x|).

    Fewer outputs than inputs see a part of x. The biases add a part along Wx and one across it.
    """
    stretch = 1.0
    if fan_out < fan_in:
        seen = draw_chi_square(words, fan_out)
        stretch = math.sqrt(seen / (seen + draw_chi_square(words, fan_in - fan_out)))
    record[STRETCH] = stretch
    record[COSINE], record[SINE] = 1.0, 0.0
    log_radius = log_gain + log_of(stretch)
    if log_bias == -math.inf:
        return log_radius
    unit = max(log_radius, log_bias)
    length, bias = math.exp(log_radius - unit), math.exp(log_bias - unit)
    along = length + bias * draw_normal(words)
    across = bias * math.sqrt(draw_chi_square(words, fan_out - 1))
    radius = math.hypot(along, across)
    record[COSINE], record[SINE] = along / radius, across / radius
    return unit + math.log(radius)


@kernel
def climb(
    words: Words,
    codes: Integers,
    parameters: Floats,
    firsts: Integers,
    logarithms: Floats,
    begin: int,
    end: int,
    log_input: float,
    room: Floats,
    records: Floats,
) -> None:
    """Draw the layers ``begin`` to ``end`` from the input up, filling their ``records``.

    ``records[l]`` belongs to layer l and ``records[0]`` to the input; ``room`` is (ROOM, BLOCK).
    """
    if begin == 0:
        records[0, LOG_LENGTH] = log_input
    for layer in range(begin, end):
        first, last = firsts[layer], firsts[layer + 1]
        record = records[layer + 1]
        fan_out = codes[first, FAN_OUT]
        log_weight, log_bias, log_near, log_far = logarithms[layer]
        log_gain = records[layer, LOG_LENGTH] + log_weight
        on_sphere = codes[first, WEIGHT_LAW] == ORTHOGONAL
        if on_sphere:
            log_scale = draw_radius(
                words, codes[first, FAN_IN], fan_out, log_gain, log_bias, record
            )
            # The typical size of a unit, which chooses the regime.
            size = log_scale - 0.5 * math.log(fan_out)
        elif log_bias == -math.inf:
            log_scale = size = log_gain
            record[COSINE], record[SINE] = 1.0, 0.0
        else:
            log_scale = size = 0.5 * log_of_sum(2.0 * log_gain, 2.0 * log_bias)
            record[COSINE] = math.exp(log_gain - log_scale)
            record[SINE] = math.exp(log_bias - log_scale)
        row = parameters[first]
        # A signal of zero has the derivative at 0, which belongs to neither side.
        if -math.inf < size < log_near:
            left, right = row[NEAR_LEFT], row[NEAR_RIGHT]
            _draw_sums_of_lines(words, fan_out, left, right, log_scale, on_sphere, record)
        elif size > log_far:
            left, right = row[FAR_LEFT], row[FAR_RIGHT]
            _draw_sums_of_lines(words, fan_out, left, right, log_scale, on_sphere, record)
        else:
            _draw_sums(words, codes, parameters, first, last, log_scale, on_sphere, room, record)


@kernel
def descend(
    words: Words,
    codes: Integers,
    firsts: Integers,
    logarithms: Floats,
    records: Floats,
    log_gradients: Floats,
    log_sensitivities: Floats,
) -> None:
    r"""Pass a random gradient of norm 1 from the output down, by the ``records`` of the way up.

    ``log_gradients[l]`` becomes :math:`\ln|\partial\ell/\partial x^l|`, and
    ``log_sensitivities[l]`` the same for the pre-activations of layer l; its entry 0 is left alone.
    """
    depth = firsts.size - 1
    log_gradients[depth] = 0.0
    # The gradient at x' is (along v + across z) times a length whose logarithm is log_size.
    along, across = 0.0, 1.0 / math.sqrt(records[depth, NOISE_SQUARES])
    log_size = 0.0
    for layer in range(depth, 0, -1):
        record, first = records[layer], firsts[layer - 1]
        squares = (
            along * along * record[SLOPED_VALUE_SQUARES]
            + 2.0 * along * across * record[SLOPED_CROSS]
            + across * across * record[SLOPED_NOISE_SQUARES]
        )
        squares = not_negative(squares)
        log_size += record[SLOPE_UNIT] + 0.5 * log_of(squares)
        log_sensitivities[layer] = log_size
        if log_size == -math.inf:
            log_sensitivities[1:layer] = -math.inf
            log_gradients[:layer] = -math.inf
            return
        overlap = along * record[DIRECTION_VALUE] + across * record[DIRECTION_NOISE]
        overlap /= math.sqrt(squares)

        fan_in, fan_out = codes[first, FAN_IN], codes[first, FAN_OUT]
        below = records[layer - 1]
        no_input = below[LOG_LENGTH] == -math.inf
        log_size += logarithms[layer - 1, LOG_WEIGHT]
        if log_size == -math.inf:
            log_sensitivities[1:layer] = -math.inf
            log_gradients[:layer] = -math.inf
            return
        complement = fan_in if no_input else fan_in - 1
        orthogonal = codes[first, WEIGHT_LAW] == ORTHOGONAL
        if orthogonal:
            # The cosine between Wx and u, by way of s.
            cosine = min(max(overlap / math.sqrt(record[DIRECTION_SQUARES]), -1.0), 1.0)
            if record[SINE] > 0.0:
                sideways = draw_normal(words)
                rest = draw_chi_square(words, fan_out - 2)
                sideways *= math.sqrt((1.0 - cosine * cosine) / (sideways * sideways + rest))
                cosine = record[COSINE] * cosine + record[SINE] * sideways
            component = 0.0 if no_input else record[STRETCH] * cosine
            transverse = max(1.0 - component * component, 0.0)
            if complement == 0:
                transverse = 0.0
            elif fan_out > fan_in:
                kept = draw_chi_square(words, complement)
                transverse *= kept / (kept + draw_chi_square(words, fan_out - fan_in))
        else:
            component = record[COSINE] * overlap
            if record[SINE] > 0.0:
                component += record[SINE] * draw_normal(words)
            if no_input:
                component = 0.0
            transverse = 0.0

        if layer == 1:
            if not orthogonal:
                transverse = draw_chi_square(words, complement)
            length2 = component * component + transverse
        else:
            projection = per_length = 0.0
            if not no_input:
                per_length = 1.0 / math.sqrt(below[VALUE_SQUARES])
                projection = below[CROSS] * per_length
            noise2 = max(below[NOISE_SQUARES] - projection * projection, 0.0)
            if complement == 0:
                across = 0.0
                length2 = component * component
            elif orthogonal:
                across = math.sqrt(transverse / noise2) if noise2 > 0.0 else 0.0
                length2 = component * component + transverse
            else:
                across = 1.0
                length2 = component * component + noise2
            along = (component - across * projection) * per_length
        log_gradients[layer - 1] = log_size + 0.5 * log_of(length2)


@kernel
def draw_log_input(words: Words, codes: Integers, log_input: float, gaussian_inputs: bool) -> float:
    """Return the logarithm of the input's length, which is random for a Gaussian input."""
    if gaussian_inputs:
        return 0.5 * log_of(draw_chi_square(words, codes[0, FAN_IN]))
    return log_input


@kernel
def attenuate(
    words: Words,
    codes: Integers,
    parameters: Floats,
    firsts: Integers,
    log_input: float,
    gaussian_inputs: bool,
    recorded: Integers,
    room: Floats,
    records: Floats,
    paths: Floats,
    out: Floats,
) -> None:
    """Fill the rows of ``out`` with trials, as `record_trial` orders them.

    ``paths`` is room for four logarithms a layer.
    """
    depth = firsts.size - 1
    logarithms = layer_logarithms(parameters, firsts)
    for trial in range(out.shape[0]):
        start = draw_log_input(words, codes, log_input, gaussian_inputs)
        climb(words, codes, parameters, firsts, logarithms, 0, depth, start, room, records)
        descend_and_record(words, codes, firsts, logarithms, recorded, records, paths, out[trial])


@kernel
def descend_and_record(
    words: Words,
    codes: Integers,
    firsts: Integers,
    logarithms: Floats,
    recorded: Integers,
    records: Floats,
    paths: Floats,
    out: Floats,
) -> None:
    """Fill ``out`` with a trial, given the ``records`` of its way up."""
    gradients, lengths, sensitivities, weights = paths
    descend(words, codes, firsts, logarithms, records, gradients, sensitivities)
    lengths[0] = records[0, LOG_LENGTH]
    # The gradient of a layer's weights is u xᵀ, that of its biases u itself.
    for layer in range(1, lengths.size):
        lengths[layer] = records[layer, LOG_LENGTH]
        weights[layer] = sensitivities[layer] + lengths[layer - 1]
    record_trial(recorded, gradients, lengths, sensitivities, weights, sensitivities, out)
