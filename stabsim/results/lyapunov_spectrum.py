"""The result of `stabsim.lyapunov_spectrum`."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from stabsim.results.arrays import read_only
from stabsim.results.intervals import validated_level
from stabsim.results.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from stabsim._targets import StandardError
    from stabsim.ensembles import Ensemble

__all__ = ["LyapunovSpectrum"]

_SUMMARY_ROWS = 12
# What rounding adds to sums of exponents, relative to the largest.
_ROUNDING = 1e-12
# From so many chains on their own scatter gives the error, below it is that of batches.
_LEAST_CHAINS = 8


@dataclass(frozen=True, eq=False, repr=False)
class LyapunovSpectrum(Result):
    r"""Lyapunov exponents of random matrix products, with their uncertainties.

    `stabsim.lyapunov_spectrum` makes it. All logarithms are natural, all rates per factor.

    Attributes
    ----------
    ensemble : Ensemble
        The law of a factor.
    k : int
        How many exponents, the largest ones.
    trials : int
        Number of independent chains.
    recorded : (R,) int64 array
        The steps at which the running estimate is kept, counted after the warm-up; the last one is
        the length of a chain.
    log_growth : (trials, R, k) float64 array
        The growth of each direction of each chain up to these steps; ``-inf`` in lost directions.
    warmup : int
        Factors at the beginning of a chain that are not counted.
    interval : int
        Factors between two QR decompositions.
    gap : float
        The least difference between successive exponents that the pilot run could not exclude; NaN
        without one.
    precision : StandardError or None
        The standard error that was asked for.
    method, reason : str
        The sampler that ran, ``"reduced"`` or ``"qr"``, and why.
    seed : numpy.random.SeedSequence
        Passed as ``rng``, it repeats the result bit for bit.

    Examples
    --------
    >>> import stabsim
    >>> spectrum = stabsim.lyapunov_spectrum(stabsim.Ginibre(2), steps=2000, rng=1)
    >>> spectrum.history.shape
    (32, 2)
    >>> low, high = spectrum.confidence_interval(0.95)
    >>> bool((low < spectrum.exponents).all() and (spectrum.exponents < high).all())
    True
    """

    estimated: ClassVar[Mapping[str, tuple[str, str]]] = {
        "exponents": ("exponents", "standard_error")
    }

    ensemble: Ensemble
    k: int
    trials: int
    recorded: NDArray[np.int64]
    log_growth: NDArray[np.float64]
    warmup: int
    interval: int
    gap: float
    precision: StandardError | None
    method: str
    reason: str
    seed: np.random.SeedSequence

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        self.recorded.flags.writeable = False
        self.log_growth.flags.writeable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled result, whose arrays have lost their flags."""
        self.__dict__.update(state)
        self.__post_init__()

    @property
    def steps(self) -> int:
        """Factors of a chain that count."""
        return int(self.recorded[-1])

    @cached_property
    def history(self) -> NDArray[np.float64]:
        """The running estimate of the exponents at the recorded steps, (R, k)."""
        return read_only(self.log_growth.mean(axis=0) / self.recorded[:, None])

    @property
    def history_standard_error(self) -> NDArray[np.float64]:
        """The standard error of the running estimate, (R, k); infinite for a single chain."""
        rates = self.log_growth / self.recorded[:, None]
        lost = ~np.isfinite(rates).all(axis=0)
        if self.trials == 1:
            return read_only(np.where(lost, 0.0, math.inf))
        scatter = np.where(lost, 0.0, rates).std(axis=0, ddof=1)
        return read_only(scatter / math.sqrt(self.trials))

    @property
    def exponents(self) -> NDArray[np.float64]:
        """The Lyapunov exponents, (k,), descending but for their errors; ``-inf`` if lost."""
        return read_only(self.history[-1])

    @cached_property
    def covariance(self) -> NDArray[np.float64]:
        r"""The covariance matrix of the central limit theorem, (k, k).

        It is the limit of :math:`t \operatorname{Cov}(\hat\lambda_i(t), \hat\lambda_j(t))` for the
        exponents of a chain of t steps, so the estimates have this covariance divided by
        ``trials * steps``. Rows of lost directions are 0, a single batch says nothing (infinity).
        """
        growths, lengths = self._batches
        total = growths.sum(axis=0) / lengths.sum()
        finite = np.isfinite(total)
        matrix = np.zeros((self.k, self.k))
        if len(lengths) == 1:
            matrix[np.ix_(finite, finite)] = math.inf
            return read_only(matrix)
        beyond = np.where(finite, growths, 0.0) - np.outer(lengths, np.where(finite, total, 0.0))
        matrix += (beyond / lengths[:, None]).T @ beyond / (len(lengths) - 1)
        return read_only(matrix)

    @property
    def standard_error(self) -> NDArray[np.float64]:
        """The standard errors of the exponents, (k,); 0 where a lost direction proves ``-inf``."""
        return read_only(np.sqrt(np.diag(self.covariance) / (self.trials * self.steps)))

    def confidence_interval(
        self, level: float = 0.95
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return confidence intervals of the exponents, by Student's distribution.

        Parameters
        ----------
        level : float, default 0.95
            The probability that an interval holds its exponent, between 0 and 1.

        Returns
        -------
        low, high : (k,) float64 arrays
            The ends of the intervals.

        Raises
        ------
        TypeError, ValueError
            If ``level`` is no number between 0 and 1.
        """
        from scipy.special import stdtrit

        level = validated_level(level)
        batches = len(self._batches[1])
        factor = stdtrit(batches - 1, 0.5 + 0.5 * level) if batches > 1 else math.inf
        reach = np.zeros(self.k)
        np.multiply(factor, self.standard_error, out=reach, where=self.standard_error > 0.0)
        return self.exponents - reach, self.exponents + reach

    @cached_property
    def exact(self) -> NDArray[np.float64] | None:
        """The exact exponents, (k,); None where they are not known."""
        # Imported here, because SciPy takes longer to import than all of stabsim.
        from stabsim.theory import lyapunov_spectrum

        exact = lyapunov_spectrum(self.ensemble)
        return None if exact is None else read_only(exact.exponents[: self.k])

    @property
    def kaplan_yorke_dimension(self) -> float | None:
        r"""The Kaplan-Yorke dimension of the products as a dynamical system.

        With j the largest number of exponents whose sum is not negative it is
        :math:`j + \sum_{i \le j} \lambda_i / |\lambda_{j+1}|` :cite:p:`KaplanYorke1979`. It means
        something where volumes shrink and some directions grow; it is None where the largest
        exponent is not positive, or the sum of those estimated does not become negative (beyond
        rounding, as that of matrices of determinant 1).
        """
        exponents = np.sort(self.exponents)[::-1]
        sums = np.cumsum(exponents)
        largest = float(np.abs(exponents[np.isfinite(exponents)]).max(initial=0.0))
        if exponents[0] <= 0.0 or sums[-1] >= -_ROUNDING * largest:
            return None
        j = int(np.argmax(sums < 0.0))
        return j + float(sums[j - 1] / -exponents[j])

    @property
    def target(self) -> StandardError | None:
        """The standard error that ``precision`` asked for, if any."""
        return self.precision

    def warn(self, stacklevel: int) -> None:
        """Warn where the precision that was asked for has not been reached."""
        if self.precision is not None and not self.is_precise:
            warnings.warn(
                f"precision was not reached within steps = {self.steps}: "
                f"{self.precision.reached(self)}",
                RuntimeWarning,
                stacklevel=stacklevel,
            )

    @property
    def _batches(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The growths (B, k) of independent pieces of products, and their lengths (B,)."""
        if self.trials >= _LEAST_CHAINS:
            return self.log_growth[:, -1], np.full(self.trials, float(self.steps))
        lengths = np.diff(self.recorded, prepend=0).astype(float)
        before = np.concatenate(
            [np.zeros((self.trials, 1, self.k)), self.log_growth[:, :-1]], axis=1
        )
        pieces = np.full_like(self.log_growth, -math.inf)
        alive = np.isfinite(self.log_growth)
        np.subtract(self.log_growth, before, out=pieces, where=alive)
        return pieces.reshape(-1, self.k), np.tile(lengths, self.trials)

    def summary(self) -> str:
        """Return a short table of the result.

        Returns
        -------
        str
            A few lines of text: what was simulated and how, and the exponents beside exact ones.
        """
        asked = f"{self.k} of {self.ensemble.n} Lyapunov exponents"
        lines = [
            f"{self.ensemble!r}, {asked}, {self.trials} chains of {self.steps} factors",
            f"method {self.method}: {self.reason}",
        ]
        if self.method == "qr":
            lines.append(
                f"warm-up {self.warmup} factors, a QR decomposition every {self.interval}"
                + (f", gap {self.gap:.2g}" if self.gap < math.inf else "")
            )
        lines += self._precision_lines()
        header = f"{'i':>5}{'exponent':>14}{'s.e.':>11}{'std per factor':>16}"
        if self.exact is not None:
            header += f"{'exact':>14}{'z':>8}"
        lines.append(header)
        shown = np.unique(np.linspace(0, self.k - 1, _SUMMARY_ROWS).astype(int))
        for i in shown:
            error = self.standard_error[i]
            row = f"{i + 1:>5}{self.exponents[i]:>14.7f}{error:>11.2g}"
            row += f"{math.sqrt(self.covariance[i, i]):>16.4f}"
            if self.exact is not None:
                row += f"{self.exact[i]:>14.7f}"
                if 0.0 < error < math.inf:
                    row += f"{(self.exponents[i] - self.exact[i]) / error:>8.2f}"
            lines.append(row)
        if self.kaplan_yorke_dimension is not None:
            lines.append(f"Kaplan-Yorke dimension {self.kaplan_yorke_dimension:.4f}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the class and the summary."""
        return f"<LyapunovSpectrum>\n{self.summary()}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the exponents against their rank, with 95 % intervals and exact values.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, not yet shown.
        """
        from stabsim.plotting.lyapunov_spectrum import plot_lyapunov_spectrum

        return plot_lyapunov_spectrum(self, ax)

    def plot_convergence(self, ax: Axes | None = None) -> Axes:
        """Draw the running estimates against the number of factors, with their standard errors.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, not yet shown.
        """
        from stabsim.plotting.lyapunov_spectrum import plot_convergence

        return plot_convergence(self, ax)

    def to_dataframe(self) -> Any:
        """Return the exponents as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            A row for each exponent, with the columns ``exponent``, ``standard_error`` and, where it
            is known, ``exact``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        columns = {"exponent": self.exponents, "standard_error": self.standard_error}
        if self.exact is not None:
            columns["exact"] = self.exact
        return pd.DataFrame(columns, index=pd.RangeIndex(1, self.k + 1, name="i"))
