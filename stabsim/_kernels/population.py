r"""Populations of weighted unit vectors, for moments of products of random matrices.

A walker is a unit vector :math:`v` with a weight. A step multiplies every walker by a factor of its
own, its weight by :math:`|A v|^q`, and scales the vector back to length 1. The logarithm of the
population's mean weight is recorded and taken out, so weights have the mean 1 between steps. When
the effective sample size :math:`(\sum w)^2 / \sum w^2` has fallen below `RESAMPLE_BELOW` walkers'
worth, the walkers are drawn anew in proportion to their weights, by systematic resampling.

All orders :math:`q` use the same factors and the same uniform variables, so what happens to one
does not depend on the others.
"""

import math

import numpy as np

from stabsim._kernels._jit import kernel, summing_kernel
from stabsim._kernels.chain import multiply_lanes
from stabsim._kernels.factors import Numbers
from stabsim._kernels.radial import fill_ratios
from stabsim._kernels.scaling import LEAST, MOST, matrix_exponent, scale_matrix
from stabsim._kernels.stream import Floats, Integers, Words

#: The share of the walkers that the effective sample size must keep.
RESAMPLE_BELOW = 0.5

_LOG_2 = math.log(2.0)


@kernel
def fill_growth(
    words: Words,
    family: int,
    degrees: int,
    complement: int,
    shift: float,
    scale: float,
    out: Floats,
) -> None:
    """Fill ``out`` with independent ratios of lengths of a reduced law."""
    along, rest = np.empty(out.size), np.empty(out.size)
    fill_ratios(words, family, degrees, complement, shift, scale, along, rest, out)
    for i in range(out.size):
        out[i] = math.sqrt(out[i])


@summing_kernel
def _squared_lengths(vectors: Numbers, out: Floats) -> None:
    """Write the squared length of every lane of ``vectors`` (n, 1, lanes)."""
    for lane in range(out.size):
        out[lane] = 0.0
    for i in range(vectors.shape[0]):
        for lane in range(out.size):
            x = vectors[i, 0, lane]
            out[lane] += x.real * x.real + x.imag * x.imag


@kernel
def _rescaled_square(factor: Numbers, before: Numbers, after: Numbers) -> tuple[float, int]:
    """Multiply a unit vector where its image leaves the float range.

    Writes ``after`` (n, 1) as :math:`2^{-e} A v` and returns its squared length and e.
    """
    scaled = factor.copy()
    exponent = matrix_exponent(scaled)
    scale_matrix(scaled, -exponent)
    for i in range(after.shape[0]):
        after[i, 0] = 0.0
        for k in range(after.shape[0]):
            after[i, 0] += scaled[i, k] * before[k, 0]
    second = matrix_exponent(after)
    scale_matrix(after, -second)
    square = 0.0
    for i in range(after.shape[0]):
        x = after[i, 0]
        square += x.real * x.real + x.imag * x.imag
    return square, exponent + second


@kernel
def _move(factor: Numbers, before: Numbers, after: Numbers, logs: Floats) -> None:
    """Multiply walkers ``before`` (n, 1, lanes) and write unit vectors and the logs of growth."""
    multiply_lanes(factor, before, after)
    _squared_lengths(after, logs)
    for lane in range(logs.size):
        square, exponent = logs[lane], 0
        # A NaN from inf - inf fails this comparison too.
        if not (LEAST < square < MOST):
            square, exponent = _rescaled_square(
                factor[:, :, lane], before[:, :, lane], after[:, :, lane]
            )
        inverse = 0.0
        logs[lane] = -math.inf
        if square > 0.0:
            inverse = 1.0 / math.sqrt(square)
            logs[lane] = 0.5 * math.log(square) + _LOG_2 * exponent
        for i in range(after.shape[0]):
            after[i, 0, lane] *= inverse


@kernel
def _choose_parents(weights: Floats, total: float, point: float, parents: Integers) -> None:
    """Choose walkers in proportion to ``weights``, with one uniform variable, in ascending order.

    A walker gets as many children as its share of ``total``, rounded up or down.
    """
    count = weights.size
    step = total / count
    reached, walker = weights[0], 0
    for k in range(count):
        position = (k + point) * step
        while reached <= position and walker < count - 1:
            walker += 1
            reached += weights[walker]
        parents[k] = walker


