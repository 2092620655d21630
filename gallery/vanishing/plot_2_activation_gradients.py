r"""
Which activation lets the gradient through?
===========================================

Going backward, each layer multiplies the gradient by :math:`\varphi'(z)`. For the wide layers of a
network at initialization the input :math:`z` is nearly Gaussian, so what a layer does to the
*squared* length of a gradient is one number, the mean-field factor :cite:p:`Schoenholz2017`

.. math:: \chi = \sigma_w^2 \, \mathbb{E}\bigl[\varphi'(z)^2\bigr], \quad z \sim \mathcal{N}(0, q).

Which activations pass the most of it?

**What this assumes.** Inputs of variance :math:`q = 1` and weights with :math:`\sigma_w^2 = 1`, the
same for all, so that the number compares the activations and nothing else. A real network chooses
its weights to bring :math:`\chi` to 1.
"""

# %%
# Value and gradient, side by side
# --------------------------------
#
# Three families: those that saturate on both sides, those that are linear on pieces, and the
# smooth ones that are nearly the identity for large inputs. The sine is a family of its own.

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from stabsim import activations

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
figure.suptitle(f"{len(order)} activations, each with its gradient")
plt.show()

# %%
# What a layer keeps of a squared gradient
# ----------------------------------------
#
# Two independent computations of :math:`\mathbb{E}[\varphi'(z)^2]`: an adaptive quadrature,
# split at the kinks, and the mean over 200 000 Gaussian draws with its standard error.

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
# A layer with weights of variance :math:`\sigma_w^2/n` keeps gradients at length where
# :math:`\sigma_w^2 = 1/\mathbb{E}[\varphi'(z)^2]`: for ReLU that is the 2 of He's initialization,
# for the sigmoid more than twenty.

worst = ranking[0]
score = max(abs(estimate[name] - exact[name]) / max(error[name], 1e-12) for name in order)
print(
    f"{worst} keeps {exact[worst]:.4f} of a squared gradient, tanh {exact['tanh']:.4f}, "
    f"relu {exact['relu']:.4f}, selu {exact['selu']:.4f}; ten {worst} layers lose "
    f"{-5 * np.log10(exact[worst]):.2f} decades of gradient. "
    f"Simulation and quadrature differ by {score:.1f} standard errors at most."
)
