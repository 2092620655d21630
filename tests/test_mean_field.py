"""Mean-field theory: published values, closed forms against quadrature, and self-consistency."""

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from stabsim import activations, theory
from stabsim._gaussian_expectation import pair_expectation
from stabsim.activations import Activation
from stabsim.theory import _activation_moments as moments


def gaussian_mean(f, q):
    """Return E f(sqrt(q) Z) by an integrator that knows nothing of activations."""
    sigma = math.sqrt(q)
    points = (-6 / sigma, -1 / sigma, 0.0, 1 / sigma, 6 / sigma)
    value, _ = integrate.quad(
        lambda z: f(sigma * z) * stats.norm.pdf(z),
        -12.0,
        12.0,
        points=[z for z in points if abs(z) < 12.0],
        limit=400,
        epsabs=1e-12,
        epsrel=1e-11,
    )
    return value


# ------------------------------------------------------------------------ maps


@pytest.mark.parametrize("name", ["tanh", "gelu", "relu6", "leaky_relu", "sine"])
def test_maps_are_their_definitions(name):
    activation = activations.get(name)
    q, sigma_w, sigma_b = 1.7, 1.4, 0.3
    square = gaussian_mean(lambda x: float(activation(x)) ** 2, q)
    slope = gaussian_mean(lambda x: float(activation.derivative(x)) ** 2, q)
    mapped = theory.length_map(name, q, sigma_w=sigma_w, sigma_b=sigma_b)
    assert mapped == pytest.approx(sigma_w**2 * square + sigma_b**2, rel=1e-9)
    chi = theory.susceptibility(name, q, sigma_w=sigma_w)
    assert chi == pytest.approx(sigma_w**2 * slope, rel=1e-9)


@pytest.mark.parametrize("name", activations.names())
def test_parallel_susceptibility_is_the_slope_of_the_length_map(name):
    for q in (0.05, 1.0, 20.0):
        h = 1e-3 * q
        points = theory.length_map(name, q + h * np.array([-2, -1, 1, 2]), sigma_w=1.3)
        difference = (points[0] - 8 * points[1] + 8 * points[2] - points[3]) / (12.0 * h)
        slope = theory.susceptibility(name, q, sigma_w=1.3, direction="parallel")
        assert slope == pytest.approx(difference, rel=1e-8)


@pytest.mark.parametrize("name", ["linear", "relu", "leaky_relu", "erf", "sine"])
@pytest.mark.parametrize("c", [-1.0, -0.7, 0.0, 0.2, 0.95, 1.0])
def test_closed_forms_of_correlations(name, c):
    activation = (
        activations.get(name, negative_slope=0.3) if name == "leaky_relu" else activations.get(name)
    )
    q_1, q_2 = 0.8, 2.5
    kinks = moments.kinks(activation)
    for function, closed in (
        (activation, moments.covariance),
        (activation.derivative, moments.slope_covariance),
    ):
        exact = pair_expectation(function, function, q_1, q_2, c, kinks_f=kinks, kinks_g=kinks)
        assert closed(activation, q_1, q_2, c) == pytest.approx(exact, abs=1e-10)


@pytest.mark.parametrize("name", ["tanh", "gelu", "hard_tanh", "relu", "erf"])
def test_correlation_map_is_consistent(name):
    arguments = {"q": 1.2, "q_other": 0.6, "sigma_w": 1.5, "sigma_b": 0.2}
    c, h = 0.4, 1e-3
    below, here, above = theory.correlation_map(name, [c - h, c, c + h], **arguments)
    slope = theory.correlation_map(name, c, **arguments, derivative=True)
    assert slope == pytest.approx((above - below) / (2.0 * h), rel=1e-5)
    assert -1.0 < below < here < above < 1.0
    # Equal inputs stay equal, and the slope there is the susceptibility over the growth of length.
    assert theory.correlation_map(name, 1.0, 1.2, sigma_w=1.5, sigma_b=0.2) == pytest.approx(1.0)
    at_one = theory.correlation_map(name, 1.0, 1.2, sigma_w=1.5, sigma_b=0.2, derivative=True)
    growth = theory.length_map(name, 1.2, sigma_w=1.5, sigma_b=0.2) / 1.2
    chi = theory.susceptibility(name, 1.2, sigma_w=1.5)
    assert at_one * growth == pytest.approx(float(chi), rel=1e-9)


