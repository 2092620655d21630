r"""Products of real factors of any law, however their singular values spread.

With a frame :math:`Q_0` and QR decompositions :math:`A_t Q_{t-1} = Q_t R_t` the product is
:math:`A_t \cdots A_1 = Q_t (R_t \cdots R_1) Q_0^\top`, and has the singular values of the product
of triangular factors, which is held with an exponent for every row. Its rows come in the order of
the growth of the directions in the frame, if none of these is special, so the frame begins in a
random position. Blocks of coordinates that no factor couples keep frames of their own: what
decouples exactly stays so.

**Precision.** Rounding errors that turn a factor to :math:`Q_t (1 + F) R_t Q_{t-1}^\top` with a
small F do no more harm than frames that are not quite orthogonal. Householder's reflections with
exchanges of rows keep F below the rounding times the condition of the factor with rows of equal
sizes. Where a diagonal entry tells that this is large, the factor is taken as a product of up to
three: powers of two for the sizes of its columns, an equilibrated matrix, and powers of two for the
sizes of its rows; and all of them are decomposed with 106 bits. A column without a rest beyond
their rounding is a combination of the others: the rank falls, for good.

An error F between :math:`X = A_t \cdots A_{s+1}` and :math:`Y = A_s \cdots A_1` changes
:math:`\sigma_i`, with its vectors :math:`u_i` and :math:`v_i`, by the relative
:math:`|F| / \cos\theta`, where :math:`\theta` is the angle of :math:`X^\top u_i` and
:math:`Y v_i`. Random factors leave it acute. Matrices that are nearly singular may not: the kernel
of one may hold nearly all of another one's range. So from the first one on, frames are kept with
106 bits too.
"""

import math

import numpy as np

from stabsim._kernels import double_double
from stabsim._kernels._jit import kernel
from stabsim._kernels.graded import (
    NO_EXPONENT,
    exchange_columns,
    log_singular_values,
    multiply_triangular,
    reflect_rows,
    triangularize_by_pivots,
)
from stabsim._kernels.scaling import matrix_exponent, scale_matrix
from stabsim._kernels.stream import Floats, Integers, Words, fill_chi_square, fill_normal

# A diagonal entry below this share of its row has lost more digits than the others.
_LEAST_SHARE = 2.0**-10
# An equilibrated matrix with a smaller one is nearly singular.
_NEARLY_SINGULAR = 2.0**-16
#: The rest of a column that is rounding alone, for every row, if the entries are up to 1: of exact
#: matrices, and of those that are themselves rounded.
ROUNDING_OF_EXACT, ROUNDING_OF_ROUNDED = 2.0**-94, 2.0**-46
# Rows, and columns, whose sizes differ by more binary digits than this are brought to one size.
_MOST_SPREAD = 10


@kernel
def _coupled_blocks(factors: Floats, labels: Integers) -> None:
    """Give coordinates the same label if entries of ``factors`` (steps, n, n) connect them."""
    n = labels.size
    entry = np.zeros((n, n))
    for step in range(len(factors)):
        for i in range(n):
            for j in range(n):
                if factors[step, i, j] != 0.0:
                    entry[i, j] = entry[j, i] = 1.0
    for i in range(n):
        labels[i] = i
    changed = True
    while changed:
        changed = False
        for i in range(n):
            for j in range(n):
                if entry[i, j] != 0.0 and labels[j] < labels[i]:
                    labels[i] = labels[j]
                    changed = True


@kernel
def start_frames(words: Words, factors: Floats, frames: Floats, orders: Integers) -> None:
    """Draw the frames in which products of ``factors`` (steps, n, n, lanes) begin.

    Coordinates that the factors do not couple are not mixed.
    """
    lanes, _, n, _ = frames.shape
    labels = np.empty(n, np.int64)
    gaussian = np.empty((n, n))
    for lane in range(lanes):
        fill_normal(words, gaussian.reshape(-1))
        _coupled_blocks(factors[:, :, :, lane], labels)
        for i in range(n):
            for j in range(n):
                if labels[i] != labels[j]:
                    gaussian[i, j] = 0.0
        triangularize_by_pivots(gaussian, frames[lane, 0], orders[lane])


