r"""Random factors: one kernel that fills a batch of matrices of any built-in ensemble.

An ensemble is data here: an integer code, its parameters and, where it has them, its matrices. A
batch has the shape ``(n, n, lanes)``; the lanes are independent copies, side by side in memory so
that loops over them vectorize. ``flat`` is the same memory as real numbers.
"""

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stabsim._kernels._jit import kernel
from stabsim._kernels.stream import (
    Floats,
    Words,
    exponential,
    fill_gamma,
    fill_normal,
    fill_signs,
    fill_uniform,
    next_word,
    normal,
    unit,
)

#: A real or complex array.
Numbers = NDArray[np.float64] | NDArray[np.complex128]

# The codes, each with its parameters. Entries are standardized to standard deviation ``scale``.
SUPPLIED = 0  # the factors are there already
GAUSSIAN = 1  # scale (of a real or imaginary part)
UNIFORM = 2  # scale
RADEMACHER = 3  # scale
LAPLACE = 4  # scale
STUDENT = 5  # scale, degrees of freedom
SPARSE = 6  # scale, density
FINITE = 7  # cumulative probabilities, one for each of ``matrices``
ANDERSON_UNIFORM = 8  # energy, disorder
ANDERSON_GAUSSIAN = 9  # energy, disorder
ANDERSON_CAUCHY = 10  # energy, disorder
HAAR = 11  # scale, size of the Haar matrix whose corner the factor is

_ROUNDING = 0.7071


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _overlap(left: Numbers, right: Numbers) -> Any:
    """Return the inner product of two vectors, the left one conjugated."""
    total = left[0].conjugate() * right[0]
    for i in range(1, left.size):
        total += left[i].conjugate() * right[i]
    return total


@kernel
def orthonormalize(rows: Numbers) -> None:
    """Replace the rows by the orthonormal ones that Gram and Schmidt make of them.

    A row is projected until a projection leaves most of it, which keeps the rows orthogonal to
    rounding however close to dependent they were. The triangular factor has a positive diagonal,
    so Gaussian rows become a Haar-distributed frame.
    """
    for i in range(rows.shape[0]):
        row = rows[i]
        length = math.sqrt(_overlap(row, row).real)
        while True:
            for j in range(i):
                weight = _overlap(rows[j], row)
                for k in range(row.size):
                    row[k] -= weight * rows[j, k]
            before = length
            length = math.sqrt(_overlap(row, row).real)
            if length > _ROUNDING * before:
                break
        for k in range(row.size):
            row[k] /= length


@kernel
def fill_frame(words: Words, flat: Floats, rows: Numbers) -> None:
    """Fill ``rows``, whose real numbers are ``flat``, with a Haar-distributed orthonormal frame."""
    fill_normal(words, flat)
    orthonormalize(rows)


@kernel
def _fill_laplace(words: Words, scale: float, out: Floats) -> None:
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        x, a, b, c, w = exponential(a, b, c, w)
        word, a, b, c, w = next_word(a, b, c, w)
        out[i] = scale * (x if unit(word) < 0.5 else -x)
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def _fill_student(words: Words, scale: float, degrees: float, out: Floats) -> None:
    half_chi_square = np.empty(out.size)
    fill_gamma(words, 0.5 * degrees, half_chi_square)
    fill_normal(words, out)
    for i in range(out.size):
        out[i] *= scale / math.sqrt(2.0 * half_chi_square[i])


@kernel
def _fill_sparse(words: Words, scale: float, density: float, out: Floats) -> None:
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        word, a, b, c, w = next_word(a, b, c, w)
        out[i] = 0.0
        if unit(word) < density:
            x, a, b, c, w = normal(a, b, c, w)
            out[i] = scale * x
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def _fill_cauchy(words: Words, out: Floats) -> None:
    """Fill ``out`` with standard Cauchy variables, each the ratio of two Gaussians."""
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        x, a, b, c, w = normal(a, b, c, w)
        y, a, b, c, w = normal(a, b, c, w)
        while y == 0.0:
            y, a, b, c, w = normal(a, b, c, w)
        out[i] = x / y
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def _fill_finite(words: Words, cumulative: Floats, matrices: Numbers, out: Numbers) -> None:
    """Fill every lane with one of ``matrices``."""
    chosen = np.empty(out.shape[2])
    fill_uniform(words, chosen)
    for lane in range(out.shape[2]):
        index = 0
        while chosen[lane] >= cumulative[index]:
            index += 1
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                out[i, j, lane] = matrices[index, i, j]


