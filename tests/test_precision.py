"""Number formats."""

import dataclasses
import math
import pickle

import numpy as np
import pytest
from mpmath import mp, mpf

from stabsim import precision

every_format = pytest.mark.parametrize("name", precision.names())


def exact_log(value):
    with mp.workdps(40):
        return float(mp.log(mpf(int(value)) if value >= 1 else mpf(float(value))))


@every_format
def test_limits_are_those_of_numpy(name):
    limits, number_format = np.finfo(name), precision.get(name)
    assert number_format.name == name
    assert number_format.log_max == pytest.approx(exact_log(limits.max), rel=1e-15)
    assert number_format.log_min_normal == pytest.approx(
        exact_log(limits.smallest_normal), rel=1e-15
    )
    assert number_format.log_min_subnormal == pytest.approx(
        exact_log(limits.smallest_subnormal), rel=1e-15
    )


@every_format
def test_limits_are_where_casts_overflow_and_vanish(name):
    number_format, dtype = precision.get(name), np.dtype(name).type
    largest, least = np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal
    assert math.log(largest) == number_format.log_max
    with np.errstate(over="ignore", under="ignore"):
        assert np.isinf(dtype(largest) * dtype(1.001))
        assert dtype(least) * dtype(0.4) == 0.0


def test_formats_go_from_the_narrowest_to_the_widest():
    formats = [precision.get(name) for name in precision.names()]
    assert [f.name for f in formats] == ["float16", "float32", "float64"]
    assert sorted(formats, key=lambda f: f.log_max) == formats
    for f in formats:
        assert f.log_min_subnormal < f.log_min_normal < 0.0 < f.log_max


def test_formats_are_frozen_and_pickle():
    number_format = precision.get("float16")
    with pytest.raises(dataclasses.FrozenInstanceError):
        number_format.log_max = 0.0
    assert pickle.loads(pickle.dumps(number_format)) == number_format


@pytest.mark.parametrize(
    ("name", "error"),
    [("float8", ValueError), ("", ValueError), (16, TypeError), (None, TypeError)],
)
def test_unknown_formats(name, error):
    with pytest.raises(error, match=r"^name must be one of 'float16', 'float32', 'float64'"):
        precision.get(name)
