"""Lyapunov spectra against the loop of QR decompositions that a user would write."""

import numpy as np
import pytest
from benchmarks.comparison import Comparison, Contender
from scipy.linalg import lapack

import stabsim


def spectrum(
    ensemble: stabsim.ensembles.Ensemble, steps: int, chains: int, **options: str
) -> stabsim.LyapunovSpectrum:
    return stabsim.lyapunov_spectrum(
        ensemble, steps=steps, trials=chains, rng=1, n_jobs=1, **options
    )


def numpy_loop(n: int, steps: int) -> np.ndarray:
    """Carry one frame along drawn factors, with a QR decomposition at every step."""
    rng = np.random.default_rng(1)
    frame, total = np.eye(n), np.zeros(n)
    for _ in range(steps):
        factor = rng.uniform(-1.0, 1.0, (n, n))
        frame, triangle = np.linalg.qr(factor @ frame)
        total += np.log(np.abs(np.diag(triangle)))
    return total / steps


def lapack_alone(n: int, steps: int) -> None:
    """Decompose one matrix again and again by the two routines that NumPy's QR calls."""
    matrix = np.asfortranarray(np.random.default_rng(1).standard_normal((n, n)))
    for _ in range(steps):
        reflectors, scales, _, _ = lapack.dgeqrf(matrix)
        lapack.dorgqr(reflectors, scales)


@pytest.mark.parametrize(
    ("n", "steps", "chains", "loop"),
    [(4, 20_000, 16, 2000), (16, 2000, 16, 1000), (64, 20_000, 1, 200)],
)
def test_all_exponents(compare: Comparison, n: int, steps: int, chains: int, loop: int) -> None:
    ensemble = stabsim.IID(n, "uniform")
    compare(
        "all Lyapunov exponents, generic factors, one thread",
        f"{n}×{n}",
        {
            "stabsim": Contender(lambda: spectrum(ensemble, steps, chains), steps * chains),
            "NumPy's QR in a loop": Contender(lambda: numpy_loop(n, loop), loop),
            "LAPACK's QR alone": Contender(lambda: lapack_alone(n, loop), loop),
        },
        unit="factor",
    )


def test_exponents_of_gaussian_factors(compare: Comparison) -> None:
    ensemble = stabsim.Ginibre(64)
    compare(
        "all Lyapunov exponents, Gaussian factors, one thread",
        "64×64, reduced law",
        {
            "stabsim": Contender(lambda: spectrum(ensemble, 1000, 16), 16_000),
            "QR of drawn factors": Contender(lambda: spectrum(ensemble, 300, 2, method="qr"), 600),
        },
        unit="factor",
    )
