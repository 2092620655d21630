"""The checks of every kind of result."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim._statistics import SampleStatistics, standard_error
from stabsim.results.checks.chains import check_spectrum
from stabsim.results.checks.columns import Quantity, columns_of_samples
from stabsim.results.checks.trials import (
    check_columns,
    check_exact,
    check_numbers,
    check_repeats,
    check_trials,
    check_vanished,
    verdict_beyond,
)
from stabsim.results.checks.verdicts import Check, Checks, Verdict, severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from stabsim.results.finite_size_scaling import FiniteSizeScaling
    from stabsim.results.generalized_lyapunov import GeneralizedLyapunov
    from stabsim.results.gradient_attenuation import GradientAttenuation
    from stabsim.results.jacobian_spectrum import JacobianSpectrum
    from stabsim.results.localization_length import LocalizationLength
    from stabsim.results.phase_diagram import PhaseDiagram
    from stabsim.results.product_growth import ProductGrowth
    from stabsim.results.product_singular_values import ProductSingularValues
    from stabsim.results.profile import Profile
    from stabsim.results.result import Result
    from stabsim.results.signal_propagation import SignalPropagation

    Floats = NDArray[np.float64]

# The relative error of a length from which on its interval is lopsided, and says little.
_DOUBTFUL_ERROR, _FAILING_ERROR = 0.1, 0.5
_CONDITION = Quantity("inverse condition number", vital=False)


def check_result(result: Any) -> Checks:
    """Return the checks of a result.

    Parameters
    ----------
    result : ProductGrowth, ProductSingularValues, GradientAttenuation, SignalPropagation, \
