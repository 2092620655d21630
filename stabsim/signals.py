"""The verb on signals: how their lengths and angles change on their way up a network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation
from stabsim._samplers.network import is_conditional
from stabsim._samplers.signals import PairPropagation
from stabsim._simulation import simulate
from stabsim.networks import Network
from stabsim.results.signal_propagation import SignalPropagation

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike

    from stabsim._random import RandomState
    from stabsim._simulation import Body, Execution
    from stabsim._targets import StandardError

__all__ = ["signal_propagation"]

METHODS = ("auto", "conditional", "dense")

# Mean squares of inputs within which no norm of a float64 is lost.
_MOST_LENGTH = 1e200


def signal_propagation(
    network: Network,
    *,
    correlation: float,
    trials: int,
    length: float = 1.0,
    record: ArrayLike | None = None,
    method: str = "auto",
    samples: bool = True,
    precision: float | StandardError | None = None,
    max_trials: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    rng: RandomState = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> SignalPropagation:
    r"""Simulate how the lengths of two inputs and the angle between them change with depth.

    Draws ``trials`` independent initializations. In each, two inputs with the cosine
    ``correlation`` between them, in uniformly random directions, pass up through the same layers
    :math:`h^l = W_l x^{l-1} + b_l`, :math:`x^l = \varphi(h^l)`. Recorded are the mean squares
    :math:`|h^l|^2/n_l` and the cosine c of the pre-activations: whether the network still tells the
    two apart, and whether it tears neighbours asunder.

    Parameters
    ----------
    network : Network
        The architecture and the laws of its weights, e.g. ``MLP(50, 256)``.
    correlation : float
        The cosine of the two inputs, from -1 to 1; for a network of a single input -1 or 1.
    trials : int
        Number of independent initializations, positive.
    length : float, default 1.0
        The mean square :math:`|x^0|^2/n_0` of either input, in [0, 1e200].
    record : (R,) array_like of int, optional
        The layers recorded, ascending, between 1 and L. By default all up to L = 128, and 128
        evenly spaced ones beyond.
    method : {"auto", "conditional", "dense"}, default "auto"
        ``"conditional"`` samples the exact law without drawing a weight, where all weights are
        Gaussian or orthogonal and all biases Gaussian; ``"dense"`` draws every weight; ``"auto"``
        takes the first if it can. Both have the same law. ``result.method`` and ``result.reason``
        say what ran and why.
    samples : bool, default True
        Keep the values of all trials. With False the result has moments and quantiles (from
        histograms of at most 8192 bins), in memory that does not grow with ``trials``.
    precision : float or StandardError, optional
        Go on in rounds until the mean of every layer's :math:`\ln(1-c)` has this standard error;
        ``trials`` is then the first round. A `stabsim.StandardError` is relative, or of another
        estimate.
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
    SignalPropagation
        The distribution, layer by layer, of both lengths, of the correlation c and of
        :math:`\ln(1 - c)`, with standard errors, and the limit of infinite width beside it.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range, before anything is simulated; and
        ValueError if a user-defined activation leaves the range of float64 on the way.

    Warns
    -----
    RuntimeWarning
        If ``precision`` was not reached in ``max_trials``.

    See Also
    --------
    stabsim.gradient_attenuation : The way down.
    stabsim.theory.correlation_map : One layer of infinite width.

    Notes
    -----
    **Wide networks.** As the width grows, lengths and correlations tend to the maps of mean-field
    theory :cite:p:`Poole2016,Schoenholz2017`: ``result.mean_field``. At width n they
    fluctuate by :math:`1/\sqrt n`, and their means are off by :math:`1/n`.

    **The conditional method.** With an orthonormal basis u, v of the two signals below a Gaussian
    layer, :math:`Wu` and :math:`Wv` are independent Gaussian vectors, whatever the layers below
    have drawn; for an orthogonal layer they are two columns of a random frame. So the pair passes a
    layer exactly in law, and no weight is drawn.

    **Merging inputs.** What the second signal has beyond the first is carried up beside it, and
    never found as the difference of the two: where they merge, :math:`\ln(1 - c)` falls on far
    below the :math:`\ln 10^{-16}` at which c itself is 1, down to any depth. (Signals whose lengths
    stay different on their way through an activation that is no line on either side of 0 merge to
    an angle of 1e-14.) Equal inputs stay equal, and opposite ones opposite under odd activations
    without biases.

    **Zero signals.** All units of a ReLU layer may be off: the logarithm of a length is then
    ``-inf``, and so are the correlation, which is not defined, and :math:`\ln(1 - c)`, which is
    ``-inf`` for merged signals too. They are counted (``result.dead``), and moments are those of
    the others.

    **Cost.** The conditional method takes about 50 ns a unit. The dense one takes about 6 ns a
    weight, and for orthogonal layers :math:`n^3` operations.

    Examples
    --------
    In the ordered phase two inputs merge:

    >>> import stabsim
    >>> from stabsim.initializers import Gaussian
    >>> network = stabsim.MLP(60, 200, init=Gaussian(1.1), bias_std=0.3)
    >>> result = stabsim.signal_propagation(network, correlation=0.5, trials=100, rng=1)
    >>> result.correlation.shape
    (100, 60)
    >>> bool(abs(result.distance.mean[-1] / result.mean_field.log_distance[-1] - 1.0) < 0.05)
    True
    """
    return simulate(
        "signal_propagation",
        plan,
        {
            "network": network,
            "correlation": correlation,
            "length": length,
            "record": record,
            "method": method,
            "samples": samples,
        },
        trials=trials,
        estimated=SignalPropagation.estimated,
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
    network: Network,
    correlation: float,
    length: float,
    record: ArrayLike | None,
    method: str,
    samples: bool,
) -> Body[SignalPropagation]:
    """Check the arguments of `signal_propagation`, and return what runs trials."""
    if not isinstance(network, Network):
        raise TypeError(
            f"network must be a Network such as MLP(50, 256), got {validation.described(network)}"
        )
    correlation = validation.real("correlation", correlation, least=-1.0, most=1.0)
    if network.in_features == 1 and abs(correlation) < 1.0:
        raise ValueError(
            f"correlation must be -1 or 1 for a network of a single input, got {correlation!r}"
        )
    length = validation.real("length", length, least=0.0, most=_MOST_LENGTH)
    layers = validation.recorded(record, network.depth, least=1)
    validation.choice("method", method, METHODS)
    validation.flag("samples", samples)

    conditional = is_conditional(network.program)
    if method == "dense" or (method == "auto" and not conditional.all()):
        used, reason = "dense", "asked for"
        if method == "auto":
            reason = (
                f"layer {1 + int(np.argmin(conditional))} has neither Gaussian nor orthogonal "
                "weights, or biases that are not Gaussian"
            )
    elif not conditional.all():
        raise ValueError(
            "method must be 'auto' or 'dense' unless all weights are Gaussian or orthogonal and "
            f"all biases Gaussian, got 'conditional' for {network!r}"
        )
    else:
        used, reason = "conditional", "all weights are Gaussian or orthogonal, so none is drawn"
    log_norm = -math.inf
    if length > 0.0:
        log_norm = 0.5 * (math.log(length) + math.log(network.in_features))
    task = PairPropagation(network, log_norm, correlation, layers, dense=used == "dense")

    def body(execution: Execution, trials: int) -> SignalPropagation:
        return SignalPropagation(
            network=network,
            input_correlation=correlation,
            input_length=length,
            layers=layers,
            trials=trials,
            method=used,
            reason=reason,
            seed=seed,
            statistics=execution.run("trials", task, trials, seed, samples=samples),
        )

    return body
