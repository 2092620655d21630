"""The limit laws of singular values and exponents, held against other formulas and matrices."""

import math

import numpy as np
import pytest
from laws import assert_law
from mpmath import mp, mpf
from scipy import integrate

from stabsim import theory
from stabsim.theory import FussCatalan, TriangularLaw


def parametric(factors, fraction):
    """Return the squared value, the density and the distribution function at an angle."""
    s, phi = factors, mpf(fraction) * mp.pi / (factors + 1)
    whole, part, sine = mp.sin((s + 1) * phi), mp.sin(s * phi), mp.sin(phi)
    x = whole ** (s + 1) / (sine * part**s)
    density = sine**2 * part ** (s - 1) / (mp.pi * whole**s)
    return x, density, 1 - ((s + 1) * phi - s * sine * whole / part) / mp.pi


@pytest.mark.parametrize("factors", [1, 2, 3, 10, 100])
def test_fuss_catalan_in_many_digits(factors):
    law = FussCatalan(factors)
    with mp.workdps(60):
        for fraction in ("0.02", "0.2", "0.45", "0.55", "0.9", "0.999"):
            x, density, probability = map(float, parametric(factors, fraction))
            assert law.pdf(x) == pytest.approx(density, rel=1e-10, abs=0.0)
            assert law.cdf(x) == pytest.approx(probability, rel=1e-12, abs=0.0)
            assert law.quantile(probability) == pytest.approx(x, rel=1e-10, abs=0.0)


def test_fuss_catalan_of_one_factor_is_marchenko_and_pasturs():
    law, x = FussCatalan(1), np.linspace(0.001, 3.999, 301)
    np.testing.assert_allclose(law.pdf(x), np.sqrt((4 - x) / x) / (2 * math.pi), atol=1e-14)


def test_fuss_catalan_of_two_factors_in_radicals():
    # The density of Penson and Życzkowski in terms of cube roots.
    law, x = FussCatalan(2), np.linspace(0.01, 6.74, 301)
    root = np.cbrt(27 + 3 * np.sqrt(81 - 12 * x))
    density = np.cbrt(2) * math.sqrt(3) * (np.cbrt(2) * root**2 - 6 * np.cbrt(x))
    density /= 12 * math.pi * np.cbrt(x) ** 2 * root
    np.testing.assert_allclose(law.pdf(x), density, atol=1e-13)


@pytest.mark.parametrize("factors", [1, 2, 5, 20])
def test_fuss_catalan_moments_are_integrals_and_numbers(factors):
    law = FussCatalan(factors)
    for order in (-0.5 / (factors + 1), 0.0, 0.5, 1.0, 2.0, 3.0, 4.0):
        # Over the quantile function, with a substitution that smooths both ends.
        nodes, weights = np.polynomial.legendre.leggauss(200)
        t = 0.5 + 0.5 * nodes
        level = t**4 * (35 - 84 * t + 70 * t**2 - 20 * t**3)
        powers = np.exp(order * law.log_quantile(level)) * 140 * (t * (1 - t)) ** 3
        assert law.moment(order) == pytest.approx(0.5 * weights @ powers, rel=1e-6)
        if order >= 0 and order.is_integer():
            m = int(order)
            number = math.comb((factors + 1) * m, m) // (factors * m + 1)
            assert law.moment(m) == pytest.approx(number, rel=1e-11)


@pytest.mark.parametrize("factors", [1, 3])
def test_fuss_catalan_density_is_the_slope_of_its_cdf(factors):
    law = FussCatalan(factors)
    low, high = 0.01, 0.99 * law.support[1]
    nodes, weights = np.polynomial.legendre.leggauss(200)
    x = np.exp(math.log(low) + (0.5 + 0.5 * nodes) * math.log(high / low))
    integral = 0.5 * math.log(high / low) * weights @ (x * law.pdf(x))
    assert law.cdf(high) - law.cdf(low) == pytest.approx(integral, abs=1e-10)


def test_fuss_catalan_at_and_beyond_its_ends():
    law = FussCatalan(2)
    assert law.support == (0.0, 6.75)
    np.testing.assert_array_equal(law.pdf([-1.0, 0.0, 6.75, 9.0]), [0.0, math.inf, 0.0, 0.0])
    np.testing.assert_array_equal(law.cdf([-math.inf, 0.0, 6.75, math.inf]), [0, 0, 1, 1])
    np.testing.assert_allclose(law.quantile([0.0, 1.0]), [0.0, 6.75], rtol=1e-15)
    assert law.quantile([[0.5, 0.25]]).shape == (1, 2)


