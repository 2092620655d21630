r"""
Why do deep gradients all point the same way?
=============================================

A product of many matrices is large or small, and that could be mended: multiply each matrix by the
right number, and the typical size stays 1. What cannot be mended so is its shape. A matrix turns a
ball into an ellipsoid, and a product of many turns it into a needle. Every gradient that passes
through comes out along the needle. How fast does that happen, and what do two matrices say about
their product?

**What this assumes.** The factors are square, independent, with independent Gaussian entries of
mean 0 and variance :math:`\sigma^2`, and nothing is between them. The inequalities of the first
section hold for any matrices.
"""

# %%
# Two matrices
# ------------
#
# The half-axes of the ellipsoid that :math:`A` makes of the unit ball are its *singular values*
# :math:`s_1(A) \ge \dots \ge s_n(A)`. The ratio :math:`\kappa(A) = s_1/s_n` is the *condition
# number*: 1 for a rotation, large for a needle. The textbook's exercise :cite:p:`Zhang2023` asks
# for bounds on the *eigenvalues* of a product. There are none in terms of the eigenvalues of the
# factors:

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import theory

shear = np.array([[1.0, 100.0], [0.0, 1.0]])
print("eigenvalues of the shear and of its transpose:", np.linalg.eigvals(shear))
print("eigenvalues of their product:", np.linalg.eigvalsh(shear @ shear.T))

# %%
# Singular values know better. Those of :math:`AB` obey Horn's inequalities,
#
# .. math:: \prod_{i \le k} s_i(AB) \;\le\; \prod_{i \le k} s_i(A)\, s_i(B), \qquad k = 1, \dots, n,
#
# because the left side is the largest factor by which :math:`AB` enlarges a :math:`k`-dimensional
# volume, and each matrix can enlarge it by no more than its :math:`k` longest axes say. For
# :math:`k = n` both sides are :math:`\lvert\det A \det B\rvert`, so equal. With :math:`k = 1` for
# :math:`AB` and for its inverse, :math:`\kappa(AB) \le \kappa(A)\,\kappa(B)`. And by Weyl's
# inequalities the eigenvalues of a matrix, in order of their absolute values, obey
# :math:`\prod_{i \le k} \lvert\mu_i\rvert \le \prod_{i \le k} s_i`: bounds on the singular values
# bound the eigenvalues too. A check with 20 000 random pairs of 4×4 matrices:

rng = np.random.default_rng(1)
pairs, n = 20_000, 4
left, right = rng.standard_normal((2, pairs, n, n))


def log_singular_values(matrices):
    return np.log(np.linalg.svd(matrices, compute_uv=False))


of_left, of_right, of_both = map(log_singular_values, (left, right, left @ right))
horn = np.cumsum(of_both - of_left - of_right, axis=1)
eigenvalues = np.sort(np.log(np.abs(np.linalg.eigvals(left @ right))), axis=1)[:, ::-1]
weyl = np.cumsum(eigenvalues - of_both, axis=1)
print("logarithm of left side over right side: largest, and median, of all pairs")
for k in range(n):
    print(
        f"k = {k + 1}: Horn {horn[:, k].max():+.5f}, {np.median(horn[:, k]):+.3f}   "
        f"Weyl {weyl[:, k].max():+.5f}, {np.median(weyl[:, k]):+.3f}"
    )

# %%
# No pair violates an inequality, and the last ones are equalities, up to rounding. Typical pairs
# stay well below the bounds, because the long axis of one matrix hardly ever meets that of the
# other:


def log_condition(logarithms):
    return (logarithms[:, 0] - logarithms[:, -1]) / np.log(10.0)


