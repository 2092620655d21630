r"""What a run keeps of its trials: all of them, or moments and histograms of bounded size.

Both kinds answer the same questions, column by column. An entry of ``-inf`` is a trial that has
vanished: it is counted, it takes part in quantiles, and the moments are those of the others.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Bins that a streamed histogram uses at the most.
MOST_BINS = 8192
#: Binary digits of a column's magnitude that the finest bin resolves.
_FINEST = 40


class Statistics(Protocol):
    """What can be asked of the trials, for every column."""

    @property
    def trials(self) -> int:
        """The number of trials."""

    @property
    def vanished(self) -> NDArray[np.int64]:
        """The number of trials at ``-inf``."""

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean of the trials that have not vanished, ``-inf`` where none is left."""

    @property
    def std(self) -> NDArray[np.float64]:
        """Their standard deviation."""

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        """Return the quantiles ``q`` of all trials, of shape ``(*q.shape, columns)``."""


def standard_error(statistics: Statistics) -> NDArray[np.float64]:
    """Return the standard error of the mean of every column.

    A single trial says nothing of its error, which is infinite then; where all trials have
    vanished the mean is ``-inf`` without error.
    """
    left = statistics.trials - statistics.vanished
    error = statistics.std / np.sqrt(np.maximum(left, 1))
    return np.where(left == 1, math.inf, error)


class SampleStatistics:
    """All trials, as an array (trials, columns)."""

    def __init__(self, samples: NDArray[np.float64]) -> None:
        self.samples = samples
        moments = _Moments(samples.shape[1])
        moments.add(samples)
        self.trials = samples.shape[0]
        self.vanished, self.mean, self.std = moments.vanished, moments.mean, moments.std

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        """Return the quantiles ``q`` of every column."""
        # Interpolating from -inf would be NaN, so there the lower neighbour stands alone.
        levels = np.asarray(q, dtype=np.float64)
        below = np.quantile(self.samples, levels, axis=0, method="lower")
        between = np.quantile(np.maximum(self.samples, -1e300), levels, axis=0)
        return np.where(np.isfinite(below), between, below)


class StreamedStatistics:
    """Moments and histograms of trials that come in blocks and are not kept."""

    def __init__(self, columns: int) -> None:
        self._moments = _Moments(columns)
        self._histograms = [_Histogram() for _ in range(columns)]

    def add(self, block: NDArray[np.float64]) -> None:
        """Take in a block (trials, columns)."""
        self._moments.add(block)
        for histogram, column in zip(self._histograms, block.T, strict=True):
            histogram.add(column)

    @property
    def trials(self) -> int:
        """The number of trials."""
        return self._moments.trials

    @property
    def vanished(self) -> NDArray[np.int64]:
        """The number of trials at ``-inf``."""
        return self._moments.vanished

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean of the trials that have not vanished, ``-inf`` where none is left."""
        return self._moments.mean

    @property
    def std(self) -> NDArray[np.float64]:
        """Their standard deviation."""
        return self._moments.std

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        """Return the quantiles ``q`` of every column, interpolated within a bin.

        A bin is at most 1/2048 of the range of the column.
        """
        levels = np.asarray(q, dtype=np.float64)
        columns = [histogram.quantile(levels) for histogram in self._histograms]
        return np.stack(columns, axis=-1)


class _Moments:
    """Means and variances, updated block by block :cite:p:`Chan1983`."""

    def __init__(self, columns: int) -> None:
        self.trials = 0
        self.vanished = np.zeros(columns, dtype=np.int64)
        self._mean = np.zeros(columns)
        self._squares = np.zeros(columns)

    def add(self, block: NDArray[np.float64]) -> None:
        alive = block > -math.inf
        here = np.count_nonzero(alive, axis=0)
        before = self.trials - self.vanished
        # Sums of what is left beyond a reference lose no digits, and none at all for equal trials.
        reference = self._mean if self.trials else np.where(alive[0], block[0], 0.0)
        beyond = np.where(alive, block - reference, 0.0)
        mean = reference + beyond.sum(axis=0) / np.maximum(here, 1)
        deviations = np.where(alive, block - mean, 0.0)
        step = mean - self._mean
        share = here / np.maximum(before + here, 1)
        self._mean = self._mean + step * share
        self._squares = (
            self._squares + np.square(deviations).sum(axis=0) + step * step * before * share
        )
        self.trials += block.shape[0]
        self.vanished = self.vanished + (block.shape[0] - here)

    @property
    def mean(self) -> NDArray[np.float64]:
        return np.where(self.vanished < self.trials, self._mean, -math.inf)

    @property
    def std(self) -> NDArray[np.float64]:
        left = self.trials - self.vanished
        return np.sqrt(self._squares / np.maximum(left - 1, 1))


class _Histogram:
    """Counts in bins of a width that is a power of two and doubles when the range outgrows them.

    Bin edges are multiples of the width, so two old bins make one new bin exactly, and the counts
    depend neither on the order nor on the grouping of what came in.
    """

    def __init__(self) -> None:
        self._vanished = 0
        self._exponent: int | None = None
        self._first = 0
        self._counts = np.zeros(0, dtype=np.int64)
        self._least, self._most = math.inf, -math.inf

    def add(self, values: NDArray[np.float64]) -> None:
        alive = values[values > -math.inf]
        self._vanished += values.size - alive.size
        if alive.size == 0:
            return
        self._least = min(self._least, float(alive.min()))
        self._most = max(self._most, float(alive.max()))
        exponent = _bin_exponent(self._least, self._most)
        first = math.floor(math.ldexp(self._least, -exponent))
        last = math.floor(math.ldexp(self._most, -exponent))
        counts = np.zeros(last - first + 1, dtype=np.int64)
        if self._exponent is not None:
            old = (self._first + np.arange(self._counts.size)) >> (exponent - self._exponent)
            np.add.at(counts, old - first, self._counts)
        bins = np.floor(np.ldexp(alive, -exponent)).astype(np.int64)
        counts += np.bincount(bins - first, minlength=counts.size)
        self._exponent, self._first, self._counts = exponent, first, counts

    def quantile(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        total = int(self._counts.sum()) + self._vanished
        if self._exponent is None:
            return np.full(levels.shape, -math.inf)
        edges = np.ldexp(
            (self._first + np.arange(self._counts.size + 1)).astype(np.float64), self._exponent
        )
        below = self._vanished + np.concatenate([[0], np.cumsum(self._counts)])
        # Half a trial on either side, so that level 1/2 of one trial is that trial.
        rank = np.clip(levels * total, 0.5, total - 0.5)
        inside = np.clip(np.interp(rank, below, edges), self._least, self._most)
        return np.where(rank < self._vanished, -math.inf, inside)


def _bin_exponent(least: float, most: float) -> int:
    """Return the smallest exponent whose bins, at most ``MOST_BINS``, cover the range."""
    magnitude = max(abs(least), abs(most))
    finest = math.frexp(magnitude)[1] - _FINEST if magnitude > 0.0 else -_FINEST
    spread = most - least
    exponent = max(finest, math.frexp(spread / MOST_BINS)[1] if spread > 0.0 else finest)
    while math.floor(math.ldexp(most, -exponent)) - math.floor(math.ldexp(least, -exponent)) >= (
        MOST_BINS
    ):
        exponent += 1
    return exponent
