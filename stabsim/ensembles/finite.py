"""Matrices picked from a finite set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim import _validation as validation
from stabsim._kernels import factors
from stabsim.ensembles.ensemble import Ensemble

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from stabsim._kernels.factors import Numbers
    from stabsim._random import Stream


@dataclass(frozen=True, repr=False, eq=False)
class FiniteSet(Ensemble):
    r"""A matrix picked at random from a finite set.

    Parameters
    ----------
    matrices : (m, n, n) array_like, real or complex
        The set.
    probabilities : (m,) array_like, optional
        Their probabilities, which sum to 1 within 1e-9; all equal by default.

    Raises
    ------
    TypeError, ValueError
        If ``matrices`` is no array of finite square matrices, or ``probabilities`` no array of as
        many non-negative numbers with the sum 1.

    Examples
    --------
    >>> import stabsim
    >>> coin = stabsim.FiniteSet([[[2.0]], [[0.5]]], probabilities=[0.25, 0.75])
    >>> coin
    FiniteSet([[[2.0]], [[0.5]]], probabilities=[0.25, 0.75])
    >>> float(coin.sample(rng=0)[0, 0]) in {2.0, 0.5}
    True
    """

    matrices: NDArray[Any]
    probabilities: NDArray[np.float64]

    def __init__(self, matrices: ArrayLike, probabilities: ArrayLike | None = None) -> None:
        checked = _finite_matrices(matrices)
        self._set("n", checked.shape[1])
        self._set("matrices", checked)
        self._set("probabilities", _distribution(probabilities, checked.shape[0]))

    @classmethod
    def random_fibonacci(cls) -> FiniteSet:
        r"""Return the matrices of the random Fibonacci sequence :cite:p:`Viswanath1999`.

        The pairs :math:`(x_{t-1}, x_t)` of :math:`x_{t+1} = x_t \pm x_{t-1}`, with fair signs. The
        sequence grows like :math:`1.13198824879\ldots^t`.

        Returns
        -------
        FiniteSet
            The two matrices with equal probabilities.
        """
        return cls([[[0.0, 1.0], [1.0, 1.0]], [[0.0, 1.0], [-1.0, 1.0]]])

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled ensemble, whose arrays have lost their flags."""
        self.__dict__.update(state)
        self.matrices.flags.writeable = False
        self.probabilities.flags.writeable = False

    def __repr__(self) -> str:
        """Return the call that makes this ensemble, shortened for many matrices."""
        if self.matrices.size > 64:
            return f"<FiniteSet of {len(self.matrices)} {self.n}x{self.n} matrices>"
        text = repr(self.matrices.tolist())
        if np.ptp(self.probabilities) > 0.0:
            text += f", probabilities={self.probabilities.tolist()!r}"
        return f"FiniteSet({text})"

    def __eq__(self, other: object) -> bool:
        """Compare the matrices, their types and the probabilities."""
        if not isinstance(other, FiniteSet):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        """Return a hash of the matrices and probabilities."""
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return (
            self.matrices.shape,
            self.dtype,
            self.matrices.tobytes(),
            self.probabilities.tobytes(),
        )

    @property
    def dtype(self) -> type[float] | type[complex]:
        """The type of a matrix entry, ``float`` or ``complex``."""
        return complex if self.matrices.dtype.kind == "c" else float

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with independent factors."""
        cumulative = np.cumsum(self.probabilities)
        # A uniform variable is below 1, so every draw finds its matrix whatever the rounding.
        cumulative[np.flatnonzero(self.probabilities)[-1] :] = 1.0
        factors.fill_finite(stream.words, cumulative, self.matrices, batch)


def _finite_matrices(matrices: ArrayLike) -> NDArray[Any]:
    """Return ``matrices`` as a read-only array of finite square matrices."""
    requirement = "matrices must be an array of shape (m, n, n) of finite real or complex numbers"
    array = validation.array(requirement, matrices, kinds="biufc", shape=(None, None, None))
    if array.shape[1] != array.shape[2]:
        raise ValueError(f"{requirement}, got shape {array.shape}")
    # Adding zero turns -0.0 into 0.0, which compare equal but differ in bytes.
    array = np.ascontiguousarray(array) + 0.0
    if not np.isfinite(array).all():
        raise ValueError(f"{requirement}, got {array[~np.isfinite(array)][0]}")
    array.flags.writeable = False
    return array


def _distribution(probabilities: ArrayLike | None, size: int) -> NDArray[np.float64]:
    """Return ``probabilities`` as a read-only array that sums to 1."""
    requirement = f"probabilities must be {size} non-negative numbers with the sum 1"
    if probabilities is None:
        array = np.full(size, 1.0 / size)
    else:
        array = validation.array(requirement, probabilities, kinds="biuf", shape=(size,))
        if not (array >= 0.0).all():
            raise ValueError(f"{requirement}, got {array.tolist()}")
        if not abs(array.sum() - 1.0) <= 1e-9:
            raise ValueError(f"{requirement}, got the sum {array.sum():.12g}")
        array = array / array.sum() if np.ptp(array) > 0.0 else np.full(size, 1.0 / size)
    array.flags.writeable = False
    return array
