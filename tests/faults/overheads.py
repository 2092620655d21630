"""What checkpoints, clusters and progress bars cost, in runs whose kernels take most of the time.

All are ratios within one process, of runs that alternate with the same run without. Processor time
is compared, of all processes together, since other programs on the machine do not change it. What
that does not show, time in which workers wait for work, is measured with kernels that only sleep.
"""

import contextlib
import io
import statistics
import tempfile
import time

import joblib
import numpy as np

from faults.clusters import dask_cluster
from faults.processes import BACKENDS
from faults.rows import Row
from faults.runs import RUNS
from stabsim import _montecarlo

#: Runs of three seconds, in chunks of 20 ms.
MEASURED = {"matrix_product_growth, streamed": 300, "product_singular_values": 200}
#: In percent.
LIMITS = {"a checkpoint": 5.0, "a progress bar": 1.0, "Dask instead of threads": 15.0}


class Sleeps:
    """A task whose chunks take 20 ms and no processor."""

    chunk, columns, uses_blas = 1000, 2, False
    seconds, chunks, workers = 0.02, 400, 2

    def __call__(self, seed, trials, check_interrupt):
        time.sleep(self.seconds)
        return np.zeros((trials, self.columns))

    def waiting(self):
        """Return by how many percent a run is longer than its chunks on all workers."""
        start = time.perf_counter()
        _montecarlo.run(
            self,
            self.chunks * self.chunk,
            np.random.SeedSequence(1),
            n_jobs=None,
            progress=False,
            samples=False,
        )
        least = self.chunks * self.seconds / self.workers
        return 100.0 * ((time.perf_counter() - start) / least - 1.0)


class Terminal(io.StringIO):
    """What a progress bar takes for a terminal."""

    def isatty(self):
        """Return that it is one."""
        return True


@contextlib.contextmanager
def checkpointed():
    """Yield the arguments of a run that keeps its chunks."""
    with tempfile.TemporaryDirectory() as folder:
        yield {"checkpoint": folder, "n_jobs": 2}


@contextlib.contextmanager
def shown():
    """Yield the arguments of a run that shows its progress."""
    with contextlib.redirect_stderr(Terminal()):
        yield {"progress": True, "n_jobs": 2}


@contextlib.contextmanager
def on_dask():
    """Yield no arguments, since the configuration says all."""
    with joblib.parallel_config(backend="dask"):
        yield {}


@contextlib.contextmanager
def plain():
    """Yield the arguments of a run on threads."""
    yield {"n_jobs": 2}


def processor_time(name, context, client):
    """Return what a run takes of the processors, here and in the workers of a cluster, if any."""
    with context() as given:
        start = time.process_time() + _elsewhere(client)
        RUNS[name](MEASURED[name], rng=1, **given)
        return time.process_time() + _elsewhere(client) - start


def _elsewhere(client):
    return sum(client.run(time.process_time).values()) if client else 0.0


def overhead(name, context, client, times):
    """Return by how many percent a run takes more than a plain one."""
    ratios = []
    processor_time(name, context, client)
    for _ in range(times):
        before = processor_time(name, plain, None)
        more = processor_time(name, context, client)
        after = processor_time(name, plain, None)
        ratios.append(2.0 * more / (before + after))
    return 100.0 * (statistics.median(ratios) - 1.0)


def rows(rng, times):
    """Yield a row for each that costs something."""
    for what, context in [("a checkpoint", checkpointed), ("a progress bar", shown)]:
        for name in MEASURED:
            yield _row(what, name, times, overhead(name, context, None, times))
    with dask_cluster(Sleeps.workers) as client:
        what = "Dask instead of threads"
        for name in MEASURED:
            yield _row(what, name, times, overhead(name, on_dask, client, times))
        with joblib.parallel_config(backend="dask"):
            Sleeps().waiting()
            yield _row(what, "chunks that sleep", 1, Sleeps().waiting())
    for backend, name in BACKENDS.items():
        with joblib.parallel_config(backend=name, n_jobs=Sleeps.workers):
            Sleeps().waiting()
            yield _row(backend, "chunks that sleep", 1, Sleeps().waiting())


def _row(what, name, times, cost):
    limit = LIMITS.get(what, 5.0)
    found = f"{cost:+.1f} %"
    return Row(f"overhead of {what}", name, times, f"below {limit:g} %", found, cost < limit)
