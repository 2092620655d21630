r"""
How fast do random Fibonacci numbers grow?
==========================================

Each Fibonacci number is the sum of the two before it, and they grow by the golden ratio,
1.618…, a step. Toss a coin at every step and *subtract* instead of adding when it shows tails. The
numbers jump about zero, and still they grow, at a rate that Divakar Viswanath found in 1999
:cite:p:`Viswanath1999`: 1.13198824… What does it take to see its digits by simulation?

**What this assumes.** You have seen :ref:`Lyapunov exponents
<sphx_glr_gallery_physics_plot_1_spectrum.py>`.
"""

# %%
# A few sequences
# ---------------
#
# Start with 1, 1 and let :math:`x_{t+1} = x_t \pm x_{t-1}` with a fair coin for the sign.

import matplotlib.pyplot as plt
import numpy as np

import stabsim

constant = 1.1319882487943
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
figure.suptitle("Three random Fibonacci sequences and their growth")
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
# and the constant is :math:`e^{\lambda_1}`, with the larger *Lyapunov exponent* :math:`\lambda_1`
# of their random product. Both matrices keep areas, so the other exponent is
# :math:`-\lambda_1`.

pair = stabsim.FiniteSet.random_fibonacci()
result = stabsim.lyapunov_spectrum(pair, steps=400_000, trials=64, rng=1)
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
# The error falls like one over the square root of the number of coin tosses, so that each digit
# costs a hundred times more than the one before. The dots are the errors that were really made, the
# line is the standard error that the simulation tells of itself.

made = np.abs(np.exp(result.history[:, 0]) - constant)
told = constant * result.history_standard_error[:, 0]
tosses = 64 * result.recorded
figure, axes = plt.subplots()
axes.loglog(tosses, made, "o", color="#0072B2", markersize=4, label="error made")
axes.loglog(tosses, told, color="#D55E00", label="standard error told")
axes.set(xlabel="coin tosses", ylabel="error of the constant")
axes.legend()
figure.suptitle("The error falls with the square root of the work")
plt.show()

# %%
# Ten digits are out of reach of simulation alone, as the last line tells. Viswanath computed them
# with a measure on the Stern–Brocot tree of fractions instead. The value of a simulation is
# another: it needs no idea but the coin.

needed = 64 * result.steps * (error / 1e-10) ** 2
print(
    f"The simulated constant is {estimate:.6f} ± {error:.6f}; Viswanath's is 1.131988 "
    f"(z = {(estimate - constant) / error:+.1f}). Ten digits would take about {needed:.0e} tosses."
)
