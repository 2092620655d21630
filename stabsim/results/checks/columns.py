"""The columns of trials that are checked, kept or streamed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stabsim._statistics import SampleStatistics, StreamedStatistics
from stabsim.results.checks.sample_tests import Distribution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stabsim._statistics import Statistics

    Floats = NDArray[np.float64]


class Quantity(NamedTuple):
    """What a column holds.

    ``logarithm`` tells whether it is that of a number that others would hold in a number format,
    and ``vital`` whether a result without it says nothing.
    """

    name: str
    logarithm: bool = True
    vital: bool = True


@dataclass(frozen=True, eq=False)
class Column:
    """One quantity of all trials, as the checks see it.

    Attributes
    ----------
    quantity : Quantity
        What it is.
    trials : int
        The number of trials, those that have vanished among them.
    living : Distribution
        The values of the others.
    ordered : float64 array or None
        The same values in the order of the trials, if it was kept.
    """

    quantity: Quantity
    trials: int
    living: Distribution
    ordered: Floats | None

    @property
    def name(self) -> str:
        """The name of the quantity."""
        return self.quantity.name

    @property
    def vanished(self) -> int:
        """The number of trials that have vanished."""
        return self.trials - self.living.size


def columns_of(statistics: Statistics, quantities: Sequence[Quantity]) -> list[Column]:
    """Return the columns of statistics, kept or streamed."""
    if isinstance(statistics, SampleStatistics):
        return columns_of_samples(statistics.samples, quantities)
    assert isinstance(statistics, StreamedStatistics)
    columns = []
    for quantity, histogram in zip(quantities, statistics.histograms, strict=True):
        (used,) = np.nonzero(histogram.counts)
        width = math.ldexp(1.0, histogram.exponent)
        middles = (histogram.first + used + 0.5) * width
        values = np.clip(middles, histogram.least, histogram.most)
        living = Distribution(values, histogram.counts[used], width)
        columns.append(Column(quantity, statistics.trials, living, None))
    return columns


def columns_of_samples(samples: Floats, quantities: Sequence[Quantity]) -> list[Column]:
    """Return the columns of an array (trials, columns); NaN and ``inf`` are left out."""
    columns = []
    for quantity, values in zip(quantities, samples.T, strict=True):
        ordered = values[np.isfinite(values)]
        trials = ordered.size + int(np.isneginf(values).sum())
        columns.append(Column(quantity, trials, Distribution.of(ordered), ordered))
    return columns
