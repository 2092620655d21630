"""Exact results, each recomputed by quadrature, convolution or brute force."""

import itertools
import math

import numpy as np
import pytest
from laws import assert_law, assert_z
from mpmath import mp, mpc
from scipy import integrate, stats
from scipy.signal import fftconvolve

from stabsim import (
    IID,
    AndersonTransfer,
    Custom,
    FiniteSet,
    Ginibre,
    Haar,
    Shifted,
    TruncatedHaar,
    theory,
)

LOG_10 = math.log(10.0)


def law_of(ensemble, norm="vector"):
    return theory.product_growth(ensemble, norm).law


def quadrature(density, *functions):
    """Integrate functions of y = ln r against the density of r squared over all of y."""

    def weight(y):
        return density(math.exp(2.0 * y)) * 2.0 * math.exp(2.0 * y)

    return [
        integrate.quad(
            lambda y, f=f: f(y) * weight(y), -60.0, 8.0, points=(-8, -1, 0, 1, 4), limit=500
        )[0]
        for f in functions
    ]


# Ensembles whose squared growth of a vector has a density in SciPy.
SQUARED_GROWTH = [
    (Ginibre(1), stats.chi2(1)),
    (Ginibre(4), stats.chi2(4)),
    (Ginibre(4, sigma=0.2), stats.chi2(4, scale=0.04)),
    (Ginibre(3, sigma=2.0, field="complex"), stats.chi2(6, scale=2.0)),
    (Ginibre(100, sigma=0.1), stats.chi2(100, scale=0.01)),
    (TruncatedHaar(2, 32), stats.beta(1, 15)),
    (TruncatedHaar(3, 23, field="complex"), stats.beta(3, 20)),
    (Shifted(Ginibre(3), scale=0.5), stats.ncx2(3, 4.0, scale=0.25)),
    (Shifted(Ginibre(3), shift=-2.0, scale=-1.0), stats.ncx2(3, 4.0)),
    (Shifted(Ginibre(2, sigma=2.0, field="complex"), scale=0.5), stats.ncx2(4, 2.0, scale=0.5)),
    (Shifted(Shifted(Ginibre(4), scale=2.0), shift=3.0, scale=0.5), stats.ncx2(4, 12.25)),
]
every_law = pytest.mark.parametrize(
    ("ensemble", "squares"), SQUARED_GROWTH, ids=[repr(e) for e, _ in SQUARED_GROWTH]
)


@every_law
def test_moments_of_a_step(ensemble, squares):
    exact = theory.product_growth(ensemble)
    mean, square = quadrature(squares.pdf, lambda y: y, lambda y: y * y)
    assert exact.lyapunov == exact.law.step_mean
    assert exact.law.step_mean == pytest.approx(mean, abs=1e-8)
    assert exact.law.step_variance == pytest.approx(square - mean**2, abs=1e-8)
    np.testing.assert_allclose(exact.law.mean([1, 7, 100]), mean * np.array([1, 7, 100]), atol=1e-6)
    np.testing.assert_allclose(exact.law.std(9), 3.0 * math.sqrt(square - mean**2), atol=1e-7)


@every_law
def test_log_moments_are_those_of_the_squares(ensemble, squares):
    law = law_of(ensemble)
    orders = np.array([-0.5, 0.0, 1.0, 2.0, 3.7])
    expected = quadrature(squares.pdf, *(lambda y, q=q: math.exp(q * y) for q in orders))
    np.testing.assert_allclose(np.exp(law.log_moment(orders)).real, expected, rtol=1e-8)
    cosine, sine = quadrature(squares.pdf, lambda y: math.cos(3 * y), lambda y: math.sin(3 * y))
    assert np.exp(law.log_moment(3j)) == pytest.approx(cosine + 1j * sine, abs=1e-8)
    assert law.log_moment(2.0).real == pytest.approx(math.log(squares.mean()), rel=1e-12)


@every_law
def test_cumulants_are_derivatives_of_the_log_moment(ensemble, squares):
    law, h = law_of(ensemble), 1e-3
    low, middle, high = law.log_moment([-h, 0.0, h]).real
    assert middle == pytest.approx(0.0, abs=1e-13)
    assert (high - low) / (2 * h) == pytest.approx(law.step_mean, abs=1e-5)
    assert (high + low) / h**2 == pytest.approx(law.step_variance, abs=1e-5)


