"""A disk fills up during a run, and folders are not to be written to."""

import contextlib
import os
import resource
import subprocess
import tempfile
from pathlib import Path

from faults.processes import Child, kept_trials
from faults.rows import tally
from faults.runs import RUNS, counted

SIZE = 20
NOBODY = 65534


def simulate(messages, name, folder, limit, user):
    """Run with files of a limited size or as another user, and say what it ended in."""
    # What is imported late is imported now, since another user may not read it.
    RUNS[name](SIZE // 2, rng=1, n_jobs=2)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if user is not None:
        os.seteuid(user)
    messages.send("begun")
    try:
        RUNS[name](SIZE, rng=1, n_jobs=2, checkpoint=folder)
    except OSError as error:
        messages.send(str(error))
    else:
        messages.send("finished")


def save(messages, path, limit, user):
    """Save a result in the same way."""
    result = RUNS["gradient_attenuation"](1, rng=1, n_jobs=1)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if user is not None:
        os.seteuid(user)
    messages.send("begun")
    try:
        result.save(path)
    except OSError as error:
        messages.send(str(error))
    else:
        messages.send("finished")


def ended(target, *arguments):
    """Return what a process says last."""
    child = Child(target, *arguments)
    child.until("begun")
    said = child.message()
    child.left(5.0)
    return said


def unclear(said, folder):
    """Return what is wrong with an error message."""
    if said is None:
        return "the process died"
    clear = said.startswith("checkpoint must be a folder") and str(folder) in said
    return "" if clear else f"it said {said!r}"


def intact(name, folder, expected):
    """Return what is wrong with a run that is called again where there is room."""
    kept = sum(kept_trials(folder).values())
    again, computed = counted(RUNS[name], SIZE, rng=1, checkpoint=folder)
    if again != expected[0]:
        return "another result", 0.0
    if kept + computed != expected[1]:
        return f"{kept} trials were kept, {computed} of {expected[1]} computed", 0.0
    return "", kept / expected[1]


def full(rng, name, expected):
    """Let files grow to a random size only."""
    with tempfile.TemporaryDirectory() as folder:
        counted(RUNS[name], SIZE, rng=1, checkpoint=folder)
        whole = Path(folder, "chunks.sqlite").stat().st_size
    with tempfile.TemporaryDirectory() as folder:
        said = ended(simulate, name, folder, int(rng.integers(whole)), None)
        if said == "finished":
            # What the chunks are reduced to may be smaller than the chunks.
            return "", 1.0
        wrong, kept = intact(name, Path(folder), expected)
        return unclear(said, folder) or wrong, kept


@contextlib.contextmanager
def small_disk(size):
    """Yield the folder of a file system of so many bytes, or None where none may be made."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
        if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def full_disk(rng, name, expected):
    """Run on a small disk, then make it larger."""
    with small_disk(int(rng.integers(100_000, 1_000_000))) as folder:
        if folder is None:
            return None
        said = ended(simulate, name, folder, None, None)
        subprocess.run(["mount", "-o", "remount,size=100m", folder], check=True)
        wrong, kept = intact(name, folder, expected)
        return ("" if said == "finished" else unclear(said, folder)) or wrong, kept


def read_only(name, expected):
    """Yield what is wrong in folders that are not to be written to."""
    user = NOBODY if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as root:
        Path(root).chmod(0o755)
        new = Path(root, "new")
        new.mkdir(mode=0o555)
        for folder in (new, new / "inside"):
            yield unclear(ended(simulate, name, folder, None, user), folder)
        for mode, kind in [(0o555, "folder"), (0o444, "file"), (0o000, "file")]:
            # It has some chunks from before.
            folder = Path(root, f"{kind} {mode:o}")
            ended(simulate, name, folder, 200_000, None)
            protected = folder if kind == "folder" else folder / "chunks.sqlite"
            protected.chmod(mode)
            yield unclear(ended(simulate, name, folder, None, user), folder)
            protected.chmod(0o777)
            yield intact(name, folder, expected)[0]


def saving(rng):
    """Yield what is wrong with results that cannot be saved."""
    import stabsim

    result = RUNS["gradient_attenuation"](1, rng=2, n_jobs=1)
    user = NOBODY if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as root:
        Path(root).chmod(0o755)
        path = Path(root, "result.npz")
        result.save(path)
        for limit in rng.integers(path.stat().st_size, size=10):
            said = ended(save, path, int(limit), None)
            if said is None or said == "finished":
                yield f"it said {said!r}"
            elif (stabsim.load(path).attenuation != result.attenuation).any():
                yield "the file that was there is gone"
            else:
                yield "" if list(Path(root).iterdir()) == [path] else "half a file was left"
        said = ended(save, path, None, user)
        yield "" if said is not None and str(root) in said else f"it said {said!r}"


def rows(rng, times):
    """Yield a row for every way in which a disk refuses."""
    names = list(RUNS)
    expected = {name: counted(RUNS[name], SIZE, rng=1) for name in names}
    requirement = "a clear error, what was finished before is still there"
    for fault, limited in [
        ("files may not grow beyond a limit", full),
        ("the disk is full", full_disk),
    ]:
        outcomes, shares = [], []
        for number in range(times):
            name = names[number % len(names)]
            seen = limited(rng, name, expected[name])
            if seen is None:
                break
            outcomes.append(f"{name}: {seen[0]}" if seen[0] else "")
            shares.append(seen[1])
        if shares:
            found = f"always; {100 * min(shares):.0f} to {100 * max(shares):.0f} % had been kept"
            yield tally(fault, "checkpointed runs, threads", requirement, outcomes, found)
    name = "signal_propagation"
    outcomes = list(read_only(name, expected[name]))
    yield tally("folder or file is read-only", "checkpointed runs", requirement, outcomes)
    requirement = "a clear error, the file that was there is as before"
    yield tally("no room, or read-only", "results to be saved", requirement, list(saving(rng)))
