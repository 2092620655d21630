"""Gradient attenuation against networks of PyTorch, where it is installed."""

import math

import numpy as np
import pytest
from laws import SMALLEST_P_VALUE
from scipy import stats

from stabsim import MLP, gradient_attenuation

torch = pytest.importorskip("torch")

DEPTH, WIDTH, INPUTS, REPETITIONS = 4, 16, 10, 300

INITIALIZE = {
    "xavier_normal": torch.nn.init.xavier_normal_,
    "kaiming_uniform": lambda weight: torch.nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    "torch_default": None,
    "orthogonal": torch.nn.init.orthogonal_,
}
MODULES = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "gelu": torch.nn.GELU}


def reinitialize(linears, init):
    for linear in linears:
        linear.reset_parameters()
        if INITIALIZE[init] is not None:
            INITIALIZE[init](linear.weight)
            torch.nn.init.zeros_(linear.bias)


def norms(init, activation):
    """Return ln |∂ℓ/∂x|, |x|, |∂ℓ/∂W| and |∂ℓ/∂b| of re-initialized networks."""
    linears = [
        torch.nn.Linear(INPUTS if layer == 0 else WIDTH, WIDTH).double() for layer in range(DEPTH)
    ]
    network = torch.nn.Sequential(
        *(module for linear in linears for module in (linear, MODULES[activation]()))
    )
    rows = []
    for _ in range(REPETITIONS):
        reinitialize(linears, init)
        signals = [torch.ones(INPUTS, dtype=torch.float64, requires_grad=True)]
        for layer in range(DEPTH):
            signals.append(network[2 * layer : 2 * layer + 2](signals[-1]))
            signals[-1].retain_grad()
        gradient = torch.randn(WIDTH, dtype=torch.float64)
        network.zero_grad()
        signals[-1].backward(gradient / gradient.norm())
        tensors = [
            *(x.grad for x in signals),
            *(x.detach() for x in signals),
            *(linear.weight.grad for linear in linears),
            *(linear.bias.grad for linear in linears),
        ]
        rows.append([math.log(float(tensor.norm())) for tensor in tensors])
    return np.array(rows)


@pytest.mark.jit
@pytest.mark.parametrize(
    ("init", "activation"),
    [
        ("xavier_normal", "tanh"),
        ("kaiming_uniform", "relu"),
        ("torch_default", "gelu"),
        ("orthogonal", "tanh"),
    ],
)
def test_networks_of_pytorch_have_the_same_law(init, activation):
    torch.manual_seed(1)
    theirs = norms(init, activation)
    network = MLP(DEPTH, WIDTH, in_features=INPUTS, init=init, activation=activation)
    result = gradient_attenuation(network, trials=10_000, inputs=np.ones(INPUTS), rng=1)
    ours = np.hstack(
        [
            result.log_gradient_norm,
            result.log_activation_norm,
            result.log_weight_gradient_norm,
            result.log_bias_gradient_norm,
        ]
    )
    ours, theirs = (
        np.round(np.hstack([rows, rows[:, :1] + rows[:, [2 * DEPTH + 1]]]), 9)
        for rows in (ours, theirs)
    )
    p_values = [
        stats.ks_2samp(a, b, method="asymp").pvalue for a, b in zip(ours.T, theirs.T, strict=True)
    ]
    assert len(p_values) * min(p_values) > SMALLEST_P_VALUE
    # Gradients of another gain are told apart.
    wrong = stats.ks_2samp(ours[:, 0] + math.log(1.5), theirs[:, 0], method="asymp")
    assert wrong.pvalue < SMALLEST_P_VALUE
