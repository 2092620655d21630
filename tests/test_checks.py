"""Checks of results: honest ones raise few alarms, and every defect planted is found."""

import dataclasses
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import SMALLEST_P_VALUE, assert_law
from scipy import special, stats

import stabsim
from stabsim._statistics import SampleStatistics, StreamedStatistics
from stabsim.results.checks import Check, Checks, check_result, sample_tests
from stabsim.results.checks.columns import Quantity, columns_of
from stabsim.results.checks.sample_tests import Distribution
from stabsim.results.checks.trials import check_exact, check_range, check_trials

REPLICATIONS = 2000
TESTS = ("error", "single trials", "tails", "intervals", "batches", "drift", "repeats")


def generator(seed=1):
    return np.random.default_rng(seed)


def quantities(count, **kind):
    return [Quantity(f"column {i}", **kind) for i in range(1, count + 1)]


def checked(samples, **kind):
    samples = np.asarray(samples, dtype=float)
    if samples.ndim == 1:
        samples = samples[:, None]
    names = quantities(samples.shape[1], **kind)
    # Moments have no meaning where a number is infinite, which is what a check then tells.
    with np.errstate(invalid="ignore"):
        return Checks(tuple(check_trials(SampleStatistics(samples), names)))


def streamed(samples, blocks=7):
    statistics, *rest = map(StreamedStatistics, np.array_split(samples, blocks))
    for later in rest:
        statistics.merge(later)
    return statistics


# Chance --------------------------------------------------------------------------------------


def p_values(count, law):
    """Return the p-values of all tests of ``count`` trials, (replications, tests)."""
    rows = []
    for values in law((REPLICATIONS, count)):
        trials = Distribution.of(values)
        rows.append(
            [
                sample_tests.variance_of_variance(trials)[1],
                sample_tests.largest_share(trials)[1],
                sample_tests.coverage_lost(trials)[1],
                sample_tests.batch_variation(values).p,
                sample_tests.drift(values)[2],
            ]
        )
    return np.array(rows)


def test_trials_that_are_all_alike_do_not_drift():
    # A rare value in the middle third, and in the rest that makes no whole batch.
    for rare in (500, 999):
        values = np.zeros(1000)
        values[rare] = 1.0
        assert sample_tests.batch_variation(values).p > 0.1
        assert sample_tests.drift(values)[2] > 0.1
    # Two values that follow each other in two blocks are no accident.
    steps = np.repeat([0.0, 1.0], 500)
    assert sample_tests.batch_variation(steps).p == 0.0
    assert sample_tests.drift(steps)[2] == 0.0


def assert_rate(hits, rate, slack=1.0):
    """Assert that hits come as often as ``rate``, or up to ``slack`` times as often."""
    count, found = len(hits), int(np.sum(hits))
    assert stats.binom.cdf(found, count, rate) > SMALLEST_P_VALUE
    assert stats.binom.sf(found - 1, count, slack * rate) > SMALLEST_P_VALUE


@pytest.mark.parametrize("count", [32, 200])
def test_normal_trials_have_uniform_p_values(count):
    kurtosis, share, skewness, batches, drift = p_values(count, generator().standard_normal).T
    assert_law(batches, stats.uniform.cdf)
    assert_law(drift, stats.uniform.cdf)
    for rate in (0.1, 0.01):
        # These are transformations to a nearly normal law, or a bound that is sharp if small.
        assert_rate(kurtosis < rate, rate, 1.3)
        assert_rate(skewness < rate, rate, 1.1)
        assert_rate(share < rate, 0.9 * rate, 1.3)


def test_tests_of_order_hold_for_skew_trials():
    *_, batches, drift = p_values(160, generator(2).standard_exponential).T
    for rate in (0.1, 0.01):
        assert_rate(batches < rate, rate, 1.1)
        assert_rate(drift < rate, rate, 1.1)


@pytest.mark.parametrize("count", [100, 2000])
@pytest.mark.parametrize("k", [1 / 3, 1 / 2])
def test_a_tail_at_the_border_is_called_heavier_as_often_as_said(k, count):
    values = (generator(3).random((REPLICATIONS, count)) ** -k - 1.0) / k
    excess = [sample_tests.tail_index(Distribution.of(row)).excess(k) for row in values]
    for rate in (0.1, 0.01):
        assert_rate(np.array(excess) > -special.ndtri(rate), 0.8 * rate, 1.6)


