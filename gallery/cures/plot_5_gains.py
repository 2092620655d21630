r"""
What gain does an activation need?
==================================

PyTorch's ``calculate_gain`` returns 5/3 for tanh, :math:`\sqrt 2` for ReLU, 3/4 for SELU and 1 for
the sigmoid. Where do these numbers come from? And what should it return for GELU, SiLU and Mish,
which it does not know?

**What this assumes.** Layers :math:`h^l = W_l\,\varphi(h^{l-1})` of :math:`n` units, with
independent Gaussian weights of standard deviation :math:`g/\sqrt n`: :math:`g` is the *gain*,
:math:`\varphi` the activation. There are no biases until the last section. In wide layers every
*pre-activation* :math:`h^l_i` is nearly Gaussian, with mean 0 and a variance :math:`q`.
"""

# %%
# Two gains, by quadrature
# ------------------------
#
# A sum of :math:`n` terms of variance :math:`g^2/n` times :math:`\varphi(h)^2` has the variance
# :math:`V(q) = g^2\,\mathbb{E}\,\varphi(\sqrt q\,Z)^2`, with a standard Gaussian :math:`Z`. Going
# backward, the squared length of a gradient is multiplied by
# :math:`\chi = g^2\,\mathbb{E}\,\varphi'(\sqrt q\,Z)^2`. So at :math:`q = 1` signals keep their
# size with the *forward* gain, and gradients with the *backward* gain:
#
# .. math::
#    g_\text{forward} = \frac{1}{\sqrt{\mathbb{E}\,\varphi(Z)^2}}, \qquad
#    g_\text{backward} = \frac{1}{\sqrt{\mathbb{E}\,\varphi'(Z)^2}} .
#
# :func:`stabsim.theory.gain` integrates. The last column checks the forward gain with a single
# layer of a million Gaussian pre-activations: what their mean square is after it.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import activations, initializers, theory

torch_gains = {
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": np.sqrt(2.0),
    "leaky_relu": np.sqrt(2.0 / (1.0 + 0.01**2)),
    "selu": 3 / 4,
    "gelu": None,
    "silu": None,
    "mish": None,
}
z = np.random.default_rng(2024).standard_normal(1_000_000)
print(f"{'':<12}{'PyTorch':>9}{'forward':>9}{'backward':>10}{'mean square, simulated':>28}")
for name, torch_gain in torch_gains.items():
    forward = theory.gain(name)
    backward = theory.gain(name, direction="backward")
    squares = (forward * activations.get(name)(z)) ** 2
    print(
        f"{name:<12}{'none' if torch_gain is None else f'{torch_gain:.4f}':>9}"
        f"{forward:>9.4f}{backward:>10.4f}"
        f"{squares.mean():>19.4f} ± {squares.std() / np.sqrt(z.size):.4f}"
    )

# %%
# For the linear layer, ReLU and leaky ReLU, PyTorch's gain keeps both, exactly. The sigmoid's 1
# keeps nothing, as no gain can: :ref:`its gradient vanishes
# <sphx_glr_gallery_vanishing_plot_3_sigmoid_layers.py>`. (The 4.8 that one reads about, here
# ``theory.gain("sigmoid", centered=True)``, keeps the spread around the mean.) That leaves tanh and
# SELU, where forward and backward differ and PyTorch has neither.
#
# Tanh and SELU: where signals settle
# -----------------------------------
#
# Whatever the gain, these two bring signals to a stable length of their own, the *fixed point*
# :math:`q^* = V(q^*)`, and what counts for the gradient is :math:`\chi` there. The lines are the
# factor :math:`\sqrt\chi` by which a layer then multiplies the length of a gradient, by
# :func:`stabsim.theory.fixed_points`; the marks are simulated, 60 layers of 512 units, the upper
# 40 of them counted.

depth, width, trials = 60, 512, 60


def gradient_factor(name, gain):
    """Return the simulated factor per layer, after twenty layers to settle, and its error."""
    network = stabsim.MLP(depth, width, activation=name, init=initializers.Gaussian(gain))
    result = stabsim.gradient_attenuation(network, trials=trials, record=[20, depth], rng=1)
    layer = list(result.layers).index(20)
    return result.mean[layer] / (depth - 20), result.standard_error[layer] / (depth - 20)


def settled(name, gain):
    """Return the stable fixed point of signals."""
    return next(p for p in theory.fixed_points(name, sigma_w=gain) if p.stable)


