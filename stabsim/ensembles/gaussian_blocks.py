"""Factors made of rectangular Gaussian matrices."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation
from stabsim._kernels import gaussian_blocks
from stabsim.ensembles.ensemble import (
    FIELDS,
    LEAST_SCALE,
    MOST_SCALE,
    Ensemble,
    real_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stabsim._kernels.factors import Numbers
    from stabsim._random import Stream

# How the fans of a block, columns and rows, count in its standard deviation.
_FANS = {"fan_in": (1.0, 0.0), "fan_out": (0.0, 1.0), "fan_avg": (0.5, 0.5)}


@dataclass(frozen=True, repr=False)
class Wishart(Ensemble):
    r"""Wishart matrix :math:`X X^*` of a Gaussian matrix X :cite:p:`Wishart1928,Muirhead1982`.

    X has n rows and ``degrees`` columns, and the matrix is not divided by ``degrees``: its mean is
    :math:`\sigma^2` ``degrees`` times the identity, so ``sigma=degrees**-0.5`` makes it the
    identity. With fewer degrees than rows the matrix is singular, to rounding.

    Parameters
    ----------
    n : int
        Rows and columns.
    degrees : int
        Degrees of freedom, the columns of X, positive.
    sigma : float, default 1.0
        Standard deviation of an entry of X, in [1e-100, 1e100]. Complex entries have
        :math:`E|x|^2 = \sigma^2`.
    field : {"real", "complex"}, default "real"
        What the entries are: the matrix is symmetric or Hermitian.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Notes
    -----
    A matrix costs n times ``degrees`` Gaussian draws and the products that make it.

    Examples
    --------
    >>> import numpy as np, stabsim
    >>> matrix = stabsim.Wishart(3, 5).sample(rng=1)
    >>> bool((matrix == matrix.T).all() and (np.linalg.eigvalsh(matrix) > 0).all())
    True
    """

    degrees: int
    _: KW_ONLY
    sigma: float = 1.0
    field: str = "real"

    def __post_init__(self) -> None:
        """Check the parameters."""
        self._set("n", validation.integer("n", self.n, least=1))
        self._set("degrees", validation.integer("degrees", self.degrees, least=1))
        self._set("sigma", validation.real("sigma", self.sigma, least=LEAST_SCALE, most=MOST_SCALE))
        self._set("field", validation.choice("field", self.field, FIELDS))

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with independent factors."""
        parts = 2 if self.field == "complex" else 1
        rows = np.empty((self.n, self.degrees), self.dtype)
        scale = self.sigma**2 / parts
        gaussian_blocks.fill_wishart(stream.words, scale, real_numbers(rows), rows, batch)


@dataclass(frozen=True, repr=False)
class Rectangular(Ensemble):
    r"""Rectangular Gaussian factors whose sizes cycle through a list of widths.

    Factor t is an :math:`n_t \times n_{t-1}` matrix, where :math:`n_0, n_1, \dots` go through
    ``widths`` again and again: the weights of a linear network that widens and narrows. It stands
    in the upper left corner of a square matrix of the largest width, and zeros around it. Products,
    images of vectors (of which only the first :math:`n_0` components count), norms and nonzero
    singular values are those of the rectangular matrices; beyond the least width, Lyapunov
    exponents are ``-inf``, and so is the logarithm of the determinant.

    Parameters
    ----------
    widths : sequence of int
        The sizes, from that of the first input on, positive.
    sigma : float, default 1.0
        Standard deviation of an entry, in [1e-100, 1e100], or with ``mode`` what it is a multiple
        of. Complex entries have the standard deviation in the sense of :math:`E|a|^2`.
    mode : {None, "fan_in", "fan_out", "fan_avg"}, optional
        Divide ``sigma`` by the square root of the factor's columns, of its rows, or of their mean,
        as `stabsim.initializers.Init` does.
    field : {"real", "complex"}, default "real"
        What the entries are.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Examples
    --------
    >>> import stabsim
    >>> bottleneck = stabsim.Rectangular([3, 1], mode="fan_in")
    >>> bottleneck.sample(rng=1).round(2)
    array([[ 0.64,  0.86, -0.46],
           [ 0.  ,  0.  ,  0.  ],
           [ 0.  ,  0.  ,  0.  ]])
    """

    widths: tuple[int, ...]
    sigma: float
    mode: str | None
    field: str

    def __init__(
        self,
        widths: Iterable[int],
        *,
        sigma: float = 1.0,
        mode: str | None = None,
        field: str = "real",
    ) -> None:
        requirement = "widths must be a sequence of positive integers"
        sizes = tuple(
            validation.integer("widths", width, least=1)
            for width in validation.items(requirement, widths)
        )
        if not sizes:
            raise ValueError(f"{requirement}, got none")
        self._set("widths", sizes)
        self._set("sigma", validation.real("sigma", sigma, least=LEAST_SCALE, most=MOST_SCALE))
        if mode is not None:
            mode = validation.choice("mode", mode, tuple(_FANS))
        self._set("mode", mode)
        self._set("field", validation.choice("field", field, FIELDS))
        self._set("n", max(sizes))

    def __repr__(self) -> str:
        """Return the call that makes this ensemble, without the defaults."""
        sigma = f", sigma={self.sigma!r}" if self.sigma != 1.0 else ""
        mode = f", mode={self.mode!r}" if self.mode is not None else ""
        field = f", field={self.field!r}" if self.field != "real" else ""
        return f"Rectangular({list(self.widths)!r}{sigma}{mode}{field})"

    @property
    def identically_distributed(self) -> bool:
        """Whether all factors of a product have the same law."""
        return len(set(self.widths)) == 1

    @property
    def period(self) -> int:
        """The number of factors after which their laws come again, 1 where all have the same."""
        return 1 if self.identically_distributed else len(self.widths)

    @property
    def sigmas(self) -> tuple[float, ...]:
        """The standard deviation of an entry, for each factor of a cycle."""
        if self.mode is None:
            return (self.sigma,) * len(self.widths)
        of_columns, of_rows = _FANS[self.mode]
        return tuple(
            self.sigma / math.sqrt(of_columns * columns + of_rows * rows)
            for columns, rows in zip(self.widths, (*self.widths[1:], self.widths[0]), strict=True)
        )

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with the first factors of products."""
        self.sequence(batch.shape[-1])(stream, batch)

    def sequence(self, lanes: int) -> Callable[[Stream, Numbers], None]:
        """Return what draws consecutive factors of ``lanes`` products, from batch to batch."""
        sizes = np.array(self.widths)
        sigmas = np.array(self.sigmas) / math.sqrt(2.0 if self.field == "complex" else 1.0)
        memory = real_numbers(self.workspace(1, lanes))
        done = 0

        def draw(stream: Stream, batch: Numbers) -> None:
            nonlocal done
            gaussian_blocks.fill_rectangular(stream.words, sizes, sigmas, done, memory, batch)
            done += len(batch)

        return draw
