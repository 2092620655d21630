"""Result objects: frozen, readable, picklable, and the same numbers in every form."""

import dataclasses
import math
import pickle
import sys

import numpy as np
import pandas as pd
import pytest
from laws import assert_mean
from scipy import stats

from stabsim import IID, FiniteSet, Ginibre, Haar, ProductGrowth, matrix_product_growth
from stabsim.results.intervals import quantile_interval

ARRAYS = ("depths", "log_norm", "mean", "std", "standard_error", "vanished")
BOTH = pytest.mark.parametrize("samples", [True, False])


def growth(samples=True, **keywords):
    keywords = {"trials": 50, "norm": "vector", "rng": 1} | keywords
    return matrix_product_growth(Ginibre(4), 10, samples=samples, **keywords)


# Numbers -------------------------------------------------------------------------------------


def test_moments_are_those_of_the_samples():
    result = growth()
    np.testing.assert_allclose(result.mean, result.log_norm.mean(axis=0))
    np.testing.assert_allclose(result.std, result.log_norm.std(axis=0, ddof=1))
    np.testing.assert_allclose(result.standard_error, result.std / math.sqrt(50))
    rates = result.log_norm[:, -1] / 10
    assert result.lyapunov == pytest.approx(rates.mean())
    assert result.lyapunov_se == pytest.approx(rates.std(ddof=1) / math.sqrt(50))
    assert isinstance(result.lyapunov, float)
    assert isinstance(result.lyapunov_se, float)


def test_the_rate_is_the_slope_of_the_second_half_where_steps_depend():
    result = growth(norm="frobenius")
    assert result.rate_depths == (5, 10)
    rates = (result.log_norm[:, 9] - result.log_norm[:, 4]) / 5
    assert result.lyapunov == pytest.approx(rates.mean())
    assert result.lyapunov_se == pytest.approx(rates.std(ddof=1) / math.sqrt(50))


def test_moments_leave_out_the_vanished():
    result = matrix_product_growth(IID(2, "rademacher"), 2, trials=100, norm="logdet", rng=1)
    alive = np.isfinite(result.log_norm)
    np.testing.assert_array_equal(result.vanished, (~alive).sum(axis=0))
    for column in range(2):
        left = result.log_norm[alive[:, column], column]
        assert result.mean[column] == pytest.approx(left.mean())
        assert result.std[column] == pytest.approx(left.std(ddof=1), abs=1e-12)
        assert result.standard_error[column] == pytest.approx(
            result.std[column] / math.sqrt(left.size)
        )


@BOTH
@pytest.mark.parametrize(
    "q", [0.5, [0.5], [0.1, 0.9], [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], [], [[], []]]
)
def test_quantiles_have_the_shape_of_their_levels_then_depths(q, samples):
    result = growth(samples)
    assert result.quantile(q).shape == (*np.shape(q), 10)


def test_quantiles_are_those_of_the_samples():
    result = growth()
    levels = [0.0, 0.25, 0.6, 1.0]
    np.testing.assert_allclose(
        result.quantile(levels), np.quantile(result.log_norm, levels, axis=0)
    )


@BOTH
def test_quantiles_never_decrease(samples):
    quantiles = growth(samples).quantile(np.linspace(0.0, 1.0, 41))
    assert (np.diff(quantiles, axis=0) >= 0.0).all()


@BOTH
def test_quantiles_count_the_vanished(samples):
    result = matrix_product_growth(
        IID(2, "rademacher"), 1, trials=1001, norm="logdet", samples=samples, rng=1
    )
    share = result.vanished[0] / 1001
    assert 0.3 < share < 0.7
    below, above = result.quantile([share - 0.01, share + 0.01])[:, 0]
    assert below == -math.inf
    assert above == pytest.approx(math.log(2.0))


@BOTH
@pytest.mark.parametrize(
    ("q", "error"),
    [
        (1.5, ValueError),
        (-0.1, ValueError),
        (math.nan, ValueError),
        ([0.5, 2.0], ValueError),
        ("median", TypeError),
        (0.5j, TypeError),
        ([[0.1], [0.1, 0.2]], (TypeError, ValueError)),
    ],
)
def test_bad_levels_are_named(q, error, samples):
    with pytest.raises(error, match=r"^q must be probabilities in \[0, 1\], got"):
        growth(samples).quantile(q)


def test_log_norm_is_there_only_with_samples():
    result = growth(False)
    with pytest.raises(AttributeError, match="samples=True"):
        result.log_norm  # noqa: B018
    assert not hasattr(result, "log_norm")


# Intervals -----------------------------------------------------------------------------------


def test_the_interval_of_the_rate_is_students():
    result = growth()
    low, high = result.confidence_interval(0.9)
    reach = stats.t.ppf(0.95, 49) * result.lyapunov_se
    assert low == pytest.approx(result.lyapunov - reach)
    assert high == pytest.approx(result.lyapunov + reach)
    assert isinstance(low, float)
    assert isinstance(high, float)


def test_the_interval_of_the_rate_needs_no_samples():
    assert growth(False).confidence_interval() == pytest.approx(growth().confidence_interval())


