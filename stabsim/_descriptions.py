"""What is simulated as plain data: what a checkpoint is known by, and what a saved result tells.

A description consists of what JSON has: None, bools, numbers, strings, lists and dictionaries. A
spec becomes the call that makes it, and is made again by that call, which checks it. Functions are
not written down, and nothing that is read is ever run: a user's own function is known by its name
and a fingerprint of its code, and must be given again.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim import activations, ensembles, initializers
from stabsim._fingerprints import fingerprint, name_of
from stabsim._targets import StandardError
from stabsim._validation import described
from stabsim.activations import Activation
from stabsim.ensembles import Ensemble
from stabsim.initializers import Init
from stabsim.networks import MLP, Linear, Network, Sequential

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]

_KINDS = {
    **{name: getattr(ensembles, name) for name in ensembles.__all__ if name != "Ensemble"},
    "Init": Init,
    "Gaussian": initializers.Gaussian,
    "StandardError": StandardError,
}
# What tells that a dictionary stands for an object.
_KIND = "kind"
_DTYPES = {
    "b": np.dtype(np.bool_),
    "i": np.dtype(np.int64),
    "u": np.dtype(np.uint64),
    "f": np.dtype(np.float64),
    "c": np.dtype(np.complex128),
}


def describe(value: Any) -> Any:
    """Return the description of a spec, an array, a number, or a collection of them."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return _number(float(value))
    if isinstance(value, Network):
        return _describe_network(value)
    if isinstance(value, Activation):
        return _describe_activation(value)
    if isinstance(value, Ensemble | Init | StandardError):
        kind = type(value)
        if _KINDS.get(kind.__name__) is not kind:
            raise TypeError(f"only specs of stabsim can be written down, got {described(value)}")
        names = inspect.signature(kind).parameters
        return {_KIND: kind.__name__, **{name: describe(getattr(value, name)) for name in names}}
    if isinstance(value, np.random.SeedSequence):
        entropy: Any = value.entropy
        words = isinstance(entropy, Iterable)
        return {
            _KIND: "SeedSequence",
            "entropy": list(map(int, entropy)) if words else describe(entropy),
            "spawn_key": list(map(int, value.spawn_key)),
            "pool_size": value.pool_size,
        }
    if isinstance(value, dict):
        return {key: describe(item) for key, item in value.items()}
    if isinstance(value, list | tuple) and any(isinstance(item, Ensemble) for item in value):
        return [describe(item) for item in value]
    if callable(value):
        return {_KIND: "function", "name": name_of(value), "fingerprint": fingerprint(value)}
    return _describe_array(np.asarray(value))


def restore(description: Any, functions: Iterable[Function] = ()) -> Any:
    """Return what a description tells of, with the user's own ``functions`` where it names them.

    Raises
    ------
    TypeError, ValueError, KeyError
        If it tells of nothing that could be made, or of a function that is not given.
    """
    if isinstance(description, list):
        return [restore(item, functions) for item in description]
    if not isinstance(description, dict):
        return description
    fields = {key: item for key, item in description.items() if key != _KIND}
    if _KIND not in description:
        return {key: restore(item, functions) for key, item in fields.items()}
    kind = description[_KIND]
    if kind == "number":
        return float(fields["value"])
    if kind == "array":
        return _restore_array(fields)
    if kind == "function":
        return _restore_function(fields, functions)
    arguments = {key: restore(item, functions) for key, item in fields.items()}
    if kind == "SeedSequence":
        return _restore_seed(**arguments)
    if kind == "Activation":
        return _restore_activation(**arguments)
    if kind in {"MLP", "Sequential"}:
        return _restore_network(kind, **arguments)
    if kind not in _KINDS:
        raise ValueError(f"a description must be of a spec of stabsim, got {described(kind)}")
    return _KINDS[kind](**arguments)


