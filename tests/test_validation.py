"""Checks of arguments: what they take, what they make of it, and what their errors name."""

import re
from fractions import Fraction

import numpy as np
import pytest

from stabsim import _validation as validation


class Unspeakable:
    """An object that has neither a repr nor an array."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __array__(self, dtype: object = None, copy: object = None) -> None:
        raise RuntimeError("no array")


@pytest.mark.parametrize("value", [10**5000, [10**5000], Unspeakable()], ids=["int", "list", "own"])
def test_what_has_no_repr_is_described(value):
    assert re.fullmatch(r"<.*(int|list|Unspeakable) object at .*>", validation.described(value))


def test_an_integer_of_many_digits_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^n must be a positive integer, got <int"):
        validation.integer("n", -(10**5000), least=1)
    with pytest.raises(ValueError, match=r"^x must be a finite real number, got <int"):
        validation.real("x", 10**5000)


@pytest.mark.parametrize(
    "value", [np.timedelta64(1, "s"), np.timedelta64("NaT"), True, np.array(1)], ids=range(4)
)
def test_durations_truth_values_and_arrays_are_no_numbers(value):
    with pytest.raises(TypeError, match=r"^n must be a positive integer"):
        validation.integer("n", value, least=1)
    with pytest.raises(TypeError, match=r"^x must be a finite real number"):
        validation.real("x", value)


def test_a_choice_is_a_plain_string():
    assert type(validation.choice("field", np.str_("real"), ("real", "complex"))) is str


@pytest.mark.parametrize(
    "value", ["ab", b"ab", bytearray(b"ab"), 3, None, np.array(1), Unspeakable()], ids=range(7)
)
def test_text_and_single_values_have_no_items(value):
    with pytest.raises(TypeError, match=r"^widths must be a sequence, got"):
        validation.items("widths must be a sequence", value)
    assert validation.items("widths must be a sequence", (i for i in (1, 2))) == [1, 2]


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        np.array([1.0, 2.0], np.float16),
        np.array([1, 2], ">i4"),
        np.array([1, 0, 2, 0])[::2],
        np.ma.masked_array([1.0, 2.0]),
        [np.longdouble(1), 2],
    ],
    ids=["tuple", "short", "big-endian", "strided", "unmasked", "long"],
)
def test_arrays_of_all_formats_become_new_ones_of_float64(value):
    array = validation.array("x must be numbers", value)
    assert array.dtype == np.float64
    assert type(array) is np.ndarray
    assert array.flags.writeable
    assert array.tolist() == [1.0, 2.0]
    assert not np.shares_memory(array, value)


@pytest.mark.parametrize(
    ("value", "error", "got"),
    [
        ([[1.0], [1.0, 2.0]], ValueError, "rows of unequal lengths"),
        (np.ma.masked_array([1.0, 2.0], [False, True]), ValueError, "masked entries"),
        (["1", "2"], TypeError, "dtype <U1"),
        ([1j, 2.0], TypeError, "dtype complex128"),
        ([True, False], TypeError, "dtype bool"),
        ([10**400, 1], TypeError, "dtype object"),
        ([Fraction(1, 2), 1], TypeError, "dtype object"),
        ((i for i in (1, 2)), TypeError, "dtype object"),
        (np.zeros(2, "timedelta64[s]"), TypeError, "dtype timedelta64"),
        (Unspeakable(), TypeError, "<"),
        ([1.0], ValueError, r"shape \(1,\)"),
        ([[1.0, 2.0]], ValueError, r"shape \(1, 2\)"),
        ([], ValueError, r"shape \(0,\)"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(value, error, got):
    with pytest.raises(error, match=f"^x must be two numbers, got {got}"):
        validation.array("x must be two numbers", value, shape=(2,))


def test_a_number_of_a_longer_format_becomes_infinite():
    if np.finfo(np.longdouble).maxexp <= np.finfo(np.float64).maxexp:
        pytest.skip("has no longer format")
    assert validation.reals("x", np.array([1e4000], np.longdouble)).tolist() == [np.inf]


def test_shapes_that_do_not_broadcast_are_named():
    shapes = {"q": np.zeros(2), "sigma_w": np.zeros((3, 1))}
    assert validation.common_shape(**shapes) == (3, 2)
    with pytest.raises(ValueError, match=r"^q and sigma_w must broadcast to one shape, got \(2,\)"):
        validation.common_shape(q=np.zeros(2), sigma_w=np.zeros(3))


@pytest.mark.parametrize("value", ["", "a\0b", "\ud800"], ids=range(3))
def test_what_no_file_system_can_have_is_no_path(value):
    with pytest.raises(ValueError, match=r"^path must be a path, got"):
        validation.path("path must be a path", value)


@pytest.mark.parametrize("value", [b"file", 1, None, Unspeakable()], ids=range(4))
def test_a_path_is_text(value):
    with pytest.raises(TypeError, match=r"^path must be a path, got"):
        validation.path("path must be a path", value)
