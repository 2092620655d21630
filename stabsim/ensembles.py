r"""Ensembles: what a random factor of a matrix product is.

An ensemble is a frozen, comparable description of the law of one matrix. ``ensemble.sample(rng)``
draws one; the verbs of `stabsim` multiply many.
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stabsim import _validation as validation
from stabsim._kernels import custom, factors
from stabsim._kernels.radial import BETA, CHI
from stabsim._random import Stream, seed_sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from stabsim._kernels.custom import Fill
    from stabsim._kernels.factors import Numbers
    from stabsim._random import RandomState

__all__ = [
    "IID",
    "AndersonTransfer",
    "Custom",
    "Ensemble",
    "FiniteSet",
    "Ginibre",
    "Haar",
    "Shifted",
    "TruncatedHaar",
]

_FIELDS = ("real", "complex")
# Within these no entry overflows, and none loses digits to underflow, in any law drawn here.
_LEAST_SCALE, _MOST_SCALE = 1e-100, 1e100
# The kernel of each distribution and the parameter that it alone has.
_DISTRIBUTIONS: dict[str, tuple[Callable[..., None], str | None]] = {
    "uniform": (factors.fill_centered_uniform, None),
    "rademacher": (factors.fill_rademacher, None),
    "laplace": (factors.fill_laplace, None),
    "student_t": (factors.fill_student, "degrees_of_freedom"),
    "sparse": (factors.fill_sparse, "density"),
}
_DISORDERS = {
    "uniform": factors.UNIFORM,
    "gaussian": factors.GAUSSIAN,
    "cauchy": factors.CAUCHY,
}


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
class Ensemble:
    """The base of all ensembles: frozen, comparable, with a size, a field and `sample`."""

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

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a contiguous batch (steps, n, n, lanes) with independent factors."""
        raise NotImplementedError

    def radial_law(self, norm: str) -> RadialLaw | None:  # noqa: ARG002
        """Return the exact reduced law of the growth of ``norm``, or None where there is none."""
        return None

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


def _real_numbers(batch: Numbers) -> NDArray[np.float64]:
    """Return the real numbers of a contiguous batch as a flat array on the same memory."""
    return batch.reshape(-1).view(np.float64)


