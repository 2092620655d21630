r"""
What becomes of two inputs?
===========================

A network is there to tell inputs apart. Send two of them, a little different or very different,
through the same random layers. Will they still be two when they arrive at the last one, and will
what was alike still be alike?

**What this assumes.** Networks whose layers :math:`l = 1, \dots, L` compute
:math:`h^l = W_l x^{l-1} + b_l` and :math:`x^l = \tanh h^l`, with independent Gaussian weights of
variance :math:`\sigma_w^2/n`, for :math:`n` inputs of the layer, and independent Gaussian biases
of variance :math:`\sigma_b^2 = 0.05`. The two inputs have :math:`n` entries of mean square 1. Their
*correlation* :math:`c_l` at layer :math:`l` is the cosine of the angle between their
pre-activations :math:`h^l`, and :math:`c_0` that between the inputs themselves: 1 if they are
alike, 0 at a right angle. Of three sizes of weights, :math:`\sigma_w = 1.1` is below the
:ref:`critical line <sphx_glr_gallery_edge_of_chaos_plot_1_phase_diagram.py>`, *ordered*, 1.6 is
above it, *chaotic*, and one is on it.
"""

# %%
# One layer: a map of correlations
# --------------------------------
#
# In a wide layer the pre-activations of a unit, one for each of the two inputs, are a pair of
# Gaussians. If both have the variance :math:`q` and the correlation :math:`c`, the next layer has
# the correlation :cite:p:`Poole2016`
#
# .. math::
#    C(c) = \frac{\sigma_w^2\,\mathbb{E}\,\tanh U \tanh V + \sigma_b^2}
#    {\sigma_w^2\,\mathbb{E}\,\tanh^2 U + \sigma_b^2} ,
#
# where :math:`(U, V)` is such a pair. So a deep network repeats the map :math:`C`. It takes 1 to 1,
# since equal inputs stay equal. What happens to others depends on its slope there. Drawn is what a
# layer adds to a correlation, :math:`C(c) - c`, at the variance :math:`q^*` at which signals
# settle. The marks are the *fixed points*, :math:`C(c) = c`, that correlations move to.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

import stabsim
from stabsim import theory
from stabsim.initializers import Gaussian

sigma_b = np.sqrt(0.05)
critical = float(theory.critical_line("tanh", sigma_b).sigma_w)
cases = {
    "ordered": (1.1, "-", "o", "#0072B2"),
    "critical": (critical, "-.", "^", "#007A5A"),
    "chaotic": (1.6, "--", "s", "#D55E00"),
}
grid = np.linspace(0.0, 1.0, 21)
fixed = {}
figure, axes = plt.subplots()
axes.axhline(0.0, color="0.4", linewidth=1, linestyle=":")
for name, (sigma_w, style, marker, color) in cases.items():
    fixed[name] = theory.correlation_fixed_point("tanh", sigma_w=sigma_w, sigma_b=sigma_b)
    q = float(theory.phases("tanh", sigma_w, sigma_b).q)
    values = theory.correlation_map("tanh", grid, q, sigma_w=sigma_w, sigma_b=sigma_b)
    label = rf"{name}, $\sigma_w = {sigma_w:.3g}$"
    axes.plot(grid, values - grid, color=color, linestyle=style, label=label)
    axes.plot(fixed[name].correlation, 0.0, marker, color=color, markersize=8)
axes.set(xlabel="correlation $c$", ylabel="added by a layer, $C(c) - c$")
axes.legend()
figure.suptitle("Above zero inputs approach, below zero they part")
plt.show()

print(f"{'':<9}{'fixed point':>12}{'slope there':>13}{'slope at 1':>12}")
for name, point in fixed.items():
    print(f"{name:<9}{point.correlation:>12.4f}{point.slope:>13.4f}{point.slope_at_one:>12.4f}")

