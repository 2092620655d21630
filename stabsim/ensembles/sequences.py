"""Factors that are not all of one law, or not independent of each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stabsim import _validation as validation
from stabsim._kernels import factors, sequences
from stabsim._random import Stream
from stabsim.ensembles.ensemble import (
    FIELDS,
    LEAST_SCALE,
    MOST_SCALE,
    Ensemble,
    real_numbers,
)
from stabsim.ensembles.finite import FiniteSet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from stabsim._kernels.factors import Numbers


@dataclass(frozen=True, repr=False)
class Mixed(Ensemble):
    """What `Alternating` and `MarkovModulated` have in common: the ensembles of their factors."""

    ensembles: tuple[Ensemble, ...]

    @property
    def dtype(self) -> type[float] | type[complex]:
        """The type of a matrix entry: ``complex`` if one of the ensembles is."""
        return complex if any(e.dtype is complex for e in self.ensembles) else float

    @property
    def moment_limit(self) -> float | None:
        """The order below which all absolute moments of the entries exist."""
        limits = [e.moment_limit for e in self.ensembles]
        known = [limit for limit in limits if limit is not None]
        return min(known) if len(known) == len(limits) else None

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with the first factors of products."""
        self.sequence(batch.shape[-1])(stream, batch)

    def _streams(self, stream: Stream) -> list[Stream]:
        """Return a stream for each ensemble, so that none depends on how many draws others make."""
        words = np.empty((len(self.ensembles), 2), np.uint64)
        sequences.fill_words(stream.words, words.reshape(-1))
        return [Stream(np.random.SeedSequence(row)) for row in words.tolist()]


@dataclass(frozen=True, repr=False)
class Alternating(Mixed):
    r"""Factors that cycle through a list of ensembles.

    The first factor of a product is drawn from the first ensemble, the next from the second, and
    after the last ensemble the cycle begins again: a layer after a layer of another kind, or a
    fixed matrix after a random one.

    Parameters
    ----------
    ensembles : sequence of Ensemble or (n, n) array_like
        The laws of the factors in a cycle, all of one size n; a matrix stands for itself. The
        factors are complex if one of the ensembles is.

    Raises
    ------
    TypeError, ValueError
        If ``ensembles`` is no sequence of ensembles and square matrices of one size, or is empty.

    Notes
    -----
    Growth rates are those of a factor, the mean over a cycle; an estimate over t factors that are
    no whole number of cycles is off by a term of the order 1/t. Each ensemble draws from its own
    stream, so a draw costs what it costs in the ensemble, and a copy.

    Examples
    --------
    >>> import stabsim
    >>> kicked = stabsim.Alternating([stabsim.Haar(2), [[2.0, 0.0], [0.0, 0.5]]])
    >>> kicked.n, len(kicked.ensembles)
    (2, 2)
    """

    def __init__(self, ensembles: Sequence[Ensemble | ArrayLike]) -> None:
        checked = _members(ensembles)
        self._set("ensembles", checked)
        self._set("n", checked[0].n)

    def __repr__(self) -> str:
        """Return the call that makes this ensemble."""
        return f"Alternating({list(self.ensembles)!r})"

    @property
    def independent(self) -> bool:
        """Whether the factors of a product are independent of each other."""
        return all(e.independent for e in self.ensembles)

    @property
    def identically_distributed(self) -> bool:
        """Whether all factors of a product have the same law."""
        return len(set(self.ensembles)) == 1 and self.ensembles[0].identically_distributed

    @property
    def period(self) -> int:
        """The number of factors after which their laws come again, 1 where all have the same."""
        if self.identically_distributed:
            return 1
        # A member goes on by one factor in every cycle.
        return len(self.ensembles) * math.lcm(*(e.period for e in self.ensembles))

    def sequence(self, lanes: int) -> Callable[[Stream, Numbers], None]:
        """Return what draws consecutive factors of ``lanes`` products, from batch to batch."""
        period = len(self.ensembles)
        draws = [e.sequence(lanes) for e in self.ensembles]
        streams: list[Stream] = []
        done = 0

        def draw(stream: Stream, batch: Numbers) -> None:
            nonlocal done
            if not streams:
                streams.extend(self._streams(stream))
            for i, ensemble in enumerate(self.ensembles):
                places = batch[(i - done) % period :: period]
                if len(places) > 0:
                    drawn = ensemble.workspace(len(places), lanes)
                    draws[i](streams[i], drawn)
                    places[...] = drawn
            done += len(batch)

        return draw


