r"""Elementary functions without branches, so that LLVM turns a loop over them into vector code.

The C library's ``exp``, ``expm1``, ``log1p`` and ``erf`` are calls that stop a loop from being
vectorized. Those below are short straight-line programs of additions, multiplications and
selections. An argument may come with a *correction*, the part of it that one float64 cannot hold:
in the tail of :math:`e^x` an error of half an ulp in :math:`x` costs :math:`|x|/2` ulps.
"""

import math

import numpy as np

from stabsim._kernels._jit import inlined_kernel

LN2 = math.log(2.0)
LOG2_E = 1.0 / LN2
# ln 2 in two parts; the 20 trailing zero bits of the first make every n * LN2_HIGH exact.
LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
# Adding 1.5 * 2**52 rounds to an integer, which then is the low bits of the float's pattern.
ROUNDING_SHIFT = 1.5 * 2.0**52
SCALE_EXPONENT = 100
UNSCALE = 2.0**-SCALE_EXPONENT
# Beyond it e^x is 0 even after a multiplication by |x|, and 2^100 e^x is still a normal number.
LEAST_EXPONENT = -760.0
VELTKAMP = 2.0**27 + 1.0

EXPM1_SERIES = tuple(1.0 / math.factorial(k) for k in range(13, 1, -1))
ATANH_SERIES = tuple(1.0 / (2 * k + 1) for k in range(10, 0, -1))
ERF_SERIES = tuple(
    2.0 / math.sqrt(math.pi) * (-1.0) ** k / (math.factorial(k) * (2 * k + 1))
    for k in range(11, -1, -1)
)
# Coefficients, highest power first, of the polynomial in t = (x - 3)/(x + 3) that interpolates
# (1 + 2x) exp(x²) erfc(x) in the 23 Chebyshev nodes of 0 <= x <= 28, where t runs over
# [-1, 25/31]. A test derives them again with mpmath. Even and odd powers are summed apart, as two
# shorter chains of operations that run side by side.
SCALED_ERFC_POLYNOMIAL = (
    -4.210104975119195e-09,
    -8.500119502115306e-09,
    3.29163439676632e-08,
    9.186243026143847e-08,
    -1.311166137536459e-07,
    -6.050048623933503e-07,
    3.4899197889744293e-07,
    3.463997532352904e-06,
    -7.275875746667183e-07,
    -2.009663087595395e-05,
    4.948147875576539e-06,
    0.00012509815174864322,
    -0.00010515949033775975,
    -0.0007798320379611115,
    0.001888690312003782,
    0.002529391788270445,
    -0.02377051491423367,
    0.06830802734580459,
    -0.11927366341552853,
    0.12964515870270552,
    -0.047562294353446374,
    -0.1356211061245807,
    1.2530080582697296,
)
SCALED_ERFC_EVEN = SCALED_ERFC_POLYNOMIAL[0::2]
SCALED_ERFC_ODD = SCALED_ERFC_POLYNOMIAL[1::2]


@inlined_kernel
def clip(x: float, least: float, most: float) -> float:
    """Return ``x`` limited to ``[least, most]``; NaN stays NaN."""
    return min(max(x, least), most)


@inlined_kernel
def two_product(a: float, b: float) -> tuple[float, float]:
    """Return ``a * b`` rounded, and the rounding error, for factors below 1e150 in magnitude.

    Dekker's product of factors split in halves by Veltkamp's trick: exact where nothing underflows.
    """
    product = a * b
    shifted_a = VELTKAMP * a
    a_high = shifted_a - (shifted_a - a)
    a_low = a - a_high
    shifted_b = VELTKAMP * b
    b_high = shifted_b - (shifted_b - b)
    b_low = b - b_high
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


@inlined_kernel
def exponential_parts(x: float, correction: float) -> tuple[float, float]:
    r"""Return ``(m, p)`` with :math:`e^{x+c} = (1 + m)\,p\,2^{-100}`, for ``-760 <= x <= 0``.

    :math:`n = \mathrm{round}(x/\ln 2)`, :math:`m = e^{x - n\ln 2} - 1` by its Taylor series,
    :math:`p = 2^{n+100}`. The power is scaled because a factor that multiplies a subnormal
    :math:`e^x` would multiply its rounding error too: multiply first, unscale last.
    """
    shifted = x * LOG2_E + ROUNDING_SHIFT
    n = shifted - ROUNDING_SHIFT
    r = (x - n * LN2_HIGH) - (n * LN2_LOW - correction)
    series = 0.0
    for coefficient in EXPM1_SERIES:
        series = series * r + coefficient
    m = r + r * r * series
    pattern = (np.float64(shifted).view(np.int64) + (1023 + SCALE_EXPONENT)) << 52
    return m, np.int64(pattern).view(np.float64)


@inlined_kernel
def scaled_exponential(x: float, correction: float) -> float:
    r"""Return :math:`2^{100} e^{x+c}` for ``-760 <= x <= 0``."""
    m, scaled_power = exponential_parts(x, correction)
    return scaled_power + scaled_power * m


@inlined_kernel
def log1p_of_fraction(x: float) -> float:
    r"""Return :math:`\ln(1+x)` for ``0 <= x <= 1``.

    :math:`\ln y = 2\,\mathrm{artanh}\frac{y-1}{y+1}` with :math:`y = 1+x`, or :math:`(1+x)/2` where
    that is nearer to 1.
    """
    halve = x > 0.41421356237309503
    s = (x - 1.0) / (x + 3.0) if halve else x / (x + 2.0)
    square = s * s
    series = 0.0
    for coefficient in ATANH_SERIES:
        series = series * square + coefficient
    logarithm = 2.0 * s + 2.0 * s * (square * series)
    return logarithm + LN2 if halve else logarithm


@inlined_kernel
def scaled_erfc(x: float) -> float:
    r"""Return :math:`e^{x^2}\,\mathrm{erfc}(x)` for ``0 <= x <= 28``."""
    t = (x - 3.0) / (x + 3.0)
    square = t * t
    even = 0.0
    for coefficient in SCALED_ERFC_EVEN:
        even = even * square + coefficient
    odd = 0.0
    for coefficient in SCALED_ERFC_ODD:
        odd = odd * square + coefficient
    return (even + t * odd) / (1.0 + 2.0 * x)


@inlined_kernel
def erf_series(x: float) -> float:
    """Return erf(x) for ``|x| <= 0.5`` by its Taylor series."""
    square = x * x
    series = 0.0
    for coefficient in ERF_SERIES:
        series = series * square + coefficient
    return x * series
