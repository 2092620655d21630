r"""
When do float16, float32 and float64 overflow?
==============================================

A product of random matrices that grows must leave any number format at some depth. Which depth, and
how sure is it? And do weights of the right size prevent it?

**What this assumes.** The factors are 4×4 with independent Gaussian entries
:math:`\mathcal{N}(0, \sigma^2)`, where :math:`\sigma` is the standard deviation of an entry.
Followed is the vector :math:`P_t v`, the image of :math:`v = (1, 0, 0, 0)` under the product
:math:`P_t = A_t \cdots A_1` of :math:`t` factors. It *overflows* a format when its length exceeds
the largest finite number of the format, and *underflows* when its length is below half of the
smallest positive number, so that every entry is rounded to zero.
"""

# %%
# The limits
# ----------

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import precision

formats = [precision.get(name) for name in precision.names()]
print(f"{'format':<10}{'largest':>13}{'smallest':>13}")
for kind in formats:
    print(
        f"{kind.name:<10}{f'1e{kind.log_max / np.log(10):+.2f}':>13}"
        f"{f'1e{kind.log_min_subnormal / np.log(10):+.2f}':>13}"
    )

# %%
# The probability of an overflow
# ------------------------------
#
# The exact law of :math:`\ln\lvert P_t v\rvert` is known at every depth (:ref:`theory`), so the
# probability that it is above the logarithm of the largest number is one evaluation of its
# distribution function (:class:`stabsim.theory.GrowthLaw`). A simulation of 4000 products that
# carries logarithms, and so never overflows itself, checks it.

law = stabsim.theory.product_growth(stabsim.Ginibre(4), "vector").law
growth = stabsim.matrix_product_growth(
    stabsim.Ginibre(4), 1500, trials=4000, norm="vector", record=range(1, 1501), rng=1
)


def overflow_probability(law, kind, depths):
    return np.array([1.0 - float(law.cdf(kind.log_max, int(depth))) for depth in depths])


def standard_scores(simulated, probability, trials):
    """Return how many standard errors simulated fractions are from their probabilities."""
    return (simulated - probability) / np.sqrt(probability * (1.0 - probability) / trials)


# %%
# The witness is NumPy itself, computing in each format until a number is no longer finite. Its
# first overflow is a little later than that of the length: a vector of four entries is up to twice
# as long as its largest entry, and a factor adds :math:`\lambda_1 = 0.558` to the logarithm, the
# *Lyapunov exponent*. (And the length may shrink again after an overflow; a float does not
# recover.)


def first_overflow(kind, most, trials, rng):
    """Return the depth at which each of ``trials`` vectors in this format first overflows."""
    vectors = np.zeros((trials, 4, 1), kind.name)
    vectors[:, 0] = 1.0
    first = np.full(trials, most + 1)
    with np.errstate(over="ignore", invalid="ignore"):
        for depth in range(1, most + 1):
            factors = rng.standard_normal((trials, 4, 4), np.float32).astype(kind.name)
            vectors = factors @ vectors
            overflowed = ~np.isfinite(vectors).all(axis=(1, 2))
            first[overflowed] = np.minimum(first[overflowed], depth)
    return first


middle, scores, levels = {}, [], [0.05, 0.25, 0.5, 0.75, 0.95]


def compare(kind, marker, axes, rng):
    """Draw the three answers for one format, and print their quantiles."""
    center, spread = kind.log_max / law.step_mean, kind.log_max**0.5
    depths = np.arange(max(1, int(center - 4 * spread)), int(center + 5 * spread))
    probability = overflow_probability(law, kind, depths)
    (line,) = axes.plot(depths, probability, label=f"{kind.name}, exact")

    simulated = (growth.log_norm[:, depths - 1] > kind.log_max).mean(axis=0)
    tested = (probability > 0.01) & (probability < 0.99)
    scores.extend(standard_scores(simulated[tested], probability[tested], growth.trials))
    shown = np.searchsorted(probability, levels)
    axes.plot(depths[shown], simulated[shown], marker, color=line.get_color())

    first = first_overflow(kind, int(depths[-1]), 400, rng)
    axes.plot(np.quantile(first, levels), levels, "k+")
    low, middle[kind.name], high = depths[np.searchsorted(probability, [0.05, 0.5, 0.95])]
    print(f"{kind.name:<10}{low:>7}{middle[kind.name]:>7}{high:>7}{int(np.median(first)):>14}")


