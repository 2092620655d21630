"""A call of a verb as a thing: it runs, goes on where it was, and is written down and read again.

A verb has a *plan*: a function that checks the arguments and returns what runs so many trials. What
it runs are *parts*, each with a name, and it asks an `Execution` for them. So the same plan makes a
result anew, from a checkpoint, from a file, or from a result of fewer trials.
"""

from __future__ import annotations

import contextlib
import copy
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeGuard, TypeVar

import numpy as np

from stabsim import _montecarlo
from stabsim import _validation as validation
from stabsim._descriptions import describe
from stabsim._random import STREAM_VERSION, seed_sequence
from stabsim._statistics import SampleStatistics, StreamedStatistics
from stabsim._targets import Estimates, validated_target

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from stabsim._checkpoints import Checkpoint
    from stabsim._montecarlo import Task
    from stabsim._random import RandomState
    from stabsim._statistics import Statistics
    from stabsim._targets import StandardError

# A run to a precision takes so many trials at the most if it is not told.
_MOST_TIMES_MORE = 1000
# The most and the least by which a round multiplies the trials: an error from few trials is itself
# uncertain, and a round too small is soon followed by another.
_MOST_GROWTH, _LEAST_GROWTH = 10.0, 1.1


class Simulated(Estimates, Protocol):
    """A result, as this room sees it."""

    def warn(self, stacklevel: int) -> None:
        """Warn where the result is in doubt."""


R = TypeVar("R", bound=Simulated)
#: What a part yields: trials, or numbers that were settled once.
Part: TypeAlias = "Statistics | NDArray[np.float64]"
#: What runs so many trials.
Body = Callable[["Execution", int], R]


@dataclass(frozen=True, eq=False)
class Call:
    """A verb with the arguments that say what is simulated, and the seed.

    ``plan(seed, **arguments)`` checks them and returns the body.
    """

    verb: str
    plan: Callable[..., Body[Any]]
    arguments: dict[str, Any]
    seed: np.random.SeedSequence

    def body(self) -> Body[Any]:
        """Check the arguments and return what runs trials."""
        return self.plan(self.seed, **self.arguments)

    def described(self) -> dict[str, Any]:
        """Return what a checkpoint of this call is known by."""
        return {
            "verb": self.verb,
            "arguments": describe(self.arguments),
            "seed": describe(self.seed),
            "stream version": STREAM_VERSION,
        }


@dataclass(frozen=True, eq=False)
class Run:
    """How a result came about: the call, the number of trials, and what every part yielded."""

    call: Call
    trials: int
    parts: dict[str, Part]
    stream_version: int = STREAM_VERSION
    target: StandardError | None = None


