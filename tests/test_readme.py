"""The example of the README prints what the README says, and draws its picture."""

import contextlib
import io
import re
from pathlib import Path

import matplotlib as mpl
import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def test_the_example_prints_what_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((code, shown),) = EXAMPLE.findall(README)
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with mpl.rc_context({"backend": "agg"}), contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})  # noqa: S102
    assert printed.getvalue() == shown
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")
