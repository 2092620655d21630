"""The verification of stabsim: every published value, recomputed with a fresh seed."""
