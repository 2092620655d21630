"""Signal propagation against networks drawn whole, exact laws, and the limit of infinite width."""

import math
import pickle

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import JIT_DISABLED
from laws import assert_mean, assert_same_law, assert_z
from scipy.special import digamma

from stabsim import theory
from stabsim._samplers import signals as sampler
from stabsim.activations import Activation
from stabsim.initializers import Gaussian, Init
from stabsim.networks import MLP, Linear, Network, Sequential
from stabsim.signals import signal_propagation
from stabsim.theory.propagation import mean_field_propagation

mpl.use("agg")

TRIALS = 4000
LENGTH = 1.3


def drawn_layers(network: Network, correlation: float, *, shared: bool = True) -> list[np.ndarray]:
    """Return the pre-activations (2, trials, n) of every layer, of networks drawn by NumPy.

    With ``shared=False`` the two inputs pass through different weights.
    """
    rng = np.random.default_rng(20)
    n = network.in_features
    u, v = rng.standard_normal((2, TRIALS, n))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v -= u * (u * v).sum(axis=1, keepdims=True)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    sine = math.sqrt(1.0 - correlation**2)
    x = math.sqrt(LENGTH * n) * np.stack([u, correlation * u + sine * v])
    layers = []
    for module in network.modules:
        if not isinstance(module, Linear):
            x = module(x)
            continue
        shape = (module.in_features, module.out_features)
        weights = [
            np.stack([module.init.sample(*shape, rng=rng) for _ in range(TRIALS)])
            for _ in range(1 if shared else 2)
        ]
        if module.bias_std is None:
            bound = math.sqrt(3.0) * module.init.bias_std(shape[0])
            bias = rng.uniform(-bound, bound, (TRIALS, shape[1]))
        else:
            bias = module.bias_std * rng.standard_normal((TRIALS, shape[1]))
        x = np.stack([np.einsum("tij,tj->ti", weights[i % len(weights)], x[i]) for i in (0, 1)])
        x += bias
        layers.append(x)
    return layers


def drawn(network: Network, correlation: float, *, shared: bool = True) -> list[np.ndarray]:
    layers = drawn_layers(network, correlation, shared=shared)
    with np.errstate(divide="ignore", invalid="ignore"):
        lengths = np.stack([np.log(np.square(h).mean(axis=2)) for h in layers], axis=-1)
        units = [h / np.linalg.norm(h, axis=2, keepdims=True) for h in layers]
        # For unit vectors 1 - c is half the square of the difference.
        squares = [0.5 * np.square(u[0] - u[1]).sum(axis=1) for u in units]
        distances = np.log(np.nan_to_num(np.stack(squares, axis=-1)))
    return joint_statistics(lengths[0], lengths[1], distances)


def joint_statistics(
    first: np.ndarray, second: np.ndarray, distance: np.ndarray
) -> list[np.ndarray]:
    """Return one number a trial, several times, from arrays (trials, L).

    Less than -50 becomes -50.
    """
    # Rounded, so that the correlations 1 and -1 behind a single unit are ties.
    first, second, distance = (np.maximum(x, -50.0).round(9) for x in (first, second, distance))
    middle = first.shape[1] // 2
    return [
        first[:, -1],
        distance[:, -1],
        first[:, -1] - 2.0 * second[:, middle] + first[:, 0],
        distance[:, 0] - second[:, middle],
    ]


def simulated(network: Network, correlation: float, method: str = "auto") -> list[np.ndarray]:
    result = signal_propagation(
        network, correlation=correlation, trials=TRIALS, length=LENGTH, method=method, rng=21
    )
    return joint_statistics(result.log_length, result.second_log_length, result.log_distance)


CASES = {
    "tanh, width 3": (MLP(4, 3, init=Gaussian(1.5), bias_std=0.4), 0.5),
    "relu, width 8": (MLP(5, 8, activation="relu", init="kaiming_normal"), -0.4),
    "relu, width 3": (MLP(4, 3, activation="relu", init="kaiming_normal", bias_std=0.0), 0.6),
    "gelu, ragged": (
        MLP(5, [7, 2, 9, 3, 5], activation="gelu", init=Gaussian(1.6), bias_std=0.1, in_features=4),
        0.2,
    ),
    "sigmoid, width 8": (MLP(4, 8, activation="sigmoid", init=Gaussian(3.0)), -0.9),
    "tanh, orthogonal, ragged": (
        MLP(4, [9, 5, 5, 2], init="orthogonal", bias_std=0.3, in_features=6),
        0.7,
    ),
    "relu, orthogonal, width 3": (
        MLP(3, 3, activation="relu", init="orthogonal", bias_std=0.2),
        0.0,
    ),
    "a single unit": (
        MLP(4, [6, 1, 4, 3], activation=[None, "tanh", None, None], init=Gaussian(1.0)),
        0.3,
    ),
}