@pytest.mark.parametrize(
    ("law", "names"),
    [
        ("standard_normal", TESTS),
        # Of a skew law 120 trials are few, which the other tests may tell.
        ("standard_exponential", ("tails", "batches", "drift", "repeats")),
    ],
)
def test_honest_trials_raise_few_alarms(law, names):
    draw = getattr(generator(4), law)
    alarms = Counter()
    for _ in range(REPLICATIONS):
        checks = checked(draw((120, 2)))
        alarms.update(name for name in names if checks[name].verdict != "passes")
    # Two of each are expected, 17 have a chance of 7e-11.
    assert all(count < 17 for count in alarms.values()), alarms


def test_laws_of_few_values_raise_few_alarms_of_repeats():
    rng = generator(5)
    found = [
        sample_tests.repetition(rng.integers(0, values, (300, 1)).astype(float), 0.01)
        for values in (2, 3, 10, 1000)
        for _ in range(500)
    ]
    assert all(run is not None for run in found)
    # The rate is that of a bound; 20 are expected at the most.
    assert sum(run.length > 0 for run in found) < 60


# Defects -------------------------------------------------------------------------------------


def normal(count=2000, columns=2, seed=6):
    return generator(seed).standard_normal((count, columns))


def with_heavy_tail(sign):
    samples = normal(20_000)
    samples[:, 1] = sign * np.abs(generator(7).standard_cauchy(20_000))
    return samples


def with_one_dominating():
    samples = normal()
    samples[77, 1] = 60.0
    return samples


def with_few_dominating():
    samples = normal()
    samples[[3, 900], 1] = 200.0, -200.0
    return samples


def with_drift():
    samples = normal()
    samples[:, 1] += np.linspace(0.0, 0.6, len(samples))
    return samples


def with_odd_batches():
    samples = normal()
    samples[400:500, 1] += 1.0
    return samples


def with_a_batch_twice():
    samples = normal()
    samples[1500:1550] = samples[300:350]
    return samples


def with_dead_trials():
    samples = normal()
    samples[:, 1] = -math.inf
    return samples


def with_nan():
    samples = normal()
    samples[5, 0] = math.nan
    return samples


def with_infinity():
    samples = normal()
    samples[5, 0] = math.inf
    return samples


@pytest.mark.parametrize(
    ("name", "samples", "word"),
    [
        ("tails", with_heavy_tail(1.0), "upper tail of column 2"),
        ("tails", with_heavy_tail(-1.0), "lower tail of column 2"),
        ("single trials", with_one_dominating(), "column 2"),
        ("error", with_few_dominating(), "column 2"),
        ("intervals", with_one_dominating(), "column 2"),
        ("drift", with_drift(), "column 2"),
        ("batches", with_odd_batches(), "column 2"),
        ("repeats", with_a_batch_twice(), "the 50 trials from number 1501 on repeat those from "),
        ("vanished", with_dead_trials(), "2000 of 2000 trials have vanished (column 2)"),
        ("numbers", with_nan(), "1 of 4000 numbers"),
        ("numbers", with_infinity(), "1 of 4000 numbers"),
    ],
)
def test_a_planted_defect_fails_and_is_located(name, samples, word):
    assert checked(normal()).verdict == "passes"
    checks = checked(samples)
    assert checks[name].verdict == "fails"
    assert word in checks[name].text
    assert not checks.passed


def test_a_tail_without_a_third_moment_is_doubtful():
    values = generator(8).random(400_000) ** -0.48
    check = checked(values)["tails"]
    assert check.verdict == "doubtful"
    assert "third moment is infinite" in check.text


def test_exponential_tails_are_not_heavy():
    values = generator(9).standard_exponential((100_000, 1))
    for statistics in (SampleStatistics(values), streamed(values)):
        checks = {check.name: check for check in check_trials(statistics, quantities(1))}
        assert checks["tails"].verdict == "passes"
        assert checks["intervals"].verdict == "passes"