@every_law
def test_law_of_one_step(ensemble, squares):
    law = law_of(ensemble)
    x = law.mean(1) + law.std(1) * np.linspace(-3.0, 3.0, 31)
    # SciPy's noncentral chi-square is good to 1e-8 only.
    accuracy = 2e-8 if isinstance(ensemble, Shifted) else 1e-11
    np.testing.assert_allclose(law.cdf(x, 1), squares.cdf(np.exp(2 * x)), atol=accuracy)
    density = squares.pdf(np.exp(2 * x)) * 2 * np.exp(2 * x)
    np.testing.assert_allclose(law.pdf(x, 1), density, atol=accuracy * 10 * density.max())
    levels = np.array([[0.001, 0.1, 0.5], [0.9, 0.999, 0.9999]])
    quantiles = law.quantile(levels, 1)
    np.testing.assert_allclose(quantiles, 0.5 * np.log(squares.ppf(levels)), atol=1e-6)
    np.testing.assert_allclose(law.cdf(quantiles, 1), levels, atol=1e-10)


def test_shifted_scalar_in_closed_form():
    law, scale = law_of(Shifted(Ginibre(1), scale=0.3)), 0.3
    r = np.linspace(0.05, 2.5, 50)
    exact = stats.norm.cdf((r - 1) / scale) - stats.norm.cdf((-r - 1) / scale)
    # In one dimension the tail towards zero outreaches the period of the series.
    np.testing.assert_allclose(law.cdf(np.log(r), 1), exact, atol=1e-8)


def test_a_wrong_law_is_told_apart():
    x = np.linspace(-3.0, 3.0, 31)
    wrong = stats.chi2(5).cdf(np.exp(2 * x))
    assert abs(law_of(Ginibre(4)).cdf(x, 1) - wrong).max() > 0.1


@pytest.mark.parametrize(
    ("ensemble", "squares"),
    [
        (Ginibre(1), stats.chi2(1)),
        (Ginibre(4), stats.chi2(4)),
        (TruncatedHaar(2, 32), stats.beta(1, 15)),
    ],
    ids=["Ginibre(1)", "Ginibre(4)", "TruncatedHaar(2, 32)"],
)
def test_law_of_several_steps_is_a_convolution(ensemble, squares):
    law, width = law_of(ensemble), 2.0**-9
    y = np.arange(-40.0, 4.0, width)
    one = squares.pdf(np.exp(2 * y)) * 2 * np.exp(2 * y)
    density, start = one, y[0]
    for depth in (2, 3):
        density, start = fftconvolve(density, one) * width, start + y[0]
        x = start + width * np.arange(density.size)
        inside = np.flatnonzero(abs(x - law.mean(depth)) < 6 * law.std(depth))[::50]
        # The density of a beta variable jumps at its end, where a sum is no integral.
        accuracy = 1e-2 if isinstance(ensemble, TruncatedHaar) else 1e-9
        np.testing.assert_allclose(law.pdf(x[inside], depth), density[inside], atol=accuracy)
        probability = (np.cumsum(density) - 0.5 * density) * width
        np.testing.assert_allclose(
            law.cdf(x[inside], depth), probability[inside], atol=max(1e-5, accuracy / 10)
        )


@pytest.mark.parametrize(
    ("ensemble", "depth"),
    [
        (Ginibre(3, sigma=0.5), 1),
        (Ginibre(2, field="complex"), 2),
        (TruncatedHaar(3, 23), 2),
        (Shifted(Ginibre(3), scale=0.7), 3),
    ],
    ids=repr,
)
@pytest.mark.parametrize("norm", ["vector", "logdet"])
def test_law_is_that_of_matrices(ensemble, depth, norm):
    exact = theory.product_growth(ensemble, norm)
    if exact is None:
        assert isinstance(ensemble, Shifted)
        return
    samples = sum(brute_force(ensemble, norm, seed) for seed in range(depth))
    assert_law(samples, lambda x: exact.law.cdf(x, depth))
    assert_z(samples.mean(), depth * exact.lyapunov, samples.std() / math.sqrt(samples.size))
    with pytest.raises(AssertionError, match="Kolmogorov"):
        assert_law(samples + 0.2 * samples.std(), lambda x: exact.law.cdf(x, depth))


