"""What populations of walkers record of moments of matrix products."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["PopulationRecord"]


@dataclass(frozen=True, eq=False)
class PopulationRecord:
    r"""What independent populations recorded for every order; a row is a population.

    Attributes
    ----------
    rate : (trials, Q) float64 array
        The growth of the logarithm of the mean weight per step; ``-inf`` for a population that
        died out, ``inf`` where the moment is infinite.
    noise : (trials, Q) float64 array
        The variance of that logarithm per step, from batch means.
    effective : (trials, Q) float64 array
        The effective sample size before resampling, averaged over the steps.
    tail : (trials, Q) float64 array
        The mean logarithm of the ratio of the two largest factors of weights in a step.
    window_noise : (trials, Q, J) float64 array
        The noise from windows of :math:`1, 2, \dots, 2^{J-1}` steps.
    ancestors : (trials, Q, J) float64 array
        How many walkers at the beginning of a window have descendants at its end, on average.
    """

    rate: Floats
    noise: Floats
    effective: Floats
    tail: Floats
    window_noise: Floats
    ancestors: Floats

    def freeze(self) -> None:
        """Make the arrays read-only."""
        for field in fields(self):
            getattr(self, field.name).flags.writeable = False
