"""Products of real or complex numbers in loops of sums."""

from typing import Any

from numba import types
from numba.extending import overload


def times(x: Any, y: Any) -> Any:
    """Return ``x * y``.

    Numba compiles its own product of complex numbers once in a process, with the liberties of the
    first caller. This one is compiled with those of each.
    """
    return x * y


@overload(times)
def _times(x: Any, y: Any) -> Any:
    if not (isinstance(x, types.Complex) and isinstance(y, types.Complex)):
        return times

    def product(x: Any, y: Any) -> Any:
        return complex(x.real * y.real - x.imag * y.imag, x.real * y.imag + x.imag * y.real)

    return product
