r"""
When is a simulation long enough?
=================================

A growth rate is a limit, and a simulation is finite. How long must it run, and how much of the
answer may one believe? Four habits turn a running average into a measurement: forget the start, let
independent copies disagree, stop at an error, not at a number of steps, and doubt the result.

**What this assumes.** The factors of a product :math:`A_t \cdots A_1` are independent random
matrices with the same law. Vectors grow under it like :math:`e^{\lambda_i t}`, each in a direction
of its own, with the *Lyapunov exponents* :math:`\lambda_1 \ge \lambda_2 \ge \dots` that
:ref:`the page before <sphx_glr_gallery_physics_plot_1_spectrum.py>` shows. A *standard error* is
the standard deviation of an estimate over repetitions of the whole experiment.
"""

# %%
# Forget the start
# ----------------
#
# A simulation begins with vectors that point anywhere. Growth soon turns them into the directions
# that the product prefers, but until then they do not grow at the right rate. The weight of the
# start decays like :math:`e^{-g t}` with the number :math:`t` of factors, where the *gap* :math:`g`
# is the difference between two successive exponents. A small gap means a long memory.
#
# The matrices here are
#
# .. math:: A_t = \begin{pmatrix} E - V_t & -1 \\ 1 & 0 \end{pmatrix}
#
# with the fixed number :math:`E = 1.9` and independent random numbers :math:`V_t` of Cauchy's law
# with the half-width 0.1. They carry a quantum wave through a disordered chain. They keep areas, so
# that their two exponents are :math:`\pm\gamma`, and these are close to each other.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import t as students_t

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
# model* :cite:p:`Lloyd1969`. Each of 1000 experiments below runs 16 chains of its own. With so few,
# the scatter is itself uncertain, and Student's distribution says how far the interval must reach:
# 2.13 standard errors instead of 1.96.

experiments, chains, steps = 1000, 16, 200
everything = stabsim.lyapunov_spectrum(
    chain, steps=steps, trials=experiments * chains, warmup=warm.warmup, rng=3
)
rates = everything.log_growth[:, -1, 0].reshape(experiments, chains) / steps
middle, error = rates.mean(axis=1), rates.std(axis=1, ddof=1) / np.sqrt(chains)
student = students_t.ppf(0.975, chains - 1)
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
axes.set(xlabel="experiment", ylabel=r"estimate of $\gamma$, 95 % interval", ylim=(0.09, 0.22))
axes.legend(loc="upper center", ncols=2)
figure.suptitle("One in twenty of the 95 % intervals misses")
plt.show()

# %%
# Stop at an error
# ----------------
#
# The standard error falls like one over the square root of the steps: ten times the precision
# costs a hundred times the time. Ask for a precision, and stabsim runs until it is reached.

target = stabsim.StandardError(2e-4)
precise = stabsim.lyapunov_spectrum(chain, steps=1_000_000, k=1, precision=target, rng=4)
print(precise)

# %%
# The running estimate narrows around the exact value.

axes = precise.plot_convergence()
axes.figure.suptitle("The estimate settles on the exact value")
plt.show()

# %%
# If the steps that were allowed are not enough, stabsim says so and gives what it has.
#
# Doubt the result
# ----------------
#
# An error bar may be wrong, too: when the start has been counted, when a few products carry all of
# the estimate, or when copies are not independent. Each leaves its traces, and ``check`` looks for
# them. Here it is asked about the run above, and about a short one that counts its start.

hasty = stabsim.lyapunov_spectrum(
    chain, steps=30, warmup=0, trials=4000, record=[10, 20, 30], rng=7
)
for name, result in (("precise", precise), ("hasty", hasty)):
    checks = result.check()
    print(f"{name}: {checks.verdict}")
    for check in checks:
        if check.verdict in {"doubtful", "fails"}:
            print(f"    {check.name}: {check.text}")

# %%
# What has passed is worth keeping. A file holds all of a result, and gives it back as it was.

with tempfile.TemporaryDirectory() as folder:
    precise.save(Path(folder, "chain.npz"))
    kept = stabsim.load(Path(folder, "chain.npz"))
print(f"from the file: {kept.exponents[0]:.5f} ± {kept.standard_error[0]:.5f}")

