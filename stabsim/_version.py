"""The version of stabsim."""

__version__ = "0.1.0"
