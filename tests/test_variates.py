"""Single variates: their laws, and the stream that they are made of."""

import numpy as np
import pytest
from conftest import JIT_DISABLED
from laws import SMALLEST_P_VALUE, assert_law
from scipy import stats

from stabsim._kernels.stream import SUM_LIMIT, fill_chi_square
from stabsim._kernels.variates import (
    MOST_COINS,
    draw_chi_square,
    draw_fair_binomial,
    draw_normal,
)
from stabsim._random import Stream

MANY = 400 if JIT_DISABLED else 40_000


def stream(seed=1):
    return Stream(np.random.SeedSequence(seed))


def drawn(draw, *arguments, count=MANY, seed=1):
    words = stream(seed).words
    return np.array([draw(words, *arguments) for _ in range(count)])


def binomial_p_value(heads, n):
    """Return the p-value of Pearson's test, for groups of neighbouring outcomes."""
    law = stats.binom(n, 0.5)
    ends = np.unique(law.ppf(np.linspace(0.0, 1.0, 41)))
    expected = heads.size * np.diff(law.cdf(ends), prepend=0.0)
    observed = np.bincount(np.searchsorted(ends, heads), minlength=ends.size)
    common = expected > 0.0
    assert observed[~common].sum() == 0
    return stats.chisquare(observed[common], expected[common], sum_check=False).pvalue


def test_a_normal_variable_is_that_of_numpy():
    rng = stream()
    expected = stream().generator.standard_normal(1000)
    np.testing.assert_array_equal([draw_normal(rng.words) for _ in range(1000)], expected)


@pytest.mark.parametrize("n", [0, 1, 2, 63, 64, 65, 130, 1023, MOST_COINS])
def test_few_coins_are_the_bits_of_words(n):
    words, generator = stream().words, stream().generator
    for _ in range(20):
        numbers = generator.bit_generator.random_raw(-(-n // 64)) if n else np.zeros(0, np.uint64)
        bits = np.unpackbits(np.asarray(numbers, "<u8").view(np.uint8), bitorder="little")
        # Of the last word the low bits count.
        assert draw_fair_binomial(words, n) == bits[:n].sum()


@pytest.mark.parametrize("n", [1, 64, 65, MOST_COINS, MOST_COINS + 1, 5000])
def test_coins_are_fair(n):
    heads = drawn(draw_fair_binomial, n, seed=n)
    assert ((heads >= 0) & (heads <= n)).all()
    assert binomial_p_value(heads, n) > SMALLEST_P_VALUE
    if not JIT_DISABLED and n > 1:
        # Slightly more coins are told apart.
        assert binomial_p_value(heads, n + max(2, n // 32)) < SMALLEST_P_VALUE


@pytest.mark.parametrize("n", [10**6, 10**9, 2**40])
def test_many_coins_are_normal(n):
    heads = drawn(draw_fair_binomial, n, seed=n)
    assert ((heads >= 0) & (heads <= n)).all()
    # A uniform variable spreads each outcome over its interval, so that the law is continuous.
    spread = heads - n // 2 + np.random.default_rng(1).uniform(-0.5, 0.5, heads.size)
    deviation = 0.5 * np.sqrt(n)
    assert_law(spread, stats.norm(0.0, deviation).cdf)
    if not JIT_DISABLED:
        with pytest.raises(AssertionError, match="Kolmogorov"):
            assert_law(spread, stats.norm(0.0, 1.2 * deviation).cdf)


@pytest.mark.parametrize("degrees", [1, 2, 5, 6, 7, 1000, 10**6])
def test_chi_square_variables(degrees):
    samples = drawn(draw_chi_square, degrees, seed=degrees)
    assert_law(samples, stats.chi2(degrees).cdf)
    if not JIT_DISABLED:
        with pytest.raises(AssertionError, match="Kolmogorov"):
            assert_law(samples, stats.chi2(degrees + 0.1 * np.sqrt(degrees)).cdf)


def test_no_degrees_of_freedom_are_zero_and_draw_nothing():
    words = stream().words
    assert draw_chi_square(words, 0) == 0.0
    np.testing.assert_array_equal(words, stream().words)


@pytest.mark.parametrize("degrees", [1, 2, 3, SUM_LIMIT, SUM_LIMIT + 1, 100])
def test_single_chi_square_variables_are_those_of_a_block(degrees):
    single, block = stream().words, stream().words
    expected = np.empty(200)
    fill_chi_square(block, degrees, expected)
    samples = [draw_chi_square(single, degrees) for _ in range(200)]
    np.testing.assert_allclose(samples, expected, rtol=1e-14)
    np.testing.assert_array_equal(single, block)
