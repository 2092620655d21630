"""Checkpoints: nothing finished is lost, and nothing is believed that does not fit."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest
from calls import CALLS, bits, cut_finely, simulate
from hypothesis import given, settings
from hypothesis import strategies as st

from stabsim import (
    IID,
    MLP,
    Ginibre,
    _montecarlo,
    matrix_product_growth,
    signal_propagation,
)
from stabsim._checkpoints import FILE, Checkpoint

FOLDER_OF_TESTS = str(Path(__file__).parent)


@pytest.fixture(autouse=True, scope="module")
def _many_chunks():
    with pytest.MonkeyPatch.context() as patch:
        cut_finely(patch.setattr)
        yield


def forbid_tasks(monkeypatch):
    """Let the test fail if any trial is simulated."""

    def run(self, index, seed, trials):
        raise AssertionError(f"chunk {index} was computed again")

    monkeypatch.setattr(_montecarlo._Chunk, "__call__", run)


def computed(monkeypatch):
    """Return the list of the chunks that are computed from now on."""
    chunks = []
    run = _montecarlo._Chunk.__call__

    def record(self, index, seed, trials):
        chunks.append(index)
        return run(self, index, seed, trials)

    monkeypatch.setattr(_montecarlo._Chunk, "__call__", record)
    return chunks


# What is kept --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CALLS)
def test_a_finished_run_is_not_computed_again(tmp_path, monkeypatch, name):
    whole = simulate(name)
    assert bits(simulate(name, checkpoint=tmp_path / "new")) == bits(whole)
    forbid_tasks(monkeypatch)
    again = simulate(name, checkpoint=str(tmp_path / "new"), n_jobs=1)
    assert bits(again) == bits(whole)
    assert again.summary() == whole.summary()


@pytest.mark.parametrize("name", CALLS)
def test_an_interrupted_run_goes_on_where_it_was(tmp_path, monkeypatch, name):
    chunks = computed(monkeypatch)
    whole = simulate(name)
    total = len(chunks)
    assert total >= 3
    run, left = _montecarlo._Chunk.__call__, [total // 2]

    def interrupt(self, index, seed, trials):
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return run(self, index, seed, trials)

    with monkeypatch.context() as patch:
        patch.setattr(_montecarlo._Chunk, "__call__", interrupt)
        for more in (1, 0):
            with pytest.raises(KeyboardInterrupt):
                simulate(name, checkpoint=tmp_path, n_jobs=1)
            left[0] = more
    chunks.clear()
    assert bits(simulate(name, checkpoint=tmp_path, n_jobs=2)) == bits(whole)
    assert len(chunks) == total - total // 2 - 1


@pytest.mark.parametrize("name", ["growth", "streamed growth", "spectrum", "phases"])
def test_a_checkpoint_serves_runs_of_more_and_of_fewer_trials(tmp_path, name):
    usual = CALLS[name][2]
    first = simulate(name, usual, checkpoint=tmp_path)
    more = simulate(name, usual + 7, checkpoint=tmp_path)
    assert bits(more) == bits(first.extend(7))
    fewer = simulate(name, usual // 2, checkpoint=tmp_path)
    if name != "spectrum":
        assert bits(fewer) == bits(simulate(name, usual // 2))
    assert bits(simulate(name, usual, checkpoint=tmp_path)) == bits(first)


def test_an_extension_and_a_precision_use_a_checkpoint(tmp_path, monkeypatch):
    few = simulate("growth", 500)
    many = few.extend(9000, checkpoint=tmp_path)
    precise = simulate("growth", 500, checkpoint=tmp_path, precision=0.003)
    assert precise.trials > 1000
    forbid_tasks(monkeypatch)
    again = few.extend(9000, checkpoint=tmp_path)
    assert bits(again) == bits(many)
    assert bits(simulate("growth", 500, checkpoint=tmp_path, precision=0.003)) == bits(precise)


def test_streamed_chunks_are_reduced_on_the_way(tmp_path, monkeypatch):
    monkeypatch.setattr("stabsim._chunks._SECONDS_UNREDUCED", 0.0)
    whole = simulate("streamed growth", 3000, checkpoint=tmp_path)
    with sqlite3.connect(tmp_path / FILE) as connection:
        places = [place for (place,) in connection.execute("SELECT place FROM chunks")]
    assert min(places) < 0
    assert len(places) <= 2
    forbid_tasks(monkeypatch)
    assert bits(simulate("streamed growth", whole.trials, checkpoint=tmp_path)) == bits(whole)


def test_a_shorter_run_takes_nothing_from_a_longer_one(tmp_path, monkeypatch):
    many = simulate("streamed growth", 3000, checkpoint=tmp_path)
    simulate("streamed growth", 500, checkpoint=tmp_path)
    forbid_tasks(monkeypatch)
    assert bits(simulate("streamed growth", 3000, checkpoint=tmp_path)) == bits(many)


@pytest.mark.parametrize("name", ["growth", "streamed growth"])
def test_every_round_to_a_precision_is_kept(name, tmp_path, monkeypatch):
    chunks = computed(monkeypatch)
    given = {"checkpoint": tmp_path, "precision": 0.001, "n_jobs": 1}
    precise = simulate(name, 500, **given)
    assert precise.trials > 5000
    assert len(chunks) > 30
    chunks.clear()
    assert bits(simulate(name, 500, **given)) == bits(precise)
    # The last chunk of the first round, of which there are more trials now, and no more than that.
    assert len(chunks) <= 1


# Whose it is -------------------------------------------------------------------------------------


def test_a_folder_of_another_run_is_refused_with_both_named(tmp_path):
    given = {"depth": 5, "trials": 20, "rng": 1, "checkpoint": tmp_path}
    matrix_product_growth(Ginibre(2), **given)
    for change, words in [
        ({"depth": 6}, "arguments.depth is 5 there and 6 here"),
        ({"rng": 2}, "seed.entropy is 1 there and 2 here"),
        ({"norm": "vector"}, "arguments.norm is 'frobenius' there and 'vector' here"),
        ({"samples": False}, "arguments.samples is True there and False here"),
    ]:
        with pytest.raises(ValueError, match=words):
            matrix_product_growth(Ginibre(2), **{**given, **change})
    with pytest.raises(ValueError, match=r"arguments\.ensemble\.sigma is 1 there and 2 here"):
        matrix_product_growth(Ginibre(2, sigma=2.0), **given)
    # None of that has touched it.
    matrix_product_growth(Ginibre(2), **given)


def test_a_folder_of_other_streams_is_refused(tmp_path, monkeypatch):
    simulate("growth", 20, checkpoint=tmp_path)
    monkeypatch.setattr("stabsim._simulation.STREAM_VERSION", 2)
    with pytest.raises(ValueError, match="stream version is 1 there and 2 here"):
        simulate("growth", 20, checkpoint=tmp_path)


def test_a_folder_in_use_is_refused(tmp_path):
    simulate("growth", 20, checkpoint=tmp_path)
    description = simulate("growth", 20).run.call.described()
    with (
        Checkpoint(tmp_path, description),
        pytest.raises(ValueError, match="that no other run uses"),
    ):
        simulate("growth", 20, checkpoint=tmp_path)
    simulate("growth", 20, checkpoint=tmp_path)


def test_a_folder_in_which_another_run_begins_is_left_alone(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        # Nothing of it is in the file yet.
        other.execute("BEGIN EXCLUSIVE")
        other.execute("CREATE TABLE run (description)")
        assert (tmp_path / FILE).stat().st_size == 0
        with pytest.raises(ValueError, match="that no other run uses"):
            simulate("growth", checkpoint=tmp_path)
        other.execute("COMMIT")


def test_equal_numbers_are_of_one_run(tmp_path, monkeypatch):
    network = MLP(3, 4, activation="tanh")
    first = signal_propagation(network, correlation=0, trials=50, rng=1, checkpoint=tmp_path)
    forbid_tasks(monkeypatch)
    for correlation in (0.0, -0.0):
        again = signal_propagation(
            network, correlation=correlation, trials=50, rng=1, checkpoint=tmp_path
        )
        assert bits(again) == bits(first)


@pytest.mark.parametrize("checkpoint", [3, b"folder", "", "a\0b", ["folder"], True])
def test_a_folder_is_a_path(monkeypatch, checkpoint):
    monkeypatch.setattr(_montecarlo, "run", lambda *a, **k: pytest.fail("it ran"))
    with pytest.raises((TypeError, ValueError), match="checkpoint must be None or the path of a"):
        simulate("growth", checkpoint=checkpoint)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"got the file .*file"):
        simulate("growth", checkpoint=tmp_path / "file")
    with pytest.raises(OSError, match="checkpoint must be a folder with room to write to"):
        simulate("growth", checkpoint=tmp_path / "file" / "folder")


# Killed ------------------------------------------------------------------------------------------

KILLED = """
    import os, signal, sys
    sys.path.insert(0, {tests!r})
    from calls import cut_finely, simulate
    from stabsim import _checkpoints

    left = {left}
    save = _checkpoints.Checkpoint.save

    def save_and_die(self, *arguments):
        global left
        save(self, *arguments)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    _checkpoints.Checkpoint.save = save_and_die
    cut_finely(setattr)
    simulate({name!r}, checkpoint={folder!r}, n_jobs=2)
