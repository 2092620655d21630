"""What a kernel computes depends on its source alone, not on what else was compiled before it."""

import importlib
import os
import pkgutil
import subprocess
import sys

import numba
import pytest
from numba.core.dispatcher import Dispatcher

from stabsim import _kernels
from stabsim._kernels._jit import inlined_kernel, kernel, specialized_kernel, summing_kernel

MODULES = [
    importlib.import_module(f"{_kernels.__name__}.{module.name}")
    for module in pkgutil.iter_modules(_kernels.__path__)
]

#: Kernels that share others, real and complex, with loops of sums among them; called in the order
#: of the arguments.
CALLS = """
import hashlib, sys
import numpy as np
from stabsim._kernels import factors, graded, layer, scaling

def numbers(*shape):
    return np.random.default_rng(1).standard_normal(shape)

def graded_product():
    product, exponents = np.triu(numbers(11, 11)), np.zeros(11, int)
    graded.multiply_triangular(np.triu(numbers(11, 11)), 11, exponents, product)
    return product

def real_frame():
    vectors, lower = numbers(4, 23), np.empty((4, 4))
    layer.orthonormal_factor(vectors, lower)
    return vectors

def complex_frame():
    rows = numbers(4, 23) + 1j * numbers(4, 23)[::-1]
    factors.orthonormalize(rows)
    return rows

def scaled_matrix():
    matrix = numbers(4, 4) + 1j
    scaling.scale_matrix(matrix, 3)
    return matrix

digests = {name: hashlib.sha256(globals()[name]()).hexdigest() for name in sys.argv[1:]}
print(sorted(digests.items()))
"""


@pytest.mark.jit
@pytest.mark.parametrize("compiled", [kernel, inlined_kernel, specialized_kernel])
def test_a_function_rounds_alike_whoever_calls_it_first(compiled, tmp_path, monkeypatch):
    # The cache may hold what was compiled before an edit of the decorators.
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    @compiled
    def lost(x, y):
        return (x + y) - x

    @summing_kernel
    def caller(x, y):
        return lost(x, y)

    # Were the sum reordered, this would be 1e-30.
    assert caller(1.0, 1e-30) == 0.0
    assert lost(1.0, 1e-30) == 0.0


@pytest.mark.jit
def test_loops_of_sums_call_nothing_that_could_round_as_they_do():
    loops = {
        function
        for module in MODULES
        for function in vars(module).values()
        if isinstance(function, Dispatcher) and function.targetoptions["fastmath"]
    }
    assert loops
    names = {
        name
        for loop in loops
        for name in loop.py_func.__code__.co_names
        if not isinstance(loop.py_func.__globals__.get(name), int)
    }
    assert names <= {"range", "shape", "size", "real", "imag", "conjugate", "times"}


@pytest.mark.jit
def test_results_do_not_depend_on_what_was_compiled_or_loaded_before(tmp_path):
    def run(cache, calls):
        completed = subprocess.run(
            [sys.executable, "-c", CALLS, *calls],
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / cache)},
        )
        return completed.stdout

    calls = ["graded_product", "real_frame", "complex_frame", "scaled_matrix"]
    expected = run("first", calls)
    assert run("second", calls[::-1]) == expected
    assert run("first", calls[::-1]) == expected
