"""The samplers of gradient attenuation: what one chunk of trials does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stabsim._kernels import conditional, conditional_batch, dense_network
from stabsim._kernels import program as kernel_program
from stabsim._random import Stream
from stabsim._samplers.network import (
    CALL_COST,
    checked,
    chunk_of,
    is_shortened,
    linear_rows,
    specialized,
    unit_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from stabsim.networks import Network

# In nanoseconds, roughly: they set the sizes of chunks and nothing else.
_UNIT_COST = 12.0
_LAYER_COST = 300.0
_WEIGHT_COST = 6.0


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of a trial: ``signals`` (B, n₀) of norm 1 and the logarithm of their real norm.

    With ``law`` 1 there is one, in a uniformly random direction, with 2 a Gaussian one; the signals
    are of shape (1, 0) then, and for 2 the logarithm says nothing.
    """

    signals: NDArray[np.float64]
    log_norm: float
    law: int = 0


@dataclass(frozen=True, eq=False)
class _Attenuation:
    """What all samplers share: the ``recorded`` layers begin with 0."""

    network: Network
    inputs: Inputs
    recorded: NDArray[np.int64]
    uses_blas: bool = False

    @property
    def columns(self) -> int:
        return 5 * self.recorded.size - 3

    @property
    def chunk(self) -> int:
        return chunk_of(self._trial_cost, self.columns)

    @property
    def _trial_cost(self) -> float:
        raise NotImplementedError


class ConditionalAttenuation(_Attenuation):
    """One input through layers whose weights are not drawn."""

    @property
    def _trial_cost(self) -> float:
        program = self.network.program
        drawn = ~is_shortened(program)
        units = program.codes[linear_rows(program), kernel_program.FAN_OUT]
        return _UNIT_COST * float(units[drawn].sum()) + _LAYER_COST * float(units.size)

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        stream, (codes, parameters, first) = Stream(seed), self.network.program
        depth = self.network.depth
        out = np.empty((trials, self.columns))
        room = np.empty((conditional.ROOM, conditional.BLOCK))
        records = np.zeros((depth + 1, conditional.RECORDS))
        paths = np.empty((4, depth + 1))
        gaussian = self.inputs.law == 2
        if self._trial_cost < CALL_COST:
            attenuate = specialized(conditional.attenuate, self.network)
            attenuate(
                stream.words,
                *self.network.program,
                self.inputs.log_norm,
                gaussian,
                self.recorded,
                room,
                records,
                paths,
                out,
            )
            return checked(out, self.network)
        # A long trial is climbed in several calls, which let an interrupt through.
        climb = specialized(conditional.climb, self.network)
        logarithms = conditional.layer_logarithms(parameters, first)
        layers = max(1, int(depth * CALL_COST / self._trial_cost))
        for trial in range(trials):
            log_norm = conditional.draw_log_input(
                stream.words, codes, self.inputs.log_norm, gaussian
            )
            for begin in range(0, depth, layers):
                check_interrupt()
                end = min(begin + layers, depth)
                climb(
                    stream.words,
                    codes,
                    parameters,
                    first,
                    logarithms,
                    begin,
                    end,
                    log_norm,
                    room,
                    records,
                )
            conditional.descend_and_record(
                stream.words, codes, first, logarithms, self.recorded, records, paths, out[trial]
            )
        return checked(out, self.network)


class BatchAttenuation(_Attenuation):
    """Several inputs through layers whose weights are not drawn."""

    @property
    def _trial_cost(self) -> float:
        return _UNIT_COST * unit_numbers(self.network) * len(self.inputs.signals) ** 2

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        check_interrupt()
        out = np.empty((trials, self.columns))
        attenuate = specialized(conditional_batch.attenuate, self.network)
        attenuate(
            Stream(seed).words,
            *self.network.program,
            self.inputs.log_norm,
            self.inputs.signals,
            self.recorded,
            out,
        )
        return checked(out, self.network)


class DenseAttenuation(_Attenuation):
    """Any number of inputs, with every weight drawn."""

    @property
    def _trial_cost(self) -> float:
        program = self.network.program
        codes = program.codes[linear_rows(program)]
        fan_in = codes[:, kernel_program.FAN_IN].astype(float)
        fan_out = codes[:, kernel_program.FAN_OUT].astype(float)
        orthogonal = codes[:, kernel_program.WEIGHT_LAW] == kernel_program.ORTHOGONAL
        steps = np.where(orthogonal, 1.0 + 0.1 * np.minimum(fan_in, fan_out), 1.0)
        return _WEIGHT_COST * float((fan_in * fan_out * steps).sum()) * len(self.inputs.signals)

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        out = np.empty((trials, self.columns))
        attenuate = specialized(dense_network.attenuate, self.network)
        signals = self.inputs.signals
        if self.inputs.law > 0:
            signals = np.zeros((1, self.network.in_features))
        stream = Stream(seed)
        step = max(1, int(CALL_COST / self._trial_cost))
        for start in range(0, trials, step):
            check_interrupt()
            attenuate(
                stream.words,
                *self.network.program,
                self.inputs.log_norm,
                signals,
                self.inputs.law,
                self.recorded,
                out[start : start + step],
            )
        return checked(out, self.network)
