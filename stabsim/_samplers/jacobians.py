"""The sampler of Jacobian spectra: what one chunk of trials does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stabsim._kernels import jacobian
from stabsim._kernels import program as kernel_program
from stabsim._random import Stream, child
from stabsim._samplers.network import (
    CALL_COST,
    checked,
    chunk_of,
    is_conditional,
    linear_rows,
    specialized,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from stabsim._samplers.attenuation import Inputs
    from stabsim.networks import Network

# In nanoseconds, roughly: they set the sizes of chunks and nothing else.
_LAYER_COST = 1000.0
_UNIT_COST = 12.0
_WEIGHT_COST = 6.0
# For every multiplication of the factors, of orthonormalization, of reflections of drawn weights,
# and of the rotations that lead to the singular values.
_FACTOR_COST, _ORTHOGONAL_COST, _REFLECTION_COST, _ROTATION_COST = 0.2, 0.3, 0.9, 2.3

#: Columns after those of the singular values: two moments, and how small the least one is.
EXTRA_COLUMNS = 3
# How far, as a logarithm, a moment may exceed that of the first trial: its square is a float64.
_MOST_EXCESS = 345.0


@dataclass(frozen=True, eq=False)
class JacobianTask:
    """The singular values of the layers after ``begin``, up to ``end``.

    A trial is the logarithms of the singular values, descending, then those of the moments m1 and
    m2, then that of the ratio of the least to the largest singular value. With ``log_units`` the
    moments themselves stand there, in these units.
    """

    network: Network
    inputs: Inputs
    begin: int
    end: int
    log_units: tuple[float, float] | None = None
    uses_blas: bool = False

    @property
    def values(self) -> int:
        """The number of singular values."""
        widths = self.network.widths
        return int(min(widths[self.begin], widths[self.end]))

    @property
    def columns(self) -> int:
        return self.values + EXTRA_COLUMNS

    @property
    def chunk(self) -> int:
        return chunk_of(self._trial_cost, self.columns)

    @property
    def _trial_cost(self) -> float:
        program = self.network.program
        codes = program.codes[linear_rows(program)]
        fan_in = codes[:, kernel_program.FAN_IN].astype(float)
        fan_out = codes[:, kernel_program.FAN_OUT].astype(float)
        laws = codes[:, kernel_program.WEIGHT_LAW]
        conditional, inside = is_conditional(program), slice(self.begin, self.end)
        cost = np.where(conditional, _UNIT_COST * fan_out, _WEIGHT_COST * fan_in * fan_out)
        cost[inside] = _WEIGHT_COST * (fan_in * fan_out)[inside]
        steps = np.full(laws.shape, _FACTOR_COST)
        steps[laws == kernel_program.ORTHOGONAL] += _ORTHOGONAL_COST
        steps[~conditional] += _REFLECTION_COST
        cost[inside] += (steps * fan_in * fan_out * np.minimum(fan_in, fan_out))[inside]
        rotations = self.values**2 * float(self.network.widths[self.begin])
        return float((cost + _LAYER_COST)[: self.end].sum()) + _ROTATION_COST * rotations

    def first_log_moments(self, seed: np.random.SeedSequence) -> tuple[float, float]:
        """Return the logarithms of the moments in the first trial, 0 where it is dead."""
        logs = self._log_singular_values(child(seed, 0), 1, lambda: None)
        first, second = _log_moments(logs, self._in_features)[0].tolist()
        return (first, second) if first > -math.inf else (0.0, 0.0)

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        logs = self._log_singular_values(seed, trials, check_interrupt)
        moments = _log_moments(logs, self._in_features)
        if self.log_units is not None:
            moments = np.exp(np.minimum(moments - self.log_units, _MOST_EXCESS))
        ratio = np.full(trials, -math.inf)
        np.subtract(logs[:, -1], logs[:, 0], out=ratio, where=logs[:, -1] > -math.inf)
        return np.column_stack([logs, moments, ratio])

    @property
    def _in_features(self) -> int:
        return int(self.network.widths[self.begin])

    def _log_singular_values(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        out = np.empty((trials, self.values))
        fill_spectra = specialized(jacobian.fill_spectra, self.network)
        stream = Stream(seed)
        step = max(1, int(CALL_COST / self._trial_cost))
        for start in range(0, trials, step):
            check_interrupt()
            fill_spectra(
                stream.words,
                *self.network.program,
                self.begin,
                self.end,
                self.inputs.log_norm,
                self.inputs.signals,
                self.inputs.law,
                out[start : start + step],
            )
        return checked(out, self.network)


def _log_moments(logs: NDArray[np.float64], in_features: int) -> NDArray[np.float64]:
    """Return the logarithms of the mean squared and fourth powers of singular values, by trial."""
    largest = np.maximum(logs[:, :1], -np.finfo(np.float64).max)
    shares = np.exp(logs - largest)
    columns = [
        np.log(
            np.sum(shares**power, axis=1) / in_features,
            where=shares[:, 0] > 0.0,
            out=np.full(len(logs), -math.inf),
        )
        + power * np.where(shares[:, 0] > 0.0, largest[:, 0], 0.0)
        for power in (2, 4)
    ]
    return np.column_stack(columns)
