"""What makes the factors of one product depend on each other."""

import numpy as np
from numpy.typing import NDArray

from stabsim._kernels._jit import kernel
from stabsim._kernels.factors import Numbers
from stabsim._kernels.stream import Floats, Integers, Words, next_word, unit


@kernel
def fill_words(words: Words, out: NDArray[np.uint64]) -> None:
    """Fill ``out`` with the next words of the stream."""
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        out[i], a, b, c, w = next_word(a, b, c, w)
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def walk(words: Words, cumulative: Floats, state: Integers, out: Integers) -> None:
    """Fill ``out`` (steps, lanes) with the next states of Markov chains, one in each lane.

    ``cumulative[i]`` are the cumulative probabilities of what follows state i; ``state`` (lanes,)
    is where the chains are, and is moved on.
    """
    a, b, c, w = words[0], words[1], words[2], words[3]
    for step in range(out.shape[0]):
        for lane in range(out.shape[1]):
            word, a, b, c, w = next_word(a, b, c, w)
            u = unit(word)
            before, after = state[lane], 0
            while u >= cumulative[before, after]:
                after += 1
            state[lane] = after
            out[step, lane] = after
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def correlate(correlation: float, innovation: float, previous: Numbers, batch: Numbers) -> None:
    """Turn independent factors of a batch into autoregressive ones that follow ``previous``.

    Factor t becomes ``correlation`` times the one before plus ``innovation`` times itself.
    ``previous`` (n, n, lanes) becomes the last factor.
    """
    steps, n, _, lanes = batch.shape
    for step in range(steps):
        for i in range(n):
            for j in range(n):
                for lane in range(lanes):
                    x = correlation * previous[i, j, lane] + innovation * batch[step, i, j, lane]
                    batch[step, i, j, lane] = x
                    previous[i, j, lane] = x
