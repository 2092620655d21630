"""How networks are made."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from stabsim import _validation as validation
from stabsim import activations, initializers
from stabsim.activations import Activation
from stabsim.initializers.init import fan, scale
from stabsim.networks.network import Layer, Linear, Network, joined, spelled, spelled_laws

if TYPE_CHECKING:
    from stabsim.initializers import Init

#: What a `Sequential` is made of.
Module: TypeAlias = "Linear | Activation | Network | str"


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Sequential(Network):
    r"""A network of given modules, one after the other.

    Parameters
    ----------
    modules : sequence of Linear, Activation, str or Network
        Linear maps, activations or their names (see `stabsim.activations.get`), and networks,
        whose modules are taken. The first must be a linear map; several activations in a row
        compose.

    Raises
    ------
    ValueError
        If there are no modules, the first is no linear map, or a linear map has not the number of
        inputs that the one before it has outputs.
    TypeError
        If a module is none of these.

    See Also
    --------
    MLP : Equal layers, or nearly.

    Examples
    --------
    >>> from stabsim.networks import Linear, Sequential
    >>> network = Sequential([Linear(8, 32), "relu", Linear(32, 1, bias_std=0.1)])
    >>> network
    Sequential([Linear(8, 32), 'relu', Linear(32, 1, bias_std=0.1)])
    >>> network.depth, network.widths
    (2, array([ 8, 32,  1]))
    """

    def __init__(self, modules: Iterable[Module]) -> None:
        modules = validation.items("modules must be a sequence of modules", modules)
        widths: list[int] = []
        layers: list[tuple[Linear, list[Activation]]] = []
        for position, module in enumerate(_flat(modules)):
            if isinstance(module, Linear):
                if widths and module.in_features != widths[-1]:
                    raise ValueError(
                        f"modules[{position}] must have {widths[-1]} inputs, as many as the linear "
                        f"map before it has outputs, got {module!r}"
                    )
                widths = widths or [module.in_features]
                widths.append(module.out_features)
                layers.append((module, []))
            elif not layers:
                raise ValueError(f"modules[0] must be a Linear, got {module!r}")
            elif not _is_linear(module):
                layers[-1][1].append(module)
        if not layers:
            raise ValueError("modules must begin with a Linear, got no modules")
        kinds: dict[Layer, int] = {}
        indices = [
            kinds.setdefault(
                Layer(initializers.get(linear.init), linear.bias_std, tuple(functions)), len(kinds)
            )
            for linear, functions in layers
        ]
        self._set_layers(widths, indices, kinds)

    def __repr__(self) -> str:
        """Return the call that makes this network, without the middle of a long one."""
        return f"Sequential([{joined(self.modules, spelled)}])"


@dataclass(frozen=True, init=False, repr=False, eq=False)
class MLP(Network):
    r"""A multilayer perceptron: ``depth`` linear maps, an activation after each.

    Parameters
    ----------
    depth : int
        The number of linear maps.
    width : int or sequence of int
        The number of units of every layer, or of each of the ``depth`` layers; at most 2**40.
    activation : str, Activation, None, or sequence of these, default "tanh"
        The activation after every linear map, or after each of them: a name (see
        `stabsim.activations.get`), your own, or None for none.
    init : str or Init, default "xavier_normal"
        The law of the weights, see `stabsim.initializers.get`.
    bias_std : float, optional
        Standard deviation of the biases, which are Gaussian, in [0, 1e60]. By default the biases
        are those of ``init``: zero but for ``"torch_default"``.
    in_features : int, optional
        The number of inputs, by default as many as the first layer has units.
    out_features : int, optional
        The number of units of the last layer, where ``width`` is one number.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range, a sequence has not ``depth``
        items, or no activation or initializer has the name.

    See Also
    --------
    Sequential : Any layers.

    Examples
    --------
    >>> import stabsim
    >>> from stabsim.networks import MLP
    >>> MLP(3, 64, init="torch_default", in_features=10).widths
    array([10, 64, 64, 64])
    >>> MLP(3, [64, 32, 1], activation=["relu", "relu", None])
    MLP(3, [64, 32, 1], activation=['relu', 'relu', None])
    """

    def __init__(
        self,
        depth: int,
        width: int | Sequence[int],
        *,
        activation: str | Activation | Sequence[str | Activation | None] | None = "tanh",
        init: str | Init = "xavier_normal",
        bias_std: float | None = None,
        in_features: int | None = None,
        out_features: int | None = None,
    ) -> None:
        depth = validation.integer("depth", depth, least=1)
        widths = _widths(depth, width, in_features, out_features)
        init = initializers.get(init)
        bias_std = None if bias_std is None else scale("bias_std", bias_std)
        if not _is_sequence(activation):
            layer = Layer(init, bias_std, _composition(activation))
            self._set_layers(widths, [0] * depth, [layer])
            return
        kinds: dict[Layer, int] = {}
        indices = [
            kinds.setdefault(Layer(init, bias_std, _composition(item)), len(kinds))
            for item in _items("activation", activation, depth)
        ]
        self._set_layers(widths, indices, kinds)

    def __repr__(self) -> str:
        """Return the call that makes this network, without the middle of long sequences."""
        widths, kinds, distinct = self._layers
        first, last = int(widths[1]), int(widths[-1])
        arguments = [str(self.depth)]
        ends = {"in_features": self.in_features}
        if (widths[1:-1] == first).all():
            arguments.append(str(first))
            ends["out_features"] = last
        else:
            arguments.append(f"[{joined(widths[1:].tolist(), str)}]")
        names = [spelled(*layer.activations) if layer.activations else "None" for layer in distinct]
        if len(names) > 1:
            arguments.append(f"activation=[{joined(kinds.tolist(), lambda kind: names[kind])}]")
        elif names[0] != "'tanh'":
            arguments.append(f"activation={names[0]}")
        arguments += spelled_laws(distinct[0].init, distinct[0].bias_std)
        arguments += [f"{name}={number}" for name, number in ends.items() if number != first]
        return f"MLP({', '.join(arguments)})"


def _flat(modules: Iterable[Any]) -> Iterator[Linear | Activation]:
    for position, module in enumerate(modules):
        requirement = (
            f"modules[{position}] must be a Linear, an Activation, the name of one, or a network"
        )
        if isinstance(module, Network):
            yield from module.modules
        elif isinstance(module, Linear | Activation):
            yield module
        elif isinstance(module, str):
            try:
                yield _named(module)
            except ValueError as error:
                raise ValueError(f"{requirement}; {error}") from error
        else:
            raise TypeError(f"{requirement}, got {validation.described(module)}")


def _widths(depth: int, width: Any, in_features: Any, out_features: Any) -> list[int]:
    if _is_sequence(width):
        widths = [fan(f"width[{i}]", item) for i, item in enumerate(_items("width", width, depth))]
    else:
        widths = [fan("width", width)] * depth
    inputs = widths[0] if in_features is None else fan("in_features", in_features)
    if out_features is not None:
        outputs = fan("out_features", out_features)
        if _is_sequence(width) and outputs != widths[-1]:
            raise ValueError(
                f"out_features must be the last of the widths, {widths[-1]}, or be left out, "
                f"got {outputs}"
            )
        widths[-1] = outputs
    return [inputs, *widths]


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)


def _items(name: str, value: Any, depth: int) -> list[Any]:
    requirement = f"{name} must be one for all layers or a sequence of depth = {depth}"
    items = validation.items(requirement, value)
    if len(items) != depth:
        raise ValueError(f"{requirement}, got a sequence of {len(items)}")
    return items


def _composition(activation: Any) -> tuple[Activation, ...]:
    if activation is None:
        return ()
    function = _named(activation) if isinstance(activation, str) else activations.get(activation)
    return () if _is_linear(function) else (function,)


@functools.cache
def _named(name: str) -> Activation:
    return activations.get(name)


def _is_linear(activation: Activation) -> bool:
    return activation.f is None and activation.name == "linear"
