"""The draws: bit for bit NumPy's where they claim to be, and of the law claimed elsewhere."""

import math

import numpy as np
import pytest
import reference
from conftest import JIT_DISABLED
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import SMALLEST_P_VALUE, assert_law, assert_z
from scipy import stats

from stabsim._kernels import stream, ziggurat

MANY = 3_000 if JIT_DISABLED else 2_000_000
SOME = 1_000 if JIT_DISABLED else 100_000
SUMMED = range(1, stream.SUM_LIMIT + 1)

# Kernel, its arguments between the words and out, and NumPy's draw from the same state.
FILLS = (
    {
        "uniform": (stream.fill_uniform, (), lambda rng, n: rng.random(n)),
        "normal": (stream.fill_normal, (), lambda rng, n: rng.standard_normal(n)),
        "exponential": (stream.fill_exponential, (), lambda rng, n: rng.standard_exponential(n)),
    }
    | {
        f"gamma-{shape}": (
            stream.fill_gamma,
            (shape,),
            lambda rng, n, s=shape: rng.standard_gamma(s, n),
        )
        for shape in (0.01, 0.3, 1.0, 1.001, 2.5, 1e4)
    }
    | {
        f"chi_square-{degrees}": (
            stream.fill_chi_square,
            (degrees,),
            lambda rng, n, d=degrees: rng.chisquare(d, n),
        )
        for degrees in (stream.SUM_LIMIT + 1, 7, 1000)
    }
)
every_fill = pytest.mark.parametrize("name", FILLS)


def state_of(rng):
    return rng.bit_generator.state["state"]["state"]


def pair(seed):
    """Return the words and the Generator of the same stream."""
    rng = np.random.Generator(np.random.SFC64(seed))
    return state_of(rng).copy(), rng


def filled(fill, words, size, *arguments, dtype=float):
    out = np.empty(size, dtype)
    fill(words, *arguments, out)
    return out


@every_fill
def test_equals_numpy_bit_for_bit(name):
    fill, arguments, numpy_draw = FILLS[name]
    words, rng = pair(20)
    size = MANY if name in {"normal", "exponential"} else SOME
    np.testing.assert_array_equal(filled(fill, words, size, *arguments), numpy_draw(rng, size))
    np.testing.assert_array_equal(words, state_of(rng))


@every_fill
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**64), first=st.integers(0, 50), second=st.integers(0, 50))
def test_blocks_do_not_show(name, seed, first, second):
    fill, arguments, _ = FILLS[name]
    words, again = pair(seed)[0], pair(seed)[0]
    blocks = [filled(fill, words, size, *arguments) for size in (first, second)]
    np.testing.assert_array_equal(
        np.concatenate(blocks), filled(fill, again, first + second, *arguments)
    )
    np.testing.assert_array_equal(words, again)


def test_words_are_those_of_the_bit_generator():
    words, rng = pair(3)
    drawn = filled(stream.fill_words, words, 1000, dtype=np.uint64)
    np.testing.assert_array_equal(drawn, rng.bit_generator.random_raw(1000))


def draws_from(first_words, fill, numpy_draw):
    """Return a kernel's and NumPy's draws from random states that put out a given word first."""
    random = np.random.default_rng(7)
    rng = np.random.Generator(np.random.SFC64(0))
    state = rng.bit_generator.state
    ours, theirs = [], []
    for word in first_words:
        b, c, w = random.integers(0, 2**64, 3, dtype=np.uint64)
        a = (int(word) - int(b) - int(w)) % 2**64
        words = np.array([a, b, c, w], dtype=np.uint64)
        state["state"]["state"] = words.copy()
        rng.bit_generator.state = state
        theirs.append((numpy_draw(rng), *state_of(rng)))
        draw = filled(fill, words, 1)[0]
        ours.append((draw, *words))
    return ours, theirs


def test_every_layer_of_the_normal_ziggurat_equals_numpy():
    # On both sides of the threshold that parts the likely case from wedge and tail, to the bit.
    words = [
        layer | sign << 8 | int(mantissa) << 9
        for layer, threshold in enumerate(ziggurat.NORMAL_THRESHOLDS)
        for mantissa in (max(threshold - 1, 0), threshold, 2**52 - 1)
        for sign in (0, 1)
    ]
    # The tail of layer 0 rejects too seldom to be met once a word.
    words += 50 * words[:6]
    ours, theirs = draws_from(words, stream.fill_normal, lambda rng: rng.standard_normal())
    assert ours == theirs
    assert max(abs(draw) for draw, *_ in ours) > ziggurat.NORMAL_TAIL


def test_every_layer_of_the_exponential_ziggurat_equals_numpy():
    words = [
        layer << 3 | int(mantissa) << 11
        for layer, threshold in enumerate(ziggurat.EXPONENTIAL_THRESHOLDS)
        for mantissa in (max(threshold - 4, 0), threshold + 4, 2**53 - 1)
    ]
    ours, theirs = draws_from(
        words, stream.fill_exponential, lambda rng: rng.standard_exponential()
    )
    assert ours == theirs
    assert max(draw for draw, *_ in ours) > ziggurat.EXPONENTIAL_TAIL


