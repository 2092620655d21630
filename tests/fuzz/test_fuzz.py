"""Every public callable with hostile arguments: a right answer, or an error that names which."""

import functools
import inspect
from pathlib import Path

import pytest
from fuzz.calls import CALLABLES, COUNTS, drawn, guarded, judged, owners, parameters
from fuzz.table import TABLE
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st


def test_table_holds_every_callable_and_parameter() -> None:
    assert set(CALLABLES) == set(TABLE)
    for name, function in CALLABLES.items():
        expected, kinds = set(parameters(function)), set(TABLE[name].kinds)
        takes_more = any(
            parameter.kind is parameter.VAR_KEYWORD
            for parameter in inspect.signature(function).parameters.values()
        )
        assert expected <= kinds if takes_more else expected == kinds, name


@pytest.mark.parametrize("name", sorted(TABLE))
def test_call(name: str, calls: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What is written goes where nothing else is.
    monkeypatch.chdir(tmp_path)
    function, entry = CALLABLES[name], TABLE[name]

    @settings(
        max_examples=calls,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def fuzz(data: st.DataObject) -> None:
        arguments = drawn(data.draw, function, entry)
        bound = function
        if inspect.isfunction(function) and function.__qualname__ == name and "." in name:
            owner = data.draw(st.sampled_from(owners(name)))
            bound = functools.partial(function, owner)
        COUNTS[name]["calls"] += 1
        with guarded():
            outcome = judged(bound, entry, arguments, name)
        COUNTS[name][outcome] += 1

    fuzz()
    # A callable that refuses everything would pass all checks of its answers.
    assert COUNTS[name]["answers"] > 0