bound, reached = log_condition(of_left) + log_condition(of_right), log_condition(of_both)
figure, axes = plt.subplots()
axes.plot(bound[:2000], reached[:2000], ".", markersize=3, color="#0072B2", label="2000 pairs")
axes.plot([0, 5], [0, 5], color="#D55E00", linestyle="--", label="bound")
axes.set(xlim=(0, 5), ylim=(0, 5))
axes.set(xlabel=r"$\log_{10}\kappa(A) + \log_{10}\kappa(B)$", ylabel=r"$\log_{10}\kappa(AB)$")
axes.legend(loc="upper left")
figure.suptitle("Condition numbers multiply at most, mostly less")
plt.show()

# %%
# Many matrices
# -------------
#
# Let :math:`P_t = A_t \cdots A_1` be a product of :math:`t` factors. After many of them
# :math:`\ln s_i(P_t)` grows by :math:`\lambda_i` a factor, with a rate for each axis, the *Lyapunov
# exponents* :math:`\lambda_1 \ge \dots \ge \lambda_n`. For Gaussian matrices they are known exactly
# (:func:`stabsim.theory.ginibre_exponents`), and so are the variances :math:`v_i` that their
# logarithms gain per factor (:func:`stabsim.theory.ginibre_variances`). Here :math:`\sigma` is
# chosen so that :math:`\lambda_1 = 0`: a vector keeps its typical length. The explosion is cured.

cure = float(np.exp(-theory.ginibre_exponents(n)[0]))
rates = theory.ginibre_exponents(n, sigma=cure)
variances = theory.ginibre_variances(n)
spectrum = stabsim.lyapunov_spectrum(
    stabsim.Ginibre(n, sigma=cure), steps=200, trials=1000, method="qr", rng=2
)
print(f"{'i':>2}{'exponent, simulated':>23}{'exact':>10}{'variance':>12}{'exact':>9}")
for i in range(n):
    print(
        f"{i + 1:>2}{spectrum.exponents[i]:>+14.4f} ± {spectrum.standard_error[i]:.4f}"
        f"{rates[i]:>+10.4f}{spectrum.covariance[i, i]:>12.3f}{variances[i]:>9.3f}"
    )

# %%
# The axes themselves, by depth. :func:`stabsim.product_singular_values` computes them all, however
# far apart. The lines have the exact slopes, the bands are the exact spreads
# :math:`\pm\sqrt{v_i t}`. (An offset of each axis, which the singular values gain while their
# directions settle, is taken from the last point.)

depths = np.array([1, 2, 5, 10, 15, 20, 30, 40, 50])
ensemble = stabsim.Ginibre(n, sigma=cure)
axes_lengths, medians = [], []
for depth in depths:
    values = stabsim.product_singular_values(ensemble, int(depth), trials=1000, rng=3)
    axes_lengths.append(values.mean / np.log(10.0))
    medians.append(values.median_log_condition)
axes_lengths = np.array(axes_lengths)

grid = np.linspace(0, depths[-1], 101)
figure, axes = plt.subplots()
colors = ["#0072B2", "#D55E00", "#009E73", "#8F4A77"]
for i, (marker, color) in enumerate(zip("os^D", colors, strict=True)):
    offset = axes_lengths[-1, i] - rates[i] * depths[-1] / np.log(10.0)
    middle = offset + rates[i] * grid / np.log(10.0)
    spread = np.sqrt(variances[i] * grid) / np.log(10.0)
    axes.fill_between(grid, middle - spread, middle + spread, color=color, alpha=0.15, linewidth=0)
    axes.plot(grid, middle, color=color, linestyle="-")
    axes.plot(depths, axes_lengths[:, i], marker, color=color)
    axes.annotate(f"$s_{i + 1}$", (depths[-1] + 1, middle[-1]), color=color, va="center")
axes.set(xlabel="number of factors t", ylabel=r"mean of $\log_{10} s_i(P_t)$", xlim=(0, 55))
figure.suptitle("The first axis keeps its length, the others vanish")
plt.show()

