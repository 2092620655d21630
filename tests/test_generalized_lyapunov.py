"""Generalized Lyapunov exponents: exact values, honest errors and warnings, invariances."""

# The result's ``values`` are those of no data frame.
# ruff: noqa: PD011

import math
import pickle
import warnings

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import JIT_DISABLED
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import SMALLEST_P_VALUE, assert_z
from scipy import special, stats

import stabsim
from stabsim import (
    IID,
    AndersonTransfer,
    Custom,
    FiniteSet,
    Ginibre,
    Haar,
    Shifted,
    TruncatedHaar,
    matrix_product_growth,
)
from stabsim._kernels import population
from stabsim._samplers import population as sampler
from stabsim._samplers.population import NOISE, RATE, PopulationGrowth
from stabsim.ensembles import Alternating, MarkovModulated
from stabsim.moment_exponents import generalized_lyapunov

WALKERS = 30 if JIT_DISABLED else 1000
STEPS = 32 if JIT_DISABLED else 300
TRIALS = 3 if JIT_DISABLED else 16
FEW = settings(max_examples=5 if JIT_DISABLED else 20, deadline=None)


def moments(ensemble=None, q=2.0, **keywords):
    keywords = {"steps": STEPS, "walkers": WALKERS, "trials": TRIALS, "rng": 1} | keywords
    return generalized_lyapunov(ensemble or Ginibre(2), q, **keywords)


def quick(ensemble=None, q=2.0, **keywords):
    """Estimate from populations that are too small to trust."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return moments(ensemble, q, **{"steps": 6, "walkers": 20, "trials": 3} | keywords)


def ginibre_exponent(n, q, parts=1):
    """Return ln E|A e_1|^q, of a chi variable with n real or complex degrees of freedom."""
    k = 0.5 * parts * n
    return 0.5 * q * math.log(2.0 / parts) + special.gammaln(k + 0.5 * q) - special.gammaln(k)


def corner_exponent(n, size, q):
    """Return ln E|A e_1|^q for the corner of an orthogonal matrix, of a beta variable."""
    a, c = 0.5 * n, 0.5 * size
    return special.betaln(a + 0.5 * q, c - a) - special.betaln(a, c - a)


def even_exponent(matrices, probabilities, q):
    """Return L(q) of finitely many matrices: |Pv|^q is a form in the q-fold Kronecker power of P.

    The mean of that power grows by its spectral radius.
    """
    mean = 0.0
    for matrix, probability in zip(matrices, probabilities, strict=True):
        power = np.ones((1, 1))
        for _ in range(q):
            power = np.kron(power, matrix)
        mean = mean + probability * power
    return math.log(np.abs(np.linalg.eigvals(mean)).max())


def anderson_exponent(energy, disorder, q):
    """Return L(q) of box disorder, by a Gauss-Legendre rule that is exact for these powers."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    matrices = [[[energy - 0.5 * disorder * x, -1.0], [1.0, 0.0]] for x in nodes]
    return even_exponent(matrices, 0.5 * weights, q)


# Exact values --------------------------------------------------------------------------------


ORDERS = np.array([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0, 4.0])


@pytest.fixture(scope="module", params=["dense", "auto"])
def ginibre(request):
    with warnings.catch_warnings():
        # Without the JIT the populations are too small, and say so.
        warnings.simplefilter("ignore" if JIT_DISABLED else "error", RuntimeWarning)
        return moments(Ginibre(4), ORDERS, method=request.param, trials=2 * TRIALS, rng=11)


@pytest.mark.parametrize("k", range(ORDERS.size), ids=ORDERS.astype(str))
def test_ginibre_moments(ginibre, k):
    q, value, error = ORDERS[k], ginibre.values[k], ginibre.standard_error[k]
    assert_z(value, ginibre_exponent(4, q), error)
    if q == 4.0:
        with pytest.raises(AssertionError, match="z ="):
            assert_z(value, q * stabsim.theory.ginibre_exponents(4)[0], error)


@pytest.mark.jit
def test_ginibre_moments_within_half_a_percent(ginibre):
    exact = np.array([ginibre_exponent(4, q) for q in ORDERS])
    np.testing.assert_allclose(ginibre.values, exact, rtol=0.005)
    assert not ginibre.collapsed.any()


