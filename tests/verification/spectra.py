"""Lyapunov spectra, moment exponents and singular values of products."""

import math

import numpy as np

import stabsim
from stabsim import theory
from verification.rows import (
    Check,
    Quantity,
    check,
    extrapolated,
    mean,
    multiple,
    variance,
)

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def named(symbol, index):
    return symbol + str(index).translate(SUBSCRIPTS)


def spectrum(ensemble, steps, trials, seed, **options):
    return stabsim.lyapunov_spectrum(
        ensemble, steps=steps, trials=trials, record=[steps], rng=seed, **options
    )


def exponents(ensemble, steps, trials, **options):
    def simulate(seed):
        result = spectrum(ensemble, steps, trials, seed, **options)
        return list(zip(result.exponents, result.standard_error, strict=True))

    return simulate


def largest(ensemble, steps, trials):
    """Estimate the largest exponent alone."""
    estimates = exponents(ensemble, steps, trials, k=1)
    return lambda seed: estimates(seed)[0]


def whole_spectrum(subject, source, values, ensemble, steps, trials, **options):
    return Check(
        [Quantity(subject, named("λ", i), source, float(x)) for i, x in enumerate(values, 1)],
        exponents(ensemble, steps, trials, **options),
    )


def limit_variances(subject, source, values, ensemble, steps, trials, **options):
    """Variances of the central limit theorem, which independent steps have at every length."""

    def simulate(seed):
        growth = spectrum(ensemble, steps, trials, seed, **options).log_growth[:, -1]
        return [multiple(1.0 / steps, variance(column)) for column in growth.T]

    return Check(
        [Quantity(subject, named("v", i), source, float(x)) for i, x in enumerate(values, 1)],
        simulate,
    )


def ginibre():
    for method, trials in [("reduced", 20_000), ("qr", 20_000)]:
        yield whole_spectrum(
            f"real Ginibre, n = 4, {method}",
            "Newman1986",
            theory.ginibre_exponents(4),
            stabsim.Ginibre(4),
            25_000,
            trials,
            method=method,
        )
    for method in ("reduced", "qr"):
        yield whole_spectrum(
            f"complex Ginibre, n = 3, {method}",
            "Forrester2013",
            theory.ginibre_exponents(3, field="complex"),
            stabsim.Ginibre(3, field="complex"),
            10_000,
            20_000,
            method=method,
        )
    yield limit_variances(
        "real Ginibre, n = 4, qr",
        "CohenNewman1984",
        theory.ginibre_variances(4),
        stabsim.Ginibre(4),
        200,
        200_000,
        method="qr",
    )
    yield limit_variances(
        "complex Ginibre, n = 3, reduced",
        "Forrester2015",
        theory.ginibre_variances(3, field="complex"),
        stabsim.Ginibre(3, field="complex"),
        200,
        200_000,
    )


def rotation_invariant():
    yield whole_spectrum(
        "corner 3×3 of orthogonal 7×7, qr",
        "Forrester2015",
        theory.truncated_haar_exponents(3, 7),
        stabsim.TruncatedHaar(3, 7),
        5_000,
        10_000,
        method="qr",
    )
    yield whole_spectrum(
        "corner 2×2 of unitary 3×3, qr",
        "Forrester2015",
        [-0.25, -0.5],
        stabsim.TruncatedHaar(2, 3, field="complex"),
        2_000,
        5_000,
        method="qr",
    )
    yield whole_spectrum(
        "real Wishart, n = 3, 5 degrees of freedom",
        "Muirhead1982",
        theory.wishart_exponents(3, 5),
        stabsim.Wishart(3, 5),
        2_000,
        10_000,
    )


def gaussian_factors():
    spike = theory.anisotropic_gaussian_exponent([9.0, 1.0, 1.0, 1.0])
    # A factor of the product is a pair of factors of the simulation.
    pairs = stabsim.Alternating([np.diag([3.0, 1.0, 1.0, 1.0]), stabsim.Ginibre(4)])
    estimate = largest(pairs, 20_000, 2_000)
    yield check(
        "Gaussian 4×4 with a spike, variances 9, 1, 1, 1",
        "λ₁",
        "Kargin2014",
        spike,
        lambda seed: multiple(2.0, estimate(seed)),
    )

    def near_identity(seed):
        runs = []
        for square, child in zip((0.005, 0.01), seed.spawn(2), strict=True):
            step = stabsim.Shifted(stabsim.Ginibre(4), scale=math.sqrt(square))
            found = exponents(step, 40_000, 2_000)(child)
            runs.append([multiple(1.0 / square, estimate) for estimate in found])
        return [extrapolated(near, far) for near, far in zip(*runs, strict=True)]

    yield Check(
        [
            Quantity(
                "I + cA, Gaussian A 4×4; limit c → 0 from c² = 0.005 and 0.01",
                named("λ", i) + "/c²",
                "NorrisRogersWilliams1986",
                float(x),
            )
            for i, x in enumerate(theory.near_identity_exponents(4, scale=1.0), 1)
        ],
        near_identity,
    )


