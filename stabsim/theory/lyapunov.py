"""Lyapunov exponents that are known exactly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma, polygamma

from stabsim import _validation as validation
from stabsim.ensembles.ensemble import LEAST_SCALE, MOST_SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Real numbers in an entry.
PARTS = {"real": 1, "complex": 2, "quaternion": 4}


def size_and_parts(n: int, field: str) -> tuple[int, int]:
    """Return the checked size of a matrix and the real numbers in an entry of it."""
    n = validation.integer("n", n, least=1)
    return n, PARTS[validation.choice("field", field, tuple(PARTS))]


def ginibre_exponents(n: int, *, sigma: float = 1.0, field: str = "real") -> Floats:
    r"""Return all Lyapunov exponents of products of Ginibre matrices.

    With :math:`\beta` = 1, 2 or 4 real numbers in an entry,

    .. math::
       \lambda_i = \ln\sigma
       + \tfrac12\left[\ln\tfrac2\beta + \psi\left(\tfrac{\beta(n-i+1)}{2}\right)\right]

    with the digamma function :math:`\psi`: :math:`\frac12[\ln 2 + \psi(\frac{n-i+1}2)]` for
    real matrices :cite:p:`Newman1986`, :math:`\frac12\psi(n-i+1)` for complex ones
    :cite:p:`Forrester2013`, and likewise for quaternions :cite:p:`Ipsen2015`.

    Parameters
    ----------
    n : int
        Rows and columns of a factor.
    sigma : float, default 1.0
        Standard deviation of an entry: :math:`E|a|^2 = \sigma^2`, shared equally by its parts.
    field : {"real", "complex", "quaternion"}, default "real"
        What the entries are. As a complex :math:`2n \times 2n` matrix, a quaternion one has every
        exponent twice.

    Returns
    -------
    (n,) float64 array
        The exponents, descending, per factor in natural logarithms.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Examples
    --------
    >>> from stabsim import theory
    >>> theory.ginibre_exponents(4).round(8)
    array([ 0.55796576,  0.36481858,  0.05796576, -0.63518142])
    """
    n, parts = size_and_parts(n, field)
    sigma = validation.real("sigma", sigma, least=LEAST_SCALE, most=MOST_SCALE)
    k = np.arange(n, 0, -1)
    return np.asarray(math.log(sigma) + 0.5 * (math.log(2.0 / parts) + digamma(0.5 * parts * k)))


def ginibre_variances(n: int, *, field: str = "real") -> Floats:
    r"""Return the variances in the central limit theorem of the exponents of Ginibre matrices.

    The exponent of a product of t factors has the variance
    :math:`\frac1{4t}\psi'(\beta(n-i+1)/2)` as :math:`t \to \infty`
    :cite:p:`CohenNewman1984,Forrester2015`.

    Parameters
    ----------
    n : int
        Rows and columns of a factor.
    field : {"real", "complex", "quaternion"}, default "real"
        What the entries are.

    Returns
    -------
    (n,) float64 array
        The variances per factor, in the order of `ginibre_exponents`.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Examples
    --------
    >>> from stabsim import theory
    >>> theory.ginibre_variances(4).round(8)  # the first is π²/24 - 1/4
    array([0.16123352, 0.23370055, 0.41123352, 1.23370055])
    """
    n, parts = size_and_parts(n, field)
    return np.asarray(0.25 * polygamma(1, 0.5 * parts * np.arange(n, 0, -1)))


def truncated_haar_exponents(n: int, size: int, *, field: str = "real") -> Floats:
    r"""Return all Lyapunov exponents of products of corners of Haar matrices.

    The squared diagonal entries of the triangular factor of an n×n corner of an m×m matrix are
    independent :math:`\mathrm{Beta}(\beta(n-i+1)/2, \beta(m-n)/2)` with :math:`\beta` = 1, 2 or 4
    real numbers in an entry, so

    .. math::
       \lambda_i = \tfrac12\left[\psi\left(\tfrac{\beta(n-i+1)}{2}\right)
       - \psi\left(\tfrac{\beta(m-i+1)}{2}\right)\right]

    :cite:p:`Forrester2015`.

    Parameters
    ----------
    n : int
        Rows and columns of a corner.
    size : int
        Rows and columns m of the Haar matrix, at least ``n``.
    field : {"real", "complex", "quaternion"}, default "real"
        Corner of an orthogonal, unitary or symplectic matrix.

    Returns
    -------
    (n,) float64 array
        The exponents, descending, per factor in natural logarithms.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Examples
    --------
    >>> from stabsim import theory
    >>> theory.truncated_haar_exponents(2, 3, field="complex")  # -1/4 and -1/2
    array([-0.25, -0.5 ])
    """
    k, whole = _corner(n, size, field)
    return np.asarray(0.5 * (digamma(k) - digamma(whole)))


def truncated_haar_variances(n: int, size: int, *, field: str = "real") -> Floats:
    r"""Return the variances in the central limit theorem of the exponents of Haar corners.

    They are :math:`\frac14[\psi'(\beta(n-i+1)/2) - \psi'(\beta(m-i+1)/2)]`, the variances of the
    logarithms of the variables that `truncated_haar_exponents` names.

    Parameters
    ----------
    n : int
        Rows and columns of a corner.
    size : int
        Rows and columns m of the Haar matrix, at least ``n``.
    field : {"real", "complex", "quaternion"}, default "real"
        Corner of an orthogonal, unitary or symplectic matrix.

    Returns
    -------
    (n,) float64 array
        The variances per factor, in the order of `truncated_haar_exponents`.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Examples
    --------
    >>> from stabsim import theory
    >>> theory.truncated_haar_variances(2, 3, field="complex")  # 1/16 and 1/4
    array([0.0625, 0.25  ])
    """
    k, whole = _corner(n, size, field)
    return np.asarray(0.25 * (polygamma(1, k) - polygamma(1, whole)))


def _corner(n: int, size: int, field: str) -> tuple[Floats, Floats]:
    """Return half the degrees of freedom of the rows of a corner and of the whole matrix."""
    n, parts = size_and_parts(n, field)
    size = validation.integer("size", size, least=n)
    k = 0.5 * parts * np.arange(n, 0.0, -1.0)
    return k, k + 0.5 * parts * (size - n)


def wishart_exponents(n: int, degrees: int, *, sigma: float = 1.0, field: str = "real") -> Floats:
    r"""Return all Lyapunov exponents of products of Wishart matrices :math:`X X^*`.

    With m degrees of freedom, the columns of X, and :math:`\beta` = 1, 2 or 4 real numbers in an
    entry,

    .. math::
       \lambda_i = 2\ln\sigma + \ln\tfrac2\beta + \tfrac12\left[
       \psi\left(\tfrac{\beta(m-i+1)}2\right) + \psi\left(\tfrac{\beta(m+n-2i+1)}2\right)
       + \psi\left(\tfrac{\beta(m+n-2i+2)}2\right) - \psi\left(\tfrac{\beta(m+n-i+1)}2\right)
       \right].

    Parameters
    ----------
    n : int
        Rows and columns of a factor.
    degrees : int
        Degrees of freedom m. Beyond them the exponents are ``-inf``.
    sigma : float, default 1.0
        Standard deviation of an entry of X.
    field : {"real", "complex", "quaternion"}, default "real"
        What the entries of X are.

    Returns
    -------
    (n,) float64 array
        The exponents, descending, per factor in natural logarithms.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Notes
    -----
    The first k columns of :math:`X X^*` are :math:`X X_1^*` with the first k rows :math:`X_1` of X.
    Turning the columns of X so that :math:`X_1` has its polar form :math:`(W^{1/2}, 0)`, where
    :math:`W = X_1 X_1^*`, the squared volume that they span is :math:`\det W \det(W + Y^* Y)` with
    an independent Gaussian Y of n - k rows: the determinants of Wishart matrices of size k with m
    and m + n - k degrees, whose logarithms have means in digamma functions
    :cite:p:`Muirhead1982`. The sum of the first k exponents is half of these means, because the law
    of a factor depends on no direction.

    Examples
    --------
    >>> from stabsim import theory
    >>> theory.wishart_exponents(2, 2).round(8)
    array([ 0.42278434, -1.57721566])
    """
    n, parts = size_and_parts(n, field)
    degrees = validation.integer("degrees", degrees, least=1)
    sigma = validation.real("sigma", sigma, least=LEAST_SCALE, most=MOST_SCALE)
    i = np.arange(1.0, min(n, degrees) + 1.0)
    total, half = degrees + n, 0.5 * parts
    digammas = digamma(half * (degrees - i + 1)) - digamma(half * (total - i + 1))
    digammas += digamma(half * (total - 2 * i + 1)) + digamma(half * (total - 2 * i + 2))
    exponents = np.full(n, -math.inf)
    exponents[: i.size] = 2.0 * math.log(sigma) + math.log(2.0 / parts) + 0.5 * digammas
    return exponents


def random_fibonacci_exponent() -> float:
    r"""Return the exponent of the random Fibonacci sequence, :math:`\ln 1.13198824879\ldots`.

    The value is the literature's :cite:p:`Viswanath1999`, to the digits of the integer sequence
    A078416; no closed form is known.

    Returns
    -------
    float
        The Lyapunov exponent.

    Examples
    --------
    >>> from stabsim import theory
    >>> round(theory.random_fibonacci_exponent(), 10)
    0.1239755988
    """
    return math.log(1.1319882487943)


def lloyd_exponent(energy: float, disorder: float) -> float:
    r"""Return the exponent of the Anderson model with Cauchy disorder, the Lloyd model.

    .. math:: 4\cosh\gamma = \sqrt{(2+E)^2 + W^2} + \sqrt{(2-E)^2 + W^2}

    with the half-width W of the disorder, at unit hopping :cite:p:`Lloyd1969,Ishii1973`.

    Parameters
    ----------
    energy : float
        The energy E, in [-1e300, 1e300].
    disorder : float
        The half-width W, in [0, 1e300].

    Returns
    -------
    float
        The Lyapunov exponent, the inverse localization length.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Examples
    --------
    >>> from stabsim import theory
    >>> round(theory.lloyd_exponent(0.0, 1.0), 12)  # asinh(1/2)
    0.48121182506
    """
    energy = validation.real("energy", energy, least=-1e300, most=1e300)
    disorder = validation.real("disorder", disorder, least=0.0, most=1e300)
    above, below = abs(2.0 + energy), abs(2.0 - energy)
    # cosh(gamma) - 1 without the cancellation that a weak disorder would suffer.
    excess = disorder * (disorder / (math.hypot(above, disorder) + above or 1.0))
    excess += disorder * (disorder / (math.hypot(below, disorder) + below or 1.0))
    excess = (excess + 2.0 * max(abs(energy) - 2.0, 0.0)) / 4.0
    return 2.0 * math.asinh(math.sqrt(0.5 * excess))
