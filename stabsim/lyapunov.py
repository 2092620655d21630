"""The verb for all growth rates of a product at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _montecarlo
from stabsim import _validation as validation
from stabsim._random import child, seed_sequence
from stabsim._samplers.spectrum import FrameGrowth, IndependentGrowth, Pace, pilot
from stabsim._statistics import SampleStatistics
from stabsim.ensembles import Ensemble
from stabsim.results import LyapunovSpectrum

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from stabsim._montecarlo import Task
    from stabsim._random import RandomState

__all__ = ["lyapunov_spectrum"]

METHODS = ("auto", "qr", "reduced")
# What is recorded of a chain when ``record`` is left out; enough batches for an error of one chain.
_MOST_RECORDED = 32
# The share of the steps that the first round of a run to a precision takes.
_FIRST_SHARE = 1 / 32


def lyapunov_spectrum(
    ensemble: Ensemble,
    *,
    steps: int,
    trials: int = 64,
    k: int | None = None,
    warmup: int | None = None,
    interval: int | None = None,
    precision: float | None = None,
    record: ArrayLike | None = None,
    method: str = "auto",
    rng: RandomState = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> LyapunovSpectrum:
    r"""Estimate the Lyapunov exponents of products of random matrices, all or the largest ones.

    Carries frames of orthonormal vectors along independent long products, the chains, by QR
    decompositions :cite:p:`Benettin1980`, and averages the logarithms of the triangular factors'
    diagonals.

    Parameters
    ----------
    ensemble : Ensemble
        The law of a factor, e.g. ``Ginibre(4)``.
    steps : int
        Factors of each chain, after its warm-up, positive.
    trials : int, default 64
        Number of independent chains, positive.
    k : int, optional
        How many exponents, the largest ones; all n by default.
    warmup : int, optional
        Factors at the beginning of a chain that are not counted, non-negative. By default as many
        as let the weight of the start decay to 1e-6, by the least gap between the exponents that a
        pilot of 16 short chains cannot exclude, and at most ``steps``. Gaps below 4 standard errors
        of the run count as these.
    interval : int, optional
        Factors between two QR decompositions, positive; by default as many as the pilot finds to
        lose no more than 8 of 16 digits. Chains that lose more on their way take those steps again,
        one by one.
    precision : float, optional
        Stop as soon as every finite exponent has this standard error, in natural logarithms per
        factor. ``steps`` is then the most that a chain may take; the result warns if that was not
        enough.
    record : (R,) array_like of int, optional
        The steps at which the running estimate is kept, ascending; 32 evenly spaced ones by
        default, after whole cycles where the laws of factors cycle. Not together with
        ``precision``.
    method : {"auto", "qr", "reduced"}, default "auto"
        ``"reduced"`` draws the diagonals of the triangular factors from their own law, where the
        ensemble is rotation invariant; ``"qr"`` draws every factor; ``"auto"`` takes the reduced
        law if there is one.
    rng : None, int, SeedSequence or Generator, optional
        The source of randomness. The result is bit-identical for the same seed, whatever the
        number of workers, on machines of one kind.
    n_jobs : int, optional
        Workers, in joblib's words; all available cores by default.
    progress : bool, default False
        Show a progress bar, on a terminal or in a notebook.

    Returns
    -------
    LyapunovSpectrum
        The exponents with standard errors and covariance, the running estimate, and the exact
        values where they are known.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range, before anything is simulated.

    Warns
    -----
    RuntimeWarning
        If ``precision`` was not reached within ``steps``.

    See Also
    --------
    stabsim.matrix_product_growth : The distribution of a norm at given depths.
    stabsim.theory.lyapunov_spectrum : The exact exponents.

    Notes
    -----
    **Estimator.** With QR decompositions :math:`A_t Q_{t-1} = Q_t R_t` a chain of T steps gives
    :math:`\hat\lambda_i = \frac1T \sum_t \ln r_{ii,t}`, and the result is the mean over chains. Its
    covariance comes from the chains, or where there are fewer than 8, from the batches between
    recorded steps, which must be longer than the memory of the product to be honest.

    **Stopping rule.** With ``precision`` the chains run in rounds of fresh, newly warmed-up chains,
    each as long as the errors so far ask for, and all rounds count.

    **Reduced laws.** The triangular factors of rotation invariant factors are independent of each
    other and of the frame. For Ginibre matrices :math:`r_{ii}^2/\sigma^2` is
    :math:`\chi^2_{n-i+1}` distributed :cite:p:`Newman1986`, for Haar corners beta distributed: no
    start needs a warm-up, and no matrix is drawn.

    **Cycles.** Where the laws of the factors cycle, as in `stabsim.Alternating`, exponents are
    means over a cycle; take whole cycles of ``steps``, since the rest of one gives a bias of the
    order 1/``steps`` that no error tells. A run to a ``precision`` does so as long as it can. The
    pilot knows nothing of the factors' own memory: where `stabsim.MarkovModulated` factors do not
    start in their stationary distribution, give a ``warmup`` in which the states forget it.

    **Equal exponents.** Where all factors keep some directions, as diagonal or triangular matrices
    do, and two exponents are equal or nearly so, now one direction has grown more, now the other,
    and every chain takes the larger growth first. Both estimates are then off by about a standard
    error of a single chain, :math:`1/\sqrt{\text{steps}}` in order, which no number of chains
    reduces and no error tells: take few and long ones. Factors that mix the directions, such as
    matrices with independent entries, have no such bias.

    **Lost ranks.** Where the product becomes singular, the exponents of the lost directions are
    ``-inf``. That is decided to rounding: a direction counts as lost where a single factor shrinks
    it by more than about 14 digits against the others, other than by the sizes of its rows, which
    may differ by 150 decades. `stabsim.product_singular_values` resolves more.

    **Cost.** A step of a chain draws :math:`n^2` entries, multiplies them with k vectors, and every
    ``interval`` steps decomposes the frame; about 0.1 µs for 4×4 matrices, 8 µs for 16×16, and
    200 µs for 64×64. The reduced law takes about 10 ns for each exponent and step.

    Examples
    --------
    >>> import stabsim
    >>> spectrum = stabsim.lyapunov_spectrum(stabsim.Ginibre(3), steps=10_000, rng=1)
    >>> spectrum.exponents.round(2)
    array([ 0.37,  0.06, -0.63])
    >>> bool((abs(spectrum.exponents - spectrum.exact) < 5 * spectrum.standard_error).all())
    True
    """
    if not isinstance(ensemble, Ensemble):
        raise TypeError(f"ensemble must be an Ensemble such as Ginibre(4), got {ensemble!r}")
    steps = validation.integer("steps", steps, least=1)
    trials = validation.integer("trials", trials, least=1)
    k = ensemble.n if k is None else validation.integer("k", k, least=1)
    if k > ensemble.n:
        raise ValueError(f"k must be at most n = {ensemble.n}, got {k}")
    if warmup is not None:
        warmup = validation.integer("warmup", warmup, least=0)
    if interval is not None:
        interval = validation.integer("interval", interval, least=1)
    if precision is not None:
        precision = validation.real("precision", precision, above=0.0)
        if record is not None:
            raise ValueError(f"record must be left out where precision is given, got {record!r}")
    depths = _recorded(record, steps, ensemble.period)
    validation.choice("method", method, METHODS)
    validation.flag("progress", progress)
    n_jobs = _montecarlo.validated_jobs(n_jobs)
    seed = seed_sequence(rng)

    law = ensemble.radial_law("logdet")
    if method == "reduced" and law is None:
        raise ValueError(
            f"method must be 'auto' or 'qr' where no reduced law is known, got 'reduced' for "
            f"{ensemble!r}"
        )
    if law is not None and method != "qr":
        used, reason = "reduced", "the triangular factors are independent, so none draws a matrix"
        pace = Pace(0, 1, math.nan)
    else:
        used = "qr"
        reason = "asked for" if method == "qr" else "no reduced law is known"
        pace = Pace(0, 1, math.nan)
        if warmup is None or interval is None:
            pace = pilot(ensemble, k, steps, trials, seed)
        pace = pace._replace(
            warmup=pace.warmup if warmup is None else warmup,
            interval=pace.interval if interval is None else interval,
        )

    def chains(record: NDArray[np.int64], seed: np.random.SeedSequence) -> NDArray[np.float64]:
        task: Task
        if used == "reduced" and law is not None:
            task = IndependentGrowth(law, k, record)
        else:
            task = FrameGrowth(ensemble, k, pace.warmup, pace.interval, record)
        statistics = _montecarlo.run(
            task, trials, seed, n_jobs=n_jobs, progress=progress, samples=True
        )
        assert isinstance(statistics, SampleStatistics)
        return statistics.samples.reshape(trials, record.size, k)

    def result(recorded: NDArray[np.int64], growth: NDArray[np.float64]) -> LyapunovSpectrum:
        return LyapunovSpectrum(
            ensemble=ensemble,
            k=k,
            trials=trials,
            recorded=recorded,
            log_growth=growth,
            warmup=pace.warmup,
            interval=pace.interval,
            gap=pace.gap,
            precision=precision,
            method=used,
            reason=reason,
            seed=seed,
        )

    if precision is None:
        return result(depths, chains(depths, seed))
    # Every round has its own seed; a single round of all steps would be the run without precision.
    length = max(1, math.ceil(steps * _FIRST_SHARE))
    recorded = np.empty(0, np.int64)
    growth = np.empty((trials, 0, k))
    done = 0
    for number in range(steps):
        # Whole cycles of the factors' laws, as far as they fit.
        length = min(-(-length // ensemble.period) * ensemble.period, steps - done)
        here = _recorded(None, length, ensemble.period)
        new = chains(here, child(child(seed, number), 2))
        before = growth[:, -1:] if done else np.zeros((trials, 1, k))
        growth = np.concatenate([growth, before + new], axis=1)
        recorded = np.concatenate([recorded, done + here])
        done += length
        so_far = result(recorded, growth)
        error = float(so_far.standard_error.max())
        if error <= precision or done == steps:
            break
        # One tenth more than the error so far asks for, since it is an estimate itself.
        ratio = min(error / precision, 1e100)
        needed = done * ratio**2 * 1.1
        length = max(1, math.ceil(min(needed, steps) - done))
        length = min(max(length, math.ceil(0.1 * done)), steps - done)
    so_far.warn_if_imprecise()
    return so_far


def _recorded(record: ArrayLike | None, steps: int, period: int) -> NDArray[np.int64]:
    if record is not None:
        recorded = validation.recorded(record, steps, least=1, name="steps")
        # The estimate is that after all steps.
        return np.union1d(recorded, [steps])
    # What differs between the factors of a cycle is no noise of batches.
    cycles = max(1, steps // period)
    count = min(cycles, _MOST_RECORDED)
    depths = -(-np.arange(1, count + 1) * cycles // count) * period
    depths[-1] = steps
    return depths
