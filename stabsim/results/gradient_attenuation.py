"""The result of `stabsim.gradient_attenuation`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from stabsim.results.arrays import read_only
from stabsim.results.profile import Profile
from stabsim.results.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from stabsim._statistics import Statistics
    from stabsim.networks import Network
    from stabsim.theory import HomogeneousAttenuation, MeanFieldAttenuation

_SUMMARY_ROWS = 6
_LN10 = math.log(10.0)


@dataclass(frozen=True, eq=False, repr=False)
class GradientAttenuation(Result):
    r"""The norms of signals and gradients through the layers of a network at initialization.

    `stabsim.gradient_attenuation` makes it. All logarithms are natural but for ``attenuation``.
    Layer 0 is the input, layer l the activations after layer l. Gradients are those of a loss whose
    gradient at the output has norm 1, in a uniformly random direction.

    Attributes
    ----------
    network : Network
        The architecture and the laws of its weights.
    log_input_norm : float
        The logarithm of the input's norm (of all inputs of a batch together), or for Gaussian
        inputs that of its root mean square.
    batch_size : int
        Number of inputs that pass through the network together.
    layers : (R,) int64 array
        The recorded layers, layer 0 first.
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
    >>> result = stabsim.gradient_attenuation(network, trials=1000, rng=1)
    >>> result.gradient.quantile([0.05, 0.5, 0.95]).shape
    (3, 31)
    >>> z = (result.mean[0] - result.exact.log_gradient_mean[0]) / result.standard_error[0]
    >>> bool(abs(z) < 5)
    True
    """

    estimated: ClassVar[Mapping[str, tuple[str, str]]] = {
        "attenuation": ("_mean_attenuation", "_attenuation_se"),
        "gradient": ("gradient.mean", "gradient.standard_error"),
        "activation": ("activation.mean", "activation.standard_error"),
    }

    network: Network
    log_input_norm: float
    batch_size: int
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

    @property
    def gradient(self) -> Profile:
        """Profile of the gradient's norm with respect to the activations, layer 0 the input."""
        return Profile("ln |∂ℓ/∂x|", self.layers, self.statistics, 0)

    @property
    def activation(self) -> Profile:
        """Profile of the activations' norm, layer 0 the input."""
        return Profile("ln |x|", self.layers, self.statistics, self.layers.size)

    @property
    def preactivation_gradient(self) -> Profile:
        """Profile of the gradient's norm with respect to the pre-activations, without layer 0."""
        return self._inner("ln |∂ℓ/∂h|", 0)

    @property
    def weight_gradient(self) -> Profile:
        """Profile of the gradient's Frobenius norm with respect to the weights, without layer 0."""
        return self._inner("ln ‖∂ℓ/∂W‖", 1)

    @property
    def bias_gradient(self) -> Profile:
        """Profile of the gradient's norm with respect to the biases, without layer 0."""
        return self._inner("ln |∂ℓ/∂b|", 2)

    def _inner(self, name: str, index: int) -> Profile:
        inner = self.layers[1:]
        return Profile(name, inner, self.statistics, 2 * self.layers.size + index * inner.size)

    @property
    def log_gradient_norm(self) -> NDArray[np.float64]:
        r""":math:`\ln|\partial\ell/\partial x^l|` of every trial, (trials, R); read-only.

        This and all arrays of trials are there only if ``samples=True``. If the last layer is
        recorded, its column is 0.
        """
        return self.gradient.samples

    @property
    def log_activation_norm(self) -> NDArray[np.float64]:
        r""":math:`\ln|x^l|` of every trial, (trials, R); read-only."""
        return self.activation.samples

    @property
    def log_preactivation_gradient_norm(self) -> NDArray[np.float64]:
        r""":math:`\ln|\partial\ell/\partial h^l|` without layer 0, (trials, R - 1); read-only."""
        return self.preactivation_gradient.samples

    @property
    def log_weight_gradient_norm(self) -> NDArray[np.float64]:
        r""":math:`\ln\|\partial\ell/\partial W_l\|_F` without layer 0, (trials, R - 1)."""
        return self.weight_gradient.samples

    @property
    def log_bias_gradient_norm(self) -> NDArray[np.float64]:
        r""":math:`\ln|\partial\ell/\partial b_l|` without layer 0, (trials, R - 1); read-only."""
        return self.bias_gradient.samples

    @property
    def attenuation(self) -> NDArray[np.float64]:
        """Decimal logarithm of the gradient's norm at the input over that at the output, (trials,).

        -62 reads "62 decades lost".
        """
        return read_only(self.gradient.samples[:, 0] / _LN10)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean logarithm of the gradient's norm at every layer, (R,), without dead trials."""
        return self.gradient.mean

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviation of the logarithm of the gradient's norm at every layer, (R,)."""
        return self.gradient.std

    @property
    def standard_error(self) -> NDArray[np.float64]:
        """Standard error of the mean at every layer, (R,); infinite for a single trial."""
        return self.gradient.standard_error

    @property
    def dead(self) -> int:
        """The number of trials whose gradient does not reach the input: a zero in float64."""
        return int(self.gradient.vanished[0])

    @property
    def rate(self) -> float:
        """Mean growth of the gradient's logarithm per layer, on its way from output to input."""
        return float(self.mean[0]) / self.network.depth

    @property
    def rate_standard_error(self) -> float:
        """Standard error of `rate`."""
        return float(self.standard_error[0]) / self.network.depth

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        r"""Return quantiles of the logarithm of the gradient's norm at every layer, of all trials.

        Parameters
        ----------
        q : array_like of float
            Probabilities in [0, 1].

        Returns
        -------
        float64 array of shape (\*q.shape, R)
            The quantiles; ``-inf`` where so many trials are dead.

        Raises
        ------
        TypeError, ValueError
            If ``q`` is not made of numbers, or a probability is not in [0, 1].
        """
        return self.gradient.quantile(q)

    @cached_property
    def exact(self) -> HomogeneousAttenuation | None:
        """The exact moments at finite width, at the recorded layers; None where not known.

        They are known for one non-zero input, Gaussian weights, no biases, and ReLU, leaky ReLU or
        no activation.
        """
        # Imported here, because SciPy takes longer to import than all of stabsim.
        from stabsim.theory import homogeneous_attenuation

        slopes = self.network.negative_slopes
        known = (
            self.network.has_gaussian_weights
            and self.network.weight_std.all()
            and not self.network.bias_std.any()
        )
        if slopes is None or not known or self.batch_size > 1 or self.log_input_norm == -math.inf:
            return None
        widths = self.network.widths
        law = homogeneous_attenuation(
            widths, self.network.weight_std * np.sqrt(widths[:-1]), slopes
        )
        arrays = {name: array[self.layers] for name, array in vars(law).items()}
        return replace(law, **arrays)

    @cached_property
    def mean_field(self) -> MeanFieldAttenuation | None:
        """The limit of infinite width, at the recorded layers; None where it says nothing.

        That is so for a batch of inputs, for weights whose mean is not zero, where a layer composes
        several activations, and where an expectation over an activation is infinite.
        """
        from stabsim.theory import mean_field_attenuation

        activations = self.network.activations
        if activations is None or self.batch_size > 1 or not self.network.has_centered_weights:
            return None
        try:
            limit = mean_field_attenuation(
                self.network.widths,
                activations,
                self.network.weight_std,
                self.network.bias_std,
                log_input_norm=self.log_input_norm,
            )
        except ValueError:
            return None
        inner = self.layers[1:] - 1
        return replace(
            limit,
            log_q=limit.log_q[inner],
            susceptibility=limit.susceptibility[inner],
            log_gradient_norm=limit.log_gradient_norm[self.layers],
            log_activation_norm=limit.log_activation_norm[self.layers],
        )

    @property
    def theory(self) -> tuple[str, NDArray[np.float64]] | None:
        r"""What theory says of :math:`\ln|\partial\ell/\partial x^l|`, (R,), and which theory.

        ``"exact"`` is the mean, ``"mean field"`` the logarithm of the root mean square at infinite
        width.
        """
        if self.exact is not None:
            return "exact", self.exact.log_gradient_mean
        if self.mean_field is not None:
            return "mean field", self.mean_field.log_gradient_norm
        return None

    @property
    def _mean_attenuation(self) -> float:
        return float(self.gradient.mean[0]) / _LN10

    @property
    def _attenuation_se(self) -> float:
        return float(self.gradient.standard_error[0]) / _LN10

    def summary(self) -> str:
        """Return a short table of the result.

        Returns
        -------
        str
            A few lines of text: what was simulated, how much of the gradient is left, and the
            distribution at some layers beside theory.
        """
        shown = np.unique(np.linspace(0, self.layers.size - 1, _SUMMARY_ROWS).astype(int))
        quantiles = self.quantile([0.05, 0.5, 0.95])
        columns = {
            "layer": self.layers,
            "ln |∂ℓ/∂x|": self.mean,
            "s.e.": self.standard_error,
            "std": self.std,
            **dict(zip(("5 %", "50 %", "95 %"), quantiles, strict=True)),
            "ln |x|": self.activation.mean,
        }
        if self.gradient.vanished.any():
            columns["dead"] = self.gradient.vanished
        if self.theory is not None:
            name, values = self.theory
            columns[name] = values
        low, middle, high = quantiles[:, 0] / _LN10
        inputs = f", batches of {self.batch_size}" if self.batch_size > 1 else ""
        left = (
            f"gradient at the input: 10^{middle:.2f} of that at the output "
            f"(90 % between 10^{low:.2f} and 10^{high:.2f}), dead in {self.dead} trials"
        )
        lines = [
            f"{self.network!r}, {self.trials} trials{inputs}",
            f"method {self.method}: {self.reason}",
            left,
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
        return f"<GradientAttenuation>\n{self.summary()}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the quantiles of the gradient's norm against the layer, with theory.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, not yet shown.
        """
        from stabsim.plotting.gradient_attenuation import plot_gradient_attenuation

        return plot_gradient_attenuation(self, ax)

    def to_dataframe(self) -> Any:
        """Return the distributions at every layer as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            A row for each recorded layer. For each of ``gradient``, ``activation``,
            ``preactivation_gradient``, ``weight_gradient`` and ``bias_gradient`` the columns
            ``…_mean``, ``…_standard_error``, ``…_std``, ``…_vanished`` and the quantiles ``…_q05``,
            ``…_q50`` and ``…_q95``; NaN at layer 0 for the last three.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        frame = pd.DataFrame(index=pd.Index(self.layers, name="layer"))
        levels = (0.05, 0.5, 0.95)
        for name in (
            "gradient",
            "activation",
            "preactivation_gradient",
            "weight_gradient",
            "bias_gradient",
        ):
            profile: Profile = getattr(self, name)
            columns = {
                "mean": profile.mean,
                "standard_error": profile.standard_error,
                "std": profile.std,
                "vanished": profile.vanished,
            }
            for level, values in zip(levels, profile.quantile(levels), strict=True):
                columns[f"q{round(100 * level):02d}"] = values
            for column, values in columns.items():
                frame[f"{name}_{column}"] = pd.Series(values, index=profile.layers)
        return frame
