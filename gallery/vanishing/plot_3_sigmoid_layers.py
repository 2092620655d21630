r"""
How much gradient survives fifty sigmoid layers?
================================================

One sigmoid divides a gradient by four or more, so :math:`L` of them leave at most
:math:`(1/4)^L`: :ref:`one unit a layer and weights of size 1
<sphx_glr_gallery_vanishing_plot_1_sigmoid_gradient.py>` say so. A real layer has hundreds of units
and random weights, which mix, enlarge and shrink what passes. What is left then, and how much does
it vary from one initialization to the next?

**What this assumes.** :math:`L` layers of :math:`n` units each,
:math:`x^l = \sigma(W_l\,x^{l-1})` for :math:`l = 1, \dots, L`, with the sigmoid :math:`\sigma`
taken unit by unit. The weights are Xavier's, independent Gaussians of variance :math:`1/n`; there
are no biases. The input :math:`x^0` has independent standard Gaussian entries. The loss
:math:`\ell` is whatever has, at the output, a gradient of length 1 in a random direction.
"""

# %%
# Fifty layers of 256 units
# -------------------------
#
# Followed is the length of the gradient :math:`\partial\ell/\partial x^l` at layer :math:`l`, that
# is, the vector of the derivatives of the loss with respect to the activations of that layer. Such
# numbers are best counted in *decades*: :math:`\log_{10} \lvert\partial\ell/\partial x^l\rvert =
# -31` means that one part in :math:`10^{31}` is left. :func:`stabsim.gradient_attenuation`
# initializes a thousand networks and passes a signal up and a gradient down each.

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

import stabsim
from stabsim import initializers, precision

depth = 50
decade = np.log(10.0)


def sigmoid_network(depth, width):
    return stabsim.MLP(depth, width, activation="sigmoid", init="xavier_normal")


result = stabsim.gradient_attenuation(sigmoid_network(depth, 256), trials=1000, rng=1)
print(result.summary())

# %%
# Two lines stand beside it. The dotted one divides by four at each layer. The dashed one is the
# limit of infinite width, the *mean field* :cite:p:`Schoenholz2017`. There every unit has a
# Gaussian *pre-activation* (the input of its sigmoid), of some variance :math:`q_l`, and layer
# :math:`l` multiplies the squared length of a gradient by the average of the squared slope,
#
# .. math:: \chi_l = \mathbb{E}\bigl[\sigma'(\sqrt{q_l}\,Z)^2\bigr], \quad Z \sim \mathcal{N}(0, 1),
#
# where :math:`\mathbb{E}` is the mean over a standard Gaussian :math:`Z` (of mean 0 and variance
# 1).

layers = result.layers
quarter = (layers - depth) * np.log10(4.0)
axes = result.plot()
axes.plot(layers, quarter, color="black", linestyle=":", label="a quarter a layer")
axes.set_title("")
axes.texts[0].set(x=0.02, ha="left")
axes.legend(fontsize=10)
axes.figure.suptitle(f"Fifty sigmoid layers leave 1e{result.attenuation.mean():.0f} of a gradient")
plt.show()

# %%
# The networks lose a little more than a factor of four per layer, because their units are not all
# at the sigmoid's steepest point. The dotted line is no strict bound here, though: a random matrix
# lengthens some vectors and shortens others, and keeps them only on average. The last column of the
# next table tells how close the luckiest of a thousand networks came to it.

rate = np.log10(result.mean_field.susceptibility[-1]) / 2.0
print(f"mean-field rate {rate:.4f} decades a layer, a quarter is {-np.log10(4.0):.4f}")
print(f"simulated {result.rate / decade:.4f} ± {result.rate_standard_error / decade:.4f}")

# %%
# Does width help?
# ----------------
#
# The same depth at four widths. The dashed line is the limit of infinite width, the same for all.

widths = [16, 64, 256, 1024]
styles = ["-", "--", "-.", ":"]
colors = ["#0072B2", "#D55E00", "#009E73", "#8F4A77"]
middle, spread = {}, {}
figure, axes = plt.subplots()
print(f"{'width':>6}{'decades left':>17}{'std':>8}{'std × √width':>14}{'most':>9}")
for width, style, color in zip(widths, styles, colors, strict=True):
    wide = stabsim.gradient_attenuation(sigmoid_network(depth, width), trials=1000, rng=2)
    left = wide.attenuation
    middle[width], spread[width] = left.mean(), left.std(ddof=1)
    error = spread[width] / np.sqrt(left.size)
    print(
        f"{width:>6}{middle[width]:>9.3f} ± {error:.3f}{spread[width]:>8.3f}"
        f"{spread[width] * np.sqrt(width):>14.2f}{left.max():>9.2f}"
    )
    axes.hist(
        left,
        bins=np.arange(-35.0, -29.0, 0.1),
        density=True,
        histtype="step",
        linestyle=style,
        color=color,
        linewidth=2,
        label=f"{width} units",
    )
limit = result.mean_field.log_gradient_norm[0] / decade
print(f"infinite width: {limit:.3f}; a quarter a layer: {quarter[0]:.3f}")
axes.axvline(limit, color="0.2", linewidth=1, linestyle=(0, (6, 3)))
axes.annotate("infinite width", (limit + 0.08, 4.5), color="0.2")
axes.set(xlabel="decades of gradient left at the input", ylabel="density", xlim=(-34.5, -29.5))
axes.legend(loc="upper left")
figure.suptitle("Width narrows the loss, it does not reduce it")
plt.show()

