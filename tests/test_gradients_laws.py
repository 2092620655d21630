"""Gradient attenuation against networks whose weights are drawn, and against exact laws."""

import math

import numpy as np
import pytest
from conftest import JIT_DISABLED
from laws import SMALLEST_P_VALUE, assert_law, assert_z
from reference import attenuation
from scipy import stats

import stabsim
from stabsim import MLP, gradient_attenuation
from stabsim._random import child
from stabsim._samplers.attenuation import BatchAttenuation, Inputs
from stabsim.initializers import Gaussian, Init
from stabsim.networks import Linear, Sequential

MANY = 20 if JIT_DISABLED else 6_000
SOME = 20 if JIT_DISABLED else 3_000
RAGGED = [5, 9, 3, 7]
#: The logarithm that zero has in a comparison of laws.
DEAD = -1e4


def columns(result):
    """Return the logarithms of all trials, in the order of a sampler's columns."""
    profiles = (
        result.gradient,
        result.activation,
        result.preactivation_gradient,
        result.weight_gradient,
        result.bias_gradient,
    )
    return np.hstack([profile.samples for profile in profiles])


def statistics(logarithms):
    """Return what is compared: norms at three layers, and products of the way up and down.

    Rounded, because some are constant up to rounding errors, and those would tell two samplers
    apart.
    """
    logarithms = np.maximum(logarithms, DEAD)
    depth = (logarithms.shape[1] - 2) // 5
    assert logarithms.shape[1] == 5 * depth + 2
    middle, inner = depth // 2, depth // 2 - (depth > 1)
    ends = np.cumsum([depth + 1, depth + 1, depth, depth])
    gradient, length, sensitivity, weight, bias = np.split(logarithms, ends, axis=1)
    chosen = [
        *(gradient[:, layer] for layer in (0, middle)),
        *(length[:, layer] for layer in (0, 1, middle, depth)),
        *(part[:, layer] for part in (sensitivity, weight, bias) for layer in (0, inner, -1)),
        gradient[:, 0] + length[:, depth],
        gradient[:, 0] - length[:, depth],
        gradient[:, 0] - gradient[:, middle],
        gradient[:, middle] + length[:, middle],
        gradient[:, middle] - length[:, depth],
        length[:, depth] - length[:, middle],
        sensitivity[:, 0] + length[:, 1],
        sensitivity[:, 0] - length[:, 1],
        weight[:, 0] - length[:, 1],
        weight[:, -1] + gradient[:, 0],
        weight[:, inner] - sensitivity[:, 0],
        bias[:, 0] - length[:, depth],
        bias[:, -1] - gradient[:, 0],
    ]
    return np.round(chosen, 9)


def p_value(a, b):
    """Return the p-value of all statistics together, after Bonferroni.

    Zeros and constants are atoms, for which the test of Kolmogorov and Smirnov is conservative.
    """
    pairs = list(zip(statistics(a), statistics(b), strict=True))
    return len(pairs) * min(stats.ks_2samp(x, y, method="asymp").pvalue for x, y in pairs)


def assert_same_joint_law(a, b):
    p = p_value(a, b)
    assert p > SMALLEST_P_VALUE, f"Kolmogorov-Smirnov p = {p:.3g}"


def both(network, trials=MANY, seed=1, **keywords):
    results = [
        gradient_attenuation(
            network,
            trials=trials,
            method=method,
            rng=np.random.SeedSequence([seed, k]),
            **keywords,
        )
        for k, method in enumerate(["conditional", "dense"])
    ]
    assert [result.method for result in results] == ["conditional", "dense"]
    return [columns(result) for result in results]


def inputs_of(count, n, kind="independent"):
    rng = np.random.default_rng(count)
    vectors = rng.standard_normal((count, n))
    if kind == "nearly dependent":
        vectors[1:] = vectors[0] + 1e-5 * vectors[1:]
    elif kind == "dependent":
        vectors[-1] = 2.0 * vectors[0]
    elif kind == "one zero":
        vectors[-1] = 0.0
    return vectors


# The dense sampler equals NumPy --------------------------------------------------------------


@pytest.mark.parametrize(
    "init",
    [
        "xavier_normal",
        "kaiming_uniform",
        "torch_default",
        "orthogonal",
        "lecun_normal",
        Init("truncated_normal", bound=0.5 + 1.0, rescaled=False),
        Init("constant", gain=-0.4),
    ],
    ids=str,
)
@pytest.mark.parametrize("count", [1, 3])
def test_the_dense_sampler_equals_numpy(init, count):
    network = MLP(4, RAGGED, in_features=8, init=init, activation=["tanh", "relu", "gelu", None])
    inputs = inputs_of(count, 8)
    result = gradient_attenuation(network, trials=3, inputs=inputs, method="dense", rng=1)
    rng = np.random.Generator(np.random.SFC64(child(result.seed, 0)))
    expected = [attenuation(rng, network, inputs) for _ in range(3)]
    np.testing.assert_allclose(columns(result), expected, rtol=1e-9, atol=1e-10)


