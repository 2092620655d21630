"""The result of `stabsim.signal_propagation`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from stabsim.results.profile import Profile
from stabsim.results.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from stabsim._statistics import Statistics
    from stabsim.networks import Network
    from stabsim.theory.propagation import MeanFieldPropagation

_SUMMARY_ROWS = 6


@dataclass(frozen=True, eq=False, repr=False)
class SignalPropagation(Result):
    r"""The lengths and the correlation of two inputs through the layers of a network.

    `stabsim.signal_propagation` makes it. All logarithms are natural, and all quantities those of
    the pre-activations :math:`h^l = W_l x^{l-1} + b_l`. Where a signal is zero, its length and all
    that needs an angle are ``-inf`` and counted.

    Attributes
    ----------
    network : Network
        The architecture and the laws of its weights.
    input_correlation : float
        The cosine of the two inputs.
    input_length : float
        The mean square of either input.
    layers : (R,) int64 array
        The recorded layers, from 1 on.
    trials : int
        Number of independent initializations.
    method, reason : str
        The sampler that ran, ``"conditional"`` or ``"dense"``, and why.
    seed : numpy.random.SeedSequence
        Passed as ``rng``, it repeats the result bit for bit.

    Examples
    --------
    >>> import stabsim
    >>> network = stabsim.MLP(30, 100, activation="relu", init="kaiming_normal")
    >>> result = stabsim.signal_propagation(network, correlation=0.0, trials=1000, rng=1)
    >>> result.cosine.quantile([0.05, 0.5, 0.95]).shape
    (3, 30)
    >>> result.cosine.mean[[0, -1]].round(2), result.mean_field.correlation[[0, -1]].round(2)
    (array([-0.  ,  0.97]), array([0.  , 0.97]))
    """

    estimated: ClassVar[Mapping[str, tuple[str, str]]] = {
        name: (f"{name}.mean", f"{name}.standard_error")
        for name in ("distance", "cosine", "length", "second_length")
    }

    network: Network
    input_correlation: float
    input_length: float
    layers: NDArray[np.int64]
    trials: int
    method: str
    reason: str
    seed: np.random.SeedSequence
    statistics: Statistics

    def __post_init__(self) -> None:
        """Freeze the array of layers."""
        self.layers.flags.writeable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled result, whose arrays have lost their flags."""
        self.__dict__.update(state)
        self.__post_init__()

    def _profile(self, name: str, index: int) -> Profile:
        return Profile(name, self.layers, self.statistics, index * self.layers.size)

    @property
    def length(self) -> Profile:
        r"""Profile of :math:`\ln |h^l|^2/n_l` of the first input."""
        return self._profile("ln |h|²/n", 0)

    @property
    def second_length(self) -> Profile:
        r"""Profile of :math:`\ln |h^l|^2/n_l` of the second input."""
        return self._profile("ln |h|²/n of the second input", 1)

    @property
    def cosine(self) -> Profile:
        """Profile of the correlation c."""
        return self._profile("correlation", 2)

    @property
    def distance(self) -> Profile:
        r"""Profile of :math:`\ln(1 - c)`, which goes on where c has reached 1 in float64."""
        return self._profile("ln(1 - correlation)", 3)

    @property
    def log_length(self) -> NDArray[np.float64]:
        r""":math:`\ln |h^l|^2/n_l` of the first input in every trial, (trials, R); read-only.

        This and all arrays of trials are there only if ``samples=True``.
        """
        return self.length.samples

    @property
    def second_log_length(self) -> NDArray[np.float64]:
        r""":math:`\ln |h^l|^2/n_l` of the second input in every trial, (trials, R); read-only."""
        return self.second_length.samples

    @property
    def correlation(self) -> NDArray[np.float64]:
        """The correlation in every trial, (trials, R); ``-inf`` where it is not defined."""
        return self.cosine.samples

    @property
    def log_distance(self) -> NDArray[np.float64]:
        r""":math:`\ln(1 - c)` in every trial, (trials, R); read-only."""
        return self.distance.samples

    @property
    def dead(self) -> int:
        """The number of trials in which a signal is zero at the last recorded layer."""
        return int(self.cosine.vanished[-1])

    @cached_property
    def mean_field(self) -> MeanFieldPropagation | None:
        """The limit of infinite width, at the recorded layers; None where it says nothing.

        That is so for weights whose mean is not zero, and where a layer composes several
        activations. Activations without a closed form cost some milliseconds a layer.
        """
        # Imported here, because SciPy takes longer to import than all of stabsim.
        from stabsim.theory.propagation import mean_field_propagation

        activations, depth = self.network.activations, int(self.layers[-1])
        if activations is None or not self.network.has_centered_weights:
            return None
        log_norm = -math.inf
        if self.input_length > 0.0:
            log_norm = 0.5 * (math.log(self.input_length) + math.log(self.network.in_features))
        limit = mean_field_propagation(
            self.network.widths[: depth + 1],
            activations[:depth],
            self.network.weight_std[:depth],
            self.network.bias_std[:depth],
            correlation=self.input_correlation,
            log_input_norm=log_norm,
        )
        recorded = {name: array[self.layers - 1] for name, array in vars(limit).items()}
        return replace(limit, **recorded)

    def summary(self) -> str:
        """Return a short table of the result.

        Returns
        -------
        str
            A few lines of text: what was simulated, and lengths and correlations at some layers
            beside the limit of infinite width.
        """
        shown = np.unique(np.linspace(0, self.layers.size - 1, _SUMMARY_ROWS).astype(int))
        low, high = self.cosine.quantile([0.05, 0.95])
        columns: dict[str, NDArray[Any]] = {
            "layer": self.layers,
            "ln |h|²/n": self.length.mean,
            "s.e.": self.length.standard_error,
        }
        if self.mean_field is not None:
            columns["mean field"] = self.mean_field.log_q
        columns |= {
            "c": self.cosine.mean,
            "s.e. of c": self.cosine.standard_error,
            "5 %": low,
            "95 %": high,
        }
        if self.mean_field is not None:
            columns["c, m. field"] = self.mean_field.correlation
        columns["ln(1 - c)"] = self.distance.mean
        if self.cosine.vanished.any():
            columns["dead"] = self.cosine.vanished
        inputs = (
            f"two inputs of mean square {self.input_length:g} and correlation "
            f"{self.input_correlation:g}, dead in {self.dead} trials"
        )
        lines = [
            f"{self.network!r}, {self.trials} trials",
            f"method {self.method}: {self.reason}",
            inputs,
            *self._precision_lines(),
            "".join(f"{name:>12}" for name in columns),
        ]
        for row in shown:
            entries = [column[row] for column in columns.values()]
            lines.append(
                "".join(f"{x:>12}" if isinstance(x, np.integer) else f"{x:>12.4f}" for x in entries)
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the class and the summary."""
        return f"<SignalPropagation>\n{self.summary()}"

    def plot(self, ax: Axes | None = None, *, quantity: str = "correlation") -> Axes:
        """Draw the quantiles of a quantity against the layer, with the limit of infinite width.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        quantity : {"correlation", "distance", "length"}, default "correlation"
            What is drawn: the correlation c, or in decades 1 - c or the mean square of the first
            input's pre-activations.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, not yet shown.

        Raises
        ------
        TypeError, ValueError
            If ``quantity`` is none of these.
        """
        from stabsim.plotting.signal_propagation import plot_signal_propagation

        return plot_signal_propagation(self, ax, quantity)

    def to_dataframe(self) -> Any:
        """Return the distributions at every layer as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            A row for each recorded layer. For each of ``length``, ``second_length``, ``cosine`` and
            ``distance`` the columns ``…_mean``, ``…_standard_error``, ``…_std``, ``…_vanished`` and
            the quantiles ``…_q05``, ``…_q50`` and ``…_q95``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        levels = (0.05, 0.5, 0.95)
        columns: dict[str, NDArray[Any]] = {}
        for name in ("length", "second_length", "cosine", "distance"):
            profile: Profile = getattr(self, name)
            columns[f"{name}_mean"] = profile.mean
            columns[f"{name}_standard_error"] = profile.standard_error
            columns[f"{name}_std"] = profile.std
            columns[f"{name}_vanished"] = profile.vanished
            for level, values in zip(levels, profile.quantile(levels), strict=True):
                columns[f"{name}_q{round(100 * level):02d}"] = values
        return pd.DataFrame(columns, index=pd.Index(self.layers, name="layer"))
