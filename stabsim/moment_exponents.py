r"""The verb for the growth of moments, that is, for generalized Lyapunov exponents.

**The estimator.** A population of W walkers carries unit vectors :math:`v_i` and weights
:math:`w_i` of mean 1. A step multiplies each vector by a factor of its own and its weight by
:math:`|A v_i|^q`. The product :math:`Z_t` of the population's mean weights, with walkers drawn
anew in proportion to their weights now and then, is an estimate of the moment without bias,

.. math:: E Z_t = E|A_t \cdots A_1 v|^q \sim c\, e^{t L(q)},

for every W: given the past, neither a step nor the drawing changes the expected mean weight
:cite:p:`DelMoral2004`. Its logarithm is biased. With the cumulants :math:`\kappa_j` of
:math:`\ln Z_t` per step,

.. math:: L(q) = \kappa_1 + \frac{\kappa_2}{2} + \frac{\kappa_3}{6} + \dots, \qquad
   \kappa_j = O(W^{1-j}),

so the mean :math:`\kappa_1` that a run averages falls short by half the variance per step, which is
of order 1/W :cite:p:`BerardDelMoralDoucet2014`. That variance is found from batches of steps within
every population, and half of it is added; what is left is of order :math:`1/W^2`.

**Why the naive average fails.** Of N independent products the mean of :math:`|A_t \cdots A_1 v|^q`
has no bias either. But the expectation lives on products that grow like :math:`e^{t L'(q)}` rather
than :math:`e^{t \lambda_1}`, and these have the probability :math:`e^{-t I(L'(q))}`. Once t is
beyond :math:`\ln N / I(L'(q))` none is among N products, and the logarithm of the mean falls short
of :math:`t L(q)` by an amount that grows with t. A population meets such growth one step at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation
from stabsim._samplers.population import (
    EFFECTIVE,
    FATE,
    NOISE,
    RATE,
    TAIL,
    WINDOWS,
    PopulationGrowth,
)
from stabsim._simulation import simulate
from stabsim._statistics import SampleStatistics
from stabsim.ensembles import Ensemble
from stabsim.results.generalized_lyapunov import GeneralizedLyapunov
from stabsim.results.population_record import PopulationRecord

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

    from stabsim._random import RandomState
    from stabsim._simulation import Body, Execution
    from stabsim._targets import StandardError

__all__ = ["generalized_lyapunov"]

METHODS = ("auto", "dense", "reduced")
_LARGEST_ORDER = 1e50


def generalized_lyapunov(
    ensemble: Ensemble,
    q: ArrayLike,
    *,
    steps: int,
    walkers: int = 1000,
    trials: int = 32,
    warmup: int | None = None,
    method: str = "auto",
    precision: float | StandardError | None = None,
    max_trials: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    rng: RandomState = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> GeneralizedLyapunov:
    r"""Estimate the growth rates of the moments of products of random matrices.

    The generalized Lyapunov exponents

    .. math:: L(q) = \lim_{t\to\infty} \frac1t \ln E|A_t \cdots A_1 v|^q

    are found by resampling a population of vectors :cite:p:`Vanneste2010`.

    Parameters
    ----------
    ensemble : Ensemble
        The law of a factor, e.g. ``Ginibre(4)``. The factors must be independent, though not
        necessarily of one law.
    q : float or (Q,) array_like of float
        The orders of the moments, positive or negative, at most 1e50 in magnitude.
    steps : int
        Factors that count, at least 2. A batch, ``steps/32``, should outlast the memory of a
        vector's direction. Where the laws of the factors cycle, as in `stabsim.Alternating`, whole
        cycles count, at least 2: ``result.steps`` is the next such number.
    walkers : int, default 1000
        Vectors in a population.
    trials : int, default 32
        Independent populations.
    warmup : int, optional
        Factors before those that count, so that the start is forgotten: by default a quarter of
        ``steps``, and none where the growth does not depend on the direction.
    method : {"auto", "dense", "reduced"}, default "auto"
        ``"dense"`` draws every entry of every factor. Where a vector grows alike in every direction
        ``"reduced"`` draws its growth alone, with the same law of every estimate. ``"auto"`` does
        that where it can. ``result.method`` and ``result.reason`` say what ran and why.
    precision : float or StandardError, optional
        Go on in rounds until every exponent has this standard error; ``trials`` is then the first
        round. A `stabsim.StandardError` is relative, or of another estimate.
    max_trials : int, optional
        The most trials that ``precision`` may take, by default 1000 times ``trials``.
    checkpoint : path, optional
        A folder where finished trials are kept: a run that was killed goes on there when it is
        called again, and gives the same result bit for bit. A folder of another run is refused.
    rng : None, int, SeedSequence or Generator, optional
        The source of randomness. The result is bit-identical for the same seed, whatever the
        number of workers, on machines of one kind; a Generator gives a new result at every call.
        ``result.seed`` repeats it. What comes out for an order does not depend on the others.
    n_jobs : int, optional
        Workers, in joblib's words; all available cores by default, or what an enclosing
        ``joblib.parallel_config`` says. Of joblib's backends all serve but ``"multiprocessing"``.
    progress : bool, default False
        Show a progress bar of populations, on a terminal or in a notebook.

    Returns
    -------
    GeneralizedLyapunov
        The exponents with their standard errors, the bias that was corrected, how the populations
        fared, the exact values where they are known, and the rate function.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range, before anything is simulated.

    Warns
    -----
    RuntimeWarning
        If a population collapsed, so that its value is in doubt: few effective walkers, few
        surviving lines, heavy tails, a bias beyond correction, or populations that differ by more
        than their batches tell. Also if a moment is infinite, whose exponent is ``inf``, or if
        ``precision`` was not reached in ``max_trials``.

    See Also
    --------
    stabsim.theory.moment_exponents : The exact exponents.

    Notes
    -----
    **Estimator.** The mean weight's logarithm per step, plus half its variance per step, averaged
    over the populations: the product of the mean weights estimates the moment without bias, so its
    logarithm falls short by half its variance, of order 1/walkers
    :cite:p:`DelMoral2004,BerardDelMoralDoucet2014`. ``result.bias_estimate`` is what was
    corrected; the rest is of order 1/walkers². Walkers are drawn anew, by systematic resampling
    :cite:p:`Kitagawa1996`, whenever their effective sample size falls below half of them.

    **Uncertainty.** The standard error is that of the mean over independent populations, or the one
    that 32 batches of steps within them tell, whichever is larger.

    **Collapse.** The moments of a large order are those of rare products. A population is marked as
    collapsed if on average fewer than 10 walkers count, or fewer than 10 have descendants once the
    memory is over; if the tail index of a step's weights, from the spacing of the two largest
    :cite:p:`Hill1975`, is beyond 0.7, where means converge too slowly for any population
    :cite:p:`Vehtari2024`; or if the bias is beyond 0.1. From a tail index of 1/2 on, where the
    weights' variance is infinite, what is left of the bias can be as large as what was corrected.
    Growth so rare that no walker meets it in the whole run is neither seen nor warned of, such as
    the small images that a negative moment lives on.

    **Start.** Every walker starts in a direction of its own, uniformly distributed. For moments of
    :math:`q \le -1` this can matter: a `FiniteSet` may shrink some vector that a fixed one is not.

    **Naive average.** The logarithm of the mean over independent products of
    :math:`|A_t \cdots A_1 v|^q` falls short of :math:`t L(q)` once the moment's products have a
    probability below one over their number, which is soon.

    **Cost.** The draws of :math:`n^2` entries a walker and step, and about :math:`40 + 0.3 n^2` ns
    more for every order. The factors of a step are held at once, :math:`8 n^2` bytes a walker.

    Examples
    --------
    The fourth moment grows far faster than four times as fast as a typical product:

    >>> import stabsim
    >>> moments = stabsim.generalized_lyapunov(stabsim.Ginibre(4), [0.1, 4.0], steps=500, rng=1)
    >>> typical, fourth = moments.values
    >>> print(f"{40 * typical:.1f} against {fourth:.1f}, exactly {moments.exact[1]:.1f}")
    2.3 against 3.2, exactly 3.2
    """
    return simulate(
        "generalized_lyapunov",
        plan,
        {
            "ensemble": ensemble,
            "q": q,
            "steps": steps,
            "walkers": walkers,
            "warmup": warmup,
            "method": method,
        },
        trials=trials,
        estimated=GeneralizedLyapunov.estimated,
        precision=precision,
        max_trials=max_trials,
        checkpoint=checkpoint,
        rng=rng,
        n_jobs=n_jobs,
        progress=progress,
    )


def plan(
    seed: np.random.SeedSequence,
    *,
    ensemble: Ensemble,
    q: ArrayLike,
    steps: int,
    walkers: int,
    warmup: int | None,
    method: str,
) -> Body[GeneralizedLyapunov]:
    """Check the arguments of `generalized_lyapunov`, and return what runs populations."""
    if not isinstance(ensemble, Ensemble):
        raise TypeError(
            f"ensemble must be an Ensemble such as Ginibre(4), got {validation.described(ensemble)}"
        )
    if not ensemble.independent:
        raise ValueError(
            "ensemble must have independent factors, since drawing walkers anew would tear them "
            f"from the state of their sequence, got {ensemble!r}"
        )
    orders = _orders(q)
    steps = validation.integer("steps", steps, least=2)
    walkers = validation.integer("walkers", walkers, least=1)
    if warmup is not None:
        warmup = validation.integer("warmup", warmup, least=0)
    validation.choice("method", method, METHODS)

    law = ensemble.radial_law("vector")
    if method == "reduced" and law is None:
        raise ValueError(
            "method must be 'auto' or 'dense' where growth depends on the direction, got 'reduced' "
            f"for {ensemble!r}"
        )
    isotropic = law is not None
    if method == "dense":
        law, used, reason = None, "dense", "asked for"
    elif isotropic:
        used, reason = "reduced", "vectors grow alike in every direction, so no matrix is drawn"
    else:
        used, reason = "dense", "growth depends on the direction"
    if warmup is None:
        warmup = 0 if isotropic else steps // 4
    cycles = max(2, -(-steps // ensemble.period)) if ensemble.period > 1 else steps
    steps = cycles * ensemble.period
    infinite = _infinite_moments(ensemble, orders)
    simulated = ~infinite & (orders != 0.0)
    task = PopulationGrowth(ensemble, law, orders[simulated], steps, warmup, walkers)

    def body(execution: Execution, trials: int) -> GeneralizedLyapunov:
        rows = np.empty((trials, 0))
        if simulated.any():
            statistics = execution.run("populations", task, trials, seed)
            assert isinstance(statistics, SampleStatistics)
            rows = statistics.samples
        return GeneralizedLyapunov(
            ensemble=ensemble,
            q=orders,
            steps=steps,
            warmup=warmup,
            walkers=walkers,
            trials=trials,
            batches=task.batches,
            method=used,
            reason=reason,
            seed=seed,
            record=_record(task, rows, simulated, infinite, trials),
        )

    return body


def _orders(q: ArrayLike) -> NDArray[np.float64]:
    """Return the orders of the moments as an array of one dimension."""
    requirement = "q must be a finite real number, at most 1e50 in magnitude, or a sequence of them"
    orders = validation.array(requirement, q)
    # The fourth powers of growth rates are to be finite; a NaN fails the comparison too.
    if orders.ndim > 1 or orders.size == 0 or not (np.abs(orders) <= _LARGEST_ORDER).all():
        raise ValueError(f"{requirement}, got {validation.described(q)}")
    return np.atleast_1d(orders)


def _infinite_moments(ensemble: Ensemble, orders: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which moments are known to be infinite."""
    # Imported here, because SciPy takes longer to import than all of stabsim.
    from stabsim.theory import moment_exponents

    limit, exact = ensemble.moment_limit, moment_exponents(ensemble, orders)
    infinite = np.zeros(orders.shape, dtype=bool) if limit is None else orders >= limit
    return infinite if exact is None else infinite | np.isposinf(exact)


def _record(
    task: PopulationGrowth,
    rows: NDArray[np.float64],
    simulated: NDArray[np.bool_],
    infinite: NDArray[np.bool_],
    trials: int,
) -> PopulationRecord:
    """Return what the populations recorded, with the orders that need no simulation."""
    windows = task.windows
    recorded = np.zeros((trials, simulated.size, WINDOWS + 2 * windows))
    recorded[:, :, EFFECTIVE] = task.walkers
    recorded[:, :, WINDOWS + windows :] = task.walkers
    recorded[:, infinite, FATE] = 1.0
    recorded[:, simulated] = rows.reshape(trials, simulated.sum(), recorded.shape[2])
    fate = recorded[:, :, FATE]
    ended = fate != 0.0
    return PopulationRecord(
        rate=np.where(ended, np.copysign(np.inf, fate), recorded[:, :, RATE]),
        noise=np.where(ended, 0.0, recorded[:, :, NOISE]),
        effective=recorded[:, :, EFFECTIVE],
        tail=recorded[:, :, TAIL],
        window_noise=recorded[:, :, WINDOWS : WINDOWS + windows],
        ancestors=recorded[:, :, WINDOWS + windows :],
    )
