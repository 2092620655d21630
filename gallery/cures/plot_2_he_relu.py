r"""
How wide must a ReLU network be?
================================

ReLU, :math:`\max(h, 0)`, sets half of its units to zero, and with them half of a squared length.
He's rule :cite:p:`He2015` doubles the variance of the weights to make up for it, and then the mean
squared length of every gradient is the same at all depths. The mean. What does a single network
get?

**What this assumes.** :math:`L = 50` layers of :math:`n` units,
:math:`x^l = \max(W_l\,x^{l-1}, 0)` for :math:`l = 1, \dots, L`, with independent Gaussian weights
of variance :math:`2/n` and no biases. The loss :math:`\ell` has, at the output, a gradient of
length 1 in a random direction, and :math:`g = \partial\ell/\partial x^0` is the gradient that
arrives at the input.
"""

# %%
# What one layer does
# -------------------
#
# A layer multiplies the squared length of a gradient by :math:`\tfrac{2}{n} \chi^2_K`, two
# :math:`n`-ths of a sum of :math:`K` squared standard Gaussians. The number :math:`K` of units that
# are on is random too: as many as heads in :math:`n` throws of a coin. The mean of this factor is
# exactly 1, its variance :math:`5/n`: of the 5, the coin gives 1 and the Gaussians give 4. The
# logarithms of such factors add up over the layers, and a sum of many is nearly Gaussian. Hanin and
# Nica :cite:p:`HaninNica2020` proved that for wide layers
#
# .. math:: \ln \lvert g\rvert^2 \approx \mathcal{N}\Bigl(-\frac{b}{2},\, b\Bigr), \qquad
#    b = \sum_{l=1}^{L} \frac{5}{n_l} = \frac{5L}{n},
#
# and so :math:`\ln\lvert g\rvert`, half of it, is about
# :math:`\mathcal{N}\bigl(-\tfrac{b}{4}, \tfrac{b}{4}\bigr)`. Such a length is *log-normal*. Its
# mean square is 1, because rare networks with huge gradients make up for the many whose gradient is
# small.
#
# Six widths
# ----------
#
# :func:`stabsim.gradient_attenuation` needs no weights for this: it draws the :math:`K` and the
# :math:`\chi^2_K` of each layer, whatever its width. A million units are as quick as sixteen.

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

import stabsim
from stabsim.initializers import Gaussian

depth, trials = 50, 8000


def he_network(depth, width):
    return stabsim.MLP(depth, width, activation="relu", init="kaiming_normal")


widths = [16, 64, 256, 1024, 4096, 10**6]
results = {
    width: stabsim.gradient_attenuation(
        he_network(depth, width), trials=trials, record=[0, depth], rng=1
    )
    for width in widths
}
print(results[10**6].reason)

# %%
# The bars are simulated; networks in which a whole layer is off have no gradient, and are left out.
# The line is the limit law with its :math:`b`, and the mark is the exact mean at that very width,
# with one exact standard deviation on either side, from
# :func:`stabsim.theory.homogeneous_attenuation`.

shown = widths[:4]
figure, panels = plt.subplots(4, 1, figsize=(5.6, 6.2), sharex=True)
for axes, width in zip(panels, shown, strict=True):
    result = results[width]
    logs = result.log_gradient_norm[:, 0]
    b = 5.0 * depth / width
    low, high = -0.25 * b - 4.0 * np.sqrt(0.25 * b), -0.25 * b + 4.0 * np.sqrt(0.25 * b)
    grid = np.linspace(max(low, -13.0), min(high, 5.0), 301)
    density = norm.pdf(grid, -0.25 * b, np.sqrt(0.25 * b))
    finite = logs[np.isfinite(logs)]
    axes.hist(finite, bins=60, density=True, color="#9ecae1", label="networks")
    axes.plot(grid, density, color="#D55E00", linestyle="--", label="limit law")
    axes.errorbar(
        result.exact.log_gradient_mean[0],
        0.12 * density.max(),
        xerr=result.exact.log_gradient_std[0],
        fmt="o",
        color="black",
        capsize=3,
        label="exact mean ± std",
    )
    axes.axvline(0.0, color="0.4", linewidth=1, linestyle=":")
    axes.set(xlim=(-13, 5), yticks=[])
    axes.grid(visible=False)
    axes.annotate(f"n = {width}\nb = {b:.2g}", (0.02, 0.9), xycoords="axes fraction", va="top")
