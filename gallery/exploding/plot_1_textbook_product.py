r"""
Was the book's 1e23 typical?
============================

To show how gradients explode, the textbook :cite:p:`Zhang2023` draws one 4×4 matrix, multiplies it
by a hundred more and prints numbers of about :math:`10^{23}`. It shows one draw. How much of that
number is law, and how much is luck?

Such products are what the chain rule makes of a deep network. If :math:`M_l` is the matrix of the
derivatives of the outputs of layer :math:`l` with respect to its inputs, then those of layer
:math:`L` with respect to the inputs of layer 1 are :math:`M_L M_{L-1} \cdots M_1`: a gradient that
passes through a hundred layers is multiplied by a hundred matrices.

**What this assumes.** Every entry of every matrix is an independent standard Gaussian: a random
number of mean 0 and variance 1, written :math:`\mathcal{N}(0, 1)`. Nothing is between the layers:
no activation, no bias.
"""

# %%
# One draw, as the book shows it
# ------------------------------
#
# Let :math:`A_1, A_2, \dots` be the matrices and :math:`P_t = A_t \cdots A_1` the product of the
# first :math:`t` of them; here :math:`t = 101`, one matrix and a hundred more. The seed is 1 for
# no reason: any other seed gives another power of ten.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation
from scipy.stats import kstest

import stabsim
from stabsim import theory

depth = 101
rng = np.random.default_rng(1)
product = rng.standard_normal((4, 4))
print("one matrix\n", product)
for _ in range(depth - 1):
    product = rng.standard_normal((4, 4)) @ product
print("after multiplying it by 100 more\n", product)

# %%
# The same, ten thousand times
# ----------------------------
#
# What is the size of such a product? Take the vector :math:`v = (1, 0, 0, 0)`: its image
# :math:`P_t v` is the first column of the product, and its length :math:`\lvert P_t v\rvert` is
# between the column's largest entry and twice that. Lengths this large are best counted in
# *decades*, as :math:`\log_{10} \lvert P_t v\rvert`: 23 decades are :math:`10^{23}`.
#
# With ``method="dense"``, :func:`stabsim.matrix_product_growth` draws all 16 entries of all 101
# matrices, as above. The theory draws nothing: each matrix multiplies the squared length by an
# independent :math:`\chi^2_4`, a sum of four squared standard Gaussians, so the law of the length
# is known exactly at every depth (:ref:`the theory page <theory>` shows why), and
# :func:`stabsim.theory.product_growth` computes it.

growth = stabsim.matrix_product_growth(
    stabsim.Ginibre(4), depth, trials=10_000, norm="vector", method="dense", rng=1
)
law = theory.product_growth(stabsim.Ginibre(4), "vector").law

decade = np.log(10.0)
decades = growth.log_norm[:, -1] / decade
grid = np.linspace(17.0, 32.0, 301)
ours = np.log10(np.linalg.norm(product[:, 0]))

figure, axes = plt.subplots()
axes.hist(decades, bins=60, range=(17, 32), density=True, color="#9ecae1", label="10 000 products")
axes.plot(grid, decade * law.pdf(grid * decade, depth), color="#0072B2", label="exact law")
axes.axvspan(23, 24, color="#E69F00", alpha=0.3, label="the book's decade", zorder=0)
axes.axvline(ours, color="#D55E00", linestyle="--", label="the draw above")
axes.set(xlabel=r"decades, $\log_{10}|P_t v|$ at t = 101", ylabel="density", xlim=(17, 32))
axes.set(ylim=(0, 0.31))
axes.legend(loc="upper left", fontsize=10)
figure.suptitle("The book's 1e23 lies in the bulk of 10 000 products")
plt.show()

# %%
# The bars are counts of simulated products, the line is the exact density; nothing was fitted. How
# far apart are they? The *Kolmogorov–Smirnov distance* is the largest difference between the
# simulated and the exact probability of staying below any value. For 10 000 draws from the right
# law it is below 0.0195 in 999 of 1000 experiments.

