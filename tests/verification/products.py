"""Growth rates of products, by `matrix_product_growth`."""

import math

import stabsim
from stabsim.theory import ginibre_exponents, lloyd_exponent, random_fibonacci_exponent
from verification.rows import Check, Quantity, check, mean, through, variance

DECADE = math.log(10.0)


def growth_rate(ensemble, depth, trials, **options):
    def simulate(seed):
        result = stabsim.matrix_product_growth(
            ensemble, depth, trials=trials, rng=seed, record=[depth], **options
        )
        return result.lyapunov, result.lyapunov_se

    return simulate


def ginibre_growth():
    """The largest exponent and the sum of all, by every sampler."""
    for n, method, trials in [
        (1, "reduced", 40_000),
        (4, "reduced", 40_000),
        (64, "reduced", 20_000),
        (4, "dense", 10_000),
        (12, "dense", 2_000),
        (20, "dense", 1_000),
    ]:
        yield check(
            f"real Ginibre, n = {n}, vector, {method}",
            "λ₁",
            "Newman1986",
            float(ginibre_exponents(n)[0]),
            growth_rate(stabsim.Ginibre(n), 1000, trials, norm="vector", method=method),
        )
    for method, trials in [("reduced", 40_000), ("dense", 5_000)]:
        yield check(
            "complex Ginibre, n = 3, vector, " + method,
            "λ₁",
            "Forrester2013",
            float(ginibre_exponents(3, field="complex")[0]),
            growth_rate(
                stabsim.Ginibre(3, field="complex"), 1000, trials, norm="vector", method=method
            ),
        )
    for method, trials in [("reduced", 20_000), ("dense", 5_000)]:
        yield check(
            f"real Ginibre, n = 4, determinant, {method}",
            "Σ λᵢ",
            "Newman1986",
            float(ginibre_exponents(4).sum()),
            growth_rate(stabsim.Ginibre(4), 1000, trials, norm="logdet", method=method),
        )
    yield check(
        "real Ginibre, n = 4, Frobenius, triangular",
        "λ₁",
        "Newman1986",
        float(ginibre_exponents(4)[0]),
        growth_rate(stabsim.Ginibre(4), 2000, 5_000, norm="frobenius"),
    )


def textbook(method):
    """The length of a vector after 101 factors of size 4, in decades."""
    subject = f"101 Gaussian factors 4×4, {method}"

    def simulate(seed):
        result = stabsim.matrix_product_growth(
            stabsim.Ginibre(4),
            101,
            trials=400_000,
            norm="vector",
            method=method,
            record=[101],
            rng=seed,
        )
        decades = result.log_norm[:, 0] / DECADE
        return [mean(decades), through(math.sqrt, variance(decades))]

    # The variance of ln r is psi'(2)/4 = (pi^2/6 - 1)/4 a step.
    deviation = math.sqrt(101 * (math.pi**2 / 6 - 1) / 4) / DECADE
    return Check(
        [
            Quantity(subject, "mean of lg |P v|", "Newman1986", 101 * rate / DECADE)
            for rate in ginibre_exponents(4)[:1]
        ]
        + [Quantity(subject, "its standard deviation", "CohenNewman1984", deviation)],
        simulate,
    )


def checks():
    yield from ginibre_growth()
    for method in ("reduced", "dense"):
        yield textbook(method)
    yield check(
        "random Fibonacci sequence, vector",
        "λ₁",
        "Viswanath1999",
        random_fibonacci_exponent(),
        growth_rate(stabsim.FiniteSet.random_fibonacci(), 20_000, 2_000, norm="vector"),
    )
    for energy, disorder in [(0.0, 1.0), (1.0, 0.5), (3.0, 2.0)]:
        yield check(
            f"Lloyd model, E = {energy:g}, half-width {disorder:g}, vector",
            "γ",
            "Lloyd1969",
            lloyd_exponent(energy, disorder),
            growth_rate(
                stabsim.AndersonTransfer(energy, disorder, distribution="cauchy"),
                20_000,
                1_000,
                norm="vector",
            ),
        )
    yield check(
        "corner 3×3 of orthogonal 7×7, vector, dense",
        "λ₁",
        "Khoruzhenko2010",
        # psi(3/2) - psi(7/2) = -(2/3 + 2/5).
        -0.5 * (2 / 3 + 2 / 5),
        growth_rate(stabsim.TruncatedHaar(3, 7), 500, 5_000, norm="vector", method="dense"),
    )
