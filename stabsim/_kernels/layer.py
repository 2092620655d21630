"""What a layer does to several signals at once, however its weights are drawn.

Signals and gradients are arrays (inputs, units) of norm 1, beside the logarithm of the norm that
they really have.
"""

import math

import numpy as np

from stabsim._kernels._jit import kernel, summing_kernel
from stabsim._kernels.activations import apply_both
from stabsim._kernels.program import (
    ACTIVATION,
    FAR,
    FAR_LEFT,
    FAR_RIGHT,
    NEAR,
    NEAR_LEFT,
    NEAR_RIGHT,
)
from stabsim._kernels.stream import Floats, Integers

# Numbers whose largest is in this range can be squared and added without a loss.
_LEAST, _MOST = 2.0**-300, 2.0**300
# What is left of a vector beside others, relative to itself, below which it depends on them.
_DEPENDENT = 1e-12
#: An exponent whose exponential is a float64, and so are a few multiples of it.
MOST_LOGARITHM = 700.0


@kernel
def log_of(x: float) -> float:
    """Return the natural logarithm of a number that is not negative, ``-inf`` for zero."""
    return math.log(x) if x != 0.0 else -math.inf


@kernel
def not_negative(x: float) -> float:
    """Return a number that only rounding has made negative; NaN stays NaN."""
    return 0.0 if x < 0.0 else x  # noqa: FURB136 - a maximum need not keep NaN


@kernel
def log_of_sum(x: float, y: float) -> float:
    """Return ln(e^x + e^y)."""
    larger, smaller = max(x, y), min(x, y)
    if smaller == -math.inf:
        return larger
    return larger + math.log1p(math.exp(smaller - larger))


@summing_kernel
def dot(x: Floats, y: Floats) -> float:
    """Return the inner product."""
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i]
    return total


@kernel
def add_multiple(factor: float, x: Floats, y: Floats) -> None:
    """Add ``factor * x`` to ``y``."""
    for i in range(x.size):
        y[i] += factor * x[i]


@kernel
def normalize(vectors: Floats) -> float:
    """Divide by the norm of all numbers together and return its logarithm; zero stays zero."""
    largest = 0.0
    for vector in vectors:
        for x in vector:
            # So written, NaN is the largest.
            if not abs(x) <= largest:
                largest = abs(x)
    if largest == 0.0:
        return -math.inf
    unit = 1.0 if _LEAST < largest < _MOST else largest
    squares = 0.0
    for vector in vectors:
        for i in range(vector.size):
            vector[i] /= unit
        squares += dot(vector, vector)
    norm = math.sqrt(squares)
    for vector in vectors:
        for i in range(vector.size):
            vector[i] /= norm
    return math.log(unit) + math.log(norm)


@kernel
def orthonormal_factor(vectors: Floats, lower: Floats) -> None:
    """Replace the rows of ``vectors`` by Q and fill ``lower`` with R, where vectors = R Q.

    Q has orthonormal rows, by Gram and Schmidt's projections, each done twice; a row that depends
    on those before it becomes zero.
    """
    lower[:] = 0.0
    for j in range(vectors.shape[0]):
        row = vectors[j]
        before = math.sqrt(dot(row, row))
        for _ in range(2):
            for k in range(j):
                weight = dot(vectors[k], row)
                lower[j, k] += weight
                add_multiple(-weight, vectors[k], row)
        length = math.sqrt(dot(row, row))
        if length <= _DEPENDENT * before:
            row[:] = 0.0
        else:
            lower[j, j] = length
            for i in range(row.size):
                row[i] /= length


@kernel
def cholesky_factor(gram: Floats, sizes: Floats, lower: Floats) -> None:
    """Fill ``lower`` with L, where L Lᵀ = ``gram``, positive semidefinite.

    A row whose square beside those before it is negligible to its entry of ``sizes`` has a column
    of zeros.
    """
    lower[:] = 0.0
    for j in range(gram.shape[0]):
        square = gram[j, j] - dot(lower[j, :j], lower[j, :j])
        if square <= _DEPENDENT * sizes[j]:
            continue
        lower[j, j] = math.sqrt(square)
        for i in range(j + 1, gram.shape[0]):
            lower[i, j] = (gram[i, j] - dot(lower[i, :j], lower[j, :j])) / lower[j, j]


@kernel
def solve_lower(lower: Floats, vectors: Floats) -> None:
    """Solve ``lower`` X = ``vectors`` in place; rows without a pivot vanish."""
    for j in range(vectors.shape[0]):
        if lower[j, j] == 0.0:
            vectors[j] = 0.0
            continue
        for k in range(j):
            add_multiple(-lower[j, k], vectors[k], vectors[j])
        for i in range(vectors.shape[1]):
            vectors[j, i] /= lower[j, j]


