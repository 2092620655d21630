"""Transfer matrices of the Anderson model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stabsim import _validation as validation
from stabsim._kernels import factors
from stabsim.ensembles.ensemble import MOST_SCALE, Ensemble

if TYPE_CHECKING:
    from stabsim._kernels.factors import Numbers
    from stabsim._random import Stream

_DISORDERS = {
    "uniform": factors.UNIFORM,
    "gaussian": factors.GAUSSIAN,
    "cauchy": factors.CAUCHY,
}


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
        self._set("energy", validation.real("energy", energy, least=-MOST_SCALE, most=MOST_SCALE))
        self._set("disorder", validation.real("disorder", disorder, least=0.0, most=MOST_SCALE))
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
