"""The explorer against stabsim: its numbers, its address, and the way through it by keyboard."""

import math
import re

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from test_site import AXE, RUN_AXE, address, browser, needs_site, visit  # noqa: F401

import stabsim
from stabsim import activations, initializers, precision, theory

ACTIVATIONS = activations.names()
INITS = [
    name
    for name in initializers.names()
    if initializers.get(name).distribution not in {"constant", "orthogonal"}
]
RNG = np.random.default_rng(20)
# Every activation and every initialization, at random depths, widths and scales.
STATES = [
    {
        "activation": ACTIVATIONS[i % len(ACTIVATIONS)],
        "init": INITS[i // 2 % len(INITS)] if i % 2 else "",
        "depth": int(RNG.integers(1, 400)),
        "width": int(RNG.integers(8, 3000)),
        "sigmaW": round(float(RNG.uniform(0.3, 3.0)), 3),
        "sigmaB": round(float(RNG.uniform(0.0, 1.0)), 3) * (i % 3 > 0),
    }
    for i in range(2 * len(INITS))
]
# Depth over width up to one, ordered, critical and chaotic, and signals that grow without bound.
SIMULATED = [
    ("relu", 100, 100, 2**0.5, 0.0),
    ("tanh", 64, 64, 1.0, 0.0),
    ("tanh", 64, 128, 1.3, 0.2),
    ("tanh", 40, 128, 2.0, 0.1),
    ("linear", 64, 64, 1.0, 0.0),
    ("leaky_relu", 50, 64, 1.2, 0.3),
    ("sigmoid", 20, 64, 4.0, 0.5),
    ("softplus", 20, 128, 1.0, 0.1),
    ("elu", 50, 128, 1.2, 0.1),
    ("selu", 50, 64, 1.0, 0.0),
    ("sine", 30, 64, 1.2, 0.3),
    ("hard_tanh", 50, 64, 1.5, 0.1),
    ("gelu", 20, 256, 1.2, 0.2),
]
TRIALS = 4000
Z_90 = 1.6448536269514722

pytestmark = needs_site


@pytest.fixture(scope="module")
def page(browser: Browser, address: str):  # noqa: F811
    tab = browser.new_page(viewport={"width": 1440, "height": 900})
    tab.goto(address + "explorer.html")
    yield tab
    tab.close()


def predicted(page: Page, state: dict) -> dict:
    return page.evaluate("state => explorer.predict(state)", state)


def scales(state: dict) -> tuple[float, float]:
    """Return the scales of a state as stabsim has them."""
    if not state["init"]:
        return state["sigmaW"], state["sigmaB"]
    init, n = initializers.get(state["init"]), state["width"]
    return float(init.weight_std(n, n)) * math.sqrt(n), float(init.bias_std(n))


def test_every_choice_is_tried_and_offered(page: Page) -> None:
    assert {state["activation"] for state in STATES} == set(ACTIVATIONS)
    assert {state["init"] for state in STATES} == {"", *INITS}
    offered = {
        name: page.eval_on_selector_all(f"#explorer-{name} option", "all => all.map(o => o.value)")
        for name in ("activation", "init")
    }
    assert offered == {"activation": list(ACTIVATIONS), "init": ["", *INITS]}


@pytest.mark.parametrize("number", range(len(STATES)))
def test_numbers_are_those_of_stabsim(page: Page, number: int) -> None:
    given = STATES[number]
    address_of = {"sigma_w": given["sigmaW"], "sigma_b": given["sigmaB"], **given}
    query = "?" + "&".join(f"{key}={value}" for key, value in address_of.items())
    state = page.evaluate("query => explorer.stateOf(query)", query)
    sigma_w, sigma_b = scales(given)
    assert (state["sigmaW"], state["sigmaB"]) == pytest.approx((sigma_w, sigma_b), rel=1e-12)

    depth, width, name = given["depth"], given["width"], given["activation"]
    found = predicted(page, state)
    exact = theory.mean_field_attenuation(
        [width] * (depth + 1), [name] * depth, sigma_w / math.sqrt(width), sigma_b
    )
    signal = exact.log_activation_norm - 0.5 * math.log(width)
    tolerance = 1e-5 + 2e-6 * np.arange(depth + 1)
    assert (np.abs(found["signal"]["limit"] - signal) < tolerance).all()
    off = np.abs(found["gradient"]["limit"] - exact.log_gradient_norm)
    assert (off < tolerance[::-1] + 1e-4 * np.abs(exact.log_gradient_norm)).all()

    phase, limit = found["phase"], theory.phases(name, sigma_w, sigma_b)
    if 0.0 < limit.q < math.inf:
        assert phase["logQ"] == pytest.approx(math.log(limit.q), abs=1e-3)
    assert phase["logChi"] == pytest.approx(math.log(limit.susceptibility), abs=1e-4)
    assert phase["lengthSlope"] == pytest.approx(float(limit.length_slope), rel=1e-5, abs=1e-4)


def test_wrong_numbers_would_be_noticed(page: Page) -> None:
    state = {"depth": 50, "width": 64, "activation": "tanh", "sigmaW": 1.3, "sigmaB": 0.2}
    exact = theory.mean_field_attenuation([64] * 51, ["tanh"] * 50, 1.301 / 8.0, 0.2)
    found = predicted(page, state)["gradient"]["limit"]
    assert abs(found[0] - exact.log_gradient_norm[0]) > 1e-3


@pytest.mark.parametrize("number", range(len(SIMULATED)))
def test_band_is_that_of_simulated_networks(page: Page, number: int) -> None:
    """Medians within a tenth of the band, its width within a tenth: first order and normal."""
    name, depth, width, sigma_w, sigma_b = SIMULATED[number]
    state = {
        "depth": depth,
        "width": width,
        "activation": name,
        "sigmaW": sigma_w,
        "sigmaB": sigma_b,
    }
    found = predicted(page, state)
    network = stabsim.MLP(
        depth,
        width,
        activation=name,
        init=initializers.Gaussian(sigma_w),
        bias_std=sigma_b,
    )
    result = stabsim.gradient_attenuation(
        network, trials=TRIALS, inputs=math.sqrt(width), record=[0, depth // 2, depth], rng=1
    )
    for curve, samples, layers in (
        ("gradient", result.log_gradient_norm, (0, 1)),
        ("signal", result.log_activation_norm - 0.5 * math.log(width), (1, 2)),
    ):
        for column in layers:
            low, median, high = np.quantile(samples[:, column], [0.05, 0.5, 0.95])
            layer = int(result.layers[column])
            claimed = [found[curve][key][layer] for key in ("low", "median", "high")]
            assert claimed[1] == pytest.approx(median, abs=0.1 * (high - low))
            assert claimed[2] - claimed[0] == pytest.approx(high - low, rel=0.1)
    assert not found["rough"]


def test_a_band_of_homogeneous_layers_is_exact_to_first_order(page: Page) -> None:
    n = 1000
    for name, slope in (("relu", 0.0), ("linear", 1.0)):
        state = {"depth": 40, "width": n, "activation": name, "sigmaW": 1.1, "sigmaB": 0.0}
        found = predicted(page, state)
        exact = theory.homogeneous_attenuation([n] * 41, 1.1, slope)
        pairs = (
            ("signal", exact.log_activation_mean, exact.log_activation_std),
            ("gradient", exact.log_gradient_mean, exact.log_gradient_std),
        )
        for curve, mean, std in pairs:
            median, high = (np.array(found[curve][key]) for key in ("median", "high"))
            np.testing.assert_allclose(median, mean, atol=0.01 * std.max())
            np.testing.assert_allclose((high - median) / Z_90, std, rtol=0.01, atol=1e-9)


def test_unstable_lengths_are_called_rough(page: Page) -> None:
    state = {"depth": 60, "width": 128, "activation": "mish", "sigmaW": 1.44, "sigmaB": 0.08}
    assert predicted(page, state)["rough"]


def test_formats(page: Page) -> None:
    held = {row["name"]: row for row in page.evaluate("() => explorer.tables.formats")}
    assert set(precision.names()) < set(held)
    for name in precision.names():
        limits = precision.get(name)
        assert held[name]["logMax"] == limits.log_max
        assert held[name]["logMinSubnormal"] == limits.log_min_subnormal
    largest = {"bfloat16": 3.3895313892515355e38, "float8_e4m3fn": 448.0, "float8_e5m2": 57344.0}
    smallest = {"bfloat16": 2.0**-133, "float8_e4m3fn": 2.0**-9, "float8_e5m2": 2.0**-16}
    for name, value in largest.items():
        assert math.exp(held[name]["logMax"]) == pytest.approx(value, rel=1e-12)
        assert math.exp(held[name]["logMinSubnormal"]) == pytest.approx(smallest[name], rel=1e-12)

    state = {"depth": 60, "width": 256, "activation": "sigmoid", "sigmaW": 1.0, "sigmaB": 0.0}
    found = predicted(page, state)
    for row in found["survival"]:
        bounds = held[row["name"]]
        lost = [
            layer
            for layer, value in enumerate(found["gradient"]["median"])
            if value < bounds["logMinSubnormal"] - math.log(2.0)
        ]
        assert row["gradient"]["lost"] == (max(lost) if lost else None)
        assert row["signal"]["lost"] is None
    lost = {row["name"]: row["gradient"]["lost"] for row in found["survival"]}
    assert lost["float16"] > 0
    assert lost["float64"] is None


def test_page_shows_what_it_computes(page: Page, address: str) -> None:  # noqa: F811
    page.goto(address + "explorer.html?activation=relu&depth=30&width=128&init=kaiming_normal")
    found = page.evaluate("() => explorer.predict(explorer.stateOf(location.search))")
    exact = theory.homogeneous_attenuation([128] * 31, math.sqrt(2.0))
    assert found["gradient"]["median"][0] == pytest.approx(exact.log_gradient_mean[0], abs=0.01)
    gradient = math.exp(found["gradient"]["median"][0])
    assert page.inner_text("#explorer-gradient-end").startswith(f"{gradient:.2g} (")
    assert page.inner_text("#explorer-chi") == "1"
    assert page.input_value("#explorer-sigma_w") == "1.41421"
    assert f"{gradient:.2g} times" in page.get_attribute("#explorer-gradient", "aria-label")
    assert page.inner_text("#explorer-summary").startswith("30 relu layers of width 128")
    assert "holds all 30 layers" in page.inner_text("#explorer-float16")
    page.click(".explorer-data summary")
    assert page.locator("#explorer-rows tr").count() == 13


@pytest.mark.parametrize(
    "query",
    [
        "?activation=gelu&depth=37&width=777&sigma_w=1.234&sigma_b=0.05",
        "?activation=selu&depth=1&width=8&init=torch_default",
    ],
    ids=["own", "named"],
)
def test_address_comes_back(page: Page, address: str, query: str) -> None:  # noqa: F811
    page.goto(address + "explorer.html" + query)
    there = "() => explorer.addressOf(explorer.stateOf(location.search))"
    assert page.evaluate(there) == query
    page.fill("#explorer-depth", "41")
    page.wait_for_function("() => location.search.includes('depth=41')")
    page.reload()
    assert page.input_value("#explorer-depth") == "41"
    assert page.evaluate(there) == re.sub(r"depth=\d+", "depth=41", query)


def test_a_spoilt_address_is_mended(page: Page, address: str) -> None:  # noqa: F811
    query = "?activation=constructor&depth=-4&width=x&sigma_w=1e9&init=toString"
    page.goto(address + "explorer.html" + query)
    assert page.input_value("#explorer-activation") == "tanh"
    assert page.input_value("#explorer-init") == ""
    assert page.input_value("#explorer-depth") == "1"
    assert page.input_value("#explorer-sigma_w") == "200"


def test_by_keyboard(page: Page, address: str) -> None:  # noqa: F811
    page.goto(address + "explorer.html")
    page.focus("#explorer-activation")
    page.keyboard.type("relu")
    assert page.inner_text("#explorer-summary").startswith("50 relu layers")
    page.keyboard.press("Tab")
    page.keyboard.type("kaiming_n")
    assert page.inner_text("#explorer-chi") == "1"
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("100")
    assert page.inner_text("#explorer-summary").startswith("100 relu layers")
    page.keyboard.press("Tab")
    before = page.get_attribute("#explorer-depth-slider", "aria-valuetext")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#explorer-depth-slider", "aria-valuetext") != before
    assert float(page.input_value("#explorer-depth")) > 100
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") == "explorer-sigma_w"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.input_value("#explorer-init") == ""
    assert page.inner_text("#explorer-chi") == f"{1.42**2 / 2:.4g}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_accessible_in_every_state(browser: Browser, address: str, scheme: str, width: int) -> None:  # noqa: F811
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    tab = context.new_page()
    query = "?activation=sigmoid&depth=200&width=16&sigma_w=0.5&sigma_b=0"
    problems, _ = visit(tab, f"{address}explorer.html{query}")
    tab.click(".explorer-data summary")
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    problems += tab.evaluate(RUN_AXE, 1440)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert not problems, "\n".join(problems)