# %%
# Wider networks are surer of the same loss: the spread falls like :math:`1/\sqrt{n}`.
#
# When does a number format give up?
# ----------------------------------
#
# A gradient shorter than half of the smallest positive number of a format has no entry that is not
# rounded to zero: it has *underflowed*. (A single entry, which is some :math:`\sqrt{n}` times
# smaller than the whole, does so earlier, so this is generous.) Networks of many depths, 400 each,
# tell how often that happens. The lines are predictions from the fifty layers above: the middle and
# the *squared* spread of the decades are taken to be proportional to the depth, their law to be
# Gaussian.

figure, panels = plt.subplots(1, 2, sharey=True)
half_lost = {}
for name, axes, depths in (
    ("float16", panels[0], np.arange(9, 16)),
    ("float32", panels[1], np.arange(65, 78)),
):
    smallest = (precision.get(name).log_min_subnormal - np.log(2.0)) / decade
    for width, style, color, marker in ((16, "-", "#0072B2", "o"), (256, "--", "#D55E00", "s")):
        lost = []
        for deep in depths:
            networks = sigmoid_network(int(deep), width)
            wide = stabsim.gradient_attenuation(networks, trials=400, record=[0], rng=3)
            lost.append(np.mean(wide.attenuation < smallest))
        grid = np.linspace(depths[0], depths[-1], 201)
        center, scale = middle[width] * grid / depth, spread[width] * np.sqrt(grid / depth)
        axes.plot(grid, norm.cdf((smallest - center) / scale), color=color, linestyle=style)
        axes.plot(depths, lost, marker, color=color, label=f"{width} units")
        half_lost[name] = int(depths[np.searchsorted(lost, 0.5)])
    axes.set(xlabel="layers L", title=name)
    axes.set_xticks(depths[::3])
panels[0].set(ylabel="fraction that underflowed")
panels[0].legend(loc="upper left", fontsize=10)
figure.suptitle(
    f"float16 ends at {half_lost['float16']} sigmoid layers, float32 at {half_lost['float32']}"
)
plt.show()

# %%
# No one can train what never arrives: the weights near the input would stand still while those near
# the output learn.

low, half, high = result.quantile([0.05, 0.5, 0.95])[:, 0] / decade
print(
    f"Fifty sigmoid layers of 256 units leave 10^{half:.1f} of the gradient (90 % of the "
    f"networks between 10^{low:.1f} and 10^{high:.1f}), {-rate:.3f} decades a layer at any width, "
    f"against {np.log10(4.0):.3f} for a quarter a layer. From 16 to 1024 units the spread falls "
    f"from {spread[16]:.2f} to {spread[1024]:.2f} decades. Half of them underflow float16 "
    f"at {half_lost['float16']} layers and float32 at {half_lost['float32']}."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Weights :math:`\sigma_w` times as large as Xavier's multiply gradients by
# :math:`\sigma_w` at each layer, but also drive the sigmoids into saturation. Which of the two
# wins? Is there a :math:`\sigma_w` at which a sigmoid network keeps its gradient?
#
# **Answer.** For large weights, pre-activations have a standard deviation of about
# :math:`\sigma_w/\sqrt{2}`, and only the units in a window around zero, a share of about
# :math:`1/\sigma_w` of them, have a slope. So the squared gradient is multiplied by
# :math:`\sigma_w^2 \cdot 1/\sigma_w`: the weights win. (With a single unit a layer, as in :ref:`the
# exercise of the first page <sphx_glr_gallery_vanishing_plot_1_sigmoid_gradient.py>`, they do not.)
# The price: few units carry all of the gradient, the others are stuck.

for sigma_w in (1.0, 4.0, 10.0, 16.0):
    network = stabsim.MLP(50, 256, activation="sigmoid", init=initializers.Gaussian(sigma_w))
    sized = stabsim.gradient_attenuation(network, trials=100, rng=4)
    limit = np.log10(sized.mean_field.susceptibility[-1]) / 2.0
    print(
        f"sigma_w = {sigma_w:>2.0f}: {sized.rate / decade:+.3f} ± "
        f"{sized.rate_standard_error / decade:.3f} decades a layer, infinite width {limit:+.3f}"
    )

# %%
# **Exercise 2.** How much do networks of 4096 units differ from each other? Predict it from the
# table above, then simulate.
#
# **Answer.** The spread times :math:`\sqrt{n}` is the same for all wide networks.

predicted = spread[1024] * np.sqrt(1024 / 4096)
wider = stabsim.gradient_attenuation(
    sigmoid_network(depth, 4096), trials=150, record=[0], rng=5
).attenuation
print(
    f"predicted {predicted:.4f} decades, simulated {wider.std(ddof=1):.4f} ± "
    f"{wider.std(ddof=1) / np.sqrt(2 * wider.size):.4f}"
)

# %%
# **Exercise 3.** Put tanh in place of the sigmoid, and nothing else. What do fifty layers lose?
#
# **Answer.** tanh has slope 1 at zero, where Xavier's weights keep its inputs small. It loses one
# decade where the sigmoid loses thirty, and most of it in the first layers, whose signals are still
# large.

network = stabsim.MLP(depth, 256, activation="tanh", init="xavier_normal")
swapped = stabsim.gradient_attenuation(network, trials=200, rng=6)
first = (swapped.mean[10] - swapped.mean[0]) / decade
print(
    f"tanh loses {-swapped.attenuation.mean():.2f} ± {swapped.attenuation.std():.2f} decades (one "
    f"standard deviation), {first:.2f} of them in the ten layers next to the input"
)

# %%
# Read on
# -------
#
# Vanishing is one of two ways to fail: :ref:`the next section
# <sphx_glr_gallery_exploding_plot_1_textbook_product.py>` is about the other, and :ref:`the one
# after it <sphx_glr_gallery_cures_plot_1_xavier.py>` about weights that do better. The networks are
# :class:`stabsim.networks.MLP`, and :doc:`the theory of networks </networks_theory>` tells how
# their gradients are drawn without drawing a weight.
