r"""The Anderson model on a chain with weak disorder: inside the band, at its centre, at its edge.

With the variance :math:`\sigma^2` of the disorder, the exponent is of the order :math:`\sigma^2`
inside the band and :math:`\sigma^{2/3}` at its edges. Each function here is the leading term of
its own limit and depends on the disorder through its variance alone.
"""

from __future__ import annotations

import math

from scipy.special import airy, airye

from stabsim import _validation as validation

_VARIANCES = {"uniform": 1.0 / 12.0, "gaussian": 1.0}
# Levels of the continued fraction, each of which gains a factor 34.
_LEVELS = 40


def _variance(disorder: float, distribution: str) -> float:
    """Return the variance of the disorder."""
    strength = validation.real("disorder", disorder, least=0.0, most=1e100)
    kind = validation.choice("distribution", distribution, tuple(_VARIANCES))
    return _VARIANCES[kind] * strength * strength


def anderson_weak_disorder_exponent(
    energy: float, disorder: float, *, distribution: str = "uniform"
) -> float:
    r"""Return the exponent of the Anderson model in Born's approximation.

    .. math:: \gamma = \frac{\sigma^2}{8 - 2E^2} = \frac{W^2}{96 - 24E^2} \text{ (box)}

    for weak disorder inside the band :cite:p:`Thouless1979`, to an order of :math:`\sigma^4`. At
    the band centre E = 0 this is *not* the limit: see `anderson_band_centre_exponent`.

    Parameters
    ----------
    energy : float
        The energy E, inside the band (-2, 2).
    disorder : float
        The strength W of the disorder, as in `stabsim.AndersonTransfer`.
    distribution : {"uniform", "gaussian"}, default "uniform"
        The law of the disorder: its variance σ² is W²/12 or W².

    Returns
    -------
    float
        The exponent, the inverse localization length.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Examples
    --------
    >>> from stabsim import theory
    >>> 1 / theory.anderson_weak_disorder_exponent(1.0, 1.0)
    72.0
    """
    energy = validation.real("energy", energy, above=-2.0)
    if energy >= 2.0:
        raise ValueError(f"energy must be inside the band (-2, 2), got {energy!r}")
    return _variance(disorder, distribution) / (8.0 - 2.0 * energy**2)


def anderson_band_centre_exponent(
    energy: float, disorder: float, *, distribution: str = "uniform"
) -> float:
    r"""Return the exponent of the Anderson model with weak disorder near the band centre.

    For σ → 0 at a fixed :math:`\kappa = 2E/\sigma^2`, the direction θ of the vector has the
    stationary density p of

    .. math:: \sqrt{D}\,(\sqrt{D}\,p)' + \kappa\,p = \text{const}, \qquad
       D = \cos^4\theta + \sin^4\theta, \qquad
       \gamma = \tfrac14 \sigma^2 \langle \cos^2 2\theta \rangle ,

    which is a continued fraction,

    .. math:: \gamma = \frac{\sigma^2}{8}\left(1 + \operatorname{Re} r_1\right), \qquad
       r_k = \frac{-(2k-1)}{12k - 4i\kappa + (2k+1)\, r_{k+1}} .

    It falls from Born's :math:`\sigma^2/8` at large κ to the anomaly at E = 0
    :cite:p:`KappusWegner1981,Derrida1984`,

    .. math:: \gamma = \sigma^2 \left[\frac{\Gamma(3/4)}{\Gamma(1/4)}\right]^2
       = \frac{W^2}{105.045} \text{ (box)}.

    Parameters
    ----------
    energy : float
        The energy E.
    disorder : float
        The strength W of the disorder, as in `stabsim.AndersonTransfer`.
    distribution : {"uniform", "gaussian"}, default "uniform"
        The law of the disorder: its variance σ² is W²/12 or W².

    Returns
    -------
    float
        The exponent, the inverse localization length.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Notes
    -----
    Two steps at E = 0 without disorder turn any vector by half a turn; what E and the disorder
    add over two steps is a Brownian motion of the direction. The Fourier coefficients of its
    density obey a recurrence of three terms, whose decaying solution is the fraction. What is left
    out is of the relative order σ²: at E = 0, the exponent of the box is larger by 0.00875 W².

    Examples
    --------
    >>> from stabsim import theory
    >>> round(1 / theory.anderson_band_centre_exponent(0.0, 1.0), 3)
    105.045
    """
    energy = validation.real("energy", energy)
    variance = _variance(disorder, distribution)
    if variance == 0.0:
        return 0.0
    # Beyond this energy the ratio differs from 0 by less than rounding.
    kappa = min(2.0 * abs(energy) / variance, 1e100)
    ratio = 0.0j
    for k in range(_LEVELS, 0, -1):
        ratio = -(2 * k - 1) / (12 * k - 4j * kappa + (2 * k + 1) * ratio)
    return 0.125 * variance * (1.0 + ratio.real)


