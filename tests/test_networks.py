"""Networks as data: shapes, rows of the program, lines near and far from 0, equality, errors."""

import math
import pickle
import warnings

import cloudpickle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from stabsim import activations, initializers
from stabsim._kernels import activations as activation_kernels
from stabsim._kernels import program
from stabsim.activations import Activation
from stabsim.initializers import Gaussian, Init
from stabsim.networks import MLP, Linear, Network, Sequential
from stabsim.networks.lines import lines

NEAR, FAR = 2.0**-300, 2.0**300
NOT_FAR = (math.inf, 0.0, 0.0)
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
# Slopes left and right of 0, by hand.
HOMOGENEOUS = {"linear": (1.0, 1.0), "relu": (0.0, 1.0), "leaky_relu": (0.01, 1.0)}
NEAR_SLOPES = {
    "elu": (1.0, 1.0),
    "erf": (2 / math.sqrt(math.pi), 2 / math.sqrt(math.pi)),
    "gelu": (0.5, 0.5),
    "gelu_tanh": (0.5, 0.5),
    "hard_tanh": (1.0, 1.0),
    "mish": (0.6, 0.6),
    "relu6": (0.0, 1.0),
    "selu": (SELU_SCALE * SELU_ALPHA, SELU_SCALE),
    "sigmoid": None,
    "silu": (0.5, 0.5),
    "sine": (1.0, 1.0),
    "softplus": None,
    "softsign": (1.0, 1.0),
    "tanh": (1.0, 1.0),
}
# All others are bounded on one side at least, or oscillate.
FAR_SLOPES = dict.fromkeys(["elu", "gelu", "gelu_tanh", "mish", "silu", "softplus"], (0.0, 1.0))
FAR_SLOPES["selu"] = (0.0, 1.0507009873554805)


@njit
def absolute(x):
    return abs(x)


@njit
def sign(x):
    return 1.0 if x > 0.0 else -1.0


@njit
def square(x):
    return x * x


@njit
def twice(x):
    return 2.0 * x


ABSOLUTE = Activation("absolute", absolute, sign)
SQUARE = Activation("square", square, twice)

# Calls whose networks all differ, so that equality is tested by what it must tell apart.
CALLS = [
    "MLP(1, 4)",
    "MLP(3, 4)",
    "MLP(3, 5)",
    "MLP(3, 4, activation='relu')",
    "MLP(3, 4, activation=None)",
    "MLP(3, 4, activation=Activation('leaky_relu', negative_slope=0.2))",
    "MLP(3, 4, activation=['relu', None, 'tanh'])",
    "MLP(3, 4, init='kaiming_normal')",
    "MLP(3, 4, init=Gaussian(1.3))",
    "MLP(3, 4, init=Init('normal', gain=0.1, mode='fan_out'))",
    "MLP(3, 4, bias_std=0.0)",
    "MLP(3, 4, bias_std=0.1)",
    "MLP(3, 4, in_features=7)",
    "MLP(3, 4, out_features=1)",
    "MLP(3, 4, activation=['tanh', 'tanh', None], in_features=7, out_features=1)",
    "MLP(3, [4, 5, 6])",
    "MLP(3, [4, 5, 6], init='torch_default', in_features=7)",
    "MLP(1, 3, in_features=7)",
    "Sequential([Linear(4, 5)])",
    "Sequential([Linear(4, 5, init='he_normal', bias_std=0.5)])",
    "Sequential([Linear(4, 5), 'tanh', 'relu', Linear(5, 1, init='orthogonal')])",
    "Sequential([Linear(4, 5), 'tanh', Linear(5, 1), 'relu'])",
]


def made(call):
    return eval(call)


@pytest.mark.parametrize("call", CALLS)
def test_repr_is_the_call(call):
    assert repr(made(call)) == call


def test_equality_hash_and_pickle():
    networks = [made(call) for call in CALLS]
    for i, network in enumerate(networks):
        again = made(CALLS[i])
        assert network == again
        assert hash(network) == hash(again)
        assert [network == other for other in networks] == [j == i for j in range(len(networks))]
        network.program, network.modules  # noqa: B018 - not to be pickled
        copy = pickle.loads(pickle.dumps(network))
        assert copy == network
        assert type(copy) is type(network)
        assert repr(copy) == CALLS[i]
        assert not copy.widths.flags.writeable
        for mine, other in zip(network.program, copy.program, strict=True):
            np.testing.assert_array_equal(mine, other)
    assert MLP(1, 4) != "MLP(1, 4)"
    linear = Linear(3, 4, init="he_normal", bias_std=1)
    assert pickle.loads(pickle.dumps(linear)) == linear
    assert hash(eval(repr(linear))) == hash(linear)


