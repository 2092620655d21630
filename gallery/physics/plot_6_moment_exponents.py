r"""
Why is the average product so unlike a typical one?
===================================================

Multiply random matrices and average the size of the result over all that might have happened. Then
look at one product: it is far smaller. Draw ten thousand, and average: still too small, and the
longer the product the worse. Who, then, makes up the average?

**What this assumes.** The factors :math:`A_1, A_2, \dots` are independent 4×4 matrices of
independent standard Gaussian entries. A fixed vector :math:`v` of length 1 becomes
:math:`A_t \cdots A_1 v`, of the length :math:`r_t`. Typically :math:`r_t` grows like
:math:`e^{\lambda_1 t}`, with the largest Lyapunov exponent :math:`\lambda_1` (:ref:`the page on
spectra <sphx_glr_gallery_physics_plot_1_spectrum.py>`). :math:`\mathbb{E}` is the mean over all
that might happen.
"""

# %%
# Ten thousand products miss their own average
# --------------------------------------------
#
# A typical squared length grows like :math:`e^{2 \lambda_1 t}`, the average of the squared length
# like :math:`e^{L(2) t}`, and here everything is known: :math:`\lambda_1 = 0.558`, and since each
# matrix multiplies the expected square by 4, :math:`L(2) = \ln 4 = 1.386`, more than
# :math:`2 \lambda_1 = 1.116`.
#
# The naive way to find :math:`L(2)` is to draw many products, average their squares, and divide the
# logarithm by :math:`t`.

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import logsumexp

import stabsim
from stabsim import theory

ensemble = stabsim.Ginibre(4)
products = 10_000
growth = stabsim.matrix_product_growth(
    ensemble, 400, trials=products, norm="vector", record=range(4, 401, 4), rng=1
)
logs, depths = 2.0 * growth.log_norm, growth.depths
naive = (logsumexp(logs, axis=0) - np.log(products)) / depths
average = np.log(4.0)
exact = growth.exact
typical = 2.0 * exact.lyapunov

figure, axes = plt.subplots()
axes.plot(depths, naive, color="#0072B2", label="naive average of 10 000 products")
axes.axhline(average, color="#D55E00", linestyle="--", label=r"$L(2)$, the true average")
axes.axhline(typical, color="#595959", linestyle=":", label=r"$2\lambda_1$, a typical product")
axes.set(xlabel="number of factors $t$", ylabel=r"growth rate of the mean square")
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
# .. math:: L(q) = \lim_{t\to\infty} \frac1t \ln \mathbb{E}\, r_t^q .
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
# :math:`I(x) = \max_q\, [q x - L(q)]`, zero at the typical growth alone
# (:class:`stabsim.results.RateFunction`). The mean square lives on products with
# :math:`x = L'(2)`, the slope at the order 2.

rate = moments.rate_function()
own = float(np.interp(2.0, rate.q, rate.x))
rarity = moments.rate_function(own)
within_reach = np.log(products) / rarity.values[0]

axes = rate.plot()
axes.axvline(moments.lyapunov, color="#595959", linestyle=":", label="a typical product")
axes.plot(own, rarity.values[0], "o", color="#009E73", label="the products of the mean square")
axes.legend(loc="upper center", frameon=True, framealpha=1.0, edgecolor="none")
axes.figure.suptitle("The rarer a growth, the higher its rate function")
plt.show()

# %%
# Where the naive average breaks
# ------------------------------
#
# Among :math:`N` products the rarest has a probability of about :math:`1/N`. So the mean square of
# ten thousand products is right while :math:`t I(L'(2)) < \ln N`. Beyond that depth it is carried
# by the largest product alone, whose growth :math:`x` has :math:`t I(x) = \ln N`: to leading order
# the average grows at the rate :math:`2x - (\ln N)/t`, which falls towards the typical
# :math:`2\lambda_1`. Twenty repetitions of the experiment agree, but for terms of the order
# :math:`(\ln t)/t` that this argument leaves out.

repetitions, record = 20, np.array([4, 10, 20, 30, 40, 60, 80, 100, 150, 200, 250, 300, 350, 400])
again = stabsim.matrix_product_growth(
    ensemble, 400, trials=repetitions * products, norm="vector", record=record, rng=2
)
batches = 2.0 * again.log_norm.reshape(repetitions, products, record.size)
rates = (logsumexp(batches, axis=1) - np.log(products)) / record
rising = rate.x > moments.lyapunov
grid = np.linspace(4, 400, 100)
largest = np.interp(np.log(products) / grid, rate.values[rising], rate.x[rising])
predicted = np.where(grid < within_reach, average, 2.0 * largest - np.log(products) / grid)

