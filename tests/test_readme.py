"""The README and the user guide show what their examples print."""

import contextlib
import doctest
import io
import re
from pathlib import Path

import matplotlib as mpl
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)

# Examples are sized for compiled kernels.
pytestmark = pytest.mark.jit


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


def test_the_user_guide_shows_what_its_examples_print() -> None:
    guide = ROOT / "docs" / "user_guide.rst"
    failed, attempted = doctest.testfile(str(guide), module_relative=False, encoding="utf-8")
    assert attempted > 10
    assert failed == 0
