"""Recompute published values with a fresh seed; exit with 1 if any is missed.

Every row compares an estimate with its exact or published value. A row is missed when |z| exceeds
the limit at which all rows together raise a false alarm once in a million runs. A value that is
known to be wrong is told apart when |z| exceeds that limit.
"""

import argparse
import csv
import datetime as dt
import math
import os
import platform
import re
import sys
import time
from pathlib import Path

import numba
import numpy as np
import scipy
from scipy.stats import norm

import stabsim
from verification import networks, products, spectra
from verification.rows import Quantity

FALSE_ALARMS = 1e-6
DOCS = Path(__file__).parents[2] / "docs"
TABLE, RUN = DOCS / "verified.csv", DOCS / "verified_run.txt"
# What reStructuredText would take for markup.
MARKUP = re.compile(r"([|*_`\\])")
HEADER = ["Of", "Quantity", "Source", "Known", "Estimate", "z"]


def numbers(quantity: Quantity, estimate: float, error: float) -> tuple[str, str]:
    """Return the known value and the estimate, as many digits as the error leaves."""
    decimals = max(0, 1 - math.floor(math.log10(error)))
    return (
        f"{quantity.value:.{decimals + 1}f}",
        f"{estimate:.{decimals}f} ± {error:.{decimals}f}",
    )


def write(rows: list[list[str]], seed: np.random.SeedSequence, limit: float) -> None:
    """Write the table and what it was made with, for the site."""
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        # An estimate and its error stay on one line.
        joined = [[*row[:4], row[4].replace(" ", "\N{NO-BREAK SPACE}"), *row[5:]] for row in rows]
        plain = [[MARKUP.sub(r"\\\1", word) for word in row] for row in joined]
        cited = [[*row[:2], f":cite:t:`{row[2]}`", *row[3:]] for row in plain]
        csv.writer(file, lineterminator="\n").writerows([HEADER, *cited])
    today = dt.datetime.now(dt.UTC).date()
    packages = [("NumPy", np), ("SciPy", scipy), ("Numba", numba)]
    versions = ", ".join(f"{name} {package.__version__}" for name, package in packages)
    RUN.write_text(
        f"This is the run of {today} with the seed {seed.entropy}, on {os.cpu_count()} cores, by\n"
        f"stabsim {stabsim.__version__} with {versions} and Python {platform.python_version()}.\n"
        f"With {len(rows)} rows the limit is :math:`|z| < {limit:.2f}`.\n",
        encoding="utf-8",
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="verify", description=__doc__)
    parser.add_argument("--seed", type=int, help="repeat the run of this seed")
    parser.add_argument("--only", default="", help="run the rows whose subject contains this")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name} for the site")
    arguments = parser.parse_args()
    checks = [*products.checks(), *spectra.checks(), *networks.checks()]
    quantities = sum(len(check.quantities) for check in checks)
    limit = float(norm.isf(FALSE_ALARMS / quantities / 2))
    seed = np.random.SeedSequence(arguments.seed)
    print(f"seed {seed.entropy}, |z| below {limit:.2f}\n")
    layout = "{:78} {:36} {:26} {:>13} {:>24} {:>7}"
    print(layout.format(*HEADER))
    rows, missed, start = [], 0, time.perf_counter()
    # Every check keeps its seed, whichever others run.
    for check, child in zip(checks, seed.spawn(len(checks)), strict=True):
        if arguments.only not in check.quantities[0].subject:
            continue
        estimates = check.simulate(child)
        for quantity, (estimate, error) in zip(check.quantities, estimates, strict=True):
            z = (estimate - quantity.value) / error
            good = abs(z) > limit if quantity.wrong else abs(z) < limit
            missed += not good
            row = [quantity.subject, quantity.name, quantity.source]
            row += [*numbers(quantity, estimate, error), f"{z:+.2f}"]
            rows.append(row)
            print(layout.format(*row) + ("" if good else "  MISSED"), flush=True)
    minutes = (time.perf_counter() - start) / 60.0
    print(f"\n{len(rows) - missed} of {len(rows)} rows hold, in {minutes:.1f} minutes")
    if arguments.write and not arguments.only:
        write(rows, seed, limit)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
