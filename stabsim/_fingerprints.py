"""What tells a user's function from any other: its code, and all that it uses.

Nothing is run for that. A checkpoint of other code is refused by it, and so is a function that is
given to a file which was written with another one.
"""

from __future__ import annotations

import contextlib
import hashlib
import types
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

# Functions of these are known by their names: their code changes, but not what it does.
_LIBRARIES = {"builtins", "cmath", "math", "numba", "numpy", "scipy"}


def fingerprint(function: Callable[..., Any]) -> str:
    """Return what tells a function's code, and the values that it uses, from any other."""
    content = _Content()
    content.add(function)
    return content.digest()


def name_of(value: Any) -> str:
    """Return the name of a function, compiled or not, or of the type of anything else."""
    inner = _plain(value)
    return getattr(inner, "__qualname__", type(inner).__qualname__)


class _Content:
    """What a function consists of, one thing after the other."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._seen: set[int] = set()

    def digest(self) -> str:
        return self._hash.hexdigest()

    def add(self, value: Any) -> None:
        plain = _plain(value)
        if isinstance(value, list | tuple):
            self._tell("items", len(value))
            for item in value:
                self.add(item)
        elif isinstance(value, dict):
            self.add(list(value.items()))
        elif isinstance(value, set | frozenset):
            self.add(sorted(map(repr, value)))
        elif isinstance(value, np.ndarray):
            self._tell("array", value.dtype.str, value.shape)
            self._hash.update(np.ascontiguousarray(value).tobytes())
        elif value is None or isinstance(value, Number | np.generic | str | bytes):
            self._tell(type(value).__name__, value)
        elif isinstance(plain, types.FunctionType) and not _is_of_a_library(plain):
            self._add_function(plain)
        else:
            # Addresses in memory are no part of what anything does.
            self._tell("name", name_of(value))

    def _tell(self, *words: object) -> None:
        self._hash.update(repr(words).encode())

    def _add_function(self, function: types.FunctionType) -> None:
        if id(function) in self._seen:
            return
        self._seen.add(id(function))
        self.add([function.__defaults__, *sorted((function.__kwdefaults__ or {}).items())])
        for cell in function.__closure__ or ():
            # A cell is empty where a function is defined that has not been assigned yet.
            with contextlib.suppress(ValueError):
                self.add(cell.cell_contents)
        self._add_code(function.__code__, function.__globals__)

    def _add_code(self, code: types.CodeType, used: dict[str, Any]) -> None:
        self._tell(code.co_code, code.co_names, code.co_varnames, code.co_freevars)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._add_code(constant, used)
            else:
                self.add(constant)
        for name in code.co_names:
            if isinstance(used.get(name), types.ModuleType):
                self._add_module(used[name], code.co_names)
            elif name in used:
                self.add(used[name])

    def _add_module(self, module: types.ModuleType, names: Collection[str]) -> None:
        """Add what these names mean in a module, whether they stand behind its own or elsewhere."""
        if _is_library(module.__name__):
            return
        for name in names:
            value = getattr(module, name, None)
            if isinstance(value, types.ModuleType):
                self._add_module(value, [other for other in names if other != name])
            elif value is not None:
                self.add(value)


def _plain(value: Any) -> Any:
    """Return the Python function that a compiled one was made of, also one that works on arrays."""
    return value if isinstance(value, types.FunctionType) else getattr(value, "__wrapped__", value)


def _is_of_a_library(function: types.FunctionType) -> bool:
    return _is_library(function.__module__ or "")


def _is_library(module: str) -> bool:
    return module.partition(".")[0] in _LIBRARIES