def test_many_factors_spread_over_hundreds_of_decades():
    law, levels = FussCatalan(400), np.array([0.0, 0.001, 0.01, 0.5, 0.999, 1.0])
    np.testing.assert_array_equal(law.quantile(levels[:3]), 0.0)
    with mp.workdps(60):
        for fraction in ("0.01", "0.5", "0.999", "0.99999"):
            x, _, probability = parametric(400, fraction)
            exact = float(mp.log(x))
            assert law.log_quantile(float(probability)) == pytest.approx(exact, rel=1e-9)
    np.testing.assert_allclose(law.quantile(levels[3:]), np.exp(law.log_quantile(levels[3:])))


@pytest.mark.parametrize("factors", [1, 3])
def test_fuss_catalan_is_the_law_of_large_matrices(factors):
    rng, n = np.random.default_rng(4), 60
    squares = []
    for _ in range(40):
        product = np.eye(n)
        for _ in range(factors):
            product = rng.standard_normal((n, n)) @ product / math.sqrt(n)
        squares.append(np.linalg.svd(product, compute_uv=False) ** 2)
    levels = np.arange(0.5, n) / n
    middle = np.mean(np.sort(squares, axis=1), axis=0)
    # Eigenvalues are rigid: the mean of each is its quantile up to the order 1/n.
    away = abs(FussCatalan(factors).cdf(middle) - levels).max()
    assert away < 1.0 / n
    assert abs(FussCatalan(factors + 1).cdf(middle) - levels).max() > 3.0 / n


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FussCatalan(0), "^factors must be a positive integer, got 0"),
        (lambda: FussCatalan(1.5), "^factors must be a positive integer, got 1.5"),
        (lambda: FussCatalan(1001), "^factors must be at most 1000, got 1001"),
        (lambda: FussCatalan(2).moment(-0.5), r"^m must be above .* got -0.5"),
        (lambda: FussCatalan(2).quantile([0.5, 1.5]), r"^p must be probabilities in \[0, 1\]"),
        (lambda: FussCatalan(2).pdf("one"), "^x must be made of real numbers, got dtype <U3"),
        (lambda: FussCatalan(2).cdf(math.nan), "^x must be made of real numbers, got nan"),
        (lambda: TriangularLaw(0.0), "^sigma must be"),
        (lambda: TriangularLaw().quantile(-0.1), r"^p must be probabilities in \[0, 1\], got -0.1"),
        (lambda: TriangularLaw().cdf(math.nan), "^x must be made of real numbers, got nan"),
    ],
    ids=[
        "no factors",
        "half a factor",
        "many factors",
        "moment",
        "quantile",
        "word",
        "nan",
        "sigma",
        "level",
        "triangular nan",
    ],
)
def test_the_laws_check_their_input(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


@pytest.mark.parametrize("field", ["real", "complex", "quaternion"])
def test_newmans_exponents_tend_to_the_triangular_law(field):
    law = TriangularLaw(2.0)
    for n in (10, 1000):
        factors = np.exp(theory.ginibre_exponents(n, sigma=2.0 / math.sqrt(n), field=field))
        levels = (n - np.arange(n) - 0.5) / n
        assert abs(law.cdf(factors) - levels).max() < 0.5 / n


def test_triangular_law_is_a_distribution():
    law, levels = TriangularLaw(0.5), np.linspace(0.0, 1.0, 11)
    np.testing.assert_allclose(law.cdf(law.quantile(levels)), levels, atol=1e-15)
    np.testing.assert_array_equal(law.pdf([-0.1, 0.6]), 0.0)
    np.testing.assert_array_equal(law.cdf([-0.1, 0.6]), [0.0, 1.0])
    integral = integrate.quad(lambda x: float(law.pdf(x)), 0.0, 0.3)[0]
    assert law.cdf(0.3) == pytest.approx(integral, rel=1e-12)
    # The length of two Gaussians scaled into the disk: the radius of a uniform point.
    points = np.random.default_rng(5).uniform(-0.5, 0.5, (20_000, 2))
    radii = np.hypot(*points.T)
    assert_law(radii[radii < 0.5], law.cdf)
    with pytest.raises(AssertionError, match="Kolmogorov"):
        assert_law(radii[radii < 0.5], lambda x: np.clip(2 * x, 0, 1))


def test_laws_at_the_ends_of_the_float_range():
    assert FussCatalan(2).moment([1e308, math.inf]).tolist() == [math.inf, math.inf]
    assert FussCatalan(100).pdf([5e-324, 0.0, math.inf]).tolist() == [math.inf, math.inf, 0.0]
    narrow = TriangularLaw(1e-100)
    assert narrow.cdf([-1e308, 1e-101, 1e308]).round(12).tolist() == [0.0, 0.01, 1.0]
    assert narrow.pdf([-1e308, 1e308]).tolist() == [0.0, 0.0]
