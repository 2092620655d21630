"""Sequences of factors: their law, and that they go on from batch to batch."""

import itertools
import math

import numpy as np
import pytest
from conftest import JIT_DISABLED
from laws import assert_law, assert_mean, assert_z
from scipy import special, stats

from stabsim import (
    AndersonTransfer,
    Custom,
    FiniteSet,
    Ginibre,
    Haar,
    Shifted,
    matrix_product_growth,
    theory,
)
from stabsim._random import Stream
from stabsim._samplers import products
from stabsim.ensembles import Alternating, Autoregressive, MarkovModulated, Rectangular, Wishart

LANES = 400 if JIT_DISABLED else 20_000
TRIALS = 200 if JIT_DISABLED else 2000
MARKOV = [[0.9, 0.1], [0.3, 0.7]]


def fill_corner(rng, out):
    out[0, 0] = rng.standard_normal()


SEQUENCES = [
    Ginibre(2),
    FiniteSet.random_fibonacci(),
    AndersonTransfer(0.0, 1.0, width=2),
    Wishart(2, 3),
    Alternating([Ginibre(2), [[1.0, 2.0], [3.0, 4.0]], Haar(2, field="complex")]),
    Alternating([Custom(2, fill_corner), Autoregressive(2, correlation=0.5), Ginibre(2)]),
    Alternating([Alternating([Ginibre(2), Haar(2)]), Rectangular([2, 1])]),
    MarkovModulated([Ginibre(2), Haar(2)], MARKOV),
    MarkovModulated([Custom(2, fill_corner), [[1.0, 1j], [0.0, 1.0]]], MARKOV, initial=[0, 1]),
    Autoregressive(2, correlation=0.9),
    Autoregressive(2, correlation=-0.5, sigma=2.0, field="complex"),
    Rectangular([3, 1, 2], sigma=2.0),
    Rectangular([1, 3], mode="fan_in", field="complex"),
    Shifted(Autoregressive(2, correlation=0.9), shift=-1.0, scale=0.1),
]
every_sequence = pytest.mark.parametrize(
    "ensemble", SEQUENCES, ids=[f"{i}-{type(e).__name__}" for i, e in enumerate(SEQUENCES)]
)


def draw(ensemble, batches, lanes, seed=0):
    """Return the factors of consecutive batches as an array (steps, lanes, n, n)."""
    stream = Stream(np.random.SeedSequence(seed) if isinstance(seed, int) else seed)
    continued = ensemble.sequence(lanes)
    drawn = []
    for steps in batches:
        batch = ensemble.workspace(steps, lanes)
        batch[:] = np.nan
        continued(stream, batch)
        drawn.append(np.moveaxis(batch, -1, 1))
    return np.concatenate(drawn)


def products_of(factors):
    """Return the products (lanes, n, n) of factors (steps, lanes, n, n), the last one leftmost."""
    total = factors[0]
    for factor in factors[1:]:
        total = factor @ total
    return total


def assert_matrix_mean(samples, exact):
    """Assert the mean of every entry that is left to chance, and the others exactly."""
    for place in np.ndindex(exact.shape):
        entries = samples[:, *place]
        if np.ptp(entries) > 0.0:
            assert_mean(entries, exact[place])
        else:
            np.testing.assert_allclose(entries[0], exact[place], rtol=1e-13)


@every_sequence
@pytest.mark.parametrize("lanes", [1, 3])
def test_factors_do_not_depend_on_the_batches(ensemble, lanes):
    whole = draw(ensemble, [12], lanes)
    for batches in ([1] * 12, [5, 7], [1, 9, 2]):
        np.testing.assert_array_equal(draw(ensemble, batches, lanes), whole)
    assert whole.dtype == ensemble.dtype
    assert np.isfinite(whole).all()


@every_sequence
def test_a_draw_begins_a_sequence(ensemble):
    stream = Stream(np.random.SeedSequence(0))
    batch = ensemble.workspace(3, 2)
    ensemble.draw(stream, batch)
    first = np.moveaxis(batch, -1, 1).copy()
    np.testing.assert_array_equal(first, draw(ensemble, [3], 2))
    ensemble.draw(stream, batch)
    assert (np.moveaxis(batch, -1, 1) != first).any()