def test_pickle_holds_no_program():
    network = MLP(1000, 4)
    before = len(pickle.dumps(network))
    network.program, network.modules  # noqa: B018
    assert len(pickle.dumps(network)) == before < 20_000


def test_immutable():
    network = MLP(2, 4)
    for name in ("depth", "_layers", "anything"):
        with pytest.raises(AttributeError):
            setattr(network, name, 3)
    with pytest.raises(ValueError, match="read-only"):
        network.widths[0] = 1
    with pytest.raises(AttributeError):
        Linear(2, 3).in_features = 4


def test_mlp_is_the_sequential_of_its_modules():
    for call in CALLS:
        network = made(call)
        again = Sequential(network.modules)
        assert isinstance(again, Network)
        assert again == network
        assert hash(again) == hash(network)
    linear = Linear(4, 4, init="xavier_normal")
    assert MLP(2, 4).modules == (linear, Activation("tanh"), linear, Activation("tanh"))
    assert MLP(2, 4, activation="linear") == MLP(2, 4, activation=None)
    assert Sequential([linear, "linear", linear]) == MLP(2, 4, activation=None)


def test_sequential_takes_networks():
    body = MLP(2, 4, activation="relu")
    head = Linear(4, 1)
    assert Sequential([body, head]) == Sequential([*body.modules, head])


@pytest.mark.parametrize(
    ("call", "widths"),
    [
        ("MLP(1, 4)", [4, 4]),
        ("MLP(3, 4, in_features=2, out_features=7)", [2, 4, 4, 7]),
        ("MLP(3, [4, 5, 6])", [4, 4, 5, 6]),
        ("MLP(3, np.array([4, 5, 6]), in_features=1, out_features=6)", [1, 4, 5, 6]),
        ("MLP(1, 4, out_features=2)", [4, 2]),
        ("MLP(2, 2**40)", [2**40] * 3),
        ("Sequential([Linear(3, 4), 'relu', 'relu', Linear(4, 2)])", [3, 4, 2]),
    ],
)
def test_widths(call, widths):
    network = made(call)
    assert network.widths.tolist() == widths
    assert network.widths.dtype == np.int64
    assert network.depth == len(widths) - 1
    assert (network.in_features, network.out_features) == (widths[0], widths[-1])


def test_program_by_hand():
    network = Sequential(
        [
            Linear(3, 5, init="torch_default"),
            Activation("leaky_relu", negative_slope=0.25),
            "tanh",
            Linear(5, 4, init=Gaussian(1.5), bias_std=0.5),
            Linear(4, 4, init=Init("truncated_normal", gain=2.0, rescaled=False, bound=3.0)),
            "relu",
            Linear(4, 2, init="orthogonal", bias_std=0.0),
            Linear(2, 7, init=Init("constant", gain=-0.5, mode="fixed")),
            SQUARE,
            ABSOLUTE,
            SQUARE,
        ]
    )
    third = 1 / math.sqrt(3)
    linear, elementwise = program.LINEAR, program.ELEMENTWISE
    codes, parameters, first = network.program
    assert codes.tolist() == [
        [linear, 3, 5, program.UNIFORM, program.UNIFORM],
        [elementwise, 5, 5, activation_kernels.LEAKY_RELU, 0],
        [elementwise, 5, 5, activation_kernels.TANH, 0],
        [linear, 5, 4, program.GAUSSIAN, program.GAUSSIAN],
        [linear, 4, 4, program.TRUNCATED_GAUSSIAN, program.CONSTANT],
        [elementwise, 4, 4, activation_kernels.RELU, 0],
        [linear, 4, 2, program.ORTHOGONAL, program.CONSTANT],
        [linear, 2, 7, program.CONSTANT, program.CONSTANT],
        [elementwise, 7, 7, -1, 0],
        [elementwise, 7, 7, -2, 0],
        [elementwise, 7, 7, -1, 0],
    ]
    identity = [math.inf, 1.0, 1.0, math.inf, 0.0, 0.0]
    nothing = [0.0] * program.PARAMETERS
    np.testing.assert_allclose(
        parameters,
        [
            [third, 0.0, third, NEAR, 0.25, 1.0, math.inf, 0.0, 0.0],
            [0.25, *nothing[1:]],
            nothing,
            [1.5 / math.sqrt(5), 0.0, 0.5, *identity],
            [1.0, 3.0, 0.0, math.inf, 0.0, 1.0, math.inf, 0.0, 0.0],
            nothing,
            [1.0, 0.0, 0.0, *identity],
            [-0.5, 0.0, 0.0, 0.0, 0.0, 0.0, math.inf, 0.0, 0.0],
            nothing,
            nothing,
            nothing,
        ],
        rtol=1e-15,
    )
    assert first.tolist() == [0, 3, 4, 6, 7, 11]
    assert [array.dtype for array in network.program] == [np.int64, np.float64, np.int64]
    assert network.user_activations == (SQUARE, ABSOLUTE)
    assert network.program is network.program


