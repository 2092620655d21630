r"""Frames of orthonormal vectors carried along products, which measure all rates of growth at once.

With QR decompositions :math:`A_t Q_{t-1} = Q_t R_t` the logarithms of the j-th diagonal entries of
the :math:`R_t` sum up to the growth of the j-th direction :cite:p:`Benettin1980`. Between two
decompositions the factors may also multiply the frame several times, as long as its vectors do not
fall together: their lengths and angles then still hold the digits that are asked of them.

Lanes of independent frames are decomposed by modified Gram-Schmidt, whose loops over them
vectorize. Where a projection leaves less than 1e-8 of a vector, or a length leaves the float range,
the lane goes back to its last frame and takes the steps one by one, with Householder's
reflections and the rows in the order of their sizes, which keep small rows precise
:cite:p:`Cox1998`. A vector that vanishes to rounding has lost the rank that it stood for: the
vectors behind it move up, and the growth of the last direction is ``-inf`` from there on.
"""

import math
from typing import Any

import numpy as np

from stabsim._kernels._jit import kernel, summing_kernel
from stabsim._kernels.chain import multiply_lanes
from stabsim._kernels.factors import Numbers, orthonormalize
from stabsim._kernels.graded import descending_order
from stabsim._kernels.multiplication import times
from stabsim._kernels.scaling import LEAST, MOST, matrix_exponent, scale_matrix, scaled_log
from stabsim._kernels.stream import Floats, Integers, Words, fill_normal

# The least share of a vector's square that a projection may leave.
_LEAST_SHARE = 1e-16
# An entry this small beside the row of the factor that made it is rounding, times the size.
_ROUNDING = 16.0 * 2.0**-53


@kernel
def fill_frames(words: Words, memory: Floats, frames: Numbers) -> None:
    """Fill ``frames`` (n, k, lanes) with uniformly distributed orthonormal columns.

    ``memory`` is room for the real numbers of one frame.
    """
    n, k, lanes = frames.shape
    rows: Any = memory.view(frames.dtype).reshape(k, n)
    for lane in range(lanes):
        fill_normal(words, memory)
        orthonormalize(rows)
        for j in range(k):
            for i in range(n):
                frames[i, j, lane] = rows[j, i]


@summing_kernel
def _squared_lengths(frames: Numbers, j: int, out: Floats) -> None:
    """Write the squared length of column ``j`` in every lane."""
    for lane in range(out.size):
        out[lane] = 0.0
    for i in range(frames.shape[0]):
        column = frames[i, j]
        for lane in range(out.size):
            x = column[lane]
            out[lane] += x.real * x.real + x.imag * x.imag


@summing_kernel
def _project(frames: Numbers, p: int, j: int, weights: Numbers) -> None:
    """Take from column ``j`` its part along the unit column ``p``, lane by lane."""
    n, lanes = frames.shape[0], frames.shape[2]
    for lane in range(lanes):
        weights[lane] = 0.0
    for i in range(n):
        unit, column = frames[i, p], frames[i, j]
        for lane in range(lanes):
            weights[lane] += times(unit[lane].conjugate(), column[lane])
    for i in range(n):
        unit, column = frames[i, p], frames[i, j]
        for lane in range(lanes):
            column[lane] -= times(weights[lane], unit[lane])


@kernel
def _is_sound(before: float, after: float) -> bool:
    """Return whether a column kept its digits in a projection; a NaN has not."""
    return LEAST < before < MOST and after > _LEAST_SHARE * before


