"""Jacobian spectra: against drawn networks, many digits, known laws, and at the edges."""

import dataclasses
import math
import pickle
import sys

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import mpmath
import numpy as np
import pandas as pd
import pytest
from conftest import JIT_DISABLED
from laws import LARGEST_Z, assert_same_law, assert_z

from stabsim import _montecarlo, activations
from stabsim._random import Stream, child
from stabsim.activations import Activation
from stabsim.initializers import Gaussian, Init
from stabsim.jacobians import jacobian_spectrum
from stabsim.networks import MLP, Linear, Sequential
from stabsim.theory import ginibre_exponents

BOTH = pytest.mark.parametrize("samples", [True, False])


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def spectrum(network, **keywords):
    return jacobian_spectrum(network, **({"trials": 20, "rng": 1} | keywords))


# Against the same weights ----------------------------------------------------------------------


def drawn_factors(network, rng, x):
    """Return the factors D W of the first trial of a network whose weights are uniform.

    The units of a layer are exchanged as the sampler does, in the order of their slopes.
    """
    generator = Stream(child(np.random.SeedSequence(rng), 0)).generator
    _, parameters, first = network.program
    factors, x = [], np.array(x)
    for layer, row in enumerate(first[:-1]):
        shape = network.widths[layer + 1], network.widths[layer]
        weights = parameters[row, 0] * (2.0 * generator.random(shape) - 1.0)
        h = weights @ x
        if parameters[row, 2] > 0.0:
            h = h + parameters[row, 2] * (2.0 * generator.random(shape[0]) - 1.0)
        function = network.activations[layer] or activations.get("linear")
        slopes, x = function.derivative(h), function(h)
        order = np.argsort(-np.abs(slopes), kind="stable")
        x = x[order]
        factors.append((slopes[order], weights[order]))
    return factors


def precise_logarithms(factors, digits):
    """Return the logarithms of all singular values of the product, by arithmetic of many digits."""
    with mpmath.workdps(digits):
        product = None
        for slopes, weights in factors:
            matrix = mpmath.diag(slopes.tolist()) * mpmath.matrix(weights.tolist())
            product = matrix if product is None else matrix * product
        squares = mpmath.eigsy(product * product.T, eigvals_only=True)
        least = max(squares) * mpmath.mpf(10) ** (20 - digits)
        logs = [float(mpmath.log(s) / 2) if s > least else -math.inf for s in squares]
    return np.sort(logs)[::-1]


@pytest.mark.parametrize(
    ("depth", "width", "activation", "gain", "digits"),
    [
        (50, 4, "tanh", 0.5, 150),
        (200, 4, "tanh", 0.5, 400),
        (100, 6, "tanh", 0.5, 400),
        (60, 6, "relu", 1.4, 200),
        (100, 6, "sigmoid", 1.0, 400),
        (30, 6, "sigmoid", 30.0, 1300),
        (20, 5, "tanh", 30.0, 2200),
        (70, 5, "leaky_relu", 1.4, 500),
        (30, 6, "hard_tanh", 1.0, 200),
    ],
)
def test_every_singular_value_is_precise(depth, width, activation, gain, digits):
    network = MLP(depth, width, activation=activation, init=Init("uniform", gain=gain))
    x = np.linspace(0.5, 2.0, width)
    for rng in range(3):
        exact = precise_logarithms(drawn_factors(network, rng, x), digits)
        found = spectrum(network, trials=1, inputs=x, rng=rng).log_singular_values[0]
        np.testing.assert_array_equal(found == -math.inf, exact == -math.inf)
        alive = exact > -math.inf
        np.testing.assert_allclose(found[alive], exact[alive], rtol=0.0, atol=1e-11)


def test_many_digits_are_needed():
    network = MLP(50, 4, init=Init("uniform", gain=0.5))
    x = np.linspace(0.5, 2.0, 4)
    factors = drawn_factors(network, 0, x)
    product = np.eye(4)
    for slopes, weights in factors:
        product = slopes[:, None] * weights @ product
    naive = np.log(np.linalg.svd(product, compute_uv=False))
    exact = precise_logarithms(factors, 150)
    assert abs(naive[0] - exact[0]) < 1e-9
    assert abs(naive[-1] - exact[-1]) > 0.1


