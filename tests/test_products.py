"""The verb `matrix_product_growth`: its arguments, its errors, its randomness, its invariances."""

import math

import numpy as np
import pytest
from conftest import JIT_DISABLED
from hypothesis import given, settings
from hypothesis import strategies as st

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
    _montecarlo,
    matrix_product_growth,
)

FEW = settings(max_examples=10 if JIT_DISABLED else 25, deadline=None)
seeds = st.integers(0, 2**64)
norms = st.sampled_from(["frobenius", "spectral", "vector", "logdet"])
methods = st.sampled_from(["auto", "dense"])


def fill_uniform(rng, out):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = rng.random()


ENSEMBLES = [
    Ginibre(2),
    Ginibre(3, field="complex"),
    Ginibre(13),
    Haar(3),
    TruncatedHaar(2, 5),
    IID(3, "uniform"),
    IID(2, "student_t", degrees_of_freedom=4.0),
    FiniteSet.random_fibonacci(),
    AndersonTransfer(0.3, 1.0),
    Shifted(Ginibre(3), scale=0.1),
    Shifted(IID(2, "laplace"), scale=0.1),
    Custom(2, fill_uniform),
]
ensembles = st.sampled_from(ENSEMBLES)


def growth(ensemble=None, depth=3, **keywords):
    keywords = {"trials": 4, "rng": 1} | keywords
    return matrix_product_growth(ensemble or Ginibre(2), depth, **keywords)


# Arguments -----------------------------------------------------------------------------------


def test_the_result_says_what_was_simulated():
    result = growth(Ginibre(3), 10, trials=7, norm="vector")
    assert isinstance(result, stabsim.ProductGrowth)
    assert result.ensemble == Ginibre(3)
    assert (result.norm, result.trials, result.method) == ("vector", 7, "reduced")
    assert result.log_norm.shape == (7, 10)
    assert result.log_norm.dtype == np.float64
    assert result.rate_depths == (0, 10)
    assert "draws a matrix" in result.reason
    assert growth(method="dense").reason == "asked for"
    assert "no reduced law" in growth(IID(2, "uniform")).reason


@pytest.mark.parametrize(
    ("ensemble", "norm", "method"),
    [
        (Ginibre(2), "frobenius", "reduced"),
        (Ginibre(2), "spectral", "reduced"),
        (Ginibre(2), "logdet", "reduced"),
        (Haar(2), "spectral", "reduced"),
        (TruncatedHaar(2, 4), "vector", "reduced"),
        (TruncatedHaar(2, 4), "frobenius", "dense"),
        (Shifted(Ginibre(2), scale=1.0), "vector", "reduced"),
        (Shifted(Ginibre(2), scale=1.0), "logdet", "dense"),
        (Shifted(IID(2, "uniform"), scale=1.0), "vector", "dense"),
        (FiniteSet.random_fibonacci(), "vector", "dense"),
    ],
    ids=repr,
)
def test_auto_takes_the_reduced_law_where_there_is_one(ensemble, norm, method):
    assert growth(ensemble, norm=norm).method == method
    assert growth(ensemble, norm=norm, method="dense").method == "dense"
    if method == "reduced":
        assert growth(ensemble, norm=norm, method="reduced").method == "reduced"
    else:
        with pytest.raises(ValueError, match=r"^method must be 'auto' or 'dense'"):
            growth(ensemble, norm=norm, method="reduced")


def test_every_depth_is_recorded_up_to_128_and_128_depths_beyond():
    np.testing.assert_array_equal(growth(depth=128).depths, np.arange(1, 129))
    for depth in (129, 255, 1000, 12345):
        depths = growth(depth=depth, trials=1, norm="vector").depths
        assert depths.size == 128
        assert depths[-1] == depth
        assert np.ptp(np.diff(np.append(0, depths))) <= 1


