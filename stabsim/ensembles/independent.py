"""Matrices of independent entries that are not Gaussian."""

from __future__ import annotations

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
}


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
        self._set("sigma", validation.real("sigma", self.sigma, least=LEAST_SCALE, most=MOST_SCALE))
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
        fill(stream.words, *parameters, real_numbers(batch))
