"""Lyapunov spectra against exact values, another sampler, NumPy's QR and each other."""

import math
import pickle
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import JIT_DISABLED
from laws import assert_mean, assert_z
from scipy import special

import stabsim
from stabsim import (
    IID,
    Alternating,
    AndersonTransfer,
    Custom,
    FiniteSet,
    Ginibre,
    Haar,
    Shifted,
    TruncatedHaar,
    lyapunov_spectrum,
)
from stabsim._kernels import frames
from stabsim._random import Stream, child
from stabsim._samplers import spectrum as samplers

STEPS = 30 if JIT_DISABLED else 3_000
CHAINS = 12 if JIT_DISABLED else 400
SINGULAR = FiniteSet([[[1.0, 1.0], [1.0, 1.0]], [[1.0, 2.0], [0.0, 1.0]]])


def drawn(ensemble, steps, lanes, seed=1):
    """Return a batch of factors and orthonormal frames to carry along it."""
    batch = ensemble.workspace(steps, lanes)
    ensemble.draw(Stream(np.random.SeedSequence(seed)), batch)
    parts = 2 if ensemble.dtype is complex else 1
    carried = np.empty((3, ensemble.n, ensemble.n, lanes), ensemble.dtype)
    memory = np.empty(ensemble.n**2 * parts)
    frames.fill_frames(Stream(np.random.SeedSequence(99)).words, memory, carried[0])
    return batch, carried


def by_numpy(batch, frame):
    """Return the growth of the frame's directions by a QR decomposition at every step."""
    total = np.zeros(frame.shape[1])
    for factor in batch:
        frame, triangle = np.linalg.qr(factor @ frame)
        total += np.log(np.abs(np.diag(triangle)))
    return total


# The kernels -------------------------------------------------------------------------------


def test_frames_are_orthonormal_and_uniform():
    lanes = 200 if JIT_DISABLED else 20_000
    carried = np.empty((3, 2, lanes))
    frames.fill_frames(Stream(np.random.SeedSequence(3)).words, np.empty(6), carried)
    overlaps = np.einsum("ijl,ikl->ljk", carried, carried)
    assert np.abs(overlaps - np.eye(2)).max() < 1e-14
    assert_mean(carried[0, 0] ** 2, 1 / 3)
    assert_mean(carried[2, 1] ** 2, 1 / 3)
    assert_mean(carried[1, 0] * carried[0, 0], 0.0)


@pytest.mark.parametrize("interval", [1, 3])
@pytest.mark.parametrize(
    "ensemble",
    [
        Ginibre(1),
        Ginibre(4),
        Ginibre(3, field="complex"),
        IID(5, "laplace", sigma=1e60),
        AndersonTransfer(0.3, 1.0, distribution="cauchy"),
        Haar(3, field="complex", scale=1e-50),
    ],
    ids=repr,
)
def test_frames_are_carried_as_numpy_would(ensemble, interval):
    batch, carried = drawn(ensemble, 20, 3)
    n = ensemble.n
    expected = [by_numpy(batch[..., lane], carried[0, ..., lane]) for lane in range(3)]
    wide = np.ascontiguousarray(carried[..., :1])
    sums = np.zeros((n, 3))
    frames.carry_frames(batch, carried, sums, interval)
    np.testing.assert_allclose(sums.T, expected, rtol=1e-9, atol=1e-7)
    overlaps = np.einsum("ijl,ikl->ljk", carried[0].conj(), carried[0])
    assert np.abs(overlaps - np.eye(n)).max() < 1e-7
    sums = np.zeros((n, 1))
    frames.carry_wide_frame(np.ascontiguousarray(batch[..., :1]), wide, sums, interval)
    np.testing.assert_allclose(sums[:, 0], expected[0], rtol=1e-9, atol=1e-7)


@pytest.mark.parametrize("carry", [frames.carry_frames, frames.carry_wide_frame])
def test_an_interval_that_loses_all_digits_is_taken_step_by_step(carry):
    batch = np.zeros((40, 2, 2, 1))
    batch[:, 0, 0] = 1e3
    batch[:, 0, 1] = 1.0
    batch[:, 1, 1] = 1e-3
    carried = np.empty((3, 2, 2, 1))
    carried[0, :, :, 0] = [[0.6, -0.8], [0.8, 0.6]]
    start = carried.copy()
    sums, stepwise = np.zeros((2, 1)), np.zeros((2, 1))
    carry(batch, carried, sums, 40)
    carry(batch, start, stepwise, 1)
    assert np.isfinite(sums).all()
    np.testing.assert_allclose(sums, stepwise, rtol=1e-12)
    # The determinant is 1.
    assert abs(sums.sum()) < 1e-9


