r"""
How deep a network can be trained?
==================================

A gradient that is lost on its way down cannot teach the first layers anything. Theory puts a number
on it: in a wide network the squared gradient changes by a factor :math:`\chi_1` per layer, so it is
lost over the *depth scale* :math:`\xi = 1/\lvert\ln\chi_1\rvert` layers
:cite:p:`Schoenholz2017`. Does that number say how deep a network can be *trained*?

**What this assumes.** Networks :math:`x^l = \tanh(W_l x^{l-1} + b_l)` with independent Gaussian
weights of variance :math:`\sigma_w^2/n`, for :math:`n` inputs, and biases of variance
:math:`\sigma_b^2 = 0.05`. Below a critical :math:`\sigma_w` gradients vanish (*ordered* networks),
above it they explode (*chaotic* ones).
"""

# %%
# The depth scale, predicted and simulated
# ----------------------------------------
#
# The factor is :math:`\chi_1 = \sigma_w^2\, \mathbb{E}\,\varphi'(\sqrt{q^*} Z)^2`, where
# :math:`q^*` is the variance that the pre-activations settle at and :math:`Z` is a standard normal
# variable. The simulation follows gradients through forty layers, at a width of 400 and without
# drawing a weight; from the growth of :math:`\ln\lvert\partial\ell/\partial x^l\rvert` between
# layers 10 and 30, where the signal has settled, comes a depth scale with its standard error.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import theory
from stabsim.initializers import Gaussian

sigma_b = np.sqrt(0.05)
critical = float(theory.critical_line("tanh", sigma_b).sigma_w)
sigmas = np.linspace(0.7, 2.2, 13)
predicted = theory.phases("tanh", sigmas, sigma_b).susceptibility


def simulated_factor(sigma_w, trials=200):
    """Return the factor of the squared gradient per layer, and its standard error."""
    network = stabsim.MLP(40, 400, activation="tanh", init=Gaussian(sigma_w), bias_std=sigma_b)
    result = stabsim.gradient_attenuation(network, trials=trials, record=[10, 30, 40], rng=1)
    factors = 2.0 * (result.log_gradient_norm[:, 1] - result.log_gradient_norm[:, 2]) / 20.0
    return np.exp(factors.mean()), np.exp(factors.mean()) * factors.std() / np.sqrt(trials)


factors, errors = np.array([simulated_factor(sigma) for sigma in sigmas]).T

figure, axes = plt.subplots()
fine = np.linspace(0.7, 2.2, 200)
chi = theory.phases("tanh", fine, sigma_b).susceptibility
axes.plot(fine, chi, label=r"infinite width, $\chi_1$")
axes.errorbar(sigmas, factors, errors, fmt="o", label="simulated, width 400")
axes.axhline(1.0, color="0.4", linewidth=1, linestyle=":")
axes.axvline(critical, color="0.4", linewidth=1, linestyle=":")
axes.annotate("gradients vanish", (0.85, 1.22), color="0.3")
axes.annotate("gradients explode", (critical + 0.05, 0.8), color="0.3")
axes.set(xlabel=r"size of the weights $\sigma_w$", ylabel="factor per layer")
axes.legend()
figure.suptitle("Factor of the squared gradient against weight size")
plt.show()

# %%
# Training, depth by depth
# ------------------------
#
# Now train real networks. The task could not be easier: tell the sign of the first of ten
# coordinates of a point. Networks of width 32 at every depth and every
# :math:`\sigma_w` learn it by plain gradient descent, as many steps for all of them, with gradients
# clipped to length 1 so that the chaotic ones do not simply blow up.

WIDTH, STEPS, RATE = 32, 60, 0.3
depths = np.array([3, 6, 12, 24, 48])
sizes = np.linspace(0.7, 2.3, 9)


def data(rng, count):
    points = rng.standard_normal((count, 10))
    return points, np.sign(points[:, 0])