@dataclass(frozen=True)
class Means:
    """What a run may use, none of which changes the result."""

    n_jobs: int | None = None
    progress: bool = False
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True)
class Execution:
    """Runs the parts of one call: what of them is there ``before`` is not run again."""

    means: Means
    before: Mapping[str, Part] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    #: Trials in a chunk of every task that has run.
    chunks: set[int] = field(default_factory=set)
    prefix: str = ""
    complete: bool = False

    def run(
        self,
        part: str,
        task: Task,
        trials: int,
        seed: np.random.SeedSequence,
        *,
        samples: bool = True,
    ) -> Statistics:
        """Return the statistics of so many trials of a task."""
        name = self.prefix + part
        self.chunks.add(task.chunk)
        before = self.before.get(name)
        if before is not None and not _is_of(before, task, samples):
            raise ValueError(f"the part {name!r} must be trials of {task.columns} numbers")
        if before is None or before.trials != trials:
            self._must_not_run(name)
        statistics = _montecarlo.run(
            task,
            trials,
            seed,
            n_jobs=self.means.n_jobs,
            progress=self.means.progress,
            samples=samples,
            before=before,
            checkpoint=self.means.checkpoint,
            part=name,
        )
        self.parts[name] = statistics
        return statistics

    def once(self, part: str, compute: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return numbers that the first trials settle for all that are added later."""
        name, checkpoint = self.prefix + part, self.means.checkpoint
        numbers = self.before.get(name)
        if numbers is None and checkpoint is not None:
            kept = checkpoint.load(name, 0)
            numbers = None if kept is None else kept[1]
        if numbers is None:
            self._must_not_run(name)
            numbers = compute()
            if checkpoint is not None:
                checkpoint.save(name, 0, 0, numbers)
        if not isinstance(numbers, np.ndarray):
            raise ValueError(f"the part {name!r} must be numbers, and is trials")
        self.parts[name] = numbers
        return numbers

    def knows(self, part: str) -> bool:
        """Return whether a part is there before."""
        return self.prefix + part in self.before

    def perform(self, part: str, call: Call, trials: int) -> Any:
        """Return the result of another call, as a part of this one."""
        prefix = f"{self.prefix}{part}: "
        inner = replace(self, prefix=prefix, means=replace(self.means, progress=False))
        before = len(prefix)
        result = call.body()(inner, trials)
        parts = {k[before:]: v for k, v in self.parts.items() if k.startswith(prefix)}
        return _attach(result, Run(call, trials, parts))

    def _must_not_run(self, name: str) -> None:
        if self.complete:
            raise ValueError(f"the part {name!r} must be there, whole, and is not")


def _is_of(part: Part, task: Task, samples: bool) -> TypeGuard[Statistics]:
    """Return whether a part is what a task yields."""
    kind = SampleStatistics if samples else StreamedStatistics
    return isinstance(part, kind) and part.mean.size == task.columns


def simulate(
    verb: str,
    plan: Callable[..., Body[R]],
    arguments: dict[str, Any],
    *,
    trials: int,
    rng: RandomState,
    n_jobs: int | None,
    progress: bool,
    checkpoint: str | os.PathLike[str] | None,
    estimated: Iterable[str] = (),
    precision: float | StandardError | None = None,
    max_trials: int | None = None,
) -> R:
    """Check the arguments of a verb, whose result has the names of ``estimated``, and run it."""
    trials = validation.integer("trials", trials, least=1)
    target = validated_target(precision, estimated)
    if max_trials is not None:
        max_trials = validation.integer("max_trials", max_trials, least=trials)
        if target is None:
            raise ValueError(f"max_trials must be left out without precision, got {max_trials}")
    n_jobs = _montecarlo.validated_jobs(n_jobs)
    validation.flag("progress", progress)
    folder = _validated_folder(checkpoint)
    # What the caller may change later is no longer the caller's.
    kept = {
        name: copy.deepcopy(value) if isinstance(value, list | np.ndarray) else value
        for name, value in arguments.items()
    }
    call = Call(verb, plan, kept, seed_sequence(rng))
    most = min(validation.MOST_COUNTED, max_trials or _MOST_TIMES_MORE * trials)
    result: R = _performed(call, trials, {}, n_jobs, progress, folder, target=target, most=most)
    return result


def extended(
    run: Run,
    trials: int,
    *,
    n_jobs: int | None,
    progress: bool,
    checkpoint: str | os.PathLike[str] | None,
) -> Any:
    """Return the result of a run with so many trials more."""
    trials = validation.integer("trials", trials, least=1)
    n_jobs = _montecarlo.validated_jobs(n_jobs)
    validation.flag("progress", progress)
    folder = _validated_folder(checkpoint)
    if run.stream_version != STREAM_VERSION:
        raise ValueError(
            f"a result can be extended by the stream version that made it, "
            f"{run.stream_version}, and this is version {STREAM_VERSION}"
        )
    return _performed(run.call, run.trials + trials, run.parts, n_jobs, progress, folder)


def repeated(run: Run) -> Any:
    """Return the result that a run made, from its parts alone."""
    execution = Execution(Means(n_jobs=1), run.parts, complete=True)
    return _attach(run.call.body()(execution, run.trials), run)


def _performed(
    call: Call,
    trials: int,
    before: Mapping[str, Part],
    n_jobs: int | None,
    progress: bool,
    folder: Path | None,
    *,
    target: StandardError | None = None,
    most: int = 0,
) -> Any:
    body = call.body()
    with _opened(folder, call) as checkpoint:
        means = Means(n_jobs, progress, checkpoint)
        while True:
            execution = Execution(means, before)
            result = body(execution, trials)
            excess = 0.0 if target is None else target.excess(result)
            if excess <= 1.0 or trials >= most:
                break
            growth = min(max(1.1 * min(excess, _MOST_GROWTH) ** 2, _LEAST_GROWTH), _MOST_GROWTH)
            trials, chunk = math.ceil(trials * growth), max(execution.chunks)
            if trials > chunk:
                # Those of a chunk that is not whole would be drawn again in the next round.
                trials = chunk * math.ceil(trials / chunk)
            trials = min(trials, most)
            before = execution.parts
    _attach(result, Run(call, trials, execution.parts, target=target))
    if target is not None and excess > 1.0:
        warnings.warn(
            f"precision was not reached in {trials} trials: {target.reached(result)}",
            RuntimeWarning,
            stacklevel=4,
        )
    result.warn(stacklevel=5)
    return result


def _attach(result: R, run: Run) -> R:
    object.__setattr__(result, "run", run)
    return result


def _opened(
    folder: Path | None, call: Call
) -> contextlib.AbstractContextManager[Checkpoint | None]:
    if folder is None:
        return contextlib.nullcontext()
    # Imported here, because there are Pythons without SQLite.
    from stabsim._checkpoints import Checkpoint

    return Checkpoint(folder, call.described())


def _validated_folder(checkpoint: Any) -> Path | None:
    """Return the folder of a checkpoint as a path."""
    if checkpoint is None:
        return None
    requirement = "checkpoint must be None or the path of a folder"
    path = validation.path(requirement, checkpoint).absolute()
    if path.exists() and not path.is_dir():
        raise ValueError(f"{requirement}, got the file {str(path)!r}")
    return path