@pytest.mark.parametrize("method", ["dense", "auto"])
@pytest.mark.parametrize(
    ("ensemble", "q", "exact"),
    [
        (Ginibre(2, sigma=3.0), 2.0, ginibre_exponent(2, 2.0) + 2.0 * math.log(3.0)),
        (Ginibre(2, field="complex"), -1.0, ginibre_exponent(2, -1.0, 2)),
        (Ginibre(3, field="complex"), 3.0, ginibre_exponent(3, 3.0, 2)),
        (TruncatedHaar(2, 5), 3.0, corner_exponent(2, 5, 3.0)),
        (TruncatedHaar(3, 4), -1.0, corner_exponent(3, 4, -1.0)),
        (Shifted(Ginibre(3), scale=0.5), 2.0, math.log(1.0 + 3.0 * 0.25)),
    ],
    ids=lambda value: repr(value) if isinstance(value, stabsim.ensembles.Ensemble) else "",
)
def test_moments_of_other_growth_alike_in_every_direction(ensemble, q, exact, method):
    result = moments(ensemble, q, method=method, rng=3)
    assert result.method == ("dense" if method == "dense" else "reduced")
    assert_z(result.values[0], exact, result.standard_error[0])


@pytest.mark.parametrize("q", [2, 4, 8])
def test_random_fibonacci_of_even_orders(q):
    fibonacci = FiniteSet.random_fibonacci()
    exact = even_exponent(fibonacci.matrices, fibonacci.probabilities, q)
    result = moments(fibonacci, q, rng=5)
    assert_z(result.values[0], exact, result.standard_error[0])


def test_random_fibonacci_of_order_one():
    # All the sequences of 16 signs: the mean length grows by the root of a cubic, less one.
    vectors = np.array([[1.0, 0.0]])
    sizes = []
    for _ in range(16):
        vectors = np.concatenate([vectors @ m.T for m in FiniteSet.random_fibonacci().matrices])
        sizes.append(np.linalg.norm(vectors, axis=1).mean())
    root = max(np.roots([1.0, -2.0, 0.0, -1.0]).real)
    assert sizes[-1] / sizes[-2] == pytest.approx(root - 1.0, rel=1e-3)
    result = moments(FiniteSet.random_fibonacci(), 1.0, rng=5)
    assert_z(result.values[0], math.log(root - 1.0), result.standard_error[0])


@pytest.mark.parametrize("q", [2, 4])
@pytest.mark.parametrize(("energy", "disorder"), [(0.3, 1.0), (1.0, 3.0)])
def test_anderson_transfer_of_even_orders(energy, disorder, q):
    result = moments(AndersonTransfer(energy, disorder), q, rng=7)
    assert_z(result.values[0], anderson_exponent(energy, disorder, q), result.standard_error[0])


@pytest.mark.parametrize("q", [-4.0, -3.0, -0.4])
@pytest.mark.parametrize(("energy", "disorder"), [(0.3, 1.0), (0.0, 2.0)])
def test_areas_are_kept_so_moments_are_symmetric_about_minus_one(energy, disorder, q):
    # L(q) = L(-2 - q) for 2×2 matrices of determinant 1.
    ensemble = AndersonTransfer(energy, disorder)
    left = moments(ensemble, q, rng=8)
    right = moments(ensemble, -2.0 - q, rng=9)
    error = math.hypot(left.standard_error[0], right.standard_error[0])
    assert_z(left.values[0], right.values[0], error)


@pytest.mark.parametrize("q", [2, 4])
def test_matrices_that_may_be_singular(q):
    # Half of these matrices have parallel columns, so some vectors vanish.
    signs = np.array(np.meshgrid(*[[-1.0, 1.0]] * 4)).reshape(4, -1).T.reshape(-1, 2, 2)
    exact = even_exponent(signs, np.full(16, 1 / 16), q)
    result = moments(IID(2, "rademacher"), q, rng=13)
    assert_z(result.values[0], exact, result.standard_error[0])


def test_a_complex_set():
    rng = np.random.default_rng(2)
    matrices = rng.standard_normal((3, 2, 2)) + 1j * rng.standard_normal((3, 2, 2))
    mean = np.mean([np.kron(matrix, matrix.conj()) for matrix in matrices], axis=0)
    exact = math.log(np.abs(np.linalg.eigvals(mean)).max())
    result = moments(FiniteSet(matrices), 2.0)
    assert_z(result.values[0], exact, result.standard_error[0])


@pytest.mark.parametrize("q", [-1.0, 0.5, 3.0])
def test_scalars(q):
    result = moments(FiniteSet([[[0.5]], [[-2.0]]], [0.25, 0.75]), q)
    exact = math.log(0.25 * 0.5**q + 0.75 * 2.0**q)
    assert_z(result.values[0], exact, result.standard_error[0])


@pytest.mark.parametrize("method", ["dense", "auto"])
def test_orthogonal_matrices_change_no_length(method):
    result = moments(Haar(3, scale=2.0), [-7.0, 5.0], steps=8, walkers=20, method=method)
    np.testing.assert_allclose(result.values, math.log(2.0) * result.q, rtol=1e-12)
    assert (result.standard_error < 1e-12).all()
    assert not result.collapsed.any()


