"""The verb `gradient_attenuation`: arguments, errors, invariances, degenerate networks, results."""

import math
import pickle

import numpy as np
import pytest
from conftest import JIT_DISABLED
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import LARGEST_Z

import stabsim
from stabsim import MLP, gradient_attenuation
from stabsim._samplers import attenuation as samplers
from stabsim.activations import Activation
from stabsim.initializers import Gaussian, Init
from stabsim.networks import Linear, Sequential

FEW = settings(max_examples=5 if JIT_DISABLED else 25, deadline=None)
seeds = st.integers(0, 2**64)
METHODS = ["conditional", "dense"]
each_method = pytest.mark.parametrize("method", METHODS)
NETWORK = MLP(3, [4, 2, 5], in_features=3, bias_std=0.1)
PROFILES = ["gradient", "activation", "preactivation_gradient", "weight_gradient", "bias_gradient"]


def attenuate(network=NETWORK, **keywords):
    return gradient_attenuation(network, **{"trials": 6, "rng": 1} | keywords)


def logarithms(result):
    return np.hstack([getattr(result, name).samples for name in PROFILES])


def assert_defined(result):
    """Assert that every logarithm is a number or minus infinity."""
    assert (logarithms(result) < np.inf).all()


# Arguments -----------------------------------------------------------------------------------


def test_the_result_says_what_was_simulated():
    result = attenuate(trials=7)
    assert isinstance(result, stabsim.GradientAttenuation)
    assert result.network == NETWORK
    assert (result.trials, result.method, result.batch_size) == (7, "conditional", 1)
    np.testing.assert_array_equal(result.layers, [0, 1, 2, 3])
    assert result.log_gradient_norm.shape == result.log_activation_norm.shape == (7, 4)
    for name in ("preactivation_gradient", "weight_gradient", "bias_gradient"):
        assert getattr(result, f"log_{name}_norm").shape == (7, 3)
        np.testing.assert_array_equal(getattr(result, name).layers, [1, 2, 3])
    np.testing.assert_array_equal(result.log_gradient_norm[:, -1], 0.0)
    np.testing.assert_allclose(
        result.attenuation, result.log_gradient_norm[:, 0] / math.log(10.0), rtol=1e-15
    )
    assert result.rate == result.mean[0] / 3
    assert result.rate_standard_error == result.standard_error[0] / 3


def test_what_one_input_leaves_is_known():
    # The gradient of the weights is an outer product, that of the biases the one of h.
    result = attenuate()
    np.testing.assert_allclose(
        result.log_weight_gradient_norm,
        result.log_preactivation_gradient_norm + result.log_activation_norm[:, :-1],
    )
    np.testing.assert_array_equal(
        result.log_bias_gradient_norm, result.log_preactivation_gradient_norm
    )


@pytest.mark.parametrize(
    ("network", "method", "reason"),
    [
        (MLP(2, 3), "conditional", "none is drawn"),
        (MLP(2, 3, init="orthogonal", bias_std=0.2), "conditional", "none is drawn"),
        (MLP(2, 3, activation="relu"), "conditional", "nor are the units"),
        (MLP(2, 3, init="zeros"), "conditional", "none is drawn"),
        (MLP(2, 3, init="xavier_uniform"), "dense", "layer 1 has neither"),
        (MLP(2, 3, init="torch_default"), "dense", "layer 1 has neither"),
        (MLP(2, 3, init=Init("constant", gain=0.1)), "dense", "layer 1 has neither"),
        (
            Sequential([Linear(3, 3), Linear(3, 3, init="he_normal")]),
            "dense",
            "layer 2 has neither",
        ),
    ],
    ids=repr,
)
def test_auto_draws_no_weights_where_it_can(network, method, reason):
    result = attenuate(network)
    assert result.method == method
    assert reason in result.reason
    dense = attenuate(network, method="dense")
    assert (dense.method, dense.reason) == ("dense", "asked for")
    if method == "conditional":
        assert attenuate(network, method="conditional").method == "conditional"
    else:
        with pytest.raises(ValueError, match=r"^method must be 'auto' or 'dense' .* got 'condit"):
            attenuate(network, method="conditional")


