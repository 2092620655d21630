r"""Activations as data: an integer code and a parameter array select the loop that runs.

Each activation is one scalar function that returns :math:`\varphi(x)` and :math:`\varphi'(x)`
together, since both need the same exponential. All are written with :math:`e^{-|x|} \le 1`, so
nothing overflows and no tail cancels, and without branches, so that the loops over them
vectorize. Infinite arguments give the limit, NaN gives NaN, for the derivative too.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
from numba import types
from numba.core.errors import NumbaError
from numba.extending import is_jitted
from numpy.typing import NDArray

from stabsim._kernels._jit import inlined_kernel, kernel, specialized_kernel
from stabsim._kernels.elementary import (
    LEAST_EXPONENT,
    UNSCALE,
    clip,
    erf_series,
    exponential_parts,
    log1p_of_fraction,
    scaled_erfc,
    scaled_exponential,
    two_product,
)

FloatArray = NDArray[np.float64]
ScalarFunction = Callable[[float], float]

(
    LINEAR,
    RELU,
    LEAKY_RELU,
    RELU6,
    HARD_TANH,
    SIGMOID,
    TANH,
    SOFTSIGN,
    ERF,
    SINE,
    ELU,
    SELU,
    SOFTPLUS,
    GELU,
    GELU_TANH,
    SILU,
    MISH,
) = range(17)
USER_DEFINED = -1
# The half that is not asked for costs little beside the shared exponential; it stays in the cache.
BLOCK = 512

# The fixed point of Klambauer et al. (2017): mean 0 and variance 1 map to themselves.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946

SQRT_HALF = math.sqrt(0.5)
GAUSSIAN_DENSITY_AT_0 = 1.0 / math.sqrt(2.0 * math.pi)
ERF_SLOPE_AT_0 = 2.0 / math.sqrt(math.pi)

GELU_TANH_CUBIC = 0.044715
# 2 sqrt(2/pi) as a float64 and what that misses.
GELU_TANH_SLOPE = 1.5957691216057308
GELU_TANH_SLOPE_LOW = -9.96930880911092e-17


@inlined_kernel
def linear(x: float) -> tuple[float, float]:
    """Return x and 1."""
    return x, (x if math.isnan(x) else 1.0)


@inlined_kernel
def relu(x: float) -> tuple[float, float]:
    """Return max(x, 0) and its derivative, 0 at the kink."""
    slope = 1.0 if x > 0.0 else 0.0
    return max(x, 0.0), (x if math.isnan(x) else slope)


@inlined_kernel
def leaky_relu(x: float, negative_slope: float) -> tuple[float, float]:
    """Return x or, where x <= 0, ``negative_slope * x``, and the derivative."""
    slope = 1.0 if x > 0.0 else negative_slope
    # The limit at -inf of a zero slope is 0, not 0 * inf.
    below = negative_slope * x if negative_slope != 0.0 else 0.0
    return (below if x <= 0.0 else x), (x if math.isnan(x) else slope)


@inlined_kernel
def clipped(x: float, least: float, most: float) -> tuple[float, float]:
    """Return x limited to [least, most] and its derivative, 0 at both kinks."""
    slope = 1.0 if (x > least) & (x < most) else 0.0
    return clip(x, least, most), (x if math.isnan(x) else slope)


@inlined_kernel
def sigmoid(x: float) -> tuple[float, float]:
    """Return 1/(1 + exp(-x)) and its derivative."""
    e = UNSCALE * scaled_exponential(clip(-abs(x), LEAST_EXPONENT, 0.0), 0.0)
    q = 1.0 / (1.0 + e)
    return (e if x < 0.0 else 1.0) * q, e * q * q


@inlined_kernel
def tanh(x: float) -> tuple[float, float]:
    """Return tanh(x), from expm1(-2|x|), and its derivative."""
    m, scaled_power = exponential_parts(clip(-2.0 * abs(x), LEAST_EXPONENT, 0.0), 0.0)
    power = UNSCALE * scaled_power
    expm1 = power * m + (power - 1.0)
    scaled_e = scaled_power + scaled_power * m
    q = 1.0 / (2.0 + expm1)
    return math.copysign(-expm1 * q, x), UNSCALE * (4.0 * scaled_e * q * q)


@inlined_kernel
def softsign(x: float) -> tuple[float, float]:
    """Return x/(1 + |x|) and its derivative."""
    bounded = clip(x, -1e200, 1e200)
    q = 1.0 / (1.0 + abs(bounded))
    return bounded / (1.0 + abs(bounded)), q * q


@inlined_kernel
def erf(x: float) -> tuple[float, float]:
    """Return erf(x) and its derivative."""
    a = clip(abs(x), 0.0, 27.5)
    square, error = two_product(a, a)
    scaled_e = scaled_exponential(-square, -error)
    beyond = 1.0 - UNSCALE * scaled_e * scaled_erfc(a)
    within = erf_series(a)
    magnitude = within if a < 0.5 else beyond
    return math.copysign(magnitude, x), UNSCALE * (ERF_SLOPE_AT_0 * scaled_e)


@inlined_kernel
def sine(x: float) -> tuple[float, float]:
    """Return sin(x) and cos(x); both have no limit at infinity, hence NaN."""
    finite = x if abs(x) < math.inf else math.nan
    return math.sin(finite), math.cos(finite)


@inlined_kernel
def elu(x: float, alpha: float, scale: float) -> tuple[float, float]:
    """Return scale * (x where positive, alpha (exp(x) - 1) elsewhere) and its derivative."""
    m, scaled_power = exponential_parts(clip(x, LEAST_EXPONENT, 0.0), 0.0)
    power = UNSCALE * scaled_power
    factor = scale * alpha
    below = factor * (power * m + (power - 1.0))
    slope_below = UNSCALE * (factor * (scaled_power + scaled_power * m))
    positive = x > 0.0
    return (scale * x if positive else below), (scale if positive else slope_below)


@inlined_kernel
def softplus(x: float) -> tuple[float, float]:
    """Return ln(1 + exp(x)) and its derivative, the sigmoid."""
    e = UNSCALE * scaled_exponential(clip(-abs(x), LEAST_EXPONENT, 0.0), 0.0)
    value = max(x, 0.0) + log1p_of_fraction(e)
    return value, (e if x < 0.0 else 1.0) / (1.0 + e)


@inlined_kernel
def gelu(x: float) -> tuple[float, float]:
    r"""Return x Phi(x) and its derivative, with Phi(-a) = exp(-a²/2) R(a)."""
    a = clip(abs(x), 0.0, 38.9)
    square, error = two_product(a, a)
    scaled_e = scaled_exponential(-0.5 * square, -0.5 * error)
    mills = 0.5 * scaled_erfc(a * SQRT_HALF)
    scaled_tail = scaled_e * mills
    slope_tail = UNSCALE * (scaled_e * (mills - a * GAUSSIAN_DENSITY_AT_0))
    negative = x < 0.0
    left = UNSCALE * (-a * scaled_tail), slope_tail
    right = x * (1.0 - UNSCALE * scaled_tail), 1.0 - slope_tail
    return left if negative else right


@inlined_kernel
def gate(x: float, z: float, correction: float, x_dz: float) -> tuple[float, float]:
    r"""Return x sigmoid(z) and its derivative, where z = z(x) and ``x_dz`` is x z'(x)."""
    negative = z < 0.0
    exponent = clip(-abs(z), LEAST_EXPONENT, 0.0)
    scaled_e = scaled_exponential(exponent, correction if negative else -correction)
    e = UNSCALE * scaled_e
    q = 1.0 / (1.0 + e)
    left = UNSCALE * (x * scaled_e * q), UNSCALE * (scaled_e * q * (1.0 + x_dz * q))
    right = x * q, q * (1.0 + x_dz * e * q)
    return left if negative else right


