"""Checks of arguments: each names the parameter, what it must be, and what it got."""

import contextlib
import math
import operator
import os
from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def described(value: Any) -> str:
    """Return how an error shows ``value``: its repr, cut where it is long."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - as of an integer with more digits than Python writes
        text = object.__repr__(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


#: Truth values and durations, which are integers to Python and to NumPy.
NO_NUMBERS = (bool, np.timedelta64)
#: Integers of a run are counted in 64 bits.
MOST_COUNTED = 2**53


def integer(name: str, value: Any, *, least: int) -> int:
    """Return ``value`` as an int that is at least ``least`` and can be counted to."""
    kind = {0: "a non-negative", 1: "a positive"}.get(least, "an")
    requirement = f"{name} must be {kind} integer" + (f" of at least {least}" if least > 1 else "")
    if isinstance(value, NO_NUMBERS) or not isinstance(value, Integral):
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
    if isinstance(value, NO_NUMBERS) or not isinstance(value, Real):
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
    return str(value)


def flag(name: str, value: Any) -> bool:
    """Return ``value`` if it is a bool."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {described(value)}")
    return value


def items(requirement: str, value: Any) -> list[Any]:
    """Return the items of a sequence or of another iterable, which text is not."""
    if not isinstance(value, str | bytes | bytearray):
        with contextlib.suppress(Exception):
            return list(value)
    raise TypeError(f"{requirement}, got {described(value)}")


def path(requirement: str, value: Any) -> Path:
    """Return ``value`` as a path that a file system can have."""
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str):
        raise TypeError(f"{requirement}, got {described(value)}")
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError:
        encoded = b""
    if not encoded or b"\0" in encoded:
        raise ValueError(f"{requirement}, got {described(value)}")
    return Path(text)


def array(
    requirement: str,
    value: Any,
    *,
    kinds: str = "iuf",
    shape: tuple[int | None, ...] | None = None,
) -> "NDArray[Any]":
    """Return ``value`` as a new float64 array, or a complex128 one if it is complex.

    ``requirement`` begins every error, ``kinds`` are the kinds of dtype that are taken, and
    ``shape`` is the only shape that is, with None for any positive length.
    """
    if np.ma.is_masked(value):
        raise ValueError(f"{requirement}, got masked entries")
    try:
        numbers = np.array(value)
    except ValueError as error:
        raise ValueError(f"{requirement}, got rows of unequal lengths") from error
    except Exception as error:
        raise TypeError(f"{requirement}, got {described(value)}") from error
    # An empty list has the dtype of floats.
    if numbers.dtype.kind not in kinds and (numbers.size > 0 or numbers.dtype.kind != "f"):
        raise TypeError(f"{requirement}, got dtype {numbers.dtype}")
    if shape is not None and (
        numbers.ndim != len(shape)
        or any(
            size == 0 if wanted is None else size != wanted
            for size, wanted in zip(numbers.shape, shape, strict=True)
        )
    ):
        raise ValueError(f"{requirement}, got shape {numbers.shape}")
    # A number of a longer format may become infinite.
    with np.errstate(over="ignore"):
        return numbers.astype(np.complex128 if numbers.dtype.kind == "c" else np.float64)


def reals(name: str, value: Any) -> "NDArray[np.float64]":
    """Return ``value`` as an array of real numbers, which may be infinite."""
    requirement = f"{name} must be made of real numbers"
    numbers = array(requirement, value, kinds="biuf")
    if np.isnan(numbers).any():
        raise ValueError(f"{requirement}, got {described(value)}")
    return numbers


def probabilities(name: str, value: Any) -> "NDArray[np.float64]":
    """Return ``value`` as an array of numbers in [0, 1]."""
    requirement = f"{name} must be probabilities in [0, 1]"
    levels = array(requirement, value, kinds="biuf")
    if not ((levels >= 0.0) & (levels <= 1.0)).all():
        raise ValueError(f"{requirement}, got {described(value)}")
    return levels


def common_shape(**arrays: "NDArray[Any]") -> tuple[int, ...]:
    """Return the shape that arrays of these names broadcast to."""
    try:
        return np.broadcast_shapes(*(numbers.shape for numbers in arrays.values()))
    except ValueError as error:
        shapes = " and ".join(str(numbers.shape) for numbers in arrays.values())
        raise ValueError(
            f"{' and '.join(arrays)} must broadcast to one shape, got {shapes}"
        ) from error


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
    depths = array(requirement, record, kinds="iu", shape=(None,))
    if depths[0] < least or depths[-1] > depth or (np.diff(depths) < 1).any():
        raise ValueError(f"{requirement}, got {described(record)}")
    return depths.astype(np.int64)
