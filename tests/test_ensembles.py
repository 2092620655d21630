"""Ensembles as objects: frozen, comparable, readable, validated. Their laws are in test_factors."""

import dataclasses
import math
import pickle
from fractions import Fraction

import cloudpickle
import numpy as np
import pytest
from numba import njit

from stabsim import (
    IID,
    AndersonTransfer,
    Custom,
    FiniteSet,
    Ginibre,
    Haar,
    Shifted,
    TruncatedHaar,
    ensembles,
)
from stabsim.ensembles import (
    Alternating,
    Autoregressive,
    Ensemble,
    MarkovModulated,
    Rectangular,
    Wishart,
)

NAN, INF = math.nan, math.inf


@njit
def fill_ones(rng, out):
    out[:] = 1.0


def fill_plain(rng, out):
    out[0, 0] = rng.random()


# Calls whose ensembles all differ, so that equality is tested by what it must tell apart.
CALLS = [
    "Ginibre(4)",
    "Ginibre(5)",
    "Ginibre(4, sigma=0.5)",
    "Ginibre(4, field='complex')",
    "Ginibre(4, sigma=0.1, field='complex')",
    "Haar(4)",
    "Haar(4, field='complex')",
    "Haar(4, scale=0.3)",
    "TruncatedHaar(4, 4)",
    "TruncatedHaar(4, 9)",
    "TruncatedHaar(4, 9, field='complex')",
    "IID(4, 'uniform')",
    "IID(4, 'rademacher', sigma=2.0)",
    "IID(4, 'laplace')",
    "IID(4, 'student_t', degrees_of_freedom=3.5)",
    "IID(4, 'student_t', degrees_of_freedom=3.0)",
    "IID(4, 'student_t', degrees_of_freedom=0.2)",
    "IID(4, 'sparse', sigma=0.5, density=0.25)",
    "IID(4, 'cauchy')",
    "IID(4, 'stable', stability=2.0)",
    "IID(4, 'stable', sigma=0.5, stability=0.2)",
    "FiniteSet([[[1.0]], [[2.0]]])",
    "FiniteSet([[[2.0]], [[1.0]]])",
    "FiniteSet([[[1.0]], [[2.0]]], probabilities=[0.25, 0.75])",
    "FiniteSet([[[(1+0j)]], [[(2+0j)]]])",
    "FiniteSet([[[0.0, 1.0], [1.0, 1.0]], [[0.0, 1.0], [-1.0, 1.0]]])",
    "AndersonTransfer(0.0, 1.0)",
    "AndersonTransfer(1.0, 0.0)",
    "AndersonTransfer(0.0, 1.0, distribution='cauchy')",
    "AndersonTransfer(0.0, 1.0, width=3)",
    "AndersonTransfer(0.0, 1.0, width=3, edges='periodic')",
    "AndersonTransfer(0.0, 1.0, width=12)",
    "AndersonTransfer(0.0, 1.0, width=(3, 4))",
    "AndersonTransfer(0.0, 1.0, width=(4, 3))",
    "AndersonTransfer(0.0, 1.0, distribution='gaussian', width=(4, 3), edges='periodic')",
    "Wishart(4, 6)",
    "Wishart(4, 2)",
    "Wishart(4, 6, sigma=0.5)",
    "Wishart(4, 6, field='complex')",
    "Rectangular([4])",
    "Rectangular([4, 2])",
    "Rectangular([2, 4])",
    "Rectangular([2, 4], mode='fan_in')",
    "Rectangular([2, 4], sigma=2.0, mode='fan_avg', field='complex')",
    "Alternating([Ginibre(2), Haar(2)])",
    "Alternating([Haar(2), Ginibre(2)])",
    "Alternating([Haar(2, field='complex'), FiniteSet([[[1.0, 2.0], [3.0, 4.0]]])])",
    "Alternating([Alternating([Haar(2), Ginibre(2)]), Rectangular([2, 1])])",
    "MarkovModulated([Ginibre(2), Haar(2)], [[0.5, 0.5], [0.25, 0.75]])",
    "MarkovModulated([Ginibre(2), Haar(2)], [[0.25, 0.75], [0.5, 0.5]])",
    "MarkovModulated([Ginibre(2), Haar(2)], [[0.5, 0.5], [0.25, 0.75]], initial=[1.0, 0.0])",
    "MarkovModulated([FiniteSet([[[1.0]]]), FiniteSet([[[1j]]])], [[0.1, 0.9], [0.9, 0.1]])",
    "Autoregressive(4, correlation=0.5)",
    "Autoregressive(4, correlation=-1.0)",
    "Autoregressive(4, correlation=0.5, sigma=2.0, field='complex')",
    "Shifted(Autoregressive(4, correlation=0.5), scale=0.1)",
    "Shifted(Ginibre(4), scale=0.1)",
    "Shifted(Ginibre(4), shift=2.0, scale=0.1)",
    "Shifted(Haar(4, field='complex'), shift=-1.0, scale=0.1)",
    "Custom(2, fill_ones)",
    "Custom(3, fill_ones)",
    "Custom(2, fill_ones, field='complex')",
    "Custom(2, fill_plain)",
]
every_call = pytest.mark.parametrize("call", CALLS)


