"""Inject faults and print what came of them; exit with 1 if anything was wrong.

Processes are killed and interrupted, files damaged, disks filled, all at random. The seed of what
is done is fresh in every run, and what is simulated is always the same.
"""

import argparse
import csv
import datetime as dt
import os
import platform
import sys
import time
import warnings
from pathlib import Path

import distributed
import joblib
import numpy as np
import ray

import stabsim
from faults import clusters, damages, disks, interrupts, kills, overheads, workers
from faults.rows import HEADER

DOCS = Path(__file__).parents[2] / "docs"
PACKAGES = joblib, distributed, ray
TABLE, RUN = DOCS / "faults.csv", DOCS / "faults_run.txt"
#: What is done, and how often.
EXPERIMENTS = {
    "kills": (kills.rows, 200),
    "clusters": (clusters.rows, 50),
    "workers": (workers.rows, 1),
    "damages": (damages.rows, 1000),
    "disks": (disks.rows, 24),
    "interrupts": (interrupts.rows, 2),
    "overheads": (overheads.rows, 7),
}


def write(rows, seed):
    """Write the table and what it was made with, for the site."""
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *(row[:5] for row in rows)])
    today = dt.datetime.now(dt.UTC).date()
    versions = ", ".join(f"{package.__name__} {package.__version__}" for package in PACKAGES)
    RUN.write_text(
        f"This is the run of {today} with the seed {seed}, on {os.cpu_count()} cores, by\n"
        f"stabsim {stabsim.__version__} with {versions} and Python {platform.python_version()}\n"
        f"on {platform.system()}.\n",
        encoding="utf-8",
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--seed", type=int, help="repeat what was done with this seed")
    parser.add_argument("--only", nargs="*", choices=EXPERIMENTS, help="do these alone")
    parser.add_argument("--share", type=float, default=1.0, help="do so much of it, 1 for all")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name} for the site")
    arguments = parser.parse_args()
    seed = np.random.SeedSequence(arguments.seed)
    print(f"seed {seed.entropy}\n")
    layout = "{:40} {:52} {:>6}  {:70} {}"
    print(layout.format(*HEADER))
    rows, start = [], time.perf_counter()
    warnings.simplefilter("ignore")
    # Every experiment keeps its seed, whichever others are done.
    for (name, (experiment, times)), child in zip(
        EXPERIMENTS.items(), seed.spawn(len(EXPERIMENTS)), strict=True
    ):
        if arguments.only and name not in arguments.only:
            continue
        number = max(1, round(times * arguments.share))
        for row in experiment(np.random.default_rng(child), number):
            rows.append(row)
            print(layout.format(*row[:5]) + ("" if row.good else "  WRONG"), flush=True)
    minutes = (time.perf_counter() - start) / 60.0
    good = sum(row.good for row in rows)
    print(f"\n{good} of {len(rows)} rows hold, in {minutes:.1f} minutes")
    if arguments.write and not arguments.only and arguments.share == 1.0:
        write(rows, seed.entropy)
    return 0 if good == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
