"""What is called with what: every public callable, and the kind of each of its parameters."""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
from fuzz.kinds import Kind, axes, choice, count, flag, numbers, path, pool, real, rng

import stabsim
from stabsim import theory
from stabsim.activations import Activation
from stabsim.initializers import Gaussian, Init
from stabsim.networks import MLP, Linear, Sequential
from stabsim.theory import FussCatalan, JacobianSpectrumLaw, LayerFactor, TriangularLaw


@dataclass(frozen=True)
class Entry:
    """A callable's parameters, and what else is to be known of its calls.

    ``subjects`` are what errors may name beside the parameters, ``warns`` is a pattern of the
    documented warnings, ``infinite`` and ``undefined`` are the attributes of an answer that may
    hold ``inf`` and NaN ("" is the answer itself); ``-inf`` is the logarithm of zero everywhere.
    ``disk`` says that the disk may refuse a path.
    The shape of the answer begins with the one that the arguments ``like`` broadcast to.
    """

    kinds: dict[str, Kind]
    subjects: tuple[str, ...] = ()
    warns: str = "(?!)"
    infinite: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    disk: bool = False


def call(
    *,
    subjects: tuple[str, ...] = (),
    warns: str = "(?!)",
    infinite: tuple[str, ...] = (),
    undefined: tuple[str, ...] = (),
    like: tuple[str, ...] = (),
    disk: bool = False,
    **kinds: Kind,
) -> Entry:
    """Return an entry of the table."""
    return Entry(kinds, subjects, warns, infinite, undefined, like, disk)


@numba.njit
def fill_one(rng: Any, out: Any) -> None:
    for i in range(out.shape[0]):
        out[i, i] = rng.standard_normal()


@numba.njit
def fill_late(rng: Any, out: Any) -> None:
    out[0, 0] = 1.0 / (rng.random() > 0.5)


def fill_beyond(rng: Any, out: Any) -> None:
    out[out.shape[0], 0] = 1.0


def fill_nothing(rng: Any) -> None:
    """Take too few arguments."""


@numba.njit
def cube(x: float) -> float:
    return x * x * x


@numba.njit
def cube_slope(x: float) -> float:
    return 3.0 * x * x


@numba.njit
def nowhere(x: float) -> float:
    return math.nan


def worded(x: float) -> str:
    return "x"


def paired(x: float, y: float) -> float:
    return x + y


def refusing(x: float) -> float:
    raise KeyError("x")