def made(call):
    return eval(call, vars(ensembles) | {"fill_ones": fill_ones, "fill_plain": fill_plain})


@every_call
def test_repr_is_the_call(call):
    ensemble = made(call)
    assert repr(ensemble) == call
    assert made(repr(ensemble)) == ensemble


def test_nested_shifts_are_one():
    twice = Shifted(Shifted(Ginibre(2), scale=2.0), shift=5.0, scale=3.0)
    assert twice == Shifted(Ginibre(2), shift=8.0, scale=6.0)
    with pytest.raises(ValueError, match=r"^scale must be"):
        Shifted(Shifted(Ginibre(2), scale=1e100), scale=1e100)


def test_equal_are_those_of_the_same_call():
    ensembles, again = [made(call) for call in CALLS], [made(call) for call in CALLS]
    assert len(set(ensembles)) == len(CALLS)
    for i, a in enumerate(ensembles):
        for j, b in enumerate(again):
            assert (a == b) == (i == j)
            assert (hash(a) == hash(b)) >= (i == j)
        assert a != CALLS[i]


@every_call
@pytest.mark.parametrize("pickler", [pickle, cloudpickle])
def test_pickles(call, pickler):
    ensemble = made(call)
    again = pickle.loads(pickler.dumps(ensemble))
    assert again == ensemble
    assert hash(again) == hash(ensemble)
    np.testing.assert_array_equal(again.sample(rng=1), ensemble.sample(rng=1))


def test_cloudpickle_carries_a_local_fill():
    value = 3.0

    def fill(rng, out):
        out[0, 0] = value

    again = pickle.loads(cloudpickle.dumps(Custom(2, fill)))
    np.testing.assert_array_equal(again.sample(rng=0), [[3.0, 0.0], [0.0, 0.0]])


@every_call
def test_is_frozen(call):
    ensemble = made(call)
    for field in dataclasses.fields(ensemble):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(ensemble, field.name, 1)


def test_numbers_of_other_types_make_the_same_ensemble():
    assert repr(Ginibre(np.int64(4), sigma=np.float32(0.5))) == "Ginibre(4, sigma=0.5)"
    assert Ginibre(4, sigma=2) == Ginibre(4, sigma=Fraction(2))
    assert FiniteSet(np.eye(2, dtype=int)[None]) == FiniteSet([[[1.0, 0.0], [0.0, 1.0]]])
    assert FiniteSet([[[1]]]) == FiniteSet([[[1.0]]], probabilities=[1])
    assert FiniteSet([[[1]], [[True]]]).dtype is float
    assert FiniteSet([[[1j]]]).dtype is complex
    assert AndersonTransfer(0, 1, width=[4, 3]) == AndersonTransfer(0.0, 1.0, width=(4, 3))
    assert Rectangular((4, np.int64(2))) == Rectangular(np.array([4, 2]))
    assert MarkovModulated(np.ones((1, 2, 2)), [[1]]) == MarkovModulated(
        [[[1, 1], [1, 1]]], ((1,),)
    )
    assert Autoregressive(2, correlation=0) == Autoregressive(2, correlation=Fraction(0))