@kernel
def _orthonormalize_lanes(
    frames: Numbers, sums: Floats, weights: Numbers, diagonals: Floats, unsound: Integers
) -> None:
    """Replace the columns by orthonormal ones, lane by lane.

    ``diagonals`` (k, lanes) takes the lengths that were left, and ``unsound`` whether digits were
    lost. Where ``sums`` are ``-inf`` the columns, behind all others, are zeros and stay so.
    """
    n, k, lanes = frames.shape
    before, after = np.empty(lanes), np.empty(lanes)
    unsound[:] = 0
    for j in range(k):
        _squared_lengths(frames, j, before)
        for p in range(j):
            _project(frames, p, j, weights)
        _squared_lengths(frames, j, after)
        for lane in range(lanes):
            length = math.sqrt(after[lane])
            # A column that is zero without having been so may have left the float range.
            if sums[j, lane] > -math.inf and not _is_sound(before[lane], after[lane]):
                unsound[lane] = 1
            diagonals[j, lane] = length
            after[lane] = 1.0 / length if length > 0.0 else 0.0
        for i in range(n):
            column = frames[i, j]
            for lane in range(lanes):
                column[lane] *= after[lane]


@kernel
def _decompose(matrix: Numbers, sizes: Floats, frame: Numbers, diagonal: Floats) -> int:
    """Fill ``frame`` with an orthonormal basis of the columns of ``matrix``; return their rank.

    The first ``rank`` entries of ``diagonal`` become the lengths that the columns had beyond the
    span of those before them; columns that had none are left out, and the last ones of ``frame``
    zero. ``sizes`` are those that the rounding errors of the rows are compared with.
    """
    n, k = matrix.shape
    order = np.empty(n, np.int64)
    descending_order(sizes, order)
    work: Any = np.empty((n, k), matrix.dtype)
    for i in range(n):
        for j in range(k):
            work[i, j] = matrix[order[i], j]
    reflectors = np.zeros((k, n), matrix.dtype)
    rank = 0
    for j in range(k):
        largest = 0.0
        negligible = True
        for i in range(rank, n):
            size = abs(work[i, j])
            largest = max(largest, size)
            negligible = negligible and size <= _ROUNDING * n * sizes[order[i]]
        if negligible:
            continue
        v = reflectors[rank]
        square = 0.0
        for i in range(rank, n):
            v[i] = work[i, j] / largest
            square += v[i].real * v[i].real + v[i].imag * v[i].imag
        norm = math.sqrt(square)
        first = abs(v[rank])
        if first > 0.0:
            v[rank] *= 1.0 + norm / first
        else:
            v[rank] = norm
        factor = 1.0 / math.sqrt(norm * (norm + first))
        for i in range(rank, n):
            v[i] *= factor
        for column in range(j + 1, k):
            _reflect(v, rank, work, column)
        diagonal[rank] = norm * largest
        rank += 1
    for j in range(k):
        for i in range(n):
            work[i, j] = 0.0
        if j < rank:
            work[j, j] = 1.0
            for p in range(j, -1, -1):
                _reflect(reflectors[p], p, work, j)
        for i in range(n):
            frame[order[i], j] = work[i, j]
    return rank


@kernel
def _reflect(v: Numbers, first: int, matrix: Numbers, column: int) -> None:
    """Pass a column through the reflection :math:`1 - vv^*`, whose v begins at ``first``."""
    total = v[first].conjugate() * matrix[first, column]
    for i in range(first + 1, v.size):
        total += v[i].conjugate() * matrix[i, column]
    for i in range(first, v.size):
        matrix[i, column] -= total * v[i]


@kernel
def _carry_carefully(factors: Numbers, frame: Numbers, sums: Floats) -> None:
    """Carry the ``frame`` (n, k) of one lane along ``factors`` (steps, n, n), step by step."""
    n, k = frame.shape
    image: Any = np.empty((n, k), frame.dtype)
    factor: Any = np.empty((n, n), frame.dtype)
    sizes, diagonal = np.empty(n), np.empty(k)
    for step in range(factors.shape[0]):
        for i in range(n):
            for p in range(n):
                factor[i, p] = factors[step, i, p]
        exponent = matrix_exponent(factor)
        scale_matrix(factor, -exponent)
        for i in range(n):
            sizes[i] = 0.0
            for p in range(n):
                sizes[i] = max(sizes[i], abs(factor[i, p]))
            for j in range(k):
                total = factor[i, 0] * frame[0, j]
                for p in range(1, n):
                    total += factor[i, p] * frame[p, j]
                image[i, j] = total
        rank = _decompose(image, sizes, frame, diagonal)
        for j in range(k):
            if j < rank:
                sums[j] += scaled_log(diagonal[j], exponent)
            else:
                sums[j] = -math.inf


