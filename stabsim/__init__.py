"""Products of random matrices, and whether signals survive them."""

from typing import TYPE_CHECKING, Any

from stabsim import activations, ensembles, precision
from stabsim.ensembles import (
    IID,
    AndersonTransfer,
    Custom,
    FiniteSet,
    Ginibre,
    Haar,
    Shifted,
    TruncatedHaar,
)
from stabsim.products import matrix_product_growth
from stabsim.results import ProductGrowth

if TYPE_CHECKING:
    from stabsim import theory

__version__ = "0.1.0"

__all__ = [
    "IID",
    "AndersonTransfer",
    "Custom",
    "FiniteSet",
    "Ginibre",
    "Haar",
    "ProductGrowth",
    "Shifted",
    "TruncatedHaar",
    "activations",
    "ensembles",
    "matrix_product_growth",
    "precision",
    "theory",
]


def __getattr__(name: str) -> Any:
    # SciPy takes longer to import than all of stabsim, so theory waits for its first use.
    if name == "theory":
        import importlib

        return importlib.import_module("stabsim.theory")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