def test_a_finite_set_keeps_its_own_read_only_arrays():
    matrices, probabilities = np.ones((2, 1, 1)), np.array([0.5, 0.5])
    ensemble = FiniteSet(matrices, probabilities)
    matrices[:], probabilities[:] = 7.0, 7.0
    assert ensemble == FiniteSet(np.ones((2, 1, 1)))
    for array in (ensemble.matrices, ensemble.probabilities):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_a_long_finite_set_has_a_short_repr():
    assert repr(FiniteSet(np.zeros((100, 3, 3)))) == "<FiniteSet of 100 3x3 matrices>"


def test_a_bar_of_one_site_across_is_a_strip():
    for width in ((1, 5), (5, 1), [5, 1]):
        assert AndersonTransfer(0.0, 1.0, width=width) == AndersonTransfer(0.0, 1.0, width=5)
    assert AndersonTransfer(0.0, 1.0, width=(1, 1)) == AndersonTransfer(0.0, 1.0)


@pytest.mark.parametrize(
    ("call", "limit"),
    [
        ("Ginibre(2)", INF),
        ("IID(2, 'laplace')", INF),
        ("IID(2, 'student_t', degrees_of_freedom=3.5)", 3.5),
        ("IID(2, 'cauchy')", 1.0),
        ("IID(2, 'stable', stability=0.5)", 0.5),
        ("IID(2, 'stable', stability=2.0)", INF),
        ("AndersonTransfer(0.0, 1.0)", INF),
        ("AndersonTransfer(0.0, 1.0, distribution='cauchy')", 1.0),
        ("AndersonTransfer(0.0, 0.0, distribution='cauchy')", INF),
        ("Shifted(IID(2, 'cauchy'), scale=0.1)", 1.0),
        ("Alternating([Ginibre(2), IID(2, 'cauchy')])", 1.0),
        ("MarkovModulated([Ginibre(2), IID(2, 'stable', stability=1.5)], [[0, 1], [1, 0]])", 1.5),
        ("Custom(2, fill_ones)", None),
        ("Alternating([IID(2, 'cauchy'), Custom(2, fill_ones)])", None),
    ],
)
def test_the_order_below_which_moments_exist(call, limit):
    assert made(call).moment_limit == limit


@pytest.mark.parametrize(
    ("call", "independent", "identical"),
    [
        ("Ginibre(2)", True, True),
        ("Alternating([Ginibre(2), Haar(2)])", True, False),
        ("Alternating([Ginibre(2), Ginibre(2)])", True, True),
        ("Alternating([Ginibre(2), Autoregressive(2, correlation=0.5)])", False, False),
        ("MarkovModulated([Ginibre(2), Haar(2)], [[0, 1], [1, 0]])", False, True),
        ("MarkovModulated([Ginibre(2), Haar(2)], [[0, 1], [1, 0]], initial=[1, 0])", False, False),
        ("Autoregressive(2, correlation=0.5)", False, True),
        ("Autoregressive(2, correlation=0.0)", True, True),
        ("Rectangular([2, 2])", True, True),
        ("Rectangular([2, 1])", True, False),
        ("Shifted(Rectangular([2, 1]), scale=1.0)", True, False),
        ("Shifted(Autoregressive(2, correlation=0.5), scale=1.0)", False, True),
    ],
)
def test_what_factors_have_in_common(call, independent, identical):
    ensemble = made(call)
    assert (ensemble.independent, ensemble.identically_distributed) == (independent, identical)


