r"""Row-graded matrices: rows of any size, each a vector of ordinary numbers times a power of two.

A product of triangular factors is such a matrix. Its singular values are those of a well-scaled
matrix times a diagonal one that may span hundreds of decades, and one-sided Jacobi rotations give
each of them to nearly full relative precision :cite:p:`DemmelVeselic1992`, here on the transposed
triangular factor, whose rows are already nearly orthogonal :cite:p:`Drmac2008`.
"""

import math

import numpy as np

from stabsim._kernels._jit import kernel, summing_kernel
from stabsim._kernels.layer import add_multiple, dot, log_of
from stabsim._kernels.scaling import scaled_log
from stabsim._kernels.stream import Floats, Integers

# Cosines of angles that count as right ones.
_NEGLIGIBLE = 2.0**-46
# A square that lost this share of itself is summed again.
_LOST = 2.0**-6
_MOST_SWEEPS = 60
_ROWS_AT_ONCE = 8
#: An exponent below that of any number.
NO_EXPONENT = -(2**62)
# Beyond these shifts a number of size 1 has left the float range.
_MOST_SHIFT = 2100


@kernel
def _shifted(x: float, shift: int) -> float:
    """Return x 2^shift, which may underflow."""
    return math.ldexp(x, int(max(-_MOST_SHIFT, min(shift, _MOST_SHIFT))))


@kernel
def make_reflector(vector: Floats) -> float:
    r"""Make of a vector the v of the reflection :math:`1 - vv^\top` that annuls all but an entry.

    Returns what becomes of that first one: the norm, with the opposite sign, so that nothing
    cancels. For a vector of zeros v is 0.
    """
    largest = 0.0
    for x in vector:
        largest = max(largest, abs(x))
    if largest == 0.0:
        return 0.0
    for i in range(vector.size):
        vector[i] /= largest
    norm = math.sqrt(dot(vector, vector))
    first = vector[0]
    vector[0] = first + math.copysign(norm, first)
    factor = 1.0 / math.sqrt(norm * (norm + abs(first)))
    for i in range(vector.size):
        vector[i] *= factor
    return -math.copysign(norm * largest, first)


@summing_kernel
def _sum_rows(weights: Floats, matrix: Floats, first: int, out: Floats) -> None:
    """Fill ``out`` with the weighted sum of the rows, from column ``first`` on."""
    for j in range(out.size):
        out[j] = 0.0
    i = 0
    while i + 4 <= weights.size:
        a, b, c, d = weights[i], weights[i + 1], weights[i + 2], weights[i + 3]
        p, q = matrix[i, first:], matrix[i + 1, first:]
        r, s = matrix[i + 2, first:], matrix[i + 3, first:]
        for j in range(out.size):
            out[j] += a * p[j] + b * q[j] + c * r[j] + d * s[j]
        i += 4
    while i < weights.size:
        a, p = weights[i], matrix[i, first:]
        for j in range(out.size):
            out[j] += a * p[j]
        i += 1


@kernel
def triangularize(matrix: Floats, reflectors: Floats) -> None:
    """Replace ``matrix`` by the triangular factor of its QR decomposition.

    The rows of ``reflectors`` become the vectors of its reflections, one for every row of the
    factor; what is below the diagonal says nothing then. Rows in the order of their sizes, the
    largest first, keep their own relative precision :cite:p:`Cox1998`.
    """
    rows, columns = matrix.shape
    sums = np.empty(columns)
    for j in range(len(reflectors)):
        vector = reflectors[j]
        vector[:j] = 0.0
        vector[j:rows] = matrix[j:, j]
        v = vector[j:rows]
        matrix[j, j] = make_reflector(v)
        if j + 1 < columns:
            rest = sums[j + 1 :]
            _sum_rows(v, matrix[j:], j + 1, rest)
            for i in range(j, rows):
                add_multiple(-vector[i], rest, matrix[i, j + 1 :])


@kernel
def exchange_rows(matrix: Floats, i: int, j: int) -> None:
    """Exchange two rows."""
    for k in range(matrix.shape[1]):
        matrix[i, k], matrix[j, k] = matrix[j, k], matrix[i, k]


@kernel
def exchange_columns(matrix: Floats, i: int, j: int) -> None:
    """Exchange two columns."""
    for k in range(matrix.shape[0]):
        matrix[k, i], matrix[k, j] = matrix[k, j], matrix[k, i]


