"""What is verified: quantities with their sources, and the simulations that estimate them."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

# An estimate and its standard error.
Estimate = tuple[float, float]


@dataclass(frozen=True)
class Quantity:
    """A number that the literature knows: of what, what, who says so, and how much it is."""

    subject: str
    name: str
    source: str
    value: float
    # A value that is known to be wrong must be missed.
    wrong: bool = False


@dataclass(frozen=True)
class Check:
    """Quantities that one simulation estimates, in their order."""

    quantities: list[Quantity]
    simulate: Callable[[np.random.SeedSequence], Iterable[Estimate]]


def check(
    subject: str,
    name: str,
    source: str,
    value: float,
    simulate: Callable[[np.random.SeedSequence], Estimate],
) -> Check:
    """Return the check of a single quantity."""
    return Check([Quantity(subject, name, source, value)], lambda seed: [simulate(seed)])


def mean(samples: np.ndarray) -> Estimate:
    return float(samples.mean()), float(samples.std(ddof=1)) / math.sqrt(samples.size)


def variance(samples: np.ndarray) -> Estimate:
    """The error is that of the mean squared deviation, whatever the law."""
    squares = np.square(samples - samples.mean())
    return float(samples.var(ddof=1)), float(squares.std()) / math.sqrt(samples.size)


def through(function: Callable[[float], float], estimate: Estimate) -> Estimate:
    """Return a smooth function of an estimate, its error by the slope."""
    value, error = estimate
    step = 1e-4 * max(abs(value), error)
    slope = (function(value + step) - function(value - step)) / (2.0 * step)
    return function(value), abs(slope) * error


def multiple(factor: float, estimate: Estimate) -> Estimate:
    return factor * estimate[0], abs(factor) * estimate[1]


def extrapolated(near: Estimate, far: Estimate, ratio: float = 2.0) -> Estimate:
    """Return the limit 0 of a small parameter, from one value of it and ``ratio`` times that.

    What is of first order in the parameter cancels.
    """
    weight = 1.0 / (ratio - 1.0)
    value = near[0] + weight * (near[0] - far[0])
    return value, math.hypot((1.0 + weight) * near[1], weight * far[1])
