"""Logarithms of absolute determinants."""

import math

from stabsim._kernels._jit import kernel
from stabsim._kernels.factors import Numbers
from stabsim._kernels.scaling import matrix_exponent, scale_matrix, scaled_log
from stabsim._kernels.stream import Floats


@kernel
def log_absolute_determinant(matrix: Numbers) -> float:
    """Return ln|det| of ``matrix``, which Gaussian elimination with partial pivoting overwrites.

    A matrix whose elimination meets a zero pivot gives ``-inf``.
    """
    n = matrix.shape[0]
    # Rows are scaled by powers of two, so that elimination neither overflows nor underflows.
    total = 0.0
    shift = 0
    for i in range(n):
        row = matrix[i : i + 1]
        exponent = matrix_exponent(row)
        scale_matrix(row, -exponent)
        shift += exponent
    for k in range(n):
        pivot, largest = k, abs(matrix[k, k])
        for i in range(k + 1, n):
            size = abs(matrix[i, k])
            if size > largest:
                pivot, largest = i, size
        if largest == 0.0:
            return -math.inf
        total += scaled_log(largest, 1)
        if pivot != k:
            for j in range(k, n):
                matrix[k, j], matrix[pivot, j] = matrix[pivot, j], matrix[k, j]
        for i in range(k + 1, n):
            weight = matrix[i, k] / matrix[k, k]
            if weight != 0.0:
                for j in range(k + 1, n):
                    matrix[i, j] -= weight * matrix[k, j]
    return total + scaled_log(1.0, shift - n)


@kernel
def log_absolute_determinants(factors: Numbers, out: Floats) -> None:
    """Write ln|det| of every factor of a batch (steps, n, n, lanes) into ``out`` (steps, lanes)."""
    for step in range(factors.shape[0]):
        for lane in range(factors.shape[3]):
            out[step, lane] = log_absolute_determinant(factors[step, :, :, lane].copy())
