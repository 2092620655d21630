"""The result of `stabsim.jacobian_spectrum`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from stabsim._statistics import SampleStatistics, standard_error
from stabsim.results.arrays import read_only, validated_levels
from stabsim.results.jacobian_prediction import JacobianPrediction, predicted_spectrum
from stabsim.results.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from stabsim._statistics import Statistics
    from stabsim.networks import Network

_SUMMARY_ROWS = 6
_LN10 = math.log(10.0)


@dataclass(frozen=True, eq=False, repr=False)
class JacobianSpectrum(Result):
    r"""The singular values of the Jacobian of a network at initialization.

    `stabsim.jacobian_spectrum` makes it. All logarithms are natural but for ``log_condition``.
    Singular values are counted by their rank, the largest first: there are k, the lesser of the
    numbers of units at both ends of the layers.

    Attributes
    ----------
    network : Network
        The architecture and the laws of its weights.
    layers : (int, int)
        The layers between which the Jacobian is taken; layer 0 is the input, layer l the
        activations after layer l.
    log_input_norm : float
        The logarithm of the input's norm, or for Gaussian inputs that of its root mean square.
    trials : int
        Number of independent initializations.
    seed : numpy.random.SeedSequence
        Passed as ``rng``, it repeats the result bit for bit.

    Examples
    --------
    >>> import stabsim
    >>> network = stabsim.MLP(8, 32, activation="relu", init="kaiming_normal")
    >>> spectrum = stabsim.jacobian_spectrum(network, trials=200, rng=1)
    >>> spectrum.log_singular_values.shape, spectrum.mean.shape
    ((200, 32), (32,))
    >>> z = (spectrum.moments[0] - 1.0) / spectrum.moments_standard_error[0]
    >>> bool(abs(z) < 5)
    True
    """

    estimated: ClassVar[Mapping[str, tuple[str, str]]] = {"mean": ("mean", "standard_error")}

    network: Network
    layers: tuple[int, int]
    log_input_norm: float
    trials: int
    seed: np.random.SeedSequence
    statistics: Statistics
    log_units: tuple[float, float] | None

    @property
    def _count(self) -> int:
        widths = self.network.widths
        return int(min(widths[self.layers[0]], widths[self.layers[1]]))

    @property
    def log_singular_values(self) -> NDArray[np.float64]:
        """The logarithms of the singular values of every trial, descending, (trials, k); read-only.

        They are there only if ``samples=True``. A zero is ``-inf``.
        """
        return read_only(self._samples("log_singular_values")[:, : self._count])

    @property
    def log_condition(self) -> NDArray[np.float64]:
        """Decimal logarithm of the largest over the least singular value, (trials,).

        It is infinite where one is zero, and there only if ``samples=True``.
        """
        return read_only(-self._samples("log_condition")[:, -1] / _LN10)

    def _samples(self, name: str) -> NDArray[np.float64]:
        if not isinstance(self.statistics, SampleStatistics):
            raise AttributeError(f"{name} is kept only with samples=True, got samples=False")
        return self.statistics.samples

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean logarithm of the singular value of every rank, (k,), where it is not zero."""
        return read_only(self.statistics.mean[: self._count])

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviation of the logarithm at every rank, (k,), over the same trials."""
        return read_only(self.statistics.std[: self._count])

    @property
    def standard_error(self) -> NDArray[np.float64]:
        """Standard error of the mean at every rank, (k,); infinite for a single trial."""
        return read_only(standard_error(self.statistics)[: self._count])

    @property
    def vanished(self) -> NDArray[np.int64]:
        """At every rank, (k,), the number of trials whose singular value is zero."""
        return read_only(self.statistics.vanished[: self._count])

    @property
    def dead(self) -> int:
        """The number of trials whose Jacobian is zero."""
        return int(self.statistics.vanished[0])

    @property
    def median_log_condition(self) -> float:
        """The median of ``log_condition``, in decades."""
        return -float(self.statistics.quantile(0.5)[-1]) / _LN10

    @property
    def log_moments(self) -> NDArray[np.float64]:
        r"""The logarithms of ``moments``, (2,), which no depth takes out of range."""
        return read_only(self._moments[0])

    @property
    def moments(self) -> NDArray[np.float64]:
        r"""The means of :math:`m_1` and :math:`m_2`, (2,), over all trials, dead ones included.

        They are :math:`m_j = \frac1n \sum_i s_i^{2j}` with the number n of units at the first of
        the layers: the moments of :math:`J^\top J`. At great depth few trials carry most of them,
        and they leave the range of float64; see ``log_moments``.
        """
        with np.errstate(over="ignore"):
            return read_only(np.exp(self._moments[0]))

    @property
    def moments_standard_error(self) -> NDArray[np.float64]:
        """Standard errors of ``moments``, (2,); infinite for a single trial."""
        log_means, relative = self._moments
        with np.errstate(over="ignore"):
            errors = np.exp(log_means) * np.where(np.isfinite(relative), relative, 1.0)
        return read_only(np.where(np.isfinite(relative), errors, math.inf))

    @cached_property
    def _moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The logarithms of the mean moments, and their relative standard errors."""
        columns = slice(self._count, self._count + 2)
        if isinstance(self.statistics, SampleStatistics):
            logs = self.statistics.samples[:, columns]
            peak = logs.max(axis=0)
            units = np.where(np.isfinite(peak), peak, 0.0)
            scaled = np.exp(logs - units)
            mean, std = scaled.mean(axis=0), scaled.std(axis=0, ddof=min(1, self.trials - 1))
        else:
            units = np.array(self.log_units)
            mean, std = self.statistics.mean[columns], self.statistics.std[columns]
        error = std / math.sqrt(self.trials) if self.trials > 1 else np.full(2, math.inf)
        positive = mean > 0.0
        log_means = np.full(2, -math.inf)
        np.log(mean, out=log_means, where=positive)
        relative = np.zeros(2)
        np.divide(error, mean, out=relative, where=positive)
        return log_means + units, relative

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        r"""Return quantiles of the logarithm of the singular value at every rank, of all trials.

        Parameters
        ----------
        q : array_like of float
            Probabilities in [0, 1].

        Returns
        -------
        float64 array of shape (\*q.shape, k)
            The quantiles; ``-inf`` where so many trials have a zero.

        Raises
        ------
        TypeError, ValueError
            If ``q`` is not made of numbers, or a probability is not in [0, 1].
        """
        return self.statistics.quantile(validated_levels(q))[..., : self._count]

    @cached_property
    def mean_field(self) -> JacobianPrediction | None:
        """The limit of infinite width; None where it says nothing.

        That is so for layers of unequal width, for weights whose mean is not zero, and where a
        layer composes several activations. The variances of pre-activations are followed from the
        input on.
        """
        return predicted_spectrum(self.network, *self.layers, self.log_input_norm)

    def summary(self) -> str:
        """Return a short table of the result.

        Returns
        -------
        str
            A few lines of text: what was simulated, the moments beside those of wide networks, and
            the distribution of some singular values.
        """
        shown = np.unique(np.linspace(0, self._count - 1, _SUMMARY_ROWS).astype(int))
        columns = {
            "rank": np.arange(1, self._count + 1),
            "mean ln s": self.mean,
            "s.e.": self.standard_error,
            "std": self.std,
            **dict(zip(("5 %", "50 %", "95 %"), self.quantile([0.05, 0.5, 0.95]), strict=True)),
        }
        if self.vanished.any():
            columns["zero"] = self.vanished
        first, last = self.layers
        lines = [
            f"{self.network!r}, singular values of ∂x^{last}/∂x^{first}, {self.trials} trials",
            self._moments_line(),
            self._condition_line(),
            *self._precision_lines(),
            "".join(f"{name:>12}" for name in columns),
        ]
        for row in shown:
            entries = [column[row] for column in columns.values()]
            lines.append(
                "".join(
                    f"{x:>12}" if isinstance(x, np.integer) else f"{x:>z12.4f}" for x in entries
                )
            )
        return "\n".join(lines)

    def _moments_line(self) -> str:
        log_means, relative = self._moments
        parts = [
            f"ln m{j} = {log_means[j - 1]:z.4f} ± {relative[j - 1]:.2g}"
            + ("" if self.mean_field is None else f" ({self.mean_field.log_moments[j - 1]:z.4f})")
            for j in (1, 2)
        ]
        where = "" if self.mean_field is None else ", in parentheses at infinite width"
        return ", ".join(parts) + where

    def _condition_line(self) -> str:
        decades = f"10^{self.median_log_condition:z.2f}"
        return f"largest over least: {decades} in the median, dead in {self.dead} trials"

    def __repr__(self) -> str:
        """Return the class and the summary."""
        return f"<JacobianSpectrum>\n{self.summary()}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the density of the singular values, in decades, with that of wide networks.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, not yet shown.
        """
        from stabsim.plotting.jacobian_spectrum import plot_jacobian_spectrum

        return plot_jacobian_spectrum(self, ax)

    def to_dataframe(self) -> Any:
        """Return the distribution at every rank as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            A row for each rank, from 1, with the columns ``mean``, ``standard_error``, ``std``,
            ``vanished`` and the quantiles ``q05``, ``q25``, ``q50``, ``q75`` and ``q95`` of the
            natural logarithm.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        levels = (0.05, 0.25, 0.5, 0.75, 0.95)
        frame = pd.DataFrame(
            {
                "mean": self.mean,
                "standard_error": self.standard_error,
                "std": self.std,
                "vanished": self.vanished,
            },
            index=pd.RangeIndex(1, self._count + 1, name="rank"),
        )
        for level, values in zip(levels, self.quantile(levels), strict=True):
            frame[f"q{round(100 * level):02d}"] = values
        return frame
