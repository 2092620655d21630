r"""
Where is the edge of chaos?
===========================

A deep network has two numbers to set before training, the size :math:`\sigma_w` of its weights
and the size :math:`\sigma_b` of its biases. Which pairs :math:`(\sigma_w, \sigma_b)` let gradients
pass?

**What this assumes.** Networks whose layers :math:`l = 1, 2, \dots` compute
:math:`h^l = W_l x^{l-1} + b_l` and :math:`x^l = \varphi(h^l)`, with an activation :math:`\varphi`.
The weights :math:`W_l` are independent Gaussians of variance :math:`\sigma_w^2/n`, for :math:`n`
inputs of the layer, the biases :math:`b_l` independent Gaussians of variance :math:`\sigma_b^2`.
Followed is the gradient :math:`\partial\ell/\partial x^l` of a loss :math:`\ell`. The theory is
that of wide networks :cite:p:`Poole2016,Schoenholz2017`; the simulated networks are 200 wide.
"""

# %%
# Two phases and a line
# ---------------------
#
# In a wide network the variance of a *pre-activation* :math:`h^l_i` settles at a fixed point
# :math:`q^*`, whatever the input, and from there on a layer multiplies the squared norm of a
# gradient by
#
# .. math:: \chi_1 = \sigma_w^2\, \mathbb{E}\, \varphi'(\sqrt{q^*} Z)^2 ,
#
# a mean over a standard Gaussian :math:`Z`. Where :math:`\chi_1 < 1` gradients vanish, and two
# inputs become more and more alike: the *ordered* phase. Where :math:`\chi_1 > 1` they explode, and
# inputs that were alike part: *chaos*. The *critical line* runs between them. Each circle is a
# simulation, its color the factor that it found; circles that blend into the map agree with theory.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import activations, theory

sigma_w = np.linspace(0.5, 3.0, 11)
sigma_b = np.linspace(0.05, 1.0, 6)
diagram = stabsim.phase_diagram("tanh", sigma_w, sigma_b, width=200, depth=40, trials=20, rng=1)

figure, axes = plt.subplots(figsize=(5.6, 4.2))
diagram.plot(axes)
axes.set_title("")
axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
figure.suptitle("A line parts ordered from chaotic tanh networks")
plt.show()

# %%
# How near is theory?
# -------------------
#
# In numbers: the simulated mean of :math:`\ln\lvert\partial\ell/\partial x\rvert` per layer against
# :math:`\tfrac12 \ln\chi_1`. Single networks are narrower than infinity, so the
# difference is small, not zero: the fluctuations of a finite layer, of order :math:`1/n`, lower the
# logarithm.

expected = 0.5 * np.log(diagram.chi)
difference = diagram.simulated_rate - expected

figure, axes = plt.subplots()
axes.axline((0.0, 0.0), slope=1.0, color="0.4", linewidth=1, linestyle=":")
axes.errorbar(
    expected.ravel(), diagram.simulated_rate.ravel(), diagram.simulated_rate_se.ravel(), fmt="o"
)
axes.set(
    xlabel=r"theory, $\frac{1}{2} \ln\chi_1$",
    ylabel=r"simulated growth of $\ln|\partial\ell/\partial x|$",
)
figure.suptitle("Simulated gradients grow at the predicted rates")
plt.show()

# %%
# Other activations
# -----------------
#
# The line depends on the activation. For ReLU it is a point of the axis: at :math:`\sigma_w^2 = 2`,
# and :math:`\chi_1 = \sigma_w^2/2` whatever the biases, but with biases lengths never settle on it.
# GELU and SiLU have roots of :math:`\chi_1 = 1` too, but the fixed point there can be unstable, so
# that lengths run away from it: not an edge at which a network can be held.

biases = np.linspace(0.01, 1.0, 60)
figure, axes = plt.subplots()
for name, style in (("tanh", "-"), ("erf", "--"), ("softsign", "-."), ("sine", ":")):
    line = theory.critical_line(name, biases)
    held = line.exists & line.stable
    axes.plot(np.where(held, line.sigma_w, np.nan), biases, style, label=name)
axes.set(xlabel=r"$\sigma_w$", ylabel=r"$\sigma_b$")
axes.legend()
figure.suptitle("Each activation has a critical line of its own")
plt.show()