@pytest.mark.jit
@pytest.mark.parametrize("name", CASES)
def test_conditional_has_the_law_of_drawn_networks(name: str) -> None:
    network, correlation = CASES[name]
    conditional = simulated(network, correlation, "conditional")
    dense = simulated(network, correlation, "dense")
    brute = drawn(network, correlation)
    for sample, *others in zip(conditional, dense, brute, strict=True):
        for other in others:
            assert_same_law(sample, other)


@pytest.mark.jit
@pytest.mark.parametrize("init", ["lecun_uniform", "trunc_normal", "torch_default"])
def test_dense_has_the_law_of_drawn_networks(init: str) -> None:
    bias_std = None if init == "torch_default" else 0.2
    network = MLP(3, [5, 4, 3], activation="silu", init=init, bias_std=bias_std, in_features=6)
    for sample, other in zip(simulated(network, 0.4), drawn(network, 0.4), strict=True):
        assert_same_law(sample, other)


@pytest.mark.jit
def test_different_weights_for_the_two_inputs_are_another_law() -> None:
    network, correlation = CASES["gelu, ragged"]
    sample = simulated(network, correlation)[1]
    with pytest.raises(AssertionError):
        assert_same_law(sample, drawn(network, correlation, shared=False)[1])


@pytest.mark.jit
def test_constant_weights_make_units_and_signals_parallel() -> None:
    network = MLP(3, 4, activation="relu", init=Init("constant", gain=-0.5), bias_std=0.0)
    result = signal_propagation(network, correlation=0.3, trials=50, rng=1, method="dense")
    # One layer leaves but the sign of a sum, and ReLU and negative weights turn -1 into 0.
    assert set(np.unique(result.log_distance[:, 0])) <= {-math.inf, math.log(2.0)}
    assert result.second_length.vanished[1] > 0


@pytest.mark.parametrize("activation", ["tanh", "erf", None])
def test_opposite_inputs_stay_opposite_under_odd_activations(activation: str | None) -> None:
    network = MLP(40, 5, activation=activation, init=Gaussian(2.5))
    for method in ("conditional", "dense"):
        result = signal_propagation(network, correlation=-1.0, trials=4, method=method, rng=2)
        assert (result.correlation == -1.0).all()
        np.testing.assert_allclose(result.log_distance, math.log(2.0), rtol=1e-15)
        np.testing.assert_allclose(result.log_length, result.second_log_length, atol=1e-10)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "gelu"])
def test_equal_inputs_stay_equal(activation: str) -> None:
    network = MLP(40, 5, activation=activation, init=Gaussian(2.5), bias_std=0.3)
    for method in ("conditional", "dense"):
        result = signal_propagation(network, correlation=1.0, trials=4, method=method, rng=2)
        assert (result.correlation == 1.0).all()
        assert (result.log_distance == -math.inf).all()
        np.testing.assert_allclose(result.log_length, result.second_log_length, atol=1e-12)


@pytest.mark.parametrize(
    "network",
    [
        MLP(300, 6, init=Gaussian(0.9), bias_std=0.4),
        MLP(300, 6, activation="gelu", init=Gaussian(1.2), bias_std=0.4),
        MLP(
            300,
            [6] * 300,
            activation=["tanh", "leaky_relu"] * 150,
            init=Gaussian(1.0),
            bias_std=0.4,
        ),
    ],
    ids=["tanh", "gelu", "mixed"],
)
def test_small_distances_shrink_alike_however_small(network: Network) -> None:
    # The same weights multiply any small distance by the same factor.
    distances = [
        signal_propagation(network, correlation=1.0 - 2.0**-bits, trials=3, rng=5).log_distance
        for bits in (40, 52)
    ]
    assert distances[1][:, -1].max() < -100.0
    np.testing.assert_allclose(distances[0] - distances[1], 12.0 * math.log(2.0), atol=2e-4)


