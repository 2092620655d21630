r"""
Do all directions grow alike?
=============================

A product of random matrices stretches most vectors by the same factor a step. But it has more than
one rate: it turns a ball into an ellipsoid, and each axis of the ellipsoid has a growth rate of its
own. Which rates does a product of Gaussian matrices have?

**What this assumes.** The matrices are square, with independent standard Gaussian entries. You know
what an exponent of growth is (:ref:`the textbook's product
<sphx_glr_gallery_exploding_plot_1_textbook_product.py>` shows one).
"""

# %%
# One frame, four rates
# ---------------------
#
# Let :math:`P_t = A_t \cdots A_1` be the product of the first :math:`t` matrices. After many
# steps its singular values, the half-axes of the ellipsoid, grow like :math:`e^{\lambda_i t}`. The
# rates :math:`\lambda_1 \ge \lambda_2 \ge \dots \ge \lambda_n` are the *Lyapunov exponents*.
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
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
small.plot(left)
left.set_title("4×4")
large.plot(right)
right.set_title("256×256")
figure.suptitle("Simulated Lyapunov exponents lie on the exact ones")
plt.show()

# %%
# The triangle
# ------------
#
# Divided by :math:`\sqrt n`, which keeps a vector's length, the factors of growth
# :math:`e^{\lambda_i} / \sqrt{n}` lie between 0 and 1. Newman found their distribution for large n:
# the share of the directions whose factor is below :math:`x` is :math:`x^2`, a density that is a
# triangle.

factors = np.exp(large.exponents) / np.sqrt(256)
grid = np.linspace(0, 1, 101)
share = np.arange(256, 0, -1) / 256
figure, axes = plt.subplots()
axes.plot(factors, share, color="#0072B2", label="256×256, simulated")
axes.plot(grid, grid**2, color="#D55E00", linestyle="--", label="$x^2$, infinite size")
axes.set(xlabel="growth factor a step, $x$", ylabel="share of directions below $x$")
axes.legend()
figure.suptitle("Growth factors of large matrices follow x squared")
plt.show()

# %%
# Even where the average direction is kept, almost all directions shrink: a deep linear network
# forgets everything but a few directions of its input. :ref:`The next page
# <sphx_glr_gallery_physics_plot_2_convergence.py>` asks how sure such numbers are.

distance = np.abs(share - factors**2).max()
worst = np.abs((large.exponents - large.exact) / large.standard_error).max()
print(
    f"The four exponents of 4×4 Gaussian matrices are {np.round(small.exponents, 3)}, exactly "
    f"{np.round(small.exact, 3)}. Of 256×256 matrices all 256 lie within {worst:.1f} standard "
    f"errors of the exact ones, and within {distance:.3f} of the triangle law."
)
