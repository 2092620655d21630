"""Checks of arguments: each names the parameter, what it must be, and what it got."""

import math
import operator
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any


def _described(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


#: Integers of a run are counted in 64 bits.
MOST_COUNTED = 2**53


def integer(name: str, value: Any, *, least: int) -> int:
    """Return ``value`` as an int that is at least ``least`` and can be counted to."""
    kind = {0: "a non-negative", 1: "a positive"}.get(least, "an")
    requirement = f"{name} must be {kind} integer" + (f" of at least {least}" if least > 1 else "")
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{requirement}, got {_described(value)}")
    number = operator.index(value)
    if not least <= number <= MOST_COUNTED:
        limit = " and at most 2**53" if number > least else ""
        raise ValueError(f"{requirement}{limit}, got {_described(number)}")
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
        raise TypeError(f"{requirement}, got {_described(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not (math.isfinite(number) and number > above and least <= number <= most):
        raise ValueError(f"{requirement}, got {_described(value)}")
    return number


def choice(name: str, value: Any, options: Sequence[str]) -> str:
    """Return ``value`` if it is one of the strings ``options``."""
    requirement = f"{name} must be one of {', '.join(map(repr, options))}"
    if not isinstance(value, str):
        raise TypeError(f"{requirement}, got {_described(value)}")
    if value not in options:
        raise ValueError(f"{requirement}, got {_described(value)}")
    return value


def flag(name: str, value: Any) -> bool:
    """Return ``value`` if it is a bool."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {_described(value)}")
    return value