@pytest.mark.parametrize("count", [1, 2])
@each_method
def test_what_is_recorded_changes_nothing_else(count, method):
    network, inputs = MLP(9, 4), np.eye(4)[:count]
    full = attenuate(network, inputs=inputs, method=method)
    for record in ([9], [0], [1, 5], [0, 4, 9]):
        part = attenuate(network, inputs=inputs, method=method, record=record)
        layers = np.union1d([0], record)
        np.testing.assert_array_equal(part.layers, layers)
        for name in PROFILES:
            ours, all_layers = getattr(part, name), getattr(full, name)
            chosen = np.isin(all_layers.layers, layers)
            np.testing.assert_array_equal(ours.layers, all_layers.layers[chosen])
            np.testing.assert_array_equal(ours.samples, all_layers.samples[:, chosen])
        assert part.dead == full.dead


def test_many_layers_are_recorded_evenly():
    result = attenuate(MLP(1000, 1), trials=1)
    assert result.layers.size == 129
    assert result.layers[0] == 0
    assert result.layers[-1] == 1000
    assert np.ptp(np.diff(result.layers)) <= 1


@each_method
@pytest.mark.parametrize(
    "inputs",
    [[3.0, 4.0, 0.0], (3, 4, 0), np.array([3, 4, 0], np.int8), np.array([3, 4, 0], np.float32)],
    ids=repr,
)
def test_inputs_are_vectors(inputs, method):
    result = attenuate(inputs=inputs, method=method)
    np.testing.assert_allclose(result.log_activation_norm[:, 0], math.log(5.0), rtol=1e-15)
    assert result.log_input_norm == pytest.approx(math.log(5.0))
    same = attenuate(inputs=[[3.0, 4.0, 0.0]], method=method)
    np.testing.assert_array_equal(logarithms(result), logarithms(same))


@each_method
@pytest.mark.parametrize("inputs", [5.0, 5, np.float32(5.0), np.int64(5)], ids=repr)
def test_inputs_may_be_a_norm(inputs, method):
    result = attenuate(inputs=inputs, method=method)
    np.testing.assert_allclose(result.log_activation_norm[:, 0], math.log(5.0), rtol=1e-15)


@each_method
def test_inputs_are_gaussian_by_default(method):
    result = attenuate(method=method)
    assert np.unique(result.log_activation_norm[:, 0]).size == 6
    assert result.log_input_norm == pytest.approx(0.5 * math.log(3.0))
    same = attenuate(method=method, inputs="gaussian")
    np.testing.assert_array_equal(logarithms(result), logarithms(same))


@each_method
def test_norms_of_a_batch_are_those_of_all_inputs_together(method):
    inputs = np.array([[3.0, 0.0, 0.0], [0.0, 4.0, 0.0]])
    result = attenuate(inputs=inputs, method=method)
    assert result.batch_size == 2
    np.testing.assert_allclose(result.log_activation_norm[:, 0], math.log(5.0), rtol=1e-15)
    np.testing.assert_array_equal(result.log_gradient_norm[:, -1], 0.0)
    assert "batches of 2" in result.summary()
    assert result.theory is None


