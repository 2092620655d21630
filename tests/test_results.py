"""Result objects: frozen, readable, picklable, and the same numbers in every form."""

import dataclasses
import math
import pickle
import sys

import numpy as np
import pandas as pd
import pytest

from stabsim import IID, FiniteSet, Ginibre, ProductGrowth, matrix_product_growth

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
@pytest.mark.parametrize("q", [0.5, [0.5], [0.1, 0.9], [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], []])
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
