"""Expectations of functions of Gaussian variables by adaptive quadrature, many variances at once.

All variances share one set of panels in x: f is evaluated once for all of them, kinks stay where
they are, and doubling panels resolve at once the scale of f and those of all Gaussians.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stabsim import _validation as validation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Function = Callable[[Floats], Floats]

_ORDER = 16


def _lobatto_rule() -> tuple[Floats, Floats]:
    """Return the nodes and weights of Gauss and Lobatto on [-1, 1].

    The ends are nodes, so that a kink between the end and the next node is seen.
    """
    degree = _ORDER - 1
    legendre = np.polynomial.legendre.Legendre.basis(degree)
    inner = np.sort(legendre.deriv().roots().real)
    for _ in range(2):
        inner -= legendre.deriv()(inner) / legendre.deriv(2)(inner)
    nodes = np.concatenate([[-1.0], 0.5 * (inner - inner[::-1]), [1.0]])
    return nodes, 2.0 / (degree * _ORDER * legendre(nodes) ** 2)


_NODES, _WEIGHTS = _lobatto_rule()
# From the values at the nodes to the Legendre coefficients of these degrees.
_COEFFICIENTS = np.linalg.inv(np.polynomial.legendre.legvander(_NODES, _ORDER - 1)).T
_MIDDLE = np.ascontiguousarray(_COEFFICIENTS[:, 6:9])
_LAST = np.ascontiguousarray(_COEFFICIENTS[:, 13:16])

# The integrals end at this many standard deviations, where the density is 1e-298. An integrand that
# matters this far out is taken for one that has no integral.
_END = 37.0
_FAR = 33.0
# The innermost panel is at most this wide, against the scale 1 of an activation function.
_INNERMOST = 0.5
_ROOT_2_PI = math.sqrt(2.0 * math.pi)

# Variances this far apart share no panels, and no block has more values than this.
_WIDEST_RANGE = 1e6
_MOST_VALUES = 1 << 20
# A jump takes as many bisections as a float has bits; oscillations take many panels.
_MOST_BISECTIONS = 60
_MOST_PANELS = 1 << 16
_LEAST_ACCURACY = 1e-8
_SMALL_CORRELATION = 0.1
_NO_CORRELATION = 1e-30


def expectation(
    f: Function,
    q: ArrayLike,
    *,
    kinks: Sequence[float] = (),
    hermite: int = 0,
    tolerance: float = 1e-13,
    scale: float = 0.0,
) -> Floats:
    r"""Return :math:`E f(\sqrt q\,Z)` with a standard normal Z.

    Parameters
    ----------
    f : function
        From a one-dimensional float64 array to the values, element by element. It should vary on
        scales around 1 (others cost more), and may have kinks and jumps.
    q : array_like of float, any shape
        Variances, finite and non-negative.
    kinks : sequence of float, optional
        Where f or one of its derivatives jumps. Those not named here are found by bisection, which
        costs a few milliseconds.
    hermite : {0, 2}, default 0
        2 gives :math:`E f(\sqrt q Z)(Z^2 - 1)`, which is :math:`2q` times the derivative of the
        expectation with respect to q.
    tolerance : float, default 1e-13
        Relative to the expectation of the absolute value.
    scale : float, default 0.0
        Added to that expectation where errors are judged, for an f that is known to be what is left
        of larger numbers.

    Returns
    -------
    float64 array of the same shape as q
        The expectations.

    Raises
    ------
    ValueError
        If f is not finite, or the expectation does not converge to a relative accuracy of 1e-8.

    Examples
    --------
    >>> import numpy as np
    >>> from stabsim._gaussian_expectation import expectation
    >>> expectation(np.square, [1.0, 4.0])
    array([1., 4.])
    """
    return expectation_with_error(
        f, q, kinks=kinks, hermite=hermite, tolerance=tolerance, scale=scale
    )[0]


def expectation_with_error(
    f: Function,
    q: ArrayLike,
    *,
    kinks: Sequence[float] = (),
    hermite: int = 0,
    tolerance: float = 1e-13,
    scale: float = 0.0,
) -> tuple[Floats, Floats]:
    r"""Return :math:`E f(\sqrt q\,Z)` and an estimate of its absolute error.

    Parameters and errors are those of `expectation`.

    Returns
    -------
    values, errors : float64 arrays of the same shape as q
        The expectations, and what their quadrature is estimated to miss.
    """
    variances = np.asarray(q, dtype=np.float64)
    flat = variances.ravel()
    bad = ~((flat >= 0.0) & (flat < math.inf))
    if bad.any():
        raise ValueError(f"q must be finite and non-negative, got {flat[bad][0]:g}")
    values, errors = np.empty_like(flat), np.zeros_like(flat)
    order = np.argsort(flat)
    zeros = int(np.searchsorted(flat[order], 0.0, side="right"))
    if zeros:
        at_zero = _finite_values(f, np.zeros(1))[0]
        values[order[:zeros]] = 0.0 if hermite else at_zero
    start = zeros
    while start < flat.size:
        smallest = flat[order[start]]
        near = int(np.searchsorted(flat[order], smallest * _WIDEST_RANGE, side="right"))
        stop = min(near, start + _MOST_VALUES // (64 * _ORDER))
        block = order[start:stop]
        values[block], errors[block] = _integrals(f, flat[block], kinks, hermite, tolerance, scale)
        start = stop
    return values.reshape(variances.shape), errors.reshape(variances.shape)


def _finite_values(f: Function, x: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        y = np.asarray(f(x), dtype=np.float64)
    bad = ~np.isfinite(y)
    if bad.any():
        raise ValueError(
            f"activation must be finite where its expectation is taken, got {y[bad][0]} at "
            f"{x[bad][0]:g}"
        )
    return y


def _edges(smallest: float, largest: float, kinks: Sequence[float]) -> Floats:
    """Return the ends of the panels for standard deviations between these two."""
    innermost = _INNERMOST * min(1.0, smallest)
    doublings = math.ceil(math.log2(_END * largest / innermost))
    positive = _END * largest * np.exp2(-np.arange(doublings + 1))
    inside = [kink for kink in kinks if abs(kink) < positive[0]]
    return np.unique(np.concatenate([positive, -positive, [0.0], inside]))


def _panel_errors(panels: Floats) -> Floats:
    """Estimate the errors of quadrature sums from values (..., nodes) times half the width.

    Where the Legendre coefficients fall geometrically, the error is the last one times the square
    of what they fell by since the middle one; where they do not, it is the last one.
    """
    middle = np.abs(panels @ _MIDDLE).max(axis=-1)
    last = np.abs(panels @ _LAST).max(axis=-1)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        fall = np.fmin(8.0 * last / middle, 1.0)
    return np.asarray(2.0 * last * fall**2)


def _integrals(
    f: Function, q: Floats, kinks: Sequence[float], hermite: int, tolerance: float, scale: float
) -> tuple[Floats, Floats]:
    """Integrate against the densities of variances q, in ascending order and not too far apart."""
    sigma = np.sqrt(q)[:, None, None]
    edges = _edges(float(sigma[0, 0, 0]), float(sigma[-1, 0, 0]), kinks)
    low, high = edges[:-1], edges[1:]
    value, size, error, far = np.zeros((4, q.size))
    size += scale
    for bisection in range(_MOST_BISECTIONS + 1):
        half = 0.5 * (high - low)[:, None]
        x = low[:, None] + half * (_NODES + 1.0)
        # At a jump the ends belong to their own side.
        x[:, 0], x[:, -1] = np.nextafter(low, high), np.nextafter(high, low)
        z = x / sigma
        density = np.exp(-0.5 * z * z) * (half / _ROOT_2_PI / sigma)
        if hermite:
            density *= z * z - 1.0
        panels = density * _values_of_weight(f, x, density)
        sizes = np.abs(panels) @ _WEIGHTS
        errors = _panel_errors(panels)
        enough = tolerance / _ORDER * (size + sizes.sum(axis=1))
        good = (errors <= enough[:, None]).all(axis=0)
        if bisection == _MOST_BISECTIONS or 2 * (~good).sum() * q.size > _MOST_PANELS:
            good[:] = True
        value += (panels @ _WEIGHTS)[:, good].sum(axis=1)
        size += sizes[:, good].sum(axis=1)
        error += errors[:, good].sum(axis=1)
        outside = good & (np.maximum(-low, high) > _FAR * sigma[0, 0, 0])
        beyond = np.where(np.abs(z[:, outside]) > _FAR, np.abs(panels[:, outside]), 0.0)
        far += (beyond @ _WEIGHTS).sum(axis=1)
        if good.all():
            break
        low, high = low[~good], high[~good]
        middle = 0.5 * (low + high)
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    bad = ~(np.maximum(error, far) <= np.maximum(_LEAST_ACCURACY, tolerance) * size)
    if bad.any():
        raise ValueError(
            f"activation must have an expectation that converges, got {value[bad][0]:g} ± "
            f"{max(error[bad][0], far[bad][0]):.1g} at q = {q[bad][0]:g}"
        )
    return value, error


def _values_of_weight(f: Function, x: Floats, density: Floats) -> Floats:
    """Evaluate f, which need not be finite where every density has vanished."""
    with np.errstate(over="ignore", invalid="ignore"):
        y = np.asarray(f(x.ravel()), dtype=np.float64).reshape(x.shape)
    if not np.isfinite(y).all():
        weightless = (density == 0.0).all(axis=0)
        y = np.where(weightless, 0.0, y)
        _finite_values(lambda _: y.ravel(), x.ravel())
    return y


def pair_expectation(
    f: Function,
    g: Function,
    q_f: float,
    q_g: float,
    correlation: float,
    *,
    kinks_f: Sequence[float] = (),
    kinks_g: Sequence[float] = (),
    tolerance: float = 1e-11,
) -> float:
    r"""Return :math:`E f(U) g(V)` with jointly Gaussian U and V of mean zero.

    The expectation of g given U is integrated panel by panel, and f times that in the manner of
    `expectation`. It costs some milliseconds, more where kinks are not named.

    Parameters
    ----------
    f, g : function
        As in `expectation`.
    q_f, q_g : float
        The variances of U and of V, finite and non-negative.
    correlation : float
        The correlation of U and V, from -1 to 1.
    kinks_f, kinks_g : sequence of float, optional
        Where f and g or their derivatives jump.
    tolerance : float, default 1e-11
        Relative to the expectation of the absolute value, and for correlations below 0.1 to the
        root of the product of the second moments.

    Returns
    -------
    float
        The expectation.

    Raises
    ------
    ValueError
        If a variance or the correlation is out of its range, f or g is not finite, or the
        expectation does not converge.

    Examples
    --------
    >>> from stabsim._gaussian_expectation import pair_expectation
    >>> identity = lambda x: x
    >>> round(pair_expectation(identity, identity, 1.0, 4.0, 0.25), 12)
    0.5
    """
    q_f = validation.real("q_f", q_f, least=0.0)
    q_g = validation.real("q_g", q_g, least=0.0)
    c = validation.real("correlation", correlation, least=-1.0, most=1.0)
    sigma_f, sigma_g = math.sqrt(q_f), math.sqrt(q_g)
    if sigma_f == 0.0 or sigma_g == 0.0 or abs(c) < _NO_CORRELATION:
        first = expectation(f, q_f, kinks=kinks_f, tolerance=tolerance)
        return float(first * expectation(g, q_g, kinks=kinks_g, tolerance=tolerance))
    slope = c * sigma_g / sigma_f
    spread = sigma_g * math.sqrt((1.0 - c) * (1.0 + c))
    images = np.asarray(kinks_g, dtype=np.float64) / slope
    if abs(c) == 1.0:
        outer_kinks = [*kinks_f, *images]

        def integrand(x: Floats) -> Floats:
            return f(x) * g(slope * x)

    else:
        # Given U a kink of g is smooth on the scale of the spread, which the panels must meet.
        width = sigma_f * math.sqrt((1.0 - c) * (1.0 + c)) / abs(c)
        steps = width * np.array([-9.0, -4.0, -1.5, 0.0, 1.5, 4.0, 9.0])
        outer_kinks = [*kinks_f, *(images[:, None] + steps).ravel()]

        def integrand(x: Floats) -> Floats:
            return f(x) * _smoothed(g, slope * x, spread, kinks_g, 0.1 * tolerance)

    # Next to no correlation the mean of g given U is the small rest of numbers of either sign.
    scale = 0.0
    if abs(c) < _SMALL_CORRELATION:
        squares = (
            expectation(lambda x: f(x) ** 2, q_f, kinks=kinks_f, tolerance=tolerance),
            expectation(lambda x: g(x) ** 2, q_g, kinks=kinks_g, tolerance=tolerance),
        )
        scale = math.sqrt(float(squares[0]) * float(squares[1]))
    return float(expectation(integrand, q_f, kinks=outer_kinks, tolerance=tolerance, scale=scale))


# A conditional expectation needs no relative accuracy beyond nine standard deviations.
_SMOOTHING_EDGES = np.array([-9.0, -4.5, -2.0, 0.0, 2.0, 4.5, 9.0])


def _smoothed(
    g: Function, center: Floats, spread: float, kinks: Sequence[float], tolerance: float
) -> Floats:
    """Return E g(center + spread Z) for every center."""
    edges = center[:, None] + spread * _SMOOTHING_EDGES
    breaks = np.broadcast_to(np.asarray(kinks, dtype=np.float64), (center.size, len(kinks)))
    breaks = np.clip(breaks, edges[:, :1], edges[:, -1:])
    edges = np.sort(np.concatenate([edges, breaks], axis=1), axis=1)
    owner = np.repeat(np.arange(center.size), edges.shape[1] - 1)
    low, high = edges[:, :-1].ravel(), edges[:, 1:].ravel()
    value, size = np.zeros((2, center.size))
    for bisection in range(_MOST_BISECTIONS + 1):
        wide = high > low
        owner, low, high = owner[wide], low[wide], high[wide]
        half = 0.5 * (high - low)[:, None]
        x = low[:, None] + half * (_NODES + 1.0)
        x[:, 0], x[:, -1] = np.nextafter(low, high), np.nextafter(high, low)
        z = (x - center[owner, None]) / spread
        density = np.exp(-0.5 * z * z) * (half / _ROOT_2_PI / spread)
        panels = density * _finite_values(g, x.ravel()).reshape(x.shape)
        sizes = np.abs(panels) @ _WEIGHTS
        known = size + np.bincount(owner, sizes, center.size)
        good = _panel_errors(panels) <= tolerance * known[owner]
        if bisection == _MOST_BISECTIONS or (~good).sum() > _MOST_PANELS:
            good[:] = True
        value += np.bincount(owner[good], (panels[good] @ _WEIGHTS), center.size)
        size += np.bincount(owner[good], sizes[good], center.size)
        if good.all():
            break
        owner, low, high = owner[~good], low[~good], high[~good]
        middle = 0.5 * (low + high)
        owner = np.concatenate([owner, owner])
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    return value