# %%
# The slope at 1 is :math:`\chi_1`, the factor of squared gradients. Below 1 it leads all pairs of
# inputs to the correlation 1. Above 1 inputs that are nearly alike part, and those that are very
# different approach, until all pairs have one correlation :math:`c^*`, whatever they were.
#
# Forty layers
# ------------
#
# With :func:`stabsim.signal_propagation`, 300 networks of width 400 for each of four pairs of
# inputs, as far as no weight is drawn. Marks are means, lines the map, applied at each layer to the
# variance that signals have there (:func:`stabsim.theory.mean_field_propagation`).

depth, width, trials = 40, 400, 300
starts = (0.0, 0.5, 0.9, 0.99)


def network(sigma_w):
    return stabsim.MLP(depth, width, activation="tanh", init=Gaussian(sigma_w), bias_std=sigma_b)


pairs = {
    (name, start): stabsim.signal_propagation(
        network(sigma_w), correlation=start, trials=trials, rng=1
    )
    for name, (sigma_w, *_) in cases.items()
    for start in starts
}
figure, panels = plt.subplots(3, 1, figsize=(5.6, 7.4), sharex=True, sharey=True)
deviations = []
for axes, (name, (sigma_w, style, marker, color)) in zip(panels, cases.items(), strict=True):
    for start in starts:
        result = pairs[name, start]
        limit, mean = result.mean_field.correlation, result.cosine.mean
        axes.plot(result.layers, limit, color=color, linestyle=style, linewidth=1.5)
        axes.plot(result.layers[::3], mean[::3], marker, color=color, markersize=4)
        deviations.append(np.abs(mean - limit).max())
    axes.axhline(fixed[name].correlation, color="0.4", linewidth=1, linestyle=":")
    axes.set(title=rf"{name}, $\sigma_w = {sigma_w:.3g}$", ylabel="correlation $c_l$")
panels[-1].set(xlabel="layer $l$")
figure.suptitle("All pairs of inputs end at one correlation")
plt.show()

# %%
# Order forgets: in the end every input gives the same output. Chaos forgets, too: it ends at one
# correlation for inputs that were nearly alike and for inputs that had nothing in common, so that
# an input tells nothing about another one like it. In between, on the critical line, correlations
# move as well, but slowly.
#
# In motion
# ---------
#
# One network of each kind, with weights drawn, and two inputs of correlation 0.9. Each dot is a
# unit: to the right its pre-activation for one input, upwards for the other. The line holds 86 in
# 100 dots according to the map. In the film, depth passes.

frames = np.arange(1, 31)
rng = np.random.default_rng(2)
first, second = np.sqrt(width) * np.linalg.qr(rng.standard_normal((width, 2)))[0].T
inputs = np.column_stack([first, 0.9 * first + np.sqrt(1.0 - 0.9**2) * second])
angles = np.linspace(0.0, 2.0 * np.pi, 121)
clouds, ellipses = {}, {}
figure, panels = plt.subplots(1, 2, figsize=(5.6, 3.5), sharex=True, sharey=True)
drawn = {}
for axes, name in zip(panels, ("ordered", "chaotic"), strict=True):
    sigma_w, style, marker, color = cases[name]
    signals, clouds[name] = inputs, []
    for _ in frames:
        weights = sigma_w / np.sqrt(width) * rng.standard_normal((width, width))
        clouds[name].append(weights @ signals + sigma_b * rng.standard_normal((width, 1)))
        signals = np.tanh(clouds[name][-1])
    limit = pairs[name, 0.9].mean_field
    ellipses[name] = [
        2.0 * np.exp(0.5 * log_q) * np.cos([angles, angles - np.arccos(c)])
        for log_q, c in zip(limit.log_q, limit.correlation, strict=True)
    ]
    (dots,) = axes.plot([], [], marker, color=color, markersize=3, alpha=0.5)
    (line,) = axes.plot([], [], color="black", linewidth=1.5, linestyle=style)
    text = axes.text(0.04, 0.96, "", transform=axes.transAxes, va="top", fontsize=11)
    axes.set(title=name, xlim=(-4, 4), ylim=(-4, 4), aspect="equal", xlabel="$h^l$, first input")
    drawn[name] = dots, line, text