@pytest.mark.parametrize(
    "widths", [(4, 4, 4), (3, 9, 5), (9, 5, 7), (5, 12), (12, 5), (70, 66, 68)], ids=str
)
def test_a_shallow_network_has_the_singular_values_of_numpy(widths):
    network = MLP(
        len(widths) - 1, widths[1:], in_features=widths[0], init="torch_default", activation="gelu"
    )
    x = np.linspace(-1.0, 2.0, widths[0])
    product = np.eye(widths[0])
    for slopes, weights in drawn_factors(network, 1, x):
        product = slopes[:, None] * weights @ product
    expected = np.linalg.svd(product, compute_uv=False)
    found = np.exp(spectrum(network, trials=1, inputs=x).log_singular_values[0])
    np.testing.assert_allclose(found, expected, atol=1e-13 * expected[0])


# Against drawn networks ------------------------------------------------------------------------


def orthogonal(rng, trials, fan_out, fan_in):
    a = rng.standard_normal((trials, max(fan_in, fan_out), min(fan_in, fan_out)))
    q, r = np.linalg.qr(a)
    q = q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]
    return q if fan_out >= fan_in else q.transpose(0, 2, 1)


def uniform(rng, trials, fan_out, fan_in):
    return rng.uniform(-1.0, 1.0, (trials, fan_out, fan_in)) * math.sqrt(6.0 / (fan_in + fan_out))


def gaussian(rng, trials, fan_out, fan_in):
    return rng.standard_normal((trials, fan_out, fan_in)) / math.sqrt(fan_in)


