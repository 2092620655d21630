"""What all results have: they go on with more trials, are written to files, and are checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

from stabsim import _archives
from stabsim._simulation import Run, extended
from stabsim.results.checks import Checks, check_result

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from typing import Self

    from stabsim._targets import StandardError

__all__ = ["Result"]


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What all results of simulations have.

    Attributes
    ----------
    run : Run
        How the result came about: the call of the verb, and what every part of it yielded. It is
        for stabsim's own use.
    """

    #: What is estimated, by name: the attributes that hold it and its standard error. The first is
    #: what ``precision`` is of unless it says otherwise.
    estimated: ClassVar[Mapping[str, tuple[str, str]]]

    run: Run = field(init=False)

    def estimates(self) -> Mapping[str, tuple[Any, Any]]:
        """Return what is estimated, by name, each with its standard error.

        Returns
        -------
        dict of str to tuple
            Pairs of numbers or of arrays of one shape. The first is what ``precision`` is of
            unless it says otherwise, see `stabsim.StandardError`.
        """
        return {
            name: (attrgetter(value)(self), attrgetter(error)(self))
            for name, (value, error) in self.estimated.items()
        }

    @property
    def target(self) -> StandardError | None:
        """The standard error that ``precision`` asked for, if any."""
        # A result that is a part of another one has no run of its own.
        return self.run.target if hasattr(self, "run") else None

    @property
    def is_precise(self) -> bool:
        """Whether the standard errors are at most what ``precision`` asked for, if anything."""
        return self.target is None or self.target.excess(self) <= 1.0

    @property
    def stream_version(self) -> int:
        """The version of the random streams: results of one version repeat bit for bit."""
        return self.run.stream_version

    def extend(
        self,
        trials: int,
        *,
        n_jobs: int | None = None,
        progress: bool = False,
        checkpoint: str | PathLike[str] | None = None,
    ) -> Self:
        """Return the result of more trials, as if they had been there from the start.

        Parameters
        ----------
        trials : int
            How many trials more, positive.
        n_jobs : int, optional
            Workers, in joblib's words; all available cores by default.
        progress : bool, default False
            Show a progress bar, on a terminal or in a notebook.
        checkpoint : path, optional
            The folder where finished trials are kept, as for the verb.

        Returns
        -------
        the same type
            The result of all trials; this one stays as it is.

        Raises
        ------
        TypeError, ValueError
            If a parameter is of the wrong type or out of its range, or if another version of the
            random streams made this result.

        Notes
        -----
        The longer result is that of one call with all the trials, bit for bit. What the first
        trials have settled, such as the warm-up of `stabsim.lyapunov_spectrum`, stays as it is.

        Examples
        --------
        >>> import stabsim
        >>> few = stabsim.matrix_product_growth(stabsim.Ginibre(4), 10, trials=100, rng=1)
        >>> many = stabsim.matrix_product_growth(stabsim.Ginibre(4), 10, trials=1000, rng=1)
        >>> bool((few.extend(900).log_norm == many.log_norm).all())
        True
        """
        longer: Self = extended(
            self.run, trials, n_jobs=n_jobs, progress=progress, checkpoint=checkpoint
        )
        return longer

    def save(self, path: str | PathLike[str]) -> None:
        """Write the result to a file, which `stabsim.load` reads.

        Parameters
        ----------
        path : path
            Where to write; a file that is there is replaced, once the new one is whole.

        Raises
        ------
        TypeError
            If ``path`` is no path, or the result is of specs that are not stabsim's.
        OSError
            If the file cannot be written.

        See Also
        --------
        stabsim.load : The way back, and the format of the file.

        Examples
        --------
        >>> import stabsim, tempfile, pathlib
        >>> growth = stabsim.matrix_product_growth(stabsim.Ginibre(4), 10, trials=100, rng=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     growth.save(pathlib.Path(folder, "growth.npz"))
        ...     again = stabsim.load(pathlib.Path(folder, "growth.npz"))
        >>> bool((again.log_norm == growth.log_norm).all())
        True
        """
        _archives.write(path, self.run)

    def check(self) -> Checks:
        """Return what a careful user would look at before believing the result.

        Returns
        -------
        Checks
            One line for each question, with a verdict; see `stabsim.results.Checks`.

        Examples
        --------
        >>> import stabsim
        >>> growth = stabsim.matrix_product_growth(stabsim.Ginibre(4), 10, trials=1000, rng=1)
        >>> growth.check().passed
        True
        """
        return check_result(self)

    def _precision_lines(self) -> list[str]:
        """Return what the summary says of the precision that was asked for, if any was."""
        if self.target is None:
            return []
        reached = "reached" if self.is_precise else "NOT reached"
        return [f"precision {reached}: {self.target.reached(self)}"]

    def warn(self, stacklevel: int) -> None:
        """Warn where the result is in doubt: most have nothing to say before they are asked."""
