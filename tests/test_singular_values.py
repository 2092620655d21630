"""Singular values of products: against many digits, NumPy, known laws, and at the edges."""

import dataclasses
import math
import pickle
import sys
from fractions import Fraction

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import mpmath
import numpy as np
import pandas as pd
import pytest
from conftest import JIT_DISABLED
from laws import SMALLEST_P_VALUE, assert_law, assert_mean, assert_same_law, assert_z
from scipy import stats

from stabsim import (
    IID,
    Alternating,
    AndersonTransfer,
    FiniteSet,
    Ginibre,
    Haar,
    Shifted,
    TruncatedHaar,
    Wishart,
    _montecarlo,
    theory,
)
from stabsim._kernels import double_double
from stabsim._kernels.graded import triangularize_by_pivots
from stabsim._samplers import singular_values as samplers
from stabsim.ensembles import Ensemble
from stabsim.singular_values import product_singular_values

BOTH = pytest.mark.parametrize("samples", [True, False])


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(autouse=JIT_DISABLED, scope="module")
def few_lanes():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samplers, "_MOST_LANES", 2)
        yield


def spectrum(ensemble, depth, **keywords):
    return product_singular_values(ensemble, depth, **({"trials": 20, "rng": 1} | keywords))


# Against the same factors, multiplied with many digits -----------------------------------------


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Given(Ensemble):
    """A sequence of factors that is the same in every trial."""

    factors: np.ndarray

    @property
    def dtype(self):
        return complex if self.factors.dtype.kind == "c" else float

    def draw(self, stream, batch):
        self.sequence(batch.shape[3])(stream, batch)

    def sequence(self, lanes):
        done = 0

        def draw(stream, batch):
            nonlocal done
            batch[:] = self.factors[done : done + len(batch), :, :, None]
            done += len(batch)

        return draw


def given(factors):
    return Given(factors.shape[1], factors)


def precise_logarithms(factors, digits):
    """Return the logarithms of all singular values of the product, by arithmetic of many digits."""
    with mpmath.workdps(digits):
        product = mpmath.eye(factors.shape[1])
        for factor in factors:
            product = mpmath.matrix(factor.tolist()) * product
        hermitian = mpmath.eigh if factors.dtype.kind == "c" else mpmath.eigsy
        squares = hermitian(product * product.H, eigvals_only=True)
        least = max(squares) * mpmath.mpf(10) ** (20 - digits)
        logs = [float(mpmath.log(s) / 2) if s > least else -math.inf for s in squares]
    return np.sort(logs)[::-1]


def assert_precise(factors, digits, tolerance=2e-12):
    exact = precise_logarithms(factors, digits)
    # Every trial begins in another frame.
    trials = 1 if JIT_DISABLED else 3
    found = spectrum(given(factors), len(factors), trials=trials).log_singular_values
    for values in found:
        np.testing.assert_array_equal(values == -math.inf, exact == -math.inf)
        alive = exact > -math.inf
        np.testing.assert_allclose(values[alive], exact[alive], rtol=0.0, atol=tolerance)
    return exact


def spanned_decades(logs):
    return (logs[0] - logs[-1]) / math.log(10.0)


@pytest.mark.parametrize(
    ("n", "depth", "digits", "decades"),
    [(2, 1000, 800, 200), (3, 600, 800, 250), (4, 650, 1000, 300), (8, 420, 900, 250)],
)
def test_gaussian_factors(n, depth, digits, decades):
    if JIT_DISABLED:
        depth, decades = depth // 20, decades // 40
    exact = assert_precise(np.random.default_rng(n).standard_normal((depth, n, n)), digits)
    assert spanned_decades(exact) > decades


def test_complex_factors():
    rng = np.random.default_rng(1)
    parts = rng.standard_normal((2, 20 if JIT_DISABLED else 200, 4, 4))
    assert_precise(parts[0] + 1j * parts[1], 500)


