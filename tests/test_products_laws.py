"""Matrix product growth against exact laws, its other method, NumPy loops and published values."""

import math

import numpy as np
import pytest
from conftest import JIT_DISABLED
from laws import assert_law, assert_mean, assert_same_law, assert_z
from scipy import special, stats

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
from stabsim._random import child

DECADE = math.log(10.0)
MANY = 300 if JIT_DISABLED else 10_000
SOME = 150 if JIT_DISABLED else 3_000
DEEP = 3_000 if JIT_DISABLED else 10**6


def assert_not_law(samples, cdf):
    """Assert that a wrong law is told apart, where there are enough samples for it."""
    if not JIT_DISABLED:
        with pytest.raises(AssertionError, match="Kolmogorov"):
            assert_law(samples, cdf)


def task_of(monkeypatch, *arguments, **keywords):
    """Return the task that a call hands to the runner."""
    tasks = []
    run = _montecarlo.run
    with monkeypatch.context() as patch:
        patch.setattr(
            _montecarlo,
            "run",
            lambda task, *a, **k: tasks.append(task) or run(task, *a, **k),
        )
        result = matrix_product_growth(*arguments, **keywords)
    return tasks[0], result


# The exact laws ------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 7, 101])
@pytest.mark.parametrize(
    "ensemble",
    [
        *(Ginibre(n, sigma=0.7) for n in (1, 2, 4, 7, 64)),
        *(Ginibre(n, field="complex") for n in (1, 2, 7)),
        Shifted(Ginibre(3), scale=0.2),
        Shifted(Ginibre(2, field="complex"), shift=-0.5, scale=2.0),
    ],
    ids=repr,
)
def test_a_vector_grows_by_the_exact_law(ensemble, depth):
    result = matrix_product_growth(
        ensemble, depth, trials=MANY, norm="vector", record=[depth], rng=depth
    )
    assert result.method == "reduced"
    law = result.exact.law
    assert_law(result.log_norm, lambda x: law.cdf(x, depth))
    if depth == 7:
        wrong = result.log_norm + 0.5 * result.std[-1]
        assert_not_law(wrong, lambda x: law.cdf(x, depth))


@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_one_step_of_a_vector_is_chi_distributed(n):
    # A witness of the step's law that shares no code with the package.
    result = matrix_product_growth(Ginibre(n), 1, trials=MANY, norm="vector", rng=n)
    squares = np.exp(2.0 * result.log_norm)
    assert_law(squares, stats.chi2(n).cdf)
    assert_not_law(squares, stats.chi2(max(n - 1, 0.5)).cdf)


@pytest.mark.parametrize(
    ("n", "size", "parts"), [(1, 3, 1), (2, 3, 1), (2, 7, 1), (3, 8, 2), (1, 2, 2)]
)
def test_one_step_of_a_truncated_haar_matrix_is_beta_distributed(n, size, parts):
    field = "complex" if parts == 2 else "real"
    result = matrix_product_growth(
        TruncatedHaar(n, size, field=field), 1, trials=MANY, norm="vector", rng=size
    )
    squares = np.exp(2.0 * result.log_norm)
    assert_law(squares, stats.beta(parts * n / 2, parts * (size - n) / 2).cdf)
    # The trap: the complement is size - n, not size.
    assert_not_law(squares, stats.beta(parts * n / 2, parts * size / 2).cdf)


@pytest.mark.parametrize(
    ("ensemble", "depth"),
    [(TruncatedHaar(2, 5), 12), (TruncatedHaar(3, 4, field="complex"), 30)],
    ids=repr,
)
def test_truncated_haar_products_have_the_exact_law(ensemble, depth):
    result = matrix_product_growth(
        ensemble, depth, trials=MANY, norm="vector", record=[depth], rng=2
    )
    assert_law(result.log_norm, lambda x: result.exact.law.cdf(x, depth))


@pytest.mark.parametrize(
    "ensemble",
    [
        Ginibre(1),
        Ginibre(2, sigma=3.0),
        Ginibre(5),
        Ginibre(3, field="complex"),
        TruncatedHaar(2, 6),
    ],
    ids=repr,
)
def test_the_determinant_grows_by_the_exact_law(ensemble):
    result = matrix_product_growth(ensemble, 20, trials=MANY, norm="logdet", record=[1, 20], rng=3)
    assert result.method == "reduced"
    assert_mean(result.log_norm[:, 0], result.exact.lyapunov)
    assert_law(result.log_norm[:, 1], lambda x: result.exact.law.cdf(x, 20))


