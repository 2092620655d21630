"""How the tests compare a sample with a law.

The seeds are fixed, so a test that passes goes on passing; the thresholds are chosen as if every
run drew afresh, so that no seed had to be picked. The largest chance that a correct program fails
one assertion is 3.0e-10 for a z-test (twice the normal tail beyond ``LARGEST_Z``) and
``SMALLEST_P_VALUE`` for other tests of a law. A z-test whose standard error comes from few samples
has Student's tail: 1.1e-9 for 285 of them, the fewest of any at that limit.

As they ran, parametrized ones one by one, the suite made 444 z-tests and 516 tests of one law by
the functions below, 142 tests of many laws at once (after Bonferroni), and some 60 assertions in
words of their own, nearly all of them z-tests. There may be up to 600 z-tests and 1000 others: the
family-wise false-alarm rate is below 600 × 1.1e-9 + 1000 × 3.0e-10 = 9.6e-7 < 1e-6. Negative
controls, some 160, do not count: a right program fails them even less often. Nor do examples in
docstrings, which show the numbers of one seed.

A z-score is normal only as far as the central limit theorem reaches: average at least a few
hundred samples of a law without heavy tails.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

LARGEST_Z = 6.3
SMALLEST_P_VALUE = 3e-10


def assert_z(
    estimate: float, exact: float, standard_error: float, limit: float = LARGEST_Z
) -> None:
    """Assert that an estimate lies within ``limit`` standard errors of the exact value."""
    assert math.isfinite(standard_error), standard_error
    assert standard_error > 0, standard_error
    z = (estimate - exact) / standard_error
    assert abs(z) < limit, f"z = {z:.2f}: {estimate} ± {standard_error} against {exact}"


def assert_mean(samples: ArrayLike, exact: float, limit: float = LARGEST_Z) -> None:
    """Assert that the mean of independent samples agrees with the exact one."""
    values = np.asarray(samples, dtype=float).ravel()
    assert_z(values.mean(), exact, values.std(ddof=1) / math.sqrt(values.size), limit)


def assert_law(
    samples: ArrayLike,
    cdf: Callable[[np.ndarray], np.ndarray],
    smallest: float = SMALLEST_P_VALUE,
) -> None:
    """Assert that independent samples have the continuous law of this distribution function."""
    p_value = stats.kstest(np.ravel(samples), cdf, method="asymp").pvalue
    assert p_value > smallest, f"Kolmogorov-Smirnov p = {p_value:.3g}"


def assert_same_law(a: ArrayLike, b: ArrayLike, smallest: float = SMALLEST_P_VALUE) -> None:
    """Assert that two sets of independent samples have the same continuous law."""
    p_value = stats.ks_2samp(np.ravel(a), np.ravel(b), method="asymp").pvalue
    assert p_value > smallest, f"Kolmogorov-Smirnov p = {p_value:.3g}"
