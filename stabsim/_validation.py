"""Checks of arguments: each names the parameter, what it must be, and what it got."""

import math
import operator
from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def described(value: Any) -> str:
    """Return how an error shows ``value``: its repr, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


#: Integers of a run are counted in 64 bits.
MOST_COUNTED = 2**53


def integer(name: str, value: Any, *, least: int) -> int:
    """Return ``value`` as an int that is at least ``least`` and can be counted to."""
    kind = {0: "a non-negative", 1: "a positive"}.get(least, "an")
    requirement = f"{name} must be {kind} integer" + (f" of at least {least}" if least > 1 else "")
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{requirement}, got {described(value)}")
    number = operator.index(value)
    if not least <= number <= MOST_COUNTED:
        limit = " and at most 2**53" if number > least else ""
        raise ValueError(f"{requirement}{limit}, got {described(number)}")
    return number


def real(
    name: str,
    value: Any,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    most: float = math.inf,
) -> float:
    """Return ``value`` as a finite float that is above, at least and at most what is asked."""
    requirement = f"{name} must be a finite real number"
    if above > -math.inf:
        requirement += f" above {above:g}"
    if least > -math.inf:
        requirement += f" of at least {least:g}"
    if most < math.inf:
        requirement += f" and at most {most:g}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{requirement}, got {described(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not (math.isfinite(number) and number > above and least <= number <= most):
        raise ValueError(f"{requirement}, got {described(value)}")
    return number


def choice(name: str, value: Any, options: Sequence[str]) -> str:
    """Return ``value`` if it is one of the strings ``options``."""
    requirement = f"{name} must be one of {', '.join(map(repr, options))}"
    if not isinstance(value, str):
        raise TypeError(f"{requirement}, got {described(value)}")
    if value not in options:
        raise ValueError(f"{requirement}, got {described(value)}")
    return value


def flag(name: str, value: Any) -> bool:
    """Return ``value`` if it is a bool."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {described(value)}")
    return value


#: What is recorded of a longer path when ``record`` is left out.
MOST_RECORDED = 128


def recorded(
    record: "ArrayLike | None", depth: int, *, least: int, name: str = "depth"
) -> "NDArray[np.int64]":
    """Return the ascending depths, from ``least`` to ``depth``, that are to be recorded.

    ``name`` is what errors call the depth.
    """
    if record is None:
        count = min(depth, MOST_RECORDED)
        # Rounded up from depth / count to depth, so that the last one is the depth itself.
        return -(-np.arange(least, count + 1) * depth // count)
    requirement = f"record must be ascending integers between {least} and {name} = {depth}"
    try:
        depths = np.array(record)
    except ValueError as error:
        raise ValueError(f"{requirement}, got rows of unequal lengths") from error
    if depths.dtype.kind not in "iu" and depths.size > 0:
        raise TypeError(f"{requirement}, got dtype {depths.dtype}")
    if depths.ndim != 1 or depths.size == 0:
        raise ValueError(f"{requirement}, got shape {depths.shape}")
    depths = depths.astype(np.int64)
    if depths[0] < least or depths[-1] > depth or (np.diff(depths) < 1).any():
        raise ValueError(f"{requirement}, got {described(depths.tolist())}")
    return depths
