r"""
What are the singular values of a deep product?
===============================================

A matrix maps the unit ball to an ellipsoid, and its *singular values*
:math:`\sigma_1 \ge \dots \ge \sigma_n` are the half-axes. For a product of random matrices there
are two theories of them. One is for few and wide matrices, the other for many and narrow ones. How
far does each of them reach, and why does neither show up if one multiplies the matrices and asks
NumPy?

**What this assumes.** The product :math:`P = A_t \cdots A_1` of :math:`t` square matrices with
independent Gaussian entries of standard deviation :math:`1/\sqrt n`, which on average keeps the
squared length of a vector.
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
# so that the mean of :math:`\sigma^2` stays 1 and that of :math:`\sigma^4` is :math:`t + 1`. At
# :math:`n = 200` the law fits already. The density is drawn for the decimal logarithm of
# :math:`\sigma^2`, since the values cover many decades.

import matplotlib.pyplot as plt
import numpy as np

import stabsim

WIDE = 200
figure, panels = plt.subplots(1, 3, figsize=(9.6, 3.6), layout="constrained")
distances = []
for axes, factors in zip(panels, (1, 2, 5), strict=True):
    ensemble = stabsim.Ginibre(WIDE, sigma=WIDE**-0.5)
    wide = stabsim.product_singular_values(ensemble, factors, trials=8, rng=1)
    wide.plot(axes)
    axes.get_legend().remove()
    axes.set(title=f"{factors} factor{'s' if factors > 1 else ''}", xlabel=r"$\log_{10} \sigma^2$")
    squares = np.sort(np.exp(wide.log_scaled_squares).ravel())
    shares = (np.arange(squares.size) + 0.5) / squares.size
    distances.append(np.abs(wide.fuss_catalan.cdf(squares) - shares).max())
    fourth = np.mean(squares**2)
    print(
        f"{factors} factors: mean of σ⁴ {fourth:.3f}, Fuss–Catalan {wide.fuss_catalan.moment(2):g}"
    )
panels[1].set_ylabel("")
panels[2].set_ylabel("")
figure.suptitle("Bars of 200×200 products follow the dashed Fuss–Catalan laws")
plt.show()

# %%
# Many and narrow
# ---------------
#
# As :math:`t \to \infty` at fixed :math:`n`, every singular value grows or shrinks at its own rate:
# :math:`\tfrac1t \ln \sigma_i` tends to the *Lyapunov exponent* :math:`\lambda_i`
# :cite:p:`Newman1986`. Here are 4×4 matrices. The markers are medians of 300 products by depth: on
# the left computed as one would do it, by multiplying the matrices and calling
# ``numpy.linalg.svd``, on the right by :func:`stabsim.product_singular_values`. Dashed are straight
# lines of the slopes :math:`\lambda_i`.

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
exponents = stabsim.theory.lyapunov_spectrum(ensemble).exponents / np.log(10)

figure, panels = plt.subplots(1, 2, figsize=(9.6, 4.2), sharey=True, layout="constrained")
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
    axes.set(title=name, xlabel="number of factors $t$")
panels[0].set_ylabel(r"median of $\log_{10} \sigma_i$")
panels[0].legend(ncols=2)
figure.suptitle("Rounding buries all small singular values of the product")
plt.show()

lost = naive[-1, -1] - precise[-1, -1]
print(f"at t = {depths[-1]}, NumPy's least singular value is 10^{lost:.0f} times too large")

# %%
# A number in float64 has 16 digits. Once :math:`\sigma_4` has fallen to :math:`10^{-16}\sigma_1`,
# nothing in the entries of the product knows of it, and NumPy returns rounding errors, which grow
# like :math:`\sigma_1`. The right panel never forms the product. It turns each matrix into a
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
limit = np.exp(stabsim.theory.lyapunov_spectrum(ensemble).exponents)
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
        law = result.fuss_catalan.quantile(1.0 - (ranks - 0.5) / MIDDLE) ** (0.5 / depth)
        axes.plot(ranks, law, color=color, linewidth=1)
axes.plot(ranks, limit, "x", color="0.2", label=r"$t = \infty$")
axes.set(xlabel="rank $i$", ylabel=r"growth factor a step, $\sigma_i^{1/t}$")
axes.legend()
figure.suptitle("From the Fuss–Catalan law to the Lyapunov exponents")
plt.show()

# %%

for depth, misfit in misfits.items():
    print(f"t = {depth:4}: growth factors a step differ from their limit by {misfit:.3f} at most")
print(
    f"Products of up to five 200×200 matrices follow the Fuss–Catalan law within "
    f"{max(distances):.3f} in probability. A product of 1000 matrices of size 4×4 has singular "
    f"values that span {deep.median_log_condition:.0f} decades; one multiplied in float64 keeps 16 "
    f"of them, and has its least one wrong by {lost:.0f} decades after {depths[-1]} factors."
)