@kernel
def _turned(factor: Floats, rank: int, rotate: bool, frame: Floats, order: Integers) -> Floats:
    """Return the first ``rank`` columns of ``factor`` times the frame, or of itself."""
    n = len(factor)
    rows = factor.copy()
    if rotate:
        for i in range(n):
            for j in range(n):
                rows[i, j] = factor[i, order[j]]
        reflect_rows(frame[0, :rank], rows)
    image = np.empty((n, rank))
    for i in range(n):
        for j in range(rank):
            image[i, j] = rows[i, j]
    return image


@kernel
def _is_sound(triangle: Floats, sizes: Floats, order: Integers) -> bool:
    """Return whether no diagonal entry has lost digits that its row had."""
    rank = triangle.shape[1]
    for i in range(rank):
        largest = sizes[order[i]]
        for j in range(i, rank):
            largest = max(largest, abs(triangle[i, j]))
        if not abs(triangle[i, i]) > _LEAST_SHARE * largest:
            return False
    return True


@kernel
def _equilibrate(matrix: Floats, digits: Integers) -> bool:
    """Bring all rows that are not zero to the size 1; return whether their sizes differed much.

    Else nothing is done. Row i is divided by the power of two with the exponent ``digits[i]``.
    """
    least, most = 0, NO_EXPONENT
    for i in range(digits.size):
        largest = 0.0
        for j in range(digits.size):
            largest = max(largest, abs(matrix[i, j]))
        digits[i] = 0
        if largest > 0.0:
            digits[i] = math.frexp(largest)[1]
            least, most = min(least, digits[i]), max(most, digits[i])
    if most - least <= _MOST_SPREAD:
        return False
    for i in range(digits.size):
        for j in range(digits.size):
            matrix[i, j] = math.ldexp(matrix[i, j], -int(digits[i]))
    return True


@kernel
def _annul_precisely(
    columns: Floats, columns_low: Floats, j: int, first: int, vector: Floats, vector_low: Floats
) -> float:
    """Reflect column ``j`` on its entry ``first``, and the later columns with it.

    ``vector`` becomes that of the reflection; returns the size of the entry.
    """
    exponent = math.frexp(columns[j, first])[1]
    v, v_low = vector[first:], vector_low[first:]
    vector[:first] = 0.0
    vector_low[:first] = 0.0
    for i in range(v.size):
        v[i] = math.ldexp(columns[j, first + i], -exponent)
        v_low[i] = math.ldexp(columns_low[j, first + i], -exponent)
    square, square_low = double_double.dot(v, v_low, v, v_low)
    norm, norm_low = double_double.square_root(square, square_low)
    sign = math.copysign(1.0, v[0])
    size, size_low = double_double.add(sign * v[0], sign * v_low[0], norm, norm_low)
    v[0], v_low[0] = sign * size, sign * size_low
    size, size_low = double_double.multiply(size, size_low, norm, norm_low)
    root, root_low = double_double.square_root(size, size_low)
    scale, scale_low = double_double.reciprocal(root, root_low)
    for i in range(v.size):
        v[i], v_low[i] = double_double.multiply(v[i], v_low[i], scale, scale_low)
    for k in range(j + 1, len(columns)):
        y, y_low = columns[k, first:], columns_low[k, first:]
        factor, factor_low = double_double.dot(v, v_low, y, y_low)
        double_double.subtract_multiple(factor, factor_low, v, v_low, y, y_low)
    columns[j, first:] = 0.0
    entry = math.ldexp(norm, exponent)
    columns[j, first] = -sign * entry
    return entry


