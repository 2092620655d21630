"""The samplers of matrix product growth: what one chunk of trials does.

Each is a task of the runner. `RadialGrowth` and `TriangularGrowth` sample reduced laws,
`DenseGrowth` and `DeterminantGrowth` draw every entry of every factor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim._kernels import chain, determinant, radial, singular_values, triangular
from stabsim._random import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from stabsim.ensembles import Ensemble, Ginibre, RadialLaw

# In nanoseconds, what a chunk should cost, and what a group of lanes may cost, at the most. The
# costs are rough: they set sizes, which are part of the stream, and nothing else.
_CHUNK_COST = 20e6
_GROUP_COST = 64e6
_DRAW_COST = 2.0
_MULTIPLY_COST = 0.3
# Numbers that a chunk should hold at the most.
_CHUNK_NUMBERS = 1 << 18
# The longest call of a kernel, between two looks at the keyboard.
_CALL_COST = 250e6
# Numbers in a batch of factors: few enough for the cache, and so many that the interpreter, which
# threads share, is seldom needed between two batches. Student's t draws batch by batch, so this is
# a part of its random streams.
_BLOCK_NUMBERS = 1 << 16
# Trials run side by side in lanes, as many as keep a step's factors in the second level of the
# cache, up to the sizes from which on a matrix at a time is faster.
_MOST_LANES = 128
_LANES_NUMBERS = 1 << 17
_MOST_ROWS_OF_VECTORS = 40
_MOST_ROWS_OF_MATRICES = 24
_MOST_ROWS_OF_TRIANGLES = 64
# Up to this size Jacobi's largest singular value is faster than LAPACK's.
_MOST_ROWS_BY_JACOBI = 32


class Schedule:
    """When a trial is recorded, and what is made of it: the log-norms, then the growth rate.

    The rate needs the log-norm at the depths ``start`` and ``depth``, whether the user records
    them or not. At depth 0 the log-norm is ``offset``.
    """

    def __init__(self, depths: NDArray[np.int64], depth: int, *, start: int, offset: float) -> None:
        self.depth, self.start, self.offset = depth, start, offset
        needed = [depth] if start == 0 else [start, depth]
        self.recorded = np.union1d(depths, needed)
        self.kept = np.searchsorted(self.recorded, depths)
        self.columns = depths.size + 1

    def rows(self, log_norm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the columns kept of the recorded ones, and the rate as the last column."""
        last = log_norm[:, -1]
        if self.start > 0:
            before = log_norm[:, np.searchsorted(self.recorded, self.start)]
        else:
            before = np.full(last.shape, self.offset)
        rate = np.full(last.shape, -math.inf)
        np.subtract(last, before, out=rate, where=last > -math.inf)
        rate /= self.depth - self.start
        return np.column_stack([log_norm[:, self.kept], rate])

    def chunk(self, lanes: int, trial_cost: float) -> int:
        """Return the trials of a chunk: whole groups of lanes, of about the same cost."""
        groups = min(
            _CHUNK_COST / (lanes * trial_cost), _CHUNK_NUMBERS / (lanes * self.recorded.size)
        )
        return lanes * max(1, int(groups))

    def blocks(self, most: int, *, cut: bool = False) -> Iterator[tuple[int, slice, list[int]]]:
        """Yield blocks of at most so many steps, with ``cut`` ending at every recorded depth.

        A block is its number of steps, the columns that it fills, and the steps of these columns,
        counted from 1.
        """
        ends = self.recorded.tolist()
        start = first = 0
        while start < self.depth:
            stop = min(start + most, self.depth)
            if cut:
                stop = min(stop, ends[first])
            last = first
            while last < len(ends) and ends[last] <= stop:
                last += 1
            yield stop - start, slice(first, last), [end - start for end in ends[first:last]]
            start, first = stop, last


def _lanes(n: int, most_rows: int, parts: int, trial_cost: float) -> int:
    """Return how many trials run side by side: many small and shallow ones, or one."""
    if n > most_rows:
        return 1
    lanes = _MOST_LANES
    while lanes > 1 and (
        lanes * n * n * parts > _LANES_NUMBERS or lanes * trial_cost > _GROUP_COST
    ):
        lanes //= 2
    return lanes


def _spectral_norms(matrices: NDArray[Any]) -> NDArray[np.float64]:
    """Return the largest singular value of every lane of ``matrices`` (n, n, lanes)."""
    if len(matrices) > _MOST_ROWS_BY_JACOBI:
        return np.asarray(np.linalg.norm(matrices, 2, axis=(0, 1)))
    sizes = np.empty(matrices.shape[2])
    singular_values.largest_singular_values(matrices, sizes)
    return sizes