"""


@pytest.mark.jit
@pytest.mark.parametrize("name", ["growth", "streamed growth", "precise spectrum", "scaling"])
def test_a_killed_process_loses_nothing_that_was_kept(tmp_path, monkeypatch, name):
    program = KILLED.format(tests=FOLDER_OF_TESTS, left=3, name=name, folder=str(tmp_path))
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], timeout=100, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    whole = simulate(name)
    chunks = computed(monkeypatch)
    assert bits(simulate(name, checkpoint=tmp_path)) == bits(whole)
    resumed = len(chunks)
    chunks.clear()
    simulate(name)
    assert len(chunks) - 3 <= resumed < len(chunks)


# Damaged -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return what a finished run left in its folder, and the bits of its result."""
    folder = tmp_path_factory.mktemp("kept")
    result = simulate("dense growth", checkpoint=folder)
    return (folder / FILE).read_bytes(), bits(result)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_file_never_gives_a_wrong_result(kept, tmp_path_factory, data):
    content, expected = kept
    kind = data.draw(st.sampled_from(["flip", "cut", "fill", "foreign"]))
    damaged = bytearray(content)
    place = data.draw(st.integers(0, 10**9)) % len(content)
    if kind == "flip":
        damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        del damaged[place:]
    elif kind == "fill":
        length = data.draw(st.integers(1, 5000))
        damaged[place : place + length] = bytes(len(damaged[place : place + length]))
    else:
        damaged = bytearray(data.draw(st.binary(min_size=1, max_size=200)))
    folder = tmp_path_factory.mktemp("damaged")
    (folder / FILE).write_bytes(damaged)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "checkpoint .* was damaged", RuntimeWarning)
        assert bits(simulate("dense growth", checkpoint=folder)) == expected
    # What was mended is whole again.
    assert bits(simulate("dense growth", checkpoint=folder)) == expected


