"""Kernels around the user's own compiled functions: the one thing that specializes a kernel."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import typeof
from numba.core.dispatcher import Dispatcher

from stabsim._kernels._jit import specialized_kernel
from stabsim._kernels.factors import Numbers

#: Called as ``fill(rng, out)``.
Fill = Callable[[np.random.Generator, Numbers], None]


def plain_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the Python function that a compiled one was made of."""
    return function.py_func if isinstance(function, Dispatcher) else function


@cache
def compiled_fill(fill: Fill, is_complex: bool) -> Fill:
    """Return ``fill`` compiled for real or complex matrices; raise ``TypeError`` if that fails."""
    compiled = fill if isinstance(fill, Dispatcher) else specialized_kernel(fill)
    if isinstance(compiled, Dispatcher):
        arguments = np.random.default_rng(0), np.zeros((1, 1), complex if is_complex else float)
        try:
            compiled.compile(tuple(map(typeof, arguments)))
        except Exception as error:
            raise TypeError(str(error)) from error
    return compiled


@cache
def supplier(fill: Fill) -> Callable[[np.random.Generator, Numbers, Numbers], None]:
    """Return a kernel that fills ``factors`` (steps, n, n, lanes) with what ``fill`` writes."""

    @specialized_kernel
    def supply(rng: np.random.Generator, matrix: Numbers, factors: Numbers) -> None:
        for step in range(factors.shape[0]):
            for lane in range(factors.shape[3]):
                # An entry that fill does not write is zero, not what the last call left there.
                matrix[:] = 0.0
                fill(rng, matrix)
                factors[step, :, :, lane] = matrix

    return supply