@pytest.mark.parametrize("norm", ["frobenius", "vector", "logdet"])
@pytest.mark.parametrize("method", ["auto", "dense"])
@pytest.mark.parametrize("n", [2, 13])
def test_what_is_recorded_changes_nothing_else(norm, method, n):
    # The depth is long enough that a product is drawn in several blocks.
    depth = 15 if JIT_DISABLED else 700
    keywords = {"trials": 3, "norm": norm, "method": method, "rng": 5}
    full = growth(Ginibre(n), depth, record=np.arange(1, depth + 1), **keywords)
    for record in ([depth], [1], [2, 3, depth // 2 + 1]):
        part = growth(Ginibre(n), depth, record=record, **keywords)
        np.testing.assert_array_equal(part.depths, record)
        np.testing.assert_allclose(
            part.log_norm, full.log_norm[:, np.array(record) - 1], rtol=1e-12, atol=1e-12
        )
        assert part.lyapunov == pytest.approx(full.lyapunov, rel=1e-12)


@pytest.mark.parametrize(
    "record", [[1, 3], (1, 3), np.array([1, 3]), np.array([1, 3], np.uint8), range(1, 4, 2)]
)
def test_record_takes_any_sequence_of_integers(record):
    result = growth(record=record)
    np.testing.assert_array_equal(result.depths, [1, 3])
    assert result.depths.dtype == np.int64


def test_the_caller_s_arrays_are_left_alone():
    record, vector = np.array([1, 3]), np.array([1.0, 2.0])
    result = growth(norm="vector", record=record, vector=vector, method="dense")
    assert record.flags.writeable
    assert vector.flags.writeable
    assert not np.shares_memory(result.depths, record)
    np.testing.assert_array_equal(vector, [1.0, 2.0])


def test_numpy_scalars_are_numbers():
    result = growth(depth=np.int64(3), trials=np.uint8(4), rng=np.int32(1), n_jobs=np.int64(1))
    np.testing.assert_array_equal(result.log_norm, growth().log_norm)


def test_only_the_ensemble_and_the_depth_are_positional():
    with pytest.raises(TypeError, match="positional"):
        matrix_product_growth(Ginibre(2), 3, 4)
    with pytest.raises(TypeError, match="trials"):
        matrix_product_growth(Ginibre(2), 3)


BAD = [
    ("ensemble", TypeError, [None, 4, "Ginibre", Ginibre, np.eye(2)]),
    ("depth", TypeError, [None, 1.0, "3", True, [3], math.nan, np.float64(3)]),
    ("depth", ValueError, [0, -3, 10**30]),
    ("trials", TypeError, [None, 10.0, "3", False, math.inf]),
    ("trials", ValueError, [0, -1, 10**30]),
    ("norm", TypeError, [None, 2, np.inf, ["frobenius"]]),
    ("norm", ValueError, ["", "2", "Frobenius", "nuclear"]),
    ("method", TypeError, [None, 1]),
    ("method", ValueError, ["fast", "exact", ""]),
    ("record", TypeError, [[1.0], ["1"], [True], [None], [1j], "12"]),
    ("record", ValueError, [3, [0], [-1], [4], [1, 1], [2, 1], [[1, 2]], [[1], [1, 2]]]),
    ("record", (TypeError, ValueError), [[], [10**30], np.array([2**64 - 1], np.uint64)]),
    ("samples", TypeError, [None, 0, 1, "yes", np.array([True])]),
    ("progress", TypeError, [None, 0, "yes"]),
    ("rng", TypeError, [1.0, "seed", True, [1, 2], np.random.RandomState(1)]),
    ("rng", ValueError, [-1]),
    ("n_jobs", TypeError, [1.5, "2", True, False, [2]]),
    ("n_jobs", ValueError, [0, 10**30]),
]


@pytest.mark.parametrize(
    ("parameter", "error", "value"),
    [(name, error, value) for name, error, values in BAD for value in values],
    ids=lambda x: x.__name__ if isinstance(x, type) else repr(x).split(" at ")[0][:30],
)
def test_a_bad_argument_is_named_before_anything_is_simulated(monkeypatch, parameter, error, value):
    monkeypatch.setattr(_montecarlo, "run", lambda *a, **k: pytest.fail("a simulation began"))
    arguments = {"ensemble": Ginibre(2), "depth": 3, "trials": 4} | {parameter: value}
    with pytest.raises(error, match=rf"^{parameter} must be .*got "):
        matrix_product_growth(**arguments)


@pytest.mark.parametrize(
    ("ensemble", "vector", "error"),
    [
        (Ginibre(2), [1.0], ValueError),
        (Ginibre(2), 1.0, ValueError),
        (Ginibre(2), [1.0, 2.0, 3.0], ValueError),
        (Ginibre(2), [[1.0, 2.0]], ValueError),
        (Ginibre(2), [[1.0], [2.0, 3.0]], ValueError),
        (Ginibre(2), [0.0, 0.0], ValueError),
        (Ginibre(2), [1.0, math.nan], ValueError),
        (Ginibre(2), [1.0, math.inf], ValueError),
        (Ginibre(2), [1.0, 1j], TypeError),
        (Ginibre(2), ["1", "2"], TypeError),
        (Ginibre(2), [None, 1], TypeError),
        (Ginibre(2, field="complex"), [0j, 0j], ValueError),
        (Ginibre(2, field="complex"), [complex(0, math.nan), 1], ValueError),
    ],
)
def test_a_bad_vector_is_named(ensemble, vector, error):
    with pytest.raises(error, match=r"^vector must be 2 finite .*got "):
        growth(ensemble, norm="vector", vector=vector)


@pytest.mark.parametrize("norm", ["frobenius", "spectral", "logdet"])
def test_a_vector_belongs_to_its_norm(norm):
    with pytest.raises(ValueError, match=r"^vector must be left out for the norm"):
        growth(norm=norm, vector=[1.0, 0.0])


# Randomness ----------------------------------------------------------------------------------


def equal(a, b):
    return np.array_equal(a.log_norm, b.log_norm)


def test_the_same_seed_gives_the_same_result():
    one = growth(rng=3)
    assert equal(one, growth(rng=3))
    assert equal(one, growth(rng=np.random.SeedSequence(3)))
    assert equal(one, growth(rng=one.seed))
    assert not equal(one, growth(rng=4))


def test_none_is_fresh_and_its_seed_repeats_it():
    one, other = growth(rng=None), growth(rng=None)
    assert not equal(one, other)
    assert equal(one, growth(rng=one.seed))
    assert equal(other, growth(rng=other.seed))


def test_a_generator_gives_a_new_result_at_every_call():
    generator = np.random.default_rng(5)
    one, other = growth(rng=generator), growth(rng=generator)
    assert not equal(one, other)
    again = np.random.default_rng(5)
    assert equal(one, growth(rng=again))
    assert equal(other, growth(rng=again))
    assert equal(one, growth(rng=one.seed))
    # The generator's own draws are its caller's.
    assert generator.random() == np.random.default_rng(5).random()


def test_a_seed_sequence_is_left_as_it_was():
    seed = np.random.SeedSequence(6)
    one = growth(rng=seed)
    assert seed.n_children_spawned == 0
    assert equal(one, growth(rng=seed))
    child, sibling = seed.spawn(2)
    assert not equal(growth(rng=child), growth(rng=sibling))
    assert equal(growth(rng=child), growth(rng=np.random.SeedSequence(6, spawn_key=(0,))))


def test_no_global_state_is_read_or_written():
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one = growth()
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert equal(one, growth())


# Invariances ---------------------------------------------------------------------------------


@FEW
@given(
    seed=seeds, log_sigma=st.floats(-230, 230), norm=norms, method=methods, depth=st.integers(1, 30)
)
def test_the_scale_of_the_entries_adds_its_logarithm(seed, log_sigma, norm, method, depth):
    if JIT_DISABLED and method == "dense":
        log_sigma /= 20  # NumPy's scalars warn of an overflow that is noticed and undone
    result, unit = (
        growth(Ginibre(2, sigma=sigma), depth, norm=norm, method=method, rng=seed)
        for sigma in (math.exp(log_sigma), 1.0)
    )
    added = result.depths * log_sigma * (2 if norm == "logdet" else 1)
    scale = 1e-12 * (1.0 + abs(log_sigma)) * depth
    np.testing.assert_allclose(result.log_norm - added, unit.log_norm, rtol=0, atol=scale)


@FEW
@given(
    seed=seeds,
    method=methods,
    log_size=st.floats(-600, 600),
    vector=st.lists(
        st.floats(-1, 1).filter(lambda x: x == 0 or abs(x) > 1e-3), min_size=3, max_size=3
    ).filter(any),
)
def test_the_length_of_the_vector_adds_its_logarithm(seed, method, log_size, vector):
    if JIT_DISABLED and method == "dense":
        log_size /= 20
    vector = np.array(vector)
    size = math.exp(log_size)
    keywords = {"norm": "vector", "method": method, "rng": seed}
    unit = growth(Ginibre(3), 8, vector=vector, **keywords)
    scaled = growth(Ginibre(3), 8, vector=vector * size, **keywords)
    np.testing.assert_allclose(scaled.log_norm - log_size, unit.log_norm, rtol=0, atol=1e-9)
    if method == "dense":
        # The rate of growth does not see the length.
        assert scaled.lyapunov == pytest.approx(unit.lyapunov, abs=1e-9)


@FEW
@given(seed=seeds, few=st.integers(1, 40), more=st.integers(0, 600), ensemble=ensembles, norm=norms)
def test_more_trials_begin_with_the_same_trials(seed, few, more, ensemble, norm):
    if JIT_DISABLED:
        few, more = min(few, 5), min(more, 20)
    short, long = (
        growth(ensemble, 2, trials=trials, norm=norm, rng=seed) for trials in (few, few + more)
    )
    np.testing.assert_array_equal(long.log_norm[:few], short.log_norm)


@FEW
@given(seed=seeds, ensemble=ensembles, norm=norms, trials=st.integers(1, 300))
def test_streamed_results_agree_with_kept_ones(seed, ensemble, norm, trials):
    if JIT_DISABLED:
        trials = min(trials, 20)
    kept, streamed = (
        growth(ensemble, 3, trials=trials, norm=norm, samples=samples, rng=seed)
        for samples in (True, False)
    )
    np.testing.assert_array_equal(streamed.vanished, kept.vanished)
    for name in ("mean", "std", "standard_error", "lyapunov", "lyapunov_se"):
        # Where all trials are equal, rounding is all that is left of the spread.
        np.testing.assert_allclose(
            getattr(streamed, name), getattr(kept, name), rtol=1e-9, atol=1e-12, err_msg=name
        )
    for level in (0.0, 1.0):
        ours, theirs = streamed.quantile(level), kept.quantile(level)
        np.testing.assert_array_equal(np.isneginf(ours), np.isneginf(theirs))
        lasting = kept.log_norm > -math.inf
        most = np.where(lasting, kept.log_norm, -math.inf).max(axis=0)
        least = np.where(lasting, kept.log_norm, math.inf).min(axis=0)
        alive = np.isfinite(theirs)
        # A bin, or the finest one where all trials are equal.
        assert (abs(ours - theirs)[alive] <= ((most - least) / 2048 + 1e-9)[alive]).all()


@pytest.mark.jit
def test_streamed_quantiles_agree_to_a_bin():
    kept, streamed = (
        growth(Ginibre(3), 30, trials=40_000, norm="vector", samples=samples, rng=2)
        for samples in (True, False)
    )
    levels = np.array([[0.05, 0.25], [0.5, 0.95]])
    bins = np.ptp(kept.log_norm, axis=0) / 2048
    difference = streamed.quantile(levels) - kept.quantile(levels)
    # Between order statistics the two interpolate differently, by far less than a bin.
    assert (abs(difference) <= 2 * bins).all()


@pytest.mark.parametrize("ensemble", [Ginibre(3), Ginibre(3, field="complex")], ids=repr)
def test_no_direction_is_special(ensemble):
    # Unit vectors, so the reduced law is the same number by number.
    keywords = {"trials": 50, "norm": "vector", "rng": 3}
    first = growth(ensemble, **keywords)
    turned = growth(ensemble, vector=np.array([2.0, -1.0, 2.0]) / 3.0, **keywords)
    np.testing.assert_allclose(turned.log_norm, first.log_norm, atol=1e-13)