@dataclass(frozen=True, repr=False)
class MarkovModulated(Mixed):
    r"""Factors picked by the states of a Markov chain.

    The state of a Markov chain says which ensemble a factor is drawn from, and the chain takes a
    step from each factor to the next. Given the states, the factors are independent. Products of
    this kind are the random dynamical systems with Markovian switching :cite:p:`Costa2005`.

    Parameters
    ----------
    ensembles : sequence of m Ensemble or (n, n) array_like
        The law of a factor in each state, all of one size n; a matrix stands for itself. An
        ensemble must draw independent factors of one law. The factors are complex if one of the
        ensembles is.
    transition : (m, m) array_like
        ``transition[i][j]`` is the probability that state j follows state i. Rows sum to 1 within
        1e-9.
    initial : "stationary" or (m,) array_like, default "stationary"
        The probabilities of the first factor's state, which sum to 1 within 1e-9; by default those
        of the stationary distribution, which must then be unique.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or shape, probabilities do not sum to 1, or
        ``initial="stationary"`` and there are several stationary distributions.

    Notes
    -----
    Independent factors of the law of a `FiniteSet` are the case of equal rows. A step of the chain
    costs one uniform draw. Each ensemble draws from its own stream.

    Examples
    --------
    >>> import stabsim
    >>> weather = stabsim.MarkovModulated(
    ...     [[[2.0]], [[0.25]]], transition=[[0.75, 0.25], [0.25, 0.75]]
    ... )
    >>> weather.stationary
    (0.5, 0.5)
    >>> weather.independent
    False
    """

    transition: tuple[tuple[float, ...], ...]
    initial: str | tuple[float, ...]

    def __init__(
        self,
        ensembles: Sequence[Ensemble | ArrayLike],
        transition: ArrayLike,
        *,
        initial: str | ArrayLike = "stationary",
    ) -> None:
        checked = _members(ensembles)
        for ensemble in checked:
            if not (ensemble.independent and ensemble.identically_distributed):
                raise ValueError(
                    f"ensembles must draw independent factors of one law, got {ensemble!r}"
                )
        size = len(checked)
        self._set("ensembles", checked)
        self._set("n", checked[0].n)
        rows = _probabilities("transition", transition, (size, size))
        self._set("transition", tuple(map(tuple, rows.tolist())))
        if isinstance(initial, str):
            validation.choice("initial", initial, ("stationary",))
            self._set("initial", initial)
            closed = _closed_classes(rows)
            if len(closed) > 1:
                raise ValueError(
                    "initial must be probabilities where the transitions leave several stationary "
                    f"distributions, on the states {_listed(closed)}, got 'stationary'"
                )
        else:
            self._set("initial", tuple(_probabilities("initial", initial, (size,)).tolist()))

    def __repr__(self) -> str:
        """Return the call that makes this ensemble, without the default."""
        text = f"MarkovModulated({list(self.ensembles)!r}, {list(map(list, self.transition))!r}"
        if self.initial != "stationary":
            text += f", initial={list(self.initial)!r}"
        return text + ")"

    @property
    def independent(self) -> bool:
        """False: the states of successive factors depend on each other."""
        return False

    @property
    def identically_distributed(self) -> bool:
        """Whether the chain starts in its stationary distribution."""
        return self.initial == "stationary"

    @property
    def stationary(self) -> tuple[float, ...]:
        """The probabilities of the states in the stationary distribution, where it is unique."""
        rows = np.array(self.transition)
        closed = _closed_classes(rows)
        if len(closed) > 1:
            raise AttributeError(
                f"stationary must be unique, and there is one on each of {_listed(closed)}"
            )
        probabilities = np.zeros(len(rows))
        probabilities[closed[0]] = _stationary(rows[np.ix_(closed[0], closed[0])])
        return tuple(probabilities.tolist())

    def sequence(self, lanes: int) -> Callable[[Stream, Numbers], None]:
        """Return what draws consecutive factors of ``lanes`` products, from batch to batch."""
        size = len(self.ensembles)
        initial = self.stationary if isinstance(self.initial, str) else self.initial
        # The last row is the way into the chain, from a state that it never comes back to.
        cumulative = _cumulative(np.array([*self.transition, initial]))
        state = np.full(lanes, size)
        streams: list[Stream] = []

        def draw(stream: Stream, batch: Numbers) -> None:
            if not streams:
                streams.extend(self._streams(stream))
            states = np.empty((len(batch), lanes), np.int64)
            sequences.walk(stream.words, cumulative, state, states)
            for i, ensemble in enumerate(self.ensembles):
                steps, places = np.nonzero(states == i)
                if steps.size > 0:
                    drawn = ensemble.workspace(steps.size, 1)
                    ensemble.draw(streams[i], drawn)
                    batch[steps, :, :, places] = drawn[..., 0]

        return draw