def _rotation_degrees(norm: str, n: int, parts: int) -> tuple[int, ...]:
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
        self._set(
            "sigma", validation.real("sigma", self.sigma, least=_LEAST_SCALE, most=_MOST_SCALE)
        )
        validation.choice("field", self.field, _FIELDS)

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
        factors.fill_gaussian(stream.words, self.part_sigma, _real_numbers(batch))

    def radial_law(self, norm: str) -> RadialLaw | None:
        """Return the chi-square law of a vector's growth or of the determinant's."""
        if norm in {"frobenius", "spectral"}:
            return None
        degrees = _rotation_degrees(norm, self.n, self.parts)
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
        validation.choice("field", self.field, _FIELDS)
        self._set(
            "scale", validation.real("scale", self.scale, least=_LEAST_SCALE, most=_MOST_SCALE)
        )

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with independent factors."""
        rows = np.empty((self.n, self.n), self.dtype)
        factors.fill_haar(stream.words, self.scale, self.n, _real_numbers(rows), batch)

    def radial_law(self, norm: str) -> RadialLaw | None:
        """Return the law of a growth that is the same at every step and in every direction."""
        parts = 2 if self.field == "complex" else 1
        degrees = _rotation_degrees(norm, self.n, parts)
        return RadialLaw(BETA, degrees, 0, 0.0, self.scale)


@dataclass(frozen=True, repr=False)
class TruncatedHaar(Ensemble):
    r"""The n×n corner of a Haar matrix of a larger size :cite:p:`Zyczkowski2000`.

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
        validation.choice("field", self.field, _FIELDS)

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with independent factors."""
        rows = np.empty((self.n, self.size), self.dtype)
        factors.fill_haar(stream.words, 1.0, self.size, _real_numbers(rows), batch)

    def radial_law(self, norm: str) -> RadialLaw | None:
        """Return the beta law of a vector's growth or of the determinant's."""
        if norm in {"frobenius", "spectral"}:
            return None
        parts = 2 if self.field == "complex" else 1
        degrees = _rotation_degrees(norm, self.n, parts)
        return RadialLaw(BETA, degrees, parts * (self.size - self.n), 0.0, 1.0)


@dataclass(frozen=True, repr=False)
class IID(Ensemble):
    r"""Square matrix of independent entries, standardized to mean 0 and a standard deviation.

    Parameters
    ----------
    n : int
        Rows and columns.
    distribution : {"uniform", "rademacher", "laplace", "student_t", "sparse"}
        The law of an entry. ``"rademacher"`` is a fair sign; ``"sparse"`` is a Gaussian with
        probability ``density`` and zero else. (For Gaussian entries see `Ginibre`.)
    sigma : float, default 1.0
        Standard deviation of an entry, in [1e-100, 1e100].
    degrees_of_freedom : float, optional
        Required for ``"student_t"`` and above 2, where the variance is finite.
    density : float, optional
        Required for ``"sparse"``: the probability of a non-zero entry, in (0, 1].

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range, or belongs to another distribution.

    Examples
    --------
    >>> import stabsim
    >>> stabsim.IID(4, "student_t", degrees_of_freedom=3)
    IID(4, 'student_t', degrees_of_freedom=3.0)
    """

    distribution: str
    _: KW_ONLY
    sigma: float = 1.0
    degrees_of_freedom: float | None = None
    density: float | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        self._set("n", validation.integer("n", self.n, least=1))
        validation.choice("distribution", self.distribution, tuple(_DISTRIBUTIONS))
        self._set(
            "sigma", validation.real("sigma", self.sigma, least=_LEAST_SCALE, most=_MOST_SCALE)
        )
        own = _DISTRIBUTIONS[self.distribution][1]
        for name, limits in (
            ("degrees_of_freedom", {"above": 2.0}),
            ("density", {"above": 0.0, "most": 1.0}),
        ):
            value = getattr(self, name)
            if name == own:
                self._set(name, validation.real(name, value, **limits))
            elif value is not None:
                raise ValueError(
                    f"{name} must be left out for the distribution {self.distribution!r}, "
                    f"got {value!r}"
                )

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with independent factors."""
        fill, own = _DISTRIBUTIONS[self.distribution]
        parameters = [self.sigma] if own is None else [self.sigma, getattr(self, own)]
        fill(stream.words, *parameters, _real_numbers(batch))


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
    try:
        array = np.array(matrices)
    except ValueError as error:
        raise ValueError(f"{requirement}, got rows of unequal lengths") from error
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{requirement}, got dtype {array.dtype}")
    if array.ndim != 3 or array.shape[1] != array.shape[2] or array.size == 0:
        raise ValueError(f"{requirement}, got shape {array.shape}")
    # Adding zero turns -0.0 into 0.0, which compare equal but differ in bytes.
    array = np.ascontiguousarray(array, dtype=complex if array.dtype.kind == "c" else float) + 0.0
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
        try:
            array = np.array(probabilities, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{requirement}, got {probabilities!r}") from error
        if array.shape != (size,):
            raise ValueError(f"{requirement}, got shape {array.shape}")
        if not (array >= 0.0).all():
            raise ValueError(f"{requirement}, got {array.tolist()}")
        if not abs(array.sum() - 1.0) <= 1e-9:
            raise ValueError(f"{requirement}, got the sum {array.sum():.12g}")
        array = array / array.sum() if np.ptp(array) > 0.0 else np.full(size, 1.0 / size)
    array.flags.writeable = False
    return array


@dataclass(frozen=True, repr=False)
class AndersonTransfer(Ensemble):
    r"""Transfer matrix of the one-dimensional Anderson model :cite:p:`Anderson1958`.

    The Schrödinger equation :math:`\psi_{t+1} + \psi_{t-1} + V_t \psi_t = E \psi_t` on a chain is
    the product of the matrices

    .. math:: \begin{pmatrix} E - V_t & -1 \\ 1 & 0 \end{pmatrix},

    whose Lyapunov exponent is the inverse localization length.

    Parameters
    ----------
    energy : float
        The energy E, in units of the hopping.
    disorder : float
        The strength W of the disorder, non-negative.
    distribution : {"uniform", "gaussian", "cauchy"}, default "uniform"
        The law of V: uniform on [-W/2, W/2], Gaussian of standard deviation W, or Cauchy of
        half-width W (the Lloyd model :cite:p:`Lloyd1969`).
    width : int, default 1
        Sites across the chain. Only 1 is available.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Examples
    --------
    >>> import stabsim
    >>> stabsim.AndersonTransfer(0.0, 1.0, distribution="cauchy")
    AndersonTransfer(0.0, 1.0, distribution='cauchy')
    """

    energy: float
    disorder: float
    distribution: str
    width: int

    def __init__(
        self, energy: float, disorder: float, *, distribution: str = "uniform", width: int = 1
    ) -> None:
        self._set("energy", validation.real("energy", energy, least=-_MOST_SCALE, most=_MOST_SCALE))
        self._set("disorder", validation.real("disorder", disorder, least=0.0, most=_MOST_SCALE))
        self._set(
            "distribution", validation.choice("distribution", distribution, tuple(_DISORDERS))
        )
        self._set("width", validation.integer("width", width, least=1))
        if self.width > 1:
            raise ValueError(f"width must be 1, the only width available, got {width}")
        self._set("n", 2 * self.width)

    def __repr__(self) -> str:
        """Return the call that makes this ensemble, without the defaults."""
        text = f"AndersonTransfer({self.energy!r}, {self.disorder!r}"
        if self.distribution != "uniform":
            text += f", distribution={self.distribution!r}"
        return text + ")"

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with independent factors."""
        law = _DISORDERS[self.distribution]
        factors.fill_anderson(stream.words, law, self.energy, self.disorder, batch)


@dataclass(frozen=True, repr=False)
class Shifted(Ensemble):
    r"""A multiple of the identity plus a multiple of a random matrix: one residual step.

    The matrix is :math:`s I + c A`. Nested shifts are one shift.

    Parameters
    ----------
    ensemble : Ensemble
        The law of A.
    shift : float, default 1.0
        The multiple s of the identity, at most 1e100 in magnitude.
    scale : float
        The multiple c of the random matrix, at most 1e100 in magnitude.

    Raises
    ------
    TypeError, ValueError
        If ``ensemble`` is no ensemble, or ``shift`` or ``scale`` no finite number of at
        most 1e100.

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
            raise TypeError(f"ensemble must be an Ensemble, got {ensemble!r}")
        self._set("ensemble", ensemble)
        self._set("shift", validation.real("shift", shift, least=-_MOST_SCALE, most=_MOST_SCALE))
        self._set("scale", validation.real("scale", scale, least=-_MOST_SCALE, most=_MOST_SCALE))
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
        """Fill a batch with independent factors."""
        self.ensemble.draw(stream, batch)
        batch *= self.scale
        for i in range(self.n):
            batch[:, i, i, :] += self.shift
        if not np.isfinite(batch).all():
            raise ValueError(f"scale must keep all entries finite, got {self.scale!r}")

    def radial_law(self, norm: str) -> RadialLaw | None:
        """Return the law of a vector's growth, where the random matrix is rotation invariant.

        Conjugating by a rotation leaves the law of the step as it is, so the ratio of lengths does
        not depend on the direction.
        """
        inner = self.ensemble.radial_law(norm) if norm == "vector" else None
        if inner is None:
            return None
        return inner._replace(
            shift=self.shift + self.scale * inner.shift, scale=self.scale * inner.scale
        )


@dataclass(frozen=True, repr=False)
class Custom(Ensemble):
    r"""A matrix of your own law.

    Parameters
    ----------
    n : int
        Rows and columns.
    fill : callable
        Called as ``fill(rng, out)``: writes one matrix into ``out``, an (n, n) array that comes
        filled with zeros, with draws from ``rng``, a ``numpy.random.Generator``. It must be a
        function that ``numba.njit`` compiles, or one that it has compiled.
    field : {"real", "complex"}, default "real"
        What the entries are.

    Raises
    ------
    TypeError, ValueError
        If ``n`` is no positive integer, ``fill`` does not compile, does not run, or writes numbers
        that are not finite.

    Notes
    -----
    ``fill`` costs what it draws: a Gaussian from ``rng`` takes about 10 ns, against 2 ns in the
    built-in ensembles.

    Examples
    --------
    >>> import numba, stabsim
    >>> @numba.njit
    ... def symmetric(rng, out):
    ...     for i in range(out.shape[0]):
    ...         for j in range(i + 1):
    ...             out[i, j] = out[j, i] = rng.standard_normal()
    >>> wigner = stabsim.Custom(3, symmetric)
    >>> matrix = wigner.sample(rng=1)
    >>> bool((matrix == matrix.T).all())
    True
    """

    fill: Fill
    field: str

    def __init__(self, n: int, fill: Fill, *, field: str = "real") -> None:
        self._set("n", validation.integer("n", n, least=1))
        self._set("field", validation.choice("field", field, _FIELDS))
        if not callable(fill):
            raise TypeError(f"fill must be a function fill(rng, out), got {fill!r}")
        self._set("fill", fill)
        self._try_fill()

    def __repr__(self) -> str:
        """Return the call that makes this ensemble, without the defaults."""
        name = getattr(self.fill, "__name__", repr(self.fill))
        field = f", field={self.field!r}" if self.field != "real" else ""
        return f"Custom({self.n}, {name}{field})"

    def _try_fill(self) -> None:
        """Run ``fill`` once as plain Python, where an index out of bounds is an error."""
        try:
            custom.compiled_fill(self.fill, self.field == "complex")
        except TypeError as error:
            raise TypeError(
                f"fill must be a function fill(rng, out) that numba.njit compiles, got: {error}"
            ) from error
        out = np.zeros((self.n, self.n), self.dtype)
        try:
            custom.plain_function(self.fill)(np.random.default_rng(0), out)
        except Exception as error:
            raise ValueError(
                f"fill must run on a Generator and a {self.n}x{self.n} array, "
                f"got {type(error).__name__}: {error}"
            ) from error
        _check_supplied(out)

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with what the user's function writes."""
        fill = custom.compiled_fill(self.fill, self.field == "complex")
        custom.supplier(fill)(stream.generator, np.empty((self.n, self.n), self.dtype), batch)
        _check_supplied(batch)


def _check_supplied(entries: Numbers) -> None:
    finite = np.isfinite(entries)
    if not finite.all():
        raise ValueError(f"fill must write finite numbers, got {entries[~finite][0]}")
