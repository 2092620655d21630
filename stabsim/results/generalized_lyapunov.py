"""The result of `stabsim.generalized_lyapunov`."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from stabsim.results.arrays import read_only
from stabsim.results.rate_function import RateFunction, legendre_transform, spline_through
from stabsim.results.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from stabsim.ensembles import Ensemble
    from stabsim.results.population_record import PopulationRecord

    Floats = NDArray[np.float64]

__all__ = ["GeneralizedLyapunov"]

# A population has collapsed when fewer walkers than these count, or have descendants,
_LEAST_EFFECTIVE = 10.0
_LEAST_ANCESTORS = 10.0
# when the weights' tail is so heavy that their mean converges too slowly,
_MOST_TAIL_INDEX = 0.7
# when the expansion that corrects the bias has terms that are not small,
_MOST_BIAS = 0.1
# or when populations differ by so many standard errors more than their own batches tell.
_MOST_SPREAD = 6.0
# A window has outlasted the memory when its noise is within this of a batch's.
_PLATEAU = 0.25


@dataclass(frozen=True, eq=False, repr=False)
class GeneralizedLyapunov(Result):
    r"""Generalized Lyapunov exponents: growth rates of the moments of random matrix products.

    `stabsim.generalized_lyapunov` makes it. All logarithms are natural, all rates per factor.

    Attributes
    ----------
    ensemble : Ensemble
        The law of a factor.
    q : (Q,) float64 array
        The orders of the moments.
    steps : int
        Factors that count, for each population.
    warmup : int
        Factors before them that do not.
    walkers : int
        Unit vectors in a population.
    trials : int
        Number of independent populations.
    batches : int
        Batches of steps from which the noise within a population is found.
    method, reason : str
        What gave the walkers' growth, ``"reduced"`` or ``"dense"``, and why.
    seed : numpy.random.SeedSequence
        Passed as ``rng``, it repeats the result bit for bit.
    record : PopulationRecord
        What every population recorded.

    Examples
    --------
    >>> import stabsim
    >>> moments = stabsim.generalized_lyapunov(
    ...     stabsim.Ginibre(4), [-1.0, 2.0], steps=200, walkers=200, rng=1
    ... )
    >>> bool((abs(moments.values - moments.exact) < 5 * moments.standard_error).all())
    True
    >>> moments.collapsed.tolist()
    [False, False]
    """

    estimated: ClassVar[Mapping[str, tuple[str, str]]] = {"values": ("values", "standard_error")}

    ensemble: Ensemble
    q: NDArray[np.float64]
    steps: int
    warmup: int
    walkers: int
    trials: int
    batches: int
    method: str
    reason: str
    seed: np.random.SeedSequence
    record: PopulationRecord

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        self.q.flags.writeable = False
        self.record.freeze()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled result, whose arrays have lost their flags."""
        self.__dict__.update(state)
        self.__post_init__()

    @property
    def population_values(self) -> Floats:
        """The estimate of every population alone, (trials, Q), corrected for its bias."""
        return read_only(self.record.rate + 0.5 * self.record.noise)

    @cached_property
    def values(self) -> Floats:
        """The generalized Lyapunov exponents L(q), (Q,).

        ``inf`` where the moment is infinite; ``-inf`` where every population died out.
        """
        return self._over_populations(self.population_values)

    @cached_property
    def uncorrected(self) -> Floats:
        """The estimates without the correction of their bias, (Q,)."""
        return self._over_populations(self.record.rate)

    def _over_populations(self, rates: Floats) -> Floats:
        """Return the mean over the populations that live, or the infinity that all agree on."""
        living = np.isfinite(rates)
        count = np.maximum(living.sum(axis=0), 1)
        mean = np.where(living, rates, 0.0).sum(axis=0) / count
        mean = np.where(living.any(axis=0), mean, -math.inf)
        return read_only(np.where((rates == math.inf).any(axis=0), math.inf, mean))

    @property
    def bias_estimate(self) -> Floats:
        r"""The bias of `uncorrected`, (Q,), of order 1/walkers: minus half the noise."""
        noise = np.where(np.isfinite(self.values), self.record.noise.mean(axis=0), 0.0)
        return read_only(-0.5 * noise)

    @cached_property
    def standard_error(self) -> Floats:
        """Standard error of `values`, (Q,); 0 where these are infinite.

        The larger of two: from the scatter of the populations, and from batches of steps within.
        """
        error = np.sqrt(np.maximum(self._scatter, self._variance_within) / self._living)
        return read_only(np.where(np.isfinite(self.values), error, 0.0))

    @property
    def _living(self) -> NDArray[np.int64]:
        return np.asarray(np.maximum(np.isfinite(self.record.rate).sum(axis=0), 1))

    @property
    def _scatter(self) -> Floats:
        """The variance of the living populations' estimates, 0 where fewer than two live."""
        living = np.isfinite(self.record.rate)
        beyond = np.where(living, self.population_values, 0.0)
        beyond = np.where(living, beyond - beyond.sum(axis=0) / self._living, 0.0)
        return np.asarray(np.square(beyond).sum(axis=0) / np.maximum(self._living - 1, 1))

    @property
    def _variance_within(self) -> Floats:
        """The variance that batches within populations tell: of the rate, and of its correction."""
        noise = self.record.noise.mean(axis=0)
        return np.asarray(noise / self.steps + 0.5 * np.square(noise) / (self.batches - 1))

    @cached_property
    def exact(self) -> Floats | None:
        """The exact exponents, (Q,), NaN where unknown; None where none is known."""
        exact = self.exact_at(self.q)
        return None if exact is None or np.isnan(exact).all() else read_only(exact)

    def exact_at(self, q: Floats) -> Floats | None:
        """Return the exact exponents of other orders.

        Parameters
        ----------
        q : (K,) float64 array
            The orders.

        Returns
        -------
        (K,) float64 array or None
            NaN where unknown and ``inf`` where the moment is infinite; None where none is known.
        """
        # Imported here, because SciPy takes longer to import than all of stabsim.
        from stabsim.theory import moment_exponents

        return moment_exponents(self.ensemble, q)

    @property
    def _usable(self) -> NDArray[np.bool_]:
        """The orders other than 0 whose exponent is finite and not in doubt."""
        return np.asarray(np.isfinite(self.values) & ~self.collapsed & (self.q != 0.0))

    @cached_property
    def lyapunov(self) -> float | None:
        """The slope of L at 0, the growth rate of a typical product, by a cubic spline.

        None unless there are exponents that are finite and not in doubt on both sides of 0.
        """
        used = self._usable
        if not ((self.q[used] > 0.0).any() and (self.q[used] < 0.0).any()):
            return None
        return float(spline_through(self.q[used], self.values[used])(0.0, 1))

    @property
    def effective_sample_size(self) -> Floats:
        r"""Effective sample size :math:`(\sum w)^2/\sum w^2` of a population, (Q,), on average."""
        return read_only(self.record.effective.mean(axis=0))

    @property
    def tail_index(self) -> Floats:
        r"""The exponent :math:`\xi` of the tail of a step's weights, (Q,).

        Weights beyond :math:`x` are as rare as :math:`x^{-1/\xi}`; from 1/2 on their variance is
        infinite, from 1 on their mean.
        """
        return read_only(self.record.tail.mean(axis=0))

    @cached_property
    def memory(self) -> NDArray[np.int64]:
        """Steps after which sums of the log mean weight are as good as independent, (Q,).

        A power of two, at most the length of a batch.
        """
        noise = self.record.noise.mean(axis=0)[:, None]
        off = np.abs(self.record.window_noise.mean(axis=0) - noise) > _PLATEAU * noise
        off &= noise > 0.0
        windows = off.shape[1]
        last = windows - np.argmax(off[:, ::-1], axis=1)
        exponents = np.where(off.any(axis=1), np.minimum(last, windows - 1), 0)
        return np.asarray(1 << exponents.astype(np.int64))

    @property
    def surviving_ancestors(self) -> Floats:
        """Walkers whose line lives on after `memory` steps, (Q,), on average."""
        window = np.log2(self.memory).astype(np.int64)
        return read_only(self.record.ancestors.mean(axis=0)[np.arange(self.q.size), window])

    @property
    def collapsed(self) -> NDArray[np.bool_]:
        """Whether the population was too small for the moment, (Q,), so the value is in doubt."""
        return read_only(np.array([bool(reasons) for reasons in self._doubts]))

    @cached_property
    def _doubts(self) -> tuple[tuple[str, ...], ...]:
        """Why each order's value is in doubt, if it is."""
        return tuple(self._doubts_at(k) for k in range(self.q.size))

    def _doubts_at(self, k: int) -> tuple[str, ...]:
        if self.values[k] == math.inf or self.q[k] == 0.0:
            return ()
        died = self.trials - int(np.isfinite(self.record.rate[:, k]).sum())
        if died == self.trials:
            return ("every population died out",)
        doubts = [f"{died} of {self.trials} populations died out"] if died else []
        effective, tail = self.effective_sample_size[k], self.tail_index[k]
        ancestors, memory = self.surviving_ancestors[k], self.memory[k]
        bias = -self.bias_estimate[k]
        if effective < _LEAST_EFFECTIVE:
            doubts.append(f"the effective sample size is {effective:.2g} of {self.walkers} walkers")
        if ancestors < _LEAST_ANCESTORS:
            doubts.append(f"{ancestors:.2g} lines survive a memory of {memory} steps")
        if tail > _MOST_TAIL_INDEX:
            moment = "the moment may be infinite" if tail > 1.0 else "few weights decide"
            doubts.append(f"the tail index of the weights is {tail:.2f}: {moment}")
        if bias > _MOST_BIAS:
            doubts.append(f"the bias of {-bias:.2g} is too large to correct")
        within = self._variance_within[k]
        limit = within * (1.0 + _MOST_SPREAD * math.sqrt(2.0 / max(self.trials - 1, 1)))
        # Rounding alone makes populations of a deterministic growth differ.
        if self._scatter[k] > limit + 1e-24 * (1.0 + self.values[k] ** 2):
            doubts.append(
                f"populations differ {math.sqrt(self._scatter[k] / max(within, 1e-300)):.2g} times "
                "as much as their own batches"
            )
        return tuple(doubts)

    def rate_function(self, x: ArrayLike | None = None) -> RateFunction:
        r"""Return the large-deviation rate function of the growth rate, with its uncertainty.

        The probability that :math:`\frac1t \ln|A_t \cdots A_1 v|` is near :math:`x` falls like
        :math:`e^{-t I(x)}` with the Legendre transform :math:`I(x) = \sup_q [q x - L(q)]`
        :cite:p:`Crisanti1993`.

        Parameters
        ----------
        x : array_like of float, optional
            Growth rates; by default 101 evenly spaced ones over all slopes of :math:`L`.

        Returns
        -------
        RateFunction
            The rate function at ``x``.

        Raises
        ------
        TypeError, ValueError
            If ``x`` is not made of finite numbers, or fewer than two orders other than 0 have an
            exponent that is finite and not in doubt.

        Notes
        -----
        The supremum runs over the range of the orders estimated and 0, where :math:`L(0) = 0`,
        with :math:`L` interpolated by a cubic spline. Orders whose population collapsed are left
        out. Where it is taken at an end of that range,
        the value is but a lower bound, and ``attained`` is False. At the optimum
        :math:`I` changes by as much as :math:`L` does, so the standard error is that of the
        spline through the estimates of single populations, at the optimal order.

        Examples
        --------
        >>> import stabsim
        >>> moments = stabsim.generalized_lyapunov(
        ...     stabsim.Ginibre(4), [-1.0, -0.5, 0.5, 1.0, 2.0], steps=200, walkers=200, rng=1
        ... )
        >>> rate = moments.rate_function([0.5, 0.558, 0.7])
        >>> print(rate.values.round(3))
        [0.01  0.    0.069]
        """
        used = self._usable
        return legendre_transform(
            self.q[used], self.values[used], self.population_values[:, used], self.exact_at, x
        )

    def warn(self, stacklevel: int) -> None:
        """Say which values are infinite, and which are in doubt."""
        infinite = self.q[self.values == np.inf]
        if infinite.size > 0:
            orders = ", ".join(f"{q:g}" for q in infinite)
            warnings.warn(
                f"the moments of the orders {orders} of {self.ensemble!r} are infinite",
                RuntimeWarning,
                stacklevel=stacklevel,
            )
        if self.collapsed.any():
            warnings.warn(
                "populations were too small for these moments, take more walkers or more steps; "
                + self.doubts().replace("\n", "; "),
                RuntimeWarning,
                stacklevel=stacklevel,
            )

    def summary(self) -> str:
        """Return a short table of the result.

        Returns
        -------
        str
            A few lines of text: what was simulated, the exponents beside the exact ones, how the
            populations fared, and which collapsed.
        """
        columns = {
            "q": (self.q, "9.3g"),
            "L(q)": (self.values, "10.6f"),
            "s.e.": (self.standard_error, "10.2g"),
            "corrected": (-self.bias_estimate, "10.2g"),
            "effective": (self.effective_sample_size, "10.1f"),
            "ancestors": (self.surviving_ancestors, "10.1f"),
        }
        if self.exact is not None:
            columns["exact"] = (self.exact, "10.6f")
            columns["z"] = (self._z_scores(self.exact), "7.2f")
        widths = [style.partition(".")[0] for _, style in columns.values()]
        lines = [
            f"{self.ensemble!r}, {self.trials} populations of {self.walkers} walkers",
            f"{self.steps} steps after a warm-up of {self.warmup}",
            f"method {self.method}: {self.reason}",
            *self._precision_lines(),
            " ".join(f"{name:>{width}}" for name, width in zip(columns, widths, strict=True)),
        ]
        for k, doubts in enumerate(self._doubts):
            row = " ".join(f"{values[k]:>{style}}" for values, style in columns.values())
            lines.append(row + ("  collapsed" if doubts else ""))
        lines += [line for line in self.doubts().splitlines() if line]
        return "\n".join(lines)

    def doubts(self) -> str:
        """Return why values are in doubt.

        Returns
        -------
        str
            A line for each order whose population collapsed; empty where none has.
        """
        return "\n".join(
            f"collapsed at q = {q:g}: {'; '.join(doubts)}"
            for q, doubts in zip(self.q, self._doubts, strict=True)
            if doubts
        )

    def _z_scores(self, exact: Floats) -> Floats:
        """Return how many standard errors the values lie off; NaN where there is no such number."""
        known = np.isfinite(exact) & np.isfinite(self.values) & (self.standard_error > 0.0)
        off = np.full(self.q.shape, math.nan)
        np.subtract(self.values, exact, out=off, where=known)
        np.divide(off, self.standard_error, out=off, where=known)
        return off

    def __repr__(self) -> str:
        """Return the class and the summary."""
        return f"<GeneralizedLyapunov>\n{self.summary()}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the exponents against the order, with theory and the growth of a typical product.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, not yet shown.
        """
        from stabsim.plotting.generalized_lyapunov import plot_generalized_lyapunov

        return plot_generalized_lyapunov(self, ax)

    def to_dataframe(self) -> Any:
        """Return the exponents as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            A row for each order, with the columns ``value``, ``standard_error``, ``exact`` (NaN
            where unknown), ``bias_estimate``, ``effective_sample_size``, ``surviving_ancestors``,
            ``tail_index`` and ``collapsed``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "value": self.values,
                "standard_error": self.standard_error,
                "exact": math.nan if self.exact is None else self.exact,
                "bias_estimate": self.bias_estimate,
                "effective_sample_size": self.effective_sample_size,
                "surviving_ancestors": self.surviving_ancestors,
                "tail_index": self.tail_index,
                "collapsed": self.collapsed,
            },
            index=pd.Index(self.q, name="q"),
        )
