"""The runner: cuts trials into chunks, gives each its stream, and reduces them in order.

A chunk's size depends on what is simulated alone, chunk i draws from the i-th child of the seed,
and results are reduced in the order of the chunks. So nothing about a result depends on the number
of workers, on the backend or on the load of the machine. Parallelism is joblib's.
"""

from __future__ import annotations

import contextlib
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from stabsim import _validation as validation
from stabsim._random import child
from stabsim._statistics import SampleStatistics, StreamedStatistics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from stabsim._statistics import Statistics


class Task(Protocol):
    """A simulation as the runner sees it; it is sent to workers, so it pickles."""

    @property
    def chunk(self) -> int:
        """Trials in a chunk."""

    @property
    def columns(self) -> int:
        """Numbers that a trial yields."""

    @property
    def uses_blas(self) -> bool:
        """Whether its kernels call BLAS, whose own threads are then held at one."""

    def __call__(self, seed: np.random.SeedSequence, trials: int) -> NDArray[np.float64]:
        """Return ``trials`` rows; the first rows are the same for every number of trials."""


def run(
    task: Task,
    trials: int,
    seed: np.random.SeedSequence,
    *,
    n_jobs: int | None,
    progress: bool,
    samples: bool,
) -> Statistics:
    """Run ``trials`` trials of ``task`` and return their statistics.

    Parameters
    ----------
    task : Task
        What a chunk of trials is.
    trials : int
        How many trials.
    seed : numpy.random.SeedSequence
        The parent of the chunks' streams.
    n_jobs : int or None
        Workers, in joblib's words. None is what an enclosing ``joblib.parallel_config`` says, and
        all available cores where it says nothing.
    progress : bool
        Show a progress bar if the standard error is a terminal.
    samples : bool
        Keep all trials, rather than moments and histograms.
    """
    streamed = StreamedStatistics(task.columns)
    kept = np.empty((trials, task.columns)) if samples else None
    done = 0
    for block in _blocks(task, trials, seed, n_jobs, progress):
        if kept is None:
            streamed.add(block)
        else:
            kept[done : done + len(block)] = block
        done += len(block)
    return streamed if kept is None else SampleStatistics(kept)


def validated_jobs(n_jobs: Any) -> int | None:
    """Return ``n_jobs`` if joblib can make sense of it."""
    if n_jobs is None:
        return None
    if isinstance(n_jobs, int | np.integer) and n_jobs == 0:
        raise ValueError("n_jobs must be None or a non-zero integer, got 0")
    return validation.integer("n_jobs", n_jobs, least=-1024)


def _blocks(
    task: Task,
    trials: int,
    seed: np.random.SeedSequence,
    n_jobs: int | None,
    progress: bool,
) -> Iterator[NDArray[np.float64]]:
    """Yield the chunks' rows in order."""
    # Imported here, because they take longer to import than all of stabsim.
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    sizes = [min(task.chunk, trials - start) for start in range(0, trials, task.chunk)]
    parallel = Parallel(n_jobs=_workers(n_jobs), prefer="threads", return_as="generator")
    calls = (delayed(_run_chunk)(task, child(seed, i), size) for i, size in enumerate(sizes))
    # disable=None shows the bar on a terminal only.
    bar = tqdm(total=trials, unit="trial", disable=None if progress else True)
    with bar, _one_blas_thread(task):
        for block in parallel(calls):
            bar.update(len(block))
            yield block


def _workers(n_jobs: int | None) -> int:
    from joblib.parallel import get_active_backend

    if n_jobs is not None:
        return n_jobs
    configured: int = get_active_backend()[1]
    return configured if configured != 1 else -1


def _run_chunk(task: Task, seed: np.random.SeedSequence, trials: int) -> NDArray[np.float64]:
    with _one_blas_thread(task):
        return task(seed, trials)


def _one_blas_thread(task: Task) -> contextlib.AbstractContextManager[Any]:
    """Hold BLAS at one thread: the workers are the parallelism, and its sums keep their order.

    The caller does so for its worker threads, and each worker process for itself.
    """
    if not task.uses_blas:
        return contextlib.nullcontext()
    context: contextlib.AbstractContextManager[Any] = _blas().limit(limits=1, user_api="blas")
    return context


@cache
def _blas() -> Any:
    # Numba calls the BLAS behind this module, which must be loaded to be found.
    import scipy.linalg.cython_blas  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
