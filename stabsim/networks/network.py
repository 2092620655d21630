"""What a network is: layers, each a linear map with activations after it."""

from __future__ import annotations

import functools
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stabsim import activations, initializers
from stabsim._kernels import program as kernel_program
from stabsim.activations import Activation
from stabsim.initializers.init import Init, fan, scale
from stabsim.networks.lines import lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

_MOST_SHOWN = 8
_USUAL_INIT = "xavier_normal"


class Program(NamedTuple):
    """A network as kernels read it, see ``stabsim._kernels.program``.

    ``codes`` (rows, CODES) and ``parameters`` (rows, PARAMETERS) have a row for each operation;
    ``first`` (L+1,) holds the row of each linear map, at last the number of rows. User-defined
    activations have the codes -1, -2, … in the order of their first appearance.
    """

    codes: IntArray
    parameters: FloatArray
    first: IntArray


@dataclass(frozen=True, repr=False)
class Linear:
    r"""A linear map :math:`h = W x + b` with random weights and biases.

    Parameters
    ----------
    in_features, out_features : int
        Numbers of inputs and outputs, at most 2**40.
    init : str or Init, default "xavier_normal"
        The law of the weights, see `stabsim.initializers.get`.
    bias_std : float, optional
        Standard deviation of the biases, which are Gaussian, in [0, 1e60]. By default the biases
        are those of ``init``: zero but for ``"torch_default"``.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range, or no initializer has the name.

    Examples
    --------
    >>> from stabsim.networks import Linear
    >>> Linear(784, 256, init="kaiming_normal")
    Linear(784, 256, init='kaiming_normal')
    """

    in_features: int
    out_features: int
    _: KW_ONLY
    init: str | Init = "xavier_normal"
    bias_std: float | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        object.__setattr__(self, "in_features", fan("in_features", self.in_features))
        object.__setattr__(self, "out_features", fan("out_features", self.out_features))
        object.__setattr__(self, "init", initializers.get(self.init))
        if self.bias_std is not None:
            object.__setattr__(self, "bias_std", scale("bias_std", self.bias_std))

    def __repr__(self) -> str:
        """Return the call that makes this map, without the defaults."""
        arguments = [
            str(self.in_features),
            str(self.out_features),
            *spelled_laws(initializers.get(self.init), self.bias_std),
        ]
        return f"Linear({', '.join(arguments)})"


class Layer(NamedTuple):
    """A linear map but for its size, and the activations after it."""

    init: Init
    bias_std: float | None
    activations: tuple[Activation, ...]