@kernel
def _count_distinct(ascending: Integers) -> int:
    count = 1
    for k in range(1, ascending.size):
        if ascending[k] != ascending[k - 1]:
            count += 1
    return count


@kernel
def advance_populations(
    factors: Numbers,
    orders: Floats,
    points: Floats,
    walkers: Numbers,
    log_weights: Floats,
    fates: Floats,
    ancestors: Integers,
    clock: int,
    log_means: Floats,
    effective: Floats,
    spacings: Floats,
    survivors: Integers,
    sums: Floats,
    squares: Floats,
) -> None:
    """Advance the populations of all orders by a batch of steps.

    Parameters
    ----------
    factors : (steps, n, n, lanes) array
        The factors, a lane for each walker.
    orders : (Q,) array
        The orders q of the moments, none of them zero.
    points : (steps,) array
        A uniform variable on [0, 1) for the resampling of every step.
    walkers : (Q, n, 1, lanes) array
        The unit vectors, written anew.
    log_weights : (Q, lanes) array
        The logarithms of the weights, whose mean is 1; written anew.
    fates : (Q,) array
        Zero for the populations that go on. The others ended: at ``-inf`` once all vectors had
        vanished, for a negative order at ``inf`` once one had.
    ancestors : (Q, J, lanes) array
        Of every walker the index of its ancestor in the current window of :math:`2^j` steps.
    clock : int
        Steps done since the windows began.
    log_means : (steps, Q) array
        Takes the logarithms of the mean weights; 0 for a population that ended.
    effective : (steps, Q) array
        Takes the effective sample sizes before resampling; 0 for a population that ended.
    spacings : (steps, Q) array
        Takes the logarithms of the ratio of the two largest factors of weights, a sample of the
        exponent of their tail; 0 where there are no two.
    survivors : (Q, J) array
        The numbers of distinct ancestors at the ends of windows are added to it.
    sums : (Q, J) array
        The sums of ``log_means`` over the steps of windows not yet ended.
    squares : (Q, J) array
        The squares of such sums of windows that ended are added to it.
    """
    lanes = factors.shape[3]
    moved = np.empty_like(walkers[0])
    logs, weights = np.empty(lanes), np.empty(lanes)
    parents, inherited = np.empty(lanes, np.int64), np.empty(lanes, np.int64)
    for step in range(factors.shape[0]):
        for q in range(orders.size):
            log_means[step, q] = effective[step, q] = spacings[step, q] = 0.0
            if fates[q] != 0.0:
                continue
            own, moments, order = walkers[q], log_weights[q], orders[q]
            _move(factors[step], own, moved, logs)
            largest = first = second = -math.inf
            for lane in range(lanes):
                growth = order * logs[lane]
                second = max(second, min(first, growth))
                first = max(first, growth)
                moments[lane] += growth
                largest = max(largest, moments[lane])
            if math.isinf(largest):
                fates[q] = largest
                continue
            total, total_squares = 0.0, 0.0
            for lane in range(lanes):
                weights[lane] = math.exp(moments[lane] - largest)
                total += weights[lane]
                total_squares += weights[lane] * weights[lane]
            if second > -math.inf:
                spacings[step, q] = first - second
            mean = largest + math.log(total / lanes)
            log_means[step, q] = mean
            effective[step, q] = total * total / total_squares
            if effective[step, q] < RESAMPLE_BELOW * lanes:
                _choose_parents(weights, total, points[step], parents)
                for lane in range(lanes):
                    moments[lane] = 0.0
                for i in range(own.shape[0]):
                    for lane in range(lanes):
                        own[i, 0, lane] = moved[i, 0, parents[lane]]
                for window in range(ancestors.shape[1]):
                    for lane in range(lanes):
                        inherited[lane] = ancestors[q, window, parents[lane]]
                    ancestors[q, window] = inherited
            else:
                for lane in range(lanes):
                    moments[lane] -= mean
                for i in range(own.shape[0]):
                    for lane in range(lanes):
                        own[i, 0, lane] = moved[i, 0, lane]
            for window in range(ancestors.shape[1]):
                sums[q, window] += mean
                if (clock + step + 1) % (1 << window) == 0:
                    survivors[q, window] += _count_distinct(ancestors[q, window])
                    squares[q, window] += sums[q, window] ** 2
                    ancestors[q, window] = np.arange(lanes)
                    sums[q, window] = 0.0