def test_the_caller_s_arrays_are_left_alone():
    record, inputs = np.array([1, 3]), np.ones((2, 3))
    for method in METHODS:
        attenuate(record=record, inputs=inputs, method=method)
    np.testing.assert_array_equal(inputs, 1.0)
    assert inputs.flags.writeable
    assert record.flags.writeable


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"network": 3}, TypeError, r"^network must be a Network such as .*, got 3"),
        ({"trials": 0}, ValueError, "^trials must be a positive integer, got 0"),
        ({"trials": 2.0}, TypeError, r"^trials must be a positive integer, got 2\.0"),
        ({"trials": True}, TypeError, "^trials must be a positive integer, got True"),
        ({"inputs": "ones"}, ValueError, "^inputs must be 'gaussian', .*, got 'ones'"),
        ({"inputs": -1.0}, ValueError, r"^inputs must be .*, got -1\.0"),
        ({"inputs": math.nan}, ValueError, "^inputs must be .*, got nan"),
        ({"inputs": 1e101}, ValueError, r"^inputs must be .*, got 1e\+101"),
        ({"inputs": True}, TypeError, "^inputs must be .*, got True"),
        ({"inputs": None}, TypeError, "^inputs must be .*, got dtype object"),
        ({"inputs": 1j}, TypeError, "^inputs must be .*, got dtype complex128"),
        ({"inputs": ["a", "b", "c"]}, TypeError, "^inputs must be .*, got dtype <U1"),
        ({"inputs": [1.0, 2.0]}, ValueError, r"^inputs must be .* of 3 numbers .*shape \(2,\)"),
        ({"inputs": np.ones((2, 2, 3))}, ValueError, r"^inputs must be .*shape \(2, 2, 3\)"),
        ({"inputs": np.ones((0, 3))}, ValueError, r"^inputs must be .*shape \(0, 3\)"),
        ({"inputs": [[1.0, 2.0], [3.0]]}, ValueError, "^inputs must be .*unequal lengths"),
        ({"inputs": [1.0, math.inf, 0.0]}, ValueError, "^inputs must be .*inf"),
        ({"inputs": [1.0, math.nan, 0.0]}, ValueError, "^inputs must be .*nan"),
        ({"inputs": [1.0, 1e101, 0.0]}, ValueError, r"^inputs must be .*1e\+101"),
        ({"record": [2, 1]}, ValueError, r"^record must be ascending .* got \[2, 1\]"),
        ({"record": [4]}, ValueError, r"^record must be .* between 0 and depth = 3, got \[4\]"),
        ({"record": [-1]}, ValueError, r"^record must be .*, got \[-1\]"),
        ({"record": [1.0]}, TypeError, "^record must be .*, got dtype float64"),
        ({"record": []}, ValueError, r"^record must be .*, got shape \(0,\)"),
        ({"method": "exact"}, ValueError, "^method must be one of 'auto', .*, got 'exact'"),
        ({"method": None}, TypeError, "^method must be one of 'auto', .*, got None"),
        ({"samples": 1}, TypeError, "^samples must be True or False, got 1"),
        ({"progress": "yes"}, TypeError, "^progress must be True or False, got 'yes'"),
        ({"n_jobs": 0}, ValueError, "^n_jobs must be None or a non-zero integer, got 0"),
        ({"n_jobs": 1.5}, TypeError, r"^n_jobs must be .*, got 1\.5"),
        ({"rng": -1}, ValueError, "^rng must be .*, got -1"),
        ({"rng": "seed"}, TypeError, "^rng must be .*, got 'seed'"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_bad_arguments_are_named(keywords, error, message):
    with pytest.raises(error, match=message):
        attenuate(**keywords)


def test_arguments_are_keywords():
    with pytest.raises(TypeError, match="positional"):
        gradient_attenuation(NETWORK, 10)
    with pytest.raises(TypeError, match="trials"):
        gradient_attenuation(NETWORK)


# Randomness ----------------------------------------------------------------------------------

CASES = [
    (NETWORK, "gaussian", "conditional"),
    (NETWORK, np.eye(3)[:2], "conditional"),
    (NETWORK, 1.0, "dense"),
    (MLP(4, 3, activation="leaky_relu", init="orthogonal"), 1.0, "conditional"),
]
each_case = pytest.mark.parametrize(
    ("network", "inputs", "method"), CASES, ids=["single", "batch", "dense", "orthogonal"]
)


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(samplers, "chunk_of", lambda cost, columns: 3)


@each_case
@pytest.mark.usefixtures("small_chunks")
def test_results_do_not_depend_on_workers(network, inputs, method):
    results = [
        attenuate(network, inputs=inputs, method=method, trials=20, n_jobs=n_jobs)
        for n_jobs in (1, 2, 3, None)
    ]
    for result in results[1:]:
        np.testing.assert_array_equal(logarithms(result), logarithms(results[0]))


@each_case
@pytest.mark.usefixtures("small_chunks")
def test_more_trials_begin_with_the_same(network, inputs, method):
    few, many = (
        attenuate(network, inputs=inputs, method=method, trials=trials) for trials in (7, 20)
    )
    np.testing.assert_array_equal(logarithms(few), logarithms(many)[:7])
    # And no two of them are alike.
    assert np.unique(many.log_gradient_norm[:, 0]).size == 20


@each_case
@pytest.mark.usefixtures("small_chunks")
def test_moments_do_not_need_the_samples(network, inputs, method):
    kept, streamed = (
        attenuate(network, inputs=inputs, method=method, trials=50, samples=samples)
        for samples in (True, False)
    )
    for name in PROFILES:
        ours, theirs = getattr(streamed, name), getattr(kept, name)
        np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(ours.std, theirs.std, rtol=1e-10, atol=1e-14)
        np.testing.assert_array_equal(ours.vanished, theirs.vanished)
        with pytest.raises(AttributeError, match="samples=True"):
            _ = ours.samples
    assert streamed.dead == kept.dead
    assert streamed.summary().splitlines()[:2] == kept.summary().splitlines()[:2]


@FEW
@given(seeds)
def test_the_seed_repeats_the_result(seed):
    first = attenuate(rng=seed)
    again = attenuate(rng=first.seed)
    np.testing.assert_array_equal(logarithms(first), logarithms(again))
    sequence = attenuate(rng=np.random.SeedSequence(seed))
    np.testing.assert_array_equal(logarithms(first), logarithms(sequence))


def test_kinds_of_randomness():
    generator = np.random.default_rng(1)
    first, second = attenuate(rng=generator), attenuate(rng=generator)
    assert not np.array_equal(logarithms(first), logarithms(second))
    np.testing.assert_array_equal(
        logarithms(attenuate(rng=np.random.default_rng(1))), logarithms(first)
    )
    assert not np.array_equal(logarithms(attenuate(rng=None)), logarithms(attenuate(rng=None)))


@FEW
@given(seeds, st.floats(-200.0, 200.0), st.sampled_from(METHODS))
def test_homogeneous_networks_scale_with_their_input(seed, logarithm, method):
    network = MLP(4, 5, activation="relu", init="kaiming_normal")
    one, scaled = (
        attenuate(network, inputs=norm, rng=seed, method=method)
        for norm in (1.0, math.exp(logarithm))
    )
    np.testing.assert_array_equal(one.log_gradient_norm, scaled.log_gradient_norm)
    np.testing.assert_allclose(
        scaled.log_activation_norm - logarithm, one.log_activation_norm, atol=1e-10
    )


# Degenerate networks -------------------------------------------------------------------------


@each_method
@pytest.mark.parametrize("inputs", ["gaussian", 1.0, np.eye(3)[:2]], ids=["gaussian", "1", "batch"])
@pytest.mark.parametrize("init", [Gaussian(0.0), "zeros"], ids=str)
def test_without_weights_nothing_passes(init, inputs, method):
    network = MLP(3, 3, init=init)
    result = attenuate(network, inputs=inputs, method=method)
    np.testing.assert_array_equal(result.log_activation_norm[:, 1:], -math.inf)
    # The slope of tanh is 1 at 0, so gradients reach the last layer's pre-activations, no more.
    np.testing.assert_array_equal(result.log_gradient_norm, [[-math.inf] * 3 + [0.0]] * 6)
    np.testing.assert_allclose(result.log_preactivation_gradient_norm[:, -1], 0.0, atol=1e-14)
    np.testing.assert_array_equal(result.log_weight_gradient_norm, -math.inf)
    assert result.dead == 6


@each_method
@pytest.mark.parametrize("inputs", [0.0, np.zeros(3), np.zeros((2, 3))], ids=["0", "1", "2"])
@pytest.mark.parametrize("init", [Gaussian(1.5), "orthogonal"], ids=str)
def test_a_zero_input(init, inputs, method):
    keywords = {"inputs": inputs, "method": method}
    # Without biases it stays zero, while gradients pass by the slope at 0.
    result = attenuate(MLP(3, 3, init=init), **keywords)
    np.testing.assert_array_equal(result.log_activation_norm, -math.inf)
    assert np.isfinite(result.log_gradient_norm).all()
    np.testing.assert_array_equal(result.log_weight_gradient_norm, -math.inf)
    assert np.isfinite(result.log_bias_gradient_norm).all()
    assert result.dead == 0
    # ReLU has the slope 0 there, and biases bring it to life.
    assert attenuate(MLP(3, 3, init=init, activation="relu"), **keywords).dead == 6
    result = attenuate(MLP(3, 3, init=init, bias_std=0.5), **keywords)
    assert np.isfinite(result.log_activation_norm[:, 1:]).all()
    assert np.isfinite(result.log_gradient_norm).all()
    np.testing.assert_array_equal(result.log_weight_gradient_norm[:, 0], -math.inf)
    assert np.isfinite(result.log_weight_gradient_norm[:, 1:]).all()


def test_constant_weights_are_one_number():
    network = MLP(2, 2, activation=None, init=Init("constant", gain=0.5, mode="fixed"))
    result = attenuate(network, inputs=[[2.0, 0.0], [1.0, 1.0]])
    # Every entry of W is 1/2: both units are half the sum of the inputs, which is 2.
    np.testing.assert_allclose(result.log_activation_norm[:, 1:], math.log(2.0))
    # What passes down is the part of the gradient along (1, 1), which stays as it is.
    np.testing.assert_allclose(
        result.log_gradient_norm[:, 0], result.log_gradient_norm[:, 1], atol=1e-12
    )
    assert (result.log_gradient_norm[:, 0] < 0.0).all()


@each_method
@pytest.mark.parametrize("name", stabsim.activations.names())
@pytest.mark.parametrize("bias_std", [0.0, 1.0])
def test_one_unit_and_one_layer(name, bias_std, method):
    for init in (Gaussian(1.0), "orthogonal"):
        network = MLP(1, 1, activation=name, init=init, bias_std=bias_std)
        result = attenuate(network, inputs=0.5, trials=20, method=method)
        assert_defined(result)
        alive = np.isfinite(result.log_gradient_norm[:, 0])
        assert alive.any()
        if init == "orthogonal":
            # ∂ℓ/∂x = ± ∂ℓ/∂h, both of them one number.
            np.testing.assert_allclose(
                result.log_gradient_norm[alive, 0],
                result.log_preactivation_gradient_norm[alive, 0],
                atol=1e-7,
            )


@each_method
@pytest.mark.parametrize("width", [1, 2, 16])
@pytest.mark.parametrize("sigma_w", [30.0, 1e3, 1e4])
def test_saturated_sigmoids_are_dead_or_finite(sigma_w, width, method):
    network = MLP(6, width, activation="sigmoid", init=Gaussian(sigma_w))
    result = attenuate(network, trials=20 if JIT_DISABLED else 2000, inputs=1.0, method=method)
    assert_defined(result)
    # Where a gradient arrives, so did all the signals that it met.
    arrived = np.isfinite(result.log_gradient_norm[:, 0])
    assert result.dead == np.count_nonzero(~arrived)
    assert np.isfinite(result.log_activation_norm[arrived, 1:-1]).all()
    assert np.isfinite(result.log_preactivation_gradient_norm[arrived]).all()


@pytest.mark.jit
@pytest.mark.parametrize("sigma_w", [1e3, 1e4])
def test_small_values_of_sigmoids_are_not_zero(sigma_w):
    # Of one unit, e^h can be squared only for h > -372; its logarithm is h below that too.
    network = MLP(1, 1, activation="sigmoid", init=Gaussian(sigma_w))
    for method in METHODS:
        result = attenuate(network, trials=5000, inputs=1.0, method=method)
        lengths = result.log_activation_norm[:, 1]
        assert ((lengths < -380.0) & (lengths > -700.0)).any()
        # Zero in float64 begins at e^-745.
        assert (lengths[np.isfinite(lengths)] > -745.2).all()
        dead = np.count_nonzero(lengths == -math.inf) / 5000
        chance = 0.5 * math.erfc(745.0 / sigma_w / math.sqrt(2.0))
        assert abs(dead - chance) < LARGEST_Z * math.sqrt(chance / 5000)


GAINS = [1e60, 1e-60]


@each_method
@pytest.mark.parametrize("gain", GAINS)
@pytest.mark.parametrize("orthogonal", [False, True])
def test_logarithms_of_thousands(orthogonal, gain, method):
    init = Init("orthogonal", gain=gain) if orthogonal else Gaussian(gain)
    result = attenuate(MLP(100, 4, activation="relu", init=init), inputs=1.0, method=method)
    alive = np.isfinite(result.log_gradient_norm[:, 0])
    # Four units die in 1 of 16 layers: look at the leaky net too, which never dies.
    leaky = attenuate(MLP(100, 4, activation="leaky_relu", init=init), inputs=1.0, method=method)
    for logs in (result.log_gradient_norm[alive, 0], leaky.log_gradient_norm[:, 0]):
        np.testing.assert_allclose(logs, 100 * math.log(gain), atol=600.0)
    np.testing.assert_allclose(leaky.log_activation_norm[:, -1], 100 * math.log(gain), atol=600.0)
    assert leaky.dead == 0


@each_method
@pytest.mark.parametrize("gain", [*GAINS, 1e30, 1e4])
@pytest.mark.parametrize("bias_std", [0.0, 1e-5, 1e50])
@pytest.mark.parametrize("name", stabsim.activations.names())
def test_any_gain_of_any_activation(name, bias_std, gain, method):
    inputs = [
        "gaussian",
        np.vstack([np.ones(3), np.arange(3.0)]),
        np.vstack([np.eye(3)[0], np.zeros(3)]),
    ]
    for init in (Gaussian(gain), Init("orthogonal", gain=gain)):
        network = MLP(8, 3, activation=name, init=init, bias_std=bias_std)
        for given_inputs in inputs[: 1 if JIT_DISABLED else None]:
            assert_defined(attenuate(network, inputs=given_inputs, method=method))


@each_method
def test_an_exploding_network_of_gelu_is_one_of_relu(method):
    gelu, relu = (
        attenuate(MLP(50, 8, activation=name, init=Gaussian(1e30)), trials=20, method=method)
        for name in ("gelu", "relu")
    )
    assert relu.mean[0] > 3000.0
    assert gelu.mean[0] == pytest.approx(relu.mean[0], abs=30.0)
    assert gelu.activation.mean[-1] == pytest.approx(relu.activation.mean[-1], abs=30.0)


@each_method
@pytest.mark.parametrize("name", ["elu", "selu", "softplus", "silu", "mish", "gelu_tanh"])
def test_exploding_networks_are_not_bound_by_float64(name, method):
    # So wide that no layer has negative pre-activations alone.
    network = MLP(8 if JIT_DISABLED else 30, 40, activation=name, init=Gaussian(1e50))
    trials = 1 if JIT_DISABLED else 3
    result = attenuate(network, inputs=1.0, method=method, trials=trials)
    assert_defined(result)
    assert result.activation.mean[-1] > 0.9 * network.depth * math.log(1e50)
    assert result.mean[0] > 0.9 * network.depth * math.log(1e50)


@each_method
def test_a_zero_input_beside_an_exploding_one(method):
    network = MLP(30, 8, activation="gelu", init=Gaussian(1e30))
    vectors = np.vstack([np.ones(8), np.zeros(8)])
    result = attenuate(network, inputs=vectors, method=method)
    assert_defined(result)
    assert result.activation.mean[-1] > 1500.0


@pytest.mark.parametrize("method", ["conditional", pytest.param("dense", marks=pytest.mark.jit)])
def test_a_vanishing_network_vanishes_linearly_in_depth(method):
    depth = 100 if JIT_DISABLED else 3000
    network = MLP(depth, 32 if method == "conditional" else 8, init=Gaussian(0.5))
    result = attenuate(network, method=method, trials=3, record=[0, depth // 2, depth])
    assert result.dead == 0
    # An infinitely wide one loses ln 2 a layer, a narrow one a little more.
    assert -0.85 < result.rate < -0.65
    halves = np.diff(result.gradient.mean)
    assert halves[1] == pytest.approx(halves[0], rel=0.2)
    assert result.activation.mean[-1] < -0.65 * depth


@each_method
def test_sines_of_any_size(method):
    for gain in (1.0, 1e8, 1e60):
        result = attenuate(MLP(5, 6, activation="sine", init=Gaussian(gain)), method=method)
        assert_defined(result)
        assert (result.log_activation_norm[:, 1:] <= 0.5 * math.log(6.0)).all()
    network = MLP(6, 4, activation=[None] * 5 + ["sine"], init=Gaussian(1e60))
    assert_defined(attenuate(network, inputs=1e100, method=method))


def test_width_is_no_matter_without_units():
    result = attenuate(MLP(20, 10**6, activation="relu", init="kaiming_normal"), trials=200)
    assert result.dead == 0
    assert result.std[0] < 0.02


# Activations of one's own --------------------------------------------------------------------


def my_tanh(x):
    return math.tanh(x)


def my_tanh_slope(x):
    return 1.0 / math.cosh(x) ** 2


def my_softplus(x):
    return np.log1p(np.exp(x))


def my_softplus_slope(x):
    return 1.0 / (1.0 + np.exp(-x))


def test_activations_of_one_s_own_equal_the_built_in():
    mine = [
        Activation("my_tanh", my_tanh, my_tanh_slope),
        Activation("my_softplus", my_softplus, my_softplus_slope),
    ]
    built_in = ["tanh", "softplus"]
    # Compiling takes most of the time, so every kernel is compiled once.
    pattern = [0, 1, 0, 0, 1]
    ours, theirs = (
        MLP(
            5,
            [4, 3, 6, 2, 4],
            activation=[kinds[k] for k in pattern],
            bias_std=0.3,
            init=Gaussian(1),
        )
        for kinds in (mine, built_in)
    )
    for inputs, method in (
        ("gaussian", "conditional"),
        (np.eye(4)[:2], "conditional"),
        ("gaussian", "dense"),
    ):
        keywords = {"inputs": inputs, "method": method, "trials": 5}
        np.testing.assert_allclose(
            logarithms(attenuate(ours, **keywords)),
            logarithms(attenuate(theirs, **keywords)),
            rtol=1e-9,
            atol=1e-11,
        )
    if JIT_DISABLED:
        return
    # The exponential overflows, which the built-in one avoids.
    exploding = MLP(2, 4, activation=mine, init=Gaussian(1e4))
    with pytest.raises(ValueError, match="'my_softplus'"):
        attenuate(exploding)


# Results -------------------------------------------------------------------------------------


def test_profiles_agree_with_their_samples():
    network = MLP(4, 2, activation="relu", init="kaiming_normal")
    result = attenuate(network, trials=400)
    assert 0 < result.dead < 400
    for name in PROFILES:
        profile = getattr(result, name)
        samples = profile.samples
        assert not samples.flags.writeable
        np.testing.assert_array_equal(profile.vanished, np.isneginf(samples).sum(axis=0))
        for column, mean, std, error in zip(
            samples.T, profile.mean, profile.std, profile.standard_error, strict=True
        ):
            alive = column[np.isfinite(column)]
            assert mean == pytest.approx(alive.mean(), abs=1e-13)
            assert std == pytest.approx(alive.std(ddof=1), abs=1e-13)
            assert error == pytest.approx(std / math.sqrt(alive.size))
        low, high = profile.quantile([0.0, 1.0])
        np.testing.assert_array_equal(low, samples.min(axis=0))
        np.testing.assert_array_equal(high, samples.max(axis=0))
        assert profile.name in repr(profile)
        assert str(profile.layers.size) in repr(profile)
    assert result.dead == result.gradient.vanished[0]
    np.testing.assert_array_equal(result.mean, result.gradient.mean)
    np.testing.assert_array_equal(result.std, result.gradient.std)
    np.testing.assert_array_equal(result.standard_error, result.gradient.standard_error)
    np.testing.assert_array_equal(result.quantile(0.3), result.gradient.quantile(0.3))
    assert (result.attenuation[np.isneginf(result.log_gradient_norm[:, 0])] == -math.inf).all()


@pytest.mark.parametrize("samples", [True, False])
def test_quantiles(samples):
    result = attenuate(trials=300, samples=samples)
    assert result.quantile(0.5).shape == (4,)
    assert result.quantile([0.1, 0.9]).shape == (2, 4)
    assert result.weight_gradient.quantile(np.full((2, 3), 0.5)).shape == (2, 3, 3)
    for profile in (result, result.activation):
        for bad in (1.5, -0.1, math.nan, [0.5, 2.0]):
            with pytest.raises(ValueError, match=r"^q must be probabilities in \[0, 1\], got"):
                profile.quantile(bad)
        with pytest.raises(TypeError, match=r"^q must be probabilities in \[0, 1\]"):
            profile.quantile("half")


def test_a_single_trial_has_no_known_error():
    result = attenuate(trials=1)
    assert result.standard_error[0] == math.inf
    assert result.rate_standard_error == math.inf
    assert "inf" in result.summary()


def test_the_summary():
    network = MLP(50, 3, activation="relu", init="kaiming_normal")
    result = attenuate(network, trials=100)
    text = result.summary()
    first, second, third, header, *rows = text.splitlines()
    assert first == f"{network!r}, 100 trials"
    assert second == f"method conditional: {result.reason}"
    assert f"dead in {result.dead} trials" in third
    assert header.split()[0] == "layer"
    assert header.split()[-1] == "exact"
    assert "dead" in header
    assert [int(row.split()[0]) for row in rows] == [0, 10, 20, 30, 40, 50]
    assert f"{result.mean[0]:.4f}" in rows[0]
    assert f"{result.exact.log_gradient_mean[0]:.4f}" in rows[0]
    assert len({len(row) for row in rows}) == 1
    assert repr(result) == f"<GradientAttenuation>\n{text}"
    assert "nan" not in text
    assert attenuate(trials=50).summary().splitlines()[3].endswith("mean field")
    assert "mean field" not in attenuate(inputs=np.eye(3)).summary()


def test_the_summary_of_a_network_that_is_dead():
    text = attenuate(MLP(3, 3, init="zeros"), trials=5).summary()
    assert "10^-inf" in text
    assert "dead in 5 trials" in text
    assert "nan" not in text


@pytest.mark.parametrize("samples", [True, False])
def test_the_result_pickles(samples):
    result = attenuate(samples=samples)
    copy = pickle.loads(pickle.dumps(result))
    assert copy.network == result.network
    assert copy.summary() == result.summary()
    np.testing.assert_array_equal(copy.mean, result.mean)
    assert not copy.layers.flags.writeable
    with pytest.raises(AttributeError):
        copy.trials = 3


def test_the_result_cannot_be_changed():
    result = attenuate()
    for array in (result.layers, result.log_gradient_norm, result.mean, result.attenuation):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(AttributeError):
        result.trials = 3


def test_the_dataframe():
    pandas = pytest.importorskip("pandas")
    result = attenuate(record=[1, 3])
    frame = result.to_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.index.name == "layer"
    np.testing.assert_array_equal(frame.index, [0, 1, 3])
    kinds = ["mean", "standard_error", "std", "vanished", "q05", "q50", "q95"]
    assert list(frame) == [f"{name}_{kind}" for name in PROFILES for kind in kinds]
    np.testing.assert_array_equal(frame["gradient_mean"], result.mean)
    np.testing.assert_array_equal(frame["activation_q95"], result.activation.quantile(0.95))
    inner = frame["weight_gradient_mean"]
    assert np.isnan(inner[0])
    np.testing.assert_array_equal(inner[1:], result.weight_gradient.mean)


# Theory beside the result --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "inputs", "known"),
    [
        (MLP(3, 4, activation="relu"), "gaussian", True),
        (MLP(3, 4, activation="leaky_relu"), 2.0, True),
        (MLP(3, 4, activation=None), [1.0, 2.0, 0.0, 0.0], True),
        (MLP(3, [4, 2, 7], activation=["relu", None, "leaky_relu"]), 1.0, True),
        (MLP(3, 4), 1.0, False),
        (MLP(3, 4, activation="relu", bias_std=0.1), 1.0, False),
        (MLP(3, 4, activation="relu", init="orthogonal"), 1.0, False),
        (MLP(3, 4, activation="relu", init="kaiming_uniform"), 1.0, False),
        (MLP(3, 4, activation="relu", init=Gaussian(0.0)), 1.0, False),
        (MLP(3, 4, activation="relu"), 0.0, False),
        (MLP(3, 4, activation="relu"), np.eye(4)[:2], False),
    ],
    ids=str,
)
def test_the_exact_law_is_known_for_homogeneous_layers(network, inputs, known):
    result = attenuate(network, inputs=inputs)
    assert (result.exact is not None) is known
    if known:
        name, values = result.theory
        assert name == "exact"
        np.testing.assert_array_equal(values, result.exact.log_gradient_mean)


def test_theory_is_that_of_the_recorded_layers():
    network = MLP(10, 6, activation="relu", init="kaiming_normal")
    full, part = attenuate(network), attenuate(network, record=[3, 10])
    for name, values in vars(part.exact).items():
        np.testing.assert_array_equal(values, getattr(full.exact, name)[[0, 3, 10]])
    for name in ("log_gradient_norm", "log_activation_norm"):
        np.testing.assert_array_equal(
            getattr(part.mean_field, name), getattr(full.mean_field, name)[[0, 3, 10]]
        )
    for name in ("log_q", "susceptibility"):
        np.testing.assert_array_equal(
            getattr(part.mean_field, name), getattr(full.mean_field, name)[[2, 9]]
        )


def test_the_mean_field_starts_from_the_input():
    network = MLP(3, 5, bias_std=0.1)
    for inputs, norm in (("gaussian", 5.0**0.5), (2.0, 2.0), ([3.0, 4.0, 0.0, 0.0, 0.0], 5.0)):
        field = attenuate(network, inputs=inputs).mean_field
        assert field.log_activation_norm[0] == pytest.approx(math.log(norm))
        assert field.log_gradient_norm[-1] == 0.0
    zero = attenuate(network, inputs=0.0).mean_field
    assert zero.log_activation_norm[0] == -math.inf
    assert zero.log_q[0] == pytest.approx(2.0 * math.log(0.1))
    composed = Sequential([Linear(3, 3), "tanh", "relu"])
    assert attenuate(composed).mean_field is None
    assert attenuate(MLP(2, 3, init=Init("constant", gain=0.5))).mean_field is None
