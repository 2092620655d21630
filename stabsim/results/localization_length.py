"""The result of `stabsim.localization_length`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from stabsim.ensembles import AndersonTransfer
from stabsim.results.arrays import read_only
from stabsim.results.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from stabsim.results.lyapunov_spectrum import LyapunovSpectrum

__all__ = ["LocalizationLength"]


@dataclass(frozen=True, eq=False, repr=False)
class LocalizationLength(Result):
    r"""How far a wave spreads along a disordered chain, strip or bar.

    `stabsim.localization_length` makes it. Lengths are in units of the lattice constant. The length
    is infinite where the estimate of its inverse is not positive.

    Attributes
    ----------
    spectrum : LyapunovSpectrum
        The exponents that are not negative, descending; the last one is the inverse length.

    Examples
    --------
    >>> import stabsim
    >>> strip = stabsim.AndersonTransfer(0.0, 6.0, width=4)
    >>> result = stabsim.localization_length(strip, steps=5000, rng=1)
    >>> result.reduced == result.length / 4
    True
    """

    estimated: ClassVar[Mapping[str, tuple[str, str]]] = {
        "length": ("length", "standard_error"),
        "exponent": ("exponent", "exponent_se"),
    }

    spectrum: LyapunovSpectrum

    @property
    def ensemble(self) -> AndersonTransfer:
        """The bar."""
        bar = self.spectrum.ensemble
        assert isinstance(bar, AndersonTransfer)
        return bar

    @property
    def seed(self) -> np.random.SeedSequence:
        """Passed as ``rng``, it repeats the result bit for bit."""
        return self.spectrum.seed

    @property
    def exponent(self) -> float:
        """The smallest positive Lyapunov exponent, per slice."""
        return float(self.spectrum.exponents[-1])

    @property
    def exponent_se(self) -> float:
        """Standard error of the exponent."""
        return float(self.spectrum.standard_error[-1])

    @property
    def length(self) -> float:
        r"""The localization length :math:`\xi`, the inverse of the exponent."""
        return 1.0 / self.exponent if self.exponent > 0.0 else math.inf

    @property
    def standard_error(self) -> float:
        """Standard error of the length."""
        return self.exponent_se * self.length**2 if self.length < math.inf else math.inf

    @property
    def width(self) -> float:
        """Sites across a strip, or along the side of a square as large as a bar's cross-section."""
        sides = self.ensemble.sides
        return float(sides[0]) if len(set(sides)) == 1 else math.sqrt(self.ensemble.sites)

    @property
    def reduced(self) -> float:
        r"""The reduced length :math:`\Lambda = \xi / M`, the length in units of the width."""
        return self.length / self.width

    @property
    def reduced_se(self) -> float:
        """Standard error of the reduced length."""
        return self.standard_error / self.width

    @property
    def exact(self) -> float | None:
        """The exact length, where it is known, else None."""
        exponents = self.spectrum.exact
        if exponents is None:
            return None
        return 1.0 / float(exponents[-1]) if exponents[-1] > 0.0 else math.inf

    @property
    def history(self) -> NDArray[np.float64]:
        """The running estimate of the length at the steps ``spectrum.recorded``, (R,)."""
        exponents = self.spectrum.history[:, -1]
        lengths = np.full(exponents.shape, math.inf)
        np.divide(1.0, exponents, out=lengths, where=exponents > 0.0)
        return read_only(lengths)

    def summary(self) -> str:
        """Return a short table of the result.

        Returns
        -------
        str
            A few lines of text: what was simulated, the exponent, the length and its exact value.
        """
        lines = [
            f"{self.ensemble!r}, {self.spectrum.trials} samples of {self.spectrum.steps} slices",
            f"smallest positive exponent {self.exponent:.6g} ± {self.exponent_se:.2g} per slice",
            f"localization length {self.length:.6g} ± {self.standard_error:.2g}",
            f"in units of the width {self.width:g}: {self.reduced:.6g} ± {self.reduced_se:.2g}",
            *self._precision_lines(),
        ]
        if self.exact is not None:
            lines[2] += f", exact {self.exact:.6g}"
            if 0.0 < self.standard_error < math.inf and self.exact < math.inf:
                lines[2] += f" (z = {(self.length - self.exact) / self.standard_error:+.2f})"
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the class and the summary."""
        return f"<LocalizationLength>\n{self.summary()}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the running estimate of the length against the number of slices.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, not yet shown.
        """
        from stabsim.plotting.localization import plot_localization_length

        return plot_localization_length(self, ax)
