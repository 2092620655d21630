"""The samplers of Lyapunov spectra: what one chunk of chains does.

A chain is one long product. It yields, at every recorded step, the growth of each direction of its
frame since the warm-up, as one row of (steps recorded x directions) numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stabsim._kernels import frames, radial
from stabsim._random import Stream, child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from stabsim.ensembles import Ensemble, RadialLaw

# In nanoseconds, what a chunk and a call of a kernel should cost at the most. The costs are rough:
# they set sizes, which are part of the stream, and nothing else.
_CHUNK_COST = 20e6
_CALL_COST = 250e6
_DRAW_COST = 2.0
_MULTIPLY_COST = 0.3
# Numbers in a batch of factors, and in the factors of a step.
_BLOCK_NUMBERS = 1 << 18
_LANES_NUMBERS = 1 << 17
# Chains side by side in lanes: as many as fill the vectors of the machine, and no more, since
# chains are few and long.
_MOST_LANES = 16
# From this size on LAPACK decomposes faster than lanes do.
_MOST_ROWS = 24


@dataclass(frozen=True, eq=False)
class FrameGrowth:
    """The growth of frames, with every entry of every factor drawn."""

    ensemble: Ensemble
    directions: int
    warmup: int
    interval: int
    recorded: NDArray[np.int64]

    @property
    def columns(self) -> int:
        return self.recorded.size * self.directions

    @property
    def uses_blas(self) -> bool:
        return self.ensemble.n > _MOST_ROWS

    @property
    def _parts(self) -> int:
        return 2 if self.ensemble.dtype is complex else 1

    @property
    def chain_cost(self) -> float:
        n, k, parts = self.ensemble.n, self.directions, self._parts
        multiplied = 1.0 + k / (n * self.interval)
        factor = n * n * parts * (_DRAW_COST + k * parts * _MULTIPLY_COST * multiplied)
        return factor * float(self.warmup + self.recorded[-1])

    @property
    def _lanes(self) -> int:
        if self.uses_blas:
            return 1
        lanes, numbers = _MOST_LANES, self.ensemble.n**2 * self._parts
        while lanes > 1 and lanes * numbers > _LANES_NUMBERS:
            lanes //= 2
        return lanes

    @property
    def chunk(self) -> int:
        lanes = self._lanes
        return lanes * max(1, int(_CHUNK_COST / (lanes * self.chain_cost)))

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        # Custom factors come from a Generator, which does not notice what else a stream has drawn.
        stream, start = Stream(seed), Stream(child(seed, 0))
        n, k, lanes = self.ensemble.n, self.directions, self._lanes
        most = max(1, _BLOCK_NUMBERS // (n * n * lanes * self._parts * self.interval))
        most = min(most * self.interval, self.warmup + int(self.recorded[-1]))
        batch = self.ensemble.workspace(most, lanes)
        memory = np.empty(n * k * self._parts)
        carried = np.empty((3, n, k, lanes), self.ensemble.dtype)
        carry = frames.carry_wide_frame if self.uses_blas else frames.carry_frames
        out = np.empty((trials, self.recorded.size, k))
        for first in range(0, trials, lanes):
            rows = out[first : first + lanes]
            draw = self.ensemble.sequence(lanes)
            frames.fill_frames(start.words, memory, carried[0])
            sums = np.zeros((k, lanes))
            for steps, column in self._blocks(most):
                check_interrupt()
                draw(stream, batch[:steps])
                carry(batch[:steps], carried, sums, self.interval)
                if column is None:
                    continue
                if column < 0:
                    # What the warm-up lost for good stays lost.
                    sums[np.isfinite(sums)] = 0.0
                else:
                    rows[:, column] = sums.T[: len(rows)]
        return out.reshape(trials, self.columns)

    def _blocks(self, most: int) -> Iterator[tuple[int, int | None]]:
        """Yield blocks of at most so many steps, and the column recorded after each, if any.

        The end of the warm-up is column -1.
        """
        ends = [self.warmup, *(self.warmup + self.recorded).tolist()]
        done = 0
        for column, end in enumerate(ends, start=-1):
            while done < end:
                steps = min(most, end - done)
                done += steps
                yield steps, column if done == end else None


@dataclass(frozen=True, eq=False)
class IndependentGrowth:
    """The growth of frames of factors whose triangular parts are independent of all before."""

    law: RadialLaw
    directions: int
    recorded: NDArray[np.int64]
    uses_blas: bool = False

    @property
    def columns(self) -> int:
        return self.recorded.size * self.directions

    @property
    def chain_cost(self) -> float:
        return 3.0 * _DRAW_COST * self.directions * float(self.recorded[-1])

    @property
    def chunk(self) -> int:
        return max(1, int(_CHUNK_COST / self.chain_cost))

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        stream, law, total = Stream(seed), self.law, np.zeros(1)
        # The kernel squares the scale, so its logarithm is added afterwards.
        out = np.empty((self.directions, trials, self.recorded.size))
        depth = int(self.recorded[-1])
        blocks = max(1, int(_CALL_COST / (3.0 * _DRAW_COST)) // radial.BLOCK)
        steps = blocks * radial.BLOCK if trials == 1 else depth
        for i in range(self.directions):
            for start in range(0, depth, steps):
                check_interrupt()
                radial.grow_radially(
                    stream.words,
                    law.family,
                    np.array(law.degrees[i : i + 1]),
                    law.complement,
                    0.0,
                    1.0,
                    total,
                    start,
                    min(start + steps, depth),
                    self.recorded,
                    out[i],
                )
        out += self.recorded * math.log(abs(law.scale))
        return np.moveaxis(out, 0, -1).reshape(trials, self.columns)


class Pace(NamedTuple):
    """How a frame is carried: from which step it counts, and how often it is decomposed.

    ``gap`` is the least difference of two successive exponents that the pilot cannot exclude.
    """

    warmup: int
    interval: int
    gap: float


# The pilot takes this share of the run, within limits in steps and in nanoseconds.
_PILOT_SHARE = 0.05
_PILOT_CHAINS = 16
_PILOT_STEPS = 4096
_PILOT_COST = 2e9
_LEAST_PILOT_COST = 5e6
# A warm-up lets the weight of the start decay to this. At a gap g, in factors that mix directions,
# the start biases the step after w others by about g exp(-gw), which no gap makes more than 1/(ew):
# gaps below so many standard errors of the run's own count as these, after which that is a tenth of
# such an error.
_NEGLIGIBLE = 1e-6
_LEAST_GAP = 4.0
# Where directions are lost the start is forgotten with them: the warm-up is so many times as long
# as the slowest chain of the pilot took.
_LOSSES = 4
# Between two decompositions vectors may shrink against each other by this, give or take three
# standard deviations, which leaves half of the digits, and the longest may grow by that; in natural
# logarithms.
_MOST_SPREAD = 18.4
_MOST_GROWTH = 150.0
_MOST_INTERVAL = 16


def pilot(
    ensemble: Ensemble, directions: int, steps: int, trials: int, seed: np.random.SeedSequence
) -> Pace:
    """Carry a few short chains and choose the pace of ``trials`` long ones."""
    # The exponent after the last one asked for tells how fast that one is reached.
    k = min(directions + 1, ensemble.n)
    step_cost = FrameGrowth(ensemble, k, 0, 1, np.ones(1, np.int64)).chain_cost
    cost = min(max(_PILOT_SHARE * step_cost * steps * trials, _LEAST_PILOT_COST), _PILOT_COST)
    length = max(1, min(int(cost / (_PILOT_CHAINS * step_cost)), steps, _PILOT_STEPS))
    depths = np.array([2**i for i in range(length.bit_length()) if 2**i < length] + [length])
    chains = FrameGrowth(ensemble, k, 0, 1, depths)
    sums = chains(child(child(seed, 0), 1), _PILOT_CHAINS, lambda: None)
    sums = sums.reshape(_PILOT_CHAINS, depths.size, k)
    rates = sums[:, -1, np.isfinite(sums[:, -1]).all(axis=0)] / length
    if rates.shape[1] == 0:
        return Pace(0, 1, math.inf)
    forgotten = 0
    if rates.shape[1] < k:
        lost = np.isneginf(sums)
        forgotten = _LOSSES * int(depths[(lost == lost[:, -1:]).all(axis=(0, 2)).argmax()])

    gap = slowest = math.inf
    # The run's standard errors in those of the pilot.
    finer = math.sqrt(_PILOT_CHAINS * length / (trials * steps))
    for i in range(rates.shape[1] - 1):
        seen, noise = _difference(rates, i, i + 1)
        # Directions that grow alike at every step have nothing to align with. Of the others the
        # smaller gaps that the pilot cannot exclude count.
        if noise > 1e-12 or seen > 1e-12:
            least = max(seen - noise, 0.0)
            gap = min(gap, least)
            slowest = min(slowest, max(least, _LEAST_GAP * finer * noise))
    warmup = min(steps, max(forgotten, math.ceil(-math.log(_NEGLIGIBLE) / slowest)))

    mean, scatter = rates.mean(axis=0), rates.std(axis=0, ddof=1) * math.sqrt(length)
    drift, noise = _difference(rates, int(mean.argmax()), int(mean.argmin()))
    swing = 3.0 * noise * math.sqrt(length * _PILOT_CHAINS)
    growth = float(np.abs(mean).max() + 3.0 * scatter.max())
    interval = 1
    while (
        interval < _MOST_INTERVAL
        and (interval + 1) * drift + math.sqrt(interval + 1) * swing < _MOST_SPREAD
        and (interval + 1) * growth < _MOST_GROWTH
    ):
        interval += 1
    return Pace(warmup, interval, gap)


def _difference(rates: NDArray[np.float64], i: int, j: int) -> tuple[float, float]:
    """Return the mean difference of two rates over the chains, and its standard error."""
    difference = rates[:, i] - rates[:, j]
    return float(difference.mean()), float(difference.std(ddof=1)) / math.sqrt(len(rates))