rng = np.random.default_rng(1)
figure, axes = plt.subplots()
print(f"{'format':<10}{'5 %':>7}{'half':>7}{'95 %':>7}{'NumPy, half':>14}   of products, by depth")
for kind, marker in zip(formats, "os^", strict=True):
    compare(kind, marker, axes, rng)
axes.plot([], [], "o", color="0.3", label="4000 products, simulated")
axes.plot([], [], "k+", markersize=8, label="NumPy in that format")
axes.set(xlabel="number of factors t", ylabel="probability of overflow", xscale="log")
axes.set_xticks([10, 20, 50, 100, 200, 500, 1000], [10, 20, 50, 100, 200, 500, 1000])
axes.minorticks_off()
axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, fontsize=10)
figure.suptitle("Each format overflows in a narrow band of depths")
plt.show()

# %%
# A real one
# ----------
#
# One vector in float16, entry by entry, at the factors before the end.

rng = np.random.default_rng(1)
vector = np.array([1, 0, 0, 0], np.float16)
history = [vector]
with np.errstate(over="ignore", invalid="ignore"):
    while np.isfinite(vector).all():
        vector = rng.standard_normal((4, 4)).astype(np.float16) @ vector
        history.append(vector)
one = len(history) - 1
for depth in range(one - 3, one + 1):
    print(f"after {depth:>2} factors: {history[depth]}")

# %%
# Do smaller weights help?
# ------------------------
#
# Three choices of :math:`\sigma` that a designer might make. :math:`\sigma = 1/\sqrt{n} = 1/2`, for
# matrices of size :math:`n = 4`, keeps the *mean squared* length, and is what the usual
# initializations choose. :math:`\sigma = e^{-\lambda_1}`, with the :math:`\lambda_1` of
# :math:`\sigma = 1`, keeps the *typical* length. :math:`\sigma = 0.1` is simply too small. Drawn is
# the probability of having left float16, on either side; points are simulated.

float16 = formats[0]
cure = float(np.exp(-law.step_mean))
choices = {
    "1": 1.0,
    rf"$e^{{-\lambda_1}}$ = {cure:.3f}": cure,
    r"$1/\sqrt{n}$ = 0.5": 0.5,
    "0.1": 0.1,
}


def left_probability(law, kind, depth):
    smallest = kind.log_min_subnormal - np.log(2.0)
    return float(law.cdf(smallest, depth) + 1.0 - law.cdf(kind.log_max, depth))


depths = np.unique(np.geomspace(1, 3000, 90).astype(int))
figure, axes = plt.subplots()
for (name, sigma), marker in zip(choices.items(), "os^D", strict=True):
    ensemble = stabsim.Ginibre(4, sigma=sigma)
    sized = stabsim.theory.product_growth(ensemble, "vector").law
    exact = np.array([left_probability(sized, float16, int(depth)) for depth in depths])
    (line,) = axes.plot(depths, exact, label=rf"$\sigma$ = {name}")
    points = np.arange(0, depths.size, 4)
    logs = stabsim.matrix_product_growth(
        ensemble, 3000, trials=4000, norm="vector", record=depths[points], rng=2
    ).log_norm
    left = (logs > float16.log_max) | (logs < float16.log_min_subnormal - np.log(2.0))
    simulated, probability = left.mean(axis=0), exact[points]
    axes.plot(depths[points], simulated, marker, color=line.get_color())
    tested = (probability > 0.01) & (probability < 0.99)
    scores.extend(standard_scores(simulated[tested], probability[tested], len(left)))
axes.set(xlabel="number of factors t", ylabel="probability to be out", xscale="log")
axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2)
figure.suptitle("The right size delays the end of float16, no more")
plt.show()

# %%
# :math:`1/\sqrt{n}` underflows: the mean of the squared length stays 1, but it is carried by ever
# rarer and larger products, while the typical one shrinks. With :math:`e^{-\lambda_1}` half of the
# products grow and half shrink, and the spread, which widens like :math:`\sqrt{t}`, leaves the
# format in the end. How deep can one go, with a chance of one in ten of leaving?


