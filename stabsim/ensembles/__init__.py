"""Ensembles: what a random factor of a matrix product is.

An ensemble is a frozen, comparable description of the law of one matrix, or of a sequence of
matrices. ``ensemble.sample(rng)`` draws one; the verbs of `stabsim` multiply many.
"""

from stabsim.ensembles.anderson import AndersonTransfer
from stabsim.ensembles.custom import Custom
from stabsim.ensembles.ensemble import Ensemble, RadialLaw
from stabsim.ensembles.finite import FiniteSet
from stabsim.ensembles.gaussian_blocks import Rectangular, Wishart
from stabsim.ensembles.independent import IID
from stabsim.ensembles.rotation_invariant import Ginibre, Haar, TruncatedHaar
from stabsim.ensembles.sequences import Alternating, Autoregressive, MarkovModulated
from stabsim.ensembles.shifted import Shifted

__all__ = [
    "IID",
    "Alternating",
    "AndersonTransfer",
    "Autoregressive",
    "Custom",
    "Ensemble",
    "FiniteSet",
    "Ginibre",
    "Haar",
    "MarkovModulated",
    "RadialLaw",
    "Rectangular",
    "Shifted",
    "TruncatedHaar",
    "Wishart",
]
