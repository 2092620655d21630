"""Exact Lyapunov spectra and moment exponents, each held against matrices or another formula."""

import itertools
import math

import numpy as np
import pytest
from laws import LARGEST_Z, assert_law, assert_mean, assert_z
from mpmath import mp
from scipy import integrate, special, stats

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
from stabsim.ensembles import Alternating, Rectangular, Wishart

SHEARS = [[[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]]]


def fill(rng, out):
    out[0, 0] = rng.random()


def triangular_logarithms(matrices):
    """Return ln|r_ii| of the triangular factors of matrices."""
    return np.log(abs(np.diagonal(np.linalg.qr(matrices)[1], axis1=1, axis2=2)))


def gaussians(rng, shape, field):
    if field == "quaternion":
        a, b = (gaussians(rng, shape, "complex") / math.sqrt(2.0) for _ in range(2))
        pairs = np.stack([np.stack([a, b], -1), np.stack([-b.conj(), a.conj()], -1)], -2)
        count, n = shape[0], shape[1]
        return pairs.transpose(0, 1, 3, 2, 4).reshape(count, 2 * n, 2 * n)
    A = rng.standard_normal(shape)
    if field == "complex":
        A = (A + 1j * rng.standard_normal(shape)) / math.sqrt(2.0)
    return A


def chains(ensemble, seed=1, lanes=2000, steps=300, warmup=30):
    """Return the finite-time exponents (lanes, n) of chains of matrices from a finite set."""
    rng, n = np.random.default_rng(seed), ensemble.n
    frames = np.linalg.qr(rng.standard_normal((lanes, n, n)))[0]
    total = np.zeros((lanes, n))
    for step in range(warmup + steps):
        picks = rng.choice(len(ensemble.matrices), lanes, p=ensemble.probabilities)
        frames, R = np.linalg.qr(ensemble.matrices[picks] @ frames)
        if step >= warmup:
            total += np.log(abs(np.diagonal(R, axis1=1, axis2=2)))
    return total / steps


@pytest.mark.parametrize("field", ["real", "complex", "quaternion"])
def test_triangular_factors_of_gaussian_matrices(field):
    rng, n = np.random.default_rng(6), 3
    logarithms = triangular_logarithms(1.5 * gaussians(rng, (4000, n, n), field))
    if field == "quaternion":
        np.testing.assert_allclose(logarithms[:, ::2], logarithms[:, 1::2], atol=1e-12)
        logarithms = logarithms[:, ::2]
    exponents = theory.ginibre_exponents(n, sigma=1.5, field=field)
    variances = theory.ginibre_variances(n, field=field)
    for i in range(n):
        assert_mean(logarithms[:, i], exponents[i])
        assert_mean((logarithms[:, i] - exponents[i]) ** 2, variances[i])
    with pytest.raises(AssertionError, match="z ="):
        assert_mean(logarithms[:, 0], exponents[0] + 0.1)


@pytest.mark.parametrize("field", ["real", "complex"])
def test_triangular_factors_of_corners(field):
    rng, n, size = np.random.default_rng(7), 2, 4
    corners = np.linalg.qr(gaussians(rng, (4000, size, size), field))[0][:, :n, :n]
    logarithms = triangular_logarithms(corners)
    exponents = theory.truncated_haar_exponents(n, size, field=field)
    variances = theory.truncated_haar_variances(n, size, field=field)
    parts = 2 if field == "complex" else 1
    for i in range(n):
        assert_mean(logarithms[:, i], exponents[i])
        assert_mean((logarithms[:, i] - exponents[i]) ** 2, variances[i])
        law = stats.beta(0.5 * parts * (n - i), 0.5 * parts * (size - n))
        assert_law(np.exp(2.0 * logarithms[:, i]), law.cdf)
        squares = law.expect(lambda x: np.log(x) / 2)
        assert exponents[i] == pytest.approx(squares, abs=1e-6)
    with pytest.raises(AssertionError, match="Kolmogorov"):
        assert_law(np.exp(logarithms[:, 0]), law.cdf)


def test_whole_haar_matrices_neither_grow_nor_vary():
    np.testing.assert_array_equal(theory.truncated_haar_exponents(3, 3), 0.0)
    np.testing.assert_array_equal(theory.truncated_haar_variances(3, 3, field="quaternion"), 0.0)
    large = theory.truncated_haar_exponents(2, 10**6)
    # A small corner of a large matrix is Gaussian.
    gaussian = theory.ginibre_exponents(2, sigma=1e-3)
    np.testing.assert_allclose(large, gaussian, atol=2e-6)


@pytest.mark.parametrize("field", ["real", "complex"])
def test_largest_exponent_of_anisotropic_gaussians(field):
    rng, variances = np.random.default_rng(8), np.array([9.0, 1.0, 0.01])
    squares = abs(gaussians(rng, (20_000, 3), field)) ** 2
    exponent = theory.anisotropic_gaussian_exponent(variances, field=field)
    assert_mean(0.5 * np.log(squares @ variances), exponent)
    with pytest.raises(AssertionError, match="z ="):
        assert_mean(0.5 * np.log(squares @ variances), exponent + 0.05)


def test_anisotropic_gaussians_in_closed_form():
    exponent = theory.anisotropic_gaussian_exponent
    for n in (1, 2, 5, 300):
        for field in ("real", "complex"):
            isotropic = theory.ginibre_exponents(n, sigma=3.0, field=field)[0]
            assert exponent(np.full(n, 9.0), field=field) == pytest.approx(isotropic, abs=1e-13)
    # The mean of ln|(a cos, b sin)| over the circle is ln((a + b)/2).
    for a, b in ((1.0, 3.0), (1.0, 1e-50), (1e100, 1e80)):
        exact = math.log((a + b) / 2) + theory.ginibre_exponents(2)[0]
        assert exponent([a * a, b * b]) == pytest.approx(exact, rel=1e-13, abs=1e-13)
    # A spike in many dimensions adds its share to the squared length.
    n = 10_000
    spiked = exponent([n + 1.0] + [1.0] * (n - 1))
    mean = integrate.quad(lambda g: math.log(n + n * g * g) * stats.norm.pdf(g), -12, 12)[0] / 2
    assert spiked == pytest.approx(mean, abs=1.0 / n)


