"""The logarithm of the absolute determinant of a matrix."""

import math

from stabsim._kernels._jit import kernel
from stabsim._kernels.factors import Numbers


@kernel
def log_absolute_determinant(matrix: Numbers) -> float:
    """Return ln|det| of ``matrix``, which Gaussian elimination with partial pivoting overwrites.

    A singular matrix gives ``-inf``.
    """
    n = matrix.shape[0]
    total = 0.0
    for k in range(n):
        pivot, largest = k, abs(matrix[k, k])
        for i in range(k + 1, n):
            size = abs(matrix[i, k])
            if size > largest:
                pivot, largest = i, size
        if largest == 0.0:
            return -math.inf
        total += math.log(largest)
        if pivot != k:
            for j in range(k, n):
                matrix[k, j], matrix[pivot, j] = matrix[pivot, j], matrix[k, j]
        for i in range(k + 1, n):
            weight = matrix[i, k] / matrix[k, k]
            if weight != 0.0:
                for j in range(k + 1, n):
                    matrix[i, j] -= weight * matrix[k, j]
    return total