@every_sequence
@pytest.mark.parametrize("norm", ["vector", "frobenius", "spectral", "logdet"])
def test_growth_of_a_sequence_does_not_depend_on_the_blocks(ensemble, norm, monkeypatch):
    def growth(block):
        monkeypatch.setattr(products, "_BLOCK_NUMBERS", block)
        arguments = {"trials": 5, "norm": norm, "rng": 1, "method": "dense"}
        return matrix_product_growth(ensemble, 40, **arguments).log_norm

    monkeypatch.setattr(products, "_MOST_LANES", 2)
    np.testing.assert_array_equal(growth(1), growth(1 << 18))


@every_sequence
def test_growth_of_a_sequence_is_that_of_its_product(ensemble, monkeypatch):
    monkeypatch.setattr(products, "_MOST_LANES", 4)
    monkeypatch.setattr(products, "_BLOCK_NUMBERS", 100)
    growth = matrix_product_growth(ensemble, 7, trials=4, norm="frobenius", method="dense", rng=3)
    # The stream of the first chunk is the first child of the seed.
    factors = draw(ensemble, [7], 4, np.random.SeedSequence(3).spawn(1)[0])
    expected = np.log(np.linalg.norm(products_of(factors), axis=(1, 2)))
    np.testing.assert_allclose(growth.log_norm[:, -1], expected, rtol=1e-12, atol=1e-12)


def test_alternating_factors_come_in_turns():
    first, second, third = np.eye(2), np.ones((2, 2)), np.diag([1.0, 2.0])
    factors = draw(Alternating([first, second, third]), [2, 6], 2)
    expected = np.array([first, second, third] * 3)[:8, None]
    np.testing.assert_array_equal(factors, np.broadcast_to(expected, factors.shape))


def test_alternating_ensembles_keep_their_laws():
    sigmas = (1.0, 3.0)
    factors = draw(Alternating([Ginibre(1, sigma=s) for s in sigmas]), [1, 2], LANES)
    for factor, sigma, other in ((0, 1.0, 3.0), (1, 3.0, 1.0), (2, 1.0, 3.0)):
        assert_law(factors[factor], stats.norm(scale=sigma).cdf)
        with pytest.raises(AssertionError, match="Kolmogorov"):
            assert_law(factors[factor], stats.norm(scale=other).cdf)
    # Neither the two ensembles nor two factors of the first share their draws.
    assert_mean(factors[0] * factors[1], 0.0)
    assert_mean(factors[0] * factors[2], 0.0)


def test_alternating_growth_is_the_mean_over_a_cycle():
    depth = 20
    ensembles = [Ginibre(3), Ginibre(3, sigma=0.01), Haar(3, scale=2.0)]
    growth = matrix_product_growth(
        Alternating(ensembles), depth, trials=TRIALS, norm="vector", rng=1
    )
    steps = [theory.product_growth(e, "vector").lyapunov for e in ensembles]
    exact = sum(steps[t % 3] for t in range(depth))
    assert_mean(growth.log_norm[:, -1], exact)
    with pytest.raises(AssertionError, match="z ="):
        assert_mean(growth.log_norm[:, -1], depth * np.mean(steps))
    # The growth rate is that of whole cycles.
    assert growth.rate_depths == (11, 20)
    assert_z(growth.lyapunov, np.mean(steps), growth.lyapunov_se)


def test_laws_come_again_after_a_period():
    two = Alternating([Ginibre(3), Haar(3)])
    three = Rectangular([3, 2, 1])
    assert (Ginibre(3).period, two.period, three.period) == (1, 2, 3)
    assert Rectangular([3, 3]).period == 1
    assert Alternating([Haar(3), Haar(3)]).period == 1
    # Each member goes on by one factor in a cycle of two.
    assert Alternating([two, three]).period == 12
    assert Shifted(two, scale=0.1).period == 2


