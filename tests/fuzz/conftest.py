"""The number of calls, and the table of what became of them."""

from collections import Counter

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--calls", type=int, default=100, help="calls of each callable, at the most")


@pytest.fixture
def calls(request: pytest.FixtureRequest) -> int:
    """Return how many calls of each callable there are to be, at the most."""
    return request.config.getoption("--calls")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    from fuzz.calls import COUNTS

    columns = ("calls", "answers", "refusals")
    total = sum(COUNTS.values(), Counter())
    rows = {**{name: counts for name, counts in sorted(COUNTS.items()) if counts}, "all": total}
    terminalreporter.section("calls")
    terminalreporter.write_line(f"{'callable':40}" + "".join(f"{name:>10}" for name in columns))
    for name, counts in rows.items():
        row = "".join(f"{counts[column]:>10,}" for column in columns)
        terminalreporter.write_line(f"{name:40}{row}")
