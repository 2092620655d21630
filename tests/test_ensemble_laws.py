"""Wishart matrices, heavy tails and the slices of a disordered bar: their laws."""

import math

import numpy as np
import pytest
import reference
from conftest import JIT_DISABLED
from laws import assert_law, assert_mean, assert_z
from scipy import special, stats

from stabsim import IID, AndersonTransfer, matrix_product_growth
from stabsim._random import Stream
from stabsim.ensembles import Wishart

MATRICES = 400 if JIT_DISABLED else 20_000
TRIALS = 200 if JIT_DISABLED else 2000
# A wrong law is further off where the samples are few.
WRONG = 2.0 if JIT_DISABLED else 1.3


def draw(ensemble, lanes, seed=0):
    """Return independent factors as an array (lanes, n, n)."""
    batch = ensemble.workspace(1, lanes)
    ensemble.draw(Stream(np.random.SeedSequence(seed)), batch)
    return np.moveaxis(batch[0], -1, 0)


def generator(seed):
    return np.random.Generator(np.random.SFC64(seed))


@pytest.mark.parametrize("field", ["real", "complex"])
@pytest.mark.parametrize(("n", "degrees"), [(1, 1), (3, 5), (4, 2)])
def test_wishart_matrices_equal_their_twin(n, degrees, field):
    ensemble = Wishart(n, degrees, sigma=0.5, field=field)
    parts = 2 if field == "complex" else 1
    rng = generator(3)
    for matrix in draw(ensemble, 4, seed=3):
        rows = rng.standard_normal(n * degrees * parts).view(ensemble.dtype).reshape(n, degrees)
        expected = 0.25 / parts * rows @ rows.conj().T
        np.testing.assert_allclose(matrix, expected, rtol=1e-14, atol=1e-14)
        np.testing.assert_array_equal(matrix, matrix.conj().T)


@pytest.mark.parametrize(("field", "parts"), [("real", 1), ("complex", 2)])
def test_wishart_matrices_have_their_law(field, parts):
    n, degrees, sigma = 3, 5, 0.5
    samples = draw(Wishart(n, degrees, sigma=sigma, field=field), MATRICES)
    unit = sigma**2 / parts
    vector = np.array([1.0, 2.0, -2.0]) / 3.0
    forms = (vector @ samples @ vector).real / unit
    schur = 1.0 / np.linalg.inv(samples)[:, 0, 0].real / unit
    trace = np.trace(samples, axis1=1, axis2=2).real / unit
    for values, freedom in (
        (forms, parts * degrees),
        (schur, parts * (degrees - n + 1)),
        (trace, parts * n * degrees),
    ):
        assert_law(values, stats.chi2(freedom).cdf)
        with pytest.raises(AssertionError, match="Kolmogorov"):
            assert_law(WRONG * values, stats.chi2(freedom).cdf)


def test_wishart_products_grow_at_the_exact_rate():
    n, degrees, depth = 3, 5, 20
    growth = matrix_product_growth(Wishart(n, degrees), depth, trials=TRIALS, norm="vector", rng=1)
    # A fixed vector's squared growth is that of chi-squares of so many degrees, one of which holds
    # the other.
    step = math.log(2.0) + 0.5 * special.digamma(degrees / 2)
    step += 0.5 * special.digamma((degrees + n - 1) / 2)
    assert_mean(growth.log_norm[:, -1], depth * step)
    growth = matrix_product_growth(Wishart(n, degrees), depth, trials=TRIALS, norm="logdet", rng=1)
    step = (math.log(2.0) + special.digamma((degrees - np.arange(n)) / 2)).sum()
    assert_mean(growth.log_norm[:, -1], depth * step)


def test_a_wishart_matrix_has_the_rank_of_its_degrees():
    values = np.linalg.svd(draw(Wishart(4, 2), 20), compute_uv=False)
    assert (values[:, 2:] < 1e-14 * values[:, :1]).all()
    assert (values[:, 1] > 1e-6 * values[:, 0]).all()


HEAVY = [
    (IID(3, "cauchy", sigma=2.0), stats.cauchy(scale=2.0)),
    (IID(3, "student_t", degrees_of_freedom=2.0), stats.t(2.0)),
    (IID(3, "student_t", sigma=0.5, degrees_of_freedom=0.7), stats.t(0.7, scale=0.5)),
    (IID(3, "stable", stability=2.0), stats.norm(scale=math.sqrt(2.0))),
    (IID(3, "stable", sigma=2.0, stability=1.0), stats.cauchy(scale=2.0)),
]


@pytest.mark.parametrize(("ensemble", "law"), HEAVY, ids=[repr(e) for e, _ in HEAVY])
def test_heavy_tails_are_those_of_the_law(ensemble, law):
    entries = draw(ensemble, MATRICES)
    assert_law(entries, law.cdf)
    with pytest.raises(AssertionError, match="Kolmogorov"):
        assert_law(WRONG * entries, law.cdf)


