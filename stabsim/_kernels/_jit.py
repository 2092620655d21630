"""How Numba compiles the functions of stabsim; every ``njit`` is spelled here."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile ``function`` at its first call, keeping its Python signature for type checkers.

    ``nogil`` lets joblib's threads run kernels side by side, ``cache`` spares the next process
    the compilation, and NumPy's error model turns 1/0 into inf instead of an exception.
    """
    return cast("Function", njit(nogil=True, cache=True, error_model="numpy")(function))


def inlined_kernel(function: Function) -> Function:
    """Compile a scalar function that is inlined wherever a kernel calls it.

    LLVM leaves long functions as calls, and a loop with a call in it is not vectorized.
    """
    return cast(
        "Function", njit(nogil=True, cache=True, error_model="numpy", forceinline=True)(function)
    )


def summing_kernel(function: Function) -> Function:
    """Compile a loop of sums whose order LLVM may change, and whose products it may fuse.

    Unlike ``fastmath=True`` this leaves infinities and NaN what they are.
    """
    return cast(
        "Function",
        njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})(
            function
        ),
    )


def specialized_kernel(function: Function) -> Function:
    """Compile a function that calls a user's, without a cache: no file may hold its source."""
    return cast("Function", njit(nogil=True, error_model="numpy")(function))
