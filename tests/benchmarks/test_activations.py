"""Values and derivatives of a layer, by our kernels and by the NumPy expressions for them."""

from collections.abc import Callable

import numpy as np
import pytest
from benchmarks.comparison import Comparison, Contender
from numpy.typing import NDArray
from scipy import special

from stabsim import activations

WIDTH = 4096
Floats = NDArray[np.float64]


def tanh(x: Floats) -> tuple[Floats, Floats]:
    value = np.tanh(x)
    return value, 1.0 - value**2


def gelu(x: Floats) -> tuple[Floats, Floats]:
    below = 0.5 * (1.0 + special.erf(x / np.sqrt(2.0)))
    return x * below, below + x * np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi)


def relu(x: Floats) -> tuple[Floats, Floats]:
    return np.maximum(x, 0.0), (x > 0.0).astype(float)


def silu(x: Floats) -> tuple[Floats, Floats]:
    sigmoid = 1.0 / (1.0 + np.exp(-x))
    return x * sigmoid, sigmoid * (1.0 + x * (1.0 - sigmoid))


@pytest.mark.parametrize("expression", [tanh, gelu, relu, silu], ids=lambda f: f.__name__)
def test_activations(
    expression: Callable[[Floats], tuple[Floats, Floats]], compare: Comparison
) -> None:
    activation = activations.get(expression.__name__)
    x = np.random.default_rng(1).standard_normal(WIDTH)
    value, derivative = np.empty((2, WIDTH))

    def ours() -> None:
        activation.kernels.apply_both(
            activation.code, activation.kernel_parameters, x, value, derivative
        )

    compare(
        "Activations with their derivatives",
        activation.name,
        {
            "stabsim": Contender(ours, WIDTH),
            "NumPy expressions": Contender(lambda: expression(x), WIDTH),
        },
        unit="value and slope",
    )
    np.testing.assert_allclose([value, derivative], expression(x), rtol=1e-12, atol=1e-14)
