"""The result of `stabsim.matrix_product_growth`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from stabsim._statistics import SampleStatistics, standard_error
from stabsim.results.arrays import read_only, validated_levels
from stabsim.results.intervals import mean_interval, quantile_interval, validated_level
from stabsim.results.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from stabsim._statistics import Statistics
    from stabsim.ensembles import Ensemble
    from stabsim.theory.growth import ExactGrowth

__all__ = ["ProductGrowth"]

_NORM_NAMES = {
    "frobenius": "ln of the Frobenius norm",
    "spectral": "ln of the spectral norm",
    "vector": "ln of the norm of a fixed vector's image",
    "logdet": "ln of the absolute determinant",
}
_SUMMARY_ROWS = 6


@dataclass(frozen=True, eq=False, repr=False)
class ProductGrowth(Result):
    """The distribution of the log-norm of random matrix products, by depth.

    `stabsim.matrix_product_growth` makes it. All logarithms are natural.

    Attributes
    ----------
    ensemble : Ensemble
        The law of a factor.
    norm : str
        What was recorded: ``"frobenius"``, ``"spectral"``, ``"vector"`` or ``"logdet"``.
    depths : (R,) int64 array
        The recorded depths.
    trials : int
        Number of independent products.
    method, reason : str
        The sampler that ran, ``"reduced"`` or ``"dense"``, and why.
    seed : numpy.random.SeedSequence
        Passed as ``rng``, it repeats the result bit for bit.
    offset : float
        The log-norm at depth 0, that of the identity or of the vector.
    rate_depths : tuple of int
        The depths between which the growth rate is estimated.

    Examples
    --------
    >>> import stabsim
    >>> growth = stabsim.matrix_product_growth(
    ...     stabsim.Ginibre(4), 100, trials=2000, norm="vector", record=[1, 10, 100], rng=1
    ... )
    >>> growth.quantile([0.05, 0.5, 0.95]).shape
    (3, 3)
    >>> abs(growth.lyapunov - growth.exact.lyapunov) < 5 * growth.lyapunov_se
    True
    """

    estimated: ClassVar[Mapping[str, tuple[str, str]]] = {
        "lyapunov": ("lyapunov", "lyapunov_se"),
        "mean": ("mean", "standard_error"),
    }

    ensemble: Ensemble
    norm: str
    depths: NDArray[np.int64]
    trials: int
    method: str
    reason: str
    seed: np.random.SeedSequence
    offset: float
    rate_depths: tuple[int, int]
    statistics: Statistics

    def __post_init__(self) -> None:
        """Freeze the array of depths."""
        self.depths.flags.writeable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled result, whose arrays have lost their flags."""
        self.__dict__.update(state)
        self.__post_init__()

    @cached_property
    def exact(self) -> ExactGrowth | None:
        """The exact growth rate and, where it is known, the exact law; None where neither is."""
        # Imported here, because SciPy takes longer to import than all of stabsim.
        from stabsim.theory import product_growth

        exact = product_growth(self.ensemble, self.norm)
        if exact is None or exact.law is None:
            return exact
        return replace(exact, law=replace(exact.law, offset=self.offset))

    @property
    def log_norm(self) -> NDArray[np.float64]:
        """The log-norm of every trial at every recorded depth, (trials, R); read-only.

        It is there only if ``samples=True``.
        """
        if not isinstance(self.statistics, SampleStatistics):
            raise AttributeError("log_norm is kept only with samples=True, got samples=False")
        return read_only(self.statistics.samples[:, :-1])

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean log-norm at every depth, (R,), over the trials that have not vanished."""
        return read_only(self.statistics.mean[:-1])

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviation of the log-norm at every depth, (R,), over the same trials."""
        return read_only(self.statistics.std[:-1])

    @property
    def standard_error(self) -> NDArray[np.float64]:
        """Standard error of the mean at every depth, (R,); infinite for a single trial."""
        return read_only(standard_error(self.statistics)[:-1])

    @property
    def vanished(self) -> NDArray[np.int64]:
        """At every depth, (R,), the number of trials whose log-norm is ``-inf``."""
        return read_only(self.statistics.vanished[:-1])

    @property
    def lyapunov(self) -> float:
        """Growth rate per factor, in natural logarithms; ``-inf`` if any trial has vanished."""
        if self.statistics.vanished[-1] > 0:
            return -math.inf
        return float(self.statistics.mean[-1])

    @property
    def lyapunov_se(self) -> float:
        """Standard error of the growth rate; 0 if a vanished trial proves it to be ``-inf``."""
        if self.statistics.vanished[-1] > 0:
            return 0.0
        return float(standard_error(self.statistics)[-1])

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        r"""Return quantiles of the log-norm at every depth, over all trials.

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
        return self.statistics.quantile(validated_levels(q))[..., :-1]

    def confidence_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return a confidence interval of the growth rate, by Student's distribution.

        Parameters
        ----------
        level : float, default 0.95
            The probability that the interval holds the mean growth rate, between 0 and 1.

        Returns
        -------
        low, high : float
            The ends of the interval; infinite for a single trial, and both ``-inf`` if any trial
            has vanished.

        Raises
        ------
        TypeError, ValueError
            If ``level`` is no number between 0 and 1.

        Examples
        --------
        >>> import stabsim
        >>> growth = stabsim.matrix_product_growth(
        ...     stabsim.Ginibre(4), 100, trials=2000, norm="vector", rng=1
        ... )
        >>> low, high = growth.confidence_interval()
        >>> print(f"{low:.4f} to {high:.4f}, exactly {growth.exact.lyapunov:.4f}")
        0.5561 to 0.5596, exactly 0.5580
        """
        level = validated_level(level)
        return mean_interval(self.lyapunov, self.lyapunov_se, self.trials, level)

    def quantile_interval(
        self, q: ArrayLike, level: float = 0.95
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        r"""Return confidence intervals of quantiles of the log-norm at every depth.

        Parameters
        ----------
        q : array_like of float
            Probabilities in [0, 1].
        level : float, default 0.95
            The probability that an interval holds its quantile, between 0 and 1.

        Returns
        -------
        low, high : float64 arrays of shape (\*q.shape, R)
            The ends of the intervals; infinite where there are too few trials for an end.

        Raises
        ------
        TypeError, ValueError
            If ``q`` is not made of probabilities in [0, 1], or ``level`` is no number between 0
            and 1.
        AttributeError
            If the log-norms of the trials were not kept, with ``samples=False``.

        Notes
        -----
        Order statistics bracket a quantile with binomial probabilities, whatever the law. The ends
        lie between two of them, interpolated so that each is missed with half of what ``level``
        leaves :cite:p:`HettmanspergerSheather1986,Nyblom1992`.

        Examples
        --------
        >>> import stabsim
        >>> growth = stabsim.matrix_product_growth(
        ...     stabsim.Ginibre(4), 100, trials=2000, norm="vector", record=[100], rng=1
        ... )
        >>> low, high = growth.quantile_interval(0.9)
        >>> exact = growth.exact.law.quantile(0.9, 100)
        >>> print(f"{low[0]:.2f} to {high[0]:.2f}, exactly {exact:.2f}")
        60.50 to 61.11, exactly 60.91
        """
        levels, level = validated_levels(q), validated_level(level)
        if not isinstance(self.statistics, SampleStatistics):
            raise AttributeError(
                "quantile_interval needs the log-norms of all trials, which are kept only with "
                "samples=True, got samples=False"
            )
        return quantile_interval(self.statistics.samples[:, :-1], levels, level)

    def summary(self) -> str:
        """Return a short table of the result.

        Returns
        -------
        str
            A few lines of text: what was simulated, the growth rate beside the exact one, and the
            distribution at some depths.
        """
        shown = np.unique(np.linspace(0, self.depths.size - 1, _SUMMARY_ROWS).astype(int))
        columns = {
            "depth": self.depths,
            "mean": self.mean,
            "s.e.": self.standard_error,
            "std": self.std,
            **dict(zip(("5 %", "50 %", "95 %"), self.quantile([0.05, 0.5, 0.95]), strict=True)),
        }
        if self.vanished.any():
            columns["vanished"] = self.vanished
        if self.exact is not None and self.exact.law is not None:
            columns["exact mean"] = self.exact.law.mean(self.depths)
        lines = [
            f"{self.ensemble!r}, {_NORM_NAMES[self.norm]}, {self.trials} trials",
            f"method {self.method}: {self.reason}",
            self._rate_line(),
            *self._precision_lines(),
            "".join(f" {name:>10}" for name in columns),
        ]
        for row in shown:
            entries = [column[row] for column in columns.values()]
            lines.append(
                "".join(
                    f" {x:>10}" if isinstance(x, np.integer) else f" {x:>10.4f}" for x in entries
                )
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the class and the summary."""
        return f"<ProductGrowth>\n{self.summary()}"

    def _rate_line(self) -> str:
        start, stop = self.rate_depths
        line = (
            f"growth rate per factor, from depth {start} to {stop}: "
            f"{self.lyapunov:.6g} ± {self.lyapunov_se:.2g}"
        )
        if self.exact is None:
            return line
        line += f", exact {self.exact.lyapunov:.6g}"
        if 0.0 < self.lyapunov_se < math.inf:
            z = (self.lyapunov - self.exact.lyapunov) / self.lyapunov_se
            line += f" (z = {z:+.2f})"
        return line

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the quantiles of the norm against depth, with theory and overflow thresholds.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, not yet shown.
        """
        from stabsim.plotting.product_growth import plot_product_growth

        return plot_product_growth(self, ax)

    def to_dataframe(self) -> Any:
        """Return the distribution at every depth as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            A row for each recorded depth, with the columns ``mean``, ``standard_error``, ``std``,
            ``vanished`` and the quantiles ``q05``, ``q25``, ``q50``, ``q75`` and ``q95``.

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
            index=pd.Index(self.depths, name="depth"),
        )
        for level, values in zip(levels, self.quantile(levels), strict=True):
            frame[f"q{round(100 * level):02d}"] = values
        return frame
