"""Faults injected into stabsim: nothing finished is lost, and nothing wrong passes silently."""
