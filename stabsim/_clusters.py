"""Batches of chunks on the workers of a Dask cluster.

joblib has a backend for Dask of its own, which says what cluster there is. But it waits forever for
a batch that takes its workers down, and leaves on the cluster what an interrupted run has begun.
"""

from __future__ import annotations

import concurrent.futures
import uuid
from typing import TYPE_CHECKING, Any

from distributed import get_worker
from joblib.parallel import AutoBatchingMixin, ParallelBackendBase, SequentialBackend

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

    from distributed import Future
    from joblib._dask import DaskDistributedBackend


class Cluster(AutoBatchingMixin, ParallelBackendBase):  # type: ignore[misc]
    """A joblib backend whose batches are Dask's own futures."""

    supports_retrieve_callback = True
    default_n_jobs = -1
    # In seconds: a batch should cost far more than to schedule it, and be lost without much harm.
    MIN_IDEAL_BATCH_DURATION = 0.5
    MAX_IDEAL_BATCH_DURATION = 2.0

    def __init__(self, dask: DaskDistributedBackend) -> None:
        super().__init__()
        self._dask = dask
        self._futures: set[Future[Any]] = set()

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Return the number of cores, once there is a worker."""
        workers: int = self._dask.effective_n_jobs(n_jobs)
        return workers

    def get_nested_backend(self) -> tuple[SequentialBackend, None]:
        """Return what joblib does within a batch: a chunk is the work of one core."""
        return SequentialBackend(nesting_level=1), None

    def retrieval_context(self) -> contextlib.AbstractContextManager[None]:
        """Return what a batch of the user's own makes room for others in while it waits."""
        room: contextlib.AbstractContextManager[None] = self._dask.retrieval_context()
        return room

    def submit(self, func: Any, callback: Callable[[Future[Any]], None]) -> Future[Any]:
        """Send a batch to the cluster."""
        client, options = self._dask.client, self._dask.submit_kwargs
        # What Dask's dashboard shows of it is what comes before the dash.
        future = client.submit(func, key=f"stabsim-{uuid.uuid4().hex}", **options)
        self._futures.add(future)
        future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, out: Future[Any]) -> Any:
        """Return what came of a batch, or raise what went wrong."""
        self._futures.discard(out)
        return out.result()

    def abort_everything(self, ensure_ready: bool = True) -> None:  # noqa: ARG002
        """Take back what has not come yet."""
        self._dask.client.cancel(list(self._futures))
        self._futures.clear()


def stop_if_cancelled() -> None:
    """Raise ``CancelledError`` on a worker whose batch has been taken back."""
    try:
        worker = get_worker()
        task = worker.state.tasks.get(worker.get_current_task())
    except (ValueError, KeyError):
        # Not a worker, or another thread of one.
        return
    if task is None or task.state == "cancelled":
        raise concurrent.futures.CancelledError
