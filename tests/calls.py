"""Small calls of every verb, for what all results have in common."""

import numpy as np

import stabsim
from stabsim import (
    IID,
    MLP,
    AndersonTransfer,
    Custom,
    Ginibre,
    Linear,
    Sequential,
    activations,
)
from stabsim._samplers import network, products, singular_values, spectrum


def fill_diagonal(rng, out):
    for i in range(out.shape[0]):
        out[i, i] = 1.0 + rng.standard_normal()


def arsinh(x):
    return np.arcsinh(x)


def arsinh_slope(x):
    return 1.0 / np.sqrt(1.0 + x * x)


#: The user's own functions in the calls.
FUNCTIONS = (fill_diagonal, arsinh, arsinh_slope)

MIXED = Sequential([Linear(3, 5, init="torch_default"), "relu", Linear(5, 4, bias_std=0.3), "gelu"])


def cut_finely(put):
    """Let small runs have several chunks: set what a chunk costs, by ``put``, as of setattr."""
    for sampler in (network, products, singular_values, spectrum):
        put(sampler, "_CHUNK_COST", 2e4)


#: The verb, its arguments but for trials and rng, and the trials of a few such chunks.
CALLS = {
    "growth": (
        stabsim.matrix_product_growth,
        {"ensemble": Ginibre(4), "depth": 20, "norm": "vector", "record": [1, 20]},
        1000,
    ),
    "streamed growth": (
        stabsim.matrix_product_growth,
        {"ensemble": Ginibre(4), "depth": 20, "norm": "vector", "samples": False},
        1000,
    ),
    "dense growth": (
        stabsim.matrix_product_growth,
        {"ensemble": IID(2, "uniform"), "depth": 10, "vector": [1.0, 2.0], "norm": "vector"},
        600,
    ),
    "own ensemble": (
        stabsim.matrix_product_growth,
        {"ensemble": Custom(2, fill_diagonal), "depth": 20},
        500,
    ),
    "spectrum": (stabsim.lyapunov_spectrum, {"ensemble": IID(3, "uniform"), "steps": 40}, 60),
    "precise spectrum": (
        stabsim.lyapunov_spectrum,
        {"ensemble": Ginibre(3), "steps": 4000, "precision": 0.02},
        20,
    ),
    "moments": (
        stabsim.generalized_lyapunov,
        {"ensemble": IID(2, "uniform"), "q": [0.5, 1.0], "steps": 64, "walkers": 60},
        5,
    ),
    "singular values": (
        stabsim.product_singular_values,
        {"ensemble": Ginibre(3), "depth": 10},
        300,
    ),
    "attenuation": (
        stabsim.gradient_attenuation,
        {"network": MLP(6, 8), "inputs": [0.5] * 8},
        60,
    ),
    "streamed attenuation": (
        stabsim.gradient_attenuation,
        {"network": MIXED, "inputs": 2.0, "samples": False},
        400,
    ),
    "own activation": (
        stabsim.gradient_attenuation,
        {"network": MLP(3, 4, activation=activations.Activation("arsinh", arsinh, arsinh_slope))},
        40,
    ),
    "signals": (
        stabsim.signal_propagation,
        {"network": MLP(5, 6), "correlation": 0.3},
        40,
    ),
    "Jacobian": (stabsim.jacobian_spectrum, {"network": MLP(4, 6)}, 20),
    "streamed Jacobian": (
        stabsim.jacobian_spectrum,
        {"network": MLP(4, 6), "layers": (1, 3), "samples": False},
        20,
    ),
    "phases": (
        stabsim.phase_diagram,
        {
            "activation": "relu",
            "sigma_w": [1.0, 2.0],
            "sigma_b": [0.1],
            "width": 8,
            "depth": 8,
        },
        12,
    ),
    "localization": (
        stabsim.localization_length,
        {"ensemble": AndersonTransfer(0.0, 1.0), "steps": 200},
        50,
    ),
    "scaling": (
        stabsim.finite_size_scaling,
        {"energy": 0.0, "disorder": [4.0, 8.0], "width": [3, 4], "steps": 30},
        36,
    ),
}


def simulate(name, trials=None, **keywords):
    """Run a call."""
    verb, arguments, usual = CALLS[name]
    trials = usual if trials is None else trials
    return verb(**{"rng": 3, **arguments, "trials": trials, **keywords})


def bits(result):
    """Return all numbers that a result is made of, bit for bit."""
    return {
        name: (part if isinstance(part, np.ndarray) else part.packed()).tobytes()
        for name, part in result.run.parts.items()
    }