@pytest.mark.parametrize("side", ["rows", "columns", "both"])
def test_factors_with_rows_and_columns_of_any_size(side):
    rng = np.random.default_rng(2)
    steps = 6 if JIT_DISABLED else 40
    factors = rng.standard_normal((steps, 3, 3))
    sizes = np.array([1.0, 1e-30, 1e-15])
    if side != "columns":
        factors *= rng.permuted(np.tile(sizes, (steps, 1)), axis=1)[:, :, None]
    if side != "rows":
        factors *= rng.permuted(np.tile(sizes, (steps, 1)), axis=1)[:, None, :]
    exact = assert_precise(factors, 120 * steps, tolerance=4e-12)
    assert spanned_decades(exact) > 5 * steps


@pytest.mark.parametrize("gap", [1e-4, 1e-9, 1e-15])
def test_factors_near_to_singular_ones(gap):
    rng = np.random.default_rng(3)
    factors = rng.integers(-3, 4, (8 if JIT_DISABLED else 40, 3, 3)).astype(float)
    factors[:, 2] = factors[:, 0] + factors[:, 1]
    factors[:, 2, 2] += gap * (factors[:, 2, 2] + 8.0)
    assert_precise(factors, 1500)


def test_hilbert_matrices():
    i = np.arange(8)
    hilbert = 1.0 / (1.0 + i[:, None] + i)
    exact = assert_precise(np.tile(hilbert, (4 if JIT_DISABLED else 30, 1, 1)), 800)
    assert spanned_decades(exact) > (30 if JIT_DISABLED else 300)


def test_values_that_nearly_coincide():
    rng = np.random.default_rng(4)
    factors = np.linalg.qr(rng.standard_normal((60, 4, 4)))[0]
    factors *= 1.0 + 1e-9 * rng.standard_normal((60, 1, 4))
    assert 0.0 < spanned_decades(assert_precise(factors, 100)) < 1e-7


@pytest.mark.parametrize("depth", [300, pytest.param(1500, marks=pytest.mark.jit)])
def test_triangular_factors_in_either_order(depth):
    # The unit frame would hold the fast direction behind the slow one.
    for factor in ([[1.0, 1.0], [0.0, 2.0]], [[2.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 2.0]]):
        assert_precise(np.tile(np.array(factor), (depth, 1, 1)), 1200)


@pytest.mark.parametrize("exchanged", [False, True])
def test_blocks_that_nothing_couples_do_not_share_errors(exchanged):
    # Halfway the blocks differ by 60 decades, at the end by none: one frame would mix them.
    rng = np.random.default_rng(5)
    factors = np.zeros((60, 4, 4))
    factors[:, :2, :2] = rng.standard_normal((60, 2, 2))
    factors[:, 2:, 2:] = rng.standard_normal((60, 2, 2))
    factors[:30, 2:, 2:] *= 0.01
    factors[30:, 2:, 2:] *= 100.0
    if exchanged:
        order = [0, 2, 1, 3]
        factors = factors[:, order][:, :, order]
    assert_precise(factors, 300)


def test_diagonal_factors_add_their_logarithms():
    # A walk of each entry, far from where it ends.
    steps = np.random.default_rng(12).integers(-40, 41, (20 if JIT_DISABLED else 200, 3))
    factors = np.zeros((len(steps), 3, 3))
    factors[:, range(3), range(3)] = 2.0**steps
    logs = spectrum(given(factors), len(steps)).log_singular_values
    expected = np.sort(steps.sum(axis=0))[::-1] * math.log(2.0)
    np.testing.assert_allclose(logs, np.tile(expected, (20, 1)), rtol=0.0, atol=1e-11)


def test_a_product_in_floating_point_loses_them():
    factors = np.random.default_rng(6).standard_normal((100, 4, 4))
    exact = precise_logarithms(factors, 300)
    naive = np.log(np.linalg.svd(np.linalg.multi_dot(factors[::-1]), compute_uv=False))
    assert abs(naive[0] - exact[0]) < 1e-10
    assert abs(naive[-1] - exact[-1]) > 1.0


