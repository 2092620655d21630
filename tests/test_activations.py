"""Activations: accuracy in ulps, properties, user-defined ones, errors."""

import math
import pickle
import warnings

import cloudpickle
import matplotlib as mpl
import numpy as np
import pytest
from activation_references import DIGITS, REFERENCES, SELU_ALPHA, evaluate, silu, ulps
from conftest import JIT_DISABLED
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from numba import njit

from stabsim import activations
from stabsim._kernels import activations as kernels
from stabsim._kernels import elementary
from stabsim.activations import Activation

# The greatest error allowed, in units in the last place: value, derivative.
MAX_ULPS = {
    "linear": (0.0, 0.0),
    "relu": (0.0, 0.0),
    "leaky_relu": (0.5, 0.0),
    "relu6": (0.0, 0.0),
    "hard_tanh": (0.0, 0.0),
    "sigmoid": (3.0, 4.5),
    "tanh": (3.5, 5.0),
    "softsign": (2.0, 4.0),
    "erf": (2.5, 2.0),
    "sine": (1.0, 1.0),
    "elu": (1.5, 1.0),
    "selu": (2.0, 2.5),
    "softplus": (3.0, 2.5),
    "gelu": (5.0, 7.0),
    "gelu_tanh": (3.0, 7.0),
    "silu": (3.5, 6.0),
    "mish": (4.0, 7.0),
}
# Where a derivative crosses zero no relative accuracy is asked for within NEAR of the zero, but
# an absolute one. At a zero at x = 0 and at those of the sine ulps are demanded.
DERIVATIVE_ZEROS = {"gelu": -0.7518, "gelu_tanh": -0.7525, "silu": -1.2785, "mish": -1.1925}
NEAR = 0.5
MAX_ABSOLUTE_ERROR = 1e-15

SMOOTH = tuple(
    name
    for name in activations.names()
    if name not in {"linear", "relu", "leaky_relu", "relu6", "hard_tanh"}
)
NON_DECREASING = (
    *("linear", "relu", "leaky_relu", "relu6", "hard_tanh", "sigmoid", "tanh", "softsign"),
    *("erf", "elu", "selu", "softplus"),
)
ODD = ("linear", "hard_tanh", "tanh", "softsign", "erf", "sine")
BOUNDS = {
    "relu6": (0.0, 6.0),
    "hard_tanh": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "erf": (-1.0, 1.0),
    "sine": (-1.0, 1.0),
    "elu": (-1.0, math.inf),
    "softplus": (0.0, math.inf),
    "gelu": (-0.17, math.inf),
    "gelu_tanh": (-0.171, math.inf),
    "silu": (-0.279, math.inf),
    "mish": (-0.309, math.inf),
}
FLOATS = st.floats(allow_nan=False, allow_infinity=False, max_value=1e308, min_value=-1e308)


def whole_float_range() -> np.ndarray:
    """Return points of every size and sign, most of them where the activations bend or decay."""
    rng = np.random.default_rng(2024)
    count = 12 if JIT_DISABLED else 120
    positive = np.concatenate(
        [
            [0.0, 5e-324, 1e-310, 2.3e-308, 1e-300, 1e-20, 0.41, 0.5, 1.0, 6.0],
            [30.0, 38.5, 40.0, 700.0, 708.4, 740.0, 745.1, 746.0, 760.0, 1e4, 1e300, 1e308],
            10.0 ** np.arange(-290.0, 300.0, 29.0),
            rng.uniform(0.0, 3.0, count),
            rng.uniform(0.0, 40.0, count),
            rng.uniform(0.0, 750.0, count),
        ]
    )
    return np.concatenate([-positive, positive])


POINTS = whole_float_range()


@pytest.mark.parametrize("name", activations.names())
def test_value_is_accurate_over_the_whole_float_range(name: str) -> None:
    value, _ = REFERENCES[name]
    errors = ulps(activations.get(name)(POINTS), evaluate(value, POINTS))
    worst = errors.argmax()
    assert errors[worst] <= MAX_ULPS[name][0], f"{errors[worst]} ulps at {POINTS[worst]}"