def brute_force(ensemble, norm, seed, count=5_000):
    """Return the logarithmic growth of matrices that NumPy draws."""
    match ensemble:
        case Shifted():
            A = matrices(ensemble.ensemble, seed, count)
            A = ensemble.shift * np.eye(ensemble.n) + ensemble.scale * A
        case _:
            A = matrices(ensemble, seed, count)
    return (
        np.linalg.slogdet(A)[1] if norm == "logdet" else np.log(np.linalg.norm(A[..., 0], axis=1))
    )


def matrices(ensemble, seed, count):
    rng = np.random.default_rng(seed)
    size = getattr(ensemble, "size", ensemble.n)
    A = rng.standard_normal((count, size, size))
    if ensemble.field == "complex":
        A = (A + 1j * rng.standard_normal(A.shape)) / math.sqrt(2.0)
    if isinstance(ensemble, Ginibre):
        return ensemble.sigma * A
    # Neither the length of a column nor the determinant of a corner feels the signs of Q.
    return np.linalg.qr(A)[0][:, : ensemble.n, : ensemble.n]


def test_offset_moves_the_law():
    law = law_of(Ginibre(4))
    moved = theory.GrowthLaw(law.radial, offset=3.0)
    x = np.linspace(0.0, 5.0, 11)
    np.testing.assert_allclose(moved.cdf(x + 3.0, 5), law.cdf(x, 5), atol=1e-13)
    np.testing.assert_allclose(moved.pdf(x + 3.0, 5), law.pdf(x, 5), atol=1e-13)
    np.testing.assert_allclose(moved.quantile(0.3, 5), law.quantile(0.3, 5) + 3.0, rtol=1e-12)
    assert moved.mean(5) == pytest.approx(law.mean(5) + 3.0)
    assert moved.std(5) == law.std(5)


@pytest.mark.parametrize("depth", [1, 10, 1000, 10**6])
def test_law_is_a_distribution(depth):
    law = law_of(Ginibre(4))
    x = law.mean(depth) + law.std(depth) * np.linspace(-60.0, 60.0, 4001)
    cdf, pdf = law.cdf(x, depth), law.pdf(x, depth)
    assert (np.diff(cdf) > -1e-12).all()
    assert cdf[0] == pytest.approx(0.0, abs=1e-12)
    assert cdf[-1] == pytest.approx(1.0, abs=1e-12)
    assert (pdf >= 0.0).all()
    assert integrate.trapezoid(pdf, x) == pytest.approx(1.0, abs=1e-9)
    mean = integrate.trapezoid(x * pdf, x)
    assert mean == pytest.approx(float(law.mean(depth)), abs=1e-8 * law.std(depth) * depth**0.5)
    assert law.cdf(-math.inf, depth) == 0.0
    assert law.cdf(math.inf, depth) == 1.0


def test_deep_products_are_normal():
    law, levels = law_of(Ginibre(4)), np.array([0.01, 0.2, 0.5, 0.8, 0.99])
    standardized = (law.quantile(levels, 10**8) - law.mean(10**8)) / law.std(10**8)
    np.testing.assert_allclose(standardized, stats.norm.ppf(levels), atol=1e-3)


@pytest.mark.parametrize("norm", ["vector", "frobenius", "spectral", "logdet"])
def test_haar_products_do_not_vary(norm):
    law = law_of(Haar(4, scale=2.0), norm)
    exact = {"vector": 3, "spectral": 3, "logdet": 12}.get(norm, 3) * math.log(2.0)
    exact += math.log(4.0) / 2 if norm == "frobenius" else 0.0
    assert law.mean(3) == pytest.approx(exact)
    assert law.std(3) == 0.0
    np.testing.assert_array_equal(law.cdf([exact - 1e-9, exact + 1e-9], 3), [0.0, 1.0])
    np.testing.assert_allclose(law.quantile([0.1, 0.9], 3), [exact, exact])
    with pytest.raises(ValueError, match="must not be a single point"):
        law.pdf(0.0, 3)