@pytest.mark.parametrize("law", ["uniform", "cauchy"])
def test_anderson_values_are_pairs_of_inverses(law):
    depth = 50 if JIT_DISABLED else 1000
    result = spectrum(AndersonTransfer(0.3, 2.0, distribution=law), depth, trials=5)
    logs = result.log_singular_values
    assert logs[:, 0].mean() > 0.03 * depth
    np.testing.assert_allclose(logs[:, 0] + logs[:, 1], 0.0, atol=4e-12)


def test_a_strip_has_pairs_of_inverses():
    logs = spectrum(AndersonTransfer(0.1, 4.0, width=3), 20 if JIT_DISABLED else 500, trials=3)
    values = logs.log_singular_values
    np.testing.assert_allclose(values, -values[:, ::-1], rtol=0.0, atol=1e-11)
    assert (values[:, 2] > 0.0).all()


@pytest.mark.parametrize("field", ["real", "complex"])
def test_factors_that_are_singular_to_rounding(field):
    wishart = Wishart(4, 2, field=field)
    for ensemble in (wishart, Alternating([wishart, Ginibre(4)])):
        np.testing.assert_array_equal(spectrum(ensemble, 10).vanished, [0, 0, 20, 20])
    full = spectrum(Wishart(4, 4, field=field), 10)
    np.testing.assert_array_equal(full.vanished, 0)


@pytest.mark.parametrize("field", ["real", "complex"])
@pytest.mark.parametrize("n", [1, 2, 7, pytest.param(70, marks=pytest.mark.jit)])
def test_a_shallow_product_has_the_singular_values_of_numpy(n, field):
    rng = np.random.default_rng(n)
    factors = rng.standard_normal((3, n, n))
    if field == "complex":
        factors = factors + 1j * rng.standard_normal((3, n, n))
    expected = np.linalg.svd(factors[2] @ factors[1] @ factors[0], compute_uv=False)
    found = np.exp(spectrum(given(factors), 3, trials=2).log_singular_values)
    np.testing.assert_allclose(found, np.tile(expected, (2, 1)), atol=1e-13 * expected[0])


def test_factors_beyond_the_range_of_products():
    factors = np.random.default_rng(7).standard_normal((40, 3, 3))
    expected = spectrum(given(factors), 40).log_singular_values
    for size in (1e-280, 1e280):
        found = spectrum(given(size * factors), 40).log_singular_values
        np.testing.assert_allclose(found, expected + 40 * math.log(size), rtol=1e-14, atol=1e-11)


# Zeros -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matrices", "depth", "rank"),
    [
        ([[[1, 2, 3], [4, 5, 6], [7, 8, 9]]], 20, 2),
        ([[[0, 1, 0], [0, 0, 1], [0, 0, 0]]], 1, 2),
        ([[[0, 1, 0], [0, 0, 1], [0, 0, 0]]], 2, 1),
        ([[[0, 1, 0], [0, 0, 1], [0, 0, 0]]], 3, 0),
        ([[[0, 0, 0], [0, 0, 0], [0, 0, 0]]], 2, 0),
        ([[[0.1, 0.2, 0.4], [0.3, 0.6, 1.2], [0.7, 1.4, 2.8]]], 5, 1),
        ([[[1, 1e-40, 0], [1, -1e-40, 0], [0, 0, 1]]], 5, 3),
        ([[[1e-100, 0, 0], [0, 1, 0], [0, 1, 0]]], 3, 2),
        ([[[1, 1j, 0], [1j, -1, 0], [0, 0, 2]]], 1, 2),
        ([[[1, 1j, 0], [1j, -1, 0], [0, 0, 2]]], 2, 1),
    ],
)
def test_zeros_are_found(matrices, depth, rank):
    result = spectrum(FiniteSet(matrices), depth, trials=3)
    np.testing.assert_array_equal(result.vanished, [0] * rank + [3] * (3 - rank))
    product = np.linalg.matrix_power(1.0 * np.array(matrices[0]), depth)
    values = np.linalg.svd(product, compute_uv=False)
    if values[0] > 0.0:
        found = np.exp(result.log_singular_values)
        np.testing.assert_allclose(found, np.tile(values, (3, 1)), atol=1e-12 * values[0])
    np.testing.assert_array_equal(result.lyapunov[rank:], -math.inf)
    np.testing.assert_array_equal(result.lyapunov_se[rank:], 0.0)
    assert np.isfinite(result.lyapunov[:rank]).all()
    assert (result.median_log_condition == math.inf) == (rank < 3)


