"""Descriptions: specs as plain data, that make the same specs again."""

import json
import math
import subprocess
import sys
import textwrap
import types
from fractions import Fraction

import numba
import numpy as np
import pytest

from stabsim import (
    IID,
    MLP,
    Alternating,
    AndersonTransfer,
    Autoregressive,
    Custom,
    FiniteSet,
    Ginibre,
    Haar,
    Linear,
    MarkovModulated,
    Rectangular,
    Sequential,
    Shifted,
    StandardError,
    TruncatedHaar,
    Wishart,
    activations,
    ensembles,
    initializers,
)
from stabsim._descriptions import describe, differences, restore
from stabsim._fingerprints import fingerprint
from stabsim.ensembles import Ensemble


def fill(rng, out):
    out[0, 0] = rng.standard_normal()


def square(x):
    return x * x


def twice(x):
    return 2.0 * x


def cube(x):
    return x * x * x


def module(**attributes):
    made = types.ModuleType("constants")
    vars(made).update(attributes)
    return made


FUNCTIONS = (fill, square, twice)
SPECS = [
    Ginibre(4),
    Ginibre(3, sigma=2.0, field="complex"),
    Haar(3, scale=0.5),
    TruncatedHaar(2, 5),
    IID(3, "student_t", degrees_of_freedom=2.5),
    IID(2, "sparse", density=0.3),
    FiniteSet.random_fibonacci(),
    FiniteSet(np.ones((2, 2, 2)) * 1j, [0.3, 0.7]),
    AndersonTransfer(0.1, 2.0, distribution="cauchy", width=(3, 4)),
    AndersonTransfer(0.0, 1.0, width=2, edges="hard"),
    Wishart(3, 7),
    Rectangular([3, 5, 2]),
    Shifted(Ginibre(3), scale=0.1),
    Alternating([Ginibre(2), np.eye(2)]),
    MarkovModulated([Ginibre(2), Haar(2)], [[0.9, 0.1], [1 / 3, 2 / 3]]),
    MarkovModulated([Ginibre(2), Haar(2)], [[0.9, 0.1], [0.5, 0.5]], initial=[0.25, 0.75]),
    Autoregressive(3, correlation=0.5),
    Custom(2, fill),
    MLP(50, 256, activation="gelu", init="torch_default"),
    MLP(2, 4, init=initializers.Gaussian(1.3), bias_std=0.2, in_features=9, out_features=3),
    MLP(2, [4, 5], activation=["relu", activations.get("leaky_relu", negative_slope=0.2)]),
    MLP(2, 3, activation=activations.Activation("square", square, twice)),
    Sequential([Linear(3, 4, init="kaiming_normal"), "relu", "tanh", Linear(4, 2, bias_std=0.1)]),
    activations.get("silu", beta=1.5),
    StandardError(0.1, of="lyapunov", relative=True),
    # Some initializers have several names.
    *dict.fromkeys(map(initializers.get, initializers.names())),
]


def through_json(value):
    return json.loads(json.dumps(describe(value), allow_nan=False))


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_a_spec_is_made_again_from_its_description(spec):
    again = restore(through_json(spec), FUNCTIONS)
    assert type(again) is type(spec)
    assert again == spec
    assert repr(again) == repr(spec)
    assert describe(again) == describe(spec)


def test_every_ensemble_has_a_description():
    kinds = {type(spec) for spec in SPECS if isinstance(spec, Ensemble)}
    public = {getattr(ensembles, name) for name in ensembles.__all__}
    assert kinds == {k for k in public if issubclass(k, Ensemble)} - {Ensemble}


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2.5,
        "gaussian",
        [1, 2],
        np.array([[1.5, -math.inf], [0.1, 1e-300]]),
        np.array([1 + 2j]),
        np.array([[1, 2]]),
        [[1.0, 2.0]],
    ],
    ids=repr,
)
def test_plain_values_come_back(value):
    np.testing.assert_array_equal(restore(through_json(value)), value)


@pytest.mark.parametrize(
    "value", [math.inf, math.nan, np.float64(0.1), np.int32(7), Fraction(1, 4)]
)
def test_numbers_come_back(value):
    np.testing.assert_array_equal(restore(through_json(value)), value)


def test_a_seed_comes_back():
    for seed in (np.random.SeedSequence(5).spawn(3)[2], np.random.SeedSequence([1, 2**70])):
        again = restore(through_json(seed))
        np.testing.assert_array_equal(again.generate_state(4), seed.generate_state(4))
        assert again.spawn_key == seed.spawn_key


