"""Multiples of the identity plus random matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation
from stabsim.ensembles.ensemble import LEAST_SCALE, MOST_SCALE, Ensemble, RadialLaw

if TYPE_CHECKING:
    from collections.abc import Callable

    from stabsim._kernels.factors import Numbers
    from stabsim._random import Stream


@dataclass(frozen=True, repr=False)
class Shifted(Ensemble):
    r"""A multiple of the identity plus a multiple of a random matrix: one residual step.

    The matrix is :math:`s I + c A`. Nested shifts are one shift.

    Parameters
    ----------
    ensemble : Ensemble
        The law of A.
    shift : float, default 1.0
        The multiple s of the identity: 0, or between 1e-100 and 1e100 in magnitude.
    scale : float
        The multiple c of the random matrix: 0, or between 1e-100 and 1e100 in magnitude.

    Raises
    ------
    TypeError, ValueError
        If ``ensemble`` is no ensemble, or ``shift`` or ``scale`` no number in its range.

    Examples
    --------
    >>> import stabsim
    >>> stabsim.Shifted(stabsim.Ginibre(8), scale=0.1)
    Shifted(Ginibre(8), scale=0.1)
    """

    ensemble: Ensemble
    shift: float
    scale: float

    def __init__(self, ensemble: Ensemble, *, shift: float = 1.0, scale: float) -> None:
        if not isinstance(ensemble, Ensemble):
            raise TypeError(f"ensemble must be an Ensemble, got {validation.described(ensemble)}")
        shift, scale = _multiple("shift", shift), _multiple("scale", scale)
        if isinstance(ensemble, Shifted):
            # s I + c (s' I + c' A) is one shift of A.
            shift = _multiple("shift", shift + scale * ensemble.shift)
            scale = _multiple("scale", scale * ensemble.scale)
            ensemble = ensemble.ensemble
        self._set("ensemble", ensemble)
        self._set("shift", shift)
        self._set("scale", scale)
        self._set("n", ensemble.n)

    def __repr__(self) -> str:
        """Return the call that makes this ensemble, without the defaults."""
        shift = f", shift={self.shift!r}" if self.shift != 1.0 else ""
        return f"Shifted({self.ensemble!r}{shift}, scale={self.scale!r})"

    @property
    def dtype(self) -> type[float] | type[complex]:
        """The type of a matrix entry, ``float`` or ``complex``."""
        return self.ensemble.dtype

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with the first factors of products."""
        self.ensemble.draw(stream, batch)
        self._shift(batch)

    @property
    def independent(self) -> bool:
        """Whether the factors of a product are independent of each other."""
        return self.ensemble.independent

    @property
    def identically_distributed(self) -> bool:
        """Whether all factors of a product have the same law."""
        return self.ensemble.identically_distributed

    @property
    def period(self) -> int:
        """The number of factors after which their laws come again, 1 where all have the same."""
        return self.ensemble.period

    @property
    def moment_limit(self) -> float | None:
        """The order below which all absolute moments of the entries exist."""
        return self.ensemble.moment_limit

    def sequence(self, lanes: int) -> Callable[[Stream, Numbers], None]:
        """Return what draws consecutive factors of ``lanes`` products, from batch to batch."""
        draw = self.ensemble.sequence(lanes)

        def draw_shifted(stream: Stream, batch: Numbers) -> None:
            draw(stream, batch)
            self._shift(batch)

        return draw_shifted

    def _shift(self, batch: Numbers) -> None:
        batch *= self.scale
        for i in range(self.n):
            batch[:, i, i, :] += self.shift
        if not np.isfinite(batch).all():
            raise ValueError(
                f"scale must keep the entries of {self.ensemble!r} finite, got {self.scale!r}"
            )

    def radial_law(self, norm: str) -> RadialLaw | None:
        """Return the law of a vector's growth, where the random matrix is rotation invariant.

        Conjugating by a rotation leaves the law of the step as it is, so the ratio of lengths does
        not depend on the direction.
        """
        inner = self.ensemble.radial_law(norm) if norm == "vector" else None
        if inner is None:
            return None
        return inner._replace(shift=self.shift, scale=self.scale * inner.scale)


def _multiple(name: str, value: float) -> float:
    """Return a multiple that is zero or of a size that neither overflows nor underflows."""
    number = validation.real(name, value, least=-MOST_SCALE, most=MOST_SCALE)
    if 0.0 < abs(number) < LEAST_SCALE:
        raise ValueError(
            f"{name} must be 0 or at least {LEAST_SCALE:g} in magnitude, "
            f"got {validation.described(value)}"
        )
    return number