def two_by_two():
    yield check(
        "random Fibonacci sequence",
        "λ₁",
        "Viswanath1999",
        theory.random_fibonacci_exponent(),
        largest(stabsim.FiniteSet.random_fibonacci(), 50_000, 20_000),
    )
    threshold = 0.70258
    yield check(
        f"random Fibonacci, second term times {threshold}, where growth turns to decay",
        "λ₁",
        "EmbreeTrefethen1999",
        0.0,
        largest(
            stabsim.FiniteSet([[[1.0, sign * threshold], [1.0, 0.0]] for sign in (1, -1)]),
            20_000,
            10_000,
        ),
    )
    yield check(
        "two shears, random Stern–Brocot sequence",
        "λ₁",
        "ChassaingLetacMora1984",
        theory.shear_pair_exponent(),
        largest(stabsim.FiniteSet([[[1, 1], [0, 1]], [[1, 0], [1, 1]]]), 10_000, 10_000),
    )
    singular = stabsim.FiniteSet([[[1.0, 2.0], [0.5, 1.0]], [[0.3, -0.9], [1.0, -3.0]]])
    known = theory.lyapunov_spectrum(singular)

    def rank_one(seed):
        result = spectrum(singular, 10_000, 20_000, seed, k=1)
        growth = result.log_growth[:, -1, 0]
        return [mean(growth / 10_000), multiple(1e-4, variance(growth))]

    subject = "two singular matrices 2×2"
    yield Check(
        [
            Quantity(subject, "λ₁", "LimaRahibe1994", float(known.exponents[0])),
            Quantity(subject, "v₁", "LimaRahibe1994", float(known.variances[0])),
        ],
        rank_one,
    )
    # A change of sign turns the -1 in the corner of the Lloyd model into 1, at two factors a step.
    signed = stabsim.Alternating(
        [np.diag([1.0, -1.0]), stabsim.AndersonTransfer(1.0, 0.5, distribution="cauchy")]
    )
    estimate = largest(signed, 20_000, 2_000)
    yield check(
        "xₜ₊₁ = Xₜ xₜ + xₜ₋₁, Cauchy X of median 1, half-width 0.5",
        "λ₁",
        "Ishii1973",
        theory.cauchy_entry_exponent(1.0, 0.5, corner=1.0),
        lambda seed: multiple(2.0, estimate(seed)),
    )


def anderson():
    yield check(
        "Lloyd model, E = 0, half-width 1",
        "γ",
        "Lloyd1969",
        math.asinh(0.5),
        largest(stabsim.AndersonTransfer(0.0, 1.0, distribution="cauchy"), 20_000, 20_000),
    )
    lloyd = stabsim.AndersonTransfer(0.5, 0.5, distribution="cauchy")

    def length(seed):
        result = stabsim.localization_length(lloyd, steps=10_000, trials=2_000, rng=seed)
        return result.length, result.standard_error

    exact_length = 1.0 / theory.lloyd_exponent(0.5, 0.5)
    subject = "Lloyd model, E = 0.5, half-width 0.5"
    yield check(subject, "localization length", "Ishii1973", exact_length, length)

    def centre(seed):
        near, far = (
            multiple(disorder**-2, largest(stabsim.AndersonTransfer(0.0, disorder), *size)(child))
            for disorder, size, child in zip(
                (0.2, 0.4), ((50_000, 20_000), (20_000, 10_000)), seed.spawn(2), strict=True
            )
        )
        return [extrapolated(near, far, 4.0)] * 2

    subject = "Anderson model, band centre; limit W → 0 from W = 0.2 and 0.4"
    anomaly = theory.anderson_band_centre_exponent(0.0, 1.0)
    yield Check(
        [
            Quantity(subject, "γ/W²", "Derrida1984", anomaly),
            Quantity(subject, "γ/W² of Born, 1/96", "Thouless1979", 1 / 96, wrong=True),
        ],
        centre,
    )

    def relative(energy, disorder, theory_of, steps, trials, seed):
        model = stabsim.AndersonTransfer(energy, disorder)
        return multiple(1.0 / theory_of(energy, disorder), largest(model, steps, trials)(seed))

    def weak(seed):
        first, second = seed.spawn(2)
        born = theory.anderson_weak_disorder_exponent
        near = relative(1.0, 0.5, born, 20_000, 5_000, first)
        return extrapolated(near, relative(1.0, 1.0, born, 20_000, 2_000, second), 4.0)

    yield check(
        "Anderson model, E = 1; limit W → 0 from W² = 0.25 and 1",
        "72 γ/W²",
        "Thouless1979",
        1.0,
        weak,
    )

    def edge(seed):
        first, second = seed.spawn(2)
        airy = theory.anderson_band_edge_exponent
        near = relative(2.0, 0.0125, airy, 50_000, 2_000, first)
        return extrapolated(near, relative(2.0, 0.1, airy, 20_000, 2_000, second), 4.0)

    yield check(
        "Anderson model, band edge; limit from W^(2/3) in the ratio 1 : 4, W = 0.0125 and 0.1",
        "γ/(0.28931 σ^(2/3))",
        "Derrida1984",
        1.0,
        edge,
    )


