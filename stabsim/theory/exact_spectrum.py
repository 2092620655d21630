"""Whole Lyapunov spectra that are known exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma, polygamma

from stabsim import _validation as validation
from stabsim.ensembles import (
    IID,
    Alternating,
    AndersonTransfer,
    Ensemble,
    FiniteSet,
    Ginibre,
    Haar,
    Rectangular,
    Shifted,
    TruncatedHaar,
    Wishart,
)
from stabsim.theory.finite_sets import (
    as_finite_set,
    rank_one_overlaps,
    similarity_scales,
    triangular_diagonals,
)
from stabsim.theory.growth import product_growth
from stabsim.theory.lyapunov import (
    ginibre_exponents,
    ginibre_variances,
    lloyd_exponent,
    random_fibonacci_exponent,
    truncated_haar_exponents,
    truncated_haar_variances,
    wishart_exponents,
)
from stabsim.theory.two_by_two import shear_pair_exponent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Factors whose stretching of a frame has the same law for every frame.
ROTATION_INVARIANT = (Ginibre, Haar, TruncatedHaar, Wishart)
_SHEARS = [[[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]]]
# Exponents closer than this are one exponent of a higher multiplicity.
_COINCIDENT = 1e-12


@dataclass(frozen=True, eq=False)
class ExactSpectrum:
    r"""All Lyapunov exponents of a product, and their variances where they are known.

    Parameters
    ----------
    exponents : (n,) array_like of float
        The exponents, descending, per factor in natural logarithms; ``-inf`` where directions are
        lost.
    variances : (n,) array_like of float, optional
        The variances of the central limit theorem: the exponent of t factors has this variance
        divided by t as t → ∞. Lost directions have 0. None where they are unknown, or where equal
        exponents that vary are no normal variables in the limit.

    Examples
    --------
    >>> import stabsim
    >>> spectrum = stabsim.theory.lyapunov_spectrum(stabsim.Ginibre(2))
    >>> spectrum.exponents.round(6), spectrum.variances.round(6)
    (array([ 0.057966, -0.635181]), array([0.411234, 1.233701]))
    """

    exponents: NDArray[np.float64]
    variances: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("exponents", "variances"):
            if getattr(self, name) is not None:
                array = np.array(getattr(self, name), dtype=np.float64)
                array.flags.writeable = False
                object.__setattr__(self, name, array)


def lyapunov_spectrum(ensemble: Ensemble) -> ExactSpectrum | None:
    r"""Return the exact Lyapunov spectrum of an ensemble, where all of it is known.

    Known are: ``Ginibre``, ``Haar``, ``TruncatedHaar`` and ``Wishart`` of either field
    (`ginibre_exponents`, `truncated_haar_exponents`, `wishart_exponents`), ``Alternating`` ones of
    these, and ``Rectangular`` Gaussian factors; most 1×1 matrices; the Lloyd model on a chain
    (`lloyd_exponent`), and bars without disorder; and, of the finite sets, random Fibonacci
    (`random_fibonacci_exponent`), the two shears (`shear_pair_exponent`), and those of

    - matrices triangular in a common basis, as commuting ones or a single one:
      :math:`E \ln|a_{ii}|` for each diagonal entry,
    - orthogonal or unitary matrices times scales :math:`c`: :math:`E \ln c`, n times,
    - matrices of rank one, :math:`u v^\top`: :math:`E \ln |v \cdot u'|` with an independent u', and
      ``-inf`` else :cite:p:`LimaRahibe1994`.

    Shifts of finite sets are finite sets; shifts by 0 move the exponents by :math:`\ln|c|`.

    Parameters
    ----------
    ensemble : Ensemble
        The law of a factor.

    Returns
    -------
    ExactSpectrum or None
        The exponents and their variances; None where not all exponents are known.

    Raises
    ------
    TypeError
        If ``ensemble`` is no ensemble.

    Examples
    --------
    >>> import stabsim
    >>> stabsim.theory.lyapunov_spectrum(stabsim.FiniteSet.random_fibonacci()).exponents
    array([ 0.1239756, -0.1239756])
    >>> triangular = stabsim.FiniteSet([[[2.0, 5.0], [0.0, 0.5]], [[8.0, 1.0], [0.0, 0.5]]])
    >>> spectrum = stabsim.theory.lyapunov_spectrum(triangular)
    >>> spectrum.exponents, spectrum.variances  # ln 4 and -ln 2, (ln 2)² and 0
    (array([ 1.38629436, -0.69314718]), array([0.48045301, 0.        ]))
    >>> stabsim.theory.lyapunov_spectrum(stabsim.IID(2, "uniform"))  # unknown, hence None
    """
    if not isinstance(ensemble, Ensemble):
        raise TypeError(f"ensemble must be an Ensemble, got {validation.described(ensemble)}")
    n = ensemble.n
    if isinstance(ensemble, AndersonTransfer):
        return _anderson_spectrum(ensemble)
    finite = as_finite_set(ensemble)
    if finite is not None:
        return _finite_spectrum(finite)
    match ensemble:
        case Ginibre(sigma=sigma, field=field):
            exponents = ginibre_exponents(n, sigma=sigma, field=field)
            return ExactSpectrum(exponents, ginibre_variances(n, field=field))
        case Haar(scale=scale):
            return ExactSpectrum(np.full(n, math.log(scale)), np.zeros(n))
        case TruncatedHaar(size=size, field=field):
            exponents = truncated_haar_exponents(n, size, field=field)
            return ExactSpectrum(exponents, truncated_haar_variances(n, size, field=field))
        case Wishart(degrees=degrees, sigma=sigma, field=field):
            return ExactSpectrum(wishart_exponents(n, degrees, sigma=sigma, field=field))
        case Rectangular():
            return _rectangular_spectrum(ensemble)
        case Alternating():
            return _alternating_spectrum(ensemble)
        case Shifted(shift=0.0):
            inner = lyapunov_spectrum(ensemble.ensemble)
            if inner is None:
                return None
            exponents = inner.exponents + math.log(abs(ensemble.scale))
            return ExactSpectrum(exponents, inner.variances)
        case Shifted(n=1):
            exact = product_growth(ensemble)
            if exact is None or exact.law is None:
                return None
            return _spectrum_of_one(exact.lyapunov, exact.law.step_variance)
        case IID(n=1):
            return _entry_spectrum(ensemble)
    return None


def _anderson_spectrum(ensemble: AndersonTransfer) -> ExactSpectrum | None:
    energy, disorder = ensemble.energy, ensemble.disorder
    if disorder == 0.0:
        # Every channel is a chain at the energy that its transverse wave leaves.
        channels = energy - np.linalg.eigvalsh(ensemble.transverse)
        positive = np.sort([lloyd_exponent(float(channel), 0.0) for channel in channels])
        return ExactSpectrum(np.concatenate([positive[::-1], -positive]), np.zeros(ensemble.n))
    if ensemble.sites == 1 and ensemble.distribution == "cauchy":
        exponent = lloyd_exponent(energy, disorder)
        return ExactSpectrum(np.array([exponent, -exponent]))
    return None


def _rectangular_spectrum(ensemble: Rectangular) -> ExactSpectrum:
    """Return the mean over a cycle of widths, whose rows are those of the factors' outputs."""
    least, field = min(ensemble.widths), ensemble.field
    rows = (*ensemble.widths[1:], ensemble.widths[0])
    exponents, variances = np.full(ensemble.n, -math.inf), np.zeros(ensemble.n)
    exponents[:least] = np.mean(
        [
            ginibre_exponents(n, sigma=sigma, field=field)[:least]
            for n, sigma in zip(rows, ensemble.sigmas, strict=True)
        ],
        axis=0,
    )
    variances[:least] = np.mean([ginibre_variances(n, field=field)[:least] for n in rows], axis=0)
    return ExactSpectrum(exponents, variances)