@pytest.mark.parametrize(
    ("widths", "thresholds", "densities", "scale", "density", "tail_area"),
    [
        (
            ziggurat.NORMAL_WIDTHS[:256],
            ziggurat.NORMAL_THRESHOLDS,
            ziggurat.NORMAL_DENSITIES,
            2.0**52,
            lambda x: np.exp(-0.5 * x * x),
            lambda x: math.sqrt(math.pi / 2) * math.erfc(x / math.sqrt(2)),
        ),
        (
            ziggurat.EXPONENTIAL_WIDTHS,
            ziggurat.EXPONENTIAL_THRESHOLDS,
            ziggurat.EXPONENTIAL_DENSITIES,
            2.0**53,
            lambda x: np.exp(-x),
            lambda x: math.exp(-x),
        ),
    ],
    ids=["normal", "exponential"],
)
def test_ziggurats_are_of_equal_area(widths, thresholds, densities, scale, density, tail_area):
    edges = widths * scale
    edge = edges[255]
    area = edge * density(edge) + tail_area(edge)
    tops = np.concatenate([[1.0], density(edges[1:255])])
    layers = edges[1:] * (tops - density(edges[1:]))
    # Layer 1 is below the peak, the difference of numbers near 1.
    np.testing.assert_allclose(layers, area, rtol=1e-8)
    assert edges[0] * density(edge) == pytest.approx(area, rel=1e-12)
    assert (np.diff(edges[1:]) > 0).all()
    np.testing.assert_allclose(densities, np.concatenate([[1.0], density(edges[1:])]), rtol=1e-14)
    inner = np.concatenate([[edge], [0.0], edges[1:255]]) / edges
    np.testing.assert_allclose(thresholds / scale, inner, atol=1e-15)


def test_normal_widths_carry_the_sign():
    np.testing.assert_array_equal(ziggurat.NORMAL_WIDTHS[256:], -ziggurat.NORMAL_WIDTHS[:256])


@pytest.mark.parametrize("degrees", SUMMED)
def test_sums_have_the_chi_square_law(degrees):
    samples = filled(stream.fill_chi_square, pair(4)[0], SOME, degrees)
    assert_law(samples, stats.chi2(degrees).cdf)
    with pytest.raises(AssertionError, match="Kolmogorov"):
        assert_law(samples, stats.chi2(degrees, scale=1.5 if JIT_DISABLED else 1.1).cdf)


@pytest.mark.parametrize("degrees", [*SUMMED, stream.SUM_LIMIT + 1])
def test_chi_square_equals_its_twin(degrees):
    words, rng = pair(5)
    expected = reference.chi_square(rng, degrees, 500, stream.SUM_LIMIT)
    drawn = filled(stream.fill_chi_square, words, 500, degrees)
    np.testing.assert_allclose(drawn, expected, rtol=1e-15)
    np.testing.assert_array_equal(words, state_of(rng))


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000])
def test_signs_are_the_bits_of_the_words(size):
    words, rng = pair(6)
    np.testing.assert_array_equal(
        filled(stream.fill_signs, words, size), reference.signs(rng, size)
    )
    np.testing.assert_array_equal(words, state_of(rng))


def test_signs_are_fair_and_independent():
    drawn = filled(stream.fill_signs, pair(7)[0], 6 * (SOME // 6))
    assert set(drawn) == {-1.0, 1.0}
    assert_z(drawn.mean(), 0.0, 1.0 / math.sqrt(drawn.size))
    patterns = ((drawn.reshape(-1, 6) > 0) @ (1 << np.arange(6))).astype(int)
    counts = np.bincount(patterns, minlength=64)
    assert stats.chisquare(counts).pvalue > SMALLEST_P_VALUE


@pytest.mark.parametrize("bound", [1, 2, 3, 7, 64, 1000, 2**16, 2**31, 2**31 + 1, 2**32 - 1, 2**32])
def test_integers_equal_their_twin_and_stay_below_the_bound(bound):
    words, rng = pair(8)
    drawn = filled(stream.fill_integers, words, 1000, bound, dtype=np.int64)
    assert drawn.tolist() == reference.integers(rng, bound, 1000)
    assert 0 <= drawn.min() <= drawn.max() < bound
    np.testing.assert_array_equal(words, state_of(rng))


@pytest.mark.parametrize("bound", [2, 3, 7, 32])
def test_integers_are_uniform(bound):
    drawn = filled(stream.fill_integers, pair(9)[0], SOME, bound, dtype=np.int64)
    assert stats.chisquare(np.bincount(drawn, minlength=bound)).pvalue > SMALLEST_P_VALUE


@pytest.mark.parametrize("bound", [2**31 + 1, 3 * 2**30, 2**32])
def test_integers_of_a_large_bound_are_uniform(bound):
    drawn = filled(stream.fill_integers, pair(10)[0], SOME, bound, dtype=np.int64)
    assert_law((drawn + 0.5) / bound, stats.uniform.cdf)
