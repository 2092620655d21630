"""Moments and quantiles of trials, kept or streamed."""

import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stabsim._statistics import MOST_BINS, SampleStatistics, StreamedStatistics, standard_error

LEVELS = np.array([0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0])
numbers = st.one_of(
    st.floats(-1e6, 1e6),
    st.sampled_from([0.0, 1e-300, -1e-17, 1.0, 1.0 + 2e-16, -math.inf, -math.inf]),
)
columns = st.lists(numbers, min_size=1, max_size=60)


def streamed(blocks):
    statistics, *rest = (StreamedStatistics(np.asarray(block, dtype=float)) for block in blocks)
    for later in rest:
        statistics.merge(later)
    return statistics


def one_column(*blocks):
    return streamed([np.array(block, dtype=float)[:, None] for block in blocks])


def cut(values, cuts):
    """Cut a list into blocks, none of them empty."""
    places = sorted({c % len(values) for c in cuts} - {0})
    edges = [0, *places, len(values)]
    return [values[i:j] for i, j in itertools.pairwise(edges)]


def normal_trials(trials=50_000):
    rng = np.random.default_rng(1)
    return rng.standard_normal((trials, 4)) * [1.0, 30.0, 1e-6, 1e5] + [0.0, -3000.0, 5.0, 1e9]


@given(columns, st.lists(st.integers(0, 1000), max_size=5))
def test_moments_are_those_of_the_trials_that_are_left(values, cuts):
    left = np.array([value for value in values if value > -math.inf])
    kept = SampleStatistics(np.array(values)[:, None])
    for statistics in (kept, one_column(*cut(values, cuts))):
        assert statistics.trials == len(values)
        assert statistics.vanished.tolist() == [len(values) - left.size]
        if left.size == 0:
            assert statistics.mean == [-math.inf]
            assert statistics.std == [0.0]
            continue
        # Squares of deviations below 1e-150 are no normal numbers.
        size = abs(left).max()
        assert statistics.mean[0] == pytest.approx(left.mean(), rel=1e-14, abs=1e-15 * size)
        spread = left.std(ddof=1) if left.size > 1 else 0.0
        assert statistics.std[0] == pytest.approx(spread, rel=1e-12, abs=max(1e-14 * size, 1e-150))


def test_moments_of_a_narrow_law_far_from_zero_keep_their_digits():
    values = normal_trials()
    expected = values.astype(np.longdouble)
    for statistics in (SampleStatistics(values), streamed(np.array_split(values, 37))):
        error = (statistics.mean - expected.mean(axis=0)) / abs(values).max(axis=0)
        np.testing.assert_allclose(error.astype(float), 0.0, atol=1e-15)
        np.testing.assert_allclose(statistics.std, expected.std(axis=0, ddof=1), rtol=1e-10)


def test_equal_trials_have_no_spread():
    values = np.full((1000, 1), 0.1)
    for statistics in (SampleStatistics(values), streamed(np.array_split(values, 7))):
        assert statistics.mean == [0.1]
        assert statistics.std == [0.0]
        assert standard_error(statistics) == [0.0]
        np.testing.assert_array_equal(statistics.quantile(LEVELS), np.full((7, 1), 0.1))


@given(columns, st.lists(st.integers(0, 1000), max_size=5), st.randoms(use_true_random=False))
def test_histogram_depends_neither_on_order_nor_on_grouping(values, cuts, random):
    expected = one_column(values).quantile(LEVELS)
    np.testing.assert_array_equal(one_column(*cut(values, cuts)).quantile(LEVELS), expected)
    shuffled = random.sample(values, len(values))
    np.testing.assert_array_equal(one_column(*cut(shuffled, cuts)).quantile(LEVELS), expected)


def nearest_ranks(values, level):
    """Return the order statistics between which any definition of a quantile lies."""
    ordered, rank = np.sort(values), level * len(values)
    low = max(math.ceil(rank - 0.5) - 1, 0)
    return ordered[max(low - 1, 0)], ordered[min(low + 1, len(values) - 1)]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80), st.floats(0.0, 1.0))