marked = {
    "tanh": (1.2, theory.gain("tanh", direction="backward"), theory.gain("tanh"), 5 / 3, 1.8),
    "selu": (0.75, 0.85, theory.gain("selu", direction="backward"), 1.0, 1.15),
}
looks = {"tanh": ("-", "o", "#0072B2"), "selu": ("--", "s", "#D55E00")}
figure, axes = plt.subplots()
print(f"{'':<6}{'gain':>8}{'q*':>9}{'sqrt(chi)':>11}{'simulated':>19}")
factors = {}
for name, gains in marked.items():
    style, marker, color = looks[name]
    grid = np.linspace(min(gains) - 0.02, max(gains) + 0.05, 25)
    roots = [settled(name, gain).susceptibility ** 0.5 for gain in grid]
    axes.plot(grid, roots, color=color, linestyle=style, label=name)
    for gain in gains:
        point = settled(name, gain)
        log_factor, error = gradient_factor(name, gain)
        factors[name, gain] = np.exp(log_factor)
        axes.plot(gain, np.exp(log_factor), marker, color=color)
        print(
            f"{name:<6}{gain:>8.4f}{point.q:>9.4f}{point.susceptibility**0.5:>11.4f}"
            f"{factors[name, gain]:>10.4f} ± {error:.4f}"
        )
for name in marked:
    height = settled(name, torch_gains[name]).susceptibility ** 0.5
    axes.plot(torch_gains[name], height, "*", color="black", markersize=13, zorder=1)
axes.plot([], [], "*", color="black", markersize=11, label="PyTorch's gain")
axes.axhline(1.0, color="0.4", linewidth=1, linestyle=":")
axes.set(xlabel="gain g", ylabel="factor of the gradient per layer")
axes.legend(loc="upper left")
figure.suptitle("SELU's 3/4 keeps gradients, tanh's 5/3 does not")
plt.show()

# %%
# SELU is made to have :math:`q^* = 1` at gain 1 :cite:p:`Klambauer2017`, where its gradient grows.
# With 3/4 signals settle at a much smaller size, near the kink at zero, and there the gradient
# stays. And 5/3 is the forward gain of tanh, rounded up: it keeps signals near :math:`q = 1`, far
# from zero, and pays with a gradient that grows.
#
# GELU, SiLU and Mish: nowhere to settle
# --------------------------------------
#
# These three are flatter near zero than far out, so a small signal gets smaller and a large one
# larger. At the forward gain :math:`q = 1` is a fixed point, but an unstable one: its slope
# :math:`V'(1)` is above 1, and any deviation grows by this factor in each layer. In a network of
# width :math:`n` there always is one, of the size of :math:`1/\sqrt n`, so it reaches the size
# of 1 after some :math:`\ln\sqrt n / \ln V'(1)` layers.

smooth = ("gelu", "silu", "mish")
width, depth = 256, 50
print(f"{'':<6}{'forward gain':>14}{'V prime(1)':>12}{'layers to the size of 1':>25}")
for name in smooth:
    gain = theory.gain(name)
    slope = float(theory.susceptibility(name, 1.0, sigma_w=gain, direction="parallel"))
    patience = np.log(np.sqrt(width)) / np.log(slope)
    print(f"{name:<6}{gain:>14.4f}{slope:>12.4f}{patience:>25.0f}")

# %%
# With biases there is a way out: one pair of weight and bias variances for which signals *and*
# gradients stay in the limit of infinite width :cite:p:`Roberts2022`,
# :func:`stabsim.theory.critical_initialization`. Fifty layers of 256 units under three choices:
# ReLU's gain :math:`\sqrt 2`, which ``kaiming_normal`` gives to all, the forward gain, and the
# critical pair. The input has the length that brings the first pre-activations to :math:`q = 1`, or
# to the critical :math:`q^*`. Bands hold 90 in 100 networks, lines are their medians, crosses the
# limit of infinite width.

decade = np.log(10.0)
quantiles = {}
figure, panels = plt.subplots(3, 1, figsize=(5.6, 7.4), sharex=True)
print(f"{'':<6}{'':<16}{'g':>7}{'bias':>8}{'decades left: 5 %':>20}{'median':>9}{'95 %':>8}")
for axes, name in zip(panels, smooth, strict=True):
    critical = theory.critical_initialization(name)
    choices = {
        "gain √2": (np.sqrt(2.0), 0.0, 1.0, "--", "#D55E00", "//"),
        "forward gain": (theory.gain(name), 0.0, 1.0, "-.", "#007A5A", "\\\\"),
        "critical, biases": (critical.sigma_w, critical.sigma_b, critical.q, "-", "#0072B2", None),
    }
    for choice, (gain, bias, q, style, color, hatch) in choices.items():
        network = stabsim.MLP(
            depth, width, activation=name, init=initializers.Gaussian(gain), bias_std=bias
        )
        norm = np.sqrt(width * (q - bias**2)) / gain
        result = stabsim.gradient_attenuation(network, trials=300, inputs=norm, rng=2)
        low, middle, high = result.quantile([0.05, 0.5, 0.95]) / decade
        axes.fill_between(result.layers, low, high, color=color, alpha=0.2, hatch=hatch)
        axes.plot(result.layers, middle, color=color, linestyle=style, label=choice)
        limit = result.mean_field.log_gradient_norm / decade
        axes.plot(result.layers[::10], limit[::10], "x", color=color)
        quantiles[name, choice] = low[0], middle[0], high[0]
        print(
            f"{name:<6}{choice:<16}{gain:>7.4f}{bias:>8.4f}"
            f"{low[0]:>20.2f}{middle[0]:>9.2f}{high[0]:>8.2f}"
        )
    axes.axhline(0.0, color="0.4", linewidth=1, linestyle=":")
    axes.set(ylabel="gradient, decades", title=name)