@pytest.mark.parametrize("name", activations.names())
def test_derivative_is_accurate_over_the_whole_float_range(name: str) -> None:
    _, derivative = REFERENCES[name]
    computed = activations.get(name).derivative(POINTS)
    exact = evaluate(derivative, POINTS)
    near_zero = np.abs(POINTS - DERIVATIVE_ZEROS.get(name, math.inf)) < NEAR
    errors = np.where(near_zero, 0.0, ulps(computed, exact))
    worst = errors.argmax()
    assert errors[worst] <= MAX_ULPS[name][1], f"{errors[worst]} ulps at {POINTS[worst]}"
    differences = np.array([float(mpf(float(a)) - b) for a, b in zip(computed, exact, strict=True)])
    assert np.abs(differences[near_zero]).max(initial=0.0) < MAX_ABSOLUTE_ERROR


@pytest.mark.parametrize("name", DERIVATIVE_ZEROS)
def test_zeros_of_the_derivatives_are_where_the_absolute_criterion_holds(name: str) -> None:
    _, derivative = REFERENCES[name]
    with mp.workdps(DIGITS):
        zero = float(mp.findroot(derivative, DERIVATIVE_ZEROS[name]))
    assert abs(zero - DERIVATIVE_ZEROS[name]) < 1e-3
    assert abs(activations.get(name).derivative(zero)) < MAX_ABSOLUTE_ERROR


@pytest.mark.parametrize("name", activations.names())
def test_reference_derivative_is_the_derivative_of_the_reference(name: str) -> None:
    value, derivative = REFERENCES[name]
    with mp.workdps(DIGITS):
        for point in (mpf("-2.3"), mpf("-0.7"), mpf("0.3"), mpf("4.1")):
            assert abs(mp.diff(value, point) - derivative(point)) < mpf(10) ** -20


@pytest.mark.parametrize(
    ("name", "naive"),
    [
        ("sigmoid", lambda x: 1.0 - 1.0 / (1.0 + np.exp(x))),
        ("tanh", lambda x: 1.0 - 2.0 / (1.0 + np.exp(2.0 * x))),
        ("softplus", lambda x: np.log(1.0 + np.exp(x))),
        ("mish", lambda x: x * np.tanh(np.log(1.0 + np.exp(x)))),
        # Free of cancellation, yet the rounding of the exponent costs hundreds of ulps.
        ("gelu", lambda x: 0.5 * x * np.vectorize(math.erfc)(-x / math.sqrt(2.0))),
        (
            "gelu_tanh",
            lambda x: x / (1.0 + np.exp(-math.sqrt(8 / math.pi) * (x + 0.044715 * x**3))),
        ),
    ],
    ids=["sigmoid", "tanh", "softplus", "mish", "gelu", "gelu_tanh"],
)
def test_ulp_comparison_rejects_the_naive_formula(name: str, naive) -> None:
    points = POINTS[(np.abs(POINTS) < 300.0)]
    value, _ = REFERENCES[name]
    with np.errstate(over="ignore", under="ignore"):
        errors = ulps(naive(points), evaluate(value, points))
    assert errors.max() > 10 * MAX_ULPS[name][0]


@pytest.mark.parametrize("beta", [0.25, 1.702, 30.0])
def test_swish_is_accurate_for_any_slope(beta: float) -> None:
    points = POINTS[np.abs(POINTS) < 1e300]
    swish = activations.get("swish", beta=beta)
    value, derivative = silu(mpf(beta))
    assert ulps(swish(points), evaluate(value, points)).max() <= MAX_ULPS["silu"][0]
    far = points[np.abs(beta * points - DERIVATIVE_ZEROS["silu"]) > NEAR]
    assert ulps(swish.derivative(far), evaluate(derivative, far)).max() <= MAX_ULPS["silu"][1]


