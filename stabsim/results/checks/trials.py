"""Checks of independent trials, column by column: the worst gives the verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stabsim import precision
from stabsim._statistics import SampleStatistics
from stabsim.results.checks import sample_tests
from stabsim.results.checks.columns import columns_of
from stabsim.results.checks.verdicts import Check, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stabsim._statistics import Statistics
    from stabsim.results.checks.columns import Column, Quantity
    from stabsim.results.checks.sample_tests import Distribution, Tail

    Floats = NDArray[np.float64]

#: Of honest results, a test calls one in so many doubtful, or failing.
DOUBTFUL_RATE, FAILING_RATE = 1e-3, 1e-6
# The variance of the variance; normal trials have 0.1 where there are 20.
_DOUBTFUL_VARIANCE, _FAILING_VARIANCE = 0.1, 0.4
# The share of a single trial in the sum of squares.
_DOUBTFUL_SHARE, _FAILING_SHARE = 0.1, 0.4
# What 95 % intervals may lose to skewness.
_DOUBTFUL_LOSS, _FAILING_LOSS = 0.01, 0.05
# The tail indices from which the third and the second moment are infinite.
_NO_THIRD_MOMENT, _NO_VARIANCE = 1.0 / 3.0, 0.5
# Fewer trials than these tell little of their error.
_FEW = 8
_ORDERLESS = "needs samples=True, for the order of the trials"


def verdict_of(p: float) -> Verdict:
    """Return the verdict of a test by its p-value."""
    if p < FAILING_RATE:
        return "fails"
    return "doubtful" if p < DOUBTFUL_RATE else "passes"


def verdict_beyond(value: float, doubtful: float, failing: float) -> Verdict:
    """Return the verdict of a number that should be small."""
    if value >= failing:
        return "fails"
    return "doubtful" if value >= doubtful else "passes"


def told(p: float) -> str:
    """Return how a p-value is told."""
    return f"p = {min(p, 1.0):.2g}" if p >= 1e-15 else "p < 1e-15"


def check_numbers(samples: Floats) -> Check:
    """Return whether an array has neither NaN nor ``inf``; ``-inf`` is what has vanished."""
    wrong = int((np.isnan(samples) | np.isposinf(samples)).sum())
    if wrong > 0:
        return Check("numbers", "fails", f"{wrong} of {samples.size} numbers are NaN or infinite")
    return Check("numbers", "passes", "no number is NaN or infinite")


def check_vanished(columns: Sequence[Column]) -> Check:
    """Return how many trials have vanished, and what that means for the moments."""
    worst = max(columns, key=lambda column: (column.vanished, column.quantity.vital))
    if worst.vanished == 0:
        return Check("vanished", "passes", "no trial has vanished")
    count = f"{worst.vanished} of {worst.trials} trials have vanished ({worst.name})"
    if worst.living.size > 0:
        return Check("vanished", "doubtful", f"{count}: means and errors are those of the others")
    verdict: Verdict = "fails" if worst.quantity.vital else "doubtful"
    return Check("vanished", verdict, f"{count}: there is nothing left to average")


def check_range(columns: Sequence[Column]) -> Check:
    """Return what floating-point formats make of the numbers whose logarithms are carried."""
    columns = [column for column in columns if column.quantity.logarithm and column.living.size > 0]
    if not columns:
        return Check("float range", "not checked", "no logarithm of a number is left")
    findings = []
    for name in precision.names():
        outside = [(*_outside(column.living, precision.get(name)), column) for column in columns]
        count, what, column = max(outside, key=lambda found: found[0])
        if count == 0:
            findings.append(f"{name} holds all")
            return Check("float range", "passes", "; ".join(findings))
        findings.append(f"{name} makes {what} of {count} of {column.trials} ({column.name})")
    findings.append("logarithms are right, exponentials are not")
    return Check("float range", "doubtful", "; ".join(findings))


def _outside(living: Distribution, limits: precision.NumberFormat) -> tuple[int, str]:
    """Return how many trials a format does not hold, and what it makes of most of them."""
    # What is below half of the least number is rounded to zero.
    below = living.values < limits.log_min_subnormal - math.log(2.0)
    above = living.values > limits.log_max
    zeros, infinite = int(living.counts[below].sum()), int(living.counts[above].sum())
    return zeros + infinite, "zero" if zeros >= infinite else "infinity"


def check_trials(statistics: Statistics, quantities: Sequence[Quantity]) -> list[Check]:
    """Return the checks of independent trials, of which every column is averaged."""
    samples = statistics.samples if isinstance(statistics, SampleStatistics) else None
    columns = columns_of(statistics, quantities)
    alive = statistics.vanished < statistics.trials
    return [
        # Of what is not kept, the means are not finite where a number was not.
        check_numbers(samples if samples is not None else statistics.mean[alive]),
        check_vanished(columns),
        check_range(columns),
        *check_columns(columns),
        check_repeats(samples),
    ]


def check_columns(
    columns: Sequence[Column], *, among: int = 1, unit: str = "trials"
) -> list[Check]:
    """Return the tests of independent trials.

    ``among`` results share the rate of false alarms, and ``unit`` is what trials are called.
    """
    varying = [column for column in columns if column.living.varies]
    most = max(column.living.size for column in columns)
    if not varying:
        reason = "a single value tells no error" if most == 1 else "there is nothing that varies"
        names = ("single trials", "tails", "intervals", "batches", "drift")
        return [
            Check("error", "fails" if most == 1 else "not checked", reason),
            *(Check(name, "not checked", reason) for name in names),
        ]
    tests = len(varying) * among
    return [
        _error(varying, tests, unit),
        _single_trials(varying, tests, unit),
        _tails(varying, tests, unit),
        _intervals(varying, tests, unit),
        _batches(varying, tests, unit),
        _drift(varying, tests, unit),
    ]


def _worst(found: Sequence[tuple[float, float]], tests: int) -> tuple[int, float]:
    """Return the place of the worst of values with p-values, and what its verdict goes by.

    Values that a normal sample may well have do not count, and come first only where all do.
    """
    counted = [value if tests * p < DOUBTFUL_RATE else 0.0 for value, p in found]
    at = int(np.argmax(counted if max(counted) > 0.0 else [value for value, _ in found]))
    return at, counted[at]


def _error(columns: Sequence[Column], tests: int, unit: str) -> Check:
    found = [sample_tests.variance_of_variance(column.living) for column in columns]
    at, value = _worst(found, tests)
    size = columns[at].living.size
    # Small samples have a small kurtosis, but no more than normal ones tell the error.
    off = 50.0 * math.sqrt(max(found[at][0], 2.0 / size))
    verdict = verdict_beyond(value, _DOUBTFUL_VARIANCE, _FAILING_VARIANCE)
    if size < _FEW:
        verdict = "doubtful"
    return Check(
        "error",
        verdict,
        f"{size} {unit} tell the standard error to {off:.2g} % ({columns[at].name})",
    )


def _single_trials(columns: Sequence[Column], tests: int, unit: str) -> Check:
    found = [sample_tests.largest_share(column.living) for column in columns]
    at, share = _worst(found, tests)
    living = columns[at].living
    return Check(
        "single trials",
        verdict_beyond(share, _DOUBTFUL_SHARE, _FAILING_SHARE),
        f"the most distant has {100 * found[at][0]:.2g} % of the sum of squares, half is that of "
        f"{sample_tests.carriers_of_half(living)} of {living.size} {unit} ({columns[at].name})",
    )


def _intervals(columns: Sequence[Column], tests: int, unit: str) -> Check:
    found = [sample_tests.coverage_lost(column.living) for column in columns]
    at, lost = _worst(found, tests)
    return Check(
        "intervals",
        verdict_beyond(lost, _DOUBTFUL_LOSS, _FAILING_LOSS),
        f"by the skewness of {columns[at].living.size} {unit}, intervals of 95 % hold about "
        f"{95.0 - 100.0 * found[at][0]:.1f} % ({columns[at].name})",
    )


def _tails(columns: Sequence[Column], tests: int, unit: str) -> Check:
    from scipy.special import ndtr

    found: list[tuple[Tail, str]] = []
    for column in columns:
        for side, living in (("lower", column.living.mirrored), ("upper", column.living)):
            tail = sample_tests.tail_index(living)
            if tail is not None:
                found.append((tail, f"{side} tail of {column.name}"))
    if not found:
        most = max(column.living.size for column in columns)
        reason = f"the tails of {most} {unit} have too few different values"
        return Check("tails", "not checked", reason)

    def is_heavy(k: float) -> bool:
        excess = max(tail.excess(k) for tail, _ in found)
        return 2 * tests * float(ndtr(-excess)) < DOUBTFUL_RATE

    # The tail that exceeds one index the most need not be the one that exceeds the other.
    k = _NO_VARIANCE if is_heavy(_NO_VARIANCE) else _NO_THIRD_MOMENT
    tail, name = max(found, key=lambda of: of[0].excess(k))
    verdict: Verdict = "passes"
    meaning = "the moments that intervals need are finite"
    if k == _NO_VARIANCE:
        verdict, meaning = "fails", "the variance is infinite, there is no standard error"
    elif is_heavy(k):
        verdict, meaning = "doubtful", "the third moment is infinite, intervals are rough"
    return Check(
        "tails", verdict, f"Pareto index {tail.k:.2f} ± {tail.error:.2f}: {meaning} ({name})"
    )


def _batches(columns: Sequence[Column], tests: int, unit: str) -> Check:
    found = [
        (variation, column)
        for column in columns
        if column.ordered is not None
        and (variation := sample_tests.batch_variation(column.ordered)) is not None
    ]
    if not found:
        return Check("batches", "not checked", _orderless(columns, unit))
    variation, column = min(found, key=lambda of: of[0].p)
    p = min(1.0, tests * variation.p)
    return Check(
        "batches",
        verdict_of(p),
        f"means of {variation.batches} batches have {variation.ratio:.2f} times the variance of "
        f"independent {unit}, {told(p)} ({column.name})",
    )


def _drift(columns: Sequence[Column], tests: int, unit: str) -> Check:
    found = [
        (drift, column)
        for column in columns
        if column.ordered is not None and (drift := sample_tests.drift(column.ordered)) is not None
    ]
    if not found:
        return Check("drift", "not checked", _orderless(columns, unit))
    (difference, error, p), column = min(found, key=lambda of: of[0][2])
    p = min(1.0, tests * p)
    return Check(
        "drift",
        verdict_of(p),
        f"the last third of the {unit} differs from the first by {difference:.2g} ± {error:.2g}, "
        f"{told(p)} ({column.name})",
    )


def _orderless(columns: Sequence[Column], unit: str) -> str:
    if columns[0].ordered is None:
        return _ORDERLESS
    return f"{max(column.living.size for column in columns)} {unit} are too few"


def check_repeats(rows: Floats | None, *, among: int = 1, unit: str = "trials") -> Check:
    """Return whether a run of consecutive trials comes twice; ``rows`` are all of them."""
    if rows is None:
        return Check("repeats", "not checked", _ORDERLESS)
    found = sample_tests.repetition(rows, DOUBTFUL_RATE / among)
    if found is None:
        return Check("repeats", "not checked", f"the {unit} have too few different values")
    if found.length == 0:
        return Check("repeats", "passes", f"no run of {unit} comes twice")
    first, second = found.first + 1, found.second + 1
    return Check(
        "repeats",
        verdict_of(found.p * among),
        f"the {found.length} {unit} from number {second} on repeat those from number {first} on",
    )


def check_exact(
    names: Sequence[str],
    estimates: Floats,
    exact: Floats,
    errors: Floats,
    freedom: int,
    *,
    scale: Floats | float = 1.0,
    among: int = 1,
    limit: bool = False,
) -> Check:
    """Return how far estimates are from exact values, NaN where unknown, in standard errors.

    ``freedom`` are the degrees of freedom of the errors, ``scale`` the size of what was added up
    with rounding. Where the exact values are but a ``limit`` of what is estimated, a difference
    makes it doubtful at the worst.
    """
    from scipy.special import stdtr

    name, kind = "exact value", "limit of great depth" if limit else "exact value"
    worse: Verdict = "doubtful" if limit else "fails"
    if np.isnan(exact).all():
        return Check(name, "not checked", "no exact value is known")
    infinite = np.isinf(exact) | np.isinf(estimates)
    opposed = infinite & ~np.isnan(exact) & (estimates != exact)
    if opposed.any():
        at = int(np.argmax(opposed))
        return Check(name, worse, f"{estimates[at]:g} against {exact[at]:g} ({names[at]})")
    compared = np.isfinite(exact) & (errors < math.inf)
    if not compared.any():
        if np.isfinite(exact).any():
            return Check(name, "not checked", "the standard error is not known")
        return Check(name, "passes", f"infinite as the {kind}")
    off = np.zeros(exact.shape)
    np.subtract(estimates, exact, out=off, where=compared)
    # Rounding alone makes estimates differ that have no error.
    off[np.abs(off) <= sample_tests.ROUNDING * scale] = 0.0
    z = np.abs(off) / np.maximum(errors, 1e-300)
    at = int(np.argmax(z))
    p = min(1.0, 2.0 * float(stdtr(freedom, -z[at])) * int(compared.sum()) * among)
    verdict = verdict_of(p)
    return Check(
        name,
        worse if verdict == "fails" else verdict,
        f"{z[at]:.2f} standard errors from the {kind}, {told(p)} ({names[at]})",
    )
