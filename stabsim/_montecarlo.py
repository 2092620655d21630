"""The runner: cuts trials into chunks, gives each its stream, and reduces them in order.

A chunk's size depends on what is simulated alone, chunk i draws from the i-th child of the seed,
and results are reduced in the order of the chunks. So nothing about a result depends on the number
of workers, on the backend or on the load of the machine. Parallelism is joblib's.
"""

from __future__ import annotations

import contextlib
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
import uuid
import warnings
from functools import cache, lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from stabsim import _validation as validation
from stabsim._chunks import Chunks, Samples, Streams
from stabsim._random import child
from stabsim._statistics import MOST_BINS, StreamedStatistics

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from stabsim._checkpoints import Checkpoint
    from stabsim._statistics import Statistics

# Chunks, or numbers in all of them, that may wait for their turn in the reduction, for each worker.
_CHUNKS_AHEAD = 8
_NUMBERS_AHEAD = 1 << 21
# Chunks for each worker that are sent together where none comes back before all are there.
_CHUNKS_TOGETHER = 32
# Whether the operating system can hold an interrupt back.
_HOLDS_INTERRUPTS = hasattr(signal, "pthread_sigmask")


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

    def __call__(
        self, seed: np.random.SeedSequence, trials: int, check_interrupt: Callable[[], None]
    ) -> NDArray[np.float64]:
        """Return ``trials`` rows; the first rows are the same for every number of trials.

        ``check_interrupt`` is called every quarter of a second or more often, and raises
        ``KeyboardInterrupt`` when the run was interrupted.
        """


def run(
    task: Task,
    trials: int,
    seed: np.random.SeedSequence,
    *,
    n_jobs: int | None,
    progress: bool,
    samples: bool,
    before: Statistics | None = None,
    checkpoint: Checkpoint | None = None,
    part: str = "",
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
    before : Statistics, optional
        What a run of the same task and seed returned for fewer trials, or as many.
    checkpoint : Checkpoint, optional
        Where finished chunks are kept, and looked for.
    part : str, default ""
        The name of this run there.
    """
    if before is not None and before.trials == trials:
        return before
    chunks = Chunks(task, trials, samples, checkpoint, part)
    stop = _Stop()
    try:
        reduction = Samples(chunks, before) if samples else Streams(chunks, before)
        blocks = _blocks(
            chunks, reduction.done, _Chunk(task, stop, samples), seed, n_jobs, progress
        )
        # Closed here, and not by whoever drops the traceback: that ends what joblib runs.
        with contextlib.closing(blocks):
            for block in blocks:
                reduction.add(block)
        return reduction.finished()
    finally:
        # An interrupt reaches the calling thread alone; this tells the others.
        stop.set()


def validated_jobs(n_jobs: Any) -> int | None:
    """Return ``n_jobs`` if joblib can make sense of it."""
    if n_jobs is None:
        return None
    workers = validation.integer("n_jobs", n_jobs, least=-sys.maxsize)
    if workers == 0:
        raise ValueError("n_jobs must be None or a non-zero integer, got 0")
    return workers


def _blocks(
    chunks: Chunks,
    done: int,
    compute: _Chunk,
    seed: np.random.SeedSequence,
    n_jobs: int | None,
    progress: bool,
) -> Generator[Any, None, None]:
    """Yield what becomes of the chunks that are not done, in order; keep each when it is there."""
    # Imported here, because it takes longer to import than all of stabsim.
    from joblib import delayed

    parallel, workers = _parallel(n_jobs, several=chunks.number - done > 1)
    most = max(_CHUNKS_AHEAD, _NUMBERS_AHEAD // compute.numbers)
    if not parallel.return_generator:
        most = min(most, _CHUNKS_TOGETHER)
    ahead = most * workers
    kept, due, ready = chunks.kept(), done, {}
    missing = (index for index in range(done, chunks.number) if index not in kept)

    def calls() -> Iterator[Any]:
        # joblib takes them as chunks are finished. Those that no one takes from it pile up there,
        # so it gets no more when it is too far ahead, and is called again.
        for index in missing:
            yield delayed(compute)(index, child(seed, index), chunks.trials_of(index))
            if index - due >= ahead:
                return

    bar = progress_bar(chunks.trials, progress)
    with bar as advance, _one_blas_thread(chunks.task), contextlib.ExitStack() as stack:
        with _interrupts_held():
            stack.enter_context(parallel)
        advance(done * chunks.task.chunk)
        while due < chunks.number:
            with _outputs(parallel, calls()) as finished:
                # At last nothing more is computed, and the rest of what was kept is due.
                for index, block in chain(finished, [(-1, None)]):
                    if block is not None:
                        chunks.save(index, block)
                        ready[index] = block
                    while due in ready or due in kept:
                        block_due = ready.pop(due, None)
                        if block_due is None:
                            block_due = chunks.load(due)
                        if block_due is None:
                            # It is damaged, or of fewer trials.
                            block_due = compute(due, child(seed, due), chunks.trials_of(due))[1]
                            chunks.save(due, block_due)
                        advance(chunks.trials_of(due))
                        yield block_due
                        due += 1


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold back an interrupt while workers are started, and forever from those that are.

    A terminal interrupts the worker processes as well, which would show where they are in their
    imports; and joblib cannot end what it has half begun. A second interrupt goes through.
    """
    handler = signal.getsignal(signal.SIGINT)
    held = False

    def hold(number: int, frame: Any) -> None:
        nonlocal held
        if held and callable(handler):
            handler(number, frame)
        held = True

    # The system gives the signal to any thread that lets it in, such as those of BLAS, and Python
    # to the main one. So the mask is for the processes to be started, which inherit it.
    is_main = threading.current_thread() is threading.main_thread() and callable(handler)
    mask = {signal.SIGINT} if _HOLDS_INTERRUPTS else set()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, mask) if mask else set()
    if is_main:
        signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        if mask:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if is_main:
            signal.signal(signal.SIGINT, handler)
        if held:
            signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def _outputs(parallel: Any, calls: Iterable[Any]) -> Iterator[Iterable[Any]]:
    """Yield what joblib makes of the calls; let go of the rest of them, whatever happens."""
    outputs: Any = None
    try:
        with _interrupts_held() if parallel.return_generator else contextlib.nullcontext():
            outputs = parallel(calls)
        yield outputs
    finally:
        if parallel.return_generator and outputs is not None:
            with warnings.catch_warnings():
                # Its advice on tasks that it cancels.
                warnings.simplefilter("ignore", UserWarning)
                outputs.close()


