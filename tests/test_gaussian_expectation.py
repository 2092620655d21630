"""Gaussian quadrature against closed forms and a rule with many nodes."""

import math

import numpy as np
import pytest
from scipy import stats

from stabsim import activations
from stabsim._gaussian_expectation import expectation, expectation_with_error, pair_expectation

VARIANCES = 10.0 ** np.arange(-12, 13, 3)


def by_brute_force(f, q, breaks=()):
    """Integrate panel by panel over the sizes at which an activation or the density varies."""
    sigma = math.sqrt(q)
    sizes = np.concatenate([[0.0], np.geomspace(0.1 * min(sigma, 1.0), 12.0 * sigma, 60)])
    edges = np.unique(np.concatenate([sizes, -sizes, breaks]))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    half, middle = 0.5 * np.diff(edges)[:, None], 0.5 * (edges[1:] + edges[:-1])[:, None]
    x = middle + half * nodes
    return float(((half * f(x) * stats.norm.pdf(x / sigma) / sigma) @ weights).sum())


@pytest.mark.parametrize("power", [0, 2, 4, 8])
def test_moments_of_a_normal_variable(power):
    exact = math.prod(range(1, power, 2)) * VARIANCES ** (power // 2)
    np.testing.assert_allclose(expectation(lambda x: x**power, VARIANCES), exact, rtol=1e-13)


def test_odd_functions_average_out():
    value, error = expectation_with_error(np.tanh, VARIANCES)
    np.testing.assert_allclose(value, 0.0, atol=1e-15)
    assert (error < 1e-13).all()


@pytest.mark.jit
@pytest.mark.parametrize("name", activations.names())
def test_squares_of_every_activation_and_its_derivative(name):
    activation = activations.get(name)
    for q in (1e-4, 1.0, 60.0):
        for function in (activation, activation.derivative):
            squared = lambda x, f=function: f(x) ** 2  # noqa: E731
            exact = by_brute_force(squared, q, breaks=(-1.0, 1.0, 6.0))
            value, error = expectation_with_error(squared, q)
            assert value == pytest.approx(exact, rel=1e-12)
            assert error < 1e-13 * value


@pytest.mark.parametrize("q", [0.01, 1.0, 40.0])
@pytest.mark.parametrize("kink", [1e-8, 1e-3, 0.03, 0.287, 1.0])
def test_kinks_and_jumps_that_nobody_named(kink, q):
    sigma = math.sqrt(q)
    tail = stats.norm.sf(kink / sigma)
    kinked = sigma * stats.norm.pdf(kink / sigma) - kink * tail
    for kinks in ((), (kink,)):
        slope = expectation(lambda x: np.maximum(x - kink, 0.0), q, kinks=kinks)
        assert slope == pytest.approx(kinked, rel=1e-12, abs=1e-25)
        for step in (lambda x: np.where(x > kink, 1.0, 0.0), lambda x: np.where(x < kink, 0.0, 1)):
            assert expectation(step, q, kinks=kinks) == pytest.approx(tail, rel=1e-12, abs=1e-22)


def test_a_step_far_out_in_the_tail():
    assert expectation(lambda x: np.where(x > 20.0, 1.0, 0.0), 1.0) == pytest.approx(
        stats.norm.sf(20.0), rel=1e-10
    )


def test_fast_oscillations():
    q = np.array([1.0, 100.0, 1e6])
    exact = -0.5 * np.expm1(-2.0 * q)
    value, error = expectation_with_error(lambda x: np.sin(x) ** 2, q)
    np.testing.assert_allclose(value, exact, rtol=1e-12)
    assert (np.abs(value - exact) <= error + 1e-14).all()


def test_many_variances_at_once_are_those_one_by_one():
    q = np.random.default_rng(1).permutation(np.append(VARIANCES, [0.0, 0.5, 0.5]))
    together = expectation(lambda x: np.tanh(x) ** 2, q.reshape(3, 4))
    single = [float(expectation(lambda x: np.tanh(x) ** 2, value)) for value in q]
    assert together.shape == (3, 4)
    np.testing.assert_allclose(together.ravel(), single, rtol=1e-14, atol=0.0)


def test_no_variance_is_the_value_at_zero():
    assert expectation(np.cosh, 0.0) == 1.0
    assert expectation(np.cosh, 0.0, hermite=2) == 0.0


def test_second_hermite_moment_is_the_derivative():
    q = np.array([0.1, 1.0, 7.0])
    np.testing.assert_allclose(
        expectation(lambda x: x**4, q, hermite=2) / (2.0 * q), 6.0 * q, rtol=1e-13
    )
    # d/dq of exp(-q/2), the expectation of a cosine.
    np.testing.assert_allclose(
        expectation(np.cos, q, hermite=2) / (2.0 * q), -0.5 * np.exp(-0.5 * q), rtol=1e-11
    )


def test_growing_functions():
    assert expectation(np.exp, 2.0) == pytest.approx(math.e, rel=1e-13)
    # Too large to be a float where another variance has its density.
    together = expectation(lambda x: np.exp(np.abs(x)), [1e-4, 100.0])
    sigma = np.array([0.01, 10.0])
    np.testing.assert_allclose(
        together, 2.0 * np.exp(0.5 * sigma**2) * stats.norm.cdf(sigma), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: np.exp(0.5 * x * x), "expectation that converges"),
        (lambda x: np.exp(0.499 * x * x), "expectation that converges"),
        (lambda x: np.full_like(x, math.nan), "activation must be finite"),
        (lambda x: 1.0 / x, "activation must be finite"),
        (lambda x: np.sin(1e9 * x) ** 2, "expectation that converges"),
    ],
    ids=["constant", "slow", "nan", "pole", "oscillation"],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_does_not_converge_is_refused(function, message):
    with pytest.raises(ValueError, match=message):
        expectation(function, 1.0)


