"""What `check` says of a result: a verdict on each thing that can go wrong in a simulation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, overload

Verdict = Literal["not checked", "passes", "doubtful", "fails"]
_VERDICTS: tuple[Verdict, ...] = ("not checked", "passes", "doubtful", "fails")


def severity(verdict: Verdict) -> int:
    """Return the place of a verdict from what was not checked to what fails."""
    return _VERDICTS.index(verdict)


@dataclass(frozen=True)
class Check:
    """The verdict of one check on a result.

    Attributes
    ----------
    name : str
        What was checked, one or two words.
    verdict : {"passes", "doubtful", "fails", "not checked"}
        What came of it.
    text : str
        What was found, in plain words.
    """

    name: str
    verdict: Verdict
    text: str


@dataclass(frozen=True, repr=False)
class Checks(Sequence[Check]):
    """The checks of a result, in the manner of those of MCNP's tallies :cite:p:`Pederson1997`.

    Results make it: ``result.check()``. It is a sequence of `Check`, which a name finds too.

    Attributes
    ----------
    checks : tuple of Check
        The checks.

    Notes
    -----
    A result has those of the following checks that its kind allows. Where a check looks at several
    quantities, it tells of the worst. Tests of a hypothesis call an honest result, of independent
    trials of one law, doubtful once in a thousand and failing once in a million, however many
    quantities it has (Bonferroni). Of the others each tells of its own false alarms.

    **numbers** fails where there is a NaN or ``inf``. No false alarms.

    **vanished** is doubtful where trials have vanished (a signal is zero, a product singular),
    since moments are those of the others, and fails where none is left of what the result is about.
    No false alarms.

    **float range** is what number formats make of the numbers whose logarithms stabsim carries:
    doubtful where float64 does not hold all, so that logarithms must not be exponentiated. No false
    alarms.

    **error** asks whether the standard error itself is known :cite:p:`KoehlerBrownHaneuse2009`. It
    is doubtful from a variance of the variance of 0.1 :cite:p:`Pederson1997`, when the standard
    error is off by 16 %, and fails from 0.4, unless one in a thousand normal samples has that, too
    :cite:p:`AnscombeGlynn1983`: Student's intervals allow for the latter. Fewer than 8 trials are
    doubtful, and one fails.

    **single trials** is the share of the most distant trial in the sum of squares, whose root is by
    how many standard errors this trial moves the mean. It is doubtful from 0.1 and fails from 0.4,
    unless one in a thousand normal samples has that, too :cite:p:`Grubbs1969`.

    **intervals** is what skewness takes from intervals of 95 %: doubtful from one point
    :cite:p:`Sugden2000` and failing from five, unless one in a thousand normal samples is as skew
    :cite:p:`DAgostino1970`.

    **tails** is the Pareto index of both tails :cite:p:`ZhangStephens2009,Vehtari2024`. It is
    doubtful where the third moment is infinite, so that intervals are rough, and fails where the
    variance is, so that there is no standard error. A tail just lighter is taken for such once in a
    thousand results, others less often. It takes 100 trials.

    **batches** tests whether the means of up to 20 batches of consecutive trials vary as much as
    those of independent ones, by the variance ratio F.

    **drift** tests whether the last third of the trials has the mean of the first, by Welch's
    ratio, as :cite:t:`Geweke1992` compares parts of a chain.

    **repeats** looks for a run of trials that comes twice, as from streams of random numbers that
    overlap. Laws of few values have such runs by chance, which is allowed for, and once in a
    thousand results are called doubtful for one.

    **exact value** tests the distance from the exact value in standard errors. It is doubtful at
    the worst where that is but the limit of what was estimated.

    **precision** fails where the precision asked for was not reached. No false alarms.

    Lyapunov spectra have **lost directions** (doubtful where an exponent is ``-inf``). From 8
    chains on there is **warm-up**, which tests whether they grow alike in the first and the last
    third of their steps, and **chains**, which tests whether these two are uncorrelated, as they
    are unless chains follow different laws or remember as much as a third of their steps. Fewer
    chains have **memory**, which tests whether the pieces between recorded steps, which give the
    error, are uncorrelated; all tests of trials are those of these pieces.

    Populations have **moments** (doubtful where one is infinite), and **populations**, which fails
    where one has collapsed by the criteria of `stabsim.generalized_lyapunov`. Localization lengths
    have **resolution**, which is doubtful from a relative error of 0.1 and fails from 0.5: the
    error of a length is symmetric only if it is small.

    Examples
    --------
    >>> import stabsim
    >>> growth = stabsim.matrix_product_growth(
    ...     stabsim.Ginibre(4), 100, trials=1000, norm="vector", rng=1
    ... )
    >>> checks = growth.check()
    >>> checks.passed, checks.verdict
    (True, 'passes')
    >>> print(checks["vanished"].text)
    no trial has vanished
    """

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no check fails; doubtful ones ask for a look."""
        return self.verdict != "fails"

    @property
    def verdict(self) -> Verdict:
        """The worst verdict."""
        return max((check.verdict for check in self.checks), key=severity)

    def __len__(self) -> int:
        return len(self.checks)

    @overload
    def __getitem__(self, index: int | str) -> Check: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Check]: ...
    def __getitem__(self, index: int | str | slice) -> Check | Sequence[Check]:
        """Return a check by its name or its place."""
        if not isinstance(index, str):
            return self.checks[index]
        for check in self.checks:
            if check.name == index:
                return check
        names = ", ".join(repr(check.name) for check in self.checks)
        raise KeyError(f"there is no check {index!r} among {names}")

    def summary(self) -> str:
        """Return a table of the checks.

        Returns
        -------
        str
            A line that counts the verdicts, then a line for each check.
        """
        counts = Counter(check.verdict for check in self.checks)
        told = [
            f"{counts[verdict]} {verdict}" for verdict in reversed(_VERDICTS) if counts[verdict]
        ]
        width = max(len(check.name) for check in self.checks)
        return "\n".join(
            [f"{len(self.checks)} checks: {', '.join(told)}"]
            + [f"{check.name:<{width}}  {check.verdict:<11}  {check.text}" for check in self.checks]
        )

    def __repr__(self) -> str:
        """Return the class and the summary."""
        return f"<Checks>\n{self.summary()}"