def test_skew_trials_are_doubtful_where_there_are_few():
    rng = generator(10)
    skew = np.exp(1.2 * rng.standard_normal((20_000, 1)))
    assert checked(skew[:100])["intervals"].verdict == "doubtful"
    assert checked(skew)["intervals"].verdict == "passes"


def test_some_vanished_trials_are_doubtful_and_the_others_are_tested():
    samples = normal()
    samples[::3, 1] = -math.inf
    checks = checked(samples)
    assert checks["vanished"].verdict == "doubtful"
    assert "667 of 2000" in checks["vanished"].text
    assert {checks[name].verdict for name in TESTS} == {"passes"}
    samples[1400:, 1] += 1.0
    assert checked(samples)["drift"].verdict == "fails"


def test_what_is_not_vital_may_vanish():
    statistics = SampleStatistics(with_dead_trials())
    columns = [Quantity("first"), Quantity("second", vital=False)]
    checks = Checks(tuple(check_trials(statistics, columns)))
    assert checks["vanished"].verdict == "doubtful"
    assert checks.passed


def test_few_trials_do_not_know_their_error():
    assert checked(normal(1))["error"].verdict == "fails"
    assert checked(normal(5))["error"].verdict == "doubtful"
    assert checked(normal(8))["error"].verdict == "passes"


def test_what_does_not_vary_is_not_tested():
    checks = checked(np.full((100, 2), 0.1) * (1.0 + 1e-15 * normal(100)))
    assert {checks[name].verdict for name in TESTS[:-1]} == {"not checked"}
    assert checked(np.full((100, 2), 0.1))["repeats"].verdict == "not checked"
    assert checked(np.full((100, 2), -math.inf))["vanished"].verdict == "fails"


def test_repeats_of_laws_of_few_values_are_found():
    values = generator(11).integers(0, 3, (1000, 1)).astype(float)
    assert checked(values)["repeats"].verdict == "passes"
    values[600:650] = values[100:150]
    check = checked(values)["repeats"]
    assert check.verdict == "fails"
    assert "number 601 on repeat those from number 101" in check.text


def test_repeats_that_follow_each_other_are_found():
    values = np.tile(generator(12).standard_normal((40, 2)), (5, 1))
    assert sample_tests.repetition(values, 1e-3)[:3] == (0, 40, 40)


def test_a_single_pair_of_equal_trials_is_no_run():
    samples = normal()
    samples[1000] = samples[10]
    assert checked(samples)["repeats"].verdict == "passes"


# Streamed trials -----------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [normal(), with_heavy_tail(1.0), with_one_dominating()])
def test_streamed_trials_get_the_verdicts_of_kept_ones(samples):
    kept = checked(samples)
    checks = Checks(tuple(check_trials(streamed(samples), quantities(2))))
    assert [check.name for check in checks] == [check.name for check in kept]
    for name in ("numbers", "vanished", "float range", "error", "single trials", "tails"):
        assert checks[name].verdict == kept[name].verdict, name
    for name in ("batches", "drift", "repeats"):
        assert checks[name].verdict == "not checked"
        assert "samples=True" in checks[name].text


def test_histograms_have_the_shape_of_their_trials():
    samples = generator(13).standard_t(4, (30_000, 1))
    (kept,) = columns_of(SampleStatistics(samples), quantities(1))
    (binned,) = columns_of(streamed(samples), quantities(1))
    for measure in (
        lambda trials: trials.mean,
        lambda trials: sample_tests.variance_of_variance(trials)[0],
        lambda trials: sample_tests.largest_share(trials)[0],
        lambda trials: sample_tests.tail_index(trials).k,
        lambda trials: sample_tests.tail_index(trials.mirrored).k,
        sample_tests.carriers_of_half,
    ):
        assert measure(binned.living) == pytest.approx(measure(kept.living), rel=0.02, abs=0.01)


def test_streamed_trials_that_all_vanish_or_are_not_finite():
    checks = check_trials(streamed(np.full((20, 1), -math.inf)), quantities(1))
    assert checks[0].verdict == "passes"
    assert checks[1].verdict == "fails"