panels[-1].set(xlabel=r"$\ln|g|$, natural logarithm of the gradient at the input")
panels[0].legend(loc="upper right", fontsize=9, borderaxespad=0.0)
figure.suptitle("Narrow ReLU networks scatter and lose gradient")
plt.show()

# %%
# The exact moments and the simulated ones agree; the limit law is a little off where layers are
# narrow. In the last columns: what the middle network keeps of a gradient, with the range of 90 in
# 100, and the chance of a dead one, :math:`1 - (1 - 2^{-n})^L`.

scores = []
print(f"{'':>8}{'mean of ln|g|':^33}{'standard deviation':^26}")
print(
    f"{'width':>8}{'simulated':>18}{'exact':>8}{'limit':>8}{'simulated':>12}{'exact':>7}{'limit':>7}"
    f"{'5 %':>9}{'median':>8}{'95 %':>8}{'dead':>7}"
)
for width, result in results.items():
    b, law = 5.0 * depth / width, result.exact
    mean, error, spread = result.mean[0], result.standard_error[0], result.std[0]
    scores.append((mean - law.log_gradient_mean[0]) / error)
    alive = trials - result.dead
    scores.append((spread / law.log_gradient_std[0] - 1.0) * np.sqrt(2.0 * alive))
    kept = np.exp(result.quantile([0.05, 0.5, 0.95])[:, 0])
    print(
        f"{width:>8}{mean:>9.4f} ± {error:.4f}{law.log_gradient_mean[0]:>8.4f}{-b / 4:>8.4f}"
        f"{spread:>11.4f}{law.log_gradient_std[0]:>8.4f}{np.sqrt(b / 4):>7.3f}"
        f"{kept[0]:>9.4f}{kept[1]:>8.4f}{kept[2]:>8.3f}{result.dead / trials:>7.2%}"
    )

# %%
# Depth over width
# ----------------
#
# The limit law knows depth and width only by their ratio. Drawn is the variance of
# :math:`\ln\lvert g\rvert` for five widths and depths from 4 to 256, against :math:`L/n`: the marks
# are simulated, the crosses exact, the line is :math:`\tfrac{5}{4} L/n`.

# sphinx_gallery_thumbnail_number = 1

figure, axes = plt.subplots()
ratios = np.array([1e-6, 20.0])
axes.plot(ratios, 1.25 * ratios, color="0.5", linewidth=1.5, label=r"$\frac{5}{4}\,L/n$")
for width, marker, color in zip(
    [16, 64, 256, 4096, 10**6],
    "os^Dv",
    ["#0072B2", "#D55E00", "#009E73", "#8F4A77", "#A06A00"],
    strict=True,
):
    ratio, variance, exact = [], [], []
    for deep in (4, 16, 64, 256):
        result = stabsim.gradient_attenuation(
            he_network(deep, width), trials=1000, record=[0], rng=2
        )
        ratio.append(deep / width)
        variance.append(result.std[0] ** 2)
        exact.append(result.exact.log_gradient_std[0] ** 2)
    axes.plot(ratio, variance, marker, color=color, label=f"n = {width}")
    axes.plot(ratio, exact, "kx", markersize=4)
axes.plot([], [], "kx", markersize=4, label="exact")
axes.set(xscale="log", yscale="log", xlabel="depth over width, L/n", ylabel=r"variance of $\ln|g|$")
axes.legend(fontsize=10)
figure.suptitle("The scatter depends on depth over width alone")
plt.show()

# %%
# So a network of twice the depth needs twice the width to be as sure of its gradient.

