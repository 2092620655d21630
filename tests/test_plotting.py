"""The axes that results draw: what is on them, and what they leave alone."""

import math

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

import stabsim
from stabsim import IID, FiniteSet, Ginibre, Haar, matrix_product_growth

DECADE = math.log(10.0)


@pytest.fixture(autouse=True)
def closed_figures():
    plt.close("all")
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def line(ax, label):
    return next(line for line in ax.get_lines() if line.get_label() == label)


def test_a_plot_is_a_fan_with_the_exact_mean():
    result = matrix_product_growth(Ginibre(4), 10, trials=50, norm="vector", rng=1)
    ax = result.plot()
    assert labels(ax) == ["90 % of products", "50 %", "median", "exact mean"]
    assert len(ax.collections) == 2
    median = line(ax, "median")
    np.testing.assert_array_equal(median.get_xdata(), result.depths)
    np.testing.assert_allclose(median.get_ydata(), result.quantile(0.5) / DECADE)
    exact = line(ax, "exact mean")
    np.testing.assert_allclose(exact.get_ydata(), result.exact.law.mean(result.depths) / DECADE)
    assert exact.get_linestyle() != median.get_linestyle()
    assert ax.get_title() == "Ginibre(4)"
    assert "t" in ax.get_xlabel()
    assert "log" in ax.get_ylabel()
    ax.figure.canvas.draw()


def test_the_exact_rate_is_a_slope_through_the_last_median():
    result = matrix_product_growth(Ginibre(4), 10, trials=50, norm="frobenius", rng=1)
    ax = result.plot()
    exact = line(ax, "exact growth rate")
    slopes = np.diff(exact.get_ydata()) * DECADE
    np.testing.assert_allclose(slopes, result.exact.lyapunov)
    assert exact.get_ydata()[-1] == line(ax, "median").get_ydata()[-1]


def test_without_theory_there_is_no_theory_line():
    result = matrix_product_growth(IID(3, "uniform"), 10, trials=50, rng=1)
    assert result.exact is None
    assert labels(result.plot()) == ["90 % of products", "50 %", "median"]


def test_the_axes_given_are_the_axes_returned():
    _, (left, right) = plt.subplots(1, 2)
    result = matrix_product_growth(Ginibre(2), 5, trials=20, rng=1)
    assert result.plot(left) is left
    assert result.plot(ax=right) is right
    assert len(plt.get_fignums()) == 1
    own = result.plot()
    assert own.figure is not left.figure
    assert len(plt.get_fignums()) == 2


def test_drawing_neither_shows_nor_changes_settings(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *a, **k: pytest.fail("a plot was shown"))
    before = dict(mpl.rcParams)
    matrix_product_growth(Ginibre(2), 5, trials=20, rng=1).plot()
    stabsim.activations.get("tanh").plot()
    assert dict(mpl.rcParams) == before


def test_formats_are_marked_where_the_fan_crosses_them():
    # 2, 1/2 to the t: float16 ends at 2^16 and 2^-24, float32 at 2^128.
    up = matrix_product_growth(FiniteSet([[[2.0]]]), 140, trials=2, rng=1).plot()
    assert texts(up) == ["float16 overflows", "float32 overflows"]
    down = matrix_product_growth(FiniteSet([[[0.5]]]), 100, trials=2, rng=1).plot()
    assert texts(down) == ["float16 underflows"]
    level = np.log10(2.0**-24)
    assert any(np.allclose(line.get_ydata(), level) for line in down.get_lines())
    short = matrix_product_growth(FiniteSet([[[2.0]]]), 15, trials=2, rng=1).plot()
    assert texts(short) == []


def test_determinants_have_no_format():
    result = matrix_product_growth(FiniteSet([[[2.0]]]), 140, trials=2, norm="logdet", rng=1)
    assert texts(result.plot()) == []


@pytest.mark.parametrize("norm", ["frobenius", "spectral", "vector", "logdet"])
def test_every_norm_has_its_own_label(norm):
    ax = matrix_product_growth(Ginibre(2), 3, trials=5, norm=norm, rng=1).plot()
    assert {"frobenius": "F", "spectral": "2", "vector": "v", "logdet": "det"}[norm] in (
        ax.get_ylabel()
    )


@pytest.mark.parametrize("samples", [True, False])
def test_vanished_products_do_not_break_the_plot(samples):
    some = matrix_product_growth(
        IID(2, "rademacher"), 5, trials=200, norm="logdet", samples=samples, rng=1
    )
    assert some.vanished.any()
    ax = some.plot()
    ax.figure.canvas.draw()
    assert np.isfinite(ax.get_ylim()).all()
    everything = matrix_product_growth(
        FiniteSet([np.zeros((2, 2))]), 5, trials=3, samples=samples, rng=1
    )
    everything.plot().figure.canvas.draw()