# Numbers -------------------------------------------------------------------------------------


def test_p_values_of_the_shape_are_those_of_scipy():
    values = generator(14).standard_exponential(50)
    trials = Distribution.of(values)
    kurtosis = stats.kurtosistest(values, alternative="greater").pvalue
    assert sample_tests.variance_of_variance(trials)[1] == pytest.approx(kurtosis, rel=1e-9)
    skewness = stats.skewtest(values).pvalue
    assert sample_tests.coverage_lost(trials)[1] == pytest.approx(skewness, rel=1e-9)


def test_the_variance_of_the_variance_is_that_of_many_samples():
    errors = generator(15).standard_exponential((40_000, 200)).var(axis=1, ddof=1)
    long = Distribution.of(generator(16).standard_exponential(400_000))
    expected = sample_tests.variance_of_variance(long)[0] * 400_000 / 200
    assert errors.var() / errors.mean() ** 2 == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("count", [60, 100])
def test_intervals_lose_what_skewness_takes(count):
    samples = generator(17).standard_exponential((100_000, count))
    reach = special.stdtrit(count - 1, 0.975) * samples.std(axis=1, ddof=1) / math.sqrt(count)
    missed = np.mean(np.abs(samples.mean(axis=1) - 1.0) > reach) - 0.05
    # An exponential law has the skewness 2.
    trials = Distribution.of(generator(18).standard_exponential(1_000_000))
    predicted = sample_tests.coverage_lost(trials)[0] * 1_000_000 / count
    assert missed == pytest.approx(predicted, rel=0.25)
    assert predicted == pytest.approx(0.99 / count, rel=0.1)


@given(st.lists(st.floats(-100.0, 100.0), min_size=2, max_size=40))
def test_the_carriers_of_half_of_the_squares_are_the_fewest(values):
    trials = Distribution.of(np.array(values))
    if not trials.varies:
        return
    squares = np.sort(np.square(trials.deviations))[::-1]
    few = sample_tests.carriers_of_half(trials)
    assert squares[:few].sum() >= 0.5 * squares.sum() * (1.0 - 1e-12)
    assert squares[: few - 1].sum() <= 0.5 * squares.sum() * (1.0 + 1e-12)


def test_half_of_the_squares_of_normal_trials_is_that_of_an_eighth():
    trials = Distribution.of(generator(19).standard_normal(100_000))
    assert sample_tests.carriers_of_half(trials) == pytest.approx(12_400, rel=0.02)


def test_the_share_of_the_most_distant_trial():
    values = np.array([0.0, 0.0, 0.0, 4.0])
    share, p = sample_tests.largest_share(Distribution.of(values))
    assert share == pytest.approx(9.0 / 12.0)
    assert p == 0.0
    assert sample_tests.largest_share(Distribution.of(np.array([1.0, 2.0]))) == (0.5, 1.0)


def test_the_tail_index_is_that_of_maximum_likelihood():
    values = stats.genpareto.rvs(0.4, size=10_000, random_state=generator(20))
    trials = Distribution.of(values)
    tail = sample_tests.tail_index(trials)
    beyond = np.sort(values)[-tail.size :] - np.sort(values)[-tail.size - 1]
    k, _, _ = stats.genpareto.fit(beyond, floc=0.0)
    assert tail.k == pytest.approx(k, abs=0.3 * tail.error)
    assert sample_tests.tail_index(Distribution.of(values[:99])) is None


@given(
    st.lists(st.integers(0, 2), min_size=2, max_size=60),
    st.integers(1, 6),
)
def test_equal_labels_are_equal_runs(labels, length):
    if length > len(labels):
        return
    labels = np.array(labels)
    runs = np.lib.stride_tricks.sliding_window_view(labels, length)
    made = sample_tests._run_labels(labels, length)
    assert made.size == len(runs)
    same = (runs[:, None] == runs[None]).all(axis=2)
    np.testing.assert_array_equal(made[:, None] == made[None], same)


# Formats and exact values --------------------------------------------------------------------


