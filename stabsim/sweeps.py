"""Verbs that sweep over initializations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim import _montecarlo, activations
from stabsim import _validation as validation
from stabsim._random import child, seed_sequence
from stabsim.gradients import gradient_attenuation
from stabsim.initializers import Gaussian
from stabsim.networks import MLP
from stabsim.results.phase_diagram import PhaseDiagram, SimulatedRates

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from stabsim._random import RandomState
    from stabsim.activations import Activation

__all__ = ["phase_diagram"]

_MOST_SIGMA = 1e60
_MOST_NORM = 1e100


def phase_diagram(
    activation: str | Activation,
    sigma_w: ArrayLike,
    sigma_b: ArrayLike,
    *,
    width: int = 256,
    depth: int = 50,
    trials: int = 20,
    simulate: bool = True,
    rng: RandomState = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> PhaseDiagram:
    r"""Map where signals and gradients survive, by theory and by simulation.

    On a grid of initializations, weights :math:`N(0, \sigma_w^2/n)` and biases
    :math:`N(0, \sigma_b^2)`: the fixed point of lengths, the susceptibility :math:`\chi_1`, the
    depth scales and the line between order and chaos, all of infinitely wide networks; and beside
    them the growth of gradients per layer in networks of finite width.

    Parameters
    ----------
    activation : str or Activation
        The activation after every layer.
    sigma_w : (W,) array_like of float
        Standard deviations of weights times the root of the number of inputs: ascending, positive.
    sigma_b : (B,) array_like of float
        Standard deviations of biases: ascending, not negative.
    width, depth : int, default 256 and 50
        Units of every layer, and layers, of the simulated networks.
    trials : int, default 20
        Independent initializations at every point of the grid.
    simulate : bool, default True
        With False, theory alone.
    rng : None, int, SeedSequence or Generator, optional
        The source of randomness. Every point has its own child of the seed, so that the result is
        bit-identical for the same seed, whatever the number of workers, on machines of one kind.
        ``result.seed`` repeats it.
    n_jobs : int, optional
        Workers for the trials of a point, in joblib's words; all available cores by default, or
        what an enclosing ``joblib.parallel_config`` says.
    progress : bool, default False
        Show a progress bar over the points, on a terminal or in a notebook.

    Returns
    -------
    PhaseDiagram
        Arrays (B, W) of theory and simulation, and the critical line.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range, before anything is simulated; and
        ValueError if an expectation under the activation diverges.

    See Also
    --------
    stabsim.theory.phases : The theory alone, for any arrays.
    stabsim.theory.critical_line : The line between order and chaos.
    stabsim.gradient_attenuation : The simulation of one point.

    Notes
    -----
    **Theory** :cite:p:`Poole2016,Schoenholz2017`. Lengths tend to a fixed point :math:`q^*` of the
    length map V, and a layer multiplies the expected square of a gradient by
    :math:`\chi_1 = \sigma_w^2\,E\,\varphi'(\sqrt{q^*}\,Z)^2`. Where :math:`\chi_1 < 1` gradients
    vanish and inputs merge: order; where :math:`\chi_1 > 1` they explode and neighbours part:
    chaos. The depth scale :math:`\xi = -1/\ln\chi_1` says in how many layers, by a factor e.

    **Simulation.** The rate is the mean over the trials of

    .. math::
       \frac{\ln|\partial\ell/\partial x^a| - \ln|\partial\ell/\partial x^b|}{b - a}, \qquad
       a = \lfloor L/4 \rfloor, \quad b = L - \lfloor L/4 \rfloor,

    with the standard error of that mean: the quarters next to the input and the output, where
    lengths and directions still settle, are left out. Inputs have the length that makes
    :math:`q^1 = q^*`, or 1 where that is zero or infinite. At infinite width the rate is
    :math:`\tfrac12 \ln\chi_1`; at width n it is below that by about 1/n, since a logarithm's mean
    is below the mean's logarithm. Trials whose gradient is zero are counted and left out.

    **Cost.** Theory takes a millisecond a point, and some tens for each point of the critical line;
    simulation 10 ns a unit, layer and trial. An interrupted sweep keeps nothing.

    Examples
    --------
    >>> import stabsim
    >>> diagram = stabsim.phase_diagram("tanh", [1.0, 1.5, 2.0], [0.1, 0.3], trials=10, rng=1)
    >>> diagram.ordered
    array([[ True, False, False],
           [ True, False, False]])
    >>> diagram.critical_line.sigma_w.round(3)
    array([1.193, 1.396])
    >>> bool(abs(diagram.simulated_rate - diagram.rate).max() < 0.02)
    True
    """
    function = activations.get(activation)
    weights = _axis("sigma_w", sigma_w, positive=True)
    biases = _axis("sigma_b", sigma_b, positive=False)
    width = validation.integer("width", width, least=1)
    depth = validation.integer("depth", depth, least=1)
    trials = validation.integer("trials", trials, least=1)
    validation.flag("simulate", simulate)
    validation.flag("progress", progress)
    n_jobs = _montecarlo.validated_jobs(n_jobs)
    seed = seed_sequence(rng)

    # Imported here, because SciPy takes longer to import than all of stabsim.
    from stabsim.theory import critical_line, phases

    theory = phases(function, weights[None, :], biases[:, None])
    simulation = None
    if simulate:
        shape = biases.size, weights.size
        rate, error = np.empty(shape), np.empty(shape)
        dead = np.empty(shape, dtype=np.int64)
        with _montecarlo.progress_bar(rate.size, progress, "point") as advance:
            for index, point in enumerate(np.ndindex(shape)):
                network = MLP(
                    depth,
                    width,
                    activation=function,
                    init=Gaussian(float(theory.sigma_w[point])),
                    bias_std=float(theory.sigma_b[point]),
                )
                rate[point], error[point], dead[point] = _rate(
                    network, float(theory.q[point]), trials, child(seed, index), n_jobs
                )
                advance(1)
        simulation = SimulatedRates(width, depth, trials, rate, error, dead)
    return PhaseDiagram(
        activation=function,
        sigma_w=weights,
        sigma_b=biases,
        theory=theory,
        critical_line=critical_line(function, biases),
        simulation=simulation,
        seed=seed,
    )


def _rate(
    network: MLP, q: float, trials: int, seed: np.random.SeedSequence, n_jobs: int | None
) -> tuple[float, float, int]:
    """Return the mean growth of the gradient's logarithm, its standard error, and dead trials."""
    quarter = network.depth // 4
    last = network.depth - quarter
    sigma_w = float(network.weight_std[0]) * math.sqrt(network.in_features)
    square = (q - float(network.bias_std[0]) ** 2) / sigma_w**2
    norm = math.sqrt(network.in_features * square) if 0.0 < square < math.inf else 0.0
    result = gradient_attenuation(
        network,
        trials=trials,
        inputs=norm if 0.0 < norm <= _MOST_NORM else math.sqrt(network.in_features),
        record=sorted({quarter, last}),
        rng=seed,
        n_jobs=n_jobs,
    )
    columns = np.searchsorted(result.layers, [quarter, last])
    below, above = result.log_gradient_norm[:, columns].T
    alive = below > -math.inf
    dead = trials - int(alive.sum())
    if dead == trials:
        return -math.inf, 0.0, dead
    rates = (below[alive] - above[alive]) / (last - quarter)
    if rates.size == 1:
        return float(rates[0]), math.inf, dead
    return float(rates.mean()), float(rates.std(ddof=1) / math.sqrt(rates.size)), dead


def _axis(name: str, value: ArrayLike, *, positive: bool) -> NDArray[np.float64]:
    kind = "positive" if positive else "non-negative"
    requirement = f"{name} must be ascending {kind} numbers up to {_MOST_SIGMA:g}"
    try:
        array: NDArray[Any] = np.atleast_1d(np.array(value))
    except ValueError as error:
        raise ValueError(f"{requirement}, got rows of unequal lengths") from error
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{requirement}, got dtype {array.dtype}")
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{requirement}, got shape {array.shape}")
    numbers = array.astype(np.float64)
    if (
        not (numbers <= _MOST_SIGMA).all()
        or numbers[0] < 0.0
        or (positive and numbers[0] == 0.0)
        or (np.diff(numbers) <= 0.0).any()
    ):
        raise ValueError(f"{requirement}, got {validation.described(numbers.tolist())}")
    return numbers