def test_a_factor_that_loses_rank_now_and_then():
    matrices = np.array([[[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 1, 0], [0, 1, 1], [1, 0, 1]]])
    picks = np.random.default_rng(8).integers(0, 2, 12)
    exact = assert_precise(matrices[picks].astype(float), 200)
    assert exact[1] > -math.inf
    assert exact[2] == -math.inf
    result = spectrum(FiniteSet(matrices, [0.1, 0.9]), 5, trials=200)
    np.testing.assert_array_equal(result.vanished[:2], 0)
    assert 200 * 0.9**5 - 60 < 200 - result.vanished[2] < 200 * 0.9**5 + 60


# Against laws ----------------------------------------------------------------------------------

TRIALS = 100 if JIT_DISABLED else 4000


@pytest.mark.parametrize(
    "ensemble",
    [
        Ginibre(3, sigma=0.3),
        Ginibre(2, field="complex"),
        TruncatedHaar(3, 5),
        TruncatedHaar(2, 3, field="complex"),
        Shifted(Ginibre(2), scale=0.5),
        Shifted(Ginibre(2, field="complex"), shift=0.2, scale=0.5),
    ],
    ids=repr,
)
def test_a_reduced_law_is_that_of_drawn_factors(ensemble):
    reduced = spectrum(ensemble, 5, trials=TRIALS, rng=1)
    dense = spectrum(ensemble, 5, trials=TRIALS, rng=2, method="dense")
    assert reduced.method == "reduced"
    assert (dense.method, dense.reason) == ("dense", "asked for")
    for i in range(ensemble.n):
        assert_same_law(reduced.log_singular_values[:, i], dense.log_singular_values[:, i])


def test_numbers_of_a_summary_stay_apart():
    result = spectrum(Haar(2, scale=1e-100), 1000)
    *_, header, first, second = result.summary().splitlines()
    assert len(first.split()) == len(second.split()) == len(header.replace(" %", "%").split()) - 2
    assert first.split()[1] == f"{result.mean[0]:.4f}"


@pytest.mark.jit
def test_a_wrong_law_is_told_apart():
    right = spectrum(Ginibre(3), 5, trials=4000, rng=1).log_singular_values[:, 1]
    wrong = spectrum(Ginibre(3, sigma=1.1), 5, trials=4000, rng=2).log_singular_values[:, 1]
    assert stats.ks_2samp(right, wrong).pvalue < SMALLEST_P_VALUE


@pytest.mark.parametrize("method", ["reduced", "dense"])
@pytest.mark.parametrize("field", ["real", "complex"])
def test_their_product_is_the_determinant(field, method):
    ensemble = Ginibre(3, sigma=2.0, field=field)
    result = spectrum(ensemble, 7, trials=TRIALS, method=method)
    law = theory.product_growth(ensemble, "logdet").law
    assert_law(result.log_singular_values.sum(axis=1), lambda x: law.cdf(x, 7))


