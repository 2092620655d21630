r"""
Does it matter whether matrices are real, complex or orthogonal?
================================================================

Four kinds of random matrices can be scaled to do the same to a vector *on average*: keep its
squared length. Real and complex Gaussian matrices, corners of orthogonal ones, and orthogonal ones
themselves. Do their products behave alike, too?

**What this assumes.** Matrices are 8×8. *Real* and *complex* are matrices of independent Gaussian
entries (*Ginibre* matrices) with :math:`\mathbb{E}|a|^2 = 1/8`. *Corner* is the 8×8 corner of a
uniformly random orthogonal 12×12 matrix, times :math:`\sqrt{12/8}`; *orthogonal* is a uniformly
random orthogonal 8×8 matrix.
"""

# %%
# One vector
# ----------
#
# Let :math:`v` be a fixed unit vector and :math:`P_t = A_t \cdots A_1` the product of t matrices.
# For all four kinds :math:`\mathbb{E} |P_t v|^2 = 1` at every depth. A typical product tells
# another story: :math:`\ln|P_t v|` drifts down by the *Lyapunov exponent* :math:`\lambda_1` a step,
# and its spread grows like :math:`\sqrt t`.

import matplotlib.pyplot as plt
import numpy as np

import stabsim

N, CORNER, DEPTH = 8, 12, 200
corner = stabsim.TruncatedHaar(N, CORNER)
ensembles = {
    "real": stabsim.Ginibre(N, sigma=N**-0.5),
    "complex": stabsim.Ginibre(N, sigma=N**-0.5, field="complex"),
    "corner": stabsim.Shifted(corner, shift=0.0, scale=(CORNER / N) ** 0.5),
    "orthogonal": stabsim.Haar(N),
}
styles = {
    "real": ("#0072B2", "o"),
    "complex": ("#E69F00", "s"),
    "corner": ("#009E73", "^"),
    "orthogonal": ("#CC79A7", "D"),
}

growths = {
    name: stabsim.matrix_product_growth(ensemble, DEPTH, trials=4000, norm="vector", rng=1)
    for name, ensemble in ensembles.items()
}
figure, axes = plt.subplots()
for name, growth in growths.items():
    color, marker = styles[name]
    low, middle, high = growth.quantile([0.05, 0.5, 0.95]) / np.log(10)
    axes.fill_between(growth.depths, low, high, color=color, alpha=0.2)
    axes.plot(growth.depths, middle, color=color, marker=marker, markevery=16, label=name)
axes.set(xlabel="number of factors $t$", ylabel=r"$\log_{10} |P_t v|$")
axes.legend(loc="lower left")
figure.suptitle("Lengths shrink, unless matrices are orthogonal")
plt.show()

# %%
# The lines are medians, the bands hold 90 % of the products. All that a matrix does to the vector's
# length is to multiply its square by a random number of mean 1, and by Jensen's inequality the
# logarithm of such a number has a negative mean: about minus half of its variance. That variance is
# what differs. For the real matrix the number is :math:`\chi^2_8/8`, an average of 8 squares of
# Gaussians; for the complex one an average of 16, so both the drift and the variance halve; for the
# corner it is a beta variable; for the orthogonal matrix it is 1.

print(f"{'':<12}{'drift a step':>22}{'exact':>10}{'variance a step':>18}{'exact':>10}")
for name, growth in growths.items():
    exact = growth.exact
    variance = growth.std[-1] ** 2 / DEPTH
    print(
        f"{name:<12}{growth.lyapunov:>13.5f} ± {growth.lyapunov_se:.5f} {exact.lyapunov:>9.5f}"
        f"{variance:>18.5f}{exact.law.std(DEPTH) ** 2 / DEPTH:>10.5f}"
    )

# %%
# All directions
# --------------
#
# The singular values :math:`\sigma_1 \ge \dots \ge \sigma_8` of :math:`P_t` tell what happens to
# all directions. Their exponents :math:`\tfrac1t \ln\sigma_i` tend to the Lyapunov exponents
# :math:`\lambda_i`, which are known for all four kinds (dashed). On the right is the spread of
# :math:`\ln\sigma_i` over products, in units of :math:`\sqrt t`, with its limit.

figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.2), layout="constrained")
ranks = np.arange(1, N + 1)
results = {}
for name, ensemble in ensembles.items():
    color, marker = styles[name]
    result = stabsim.product_singular_values(ensemble, DEPTH, trials=1000, rng=1)
    results[name] = result
    left.plot(ranks, result.lyapunov, marker, color=color, label=name)
    right.plot(ranks, result.std / np.sqrt(DEPTH), marker, color=color, label=name)
    if result.exact is not None:
        left.plot(ranks, result.exact.exponents, "--", color=color, linewidth=1)
        if result.exact.variances is not None:
            right.plot(ranks, np.sqrt(result.exact.variances), "--", color=color, linewidth=1)
left.set(xlabel="rank $i$", ylabel=r"exponent $\ln(\sigma_i)/t$")
right.set(xlabel="rank $i$", ylabel=r"spread of $\ln\sigma_i$, divided by $\sqrt{t}$")
left.legend()
figure.suptitle("Real matrices tear directions apart most, orthogonal ones not at all")
plt.show()

# %%
# The exponents are spread widest for the real matrices, and their last direction dies fastest. The
# number of independent squares decides here, too: the i-th direction of a real Gaussian product
# draws on :math:`n - i + 1` of them at each step, the last one on a single one, which is often
# close to zero. A complex matrix has twice as many. That is why orthogonal weights are the safe
# start of a deep linear network, and why for all others depth must be small against width.

decades = {name: result.median_log_condition for name, result in results.items()}
shrunk = {name: -growth.quantile(0.5)[-1] / np.log(10) for name, growth in growths.items()}
print(
    f"After {DEPTH} steps the typical real product has shrunk a vector by {shrunk['real']:.1f} "
    f"decades, the complex one by {shrunk['complex']:.1f}, the corner by {shrunk['corner']:.1f}, "
    f"the orthogonal one by {abs(shrunk['orthogonal']):.1f}. From the largest to the least "
    f"singular value there are {decades['real']:.0f} decades for real matrices, "
    f"{decades['complex']:.0f} for complex ones, {decades['corner']:.0f} for corners and "
    f"{abs(decades['orthogonal']):.0f} for orthogonal ones: it matters."
)
