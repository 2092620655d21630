"""Every verb on threads, processes and a Dask cluster, with one worker and with many."""

import joblib

from faults.clusters import dask_cluster, whole
from faults.processes import BACKENDS
from faults.rows import tally
from faults.runs import RUNS, fingerprint

SIZE = 20
WORKERS = [1, 2, 4, 8]


def rows(rng, times):
    """Yield a row for each kind of workers."""
    expected = {name: fingerprint(run(SIZE, rng=1, n_jobs=1)) for name, run in RUNS.items()}
    for backend in [*BACKENDS, "Dask"]:
        outcomes = []
        with dask_cluster(1 if backend == "Dask" else 0) as client:
            for workers in WORKERS:
                options = {"n_jobs": workers}
                if client:
                    client.cluster.scale(workers)
                    whole(client, workers)
                    options = {}
                with joblib.parallel_config(backend=BACKENDS.get(backend, "dask"), **options):
                    for name, run in RUNS.items():
                        same = fingerprint(run(SIZE, rng=1)) == expected[name]
                        outcomes.append("" if same else f"{name} on {workers} workers")
        *few, most = map(str, WORKERS)
        yield tally(
            f"{', '.join(few)} and {most} workers", f"every verb, {backend}", "one result", outcomes
        )
