r"""Chains of products of factors, of any length.

The partial products :math:`P_t = A_t P_{t-1}` are held as :math:`P_t = 2^{e} M`. Only when the
squared norm of :math:`M` leaves :math:`[2^{-500}, 2^{500}]` is a power of two moved into
:math:`e`, which rounds nothing.
"""

import numpy as np

from stabsim._kernels._jit import kernel, summing_kernel
from stabsim._kernels.factors import Numbers
from stabsim._kernels.multiplication import times
from stabsim._kernels.scaling import LEAST, MOST, matrix_exponent, scale_matrix
from stabsim._kernels.stream import Floats, Integers


@summing_kernel
def multiply_lanes(left: Numbers, right: Numbers, out: Numbers) -> None:
    """Multiply ``left`` (n, n, lanes) and ``right`` (n, m, lanes), lane by lane."""
    n, m, lanes = right.shape
    for i in range(n):
        for j in range(m):
            target = out[i, j]
            for lane in range(lanes):
                target[lane] = times(left[i, 0, lane], right[0, j, lane])
            for k in range(1, n):
                for lane in range(lanes):
                    target[lane] += times(left[i, k, lane], right[k, j, lane])


@summing_kernel
def _squared_norm(entries: Numbers) -> float:
    """Return the sum of the squared absolute values."""
    total = 0.0
    for x in entries:
        total += x.real * x.real + x.imag * x.imag
    return total


@summing_kernel
def _squared_norms(matrices: Numbers, out: Floats) -> None:
    """Write the squared Frobenius norm of every lane of ``matrices`` (n, m, lanes)."""
    for lane in range(out.size):
        out[lane] = 0.0
    for i in range(matrices.shape[0]):
        for j in range(matrices.shape[1]):
            for lane in range(matrices.shape[2]):
                x = matrices[i, j, lane]
                out[lane] += x.real * x.real + x.imag * x.imag


@kernel
def _multiply_scaled(left: Numbers, right: Numbers, out: Numbers) -> int:
    """Multiply matrices whose product may leave the float range; return its exponent.

    Both are scaled to entries below 1 first, and so is the result.
    """
    a, b = left.copy(), right.copy()
    exponent_a, exponent_b = matrix_exponent(a), matrix_exponent(b)
    scale_matrix(a, -exponent_a)
    scale_matrix(b, -exponent_b)
    n, m = b.shape
    for i in range(n):
        for j in range(m):
            out[i, j] = 0.0
            for k in range(n):
                out[i, j] += a[i, k] * b[k, j]
    exponent = matrix_exponent(out)
    scale_matrix(out, -exponent)
    return exponent_a + exponent_b + exponent


@kernel
def _measure(
    factor: Numbers,
    before: Numbers,
    after: Numbers,
    squares: Floats,
    exponents: Integers,
    new_exponents: Integers,
) -> None:
    """Write the squared norms and exponents of ``after``, the product of factor and ``before``.

    Lanes whose product leaves the float range are multiplied again, and scaled.
    """
    if squares.size == 1:
        squares[0] = _squared_norm(after.reshape(-1))
    else:
        _squared_norms(after, squares)
    for lane in range(squares.size):
        new_exponents[lane] = exponents[lane]
        # A NaN from inf - inf fails this comparison too.
        if not (LEAST < squares[lane] < MOST):
            new_exponents[lane] += _multiply_scaled(
                factor[:, :, lane], before[:, :, lane], after[:, :, lane]
            )
            squares[lane] = 0.0
            for i in range(after.shape[0]):
                for j in range(after.shape[1]):
                    x = after[i, j, lane]
                    squares[lane] += x.real * x.real + x.imag * x.imag


@kernel
def multiply_chain(
    factors: Numbers, products: Numbers, squares: Floats, exponents: Integers
) -> None:
    """Multiply a batch of factors, step by step and lane by lane.

    Parameters
    ----------
    factors : (steps, n, n, lanes) array
        The factors.
    products : (2, n, m, lanes) array
        ``products[0]`` is the beginning; ``products[t % 2]`` takes the partial product after step
        t, so that the last one is ``products[steps % 2]``.
    squares : (steps + 1, lanes) array
        Takes the squared Frobenius norms of the partial products.
    exponents : (steps + 1, lanes) array
        ``exponents[0]`` belongs to the beginning; those of the partial products are written.
    """
    for step in range(factors.shape[0]):
        before, after = products[step % 2], products[(step + 1) % 2]
        multiply_lanes(factors[step], before, after)
        _measure(
            factors[step], before, after, squares[step + 1], exponents[step], exponents[step + 1]
        )


@kernel
def multiply_wide_chain(
    factors: Numbers, products: Numbers, squares: Floats, exponents: Integers
) -> None:
    """Do what `multiply_chain` does by BLAS, for a single lane."""
    n, m = products.shape[1], products.shape[2]
    for step in range(factors.shape[0]):
        before, after = products[step % 2], products[(step + 1) % 2]
        np.dot(factors[step].reshape(n, n), before.reshape(n, m), after.reshape(n, m))
        _measure(
            factors[step], before, after, squares[step + 1], exponents[step], exponents[step + 1]
        )
