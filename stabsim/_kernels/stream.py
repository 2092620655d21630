r"""Random draws on NumPy's SFC64 stream at two nanoseconds each.

The state is ``words``, the four ``uint64`` of ``SFC64().state["state"]["state"]``. The ``fill_*``
kernels keep it in local variables while they fill a block, and write it back at the end. What they
draw equals, bit for bit, what ``numpy.random.Generator`` draws from the same state:

=====================  ================================================
``fill_uniform``       ``random()``
``fill_normal``        ``standard_normal()``
``fill_exponential``   ``standard_exponential()``
``fill_gamma``         ``standard_gamma(shape)``
``fill_chi_square``    ``chisquare(degrees)``, beyond ``SUM_LIMIT``
=====================  ================================================

(One exception: NumPy's tables of the exponential ziggurat and ours differ in the last places, the
thresholds by up to three units of :math:`2^{53}`, so one draw in about :math:`10^{15}` does.)
``fill_chi_square`` up to ``SUM_LIMIT``, ``fill_signs`` and ``fill_integers`` use cheaper ways on
the same words.

A draw is split in two functions: the likely case, small enough for LLVM to inline, and the
unlikely one, a call. That split is what makes a Gaussian as cheap as the word that it is made of.
"""

import math

import numpy as np
from numpy.typing import NDArray

from stabsim._kernels._jit import kernel
from stabsim._kernels.ziggurat import (
    EXPONENTIAL_DENSITIES,
    EXPONENTIAL_TAIL,
    EXPONENTIAL_THRESHOLDS,
    EXPONENTIAL_WIDTHS,
    NORMAL_DENSITIES,
    NORMAL_TAIL,
    NORMAL_THRESHOLDS,
    NORMAL_WIDTHS,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]
#: A word drawn, or a variable made of it, and the four words of the state after it.
Drawn = tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]
Variate = tuple[float, np.uint64, np.uint64, np.uint64, np.uint64]

U = np.uint64
# Shift counts and masks are uint64, because Numba turns a mix of uint64 and int64 into float64.
_1, _3, _9, _11, _24, _32, _40 = U(1), U(3), U(9), U(11), U(24), U(32), U(40)
_LAYER = U(0xFF)
_LAYER_AND_SIGN = U(0x1FF)
_MANTISSA = U(0x000FFFFFFFFFFFFF)
_LOW_HALF = U(0xFFFFFFFF)
_UNIT = 2.0**-53
_NORMAL_TAIL_INVERSE = 1.0 / NORMAL_TAIL

#: Up to this many degrees of freedom a chi-square draw is a sum of exponentials and at most one
#: squared Gaussian, which is cheaper than a gamma draw.
SUM_LIMIT = 5


@kernel
def next_word(a: np.uint64, b: np.uint64, c: np.uint64, w: np.uint64) -> Drawn:
    """Draw a word of 64 random bits."""
    word = a + b + w
    return word, b ^ (b >> _11), c + (c << _3), ((c << _24) | (c >> _40)) + word, w + _1


@kernel
def unit(word: np.uint64) -> float:
    """Return the uniform variable on [0, 1) that ``word`` stands for."""
    return float(np.int64(word >> _11) * _UNIT)


@kernel
def _unlikely_normal(
    word: np.uint64, a: np.uint64, b: np.uint64, c: np.uint64, w: np.uint64
) -> Variate:
    """Draw a standard normal variable whose first ``word`` is drawn already."""
    while True:
        layer = word & _LAYER
        mantissa = np.int64((word >> _9) & _MANTISSA)
        x = mantissa * NORMAL_WIDTHS[word & _LAYER_AND_SIGN]
        if mantissa < NORMAL_THRESHOLDS[layer]:
            return x, a, b, c, w
        if layer == 0:
            while True:
                word, a, b, c, w = next_word(a, b, c, w)
                excess = -math.log1p(-unit(word)) * _NORMAL_TAIL_INVERSE
                word, a, b, c, w = next_word(a, b, c, w)
                height = -math.log1p(-unit(word))
                if height + height > excess * excess:
                    break
            # In the tail's layer the sign is bit 8 of the mantissa.
            tail = NORMAL_TAIL + excess
            return (-tail if (mantissa >> 8) & 1 else tail), a, b, c, w
        word, a, b, c, w = next_word(a, b, c, w)
        low, high = NORMAL_DENSITIES[layer], NORMAL_DENSITIES[layer - _1]
        if (high - low) * unit(word) + low < math.exp(-0.5 * x * x):
            return x, a, b, c, w
        word, a, b, c, w = next_word(a, b, c, w)


@kernel
def normal(a: np.uint64, b: np.uint64, c: np.uint64, w: np.uint64) -> Variate:
    """Draw a standard normal variable."""
    word, a, b, c, w = next_word(a, b, c, w)
    mantissa = np.int64((word >> _9) & _MANTISSA)
    if mantissa < NORMAL_THRESHOLDS[word & _LAYER]:
        return mantissa * NORMAL_WIDTHS[word & _LAYER_AND_SIGN], a, b, c, w
    return _unlikely_normal(word, a, b, c, w)