def _alternating_spectrum(ensemble: Alternating) -> ExactSpectrum | None:
    """Return the mean over a cycle of factors, each of which knows no direction."""
    if not all(isinstance(member, ROTATION_INVARIANT) for member in ensemble.ensembles):
        return None
    spectra = [lyapunov_spectrum(member) for member in ensemble.ensembles]
    known = [spectrum for spectrum in spectra if spectrum is not None]
    exponents = np.mean([spectrum.exponents for spectrum in known], axis=0)
    variances = [s.variances for s in known if s.variances is not None]
    if len(variances) < len(known):
        return ExactSpectrum(exponents)
    return ExactSpectrum(exponents, np.where(np.isfinite(exponents), np.mean(variances, axis=0), 0))


def _spectrum_of_one(exponent: float, variance: float) -> ExactSpectrum:
    return ExactSpectrum(np.array([exponent]), np.array([variance]))


def _entry_spectrum(ensemble: IID) -> ExactSpectrum:
    """Return the mean and the variance of ln|a| of one entry."""
    mean, variance = math.log(ensemble.sigma), 0.0
    match ensemble.distribution:
        case "uniform":
            mean, variance = mean + 0.5 * math.log(3.0) - 1.0, 1.0
        case "laplace":
            mean, variance = mean - 0.5 * math.log(2.0) - np.euler_gamma, math.pi**2 / 6.0
        case "student_t":
            # The ratio of a Gaussian to an independent chi variable.
            degrees = float(ensemble.degrees_of_freedom or math.nan)
            # Up to 2 degrees the law has no variance and is not standardized.
            spread = degrees - 2.0 if degrees > 2.0 else degrees
            mean += 0.5 * (math.log(spread) + float(digamma(0.5) - digamma(0.5 * degrees)))
            variance = 0.25 * float(polygamma(1, 0.5) + polygamma(1, 0.5 * degrees))
        case "cauchy" | "stable":
            index = float(ensemble.stability or 1.0)
            mean += np.euler_gamma * (1.0 / index - 1.0)
            variance = math.pi**2 / 6.0 * (1.0 / index**2 + 0.5)
        case "sparse":
            density = float(ensemble.density or math.nan)
            if density < 1.0:
                return _spectrum_of_one(-math.inf, 0.0)
            mean += 0.5 * (math.log(2.0) + float(digamma(0.5)))
            variance = 0.25 * float(polygamma(1, 0.5))
    return _spectrum_of_one(mean, variance)


