"""Products of random matrices, and whether signals survive them."""

from typing import TYPE_CHECKING, Any

from stabsim import activations, ensembles, initializers, networks, precision
from stabsim._targets import StandardError
from stabsim._version import __version__ as __version__
from stabsim.ensembles import (
    IID,
    Alternating,
    AndersonTransfer,
    Autoregressive,
    Custom,
    FiniteSet,
    Ginibre,
    Haar,
    MarkovModulated,
    Rectangular,
    Shifted,
    TruncatedHaar,
    Wishart,
)
from stabsim.gradients import gradient_attenuation
from stabsim.jacobians import jacobian_spectrum
from stabsim.localization import finite_size_scaling, localization_length
from stabsim.lyapunov import lyapunov_spectrum
from stabsim.moment_exponents import generalized_lyapunov
from stabsim.networks import MLP, Linear, Sequential
from stabsim.products import matrix_product_growth
from stabsim.results import (
    FiniteSizeScaling,
    GeneralizedLyapunov,
    GradientAttenuation,
    JacobianSpectrum,
    LocalizationLength,
    LyapunovSpectrum,
    PhaseDiagram,
    ProductGrowth,
    ProductSingularValues,
    SignalPropagation,
)
from stabsim.signals import signal_propagation
from stabsim.singular_values import product_singular_values
from stabsim.storage import load
from stabsim.sweeps import phase_diagram

if TYPE_CHECKING:
    from stabsim import theory

__all__ = [
    "IID",
    "MLP",
    "Alternating",
    "AndersonTransfer",
    "Autoregressive",
    "Custom",
    "FiniteSet",
    "FiniteSizeScaling",
    "GeneralizedLyapunov",
    "Ginibre",
    "GradientAttenuation",
    "Haar",
    "JacobianSpectrum",
    "Linear",
    "LocalizationLength",
    "LyapunovSpectrum",
    "MarkovModulated",
    "PhaseDiagram",
    "ProductGrowth",
    "ProductSingularValues",
    "Rectangular",
    "Sequential",
    "Shifted",
    "SignalPropagation",
    "StandardError",
    "TruncatedHaar",
    "Wishart",
    "activations",
    "ensembles",
    "finite_size_scaling",
    "generalized_lyapunov",
    "gradient_attenuation",
    "initializers",
    "jacobian_spectrum",
    "load",
    "localization_length",
    "lyapunov_spectrum",
    "matrix_product_growth",
    "networks",
    "phase_diagram",
    "precision",
    "product_singular_values",
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
