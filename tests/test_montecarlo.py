"""The runner: results that no worker changes, interrupts that stop at once, bounded memory."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time

import joblib
import numpy as np
import pytest
from conftest import JIT_DISABLED

from stabsim import (
    Custom,
    FiniteSet,
    Ginibre,
    Haar,
    _montecarlo,
    matrix_product_growth,
)
from stabsim._checkpoints import Checkpoint
from stabsim._random import child, seed_sequence

# More chunks than a few workers take at once.
TRIALS = 300 if JIT_DISABLED else 60_000


class Rows:
    """A task in plain Python: row k of a chunk is what k calls of the generator yield."""

    chunk = 3
    columns = 2
    uses_blas = False

    def __call__(self, seed, trials, check_interrupt):
        check_interrupt()
        return np.random.default_rng(seed).standard_normal((trials, 2))


class SometimesFails(Rows):
    def __call__(self, seed, trials, check_interrupt):
        if seed.spawn_key[-1] == 5:
            raise ArithmeticError("chunk 5")
        return super().__call__(seed, trials, check_interrupt)


def run(task, trials, *, seed=1, n_jobs=1, progress=False, samples=True):
    return _montecarlo.run(
        task, trials, seed_sequence(seed), n_jobs=n_jobs, progress=progress, samples=samples
    )


# Chunks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [1, 2, 3, -1, None])
@pytest.mark.parametrize("trials", [1, 2, 3, 4, 100])
def test_chunk_i_draws_from_child_i_and_comes_as_ith(trials, n_jobs):
    rows = run(Rows(), trials, n_jobs=n_jobs).samples
    seed = seed_sequence(1)
    expected = np.concatenate(
        [
            np.random.default_rng(child(seed, i)).standard_normal((min(3, trials - 3 * i), 2))
            for i in range(-(-trials // 3))
        ]
    )
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(
        np.random.default_rng(seed_sequence(1).spawn(1)[0]).standard_normal((1, 2)), rows[:1]
    )


@pytest.mark.parametrize("samples", [True, False])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_in_a_chunk_reaches_the_caller(n_jobs, samples):
    with pytest.raises(ArithmeticError, match="chunk 5"):
        run(SometimesFails(), 100, n_jobs=n_jobs, samples=samples)
    # And the next run is none the worse for it.
    assert run(Rows(), 100, n_jobs=n_jobs).trials == 100


def test_a_run_of_many_more_chunks_than_a_window_is_whole(monkeypatch):
    monkeypatch.setattr(_montecarlo, "_NUMBERS_AHEAD", 0)
    np.testing.assert_array_equal(run(Rows(), 200, n_jobs=2).samples, run(Rows(), 200).samples)


def test_workers_are_all_cores_unless_the_configuration_says_otherwise():
    def workers(n_jobs):
        return _montecarlo._parallel(n_jobs, several=True)[0].n_jobs

    assert workers(None) == -1
    assert workers(3) == 3
    for n_jobs in (1, 2, -2):
        with joblib.parallel_config(n_jobs=n_jobs):
            assert workers(None) == n_jobs
            assert workers(5) == 5
    with joblib.parallel_config(backend="threading"):
        assert workers(None) == -1


# Workers change nothing ----------------------------------------------------------------------

SPECS = [
    (Ginibre(4), {"norm": "vector"}),
    (Ginibre(4), {"norm": "spectral"}),
    (Ginibre(3), {"norm": "vector", "method": "dense"}),
    (Haar(2, field="complex"), {"norm": "logdet", "method": "dense"}),
    (FiniteSet.random_fibonacci(), {"norm": "frobenius"}),
]


def fields(result):
    """Return every number of a result."""
    numbers = [result.mean, result.std, result.vanished, result.quantile([0.1, 0.5, 0.9])]
    numbers += [[result.lyapunov, result.lyapunov_se]]
    return numbers


@pytest.mark.parametrize("samples", [True, False])
@pytest.mark.parametrize(("ensemble", "keywords"), SPECS, ids=repr)
def test_results_are_bit_identical_for_every_number_of_workers(ensemble, keywords, samples):
    depth = 5 if JIT_DISABLED else 30
    first, *others = (
        matrix_product_growth(
            ensemble,
            depth,
            trials=TRIALS // 4,
            record=[1, depth],
            samples=samples,
            rng=1,
            n_jobs=n_jobs,
            **keywords,
        )
        for n_jobs in (1, 2, 3)
    )
    for other in others:
        for a, b in zip(fields(first), fields(other), strict=True):
            np.testing.assert_array_equal(a, b)
        if samples:
            np.testing.assert_array_equal(first.log_norm, other.log_norm)


@pytest.mark.jit
@pytest.mark.parametrize("norm", ["vector", "spectral"])
def test_blas_is_bit_identical_for_every_number_of_workers(norm):
    results = [
        matrix_product_growth(
            Ginibre(64), 20, trials=24, norm=norm, method="dense", rng=1, n_jobs=n_jobs
        ).log_norm
        for n_jobs in (1, 2, 3)
    ]
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def fill_triangle(rng, out):
    for i in range(out.shape[0]):
        for j in range(i + 1):
            out[i, j] = rng.standard_normal()


def closure(size):
    def fill(rng, out):
        for i in range(out.shape[0]):
            out[i, i] = size * rng.standard_normal()

    return fill


@pytest.mark.parametrize(
    "backend",
    [
        "threading",
        "sequential",
        *(pytest.param(name, marks=pytest.mark.jit) for name in ["loky", "multiprocessing"]),
    ],
)
def test_results_are_bit_identical_on_every_backend(backend):
    calls = [
        (Ginibre(4), {"norm": "vector"}),
        (Ginibre(33), {"norm": "vector", "method": "dense"}),
        (Custom(2, fill_triangle), {}),
        # A function without a module of its own travels by value.
        (Custom(2, closure(0.5)), {"norm": "logdet"}),
    ]
    for ensemble, keywords in calls:
        trials = 6 if ensemble.n == 33 else TRIALS // 20
        given = {"trials": trials, "rng": 2, **keywords}
        for samples in (True, False):
            one = matrix_product_growth(ensemble, 10, samples=samples, n_jobs=1, **given)
            with joblib.parallel_config(backend=backend, n_jobs=2):
                other = matrix_product_growth(ensemble, 10, samples=samples, **given)
            for a, b in zip(fields(one), fields(other), strict=True):
                np.testing.assert_array_equal(a, b)
            if samples:
                np.testing.assert_array_equal(one.log_norm, other.log_norm)


def test_a_simulation_runs_inside_a_worker_of_the_user_s_own():
    def simulate(seed):
        return matrix_product_growth(Ginibre(2), 5, trials=10, rng=seed).log_norm

    together = joblib.Parallel(n_jobs=2, prefer="threads")(
        joblib.delayed(simulate)(seed) for seed in range(4)
    )
    for seed, log_norm in enumerate(together):
        np.testing.assert_array_equal(log_norm, simulate(seed))


def test_within_a_worker_of_the_user_s_own_there_is_one():
    def workers(level):
        if level == 0:
            return _montecarlo._parallel(None, several=True)[1]
        inner = joblib.Parallel(n_jobs=2, prefer="threads")
        return inner(joblib.delayed(workers)(level - 1) for _ in range(2))

    assert workers(1) == [1, 1]
    assert workers(2) == [[1, 1], [1, 1]]


@pytest.mark.jit
def test_workers_that_a_server_forks_work_and_leave(tmp_path):
    program = """
        import joblib, numpy as np
        from stabsim import Ginibre, matrix_product_growth

        if __name__ == "__main__":
            given = {"trials": 100_000, "norm": "vector", "rng": 1, "samples": False}
            with joblib.parallel_config(backend="multiprocessing", n_jobs=2):
                there = matrix_product_growth(Ginibre(4), 20, **given)
            print(bool((there.mean == matrix_product_growth(Ginibre(4), 20, **given).mean).all()))
    """
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(program))
    completed = subprocess.run(
        [sys.executable, path],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        env={**os.environ, "JOBLIB_START_METHOD": "forkserver"},
    )
    assert completed.stdout == "True\n"


# Progress ------------------------------------------------------------------------------------


def test_progress_is_silent_by_default_and_off_a_terminal(capfd):
    for progress in (False, True):
        run(Rows(), 10, progress=progress)
    assert capfd.readouterr() == ("", "")


def test_progress_shows_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    run(Rows(), 10, progress=False)
    assert capsys.readouterr().err == ""
    run(Rows(), 10, progress=True)
    assert "10/10" in capsys.readouterr().err


# Interrupts ----------------------------------------------------------------------------------

LONG_RUNS = {
    "many chunks": 'Ginibre(4), 20, trials=LARGE, norm="vector", samples=False',
    "a long reduced trial": 'Ginibre(4), LARGE, trials=4, norm="vector"',
    "a long triangular trial": "Ginibre(4), LARGE, trials=4",
    "a long dense trial": 'Ginibre(64), LARGE, trials=4, norm="vector", method="dense"',
    "a long determinant": 'IID(2, "uniform"), LARGE, trials=4, norm="logdet"',
}
INTERRUPTED = """
import os, signal, threading, time
import joblib
from stabsim import IID, Ginibre, matrix_product_growth

