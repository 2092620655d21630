"""A row of the table: what was done to what, how often, and what came of it."""

from typing import NamedTuple


class Row(NamedTuple):
    fault: str
    #: What it was done to.
    to: str
    times: int
    #: What must hold.
    requirement: str
    #: What was seen.
    found: str
    good: bool


HEADER = ["Fault", "Done to", "Times", "Must hold", "Found"]


def tally(fault, to, requirement, outcomes, found=""):
    """Return the row of outcomes, each an empty string or what was wrong."""
    wrong = [outcome for outcome in outcomes if outcome]
    if wrong:
        found = f"{len(wrong)} times not: {'; '.join(sorted(set(wrong))[:3])}"
    return Row(fault, to, len(outcomes), requirement, found or "always", not wrong)
