"""Results: frozen objects that hold estimates, their uncertainties and the exact counterparts."""

from stabsim.results.gradient_attenuation import GradientAttenuation
from stabsim.results.product_growth import ProductGrowth
from stabsim.results.profile import Profile

__all__ = ["GradientAttenuation", "ProductGrowth", "Profile"]
