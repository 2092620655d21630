r"""
Do all directions grow alike?
=============================

A product of random matrices stretches most vectors by the same factor a step. But it has more than
one rate: it turns a ball into an ellipsoid, and each axis of the ellipsoid has a growth rate of its
own. Which rates does a product of Gaussian matrices have?

**What this assumes.** The matrices :math:`A_1, A_2, \dots` are independent and square, of size
:math:`n \times n`, and every entry is an independent standard Gaussian: a random number of mean 0
and variance 1. Their product is :math:`P_t = A_t \cdots A_1`. That the length of a vector grows
exponentially under such a product, at a rate that is called a Lyapunov exponent, is shown by
:ref:`the textbook's product <sphx_glr_gallery_exploding_plot_1_textbook_product.py>`.
"""

# %%
# One frame, four rates
# ---------------------
#
# The product :math:`P_t` maps the unit ball to an ellipsoid, whose half-axes are the *singular
# values* of :math:`P_t`. After many steps they grow like :math:`e^{\lambda_i t}`. The rates
# :math:`\lambda_1 \ge \lambda_2 \ge \dots \ge \lambda_n` are the *Lyapunov exponents*.
#
# Multiplying the matrices and looking at the singular values fails soon: after a hundred steps
# the smallest axis is so much shorter than the largest that rounding buries it. Instead,
# :func:`stabsim.lyapunov_spectrum` carries a *frame* of :math:`n` perpendicular unit vectors. Each
# matrix stretches and tilts the frame; a QR decomposition straightens it again, and the stretching
# of each vector is added up as a logarithm.
#
# Here are 64 independent products of 10 000 matrices of size 4×4. With ``method="qr"`` every matrix
# is really drawn.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import theory

small = stabsim.lyapunov_spectrum(stabsim.Ginibre(4), steps=10_000, method="qr", rng=1)
print(small)

# %%
# The column ``exact`` is Newman's result :cite:p:`Newman1986`. The stretching of the i-th vector at
# each step is independent of all that came before, and its square is a :math:`\chi^2` variable with
# :math:`n - i + 1` degrees of freedom, a sum of that many squared Gaussians. So
#
# .. math:: \lambda_i = \tfrac12 \left[\ln 2 + \psi\left(\tfrac{n-i+1}{2}\right)\right],
#
# with the digamma function :math:`\psi`, the derivative of the logarithm of the gamma function. The
# column ``z`` is the distance from it in standard errors. Three directions grow, one shrinks.
#
# Large matrices
# --------------
#
# The same formula serves as a sampler: nothing but one :math:`\chi^2` variable is needed for each
# vector and step. Without ``method="qr"``, stabsim draws just these, and 256×256 matrices cost
# next to nothing.

large = stabsim.lyapunov_spectrum(stabsim.Ginibre(256), steps=1000, rng=1)
figure, (upper, lower) = plt.subplots(2, figsize=(5.6, 6.6))
small.plot(upper)
upper.set_title("4×4")
large.plot(lower)
lower.set_title("256×256")
figure.suptitle("Simulated Lyapunov exponents lie on the exact ones")
plt.show()

# %%
# The triangle
# ------------
#
# Entries of variance :math:`1/n` in place of 1 keep the squared length of a vector on average. The
# factors by which the directions grow at a step, :math:`e^{\lambda_i} / \sqrt{n}`, are then between
# 0 and 1. Newman found their distribution for large :math:`n`
# (:class:`stabsim.theory.TriangularLaw`): its density at :math:`x` is :math:`2x`, a triangle.

factors = np.exp(large.exponents) / np.sqrt(256)
law = theory.TriangularLaw()
figure, axes = plt.subplots()
axes.hist(factors, bins=16, range=(0, 1), density=True, color="#9ecae1", label="256×256, simulated")
axes.plot([0, 1, 1], [*law.pdf([0.0, 1.0]), 0.0], color="#D55E00", linestyle="--", label="triangle")
axes.set(xlabel="growth factor a step, $x$", ylabel="density of directions")
axes.legend(loc="upper left")
figure.suptitle("Growth factors of large matrices fill a triangle")
plt.show()

# %%
# So even where squared lengths are kept on average, every direction shrinks in the end, half of
# them by :math:`\sqrt{1/2}` a step or more: a deep linear network forgets everything but a few
# directions of its input.

