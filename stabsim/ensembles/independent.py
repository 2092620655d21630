"""Matrices of independent entries that are not Gaussian."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from stabsim import _validation as validation
from stabsim._kernels import factors
from stabsim.ensembles.ensemble import LEAST_SCALE, MOST_SCALE, Ensemble, real_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from stabsim._kernels.factors import Numbers
    from stabsim._random import Stream

# The kernel of each distribution and the parameter that it alone has.
_DISTRIBUTIONS: dict[str, tuple[Callable[..., None], str | None]] = {
    "uniform": (factors.fill_centered_uniform, None),
    "rademacher": (factors.fill_rademacher, None),
    "laplace": (factors.fill_laplace, None),
    "student_t": (factors.fill_student, "degrees_of_freedom"),
    "sparse": (factors.fill_sparse, "density"),
    "cauchy": (factors.fill_cauchy, None),
    "stable": (factors.fill_stable, "stability"),
}
# Down to this order of moments the largest entries that can be drawn stay far from overflow.
_LEAST_MOMENT = 0.2


@dataclass(frozen=True, repr=False)
class IID(Ensemble):
    r"""Square matrix of independent entries that are not Gaussian.

    Parameters
    ----------
    n : int
        Rows and columns.
    distribution : {"uniform", "rademacher", "laplace", "student_t", "sparse", "cauchy", "stable"}
        The law of an entry, symmetric about 0. ``"rademacher"`` is a fair sign; ``"sparse"`` is a
        Gaussian with probability ``density`` and zero else; ``"stable"`` is the symmetric stable
        law of the index ``stability``. (For Gaussian entries see `Ginibre`.)
    sigma : float, default 1.0
        Standard deviation of an entry, in [1e-100, 1e100]; its scale where there is no standard
        deviation (see the notes).
    degrees_of_freedom : float, optional
        Required for ``"student_t"``, at least 0.2. Moments below this order exist.
    density : float, optional
        Required for ``"sparse"``: the probability of a non-zero entry, in (0, 1].
    stability : float, optional
        Required for ``"stable"``: the index :math:`\alpha`, in [0.2, 2]. Moments below this order
        exist.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range, or belongs to another distribution.

    Notes
    -----
    **Heavy tails.** The variance of Student's law is infinite up to 2 degrees of freedom, that of
    a Cauchy or stable variable always (except at :math:`\alpha = 2`), and the law cannot be
    standardized: ``sigma`` is then the scale that multiplies the standard law. The half-width of
    the Cauchy law is ``sigma``, and the characteristic function of the stable law is
    :math:`\exp(-|\sigma t|^\alpha)`, drawn by the method of :cite:t:`Chambers1976`; at
    :math:`\alpha = 2` that is a Gaussian of standard deviation :math:`\sqrt 2\,\sigma`. All growth
    rates of products exist, because logarithms have moments of any order, but moments of a norm
    exist only below `moment_limit`.

    Examples
    --------
    >>> import stabsim
    >>> stabsim.IID(4, "student_t", degrees_of_freedom=3)
    IID(4, 'student_t', degrees_of_freedom=3.0)
    >>> stabsim.IID(4, "stable", stability=1.5).moment_limit
    1.5
    """

    distribution: str
    _: KW_ONLY
    sigma: float = 1.0
    degrees_of_freedom: float | None = None
    density: float | None = None
    stability: float | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        self._set("n", validation.integer("n", self.n, least=1))
        known = tuple(_DISTRIBUTIONS)
        self._set("distribution", validation.choice("distribution", self.distribution, known))
        self._set("sigma", validation.real("sigma", self.sigma, least=LEAST_SCALE, most=MOST_SCALE))
        own = _DISTRIBUTIONS[self.distribution][1]
        for name, limits in (
            ("degrees_of_freedom", {"least": _LEAST_MOMENT}),
            ("density", {"above": 0.0, "most": 1.0}),
            ("stability", {"least": _LEAST_MOMENT, "most": 2.0}),
        ):
            value = getattr(self, name)
            if name == own:
                self._set(name, validation.real(name, value, **limits))
            elif value is not None:
                raise ValueError(
                    f"{name} must be left out for the distribution {self.distribution!r}, "
                    f"got {validation.described(value)}"
                )

    @property
    def moment_limit(self) -> float:
        """The order below which all absolute moments of the entries exist."""
        match self.distribution:
            case "cauchy":
                return 1.0
            case "student_t" if self.degrees_of_freedom is not None:
                return self.degrees_of_freedom
            case "stable" if self.stability is not None and self.stability < 2.0:
                return self.stability
        return math.inf

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with independent factors."""
        fill, own = _DISTRIBUTIONS[self.distribution]
        parameters = [self.sigma] if own is None else [self.sigma, getattr(self, own)]
        fill(stream.words, *parameters, real_numbers(batch))