@pytest.mark.parametrize(
    ("depth", "norm", "start"),
    [(10, "frobenius", 6), (11, "frobenius", 5), (11, "logdet", 1), (2, "vector", 1)],
)
def test_growth_rates_are_those_of_whole_cycles(depth, norm, start):
    cycle = Alternating([[[2.0]], [[8.0]]])
    growth = matrix_product_growth(cycle, depth, trials=2, norm=norm, record=[depth], rng=1)
    assert growth.rate_depths == (start, depth)
    rate = math.log(4.0) if (depth - start) % 2 == 0 else math.log(8.0)
    assert growth.lyapunov == pytest.approx(rate, rel=1e-14)


@pytest.mark.parametrize("norm", ["frobenius", "logdet"])
def test_growth_rates_forget_the_state_of_the_start(norm):
    # All factors but the first are of the second state.
    late = MarkovModulated([[[2.0]], [[8.0]]], [[0.0, 1.0], [0.0, 1.0]], initial=[1.0, 0.0])
    growth = matrix_product_growth(late, 10, trials=2, norm=norm, record=[10], rng=1)
    assert growth.lyapunov == pytest.approx(math.log(8.0), rel=1e-12)


def test_stationary_probabilities():
    rng = np.random.default_rng(0)
    transition = rng.dirichlet(np.ones(5), size=5)
    transition[0] = [0.0, 1.0 - 1e-12, 0.0, 0.0, 1e-12]
    chain = MarkovModulated(np.ones((5, 1, 1)), transition)
    exact = np.array(chain.stationary)
    np.testing.assert_allclose(exact @ transition, exact, rtol=1e-14)
    assert exact.sum() == pytest.approx(1.0, rel=1e-15)


def test_rare_states_have_accurate_probabilities():
    # A chain of births and deaths, whose probabilities are a geometric sequence.
    up, size = 1e-9, 20
    transition = np.diag(np.full(size - 1, up), 1) + np.diag(np.full(size - 1, 0.5), -1)
    transition += np.diag(1.0 - transition.sum(axis=1))
    chain = MarkovModulated(np.ones((size, 1, 1)), transition)
    exact = (2.0 * up) ** np.arange(size)
    np.testing.assert_allclose(chain.stationary, exact / exact.sum(), rtol=1e-13)


def test_transient_states_have_no_stationary_probability():
    transition = [[0.5, 0.5, 0.0], [0.0, 0.2, 0.8], [0.0, 0.4, 0.6]]
    chain = MarkovModulated(np.ones((3, 1, 1)), transition)
    np.testing.assert_allclose(chain.stationary, [0.0, 1 / 3, 2 / 3], rtol=1e-15)


def test_several_stationary_distributions_are_named():
    transition = [[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.5, 0.5]]
    with pytest.raises(ValueError, match=r"states \[0\] and \[1, 2\], got 'stationary'"):
        MarkovModulated(np.ones((3, 1, 1)), transition)
    chain = MarkovModulated(np.ones((3, 1, 1)), transition, initial=[0.0, 1.0, 0.0])
    with pytest.raises(AttributeError, match="stationary must be unique"):
        _ = chain.stationary


def test_states_follow_the_transitions():
    chain = MarkovModulated([[[0.0]], [[1.0]]], MARKOV)
    states = draw(chain, [2, 1, 3], LANES)[:, :, 0, 0]
    p, q = MARKOV[0][1], MARKOV[1][0]
    for state in states:
        assert_mean(state, p / (p + q))
    for before, after in itertools.pairwise(states):
        assert_mean(after[before == 0.0], p)
        assert_mean(after[before == 1.0], 1.0 - q)
    # Given the state between them, the one before says nothing of the one after.
    middle = states[1] == 0.0
    assert_mean(states[2][middle & (states[0] == 1.0)], p)
    with pytest.raises(AssertionError, match="z ="):
        assert_mean(states[1][states[0] == 0.0], p / (p + q))


def test_the_initial_state_has_its_probabilities():
    initial = [0.0, 0.25, 0.75]
    chain = MarkovModulated(np.arange(3.0).reshape(3, 1, 1), np.eye(3), initial=initial)
    states = draw(chain, [1, 4], LANES)[:, :, 0, 0]
    assert (states == states[0]).all()
    assert (states > 0.0).all()
    assert_mean(states[0] == 2.0, 0.75)


