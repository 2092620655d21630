"""Tests of independent trials: what they tell themselves of how far to trust their mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: What rounding adds to numbers of the size of their mean.
ROUNDING = 1e-12
# Batches that a run is cut into, and the fewest trials of one.
_MOST_BATCHES = 20
_LEAST_BATCH = 8
# The fewest trials of which the shape of the law can be seen.
_LEAST_OF_A_SHAPE = 8
# The fewest trials of which a third tells a mean, and of which a tail tells an index.
_LEAST_OF_A_THIRD = 8
_LEAST_OF_A_TAIL = 20


@dataclass(frozen=True, eq=False)
class Distribution:
    """The values of a column without their order, or a histogram of them.

    Attributes
    ----------
    values : (B,) float64 array
        The values, ascending, or the middles of the bins that hold any.
    counts : (B,) int64 array
        How many trials have each value.
    width : float
        The width of a bin, 0 for values.
    """

    values: Floats
    counts: NDArray[np.int64]
    width: float

    @classmethod
    def of(cls, values: Floats) -> Distribution:
        """Return that of single values."""
        return cls(np.sort(values), np.ones(values.size, dtype=np.int64), 0.0)

    @cached_property
    def size(self) -> int:
        """The number of trials."""
        return int(self.counts.sum())

    @cached_property
    def mean(self) -> float:
        """Their mean."""
        if self.size == 0:
            return -math.inf
        # Sums beyond a reference lose no digits.
        beyond = self.values - self.values[0]
        return float(self.values[0] + self._sum(beyond) / self.size)

    @cached_property
    def reach(self) -> float:
        """The largest distance of a value from the mean."""
        return max(float(self.values[-1]) - self.mean, self.mean - float(self.values[0]))

    @cached_property
    def deviations(self) -> Floats:
        """The deviations of the values from the mean, in units of the largest."""
        return (self.values - self.mean) / self.reach

    @cached_property
    def moments(self) -> tuple[float, float, float]:
        """The means of the second to fourth powers of the deviations."""
        squares = self.deviations * self.deviations
        powers = (squares, squares * self.deviations, squares * squares)
        second, third, fourth = (self._sum(power) / self.size for power in powers)
        return second, third, fourth

    def _sum(self, values: Floats) -> float:
        return float((values * self.counts).sum())

    @property
    def varies(self) -> bool:
        """Whether the values differ by more than rounding."""
        return self.size > 1 and self.reach > ROUNDING * max(1.0, abs(self.mean))

    def upper_tail(self, size: int) -> Floats:
        """Return the ``size`` largest values, ascending; those of a bin are spread over it."""
        values, counts = self.values[-size:], self.counts[-size:]
        rank = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        inside = (rank + 0.5) / np.repeat(counts, counts) - 0.5
        return (np.repeat(values, counts) + self.width * inside)[-size:]

    @property
    def mirrored(self) -> Distribution:
        """The distribution of the negated values."""
        return Distribution(-self.values[::-1], self.counts[::-1], self.width)


def variance_of_variance(trials: Distribution) -> tuple[float, float]:
    r"""Return the relative variance of the squared standard error, and its p-value.

    It is :math:`\sum d^4 / (\sum d^2)^2 - 1/N` for N deviations d :cite:p:`Pederson1997`, about 2/N
    for a normal law. The standard error is off by half of its root, relatively. The p-value is the
    probability of such a kurtosis in normal trials :cite:p:`AnscombeGlynn1983`.
    """
    n, (second, _, fourth) = trials.size, trials.moments
    kurtosis = fourth / second**2
    value = (kurtosis - 1.0) / n
    if n < _LEAST_OF_A_SHAPE:
        return value, 1.0
    variance = 24.0 * n * (n - 2) * (n - 3) / ((n + 1.0) ** 2 * (n + 3) * (n + 5))
    x = (kurtosis - 3.0 * (n - 1) / (n + 1)) / math.sqrt(variance)
    skewness = 6.0 * (n * n - 5 * n + 2) / ((n + 7.0) * (n + 9))
    skewness *= math.sqrt(6.0 * (n + 3) * (n + 5) / (n * (n - 2.0) * (n - 3)))
    a = 6.0 + 8.0 / skewness * (2.0 / skewness + math.sqrt(1.0 + 4.0 / skewness**2))
    ratio = (1.0 - 2.0 / a) / max(1.0 + x * math.sqrt(2.0 / (a - 4.0)), 1e-300)
    z = (1.0 - 2.0 / (9.0 * a) - math.cbrt(ratio)) / math.sqrt(2.0 / (9.0 * a))
    return value, _normal_tail(z)


def coverage_lost(trials: Distribution) -> tuple[float, float]:
    r"""Return by how much skewness lowers the coverage of 95 % intervals, and its p-value.

    The Edgeworth expansion for Student's ratio loses
    :math:`\frac{\gamma^2}{9N} (z^5 + 2 z^3 - 3 z)\, \varphi(z)` with the skewness :math:`\gamma`
    and the normal quantile :math:`z = 1.96` :cite:p:`Sugden2000`, which is one point at
    :math:`N \approx 25 \gamma^2`, Cochran's rule. The p-value is the probability of such a
    skewness in normal trials :cite:p:`DAgostino1970`.
    """
    n, (second, third, _) = trials.size, trials.moments
    skewness = third / second**1.5
    z = 1.959963984540054
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    lost = skewness**2 / (9.0 * n) * (z**5 + 2.0 * z**3 - 3.0 * z) * density
    if n < _LEAST_OF_A_SHAPE:
        return lost, 1.0
    y = abs(skewness) * math.sqrt((n + 1.0) * (n + 3) / (6.0 * (n - 2)))
    kurtosis = 3.0 * (n * n + 27 * n - 70) * (n + 1) * (n + 3)
    kurtosis /= (n - 2.0) * (n + 5) * (n + 7) * (n + 9)
    w = math.sqrt(2.0 * (kurtosis - 1.0)) - 1.0
    return lost, 2.0 * _normal_tail(
        math.asinh(y * math.sqrt(0.5 * (w - 1.0))) / math.sqrt(0.5 * math.log(w))
    )


def _normal_tail(z: float) -> float:
    """Return the probability that a normal variable exceeds z."""
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def largest_share(trials: Distribution) -> tuple[float, float]:
    """Return the share of the most distant trial in the sum of squares, and its p-value.

    That is the probability of such a share in normal trials, by Grubbs's test
    :cite:p:`Grubbs1969`. The root of the share is how many standard errors this trial moves the
    mean.
    """
    from scipy.special import stdtr

    n = trials.size
    share = 1.0 / (n * trials.moments[0])
    left = n - 1.0 - n * share
    if n < 3 or left <= 0.0:
        return share, 1.0 if n < 3 else 0.0
    t = math.sqrt(n * (n - 2.0) * share / left)
    return share, min(1.0, 2.0 * n * float(stdtr(n - 2, -t)))


def carriers_of_half(trials: Distribution) -> int:
    """Return how few trials carry half of the sum of squares: 12 % of them in a normal sample."""
    squares = np.square(trials.deviations)
    order = np.argsort(-squares, kind="stable")
    carried = np.cumsum(squares[order] * trials.counts[order])
    last = int(np.searchsorted(carried, 0.5 * carried[-1]))
    before = carried[last - 1] if last > 0 else 0.0
    needed = math.ceil((0.5 * carried[-1] - before) / squares[order[last]])
    return int(trials.counts[order[:last]].sum()) + int(needed)


class Tail(NamedTuple):
    """The index k of a Pareto tail, and how many values it is estimated from."""

    k: float
    size: int

    @property
    def error(self) -> float:
        """The standard error of the index."""
        return (1.0 + max(self.k, 0.0)) / math.sqrt(self.size)

    def excess(self, k: float) -> float:
        """Return by how many standard errors the index is beyond k, if that is the true one."""
        return (self.k - k) / (1.0 + k) * math.sqrt(self.size)


def tail_index(trials: Distribution) -> Tail | None:
    r"""Return the index of the upper tail, or None where it has too few values.

    Values beyond x are as rare as :math:`x^{-1/k}`, so that moments below the order 1/k exist. The
    least of a fifth of the N trials and :math:`3 \sqrt N` of them, the largest, go into the
    estimate of a generalized Pareto law by the method of :cite:t:`ZhangStephens2009`, as in
    :cite:t:`Vehtari2024`. It is about as good as maximum likelihood, whose standard error is
    :math:`(1 + k)/\sqrt M` for M values.
    """
    size = int(min(0.2 * trials.size, 3.0 * math.sqrt(trials.size)))
    if size < _LEAST_OF_A_TAIL:
        return None
    threshold, *_ = largest = trials.upper_tail(size + 1)
    beyond = largest[1:] - threshold
    beyond = beyond[beyond > 0.0]
    # A bounded law may have an atom at its end, and discrete laws little else.
    if beyond.size < _LEAST_OF_A_TAIL or np.unique(beyond).size < _LEAST_OF_A_TAIL:
        return None
    return Tail(_pareto_index(beyond), beyond.size)


def _pareto_index(beyond: Floats) -> float:
    """Return the index of a generalized Pareto law, a posterior mean on a grid."""
    size = beyond.size
    points = 30 + math.isqrt(size)
    quartile = beyond[math.floor(size / 4 + 0.5) - 1]
    ranks = np.arange(1, points + 1) - 0.5
    grid = 1.0 / beyond[-1] + (1.0 - np.sqrt(points / ranks)) / (3.0 * quartile)
    # The index of the highest likelihood for each point of the grid, the law's inverse scale.
    index = np.log1p(-np.outer(grid, beyond)).mean(axis=1)
    likelihood = size * (np.log(-grid / index) - index - 1.0)
    weights = np.exp(likelihood - likelihood.max())
    best = float(grid @ weights / weights.sum())
    return float(np.log1p(-best * beyond).mean())


class Variation(NamedTuple):
    """How much the means of batches vary, in units of what independent trials lead to expect."""

    batches: int
    ratio: float
    p: float


def batch_variation(values: Floats) -> Variation | None:
    """Return how much the means of consecutive batches vary, by the F test; None of too few.

    The p-value is the probability that independent trials of one law vary as much or more.
    """
    from scipy.special import fdtrc

    batches = min(_MOST_BATCHES, values.size // _LEAST_BATCH)
    if batches < 3:
        return None
    size = values.size // batches
    table = values[: batches * size].reshape(batches, size)
    means = table.mean(axis=1)
    within = float(np.square(table - means[:, None]).sum()) / (batches * (size - 1))
    between = size * float(means.var(ddof=1))
    if within == 0.0:
        return Variation(batches, 1.0, 1.0) if between == 0.0 else Variation(batches, math.inf, 0.0)
    ratio = between / within
    return Variation(batches, ratio, float(fdtrc(batches - 1, batches * (size - 1), ratio)))


def drift(values: Floats) -> tuple[float, float, float] | None:
    """Return the mean of the last third less that of the first, its error and its p-value.

    It is two-sided, of Student's ratio with Welch's degrees of freedom; None of too few values. A
    chain is compared with itself in this way by :cite:t:`Geweke1992`.
    """
    from scipy.special import stdtr

    third = values.size // 3
    if third < _LEAST_OF_A_THIRD:
        return None
    parts = values[:third], values[-third:]
    variances = [float(part.var(ddof=1)) / third for part in parts]
    total = sum(variances)
    difference = float(parts[1].mean() - parts[0].mean())
    if total == 0.0:
        return difference, 0.0, float(difference == 0.0)
    freedom = (third - 1) * total**2 / sum(variance**2 for variance in variances)
    error = math.sqrt(total)
    return difference, error, 2.0 * float(stdtr(freedom, -abs(difference) / error))


class Repetition(NamedTuple):
    """A run of consecutive trials that comes twice: where, how long, and its p-value."""

    first: int
    second: int
    length: int
    p: float


def repetition(rows: NDArray[np.float64], rate: float) -> Repetition | None:
    r"""Return a run of trials that comes twice and is too long for chance; length 0 of none.

    Two trials are equal with a probability c, which all pairs tell, so two separate runs of r
    trials are with :math:`c^r`, and there are less than :math:`N^2/2` of such pairs. The shortest
    run sought comes twice in independent trials with a probability of at most ``rate``. None
    where that is more than half of the trials, because these have too few values.
    """
    count = len(rows)
    words = [hash(row.tobytes()) for row in rows]
    _, labels, sizes = np.unique(words, return_inverse=True, return_counts=True)
    equal = float(sizes @ (sizes - 1)) / max(count * (count - 1), 1)
    if equal == 0.0:
        return Repetition(0, 0, 0, 1.0)
    pairs = 0.5 * count**2
    if equal == 1.0 or 2 * (length := math.ceil(math.log(rate / pairs) / math.log(equal))) > count:
        return None
    runs = _run_labels(labels, length)
    _, first, run = np.unique(runs, return_index=True, return_inverse=True)
    (seconds,) = np.nonzero(np.arange(runs.size) - first[run] >= length)
    if seconds.size == 0:
        return Repetition(0, 0, 0, 1.0)
    second = int(seconds[0])
    begin = int(first[run[second]])
    most = min(second - begin, count - second)
    same = labels[begin : begin + most] == labels[second : second + most]
    length = most if same.all() else int(np.argmin(same))
    return Repetition(begin, second, length, min(1.0, pairs * equal**length))


def _run_labels(labels: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Return equal labels for equal runs of ``length``, built of two that overlap or touch."""
    count, size = labels.size, 1
    while size < length:
        step = min(size, length - size)
        pairs = labels[:-step] * count + labels[step:]
        labels = np.unique(pairs, return_inverse=True)[1]
        size += step
    return labels
