r"""The growth of Ginibre products through triangular factors alone.

With QR decompositions :math:`A_1 = Q_1 R_1` and :math:`A_t Q_{t-1} = Q_t R_t` the product is
:math:`Q_t R_t \cdots R_1`, and has the singular values of its triangular part. For Ginibre factors
the :math:`R_t` are independent, with :math:`r_{ii}^2 \sim \chi^2_{n-i+1}` and standard normal
entries above the diagonal: half the draws of the dense kernel, a sixth of its multiplications.
For complex entries the degrees of freedom double, and all is divided by :math:`\sqrt 2`.
"""

import math

import numpy as np

from stabsim._kernels._jit import kernel, summing_kernel
from stabsim._kernels.factors import Numbers
from stabsim._kernels.multiplication import times
from stabsim._kernels.scaling import LEAST, MOST
from stabsim._kernels.stream import Floats, Integers, Words, fill_chi_square, fill_normal


@summing_kernel
def _add_rows(weights: Numbers, rows: Numbers, first: int, target: Numbers) -> None:
    """Add to ``target`` the rows from ``first`` on, each times its weight.

    Row k of an upper triangular matrix begins at its k-th entry; four at a time share the loop.
    """
    n = target.size
    k = first
    while k + 4 <= n:
        w0, w1 = weights[k - first], weights[k - first + 1]
        w2, w3 = weights[k - first + 2], weights[k - first + 3]
        r0, r1, r2, r3 = rows[k, k:], rows[k + 1, k:], rows[k + 2, k:], rows[k + 3, k:]
        part = target[k:]
        for j in range(part.size):
            part[j] += times(w0, r0[j]) + times(w1, r1[j]) + times(w2, r2[j]) + times(w3, r3[j])
        k += 4
    while k < n:
        for j in range(k, n):
            target[j] += times(weights[k - first], rows[k, j])
        k += 1


@summing_kernel
def _add_lanes(weights: Numbers, state: Numbers, i: int) -> None:
    """Add to row i the rows below it, each times its weight, lane by lane."""
    n, lanes = state.shape[0], state.shape[2]
    for k in range(i + 1, n):
        weight = weights[k - i - 1]
        for j in range(k, n):
            target, source = state[i, j], state[k, j]
            for lane in range(lanes):
                target[lane] += times(weight[lane], source[lane])


@kernel
def _multiply_by_triangular(
    words: Words, parts: int, flat: Floats, row: Numbers, state: Numbers
) -> None:
    """Draw a triangular factor row by row and multiply ``state`` (n, n, lanes) by it in place.

    Row i of the result needs rows i and below of ``state``, so the rows are replaced from the top.
    ``row`` (n, lanes), whose real numbers are ``flat``, is room for one row of the factor.
    """
    n, lanes = state.shape[0], state.shape[2]
    diagonal = np.empty(lanes)
    for i in range(n):
        fill_chi_square(words, parts * (n - i), diagonal)
        fill_normal(words, flat[: (n - i - 1) * lanes * parts])
        for lane in range(lanes):
            diagonal[lane] = math.sqrt(diagonal[lane])
        for j in range(i, n):
            target = state[i, j]
            for lane in range(lanes):
                target[lane] *= diagonal[lane]
        if lanes == 1:
            matrix = state.reshape(n, n)
            _add_rows(row.reshape(n), matrix, i + 1, matrix[i])
        else:
            _add_lanes(row, state, i)


@kernel
def multiply_triangular_chain(
    words: Words,
    flat: Floats,
    row: Numbers,
    state: Numbers,
    squares: Floats,
    exponents: Integers,
) -> None:
    """Draw triangular factors and multiply them, step by step and lane by lane.

    Parameters
    ----------
    words : (4,) array
        The state of the stream.
    flat : (n * lanes,) or (2 * n * lanes,) array
        The real numbers of ``row``.
    row : (n, lanes) array
        Room for a row of a factor.
    state : (n, n, lanes) array
        The upper triangular product, replaced by the one after all steps.
    squares : (steps + 1, lanes) array
        Takes the squared Frobenius norms of the partial products, from ``squares[1]`` on.
    exponents : (steps + 1, lanes) array
        ``exponents[0]`` belongs to ``state``; those of the partial products are written.
    """
    n, lanes = state.shape[0], state.shape[2]
    parts = flat.size // row.size
    for step in range(squares.shape[0] - 1):
        square, exponent = squares[step + 1], exponents[step + 1]
        _multiply_by_triangular(words, parts, flat, row, state)
        for lane in range(lanes):
            square[lane] = 0.0
            exponent[lane] = exponents[step, lane]
        for i in range(n):
            for j in range(i, n):
                for lane in range(lanes):
                    x = state[i, j, lane]
                    square[lane] += x.real * x.real + x.imag * x.imag
        for lane in range(lanes):
            if not (LEAST < square[lane] < MOST):
                shift = math.frexp(square[lane])[1] // 2
                factor = math.ldexp(1.0, -shift)
                for i in range(n):
                    for j in range(i, n):
                        state[i, j, lane] *= factor
                square[lane] *= factor * factor
                exponent[lane] += shift
