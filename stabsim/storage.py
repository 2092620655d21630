"""Saved results, read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stabsim import (
    _archives,
    gradients,
    jacobians,
    localization,
    lyapunov,
    moment_exponents,
    products,
    signals,
    singular_values,
    sweeps,
)
from stabsim import _validation as validation
from stabsim._descriptions import restore
from stabsim._simulation import Call, Run, repeated
from stabsim._targets import StandardError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike

    from stabsim.results.result import Result

__all__ = ["load"]

PLANS: dict[str, Callable[..., Any]] = {
    "finite_size_scaling": localization.plan_scaling,
    "generalized_lyapunov": moment_exponents.plan,
    "gradient_attenuation": gradients.plan,
    "jacobian_spectrum": jacobians.plan,
    "localization_length": localization.plan_length,
    "lyapunov_spectrum": lyapunov.plan,
    "matrix_product_growth": products.plan,
    "phase_diagram": sweeps.plan,
    "product_singular_values": singular_values.plan,
    "signal_propagation": signals.plan,
}


def load(path: str | PathLike[str], *, functions: Iterable[Callable[..., Any]] = ()) -> Result:
    """Read a result that was saved to a file.

    Parameters
    ----------
    path : path
        The file.
    functions : iterable of callable, optional
        Your own functions that were simulated: ``fill`` of a `stabsim.Custom` ensemble, ``f`` and
        ``df`` of a `stabsim.activations.Activation`. No code is read from files, so they must be
        given again, and their own code must be what it was.

    Returns
    -------
    ProductGrowth, LyapunovSpectrum, GradientAttenuation, ...
        The result, of the type that was saved. It can be extended and saved again.

    Raises
    ------
    TypeError, ValueError
        If the file is damaged or none of a result, or if a function is not given.
    OSError
        If the file cannot be read.

    See Also
    --------
    stabsim.results.Result.save : The way there.

    Notes
    -----
    **Format.** The file is a NumPy archive (``.npz``) without objects. ``header`` holds UTF-8 text
    in JSON as bytes: the verb with its arguments (a spec is the name of its ``kind`` with the
    arguments that make it), the seed, the number of trials, the versions of stabsim, NumPy, Python
    and of the random streams, and a list of the parts of the run. ``part0``, ``part1``, … hold
    their numbers as float64: the trials one after the other, or with ``samples=False`` moments and
    histograms; ``whole0``, … are these without the last, incomplete chunk. ``checksum`` is the
    SHA-256 of all of them.

    **Trust.** Reading runs no code from the file. Specs are made again by the calls that the header
    names, which check their arguments as ever.

    Examples
    --------
    >>> import stabsim, tempfile, pathlib
    >>> length = stabsim.localization_length(
    ...     stabsim.AndersonTransfer(0.0, 1.0), steps=1000, rng=1
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     length.save(pathlib.Path(folder, "length.npz"))
    ...     again = stabsim.load(pathlib.Path(folder, "length.npz"))
    >>> again.length == length.length
    True
    """
    given = _validated_functions(functions)
    header, parts = _archives.read(path)
    requirement = "path must be a file that a result was saved to"
    try:
        call = Call(
            verb=header["verb"],
            plan=PLANS[header["verb"]],
            arguments=restore(header["arguments"], given),
            seed=restore(header["seed"]),
        )
        target = None if header["target"] is None else StandardError(**header["target"])
        run = Run(call, header["trials"], parts, header["stream version"], target)
        result: Result = repeated(run)
        if target is not None and target.of not in {None, *result.estimated}:
            raise ValueError(f"there is no estimate {target.of!r}")
    except (StopIteration, *_archives.DAMAGES) as error:
        raise ValueError(f"{requirement}, got {str(path)!r}: {error}") from error
    return result


def _validated_functions(functions: Any) -> tuple[Callable[..., Any], ...]:
    requirement = "functions must be an iterable of functions"
    given = tuple(validation.items(requirement, functions))
    for function in given:
        if not callable(function):
            raise TypeError(f"{requirement}, got {validation.described(function)} among them")
    return given
