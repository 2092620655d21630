r"""Tables of the 256-layer ziggurats of the normal and the exponential law.

A ziggurat covers the density :math:`f` by horizontal layers of equal area. A draw picks layer
:math:`i` and a 52- or 53-bit integer :math:`m`; the candidate is :math:`m\,w_i`, and it is
accepted at once when :math:`m < k_i`. With the layer's edge :math:`x_i` and :math:`M = 2^{52}`
(normal) or :math:`2^{53}` (exponential),

.. math:: w_i = x_i / M, \qquad k_i = M\,x_{i-1} / x_i, \qquad f_i = f(x_i).

The edges follow from a recursion that amplifies the rounding of each platform's ``exp`` and
``log``. A stream that equals NumPy's bit for bit needs NumPy's edges, so they are read off its own
sampler: a state crafted to draw layer :math:`i` and :math:`m = 1` returns :math:`w_i`.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def _read_widths(
    draw: Callable[[np.random.Generator], float], word: Callable[[int], int]
) -> NDArray[np.float64]:
    """Return the 256 widths ``w`` that ``draw`` multiplies its integer ``m = 1`` with."""
    generator = np.random.Generator(np.random.SFC64(0))
    state = generator.bit_generator.state
    widths = np.empty(256)
    for layer in range(256):
        # SFC64 puts out the sum of its words, so the word wanted is the first one.
        state["state"]["state"] = np.array([word(layer), 0, 0, 0], dtype=np.uint64)
        generator.bit_generator.state = state
        widths[layer] = draw(generator)
    return widths


def _thresholds(widths: NDArray[np.float64], scale: float) -> NDArray[np.int64]:
    """Return the integers ``k`` below which a layer's candidate lies under the density."""
    edges = widths * scale
    thresholds = np.zeros(256, dtype=np.int64)
    thresholds[0] = np.rint(edges[255] / edges[0] * scale)
    thresholds[2:] = np.rint(edges[1:255] / edges[2:] * scale)
    return thresholds


def _densities(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the density at every layer's edge, with the peak in place of the tail's entry."""
    densities = np.exp(values)
    densities[0] = 1.0
    return densities


# A word of the normal ziggurat: layer in bits 0-7, sign in bit 8, integer in bits 9-60.
_NORMAL_WIDTHS = _read_widths(lambda g: g.standard_normal(), lambda layer: layer | 1 << 9)
#: Widths for both signs: entry ``layer + 256 * sign``, which spares the draw a branch.
NORMAL_WIDTHS = np.concatenate([_NORMAL_WIDTHS, -_NORMAL_WIDTHS])
NORMAL_THRESHOLDS = _thresholds(_NORMAL_WIDTHS, 2.0**52)
NORMAL_DENSITIES = _densities(-0.5 * (_NORMAL_WIDTHS * 2.0**52) ** 2)
#: Where the tail begins.
NORMAL_TAIL = float(_NORMAL_WIDTHS[255] * 2.0**52)

# A word of the exponential ziggurat: layer in bits 3-10, integer in bits 11-63.
EXPONENTIAL_WIDTHS = _read_widths(
    lambda g: g.standard_exponential(), lambda layer: layer << 3 | 1 << 11
)
EXPONENTIAL_THRESHOLDS = _thresholds(EXPONENTIAL_WIDTHS, 2.0**53)
EXPONENTIAL_DENSITIES = _densities(-EXPONENTIAL_WIDTHS * 2.0**53)
EXPONENTIAL_TAIL = float(EXPONENTIAL_WIDTHS[255] * 2.0**53)