def trained_accuracy(depth, seed):
    """Train one network for each size of the weights, side by side; return their accuracies."""
    rng = np.random.default_rng(seed)
    count = sizes.size
    scale = sizes[:, None, None]
    weights = [scale * rng.standard_normal((count, 10, WIDTH)) / np.sqrt(10)]
    weights += [
        scale * rng.standard_normal((count, WIDTH, WIDTH)) / np.sqrt(WIDTH)
        for _ in range(depth - 1)
    ]
    biases = [sigma_b * rng.standard_normal((count, 1, WIDTH)) for _ in range(depth)]
    readout = rng.standard_normal((count, WIDTH, 1)) / np.sqrt(WIDTH)

    def forward(points):
        signals = [np.broadcast_to(points, (count, *points.shape))]
        for weight, bias in zip(weights, biases, strict=True):
            signals.append(np.tanh(signals[-1] @ weight + bias))
        return signals

    for _ in range(STEPS):
        points, labels = data(rng, 64)
        signals = forward(points)
        # The gradient of the logistic loss with respect to the network's output.
        margins = np.clip(labels[:, None] * (signals[-1] @ readout), -50.0, 50.0)
        error = -labels[:, None] / (1.0 + np.exp(margins)) / len(labels)
        slopes = [signals[-1].transpose(0, 2, 1) @ error]
        gradient = error @ readout.transpose(0, 2, 1)
        steps = []
        for layer in range(depth - 1, -1, -1):
            gradient = gradient * (1.0 - signals[layer + 1] ** 2)
            steps.append(signals[layer].transpose(0, 2, 1) @ gradient)
            slopes.append(gradient.sum(axis=1, keepdims=True))
            gradient = gradient @ weights[layer].transpose(0, 2, 1)
        squares = sum((step**2).sum(axis=(1, 2)) for step in [*steps, *slopes])
        rate = RATE / np.maximum(1.0, np.sqrt(squares))[:, None, None]
        readout -= rate * slopes[0]
        for layer in range(depth):
            weights[layer] -= rate * steps[depth - 1 - layer]
            biases[layer] -= rate * slopes[depth - layer]
    points, labels = data(rng, 1000)
    outputs = (forward(points)[-1] @ readout)[..., 0]
    return (np.sign(outputs) == labels).mean(axis=1)


accuracy = np.array([np.mean([trained_accuracy(d, s) for s in range(1)], axis=0) for d in depths])

figure, axes = plt.subplots()
mesh = axes.pcolormesh(
    sizes, np.arange(depths.size), accuracy, cmap="cividis", vmin=0.5, vmax=1.0, shading="nearest"
)
for row in range(depths.size):
    for column in range(sizes.size):
        value = accuracy[row, column]
        axes.annotate(
            f"{100 * value:.0f}",
            (sizes[column], row),
            ha="center",
            va="center",
            fontsize="small",
            color="white" if value < 0.72 else "black",
        )
scale = np.abs(theory.phases("tanh", fine, sigma_b).gradient_scale)
shown = np.interp(np.log(np.minimum(6.0 * scale, 1e3)), np.log(depths), np.arange(depths.size))
axes.plot(fine, shown, color="#D55E00", linestyle="--", label=r"six depth scales, $6\xi$")
axes.axvline(critical, color="0.2", linewidth=1, linestyle=":", label="gradients keep their size")
axes.set_yticks(np.arange(depths.size), depths)
axes.set_ylim(-0.5, depths.size - 0.5)
axes.set(xlabel=r"size of the weights $\sigma_w$", ylabel="depth", xlim=(0.6, 2.4))
axes.grid(visible=False)
axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
figure.colorbar(mesh, label="accuracy after training")
figure.suptitle("Accuracy in % by depth and weight size")
plt.show()

# %%
# Guessing gives 50 %. Networks much deeper than the dashed line have learned nothing, and the
# deepest that learn are those near the critical :math:`\sigma_w`, where the depth scale is largest.

best = sizes[np.argmax(accuracy[-1])]
deviation = np.max(np.abs(factors / predicted - 1.0))
print(
    f"The simulated factors agree with theory within {deviation:.1%}; gradients keep their size at "
    f"sigma_w = {critical:.3f}. Of the networks {depths[-1]} layers deep the one with sigma_w = "
    f"{best:.2f} learns best ({accuracy[-1].max():.0%} right), and the mean of the others is "
    f"{np.delete(accuracy[-1], np.argmax(accuracy[-1])).mean():.0%}."
)
