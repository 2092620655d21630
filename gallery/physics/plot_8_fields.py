r"""
Does it matter whether matrices are real, complex or orthogonal?
================================================================

Four kinds of random matrices can be scaled to do the same to a vector *on average*: keep its
squared length. Real and complex Gaussian matrices, corners of orthogonal ones, and orthogonal ones
themselves. Do their products behave alike, too?

**What this assumes.** The matrices :math:`A_1, A_2, \dots` are independent, of size
:math:`n \times n` with :math:`n = 8`, and :math:`P_t = A_t \cdots A_1` is their product.
:math:`\mathbb{E}` is the mean. *Real* and *complex* are matrices of independent Gaussian entries
:math:`a` with :math:`\mathbb{E}\,\lvert a\rvert^2 = 1/8`. *Corner* is the 8×8 corner of a uniformly
random orthogonal 12×12 matrix, times :math:`\sqrt{12/8}`; *orthogonal* is a uniformly random
orthogonal 8×8 matrix.
"""

# %%
# One vector
# ----------
#
# Let :math:`v` be a fixed vector of length 1. For all four kinds :math:`\mathbb{E} |P_t v|^2 = 1`
# at every depth. A typical product tells another story: :math:`\ln|P_t v|` drifts down by the
# *Lyapunov exponent* :math:`\lambda_1` a step, and its spread grows like :math:`\sqrt t`.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import theory

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
# :math:`\lambda_i`, which are known for all four kinds (dashed). The lower figure shows the
# spread of :math:`\ln\sigma_i` over products, in units of :math:`\sqrt t`, and its limit.

figure, (upper, lower) = plt.subplots(2, figsize=(5.6, 6.6), sharex=True)
ranks = np.arange(1, N + 1)
results = {}
for name, ensemble in ensembles.items():
    color, marker = styles[name]
    result = stabsim.product_singular_values(ensemble, DEPTH, trials=1000, rng=1)
    results[name] = result
    upper.plot(ranks, result.lyapunov, marker, color=color, label=name)
    lower.plot(ranks, result.std / np.sqrt(DEPTH), marker, color=color, label=name)
    limit = theory.lyapunov_spectrum(ensemble)
    upper.plot(ranks, limit.exponents, "--", color=color, linewidth=1)
    lower.plot(ranks, np.sqrt(limit.variances), "--", color=color, linewidth=1)
upper.set(ylabel=r"exponent $\ln(\sigma_i)/t$")
lower.set(xlabel="rank $i$", ylabel=r"spread of $\ln\sigma_i$, over $\sqrt{t}$")
upper.legend()
figure.suptitle("Real matrices tear directions apart most")
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

# %%
# Exercises
# ---------
#
# **Exercise 1.** *Quaternions* are numbers of four real parts. Predict the drift a step of a vector
# under 8×8 matrices of quaternions with independent Gaussian parts, scaled alike.
#
# **Answer.** The squared length is multiplied by an average of :math:`4 \cdot 8 = 32` squared
# Gaussians, so drift and variance are about a quarter of the real ones
# (:func:`stabsim.theory.ginibre_exponents`). NumPy has no quaternions, but a matrix of them is a
# pair of complex matrices :math:`a, b`, which takes a pair of vectors :math:`x, y` to
# :math:`ax + by` and :math:`-\bar b x + \bar a y`.

for field in ("real", "complex", "quaternion"):
    drift = theory.ginibre_exponents(N, sigma=N**-0.5, field=field)[0]
    print(
        f"{field:<11} drift {drift:.5f}, variance {theory.ginibre_variances(N, field=field)[0]:.5f}"
    )

rng = np.random.default_rng(2)
chains, steps = 200, 500
x, y = np.ones((chains, N, 1)), np.zeros((chains, N, 1))
logs = np.empty((steps, chains))
for step in range(steps):
    parts = rng.standard_normal((4, chains, N, N)) / np.sqrt(4 * N)
    a, b = parts[0] + 1j * parts[1], parts[2] + 1j * parts[3]
    length = np.sqrt((np.abs(x) ** 2 + np.abs(y) ** 2).sum(axis=1, keepdims=True))
    x, y = x / length, y / length
    x, y = a @ x + b @ y, a.conj() @ y - b.conj() @ x
    logs[step] = 0.5 * np.log((np.abs(x) ** 2 + np.abs(y) ** 2).sum(axis=(1, 2)))
error = logs.std() / np.sqrt(logs.size)
print(f"simulated   drift {logs.mean():.5f} ± {error:.5f}, variance {logs.var():.5f}")

# %%
# **Exercise 2.** A *residual* layer adds its result to its input: the factors are
# :math:`1 + cA_t`, here with entries of :math:`A_t` of variance 1 and :math:`c = 0.05`. Which
# exponents has their product, with real and with complex matrices?
#
# **Answer.** Near the identity they are evenly spaced, :math:`c^2` apart, and real and complex ones
# differ by a shift of :math:`c^2/2` (:func:`stabsim.theory.near_identity_exponents`). After
# :math:`t` layers the singular values have spread by :math:`(n - 1) c^2 t` in their logarithms:
# residual steps are no cure of the spread, but a small :math:`c` makes it slow.

c = 0.05
for field in ("real", "complex"):
    residual = stabsim.Shifted(stabsim.Ginibre(N, field=field), scale=c)
    spectrum = stabsim.lyapunov_spectrum(residual, steps=20_000, trials=16, rng=3)
    limit = theory.near_identity_exponents(N, scale=c, field=field)
    print(f"{field}: simulated ± {spectrum.standard_error.max() / c**2:.2f}, and limit, over c²")
    print("  ", *(f"{value:6.2f}" for value in spectrum.exponents / c**2))
    print("  ", *(f"{value:6.2f}" for value in limit / c**2))

# %%
# **Exercise 3.** How deep may a real network of width :math:`n` be until lengths spread by a decade
# (one standard deviation)?
#
# **Answer.** The variance a step is :math:`v_1`, near :math:`1/(2n)` for wide layers, so that
# :math:`\sqrt{v_1 t} = \ln 10` at :math:`t = 2 n (\ln 10)^2`, about ten times the width. It is the
# ratio of depth to width that counts.

for width in (8, 64, 512):
    depth = round(np.log(10) ** 2 / theory.ginibre_variances(width)[0])
    narrow = stabsim.matrix_product_growth(
        stabsim.Ginibre(width, sigma=width**-0.5),
        depth, trials=2000, norm="vector", record=[depth], rng=4,
    )  # fmt: skip
    print(
        f"n = {width:>3}: t = {depth:>4}, {depth / width:.1f} times the width; simulated spread "
        f"{narrow.std[-1] / np.log(10):.2f} decades"
    )

# %%
# Read on
# -------
#
# :ref:`The next page <sphx_glr_gallery_physics_plot_9_random_magnet.py>` leaves networks for a
# magnet. :ref:`How products of ten ensembles grow
# <sphx_glr_gallery_exploding_plot_2_ten_ensembles.py>` compares more kinds of matrices. Those of
# this page are :class:`stabsim.Ginibre`, :class:`stabsim.TruncatedHaar`, :class:`stabsim.Haar` and
# :class:`stabsim.Shifted`, and :doc:`the theory of products </theory>` has the laws of a step for
# all of them.
