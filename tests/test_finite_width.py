"""Exact laws at finite width, against enumeration, quadrature and drawn networks."""

import itertools
import math

import numpy as np
import pytest
from laws import assert_mean, assert_z
from scipy import integrate, special, stats

from stabsim import theory
from stabsim.activations import Activation
from stabsim.theory import LayerFactor
from stabsim.theory import finite_width as exact


def enumerated(n):
    """Sum over the number of active units, by SciPy's binomial law."""
    k = np.arange(1, n + 1)
    weights = stats.binom.pmf(k, n, 0.5) / (1.0 - 0.5**n)
    means = special.digamma(0.5 * k) + math.log(2.0)
    mean = weights @ means
    return mean, weights @ (special.polygamma(1, 0.5 * k) + (means - mean) ** 2)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 64, 1000, 4095, 4096, 50_000])
def test_relu_is_a_mixture_over_active_units(n):
    mean, variance = enumerated(n)
    layer = LayerFactor(n, sigma_w=math.sqrt(n))
    assert layer.log_mean == pytest.approx(mean, rel=1e-12, abs=1e-14)
    assert layer.log_variance == pytest.approx(variance, rel=1e-9)
    assert layer.dead_probability == 0.5**n


@pytest.mark.parametrize("n", [1, 5, 4096, 10**7])
def test_linear_layers_are_chi_square(n):
    layer = LayerFactor(n, 1.0, math.sqrt(n))
    assert layer.log_mean == pytest.approx(math.log(2.0) + special.digamma(0.5 * n))
    assert layer.log_variance == pytest.approx(special.polygamma(1, 0.5 * n), rel=1e-12)
    assert layer.dead_probability == 0.0


@pytest.mark.parametrize("a", [0.01, 0.2, 0.9])
def test_leaky_units_one_and_two(a):
    # One unit: a factor a² with chance one half. Two: integrate over the angle of (g1, g2).
    one = LayerFactor(1, a, 1.0)
    mean, variance = -np.euler_gamma - math.log(2.0), 0.5 * math.pi**2
    assert one.log_mean == pytest.approx(mean + math.log(a), abs=1e-13)
    assert one.log_variance == pytest.approx(variance + math.log(a) ** 2, rel=1e-13)

    def angular(power):
        def integrand(t):
            return math.log(math.cos(t) ** 2 + (a * math.sin(t)) ** 2) ** power

        value = integrate.quad(integrand, 0.0, 0.5 * math.pi, epsabs=1e-13, limit=200)[0]
        mixed = value / (0.5 * math.pi)
        return 0.25 * (2.0 * math.log(a)) ** power + 0.5 * mixed

    two = LayerFactor(2, a, math.sqrt(2.0))
    mean, variance = math.log(2.0) + special.digamma(1.0), special.polygamma(1, 1.0)
    assert two.log_mean == pytest.approx(mean + angular(1), abs=1e-11)
    assert two.log_variance == pytest.approx(variance + angular(2) - angular(1) ** 2, rel=1e-10)


@pytest.mark.parametrize("a", [0.01, 0.5, 0.999])
def test_integral_and_series_agree(a):
    for n in (1024, 4095):
        integral, series = exact.log_sum_moments(n, a), exact._series_log_moments(n, a)
        assert integral[0] == pytest.approx(series[0], rel=1e-13)
        assert integral[1] == pytest.approx(series[1], rel=2e-10)


def test_leaky_units_lie_between_relu_and_linear():
    relu, linear = LayerFactor(64, 0.0, 1.0), LayerFactor(64, 1.0, 1.0)
    almost_relu, almost_linear = LayerFactor(64, 1e-12, 1.0), LayerFactor(64, 1 - 1e-12, 1.0)
    assert almost_relu.log_mean == pytest.approx(relu.log_mean, rel=1e-12)
    assert almost_relu.log_variance == pytest.approx(relu.log_variance, rel=1e-12)
    assert almost_linear.log_mean == pytest.approx(linear.log_mean, abs=1e-11)
    assert almost_linear.log_variance == pytest.approx(linear.log_variance, rel=1e-10)