@dataclass(frozen=True, repr=False)
class Autoregressive(Ensemble):
    r"""Gaussian factors whose entries are correlated from each factor to the next.

    The entries are independent stationary autoregressive sequences,

    .. math:: A_t = \rho A_{t-1} + \sqrt{1 - \rho^2}\; \sigma G_t,

    with Ginibre matrices :math:`G_t`. So every factor is Gaussian of standard deviation
    :math:`\sigma`, and entries s factors apart have the correlation :math:`\rho^s`: the
    Ornstein–Uhlenbeck process at equal intervals :cite:p:`Uhlenbeck1930`.

    Parameters
    ----------
    n : int
        Rows and columns.
    correlation : float
        The correlation :math:`\rho` of an entry with itself in the next factor, in [-1, 1]. With 0
        the factors are those of `Ginibre`, with 1 a product is a power of one matrix.
    sigma : float, default 1.0
        Standard deviation of an entry, in [1e-100, 1e100]. Complex entries have
        :math:`E|a|^2 = \sigma^2`.
    field : {"real", "complex"}, default "real"
        What the entries are.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range.

    Examples
    --------
    >>> import stabsim
    >>> slow = stabsim.Autoregressive(4, correlation=0.9)
    >>> slow
    Autoregressive(4, correlation=0.9)
    """

    correlation: float
    sigma: float
    field: str

    def __init__(
        self, n: int, *, correlation: float, sigma: float = 1.0, field: str = "real"
    ) -> None:
        self._set("n", validation.integer("n", n, least=1))
        self._set("correlation", validation.real("correlation", correlation, least=-1.0, most=1.0))
        self._set("sigma", validation.real("sigma", sigma, least=LEAST_SCALE, most=MOST_SCALE))
        self._set("field", validation.choice("field", field, FIELDS))

    def __repr__(self) -> str:
        """Return the call that makes this ensemble, without the defaults."""
        sigma = f", sigma={self.sigma!r}" if self.sigma != 1.0 else ""
        field = f", field={self.field!r}" if self.field != "real" else ""
        return f"Autoregressive({self.n}, correlation={self.correlation!r}{sigma}{field})"

    @property
    def independent(self) -> bool:
        """Whether the factors of a product are independent of each other."""
        return self.correlation == 0.0

    def draw(self, stream: Stream, batch: Numbers) -> None:
        """Fill a batch with the first factors of products."""
        self.sequence(batch.shape[-1])(stream, batch)

    def sequence(self, lanes: int) -> Callable[[Stream, Numbers], None]:
        """Return what draws consecutive factors of ``lanes`` products, from batch to batch."""
        sigma = self.sigma / math.sqrt(2.0 if self.field == "complex" else 1.0)
        innovation = math.sqrt((1.0 - self.correlation) * (1.0 + self.correlation))
        previous = self.workspace(1, lanes)[0]
        started = False

        def draw(stream: Stream, batch: Numbers) -> None:
            nonlocal started
            if not started:
                factors.fill_gaussian(stream.words, sigma, real_numbers(previous))
                started = True
            factors.fill_gaussian(stream.words, sigma, real_numbers(batch))
            sequences.correlate(self.correlation, innovation, previous, batch)

        return draw


def _members(ensembles: Sequence[Ensemble | ArrayLike]) -> tuple[Ensemble, ...]:
    """Return ensembles of one size, a matrix as the ensemble that always draws it."""
    requirement = "ensembles must be a sequence of ensembles or square matrices, all of one size"
    members: list[Ensemble] = []
    member: Any
    for member in validation.items(requirement, ensembles):
        if isinstance(member, Ensemble):
            members.append(member)
            continue
        try:
            members.append(FiniteSet([member]))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{requirement}, got {validation.described(member)}") from error
    sizes = {member.n for member in members}
    if len(sizes) != 1:
        raise ValueError(f"{requirement}, got the sizes {sorted(sizes)}")
    return tuple(members)


def _probabilities(name: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return an array of this shape whose rows are probabilities."""
    size = " x ".join(map(str, shape))
    requirement = f"{name} must be {size} probabilities" + (
        ", each row with the sum 1" if len(shape) > 1 else " with the sum 1"
    )
    array = validation.array(requirement, values, kinds="biuf", shape=shape)
    if not (array >= 0.0).all():
        raise ValueError(f"{requirement}, got {validation.described(array.tolist())}")
    sums = array.sum(axis=-1)
    if not (abs(sums - 1.0) <= 1e-9).all():
        raise ValueError(f"{requirement}, got the sums {validation.described(sums.tolist())}")
    return array


def _cumulative(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return cumulative probabilities; the last possible state takes what rounding leaves."""
    cumulative = np.cumsum(rows, axis=1)
    for row, probabilities in zip(cumulative, rows, strict=True):
        row[np.flatnonzero(probabilities)[-1] :] = 1.0
    return cumulative


def _closed_classes(transition: NDArray[np.float64]) -> list[list[int]]:
    """Return the sets of states that reach each other and that no transition leaves."""
    size = len(transition)
    reached = (transition > 0.0) | np.eye(size, dtype=bool)
    for _ in range(size.bit_length()):
        reached = reached @ reached
    closed = {
        tuple(np.flatnonzero(row).tolist()) for row in reached if reached[np.ix_(row, row)].all()
    }
    return sorted(map(list, closed))


def _stationary(transition: NDArray[np.float64]) -> Any:
    """Return the stationary distribution of states that all reach each other.

    States are taken out one by one :cite:p:`Grassmann1985`, which subtracts nothing and so is
    accurate to rounding however seldom a state is.
    """
    rates = transition.copy()
    size = len(rates)
    for i in range(size - 1, 0, -1):
        rates[:i, i] /= rates[i, :i].sum()
        rates[:i, :i] += np.outer(rates[:i, i], rates[i, :i])
    weights = np.ones(size)
    for i in range(1, size):
        weights[i] = weights[:i] @ rates[:i, i]
    return weights / weights.sum()


def _listed(classes: list[list[int]]) -> str:
    return " and ".join(map(repr, classes))
