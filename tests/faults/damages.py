"""Files are damaged, exchanged and forged, and the run called or the result loaded again."""

import contextlib
import shutil
import sqlite3
import tempfile
import warnings
import zipfile
from pathlib import Path
from unittest import mock

import stabsim
from faults.rows import tally
from faults.runs import fingerprint
from stabsim import _checkpoints
from stabsim._checkpoints import Checkpoint
from stabsim._samplers import products

FOREIGN = [
    b"not a database\n" * 100,
    b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
    b"SQLite format 3\0" + b"\xff" * 5000,
    b"PK\x03\x04" + b"\0" * 300,
    b"\0" * 70_000,
]


# Runs that take some milliseconds, and their neighbours, whose files are foreign to them.
def growth(seed=1, samples=False, depth=40, **means):
    return stabsim.matrix_product_growth(
        stabsim.IID(2, "uniform"),
        depth,
        trials=10_000,
        record=[depth],
        samples=samples,
        rng=seed,
        **means,
    )


def diagram(seed=1, depth=8, **means):
    return stabsim.phase_diagram(
        "tanh", [1.0, 1.5], [0.1, 0.3], width=8, depth=depth, trials=20, rng=seed, **means
    )


def spectrum(seed=1, k=2, **means):
    return stabsim.lyapunov_spectrum(
        stabsim.IID(2, "uniform"), steps=2000, trials=50, k=k, precision=0.01, rng=seed, **means
    )


RUNS = {
    "streamed": (growth, {"depth": 41}),
    "sampled": (lambda **given: growth(samples=True, **given), {"depth": 41}),
    "sweep": (diagram, {"depth": 9}),
    "to a precision": (spectrum, {"k": 1}),
}


class Case:
    """A run, and folders as it leaves them: whole, half done, and killed within a write."""

    def __init__(self, root, run, other):
        self.run, self.expected = run, fingerprint(run(n_jobs=1))
        self.states = [root / "whole", root / "half", root / "writing"]
        whole, half, writing = self.states
        run(checkpoint=whole, n_jobs=1)
        with contextlib.suppress(KeyboardInterrupt), _interrupted_after(2, writing):
            run(checkpoint=half, n_jobs=1)
        run(checkpoint=root / "other seed", seed=2, n_jobs=1)
        run(checkpoint=root / "other spec", n_jobs=1, **other)
        self.others = [root / "other seed", root / "other spec"]
        self.saved, self.others_saved = root / "saved.npz", root / "other.npz"
        run(n_jobs=1).save(self.saved)
        run(n_jobs=1, **other).save(self.others_saved)
        self.other_expected = fingerprint(run(n_jobs=1, **other))


@contextlib.contextmanager
def _interrupted_after(writes, copy):
    """Interrupt a run after so many writes, and copy the folder in the middle of the last."""
    save, done = Checkpoint.save, []

    def saving(checkpoint, *arguments):
        insert = checkpoint._insert

        def inserting(*given):
            insert(*given)
            if len(done) == writes:
                # Small pages are still in memory; this makes SQLite write, and keep a journal.
                checkpoint._connection.execute("PRAGMA cache_spill = 1")
                shutil.copytree(checkpoint._folder, copy)

        checkpoint._insert = inserting
        save(checkpoint, *arguments)
        checkpoint._insert = insert
        done.append(arguments)
        if len(done) > writes:
            raise KeyboardInterrupt

    Checkpoint.save = saving
    try:
        yield
    finally:
        Checkpoint.save = save


# What is done to one file ----------------------------------------------------------------------


def truncated(content, rng, other):
    return content[: rng.integers(len(content))]


def flipped(content, rng, other):
    damaged = bytearray(content)
    for place in rng.integers(len(damaged), size=rng.integers(1, 9)):
        damaged[place] ^= 1 << rng.integers(8)
    return bytes(damaged)


def overwritten(content, rng, other):
    start = rng.integers(len(content))
    stop = min(len(content), start + int(rng.integers(1, 4096)))
    return content[:start] + rng.bytes(stop - start) + content[stop:]


