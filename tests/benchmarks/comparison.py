"""Speeds of alternatives, compared within one run."""

import csv
import datetime as dt
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import stabsim

#: A contender is repeated within a round until it has run this long.
SHORTEST = 5e6
#: All rounds together, unless that leaves fewer or more of them than these.
BUDGET = 1.5e9
FEWEST, MOST = 5, 25


class Contender(NamedTuple):
    """One way to do the work."""

    run: Callable[[], Any]
    units: int = 1

    def duration(self, repeats: int = 1) -> int:
        """Return the nanoseconds that ``repeats`` runs take."""
        start = time.perf_counter_ns()
        for _ in range(repeats):
            self.run()
        return time.perf_counter_ns() - start

    def calibrated(self) -> tuple[int, float]:
        """Return how often to run it in a round, and how long that takes.

        The first run, which may compile, is left out.
        """
        self.run()
        once = self.duration()
        repeats = 1 + int(SHORTEST / once)
        return repeats, once * repeats

    def shortest(self) -> float:
        """Return the shortest of a few times for a unit of work."""
        repeats, _ = self.calibrated()
        return min(self.duration(repeats) for _ in range(3)) / (repeats * self.units)


class Row(NamedTuple):
    """How the time of ``peer`` for the same unit of work compares with that of ``what``."""

    table: str
    what: str
    unit: str
    nanoseconds: float
    peer: str
    peer_nanoseconds: float
    ratio: float
    low: float
    high: float


class Comparison:
    """Runs contenders in turns and collects their ratios.

    The load of a machine changes from second to second, so contenders run one after the other in
    every round and are compared within it. A ratio is the median over the rounds, with its
    quartiles; a time is the shortest. Ratios above 1 say that the peer is slower.
    """

    def __init__(self, benchmark: Any, rows: list[Row]) -> None:
        self._benchmark, self._rows = benchmark, rows

    def __call__(
        self,
        table: str,
        what: str,
        contenders: Mapping[str, Contender],
        *,
        unit: str,
        pairs: Sequence[tuple[str, str]] | None = None,
    ) -> None:
        """Add a row for each pair of contenders: by default the first with every other."""
        first, *others = contenders
        calibrated = {name: contender.calibrated() for name, contender in contenders.items()}
        times: dict[str, list[float]] = {name: [] for name in contenders}

        def one_round() -> None:
            for name, contender in contenders.items():
                repeats, _ = calibrated[name]
                times[name].append(contender.duration(repeats) / (repeats * contender.units))

        cost = sum(duration for _, duration in calibrated.values())
        rounds = min(max(int(BUDGET / cost), FEWEST), MOST)
        self._benchmark.pedantic(one_round, rounds=rounds)
        for name, peer in pairs or [(first, other) for other in others]:
            ratios = [slow / fast for fast, slow in zip(times[name], times[peer], strict=True)]
            label = what if name == "stabsim" else ", ".join(filter(None, [what, name]))
            row = Row(
                table, label, unit, min(times[name]), peer, min(times[peer]), *_quartiles(ratios)
            )
            self._rows.append(row)
            self._benchmark.extra_info[f"{label} / {peer}"] = row._asdict()


def _quartiles(ratios: list[float]) -> tuple[float, float, float]:
    """Return the median, the lower and the upper quartile."""
    if len(ratios) == 1:
        return ratios[0], ratios[0], ratios[0]
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return median, low, high


def duration(nanoseconds: float) -> str:
    """Write a time with three digits and its unit.

    >>> duration(48.31), duration(175_377.0)
    ('48.3 ns', '175 µs')
    """
    names = ["ns", "µs", "ms", "s"]
    while nanoseconds >= 999.5 and len(names) > 1:
        nanoseconds /= 1000.0
        names.pop(0)
    decimals = 2 if nanoseconds < 9.995 else 1 if nanoseconds < 99.95 else 0
    return f"{nanoseconds:.{decimals}f} {names[0]}"


def markdown(rows: Sequence[Row], machine: Mapping[str, Any]) -> str:
    """Return the tables, aligned so that they read well as plain text too."""
    lines = [", ".join(f"{name} {value}" for name, value in machine.items()) + "."]
    lines += ["A ratio of 2 says that the peer takes twice the time; in brackets its quartiles."]
    for table in dict.fromkeys(row.table for row in rows):
        cells = [("what", "time", "per", "peer", "its time", "ratio", "(quartiles)")]
        cells += [
            (
                row.what,
                duration(row.nanoseconds),
                row.unit,
                row.peer,
                duration(row.peer_nanoseconds),
                f"{row.ratio:.3g}",
                f"({row.low:.3g} to {row.high:.3g})",
            )
            for row in rows
            if row.table == table
        ]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        cells.insert(1, tuple("-" * width for width in widths))
        lines += ["", f"## {table}", ""]
        lines += ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in cells]
    return "\n".join(lines) + "\n"


def save(rows: Sequence[Row], machine: Mapping[str, Any], path: Path) -> None:
    """Write the rows as JSON if the name of the file says so, else as Markdown tables."""
    if path.suffix == ".json":
        content = {"machine": dict(machine), "rows": [row._asdict() for row in rows]}
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    else:
        text = markdown(rows, machine)
    path.write_text(text, encoding="utf-8")


def publish(rows: Sequence[Row], machine: Mapping[str, Any], today: dt.date, folder: Path) -> None:
    """Write the rows as a table, and what they were measured on, for the site."""
    with (folder / "performance.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["What", "Time", "per", "Peer", "Its time", "Ratio", "Quartiles"])
        for row in rows:
            times = [duration(time) for time in (row.nanoseconds, row.peer_nanoseconds)]
            # A number and its unit stay on one line.
            ours, theirs = (time.replace(" ", "\N{NO-BREAK SPACE}") for time in times)
            spread = f"{row.low:.3g} to {row.high:.3g}"
            what = f"{row.table}: {row.what}"
            table.writerow([what, ours, row.unit, row.peer, theirs, f"{row.ratio:.3g}", spread])
    system = ", ".join(f"{name} {value}" for name, value in machine.items())
    (folder / "performance_run.txt").write_text(
        f"Measured on {today} with stabsim {stabsim.__version__}: {system}.\n", encoding="utf-8"
    )