def test_parameters_scale_what_they_name() -> None:
    x = np.array([-2.0, -1.0, 0.0, 3.0])
    np.testing.assert_array_equal(
        activations.get("leaky_relu", negative_slope=0.5)(x), [-1.0, -0.5, 0.0, 3.0]
    )
    elu, steep = activations.get("elu"), activations.get("elu", alpha=2.0)
    np.testing.assert_array_equal(steep(x), np.where(x > 0.0, x, 2.0 * elu(x)))
    assert steep.derivative(0.0) == 2.0
    assert activations.get("leaky_relu", negative_slope=0.0)(-math.inf) == 0.0


@pytest.mark.parametrize(
    ("name", "limits", "slopes"),
    [
        ("linear", (-math.inf, math.inf), (1.0, 1.0)),
        ("relu", (0.0, math.inf), (0.0, 1.0)),
        ("leaky_relu", (-math.inf, math.inf), (0.01, 1.0)),
        ("relu6", (0.0, 6.0), (0.0, 0.0)),
        ("hard_tanh", (-1.0, 1.0), (0.0, 0.0)),
        ("sigmoid", (0.0, 1.0), (0.0, 0.0)),
        ("tanh", (-1.0, 1.0), (0.0, 0.0)),
        ("softsign", (-1.0, 1.0), (0.0, 0.0)),
        ("erf", (-1.0, 1.0), (0.0, 0.0)),
        ("sine", (math.nan, math.nan), (math.nan, math.nan)),
        ("elu", (-1.0, math.inf), (0.0, 1.0)),
        (
            "selu",
            (-kernels.SELU_ALPHA * kernels.SELU_SCALE, math.inf),
            (0.0, kernels.SELU_SCALE),
        ),
        ("softplus", (0.0, math.inf), (0.0, 1.0)),
        ("gelu", (0.0, math.inf), (0.0, 1.0)),
        ("gelu_tanh", (0.0, math.inf), (0.0, 1.0)),
        ("silu", (0.0, math.inf), (0.0, 1.0)),
        ("mish", (0.0, math.inf), (0.0, 1.0)),
    ],
)
def test_infinity_gives_the_limit_and_nan_stays(name: str, limits: tuple, slopes: tuple) -> None:
    activation = activations.get(name)
    ends = np.array([-math.inf, math.inf])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(activation(ends), limits)
        np.testing.assert_array_equal(activation.derivative(ends), slopes)
        assert math.isnan(activation(math.nan))
        assert math.isnan(activation.derivative(math.nan))


@pytest.mark.parametrize(
    ("name", "kinks"),
    [
        ("relu", {0.0: 0.0}),
        ("leaky_relu", {0.0: 0.01}),
        ("relu6", {0.0: 0.0, 6.0: 0.0}),
        ("hard_tanh", {-1.0: 0.0, 1.0: 0.0}),
        ("elu", {0.0: 1.0}),
        ("selu", {0.0: kernels.SELU_ALPHA * kernels.SELU_SCALE}),
        ("softsign", {0.0: 1.0}),
    ],
)
def test_derivative_at_a_kink_is_that_of_pytorch(name: str, kinks: dict[float, float]) -> None:
    derivative = activations.get(name).derivative
    assert {kink: derivative(kink) for kink in kinks} == kinks
    assert derivative(-0.0) == derivative(0.0)


def test_selu_keeps_mean_zero_and_variance_one() -> None:
    value, _ = REFERENCES["selu"]
    assert float(SELU_ALPHA) == kernels.SELU_ALPHA
    pieces = [-mp.inf, 0, mp.inf]
    assert abs(mp.quad(lambda z: value(z) * mp.npdf(z), pieces)) < 1e-14
    assert abs(mp.quad(lambda z: value(z) ** 2 * mp.npdf(z), pieces) - 1) < 1e-14


@pytest.mark.parametrize("name", NON_DECREASING)
@given(x=FLOATS, step=st.floats(0.01, 1e3))
@settings(max_examples=25, deadline=None)
def test_non_decreasing(name: str, x: float, step: float) -> None:
    activation = activations.get(name)
    # Beyond a relative step of 1 % the true increase, where there is one, exceeds rounding errors;
    # where the function is flat to rounding, a few ulps of its value are all that may be lost.
    lower, upper = activation(x), activation(x + step * max(1.0, abs(x) * 1e-3))
    assert upper >= lower - 8 * np.spacing(abs(lower))
    assert activation.derivative(x) >= 0.0


