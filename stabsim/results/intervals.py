"""Confidence intervals of means and of quantiles, from arrays."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim import _validation as validation

if TYPE_CHECKING:
    from numpy.typing import NDArray


def validated_level(level: Any) -> float:
    """Return the probability that an interval is to hold the true value."""
    number = validation.real("level", level, above=0.0)
    if number > 1.0 - 1e-12:
        raise ValueError(f"level must be a probability below 1, got {validation.described(level)}")
    return number


def mean_interval(mean: float, error: float, count: int, level: float) -> tuple[float, float]:
    """Return the interval of a mean of ``count`` values, by Student's distribution.

    Its standard error is infinite for a single value, and 0 where there is nothing to be unsure of.
    """
    from scipy.special import stdtrit

    if not 0.0 < error < math.inf:
        return mean - error, mean + error
    reach = float(stdtrit(count - 1, 0.5 + 0.5 * level)) * error
    return mean - reach, mean + reach


def quantile_interval(
    samples: NDArray[np.float64], levels: NDArray[np.float64], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return intervals of the quantiles ``levels`` of every column, between order statistics.

    Either end misses the quantile with half of the probability that ``level`` leaves. Both have the
    shape ``(*levels.shape, columns)``.
    """
    ascending = np.sort(samples, axis=0)
    half = 0.5 * (1.0 - level)
    low = np.array([_lower_end(ascending, float(p), half) for p in levels.ravel()])
    # The upper end is the lower one of the mirrored samples.
    mirrored = -ascending[::-1]
    high = -np.array([_lower_end(mirrored, 1.0 - float(p), half) for p in levels.ravel()])
    shape = (*levels.shape, samples.shape[1])
    return low.reshape(shape), high.reshape(shape)


def _lower_end(ascending: NDArray[np.float64], p: float, half: float) -> NDArray[np.float64]:
    """Return what exceeds the quantile p of every column with the probability ``half``.

    The order statistic r exceeds it where fewer than r samples are below, a binomial probability:
    at most ``half`` for one r, more for the next. The samples next to the quantile on either side
    are at nearly exponential distances from it, which says how far to go from one to the other.
    """
    from scipy.special import bdtr

    count = len(ascending)
    r = bisect_right(range(count), half, key=lambda k: float(bdtr(k, count, p)))
    if r == 0:
        return np.full(ascending.shape[1], -math.inf)
    here = np.asarray(ascending[r - 1])
    if r == count:
        return here
    reached, passed = (float(bdtr(k, count, p)) for k in (r - 1, r))
    share = (half - reached) / (passed - reached)
    left, right = r * (1.0 - p) * (1.0 - share), (count - r) * p * share
    following = ascending[r]
    # A vanished trial is at no distance, so the outer one of such a pair stands alone.
    between = np.isfinite(here) & np.isfinite(following)
    step = np.subtract(following, here, out=np.zeros_like(here), where=between)
    return np.asarray(here + right / (left + right) * step)
