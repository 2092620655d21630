r"""
Which activation lets the gradient through?
===========================================

A unit takes a weighted sum :math:`z` of its inputs and passes on :math:`\varphi(z)`, where the
function :math:`\varphi` is its *activation*. Going backward, it multiplies its part of the gradient
by the derivative :math:`\varphi'(z)`. A layer has many units, and each has a :math:`z` of its own:
what the layer does to the gradient depends on the average of all their derivatives. Which
activations let most of a gradient pass?

**What this assumes.** At the start, before any training (*at initialization*), the weights are
random, and a sum of many random terms is nearly *Gaussian*: its values follow the bell curve. So
:math:`z` is taken to be *standard Gaussian*, with the density :math:`e^{-z^2/2}/\sqrt{2\pi}`,
written :math:`z \sim N(0, 1)`, for all activations. Its mean is 0, and so its *variance*, the mean
of the squared distance from the mean, is that of :math:`z^2`, which is 1. Each of the :math:`n`
units has :math:`n` weights, drawn independently of each other, with mean 0 and variance
:math:`\sigma_w^2/n`; here :math:`\sigma_w = 1`, so that the comparison is one of activations and of
nothing else.
"""

# %%
# Value and gradient, side by side
# --------------------------------
#
# Three families: those that *saturate* (become flat) on both sides, those that are linear on
# pieces, and the smooth ones that are nearly the identity for large inputs. The sine is a family
# of its own.

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from stabsim import activations, theory

families = {
    "saturating": ["sigmoid", "tanh", "erf", "softsign", "hard_tanh"],
    "piecewise linear": ["linear", "relu", "leaky_relu", "relu6"],
    "smooth": ["softplus", "elu", "selu", "gelu", "gelu_tanh", "silu", "mish"],
    "periodic": ["sine"],
}
order = [name for family in families.values() for name in family]
order += sorted(set(activations.names()) - set(order))