def test_shapes_broadcast():
    assert theory.length_map("tanh", np.ones((3, 1)), sigma_w=np.ones(4)).shape == (3, 4)
    assert theory.susceptibility("tanh", 1.0, sigma_w=np.ones((2, 2))).shape == (2, 2)
    c = theory.correlation_map("erf", [[0.1], [0.2]], 1.0, sigma_w=[1.0, 2.0], q_other=2.0)
    assert c.shape == (2, 2)
    assert c[1, 0] == theory.correlation_map("erf", 0.2, 1.0, sigma_w=1.0, q_other=2.0)


def test_susceptibility_at_zero_is_the_limit():
    for name, exact in (("tanh", 1.0), ("relu", 0.5), ("gelu", 0.25), ("relu6", 0.5)):
        assert theory.susceptibility(name, 0.0, sigma_w=1.0) == pytest.approx(exact)
        assert theory.susceptibility(name, 1e-12, sigma_w=1.0) == pytest.approx(exact, rel=1e-5)


# ----------------------------------------------------------------- fixed points


@pytest.mark.parametrize(
    ("sigma_w_squared", "q", "chi"), [(1.3, 0.315316, 0.880164), (2.0, 0.721762, 1.047666)]
)
def test_published_fixed_points_of_tanh(sigma_w_squared, q, chi):
    (point,) = theory.fixed_points("tanh", sigma_w=sigma_w_squared**0.5, sigma_b=0.05**0.5)
    assert point.q == pytest.approx(q, abs=5e-7)
    assert point.susceptibility == pytest.approx(chi, abs=5e-7)
    assert point.stable
    assert point.gradient_scale == pytest.approx(-1.0 / math.log(point.susceptibility))
    assert point.length_scale == pytest.approx(-1.0 / math.log(point.length_slope))


@pytest.mark.parametrize("name", activations.names())
@pytest.mark.parametrize(("sigma_w", "sigma_b"), [(1.0, 0.0), (1.2, 0.3), (1.9, 0.1)])
def test_fixed_points_are_fixed_and_of_their_kind(name, sigma_w, sigma_b):
    points = theory.fixed_points(name, sigma_w=sigma_w, sigma_b=sigma_b)
    assert [p.q for p in points] == sorted(p.q for p in points)
    for point in points:
        if 0.0 < point.q < math.inf:
            q = np.array([point.q, 0.99 * point.q, 1.01 * point.q])
            mapped = theory.length_map(name, q, sigma_w=sigma_w, sigma_b=sigma_b)
            assert mapped[0] == pytest.approx(point.q, rel=1e-10)
            if point.kind != "neutral":
                assert point.stable == (mapped[1] > q[1]) == (mapped[2] < q[2])
                assert point.stable == (point.length_slope < 1.0)
    # Between two that attract there is one that repels.
    kinds = [p.kind for p in points]
    assert all({a, b} == {"stable", "unstable"} for a, b in itertools.pairwise(kinds))


