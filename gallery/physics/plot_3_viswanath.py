r"""
How fast do random Fibonacci numbers grow?
==========================================

Each Fibonacci number is the sum of the two before it, and they grow by the golden ratio,
1.618…, a step. Toss a coin at every step and *subtract* instead of adding when it shows tails. The
numbers jump about zero, and still they grow, at a rate that Divakar Viswanath found in 1999
:cite:p:`Viswanath1999`: 1.13198824… What does it take to see its digits by simulation?

**What this assumes.** The sequence is :math:`x_{t+1} = x_t \pm x_{t-1}`, and each sign is the toss
of a fair coin of its own. A *Lyapunov exponent* :math:`\lambda` is the growth rate of a logarithm
in the long run, here :math:`\tfrac1t \ln\lvert x_t\rvert \to \lambda`, and :math:`e^\lambda` is the
constant that we look for. :ref:`The page on spectra <sphx_glr_gallery_physics_plot_1_spectrum.py>`
shows how products of matrices come to have several.
"""

# %%
# A few sequences
# ---------------
#
# They start with 1, 1. Python's integers have as many digits as it takes.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import theory

constant = np.exp(theory.random_fibonacci_exponent())
rng = np.random.default_rng(1)
steps = 500
figure, axes = plt.subplots()
for color in ("#0072B2", "#E69F00", "#009E73"):
    sequence = [1, 1]
    for sign in rng.choice([-1, 1], size=steps):
        sequence.append(sequence[-1] + int(sign) * sequence[-2])
    sizes = np.abs(np.array([float(x) for x in sequence]))
    axes.semilogy(np.where(sizes > 0, sizes, np.nan), color=color, linewidth=1)
axes.semilogy(constant ** np.arange(steps), "k--", label=r"$1.13198824\ldots^t$")
axes.set(xlabel="t", ylabel=r"$|x_t|$")
axes.legend()
figure.suptitle("Three random Fibonacci sequences grow at one rate")
plt.show()

# %%
# As a product of matrices
# ------------------------
#
# The pair :math:`(x_{t-1}, x_t)` is multiplied at every step by one of two matrices,
#
# .. math:: \begin{pmatrix} 0 & 1 \\ 1 & 1 \end{pmatrix} \quad\text{or}\quad
#    \begin{pmatrix} 0 & 1 \\ -1 & 1 \end{pmatrix},
#
# and the constant is :math:`e^{\lambda_1}`, with the larger Lyapunov exponent :math:`\lambda_1` of
# their random product. Both matrices keep areas, so the other exponent is :math:`-\lambda_1`.

pair = stabsim.FiniteSet.random_fibonacci()
record = np.unique(np.geomspace(100, 1_000_000, 25).astype(int))
result = stabsim.lyapunov_spectrum(pair, steps=1_000_000, trials=64, record=record, rng=1)
print(result)

# %%
# How many digits does that give? An error :math:`\delta` of the exponent is a relative error
# :math:`\delta` of the constant.

estimate = np.exp(result.exponents[0])
error = estimate * result.standard_error[0]
print(f"constant {estimate:.6f} ± {error:.6f} from {64 * result.steps:,} coin tosses")

# %%
# The price of a digit
# --------------------
#
# Each of the 64 products estimates the constant from its own coins. The dots are the errors that
# they really made, by the number of tosses, and the line is the standard error that the scatter of
# the products tells, without knowledge of the constant. It falls like one over the square root of
# the number of tosses, so that each digit costs a hundred times more than the one before.

made = np.abs(np.exp(result.log_growth[:, :, 0] / result.recorded) - constant)
told = constant * np.sqrt(64) * result.history_standard_error[:, 0]
within = np.mean(made <= told)
figure, axes = plt.subplots()
axes.loglog(result.recorded, made.T, ".", color="#56B4E9", markersize=3)
axes.loglog([], [], ".", color="#56B4E9", label="errors made")
axes.loglog(result.recorded, told, color="#D55E00", label="standard error told")
axes.set(xlabel="coin tosses", ylabel="error of the constant", ylim=(1e-6, 1))
axes.legend()
figure.suptitle("Errors shrink with the root of the coin tosses")
plt.show()
print(f"{within:.0%} of the errors made are below the line; of Gaussian errors it would be 68 %")

# %%
# Ten digits are out of reach of simulation alone, as the last line tells. Viswanath computed them
# with a measure on the Stern–Brocot tree of fractions instead, and bounded every rounding error of
# the computation. The value of a simulation is another: it needs no idea but the coin.

