"""Exponents of Gaussian factors that are nearly the identity, or not isotropic."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation
from stabsim.ensembles.ensemble import MOST_SCALE
from stabsim.theory.lyapunov import PARTS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

FIELDS = ("real", "complex")


def near_identity_exponents(n: int, *, scale: float, field: str = "real") -> Floats:
    r"""Return the exponents of a residual step :math:`I + cA` with a small multiple of a Ginibre A.

    .. math::
       \lambda_i = \frac{c^2}{2}(n - 2i) + O(c^4) \text{ (real)}, \qquad
       \lambda_i = \frac{c^2}{2}(n - 2i + 1) + O(c^4) \text{ (complex)},

    evenly spaced: those of the Brownian motion on the group of matrices
    :cite:p:`NorrisRogersWilliams1986,Comtet2013`. For entries of the standard deviation σ and a
    shift s, put :math:`c\sigma/s` for c and add :math:`\ln |s|`.

    Parameters
    ----------
    n : int
        Rows and columns of a factor.
    scale : float
        The multiple c of a Ginibre matrix with entries of standard deviation 1.
    field : {"real", "complex"}, default "real"
        What the entries are.

    Returns
    -------
    (n,) float64 array
        The exponents to second order in c, descending.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Examples
    --------
    >>> from stabsim import theory
    >>> theory.near_identity_exponents(4, scale=0.1)
    array([ 0.01,  0.  , -0.01, -0.02])
    """
    n = validation.integer("n", n, least=1)
    scale = validation.real("scale", scale, least=-MOST_SCALE, most=MOST_SCALE)
    trace = 1 if validation.choice("field", field, FIELDS) == "complex" else 0
    return np.asarray(0.5 * scale**2 * (n - 2.0 * np.arange(1, n + 1) + trace))


def anisotropic_gaussian_exponent(variances: ArrayLike, *, field: str = "real") -> float:
    r"""Return the largest exponent of :math:`\Sigma^{1/2} G` with a standard Gaussian matrix G.

    .. math::
       \lambda_1 = \tfrac12 E \ln \sum_j \sigma_j^2 |g_j|^2 = \tfrac12 \int_0^\infty
       \left[e^{-t} - \prod_j \left(1 + \tfrac2\beta\sigma_j^2 t\right)^{-\beta/2}\right]
       \frac{dt}{t}

    with the eigenvalues :math:`\sigma_j^2` of the covariance Σ and :math:`\beta` = 1 (real) or 2
    (complex), for Gaussian factors with spikes among them; :math:`G \Sigma^{1/2}` has the same
    exponents :cite:p:`Kargin2014`. The sum of all exponents is that of Σ = 1 plus
    :math:`\frac12\sum_j \ln\sigma_j^2`.

    Parameters
    ----------
    variances : (n,) array_like of float
        The eigenvalues of Σ, in [1e-200, 1e200] and within a factor 1e100.
    field : {"real", "complex"}, default "real"
        What the entries of G are, :math:`E|g|^2 = 1`.

    Returns
    -------
    float
        The exponent, to about 1e-13.

    Raises
    ------
    TypeError, ValueError
        If ``variances`` is no array of positive numbers, or ``field`` another word.

    Notes
    -----
    The trapezoidal rule in ln t converges exponentially: its error with steps h is
    :math:`e^{-\pi^2/h}`.

    Examples
    --------
    >>> import math
    >>> from stabsim import theory
    >>> round(theory.anisotropic_gaussian_exponent([1.0, 1.0, 1.0, 1.0]), 10)  # Newman's
    0.5579657578
    >>> round(theory.anisotropic_gaussian_exponent([9.0, 1.0, 1.0, 1.0]), 10)  # a spike
    1.0011129384
    """
    requirement = "variances must be a vector of numbers in [1e-200, 1e200] within a factor 1e100"
    values = validation.array(requirement, variances, shape=(None,))
    if not ((values >= 1e-200) & (values <= 1e200)).all() or values.max() > 1e100 * values.min():
        raise ValueError(f"{requirement}, got {validation.described(variances)}")
    parts = PARTS[validation.choice("field", field, FIELDS)]
    largest = float(values.max())
    rates = 2.0 / parts * values / largest
    step = 0.25
    # Beyond these ends both terms are 1, or both are negligible.
    t = np.exp(np.arange(-40.0, 40.0 + 80.0 / parts + 235.0 * (values.min() < largest), step))
    transform = np.array([-0.5 * parts * np.log1p(rates * point).sum() for point in t])
    integral = step * float((np.exp(-t) - np.exp(transform)).sum())
    return 0.5 * (math.log(largest) + integral)
