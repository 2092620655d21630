"""Initializers: their exact variances by the formulas of PyTorch and Keras, samples, errors."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_law, assert_mean
from mpmath import mp
from scipy import stats

from stabsim import initializers
from stabsim._kernels import program
from stabsim.initializers import Gaussian, Init
from stabsim.initializers.init import _truncated_variance

FANS = [(1, 1), (7, 3), (3, 7), (64, 64), (2**40, 2)]
# Keras's VarianceScaling: "constant taken from scipy.stats.truncnorm.std(a=-2, b=2)".
KERAS_CONSTANT = 0.87962566103423978


def keras_variance_scaling(scale, mode, fan_in, fan_out):
    """Return the standard deviation before truncation, as keras.initializers computes it."""
    if mode == "fan_in":
        scale /= max(1.0, fan_in)
    elif mode == "fan_out":
        scale /= max(1.0, fan_out)
    else:
        scale /= max(1.0, (fan_in + fan_out) / 2.0)
    return math.sqrt(scale) / KERAS_CONSTANT


# What the two libraries document: the law code, its scale, its bound and the standard deviation of
# a weight, for (fan_in, fan_out).
DOCUMENTED = {
    "xavier_normal": lambda i, o: (program.GAUSSIAN, math.sqrt(2 / (i + o))),
    "xavier_uniform": lambda i, o: (program.UNIFORM, math.sqrt(6 / (i + o))),
    "kaiming_normal": lambda i, o: (program.GAUSSIAN, math.sqrt(2) / math.sqrt(i)),
    "kaiming_uniform": lambda i, o: (program.UNIFORM, math.sqrt(2) * math.sqrt(3 / i)),
    "torch_default": lambda i, o: (program.UNIFORM, 1 / math.sqrt(i)),
    "orthogonal": lambda i, o: (program.ORTHOGONAL, 1.0),
    "normal": lambda i, o: (program.GAUSSIAN, 1.0),
    "uniform": lambda i, o: (program.UNIFORM, 1.0),
    "trunc_normal": lambda i, o: (program.TRUNCATED_GAUSSIAN, 1.0),
    "constant": lambda i, o: (program.CONSTANT, 0.0),
    "zeros": lambda i, o: (program.CONSTANT, 0.0),
    "ones": lambda i, o: (program.CONSTANT, 1.0),
    "glorot_normal": lambda i, o: (
        program.TRUNCATED_GAUSSIAN,
        keras_variance_scaling(1, "fan_avg", i, o),
    ),
    "glorot_uniform": lambda i, o: (program.UNIFORM, math.sqrt(6 / (i + o))),
    "he_normal": lambda i, o: (
        program.TRUNCATED_GAUSSIAN,
        keras_variance_scaling(2, "fan_in", i, o),
    ),
    "he_uniform": lambda i, o: (program.UNIFORM, math.sqrt(6 / i)),
    "lecun_normal": lambda i, o: (
        program.TRUNCATED_GAUSSIAN,
        keras_variance_scaling(1, "fan_in", i, o),
    ),
    "lecun_uniform": lambda i, o: (program.UNIFORM, math.sqrt(3 / i)),
    "keras_default": lambda i, o: (program.UNIFORM, math.sqrt(6 / (i + o))),
    "random_normal": lambda i, o: (program.GAUSSIAN, 0.05),
    "random_uniform": lambda i, o: (program.UNIFORM, 0.05),
    "truncated_normal": lambda i, o: (program.TRUNCATED_GAUSSIAN, 0.05),
}
# The standard deviation of a weight of scale 1.
UNIT_STD = {
    program.GAUSSIAN: 1.0,
    program.UNIFORM: 1 / math.sqrt(3),
    program.TRUNCATED_GAUSSIAN: stats.truncnorm(-2, 2).std(),
    program.CONSTANT: 0.0,
}
# Calls whose laws all differ, so that equality is tested by what it must tell apart.
CALLS = [
    "Init('normal')",
    "Init('normal', mode='fan_out')",
    "Init('normal', mode='fan_avg')",
    "Init('normal', mode='fixed')",
    "Init('normal', bias_bound=1.0)",
    "Gaussian(0.1)",
    "Init('uniform')",
    "Init('uniform', gain=0.3333333333333333)",
    "Init('truncated_normal')",
    "Init('truncated_normal', bound=3.0)",
    "Init('truncated_normal', rescaled=False)",
    "Init('orthogonal')",
    "Init('constant', gain=-0.5, mode='fixed')",
]
SAMPLED = [
    *((name, {}) for name in DOCUMENTED if name not in {"constant", "zeros", "ones", "orthogonal"}),
    ("kaiming_normal", {"a": 1.5, "mode": "fan_out"}),
    ("trunc_normal", {"std": 3.0, "bound": 2.0}),
    ("trunc_normal", {"std": 0.02}),
]


def test_every_name_is_documented():
    assert set(initializers.names()) == DOCUMENTED.keys()


@pytest.mark.parametrize("fans", FANS, ids=str)
@pytest.mark.parametrize("name", DOCUMENTED)
def test_law_is_the_documented_one(name, fans):
    law, scale = DOCUMENTED[name](*fans)
    init = initializers.get(name)
    laws = init.program_entries(*fans)
    std = 1 / math.sqrt(max(fans)) if name == "orthogonal" else scale * UNIT_STD[law]
    assert laws.weight_law == law
    assert laws.weight_scale == pytest.approx(scale, rel=1e-14)
    assert laws.weight_bound == (2.0 if law == program.TRUNCATED_GAUSSIAN else 0.0)
    assert init.weight_std(*fans) == pytest.approx(std, rel=1e-14)
    assert init.weight_variance(*fans) == pytest.approx(std**2, rel=1e-14)
    assert init.weight_mean(*fans) == (1.0 if name == "ones" else 0.0)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_only_the_default_of_pytorch_has_biases(name):
    init = initializers.get(name)
    laws = init.program_entries(9, 4)
    if name == "torch_default":
        assert (laws.bias_law, laws.bias_scale) == (program.UNIFORM, 1 / 3)
        assert init.bias_std(9) == pytest.approx(1 / math.sqrt(27), rel=1e-15)
    else:
        assert (laws.bias_law, laws.bias_scale) == (program.CONSTANT, 0.0)
        assert init.bias_std(9) == 0.0


@pytest.mark.parametrize("name", ["kaiming_normal", "kaiming_uniform", "he_normal", "he_uniform"])
def test_parameters_of_kaiming(name):
    # calculate_gain("leaky_relu", a) = sqrt(2 / (1 + a²)).
    leaky = initializers.get(name, a=0.25, mode="fan_out")
    assert leaky.weight_std(3, 8) == pytest.approx(math.sqrt(2 / (1 + 0.25**2) / 8), rel=1e-14)
    tanh = initializers.get(name, gain=5 / 3)
    assert tanh.weight_std(4, 8) == pytest.approx(5 / 6, rel=1e-14)
    with pytest.raises(TypeError, match=r"a must not be given beside gain, got a=1.0 and gain=2.0"):
        initializers.get(name, a=1.0, gain=2.0)


def test_torch_default_is_kaiming_uniform_as_linear_calls_it():
    called = initializers.get("kaiming_uniform", a=math.sqrt(5))
    default = initializers.get("torch_default")
    assert default.weight_std(7, 3) == pytest.approx(called.weight_std(7, 3), rel=1e-15)


@pytest.mark.parametrize(
    "name", [name for name in DOCUMENTED if name.startswith(("xavier", "glorot", "lecun"))]
)
def test_gain_multiplies(name):
    one, many = initializers.get(name), initializers.get(name, gain=5 / 3)
    assert many.weight_std(5, 9) == pytest.approx(5 / 3 * one.weight_std(5, 9), rel=1e-15)


def test_parameters_of_fixed_laws():
    get = initializers.get
    assert get("normal", std=0.3).weight_std(5, 9) == 0.3
    assert get("uniform", bound=0.3).program_entries(5, 9).weight_scale == pytest.approx(0.3)
    assert get("constant", value=-2.0).weight_mean(5, 9) == -2.0
    laws = get("trunc_normal", std=4.0, bound=2.0).program_entries(5, 9)
    assert (laws.weight_scale, laws.weight_bound) == (4.0, 0.5)


def test_modes():
    stds = {
        mode: Init("normal", gain=6.0, mode=mode).weight_std(9, 16)
        for mode in ("fan_in", "fan_out", "fan_avg", "fixed")
    }
    assert stds == {"fan_in": 2.0, "fan_out": 1.5, "fan_avg": 6.0 / math.sqrt(12.5), "fixed": 6.0}


def test_orthogonal_variance_is_of_the_longer_side():
    init = Init("orthogonal", gain=3.0)
    assert init.weight_std([4, 9, 9], [9, 4, 9]).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("call", CALLS)
def test_arrays_are_made_of_scalars(call):
    init = eval(call)
    fan_in, fan_out = np.array([[3], [8]]), np.array([5, 2, 11])
    laws = init.program_entries(fan_in, fan_out)
    for method in (init.weight_std, init.weight_mean, init.weight_variance):
        values = method(fan_in, fan_out)
        assert values.shape == (2, 3)
        for (row, column), value in np.ndenumerate(values):
            assert value == method(int(fan_in[row, 0]), int(fan_out[column]))
    for (row, column), value in np.ndenumerate(laws.weight_scale):
        alone = init.program_entries(int(fan_in[row, 0]), int(fan_out[column]))
        assert value == alone.weight_scale
        assert laws.bias_scale[row, 0] == alone.bias_scale
    assert init.bias_std(fan_in).shape == (2, 1)


@pytest.mark.parametrize("bound", [1e-120, 1e-8, 0.1, 1.0, 2.0, 5.999, 6.001, 20.0, 1e120])
def test_truncated_variance(bound):
    with mp.workdps(400):
        b = mp.mpf(bound)
        density = mp.exp(-b * b / 2) / mp.sqrt(2 * mp.pi)
        exact = 1 - 2 * b * density / mp.erf(b / mp.sqrt(2))
    assert _truncated_variance(bound) == pytest.approx(float(exact), rel=1e-14)


@pytest.mark.parametrize("call", CALLS)
def test_repr_is_the_call(call):
    assert repr(eval(call)) == call


@given(
    gain=st.floats(0.0, 1e60),
    mode=st.sampled_from(["fan_in", "fan_out", "fan_avg", "fixed"]),
    bound=st.floats(1e-120, 1e120),
    rescaled=st.booleans(),
    bias_bound=st.floats(0.0, 1e60),
)
def test_repr_loses_nothing(gain, mode, bound, rescaled, bias_bound):
    init = Init(
        "truncated_normal",
        gain=gain,
        mode=mode,
        bound=bound,
        rescaled=rescaled,
        bias_bound=bias_bound,
    )
    assert eval(repr(init)) == init


def test_equality_hash_and_pickle():
    inits = [eval(call) for call in CALLS]
    for i, init in enumerate(inits):
        again = eval(CALLS[i])
        assert init == again
        assert hash(init) == hash(again)
        assert pickle.loads(pickle.dumps(init)) == init
        assert [init == other for other in inits] == [j == i for j in range(len(inits))]
    assert Gaussian(1.5) == Init("normal", gain=1.5)
    assert hash(Gaussian(1.5)) == hash(Init("normal", gain=1.5))
    assert isinstance(pickle.loads(pickle.dumps(Gaussian(1.5))), Gaussian)
    assert Gaussian(1.5).sigma_w == 1.5
    assert Init("normal") != "normal"


def test_immutable():
    for init in (Init("normal"), Gaussian(1.0)):
        with pytest.raises(AttributeError):
            init.gain = 2.0


def test_get_returns_an_init_as_it_is():
    init = Gaussian(2.0)
    assert initializers.get(init) is init


def law_of(init, fan_in, fan_out):
    """Return the distribution of a weight as SciPy has it."""
    laws = init.program_entries(fan_in, fan_out)
    if laws.weight_law == program.GAUSSIAN:
        return stats.norm(scale=laws.weight_scale)
    if laws.weight_law == program.UNIFORM:
        return stats.uniform(-laws.weight_scale, 2 * laws.weight_scale)
    bound = laws.weight_bound
    return stats.truncnorm(-bound, bound, scale=laws.weight_scale)


@pytest.mark.parametrize(("name", "parameters"), SAMPLED, ids=str)
def test_sample_has_the_law(name, parameters):
    init = initializers.get(name, **parameters)
    weights = init.sample(60, 90, rng=20)
    assert weights.shape == (90, 60)
    assert_law(weights, law_of(init, 60, 90).cdf)
    assert_mean(weights**2, init.weight_variance(60, 90))
    with pytest.raises(AssertionError):
        assert_mean(weights**2, 1.2 * init.weight_variance(60, 90))


def test_a_gaussian_is_not_taken_for_a_truncated_one():
    weights = initializers.get("xavier_normal").sample(400, 400, rng=1)
    with pytest.raises(AssertionError):
        assert_law(weights, law_of(initializers.get("glorot_normal"), 400, 400).cdf)


@pytest.mark.parametrize(("fan_in", "fan_out"), [(5, 3), (3, 5), (4, 4), (1, 1)])
def test_sample_of_orthogonal(fan_in, fan_out):
    init = Init("orthogonal", gain=2.0)
    rng = np.random.default_rng(5)
    weights = np.array([init.sample(fan_in, fan_out, rng) for _ in range(1000)])
    short = weights if fan_out <= fan_in else weights.transpose(0, 2, 1)
    gram = short @ short.transpose(0, 2, 1)
    np.testing.assert_allclose(
        gram, np.broadcast_to(4.0 * np.eye(short.shape[1]), gram.shape), atol=1e-13
    )
    assert_mean(weights[:, 0, 0], 0.0)
    if max(fan_in, fan_out) > 1:
        assert_mean(weights[:, 0, 0] ** 2, init.weight_variance(fan_in, fan_out))
        assert_mean(weights[:, -1, -1] ** 2, init.weight_variance(fan_in, fan_out))


def test_sample_of_constants():
    weights = initializers.get("constant", value=-0.5).sample(2, 3, rng=1)
    np.testing.assert_array_equal(weights, np.full((3, 2), -0.5))
    assert not initializers.get("zeros").sample(2, 3).any()


def test_sample_follows_rng():
    init = initializers.get("he_normal")
    np.testing.assert_array_equal(init.sample(3, 4, rng=1), init.sample(3, 4, rng=1))
    rng = np.random.default_rng(1)
    assert (init.sample(3, 4, rng) != init.sample(3, 4, rng)).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ("Init('cauchy')", ValueError, "distribution must be one of 'normal', 'uniform', "),
        ("Init(3)", TypeError, "distribution must be one of .*, got 3"),
        ("Init('normal', mode='fan')", ValueError, "mode must be one of 'fan_in', .*, got 'fan'"),
        ("Init('normal', gain=-1.0)", ValueError, "gain must be .* of at least 0 and .*, got -1.0"),
        ("Init('normal', gain=2e60)", ValueError, "gain must be .* at most 1e\\+60, got 2e\\+60"),
        ("Init('normal', gain=math.nan)", ValueError, "gain must be a finite .*, got nan"),
        ("Init('normal', gain='2')", TypeError, "gain must be a finite real .*, got '2'"),
        ("Init('constant', gain=-2e60)", ValueError, "gain must be .*, got -2e\\+60"),
        ("Init('normal', bias_bound=-1)", ValueError, "bias_bound must be .*, got -1"),
        ("Init('normal', bound=2.0)", ValueError, "bound must be left out for .*'normal', got 2.0"),
        ("Init('truncated_normal', bound=0)", ValueError, "bound must be .*, got 0"),
        ("Init('uniform', rescaled=False)", ValueError, "rescaled must be left out .*'uniform'"),
        ("Init('uniform', rescaled=0)", TypeError, "rescaled must be True or False, got 0"),
        ("Init('orthogonal', mode='fan_out')", ValueError, "mode must be left out .*'fan_out'"),
        ("Gaussian(-1)", ValueError, "sigma_w must be .*, got -1"),
        ("get('xavier_norml')", ValueError, "got 'xavier_norml'; did you mean 'xavier_normal'"),
        ("get('Kaiming_Normal')", ValueError, "did you mean 'kaiming_normal'"),
        ("get('zzz')", ValueError, "init must be one of xavier_normal, .*, got 'zzz'$"),
        ("get(2)", TypeError, "init must be a name or an Init, got 2"),
        ("get('lecun_normal', a=1)", TypeError, "a must be a parameter .*'lecun_normal': .*gain"),
        ("get('zeros', value=1)", TypeError, "value must be a parameter of 'zeros': it has none"),
        ("get(Gaussian(1.0), gain=2)", TypeError, "gain must not be given: Gaussian"),
        ("get('xavier_normal', gain=None)", TypeError, "gain must be .*, got None"),
        ("get('normal', std=None)", TypeError, "std must be .*, got None"),
        ("get('uniform', bound=None)", TypeError, "bound must be .*, got None"),
        ("get('normal', std=-1)", ValueError, "std must be .*, got -1"),
        ("get('trunc_normal', std=0)", ValueError, "std must be .*, got 0"),
        ("get('uniform', bound=-1)", ValueError, "bound must be .*, got -1"),
        ("get('constant', value=math.inf)", ValueError, "value must be .*, got inf"),
        ("get('he_normal', a='x')", TypeError, "a must be .*, got 'x'"),
        (
            "Init('normal').weight_std(0, 1)",
            ValueError,
            "fan_in must be made of positive .*, got 0",
        ),
        ("Init('normal').weight_std(1, 2**41)", ValueError, "fan_out must be .*at most 2\\*\\*40"),
        ("Init('normal').weight_std([1, 0], 1)", ValueError, "fan_in must be made .*, got 0"),
        ("Init('normal').weight_std(1, [2**41])", ValueError, "fan_out must be made .*, got 2199"),
        ("Init('normal').weight_std(1, [1.0])", TypeError, "fan_out must .*, got dtype float64"),
        ("Init('normal').sample(1.5, 2)", TypeError, "fan_in must be a positive .*, got 1.5"),
        ("Init('normal').bias_std(0)", ValueError, "fan_in must be made of positive .*, got 0"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        eval(call, globals() | {"get": initializers.get})


@pytest.mark.parametrize("method", ["weight_std", "weight_mean", "weight_variance"])
def test_fans_that_do_not_broadcast_are_named(method):
    with pytest.raises(ValueError, match=r"^fan_in and fan_out must broadcast to one shape"):
        getattr(Init("normal"), method)([1, 2], [1, 2, 3])
