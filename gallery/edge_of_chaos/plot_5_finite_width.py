r"""
Where is the edge in a narrow network?
======================================

The critical line belongs to networks of infinite width. Real ones have a hundred units in a layer,
or a thousand. Does the edge exist there, and is it where the theory says?

**What this assumes.** :math:`L = 100` layers of :math:`n` units,
:math:`x^l = \tanh(W_l\,x^{l-1} + b_l)` for :math:`l = 1, \dots, L`, with independent Gaussian
weights of variance :math:`\sigma_w^2/n` and biases of variance :math:`\sigma_b^2 = 0.05`. A loss
:math:`\ell` has, at the output, a gradient of length 1 in a random direction;
:math:`g^l = \partial\ell/\partial x^l` is what arrives at layer :math:`l`. In the limit of infinite
width a layer multiplies the squared length of a gradient by :math:`\chi_1`, which is 1 at the
:ref:`critical <sphx_glr_gallery_edge_of_chaos_plot_1_phase_diagram.py>` :math:`\sigma_w`.
"""

# %%
# The typical network
# -------------------
#
# What does one layer do to a gradient in the typical network? The *rate* is the mean of
# :math:`\ln\lvert g^{20}\rvert`, divided by the 80 layers between 20 and 100. The first 20 are left
# out, because signals settle there. The line is the limit of infinite width,
# :math:`\tfrac12\ln\chi_1` :cite:p:`Schoenholz2017`.

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import initializers, theory
from stabsim.networks import Linear, Sequential

depth, settled, trials = 100, 20, 1000
sigma_b = np.sqrt(0.05)
critical = float(theory.critical_line("tanh", sigma_b).sigma_w)


def logarithms(width, sigma_w, distribution="normal"):
    """Return ln|g| at layer 20 of many networks."""
    network = stabsim.MLP(
        depth,
        width,
        activation="tanh",
        init=initializers.Init(distribution, gain=sigma_w),
        bias_std=sigma_b,
    )
    result = stabsim.gradient_attenuation(network, trials=trials, record=[settled, depth], rng=1)
    return result.log_gradient_norm[:, list(result.layers).index(settled)]


sizes = np.linspace(1.2, 1.8, 7)
fine = np.linspace(1.2, 1.8, 121)
looks = {16: ("o", "#D55E00"), 64: ("s", "#007A5A"), 256: ("^", "#8F4A77")}
figure, axes = plt.subplots()
limit = 0.5 * np.log(theory.phases("tanh", fine, sigma_b).susceptibility)
axes.plot(fine, limit, color="#0072B2", linestyle="-", label="infinite width")
for width, (marker, color) in looks.items():
    rates = [logarithms(width, sigma_w).mean() / (depth - settled) for sigma_w in sizes]
    axes.plot(sizes, rates, marker, color=color, label=f"n = {width}")
axes.axhline(0.0, color="0.4", linewidth=1, linestyle=":")
axes.axvline(critical, color="0.4", linewidth=1, linestyle=":")
axes.set(xlabel=r"size of the weights $\sigma_w$", ylabel="rate per layer")
axes.legend()
figure.suptitle("In narrow networks the edge moves to larger weights")
plt.show()

# %%
# The edge exists at every width: there is a size of the weights at which the typical gradient
# neither grows nor shrinks. In narrow networks it is larger.
#
# Two edges
# ---------
#
# Networks of one width scatter, and what is typical is not the mean. If
# :math:`\ln\lvert g^{20}\rvert` is nearly Gaussian, with mean :math:`m` and variance :math:`v`, the
# mean square of the gradient is :math:`e^{2(m + v)}`. So there are two edges, :math:`m = 0` for the
# typical network and :math:`m + v = 0` for the mean square. Both are sought among four sizes near
# the critical one, by linear interpolation.

widths = np.array([16, 32, 64, 128, 256])
edges = {"typical": [], "mean square": []}
means, variances = [], []
print(f"{'n':>4}{'n · rate':>20}{'n/80 · variance':>18}{'edge, typical':>16}{'mean square':>14}")
for width in widths:
    near = critical * (1.0 + np.array([-2.0, 0.0, 2.0, 5.0]) / width)
    logs = np.array([logarithms(width, sigma_w) for sigma_w in near])
    m, v = logs.mean(axis=1), logs.var(axis=1)
    edges["typical"].append(np.interp(0.0, m, near))
    edges["mean square"].append(np.interp(0.0, m + v, near))
    scale = width / (depth - settled)
    means.append(scale * m[1])
    variances.append(scale * v[1])
    print(
        f"{width:>4}{means[-1]:>11.3f} ± {scale * np.sqrt(v[1] / trials):.3f}{variances[-1]:>15.3f}"
        f"{edges['typical'][-1]:>18.4f}{edges['mean square'][-1]:>14.4f}"
    )

# %%
# At the critical size the logarithm of the typical gradient loses about :math:`r/n` at each layer,
# with the same number :math:`r` at all widths. If it loses as much at other sizes, the edge is
# where :math:`\tfrac12 \ln\chi_1 = r/n`. That is the line in the next figure; very narrow networks
# lose a little more.

