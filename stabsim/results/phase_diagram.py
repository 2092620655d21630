"""The result of `stabsim.phase_diagram`."""

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

    from stabsim.activations import Activation
    from stabsim.theory import CriticalLine, Phases

    Floats = NDArray[np.float64]

_SUMMARY_ROWS = 6


@dataclass(frozen=True, eq=False)
class SimulatedRates:
    r"""The growth of gradients in the simulated networks of a `PhaseDiagram`.

    Attributes
    ----------
    width, depth : int
        Units of every layer, and layers.
    trials : int
        Independent initializations at every point.
    rate : (B, W) float64 array
        Growth of :math:`\ln|\partial\ell/\partial x|` per layer on its way down; ``-inf`` where
        every trial is dead.
    standard_error : (B, W) float64 array
        Its standard error; infinite for a single trial.
    dead : (B, W) int64 array
        The number of trials whose gradient is zero.
    """

    width: int
    depth: int
    trials: int
    rate: Floats
    standard_error: Floats
    dead: NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class PhaseDiagram(Result):
    r"""Order and chaos over a grid of initializations, by theory and by simulation.

    `stabsim.phase_diagram` makes it. Arrays (B, W) have a row for each :math:`\sigma_b`, a column
    for each :math:`\sigma_w`.

    Attributes
    ----------
    activation : Activation
        The activation after every layer.
    sigma_w : (W,) float64 array
        Standard deviations of weights times the root of the number of inputs.
    sigma_b : (B,) float64 array
        Standard deviations of biases.
    theory : Phases
        Fixed points and slopes of the maps of infinite width, see `stabsim.theory.phases`.
    critical_line : CriticalLine
        For each of ``sigma_b`` the :math:`\sigma_w` with :math:`\chi_1 = 1`, see
        `stabsim.theory.critical_line`.
    simulation : SimulatedRates or None
        What was simulated.
    seed : numpy.random.SeedSequence
        Passed as ``rng``, it repeats the result bit for bit.

    Examples
    --------
    >>> import stabsim
    >>> diagram = stabsim.phase_diagram("tanh", [1.0, 2.0], [0.05**0.5], simulate=False)
    >>> diagram.chi.shape, diagram.depth_scale.round(1)
    ((1, 2), array([[ 3.6, -3.4]]))
    """

    estimated: ClassVar[Mapping[str, tuple[str, str]]] = {
        "simulated_rate": ("simulated_rate", "simulated_rate_se")
    }

    activation: Activation
    sigma_w: Floats
    sigma_b: Floats
    theory: Phases
    critical_line: CriticalLine
    simulation: SimulatedRates | None
    seed: np.random.SeedSequence

    def __post_init__(self) -> None:
        """Freeze all arrays."""
        for part in (self, self.theory, self.critical_line, self.simulation):
            for value in vars(part).values() if part is not None else ():
                if isinstance(value, np.ndarray):
                    value.flags.writeable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled result, whose arrays have lost their flags."""
        self.__dict__.update(state)
        self.__post_init__()

    @property
    def q(self) -> Floats:
        r"""The length :math:`q^*` to which pre-activations tend, (B, W); 0 and infinity occur."""
        return self.theory.q

    @property
    def chi(self) -> Floats:
        r""":math:`\chi_1`, by which a layer multiplies the square of a gradient, (B, W)."""
        return self.theory.susceptibility

    @property
    def ordered(self) -> NDArray[np.bool_]:
        r"""Whether gradients vanish, :math:`\chi_1 < 1`, (B, W)."""
        return read_only(self.chi < 1.0)

    @property
    def stable(self) -> NDArray[np.bool_]:
        r"""Whether lengths return to :math:`q^*` exponentially, :math:`|V'(q^*)| < 1`, (B, W)."""
        return read_only(np.abs(self.theory.length_slope) < 1.0)

    @property
    def depth_scale(self) -> Floats:
        r""":math:`\xi_\nabla = -1/\ln\chi_1` of squared gradients, (B, W).

        Positive where they vanish, negative where they explode, infinite on the critical line.
        """
        return read_only(self.theory.gradient_scale)

    @property
    def correlation_scale(self) -> Floats:
        r""":math:`\xi_c`, the layers in which correlations settle by a factor e, (B, W)."""
        return read_only(self.theory.correlation_scale)

    @property
    def length_scale(self) -> Floats:
        r""":math:`\xi_q`, the layers in which lengths settle by a factor e, (B, W)."""
        return read_only(self.theory.length_scale)

    @property
    def rate(self) -> Floats:
        r""":math:`\tfrac12 \ln\chi_1`, the growth of a gradient's logarithm per layer, (B, W)."""
        with np.errstate(divide="ignore"):
            return read_only(0.5 * np.log(self.chi))

    def _simulated(self) -> SimulatedRates:
        if self.simulation is None:
            raise AttributeError("there is a simulation only with simulate=True, got False")
        return self.simulation

    @property
    def simulated_rate(self) -> Floats:
        r"""The growth per layer in the simulated networks, (B, W), beside `rate`.

        This and what follows are there only if ``simulate=True``.
        """
        return self._simulated().rate

    @property
    def simulated_rate_se(self) -> Floats:
        """The standard error of the simulated rate, (B, W)."""
        return self._simulated().standard_error

    @property
    def simulated_depth_scale(self) -> Floats:
        r"""The depth scale :math:`-1/(2r)` of the simulated rate, (B, W), beside `depth_scale`."""
        with np.errstate(divide="ignore"):
            return read_only(-0.5 / self._simulated().rate + 0.0)

    @property
    def dead(self) -> NDArray[np.int64]:
        """The number of simulated trials whose gradient is zero, (B, W)."""
        return self._simulated().dead

    def summary(self) -> str:
        """Return a short table of the result.

        Returns
        -------
        str
            A few lines of text: the grid, the critical line at some biases, and how far the
            simulation is from theory.
        """
        phases = (
            f"ordered at {int(self.ordered.sum())} of {self.chi.size} points, lengths settle at "
            f"{int(self.stable.sum())}"
        )
        lines = [
            f"phases of {self.activation!r}, {self.sigma_w.size} × {self.sigma_b.size} points",
            phases,
            *self._precision_lines(),
            f"{'σ_b':>10}{'critical σ_w':>16}{'q*':>12}{'stable':>10}",
        ]
        line = self.critical_line
        shown = np.unique(np.linspace(0, self.sigma_b.size - 1, _SUMMARY_ROWS).astype(int))
        for row in shown:
            if line.exists[row]:
                lines.append(
                    f"{line.sigma_b[row]:>10.4g}{line.sigma_w[row]:>16.6g}{line.q[row]:>12.5g}"
                    f"{'yes' if line.stable[row] else 'no':>10}"
                )
            else:
                lines.append(f"{line.sigma_b[row]:>10.4g}{'none':>16}")
        if self.simulation is None:
            return "\n".join(lines)
        simulation = self.simulation
        finite = np.isfinite(simulation.rate) & np.isfinite(self.rate)
        lines.append(
            f"simulated at width {simulation.width}, depth {simulation.depth}, "
            f"{simulation.trials} trials a point, {int(simulation.dead.sum())} of all dead"
        )
        if finite.any():
            off = np.abs(simulation.rate - self.rate)[finite]
            lines.append(
                f"|rate - ½ ln χ₁|: median {np.median(off):.2g}, largest {off.max():.2g}; "
                f"standard errors: median {np.median(simulation.standard_error[finite]):.2g}"
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the class and the summary."""
        return f"<PhaseDiagram>\n{self.summary()}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the map of gradient growth, the critical line and the simulated points.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, not yet shown.
        """
        from stabsim.plotting.phase_diagram import plot_phase_diagram

        return plot_phase_diagram(self, ax)

    def to_dataframe(self) -> Any:
        """Return the points of the grid as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            A row for each point, indexed by ``sigma_b`` and ``sigma_w``, with the columns ``q``,
            ``chi``, ``ordered``, ``stable``, ``depth_scale``, ``correlation_scale``,
            ``length_scale`` and ``rate``, and where there is a simulation ``simulated_rate``,
            ``simulated_rate_se``, ``simulated_depth_scale`` and ``dead``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        names = [
            "q",
            "chi",
            "ordered",
            "stable",
            "depth_scale",
            "correlation_scale",
            "length_scale",
            "rate",
        ]
        if self.simulation is not None:
            names += ["simulated_rate", "simulated_rate_se", "simulated_depth_scale", "dead"]
        index = pd.MultiIndex.from_product(
            [self.sigma_b, self.sigma_w], names=["sigma_b", "sigma_w"]
        )
        return pd.DataFrame({name: getattr(self, name).ravel() for name in names}, index=index)
