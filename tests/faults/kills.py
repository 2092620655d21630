"""The main process of a checkpointed run is killed at a random moment, and the run called again."""

import tempfile
import time
from pathlib import Path

import joblib

from faults.processes import BACKENDS, Child, kept_trials, warm_up_workers
from faults.rows import tally
from faults.runs import RUNS, counted
from stabsim._checkpoints import Checkpoint

SIZE = 20
#: In seconds: how long workers may take to notice that they are alone.
ALONE = 5.0


def simulate(messages, name, backend, folder):
    """Run, and say what has been kept as soon as it has."""
    save = Checkpoint.save

    def saying(checkpoint, part, place, trials, numbers):
        save(checkpoint, part, place, trials, numbers)
        messages.send((part, trials))

    Checkpoint.save = saying
    warm_up_workers(backend, name)
    with joblib.parallel_config(backend=BACKENDS[backend], n_jobs=2):
        messages.send("begun")
        RUNS[name](SIZE, rng=1, checkpoint=folder)
    messages.send("finished")


def whole(name, backend):
    """Return how long a run takes that nothing happens to, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        child = Child(simulate, name, backend, Path(folder))
        child.until("begun")
        start = time.perf_counter()
        child.until("finished")
        seconds = time.perf_counter() - start
        child.kill()
        child.left(ALONE)
    return seconds


def killed(name, backend, moment, expected):
    """Kill a run at a moment; return how it was after that, and the share that had been kept."""
    fingerprint, trials = expected
    with tempfile.TemporaryDirectory() as folder:
        child = Child(simulate, name, backend, Path(folder))
        child.until("begun")
        time.sleep(moment)
        said = [message for message in child.kill() if isinstance(message, tuple)]
        alone = child.left(ALONE)
        kept = kept_trials(Path(folder))
        for part in {part for part, _ in said}:
            finished = sum(number for where, number in said if where == part)
            if kept.get(part, 0) < finished:
                return "finished trials were lost", 0.0
        again, computed = counted(RUNS[name], SIZE, rng=1, checkpoint=folder)
        share = sum(kept.values()) / trials
        if again != fingerprint:
            return "another result", share
        if computed + sum(kept.values()) != trials:
            return f"{computed} of {trials} trials were computed, {kept} were kept", share
        if alone:
            return f"{alone} workers stayed", share
    return "", share


def rows(rng, times):
    """Yield a row for each kind of workers."""
    for backend, share in [("threads", 0.8), ("loky", 0.2)]:
        number = round(times * share)
        outcomes, shares = [], []
        for index, name in enumerate(RUNS):
            here = number // len(RUNS) + (index < number % len(RUNS))
            if here == 0:
                continue
            expected = counted(RUNS[name], SIZE, rng=1)
            seconds = whole(name, backend)
            for moment in rng.uniform(0.0, seconds, here):
                outcome, kept = killed(name, backend, moment, expected)
                outcomes.append(f"{name}: {outcome}" if outcome else "")
                shares.append(kept)
        yield tally(
            "SIGKILL of the main process",
            f"checkpointed runs, {backend}",
            "called again: the same result, nothing lost that was finished",
            outcomes,
            f"always; {100 * min(shares):.0f} to {100 * max(shares):.0f} % had been kept",
        )
