"""The sampler of signal propagation: what one chunk of trials does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stabsim._kernels import program as kernel_program
from stabsim._kernels import signals
from stabsim._random import Stream
from stabsim._samplers.network import (
    CALL_COST,
    checked,
    chunk_of,
    linear_rows,
    specialized,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from stabsim.networks import Network

# In nanoseconds, roughly: they set the sizes of chunks and nothing else.
_UNIT_COST = 30.0
_LAYER_COST = 500.0
_WEIGHT_COST = 6.0


@dataclass(frozen=True, eq=False)
class PairPropagation:
    """Two inputs, of the logarithm ``log_norm`` of their norm and a correlation, up a network."""

    network: Network
    log_norm: float
    correlation: float
    recorded: NDArray[np.int64]
    dense: bool
    uses_blas: bool = False

    @property
    def columns(self) -> int:
        return 4 * self.recorded.size

    @property
    def chunk(self) -> int:
        return chunk_of(float(self._layer_costs.sum()), self.columns)

    @property
    def _layer_costs(self) -> NDArray[np.float64]:
        program = self.network.program
        codes = program.codes[linear_rows(program)]
        fan_in = codes[:, kernel_program.FAN_IN].astype(float)
        fan_out = codes[:, kernel_program.FAN_OUT].astype(float)
        costs = _LAYER_COST + _UNIT_COST * fan_out
        if self.dense:
            orthogonal = codes[:, kernel_program.WEIGHT_LAW] == kernel_program.ORTHOGONAL
            steps = np.where(orthogonal, 1.0 + 0.1 * np.minimum(fan_in, fan_out), 1.0)
            costs += _WEIGHT_COST * fan_in * fan_out * steps
        return costs

    @property
    def _beginning(self) -> NDArray[np.float64]:
        state, c = np.zeros(signals.STATE), self.correlation
        state[signals.LOG_UNIT] = self.log_norm
        state[signals.LOG_ACROSS] = -math.inf
        # A zero input has no direction, and equals the other one.
        if self.log_norm > -math.inf:
            state[signals.PARALLEL] = c - 1.0
            if abs(c) < 1.0:
                state[signals.LOG_ACROSS] = 0.5 * math.log((1.0 - c) * (1.0 + c))
        return state

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        propagate = specialized(signals.propagate, self.network)
        words, depth, costs = Stream(seed).words, self.network.depth, self._layer_costs
        state, carried = np.empty(signals.STATE), np.empty((2, int(self.network.widths.max())))
        out = np.empty((4, self.recorded.size, trials))
        together = max(1, int(CALL_COST / costs.sum()))
        # The layers of a long trial are passed in several calls, which let an interrupt through.
        calls = np.cumsum(costs) // CALL_COST
        ends = depth if together > 1 else 1 + np.flatnonzero(np.diff(calls, append=np.inf))
        for start in range(0, trials, together):
            begin = 0
            for end in np.atleast_1d(ends).tolist():
                check_interrupt()
                propagate(
                    words,
                    *self.network.program,
                    self.dense,
                    self._beginning,
                    begin,
                    end,
                    self.recorded,
                    state,
                    carried,
                    out[:, :, start : start + together],
                )
                begin = end
        rows = np.ascontiguousarray(out.reshape(self.columns, trials).T)
        if not self.network.user_activations and not (rows < np.inf).all():
            raise ValueError(
                "network must keep its two signals within a factor of 1e130 of each other where an "
                f"activation is no line on either side of 0, got {self.network!r}"
            )
        return checked(rows, self.network)