for name in ("gelu", "silu", "tanh", "erf"):
    line = theory.critical_line(name, 0.2)
    kind = "stable" if line.stable else "unstable"
    print(f"{name:<5} critical at sigma_b = 0.2: sigma_w = {line.sigma_w:.4f}, {kind}")

# %%
# So the edge is a line for the activations that saturate, and it can be computed in advance.

tanh = theory.critical_line("tanh", 0.05**0.5)
print(
    f"For tanh with biases of variance 0.05 gradients keep their size at sigma_w² = "
    f"{tanh.sigma_w**2:.6f}; over the {diagram.chi.size} simulated pairs the growth rate per "
    f"layer is within {np.abs(difference).max():.4f} of theory, and at the median within "
    f"{np.median(np.abs(difference)):.4f}."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Without biases, :math:`\sigma_b = 0`, where do the lines of the last figure begin?
#
# **Answer.** If signals shrink to nothing, :math:`q^* = 0`, the activation is the straight line of
# slope :math:`\varphi'(0)`, and :math:`\chi_1 = \sigma_w^2 \varphi'(0)^2`. So all of them begin at
# :math:`\sigma_w = 1/\varphi'(0)`: at 1 for tanh, softsign and sine, and at :math:`\sqrt\pi/2` for
# erf.

for name in ("tanh", "softsign", "sine", "erf"):
    begins = theory.critical_line(name, 0.0).sigma_w
    print(f"{name:<9}{begins:.4f}, 1/slope {1.0 / activations.get(name).derivative(0.0):.4f}")

# %%
# **Exercise 2.** What do ReLU networks do at :math:`\sigma_w^2 = 2` with biases?
#
# **Answer.** :math:`\varphi'` is 1 for half of all pre-activations and 0 for the others, so
# :math:`\chi_1 = 2 \cdot \tfrac{1}{2} = 1`: gradients keep their size. Signals do not: the variance
# of a pre-activation goes from :math:`q` to :math:`q + \sigma_b^2` at every layer. It never
# settles, but it does not explode either.

network = stabsim.MLP(40, 200, activation="relu", init="kaiming_normal", bias_std=0.5)
pair = stabsim.signal_propagation(network, correlation=0.0, trials=400, record=[10, 40], rng=2)
lengths = np.exp(pair.log_length)
grown = (lengths[:, 1] - lengths[:, 0]) / 30.0
print(f"growth per layer {grown.mean():.4f} ± {grown.std() / 20.0:.4f}, sigma_b² = {0.5**2}")

# %%
# **Exercise 3.** How does the line of tanh leave the axis? For small :math:`q` use
# :math:`\mathbb{E}\tanh^2 h \approx q - 2q^2 + \tfrac{17}{3} q^3` and
# :math:`\mathbb{E}\tanh'^2 h \approx 1 - 2q + 7q^2`, for a Gaussian :math:`h` of variance
# :math:`q`.
#
# **Answer.** :math:`\chi_1 = 1` gives :math:`\sigma_w^2 \approx 1 + 2q - 3q^2`. Put into
# :math:`q = V(q)`, everything up to :math:`q^2` cancels, and there remains
# :math:`\sigma_b^2 \approx \tfrac{4}{3} q^3`. So :math:`\sigma_w^2 \approx 1 + 2
# \bigl(\tfrac{3}{4} \sigma_b^2\bigr)^{1/3}`: a cube root, which leaves steeply. Biases as small as
# 0.01 already ask for weights 4 % larger.

for sigma_b in (1e-4, 1e-3, 1e-2):
    cube_root = (0.75 * sigma_b**2) ** (1.0 / 3.0)
    exact = theory.critical_line("tanh", sigma_b).sigma_w
    print(
        f"sigma_b = {sigma_b:g}: sigma_w = {exact:.6f}, cube root {np.sqrt(1 + 2 * cube_root):.6f}"
    )

# %%
# Read on
# -------
#
# :ref:`The next page <sphx_glr_gallery_edge_of_chaos_plot_2_trainable_depth.py>` trains networks on
# both sides of the line. :func:`stabsim.phase_diagram` draws the map for any activation,
# :func:`stabsim.theory.critical_line` finds the line, and :doc:`the theory of networks
# </networks_theory>` explains both. Gains without biases are the subject of :ref:`an earlier page
# <sphx_glr_gallery_cures_plot_5_gains.py>`.