@pytest.mark.parametrize("carry", [frames.carry_frames, frames.carry_wide_frame])
def test_factors_of_any_size_neither_overflow_nor_vanish(carry):
    batch = np.empty((4, 2, 2, 1))
    for step, size in enumerate([1e200, 1e250, 1e-220, 1e-280]):
        batch[step, :, :, 0] = size * np.array([[1.0, 0.3], [-0.2, 0.7]])
    carried = np.empty((3, 2, 2, 1))
    carried[0, :, :, 0] = np.eye(2)
    sums = np.zeros((2, 1))
    # The attempt that overflows is taken back; only NumPy's scalars complain of it.
    with np.errstate(over="ignore", invalid="ignore"):
        carry(batch, carried, sums, 4)
    determinant = 4 * math.log(0.76) + 2 * (450 - 500) * math.log(10)
    assert sums.sum() == pytest.approx(determinant, rel=1e-12)


@pytest.mark.parametrize("carry", [frames.carry_frames, frames.carry_wide_frame])
@pytest.mark.parametrize(
    ("size", "interval"), [(1e-200, 1), (1e-300, 1), (1e-100, 4), (1e200, 1), (1e100, 4)]
)
def test_small_factors_lose_no_rank(carry, size, interval):
    batch = np.empty((4, 2, 2, 1))
    batch[:] = size * np.array([[1.0, 0.3], [-0.2, 0.7]])[:, :, None]
    carried = np.empty((3, 2, 2, 1))
    carried[0, :, :, 0] = np.eye(2)
    sums = np.zeros((2, 1))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        carry(batch, carried, sums, interval)
    assert sums.sum() == pytest.approx(4 * (math.log(0.76) + 2 * math.log(size)), rel=1e-12)


@pytest.mark.parametrize("carry", [frames.carry_frames, frames.carry_wide_frame])
@pytest.mark.parametrize("interval", [1, 4])
def test_lost_ranks_are_minus_infinity_and_stay_so(carry, interval):
    rng = np.random.default_rng(4)
    batch = rng.standard_normal((12, 4, 4, 1))
    batch[5, :, 3] = batch[5, :, 0] - 2.0 * batch[5, :, 1]
    batch[9, 2] = 0.0
    carried = np.empty((3, 4, 4, 1))
    carried[0, :, :, 0] = np.eye(4)
    sums = np.zeros((4, 1))
    carry(batch, carried, sums, interval)
    product = np.eye(4)
    for factor in batch[..., 0]:
        product = factor @ product
    volumes = [math.log(np.linalg.svd(product)[1][0])]
    assert np.isfinite(sums[:3]).all()
    assert sums[3] == -math.inf
    # The first direction is one vector's growth.
    assert sums[0, 0] == pytest.approx(math.log(np.linalg.norm(product[:, 0])), rel=1e-10)
    assert sums[0, 0] <= volumes[0] + 1e-12


def test_a_product_that_vanishes_has_lost_all():
    zero = FiniteSet([np.diag([0.0, 1.0]), np.diag([1.0, 0.0])])
    result = lyapunov_spectrum(zero, steps=200, trials=4, rng=1)
    assert (result.exponents == -math.inf).all()
    assert (result.standard_error == 0.0).all()
    assert not np.isnan(result.covariance).any()


