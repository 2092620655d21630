"""Random factors: the law of every ensemble, and its NumPy twin."""

import math

import numpy as np
import pytest
import reference
from conftest import JIT_DISABLED
from laws import SMALLEST_P_VALUE, assert_law, assert_mean, assert_same_law, assert_z
from numba import njit
from scipy import stats

from stabsim import (
    IID,
    AndersonTransfer,
    Custom,
    FiniteSet,
    Ginibre,
    Haar,
    Shifted,
    TruncatedHaar,
)
from stabsim._random import Stream

MATRICES = 400 if JIT_DISABLED else 20_000
# A wrong law is further off where the samples are few.
WRONG = 2.0 if JIT_DISABLED else 1.3

three_matrices = np.random.default_rng(1).standard_normal((3, 2, 2))
BUILT_IN = [
    Ginibre(1),
    Ginibre(3, sigma=0.5),
    Ginibre(3, sigma=2.0, field="complex"),
    Haar(1),
    Haar(4, scale=3.0),
    Haar(3, field="complex"),
    TruncatedHaar(2, 7),
    TruncatedHaar(3, 3),
    TruncatedHaar(2, 4, field="complex"),
    IID(3, "uniform", sigma=0.7),
    IID(3, "rademacher", sigma=2.0),
    IID(3, "laplace"),
    IID(3, "student_t", degrees_of_freedom=2.5),
    IID(3, "sparse", sigma=3.0, density=0.3),
    FiniteSet.random_fibonacci(),
    FiniteSet(three_matrices, probabilities=[0.5, 0.2, 0.3]),
    FiniteSet(three_matrices + 1j, probabilities=[0.0, 1.0, 0.0]),
    AndersonTransfer(0.5, 2.0),
    AndersonTransfer(-0.5, 2.0, distribution="gaussian"),
    AndersonTransfer(0.0, 0.3, distribution="cauchy"),
    Shifted(Ginibre(3), scale=-0.1),
    Shifted(Haar(2, field="complex"), shift=-2.0, scale=0.5),
    Shifted(Shifted(IID(2, "uniform"), shift=3.0, scale=2.0), shift=0.5, scale=0.25),
]
every_ensemble = pytest.mark.parametrize("ensemble", BUILT_IN, ids=repr)


def fill_corner(rng, out):
    out[0, 0] = rng.standard_normal()


def fill_phases(rng, out):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.exp(1j * rng.uniform(0.0, 2.0 * np.pi))


def draw(ensemble, lanes, seed=0):
    """Return independent factors as an array (lanes, n, n)."""
    batch = ensemble.workspace(1, lanes)
    ensemble.draw(Stream(np.random.SeedSequence(seed)), batch)
    return np.moveaxis(batch[0], -1, 0)


def generator(seed):
    return np.random.Generator(np.random.SFC64(seed))


def wrong_haar(n, count):
    """Return the Q of a QR decomposition whose signs are LAPACK's: not Haar-distributed."""
    return np.linalg.qr(np.random.default_rng(0).standard_normal((count, n, n)))[0]


@every_ensemble
@pytest.mark.parametrize(("steps", "lanes"), [(1, 1), (3, 2), (2, 65)])
def test_equals_its_twin(ensemble, steps, lanes):
    rng, stream = generator(3), Stream(np.random.SeedSequence(3))
    batch = ensemble.workspace(steps, lanes)
    for _ in range(2):
        expected = reference.factors(ensemble, rng, steps, lanes)
        ensemble.draw(stream, batch)
        size = abs(expected).max()
        np.testing.assert_allclose(batch, expected, rtol=1e-13, atol=1e-13 * size)
    assert batch.dtype == ensemble.dtype
    np.testing.assert_array_equal(stream.words, rng.bit_generator.state["state"]["state"])


@every_ensemble
def test_sample_draws_one_factor(ensemble):
    matrix = ensemble.sample(rng=3)
    np.testing.assert_array_equal(matrix, draw(ensemble, 1, seed=3)[0])
    assert matrix.shape == (ensemble.n, ensemble.n)
    assert matrix.flags.owndata
    rng = np.random.default_rng(3)
    both = [ensemble.sample(rng) for _ in range(2)]
    expected = [ensemble.sample(child) for child in np.random.SeedSequence(3).spawn(2)]
    np.testing.assert_array_equal(both, expected)