def differences(here: Any, there: Any, name: str = "") -> list[str]:
    """Return where two descriptions differ, in words: ``depth is 100 here and 101 there``."""
    if isinstance(here, dict) and isinstance(there, dict) and here.get(_KIND) == there.get(_KIND):
        found = []
        for key in sorted({*here, *there}):
            inner = f"{name}.{key}" if name else key
            found += differences(here.get(key), there.get(key), inner)
        return found
    same = type(here) is type(there) and here == there
    return [] if same else [f"{name} is {described(there)} there and {described(here)} here"]


def _number(value: float) -> Any:
    # JSON has no infinities.
    return value if np.isfinite(value) else {_KIND: "number", "value": repr(value)}


def _describe_array(array: np.ndarray[Any, Any]) -> Any:
    if array.dtype.kind not in "biufc":
        raise TypeError(f"a description must be of numbers or specs, got dtype {array.dtype}")
    if array.dtype.kind in "iu" and array.ndim == 1:
        return array.tolist()
    plain = np.ascontiguousarray(array, _DTYPES[array.dtype.kind])
    parts = plain.reshape(-1)
    if plain.dtype.kind == "c":
        parts = parts.view(np.float64)
    items = parts.tolist()
    if plain.dtype.kind in "fc":
        items = list(map(_number, items))
    return {_KIND: "array", "dtype": plain.dtype.name, "shape": list(plain.shape), "items": items}


def _restore_array(fields: dict[str, Any]) -> Any:
    dtype = next(dtype for dtype in _DTYPES.values() if dtype.name == fields["dtype"])
    items = restore(fields["items"])
    if dtype.kind == "c":
        return np.array(items, np.float64).view(dtype).reshape(fields["shape"])
    return np.array(items, dtype).reshape(fields["shape"])


def _restore_function(fields: dict[str, Any], functions: Iterable[Function]) -> Function:
    for function in functions:
        if fingerprint(function) == fields["fingerprint"]:
            return function
    raise ValueError(
        f"functions must hold the function {fields['name']} that was simulated, since no code is "
        f"read from files, got {[name_of(function) for function in functions]}"
    )


def _restore_seed(entropy: Any, spawn_key: list[int], pool_size: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(entropy, spawn_key=tuple(spawn_key), pool_size=pool_size)


def _describe_activation(activation: Activation) -> dict[str, Any]:
    description: dict[str, Any] = {
        _KIND: "Activation",
        "name": activation.name,
        "parameters": describe(activation.parameters),
    }
    if activation.f is not None:
        description |= {"f": describe(activation.f), "df": describe(activation.df)}
    return description


def _restore_activation(name: str, parameters: dict[str, float], **functions: Any) -> Activation:
    if functions:
        # Whether the derivative is one was said when the activation was first made.
        return Activation(name, functions["f"], functions["df"], check_derivative=False)
    return activations.get(name, **parameters)


def _describe_network(network: Network) -> dict[str, Any]:
    widths, kinds, distinct = network.layers
    return {
        _KIND: "MLP" if isinstance(network, MLP) else "Sequential",
        "widths": widths.tolist(),
        "kinds": kinds.tolist(),
        "layers": [
            {
                "init": describe(layer.init),
                "bias_std": describe(layer.bias_std),
                "activations": list(map(_describe_activation, layer.activations)),
            }
            for layer in distinct
        ],
    }


def _restore_network(
    kind: str, widths: list[int], kinds: list[int], layers: list[dict[str, Any]]
) -> Network:
    chosen = [layers[index] for index in kinds]
    if kind == "MLP":
        return MLP(
            len(chosen),
            widths[1:],
            in_features=widths[0],
            activation=[next(iter(layer["activations"]), None) for layer in chosen],
            init=chosen[0]["init"],
            bias_std=chosen[0]["bias_std"],
        )
    modules: list[Linear | Activation] = []
    for fan_in, fan_out, layer in zip(widths[:-1], widths[1:], chosen, strict=True):
        modules.append(Linear(fan_in, fan_out, init=layer["init"], bias_std=layer["bias_std"]))
        modules += layer["activations"]
    return Sequential(modules)
