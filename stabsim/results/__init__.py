"""Results: frozen objects that hold estimates, their uncertainties and the exact counterparts."""

from stabsim.results.checks import Check, Checks
from stabsim.results.finite_size_scaling import FiniteSizeScaling
from stabsim.results.generalized_lyapunov import GeneralizedLyapunov
from stabsim.results.gradient_attenuation import GradientAttenuation
from stabsim.results.jacobian_prediction import JacobianPrediction
from stabsim.results.jacobian_spectrum import JacobianSpectrum
from stabsim.results.localization_length import LocalizationLength
from stabsim.results.lyapunov_spectrum import LyapunovSpectrum
from stabsim.results.phase_diagram import PhaseDiagram
from stabsim.results.product_growth import ProductGrowth
from stabsim.results.product_singular_values import ProductSingularValues
from stabsim.results.profile import Profile
from stabsim.results.rate_function import RateFunction
from stabsim.results.result import Result
from stabsim.results.signal_propagation import SignalPropagation

__all__ = [
    "Check",
    "Checks",
    "FiniteSizeScaling",
    "GeneralizedLyapunov",
    "GradientAttenuation",
    "JacobianPrediction",
    "JacobianSpectrum",
    "LocalizationLength",
    "LyapunovSpectrum",
    "PhaseDiagram",
    "ProductGrowth",
    "ProductSingularValues",
    "Profile",
    "RateFunction",
    "Result",
    "SignalPropagation",
]