narrow, wide = results[16], results[4096]
needed = next(width for width in range(1, 10**6) if 1.645 * np.sqrt(1.25 * depth / width) < 0.5)
print(
    f"At depth {depth} the middle network keeps {np.exp(narrow.quantile(0.5)[0]):.3f} of a "
    f"gradient with 16 units and {np.exp(wide.quantile(0.5)[0]):.3f} with 4096; the standard "
    f"deviation of ln|g| falls from {narrow.std[0]:.2f} to {wide.std[0]:.3f}. To be within a "
    f"factor of {np.exp(0.5):.2f} of the middle in 9 of 10 networks takes about {needed} units. "
    f"Simulated and exact moments differ by {np.abs(scores).max():.1f} standard errors at most."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Show that the factor :math:`\tfrac{2}{n}\chi^2_K` of a layer has the variance
# :math:`5/n`.
#
# **Answer.** Given :math:`K`, :math:`\chi^2_K` has the mean square :math:`K^2 + 2K`. A count of
# heads has :math:`\mathbb{E} K = n/2` and :math:`\mathbb{E} K^2 = n^2/4 + n/4`. So the factor has
# the mean square :math:`\tfrac{4}{n^2}\bigl(\tfrac{n^2}{4} + \tfrac{n}{4} + n\bigr) = 1 +
# \tfrac{5}{n}`, and the mean 1. A million draws:

rng = np.random.default_rng(5)
units = 64
factor = 2.0 / units * rng.chisquare(rng.binomial(units, 0.5, 10**6))
print(f"n · variance for n = {units}: {units * factor.var():.3f}")

# %%
# **Exercise 2.** A leaky ReLU multiplies negative values by a number :math:`a` instead of 0. Its
# weights need the variance :math:`\tfrac{2}{(1 + a^2)\,n}`. What becomes of the 5?
#
# **Answer.** The factor is :math:`\tfrac{2}{(1+a^2) n} \bigl(\chi^2_K + a^2 \chi^2_{n-K}\bigr)`,
# and the same reckoning gives :math:`\beta(a)/n` for its variance, with
#
# .. math:: \beta(a) = \frac{4 (1 + a^4) + (1 - a^2)^2}{(1 + a^2)^2} .
#
# That is 5 at :math:`a = 0`, and 2 for a linear network, :math:`a = 1`, where no coin is thrown.
# The variance of :math:`\ln\lvert g\rvert` is about :math:`\tfrac{1}{4} \beta(a) L/n`; below, it is
# turned into a :math:`\beta` again.

for leak in (0.0, 0.1, 0.3, 1.0):
    beta = (4.0 * (1.0 + leak**4) + (1.0 - leak**2) ** 2) / (1.0 + leak**2) ** 2
    activation = stabsim.activations.get("leaky_relu", negative_slope=leak)
    gain = np.sqrt(2.0 / (1.0 + leak**2))
    network = stabsim.MLP(depth, 1024, activation=activation, init=Gaussian(gain))
    leaky = stabsim.gradient_attenuation(network, trials=4000, record=[0], rng=3)
    simulated = 4.0 * leaky.std[0] ** 2 * 1024 / depth
    exact = 4.0 * leaky.exact.log_gradient_std[0] ** 2 * 1024 / depth
    print(
        f"a = {leak:.1f}: formula {beta:.3f}, exact at n = 1024 {exact:.3f}, "
        f"simulated {simulated:.3f} ± {simulated * np.sqrt(2.0 / leaky.trials):.3f}"
    )

# %%
# **Exercise 3.** At which depth is half of all ReLU networks of width 8 dead?
#
# **Answer.** A layer is off with probability :math:`2^{-n}`, all alike, so
# :math:`(1 - 2^{-8})^L = \tfrac{1}{2}` at :math:`L = \ln 2 / -\ln(1 - 2^{-8})`.

deadly = round(np.log(2.0) / -np.log1p(-(2.0**-8)))
narrowest = stabsim.gradient_attenuation(he_network(deadly, 8), trials=20_000, record=[0], rng=4)
print(f"at depth {deadly}: {narrowest.dead / 20_000:.1%} of 20 000 networks of width 8 are dead")

# %%
# Read on
# -------
#
# What do other initializations make of such a network? :ref:`The next page ranks them
# <sphx_glr_gallery_cures_plot_3_ranking.py>`. :func:`stabsim.gradient_attenuation` was used here,
# :class:`stabsim.theory.LayerFactor` is the exact law of one layer, and :doc:`the theory of
# networks </networks_theory>` derives it.
