"""Numbers held as a mantissa times a power of two, so that products of any length are ordinary."""

import math

from stabsim._kernels._jit import kernel

#: While a square or a product stays between these, nothing is moved into the exponent.
LEAST = 2.0**-500
MOST = 2.0**500

_LOG_2 = math.log(2.0)


@kernel
def scaled_log(mantissa: float, exponent: int) -> float:
    """Return the logarithm of ``mantissa * 2**exponent``, which is ``-inf`` for zero."""
    if mantissa == 0.0:
        return -math.inf
    return math.log(mantissa) + _LOG_2 * exponent
