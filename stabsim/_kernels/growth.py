r"""The dense kernel of matrix product growth: every entry of every factor is drawn.

With the factors :math:`A_t` and a start :math:`S`, the state is :math:`P_t = A_t P_{t-1}`,
:math:`P_0 = S`. It is held as :math:`P_t = 2^{e} M`, and only when the norm of :math:`M` leaves
:math:`[2^{-250}, 2^{250}]` is a power of two moved into :math:`e`, which rounds nothing.

Trials run in groups of ``lanes``, side by side in memory.
"""

import math

import numpy as np
from numba import njit

from stabsim._kernels._jit import kernel
from stabsim._kernels.determinant import log_absolute_determinant
from stabsim._kernels.factors import SUPPLIED, Numbers, draw_factors
from stabsim._kernels.scaling import LEAST, MOST, scaled_log
from stabsim._kernels.singular_values import largest_singular_value
from stabsim._kernels.stream import Floats, Integers, Words

FROBENIUS = 0
SPECTRAL = 1
LOGDET = 2


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _multiply_lanes(left: Numbers, right: Numbers, out: Numbers) -> None:
    """Multiply ``left`` (n, n, lanes) and ``right`` (n, m, lanes), lane by lane."""
    n, m, lanes = right.shape
    for i in range(n):
        for j in range(m):
            target = out[i, j]
            for lane in range(lanes):
                target[lane] = left[i, 0, lane] * right[0, j, lane]
            for k in range(1, n):
                for lane in range(lanes):
                    target[lane] += left[i, k, lane] * right[k, j, lane]


@kernel
def _multiply(left: Numbers, right: Numbers, out: Numbers) -> None:
    """Multiply ``left`` (n, n, lanes) and ``right`` (n, m, lanes), lane by lane."""
    n, m, lanes = right.shape
    if lanes == 1:
        np.dot(left.reshape(n, n), right.reshape(n, m), out.reshape(n, m))
    else:
        _multiply_lanes(left, right, out)


@kernel
def _squared_norms(state: Numbers, out: Floats) -> None:
    """Write the squared Frobenius norm of every lane of ``state`` (n, m, lanes)."""
    out[:] = 0.0
    for i in range(state.shape[0]):
        for j in range(state.shape[1]):
            for lane in range(state.shape[2]):
                x = state[i, j, lane]
                out[lane] += x.real * x.real + x.imag * x.imag


@kernel
def _exponent(matrix: Numbers) -> int:
    """Return e with the largest part of ``matrix`` in [2^(e-1), 2^e), or 0 if all vanish."""
    largest = 0.0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            x = matrix[i, j]
            largest = max(largest, abs(x.real), abs(x.imag))
    if largest == 0.0:
        return 0
    return int(math.frexp(largest)[1])


@kernel
def _scale(matrix: Numbers, exponent: int) -> None:
    """Multiply ``matrix`` by 2^exponent in two steps, neither of which leaves the float range."""
    half = exponent // 2
    first, second = math.ldexp(1.0, half), math.ldexp(1.0, exponent - half)
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[i, j] = matrix[i, j] * first * second


@kernel
def _multiply_scaled(left: Numbers, right: Numbers, out: Numbers) -> int:
    """Multiply matrices whose product may leave the float range; return its exponent.

    Both are scaled to entries below 1 first, and so is the result.
    """
    a, b = left.copy(), right.copy()
    exponent_a, exponent_b = _exponent(a), _exponent(b)
    _scale(a, -exponent_a)
    _scale(b, -exponent_b)
    n, m = b.shape
    for i in range(n):
        for j in range(m):
            out[i, j] = 0.0
            for k in range(n):
                out[i, j] += a[i, k] * b[k, j]
    exponent = _exponent(out)
    _scale(out, -exponent)
    return exponent_a + exponent_b + exponent


@kernel
def grow(
    words: Words,
    code: int,
    parameters: Floats,
    matrices: Numbers,
    shift: float,
    scale: float,
    flat: Floats,
    factors: Numbers,
    beginning: Numbers,
    state: Numbers,
    exponents: Integers,
    start: int,
    stop: int,
    record: Integers,
    norm: int,
    out: Floats,
) -> None:
    """Run steps ``start`` to ``stop`` of ``out.shape[0]`` trials and record logarithms of norms.

    ``factors`` (1, n, n, lanes), whose real numbers are ``flat[0]``, is where a factor is drawn;
    with the code ``SUPPLIED`` it holds the factors of steps ``start`` to ``stop``. ``state``
    (2, n, m, lanes) and ``exponents`` (lanes,) carry one group of trials from call to call;
    several groups are run only from ``start == 0``, one after the other. ``record`` holds the
    depths recorded, ascending, one for each column of ``out``.
    """
    lanes = factors.shape[3]
    squares = np.empty(lanes)
    for first in range(0, out.shape[0], lanes):
        if start == 0:
            for lane in range(lanes):
                state[0, :, :, lane] = beginning
            exponents[:] = 0
        column = 0
        while column < record.size and record[column] <= start:
            column += 1
        for step in range(start, stop):
            index = step - start if code == SUPPLIED else 0
            factor = factors[index]
            draw_factors(words, code, parameters, matrices, shift, scale, flat[index], factor)
            old, new = state[step % 2], state[(step + 1) % 2]
            _multiply(factor, old, new)
            _squared_norms(new, squares)
            for lane in range(lanes):
                # A NaN from inf - inf fails this comparison too.
                if not (LEAST < squares[lane] < MOST):
                    exponents[lane] += _multiply_scaled(
                        factor[:, :, lane], old[:, :, lane], new[:, :, lane]
                    )
            if column < record.size and record[column] == step + 1:
                _squared_norms(new, squares)
                for lane in range(min(lanes, out.shape[0] - first)):
                    size = math.sqrt(squares[lane])
                    if norm == SPECTRAL and size > 0.0:
                        size = largest_singular_value(new[:, :, lane])
                    out[first + lane, column] = scaled_log(size, exponents[lane])
                column += 1


@kernel
def grow_determinant(
    words: Words,
    code: int,
    parameters: Floats,
    matrices: Numbers,
    shift: float,
    scale: float,
    flat: Floats,
    factors: Numbers,
    totals: Floats,
    start: int,
    stop: int,
    record: Integers,
    out: Floats,
) -> None:
    """Record the logarithm of the absolute determinant of the product; arguments as in `grow`.

    ``totals`` (lanes,) carries one group of trials from call to call.
    """
    lanes = factors.shape[3]
    for first in range(0, out.shape[0], lanes):
        if start == 0:
            totals[:] = 0.0
        column = 0
        while column < record.size and record[column] <= start:
            column += 1
        for step in range(start, stop):
            index = step - start if code == SUPPLIED else 0
            factor = factors[index]
            draw_factors(words, code, parameters, matrices, shift, scale, flat[index], factor)
            for lane in range(lanes):
                totals[lane] += log_absolute_determinant(factor[:, :, lane].copy())
            if column < record.size and record[column] == step + 1:
                for lane in range(min(lanes, out.shape[0] - first)):
                    out[first + lane, column] = totals[lane]
                column += 1
