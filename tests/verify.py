"""Recompute published values with a fresh seed; exit with 1 if any is missed.

Every row compares an estimate with its exact or published value. A row is missed when |z| exceeds
the limit at which all rows together raise a false alarm once in a million runs.
"""

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

import stabsim
from stabsim.theory import ginibre_exponents, lloyd_exponent, random_fibonacci_exponent

FALSE_ALARMS = 1e-6
DECADE = math.log(10.0)


@dataclass(frozen=True)
class Row:
    """A quantity, its source and value, and the estimate with its standard error."""

    quantity: str
    source: str
    exact: float
    estimate: Callable[[np.random.SeedSequence], tuple[float, float]]


def growth_rate(ensemble, depth, trials, **options):
    def estimate(seed):
        result = stabsim.matrix_product_growth(
            ensemble, depth, trials=trials, rng=seed, record=[depth], **options
        )
        return result.lyapunov, result.lyapunov_se

    return estimate


def textbook(method, moment):
    def estimate(seed):
        result = stabsim.matrix_product_growth(
            stabsim.Ginibre(4), 101, trials=400_000, norm="vector", method=method, rng=seed,
            record=[101],
        )  # fmt: skip
        decades = result.log_norm[:, 0] / DECADE
        if moment == "mean":
            return decades.mean(), decades.std(ddof=1) / math.sqrt(decades.size)
        variance = decades.var(ddof=1)
        spread = np.square(decades - decades.mean()).std() / math.sqrt(decades.size)
        return math.sqrt(variance), spread / (2.0 * math.sqrt(variance))

    return estimate


NEWMAN, FORRESTER = "Newman 1986", "Forrester 2013"
ROWS = [
    *(
        Row(
            f"real Ginibre n = {n}, {method}: largest exponent",
            NEWMAN,
            float(ginibre_exponents(n)[0]),
            growth_rate(stabsim.Ginibre(n), 1000, trials, norm="vector", method=method),
        )
        for n, method, trials in [
            (1, "reduced", 40_000),
            (4, "reduced", 40_000),
            (64, "reduced", 20_000),
            (4, "dense", 10_000),
            (12, "dense", 2_000),
            (20, "dense", 1_000),
        ]
    ),
    *(
        Row(
            f"real Ginibre n = 4, {method}: sum of exponents",
            NEWMAN,
            float(ginibre_exponents(4).sum()),
            growth_rate(stabsim.Ginibre(4), 1000, trials, norm="logdet", method=method),
        )
        for method, trials in [("reduced", 20_000), ("dense", 5_000)]
    ),
    *(
        Row(
            f"complex Ginibre n = {n}, {method}: largest exponent",
            FORRESTER,
            float(ginibre_exponents(n, field="complex")[0]),
            growth_rate(
                stabsim.Ginibre(n, field="complex"), 1000, trials, norm="vector", method=method
            ),
        )
        for n, method, trials in [(3, "reduced", 40_000), (3, "dense", 5_000)]
    ),
    Row(
        "real Ginibre n = 4, triangular: largest exponent",
        NEWMAN,
        float(ginibre_exponents(4)[0]),
        growth_rate(stabsim.Ginibre(4), 2000, 5_000, norm="frobenius"),
    ),
    *(
        Row(f"101 factors 4×4, {method}: {moment} of decades", "Newman 1986", exact, estimate)
        for method in ("reduced", "dense")
        for moment, exact, estimate in [
            ("mean", 101 * ginibre_exponents(4)[0] / DECADE, textbook(method, "mean")),
            (
                "standard deviation",
                # The variance of ln r is psi'(2)/4 = (pi^2/6 - 1)/4 a step.
                math.sqrt(101 * (math.pi**2 / 6 - 1) / 4) / DECADE,
                textbook(method, "standard deviation"),
            ),
        ]
    ),
    Row(
        "random Fibonacci sequence: exponent",
        "Viswanath 1999",
        random_fibonacci_exponent(),
        growth_rate(stabsim.FiniteSet.random_fibonacci(), 20_000, 2_000, norm="vector"),
    ),
    *(
        Row(
            f"Lloyd model, E = {energy:g}, half-width {disorder:g}: exponent",
            "Lloyd 1969, Ishii 1973",
            lloyd_exponent(energy, disorder),
            growth_rate(
                stabsim.AndersonTransfer(energy, disorder, distribution="cauchy"),
                20_000,
                1_000,
                norm="vector",
            ),
        )
        for energy, disorder in [(0.0, 1.0), (1.0, 0.5), (3.0, 2.0)]
    ),
    Row(
        "corner 3×3 of orthogonal 7×7, dense: largest exponent",
        "Khoruzhenko et al. 2010",
        # psi(3/2) - psi(7/2) = -(2/3 + 2/5).
        -0.5 * (2 / 3 + 2 / 5),
        growth_rate(stabsim.TruncatedHaar(3, 7), 500, 5_000, norm="vector", method="dense"),
    ),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="repeat the run of this seed")
    seed = np.random.SeedSequence(parser.parse_args().seed)
    limit = float(norm.isf(FALSE_ALARMS / len(ROWS) / 2))
    print(f"seed {seed.entropy}, |z| below {limit:.2f}\n")
    print(f"{'quantity':60} {'source':24} {'exact':>12} {'estimate':>12} {'s.e.':>10} {'z':>6}")
    missed = 0
    for row, child in zip(ROWS, seed.spawn(len(ROWS)), strict=True):
        estimate, error = row.estimate(child)
        z = (estimate - row.exact) / error
        missed += not abs(z) < limit
        print(
            f"{row.quantity:60} {row.source:24} {row.exact:12.8f} {estimate:12.8f} "
            f"{error:10.2e} {z:+6.2f}"
        )
    print(f"\n{len(ROWS) - missed} of {len(ROWS)} values recovered")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