@kernel
def gram_matrix(left: Floats, right: Floats, gram: Floats) -> None:
    """Fill ``gram`` with the inner products of the rows of ``left`` and ``right``."""
    for j in range(left.shape[0]):
        for k in range(right.shape[0]):
            gram[j, k] = dot(left[j], right[k])


@kernel
def apply_functions(
    codes: Integers,
    parameters: Floats,
    first: int,
    last: int,
    x: Floats,
    values: Floats,
    slopes: Floats,
) -> None:
    """Fill ``values`` and ``slopes`` with the functions of rows ``first`` to ``last``, composed.

    ``x`` is spoilt where there are several. Without any, the values are ``x`` itself.
    """
    if first == last:
        values[:] = x
        slopes[:] = 1.0
        return
    apply_both(codes[first, ACTIVATION], parameters[first], x, values, slopes)
    for row in range(first + 1, last):
        inner = slopes.copy()
        x[:] = values
        apply_both(codes[row, ACTIVATION], parameters[row], x, values, slopes)
        for i in range(slopes.size):
            slopes[i] *= inner[i]


@kernel
def _apply_lines(left: float, right: float, x: Floats, values: Floats, slopes: Floats) -> None:
    for i in range(x.size):
        slopes[i] = right if x[i] > 0.0 else left
        values[i] = slopes[i] * x[i]


@kernel
def activate(
    codes: Integers,
    parameters: Floats,
    first: int,
    last: int,
    log_unit: float,
    signals: Floats,
    values: Floats,
    slopes: Floats,
) -> float:
    """Apply the functions after the linear map in row ``first`` to its outputs.

    ``signals`` (inputs, units) are in units of ``exp(log_unit)``, and are spoilt. Fills ``slopes``,
    fills ``values`` with the outputs divided by their norm, and returns the norm's logarithm.
    """
    row = parameters[first]
    log_near, log_far = log_of(row[NEAR]), log_of(row[FAR])
    unit = math.exp(min(log_unit, MOST_LOGARITHM))
    # Every signal has a regime of its own, and so a unit; a zero has none.
    log_units = np.full(len(signals), -math.inf)
    for j in range(len(signals)):
        x, value, slope = signals[j], values[j], slopes[j]
        size = log_unit + log_of(math.sqrt(dot(x, x) / x.size))
        if -math.inf < size < log_near:
            _apply_lines(row[NEAR_LEFT], row[NEAR_RIGHT], x, value, slope)
        elif size > log_far:
            _apply_lines(row[FAR_LEFT], row[FAR_RIGHT], x, value, slope)
        else:
            for i in range(x.size):
                x[i] *= unit
            apply_functions(codes, parameters, first + 1, last, x, value, slope)
        if value.any():
            lines = -math.inf < size < log_near or size > log_far
            log_units[j] = log_unit if lines else 0.0
    common: float = log_units.max()
    if common == -math.inf:
        return normalize(values)
    for j in range(len(signals)):
        if -math.inf < log_units[j] < common:
            values[j] *= math.exp(log_units[j] - common)
    return common + normalize(values)


@kernel
def backpropagate(slopes: Floats, log_size: float, gradients: Floats) -> float:
    """Multiply ``gradients`` by the slopes, divide by their norm, and return its logarithm."""
    gradients *= slopes
    return log_size + normalize(gradients)


@kernel
def log_weight_gradient(inputs: Floats, gradients: Floats) -> float:
    """Return ln of the norm of ΣᵤΣₓ u xᵀ, given the two Gram matrices."""
    return 0.5 * log_of(not_negative(dot(inputs.reshape(-1), gradients.reshape(-1))))


@kernel
def log_bias_gradient(gradients: Floats) -> float:
    """Return ln of the norm of the sum of the gradients, given their Gram matrix."""
    return 0.5 * log_of(not_negative(np.sum(gradients)))


@kernel
def record_trial(
    recorded: Integers,
    log_gradients: Floats,
    log_lengths: Floats,
    log_sensitivities: Floats,
    log_weight_gradients: Floats,
    log_bias_gradients: Floats,
    out: Floats,
) -> None:
    """Fill ``out`` with the logarithms at the ``recorded`` layers, of which the first is 0.

    First of the gradients and of the lengths at all of them, then, without layer 0, of the
    gradients of the pre-activations, of the weights and of the biases.
    """
    count = recorded.size
    for i in range(count):
        layer = recorded[i]
        out[i] = log_gradients[layer]
        out[count + i] = log_lengths[layer]
        if i > 0:
            out[2 * count + i - 1] = log_sensitivities[layer]
            out[3 * count + i - 2] = log_weight_gradients[layer]
            out[4 * count + i - 3] = log_bias_gradients[layer]