@pytest.mark.parametrize("field", ["real", "complex"])
def test_haar_factors_have_equal_values(field):
    for ensemble in (
        Haar(3, field=field, scale=0.5),
        Shifted(Haar(3, field=field), shift=0.0, scale=-0.5),
    ):
        reduced = spectrum(ensemble, 40)
        np.testing.assert_array_equal(reduced.log_singular_values, 40 * math.log(0.5))
        dense = spectrum(ensemble, 40, method="dense")
        np.testing.assert_allclose(dense.log_singular_values, 40 * math.log(0.5), atol=1e-12)
        assert (reduced.method, dense.method) == ("reduced", "dense")
    nothing = spectrum(Shifted(Haar(3, field=field), shift=0.0, scale=0.0), 2)
    np.testing.assert_array_equal(nothing.vanished, 20)


def test_exponents_add_up_to_that_of_the_determinant():
    ensemble = Ginibre(4, sigma=0.7, field="complex")
    result = spectrum(ensemble, 30, trials=TRIALS)
    sums = result.log_singular_values.sum(axis=1) / 30
    assert_mean(sums, result.exact.exponents.sum())
    np.testing.assert_allclose(result.lyapunov, result.mean / 30)
    np.testing.assert_allclose(result.lyapunov_se, result.standard_error / 30)


@pytest.mark.jit
def test_deep_products_have_the_lyapunov_exponents():
    result = spectrum(Ginibre(3), 4000, trials=400)
    for i in range(3):
        # The finite depth adds a bias of a fraction of 1 to the logarithm.
        assert_z(result.lyapunov[i], result.exact.exponents[i], result.lyapunov_se[i], limit=7.0)


@pytest.mark.parametrize("ensemble", [Ginibre(6, sigma=3.0), Ginibre(4, field="complex")], ids=repr)
def test_the_mean_square_is_exact_at_every_width(ensemble):
    result = spectrum(ensemble, 2, trials=TRIALS)
    assert_mean(np.exp(result.log_scaled_squares).mean(axis=1), 1.0)


@pytest.mark.jit
def test_wide_products_have_the_fuss_catalan_law():
    result = spectrum(Ginibre(150, sigma=0.2), 3, trials=4)
    law = result.fuss_catalan
    squares = np.sort(np.exp(result.log_scaled_squares).ravel())
    distance = stats.kstest(squares, law.cdf).statistic
    assert distance < 0.01
    assert stats.kstest(squares, theory.FussCatalan(2).cdf).statistic > 0.05
    assert spectrum(IID(4, "uniform"), 3).fuss_catalan is None
    assert spectrum(Ginibre(1), 1001).fuss_catalan is None


# Kernels ---------------------------------------------------------------------------------------


def exactly(high, low):
    return Fraction(float(high)) + Fraction(float(low))


def test_double_double_numbers_have_about_104_bits():
    rng = np.random.default_rng(9)
    for _ in range(200):
        a, b = rng.standard_normal(2) * 10.0 ** rng.integers(-20, 20, 2)
        a_low, b_low = 2.0**-54 * a * rng.standard_normal(), 2.0**-54 * b * rng.standard_normal()
        a, a_low = double_double.add(a, 0.0, a_low, 0.0)
        x, y = exactly(a, a_low), exactly(b, b_low)
        size = max(abs(x), abs(y))
        assert abs(exactly(*double_double.add(a, a_low, b, b_low)) - x - y) <= 2.0**-104 * size
        product = exactly(*double_double.multiply(a, a_low, b, b_low))
        assert abs(product - x * y) <= 2.0**-102 * abs(x * y)
        assert abs(exactly(*double_double.reciprocal(a, a_low)) * x - 1) <= 2.0**-102
        root = exactly(*double_double.square_root(abs(a), math.copysign(1.0, a) * a_low))
        assert abs(root * root - abs(x)) <= 2.0**-101 * abs(x)


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (7, 3), (20, 20)], ids=str)
def test_rows_are_exchanged_for_pivots(shape):
    rng = np.random.default_rng(10)
    matrix = rng.standard_normal(shape) * 10.0 ** rng.integers(-30, 30, (shape[0], 1))
    triangle, reflectors = matrix.copy(), np.empty((shape[1], shape[0]))
    order = np.empty(shape[0], dtype=np.int64)
    triangularize_by_pivots(triangle, reflectors, order)
    assert sorted(order) == list(range(shape[0]))
    frame = np.eye(shape[0])
    for v in reflectors:
        np.testing.assert_allclose(v @ v, 2.0, atol=1e-14)
        frame = frame - np.outer(frame @ v, v)
    product = frame[:, : shape[1]] @ np.triu(triangle[: shape[1]])
    sizes = np.abs(matrix[order]).max(axis=1, keepdims=True)
    np.testing.assert_allclose(product / sizes, matrix[order] / sizes, atol=1e-13)


