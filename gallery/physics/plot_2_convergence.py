r"""
When is a simulation long enough?
=================================

A growth rate is a limit, and a simulation is finite. How long must it run, and how much of the
answer may one believe? Three habits turn a running average into a measurement: forget the start,
let independent copies disagree, and stop at an error, not at a number of steps.

**What this assumes.** You have seen :ref:`Lyapunov exponents
<sphx_glr_gallery_physics_plot_1_spectrum.py>`, the growth rates of a product of random matrices.
"""

# %%
# Forget the start
# ----------------
#
# A simulation begins with vectors that point anywhere. Growth soon turns them into the directions
# that the product prefers, but until then they do not grow at the right rate. The weight of the
# start decays like :math:`e^{-g t}`, where the *gap* :math:`g` is the difference between two
# successive exponents. A small gap means a long memory.
#
# The matrices here are
#
# .. math:: \begin{pmatrix} E - V & -1 \\ 1 & 0 \end{pmatrix}
#
# with a fixed number :math:`E` and a random one :math:`V`. They carry a quantum wave through a
# disordered chain, and their two exponents, :math:`\pm\gamma`, are close to each other.

import matplotlib.pyplot as plt
import numpy as np

import stabsim

chain = stabsim.AndersonTransfer(1.9, 0.1, distribution="cauchy")
exact = stabsim.theory.lloyd_exponent(1.9, 0.1)

record = np.unique(np.geomspace(1, 1000, 40).astype(int))
cold = stabsim.lyapunov_spectrum(chain, steps=1000, warmup=0, trials=4000, record=record, rng=1)
warm = stabsim.lyapunov_spectrum(chain, steps=1000, trials=4000, record=record, rng=2)
print(f"warm-up chosen: {warm.warmup} factors, from a gap of about {warm.gap:.2f}")

figure, axes = plt.subplots()
for result, color, style, label in (
    (cold, "#D55E00", "--", "counted from the start"),
    (warm, "#0072B2", "-", f"after a warm-up of {warm.warmup}"),
):
    error = 2 * result.history_standard_error[:, 0]
    middle = result.history[:, 0]
    axes.fill_between(record, middle - error, middle + error, color=color, alpha=0.25)
    axes.plot(record, middle, color=color, linestyle=style, label=label)
axes.axhline(exact, color="black", linewidth=1, label="exact")
axes.set(xscale="log", xlabel="factors averaged over", ylabel=r"estimate of $\gamma$")
axes.legend()
figure.suptitle("Without a warm-up, short averages are far off")
plt.show()

# %%
# The bands are two standard errors of the mean over 4000 independent products. An average that
# includes the start is off by an amount that decays only like one over the number of factors:
# far more than its error bar says.
#
# Let copies disagree
# -------------------
#
# Independent products, called *chains*, differ by chance alone, so their scatter is the
# uncertainty. A 95 % interval from it should hold the true value in 95 of 100 experiments. That
# can be checked, because the true value is known here: the exact result is that of the *Lloyd
# model* :cite:p:`Lloyd1969`. Each of 1000 experiments below runs 16 chains of its own.

experiments, chains, steps = 1000, 16, 200
everything = stabsim.lyapunov_spectrum(
    chain, steps=steps, trials=experiments * chains, warmup=warm.warmup, rng=3
)
rates = everything.log_growth[:, -1, 0].reshape(experiments, chains) / steps
middle, error = rates.mean(axis=1), rates.std(axis=1, ddof=1) / np.sqrt(chains)
student = 2.131  # the 97.5 % point of Student's distribution with 15 degrees of freedom
holds = np.abs(middle - exact) < student * error
coverage = holds.mean()
coverage_error = np.sqrt(0.95 * 0.05 / experiments)
print(f"{coverage:.1%} of the 95 % intervals hold the exact value, ± {coverage_error:.1%} expected")

figure, axes = plt.subplots()
first = np.arange(60)
for inside, color, style, label in (
    (True, "#0072B2", "o", "holds the exact value"),
    (False, "#D55E00", "s", "misses it"),
):
    chosen = first[holds[:60] == inside]
    axes.errorbar(
        chosen, middle[chosen], student * error[chosen], fmt=style, color=color, markersize=4,
        label=label,
    )  # fmt: skip
axes.axhline(exact, color="black", linewidth=1)
axes.set(xlabel="experiment", ylabel=r"estimate of $\gamma$, 95 % interval")
axes.legend()
figure.suptitle("One in twenty of the 95 % intervals misses")
plt.show()

# %%
# Stop at an error
# ----------------
#
# The standard error falls like one over the square root of the steps: ten times the precision
# costs a hundred times the time. Ask for a precision, and stabsim runs until it is reached.

precise = stabsim.lyapunov_spectrum(chain, steps=1_000_000, k=1, precision=2e-4, rng=4)
print(precise)

# %%
# The running estimate narrows around the exact value.

axes = precise.plot_convergence()
axes.figure.suptitle("The estimate settles on the exact value")
plt.show()

# %%
# If the steps that were allowed are not enough, stabsim says so and gives what it has. Next:
# :ref:`a constant that took a computer-assisted proof
# <sphx_glr_gallery_physics_plot_3_viswanath.py>`.

z = (precise.exponents[0] - exact) / precise.standard_error[0]
bias = cold.history[np.searchsorted(record, 10), 0] / exact - 1
print(
    f"Counting from the start puts a ten-step average off by {bias:+.0%}. {coverage:.1%} of 1000 "
    f"intervals of nominally 95 % held the exact value. Asked for ± 0.0002, the simulation stopped "
    f"after {precise.steps} of 1 000 000 steps at {precise.exponents[0]:.5f} ± "
    f"{precise.standard_error[0]:.5f}, exactly {exact:.5f} (z = {z:+.1f})."
)