@pytest.mark.parametrize("trials", [1, 30])
def test_a_single_depth_is_visible(trials):
    result = matrix_product_growth(Ginibre(4), 50, trials=trials, norm="vector", record=[50], rng=1)
    ax = result.plot()
    assert line(ax, "median").get_marker() not in {"", "None"}
    assert line(ax, "exact mean").get_marker() not in {"", "None"}
    ax.figure.canvas.draw()


def test_a_constant_growth_is_drawn():
    ax = matrix_product_growth(Haar(2), 5, trials=3, rng=1).plot()
    ax.figure.canvas.draw()
    np.testing.assert_allclose(line(ax, "median").get_ydata(), 0.5 * np.log10(2.0))


def test_streamed_results_are_drawn_too():
    kept, streamed = (
        matrix_product_growth(Ginibre(3), 10, trials=400, norm="vector", samples=samples, rng=1)
        for samples in (True, False)
    )
    np.testing.assert_allclose(
        line(streamed.plot(), "median").get_ydata(),
        line(kept.plot(), "median").get_ydata(),
        atol=0.05,
    )


def test_an_activation_is_drawn_with_its_gradient():
    activation = stabsim.activations.get("sigmoid")
    ax = activation.plot()
    value, slope = ax.get_lines()
    np.testing.assert_array_equal(value.get_ydata(), activation(value.get_xdata()))
    np.testing.assert_array_equal(slope.get_ydata(), activation.derivative(slope.get_xdata()))
    assert value.get_linestyle() != slope.get_linestyle()
    assert len(labels(ax)) == 2
    assert ax.get_title() == "sigmoid"
    _, given = plt.subplots()
    assert activation.plot(given) is given


# Gradient attenuation ------------------------------------------------------------------------


def attenuation(network, **keywords):
    return stabsim.gradient_attenuation(network, **{"trials": 50, "rng": 1} | keywords)


@pytest.mark.parametrize(
    ("activation", "label"), [("relu", "exact mean"), ("tanh", "infinite width")]
)
def test_attenuation_is_a_fan_with_theory(activation, label):
    result = attenuation(stabsim.MLP(8, 16, activation=activation, init="kaiming_normal"))
    ax = result.plot()
    assert labels(ax) == ["90 % of networks", "50 %", "median", label]
    assert len(ax.collections) == 2
    median = line(ax, "median")
    np.testing.assert_array_equal(median.get_xdata(), result.layers)
    np.testing.assert_allclose(median.get_ydata(), result.quantile(0.5) / DECADE)
    assert median.get_ydata()[-1] == 0.0
    dashed = line(ax, label)
    np.testing.assert_allclose(dashed.get_ydata(), result.theory[1] / DECADE)
    assert dashed.get_linestyle() != median.get_linestyle()
    assert ax.get_title() == repr(result.network)
    assert "layer" in ax.get_xlabel()
    assert "log" in ax.get_ylabel()
    ax.figure.canvas.draw()


def test_a_batch_has_no_theory_line():
    result = attenuation(stabsim.MLP(4, 3), inputs=np.eye(3))
    assert labels(result.plot()) == ["90 % of networks", "50 %", "median"]


def test_attenuation_marks_formats_that_the_gradients_leave():
    down = attenuation(stabsim.MLP(40, 16, activation="sigmoid")).plot()
    assert texts(down)[0] == "float16 underflows"
    assert texts(attenuation(stabsim.MLP(2, 16)).plot()) == []


@pytest.mark.parametrize("samples", [True, False])
def test_dead_networks_are_left_out_of_the_drawing(samples):
    some = attenuation(stabsim.MLP(6, 3, activation="relu"), samples=samples)
    assert 0 < some.dead < some.trials
    ax = some.plot()
    ax.figure.canvas.draw()
    assert np.isfinite(ax.get_ylim()).all()
    attenuation(stabsim.MLP(3, 3, init="zeros"), samples=samples).plot().figure.canvas.draw()


def test_attenuation_is_drawn_on_given_axes():
    _, given = plt.subplots()
    result = attenuation(stabsim.MLP(2, 3), record=[2])
    assert result.plot(given) is given
    assert attenuation(stabsim.MLP(1, 3), record=[0], trials=1).plot() is not given


@pytest.mark.parametrize("ax", ["ax", plt, plt.Axes, 1])
def test_what_is_no_axes_is_refused(ax):
    with pytest.raises(TypeError, match=r"^ax must be matplotlib axes or None, got"):
        stabsim.activations.get("tanh").plot(ax)
