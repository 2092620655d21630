"""Checks of Lyapunov spectra: of their chains, and of the course of these."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stabsim.results.checks.columns import Column, Quantity, columns_of_samples
from stabsim.results.checks.trials import (
    check_columns,
    check_exact,
    check_numbers,
    check_repeats,
    told,
    verdict_of,
)
from stabsim.results.checks.verdicts import Check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stabsim.results.lyapunov_spectrum import LyapunovSpectrum

    Floats = NDArray[np.float64]

# What divides where there is no error to divide by.
_NO_ERROR = 1e-300
# Chains from which on their own scatter gives the error of a spectrum.
_LEAST_CHAINS = 8


def check_spectrum(result: LyapunovSpectrum, among: int = 1) -> list[Check]:
    """Return the checks of a spectrum, one ``among`` several that share their false alarms."""
    names = [f"exponent {i}" for i in range(1, result.k + 1)]
    pieces, lengths = _pieces(result)
    lost = result.exponents == -math.inf
    rates = np.where(lost, 0.0, result.exponents)
    # Deviations from the mean growth have the same variance whatever the length of a piece.
    deviations = (pieces - lengths[:, None] * rates) / np.sqrt(lengths)[:, None]
    if result.trials >= _LEAST_CHAINS:
        whole = result.log_growth[:, -1] / result.steps
        samples, unit = np.where(lost, -math.inf, whole), "chains"
    else:
        # The first pieces of all chains come first.
        samples, unit = deviations.swapaxes(0, 1).reshape(-1, result.k), "pieces"
        samples[:, lost] = -math.inf
    columns = columns_of_samples(samples, [Quantity(name, logarithm=False) for name in names])
    count = int(lost.sum())
    return [
        check_numbers(result.log_growth),
        Check("lost directions", "passes", "no direction is lost")
        if count == 0
        else Check(
            "lost directions",
            "doubtful",
            f"{count} of {result.k} exponents are -inf: products are singular, or directions fall "
            "by 14 digits in a step",
        ),
        *check_columns(columns, among=among, unit=unit),
        check_repeats(pieces.reshape(-1, result.k), among=among, unit="pieces of chains"),
        *_chain_checks(result.trials, pieces, lengths, deviations, columns, among),
        check_exact(
            names,
            result.exponents,
            np.full(result.k, math.nan) if result.exact is None else result.exact,
            result.standard_error,
            len(samples) - 1,
            among=among,
        ),
    ]


def _chain_checks(
    trials: int,
    pieces: Floats,
    lengths: Floats,
    deviations: Floats,
    columns: Sequence[Column],
    among: int,
) -> list[Check]:
    """Return what chains tell by their course: warm-up, differences, memory."""
    varying = np.array([column.living.varies for column in columns])
    names = [column.name for column in columns if column.living.varies]
    many, found = trials >= _LEAST_CHAINS, _thirds(pieces[..., varying], lengths)
    few = f"fewer than {_LEAST_CHAINS} chains: drift and memory tell of their course"
    if not names:
        return [
            Check(name, "not checked", "there is nothing that varies")
            for name in ("warm-up", "chains", "memory")
        ]
    checks = []
    if not many or found is None:
        reason = "too few steps are recorded" if many else few
        checks += [Check(name, "not checked", reason) for name in ("warm-up", "chains")]
    else:
        checks += [_warmup(*found, names, among), _chains(*found, names, among)]
    if many or len(lengths) < 2:
        reason = "the error is that of chains" if many else "too few steps are recorded"
        checks.append(Check("memory", "not checked", reason))
    else:
        checks.append(_memory(deviations[..., varying], names, among))
    return checks


def _pieces(result: LyapunovSpectrum) -> tuple[Floats, Floats]:
    """Return the growths (trials, P, k) of pieces of chains, and their lengths (P,).

    They begin and end at recorded steps, after whole cycles where the laws of the factors cycle.
    """
    whole = result.recorded % result.ensemble.period == 0
    ends = result.log_growth[:, whole]
    ends = np.where(np.isfinite(result.exponents), ends, 0.0)
    lengths = np.diff(result.recorded[whole], prepend=0).astype(np.float64)
    return np.diff(ends, axis=1, prepend=0.0), lengths


def _thirds(pieces: Floats, lengths: Floats) -> tuple[Floats, Floats] | None:
    """Return the growth rates of the first and of the last third of chains, (trials, k) each."""
    ends = np.cumsum(lengths)
    if ends.size < 3:
        return None
    first = int(np.searchsorted(ends, ends[-1] / 3.0)) + 1
    last = int(np.searchsorted(ends, 2.0 * ends[-1] / 3.0)) + 1
    if not first < last < ends.size:
        return None
    return (
        pieces[:, :first].sum(axis=1) / ends[first - 1],
        pieces[:, last:].sum(axis=1) / (ends[-1] - ends[last - 1]),
    )


def _warmup(first: Floats, last: Floats, names: Sequence[str], among: int) -> Check:
    """Return whether chains grow in the last third of their steps as in the first."""
    from scipy.special import stdtr

    trials, tests = len(first), len(names) * among
    difference = last - first
    mean, error = difference.mean(axis=0), difference.std(axis=0, ddof=1) / math.sqrt(trials)
    z = np.abs(mean) / np.maximum(error, _NO_ERROR)
    at = int(np.argmax(z))
    p = min(1.0, 2.0 * float(stdtr(trials - 1, -z[at])) * tests)
    return Check(
        "warm-up",
        verdict_of(p),
        f"the last third of the steps grows by {mean[at]:.2g} ± {error[at]:.2g} more per factor "
        f"than the first, {told(p)} ({names[at]})",
    )


def _chains(first: Floats, last: Floats, names: Sequence[str], among: int) -> Check:
    """Return whether chains differ from each other in the same way from third to third."""
    from scipy.special import stdtr

    freedom = len(first) - 2
    parts = [part - part.mean(axis=0) for part in (first, last)]
    norms = [np.sqrt(np.square(part).sum(axis=0)) for part in parts]
    r = (parts[0] * parts[1]).sum(axis=0) / np.maximum(norms[0] * norms[1], _NO_ERROR)
    at = int(np.argmax(r))
    t = r[at] * math.sqrt(freedom / max(1.0 - r[at] ** 2, _NO_ERROR))
    p = min(1.0, float(stdtr(freedom, -t)) * len(names) * among)
    return Check(
        "chains",
        verdict_of(p),
        f"growth in the first and the last third correlates by {r[at]:.2f} over {len(first)} "
        f"chains, {told(p)} ({names[at]})",
    )


def _memory(deviations: Floats, names: Sequence[str], among: int) -> Check:
    """Return whether successive pieces of chains are uncorrelated, as their error assumes."""
    from scipy.special import ndtr

    earlier, later = deviations[:, :-1], deviations[:, 1:]
    pairs = earlier.shape[0] * earlier.shape[1]
    r = (earlier * later).sum(axis=(0, 1)) / np.square(deviations).sum(axis=(0, 1))
    at = int(np.argmax(np.abs(r)))
    p = min(1.0, 2.0 * float(ndtr(-abs(r[at]) * math.sqrt(pairs))) * len(names) * among)
    return Check(
        "memory",
        verdict_of(p),
        f"{pairs} pairs of successive pieces, which give the error, correlate by {r[at]:.2f}, "
        f"{told(p)} ({names[at]})",
    )
