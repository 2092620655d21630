"""The pieces of a layer: factors of signals and Gram matrices, lengths, activations."""

import math

import numpy as np
import pytest

import stabsim
from stabsim._kernels import layer
from stabsim.networks import MLP

RNG = np.random.default_rng(1)


def factored(vectors):
    q, lower = np.array(vectors, dtype=float), np.empty((len(vectors), len(vectors)))
    layer.orthonormal_factor(q, lower)
    return q, lower


def cholesky(gram):
    gram, lower = np.asarray(gram, dtype=float), np.empty(np.shape(gram))
    layer.cholesky_factor(gram, np.diag(gram).copy(), lower)
    return lower


# Factors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 5), (5, 5), (7, 3)])
def test_rows_factor_into_a_triangle_and_orthonormal_rows(shape):
    vectors = RNG.standard_normal(shape)
    q, lower = factored(vectors)
    np.testing.assert_allclose(lower @ q, vectors, atol=1e-14)
    np.testing.assert_array_equal(np.triu(lower, 1), 0.0)
    assert (np.diag(lower) >= 0.0).all()
    rank = min(shape)
    np.testing.assert_allclose(q @ q.T, np.diag((np.arange(shape[0]) < rank) * 1.0), atol=1e-14)


def test_dependent_rows_have_no_direction_of_their_own():
    a, b = RNG.standard_normal((2, 6))
    vectors = np.array([a, 2.0 * a, np.zeros(6), b, a - b])
    q, lower = factored(vectors)
    np.testing.assert_array_equal(np.diag(lower) > 0.0, [True, False, False, True, False])
    np.testing.assert_array_equal(q[[1, 2, 4]], 0.0)
    np.testing.assert_allclose(lower @ q, vectors, atol=1e-14)


@pytest.mark.parametrize("difference", [1e-3, 1e-6, 1e-9])
def test_nearly_dependent_rows_stay_orthonormal(difference):
    vectors = RNG.standard_normal((1, 20)) + difference * RNG.standard_normal((4, 20))
    q, lower = factored(vectors)
    np.testing.assert_allclose(q @ q.T, np.eye(4), atol=1e-13)
    np.testing.assert_allclose(lower @ q, vectors, atol=1e-14)


@pytest.mark.parametrize("scale", [1e-120, 1e-12, 1e120])
def test_rows_of_any_scale_count(scale):
    vectors = RNG.standard_normal((3, 6)) * np.array([[1.0], [scale], [1.0]])
    q, lower = factored(vectors)
    np.testing.assert_allclose(q @ q.T, np.eye(3), atol=1e-13)
    np.testing.assert_allclose(lower @ q, vectors, rtol=1e-12, atol=1e-14 * max(scale, 1.0))


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (3, 8), (6, 2)])
def test_a_gram_matrix_factors_even_if_it_is_singular(shape):
    vectors = RNG.standard_normal(shape)
    gram = vectors @ vectors.T
    lower = cholesky(gram)
    np.testing.assert_array_equal(np.triu(lower, 1), 0.0)
    np.testing.assert_allclose(lower @ lower.T, gram, atol=1e-10)
    assert np.count_nonzero(np.diag(lower)) == min(shape)


def test_the_gram_matrix_of_zeros_has_the_factor_zero():
    np.testing.assert_array_equal(cholesky(np.zeros((3, 3))), 0.0)
    gram = np.diag([1.0, 0.0, 4.0])
    np.testing.assert_array_equal(cholesky(gram), np.diag([1.0, 0.0, 2.0]))


def test_a_pivot_is_small_beside_what_its_row_was():
    # The second row's square is what rounding left of a difference.
    gram, lower = np.diag([1.0, 1e-15]), np.empty((2, 2))
    layer.cholesky_factor(gram, np.array([1.0, 1.0]), lower)
    np.testing.assert_array_equal(lower, np.diag([1.0, 0.0]))
    layer.cholesky_factor(gram, np.diag(gram).copy(), lower)
    np.testing.assert_allclose(lower, np.diag(np.sqrt([1.0, 1e-15])))


def test_triangular_systems_are_solved():
    lower = np.tril(RNG.standard_normal((4, 4))) + 3.0 * np.eye(4)
    solution = RNG.standard_normal((4, 6))
    vectors = lower @ solution
    layer.solve_lower(lower, vectors)
    np.testing.assert_allclose(vectors, solution, atol=1e-13)


def test_rows_without_a_pivot_vanish():
    lower = np.array([[2.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 4.0]])
    vectors = np.array([[2.0, 4.0], [5.0, 6.0], [9.0, 10.0]])
    layer.solve_lower(lower, vectors)
    np.testing.assert_array_equal(vectors, [[1.0, 2.0], [0.0, 0.0], [2.0, 2.0]])


# Lengths -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 1e-300, 1e300, 5e-324 * 2**60, 1e-160, 1e160])
def test_vectors_of_any_scale_are_normalized(scale):
    directions = RNG.uniform(0.5, 1.0, (2, 5))
    vectors = scale * directions
    logarithm = layer.normalize(vectors)
    norm = np.linalg.norm(directions)
    assert logarithm == pytest.approx(math.log(scale) + math.log(norm), rel=1e-13)
    np.testing.assert_allclose(vectors, directions / norm, rtol=1e-13)


def test_the_smallest_number_is_normalized_and_zero_stays_zero():
    vectors = np.array([[0.0, 5e-324]])
    assert layer.normalize(vectors) == pytest.approx(math.log(5e-324))
    np.testing.assert_array_equal(vectors, [[0.0, 1.0]])
    vectors[:] = 0.0
    assert layer.normalize(vectors) == -math.inf
    np.testing.assert_array_equal(vectors, 0.0)