x = np.linspace(-4.0, 4.0, 801)
columns = 3
rows = -(-len(order) // columns)
figure, grid = plt.subplots(
    rows, columns, figsize=(5.6, 1.4 * rows), sharex=True, sharey=True, squeeze=False
)
for axes, name in zip(grid.flat, order, strict=False):
    activation = activations.get(name)
    (value,) = axes.plot(x, activation(x))
    (gradient,) = axes.plot(x, activation.derivative(x))
    axes.set_title(name)
    axes.set(xlim=(-4, 4), ylim=(-1.6, 2.6), xticks=(-4, 0, 4), yticks=(-1, 0, 1, 2))
for axes in grid.flat[len(order) :]:
    axes.set_axis_off()
figure.legend([value, gradient], ["value", "gradient"], loc="outside lower center", ncols=2)
figure.suptitle(f"{len(order)} activations differ most in their gradients")
plt.show()

# %%
# What a layer keeps of a squared gradient
# ----------------------------------------
#
# The length of a gradient is the root of the sum of its squared entries. On its way through a wide
# layer, its *square* is multiplied by one number :cite:p:`Schoenholz2017`,
#
# .. math:: \chi = \sigma_w^2 \, \mathbb{E}\bigl[\varphi'(z)^2\bigr],
#
# where :math:`\mathbb{E}`, the expectation, is the mean over the law of :math:`z`. With
# :math:`\chi < 1` gradients vanish with depth, with :math:`\chi > 1` they explode.
#
# Two independent computations of :math:`\mathbb{E}[\varphi'(z)^2]`: a numerical integral (a
# *quadrature*) against the density of :math:`z`, split at the kinks of the activations, and the
# mean over 200 000 random draws of :math:`z`. The number behind ± is the *standard error*, the
# typical distance of such a mean from the true value. The last columns give the largest slope, and
# the side on which an activation is flat.

KINKS = [-1.0, 0.0, 1.0, 6.0]
z = np.random.default_rng(2024).standard_normal(200_000)


def mean_square_gradient(name):
    derivative = activations.get(name).derivative
    edges = [-12.0, *KINKS, 12.0]
    return sum(
        quad(lambda u: derivative(u) ** 2 * norm.pdf(u), low, high, epsabs=1e-12)[0]
        for low, high in pairwise(edges)
    )


wide = np.linspace(-50.0, 50.0, 100_001)
far = np.linspace(1e4, 1e4 + 10.0, 1001)
exact, estimate, error = {}, {}, {}
print(f"{'activation':<12}{'exact':>9}{'simulated':>20}{'max slope':>11}  saturates")
for name in order:
    activation = activations.get(name)
    squares = activation.derivative(z) ** 2
    exact[name] = mean_square_gradient(name)
    estimate[name] = squares.mean()
    error[name] = squares.std() / np.sqrt(z.size)
    steepest = np.abs(activation.derivative(wide)).max()
    left, right = (np.abs(activation.derivative(outer)).max() < 1e-6 for outer in (-far, far))
    saturates = {(0, 0): "no", (1, 0): "left", (0, 1): "right", (1, 1): "both sides"}[left, right]
    print(
        f"{name:<12}{exact[name]:>9.5f}{estimate[name]:>12.5f} ± {error[name]:.5f}"
        f"{steepest:>11.4f}  {saturates}"
    )

# %%
# In one picture
# --------------

# sphinx_gallery_thumbnail_number = 2

ranking = sorted(order, key=exact.get)
height = np.arange(len(ranking))
figure, axes = plt.subplots(figsize=(5.6, 5.4))
axes.barh(height, [exact[name] for name in ranking], color="#56B4E9", label="quadrature")
axes.errorbar(
    [estimate[name] for name in ranking],
    height,
    xerr=[5 * error[name] for name in ranking],
    fmt="o",
    color="black",
    label="200 000 draws, ±5 standard errors",
)
axes.axvline(1.0, color="0.4", linewidth=1, linestyle=":")
axes.set_yticks(height, ranking)
axes.set(xlabel=r"$E[\varphi'(z)^2]$ at z ~ N(0, 1)", ylim=(-0.6, len(ranking) - 0.4))
axes.grid(visible=False, axis="y")
axes.legend(loc="lower right")
figure.suptitle(f"{ranking[-1]} keeps most of a gradient, {ranking[0]} least")
plt.show()

# %%
# A layer keeps gradients at length where :math:`\chi = 1`, that is,
# :math:`\sigma_w^2 = 1/\mathbb{E}[\varphi'(z)^2]`: for ReLU that is the 2 of :ref:`He's
# initialization <sphx_glr_gallery_cures_plot_2_he_relu.py>`, for the sigmoid more than twenty.

worst = ranking[0]
score = max(abs(estimate[name] - exact[name]) / max(error[name], 1e-12) for name in order)
print(
    f"{worst} keeps {exact[worst]:.4f} of a squared gradient, tanh {exact['tanh']:.4f}, "
    f"relu {exact['relu']:.4f}, selu {exact['selu']:.4f}; ten {worst} layers lose "
    f"{-5 * np.log10(exact[worst]):.2f} decades of gradient. "
    f"Simulation and quadrature differ by {score:.1f} standard errors at most."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** What does a layer with the activation :math:`\varphi(z) = \sin z` keep of a
# squared gradient, as a formula?
#
# **Answer.** The derivative is :math:`\cos z`, and :math:`\cos^2 z = (1 + \cos 2z)/2`. For a
# Gaussian :math:`z` of variance 1 the mean of :math:`\cos(kz)` is :math:`e^{-k^2/2}`, so
# :math:`\mathbb{E}[\cos^2 z] = (1 + e^{-2})/2`.

formula = (1.0 + np.exp(-2.0)) / 2.0
print(f"formula {formula:.6f}, quadrature {exact['sine']:.6f}")

# %%
# **Exercise 2.** Weights with :math:`\sigma_w^2 = 1/\mathbb{E}[\varphi'(z)^2]` keep the gradient of
# a layer whose inputs have variance 1. The units of the next layer then have inputs of variance
# :math:`\sigma_w^2\,\mathbb{E}[\varphi(z)^2]`. For which activations is this 1 again, so that the
# same weights fit layer after layer?
#
# **Answer.** It takes :math:`\mathbb{E}[\varphi(z)^2] = \mathbb{E}[\varphi'(z)^2]`. A function that
# is :math:`cz` on one side of zero and :math:`az` on the other has
# :math:`\varphi(z)^2 = z^2 \varphi'(z)^2`. Its slope hangs on the sign of :math:`z` alone, which is
# independent of the size of :math:`z`, and :math:`\mathbb{E}[z^2] = 1`: so lines and ReLUs have it,
# exactly. (ReLU6 has it nearly, as inputs beyond 6 are rare.) With all others the variance moves
# from layer to layer, and the weights have to suit the variance at which it settles: :ref:`that is
# the subject of another section <sphx_glr_gallery_edge_of_chaos_plot_1_phase_diagram.py>`.

next_variance = {}
for name in order:
    mean_square = np.mean(activations.get(name)(z) ** 2)
    next_variance[name] = mean_square / estimate[name]
steady = [name for name in order if abs(next_variance[name] - 1.0) < 0.01]
print(f"steady: {', '.join(steady)}")
for name in ("sigmoid", "tanh", "gelu"):
    print(f"{name}: from variance 1 to {next_variance[name]:.3f}")

# %%
# **Exercise 3.** A ReLU layer of :math:`n` units keeps half of a squared gradient on average. How
# much does that share vary from one layer to the next, when :math:`n` is 16, 64, 256?
#
# **Answer.** The share is the sum of :math:`s_i^2 g_i^2/n` over the units, with the slope
# :math:`s_i`, which is 0 or 1 with equal chance, and a standard Gaussian :math:`g_i`.
# :class:`stabsim.theory.LayerFactor` knows its law at every width. A term has the mean 1/2 and the
# mean square 3/2, hence the variance 5/4: the *standard deviation* of the share, the root of its
# variance, is :math:`\sqrt{5/(4n)}`. Narrow layers are a lottery.

rng = np.random.default_rng(7)
for width in (16, 64, 256):
    factor = theory.LayerFactor(width, sigma_w=1.0)
    spread = np.sqrt(factor.moment(2) - factor.moment(1) ** 2)
    terms = rng.integers(0, 2, (20_000, width)) * rng.standard_normal((20_000, width)) ** 2
    shares = terms.mean(axis=1)
    print(
        f"{width:>4} units keep {factor.moment(1):.3f} ± {spread:.3f}, "
        f"simulated {shares.mean():.3f} ± {shares.std():.3f} (one standard deviation)"
    )

# %%
# Read on
# -------
#
# :ref:`The next page <sphx_glr_gallery_vanishing_plot_3_sigmoid_layers.py>` puts fifty sigmoid
# layers on top of each other. :func:`stabsim.theory.susceptibility` computes :math:`\chi` for any
# activation, weight and variance, :class:`stabsim.activations.Activation` says how to bring one of
# your own, and :doc:`the theory of networks </networks_theory>` derives what is used here.