panels[0].set(ylabel="$h^l$, second input")
figure.suptitle("Depth makes two inputs one, or strangers")


def draw_layer(layer):
    for name, (dots, line, text) in drawn.items():
        cloud = clouds[name][layer - 1]
        cosine = cloud[:, 0] @ cloud[:, 1] / np.prod(np.linalg.norm(cloud, axis=0))
        dots.set_data(*cloud.T)
        line.set_data(*ellipses[name][layer - 1])
        text.set_text(f"layer {layer}\nc = {cosine:.2f}")
    return [artist for artists in drawn.values() for artist in artists]


motion = FuncAnimation(figure, draw_layer, frames=frames, interval=200, repeat=False)
plt.show()

# %%
# How deep does a network remember?
# ---------------------------------
#
# Near its fixed point the map is a straight line, and the distance to it is multiplied by the slope
# :math:`C'(c^*)` at each layer: it falls like :math:`e^{-l/\xi_c}`, with the *depth scale*
# :math:`\xi_c = -1/\ln C'(c^*)` :cite:p:`Schoenholz2017`. After a few :math:`\xi_c` a network has
# forgotten how alike its inputs were. To simulate it, send a pair with :math:`c_0 = 0` and another
# with 0.9, and let :math:`D_l` be the difference of their correlations. Then
# :math:`\xi_c \approx 15/\ln(D_{25}/D_{40})`.

sizes = np.concatenate([np.linspace(0.8, 1.2, 5), np.linspace(1.45, 2.2, 6)])


def simulated_scale(sigma_w):
    """Return the depth scale between layers 25 and 40 and its standard error."""
    low, high = (
        stabsim.signal_propagation(
            network(sigma_w), correlation=start, trials=trials, record=[25, 40], rng=3
        ).correlation
        for start in (0.0, 0.9)
    )
    apart = high - low
    errors = apart.std(axis=0) / np.sqrt(trials) / apart.mean(axis=0)
    scale = 15.0 / np.log(apart.mean(axis=0)[0] / apart.mean(axis=0)[1])
    return scale, scale**2 / 15.0 * np.hypot(*errors)


scales, errors = np.array([simulated_scale(sigma_w) for sigma_w in sizes]).T
fine = np.linspace(0.8, 2.2, 281)
predicted = theory.phases("tanh", fine, sigma_b)

figure, axes = plt.subplots()
axes.plot(fine, predicted.correlation_scale, color="#0072B2", label=r"$\xi_c$, infinite width")
axes.plot(
    fine,
    np.abs(predicted.gradient_scale),
    color="#D55E00",
    linestyle="--",
    label=r"$\xi = 1/|\ln\chi_1|$ of gradients",
)
axes.errorbar(sizes, scales, errors, fmt="o", color="black", label="simulated, layers 25 to 40")
axes.axvline(critical, color="0.4", linewidth=1, linestyle=":")
axes.set(xlabel=r"size of the weights $\sigma_w$", ylabel="layers", yscale="log", ylim=(1, 200))
axes.legend(loc="upper right", fontsize=10)
figure.suptitle("Memory is deepest on the critical line")
plt.show()

# %%
# Below the critical line :math:`c^* = 1`, so that the slope is :math:`\chi_1`, and both scales are
# one: signals are forgotten as fast as gradients vanish. Above it the gradient's scale is that of
# its explosion. Next to the line forty layers are not deep: correlations are still so far from
# their fixed point that the map is not straight there, and the simulated scale is a little off.