@pytest.mark.jit
def test_lengths_do_what_the_fixed_points_say():
    for name, sigma_w, sigma_b, start in (
        ("gelu", 1.2, 0.3, 3.0),
        ("tanh", 2.0, 0.0, 0.01),
        ("selu", 1.0, 0.0, 9.0),
    ):
        q = start
        for _ in range(400):
            q = float(theory.length_map(name, q, sigma_w=sigma_w, sigma_b=sigma_b))
        stable = [p.q for p in theory.fixed_points(name, sigma_w=sigma_w, sigma_b=sigma_b)]
        assert q == pytest.approx(min(stable, key=lambda point: abs(point - q)), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "sigma_w", "sigma_b", "expected"),
    [
        ("relu", math.sqrt(2.0), 0.0, [(1.0, "neutral")]),
        ("linear", 1.0, 0.0, [(1.0, "neutral")]),
        ("relu", math.sqrt(2.0), 0.1, [(math.inf, "stable")]),
        ("relu", 1.5, 0.0, [(0.0, "unstable"), (math.inf, "stable")]),
        ("relu", 1.5, 0.1, [(math.inf, "stable")]),
        ("relu", 1.0, 0.0, [(0.0, "stable")]),
        ("relu", 1.0, 0.5, [(0.5, "stable")]),
        ("tanh", 1.0, 0.0, [(0.0, "stable")]),
        ("tanh", 0.0, 0.0, [(0.0, "stable")]),
        ("tanh", 0.5, 1e-20, [(1e-40 / 0.75, "stable")]),
        ("elu", 2.0, 0.0, [(0.0, "unstable"), (math.inf, "stable")]),
        ("gelu", 1.0, 0.0, [(0.0, "stable")]),
    ],
)
def test_limiting_cases_are_told_apart(name, sigma_w, sigma_b, expected):
    points = theory.fixed_points(name, sigma_w=sigma_w, sigma_b=sigma_b)
    assert [p.kind for p in points] == [kind for _, kind in expected]
    assert [p.q for p in points] == pytest.approx([q for q, _ in expected], rel=1e-9)


def test_a_fixed_point_that_touches_is_half_stable():
    for name in ("gelu", "mish"):
        critical = theory.critical_initialization(name)
        found = theory.fixed_points(name, sigma_w=critical.sigma_w, sigma_b=critical.sigma_b)
        (half,) = [p for p in found if p.kind == "half-stable"]
        assert half.q == pytest.approx(critical.q, rel=1e-6)


@pytest.mark.jit
def test_correlation_fixed_points():
    chaos = theory.correlation_fixed_point("tanh", sigma_w=2.0, sigma_b=0.3)
    (point,) = theory.fixed_points("tanh", sigma_w=2.0, sigma_b=0.3)
    arguments = {"sigma_w": 2.0, "sigma_b": 0.3}
    assert not chaos.ordered
    assert theory.correlation_map("tanh", chaos.correlation, point.q, **arguments) == pytest.approx(
        chaos.correlation, abs=1e-11
    )
    assert chaos.slope < 1.0 < chaos.slope_at_one == pytest.approx(point.susceptibility)
    assert chaos.correlation_scale == pytest.approx(-1.0 / math.log(chaos.slope))

    erf = theory.correlation_fixed_point("erf", **arguments)
    (point,) = theory.fixed_points("erf", **arguments)
    c = 0.9
    for _ in range(300):
        c = float(theory.correlation_map("erf", c, point.q, **arguments))
    assert c == pytest.approx(erf.correlation, abs=1e-12)

    order = theory.correlation_fixed_point("tanh", sigma_w=1.0, sigma_b=0.3)
    assert order.ordered
    assert order.slope == order.slope_at_one < 1.0
    # Without biases an odd activation keeps uncorrelated inputs uncorrelated.
    assert theory.correlation_fixed_point("erf", sigma_w=2.0).correlation == 0.0
    relu = theory.correlation_fixed_point("relu", sigma_w=math.sqrt(2.0), q=1.0)
    assert relu.correlation == 1.0
    assert relu.correlation_scale == math.inf


def test_correlations_need_a_length():
    with pytest.raises(ValueError, match=r"q must be given .* got 0 \(unstable\), inf \(stable\)"):
        theory.correlation_fixed_point("relu", sigma_w=1.6)