def test_steeper_left_slopes_are_the_mirror_image():
    for n in (1, 7, 5000):
        steep, flat = LayerFactor(n, -4.0, 1.0), LayerFactor(n, 0.25, 4.0)
        assert steep.log_mean == pytest.approx(flat.log_mean, abs=1e-13)
        assert steep.log_variance == pytest.approx(flat.log_variance, rel=1e-13)
        assert steep.moment(3) == pytest.approx(flat.moment(3), rel=1e-13)
    assert math.isfinite(LayerFactor(3, 1e-100).log_variance)
    assert math.isfinite(LayerFactor(3, 1e100).log_variance)


@pytest.mark.parametrize("n", [1, 2, 16, 1024, 10**7])
def test_published_moments(n):
    """Hanin and Nica: the second moment is 1 + 5/n for ReLU, and 1 + 2/n for linear layers."""
    for a, excess in ((0.0, 5.0), (1.0, 2.0)):
        layer = LayerFactor(n, a)
        assert layer.moment(0) == pytest.approx(1.0, rel=1e-14)
        assert layer.moment(1) == pytest.approx(1.0, rel=1e-13)
        assert layer.moment(2) == pytest.approx(1.0 + excess / n, rel=1e-13)
    k = np.arange(n + 1) if n <= 1024 else np.array([0])
    if n <= 1024:
        third = stats.binom.pmf(k, n, 0.5) @ (k * (k + 2.0) * (k + 4.0)) * (2.0 / n) ** 3
        assert LayerFactor(n).moment(3) == pytest.approx(third, rel=1e-11)


