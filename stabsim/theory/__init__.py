"""The exact side of every simulation: closed forms and quadrature, no randomness."""

from stabsim.theory.attenuation import (
    HomogeneousAttenuation,
    MeanFieldAttenuation,
    homogeneous_attenuation,
    mean_field_attenuation,
)
from stabsim.theory.criticality import (
    CriticalInitialization,
    CriticalLine,
    critical_initialization,
    critical_line,
)
from stabsim.theory.finite_width import LayerFactor
from stabsim.theory.growth import ExactGrowth, GrowthLaw, product_growth
from stabsim.theory.jacobian import JacobianSpectrumLaw, jacobian_moments, linear_fraction
from stabsim.theory.lyapunov import (
    ginibre_exponents,
    lloyd_exponent,
    random_fibonacci_exponent,
)
from stabsim.theory.mean_field import (
    correlation_map,
    depth_scale,
    gain,
    length_map,
    susceptibility,
)
from stabsim.theory.phase_grid import Phases, phases
from stabsim.theory.propagation import MeanFieldPropagation, mean_field_propagation
from stabsim.theory.stability import (
    CorrelationFixedPoint,
    FixedPoint,
    correlation_fixed_point,
    fixed_points,
)

__all__ = [
    "CorrelationFixedPoint",
    "CriticalInitialization",
    "CriticalLine",
    "ExactGrowth",
    "FixedPoint",
    "GrowthLaw",
    "HomogeneousAttenuation",
    "JacobianSpectrumLaw",
    "LayerFactor",
    "MeanFieldAttenuation",
    "MeanFieldPropagation",
    "Phases",
    "correlation_fixed_point",
    "correlation_map",
    "critical_initialization",
    "critical_line",
    "depth_scale",
    "fixed_points",
    "gain",
    "ginibre_exponents",
    "homogeneous_attenuation",
    "jacobian_moments",
    "length_map",
    "linear_fraction",
    "lloyd_exponent",
    "mean_field_attenuation",
    "mean_field_propagation",
    "phases",
    "product_growth",
    "random_fibonacci_exponent",
    "susceptibility",
]
