"""Products of random matrices, and whether signals survive them."""

from typing import TYPE_CHECKING, Any

from stabsim import activations, ensembles, initializers, networks, precision
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
from stabsim.gradients import gradient_attenuation
from stabsim.jacobians import jacobian_spectrum
from stabsim.networks import MLP, Linear, Sequential
from stabsim.products import matrix_product_growth
from stabsim.results import (
    GradientAttenuation,
    JacobianSpectrum,
    PhaseDiagram,
    ProductGrowth,
    SignalPropagation,
)
from stabsim.signals import signal_propagation
from stabsim.sweeps import phase_diagram

if TYPE_CHECKING:
    from stabsim import theory

__version__ = "0.1.0"

__all__ = [
    "IID",
    "MLP",
    "AndersonTransfer",
    "Custom",
    "FiniteSet",
    "Ginibre",
    "GradientAttenuation",
    "Haar",
    "JacobianSpectrum",
    "Linear",
    "PhaseDiagram",
    "ProductGrowth",
    "Sequential",
    "Shifted",
    "SignalPropagation",
    "TruncatedHaar",
    "activations",
    "ensembles",
    "gradient_attenuation",
    "initializers",
    "jacobian_spectrum",
    "matrix_product_growth",
    "networks",
    "phase_diagram",
    "precision",
    "signal_propagation",
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