@kernel
def _fill_anderson(words: Words, code: int, energy: float, disorder: float, out: Numbers) -> None:
    """Fill every lane with the transfer matrix of one site of the one-dimensional chain."""
    potential = np.empty(out.shape[2])
    if code == ANDERSON_UNIFORM:
        fill_uniform(words, potential)
        potential -= 0.5
    elif code == ANDERSON_GAUSSIAN:
        fill_normal(words, potential)
    else:
        _fill_cauchy(words, potential)
    for lane in range(out.shape[2]):
        out[0, 0, lane] = energy - disorder * potential[lane]
        out[0, 1, lane] = -1.0
        out[1, 0, lane] = 1.0
        out[1, 1, lane] = 0.0


@kernel
def _fill_haar(words: Words, scale: float, size: int, flat: Floats, out: Numbers) -> None:
    """Fill every lane with the corner of a Haar matrix, of which only the frame is drawn."""
    n, lanes = out.shape[0], out.shape[2]
    parts = flat.size // out.size
    memory = np.empty(n * size * parts)
    rows: Any = memory.view(out.dtype).reshape(n, size)
    for lane in range(lanes):
        fill_frame(words, memory, rows)
        for i in range(n):
            for j in range(n):
                out[i, j, lane] = scale * rows[i, j]


@kernel
def fill_factors(
    words: Words, code: int, parameters: Floats, matrices: Numbers, flat: Floats, out: Numbers
) -> None:
    """Fill ``out``, whose real numbers are ``flat``, with one independent factor in every lane."""
    if code == GAUSSIAN:
        fill_normal(words, flat)
        if parameters[0] != 1.0:
            flat *= parameters[0]
    elif code == UNIFORM:
        fill_uniform(words, flat)
        width = math.sqrt(12.0) * parameters[0]
        for i in range(flat.size):
            flat[i] = width * (flat[i] - 0.5)
    elif code == RADEMACHER:
        fill_signs(words, flat)
        flat *= parameters[0]
    elif code == LAPLACE:
        _fill_laplace(words, parameters[0] / math.sqrt(2.0), flat)
    elif code == STUDENT:
        # The variance of Student's law is degrees / (degrees - 2).
        _fill_student(words, parameters[0] * math.sqrt(parameters[1] - 2.0), parameters[1], flat)
    elif code == SPARSE:
        _fill_sparse(words, parameters[0] / math.sqrt(parameters[1]), parameters[1], flat)
    elif code == FINITE:
        _fill_finite(words, parameters, matrices, out)
    elif code == HAAR:
        _fill_haar(words, parameters[0], int(parameters[1]), flat, out)
    else:
        _fill_anderson(words, code, parameters[0], parameters[1], out)


@kernel
def draw_factors(
    words: Words,
    code: int,
    parameters: Floats,
    matrices: Numbers,
    shift: float,
    scale: float,
    flat: Floats,
    out: Numbers,
) -> None:
    """Fill ``out`` with ``shift * I + scale * A``, an independent factor A in every lane.

    With the code ``SUPPLIED`` the factors A are in ``out`` already.
    """
    if code != SUPPLIED:
        fill_factors(words, code, parameters, matrices, flat, out)
    if scale != 1.0:
        for i in range(flat.size):
            flat[i] *= scale
    if shift != 0.0:
        for i in range(out.shape[0]):
            for lane in range(out.shape[2]):
                out[i, i, lane] += shift
