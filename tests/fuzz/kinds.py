"""Kinds of arguments: valid values, other forms of the same value, and hostile values."""

import array
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from hypothesis import strategies as st

Make = Callable[[], Any]
Strategy = st.SearchStrategy[Any]


class Argument(NamedTuple):
    """What is passed, and the plain value that it stands for; each call makes them anew."""

    given: Make
    plain: Make


@dataclass(frozen=True)
class Kind:
    """Arguments of a parameter.

    ``valid`` gives plain values, ``forms`` turn one into others that are equal to it or to be
    refused, ``hostile`` are what is tried beside what is hostile everywhere.
    """

    valid: Strategy
    forms: Sequence[Callable[[Any], Any]] = ()
    hostile: Strategy = field(default_factory=st.nothing)

    def arguments(self, draw: st.DrawFn, *, hostile: bool) -> Argument:
        """Draw an argument."""
        if hostile:
            make = draw(st.one_of(HOSTILE, self.hostile.map(_constant)))
            return Argument(make, make)
        plain = draw(self.valid)
        make = _constant(plain)
        if not self.forms or draw(st.booleans()):
            return Argument(make, make)
        form = draw(st.sampled_from(self.forms))
        return Argument(lambda: _formed(form, make()), make)


def _formed(form: Callable[[Any], Any], value: Any) -> Any:
    """Return another form of a value, or the value where it has none, as infinity as a fraction."""
    try:
        return form(value)
    except (TypeError, ValueError, OverflowError):
        return value


class Fresh(NamedTuple):
    """A value that a call uses up, so that every call gets its own."""

    make: Make


def _constant(value: Any) -> Make:
    if isinstance(value, Fresh):
        return value.make
    return lambda: value.copy() if isinstance(value, np.ndarray) else value


class Text(str):
    """A string of another class."""


class Whole(int):
    """An integer of another class."""


class Real(float):
    """A float of another class."""


class Subclassed(np.ndarray):
    """An array of another class."""