def test_wide_layers_spread_as_five_over_width():
    layer = LayerFactor(10**9)
    assert layer.log_variance * 1e9 == pytest.approx(5.0, rel=1e-8)
    assert layer.log_mean == pytest.approx(-2.5e-9, abs=1e-14)
    assert LayerFactor(3).moment(64) > 1e30
    assert LayerFactor(3, sigma_w=1e10).moment(64) == math.inf


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "width must be a positive integer, got 0"),
        ((2.0,), "width must be a positive integer"),
        ((3, math.nan), "negative_slope must be"),
        ((3, 0.0, 0.0), "sigma_w must be a finite real number above 0"),
    ],
)
def test_bad_factors(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        LayerFactor(*arguments)


def test_bad_orders():
    with pytest.raises(ValueError, match="order must be at most 64, got 65"):
        LayerFactor(3).moment(65)


# ------------------------------------------------------------------- whole networks

TRIALS = 20_000


def drawn(widths, sigma_w, slopes, seed):
    """Draw all weights, and return the log-norms of signals and gradients, (L+1, trials)."""
    rng = np.random.default_rng(seed)
    x = np.ones((TRIALS, widths[0]))
    weights, derivatives, signals = [], [], [x]
    for layer, (fan_in, n) in enumerate(itertools.pairwise(widths)):
        w = rng.standard_normal((TRIALS, n, fan_in)) * sigma_w[layer] / math.sqrt(fan_in)
        h = np.einsum("tij,tj->ti", w, x)
        slope = np.where(h > 0.0, 1.0, slopes[layer])
        x = slope * h
        weights.append(w)
        derivatives.append(slope * (np.abs(h) > 0.0))
        signals.append(x)
    delta = rng.standard_normal(x.shape)
    delta /= np.linalg.norm(delta, axis=1, keepdims=True)
    gradients = [delta]
    for w, slope in zip(weights[::-1], derivatives[::-1], strict=True):
        delta = np.einsum("tij,ti->tj", w, slope * delta)
        gradients.append(delta)
    with np.errstate(divide="ignore"):
        return [
            np.log([np.linalg.norm(v, axis=1) for v in part]) for part in (signals, gradients[::-1])
        ]


def assert_moments(samples, mean, std):
    alive = samples[np.isfinite(samples)]
    assert_mean(alive, mean)
    assert_mean((alive - mean) ** 2, std**2)


NETWORKS = [
    ([3, 5, 4, 6, 3], [1.3, 1.5, 1.0, 1.4], [0.0, 0.0, 0.0, 0.0]),
    ([4, 2, 7, 3], [1.0, 1.2, 0.8], [0.3, 0.3, 0.3]),
    ([2, 3, 5, 4], [1.5, 1.5, 1.0], [0.0, 0.2, 1.0]),
]


@pytest.mark.parametrize("network", range(len(NETWORKS)))
def test_drawn_networks_have_the_exact_moments(network):
    widths, sigma_w, slopes = NETWORKS[network]
    law = theory.homogeneous_attenuation(widths, sigma_w, slopes)
    signals, gradients = drawn(widths, sigma_w, slopes, seed=20 + network)
    last = len(widths) - 1
    for layer in (1, last):
        assert_moments(
            signals[layer] - signals[0],
            law.log_activation_mean[layer],
            law.log_activation_std[layer],
        )
    for layer in (0, last - 1):
        assert_moments(gradients[layer], law.log_gradient_mean[layer], law.log_gradient_std[layer])
    assert law.log_gradient_mean[last] == law.log_gradient_std[last] == 0.0
    assert law.gradient_dead[last] == 0.0
    if 0.0 in slopes:
        for samples, chances in ((signals, law.activation_dead), (gradients, law.gradient_dead)):
            for layer in (1, last - 1):
                chance = chances[layer]
                dead = np.isinf(samples[layer]).mean()
                assert_z(dead, chance, math.sqrt(chance * (1.0 - chance) / TRIALS))
    else:
        np.testing.assert_array_equal(law.gradient_dead, 0.0)


def test_a_wrong_law_is_told_apart():
    widths, sigma_w, slopes = NETWORKS[0]
    _, gradients = drawn(widths, sigma_w, slopes, seed=7)
    wrong = theory.homogeneous_attenuation(widths, sigma_w, 0.1)
    with pytest.raises(AssertionError, match="z ="):
        assert_moments(gradients[0], wrong.log_gradient_mean[0], wrong.log_gradient_std[0])


def test_expected_squares_are_the_mean_field_ones():
    """At every width the expected squares of ReLU networks are those of infinite width."""
    widths, sigma = [4, 6, 3, 5], 1.3
    law = theory.mean_field_attenuation(
        widths, ["relu"] * 3, [sigma / math.sqrt(n) for n in widths[:-1]], log_input_norm=0.0
    )
    growth = np.cumsum(
        [math.log(LayerFactor(n, sigma_w=sigma).moment(1)) for n in widths[1:]]
    ) + np.log(np.array(widths[1:]) / widths[0])
    np.testing.assert_allclose(2.0 * law.log_activation_norm[1:], growth, atol=1e-12)


def test_wide_networks_reach_the_mean_field():
    for n in (100, 10_000, 10**6):
        exact_law = theory.homogeneous_attenuation([n] * 21, math.sqrt(2.0))
        limit = theory.mean_field_attenuation([n] * 21, ["relu"] * 20, math.sqrt(2.0 / n))
        # Twenty factors of mean -5/(2n) in the logarithm of the square.
        shift = exact_law.log_gradient_mean[0] - limit.log_gradient_norm[0]
        assert shift * n == pytest.approx(-0.5 * 2.5 * 20, rel=0.1)
        assert exact_law.log_gradient_std[0] ** 2 * n == pytest.approx(0.25 * 5 * 20, rel=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([3], 1.0), "widths must be positive integers, of the inputs and of every layer"),
        (([3, -1], 1.0), r"widths must be positive integers, .*, got \[3, -1\]"),
        (([3, 3], 0.0), "sigma_w must be positive, got 0"),
        (([3, 3], [1.0, 1.0]), "sigma_w must be one number or one for each of 1 layers"),
        (([3, 3], 1.0, [math.nan]), "negative_slope must be"),
    ],
    ids=range(5),
)
def test_bad_networks(arguments, message):
    with pytest.raises(ValueError, match=message):
        theory.homogeneous_attenuation(*arguments)


def test_susceptibilities_that_overflow_are_infinite():
    cube = Activation("cube", lambda x: x**3, lambda x: 3.0 * x**2)
    prediction = theory.mean_field_attenuation([2, 2], [cube], 0.5, log_input_norm=1e100)
    assert prediction.susceptibility.tolist() == [math.inf]
    assert np.isfinite(prediction.log_gradient_norm).all()