def test_a_streamed_quantile_is_off_by_a_bin_at_the_most(values, level):
    statistics = one_column(values)
    bin_width = max(np.ptp(values) / (MOST_BINS // 4), max(abs(np.array(values))) * 2.0**-39)
    low, high = nearest_ranks(values, level)
    quantile = float(statistics.quantile(level)[0])
    assert low - bin_width <= quantile <= high + bin_width
    assert min(values) <= quantile <= max(values)


def test_streamed_quantiles_of_a_large_sample_are_those_of_the_sample():
    values = normal_trials()
    kept = SampleStatistics(values)
    levels = np.linspace(0.01, 0.99, 99).reshape(9, 11)
    quantiles = streamed(np.array_split(values, 13)).quantile(levels)
    assert quantiles.shape == (9, 11, 4)
    np.testing.assert_allclose(
        (quantiles - kept.quantile(levels)) / kept.std, 0.0, atol=2 * 10 / (MOST_BINS // 4)
    )
    exact = stats.norm.ppf(levels[..., None]) * [1.0, 30.0, 1e-6, 1e5] + [0.0, -3000.0, 5.0, 1e9]
    np.testing.assert_allclose((quantiles - exact) / kept.std, 0.0, atol=0.05)


@given(columns, st.floats(0.0, 1.0))
def test_kept_quantiles_are_those_of_numpy(values, level):
    quantile = SampleStatistics(np.array(values)[:, None]).quantile(level)
    below = np.quantile(values, level, method="lower")
    if below == -math.inf:
        assert quantile == [-math.inf]
    else:
        np.testing.assert_array_equal(quantile, [np.quantile(values, level)])


def test_vanished_trials_take_part_in_quantiles():
    values = [-math.inf] * 30 + list(np.linspace(1.0, 2.0, 70))
    kept = SampleStatistics(np.array(values)[:, None])
    for statistics in (kept, one_column(values), one_column(values[:40], values[40:])):
        assert statistics.vanished.tolist() == [30]
        assert statistics.mean[0] == pytest.approx(1.5)
        low, quarter, half, high = statistics.quantile([0.0, 0.25, 0.65, 1.0])[:, 0]
        assert low == quarter == -math.inf
        assert half == pytest.approx(1.5, abs=1 / 70)
        assert high == 2.0


def test_columns_are_apart():
    values = np.array([[1.0, -math.inf], [2.0, 5.0], [3.0, -math.inf]])
    for statistics in (SampleStatistics(values), streamed([values[:1], values[1:]])):
        assert statistics.trials == 3
        np.testing.assert_array_equal(statistics.vanished, [0, 2])
        np.testing.assert_allclose(statistics.mean, [2.0, 5.0], rtol=1e-15)
        np.testing.assert_allclose(statistics.std, [1.0, 0.0], rtol=1e-15)
        np.testing.assert_allclose(standard_error(statistics), [1 / math.sqrt(3), math.inf])


def test_all_vanished():
    values = np.full((5, 2), -math.inf)
    for statistics in (SampleStatistics(values), streamed([values[:2], values[2:]])):
        assert statistics.vanished.tolist() == [5, 5]
        assert statistics.mean.tolist() == [-math.inf, -math.inf]
        np.testing.assert_array_equal(standard_error(statistics), [0.0, 0.0])
        np.testing.assert_array_equal(statistics.quantile(LEVELS), np.full((7, 2), -math.inf))


def test_a_single_trial_does_not_know_its_error():
    for value in (0.0, -3.25, 1e100, 5e-324):
        values = np.array([[value]])
        for statistics in (SampleStatistics(values), streamed([values])):
            assert statistics.mean == [value]
            assert statistics.std == [0.0]
            assert standard_error(statistics) == [math.inf]
            np.testing.assert_array_equal(statistics.quantile(LEVELS), np.full((7, 1), value))


def test_the_first_block_may_vanish():
    values = [-math.inf, -math.inf, 7.0, 9.0]
    statistics = one_column(values[:2], values[2:])
    assert statistics.mean == [8.0]
    assert statistics.std == [pytest.approx(math.sqrt(2.0))]


def test_memory_does_not_grow_with_the_trials():
    statistics = StreamedStatistics(np.zeros((1, 1)))
    rng = np.random.default_rng(2)
    for scale in 10.0 ** np.arange(-15, 15):
        statistics.merge(StreamedStatistics(scale * rng.standard_cauchy((1000, 1))))
        histogram = statistics.histograms[0]
        assert histogram.counts.size <= MOST_BINS
        assert histogram.counts.sum() == statistics.trials


def test_standard_error_is_that_of_the_mean():
    values = normal_trials(1000)
    values[::4] = -math.inf
    expected = values[values[:, 0] > -math.inf].std(axis=0, ddof=1) / math.sqrt(750)
    for statistics in (SampleStatistics(values), streamed([values])):
        np.testing.assert_allclose(standard_error(statistics), expected, rtol=1e-13)


def test_streams_travel_whole_and_small():
    rng = np.random.default_rng(1)
    statistics = StreamedStatistics(rng.standard_cauchy((1000, 3)))
    dense = sum(histogram.counts.nbytes for histogram in statistics.histograms)
    content = pickle.dumps(statistics)
    assert len(content) < 1.1 * statistics.packed().nbytes < dense
    statistics.of_whole_chunks = StreamedStatistics(rng.standard_normal((10, 3)))
    again = pickle.loads(pickle.dumps(statistics))
    np.testing.assert_array_equal(again.packed(), statistics.packed())
    np.testing.assert_array_equal(
        again.of_whole_chunks.packed(), statistics.of_whole_chunks.packed()
    )