def test_the_float_range_tells_what_formats_make_of_the_numbers():
    values = normal(100) + np.array([0.0, 200.0])
    check = checked(values)["float range"]
    assert check.verdict == "passes"
    assert "float16 makes infinity of 100 of 100 (column 2)" in check.text
    assert "float32 makes infinity of 100 of 100 (column 2); float64 holds all" in check.text
    check = checked(normal(100) - [0.0, 3000.0])["float range"]
    assert check.verdict == "doubtful"
    assert "float64 makes zero of 100 of 100 (column 2)" in check.text
    assert checked(values[:, :1])["float range"].text == "float16 holds all"
    assert checked(values, logarithm=False)["float range"].verdict == "not checked"


@pytest.mark.parametrize("name", ["float16", "float32"])
def test_a_format_holds_what_numpy_holds(name):
    limits = np.finfo(name)
    most, least = float(limits.max), float(limits.smallest_subnormal)
    for number in (most, 1.01 * most, 1.01 * least, 0.51 * least, 0.49 * least):
        with np.errstate(over="ignore"):
            rounded = np.dtype(name).type(number)
        columns = columns_of(SampleStatistics(np.array([[math.log(number)]])), quantities(1))
        held = bool(0.0 < rounded < math.inf)
        assert (f"{name} makes" not in check_range(columns).text) == held


def exact(estimates, values, errors=0.1, **keywords):
    estimates, values = np.atleast_1d(estimates), np.atleast_1d(values).astype(float)
    names = [f"q{i}" for i in range(len(values))]
    errors = np.broadcast_to(np.asarray(errors, dtype=float), values.shape)
    return check_exact(names, estimates.astype(float), values, errors, 999, **keywords)


def test_exact_values_are_compared_in_standard_errors():
    assert exact([1.0, 2.0], [1.1, 2.2]).verdict == "passes"
    assert exact([1.0, 2.0], [1.0, 2.4]).verdict == "doubtful"
    check = exact([1.0, 2.0], [1.0, 2.8])
    assert check.verdict == "fails"
    assert "8.00 standard errors from the exact value" in check.text
    assert "(q1)" in check.text
    assert exact([1.0, 2.0], [1.0, 2.8], limit=True).verdict == "doubtful"
    assert exact(1.0, 1.4, among=1000).verdict == "passes"


def test_exact_values_that_are_infinite_or_unknown():
    assert exact(-math.inf, -math.inf, 0.0).verdict == "passes"
    assert exact(-math.inf, 0.0, 0.0).verdict == "fails"
    assert exact(0.0, -math.inf).verdict == "fails"
    assert exact(0.0, math.nan).verdict == "not checked"
    assert exact(0.0, 0.3, math.inf).verdict == "not checked"
    assert exact([0.0, 5.0], [0.1, math.nan]).verdict == "passes"


def test_rounding_is_no_difference():
    assert exact(1e-13, 0.0, 0.0).verdict == "passes"
    assert exact(1e-9, 0.0, 0.0, scale=1e4).verdict == "passes"
    assert exact(1e-9, 0.0, 0.0).verdict == "fails"


# Results -------------------------------------------------------------------------------------

NETWORK = stabsim.MLP(8, 64, activation="relu", init="kaiming_normal")
HONEST = {
    "growth": lambda: stabsim.matrix_product_growth(
        stabsim.Ginibre(4), 50, trials=500, norm="vector", rng=1
    ),
    "growth, streamed": lambda: stabsim.matrix_product_growth(
        stabsim.Ginibre(4), 50, trials=500, norm="vector", rng=1, samples=False
    ),
    "singular values": lambda: stabsim.product_singular_values(
        stabsim.Ginibre(3), 50, trials=500, rng=1
    ),
    "attenuation": lambda: stabsim.gradient_attenuation(NETWORK, trials=500, rng=1),
    "propagation": lambda: stabsim.signal_propagation(NETWORK, correlation=0.5, trials=500, rng=1),
    "jacobian": lambda: stabsim.jacobian_spectrum(
        stabsim.MLP(1, 16, activation="tanh"), trials=300, rng=1
    ),
    "spectrum": lambda: stabsim.lyapunov_spectrum(stabsim.Ginibre(3), steps=2000, rng=1),
    "few chains": lambda: stabsim.lyapunov_spectrum(
        stabsim.IID(3, "uniform"), steps=4000, trials=2, rng=1
    ),
    "cycles": lambda: stabsim.lyapunov_spectrum(
        stabsim.Alternating([stabsim.Ginibre(2), stabsim.Ginibre(2, sigma=9.0)]), steps=999, rng=1
    ),
    "populations": lambda: stabsim.generalized_lyapunov(
        stabsim.Ginibre(4), [-1.0, 0.0, 1.0], steps=64, walkers=60, rng=1
    ),
    "localization": lambda: stabsim.localization_length(
        stabsim.AndersonTransfer(0.0, 1.0, distribution="cauchy"), steps=2000, rng=1
    ),
    "scaling": lambda: stabsim.finite_size_scaling(0.0, [4.0, 8.0], [3, 4], steps=320, rng=1),
    "phases": lambda: stabsim.phase_diagram("tanh", [1.0, 2.0], [0.2], width=32, rng=1),
    "phases, theory": lambda: stabsim.phase_diagram("tanh", [1.0, 2.0], [0.2], simulate=False),
}