@inlined_kernel
def gelu_tanh(x: float) -> tuple[float, float]:
    r"""Return x (1 + tanh(z/2))/2 = x sigmoid(z) and its derivative, z = 2 sqrt(2/pi) (x + c x³).

    z is carried to twice the precision: half an ulp of z = -700 costs 350 ulps of the value.
    """
    bounded = clip(x, -22.0, 22.0)
    square, square_error = two_product(bounded, bounded)
    cubic, cubic_error = two_product(GELU_TANH_CUBIC, square)
    factor = 1.0 + cubic
    added = factor - 1.0
    factor_error = (1.0 - (factor - added)) + (cubic - added)
    factor_error += cubic_error + GELU_TANH_CUBIC * square_error
    product, product_error = two_product(bounded, factor)
    product_error += bounded * factor_error
    z, z_error = two_product(GELU_TANH_SLOPE, product)
    z_error += GELU_TANH_SLOPE * product_error + GELU_TANH_SLOPE_LOW * product
    x_dz = GELU_TANH_SLOPE * bounded * (1.0 + 3.0 * cubic)
    return gate(bounded if x < 0.0 else x, z, z_error, x_dz)


@inlined_kernel
def silu(x: float, beta: float) -> tuple[float, float]:
    """Return x sigmoid(beta x) and its derivative."""
    bound = -LEAST_EXPONENT / beta
    bounded = clip(x, -bound, bound)
    z, z_error = two_product(beta, bounded)
    return gate(bounded if x < 0.0 else x, z, z_error, z)