figure, axes = plt.subplots()
axes.fill_between(record, *np.quantile(rates, [0.05, 0.95], axis=0), color="#9ecae1")
axes.plot(record, np.median(rates, axis=0), "o-", label="naive averages, median and 90 %")
axes.plot(grid, predicted, label="predicted from the rate function")
axes.axhline(typical, color="#595959", linestyle=":", label="a typical product")
axes.axvline(within_reach, color="black", linewidth=1)
axes.set(xlabel="number of factors $t$", ylabel="growth rate of the mean square")
axes.legend()
figure.suptitle("Beyond the black line one product is the average")
plt.show()

# %%
# The same holds for every average of exponentially spread numbers: no law of large numbers helps
# before the sample is exponentially large.

k = orders.index(2.0)
short = 400 * (average - np.median(rates[:, -1]))
print(
    f"The mean square grows by e^{moments.values[k]:.4f} a factor "
    f"(± {moments.standard_error[k]:.4f}, exactly {average:.4f}), a typical square by "
    f"e^{typical:.4f}. The products that it lives on grow by e^{own:.3f} instead of "
    f"e^{moments.lyapunov:.3f} and are as rare as e^(-{rarity.values[0]:.4f} t): beyond "
    f"{within_reach:.0f} factors 10 000 draws hold hardly any, and at t = 400 their average is "
    f"short by a factor of e^{short:.0f}."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** A bet doubles what you stake or leaves you 40 % of it, each with probability 1/2.
# You stake all you have, again and again. What becomes of the average wealth, and what of yours?
# What if you stake one third each time?
#
# **Answer.** These are 1×1 matrices, 2 or 0.4. The average grows by :math:`(2 + 0.4)/2 = 1.2` a bet
# (:func:`stabsim.theory.moment_exponents` at :math:`q = 1`), and a typical wealth shrinks by
# :math:`\sqrt{2 \cdot 0.4} = 0.894`. One third at stake makes the factors 4/3 and 0.8: the average
# grows less, and a typical wealth *grows*.

for staked in (1.0, 1 / 3):
    bet = stabsim.FiniteSet([[[1 + staked]], [[1 - 0.6 * staked]]])
    mean = np.exp(theory.moment_exponents(bet, [1.0])[0])
    own_growth = np.exp(theory.lyapunov_spectrum(bet).exponents[0])
    wealth = stabsim.matrix_product_growth(bet, 200, trials=10_000, record=[200], rng=3)
    richer = np.mean(wealth.log_norm[:, -1] > 0)
    print(
        f"stake {staked:.2f}: average × {mean:.3f} a bet, typical × {own_growth:.3f}; "
        f"{richer:.1%} of 10 000 players have won after 200 bets"
    )

# %%
# **Exercise 2.** By the central limit theorem :math:`\ln r_t` is nearly Gaussian, with the mean
# :math:`\lambda_1 t` and the variance :math:`v_1 t`. If it were exactly so, how fast would the
# moments grow?
#
# **Answer.** For a Gaussian, :math:`L(q) = \lambda_1 q + \tfrac12 v_1 q^2`. That is good for small
# :math:`q`, as the theorem speaks of the bulk. The moments live in the tail, which here is thinner:
# the guess is too large, by a factor that grows exponentially with :math:`t`.

variance = theory.ginibre_variances(4)[0]
for q, true in zip(
    (0.5, 2.0, 4.0), theory.moment_exponents(ensemble, [0.5, 2.0, 4.0]), strict=True
):
    gaussian = exact.lyapunov * q + 0.5 * variance * q**2
    print(f"L({q:g}): {true:.4f}, Gaussian guess {gaussian:.4f}")

# %%
# **Exercise 3.** The table above stops at :math:`q = -2`. How far can negative orders go?
#
# **Answer.** To -4, the size of the matrices, and not quite there. A step multiplies the length by
# the length of a vector of four Gaussians, which is below a small :math:`\varepsilon` with a
# probability of the order :math:`\varepsilon^4`, the volume of a ball. So
# :math:`\mathbb{E}\, r_t^q` is infinite from :math:`q = -4` down. For the simulation -2 is the end:
# its weights are :math:`q`-th powers, and from there down their *variance* is infinite.

negative = [-2.0, -3.0, -3.9, -4.0]
for q, value in zip(negative, theory.moment_exponents(ensemble, negative), strict=True):
    print(f"L({q:g}) = {value:.4f}")

# %%
# Read on
# -------
#
# What a typical product does to all directions is the subject of :ref:`the next page
# <sphx_glr_gallery_physics_plot_7_fuss_catalan.py>`, and :ref:`a disordered magnet
# <sphx_glr_gallery_physics_plot_9_random_magnet.py>` needs moments of every order. :doc:`The theory
# of spectra </spectra_theory>` explains the population, :func:`stabsim.generalized_lyapunov` runs
# it, and :func:`stabsim.theory.moment_exponents` lists what is known exactly.
