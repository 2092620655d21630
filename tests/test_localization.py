"""Localization lengths of chains, strips and bars."""

import math
import pickle
from decimal import Decimal

import matplotlib as mpl
import numpy as np
import pytest
from conftest import JIT_DISABLED
from laws import assert_z

from stabsim import AndersonTransfer, Ginibre, lyapunov_spectrum, theory
from stabsim.localization import finite_size_scaling, localization_length

mpl.use("agg")
STEPS = 100 if JIT_DISABLED else 500
CHAINS = 16 if JIT_DISABLED else 400
WRONG = 2.0 if JIT_DISABLED else 1.2
FEW = 10 if JIT_DISABLED else 200


def test_the_length_of_a_lloyd_chain_is_exact():
    chain = AndersonTransfer(0.5, 2.0, distribution="cauchy")
    result = localization_length(chain, steps=STEPS, trials=CHAINS, rng=1)
    assert result.exact == pytest.approx(1.0 / theory.lloyd_exponent(0.5, 2.0))
    assert_z(result.length, result.exact, result.standard_error)
    other = AndersonTransfer(0.5, 4.0, distribution="cauchy")
    wrong = localization_length(other, steps=STEPS, trials=CHAINS, rng=1)
    with pytest.raises(AssertionError, match="z ="):
        assert_z(wrong.length, result.exact, wrong.standard_error)
    assert "exact" in result.summary()
    assert result.width == 1.0


@pytest.mark.parametrize(
    "bar",
    [
        AndersonTransfer(0.0, 1.0, distribution="cauchy", width=3),
        AndersonTransfer(0.5, 2.0, distribution="cauchy", width=(2, 2)),
        AndersonTransfer(1.0, 3.0, distribution="cauchy", width=4, edges="periodic"),
    ],
    ids=repr,
)
def test_exponents_of_a_lloyd_bar_have_the_sum_of_its_modes(bar):
    # Averages over Cauchy disorder are values at a complex energy, at which the modes part.
    spectrum = lyapunov_spectrum(bar, steps=STEPS, trials=CHAINS, k=bar.sites, rng=1)
    modes = np.linalg.eigvalsh(bar.transverse)
    exact = sum(theory.lloyd_exponent(bar.energy - mode, bar.disorder) for mode in modes)
    error = math.sqrt(spectrum.covariance.sum() / (spectrum.trials * spectrum.steps))
    assert_z(spectrum.exponents.sum(), exact, error)
    with pytest.raises(AssertionError, match="z ="):
        assert_z(spectrum.exponents.sum(), WRONG * exact, error)


def test_exponents_come_in_pairs_of_both_signs():
    bar = AndersonTransfer(0.5, 4.0, width=3)
    exponents = lyapunov_spectrum(bar, steps=STEPS, trials=4, rng=1).exponents
    np.testing.assert_allclose(exponents, -exponents[::-1], atol=10.0 / STEPS)


def test_a_clean_bar_beyond_its_band_has_the_length_of_its_slowest_mode():
    bar = AndersonTransfer(7.0, 0.0, width=(3, 3), edges="periodic")
    result = localization_length(bar, steps=FEW, trials=2, rng=1)
    assert result.length == pytest.approx(1.0 / math.acosh((7.0 - 4.0) / 2.0), rel=1e-3)
    assert result.exact == pytest.approx(1.0 / math.acosh((7.0 - 4.0) / 2.0))
    assert result.width == 3.0
    assert result.reduced == result.length / 3.0


def test_a_clean_chain_within_its_band_has_no_finite_length():
    result = localization_length(AndersonTransfer(0.0, 0.0), steps=FEW, trials=2, rng=1)
    assert result.exact == math.inf
    assert result.length > FEW
    assert "exact inf\n" in result.summary()
    assert result.standard_error >= 0.0
    result.plot().figure.clear()


def test_the_result_is_the_last_exponent():
    bar = AndersonTransfer(0.0, 6.0, width=(2, 4))
    result = localization_length(bar, steps=FEW, trials=8, rng=3)
    spectrum = lyapunov_spectrum(bar, steps=FEW, trials=8, k=8, rng=3)
    assert result.exponent == spectrum.exponents[-1]
    assert result.length == 1.0 / spectrum.exponents[-1]
    assert result.standard_error == pytest.approx(
        spectrum.standard_error[-1] / spectrum.exponents[-1] ** 2
    )
    assert result.width == math.sqrt(8.0)
    assert result.exact is None
    assert result.history[-1] == result.length
    again = pickle.loads(pickle.dumps(result))
    assert again.length == result.length
    assert repr(again) == repr(result)
    assert f"{result.length:.6g} ±" in repr(result)


