"""Signals, gradients and Jacobians of networks at initialization.

What holds at every width is estimated at one. A limit of infinite width is extrapolated from two
widths n and 2n, so that its corrections of the order 1/n cancel and those left are far below the
standard errors.
"""

import math

import numpy as np

import stabsim
from stabsim import initializers, theory
from stabsim.initializers import Gaussian
from verification.rows import Check, Quantity, check, extrapolated, mean, through, variance


def layer(activation, q, seed, width=1000, trials=20_000):
    """Return activations' and slopes' mean squares at pre-activations of the variance q.

    The pre-activations of one layer are independent normal variables at every width.
    """
    network = stabsim.MLP(1, width, activation=activation, init=Gaussian(1.0))
    result = stabsim.gradient_attenuation(
        network, trials=trials, inputs=math.sqrt(width * q), rng=seed
    )
    squares = np.exp(2.0 * result.log_activation_norm[:, -1]) / width
    slopes = np.exp(2.0 * result.log_preactivation_gradient_norm[:, -1])
    return mean(squares), mean(slopes)


def gains():
    """Forward 1/√E φ(z)², backward 1/√E φ′(z)² at a standard normal z."""
    for activation, value in [
        ("tanh", 1.592537),
        ("gelu", 1.533530),
        ("silu", 1.676532),
        ("elu", 1.245198),
    ]:

        def simulate(seed, activation=activation):
            return [through(lambda x: x**-0.5, square) for square in layer(activation, 1.0, seed)]

        backward = theory.gain(activation, direction="backward")
        yield Check(
            [
                Quantity(activation, "forward gain", "He2015", value),
                Quantity(activation, "backward gain", "He2015", backward),
            ],
            simulate,
        )
    yield check("SELU", "E φ(z)²", "Klambauer2017", 1.0, lambda seed: layer("selu", 1.0, seed)[0])
    yield check(
        "hard tanh, q = 0.5: units of slope 1",
        "erf(1/√(2q))",
        "Pennington2017",
        math.erf(1.0),
        lambda seed: layer("hard_tanh", 0.5, seed)[1],
    )


def critical_initializations():
    """Published (C_W, C_b) where lengths and gradients both stay."""
    for activation, q, weight, bias in [
        ("gelu", 0.5 * (3.0 + math.sqrt(17.0)), 1.98305826, 0.17292239),
        ("silu", 14.32017362, 1.98800468, 0.55514317),
    ]:

        def simulate(seed, activation=activation, q=q, weight=weight, bias=bias):
            square, slope = layer(activation, q, seed)
            length = through(lambda x: weight * x + bias, square)
            return [length, through(lambda x: weight * x, slope)]

        subject = f"{activation}, C_W = {weight}, C_b = {bias}"
        yield Check(
            [
                Quantity(subject, "length q* kept", "Roberts2022", q),
                Quantity(subject, "χ₁", "Roberts2022", 1.0),
            ],
            simulate,
        )