CUBE = Activation("cube", cube, cube_slope)
FIELD = choice("real", "complex")
FIELDS = choice("real", "complex", "quaternion")
SIZE = count(1, 2, 3)
SIGMA = real(1.0, 0.5, 2.0, 1e-100, 1e100)
ENSEMBLES = [
    stabsim.Ginibre(2),
    stabsim.Ginibre(3, field="complex"),
    stabsim.Haar(2, scale=0.5),
    stabsim.TruncatedHaar(2, 3),
    stabsim.IID(2, "rademacher"),
    stabsim.IID(3, "student_t", degrees_of_freedom=3.0),
    stabsim.FiniteSet([[[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]]]),
    stabsim.FiniteSet([[[0.0, 1.0], [0.0, 0.0]]]),
    stabsim.FiniteSet.random_fibonacci(),
    stabsim.AndersonTransfer(0.5, 1.0),
    stabsim.AndersonTransfer(0.0, 1.0, width=2),
    stabsim.Wishart(2, 1),
    stabsim.Wishart(3, 4),
    stabsim.Rectangular([2, 3]),
    stabsim.Shifted(stabsim.Ginibre(2), scale=0.5),
    stabsim.Alternating([stabsim.Ginibre(2), stabsim.Haar(2)]),
    stabsim.MarkovModulated([stabsim.Ginibre(2), np.eye(2)], [[0.5, 0.5], [0.25, 0.75]]),
    stabsim.Autoregressive(2, correlation=0.5),
    stabsim.Custom(2, fill_one),
]
ENSEMBLE = pool(*ENSEMBLES)
NETWORKS = [
    MLP(3, 2),
    MLP(4, 3, activation="relu", init="kaiming_normal"),
    MLP(2, 3, activation=CUBE, bias_std=0.5),
    MLP(2, [3, 2], init="torch_default", in_features=1),
    MLP(3, 2, init="orthogonal", activation="linear"),
    MLP(3, 2, init="zeros"),
    Sequential([Linear(2, 3, bias_std=0.25), "relu", "tanh", Linear(3, 1)]),
]
NETWORK = pool(*NETWORKS)
ACTIVATION = pool(*stabsim.activations.names(), "swish", Activation("elu", alpha=2.0), CUBE)
#: Activations with closed forms, or at least quick quadrature.
INIT = pool(*stabsim.initializers.names(), Gaussian(1.5), Init("uniform", gain=2.0))
SQUARES = numbers(1.0, [0.5, 1.0, 4.0], [], [[0.25], [2.0]], 0.0, 1e-30, [1e30])
SCALES = numbers(1.0, [0.5, 1.0, 2.0], [[0.25], [2.0]], 0.0, 1e-30, 1e30)
REALS = numbers(0.5, [-1.0, 0.0, 2.0], [], [[0.25], [2.0]], math.inf, [-math.inf, 1e300])
LEVELS = numbers(0.5, [0.0, 0.25, 1.0], [], [[0.25], [0.75]])
LEVEL = real(0.5, 0.75, 0.95, 1e-10)
RECORD = numbers([1], [1, 2], [2, 3], [0, 1])
TRIALS = count(1, 2, 3)
FOLDER = path(lambda: Path(tempfile.mkdtemp(dir=Path.cwd())))
FILE = path(lambda: Path(tempfile.mkdtemp(dir=Path.cwd()), "result.npz"))
SAVED = path(lambda: saved(stabsim.lyapunov_spectrum(ENSEMBLES[0], steps=2, trials=2, rng=1)))
TARGET = pool(0.5, 1e3, stabsim.StandardError(0.5, relative=True))
MEANS: dict[str, Kind] = {
    "checkpoint": FOLDER,
    "n_jobs": count(1, 2, -1),
    "progress": flag(),
}
RUN: dict[str, Any] = {
    **MEANS,
    "rng": rng(),
    "precision": TARGET,
    "max_trials": count(1, 3, 10),
    "disk": True,
}
#: What verbs warn of.
SHORT = "precision was not reached"
INPUTS = numbers(
    [1.0, 2.0], [0.5], [0.25, 1.0, 2.0], [[1.0, 2.0], [0.0, 1.0]], 2.0, 0.0, "gaussian"
)
WIDTHS = numbers([2, 3], [64, 64])
LAYERS = numbers(0.5, 1.0, [0.5, 1.0], [0.5])
ACTIVATIONS = pool(["relu"], ("tanh",), [CUBE], [None], ["erf", "linear"])
ENERGY = real(0.0, 0.5, -1.5, 2.0, 100.0)
DISORDER = real(0.5, 1.0, 0.0, 100.0)
WEAK = choice("uniform", "gaussian")
SIGMA_W = real(1.0, 1.5, 0.5, 2.0)
SIGMA_B = real(0.0, 0.25, 1.0)
#: Where lengths grow without bound.
FLOW = ("q",)
#: Where there is no critical point.
NO_POINT = ("sigma_w", "q", "length_slope")
Q = real(1.0, 0.5, 4.0, 1e-10, 1e10)