def test_results_do_not_depend_on_workers():
    arguments = {"steps": FEW, "trials": 8, "rng": 3}
    one, two = (
        finite_size_scaling(0.0, [2.0, 6.0], [3, 4], n_jobs=jobs, **arguments) for jobs in (1, 2)
    )
    np.testing.assert_array_equal(one.length, two.length)
    np.testing.assert_array_equal(one.standard_error, two.standard_error)


@pytest.mark.parametrize(("dimension", "widths"), [(2, [3, 4]), (3, [1, 2])])
def test_points_of_a_scaling_are_those_of_the_verb(dimension, widths):
    disorders, edges = [4.0, 8.0, 16.0], "periodic" if dimension == 2 else "hard"
    result = finite_size_scaling(
        0.5, disorders, widths, dimension=dimension, edges=edges, steps=FEW, trials=8, rng=5
    )
    seeds = np.random.SeedSequence(5).spawn(6)
    for index, (i, j) in enumerate(np.ndindex(2, 3)):
        width = widths[i] if dimension == 2 else (widths[i], widths[i])
        bar = AndersonTransfer(0.5, disorders[j], width=width, edges=edges)
        point = localization_length(bar, steps=FEW, trials=8, rng=seeds[index])
        assert result.length[i, j] == point.length
        assert result.standard_error[i, j] == point.standard_error
        assert result.reduced[i, j] == pytest.approx(point.length / widths[i])
        assert result.reduced_se[i, j] == point.reduced_se
    again = pickle.loads(pickle.dumps(result))
    np.testing.assert_array_equal(again.length, result.length)
    with pytest.raises(ValueError, match="read-only"):
        again.disorder[0] = 1.0
    assert repr(result).count("±") == 6
    frame = result.to_dataframe()
    assert frame.loc[(widths[1], 8.0), "length"] == result.length[1, 1]


def test_drawings():
    result = finite_size_scaling(0.0, [4.0, 8.0], [3, 5], steps=FEW, trials=8, rng=5)
    axes = result.plot()
    assert axes.get_legend_handles_labels()[1] == ["3", "5"]
    for container, row in zip(axes.containers, result.reduced, strict=True):
        np.testing.assert_array_equal(container[0].get_ydata(), row)
    axes.figure.clear()
    chain = AndersonTransfer(0.0, 2.0, distribution="cauchy")
    point = localization_length(chain, steps=FEW, trials=4, rng=1)
    axes = point.plot()
    estimate, exact = axes.lines
    np.testing.assert_array_equal(estimate.get_ydata(), point.history)
    np.testing.assert_array_equal(estimate.get_xdata(), point.spectrum.recorded)
    assert set(exact.get_ydata()) == {point.exact}
    axes.figure.clear()


@pytest.mark.parametrize(
    ("name", "error", "changes"),
    [
        ("disorder", TypeError, {"disorder": "strong"}),
        ("disorder", ValueError, {"disorder": []}),
        ("disorder", ValueError, {"disorder": [2.0, 1.0]}),
        ("disorder", ValueError, {"disorder": [-1.0, 1.0]}),
        ("disorder", ValueError, {"disorder": [1.0, math.nan]}),
        ("disorder", ValueError, {"disorder": [[1.0], [1.0, 2.0]]}),
        ("width", TypeError, {"width": 4}),
        ("width", TypeError, {"width": [4.0]}),
        ("width", ValueError, {"width": []}),
        ("width", ValueError, {"width": [4, 3]}),
        ("width", ValueError, {"width": [0]}),
        ("edges", ValueError, {"width": [2]}),
        ("edges", ValueError, {"edges": "soft"}),
        ("dimension", ValueError, {"dimension": 4}),
        ("dimension", ValueError, {"dimension": 1}),
        ("distribution", ValueError, {"distribution": "box"}),
        ("energy", ValueError, {"energy": math.nan}),
        ("steps", ValueError, {"steps": 0}),
        ("trials", ValueError, {"trials": 0}),
        ("progress", TypeError, {"progress": 1}),
        ("rng", TypeError, {"rng": "1"}),
    ],
)
def test_bad_input(name, error, changes):
    arguments = {"energy": 0.0, "disorder": [1.0], "width": [3], "steps": 10} | changes
    with pytest.raises(error, match=f"^{name} must"):
        finite_size_scaling(**arguments)


def test_only_transfer_matrices_have_a_length():
    with pytest.raises(TypeError, match=r"^ensemble must be an AndersonTransfer"):
        localization_length(Ginibre(2), steps=10)


def test_steps_are_checked_before_a_checkpoint_is_opened(tmp_path):
    folder = tmp_path / "checkpoint"
    with pytest.raises(TypeError, match=r"^steps must be a positive integer"):
        localization_length(AndersonTransfer(0.0, 1.0), steps=Decimal(1), checkpoint=folder)
    with pytest.raises(TypeError, match=r"^steps must be a positive integer"):
        finite_size_scaling(0.0, [1.0], [3], steps=Decimal(1), checkpoint=folder)
    assert not folder.exists()