def test_a_single_trial_bounds_nothing():
    assert growth(trials=1).confidence_interval() == (-math.inf, math.inf)


def test_a_rate_that_is_certain_has_no_width():
    certain = matrix_product_growth(Haar(3), 5, trials=4, norm="vector", rng=1)
    assert certain.confidence_interval() == (certain.lyapunov, certain.lyapunov)
    vanished = matrix_product_growth(IID(2, "rademacher"), 9, trials=99, norm="logdet", rng=1)
    assert vanished.confidence_interval() == (-math.inf, -math.inf)


@pytest.mark.parametrize("q", [0.5, [0.5], [0.1, 0.9], [[0.1, 0.2], [0.4, 0.5]]])
def test_intervals_have_the_shape_of_the_quantiles_which_they_hold(q):
    result = growth()
    low, high = result.quantile_interval(q)
    quantiles = result.quantile(q)
    assert low.shape == high.shape == quantiles.shape
    assert ((low < quantiles) & (quantiles < high)).all()


def test_a_wider_interval_for_a_higher_level():
    result = growth()
    low, high = result.quantile_interval(0.5, 0.9)
    lower, higher = result.quantile_interval(0.5, 0.99)
    assert ((lower < low) & (high < higher)).all()


def order_statistics(p, levels, count=50):
    """Return which of the samples 1, 2, ... the ends of an interval of the quantile p lie at."""
    samples = np.arange(1.0, count + 1.0)[::-1, None]
    low, high = quantile_interval(samples, np.array(p), levels)
    return low[0], high[0]


@pytest.mark.parametrize(
    ("p", "rank"), [(0.1, 1), (0.1, 4), (0.5, 16), (0.5, 23), (0.8, 33), (0.8, 39)]
)
def test_ends_are_order_statistics_where_these_have_just_the_level(p, rank):
    # The chance that fewer than ``rank`` samples are below the quantile; a little more of it, so
    # that rounding does not decide.
    level = 1.0 - 2.0 * stats.binom.cdf(rank - 1, 50, p) * (1.0 + 1e-12)
    assert order_statistics(p, level)[0] == pytest.approx(rank)
    assert order_statistics(1.0 - p, level)[1] == pytest.approx(51 - rank)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_of_the_median_is_hettmansperger_and_sheathers(level):
    low, high = order_statistics(0.5, level)
    half = 0.5 * (1.0 - level)
    rank = int(stats.binom.ppf(half, 50, 0.5))
    before, after = stats.binom.cdf(rank - 1, 50, 0.5), stats.binom.cdf(rank, 50, 0.5)
    # In their words: the levels gamma of the intervals from ranks d and d + 1, and I between them.
    gamma_d, gamma_next = 1.0 - 2.0 * before, 1.0 - 2.0 * after
    share = (gamma_d - level) / (gamma_d - gamma_next)
    weight = (50 - rank) * share / (rank + (50 - 2 * rank) * share)
    assert low == pytest.approx(rank + weight)
    assert high == pytest.approx(51 - rank - weight)


@pytest.mark.parametrize("law", ["expon", "norm", "cauchy"])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
def test_an_interval_holds_its_quantile_as_often_as_it_says(p, law):
    rng = np.random.default_rng(1)
    distribution = getattr(stats, law)
    samples = distribution.rvs(size=(60, 20_000), random_state=rng)
    low, high = quantile_interval(samples, np.array(p), 0.9)
    exact = distribution.ppf(p)
    assert_mean(low > exact, 0.05)
    assert_mean(high < exact, 0.05)


def test_too_few_trials_leave_an_end_open():
    low, high = growth(trials=5).quantile_interval([0.01, 0.5, 0.99])
    assert (low[0] == -math.inf).all()
    assert (high[2] == math.inf).all()
    assert (low[1] == -math.inf).all()
    assert np.isfinite([high[0], low[2]]).all()


def test_the_ends_of_a_law_are_bounded_on_one_side():
    result = growth()
    low, high = result.quantile_interval([0.0, 1.0])
    assert (low[0] == -math.inf).all()
    assert (high[1] == math.inf).all()
    np.testing.assert_array_equal(high[0], result.log_norm.min(axis=0))
    np.testing.assert_array_equal(low[1], result.log_norm.max(axis=0))


def test_intervals_count_the_vanished():
    result = matrix_product_growth(IID(2, "rademacher"), 1, trials=1001, norm="logdet", rng=1)
    share = result.vanished[0] / 1001
    low, high = result.quantile_interval([0.5 * share, share, 0.5 + 0.5 * share])
    assert low[:2, 0].tolist() == [-math.inf, -math.inf]
    assert high[0, 0] == -math.inf
    assert high[1, 0] == pytest.approx(math.log(2.0))
    assert low[2, 0] == pytest.approx(math.log(2.0))


@pytest.mark.parametrize(
    ("level", "error"),
    [
        (0.0, ValueError),
        (1.0, ValueError),
        (95, ValueError),
        (math.nan, ValueError),
        ("95", TypeError),
    ],
)
def test_a_bad_level_of_confidence_is_named(level, error):
    requirement = r"^level must be a (finite real number above 0|probability below 1), got"
    with pytest.raises(error, match=requirement):
        growth().confidence_interval(level)
    with pytest.raises(error, match=requirement):
        growth().quantile_interval(0.5, level)