def test_the_determinant_is_a_product_of_chi_variables():
    result = matrix_product_growth(Ginibre(3), 1, trials=MANY, norm="logdet", rng=4)
    witness = sum(0.5 * np.log(np.random.default_rng(k).chisquare(k, MANY)) for k in range(1, 4))
    assert_same_law(result.log_norm, witness)


@pytest.mark.jit
@pytest.mark.parametrize("depth", [1, 30])
def test_negative_control_a_degree_of_freedom_too_few_fails(depth):
    result = matrix_product_growth(
        Ginibre(4), depth, trials=MANY, norm="vector", record=[depth], rng=depth
    )
    wrong = stabsim.theory.product_growth(Ginibre(3)).law
    assert_not_law(result.log_norm, lambda x: wrong.cdf(x, depth))
    with pytest.raises(AssertionError, match="z ="):
        assert_z(result.lyapunov, wrong.step_mean, result.lyapunov_se)


# Dense against reduced -----------------------------------------------------------------------

REDUCED = [
    (Ginibre(1), "vector"),
    (Ginibre(3, sigma=0.5), "vector"),
    (Ginibre(4, field="complex"), "vector"),
    (Ginibre(20), "vector"),
    (Ginibre(4), "logdet"),
    (Ginibre(3, field="complex"), "logdet"),
    (TruncatedHaar(2, 5), "vector"),
    (TruncatedHaar(3, 4, field="complex"), "vector"),
    (TruncatedHaar(2, 5), "logdet"),
    (TruncatedHaar(2, 3, field="complex"), "logdet"),
    (Shifted(Ginibre(3), scale=0.3), "vector"),
    (Shifted(Ginibre(2, field="complex"), shift=-2.0, scale=1.5), "vector"),
    (Shifted(TruncatedHaar(2, 4), scale=0.5), "vector"),
    (Shifted(TruncatedHaar(2, 3, field="complex"), shift=0.7, scale=-1.0), "vector"),
    (Shifted(Haar(3), scale=0.5), "vector"),
    (Shifted(Haar(2, field="complex"), scale=0.5), "vector"),
    (Ginibre(1), "frobenius"),
    (Ginibre(2, sigma=2.0), "frobenius"),
    (Ginibre(3), "frobenius"),
    (Ginibre(8), "frobenius"),
    (Ginibre(20), "frobenius"),
    (Ginibre(3, field="complex"), "frobenius"),
    (Ginibre(20, field="complex"), "frobenius"),
    (Ginibre(1), "spectral"),
    (Ginibre(2), "spectral"),
    (Ginibre(3), "spectral"),
    (Ginibre(8), "spectral"),
    (Ginibre(20), "spectral"),
    (Ginibre(3, field="complex"), "spectral"),
]


