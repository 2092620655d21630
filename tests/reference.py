"""Short NumPy twins of the kernels.

A twin draws from ``numpy.random.Generator(SFC64)`` what the kernel draws from the same stream, in
the same order, so the two agree to rounding.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from stabsim._kernels import program
from stabsim.ensembles import (
    IID,
    AndersonTransfer,
    Ensemble,
    FiniteSet,
    Ginibre,
    Haar,
    Shifted,
    TruncatedHaar,
)
from stabsim.networks import Linear, Network

Generator = np.random.Generator


def chi_square(rng: Generator, degrees: int, size: int, sum_limit: int) -> np.ndarray:
    """Sum exponentials and at most one squared Gaussian, up to the limit."""
    if degrees > sum_limit:
        return rng.chisquare(degrees, size)
    out = np.empty(size)
    for i in range(size):
        out[i] = 2.0 * sum(rng.standard_exponential() for _ in range(degrees // 2))
        if degrees % 2:
            out[i] += rng.standard_normal() ** 2
    return out


def signs(rng: Generator, size: int) -> np.ndarray:
    """Read the bits of whole words, the least significant first; 0 is +1."""
    words = rng.bit_generator.random_raw(-(-size // 64))
    bits = np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little")[:size]
    return 1.0 - 2.0 * bits


def integers(rng: Generator, bound: int, size: int) -> list[int]:
    """Reject the products whose low half would favour some integers."""
    out: list[int] = []
    while len(out) < size:
        product = (int(rng.bit_generator.random_raw()) >> 32) * bound
        if product % 2**32 >= 2**32 % bound:
            out.append(product >> 32)
    return out


def frame(rng: Generator, n: int, size: int, dtype: type) -> np.ndarray:
    """Orthonormalize Gaussian rows: Q of a QR decomposition with a positive diagonal of R."""
    parts = 2 if dtype is complex else 1
    rows = rng.standard_normal(n * size * parts).view(dtype).reshape(n, size)
    q, r = np.linalg.qr(rows.conj().T)
    diagonal = np.diagonal(r)
    return (q * (diagonal / abs(diagonal))).conj().T


def batch(matrices: ArrayLike, steps: int) -> np.ndarray:
    """Return matrices in the order (steps, lanes) as an array (steps, n, n, lanes)."""
    array = np.asarray(matrices)
    return np.moveaxis(array.reshape(steps, -1, *array.shape[1:]), 1, -1)


def factors(ensemble: Ensemble, rng: Generator, steps: int, lanes: int) -> np.ndarray:
    """Draw independent factors, as an array (steps, n, n, lanes)."""
    n = ensemble.n
    shape, count = (steps, n, n, lanes), steps * n * n * lanes
    match ensemble:
        case Shifted():
            inner = factors(ensemble.ensemble, rng, steps, lanes)
            return ensemble.shift * np.eye(n)[:, :, None] + ensemble.scale * inner
        case Ginibre():
            parts = ensemble.part_sigma * rng.standard_normal(count * ensemble.parts)
            return parts.view(ensemble.dtype).reshape(shape)
        case Haar():
            frames = [frame(rng, n, n, ensemble.dtype) for _ in range(steps * lanes)]
            return ensemble.scale * batch(frames, steps)
        case TruncatedHaar():
            frames = [frame(rng, n, ensemble.size, ensemble.dtype) for _ in range(steps * lanes)]
            return batch([rows[:, :n] for rows in frames], steps)
        case IID():
            return _ENTRIES[ensemble.distribution](ensemble, rng, count).reshape(shape)
        case FiniteSet():
            cumulative = np.cumsum(ensemble.probabilities)
            chosen = np.searchsorted(cumulative, rng.random(steps * lanes), side="right")
            return batch(ensemble.matrices[chosen], steps)
        case AndersonTransfer():
            potential = _POTENTIALS[ensemble.distribution](rng, steps * lanes)
            diagonal = ensemble.energy - ensemble.disorder * potential
            return batch([[[x, -1.0], [1.0, 0.0]] for x in diagonal], steps)
    raise NotImplementedError(type(ensemble).__name__)


def _laplace(ensemble: IID, rng: Generator, count: int) -> np.ndarray:
    draws = [(rng.standard_exponential(), rng.random()) for _ in range(count)]
    return ensemble.sigma / math.sqrt(2) * np.array([x if u < 0.5 else -x for x, u in draws])


def _student_t(ensemble: IID, rng: Generator, count: int) -> np.ndarray:
    degrees = ensemble.degrees_of_freedom
    chi_squares = 2.0 * rng.standard_gamma(degrees / 2, count)
    t = rng.standard_normal(count) / np.sqrt(chi_squares / degrees)
    return ensemble.sigma * math.sqrt((degrees - 2) / degrees) * t


def _sparse(ensemble: IID, rng: Generator, count: int) -> np.ndarray:
    density = ensemble.density
    entries = [rng.standard_normal() if rng.random() < density else 0.0 for _ in range(count)]
    return ensemble.sigma / math.sqrt(density) * np.array(entries)


_ENTRIES: dict[str, Callable[[IID, Generator, int], np.ndarray]] = {
    "uniform": lambda e, rng, count: e.sigma * math.sqrt(12) * (rng.random(count) - 0.5),
    "rademacher": lambda e, rng, count: e.sigma * signs(rng, count),
    "laplace": _laplace,
    "student_t": _student_t,
    "sparse": _sparse,
}


def _cauchy(rng: Generator, count: int) -> np.ndarray:
    numerators, denominators = rng.standard_normal(2 * count).reshape(count, 2).T
    return numerators / denominators


_POTENTIALS: dict[str, Callable[[Generator, int], np.ndarray]] = {
    "uniform": lambda rng, count: rng.random(count) - 0.5,
    "gaussian": lambda rng, count: rng.standard_normal(count),
    "cauchy": _cauchy,
}


def weights(rng: Generator, law: int, bound: float, shape: tuple[int, ...]) -> np.ndarray:
    """Draw weights of a law at scale 1."""
    match law:
        case program.CONSTANT:
            return np.ones(shape)
        case program.GAUSSIAN:
            return rng.standard_normal(shape)
        case program.UNIFORM:
            return 2.0 * rng.random(shape) - 1.0
        case program.ORTHOGONAL:
            rows = frame(rng, min(shape), max(shape), float)
            return rows if shape[0] <= shape[1] else rows.T
        case program.TRUNCATED_GAUSSIAN:
            matrix = np.empty(shape)
            for row in matrix:
                row[:] = rng.standard_normal(row.size)
                for i in range(row.size):
                    while abs(row[i]) > bound:
                        row[i] = rng.standard_normal()
            return matrix
    raise NotImplementedError(law)


def _weights_and_biases(rng: Generator, linear: Linear) -> tuple[np.ndarray, np.ndarray]:
    fan_in, fan_out = linear.in_features, linear.out_features
    laws = linear.init.program_entries(fan_in, fan_out)
    matrix = laws.weight_scale * weights(rng, laws.weight_law, laws.weight_bound, (fan_out, fan_in))
    law, scale = laws.bias_law, laws.bias_scale
    if linear.bias_std is not None:
        law, scale = program.GAUSSIAN, linear.bias_std
    if scale == 0.0:
        return matrix, np.zeros(fan_out)
    return matrix, scale * weights(rng, law, 0.0, (fan_out,))


def attenuation(
    rng: Generator, network: Network, inputs: ArrayLike, overlap: bool = True
) -> np.ndarray:
    """Draw a network and return the logarithms of norms, in the order of a sampler's columns.

    ``inputs`` are (B, n). Without ``overlap`` gradients do not see the inputs of the weights that
    they pass, which is wrong.
    """
    x, layers = np.array(inputs, dtype=float), []
    for module in network.modules:
        if isinstance(module, Linear):
            matrix, biases = _weights_and_biases(rng, module)
            layers.append((matrix, x, np.ones((len(x), module.out_features))))
            x = x @ matrix.T + biases
        else:
            layers[-1][2][:] *= module.derivative(x)
            x = module(x)
    gradient = rng.standard_normal(x.shape)
    gradient /= np.linalg.norm(gradient)
    gradients, sensitivities = [gradient], []
    for matrix, below, slopes in reversed(layers):
        sensitivities.append(gradient * slopes)
        gradient = sensitivities[-1] @ matrix
        if not overlap:
            unit = below / np.linalg.norm(below, axis=1, keepdims=True)
            gradient = gradient - unit * np.sum(gradient * unit, axis=1, keepdims=True)
        gradients.append(gradient)
    signals, sensitivities = [below for _, below, _ in layers], sensitivities[::-1]
    quantities = [
        *gradients[::-1],
        *signals,
        x,
        *sensitivities,
        *(u.T @ below for u, below in zip(sensitivities, signals, strict=True)),
        *(u.sum(axis=0) for u in sensitivities),
    ]
    with np.errstate(divide="ignore"):
        return np.log([np.linalg.norm(quantity) for quantity in quantities])