@pytest.mark.parametrize(
    ("x", "y"), [(0.0, 1.0), (5.0, -2000.0), (-3000.0, -3000.5), (1e5, 1e5), (1.0, -math.inf)]
)
def test_the_logarithm_of_a_sum(x, y):
    expected = np.logaddexp(x, y)
    assert layer.log_of_sum(x, y) == pytest.approx(expected, rel=1e-15)
    assert layer.log_of_sum(y, x) == pytest.approx(expected, rel=1e-15)
    assert layer.log_of_sum(-math.inf, -math.inf) == -math.inf


def test_gradients_of_weights_and_biases_are_sums_over_inputs():
    inputs, gradients = RNG.standard_normal((3, 4)), RNG.standard_normal((3, 5))
    ours = layer.log_weight_gradient(inputs @ inputs.T, gradients @ gradients.T)
    assert ours == pytest.approx(math.log(np.linalg.norm(gradients.T @ inputs)))
    ours = layer.log_bias_gradient(gradients @ gradients.T)
    assert ours == pytest.approx(math.log(np.linalg.norm(gradients.sum(axis=0))))
    assert layer.log_bias_gradient(np.zeros((2, 2))) == -math.inf
    # Opposite gradients cancel, to a rounding error that may be negative.
    assert layer.log_bias_gradient(np.array([[1.0, -1.0 - 1e-16], [-1.0 - 1e-16, 1.0]])) < -15.0


def test_gradients_pass_slopes():
    gradients, slopes = RNG.standard_normal((2, 4)), RNG.standard_normal((2, 4))
    product = gradients * slopes
    log_size = layer.backpropagate(slopes, -2000.0, gradients)
    assert log_size == pytest.approx(-2000.0 + math.log(np.linalg.norm(product)))
    np.testing.assert_allclose(gradients, product / np.linalg.norm(product))
    assert layer.backpropagate(np.zeros((2, 4)), 0.0, gradients) == -math.inf


# Activations ---------------------------------------------------------------------------------


def activated(activation, log_unit, signals):
    """Return the values, their logarithmic unit and the slopes of signals (inputs, units)."""
    program = MLP(1, np.shape(signals)[1], activation=activation).program
    values, slopes = np.empty(np.shape(signals)), np.empty(np.shape(signals))
    log_norm = layer.activate(
        program.codes,
        program.parameters,
        0,
        int(program.first[1]),
        log_unit,
        np.array(signals, dtype=float),
        values,
        slopes,
    )
    return log_norm, values, slopes


SIGNALS = np.array([[0.5, -1.5, 2.0], [-0.1, 3.0, 0.7]])


@pytest.mark.parametrize("name", stabsim.activations.names())
@pytest.mark.parametrize("log_unit", [-30.0, 0.0, 3.0])
def test_activations_of_ordinary_signals(name, log_unit):
    activation, x = stabsim.activations.get(name), math.exp(log_unit) * SIGNALS
    log_norm, values, slopes = activated(name, log_unit, SIGNALS)
    np.testing.assert_allclose(math.exp(log_norm) * values, activation(x), rtol=1e-13)
    np.testing.assert_allclose(slopes, activation.derivative(x), rtol=1e-13)
    assert np.linalg.norm(values) == pytest.approx(1.0)


@pytest.mark.parametrize("name", stabsim.activations.names())
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_activations_of_signals_beyond_float64(name, sign):
    # As log-norm and direction: a line on either side, a constant, or a periodic function.
    log_norm, values, slopes = activated(name, sign * 3000.0, SIGNALS)
    activation = stabsim.activations.get(name)
    if name == "sine" and sign > 0.0:
        assert -10.0 < log_norm <= 0.5 * math.log(SIGNALS.size)
        return
    x = np.array([1.0, -1.0]) * 1e200**sign
    slopes_of_lines = activation(x) / x
    right, left = slopes_of_lines if abs(slopes_of_lines).max() > 1e-9 else (0.0, 0.0)
    if sign < 0.0 and activation(0.0) != 0.0:
        expected = np.full(SIGNALS.shape, activation(0.0))
        expected_log = math.log(np.linalg.norm(expected))
    elif right == left == 0.0:
        expected = activation(1e200 * SIGNALS)
        expected_log = math.log(np.linalg.norm(expected))
    else:
        expected = np.where(SIGNALS > 0.0, right, left) * SIGNALS
        expected_log = sign * 3000.0 + math.log(np.linalg.norm(expected))
    assert log_norm == pytest.approx(expected_log, rel=1e-12)
    np.testing.assert_allclose(values, expected / np.linalg.norm(expected), rtol=1e-12, atol=1e-80)
    assert np.isfinite(slopes).all()


def test_a_zero_signal_beside_one_beyond_float64():
    signals = np.array([[1.0, 2.0], [0.0, 0.0]])
    log_norm, values, _ = activated("gelu", 3000.0, signals)
    assert log_norm == pytest.approx(3000.0 + 0.5 * math.log(5.0))
    np.testing.assert_allclose(values, signals / math.sqrt(5.0))


def test_a_layer_may_have_no_activation():
    log_norm, values, slopes = activated(None, 5.0, SIGNALS)
    np.testing.assert_allclose(values, SIGNALS / np.linalg.norm(SIGNALS))
    np.testing.assert_array_equal(slopes, 1.0)
    assert log_norm == pytest.approx(5.0 + math.log(np.linalg.norm(SIGNALS)))
