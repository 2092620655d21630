"""The file of a result: a NumPy archive of the call, in JSON, and of the numbers that it yielded.

No object is stored, so that nothing that is read is ever run.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tokenize
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim import _validation as validation
from stabsim._statistics import SampleStatistics, StreamedStatistics, unpacked
from stabsim._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from stabsim._simulation import Part, Run

_FORMAT = 1
_HEADER, _CHECKSUM = "header", "checksum"
_SAMPLES, _STREAMED, _SETTLED = "samples", "moments and histograms", "settled"
# What reading a damaged file can end in.
DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    EOFError,
    MemoryError,
    TypeError,
    # Also what no zip file of ours does: encryption, and other ways to compress.
    RuntimeError,
)


def write(path: str | os.PathLike[str], run: Run) -> None:
    """Write the file of a run, all of it or nothing."""
    target = validated_path(path)
    arrays: dict[str, NDArray[Any]] = {}
    parts: list[dict[str, Any]] = []
    for number, (name, part) in enumerate(run.parts.items()):
        if isinstance(part, np.ndarray):
            arrays[f"part{number}"] = part
            parts.append({"name": name, "kind": _SETTLED})
            continue
        kind = _SAMPLES if isinstance(part, SampleStatistics) else _STREAMED
        parts.append({"name": name, "kind": kind, "columns": part.mean.size})
        arrays[f"part{number}"] = part.packed()
        if isinstance(part, StreamedStatistics) and part.of_whole_chunks is not None:
            arrays[f"whole{number}"] = part.of_whole_chunks.packed()
    header = {
        "format": _FORMAT,
        "versions": {
            "stabsim": __version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        **run.call.described(),
        "stream version": run.stream_version,
        "trials": run.trials,
        "target": None if run.target is None else vars(run.target),
        "parts": parts,
    }
    text = json.dumps(header, allow_nan=False, indent=1)
    arrays = {_HEADER: np.frombuffer(text.encode(), np.uint8), **arrays}
    arrays[_CHECKSUM] = _checksum(arrays)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Part]]:
    """Return the header of a file, and the parts of its run.

    Raises
    ------
    ValueError
        If the file is damaged, or none of stabsim's.
    OSError
        If it cannot be read.
    """
    target = validated_path(path)
    requirement = "path must be a file that a result was saved to"
    try:
        with zipfile.ZipFile(target) as archive:
            # Before any of it is believed: the checksums of the zip file itself.
            if archive.testzip() is not None:
                raise ValueError("a checksum does not fit")
        with np.load(target, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        checksum = arrays.pop(_CHECKSUM)
        if not np.array_equal(checksum, _checksum(arrays)):
            raise ValueError("the checksum does not fit")
        header = json.loads(arrays.pop(_HEADER).tobytes())
        if header["format"] != _FORMAT:
            raise ValueError(f"format {header['format']} is not known, but {_FORMAT}")
        return header, dict(_parts(header, arrays))
    except DAMAGES as error:
        raise ValueError(f"{requirement}, got {str(target)!r}: {error}") from error


def validated_path(path: Any) -> Path:
    """Return ``path`` as a path."""
    requirement = "path must be the path of a file"
    file = validation.path(requirement, path)
    if not file.name:
        raise ValueError(f"{requirement}, got {validation.described(path)}")
    return file


def _parts(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Iterator[tuple[str, Part]]:
    for number, part in enumerate(header["parts"]):
        numbers = arrays[f"part{number}"]
        if numbers.dtype != np.float64 or numbers.ndim != 1:
            raise ValueError(f"part {number} must be a row of float64, got {numbers.dtype}")
        if part["kind"] == _SETTLED:
            yield part["name"], numbers
            continue
        columns = validation.integer("columns", part["columns"], least=1)
        statistics = unpacked(numbers, columns, samples=part["kind"] == _SAMPLES)
        whole = arrays.get(f"whole{number}")
        if whole is not None and isinstance(statistics, StreamedStatistics):
            statistics.of_whole_chunks = StreamedStatistics.unpacked(whole, columns)
        yield part["name"], statistics


def _checksum(arrays: dict[str, NDArray[Any]]) -> NDArray[np.uint8]:
    content = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        content.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        content.update(array.data)
    return np.frombuffer(content.digest(), np.uint8)
