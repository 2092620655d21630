"""Checkpoints: what has been computed of a run is kept in a folder, and found there again.

The folder holds one SQLite database, which makes every write whole or none. Each chunk of trials is
a row with a checksum, and the description of the run says whose they are. A process that is killed
loses nothing that was kept. Nothing is believed that does not fit its checksum: it counts as lost,
and is computed anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from stabsim._descriptions import differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

FILE = "chunks.sqlite"
# What SQLite writes beside the database, and leaves behind when it is killed.
_JOURNAL = f"{FILE}-journal"
# What reading a damaged database can end in: SQLite's words on it need not be text.
_DAMAGES = (sqlite3.DatabaseError, UnicodeDecodeError)
# Marks a database as ours.
_APPLICATION = 0x57AB51
_COLUMNS = 5
_LAYOUT = [
    f"PRAGMA application_id = {_APPLICATION}",
    "CREATE TABLE run (description TEXT NOT NULL, checksum BLOB NOT NULL)",
    """
    CREATE TABLE chunks (
        part TEXT NOT NULL, place INTEGER NOT NULL, trials INTEGER NOT NULL, numbers BLOB NOT NULL,
        checksum BLOB NOT NULL, PRIMARY KEY (part, place)
    )
    """,
]


class Checkpoint:
    """The chunks of one run that have been computed, in a folder.

    Only the process that opened it reads and writes it, and only from one thread.
    """

    def __init__(self, folder: Path, description: dict[str, Any]) -> None:
        self._folder, self._path = folder, folder / FILE
        description = _canonical(description)
        self._text = json.dumps(description, sort_keys=True, allow_nan=False)
        self._lost = 0
        with self._disk_errors():
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = self._opened(description)

    def __enter__(self) -> Self:
        """Return the checkpoint itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the folder, and say what was found damaged."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        if self._lost > 0:
            warnings.warn(
                f"checkpoint {str(self._folder)!r} was damaged: {self._lost} of its chunks of "
                "trials could not be read, and were computed anew",
                RuntimeWarning,
                stacklevel=5,
            )

    def places(self, part: str) -> list[int]:
        """Return the places where something is kept, sound or not."""
        query = "SELECT place FROM chunks WHERE part = ? AND typeof(place) = 'integer'"
        try:
            return [place for (place,) in self._connection.execute(query, (part,))]
        except _DAMAGES:
            return []

    def load(self, part: str, place: int) -> tuple[int, NDArray[np.float64]] | None:
        """Return the trials and the numbers kept at a place, or None."""
        query = "SELECT trials, numbers, checksum FROM chunks WHERE part = ? AND place = ?"
        try:
            row = self._connection.execute(query, (part, place)).fetchone()
        except _DAMAGES:
            row = (0, b"", b"")
        if row is None:
            return None
        trials, content, checksum = row
        if not (isinstance(content, bytes) and checksum == self._checksum(part, place, *row[:2])):
            self._lost += 1
            return None
        return trials, np.frombuffer(content)

    def save(self, part: str, place: int, trials: int, numbers: NDArray[np.float64]) -> None:
        """Keep numbers at a place."""
        with self._disk_errors(), self._connection:
            self._insert(part, place, trials, np.ascontiguousarray(numbers).tobytes())

    def replace(
        self, part: str, gone: Iterable[int], place: int, trials: int, numbers: NDArray[np.float64]
    ) -> None:
        """Keep numbers at a place instead of those at others."""
        with self._disk_errors(), self._connection:
            self._insert(part, place, trials, numbers.tobytes())
            self._connection.executemany(
                "DELETE FROM chunks WHERE part = ? AND place = ?", ((part, other) for other in gone)
            )

    def _insert(self, part: str, place: int, trials: int, content: bytes) -> None:
        checksum = self._checksum(part, place, trials, content)
        self._connection.execute(
            "INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?, ?)",
            (part, place, trials, content, checksum),
        )

    def _checksum(self, part: str, place: int, trials: int, content: bytes) -> bytes:
        known_by = repr((self._text, part, place, trials)).encode()
        checksum = hashlib.sha256(hashlib.sha256(known_by).digest())
        checksum.update(content)
        return checksum.digest()

    def _opened(self, description: dict[str, Any]) -> sqlite3.Connection:
        """Return a connection to a sound database of this run."""
        if not self._path.exists():
            # What a database that is gone has left would be taken for a part of the new one.
            self._folder.joinpath(_JOURNAL).unlink(missing_ok=True)
        connection = sqlite3.connect(self._path, timeout=0.0)
        try:
            there = _described_run(connection)
            if there is None and _is_empty(connection):
                self._create(connection)
                return connection
            sound = there is not None and _is_sound(connection)
        except sqlite3.OperationalError as error:
            connection.close()
            if "locked" in str(error):
                raise ValueError(
                    f"checkpoint must be a folder that no other run uses, got "
                    f"{str(self._folder)!r}, which one uses now"
                ) from error
            raise
        if there is not None and there != description:
            connection.close()
            raise ValueError(
                f"checkpoint must be a new folder or one of this very run, got "
                f"{str(self._folder)!r} of another: {'; '.join(differences(description, there))}"
            )
        return connection if sound else self._salvaged(connection)

    def _create(self, connection: sqlite3.Connection) -> None:
        """Make an empty database that of this run, all of it or nothing."""
        connection.execute("PRAGMA page_size = 32768")
        with connection:
            connection.execute("BEGIN EXCLUSIVE")
            for statement in _LAYOUT:
                connection.execute(statement)
            connection.execute("INSERT INTO run VALUES (?, ?)", (self._text, _seal(self._text)))

    def _salvaged(self, damaged: sqlite3.Connection) -> sqlite3.Connection:
        """Return a new database with what can be read of a damaged one, which is set aside."""
        mended = self._path.with_name(f"{FILE}.mended")
        mended.unlink(missing_ok=True)
        new = sqlite3.connect(mended, timeout=0.0)
        _prepare(new)
        self._create(new)
        rows = 0
        with new:
            for row in _readable(damaged):
                new.execute("INSERT OR IGNORE INTO chunks VALUES (?, ?, ?, ?, ?)", row)
                rows += 1
        new.close()
        damaged.close()
        aside = self._path.with_name(f"{FILE}.damaged")
        self._path.replace(aside)
        self._folder.joinpath(_JOURNAL).unlink(missing_ok=True)
        mended.replace(self._path)
        warnings.warn(
            f"checkpoint {str(self._folder)!r} was damaged, and is set aside as {aside.name!r}: "
            f"{rows} of its chunks of trials could be read, the others are computed anew",
            RuntimeWarning,
            stacklevel=8,
        )
        connection = sqlite3.connect(self._path, timeout=0.0)
        _prepare(connection)
        return connection

    @contextlib.contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """Say what is wrong with the folder."""
        try:
            yield
        except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
            raise OSError(
                f"checkpoint must be a folder with room to write to, got {str(self._folder)!r}: "
                f"{error} (what was kept there before is still there)"
            ) from error