needed = 64 * result.steps * (error / 1e-10) ** 2
print(
    f"The simulated constant is {estimate:.6f} ± {error:.6f}; Viswanath's is {constant:.6f} "
    f"(z = {(estimate - constant) / error:+.1f}). Ten digits would take about {needed:.0e} tosses."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** The constant is the growth of a typical sequence. How fast do the *averages* of
# :math:`\lvert x_t\rvert` and of :math:`x_t^2` over all coins grow?
#
# **Answer.** Of 20 tosses there are a million outcomes, few enough to average over all of them. The
# mean of :math:`\lvert x_t\rvert` grows by 1.2056 a step, 1 less than the real root of
# :math:`\alpha^3 = 2\alpha^2 + 1` :cite:p:`Rittaud2007`. The mean of :math:`x_t^2` grows by the
# golden ratio: in :math:`x_{t+1}^2 = x_t^2 \pm 2 x_t x_{t-1} + x_{t-1}^2` the coin averages out,
# and what is left is Fibonacci's own rule. :func:`stabsim.theory.moment_exponents` knows both. An
# average grows faster than a typical sequence, since it is carried by a lucky few.

before, now, averages = np.array([1]), np.array([1]), []
for _ in range(20):
    before, now = np.tile(now, 2), np.concatenate([now + before, now - before])
    averages.append([np.mean(np.abs(now)), np.mean(now.astype(float) ** 2)])
counted = np.array(averages[-1]) / averages[-2]
exact = np.exp(theory.moment_exponents(pair, [1.0, 2.0]))
print(f"|x|: {counted[0]:.4f} from step 19 to 20, in the long run {exact[0]:.4f}")
print(f"x²:  {counted[1]:.4f} from step 19 to 20, in the long run {exact[1]:.4f}")

# %%
# **Exercise 2.** Multiply the number before last by :math:`\beta`: :math:`x_{t+1} = x_t \pm \beta
# x_{t-1}`. For which :math:`\beta` does the growth stop?
#
# **Answer.** Embree and Trefethen found that it grows for :math:`\beta` above 0.70258, and decays
# below :cite:p:`EmbreeTrefethen1999`. Between two values around that, taken as the ends of a
# straight line, the simulated exponent changes its sign at the same place.

betas, rates, errors = np.array([0.7, 0.705]), [], []
for beta in betas:
    signs = stabsim.FiniteSet([[[0.0, 1.0], [beta, 1.0]], [[0.0, 1.0], [-beta, 1.0]]])
    weighted = stabsim.lyapunov_spectrum(signs, steps=300_000, trials=64, k=1, rng=rng)
    rates.append(weighted.exponents[0])
    errors.append(weighted.standard_error[0])
    print(f"beta = {beta}: exponent {rates[-1]:+.5f} ± {errors[-1]:.5f}")
share = -rates[0] / (rates[1] - rates[0])
slope = (rates[1] - rates[0]) / (betas[1] - betas[0])
zero = betas[0] + share * (betas[1] - betas[0])
print(
    f"the growth begins at beta = {zero:.4f} ± "
    f"{np.hypot((1 - share) * errors[0], share * errors[1]) / slope:.4f}"
)

# %%
# **Exercise 3.** Now draw the coefficient instead of a sign: :math:`x_{t+1} = X_t x_t + x_{t-1}`
# with :math:`X_t` of Cauchy's law, whose density is :math:`1/(\pi(1 + x^2))`. Its median is 0, and
# it has no mean. How fast does that grow?
#
# **Answer.** By the golden ratio, exactly as Fibonacci's own numbers do, whose coefficient is 1 at
# every step. With a Cauchy coefficient of the median :math:`c` and the half-width :math:`w` the
# exponent is :math:`\operatorname{arsinh}(\sqrt{c^2 + w^2}/2)`
# (:func:`stabsim.theory.cauchy_entry_exponent`), which does not tell one from the other.

older, newer, logs = np.zeros(2000), np.ones(2000), np.zeros(2000)
for _ in range(1000):
    older, newer = newer, rng.standard_cauchy(2000) * newer + older
    sizes = np.hypot(older, newer)
    older, newer, logs = older / sizes, newer / sizes, logs + np.log(sizes) / 1000
growth = np.exp(logs.mean())
golden = np.exp(theory.cauchy_entry_exponent(0.0, 1.0, corner=1.0))
print(
    f"random coefficient {growth:.4f} ± {growth * logs.std() / np.sqrt(2000):.4f}, exactly "
    f"{golden:.4f}; coefficient 1 {np.exp(theory.cauchy_entry_exponent(1.0, 0.0, corner=1.0)):.4f}"
)

# %%
# Read on
# -------
#
# :ref:`The next page <sphx_glr_gallery_physics_plot_4_anderson.py>` follows an electron whose wave
# obeys such a recursion, and :ref:`why the average product is so unlike a typical one
# <sphx_glr_gallery_physics_plot_6_moment_exponents.py>` takes up the first exercise. Another
# product of two simple matrices that is solved exactly is that of
# :func:`stabsim.theory.shear_pair_exponent`. :class:`stabsim.FiniteSet` takes any finite set of
# matrices, and :doc:`the theory of spectra </spectra_theory>` tells how exponents are estimated.