@contextlib.contextmanager
def progress_bar(total: int, wanted: bool, unit: str = "trial") -> Iterator[Callable[[int], Any]]:
    """Show a bar on a terminal or in a notebook, and yield what advances it."""
    if not wanted:
        yield lambda _: None
        return
    from tqdm.auto import tqdm

    # disable=None hides the bar where the standard error is no terminal.
    with tqdm(total=total, unit=unit, disable=None) as bar:
        yield bar.update


def _parallel(n_jobs: int | None, *, several: bool) -> tuple[Any, int]:
    """Return what runs several chunks as joblib's configuration says, or a single one here.

    And the number of its workers.
    """
    from joblib import Parallel
    from joblib.parallel import LokyBackend, SequentialBackend, get_active_backend

    # With a preference, joblib would say one worker where nothing is configured.
    active, configured = get_active_backend(prefer="threads")[0], get_active_backend()[1]
    if n_jobs is None:
        # Within a worker of the user's own, the other workers have the other cores.
        n_jobs = configured if configured is not None else -1 if not active.nesting_level else 1
    workers = active.effective_n_jobs(n_jobs) if several else 1
    streaming = active.supports_return_generator
    if not several or isinstance(active, SequentialBackend) or (workers == 1 and not streaming):
        # Here, without the delay of handing it over.
        return Parallel(n_jobs=1, backend="sequential", return_as="generator_unordered"), 1
    if isinstance(active, LokyBackend) and _HOLDS_INTERRUPTS:
        from multiprocessing.resource_tracker import ensure_running

        # loky starts this helper of Python's, which lets interrupts in when it is started.
        ensure_running()
    parallel = Parallel(
        n_jobs=n_jobs,
        backend=_own_backend(active),
        prefer="threads",
        return_as="generator_unordered" if streaming else "list",
    )
    return parallel, workers


