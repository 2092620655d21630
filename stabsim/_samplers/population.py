"""The sampler of generalized Lyapunov exponents: what one population of walkers does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim._kernels import population, stream
from stabsim._random import Stream, child

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from stabsim.ensembles import Ensemble, RadialLaw

# Numbers in a batch of factors, and nanoseconds that one may take, between two looks at the
# keyboard; rough costs of a draw and of a walker's step.
_BLOCK_NUMBERS = 1 << 18
_CALL_COST = 100e6
_DRAW_COST = 2.0
_WALKER_COST = 40.0

#: Batches into which the steps of a population are cut for the variance of its growth.
BATCHES = 32
# Windows of genealogy have 1, 2, 4, ... steps, up to this many of them and up to a batch.
_MOST_WINDOWS = 12
#: What is recorded of a population, before the noise and the survivors of every window. Its fate is
#: the sign of the infinity at which its mean weight ended, or 0.
RATE, NOISE, EFFECTIVE, TAIL, FATE, WINDOWS = range(6)


@dataclass(frozen=True, eq=False)
class PopulationGrowth:
    """Growth of the mean weight of one population for every order, a trial each.

    ``law`` is the reduced law of the steps, or None where factors are to be drawn.
    """

    ensemble: Ensemble
    law: RadialLaw | None
    orders: NDArray[np.float64]
    steps: int
    warmup: int
    walkers: int
    # A population is one trial and has its own stream, so what is asked of one order does not
    # depend on the others.
    chunk: int = 1
    uses_blas: bool = False

    @property
    def batches(self) -> int:
        """Batches into which the steps are cut, each of whole cycles of the factors' laws."""
        return min(BATCHES, self.steps // self.ensemble.period)

    @property
    def windows(self) -> int:
        """Lengths of the windows of genealogy: powers of two, up to a batch."""
        return min((self.steps // self.batches).bit_length(), _MOST_WINDOWS)

    @property
    def columns(self) -> int:
        """Numbers that a population yields."""
        return self.orders.size * (WINDOWS + 2 * self.windows)

    @property
    def _most(self) -> int:
        """Steps in a call of the kernel."""
        n = 1 if self.law is not None else self.ensemble.n
        numbers = n * n * self.walkers
        cost = _DRAW_COST * numbers + _WALKER_COST * self.walkers * self.orders.size
        return max(1, int(min(_BLOCK_NUMBERS / numbers, _CALL_COST / cost)))

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        """Return a row for each of ``trials`` populations, which is always one."""
        return np.stack(
            [self._population(child(seed, trial), check_interrupt) for trial in range(trials)]
        )

    def _population(
        self, seed: np.random.SeedSequence, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        """Run one population for every order."""
        # The factors may be drawn by the Generator, the choices by the words: of two streams.
        draw, workspace = self._factors(Stream(child(seed, 0)))
        choices = Stream(child(seed, 1)).words
        orders, count = self.orders, self.orders.size
        walkers = np.tile(self._directions(choices), (count, 1, 1, 1))
        log_weights, fates = np.zeros((count, self.walkers)), np.zeros(count)
        ancestors = np.empty((count, self.windows, self.walkers), dtype=np.int64)
        survivors = np.empty((count, self.windows), dtype=np.int64)
        sums, squares = np.empty((2, count, self.windows))
        points = np.empty(len(workspace))
        logs = np.empty((3, len(workspace), count))
        recorder = _Recorder(self.steps, self.batches, self.ensemble.period, count)
        for length, recorded in ((self.warmup, False), (self.steps, True)):
            ancestors[:] = np.arange(self.walkers)
            survivors[:], sums[:], squares[:] = 0, 0.0, 0.0
            for start in range(0, length, len(workspace)):
                check_interrupt()
                steps = min(len(workspace), length - start)
                means, effective, spacings = logs[:, :steps]
                draw(workspace[:steps])
                stream.fill_uniform(choices, points[:steps])
                population.advance_populations(
                    workspace[:steps],
                    orders,
                    points[:steps],
                    walkers,
                    log_weights,
                    fates,
                    ancestors,
                    start,
                    means,
                    effective,
                    spacings,
                    survivors,
                    sums,
                    squares,
                )
                if recorded:
                    recorder.add(start, means, effective, spacings)
        rate, *others = recorder.results()
        lengths = 1 << np.arange(self.windows)
        count_windows = self.steps // lengths
        noises = squares / (count_windows * lengths) - np.square(rate)[:, None] * lengths
        rows = [rate, *others, np.sign(fates), np.maximum(noises, 0.0), survivors / count_windows]
        return np.column_stack(rows).ravel()

    def _factors(self, drawn: Stream) -> tuple[Callable[[NDArray[Any]], None], NDArray[Any]]:
        """Return what draws a batch of factors, and the room for it."""
        law, lanes = self.law, self.walkers
        if law is None:
            continued = self.ensemble.sequence(lanes)
            return lambda batch: continued(drawn, batch), self.ensemble.workspace(self._most, lanes)
        # The kernel squares shift and scale, so their size is taken out.
        size = max(abs(law.shift), abs(law.scale)) or 1.0

        def draw(batch: NDArray[Any]) -> None:
            population.fill_growth(
                drawn.words,
                law.family,
                law.degrees[0],
                law.complement,
                law.shift / size,
                law.scale / size,
                batch.reshape(-1),
            )
            batch *= size

        return draw, np.empty((self._most, 1, 1, lanes))

    def _directions(self, choices: NDArray[np.uint64]) -> NDArray[Any]:
        """Return uniformly distributed unit vectors (n, 1, walkers)."""
        n = 1 if self.law is not None else self.ensemble.n
        dtype = float if self.law is not None else self.ensemble.dtype
        vectors = np.empty((n, 1, self.walkers), dtype)
        stream.fill_normal(choices, vectors.reshape(-1).view(np.float64))
        vectors /= np.linalg.norm(vectors, axis=0)
        return vectors


class _Recorder:
    """Sums of the log mean weights, by batches of steps, and of what the weights look like."""

    def __init__(self, steps: int, batches: int, period: int, orders: int) -> None:
        self._steps = steps
        # What differs between the factors of a cycle is no noise.
        self._lengths = np.diff(np.arange(batches + 1) * (steps // period) // batches) * period
        self._ends = np.cumsum(self._lengths)
        self._sums = np.zeros((batches, orders))
        self._effective, self._spacings = np.zeros((2, orders))

    def add(
        self,
        start: int,
        log_means: NDArray[np.float64],
        effective: NDArray[np.float64],
        spacings: NDArray[np.float64],
    ) -> None:
        steps = np.arange(start, start + len(log_means))
        np.add.at(self._sums, np.searchsorted(self._ends, steps, side="right"), log_means)
        self._effective += effective.sum(axis=0)
        self._spacings += spacings.sum(axis=0)

    def results(self) -> tuple[NDArray[np.float64], ...]:
        """Return the rate, its noise, the effective sample size and the exponent of the tail.

        The noise is the variance of the summed logarithms per step, from batch means.
        """
        rate = self._sums.sum(axis=0) / self._steps
        lengths = self._lengths[:, None]
        beyond = np.square(self._sums / lengths - rate) * lengths
        noise = beyond.sum(axis=0) / (len(lengths) - 1)
        return rate, noise, self._effective / self._steps, self._spacings / self._steps
