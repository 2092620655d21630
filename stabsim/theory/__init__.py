"""The exact side of every simulation: closed forms and quadrature, no randomness."""

from stabsim.theory.growth import ExactGrowth, GrowthLaw, product_growth
from stabsim.theory.lyapunov import (
    ginibre_exponents,
    lloyd_exponent,
    random_fibonacci_exponent,
)

__all__ = [
    "ExactGrowth",
    "GrowthLaw",
    "ginibre_exponents",
    "lloyd_exponent",
    "product_growth",
    "random_fibonacci_exponent",
]