def parts(samples):
    return np.concatenate([samples.real.ravel(), samples.imag.ravel()])


def student_cdf(sigma, degrees):
    return stats.t(degrees, scale=sigma * math.sqrt((degrees - 2) / degrees)).cdf


@pytest.mark.parametrize(
    ("ensemble", "cdf"),
    [
        (Ginibre(3, sigma=0.5), stats.norm(scale=0.5).cdf),
        (Ginibre(3, sigma=2.0, field="complex"), stats.norm(scale=math.sqrt(2.0)).cdf),
        (IID(3, "uniform", sigma=2.0), stats.uniform(-2 * math.sqrt(3), 4 * math.sqrt(3)).cdf),
        (IID(3, "laplace", sigma=2.0), stats.laplace(scale=math.sqrt(2.0)).cdf),
        (IID(3, "student_t", degrees_of_freedom=2.5), student_cdf(1.0, 2.5)),
        (IID(3, "student_t", sigma=3.0, degrees_of_freedom=9), student_cdf(3.0, 9)),
        (IID(3, "sparse", sigma=2.0, density=1.0), stats.norm(scale=2.0).cdf),
    ],
    ids=lambda x: "cdf" if callable(x) else repr(x),
)
def test_entries_have_their_law(ensemble, cdf):
    samples = draw(ensemble, MATRICES)
    entries = parts(samples) if ensemble.dtype is complex else samples.ravel()
    assert_law(entries, cdf)
    with pytest.raises(AssertionError, match="Kolmogorov"):
        assert_law(WRONG * entries, cdf)


@pytest.mark.parametrize(
    "ensemble",
    [
        Ginibre(2, sigma=0.5),
        Ginibre(2, sigma=0.5, field="complex"),
        IID(2, "uniform", sigma=0.5),
        IID(2, "rademacher", sigma=0.5),
        IID(2, "laplace", sigma=0.5),
        IID(2, "student_t", sigma=0.5, degrees_of_freedom=9),
        IID(2, "sparse", sigma=0.5, density=0.4),
    ],
    ids=repr,
)
def test_entries_are_standardized_and_uncorrelated(ensemble):
    rows = draw(ensemble, MATRICES).reshape(MATRICES, -1)
    assert_mean(rows.sum(axis=1).real, 0.0)
    squares = (abs(rows) ** 2).sum(axis=1)
    if np.ptp(squares) > 0.0:
        assert_mean(squares, 4 * 0.25)
    else:
        assert squares[0] == 4 * 0.25
    # Were two entries of a matrix the same, or of opposite sign, this variance would show it.
    assert_mean(abs(rows @ [1, 2, 3, 5]) ** 2, 0.25 * (1 + 4 + 9 + 25))


@pytest.mark.parametrize("field", ["real", "complex"])
def test_gaussian_entries_are_independent(field):
    ensemble = Ginibre(3, sigma=2.0, field=field)
    squares = (abs(draw(ensemble, MATRICES)) ** 2).sum(axis=(1, 2)) / ensemble.part_sigma**2
    assert_law(squares, stats.chi2(9 * ensemble.parts).cdf)


def test_sparse_entries():
    density, sigma = 0.3, 2.0
    entries = draw(IID(3, "sparse", sigma=sigma, density=density), MATRICES).ravel()
    filled = entries != 0.0
    assert_z(filled.mean(), density, math.sqrt(density * (1 - density) / entries.size))
    assert_law(entries[filled], stats.norm(scale=sigma / math.sqrt(density)).cdf)


def test_rademacher_matrices_are_equally_likely():
    signs = draw(IID(2, "rademacher"), MATRICES).reshape(MATRICES, 4)
    counts = np.bincount(((signs > 0) @ (1, 2, 4, 8)), minlength=16)
    assert stats.chisquare(counts).pvalue > SMALLEST_P_VALUE