@pytest.mark.parametrize("name", ODD)
@given(x=FLOATS)
@settings(max_examples=25, deadline=None)
def test_odd(name: str, x: float) -> None:
    activation = activations.get(name)
    assert activation(-x) == -activation(x)
    assert activation.derivative(-x) == activation.derivative(x)


@pytest.mark.parametrize("name", BOUNDS)
@given(x=FLOATS)
@settings(max_examples=25, deadline=None)
def test_bounded(name: str, x: float) -> None:
    least, most = BOUNDS[name]
    assert least <= activations.get(name)(x) <= most


@given(x=st.floats(-700.0, 700.0))
@settings(max_examples=50, deadline=None)
def test_reflection_identities(x: float) -> None:
    gelu, silu_, softplus = (activations.get(name) for name in ("gelu", "silu", "softplus"))
    tolerance = 8 * np.spacing(abs(x) + 1.0)
    assert abs(gelu(x) - gelu(-x) - x) <= tolerance
    assert abs(silu_(x) - silu_(-x) - x) <= tolerance
    assert abs(softplus(x) - softplus(-x) - x) <= tolerance
    sigmoid = activations.get("sigmoid")(x)
    assert abs(sigmoid - softplus.derivative(x)) <= 4 * np.spacing(sigmoid)


@pytest.mark.parametrize("name", activations.names())
def test_array_kernels_agree_with_each_other(name: str) -> None:
    activation = activations.get(name)
    size = 20 if JIT_DISABLED else kernels.BLOCK + 100
    x = np.random.default_rng(5).normal(scale=3.0, size=size)
    value, derivative = np.empty(size), np.empty(size)
    code, parameters = activation.code, activation.kernel_parameters
    activation.kernels.apply_both(code, parameters, x, value, derivative)
    # The compiler may vectorize one and not the other, but rounds no operation differently.
    np.testing.assert_array_equal(activation(x), value)
    np.testing.assert_array_equal(activation.derivative(x), derivative)
    in_place = x.copy()
    activation.kernels.apply(code, parameters, in_place, in_place)
    np.testing.assert_array_equal(in_place, value)


def test_call_keeps_shape_and_takes_any_real_array() -> None:
    relu = activations.get("relu")
    assert relu(np.ones((2, 0, 3))).shape == (2, 0, 3)
    assert relu(np.arange(6).reshape(2, 3).T).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert relu(np.float32(2.5)).dtype == np.float64
    assert relu(np.array([True, False])).tolist() == [1.0, 0.0]
    assert np.ndim(relu(-1)) == 0
    x = np.array([-1.0, 1.0])
    relu(x)
    assert x.tolist() == [-1.0, 1.0]


def test_scaled_erfc_polynomial_is_its_definition() -> None:
    count = len(elementary.SCALED_ERFC_POLYNOMIAL)
    with mp.workdps(60):
        most = (mpf(28) - 3) / (mpf(28) + 3)
        nodes = [
            (most - 1) / 2 + (most + 1) / 2 * mp.cos(mp.pi * (2 * k + 1) / (2 * count))
            for k in range(count)
        ]
        points = [3 * (1 + t) / (1 - t) for t in nodes]
        values = [(1 + 2 * x) * mp.exp(x * x) * mp.erfc(x) for x in points]
        powers = mp.matrix([[t**k for k in reversed(range(count))] for t in nodes])
        coefficients = mp.lu_solve(powers, mp.matrix(values))
        derived = tuple(float(coefficient) for coefficient in coefficients)
    assert derived == elementary.SCALED_ERFC_POLYNOMIAL