def test_the_dense_sampler_equals_numpy_with_gaussian_biases_and_composed_activations():
    network = Sequential(
        [
            Linear(3, 4, bias_std=0.5),
            "tanh",
            "softplus",
            Linear(4, 2, init="orthogonal", bias_std=0.1),
            Linear(2, 6, init="kaiming_normal"),
            "sigmoid",
            "silu",
        ]
    )
    result = gradient_attenuation(network, trials=3, inputs=[1.0, 2.0, 3.0], method="dense", rng=2)
    rng = np.random.Generator(np.random.SFC64(child(result.seed, 0)))
    expected = [attenuation(rng, network, [[1.0, 2.0, 3.0]]) for _ in range(3)]
    np.testing.assert_allclose(columns(result), expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("kind", ["gaussian", 2.5])
def test_the_dense_sampler_draws_inputs_first(kind):
    network = MLP(3, 5)
    result = gradient_attenuation(network, trials=1, inputs=kind, method="dense", rng=3)
    rng = np.random.Generator(np.random.SFC64(child(result.seed, 0)))
    x = rng.standard_normal((1, 5))
    if kind != "gaussian":
        x *= kind / np.linalg.norm(x)
    np.testing.assert_allclose(columns(result)[0], attenuation(rng, network, x), atol=1e-12)


# Conditional against dense -------------------------------------------------------------------

ORTHOGONAL = Init("orthogonal", gain=1.2)
LAWS = [Gaussian(1.3), ORTHOGONAL]


@pytest.mark.parametrize("init", LAWS, ids=str)
@pytest.mark.parametrize("bias_std", [0.0, 0.4])
@pytest.mark.parametrize(
    "width", [1, 3, 8, pytest.param(32, marks=pytest.mark.jit), RAGGED], ids=str
)
def test_one_input_through_tanh(width, bias_std, init):
    inputs = 8 if width == RAGGED else None
    network = MLP(4, width, in_features=inputs, init=init, bias_std=bias_std)
    trials = 1_000 if width == 32 else MANY
    assert_same_joint_law(*both(network, trials, inputs=1.0))


@pytest.mark.parametrize("init", LAWS, ids=str)
@pytest.mark.parametrize("name", stabsim.activations.names())
def test_one_input_through_every_activation(name, init):
    network = MLP(4, RAGGED, in_features=8, activation=name, init=init, bias_std=0.3)
    assert_same_joint_law(*both(network))


@pytest.mark.parametrize("init", LAWS, ids=str)
@pytest.mark.parametrize("width", [1, 2, 3, 10, RAGGED], ids=str)
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "linear"])
def test_one_input_through_homogeneous_layers_without_biases(name, width, init):
    activation = stabsim.activations.get(name)
    if name == "leaky_relu":
        activation = stabsim.activations.get(name, negative_slope=-0.4)
    network = MLP(4, width, activation=activation, init=init)
    assert_same_joint_law(*both(network))


@pytest.mark.parametrize("init", LAWS, ids=str)
@pytest.mark.parametrize("name", ["tanh", "relu"])
@pytest.mark.parametrize(
    ("width", "kind", "count"),
    [
        (3, "independent", 3),
        (8, "independent", 3),
        (RAGGED, "independent", 3),
        (2, "independent", 5),
        (1, "independent", 3),
        (6, "nearly dependent", 3),
        (4, "dependent", 3),
        (4, "one zero", 2),
    ],
    ids=str,
)
def test_a_batch(width, kind, count, name, init):
    widths = RAGGED[:3] if width == RAGGED else width
    bias_std = 0.4 if name == "tanh" else None
    network = MLP(3, widths, activation=name, init=init, bias_std=bias_std)
    inputs = inputs_of(count, network.in_features, kind)
    assert_same_joint_law(*both(network, SOME, inputs=inputs))


@pytest.mark.parametrize("bias_std", [0.0, 0.4])
@pytest.mark.parametrize("init", LAWS, ids=str)
@pytest.mark.parametrize("name", ["tanh", "leaky_relu"])
def test_a_batch_of_one_has_the_law_of_one_input(name, init, bias_std):
    network = MLP(4, RAGGED, in_features=8, activation=name, init=init, bias_std=bias_std)
    vector = np.arange(1.0, 9.0) / 10.0
    single = gradient_attenuation(network, trials=MANY, inputs=vector, rng=1)
    norm = np.linalg.norm(vector)
    task = BatchAttenuation(network, Inputs(vector[None] / norm, math.log(norm)), np.arange(5))
    batch = task(np.random.SeedSequence(2), MANY, lambda: None)
    assert_same_joint_law(columns(single), batch)


