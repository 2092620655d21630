"""Golden values: what a seed gives stays what it is, as the stream policy promises.

Every verb runs with every sampler, over more trials than a chunk holds. A change of what is drawn,
or of its order, changes all digits of the estimates; another machine rounds the last ones
otherwise. So from release 0.1.0 on, the numbers in ``golden.txt`` may change together with
``STREAM_VERSION``, and never without it. This computes them anew:

    python tests/test_golden.py > golden.txt && mv golden.txt tests
"""

from pathlib import Path

import numpy as np
import pytest

import stabsim
from stabsim import (
    IID,
    MLP,
    Alternating,
    AndersonTransfer,
    Autoregressive,
    FiniteSet,
    Ginibre,
    Haar,
    MarkovModulated,
    Rectangular,
    Shifted,
    TruncatedHaar,
    Wishart,
)
from stabsim._random import STREAM_VERSION

# Fewer trials run side by side without the JIT, and draw in another order.
pytestmark = pytest.mark.jit

UNIFORM = IID(3, "uniform")
CHAIN = AndersonTransfer(0.3, 1.0)


def growth(ensemble, trials, norm="vector", **options):
    return lambda: stabsim.matrix_product_growth(
        ensemble, 300, trials=trials, norm=norm, record=[300], rng=1, **options
    )


def dense_growth(ensemble, trials=8000):
    return growth(ensemble, trials, method="dense")


def spectrum(ensemble, trials, **options):
    return lambda: stabsim.lyapunov_spectrum(ensemble, steps=2000, trials=trials, rng=1, **options)


def moments(ensemble, **options):
    return lambda: stabsim.generalized_lyapunov(
        ensemble, [-0.5, 1.0], steps=64, walkers=50, trials=3, rng=1, **options
    )


def singular_values(ensemble, trials, **options):
    return lambda: stabsim.product_singular_values(ensemble, 30, trials=trials, rng=1, **options)


def network(init, activation="tanh", **options):
    return MLP(2, 16, in_features=3, init=init, activation=activation, **options)


def attenuation(network, trials=40_000, *, inputs="gaussian", method="auto"):
    return lambda: stabsim.gradient_attenuation(
        network, trials=trials, inputs=inputs, record=[1], method=method, rng=1
    )


def propagation(network, trials=12_000, *, method="auto"):
    return lambda: stabsim.signal_propagation(
        network, correlation=0.5, trials=trials, record=[2], method=method, rng=1
    )


def jacobian(init, **options):
    return lambda: stabsim.jacobian_spectrum(
        MLP(2, 4, init=init, bias_std=0.1), trials=10_000, rng=1, **options
    )


