r"""Random factors: kernels that fill a batch of matrices of one ensemble.

A batch has the shape ``(steps, n, n, lanes)``: ``lanes`` independent products run side by side in
memory, so that loops over them vectorize. Kernels for independent entries take the batch as a flat
array of real numbers instead. Entries are standardized to the standard deviation ``sigma``.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stabsim._kernels._jit import kernel, summing_kernel
from stabsim._kernels.multiplication import times
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

_ROUNDING = 0.7071
_LEAST_GAMMA = 1e-300


@summing_kernel
def _overlap(left: Numbers, right: Numbers) -> Any:
    """Return the inner product of two vectors, the left one conjugated."""
    total = times(left[0].conjugate(), right[0])
    for i in range(1, left.size):
        total += times(left[i].conjugate(), right[i])
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
def fill_haar(words: Words, scale: float, size: int, memory: Floats, out: Numbers) -> None:
    """Fill ``out`` with corners of Haar matrices of a ``size``, of which only the rows are drawn.

    ``memory`` is room for the real numbers of n rows.
    """
    steps, n, _, lanes = out.shape
    rows: Any = memory.view(out.dtype).reshape(n, size)
    for step in range(steps):
        for lane in range(lanes):
            fill_normal(words, memory)
            orthonormalize(rows)
            for i in range(n):
                for j in range(n):
                    out[step, i, j, lane] = scale * rows[i, j]


@kernel
def fill_gaussian(words: Words, sigma: float, out: Floats) -> None:
    """Fill ``out`` with Gaussian variables."""
    fill_normal(words, out)
    if sigma != 1.0:
        for i in range(out.size):
            out[i] *= sigma


@kernel
def fill_centered_uniform(words: Words, sigma: float, out: Floats) -> None:
    """Fill ``out`` with uniform variables of mean 0."""
    fill_uniform(words, out)
    width = math.sqrt(12.0) * sigma
    for i in range(out.size):
        out[i] = width * (out[i] - 0.5)


@kernel
def fill_rademacher(words: Words, sigma: float, out: Floats) -> None:
    """Fill ``out`` with fair signs times ``sigma``."""
    fill_signs(words, out)
    for i in range(out.size):
        out[i] *= sigma


@kernel
def fill_laplace(words: Words, sigma: float, out: Floats) -> None:
    """Fill ``out`` with Laplace variables: exponential ones with fair signs."""
    scale = sigma / math.sqrt(2.0)
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        x, a, b, c, w = exponential(a, b, c, w)
        word, a, b, c, w = next_word(a, b, c, w)
        out[i] = scale * (x if unit(word) < 0.5 else -x)
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def fill_student(words: Words, sigma: float, degrees: float, out: Floats) -> None:
    """Fill ``out`` with variables of Student's law, unstandardized up to 2 degrees of freedom."""
    half_chi_square = np.empty(out.size)
    fill_gamma(words, 0.5 * degrees, half_chi_square)
    fill_normal(words, out)
    # The variance of Student's law is degrees / (degrees - 2), where there is one.
    scale = sigma * math.sqrt(degrees - 2.0 if degrees > 2.0 else degrees)
    for i in range(out.size):
        # The least of the uniform variables, 0, makes a gamma variable of a small shape 0.
        out[i] *= scale / math.sqrt(2.0 * max(half_chi_square[i], _LEAST_GAMMA))


@kernel
def fill_sparse(words: Words, sigma: float, density: float, out: Floats) -> None:
    """Fill ``out`` with variables that are Gaussian with probability ``density`` and zero else."""
    scale = sigma / math.sqrt(density)
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        word, a, b, c, w = next_word(a, b, c, w)
        out[i] = 0.0
        if unit(word) < density:
            x, a, b, c, w = normal(a, b, c, w)
            out[i] = scale * x
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def fill_cauchy(words: Words, sigma: float, out: Floats) -> None:
    """Fill ``out`` with Cauchy variables of half-width ``sigma``, ratios of two Gaussians."""
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        x, a, b, c, w = normal(a, b, c, w)
        y, a, b, c, w = normal(a, b, c, w)
        while y == 0.0:
            y, a, b, c, w = normal(a, b, c, w)
        out[i] = sigma * (x / y)
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def fill_stable(words: Words, sigma: float, stability: float, out: Floats) -> None:
    """Fill ``out`` with symmetric stable variables, by Chambers, Mallows and Stuck's formula."""
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        word, a, b, c, w = next_word(a, b, c, w)
        angle = math.pi * (unit(word) - 0.5)
        x, a, b, c, w = exponential(a, b, c, w)
        while x == 0.0:
            x, a, b, c, w = exponential(a, b, c, w)
        tail = (math.cos((1.0 - stability) * angle) / x) ** ((1.0 - stability) / stability)
        out[i] = sigma * math.sin(stability * angle) / math.cos(angle) ** (1.0 / stability) * tail
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def fill_finite(words: Words, cumulative: Floats, matrices: Numbers, out: Numbers) -> None:
    """Fill ``out`` with matrices picked by their cumulative probabilities."""
    steps, n, _, lanes = out.shape
    chosen = np.empty(lanes)
    for step in range(steps):
        fill_uniform(words, chosen)
        for lane in range(lanes):
            index = 0
            while chosen[lane] >= cumulative[index]:
                index += 1
            for i in range(n):
                for j in range(n):
                    out[step, i, j, lane] = matrices[index, i, j]