def test_random_fibonacci():
    ensemble = FiniteSet.random_fibonacci()
    previous, current = 3.0, 5.0
    for matrix, sign in zip(ensemble.matrices, (1, -1), strict=True):
        expected = [current, current + sign * previous]
        np.testing.assert_array_equal(matrix @ [previous, current], expected)
    np.testing.assert_array_equal(ensemble.probabilities, [0.5, 0.5])


@every_call
def test_size_and_type(call):
    ensemble = made(call)
    assert isinstance(ensemble, Ensemble)
    matrix = ensemble.sample(rng=0)
    assert matrix.shape == (ensemble.n, ensemble.n)
    assert matrix.dtype == ensemble.dtype
    assert np.isfinite(matrix).all()


EYE = np.eye(2)[None]
NO_INTEGERS = [4.0, "4", None, True, [4], 1j, np.array([4])]
NO_SIZES = [0, -3, np.int64(-1), 2**60]
NO_REALS = ["1", None, True, 1j, [1.0], np.array([1.0, 2.0])]
NO_SCALES = [0, -1.0, 1e-101, 1e101, NAN, INF, -INF, 10**400, Fraction(1, 10**400)]
NO_NUMBERS = [NAN, INF, -INF, 1e101]
BAD = [
    *(("n", TypeError, Ginibre, (n,), {}) for n in NO_INTEGERS),
    *(("n", ValueError, Ginibre, (n,), {}) for n in NO_SIZES),
    *(("sigma", TypeError, Ginibre, (2,), {"sigma": x}) for x in NO_REALS),
    *(("sigma", ValueError, Ginibre, (2,), {"sigma": x}) for x in NO_SCALES),
    ("field", ValueError, Ginibre, (2,), {"field": "quaternion"}),
    ("field", TypeError, Ginibre, (2,), {"field": None}),
    ("n", ValueError, Haar, (0,), {}),
    ("n", TypeError, Haar, (2.5,), {}),
    ("field", ValueError, Haar, (2,), {"field": ""}),
    *(("scale", ValueError, Haar, (2,), {"scale": x}) for x in NO_SCALES),
    *(("scale", TypeError, Haar, (2,), {"scale": x}) for x in NO_REALS),
    ("n", TypeError, TruncatedHaar, ("2", 3), {}),
    ("n", ValueError, TruncatedHaar, (-2, 3), {}),
    ("size", ValueError, TruncatedHaar, (3, 2), {}),
    *(("size", TypeError, TruncatedHaar, (3, size), {}) for size in NO_INTEGERS),
    ("field", TypeError, TruncatedHaar, (2, 3), {"field": 1}),
    ("n", ValueError, IID, (0, "uniform"), {}),
    ("distribution", ValueError, IID, (2, "normal"), {}),
    ("distribution", TypeError, IID, (2, 3), {}),
    *(("sigma", ValueError, IID, (2, "uniform"), {"sigma": x}) for x in NO_SCALES),
    ("degrees_of_freedom", TypeError, IID, (2, "student_t"), {}),
    *(
        ("degrees_of_freedom", ValueError, IID, (2, "student_t"), {"degrees_of_freedom": x})
        for x in (0, 0.19, -3, NAN, INF)
    ),
    ("density", TypeError, IID, (2, "sparse"), {}),
    *(("density", ValueError, IID, (2, "sparse"), {"density": x}) for x in (0, 1.1, -0.1, NAN)),
    ("density", ValueError, IID, (2, "uniform"), {"density": 0.5}),
    ("degrees_of_freedom", ValueError, IID, (2, "sparse"), {"density": 1, "degrees_of_freedom": 3}),
    ("stability", TypeError, IID, (2, "stable"), {}),
    *(("stability", ValueError, IID, (2, "stable"), {"stability": x}) for x in (0.19, 2.1, NAN)),
    ("stability", ValueError, IID, (2, "cauchy"), {"stability": 1.0}),
    *(
        ("matrices", ValueError, FiniteSet, (x,), {})
        for x in (
            *(1.0, [], [[[]]], [1.0, 2.0], np.eye(2), np.ones((2, 2, 3)), np.ones((0, 2, 2))),
            *([[[NAN]]], [[[INF]]], [[[complex(0, NAN)]]], [[[1.0]], [[1.0, 2.0]]]),
        )
    ),
    *(
        ("matrices", TypeError, FiniteSet, (x,), {})
        for x in ("ab", None, [[["a"]]], [[[None]]], np.array([[["2020-01-01"]]], "datetime64[D]"))
    ),
    *(
        ("probabilities", ValueError, FiniteSet, (EYE, p), {})
        for p in ([0.5], [1.1], [-1.0], [NAN], [INF], [0.5, 0.5], 1.0, [[1.0]])
    ),
    *(
        ("probabilities", ValueError, FiniteSet, ([EYE[0], EYE[0]], p), {})
        for p in ([0.5, 0.6], [1.5, -0.5], [0.5, 0.5 - 1e-8])
    ),
    *(
        ("probabilities", TypeError, FiniteSet, (EYE, p), {})
        for p in (["a"], [None, "x"], [1j], "certain", [{}])
    ),
    *(("energy", TypeError, AndersonTransfer, (x, 1.0), {}) for x in NO_REALS),
    *(("energy", ValueError, AndersonTransfer, (x, 1.0), {}) for x in NO_NUMBERS),
    *(("disorder", TypeError, AndersonTransfer, (0.0, x), {}) for x in NO_REALS),
    *(("disorder", ValueError, AndersonTransfer, (0.0, x), {}) for x in [-1e-300, *NO_NUMBERS]),
    ("distribution", ValueError, AndersonTransfer, (0.0, 1.0), {"distribution": "box"}),
    ("distribution", TypeError, AndersonTransfer, (0.0, 1.0), {"distribution": None}),
    *(
        ("width", ValueError, AndersonTransfer, (0.0, 1.0), {"width": x})
        for x in (0, -1, (), (2,), (2, 0), (2, 3, 4))
    ),
    *(
        ("width", TypeError, AndersonTransfer, (0.0, 1.0), {"width": x})
        for x in (1.0, (2, 3.0), "2", None)
    ),
    *(
        ("edges", ValueError, AndersonTransfer, (0.0, 1.0), {"width": x, "edges": "periodic"})
        for x in (1, 2, (1, 1), (2, 5))
    ),
    ("edges", ValueError, AndersonTransfer, (0.0, 1.0), {"edges": "soft"}),
    ("edges", TypeError, AndersonTransfer, (0.0, 1.0), {"edges": None}),
    ("n", ValueError, Wishart, (0, 3), {}),
    *(("degrees", TypeError, Wishart, (2, x), {}) for x in NO_INTEGERS),
    *(("degrees", ValueError, Wishart, (2, x), {}) for x in NO_SIZES),
    *(("sigma", ValueError, Wishart, (2, 2), {"sigma": x}) for x in NO_SCALES),
    ("field", ValueError, Wishart, (2, 2), {"field": "quaternion"}),
    *(("widths", TypeError, Rectangular, (x,), {}) for x in (3, None, "34", [2.0], [2, None])),
    *(("widths", ValueError, Rectangular, (x,), {}) for x in ([], [0], [3, -1])),
    *(("sigma", ValueError, Rectangular, ([2],), {"sigma": x}) for x in NO_SCALES),
    ("mode", ValueError, Rectangular, ([2],), {"mode": "fan"}),
    ("mode", TypeError, Rectangular, ([2],), {"mode": 1}),
    ("field", ValueError, Rectangular, ([2],), {"field": "integer"}),
    *(
        ("ensembles", error, kind, (x, *more), {})
        for kind, more in ((Alternating, ()), (MarkovModulated, (np.eye(2),)))
        for error, x in (
            *((TypeError, x) for x in (None, 3, Ginibre(2), "ab", [None], [["a"]], [[["a"]]])),
            *((ValueError, x) for x in ([], [1.0], [[1.0]], [[[1.0, 2.0]]], [[[NAN]]], [[[[1]]]])),
            (ValueError, [Ginibre(2), Ginibre(3)]),
            (ValueError, [Ginibre(2), [[1.0]]]),
        )
    ),
    *(
        ("ensembles", ValueError, MarkovModulated, ([Ginibre(2), x], np.eye(2)), {})
        for x in (
            Autoregressive(2, correlation=0.1),
            Alternating([Ginibre(2), Haar(2)]),
            Rectangular([2, 1]),
            Shifted(Rectangular([1, 2]), scale=1.0),
        )
    ),
    *(
        ("transition", error, MarkovModulated, ([Haar(2), Ginibre(2)], x), {})
        for error, x in (
            *((ValueError, x) for x in (1.0, [1.0], [[1.0]], [[0.5, 0.6], [0, 1]], [[1, 0], [0]])),
            *(
                (ValueError, x)
                for x in ([[1.5, -0.5], [0, 1]], [[NAN, 1], [0, 1]], np.zeros((2, 2)))
            ),
            *((TypeError, x) for x in (None, [[None, 1], [0, {}]], np.eye(2) * 1j)),
        )
    ),
    *(
        (
            "initial",
            error,
            MarkovModulated,
            (
                [Haar(2), Ginibre(2)],
                np.full((2, 2), 0.5),
            ),
            {"initial": x},
        )
        for error, x in (
            *(
                (ValueError, x)
                for x in ("first", 1.0, [1.0], [0.5, 0.6], [1.5, -0.5], [[1.0, 0.0]])
            ),
            *((TypeError, x) for x in (None, [None, {}])),
        )
    ),
    ("initial", ValueError, MarkovModulated, ([Haar(2), Ginibre(2)], np.eye(2)), {}),
    ("n", TypeError, Autoregressive, (2.0,), {"correlation": 0.5}),
    *(("correlation", TypeError, Autoregressive, (2,), {"correlation": x}) for x in NO_REALS),
    *(
        ("correlation", ValueError, Autoregressive, (2,), {"correlation": x})
        for x in (1.1, -1.1, NAN, INF)
    ),
    *(
        ("sigma", ValueError, Autoregressive, (2,), {"correlation": 0, "sigma": x})
        for x in NO_SCALES
    ),
    ("field", TypeError, Autoregressive, (2,), {"correlation": 0, "field": 1}),
    *(
        ("ensemble", TypeError, Shifted, (x,), {"scale": 1.0})
        for x in (None, 3, Ginibre, np.eye(2))
    ),
    *(("shift", TypeError, Shifted, (Haar(2),), {"shift": x, "scale": 1}) for x in NO_REALS),
    *(("shift", ValueError, Shifted, (Haar(2),), {"shift": x, "scale": 1}) for x in NO_NUMBERS),
    *(("scale", TypeError, Shifted, (Haar(2),), {"scale": x}) for x in NO_REALS),
    *(("scale", ValueError, Shifted, (Haar(2),), {"scale": x}) for x in NO_NUMBERS),
    ("n", TypeError, Custom, (2.0, fill_ones), {}),
    ("n", ValueError, Custom, (-2, fill_ones), {}),
    ("field", ValueError, Custom, (2, fill_ones), {"field": "integer"}),
    *(("fill", TypeError, Custom, (2, x), {}) for x in (None, 1.0, "fill", np.eye(2))),
]