@kernel
def _decompose_precisely(
    matrix: Floats, rank: int, negligible: float, frame: Floats, order: Integers
) -> tuple[Floats, int, float]:
    """Do what `_turned` and `triangularize_by_pivots` do together, with 106 bits.

    Columns whose rest is negligible are passed over. Returns the triangular factor, its rank, and
    the least diagonal entry.
    """
    n = len(matrix)
    reflectors, reflectors_low = frame[0], frame[1]
    # Column by column, each a row in memory.
    columns, columns_low = np.empty((rank, n)), np.empty((rank, n))
    row, row_low = np.empty(n), np.empty(n)
    for i in range(n):
        for j in range(n):
            row[j] = matrix[i, order[j]]
            row_low[j] = 0.0
        for j in range(rank):
            v, v_low = reflectors[j, j:], reflectors_low[j, j:]
            x, x_low = row[j:], row_low[j:]
            factor, factor_low = double_double.dot(v, v_low, x, x_low)
            double_double.subtract_multiple(factor, factor_low, v, v_low, x, x_low)
        for j in range(rank):
            columns[j, i] = row[j]
            columns_low[j, i] = row_low[j]
    for i in range(n):
        order[i] = i
    below, least = 0, math.inf
    for j in range(rank):
        pivot = below
        for i in range(below, n):
            if abs(columns[j, i]) > abs(columns[j, pivot]):
                pivot = i
        if not abs(columns[j, pivot]) > negligible:
            columns[j, below:] = 0.0
            continue
        if pivot != below:
            exchange_columns(columns, below, pivot)
            exchange_columns(columns_low, below, pivot)
            exchange_columns(reflectors[:below], below, pivot)
            exchange_columns(reflectors_low[:below], below, pivot)
            order[below], order[pivot] = order[pivot], order[below]
        entry = _annul_precisely(
            columns, columns_low, j, below, reflectors[below], reflectors_low[below]
        )
        least = min(least, entry)
        below += 1
    triangle = np.empty((below, rank))
    for i in range(below):
        for j in range(rank):
            triangle[i, j] = columns[j, i]
    return triangle, below, least


@kernel
def _multiply_by_powers(
    digits: Integers,
    rank: int,
    product: Floats,
    exponents: Integers,
    frame: Floats,
    order: Integers,
) -> None:
    """Multiply by the diagonal matrix of the powers of two with these exponents."""
    diagonal = np.zeros((digits.size, digits.size))
    for i in range(digits.size):
        diagonal[i, i] = math.ldexp(1.0, int(digits[i]))
    triangle, rank, _ = _decompose_precisely(diagonal, rank, 0.0, frame, order)
    multiply_triangular(triangle, rank, exponents, product)


@kernel
def _multiply_precisely(
    factor: Floats,
    rounding: float,
    rank: int,
    product: Floats,
    exponents: Integers,
    frame: Floats,
    order: Integers,
) -> tuple[int, bool]:
    """Multiply by a factor, which is spoilt; return the new rank and whether it is singular.

    Nearly singular ones count, as far as the frame holds all of the directions that it shrinks.
    """
    n = len(factor)
    digits = np.empty(n, np.int64)
    turned = factor.T.copy()
    if _equilibrate(turned, digits):
        _multiply_by_powers(digits, rank, product, exponents, frame, order)
        factor = turned.T.copy()
    scaled = _equilibrate(factor, digits)
    triangle, below, least = _decompose_precisely(factor, rank, rounding * n, frame, order)
    multiply_triangular(triangle, below, exponents, product)
    if scaled:
        _multiply_by_powers(digits, below, product, exponents, frame, order)
    return below, below < n or least < _NEARLY_SINGULAR


@kernel
def _make_diagonal_positive(product: Floats, rank: int) -> None:
    """Change the signs of rows, which changes no singular value."""
    for i in range(rank):
        if product[i, i] < 0.0:
            for j in range(i, product.shape[1]):
                product[i, j] = -product[i, j]


@kernel
def _multiply(
    factor: Floats,
    rotate: bool,
    rounding: float,
    product: Floats,
    exponents: Integers,
    frame: Floats,
    order: Integers,
    state: Integers,
) -> None:
    """Multiply by one factor, which is spoilt."""
    rank = state[0]
    shift = matrix_exponent(factor)
    scale_matrix(factor, -shift)
    for i in range(rank):
        exponents[i] += shift
    if not rotate:
        frame[:] = 0.0
        for i in range(order.size):
            order[i] = i
    if not rotate or state[1] == 0:
        sizes = np.zeros(order.size)
        for i in range(sizes.size):
            for j in range(sizes.size):
                sizes[i] = max(sizes[i], abs(factor[i, j]))
        image = _turned(factor, rank, rotate, frame, order)
        reflectors, new_order = np.empty((rank, order.size)), np.empty(order.size, np.int64)
        triangularize_by_pivots(image, reflectors, new_order)
        if _is_sound(image, sizes, new_order):
            multiply_triangular(image[:rank], rank, exponents, product)
            frame[0, :rank] = reflectors
            order[:] = new_order
            return
    rank, is_singular = _multiply_precisely(
        factor, rounding, rank, product, exponents, frame, order
    )
    state[0] = rank
    if is_singular:
        state[1] = 1
    elif state[1] == 0:
        frame[1] = 0.0


