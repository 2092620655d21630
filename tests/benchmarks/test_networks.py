"""Gradients through a network against drawing its weights in PyTorch, and against the draws."""

from collections.abc import Callable

import numpy as np
import pytest
from benchmarks.comparison import Comparison, Contender
from numba import njit

import stabsim
from stabsim._kernels import activations, stream, variates

DEPTH = 50
#: Units that a contender draws in one go: so many that the overhead of a call vanishes.
UNITS = 1 << 24
BLOCK = 512

draw_heads = variates.draw_fair_binomial
draw_chi_square = variates.draw_chi_square
draw_normal = variates.draw_normal
apply_both = activations.apply_both
fill_normal = stream.fill_normal


def words() -> np.ndarray:
    """Return the state of a stream."""
    return np.random.SFC64(1).state["state"]["state"].copy()


def verb(
    width: int, count: int, *, activation: str = "tanh", method: str = "auto", n_jobs: int = 1
) -> stabsim.GradientAttenuation:
    bias = 0.05 if activation == "tanh" else 0.0
    network = stabsim.MLP(DEPTH, width, activation=activation, bias_std=bias)
    return stabsim.gradient_attenuation(network, trials=count, method=method, rng=1, n_jobs=n_jobs)


def autograd(width: int) -> Callable[[], None]:
    """Return what draws a PyTorch network anew, and what a user would look at."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(2)
    layers: list = []
    for _ in range(DEPTH):
        layers += [torch.nn.Linear(width, width), torch.nn.Tanh()]
    network = torch.nn.Sequential(*layers)

    def trial() -> None:
        for layer in network[::2]:
            torch.nn.init.xavier_normal_(layer.weight)
            torch.nn.init.normal_(layer.bias, std=0.05)
        signals = [torch.randn(1, width, requires_grad=True)]
        for layer in network:
            signals.append(layer(signals[-1]))
            signals[-1].retain_grad()
        gradient = torch.randn(1, width)
        signals[-1].backward(gradient / gradient.norm())
        for signal in signals:
            signal.grad.norm().log()
            signal.detach().norm().log()
        for layer in network[::2]:
            layer.weight.grad.norm().log()
        network.zero_grad()

    return trial


@njit(nogil=True)
def _draw_and_activate(state, code, parameters, units, directions, noise, value, derivative):
    for _ in range(units // directions.size):
        fill_normal(state, directions)
        fill_normal(state, noise)
        apply_both(code, parameters, directions, value, derivative)


@njit(nogil=True)
def _draw_groups(state, width, layers):
    total = 0.0
    for _ in range(layers):
        heads = draw_heads(state, width)
        total += draw_chi_square(state, heads) + draw_chi_square(state, max(heads - 1, 0))
        total += draw_chi_square(state, width - heads) + draw_normal(state)
    return total


@pytest.mark.parametrize("width", [64, 256, 1024])
def test_against_pytorch(width: int, compare: Comparison) -> None:
    count = 4 * max(1, UNITS // (width * DEPTH))
    compare(
        f"Gradients through {DEPTH} tanh layers with biases, two threads",
        f"width {width}",
        {
            "stabsim": Contender(lambda: verb(width, count, n_jobs=2), count),
            "PyTorch and autograd": Contender(autograd(width)),
        },
        unit="trial",
    )


@pytest.mark.parametrize("width", [16, 64, 256, 1024, 4096, 16_384])
def test_against_its_draws(width: int, compare: Comparison) -> None:
    count = max(1, UNITS // (width * DEPTH))
    tanh = stabsim.activations.get("tanh")
    state, rows = words(), np.zeros((4, min(BLOCK, width)))
    compare(
        "Gradients through tanh layers, a unit of a layer",
        f"width {width}",
        {
            "stabsim": Contender(lambda: verb(width, count), count * DEPTH * width),
            "its draws and activations": Contender(
                lambda: _draw_and_activate(
                    state, tanh.code, tanh.kernel_parameters, count * DEPTH * width, *rows
                ),
                count * DEPTH * width,
            ),
        },
        unit="unit",
        pairs=[("its draws and activations", "stabsim")],
    )


@pytest.mark.parametrize("width", [16, 256, 4096, 10**6])
def test_homogeneous(width: int, compare: Comparison) -> None:
    count, state = 2000, words()
    compare(
        "Gradients through ReLU layers without biases, a layer",
        f"width {width}",
        {
            "stabsim": Contender(lambda: verb(width, count, activation="relu"), count * DEPTH),
            "its draws": Contender(
                lambda: _draw_groups(state, width, count * DEPTH), count * DEPTH
            ),
        },
        unit="layer",
        pairs=[("its draws", "stabsim")],
    )


@pytest.mark.parametrize("width", [16, 64, 256])
def test_against_drawn_weights(width: int, compare: Comparison) -> None:
    count = max(1, UNITS // (width * DEPTH))
    few = max(1, count // width)
    compare(
        "Gradients through tanh layers, conditional against every weight drawn",
        f"width {width}",
        {
            "stabsim": Contender(lambda: verb(width, count), count),
            "dense": Contender(lambda: verb(width, few, method="dense"), few),
        },
        unit="trial",
    )


def test_two_threads(compare: Comparison) -> None:
    width = 256
    count = 8 * UNITS // (width * DEPTH)
    compare(
        "Two threads",
        f"gradients through {DEPTH} tanh layers, width {width}",
        {
            "two threads": Contender(lambda: verb(width, count, n_jobs=2), count),
            "one thread": Contender(lambda: verb(width, count), count),
        },
        unit="trial",
    )
    one, two = (verb(width, 200, n_jobs=jobs).log_gradient_norm for jobs in (1, 2))
    np.testing.assert_array_equal(one, two)