@pytest.mark.parametrize(("name", "error", "kind", "arguments", "options"), BAD)
def test_bad_input(name, error, kind, arguments, options):
    with pytest.raises(error, match=f"^{name} must .*got") as caught:
        kind(*arguments, **options)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    "kind",
    [
        *(Ginibre, Haar, Custom, FiniteSet, Shifted, AndersonTransfer, IID),
        *(Alternating, Autoregressive, MarkovModulated, Rectangular, Wishart),
    ],
)
def test_required_parameters_are_required(kind):
    with pytest.raises(TypeError, match="missing"):
        kind()


def fill_that_does_not_compile(rng, out):
    out[0, 0] = undefined_name + {}.get("x", rng)  # noqa: F821


def fill_of_one_parameter(out):
    out[:] = 0.0


def fill_of_three_parameters(rng, out, more):
    out[:] = more


def fill_by_an_unknown_function(rng, out):
    out[0, 0] = np.linalg.no_such_function(out)


@pytest.mark.jit
@pytest.mark.parametrize(
    "fill",
    [
        fill_that_does_not_compile,
        njit(fill_that_does_not_compile),
        fill_of_one_parameter,
        fill_of_three_parameters,
        fill_by_an_unknown_function,
        print,
        float,
    ],
    ids=["plain", "compiled", "one", "three", "unknown", "builtin", "type"],
)
def test_a_fill_that_does_not_compile(fill):
    with pytest.raises(TypeError, match=r"^fill must be a function fill\(rng, out\)"):
        Custom(2, fill)