@pytest.mark.parametrize("stability", [0.5, 0.9, 1.5, 1.9])
def test_stable_entries_have_their_characteristic_function(stability):
    sigma = 2.0
    entries = draw(IID(3, "stable", sigma=sigma, stability=stability), MATRICES)
    for t in (0.1, 0.5, 2.0):
        assert_mean(np.cos(t * entries), math.exp(-((sigma * t) ** stability)))
    assert_mean(entries > 0.0, 0.5)
    exact = math.log(sigma) + np.euler_gamma * (1.0 / stability - 1.0)
    assert_mean(np.log(abs(entries)), exact)
    with pytest.raises(AssertionError, match="z ="):
        assert_mean(np.log(abs(entries)), exact + WRONG - 1.0)


def stable(rng, stability):
    angle = math.pi * (rng.random() - 0.5)
    height = rng.standard_exponential()
    ratio = math.cos((1 - stability) * angle) / height
    value = math.sin(stability * angle) / math.cos(angle) ** (1 / stability)
    return value * ratio ** ((1 - stability) / stability)


def test_heavy_tailed_entries_equal_their_twins():
    rng = generator(3)
    expected = 2.0 * np.array([stable(rng, 0.7) for _ in range(12)])
    entries = draw(IID(2, "stable", sigma=2.0, stability=0.7), 3, seed=3)
    np.testing.assert_allclose(np.moveaxis(entries, 0, -1).ravel(), expected, rtol=1e-12)
    rng = generator(3)
    numerators, denominators = rng.standard_normal(24).reshape(12, 2).T
    entries = draw(IID(2, "cauchy", sigma=2.0), 3, seed=3)
    expected = 2.0 * numerators / denominators
    np.testing.assert_allclose(np.moveaxis(entries, 0, -1).ravel(), expected, rtol=1e-14)
    rng = generator(3)
    chi_squares = 2.0 * rng.standard_gamma(0.25, 12)
    expected = 2.0 * rng.standard_normal(12) / np.sqrt(chi_squares / 0.5)
    entries = draw(IID(2, "student_t", sigma=2.0, degrees_of_freedom=0.5), 3, seed=3)
    np.testing.assert_allclose(np.moveaxis(entries, 0, -1).ravel(), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "ensemble",
    [
        IID(2, "stable", sigma=1e100, stability=0.2),
        IID(2, "student_t", sigma=1e100, degrees_of_freedom=0.2),
        IID(2, "cauchy", sigma=1e100),
    ],
    ids=repr,
)
def test_the_heaviest_tails_neither_overflow_nor_end_a_product(ensemble):
    assert np.isfinite(draw(ensemble, MATRICES)).all()
    growth = matrix_product_growth(ensemble, 50, trials=5, norm="frobenius", rng=1)
    assert np.isfinite(growth.log_norm).all()


def test_products_of_cauchy_numbers_do_not_grow():
    depth = 20
    for ensemble, exact in (
        (IID(1, "cauchy"), 0.0),
        (IID(1, "stable", stability=0.5), np.euler_gamma),
    ):
        growth = matrix_product_growth(ensemble, depth, trials=TRIALS, rng=1)
        assert_mean(growth.log_norm[:, -1], depth * exact)


BARS = [
    AndersonTransfer(0.5, 2.0, width=2),
    AndersonTransfer(-0.5, 2.0, width=5, distribution="gaussian"),
    AndersonTransfer(0.0, 1.0, width=4, edges="periodic", distribution="cauchy"),
    AndersonTransfer(1.0, 3.0, width=(2, 3)),
    AndersonTransfer(1.0, 3.0, width=(4, 3), edges="periodic"),
]
every_bar = pytest.mark.parametrize("bar", BARS, ids=repr)


def hopping(bar):
    """Join every two sites of a slice that are neighbours, one by one."""
    sides = (bar.width, 1) if isinstance(bar.width, int) else bar.width
    places = list(np.ndindex(sides))
    matrix = np.zeros((len(places), len(places)))
    for i, place in enumerate(places):
        for axis, side in enumerate(sides):
            neighbour = list(place)
            neighbour[axis] += 1
            if bar.edges == "periodic" and side > 1:
                neighbour[axis] %= side
            if tuple(neighbour) in places:
                j = places.index(tuple(neighbour))
                matrix[i, j] = matrix[j, i] = 1.0
    return matrix