def homogeneous():
    """Laws at finite width, for one layer and for many."""
    for method, trials in [("conditional", 1_000_000), ("dense", 300_000)]:
        relu = theory.LayerFactor(16)

        def one_layer(seed, method=method, trials=trials):
            network = stabsim.MLP(1, 16, activation="relu", init="kaiming_normal")
            result = stabsim.gradient_attenuation(
                network, trials=trials, inputs=1.0, method=method, rng=seed
            )
            logs = 2.0 * result.log_activation_norm[:, -1]
            alive = logs[np.isfinite(logs)]
            factors = np.exp(logs)
            return [mean(factors), mean(factors**2), mean(alive), variance(alive)]

        subject = f"ReLU, He, n = 16, {method}: f = |x¹|²/|x⁰|²"
        yield Check(
            [
                Quantity(subject, "E f", "He2015", 1.0),
                Quantity(subject, "E f² = 1 + 5/n", "HaninNica2020", 1.0 + 5.0 / 16.0),
                Quantity(subject, "E ln f", "Hanin2018", relu.log_mean),
                Quantity(subject, "Var ln f", "HaninNica2020", relu.log_variance),
            ],
            one_layer,
        )

    def dead(seed):
        network = stabsim.MLP(1, 8, activation="relu", init="kaiming_normal")
        result = stabsim.gradient_attenuation(network, trials=1_000_000, inputs=1.0, rng=seed)
        return mean(np.isneginf(result.log_activation_norm[:, -1]).astype(float))

    yield check("ReLU, n = 8", "P(dead layer) = 2⁻ⁿ", "Hanin2018", 2.0**-8, dead)

    for name, activation, init, width, depth, moment in [
        ("ReLU, He", "relu", "kaiming_normal", 64, 10, 5.0),
        ("linear, Xavier", None, "xavier_normal", 64, 10, 2.0),
    ]:
        network = stabsim.MLP(depth, width, activation=activation, init=init)
        subject = f"{name}, {depth} layers of {width}"
        squared = (1.0 + moment / width) ** depth

        def growth(seed, network=network):
            result = stabsim.gradient_attenuation(network, trials=200_000, inputs=1.0, rng=seed)
            return mean(np.exp(4.0 * result.log_activation_norm[:, -1]))

        quantity = f"E (|xᴸ|/|x⁰|)⁴ = (1 + {moment:g}/n)ᴸ"
        yield check(subject, quantity, "HaninNica2020", squared, growth)

    for name, activation, init in [
        ("ReLU, He", "relu", "kaiming_normal"),
        ("leaky ReLU, He", "leaky_relu", "kaiming_normal"),
        ("linear, Xavier", None, "xavier_normal"),
    ]:
        network = stabsim.MLP(50, 64, activation=activation, init=init)
        law = theory.homogeneous_attenuation(
            network.widths, network.weight_std * 8.0, network.negative_slopes
        )

        def gradient(seed, network=network):
            result = stabsim.gradient_attenuation(network, trials=100_000, rng=seed)
            logs = result.log_gradient_norm[:, 0]
            return [mean(logs), through(math.sqrt, variance(logs))]

        subject = f"{name}, 50 layers of 64: ln |∂ℓ/∂x⁰|"
        yield Check(
            [
                Quantity(subject, "mean", "HaninNica2020", float(law.log_gradient_mean[0])),
                Quantity(
                    subject, "standard deviation", "HaninNica2020", float(law.log_gradient_std[0])
                ),
            ],
            gradient,
        )


def fixed_length(activation, weight, bias):
    (point,) = theory.fixed_points(activation, sigma_w=math.sqrt(weight), sigma_b=math.sqrt(bias))
    return point.q


def mean_field():
    """Fixed points of lengths, and the growth χ₁ of squared gradients there."""
    layers, widths = 5, (400, 200)
    for activation, weight, bias, q, chi in [
        ("tanh", 1.760955, 0.05, 0.570048, 1.0),
        ("tanh", 1.3, 0.05, 0.315316, 0.880164),
        ("tanh", 2.0, 0.05, 0.721762, 1.047666),
        ("erf", 1.114280, 0.01, fixed_length("erf", 1.114280, 0.01), 1.0),
    ]:

        def simulate(seed, activation=activation, weight=weight, bias=bias, q=q):
            lengths, slopes = [], []
            for width, child in zip(widths, seed.spawn(2), strict=True):
                network = stabsim.MLP(
                    layers,
                    width,
                    activation=activation,
                    init=Gaussian(math.sqrt(weight)),
                    bias_std=math.sqrt(bias),
                )
                # An input of the length that the fixed point keeps.
                norm = math.sqrt(width * (q - bias) / weight)
                result = stabsim.gradient_attenuation(
                    network, trials=100_000, inputs=norm, record=[0, layers], rng=child
                )
                squares = np.exp(2.0 * result.log_activation_norm[:, -1]) / width
                lengths.append(mean(weight * squares + bias))
                growth = mean(np.exp(2.0 * result.log_gradient_norm[:, 0]))
                slopes.append(through(lambda x: x ** (1.0 / layers), growth))
            return [extrapolated(*lengths), extrapolated(*slopes)]

        subject = f"{activation}, σ_w² = {weight:g}, σ_b² = {bias:g}; limit from n = 200 and 400"
        yield Check(
            [
                Quantity(subject, "q*", "Poole2016", q),
                Quantity(subject, "χ₁", "Schoenholz2017", chi),
            ],
            simulate,
        )


