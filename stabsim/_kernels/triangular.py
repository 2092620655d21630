r"""The growth of Ginibre products through triangular factors alone.

With QR decompositions :math:`A_1 = Q_1 R_1` and :math:`A_t Q_{t-1} = Q_t R_t` the product is
:math:`Q_t R_t \cdots R_1`, and has the singular values of its triangular part. For Ginibre factors
the :math:`R_t` are independent, with :math:`r_{ii}^2 \sim \chi^2_{n-i+1}` and standard normal
entries above the diagonal: half the draws of the dense kernel, a sixth of its multiplications.
For complex entries the degrees of freedom double, and all is divided by :math:`\sqrt 2`.
"""

import math

import numpy as np

from stabsim._kernels._jit import kernel
from stabsim._kernels.factors import Numbers
from stabsim._kernels.growth import SPECTRAL
from stabsim._kernels.scaling import LEAST, MOST, scaled_log
from stabsim._kernels.singular_values import largest_singular_value
from stabsim._kernels.stream import Floats, Integers, Words, fill_chi_square, fill_normal


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
        for k in range(i + 1, n):
            weight = row[k - i - 1]
            if lanes == 1:
                # One lane: the loop along the row is the one that vectorizes.
                for j in range(k, n):
                    state[i, j, 0] += weight[0] * state[k, j, 0]
            else:
                for j in range(k, n):
                    target = state[i, j]
                    for lane in range(lanes):
                        target[lane] += weight[lane] * state[k, j, lane]


@kernel
def grow_triangular(
    words: Words,
    log_scale: float,
    flat: Floats,
    row: Numbers,
    state: Numbers,
    exponents: Integers,
    start: int,
    stop: int,
    record: Integers,
    norm: int,
    out: Floats,
) -> None:
    """Run steps ``start`` to ``stop`` of ``out.shape[0]`` trials and record logarithms of norms.

    ``log_scale`` is the logarithm of the standard deviation of a real or imaginary part. The
    other arguments are those of ``stabsim._kernels.growth.grow``, with one ``state`` (n, n, lanes).
    """
    n, lanes = state.shape[0], state.shape[2]
    parts = flat.size // row.size
    squares = np.empty(lanes)
    for first in range(0, out.shape[0], lanes):
        if start == 0:
            state[:] = 0.0
            for i in range(n):
                for lane in range(lanes):
                    state[i, i, lane] = 1.0
            exponents[:] = 0
        column = 0
        while column < record.size and record[column] <= start:
            column += 1
        for step in range(start, stop):
            _multiply_by_triangular(words, parts, flat, row, state)
            squares[:] = 0.0
            for i in range(n):
                for j in range(i, n):
                    for lane in range(lanes):
                        x = state[i, j, lane]
                        squares[lane] += x.real * x.real + x.imag * x.imag
            for lane in range(lanes):
                if not (LEAST < squares[lane] < MOST):
                    exponent = math.frexp(squares[lane])[1] // 2
                    factor = math.ldexp(1.0, -exponent)
                    for i in range(n):
                        for j in range(i, n):
                            state[i, j, lane] *= factor
                    squares[lane] *= factor * factor
                    exponents[lane] += exponent
            if column < record.size and record[column] == step + 1:
                for lane in range(min(lanes, out.shape[0] - first)):
                    size = math.sqrt(squares[lane])
                    if norm == SPECTRAL:
                        size = largest_singular_value(state[:, :, lane])
                    logarithm = scaled_log(size, exponents[lane])
                    out[first + lane, column] = logarithm + (step + 1) * log_scale
                column += 1