@kernel
def triangularize_by_pivots(matrix: Floats, reflectors: Floats, order: Integers) -> None:
    """Do what `triangularize` does to ``matrix[order]``, in an order of the rows that it chooses.

    Every column is reflected on the row of its largest entry. That, too, keeps the relative
    precision of small rows :cite:p:`Cox1998`, and rows without an entry in the column stay as they
    are to the bit.
    """
    for i in range(order.size):
        order[i] = i
    for j in range(len(reflectors)):
        pivot = j
        for i in range(j + 1, order.size):
            if abs(matrix[i, j]) > abs(matrix[pivot, j]):
                pivot = i
        if pivot != j:
            exchange_rows(matrix, j, pivot)
            exchange_columns(reflectors[:j], j, pivot)
            order[j], order[pivot] = order[pivot], order[j]
        reflectors[j, :j] = 0.0
        triangularize(matrix[j:, j:], reflectors[j : j + 1, j:])


@kernel
def reflect(reflectors: Floats, x: Floats) -> None:
    """Pass ``x``, a column from the left or a row from the right, through the reflections."""
    for j in range(len(reflectors)):
        v, tail = reflectors[j, j:], x[j:]
        add_multiple(-dot(v, tail), v, tail)


@kernel
def reflect_rows(reflectors: Floats, matrix: Floats) -> None:
    """Pass every row through the reflections, a few at a time that stay in the cache."""
    for start in range(0, len(matrix), _ROWS_AT_ONCE):
        rows = matrix[start : start + _ROWS_AT_ONCE]
        for j in range(len(reflectors)):
            v = reflectors[j, j:]
            for row in rows:
                add_multiple(-dot(v, row[j:]), v, row[j:])


@kernel
def normalize_row(row: Floats) -> int:
    """Divide by the power of two that brings the largest entry to [1/2, 1), return its exponent."""
    largest = 0.0
    for x in row:
        largest = max(largest, abs(x))
    if largest == 0.0:
        return NO_EXPONENT
    exponent = math.frexp(largest)[1]
    # In two steps, neither of which leaves the float range.
    half = exponent // 2
    first, second = math.ldexp(1.0, -half), math.ldexp(1.0, half - exponent)
    for j in range(row.size):
        row[j] = row[j] * first * second
    return exponent


@summing_kernel
def _add_rows(weights: Floats, product: Floats, i: int, rows: int) -> None:
    """Add to row i the rows below it, each times its weight; row j begins at its j-th entry."""
    j = i + 1
    while j + 4 <= rows:
        a, b, c, d = weights[j], weights[j + 1], weights[j + 2], weights[j + 3]
        p, q, r, s = product[j, j:], product[j + 1, j:], product[j + 2, j:], product[j + 3, j:]
        target = product[i, j:]
        for k in range(target.size):
            target[k] += a * p[k] + b * q[k] + c * r[k] + d * s[k]
        j += 4
    while j < rows:
        a, p, target = weights[j], product[j, j:], product[i, j:]
        for k in range(target.size):
            target[k] += a * p[k]
        j += 1


@kernel
def multiply_triangular(factor: Floats, rank: int, exponents: Integers, product: Floats) -> None:
    """Replace the graded triangular matrix ``product`` by ``factor`` times itself.

    ``factor`` (rank, rows) is upper triangular, and so are the first ``rows`` rows of ``product``;
    the first ``rank`` rows of it and of ``exponents`` become the result.
    """
    rows, columns = factor.shape[1], product.shape[1]
    weights = np.empty(rows)
    for i in range(rank):
        # Row i of the result needs rows i and below, so they are replaced from the top.
        largest = NO_EXPONENT
        for j in range(i, rows):
            if factor[i, j] != 0.0 and exponents[j] != NO_EXPONENT:
                largest = max(largest, math.frexp(factor[i, j])[1] + exponents[j])
        for j in range(i, rows):
            weights[j] = 0.0
            if factor[i, j] != 0.0 and exponents[j] != NO_EXPONENT:
                weights[j] = _shifted(factor[i, j], exponents[j] - largest)
        row = product[i, i:]
        for k in range(columns - i):
            row[k] *= weights[i]
        _add_rows(weights, product, i, rows)
        exponent = normalize_row(row)
        exponents[i] = exponent + largest if exponent != NO_EXPONENT else NO_EXPONENT