@pytest.mark.jit
def test_a_user_s_own_factors():
    def fill(rng, out):
        for i in range(2):
            for j in range(2):
                out[i, j] = rng.random()

    # E|Pv|^2 is the form of the mean Kronecker square of uniform entries.
    mean = np.full((4, 4), 0.25)
    for i in range(2):
        for j in range(2):
            mean[3 * i, 3 * j] = 1.0 / 3.0
    exact = math.log(np.abs(np.linalg.eigvals(mean)).max())
    result = moments(Custom(2, fill), 2.0)
    assert_z(result.values[0], exact, result.standard_error[0])


# The estimator -------------------------------------------------------------------------------


def test_the_bias_of_small_populations_is_corrected():
    # The mean weight of 12 walkers has the relative variance c/12, with c = Var(w)/(Ew)².
    walkers, trials = 12, 20 if JIT_DISABLED else 400
    exact = ginibre_exponent(4, 4.0)
    spread = math.expm1(ginibre_exponent(4, 8.0) - 2.0 * exact)
    result = quick(
        Ginibre(4), 4.0, steps=64 if JIT_DISABLED else 320, walkers=walkers, trials=trials
    )
    error = result.standard_error[0]
    assert_z(result.values[0], exact, error)
    with pytest.raises(AssertionError, match="z ="):
        assert_z(result.uncorrected[0], exact, error)
    assert result.uncorrected[0] == pytest.approx(result.values[0] + result.bias_estimate[0])
    assert -1.5 * spread / (2 * walkers) < result.bias_estimate[0] < -0.5 * spread / (2 * walkers)


@pytest.mark.jit
def test_the_bias_falls_like_one_over_the_walkers():
    small, large = (
        moments(AndersonTransfer(0.3, 2.0), 4.0, walkers=walkers).bias_estimate[0]
        for walkers in (100, 1600)
    )
    assert 8.0 < small / large < 32.0


@pytest.mark.jit
def test_standard_errors_are_honest():
    replications = 150
    exact = even_exponent([[[2.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]]], [0.5, 0.5], 2)
    ensemble = FiniteSet([[[2.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]]])
    results = [
        moments(ensemble, 2.0, steps=64, walkers=200, trials=8, rng=seed)
        for seed in range(replications)
    ]
    z = np.array([(result.values[0] - exact) / result.standard_error[0] for result in results])
    # A larger of two errors is a little too large, never too small.
    assert stats.chi2(replications).sf(np.square(z).sum()) > SMALLEST_P_VALUE
    assert stats.chi2(replications).cdf(2.0 * np.square(z).sum()) > SMALLEST_P_VALUE
    assert stats.chi2(replications).sf(4.0 * np.square(z).sum()) < SMALLEST_P_VALUE


@pytest.mark.jit
def test_the_naive_average_falls_short():
    depth, q = 400, 4.0
    growth = matrix_product_growth(
        Ginibre(4), depth, trials=10_000, norm="vector", record=[20, depth], rng=1
    )
    naive = special.logsumexp(q * growth.log_norm, axis=0) - math.log(10_000)
    exact = ginibre_exponent(4, q)
    # All 10 000 products together miss four fifths and more of the moment, at depth 400 by powers
    # of e: the moment's own products have a probability of e^{-t I} each.
    assert naive[1] < exact * depth - 50.0
    # The spread among its parts does not tell.
    parts = special.logsumexp(q * growth.log_norm[:, 1].reshape(10, -1), axis=1) - math.log(1000)
    rates = parts / depth
    assert (exact - rates.mean()) / (rates.std(ddof=1) / math.sqrt(10)) > 20.0
    result = moments(Ginibre(4), q, steps=depth)
    assert_z(result.values[0], exact, result.standard_error[0])


def twin(factors, orders, points, walkers):
    """Advance populations as the kernel does, in NumPy; return what it records."""
    lanes = factors.shape[3]
    log_means, effective = np.empty((2, len(factors), orders.size))
    for k, q in enumerate(orders):
        vectors, weights = walkers[k, :, 0].copy(), np.ones(lanes)
        for step, factor in enumerate(factors):
            images = np.einsum("ijw,jw->iw", factor, vectors)
            lengths = np.linalg.norm(images, axis=0)
            vectors, weights = images / lengths, weights * lengths**q
            log_means[step, k] = math.log(weights.mean())
            effective[step, k] = weights.sum() ** 2 / np.square(weights).sum()
            if effective[step, k] < lanes / 2:
                shares = np.cumsum(weights) / weights.sum()
                parents = np.searchsorted(
                    shares, (np.arange(lanes) + points[step]) / lanes, side="right"
                )
                vectors, weights = vectors[:, parents], np.ones(lanes)
            else:
                weights = weights / weights.mean()
        walkers[k, :, 0] = vectors
    return log_means, effective