def _own_backend(active: Any) -> Any:
    """Return our own backend instead of joblib's for a Dask cluster, and else None."""
    if type(active).__name__ != "DaskDistributedBackend":
        return None
    # Imported here, because most have no Dask.
    from stabsim._clusters import Cluster

    return Cluster(active)


class _Stop:
    """A flag that worker threads ask between calls of a kernel; in another process it is new.

    On a Dask cluster the scheduler tells whether the run goes on.
    """

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def __call__(self) -> None:
        if self._event.is_set():
            raise KeyboardInterrupt
        if "distributed.worker" in sys.modules:
            from stabsim._clusters import stop_if_cancelled

            stop_if_cancelled()

    def __reduce__(self) -> tuple[type[_Stop], tuple[()]]:
        return _Stop, ()


class _Chunk:
    """What a worker does: run the task, and keep all rows or their statistics."""

    def __init__(self, task: Task, stop: _Stop, samples: bool) -> None:
        self.task, self._stop, self._samples = task, stop, samples
        self._sender = f"{os.getpid()} {uuid.uuid4()}"

    def __reduce__(self) -> tuple[Callable[..., _Chunk], tuple[Any, ...]]:
        return _received, (self._sender, self.task, self._stop, self._samples)

    @property
    def numbers(self) -> int:
        """Numbers that a finished chunk holds, at the most."""
        # A bin is a number of its own, and so is its count.
        rows = self.task.chunk if self._samples else 2 * min(self.task.chunk, MOST_BINS)
        return rows * self.task.columns

    def __call__(self, index: int, seed: np.random.SeedSequence, trials: int) -> tuple[int, Any]:
        with _one_blas_thread(self.task):
            rows = self.task(seed, trials, self._stop)
        return index, rows if self._samples else StreamedStatistics(rows)


def _received(sender: str, task: Task, stop: _Stop, samples: bool) -> _Chunk:
    """Return in a worker process what a run sends there, the same object every time.

    A function that travels by value is new whenever it arrives, and would be compiled anew.
    """
    _leave_with(int(sender.split(maxsplit=1)[0]))
    arrived = _arrived(sender)
    if not arrived:
        arrived.append(_Chunk(task, stop, samples))
    return arrived[0]


@lru_cache(maxsize=8)
def _arrived(sender: str) -> list[_Chunk]:  # noqa: ARG001
    return []


@cache
def _leave_with(parent: int) -> None:
    """Let the parent alone end this process, and its own end do so too, if it sent the work.

    A worker of loky's that a terminal interrupts while it hands over a result would leave the
    parent with half of it, waiting forever; and one whose parent is killed would wait as well.
    """
    starter = multiprocessing.parent_process()
    if starter is None or starter.pid != parent:
        return
    if threading.current_thread() is not threading.main_thread():
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        if starter.sentinel is not None:
            multiprocessing.connection.wait([starter.sentinel])
        # loky has no sentinel, and starts its workers itself.
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _one_blas_thread(task: Task) -> contextlib.AbstractContextManager[Any]:
    """Hold BLAS at one thread: the workers are the parallelism, and its sums keep their order.

    The caller does so for its worker threads, and each worker process for itself.
    """
    return _ONE_BLAS_THREAD if task.uses_blas else contextlib.nullcontext()


class _OneBlasThread:
    """The limit of BLAS in this process, for as long as any of its threads asks for it."""

    def __init__(self) -> None:
        self._lock, self._asking = threading.Lock(), 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._asking == 0:
                self._limit = _blas().limit(limits=1, user_api="blas")
            self._asking += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._asking -= 1
            if self._asking == 0:
                self._limit.restore_original_limits()


_ONE_BLAS_THREAD = _OneBlasThread()


@cache
def _blas() -> Any:
    # Numba calls the BLAS behind this module, which must be loaded to be found.
    import scipy.linalg.cython_blas  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