def emptied(content, rng, other):
    return b""


def foreign(content, rng, other):
    return FOREIGN[rng.integers(len(FOREIGN))]


def lengthened(content, rng, other):
    return content + rng.bytes(int(rng.integers(1, 5000)))


def exchanged(content, rng, other):
    return other


def spliced(content, rng, other):
    """Return some blocks of it, and some of the other run's."""
    block = int(rng.choice([512, 4096, 32768]))
    parts = [content[start : start + block] for start in range(0, len(content), block)]
    for index in range(len(parts)):
        theirs = other[index * block : (index + 1) * block]
        if rng.random() < 0.3 and len(theirs) == len(parts[index]):
            parts[index] = theirs
    return b"".join(parts)


DAMAGES = [truncated, flipped, overwritten, emptied, foreign, lengthened, exchanged, spliced]

# What is done inside of the database -----------------------------------------------------------

STATEMENTS = [
    "UPDATE chunks SET numbers = zeroblob(length(numbers))",
    "UPDATE chunks SET numbers = substr(numbers, 1, length(numbers) - 8)",
    "UPDATE chunks SET numbers = 'text'",
    "UPDATE chunks SET numbers = 3.5",
    "UPDATE chunks SET trials = trials + 1",
    "UPDATE chunks SET trials = trials - 1",
    "UPDATE chunks SET trials = -1",
    "UPDATE chunks SET trials = 'many'",
    "UPDATE chunks SET trials = 9223372036854775807",
    "UPDATE chunks SET place = -place - 2",
    "UPDATE chunks SET place = place + 1000",
    "UPDATE chunks SET checksum = randomblob(32)",
    "UPDATE chunks SET checksum = 'text'",
    "UPDATE chunks SET part = part || ' '",
    "DELETE FROM chunks",
    "DELETE FROM chunks WHERE rowid % 2 = 0",
    "DELETE FROM run",
    "INSERT INTO run SELECT * FROM run",
    "UPDATE run SET description = '{}'",
    "UPDATE run SET description = 'no JSON'",
    "UPDATE run SET description = replace(description, '1', '2')",
    "UPDATE run SET description = x'00ff'",
    "UPDATE run SET checksum = zeroblob(32)",
    "DROP TABLE chunks",
    "DROP TABLE run",
    "ALTER TABLE chunks RENAME TO parts",
    "ALTER TABLE chunks ADD COLUMN more TEXT",
    "ALTER TABLE chunks RENAME COLUMN numbers TO figures",
    "DROP TABLE chunks; CREATE VIEW chunks AS SELECT 1 part, 2 place, 3 trials, 4 numbers, 5 c",
    "DROP TABLE chunks; CREATE TABLE chunks (part, place, trials, numbers, checksum)",
    "CREATE TRIGGER t AFTER INSERT ON chunks BEGIN DELETE FROM chunks; END",
    "CREATE TABLE mine (x)",
    "PRAGMA user_version = 7",
    "PRAGMA application_id = 1",
    "PRAGMA journal_mode = WAL",
]


def damaged_folder(case, rng, folder):
    """Make a damaged copy of a folder, and return what was done to it."""
    state = case.states[rng.integers(3)]
    other = case.others[rng.integers(2)]
    shutil.copytree(state, folder)
    database, journal = folder / _checkpoints.FILE, folder / f"{_checkpoints.FILE}-journal"
    kind = rng.random()
    if kind < 0.25:
        statement = STATEMENTS[rng.integers(len(STATEMENTS))]
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.executescript(statement)
        return f"{state.name}: {statement}"
    file = database
    if kind > 0.8 or (kind > 0.6 and journal.exists()):
        file = journal
    if not file.exists():
        # A journal that is not the database's own.
        file.write_bytes((case.states[2] / file.name).read_bytes())
    damage = DAMAGES[rng.integers(len(DAMAGES))]
    theirs = (other / database.name).read_bytes()
    file.write_bytes(damage(file.read_bytes(), rng, theirs))
    if kind > 0.95:
        database.unlink()
    return f"{state.name}: {file.name} {damage.__name__}"


