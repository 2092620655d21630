"""Jacobians of deep networks: moments and densities against drawn matrices."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from stabsim import theory
from stabsim.theory import JacobianSpectrumLaw

SIZE = 300


def drawn_squares(depth, fraction, sigma_w, weights, seed):
    """Return the squared singular values of one Jacobian with random slopes 0 and 1."""
    rng = np.random.default_rng(seed)
    product = np.eye(SIZE)
    for _ in range(depth):
        if weights == "gaussian":
            w = rng.standard_normal((SIZE, SIZE)) / math.sqrt(SIZE)
        else:
            w = stats.ortho_group.rvs(SIZE, random_state=rng)
        active = rng.permutation(SIZE) < round(fraction * SIZE)
        product = active[:, None] * (sigma_w * w @ product)
    return np.linalg.svd(product, compute_uv=False) ** 2


def distribution(law, points):
    """Return the distribution function of the squared singular values, atoms included."""
    low, high = (0.5 * math.log(max(edge, 1e-40)) for edge in law.support)
    # Stretched, because a density can be singular at an edge like the root of the distance.
    angle = 0.5 * math.pi * np.linspace(0.0, 1.0, 2001)
    y = low + (high - low) * np.sin(angle) ** 2
    density = law.log_pdf(y) * (high - low) * np.sin(2.0 * angle)
    continuous = integrate.cumulative_trapezoid(density, angle, initial=0.0)
    at = np.interp(0.5 * np.log(np.maximum(points, 1e-300)), y, continuous)
    maximum = law.sigma_w ** (2 * law.depth)
    return law.zero_fraction + at + law.largest_fraction * (points >= maximum * (1 - 1e-9))


LAWS = [
    (depth, fraction, weights)
    for weights in ("gaussian", "orthogonal")
    for depth, fraction in ((1, 1.0), (1, 0.4), (2, 1.0), (2, 0.5), (3, 0.7), (3, 0.9), (12, 0.95))
    if not (weights == "orthogonal" and (depth == 1 or fraction == 1.0))
]
every_law = pytest.mark.parametrize(("depth", "fraction", "weights"), LAWS)


@every_law
def test_densities_have_their_mass_and_moments(depth, fraction, weights):
    law = JacobianSpectrumLaw(depth, fraction, 1.1, weights)
    low, high = law.support
    edges = np.linspace(0.0, 1.0, 2001)
    log_low = math.log(low) if low > 0.0 else math.log(high) - 60.0 * depth
    nodes = 0.5 * (edges[1:] + edges[:-1])
    y = log_low + (math.log(high) - log_low) * np.sin(0.5 * math.pi * nodes) ** 2
    step = (math.log(high) - log_low) * 0.5 * math.pi * np.sin(math.pi * nodes) * np.diff(edges)
    density = 0.5 * law.log_pdf(0.5 * y) * step
    assert density.sum() == pytest.approx(1 - law.zero_fraction - law.largest_fraction, abs=1e-8)
    for order in (1, 2):
        largest = law.largest_fraction * 1.1 ** (2 * depth * order)
        moment = density @ np.exp(order * y) + largest
        assert math.log(moment) == pytest.approx(law.log_moment(order), abs=1e-8)


@every_law
def test_drawn_jacobians_have_the_density(depth, fraction, weights):
    law = JacobianSpectrumLaw(depth, fraction, 1.05, weights)
    squares = np.sort(drawn_squares(depth, fraction, 1.05, weights, seed=depth))
    # Numerical zeros of a rank-deficient product.
    squares = np.where(squares < 1e-25, 0.0, squares)
    empirical = (np.arange(SIZE) + 0.5) / SIZE
    positive = squares > 0.0
    distance = np.abs(distribution(law, squares) - empirical)[positive]
    if law.largest_fraction > 0.0:
        distance = distance[squares[positive] < 1.05 ** (2 * depth) * (1 - 1e-9)]
    assert distance.max() < 6.0 / SIZE
    assert (~positive).mean() == pytest.approx(law.zero_fraction, abs=0.02)
    _, high = law.support
    assert squares.max() < max(high, 1.05 ** (2 * depth) * (law.largest_fraction > 0)) * 1.1
    wrong = JacobianSpectrumLaw(depth, 0.9 * fraction, 1.05, weights)
    assert np.abs(distribution(wrong, squares) - empirical)[positive].max() > 6.0 / SIZE


@pytest.mark.parametrize("weights", ["gaussian", "orthogonal"])
@pytest.mark.parametrize(("depth", "fraction"), [(1, 0.4), (4, 0.8), (4, 1.0)])
def test_drawn_jacobians_have_the_moments(depth, fraction, weights):
    squares = drawn_squares(depth, fraction, 1.05, weights, seed=5)
    law = JacobianSpectrumLaw(depth, fraction, 1.05, weights)
    assert squares.mean() == pytest.approx(math.exp(law.log_moment(1)), rel=20.0 / SIZE)
    assert (squares**2).mean() == pytest.approx(math.exp(law.log_moment(2)), rel=60.0 / SIZE)


@pytest.mark.parametrize("depth", [1, 2, 3, 10])
def test_linear_gaussian_products_are_fuss_catalan(depth):
    law = JacobianSpectrumLaw(depth, 1.0)
    assert law.support == pytest.approx((0.0, (depth + 1) ** (depth + 1) / depth**depth))
    for order in (1, 2, 3, 5):
        catalan = math.comb((depth + 1) * order, order) / (depth * order + 1)
        assert math.exp(law.log_moment(order)) == pytest.approx(catalan, rel=1e-11)
    # The parametrization of the density by an angle.
    angle = np.linspace(0.05, 0.95, 13) * math.pi / (depth + 1)
    inner, outer = np.sin(depth * angle), np.sin((depth + 1) * angle)
    squared = outer ** (depth + 1) / (np.sin(angle) * inner**depth)
    density = np.sin(angle) ** 2 * inner ** (depth - 1) / (math.pi * outer**depth)
    np.testing.assert_allclose(law.pdf(squared), density, rtol=1e-9)


def test_marchenko_pastur():
    """One layer: the eigenvalues of a Wishart matrix with p n degrees of freedom."""
    p, sigma = 0.3, 1.7
    law = JacobianSpectrumLaw(1, p, sigma)
    low, high = sigma**2 * (1 - math.sqrt(p)) ** 2, sigma**2 * (1 + math.sqrt(p)) ** 2
    assert law.support == pytest.approx((low, high))
    x = np.linspace(low, high, 50)[1:-1]
    exact = np.sqrt((x - low) * (high - x)) / (2.0 * math.pi * sigma**2 * x)
    np.testing.assert_allclose(law.pdf(x), exact, rtol=1e-9)
    np.testing.assert_array_equal(law.pdf([0.0, -1.0, 0.9 * low, 1.1 * high]), 0.0)


def test_two_orthogonal_layers_are_an_arcsine_law():
    """Half of the units of two layers: the squared cosines of angles between random subspaces."""
    law = JacobianSpectrumLaw(2, 0.5, weights="orthogonal")
    x = np.linspace(0.01, 0.99, 20)
    np.testing.assert_allclose(law.pdf(x), 0.5 * stats.arcsine.pdf(x), rtol=1e-9)


def test_orthogonal_layers_keep_an_isometry():
    exact = JacobianSpectrumLaw(7, 1.0, 1.3, "orthogonal")
    assert exact.largest_fraction == 1.0
    assert exact.support == pytest.approx((1.3**14, 1.3**14))
    np.testing.assert_array_equal(exact.log_pdf(np.linspace(-3, 3, 7)), 0.0)
    assert exact.log_moment(3) == pytest.approx(42 * math.log(1.3))
    one = JacobianSpectrumLaw(1, 0.4, weights="orthogonal")
    assert (one.zero_fraction, one.largest_fraction) == (0.6, 0.4)
    # The largest singular value of a projected product never exceeds that of its factors.
    for fraction in (0.6, 0.9, 0.99):
        assert JacobianSpectrumLaw(9, fraction, weights="orthogonal").support[1] <= 1.0


@pytest.mark.parametrize("weights", ["gaussian", "orthogonal"])
@pytest.mark.parametrize("name", ["relu", "linear", "hard_tanh"])
def test_moments_of_activations_are_those_of_the_law(name, weights):
    q, depth, sigma_w = 0.8, 6, 1.2
    fraction = theory.linear_fraction(name, q)
    law = JacobianSpectrumLaw(depth, fraction, sigma_w, weights)
    log_mean, variance = theory.jacobian_moments(name, depth, q=q, sigma_w=sigma_w, weights=weights)
    assert log_mean == pytest.approx(law.log_moment(1), abs=1e-12)
    assert math.log1p(variance) == pytest.approx(law.log_moment(2) - 2 * log_mean, abs=1e-12)


@pytest.mark.jit
def test_moments_of_a_smooth_activation():
    q, depth, sigma_w = 0.7, 3, 1.4
    rng = np.random.default_rng(3)
    mean, square = [], []
    for _ in range(10):
        product = np.eye(SIZE)
        for _ in range(depth):
            w = rng.standard_normal((SIZE, SIZE)) * sigma_w / math.sqrt(SIZE)
            h = math.sqrt(q) * rng.standard_normal(SIZE)
            product = (1.0 - np.tanh(h) ** 2)[:, None] * (w @ product)
        gram = product @ product.T
        mean.append(np.trace(gram) / SIZE)
        square.append((gram**2).sum() / SIZE)
    log_mean, variance = theory.jacobian_moments("tanh", depth, q=q, sigma_w=sigma_w)
    assert np.mean(mean) == pytest.approx(math.exp(log_mean), rel=0.02)
    assert np.mean(square) == pytest.approx(math.exp(2 * log_mean) * (1 + variance), rel=0.05)


def test_published_fraction_of_hard_tanh():
    for q in (0.1, 1.0, 9.0):
        exact = math.erf(1.0 / math.sqrt(2.0 * q))
        assert theory.linear_fraction("hard_tanh", q) == pytest.approx(exact, rel=1e-14)
    assert theory.linear_fraction("hard_tanh", 0.0) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: JacobianSpectrumLaw(0, 0.5), "depth must be a positive integer"),
        (lambda: JacobianSpectrumLaw(2, 0.0), "fraction must be"),
        (lambda: JacobianSpectrumLaw(2, 1.1), "fraction must be"),
        (lambda: JacobianSpectrumLaw(2, 0.5, weights="haar"), "weights must be one of"),
        (lambda: JacobianSpectrumLaw(2, 0.5).log_moment(3), "order must be 1 or 2 unless"),
        (lambda: theory.linear_fraction("leaky_relu", 1.0), "slopes 0 and 1 only"),
        (
            lambda: theory.jacobian_moments("tanh", 2, q=-1.0, sigma_w=1.0),
            "q must be a finite real number of at least 0",
        ),
    ],
    ids=range(7),
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_extreme_laws_keep_their_edges():
    tiny = JacobianSpectrumLaw(3, 1e-100)
    # The edge is a double root m near p/(L - 1), where z = (1 + m)(m + p)^L / m.
    edge = 3.0 * math.log(1.5) + 2.0 * math.log(1e-100) + math.log(2.0)
    assert tiny._log_support[1] == pytest.approx(edge, rel=1e-14)
    assert JacobianSpectrumLaw(4, 1.0, sigma_w=1e100).support[1] == math.inf
    assert tiny.log_pdf([-1e308, 1e308, math.inf]).tolist() == [0.0, 0.0, 0.0]