distance, p_value = kstest(growth.log_norm[:, -1], lambda x: law.cdf(x, depth))
mean, spread = decades.mean(), decades.std(ddof=1)
error = spread / np.sqrt(decades.size)
exact_mean, exact_spread = law.mean(depth) / decade, law.std(depth) / decade
print(f"{'':<20}{'simulated':>17}{'exact':>9}")
print(f"{'mean, decades':<20}{mean:>9.3f} ± {error:.3f}{exact_mean:>9.3f}")
print(f"{'standard deviation':<20}{spread:>9.3f}{exact_spread:>17.3f}")
print(f"Kolmogorov–Smirnov distance {distance:.4f}, p-value {p_value:.2f}")

# %%
# From the first factor to the last
# ---------------------------------
#
# The result draws the whole story. Its middle rises by :math:`\lambda_1`, the *Lyapunov exponent*,
# at each factor, a straight line in decades, while the spread widens like :math:`\sqrt{t}`.

axes = growth.plot()
axes.figure.suptitle("Products of 4×4 Gaussians grow, and spread, by depth")
plt.show()

# %%
# The same in motion: the histogram of the ten thousand products, factor by factor, with the exact
# density at each depth.

frames = np.arange(2, depth + 1, 3)
edges = np.linspace(-4.0, 36.0, 121)
axis = np.linspace(-4.0, 36.0, 241)
figure, axes = plt.subplots(figsize=(5.6, 3.4))
bars = axes.stairs(np.zeros(edges.size - 1), edges, fill=True, color="#9ecae1", label="simulated")
(curve,) = axes.plot(axis, np.zeros(axis.size), color="#0072B2", label="exact law")
count = axes.text(0.03, 0.9, "", transform=axes.transAxes)
axes.set(xlabel=r"decades, $\log_{10}|P_t v|$", ylabel="density", xlim=(-4, 36), ylim=(0, 0.8))
axes.legend(loc="upper right")
figure.suptitle("Ten thousand products drift and spread by depth")


def draw_depth(t):
    simulated = growth.log_norm[:, np.searchsorted(growth.depths, t)] / decade
    bars.set_data(np.histogram(simulated, edges, density=True)[0])
    curve.set_ydata(decade * law.pdf(axis * decade, int(t)))
    count.set_text(f"{t} factors")
    return bars, curve, count


motion = FuncAnimation(figure, draw_depth, frames=frames, interval=120, repeat=False)
plt.show()

# %%
# The film shows two motions. The whole heap moves right at a steady speed, which is the law; and it
# flattens, ever more slowly, so that single products scatter more and more widely, which is the
# luck.

# %%
# Was it typical?
# ---------------
#
# The book's product is one whose column is a few :math:`10^{23}` long. The exact law says how many
# are shorter, how many are in that decade, and how often a draw strays from the middle at least as
# far as :math:`10^{23}`, on either side.

low, high = law.cdf([23 * decade, 24 * decade], depth)
middle = law.quantile(0.5, depth) / decade
away = abs(middle - 23.0)
below, above = law.cdf([(middle - away) * decade, (middle + away) * decade], depth)
strays = below + 1.0 - above
print(f"less than 1e23: {low:.1%} of all products (simulated {np.mean(decades < 23):.1%})")
print(f"from 1e23 to 1e24: {high - low:.1%} (simulated {np.mean((decades // 1) == 23):.1%})")
print(f"the draw above, 1e{ours:.1f}: larger than {law.cdf(ours * decade, depth):.1%} of all")

# %%
# One draw tells the rate of growth, roughly, and hides that the next draw may be a thousand times
# larger.

