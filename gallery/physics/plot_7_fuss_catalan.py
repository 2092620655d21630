r"""
What are the singular values of a deep product?
===============================================

A matrix maps the unit ball to an ellipsoid, and its *singular values*
:math:`\sigma_1 \ge \dots \ge \sigma_n` are the half-axes. For a product of random matrices there
are two theories of them. One is for few and wide matrices, the other for many and narrow ones. How
far does each of them reach, and why does neither show up if one multiplies the matrices and asks
NumPy?

**What this assumes.** The product :math:`P = A_t \cdots A_1` has :math:`t` factors, independent
:math:`n \times n` matrices whose entries are independent Gaussians of mean 0 and variance
:math:`1/n`. That keeps the squared length of a vector on average. *Wide* means a large :math:`n`,
as with the layers of a network.
"""

# %%
# Few and wide
# ------------
#
# As :math:`n \to \infty` with a fixed number :math:`t` of factors, the squared singular values have
# a limit law. It lives between 0 and :math:`(t+1)^{t+1}/t^t`, and its moments, the means of
# :math:`\sigma^{2m}`, are the *Fuss–Catalan numbers* :cite:p:`Penson2011`,
#
# .. math:: \frac{1}{tm+1} \binom{(t+1)m}{m},
#
# so that the mean of :math:`\sigma^2` stays 1 and that of :math:`\sigma^4` is :math:`t + 1`
# (:class:`stabsim.theory.FussCatalan`). At :math:`n = 200` the law, dashed, fits already. The
# density is drawn for the decimal logarithm of :math:`\sigma^2`, as the values cover many decades.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import theory

WIDE = 200
figure, panels = plt.subplots(3, figsize=(5.6, 6.6), sharex=True)
distances = []
for axes, factors in zip(panels, (1, 2, 5), strict=True):
    ensemble = stabsim.Ginibre(WIDE, sigma=WIDE**-0.5)
    wide = stabsim.product_singular_values(ensemble, factors, trials=16, rng=factors)
    wide.plot(axes)
    axes.get_legend().remove()
    axes.set(title=f"{factors} factor{'s' if factors > 1 else ''}", xlabel="", xlim=(-12, 2))
    squares = np.sort(np.exp(wide.log_scaled_squares).ravel())
    shares = (np.arange(squares.size) + 0.5) / squares.size
    law = theory.FussCatalan(factors)
    distances.append(np.abs(law.cdf(squares) - shares).max())
    fourth = np.exp(2 * wide.log_scaled_squares).mean(axis=1)
    print(
        f"t = {factors}: mean of σ⁴ {fourth.mean():.2f} ± {fourth.std(ddof=1) / 16**0.5:.2f}, "
        f"Fuss–Catalan {law.moment(2):g}"
    )
panels[-1].set_xlabel(r"$\log_{10} \sigma^2$")
figure.suptitle("200×200 products follow the Fuss–Catalan laws")
plt.show()

# %%
# Many and narrow
# ---------------
#
# As :math:`t \to \infty` at fixed :math:`n`, every singular value grows or shrinks at its own rate:
# :math:`\tfrac1t \ln \sigma_i` tends to the *Lyapunov exponent* :math:`\lambda_i`
# :cite:p:`Newman1986`. Here are 4×4 matrices. The markers are medians of 300 products by depth: at
# the top computed as one would do it, by multiplying the matrices and calling
# ``numpy.linalg.svd``, at the bottom by :func:`stabsim.product_singular_values`. Dashed are
# straight lines of the slopes :math:`\lambda_i`.

NARROW, TRIALS = 4, 300
ensemble = stabsim.Ginibre(NARROW, sigma=NARROW**-0.5)
depths = np.arange(5, 101, 5)
rng = np.random.default_rng(1)
product, naive = np.eye(NARROW), []
for depth in range(1, depths[-1] + 1):
    product = NARROW**-0.5 * rng.standard_normal((TRIALS, NARROW, NARROW)) @ product
    if depth in depths:
        values = np.linalg.svd(product, compute_uv=False)
        naive.append(np.median(np.log10(values), axis=0))
