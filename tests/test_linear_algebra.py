"""The kernels of determinants and singular values, against LAPACK and high precision."""

import math

import numpy as np
import pytest
from mpmath import mp, mpc

from stabsim._kernels import singular_values
from stabsim._kernels.determinant import log_absolute_determinant, log_absolute_determinants
from stabsim._kernels.factors import orthonormalize
from stabsim._kernels.scaling import matrix_exponent, scale_matrix, scaled_log

SIZES = (1, 2, 3, 5, 12, 34)
every_size = pytest.mark.parametrize("n", SIZES)
both_fields = pytest.mark.parametrize("dtype", [float, complex])


def gaussian(n, dtype, seed=0):
    rng = np.random.default_rng(seed + n)
    matrix = rng.standard_normal((n, n)).astype(dtype)
    return matrix + 1j * rng.standard_normal((n, n)) if dtype is complex else matrix


def graded(n, dtype, ratio):
    """Return a matrix whose columns shrink by a ratio each."""
    return gaussian(n, dtype) * ratio ** np.arange(n)


def largest_singular_value(matrix):
    """Return the kernel's value, which overwrites its matrix."""
    return singular_values.largest_singular_value(matrix.copy())


def exact(matrix):
    return mp.matrix([[mpc(x) for x in row] for row in matrix.tolist()])


def exact_log_determinant(matrix):
    with mp.workdps(400):
        return float(mp.log(abs(mp.det(exact(matrix)))))


def exact_largest_singular_value(matrix):
    with mp.workdps(400):
        A = exact(matrix)
        return float(mp.sqrt(max(mp.eigh(A.H * A, eigvals_only=True))))


@both_fields
@every_size
def test_determinant_equals_lapack(n, dtype):
    matrix = gaussian(n, dtype)
    expected = np.linalg.slogdet(matrix)[1]
    assert log_absolute_determinant(matrix.copy()) == pytest.approx(expected, abs=1e-12 * n)


@both_fields
@pytest.mark.parametrize("ratio", [1e-60, 1e-3, 1e3, 1e60])
def test_determinant_of_graded_matrices(ratio, dtype):
    for matrix in (graded(5, dtype, ratio), graded(5, dtype, ratio).T.copy()):
        expected = exact_log_determinant(matrix)
        assert log_absolute_determinant(matrix.copy()) == pytest.approx(expected, abs=1e-11)


@both_fields
@pytest.mark.parametrize("scale", [1e-290, 1e-160, 1e160, 1e300])
def test_determinant_of_extreme_matrices(scale, dtype):
    matrix = gaussian(4, dtype)
    expected = log_absolute_determinant(matrix.copy()) + 4 * math.log(scale)
    assert log_absolute_determinant(scale * matrix) == pytest.approx(expected, rel=1e-14)


@both_fields
@pytest.mark.parametrize(
    "matrix",
    [
        [[0]],
        [[0, 0], [0, 0]],
        [[1, 2], [2, 4]],
        [[0, 0, 1], [0, 0, 2], [0, 0, 3]],
        [[1, 2, 3], [0, 0, 0], [4, 5, 6]],
    ],
)
def test_determinant_of_singular_matrices(matrix, dtype):
    assert log_absolute_determinant(np.array(matrix, dtype)) == -math.inf


@both_fields
def test_determinant_pivots(dtype):
    permutation = np.eye(6, dtype=dtype)[[3, 0, 5, 1, 4, 2]]
    assert log_absolute_determinant(permutation) == pytest.approx(0.0, abs=1e-15)
    tiny = np.array([[1e-30, 1.0], [1.0, 1.0]], dtype)
    assert log_absolute_determinant(tiny) == pytest.approx(0.0, abs=1e-15)


@both_fields
@every_size
def test_largest_singular_value_equals_lapack(n, dtype):
    matrix = gaussian(n, dtype)
    expected = np.linalg.svd(matrix, compute_uv=False)[0]
    assert largest_singular_value(matrix) == pytest.approx(expected, rel=1e-14)


@both_fields
@pytest.mark.parametrize("ratio", [1e-100, 1e-60, 1e-8, 0.5, 1e8, 1e40])
def test_largest_singular_value_of_graded_matrices(ratio, dtype):
    for matrix in (graded(4, dtype, ratio), graded(4, dtype, ratio).T.copy()):
        expected = exact_largest_singular_value(matrix)
        assert largest_singular_value(matrix) == pytest.approx(expected, rel=4e-15)