def depth_of_one_in_ten(law, kind):
    """Return the least depth at which one product in ten has left the format."""
    least, most = 1, 1 << 24
    while least < most:
        depth = (least + most) // 2
        if left_probability(law, kind, depth) < 0.1:
            least = depth + 1
        else:
            most = depth
    return least


deepest = {}
print(f"{'sigma':>7}" + "".join(f"{kind.name:>10}" for kind in formats))
for sigma in choices.values():
    sized = stabsim.theory.product_growth(stabsim.Ginibre(4, sigma=sigma), "vector").law
    for kind in formats:
        deepest[sigma, kind.name] = depth_of_one_in_ten(sized, kind)
    print(f"{sigma:>7.3f}" + "".join(f"{deepest[sigma, kind.name]:>10}" for kind in formats))

# %%
# Orthogonal matrices, :class:`stabsim.Haar`, keep every length at every depth: they are the real
# cure.

print(
    f"Half of the products have overflowed float16 after {middle['float16']} factors, float32 "
    f"after {middle['float32']}, float64 after {middle['float64']}; the single float16 vector "
    f"lasted {one}. With sigma = {cure:.3f} one in ten has left float16 after "
    f"{deepest[cure, 'float16']} factors, with 0.5 after {deepest[0.5, 'float16']}, with 0.1 after "
    f"{deepest[0.1, 'float16']}. Simulated and exact probabilities differ by at most "
    f"{np.abs(scores).max():.1f} standard errors in {len(scores)} comparisons."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Predict with one division where half of the products have overflowed, and use it
# for factors as large as layers are: 1024×1024 with entries of variance 1.
#
# **Answer.** The middle of the logarithm grows by :math:`\lambda_1` a factor, so it reaches
# :math:`\ln x_{\max}`, the logarithm of the largest number, at
# :math:`t = \ln x_{\max} / \lambda_1`. For large :math:`n`, :math:`\lambda_1` is near
# :math:`\tfrac{1}{2}\ln n`. Layers with weights of size 1 overflow float16 almost at once.

wide = stabsim.theory.ginibre_exponents(1024)[0]
for kind in formats:
    print(
        f"{kind.name}: 4×4 {kind.log_max / law.step_mean:.1f} (above: {middle[kind.name]}), "
        f"1024×1024 {kind.log_max / wide:.1f}"
    )

# %%
# **Exercise 2.** A format has few digits, too: float16 rounds every result to a relative
# :math:`2^{-11}`. How wrong is the vector halfway to its overflow? Is rounding what one should
# worry about?
#
# **Answer.** Each of ten factors, and each addition in it, adds an error of some :math:`2^{-11}`,
# and where the factors shrink what is right they may enlarge what is wrong. The same factors,
# multiplied in float64, tell: float16 is still right to about one part in a thousand. The range
# gives out long before the digits do.

rng = np.random.default_rng(3)
errors = []
for _ in range(300):
    narrow = np.array([1, 0, 0, 0], np.float16)
    true = narrow.astype(np.float64)
    for _ in range(10):
        factor = rng.standard_normal((4, 4)).astype(np.float16)
        narrow, true = factor @ narrow, factor.astype(np.float64) @ true
    errors.append(np.linalg.norm(narrow - true) / np.linalg.norm(true))
low, half, high = np.quantile(errors, [0.05, 0.5, 0.95])
print(f"relative error after 10 factors: {half:.1e} (90 % between {low:.1e} and {high:.1e})")

# %%
# Read on
# -------
#
# Gradients leave a format at the other end: :ref:`how far loss scaling and bfloat16 reach
# <sphx_glr_gallery_number_formats_plot_2_loss_scaling.py>` is the next page. :ref:`Was the book's
# 1e23 typical? <sphx_glr_gallery_exploding_plot_1_textbook_product.py>` looks at one product
# closely. The limits of formats are in :func:`stabsim.precision.get`, the exact law in
# :class:`stabsim.theory.GrowthLaw`, its derivation in :doc:`the theory of products </theory>`.