CONSTRUCTORS = {
    "Ginibre": call(n=SIZE, sigma=SIGMA, field=FIELD),
    "Haar": call(n=SIZE, field=FIELD, scale=SIGMA),
    "TruncatedHaar": call(n=SIZE, size=count(3, 4), field=FIELD),
    "IID": call(
        n=SIZE,
        distribution=choice(
            "uniform", "rademacher", "laplace", "student_t", "sparse", "stable", "logistic"
        ),
        sigma=SIGMA,
        degrees_of_freedom=real(3.0, 2.5, 100.0),
        density=real(0.5, 1.0, 1e-3),
        stability=real(0.5, 1.0, 1.5),
    ),
    "FiniteSet": call(
        matrices=numbers([[[1.0]]], [[[1.0, 2.0], [0.0, 1.0]]], [[[1.0]], [[2.0]]]),
        probabilities=numbers([1.0], [0.5, 0.5], [0.25, 0.75], [0.0, 1.0]),
    ),
    "FiniteSet.random_fibonacci": call(),
    "AndersonTransfer": call(
        energy=ENERGY,
        disorder=DISORDER,
        distribution=choice("uniform", "gaussian", "cauchy"),
        width=numbers(1, 3, [2, 3], [1, 3]),
        edges=choice("hard", "periodic"),
    ),
    "Shifted": call(
        ensemble=ENSEMBLE, shift=real(1.0, 0.0, -0.5, 1e100), scale=real(0.5, 0.0, 1e-100)
    ),
    "Wishart": call(n=SIZE, degrees=SIZE, sigma=SIGMA, field=FIELD),
    "Rectangular": call(
        widths=numbers([2], [1, 2], [3, 2, 4]),
        sigma=SIGMA,
        mode=choice("fan_in", "fan_out", "fan_avg"),
        field=FIELD,
    ),
    "Alternating": call(
        ensembles=pool([ENSEMBLES[0], ENSEMBLES[2]], [[[1.0, 2.0], [0.0, 1.0]]], (ENSEMBLES[1],))
    ),
    "MarkovModulated": call(
        ensembles=pool([ENSEMBLES[0], ENSEMBLES[2]], [[[1.0, 2.0], [0.0, 1.0]], ENSEMBLES[0]]),
        transition=numbers(
            [[0.5, 0.5], [0.25, 0.75]], [[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]
        ),
        initial=numbers("stationary", [0.5, 0.5], [1.0, 0.0]),
    ),
    "Autoregressive": call(n=SIZE, correlation=real(0.0, 0.5, 0.75), sigma=SIGMA, field=FIELD),
    "Custom": call(
        n=SIZE, fill=pool(fill_one, fill_late, fill_beyond, fill_nothing, print), field=FIELD
    ),
    "Ensemble.sample": call(rng=rng()),
    "MLP": call(
        depth=count(1, 2, 3),
        width=numbers(1, 2, 3, 4, [2, 3]),
        activation=pool("relu", None, CUBE, "tanh", ["tanh", None], [CUBE, "relu"]),
        init=INIT,
        bias_std=real(0.0, 0.5, 1e60),
        in_features=SIZE,
        out_features=SIZE,
    ),
    "Linear": call(in_features=SIZE, out_features=SIZE, init=INIT, bias_std=real(0.0, 0.5, 1e60)),
    "Sequential": call(
        modules=pool(
            [Linear(2, 3), "relu", Linear(3, 1)],
            (Linear(1, 1), CUBE),
            [MLP(2, 3), "tanh"],
            [Linear(2, 3), Linear(2, 3)],
        )
    ),
    "activations.Activation": call(
        name=pool(*stabsim.activations.names()),
        f=pool(cube, nowhere, worded, paired, refusing, math.sin, np.tanh, None),
        df=pool(cube_slope, cube, nowhere, None),
        check_derivative=flag(),
        alpha=real(1.0, -0.5),
        negative_slope=real(0.5, 0.0, -1.0),
        beta=real(1.0, 0.5, 1e-100, 1e100),
        gamma=real(1.0),
    ),
    "activations.get": call(
        activation=ACTIVATION,
        alpha=real(1.0, -0.5),
        negative_slope=real(0.5, 0.0, -1.0),
        beta=real(1.0, 0.5, 1e-100, 1e100),
        gamma=real(1.0),
    ),
    "activations.names": call(),
    "Activation.__call__": call(x=REALS, infinite=("",), undefined=("",), like=("x",)),
    "Activation.derivative": call(x=REALS, infinite=("",), undefined=("",), like=("x",)),
    "Activation.plot": call(ax=axes()),
    "initializers.Init": call(
        distribution=choice("normal", "uniform", "truncated_normal", "orthogonal", "constant"),
        gain=real(1.0, 0.5, 0.0, 1e60),
        mode=choice("fan_in", "fan_out", "fan_avg", "fixed"),
        bound=real(2.0, 0.5, 1e-120, 1e120),
        rescaled=flag(),
        bias_bound=real(0.0, 1.0, 1e60),
    ),
    "initializers.Gaussian": call(sigma_w=real(1.0, 0.0, 1e60)),
    "initializers.get": call(
        init=INIT,
        gain=real(1.0, 0.0, 1e60),
        a=real(0.0, 1.0, -1e60),
        mode=choice("fan_in", "fan_out"),
        std=real(1.0, 0.5, 0.0),
        bound=real(1.0, 0.5),
        value=real(0.0, -1.0),
        nonsense=real(1.0),
    ),
    "initializers.names": call(),
    "Init.weight_std": call(
        fan_in=numbers(1, 2, [1, 2], [[3], [4]]),
        fan_out=numbers(1, 2, [1, 2]),
        like=("fan_in", "fan_out"),
    ),
    "Init.weight_variance": call(
        fan_in=numbers(1, 2, [1, 2], [[3], [4]]),
        fan_out=numbers(1, 2, [1, 2]),
        like=("fan_in", "fan_out"),
    ),
    "Init.weight_mean": call(
        fan_in=numbers(1, 2, [1, 2], [[3], [4]]),
        fan_out=numbers(1, 2, [1, 2]),
        like=("fan_in", "fan_out"),
    ),
    "Init.bias_std": call(fan_in=numbers(1, 2, [1, 2], [[3], [4]], 2**40), like=("fan_in",)),
    "Init.sample": call(fan_in=SIZE, fan_out=SIZE, rng=rng()),
    "precision.get": call(name=choice("float16", "float32", "float64")),
    "precision.names": call(),
}

#: Localization lengths are infinite where the inverse is not positive.
LENGTHS = ("exact", "history", "length", "reduced", "reduced_se")
VERBS = {
    "matrix_product_growth": call(
        ensemble=ENSEMBLE,
        depth=count(1, 3, 5),
        trials=TRIALS,
        norm=choice("frobenius", "spectral", "vector", "logdet"),
        vector=numbers([1.0, 2.0], [0.0, 0.5], [1.0, 2.0, 4.0], [1e-300, 0.0], [1e308, 1e308]),
        record=RECORD,
        method=choice("auto", "dense", "reduced"),
        samples=flag(),
        **RUN,
        warns=SHORT,
    ),
    "lyapunov_spectrum": call(
        ensemble=ENSEMBLE,
        steps=count(1, 3, 20),
        trials=TRIALS,
        k=SIZE,
        warmup=count(0, 1, 5),
        interval=count(1, 2),
        record=RECORD,
        method=choice("auto", "qr", "reduced"),
        **{name: value for name, value in RUN.items() if name != "max_trials"},
        warns=SHORT,
    ),
    "generalized_lyapunov": call(
        ensemble=ENSEMBLE,
        q=numbers(1.0, [-0.5, 0.0, 2.0], [50.0], [-20.0]),
        steps=count(2, 3, 20),
        walkers=count(1, 2, 20),
        trials=TRIALS,
        warmup=count(0, 5),
        method=choice("auto", "dense", "reduced"),
        **RUN,
        warns=f"{SHORT}|populations were too small|the moments of the orders",
        infinite=("values", "uncorrected", "population_values", "exact"),
        undefined=("exact",),
    ),
    "product_singular_values": call(
        ensemble=ENSEMBLE,
        depth=count(1, 3, 5),
        trials=TRIALS,
        method=choice("auto", "dense", "reduced"),
        samples=flag(),
        **RUN,
        warns=SHORT,
    ),
    "localization_length": call(
        ensemble=pool(ENSEMBLES[9], ENSEMBLES[10]),
        steps=count(1, 3, 20),
        trials=TRIALS,
        **RUN,
        warns=SHORT,
        infinite=LENGTHS,
    ),
    "finite_size_scaling": call(
        energy=ENERGY,
        disorder=numbers([1.0], [0.5, 4.0], [0.0]),
        width=numbers([3], [1, 2], [3, 4]),
        dimension=count(2, 3),
        distribution=choice("uniform", "gaussian", "cauchy"),
        edges=choice("hard", "periodic"),
        steps=count(1, 3),
        trials=TRIALS,
        **RUN,
        warns=SHORT,
        infinite=LENGTHS,
    ),
    "gradient_attenuation": call(
        network=NETWORK,
        trials=TRIALS,
        inputs=INPUTS,
        record=RECORD,
        method=choice("auto", "conditional", "dense"),
        samples=flag(),
        **RUN,
        warns=SHORT,
    ),
    "signal_propagation": call(
        network=NETWORK,
        correlation=real(0.5, 0.0, -1.0, 1.0),
        trials=TRIALS,
        length=real(1.0, 0.0, 1e-10, 1e10),
        record=RECORD,
        method=choice("auto", "conditional", "dense"),
        samples=flag(),
        **RUN,
        warns=SHORT,
    ),
    "jacobian_spectrum": call(
        network=NETWORK,
        trials=TRIALS,
        layers=numbers([0, 1], [1, 2], [0, 2]),
        inputs=INPUTS,
        samples=flag(),
        **RUN,
        warns=SHORT,
    ),
    "phase_diagram": call(
        activation=pool("tanh", "relu", "erf", "linear"),
        sigma_w=numbers(1.0, [0.5, 1.5], [2.0]),
        sigma_b=numbers(0.0, [0.0, 0.5], [0.25]),
        width=count(1, 2),
        depth=count(1, 4, 5),
        trials=TRIALS,
        simulate=flag(),
        **RUN,
        warns=SHORT,
        infinite=FLOW,
        undefined=NO_POINT,
    ),
}

RESULTS = {
    "load": call(path=SAVED, functions=pool((), [fill_one, cube], [cube_slope]), disk=True),
    "StandardError": call(
        value=real(0.5, 1e-3), of=choice("lyapunov", "length", "rate"), relative=flag()
    ),
    "Result.extend": call(
        trials=TRIALS,
        **MEANS,
        disk=True,
        warns=SHORT,
        infinite=(*LENGTHS, *FLOW),
        undefined=NO_POINT,
    ),
    "Result.save": call(path=FILE, disk=True, subjects=("functions",)),
    "Result.check": call(),
    "Checks.summary": call(),
    "Result.estimates": call(infinite=("[0]", "[1]")),
    "ProductGrowth.quantile": call(q=LEVELS, like=("q",)),
    "ProductGrowth.quantile_interval": call(
        q=LEVELS, level=LEVEL, infinite=("[0]", "[1]"), like=("q",)
    ),
    "ProductGrowth.confidence_interval": call(level=LEVEL, infinite=("[0]", "[1]")),
    "ProductGrowth.plot": call(ax=axes()),
    "ProductGrowth.summary": call(),
    "ProductGrowth.to_dataframe": call(),
    "LyapunovSpectrum.confidence_interval": call(level=LEVEL, infinite=("[0]", "[1]")),
    "LyapunovSpectrum.plot": call(ax=axes()),
    "LyapunovSpectrum.plot_convergence": call(ax=axes()),
    "LyapunovSpectrum.summary": call(),
    "LyapunovSpectrum.to_dataframe": call(),
    "GeneralizedLyapunov.doubts": call(),
    "GeneralizedLyapunov.exact_at": call(
        q=numbers([1.0], [-0.5, 0.0, 2.0], [50.0]), infinite=("",), undefined=("",)
    ),
    "GeneralizedLyapunov.rate_function": call(x=numbers(0.5, [0.0, 1.0], [1e10])),
    "GeneralizedLyapunov.plot": call(ax=axes()),
    "GeneralizedLyapunov.summary": call(),
    "GeneralizedLyapunov.to_dataframe": call(),
    "RateFunction.plot": call(ax=axes()),
    "ProductSingularValues.quantile": call(q=LEVELS, like=("q",)),
    "ProductSingularValues.plot": call(ax=axes()),
    "ProductSingularValues.summary": call(),
    "ProductSingularValues.to_dataframe": call(),
    "LocalizationLength.plot": call(ax=axes()),
    "LocalizationLength.summary": call(),
    "FiniteSizeScaling.plot": call(ax=axes()),
    "FiniteSizeScaling.summary": call(),
    "FiniteSizeScaling.to_dataframe": call(),
    "GradientAttenuation.quantile": call(q=LEVELS, like=("q",)),
    "GradientAttenuation.plot": call(ax=axes()),
    "GradientAttenuation.summary": call(),
    "GradientAttenuation.to_dataframe": call(),
    "SignalPropagation.plot": call(ax=axes(), quantity=choice("correlation", "distance", "length")),
    "SignalPropagation.summary": call(),
    "SignalPropagation.to_dataframe": call(),
    "JacobianSpectrum.quantile": call(q=LEVELS, like=("q",)),
    "JacobianSpectrum.plot": call(ax=axes()),
    "JacobianSpectrum.summary": call(),
    "JacobianSpectrum.to_dataframe": call(),
    "PhaseDiagram.plot": call(ax=axes()),
    "PhaseDiagram.summary": call(),
    "PhaseDiagram.to_dataframe": call(),
    "Profile.quantile": call(q=LEVELS, like=("q",)),
}

THEORY = {
    "theory.length_map": call(
        activation=ACTIVATION,
        q=SQUARES,
        sigma_w=SCALES,
        sigma_b=SCALES,
        like=("q", "sigma_w", "sigma_b"),
    ),
    "theory.susceptibility": call(
        activation=ACTIVATION,
        q=SQUARES,
        sigma_w=SCALES,
        direction=choice("perpendicular", "parallel"),
        like=("q", "sigma_w"),
    ),
    "theory.correlation_map": call(
        activation=ACTIVATION,
        correlation=numbers(0.5, [-1.0, 0.0, 1.0], []),
        q=numbers(1.0, 0.5, [0.25, 1.0, 4.0]),
        sigma_w=numbers(1.0, 0.5),
        sigma_b=numbers(0.0, 0.5),
        q_other=numbers(1.0, 4.0),
        derivative=flag(),
        like=("correlation", "q", "sigma_w", "sigma_b", "q_other"),
    ),
    "theory.gain": call(
        activation=ACTIVATION, direction=choice("forward", "backward"), centered=flag(), q=Q
    ),
    "theory.depth_scale": call(slope=REALS, infinite=("",), like=("slope",)),
    "theory.fixed_points": call(
        activation=ACTIVATION, sigma_w=SIGMA_W, sigma_b=SIGMA_B, infinite=FLOW
    ),
    "theory.correlation_fixed_point": call(
        activation=ACTIVATION, sigma_w=SIGMA_W, sigma_b=SIGMA_B, q=Q, infinite=FLOW
    ),
    "theory.phases": call(
        activation=ACTIVATION,
        sigma_w=SCALES,
        sigma_b=SCALES,
        start=real(1.0, 0.5, 1e10),
        infinite=FLOW,
    ),
    "theory.critical_line": call(
        activation=ACTIVATION,
        sigma_b=numbers(0.25, [0.0, 0.5]),
        infinite=FLOW,
        undefined=NO_POINT,
    ),
    "theory.critical_initialization": call(activation=ACTIVATION),
    "theory.mean_field_attenuation": call(
        widths=WIDTHS,
        activations=ACTIVATIONS,
        weight_std=LAYERS,
        bias_std=LAYERS,
        log_input_norm=real(0.0, 1.0, -math.inf, -1e4),
        infinite=("susceptibility",),
    ),
    "theory.mean_field_propagation": call(
        widths=WIDTHS,
        activations=ACTIVATIONS,
        weight_std=LAYERS,
        bias_std=LAYERS,
        correlation=real(0.5, 0.0, -1.0, 1.0),
        log_input_norm=real(0.0, 1.0, -math.inf, -1e4),
    ),
    "theory.homogeneous_attenuation": call(
        widths=WIDTHS, sigma_w=LAYERS, negative_slope=numbers(0.0, [0.0, -0.5], [0.25], 1.0)
    ),
    "theory.LayerFactor": call(
        width=SIZE, negative_slope=real(0.0, 0.25, 1.0), sigma_w=real(1.0, 0.5)
    ),
    "LayerFactor.moment": call(order=count(1, 2, 3)),
    "theory.jacobian_moments": call(
        activation=ACTIVATION,
        depth=count(1, 3, 10),
        q=Q,
        sigma_w=SIGMA_W,
        weights=choice("gaussian", "orthogonal"),
    ),
    "theory.linear_fraction": call(
        activation=pool("relu", "linear", "hard_tanh", "relu6", "tanh", CUBE), q=Q
    ),
    "theory.JacobianSpectrumLaw": call(
        depth=count(1, 3, 10),
        fraction=real(1.0, 0.5, 1e-3),
        sigma_w=SIGMA_W,
        weights=choice("gaussian", "orthogonal"),
        infinite=("support[0]", "support[1]"),
    ),
    "JacobianSpectrumLaw.log_moment": call(order=count(1, 2, 3)),
    "JacobianSpectrumLaw.pdf": call(squared=REALS, like=("squared",)),
    "JacobianSpectrumLaw.log_pdf": call(log_singular_value=REALS, like=("log_singular_value",)),
    "theory.product_growth": call(
        ensemble=ENSEMBLE, norm=choice("vector", "frobenius", "spectral", "logdet")
    ),
    "GrowthLaw.mean": call(depth=numbers(1, 0, [1, 2], [[3]]), like=("depth",)),
    "GrowthLaw.std": call(depth=numbers(1, 0, [1, 2], [[3]]), like=("depth",)),
    "GrowthLaw.log_moment": call(q=numbers(1.0, 0.0, [0.5, 2.0], -0.5), like=("q",)),
    "GrowthLaw.pdf": call(x=REALS, depth=count(1, 3, 10), subjects=("the",), like=("x",)),
    "GrowthLaw.cdf": call(x=REALS, depth=count(1, 3, 10), like=("x",)),
    "GrowthLaw.quantile": call(
        q=numbers(0.5, [0.25, 0.75], 1e-3), depth=count(1, 3, 10), like=("q",)
    ),
    "theory.lyapunov_spectrum": call(ensemble=ENSEMBLE),
    "theory.moment_exponents": call(
        ensemble=ENSEMBLE,
        q=numbers([1.0], [-0.5, 0.0, 2.0], [4.0]),
        infinite=("",),
        undefined=("",),
    ),
    "theory.ginibre_exponents": call(n=SIZE, sigma=SIGMA, field=FIELDS),
    "theory.ginibre_variances": call(n=SIZE, field=FIELDS),
    "theory.truncated_haar_exponents": call(n=SIZE, size=count(3, 4), field=FIELDS),
    "theory.truncated_haar_variances": call(n=SIZE, size=count(3, 4), field=FIELDS),
    "theory.wishart_exponents": call(n=SIZE, degrees=SIZE, sigma=SIGMA, field=FIELDS),
    "theory.TriangularLaw": call(sigma=SIGMA),
    "TriangularLaw.pdf": call(x=REALS, like=("x",)),
    "TriangularLaw.cdf": call(x=REALS, like=("x",)),
    "TriangularLaw.quantile": call(p=LEVELS, like=("p",)),
    "theory.near_identity_exponents": call(n=SIZE, scale=real(0.1, -1.0, 0.0), field=FIELD),
    "theory.anisotropic_gaussian_exponent": call(
        variances=numbers([1.0], [0.5, 2.0], [1e-50, 1e50]), field=FIELD
    ),
    "theory.shear_pair_exponent": call(probability=real(0.5, 0.25, 0.99)),
    "theory.cauchy_entry_exponent": call(
        location=real(0.0, 1.0, -2.0), scale=real(1.0, 0.0, 0.5), corner=real(-1.0, 0.0, 2.0)
    ),
    "theory.anderson_weak_disorder_exponent": call(
        energy=real(0.0, 0.5, -1.5), disorder=DISORDER, distribution=WEAK
    ),
    "theory.anderson_band_centre_exponent": call(
        energy=ENERGY, disorder=DISORDER, distribution=WEAK
    ),
    "theory.anderson_band_edge_exponent": call(energy=ENERGY, disorder=DISORDER, distribution=WEAK),
    "theory.FussCatalan": call(factors=count(1, 2, 1000)),
    "FussCatalan.moment": call(m=numbers(1, 0.5, [1, 2, 3], [[0.0]]), infinite=("",), like=("m",)),
    "FussCatalan.pdf": call(x=REALS, infinite=("",), like=("x",)),
    "FussCatalan.cdf": call(x=REALS, like=("x",)),
    "FussCatalan.quantile": call(p=LEVELS, like=("p",)),
    "FussCatalan.log_quantile": call(p=LEVELS, like=("p",)),
    "theory.random_fibonacci_exponent": call(),
    "theory.lloyd_exponent": call(energy=ENERGY, disorder=DISORDER),
}

TABLE = {**CONSTRUCTORS, **VERBS, **RESULTS, **THEORY}

#: What verbs, theory and `names` hand out; nobody makes these by hand.
HANDED_OUT = {
    "Check",
    "Checks",
    "CorrelationFixedPoint",
    "CriticalInitialization",
    "CriticalLine",
    "ExactGrowth",
    "ExactSpectrum",
    "FiniteSizeScaling",
    "FixedPoint",
    "GeneralizedLyapunov",
    "GradientAttenuation",
    "GrowthLaw",
    "HomogeneousAttenuation",
    "JacobianPrediction",
    "JacobianSpectrum",
    "LocalizationLength",
    "LyapunovSpectrum",
    "MeanFieldAttenuation",
    "MeanFieldPropagation",
    "NumberFormat",
    "PhaseDiagram",
    "Phases",
    "ProductGrowth",
    "ProductSingularValues",
    "Profile",
    "RadialLaw",
    "RateFunction",
    "SignalPropagation",
}
#: Base classes, which only their subclasses call.
ABSTRACT = {"Ensemble", "Network", "Result"}
#: What samplers ask of specs, and verbs of results.
INTERNAL = {
    "excess",
    "reached",
    "run",
    "draw",
    "kernels",
    "program",
    "program_entries",
    "record",
    "radial_law",
    "sequence",
    "statistics",
    "warn",
    "workspace",
}
#: What is infinite where it says so: errors of a single trial, and what has no bound.
INFINITE = {
    "correlation_scale",
    "covariance",
    "depth_scale",
    "exponent_se",
    "gap",
    "gradient_scale",
    "history_standard_error",
    "length_scale",
    "log_condition",
    "lyapunov_se",
    "median_log_condition",
    "moment_limit",
    "moments_standard_error",
    "rate_standard_error",
    "simulated_rate_se",
    "standard_error",
}


def saved(result: stabsim.LyapunovSpectrum) -> Path:
    """Return a new file that holds a result."""
    file = Path(tempfile.mkdtemp(dir=Path.cwd()), "result.npz")
    result.save(file)
    return file


def instances() -> list[Any]:
    """Return objects of all classes whose methods are called."""
    growth = [
        stabsim.matrix_product_growth(stabsim.Ginibre(2), 3, trials=5, norm="vector", rng=1),
        stabsim.matrix_product_growth(ENSEMBLES[7], 3, trials=2, samples=False, rng=1),
        stabsim.matrix_product_growth(ENSEMBLES[9], 1, trials=1, rng=1),
    ]
    spectra = [
        stabsim.lyapunov_spectrum(stabsim.Ginibre(2), steps=20, trials=3, rng=1),
        stabsim.lyapunov_spectrum(ENSEMBLES[7], steps=1, trials=1, rng=1),
    ]
    moments = stabsim.generalized_lyapunov(
        stabsim.Ginibre(2), [-0.5, 0.5, 1.0], steps=20, walkers=50, trials=3, rng=1
    )
    signal = stabsim.signal_propagation(NETWORKS[1], correlation=0.5, trials=3, rng=1)
    return [
        *(result.check() for result in growth),
        *ENSEMBLES,
        CUBE,
        *(Activation(name) for name in stabsim.activations.names()),
        *(stabsim.initializers.get(name) for name in stabsim.initializers.names()),
        *growth,
        *spectra,
        moments,
        moments.rate_function(),
        *(stabsim.product_singular_values(e, 2, trials=2, rng=1) for e in ENSEMBLES[:2]),
        stabsim.localization_length(ENSEMBLES[9], steps=10, trials=2, rng=1),
        stabsim.finite_size_scaling(0.0, [1.0, 2.0], [3], steps=10, trials=2, rng=1),
        *(stabsim.gradient_attenuation(n, trials=2, rng=1) for n in NETWORKS),
        signal,
        signal.cosine,
        *(stabsim.jacobian_spectrum(n, trials=2, rng=1) for n in NETWORKS),
        stabsim.phase_diagram("tanh", [1.0, 1.5], [0.1], width=2, depth=4, trials=2, rng=1),
        stabsim.phase_diagram("relu", [1.0, 1.5], [0.0, 1.0], simulate=False),
        LayerFactor(3),
        LayerFactor(2, 0.5),
        JacobianSpectrumLaw(3, 1.0),
        JacobianSpectrumLaw(1, 0.5),
        JacobianSpectrumLaw(3, 0.5, sigma_w=2.0, weights="orthogonal"),
        *(theory.product_growth(e).law for e in (*ENSEMBLES[:4], ENSEMBLES[14])),
        *(FussCatalan(s) for s in (1, 2, 100)),
        TriangularLaw(),
        TriangularLaw(1e-100),
    ]