# The verb ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ensemble",
    [Ginibre(3, sigma=0.7), Ginibre(2, field="complex"), TruncatedHaar(2, 5)],
    ids=repr,
)
@pytest.mark.parametrize("method", ["qr", "reduced"])
def test_exponents_and_their_variances_are_exact(ensemble, method):
    result = lyapunov_spectrum(
        ensemble, steps=max(STEPS // 10, 30), trials=CHAINS, method=method, rng=5
    )
    assert result.method == method
    exact = stabsim.theory.lyapunov_spectrum(ensemble)
    for i in range(ensemble.n):
        assert_z(result.exponents[i], exact.exponents[i], result.standard_error[i])
        variance = result.covariance[i, i]
        # The sample variance of nearly normal chains.
        error = exact.variances[i] * math.sqrt(2.0 / (CHAINS - 1))
        assert_z(variance, exact.variances[i], error)
    np.testing.assert_allclose(result.exact, exact.exponents)


def test_the_last_exponent_follows_from_the_determinant():
    ensemble = IID(3, "uniform")
    steps = STEPS // 10
    result = lyapunov_spectrum(ensemble, steps=steps, trials=CHAINS, rng=2)
    logdet = stabsim.matrix_product_growth(
        ensemble, steps, trials=CHAINS, norm="logdet", record=[steps], rng=3
    )
    total = result.exponents.sum()
    error = math.sqrt(result.covariance.sum() / (CHAINS * steps))
    assert_z(total, logdet.lyapunov, math.hypot(error, logdet.lyapunov_se))


@pytest.mark.jit
def test_a_symplectic_spectrum_is_symmetric():
    result = lyapunov_spectrum(AndersonTransfer(0.5, 2.0), steps=2000, trials=8, rng=1)
    np.testing.assert_allclose(result.exponents, -result.exponents[::-1], rtol=1e-9)


@pytest.mark.jit
def test_fewer_directions_are_the_first_of_all():
    ensemble = IID(5, "uniform")
    everything = lyapunov_spectrum(ensemble, steps=200, trials=CHAINS, rng=1)
    first = lyapunov_spectrum(ensemble, steps=200, trials=CHAINS, k=2, rng=2)
    assert first.exponents.shape == (2,)
    for i in range(2):
        error = math.hypot(first.standard_error[i], everything.standard_error[i])
        assert_z(first.exponents[i], everything.exponents[i], error)


@pytest.mark.jit
def test_wide_factors_go_through_lapack():
    n = 30
    custom = IID(n, "uniform")
    result = lyapunov_spectrum(custom, steps=60, trials=8, k=3, rng=1)
    # Universality: the first exponent is that of Gaussian factors, to the order 1/n.
    gauss = 0.5 * (math.log(2.0) + special.digamma(n / 2))
    assert abs(result.exponents[0] - gauss) < 0.05


@pytest.mark.jit
def test_the_pilot_chooses_a_pace_that_fits():
    seed = np.random.SeedSequence(1)
    weak = samplers.pilot(AndersonTransfer(0.0, 0.5), 2, 10**6, 64, seed)
    strong = samplers.pilot(IID(3, "uniform", sigma=1e70), 3, 10**6, 64, seed)
    assert weak.warmup > strong.warmup > 0
    assert weak.interval > 1
    # Lengths beyond the float range end an interval at once.
    assert strong.interval == 1
    assert samplers.pilot(AndersonTransfer(0.0, 0.5), 2, 7, 64, seed).warmup <= 7
    assert samplers.pilot(Haar(2), 2, 100, 64, seed).warmup == 0


@pytest.mark.jit
def test_gaps_that_the_pilot_cannot_see_do_not_double_the_run():
    n, steps = 64, 20_000
    pace = samplers.pilot(IID(n, "uniform"), n, steps, 1, np.random.SeedSequence(1))
    assert pace.gap == 0.0
    # Universality: the least gap is that of Gaussian factors, which the pilot does not know.
    least = 0.5 * (special.digamma(n / 2) - special.digamma((n - 1) / 2))
    assert math.log(1e6) / least < pace.warmup < steps / 2


@pytest.mark.jit
@pytest.mark.parametrize("rare", [1.0, 0.1])
def test_lost_directions_take_the_start_with_them(rare):
    # Projections on one direction, along either of two others, with identities between them.
    projections = np.array([[[2.0, 1.0], [0.0, 0.0]], [[2.0, 0.0], [0.0, 0.0]]])
    ensemble = FiniteSet([*projections, np.eye(2)], [0.5 * rare, 0.5 * rare, 1.0 - rare])
    result = lyapunov_spectrum(ensemble, steps=300, trials=5000, record=[300], rng=1)
    assert_z(result.exponents[0], rare * math.log(2.0), max(result.standard_error[0], 1e-9))
    assert result.exponents[1] == -math.inf


@pytest.mark.parametrize("trials", [3, 40])
def test_workers_and_rounds_do_not_change_the_result(trials):
    ensemble = Shifted(IID(2, "uniform"), scale=0.3)
    one, two = (
        lyapunov_spectrum(ensemble, steps=50, trials=trials, rng=1, n_jobs=n) for n in (1, 2)
    )
    assert (one.log_growth == two.log_growth).all()
    again = lyapunov_spectrum(ensemble, steps=50, trials=trials, rng=one.seed)
    assert (one.log_growth == again.log_growth).all()


def test_frames_and_custom_factors_are_drawn_apart():
    # Both would otherwise come from the same random bits.
    def fill(rng, out):
        for i in range(2):
            for j in range(2):
                out[i, j] = rng.standard_normal()

    ensemble = Custom(2, fill)
    result = lyapunov_spectrum(
        ensemble, steps=1, warmup=0, interval=1, trials=max(CHAINS, 200), rng=1
    )
    exact = stabsim.theory.ginibre_exponents(2)
    for i in range(2):
        assert_z(result.exponents[i], exact[i], result.standard_error[i])


def test_precision_stops_when_it_is_reached_and_says_when_not():
    ensemble = Ginibre(2)
    goal = 0.1 if JIT_DISABLED else 0.02
    result = lyapunov_spectrum(ensemble, steps=20_000, trials=20, precision=goal, rng=1)
    assert result.is_precise
    assert result.standard_error.max() <= goal
    assert result.steps < 20_000
    assert "precision reached" in result.summary()
    with pytest.warns(RuntimeWarning, match="precision was not reached within steps = 40"):
        result = lyapunov_spectrum(ensemble, steps=40, trials=10, precision=1e-4, rng=1)
    assert result.steps == 40
    assert not result.is_precise
    assert "NOT reached" in result.summary()


# The result --------------------------------------------------------------------------------


def test_runs_to_a_precision_and_batches_take_whole_cycles():
    cycle = Alternating([Ginibre(1), Ginibre(1, sigma=1e6)])
    result = lyapunov_spectrum(cycle, steps=96, precision=0.2, rng=1)
    assert result.steps % 2 == 0
    assert abs(result.exponents[0] - result.exact[0]) < 1.0
    few = lyapunov_spectrum(cycle, steps=101, trials=2, rng=1)
    assert (few.recorded[:-1] % 2 == 0).all()
    assert few.recorded[-1] == 101
    # One half of the logarithm of a million is no noise.
    assert few.standard_error[0] < 0.5
    assert lyapunov_spectrum(Alternating([[[2.0]], [[8.0]]]), steps=1, rng=1).recorded == [1]


def test_few_chains_take_their_error_from_batches():
    # Independent steps, so that batches are as good as chains.
    many = lyapunov_spectrum(Ginibre(2), steps=640, trials=64, rng=1)
    few = lyapunov_spectrum(Ginibre(2), steps=640, trials=2, rng=1)
    ratio = np.diag(few.covariance) / np.diag(many.covariance)
    assert ((ratio > 0.3) & (ratio < 3.0)).all()
    one = lyapunov_spectrum(Ginibre(2), steps=1, trials=1, rng=1)
    assert (one.standard_error == math.inf).all()
    assert (one.confidence_interval()[0] == -math.inf).all()


def test_covariance_and_history_are_those_of_the_chains():
    result = lyapunov_spectrum(Ginibre(3), steps=40, trials=16, record=[10, 20], rng=1)
    assert result.recorded.tolist() == [10, 20, 40]
    rates = result.log_growth[:, -1] / 40
    np.testing.assert_allclose(result.covariance, 40 * np.cov(rates.T), rtol=1e-10)
    np.testing.assert_allclose(result.history[0], result.log_growth[:, 0].mean(axis=0) / 10)
    np.testing.assert_allclose(result.standard_error, rates.std(axis=0, ddof=1) / 4.0, rtol=1e-10)
    np.testing.assert_allclose(result.history_standard_error[-1], result.standard_error)


@pytest.mark.jit
def test_a_precision_out_of_reach_is_all_that_is_warned_of():
    with pytest.warns(RuntimeWarning) as warned:
        lyapunov_spectrum(Ginibre(2), steps=40, trials=10, precision=1e-300, rng=1)
    assert len(warned) == 1
    assert str(warned[0].message).startswith("precision was not reached")


def test_confidence_intervals_are_students():
    result = lyapunov_spectrum(Ginibre(2), steps=30, trials=10, rng=1)
    low, high = result.confidence_interval(0.9)
    reach = special.stdtrit(9, 0.95) * result.standard_error
    np.testing.assert_allclose(high - low, 2 * reach)
    with pytest.raises(ValueError, match="level must be"):
        result.confidence_interval(1.5)


def test_the_kaplan_yorke_dimension():
    # The rates of a fixed diagonal matrix are its own.
    diagonal = FiniteSet([np.diag([2.0, 1.0, 1 / 8])])
    result = lyapunov_spectrum(diagonal, steps=200, trials=2, rng=1)
    assert result.kaplan_yorke_dimension == pytest.approx(2 + 1 / 3, abs=0.05)
    contracting = lyapunov_spectrum(FiniteSet([np.diag([0.5, 0.1])]), steps=50, trials=2, rng=1)
    assert contracting.kaplan_yorke_dimension is None
    growing = lyapunov_spectrum(FiniteSet([np.diag([5.0, 2.0])]), steps=50, trials=2, rng=1)
    assert growing.kaplan_yorke_dimension is None
    # A lost direction shrinks every volume, at once.
    singular = lyapunov_spectrum(FiniteSet([np.diag([2.0, 0.0])]), steps=50, trials=2, rng=1)
    assert singular.kaplan_yorke_dimension == 1.0
    vanishing = lyapunov_spectrum(FiniteSet([np.zeros((2, 2))]), steps=50, trials=2, rng=1)
    assert vanishing.kaplan_yorke_dimension is None
    # Volumes that do not shrink but by rounding have none either.
    for seed in range(5):
        area = lyapunov_spectrum(AndersonTransfer(0.0, 1.0, width=2), steps=50, trials=2, rng=seed)
        assert area.kaplan_yorke_dimension is None


@pytest.mark.parametrize(
    "ensemble", [Ginibre(2), SINGULAR, IID(14, "uniform")], ids=["Ginibre", "singular", "IID"]
)
def test_a_result_can_be_read_drawn_and_kept(ensemble):
    result = lyapunov_spectrum(ensemble, steps=20, trials=9, rng=1)
    assert repr(result).startswith("<LyapunovSpectrum>\n")
    assert "chains of 20 factors" in result.summary()
    assert "nan" not in result.summary()
    for draw in (result.plot, result.plot_convergence):
        _, ax = plt.subplots()
        assert draw(ax) is ax
        plt.close(ax.figure)
    assert result.plot().get_xlabel() == "rank $i$"
    plt.close("all")
    frame = result.to_dataframe()
    assert frame.shape[0] == ensemble.n
    assert frame.index[0] == 1
    again = pickle.loads(pickle.dumps(result))
    assert (again.log_growth == result.log_growth).all()
    assert not again.log_growth.flags.writeable
    assert not result.exponents.flags.writeable


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps must be a positive integer, got 0"),
        ({"trials": 2.5}, "trials must be a positive integer, got 2.5"),
        ({"k": 3}, "k must be at most n = 2, got 3"),
        ({"k": 0}, "k must be a positive integer, got 0"),
        ({"warmup": -1}, "warmup must be a non-negative integer, got -1"),
        ({"interval": 0}, "interval must be a positive integer, got 0"),
        ({"precision": 0.0}, "precision must be a finite real number above 0"),
        ({"precision": 0.1, "record": [1]}, "record must be left out where precision is given"),
        ({"record": [5, 200]}, "record must be ascending integers between 1 and steps ="),
        ({"method": "dense"}, "method must be one of 'auto', 'qr', 'reduced'"),
        ({"rng": -1}, "rng must be"),
        ({"n_jobs": 0}, "n_jobs must be"),
        ({"progress": 1}, "progress must be True or False"),
    ],
    ids=str,
)
def test_bad_arguments_are_named(changes, message):
    arguments = {"steps": 100, "trials": 2} | changes
    with pytest.raises((TypeError, ValueError), match=message):
        lyapunov_spectrum(Ginibre(2), **arguments)


def test_other_objects_and_missing_laws_are_refused():
    with pytest.raises(TypeError, match="ensemble must be an Ensemble"):
        lyapunov_spectrum("ginibre", steps=1)
    with pytest.raises(ValueError, match="no reduced law is known"):
        lyapunov_spectrum(IID(2, "uniform"), steps=10, method="reduced")


def test_a_round_draws_from_its_own_seed():
    seed = np.random.SeedSequence(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        result = lyapunov_spectrum(Ginibre(1), steps=64, trials=1, precision=1e-9, rng=seed)
    first = result.log_growth[0, 1, 0]
    plain = lyapunov_spectrum(
        Ginibre(1), steps=2, trials=1, rng=child(child(seed, 0), 2)
    ).log_growth[0, -1, 0]
    assert first == plain


def test_a_single_step_that_is_lost_has_an_interval_without_width():
    nilpotent = FiniteSet([[[0.0, 1.0], [0.0, 0.0]]])
    spectrum = lyapunov_spectrum(nilpotent, steps=2, trials=1, rng=1)
    low, high = spectrum.confidence_interval()
    assert spectrum.plot_convergence().get_legend() is None
    assert low.tolist() == high.tolist() == spectrum.exponents.tolist() == [-math.inf, -math.inf]