@pytest.mark.parametrize("field", ["real", "complex"])
@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_haar_is_orthogonal_to_rounding(n, field):
    for matrix in draw(Haar(n, field=field, scale=3.0), 5):
        np.testing.assert_allclose(matrix @ matrix.conj().T, 9.0 * np.eye(n), atol=2e-14)
    corner = draw(TruncatedHaar(n, n, field=field), 1)[0]
    np.testing.assert_allclose(corner @ corner.conj().T, np.eye(n), atol=2e-15)


def sphere_cdf(n):
    """Return the law of a coordinate of a uniform point on the sphere of n real dimensions."""
    return stats.beta((n - 1) / 2, (n - 1) / 2, loc=-1.0, scale=2.0).cdf


@pytest.mark.parametrize("n", [2, 3, 6])
def test_rows_and_columns_of_real_haar_are_uniform_on_the_sphere(n):
    samples = draw(Haar(n), MATRICES)
    for i, j in ((0, 0), (n - 1, 0), (0, n - 1), (n - 1, n - 1)):
        assert_law(samples[:, i, j], sphere_cdf(n))
    column = samples[:, :, 0] @ np.arange(1, n + 1) / math.sqrt((np.arange(1, n + 1) ** 2).sum())
    assert_law(column, sphere_cdf(n))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_rows_and_columns_of_complex_haar_are_uniform_on_the_sphere(n):
    samples = draw(Haar(n, field="complex"), MATRICES)
    for entry in (samples[:, 0, 0], samples[:, n - 1, n - 1]):
        assert_law(np.angle(entry), stats.uniform(-math.pi, 2 * math.pi).cdf)
        if n > 1:
            assert_law(abs(entry) ** 2, stats.beta(1, n - 1).cdf)


@pytest.mark.parametrize(("field", "group"), [("real", "ortho"), ("complex", "unitary")])
def test_traces_of_haar_are_those_of_scipy(field, group):
    group = getattr(stats, f"{group}_group")
    witnesses = group.rvs(3, size=MATRICES, random_state=np.random.default_rng(5))
    ours = draw(Haar(3, field=field), MATRICES)
    for power in (1, 2):
        traces = [
            np.trace(np.linalg.matrix_power(samples, power), axis1=1, axis2=2).real
            for samples in (ours, witnesses)
        ]
        assert_same_law(*traces)


def test_determinant_of_real_haar_is_a_fair_sign():
    for n in (1, 2, 3):
        signs = np.linalg.det(draw(Haar(n), MATRICES))
        np.testing.assert_allclose(abs(signs), 1.0, rtol=1e-13)
        assert_z(signs.mean(), 0.0, 1.0 / math.sqrt(MATRICES))


def test_wrong_haar_is_told_from_haar():
    wrong = wrong_haar(3, MATRICES)
    with pytest.raises(AssertionError, match="Kolmogorov"):
        assert_law(wrong[:, 0, 0], sphere_cdf(3))
    traces = [np.trace(samples, axis1=1, axis2=2) for samples in (wrong, draw(Haar(3), MATRICES))]
    with pytest.raises(AssertionError, match="Kolmogorov"):
        assert_same_law(*traces)


@pytest.mark.parametrize(("n", "size"), [(1, 2), (2, 3), (2, 7), (4, 9)])
def test_truncated_haar_shrinks_a_vector_by_a_beta_law(n, size):
    for field, factor in (("real", 0.5), ("complex", 1.0)):
        samples = draw(TruncatedHaar(n, size, field=field), MATRICES)
        law = stats.beta(factor * n, factor * (size - n))
        for vector in (np.eye(n)[0], np.ones(n) / math.sqrt(n)):
            squares = (abs(samples @ vector) ** 2).sum(axis=1)
            assert_law(squares, law.cdf)
        with pytest.raises(AssertionError, match="Kolmogorov"):
            assert_law(squares**WRONG, law.cdf)
        assert np.linalg.norm(samples[:100], 2, axis=(1, 2)).max() < 1 + 1e-12


