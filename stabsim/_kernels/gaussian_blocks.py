"""Factors made of Gaussian blocks, in batches ``(steps, n, n, lanes)``."""

from typing import Any

import numpy as np

from stabsim._kernels._jit import kernel, summing_kernel
from stabsim._kernels.factors import Numbers
from stabsim._kernels.multiplication import times
from stabsim._kernels.stream import Floats, Integers, Words, fill_normal


@summing_kernel
def _gram_matrix(rows: Numbers, out: Numbers) -> None:
    """Write the inner products of the rows (n, m), the second one of each conjugated."""
    n, m = rows.shape
    for i in range(n):
        for j in range(i + 1):
            total = times(rows[i, 0], rows[j, 0].conjugate())
            for k in range(1, m):
                total += times(rows[i, k], rows[j, k].conjugate())
            out[i, j] = total
            out[j, i] = total.conjugate()
        out[i, i] = out[i, i].real


@kernel
def fill_wishart(words: Words, scale: float, memory: Floats, rows: Numbers, out: Numbers) -> None:
    """Fill ``out`` with ``scale`` times the Gram matrices of Gaussian ``rows`` (n, degrees).

    ``memory`` is the real numbers of ``rows``, on the same memory.
    """
    steps, n, _, lanes = out.shape
    gram: Any = np.empty((n, n), out.dtype)
    for step in range(steps):
        for lane in range(lanes):
            fill_normal(words, memory)
            _gram_matrix(rows, gram)
            for i in range(n):
                for j in range(n):
                    out[step, i, j, lane] = scale * gram[i, j]


@kernel
def fill_rectangular(
    words: Words,
    sizes: Integers,
    sigmas: Floats,
    first: int,
    memory: Floats,
    out: Numbers,
) -> None:
    """Fill ``out`` with Gaussian blocks in the upper left corner, and zeros.

    Step t, counted from ``first``, maps ``sizes[t % period]`` dimensions to those that follow; the
    real numbers of its block have the standard deviation ``sigmas[t % period]``. ``memory`` is room
    for those of the largest block in every lane.
    """
    steps, n, _, lanes = out.shape
    parts = memory.size // (n * n * lanes)
    period = sizes.size
    for step in range(steps):
        place = (first + step) % period
        columns, rows = sizes[place], sizes[(place + 1) % period]
        drawn = memory[: rows * columns * lanes * parts]
        fill_normal(words, drawn)
        for i in range(drawn.size):
            drawn[i] *= sigmas[place]
        block: Any = drawn.view(out.dtype).reshape(rows, columns, lanes)
        for i in range(n):
            for j in range(n):
                if i < rows and j < columns:
                    for lane in range(lanes):
                        out[step, i, j, lane] = block[i, j, lane]
                else:
                    for lane in range(lanes):
                        out[step, i, j, lane] = 0.0
