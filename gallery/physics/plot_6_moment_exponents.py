r"""
Why is the average product so unlike a typical one?
===================================================

Multiply random matrices and average the size of the result over all that might have happened. Then
look at one product: it is far smaller. Draw ten thousand, and average: still too small, and the
longer the product the worse. Who, then, makes up the average?

**What this assumes.** You have seen that products of random matrices grow exponentially, with a
rate that :ref:`the spectrum page <sphx_glr_gallery_physics_plot_1_spectrum.py>` calls
:math:`\lambda_1`.
"""

# %%
# Ten thousand products miss their own average
# --------------------------------------------
#
# Let :math:`r_t = \lvert A_t \cdots A_1 v\rvert` be the length of a vector after :math:`t` random
# 4×4 matrices of standard Gaussian entries. A typical length grows like :math:`e^{\lambda_1 t}`.
# The average of the *squared* length grows like :math:`e^{L(2) t}`, and here everything is known:
# :math:`\lambda_1 = 0.558`, and since each matrix multiplies the expected square by 4,
# :math:`L(2) = \ln 4 = 1.386`, more than :math:`2 \lambda_1 = 1.116`.
#
# The naive way to find :math:`L(2)` is to draw many products, average their squares, and divide the
# logarithm by :math:`t`.

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import logsumexp

import stabsim

ensemble = stabsim.Ginibre(4)
products = 10_000
growth = stabsim.matrix_product_growth(
    ensemble, 400, trials=products, norm="vector", record=range(4, 401, 4), rng=1
)
logs, depths = 2.0 * growth.log_norm, growth.depths
naive = (logsumexp(logs, axis=0) - np.log(products)) / depths
average = np.log(4.0)
typical = 2.0 * growth.exact.lyapunov

figure, axes = plt.subplots()
axes.plot(depths, naive, color="#0072B2", label="naive average of 10 000 products")
axes.axhline(average, color="#D55E00", linestyle="--", label=r"$L(2)$, the true average")
axes.axhline(typical, color="#595959", linestyle=":", label=r"$2\lambda_1$, a typical product")
axes.set(xlabel="number of factors $t$", ylabel=r"$\frac{1}{t}\,\ln$ of the mean square")
axes.legend()
figure.suptitle("The naive average falls short of the true one")
plt.show()

# %%
# The average has no bias: over all repetitions of this experiment it is right. But it is carried by
# fewer and fewer products. How many of the ten thousand make up half of the sum?

for depth in (4, 40, 100, 200, 400):
    shares = np.sort(np.exp(logs[:, depth // 4 - 1] - logsumexp(logs[:, depth // 4 - 1])))[::-1]
    half = 1 + int(np.searchsorted(np.cumsum(shares), 0.5))
    print(f"t = {depth:>3}: half of the sum in {half:>3} of 10 000, {shares[0]:.1%} in the largest")

# %%
# A population that breeds
# ------------------------
#
# The remedy is to let success breed :cite:p:`Vanneste2010`. :func:`stabsim.generalized_lyapunov`
# keeps a thousand unit vectors, the *walkers*. At each step each walker meets a matrix of its own
# and is weighted by the :math:`q`-th power of its growth; walkers of little weight die, those of
# large weight have children. The mean weight of a step, multiplied up, is the average sought. Rare
# growth is thus met one step at a time, instead of all at once. The rates are the *generalized
# Lyapunov exponents* or moment exponents
#
# .. math:: L(q) = \lim_{t\to\infty} \frac1t \ln E\, r_t^q .
#
# Negative orders :math:`q` ask for products that grow unusually little.

orders = [-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0]
moments = stabsim.generalized_lyapunov(ensemble, orders, steps=300, trials=16, rng=1)
print(moments)

# %%
# If every product grew alike, all moments would lie on the dotted line. They curve upwards: that is
# called *intermittency*.

axes = moments.plot()
axes.figure.suptitle("Moments grow faster than a typical product")
plt.show()

# %%
# How rare are the products that matter?
# --------------------------------------
#
# The same numbers tell it. The probability that a product of :math:`t` factors grows like
# :math:`e^{x t}` falls like :math:`e^{-t I(x)}`, with the *rate function*
# :math:`I(x) = \max_q\, [q x - L(q)]`, zero at the typical growth alone. The mean square lives on
# products with :math:`x = L'(2)`, the slope at the order 2.

rate = moments.rate_function()
own = float(np.interp(2.0, rate.q, rate.x))
rarity = moments.rate_function(own)
within_reach = np.log(products) / rarity.values[0]

axes = rate.plot()
axes.axvline(moments.lyapunov, color="#595959", linestyle=":", label="a typical product")
axes.plot(own, rarity.values[0], "o", color="#009E73", label="the products of the mean square")
axes.legend()
axes.figure.suptitle("The rarer a growth, the higher its rate function")
plt.show()

# %%
# Ten thousand products hold one of probability 1/10 000, no more. That ends when
# :math:`t I(x) = \ln 10\,000`: beyond that depth the naive average can only fall.

k = orders.index(2.0)
short = 400 * (average - naive[-1])
print(
    f"The mean square grows by e^{moments.values[k]:.4f} a factor "
    f"(± {moments.standard_error[k]:.4f}, exactly {average:.4f}), a typical square by "
    f"e^{typical:.4f}. The products that it lives on grow by e^{own:.3f} instead of "
    f"e^{moments.lyapunov:.3f} and are as rare as e^(-{rarity.values[0]:.4f} t): beyond "
    f"{within_reach:.0f} factors 10 000 draws hold none, and at t = 400 their average is short by "
    f"a factor of e^{short:.0f}."
)
