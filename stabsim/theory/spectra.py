"""The singular values and exponents of products of large matrices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from stabsim import _validation as validation
from stabsim.ensembles.ensemble import LEAST_SCALE, MOST_SCALE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

# Halvings that bring an interval of logarithms or angles to the spacing of floats.
_HALVINGS = 70


@dataclass(frozen=True)
class FussCatalan:
    r"""The law of the squared singular values of a product of large Ginibre matrices.

    As n → ∞, the squared singular values of a product of s independent n×n matrices with
    independent entries of variance 1/n are distributed on
    :math:`[0, (s+1)^{s+1}/s^s]` with the Fuss–Catalan numbers as moments,

    .. math:: \int x^m \rho(x)\,dx = \frac{1}{sm+1} \binom{(s+1)m}{m} ,

    the law of Marchenko and Pastur for s = 1 :cite:p:`Penson2011`. With an angle
    :math:`0 < \varphi < \pi/(s+1)`,

    .. math::
       x = \frac{\sin^{s+1}((s+1)\varphi)}{\sin\varphi\,\sin^s(s\varphi)}, \qquad
       \rho(x) = \frac{\sin^2\varphi\,\sin^{s-1}(s\varphi)}{\pi\,\sin^s((s+1)\varphi)}, \qquad
       \int_x^\infty \rho = \frac{(s+1)\varphi}{\pi}
       - \frac{s \sin\varphi\,\sin((s+1)\varphi)}{\pi\,\sin(s\varphi)}

    :cite:p:`Haagerup2013`. (The last is the imaginary part of :math:`sw - \ln(w-1)`, the integral
    of the resolvent w/z, for :math:`w^{s+1} = z(w-1)`.)

    Parameters
    ----------
    factors : int
        The number s of factors, at most 1000.

    Raises
    ------
    TypeError, ValueError
        If ``factors`` is no positive integer, or above 1000.

    Examples
    --------
    >>> from stabsim.theory import FussCatalan
    >>> law = FussCatalan(2)
    >>> law.support
    (0.0, 6.75)
    >>> [round(float(law.moment(m)), 10) for m in (1, 2, 3)]
    [1.0, 3.0, 12.0]
    >>> round(float(law.cdf(law.quantile(0.3))), 12)
    0.3
    """

    factors: int

    def __post_init__(self) -> None:
        """Check the number of factors."""
        factors = validation.integer("factors", self.factors, least=1)
        if factors > 1000:
            raise ValueError(f"factors must be at most 1000, got {factors}")
        object.__setattr__(self, "factors", factors)

    @property
    def support(self) -> tuple[float, float]:
        """The least and the largest squared singular value."""
        return 0.0, (self.factors + 1) ** (self.factors + 1) / self.factors**self.factors

    def moment(self, m: ArrayLike) -> Floats:
        """Return the moments, for an integer m the Fuss–Catalan numbers.

        Parameters
        ----------
        m : array_like of float
            The orders, above -1/(factors + 1).

        Returns
        -------
        float64 array of the same shape
            The moments, to a relative 1e-13 or so; infinite where they overflow.

        Raises
        ------
        TypeError, ValueError
            If an order is no number, or too low, where the moment diverges.
        """
        s, order = self.factors, validation.reals("m", m)
        least = -1.0 / (s + 1)
        if not (order > least).all():
            raise ValueError(
                f"m must be above -1/(factors + 1) = {least:.6g}, got {validation.described(m)}"
            )
        # Beyond these all moments overflow.
        order = np.minimum(order, 1e4)
        logarithm = gammaln((s + 1) * order + 1) - gammaln(order + 1) - gammaln(s * order + 2)
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(logarithm))

    def pdf(self, x: ArrayLike) -> Floats:
        """Return the probability density of the squared singular values.

        Parameters
        ----------
        x : array_like of float
            Squared singular values.

        Returns
        -------
        float64 array of the same shape
            The density, infinite at 0 or where it overflows next to it, and 0 outside the support.

        Raises
        ------
        TypeError, ValueError
            If ``x`` is not made of real numbers.
        """
        s, x = self.factors, validation.reals("x", x)
        inside = (x > 0.0) & (x < self.support[1])
        angle, rest = self._angles(np.where(inside, x, 1.0))
        log_density = 2.0 * np.log(np.sin(angle)) + (s - 1) * np.log(np.sin(s * angle))
        log_density -= s * np.log(np.sin(rest)) + math.log(math.pi)
        with np.errstate(over="ignore"):
            return np.where(inside, np.exp(log_density), np.where(x == 0.0, math.inf, 0.0))

    def cdf(self, x: ArrayLike) -> Floats:
        """Return the fraction of squared singular values that are at most ``x``.

        Parameters
        ----------
        x : array_like of float
            Squared singular values.

        Returns
        -------
        float64 array of the same shape
            The probabilities.

        Raises
        ------
        TypeError, ValueError
            If ``x`` is not made of real numbers.
        """
        x = validation.reals("x", x)
        inside = (x > 0.0) & (x < self.support[1])
        probability = self._probability(self._angles(np.where(inside, x, 1.0))[1])
        return np.where(inside, probability, np.where(x > 0.0, 1.0, 0.0))

    def quantile(self, p: ArrayLike) -> Floats:
        """Return the squared singular values below which the fractions ``p`` of all stay.

        Parameters
        ----------
        p : array_like of float
            Probabilities in [0, 1].

        Returns
        -------
        float64 array of the same shape
            The quantiles.

        Raises
        ------
        TypeError, ValueError
            If a probability is not in [0, 1].
        """
        return np.asarray(np.exp(self.log_quantile(p)))

    def log_quantile(self, p: ArrayLike) -> Floats:
        """Return the logarithms of the quantiles, which many factors spread over many decades.

        Parameters
        ----------
        p : array_like of float
            Probabilities in [0, 1].

        Returns
        -------
        float64 array of the same shape
            The natural logarithms of what `quantile` returns, also where that underflows.

        Raises
        ------
        TypeError, ValueError
            If a probability is not in [0, 1].
        """
        levels = validation.probabilities("p", p)
        inside = (levels > 0.0) & (levels < 1.0)
        rest = _rising_root(self._probability, np.where(inside, levels, 0.5), math.pi)
        angle = (math.pi - rest) / (self.factors + 1)
        upper = (self.factors + 1) * angle < 1.0
        largest = math.log(self.support[1])
        from_largest = largest + self._log_ratio(np.where(upper, angle, 0.0))
        values = np.where(upper, from_largest, self._log_value(np.where(upper, 1.0, rest)))
        return np.where(inside, values, np.where(levels == 1.0, largest, -math.inf))

    def _probability(self, rest: Floats) -> Floats:
        """Return the distribution function where (s+1) times the angle lacks ``rest`` of π."""
        s = self.factors
        angle = (math.pi - rest) / (s + 1)
        ratio = np.where(angle > 0.0, np.sin(angle), 1.0) / np.where(
            angle > 0.0, np.sin(s * angle), s
        )
        return np.asarray((rest + s * ratio * np.sin(rest)) / math.pi)

    def _log_value(self, rest: Floats) -> Floats:
        """Return ln x, without cancellation where x is small."""
        s = self.factors
        angle = (math.pi - rest) / (s + 1)
        sines = np.log(np.sin(angle)) + s * np.log(np.sin(s * angle))
        return np.asarray((s + 1) * np.log(np.sin(rest)) - sines)

    def _log_ratio(self, angle: Floats) -> Floats:
        """Return the logarithm of x to its maximum, without cancellation where it is small."""
        s = self.factors
        lost = _log_sinc(angle) + s * _log_sinc(s * angle)
        return np.asarray((s + 1) * _log_sinc((s + 1) * angle) - lost)

    def _angles(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the angles of values inside the support, and what (s+1) times them lacks of π."""
        s, largest = self.factors, self.support[1]
        # Each half of the range is searched from its own end, so that small angles keep digits.
        middle = np.asarray(0.5 * math.pi)
        upper = x > np.exp(self._log_value(middle))
        end = 0.6 * math.pi
        log_ratio = np.log1p(np.where(upper, (x - largest) / largest, -1e-9))
        angle = _rising_root(lambda y: -self._log_ratio(y), -log_ratio, end / (s + 1))
        rest = _rising_root(self._log_value, np.log(np.where(upper, 1e-9, x)), end)
        return (
            np.where(upper, angle, (math.pi - rest) / (s + 1)),
            np.where(upper, math.pi - (s + 1) * angle, rest),
        )