@pytest.mark.parametrize("method", ["pdf", "cdf", "quantile"])
def test_a_law_without_a_convergent_series_says_so(method):
    law = law_of(TruncatedHaar(2, 3))
    with pytest.raises(ValueError, match=r"^depth must be large enough"):
        getattr(law, method)(0.5, 1)
    assert np.isfinite(getattr(law, method)(0.5, 40))


@pytest.mark.parametrize("method", ["pdf", "cdf", "quantile"])
@pytest.mark.parametrize(("depth", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError)])
def test_depth_is_checked(method, depth, error):
    for ensemble in (Ginibre(4), Haar(2)):
        if (method, ensemble) == ("pdf", Haar(2)):
            continue
        with pytest.raises(error, match=r"^depth must be a positive integer, got"):
            getattr(law_of(ensemble), method)(0.5, depth)


@pytest.mark.parametrize("q", [0.0, 1.0, -0.1, math.nan, [0.5, 2.0]])
def test_quantile_levels_are_checked(q):
    with pytest.raises(
        ValueError, match=r"^q must be (probabilities in \(0, 1\)|made of real numbers), got"
    ):
        law_of(Ginibre(2)).quantile(q, 3)


def test_the_textbook_experiment():
    law = law_of(Ginibre(4))
    mean, square = quadrature(stats.chi2(4).pdf, lambda y: y, lambda y: y * y)
    assert law.mean(101) / LOG_10 == pytest.approx(101 * mean / LOG_10, abs=1e-6)
    std = math.sqrt(101 * (square - mean**2))
    assert law.std(101) / LOG_10 == pytest.approx(std / LOG_10, abs=1e-6)
    assert f"{law.mean(101) / LOG_10:.3f} ± {law.std(101) / LOG_10:.3f}" == "24.474 ± 1.753"


@pytest.mark.parametrize("n", [1, 2, 4, 9])
@pytest.mark.parametrize(("field", "parts"), [("real", 1), ("complex", 2)])
def test_newmans_exponents(n, field, parts):
    sigma = 1.5
    exponents = theory.ginibre_exponents(n, sigma=sigma, field=field)
    scale = sigma**2 / parts
    expected = [
        quadrature(stats.chi2(parts * k, scale=scale).pdf, lambda y: y)[0] for k in range(n, 0, -1)
    ]
    np.testing.assert_allclose(exponents, expected, atol=1e-8)
    ensemble = Ginibre(n, sigma=sigma, field=field)
    assert theory.product_growth(ensemble).lyapunov == pytest.approx(exponents[0], rel=1e-14)
    determinant = theory.product_growth(ensemble, "logdet")
    assert determinant.lyapunov == pytest.approx(exponents.sum(), rel=1e-13)


