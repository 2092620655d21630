"""The one spelling of ``njit`` that every kernel of stabsim is compiled with."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile ``function`` at its first call, keeping its Python signature for type checkers.

    ``nogil`` lets joblib's threads run kernels side by side, ``cache`` spares the next process
    the compilation, and NumPy's error model turns 1/0 into inf instead of an exception.
    """
    return cast(Function, njit(nogil=True, cache=True, error_model="numpy")(function))
