"""What every ensemble is: frozen, comparable, and drawn in batches."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stabsim._random import Stream, seed_sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from stabsim._kernels.factors import Numbers
    from stabsim._random import RandomState

FIELDS = ("real", "complex")
# Within these no entry overflows, and none loses digits to underflow, in any law drawn here.
LEAST_SCALE, MOST_SCALE = 1e-100, 1e100


class RadialLaw(NamedTuple):
    """The law of a growth whose steps are independent and identically distributed.

    ``family``, ``degrees``, ``complement``, ``shift`` and ``scale`` are those of
    ``stabsim._kernels.radial``.
    """

    family: int
    degrees: tuple[int, ...]
    complement: int
    shift: float
    scale: float


@dataclass(frozen=True, repr=False)
class Ensemble(ABC):
    """What all ensembles have: a size ``n``, a ``dtype``, and `sample`."""

    n: int

    def __repr__(self) -> str:
        """Return the call that makes this ensemble, without the defaults."""
        arguments = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.default is not MISSING and value == field.default:
                continue
            arguments.append(f"{field.name}={value!r}" if field.kw_only else repr(value))
        return f"{type(self).__name__}({', '.join(arguments)})"

    @property
    def dtype(self) -> type[float] | type[complex]:
        """The type of a matrix entry, ``float`` or ``complex``."""
        return complex if getattr(self, "field", "real") == "complex" else float

    def sample(self, rng: RandomState = None) -> NDArray[Any]:
        """Draw one matrix.

        Parameters
        ----------
        rng : None, int, SeedSequence or Generator, optional
            The source of randomness. The same int gives the same matrix; a Generator gives a new
            one at every call (it spawns a child and is not advanced itself).

        Returns
        -------
        (n, n) float64 or complex128 array
            The matrix.

        Examples
        --------
        >>> import stabsim
        >>> stabsim.IID(2, "rademacher").sample(rng=3)
        array([[ 1., -1.],
               [-1., -1.]])
        """
        batch = self.workspace(1, 1)
        self.draw(Stream(seed_sequence(rng)), batch)
        return batch[0, :, :, 0].copy()

    def workspace(self, steps: int, lanes: int) -> Numbers:
        """Return room for a batch of factors (steps, n, n, lanes)."""
        return np.empty((steps, self.n, self.n, lanes), self.dtype)

    @abstractmethod
    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a contiguous batch (steps, n, n, lanes) with the first factors of products.

        Where factors are independent and of one law, these are any factors.
        """

    @property
    def independent(self) -> bool:
        """Whether the factors of a product are independent of each other."""
        return True

    @property
    def identically_distributed(self) -> bool:
        """Whether all factors of a product have the same law."""
        return True

    @property
    def period(self) -> int:
        """The number of factors after which their laws come again, 1 where all have the same."""
        return 1

    @property
    def moment_limit(self) -> float | None:
        """The order below which all absolute moments of the entries exist.

        It is ``inf`` where all moments exist, and None where nothing is known.
        """
        return math.inf

    def sequence(self, lanes: int) -> Callable[[Stream, Numbers], None]:  # noqa: ARG002
        """Return what draws consecutive factors of ``lanes`` products, from batch to batch.

        What it returns is called as ``draw(stream, batch)``, for batches of any number of steps.
        """
        return self.draw

    def radial_law(self, norm: str) -> RadialLaw | None:  # noqa: ARG002
        """Return the exact reduced law of the growth of ``norm``, or None where there is none."""
        return None

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


def real_numbers(batch: Numbers) -> NDArray[np.float64]:
    """Return the real numbers of a contiguous batch as a flat array on the same memory."""
    return batch.reshape(-1).view(np.float64)