@pytest.mark.filterwarnings("ignore:checkpoint .* was damaged")
def test_a_damaged_database_that_sqlite_describes_in_no_utf_8(tmp_path):
    first = simulate("growth", checkpoint=tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET name = CAST(x'ceff41' AS TEXT), sql = 'CREATE TABLE ('"
        )
    assert bits(simulate("growth", checkpoint=tmp_path)) == bits(first)


def test_damage_is_said_and_only_what_is_damaged_is_computed_anew(tmp_path, monkeypatch):
    whole = simulate("growth", 3000, checkpoint=tmp_path)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE chunks SET trials = trials - 1 WHERE place = 1")
    chunks = computed(monkeypatch)
    with pytest.warns(RuntimeWarning, match="was damaged: 1 of its chunks"):
        again = simulate("growth", whole.trials, checkpoint=tmp_path)
    assert chunks == [1]
    assert bits(again) == bits(whole)


def test_a_file_that_is_not_ours_is_set_aside(tmp_path):
    (tmp_path / FILE).write_text("my diary")
    with pytest.warns(RuntimeWarning, match="set aside as 'chunks.sqlite.damaged'"):
        simulate("growth", 20, checkpoint=tmp_path)
    assert (tmp_path / f"{FILE}.damaged").read_text() == "my diary"


def test_chunks_of_another_run_are_not_taken(tmp_path):
    simulate("growth", 20, rng=1, checkpoint=tmp_path / "one")
    simulate("growth", 20, rng=2, checkpoint=tmp_path / "two")
    with sqlite3.connect(tmp_path / "two" / FILE) as connection:
        connection.execute("ATTACH ? AS one", (str(tmp_path / "one" / FILE),))
        connection.execute("DELETE FROM chunks")
        connection.execute("INSERT INTO chunks SELECT * FROM one.chunks")
    with pytest.warns(RuntimeWarning, match="was damaged: 1 of its chunks"):
        second = simulate("growth", 20, rng=2, checkpoint=tmp_path / "two")
    assert bits(second) == bits(simulate("growth", 20, rng=2))


# No room -----------------------------------------------------------------------------------------


def test_a_full_disk_is_said_and_spoils_nothing(tmp_path):
    resource = pytest.importorskip("resource", reason="POSIX limits the size of files")
    trials = 3000
    ensemble = IID(2, "uniform")
    kept = matrix_product_growth(ensemble, 10, trials=100, rng=1, checkpoint=tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, limits[1]))
        with pytest.raises(OSError, match=r"room to write to.* is still there"):
            matrix_product_growth(ensemble, 10, trials=trials, rng=1, checkpoint=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    again = matrix_product_growth(ensemble, 10, trials=100, rng=1, checkpoint=tmp_path)
    np.testing.assert_array_equal(again.log_norm, kept.log_norm)
    whole = matrix_product_growth(ensemble, 10, trials=trials, rng=1)
    again = matrix_product_growth(ensemble, 10, trials=trials, rng=1, checkpoint=tmp_path)
    np.testing.assert_array_equal(again.log_norm, whole.log_norm)