@pytest.mark.parametrize(
    "name",
    [*(pytest.param(name, marks=pytest.mark.jit) for name in ("tanh", "hard_tanh")), "erf", "sine"],
)
def test_a_grid_of_phases_is_made_of_fixed_points(name):
    sigma_w, sigma_b = np.array([0.7, 1.4, 2.2])[:, None], np.array([0.1, 0.6])
    grid = theory.phases(name, sigma_w, sigma_b)
    for i, j in np.ndindex(3, 2):
        arguments = {"sigma_w": float(sigma_w[i, 0]), "sigma_b": float(sigma_b[j])}
        (point,) = theory.fixed_points(name, **arguments)
        correlated = theory.correlation_fixed_point(name, **arguments)
        assert grid.q[i, j] == pytest.approx(point.q, rel=1e-11)
        assert grid.susceptibility[i, j] == pytest.approx(point.susceptibility, rel=1e-10)
        assert grid.length_slope[i, j] == pytest.approx(point.length_slope, rel=1e-9)
        assert grid.correlation[i, j] == pytest.approx(correlated.correlation, abs=1e-7)
        assert grid.correlation_slope[i, j] == pytest.approx(correlated.slope, abs=1e-6)
        for scale, exact in (
            (grid.length_scale, point.length_scale),
            (grid.gradient_scale, point.gradient_scale),
            (grid.correlation_scale, correlated.correlation_scale),
        ):
            assert scale[i, j] == pytest.approx(exact, rel=1e-5)


def test_a_grid_of_phases_has_limits():
    relu = theory.phases("relu", [1.0, math.sqrt(2.0), 2.0, 2.0], [0.0, 0.0, 0.0, 0.5], start=3.0)
    np.testing.assert_allclose(relu.q, [0.0, 3.0, math.inf, math.inf])
    np.testing.assert_allclose(relu.susceptibility, [0.5, 1.0, 2.0, 2.0])
    np.testing.assert_array_equal(relu.correlation, 1.0)
    np.testing.assert_allclose(relu.correlation_slope, 1.0)
    tanh = theory.phases("tanh", [0.5, 1.0, 1.5], 0.0)
    np.testing.assert_array_equal(tanh.q[:2], 0.0)
    assert tanh.correlation[2] == pytest.approx(0.0, abs=1e-15)
    assert theory.phases("tanh", 0.5, 1e-20).q == pytest.approx(1e-40 / 0.75)
    # Where a length repels, the start decides.
    (low,) = [p for p in theory.fixed_points("gelu", sigma_w=1.7) if p.kind == "unstable"]
    below, above = (
        float(theory.phases("gelu", 1.7, start=factor * low.q).q) for factor in (0.9, 1.1)
    )
    assert (below, above) == (0.0, math.inf)


# ------------------------------------------------------------------ criticality


def test_published_critical_points():
    biases = np.sqrt([0.0, 0.001, 0.01, 0.05, 0.1])
    tanh = theory.critical_line("tanh", biases)
    np.testing.assert_allclose(
        tanh.sigma_w**2, [1.0, 1.189190, 1.424205, 1.760955, 1.986073], atol=5e-7
    )
    np.testing.assert_allclose(tanh.q[[0, 1, 3]], [0.0, 0.107292, 0.570048], atol=5e-7)
    assert tanh.stable.all()
    assert theory.critical_line("erf", 0.1).sigma_w ** 2 == pytest.approx(1.114280, abs=5e-7)


@pytest.mark.parametrize("name", ["tanh", "erf", "hard_tanh", "elu", "selu", "gelu", "sine"])
def test_gradients_stay_on_the_critical_line(name):
    line = theory.critical_line(name, [0.1, 0.5])
    for sigma_b, sigma_w, q, slope, stable in zip(
        line.sigma_b, line.sigma_w, line.q, line.length_slope, line.stable, strict=True
    ):
        points = theory.fixed_points(name, sigma_w=sigma_w, sigma_b=sigma_b)
        point = min(points, key=lambda p: abs(p.q - q))
        assert point.q == pytest.approx(q, rel=1e-7)
        assert point.susceptibility == pytest.approx(1.0, abs=1e-9)
        assert point.length_slope == pytest.approx(slope, rel=1e-7)
        assert point.stable == stable


def test_unstable_critical_points_say_so():
    for name in ("gelu", "silu"):
        line = theory.critical_line(name, 0.2)  # sigma_b² = 0.04
        assert line.length_slope > 1.0
        assert not line.stable
        assert line.exists


def test_the_critical_line_of_homogeneous_activations():
    line = theory.critical_line("relu", [0.0, 0.3])
    np.testing.assert_allclose(line.sigma_w, math.sqrt(2.0))
    np.testing.assert_array_equal(line.q, [1.0, math.inf])