@pytest.mark.parametrize("field", ["real", "complex"])
@pytest.mark.parametrize("n", [1, 3, 8])
def test_near_identity_is_the_limit_of_residual_steps(n, field):
    growth = []
    for scale in (0.02, 0.01):
        exact = theory.product_growth(Shifted(Ginibre(n, field=field), scale=scale)).lyapunov
        near = theory.near_identity_exponents(n, scale=scale, field=field)
        growth.append(abs(exact - near[0]))
        assert growth[-1] < 10 * n**2 * scale**4
    # The error is of the fourth order, down to rounding.
    assert growth[1] < growth[0] / 8 + 1e-13


@pytest.mark.parametrize("field", ["real", "complex"])
def test_whole_spectrum_near_the_identity(field):
    rng, n, scale, lanes, steps = np.random.default_rng(9), 3, 0.1, 1000, 100
    frames = np.broadcast_to(np.eye(n), (lanes, n, n))
    total = np.zeros((lanes, n))
    for _ in range(steps):
        frames, R = np.linalg.qr(frames + scale * gaussians(rng, (lanes, n, n), field) @ frames)
        total += np.log(abs(np.diagonal(R, axis1=1, axis2=2))) / steps
    near = theory.near_identity_exponents(n, scale=scale, field=field)
    for i in range(n):
        # The next order is some multiple of scale⁴, far below the error of this sample.
        assert_mean(total[:, i], near[i])
    other = theory.near_identity_exponents(n, scale=2 * scale, field=field)
    with pytest.raises(AssertionError, match="z ="):
        assert_mean(total[:, 2], other[2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.ginibre_variances(0), "^n must be"),
        (lambda: theory.ginibre_exponents(2, field="octonion"), "^field must be one of"),
        (lambda: theory.truncated_haar_exponents(3, 2), "^size must be an integer of at least 3"),
        (lambda: theory.near_identity_exponents(2, scale=math.nan), "^scale must be"),
        (lambda: theory.near_identity_exponents(2, scale=1.0, field="quaternion"), "^field must"),
        (
            lambda: theory.anisotropic_gaussian_exponent([]),
            r"^variances must be .* got shape \(0,\)",
        ),
        (lambda: theory.anisotropic_gaussian_exponent([1.0, -1.0]), "^variances must be"),
        (lambda: theory.anisotropic_gaussian_exponent([[1.0], [1.0, 2.0]]), "^variances must be"),
        (lambda: theory.anisotropic_gaussian_exponent([1.0, 1e-101]), "^variances must be"),
        (lambda: theory.shear_pair_exponent(1.0), "^probability must be"),
        (lambda: theory.cauchy_entry_exponent(0.0, 1.0, corner=0.0), "^corner must be"),
        (lambda: theory.cauchy_entry_exponent(0.0, -1.0), "^scale must be"),
        (lambda: theory.lyapunov_spectrum(4), "^ensemble must be an Ensemble, got 4"),
        (lambda: theory.moment_exponents(4, [1.0]), "^ensemble must be an Ensemble, got 4"),
        (lambda: theory.moment_exponents(Ginibre(2), 1.0), "^q must be a vector"),
        (lambda: theory.moment_exponents(Ginibre(2), [math.inf]), "^q must be a vector"),
        (lambda: theory.moment_exponents(Ginibre(2), ["one"]), "^q must be a vector"),
    ],
    ids=[str(i) for i in range(17)],
)
def test_the_theory_checks_its_input(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


# The two-by-two families.


def question_mark(x, terms=60):
    """Return Minkowski's question mark of x in [0, 1]: binary digits from a continued fraction."""
    value, sign, exponent = 0.0, 1.0, 1.0
    for _ in range(terms):
        if x < 1e-13:
            break
        quotient = math.floor(1.0 / x + 1e-13)
        x = 1.0 / x - quotient
        exponent -= quotient
        value += sign * 2.0**exponent
        sign = -sign
    return value


def test_shear_pair_is_an_integral_against_minkowskis_measure():
    # By parts: the integral of ln(1 + x) is ln 2 less that of ?(x)/(1 + x).
    points = (np.arange(4000) + 0.5) / 4000
    integral = np.mean([question_mark(x) / (1.0 + x) for x in points])
    exponent = theory.shear_pair_exponent()
    assert exponent == pytest.approx(math.log(2.0) - integral, abs=1e-5)
    # Kinney's constant, to the digits of the literature.
    assert math.log(2.0) / (2.0 * exponent) == pytest.approx(0.874716305108, abs=5e-13)


def test_shear_pair_over_the_levels_of_stern_and_brocots_tree():
    # The mean of ln(x + y) over level k grows by the exponent per level.
    pairs, means = np.array([[1.0, 1.0]]), []
    for _ in range(18):
        sums = pairs.sum(axis=1)
        means.append(np.log(sums).mean())
        pairs = np.concatenate([np.c_[sums, pairs[:, 1]], np.c_[pairs[:, 0], sums]])
    assert means[-1] - means[-2] == pytest.approx(theory.shear_pair_exponent(), abs=1e-8)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.8])
def test_shear_pair_by_brute_force(probability):
    ensemble = FiniteSet(SHEARS, [probability, 1.0 - probability])
    exponents = chains(ensemble)
    exact = theory.shear_pair_exponent(probability)
    assert_mean(exponents[:, 0], exact)
    with pytest.raises(AssertionError, match="z ="):
        assert_mean(exponents[:, 0], 1.02 * exact)
    assert exact == pytest.approx(theory.shear_pair_exponent(1.0 - probability), rel=1e-12)
    spectrum = theory.lyapunov_spectrum(FiniteSet(SHEARS[::-1], [1.0 - probability, probability]))
    np.testing.assert_allclose(spectrum.exponents, [exact, -exact], rtol=1e-12)


@pytest.mark.parametrize(
    ("location", "scale", "corner"), [(0.5, 1.0, 1.0), (1.0, 0.3, 2.5), (-2.0, 0.5, -3.0)]
)
def test_one_cauchy_entry_by_brute_force(location, scale, corner):
    rng = np.random.default_rng(10)
    ratio, total = np.ones(4000), np.zeros(4000)
    for step in range(220):
        ratio = location + scale * rng.standard_cauchy(ratio.size) + corner / ratio
        if step >= 20:
            total += np.log(abs(ratio)) / 200
    exact = theory.cauchy_entry_exponent(location, scale, corner=corner)
    assert_mean(total, exact)
    with pytest.raises(AssertionError, match="z ="):
        assert_mean(total, exact + 0.02)


