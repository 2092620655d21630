r"""
Which random matrices grow fastest?
===================================

:ref:`The textbook's product <sphx_glr_gallery_exploding_plot_1_textbook_product.py>` is made of
Gaussian matrices. Nature and networks multiply others: rotations, signs, matrices with outliers,
residual steps, the transfer matrices of a disordered wire. Which products explode, which vanish,
and how fast?

**What this assumes.** The factors of a product are independent and have the same law. Followed is
the length :math:`\lvert P_t v\rvert` of the image of :math:`v = (1, 0, \dots, 0)` under the
product :math:`P_t = A_t \cdots A_1` of :math:`t` factors. All matrices are 4×4, save the last two,
which are 2×2.
"""

# %%
# Ten ensembles
# -------------
#
# An *ensemble* is the law of one matrix. In the order below: real and complex Gaussian entries;
# uniformly random orthogonal matrices ("rotations", reflections included), and the 4×4 corner of
# 8×8 ones; fair signs; heavy-tailed entries, with rare outliers; one step of a residual network,
# the identity plus a small Gaussian matrix; a symmetric Gaussian matrix, which stabsim does not
# have, so a compiled function of our own fills it (:class:`stabsim.Custom`); the two matrices of a
# Fibonacci sequence with random signs; and the transfer matrix of an electron in a wire with
# Cauchy disorder.

import matplotlib.pyplot as plt
import numba
import numpy as np

import stabsim
from stabsim import theory


@numba.njit
def symmetric(rng, out):
    for i in range(out.shape[0]):
        for j in range(i + 1):
            out[i, j] = out[j, i] = rng.standard_normal()


ensembles = {
    "Gaussian": stabsim.Ginibre(4),
    "complex Gaussian": stabsim.Ginibre(4, field="complex"),
    "rotations": stabsim.Haar(4),
    "corner of rotations": stabsim.TruncatedHaar(4, 8),
    "signs": stabsim.IID(4, "rademacher"),
    "heavy-tailed": stabsim.IID(4, "student_t", degrees_of_freedom=3),
    "residual step": stabsim.Shifted(stabsim.Ginibre(4), scale=0.2),
    "symmetric": stabsim.Custom(4, symmetric),
    "random Fibonacci": stabsim.FiniteSet.random_fibonacci(),
    "disordered wire": stabsim.AndersonTransfer(0.0, 1.0, distribution="cauchy"),
}

depth, trials = 200, 2000
results = {
    name: stabsim.matrix_product_growth(
        ensemble, depth, trials=trials, norm="vector", method="dense", rng=1
    )
    for name, ensemble in ensembles.items()
}

# %%
# Growth against depth
# --------------------
#
# Each line is the median of 2000 products, in decades (powers of ten). Where a growth rate is known
# exactly, a thin black line has its slope and starts at the origin.

styles = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), "-", "--", "-.", ":"]
colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#595959"]
figure, axes = plt.subplots(figsize=(5.6, 5.4))
ends = {}
for i, (name, growth) in enumerate(results.items()):
    median = growth.quantile(0.5) / np.log(10.0)
    depths, median = growth.depths[np.isfinite(median)], median[np.isfinite(median)]
    color = colors[i % len(colors)]
    axes.plot(depths, median, color=color, linestyle=styles[i])
    axes.plot(depths[14::30], median[14::30], "os^Dv<>PX*"[i], color=color)
    axes.plot(depths[-1], median[-1], "os^Dv<>PX*"[i], color=color)
    ends[name] = (depths[-1], median[-1], color)
    if growth.exact is not None:
        slope = growth.exact.lyapunov / np.log(10.0)
        axes.plot([0, depth], [0.0, slope * depth], "k-", linewidth=0.6)

# Names stand at the ends of their lines, moved apart where they would overlap; that of a line which
# ends early stands below it.
height = -np.inf
for name, (end, value, color) in sorted(ends.items(), key=lambda item: item[1][1]):
    if end < depth:
        text, place = f"{name}:\nhalf are zero here", (end - 5, 17)
    else:
        height = max(value, height + 4.6)
        text, place = name, (end + 8, height)
    axes.annotate(
        text,
        (end, value),
        xytext=place,
        color=color,
        va="center",
        fontsize=11,
        arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.5},
    )
axes.set(xlabel="number of factors t", ylabel=r"median of $\log_{10}|P_t v|$", xlim=(0, 330))
axes.set_xticks(range(0, depth + 1, 50))
figure.suptitle("Some products explode, some vanish, rotations stay")
plt.show()

# %%
# The growth rates
# ----------------
#
# The *growth rate* :math:`\lambda` is the mean gain of :math:`\ln \lvert P_t v\rvert` per factor,
# in natural logarithms; ± is its standard error. Where an exact value is known
# (:func:`stabsim.theory.product_growth`), :math:`z` is the distance from it in standard errors,
# which stays below 3 in 997 of 1000 cases. Rotations keep every length, so nothing is left to
# chance. And one product of sign matrices that is exactly zero proves a rate of minus infinity:
# every product of theirs meets a zero sooner or later.

