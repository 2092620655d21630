"""Numbers held as a mantissa times a power of two, so that products of any length are ordinary."""

import math

from stabsim._kernels._jit import kernel
from stabsim._kernels.factors import Numbers

#: While a square or a product stays between these, nothing is moved into the exponent.
LEAST = 2.0**-500
MOST = 2.0**500

_LOG_2 = math.log(2.0)


@kernel
def scaled_log(mantissa: float, exponent: int) -> float:
    """Return the logarithm of ``mantissa * 2**exponent``, which is ``-inf`` for zero."""
    if mantissa == 0.0:
        return -math.inf
    return math.log(mantissa) + _LOG_2 * exponent


@kernel
def matrix_exponent(matrix: Numbers) -> int:
    """Return e with the largest part of ``matrix`` in [2^(e-1), 2^e), or 0 if all vanish."""
    largest = 0.0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            x = matrix[i, j]
            largest = max(largest, abs(x.real), abs(x.imag))
    if largest == 0.0:
        return 0
    return math.frexp(largest)[1]


@kernel
def scale_matrix(matrix: Numbers, exponent: int) -> None:
    """Multiply ``matrix`` by 2^exponent in two steps, neither of which leaves the float range."""
    half = exponent // 2
    first, second = math.ldexp(1.0, half), math.ldexp(1.0, exponent - half)
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[i, j] = matrix[i, j] * first * second