def test_intervals_of_quantiles_are_there_only_with_samples():
    with pytest.raises(AttributeError, match=r"samples=True, got samples=False"):
        growth(False).quantile_interval(0.5)


def test_numbers_of_a_summary_stay_apart():
    result = matrix_product_growth(FiniteSet([[[1e-100]]]), 10_000, trials=2, rng=1)
    last = result.summary().splitlines()[-1].split()
    assert last[:2] == ["10000", f"{result.mean[-1]:.4f}"]


# Frozen --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(ProductGrowth)])
def test_a_field_cannot_be_replaced(name):
    result = growth()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(result, name, None)


@BOTH
@pytest.mark.parametrize("pickled", [False, True])
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_read_only(name, pickled, samples):
    if name == "log_norm" and not samples:
        return
    result = growth(samples)
    if pickled:
        result = pickle.loads(pickle.dumps(result))
    before = getattr(result, name).copy()
    with pytest.raises(ValueError, match="read-only"):
        getattr(result, name)[..., 0] = 7
    np.testing.assert_array_equal(getattr(result, name), before)


@BOTH
def test_a_result_survives_pickling(samples):
    result = growth(samples)
    copy = pickle.loads(pickle.dumps(result))
    assert repr(copy) == repr(result)
    assert copy.ensemble == result.ensemble
    assert copy.exact == result.exact
    np.testing.assert_array_equal(copy.quantile(0.3), result.quantile(0.3))
    again = growth(rng=copy.seed)
    np.testing.assert_array_equal(again.mean, growth().mean)


# Text ----------------------------------------------------------------------------------------


@BOTH
def test_the_summary_tells_what_was_simulated_and_found(samples):
    result = growth(samples)
    text = result.summary()
    lines = text.splitlines()
    assert lines[0].startswith("Ginibre(4), ln of the norm of a fixed vector's image, 50 trials")
    assert lines[1] == f"method {result.method}: {result.reason}"
    assert f"{result.lyapunov:.6g} ± {result.lyapunov_se:.2g}" in lines[2]
    assert "from depth 0 to 10" in lines[2]
    assert f"exact {result.exact.lyapunov:.6g}" in lines[2]
    assert "z = " in lines[2]
    assert lines[3].split()[0] == "depth"
    assert "vanished" not in text
    assert len({len(line) for line in lines[3:]}) == 1
    last = lines[-1].split()
    assert last[0] == "10"
    assert float(last[1]) == pytest.approx(result.mean[-1], abs=1e-4)
    assert repr(result).startswith("<ProductGrowth")
    assert repr(result).endswith(text)


def test_a_long_result_has_a_short_summary():
    result = matrix_product_growth(Ginibre(2), 500, trials=5, norm="vector", rng=1)
    assert result.depths.size == 128
    lines = result.summary().splitlines()
    assert len(lines) == 10
    assert lines[4].split()[0] == str(result.depths[0])
    assert lines[-1].split()[0] == "500"


def test_what_is_not_known_is_not_shown():
    text = matrix_product_growth(IID(3, "uniform"), 5, trials=5, rng=1).summary()
    assert "exact" not in text
    assert "z =" not in text


def test_vanished_products_are_shown():
    result = matrix_product_growth(FiniteSet([[[0.0]]]), 2, trials=3, rng=1)
    text = result.summary()
    assert "vanished" in text
    assert "-inf ± 0" in text
    assert "nan" not in text.lower()
    assert "nan" not in repr(result).lower().replace("reason", "")


@BOTH
def test_one_trial_says_nothing_of_its_error(samples):
    result = growth(samples, trials=1)
    assert result.lyapunov_se == math.inf
    assert np.isposinf(result.standard_error).all()
    assert "z =" not in result.summary()
    assert "nan" not in result.summary()


# DataFrame -----------------------------------------------------------------------------------


@BOTH
def test_a_data_frame_has_a_row_for_each_depth(samples):
    result = growth(samples)
    frame = result.to_dataframe()
    assert isinstance(frame, pd.DataFrame)
    assert frame.index.name == "depth"
    np.testing.assert_array_equal(frame.index, result.depths)
    quantiles = ["q05", "q25", "q50", "q75", "q95"]
    assert list(frame.columns) == ["mean", "standard_error", "std", "vanished", *quantiles]
    for name in ("mean", "standard_error", "std", "vanished"):
        np.testing.assert_array_equal(frame[name], getattr(result, name))
    np.testing.assert_array_equal(
        frame[quantiles].to_numpy().T, result.quantile([0.05, 0.25, 0.5, 0.75, 0.95])
    )


def test_a_data_frame_is_its_owner_s_to_change():
    result = growth()
    frame = result.to_dataframe()
    frame.loc[10, "mean"] = 0.0
    frame["std"] *= 2.0
    assert result.mean[-1] != 0.0


def test_without_pandas_there_is_no_data_frame(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pandas"):
        growth().to_dataframe()
