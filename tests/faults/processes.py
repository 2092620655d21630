"""Processes that runs go on in, where they can be killed and interrupted."""

import contextlib
import multiprocessing
import os
import signal
import sqlite3
import time
import traceback
from typing import NamedTuple

import joblib

from faults.runs import RUNS
from stabsim import _montecarlo

#: Two workers of each kind that needs no cluster.
BACKENDS = {"threads": "threading", "loky": "loky"}
# The chunks of every part, and the most that some of them have been reduced to.
KEPT = """
    SELECT part, SUM(trials * (place >= 0)) + MAX(trials * (place < 0)) FROM chunks GROUP BY part
"""
#: In seconds: longer than anything takes on a slow machine.
PATIENCE = 120.0


def _context():
    # A server that has imported all and compiled all, and has no threads, forks every process.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["faults.warm"])
    return context


CONTEXT = _context()


class Child:
    """A process of its own, with those that it starts; it says what it does, message by message."""

    def __init__(self, target, *arguments):
        self._messages, theirs = CONTEXT.Pipe(duplex=False)
        self._process = CONTEXT.Process(target=_led, args=(target, theirs, *arguments))
        self._process.start()
        theirs.close()
        self.pid = self._process.pid

    def message(self, seconds=PATIENCE):
        """Return the next message, or None where there will be none."""
        if not self._messages.poll(seconds):
            raise TimeoutError(f"a process said nothing for {seconds} seconds")
        try:
            said = self._messages.recv()
        except EOFError:
            return None
        if isinstance(said, Failure):
            raise RuntimeError(said.traceback)
        return said

    def until(self, expected):
        """Wait for a message."""
        while (said := self.message()) != expected:
            if said is None:
                raise RuntimeError(f"a process ended before it said {expected!r}")

    def send(self, number):
        """Send a signal to the process and those it started, as a terminal does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self):
        """Kill the process alone, and return what else it said."""
        self._process.kill()
        self._process.join()
        said = []
        # Those it started may hold the pipe, so its end is not waited for.
        while self._messages.poll(0) and (message := self.message()) is not None:
            said.append(message)
        return said

    def left(self, seconds):
        """Return how many processes it has left after so many seconds, and end them."""
        end = time.monotonic() + seconds
        while members := _group(self.pid):
            if time.monotonic() > end:
                self.send(signal.SIGKILL)
                break
            time.sleep(0.05)
        self._process.join(PATIENCE)
        return len(members)


def _group(leader):
    """Return the living processes of a group."""
    import psutil

    members = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process.pid)
    return members


class Failure(NamedTuple):
    """What went wrong in a process."""

    traceback: str


def _led(target, messages, *arguments):
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What the helpers of a killed process say of its remains is no news.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        target(messages, *arguments)
    except BaseException:
        messages.send(Failure(traceback.format_exc()))
        raise


def warm_up_workers(backend, name):
    """Start two workers that have imported all and compiled all of a run."""
    if backend == "loky":
        calls = (joblib.delayed(_small)(name) for _ in range(4))
        joblib.Parallel(n_jobs=2, backend="loky", batch_size=1)(calls)


def _small(name):
    RUNS[name](1, rng=1, n_jobs=1)
    # Workers that never had a chunk are loky's, which keeps them for five minutes.
    _montecarlo._leave_with(os.getppid())
    # So that one worker does not take the call that is meant for the other.
    time.sleep(0.2)


def kept_trials(folder):
    """Return the trials that a checkpoint holds, by part."""
    path = folder / "chunks.sqlite"
    if not path.exists() or path.stat().st_size == 0:
        return {}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        try:
            return dict(connection.execute(KEPT).fetchall())
        except sqlite3.OperationalError:
            # Killed before there were any tables.
            return {}