# %%
# The condition number grows like :math:`e^{(\lambda_1 - \lambda_n) t}`, whatever :math:`\sigma` is:
# a different :math:`\sigma` moves all exponents together. Horn's bound, :math:`\kappa(P_t) \le
# \kappa(A_1) \cdots \kappa(A_t)`, grows exponentially as well, at the mean of
# :math:`\ln\kappa(A)`, and too fast. And NumPy, which writes the product down as one matrix of
# float64 numbers, cannot see beyond 16 decades.

horn_rate = float(np.mean(log_condition(of_left)))
exact_rate = (rates[0] - rates[-1]) / np.log(10.0)
numerical = []
for depth in depths:
    products = np.eye(n) * np.ones((200, 1, 1))
    for _ in range(depth):
        products = rng.standard_normal((200, n, n)) @ products
    numerical.append(np.median(log_condition(log_singular_values(products))))

figure, axes = plt.subplots()
axes.plot(grid, horn_rate * grid, color="#D55E00", linestyle="--", label="Horn's bound, mean")
offset = medians[-1] - exact_rate * depths[-1]
axes.plot(grid, offset + exact_rate * grid, color="#0072B2", label=r"slope $\lambda_1 - \lambda_4$")
axes.plot(depths, medians, "o", color="#0072B2", label="product_singular_values")
axes.plot(depths, numerical, "kx", label="NumPy, one matrix")
axes.set(xlabel="number of factors t", ylabel=r"median of $\log_{10}\kappa(P_t)$")
axes.set(xlim=(0, 52), ylim=(0, 45))
axes.legend(loc="upper left")
figure.suptitle("Size is cured, the condition number explodes")
plt.show()

# %%
# What a gradient feels
# ---------------------
#
# Two examples of a batch have different losses, and so different gradients :math:`g` and
# :math:`g'` at the output. Going down through :math:`t` layers they become :math:`P_t\, g` and
# :math:`P_t\, g'` (with the transposed weights as factors, which have the same law). The angle
# between them shrinks like :math:`e^{-(\lambda_1 - \lambda_2) t}`. Soon all examples ask the lower
# layers for the same change, up to its size and sign.

trials, deepest = 2000, 40
frames = rng.standard_normal((trials, n, 2))
sines = []
for _ in range(deepest):
    frames = rng.standard_normal((trials, n, n)) @ frames
    frames, upper = np.linalg.qr(frames)
    frames = frames @ (upper / np.abs(upper[:, :1, :1]))
    sines.append(np.abs(upper[:, 1, 1]) / np.linalg.norm(upper[:, :, 1], axis=1))
angle = np.median(sines, axis=1)

layers = np.arange(1, deepest + 1)
exact_angle = np.exp(-(rates[0] - rates[1]) * (layers - deepest)) * angle[-1]
figure, axes = plt.subplots()
axes.plot(layers, exact_angle, label=r"slope $-(\lambda_1 - \lambda_2)$, exact")
axes.plot(layers[::3], angle[::3], "o", label="median of 2000, simulated")
axes.set(xlabel="layers t", ylabel="sine of the angle", yscale="log", xlim=(0, 41))
axes.legend()
figure.suptitle("Two gradients soon point along one line")
plt.show()

# %%
# Large and small eigenvalues of the problem are then worlds apart: gradient descent must choose its
# step for the longest axis, and along the shortest it moves by :math:`\kappa^2` less. Orthogonal
# factors (:class:`stabsim.Haar`) have all singular values equal at any depth, which is why
# :ref:`some initializations use them <sphx_glr_gallery_edge_of_chaos_plot_3_isometry.py>`.