def test_no_critical_point():
    line = theory.critical_line("softplus", [0.1, 1.0])
    assert not line.exists.any()
    assert np.isnan(line.sigma_w).all()
    with pytest.raises(ValueError, match="sigma_b must have a critical point"):
        theory.critical_line("softplus", 0.1)
    assert theory.critical_line("tanh", []).sigma_w.shape == (0,)


@pytest.mark.parametrize(
    ("name", "weight", "bias", "q"),
    [
        ("gelu", 1.98305826, 0.17292239, 0.5 * (3.0 + math.sqrt(17.0))),
        ("silu", 1.98800468, 0.55514317, 14.32017362),
        ("relu", 2.0, 0.0, 1.0),
        ("leaky_relu", 2.0 / (1.0 + 0.01**2), 0.0, 1.0),
        ("tanh", 1.0, 0.0, 0.0),
        ("sine", 1.0, 0.0, 0.0),
        ("erf", math.pi / 4.0, 0.0, 0.0),
    ],
)
def test_published_critical_initializations(name, weight, bias, q):
    critical = theory.critical_initialization(name)
    assert critical.weight_variance == pytest.approx(weight, abs=1e-8)
    assert critical.bias_variance == pytest.approx(bias, abs=1e-8)
    assert critical.q == pytest.approx(q, abs=1e-8)
    assert critical.sigma_w**2 == pytest.approx(weight, abs=1e-8)
    assert critical.sigma_b**2 == pytest.approx(bias, abs=1e-8)
    if q > 0.0:
        for direction in ("perpendicular", "parallel"):
            chi = theory.susceptibility(name, q, sigma_w=critical.sigma_w, direction=direction)
            assert chi == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
def test_no_critical_initialization(name):
    with pytest.raises(ValueError, match="activation must have a critical initialization"):
        theory.critical_initialization(name)


# ------------------------------------------------------------------------ gains


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("tanh", 1.592537),
        ("gelu", 1.533530),
        ("silu", 1.676532),
        ("elu", 1.245198),
        ("relu", math.sqrt(2.0)),
        ("selu", 1.0),
        ("linear", 1.0),
    ],
)
def test_published_gains(name, exact):
    assert theory.gain(name) == pytest.approx(exact, abs=5e-7)


def test_selu_keeps_mean_and_variance():
    selu = activations.get("selu")
    assert float(moments.mean(selu, 1.0)) == pytest.approx(0.0, abs=1e-15)
    assert theory.gain(selu) == pytest.approx(1.0, abs=1e-14)
    assert theory.gain(selu, centered=True) == pytest.approx(1.0, abs=1e-14)


def test_centred_gain_of_sigmoid():
    sigmoid = special.expit
    variance = gaussian_mean(lambda x: sigmoid(x) ** 2, 1.0) - gaussian_mean(sigmoid, 1.0) ** 2
    assert theory.gain("sigmoid", centered=True) == pytest.approx(variance**-0.5, rel=1e-9)
    assert theory.gain("sigmoid", centered=True) == pytest.approx(4.81, abs=0.02)


def test_gains_keep_what_they_say():
    for name in ("tanh", "gelu", "sigmoid"):
        for q in (0.3, 1.0, 4.0):
            forward, backward = theory.gain(name, q=q), theory.gain(name, direction="backward", q=q)
            assert theory.length_map(name, q, sigma_w=forward) == pytest.approx(q)
            assert theory.susceptibility(name, q, sigma_w=backward) == pytest.approx(1.0)


# ------------------------------------------------------- activations of one's own


def test_activations_of_ones_own():
    own = Activation("shifted", lambda x: max(x - 0.25, 0.0), lambda x: 1.0 if x > 0.25 else 0.0)
    q = 1.3
    tail = stats.norm.sf(0.25 / math.sqrt(q))
    assert theory.susceptibility(own, q, sigma_w=1.0) == pytest.approx(tail, rel=1e-12)
    same = Activation("mine", lambda x: 1.0 * math.tanh(x), lambda x: 1.0 - math.tanh(x) ** 2)
    for ours, theirs in zip(
        theory.fixed_points(same, sigma_w=1.5, sigma_b=0.2),
        theory.fixed_points("tanh", sigma_w=1.5, sigma_b=0.2),
        strict=True,
    ):
        assert ours.q == pytest.approx(theirs.q, rel=1e-12)
        assert ours.susceptibility == pytest.approx(theirs.susceptibility, rel=1e-12)
    assert theory.critical_line(same, 0.1).sigma_w == pytest.approx(
        theory.critical_line("tanh", 0.1).sigma_w
    )
    with pytest.raises(ValueError, match="activation must not be flat"):
        theory.gain(Activation("zero", lambda x: 0.0 * x, lambda x: 0.0))