@pytest.mark.parametrize("dtype", [float, complex])
def test_the_kernel_does_what_its_twin_does(dtype):
    rng = np.random.default_rng(4)
    steps, n, lanes = 12, 3, 25
    orders = np.array([-1.5, 0.5, 3.0])
    factors = rng.standard_normal((steps, n, n, lanes)).astype(dtype)
    if dtype is complex:
        factors += 1j * rng.standard_normal(factors.shape)
    start = rng.standard_normal((n, 1, lanes)).astype(dtype)
    start /= np.linalg.norm(start, axis=0)
    walkers, copies = np.tile(start, (3, 1, 1, 1)), np.tile(start, (3, 1, 1, 1))
    points = rng.random(steps)
    ancestors = np.tile(np.arange(lanes), (3, 2, 1))
    survivors, sums, squares = np.zeros((3, 2), np.int64), np.zeros((3, 2)), np.zeros((3, 2))
    log_means, effective, spacings = np.empty((3, steps, 3))
    population.advance_populations(
        factors,
        orders,
        points,
        walkers,
        np.zeros((3, lanes)),
        np.zeros(3),
        ancestors,
        0,
        log_means,
        effective,
        spacings,
        survivors,
        sums,
        squares,
    )
    expected_means, expected_sizes = twin(factors, orders, points, copies)
    np.testing.assert_allclose(log_means, expected_means, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(effective, expected_sizes, rtol=1e-10)
    np.testing.assert_allclose(walkers, copies, rtol=1e-9, atol=1e-12)
    assert (effective[:, 2] < lanes / 2).any()
    np.testing.assert_allclose(squares[:, 0], np.square(log_means).sum(axis=0))
    pairs = log_means.reshape(-1, 2, 3).sum(axis=1)
    np.testing.assert_allclose(squares[:, 1], np.square(pairs).sum(axis=0))
    assert (survivors[:, 0] <= steps * lanes).all()
    assert (survivors[2] < [steps * lanes, steps // 2 * lanes]).all()


@given(
    weights=st.lists(st.floats(0.0, 10.0), min_size=1, max_size=12).filter(lambda w: sum(w) > 0.1),
    point=st.floats(0.0, 1.0, exclude_max=True),
)
@FEW
def test_children_are_shares_rounded_up_or_down(weights, point):
    weights = np.array(weights)
    parents = np.empty(weights.size, np.int64)
    population._choose_parents(weights, weights.sum(), point, parents)
    shares = weights / weights.sum() * weights.size
    children = np.bincount(parents, minlength=weights.size)
    assert (np.diff(parents) >= 0).all()
    assert (children > shares - 1.0 - 1e-9).all()
    assert (children < shares + 1.0 + 1e-9).all()


def test_children_have_the_expectation_of_their_shares():
    weights = np.array([0.3, 1.7, 0.0, 2.4, 0.6])
    points = (np.arange(1000) + 0.5) / 1000
    children = np.zeros(5)
    parents = np.empty(5, np.int64)
    for point in points:
        population._choose_parents(weights, weights.sum(), point, parents)
        children += np.bincount(parents, minlength=5)
    np.testing.assert_allclose(children / 1000, weights, atol=2e-3)


# Collapse and infinite moments ---------------------------------------------------------------


@pytest.mark.jit
@pytest.mark.parametrize(
    ("ensemble", "q", "reason"),
    [
        (Ginibre(4), 20.0, "effective sample size"),
        (Ginibre(4), 20.0, "lines survive"),
        (Ginibre(4), 20.0, "bias of"),
        (Ginibre(4), -3.2, "tail index"),
        (Ginibre(1), -0.9, "tail index"),
        (FiniteSet.random_fibonacci(), -4.0, "populations differ"),
    ],
    ids=["effective", "lines", "bias", "tail", "scalar tail", "populations"],
)
def test_a_collapsed_population_is_told(ensemble, q, reason):
    with pytest.warns(RuntimeWarning, match="populations were too small") as caught:
        result = moments(ensemble, [1.0, q])
    assert result.collapsed.tolist() == [False, True]
    assert reason in result.doubts()
    assert f"collapsed at q = {q:g}" in str(caught[0].message)
    assert result.summary().count("  collapsed") == 1
    assert reason in repr(result)


@pytest.mark.jit
def test_a_healthy_population_warns_of_nothing(recwarn):
    assert not moments(Ginibre(4), [-1.0, 0.0, 1.0, 4.0]).collapsed.any()
    assert not moments(AndersonTransfer(0.0, 1.0), [-1.0, 2.0]).collapsed.any()
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]


@pytest.mark.jit
def test_heavy_tails_are_told_where_no_theory_knows_them():
    def fill(rng, out):
        # The inverse of a uniform variable has no mean.
        out[0, 0] = 1.0 / (1.0 - rng.random())

    with pytest.warns(RuntimeWarning, match="the moment may be infinite"):
        result = moments(Custom(1, fill), [0.2, 1.2])
    assert result.collapsed.tolist() == [False, True]
    # The tail of a Pareto variable of exponent 1 to the power q.
    np.testing.assert_allclose(result.tail_index, result.q, rtol=0.1)


def test_an_infinite_moment_is_infinite():
    with pytest.warns(RuntimeWarning, match=r"^the moments of the orders -5, -4 of Ginibre\(4\)"):
        result = moments(Ginibre(4), [-5.0, -4.0, 1.0], steps=4)
    assert result.values[:2].tolist() == [math.inf, math.inf]
    assert result.standard_error[:2].tolist() == [0.0, 0.0]
    assert not result.collapsed[:2].any()
    assert math.isfinite(result.values[2])


@pytest.mark.parametrize(
    ("ensemble", "limit"),
    [
        (IID(2, "student_t", degrees_of_freedom=3.0), 3.0),
        (IID(2, "cauchy"), 1.0),
        (IID(2, "stable", stability=1.5), 1.5),
        (AndersonTransfer(0.0, 1.0, distribution="cauchy"), 1.0),
    ],
    ids=repr,
)
def test_heavy_tails_leave_no_moments_beyond_their_limit(ensemble, limit):
    with pytest.warns(RuntimeWarning, match=f"orders {limit:g}, 7 of .* are infinite"):
        result = moments(ensemble, [0.3 * limit, limit, 7.0], steps=8)
    assert math.isfinite(result.values[0])
    assert result.values[1:].tolist() == [math.inf, math.inf]
    assert result.standard_error[1:].tolist() == [0.0, 0.0]


def test_factors_of_alternating_laws():
    # Two steps of the mean Kronecker squares; a cycle has two factors.
    rotation = FiniteSet.random_fibonacci()
    stretch = FiniteSet([np.diag([2.0, 0.5])])
    cycle = [stretch.matrices[0] @ matrix for matrix in rotation.matrices]
    exact = 0.5 * even_exponent(cycle, [0.5, 0.5], 2)
    result = moments(Alternating([rotation, stretch]), 2.0)
    assert_z(result.values[0], exact, result.standard_error[0])


@pytest.mark.parametrize("steps", [2, 7, 101])
def test_what_differs_within_a_cycle_is_no_noise(steps):
    factors = [FiniteSet([[[size]]]) for size in (2.0, 8.0, 32.0)]
    result = moments(Alternating(factors), [2.0, -1.0], steps=steps, walkers=20, trials=3)
    assert result.steps == max(6, -(-steps // 3) * 3)
    np.testing.assert_allclose(result.values, result.q * math.log(8.0), rtol=1e-14)
    np.testing.assert_allclose(result.bias_estimate, 0.0, atol=1e-25)
    # Laws that are all the same make no cycle.
    assert moments(Alternating(factors[:1] * 2), 2.0, steps=7, walkers=20).steps == 7


def test_numbers_of_a_summary_stay_apart():
    result = quick(Ginibre(2, sigma=1e100), 100.0)
    row = next(line for line in result.summary().splitlines() if line.startswith("      100"))
    assert row.split()[:2] == ["100", f"{result.values[0]:.6f}"]


def test_the_largest_orders_end_in_numbers():
    with pytest.warns(RuntimeWarning, match="populations were too small") as warned:
        result = moments(Ginibre(2), 1e50, steps=4, walkers=20, trials=3)
    assert not any("overflow encountered in square" in str(each.message) for each in warned)
    assert np.isfinite([result.values, result.standard_error]).all()


def test_a_vector_that_vanishes_makes_negative_moments_infinite():
    with pytest.warns(RuntimeWarning, match="orders -1 of FiniteSet"):
        result = moments(FiniteSet([[[0.0]], [[2.0]]]), [-1.0, 1.0])
    assert result.values[0] == math.inf
    # E|a| = 1.
    assert_z(result.values[1], 0.0, result.standard_error[1])


def test_products_that_all_vanish():
    with pytest.warns(RuntimeWarning, match="every population died out"):
        result = moments(FiniteSet([[[0.0, 1.0], [0.0, 0.0]]]), [0.5, 2.0], steps=4)
    assert result.values.tolist() == [-math.inf, -math.inf]
    assert result.standard_error.tolist() == [0.0, 0.0]
    assert result.collapsed.all()


def test_populations_that_died_by_chance_are_counted():
    with pytest.warns(RuntimeWarning, match=r"\d+ of 20 populations died out"):
        result = moments(
            FiniteSet([[[0.0]], [[1.0]]]), 1.0, steps=30, walkers=10, trials=20, warmup=0
        )
    assert math.isfinite(result.values[0])
    assert result.collapsed[0]


def test_the_moment_of_order_zero_is_one():
    result = moments(Ginibre(2), 0.0, steps=2)
    assert result.values.tolist() == [0.0]
    assert result.standard_error.tolist() == [0.0]
    assert not result.collapsed.any()


@pytest.mark.parametrize("power", [400, -400, 900, -900])
def test_factors_near_the_ends_of_the_float_range(power):
    # Squares of entries overflow or underflow; a power of two changes nothing but the scale.
    matrices = np.array([[[1.5, 2.0], [0.5, 1.0]], [[1.0, -1.0], [3.0, 0.25]]])
    orders = np.array([-1.0, 2.0])
    plain, scaled = (
        PopulationGrowth(FiniteSet(np.ldexp(matrices, exponent)), None, orders, 40, 5, 20)(
            np.random.SeedSequence(1), 1, lambda: None
        ).reshape(2, -1)
        for exponent in (0, power)
    )
    shift = power * math.log(2.0) * orders
    np.testing.assert_allclose(scaled[:, RATE], plain[:, RATE] + shift, rtol=1e-12)
    np.testing.assert_allclose(scaled[:, NOISE], plain[:, NOISE], rtol=1e-6)


# Invariances ---------------------------------------------------------------------------------


ENSEMBLES = st.sampled_from(
    [Ginibre(2), Ginibre(2, field="complex"), IID(3, "uniform"), AndersonTransfer(0.3, 1.0)]
)
METHODS = st.sampled_from(["auto", "dense"])
SEEDS = st.integers(0, 2**64)


def fields(result):
    record = result.record
    return [record.rate, record.noise, record.effective, record.tail, record.ancestors]


@given(ensemble=ENSEMBLES, method=METHODS, seed=SEEDS)
@FEW
def test_workers_change_nothing(ensemble, method, seed):
    one, two = (
        quick(ensemble, [-0.5, 2.0], method=method, rng=seed, n_jobs=n_jobs) for n_jobs in (1, 2)
    )
    for a, b in zip(fields(one), fields(two), strict=True):
        np.testing.assert_array_equal(a, b)


@given(ensemble=ENSEMBLES, method=METHODS, seed=SEEDS)
@FEW
def test_other_orders_and_more_populations_change_nothing(ensemble, method, seed):
    all_of_them = quick(ensemble, [-0.5, 2.0, 0.0, 3.0], method=method, rng=seed, trials=4)
    alone = quick(ensemble, 2.0, method=method, rng=seed, trials=2)
    for a, b in zip(fields(all_of_them), fields(alone), strict=True):
        np.testing.assert_array_equal(a[:2, 1], b[:, 0])


@given(
    seed=SEEDS,
    scale=st.floats(-90.0, 90.0).map(lambda x: 10.0**x),
    method=METHODS,
)
@FEW
def test_a_scale_shifts_the_exponents(seed, scale, method):
    plain = quick(Ginibre(2), [-0.5, 3.0], rng=seed, method=method)
    scaled = quick(Ginibre(2, sigma=scale), [-0.5, 3.0], rng=seed, method=method)
    shift = plain.q * math.log(scale)
    np.testing.assert_allclose(scaled.values, plain.values + shift, rtol=1e-9, atol=1e-9)


def test_seeds_repeat_results_and_generators_do_not():
    first = quick(rng=3)
    np.testing.assert_array_equal(first.values, quick(rng=3).values)
    np.testing.assert_array_equal(first.values, quick(rng=first.seed).values)
    assert first.values[0] != quick(rng=4).values[0]
    rng = np.random.default_rng(3)
    assert quick(rng=rng).values[0] != quick(rng=rng).values[0]


@pytest.mark.jit
def test_a_long_run_is_drawn_in_several_batches():
    # A batch of factors holds at most 2^18 numbers, a step of this population a quarter of that.
    task = PopulationGrowth(Ginibre(8), None, np.array([1.0]), 9, 3, 1024)
    assert task._most == 4
    result = moments(Ginibre(8), 1.0, steps=9, walkers=1024, method="dense", trials=4)
    assert result.values[0] == pytest.approx(ginibre_exponent(8, 1.0), rel=0.05)


def test_an_interrupt_stops_a_population(monkeypatch):
    monkeypatch.setattr(sampler, "_BLOCK_NUMBERS", 256)
    calls = []

    def check_interrupt():
        calls.append(None)
        if len(calls) == 3:
            raise KeyboardInterrupt

    task = PopulationGrowth(Ginibre(2), None, np.array([1.0]), 10**9, 0, 16)
    with pytest.raises(KeyboardInterrupt):
        task(np.random.SeedSequence(1), 1, check_interrupt)
    assert len(calls) == 3


# The rate function ---------------------------------------------------------------------------


def exact_rate(x):
    """Return the rate function of 4×4 Ginibre products, by minimization."""
    from scipy.optimize import minimize_scalar

    result = minimize_scalar(
        lambda q: ginibre_exponent(4, q) - q * x, bounds=(-3.9, 20.0), method="bounded"
    )
    return -result.fun


@pytest.fixture(scope="module")
def spread():
    q = [-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0]
    return moments(Ginibre(4), q, rng=6)


@pytest.mark.jit
@pytest.mark.parametrize("x", [0.3, 0.45, 0.7, 0.85])
def test_the_rate_function_is_the_exact_one(spread, x):
    rate = spread.rate_function(x)
    assert rate.attained.all()
    # The error is that of 16 populations, so the ratio has Student's distribution.
    assert_z(rate.values[0], exact_rate(x), rate.standard_error[0], limit=15.0)
    assert rate.exact[0] == pytest.approx(exact_rate(x), abs=1e-5)
    assert rate.standard_error[0] < 0.01 * max(rate.values[0], 0.05)


@pytest.mark.jit
def test_the_rate_function_is_convex_and_zero_at_the_typical_growth(spread):
    rate = spread.rate_function()
    assert rate.x.shape == (101,)
    assert (rate.values >= 0.0).all()
    assert (np.diff(rate.values, 2) > -1e-6).all()
    assert (np.diff(rate.q) >= 0.0).all()
    typical = spread.rate_function(spread.lyapunov)
    assert typical.values[0] == pytest.approx(0.0, abs=1e-6)
    assert spread.lyapunov == pytest.approx(stabsim.theory.ginibre_exponents(4)[0], abs=2e-3)


def test_beyond_the_slopes_the_rate_function_is_a_lower_bound():
    result = quick(Ginibre(4), [-0.5, 1.0, 2.0], walkers=200, steps=32)
    rate = result.rate_function([-10.0, result.lyapunov, 10.0])
    assert rate.attained.tolist() == [False, True, False]
    assert rate.q[[0, 2]].tolist() == [-0.5, 2.0]
    assert rate.values[2] == pytest.approx(2.0 * 10.0 - result.values[2])


def test_the_spread_of_the_rate_function_is_that_of_its_populations():
    result = quick(Ginibre(4), [-0.5, 1.0, 2.0], walkers=200, steps=32)
    rate = result.rate_function(10.0)
    error = result.population_values[:, 2].std(ddof=1) / math.sqrt(3)
    assert rate.standard_error[0] == pytest.approx(error)
    alone = quick(Ginibre(4), [-0.5, 1.0, 2.0], walkers=200, steps=32, trials=1)
    assert alone.rate_function(10.0).standard_error[0] == math.inf
    assert 0.0 < alone.standard_error[2] < math.inf


def test_a_rate_function_needs_orders():
    for q in ([1.0], [0.0, 1.0], [1.0, 1.0]):
        with pytest.raises(ValueError, match=r"^q must hold two orders other than 0"):
            quick(Ginibre(4), q, walkers=200, steps=32).rate_function()
    result = quick(Ginibre(4), [1.0, 2.0], walkers=200, steps=32)
    with pytest.raises(TypeError, match=r"^x must be made of finite real numbers"):
        result.rate_function("fast")
    for x in (math.nan, [[1.0]], []):
        with pytest.raises(ValueError, match=r"^x must be made of finite real numbers"):
            result.rate_function(x)


# Arguments and results -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"q": "two"}, TypeError, r"^q must be a finite real number, at most 1e50 in magnitude"),
        ({"q": 1e51}, ValueError, r"^q must be .* or a sequence of them, got 1e\+51"),
        ({"q": True}, TypeError, r"^q must be"),
        ({"q": 1j}, TypeError, r"^q must be"),
        ({"q": []}, ValueError, r"^q must be"),
        ({"q": [[1.0]]}, ValueError, r"^q must be"),
        ({"q": [1.0, math.nan]}, ValueError, r"^q must be"),
        ({"q": [[1.0], [1.0, 2.0]]}, ValueError, r"^q must be"),
        ({"steps": 1}, ValueError, r"^steps must be an integer of at least 2, got 1"),
        ({"steps": 2.0}, TypeError, r"^steps must be"),
        ({"walkers": 0}, ValueError, r"^walkers must be a positive integer, got 0"),
        ({"trials": 0}, ValueError, r"^trials must be a positive integer, got 0"),
        ({"warmup": -1}, ValueError, r"^warmup must be a non-negative integer, got -1"),
        ({"method": "exact"}, ValueError, r"^method must be one of 'auto', 'dense', 'reduced'"),
        ({"progress": 1}, TypeError, r"^progress must be True or False"),
        ({"n_jobs": 0}, ValueError, r"^n_jobs must be"),
        ({"rng": -1}, ValueError, r"^rng must be"),
        ({"ensemble": np.eye(2)}, TypeError, r"^ensemble must be an Ensemble"),
    ],
    ids=lambda value: None if isinstance(value, type) else str(value).replace("\n", " "),
)
def test_bad_arguments_are_named(keywords, error, message):
    arguments = {"ensemble": Ginibre(2), "q": 1.0, "steps": 2} | keywords
    with pytest.raises(error, match=message):
        generalized_lyapunov(arguments.pop("ensemble"), arguments.pop("q"), **arguments)


def test_there_is_no_reduced_law_where_direction_matters():
    with pytest.raises(ValueError, match=r"^method must be 'auto' or 'dense'"):
        quick(IID(2, "uniform"), method="reduced")


def test_dependent_factors_are_refused():
    remembering = MarkovModulated([Ginibre(2), Haar(2)], [[0.9, 0.1], [0.2, 0.8]])
    with pytest.raises(ValueError, match=r"^ensemble must have independent factors"):
        quick(remembering)


def test_the_result_says_what_was_simulated():
    result = quick(Ginibre(3), [1, 2])
    assert (result.steps, result.walkers, result.trials, result.warmup) == (6, 20, 3, 0)
    assert result.q.tolist() == [1.0, 2.0]
    assert result.method == "reduced"
    assert quick(Ginibre(3), method="dense").reason == "asked for"
    assert quick(IID(2, "uniform"), steps=40).warmup == 10
    assert quick(IID(2, "uniform"), warmup=3).warmup == 3
    assert quick(Ginibre(3), 1).values.shape == (1,)


@pytest.mark.parametrize(
    "name",
    [
        "values",
        "standard_error",
        "uncorrected",
        "bias_estimate",
        "effective_sample_size",
        "surviving_ancestors",
        "tail_index",
        "collapsed",
        "exact",
    ],
)
def test_arrays_have_one_entry_for_each_order_and_are_read_only(name):
    array = getattr(quick(Ginibre(3), [1.0, 2.0, 4.0]), name)
    assert array.shape == (3,)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0.0


def test_the_summary_holds_the_numbers():
    result = quick(Ginibre(3), [1.0, 2.0], walkers=100, steps=64)
    text = result.summary()
    assert "Ginibre(3), 3 populations of 100 walkers" in text
    assert f"{result.values[1]:.6f}" in text
    assert f"{ginibre_exponent(3, 2.0):.6f}" in text
    assert repr(result).startswith("<GeneralizedLyapunov>\n")
    assert "exact" not in quick(FiniteSet([np.eye(2), np.diag([2.0, 3.0])]), 0.3).summary()


def test_the_data_frame_holds_the_numbers():
    result = quick(Ginibre(3), [1.0, 2.0])
    frame = result.to_dataframe()
    assert isinstance(frame, pd.DataFrame)
    assert frame.index.tolist() == [1.0, 2.0]
    np.testing.assert_array_equal(frame["value"], result.values)
    np.testing.assert_array_equal(frame["collapsed"], result.collapsed)


def test_results_are_pickled_and_stay_read_only():
    result = quick(Ginibre(3), [-1.0, 1.0, 2.0], walkers=200, steps=32)
    copy = pickle.loads(pickle.dumps(result))
    np.testing.assert_array_equal(copy.values, result.values)
    assert not copy.record.rate.flags.writeable
    rate = pickle.loads(pickle.dumps(result.rate_function()))
    assert not rate.values.flags.writeable


@pytest.fixture
def closed_figures():
    yield
    plt.close("all")


@pytest.mark.usefixtures("closed_figures")
def test_a_plot_shows_the_exponents_and_the_exact_ones():
    result = quick(Ginibre(4), [-1.0, 1.0, 30.0], walkers=100, steps=32)
    assert result.collapsed.tolist() == [False, False, True]
    ax = result.plot()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "collapsed population" in labels
    exact = next(line for line in ax.get_lines() if line.get_label() == "exact")
    np.testing.assert_allclose(
        exact.get_ydata(), [ginibre_exponent(4, q) for q in exact.get_xdata()], atol=1e-12
    )
    assert ax.get_title() == "Ginibre(4)"
    _, own = plt.subplots()
    assert result.plot(own) is own
    assert quick(Ginibre(4), -5.0).plot().get_title() == "Ginibre(4)"


@pytest.mark.usefixtures("closed_figures")
def test_a_plot_of_the_rate_function_leaves_lower_bounds_out():
    result = quick(Ginibre(4), [-1.0, 1.0, 2.0], walkers=200, steps=32)
    ax = result.rate_function(np.linspace(-1.0, 2.0, 31)).plot()
    estimate = next(line for line in ax.get_lines() if line.get_label() == "estimate")
    assert np.isnan(estimate.get_ydata()[[0, -1]]).all()
    assert np.isfinite(estimate.get_ydata()).any()
    _, own = plt.subplots()
    assert result.rate_function().plot(own) is own
