"""Exactly solvable families of 2×2 matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import chebyshev

from stabsim import _validation as validation
from stabsim.theory.lyapunov import lloyd_exponent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Nodes of the Chebyshev interpolation, of functions analytic around [0, 1].
_NODES = 40
# Averages over a run, each of which contracts by a factor 3 or more.
_AVERAGES = 40
# What the runs left out have as their probability.
_NEGLIGIBLE = 1e-18


def shear_pair_exponent(probability: float = 0.5) -> float:
    r"""Return the exponent of products of two shears, of the random Stern–Brocot sequence.

    The matrices are :math:`\begin{pmatrix}1&1\\0&1\end{pmatrix}`, with probability p, and
    :math:`\begin{pmatrix}1&0\\1&1\end{pmatrix}`. For p = ½ the slope of a vector has Minkowski's
    measure as its stationary law :cite:p:`ChassaingLetacMora1984`,

    .. math:: \lambda_1 = \int_0^1 \ln(1+x)\,d?(x) = 0.39621\ldots ,

    with Minkowski's question mark ?(x), and :math:`\ln 2/(2\lambda_1)` is Kinney's constant, the
    dimension of that measure :cite:p:`Kinney1960`.

    Parameters
    ----------
    probability : float, default 0.5
        The probability p, in [0.01, 0.99].

    Returns
    -------
    float
        The largest exponent; the other one is its negative.

    Raises
    ------
    TypeError, ValueError
        If ``probability`` is no number in [0.01, 0.99].

    Notes
    -----
    The slope is a continued fraction whose partial quotients are the lengths of runs of equal
    matrices: independent and geometric, those of the two matrices alternating. The operator that
    averages a function over the next quotient contracts analytic functions, so it is applied to
    Chebyshev interpolants of 40 nodes until nothing changes: good to 1e-14.

    Examples
    --------
    >>> import math
    >>> from stabsim import theory
    >>> exponent = theory.shear_pair_exponent()
    >>> round(exponent, 9), round(math.log(2) / (2 * exponent), 9)  # and Kinney's constant
    (0.396212564, 0.874716305)
    """
    p = validation.real("probability", probability, least=0.01, most=0.99)
    # In the largest coordinate as the norm, a vector grows by 1 + u after a run of the first
    # shear, whose slope y/x is u, and by 1 + v after a run of the second, where x/y is v. With the
    # numbers a and b of shears in a run, u = 1/(a + v) and v = 1/(b + u).
    over_first, over_second = _run_average(p), _run_average(1.0 - p)
    growth = np.log1p(_nodes())
    after_first, after_second = growth, growth
    for _ in range(_AVERAGES):
        after_first = over_second @ (over_first @ after_first)
        after_second = over_first @ (over_second @ after_second)
    return float(p * after_first.mean() + (1.0 - p) * after_second.mean())


def _nodes() -> Floats:
    return np.asarray(0.5 + 0.5 * chebyshev.chebpts1(_NODES))


def _run_average(repeat: float) -> Floats:
    """Return the matrix that averages f(1/(a + x)) over the length a of a run, on the nodes.

    A run goes on with the probability ``repeat``.
    """
    nodes = _nodes()
    run = np.arange(1, 2 + math.ceil(math.log(_NEGLIGIBLE) / math.log(repeat)))
    weights = (1.0 - repeat) * repeat ** (run - 1.0)
    after = 2.0 / np.add.outer(nodes, run) - 1.0
    polynomials = np.stack([weights @ chebyshev.chebvander(row, _NODES - 1) for row in after])
    at_nodes = chebyshev.chebvander(2.0 * nodes - 1.0, _NODES - 1)
    return np.asarray(np.linalg.solve(at_nodes.T, polynomials.T).T)


def cauchy_entry_exponent(location: float, scale: float, *, corner: float = -1.0) -> float:
    r"""Return the largest exponent of 2×2 companion matrices with one Cauchy entry.

    The matrices are :math:`\begin{pmatrix} x & b \\ 1 & 0 \end{pmatrix}` with a fixed b and a
    Cauchy variable x of the location c and the half-width w: the recursion
    :math:`x_{t+1} = X_t x_t + b\,x_{t-1}`. With :math:`\zeta = (c + iw)/\sqrt{|b|}`,

    .. math::
       \lambda_1 = \tfrac12 \ln|b| + \operatorname{arsinh}\tfrac{|\zeta|}{2} \quad (b > 0),
       \qquad
       \lambda_1 = \tfrac12 \ln|b| + \gamma(\operatorname{Re}\zeta, \operatorname{Im}\zeta)
       \quad (b < 0),

    with the exponent γ of `lloyd_exponent`; the other one is :math:`\ln|b| - \lambda_1`
    :cite:p:`Lloyd1969,Ishii1973`.

    Parameters
    ----------
    location : float
        The median c, in [-1e100, 1e100].
    scale : float
        The half-width w, in [0, 1e100].
    corner : float, default -1.0
        The entry b, in [1e-100, 1e100] or negative in that range. For -1 this is the Lloyd model.

    Returns
    -------
    float
        The largest exponent.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Notes
    -----
    If R is Cauchy of the complex parameter z, so is 1/R of :math:`1/\bar z`, and E ln\|R\| is
    :math:`\ln|z|`. For b = 1 the ratio of successive numbers has the fixed point
    :math:`z = \zeta + 1/\bar z`, thus :math:`|z| - 1/|z| = |\zeta|`.

    Examples
    --------
    >>> import math
    >>> from stabsim import theory
    >>> theory.cauchy_entry_exponent(0.5, 1.0) == theory.lloyd_exponent(0.5, 1.0)
    True
    >>> golden = (1 + math.sqrt(5)) / 2
    >>> growth = math.exp(theory.cauchy_entry_exponent(1.0, 0.0, corner=1.0))  # Fibonacci
    >>> math.isclose(growth, golden)
    True
    """
    location = validation.real("location", location, least=-1e100, most=1e100)
    scale = validation.real("scale", scale, least=0.0, most=1e100)
    corner = validation.real("corner", corner, least=-1e100, most=1e100)
    if abs(corner) < 1e-100:
        raise ValueError(f"corner must be at least 1e-100 in magnitude, got {corner!r}")
    root = math.sqrt(abs(corner))
    if corner < 0.0:
        growth = lloyd_exponent(location / root, scale / root)
    else:
        growth = math.asinh(0.5 * math.hypot(location, scale) / root)
    return math.log(root) + growth