@given(a=st.floats(-1e100, 1e100), b=st.floats(-1e100, 1e100))
@settings(max_examples=50, deadline=None)
def test_two_product_is_exact(a: float, b: float) -> None:
    product, error = elementary.two_product(a, b)
    if abs(product) > 1e-250:
        with mp.workdps(DIGITS):
            assert mpf(float(product)) + mpf(float(error)) == mpf(a) * mpf(b)


def test_names_are_all_there_is_a_reference_for() -> None:
    assert set(activations.names()) == set(REFERENCES) == set(MAX_ULPS)
    assert list(activations.names()) == sorted(activations.names())
    codes = [activations.get(name).code for name in activations.names()]
    assert len(set(codes)) == len(codes)


def test_spec_is_a_value() -> None:
    leaky = activations.get("leaky_relu", negative_slope=0.2)
    assert leaky == Activation("leaky_relu", negative_slope=np.float64(0.2))
    assert hash(leaky) == hash(Activation("leaky_relu", negative_slope=0.2))
    assert leaky != activations.get("leaky_relu")
    assert leaky.parameters == {"negative_slope": 0.2}
    assert repr(leaky) == "Activation('leaky_relu', negative_slope=0.2)"
    assert eval(repr(leaky)) == leaky
    assert activations.get(leaky) is leaky
    assert activations.get("swish") == activations.get("silu", beta=1.0)
    with pytest.raises(AttributeError):
        leaky.name = "relu"  # type: ignore[misc]


def cube(x: float) -> float:
    return x**3


def cube_slope(x: float) -> float:
    return 3.0 * x**2


@pytest.mark.parametrize("wrap", [lambda function: function, njit], ids=["python", "njit"])
def test_user_defined(wrap) -> None:
    cubic = Activation("cubic", wrap(cube), wrap(cube_slope))
    x = np.linspace(-2.0, 2.0, 9).reshape(3, 3)
    np.testing.assert_array_equal(cubic(x), x**3)
    np.testing.assert_array_equal(cubic.derivative(x), 3.0 * x**2)
    assert cubic.code == kernels.USER_DEFINED
    assert cubic.parameters == {}
    assert repr(cubic) == "Activation('cubic', f=cube, df=cube_slope)"
    assert cubic.kernels is cubic.kernels


def test_user_defined_is_a_value() -> None:
    cubic = Activation("cubic", cube, cube_slope)
    assert cubic == Activation("cubic", cube, cube_slope)
    assert hash(cubic) == hash(Activation("cubic", cube, cube_slope))
    assert cubic != Activation("cubed", cube, cube_slope)


@pytest.mark.parametrize("pickler", [pickle, cloudpickle])
@pytest.mark.parametrize(
    "activation",
    [activations.get("elu", alpha=0.3), Activation("cubic", cube, cube_slope)],
    ids=["built-in", "user-defined"],
)
def test_pickle(pickler, activation: Activation) -> None:
    restored = pickle.loads(pickler.dumps(activation))
    assert restored == activation
    x = np.linspace(-1.0, 1.0, 5)
    np.testing.assert_array_equal(restored(x), activation(x))
    np.testing.assert_array_equal(restored.derivative(x), activation.derivative(x))


def test_kinks_and_jumps_pass_the_check_of_the_derivative() -> None:
    Activation("sawtooth", lambda x: x - math.floor(x), lambda _: 1.0)
    Activation("half_linear", lambda x: max(x, 0.5 * x), lambda x: 1.0 if x > 0.0 else 0.5)
    Activation("small", lambda x: 1e-9 * x * x, lambda x: 2e-9 * x)
    Activation(
        "of_positive",
        lambda x: math.sqrt(x) if x > 0.0 else math.nan,
        lambda x: 0.5 / math.sqrt(abs(x)),
    )


@pytest.mark.parametrize(
    "df",
    [
        lambda x: 2.0 * x**2,
        lambda x: -3.0 * x**2,
        lambda _: 1.0,
        lambda x: 3.03 * x**2 + 0.5,
        lambda _: math.nan,
    ],
    ids=["factor", "sign", "constant", "offset", "nan"],
)
def test_wrong_derivative_is_refused(df) -> None:
    with pytest.raises(ValueError, match="df must be the derivative of f"):
        Activation("cubic", cube, df)
    assert Activation("surrogate", cube, df, check_derivative=False).f is not None


