"""Verbs on how far waves spread in disordered strips and bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stabsim import _montecarlo, lyapunov
from stabsim import _validation as validation
from stabsim._random import child
from stabsim._simulation import Call, simulate
from stabsim.ensembles import AndersonTransfer
from stabsim.results.finite_size_scaling import FiniteSizeScaling
from stabsim.results.localization_length import LocalizationLength

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

    from stabsim._random import RandomState
    from stabsim._simulation import Body, Execution
    from stabsim._targets import StandardError

__all__ = ["finite_size_scaling", "localization_length"]


def localization_length(
    ensemble: AndersonTransfer,
    *,
    steps: int,
    trials: int = 16,
    precision: float | StandardError | None = None,
    max_trials: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    rng: RandomState = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> LocalizationLength:
    r"""Estimate how far a wave spreads along a disordered chain, strip or bar.

    Every wave in a disordered bar of a finite cross-section decays in the end. The localization
    length is the distance over which the slowest decaying one loses a factor e, the inverse
    of the smallest positive Lyapunov exponent of the transfer matrices
    :cite:p:`MacKinnon1981,PichardSarma1981`.

    Parameters
    ----------
    ensemble : AndersonTransfer
        The bar: its energy, disorder and cross-section.
    steps : int
        Slices of each sample, positive.
    trials : int, default 16
        Number of independent samples, positive.
    precision : float or StandardError, optional
        Go on in rounds until the length has this standard error; ``trials`` is then the first
        round. A `stabsim.StandardError` is relative, or of another estimate.
    max_trials : int, optional
        The most trials that ``precision`` may take, by default 1000 times ``trials``.
    checkpoint : path, optional
        A folder where finished trials are kept: a run that was killed goes on there when it is
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
    LocalizationLength
        The length with its standard error, in units of the lattice constant, and the spectrum that
        it comes from.

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
    stabsim.finite_size_scaling : Several widths and disorders together.
    stabsim.lyapunov_spectrum : The estimate of all exponents.

    Notes
    -----
    The exponents of symplectic matrices come in pairs of both signs, so the M-th of 2M is the
    smallest positive one, for M sites across; the first M are estimated. The standard error of the
    length is that of the exponent times the square of the length, and the relative errors of both
    are the same: about the root of length / (``steps`` × ``trials``), in a long sample.

    **Cost.** A slice takes about :math:`4 M^3` operations: 0.3 µs for M = 1, 40 µs for M = 16.

    Examples
    --------
    >>> import stabsim
    >>> chain = stabsim.AndersonTransfer(0.0, 1.0, distribution="cauchy")
    >>> length = stabsim.localization_length(chain, steps=10_000, rng=1)
    >>> print(f"{length.length:.3f} ± {length.standard_error:.3f}, exactly {length.exact:.3f}")
    2.089 ± 0.009, exactly 2.078
    """
    return simulate(
        "localization_length",
        plan_length,
        {"ensemble": ensemble, "steps": steps},
        trials=trials,
        estimated=LocalizationLength.estimated,
        precision=precision,
        max_trials=max_trials,
        checkpoint=checkpoint,
        rng=rng,
        n_jobs=n_jobs,
        progress=progress,
    )


def plan_length(
    seed: np.random.SeedSequence, *, ensemble: AndersonTransfer, steps: int
) -> Body[LocalizationLength]:
    """Check the arguments of `localization_length`, and return what runs samples."""
    if not isinstance(ensemble, AndersonTransfer):
        raise TypeError(
            f"ensemble must be an AndersonTransfer such as AndersonTransfer(0.0, 1.0), "
            f"got {validation.described(ensemble)}"
        )
    spectrum = lyapunov.call(seed, ensemble, steps=steps, k=ensemble.sites)
    # A wrong number of steps is noticed before any work.
    spectrum.body()

    def body(execution: Execution, trials: int) -> LocalizationLength:
        return LocalizationLength(execution.perform("spectrum", spectrum, trials))

    return body


def finite_size_scaling(
    energy: float,
    disorder: ArrayLike,
    width: Iterable[int],
    *,
    dimension: int = 2,
    distribution: str = "uniform",
    edges: str = "periodic",
    steps: int,
    trials: int = 16,
    precision: float | StandardError | None = None,
    max_trials: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    rng: RandomState = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> FiniteSizeScaling:
    r"""Estimate localization lengths of strips or bars of several widths and disorders.

    How the reduced length :math:`\Lambda = \xi / M` changes with the width M says what happens in
    an infinitely wide system :cite:p:`MacKinnon1983`: where it falls all waves are localized, where
    it rises they extend, and where the lines of all widths cross lies a transition.

    Parameters
    ----------
    energy : float
        The energy E, in units of the hopping.
    disorder : (W,) array_like of float
        The strengths of the disorder, ascending, as in `stabsim.AndersonTransfer`.
    width : sequence of int
        The widths, ascending, positive.
    dimension : {2, 3}, default 2
        Strips of that many sites across, or bars of a square cross-section of that side.
    distribution : {"uniform", "gaussian", "cauchy"}, default "uniform"
        The law of the disorder.
    edges : {"periodic", "hard"}, default "periodic"
        Whether the sites at opposite edges of a slice are neighbours, which needs widths of at
        least 3.
    steps : int
        Slices of each sample, positive.
    trials : int, default 16
        Number of independent samples at every point, positive.
    precision : float or StandardError, optional
        Go on in rounds until every length has this standard error; ``trials`` is then the first
        round. A `stabsim.StandardError` is relative, or of another estimate.
    max_trials : int, optional
        The most trials that ``precision`` may take, by default 1000 times ``trials``.
    checkpoint : path, optional
        A folder where finished trials are kept: a run that was killed goes on there when it is
        called again, and gives the same result bit for bit. A folder of another run is refused.
    rng : None, int, SeedSequence or Generator, optional
        The source of randomness. Every point has its own child of the seed, in the order of the
        rows of the result. ``result.seed`` repeats it.
    n_jobs : int, optional
        Workers for the samples of a point, in joblib's words; all available cores by default.
    progress : bool, default False
        Show a progress bar over the points, on a terminal or in a notebook.

    Returns
    -------
    FiniteSizeScaling
        The lengths (M, W), with a row for each width and a column for each disorder.

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
    stabsim.localization_length : One point.

    Examples
    --------
    >>> import stabsim
    >>> strips = stabsim.finite_size_scaling(0.0, [4.0, 8.0], [3, 6], steps=5000, rng=1)
    >>> strips.reduced.shape
    (2, 2)
    >>> bool((strips.reduced[1] < strips.reduced[0]).all())
    True
    """
    return simulate(
        "finite_size_scaling",
        plan_scaling,
        {
            "energy": energy,
            "disorder": disorder,
            # What is iterated over once is kept, since the call may be repeated.
            "width": _widths(width),
            "dimension": dimension,
            "distribution": distribution,
            "edges": edges,
            "steps": steps,
        },
        trials=trials,
        estimated=FiniteSizeScaling.estimated,
        precision=precision,
        max_trials=max_trials,
        checkpoint=checkpoint,
        rng=rng,
        n_jobs=n_jobs,
        progress=progress,
    )


def plan_scaling(
    seed: np.random.SeedSequence,
    *,
    energy: float,
    disorder: ArrayLike,
    width: Iterable[int],
    dimension: int,
    distribution: str,
    edges: str,
    steps: int,
) -> Body[FiniteSizeScaling]:
    """Check the arguments of `finite_size_scaling`, and return what runs samples."""
    strengths, widths = _disorders(disorder), _widths(width)
    dimension = validation.integer("dimension", dimension, least=2)
    if dimension > 3:
        raise ValueError(f"dimension must be 2 or 3, got {dimension}")
    ensembles = [
        AndersonTransfer(
            energy,
            strength,
            distribution=distribution,
            width=side if dimension == 2 else (side, side),
            edges=edges,
        )
        for side in widths
        for strength in strengths.tolist()
    ]
    calls = []
    for point, ensemble in enumerate(ensembles):
        arguments = {"ensemble": ensemble, "steps": steps}
        calls.append(Call("localization_length", plan_length, arguments, child(seed, point)))
    calls[0].body()

    def body(execution: Execution, trials: int) -> FiniteSizeScaling:
        points: list[LocalizationLength] = []
        with _montecarlo.progress_bar(len(calls), execution.means.progress, "point") as advance:
            for number, call in enumerate(calls):
                points.append(execution.perform(f"point {number}", call, trials))
                advance(1)
        return FiniteSizeScaling(
            disorder=strengths,
            width=np.array(widths),
            dimension=dimension,
            points=tuple(points),
            seed=seed,
        )

    return body


def _disorders(disorder: ArrayLike) -> NDArray[np.float64]:
    requirement = "disorder must be ascending non-negative numbers"
    array = validation.array(requirement, disorder, shape=(None,))
    if not (np.isfinite(array).all() and array[0] >= 0.0 and (np.diff(array) > 0.0).all()):
        raise ValueError(f"{requirement}, got {validation.described(array.tolist())}")
    return array


def _widths(width: Iterable[int]) -> list[int]:
    requirement = "width must be ascending positive integers"
    sides = validation.items(requirement, width)
    widths = [validation.integer("width", side, least=1) for side in sides]
    if not widths or sorted(set(widths)) != widths:
        raise ValueError(f"{requirement}, got {validation.described(widths)}")
    return widths