def test_one_cauchy_entry_without_disorder_is_an_eigenvalue():
    for location, corner in ((0.5, 1.0), (-3.0, -0.5), (0.3, -2.0), (1.0, 7.0)):
        eigenvalues = np.linalg.eigvals([[location, corner], [1.0, 0.0]])
        exact = theory.cauchy_entry_exponent(location, 0.0, corner=corner)
        assert exact == pytest.approx(math.log(abs(eigenvalues).max()), abs=1e-14)


# The Anderson model with weak disorder.


def anderson_ratios(energy, disorder, lanes=3000, steps=3000, seed=11):
    """Return the finite-time exponents of chains of Gaussian disorder."""
    rng = np.random.default_rng(seed)
    ratio, total = rng.standard_cauchy(lanes), np.zeros(lanes)
    for step in range(steps + 300):
        ratio = energy - disorder * rng.standard_normal(lanes) - 1.0 / ratio
        if step >= 300:
            total += np.log(abs(ratio)) / steps
    return total


def test_band_centre_anomaly():
    exponent = theory.anderson_band_centre_exponent
    anomaly = (special.gamma(0.75) / special.gamma(0.25)) ** 2
    assert exponent(0.0, 1.0, distribution="gaussian") == pytest.approx(anomaly, rel=1e-14)
    assert exponent(0.0, 2.0) == pytest.approx(anomaly / 3.0, rel=1e-14)
    assert 1.0 / exponent(0.0, 1.0) == pytest.approx(105.045, abs=5e-4)
    # Far from the centre it is Born's value at the centre, from below.
    born = theory.anderson_weak_disorder_exponent(0.0, 1.0)
    assert born == pytest.approx(1.0 / 96.0, rel=1e-15)
    assert exponent(1e3, 1.0) == pytest.approx(born, rel=1e-6)
    assert exponent(-0.1, 1.0) == exponent(0.1, 1.0)
    energies = np.linspace(0.0, 1.0, 30)
    assert (np.diff([exponent(e, 1.0) for e in energies]) > 0.0).all()
    assert exponent(0.3, 0.0) == 0.0