def _finite_spectrum(ensemble: FiniteSet) -> ExactSpectrum | None:
    n, matrices, probabilities = ensemble.n, ensemble.matrices, ensemble.probabilities
    if (matrices == 0.0).all(axis=(1, 2)).any():
        return ExactSpectrum(np.full(n, -math.inf), np.zeros(n))
    known = _named_exponent(ensemble)
    if known is not None:
        return ExactSpectrum(np.array([known, -known]))
    diagonals = triangular_diagonals(matrices)
    if diagonals is not None:
        return _independent_spectrum(abs(diagonals), probabilities)
    scales = similarity_scales(matrices)
    if scales is not None:
        return _independent_spectrum(np.repeat(scales[:, None], n, axis=1), probabilities)
    overlaps = rank_one_overlaps(matrices)
    if overlaps is not None:
        return _rank_one_spectrum(overlaps, probabilities, n)
    return None


def _named_exponent(ensemble: FiniteSet) -> float | None:
    """Return the largest exponent of a pair of matrices that the literature knows."""
    if ensemble.matrices.shape != (2, 2, 2):
        return None
    for order in (slice(None), slice(None, None, -1)):
        matrices, probabilities = ensemble.matrices[order], ensemble.probabilities[order]
        if FiniteSet(matrices, probabilities) == FiniteSet.random_fibonacci():
            return random_fibonacci_exponent()
        if (matrices == _SHEARS).all() and 0.01 <= probabilities[0] <= 0.99:
            return shear_pair_exponent(float(probabilities[0]))
    return None


def _independent_spectrum(entries: Floats, probabilities: Floats) -> ExactSpectrum:
    """Return the spectrum of matrices (m,) with these absolute diagonal entries (m, n)."""
    with np.errstate(divide="ignore"):
        logarithms = np.log(entries)
    means = probabilities @ logarithms
    order = np.argsort(-means, kind="stable")
    means, logarithms = means[order], logarithms[:, order]
    finite = np.isfinite(means)
    beyond = np.where(finite, logarithms, 0.0) - np.where(finite, means, 0.0)
    variances = probabilities @ beyond**2
    # Exponents that coincide without being the same variable compete for the larger place.
    coincident = np.diff(np.where(finite, means, 0.0)) > -_COINCIDENT
    different = (abs(np.diff(beyond, axis=1)) > _COINCIDENT).any(axis=0)
    if (coincident & different & finite[1:]).any():
        return ExactSpectrum(means)
    return ExactSpectrum(means, variances)


def _rank_one_spectrum(overlaps: Floats, probabilities: Floats, n: int) -> ExactSpectrum:
    """Return the spectrum of matrices of rank one by the overlaps of successive ones."""
    exponents, variances = np.full(n, -math.inf), np.zeros(n)
    if (overlaps > 0.0).all():
        logarithms = np.log(overlaps)
        exponents[0] = probabilities @ logarithms @ probabilities
        beyond = logarithms - exponents[0]
        # Successive growths share a matrix, others are independent.
        shared = (probabilities @ beyond) * (beyond @ probabilities)
        variances[0] = probabilities @ (beyond**2 @ probabilities + 2.0 * shared)
    return ExactSpectrum(exponents, variances)