def moments():
    orders = [-2.0, -1.0, -0.5, 1.0, 2.0, 3.0, 4.0]

    def simulate(ensemble, q, **options):
        def estimates(seed):
            result = stabsim.generalized_lyapunov(ensemble, q, rng=seed, **options)
            return list(zip(result.values, result.standard_error, strict=True))

        return estimates

    exact = theory.moment_exponents(stabsim.Ginibre(4), orders)
    yield Check(
        [
            Quantity("moments, real Ginibre, n = 4", f"L({q:g})", "Vanneste2010", float(value))
            for q, value in zip(orders, exact, strict=True)
        ],
        simulate(stabsim.Ginibre(4), orders, steps=100, walkers=8_000, trials=64),
    )
    golden = math.log((1.0 + math.sqrt(5.0)) / 2.0)
    fibonacci = stabsim.FiniteSet.random_fibonacci()
    first = float(theory.moment_exponents(fibonacci, [1.0])[0])
    subject = "moments, random Fibonacci sequence"
    yield Check(
        [
            Quantity(subject, "L(1)", "Rittaud2007", first),
            Quantity(subject, "L(2), ln of the golden ratio", "Bouchaud1986", golden),
        ],
        simulate(fibonacci, [1.0, 2.0], steps=400, walkers=2_000, trials=64),
    )


def fuss_catalan(factors, orders, trials):
    """Moments of squared singular values, whose corrections are of the order 1/n² if complex."""
    law = theory.FussCatalan(factors)

    def simulate(seed):
        runs = []
        for n, child in zip((24, 12), seed.spawn(2), strict=True):
            result = stabsim.product_singular_values(
                stabsim.Ginibre(n, field="complex"), factors, trials=trials, rng=child
            )
            logs = result.log_scaled_squares
            runs.append([mean(np.exp(k * logs).mean(axis=1)) for k in orders])
        return [extrapolated(near, far, 4.0) for near, far in zip(*runs, strict=True)]

    subject = f"{factors} complex Gaussian factors; limit n → ∞ from n = 12 and 24"
    return Check(
        [Quantity(subject, named("m", k), "Penson2011", law.moment(k)) for k in orders], simulate
    )


def singular_values():
    yield fuss_catalan(2, (1, 2, 3), 20_000)
    yield fuss_catalan(3, (2, 3), 20_000)

    def increments(seed):
        # What a start adds to ln σ is the same at both depths.
        runs = [
            stabsim.product_singular_values(stabsim.Ginibre(4), depth, trials=4_000, rng=child)
            for depth, child in zip((400, 200), seed.spawn(2), strict=True)
        ]
        growth = (runs[0].mean - runs[1].mean) / 200
        error = np.hypot(runs[0].standard_error, runs[1].standard_error) / 200
        return list(zip(growth, error, strict=True))

    yield Check(
        [
            Quantity(
                "singular values, real Ginibre, n = 4, depths 200 to 400",
                f"growth of ln {named('σ', i)}",
                "Newman1986",
                float(x),
            )
            for i, x in enumerate(theory.ginibre_exponents(4), 1)
        ],
        increments,
    )

    def determinant(seed):
        result = stabsim.product_singular_values(
            stabsim.Ginibre(8), 50, trials=4_000, method="dense", rng=seed
        )
        return mean(result.log_singular_values.sum(axis=1) / 50)

    yield check(
        "singular values, real Ginibre, n = 8, 50 factors, dense",
        "Σ ln σᵢ / 50",
        "Newman1986",
        float(theory.ginibre_exponents(8).sum()),
        determinant,
    )


def checks():
    yield from ginibre()
    yield from rotation_invariant()
    yield from gaussian_factors()
    yield from two_by_two()
    yield from anderson()
    yield from moments()
    yield from singular_values()
