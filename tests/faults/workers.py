"""Every verb on threads, processes and clusters, with one worker and with many."""

import contextlib
import functools
import logging
import os

import joblib

from faults.clusters import dask_cluster, whole
from faults.processes import BACKENDS
from faults.rows import tally
from faults.runs import RUNS, fingerprint

SIZE = 20
WORKERS = [1, 2, 4, 8]


@contextlib.contextmanager
def on_this_machine(name, workers):
    """Configure joblib for so many threads or processes."""
    with joblib.parallel_config(backend=name, n_jobs=workers):
        yield


@contextlib.contextmanager
def on_dask(workers):
    """Configure joblib for so many workers of a Dask cluster."""
    with dask_cluster(workers) as client:
        whole(client, workers)
        with joblib.parallel_config(backend="dask"):
            yield


@contextlib.contextmanager
def on_ray(workers):
    """Configure joblib for so many workers of a Ray cluster."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(
        num_cpus=workers,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.CRITICAL,
    )
    try:
        with joblib.parallel_config(backend="ray"):
            yield
    finally:
        ray.shutdown()


def rows(rng, times):
    """Yield a row for each kind of workers."""
    expected = {name: fingerprint(run(SIZE, rng=1, n_jobs=1)) for name, run in RUNS.items()}
    kinds = {kind: functools.partial(on_this_machine, name) for kind, name in BACKENDS.items()}
    for kind, context in {**kinds, "Dask": on_dask, "Ray": on_ray}.items():
        outcomes = []
        for workers in WORKERS:
            with context(workers):
                for name, run in RUNS.items():
                    same = fingerprint(run(SIZE, rng=1)) == expected[name]
                    outcomes.append("" if same else f"{name} on {workers} workers")
        *few, most = map(str, WORKERS)
        yield tally(
            f"{', '.join(few)} and {most} workers", f"every verb, {kind}", "one result", outcomes
        )
