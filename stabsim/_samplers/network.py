"""What the samplers of networks share: chunks, costs, and kernels with a user's activations."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from stabsim._kernels import program as kernel_program
from stabsim._kernels._jit import with_replaced
from stabsim._kernels.activations import apply_both, extended_apply_both

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from stabsim.networks import Network
    from stabsim.networks.network import Program

Kernel: TypeAlias = "Callable[..., None]"

# In nanoseconds, what a chunk should cost. Costs are rough: they set sizes, which are part of the
# stream, and nothing else.
_CHUNK_COST = 20e6
# Numbers that a chunk should hold at the most.
_CHUNK_NUMBERS = 1 << 18
#: The longest call of a kernel, between two looks at the keyboard.
CALL_COST = 250e6


def chunk_of(trial_cost: float, columns: int) -> int:
    """Return the number of trials in a chunk, given what one of them costs and yields."""
    return max(1, int(min(_CHUNK_COST / trial_cost, _CHUNK_NUMBERS / columns)))


def linear_rows(program: Program) -> NDArray[np.int64]:
    """Return the rows of the linear maps in a program."""
    return program.first[:-1]


def unit_numbers(network: Network) -> float:
    """Return the number of units of a network, inputs included."""
    return float(network.widths.sum(dtype=np.float64))


def is_conditional(program: Program) -> NDArray[np.bool_]:
    """Return for each linear map whether signals pass it without its weights being drawn."""
    rows = linear_rows(program)
    laws = program.codes[rows, kernel_program.WEIGHT_LAW]
    biases = program.codes[rows, kernel_program.BIAS_LAW]
    no_weights = program.parameters[rows, kernel_program.WEIGHT_SCALE] == 0.0
    no_biases = program.parameters[rows, kernel_program.BIAS_SCALE] == 0.0
    known = (laws == kernel_program.GAUSSIAN) | (laws == kernel_program.ORTHOGONAL) | no_weights
    return np.asarray(known & ((biases == kernel_program.GAUSSIAN) | no_biases))


def is_shortened(program: Program) -> NDArray[np.bool_]:
    """Return for each linear map whether what follows it is homogeneous: two groups of units."""
    return np.asarray(program.parameters[linear_rows(program), kernel_program.NEAR] == np.inf)


def specialized(kernel: Kernel, network: Network) -> Kernel:
    """Return the kernel with the user-defined activations of a network in it."""
    user_defined = tuple(activation.kernels.apply_both for activation in network.user_activations)
    if not user_defined:
        return kernel
    replaced: Kernel = with_replaced(kernel, apply_both, extended_apply_both(user_defined))
    return replaced


def checked(rows: NDArray[np.float64], network: Network) -> NDArray[np.float64]:
    """Return the logarithms of a chunk, if none of them left the range of float64."""
    if not (rows < np.inf).all():
        names = ", ".join(repr(activation.name) for activation in network.user_activations)
        raise ValueError(
            "network must keep its signals within the range of float64, got infinite or undefined "
            f"ones from {names or repr(network)}"
        )
    return rows