@pytest.mark.parametrize("q", [-1.0, math.nan, math.inf])
def test_variances_out_of_range_are_refused(q):
    with pytest.raises(ValueError, match="q must be finite and non-negative"):
        expectation(np.tanh, [1.0, q])


CORRELATIONS = [-1.0, -0.9, -0.3, 0.0, 0.5, 0.999, 1.0 - 1e-10, 1.0]


@pytest.mark.parametrize("c", CORRELATIONS)
@pytest.mark.parametrize("named", [(), (0.0,)], ids=["found", "named"])
def test_rectified_pairs(c, named):
    """The arc-cosine kernels of orders 1 and 0 (Cho and Saul 2009)."""
    angle = math.acos(c)
    first = 2.0 * 0.5 * (math.sin(angle) + (math.pi - angle) * c) / (2.0 * math.pi)
    value = pair_expectation(
        lambda x: np.maximum(x, 0.0),
        lambda x: np.maximum(x, 0.0),
        4.0,
        0.25,
        c,
        kinks_f=named,
        kinks_g=named,
    )
    assert value == pytest.approx(first, rel=1e-9, abs=1e-13)
    step = lambda x: np.where(x > 0.0, 1.0, 0.0)  # noqa: E731
    value = pair_expectation(step, step, 4.0, 0.25, c, kinks_f=named, kinks_g=named)
    assert value == pytest.approx((math.pi - angle) / (2.0 * math.pi), abs=1e-11)


@pytest.mark.parametrize("c", CORRELATIONS)
@pytest.mark.parametrize("q", [0.1, 1.0, 30.0])
def test_pairs_of_sines(c, q):
    exact = 0.5 * (math.exp(-q * (1.0 - c)) - math.exp(-q * (1.0 + c)))
    assert pair_expectation(np.sin, np.sin, q, q, c) == pytest.approx(exact, abs=1e-12)


def test_a_pair_of_different_functions_and_variances():
    # E exp(U) cos(V) for Gaussian U, V of covariance r.
    q_f, q_g, c = 0.7, 1.9, -0.6
    r = c * math.sqrt(q_f * q_g)
    exact = math.exp(0.5 * q_f - 0.5 * q_g) * math.cos(r)
    assert pair_expectation(np.exp, np.cos, q_f, q_g, c) == pytest.approx(exact, rel=1e-11)
    assert pair_expectation(np.exp, np.cos, 0.0, q_g, c) == pytest.approx(math.exp(-0.5 * q_g))


def test_pairs_out_of_range_are_refused():
    with pytest.raises(ValueError, match="correlation must be"):
        pair_expectation(np.sin, np.sin, 1.0, 1.0, 1.1)
    with pytest.raises(ValueError, match="q_g must be"):
        pair_expectation(np.sin, np.sin, 1.0, -1.0, 0.5)
    with pytest.raises(ValueError, match="activation must be finite"):
        pair_expectation(np.sin, lambda x: np.full_like(x, math.nan), 1.0, 1.0, 0.5)


@pytest.mark.parametrize("q", [1e-10, 1.0, 1e10])
@pytest.mark.parametrize("c", [1e-3, -1e-9, 1e-16, 5e-324])
def test_next_to_no_correlation_only_the_first_term_is_left(c, q):
    tanh = activations.get("tanh")
    size = float(expectation(lambda x: tanh(x) ** 2, q))
    first = c * float(expectation(lambda x: tanh(x) * x, q)) ** 2 / q
    found = pair_expectation(tanh, tanh, q, q, c)
    assert found == pytest.approx(first, rel=1e-5, abs=1e-13 * size)
