"""One table of ratios for the whole session.

``--write`` puts it on the site; ``STABSIM_BENCH_OUT`` names a file that keeps it.
"""

import datetime as dt
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
import scipy.linalg.cython_blas  # noqa: F401
from benchmarks.comparison import Comparison, Row, markdown, publish, save
from threadpoolctl import threadpool_limits

DOCS = Path(__file__).parents[2] / "docs"
ROWS = pytest.StashKey[list[Row]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write", action="store_true", help="write the table for the site")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []
    # Its own table would tell how long a round of all contenders takes.
    config.option.benchmark_quiet = True


@pytest.fixture
def compare(benchmark: Any, request: pytest.FixtureRequest) -> Comparison:
    """Run contenders in turns and add their ratios to the session's table."""
    return Comparison(benchmark, request.config.stash[ROWS])


@pytest.fixture(autouse=True, scope="session")
def _one_blas_thread() -> Iterator[None]:
    # The imports above have loaded every BLAS that is called: NumPy's, and SciPy's for kernels.
    with threadpool_limits(1, "blas"):
        yield


def _machine() -> dict[str, Any]:
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "Numba": numba.__version__,
    }


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("speeds compared within this run")
    terminalreporter.write_line(markdown(rows, _machine()))
    path = os.environ.get("STABSIM_BENCH_OUT")
    if path:
        save(rows, _machine(), Path(path))
    if config.getoption("--write"):
        publish(rows, _machine(), dt.datetime.now(dt.UTC).date(), DOCS)