@pytest.mark.parametrize(
    "description",
    [
        {"kind": "os.system", "command": "true"},
        {"kind": "Ginibre", "n": -1},
        {"kind": "Ginibre", "n": 2, "nothing": 1},
        {"kind": "Ensemble", "n": 2},
        {"kind": "array", "dtype": "object", "shape": [1], "items": [1]},
        {"kind": "array", "dtype": "float64", "shape": [3], "items": [1.0]},
        {"kind": "MLP", "widths": [2, 2], "kinds": [0], "layers": []},
    ],
    ids=repr,
)
def test_what_is_no_description_makes_nothing(description):
    with pytest.raises((TypeError, ValueError, KeyError, IndexError, StopIteration)):
        restore(description)


def test_a_function_must_be_given_again():
    description = through_json(Custom(2, fill))
    with pytest.raises(
        ValueError, match=r"functions must hold the function fill .* got \['twice'\]"
    ):
        restore(description, [twice])
    compiled = numba.njit(fill)
    assert fingerprint(compiled) == fingerprint(fill)
    assert restore(description, [compiled]).fill is compiled


def test_a_fingerprint_tells_what_a_function_does():
    def scaled(factor, shift=0.0):
        return lambda x: factor * x + shift

    same = {fingerprint(scaled(2.0)) for _ in range(3)}
    assert len(same) == 1
    others = [scaled(3.0), scaled(2.0, 1.0), square, twice, lambda x: x * x * x]
    assert len({fingerprint(other) for other in others} - same) == len(others)


@pytest.mark.parametrize(
    ("expression", "before", "after"),
    [
        ("GLOBAL * x", 1.0, 2.0),
        ("GLOBAL * x", 1, 1.0),
        ("[GLOBAL * item for item in x]", 1.0, 2.0),
        ("(lambda y: GLOBAL * y)(x)", 1.0, 2.0),
        ("GLOBAL.factor * x", module(factor=1.0), module(factor=2.0)),
        ("GLOBAL.inner.factor * x", module(inner=module(factor=1.0)), module(inner=module())),
        ("GLOBAL.function(x)", module(function=square), module(function=cube)),
        ("GLOBAL(x)", numba.vectorize(square), numba.vectorize(cube)),
        ("GLOBAL(x)", numba.njit(square), numba.njit(twice)),
        ("GLOBAL[0](x)", (numba.njit(square),), (numba.njit(cube),)),
        ("GLOBAL[0][7]", (np.zeros(9),), (np.arange(9.0),)),
        ("GLOBAL[0, 1]", np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(3, 2)),
        ("GLOBAL[0]", np.zeros(2), np.zeros(2, np.int64)),
        ("GLOBAL['a']", {"a": 1.0}, {"a": 2.0}),
        ("x in GLOBAL", {"one", "two"}, {"one", "three"}),
        ("GLOBAL(x)", math.sin, math.cos),
    ],
)
def test_a_fingerprint_tells_what_a_function_uses(expression, before, after):
    namespace = {}
    exec(f"def user(x):\n    return {expression}", namespace)  # noqa: S102
    found = [fingerprint(namespace["user"]) for namespace["GLOBAL"] in (before, after, before)]
    assert found[0] == found[2] != found[1]


def test_a_fingerprint_is_that_of_every_process():
    program = """
        import numba
        from stabsim._fingerprints import fingerprint

        @numba.njit
        def one(x):
            return x

        ALL = (one, numba.float64, len, {"one": 1}, {"one", "two", "three"}, object())

        def user(x, *, step=0.5):
            return ALL[0](x) + step

        print(fingerprint(user))
    """
    outputs = {
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    }
    assert len(outputs) == 1


def test_a_spec_that_is_not_ours_cannot_be_written_down():
    class Mine(Ginibre):
        pass

    with pytest.raises(TypeError, match="only specs of stabsim"):
        describe(Mine(2))
    with pytest.raises(TypeError, match="dtype"):
        describe(np.array(["a", "b"]))


def test_differences_are_said_in_words():
    here = describe({"ensemble": Ginibre(3), "depth": 4})
    there = describe({"ensemble": Ginibre(3, sigma=2.0), "depth": 5})
    assert differences(here, there) == [
        "depth is 5 there and 4 here",
        "ensemble.sigma is 2.0 there and 1.0 here",
    ]
    assert differences(here, here) == []
    (other,) = differences(here, describe({"ensemble": Haar(3), "depth": 4}))
    assert other.startswith("ensemble is {'kind': 'Haar'")