@kernel
def _transposed_factor(rows: Floats, exponents: Integers, out: Floats) -> None:
    r"""Fill ``out`` with the graded R, where QR is the transposed of the graded matrix.

    The rows come in the order of their exponents, the largest first, and are spoilt. Row i of
    ``out`` has the exponent of row i.
    """
    count = len(rows)
    out[:] = 0.0
    vector = np.empty(rows.shape[1])
    for i in range(count):
        v = vector[i:]
        v[:] = rows[i, i:]
        diagonal = make_reflector(v)
        out[i, i] = diagonal
        for j in range(i + 1, count):
            tail = rows[j, i:]
            add_multiple(-dot(v, tail), v, tail)
            out[i, j] = _shifted(tail[0], exponents[j] - exponents[i])


@kernel
def _rotate(p: Floats, q: Floats, squares: Floats, i: int, j: int, shift: int) -> bool:
    """Make the rows p and q 2^-shift orthogonal; return whether they were not so already.

    ``squares`` holds their squared norms, without the shift.
    """
    overlap = dot(p, q)
    alpha, beta = squares[i], squares[j]
    if abs(overlap) <= _NEGLIGIBLE * math.sqrt(alpha) * math.sqrt(beta):
        return False
    ratio = _shifted(1.0, -2 * shift)
    difference = alpha - beta * ratio
    root = math.sqrt(difference * difference + 4.0 * overlap * overlap * ratio)
    # The tangent of the angle, but for the shift.
    tangent = 2.0 * overlap / (difference + math.copysign(root, difference))
    back = tangent * ratio
    cosine = 1.0 / math.sqrt(1.0 + tangent * back)
    for k in range(p.size):
        x, y = p[k], q[k]
        p[k] = cosine * (x + back * y)
        q[k] = cosine * (y - tangent * x)
    squares[i] = alpha + back * overlap
    squares[j] = beta - tangent * overlap
    if not squares[j] > _LOST * beta:
        squares[j] = dot(q, q)
    if not squares[i] > _LOST * alpha:
        squares[i] = dot(p, p)
    return True


@kernel
def descending_order(keys: Floats, order: Integers) -> None:
    """Fill ``order`` with the indices that sort the keys, the largest first."""
    for i in range(keys.size):
        j = i
        while j > 0 and keys[order[j - 1]] < keys[i]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = i


@kernel
def _sort_rows(exponents: Integers, rows: Floats) -> None:
    """Normalize the rows and sort them by their norms, the largest first."""
    keys, order = np.empty(len(rows)), np.empty(len(rows), dtype=np.int64)
    for i in range(len(rows)):
        exponent = normalize_row(rows[i])
        exponents[i] = exponents[i] + exponent if exponent != NO_EXPONENT else NO_EXPONENT
        keys[i] = exponents[i] * math.log(2.0) + log_of(math.sqrt(dot(rows[i], rows[i])))
    descending_order(keys, order)
    old_rows, old_exponents = rows.copy(), exponents.copy()
    for i in range(len(rows)):
        rows[i] = old_rows[order[i]]
        exponents[i] = old_exponents[order[i]]


@kernel
def log_singular_values(rows: Floats, exponents: Integers, out: Floats) -> None:
    """Fill ``out`` with the logarithms of the singular values of a graded matrix, descending.

    There are at most as many rows as columns, and they and their exponents are spoilt. Values
    beyond the number of rows are ``-inf``.
    """
    out[:] = -math.inf
    _sort_rows(exponents, rows)
    count = len(rows)
    while count > 0 and exponents[count - 1] == NO_EXPONENT:
        count -= 1
    work = np.empty((count, count))
    _transposed_factor(rows[:count], exponents, work)
    squares = np.empty(count)
    for _ in range(_MOST_SWEEPS):
        _sort_rows(exponents[:count], work)
        for i in range(count):
            squares[i] = dot(work[i], work[i])
        rotated = False
        for i in range(count):
            for j in range(i + 1, count):
                if exponents[j] != NO_EXPONENT and _rotate(
                    work[i], work[j], squares, i, j, exponents[i] - exponents[j]
                ):
                    rotated = True
        if not rotated:
            break
    # After the last sweep, which rotates nothing, the rows are sorted.
    for i in range(count):
        out[i] = scaled_log(math.sqrt(dot(work[i], work[i])), exponents[i])
