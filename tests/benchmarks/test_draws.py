"""A draw in our kernels against NumPy's, inside a kernel and out of it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from benchmarks.comparison import Comparison, Contender

from stabsim._kernels import stream
from stabsim._kernels._jit import kernel

SIZE = 4096


@kernel
def fill_normal(rng: np.random.Generator, out: stream.Floats) -> None:
    for i in range(out.size):
        out[i] = rng.standard_normal()


@kernel
def fill_exponential(rng: np.random.Generator, out: stream.Floats) -> None:
    for i in range(out.size):
        out[i] = rng.standard_exponential()


@kernel
def fill_gamma(rng: np.random.Generator, shape: float, out: stream.Floats) -> None:
    for i in range(out.size):
        out[i] = rng.standard_gamma(shape)


@kernel
def fill_chi_square(rng: np.random.Generator, degrees: int, out: stream.Floats) -> None:
    for i in range(out.size):
        out[i] = rng.chisquare(degrees)


def draw_chi_square(rng: np.random.Generator, degrees: int, out: stream.Floats) -> None:
    rng.chisquare(degrees, out.size)


def draw_gamma(rng: np.random.Generator, shape: float, out: stream.Floats) -> None:
    rng.standard_gamma(shape, out=out)


def draw_normal(rng: np.random.Generator, out: stream.Floats) -> None:
    rng.standard_normal(out=out)


def draw_exponential(rng: np.random.Generator, out: stream.Floats) -> None:
    rng.standard_exponential(out=out)


def words(rng: np.random.Generator) -> stream.Words:
    """Return the state that our kernels continue from."""
    return rng.bit_generator.state["state"]["state"].copy()


@pytest.mark.parametrize(
    ("law", "parameters", "ours", "inside", "outside"),
    [
        ("Gaussian", (), stream.fill_normal, fill_normal, draw_normal),
        ("exponential", (), stream.fill_exponential, fill_exponential, draw_exponential),
        ("gamma(2)", (2.0,), stream.fill_gamma, fill_gamma, draw_gamma),
        ("gamma(32)", (32.0,), stream.fill_gamma, fill_gamma, draw_gamma),
        ("chi-square(4)", (4,), stream.fill_chi_square, fill_chi_square, draw_chi_square),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_draws(
    law: str,
    parameters: tuple[Any, ...],
    ours: Callable[..., None],
    inside: Callable[..., None],
    outside: Callable[..., None],
    compare: Comparison,
) -> None:
    rng = np.random.Generator(np.random.SFC64(1))
    state = words(rng)
    out = np.empty(SIZE)
    compare(
        "Draws",
        law,
        {
            "stabsim": Contender(lambda: ours(state, *parameters, out), SIZE),
            "Generator(SFC64) in a kernel": Contender(lambda: inside(rng, *parameters, out), SIZE),
            "Generator(SFC64), an array": Contender(lambda: outside(rng, *parameters, out), SIZE),
        },
        unit="draw",
    )


def test_the_gaussians_compared_are_the_same_numbers() -> None:
    rng = np.random.Generator(np.random.SFC64(1))
    ours, inside = np.empty((2, SIZE))
    stream.fill_normal(words(rng), ours)
    fill_normal(rng, inside)
    np.testing.assert_array_equal(ours, inside)
