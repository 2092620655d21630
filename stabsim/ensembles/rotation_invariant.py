"""Matrices whose law no rotation changes: Gaussian, orthogonal and unitary ones."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation
from stabsim._kernels import factors
from stabsim._kernels.radial import BETA, CHI
from stabsim.ensembles.ensemble import (
    FIELDS,
    LEAST_SCALE,
    MOST_SCALE,
    Ensemble,
    RadialLaw,
    real_numbers,
)

if TYPE_CHECKING:
    from stabsim._kernels.factors import Numbers
    from stabsim._random import Stream


def rotation_degrees(norm: str, n: int, parts: int) -> tuple[int, ...]:
    """Return the degrees of freedom of a rotation invariant step: a column's, or all diagonals'."""
    return tuple(parts * k for k in range(n, 0, -1)) if norm == "logdet" else (parts * n,)


@dataclass(frozen=True, repr=False)
class Ginibre(Ensemble):
    r"""Square matrix of independent Gaussian entries :cite:p:`Ginibre1965`.

    Parameters
    ----------
    n : int
        Rows and columns.
    sigma : float, default 1.0
        Standard deviation of an entry, in [1e-100, 1e100]. Complex entries have
        :math:`E|a|^2 = \sigma^2`, half of it in each part.
    field : {"real", "complex"}, default "real"
        What the entries are.

    Raises
    ------
    TypeError, ValueError
        If ``n`` is no positive integer, ``sigma`` no number in [1e-100, 1e100], or ``field``
        another word.

    Examples
    --------
    >>> import stabsim
    >>> stabsim.Ginibre(4, sigma=0.5)
    Ginibre(4, sigma=0.5)
    >>> stabsim.Ginibre(3, field="complex").sample(rng=1).shape
    (3, 3)
    """

    _: KW_ONLY
    sigma: float = 1.0
    field: str = "real"

    def __post_init__(self) -> None:
        """Check the parameters."""
        self._set("n", validation.integer("n", self.n, least=1))
        self._set("sigma", validation.real("sigma", self.sigma, least=LEAST_SCALE, most=MOST_SCALE))
        self._set("field", validation.choice("field", self.field, FIELDS))

    @property
    def parts(self) -> int:
        """Real numbers in an entry."""
        return 2 if self.field == "complex" else 1

    @property
    def part_sigma(self) -> float:
        """Standard deviation of a real or imaginary part."""
        return self.sigma / math.sqrt(self.parts)

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with independent factors."""
        factors.fill_gaussian(stream.words, self.part_sigma, real_numbers(batch))

    def radial_law(self, norm: str) -> RadialLaw | None:
        """Return the chi-square law of a vector's growth or of the determinant's."""
        if norm in {"frobenius", "spectral"}:
            return None
        degrees = rotation_degrees(norm, self.n, self.parts)
        return RadialLaw(CHI, degrees, 0, 0.0, self.part_sigma)


@dataclass(frozen=True, repr=False)
class Haar(Ensemble):
    r"""Uniformly distributed orthogonal or unitary matrix, times a scale.

    Drawn as the frame that Gram and Schmidt make of Gaussian rows :cite:p:`Mezzadri2007`.

    Parameters
    ----------
    n : int
        Rows and columns.
    field : {"real", "complex"}, default "real"
        Orthogonal or unitary.
    scale : float, default 1.0
        All singular values, in [1e-100, 1e100].

    Raises
    ------
    TypeError, ValueError
        If ``n`` is no positive integer, ``scale`` no number in [1e-100, 1e100], or ``field``
        another word.

    Examples
    --------
    >>> import numpy as np, stabsim
    >>> q = stabsim.Haar(3).sample(rng=1)
    >>> bool(np.allclose(q @ q.T, np.eye(3)))
    True
    """

    _: KW_ONLY
    field: str = "real"
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        self._set("n", validation.integer("n", self.n, least=1))
        self._set("field", validation.choice("field", self.field, FIELDS))
        self._set("scale", validation.real("scale", self.scale, least=LEAST_SCALE, most=MOST_SCALE))

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with independent factors."""
        rows = np.empty((self.n, self.n), self.dtype)
        factors.fill_haar(stream.words, self.scale, self.n, real_numbers(rows), batch)

    def radial_law(self, norm: str) -> RadialLaw | None:
        """Return the law of a growth that is the same at every step and in every direction."""
        parts = 2 if self.field == "complex" else 1
        degrees = rotation_degrees(norm, self.n, parts)
        return RadialLaw(BETA, degrees, 0, 0.0, self.scale)


@dataclass(frozen=True, repr=False)
class TruncatedHaar(Ensemble):
    r"""The n×n corner of a Haar matrix of a larger size :cite:p:`Zyczkowski2000,Khoruzhenko2010`.

    The squared growth of a fixed vector is :math:`\mathrm{Beta}(n/2, (m-n)/2)` for the corner of a
    real :math:`m \times m` matrix, and :math:`\mathrm{Beta}(n, m-n)` for a complex one.

    Parameters
    ----------
    n : int
        Rows and columns.
    size : int
        Rows and columns of the Haar matrix, at least ``n``.
    field : {"real", "complex"}, default "real"
        Corner of an orthogonal or of a unitary matrix.

    Raises
    ------
    TypeError, ValueError
        If ``n`` is no positive integer, ``size`` no integer of at least ``n``, or ``field``
        another word.

    Examples
    --------
    >>> import numpy as np, stabsim
    >>> corner = stabsim.TruncatedHaar(2, 5).sample(rng=1)
    >>> bool(np.linalg.norm(corner, 2) < 1)
    True
    """

    size: int
    _: KW_ONLY
    field: str = "real"

    def __post_init__(self) -> None:
        """Check the parameters."""
        self._set("n", validation.integer("n", self.n, least=1))
        self._set("size", validation.integer("size", self.size, least=self.n))
        self._set("field", validation.choice("field", self.field, FIELDS))

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with independent factors."""
        rows = np.empty((self.n, self.size), self.dtype)
        factors.fill_haar(stream.words, 1.0, self.size, real_numbers(rows), batch)

    def radial_law(self, norm: str) -> RadialLaw | None:
        """Return the beta law of a vector's growth or of the determinant's."""
        if norm in {"frobenius", "spectral"}:
            return None
        parts = 2 if self.field == "complex" else 1
        degrees = rotation_degrees(norm, self.n, parts)
        return RadialLaw(BETA, degrees, parts * (self.size - self.n), 0.0, 1.0)
