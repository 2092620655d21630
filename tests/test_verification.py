"""The verification itself: what it compares, and how it extrapolates to limits."""

import re
from pathlib import Path

import numpy as np
import pytest
from verification import networks, products, spectra
from verification.__main__ import numbers
from verification.rows import Quantity, extrapolated, mean, through, variance

CHECKS = [*products.checks(), *spectra.checks(), *networks.checks()]
QUANTITIES = [quantity for check in CHECKS for quantity in check.quantities]


def test_many_values_are_verified_and_all_are_different():
    names = {(quantity.subject, quantity.name) for quantity in QUANTITIES}
    assert len(names) == len(QUANTITIES) >= 40


def test_known_values_are_numbers():
    assert np.isfinite([quantity.value for quantity in QUANTITIES]).all()


def test_every_source_is_in_the_bibliography():
    path = Path(__file__).parents[1] / "docs" / "references.bib"
    keys = set(re.findall(r"^@\w+\{(\w+),", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert {quantity.source for quantity in QUANTITIES} <= keys


def test_extrapolation_removes_the_first_order():
    near, far = (3.0 + 0.7 * 0.1, 0.02), (3.0 + 0.7 * 0.4, 0.03)
    value, error = extrapolated(near, far, 4.0)
    assert value == pytest.approx(3.0)
    assert error == pytest.approx(np.hypot(4 / 3 * 0.02, 1 / 3 * 0.03))


def test_errors_pass_through_functions_by_the_slope():
    value, error = through(lambda x: x**-0.5, (4.0, 0.1))
    assert value == 0.5
    assert error == pytest.approx(0.1 / 16)


def test_means_and_variances_have_standard_errors():
    rng = np.random.default_rng(1)
    samples = rng.standard_normal(100_000)
    assert mean(samples)[1] == pytest.approx(100_000**-0.5, rel=0.02)
    assert variance(samples)[1] == pytest.approx((2 / 100_000) ** 0.5, rel=0.02)


@pytest.mark.parametrize(("weights", "limit"), [("gaussian", 9.0), ("orthogonal", 5.0)])
def test_jacobian_moments_have_the_limits_of_infinite_width(weights, limit):
    near, far = (networks.jacobian_moment(weights, n, 4) for n in (2000, 1000))
    assert 2 * near - far == pytest.approx(limit, rel=1e-4)
    assert near != pytest.approx(limit, rel=1e-4)


def test_the_jacobian_moment_of_one_layer_is_that_of_a_wishart_matrix():
    # E tr (XᵀX)² of K rows is K n (K + n + 1), and K is the number of active units.
    n = 6
    active, squared = n / 2, n / 4 + n * n / 4
    exact = 4 / n**3 * n * (squared + (n + 1) * active)
    assert networks.jacobian_moment("gaussian", n, 1) == pytest.approx(exact)


def test_estimates_are_shown_to_the_digits_of_their_error():
    quantity = Quantity("", "", "", 0.5579657578)
    assert numbers(quantity, 0.55796123, 2.3e-5) == ("0.5579658", "0.557961 ± 0.000023")