scores = {}
print(f"{'ensemble':<20}{'growth rate':>20}{'exact':>10}{'z':>8}{'zero by 200':>13}")
for name, growth in sorted(results.items(), key=lambda item: -item[1].lyapunov):
    rate, error = growth.lyapunov, growth.lyapunov_se
    row = f"{name:<20}{rate:>z11.5f} ± {error:.4f}"
    if growth.exact is None:
        row += f"{'unknown':>10}{'':>8}"
    elif error < 1e-12:
        difference = abs(rate - growth.exact.lyapunov)
        row += f"{growth.exact.lyapunov:>10.5f}{'same' if difference < 1e-12 else 'NOT':>8}"
    else:
        scores[name] = (rate - growth.exact.lyapunov) / error
        row += f"{growth.exact.lyapunov:>10.5f}{scores[name]:>+8.2f}"
    print(row + f"{growth.vanished[-1] / trials:>13.1%}")

# %%
# All entries of the first and the sixth ensemble have the same variance, yet they grow at different
# rates: rare outliers carry much of the mean squared length, and little of the typical one. The
# exact values are those of Newman :cite:p:`Newman1986`, Forrester :cite:p:`Forrester2013`,
# Viswanath :cite:p:`Viswanath1999` and Lloyd :cite:p:`Lloyd1969`; :ref:`the theory page <theory>`
# has their formulas.

fastest = max(results, key=lambda name: results[name].lyapunov)
alive = [name for name in results if np.isfinite(results[name].lyapunov)]
slowest = min(alive, key=lambda name: results[name].lyapunov)
dead = [name for name in results if name not in alive]
print(
    f"Fastest: {fastest}, {results[fastest].lyapunov:+.4f} per factor, a decade every "
    f"{np.log(10) / results[fastest].lyapunov:.1f} factors; the slowest that lives: {slowest}, "
    f"{results[slowest].lyapunov:+.4f}. Of {', '.join(dead)}, "
    f"{results[dead[0]].vanished[-1] / trials:.0%} are exactly zero after {depth} factors. "
    f"All {len(scores)} rates known exactly and left to chance agree: "
    f"|z| is at most {max(map(abs, scores.values())):.1f}."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** A few entries of a large rotation look like independent Gaussians. So the product
# of 4×4 corners of :math:`m \times m` rotations, each corner multiplied by :math:`\sqrt{m}`, should
# grow like the Gaussian product as :math:`m \to \infty`. Does it, and how large must :math:`m` be?
# Does its spread?
#
# **Answer.** Rate and variance of the corners are known exactly
# (:func:`stabsim.theory.truncated_haar_exponents`,
# :func:`stabsim.theory.truncated_haar_variances`); the factor :math:`\sqrt{m}` adds
# :math:`\tfrac{1}{2}\ln m` to the rate and nothing to the variance. With :math:`m = 4` the corner
# is the whole rotation, and nothing is random. The difference from the Gaussian values (the last
# row) falls like :math:`1/m`.

for m in (4, 5, 8, 64, 1024):
    rate = theory.truncated_haar_exponents(4, m)[0] + 0.5 * np.log(m)
    variance = theory.truncated_haar_variances(4, m)[0]
    print(f"m = {m:>4}: rate {rate:.4f}, variance a factor {variance:.4f}")
print(
    f"Gaussian: rate {theory.ginibre_exponents(4)[0]:.4f}, "
    f"variance a factor {theory.ginibre_variances(4)[0]:.4f}"
)

# %%
# **Exercise 2.** Products of sign matrices die. For 2×2 sign matrices, what share of the images
# :math:`P_t v` is exactly zero after :math:`t = 2, 4, 8` factors?
#
# **Answer.** Only the shape of the vector matters. The first factor makes :math:`(1, 0)` a vector
# :math:`(\pm 1, \pm 1)`. The next makes of that two independent sums of two signs, each zero with
# probability 1/2: both are zero in a quarter of the cases (dead), none in a quarter (the second
# shape again), and one in half of them (the first shape). So two numbers, the shares of the two
# shapes, follow a rule with constant coefficients.

small = stabsim.matrix_product_growth(
    stabsim.IID(2, "rademacher"), 8, trials=20_000, norm="vector", rng=5
)
one, both = 1.0, 0.0
for t in range(1, 9):
    one, both = both / 2.0, one + both / 4.0
    if t in (2, 4, 8):
        dead_share, seen = 1.0 - one - both, small.vanished[t - 1] / small.trials
        print(f"after {t} factors {dead_share:.4f} are zero, simulated {seen:.4f}")

# %%
# Read on
# -------
#
# Growth is not the only trouble: :ref:`why gradients become ill-conditioned
# <sphx_glr_gallery_exploding_plot_3_conditioning.py>` is the next page, and
# :ref:`factors that are not alike, not independent or not square
# <sphx_glr_gallery_exploding_plot_4_dependent_factors.py>` come after it.
# :func:`stabsim.matrix_product_growth` has all options of the simulation, :class:`stabsim.Custom`
# says how to bring a matrix of your own, and :doc:`the theory of products </theory>` has the
# formulas.
