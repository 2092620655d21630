"""The pages on long runs show what their examples print."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS

# Examples are sized for compiled kernels.
pytestmark = pytest.mark.jit


def assert_examples_print_what_they_show(name, text, least):
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    runner.run(doctest.DocTestParser().get_doctest(text, {}, name, name, 0))
    assert runner.summarize() == (0, runner.tries)
    assert runner.tries >= least


def test_the_page_on_long_runs(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "scale.rst").read_text(encoding="utf-8")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        here = text.replace(
            'Client("tcp://192.0.2.2:8786")', f'Client("{cluster.scheduler_address}")'
        )
        assert here != text
        assert_examples_print_what_they_show("scale.rst", here, 50)


def test_the_page_on_random_streams():
    text = (DOCS / "stream_policy.rst").read_text(encoding="utf-8")
    assert_examples_print_what_they_show("stream_policy.rst", text, 3)