@dataclass(frozen=True)
class TriangularLaw:
    r"""The law of the stretching factors :math:`e^{\lambda_i}` of large Ginibre matrices.

    As n → ∞ with entries of variance :math:`\sigma^2/n`, the numbers
    :math:`\mu = e^{\lambda_i}` have the density :math:`2\mu/\sigma^2` on
    :math:`[0, \sigma]`, a triangle: the exponents themselves have the distribution function
    :math:`e^{2\lambda}/\sigma^2` up to :math:`\ln\sigma` :cite:p:`Newman1986`. Entries need not be
    Gaussian :cite:p:`IsopiNewman1992`.

    Parameters
    ----------
    sigma : float, default 1.0
        The standard deviation of an entry times the square root of n.

    Raises
    ------
    TypeError, ValueError
        If ``sigma`` is no number in [1e-100, 1e100].

    Examples
    --------
    >>> import numpy as np
    >>> from stabsim import theory
    >>> law = theory.TriangularLaw()
    >>> law.cdf([0.5, 1.0])
    array([0.25, 1.  ])
    >>> n = 1000
    >>> factors = np.exp(theory.ginibre_exponents(n, sigma=n**-0.5))
    >>> bool(abs(law.cdf(factors) - (n - np.arange(n)) / n).max() < 1 / n)
    True
    """

    sigma: float = 1.0

    def __post_init__(self) -> None:
        """Check the scale."""
        sigma = validation.real("sigma", self.sigma, least=LEAST_SCALE, most=MOST_SCALE)
        object.__setattr__(self, "sigma", sigma)

    def pdf(self, x: ArrayLike) -> Floats:
        """Return the probability density of the stretching factors.

        Parameters
        ----------
        x : array_like of float
            Stretching factors.

        Returns
        -------
        float64 array of the same shape
            The density.

        Raises
        ------
        TypeError, ValueError
            If ``x`` is not made of real numbers.
        """
        ratio = self._ratio(x)
        return 2.0 / self.sigma * np.where((ratio >= 0.0) & (ratio <= 1.0), ratio, 0.0)

    def cdf(self, x: ArrayLike) -> Floats:
        """Return the fraction of stretching factors that are at most ``x``.

        Parameters
        ----------
        x : array_like of float
            Stretching factors.

        Returns
        -------
        float64 array of the same shape
            The probabilities.

        Raises
        ------
        TypeError, ValueError
            If ``x`` is not made of real numbers.
        """
        return np.asarray(np.clip(self._ratio(x), 0.0, 1.0) ** 2)

    def quantile(self, p: ArrayLike) -> Floats:
        """Return the stretching factors below which the fractions ``p`` of all stay.

        Parameters
        ----------
        p : array_like of float
            Probabilities in [0, 1].

        Returns
        -------
        float64 array of the same shape
            The quantiles.

        Raises
        ------
        TypeError, ValueError
            If a probability is not in [0, 1].
        """
        return np.asarray(self.sigma * np.sqrt(validation.probabilities("p", p)))

    def _ratio(self, x: ArrayLike) -> Floats:
        with np.errstate(over="ignore"):
            return validation.reals("x", x) / self.sigma


def _log_sinc(y: Floats) -> Floats:
    """Return the logarithm of sin(y)/y for y in [0, π), accurate where it is small."""
    small = y < 1.0
    square, series = np.where(small, y, 0.0) ** 2, np.zeros_like(y)
    for k in range(20, 0, -2):
        series = -square / (k * (k + 1)) * (1.0 + series)
    large = np.where(small, 1.0, y)
    return np.where(small, np.log1p(series), np.log(np.sin(large) / large))


def _rising_root(
    function: Callable[[Floats], Floats], targets: Floats, high: float, low: float = 1e-300
) -> Floats:
    """Return where a rising function meets its targets, by halving logarithms."""
    below, above = np.full_like(targets, low), np.full_like(targets, high)
    for _ in range(_HALVINGS):
        middle = np.sqrt(below) * np.sqrt(above)
        low_side = function(middle) < targets
        below, above = np.where(low_side, middle, below), np.where(low_side, above, middle)
    return np.sqrt(below) * np.sqrt(above)