worst = np.abs((large.exponents - large.exact) / large.standard_error).max()
distance = np.abs(law.cdf(factors) - np.arange(256, 0, -1) / 256).max()
print(
    f"The four exponents of 4×4 Gaussian matrices are {np.round(small.exponents, 3)}, exactly "
    f"{np.round(small.exact, 3)}. Of 256×256 matrices all 256 lie within {worst:.1f} standard "
    f"errors of the exact ones, and the share of directions below any growth factor is within "
    f"{distance:.3f} of the triangle's."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** One combination of the exponents needs no long product at all. Which, and how does
# it check the four numbers above?
#
# **Answer.** Their sum. The volume of the ellipsoid is multiplied by :math:`\lvert\det A_t\rvert`
# at each step, whatever its shape, so :math:`\lambda_1 + \dots + \lambda_n` is the mean of
# :math:`\ln\lvert\det A\rvert` over single matrices. The error of the simulated sum comes from the
# covariance of the exponents.

rng = np.random.default_rng(2)
volumes = np.linalg.slogdet(rng.standard_normal((100_000, 4, 4)))[1]
error_of_sum = np.sqrt(small.covariance.sum() / (small.trials * small.steps))
print(f"sum of the exponents  {small.exponents.sum():.4f} ± {error_of_sum:.4f}")
print(f"mean of ln |det A|    {volumes.mean():.4f} ± {volumes.std() / np.sqrt(volumes.size):.4f}")
print(f"exactly               {small.exact.sum():.4f}")

# %%
# **Exercise 2.** Carry a frame yourself, with ``numpy.linalg.qr``, through products of the
# *inverses* of 4×4 Gaussian matrices. Which exponents do you expect, and which do you find?
#
# **Answer.** The inverse of a matrix turns its shortest axis into the longest one. The product of
# the inverses has the exponents :math:`-\lambda_n \ge \dots \ge -\lambda_1`: one direction grows,
# three shrink. Ten lines find them; the first 50 steps let the frame settle and are not counted.

chains, steps, settling = 100, 500, 50
frames = np.broadcast_to(np.eye(4), (chains, 4, 4))
growth = np.zeros((chains, 4))
for step in range(steps):
    frames, upper_triangles = np.linalg.qr(
        np.linalg.inv(rng.standard_normal((chains, 4, 4))) @ frames
    )
    if step >= settling:
        growth += np.log(np.abs(np.diagonal(upper_triangles, axis1=1, axis2=2)))
rates = growth / (steps - settling)
found, errors = rates.mean(axis=0), rates.std(axis=0, ddof=1) / np.sqrt(chains)
for i, expected in enumerate(-theory.ginibre_exponents(4)[::-1]):
    print(f"{i + 1}: {found[i]:+.4f} ± {errors[i]:.4f}, expected {expected:+.4f}")

# %%
# **Exercise 3.** Multiply the first row of every 4×4 matrix by 3. Does the largest exponent grow by
# :math:`\ln 3`? By a quarter of that, as one of four rows is larger?
#
# **Answer.** Neither. The squared length of a vector is multiplied at each step by
# :math:`9 g_1^2 + g_2^2 + g_3^2 + g_4^2` with four standard Gaussians :math:`g_j`, and
# :math:`\lambda_1` is half the mean of the logarithm
# (:func:`stabsim.theory.anisotropic_gaussian_exponent`). The large row decides most steps, but not
# those in which :math:`g_1` is small. The *sum* of all exponents does grow by :math:`\ln 3`, as the
# determinant does.

scales = np.array([3.0, 1.0, 1.0, 1.0])
vectors, logs = np.ones((2000, 4)) / 2.0, np.zeros(2000)
for _ in range(200):
    vectors = scales * np.einsum("kij,kj->ki", rng.standard_normal((2000, 4, 4)), vectors)
    lengths = np.linalg.norm(vectors, axis=1)
    logs += np.log(lengths) / 200
    vectors /= lengths[:, None]
spiked = theory.anisotropic_gaussian_exponent(scales**2)
print(
    f"largest exponent {logs.mean():.4f} ± {logs.std() / np.sqrt(2000):.4f}, exactly {spiked:.4f}: "
    f"larger by {spiked - small.exact[0]:.4f}, where ln 3 = {np.log(3.0):.4f} and a quarter of it "
    f"is {np.log(3.0) / 4:.4f}"
)

# %%
# Read on
# -------
#
# :ref:`The next page <sphx_glr_gallery_physics_plot_2_convergence.py>` asks how sure such numbers
# are, and :ref:`why deep gradients all point the same way
# <sphx_glr_gallery_exploding_plot_3_conditioning.py>` is what several rates mean for a network.
# :doc:`The theory of spectra </spectra_theory>` tells how a frame is carried without loss,
# :func:`stabsim.lyapunov_spectrum` has all options, and
# :func:`stabsim.theory.lyapunov_spectrum` says which ensembles are known exactly.
