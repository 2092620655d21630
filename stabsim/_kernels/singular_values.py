r"""Singular values by one-sided Jacobi rotations.

Pairs of columns are rotated until all are orthogonal; the norms of the columns are then the
singular values. The largest is computed to rounding, and its matrix needs no scaling but that the
squares of its entries are floats.
"""

import math

from stabsim._kernels._jit import kernel
from stabsim._kernels.factors import Numbers
from stabsim._kernels.stream import Floats

# An overlap this small beside the larger column changes no largest singular value.
_NEGLIGIBLE = 1e-16
_MOST_SWEEPS = 40


@kernel
def _rotate(rows: Numbers, p: int, q: int) -> bool:
    """Make the rows ``p`` and ``q`` orthogonal; return whether they were not so already."""
    alpha = beta = 0.0
    gamma = rows[p, 0].conjugate() * rows[q, 0] * 0.0
    for k in range(rows.shape[1]):
        x, y = rows[p, k], rows[q, k]
        alpha += x.real * x.real + x.imag * x.imag
        beta += y.real * y.real + y.imag * y.imag
        gamma += x.conjugate() * y
    size = abs(gamma)
    if size <= _NEGLIGIBLE * max(alpha, beta):
        return False
    phase = gamma / size
    zeta = (beta - alpha) / (2.0 * size)
    tangent = 1.0 / (abs(zeta) + math.hypot(1.0, zeta))
    if zeta < 0.0:
        tangent = -tangent
    cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
    sine = cosine * tangent
    for k in range(rows.shape[1]):
        x, y = rows[p, k] * phase, rows[q, k]
        rows[p, k] = cosine * x - sine * y
        rows[q, k] = sine * x + cosine * y
    return True


@kernel
def largest_singular_value(rows: Numbers) -> float:
    """Return the largest singular value of a matrix whose rows are overwritten."""
    for _ in range(_MOST_SWEEPS):
        rotated = False
        for p in range(rows.shape[0]):
            for q in range(p + 1, rows.shape[0]):
                if _rotate(rows, p, q):
                    rotated = True
        if not rotated:
            break
    largest = 0.0
    for i in range(rows.shape[0]):
        square = 0.0
        for k in range(rows.shape[1]):
            x = rows[i, k]
            square += x.real * x.real + x.imag * x.imag
        largest = max(largest, square)
    return math.sqrt(largest)


@kernel
def largest_singular_values(matrices: Numbers, out: Floats) -> None:
    """Write the largest singular value of every lane of ``matrices`` (n, n, lanes)."""
    for lane in range(out.size):
        out[lane] = largest_singular_value(matrices[:, :, lane].copy())