def _canonical(description: Any) -> Any:
    """Return a description in which equal numbers are written alike: 0, 0.0 and -0.0."""
    if isinstance(description, dict):
        return {key: _canonical(item) for key, item in description.items()}
    if isinstance(description, list):
        return [_canonical(item) for item in description]
    if isinstance(description, float) and description.is_integer():
        return int(description)
    return description


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    # A process that is killed has handed its writes to the operating system. What a machine loses
    # that fails is found out by the checksums, and waiting for the disk would cost more.
    connection.execute("PRAGMA synchronous = OFF")


def _described_run(connection: sqlite3.Connection) -> dict[str, Any] | None:
    """Return the description that a database holds, or None where it is damaged."""
    try:
        _prepare(connection)
        # The lock is taken here, and kept.
        with connection:
            connection.execute("BEGIN EXCLUSIVE")
            text, seal = connection.execute("SELECT description, checksum FROM run").fetchone()
        return json.loads(text) if seal == _seal(text) else None
    except sqlite3.OperationalError as error:
        if "no such" in str(error):
            return None
        raise
    except (*_DAMAGES, TypeError, ValueError, AttributeError):
        return None


def _is_empty(connection: sqlite3.Connection) -> bool:
    """Return whether a database has nothing in it yet."""
    try:
        pages: tuple[int] = connection.execute("PRAGMA page_count").fetchone()
        return pages == (0,)
    except _DAMAGES:
        return False


def _seal(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _is_sound(connection: sqlite3.Connection) -> bool:
    try:
        found: tuple[str] = connection.execute("PRAGMA quick_check(1)").fetchone()
        return found == ("ok",)
    except _DAMAGES:
        return False


def _readable(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a damaged database that can be read."""
    try:
        keys = connection.execute("SELECT rowid FROM chunks ORDER BY rowid").fetchall()
    except _DAMAGES:
        return
    for key in keys:
        with contextlib.suppress(*_DAMAGES):
            row = connection.execute("SELECT * FROM chunks WHERE rowid = ?", key).fetchone()
            if row is not None and len(row) == _COLUMNS:
                yield row
