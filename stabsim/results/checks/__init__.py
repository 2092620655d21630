"""Checks of results: whether anything went wrong in a simulation, or may have."""

from stabsim.results.checks.results import check_result
from stabsim.results.checks.verdicts import Check, Checks

__all__ = ["Check", "Checks", "check_result"]
