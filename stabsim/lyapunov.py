"""The verb for all growth rates of a product at once."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation
from stabsim._random import child
from stabsim._samplers.spectrum import FrameGrowth, IndependentGrowth, Pace, pilot
from stabsim._simulation import Call, simulate
from stabsim._statistics import SampleStatistics
from stabsim._targets import validated_target
from stabsim.ensembles import Ensemble
from stabsim.results import LyapunovSpectrum

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

    from stabsim._montecarlo import Task
    from stabsim._random import RandomState
    from stabsim._simulation import Body, Execution
    from stabsim._targets import StandardError

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
    precision: float | StandardError | None = None,
    record: ArrayLike | None = None,
    method: str = "auto",
    checkpoint: str | PathLike[str] | None = None,
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
    precision : float or StandardError, optional
        Stop as soon as every finite exponent has this standard error, in natural logarithms per
        factor, or the relative one of a `stabsim.StandardError`. ``steps`` is then the most that a
        chain may take; the result warns if that was not enough.
    record : (R,) array_like of int, optional
        The steps at which the running estimate is kept, ascending; 32 evenly spaced ones by
        default, after whole cycles where the laws of factors cycle. Not together with
        ``precision``.
    method : {"auto", "qr", "reduced"}, default "auto"
        ``"reduced"`` draws the diagonals of the triangular factors from their own law, where the
        ensemble is rotation invariant; ``"qr"`` draws every factor; ``"auto"`` takes the reduced
        law if there is one.
    checkpoint : path, optional
        A folder where finished chains are kept: a run that was killed goes on there when it is
        called again, and gives the same result bit for bit. A folder of another run is refused.
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
    return simulate(
        "lyapunov_spectrum",
        plan,
        {
            "ensemble": ensemble,
            "steps": steps,
            "k": k,
            "warmup": warmup,
            "interval": interval,
            "target": validated_target(precision, LyapunovSpectrum.estimated),
            "record": record,
            "method": method,
        },
        trials=trials,
        checkpoint=checkpoint,
        rng=rng,
        n_jobs=n_jobs,
        progress=progress,
    )


def plan(
    seed: np.random.SeedSequence,
    *,
    ensemble: Ensemble,
    steps: int,
    k: int | None,
    warmup: int | None,
    interval: int | None,
    target: StandardError | None,
    record: ArrayLike | None,
    method: str,
) -> Body[LyapunovSpectrum]:
    """Check the arguments of `lyapunov_spectrum`, and return what runs chains."""
    if not isinstance(ensemble, Ensemble):
        raise TypeError(
            f"ensemble must be an Ensemble such as Ginibre(4), got {validation.described(ensemble)}"
        )
    steps = validation.integer("steps", steps, least=1)
    directions = ensemble.n if k is None else validation.integer("k", k, least=1)
    if directions > ensemble.n:
        raise ValueError(f"k must be at most n = {ensemble.n}, got {k}")
    if warmup is not None:
        warmup = validation.integer("warmup", warmup, least=0)
    if interval is not None:
        interval = validation.integer("interval", interval, least=1)
    if target is not None and record is not None:
        raise ValueError(
            f"record must be left out where precision is given, got {validation.described(record)}"
        )
    depths = _recorded(record, steps, ensemble.period)
    validation.choice("method", method, METHODS)

    law = ensemble.radial_law("logdet")
    if method == "reduced" and law is None:
        raise ValueError(
            f"method must be 'auto' or 'qr' where no reduced law is known, got 'reduced' for "
            f"{ensemble!r}"
        )
    if method == "qr":
        law = None
    if law is not None:
        used, reason = "reduced", "the triangular factors are independent, so none draws a matrix"
    else:
        used = "qr"
        reason = "asked for" if method == "qr" else "no reduced law is known"

    def pace_of(execution: Execution, trials: int) -> Pace:
        pace = Pace(0, 1, math.nan)
        if law is not None:
            return pace
        if warmup is None or interval is None:
            found = execution.once(
                "pace", lambda: np.array(pilot(ensemble, directions, steps, trials, seed))
            )
            pace = Pace(
                validation.integer("warmup", int(found[0]), least=0),
                validation.integer("interval", int(found[1]), least=1),
                float(found[2]),
            )
        return pace._replace(
            warmup=pace.warmup if warmup is None else warmup,
            interval=pace.interval if interval is None else interval,
        )

    def body(execution: Execution, trials: int) -> LyapunovSpectrum:
        pace = pace_of(execution, trials)

        def chains(
            part: str, record: NDArray[np.int64], seed: np.random.SeedSequence
        ) -> NDArray[np.float64]:
            task: Task
            if law is not None:
                task = IndependentGrowth(law, directions, record)
            else:
                task = FrameGrowth(ensemble, directions, pace.warmup, pace.interval, record)
            statistics = execution.run(part, task, trials, seed)
            assert isinstance(statistics, SampleStatistics)
            return statistics.samples.reshape(trials, record.size, directions)

        def result(recorded: NDArray[np.int64], growth: NDArray[np.float64]) -> LyapunovSpectrum:
            return LyapunovSpectrum(
                ensemble=ensemble,
                k=directions,
                trials=trials,
                recorded=recorded,
                log_growth=growth,
                warmup=pace.warmup,
                interval=pace.interval,
                gap=pace.gap,
                precision=target,
                method=used,
                reason=reason,
                seed=seed,
            )

        if target is None:
            return result(depths, chains("chains", depths, seed))
        # Every round has its own seed; one round of all steps would be the run without precision.
        length = max(1, math.ceil(steps * _FIRST_SHARE))
        recorded = np.empty(0, np.int64)
        growth = np.empty((trials, 0, directions))
        done = 0
        for number in range(steps):
            # Whole cycles of the factors' laws, as far as they fit.
            length = min(-(-length // ensemble.period) * ensemble.period, steps - done)
            wanted = partial(np.full, 1, float(length))
            length = int(execution.once(f"steps of round {number}", wanted)[0])
            here = _recorded(None, length, ensemble.period)
            new = chains(f"round {number}", here, child(child(seed, number), 2))
            before = growth[:, -1:] if done else np.zeros((trials, 1, directions))
            growth = np.concatenate([growth, before + new], axis=1)
            recorded = np.concatenate([recorded, done + here])
            done += length
            so_far = result(recorded, growth)
            excess = target.excess(so_far)
            enough = excess <= 1.0
            if execution.knows("steps of round 0"):
                # Chains that are added later take the same rounds.
                enough = not execution.knows(f"steps of round {number + 1}")
            if enough or done == steps:
                break
            # One tenth more than the error so far asks for, since it is an estimate itself.
            needed = done * min(excess, 1e100) ** 2 * 1.1
            length = max(1, math.ceil(min(needed, steps) - done))
            length = min(max(length, math.ceil(0.1 * done)), steps - done)
        return so_far

    return body


def call(seed: np.random.SeedSequence, ensemble: Ensemble, *, steps: int, k: int) -> Call:
    """Return the call for the k largest exponents, all else by default."""
    arguments = {
        "ensemble": ensemble,
        "steps": steps,
        "k": k,
        "warmup": None,
        "interval": None,
        "target": None,
        "record": None,
        "method": "auto",
    }
    return Call("lyapunov_spectrum", plan, arguments, seed)


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
