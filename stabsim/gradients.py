"""The verb on gradients: how they attenuate on their way down a network."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim import _validation as validation
from stabsim._samplers.attenuation import (
    BatchAttenuation,
    ConditionalAttenuation,
    DenseAttenuation,
    Inputs,
)
from stabsim._samplers.network import is_conditional, is_shortened
from stabsim._simulation import simulate
from stabsim.networks import Network
from stabsim.results import GradientAttenuation

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike

    from stabsim._random import RandomState
    from stabsim._simulation import Body, Execution
    from stabsim._targets import StandardError

__all__ = ["gradient_attenuation"]

METHODS = ("auto", "conditional", "dense")

# Norms and entries within which no square of a float64 is lost.
_MOST_INPUT = 1e100


def gradient_attenuation(
    network: Network,
    *,
    trials: int,
    inputs: str | float | ArrayLike = "gaussian",
    record: ArrayLike | None = None,
    method: str = "auto",
    samples: bool = True,
    precision: float | StandardError | None = None,
    max_trials: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    rng: RandomState = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> GradientAttenuation:
    r"""Simulate how signals and gradients grow or vanish through a network at initialization.

    Draws ``trials`` independent initializations. In each an input passes up through the layers
    :math:`h^l = W_l x^{l-1} + b_l`, :math:`x^l = \varphi(h^l)`, and a gradient of norm 1 in a
    uniformly random direction passes down from :math:`x^L`. Everything is held as logarithms, so
    no depth underflows.

    Parameters
    ----------
    network : Network
        The architecture and the laws of its weights, e.g. ``MLP(50, 256)``.
    trials : int
        Number of independent initializations, positive.
    inputs : "gaussian", float or array_like, default "gaussian"
        The input :math:`x^0`: independent standard Gaussian entries; or the norm of an input in a
        uniformly random direction, in [0, 1e100]; or one vector (n₀,); or the B vectors (B, n₀) of
        a batch that passes through the same weights, in which norms are those of all B together
        and gradients of weights and biases are summed over the batch.
    record : (R,) array_like of int, optional
        The layers recorded, ascending, between 0 and L; layer 0 is recorded in any case. By default
        all up to L = 128, and 128 evenly spaced ones beyond.
    method : {"auto", "conditional", "dense"}, default "auto"
        ``"conditional"`` samples the exact law without drawing a weight, where all weights are
        Gaussian or orthogonal and all biases Gaussian; ``"dense"`` draws every weight; ``"auto"``
        takes the first if it can. Both have the same law. ``result.method`` and ``result.reason``
        say what ran and why.
    samples : bool, default True
        Keep the values of all trials. With False the result has moments and quantiles (from
        histograms of at most 8192 bins), in memory that does not grow with ``trials``.
    precision : float or StandardError, optional
        Go on in rounds until the mean attenuation has this standard error, in decades; ``trials``
        is then the first round. A `stabsim.StandardError` is relative, or of another estimate.
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
    GradientAttenuation
        The distribution, layer by layer, of the norms of activations and of the gradients with
        respect to activations, pre-activations, weights and biases, with standard errors, and the
        theory beside it.

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
    stabsim.theory.homogeneous_attenuation : Exact moments for ReLU networks without biases.
    stabsim.theory.mean_field_attenuation : The limit of infinite width.

    Notes
    -----
    **The conditional method** :cite:p:`Bolthausen2014`. Given the input x of a Gaussian layer with
    weights of variance :math:`\sigma^2`, its output :math:`h = Wx` has independent
    :math:`N(0, \sigma^2|x|^2)` entries. Given h too, a gradient u passes down as

    .. math::
       W^\top u = \frac{x\,(h \cdot u)}{|x|^2}
       + \sigma |u| \Bigl(z - \frac{x\,(x \cdot z)}{|x|^2}\Bigr), \qquad z \sim N(0, I),

    so no weight is ever drawn, and forward and backward passes have exactly their joint law at
    every width. All that a layer leaves to the next one down are sums over its units, so not even
    vectors are kept. Behind ReLU, leaky ReLU and linear layers the sums themselves are drawn, as
    chi-square variables of the Binomial(n, 1/2) units on either side of 0: the width does not
    matter then. An orthogonal layer conditions in the same way, on spheres. A batch keeps its
    vectors, and conditions on the span of its B inputs.

    **Dead signals.** A norm that is exactly zero in float64 is ``-inf`` and counted: all units of
    a ReLU layer may be off, and the derivative of a unit can underflow (that of a sigmoid beyond
    \|h\| = 745). ``result.dead`` counts the trials whose gradient does not reach the input; moments
    are those of the others.

    **Range.** Where an activation is a line on either side of 0, near 0 or far from it, its signals
    may be of any size. (ELU and SELU count as level below 0 for signals beyond :math:`2^{300}`.) An
    activation of your own that is none is evaluated in float64.

    **Cost.** The conditional method takes about 10 ns a unit (5 to 15, most of it for two Gaussian
    draws and the activation), 0.3 µs a layer for ReLU and its kin; a batch of B inputs
    about :math:`25 B + 3 B^2` ns a unit. The dense one takes about 5 ns a weight and input, and for
    orthogonal layers :math:`n^3` operations. A worker holds about 150 bytes for each layer, a batch
    24 and the dense method 16 for each unit and input. An activation of your own is compiled into
    the kernel once in every session, which takes ten seconds or more.

    Examples
    --------
    Fifty sigmoid layers lose some 30 decades:

    >>> import stabsim
    >>> result = stabsim.gradient_attenuation(
    ...     stabsim.MLP(50, 256, activation="sigmoid"), trials=200, rng=1
    ... )
    >>> result.log_gradient_norm.shape
    (200, 51)
    >>> print(f"{result.attenuation.mean():.1f} ± {result.attenuation.std():.1f} decades")
    -31.5 ± 0.1 decades
    """
    return simulate(
        "gradient_attenuation",
        plan,
        {
            "network": network,
            "inputs": inputs,
            "record": record,
            "method": method,
            "samples": samples,
        },
        trials=trials,
        estimated=GradientAttenuation.estimated,
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
    inputs: str | float | ArrayLike,
    record: ArrayLike | None,
    method: str,
    samples: bool,
) -> Body[GradientAttenuation]:
    """Check the arguments of `gradient_attenuation`, and return what runs trials."""
    if not isinstance(network, Network):
        raise TypeError(
            f"network must be a Network such as MLP(50, 256), got {validation.described(network)}"
        )
    entering = _validated_inputs(inputs, network.in_features)
    layers = np.union1d([0], validation.recorded(record, network.depth, least=0))
    validation.choice("method", method, METHODS)
    validation.flag("samples", samples)

    conditional = is_conditional(network.program)
    task: ConditionalAttenuation | BatchAttenuation | DenseAttenuation
    if method == "dense" or (method == "auto" and not conditional.all()):
        used, task = "dense", DenseAttenuation(network, entering, layers)
        reason = "asked for"
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
        if len(entering.signals) > 1:
            task = BatchAttenuation(network, entering, layers)
        else:
            task = ConditionalAttenuation(network, entering, layers)
            if is_shortened(network.program).all():
                reason += ", nor are the units of homogeneous layers"

    def body(execution: Execution, trials: int) -> GradientAttenuation:
        return GradientAttenuation(
            network=network,
            log_input_norm=_known_log_norm(entering, network.in_features),
            batch_size=len(entering.signals),
            layers=layers,
            trials=trials,
            method=used,
            reason=reason,
            seed=seed,
            statistics=execution.run("trials", task, trials, seed, samples=samples),
        )

    return body


def _known_log_norm(inputs: Inputs, in_features: int) -> float:
    """Return the logarithm of the input's norm, or of its root mean square if it is random."""
    return 0.5 * math.log(in_features) if inputs.law == 2 else inputs.log_norm