@kernel
def multiply_factors(
    factors: Floats,
    rotate: bool,
    rounding: float,
    products: Floats,
    exponents: Integers,
    frames: Floats,
    orders: Integers,
    states: Integers,
) -> None:
    """Multiply a batch of factors step by step and lane by lane.

    Parameters
    ----------
    factors : (steps, n, n, lanes) array
        The factors. There may be more lanes than products.
    rotate : bool
        Whether the frames turn the factors. Where the law of the factors is invariant under
        rotations, and they are independent, it is that of the turned ones.
    rounding : float
        What counts as zero when the rank of a factor is decided.
    products : (lanes, n, n) array
        The triangular products, replaced by those after all steps.
    exponents : (lanes, n) array
        The exponents of their rows.
    frames : (lanes, 2, n, n) array
        The reflections whose product a frame is, and what their rounding left, while that counts.
    orders : (lanes, n) array
        The order of the coordinates that the reflections are passed.
    states : (lanes, 2) array
        The rank of a product, whose other rows say nothing, and whether a factor was nearly
        singular.
    """
    factor = np.empty(products.shape[1:])
    for lane in range(len(products)):
        product = products[lane]
        for step in range(len(factors)):
            if states[lane, 0] > 0:
                factor[:] = factors[step, :, :, lane]
                _multiply(
                    factor,
                    rotate,
                    rounding,
                    product,
                    exponents[lane],
                    frames[lane],
                    orders[lane],
                    states[lane],
                )
                if not rotate:
                    # The triangular factor of a complex matrix is one itself then, and the rotation
                    # a complex one, of which the law of a complex factor does not depend.
                    _make_diagonal_positive(product, states[lane, 0])


@kernel
def multiply_gaussian_triangles(
    words: Words, steps: int, parts: int, products: Floats, exponents: Integers
) -> None:
    """Multiply by the triangular factors of Gaussian matrices, step by step and lane by lane.

    These are independent, with chi variables on the diagonal and normal ones above, the parts of
    an entry having the variance 1. Complex entries are 2x2 blocks.
    """
    size = products.shape[1]
    n = size // parts
    factor, square, row = np.zeros((size, size)), np.empty(1), np.empty(parts * n)
    for lane in range(len(products)):
        for _ in range(steps):
            for i in range(n):
                fill_chi_square(words, parts * (n - i), square)
                fill_normal(words, row[: parts * (n - i - 1)])
                for part in range(parts):
                    factor[parts * i + part, parts * i + part] = math.sqrt(square[0])
                for j in range(i + 1, n):
                    x = row[parts * (j - i - 1)]
                    for part in range(parts):
                        factor[parts * i + part, parts * j + part] = x
                    if parts == 2:
                        y = row[2 * (j - i) - 1]
                        factor[2 * i, 2 * j + 1] = -y
                        factor[2 * i + 1, 2 * j] = y
            multiply_triangular(factor, size, exponents[lane], products[lane])


@kernel
def fill_log_singular_values(
    products: Floats, exponents: Integers, ranks: Integers, out: Floats
) -> None:
    """Fill the rows of ``out`` with logarithms of singular values; the products are spoilt.

    Those of complex products are there twice, and are taken once.
    """
    size = products.shape[1]
    parts = size // out.shape[1]
    values = np.empty(size)
    for lane in range(len(products)):
        rank = ranks[lane]
        log_singular_values(products[lane, :rank], exponents[lane, :rank], values)
        for i in range(out.shape[1]):
            out[lane, i] = values[parts * i]