def box_exponent(energy, disorder, order=24, points=256):
    """Return the exponent of box disorder, by the Fourier series of the direction's density."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    angle = np.arange(points) * math.pi / points
    x = (energy - 0.5 * disorder * nodes[:, None]) * np.cos(angle) - np.sin(angle)
    y = np.cos(angle)
    # A coefficient of the next density is the mean of its wave at the images of directions.
    k = np.arange(-order, order + 1)
    waves = np.exp(-2j * np.multiply.outer(np.arctan2(y, x), k))
    step = np.tensordot(0.5 * weights, waves, axes=1).T
    back = np.exp(2j * np.multiply.outer(angle, k))
    equations = step @ back / points - np.eye(k.size)
    # The equation of k = 0 is empty; in its place stands the norm.
    equations[order] = k == 0
    density = (back @ np.linalg.solve(equations, (k == 0).astype(complex))).real
    return float((0.5 * weights @ np.log(np.hypot(x, y)) * density).mean())


def test_what_the_limits_of_weak_disorder_leave_out():
    # Far above the accuracy of the series, and below any simulation's.
    assert box_exponent(0.0, 0.4) == pytest.approx(box_exponent(0.0, 0.4, 16, 128), rel=1e-10)
    for disorder in (0.1, 0.2, 0.4):
        limit = theory.anderson_band_centre_exponent(0.0, disorder)
        beyond = box_exponent(0.0, disorder) / limit - 1.0
        assert beyond == pytest.approx(0.00875 * disorder**2, rel=0.01)
        born = theory.anderson_weak_disorder_exponent(1.0, disorder)
        assert box_exponent(1.0, disorder) / born == pytest.approx(1.0, abs=0.03 * disorder**2)


@pytest.mark.parametrize("kappa", [0.1, 1.0, 3.0])
def test_band_centre_crossover_is_the_integral_over_the_stationary_density(kappa):
    # q = √D p solves q' + κ q/D = const/√D, periodically, by variation of constants.
    angle = np.linspace(0.0, 0.5 * math.pi, 20_001)
    D = np.cos(angle) ** 4 + np.sin(angle) ** 4
    phase = integrate.cumulative_simpson(1.0 / D, x=angle, initial=0.0)
    source = np.exp(kappa * (phase - phase[-1])) / np.sqrt(D)
    driven = integrate.cumulative_simpson(source, x=angle, initial=0.0)
    start = driven[-1] / (1.0 - math.exp(-kappa * phase[-1]))
    q = np.exp(-kappa * phase) * start + np.exp(-kappa * (phase - phase[-1])) * driven
    density = q / np.sqrt(D)
    mean = integrate.simpson(density * np.cos(2.0 * angle) ** 2, x=angle)
    mean /= integrate.simpson(density, x=angle)
    exact = theory.anderson_band_centre_exponent(0.5 * kappa, 1.0, distribution="gaussian")
    assert exact == pytest.approx(0.25 * mean, rel=1e-11)


@pytest.mark.parametrize("kappa", [0.0, 3.0])
def test_band_centre_by_brute_force(kappa):
    disorder = 0.2
    energy = 0.5 * kappa * disorder**2
    estimates = anderson_ratios(energy, disorder)
    exact = theory.anderson_band_centre_exponent(energy, disorder, distribution="gaussian")
    # The next order in the disorder is allowed for by 1 %; Born's value is 9 and 4 % away.
    error = estimates.std(ddof=1) / math.sqrt(estimates.size)
    assert abs(estimates.mean() / exact - 1.0) < 0.01 + LARGEST_Z * error / exact
    born = theory.anderson_weak_disorder_exponent(energy, disorder, distribution="gaussian")
    with pytest.raises(AssertionError, match="z ="):
        assert_z(estimates.mean(), born, error)


def test_band_edge_constant_and_crossover():
    exponent = theory.anderson_band_edge_exponent
    constant = 6.0 ** (1 / 3) * math.sqrt(math.pi) / (2.0 * special.gamma(1 / 6))
    for disorder in (1e-6, 0.1):
        at_edge = exponent(-2.0, disorder, distribution="gaussian")
        assert at_edge == pytest.approx(constant * disorder ** (2 / 3), rel=1e-13)
    # Inside it joins Born's value, outside the decay without disorder.
    inside = exponent(1.9, 1e-3, distribution="gaussian")
    born = theory.anderson_weak_disorder_exponent(1.9, 1e-3, distribution="gaussian")
    assert inside == pytest.approx(born * 3.9 / 4.0, rel=1e-6)
    assert exponent(2.0001, 1e-7) == pytest.approx(theory.lloyd_exponent(2.0001, 0.0), rel=1e-4)
    with pytest.raises(ValueError, match=r"^disorder must be large enough"):
        exponent(2.0, 0.0)


@pytest.mark.parametrize("x", [-1e5, -300.0, -31.0, -29.0, -3.0, 0.5, 50.0, 9e3, 2e4])
def test_band_edge_in_many_digits(x):
    disorder = 1e-5
    unit = math.cbrt(0.5 * disorder**2)
    energy = 2.0 + x * unit**2
    exponent = theory.anderson_band_edge_exponent(energy, disorder, distribution="gaussian")
    with mp.workdps(60):
        y = (mp.mpf(energy) - 2) / mp.mpf(unit) ** 2
        ai, bi = mp.airyai(y), mp.airybi(y)
        slope = ai * mp.airyai(y, derivative=1) + bi * mp.airybi(y, derivative=1)
        exact = float(unit * slope / (ai**2 + bi**2))
    assert exponent == pytest.approx(exact, rel=1e-11)


def test_band_edge_by_brute_force():
    disorder = 0.02
    estimates = anderson_ratios(2.0, disorder)
    exact = theory.anderson_band_edge_exponent(2.0, disorder, distribution="gaussian")
    error = estimates.std(ddof=1) / math.sqrt(estimates.size)
    # The next order is a relative σ^(2/3), with a small factor.
    assert abs(estimates.mean() / exact - 1.0) < 0.02 + LARGEST_Z * error / exact
    with pytest.raises(AssertionError, match="z ="):
        assert_z(estimates.mean(), 1.1 * exact, error)


@pytest.mark.parametrize("energy", [2.0, -2.0, 2.5])
def test_borns_value_is_for_the_band(energy):
    with pytest.raises(ValueError, match=r"^energy must be"):
        theory.anderson_weak_disorder_exponent(energy, 1.0)


def test_born_by_brute_force():
    estimates = anderson_ratios(1.0, 0.2)
    exact = theory.anderson_weak_disorder_exponent(1.0, 0.2, distribution="gaussian")
    error = estimates.std(ddof=1) / math.sqrt(estimates.size)
    assert abs(estimates.mean() / exact - 1.0) < 0.02 + LARGEST_Z * error / exact


@pytest.mark.parametrize("distribution", ["cauchy", "box"])
def test_weak_disorder_needs_a_variance(distribution):
    for exponent in (
        theory.anderson_weak_disorder_exponent,
        theory.anderson_band_centre_exponent,
        theory.anderson_band_edge_exponent,
    ):
        with pytest.raises(ValueError, match=r"^distribution must be one of 'uniform', 'gaussian'"):
            exponent(0.5, 1.0, distribution=distribution)


# Whole spectra.


@pytest.mark.parametrize("field", ["real", "complex"])
def test_spectra_of_rotation_invariant_ensembles(field):
    for ensemble, exponents, variances in (
        (
            Ginibre(3, sigma=0.5, field=field),
            theory.ginibre_exponents(3, sigma=0.5, field=field),
            theory.ginibre_variances(3, field=field),
        ),
        (Haar(3, field=field, scale=2.0), np.full(3, math.log(2.0)), np.zeros(3)),
        (
            TruncatedHaar(2, 5, field=field),
            theory.truncated_haar_exponents(2, 5, field=field),
            theory.truncated_haar_variances(2, 5, field=field),
        ),
    ):
        for factor in (1.0, -3.0):
            scaled = ensemble if factor == 1.0 else Shifted(ensemble, shift=0.0, scale=factor)
            spectrum = theory.lyapunov_spectrum(scaled)
            expected = exponents + math.log(abs(factor))
            np.testing.assert_allclose(spectrum.exponents, expected, rtol=1e-13)
            np.testing.assert_array_equal(spectrum.variances, variances)
            assert not spectrum.exponents.flags.writeable
        law = theory.product_growth(ensemble).law
        assert spectrum.variances[0] == pytest.approx(law.step_variance, abs=1e-15)
        total = theory.product_growth(ensemble, "logdet").lyapunov
        assert exponents.sum() == pytest.approx(total, rel=1e-13)


@pytest.mark.parametrize(("n", "degrees"), [(3, 4), (3, 2), (1, 2)])
@pytest.mark.parametrize("field", ["real", "complex"])
def test_spectra_and_moments_of_wishart_matrices(n, degrees, field):
    ensemble = Wishart(n, degrees, sigma=0.5, field=field)
    X = 0.5 * gaussians(np.random.default_rng(15), (4000, n, degrees), field)
    matrices = X @ np.swapaxes(X.conj(), 1, 2)
    spectrum = theory.lyapunov_spectrum(ensemble)
    known = min(n, degrees)
    logarithms = triangular_logarithms(matrices[..., :known])
    for i in range(known):
        assert_mean(logarithms[:, i], spectrum.exponents[i])
    np.testing.assert_array_equal(spectrum.exponents[known:], -math.inf)
    assert (np.diff(spectrum.exponents[:known]) < 0.0).all()
    stretches = np.linalg.norm(matrices[..., 0], axis=1)
    values = theory.moment_exponents(ensemble, [1.0, 0.5, 1e-6, -float(4 * degrees)])
    assert_mean(stretches, math.exp(values[0]))
    assert_mean(np.sqrt(stretches), math.exp(values[1]))
    assert values[2] / 1e-6 == pytest.approx(spectrum.exponents[0], abs=1e-5)
    assert values[3] == math.inf


def test_spectra_and_moments_of_rectangular_factors():
    widths, q = (2, 4, 3), np.array([-1.0, 0.5, 2.0])
    ensemble = Rectangular(widths, sigma=0.5, mode="fan_in")
    spectrum = theory.lyapunov_spectrum(ensemble)
    rows, sigmas = (4, 3, 2), [0.5 / math.sqrt(k) for k in widths]
    cycle = [theory.ginibre_exponents(n, sigma=s)[:2] for n, s in zip(rows, sigmas, strict=True)]
    np.testing.assert_allclose(spectrum.exponents[:2], np.mean(cycle, axis=0), rtol=1e-14)
    np.testing.assert_array_equal(spectrum.exponents[2:], -math.inf)
    # A cycle of drawn matrices, from one frame of the narrowest width to the next.
    rng = np.random.default_rng(16)
    product = np.broadcast_to(np.eye(2), (4000, 2, 2))
    total = np.zeros((4000, 2))
    for n, columns, sigma in zip(rows, widths, sigmas, strict=True):
        product, R = np.linalg.qr(sigma * rng.standard_normal((4000, n, columns)) @ product)
        total += np.log(abs(np.diagonal(R, axis1=1, axis2=2)))
    for i in range(2):
        assert_mean(total[:, i], 3 * spectrum.exponents[i])
        assert_mean((total[:, i] - 3 * spectrum.exponents[i]) ** 2, 3 * spectrum.variances[i])
    values = theory.moment_exponents(ensemble, q)
    for order, value in zip(q, values, strict=True):
        squares = [stats.chi2(n, scale=s * s) for n, s in zip(rows, sigmas, strict=True)]
        means = [math.log(law.expect(lambda x, p=order: x ** (0.5 * p))) for law in squares]
        assert value == pytest.approx(np.mean(means), abs=1e-7)


def test_spectra_and_moments_of_alternating_factors_are_means():
    members, q = (Ginibre(3), TruncatedHaar(3, 8, field="complex")), [1.0, 2.5]
    spectrum = theory.lyapunov_spectrum(Alternating(members))
    parts = [theory.lyapunov_spectrum(member) for member in members]
    for name in ("exponents", "variances"):
        mean = np.mean([getattr(part, name) for part in parts], axis=0)
        np.testing.assert_allclose(getattr(spectrum, name), mean, rtol=1e-14)
    values = theory.moment_exponents(Alternating(members), q)
    expected = np.mean([theory.moment_exponents(member, q) for member in members], axis=0)
    np.testing.assert_allclose(values, expected, rtol=1e-14)
    with_wishart = theory.lyapunov_spectrum(Alternating([Wishart(3, 1), Haar(3)]))
    assert with_wishart.variances is None
    np.testing.assert_array_equal(with_wishart.exponents[1:], -math.inf)
    kicked = Alternating([Haar(2), [[2.0, 0.0], [0.0, 0.5]]])
    assert theory.lyapunov_spectrum(kicked) is None
    assert theory.moment_exponents(kicked, [2.0]) is None


def test_bars_without_disorder_have_the_exponents_of_their_channels():
    ensemble = AndersonTransfer(2.7, 0.0, width=3)
    expected = np.sort(np.log(abs(np.linalg.eigvals(ensemble.sample()))))[::-1]
    spectrum = theory.lyapunov_spectrum(ensemble)
    np.testing.assert_allclose(spectrum.exponents, expected, atol=1e-13)
    assert (spectrum.variances == 0.0).all()
    # At the edge of the band the matrix is defective, and its eigenvalues lose half their digits.
    edge = theory.lyapunov_spectrum(AndersonTransfer(2.0, 0.0))
    np.testing.assert_array_equal(abs(edge.exponents), 0.0)
    assert theory.lyapunov_spectrum(AndersonTransfer(0.0, 1.0, width=2)) is None


def test_spectra_with_one_known_exponent():
    fibonacci = FiniteSet.random_fibonacci()
    value = theory.random_fibonacci_exponent()
    for ensemble in (fibonacci, FiniteSet(fibonacci.matrices[::-1])):
        np.testing.assert_array_equal(theory.lyapunov_spectrum(ensemble).exponents, [value, -value])
    lloyd = theory.lyapunov_spectrum(AndersonTransfer(0.5, 2.0, distribution="cauchy"))
    value = theory.lloyd_exponent(0.5, 2.0)
    np.testing.assert_array_equal(lloyd.exponents, [value, -value])
    assert lloyd.variances is None
    clean = theory.lyapunov_spectrum(AndersonTransfer(3.0, 0.0))
    value = theory.lloyd_exponent(3.0, 0.0)
    np.testing.assert_allclose(clean.exponents, [value, -value], rtol=1e-14)


FINITE = {
    "triangular": FiniteSet(
        [
            [[2.0, 5.0, 1.0], [0.0, 0.5, 1.0], [0.0, 0.0, 3.0]],
            [[1.0, -1.0, 0.0], [0.0, -0.3, 2.0], [0.0, 0.0, 1.5]],
        ],
        [0.3, 0.7],
    ),
    "lower": FiniteSet([[[2.0, 0.0], [7.0, 0.5]], [[1.0, 0.0], [1.0, 3.0]]], [0.25, 0.75]),
    "commuting": FiniteSet([[[2.0, 1.0], [1.0, 2.0]], [[1.0, 3.0], [3.0, 1.0]]], [0.4, 0.6]),
    "similarities": FiniteSet([[[0.0, -2.0], [2.0, 0.0]], [[0.5, 0.0], [0.0, -0.5]]], [0.4, 0.6]),
}


@pytest.mark.parametrize("name", FINITE)
def test_spectra_of_simple_finite_sets_by_brute_force(name):
    ensemble, steps = FINITE[name], 300
    spectrum = theory.lyapunov_spectrum(ensemble)
    assert (np.diff(spectrum.exponents) <= 0.0).all()
    estimates = chains(ensemble, lanes=500, steps=steps)
    for i in range(ensemble.n):
        # What the frame keeps of its start is a bounded term, of the order 1/steps.
        error = estimates[:, i].std(ddof=1) / math.sqrt(len(estimates))
        assert abs(estimates[:, i].mean() - spectrum.exponents[i]) < 1.0 / steps + LARGEST_Z * error
        squares = steps * (estimates[:, i] - estimates[:, i].mean()) ** 2
        away = squares.std(ddof=1) / math.sqrt(len(squares))
        assert abs(squares.mean() - spectrum.variances[i]) < LARGEST_Z * away + 0.05
    determinant = theory.product_growth(ensemble, "logdet").lyapunov
    assert spectrum.exponents.sum() == pytest.approx(determinant, abs=1e-12)


def test_spectrum_of_matrices_of_rank_one():
    u, v = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[0.5, 1.0], [-1.0, 4.0]])
    ensemble = FiniteSet(np.einsum("ia,ib->iab", u, v), [0.3, 0.7])
    p = ensemble.probabilities
    growth = np.log(abs(u @ v.T))
    spectrum = theory.lyapunov_spectrum(ensemble)
    assert spectrum.exponents[0] == pytest.approx(p @ growth @ p, rel=1e-13)
    assert spectrum.exponents[1] == -math.inf
    # All products of some length, weighted: the variance of a sum of growths that share matrices.
    lengths = (8, 9)
    variances = []
    for length in lengths:
        words = np.array(list(itertools.product((0, 1), repeat=length + 1)))
        weights = p[words].prod(axis=1)
        sums = growth[words[:, :-1], words[:, 1:]].sum(axis=1)
        variances.append(weights @ sums**2 - (weights @ sums) ** 2)
    assert spectrum.variances[0] == pytest.approx(variances[1] - variances[0], rel=1e-10)
    assert spectrum.variances[1] == 0.0
    # One vanishing overlap ends all products.
    lost = FiniteSet([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 1.0]]])
    np.testing.assert_array_equal(theory.lyapunov_spectrum(lost).exponents, [-math.inf] * 2)


def test_spectra_of_single_and_singular_matrices():
    A = np.random.default_rng(12).standard_normal((4, 4))
    expected = np.sort(np.log(abs(np.linalg.eigvals(A))))[::-1]
    for ensemble in (
        FiniteSet([A]),
        FiniteSet([A, np.eye(4)], [1.0, 0.0]),
        Shifted(FiniteSet([(A - np.eye(4)) / 2.0]), scale=2.0),
    ):
        spectrum = theory.lyapunov_spectrum(ensemble)
        np.testing.assert_allclose(spectrum.exponents, expected, rtol=1e-10)
        np.testing.assert_array_equal(spectrum.variances, 0.0)
    singular = theory.lyapunov_spectrum(FiniteSet([[[1.0, 2.0], [2.0, 4.0]]]))
    np.testing.assert_allclose(singular.exponents, [math.log(5.0), -math.inf])
    vanishing = FiniteSet([A, np.zeros((4, 4))], [0.9, 0.1])
    np.testing.assert_array_equal(theory.lyapunov_spectrum(vanishing).exponents, -math.inf)
    identity = theory.lyapunov_spectrum(Shifted(Ginibre(3), shift=-2.0, scale=0.0))
    np.testing.assert_allclose(identity.exponents, math.log(2.0))


@pytest.mark.parametrize("exponent", [-900, 900])
def test_simple_finite_sets_keep_their_exponents_however_large(exponent):
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    commuting = np.array([[2.0, 1.0], [1.0, 2.0]])
    for matrices in ([turn, 2.0 * turn], [commuting, commuting @ commuting]):
        plain = theory.lyapunov_spectrum(FiniteSet(matrices)).exponents
        scaled = [matrix * 2.0**exponent for matrix in matrices]
        large = theory.lyapunov_spectrum(FiniteSet(scaled)).exponents
        np.testing.assert_allclose(large, plain + exponent * math.log(2.0), rtol=1e-14)
        orders = np.array([-0.5, 1.0, 2.0])
        plain = theory.moment_exponents(FiniteSet(matrices), orders)
        large = theory.moment_exponents(FiniteSet(scaled), orders)
        assert np.isfinite(plain[1:]).all()
        np.testing.assert_allclose(large, plain + orders * exponent * math.log(2.0), rtol=1e-13)


def test_equal_exponents_that_vary_have_no_variances():
    swapped = FiniteSet([[[2.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 2.0]]])
    spectrum = theory.lyapunov_spectrum(swapped)
    np.testing.assert_allclose(spectrum.exponents, 0.5 * math.log(2.0))
    assert spectrum.variances is None


ENTRIES = [
    (IID(1, "uniform", sigma=2.0), stats.uniform(-math.sqrt(12.0), 2.0 * math.sqrt(12.0))),
    (IID(1, "laplace"), stats.laplace(scale=math.sqrt(0.5))),
    (IID(1, "student_t", degrees_of_freedom=3.0), stats.t(3.0, scale=math.sqrt(1 / 3))),
    (IID(1, "student_t", degrees_of_freedom=1.5, sigma=2.0), stats.t(1.5, scale=2.0)),
    (IID(1, "cauchy", sigma=0.5), stats.cauchy(scale=0.5)),
    (IID(1, "stable", stability=2.0), stats.norm(scale=math.sqrt(2.0))),
    (IID(1, "sparse", density=1.0, sigma=0.5), stats.norm(scale=0.5)),
    (Shifted(Ginibre(1), scale=0.5), stats.norm(1.0, 0.5)),
]


def test_spectrum_of_a_stable_scalar():
    # The moments E|x|^q of the law with the characteristic function exp(-|t|^a).
    a, h = 1.5, 1e-3

    def log_moment(q):
        ratio = special.gammaln(0.5 * (1 + q)) + special.gammaln(1 - q / a)
        return q * math.log(2.0) + ratio - special.gammaln(0.5) - special.gammaln(1 - q / 2)

    spectrum = theory.lyapunov_spectrum(IID(1, "stable", stability=a))
    slope = (log_moment(h) - log_moment(-h)) / (2 * h)
    assert spectrum.exponents[0] == pytest.approx(slope, abs=1e-5)
    curvature = (log_moment(h) + log_moment(-h)) / h**2
    assert spectrum.variances[0] == pytest.approx(curvature, abs=1e-4)


@pytest.mark.parametrize(("ensemble", "law"), ENTRIES, ids=[repr(e) for e, _ in ENTRIES])
def test_spectra_of_scalars(ensemble, law):
    spectrum = theory.lyapunov_spectrum(ensemble)

    def mean(power):
        def weight(y):
            x = math.exp(y)
            return y**power * x * (law.pdf(x) + law.pdf(-x))

        return integrate.quad(weight, -60.0, 60.0, points=(-5, -1, 0, 1, 5), limit=500)[0]

    assert spectrum.exponents[0] == pytest.approx(mean(1), abs=1e-7)
    assert spectrum.variances[0] == pytest.approx(mean(2) - mean(1) ** 2, abs=1e-6)


def test_spectra_of_scalars_that_are_signs_or_vanish():
    signs = theory.lyapunov_spectrum(IID(1, "rademacher", sigma=3.0))
    assert (signs.exponents[0], signs.variances[0]) == (math.log(3.0), 0.0)
    sparse = theory.lyapunov_spectrum(IID(1, "sparse", density=0.5))
    assert (sparse.exponents[0], sparse.variances[0]) == (-math.inf, 0.0)


@pytest.mark.parametrize(
    "ensemble",
    [
        IID(2, "uniform"),
        AndersonTransfer(0.0, 1.0),
        Shifted(Ginibre(2), scale=0.1),
        Shifted(IID(2, "laplace"), shift=0.0, scale=2.0),
        Shifted(IID(1, "laplace"), scale=2.0),
        FiniteSet([[[1.0, 2.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]]]),
        FiniteSet([[[1.0, 1.0], [1.0, 0.0]], [[0.0, 1.0], [3.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]]]),
        Custom(1, fill),
    ],
    ids=["iid", "anderson", "residual", "scaled", "scalar", "pair", "three", "custom"],
)
def test_no_spectrum_is_claimed_where_none_is_known(ensemble):
    assert theory.lyapunov_spectrum(ensemble) is None


# Moments.


@pytest.mark.parametrize(
    "ensemble",
    [Ginibre(4), Ginibre(2, sigma=0.5, field="complex"), TruncatedHaar(2, 6)],
    ids=repr,
)
def test_moments_of_isotropic_ensembles(ensemble):
    q = np.array([-1.5, 0.0, 1.0, 2.0, 3.7])
    law = theory.product_growth(ensemble).law
    values = theory.moment_exponents(ensemble, q)
    radial = law.radial
    degree = radial.degrees[0]
    squares = (
        stats.beta(0.5 * degree, 0.5 * radial.complement)
        if isinstance(ensemble, TruncatedHaar)
        else stats.chi2(degree, scale=radial.scale**2)
    )
    expected = [math.log(squares.expect(lambda x, p=p: x ** (0.5 * p))) for p in q]
    np.testing.assert_allclose(values, expected, atol=1e-7)
    below = theory.moment_exponents(ensemble, [-degree, -degree - 1.0])
    np.testing.assert_array_equal(below, math.inf)
    half = theory.moment_exponents(Shifted(ensemble, shift=0.0, scale=-0.5), q)
    np.testing.assert_allclose(half, values - q * math.log(2.0), atol=1e-13)


def test_moments_of_orthogonal_matrices_are_powers():
    q = [-20.0, 0.0, 3.0]
    np.testing.assert_allclose(
        theory.moment_exponents(Haar(2, scale=3.0), q), np.log(3.0) * np.array(q)
    )
    np.testing.assert_array_equal(theory.moment_exponents(TruncatedHaar(2, 2), q), 0.0)


def test_moments_of_residual_steps():
    squares = stats.ncx2(3, 4.0, scale=0.25)
    values = theory.moment_exponents(Shifted(Ginibre(3), scale=0.5), [1.0, 2.0, 4.0, -3.0])
    assert values[1] == pytest.approx(math.log(squares.mean()), rel=1e-12)
    assert values[2] == pytest.approx(math.log(squares.moment(2)), rel=1e-12)
    assert math.exp(values[0]) == pytest.approx(squares.expect(math.sqrt), rel=1e-7)
    assert values[3] == math.inf


def enumerated(ensemble, order, length):
    """Return ln of the mean power of the norm over all words, as its growth at the last letter."""
    start = np.array([0.6, 0.8, 0.3])[: ensemble.n]
    means, vectors, weights = [], start[None], np.ones(1)
    for _ in range(length):
        vectors = np.concatenate([vectors @ A.T for A in ensemble.matrices])
        weights = np.concatenate([weights * p for p in ensemble.probabilities])
        means.append(weights @ np.linalg.norm(vectors, axis=1) ** order)
    return math.log(means[-1] / means[-2])


@pytest.mark.parametrize(
    ("ensemble", "orders"),
    [
        (FiniteSet([[[1.0, 2.0], [0.5, -1.0]], [[0.3, 1.0], [1.0, 1.0]]], [0.4, 0.6]), (2, 4, 6)),
        (FiniteSet([[[1.0, 2j], [0.5, 1.0]], [[0.3, 1.0], [1j, 2.0]]]), (2, 4)),
        (FiniteSet(SHEARS), (1, 2, 3, 5)),
        (
            FiniteSet(np.random.default_rng(13).uniform(0.0, 1.0, (2, 3, 3)), [0.2, 0.8]),
            (1, 2, 3, 4),
        ),
    ],
    ids=["real", "complex", "shears", "non-negative"],
)
def test_moments_of_finite_sets_by_enumeration(ensemble, orders):
    values = theory.moment_exponents(ensemble, [0.0, *orders, 0.5])
    assert values[0] == 0.0
    assert math.isnan(values[-1])
    for order, value in zip(orders, values[1:], strict=False):
        assert value == pytest.approx(enumerated(ensemble, order, 15), abs=3e-5)
        assert value != pytest.approx(enumerated(ensemble, order + 1, 15), abs=1e-2)


def test_average_of_random_fibonacci_by_enumeration():
    # |x(t+1)| is the sum or the difference of the two numbers before, with equal chances.
    numbers, means = {(1, 1): 1.0}, []
    for _ in range(22):
        following = {}
        for (x, y), weight in numbers.items():
            for pair in ((y, x + y), (y, abs(x - y))):
                following[pair] = following.get(pair, 0.0) + 0.5 * weight
        numbers = following
        means.append(sum(weight * y for (_, y), weight in numbers.items()))
    first, second = np.exp(theory.moment_exponents(FiniteSet.random_fibonacci(), [1.0, 2.0]))
    assert first == pytest.approx(means[-1] / means[-2], abs=1e-3)
    assert second == pytest.approx((1.0 + math.sqrt(5.0)) / 2.0, rel=1e-14)
    alpha = first + 1.0
    assert alpha**3 == pytest.approx(2.0 * alpha**2 + 1.0, rel=1e-14)


def test_moments_are_those_of_the_simple_sets():
    q = np.array([-2.0, -0.5, 0.0, 0.7, 2.0, 5.0])
    scalars = theory.moment_exponents(FiniteSet([[[2.0]], [[-0.5]]], [0.25, 0.75]), q)
    np.testing.assert_allclose(np.exp(scalars), 0.25 * 2.0**q + 0.75 * 0.5**q, rtol=1e-13)
    with_zero = theory.moment_exponents(FiniteSet([[[2.0]], [[0.0]]]), q)
    np.testing.assert_allclose(with_zero[3:], np.log(0.5) + q[3:] * np.log(2.0))
    np.testing.assert_array_equal(with_zero[:3], [math.inf, math.inf, math.nan])
    single = theory.moment_exponents(FiniteSet([[[2.0, 1.0], [1.0, 3.0]]]), q)
    np.testing.assert_allclose(single, q * math.log((5.0 + math.sqrt(5.0)) / 2.0), atol=1e-13)
    # Rank one: by enumeration of the overlaps, and as a tensor for q = 2.
    u, v = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[0.5, 1.0], [-1.0, 4.0]])
    ensemble = FiniteSet(np.einsum("ia,ib->iab", u, v), [0.3, 0.7])
    values = theory.moment_exponents(ensemble, q)
    expected = [enumerated(ensemble, order, 12) for order in q]
    np.testing.assert_allclose(values[1:], expected[1:], atol=1e-9)
    assert values[0] == pytest.approx(expected[0], abs=0.01)  # which converges slowly
    nilpotent = theory.moment_exponents(FiniteSet([[[0.0, 1.0], [0.0, 0.0]]]), [-1.0, 0.0, 1.0])
    np.testing.assert_array_equal(nilpotent, [math.inf, math.nan, -math.inf])


def test_slope_at_zero_is_the_exponent_and_curvature_the_variance():
    u, v = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[0.5, 1.0], [-1.0, 4.0]])
    rank_one = FiniteSet(np.einsum("ia,ib->iab", u, v), [0.3, 0.7])
    h = 1e-3
    for ensemble in (rank_one, Ginibre(3), TruncatedHaar(3, 9), FINITE["similarities"]):
        low, middle, high = theory.moment_exponents(ensemble, [-h, 0.0, h])
        spectrum = theory.lyapunov_spectrum(ensemble)
        assert middle == pytest.approx(0.0, abs=1e-13)
        assert (high - low) / (2 * h) == pytest.approx(spectrum.exponents[0], abs=1e-5)
        assert (high + low) / h**2 == pytest.approx(spectrum.variances[0], abs=1e-4)


@pytest.mark.parametrize(("distribution", "kurtosis"), [("uniform", 1.8), ("gaussian", 3.0)])
def test_moments_of_the_anderson_chain(distribution, kurtosis):
    energy, disorder = 0.7, 1.3
    variance = disorder**2 / 12.0 if distribution == "uniform" else disorder**2
    ensemble = AndersonTransfer(energy, disorder, distribution=distribution)
    values = theory.moment_exponents(ensemble, [0.0, 2.0, 4.0, 1.0, 66.0])
    # The equations of the moments E x^(q-k) y^k of the two numbers of a vector, written out.
    m = [1.0, energy, energy**2 + variance]
    m.append(energy**3 + 3 * energy * variance)
    m.append(energy**4 + 6 * energy**2 * variance + kurtosis * variance**2)
    for value, q in ((values[1], 2), (values[2], 4)):
        matrix = np.zeros((q + 1, q + 1))
        for k in range(q + 1):
            for j in range(q - k + 1):
                matrix[k, j] = math.comb(q - k, j) * m[q - k - j] * (-1) ** j
        assert value == pytest.approx(math.log(abs(np.linalg.eigvals(matrix)).max()), rel=1e-12)
    assert values[0] == 0.0
    assert np.isnan(values[3:]).all()


def test_heavy_tails_have_no_moments():
    lloyd = AndersonTransfer(0.0, 1.0, distribution="cauchy")
    values = theory.moment_exponents(lloyd, [0.0, 0.5, 1.0, 2.0])
    np.testing.assert_array_equal(values, [0.0, math.nan, math.inf, math.inf])
    student = IID(2, "student_t", degrees_of_freedom=3.0)
    values = theory.moment_exponents(student, [2.0, 2.5, 3.0, 4.0])
    np.testing.assert_array_equal(values[1:], [math.nan, math.inf, math.inf])
    assert values[0] == pytest.approx(math.log(2.0))
    for ensemble in (IID(2, "cauchy"), IID(2, "stable", stability=1.0)):
        values = theory.moment_exponents(ensemble, [-2.0, 0.0, 0.5, 1.0, 2.0, 4.0])
        expected = [math.inf, 0.0, math.nan, math.inf, math.inf, math.inf]
        np.testing.assert_array_equal(values, expected)
    gaussian = theory.moment_exponents(IID(3, "stable", stability=2.0), [2.0, 4.0])
    twin = theory.moment_exponents(Ginibre(3, sigma=math.sqrt(2.0)), [2.0, 4.0])
    np.testing.assert_allclose(gaussian, twin, rtol=1e-13)


@pytest.mark.parametrize(
    ("distribution", "fourth"), [("rademacher", 1.0), ("uniform", 1.8), ("laplace", 6.0)]
)
def test_moments_of_independent_entries(distribution, fourth):
    n, sigma = 2, 1.5
    values = theory.moment_exponents(IID(n, distribution, sigma=sigma), [2.0, 4.0, 3.0, -2.0])
    assert values[0] == pytest.approx(math.log(n * sigma**2), rel=1e-14)
    # Three values with the first moments of an entry: zero, and a pair of opposite numbers.
    weight = 1.0 / fourth
    entries = (-math.sqrt(fourth), 0.0, math.sqrt(fourth))
    chances = (0.5 * weight, 1.0 - weight, 0.5 * weight)
    words = list(itertools.product(range(3), repeat=n * n))
    matrices = [
        [
            [sigma * entries[w[0]], sigma * entries[w[1]]],
            [sigma * entries[w[2]], sigma * entries[w[3]]],
        ]
        for w in words
    ]
    twin = FiniteSet(matrices, [math.prod(chances[i] for i in word) for word in words])
    second, exact = theory.moment_exponents(twin, [2.0, 4.0])
    assert second == pytest.approx(values[0], rel=1e-12)
    assert values[1] == pytest.approx(exact, rel=1e-12)
    assert math.isnan(values[2])
    assert values[3] == math.inf or distribution == "rademacher"


def test_no_moments_are_claimed_where_none_are_known():
    assert theory.moment_exponents(Custom(1, fill), [2.0]) is None
    assert theory.moment_exponents(Shifted(IID(2, "uniform"), scale=1.0), [2.0]) is None
    large = FiniteSet(np.random.default_rng(14).standard_normal((2, 9, 9)))
    assert np.isnan(theory.moment_exponents(large, [8.0])).all()


def test_the_band_edge_at_the_ends_of_the_float_range():
    # Far outside of the band the exponent is the root of the distance, whatever the disorder.
    assert theory.anderson_band_edge_exponent(1e308, 2.0) == pytest.approx(1e154, rel=1e-14)
    assert theory.anderson_band_edge_exponent(6.0, 8e-162) == pytest.approx(2.0, rel=1e-14)
    # Far inside it is that of Born's approximation.
    weak = theory.anderson_band_edge_exponent(0.0, 1e-100)
    assert weak == pytest.approx(1e-200 / 12.0 / 16.0, rel=1e-12)