@every_bar
def test_slices_of_a_bar_equal_their_twin(bar):
    lanes, sites = 3, bar.sites
    chain = AndersonTransfer(0.0, 1.0, distribution=bar.distribution)
    rng, stream = generator(3), Stream(np.random.SeedSequence(3))
    batch = bar.workspace(2, lanes)
    bar.draw(stream, batch)
    for step in range(2):
        potentials = -reference.factors(chain, rng, 1, sites * lanes)[0, 0, 0]
        for lane, potential in enumerate(potentials.reshape(sites, lanes).T):
            block = bar.energy * np.eye(sites) - hopping(bar) - bar.disorder * np.diag(potential)
            rest = np.eye(sites)
            expected = np.block([[block, -rest], [rest, 0.0 * rest]])
            np.testing.assert_allclose(batch[step, :, :, lane], expected, rtol=1e-15, atol=1e-15)
    np.testing.assert_array_equal(stream.words, rng.bit_generator.state["state"]["state"])


@every_bar
def test_transfer_matrices_are_symplectic(bar):
    identity = np.eye(bar.sites)
    form = np.block([[0.0 * identity, identity], [-identity, 0.0 * identity]])
    for matrix in draw(bar, 20):
        np.testing.assert_allclose(matrix.T @ form @ matrix, form, atol=1e-12)


@every_bar
def test_transfer_matrices_solve_the_schroedinger_equation(bar):
    length, sites = 5, bar.sites
    batch = bar.workspace(length, 1)
    bar.draw(Stream(np.random.SeedSequence(0)), batch)
    waves = [np.zeros(sites), np.arange(1.0, sites + 1)]
    for matrix in batch[..., 0]:
        after, before = np.split(matrix @ np.concatenate([waves[-1], waves[-2]]), 2)
        np.testing.assert_array_equal(before, waves[-1])
        waves.append(after)
    # The Hamiltonian of the slices 1 to length, between a wall and the slice after the last.
    blocks = [bar.energy * np.eye(sites) - m[:sites, :sites, 0] for m in batch]
    hamiltonian = np.zeros((length * sites, (length + 1) * sites))
    for t, block in enumerate(blocks):
        rows = slice(t * sites, (t + 1) * sites)
        hamiltonian[rows, rows] = block
        for other in (t - 1, t + 1):
            if other >= 0:
                hamiltonian[rows, other * sites : (other + 1) * sites] = np.eye(sites)
    wave = np.concatenate(waves[1:])
    left = hamiltonian @ wave
    size = abs(wave).max()
    np.testing.assert_allclose(left, bar.energy * wave[: length * sites], atol=1e-12 * size)


@pytest.mark.parametrize(
    ("width", "edges", "bands"),
    [
        (4, "hard", 2.0 * np.cos(np.pi * np.arange(1, 5) / 5)),
        (5, "periodic", 2.0 * np.cos(2.0 * np.pi * np.arange(5) / 5)),
        (
            (2, 3),
            "hard",
            np.add.outer([1.0, -1.0], 2.0 * np.cos(np.pi * np.arange(1, 4) / 4)).ravel(),
        ),
        (
            (3, 4),
            "periodic",
            np.add.outer(
                2.0 * np.cos(2.0 * np.pi * np.arange(3) / 3),
                2.0 * np.cos(2.0 * np.pi * np.arange(4) / 4),
            ).ravel(),
        ),
    ],
    ids=["strip", "tube", "bar", "periodic-bar"],
)
def test_transverse_modes(width, edges, bands):
    bar = AndersonTransfer(7.0, 0.0, width=width, edges=edges)
    np.testing.assert_allclose(np.linalg.eigvalsh(bar.transverse), np.sort(bands), atol=1e-14)
    # Beyond the band every mode of a clean bar decays at the rate arcosh of half its distance.
    moduli = np.sort(np.log(abs(np.linalg.eigvals(bar.sample(rng=0)))))
    rates = np.sort(np.arccosh((7.0 - bands) / 2.0))
    np.testing.assert_allclose(moduli[bar.sites :], rates, atol=1e-6)


@pytest.mark.parametrize(
    ("distribution", "law"),
    [
        ("uniform", stats.uniform(-1.0, 2.0)),
        ("gaussian", stats.norm(scale=2.0)),
        ("cauchy", stats.cauchy(scale=2.0)),
    ],
)
def test_sites_have_independent_disorder(distribution, law):
    bar = AndersonTransfer(0.5, 2.0, width=3, distribution=distribution)
    potentials = 0.5 - draw(bar, MATRICES)[:, range(3), range(3)]
    assert_law(potentials, law.cdf)
    # Ranks of independent sites are uncorrelated.
    ranks = law.cdf(potentials) - 0.5
    for i, j in ((0, 1), (1, 2), (0, 2)):
        assert_z((ranks[:, i] * ranks[:, j]).mean(), 0.0, 1.0 / 12.0 / math.sqrt(MATRICES))