@pytest.mark.jit
@pytest.mark.parametrize("kind", HONEST)
def test_honest_results_pass(kind):
    checks = check_result(HONEST[kind]())
    assert checks.passed
    names = [check.name for check in checks]
    assert len(set(names)) == len(names)
    assert {check.name for check in checks if check.verdict == "doubtful"} <= {"single trials"}


def test_only_results_are_checked():
    with pytest.raises(TypeError, match=r"^result must be a result of stabsim, got float"):
        check_result(1.0)


def replaced(result, change):
    samples = result.statistics.samples.copy()
    change(samples)
    return dataclasses.replace(result, statistics=SampleStatistics(samples))


def test_defects_of_trials_are_found_in_results():
    growth = HONEST["growth"]()

    def shift(samples):
        samples[250:, 30] += 20.0

    checks = check_result(replaced(growth, shift))
    assert checks["drift"].verdict == "fails"
    assert "depth 31" in checks["drift"].text
    wrong = dataclasses.replace(growth, ensemble=stabsim.Ginibre(4, sigma=1.1))
    assert check_result(wrong)["exact value"].verdict == "fails"


def test_norms_that_are_not_yet_those_of_great_depth_are_doubtful():
    growth = stabsim.matrix_product_growth(
        stabsim.Ginibre(4), 2, trials=4000, norm="frobenius", rng=1
    )
    check = check_result(growth)["exact value"]
    assert check.verdict == "doubtful"
    assert "limit" in check.text


def test_singular_factors_make_products_vanish():
    growth = stabsim.matrix_product_growth(
        stabsim.IID(2, "rademacher"), 30, trials=200, norm="logdet", rng=1
    )
    assert check_result(growth)["vanished"].verdict == "fails"


def test_dead_networks_are_told():
    network = stabsim.MLP(12, 3, activation="relu", init="kaiming_normal")
    checks = check_result(stabsim.gradient_attenuation(network, trials=1000, rng=1))
    assert checks["vanished"].verdict == "doubtful"
    assert "ln |∂ℓ/∂x| at layer 0" in checks["vanished"].text


@pytest.mark.jit
@pytest.mark.parametrize("samples", [True, False])
def test_moments_of_deep_jacobians_are_those_of_few_trials(samples):
    network = stabsim.MLP(40, 4, activation="linear")
    result = stabsim.jacobian_spectrum(network, trials=300, samples=samples, rng=1)
    checks = check_result(result)
    assert checks["single trials"].verdict == "fails"
    assert "moment m" in checks["single trials"].text
    assert checks["tails"].verdict == "fails"


# Spectra -------------------------------------------------------------------------------------


def spectrum(trials=64, steps=3200):
    return stabsim.lyapunov_spectrum(stabsim.Ginibre(2), steps=steps, trials=trials, rng=1)


def noisy(result, seed, scale=1.0):
    """Return a spectrum whose chains are random walks."""
    steps = generator(seed).standard_normal(result.log_growth.shape) * scale
    return dataclasses.replace(result, log_growth=np.cumsum(steps, axis=1))