@pytest.mark.parametrize(
    ("arguments", "parameters", "error", "message"),
    [
        (("rleu",), {}, ValueError, "name must be one of elu, .*got 'rleu'; did you mean 'relu'"),
        (("ReLU",), {}, ValueError, "did you mean 'relu'"),
        (("zzzzzz",), {}, ValueError, "got 'zzzzzz'$"),
        ((3,), {}, TypeError, "name must be a string, got 3"),
        (("relu",), {"alpha": 1.0}, TypeError, "alpha must be a parameter of 'relu': it has none"),
        (("silu",), {"bta": 1.0}, TypeError, "bta must be a parameter of 'silu': it has beta"),
        (("silu",), {"beta": 0.0}, ValueError, r"^beta must be .* at least 1e-100 .*, got 0.0$"),
        (("elu",), {"alpha": math.nan}, ValueError, "^alpha must be a finite .*, got nan$"),
        (("elu",), {"alpha": "1"}, TypeError, "^alpha must be a finite .*, got '1'$"),
        (("elu",), {"alpha": True}, TypeError, "^alpha must be a finite .*, got True$"),
        (("elu",), {"alpha": 1j}, TypeError, "^alpha must be a finite .*, got 1j$"),
        (("mine", cube), {}, TypeError, "df must be given too"),
        (("mine", None, cube), {}, TypeError, "f must be given too"),
        (("mine", cube, cube_slope), {"alpha": 1.0}, TypeError, "alpha must not be given"),
        (("mine", 3, cube_slope), {}, TypeError, "f must be a function of one float.*got 3"),
        (("mine", cube, "x"), {}, TypeError, "df must be a function of one float.*got 'x'"),
        (
            ("mine", lambda _: math.nan, cube_slope),
            {},
            ValueError,
            "f must be finite somewhere",
        ),
    ],
)
def test_bad_input(arguments: tuple, parameters: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        Activation(*arguments, **parameters)


def test_get_names_its_own_parameter() -> None:
    with pytest.raises(
        ValueError, match=r"^activation must be one of .*, got 'rleu'; did you mean"
    ):
        activations.get("rleu")


def test_get_refuses_what_is_no_activation() -> None:
    with pytest.raises(TypeError, match="activation must be a name or an Activation, got 3"):
        activations.get(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="alpha must not be given"):
        activations.get(activations.get("elu"), alpha=2.0)
    for bad in ([1j], ["one"], [None]):
        with pytest.raises(TypeError, match="x must be an array of real numbers"):
            activations.get("relu")(bad)


@pytest.mark.jit
@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (lambda _: object(), "object"),
        (lambda x: (x, x), "returns UniTuple"),
        (lambda x: x + 1j, "returns complex128"),
        (lambda _: None, "returns none"),
        (lambda x, y: x + y, "argument"),
        (np.tanh, "ufunc"),
    ],
    ids=["object", "tuple", "complex", "none", "two_arguments", "ufunc"],
)
def test_function_that_numba_cannot_compile(f, reason: str) -> None:
    with pytest.raises(TypeError, match=f"^f must be a function of one float(.|\n)*{reason}"):
        Activation("mine", f, cube_slope)
    with pytest.raises(TypeError, match=r"^df must be a function of one float"):
        Activation("mine", cube, f)


@pytest.mark.jit
def test_user_function_that_raises_is_reported() -> None:
    divided = njit(lambda x: 1.0 / (x - x))
    with pytest.raises(ValueError, match=r"f and df must be defined.*ZeroDivisionError"):
        Activation("mine", divided, divided)


def test_plot_draws_value_and_derivative_apart() -> None:
    pytest.importorskip("stabsim.plotting")
    before = dict(mpl.rcParams)
    axes = activations.get("tanh").plot()
    styles = {line.get_linestyle() for line in axes.get_lines()}
    assert {"-", "--"} <= styles
    assert dict(mpl.rcParams) == before