@pytest.mark.jit
def test_a_complex_number_in_a_real_matrix_does_not_compile():
    def fill(rng, out):
        out[0, 0] = 1j

    with pytest.raises(TypeError, match=r"^fill must be a function"):
        Custom(2, fill)
    assert Custom(2, fill, field="complex").sample(rng=0)[0, 0] == 1j


def fill_out_of_bounds(rng, out):
    out[out.shape[0], 0] = 1.0


def fill_that_raises(rng, out):
    raise RuntimeError("not today")


def fill_nan(rng, out):
    out[0, 0] = np.nan


def fill_infinity(rng, out):
    out[-1, -1] = -np.inf


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (fill_out_of_bounds, "^fill must run on .* got IndexError: "),
        (fill_that_raises, "^fill must run on .* got RuntimeError: not today"),
        (fill_nan, "^fill must write finite numbers, got nan"),
        (fill_infinity, "^fill must write finite numbers, got -inf"),
    ],
)
def test_a_fill_that_does_not_run(fill, message, compiled):
    with pytest.raises(ValueError, match=message):
        Custom(2, njit(fill) if compiled else fill)


def fill_nan_seldom(rng, out):
    out[0, 0] = np.nan if rng.random() < 0.3 else 1.0


def test_a_fill_that_seldom_writes_nan_is_caught_when_it_does():
    rare = Custom(1, fill_nan_seldom)
    with pytest.raises(ValueError, match=r"^fill must write finite numbers, got nan"):
        [rare.sample(rng=seed) for seed in range(100)]


@pytest.mark.parametrize("rng", ["1", 1.5, -1])
def test_sample_names_a_bad_rng(rng):
    with pytest.raises((TypeError, ValueError), match=r"^rng must be"):
        Ginibre(2).sample(rng)


@pytest.mark.parametrize(
    "ensemble", [Haar(2, field=np.str_("complex")), Wishart(2, 2, field=np.str_("complex"))]
)
def test_words_are_kept_as_plain_strings(ensemble):
    assert type(ensemble.field) is str


def test_a_parameter_of_many_digits_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^density must be left out .* got <int object"):
        IID(2, "uniform", density=10**5000)


@pytest.mark.parametrize("make", [Rectangular, Alternating])
def test_text_is_no_sequence_of_sizes_or_ensembles(make):
    with pytest.raises(TypeError, match=r"^(widths|ensembles) must be a sequence .* got b'ab'"):
        make(b"ab")
