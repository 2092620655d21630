"""Number formats: how large and how small a number each of them holds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stabsim import _validation as validation

__all__ = ["NumberFormat", "get", "names"]


@dataclass(frozen=True)
class NumberFormat:
    """A floating-point format, by the logarithms of its limits.

    Attributes
    ----------
    name : str
        The name of the format.
    log_max : float
        Natural logarithm of the largest finite number: what is larger overflows.
    log_min_normal : float
        Natural logarithm of the smallest number held at full precision.
    log_min_subnormal : float
        Natural logarithm of the smallest positive number: what is below half of it is zero.

    Examples
    --------
    >>> from stabsim import precision
    >>> precision.get("float16").log_max  # ln 65504
    11.089866488461016
    """

    name: str
    log_max: float
    log_min_normal: float
    log_min_subnormal: float


def _of(dtype: type[np.floating]) -> NumberFormat:
    limits = np.finfo(dtype)
    return NumberFormat(
        np.dtype(dtype).name,
        math.log(limits.max),
        math.log(limits.smallest_normal),
        math.log(limits.smallest_subnormal),
    )


_FORMATS = {np.dtype(dtype).name: _of(dtype) for dtype in (np.float16, np.float32, np.float64)}


def get(name: str) -> NumberFormat:
    """Return a number format by its name.

    Parameters
    ----------
    name : {"float16", "float32", "float64"}
        The IEEE 754 binary format.

    Returns
    -------
    NumberFormat
        Its limits.

    Raises
    ------
    TypeError, ValueError
        If there is no format of this name.

    Examples
    --------
    >>> from stabsim import precision
    >>> round(precision.get("float64").log_max, 3)
    709.783
    """
    return _FORMATS[validation.choice("name", name, names())]


def names() -> tuple[str, ...]:
    """Return the names of all formats.

    Returns
    -------
    tuple of str
        The names, from the narrowest format to the widest.

    Examples
    --------
    >>> from stabsim import precision
    >>> precision.names()
    ('float16', 'float32', 'float64')
    """
    return tuple(_FORMATS)