JacobianSpectrum, LyapunovSpectrum, LocalizationLength, GeneralizedLyapunov, FiniteSizeScaling or \
PhaseDiagram
        What a verb of stabsim returned.

    Returns
    -------
    Checks
        A verdict on each thing that can go wrong.

    Raises
    ------
    TypeError
        If ``result`` is none of these.

    Examples
    --------
    >>> import stabsim
    >>> from stabsim.results.checks import check_result
    >>> growth = stabsim.matrix_product_growth(
    ...     stabsim.Ginibre(4), 1000, trials=1000, norm="vector", rng=1
    ... )
    >>> for finding in check_result(growth)["float range"].text.split("; "):
    ...     print(finding)
    float16 makes infinity of 1000 of 1000 (depth 40)
    float32 makes infinity of 1000 of 1000 (depth 204)
    float64 holds all
    """
    return Checks((*_checks_of(result), _precision(result)))


def _checks_of(result: Any) -> list[Check]:
    # Imported here, because results import their checks.
    from stabsim import results

    match result:
        case results.ProductGrowth():
            return _product_growth(result)
        case results.ProductSingularValues():
            return _singular_values(result)
        case results.GradientAttenuation():
            return _attenuation(result)
        case results.SignalPropagation():
            return _propagation(result)
        case results.JacobianSpectrum():
            return _jacobian(result)
        case results.LyapunovSpectrum():
            return check_spectrum(result)
        case results.LocalizationLength():
            return _localization(result)
        case results.GeneralizedLyapunov():
            return _populations(result)
        case results.FiniteSizeScaling():
            return _scaling(result)
        case results.PhaseDiagram():
            return _phases(result)
    raise TypeError(f"result must be a result of stabsim, got {type(result).__name__}")


def _precision(result: Result) -> Check:
    """Return whether the standard error that was asked for was reached."""
    if result.target is None:
        return Check("precision", "not checked", "none was asked for")
    verdict: Verdict = "passes" if result.is_precise else "fails"
    return Check("precision", verdict, result.target.reached(result))


def _worst_of(points: Sequence[tuple[str, list[Check]]]) -> list[Check]:
    """Return the worst of every check over points, which all have the same ones."""
    worst = []
    for same in zip(*(checks for _, checks in points), strict=True):
        at = max(range(len(same)), key=lambda point: severity(same[point].verdict))
        text = same[at].text
        # What all points say is not of one of them.
        if any(check.text != text for check in same):
            text = f"{points[at][0]}: {text}"
        worst.append(replace(same[at], text=text))
    return worst


def _product_growth(result: ProductGrowth) -> list[Check]:
    names = [f"depth {depth}" for depth in result.depths] + ["growth rate"]
    quantities = [*map(Quantity, names[:-1]), Quantity(names[-1], logarithm=False)]
    exact = result.exact
    values = np.full(len(names), math.nan)
    if exact is not None:
        values[-1] = exact.lyapunov
        if exact.law is not None:
            values[:-1] = exact.law.mean(result.depths)
    statistics = result.statistics
    means, errors = statistics.mean.copy(), standard_error(statistics)
    means[-1], errors[-1] = result.lyapunov, result.lyapunov_se
    return [
        *check_trials(statistics, quantities),
        check_exact(
            names,
            means,
            values,
            errors,
            result.trials - 1,
            scale=np.append(result.depths, 1.0),
            limit=exact is not None and exact.law is None and result.norm != "logdet",
        ),
    ]


def _singular_values(result: ProductSingularValues) -> list[Check]:
    return [
        *check_trials(result.statistics, [*_ranks(result.ensemble.n), _CONDITION]),
        Check("exact value", "not checked", "exact exponents are the limit of great depth"),
    ]


def _ranks(count: int) -> list[Quantity]:
    """Return singular values; all but the largest may be zero in every trial."""
    return [Quantity(f"rank {rank}", vital=rank == 1) for rank in range(1, count + 1)]


def _layers(profile: Profile, *, logarithm: bool = True) -> list[Quantity]:
    return [
        Quantity(f"{profile.name} at layer {layer}", logarithm=logarithm)
        for layer in profile.layers
    ]


def _attenuation(result: GradientAttenuation) -> list[Check]:
    profiles = (
        result.gradient,
        result.activation,
        result.preactivation_gradient,
        result.weight_gradient,
        result.bias_gradient,
    )
    quantities = [quantity for profile in profiles for quantity in _layers(profile)]
    exact = result.exact
    return [
        *check_trials(result.statistics, quantities),
        check_exact(
            [quantity.name for quantity in _layers(result.gradient)],
            result.mean,
            np.full(result.mean.shape, math.nan) if exact is None else exact.log_gradient_mean,
            result.standard_error,
            int(result.trials - result.gradient.vanished.max()) - 1,
            scale=float(result.network.depth),
        ),
    ]


def _propagation(result: SignalPropagation) -> list[Check]:
    quantities = [
        *_layers(result.length),
        *_layers(result.second_length),
        *_layers(result.cosine, logarithm=False),
        *_layers(result.distance),
    ]
    return [
        *check_trials(result.statistics, quantities),
        Check("exact value", "not checked", "no exact value is known"),
    ]


def _jacobian(result: JacobianSpectrum) -> list[Check]:
    ranks = _ranks(result.mean.size)
    moments = [Quantity(f"moment {name}", logarithm=False) for name in ("m₁", "m₂")]
    statistics = result.statistics
    if isinstance(statistics, SampleStatistics):
        # What is averaged are the moments, of which the logarithms are kept.
        samples = statistics.samples.copy()
        logs = samples[:, len(ranks) : len(ranks) + 2]
        peak = logs.max(axis=0)
        logs[:] = np.exp(logs - np.where(np.isfinite(peak), peak, 0.0))
        statistics = SampleStatistics(samples)
    return [
        *check_trials(statistics, [*ranks, *moments, _CONDITION]),
        Check("exact value", "not checked", "no exact value is known"),
    ]


def _localization(result: LocalizationLength, among: int = 1) -> list[Check]:
    return [*check_spectrum(result.spectrum, among), _resolution(result)]


def _scaling(result: FiniteSizeScaling) -> list[Check]:
    return _worst_of(
        [
            (
                f"width {point.width:g}, disorder {point.ensemble.disorder:g}",
                _localization(point, among=len(result.points)),
            )
            for point in result.points
        ]
    )


def _resolution(result: LocalizationLength) -> Check:
    """Return whether the length is known well enough for an error that is symmetric."""
    if not result.length < math.inf or not result.standard_error < math.inf:
        return Check(
            "resolution",
            "fails",
            f"the inverse length {result.exponent:.2g} ± {result.exponent_se:.2g} may be 0",
        )
    relative = result.standard_error / result.length
    return Check(
        "resolution",
        verdict_beyond(relative, _DOUBTFUL_ERROR, _FAILING_ERROR),
        f"the length is known to {100 * relative:.2g} %",
    )


def _populations(result: GeneralizedLyapunov) -> list[Check]:
    simulated = (result.q != 0.0) & (result.values < math.inf)
    names = [f"q = {q:g}" for q in result.q]
    values = result.population_values[:, simulated]
    infinite = result.q[result.values == math.inf]
    checks = [
        check_numbers(values),
        Check("moments", "passes", "no moment is infinite")
        if infinite.size == 0
        else Check(
            "moments",
            "doubtful",
            f"the moments of the orders {', '.join(f'{q:g}' for q in infinite)} are infinite",
        ),
    ]
    if simulated.any():
        columns = columns_of_samples(
            values,
            [
                Quantity(name, logarithm=False)
                for name, kept in zip(names, simulated, strict=True)
                if kept
            ],
        )
        checks += [
            check_vanished(columns),
            _collapse(result, simulated),
            *check_columns(columns, unit="populations"),
            check_repeats(values, unit="populations"),
        ]
    exact = np.full(result.q.shape, math.nan) if result.exact is None else result.exact
    # A value in doubt has no error to compare with.
    compared = np.where(result.collapsed | (result.q == 0.0), math.nan, exact)
    freedom = result.trials - 1
    scale = np.maximum(1.0, np.abs(result.q))
    return [
        *checks,
        check_exact(names, result.values, compared, result.standard_error, freedom, scale=scale),
    ]


def _collapse(result: GeneralizedLyapunov, simulated: NDArray[np.bool_]) -> Check:
    doubts = result.doubts().splitlines()
    if doubts:
        more = f" and {len(doubts) - 1} other orders" if len(doubts) > 1 else ""
        return Check("populations", "fails", f"{doubts[0]}{more}")
    return Check(
        "populations",
        "passes",
        f"at least {result.effective_sample_size[simulated].min():.3g} of {result.walkers} walkers "
        f"count, {result.surviving_ancestors[simulated].min():.3g} have descendants, the weights' "
        f"tail index is at most {result.tail_index[simulated].max():.2f}",
    )


def _phases(result: PhaseDiagram) -> list[Check]:
    simulation = result.simulation
    names = ("numbers", "vanished")
    if simulation is None:
        return [Check(name, "not checked", "nothing was simulated") for name in names]
    dead = int(simulation.dead.max())
    row, column = np.unravel_index(np.argmax(simulation.dead), simulation.dead.shape)
    point = f"σ_w = {result.sigma_w[column]:g}, σ_b = {result.sigma_b[row]:g}"
    if dead == 0:
        vanished = Check("vanished", "passes", "no trial has vanished")
    else:
        vanished = Check(
            "vanished",
            "fails" if dead == simulation.trials else "doubtful",
            f"{dead} of {simulation.trials} trials have vanished ({point})",
        )
    return [
        check_numbers(simulation.rate),
        vanished,
        Check("error", "not checked", "points keep means and errors, not trials"),
    ]
