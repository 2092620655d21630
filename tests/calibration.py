"""Count how often nominal 95 % intervals hold the true value; exit with 1 where it is not 95 %.

Ten thousand replications of a small experiment are one large run, cut into pieces: every piece
becomes a result of its own, and the interval is what the result's public method returns. A true
coverage of 95 % is found outside of the window once in two million rows.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import stabsim
from stabsim.theory import ginibre_exponents, lloyd_exponent

REPLICATIONS = 10_000
LEAST, MOST = 93.9, 96.1
TABLE = Path(__file__).parents[1] / "docs" / "calibration.csv"

LIGHT = stabsim.Ginibre(4)
HEAVY = stabsim.IID(3, "cauchy")
LLOYD = stabsim.AndersonTransfer(0.0, 1.0, distribution="cauchy")
NAMES = {
    LIGHT: "Gaussian 4×4",
    HEAVY: "Cauchy 3×3",
    LLOYD: "Lloyd model",
}
LEVELS = [0.05, 0.5, 0.9]

# The ends of an interval, and the true values.
Interval = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Experiment:
    """What one replication is, and what its intervals are to hold."""

    names: list[str]
    ensemble: stabsim.ensembles.Ensemble
    replication: str
    truth: Callable[[np.random.SeedSequence], np.ndarray]
    intervals: Callable[[np.random.SeedSequence], Iterator[Interval]]


def products(ensemble, depth, trials, seed, norm="vector"):
    """Yield results of ``trials`` products each."""
    whole = stabsim.matrix_product_growth(
        ensemble, depth, trials=REPLICATIONS * trials, norm=norm, record=[depth], rng=seed
    )
    for samples in np.split(whole.statistics.samples, REPLICATIONS):
        yield replace(whole, trials=trials, statistics=type(whole.statistics)(samples))


def growth_rate(ensemble, depth, trials, truth, norm="vector"):
    return Experiment(
        ["mean growth rate"],
        ensemble,
        f"{trials} products of {depth} factors",
        truth,
        lambda seed: (
            result.confidence_interval()
            for result in products(ensemble, depth, trials, seed, norm=norm)
        ),
    )


def quantiles(ensemble, depth, trials, truth):
    return Experiment(
        [f"{100 * q:g} % quantile of ln |P v|" for q in LEVELS],
        ensemble,
        f"{trials} products of {depth} factors",
        truth,
        lambda seed: (
            tuple(end[:, 0] for end in result.quantile_interval(LEVELS))
            for result in products(ensemble, depth, trials, seed)
        ),
    )


def exponents(ensemble, steps, trials, truth, record=1):
    """Exponents by QR, the error from so many chains, or from batches of few chains."""

    def intervals(seed):
        whole = stabsim.lyapunov_spectrum(
            ensemble,
            steps=steps,
            trials=REPLICATIONS * trials,
            record=np.arange(1, record + 1) * steps // record,
            method="qr",
            rng=seed,
        )
        for growth in np.split(whole.log_growth, REPLICATIONS):
            yield replace(whole, trials=trials, log_growth=growth).confidence_interval()

    batches = f" in {record} batches" if record > 1 else ""
    return Experiment(
        [f"Lyapunov exponent {i + 1}" for i in range(ensemble.n)],
        ensemble,
        f"{trials} chains of {steps} factors{batches}",
        truth,
        intervals,
    )


def long_spectrum(ensemble):
    """Return the exponents of a run whose own error is below a hundredth of a replication's."""

    def truth(seed):
        result = stabsim.lyapunov_spectrum(
            ensemble, steps=20_000, trials=1000, record=[20_000], rng=seed
        )
        return result.exponents

    return truth


def long_quantiles(ensemble, depth):
    def truth(seed):
        result = stabsim.matrix_product_growth(
            ensemble, depth, trials=4_000_000, norm="vector", record=[depth], rng=seed
        )
        return result.quantile(LEVELS)[:, 0]

    return truth


def exact_quantiles(ensemble, depth):
    law = stabsim.theory.product_growth(ensemble, "vector").law
    return lambda seed: law.quantile(LEVELS, depth)


EXPERIMENTS = [
    growth_rate(LIGHT, 50, 50, lambda seed: ginibre_exponents(4)[:1]),
    growth_rate(HEAVY, 60, 50, lambda seed: long_spectrum(HEAVY)(seed)[:1], norm="frobenius"),
    growth_rate(LLOYD, 100, 50, lambda seed: np.array([lloyd_exponent(0.0, 1.0)])),
    exponents(LIGHT, 100, 16, lambda seed: ginibre_exponents(4)),
    exponents(HEAVY, 100, 16, long_spectrum(HEAVY)),
    exponents(HEAVY, 800, 2, long_spectrum(HEAVY), record=32),
    quantiles(LIGHT, 20, 100, exact_quantiles(LIGHT, 20)),
    quantiles(HEAVY, 20, 100, long_quantiles(HEAVY, 20)),
]


def coverages(experiment: Experiment, seed: np.random.SeedSequence) -> Iterator[list[str]]:
    """Yield rows of the table: names, and how often in percent the interval held or missed."""
    first, second = seed.spawn(2)
    truth = experiment.truth(first)
    below, above = np.zeros(len(truth)), np.zeros(len(truth))
    for low, high in experiment.intervals(second):
        below += high < truth
        above += low > truth
    below, above = 100.0 * below / REPLICATIONS, 100.0 * above / REPLICATIONS
    for i, name in enumerate(experiment.names):
        yield [
            name,
            NAMES[experiment.ensemble],
            experiment.replication,
            f"{100.0 - below[i] - above[i]:.2f}",
            f"{below[i]:.2f}",
            f"{above[i]:.2f}",
        ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="repeat the run of this seed")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name} for the site")
    arguments = parser.parse_args()
    seed = np.random.SeedSequence(arguments.seed)
    print(f"seed {seed.entropy}, {REPLICATIONS} replications, {LEAST} to {MOST} % to hold\n")
    header = ["Interval of", "Factors", "Replication", "Holds (%)", "Below (%)", "Above (%)"]
    layout = "{:32} {:14} {:40} {:>10} {:>10} {:>10}"
    print(layout.format(*header))
    rows = []
    for experiment, child in zip(EXPERIMENTS, seed.spawn(len(EXPERIMENTS)), strict=True):
        for row in coverages(experiment, child):
            rows.append(row)
            print(layout.format(*row), flush=True)
    held = sum(LEAST <= float(row[3]) <= MOST for row in rows)
    print(f"\n{held} of {len(rows)} intervals hold what they say")
    if arguments.write:
        with TABLE.open("w", newline="", encoding="utf-8") as file:
            # Bars are markup in reStructuredText.
            plain = [[word.replace("|", r"\|") for word in row] for row in rows]
            csv.writer(file, lineterminator="\n").writerows([header, *plain])
    return 0 if held == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