@inlined_kernel
def mish(x: float) -> tuple[float, float]:
    r"""Return x tanh(softplus(x)) and its derivative.

    tanh(ln(1 + y)) is the rational function y(y + 2)/(y(y + 2) + 2) of y = exp(x); for positive x
    it is written in exp(-x).
    """
    bounded = clip(x, LEAST_EXPONENT, -LEAST_EXPONENT)
    scaled_e = scaled_exponential(-abs(bounded), 0.0)
    e = UNSCALE * scaled_e
    negative = x < 0.0
    factor = 2.0 + e if negative else 1.0 + 2.0 * e
    constant = 2.0 if negative else 1.0
    denominator = constant + e * factor + e * (0.0 if negative else 1.0)
    q = 1.0 / denominator
    w = factor * q
    growth = 1.0 if negative else e * e
    slope = (factor * denominator + 4.0 * bounded * growth * (1.0 + e)) * q * q
    left = UNSCALE * (bounded * scaled_e * w), UNSCALE * (scaled_e * slope)
    right = x * w, slope
    return left if negative else right


@kernel
def apply_both(  # noqa: C901 - one loop per activation
    code: int, parameters: FloatArray, x: FloatArray, value: FloatArray, derivative: FloatArray
) -> None:
    """Fill ``value`` and ``derivative`` with the activation and its derivative at ``x``."""
    parameter = parameters[0]
    if code == LINEAR:
        for i in range(x.size):
            value[i], derivative[i] = linear(x[i])
    elif code == RELU:
        for i in range(x.size):
            value[i], derivative[i] = relu(x[i])
    elif code == LEAKY_RELU:
        for i in range(x.size):
            value[i], derivative[i] = leaky_relu(x[i], parameter)
    elif code == RELU6:
        for i in range(x.size):
            value[i], derivative[i] = clipped(x[i], 0.0, 6.0)
    elif code == HARD_TANH:
        for i in range(x.size):
            value[i], derivative[i] = clipped(x[i], -1.0, 1.0)
    elif code == SIGMOID:
        for i in range(x.size):
            value[i], derivative[i] = sigmoid(x[i])
    elif code == TANH:
        for i in range(x.size):
            value[i], derivative[i] = tanh(x[i])
    elif code == SOFTSIGN:
        for i in range(x.size):
            value[i], derivative[i] = softsign(x[i])
    elif code == ERF:
        for i in range(x.size):
            value[i], derivative[i] = erf(x[i])
    elif code == SINE:
        for i in range(x.size):
            value[i], derivative[i] = sine(x[i])
    elif code == ELU:
        for i in range(x.size):
            value[i], derivative[i] = elu(x[i], parameter, 1.0)
    elif code == SELU:
        for i in range(x.size):
            value[i], derivative[i] = elu(x[i], SELU_ALPHA, SELU_SCALE)
    elif code == SOFTPLUS:
        for i in range(x.size):
            value[i], derivative[i] = softplus(x[i])
    elif code == GELU:
        for i in range(x.size):
            value[i], derivative[i] = gelu(x[i])
    elif code == GELU_TANH:
        for i in range(x.size):
            value[i], derivative[i] = gelu_tanh(x[i])
    elif code == SILU:
        for i in range(x.size):
            value[i], derivative[i] = silu(x[i], parameter)
    elif code == MISH:
        for i in range(x.size):
            value[i], derivative[i] = mish(x[i])


