"""Verbs that sweep over initializations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _montecarlo, _simulation, activations, gradients
from stabsim import _validation as validation
from stabsim._random import child
from stabsim._simulation import Call
from stabsim.initializers import Gaussian
from stabsim.networks import MLP
from stabsim.results.phase_diagram import PhaseDiagram, SimulatedRates

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

    from stabsim._random import RandomState
    from stabsim._simulation import Body, Execution
    from stabsim._targets import StandardError
    from stabsim.activations import Activation
    from stabsim.results import GradientAttenuation

__all__ = ["phase_diagram"]

_MOST_SIGMA = 1e10
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
    precision: float | StandardError | None = None,
    max_trials: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
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
    precision : float or StandardError, optional
        Go on in rounds until every simulated rate has this standard error; ``trials`` is then the
        first round. A `stabsim.StandardError` is relative, or of another estimate.
    max_trials : int, optional
        The most trials that ``precision`` may take, by default 1000 times ``trials``.
    checkpoint : path, optional
        A folder where finished trials are kept: a run that was killed goes on there when it is
        called again, and gives the same result bit for bit. A folder of another run is refused.
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

    Warns
    -----
    RuntimeWarning
        If ``precision`` was not reached in ``max_trials``.

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
    simulation 10 ns a unit, layer and trial.

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
    if precision is not None and simulate is False:
        got = validation.described(precision)
        raise ValueError(f"precision must be left out with simulate=False, got {got}")
    return _simulation.simulate(
        "phase_diagram",
        plan,
        {
            "activation": activation,
            "sigma_w": sigma_w,
            "sigma_b": sigma_b,
            "width": width,
            "depth": depth,
            "simulate": simulate,
        },
        trials=trials,
        estimated=PhaseDiagram.estimated,
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
    activation: str | Activation,
    sigma_w: ArrayLike,
    sigma_b: ArrayLike,
    width: int,
    depth: int,
    simulate: bool,
) -> Body[PhaseDiagram]:
    """Check the arguments of `phase_diagram`, and return what runs trials at every point."""
    function = activations.get(activation)
    weights = _axis("sigma_w", sigma_w, positive=True)
    biases = _axis("sigma_b", sigma_b, positive=False)
    width = validation.integer("width", width, least=1)
    depth = validation.integer("depth", depth, least=1)
    validation.flag("simulate", simulate)

    # Imported here, because SciPy takes longer to import than all of stabsim.
    from stabsim.theory import critical_line, phases

    theory = phases(function, weights[None, :], biases[:, None])
    line = critical_line(function, biases)
    shape = biases.size, weights.size
    calls: list[Call] = []
    for index, point in enumerate(np.ndindex(shape) if simulate else ()):
        network = MLP(
            depth,
            width,
            activation=function,
            init=Gaussian(float(theory.sigma_w[point])),
            bias_std=float(theory.sigma_b[point]),
        )
        calls.append(_attenuation(network, float(theory.q[point]), child(seed, index)))

    def body(execution: Execution, trials: int) -> PhaseDiagram:
        simulation = None
        if simulate:
            rates = np.empty((len(calls), 3))
            with _montecarlo.progress_bar(len(calls), execution.means.progress, "point") as advance:
                for number, call in enumerate(calls):
                    rates[number] = _rate(execution.perform(f"point {number}", call, trials))
                    advance(1)
            rate, error, dead = (column.reshape(shape) for column in rates.T)
            simulation = SimulatedRates(width, depth, trials, rate, error, dead.astype(np.int64))
        return PhaseDiagram(
            activation=function,
            sigma_w=weights,
            sigma_b=biases,
            theory=theory,
            critical_line=line,
            simulation=simulation,
            seed=seed,
        )

    return body


def _attenuation(network: MLP, q: float, seed: np.random.SeedSequence) -> Call:
    """Return the simulation of one point, whose inputs have the length that leads to ``q``."""
    quarter = network.depth // 4
    sigma_w = float(network.weight_std[0]) * math.sqrt(network.in_features)
    square = (q - float(network.bias_std[0]) ** 2) / sigma_w**2
    norm = math.sqrt(network.in_features * square) if 0.0 < square < math.inf else 0.0
    arguments = {
        "network": network,
        "inputs": norm if 0.0 < norm <= _MOST_NORM else math.sqrt(network.in_features),
        "record": sorted({quarter, network.depth - quarter}),
        "method": "auto",
        "samples": True,
    }
    return Call("gradient_attenuation", gradients.plan, arguments, seed)


def _rate(result: GradientAttenuation) -> tuple[float, float, int]:
    """Return the mean growth of the gradient's logarithm, its standard error, and dead trials."""
    quarter = result.network.depth // 4
    last = result.network.depth - quarter
    columns = np.searchsorted(result.layers, [quarter, last])
    below, above = result.log_gradient_norm[:, columns].T
    alive = below > -math.inf
    dead = result.trials - int(alive.sum())
    if dead == result.trials:
        return -math.inf, 0.0, dead
    rates = (below[alive] - above[alive]) / (last - quarter)
    if rates.size == 1:
        return float(rates[0]), math.inf, dead
    return float(rates.mean()), float(rates.std(ddof=1) / math.sqrt(rates.size)), dead


def _axis(name: str, value: ArrayLike, *, positive: bool) -> NDArray[np.float64]:
    kind = "positive" if positive else "non-negative"
    requirement = f"{name} must be ascending {kind} numbers up to {_MOST_SIGMA:g}"
    numbers = np.atleast_1d(validation.array(requirement, value))
    if numbers.ndim != 1 or numbers.size == 0:
        raise ValueError(f"{requirement}, got shape {numbers.shape}")
    if (
        not (numbers <= _MOST_SIGMA).all()
        or numbers[0] < 0.0
        or (positive and numbers[0] == 0.0)
        or (np.diff(numbers) <= 0.0).any()
    ):
        raise ValueError(f"{requirement}, got {validation.described(numbers.tolist())}")
    return numbers
