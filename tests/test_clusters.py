"""Runs on a Dask cluster of two processes: the same results, and errors instead of waiting."""

import os
import sys
import time

import cloudpickle
import joblib
import numpy as np
import pytest
from conftest import JIT_DISABLED

from stabsim import (
    IID,
    MLP,
    Custom,
    Ginibre,
    _montecarlo,
    activations,
    gradient_attenuation,
    lyapunov_spectrum,
    matrix_product_growth,
    phase_diagram,
)
from stabsim._random import seed_sequence

distributed = pytest.importorskip("distributed")
Cluster = pytest.importorskip("stabsim._clusters").Cluster

pytestmark = [
    pytest.mark.skipif(JIT_DISABLED, reason="the processes of a cluster compile for themselves"),
    # What a cluster's own threads and sockets warn of when they end.
    pytest.mark.filterwarnings("default::ResourceWarning"),
    pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def client():
    """Yield a client of a cluster that gives a task up as soon as it has killed one worker."""
    import dask

    # The workers have no such module, so what it holds travels by value.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(silence_logs=50, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.fixture
def dask(client):
    with joblib.parallel_config(backend="dask"):
        yield client


def numbers(result):
    """Return every number of a result."""
    parts = [
        part if isinstance(part, np.ndarray) else part.packed()
        for part in result.run.parts.values()
    ]
    return np.concatenate(parts)


def fill(rng, out):
    for i in range(out.shape[0]):
        out[i, i] = rng.standard_normal()


RUNS = {
    "samples": lambda **means: matrix_product_growth(
        Ginibre(4), 50, trials=200_000, norm="vector", record=[50], **means
    ),
    "streamed": lambda **means: matrix_product_growth(
        Ginibre(4), 50, trials=200_000, norm="vector", record=[50], samples=False, **means
    ),
    "with BLAS": lambda **means: matrix_product_growth(
        Ginibre(64), 20, trials=24, norm="spectral", method="dense", **means
    ),
    "to a precision": lambda **means: lyapunov_spectrum(
        IID(3, "uniform"), steps=20_000, trials=3000, precision=0.0005, **means
    ),
    "a sweep": lambda **means: phase_diagram("tanh", [1.0, 2.0], [0.1], trials=400, **means),
    "a law of the user's own": lambda **means: matrix_product_growth(
        Custom(2, fill), 50, trials=30_000, norm="logdet", record=[50], **means
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_results_are_bit_identical_on_a_cluster(name, dask, monkeypatch):
    sent, submit = [], Cluster.submit

    def counted(self, *arguments, **keywords):
        sent.append(arguments)
        return submit(self, *arguments, **keywords)

    monkeypatch.setattr(Cluster, "submit", counted)
    on_cluster = RUNS[name](rng=1)
    assert len(sent) >= 2
    with joblib.parallel_config(backend="sequential"):
        here = RUNS[name](rng=1)
    np.testing.assert_array_equal(numbers(on_cluster), numbers(here))


class Rows:
    """A task in plain Python, whose chunks say in which process they were computed."""

    chunk = 1
    columns = 1
    uses_blas = False

    def __call__(self, seed, trials, check_interrupt):
        check_interrupt()
        return np.full((trials, 1), float(os.getpid()))


class KillsItsWorker(Rows):
    def __call__(self, seed, trials, check_interrupt):
        os._exit(1)


class Fails(Rows):
    """A task whose first chunk fails, and whose others go on until they are told to stop."""

    def __call__(self, seed, trials, check_interrupt):
        if seed.spawn_key[-1] == 0:
            time.sleep(0.5)
            raise ArithmeticError("chunk 0")
        for _ in range(600):
            check_interrupt()
            time.sleep(0.1)
        return np.zeros((trials, 1))


def run(task, trials):
    return _montecarlo.run(
        task, trials, seed_sequence(1), n_jobs=None, progress=False, samples=True
    )


def test_chunks_are_computed_by_the_workers(dask):
    processes = set(run(Rows(), 40).samples.ravel().astype(int).tolist())
    assert processes <= set(dask.run(os.getpid).values())


def test_a_single_chunk_stays_here(dask):
    assert run(Rows(), 1).samples == [[os.getpid()]]


def test_functions_that_travel_by_value_arrive_once(dask):
    class Remembers(Rows):
        def __call__(self, seed, trials, check_interrupt):
            self.calls = getattr(self, "calls", 0) + 1
            return np.full((trials, 1), float(self.calls))

    # Batches of chunks arrive one after the other, all as the same object in each worker.
    assert run(Remembers(), 60).samples.max() >= 30


def test_an_error_takes_back_what_the_cluster_has_begun(dask):
    with pytest.raises(ArithmeticError, match="chunk 0"):
        run(Fails(), 20)
    # A minute's work was begun in the other worker, and must not be in the way.
    start = time.monotonic()
    assert run(Rows(), 40).trials == 40
    assert time.monotonic() - start < 10.0
    assert not any(dask.processing().values())


def test_runs_within_tasks_of_the_user_s_own_wait_without_a_worker(dask):
    def simulate(seed):
        return matrix_product_growth(Ginibre(4), 20, trials=60_000, norm="vector", rng=seed).mean

    # More of them than there are workers.
    means = joblib.Parallel()(joblib.delayed(simulate)(seed) for seed in range(4))
    for seed, mean in enumerate(means):
        with joblib.parallel_config(backend="threading", n_jobs=2):
            np.testing.assert_array_equal(mean, simulate(seed))


def test_a_chunk_that_kills_its_worker_is_an_error(dask):
    with pytest.raises(distributed.KilledWorker):
        run(KillsItsWorker(), 4)
    dask.wait_for_workers(2, timeout=60)
    assert run(Rows(), 40).trials == 40


def test_a_checkpoint_goes_on_from_a_cluster_to_threads(dask, tmp_path):
    on_cluster = RUNS["samples"](rng=1, checkpoint=tmp_path)
    with joblib.parallel_config(backend="threading", n_jobs=2):
        again = RUNS["samples"](rng=1, checkpoint=tmp_path)
    np.testing.assert_array_equal(numbers(on_cluster), numbers(again))


def test_an_activation_of_the_user_s_own_is_simulated_on_a_cluster(dask):
    own = activations.Activation(
        "softsign", lambda x: x / (1.0 + abs(x)), lambda x: 1.0 / (1.0 + abs(x)) ** 2
    )
    network = MLP(5, 32, activation=own)
    on_cluster = gradient_attenuation(network, trials=4000, rng=1)
    with joblib.parallel_config(backend="sequential"):
        here = gradient_attenuation(network, trials=4000, rng=1)
    np.testing.assert_array_equal(numbers(on_cluster), numbers(here))
