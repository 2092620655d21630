r"""What a run keeps of its trials: all of them, or moments and histograms of bounded size.

Both kinds answer the same questions, column by column. An entry of ``-inf`` is a trial that has
vanished: it is counted, it takes part in quantiles, and the moments are those of the others.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any, Protocol

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

    def packed(self) -> NDArray[np.float64]:
        """Return all that is kept as one row of numbers, from which `unpacked` makes it again."""


def unpacked(numbers: NDArray[np.float64], columns: int, *, samples: bool) -> Statistics:
    """Return the statistics of these numbers of columns that have been packed.

    Raises
    ------
    ValueError
        If the numbers are no statistics of so many columns.
    """
    if not samples:
        return StreamedStatistics.unpacked(numbers, columns)
    if numbers.size == 0 or numbers.size % columns > 0:
        raise ValueError(f"got {numbers.size} numbers for rows of {columns}")
    return SampleStatistics(numbers.reshape(-1, columns))


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
        moments = _Moments(samples)
        self.trials = samples.shape[0]
        self.vanished, self.mean, self.std = moments.vanished, moments.mean, moments.std

    def packed(self) -> NDArray[np.float64]:
        """Return the trials, one after the other."""
        return self.samples.reshape(-1)

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        """Return the quantiles ``q`` of every column."""
        # Interpolating from -inf would be NaN, so there the lower neighbour stands alone.
        levels = np.asarray(q, dtype=np.float64)
        below = np.quantile(self.samples, levels.ravel(), axis=0, method="lower")
        between = np.quantile(np.maximum(self.samples, -1e300), levels.ravel(), axis=0)
        rows = np.where(np.isfinite(below), between, below)
        return rows.reshape(*levels.shape, self.samples.shape[1])


class StreamedStatistics:
    """Moments and histograms of blocks of trials that are not kept."""

    #: What a longer run goes on from where the last chunk is not whole: the statistics without it.
    of_whole_chunks: StreamedStatistics | None = None

    def __init__(self, block: NDArray[np.float64]) -> None:
        self.moments = _Moments(block)
        self.histograms = [_Histogram(column) for column in block.T]

    @classmethod
    def unpacked(cls, numbers: NDArray[np.float64], columns: int) -> StreamedStatistics:
        """Return the statistics of these numbers of columns that have been packed."""
        made = cls.__new__(cls)
        reader = _Reader(numbers)
        made.moments = _Moments.unpacked(reader, columns)
        made.histograms = [_Histogram.unpacked(reader) for _ in range(columns)]
        reader.close()
        return made

    def packed(self) -> NDArray[np.float64]:
        """Return the moments and then the histograms as one row of numbers."""
        parts = [self.moments.packed(), *(histogram.packed() for histogram in self.histograms)]
        return np.concatenate(parts)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what travels: the bins that are filled, since most are empty in few trials."""
        made = StreamedStatistics.unpacked, (self.packed(), self.moments.center.size)
        return made if self.of_whole_chunks is None else (*made, vars(self))

    def copy(self) -> StreamedStatistics:
        """Return statistics that later merges leave as they are."""
        return copy.deepcopy(self)

    def merge(self, later: StreamedStatistics) -> None:
        """Take in the trials of another block."""
        self.moments.merge(later.moments)
        for mine, other in zip(self.histograms, later.histograms, strict=True):
            mine.merge(other)

    @property
    def trials(self) -> int:
        """The number of trials."""
        return self.moments.trials

    @property
    def vanished(self) -> NDArray[np.int64]:
        """The number of trials at ``-inf``."""
        return self.moments.vanished

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean of the trials that have not vanished, ``-inf`` where none is left."""
        return self.moments.mean

    @property
    def std(self) -> NDArray[np.float64]:
        """Their standard deviation."""
        return self.moments.std

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        """Return the quantiles ``q`` of every column, interpolated within a bin.

        A bin is at most 1/2048 of the range of the column, or 2^-40 of its largest magnitude.
        """
        levels = np.asarray(q, dtype=np.float64)
        columns = [histogram.quantile(levels) for histogram in self.histograms]
        return np.stack(columns, axis=-1)


class _Reader:
    """Numbers that are read one after the other, and that must be what was written."""

    def __init__(self, numbers: NDArray[np.float64]) -> None:
        self._numbers, self._read = numbers, 0

    def array(self, size: int) -> NDArray[np.float64]:
        start, self._read = self._read, self._read + size
        if size < 0 or self._read > self._numbers.size:
            raise ValueError(f"got {self._numbers.size} numbers, which end too early")
        return self._numbers[start : self._read].copy()

    def integers(self, size: int) -> NDArray[np.int64]:
        values = self.array(size)
        if not (np.abs(values) <= 2.0**53).all():
            raise ValueError(f"got {values.tolist()} for integers")
        return values.astype(np.int64)

    def close(self) -> None:
        if self._read != self._numbers.size:
            raise ValueError(f"got {self._numbers.size} numbers, {self._read} were expected")


class _Moments:
    """Means and variances of blocks of trials, merged one by one :cite:p:`Chan1983`."""

    def __init__(self, block: NDArray[np.float64]) -> None:
        self.trials = int(block.shape[0])
        self.vanished = np.empty(block.shape[1], dtype=np.int64)
        self.center = np.zeros(block.shape[1])
        self.squares = np.zeros(block.shape[1])
        for column, values in enumerate(block.T):
            alive = values[values > -math.inf]
            self.vanished[column] = self.trials - alive.size
            if alive.size > 0:
                # Sums beyond a reference lose no digits, and none at all for equal trials.
                beyond = alive - alive[0]
                mean = beyond.mean()
                self.center[column] = alive[0] + mean
                self.squares[column] = np.square(beyond - mean).sum()

    @classmethod
    def unpacked(cls, reader: _Reader, columns: int) -> _Moments:
        made = cls.__new__(cls)
        (made.trials,) = reader.integers(1).tolist()
        made.vanished = reader.integers(columns)
        made.center, made.squares = reader.array(columns), reader.array(columns)
        return made

    def packed(self) -> NDArray[np.float64]:
        return np.concatenate([[self.trials], self.vanished, self.center, self.squares])

    def merge(self, later: _Moments) -> None:
        before, here = self.trials - self.vanished, later.trials - later.vanished
        share = here / np.maximum(before + here, 1)
        step = later.center - self.center
        self.center = self.center + step * share
        self.squares = self.squares + later.squares + step * step * before * share
        self.trials += later.trials
        self.vanished = self.vanished + later.vanished

    @property
    def mean(self) -> NDArray[np.float64]:
        return np.where(self.vanished < self.trials, self.center, -math.inf)

    @property
    def std(self) -> NDArray[np.float64]:
        left = self.trials - self.vanished
        return np.sqrt(self.squares / np.maximum(left - 1, 1))


class _Histogram:
    """Counts in bins of a width that is a power of two and doubles when the range outgrows them.

    Bin edges are multiples of the width, so two old bins make one new bin exactly, and the counts
    depend neither on the order nor on the grouping of what came in.
    """

    def __init__(self, values: NDArray[np.float64]) -> None:
        alive = values[values > -math.inf]
        self.vanished = values.size - alive.size
        self.least, self.most = math.inf, -math.inf
        self.exponent = self.first = 0
        self.counts = np.zeros(0, dtype=np.int64)
        if alive.size > 0:
            self.least, self.most = float(alive.min()), float(alive.max())
            self.exponent = _bin_exponent(self.least, self.most)
            self.first = math.floor(math.ldexp(self.least, -self.exponent))
            bins = np.floor(np.ldexp(alive, -self.exponent)).astype(np.int64)
            self.counts = np.bincount(bins - self.first)

    @classmethod
    def unpacked(cls, reader: _Reader) -> _Histogram:
        made = cls.__new__(cls)
        made.least, made.most = reader.array(2).tolist()
        made.vanished, made.exponent, made.first, size, filled = reader.integers(5).tolist()
        if not 0 <= filled <= size <= MOST_BINS:
            raise ValueError(f"got {filled} filled of {size} bins")
        bins, counts = reader.integers(filled), reader.integers(filled)
        if filled > 0 and not 0 <= bins.min() <= bins.max() < size:
            raise ValueError(f"got the bins {bins.min()} to {bins.max()} of {size}")
        made.counts = np.zeros(size, dtype=np.int64)
        made.counts[bins] = counts
        return made

    def packed(self) -> NDArray[np.float64]:
        # Few trials fill few of the bins.
        bins = np.flatnonzero(self.counts)
        whole = [self.vanished, self.exponent, self.first, self.counts.size, bins.size]
        return np.concatenate([[self.least, self.most], whole, bins, self.counts[bins]])

    def merge(self, later: _Histogram) -> None:
        self.vanished += later.vanished
        if later.counts.size == 0:
            return
        parts = [part for part in (self, later) if part.counts.size > 0]
        least, most = min(self.least, later.least), max(self.most, later.most)
        exponent = _bin_exponent(least, most)
        first = math.floor(math.ldexp(least, -exponent))
        size = math.floor(math.ldexp(most, -exponent)) - first + 1
        counts = np.zeros(size, dtype=np.int64)
        for part in parts:
            old = part.first + np.arange(part.counts.size)
            new = (old >> (exponent - part.exponent)) - first
            # Sums of float64, which are exact up to 2^53.
            counts += np.bincount(new, part.counts, size).astype(np.int64)
        self.least, self.most = least, most
        self.exponent, self.first, self.counts = exponent, first, counts

    def quantile(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        total = int(self.counts.sum()) + self.vanished
        if self.counts.size == 0:
            return np.full(levels.shape, -math.inf)
        edges = np.ldexp(
            (self.first + np.arange(self.counts.size + 1)).astype(np.float64), self.exponent
        )
        below = self.vanished + np.concatenate([[0], np.cumsum(self.counts)])
        # Half a trial on either side, so that level 1/2 of one trial is that trial.
        rank = np.clip(levels * total, 0.5, total - 0.5)
        inside = np.clip(np.interp(rank, below, edges), self.least, self.most)
        return np.where(rank < self.vanished, -math.inf, inside)


def _bin_exponent(least: float, most: float) -> int:
    """Return the smallest exponent whose bins, at most ``MOST_BINS``, cover the range."""
    magnitude = max(abs(least), abs(most))
    # A column of zeros has the exponent of the least number, so that any other is coarser.
    finest = (math.frexp(magnitude)[1] if magnitude > 0.0 else -1073) - _FINEST
    spread = most - least
    exponent = max(finest, math.frexp(spread / MOST_BINS)[1] if spread > 0.0 else finest)
    while math.floor(math.ldexp(most, -exponent)) - math.floor(math.ldexp(least, -exponent)) >= (
        MOST_BINS
    ):
        exponent += 1
    return exponent