@both_fields
@pytest.mark.parametrize("exponent", [-250, 250])
def test_largest_singular_value_scales(exponent, dtype):
    matrix = gaussian(5, dtype)
    scaled = math.ldexp(largest_singular_value(matrix), exponent)
    assert largest_singular_value(matrix * 2.0**exponent) == pytest.approx(scaled, rel=1e-15)


@both_fields
@pytest.mark.parametrize("n", [2, 8, 34])
def test_largest_singular_value_where_several_are_equal(n, dtype):
    q = np.linalg.qr(gaussian(n, dtype))[0]
    assert largest_singular_value(3.0 * q) == pytest.approx(3.0, rel=1e-14)
    assert largest_singular_value(np.eye(n, dtype=dtype)) == pytest.approx(1.0, rel=1e-15)


@both_fields
@pytest.mark.parametrize("n", [1, 3, 34])
def test_largest_singular_value_of_singular_matrices(n, dtype):
    assert largest_singular_value(np.zeros((n, n), dtype)) == 0.0
    column, row = gaussian(n, dtype)[:, 0], gaussian(n, dtype, seed=1)[0]
    expected = np.linalg.norm(column) * np.linalg.norm(row)
    assert largest_singular_value(np.outer(column, row)) == pytest.approx(expected, rel=1e-14)


@both_fields
def test_batches_are_matrices_side_by_side(dtype):
    matrices = [[gaussian(4, dtype, 10 * step + lane) for lane in range(3)] for step in range(2)]
    batch = np.ascontiguousarray(np.moveaxis(matrices, 1, -1))
    kept, out = batch.copy(), np.empty((2, 3))
    log_absolute_determinants(batch, out)
    assert out.tolist() == [[log_absolute_determinant(A.copy()) for A in row] for row in matrices]
    singular_values.largest_singular_values(batch[1], out[1])
    assert out[1].tolist() == [largest_singular_value(A) for A in matrices[1]]
    np.testing.assert_array_equal(batch, kept)


@both_fields
@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1e-200, 1.0, 2.0**-3, 1e300])
def test_matrices_are_scaled_to_the_unit_interval_and_back(scale, dtype):
    matrix = (scale * np.array([[0.5, 1.0], [-0.25, 0.0]])).astype(dtype)
    scaled = matrix.copy()
    exponent = matrix_exponent(matrix)
    scale_matrix(scaled, -exponent)
    assert 0.5 <= max(abs(scaled.real).max(), abs(scaled.imag).max()) < 1.0
    scale_matrix(scaled, exponent)
    np.testing.assert_array_equal(scaled, matrix)
    assert matrix_exponent(0.0 * matrix) == 0


@both_fields
@pytest.mark.parametrize("size", [1, 2, 5, 8, 20])
def test_orthonormalize_is_the_unique_triangular_decomposition(size, dtype):
    n = min(size, 5)
    matrix = gaussian(size, dtype)[:n]
    rows = matrix.copy()
    orthonormalize(rows)
    np.testing.assert_allclose(rows @ rows.conj().T, np.eye(n), atol=2e-15)
    triangular = matrix @ rows.conj().T
    np.testing.assert_allclose(np.triu(triangular, 1), 0.0, atol=1e-14)
    np.testing.assert_allclose(np.diagonal(triangular).imag, 0.0, atol=1e-14)
    assert (np.diagonal(triangular).real > 0).all()


@both_fields
def test_orthonormalize_of_nearly_dependent_rows(dtype):
    i = np.arange(10)
    rows = (1.0 / (1.0 + i[:, None] + i)).astype(dtype)
    assert np.linalg.cond(rows) > 1e12
    orthonormalize(rows)
    np.testing.assert_allclose(rows @ rows.conj().T, np.eye(10), atol=5e-15)


def test_scaled_log():
    assert scaled_log(0.0, 5) == -math.inf
    assert scaled_log(3.0, 0) == math.log(3.0)
    assert scaled_log(1.5, 10**6) == pytest.approx(math.log(1.5) + 10**6 * math.log(2.0), rel=1e-15)
    assert scaled_log(1.5, -(10**6)) == pytest.approx(
        math.log(1.5) - 10**6 * math.log(2.0), rel=1e-15
    )


def test_determinant_of_rows_of_any_size():
    matrix = np.array([[3e200, 0.0, 1e190], [0.0, 1e-300, 0.0], [1e-200, 0.0, 2e-200]])
    exact = math.log(3e200 * 2e-200 - 1e190 * 1e-200) + math.log(1e-300)
    assert log_absolute_determinant(matrix) == pytest.approx(exact, rel=1e-13)