panels[-1].set(xlabel="layer l")
handles, labels = panels[0].get_legend_handles_labels()
figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=10)
figure.suptitle("Smooth activations need biases to stay level")
plt.show()

# %%
# With :math:`\sqrt 2` signals shrink until they see no more than a straight line near zero, of a
# slope (1/2, for Mish 0.6) too flat for this gain, and from there on every layer costs gradient.
# With the forward gain the limit of infinite width, which stays at :math:`q = 1`, is soon beside
# the point: some networks grow, others shrink, and 90 in 100 differ by many powers of ten. It will
# do for ten layers. The critical pair holds the middle network level and the others near it, the
# nearer the wider they are.

gains = ", ".join(f"{theory.gain(name):.4f} for {name}" for name in smooth)
low, _, high = quantiles["gelu", "forward gain"]
print(
    f"Forward gains: {gains}. A layer multiplies the gradient by {factors['tanh', 5 / 3]:.3f} with "
    f"PyTorch's 5/3 for tanh, and by {factors['selu', 0.75]:.3f} with its 3/4 for SELU against "
    f"{factors['selu', 1.0]:.3f} with gain 1. Of {depth} GELU layers the middle network keeps "
    f"10^{quantiles['gelu', 'gain √2'][1]:.1f} of the gradient with gain √2 and "
    f"10^{quantiles['gelu', 'critical, biases'][1]:.1f} with the critical pair; with the forward "
    f"gain 90 in 100 are between 10^{low:.1f} and 10^{high:+.1f}."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** For the error function, :math:`\operatorname{erf} x = \tfrac{2}{\sqrt\pi} \int_0^x
# e^{-t^2}\,dt`, both gains are known in closed form. Find the backward one.
#
# **Answer.** The slope squared is :math:`\tfrac{4}{\pi} e^{-2 x^2}`, and
# :math:`\mathbb{E}\,e^{-2 Z^2} = 1/\sqrt{1 + 4}`, because the integrand is a narrower Gaussian. So
# :math:`g_\text{backward} = \sqrt{\pi \sqrt 5}/2`. The forward gain follows from
# :math:`\mathbb{E}\operatorname{erf}^2 Z = \tfrac{2}{\pi} \arcsin\tfrac{2}{3}`
# :cite:p:`Williams1998`.

closed = {
    "forward": np.sqrt(np.pi / 2.0 / np.arcsin(2.0 / 3.0)),
    "backward": np.sqrt(np.pi * np.sqrt(5.0)) / 2.0,
}
for direction, formula in closed.items():
    quadrature = theory.gain("erf", direction=direction)
    print(f"{direction:<8} formula {formula:.6f}, by quadrature {quadrature:.6f}")

# %%
# **Exercise 2.** Dropout leaves out every unit with probability :math:`p` and multiplies the others
# by :math:`1/(1 - p)`. How must the gain of a layer change so that lengths stay?
#
# **Answer.** A unit's square is multiplied by :math:`1/(1-p)^2` with probability :math:`1-p`: on
# average by :math:`1/(1-p)`. So the gain must be multiplied by :math:`\sqrt{1-p}`. As in the table
# above, a layer of a million ReLU units, with dropout, and what their mean square is after it:

for p in (0.1, 0.5):
    kept = (np.random.default_rng(7).random(z.size) >= p) / (1.0 - p)
    gain = theory.gain("relu") * np.sqrt(1.0 - p)
    squares = (gain * kept * np.maximum(z, 0.0)) ** 2
    print(f"p = {p}: gain {gain:.4f}, {squares.mean():.4f} ± {squares.std() / np.sqrt(z.size):.4f}")

# %%
# Read on
# -------
#
# For an activation that nobody has a table for, see :ref:`the next page
# <sphx_glr_gallery_cures_plot_6_custom_activation.py>`. :func:`stabsim.theory.gain` and
# :func:`stabsim.theory.critical_initialization` have the numbers for any activation, and :doc:`the
# theory of networks </networks_theory>` their derivation. The section on :ref:`the edge of chaos
# <sphx_glr_gallery_edge_of_chaos_plot_1_phase_diagram.py>` asks what biases do.
