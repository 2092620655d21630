"""Phase diagrams: theory on the grid, simulations beside it."""

import math
import pickle

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from laws import LARGEST_Z, assert_z

from stabsim import theory
from stabsim.activations import Activation
from stabsim.sweeps import phase_diagram

mpl.use("agg")

WEIGHTS, BIASES = [0.8, 1.2, 2.0], [0.0, 0.3]
SMALL = {"width": 4, "depth": 5, "trials": 3, "rng": 1}


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_theory_is_that_of_every_point(activation: str) -> None:
    diagram = phase_diagram(activation, WEIGHTS, BIASES, simulate=False)
    assert diagram.chi.shape == (2, 3)
    for row, sigma_b in enumerate(BIASES):
        for column, sigma_w in enumerate(WEIGHTS):
            point = theory.phases(activation, sigma_w, sigma_b)
            where = row, column
            for mine, other in (
                (diagram.q, point.q),
                (diagram.chi, point.susceptibility),
                (diagram.depth_scale, point.gradient_scale),
                (diagram.length_scale, point.length_scale),
                (diagram.correlation_scale, point.correlation_scale),
                (diagram.rate, 0.5 * np.log(point.susceptibility)),
            ):
                np.testing.assert_allclose(mine[where], other, rtol=1e-8)
            assert diagram.ordered[where] == (point.susceptibility < 1.0)
            assert diagram.stable[where] == (abs(point.length_slope) < 1.0)
        line = theory.critical_line(activation, sigma_b)
        assert diagram.critical_line.sigma_w[row] == line.sigma_w
        beyond = diagram.sigma_w > line.sigma_w
        if line.stable:
            np.testing.assert_array_equal(diagram.ordered[row], ~beyond)


@pytest.mark.jit
def test_rates_of_relu_networks_are_exact_at_finite_width() -> None:
    width, depth = 10, 24
    diagram = phase_diagram("relu", [0.9, 1.6], 0.0, width=width, depth=depth, trials=400, rng=2)
    for column, sigma_w in enumerate(diagram.sigma_w):
        exact = theory.homogeneous_attenuation([width] * (depth + 1), sigma_w).log_gradient_mean
        rate = (exact[6] - exact[18]) / 12
        error = diagram.simulated_rate_se[0, column]
        assert_z(diagram.simulated_rate[0, column], rate, error)
        # The sample tells the rate from that of infinite width.
        assert abs(rate - diagram.rate[0, column]) > 8.0 * error


@pytest.mark.jit
def test_wide_networks_grow_as_theory_says() -> None:
    width = 2000
    diagram = phase_diagram("tanh", [0.9, 2.0], [0.1, 0.4], width=width, depth=24, rng=3)
    off = np.abs(diagram.simulated_rate - diagram.rate)
    assert (off < LARGEST_Z * diagram.simulated_rate_se + 2.0 / width).all()
    assert (diagram.simulated_rate_se < 0.003).all()
    np.testing.assert_array_equal(diagram.simulated_rate < 0.0, diagram.ordered)
    np.testing.assert_allclose(diagram.simulated_depth_scale, -0.5 / diagram.simulated_rate)


def test_results_do_not_depend_on_workers() -> None:
    one, two = (phase_diagram("tanh", WEIGHTS, BIASES, n_jobs=jobs, **SMALL) for jobs in (1, 2))
    again = phase_diagram("tanh", WEIGHTS, BIASES, **{**SMALL, "rng": one.seed})
    other = phase_diagram("tanh", WEIGHTS, BIASES, **{**SMALL, "rng": 2})
    for diagram in (two, again):
        np.testing.assert_array_equal(one.simulated_rate, diagram.simulated_rate)
        np.testing.assert_array_equal(one.simulated_rate_se, diagram.simulated_rate_se)
    # Every point has draws of its own.
    assert np.unique(one.simulated_rate).size == one.chi.size
    assert (one.simulated_rate != other.simulated_rate).all()


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_shallow_networks_have_a_rate(depth: int) -> None:
    diagram = phase_diagram("sigmoid", 1.5, 0.2, **{**SMALL, "depth": depth})
    assert np.isfinite(diagram.simulated_rate).all()
    assert np.isfinite(diagram.simulated_rate_se).all()


def test_dead_and_single_trials_give_no_nan() -> None:
    dead = phase_diagram("relu", [1.0, 1e10], [0.0], width=1, depth=100, trials=2, rng=1)
    assert (dead.dead == 2).all()
    assert (dead.simulated_rate == -math.inf).all()
    assert (dead.simulated_rate_se == 0.0).all()
    assert (dead.simulated_depth_scale == 0.0).all()
    assert "4 of all dead" in dead.summary()
    dead.plot()
    single = phase_diagram("tanh", 1.0, 0.1, **{**SMALL, "trials": 1})
    assert (single.simulated_rate_se == math.inf).all()
    plt.close("all")


