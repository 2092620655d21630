"""The verb on Jacobians: the singular values of a network's input-output map."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim import _validation as validation
from stabsim._samplers.attenuation import Inputs
from stabsim._samplers.jacobians import JacobianTask
from stabsim._simulation import simulate
from stabsim.networks import Network
from stabsim.results.jacobian_spectrum import JacobianSpectrum

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike

    from stabsim._random import RandomState
    from stabsim._simulation import Body, Execution
    from stabsim._targets import StandardError

__all__ = ["jacobian_spectrum"]

# Norms and entries within which no square of a float64 is lost.
_MOST_INPUT = 1e100


def jacobian_spectrum(
    network: Network,
    *,
    trials: int,
    layers: tuple[int, int] | None = None,
    inputs: str | float | ArrayLike = "gaussian",
    samples: bool = True,
    precision: float | StandardError | None = None,
    max_trials: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    rng: RandomState = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> JacobianSpectrum:
    r"""Simulate the singular values of the Jacobian of a network at initialization.

    Draws ``trials`` independent initializations and computes the singular values of
    :math:`J = \partial x^L/\partial x^0`, or of a range of layers, by a triangular product with
    logarithmic rows and one-sided Jacobi rotations: each of them is precise, however many decades
    they span. A network whose singular values are all near 1 has dynamical isometry
    :cite:p:`Saxe2014,Pennington2017`.

    Parameters
    ----------
    network : Network
        The architecture and the laws of its weights, e.g. ``MLP(16, 64)``. Any initializer will do.
    trials : int
        Number of independent initializations, positive.
    layers : (int, int), optional
        The layers ``(first, last)`` between which the Jacobian
        :math:`\partial x^\text{last}/\partial x^\text{first}` is taken; ``(0, L)`` by default.
        Layer 0 is the input, layer l the activations after layer l.
    inputs : "gaussian", float or (n₀,) array_like, default "gaussian"
        The input :math:`x^0` at which the network is differentiated: independent standard Gaussian
        entries; or the norm of an input in a uniformly random direction, in [0, 1e100]; or a
        vector.
    samples : bool, default True
        Keep the singular values of all trials. With False the result has moments and quantiles
        (from histograms of at most 8192 bins), in memory that does not grow with ``trials``.
    precision : float or StandardError, optional
        Go on in rounds until the mean logarithm of every singular value has this standard error;
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
    JacobianSpectrum
        The logarithms of the singular values, their moments and distribution with standard errors,
        and the theory of wide networks beside them.

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
    stabsim.theory.jacobian_moments : The moments in the limit of infinite width.
    stabsim.theory.JacobianSpectrumLaw : The density in that limit.

    Notes
    -----
    **Estimator.** With the slopes :math:`D_l = \mathrm{diag}\,\varphi'(h^l)` and QR decompositions
    :math:`D_l W_l Q_{l-1} = Q_l R_l`, the Jacobian is :math:`Q_L R_L \cdots R_1` and has the
    singular values of the triangular product, whose rows carry exponents of their own. Where the
    law of the weights is invariant under rotations (Gaussian and orthogonal ones),
    :math:`W_l Q_{l-1}` has the law of :math:`W_l` again and is drawn itself: the signal is rotated
    instead, which costs a vector. Rows enter in the order of their slopes :cite:p:`Cox1998`, and
    the singular values of the graded product come from one-sided Jacobi rotations
    :cite:p:`DemmelVeselic1992,Drmac2008`. Against arithmetic of many digits, logarithms down to
    -3000 are right to about 1e-12.

    **Zeros.** A singular value that is exactly zero is ``-inf``: a Jacobian has not more than
    :math:`\min_l n_l` others, and in every layer not more than units with a slope that is not zero
    in float64. ``result.dead`` counts the trials in which all are zero.

    **Layers before the range** only pass the signal, without their weights where those are Gaussian
    or orthogonal.

    **Cost.** At width n a layer takes about :math:`0.2\,n^3` ns for Gaussian, :math:`0.5\,n^3` for
    orthogonal and :math:`1.1\,n^3` for other weights, and the singular values at the end
    :math:`2.5\,n^3` ns; at small widths about 0.5 µs a unit and layer.

    Examples
    --------
    Orthogonal weights keep all directions of a deep tanh network alive, Gaussian ones do not:

    >>> import stabsim
    >>> for init in ("orthogonal", "xavier_normal"):
    ...     network = stabsim.MLP(20, 32, init=init)
    ...     spectrum = stabsim.jacobian_spectrum(network, trials=100, inputs=0.1, rng=1)
    ...     lost = spectrum.log_condition.mean()
    ...     print(f"{init}: {lost:.1f} decades between the largest and the least")
    orthogonal: 0.0 decades between the largest and the least
    xavier_normal: 22.3 decades between the largest and the least
    """
    return simulate(
        "jacobian_spectrum",
        plan,
        {"network": network, "layers": layers, "inputs": inputs, "samples": samples},
        trials=trials,
        estimated=JacobianSpectrum.estimated,
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
    layers: tuple[int, int] | None,
    inputs: str | float | ArrayLike,
    samples: bool,
) -> Body[JacobianSpectrum]:
    """Check the arguments of `jacobian_spectrum`, and return what runs trials."""
    if not isinstance(network, Network):
        raise TypeError(
            f"network must be a Network such as MLP(16, 64), got {validation.described(network)}"
        )
    begin, end = _validated_layers(layers, network.depth)
    entering = _validated_input(inputs, network.in_features)
    validation.flag("samples", samples)
    raw = JacobianTask(network, entering, begin, end)

    def body(execution: Execution, trials: int) -> JacobianSpectrum:
        task = raw
        if not samples:
            # Moments add up as they are, so they need a unit in which they are ordinary numbers.
            units = execution.once("units", lambda: np.array(raw.first_log_moments(seed)))
            task = replace(raw, log_units=(float(units[0]), float(units[1])))
        return JacobianSpectrum(
            network=network,
            layers=(begin, end),
            log_input_norm=(
                0.5 * math.log(network.in_features) if entering.law == 2 else entering.log_norm
            ),
            trials=trials,
            seed=seed,
            statistics=execution.run("trials", task, trials, seed, samples=samples),
            log_units=task.log_units,
        )

    return body


def _validated_layers(layers: Any, depth: int) -> tuple[int, int]:
    if layers is None:
        return 0, depth
    requirement = f"layers must be two integers 0 <= first < last <= {depth}"
    pair = validation.items(requirement, layers)
    try:
        bounds = [validation.integer("layers", layer, least=0) for layer in pair]
    except (TypeError, ValueError) as error:
        raise type(error)(f"{requirement}, got {validation.described(layers)}") from error
    if len(bounds) != 2 or not bounds[0] < bounds[1] <= depth:
        raise ValueError(f"{requirement}, got {validation.described(layers)}")
    return bounds[0], bounds[1]


def _validated_input(inputs: Any, in_features: int) -> Inputs:
    requirement = (
        f"inputs must be 'gaussian', a norm in [0, {_MOST_INPUT:g}], or a vector of {in_features} "
        f"numbers up to {_MOST_INPUT:g}"
    )
    nothing = np.zeros((1, in_features))
    if isinstance(inputs, str):
        if inputs != "gaussian":
            raise ValueError(f"{requirement}, got {validation.described(inputs)}")
        return Inputs(nothing, -math.inf, law=2)
    if isinstance(inputs, Real):
        norm = validation.real("inputs", inputs, least=0.0, most=_MOST_INPUT)
        # A zero input has no direction to draw.
        return Inputs(nothing, math.log(norm), law=1) if norm > 0.0 else Inputs(nothing, -math.inf)
    vector = validation.array(requirement, inputs, shape=(in_features,))
    largest = float(np.abs(vector).max())
    if not largest <= _MOST_INPUT:
        raise ValueError(f"{requirement}, got {validation.described(vector.tolist())}")
    if largest == 0.0:
        return Inputs(nothing, -math.inf)
    vector /= largest
    norm = float(np.linalg.norm(vector))
    return Inputs((vector / norm)[None], math.log(largest) + math.log(norm))