precise = [
    stabsim.product_singular_values(ensemble, int(depth), trials=TRIALS, rng=1).quantile(0.5)
    for depth in depths
]
naive, precise = np.array(naive), np.array(precise) / np.log(10)
spectrum = theory.lyapunov_spectrum(ensemble)
exponents = spectrum.exponents / np.log(10)

figure, panels = plt.subplots(2, figsize=(5.6, 6.6), sharex=True, sharey=True)
for axes, medians, name in zip(
    panels,
    (naive, precise),
    ("product, then numpy.linalg.svd", "product_singular_values"),
    strict=True,
):
    for i, (color, marker) in enumerate(
        zip(("#0072B2", "#E69F00", "#009E73", "#CC79A7"), "os^D", strict=True)
    ):
        axes.plot(
            depths, medians[:, i], marker, color=color, markersize=4, label=rf"$\sigma_{i + 1}$"
        )
        axes.plot(depths, exponents[i] * depths, "--", color=color, linewidth=1)
    axes.set(title=name, ylabel=r"median of $\log_{10} \sigma_i$")
panels[0].legend(loc="lower left", ncols=2)
panels[1].set_xlabel("number of factors $t$")
figure.suptitle("Rounding buries the small singular values")
plt.show()

lost = naive[-1, -1] - precise[-1, -1]
print(f"at t = {depths[-1]}, NumPy's least singular value is 10^{lost:.0f} times too large")

# %%
# A number in float64 has 16 digits. Once :math:`\sigma_4` has fallen to :math:`10^{-16}\sigma_1`,
# nothing in the entries of the product knows of it, and NumPy returns rounding errors, which grow
# like :math:`\sigma_1`. The lower panel never forms the product. It turns each matrix into a
# triangular one by a QR decomposition, multiplies these with a power of two kept aside for every
# row, and ends with Jacobi rotations that respect small rows :cite:p:`DemmelVeselic1992`. So the
# depth may be a thousand, or a million:

deep = stabsim.product_singular_values(ensemble, 1000, trials=TRIALS, rng=1)
print(deep)

# %%
# From one to the other
# ---------------------
#
# To compare different depths, take the growth factor a step, :math:`\sigma_i^{1/t}`, for 32×32
# matrices, from the largest to the least. Markers are simulated, lines are the Fuss–Catalan law of
# that depth, and crosses are the limit of infinite depth, :math:`e^{\lambda_i}`.

MIDDLE = 32
ensemble = stabsim.Ginibre(MIDDLE, sigma=MIDDLE**-0.5)
ranks = np.arange(1, MIDDLE + 1)
figure, axes = plt.subplots()
misfits = {}
limit = np.exp(theory.lyapunov_spectrum(ensemble).exponents)
for depth, color, marker in (
    (1, "#0072B2", "o"),
    (4, "#E69F00", "s"),
    (32, "#009E73", "^"),
    (1000, "#CC79A7", "D"),
):
    result = stabsim.product_singular_values(ensemble, depth, trials=40, rng=1)
    steps = np.exp(result.lyapunov)
    misfits[depth] = np.abs(steps - limit).max()
    axes.plot(ranks, steps, marker, color=color, markersize=4, label=f"$t = {depth}$")
    if depth <= MIDDLE:
        squares = theory.FussCatalan(depth).quantile(1.0 - (ranks - 0.5) / MIDDLE)
        axes.plot(ranks, squares ** (0.5 / depth), color=color, linestyle="-", linewidth=1)
axes.plot(ranks, limit, "x", color="0.2", label=r"$t = \infty$")
axes.set(xlabel="rank $i$", ylabel=r"growth factor a step, $\sigma_i^{1/t}$")
axes.legend()
figure.suptitle("Fuss–Catalan laws turn into Lyapunov exponents")
plt.show()

