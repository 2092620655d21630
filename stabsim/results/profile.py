"""One logarithm through the layers of a network: its distribution at every recorded layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stabsim._statistics import SampleStatistics, standard_error
from stabsim.results.arrays import read_only, validated_levels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from stabsim._statistics import Statistics


@dataclass(frozen=True, eq=False, repr=False)
class Profile:
    """The distribution of one quantity at every recorded layer.

    Results hold profiles; you need not make one. A signal of zero has the logarithm ``-inf``: it is
    counted in ``vanished``, takes part in quantiles, and the moments are those of the other trials.

    Attributes
    ----------
    name : str
        What it is, e.g. ``"ln |∂ℓ/∂x|"``.
    layers : (R,) int64 array
        The recorded layers.

    Examples
    --------
    >>> import stabsim
    >>> result = stabsim.gradient_attenuation(stabsim.MLP(3, 64), trials=100, rng=1)
    >>> result.activation.layers
    array([0, 1, 2, 3])
    >>> result.activation.quantile([0.05, 0.95]).shape
    (2, 4)
    """

    name: str
    layers: NDArray[np.int64]
    statistics: Statistics
    first: int

    @property
    def _columns(self) -> slice:
        return slice(self.first, self.first + self.layers.size)

    @property
    def samples(self) -> NDArray[np.float64]:
        """The value of every trial at every layer, (trials, R); read-only.

        It is there only if ``samples=True``.
        """
        if not isinstance(self.statistics, SampleStatistics):
            raise AttributeError(
                "the values of all trials are kept only with samples=True, got samples=False"
            )
        return read_only(self.statistics.samples[:, self._columns])

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean at every layer, (R,), over the trials that have not vanished."""
        return read_only(self.statistics.mean[self._columns])

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviation at every layer, (R,), over the same trials."""
        return read_only(self.statistics.std[self._columns])

    @property
    def standard_error(self) -> NDArray[np.float64]:
        """Standard error of the mean at every layer, (R,); infinite for a single trial."""
        return read_only(standard_error(self.statistics)[self._columns])

    @property
    def vanished(self) -> NDArray[np.int64]:
        """At every layer, (R,), the number of trials at ``-inf``."""
        return read_only(self.statistics.vanished[self._columns])

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        r"""Return quantiles at every layer, over all trials.

        Parameters
        ----------
        q : array_like of float
            Probabilities in [0, 1].

        Returns
        -------
        float64 array of shape (\*q.shape, R)
            The quantiles; ``-inf`` where so many trials have vanished.

        Raises
        ------
        TypeError, ValueError
            If ``q`` is not made of numbers, or a probability is not in [0, 1].
        """
        return self.statistics.quantile(validated_levels(q))[..., self._columns]

    def __repr__(self) -> str:
        """Return what it is and for which layers."""
        return f"<Profile of {self.name} at {self.layers.size} layers>"