@pytest.mark.jit
def test_merging_signals_have_the_law_of_a_tangent() -> None:
    depth, width, sigma_w, bits, trials = 30, 6, 0.8, 40, 4000
    network = MLP(depth, width, init=Gaussian(sigma_w), bias_std=0.5)
    result = signal_propagation(
        network, correlation=1.0 - 2.0**-bits, trials=trials, record=[depth], rng=6
    )
    rng = np.random.default_rng(7)
    x = np.zeros((trials, width))
    x[:, 0] = math.sqrt(width)
    tangent = np.zeros_like(x)
    tangent[:, 1] = math.sqrt(width)
    slope = np.ones_like(x)
    for _ in range(depth):
        weights = rng.standard_normal((trials, width, width)) * sigma_w / math.sqrt(width)
        h = np.einsum("tij,tj->ti", weights, x) + 0.5 * rng.standard_normal((trials, width))
        tangent = np.einsum("tij,tj->ti", weights, slope * tangent)
        x, slope = np.tanh(h), 1.0 - np.tanh(h) ** 2
    squares, cross = np.square(h).sum(axis=1), (h * tangent).sum(axis=1)
    across = np.square(tangent).sum(axis=1) - cross**2 / squares
    assert_same_law(result.log_distance, np.log(across / squares) - bits * math.log(2.0))
    assert np.median(result.log_distance) < -60.0


@pytest.mark.jit
def test_linear_networks_have_the_exact_growth_of_areas() -> None:
    depth, width = 2000, 3
    network = MLP(depth, width, activation=None, init=Gaussian(1.0))
    result = signal_propagation(network, correlation=0.0, trials=600, record=[depth], rng=8)
    # The area that the signals span grows by independent factors, whatever the sign of c.
    acute = result.correlation[:, 0] > 0.0
    log_sine = 0.5 * (result.log_distance[acute, 0] + math.log(2.0))
    lengths = 0.5 * (result.log_length + result.second_log_length)[acute, 0]
    degrees = np.array([width, width - 1.0])
    per_layer = 0.5 * (digamma(degrees / 2.0) + math.log(2.0) - math.log(width)).sum()
    assert_mean(log_sine + lengths, depth * per_layer)
    assert log_sine.max() < -300.0