loss = -np.median(means)
above = np.linspace(critical, 1.8, 100)[1:]
gain = 0.5 * np.log(theory.phases("tanh", above, sigma_b).susceptibility)
figure, axes = plt.subplots()
axes.plot(loss / gain, above, color="0.3", label=r"where $\frac{1}{2}\ln\chi_1 = r/n$")
axes.axhline(critical, color="#0072B2", linestyle="--", label="infinite width")
for (name, values), marker, color in zip(edges.items(), "os", ("#D55E00", "#007A5A"), strict=True):
    axes.plot(widths, values, marker, color=color, label=f"simulated, {name}")
axes.set(xscale="log", xlim=(12, 340), xlabel="width n", ylabel=r"edge, $\sigma_w$")
axes.set_xticks(widths, widths)
axes.minorticks_off()
axes.legend()
figure.suptitle("The typical edge moves, that of the mean hardly")
plt.show()

# %%
# The edge of infinite width is nearly that of the mean square. The typical network loses more,
# because a few networks with large gradients hold up the mean. Both :math:`m` and :math:`v` add up
# over the layers, so what counts for a whole network is :math:`L/n`, its depth over its width. For
# :ref:`ReLU networks <sphx_glr_gallery_cures_plot_2_he_relu.py>` that is proved
# :cite:p:`HaninNica2020`, and others have expansions in it :cite:p:`Roberts2022`.

typical, square = edges["typical"], np.array(edges["mean square"])
print(
    f"At the critical size of infinite width, sigma_w = {critical:.3f}, the typical gradient "
    f"shrinks by {loss:.2f}/n per layer, and ln|g| gains a variance of "
    f"{np.median(variances):.2f}/n. The typical edge is at sigma_w = {typical[0]:.3f} with "
    f"{widths[0]} units and at {typical[-1]:.3f} with {widths[-1]}; that of the mean square is "
    f"within {np.abs(square[1:] - critical).max():.3f} of the limit from {widths[1]} units on."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** How many units must 100 critical layers have, so that the gradient of 9 networks
# in 10 is within a factor of 2 of the typical one?
#
# **Answer.** The standard deviation of :math:`\ln\lvert g\rvert` is about :math:`\sqrt{L/n}`, and
# 1.645 of them must be below :math:`\ln 2`. So :math:`n` is nearly six times the depth.

needed = int(np.ceil(depth * (1.645 / np.log(2.0)) ** 2))
network = stabsim.MLP(
    depth, needed, activation="tanh", init=initializers.Gaussian(critical), bias_std=sigma_b
)
left = stabsim.gradient_attenuation(network, trials=trials, record=[0], rng=2).log_gradient_norm
within = np.mean(np.abs(left[:, 0] - np.median(left[:, 0])) < np.log(2.0))
print(f"n = {needed}: {within:.1%} of {trials} networks are within a factor of 2 of the median")

# %%
# **Exercise 2.** Do orthogonal weights need less width?
#
# **Answer.** Yes. They keep lengths exactly, so that only the activation scatters them. What
# remains is again a number over :math:`n`, and a smaller one.

for width in (64, 256):
    for name in ("normal", "orthogonal"):
        logs = logarithms(width, critical, name)
        scale = width / (depth - settled)
        print(
            f"n = {width:>3} {name:<11} n · rate {scale * logs.mean():.3f} ± "
            f"{scale * logs.std() / np.sqrt(trials):.3f}, n/80 · variance {scale * logs.var():.3f}"
        )

# %%
# **Exercise 3.** Fifty ReLU layers with He's weights have 256 units each, but for one amid them,
# which has 8. As how many layers of 256 units does it count?
#
# **Answer.** The variance of :math:`\ln\lvert g\rvert` is a sum over the layers of, to first order,
# :math:`\tfrac{5}{4n}` :cite:p:`HaninNica2020`. So one layer of 8 units should count as much as
# :math:`256/8 = 32` wide ones. The exact law says twice as many: at 8 units :math:`1/n` is not
# small any more.

middle = [256] * 25


def relu_network(widths):
    pairs = [(Linear(*ends, init="kaiming_normal"), "relu") for ends in pairwise(widths)]
    return Sequential([module for pair in pairs for module in pair])


scatter = {}
for name, widths in (("all wide", [*middle, 256, *middle]), ("one narrow", [*middle, 8, *middle])):
    result = stabsim.gradient_attenuation(relu_network(widths), trials=20_000, record=[0], rng=3)
    scatter[name] = result.exact.log_gradient_std[0] ** 2
    print(
        f"{name}: variance of ln|g| {scatter[name]:.3f}, simulated {result.std[0] ** 2:.3f}, "
        f"{result.dead / result.trials:.2%} dead"
    )
per_layer = scatter["all wide"] / 50
extra = scatter["one narrow"] - scatter["all wide"]
print(f"the narrow layer counts as {1 + extra / per_layer:.0f} wide ones")

# %%
# Read on
# -------
#
# :ref:`The page on He's rule <sphx_glr_gallery_cures_plot_2_he_relu.py>` has the exact law of ReLU
# networks of any width, and :ref:`number formats
# <sphx_glr_gallery_number_formats_plot_1_overflow.py>` are the next section.
# :func:`stabsim.gradient_attenuation` samples any width exactly in law, and :doc:`the theory of
# networks </networks_theory>` tells what width adds.