@kernel
def apply(code: int, parameters: FloatArray, x: FloatArray, out: FloatArray) -> None:
    """Fill ``out`` with the activation of ``x``; ``out`` may be ``x``."""
    derivative = np.empty(min(x.size, BLOCK))
    for start in range(0, x.size, BLOCK):
        stop = min(start + BLOCK, x.size)
        apply_both(code, parameters, x[start:stop], out[start:stop], derivative[: stop - start])


@kernel
def apply_derivative(code: int, parameters: FloatArray, x: FloatArray, out: FloatArray) -> None:
    """Fill ``out`` with the derivative of the activation at ``x``; ``out`` may be ``x``."""
    value = np.empty(min(x.size, BLOCK))
    for start in range(0, x.size, BLOCK):
        stop = min(start + BLOCK, x.size)
        apply_both(code, parameters, x[start:stop], value[: stop - start], out[start:stop])


class ArrayKernels(NamedTuple):
    """The three array kernels of an activation, all called ``(code, parameters, x, ...)``.

    Those of the built-in activations are the same three functions, selected by ``code``; those of
    a user-defined activation ignore ``code`` and ``parameters``. A kernel that takes them as
    arguments serves both, compiled once for all built-in activations.
    """

    apply: Callable[[int, FloatArray, FloatArray, FloatArray], None]
    apply_derivative: Callable[[int, FloatArray, FloatArray, FloatArray], None]
    apply_both: Callable[[int, FloatArray, FloatArray, FloatArray, FloatArray], None]


BUILT_IN_KERNELS = ArrayKernels(apply, apply_derivative, apply_both)


@functools.lru_cache(maxsize=128)
def scalar_function(function: ScalarFunction) -> ScalarFunction:
    """Compile a user's function of one float64; raise TypeError where it does not return one.

    A function that is compiled already is kept. Not cached on disk: it may live in a notebook.
    """
    compiled: Any = function if is_jitted(function) else specialized_kernel(function)
    if is_jitted(compiled):
        argument = (types.float64,)
        try:
            if argument not in compiled.overloads:
                compiled.compile(argument)
        except NumbaError as error:
            lines = [line for line in str(error).splitlines() if not line.startswith("Failed in")]
            raise TypeError(lines[0] if lines else str(error)) from error
        overloads: Any = compiled.overloads
        returned = overloads[argument].signature.return_type
        if not isinstance(returned, types.Float | types.Integer | types.Boolean):
            raise TypeError(f"it returns {returned}")
    return cast("ScalarFunction", compiled)


@functools.lru_cache(maxsize=128)
def user_defined_kernels(f: Callable[[float], float], df: Callable[[float], float]) -> ArrayKernels:
    """Build the array kernels of two compiled scalar functions."""

    @specialized_kernel
    def apply(_code: int, _parameters: FloatArray, x: FloatArray, out: FloatArray) -> None:
        for i in range(x.size):
            out[i] = f(x[i])

    @specialized_kernel
    def apply_derivative(
        _code: int, _parameters: FloatArray, x: FloatArray, out: FloatArray
    ) -> None:
        for i in range(x.size):
            out[i] = df(x[i])

    @specialized_kernel
    def apply_both(
        _code: int,
        _parameters: FloatArray,
        x: FloatArray,
        value: FloatArray,
        derivative: FloatArray,
    ) -> None:
        for i in range(x.size):
            argument = x[i]
            value[i] = f(argument)
            derivative[i] = df(argument)

    return ArrayKernels(apply, apply_derivative, apply_both)


ApplyBoth = Callable[[int, FloatArray, FloatArray, FloatArray, FloatArray], None]


@functools.lru_cache(maxsize=128)
def extended_apply_both(user_defined: tuple[ApplyBoth, ...]) -> ApplyBoth:
    """Return `apply_both` with the codes -1, -2, … for user-defined activations."""
    if not user_defined:
        return apply_both
    *others, last = user_defined
    last_code = -len(user_defined)
    apply_other = extended_apply_both(tuple(others))

    @specialized_kernel
    def apply_extended(
        code: int, parameters: FloatArray, x: FloatArray, value: FloatArray, derivative: FloatArray
    ) -> None:
        if code == last_code:
            last(code, parameters, x, value, derivative)
        else:
            apply_other(code, parameters, x, value, derivative)

    return apply_extended