def test_a_surrogate_gradient_does_not_change_the_length_map():
    step = Activation(
        "step",
        lambda x: 1.0 if x > 0.1 else 0.0,
        lambda x: 1.0 / (1.0 + x * x),
        check_derivative=False,
    )
    h = 1e-4
    low, high = theory.length_map(step, [1.0 - h, 1.0 + h], sigma_w=2.0)
    slope = theory.susceptibility(step, 1.0, sigma_w=2.0, direction="parallel")
    assert slope == pytest.approx((high - low) / (2.0 * h), rel=1e-5)


# -------------------------------------------------------------------- attenuation


def test_mean_field_attenuation_is_its_recursion():
    widths, names = [7, 5, 9, 3], ["tanh", "relu", None]
    weight_std, bias_std = [0.3, 0.5, 0.2], [0.1, 0.0, 0.4]
    law = theory.mean_field_attenuation(widths, names, weight_std, bias_std, log_input_norm=0.7)
    square, chis = math.exp(1.4), []
    assert law.log_activation_norm[0] == 0.7
    for layer, name in enumerate(names):
        q = weight_std[layer] ** 2 * square + bias_std[layer] ** 2
        assert law.log_q[layer] == pytest.approx(math.log(q), abs=1e-12)
        square = widths[layer + 1] * float(theory.length_map(name or "linear", q, sigma_w=1.0))
        assert law.log_activation_norm[layer + 1] == pytest.approx(0.5 * math.log(square))
        slope = float(theory.susceptibility(name or "linear", q, sigma_w=1.0))
        chis.append(widths[layer] * weight_std[layer] ** 2 * slope)
    np.testing.assert_allclose(law.susceptibility, chis, rtol=1e-12)
    np.testing.assert_allclose(
        law.log_gradient_norm, [0.5 * math.log(math.prod(chis[k:])) for k in range(4)], atol=1e-12
    )


@pytest.mark.jit
@pytest.mark.parametrize("name", activations.names())
def test_logarithms_of_moments_over_all_lengths(name):
    """The series that long networks use agree with quadrature, and their ends with power laws."""
    activation = activations.get(name)
    series = moments.log_moments(activation)
    log_q = np.linspace(-30.0, 30.0, 23)
    q = np.exp(log_q)
    found = np.array([series(float(x)) for x in log_q])
    np.testing.assert_allclose(
        found[:, 0], np.log(moments.second_moment(activation, q)), atol=1e-12
    )
    np.testing.assert_allclose(found[:, 1], np.log(moments.slope_moment(activation, q)), atol=1e-12)
    for end in (-1.0, 1.0):
        near, middle, far = (np.array(series(end * x)) for x in (95.0, 120.0, 145.0))
        np.testing.assert_allclose(far - middle, middle - near, atol=1e-8)


def test_networks_that_explode_or_vanish_stay_numbers():
    depth = 2000
    law = theory.mean_field_attenuation([10] * (depth + 1), ["relu"] * depth, 30.0)
    per_layer = 0.5 * math.log(10 * 900 * 0.5)
    np.testing.assert_allclose(law.log_gradient_norm[::-1], per_layer * np.arange(depth + 1.0))
    law = theory.mean_field_attenuation([10] * (depth + 1), ["silu"] * depth, 1e-3)
    assert np.isfinite(law.log_gradient_norm).all()
    assert law.log_activation_norm[-1] < -1000.0
    nothing = theory.mean_field_attenuation([4, 4, 4], ["tanh"] * 2, 0.5, log_input_norm=-math.inf)
    np.testing.assert_array_equal(nothing.log_activation_norm, -math.inf)
    assert nothing.log_gradient_norm[0] == pytest.approx(0.0)
    cut = theory.mean_field_attenuation([4, 4, 4], ["tanh"] * 2, [0.5, 0.0])
    np.testing.assert_array_equal(cut.log_gradient_norm, [-math.inf, -math.inf, 0.0])