@kernel
def _unlikely_exponential(
    word: np.uint64, a: np.uint64, b: np.uint64, c: np.uint64, w: np.uint64
) -> Variate:
    """Draw a standard exponential variable whose first ``word`` is drawn already."""
    while True:
        layer = (word >> _3) & _LAYER
        mantissa = np.int64(word >> _11)
        x = mantissa * EXPONENTIAL_WIDTHS[layer]
        if mantissa < EXPONENTIAL_THRESHOLDS[layer]:
            return x, a, b, c, w
        word, a, b, c, w = next_word(a, b, c, w)
        if layer == 0:
            return EXPONENTIAL_TAIL - math.log1p(-unit(word)), a, b, c, w
        low, high = EXPONENTIAL_DENSITIES[layer], EXPONENTIAL_DENSITIES[layer - _1]
        if (high - low) * unit(word) + low < math.exp(-x):
            return x, a, b, c, w
        word, a, b, c, w = next_word(a, b, c, w)


@kernel
def exponential(a: np.uint64, b: np.uint64, c: np.uint64, w: np.uint64) -> Variate:
    """Draw a standard exponential variable."""
    word, a, b, c, w = next_word(a, b, c, w)
    layer = (word >> _3) & _LAYER
    mantissa = np.int64(word >> _11)
    if mantissa < EXPONENTIAL_THRESHOLDS[layer]:
        return mantissa * EXPONENTIAL_WIDTHS[layer], a, b, c, w
    return _unlikely_exponential(word, a, b, c, w)


@kernel
def fill_words(words: Words, out: Words) -> None:
    """Fill ``out`` with 64-bit words."""
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        out[i], a, b, c, w = next_word(a, b, c, w)
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def fill_uniform(words: Words, out: Floats) -> None:
    """Fill ``out`` with uniform variables on [0, 1)."""
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        word, a, b, c, w = next_word(a, b, c, w)
        out[i] = unit(word)
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def fill_normal(words: Words, out: Floats) -> None:
    """Fill ``out`` with standard normal variables."""
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        out[i], a, b, c, w = normal(a, b, c, w)
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def fill_exponential(words: Words, out: Floats) -> None:
    """Fill ``out`` with standard exponential variables."""
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        out[i], a, b, c, w = exponential(a, b, c, w)
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def fill_gamma(words: Words, shape: float, out: Floats) -> None:
    """Fill ``out`` with gamma variables of a positive ``shape`` and scale 1.

    Beyond shape 1 by Marsaglia and Tsang's squeeze, at 1 the exponential law, below it by Ahrens
    and Dieter's two pieces.
    """
    if shape == 1.0:
        fill_exponential(words, out)
        return
    a, b, c, w = words[0], words[1], words[2], words[3]
    if shape > 1.0:
        mode = shape - 1.0 / 3.0
        slope = 1.0 / math.sqrt(9.0 * mode)
        for i in range(out.size):
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
            out[i] = mode * cube
    else:
        power = 1.0 / shape
        for i in range(out.size):
            while True:
                word, a, b, c, w = next_word(a, b, c, w)
                u = unit(word)
                height, a, b, c, w = exponential(a, b, c, w)
                if u <= 1.0 - shape:
                    x = u**power
                    if x <= height:
                        break
                else:
                    y = -math.log((1.0 - u) / shape)
                    x = (1.0 - shape + shape * y) ** power
                    if x <= height + y:
                        break
            out[i] = x
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def fill_chi_square(words: Words, degrees: int, out: Floats) -> None:
    """Fill ``out`` with chi-square variables of a positive integer number of ``degrees``."""
    if degrees > SUM_LIMIT:
        fill_gamma(words, 0.5 * degrees, out)
        for i in range(out.size):
            out[i] *= 2.0
        return
    a, b, c, w = words[0], words[1], words[2], words[3]
    for i in range(out.size):
        total = 0.0
        for _ in range(degrees // 2):
            x, a, b, c, w = exponential(a, b, c, w)
            total += x
        total *= 2.0
        if degrees % 2 == 1:
            x, a, b, c, w = normal(a, b, c, w)
            total += x * x
        out[i] = total
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def fill_signs(words: Words, out: Floats) -> None:
    """Fill ``out`` with fair signs, 64 to a word."""
    a, b, c, w = words[0], words[1], words[2], words[3]
    for start in range(0, out.size, 64):
        word, a, b, c, w = next_word(a, b, c, w)
        for i in range(start, min(start + 64, out.size)):
            out[i] = 1.0 - 2.0 * np.int64(word & _1)
            word >>= _1
    words[0], words[1], words[2], words[3] = a, b, c, w


@kernel
def fill_integers(words: Words, bound: int, out: Integers) -> None:
    """Fill ``out`` with uniform integers below ``bound`` (at most 2**32), by Lemire's method."""
    a, b, c, w = words[0], words[1], words[2], words[3]
    size = U(bound)
    reject = (U(1) << _32) % size
    for i in range(out.size):
        while True:
            word, a, b, c, w = next_word(a, b, c, w)
            product = (word >> _32) * size
            if (product & _LOW_HALF) >= reject:
                break
        out[i] = np.int64(product >> _32)
    words[0], words[1], words[2], words[3] = a, b, c, w