def anderson_band_edge_exponent(
    energy: float, disorder: float, *, distribution: str = "uniform"
) -> float:
    r"""Return the exponent of the Anderson model with weak disorder near an edge of the band.

    For σ → 0 at a fixed :math:`x = (|E| - 2)/s^2` with :math:`s = (\sigma^2/2)^{1/3}`,

    .. math:: \gamma = \frac{s}{2} \frac{d}{dx} \ln\left[\mathrm{Ai}^2(x) + \mathrm{Bi}^2(x)\right]

    with the Airy functions, the exponent of a particle in white noise :cite:p:`Halperin1965`. At
    the edge itself :cite:p:`Derrida1984`,

    .. math:: \gamma = \frac{6^{1/3}\sqrt\pi}{2\,\Gamma(1/6)}\,\sigma^{2/3}
       = 0.28931\ldots\,\sigma^{2/3} .

    Parameters
    ----------
    energy : float
        The energy E, not far from -2 or 2.
    disorder : float
        The strength W of the disorder, positive, as in `stabsim.AndersonTransfer`.
    distribution : {"uniform", "gaussian"}, default "uniform"
        The law of the disorder: its variance σ² is W²/12 or W².

    Returns
    -------
    float
        The exponent, the inverse localization length.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Examples
    --------
    >>> from stabsim import theory
    >>> weak = theory.anderson_band_edge_exponent(2.0, 0.001, distribution="gaussian")
    >>> round(weak / 0.001 ** (2 / 3), 6)
    0.289308
    """
    energy = validation.real("energy", energy)
    variance = _variance(disorder, distribution)
    if not variance > 0.0:
        got = validation.described(disorder)
        raise ValueError(f"disorder must be large enough for a variance, got {got}")
    unit, beyond = math.cbrt(0.5) * math.cbrt(variance), abs(energy) - 2.0
    x = beyond / unit**2
    if x > 1e4:
        return math.sqrt(beyond) - 0.25 * unit / x
    return unit * _airy_modulus_slope(x)


def _airy_modulus_slope(x: float) -> float:
    """Return the derivative of half the logarithm of Ai² + Bi², for x that is not too large."""
    if x > 0.0:
        # Scaled against overflow: Ai by exp(z), Bi by exp(-z).
        ai, ai_slope, bi, bi_slope = (float(value) for value in airye(x))
        decay = math.exp(-8.0 / 3.0 * x**1.5)
        return (ai * ai_slope * decay + bi * bi_slope) / (ai * ai * decay + bi * bi)
    if x > -30.0:
        ai, ai_slope, bi, bi_slope = (float(value) for value in airy(x))
        return (ai * ai_slope + bi * bi_slope) / (ai * ai + bi * bi)
    # The asymptotic series of the modulus in 1/x³, where its sum of squares would cancel.
    series, slope, term, cube = 1.0, 0.0, 1.0, (1.0 / x) ** 3
    for k in range(1, 6):
        term *= (6 * k - 5) * (6 * k - 3) * (6 * k - 1) / (96.0 * k) * cube
        series += term
        slope -= 3 * k * term / x
    return 0.5 * (slope / series - 0.5 / x)