def interrupt_soon():
    # As a terminal does: the workers too.
    threading.Timer(SECONDS, lambda: os.killpg(0, signal.SIGINT)).start()

for name, simulate in RUNS.items():
    # Compiled beforehand: an interrupt inside of the compiler gets lost in it.
    simulate(2)
    try:
        with joblib.parallel_config(WORKERS):
            interrupt_soon()
            simulate(10**11)
    except KeyboardInterrupt:
        print(name, "was interrupted,")
    # What is left of a run stops by itself, or it takes the processor's time until it is killed.
    for _ in range(200):
        before = time.process_time()
        time.sleep(0.3)
        if time.process_time() - before < 0.05:
            print("then all was quiet;")
            break
"""


@pytest.mark.jit
@pytest.mark.parametrize(
    ("workers", "seconds", "names"),
    [
        ("n_jobs=1", 1.0, ["many chunks", "a long reduced trial", "a long dense trial"]),
        ("n_jobs=2", 1.0, list(LONG_RUNS)),
        ("backend='loky', n_jobs=2", 1.0, ["many chunks", "a long dense trial"]),
        # While the workers import what they need.
        ("backend='loky', n_jobs=2", 0.1, ["many chunks"]),
    ],
)
def test_ctrl_c_ends_a_run_and_its_threads(workers, seconds, names):
    calls = (f"'{name}': lambda LARGE: matrix_product_growth({LONG_RUNS[name]})" for name in names)
    program = INTERRUPTED.replace("WORKERS", workers).replace("SECONDS", str(seconds))
    program = program.replace("RUNS", f"{{{', '.join(calls)}}}")
    # Far less than the hours that a run would take, far more than a slow machine needs.
    completed = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        start_new_session=True,
    )
    expected = "".join(f"{name} was interrupted,\nthen all was quiet;\n" for name in names)
    assert completed.stdout == expected, completed.stderr
    assert completed.returncode == 0
    assert "KeyboardInterrupt" not in completed.stderr
    # loky's own thread may trip over an end in its first moments.
    assert seconds < 1.0 or "Traceback" not in completed.stderr


def test_an_interrupt_is_held_while_workers_start_and_a_second_one_is_not():
    before, reached = signal.getsignal(signal.SIGINT), []

    def interrupted(times):
        with _montecarlo._interrupts_held():
            for _ in range(times):
                # As Python does, in whatever thread the signal has come.
                signal.getsignal(signal.SIGINT)(signal.SIGINT, None)
            reached.append(times)

    def interrupted_by_the_system():
        with _montecarlo._interrupts_held():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            reached.append(0)

    for interrupt in [lambda: interrupted(1), lambda: interrupted(2), interrupted_by_the_system]:
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        assert signal.getsignal(signal.SIGINT) is before
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert reached == [1, 0]


@pytest.mark.parametrize(
    "options",
    [
        {"backend": "threading", "n_jobs": 1},
        {"backend": "sequential"},
        {"backend": "multiprocessing", "n_jobs": 1},
    ],
)
def test_one_worker_keeps_every_chunk_that_it_has_finished(options, tmp_path):
    with (
        Checkpoint(tmp_path, {}) as checkpoint,
        joblib.parallel_config(**options),
        pytest.raises(ArithmeticError, match="chunk 5"),
    ):
        _montecarlo.run(
            SometimesFails(),
            60,
            seed_sequence(1),
            n_jobs=None,
            progress=False,
            samples=True,
            checkpoint=checkpoint,
            part="trials",
        )
    with Checkpoint(tmp_path, {}) as checkpoint:
        assert sorted(checkpoint.places("trials")) == [0, 1, 2, 3, 4]


def test_a_stop_is_heard_by_every_thread_and_by_no_other_process():
    stop = _montecarlo._Stop()
    stop()
    elsewhere = pickle.loads(pickle.dumps(stop))
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        stop()
    elsewhere()


def test_blas_is_held_at_one_thread_as_long_as_anyone_asks():
    class UsesBlas(Rows):
        uses_blas = True

    def threads():
        return {library["num_threads"] for library in _montecarlo._blas().info()}

    before = threads()
    first, second = (_montecarlo._one_blas_thread(UsesBlas()) for _ in range(2))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert threads() == {1}
    second.__exit__(None, None, None)
    assert threads() == before


# Memory --------------------------------------------------------------------------------------


@pytest.mark.jit
def test_memory_does_not_grow_with_the_trials():
    pytest.importorskip("resource", reason="peak memory is read from POSIX's getrusage")

    def peak(trials):
        program = f"""
        import resource, sys
        from stabsim import Ginibre, matrix_product_growth
        matrix_product_growth(
            Ginibre(1), 1, trials={trials}, norm="vector", samples=False, rng=1, n_jobs=2
        )
        unit = 1 if sys.platform == "darwin" else 1024
        print(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        """
        return int(
            subprocess.run(
                [sys.executable, "-c", textwrap.dedent(program)],
                capture_output=True,
                text=True,
                timeout=100,
                check=True,
            ).stdout
        )

    # All samples of the larger run would take 160 MB.
    assert peak(10**7) - peak(10**4) < 50e6
