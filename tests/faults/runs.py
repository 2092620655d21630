"""What is simulated while faults are injected: every verb, in some dozens of chunks a second."""

import hashlib
from unittest import mock

import numpy as np

import stabsim
from stabsim import _montecarlo

NETWORK = stabsim.MLP(20, 64, activation="tanh", init="xavier_normal", bias_std=0.1)


def growth(size, **means):
    return stabsim.matrix_product_growth(
        stabsim.Ginibre(4), 200, trials=size * 2000, norm="vector", method="dense", **means
    )


def streamed_growth(size, **means):
    return stabsim.matrix_product_growth(
        stabsim.Ginibre(4),
        200,
        trials=size * 3000,
        norm="vector",
        method="dense",
        record=[100, 200],
        samples=False,
        **means,
    )


def spectrum(size, **means):
    return stabsim.lyapunov_spectrum(
        stabsim.IID(4, "uniform"), steps=size * 2000, trials=500, precision=5e-4, **means
    )


def moments(size, **means):
    return stabsim.generalized_lyapunov(
        stabsim.IID(3, "uniform"), [1.0, 4.0], steps=200, walkers=200, trials=size * 5, **means
    )


def singular_values(size, **means):
    return stabsim.product_singular_values(
        stabsim.IID(4, "uniform"), 50, trials=size * 250, **means
    )


def attenuation(size, **means):
    return stabsim.gradient_attenuation(NETWORK, trials=size * 1000, **means)


def streamed_attenuation(size, **means):
    return stabsim.gradient_attenuation(NETWORK, trials=size * 1000, samples=False, **means)


def signals(size, **means):
    return stabsim.signal_propagation(NETWORK, correlation=0.5, trials=size * 400, **means)


def jacobians(size, **means):
    network = stabsim.MLP(6, 24, activation="tanh")
    return stabsim.jacobian_spectrum(network, trials=size * 200, **means)


def length(size, **means):
    return stabsim.localization_length(
        stabsim.AndersonTransfer(0.0, 2.0, width=2), steps=4000, trials=size * 16, **means
    )


def scaling(size, **means):
    return stabsim.finite_size_scaling(
        0.0, [4.0, 8.0], [3, 4], steps=2000, trials=size * 8, **means
    )


def diagram(size, **means):
    return stabsim.phase_diagram(
        "tanh", [1.0, 1.5], [0.1, 0.3], width=64, depth=20, trials=size * 400, **means
    )


RUNS = {
    "matrix_product_growth": growth,
    "matrix_product_growth, streamed": streamed_growth,
    "lyapunov_spectrum to a precision": spectrum,
    "generalized_lyapunov": moments,
    "product_singular_values": singular_values,
    "gradient_attenuation": attenuation,
    "gradient_attenuation, streamed": streamed_attenuation,
    "signal_propagation": signals,
    "jacobian_spectrum": jacobians,
    "localization_length": length,
    "finite_size_scaling": scaling,
    "phase_diagram": diagram,
}


def fingerprint(result):
    """Return what differs as soon as one bit of what a run yielded does."""
    content = hashlib.sha256(str(result.run.trials).encode())
    for name, part in sorted(result.run.parts.items()):
        numbers = part if isinstance(part, np.ndarray) else part.packed()
        content.update(f"{name} {numbers.shape}".encode())
        content.update(np.ascontiguousarray(numbers).tobytes())
    for name, pair in result.estimates().items():
        content.update(name.encode())
        for numbers in pair:
            content.update(np.asarray(numbers, np.float64).tobytes())
    return content.hexdigest()


def counted(run, *arguments, **means):
    """Return the fingerprint of a run on threads, and the trials that it had to compute."""
    trials = []
    compute = _montecarlo._Chunk.__call__

    def counting(chunk, index, seed, number):
        trials.append(number)
        return compute(chunk, index, seed, number)

    with mock.patch.object(_montecarlo._Chunk, "__call__", counting):
        result = run(*arguments, n_jobs=2, **means)
    return fingerprint(result), sum(trials)