print(
    f"The size is {exact_mean:.3f} ± {exact_spread:.3f} decades exactly and {mean:.3f} ± "
    f"{spread:.3f} simulated (mean ± one standard deviation). The book's 1e23 is a typical draw: "
    f"{low:.0%} of all products are smaller, and {strays:.0%} stray at least as far from the "
    "middle."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Each entry of :math:`A v` is an independent standard Gaussian when :math:`v` has
# length 1, so each factor multiplies the *mean* squared length by 4. What length does that predict
# at :math:`t = 101`, and how many products are that long?
#
# **Answer.** :math:`\mathbb{E}\,\lvert P_t v\rvert^2 = 4^{101}`, a length of :math:`2^{101}`, which
# is :math:`10^{30.4}`. Hardly any product is that long: the mean is carried by a few giants, and
# tells nothing about a typical product. That is why this page counts decades.

root_mean_square = depth * np.log(2.0)
longer = 1.0 - law.cdf(root_mean_square, depth)
print(
    f"10^{root_mean_square / decade:.1f} is exceeded by {longer:.2e} of all products, simulated "
    f"{np.mean(growth.log_norm[:, -1] > root_mean_square):.1e}"
)

# %%
# **Exercise 2.** Would the book's product of 16×16 matrices be larger, and would it be more
# certain?
#
# **Answer.** Each factor multiplies the squared length by a :math:`\chi^2_n`, a sum of :math:`n`
# squared Gaussians. It is near :math:`n`, so that the product gains about
# :math:`\tfrac{1}{2}\log_{10} n` decades a factor; and its relative spread falls like
# :math:`\sqrt{2/n}`. Wide matrices explode faster, and more predictably. The exact numbers are the
# first of :func:`stabsim.theory.ginibre_exponents` and of :func:`stabsim.theory.ginibre_variances`.

for n in (4, 16, 256):
    rate, variance = theory.ginibre_exponents(n)[0], theory.ginibre_variances(n)[0]
    wide = stabsim.matrix_product_growth(
        stabsim.Ginibre(n), depth, trials=2000, norm="vector", record=[depth], rng=2
    )
    print(
        f"n = {n:>3}: {depth * rate / decade:.2f} ± {np.sqrt(depth * variance) / decade:.2f} "
        f"decades, simulated {wide.mean[-1] / decade:.2f} ± {wide.std[-1] / decade:.2f}"
    )

# %%
# **Exercise 3.** Gradient descent subtracts :math:`\eta` times the gradient from a weight, with a
# *learning rate* :math:`\eta`. Take the network :math:`f = P_t v` and the loss
# :math:`\tfrac{1}{2}\lvert f\rvert^2`. What does one step with :math:`\eta = 0.01` do to the first
# matrix of the product drawn above? And which :math:`\eta` would change it by 1 %?
#
# **Answer.** With :math:`B` the product of all factors but the first, the chain rule gives the
# gradient :math:`B^\top f\, v^\top`. Its size is that of :math:`f` times that of :math:`B^\top`,
# both of some 24 decades: the step replaces the weights by noise that dwarfs them. Gradient descent
# has no chance to converge from there. And a learning rate small enough for this draw is useless
# for the next one.

draws = np.random.default_rng(1)
first = draws.standard_normal((4, 4))
others = np.eye(4)
for _ in range(depth - 1):
    others = draws.standard_normal((4, 4)) @ others
gradient = np.outer(others.T @ (others @ first[:, 0]), [1, 0, 0, 0])
step = 0.01 * np.linalg.norm(gradient) / np.linalg.norm(first)
print(f"the step is 1e{np.log10(step):.0f} times the weights; 1 % takes eta = {1e-4 / step:.0e}")

# %%
# Read on
# -------
#
# :ref:`The next page <sphx_glr_gallery_exploding_plot_2_ten_ensembles.py>` asks how the rate
# depends on the kind of matrix, and :ref:`another
# <sphx_glr_gallery_number_formats_plot_1_overflow.py>` when a number format gives up. :doc:`How
# products of matrices grow </theory>` derives the exact law, :func:`stabsim.matrix_product_growth`
# and :class:`stabsim.theory.GrowthLaw` are its two sides here.
