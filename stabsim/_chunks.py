"""The chunks of a run, where finished ones are kept, and what they are reduced to, in order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim._statistics import SampleStatistics, StreamedStatistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stabsim._checkpoints import Checkpoint
    from stabsim._montecarlo import Task
    from stabsim._statistics import Statistics

# How long finished chunks are kept one by one before they are kept as what they are reduced to.
_SECONDS_UNREDUCED = 1.0


class Chunks:
    """The chunks of a run: how many trials each has, and where those that are finished are kept."""

    def __init__(
        self, task: Task, trials: int, samples: bool, checkpoint: Checkpoint | None, part: str
    ) -> None:
        self.task, self.trials, self._samples = task, trials, samples
        self._checkpoint, self._part = checkpoint, part
        self.number = -(-trials // task.chunk)
        #: Chunks of all the trials that a chunk can have.
        self.whole = trials // task.chunk

    def trials_of(self, index: int) -> int:
        """Return the trials of a chunk."""
        return min(self.task.chunk, self.trials - index * self.task.chunk)

    def kept(self) -> frozenset[int]:
        """Return which chunks have been kept, before it is seen whether they can be used."""
        if self._checkpoint is None:
            return frozenset()
        places = self._checkpoint.places(self._part)
        return frozenset(place for place in places if 0 <= place < self.number)

    def load(self, index: int) -> Any:
        """Return a chunk that has been kept, or None."""
        kept = self._checkpoint.load(self._part, index) if self._checkpoint is not None else None
        wanted = self.trials_of(index)
        if kept is None or kept[0] < wanted or (kept[0] > wanted and not self._samples):
            return None
        if self._samples:
            # The first trials of a chunk are the same for every number of them.
            return kept[1].reshape(kept[0], self.task.columns)[:wanted]
        return StreamedStatistics.unpacked(kept[1], self.task.columns)

    def save(self, index: int, block: Any) -> None:
        """Keep a chunk."""
        if self._checkpoint is not None:
            numbers = block if self._samples else block.packed()
            self._checkpoint.save(self._part, index, self.trials_of(index), numbers)

    def load_reduced(self) -> StreamedStatistics | None:
        """Return what as many of the first chunks as possible are reduced to, if that was kept."""
        if self._checkpoint is None:
            return None
        # Of more trials than are asked for there is no way back.
        least = _place_of_reduced(self.whole)
        for place in sorted(self._checkpoint.places(self._part)):
            if not least <= place < _place_of_reduced(0):
                continue
            kept = self._checkpoint.load(self._part, place)
            if kept is not None:
                return StreamedStatistics.unpacked(kept[1], self.task.columns)
        return None

    def save_reduced(self, statistics: StreamedStatistics, since: int, replaced: int) -> None:
        """Keep what the first chunks are reduced to, instead of those since the last time.

        And instead of what the first ``replaced`` chunks are reduced to.
        """
        if self._checkpoint is not None:
            chunks = statistics.trials // self.task.chunk
            self._checkpoint.replace(
                self._part,
                [*range(since, chunks), _place_of_reduced(replaced)],
                _place_of_reduced(chunks),
                statistics.trials,
                statistics.packed(),
            )


def _place_of_reduced(chunks: int) -> int:
    """Return where it is kept what so many chunks are reduced to: before the chunks themselves."""
    return -1 - chunks


class Samples:
    """The trials themselves, one chunk after the other."""

    def __init__(self, chunks: Chunks, before: Statistics | None) -> None:
        self._rows = np.empty((chunks.trials, chunks.task.columns))
        #: Chunks that are known already.
        self.done = 0
        if isinstance(before, SampleStatistics):
            self.done = before.trials // chunks.task.chunk
        self._filled = self.done * chunks.task.chunk
        if isinstance(before, SampleStatistics):
            self._rows[: self._filled] = before.samples[: self._filled]

    def add(self, block: NDArray[np.float64]) -> None:
        """Take in the next chunk."""
        self._rows[self._filled : self._filled + len(block)] = block
        self._filled += len(block)

    def finished(self) -> SampleStatistics:
        """Return all trials."""
        return SampleStatistics(self._rows)


class Streams:
    """Moments and histograms of the chunks so far."""

    def __init__(self, chunks: Chunks, before: Statistics | None) -> None:
        self._chunks = chunks
        self._whole: StreamedStatistics | None = None
        self._last: StreamedStatistics | None = None
        #: Chunks that are known already.
        self.done = 0
        if isinstance(before, StreamedStatistics):
            rest = before.trials % chunks.task.chunk
            self._begin(before.of_whole_chunks if rest else before)
        kept = chunks.load_reduced()
        if kept is not None and kept.trials > self.done * chunks.task.chunk:
            self._begin(kept)
        #: Chunks whose reduction has been kept, and those for which it is to be replaced.
        self._kept, self._replaced = self.done, 0
        self._time = time.monotonic()

    def _begin(self, whole: StreamedStatistics | None) -> None:
        if whole is not None:
            self._whole = whole.copy()
            self.done = whole.trials // self._chunks.task.chunk

    def add(self, block: StreamedStatistics) -> None:
        """Take in the next chunk."""
        if self.done == self._chunks.whole:
            self._last = block
            return
        if self._whole is None:
            self._whole = block
        else:
            self._whole.merge(block)
        self.done += 1
        if time.monotonic() - self._time > _SECONDS_UNREDUCED:
            self._keep()

    def finished(self) -> StreamedStatistics:
        """Return the moments and histograms of all trials."""
        self._keep()
        if self._last is None:
            assert self._whole is not None
            return self._whole
        if self._whole is None:
            return self._last
        total = self._whole.copy()
        total.merge(self._last)
        total.of_whole_chunks = self._whole
        return total

    def _keep(self) -> None:
        """Keep what the chunks are reduced to, so that they need not be kept themselves."""
        # What a run ends with stays: another one may be shorter, or the next round of this one.
        if self._whole is not None and self.done > self._kept:
            self._chunks.save_reduced(self._whole, self._kept, self._replaced)
            self._kept = self._replaced = self.done
            self._time = time.monotonic()
