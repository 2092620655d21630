"""The exact side of every simulation: closed forms and quadrature, no randomness."""

from stabsim.theory.anderson import (
    anderson_band_centre_exponent,
    anderson_band_edge_exponent,
    anderson_weak_disorder_exponent,
)
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
from stabsim.theory.exact_spectrum import ExactSpectrum, lyapunov_spectrum
from stabsim.theory.finite_width import LayerFactor
from stabsim.theory.gaussian_factors import (
    anisotropic_gaussian_exponent,
    near_identity_exponents,
)
from stabsim.theory.growth import ExactGrowth, GrowthLaw, product_growth
from stabsim.theory.jacobian import JacobianSpectrumLaw, jacobian_moments, linear_fraction
from stabsim.theory.lyapunov import (
    ginibre_exponents,
    ginibre_variances,
    lloyd_exponent,
    random_fibonacci_exponent,
    truncated_haar_exponents,
    truncated_haar_variances,
    wishart_exponents,
)
from stabsim.theory.mean_field import (
    correlation_map,
    depth_scale,
    gain,
    length_map,
    susceptibility,
)
from stabsim.theory.moments import moment_exponents
from stabsim.theory.phase_grid import Phases, phases
from stabsim.theory.propagation import MeanFieldPropagation, mean_field_propagation
from stabsim.theory.spectra import FussCatalan, TriangularLaw
from stabsim.theory.stability import (
    CorrelationFixedPoint,
    FixedPoint,
    correlation_fixed_point,
    fixed_points,
)
from stabsim.theory.two_by_two import cauchy_entry_exponent, shear_pair_exponent

__all__ = [
    "CorrelationFixedPoint",
    "CriticalInitialization",
    "CriticalLine",
    "ExactGrowth",
    "ExactSpectrum",
    "FixedPoint",
    "FussCatalan",
    "GrowthLaw",
    "HomogeneousAttenuation",
    "JacobianSpectrumLaw",
    "LayerFactor",
    "MeanFieldAttenuation",
    "MeanFieldPropagation",
    "Phases",
    "TriangularLaw",
    "anderson_band_centre_exponent",
    "anderson_band_edge_exponent",
    "anderson_weak_disorder_exponent",
    "anisotropic_gaussian_exponent",
    "cauchy_entry_exponent",
    "correlation_fixed_point",
    "correlation_map",
    "critical_initialization",
    "critical_line",
    "depth_scale",
    "fixed_points",
    "gain",
    "ginibre_exponents",
    "ginibre_variances",
    "homogeneous_attenuation",
    "jacobian_moments",
    "length_map",
    "linear_fraction",
    "lloyd_exponent",
    "lyapunov_spectrum",
    "mean_field_attenuation",
    "mean_field_propagation",
    "moment_exponents",
    "near_identity_exponents",
    "phases",
    "product_growth",
    "random_fibonacci_exponent",
    "shear_pair_exponent",
    "susceptibility",
    "truncated_haar_exponents",
    "truncated_haar_variances",
    "wishart_exponents",
]
