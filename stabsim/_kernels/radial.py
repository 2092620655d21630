r"""Growth by independent scalar steps: no matrix, no vector, only squared ratios of lengths.

For a rotation invariant factor the ratio of the lengths after and before a step does not depend
on the direction, so the squared ratios of successive steps are independent and identically
distributed. So are those of the determinant, whose squared ratio is a product of independent
variables, one for each of the ``degrees`` :math:`d`:

==========  ===========================================================================
``CHI``     :math:`\sigma^2 \chi^2_d`
``BETA``    :math:`\sigma^2 \mathrm{Beta}(d/2, b/2)`, with the complement :math:`b`
==========  ===========================================================================

With a shift :math:`s` and a single :math:`d`, one Gaussian :math:`g` along the vector,
:math:`X \sim \chi^2_{d-1}` and :math:`Y \sim \chi^2_b` make the squared ratio

.. math:: \left(s + \frac{\sigma g}{\sqrt S}\right)^2 + \frac{\sigma^2 X}{S}, \qquad
   S = 1 \text{ (chi)} \quad\text{or}\quad S = g^2 + X + Y \text{ (beta)}.
"""

import math

import numpy as np

from stabsim._kernels._jit import kernel
from stabsim._kernels.scaling import LEAST, MOST, scaled_log
from stabsim._kernels.stream import Floats, Integers, Words, fill_chi_square, fill_normal

CHI = 0
BETA = 1

#: Steps drawn at a time. It is part of the order of the draws, so part of the stream.
BLOCK = 128


@kernel
def _fill_chi_square(words: Words, degrees: int, out: Floats) -> None:
    """Fill ``out`` with chi-square variables, which are zero at zero degrees of freedom."""
    if degrees > 0:
        fill_chi_square(words, degrees, out)
    else:
        for i in range(out.size):
            out[i] = 0.0


@kernel
def fill_ratios(
    words: Words,
    family: int,
    degrees: int,
    complement: int,
    shift: float,
    scale: float,
    along: Floats,
    rest: Floats,
    out: Floats,
) -> None:
    """Fill ``out`` with squared ratios; ``along`` and ``rest`` are room for as many draws."""
    square = scale * scale
    if shift == 0.0:
        _fill_chi_square(words, degrees, out)
        if family == BETA:
            _fill_chi_square(words, complement, rest)
            for i in range(out.size):
                out[i] /= out[i] + rest[i]
        for i in range(out.size):
            out[i] *= square
        return
    fill_normal(words, along)
    _fill_chi_square(words, degrees - 1, out)
    if family == BETA:
        _fill_chi_square(words, complement, rest)
        for i in range(out.size):
            total = along[i] * along[i] + out[i] + rest[i]
            along[i] /= math.sqrt(total)
            out[i] /= total
    for i in range(out.size):
        out[i] = (shift + scale * along[i]) ** 2 + square * out[i]


@kernel
def grow_radially(
    words: Words,
    family: int,
    degrees: Integers,
    complement: int,
    shift: float,
    scale: float,
    totals: Floats,
    start: int,
    stop: int,
    record: Integers,
    out: Floats,
) -> None:
    """Run steps ``start`` to ``stop`` of ``out.shape[0]`` trials and record logarithms of norms.

    ``totals`` (1,) carries a trial from call to call; several trials are run only from
    ``start == 0``, one after the other. ``start`` is a multiple of ``BLOCK``. ``record`` holds the
    depths recorded, ascending, one for each column of ``out``.
    """
    along, rest, ratios = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    products, exponents = np.empty(BLOCK), np.empty(BLOCK, np.int64)
    for trial in range(out.shape[0]):
        if start == 0:
            totals[0] = 0.0
        total = totals[0]
        column = 0
        while column < record.size and record[column] <= start:
            column += 1
        pending, shifted = 1.0, 0
        for block in range(start, stop, BLOCK):
            size = min(BLOCK, stop - block)
            for i in range(size):
                products[i] = 1.0
                exponents[i] = 0
            for degree in degrees:
                fill_ratios(
                    words,
                    family,
                    degree,
                    complement,
                    shift,
                    scale,
                    along[:size],
                    rest[:size],
                    ratios[:size],
                )
                for i in range(size):
                    products[i] *= ratios[i]
                    if not (LEAST < products[i] < MOST) and products[i] > 0.0:
                        mantissa, exponent = math.frexp(products[i])
                        products[i] = mantissa
                        exponents[i] += exponent
            for i in range(size):
                # The product of the steps not yet in the total, so that few logarithms are taken.
                pending *= products[i]
                shifted += exponents[i]
                recorded = column < record.size and record[column] == block + i + 1
                if recorded or not (LEAST < pending < MOST):
                    total += 0.5 * scaled_log(pending, shifted)
                    pending, shifted = 1.0, 0
                if recorded:
                    out[trial, column] = total
                    column += 1
        totals[0] = total + 0.5 * scaled_log(pending, shifted)