@pytest.mark.jit
@pytest.mark.parametrize(("trials", "tests"), [(64, ["warm-up", "chains"]), (2, ["memory"])])
def test_honest_chains_raise_few_alarms(trials, tests):
    result = spectrum(trials)
    alarms = Counter()
    for seed in range(1000):
        checks = check_result(noisy(result, seed))
        alarms.update(
            name for name in [*tests, *TESTS] if checks[name].verdict in {"doubtful", "fails"}
        )
    # One of each is expected, 14 have a chance of 4e-12.
    assert all(count < 14 for count in alarms.values()), alarms


def with_growth(result, change):
    growth = result.log_growth.copy()
    change(growth)
    return dataclasses.replace(result, log_growth=growth)


def test_a_start_that_is_not_forgotten_fails():
    def slow_start(growth):
        growth[:, :, 0] -= 100.0 * (1.0 - np.exp(-np.arange(1, growth.shape[1] + 1) / 5.0))

    check = check_result(with_growth(spectrum(), slow_start))["warm-up"]
    assert check.verdict == "fails"
    assert "exponent 1" in check.text


def test_chains_of_two_laws_fail():
    result = spectrum()

    def two_laws(growth):
        growth[::2] += 0.1 * result.recorded[:, None]

    assert check_result(with_growth(result, two_laws))["chains"].verdict == "fails"


def test_pieces_that_remember_each_other_fail():
    result = spectrum(trials=2)
    rng = generator(21)
    noise = rng.standard_normal((2, 33, 2))
    growth = np.cumsum(noise[:, 1:] + 0.99 * noise[:, :-1], axis=1)
    assert check_result(dataclasses.replace(result, log_growth=growth))["memory"].verdict == (
        "doubtful"
    )
    walks = np.cumsum(np.cumsum(noise[:, 1:], axis=1), axis=1)
    assert check_result(dataclasses.replace(result, log_growth=walks))["memory"].verdict == "fails"


def test_a_chain_that_comes_twice_fails():
    def twice(growth):
        growth[40] = growth[7]

    check = check_result(with_growth(spectrum(), twice))["repeats"]
    assert check.verdict == "fails"
    assert "the 32 pieces of chains from number 1281 on repeat those from number 225" in check.text


def test_lost_directions_are_doubtful():
    ensemble = stabsim.FiniteSet([np.diag([1.0, 0.0]), np.diag([2.0, 0.0])])
    checks = check_result(stabsim.lyapunov_spectrum(ensemble, steps=320, rng=1))
    assert checks["lost directions"].verdict == "doubtful"
    assert "1 of 2" in checks["lost directions"].text
    assert checks.passed


def test_chains_recorded_once_have_no_course():
    result = stabsim.lyapunov_spectrum(stabsim.Ginibre(2), steps=50, record=[50], rng=1)
    checks = check_result(result)
    assert {checks[name].verdict for name in ("warm-up", "chains", "memory")} == {"not checked"}
    assert checks["exact value"].verdict == "passes"


def test_chains_of_equal_growth_are_not_tested():
    checks = check_result(stabsim.lyapunov_spectrum(stabsim.Haar(3), steps=100, method="qr", rng=1))
    assert checks["chains"].verdict == "not checked"
    assert checks["exact value"].verdict == "passes"


def test_precision_that_is_not_reached_fails():
    reached = stabsim.lyapunov_spectrum(stabsim.Ginibre(2), steps=10_000, precision=0.01, rng=1)
    assert check_result(reached)["precision"].verdict == "passes"
    with pytest.warns(RuntimeWarning, match="precision"):
        missed = stabsim.lyapunov_spectrum(stabsim.Ginibre(2), steps=10, precision=1e-6, rng=1)
    assert check_result(missed)["precision"].verdict == "fails"


@pytest.mark.parametrize(("most", "verdict"), [(1000, "passes"), (100, "fails")])
@pytest.mark.filterwarnings("ignore:precision was not reached")
def test_precision_is_one_of_trials_or_of_steps(most, verdict):
    growth = stabsim.matrix_product_growth(
        stabsim.Ginibre(4), 50, trials=100, norm="vector", precision=0.004, max_trials=most, rng=1
    )
    check = check_result(growth)["precision"]
    assert check.verdict == verdict
    assert "lyapunov" in check.text
    assert check_result(HONEST["growth"]())["precision"].verdict == "not checked"


