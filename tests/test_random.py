"""Seeds and streams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stabsim._random import Stream, child, seed_sequence

seeds = st.integers(0, 2**200)


def numbers(seed):
    return Stream(seed).generator.random(4).tolist()


@given(seeds)
def test_an_int_is_the_seed_sequence_of_it(entropy):
    expected = numbers(np.random.SeedSequence(entropy))
    assert numbers(seed_sequence(entropy)) == expected
    assert numbers(seed_sequence(np.random.SeedSequence(entropy))) == expected


def test_numpy_integers_are_integers():
    assert numbers(seed_sequence(np.uint8(7))) == numbers(seed_sequence(7))


def test_none_is_fresh():
    assert numbers(seed_sequence(None)) != numbers(seed_sequence(None))


def test_a_generator_spawns_and_is_not_advanced():
    rng, same, witness = (np.random.default_rng(3) for _ in range(3))
    first, second = seed_sequence(rng), seed_sequence(rng)
    assert numbers(first) != numbers(second)
    assert [numbers(seed_sequence(same)) for _ in range(2)] == [numbers(first), numbers(second)]
    assert rng.random() == witness.random()


def test_a_seed_sequence_is_not_changed():
    parent = np.random.SeedSequence(5, spawn_key=(2,), pool_size=8)
    parent.spawn(3)
    assert numbers(seed_sequence(parent)) == numbers(parent)
    assert numbers(seed_sequence(parent)) == numbers(seed_sequence(parent))
    child(parent, 0)
    assert parent.n_children_spawned == 3


@given(seeds, st.integers(0, 20))
def test_child_is_the_spawned_one(entropy, index):
    parent = np.random.SeedSequence(entropy, spawn_key=(4, 1), pool_size=8)
    spawned = np.random.SeedSequence(entropy, spawn_key=(4, 1), pool_size=8).spawn(index + 1)[index]
    assert numbers(child(parent, index)) == numbers(spawned)


def test_children_of_different_indices_differ():
    parent = np.random.SeedSequence(1)
    assert len({tuple(Stream(child(parent, i)).words.tolist()) for i in range(1000)}) == 1000


def test_words_and_generator_are_the_same_stream():
    stream = Stream(np.random.SeedSequence(6))
    state = stream.generator.bit_generator.state
    assert state["bit_generator"] == "SFC64"
    np.testing.assert_array_equal(stream.words, state["state"]["state"])


class WithoutSeed(np.random.SFC64):
    """A bit generator whose seed is not known."""

    seed_seq = None


@pytest.mark.parametrize(
    ("rng", "error"),
    [
        ("1", TypeError),
        (1.0, TypeError),
        (True, TypeError),
        ([1, 2], TypeError),
        (np.timedelta64(1, "s"), TypeError),
        pytest.param(-(10**5000), ValueError, id="many digits"),
        (np.random.SFC64(1), TypeError),
        (np.random.RandomState(1), TypeError),
        (-1, ValueError),
        (np.int64(-3), ValueError),
        (np.random.Generator(WithoutSeed(1)), ValueError),
    ],
)
def test_what_is_no_rng(rng, error):
    with pytest.raises(error, match=r"^rng must be "):
        seed_sequence(rng)
