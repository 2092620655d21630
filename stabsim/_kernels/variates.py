"""Single variates whose law changes from draw to draw; ``words`` is the state, as in `stream`."""

import math

import numpy as np

from stabsim._kernels._jit import inlined_kernel, kernel
from stabsim._kernels.stream import SUM_LIMIT, Words, exponential, next_word, normal, unit

_U = np.uint64
_1, _2, _4, _56 = _U(1), _U(2), _U(4), _U(56)
_PAIRS, _FOURS = _U(0x5555555555555555), _U(0x3333333333333333)
_BYTES, _ONES = _U(0x0F0F0F0F0F0F0F0F), _U(0x0101010101010101)
_FULL = _U(0xFFFFFFFFFFFFFFFF)

#: Up to this many fair coins are cheaper to throw, 64 to a word, than to count by rejection.
MOST_COINS = 1024


@kernel
def draw_normal(words: Words) -> float:
    """Draw a standard normal variable."""
    x, words[0], words[1], words[2], words[3] = normal(words[0], words[1], words[2], words[3])
    return x


@kernel
def draw_chi_square(words: Words, degrees: int) -> float:
    """Draw a chi-square variable of a non-negative integer number of degrees of freedom."""
    a, b, c, w = words[0], words[1], words[2], words[3]
    total = 0.0
    if degrees > SUM_LIMIT:
        # Marsaglia and Tsang's squeeze for the gamma law.
        mode = 0.5 * degrees - 1.0 / 3.0
        slope = 1.0 / (3.0 * math.sqrt(mode))
        while True:
            x, a, b, c, w = normal(a, b, c, w)
            cube = 1.0 + slope * x
            if cube <= 0.0:
                continue
            cube = cube * cube * cube
            word, a, b, c, w = next_word(a, b, c, w)
            u = unit(word)
            if u < 1.0 - 0.0331 * (x * x) * (x * x):
                break
            if math.log(u) < 0.5 * x * x + mode * (1.0 - cube + math.log(cube)):
                break
        total = 2.0 * mode * cube
    else:
        for _ in range(degrees // 2):
            x, a, b, c, w = exponential(a, b, c, w)
            total += 2.0 * x
        if degrees % 2 == 1:
            x, a, b, c, w = normal(a, b, c, w)
            total += x * x
    words[0], words[1], words[2], words[3] = a, b, c, w
    return total


@inlined_kernel
def _ones(word: np.uint64) -> int:
    """Return the number of ones among the bits of a word."""
    word -= (word >> _1) & _PAIRS
    word = (word & _FOURS) + ((word >> _2) & _FOURS)
    word = (word + (word >> _4)) & _BYTES
    return int(np.int64((word * _ONES) >> _56))


@inlined_kernel
def _stirling(k: float) -> float:
    """Return what Stirling's formula for ln k! leaves out."""
    if k < 10.0:
        return (
            math.lgamma(k + 1.0)
            - (k + 0.5) * math.log(k + 1.0)
            + (k + 1.0)
            - 0.9189385332046728  # ln sqrt(2 pi)
        )
    square = (k + 1.0) * (k + 1.0)
    return (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0)


@kernel
def draw_fair_binomial(words: Words, n: int) -> int:
    """Draw the number of heads among ``n`` fair coins.

    Many coins by Hörmann's transformed rejection (BTRS), at a cost that does not depend on n.
    """
    a, b, c, w = words[0], words[1], words[2], words[3]
    heads = 0
    if n <= MOST_COINS:
        left = n
        while left > 0:
            word, a, b, c, w = next_word(a, b, c, w)
            if left < 64:
                word &= ~(_FULL << _U(left))
            heads += _ones(word)
            left -= 64
    else:
        deviation = 0.5 * math.sqrt(n)
        width = 1.15 + 2.53 * deviation
        steep = -0.0873 + 0.0248 * width + 0.005
        center = 0.5 * n + 0.5
        inner = 0.92 - 4.2 / width
        height = (2.83 + 5.1 / width) * deviation
        mode = math.floor(0.5 * (n + 1))
        while True:
            word, a, b, c, w = next_word(a, b, c, w)
            u = unit(word) - 0.5
            word, a, b, c, w = next_word(a, b, c, w)
            v = unit(word)
            edge = 0.5 - abs(u)
            if edge <= 0.0:
                continue
            k = math.floor((2.0 * steep / edge + width) * u + center)
            if edge >= 0.07 and v <= inner:
                break
            if k < 0.0 or k > n or v <= 0.0:
                continue
            # ln of the density's ratio to that at the mode. The logarithms are of numbers near 1,
            # so they are written by what these differ from 1.
            beyond = k - mode
            ratio = (
                (n + 1.0) * math.log1p(beyond / (n - k + 1.0))
                + (k + 0.5) * math.log1p(((n - k + 1.0) - (k + 1.0)) / (k + 1.0))
                - (mode + 0.5) * math.log1p(((n - mode + 1.0) - (mode + 1.0)) / (mode + 1.0))
                + _stirling(mode)
                + _stirling(n - mode)
                - _stirling(k)
                - _stirling(n - k)
            )
            if math.log(v * height / (steep / (edge * edge) + width)) <= ratio:
                break
        heads = int(k)
    words[0], words[1], words[2], words[3] = a, b, c, w
    return heads