def test_a_certain_cycle_is_alternating():
    matrices = np.arange(12.0).reshape(3, 2, 2)
    cycle = MarkovModulated(matrices, np.eye(3)[[1, 2, 0]], initial=[1.0, 0.0, 0.0])
    np.testing.assert_array_equal(draw(cycle, [4, 3], 5), draw(Alternating(matrices), [4, 3], 5))


def test_the_mean_of_a_markov_product_is_exact():
    means = np.array([[[0.5, 0.2], [0.1, 1.0]], [[1.0, -0.7], [0.3, 0.2]]])
    ensembles = [means[0], FiniteSet([means[1] + 0.5, means[1] - 0.5])]
    steps, initial = 5, np.array([0.2, 0.8])
    chain = MarkovModulated(ensembles, MARKOV, initial=initial)
    # The mean of the product where the last state is i follows from those one factor before.
    parts = initial[:, None, None] * means
    for _ in range(steps - 1):
        parts = means @ np.einsum("ji,jkl->ikl", np.array(MARKOV), parts)
    samples = products_of(draw(chain, [2, 3], LANES))
    assert_matrix_mean(samples, parts.sum(axis=0))
    if not JIT_DISABLED:
        mean = np.tensordot(chain.stationary, means, 1)
        with pytest.raises(AssertionError, match="z ="):
            assert_matrix_mean(samples, np.linalg.matrix_power(mean, steps))


def test_growth_under_a_markov_chain_has_the_exact_mean_and_variance(monkeypatch):
    monkeypatch.setattr(products, "_BLOCK_NUMBERS", 1000)
    depth, logarithms = 60, np.array([0.5, -1.0])
    chain = MarkovModulated(np.exp(logarithms)[:, None, None], MARKOV)
    sums = matrix_product_growth(chain, depth, trials=TRIALS, rng=1).log_norm[:, -1]
    stationary = np.array(chain.stationary)
    mean = stationary @ logarithms
    variance = stationary @ (logarithms - mean) ** 2
    assert_mean(sums, depth * mean)
    # The states of two such factors have the correlation of their distance's power.
    lags = np.arange(1, depth)
    correlations = (1.0 - MARKOV[0][1] - MARKOV[1][0]) ** lags
    exact = variance * (depth + 2.0 * (depth - lags) @ correlations)
    assert_mean((sums - depth * mean) ** 2, exact)
    with pytest.raises(AssertionError, match="z ="):
        assert_mean((sums - depth * mean) ** 2, variance * depth)