class Broken:
    """An object whose conversions all fail."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("no array")

    def __float__(self) -> float:
        raise RuntimeError("no float")

    def __index__(self) -> int:
        raise RuntimeError("no index")


class Pretender:
    """An object that is a number to those who ask."""

    def __float__(self) -> float:
        return 0.5

    def __index__(self) -> int:
        return 2


class Endless:
    """An iterable that breaks."""

    def __iter__(self) -> Any:
        raise OSError("no items")


class Negative:
    """A sequence of a negative length."""

    def __len__(self) -> int:
        return -1  # noqa: PLE0303


def _nested() -> list[Any]:
    endless: list[Any] = []
    endless.append(endless)
    return endless


def _structured() -> Any:
    return np.zeros(2, dtype=[("a", float), ("b", int)])


def _masked() -> Any:
    return np.ma.masked_array([0.5, 1.0], mask=[False, True])


#: Values that hardly any parameter takes; each is made for every call, since some are used up.
HOSTILE = st.sampled_from(
    [
        *map(
            _constant,
            [
                None,
                True,
                np.True_,
                False,
                0,
                -1,
                2**53 + 1,
                -(2**63),
                2**64,
                10**400,
                10**5000,
                -(10**5000),
                math.nan,
                -math.nan,
                math.inf,
                -math.inf,
                1e308,
                -1e308,
                5e-324,
                -0.0,
                1j,
                complex(math.nan, 0.0),
                "",
                "no such name",
                "0.5",
                "nan",
                "\ud800",
                "a\0b",
                "real ",
                b"real",
                b"",
                (),
                [],
                {},
                set(),
                frozenset({1.0}),
                {"a": 1},
                [[]],
                [None],
                [None, 1.0],
                ["a", "b"],
                ["0.5"],
                [[1.0], [1.0, 2.0]],
                [1.0, [2.0]],
                [math.nan],
                [0.5, math.inf],
                [1j, 1.0],
                [10**400],
                [10**5000, 1],
                [1e308, 1e308],
                [-1.0, -2.0],
                [5e-324],
                [True, False],
                [Fraction(1, 2), 1],
                [Decimal(1)],
                Ellipsis,
                NotImplemented,
                object,
                int,
                len,
                math,
                Decimal("0.5"),
                Decimal("NaN"),
                Decimal("sNaN"),
                Fraction(10**400, 3),
                Fraction(1, 10**400),
                np.float64("nan"),
                np.float16("inf"),
                np.longdouble("1e4000"),
                np.complex128(1.0),
                np.timedelta64(1, "s"),
                np.timedelta64("NaT"),
                np.datetime64("2020-01-01"),
                np.str_("0.5"),
                np.bytes_(b"a"),
                np.void(b"abc"),
                np.array(None),
                np.array(math.nan),
                np.array(1),
                np.array("tanh"),
                np.array([]),
                np.zeros((0, 3)),
                np.zeros((3, 0, 2)),
                np.zeros((1, 1, 1, 1)),
                np.zeros(2, dtype=bool),
                np.array([0.5, 1j]),
                np.array(["a"]),
                np.array([0.5, None]),
                np.array([math.nan, 1.0]),
                np.array([-math.inf, 1.0]),
                np.array([1e308, 1e308]),
                np.array([2**64 - 1, 1], dtype=np.uint64),
                np.array([-(2**63), 1]),
                np.array([1], dtype="datetime64[s]"),
                np.array([1, 2], dtype="timedelta64[s]"),
                np.array([1e4000], dtype=np.longdouble),
                np.float32(1e30) * np.ones(2, np.float32),
            ],
        ),
        object,
        Broken,
        Pretender,
        _nested,
        _structured,
        _masked,
        lambda: np.ma.masked,
        lambda: iter([1.0, 2.0]),
        lambda: (x for x in (1, 2)),
        lambda: map(float, [1]),
        lambda: range(0),
        lambda: memoryview(b"abc"),
        lambda: bytearray(b"abc"),
        lambda: array.array("d", [math.nan]),
        lambda: pd.Series(["a"]),
        lambda: pd.DataFrame({"a": [1.0]}),
        lambda: lambda: 1.0,
        Negative,
        Endless,
    ]
)


def choice(*options: str) -> Kind:
    """Return a word among ``options``."""
    others = st.sampled_from([option.upper() for option in options] + [f" {options[0]}", "a" * 300])
    return Kind(st.sampled_from(options), (np.str_, Text, np.array, str.encode), others)


def flag() -> Kind:
    """Return True or False."""
    return Kind(st.booleans(), (int, np.bool_, float, str, np.array))


def count(*values: int) -> Kind:
    """Return an integer, where others that are not too large may be valid too."""
    forms = (
        *(lambda x, dtype=dtype: _cast(x, dtype) for dtype in "bBhHiIqQ"),
        Whole,
        float,
        Fraction,
        Decimal,
        np.array,
        lambda x: [x],
        str,
    )
    return Kind(
        st.sampled_from(values), forms, st.integers(-3, 4) | st.sampled_from([2.5, -(2**53)])
    )


def _cast(value: Any, dtype: str) -> Any:
    """Return a value as a scalar or an array of another type, or unchanged if it does not fit."""
    with np.errstate(all="ignore"):
        cast = np.array(value).astype(dtype)[()]
    return cast if np.array_equal(cast, value) else value


_EXTREME = [
    0.0,
    -1.0,
    1e-100,
    1e100,
    1e154,
    1e155,
    1e200,
    1e-200,
    1e308,
    5e-324,
    1e-310,
    -1e-5,
    2.0,
]


def real(*values: float) -> Kind:
    """Return a real number, where any other may be valid too."""
    forms = (
        *(lambda x, dtype=dtype: _cast(x, dtype) for dtype in "efdgbiQ"),
        Real,
        Fraction,
        Decimal,
        np.array,
        lambda x: [x],
        lambda x: int(x) if x == int(x) else x,
        str,
        complex,
    )
    return Kind(st.sampled_from(values), forms, st.sampled_from(_EXTREME) | st.floats())


def _read_only(value: Any) -> Any:
    made = np.array(value)
    made.flags.writeable = False
    return made


def _strided(value: Any) -> Any:
    made = np.array(value)
    return np.repeat(made, 2, axis=-1)[..., ::2] if made.ndim else made


def _frozen_tuple(value: Any) -> Any:
    return tuple(map(_frozen_tuple, value)) if isinstance(value, list) else value


FORMS = (
    *(lambda x, dtype=dtype: _cast(x, dtype) for dtype in "efdgbiQ"),
    lambda x: _cast(x, ">f8"),
    np.array,
    _frozen_tuple,
    _read_only,
    _strided,
    lambda x: np.array(x)[..., ::-1][..., ::-1] if np.ndim(x) else np.array(x),
    lambda x: np.array(x, order="F"),
    lambda x: np.array(x).view(Subclassed),
    np.ma.masked_array,
    lambda x: np.array(x, dtype=object),
    lambda x: np.array(x).astype(str),
    lambda x: np.atleast_2d(x).view(np.matrix) if np.ndim(x) == 2 else x,
    lambda x: list(map(np.float64, x)) if np.ndim(x) == 1 else x,
    lambda x: list(map(Fraction, x)) if np.ndim(x) == 1 else x,
    lambda x: pd.Series(x) if np.ndim(x) == 1 else x,
    lambda x: iter(x) if np.ndim(x) else x,
    lambda x: (item for item in x) if np.ndim(x) else x,
    lambda x: memoryview(np.array(x)),
)

_ENTRIES = st.sampled_from([*_EXTREME, math.nan, math.inf, -math.inf, 0.5, 1.0]) | st.floats()


def numbers(*values: Any) -> Kind:
    """Return an array-like of real numbers, one of ``values``."""
    hostile = st.one_of(
        st.lists(_ENTRIES, max_size=4),
        st.lists(_ENTRIES, max_size=4).map(np.array),
        _ENTRIES,
        st.lists(st.lists(_ENTRIES, max_size=2), max_size=3),
        st.lists(st.integers(-2, 5), max_size=4),
        st.sampled_from([np.zeros((2, 3)), np.ones((2, 2, 2)), np.full((2, 2), np.nan)]),
    )
    return Kind(st.sampled_from(values), FORMS, hostile)


def pool(*values: Any) -> Kind:
    """Return one of some objects."""
    return Kind(st.sampled_from(values))


def rng() -> Kind:
    """Return a source of randomness, which repeats itself."""
    generators = [Fresh(lambda: np.random.default_rng(5)), Fresh(lambda: np.random.SeedSequence(5))]
    forms = (np.int64, np.uint64, Whole, np.random.SeedSequence, float, str, np.array)
    hostile = [
        np.random,
        Fresh(lambda: np.random.RandomState(5)),
        Fresh(lambda: np.random.SFC64(5)),
    ]
    return Kind(st.sampled_from([0, 2**40]), forms, st.sampled_from([*generators, *hostile]))


def axes() -> Kind:
    """Return where to draw."""
    new = Fresh(lambda: plt.figure().subplots())
    return Kind(st.sampled_from([None, new]), hostile=st.sampled_from([plt, plt.Axes, "ax"]))


def path(make: Callable[[], Path]) -> Kind:
    """Return a path of this session's own folder."""
    hostile = [
        ".",
        "a" * 300,
        "no such folder/file",
        Fresh(lambda: os.fsencode(make())),
        Fresh(lambda: (make(), make())),
    ]
    return Kind(st.just(Fresh(make)), (os.fspath,), st.sampled_from(hostile))
