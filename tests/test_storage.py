"""Saved results: all comes back, and no file makes it run code or gives another result."""

import functools
import json
import pickle
import stat
import zipfile

import numpy as np
import pytest
from calls import CALLS, FUNCTIONS, bits, cut_finely, simulate
from hypothesis import given, settings
from hypothesis import strategies as st

import stabsim
from stabsim import Custom, load, matrix_product_growth


@pytest.fixture(autouse=True, scope="module")
def _many_chunks():
    with pytest.MonkeyPatch.context() as patch:
        cut_finely(patch.setattr)
        yield


@pytest.mark.parametrize("name", CALLS)
def test_a_result_comes_back_and_goes_on(tmp_path, name):
    result = simulate(name)
    result.save(tmp_path / "result.npz")
    again = load(str(tmp_path / "result.npz"), functions=FUNCTIONS)
    assert type(again) is type(result)
    assert bits(again) == bits(result)
    assert repr(again) == repr(result)
    assert again.stream_version == result.stream_version
    assert bits(again.extend(5)) == bits(result.extend(5))
    again.save(tmp_path / "again.npz")
    assert bits(load(tmp_path / "again.npz", functions=FUNCTIONS)) == bits(result)


def test_a_precise_result_comes_back(tmp_path):
    result = simulate("growth", 100, precision=0.005)
    result.save(tmp_path / "r")
    again = load(tmp_path / "r")
    assert again.run.target == result.run.target
    assert again.trials == result.trials > 100


def test_a_pickled_result_goes_on_too():
    for name in ("growth", "streamed growth", "spectrum", "scaling"):
        result = simulate(name)
        again = pickle.loads(pickle.dumps(result))
        assert bits(again.extend(5)) == bits(result.extend(5))


def test_numpy_alone_reads_the_file(tmp_path):
    result = simulate("dense growth")
    result.save(tmp_path / "r.npz")
    with np.load(tmp_path / "r.npz", allow_pickle=False) as archive:
        header = json.loads(archive["header"].tobytes())
        numbers = archive["part0"]
    assert header["verb"] == "matrix_product_growth"
    assert header["arguments"]["ensemble"] == {
        "kind": "IID",
        "n": 2,
        "distribution": "uniform",
        "sigma": 1.0,
        "degrees_of_freedom": None,
        "density": None,
        "stability": None,
    }
    assert header["seed"]["entropy"] == 3
    assert header["versions"]["stabsim"] == stabsim.__version__
    (part,) = header["parts"]
    rows = numbers.reshape(header["trials"], part["columns"])
    np.testing.assert_array_equal(rows[:, :-1], result.log_norm)


# Saving ------------------------------------------------------------------------------------------


def test_saving_replaces_a_file_whole_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "r.npz"
    path.write_text("before")
    simulate("growth", 20).save(path)
    assert load(path).trials == 20
    assert [file.name for file in tmp_path.iterdir()] == ["r.npz"]
    other = tmp_path / "other"
    other.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


def test_a_failure_to_save_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "r.npz"
    result = simulate("growth", 20)
    result.save(path)
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("no room")))
    with pytest.raises(OSError, match="no room"):
        result.extend(10).save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["r.npz"]


@pytest.mark.parametrize("path", [None, 3, b"r.npz", "", "a\0b"])
def test_a_path_is_a_path(path):
    with pytest.raises((TypeError, ValueError), match="path must be the path of a file"):
        simulate("growth", 20).save(path)
    with pytest.raises((TypeError, ValueError), match="path must be the path of a file"):
        load(path)


def test_a_missing_file_or_folder_is_the_system_s_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError):
        simulate("growth", 20).save(tmp_path / "no" / "folder")


# Loading what is not right -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "r.npz"
    result = simulate("streamed growth", 500)
    result.save(path)
    return path.read_bytes(), bits(result)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_none_the_worse(saved, tmp_path_factory, data):
    content, expected = saved
    damaged = bytearray(content)
    place = data.draw(st.integers(0, 10**9)) % len(content)
    kind = data.draw(st.sampled_from(["flip", "cut", "fill", "foreign"]))
    if kind == "flip":
        damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        del damaged[place:]
    elif kind == "fill":
        damaged[place : place + 100] = bytes(len(damaged[place : place + 100]))
    else:
        damaged = bytearray(data.draw(st.binary(max_size=200)))
    path = tmp_path_factory.mktemp("damaged") / "r.npz"
    path.write_bytes(damaged)
    refused = None
    try:
        again = load(path)
    except ValueError as error:
        refused = str(error)
    if refused is None:
        assert bits(again) == expected
    else:
        assert refused.startswith("path must be a file that a result was saved to, got")