def test_newmans_published_exponents():
    published = [0.5579657578, 0.3648185773, 0.0579657578, -0.6351814227]
    np.testing.assert_allclose(theory.ginibre_exponents(4), published, atol=5e-11)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((0,), {}, "^n must be a positive integer, got 0"),
        ((2.0,), {}, "^n must be"),
        ((2,), {"sigma": 0.0}, "^sigma must be"),
        ((2,), {"field": "rational"}, "^field must be"),
    ],
)
def test_ginibre_exponents_check_their_input(arguments, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        theory.ginibre_exponents(*arguments, **options)


def chain_exponents(step, chains=2000, steps=2000, warmup=200):
    """Return time averages of ln|R| of independent chains R -> step(R) of a two-term recursion."""
    ratio, total = np.full(chains, math.sqrt(2.0)), np.zeros(chains)
    for time in range(warmup + steps):
        ratio = step(ratio)
        if time >= warmup:
            total += np.log(abs(ratio))
    return total / steps


def test_random_fibonacci_by_brute_force():
    rng = np.random.default_rng(1)
    averages = chain_exponents(lambda r: 1.0 + rng.choice([-1.0, 1.0], r.size) / r, steps=4000)
    error = averages.std(ddof=1) / math.sqrt(averages.size)
    assert_z(averages.mean(), theory.random_fibonacci_exponent(), error)
    with pytest.raises(AssertionError, match="z ="):
        assert_z(averages.mean(), math.log(1.14), error)


def test_random_fibonacci_is_between_the_bounds_of_short_products():
    products = [np.eye(2)]
    for _ in range(12):
        products = [
            A @ P for A, P in itertools.product(FiniteSet.random_fibonacci().matrices, products)
        ]
    upper = np.mean([np.log(np.linalg.norm(P, 2)) for P in products]) / 12
    assert 0.0 < theory.random_fibonacci_exponent() < upper < 0.25
    assert math.exp(theory.random_fibonacci_exponent()) == pytest.approx(1.13198824879, abs=5e-12)


@pytest.mark.parametrize(("energy", "disorder"), [(0.0, 1.0), (1.5, 0.5), (-3.0, 2.0)])
def test_lloyds_exponent_by_brute_force(energy, disorder):
    rng = np.random.default_rng(2)
    averages = chain_exponents(lambda r: energy - disorder * rng.standard_cauchy(r.size) - 1.0 / r)
    error = averages.std(ddof=1) / math.sqrt(averages.size)
    assert_z(averages.mean(), theory.lloyd_exponent(energy, disorder), error)
    with pytest.raises(AssertionError, match="z ="):
        assert_z(averages.mean(), theory.lloyd_exponent(energy, 1.1 * disorder), error)


@pytest.mark.parametrize("energy", [0.0, 0.5, -1.9, 2.0, -2.5, 100.0])
@pytest.mark.parametrize("disorder", [1e-6, 0.1, 1.0, 30.0, 1e10])
def test_lloyds_exponent_is_the_fixed_point_of_cauchy_laws(energy, disorder):
    # Cauchy(z) -> E + iW - 1/z has a fixed point, and E ln|Cauchy(z)| = ln|z|.
    trace = complex(energy, disorder)
    with mp.workdps(50):
        root = mp.sqrt(mpc(trace) ** 2 - 4)
        exact = float(max(mp.log(abs(trace + root) / 2), mp.log(abs(trace - root) / 2)))
    assert theory.lloyd_exponent(energy, disorder) == pytest.approx(exact, rel=1e-14, abs=0.0)
    assert theory.lloyd_exponent(-energy, disorder) == theory.lloyd_exponent(energy, disorder)


def test_lloyds_exponent_at_its_ends():
    assert theory.lloyd_exponent(0.0, 1.0) == pytest.approx(math.asinh(0.5), rel=1e-15)
    for energy in (0.0, 1.0, -2.0):
        assert theory.lloyd_exponent(energy, 0.0) == 0.0
    assert theory.lloyd_exponent(3.0, 0.0) == pytest.approx(math.acosh(1.5), rel=1e-15)
    # Weak disorder, first order in W: far below what a difference from 1 could resolve.
    assert theory.lloyd_exponent(0.0, 1e-200) == pytest.approx(5e-201, rel=1e-14)
    # Strong disorder: ln W.
    assert theory.lloyd_exponent(0.0, 1e200) == pytest.approx(math.log(1e200), rel=1e-15)
    largest = 300.0 * math.log(10.0)
    assert theory.lloyd_exponent(1e300, 0.0) == pytest.approx(largest, rel=1e-15)
    assert theory.lloyd_exponent(1e300, 1e300) == pytest.approx(largest + 0.5 * math.log(2.0))


@pytest.mark.parametrize(
    ("energy", "disorder", "message"),
    [
        (math.nan, 1.0, "^energy must be"),
        ("0", 1.0, "^energy must be"),
        (0.0, -1.0, "^disorder must be"),
        (0.0, math.inf, "^disorder must be"),
        (0.0, 1e301, r"^disorder must be .* at most 1e\+300, got 1e\+301"),
        (-1e301, 0.0, r"^energy must be .* at least -1e\+300"),
    ],
)
def test_lloyd_exponent_checks_its_input(energy, disorder, message):
    with pytest.raises((TypeError, ValueError), match=message):
        theory.lloyd_exponent(energy, disorder)


def test_determinant_exponents():
    assert theory.product_growth(AndersonTransfer(0.3, 2.0), "logdet").lyapunov == 0.0
    matrices = [[[2.0, 1.0], [0.0, 3.0]], [[1.0, 1.0], [-1.0, 1.0]], np.zeros((2, 2))]
    ensemble = FiniteSet(matrices, [0.25, 0.75, 0.0])
    expected = 0.25 * math.log(6.0) + 0.75 * math.log(2.0)
    assert theory.product_growth(ensemble, "logdet").lyapunov == pytest.approx(expected)
    singular = FiniteSet(matrices, [0.25, 0.5, 0.25])
    assert theory.product_growth(singular, "logdet").lyapunov == -math.inf
    assert theory.product_growth(FiniteSet.random_fibonacci(), "logdet").lyapunov == 0.0
    scaled = theory.product_growth(Haar(3, scale=0.5), "logdet")
    assert scaled.lyapunov == pytest.approx(3 * math.log(0.5))


@pytest.mark.parametrize("norm", ["vector", "frobenius", "spectral"])
def test_all_norms_grow_at_the_same_rate(norm):
    for ensemble in (Ginibre(3), TruncatedHaar(2, 5), Shifted(Ginibre(3), scale=0.5)):
        exact = theory.product_growth(ensemble, norm)
        assert exact.lyapunov == theory.product_growth(ensemble).lyapunov
        assert (exact.law is None) == (norm != "vector")
    lloyd = theory.product_growth(AndersonTransfer(0.5, 2.0, distribution="cauchy"), norm)
    assert lloyd == theory.ExactGrowth(theory.lloyd_exponent(0.5, 2.0))
    fibonacci = theory.product_growth(FiniteSet.random_fibonacci(), norm)
    assert fibonacci == theory.ExactGrowth(theory.random_fibonacci_exponent())


def fill(rng, out):
    out[0, 0] = rng.random()


@pytest.mark.parametrize(
    ("ensemble", "norm"),
    [
        (IID(3, "uniform"), "vector"),
        (IID(3, "uniform"), "logdet"),
        (AndersonTransfer(0.0, 1.0), "vector"),
        (AndersonTransfer(0.0, 1.0, distribution="gaussian"), "frobenius"),
        # What is known of a chain is not what a strip or a bar does.
        (AndersonTransfer(0.0, 1.0, distribution="cauchy", width=2), "vector"),
        (AndersonTransfer(0.5, 1.0, distribution="cauchy", width=(2, 2)), "spectral"),
        (FiniteSet([[[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]]]), "spectral"),
        (Shifted(Ginibre(3), scale=0.1), "logdet"),
        (Shifted(Haar(3), scale=0.1), "vector"),
        (Shifted(IID(3, "uniform"), scale=0.1), "vector"),
        (Shifted(Ginibre(3), scale=0.0), "vector"),
        (Custom(2, fill), "logdet"),
    ],
    ids=repr,
)
def test_nothing_is_claimed_where_nothing_is_known(ensemble, norm):
    assert theory.product_growth(ensemble, norm) is None


def test_product_growth_checks_its_input():
    with pytest.raises(TypeError, match=r"^ensemble must be an Ensemble, got 4"):
        theory.product_growth(4)
    with pytest.raises(ValueError, match=r"^norm must be one of .* got 'nuclear'"):
        theory.product_growth(Ginibre(2), "nuclear")


def test_laws_of_growth_at_the_ends_of_the_float_range():
    shifted = theory.product_growth(Shifted(Ginibre(2), scale=0.1)).law
    # A moment of a noncentral chi variable, whose terms overflow.
    exact = mp.log(mpc(0.02) ** 500 * mp.gamma(501) * mp.hyp1f1(-500, 1, -50)).real
    assert shifted.log_moment(1000.0).real == pytest.approx(float(exact), rel=1e-12)
    assert shifted.pdf([-math.inf, 1e308], 3).tolist() == [0.0, 0.0]
    with pytest.raises(
        ValueError, match=r"^q must be made of finite numbers, of this law up to 1e"
    ):
        shifted.log_moment(1e300)
    with pytest.raises(TypeError, match=r"^depth must be made of non-negative integers"):
        shifted.mean(1.5)
