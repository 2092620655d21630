"""The samplers of the singular values of products: what one chunk of trials does.

A trial is the logarithms of the singular values, descending, and that of the ratio of the least to
the largest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stabsim._kernels import graded_products
from stabsim._random import Stream, child

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from stabsim._kernels.factors import Numbers
    from stabsim.ensembles import Ensemble, Ginibre

# In nanoseconds, what a chunk and a call of a kernel should cost at the most. The costs are rough:
# they set sizes, which are part of the stream, and nothing else.
_CHUNK_COST = 20e6
_CALL_COST = 250e6
_DRAW_COST = 2.0
# For every row, and every multiplication, of a triangular factor that is drawn, of one that is
# decomposed, and of the frame that turns a factor; and of the rotations that end a trial.
_TRIANGLE_COSTS = (150.0, 0.25)
_FACTOR_COSTS = (250.0, 0.7)
_FRAME_COSTS = (150.0, 0.8)
_ROTATION_COST = 4.0
# Numbers that a chunk, a batch of factors, and the factors of a step should hold at the most.
_CHUNK_NUMBERS = 1 << 18
_BLOCK_NUMBERS = 1 << 16
_LANES_NUMBERS = 1 << 17
# Trials whose factors are drawn together.
_MOST_LANES = 32


def _rows_with_ratio(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio = np.full(len(logs), -math.inf)
    np.subtract(logs[:, -1], logs[:, 0], out=ratio, where=logs[:, -1] > -math.inf)
    return np.column_stack([logs, ratio])


@dataclass(frozen=True, eq=False)
class IsometrySingularValues:
    """Singular values of multiples of isometries, which are all the same."""

    n: int
    logarithm: float
    uses_blas: bool = False

    @property
    def columns(self) -> int:
        return self.n + 1

    @property
    def chunk(self) -> int:
        return max(1, _CHUNK_NUMBERS // self.columns)

    def __call__(
        self,
        seed: np.random.SeedSequence,  # noqa: ARG002
        trials: int,
        check_interrupt: Callable[[], None],  # noqa: ARG002
    ) -> NDArray[np.float64]:
        return _rows_with_ratio(np.full((trials, self.n), self.logarithm))


@dataclass(frozen=True, eq=False)
class TriangularSingularValues:
    """Singular values of Ginibre products by independent triangular factors."""

    ensemble: Ginibre
    depth: int
    uses_blas: bool = False

    @property
    def columns(self) -> int:
        return self.ensemble.n + 1

    @property
    def _size(self) -> int:
        return self.ensemble.n * self.ensemble.parts

    @property
    def _step_cost(self) -> float:
        row, multiplication = _TRIANGLE_COSTS
        return row * self._size + multiplication * float(self._size) ** 3

    @property
    def _trial_cost(self) -> float:
        return self._step_cost * self.depth + _ROTATION_COST * float(self._size) ** 3

    @property
    def chunk(self) -> int:
        return _chunk(1, self._trial_cost, self.columns)

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        stream, size, parts = Stream(seed), self._size, self.ensemble.parts
        steps = max(1, int(_CALL_COST / self._step_cost))
        # Either a call takes all steps of some trials, or some steps of one.
        together = max(1, int(min(_CALL_COST / self._trial_cost, _BLOCK_NUMBERS / size**2)))
        out = np.empty((trials, self.ensemble.n))
        for first in range(0, trials, together):
            rows = out[first : first + together]
            products = _unit_matrices(len(rows), size)
            exponents = np.zeros((len(rows), size), dtype=np.int64)
            for start in range(0, self.depth, steps):
                check_interrupt()
                graded_products.multiply_gaussian_triangles(
                    stream.words, min(steps, self.depth - start), parts, products, exponents
                )
            check_interrupt()
            ranks = np.full(len(rows), size)
            graded_products.fill_log_singular_values(products, exponents, ranks, rows)
        out += self.depth * math.log(self.ensemble.part_sigma)
        return _rows_with_ratio(out)


@dataclass(frozen=True, eq=False)
class DenseSingularValues:
    """Singular values of products with every entry of every factor drawn.

    With ``rotate`` the factors are decomposed in the frame that those before them left. Without,
    each is decomposed on its own, which has the same law if the factors are independent and
    invariant under rotations. With ``rounded`` singular factors are so to rounding only.
    """

    ensemble: Ensemble
    depth: int
    rotate: bool
    rounded: bool = False
    uses_blas: bool = False

    @property
    def columns(self) -> int:
        return self.ensemble.n + 1

    @property
    def _size(self) -> int:
        return self.ensemble.n * (2 if self.ensemble.dtype is complex else 1)

    @property
    def _step_cost(self) -> float:
        cost = _DRAW_COST * float(self._size) ** 2
        for row, multiplication in (_FACTOR_COSTS, _FRAME_COSTS)[: 1 + self.rotate]:
            cost += row * self._size + multiplication * float(self._size) ** 3
        return cost

    @property
    def _trial_cost(self) -> float:
        return self._step_cost * self.depth + _ROTATION_COST * float(self._size) ** 3

    @property
    def _lanes(self) -> int:
        lanes = _MOST_LANES
        while lanes > 1 and (
            lanes * self._size**2 > _LANES_NUMBERS or lanes * self._trial_cost > _CALL_COST
        ):
            lanes //= 2
        return lanes

    @property
    def chunk(self) -> int:
        return _chunk(self._lanes, self._trial_cost, self.columns)

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        # Custom factors come from a Generator, which does not notice what else a stream has drawn.
        stream, start = Stream(seed), Stream(child(seed, 0))
        size, lanes = self._size, self._lanes
        rounding = graded_products.ROUNDING_OF_EXACT
        if self.rounded:
            rounding = graded_products.ROUNDING_OF_ROUNDED
        numbers = min(_BLOCK_NUMBERS / size**2, _CALL_COST / self._step_cost)
        most = min(max(1, int(numbers / lanes)), self.depth)
        batch = self.ensemble.workspace(most, lanes)
        out = np.empty((trials, self.ensemble.n))
        for first in range(0, trials, lanes):
            rows = out[first : first + lanes]
            products = _unit_matrices(len(rows), size)
            exponents = np.zeros((len(rows), size), dtype=np.int64)
            frames = np.zeros((lanes, 2, size, size))
            orders = np.zeros((lanes, size), dtype=np.int64)
            states = np.tile([size, 0], (len(rows), 1))
            draw = self.ensemble.sequence(lanes)
            for done in range(0, self.depth, most):
                check_interrupt()
                drawn = batch[: min(most, self.depth - done)]
                draw(stream, drawn)
                factors = _as_real(drawn)
                if done == 0 and self.rotate:
                    graded_products.start_frames(start.words, factors, frames, orders)
                graded_products.multiply_factors(
                    factors, self.rotate, rounding, products, exponents, frames, orders, states
                )
            check_interrupt()
            graded_products.fill_log_singular_values(products, exponents, states[:, 0], rows)
        return _rows_with_ratio(out)


def _as_real(factors: Numbers) -> NDArray[np.float64]:
    """Return real factors (steps, n, n, lanes), or complex ones with a 2x2 block for an entry."""
    if factors.dtype.kind != "c":
        return factors.real
    steps, n, _, lanes = factors.shape
    real = np.empty((steps, 2 * n, 2 * n, lanes))
    real[:, 0::2, 0::2], real[:, 0::2, 1::2] = factors.real, -factors.imag
    real[:, 1::2, 0::2], real[:, 1::2, 1::2] = factors.imag, factors.real
    return real


def _unit_matrices(count: int, size: int) -> NDArray[np.float64]:
    return np.tile(np.eye(size), (count, 1, 1))


def _chunk(lanes: int, trial_cost: float, columns: int) -> int:
    """Return the trials of a chunk: whole groups of lanes, of about the same cost."""
    groups = min(_CHUNK_COST / (lanes * trial_cost), _CHUNK_NUMBERS / (lanes * columns))
    return lanes * max(1, int(groups))