# Populations and composed results ------------------------------------------------------------


def test_collapsed_populations_fail():
    with pytest.warns(RuntimeWarning):
        moments = stabsim.generalized_lyapunov(
            stabsim.Ginibre(4), [-5.0, 20.0, 30.0], steps=64, walkers=20, rng=1
        )
    checks = check_result(moments)
    assert checks["populations"].verdict == "fails"
    assert "and 1 other orders" in checks["populations"].text
    assert checks["moments"].verdict == "doubtful"
    assert "orders -5" in checks["moments"].text


def test_moments_that_are_known_or_infinite_need_no_population():
    with pytest.warns(RuntimeWarning, match="infinite"):
        moments = stabsim.generalized_lyapunov(
            stabsim.Ginibre(4), [-5.0, 0.0], steps=100, walkers=50, rng=1
        )
    checks = check_result(moments)
    assert [check.name for check in checks] == ["numbers", "moments", "exact value", "precision"]
    assert checks.passed


@pytest.mark.parametrize(
    ("drift", "verdict"), [(-1.0, "fails"), (0.02, "fails"), (0.2, "doubtful"), (1.0, "passes")]
)
def test_a_length_is_resolved_where_its_relative_error_is_small(drift, verdict):
    result = HONEST["localization"]()
    # Sixteen chains of 32 steps: the mean of a step is off by 0.044.
    walks = noisy(result.spectrum, 23)
    moved = with_growth(
        walks, lambda growth: np.add(growth, drift * np.arange(1, 33)[:, None], growth)
    )
    checks = check_result(dataclasses.replace(result, spectrum=moved))
    assert checks["resolution"].verdict == verdict


@pytest.mark.jit
def test_the_worst_point_of_many_is_told():
    scaling = HONEST["scaling"]()
    point = scaling.points[2]

    def twice(growth):
        growth[3] = growth[2]

    worse = dataclasses.replace(point, spectrum=with_growth(point.spectrum, twice))
    points = (*scaling.points[:2], worse, scaling.points[3])
    checks = check_result(dataclasses.replace(scaling, points=points))
    assert checks["repeats"].verdict == "fails"
    assert checks["repeats"].text.startswith("width 4, disorder 4: ")
    assert checks["lost directions"].text == "no direction is lost"


def test_points_whose_trials_die_are_told():
    diagram = stabsim.phase_diagram("relu", [1.0, 2.0], [0.0], width=4, depth=10, trials=50, rng=1)
    check = check_result(diagram)["vanished"]
    assert check.verdict == "doubtful"
    assert "σ_b = 0" in check.text


# Checks --------------------------------------------------------------------------------------

THREE = Checks(
    (
        Check("numbers", "passes", "no number is NaN"),
        Check("tails", "doubtful", "they are heavy"),
        Check("drift", "not checked", "too few"),
    )
)


def test_checks_are_a_sequence_that_names_find():
    assert len(THREE) == 3
    assert [check.name for check in THREE] == ["numbers", "tails", "drift"]
    assert THREE[1] is THREE["tails"]
    assert THREE[-1].name == "drift"
    assert THREE[:2] == THREE.checks[:2]
    with pytest.raises(KeyError, match="there is no check 'tail' among 'numbers', 'tails'"):
        THREE["tail"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        THREE.checks = ()


def test_the_worst_verdict_decides():
    assert THREE.verdict == "doubtful"
    assert THREE.passed
    failing = Checks((*THREE, Check("repeats", "fails", "twice")))
    assert failing.verdict == "fails"
    assert not failing.passed


def test_the_table_has_a_line_for_each_check():
    assert THREE.summary().splitlines() == [
        "3 checks: 1 doubtful, 1 passes, 1 not checked",
        "numbers  passes       no number is NaN",
        "tails    doubtful     they are heavy",
        "drift    not checked  too few",
    ]
    assert repr(THREE) == f"<Checks>\n{THREE.summary()}"
