"""Numbers of 106 bits: unevaluated sums of two floats, the second one the rounding of the first.

They are for the few places where 53 bits are too few, such as a matrix near to a singular one.
Factors must be below 1e150, and products that matter above 1e-290, so that no part underflows.
"""

import math

from stabsim._kernels._jit import inlined_kernel, kernel
from stabsim._kernels.elementary import two_product
from stabsim._kernels.stream import Floats


@inlined_kernel
def add(a: float, a_low: float, b: float, b_low: float) -> tuple[float, float]:
    """Return the sum."""
    total = a + b
    part = total - a
    error = (a - (total - part)) + (b - part) + (a_low + b_low)
    high = total + error
    return high, error - (high - total)


@inlined_kernel
def multiply(a: float, a_low: float, b: float, b_low: float) -> tuple[float, float]:
    """Return the product."""
    product, error = two_product(a, b)
    error += a * b_low + a_low * b
    high = product + error
    return high, error - (high - product)


@inlined_kernel
def reciprocal(a: float, a_low: float) -> tuple[float, float]:
    """Return 1 over a number that is not zero."""
    first = 1.0 / a
    product, product_low = multiply(a, a_low, first, 0.0)
    rest, _ = add(1.0, 0.0, -product, -product_low)
    second = rest / a
    high = first + second
    return high, second - (high - first)


@inlined_kernel
def square_root(a: float, a_low: float) -> tuple[float, float]:
    """Return the root of a positive number."""
    first = math.sqrt(a)
    square, square_low = two_product(first, first)
    rest, _ = add(a, a_low, -square, -square_low)
    second = 0.5 * rest / first
    high = first + second
    return high, second - (high - first)


@kernel
def dot(x: Floats, x_low: Floats, y: Floats, y_low: Floats) -> tuple[float, float]:
    """Return the inner product of two vectors."""
    total, total_low = 0.0, 0.0
    for i in range(x.size):
        product, product_low = multiply(x[i], x_low[i], y[i], y_low[i])
        total, total_low = add(total, total_low, product, product_low)
    return total, total_low


@kernel
def subtract_multiple(
    factor: float, factor_low: float, x: Floats, x_low: Floats, y: Floats, y_low: Floats
) -> None:
    """Subtract from y a multiple of x."""
    for i in range(x.size):
        product, product_low = multiply(factor, factor_low, x[i], x_low[i])
        y[i], y_low[i] = add(y[i], y_low[i], -product, -product_low)
