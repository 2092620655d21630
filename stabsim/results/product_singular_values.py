"""The result of `stabsim.product_singular_values`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from stabsim._statistics import SampleStatistics, standard_error
from stabsim.ensembles import Ginibre
from stabsim.results.arrays import read_only, validated_levels
from stabsim.results.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from stabsim._statistics import Statistics
    from stabsim.ensembles import Ensemble
    from stabsim.theory import ExactSpectrum, FussCatalan

__all__ = ["ProductSingularValues"]

_SUMMARY_ROWS = 6
_LN10 = math.log(10.0)
# The most factors of which the theory has a Fuss-Catalan law.
_MOST_FACTORS = 1000


@dataclass(frozen=True, eq=False, repr=False)
class ProductSingularValues(Result):
    r"""The singular values :math:`\sigma_1 \ge \dots \ge \sigma_n` of random matrix products.

    `stabsim.product_singular_values` makes it. All logarithms are natural but for
    ``log_condition``.

    Attributes
    ----------
    ensemble : Ensemble
        The law of a factor.
    depth : int
        Number of factors.
    trials : int
        Number of independent products.
    method, reason : str
        The sampler that ran, ``"reduced"`` or ``"dense"``, and why.
    seed : numpy.random.SeedSequence
        Passed as ``rng``, it repeats the result bit for bit.

    Examples
    --------
    >>> import stabsim
    >>> values = stabsim.product_singular_values(stabsim.Ginibre(3), 1000, trials=50, rng=1)
    >>> values.log_singular_values.shape, values.lyapunov.shape
    ((50, 3), (3,))
    >>> print(f"{values.median_log_condition:.0f} decades from the largest to the least")
    438 decades from the largest to the least
    """

    estimated: ClassVar[Mapping[str, tuple[str, str]]] = {"lyapunov": ("lyapunov", "lyapunov_se")}

    ensemble: Ensemble
    depth: int
    trials: int
    method: str
    reason: str
    seed: np.random.SeedSequence
    statistics: Statistics

    @property
    def log_singular_values(self) -> NDArray[np.float64]:
        """The logarithms of the singular values of every product, descending, (trials, n).

        They are there only if ``samples=True``, and read-only. A zero is ``-inf``.
        """
        return read_only(self._samples("log_singular_values")[:, :-1])

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
        """Mean logarithm of the singular value of every rank, (n,), where it is not zero."""
        return read_only(self.statistics.mean[:-1])

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviation of the logarithm at every rank, (n,), over the same trials."""
        return read_only(self.statistics.std[:-1])

    @property
    def standard_error(self) -> NDArray[np.float64]:
        """Standard error of the mean at every rank, (n,); infinite for a single trial."""
        return read_only(standard_error(self.statistics)[:-1])

    @property
    def vanished(self) -> NDArray[np.int64]:
        """At every rank, (n,), the number of trials whose singular value is zero."""
        return read_only(self.statistics.vanished[:-1])

    @property
    def median_log_condition(self) -> float:
        """The median of ``log_condition``, in decades."""
        return -float(self.statistics.quantile(0.5)[-1]) / _LN10

    @property
    def lyapunov(self) -> NDArray[np.float64]:
        r"""The mean exponents :math:`E \ln\sigma_i / t` at the depth t, (n,).

        They differ from the Lyapunov exponents, their limit, by a term of order 1/t. An exponent is
        ``-inf`` if the singular value of any trial has vanished.
        """
        return read_only(np.where(self.vanished > 0, -math.inf, self.mean / self.depth))

    @property
    def lyapunov_se(self) -> NDArray[np.float64]:
        """Standard errors of ``lyapunov``, (n,); 0 where a vanished trial proves it ``-inf``."""
        return read_only(np.where(self.vanished > 0, 0.0, self.standard_error / self.depth))

    @cached_property
    def exact(self) -> ExactSpectrum | None:
        """The Lyapunov exponents where they are known, the limit of ``lyapunov``; else None."""
        # Imported here, because SciPy takes longer to import than all of stabsim.
        from stabsim.theory import lyapunov_spectrum

        return lyapunov_spectrum(self.ensemble)

    @cached_property
    def fuss_catalan(self) -> FussCatalan | None:
        r"""The limit law of ``exp(log_scaled_squares)`` as n → ∞ at fixed depth; else None.

        It is there for Ginibre factors, up to depth 1000.
        """
        if not isinstance(self.ensemble, Ginibre) or self.depth > _MOST_FACTORS:
            return None
        from stabsim.theory import FussCatalan

        return FussCatalan(self.depth)

    @property
    def log_scaled_squares(self) -> NDArray[np.float64]:
        r"""The logarithms of :math:`\sigma_i^2 / (n s^2)^t` of every product, (trials, n).

        They are ``2 * log_singular_values - log_unit``, read-only, and kept only with
        ``samples=True``.
        """
        return read_only(2.0 * self.log_singular_values - self.log_unit)

    @property
    def log_unit(self) -> float:
        r"""The logarithm of the expectation of the average squared singular value, if it is known.

        For Ginibre factors of entries with the standard deviation s it is that of
        :math:`(n s^2)^t`, else 0.
        """
        if not isinstance(self.ensemble, Ginibre):
            return 0.0
        return self.depth * (math.log(self.ensemble.n) + 2.0 * math.log(self.ensemble.sigma))

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        r"""Return quantiles of the logarithm of the singular value at every rank, of all trials.

        Parameters
        ----------
        q : array_like of float
            Probabilities in [0, 1].

        Returns
        -------
        float64 array of shape (\*q.shape, n)
            The quantiles; ``-inf`` where so many trials have a zero.

        Raises
        ------
        TypeError, ValueError
            If ``q`` is not made of numbers, or a probability is not in [0, 1].
        """
        return self.statistics.quantile(validated_levels(q))[..., :-1]

    def summary(self) -> str:
        """Return a short table of the result.

        Returns
        -------
        str
            A few lines of text: what was simulated, and the distribution of some singular values,
            with their exponents beside the exact ones.
        """
        n = self.ensemble.n
        shown = np.unique(np.linspace(0, n - 1, _SUMMARY_ROWS).astype(int))
        columns = {
            "rank": np.arange(1, n + 1),
            "mean ln s": self.mean,
            "s.e.": self.standard_error,
            "std": self.std,
            **dict(zip(("5 %", "50 %", "95 %"), self.quantile([0.05, 0.5, 0.95]), strict=True)),
            "exponent": self.lyapunov,
        }
        if self.exact is not None:
            columns["limit"] = self.exact.exponents
        if self.vanished.any():
            columns["zero"] = self.vanished
        factors = "factor" if self.depth == 1 else "factors"
        lines = [
            f"{self.ensemble!r}, singular values of {self.depth} {factors}, {self.trials} trials",
            f"method {self.method}: {self.reason}",
            f"largest over least: 10^{self.median_log_condition:z.2f} in the median",
            *self._precision_lines(),
            "".join(f" {name:>11}" for name in columns),
        ]
        for row in shown:
            entries = [column[row] for column in columns.values()]
            lines.append(
                "".join(
                    f" {x:>11}" if isinstance(x, np.integer) else f" {x:>z11.4f}" for x in entries
                )
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the class and the summary."""
        return f"<ProductSingularValues>\n{self.summary()}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the density of the singular values, or their exponents at large depth.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, not yet shown.
        """
        from stabsim.plotting.product_singular_values import plot_product_singular_values

        return plot_product_singular_values(self, ax)

    def to_dataframe(self) -> Any:
        """Return the distribution at every rank as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            A row for each rank, from 1, with the columns ``mean``, ``standard_error``, ``std``,
            ``lyapunov``, ``lyapunov_se``, ``vanished`` and the quantiles ``q05``, ``q25``, ``q50``,
            ``q75`` and ``q95`` of the natural logarithm.

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
                "lyapunov": self.lyapunov,
                "lyapunov_se": self.lyapunov_se,
                "vanished": self.vanished,
            },
            index=pd.RangeIndex(1, self.ensemble.n + 1, name="rank"),
        )
        for level, values in zip(levels, self.quantile(levels), strict=True):
            frame[f"q{round(100 * level):02d}"] = values
        return frame
