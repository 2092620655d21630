r"""The exact law of the growth of matrix products.

Where the steps are independent, the logarithm of the norm is a sum of independent variables of a
known characteristic function, so its law at every depth is one Fourier series away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import digamma, gammaln, loggamma, polygamma

from stabsim import _validation as validation
from stabsim._kernels.determinant import log_absolute_determinant
from stabsim._kernels.radial import BETA, CHI
from stabsim.ensembles import AndersonTransfer, Ensemble, FiniteSet, RadialLaw
from stabsim.theory.lyapunov import lloyd_exponent, random_fibonacci_exponent

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

NORMS = ("frobenius", "spectral", "vector", "logdet")

# The Fourier series has this period, in standard deviations of the log-norm, and terms until the
# characteristic function is negligible.
_PERIOD = 80.0
_NEGLIGIBLE = 1e-17
_MOST_TERMS = 1 << 15
# Points of the table from which a quantile is refined, and entries of a matrix of Fourier terms.
_POINTS = 4096
_MOST_ENTRIES = 1 << 22
# Beyond this order no digit of a moment's logarithm is left.
_MOST_ORDER = 1e50
# Beyond this order, or this noncentrality, a Poisson mixture has too many terms.
_MOST_MIXED_ORDER = 1e6
_MOST_NONCENTRALITY = 1e6


@dataclass(frozen=True)
class GrowthLaw:
    r"""The law of a growth with independent identically distributed steps.

    At depth t the logarithm of the norm is :math:`o + \sum_{k=1}^t \ln r_k` with independent
    ratios :math:`r_k`. The squared ratio is a product of variables
    :math:`\sigma^2 \chi^2_{d}` or :math:`\sigma^2 \mathrm{Beta}(d/2, b/2)`, or one
    :math:`\sigma^2` times a noncentral :math:`\chi^2_d(s^2/\sigma^2)`. With digamma :math:`\psi`,
    :math:`\ln r` of a chi variable has the mean :math:`\ln\sigma + \frac12[\ln 2 + \psi(d/2)]`, the
    variance :math:`\frac14\psi'(d/2)`, and
    :math:`E r^q = (\sqrt 2 \sigma)^q\, \Gamma((d+q)/2) / \Gamma(d/2)`
    :cite:p:`Newman1986,Vanneste2010`.

    Parameters
    ----------
    radial : RadialLaw
        The law of a step. You need not write it yourself: see `product_growth`.
    offset : float, default 0.0
        The logarithm :math:`o` of the norm at depth 0.

    Examples
    --------
    The textbook's experiment, 101 factors of size 4, in decades:

    >>> import math, stabsim
    >>> law = stabsim.theory.product_growth(stabsim.Ginibre(4), "vector").law
    >>> print(f"{law.mean(101) / math.log(10):.3f} ± {law.std(101) / math.log(10):.3f}")
    24.474 ± 1.753
    >>> print(f"{law.cdf(23 * math.log(10), 101):.3f}")  # less than 1e23
    0.199
    """

    radial: RadialLaw
    offset: float = 0.0

    @property
    def step_mean(self) -> float:
        """The mean of ln r, which is the Lyapunov exponent."""
        law = self.radial
        mean = len(law.degrees) * math.log(abs(law.scale))
        for degree in law.degrees:
            if law.family == CHI:
                k, weights = self._mixture(degree)
                mean += 0.5 * (math.log(2.0) + float(digamma(k) @ weights))
            else:
                total = degree + law.complement
                mean += 0.5 * float(digamma(0.5 * degree) - digamma(0.5 * total))
        return mean

    @property
    def step_variance(self) -> float:
        """The variance of ln r."""
        law, variance = self.radial, 0.0
        for degree in law.degrees:
            if law.family == CHI:
                k, weights = self._mixture(degree)
                means = digamma(k)
                between = float((means - means @ weights) ** 2 @ weights)
                variance += 0.25 * (float(polygamma(1, k) @ weights) + between)
            else:
                total = degree + law.complement
                variance += 0.25 * float(polygamma(1, 0.5 * degree) - polygamma(1, 0.5 * total))
        return variance

    def mean(self, depth: ArrayLike) -> Floats:
        """Return the mean of the log-norm at every depth.

        Parameters
        ----------
        depth : array_like of int
            Numbers of factors.

        Returns
        -------
        float64 array of the same shape
            The means, in natural logarithms.

        Raises
        ------
        TypeError, ValueError
            If ``depth`` is not made of non-negative integers.
        """
        return np.asarray(self.offset + _depths(depth) * self.step_mean)

    def std(self, depth: ArrayLike) -> Floats:
        """Return the standard deviation of the log-norm at every depth.

        Parameters
        ----------
        depth : array_like of int
            Numbers of factors.

        Returns
        -------
        float64 array of the same shape
            The standard deviations, in natural logarithms.

        Raises
        ------
        TypeError, ValueError
            If ``depth`` is not made of non-negative integers.
        """
        return np.asarray(np.sqrt(_depths(depth) * self.step_variance))

    def log_moment(self, q: ArrayLike) -> NDArray[np.complex128]:
        r"""Return :math:`\ln E\,r^q` of one step.

        Parameters
        ----------
        q : array_like of float or complex
            The orders of the moments, up to 1e50 in magnitude and 1e6 for a noncentral law, with a
            real part above minus the least degrees of freedom.

        Returns
        -------
        complex128 array of the same shape
            The logarithms of the moments.

        Raises
        ------
        TypeError, ValueError
            If an order is no number in its range, or a moment diverges.
        """
        most = self.most_order
        requirement = f"q must be made of finite numbers, of this law up to {most:g}"
        orders = validation.array(requirement, q, kinds="iufc")
        if not (np.abs(orders) <= most).all():
            raise ValueError(f"{requirement}, got {validation.described(q)}")
        law, half = self.radial, 0.5 * orders.astype(np.complex128)
        least = -min(law.degrees)
        if not (2.0 * half.real > least).all():
            raise ValueError(
                f"q must have a real part above {least}, got {validation.described(q)}"
            )
        total = 2.0 * half * len(law.degrees) * math.log(abs(law.scale))
        for degree in law.degrees:
            if law.family == CHI:
                total = total + half * math.log(2.0)
                if self._rate == 0.0:
                    total = total + loggamma(0.5 * degree + half) - loggamma(0.5 * degree)
                else:
                    total = total + _log_mixed_moments(0.5 * degree, self._rate, half)
            else:
                a, c = 0.5 * degree, 0.5 * (degree + law.complement)
                total = total + loggamma(a + half) - loggamma(a) - loggamma(c + half) + loggamma(c)
        return np.asarray(total)

    def pdf(self, x: ArrayLike, depth: int) -> Floats:
        r"""Return the probability density of the log-norm, by a Fourier series.

        Parameters
        ----------
        x : array_like of float
            Values of the log-norm.
        depth : int
            Number of factors.

        Returns
        -------
        float64 array of the same shape
            The density, to about 1e-12 of its maximum, and 1e-9 for n beyond a thousand.

        Raises
        ------
        ValueError
            If the law is a single point, or so singular (a beta law at a small depth) that the
            series does not converge.
        """
        frequencies, terms = self._series(depth)
        y, scale = self._standardized(x, depth)

        def density(points: Floats) -> Floats:
            waves = np.exp(-1j * np.multiply.outer(points, frequencies))
            return np.asarray((1.0 + 2.0 * (waves @ terms).real) / _PERIOD)

        values = _blockwise(density, np.clip(y, -_PERIOD / 2, _PERIOD / 2)) / scale
        return np.where(np.abs(y) < _PERIOD / 2, np.maximum(values, 0.0), 0.0)

    def cdf(self, x: ArrayLike, depth: int) -> Floats:
        """Return the probability that the log-norm is at most ``x``, by a Fourier series.

        Parameters
        ----------
        x : array_like of float
            Values of the log-norm.
        depth : int
            Number of factors.

        Returns
        -------
        float64 array of the same shape
            The probabilities, to about 1e-12, and 1e-8 for n beyond a thousand or beside a heavy
            left tail, as that of ``Shifted(Ginibre(1), ...)``.

        Raises
        ------
        ValueError
            As in `pdf`, save that the law of a single point is its step.
        """
        depth = validation.integer("depth", depth, least=1)
        if self.step_variance == 0.0:
            return np.where(validation.reals("x", x) >= self.mean(depth), 1.0, 0.0)
        frequencies, terms = self._series(depth)
        y, _ = self._standardized(x, depth)
        start = np.exp(0.5j * frequencies * _PERIOD)

        def probability(points: Floats) -> Floats:
            waves = np.exp(-1j * np.multiply.outer(points, frequencies)) - start
            integral = points + _PERIOD / 2 + 2.0 * (waves @ (1j * terms / frequencies)).real
            return np.asarray(integral / _PERIOD)

        values = np.clip(_blockwise(probability, np.clip(y, -_PERIOD / 2, _PERIOD / 2)), 0.0, 1.0)
        return np.asarray(values)

    def quantile(self, q: ArrayLike, depth: int) -> Floats:
        """Return the log-norms below which the fractions ``q`` of all products stay.

        Parameters
        ----------
        q : array_like of float
            Probabilities in (0, 1).
        depth : int
            Number of factors.

        Returns
        -------
        float64 array of the same shape
            The quantiles, refined by Newton's method from a table.

        Raises
        ------
        ValueError
            As in `pdf`, or if a probability is not in (0, 1).
        """
        levels = validation.reals("q", q)
        if not ((levels > 0.0) & (levels < 1.0)).all():
            raise ValueError(f"q must be probabilities in (0, 1), got {validation.described(q)}")
        depth = validation.integer("depth", depth, least=1)
        if self.step_variance == 0.0:
            return np.full(levels.shape, self.mean(depth))
        grid = self.mean(depth) + self.std(depth) * np.linspace(-0.5, 0.5, _POINTS) * _PERIOD
        x = np.interp(levels, np.maximum.accumulate(self.cdf(grid, depth)), grid)
        for _ in range(3):
            slope = np.maximum(self.pdf(x, depth), 1e-300)
            step = (self.cdf(x, depth) - levels) / slope
            x = x - np.clip(step, -0.1 * self.std(depth), 0.1 * self.std(depth))
        return np.asarray(x)

    @property
    def most_order(self) -> float:
        """The magnitude up to which `log_moment` takes orders."""
        return _MOST_ORDER if self._rate == 0.0 else _MOST_MIXED_ORDER

    @property
    def _rate(self) -> float:
        """The rate of the Poisson mixture of chi variables, half the noncentrality."""
        return 0.5 * (self.radial.shift / self.radial.scale) ** 2

    def _mixture(self, degree: int) -> tuple[Floats, Floats]:
        """Return half the degrees of freedom of the chi variables mixed, and their weights."""
        rate = self._rate
        if rate == 0.0:
            return np.array([0.5 * degree]), np.ones(1)
        j = _around(rate)
        weights = np.exp(j * math.log(rate) - rate - gammaln(j + 1.0))
        return 0.5 * degree + j, weights / weights.sum()

    def _standardized(self, x: ArrayLike, depth: int) -> tuple[Floats, float]:
        scale = float(self.std(depth))
        with np.errstate(over="ignore"):
            return (validation.reals("x", x) - self.mean(depth)) / scale, scale

    def _series(self, depth: int) -> tuple[Any, Any]:
        """Return the frequencies and the characteristic function of the standardized law."""
        depth = validation.integer("depth", depth, least=1)
        if self.step_variance == 0.0:
            raise ValueError("the law must not be a single point, got a step without variance")
        terms = 256
        while True:
            frequencies = 2.0 * math.pi / _PERIOD * np.arange(1, terms + 1)
            omega = frequencies / float(self.std(depth))
            exponents = depth * (self.log_moment(1j * omega) - 1j * omega * self.step_mean)
            if exponents[-1].real < math.log(_NEGLIGIBLE):
                return frequencies, np.exp(exponents)
            terms *= 2
            if terms > _MOST_TERMS:
                raise ValueError(
                    "depth must be large enough for a smooth law, whose Fourier series converges, "
                    f"got {depth}"
                )


def _depths(depth: ArrayLike) -> Floats:
    requirement = "depth must be made of non-negative integers"
    depths = validation.array(requirement, depth, kinds="iu")
    if not (depths >= 0.0).all():
        raise ValueError(f"{requirement}, got {validation.described(depth)}")
    return depths


def _around(mode: float) -> Floats:
    """Return the terms of a Poisson mixture that count, where the largest is this one."""
    reach = 10.0 * math.sqrt(mode) + 40.0
    return np.arange(max(0.0, math.floor(mode - reach)), math.ceil(mode + reach))


def _log_mixed_moments(
    degrees: float, rate: float, half: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """Return the logarithm of the Poisson mean of Gamma(k + half)/Gamma(k) for k = degrees + j."""
    flat = half.ravel()
    values = np.empty_like(flat)
    for real in np.unique(flat.real):
        # The larger the order, the later the terms that count; two successive ones are equal here.
        excess = rate - degrees
        mode = 0.5 * (excess + math.sqrt(excess**2 + 4.0 * rate * max(degrees + real, 0.0)))
        j = _around(mode)
        k, log_weights = degrees + j, j * math.log(rate) - rate - gammaln(j + 1.0)
        same = np.flatnonzero(flat.real == real)
        for part in np.array_split(same, max(1, same.size * k.size // _MOST_ENTRIES)):
            terms = loggamma(k + flat[part, None]) - loggamma(k) + log_weights
            # Beyond the largest, so that none of them overflows.
            largest = terms.real.max(axis=1)
            values[part] = largest + np.log(np.exp(terms - largest[:, None]).sum(axis=1))
    return values.reshape(half.shape)


def _blockwise(function: Any, points: Floats) -> Floats:
    """Evaluate ``function`` on blocks of points, so that the matrix of terms stays small."""
    flat = np.atleast_1d(points).ravel()
    parts = np.array_split(flat, max(1, flat.size * 1024 // _MOST_ENTRIES))
    return np.concatenate([function(part) for part in parts]).reshape(points.shape)


@dataclass(frozen=True)
class ExactGrowth:
    """What is known exactly about the growth of a matrix product.

    Attributes
    ----------
    lyapunov : float
        The growth rate per factor, in natural logarithms.
    law : GrowthLaw or None
        The law of the log-norm at every depth, where it is known.
    """

    lyapunov: float
    law: GrowthLaw | None = None


def product_growth(ensemble: Ensemble, norm: str = "vector") -> ExactGrowth | None:
    r"""Return what is known exactly about the growth of products of an ensemble.

    Parameters
    ----------
    ensemble : Ensemble
        The law of a factor.
    norm : {"vector", "frobenius", "spectral", "logdet"}, default "vector"
        What grows: the image of a fixed unit vector, a norm of the product, or its determinant.
        The first three have the same growth rate; the whole law is known for rotation invariant
        ensembles, for a vector and for the determinant.

    Returns
    -------
    ExactGrowth or None
        The growth rate and, where it is known, the law; None where nothing is known.

    Raises
    ------
    TypeError, ValueError
        If ``ensemble`` is no ensemble or ``norm`` another word.

    Notes
    -----
    The growth rate of the determinant is the sum of all Lyapunov exponents, which is
    :math:`E \ln|\det A|`: a finite sum for a `FiniteSet`, and zero for transfer matrices, whose
    determinant is 1.

    Examples
    --------
    >>> import stabsim
    >>> round(stabsim.theory.product_growth(stabsim.Ginibre(4)).lyapunov, 10)
    0.5579657578
    >>> residual = stabsim.Shifted(stabsim.Ginibre(64), scale=0.1)
    >>> round(stabsim.theory.product_growth(residual).lyapunov, 6)
    0.242405
    """
    if not isinstance(ensemble, Ensemble):
        raise TypeError(f"ensemble must be an Ensemble, got {validation.described(ensemble)}")
    validation.choice("norm", norm, NORMS)
    law = _growth_law(ensemble, norm)
    if law is not None:
        return ExactGrowth(law.step_mean, law)
    exponent = _determinant_exponent(ensemble) if norm == "logdet" else _top_exponent(ensemble)
    return None if exponent is None else ExactGrowth(exponent)


def _growth_law(ensemble: Ensemble, norm: str) -> GrowthLaw | None:
    """Return the law of independent steps, if they are and have the closed forms needed."""
    radial = ensemble.radial_law(norm)
    if radial is None or radial.scale == 0.0:
        return None
    if radial.shift != 0.0 and (
        radial.family == BETA or (radial.shift / radial.scale) ** 2 > _MOST_NONCENTRALITY
    ):
        return None
    return GrowthLaw(radial, 0.5 * math.log(ensemble.n) if norm == "frobenius" else 0.0)


def _top_exponent(ensemble: Ensemble) -> float | None:
    match ensemble:
        case AndersonTransfer(distribution="cauchy", width=1):
            return lloyd_exponent(ensemble.energy, ensemble.disorder)
        case FiniteSet() if ensemble == FiniteSet.random_fibonacci():
            return random_fibonacci_exponent()
    # A rotation invariant product grows in every direction alike.
    law = _growth_law(ensemble, "vector")
    return None if law is None else law.step_mean


def _determinant_exponent(ensemble: Ensemble) -> float | None:
    if isinstance(ensemble, AndersonTransfer):
        return 0.0
    if isinstance(ensemble, FiniteSet):
        possible = ensemble.probabilities > 0.0
        # The kernel's own elimination, so that both sides agree on which matrices are singular.
        logarithms = [
            log_absolute_determinant(matrix.copy()) for matrix in ensemble.matrices[possible]
        ]
        return float(ensemble.probabilities[possible] @ logarithms)
    return None
