"""A call: its arguments are drawn, and what it does is judged."""

import contextlib
import faulthandler
import functools
import inspect
import re
import signal
import sys
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from fuzz.kinds import Argument
from fuzz.table import ABSTRACT, HANDED_OUT, INFINITE, INTERNAL, TABLE, Entry, instances
from hypothesis import note
from hypothesis import strategies as st

import stabsim

#: Seconds after which a call is taken to hang.
LIMIT = 60
COUNTS: dict[str, Counter[str]] = {name: Counter() for name in TABLE}


def public_callables() -> dict[str, Callable[..., Any]]:
    """Return functions and classes by their path below stabsim, and methods by their class."""
    found: dict[str, Callable[..., Any]] = {}
    modules = [
        value for name in stabsim.__all__ if inspect.ismodule(value := getattr(stabsim, name))
    ]
    known: set[int] = set()
    for module in (stabsim, *modules, stabsim.results):
        prefix = module.__name__.removeprefix("stabsim").removeprefix(".")
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.ismodule(value) or id(value) in known:
                continue
            known.add(id(value))
            if not (inspect.isclass(value) and name in HANDED_OUT | ABSTRACT):
                found[f"{prefix}.{name}" if prefix else name] = value
            if inspect.isclass(value):
                found |= methods(value)
    return found


def methods(owner: type) -> dict[str, Callable[..., Any]]:
    """Return the public methods of a class by the class that defines them."""
    found: dict[str, Callable[..., Any]] = {}
    for name in dir(owner):
        if (name.startswith("_") and name != "__call__") or name in INTERNAL:
            continue
        value = inspect.getattr_static(owner, name)
        if isinstance(value, classmethod | staticmethod):
            found[value.__func__.__qualname__] = getattr(owner, name)
        elif inspect.isfunction(value) and value.__module__.startswith("stabsim"):
            found[value.__qualname__] = value
    return found


CALLABLES = public_callables()


@functools.cache
def owners(name: str) -> list[Any]:
    """Return the objects that have the method of this name."""
    attribute = name.rpartition(".")[2]
    return [
        value
        for value in all_instances()
        if getattr(getattr(type(value), attribute, None), "__qualname__", None) == name
    ]


@functools.cache
def all_instances() -> list[Any]:
    return instances()


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the named parameters of a function, save ``self``."""
    named = inspect.signature(function).parameters
    return {
        name: parameter
        for name, parameter in named.items()
        if name != "self" and parameter.kind is not parameter.VAR_KEYWORD
    }


def drawn(
    draw: Callable[..., Any], function: Callable[..., Any], entry: Entry
) -> dict[str, Argument]:
    """Draw the arguments of a call, of which none, one or two are hostile."""
    if not entry.kinds:
        return {}
    hostile = draw(st.sets(st.sampled_from(list(entry.kinds)), max_size=2))
    known = parameters(function)
    arguments = {}
    for name, kind in entry.kinds.items():
        is_optional = name not in known or known[name].default is not inspect.Parameter.empty
        # Without a seed no answer repeats itself.
        if name in hostile or name == "rng" or not is_optional or draw(st.booleans()):
            arguments[name] = kind.arguments(draw, hostile=name in hostile)
    return arguments


def judged(
    function: Callable[..., Any], entry: Entry, arguments: dict[str, Argument], name: str
) -> str:
    """Call a function, check what it does, and say whether it answered."""
    given = {key: argument.given() for key, argument in arguments.items()}
    note(f"{name}({', '.join(f'{key}={shown(value)}' for key, value in given.items())})")
    refusal = None
    with documented_warnings(entry):
        try:
            result = function(**given)
        except (TypeError, ValueError) as error:
            refusal = error
        except AttributeError as error:
            if not re.search(r"only with (samples|simulate)=True", str(error)):
                raise
            return "refusals"
        except OSError:
            if not entry.disk:
                raise
            return "refusals"
        if refusal is not None:
            subject = re.match(r"\w*", str(refusal)).group()
            kind = type(refusal).__name__
            assert subject in {*entry.kinds, *entry.subjects}, f"{kind} of no parameter: {refusal}"
            return "refusals"
        check_unchanged(given, arguments)
        check_shape(result, given, entry)
        answer = dict(numbers_in(result))
        for path, value in answer.items():
            check_number(path, value, entry)
        # Without a seed there is no second answer to compare with.
        if given.get("rng", 0) is not None:
            plain = {key: argument.plain() for key, argument in arguments.items()}
            check_equal(answer, dict(numbers_in(function(**plain))))
    return "answers"


def check_unchanged(given: dict[str, Any], arguments: dict[str, Argument]) -> None:
    """Check that a call has not written to its arguments."""
    for key, value in given.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, arguments[key].given(), f"{key} was changed")


def check_shape(result: Any, given: dict[str, Any], entry: Entry) -> None:
    """Check that an answer has the shape that its arguments broadcast to, and maybe more axes."""
    shape = np.broadcast_shapes(*(np.shape(given[key]) for key in entry.like if key in given))
    for part in result if isinstance(result, tuple) else (result,):
        assert not entry.like or np.shape(part)[: len(shape)] == shape, f"shape {np.shape(part)}"


def check_equal(answer: dict[str, Any], other: dict[str, Any]) -> None:
    """Check that an answer is that for the plain arguments."""
    assert answer.keys() == other.keys()
    for path, value in answer.items():
        np.testing.assert_array_equal(value, other[path], f"{path} for the plain arguments differs")


def shown(value: Any) -> str:
    """Return the repr of a value, as far as it has one."""
    try:
        return repr(value)[:200]
    except ValueError:
        return f"<{type(value).__name__} without a repr>"


def check_number(path: str, value: Any, entry: Entry) -> None:
    """Check that an answer holds no infinity or NaN beside those that are documented."""
    last = path.rpartition(".")[2]
    array = np.asarray(value)
    if array.dtype.kind in "fc":
        assert last in {"gap", *entry.undefined} or not np.isnan(array).any(), (
            f"NaN in {path}: {value}"
        )
        assert last in INFINITE | {*entry.infinite} or not np.isposinf(array.real).any(), (
            f"inf in {path}: {value}"
        )


def numbers_in(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield all numbers and texts that an answer holds, with their paths."""
    if isinstance(value, np.ndarray | np.generic | int | float | complex | str | None):
        yield path, value
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from numbers_in(item, f"{path}[{index}]")
    elif type(value).__module__.startswith("stabsim"):
        yield f"{path}.repr", re.sub(r"0x[0-9a-f]+", "", repr(value))
        for name in dir(type(value)):
            attribute = inspect.getattr_static(type(value), name)
            if (
                not name.startswith("_")
                and name not in INTERNAL
                and isinstance(attribute, property | functools.cached_property)
            ):
                # What is kept only on demand is no attribute.
                with contextlib.suppress(AttributeError):
                    yield from numbers_in(getattr(value, name), f"{path}.{name}")
        if is_dataclass(value):
            for name in value.__dataclass_fields__:
                if not name.startswith("_") and name not in INTERNAL:
                    yield from numbers_in(getattr(value, name), f"{path}.{name}")


@contextlib.contextmanager
def documented_warnings(entry: Entry) -> Iterator[None]:
    """Make every warning an error, save those that the callable's documentation tells."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=entry.warns, category=RuntimeWarning)
        yield


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Raise where Python takes too long, end the interpreter where a kernel does; close figures."""

    def stop(signum: int, frame: types.FrameType | None) -> None:
        raise TimeoutError(f"no answer within {LIMIT} seconds")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT)
    faulthandler.dump_traceback_later(3 * LIMIT, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, previous)
        plt.close("all")
