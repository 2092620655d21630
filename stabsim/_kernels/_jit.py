"""How Numba compiles the functions of stabsim; every ``njit`` is spelled here."""

import contextlib
import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.dispatcher import Dispatcher

Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(
    function: Function,
    *,
    cached: bool = True,
    fastmath: bool | set[str] = False,
    forceinline: bool = False,
) -> Function:
    """Compile ``function`` at its first call, keeping its Python signature for type checkers.

    ``nogil`` lets joblib's threads run kernels side by side, the cache spares the next process
    the compilation, and NumPy's error model turns 1/0 into inf instead of an exception.

    Every option is given, be it the default: a function inherits those it lacks from the caller
    that it is first compiled for, so that its rounding would depend on which of them came first.
    """
    compiled = njit(nogil=True, error_model="numpy", fastmath=fastmath, forceinline=forceinline)(
        function
    )
    if cached and isinstance(compiled, Dispatcher):
        # Where no folder for a cache can be written, every process compiles for itself.
        with contextlib.suppress(RuntimeError):
            compiled.enable_caching()
    return cast("Function", compiled)


def kernel(function: Function) -> Function:
    """Compile a function of arrays and scalars."""
    return _compiled(function)


def inlined_kernel(function: Function) -> Function:
    """Compile a scalar function that is inlined wherever a kernel calls it.

    LLVM leaves long functions as calls, and a loop with a call in it is not vectorized.
    """
    return _compiled(function, forceinline=True)


def summing_kernel(function: Function) -> Function:
    """Compile a loop of sums whose order LLVM may change, and whose products it may fuse.

    Unlike ``fastmath=True`` this leaves infinities and NaN what they are. The loop calls nothing
    and multiplies complex numbers by ``times``: what Numba compiles of its own, it compiles once in
    a process, with the liberties of the first caller.
    """
    return _compiled(function, fastmath={"reassoc", "contract", "nsz"})


def specialized_kernel(function: Function) -> Function:
    """Compile a function that calls a user's, without a cache: no file may hold its source."""
    return _compiled(function, cached=False)


@functools.lru_cache(maxsize=128)
def with_replaced(function: Function, old: Callable[..., Any], new: Callable[..., Any]) -> Function:
    """Return a kernel in which every call of the kernel ``old``, however deep, is one of ``new``.

    That is how a user's function gets into a kernel: passed as an argument, it would keep even the
    built-in ones from being cached. The kernel is compiled anew, without a cache.
    """
    replaced: dict[Any, Any] = {old: new}

    def rebuilt(kernel: Any) -> Any:
        if kernel in replaced:
            return replaced[kernel]
        plain = getattr(kernel, "py_func", kernel)
        namespace = plain.__globals__
        changes = {}
        for name in plain.__code__.co_names:
            called = namespace.get(name)
            if isinstance(called, Dispatcher | FunctionType):
                changed = rebuilt(called)
                if changed is not called:
                    changes[name] = changed
        result = kernel
        if changes:
            copied = FunctionType(plain.__code__, {**namespace, **changes}, plain.__name__)
            result = specialized_kernel(copied)
        replaced[kernel] = result
        return result

    return cast("Function", rebuilt(function))