# %%
# At :math:`t = 1` the Fuss–Catalan law is right, and at :math:`t = 1000` the exponents are. Already
# when there are as many factors as rows, here 32, the two nearly say the same.

for depth, misfit in misfits.items():
    print(f"t = {depth:4}: growth factors a step differ from their limit by {misfit:.3f} at most")
print(
    f"Products of up to five 200×200 matrices follow the Fuss–Catalan law within "
    f"{max(distances):.3f} in probability. A product of 1000 matrices of size 4×4 has singular "
    f"values that span {deep.median_log_condition:.0f} decades; one multiplied in float64 keeps 16 "
    f"of them, and has its least one wrong by {lost:.0f} decades after {depths[-1]} factors."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** On average a vector keeps its squared length. By how much can a product of 1, 2 or
# 5 wide matrices lengthen a vector at most?
#
# **Answer.** By its largest singular value, which for large :math:`n` is the root of the end of the
# law, :math:`\sqrt{(t+1)^{t+1}/t^t}`. That grows like :math:`\sqrt{e\,t}`, not exponentially. At
# finite :math:`n` the largest one falls a little short of it.

for factors in (1, 2, 5):
    ensemble = stabsim.Ginibre(WIDE, sigma=WIDE**-0.5)
    largest = stabsim.product_singular_values(ensemble, factors, trials=8, rng=factors).mean[0]
    end = theory.FussCatalan(factors).support[1] ** 0.5
    print(f"t = {factors}: {np.exp(largest):.3f} at n = {WIDE}, {end:.3f} in the limit")

# %%
# **Exercise 2.** Which share of all directions does a deep linear network of wide layers shorten to
# less than a tenth? Take 1, 5, 20 and 100 layers.
#
# **Answer.** That is the law's probability of :math:`\sigma^2 < 0.01`. While the average stays 1,
# almost every direction is lost. For 20 layers, products of 100×100 matrices confirm it.

for factors in (1, 5, 20, 100):
    print(f"t = {factors:>3}: {theory.FussCatalan(factors).cdf(0.01):.1%}")
layers = stabsim.product_singular_values(stabsim.Ginibre(100, sigma=0.1), 20, trials=8, rng=4)
print(f"simulated, t = 20: {np.mean(layers.log_singular_values < np.log(0.1)):.1%}")

# %%
# **Exercise 3.** After how many factors does NumPy lose the least singular value of a product of
# 4×4 matrices? And of 32×32 matrices?
#
# **Answer.** When it has fallen 16 decades below the largest one. The ratio grows like
# :math:`e^{(\lambda_1 - \lambda_n) t}`, so that
# :math:`t = 16 \ln 10/(\lambda_1 - \lambda_n)`. In the figure above the fourth markers leave their
# line there.

for n in (NARROW, MIDDLE):
    rates = theory.ginibre_exponents(n)
    print(f"{n}×{n}: after {16 * np.log(10) / (rates[0] - rates[-1]):.0f} factors")
first = depths[np.abs(naive[:, -1] - precise[:, -1]) > 1][0]
print(f"4×4, simulated: NumPy is off by more than a decade first at t = {first}")

# %%
# Read on
# -------
#
# :ref:`The next page <sphx_glr_gallery_physics_plot_8_fields.py>` asks whether it matters that the
# entries are real. :ref:`Why deep gradients all point the same way
# <sphx_glr_gallery_exploding_plot_3_conditioning.py>` is about the condition number alone, and
# :ref:`dynamical isometry <sphx_glr_gallery_edge_of_chaos_plot_3_isometry.py>` about singular
# values with activations in between. :func:`stabsim.product_singular_values` has the options, and
# :doc:`the theory of spectra </spectra_theory>` says why small singular values survive it.
