"""Large-deviation rate functions, as Legendre transforms of moment exponents."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim import _validation as validation

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["RateFunction"]

_POINTS = 101
# Orders among which the supremum is sought, and rates sought for at a time.
_ORDERS = 8193
_BLOCK = 128


@dataclass(frozen=True, eq=False)
class RateFunction:
    r"""The large-deviation rate function of the growth rate of a random matrix product.

    `stabsim.GeneralizedLyapunov.rate_function` makes it. The probability of a growth rate near
    :math:`x` falls like :math:`e^{-t I(x)}` with the number :math:`t` of factors.

    Attributes
    ----------
    x : (X,) float64 array
        Growth rates, per factor in natural logarithms.
    values : (X,) float64 array
        The rate function :math:`I(x)`.
    standard_error : (X,) float64 array
        Its standard error, from independent populations; infinite for a single one.
    q : (X,) float64 array
        The order at which the supremum is taken.
    attained : (X,) bool array
        False where that order is the least or the largest, so the value is but a lower bound.
    exact : (X,) float64 array or None
        The same transform of the exact exponents, over the same orders; None where they are
        unknown.

    Examples
    --------
    >>> import stabsim
    >>> moments = stabsim.generalized_lyapunov(
    ...     stabsim.Ginibre(4), [-1.0, 1.0, 2.0], steps=200, walkers=200, rng=1
    ... )
    >>> rate = moments.rate_function()
    >>> rate.x.shape
    (101,)
    >>> bool((rate.values >= 0.0).all())
    True
    """

    x: Floats
    values: Floats
    standard_error: Floats
    q: Floats
    attained: NDArray[np.bool_]
    exact: Floats | None

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for field in fields(self):
            array = getattr(self, field.name)
            if array is not None:
                array.flags.writeable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled result, whose arrays have lost their flags."""
        self.__dict__.update(state)
        self.__post_init__()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rate function with a band of two standard errors, and theory.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, not yet shown.
        """
        from stabsim.plotting.generalized_lyapunov import plot_rate_function

        return plot_rate_function(self, ax)


def spline_through(q: Floats, values: Floats) -> Any:
    """Return the cubic spline through finite exponents and the origin; further axes are kept."""
    # Imported here, because SciPy takes longer to import than all of stabsim.
    from scipy.interpolate import CubicSpline

    orders, first = np.unique(np.append(0.0, q), return_index=True)
    return CubicSpline(orders, np.concatenate([np.zeros_like(values[:1]), values])[first])


def legendre_transform(
    q: Floats,
    values: Floats,
    population_values: Floats,
    exact_at: Callable[[Floats], Floats | None],
    x: ArrayLike | None,
) -> RateFunction:
    """Transform the finite exponents ``values`` (Q,) of the orders ``q``, none of them 0.

    ``population_values`` (trials, Q) are those of single populations, ``exact_at`` returns exact
    ones.
    """
    if np.unique(q).size < 2:
        raise ValueError(
            "q must hold two orders other than 0 with exponents that are finite and not in doubt, "
            f"got {q.tolist()} with such"
        )
    spline = spline_through(q, values)
    orders = np.linspace(spline.x[0], spline.x[-1], _ORDERS)
    # The origin is among the orders, so that no value is negative.
    orders = np.union1d(orders, [0.0])
    curve = spline(orders)
    slopes = spline(orders, 1)
    rates = (
        _validated_rates(x) if x is not None else np.linspace(slopes.min(), slopes.max(), _POINTS)
    )
    best, largest = _suprema(rates, orders, curve)
    trials = len(population_values)
    error = np.full(rates.shape, math.inf)
    if trials > 1:
        single = spline_through(q, population_values.T)(orders[best])
        error = single.std(axis=1, ddof=1) / math.sqrt(trials)
    exact = exact_at(orders)
    return RateFunction(
        x=rates,
        values=largest,
        standard_error=error,
        q=orders[best],
        attained=(best > 0) & (best < orders.size - 1),
        exact=None if exact is None or np.isnan(exact).any() else _suprema(rates, orders, exact)[1],
    )


def _suprema(rates: Floats, orders: Floats, curve: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return where q x - L(q) is largest, and how large, for blocks of rates x."""
    parts = np.array_split(rates, max(1, rates.size // _BLOCK))
    best = np.concatenate(
        [np.argmax(np.multiply.outer(part, orders) - curve, axis=1) for part in parts]
    )
    return best, rates * orders[best] - curve[best]


def _validated_rates(x: ArrayLike) -> Floats:
    requirement = "x must be made of finite real numbers"
    rates = np.atleast_1d(validation.array(requirement, x))
    if rates.ndim != 1 or rates.size == 0 or not np.isfinite(rates).all():
        raise ValueError(f"{requirement} in one dimension, got {validation.described(x)}")
    return rates