PAIR = [[0.3, -0.2, 0.5], [0.1, 0.4, -0.7]]
CASES = {
    "growth, radial": growth(Ginibre(3), 15_000),
    "growth, radial, complex": growth(Ginibre(3, field="complex"), 15_000),
    "growth, radial, corners": growth(TruncatedHaar(3, 5), 15_000),
    "growth, radial, shifted": growth(Shifted(Ginibre(3), scale=0.5), 15_000),
    "growth, radial, determinant": growth(Ginibre(3), 5000, "logdet"),
    "growth, triangular": growth(Ginibre(3), 8000, "frobenius"),
    "growth, triangular, complex": growth(Ginibre(3, field="complex"), 4000, "spectral"),
    "growth, dense, Frobenius": growth(UNIFORM, 4000, "frobenius"),
    "growth, dense, spectral": growth(UNIFORM, 4000, "spectral"),
    "growth, determinant": growth(UNIFORM, 3000, "logdet"),
    "growth, moments alone": growth(UNIFORM, 8000, samples=False),
    "factors, uniform": dense_growth(UNIFORM),
    "factors, signs": dense_growth(IID(3, "rademacher")),
    "factors, Laplace": dense_growth(IID(3, "laplace")),
    "factors, Student": dense_growth(IID(3, "student_t", degrees_of_freedom=3.0)),
    "factors, sparse": dense_growth(Shifted(IID(3, "sparse", density=0.8), scale=0.5)),
    "factors, Cauchy": dense_growth(IID(3, "cauchy")),
    "factors, stable": dense_growth(IID(3, "stable", stability=1.5)),
    "factors, Ginibre": dense_growth(Ginibre(3)),
    "factors, complex Ginibre": dense_growth(Ginibre(3, field="complex")),
    "factors, corners": dense_growth(TruncatedHaar(3, 5)),
    "factors, complex corners": dense_growth(TruncatedHaar(3, 5, field="complex")),
    "factors, Haar": dense_growth(Shifted(Haar(3), scale=0.5)),
    "factors, complex Haar": dense_growth(Shifted(Haar(3, field="complex"), scale=0.5)),
    "factors, finite set": dense_growth(FiniteSet.random_fibonacci(), 12_000),
    "factors, Wishart": dense_growth(Wishart(3, 5)),
    "factors, rectangular": dense_growth(Rectangular([3, 5, 3])),
    "factors, chain": dense_growth(CHAIN, 12_000),
    "factors, Lloyd's chain": dense_growth(
        AndersonTransfer(0.3, 1.0, distribution="cauchy"), 12_000
    ),
    "factors, strip": dense_growth(
        AndersonTransfer(0.3, 1.0, distribution="gaussian", width=3), 2000
    ),
    "factors, alternating": dense_growth(Alternating([UNIFORM, Wishart(3, 5)])),
    "factors, Markov": dense_growth(
        MarkovModulated([UNIFORM, Wishart(3, 5)], [[0.9, 0.1], [0.2, 0.8]])
    ),
    "factors, autoregressive": dense_growth(Autoregressive(3, correlation=0.5)),
    "spectrum, reduced": spectrum(Ginibre(3), 1500),
    "spectrum, QR": spectrum(UNIFORM, 1500),
    "spectrum, to a precision": spectrum(UNIFORM, 4000, precision=5e-4),
    "moments, reduced": moments(Ginibre(3)),
    "moments, dense": moments(UNIFORM),
    "singular values, triangular": singular_values(Ginibre(3), 3000),
    "singular values, in any frame": singular_values(TruncatedHaar(3, 5), 3000),
    "singular values, dense": singular_values(UNIFORM, 3000),
    "length": lambda: stabsim.localization_length(CHAIN, steps=20_000, trials=200, rng=1),
    "scaling": lambda: stabsim.finite_size_scaling(
        0.0, [4.0, 8.0], [3, 4], steps=5000, trials=40, rng=1
    ),
    "gradients, conditional": attenuation(network("xavier_normal")),
    "gradients, biases": attenuation(network("xavier_normal", bias_std=0.5)),
    "gradients, orthogonal": attenuation(network("orthogonal", bias_std=0.5)),
    "gradients, ReLU": attenuation(network("kaiming_normal", "relu"), 50_000),
    "gradients, leaky ReLU": attenuation(network("kaiming_normal", "leaky_relu"), 50_000),
    "gradients, ReLU and biases": attenuation(network("kaiming_normal", "relu", bias_std=0.5)),
    "gradients, a direction": attenuation(network("xavier_normal"), inputs=2.0),
    "gradients, a batch": attenuation(network("xavier_normal", bias_std=0.5), inputs=PAIR),
    "gradients, an orthogonal batch": attenuation(network("orthogonal"), inputs=PAIR),
    "gradients, dense": attenuation(network("xavier_normal", bias_std=0.5), method="dense"),
    "gradients, dense orthogonal": attenuation(network("orthogonal"), 10_000, method="dense"),
    "gradients, uniform": attenuation(network("torch_default")),
    "gradients, truncated": attenuation(network("lecun_normal", "selu")),
    "signals, conditional": propagation(network("xavier_normal", bias_std=0.5)),
    "signals, orthogonal": propagation(network("orthogonal", bias_std=0.5)),
    "signals, dense": propagation(network("xavier_normal", bias_std=0.5), method="dense"),
    "signals, uniform": propagation(network("torch_default", "relu")),
    "Jacobian, Gaussian": jacobian("xavier_normal"),
    "Jacobian, orthogonal": jacobian("orthogonal", inputs=2.0),
    "Jacobian, uniform": jacobian("torch_default", inputs=[0.1, 0.2, 0.3, 0.4]),
    "Jacobian, moments alone": jacobian("xavier_normal", samples=False),
    "phases": lambda: stabsim.phase_diagram(
        "tanh", [1.0, 2.0], [0.1], width=16, depth=8, trials=20_000, rng=1
    ),
}


def estimates(case):
    """Return the version of the streams, the estimates and then their standard errors."""
    result = CASES[case]()
    values, errors = zip(*result.estimates().values(), strict=True)
    numbers = np.concatenate([np.ravel(array) for array in (*values, *errors)])
    return [result.stream_version, *numbers.tolist()]


LINES = Path(__file__).with_name("golden.txt").read_text().splitlines()
GOLDEN = {
    case: list(map(float, numbers.split())) for case, numbers in (line.split(":") for line in LINES)
}


def test_every_case_has_golden_values_of_this_version_of_the_streams():
    assert GOLDEN.keys() == CASES.keys()
    assert {version for version, *_ in GOLDEN.values()} == {STREAM_VERSION}


@pytest.mark.parametrize("case", CASES)
def test_a_seed_gives_what_it_gave(case):
    assert estimates(case) == pytest.approx(GOLDEN[case], rel=1e-9, abs=1e-12)


if __name__ == "__main__":
    for case in CASES:
        print(f"{case}:", *(f"{number:.12g}" for number in estimates(case)))