known = theory.phases("tanh", sizes, sigma_b).correlation_scale
worst = np.abs(scales / known - 1.0).max()
order, chaos = fixed["ordered"], fixed["chaotic"]
print(
    f"All pairs of inputs end at the correlation {order.correlation:g} with sigma_w = "
    f"{cases['ordered'][0]}, and at {chaos.correlation:.3f} with {cases['chaotic'][0]}; the depth "
    f"scales are {order.correlation_scale:.1f} and {chaos.correlation_scale:.1f} layers, and "
    f"infinite at sigma_w = {critical:.3f}. "
    f"Simulated correlations differ from those of infinite width by {max(deviations):.3f} at most, "
    f"and depth scales by {worst:.0%}."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Why is the slope of :math:`C` at 1 the factor :math:`\chi_1` of squared gradients?
#
# **Answer.** Take an input and a slightly moved one. The squared distance of their signals is
# :math:`2(1-c)` in units of the squared length. A layer multiplies it by the squared weights and
# slopes, :math:`\sigma_w^2\,\mathbb{E}\,\tanh'^2 U`, on average, and a gradient by the same weights
# and slopes, used the other way round. At :math:`q^*`:

for name, (sigma_w, *_) in cases.items():
    q = float(theory.phases("tanh", sigma_w, sigma_b).q)
    chi = float(theory.susceptibility("tanh", q, sigma_w=sigma_w))
    print(f"{name:<9} C'(1) = {fixed[name].slope_at_one:.6f}, chi_1 = {chi:.6f}")

# %%
# **Exercise 2.** Two inputs of the chaotic network differ by no more than the rounding of float64:
# :math:`1 - c_0 = 2^{-53}`. After how many layers have they gone half of the way to :math:`c^*`?
#
# **Answer.** As long as :math:`1 - c` is small, it grows :math:`\chi_1` times a layer, so the
# layers are :math:`\ln\bigl(2^{53} \tfrac{1 - c^*}{2}\bigr)/\ln\chi_1`, and a few more because the
# growth slows down in the end. A signal computed through a deeper network is made of its rounding
# errors.

gap = 2.0**-53
deep = stabsim.MLP(400, 1000, activation="tanh", init=Gaussian(1.6), bias_std=sigma_b)
alike = stabsim.signal_propagation(
    deep, correlation=1.0 - gap, trials=30, record=np.arange(200, 401), rng=4
)
half = 0.5 * (1.0 - chaos.correlation)
print(
    f"predicted {np.log(half / gap) / np.log(chaos.slope_at_one):.0f} layers, simulated "
    f"{alike.layers[np.argmax(1.0 - alike.cosine.mean > half)]}"
)

# %%
# **Exercise 3.** For ReLU with He's weights and without biases the map is near 1
# :math:`C(c) \approx c + \tfrac{2\sqrt 2}{3\pi} (1-c)^{3/2}` :cite:p:`ChoSaul2009`. How fast do two
# inputs approach each other?
#
# **Answer.** With :math:`e = 1 - c` a layer changes :math:`1/\sqrt e` by about
# :math:`\tfrac{\sqrt 2}{3\pi}`, the same number at each layer. So :math:`e \approx
# \tfrac{9\pi^2}{2}/l^2`, a power of the depth: :math:`C'(1) = 1`, ReLU networks are on the edge.

relu = theory.mean_field_propagation(
    [1] * 1001, ["relu"] * 1000, np.sqrt(2.0), correlation=0.0
).log_distance
for layer in (10, 100, 1000):
    print(f"l = {layer:>4}: l² (1 - c) = {layer**2 * np.exp(relu[layer - 1]):.2f}")
print(f"9π²/2 = {4.5 * np.pi**2:.2f}")

# %%
# Read on
# -------
#
# :ref:`The default of PyTorch <sphx_glr_gallery_cures_plot_7_default.py>` is deep in the ordered
# phase, and :ref:`the next page <sphx_glr_gallery_edge_of_chaos_plot_5_finite_width.py>` asks what
# the edge is in narrow networks. :func:`stabsim.signal_propagation` follows two inputs through any
# network, :func:`stabsim.theory.correlation_fixed_point` tells where they end, and :doc:`the theory
# of networks </networks_theory>` has the maps.