# %%
# The conclusion, in numbers.

z = (precise.exponents[0] - exact) / precise.standard_error[0]
bias = cold.history[np.searchsorted(record, 10), 0] / exact - 1
print(
    f"Counting from the start puts a ten-step average off by {bias:+.0%}. {coverage:.1%} of 1000 "
    f"intervals of nominally 95 % held the exact value. Asked for ± 0.0002, the simulation stopped "
    f"after {precise.steps} of 1 000 000 steps at {precise.exponents[0]:.5f} ± "
    f"{precise.standard_error[0]:.5f}, exactly {exact:.5f} (z = {z:+.1f})."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** The start adds a constant :math:`c` to the logarithm of the growth, so an average
# over :math:`T` factors that includes it is off by :math:`c/T`. How large is :math:`c` here? A run
# of :math:`N` chains has the standard error :math:`s/\sqrt{NT}`, where :math:`s^2` is the variance
# per factor: which :math:`T` makes the bias as small as that, for 64 chains and for 4000?
#
# **Answer.** Setting :math:`c/T = s/\sqrt{NT}` gives :math:`T = N c^2/s^2`. More chains shrink the
# error and leave the bias as it was: the more chains, the longer each must be, or the more a
# warm-up is worth.

settled = np.searchsorted(record, 50)
constant = record[settled] * (cold.history[settled, 0] - exact)
its_error = record[settled] * cold.history_standard_error[settled, 0]
per_factor = warm.covariance[0, 0]
print(f"c = {constant:.2f} ± {its_error:.2f}, s = {np.sqrt(per_factor):.2f}")
for many in (64, 4000):
    print(f"{many} chains: bias and error are equal at T = {many * constant**2 / per_factor:.0f}")

# %%
# **Exercise 2.** There is time for 100 000 factors that count. Is it better spent on one long chain
# or on many short ones?
#
# **Answer.** The standard error is the same, since it depends on the number of factors in all. A
# single chain costs one warm-up, but its error must come from its own successive batches, which is
# honest only where these are much longer than the memory. Many chains tell their error without any
# assumption, and can run at the same time (though sixteen know it to a fifth or so); but each pays
# for its own warm-up, the last column.

for many in (1, 16, 250, 4000):
    shared = stabsim.lyapunov_spectrum(
        chain, steps=100_000 // many, trials=many, warmup=warm.warmup, k=1, rng=5
    )
    estimate, error = shared.exponents[0], shared.standard_error[0]
    paid = warm.warmup / (warm.warmup + shared.steps)
    print(
        f"{many:>4} chains: {estimate:.4f} ± {error:.4f} (z = {(estimate - exact) / error:+.1f}), "
        f"{paid:.1%} of the work is warm-up"
    )

# %%
# **Exercise 3.** Before a long run, predict how long it has to be: how many steps of 64 chains does
# the standard error 0.0004 need, and how many does 0.0002?
#
# **Answer.** A short run knows :math:`s`, and the error is :math:`s/\sqrt{NT}`, so
# :math:`T = s^2/(N \cdot 0.0004^2)`; half the error takes four times the steps. stabsim works like
# that, in rounds. It takes somewhat more: it adds a tenth for safety, and it cannot know :math:`s`
# better than 64 chains tell, to a tenth or so.

for precision in (4e-4, 2e-4):
    predicted = per_factor / (64 * precision**2)
    taken = stabsim.lyapunov_spectrum(chain, steps=1_000_000, k=1, precision=precision, rng=6).steps
    print(f"± {precision}: {predicted:.0f} steps predicted, {taken} taken")

# %%
# Read on
# -------
#
# Next comes :ref:`a constant that took a computer-assisted proof
# <sphx_glr_gallery_physics_plot_3_viswanath.py>`; the matrices of this page return as
# :ref:`electrons in a disordered chain <sphx_glr_gallery_physics_plot_4_anderson.py>`. How the
# errors are found is told by :doc:`the theory of spectra </spectra_theory>`; the options are those
# of :func:`stabsim.lyapunov_spectrum`, and a result is a :class:`stabsim.LyapunovSpectrum`. More on
# files and checks is on the page on :doc:`long runs </scale>`.