def brute_force(network, weights, trials, layers, *, gain=1.0, bias_std=0.0, forgetful=False):
    """Return singular values by drawing every weight; ``forgetful`` draws signals by others."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((trials, network.in_features))
    product = None
    for layer in range(layers[1]):
        shape = network.widths[layer + 1], network.widths[layer]
        matrices = gain * weights(rng, trials, *shape)
        seen = gain * weights(rng, trials, *shape) if forgetful else matrices
        h = np.einsum("tij,tj->ti", seen, x) + bias_std * rng.standard_normal((trials, shape[0]))
        function = network.activations[layer]
        x = function(h)
        if layer >= layers[0]:
            factor = function.derivative(h)[:, :, None] * matrices
            product = factor if product is None else factor @ product
    return np.linalg.svd(product, compute_uv=False)


CASES = {
    "gaussian-tanh-bias": (MLP(3, 4, init=Gaussian(1.5), bias_std=0.3), gaussian, 1.5, 0.3),
    "orthogonal-tanh-bias": (
        MLP(3, 4, init=Init("orthogonal", gain=2.0), bias_std=0.3),
        orthogonal,
        2.0,
        0.3,
    ),
    "gaussian-leaky": (MLP(3, 5, activation="leaky_relu", init=Gaussian(1.0)), gaussian, 1.0, 0.0),
    "orthogonal-leaky-ragged": (
        MLP(3, [3, 6, 4], activation="leaky_relu", init="orthogonal", in_features=5),
        orthogonal,
        1.0,
        0.0,
    ),
    "uniform-silu-ragged": (
        MLP(3, [6, 3, 5], activation="silu", init="xavier_uniform", in_features=4),
        uniform,
        1.0,
        0.0,
    ),
}
TRIALS = 100 if JIT_DISABLED else 20_000


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("layers", [(0, 3), (1, 3), (2, 3)], ids=str)
def test_singular_values_have_the_law_of_drawn_networks(name, layers):
    network, weights, gain, bias_std = CASES[name]
    expected = brute_force(network, weights, TRIALS, layers, gain=gain, bias_std=bias_std)
    found = spectrum(network, trials=TRIALS, layers=layers, rng=3).log_singular_values
    rank = 0 if layers == (2, 3) else found.shape[1] - 1
    finite = expected[:, rank] > 1e-14
    if not finite.all():
        assert not finite.any()
        assert (found[:, rank] == -math.inf).all()
        rank = 2
    # Isometries have singular values on atoms, which rounding would spread.
    assert_same_law(found[:, rank].round(9), np.log(expected[:, rank]).round(9))
    # One statistic of all values together: those of unequal layers would not have its law.
    alive = found > -math.inf
    total = np.where(alive, found, 0.0).sum(axis=1)
    assert_same_law(total.round(9), np.log(expected[:, alive[0]]).sum(axis=1).round(9))


@pytest.mark.parametrize("rank", range(5))
@pytest.mark.parametrize(
    ("init", "weights"), [(Gaussian(1.0), gaussian), ("orthogonal", orthogonal)]
)
@pytest.mark.parametrize("activation", ["relu", "hard_tanh"])
def test_zeros_and_others_have_the_law_of_drawn_networks(activation, init, weights, rank):
    network = MLP(3, 5, activation=activation, init=init)
    expected = brute_force(network, weights, TRIALS, (0, 3))[:, rank]
    found = spectrum(network, trials=TRIALS, rng=3).log_singular_values[:, rank]
    alive, expected_alive = found > -math.inf, expected > 1e-13
    shares = alive.mean(), expected_alive.mean()
    if 0.0 < sum(shares) < 2.0:
        error = math.sqrt(sum(p * (1.0 - p) / TRIALS for p in shares))
        assert_z(*shares, error)
    else:
        assert shares[0] == shares[1]
    if alive.sum() > 100:
        assert_same_law(found[alive].round(9), np.log(expected[expected_alive]).round(9))


@pytest.mark.skipif(JIT_DISABLED, reason="takes more trials than plain Python can do")
def test_slopes_that_forget_their_weights_have_another_law():
    network, weights, gain, bias_std = CASES["gaussian-tanh-bias"]
    wrong = brute_force(
        network, weights, TRIALS, (0, 3), gain=gain, bias_std=bias_std, forgetful=True
    )
    found = spectrum(network, trials=TRIALS, rng=3).log_singular_values
    with pytest.raises(AssertionError):
        assert_same_law(found[:, 0], np.log(wrong[:, 0]))


# Known laws ------------------------------------------------------------------------------------


def test_linear_orthogonal_layers_are_isometries():
    network = MLP(40, 9, activation=None, init=Init("orthogonal", gain=0.3))
    logs = spectrum(network).log_singular_values
    np.testing.assert_allclose(logs, 40 * math.log(0.3), rtol=1e-13)


def test_growing_and_shrinking_orthogonal_layers_keep_what_fits():
    network = MLP(4, [9, 4, 6, 5], in_features=5, activation=None, init="orthogonal")
    logs = spectrum(network).log_singular_values
    assert (logs[:, 0] <= 1e-13).all()
    assert (logs[:, :4] > -math.inf).all()
    assert (logs[:, 4] == -math.inf).all()


def test_a_scale_adds_to_every_logarithm():
    one, other = (
        spectrum(MLP(30, 5, activation="relu", init=Gaussian(s))).log_singular_values
        for s in (1.0, 1e-50)
    )
    np.testing.assert_array_equal(one == -math.inf, other == -math.inf)
    alive = one > -math.inf
    np.testing.assert_allclose(other[alive], one[alive] + 30 * math.log(1e-50), rtol=1e-12)


def test_deep_products_grow_at_their_lyapunov_exponents():
    depth, width, trials = (60, 4, 10) if JIT_DISABLED else (500, 8, 400)
    network = MLP(depth, width, activation=None, init=Gaussian(1.0))
    logs = spectrum(network, trials=trials).log_singular_values
    exponents = ginibre_exponents(width) - 0.5 * math.log(width)
    # The determinant is the product of all, at every depth.
    total = logs.sum(axis=1)
    assert_z(total.mean(), depth * exponents.sum(), total.std(ddof=1) / math.sqrt(trials))
    error = logs.std(axis=0, ddof=1) / math.sqrt(trials)
    # Near the ends the exponents repel each other by a number that does not grow with depth.
    assert (np.abs(logs.mean(axis=0) - depth * exponents) < LARGEST_Z * error + 4.0).all()


@pytest.mark.parametrize(("activation", "sigma_w"), [(None, 1.0), ("relu", math.sqrt(2.0))])
@BOTH
def test_the_mean_squared_singular_value_is_one(activation, sigma_w, samples):
    network = MLP(5, 8, activation=activation, init=Gaussian(sigma_w))
    result = spectrum(network, trials=TRIALS // 10, samples=samples, rng=5)
    assert_z(result.moments[0], 1.0, result.moments_standard_error[0])


def test_the_fourth_power_of_a_gaussian_layer():
    n = 6
    result = spectrum(MLP(1, n, activation=None, init=Gaussian(1.0)), trials=TRIALS // 4, rng=5)
    # E tr (WWᵀ)² = (2n + 1) n² / n² for variances 1/n.
    assert_z(result.moments[1], (2 * n + 1) / n, result.moments_standard_error[1])


# Theory of wide networks -----------------------------------------------------------------------


@pytest.mark.skipif(JIT_DISABLED, reason="takes a wider network than plain Python can do")
@pytest.mark.parametrize("init", ["orthogonal", Gaussian(1.0)], ids=["orthogonal", "gaussian"])
def test_wide_networks_have_the_moments_and_density_of_theory(init):
    network = MLP(6, 128, activation="hard_tanh", init=init)
    # At this variance of all layers: the length map contracts, so layers differ a little.
    result = spectrum(network, trials=60, inputs=1.0)
    predicted = result.mean_field
    np.testing.assert_allclose(result.log_moments, predicted.log_moments, atol=0.1)
    assert predicted.law.depth == 6
    logs = result.log_singular_values
    x = np.linspace(-30.0, logs.max() + 1.0, 20001)
    density = predicted.law.log_pdf(x)
    below = np.cumsum(density) * (x[1] - x[0]) + predicted.law.zero_fraction
    if predicted.law.largest_fraction == 0.0:
        for level in (-3.0, -1.0, 0.0):
            assert np.mean(logs <= level) == pytest.approx(np.interp(level, x, below), abs=0.03)
    else:
        assert predicted.law.largest_fraction == pytest.approx(1.0, abs=1e-6)
        np.testing.assert_allclose(logs, 0.0, atol=1e-12)


def test_theory_follows_the_variances_from_the_input_on():
    result = spectrum(MLP(4, 10, init=Gaussian(2.0), bias_std=0.1), layers=(1, 3))
    assert result.mean_field.law is None
    far = spectrum(MLP(4, 10, init=Gaussian(2.0), bias_std=0.1), layers=(1, 3), inputs=100.0)
    assert far.mean_field.log_moments[0] < result.mean_field.log_moments[0]


@pytest.mark.parametrize(
    "network",
    [
        MLP(2, [5, 4], in_features=5),
        MLP(2, 4, init="ones"),
        MLP(2, 4, init="zeros"),
        Sequential([Linear(4, 4), "relu", "tanh"]),
    ],
    ids=["ragged", "ones", "zeros", "composed"],
)
def test_where_theory_says_nothing_there_is_none(network):
    result = spectrum(network)
    assert result.mean_field is None
    assert "infinite width" not in result.summary()


def test_layers_of_a_range_are_enough_for_theory():
    result = spectrum(MLP(3, 4, in_features=9, init=Gaussian(1.0), activation=None), layers=(1, 3))
    assert result.mean_field.log_moments == pytest.approx((0.0, math.log(3.0)))


# Edges -----------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("network", "inputs"),
    [
        (MLP(3, 4, activation="relu", init="constant"), "gaussian"),
        (MLP(3, 4, activation="relu", init=Init("constant", gain=-1.0)), np.ones(4)),
        (MLP(3, 4, init=Gaussian(0.0), bias_std=1.0), "gaussian"),
        (MLP(3, 4, activation="relu", init=Gaussian(1.0)), 0.0),
        (MLP(3, 4, activation="relu", init=Gaussian(1.0)), [0, 0, 0, 0]),
    ],
    ids=["zero", "negative", "sigma_w", "norm-0", "input-0"],
)
def test_a_jacobian_of_zeros_is_dead_and_counted(network, inputs, samples):
    result = spectrum(network, inputs=inputs, samples=samples)
    assert result.dead == 20
    assert np.isneginf(result.mean).all()
    assert (result.moments == 0.0).all()
    assert (result.moments_standard_error == 0.0).all()
    assert result.median_log_condition == math.inf
    assert "nan" not in result.summary()
    result.plot().figure.canvas.draw()


def test_some_trials_are_dead():
    network = MLP(4, 2, activation="relu", init=Gaussian(1.0))
    result = spectrum(network, trials=400)
    dead = (result.log_singular_values == -math.inf).all(axis=1)
    assert 0 < result.dead == dead.sum() < 400
    assert (result.log_condition[dead] == math.inf).all()
    assert result.moments[0] > 0.0


def test_at_zero_tanh_is_linear():
    tanh, linear = (
        spectrum(MLP(5, 6, activation=activation), inputs=np.zeros(6)).log_singular_values
        for activation in ("tanh", None)
    )
    np.testing.assert_array_equal(tanh, linear)


def test_equal_weights_make_a_matrix_of_rank_one():
    network = MLP(3, 4, init=Init("constant", gain=0.2), bias_std=1.0)
    result = spectrum(network)
    assert result.dead == 0
    assert (result.log_singular_values[:, 1:] == -math.inf).all()
    single = MLP(1, 4, activation=None, init=Init("constant", gain=2.0, mode="fixed"))
    logs = spectrum(single).log_singular_values
    np.testing.assert_allclose(logs[:, 0], math.log(8.0), rtol=1e-14)


def test_a_narrow_layer_bounds_the_rank():
    result = spectrum(MLP(4, [8, 3, 8, 5], in_features=6))
    assert result.log_singular_values.shape == (20, 5)
    assert (result.log_singular_values[:, :3] > -math.inf).all()
    assert (result.log_singular_values[:, 3:] == -math.inf).all()
    np.testing.assert_array_equal(result.vanished, [0, 0, 0, 20, 20])


def test_a_single_unit_is_a_product_of_numbers():
    network = MLP(30, 1, init=Init("uniform", gain=1.5))
    x = [0.7]
    expected = sum(
        math.log(abs(slopes[0] * weights[0, 0])) for slopes, weights in drawn_factors(network, 2, x)
    )
    found = spectrum(network, trials=1, inputs=x, rng=2).log_singular_values
    np.testing.assert_allclose(found, [[expected]], rtol=1e-12)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "gelu"])
@pytest.mark.parametrize("gain", [1e2, 1e4, 1e50])
def test_saturated_units_lose_rank_and_nothing_else(activation, gain):
    result = spectrum(MLP(6, 5, activation=activation, init=Gaussian(gain), bias_std=0.1))
    logs = result.log_singular_values
    assert not np.isnan(logs).any()
    assert not np.isposinf(logs).any()
    with np.errstate(invalid="ignore"):
        assert not (np.diff(logs, axis=1) > 0.0).any()


def test_infinite_signals_of_an_activation_of_one_s_own_are_refused():
    pole = Activation("pole", lambda x: math.inf, lambda x: 1.0, check_derivative=False)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="within the range of float64"):
        spectrum(MLP(2, 3, activation=pole), trials=1)


def test_an_activation_of_one_s_own_is_as_good_as_a_built_in_one():
    own = Activation(
        "own", lambda x: x if x > 0.0 else 0.01 * x, lambda x: 1.0 if x > 0.0 else 0.01
    )
    other = Activation("softsign_too", lambda x: x / (1 + abs(x)), lambda x: (1 + abs(x)) ** -2.0)
    mine, built_in = (
        spectrum(MLP(3, 4, activation=functions), trials=5).log_singular_values
        for functions in ([own, other, own], ["leaky_relu", "softsign", "leaky_relu"])
    )
    np.testing.assert_allclose(mine, built_in, rtol=1e-12)


# Randomness ------------------------------------------------------------------------------------


@BOTH
def test_workers_do_not_matter(monkeypatch, samples):
    network = MLP(3, 4)
    monkeypatch.setattr("stabsim._samplers.jacobians.chunk_of", lambda cost, columns: 7)
    results = [spectrum(network, trials=30, samples=samples, n_jobs=n) for n in (1, 2, 3)]
    for result in results[1:]:
        np.testing.assert_array_equal(result.mean, results[0].mean)
        np.testing.assert_array_equal(result.moments, results[0].moments)
        np.testing.assert_array_equal(result.quantile(0.3), results[0].quantile(0.3))


def test_more_trials_begin_with_the_same_ones():
    few, many = (spectrum(MLP(3, 4), trials=n).log_singular_values for n in (5, 9))
    np.testing.assert_array_equal(few, many[:5])
    again = spectrum(MLP(3, 4), trials=5, rng=spectrum(MLP(3, 4)).seed).log_singular_values
    np.testing.assert_array_equal(few, again)
    assert not np.array_equal(few, spectrum(MLP(3, 4), trials=5, rng=2).log_singular_values)


def test_an_input_of_a_norm_has_it():
    network = MLP(1, 6)
    vector = spectrum(network, inputs=1e-9 * np.ones(6)).log_singular_values
    norm = spectrum(network, inputs=1e-9).log_singular_values
    linear = spectrum(MLP(1, 6, activation=None), inputs=1e-9 * np.ones(6)).log_singular_values
    np.testing.assert_allclose(vector, linear, rtol=1e-12)
    assert not np.array_equal(norm, vector)
    # Saturated by a large input, in any direction.
    assert spectrum(network, inputs=1e4).mean[0] < norm.mean() - 10.0


# The result ------------------------------------------------------------------------------------


def test_moments_are_those_of_the_samples():
    result = spectrum(MLP(3, 4, in_features=6, activation="relu"), trials=50)
    squares = np.exp(2.0 * result.log_singular_values)
    for power, moment, error in zip(
        (1, 2), result.moments, result.moments_standard_error, strict=True
    ):
        by_trial = (squares**power).sum(axis=1) / 6
        assert moment == pytest.approx(by_trial.mean())
        assert error == pytest.approx(by_trial.std(ddof=1) / math.sqrt(50))
    np.testing.assert_allclose(np.exp(result.log_moments), result.moments)
    np.testing.assert_allclose(
        result.quantile([0.2, 0.7]), result.statistics.quantile([0.2, 0.7])[:, :4]
    )


def test_streamed_statistics_are_those_of_the_samples():
    network = MLP(60, 5, activation="sigmoid")
    trials = 50 if JIT_DISABLED else 300
    kept, streamed = (
        spectrum(network, trials=trials, samples=samples) for samples in (True, False)
    )
    for name in ("mean", "std", "standard_error", "vanished", "log_moments"):
        np.testing.assert_allclose(getattr(streamed, name), getattr(kept, name), rtol=1e-9)
    np.testing.assert_allclose(
        streamed.moments_standard_error, kept.moments_standard_error, rtol=1e-9
    )
    np.testing.assert_allclose(
        streamed.quantile(0.5), kept.quantile(0.5), atol=kept.std.max() / 5.0
    )
    assert streamed.median_log_condition == pytest.approx(kept.median_log_condition, rel=0.02)
    assert kept.median_log_condition == pytest.approx(np.median(kept.log_condition))
    assert streamed.log_moments[1] < -300.0


@pytest.mark.parametrize("name", ["log_singular_values", "log_condition"])
def test_trials_are_there_only_with_samples(name):
    result = spectrum(MLP(2, 3), samples=False)
    with pytest.raises(AttributeError, match=rf"^{name} is kept only with samples=True"):
        getattr(result, name)


@BOTH
def test_a_single_trial_says_nothing_of_its_error(samples):
    result = spectrum(MLP(2, 3), trials=1, samples=samples)
    assert np.isposinf(result.standard_error).all()
    assert np.isposinf(result.moments_standard_error).all()
    assert "nan" not in result.summary()


@BOTH
def test_a_result_is_frozen_and_pickles(samples):
    result = spectrum(MLP(2, 3), samples=samples)
    for field in dataclasses.fields(result):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(result, field.name, None)
    copy = pickle.loads(pickle.dumps(result))
    assert repr(copy) == repr(result)
    for name in ("mean", "std", "standard_error", "vanished", "moments", "log_moments"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(copy, name)[0] = 7.0


def test_the_summary_tells_what_was_simulated_and_found():
    result = spectrum(MLP(6, 40, activation="relu", init="kaiming_normal"), layers=(1, 4))
    lines = result.summary().splitlines()
    assert lines[0].startswith("MLP(6, 40, activation='relu', init='kaiming_normal'), ")
    assert "∂x^4/∂x^1, 20 trials" in lines[0]
    assert f"ln m1 = {result.log_moments[0]:z.4f}" in lines[1]
    assert f"({result.mean_field.log_moments[1]:z.4f})" in lines[1]
    assert lines[3].split() == [
        "rank",
        "mean",
        "ln",
        "s",
        "s.e.",
        "std",
        *("5", "%", "50", "%", "95", "%"),
        "zero",
    ]
    assert [line.split()[0] for line in lines[4:]] == ["1", "8", "16", "24", "32", "40"]
    assert float(lines[4].split()[1]) == pytest.approx(result.mean[0], abs=1e-4)
    assert repr(result) == "<JacobianSpectrum>\n" + result.summary()


def test_a_data_frame_has_a_row_for_each_rank(monkeypatch):
    result = spectrum(MLP(2, 3, in_features=5))
    frame = result.to_dataframe()
    assert isinstance(frame, pd.DataFrame)
    np.testing.assert_array_equal(frame.index, [1, 2, 3])
    np.testing.assert_array_equal(frame["mean"], result.mean)
    np.testing.assert_array_equal(frame["q95"], result.quantile(0.95))
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pandas"):
        result.to_dataframe()


@BOTH
def test_a_plot_is_a_histogram_with_the_density_of_theory(samples):
    network = MLP(4, 20, activation="relu", init=Gaussian(1.0))
    result = spectrum(network, trials=100, samples=samples)
    ax = result.plot()
    zeros = result.vanished.sum() / (20 * 100)
    area = sum(bar.get_width() * bar.get_height() for bar in ax.patches)
    assert area == pytest.approx(1.0 - zeros, abs=0.01)
    bars, line = ax.get_legend_handles_labels()[1]
    assert "% are zero" in bars
    assert line == "infinite width"
    (density,) = ax.get_lines()
    x = density.get_xdata()
    expected = result.mean_field.law.log_pdf(x * math.log(10.0)) * math.log(10.0)
    np.testing.assert_allclose(density.get_ydata(), expected)
    assert ax.get_title() == repr(network)
    _, given = plt.subplots()
    assert result.plot(given) is given
    given.figure.canvas.draw()


def test_without_a_law_there_is_only_a_histogram():
    ax = spectrum(MLP(4, 5)).plot()
    assert len(ax.get_lines()) == 0
    assert ax.get_legend_handles_labels()[1] == ["simulated"]


def test_an_isometry_is_drawn_as_a_line():
    ax = spectrum(MLP(4, 5, activation=None, init=Init("orthogonal", gain=10.0))).plot()
    (line,) = ax.get_lines()
    np.testing.assert_allclose(line.get_xdata(), 4.0)
    assert ax.get_legend_handles_labels()[1] == ["simulated", "100 % at infinite width"]
    ax.figure.canvas.draw()


# Errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"trials": 0}, ValueError, "trials must be a positive integer, got 0"),
        ({"layers": 3}, TypeError, "layers must be two integers 0 <= first < last <= 3, got 3"),
        ({"layers": (0, 1, 2)}, ValueError, r"layers must be two integers .*, got \(0, 1, 2\)"),
        ({"layers": (0, 4)}, ValueError, r"layers must be two integers .*, got \(0, 4\)"),
        ({"layers": (2, 2)}, ValueError, r"layers must be two integers .*, got \(2, 2\)"),
        ({"layers": (-1, 2)}, ValueError, r"layers must be two integers .*, got \(-1, 2\)"),
        ({"layers": (0, 2.0)}, TypeError, r"layers must be two integers .*, got \(0, 2.0\)"),
        ({"inputs": "uniform"}, ValueError, "inputs must be 'gaussian', a norm .*, got 'uniform'"),
        ({"inputs": -1.0}, ValueError, "inputs must be a finite real number .*, got -1.0"),
        ({"inputs": math.nan}, ValueError, "inputs must be a finite real number .*, got nan"),
        ({"inputs": [1.0, 2.0]}, ValueError, r"inputs must be .* 4 numbers .*, got shape \(2,\)"),
        ({"inputs": np.ones((1, 4))}, ValueError, r"inputs must be .*, got shape \(1, 4\)"),
        ({"inputs": [[1.0], [1.0, 2.0]]}, ValueError, "inputs must be .*, got rows of unequal"),
        ({"inputs": [1j, 0, 0, 0]}, TypeError, "inputs must be .*, got dtype complex128"),
        ({"inputs": [math.inf, 0, 0, 0]}, ValueError, r"inputs must be .*, got \[inf, "),
        ({"samples": 1}, TypeError, "samples must be True or False, got 1"),
        ({"progress": 0}, TypeError, "progress must be True or False, got 0"),
        ({"n_jobs": 0}, ValueError, "n_jobs must be None or a non-zero integer, got 0"),
        ({"rng": -1}, ValueError, "rng must be .*, got -1"),
    ],
)
def test_bad_parameters_are_named(monkeypatch, keywords, error, message):
    monkeypatch.setattr(_montecarlo, "run", lambda *a, **k: pytest.fail("something was simulated"))
    with pytest.raises(error, match=f"^{message}"):
        spectrum(MLP(3, 4), **keywords)


def test_a_network_is_asked_for():
    with pytest.raises(TypeError, match=r"^network must be a Network such as MLP\(16, 64\), got 7"):
        spectrum(7)
