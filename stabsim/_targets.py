"""Standard errors that a run is to reach."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from stabsim import _validation as validation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray


class Estimates(Protocol):
    """A result, as this room sees it."""

    def estimates(self) -> Mapping[str, tuple[Any, Any]]:
        """Return what is estimated, by name, with standard errors."""


@dataclass(frozen=True)
class StandardError:
    """A standard error to be reached: a run with ``precision`` goes on until it is.

    Parameters
    ----------
    value : float
        The largest standard error that will do, positive.
    of : str, optional
        The name of the estimate: an attribute of the result. By default the one that the verb is
        for, the first of ``result.estimates()``. Of an array, every entry counts.
    relative : bool, default False
        Whether ``value`` is a fraction of the estimate's size.

    Raises
    ------
    TypeError, ValueError
        If ``value`` is no positive number, ``of`` no string, or ``relative`` no bool.

    Examples
    --------
    >>> import stabsim
    >>> growth = stabsim.matrix_product_growth(
    ...     stabsim.Ginibre(4), 100, trials=100, norm="vector", rng=1,
    ...     precision=stabsim.StandardError(0.001, relative=True),
    ... )
    >>> bool(growth.lyapunov_se < 0.001 * growth.lyapunov)
    True
    """

    value: float
    of: str | None = None
    relative: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        object.__setattr__(self, "value", validation.real("value", self.value, above=0.0))
        if self.of is not None:
            if not isinstance(self.of, str):
                raise TypeError(
                    f"of must be the name of an estimate, got {validation.described(self.of)}"
                )
            object.__setattr__(self, "of", str(self.of))
        validation.flag("relative", self.relative)

    def excess(self, result: Estimates) -> float:
        """Return by which factor the largest standard error is above this one."""
        estimate, error = self._estimate(result)
        with np.errstate(invalid="ignore", divide="ignore"):
            allowed = self.value * (np.abs(estimate) if self.relative else np.ones_like(estimate))
            # An estimate without error is as precise as any, even if it is infinite or zero.
            ratios = np.where(error == 0.0, 0.0, error / allowed)
        return float(np.where(np.isnan(ratios), math.inf, ratios).max())

    def reached(self, result: Estimates) -> str:
        """Say what was reached, in words."""
        _, error = self._estimate(result)
        name, kind = self._name(result), "relative " if self.relative else ""
        largest = self.excess(result) * self.value if self.relative else float(error.max())
        return (
            f"the {kind}standard error of {name} is {largest:.3g}, where {self.value:.3g} was "
            "asked for"
        )

    def _estimate(self, result: Estimates) -> tuple[NDArray[Any], NDArray[Any]]:
        estimate, error = result.estimates()[self._name(result)]
        return np.asarray(estimate, np.float64), np.asarray(error, np.float64)

    def _name(self, result: Estimates) -> str:
        return next(iter(result.estimates())) if self.of is None else self.of


def validated_target(precision: Any, estimated: Iterable[str]) -> StandardError | None:
    """Return ``precision`` as a standard error of one of the names to be reached."""
    if precision is None:
        return None
    if isinstance(precision, StandardError):
        target = precision
    else:
        target = StandardError(validation.real("precision", precision, above=0.0))
    if target.of is not None and target.of not in estimated:
        raise ValueError(
            f"precision must be of one of {', '.join(map(repr, estimated))}, got {target.of!r}"
        )
    return target
