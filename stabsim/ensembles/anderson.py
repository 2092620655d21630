"""Transfer matrices of the Anderson model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation
from stabsim._kernels import anderson
from stabsim.ensembles.ensemble import MOST_SCALE, Ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stabsim._kernels.factors import Numbers
    from stabsim._random import Stream

EDGES = ("hard", "periodic")
_DISORDERS = {
    "uniform": anderson.UNIFORM,
    "gaussian": anderson.GAUSSIAN,
    "cauchy": anderson.CAUCHY,
}


@dataclass(frozen=True, repr=False)
class AndersonTransfer(Ensemble):
    r"""Transfer matrix of the Anderson model on a chain, a strip or a bar :cite:p:`Anderson1958`.

    The Schrödinger equation :math:`\psi_{t+1} + \psi_{t-1} + (H_\perp + V_t) \psi_t = E \psi_t` of
    successive slices of M sites is the product of the :math:`2M \times 2M` symplectic matrices

    .. math:: \begin{pmatrix} E - H_\perp - V_t & -1 \\ 1 & 0 \end{pmatrix},

    where :math:`H_\perp` is the hopping between neighbours within a slice, of strength 1 like that
    along the bar, and :math:`V_t` the diagonal matrix of the sites' independent disorder. On a
    chain (M = 1) there is no :math:`H_\perp`. The Lyapunov exponents come in pairs of both signs,
    and the smallest positive one is the inverse localization length of the bar
    :cite:p:`MacKinnon1983`, which `stabsim.localization_length` estimates.

    Parameters
    ----------
    energy : float
        The energy E, in units of the hopping.
    disorder : float
        The strength W of the disorder, non-negative.
    distribution : {"uniform", "gaussian", "cauchy"}, default "uniform"
        The law of V: uniform on [-W/2, W/2], Gaussian of standard deviation W, or Cauchy of
        half-width W (the Lloyd model :cite:p:`Lloyd1969`).
    width : int or pair of int, default 1
        Sites across: of a strip, or of the two sides of a bar's cross-section.
    edges : {"hard", "periodic"}, default "hard"
        Whether the sites at opposite edges of a slice are neighbours. Periodic edges need sides of
        at least 3 sites.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Notes
    -----
    A matrix costs M draws, and writing its :math:`4M^2` entries.

    Examples
    --------
    >>> import stabsim
    >>> stabsim.AndersonTransfer(0.0, 1.0, distribution="cauchy")
    AndersonTransfer(0.0, 1.0, distribution='cauchy')
    >>> stabsim.AndersonTransfer(0.0, 0.0, width=3).sample()
    array([[ 0., -1.,  0., -1.,  0.,  0.],
           [-1.,  0., -1.,  0., -1.,  0.],
           [ 0., -1.,  0.,  0.,  0., -1.],
           [ 1.,  0.,  0.,  0.,  0.,  0.],
           [ 0.,  1.,  0.,  0.,  0.,  0.],
           [ 0.,  0.,  1.,  0.,  0.,  0.]])
    """

    energy: float
    disorder: float
    distribution: str
    width: int | tuple[int, int]
    edges: str

    def __init__(
        self,
        energy: float,
        disorder: float,
        *,
        distribution: str = "uniform",
        width: int | tuple[int, int] = 1,
        edges: str = "hard",
    ) -> None:
        self._set("energy", validation.real("energy", energy, least=-MOST_SCALE, most=MOST_SCALE))
        self._set("disorder", validation.real("disorder", disorder, least=0.0, most=MOST_SCALE))
        self._set(
            "distribution", validation.choice("distribution", distribution, tuple(_DISORDERS))
        )
        self._set("width", _width(width))
        self._set("edges", validation.choice("edges", edges, EDGES))
        if edges == "periodic" and min(self.sides) < 3:
            raise ValueError(
                f"edges must be 'hard' where a side has fewer than 3 sites, got 'periodic' for the "
                f"width {width!r}"
            )
        self._set("n", 2 * self.sites)

    def __repr__(self) -> str:
        """Return the call that makes this ensemble, without the defaults."""
        text = f"AndersonTransfer({self.energy!r}, {self.disorder!r}"
        if self.distribution != "uniform":
            text += f", distribution={self.distribution!r}"
        if self.width != 1:
            text += f", width={self.width!r}"
        if self.edges != "hard":
            text += f", edges={self.edges!r}"
        return text + ")"

    @property
    def sides(self) -> tuple[int, ...]:
        """The sites along each side of a slice."""
        return (self.width,) if isinstance(self.width, int) else self.width

    @property
    def sites(self) -> int:
        """The sites M of a slice, half of ``n``."""
        return int(np.prod(self.sides))

    @property
    def moment_limit(self) -> float:
        """The order below which all absolute moments of the entries exist."""
        return 1.0 if self.distribution == "cauchy" and self.disorder > 0.0 else float("inf")

    @property
    def transverse(self) -> NDArray[np.float64]:
        """The hopping within a slice, an (M, M) matrix of zeros and ones."""
        hopping = np.zeros((1, 1))
        for side in self.sides:
            line = np.eye(side, k=1) + np.eye(side, k=-1)
            if self.edges == "periodic":
                line[0, -1] = line[-1, 0] = 1.0
            hopping = np.kron(hopping, np.eye(side)) + np.kron(np.eye(len(hopping)), line)
        return hopping

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with independent factors."""
        law = _DISORDERS[self.distribution]
        coupling = self.energy * np.eye(self.sites) - self.transverse
        anderson.fill_transfer(stream.words, law, coupling, self.disorder, batch)


def _width(width: int | tuple[int, int]) -> int | tuple[int, int]:
    """Return the width of a strip as an int, that of a bar as a pair."""
    if isinstance(width, tuple | list):
        if len(width) != 2:
            raise ValueError(
                f"width must be an integer or a pair of integers, got {validation.described(width)}"
            )
        first, second = (validation.integer("width", side, least=1) for side in width)
        # A bar of one site across one side is a strip.
        return max(first, second) if min(first, second) == 1 else (first, second)
    return validation.integer("width", width, least=1)