def test_layers_of_all_kinds_in_one_network():
    network = Sequential(
        [
            Linear(4, 6, init=Gaussian(1.5), bias_std=0.2),
            "relu",
            Linear(6, 3, init="orthogonal", bias_std=0.3),
            "gelu",
            Linear(3, 5, init=Gaussian(0.8)),
            "tanh",
            "leaky_relu",
            Linear(5, 2, init="zeros", bias_std=0.7),
            "softplus",
        ]
    )
    for inputs in (2.0, inputs_of(2, 4)):
        assert_same_joint_law(*both(network, inputs=inputs))


@pytest.mark.jit
@pytest.mark.parametrize("count", [1, 3])
def test_negative_control_gradients_that_forget_the_way_up_fail(count):
    network = MLP(4, 3, activation="leaky_relu", init=Gaussian(1.4))
    inputs = inputs_of(count, 3)
    right, _ = both(network, inputs=inputs)
    rng = np.random.default_rng(1)
    drawn, wrong = (
        np.array([attenuation(rng, network, inputs, overlap) for _ in range(2000)])
        for overlap in (True, False)
    )
    assert_same_joint_law(right, drawn)
    assert p_value(right, wrong) < SMALLEST_P_VALUE


@pytest.mark.jit
@pytest.mark.parametrize("init", LAWS, ids=str)
def test_negative_control_right_marginal_laws_without_the_joint_one_fail(init):
    network = MLP(4, 8, activation="relu", init=init)
    conditional, dense = both(network)
    shuffled = conditional.copy()
    lengths = slice(network.depth + 1, 2 * (network.depth + 1))
    shuffled[:, lengths] = np.roll(shuffled[:, lengths], 1, axis=0)
    assert p_value(shuffled, dense) < SMALLEST_P_VALUE


# Exact laws ----------------------------------------------------------------------------------

LEAKY = stabsim.activations.get("leaky_relu", negative_slope=0.3)
HOMOGENEOUS = [("relu", 2.0**0.5), (LEAKY, (2.0 / 1.09) ** 0.5), (None, 1.0)]


def mean_p_value(samples, exact):
    """Return the p-value of the exact mean."""
    error = samples.std(ddof=1) / math.sqrt(samples.size)
    return 2.0 * stats.norm.sf(abs(samples.mean() - exact) / error)


def assert_together(p_values):
    """Assert that none of some laws is refuted, after Bonferroni."""
    assert len(p_values) * min(p_values) > SMALLEST_P_VALUE, p_values


@pytest.mark.jit
@pytest.mark.parametrize(
    ("width", "method"),
    [*((n, "conditional") for n in (1, 2, 3, 10, 10**6)), *((n, "dense") for n in (1, 2, 3, 10))],
)
def test_mean_squares_of_homogeneous_layers(width, method):
    p_values = []
    for activation, sigma_w in HOMOGENEOUS:
        network = MLP(2, width, activation=activation, init=Gaussian(sigma_w))
        result = gradient_attenuation(
            network, trials=5 * MANY, inputs=3.0, method=method, rng=width
        )
        # With He's gains mean squares neither grow nor shrink, but for what dead layers take
        # away: above a zero signal every unit of ReLU is off.
        alive = (1.0 - 2.0**-width if activation == "relu" else 1.0) ** np.arange(2)
        signals = np.exp(2.0 * result.log_activation_norm[:, 1:]).mean(axis=1)
        gradients = np.exp(2.0 * result.log_gradient_norm[:, :-1]).mean(axis=1)
        p_values += [mean_p_value(signals, 9.0), mean_p_value(gradients, alive.mean())]
    assert_together(p_values)
    if width >= 10:
        assert mean_p_value(signals, 9.5) < SMALLEST_P_VALUE


