"""Ctrl-C is pressed at a random moment of every verb."""

import signal
import tempfile
import threading
import time
from pathlib import Path

import joblib

from faults.clusters import dask_cluster, idle
from faults.processes import BACKENDS, Child, kept_trials, warm_up_workers
from faults.rows import tally
from faults.runs import RUNS, counted

#: Runs of some seconds, which are interrupted in the first half.
SIZE = 300
#: In seconds: how soon the prompt must be back, and everything quiet.
PROMPT, QUIET = 2.0, 2.0


def simulate(messages, name, backend, address, folder):
    """Run as from a prompt, and say when it is back and what is left of the run."""
    import psutil

    options = {"n_jobs": 2}
    if backend == "Dask":
        from distributed import Client

        client = Client(address)
        options = {}
    warm_up_workers(backend, name)
    with joblib.parallel_config(backend=BACKENDS.get(backend, "dask"), **options):
        # What is started once and stays, such as Dask's own threads.
        RUNS["generalized_lyapunov"](4, rng=1)
        before = set(threading.enumerate())
        messages.send("begun")
        try:
            RUNS[name](SIZE, rng=1, checkpoint=folder)
            messages.send("finished")
            time.sleep(PROMPT)
        except KeyboardInterrupt:
            messages.send("prompt")
    time.sleep(QUIET)
    this = psutil.Process()
    # joblib keeps idle workers, and what keeps account of them, for the next run.
    processes = [this, *this.children(recursive=True)]
    seconds = -sum(sum(process.cpu_times()[:2]) for process in processes)
    time.sleep(1.0)
    seconds += sum(sum(process.cpu_times()[:2]) for process in processes)
    more = [
        thread.name
        for thread in threading.enumerate()
        # Dask starts the threads of its client when it needs them, and keeps them.
        if thread not in before and not thread.name.startswith("Dask-")
    ]
    messages.send((more, seconds))
    if backend == "Dask":
        client.close()


def interrupted(name, backend, client, moment, expected):
    """Interrupt a run; return what was wrong, and how long the prompt took in seconds."""
    address = client.scheduler.address if client else None
    with tempfile.TemporaryDirectory() as folder:
        child = Child(simulate, name, backend, address, Path(folder))
        child.until("begun")
        time.sleep(moment)
        start = time.perf_counter()
        child.send(signal.SIGINT)
        said = child.message()
        seconds = time.perf_counter() - start
        if said != "prompt":
            return "the run was over before", 0.0
        more_threads, processor = child.message()
        quiet = idle(client) if client else True
        child.kill()
        child.left(QUIET)
        kept = sum(kept_trials(Path(folder)).values())
        again, computed = counted(RUNS[name], SIZE, rng=1, checkpoint=folder)
    if seconds > PROMPT:
        return f"the prompt took {seconds:.1f} seconds", seconds
    if more_threads:
        return f"threads were left: {', '.join(more_threads)}", seconds
    if processor > 0.2:
        return f"something worked on for {processor:.2f} s", seconds
    if not quiet:
        return "the cluster worked on", seconds
    if again != expected[0] or kept + computed != expected[1]:
        return "the checkpoint was not whole", seconds
    return "", seconds


def rows(rng, times):
    """Yield a row for each kind of workers."""
    expected, seconds = {}, {}
    for name in RUNS:
        RUNS[name](1, rng=1)
        start = time.perf_counter()
        expected[name] = counted(RUNS[name], SIZE, rng=1)
        seconds[name] = time.perf_counter() - start
    for backend in ["threads", "loky", "Dask"]:
        outcomes, waits = [], []
        with dask_cluster(2 if backend == "Dask" else 0) as client:
            for name in RUNS:
                for moment in rng.uniform(0.0, 0.5 * seconds[name], times):
                    wrong, wait = interrupted(name, backend, client, moment, expected[name])
                    outcomes.append(f"{name}: {wrong}" if wrong else "")
                    waits.append(wait)
        yield tally(
            "Ctrl-C",
            f"every verb, {backend}",
            f"the prompt within {PROMPT:g} s, the checkpoint whole, nothing works on",
            outcomes,
            f"after {max(waits):.2f} s at the most",
        )