@kernel
def _gather(diagonals: Floats, unsound: Integers, pending: Floats, sums: Floats) -> None:
    """Multiply the sound lanes' lengths into ``pending``, of which few logarithms are taken."""
    for j in range(pending.shape[0]):
        for lane in range(pending.shape[1]):
            if unsound[lane] == 0:
                pending[j, lane] *= diagonals[j, lane]
                if not (LEAST < pending[j, lane] < MOST):
                    sums[j, lane] += scaled_log(pending[j, lane], 0)
                    pending[j, lane] = 1.0


@kernel
def carry_frames(factors: Numbers, frames: Numbers, sums: Floats, interval: int) -> None:
    """Carry frames along a batch of factors, lane by lane.

    Parameters
    ----------
    factors : (steps, n, n, lanes) array
        The factors.
    frames : (3, n, k, lanes) array
        ``frames[0]`` are the orthonormal frames, replaced by those after all steps; the others are
        room for their images.
    sums : (k, lanes) array
        The logarithms of the growth, which are added to.
    interval : int
        Steps from one decomposition to the next.
    """
    steps, n = factors.shape[0], factors.shape[1]
    k, lanes = sums.shape
    weights: Any = np.empty(lanes, frames.dtype)
    diagonals, pending = np.empty((k, lanes)), np.ones((k, lanes))
    unsound = np.empty(lanes, np.int64)
    for start in range(0, steps, interval):
        stop = min(start + interval, steps)
        image = frames[0]
        for step in range(start, stop):
            source, image = image, frames[1 + (step - start) % 2]
            multiply_lanes(factors[step], source, image)
        _orthonormalize_lanes(image, sums, weights, diagonals, unsound)
        _gather(diagonals, unsound, pending, sums)
        for lane in range(lanes):
            if unsound[lane] == 1:
                _carry_carefully(
                    factors[start:stop, :, :, lane], frames[0, :, :, lane], sums[:, lane]
                )
            else:
                for i in range(n):
                    for j in range(k):
                        frames[0, i, j, lane] = image[i, j, lane]
    for j in range(k):
        for lane in range(lanes):
            sums[j, lane] += scaled_log(pending[j, lane], 0)


@kernel
def carry_wide_frame(factors: Numbers, frames: Numbers, sums: Floats, interval: int) -> None:
    """Do what `carry_frames` does by BLAS and LAPACK, for a single lane."""
    steps, n = factors.shape[0], factors.shape[1]
    k = sums.shape[0]
    lengths = np.empty(k)
    for start in range(0, steps, interval):
        stop = min(start + interval, steps)
        image = frames[0].reshape(n, k)
        for step in range(start, stop):
            source, image = image, frames[1 + (step - start) % 2].reshape(n, k)
            np.dot(factors[step].reshape(n, n), source, image)
        # Columns of zeros stand for lost ranks and stay behind.
        live = k
        while live > 0 and sums[live - 1, 0] == -math.inf:
            live -= 1
        sound = bool(np.isfinite(np.abs(image).sum()))
        if sound:
            unitary, triangle = np.linalg.qr(np.ascontiguousarray(image[:, :live]))
            for j in range(live):
                before = 0.0
                for i in range(j + 1):
                    x = triangle[i, j]
                    before += x.real * x.real + x.imag * x.imag
                lengths[j] = abs(triangle[j, j])
                sound = sound and _is_sound(before, lengths[j] * lengths[j])
        if sound:
            for j in range(k):
                for i in range(n):
                    frames[0, i, j, 0] = unitary[i, j] if j < live else 0.0
                sums[j, 0] += scaled_log(lengths[j], 0) if j < live else -math.inf
        else:
            _carry_carefully(factors[start:stop, :, :, 0], frames[0, :, :, 0], sums[:, 0])