def _log_norms(
    norm: str,
    product: NDArray[Any],
    squares: NDArray[np.float64],
    exponents: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the log-norms of recorded steps (steps, lanes), ``-inf`` for zero.

    The spectral norm is that of ``product`` (n, n, lanes), so a block ends at every recorded step;
    the others are known from ``squares``.
    """
    sizes = _spectral_norms(product)[None] if norm == "spectral" else np.sqrt(squares)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(sizes) + math.log(2.0) * exponents)


@dataclass(frozen=True, eq=False)
class RadialGrowth:
    """Growth by independent scalar steps."""

    schedule: Schedule
    law: RadialLaw
    uses_blas: bool = False

    @property
    def columns(self) -> int:
        return self.schedule.columns

    @property
    def _trial_cost(self) -> float:
        return 3.0 * _DRAW_COST * len(self.law.degrees) * self.schedule.depth

    @property
    def chunk(self) -> int:
        return self.schedule.chunk(1, self._trial_cost)

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        stream, law = Stream(seed), self.law
        # The kernel squares shift and scale, so their size is taken out.
        size = max(abs(law.shift), abs(law.scale)) or 1.0
        out, total = np.empty((trials, self.schedule.recorded.size)), np.zeros(1)
        # A chunk of several trials is one short call; the calls of a single long trial let an
        # interrupt through.
        depth = self.schedule.depth
        blocks = max(1, int(_CALL_COST / self._trial_cost * depth) // radial.BLOCK)
        steps = blocks * radial.BLOCK if trials == 1 else depth
        for start in range(0, depth, steps):
            check_interrupt()
            radial.grow_radially(
                stream.words,
                law.family,
                np.array(law.degrees),
                law.complement,
                law.shift / size,
                law.scale / size,
                total,
                start,
                min(start + steps, depth),
                self.schedule.recorded,
                out,
            )
        out += self.schedule.offset
        out += self.schedule.recorded * (len(law.degrees) * math.log(size))
        return self.schedule.rows(out)


@dataclass(frozen=True, eq=False)
class TriangularGrowth:
    """Norms of Ginibre products by independent triangular factors."""

    schedule: Schedule
    ensemble: Ginibre
    norm: str

    @property
    def columns(self) -> int:
        return self.schedule.columns

    @property
    def uses_blas(self) -> bool:
        return self.norm == "spectral" and self.ensemble.n > _MOST_ROWS_BY_JACOBI

    @property
    def _trial_cost(self) -> float:
        n, parts = self.ensemble.n, self.ensemble.parts
        factor = n * n * parts * (0.5 * _DRAW_COST + n * parts * _MULTIPLY_COST / 6.0)
        return factor * self.schedule.depth + _recording_cost(self.schedule, self.norm, n)

    @property
    def _lanes(self) -> int:
        return _lanes(
            self.ensemble.n, _MOST_ROWS_OF_TRIANGLES, self.ensemble.parts, self._trial_cost
        )

    @property
    def chunk(self) -> int:
        return self.schedule.chunk(self._lanes, self._trial_cost)

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        stream, n, lanes = Stream(seed), self.ensemble.n, self._lanes
        most = min(max(1, _BLOCK_NUMBERS // (n * n * lanes)), self.schedule.depth)
        row = np.empty((n, lanes), self.ensemble.dtype)
        squares = np.empty((most + 1, lanes))
        exponents = np.empty((most + 1, lanes), dtype=np.int64)
        out = np.empty((trials, self.schedule.recorded.size))
        for first in range(0, trials, lanes):
            rows = out[first : first + lanes]
            state = np.zeros((n, n, lanes), self.ensemble.dtype)
            state[np.arange(n), np.arange(n)] = 1.0
            exponents[0] = 0
            for steps, columns, recorded in self.schedule.blocks(most, cut=self.norm == "spectral"):
                check_interrupt()
                triangular.multiply_triangular_chain(
                    stream.words,
                    row.reshape(-1).view(np.float64),
                    row,
                    state,
                    squares[: steps + 1],
                    exponents[: steps + 1],
                )
                if recorded:
                    logs = _log_norms(self.norm, state, squares[recorded], exponents[recorded])
                    rows[:, columns] = logs.T[: len(rows)]
                exponents[0] = exponents[steps]
        out += self.schedule.recorded * math.log(self.ensemble.part_sigma)
        return self.schedule.rows(out)


@dataclass(frozen=True, eq=False)
class DenseGrowth:
    """Growth with every entry of every factor drawn.

    The factors multiply the ``column`` (n, 1), or the identity where it is None.
    """

    schedule: Schedule
    ensemble: Ensemble
    norm: str
    column: NDArray[Any] | None

    @property
    def columns(self) -> int:
        return self.schedule.columns

    @property
    def uses_blas(self) -> bool:
        return self.ensemble.n > self._most_rows

    @property
    def _width(self) -> int:
        return self.ensemble.n if self.column is None else 1

    @property
    def _most_rows(self) -> int:
        return _MOST_ROWS_OF_VECTORS if self.norm == "vector" else _MOST_ROWS_OF_MATRICES

    @property
    def _parts(self) -> int:
        return 2 if self.ensemble.dtype is complex else 1

    @property
    def _trial_cost(self) -> float:
        n, m = self.ensemble.n, self._width
        factor = n * n * self._parts * (_DRAW_COST + m * self._parts * _MULTIPLY_COST)
        return factor * self.schedule.depth + _recording_cost(self.schedule, self.norm, n)

    @property
    def _lanes(self) -> int:
        return _lanes(self.ensemble.n, self._most_rows, self._parts, self._trial_cost)

    @property
    def chunk(self) -> int:
        return self.schedule.chunk(self._lanes, self._trial_cost)

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        stream, lanes = Stream(seed), self._lanes
        n, m = self.ensemble.n, self._width
        beginning = np.eye(n) if self.column is None else self.column
        numbers = n * n * lanes * self._parts
        most = min(max(1, _BLOCK_NUMBERS // numbers), self.schedule.depth)
        batch = self.ensemble.workspace(most, lanes)
        products = np.empty((2, n, m, lanes), self.ensemble.dtype)
        squares = np.empty((most + 1, lanes))
        exponents = np.empty((most + 1, lanes), dtype=np.int64)
        multiply = chain.multiply_wide_chain if self.uses_blas else chain.multiply_chain
        out = np.empty((trials, self.schedule.recorded.size))
        for first in range(0, trials, lanes):
            rows = out[first : first + lanes]
            products[0] = beginning[:, :, None]
            exponents[0] = 0
            draw = self.ensemble.sequence(lanes)
            for steps, columns, recorded in self.schedule.blocks(most, cut=self.norm == "spectral"):
                check_interrupt()
                draw(stream, batch[:steps])
                multiply(batch[:steps], products, squares[: steps + 1], exponents[: steps + 1])
                if steps % 2 == 1:
                    products[0] = products[1]
                if recorded:
                    logs = _log_norms(
                        self.norm, products[0], squares[recorded], exponents[recorded]
                    )
                    rows[:, columns] = logs.T[: len(rows)]
                exponents[0] = exponents[steps]
        return self.schedule.rows(out)


@dataclass(frozen=True, eq=False)
class DeterminantGrowth:
    """Growth of the determinant, with every entry of every factor drawn."""

    schedule: Schedule
    ensemble: Ensemble
    uses_blas: bool = False

    @property
    def columns(self) -> int:
        return self.schedule.columns

    @property
    def _trial_cost(self) -> float:
        n = self.ensemble.n
        return (n * n * _DRAW_COST + n**3 * _MULTIPLY_COST + 10.0 * n) * self.schedule.depth

    @property
    def _lanes(self) -> int:
        return _lanes(self.ensemble.n, _MOST_ROWS_OF_MATRICES, 1, self._trial_cost)

    @property
    def chunk(self) -> int:
        return self.schedule.chunk(self._lanes, self._trial_cost)

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        stream, lanes, n = Stream(seed), self._lanes, self.ensemble.n
        most = min(max(1, _BLOCK_NUMBERS // (n * n * lanes)), self.schedule.depth)
        batch = self.ensemble.workspace(most, lanes)
        logs = np.empty((most + 1, lanes))
        out = np.empty((trials, self.schedule.recorded.size))
        for first in range(0, trials, lanes):
            rows = out[first : first + lanes]
            logs[0] = 0.0
            draw = self.ensemble.sequence(lanes)
            for steps, columns, recorded in self.schedule.blocks(most):
                check_interrupt()
                draw(stream, batch[:steps])
                determinant.log_absolute_determinants(batch[:steps], logs[1 : steps + 1])
                totals = np.cumsum(logs[: steps + 1], axis=0)
                rows[:, columns] = totals[recorded].T[: len(rows)]
                logs[0] = totals[steps]
        return self.schedule.rows(out)


def _recording_cost(schedule: Schedule, norm: str, n: int) -> float:
    return 10.0 * n**3 * schedule.recorded.size if norm == "spectral" else 0.0
