"""What checkpoints, clusters and progress bars cost, in runs whose kernels take most of the time.

All are ratios within one process, of runs that alternate with the same run without.
"""

import contextlib
import io
import statistics
import tempfile
import time

import joblib

from faults.clusters import dask_cluster
from faults.rows import Row
from faults.runs import RUNS

#: Runs of some seconds whose chunks of 20 ms yield few numbers.
MEASURED = {"matrix_product_growth, streamed": 120, "product_singular_values": 120}


class Terminal(io.StringIO):
    """What a progress bar takes for a terminal."""

    def isatty(self):
        """Return that it is one."""
        return True


@contextlib.contextmanager
def checkpointed():
    """Yield the arguments of a run that keeps its chunks."""
    with tempfile.TemporaryDirectory() as folder:
        yield {"checkpoint": folder}


@contextlib.contextmanager
def shown():
    """Yield the arguments of a run that shows its progress."""
    with contextlib.redirect_stderr(Terminal()):
        yield {"progress": True}


@contextlib.contextmanager
def on_dask():
    """Yield no arguments, since the configuration says all."""
    with joblib.parallel_config(backend="dask"):
        yield {}


def seconds(name, context=contextlib.nullcontext):
    """Return how long a run takes."""
    with context() as given:
        start = time.perf_counter()
        RUNS[name](MEASURED[name], rng=1, **(given or {"n_jobs": 2}))
        return time.perf_counter() - start


def rows(rng, times):
    """Yield a row for each that costs something."""
    with dask_cluster(2):
        for what, context, limit in [
            ("a checkpoint", checkpointed, 5.0),
            ("a progress bar", shown, 1.0),
            ("Dask on one machine instead of threads", on_dask, 15.0),
        ]:
            for name in MEASURED:
                ratios = []
                seconds(name, context)
                for _ in range(times):
                    plain, more = seconds(name), seconds(name, context)
                    # Each is compared with what came before and after it.
                    ratios.append(more / (0.5 * (plain + seconds(name))))
                cost = 100.0 * (statistics.median(ratios) - 1.0)
                yield Row(
                    f"overhead of {what}",
                    name,
                    times,
                    f"below {limit:g} %",
                    f"{cost:+.1f} %",
                    cost < limit,
                )
