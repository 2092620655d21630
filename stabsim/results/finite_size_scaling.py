"""The result of `stabsim.finite_size_scaling`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from stabsim.results.arrays import read_only
from stabsim.results.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from stabsim.results.localization_length import LocalizationLength

__all__ = ["FiniteSizeScaling"]


@dataclass(frozen=True, eq=False, repr=False)
class FiniteSizeScaling(Result):
    r"""Localization lengths of strips or bars of several widths and disorders.

    `stabsim.finite_size_scaling` makes it. Arrays (M, W) have a row for each width and a column for
    each strength of the disorder; lengths are in units of the lattice constant.

    Attributes
    ----------
    disorder : (W,) float64 array
        The strengths of the disorder.
    width : (M,) int64 array
        Sites along a side of the cross-section.
    dimension : int
        2 for strips, 3 for bars.
    points : tuple of LocalizationLength
        The results of the points, row by row.
    seed : numpy.random.SeedSequence
        Passed as ``rng``, it repeats the result bit for bit.

    Examples
    --------
    >>> import stabsim
    >>> strips = stabsim.finite_size_scaling(0.0, [4.0, 8.0], [3, 6], steps=5000, rng=1)
    >>> strips.length.shape, strips.reduced_se.shape
    ((2, 2), (2, 2))
    """

    estimated: ClassVar[Mapping[str, tuple[str, str]]] = {"length": ("length", "standard_error")}

    disorder: NDArray[np.float64]
    width: NDArray[np.int64]
    dimension: int
    points: tuple[LocalizationLength, ...]
    seed: np.random.SeedSequence

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        self.disorder.flags.writeable = False
        self.width.flags.writeable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled result, whose arrays have lost their flags."""
        self.__dict__.update(state)
        self.__post_init__()

    def _table(self, values: list[float]) -> NDArray[np.float64]:
        return read_only(np.array(values).reshape(self.width.size, self.disorder.size))

    @property
    def length(self) -> NDArray[np.float64]:
        """The localization lengths, (M, W); infinite where the inverse is not positive."""
        return self._table([point.length for point in self.points])

    @property
    def standard_error(self) -> NDArray[np.float64]:
        """The standard errors of the lengths, (M, W)."""
        return self._table([point.standard_error for point in self.points])

    @property
    def reduced(self) -> NDArray[np.float64]:
        r"""The reduced lengths :math:`\Lambda = \xi / M`, (M, W)."""
        return self._table([point.reduced for point in self.points])

    @property
    def reduced_se(self) -> NDArray[np.float64]:
        """The standard errors of the reduced lengths, (M, W)."""
        return self._table([point.reduced_se for point in self.points])

    def summary(self) -> str:
        """Return a short table of the result.

        Returns
        -------
        str
            A few lines of text: what was simulated, and the reduced lengths by width and disorder.
        """
        first = self.points[0]
        kind = {2: "strips", 3: "bars of a square cross-section"}[self.dimension]
        samples = f"{first.spectrum.trials} samples of {first.spectrum.steps} slices at each point"
        lines = [
            f"{kind} with {first.ensemble.edges} edges, {first.ensemble.distribution} disorder",
            f"energy {first.ensemble.energy:g}, {samples}",
            *self._precision_lines(),
            "reduced length by width (rows) and disorder (columns)",
            f"{'':>6}" + "".join(f"{strength:>18g}" for strength in self.disorder),
        ]
        for width, row, errors in zip(self.width, self.reduced, self.reduced_se, strict=True):
            entries = (f"{x:.4g} ± {error:.1g}" for x, error in zip(row, errors, strict=True))
            lines.append(f"{width:>6}" + "".join(f"{entry:>18}" for entry in entries))
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the class and the summary."""
        return f"<FiniteSizeScaling>\n{self.summary()}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the reduced length against the disorder, with a line for each width.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, not yet shown.
        """
        from stabsim.plotting.localization import plot_finite_size_scaling

        return plot_finite_size_scaling(self, ax)

    def to_dataframe(self) -> Any:
        """Return the points as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            A row for each width and disorder, with the columns ``length``, ``standard_error``,
            ``reduced`` and ``reduced_se``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        index = pd.MultiIndex.from_product([self.width, self.disorder], names=["width", "disorder"])
        names = ("length", "standard_error", "reduced", "reduced_se")
        return pd.DataFrame({name: getattr(self, name).ravel() for name in names}, index=index)