class Layers(NamedTuple):
    """All layers of a network: their widths, and which of the distinct layers each of them is.

    Distinct layers stand in the order of their first appearance, so equal networks have equal
    layers.
    """

    widths: IntArray
    kinds: IntArray
    distinct: tuple[Layer, ...]


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Network:
    r"""What all networks have: layers, each a linear map with activations after it.

    Networks are immutable and compare by value: two are equal if their layers are, however they
    were made. Layer :math:`l = 1 \ldots L` maps ``widths[l - 1]`` units to ``widths[l]``.

    See Also
    --------
    MLP : Equal layers, or nearly.
    Sequential : Any layers.
    """

    _layers: Layers

    def __eq__(self, other: object) -> bool:
        """Compare the layers."""
        if not isinstance(other, Network):
            return NotImplemented
        mine, others = self._layers, other._layers
        return (
            mine.distinct == others.distinct
            and np.array_equal(mine.widths, others.widths)
            and np.array_equal(mine.kinds, others.kinds)
        )

    def __hash__(self) -> int:
        widths, kinds, distinct = self._layers
        return hash((widths.tobytes(), kinds.tobytes(), distinct))

    def __getstate__(self) -> dict[str, Any]:
        # What is derived from the layers is large, and quickly made again.
        derived = {"program", "modules"}
        return {name: value for name, value in self.__dict__.items() if name not in derived}

    @property
    def layers(self) -> Layers:
        """The widths, and which of the distinct layers each layer is."""
        return self._layers

    @property
    def depth(self) -> int:
        """The number of linear maps, L."""
        return self._layers.kinds.size

    @property
    def widths(self) -> IntArray:
        """The numbers of units, from the inputs to the outputs: read-only int64 array (L+1,)."""
        widths = self._layers.widths.view()
        widths.flags.writeable = False
        return widths

    @property
    def in_features(self) -> int:
        """The number of inputs."""
        return int(self._layers.widths[0])

    @property
    def out_features(self) -> int:
        """The number of outputs."""
        return int(self._layers.widths[-1])

    @cached_property
    def modules(self) -> tuple[Linear | Activation, ...]:
        """The linear maps and activations in their order, without ``"linear"`` activations."""
        widths, kinds, distinct = self._layers

        @functools.cache
        def layer(inputs: int, outputs: int, kind: int) -> tuple[Linear | Activation, ...]:
            init, bias_std, functions = distinct[kind]
            return Linear(inputs, outputs, init=init, bias_std=bias_std), *functions

        numbers = (widths[:-1].tolist(), widths[1:].tolist(), kinds.tolist())
        return tuple(chain.from_iterable(map(layer, *numbers)))

    @property
    def weight_std(self) -> FloatArray:
        """The exact standard deviation of the weights of each layer: float64 array (L,)."""
        std = np.empty(self.depth)
        for layer, where, fan_in, fan_out in self._by_kind():
            std[where] = layer.init.weight_std(fan_in, fan_out)
        return std

    @property
    def bias_std(self) -> FloatArray:
        """The exact standard deviation of the biases of each layer: float64 array (L,)."""
        std = np.empty(self.depth)
        for layer, where, fan_in, _ in self._by_kind():
            given = layer.bias_std
            std[where] = layer.init.bias_std(fan_in) if given is None else given
        return std

    @property
    def user_activations(self) -> tuple[Activation, ...]:
        """The activations that are not built in, in the order of their first appearance."""
        functions = chain.from_iterable(layer.activations for layer in self._layers.distinct)
        return tuple(dict.fromkeys(function for function in functions if function.f is not None))

    @property
    def activations(self) -> tuple[Activation | None, ...] | None:
        """The activation of each layer, None where it has none; None if a layer has several."""
        if any(len(layer.activations) > 1 for layer in self._layers.distinct):
            return None
        kinds = [next(iter(layer.activations), None) for layer in self._layers.distinct]
        return tuple(kinds[kind] for kind in self._layers.kinds.tolist())

    @property
    def negative_slopes(self) -> FloatArray | None:
        """The slopes below 0 of layers that are linear above it: (L,), None if one is not."""
        kp, program = kernel_program, self.program
        rows = program.parameters[program.first[:-1]]
        homogeneous = (rows[:, kp.NEAR] == np.inf) & (rows[:, kp.NEAR_RIGHT] == 1.0)
        return rows[:, kp.NEAR_LEFT] if homogeneous.all() else None

    @property
    def has_gaussian_weights(self) -> bool:
        """Whether the weights of all layers are Gaussian."""
        laws = self.program.codes[self.program.first[:-1], kernel_program.WEIGHT_LAW]
        return bool((laws == kernel_program.GAUSSIAN).all())

    @property
    def has_centered_weights(self) -> bool:
        """Whether the weights of all layers have the mean 0."""
        kp, program = kernel_program, self.program
        rows = program.first[:-1]
        constant = program.codes[rows, kp.WEIGHT_LAW] == kp.CONSTANT
        return not program.parameters[rows, kp.WEIGHT_SCALE][constant].any()

    @cached_property
    def program(self) -> Program:
        """The network as kernels read it; 112 bytes for every linear map and every activation."""
        kp = kernel_program
        rows = np.array([1 + len(layer.activations) for layer in self._layers.distinct])
        first = np.concatenate([[0], np.cumsum(rows[self._layers.kinds])])
        codes = np.zeros((first[-1], kp.CODES), np.int64)
        parameters = np.zeros((first[-1], kp.PARAMETERS))
        user_codes = {function: -1 - i for i, function in enumerate(self.user_activations)}
        for layer, where, fan_in, fan_out in self._by_kind():
            row = first[:-1][where]
            laws = layer.init.program_entries(fan_in, fan_out)
            codes[row, kp.OPERATION] = kp.LINEAR
            codes[row, kp.FAN_IN], codes[row, kp.FAN_OUT] = fan_in, fan_out
            codes[row, kp.WEIGHT_LAW] = laws.weight_law
            parameters[row, kp.WEIGHT_SCALE] = laws.weight_scale
            parameters[row, kp.WEIGHT_BOUND] = laws.weight_bound
            if layer.bias_std is None:
                codes[row, kp.BIAS_LAW] = laws.bias_law
                parameters[row, kp.BIAS_SCALE] = laws.bias_scale
            else:
                codes[row, kp.BIAS_LAW] = kp.GAUSSIAN if layer.bias_std else kp.CONSTANT
                parameters[row, kp.BIAS_SCALE] = layer.bias_std
            parameters[row, kp.NEAR : kp.FAR_RIGHT + 1] = lines(layer.activations)
            for offset, function in enumerate(layer.activations, 1):
                codes[row + offset, kp.OPERATION] = kp.ELEMENTWISE
                codes[row + offset, kp.FAN_IN] = codes[row + offset, kp.FAN_OUT] = fan_out
                codes[row + offset, kp.ACTIVATION] = user_codes.get(function, function.code)
                parameters[row + offset, kp.PARAMETER] = function.kernel_parameters[0]
        return Program(codes, parameters, first)

    def _set_layers(
        self, widths: Sequence[int], kinds: Sequence[int], distinct: Iterable[Layer]
    ) -> None:
        layers = Layers(np.array(widths, np.int64), np.array(kinds, np.int64), tuple(distinct))
        object.__setattr__(self, "_layers", layers)

    def _by_kind(self) -> Iterable[tuple[Layer, IntArray, IntArray, IntArray]]:
        widths, kinds, distinct = self._layers
        order = np.argsort(kinds, kind="stable")
        ends = np.cumsum(np.bincount(kinds, minlength=len(distinct)))
        for layer, where in zip(distinct, np.split(order, ends[:-1]), strict=True):
            yield layer, where, widths[:-1][where], widths[1:][where]


def spelled(module: Linear | Activation) -> str:
    """Return the shortest expression for a module."""
    if isinstance(module, Activation) and module.f is None:
        usual = activations.get(module.name)
        return repr(module.name if module == usual else module)
    return repr(module)


def spelled_laws(init: Init, bias_std: float | None) -> list[str]:
    """Return the arguments that say the laws of weights and biases, without the defaults."""
    arguments = [] if init == initializers.get(_USUAL_INIT) else [f"init={_spelled_init(init)}"]
    return arguments + ([] if bias_std is None else [f"bias_std={bias_std!r}"])


@functools.lru_cache(maxsize=256)
def _spelled_init(init: Init) -> str:
    for name in initializers.names():
        if init == initializers.get(name):
            return repr(name)
    return repr(init)


def joined(items: Sequence[Any], expression: Callable[[Any], str]) -> str:
    """Return the items of a list display, without the middle of a long one."""
    if len(items) <= _MOST_SHOWN:
        return ", ".join(map(expression, items))
    return f"{joined(items[: _MOST_SHOWN - 2], expression)}, ..., {expression(items[-1])}"
