r"""
How deep a network can be trained?
==================================

A gradient that is lost on its way down cannot teach the first layers anything. Theory puts a number
on it: in a wide network the squared gradient changes by a factor :math:`\chi_1` per layer, so it is
lost over the *depth scale* :math:`\xi = 1/\lvert\ln\chi_1\rvert` layers
:cite:p:`Schoenholz2017`. Does that number say how deep a network can be *trained*?

**What this assumes.** Networks whose layers :math:`l = 1, \dots, L` compute
:math:`x^l = \varphi(W_l x^{l-1} + b_l)` with :math:`\varphi = \tanh`. The weights :math:`W_l` are
independent Gaussians of variance :math:`\sigma_w^2/n`, for :math:`n` inputs of the layer, and the
biases :math:`b_l` independent Gaussians of variance :math:`\sigma_b^2 = 0.05`. A loss :math:`\ell`
has the gradient :math:`\partial\ell/\partial x^l` at layer :math:`l`. Below a critical
:math:`\sigma_w` gradients vanish (*ordered* networks), above it they explode (*chaotic* ones).
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
figure.suptitle("Larger weights turn vanishing into exploding")
plt.show()

print(f"{'sigma_w':>7}{'simulated depth scale':>23}{'theory':>9}")
scales = theory.depth_scale(factors)
for sigma, scale, error, limit in zip(
    sigmas, scales, scales**2 * errors / factors, theory.depth_scale(predicted), strict=True
):
    print(f"{sigma:>7.3f}{abs(scale):>14.2f} ± {error:>6.2f}{abs(limit):>9.2f}")

# %%
# Next to the critical size the depth scale is largest, and known worst: near :math:`\chi_1 = 1` a
# small error of the factor is a large one of :math:`1/\ln\chi_1`. Elsewhere a few percent are left
# of what 400 units differ from infinitely many.

# %%
# Training, depth by depth
# ------------------------
#
# Now train real networks. The task could not be easier: tell the sign of the first of ten
# coordinates of a point. Networks of width 32, four at every depth and every :math:`\sigma_w`,
# learn it by plain gradient descent, as many steps for all of them, with gradients clipped to
# length 1 so that the chaotic ones do not simply blow up. All networks of one depth are trained
# side by side, in float32.

WIDTH, STEPS, RATE, NETWORKS = 32, 200, 0.3, 4
depths = np.array([3, 6, 12, 24, 48])
sizes = np.linspace(0.7, 2.3, 9)


def gaussian(rng, *shape, size):
    """Return Gaussians of a size for each network."""
    return np.asarray(size * rng.standard_normal(shape), dtype=np.float32)


def data(rng, count):
    points = gaussian(rng, count, 10, size=1.0)
    return points, np.sign(points[:, 0])


def trained_accuracy(depth, steps=STEPS):
    """Train all networks of a depth, and return the mean accuracy for each size."""
    rng = np.random.default_rng(depth)
    count = NETWORKS * sizes.size
    scale = np.tile(sizes, NETWORKS)[:, None, None]
    weights = [gaussian(rng, count, 10, WIDTH, size=scale / np.sqrt(10))]
    weights += [
        gaussian(rng, count, WIDTH, WIDTH, size=scale / np.sqrt(WIDTH)) for _ in range(depth - 1)
    ]
    biases = [gaussian(rng, count, 1, WIDTH, size=sigma_b) for _ in range(depth)]
    readout = gaussian(rng, count, WIDTH, 1, size=1.0 / np.sqrt(WIDTH))

    def forward(points):
        signals = [np.broadcast_to(points, (count, *points.shape))]
        for weight, bias in zip(weights, biases, strict=True):
            signals.append(np.tanh(signals[-1] @ weight + bias))
        return signals

    for _ in range(steps):
        points, labels = data(rng, 64)
        signals = forward(points)
        # The gradient of the logistic loss with respect to the network's output.
        margins = np.clip(labels[:, None] * (signals[-1] @ readout), -50.0, 50.0)
        error = -labels[:, None] / (1.0 + np.exp(margins)) / np.float32(len(labels))
        slopes = [signals[-1].transpose(0, 2, 1) @ error]
        gradient = error @ readout.transpose(0, 2, 1)
        changes = []
        for layer in range(depth - 1, -1, -1):
            gradient = gradient * (1.0 - signals[layer + 1] ** 2)
            changes.append(signals[layer].transpose(0, 2, 1) @ gradient)
            slopes.append(gradient.sum(axis=1, keepdims=True))
            gradient = gradient @ weights[layer].transpose(0, 2, 1)
        squares = sum((step**2).sum(axis=(1, 2)) for step in [*changes, *slopes])
        rate = np.float32(RATE) / np.maximum(1.0, np.sqrt(squares))[:, None, None]
        readout -= rate * slopes[0]
        for layer in range(depth):
            weights[layer] -= rate * changes[depth - 1 - layer]
            biases[layer] -= rate * slopes[depth - layer]
    points, labels = data(rng, 1000)
    outputs = (forward(points)[-1] @ readout)[..., 0]
    right = np.sign(outputs) == labels
    return right.mean(axis=1).reshape(NETWORKS, sizes.size).mean(axis=0)


accuracy = np.array([trained_accuracy(depth) for depth in depths])

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
rows = np.log2(6.0 * scale / depths[0])  # each depth is twice the one below
axes.plot(fine, rows, color="#D55E00", linestyle="--", label=r"six depth scales, $6\xi$")
axes.axvline(critical, color="0.2", linewidth=1, linestyle=":", label="gradients keep their size")
axes.set_yticks(np.arange(depths.size), depths)
axes.set_ylim(-0.5, depths.size - 0.5)
axes.set(xlabel=r"size of the weights $\sigma_w$", ylabel="depth", xlim=(0.6, 2.4))
axes.grid(visible=False)
figure.legend(loc="outside lower center", ncols=2)
figure.colorbar(mesh, label="accuracy after training")
figure.suptitle("The deepest trainable networks are near the edge")
plt.show()

# %%
# Guessing gives 50 %. Networks much deeper than the dashed line have learned nothing, and the
# deepest that learn are those near the critical :math:`\sigma_w`, where the depth scale is largest.
# On the ordered side the first layers get no gradient. On the chaotic side they get a large one
# that says nothing: it is that of a function which changes wildly from one point to the next.

best = sizes[np.argmax(accuracy[-1])]
deviation = np.max(np.abs(factors / predicted - 1.0))
others = np.delete(accuracy[-1], np.argmax(accuracy[-1])).mean()
print(
    f"The simulated factors agree with theory within {deviation:.1%}; gradients keep their size at "
    f"sigma_w = {critical:.3f}. Of the networks {depths[-1]} layers deep those with sigma_w = "
    f"{best:.2f} learn best ({accuracy[-1].max():.0%} right); the mean of the others is "
    f"{others:.0%}."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** A network of 48 layers shall not be deeper than six depth scales. How precisely
# must :math:`\sigma_w` be chosen?
#
# **Answer.** :math:`\xi \ge 8` means :math:`e^{-1/8} \le \chi_1 \le e^{1/8}`, a range around the
# critical value. A rough choice will do at this depth; twice the depth halves the range, about.

dense = np.linspace(0.7, 2.2, 3001)
logs = np.log(theory.phases("tanh", dense, sigma_b).susceptibility)
for depth in (48, 96, 192):
    allowed = dense[np.abs(logs) <= 6.0 / depth]
    print(f"{depth:>3} layers: sigma_w from {allowed.min():.3f} to {allowed.max():.3f}")

# %%
# **Exercise 2.** What is left of a gradient behind 48 layers with :math:`\sigma_w = 0.9`, where the
# networks learned nothing?
#
# **Answer.** Its square is multiplied by :math:`\chi_1` at each layer once signals have settled, so
# about :math:`\chi_1^{24}` of its length is left, and in narrow networks a little less. The steps
# of the first layers are smaller than those of the last ones by this factor.

network = stabsim.MLP(48, WIDTH, activation="tanh", init=Gaussian(0.9), bias_std=sigma_b)
lost = stabsim.gradient_attenuation(network, trials=400, record=[0], rng=2)
chi = theory.phases("tanh", 0.9, sigma_b).susceptibility
print(
    f"theory 10^{24.0 * np.log10(chi):.2f}, simulated at width {WIDTH}: median "
    f"10^{np.median(lost.attenuation):.2f}"
)

# %%
# **Exercise 3.** Is six a constant of nature? Train the networks of 24 layers for a quarter of the
# time.
#
# **Answer.** No. Longer training carries further away from the critical size, on both sides; that
# the range is around it stays.

print("sigma_w  " + "".join(f"{size:>6.1f}" for size in sizes))
for steps, row in ((STEPS // 4, trained_accuracy(24, STEPS // 4)), (STEPS, accuracy[3])):
    print(f"{steps:>3} steps" + "".join(f"{value:>6.0%}" for value in row))

# %%
# Read on
# -------
#
# :ref:`The next page <sphx_glr_gallery_edge_of_chaos_plot_3_isometry.py>` asks for more than the
# right size on average, and :ref:`the page on two inputs
# <sphx_glr_gallery_edge_of_chaos_plot_4_two_inputs.py>` tells what a deep network still knows of
# its input. :func:`stabsim.theory.phases` has all depth scales at once,
# :func:`stabsim.gradient_attenuation` simulates them, and :doc:`the theory of networks
# </networks_theory>` derives them.
