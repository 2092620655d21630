"""Generalized Lyapunov exponents, the growth rates of moments, that are known exactly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import gammaln

from stabsim import _validation as validation
from stabsim._kernels.radial import CHI
from stabsim.ensembles import (
    IID,
    Alternating,
    AndersonTransfer,
    Ensemble,
    FiniteSet,
    Haar,
    RadialLaw,
    Rectangular,
    Shifted,
    TruncatedHaar,
    Wishart,
)
from stabsim.theory.exact_spectrum import ROTATION_INVARIANT
from stabsim.theory.finite_sets import (
    as_finite_set,
    rank_one_overlaps,
    similarity_scales,
    triangular_diagonals,
)
from stabsim.theory.growth import GrowthLaw, product_growth

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

# The largest order, and the largest dimension of tensors, whose growth is computed.
_LARGEST_ORDER = 64
_MOST_TENSORS = 700


def moment_exponents(ensemble: Ensemble, q: ArrayLike) -> Floats | None:
    r"""Return the generalized Lyapunov exponents of an ensemble, where they are known.

    .. math:: L(q) = \lim_{t\to\infty} \frac1t \ln E\,\|A_t \cdots A_1 v\|^q

    for almost every vector v :cite:p:`Crisanti1993,Vanneste2010`. Known are

    - rotation invariant ensembles (also ``Wishart``, ``Rectangular``, and ``Alternating`` between
      them) and shifts of Gaussian ones, for every q: :math:`\ln E\,r^q` of one step
      (see `GrowthLaw.log_moment`);
    - finite sets, for even q: the logarithm of the spectral radius of
      :math:`E[A^{\otimes q}]` on symmetric tensors, and for odd positive q where no entry is
      negative :cite:p:`Bouchaud1986`; for every q where the matrices are 1×1, orthogonal up to a
      scale, of rank one, or a single one; the first moment of random Fibonacci, 1 less
      than the real root of :math:`\alpha^3 = 2\alpha^2 + 1` :cite:p:`Rittaud2007`;
    - the Anderson model on a chain, for even q, in the same way;
    - independent entries, for q = 2, :math:`\ln(n\sigma^2)`, and q = 4.

    Parameters
    ----------
    ensemble : Ensemble
        The law of a factor.
    q : (Q,) array_like of float
        The orders.

    Returns
    -------
    (Q,) float64 array or None
        The exponents, in natural logarithms per factor: NaN where one is not known, infinite
        where the moment is. None where nothing is known about the ensemble.

    Raises
    ------
    TypeError, ValueError
        If ``ensemble`` is no ensemble or ``q`` no vector of finite real numbers.

    Notes
    -----
    For even q, and for odd q and non-negative entries, the moment is a linear function of the
    expected tensor :math:`E(A v)^{\otimes q}`, up to constant factors. Orders above 64 and tensors
    of more than 700 dimensions are left as NaN. :math:`L(0) = 0` unless products may vanish (NaN).

    Examples
    --------
    >>> import numpy as np, stabsim
    >>> stabsim.theory.moment_exponents(stabsim.Ginibre(4), [-4.0, 0.0, 2.0])  # inf, 0, ln 4
    array([       inf, 0.        , 1.38629436])
    >>> fibonacci = stabsim.FiniteSet.random_fibonacci()
    >>> np.exp(stabsim.theory.moment_exponents(fibonacci, [1.0, 2.0])).round(9)  # and golden ratio
    array([1.20556943, 1.61803399])
    """
    if not isinstance(ensemble, Ensemble):
        raise TypeError(f"ensemble must be an Ensemble, got {validation.described(ensemble)}")
    orders = _orders(q)
    finite = as_finite_set(ensemble)
    if finite is not None:
        return _finite_moments(finite, orders)
    match ensemble:
        case Haar(scale=scale):
            return orders * math.log(scale)
        case TruncatedHaar(n=n, size=size) if n == size:
            return np.zeros(orders.shape)
        case AndersonTransfer(width=1):
            return _anderson_moments(ensemble, orders)
        case IID():
            return _entry_moments(ensemble, orders)
        case Wishart():
            return _wishart_moments(ensemble, orders)
        case Rectangular():
            return _rectangular_moments(ensemble, orders)
        case Alternating():
            return _alternating_moments(ensemble, orders)
        case Shifted(shift=0.0):
            inner = moment_exponents(ensemble.ensemble, orders)
            return None if inner is None else inner + orders * math.log(abs(ensemble.scale))
    exact = product_growth(ensemble)
    if exact is None or exact.law is None:
        return None
    return _step_moments(exact.law, orders)


def _step_moments(law: GrowthLaw, orders: Floats) -> Floats:
    """Return the logarithms of the moments of one step, infinite where they diverge.

    They are NaN where the order is too large for them.
    """
    exists, known = orders > -min(law.radial.degrees), orders <= law.most_order
    values = np.where(exists, math.nan, math.inf)
    values[exists & known] = law.log_moment(orders[exists & known]).real
    return values


def _wishart_moments(ensemble: Wishart, orders: Floats) -> Floats:
    """Return the moments of the stretch of a vector, chi-square and beta variables' product.

    With the row x of X that belongs to the vector and the Gaussians y that the others make of its
    direction, it is |x| times the length of (|x|, y).
    """
    parts = 2 if ensemble.field == "complex" else 1
    degrees, others = parts * ensemble.degrees, parts * (ensemble.n - 1)
    exists = (orders > -degrees) & (2.0 * orders > -degrees - others)
    q, values = orders[exists], np.full(orders.shape, math.inf)
    a, total = 0.5 * degrees, 0.5 * (degrees + others)
    beta = gammaln(a + 0.5 * q) - gammaln(a) - gammaln(total + 0.5 * q) + gammaln(total)
    chi_square = gammaln(total + q) - gammaln(total)
    values[exists] = beta + chi_square + q * math.log(2.0 / parts * ensemble.sigma**2)
    return values


def _rectangular_moments(ensemble: Rectangular, orders: Floats) -> Floats:
    """Return the mean over a cycle, of Gaussian vectors with as many entries as factors rows."""
    parts = 2 if ensemble.field == "complex" else 1
    rows = (*ensemble.widths[1:], ensemble.widths[0])
    laws = [
        GrowthLaw(RadialLaw(CHI, (parts * n,), 0, 0.0, sigma / math.sqrt(parts)))
        for n, sigma in zip(rows, ensemble.sigmas, strict=True)
    ]
    return np.asarray(np.mean([_step_moments(law, orders) for law in laws], axis=0))


def _alternating_moments(ensemble: Alternating, orders: Floats) -> Floats | None:
    """Return the mean over a cycle of factors, each of which knows no direction."""
    if not all(isinstance(member, ROTATION_INVARIANT) for member in ensemble.ensembles):
        return None
    known = [moment_exponents(member, orders) for member in ensemble.ensembles]
    return np.asarray(np.mean([values for values in known if values is not None], axis=0))


def _orders(q: ArrayLike) -> Floats:
    requirement = "q must be a vector of finite real numbers"
    orders = validation.array(requirement, q)
    if orders.ndim != 1 or not np.isfinite(orders).all():
        raise ValueError(f"{requirement}, got {validation.described(q)}")
    return orders


def _entry_moments(ensemble: IID, orders: Floats) -> Floats:
    """Return the moments of matrices with independent entries: the second and the fourth."""
    n, scale, limit = ensemble.n, math.log(ensemble.sigma), ensemble.moment_limit
    values = np.full(orders.shape, math.nan)
    values[orders == 2.0] = math.log(n) + 2.0 * scale
    excess = 0.0
    match ensemble.distribution:
        case "uniform":
            excess = -1.2
        case "rademacher":
            excess = -2.0
        case "laplace":
            excess = 3.0
        case "student_t" if limit > 4.0:
            excess = 6.0 / (limit - 4.0)
        case "stable" if limit > 4.0:
            # A Gaussian, of twice the variance.
            values[orders == 2.0] += math.log(2.0)
            scale += 0.5 * math.log(2.0)
        case "sparse":
            excess = 3.0 / float(ensemble.density or math.nan) - 3.0
    # |v|⁴ and the sum of the fourth powers of v: what a factor makes of the pair, on average.
    pair = np.array([[n * (n + 2.0), n * excess], [3.0 * n, n * excess]])
    values[orders == 4.0] = math.log(abs(np.linalg.eigvals(pair)).max()) + 4.0 * scale
    values[orders >= limit] = math.inf
    if ensemble.distribution not in {"rademacher", "sparse"}:
        # The image of a vector has a positive density at 0.
        values[orders <= -n] = math.inf
        values[orders == 0.0] = 0.0
    return values


def _anderson_moments(ensemble: AndersonTransfer, orders: Floats) -> Floats:
    """Return the even moments of a chain, whose factors are linear in the disorder."""
    values = np.full(orders.shape, math.nan)
    values[orders == 0.0] = 0.0
    if ensemble.distribution == "cauchy":
        values[orders >= 1.0] = math.inf
        return values
    for i in np.flatnonzero(_computable(orders) & (orders % 2.0 == 0.0)):
        order = int(orders[i])
        # Gauss's rule is exact for the moments of the disorder up to the order.
        if ensemble.distribution == "uniform":
            nodes, weights = np.polynomial.legendre.leggauss(order // 2 + 1)
            nodes = 0.5 * nodes
        else:
            nodes, weights = np.polynomial.hermite_e.hermegauss(order // 2 + 1)
        matrices = np.zeros((nodes.size, 2, 2))
        matrices[:, 0, 0] = ensemble.energy - ensemble.disorder * nodes
        matrices[:, 0, 1], matrices[:, 1, 0] = -1.0, 1.0
        values[i] = _tensor_growth(matrices, weights / weights.sum(), order)
    return values


def _finite_moments(ensemble: FiniteSet, orders: Floats) -> Floats:
    matrices, probabilities = ensemble.matrices, ensemble.probabilities
    scales = similarity_scales(matrices)
    if scales is not None:
        # One step on the one state that there is.
        return _chain_moments(np.tile(scales, (scales.size, 1)), probabilities, orders)
    overlaps = rank_one_overlaps(matrices)
    if overlaps is not None:
        return _chain_moments(overlaps, probabilities, orders)
    diagonals = triangular_diagonals(matrices)
    if len(matrices) == 1 and diagonals is not None:
        return _chain_moments(abs(diagonals).max(axis=1, keepdims=True), probabilities, orders)
    values = np.full(orders.shape, math.nan)
    if (np.linalg.matrix_rank(matrices) == ensemble.n).all():
        values[orders == 0.0] = 0.0
    if ensemble == FiniteSet.random_fibonacci():
        values[orders == 1.0] = math.log(np.roots([1.0, -2.0, 0.0, -1.0]).real.max() - 1.0)
    known = _computable(orders)
    if matrices.dtype.kind == "c" or (matrices < 0.0).any():
        known &= orders % 2.0 == 0.0
    for i in np.flatnonzero(known):
        values[i] = _tensor_growth(matrices, probabilities, int(orders[i]))
    return values


def _chain_moments(stretches: Floats, probabilities: Floats, orders: Floats) -> Floats:
    """Return the moments where state j comes after i with its probability and stretches by (i, j).

    They are the spectral radii of the chain's matrix weighted with powers of the stretches.
    """
    if (stretches == 0.0).any():
        values = np.where(orders < 0.0, math.inf, math.nan)
    else:
        values = np.zeros(orders.shape)
    largest, least = stretches.max(), stretches.min()
    for i in np.flatnonzero((orders > 0.0) | ((orders < 0.0) & (least > 0.0))):
        unit = largest if orders[i] > 0.0 else least
        if unit == 0.0:
            values[i] = -math.inf
            continue
        weighted = probabilities * (stretches / unit) ** orders[i]
        values[i] = _log_radius(weighted) + orders[i] * math.log(unit)
    return values


def _computable(orders: Floats) -> NDArray[np.bool_]:
    return np.asarray((orders > 0.0) & (orders % 1.0 == 0.0) & (orders <= _LARGEST_ORDER))


def _log_radius(matrix: NDArray[Any]) -> float:
    """Return the logarithm of the spectral radius."""
    radius = float(abs(np.linalg.eigvals(matrix)).max())
    return math.log(radius) if radius > 0.0 else -math.inf


def _tensor_growth(matrices: NDArray[Any], probabilities: Floats, order: int) -> float:
    """Return the logarithm of the spectral radius of the expected tensor power, NaN if too large.

    Of complex matrices, one half of the powers is of the conjugates.
    """
    mixed = matrices.dtype.kind == "c"
    degree = order // 2 if mixed else order
    n = matrices.shape[1]
    dimension = math.comb(n + degree - 1, degree)
    if dimension ** (2 if mixed else 1) > _MOST_TENSORS:
        return math.nan
    size = float(abs(matrices).max())
    powers = [symmetric_power(matrix / size, degree) for matrix in matrices]
    if mixed:
        powers = [np.kron(power, power.conj()) for power in powers]
    mean = np.tensordot(probabilities, np.array(powers), axes=1)
    return _log_radius(mean) + order * math.log(size)


def symmetric_power(matrix: NDArray[Any], degree: int) -> NDArray[Any]:
    """Return a matrix's action on symmetric tensors, in an orthonormal basis.

    Its rows are those of the polynomials that the monomials become, built degree by degree.
    """
    n = matrix.shape[0]
    monomials = [tuple(int(i == j) for j in range(n)) for i in range(n)]
    rows = matrix
    for _ in range(degree - 1):
        places = {monomial: i for i, monomial in enumerate(monomials)}
        larger = sorted({_raised(monomial, i) for monomial in monomials for i in range(n)})
        new_places = {monomial: i for i, monomial in enumerate(larger)}
        # Every monomial is a variable, its first one, times a monomial of the degree before.
        first = [next(i for i in range(n) if monomial[i]) for monomial in larger]
        parents = rows[[places[_raised(m, i, -1)] for m, i in zip(larger, first, strict=True)]]
        rows = np.zeros((len(larger), len(larger)), matrix.dtype)
        for j in range(n):
            raised = [new_places[_raised(monomial, j)] for monomial in monomials]
            rows[:, raised] += parents * matrix[first, j][:, None]
        monomials = larger
    # The norms of the symmetrized tensors are the roots of the multinomial coefficients.
    logarithms = -0.5 * gammaln(np.array(monomials) + 1.0).sum(axis=1)
    return np.asarray(rows * np.exp(logarithms[:, None] - logarithms))


def _raised(monomial: tuple[int, ...], variable: int, by: int = 1) -> tuple[int, ...]:
    """Return the exponents of a monomial times a power of one variable."""
    return (*monomial[:variable], monomial[variable] + by, *monomial[variable + 1 :])