# Runs ------------------------------------------------------------------------------------------

RUNS = pytest.mark.parametrize(
    ("ensemble", "depth"),
    [
        (Ginibre(3, field="complex"), 4),
        (TruncatedHaar(3, 4), 3),
        (IID(3, "laplace"), 4),
        (Haar(2), 3),
    ],
    ids=str,
)


@RUNS
@BOTH
def test_workers_and_their_number_change_nothing(monkeypatch, ensemble, depth, samples):
    monkeypatch.setattr(samplers, "_CHUNK_COST", 1e4)
    results = [spectrum(ensemble, depth, trials=70, samples=samples, n_jobs=n) for n in (1, 2, 3)]
    for result in results[1:]:
        np.testing.assert_array_equal(result.mean, results[0].mean)
        np.testing.assert_array_equal(result.std, results[0].std)
        np.testing.assert_array_equal(result.quantile(0.3), results[0].quantile(0.3))


@RUNS
def test_more_trials_begin_with_the_same(ensemble, depth):
    few = spectrum(ensemble, depth, trials=5).log_singular_values
    many = spectrum(ensemble, depth, trials=60).log_singular_values
    np.testing.assert_array_equal(many[:5], few)
    again = spectrum(ensemble, depth, trials=5, rng=spectrum(ensemble, depth, trials=5).seed)
    np.testing.assert_array_equal(again.log_singular_values, few)


@pytest.mark.parametrize("ensemble", [Ginibre(3), IID(3, "laplace")], ids=repr)
def test_a_long_product_is_cut_without_a_seam(monkeypatch, ensemble):
    whole = spectrum(ensemble, 40, trials=1)
    monkeypatch.setattr(samplers, "_CALL_COST", 2e4)
    cut = spectrum(ensemble, 40, trials=1)
    monkeypatch.undo()
    factors = given(np.random.default_rng(1).standard_normal((40, 3, 3)))
    whole_given = spectrum(factors, 40)
    monkeypatch.setattr(samplers, "_BLOCK_NUMBERS", 600)
    cut_given = spectrum(factors, 40)
    if isinstance(ensemble, Ginibre):
        np.testing.assert_array_equal(cut.log_singular_values, whole.log_singular_values)
    np.testing.assert_array_equal(cut_given.log_singular_values, whole_given.log_singular_values)


@pytest.mark.parametrize("ensemble", [Ginibre(4), IID(4, "uniform"), TruncatedHaar(3, 5)], ids=repr)
def test_an_interrupt_is_noticed_within_a_long_product(ensemble):
    depth = 10 ** (4 if JIT_DISABLED else 7)
    task = samplers.DenseSingularValues(ensemble, depth, rotate=True)
    if isinstance(ensemble, Ginibre):
        task = samplers.TriangularSingularValues(ensemble, depth)

    class SoonError(Exception):
        pass

    calls = 0

    def check_interrupt():
        nonlocal calls
        calls += 1
        if calls == 2:
            raise SoonError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samplers, "_CALL_COST", 1e5)
        with pytest.raises(SoonError):
            task(np.random.SeedSequence(1), 1, check_interrupt)
    assert calls == 2


