"""The law of a weight matrix and of its biases, with its exact variance."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stabsim import _validation as validation
from stabsim._kernels import program
from stabsim._random import Stream, seed_sequence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from stabsim._random import RandomState

    FloatArray = NDArray[np.float64]

DISTRIBUTIONS = ("normal", "uniform", "truncated_normal", "orthogonal", "constant")
MODES = ("fan_in", "fan_out", "fan_avg", "fixed")
#: Within these no number of a network overflows before its logarithm is taken.
MOST_SCALE, MOST_WIDTH = 1e60, 2**40

_KERAS_BOUND = 2.0
_WEIGHT_LAWS = {
    "normal": program.GAUSSIAN,
    "uniform": program.UNIFORM,
    "truncated_normal": program.TRUNCATED_GAUSSIAN,
    "orthogonal": program.ORTHOGONAL,
    "constant": program.CONSTANT,
}


class Laws(NamedTuple):
    """The laws of weights and biases as kernels read them, see ``stabsim._kernels.program``.

    The scales are arrays where the numbers of inputs and outputs are.
    """

    weight_law: int
    weight_scale: FloatArray
    weight_bound: float
    bias_law: int
    bias_scale: FloatArray


@dataclass(frozen=True, repr=False)
class Init:
    r"""The law of a weight matrix (fan_out, fan_in) and of its biases (fan_out,).

    Weights are independent with mean 0 and standard deviation :math:`g/\sqrt{n}`, where :math:`g`
    is the gain and :math:`n` the fan that ``mode`` names. The distributions ``"orthogonal"`` and
    ``"constant"`` are the exceptions. Objects are immutable, compare by value, hash and pickle.

    Parameters
    ----------
    distribution : {"normal", "uniform", "truncated_normal", "orthogonal", "constant"}
        The law of a weight. ``"orthogonal"``: the matrix is :math:`g` times a uniformly random one
        whose rows are orthonormal if fan_out ≤ fan_in, else its columns; a weight then has the
        variance :math:`g^2/\max(\text{fan_in}, \text{fan_out})`. ``"constant"``: every weight is
        :math:`g/\sqrt n`, without variance.
    gain : float, default 1.0
        The gain :math:`g`, in [0, 1e60], of a constant in [-1e60, 1e60].
    mode : {"fan_in", "fan_out", "fan_avg", "fixed"}, default "fan_in"
        What :math:`n` is: the number of inputs, of outputs, the mean of both, or 1, which makes
        the gain the standard deviation itself. It has no meaning for ``"orthogonal"``.
    bound : float, optional
        Where a truncated Gaussian ends on either side, in units of its standard deviation before
        truncation; 2 by default. In [1e-120, 1e120].
    rescaled : bool, default True
        Whether :math:`g/\sqrt n` is the standard deviation of a truncated Gaussian, as in Keras's
        ``VarianceScaling``, or that before truncation, as in PyTorch's ``trunc_normal_``.
    bias_bound : float, default 0.0
        Biases are uniform on :math:`\pm` this number :math:`/\sqrt{\text{fan_in}}`; none for 0. In
        [0, 1e60].

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type, out of its range, or has no meaning for the
        distribution.

    See Also
    --------
    get : The table of all names.
    Gaussian : The initializer of mean-field theory.

    Notes
    -----
    A Gaussian of standard deviation :math:`\sigma` that is truncated at :math:`\pm b\sigma` has the
    variance :math:`\sigma^2\,[1 - 2b\,\phi(b)/(2\Phi(b) - 1)]`, with the Gaussian density
    :math:`\phi` and distribution function :math:`\Phi`. At :math:`b = 2` that is
    :math:`(0.8796\,\sigma)^2`.

    Examples
    --------
    >>> from stabsim.initializers import Init
    >>> he = Init("normal", gain=2**0.5)
    >>> he.weight_std(fan_in=8, fan_out=3).round(6)
    np.float64(0.5)
    >>> Init("orthogonal").sample(fan_in=2, fan_out=1, rng=1).shape
    (1, 2)
    """

    distribution: str
    _: KW_ONLY
    gain: float = 1.0
    mode: str = "fan_in"
    bound: float | None = None
    rescaled: bool = True
    bias_bound: float = 0.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        for name, options in (("distribution", DISTRIBUTIONS), ("mode", MODES)):
            self._set(name, validation.choice(name, getattr(self, name), options))
        validation.flag("rescaled", self.rescaled)
        least = -MOST_SCALE if self.distribution == "constant" else 0.0
        self._set("gain", validation.real("gain", self.gain, least=least, most=MOST_SCALE))
        self._set("bias_bound", scale("bias_bound", self.bias_bound))
        if self.distribution == "truncated_normal":
            bound = _KERAS_BOUND if self.bound is None else self.bound
            self._set("bound", validation.real("bound", bound, least=1e-120, most=1e120))
        elif self.bound is not None:
            raise ValueError(
                f"bound must be left out for the distribution {self.distribution!r}, "
                f"got {validation.described(self.bound)}"
            )
        elif not self.rescaled:
            raise ValueError(
                f"rescaled must be left out for the distribution {self.distribution!r}, got False"
            )
        if self.distribution == "orthogonal" and self.mode != "fan_in":
            raise ValueError(
                f"mode must be left out for the distribution 'orthogonal', got {self.mode!r}"
            )

    def __eq__(self, other: object) -> bool:
        """Compare the laws, however they were spelled."""
        if not isinstance(other, Init):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        """Return the call that makes this initializer, without the defaults."""
        arguments = [repr(self.distribution)]
        for field in fields(self)[1:]:
            default = field.default
            if field.name == "bound" and self.bound is not None:
                default = _KERAS_BOUND
            value = getattr(self, field.name)
            if value != default:
                arguments.append(f"{field.name}={value!r}")
        return f"Init({', '.join(arguments)})"

    def weight_std(self, fan_in: ArrayLike, fan_out: ArrayLike) -> FloatArray:
        """Return the exact standard deviation of a weight.

        Parameters
        ----------
        fan_in, fan_out : int or array_like of int
            Numbers of inputs and outputs, at most 2**40.

        Returns
        -------
        float64 array of the common shape
            The standard deviations; a scalar for scalars.

        Examples
        --------
        >>> from stabsim import initializers
        >>> initializers.get("xavier_uniform").weight_std(6, [2, 10]).round(6)
        array([0.5     , 0.353553])
        """
        if self.distribution == "constant":
            return np.zeros_like(self._typical(fan_in, fan_out))[()]
        typical = self._typical(fan_in, fan_out)
        if self.rescaled or self.bound is None:
            return typical
        return typical * math.sqrt(_truncated_variance(self.bound))

    def weight_variance(self, fan_in: ArrayLike, fan_out: ArrayLike) -> FloatArray:
        """Return the exact variance of a weight, the square of `weight_std`.

        Parameters
        ----------
        fan_in, fan_out : int or array_like of int
            Numbers of inputs and outputs, at most 2**40.

        Returns
        -------
        float64 array of the common shape
            The variances; a scalar for scalars.

        Examples
        --------
        >>> from stabsim import initializers
        >>> initializers.get("lecun_normal").weight_variance(4, 9)
        np.float64(0.25)
        """
        return self.weight_std(fan_in, fan_out) ** 2

    def weight_mean(self, fan_in: ArrayLike, fan_out: ArrayLike) -> FloatArray:
        """Return the mean of a weight: 0 for all but constants.

        Parameters
        ----------
        fan_in, fan_out : int or array_like of int
            Numbers of inputs and outputs, at most 2**40.

        Returns
        -------
        float64 array of the common shape
            The means; a scalar for scalars.

        Examples
        --------
        >>> from stabsim import initializers
        >>> initializers.get("constant", value=0.1).weight_mean(4, 9)
        np.float64(0.1)
        """
        typical = self._typical(fan_in, fan_out)
        return typical if self.distribution == "constant" else np.zeros_like(typical)[()]

    def bias_std(self, fan_in: ArrayLike) -> FloatArray:
        """Return the exact standard deviation of a bias.

        Parameters
        ----------
        fan_in : int or array_like of int
            Number of inputs, at most 2**40.

        Returns
        -------
        float64 array of the same shape
            The standard deviations; a scalar for a scalar. 0 where there are no biases.

        Examples
        --------
        >>> from stabsim import initializers
        >>> initializers.get("torch_default").bias_std(3).round(6)
        np.float64(0.333333)
        """
        std: FloatArray = self.bias_bound / np.sqrt(3.0 * _fans("fan_in", fan_in))
        return std

    def sample(self, fan_in: int, fan_out: int, rng: RandomState = None) -> FloatArray:
        """Draw one weight matrix.

        Parameters
        ----------
        fan_in, fan_out : int
            Numbers of inputs and outputs.
        rng : None, int, SeedSequence or Generator, optional
            The source of randomness. The same int gives the same matrix; a Generator gives a new
            one at every call (it spawns a child and is not advanced itself).

        Returns
        -------
        (fan_out, fan_in) float64 array
            The weights.

        Examples
        --------
        >>> from stabsim import initializers
        >>> w = initializers.get("torch_default").sample(4, 3, rng=1)
        >>> w.shape, bool(abs(w).max() <= 0.5)
        ((3, 4), True)
        """
        shape = fan("fan_out", fan_out), fan("fan_in", fan_in)
        generator = Stream(seed_sequence(rng)).generator
        laws = self.program_entries(fan_in, fan_out)
        if self.distribution == "constant":
            return np.full(shape, laws.weight_scale)
        if self.distribution == "normal":
            weights = generator.standard_normal(shape)
        elif self.distribution == "uniform":
            weights = generator.uniform(-1.0, 1.0, shape)
        elif self.distribution == "truncated_normal":
            weights = _truncated_normal(generator, laws.weight_bound, shape)
        else:
            weights = _orthogonal(generator, shape)
        return laws.weight_scale * weights

    def program_entries(self, fan_in: ArrayLike, fan_out: ArrayLike) -> Laws:
        """Return the laws of weights and biases as kernels read them."""
        weight_scale = self._typical(fan_in, fan_out)
        if self.distribution == "uniform":
            weight_scale = math.sqrt(3.0) * weight_scale
        elif self.distribution == "orthogonal":
            weight_scale = np.full_like(weight_scale, self.gain)[()]
        elif self.bound is not None and self.rescaled:
            weight_scale = weight_scale / math.sqrt(_truncated_variance(self.bound))
        return Laws(
            _WEIGHT_LAWS[self.distribution],
            weight_scale,
            self.bound or 0.0,
            program.UNIFORM if self.bias_bound else program.CONSTANT,
            self.bias_bound / np.sqrt(_fans("fan_in", fan_in)),
        )

    def _typical(self, fan_in: ArrayLike, fan_out: ArrayLike) -> FloatArray:
        inputs, outputs = _fans("fan_in", fan_in), _fans("fan_out", fan_out)
        validation.common_shape(fan_in=inputs, fan_out=outputs)
        inputs, outputs = np.broadcast_arrays(inputs, outputs)
        if self.distribution == "orthogonal":
            fans = np.maximum(inputs, outputs)
        elif self.mode == "fan_in":
            fans = inputs
        elif self.mode == "fan_out":
            fans = outputs
        elif self.mode == "fan_avg":
            fans = (inputs + outputs) / 2.0
        else:
            fans = np.ones_like(inputs)
        typical: FloatArray = self.gain / np.sqrt(fans)
        return typical

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field.name) for field in fields(Init))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Gaussian(Init):
    r"""Gaussian weights of variance :math:`\sigma_w^2/\text{fan_in}`, as mean-field theory has it.

    Parameters
    ----------
    sigma_w : float
        The scale :math:`\sigma_w`, in [0, 1e60].

    Raises
    ------
    TypeError, ValueError
        If ``sigma_w`` is no number in [0, 1e60].

    Examples
    --------
    >>> from stabsim.initializers import Gaussian
    >>> Gaussian(1.5)
    Gaussian(1.5)
    >>> Gaussian(1.5).weight_variance(fan_in=9, fan_out=4)
    np.float64(0.25)
    """

    def __init__(self, sigma_w: float) -> None:
        super().__init__("normal", gain=scale("sigma_w", sigma_w))

    def __repr__(self) -> str:
        """Return the call that makes this initializer."""
        return f"Gaussian({self.gain!r})"

    @property
    def sigma_w(self) -> float:
        """The scale of the weights."""
        return self.gain


def fan(name: str, value: Any) -> int:
    """Return ``value`` as a number of inputs or outputs."""
    number = validation.integer(name, value, least=1)
    if number > MOST_WIDTH:
        raise ValueError(f"{name} must be a positive integer and at most 2**40, got {number}")
    return number


def _fans(name: str, value: ArrayLike) -> FloatArray:
    requirement = f"{name} must be made of positive integers and at most 2**40"
    fans = validation.array(requirement, value, kinds="iu")
    offenders = fans[~((fans >= 1) & (fans <= MOST_WIDTH))]
    if offenders.size > 0:
        raise ValueError(f"{requirement}, got {offenders[0]:.0f}")
    scalar_or_array: FloatArray = fans[()]
    return scalar_or_array


def scale(name: str, value: Any) -> float:
    """Return ``value`` as a scale of weights or biases."""
    return validation.real(name, value, least=0.0, most=MOST_SCALE)


def _truncated_variance(bound: float) -> float:
    r"""Return the variance of a standard Gaussian truncated at ``bound`` on either side.

    Up to a common factor the probability of the interval is :math:`\sum_k b^{2k}/(2k+1)!!`, and the
    second moment the same sum without its first term: no digits cancel, however small the bound.
    """
    if bound > 6.0:
        density = math.exp(-0.5 * bound * bound) * math.sqrt(2.0 / math.pi)
        return 1.0 - bound * density / math.erf(bound / math.sqrt(2.0))
    square, term, rest, k = bound * bound, 1.0, 0.0, 1
    while term > 1e-17 * rest:
        term *= square / (2 * k + 1)
        rest += term
        k += 1
    return rest / (1.0 + rest)


def _truncated_normal(
    generator: np.random.Generator, bound: float, shape: tuple[int, int]
) -> FloatArray:
    size = math.prod(shape)
    kept, count = [], 0
    while count < size:
        if bound > 1.0:
            draws = generator.standard_normal(size)
            draws = draws[np.abs(draws) <= bound]
        else:
            draws = generator.uniform(-bound, bound, size)
            draws = draws[generator.random(size) < np.exp(-0.5 * draws**2)]
        kept.append(draws)
        count += draws.size
    return np.concatenate(kept)[:size].reshape(shape)


def _orthogonal(generator: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    rows, columns = shape
    frame, triangle = np.linalg.qr(generator.standard_normal((max(shape), min(shape))))
    # The factor with a positive diagonal is the one that makes the frame uniform.
    frame = frame * np.sign(np.diagonal(triangle))
    weights: FloatArray = frame if rows >= columns else frame.T
    return weights