def test_user_defined_activations_equal_built_in_ones() -> None:
    own = Activation("own", lambda x: x / (1.0 + abs(x)), lambda x: (1.0 + abs(x)) ** -2)
    mine, built_in = (phase_diagram(f, [1.0, 2.0], [0.2], **SMALL) for f in (own, "softsign"))
    np.testing.assert_allclose(mine.chi, built_in.chi, rtol=1e-9)
    np.testing.assert_allclose(mine.simulated_rate, built_in.simulated_rate, rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"activation": "tan"}, ValueError, "tanh"),
        ({"sigma_w": [1.0, 1.0]}, ValueError, r"sigma_w must be .* got \[1.0, 1.0\]"),
        ({"sigma_w": 0.0}, ValueError, r"sigma_w must be .* positive .* got \[0.0\]"),
        ({"sigma_w": [math.nan]}, ValueError, r"sigma_w must be .* got \[nan\]"),
        ({"sigma_w": [[1.0]]}, ValueError, r"sigma_w must be .* got shape \(1, 1\)"),
        ({"sigma_w": [[1.0], [1.0, 2.0]]}, ValueError, "sigma_w must be .* unequal lengths"),
        ({"sigma_w": ["1"]}, TypeError, "sigma_w must be .* got dtype"),
        ({"sigma_b": []}, ValueError, r"sigma_b must be .* got shape \(0,\)"),
        ({"sigma_b": -0.1}, ValueError, r"sigma_b must be .* got \[-0.1\]"),
        ({"sigma_b": [0.0, 1e70]}, ValueError, r"sigma_b must be .* got \[0.0, 1e\+70\]"),
        ({"width": 0}, ValueError, "width must be a positive integer, got 0"),
        ({"depth": 1.5}, TypeError, "depth must be a positive integer, got 1.5"),
        ({"trials": 0}, ValueError, "trials must be a positive integer, got 0"),
        ({"simulate": 1}, TypeError, "simulate must be True or False, got 1"),
        ({"progress": 1}, TypeError, "progress must be True or False, got 1"),
        ({"n_jobs": 0}, ValueError, "n_jobs must be .* got 0"),
        ({"rng": "x"}, TypeError, "rng must be .* got 'x'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_bad_arguments_are_named(
    options: dict[str, object], error: type[Exception], message: str
) -> None:
    arguments = {"activation": "tanh", "sigma_w": 1.0, "sigma_b": 0.1, **options}
    with pytest.raises(error, match=message):
        phase_diagram(**arguments)


def test_the_result_tells_draws_and_pickles() -> None:
    diagram = phase_diagram("tanh", WEIGHTS, BIASES, progress=True, **SMALL)
    text = diagram.summary()
    assert "3 × 2 points" in text
    assert "width 4, depth 5, 3 trials" in text
    assert repr(diagram) == f"<PhaseDiagram>\n{text}"
    frame = diagram.to_dataframe()
    assert frame.shape == (6, 12)
    np.testing.assert_array_equal(frame.loc[(0.3, 1.2), "chi"], diagram.chi[1, 1])
    copy = pickle.loads(pickle.dumps(diagram))
    np.testing.assert_array_equal(copy.simulated_rate, diagram.simulated_rate)
    for frozen in (copy.sigma_w, copy.chi, copy.simulated_rate, copy.depth_scale, copy.ordered):
        with pytest.raises(ValueError, match="read-only"):
            frozen[0] = 0
    ax = diagram.plot()
    labels = [label.get_text() for label in ax.get_legend().get_texts()]
    assert labels == ["simulated, width 4", "critical line"]
    assert {text.get_text() for text in ax.texts} == {"ordered", "chaotic"}
    line = next(line for line in ax.get_lines() if line.get_label() == "critical line")
    np.testing.assert_array_equal(line.get_xdata(), diagram.critical_line.sigma_w)
    theory_map, points = ax.collections
    assert theory_map.norm is points.norm
    np.testing.assert_allclose(theory_map.get_array().ravel(), 2.0 * diagram.rate.ravel())
    plt.close("all")


def test_theory_alone_draws_and_has_no_simulation() -> None:
    diagram = phase_diagram("gelu", WEIGHTS, BIASES, simulate=False)
    assert "simulated" not in diagram.summary()
    assert diagram.to_dataframe().shape == (6, 8)
    ax = diagram.plot()
    # The critical points of GELU are unstable, and the line says so.
    labels = [label.get_text() for label in ax.get_legend().get_texts()]
    assert labels == ["critical line, unstable lengths"]
    plt.close("all")
    for name in ("simulated_rate", "simulated_rate_se", "simulated_depth_scale", "dead"):
        with pytest.raises(AttributeError, match="simulate=True"):
            getattr(diagram, name)


def test_biases_without_a_critical_point_are_told() -> None:
    # A constant function has no slope anywhere.
    flat = Activation("flat", lambda x: 0.0 * x + 1.0, lambda x: 0.0 * x, check_derivative=False)
    diagram = phase_diagram(flat, [1.0], [0.1], simulate=False)
    assert "none" in diagram.summary()
    assert (diagram.rate == -math.inf).all()
    ax = diagram.plot()
    assert ax.get_legend() is None
    plt.close("all")