@pytest.mark.parametrize("text", ["{'descr': ('<f8',", "'", "{'shape': 1e999}", "("])
def test_a_file_whose_arrays_cannot_be_told_is_refused(tmp_path, text):
    path = tmp_path / "r.npz"
    simulate("growth", 20).save(path)
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content[:10] + text.ljust(118).encode() + content[128:])
    with pytest.raises(ValueError, match="path must be a file that a result was saved to"):
        load(path)


def rewritten(path, change):
    """Rewrite a file with a right checksum, as a forger would."""
    from stabsim import _archives

    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "checksum"}
    header = json.loads(arrays["header"].tobytes())
    change(header, arrays)
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    arrays["checksum"] = _archives._checksum(arrays)
    np.savez(path, **arrays)


FORGERIES = {
    "another verb": lambda header, arrays: header.update(verb="exit"),
    "another format": lambda header, arrays: header.update(format=99),
    "another kind": lambda header, arrays: header["arguments"].update(
        ensemble={"kind": "subprocess.run", "args": "true"}
    ),
    "an argument out of range": lambda header, arrays: header["arguments"].update(depth=-3),
    "an argument more": lambda header, arrays: header["arguments"].update(evil=1),
    "other trials": lambda header, arrays: header.update(trials=7),
    "no parts": lambda header, arrays: header.update(parts=[]),
    "other columns": lambda header, arrays: header["parts"][0].update(columns=3),
    "a part of objects": lambda header, arrays: arrays.update(part0=np.array(["a"])),
    "too few numbers": lambda header, arrays: arrays.update(part0=arrays["part0"][:-1]),
    "numbers for trials": lambda header, arrays: header["parts"][0].update(kind="settled"),
    "trials of another kind": lambda header, arrays: header["parts"][0].update(
        kind={"samples": "moments and histograms"}.get(header["parts"][0]["kind"], "samples")
    ),
    "no header": lambda header, arrays: header.clear(),
    "a target of nothing": lambda header, arrays: header.update(target={"value": -1}),
    "a target of another name": lambda header, arrays: header.update(
        target={"value": 1.0, "of": "length", "relative": False}
    ),
    "no columns": lambda header, arrays: header["parts"][0].update(columns=0),
    "a number beyond all": lambda header, arrays: header["arguments"].update(
        depth={"kind": "number", "value": 10**400}
    ),
    "lists without an end": lambda header, arrays: header["arguments"].update(
        depth=functools.reduce(lambda inner, _: [inner], range(900), 1)
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("name", ["dense growth", "streamed growth"])
def test_a_forged_file_is_refused(tmp_path, monkeypatch, forgery, name):
    path = tmp_path / "r.npz"
    simulate(name, 50).save(path)
    rewritten(path, FORGERIES[forgery])
    monkeypatch.setattr("stabsim._montecarlo._blocks", lambda *a: pytest.fail("it ran"))
    with pytest.raises(ValueError, match="path must be a file that a result was saved to, got"):
        load(path)


def test_a_file_with_objects_runs_nothing(tmp_path):
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("code was run",)

    path = tmp_path / "r.npz"
    np.savez(path, header=np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="path must be a file that a result was saved to"):
        load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.npy", b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ValueError, match="path must be a file that a result was saved to"):
        load(path)


def test_own_functions_must_be_given_again(tmp_path):
    result = simulate("own ensemble", 20)
    result.save(tmp_path / "r.npz")
    with pytest.raises(ValueError, match="functions must hold the function fill_diagonal"):
        load(tmp_path / "r.npz")

    def other(rng, out):
        out[0, 0] = 1.0

    with pytest.raises(ValueError, match="functions must hold the function fill_diagonal"):
        load(tmp_path / "r.npz", functions=[other])
    for wrong in (3, "fill", [3]):
        with pytest.raises(TypeError, match="functions must be an iterable of functions"):
            load(tmp_path / "r.npz", functions=wrong)


def test_specs_of_others_are_not_saved(tmp_path):
    class Mine(Custom):
        pass

    result = matrix_product_growth(Mine(2, FUNCTIONS[0]), 3, trials=5, rng=1)
    with pytest.raises(TypeError, match="only specs of stabsim can be written down"):
        result.save(tmp_path / "r.npz")
    assert not list(tmp_path.iterdir())
