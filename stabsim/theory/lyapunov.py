"""Lyapunov exponents that are known exactly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma

from stabsim import _validation as validation
from stabsim.ensembles import Ginibre

if TYPE_CHECKING:
    from numpy.typing import NDArray


def ginibre_exponents(n: int, *, sigma: float = 1.0, field: str = "real") -> NDArray[np.float64]:
    r"""Return all Lyapunov exponents of products of Ginibre matrices.

    .. math::
       \lambda_i = \ln\sigma + \tfrac12\left[\ln 2 + \psi\left(\tfrac{n-i+1}{2}\right)\right]
       \text{ (real)}, \qquad
       \lambda_i = \ln\sigma + \tfrac12 \psi(n-i+1) \text{ (complex)},

    with the digamma function :math:`\psi` :cite:p:`Newman1986,Forrester2013`.

    Parameters
    ----------
    n : int
        Rows and columns of a factor.
    sigma : float, default 1.0
        Standard deviation of an entry.
    field : {"real", "complex"}, default "real"
        What the entries are.

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
    ensemble = Ginibre(n, sigma=sigma, field=field)
    k = np.arange(ensemble.n, 0, -1)
    half_degrees = 0.5 * ensemble.parts * k
    exponents: NDArray[np.float64] = math.log(ensemble.part_sigma) + 0.5 * (
        math.log(2.0) + digamma(half_degrees)
    )
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
        The energy E.
    disorder : float
        The half-width W, non-negative.

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
    energy = validation.real("energy", energy)
    disorder = validation.real("disorder", disorder, least=0.0)
    above, below = abs(2.0 + energy), abs(2.0 - energy)
    # cosh(gamma) - 1 without the cancellation that a weak disorder would suffer.
    excess = disorder * (disorder / (math.hypot(above, disorder) + above or 1.0))
    excess += disorder * (disorder / (math.hypot(below, disorder) + below or 1.0))
    excess = (excess + 2.0 * max(abs(energy) - 2.0, 0.0)) / 4.0
    return 2.0 * math.asinh(math.sqrt(0.5 * excess))