def correlations():
    """The correlation of two inputs after some layers."""
    relu = math.sqrt(2.0)
    c = 0.5
    for _ in range(3):
        c = float(theory.correlation_map("relu", c, 1.0, sigma_w=relu))
    deviation, bias = math.sqrt(2.0), math.sqrt(0.05)
    point = theory.correlation_fixed_point("tanh", sigma_w=deviation, sigma_b=bias)
    # Inputs that have the fixed point's length and correlation after one layer.
    q = fixed_length("tanh", 2.0, 0.05)
    chaotic = (q * float(point.correlation) - 0.05) / (q - 0.05)
    for subject, name, source, value, arguments, depth, length, start in [
        (
            "ReLU, He, layers 1 to 4 from c = 0.5",
            "c⁴",
            "ChoSaul2009",
            c,
            {"activation": "relu", "init": "kaiming_normal"},
            4,
            1.0,
            0.5,
        ),
        (
            "tanh, chaos, σ_w² = 2, σ_b² = 0.05, 6 layers from c*",
            "c*",
            "Poole2016",
            float(point.correlation),
            {"activation": "tanh", "init": Gaussian(deviation), "bias_std": bias},
            6,
            (q - 0.05) / 2.0,
            chaotic,
        ),
    ]:

        def simulate(seed, arguments=arguments, depth=depth, length=length, start=start):
            runs = []
            for width, child in zip((800, 400), seed.spawn(2), strict=True):
                result = stabsim.signal_propagation(
                    stabsim.MLP(depth, width, **arguments),
                    correlation=start,
                    length=length,
                    trials=20_000,
                    record=[depth],
                    rng=child,
                )
                runs.append(mean(result.correlation[:, 0]))
            return extrapolated(*runs)

        yield check(f"{subject}; limit from n = 400 and 800", name, source, value, simulate)

    def rate(seed):
        runs = []
        for width, child in zip((400, 200), seed.spawn(2), strict=True):
            result = stabsim.phase_diagram(
                "tanh", [math.sqrt(1.3)], [bias], width=width, depth=40, trials=16_000, rng=child
            )
            slope = float(result.simulated_rate[0, 0]), float(result.simulated_rate_se[0, 0])
            runs.append(through(lambda x: -0.5 / x, slope))
        return extrapolated(*runs)

    yield check(
        "tanh, order, σ_w² = 1.3, σ_b² = 0.05; limit from n = 200 and 400",
        "depth scale ξ of gradients, −1/ln χ₁",
        "Schoenholz2017",
        -1.0 / math.log(0.880164),
        rate,
    )


def jacobian_moment(weights, width, depth):
    """Return the exact m₂ of the Jacobian of a ReLU network with m₁ = 1, at finite width.

    Signs of pre-activations are independent of the squares that the Jacobian's moments are made of,
    so that J is a product of matrices W and of diagonal ones D with independent entries 0 and 1.
    From the output down, B = D, then C = WᵀBW, B = DCD, and so on: E (tr B)², E tr B² and E Σ Cᵢᵢ²
    close under both steps, by Wick's theorem or its analogue for the Haar measure. As n → ∞,
    m₂ = 1 + L/p for Gaussian and 1 + L(1 − p)/p for orthogonal weights, p = 1/2.
    """
    n, p = width, 0.5
    trace_squared, square = (p * n) ** 2 + n * p * (1 - p), p * n
    for remaining in range(depth - 1, -1, -1):
        if weights == "gaussian":
            s = (2.0 / n) ** 2
            whole = s * (n * n * trace_squared + 2 * n * square)
            squared = s * (n * trace_squared + (n * n + n) * square)
            diagonal = s * n * (trace_squared + 2 * square)
        else:
            whole, squared = 4.0 * trace_squared, 4.0 * square
            diagonal = 4.0 * (trace_squared + 2 * square) / (n + 2)
        if remaining:
            trace_squared = p * p * whole + p * (1 - p) * diagonal
            square = p * p * (squared - diagonal) + p * diagonal
    return squared / n


def jacobians():
    for weights, init, width in [
        ("gaussian", "kaiming_normal", 16),
        ("gaussian", "kaiming_normal", 32),
        ("orthogonal", initializers.get("orthogonal", gain=math.sqrt(2.0)), 16),
    ]:
        depth = 4
        limit = 9 if weights == "gaussian" else 5
        network = stabsim.MLP(depth, width, activation="relu", init=init)

        def simulate(seed, network=network):
            result = stabsim.jacobian_spectrum(network, trials=40_000, rng=seed)
            return list(zip(result.moments, result.moments_standard_error, strict=True))

        subject = f"Jacobian of {depth} {weights} ReLU layers, n = {width}"
        value = jacobian_moment(weights, width, depth)
        yield Check(
            [
                Quantity(subject, "m₁", "Pennington2017", 1.0),
                Quantity(subject, f"m₂ at this n, {limit} as n → ∞", "Pennington2017", value),
            ],
            simulate,
        )


def checks():
    yield from gains()
    yield from critical_initializations()
    yield from homogeneous()
    yield from mean_field()
    yield from correlations()
    yield from jacobians()