@pytest.mark.parametrize("correlation", [0.9, -0.5, 0.0])
def test_autoregressive_factors_are_gaussian_and_correlated(correlation):
    sigma = 2.0
    ensemble = Autoregressive(2, correlation=correlation, sigma=sigma)
    entries = draw(ensemble, [2, 1, 2], LANES // 2).reshape(5, -1)
    for entry in entries:
        assert_law(entry, stats.norm(scale=sigma).cdf)
    innovation = sigma * math.sqrt(1.0 - correlation**2)
    for before, after in itertools.pairwise(entries):
        assert_law(after - correlation * before, stats.norm(scale=innovation).cdf)
    assert_mean(entries[0] * entries[3] / sigma**2, correlation**3)
    wrong = entries[2] - (3.0 + correlation) * entries[1]
    with pytest.raises(AssertionError, match="Kolmogorov"):
        assert_law(wrong, stats.norm(scale=innovation).cdf)


def test_autoregressive_entries_are_independent_of_each_other():
    factors = draw(Autoregressive(2, correlation=0.9), [3], LANES).reshape(3, LANES, 4)
    # Were entries of a matrix or those of neighbouring lanes correlated, these would show it.
    assert_mean((factors[2] @ [1, 2, 3, 5]) ** 2, 1 + 4 + 9 + 25)
    assert_mean(factors[2][::2, 0] * factors[2][1::2, 0], 0.0)


def test_complex_autoregressive_factors():
    ensemble = Autoregressive(1, correlation=0.6, sigma=2.0, field="complex")
    entries = draw(ensemble, [1, 2], LANES).reshape(3, -1)
    assert_law(abs(entries[2]) ** 2 / 4.0, stats.expon.cdf)
    assert_mean((entries[2] * entries[1].conj()).real, 0.6 * 4.0)
    assert_mean((entries[2] * entries[1].conj()).imag, 0.0)


def test_full_correlation_repeats_a_matrix():
    for correlation in (1.0, -1.0):
        factors = draw(Autoregressive(3, correlation=correlation), [2, 3], 2)
        signs = correlation ** np.arange(5)
        np.testing.assert_array_equal(factors, signs[:, None, None, None] * factors[0])


def test_correlation_leaves_the_growth_rate_of_numbers_but_not_its_spread():
    depth = 50
    correlated = matrix_product_growth(
        Autoregressive(1, correlation=0.95), depth, trials=TRIALS, rng=1
    ).log_norm[:, -1]
    assert_mean(correlated, depth * 0.5 * (math.log(2.0) + special.digamma(0.5)))
    variance_of_one = 0.25 * special.polygamma(1, 0.5)
    with pytest.raises(AssertionError, match="z ="):
        assert_mean((correlated - correlated.mean()) ** 2, depth * variance_of_one)


@pytest.mark.parametrize(
    ("mode", "fans"), [(None, (1, 1, 1)), ("fan_in", (4, 2, 3)), ("fan_out", (2, 3, 4))]
)
@pytest.mark.parametrize("field", ["real", "complex"])
def test_rectangular_factors_equal_their_twin(mode, fans, field):
    widths, lanes = (4, 2, 3), 3
    ensemble = Rectangular(widths, sigma=0.5, mode=mode, field=field)
    factors = draw(ensemble, [1, 4], lanes)
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(0)))
    parts = 2 if field == "complex" else 1
    for step, factor in enumerate(factors):
        columns, rows = widths[step % 3], widths[(step + 1) % 3]
        block = rng.standard_normal(rows * columns * lanes * parts).view(ensemble.dtype)
        block *= 0.5 / math.sqrt(fans[step % 3] * parts)
        expected = np.zeros((lanes, 4, 4), ensemble.dtype)
        expected[:, :rows, :columns] = np.moveaxis(block.reshape(rows, columns, lanes), -1, 0)
        np.testing.assert_allclose(factor, expected, rtol=1e-15)


def test_a_rectangular_product_has_the_singular_values_of_its_blocks():
    widths = (3, 2, 5)
    factors = draw(Rectangular(widths), [6], 4)
    product = products_of(factors)
    blocks = np.eye(3)
    for step, factor in enumerate(factors):
        blocks = factor[:, : widths[(step + 1) % 3], : widths[step % 3]] @ blocks
    values = np.linalg.svd(product, compute_uv=False)
    expected = np.linalg.svd(blocks, compute_uv=False)
    np.testing.assert_allclose(values[:, :2], expected[:, :2], rtol=1e-12)
    assert (values[:, 2:] < 1e-13 * values[:, :1]).all()


@pytest.mark.parametrize("mode", [None, "fan_avg"])
def test_rectangular_growth_of_a_vector_is_exact(mode):
    widths, depth = (5, 2, 3), 30
    ensemble = Rectangular(widths, sigma=1.5, mode=mode)
    growth = matrix_product_growth(ensemble, depth, trials=TRIALS, norm="vector", rng=1)
    rows = np.array([2, 3, 5])
    fans = (rows + np.array(widths)) / 2 if mode else np.ones(3)
    steps = 0.5 * (math.log(2.0) + special.digamma(rows / 2)) + np.log(1.5 / np.sqrt(fans))
    assert_mean(growth.log_norm[:, -1], depth / 3 * steps.sum())
    variance = depth / 3 * (0.25 * special.polygamma(1, rows / 2)).sum()
    log_norm = growth.log_norm[:, -1]
    assert_z(log_norm.var(ddof=1), variance, variance * math.sqrt(2.5 / TRIALS))


def test_a_bottleneck_has_no_determinant():
    growth = matrix_product_growth(Rectangular([3, 2]), 4, trials=5, norm="logdet", rng=1)
    assert (growth.log_norm == -math.inf).all()
    assert growth.vanished[-1] == 5