def second_order_length(
    sigma_w: float, sigma_b: float, depth: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return q, its variance times n, and the deviation of its mean times n, by layer, for tanh.

    The mean square of a layer of n units has the mean V(q) and the variance v(q)/n given q; both
    are passed on to second order.
    """
    # For analytic functions the rectangle rule is exact to rounding.
    nodes = np.arange(-12.0, 12.0, 0.02)
    weights = np.exp(-0.5 * nodes**2)
    weights /= weights.sum()

    def moments(q: float) -> tuple[float, float]:
        squares = np.tanh(math.sqrt(q) * nodes) ** 2
        mean = weights @ squares
        return sigma_w**2 * mean + sigma_b**2, sigma_w**4 * (weights @ squares**2 - mean**2)

    q, spread, shift = np.zeros((3, depth))
    q[0] = sigma_w**2 + sigma_b**2
    step = 1e-3
    for layer in range(depth - 1):
        below, (here, noise), above = (
            moments(q[layer] - step)[0],
            moments(q[layer]),
            moments(q[layer] + step)[0],
        )
        slope, curvature = (above - below) / (2 * step), (above - 2 * here + below) / step**2
        q[layer + 1] = here
        spread[layer + 1] = noise + slope**2 * spread[layer]
        shift[layer + 1] = slope * shift[layer] + 0.5 * curvature * spread[layer]
    return q, spread, shift


@pytest.mark.jit
def test_mean_length_reaches_infinite_width_as_one_over_width() -> None:
    depth, sigma_w, sigma_b, trials = 10, 1.2, 0.1, 30_000
    q, _, shift = second_order_length(sigma_w, sigma_b, depth)
    for width in (64, 96, 128):
        network = MLP(depth, width, init=Gaussian(sigma_w), bias_std=sigma_b)
        result = signal_propagation(network, correlation=0.0, trials=trials, record=[depth], rng=9)
        np.testing.assert_allclose(np.exp(result.mean_field.log_q), q[-1:], rtol=1e-9)
        lengths = np.exp(np.concatenate([result.log_length, result.second_log_length], axis=1))
        deviation = width * (lengths.mean(axis=1) - q[-1])
        assert_mean(deviation, shift[-1])
        # The sample is large enough to see the deviation at all.
        with pytest.raises(AssertionError):
            assert_mean(deviation, 0.0)


@pytest.mark.jit
def test_correlations_approach_the_mean_field_map() -> None:
    for activation, sigma_w, sigma_b in (("tanh", 1.8, 0.2), ("relu", 2**0.5, 0.0)):
        network = MLP(5, 3000, activation=activation, init=Gaussian(sigma_w), bias_std=sigma_b)
        result = signal_propagation(network, correlation=0.3, trials=300, rng=10)
        for layer in (0, 4):
            assert_z(
                result.cosine.mean[layer],
                result.mean_field.correlation[layer],
                result.cosine.standard_error[layer],
            )


def test_mean_field_follows_maps_and_slopes() -> None:
    c, q = 0.3, 1.0
    limit = mean_field_propagation(
        [50, 70, 20, 40, 60], ["relu", "tanh", None, "relu"], 0.2, 0.1, correlation=c
    )
    weights, steps = 0.2 * np.sqrt([50, 70, 20, 40]), ["relu", "tanh", "linear"]
    c, q = (weights[0] ** 2 * c + 0.01) / (weights[0] ** 2 * q + 0.01), weights[0] ** 2 + 0.01
    for layer, activation in enumerate(["", *steps]):
        if layer > 0:
            sigmas = {"sigma_w": weights[layer], "sigma_b": 0.1}
            c = theory.correlation_map(activation, c, q, **sigmas)
            q = theory.length_map(activation, q, **sigmas)
        np.testing.assert_allclose(limit.log_q[layer], np.log(q), rtol=1e-10)
        np.testing.assert_allclose(limit.correlation[layer], c, rtol=1e-10)
    deep = mean_field_propagation(
        [90] * 301, ["tanh"] * 300, 1.2 / 90**0.5, 0.3, correlation=1.0 - 2e-6
    )
    point = theory.phases("tanh", 1.2, 0.3)
    np.testing.assert_allclose(np.diff(deep.log_distance)[-20:], math.log(point.susceptibility))
    assert deep.log_distance[-1] < math.log(2.0**-60)
    assert deep.correlation[-1] == 1.0


def test_mean_field_of_zero_inputs() -> None:
    options = {"correlation": 0.5, "log_input_norm": -math.inf}
    silent = mean_field_propagation([3, 3, 3], ["tanh"] * 2, 1.0, **options)
    assert (silent.correlation == -math.inf).all()
    biased = mean_field_propagation([3, 3, 3], ["tanh"] * 2, 1.0, 0.5, **options)
    assert (biased.correlation == 1.0).all()
    assert (biased.log_distance == -math.inf).all()
    with pytest.raises(ValueError, match=r"correlation must be .* got 2"):
        mean_field_propagation([3, 3], ["tanh"], 1.0, correlation=2.0)


@pytest.mark.parametrize(
    "network",
    [
        MLP(3, 4, init=Init("constant", gain=0.5)),
        Sequential([Linear(4, 4), "tanh", "relu", Linear(4, 2)]),
    ],
    ids=["constant", "composed"],
)
def test_there_is_no_mean_field(network: Network) -> None:
    result = signal_propagation(network, correlation=0.5, trials=3, rng=1)
    assert result.mean_field is None
    assert "m. field" not in result.summary()
    result.plot()


@pytest.mark.jit
def test_dead_signals_are_counted() -> None:
    width, trials = 2, 4000
    network = MLP(2, width, activation="relu", init="kaiming_normal")
    result = signal_propagation(network, correlation=0.5, trials=trials, rng=11)
    chance = 0.5**width
    spread = math.sqrt(trials * chance * (1.0 - chance))
    for profile in (result.length, result.second_length):
        assert profile.vanished[0] == 0
        assert_z(profile.vanished[1], trials * chance, spread)
    dead = np.isinf(result.log_length) | np.isinf(result.second_log_length)
    np.testing.assert_array_equal(np.isinf(result.correlation), dead)
    assert result.dead == dead[:, -1].sum()
    assert not np.isnan(result.statistics.samples).any()
    assert np.isfinite([result.length.mean, result.cosine.mean, result.cosine.std]).all()


def test_a_dead_signal_revives_behind_biases() -> None:
    network = Sequential([Linear(2, 1, init=Gaussian(1.0)), "relu", Linear(1, 3, bias_std=0.5)])
    for method in ("conditional", "dense"):
        result = signal_propagation(network, correlation=-1.0, trials=40, method=method, rng=3)
        # Of two opposite numbers ReLU leaves one.
        assert result.dead == 0
        assert (np.abs(result.correlation[:, 1]) < 1.0).all()
        silent = signal_propagation(
            network, correlation=0.5, trials=5, length=0.0, method=method, rng=3
        )
        assert (silent.cosine.vanished == [5, 0]).all()
        assert (silent.correlation[:, 1] == 1.0).all()


@pytest.mark.parametrize("method", ["conditional", "dense"])
def test_no_weights_and_huge_ones(method: str) -> None:
    options = {"correlation": 0.5, "trials": 5, "method": method, "rng": 4}
    silent = signal_propagation(MLP(3, 4, activation=None, init=Gaussian(0.0)), **options)
    assert silent.dead == 5
    halves = signal_propagation(MLP(3, 4, activation="sigmoid", init=Gaussian(0.0)), **options)
    assert (halves.log_length == -math.inf).all()
    for activation in ("relu", "gelu", "tanh"):
        network = MLP(12, 4, activation=activation, init=Gaussian(1e50))
        loud = signal_propagation(network, **options)
        alive = loud.correlation > -math.inf
        assert np.isfinite(loud.log_length[alive]).all()
        assert (np.abs(loud.correlation[alive]) <= 1.0).all()


def test_signals_far_apart_are_followed() -> None:
    # One signal runs away, the other starts again from softplus(0) = ln 2.
    network = MLP(40, 1, activation="softplus", init=Gaussian(1e50))
    result = signal_propagation(network, correlation=-1.0, trials=10, rng=1)
    assert result.length.quantile(1.0)[-1] > 300.0


def test_one_input_has_two_directions() -> None:
    network = MLP(3, 4, in_features=1)
    with pytest.raises(ValueError, match=r"correlation must be -1 or 1 .* got 0.5"):
        signal_propagation(network, correlation=0.5, trials=3)
    assert (signal_propagation(network, correlation=-1, trials=3, rng=1).correlation == -1).all()


@pytest.mark.parametrize("method", ["conditional", "dense"])
def test_results_do_not_depend_on_workers(method: str) -> None:
    network = MLP(3, 12, bias_std=0.2)
    options = {"correlation": 0.4, "method": method, "rng": 12}
    task = sampler.PairPropagation(network, 0.0, 0.4, np.arange(1, 4), method == "dense")
    trials = 3 if JIT_DISABLED else 3 * task.chunk
    one, three = (
        signal_propagation(network, trials=trials, n_jobs=jobs, **options) for jobs in (1, 3)
    )
    np.testing.assert_array_equal(one.statistics.samples, three.statistics.samples)
    again = signal_propagation(network, trials=trials, **{**options, "rng": one.seed})
    np.testing.assert_array_equal(one.statistics.samples, again.statistics.samples)
    streamed = signal_propagation(network, trials=trials, samples=False, **options)
    np.testing.assert_allclose(streamed.cosine.mean, one.cosine.mean, rtol=1e-12)
    with pytest.raises(AttributeError, match="samples=True"):
        _ = streamed.correlation


@pytest.mark.parametrize("method", ["conditional", "dense"])
def test_records_and_calls_do_not_change_the_trials(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = MLP(7, [5, 3, 6, 2, 4, 9, 3], bias_std=0.2)
    options = {"correlation": 0.4, "trials": 6, "method": method, "rng": 13}
    whole = signal_propagation(network, **options)
    part = signal_propagation(network, record=[2, 3, 6], **options)
    np.testing.assert_array_equal(part.layers, [2, 3, 6])
    np.testing.assert_array_equal(part.correlation, whole.correlation[:, [1, 2, 5]])
    np.testing.assert_array_equal(part.log_length, whole.log_length[:, [1, 2, 5]])
    # Long trials are passed in several calls.
    monkeypatch.setattr(sampler, "CALL_COST", 1500.0)
    cut = signal_propagation(network, **options)
    np.testing.assert_array_equal(cut.statistics.samples, whole.statistics.samples)


def test_user_defined_activations_equal_built_in_ones() -> None:
    own = Activation("own", lambda x: x / (1.0 + abs(x)), lambda x: (1.0 + abs(x)) ** -2)
    results = [
        signal_propagation(
            MLP(6, 5, activation=[activation, "tanh"] * 3, init=Gaussian(1.5), bias_std=0.1),
            correlation=0.9,
            trials=20,
            rng=14,
        )
        for activation in (own, "softsign")
    ]
    np.testing.assert_allclose(*(r.statistics.samples for r in results), rtol=1e-9)
    np.testing.assert_allclose(*(r.mean_field.correlation for r in results), rtol=1e-9)


def test_user_defined_activations_that_overflow_are_reported() -> None:
    own = Activation("cube", lambda x: x**3, lambda x: 3.0 * x**2)
    network = MLP(12, 5, activation=own, init=Gaussian(1e3))
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=r"network must .* 'cube'"):
        signal_propagation(network, correlation=0.5, trials=3, rng=1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"network": "MLP"}, TypeError, "network must be a Network .* got 'MLP'"),
        ({"correlation": 1.5}, ValueError, "correlation must be .* got 1.5"),
        ({"correlation": "high"}, TypeError, "correlation must be .* got 'high'"),
        ({"trials": 0}, ValueError, "trials must be a positive integer, got 0"),
        ({"length": -1.0}, ValueError, "length must be .* got -1.0"),
        ({"length": 1e300}, ValueError, "length must be .* got 1e\\+300"),
        ({"record": [0, 1]}, ValueError, r"record must be .* got \[0, 1\]"),
        ({"method": "fast"}, ValueError, "method must be one of .* got 'fast'"),
        ({"samples": 1}, TypeError, "samples must be True or False, got 1"),
        ({"progress": None}, TypeError, "progress must be True or False, got None"),
        ({"n_jobs": 0}, ValueError, "n_jobs must be .* got 0"),
        ({"rng": -1}, ValueError, "rng must be .* got -1"),
        (
            {"network": MLP(2, 3, init="xavier_uniform"), "method": "conditional"},
            ValueError,
            "method must be 'auto' or 'dense' .* got 'conditional'",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_bad_arguments_are_named(
    options: dict[str, object], error: type[Exception], message: str
) -> None:
    arguments = {"network": MLP(2, 3), "correlation": 0.5, "trials": 2, **options}
    network = arguments.pop("network")
    with pytest.raises(error, match=message):
        signal_propagation(network, **arguments)


def test_the_result_tells_draws_and_pickles() -> None:
    network = MLP(5, 6, activation="relu", init="kaiming_normal")
    result = signal_propagation(network, correlation=0.2, trials=20, length=2.0, rng=15)
    text = result.summary()
    assert "mean square 2 and correlation 0.2" in text
    assert repr(result) == f"<SignalPropagation>\n{text}"
    for quantity in ("correlation", "distance", "length"):
        ax = result.plot(quantity=quantity)
        assert ax.get_legend() is not None
        plt.close(ax.figure)
    with pytest.raises(ValueError, match=r"quantity must be one of .* got 'angle'"):
        result.plot(quantity="angle")
    frame = result.to_dataframe()
    assert frame.shape == (5, 28)
    np.testing.assert_array_equal(frame["cosine_mean"], result.cosine.mean)
    copy = pickle.loads(pickle.dumps(result))
    np.testing.assert_array_equal(copy.correlation, result.correlation)
    for frozen in (copy.layers, copy.correlation):
        with pytest.raises(ValueError, match="read-only"):
            frozen[0] = 0


def test_mean_field_of_opposite_inputs_stays_opposite() -> None:
    for size in range(2, 40):
        prediction = mean_field_propagation([size] * 6, ["tanh"] * 5, size**-0.5, correlation=-1.0)
        np.testing.assert_allclose(prediction.correlation, -1.0, rtol=1e-12)
