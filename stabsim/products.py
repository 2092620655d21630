"""Verbs on products of random matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim import _validation as validation
from stabsim._samplers.products import (
    DenseGrowth,
    DeterminantGrowth,
    RadialGrowth,
    Schedule,
    TriangularGrowth,
)
from stabsim._simulation import simulate
from stabsim.ensembles import Ensemble, Ginibre
from stabsim.results import ProductGrowth

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

    from stabsim._montecarlo import Task
    from stabsim._random import RandomState
    from stabsim._simulation import Body, Execution
    from stabsim._targets import StandardError

__all__ = ["matrix_product_growth"]

NORMS = ("frobenius", "spectral", "vector", "logdet")
METHODS = ("auto", "dense", "reduced")


def matrix_product_growth(
    ensemble: Ensemble,
    depth: int,
    *,
    trials: int,
    norm: str = "frobenius",
    vector: ArrayLike | None = None,
    record: ArrayLike | None = None,
    method: str = "auto",
    samples: bool = True,
    precision: float | StandardError | None = None,
    max_trials: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    rng: RandomState = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> ProductGrowth:
    r"""Simulate how the norm of a product of random matrices grows with depth.

    Draws ``trials`` independent products :math:`P_t = A_t \cdots A_1` and records
    :math:`\ln\|P_t\|`, or its relatives, at chosen depths. Everything is held as logarithms, so no
    depth overflows.

    Parameters
    ----------
    ensemble : Ensemble
        The law of a factor, e.g. ``Ginibre(4)``.
    depth : int
        Number of factors, positive.
    trials : int
        Number of independent products, positive.
    norm : {"frobenius", "spectral", "vector", "logdet"}, default "frobenius"
        What is recorded: the logarithm of :math:`\|P_t\|_F`, of the largest singular value of
        :math:`P_t`, of :math:`|P_t v|` for a fixed vector, or of :math:`|\det P_t|`.
    vector : (n,) array_like, optional
        The fixed vector for ``norm="vector"``, not zero; the first unit vector by default.
    record : (R,) array_like of int, optional
        The depths recorded, ascending, between 1 and ``depth``. By default every depth up to 128,
        and 128 evenly spaced ones beyond.
    method : {"auto", "dense", "reduced"}, default "auto"
        ``"reduced"`` samples the exact law of the norm without drawing matrices, where the
        ensemble has one; ``"dense"`` draws every entry of every factor; ``"auto"`` takes the
        reduced law if there is one. Both have the same law. ``result.method`` and
        ``result.reason`` say what ran and why.
    samples : bool, default True
        Keep the log-norms of all trials. With False the result has moments and quantiles (from
        histograms of at most 8192 bins), in memory that does not grow with ``trials``.
    precision : float or StandardError, optional
        Go on in rounds until the growth rate has this standard error; ``trials`` is then the first
        round. A `stabsim.StandardError` is relative, or of another estimate.
    max_trials : int, optional
        The most trials that ``precision`` may take, by default 1000 times ``trials``.
    checkpoint : path, optional
        A folder where finished trials are kept: a run that was killed goes on there when it is
        called again, and gives the same result bit for bit. A folder of another run is refused.
    rng : None, int, SeedSequence or Generator, optional
        The source of randomness. The result is bit-identical for the same seed, whatever the
        number of workers, on machines of one kind; a Generator gives a new result at every call.
        ``result.seed`` repeats it.
    n_jobs : int, optional
        Workers, in joblib's words; all available cores by default, or what an enclosing
        ``joblib.parallel_config`` says. Of joblib's backends all serve but ``"multiprocessing"``.
    progress : bool, default False
        Show a progress bar, on a terminal or in a notebook.

    Returns
    -------
    ProductGrowth
        The distribution of the log-norm at the recorded depths, the growth rate with its standard
        error, and the exact values where they are known.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range, before anything is simulated.

    Warns
    -----
    RuntimeWarning
        If ``precision`` was not reached in ``max_trials``.

    See Also
    --------
    stabsim.theory.product_growth : The exact law and growth rate.

    Notes
    -----
    **Estimators.** The mean over N trials has the standard error :math:`s/\sqrt N`. The growth rate
    is the mean of :math:`(\ln\|P_T\| - \ln\|P_s\|)/(T-s)`, with :math:`s = 0` where the steps have
    one law and :math:`s = \lfloor T/2 \rfloor` else, which drops the transient of the first half,
    also that of a `stabsim.MarkovModulated` start. Where the laws of the factors cycle, as in
    `stabsim.Alternating`, s is the next depth that leaves whole cycles; where not even one is left,
    the rate is biased by what it lacks. What is left of the transient decays exponentially with s,
    but slowly where the largest two exponents coincide or nearly do. The rate estimates the largest
    Lyapunov exponent, for ``"logdet"`` the sum of all, and for a vector the exponent of the least
    invariant subspace that holds it, which is the largest one unless the factors share a subspace.

    **Vanished products.** A product that is exactly zero in floating point, or for ``"logdet"``
    one with a factor whose elimination meets a zero pivot, is recorded as ``-inf`` and counted in
    ``result.vanished``; moments are those of the other trials. One vanished trial proves that the
    mean of the recorded logarithm, and so its growth rate, is :math:`-\infty`. (The image of a
    vector can vanish where the product does not.)

    **Range.** A product keeps its own power of two beside its entries, so entries below
    :math:`10^{-240}` times the largest are lost. That matters only where they never mix with the
    others, as in products of diagonal matrices.

    **Reduced laws.** For rotation invariant factors the steps of a vector's norm are independent:
    one chi-square draw a factor for Ginibre matrices :cite:p:`Newman1986,CohenNewman1984`, two for
    corners, one Gaussian more for shifted ones. The determinant takes n such steps. A Ginibre
    product has the norms of a product of independent triangular matrices.

    **Cost.** A real Gaussian entry takes about 2 ns. The dense method draws :math:`n^2` entries a
    factor and multiplies, by :math:`n^2` operations for a vector and :math:`n^3` else. The spectral
    norm takes about :math:`10 n^3` ns at every recorded depth. The reduced law of a vector costs
    about 10 ns a factor at every n, that of the determinant n times as much, and the triangular one
    half the draws and a sixth of the operations of the dense method.

    Examples
    --------
    The textbook's experiment, ten thousand times: one 4×4 Gaussian matrix times 100 more.

    >>> import stabsim
    >>> growth = stabsim.matrix_product_growth(
    ...     stabsim.Ginibre(4), 101, trials=10_000, norm="vector", rng=1
    ... )
    >>> growth.log_norm.shape
    (10000, 101)
    >>> print(f"{growth.lyapunov:.4f} ± {growth.lyapunov_se:.4f}, exactly "
    ...       f"{growth.exact.lyapunov:.4f}")
    0.5574 ± 0.0004, exactly 0.5580
    """
    return simulate(
        "matrix_product_growth",
        plan,
        {
            "ensemble": ensemble,
            "depth": depth,
            "norm": norm,
            "vector": vector,
            "record": record,
            "method": method,
            "samples": samples,
        },
        trials=trials,
        estimated=ProductGrowth.estimated,
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
    depth: int,
    norm: str,
    vector: ArrayLike | None,
    record: ArrayLike | None,
    method: str,
    samples: bool,
) -> Body[ProductGrowth]:
    """Check the arguments of `matrix_product_growth`, and return what runs trials."""
    if not isinstance(ensemble, Ensemble):
        raise TypeError(
            f"ensemble must be an Ensemble such as Ginibre(4), got {validation.described(ensemble)}"
        )
    depth = validation.integer("depth", depth, least=1)
    validation.choice("norm", norm, NORMS)
    beginning = _beginning(ensemble, norm, vector)
    depths = validation.recorded(record, depth, least=1)
    validation.choice("method", method, METHODS)
    validation.flag("samples", samples)

    law = ensemble.radial_law(norm)
    # Where the steps have one law, or cycle, there is no transient to drop from the growth rate.
    stationary = ensemble.identically_distributed or ensemble.period > 1
    start = 0 if law is not None or (norm == "logdet" and stationary) else depth // 2
    schedule = Schedule(
        depths,
        depth,
        start=_start_of_cycles(start, depth, ensemble.period),
        offset=_log_norm(beginning) if norm in {"frobenius", "vector"} else 0.0,
    )
    task: Task
    if method != "dense" and law is not None:
        task = RadialGrowth(schedule, law)
        used, reason = "reduced", "the steps of this norm are independent, so none draws a matrix"
    elif method != "dense" and isinstance(ensemble, Ginibre):
        task = TriangularGrowth(schedule, ensemble, norm)
        used, reason = "reduced", "Ginibre products have the norms of triangular products"
    elif method == "reduced":
        raise ValueError(
            f"method must be 'auto' or 'dense' where no reduced law is known, got 'reduced' for "
            f"{ensemble!r} and norm {norm!r}"
        )
    else:
        if norm == "logdet":
            task = DeterminantGrowth(schedule, ensemble)
        else:
            # The identity is made where it is needed, rather than sent there.
            column = beginning if norm == "vector" else None
            task = DenseGrowth(schedule, ensemble, norm, column)
        used = "dense"
        reason = "asked for" if method == "dense" else "no reduced law of this norm is known"

    def body(execution: Execution, trials: int) -> ProductGrowth:
        return ProductGrowth(
            ensemble=ensemble,
            norm=norm,
            depths=depths,
            trials=trials,
            method=used,
            reason=reason,
            seed=seed,
            offset=schedule.offset,
            rate_depths=(schedule.start, depth),
            statistics=execution.run("trials", task, trials, seed, samples=samples),
        )

    return body


def _start_of_cycles(start: int, depth: int, period: int) -> int:
    """Return the first depth from ``start`` on that is whole cycles before ``depth``, if any is."""
    whole = (depth - start) // period * period
    return depth - whole if whole > 0 else start


def _log_norm(beginning: NDArray[Any]) -> float:
    largest = float(np.abs(beginning).max())
    return math.log(largest) + math.log(float(np.linalg.norm(beginning / largest)))


def _beginning(ensemble: Ensemble, norm: str, vector: ArrayLike | None) -> NDArray[Any]:
    """Return the matrix or the column that the factors multiply."""
    n = ensemble.n
    if norm != "vector":
        if vector is not None:
            raise ValueError(
                f"vector must be left out for the norm {norm!r}, got {validation.described(vector)}"
            )
        return np.eye(n, dtype=ensemble.dtype)
    if vector is None:
        return np.eye(n, 1, dtype=ensemble.dtype)
    kind = "real or complex" if ensemble.dtype is complex else "real"
    requirement = f"vector must be {n} finite {kind} numbers, not all zero"
    kinds = "biufc" if ensemble.dtype is complex else "biuf"
    column = validation.array(requirement, vector, kinds=kinds, shape=(n,)).astype(ensemble.dtype)
    if not np.isfinite(column).all() or not column.any():
        raise ValueError(f"{requirement}, got {column.tolist()}")
    return column.reshape(n, 1)