# Results ---------------------------------------------------------------------------------------


@BOTH
def test_a_result_is_frozen_and_pickles(samples):
    result = spectrum(Ginibre(3), 4, samples=samples)
    for field in dataclasses.fields(result):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(result, field.name, None)
    copy = pickle.loads(pickle.dumps(result))
    assert repr(copy) == repr(result)
    for name in ("mean", "std", "standard_error", "vanished", "lyapunov", "lyapunov_se"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(copy, name)[0] = 7.0


def test_samples_are_there_if_they_were_kept():
    kept = spectrum(Ginibre(3), 4)
    logs = kept.log_singular_values
    assert logs.shape == (20, 3)
    assert (np.diff(logs, axis=1) <= 0.0).all()
    np.testing.assert_allclose(kept.mean, logs.mean(axis=0))
    np.testing.assert_allclose(kept.std, logs.std(axis=0, ddof=1))
    np.testing.assert_allclose(
        kept.log_condition * math.log(10.0), logs[:, 0] - logs[:, -1], rtol=1e-14
    )
    assert kept.median_log_condition == pytest.approx(np.median(kept.log_condition))
    np.testing.assert_allclose(
        kept.log_scaled_squares, 2.0 * logs - 4 * math.log(3.0), rtol=1e-13, atol=1e-13
    )
    for array in (logs, kept.log_condition, kept.log_scaled_squares):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7.0
    streamed = spectrum(Ginibre(3), 4, samples=False)
    np.testing.assert_allclose(streamed.mean, kept.mean, rtol=1e-13)
    for name in ("log_singular_values", "log_condition", "log_scaled_squares"):
        with pytest.raises(AttributeError, match="only with samples=True, got samples=False"):
            getattr(streamed, name)


def test_the_summary_tells_what_was_simulated_and_found():
    result = spectrum(Ginibre(20, field="complex"), 6, trials=2 if JIT_DISABLED else 20)
    lines = result.summary().splitlines()
    assert lines[0] == (
        f"Ginibre(20, field='complex'), singular values of 6 factors, {result.trials} trials"
    )
    assert lines[1] == f"method reduced: {result.reason}"
    assert lines[2] == f"largest over least: 10^{result.median_log_condition:.2f} in the median"
    assert lines[3].split()[-2:] == ["exponent", "limit"]
    assert [line.split()[0] for line in lines[4:]] == ["1", "4", "8", "12", "16", "20"]
    assert float(lines[4].split()[1]) == pytest.approx(result.mean[0], abs=1e-4)
    assert float(lines[-1].split()[-1]) == pytest.approx(result.exact.exponents[-1], abs=1e-4)
    assert repr(result) == "<ProductSingularValues>\n" + result.summary()
    singular = spectrum(FiniteSet([[[1.0, 1.0], [1.0, 1.0]]]), 1)
    assert "1 factor," in singular.summary()
    assert singular.summary().splitlines()[-1].split()[-1] == "20"


def test_a_data_frame_has_a_row_for_each_rank(monkeypatch):
    result = spectrum(Ginibre(3), 2)
    frame = result.to_dataframe()
    assert isinstance(frame, pd.DataFrame)
    np.testing.assert_array_equal(frame.index, [1, 2, 3])
    np.testing.assert_array_equal(frame["lyapunov"], result.lyapunov)
    np.testing.assert_array_equal(frame["q95"], result.quantile(0.95))
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pandas"):
        result.to_dataframe()


@BOTH
def test_a_wide_product_is_drawn_as_a_histogram(samples):
    result = spectrum(Ginibre(20), 3, trials=5, samples=samples)
    ax = result.plot()
    area = sum(bar.get_width() * bar.get_height() for bar in ax.patches)
    # Quantiles of a histogram may leave out its outermost bins.
    assert area == pytest.approx(1.0, abs=1e-9 if samples else 0.01)
    assert ax.get_legend_handles_labels()[1] == ["simulated", "Fuss–Catalan, infinite width"]
    (density,) = ax.get_lines()
    x = 10.0 ** density.get_xdata()
    expected = math.log(10.0) * x * theory.FussCatalan(3).pdf(x)
    np.testing.assert_allclose(density.get_ydata(), expected)
    assert ax.get_title() == "Ginibre(20), 3 factors"
    assert "(n s^2)^t" in ax.get_xlabel()
    _, axes = plt.subplots()
    assert result.plot(axes) is axes
    axes.figure.canvas.draw()


@pytest.mark.parametrize(
    ("ensemble", "labels"),
    [
        (IID(5, "uniform"), ["simulated"]),
        (FiniteSet([np.diag([1.0, 2.0, 0.0, 3.0])]), ["simulated, 25 % are zero"]),
        (Haar(4, scale=10.0), ["simulated"]),
    ],
    ids=["uniform", "singular", "haar"],
)
def test_other_ensembles_have_no_law_and_no_unit(ensemble, labels):
    result = spectrum(ensemble, 3)
    ax = result.plot()
    assert result.log_unit == 0.0
    assert ax.get_legend_handles_labels()[1] == labels
    assert len(ax.get_lines()) == 0
    assert "(n s^2)^t" not in ax.get_xlabel()
    ax.figure.canvas.draw()


def test_nothing_but_zeros_is_an_empty_histogram():
    ax = spectrum(FiniteSet([np.zeros((3, 3))]), 2).plot()
    assert len(ax.patches) == 0
    ax.figure.canvas.draw()


@BOTH
def test_a_deep_product_is_drawn_by_its_exponents(samples):
    result = spectrum(Ginibre(3), 40, samples=samples)
    ax = result.plot()
    (crosses,) = (line for line in ax.get_lines() if "Lyapunov" in line.get_label())
    np.testing.assert_array_equal(crosses.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(crosses.get_ydata(), theory.ginibre_exponents(3))
    (median,) = (line for line in ax.get_lines() if line.get_label() == "median")
    np.testing.assert_allclose(median.get_ydata(), result.quantile(0.5) / 40)
    assert ax.get_title() == "Ginibre(3), 40 factors"
    ax.figure.canvas.draw()
    unknown = spectrum(IID(3, "sparse", density=0.3), 5).plot()
    assert not any("Lyapunov" in line.get_label() for line in unknown.get_lines())
    unknown.figure.canvas.draw()


# Errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"ensemble": 7}, TypeError, r"ensemble must be an Ensemble such as Ginibre\(4\), got 7"),
        ({"depth": 0}, ValueError, "depth must be a positive integer, got 0"),
        ({"depth": 2.0}, TypeError, "depth must be a positive integer, got 2.0"),
        ({"trials": -1}, ValueError, "trials must be a positive integer, got -1"),
        ({"method": "qr"}, ValueError, "method must be one of 'auto', .*, got 'qr'"),
        (
            {"ensemble": IID(2, "uniform"), "method": "reduced"},
            ValueError,
            r"method must be 'auto' or 'dense' .*, got 'reduced' for IID\(2, 'uniform'\)",
        ),
        ({"samples": 1}, TypeError, "samples must be True or False, got 1"),
        ({"progress": 0}, TypeError, "progress must be True or False, got 0"),
        ({"n_jobs": 0}, ValueError, "n_jobs must be None or a non-zero integer, got 0"),
        ({"rng": -1}, ValueError, "rng must be .*, got -1"),
    ],
)
def test_bad_parameters_are_named(monkeypatch, keywords, error, message):
    monkeypatch.setattr(_montecarlo, "run", lambda *a, **k: pytest.fail("something was simulated"))
    arguments = {"ensemble": Ginibre(3), "depth": 4} | keywords
    with pytest.raises(error, match=f"^{message}"):
        spectrum(arguments.pop("ensemble"), arguments.pop("depth"), **arguments)