@pytest.mark.parametrize(("ensemble", "norm"), REDUCED, ids=repr)
def test_dense_and_reduced_have_the_same_joint_law(ensemble, norm):
    large = ensemble.n > 8
    record = [1, 3] if JIT_DISABLED else [1, 5, 40]
    trials = max(20, SOME // (10 if large and JIT_DISABLED else 1)) // (2 if large else 1)
    reduced, dense = (
        matrix_product_growth(
            ensemble,
            record[-1],
            trials=trials,
            norm=norm,
            record=record,
            method=method,
            rng=seed,
        )
        for seed, method in enumerate(["reduced", "dense"])
    )
    assert (reduced.method, dense.method) == ("reduced", "dense")
    for a, b in zip(reduced.log_norm.T, dense.log_norm.T, strict=True):
        assert_same_law(a, b)
    # Jointly: increments are not determined by the laws at the recorded depths.
    assert_same_law(*(r.log_norm[:, -1] - r.log_norm[:, -2] for r in (reduced, dense)))


@pytest.mark.jit
def test_negative_control_dense_and_reduced_of_neighbours_differ():
    a = matrix_product_growth(Ginibre(8), 5, trials=SOME, norm="spectral", method="dense", rng=1)
    b = matrix_product_growth(
        Ginibre(8, sigma=1.02), 5, trials=SOME, norm="spectral", method="reduced", rng=2
    )
    with pytest.raises(AssertionError, match="Kolmogorov"):
        assert_same_law(a.log_norm[:, -1], b.log_norm[:, -1])


# Published values ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["reduced", pytest.param("dense", marks=pytest.mark.jit)])
def test_the_textbook_experiment_is_24_474_decades(method):
    trials = MANY if method == "reduced" else SOME
    result = matrix_product_growth(
        Ginibre(4), 101, trials=trials, norm="vector", record=[101], method=method, rng=5
    )
    decades = result.log_norm[:, 0] / DECADE
    # Newman's formulas, written out: the mean and variance of ln chi_4 per factor.
    mean = 101 * 0.5 * (math.log(2.0) + special.digamma(2.0)) / DECADE
    std = math.sqrt(101 * 0.25 * special.polygamma(1, 2.0)) / DECADE
    assert (round(mean, 3), round(std, 3)) == (24.474, 1.753)
    assert_mean(decades, mean)
    assert_z(decades.std(ddof=1), std, std / math.sqrt(2 * trials))
    assert_z(result.lyapunov, 0.5579657578, result.lyapunov_se)


@pytest.mark.parametrize("norm", ["frobenius", "spectral"])
def test_norms_grow_at_newmans_rate(norm):
    depth = 40 if JIT_DISABLED else 400
    result = matrix_product_growth(Ginibre(4), depth, trials=400, norm=norm, record=[depth], rng=6)
    assert result.rate_depths == (depth // 2, depth)
    assert_z(result.lyapunov, 0.5579657578, result.lyapunov_se)


@pytest.mark.parametrize("norm", ["vector", "frobenius", "spectral"])
def test_random_fibonacci_grows_at_viswanaths_rate(norm):
    depth = 60 if JIT_DISABLED else 2_000
    result = matrix_product_growth(
        FiniteSet.random_fibonacci(), depth, trials=400, norm=norm, record=[depth], rng=7
    )
    assert_z(result.lyapunov, math.log(1.13198824879), result.lyapunov_se)
    assert result.exact.lyapunov == pytest.approx(math.log(1.13198824879), abs=1e-11)


@pytest.mark.parametrize(("energy", "disorder"), [(0.0, 1.0), (1.2, 0.4), (3.0, 2.0)])
def test_the_lloyd_model_localizes_at_thouless_rate(energy, disorder):
    depth = 60 if JIT_DISABLED else 2_000
    ensemble = AndersonTransfer(energy, disorder, distribution="cauchy")
    result = matrix_product_growth(
        ensemble, depth, trials=400, norm="vector", record=[depth], rng=8
    )
    roots = (math.hypot(2 + energy, disorder) + math.hypot(2 - energy, disorder)) / 4
    assert_z(result.lyapunov, math.acosh(roots), result.lyapunov_se)


@pytest.mark.jit
def test_weak_box_disorder_at_the_band_centre_is_anomalous():
    disorder = 1.0
    depth = 20_000
    result = matrix_product_growth(
        AndersonTransfer(0.0, disorder), depth, trials=400, record=[depth], rng=9
    )
    anomalous = disorder**2 / 12 * (math.gamma(0.75) / math.gamma(0.25)) ** 2
    assert result.lyapunov == pytest.approx(anomalous, rel=0.03)
    with pytest.raises(AssertionError, match="z ="):  # Born's value, the known trap
        assert_z(result.lyapunov, disorder**2 / 96, result.lyapunov_se)


def test_transfer_matrices_keep_the_volume():
    result = matrix_product_growth(
        AndersonTransfer(0.3, 1.0, distribution="gaussian"), 20, trials=20, norm="logdet", rng=1
    )
    assert result.exact.lyapunov == 0.0
    np.testing.assert_allclose(result.log_norm, 0.0, atol=1e-13)


# Brute force ---------------------------------------------------------------------------------


def fill_lower(rng, out):
    for i in range(out.shape[0]):
        for j in range(i + 1):
            out[i, j] = rng.standard_normal() - 0.2
            out[j, i] += 0.5 * rng.random()


def lower(rng):
    out = np.zeros((3, 3))
    fill_lower(rng, out)
    return out


def anderson(rng):
    return np.array([[0.5 - 2.0 * (rng.random() - 0.5), -1.0], [1.0, 0.0]])


def choose(rng):
    return CHOICES[rng.choice(2, p=[0.3, 0.7])]


CHOICES = np.array([[[1.0, 2.0], [0.5, 0.3]], [[-1.0, 0.1], [3.0, 1.0]]])
BRUTE_FORCE = [
    (IID(3, "uniform", sigma=0.5), lambda rng: 0.5 * math.sqrt(12) * (rng.random((3, 3)) - 0.5)),
    (IID(3, "rademacher"), lambda rng: rng.choice([-1.0, 1.0], (3, 3)) * 1.0),
    (IID(2, "laplace"), lambda rng: rng.laplace(scale=math.sqrt(0.5), size=(2, 2))),
    (
        IID(2, "student_t", degrees_of_freedom=5.0),
        lambda rng: math.sqrt(0.6) * rng.standard_t(5.0, (2, 2)),
    ),
    (
        IID(4, "sparse", density=0.5),
        lambda rng: math.sqrt(2) * rng.standard_normal((4, 4)) * (rng.random((4, 4)) < 0.5),
    ),
    (FiniteSet(CHOICES, [0.3, 0.7]), choose),
    (AndersonTransfer(0.5, 2.0), anderson),
    (Custom(3, fill_lower), lower),
    (
        Shifted(Custom(3, fill_lower), shift=2.0, scale=-0.5),
        lambda rng: 2 * np.eye(3) - lower(rng) / 2,
    ),
    (Haar(2), lambda rng: stats.ortho_group.rvs(2, random_state=rng)),
]
WITNESSES = {
    "frobenius": lambda product: math.log(np.linalg.norm(product) + 1e-300),
    "spectral": lambda product: math.log(np.linalg.norm(product, 2) + 1e-300),
    "vector": lambda product: math.log(np.linalg.norm(product[:, 0]) + 1e-300),
    "logdet": lambda factor: np.linalg.slogdet(factor)[1],
}


@pytest.mark.parametrize("norm", WITNESSES)
@pytest.mark.parametrize(
    ("ensemble", "draw"), BRUTE_FORCE, ids=[repr(ensemble)[:40] for ensemble, _ in BRUTE_FORCE]
)
def test_dense_products_have_the_law_of_a_numpy_loop(ensemble, draw, norm):
    depth, trials = 4, (60 if JIT_DISABLED else 400)
    rng = np.random.default_rng(10)
    witness = np.empty(trials)
    for trial in range(trials):
        factors = [draw(rng) for _ in range(depth)]
        if norm == "logdet":
            # Factor by factor: LAPACK of the product would not see an exact zero.
            # What it leaves of a singular sign matrix is rounding.
            logs = np.array([WITNESSES[norm](factor) for factor in factors])
            witness[trial] = np.where(logs > -30.0, logs, -math.inf).sum()
            continue
        product = np.eye(ensemble.n)
        for factor in factors:
            product = factor @ product
        witness[trial] = WITNESSES[norm](product)
    result = matrix_product_growth(
        ensemble, depth, trials=4 * trials, norm=norm, method="dense", record=[depth], rng=11
    )
    # Rounded, so that what is equal in exact arithmetic ties in both; floored at 1e-300.
    floor = math.log(1e-300)
    assert_same_law(
        np.maximum(result.log_norm, floor).round(9), np.maximum(witness, floor).round(9)
    )


# The kernels' twins --------------------------------------------------------------------------


@pytest.mark.parametrize("norm", ["frobenius", "spectral", "vector", "logdet"])
@pytest.mark.parametrize(
    "ensemble",
    [
        Ginibre(1),
        Ginibre(2),
        Ginibre(3, field="complex"),
        Ginibre(12, sigma=0.3),
        Ginibre(13, sigma=0.3),
        *(pytest.param(Ginibre(n, sigma=0.2), marks=pytest.mark.jit) for n in (32, 33, 64)),
        pytest.param(Ginibre(33, sigma=0.2, field="complex"), marks=pytest.mark.jit),
    ],
    ids=repr,
)
def test_the_dense_method_is_the_product_of_what_numpy_draws(monkeypatch, ensemble, norm):
    n, depth = ensemble.n, 12
    trials = 3
    task, result = task_of(
        monkeypatch, ensemble, depth, trials=trials, norm=norm, method="dense", rng=12
    )
    assert task.chunk >= trials or task.chunk == task._lanes == 1
    if task.chunk < trials:
        streams = [(child(result.seed, i), 1) for i in range(trials)]
    else:
        streams = [(child(result.seed, 0), trials)]
    rows = []
    for seed, rows_here in streams:
        rng = np.random.Generator(np.random.SFC64(seed))
        groups = -(-rows_here // task._lanes)
        for group in range(groups):
            draws = ensemble.part_sigma * rng.standard_normal(
                depth * n * n * task._lanes * ensemble.parts
            )
            factors = draws.view(ensemble.dtype).reshape(depth, n, n, task._lanes)
            left = min(task._lanes, rows_here - group * task._lanes)
            rows.extend(twin(factors[..., lane], norm) for lane in range(left))
    np.testing.assert_allclose(result.log_norm, rows, rtol=0, atol=1e-9)


def twin(factors, norm):
    """Return the log-norms of the partial products, which NumPy renormalizes at every step."""
    n = factors.shape[1]
    if norm == "logdet":
        return np.cumsum(np.linalg.slogdet(factors)[1])
    product = np.eye(n)[:, :1] if norm == "vector" else np.eye(n)
    logs, total = [], 0.0
    for factor in factors:
        product = factor @ product
        size = np.linalg.norm(product, 2 if norm == "spectral" else None)
        total += math.log(size)
        product = product / size
        logs.append(total)
    return logs


# Extremes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", ["vector", "frobenius"])
@pytest.mark.parametrize("n", [2, 4])
def test_a_million_factors_grow_at_the_exact_rate(n, norm):
    result = matrix_product_growth(Ginibre(n), DEEP, trials=2, norm=norm, rng=13)
    assert np.isfinite(result.log_norm).all()
    assert result.depths[-1] == DEEP
    law = stabsim.theory.product_growth(Ginibre(n), "vector").law
    for log_norm in result.log_norm[:, -1]:
        assert_z(log_norm, float(law.mean(DEEP)), float(law.std(DEEP)))


@pytest.mark.jit
def test_a_million_dense_factors_grow_at_the_exact_rate():
    result = matrix_product_growth(
        Ginibre(4), 10**6, trials=2, norm="vector", method="dense", record=[10**6], rng=14
    )
    for log_norm in result.log_norm[:, -1]:
        assert_z(log_norm, float(result.exact.law.mean(10**6)), float(result.exact.law.std(10**6)))


@pytest.mark.parametrize("norm", ["frobenius", "spectral", "vector", "logdet"])
@pytest.mark.parametrize("size", [1e-100, 1e-80, 1.0, 1e80, 1e100])
@pytest.mark.parametrize("ensemble", [Ginibre(2), Ginibre(2, field="complex"), Haar(2)], ids=repr)
def test_the_size_of_the_entries_only_adds_its_logarithm(ensemble, size, norm):
    parameter = "sigma" if isinstance(ensemble, Ginibre) else "scale"
    scaled = type(ensemble)(2, field=ensemble.field, **{parameter: size})
    for method in ("dense", "auto"):
        if JIT_DISABLED and method == "dense":
            continue  # NumPy's scalars warn of an overflow that is noticed and undone
        result, unit = (
            matrix_product_growth(e, 6, trials=3, norm=norm, method=method, rng=15)
            for e in (scaled, ensemble)
        )
        added = (2 if norm == "logdet" else 1) * math.log(size) * result.depths
        np.testing.assert_allclose(result.log_norm - added, unit.log_norm, rtol=0, atol=1e-8)


@pytest.mark.jit
@pytest.mark.parametrize("norm", ["frobenius", "spectral", "vector", "logdet"])
@pytest.mark.parametrize("size", [5e-324, 1e-308, 1e-200, 1e200, 1e308])
@pytest.mark.parametrize("unit", [1.0, 1j])
def test_entries_at_the_limits_of_float64_do_not_overflow(unit, size, norm):
    # A multiple of a reflection: every norm is known, for any number of factors.
    matrix = unit * size * np.array([[1.0, 1.0], [1.0, -1.0]])
    result = matrix_product_growth(FiniteSet([matrix]), 1000, trials=1, norm=norm, rng=1)
    t = result.depths
    offset = 0.5 * math.log(2.0) if norm == "frobenius" else 0.0
    exact = t * (math.log(size) + 0.5 * math.log(2.0)) + offset
    if norm == "logdet":
        exact = 2.0 * t * (math.log(size) + 0.5 * math.log(2.0))
    np.testing.assert_allclose(result.log_norm[0], exact, rtol=1e-12)


def fill_huge(rng, out):
    out[0, 0] = 1e200
    out[1, 1] = 1e200


@pytest.mark.jit
def test_a_custom_ensemble_of_huge_entries_does_not_overflow():
    result = matrix_product_growth(Custom(2, fill_huge), 1000, trials=2, norm="spectral", rng=1)
    np.testing.assert_allclose(result.log_norm[0], result.depths * math.log(1e200), rtol=1e-12)


def test_a_shift_of_any_size_only_adds_its_logarithm():
    for size in (2e-100, 1e100):
        scaled, unit = (
            matrix_product_growth(
                Shifted(Ginibre(3), shift=s, scale=0.5 * s), 6, trials=3, norm="vector", rng=16
            )
            for s in (size, 1.0)
        )
        np.testing.assert_allclose(
            scaled.log_norm - unit.log_norm,
            np.broadcast_to(math.log(size) * unit.depths, (3, 6)),
            rtol=1e-10,
        )


@pytest.mark.parametrize("norm", ["frobenius", "spectral", "vector", "logdet"])
@pytest.mark.parametrize("method", ["auto", "dense"])
def test_haar_products_keep_every_length(method, norm):
    for ensemble in (Haar(3), Haar(2, field="complex")):
        result = matrix_product_growth(
            ensemble, 30, trials=5, norm=norm, method=method, vector=None, rng=17
        )
        constant = 0.5 * math.log(ensemble.n) if norm == "frobenius" else 0.0
        np.testing.assert_allclose(result.log_norm, constant, rtol=0, atol=1e-13)
        assert result.lyapunov == pytest.approx(0.0, abs=1e-13)
        assert result.exact.lyapunov == 0.0


@pytest.mark.parametrize("samples", [True, False])
@pytest.mark.parametrize("norm", ["frobenius", "spectral", "vector", "logdet"])
@pytest.mark.parametrize(
    ("matrix", "first_zero"), [([[0, 1], [0, 0]], 2), (np.zeros((2, 2)), 1), (np.zeros((1, 1)), 1)]
)
def test_vanished_products_are_counted(matrix, first_zero, norm, samples):
    if norm in {"vector", "logdet"}:
        first_zero = 1
    result = matrix_product_growth(
        FiniteSet([matrix]), 4, trials=3, norm=norm, samples=samples, rng=1
    )
    zero = result.depths >= first_zero
    np.testing.assert_array_equal(result.vanished, 3 * zero)
    np.testing.assert_array_equal(result.mean == -math.inf, zero)
    assert (result.lyapunov, result.lyapunov_se) == (-math.inf, 0.0)
    assert not np.isnan(result.quantile([0.0, 0.3, 1.0])).any()
    assert not np.isnan(result.std).any()
    assert not np.isnan(result.standard_error).any()
    if samples:
        np.testing.assert_array_equal(np.isneginf(result.log_norm), np.tile(zero, (3, 1)))


@pytest.mark.parametrize("samples", [True, False])
def test_singular_factors_vanish_with_their_probability(samples):
    # Two of the four sign patterns of a 2x2 sign matrix's determinant are zero.
    result = matrix_product_growth(
        IID(2, "rademacher"), 3, trials=MANY, norm="logdet", samples=samples, rng=18
    )
    for depth, vanished in zip(result.depths, result.vanished, strict=True):
        alive = 0.5**depth
        assert_z(1 - vanished / MANY, alive, math.sqrt(alive * (1 - alive) / MANY))
        assert result.mean[depth - 1] == pytest.approx(depth * math.log(2.0))
    assert result.lyapunov == -math.inf


@pytest.mark.parametrize("norm", ["frobenius", "spectral", "vector", "logdet"])
@pytest.mark.parametrize("method", ["auto", "dense"])
def test_one_row_has_the_same_growth_in_every_norm(method, norm):
    result = matrix_product_growth(
        Ginibre(1), 9, trials=MANY // 10, norm=norm, method=method, rng=19
    )
    assert_law(result.log_norm[:, 0], lambda x: stats.chi(1).cdf(np.exp(x)))


@pytest.mark.parametrize("method", ["auto", "dense"])
def test_a_single_trial_of_depth_one(method):
    result = matrix_product_growth(Ginibre(2), 1, trials=1, method=method, rng=20)
    assert result.log_norm.shape == (1, 1)
    assert result.rate_depths == (0, 1)
    assert result.lyapunov_se == math.inf
    assert result.lyapunov == pytest.approx(result.log_norm[0, 0] - 0.5 * math.log(2.0))
