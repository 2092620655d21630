"""Results that go on: more trials, and as many as a precision takes."""

import numpy as np
import pytest
from calls import CALLS, bits, cut_finely, simulate

import stabsim
from stabsim import Ginibre, StandardError, matrix_product_growth


@pytest.fixture(autouse=True, scope="module")
def _many_chunks():
    with pytest.MonkeyPatch.context() as patch:
        cut_finely(patch.setattr)
        yield


# Whose first trials settle something for those that are added, which the call would settle anew.
SETTLED = {"spectrum", "precise spectrum", "localization", "scaling"}


# A spectrum that was precise enough may miss that by a little with a few chains more.
@pytest.mark.filterwarnings("ignore:precision was not reached")
@pytest.mark.parametrize("name", CALLS)
def test_added_trials_are_as_if_they_had_been_there_from_the_start(name):
    usual = CALLS[name][2]
    first = usual // 3 + 1
    few = simulate(name, first)
    many = few.extend(usual - first)
    assert type(many) is type(few)
    assert few.run.trials == first
    assert many.run.trials == usual
    again = simulate(name, first).extend(1).extend(usual - first - 1, n_jobs=1)
    assert bits(again) == bits(many)
    assert again.summary() == many.summary()
    if name not in SETTLED:
        assert bits(many) == bits(simulate(name))


def test_a_longer_spectrum_keeps_the_pace_of_its_first_chains():
    ensemble = stabsim.IID(3, "uniform")
    given = {"steps": 200, "rng": 1}
    longer = stabsim.lyapunov_spectrum(ensemble, trials=16, **given).extend(100)
    whole = stabsim.lyapunov_spectrum(
        ensemble, trials=116, warmup=longer.warmup, interval=longer.interval, **given
    )
    np.testing.assert_array_equal(longer.log_growth, whole.log_growth)


def test_a_longer_precise_spectrum_takes_the_same_rounds():
    first = stabsim.lyapunov_spectrum(
        stabsim.IID(3, "uniform"), steps=4000, trials=10, precision=0.01, rng=1
    )
    longer = first.extend(30)
    np.testing.assert_array_equal(longer.log_growth[:10], first.log_growth)
    assert longer.standard_error.max() < first.standard_error.max()


def test_an_extension_does_not_see_what_the_caller_changes_later():
    vector = np.array([1.0, 2.0])
    given = {"norm": "vector", "method": "dense", "rng": 1}
    few = matrix_product_growth(stabsim.IID(2, "uniform"), 3, trials=5, vector=vector, **given)
    whole = matrix_product_growth(stabsim.IID(2, "uniform"), 3, trials=9, vector=vector, **given)
    vector[:] = np.nan
    np.testing.assert_array_equal(few.extend(4).log_norm, whole.log_norm)


@pytest.mark.parametrize("trials", [0, -1, 2.5, "3", None, True])
def test_the_trials_of_an_extension_are_checked(trials):
    few = matrix_product_growth(Ginibre(2), 3, trials=4, rng=1)
    with pytest.raises((TypeError, ValueError), match="trials must be a positive integer"):
        few.extend(trials)


def test_a_result_of_other_streams_is_not_extended(monkeypatch):
    few = matrix_product_growth(Ginibre(2), 3, trials=4, rng=1)
    assert few.stream_version == 1
    monkeypatch.setattr("stabsim._simulation.STREAM_VERSION", 2)
    with pytest.raises(ValueError, match="made it, 1, and this is version 2"):
        few.extend(4)


# Precision ---------------------------------------------------------------------------------------


@pytest.mark.jit
@pytest.mark.parametrize("name", sorted(CALLS.keys() - {"spectrum", "precise spectrum"}))
def test_a_run_goes_on_until_its_precision_is_reached(name):
    usual = CALLS[name][2]
    few = simulate(name)
    estimated, (_, error) = next(iter(few.estimates().items()))
    goal = float(np.max(error)) / 1.5
    many = simulate(name, precision=goal)
    assert np.max(many.estimates()[estimated][1]) <= goal
    assert many.is_precise
    assert f"precision reached: the standard error of {estimated} is" in many.summary()
    assert "precision" not in few.summary()
    assert usual < many.run.trials < 20 * usual
    if name not in SETTLED:
        assert bits(many) == bits(simulate(name, many.run.trials))
    # Nothing about the rounds depends on who computes them.
    assert bits(simulate(name, precision=goal, n_jobs=1)) == bits(many)


def test_a_precision_can_be_relative_and_of_any_estimate():
    given = {"trials": 50, "norm": "vector", "rng": 1}
    relative = matrix_product_growth(
        Ginibre(4), 20, precision=StandardError(0.01, relative=True), **given
    )
    assert relative.lyapunov_se <= 0.01 * relative.lyapunov
    mean = matrix_product_growth(Ginibre(4), 20, precision=StandardError(0.05, "mean"), **given)
    assert mean.standard_error.max() <= 0.05
    assert mean.trials > 50
    enough = matrix_product_growth(Ginibre(4), 20, precision=10.0, **given)
    assert enough.trials == 50


def test_what_was_reached_is_said_where_it_is_not_enough():
    expected = r"not reached in 200 trials.* of lyapunov is 0\.0"
    with pytest.warns(RuntimeWarning, match=expected) as told:
        result = matrix_product_growth(
            Ginibre(4), 20, trials=50, norm="vector", precision=1e-9, max_trials=200, rng=1
        )
    assert result.trials == 200
    assert not result.is_precise
    assert "precision NOT reached: the standard error of lyapunov is 0.0" in result.summary()
    assert {warning.filename for warning in told if "reached" in str(warning.message)} == {__file__}


def test_a_vanished_estimate_has_all_the_precision_there_is():
    result = matrix_product_growth(stabsim.FiniteSet([[[0.0]]]), 5, trials=3, precision=1e-9, rng=1)
    assert result.lyapunov == -np.inf
    assert result.trials == 3


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"precision": 0.0}, "precision must be a finite real number above 0, got 0.0"),
        ({"precision": "fine"}, "precision must be a finite real number above 0, got 'fine'"),
        ({"precision": np.nan}, "precision must be a finite real number above 0, got nan"),
        ({"max_trials": 100}, "max_trials must be left out without precision, got 100"),
        (
            {"precision": 0.1, "max_trials": 3},
            "max_trials must be an integer of at least 4, got 3",
        ),
        (
            {"precision": StandardError(0.1, "length")},
            "precision must be of one of 'lyapunov', 'mean', got 'length'",
        ),
    ],
    ids=repr,
)
def test_a_precision_is_checked_before_anything_runs(monkeypatch, keywords, message):
    monkeypatch.setattr("stabsim._montecarlo.run", lambda *a, **k: pytest.fail("it ran"))
    with pytest.raises((TypeError, ValueError), match=message):
        matrix_product_growth(Ginibre(2), 3, trials=4, **keywords)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0,), "value must be a finite real number above 0, got 0.0"),
        ((1.0, 3), "of must be the name of an estimate, got 3"),
        ((1.0, None, 1), "relative must be True or False, got 1"),
    ],
    ids=repr,
)
def test_a_standard_error_is_checked(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        StandardError(*arguments)


def test_a_sweep_without_simulation_has_no_precision():
    with pytest.raises(ValueError, match="precision must be left out with simulate=False"):
        stabsim.phase_diagram("tanh", [1.0], [0.1], simulate=False, precision=0.1)