def called_again(case, folder):
    """Return what became of a run in a damaged folder, and what was wrong about it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            again = fingerprint(case.run(checkpoint=folder, n_jobs=1))
        except (ValueError, OSError) as error:
            clear = str(error).startswith("checkpoint must be") and str(folder) in str(error)
            return "refused", "" if clear else f"an unclear message: {error}"
        except Exception as error:  # noqa: BLE001
            return "failed", f"{type(error).__name__}: {error}"
    if again != case.expected:
        return "wrong", "another result"
    told = any("was damaged" in str(warning.message) for warning in caught)
    return ("told and repaired" if told else "recomputed or unharmed"), ""


def damaged_file(case, rng, file):
    """Make a damaged copy of a saved result, and return what was done to it."""
    content, other = case.saved.read_bytes(), case.others_saved.read_bytes()
    if rng.random() < 0.7:
        damage = DAMAGES[rng.integers(len(DAMAGES))]
        file.write_bytes(damage(content, rng, other))
        return damage.__name__
    # Whole zip files of members that do not belong together.
    with zipfile.ZipFile(case.saved) as mine, zipfile.ZipFile(case.others_saved) as theirs:
        names = mine.namelist()
        chosen = names[rng.integers(len(names))]
        what = ["left out", "damaged", "theirs", "twice", "of objects"][rng.integers(5)]
        with zipfile.ZipFile(file, "w") as made, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in names:
                source = theirs if name == chosen and what == "theirs" else mine
                inside = source.read(name) if name in source.namelist() else b""
                if name == chosen and what == "damaged":
                    inside = flipped(inside, rng, b"")
                if name == chosen and what == "of objects":
                    inside = inside.replace(b"'<f8'", b"'|O' ").replace(b"'|u1'", b"'|O' ")
                if name != chosen or what != "left out":
                    made.writestr(name, inside)
                if name == chosen and what == "twice":
                    made.writestr(name, flipped(inside, rng, b""))
    return f"{chosen} {what}"


def loaded(case, file):
    """Return what became of loading a damaged file, and what was wrong about it."""
    try:
        again = fingerprint(stabsim.load(file))
    except ValueError as error:
        clear = str(error).startswith("path must be a file") and str(file) in str(error)
        return "refused", "" if clear else f"an unclear message: {error}"
    except Exception as error:  # noqa: BLE001
        return "failed", f"{type(error).__name__}: {error}"
    if again not in (case.expected, case.other_expected):
        return "wrong", "another result"
    return "unharmed", ""


def rows(rng, times):
    """Yield a row for checkpoints and one for saved results."""
    # Products in chunks of a millisecond, so that few trials are many chunks.
    chunks = mock.patch.object(products, "_CHUNK_COST", 1e6)
    with tempfile.TemporaryDirectory() as root, chunks:
        cases = {}
        for name, (run, other) in RUNS.items():
            Path(root, name).mkdir()
            cases[name] = Case(Path(root, name), run, other)
        for kind, damage, use, requirement in [
            ("checkpoints", damaged_folder, called_again, "the same result, or a clear refusal"),
            ("saved results", damaged_file, loaded, "a clear refusal, or the same result"),
        ]:
            outcomes, counts = [], {}
            for number in range(times):
                name = list(cases)[number % len(cases)]
                place = Path(root, f"damaged {kind} {number}")
                done = damage(cases[name], rng, place)
                outcome, wrong = use(cases[name], place)
                counts[outcome] = counts.get(outcome, 0) + 1
                outcomes.append(f"{name}, {done}: {wrong}" if wrong else "")
                if place.is_dir():
                    shutil.rmtree(place)
            found = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
            yield tally("files damaged, exchanged, forged", kind, requirement, outcomes, found)