orthogonal = stabsim.product_singular_values(stabsim.Haar(n), int(depths[-1]), trials=10, rng=3)
degrees = np.degrees(np.arcsin(angle[19]))
print(
    f"With the size held at 1, the condition number of 4×4 Gaussian products grows by "
    f"{exact_rate:.3f} decades a factor, exactly; it is 10^{medians[-1]:.1f} in the median after "
    f"{depths[-1]} (Horn's bound: 10^{horn_rate * depths[-1]:.0f}; rotations: "
    f"10^{abs(orthogonal.median_log_condition):.1f}). After 20 layers two gradients are "
    f"{degrees:.1f}° apart in the median. In {pairs} pairs of matrices Horn's and Weyl's "
    f"inequalities are never violated by more than {max(horn.max(), weyl.max()):.0e}."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** When is :math:`\kappa(AB) = \kappa(A)\,\kappa(B)`, and how small can
# :math:`\kappa(AB)` be? Take :math:`D` diagonal with the entries 3 and 1/3, a rotation :math:`R` by
# the angle :math:`\theta`, and the product :math:`D R D`.
#
# **Answer.** The product has determinant 1, so its singular values are :math:`s` and :math:`1/s`,
# and the sum of their squares is the sum of all squared entries, :math:`\cos^2\theta\,(3^4 +
# 3^{-4}) + 2 \sin^2\theta`. At :math:`\theta = 0` the long axes meet and the bound is reached; at a
# right angle they cancel, and the product is a rotation. In between it is the cosine that counts.

stretch = np.diag([3.0, 1.0 / 3.0])
for degree in (0, 30, 60, 90):
    cosine, sine = np.cos(np.radians(degree)), np.sin(np.radians(degree))
    product = stretch @ np.array([[cosine, -sine], [sine, cosine]]) @ stretch
    squares = cosine**2 * (3.0**4 + 3.0**-4) + 2.0 * sine**2
    largest = (squares + np.sqrt(max(squares**2 - 4.0, 0.0))) / 2.0
    print(f"{degree:>2}°: formula {largest:8.4f}, numerically {np.linalg.cond(product):8.4f}")

# %%
# **Exercise 2.** Does width help? Predict by how many decades a factor the condition number grows,
# for Gaussian matrices of size 4, 16, 64 and 256, and how many factors of size 256 float32 endures,
# which holds 7 digits.
#
# **Answer.** It is :math:`\lambda_1 - \lambda_n = \tfrac{1}{2}[\psi(n/2) - \psi(1/2)]`, where
# :math:`\psi` is the digamma function, and it grows like :math:`\tfrac{1}{2}\ln n`: width makes it
# worse, slowly. (A single Gaussian matrix has a condition number of about :math:`n`, besides.)

for size in (4, 16, 64, 256):
    exponents = theory.ginibre_exponents(size)
    decades = (exponents[0] - exponents[-1]) / np.log(10.0)
    print(f"n = {size:>3}: {decades:.3f} decades a factor, 7 decades by {7 / decades:.1f} factors")

# %%
# **Exercise 3.** A residual layer is the identity plus a small matrix. How much better conditioned
# are products of :math:`I + 0.2\,G`, with a Gaussian :math:`G`?
#
# **Answer.** For a small scale :math:`\varepsilon` each exponent is of the order
# :math:`\varepsilon^2`, so the condition number grows exponentially still, but far more slowly.
# That is one reason why residual networks may be so deep.

residual = stabsim.lyapunov_spectrum(
    stabsim.Shifted(stabsim.Ginibre(n), scale=0.2), steps=2000, rng=4
)
gap = (residual.exponents[0] - residual.exponents[-1]) / np.log(10.0)
print(f"residual: {gap:.4f} decades a factor, {exact_rate / gap:.1f} times less than Gaussian ones")

# %%
# Read on
# -------
#
# :ref:`The next page <sphx_glr_gallery_exploding_plot_4_dependent_factors.py>` leaves the
# assumption that the factors are alike, independent and square. :ref:`A page of the last section
# <sphx_glr_gallery_physics_plot_1_spectrum.py>` looks at all exponents of large matrices, and
# :doc:`the theory of spectra </spectra_theory>` tells how they are measured.
# :func:`stabsim.product_singular_values` and :func:`stabsim.lyapunov_spectrum` are the two ways to
# do so.