@pytest.mark.parametrize(
    "probabilities", [None, [0.1, 0.2, 0.3, 0.4], [0.0, 0.6, 0.0, 0.4], [0.5, 0.5, 0.0, 0.0]]
)
def test_matrices_of_a_finite_set_come_with_their_probabilities(probabilities):
    ensemble = FiniteSet(np.arange(4.0).reshape(4, 1, 1), probabilities)
    counts = np.bincount(draw(ensemble, MATRICES).ravel().astype(int), minlength=4)
    possible = ensemble.probabilities > 0
    assert counts[~possible].sum() == 0
    expected = MATRICES * ensemble.probabilities[possible]
    assert stats.chisquare(counts[possible], expected).pvalue > SMALLEST_P_VALUE


@pytest.mark.parametrize(
    ("distribution", "law"),
    [
        ("uniform", stats.uniform(-1.0, 2.0)),
        ("gaussian", stats.norm(scale=2.0)),
        ("cauchy", stats.cauchy(scale=2.0)),
    ],
)
def test_anderson_transfer_matrices(distribution, law):
    samples = draw(AndersonTransfer(0.5, 2.0, distribution=distribution), MATRICES)
    rest = np.array([[0.0, -1.0], [1.0, 0.0]])
    np.testing.assert_array_equal(samples * [[0, 1], [1, 1]], np.broadcast_to(rest, samples.shape))
    assert_law(0.5 - samples[:, 0, 0], law.cdf)
    with pytest.raises(AssertionError, match="Kolmogorov"):
        assert_law(WRONG * (0.5 - samples[:, 0, 0]), law.cdf)


def test_without_disorder_the_transfer_matrix_is_fixed():
    samples = draw(AndersonTransfer(0.5, 0.0, distribution="cauchy"), 10)
    np.testing.assert_array_equal(samples, np.tile([[0.5, -1.0], [1.0, 0.0]], (10, 1, 1)))


@pytest.mark.parametrize(
    "inner",
    [
        Ginibre(3),
        Haar(2, field="complex"),
        FiniteSet.random_fibonacci(),
        AndersonTransfer(0.0, 1.0),
        Custom(2, fill_corner),
    ],
    ids=lambda e: type(e).__name__,
)
@pytest.mark.parametrize(("shift", "scale"), [(1.0, 0.1), (-2.0, 3.0), (0.0, 2.0), (1.5, 0.0)])
def test_shifted_is_the_identity_plus_the_inner_matrix(inner, shift, scale):
    ensemble = Shifted(inner, shift=shift, scale=scale)
    expected = shift * np.eye(inner.n) + scale * draw(inner, 7)
    np.testing.assert_allclose(draw(ensemble, 7), expected, rtol=1e-15, atol=1e-15)
    nested = Shifted(ensemble, shift=0.5, scale=-4.0)
    expected = 0.5 * np.eye(inner.n) - 4.0 * expected
    np.testing.assert_allclose(draw(nested, 7), expected, rtol=1e-14, atol=1e-14)
    assert nested.dtype == inner.dtype


@pytest.mark.parametrize("compiled", [False, True])
def test_custom_fills_zeros(compiled):
    ensemble = Custom(2, njit(fill_corner) if compiled else fill_corner)
    rng = generator(0)
    expected = np.zeros((50, 2, 2))
    expected[:, 0, 0] = rng.standard_normal(50)
    np.testing.assert_array_equal(draw(ensemble, 50), expected)
    np.testing.assert_array_equal(ensemble.sample(rng=0), expected[0])


def test_custom_complex():
    ensemble = Custom(2, fill_phases, field="complex")
    rng = generator(0)
    expected = np.exp(1j * rng.uniform(0.0, 2.0 * np.pi, (20, 2, 2)))
    np.testing.assert_allclose(draw(ensemble, 20), expected, rtol=1e-15)
    assert ensemble.sample(rng=0).dtype == complex


def filling_with(value):
    def fill(rng, out):
        out[:] = value

    return fill


def test_two_customs_with_one_name_are_two():
    ensembles = [Custom(2, filling_with(value)) for value in (1.0, 2.0)]
    assert ensembles[0] != ensembles[1]
    assert [ensemble.sample(rng=0)[0, 0] for ensemble in ensembles] == [1.0, 2.0]