@pytest.mark.jit
@pytest.mark.parametrize("width", [1, 2, 3, 10, 10**6])
def test_logarithms_of_homogeneous_layers(width):
    p_values = []
    for activation, sigma_w in HOMOGENEOUS:
        network = MLP(5, width, activation=activation, init=Gaussian(sigma_w))
        result = gradient_attenuation(network, trials=MANY, inputs=3.0, rng=width)
        exact = result.exact
        for samples, mean, std in (
            (
                result.log_gradient_norm[:, 0],
                exact.log_gradient_mean[0],
                exact.log_gradient_std[0],
            ),
            (
                result.log_activation_norm[:, -1] - math.log(3.0),
                exact.log_activation_mean[-1],
                exact.log_activation_std[-1],
            ),
        ):
            alive = samples[np.isfinite(samples)]
            p_values += [mean_p_value(alive, mean), mean_p_value((alive - mean) ** 2, std**2)]
        chance = exact.gradient_dead[0]
        p_values.append(stats.binomtest(result.dead, MANY, chance).pvalue)
        assert result.activation.vanished[-1] == result.dead
    assert_together(p_values)


@pytest.mark.parametrize("method", ["conditional", "dense"])
@pytest.mark.parametrize(("width", "depth"), [(1, 1), (1, 4), (2, 7), (4, 10)])
def test_the_chance_that_a_network_is_dead(width, depth, method):
    network = MLP(depth, width, activation="relu", init="kaiming_normal")
    result = gradient_attenuation(network, trials=MANY, method=method, rng=1)
    chance = 1.0 - (1.0 - 2.0**-width) ** depth
    error = math.sqrt(chance * (1.0 - chance) / MANY)
    assert_z(result.dead / MANY, chance, error)
    # A layer that is all off stops signals and gradients alike.
    np.testing.assert_array_equal(
        np.isneginf(result.log_gradient_norm[:, 0]), np.isneginf(result.log_activation_norm[:, -1])
    )
    assert result.dead == result.gradient.vanished[0] == result.activation.vanished[-1]


@pytest.mark.parametrize("method", ["conditional", "dense"])
def test_one_homogeneous_unit_after_another_keeps_the_product(method):
    # Euler's identity: x · ∂ℓ/∂x is the same at every layer.
    network = MLP(6, 1, activation=LEAKY, init=Gaussian(1.1))
    result = gradient_attenuation(network, trials=20, method=method, rng=1)
    products = result.log_activation_norm + result.log_gradient_norm
    np.testing.assert_allclose(products - products[:, -1:], 0.0, atol=1e-6)


@pytest.mark.parametrize("method", ["conditional", "dense"])
def test_one_linear_gaussian_layer_has_chi_square_squares(method):
    network = MLP(1, 4, in_features=3, activation=None, init=Gaussian(3.0**0.5), bias_std=2.0)
    result = gradient_attenuation(network, trials=MANY, inputs=1.0, method=method, rng=1)
    squares = np.exp(
        2.0
        * np.stack(
            [result.log_activation_norm[:, 1] - 0.5 * math.log(5.0), result.log_gradient_norm[:, 0]]
        )
    )
    assert_law(squares[0], stats.chi2(4).cdf)
    assert_law(squares[1], stats.chi2(3).cdf)


@pytest.mark.parametrize("method", ["conditional", "dense"])
@pytest.mark.parametrize("shape", [(2, 5), (5, 2)], ids=str)
def test_one_orthogonal_layer_has_beta_squares(shape, method):
    fan_in, fan_out = shape
    network = Sequential([Linear(fan_in, fan_out, init="orthogonal")])
    result = gradient_attenuation(network, trials=MANY, inputs=1.0, method=method, rng=2)
    part, whole = min(shape), max(shape)
    law = stats.beta(part / 2, (whole - part) / 2).cdf
    forward, backward = result.log_activation_norm[:, 1], result.log_gradient_norm[:, 0]
    shrinking, rigid = (backward, forward) if fan_out > fan_in else (forward, backward)
    assert_law(np.exp(2.0 * shrinking), law)
    np.testing.assert_allclose(rigid, 0.0, atol=1e-12)


def test_square_orthogonal_linear_layers_keep_every_length():
    network = MLP(50, 7, activation=None, init="orthogonal")
    for method in ("conditional", "dense"):
        result = gradient_attenuation(network, trials=5, inputs=1.0, method=method, rng=1)
        np.testing.assert_allclose(columns(result), 0.0, atol=1e-12)


@pytest.mark.jit
@pytest.mark.parametrize("name", ["tanh", "gelu", "sigmoid"])
def test_wide_networks_approach_the_mean_field(name):
    network = MLP(5, 2000, activation=name, bias_std=0.2)
    result = gradient_attenuation(network, trials=300, rng=1)
    limit = result.mean_field
    # Logarithms differ from their limit by some numbers over the width, beside the errors.
    for profile, expected in (
        (result.gradient, limit.log_gradient_norm),
        (result.activation, limit.log_activation_norm),
    ):
        np.testing.assert_allclose(
            profile.mean, expected, atol=6.0 * profile.standard_error.max() + 20.0 / 2000
        )
