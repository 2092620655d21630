"""Where randomness enters: ``rng`` becomes a seed once, and chunk i draws from its i-th child."""

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from stabsim import _validation as validation

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The version of what is drawn from a seed, and in which order. It is raised by every change after
#: which the same call and seed give other numbers, beyond rounding.
STREAM_VERSION = 1

#: What a user may pass as ``rng``.
RandomState: TypeAlias = int | np.integer | np.random.SeedSequence | np.random.Generator | None


def seed_sequence(rng: RandomState) -> np.random.SeedSequence:
    """Return the seed that ``rng`` stands for.

    The same int or SeedSequence gives the same seed, a Generator spawns a new one at every call,
    and None takes fresh entropy from the operating system.
    """
    requirement = (
        "rng must be None, a non-negative integer, a numpy.random.SeedSequence or a "
        "numpy.random.Generator"
    )
    if rng is None:
        return np.random.SeedSequence()
    if isinstance(rng, np.random.Generator):
        parent = rng.bit_generator.seed_seq
        if not isinstance(parent, np.random.SeedSequence):
            raise ValueError(f"{requirement} with a SeedSequence, got one without")
        return parent.spawn(1)[0]
    if isinstance(rng, np.random.SeedSequence):
        return np.random.SeedSequence(rng.entropy, spawn_key=rng.spawn_key, pool_size=rng.pool_size)
    if isinstance(rng, validation.NO_NUMBERS) or not isinstance(rng, int | np.integer):
        raise TypeError(f"{requirement}, got {validation.described(rng)}")
    if rng < 0:
        raise ValueError(f"{requirement}, got {validation.described(rng)}")
    return np.random.SeedSequence(int(rng))


def child(seed: np.random.SeedSequence, index: int) -> np.random.SeedSequence:
    """Return the child that ``seed.spawn`` makes at ``index``, without changing ``seed``."""
    return np.random.SeedSequence(
        seed.entropy, spawn_key=(*seed.spawn_key, index), pool_size=seed.pool_size
    )


class Stream:
    """The SFC64 stream of a seed: for kernels its four words, for others a Generator.

    A simulation draws from one of the two, since neither notices what the other has drawn.
    """

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self.generator = np.random.Generator(np.random.SFC64(seed))
        state: NDArray[np.uint64] = self.generator.bit_generator.state["state"]["state"]
        self.words = state.copy()