def test_codes_of_user_activations_in_order_of_appearance():
    network = MLP(4, 3, activation=[ABSOLUTE, "tanh", SQUARE, ABSOLUTE])
    codes = network.program.codes
    rows = codes[codes[:, program.OPERATION] == program.ELEMENTWISE]
    assert rows[:, program.ACTIVATION].tolist() == [-1, activation_kernels.TANH, -2, -1]
    assert network.user_activations == (ABSOLUTE, SQUARE)
    assert pickle.loads(cloudpickle.dumps(network)).user_activations == network.user_activations
    assert MLP(4, 3).user_activations == ()


@given(
    layers=st.lists(
        st.tuples(
            st.integers(1, 6),
            st.sampled_from(["he_normal", "torch_default", "orthogonal"]),
            st.sampled_from([None, 0.0, 0.5]),
            st.lists(st.sampled_from(["relu", "tanh", "gelu"]), max_size=2),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_program_has_the_rows_of_each_layer_alone(layers):
    modules, fan_in = [], 3
    for width, init, bias_std, functions in layers:
        modules += [Linear(fan_in, width, init=init, bias_std=bias_std), *functions]
        fan_in = width
    network = Sequential(modules)
    codes, parameters, first = network.program
    fan_in = 3
    for i, (width, init, bias_std, functions) in enumerate(layers):
        linear = Linear(fan_in, width, init=init, bias_std=bias_std)
        alone = Sequential([linear, *functions])
        np.testing.assert_array_equal(codes[first[i] : first[i + 1]], alone.program.codes)
        np.testing.assert_array_equal(parameters[first[i] : first[i + 1]], alone.program.parameters)
        law = initializers.get(init)
        assert network.weight_std[i] == law.weight_std(fan_in, width)
        assert network.bias_std[i] == (law.bias_std(fan_in) if bias_std is None else bias_std)
        fan_in = width
    assert first[-1] == len(codes) == len(parameters)


def test_every_activation_is_covered():
    assert HOMOGENEOUS.keys() | NEAR_SLOPES.keys() == set(activations.names())


@pytest.mark.parametrize("name", HOMOGENEOUS)
def test_homogeneous_functions_are_lines_everywhere(name):
    assert lines((Activation(name),)) == (math.inf, *HOMOGENEOUS[name], *NOT_FAR)


@pytest.mark.parametrize("name", NEAR_SLOPES)
def test_lines_near_and_far(name):
    found = lines((Activation(name),))
    slopes = NEAR_SLOPES[name]
    near = (0.0, 0.0, 0.0) if slopes is None else (NEAR, *slopes)
    assert found[:3] == pytest.approx(near, rel=1e-15)
    assert found[3:] == ((FAR, *FAR_SLOPES[name]) if name in FAR_SLOPES else NOT_FAR)


def leaky(slope):
    return Activation("leaky_relu", negative_slope=slope)


@pytest.mark.parametrize(
    ("functions", "expected"),
    [
        ((), (math.inf, 1.0, 1.0, *NOT_FAR)),
        # A negative slope sends the left side to the right one.
        ((leaky(-0.5), leaky(3.0)), (math.inf, -0.5, 1.0, *NOT_FAR)),
        ((leaky(0.5), leaky(0.5), "relu"), (math.inf, 0.0, 1.0, *NOT_FAR)),
        ((leaky(-2.0), "relu"), (math.inf, -2.0, 1.0, *NOT_FAR)),
        (("relu", "gelu"), (NEAR, 0.0, 0.5, FAR, 0.0, 1.0)),
        ((leaky(-2.0), "silu"), (NEAR, -1.0, 0.5, FAR, -2.0, 1.0)),
        (("sigmoid", "relu"), (0.0, 0.0, 0.0, *NOT_FAR)),
        (("gelu", "tanh"), (NEAR, 0.5, 0.5, *NOT_FAR)),
        ((ABSOLUTE,), (NEAR, -1.0, 1.0, FAR, -1.0, 1.0)),
        ((ABSOLUTE, leaky(0.2)), (NEAR, -1.0, 1.0, FAR, -1.0, 1.0)),
        ((SQUARE,), (0.0, 0.0, 0.0, *NOT_FAR)),
        # Slopes that overflow are none.
        ((leaky(1e100), leaky(1e100), leaky(1e100), leaky(1e100)), (0.0, 0.0, 0.0, *NOT_FAR)),
        ((leaky(-1.0), "softplus"), (0.0, 0.0, 0.0, FAR, -1.0, 1.0)),
    ],
    ids=range(13),
)
def test_lines_of_compositions(functions, expected):
    functions = tuple(activations.get(function) for function in functions)
    assert lines(functions) == pytest.approx(expected, rel=1e-15)


def user_defined(f, df):
    return Activation("mine", f, df, check_derivative=False)


@pytest.mark.parametrize(
    ("f", "df"),
    [
        (lambda x: 1.0 if x == 0.0 else x, lambda x: 1.0),
        (lambda x: x, lambda x: 2.0),
        (lambda x: math.nan, lambda x: 1.0),
        (lambda x: x if x > 0.0 else math.inf, lambda x: 1.0),
        (lambda x: math.sqrt(x) + 0.0, lambda x: 0.5 / math.sqrt(x)),
        (lambda x: math.exp(x) + 0.0, lambda x: math.exp(x) + 0.0),
    ],
    ids=["jump", "wrong derivative", "nan", "infinity", "half defined", "overflowing"],
)
def test_what_is_no_line_near_0(f, df):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lines((user_defined(f, df),))[:3] == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("magnitude", [2.0**-1000, 1e-100, NEAR, FAR, 1e100, 2.0**1000])
@pytest.mark.parametrize("name", NEAR_SLOPES)
def test_lines_are_the_function(name, magnitude):
    function = Activation(name)
    near, near_left, near_right, far, far_left, far_right = lines((function,))
    if magnitude <= near:
        left, right = near_left, near_right
    elif magnitude >= far:
        left, right = far_left, far_right
    else:
        return
    exact = [-magnitude * left, magnitude * right]
    # A bounded side is level to a signal that sees the other.
    level = 1e-60 * max(map(abs, exact))
    values = function([-magnitude, magnitude])
    np.testing.assert_allclose(values, exact, rtol=1e-12, atol=level)
    slopes = function.derivative([-magnitude, magnitude])
    np.testing.assert_allclose(slopes, [left, right], rtol=1e-12)


def test_standard_deviations():
    network = MLP(3, [4, 8, 2], init="torch_default", in_features=16)
    np.testing.assert_allclose(network.weight_std, [1 / math.sqrt(3 * n) for n in (16, 4, 8)])
    np.testing.assert_allclose(network.bias_std, [1 / math.sqrt(3 * n) for n in (16, 4, 8)])
    assert MLP(2, 3, init="he_normal", bias_std=0.5).bias_std.tolist() == [0.5, 0.5]
    assert MLP(2, 3).bias_std.tolist() == [0.0, 0.0]
    assert MLP(2, 3, init="ones").weight_std.tolist() == [0.0, 0.0]


def test_activations_of_layers():
    assert MLP(2, 3, activation=["tanh", None]).activations == (Activation("tanh"), None)
    several = Sequential([Linear(2, 3), "relu", "relu"])
    assert several.activations is None


@pytest.mark.parametrize(
    ("activation", "slopes"),
    [
        (["relu", None, leaky(0.25)], [0.0, 1.0, 0.25]),
        ("linear", [1.0, 1.0, 1.0]),
        (["relu", "relu", "gelu"], None),
        (["relu", "relu", ABSOLUTE], None),
    ],
    ids=range(4),
)
def test_negative_slopes(activation, slopes):
    found = MLP(3, 4, activation=activation).negative_slopes
    assert (found if found is None else found.tolist()) == slopes


@pytest.mark.parametrize(
    ("inits", "gaussian", "centered"),
    [
        (["xavier_normal", Gaussian(2.0)], True, True),
        (["xavier_normal", "torch_default"], False, True),
        (["orthogonal", "glorot_normal"], False, True),
        (["xavier_normal", "ones"], False, False),
        (["xavier_normal", "zeros"], False, True),
    ],
    ids=range(5),
)
def test_what_kind_of_weights(inits, gaussian, centered):
    network = Sequential([Linear(3, 3, init=init) for init in inits])
    assert network.has_gaussian_weights == gaussian
    assert network.has_centered_weights == centered


def test_a_deep_network():
    network = MLP(100_000, 64, bias_std=0.1, out_features=1)
    codes, parameters, first = network.program
    assert codes.shape == (200_000, program.CODES)
    np.testing.assert_array_equal(first, 2 * np.arange(100_001))
    assert (parameters[::2, program.BIAS_SCALE] == 0.1).all()
    assert codes[-2:, program.FAN_OUT].tolist() == [1, 1]
    assert len(network.modules) == 200_000
    assert network.weight_std.shape == (100_000,)
    assert repr(network) == "MLP(100000, 64, bias_std=0.1, out_features=1)"
    again = Sequential(network.modules)
    assert again == network
    assert len(repr(again)) < 200
    ragged = MLP(100_000, range(1, 100_001), activation=["relu", None] * 50_000)
    assert ragged.program.first[-1] == 150_000
    assert len(repr(ragged)) < 200


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ("Linear(0, 2)", ValueError, "in_features must be a positive integer, got 0"),
        ("Linear(2, 2**41)", ValueError, "out_features must be .* at most 2\\*\\*40, got 2199"),
        ("Linear(2, 2.0)", TypeError, "out_features must be a positive integer, got 2.0"),
        (
            "Linear(2, 2, init='he_normall')",
            ValueError,
            "init must be .*; did you mean 'he_normal'",
        ),
        ("Linear(2, 2, bias_std=-1)", ValueError, "bias_std must be .*, got -1"),
        ("Linear(2, 2, bias_std='1')", TypeError, "bias_std must be .*, got '1'"),
        ("Sequential([])", ValueError, "modules must begin with a Linear, got no modules"),
        ("Sequential(['relu'])", ValueError, r"modules\[0\] must be a Linear, got Activation"),
        ("Sequential('relu')", TypeError, "modules must be a sequence of modules, got 'relu'"),
        ("Sequential(Linear(2, 3))", TypeError, r"modules must be a sequence .*, got Linear\(2, 3"),
        ("Sequential([Linear(2, 3), 4])", TypeError, r"modules\[1\] must be a Linear, .*, got 4"),
        ("Sequential([Linear(2, 3), 'rely'])", ValueError, "got 'rely'; did you mean 'relu'"),
        (
            "Sequential([Linear(2, 3), 'relu', Linear(4, 5)])",
            ValueError,
            r"modules\[2\] must have 3 inputs, .*, got Linear\(4, 5\)",
        ),
        ("MLP(0, 2)", ValueError, "depth must be a positive integer, got 0"),
        ("MLP(-3, 2)", ValueError, "depth must be a positive integer, got -3"),
        ("MLP(2.0, 2)", TypeError, "depth must be a positive integer, got 2.0"),
        ("MLP(2, 0)", ValueError, "width must be a positive integer, got 0"),
        ("MLP(2, '64')", TypeError, "width must be a positive integer, got '64'"),
        ("MLP(2, 2**41)", ValueError, "width must be .* at most 2\\*\\*40, got 2199"),
        ("MLP(2, [3, 4, 5])", ValueError, "width must be .* depth = 2, got a sequence of 3"),
        ("MLP(2, [3, -4])", ValueError, r"width\[1\] must be a positive integer, got -4"),
        ("MLP(2, [3, 4], out_features=5)", ValueError, "out_features must be .*, 4, .*, got 5"),
        ("MLP(2, 3, in_features=0)", ValueError, "in_features must be .*, got 0"),
        ("MLP(2, 3, out_features=0)", ValueError, "out_features must be .*, got 0"),
        ("MLP(2, 3, activation='rely')", ValueError, "got 'rely'; did you mean 'relu'"),
        ("MLP(2, 3, activation=3)", TypeError, "activation must be a name or an .*, got 3"),
        (
            "MLP(2, 3, activation=['relu'])",
            ValueError,
            "activation must be .*, got a sequence of 1",
        ),
        ("MLP(2, 3, activation=[['relu'], 'relu'])", TypeError, r"activation must be .*\['relu'\]"),
        ("MLP(2, np.array(3))", TypeError, "width must be one for all layers or a sequence"),
        ("Sequential(np.array(None))", TypeError, "modules must be a sequence of modules"),
        ("Sequential([Linear(1, 1), 'rely'])", ValueError, r"modules\[1\] must be .*'relu'"),
        ("MLP(2, 3, init=3)", TypeError, "init must be a name or an Init, got 3"),
        ("MLP(2, 3, bias_std=2e60)", ValueError, r"bias_std must be .*, got 2e\+60"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        eval(call)