# ------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: theory.length_map("tanh", -1.0, sigma_w=1.0),
            r"q must be made of real numbers in \[0, 1e\+100\], got -1",
        ),
        (
            lambda: theory.length_map("tanh", 1.0, sigma_w=math.nan),
            r"sigma_w must be made of real numbers .*, got nan",
        ),
        (lambda: theory.length_map("tanh", "1", sigma_w=1.0), "q must be made of real numbers"),
        (lambda: theory.length_map("tanhh", 1.0, sigma_w=1.0), "did you mean 'tanh'"),
        (
            lambda: theory.susceptibility("tanh", 1.0, sigma_w=1.0, direction="up"),
            "direction must be one of",
        ),
        (
            lambda: theory.correlation_map("tanh", 1.5, 1.0, sigma_w=1.0),
            "correlation must lie between -1 and 1, got 1.5",
        ),
        (
            lambda: theory.correlation_map("tanh", 0.5, 0.0, sigma_w=1.0),
            "q must give a next layer that is not all zero",
        ),
        (lambda: theory.gain("tanh", q=0.0), "q must be a finite real number above 0"),
        (lambda: theory.gain("tanh", direction="sideways"), "direction must be one of"),
        (
            lambda: theory.gain("tanh", direction="backward", centered=True),
            "centered must be False for the backward gain",
        ),
        (lambda: theory.fixed_points("tanh", sigma_w=-1.0), "sigma_w must be"),
        (lambda: theory.fixed_points("tanh", sigma_w=1.0, sigma_b=1e155), "sigma_b must be"),
        (lambda: theory.phases("tanh", 0.0, 1e30), r"sigma_b must be made of .* \[0, 1e\+10\]"),
        (lambda: theory.phases("tanh", [1.0], start=0.0), "start must be"),
        (lambda: theory.depth_scale([0.5, math.nan]), "slope must be made of real numbers"),
        (
            lambda: theory.length_map("tanh", [1.0, 2.0], sigma_w=[1.0] * 3),
            "q and sigma_w and sigma_b must broadcast to one shape",
        ),
        (
            lambda: theory.phases("tanh", [1.0, 2.0], [1.0] * 3),
            "sigma_w and sigma_b must broadcast to one shape",
        ),
        (
            lambda: theory.correlation_map("tanh", 0.5, 1.0, sigma_w=1.0, derivative="False"),
            "derivative must be True or False",
        ),
        (
            lambda: theory.correlation_map("tanh", [0.5 + 1j], 1.0, sigma_w=1.0),
            "correlation must be made of real numbers, got dtype complex128",
        ),
        (
            lambda: theory.mean_field_attenuation([3, 3], [["tanh"]], 1.0),
            "activations must be a sequence of 1, one for each layer; activation must be a name",
        ),
        (
            lambda: theory.mean_field_attenuation([3, 3], ["tanh"], 1.0, log_input_norm=1e308),
            "log_input_norm must be",
        ),
        (
            lambda: theory.mean_field_attenuation([3, 3], ["tanh", "tanh"], 1.0),
            "activations must be a sequence of 1",
        ),
        (lambda: theory.mean_field_attenuation([3, 3], "tanh", 1.0), "activations must be"),
        (
            lambda: theory.mean_field_attenuation([3, 3, 3], ["tanh"] * 2, [1.0, 1.0, 1.0]),
            "weight_std must be one number or one for each of 2 layers",
        ),
        (lambda: theory.mean_field_attenuation([3], [], 1.0), "widths must be positive integers"),
        (
            lambda: theory.mean_field_attenuation([3, 0], ["tanh"], 1.0),
            r"widths must be positive integers, .*, got \[3, 0\]",
        ),
    ],
    ids=range(26),
)
def test_bad_arguments(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()
