"""Workers of a Dask cluster are killed at random moments."""

import contextlib
import logging
import math
import os
import signal
import threading
import time

import joblib

from faults.rows import tally
from faults.runs import RUNS, counted, fingerprint

WORKERS = 3
#: Runs of some seconds.
SIZE, LEAST_SECONDS = 40, 2.0
#: In seconds: a run that takes longer hangs.
HANGS = 120.0


@contextlib.contextmanager
def dask_cluster(workers):
    """Yield a client of a cluster of so many processes, or None for none."""
    if workers == 0:
        yield None
        return
    from distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address=":0",
        silence_logs=logging.CRITICAL,
    )
    with cluster, Client(cluster) as client:
        yield client


def whole(client, workers):
    """Wait until all workers are there."""
    while True:
        with contextlib.suppress(TimeoutError):
            client.wait_for_workers(workers, timeout=30)
            return
        # Dask gives up a worker that cannot be started on a busy machine.
        client.cluster.scale(0)
        client.cluster.scale(workers)


def idle(client):
    """Return whether all workers are idle, and the scheduler has nothing left to do."""

    def seconds():
        times = client.run(time.process_time)
        return sum(times.values())

    before = seconds()
    time.sleep(1.0)
    # A worker's own upkeep takes a little.
    return seconds() - before < 0.3 and not any(client.processing().values())


def simulated(name, size):
    """Start a run on the cluster; return its thread, and where its end will be told."""
    ended = []

    def simulate():
        try:
            with joblib.parallel_config(backend="dask"):
                ended.append(fingerprint(RUNS[name](size, rng=1)))
        except Exception as error:  # noqa: BLE001
            ended.append(f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=simulate, daemon=True)
    thread.start()
    return thread, ended


def timed(name, size):
    """Return how long a run takes that nothing happens to, in seconds."""
    start = time.perf_counter()
    simulated(name, size)[0].join(HANGS)
    return time.perf_counter() - start


def rows(rng, times):
    """Yield a row for runs whose workers are killed."""
    outcomes, known = [], {}
    with dask_cluster(WORKERS) as client:
        for number in range(times):
            name = list(RUNS)[number % len(RUNS)]
            whole(client, WORKERS)
            if name not in known:
                # Every worker compiles what it has not compiled yet.
                simulated(name, SIZE)[0].join(HANGS)
                size = math.ceil(SIZE * max(1.0, LEAST_SECONDS / timed(name, SIZE)))
                known[name] = size, timed(name, size), counted(RUNS[name], size, rng=1)[0]
            size, seconds, expected = known[name]
            thread, ended = simulated(name, size)
            time.sleep(rng.uniform(0.0, 0.8 * seconds))
            processes = [nanny.pid for nanny in client.cluster.workers.values()]
            os.kill(processes[rng.integers(WORKERS)], signal.SIGKILL)
            was_running = thread.is_alive()
            thread.join(HANGS)
            if thread.is_alive():
                outcomes.append(f"{name} hangs")
                break
            if not was_running:
                outcomes.append(f"{name} was over before")
            else:
                outcomes.append("" if ended == [expected] else f"{name}: {ended[0]}")
    yield tally(
        "SIGKILL of a random worker",
        f"a Dask cluster of {WORKERS} processes",
        "every run ends with the same result",
        outcomes,
    )