def _validated_inputs(inputs: Any, in_features: int) -> Inputs:
    requirement = (
        f"inputs must be 'gaussian', a norm in [0, {_MOST_INPUT:g}], or vectors of {in_features} "
        f"numbers up to {_MOST_INPUT:g}"
    )
    if isinstance(inputs, str):
        if inputs != "gaussian":
            raise ValueError(f"{requirement}, got {validation.described(inputs)}")
        return Inputs(np.zeros((1, 0)), -math.inf, law=2)
    if isinstance(inputs, np.ndarray) and inputs.ndim == 0:
        inputs = inputs.item()
    if isinstance(inputs, Real):
        norm = validation.real("inputs", inputs, least=0.0, most=_MOST_INPUT)
        log_norm = math.log(norm) if norm > 0.0 else -math.inf
        # A zero input has no direction to draw.
        law = 1 if norm > 0.0 else 0
        return Inputs(np.zeros((1, in_features if law == 0 else 0)), log_norm, law=law)
    vectors = validation.array(requirement, inputs)
    if vectors.ndim not in {1, 2} or vectors.shape[-1] != in_features or vectors.size == 0:
        raise ValueError(f"{requirement}, got shape {vectors.shape}")
    signals = np.atleast_2d(vectors)
    largest = float(np.abs(signals).max())
    if not largest <= _MOST_INPUT:
        raise ValueError(f"{requirement}, got {validation.described(vectors.tolist())}")
    if largest == 0.0:
        return Inputs(signals, -math.inf)
    signals /= largest
    norm = float(np.linalg.norm(signals))
    return Inputs(signals / norm, math.log(largest) + math.log(norm))
