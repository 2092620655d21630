r"""
What is the free energy of a disordered magnet?
===============================================

All that a magnet does in thermal equilibrium follows from one function, its free energy. In a
disordered magnet every atom feels a field of its own, and the free energy is hard to compute: one
has to average a logarithm. In one dimension it is the growth rate of a product of random matrices.
What is it, and how good are the two classical ways around the logarithm?

**What this assumes.** Each atom :math:`i` of a chain has a *spin* :math:`s_i`, which is 1 or -1. A
state has the energy :math:`H = -\sum_i s_i s_{i+1} - \sum_i h_i s_i`: neighbours like to agree, and
each spin likes to follow its field :math:`h_i`. That is :math:`h` or :math:`-h`, by the toss of a
fair coin for each atom, made once and for all. At the temperature :math:`T = 1/\beta`, in units of
the coupling of two neighbours, a state has a probability in proportion to :math:`e^{-\beta H}`. The
*partition function* :math:`Z` is the sum of these weights over all states, and
:math:`f = -\tfrac{T}{N} \ln Z` is the *free energy* per atom of a long chain of :math:`N` atoms.
"""

# %%
# The sum over all states is a product
# ------------------------------------
#
# A chain of :math:`N` atoms has :math:`2^N` states. Instead of adding them up, note that each
# weight is a product of one number for each atom, which depends on its spin and on the next one.
# Sums of such products are products of matrices: with
#
# .. math:: A_i = \begin{pmatrix} e^{\beta(1 + h_i)} & e^{\beta(-1 + h_i)} \\
#    e^{\beta(-1 - h_i)} & e^{\beta(1 - h_i)} \end{pmatrix}
#
# a closed ring has :math:`Z = \operatorname{tr}(A_1 A_2 \cdots A_N)`. A ring of 12 atoms can be
# summed in both ways:

from itertools import product

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import theory


def transfer(beta, field):
    """Return the matrix of an atom in a field."""
    spins = np.array([1.0, -1.0])
    return np.exp(beta * (np.outer(spins, spins) + field * spins[:, None]))


rng = np.random.default_rng(1)
fields = rng.choice([1.0, -1.0], size=12)
states = np.array(list(product([1, -1], repeat=12)))
energies = -(states * np.roll(states, -1, axis=1)).sum(axis=1) - states @ fields
summed = np.exp(-energies).sum()
multiplied = np.trace(np.linalg.multi_dot([transfer(1.0, field) for field in fields]))
print(f"4096 states: Z = {summed:.6f}; 12 matrices: Z = {multiplied:.6f}")

# %%
# The free energy
# ---------------
#
# The fields are random, so the matrices are, and a long product of them grows at a rate that does
# not depend on the coins: its largest *Lyapunov exponent* :math:`\lambda_1`. So all long chains
# have the same free energy per atom, :math:`f = -T \lambda_1`. The exponent is known exactly where
# there is no field: all matrices are the same then, with the largest eigenvalue
# :math:`2 \cosh\beta`.


def magnet(beta, field):
    """Return the ensemble of the atoms' matrices."""
    return stabsim.FiniteSet([transfer(beta, field), transfer(beta, -field)])


temperatures = np.linspace(0.25, 3.0, 12)
figure, axes = plt.subplots()
largest_error = 0.0
for field, color, marker in ((0.0, "#0072B2", "o"), (1.0, "#D55E00", "s"), (2.0, "#009E73", "^")):
    free_energies = []
    for temperature in temperatures:
        result = stabsim.lyapunov_spectrum(
            magnet(1 / temperature, field), steps=4000, trials=32, k=1, rng=rng
        )
        free_energies.append(-temperature * result.exponents[0])
        largest_error = max(largest_error, temperature * result.standard_error[0])
    axes.plot(temperatures, free_energies, marker, color=color, label=f"h = {field:g}, simulated")
    annealed = -temperatures * np.log(2 * np.cosh(1 / temperatures) * np.cosh(field / temperatures))
    axes.plot(temperatures, annealed, "--" if field else "-", color=color)
axes.plot([], [], "-", color="#0072B2", label="h = 0, exact")
axes.plot([], [], "--", color="black", label="average of Z")
axes.set(xlabel="temperature T", ylabel="free energy per atom f", ylim=(-4.2, -0.7))
axes.legend(loc="lower left", ncols=2)
figure.suptitle("Averaging before the logarithm errs in the cold")
plt.show()
print(f"standard errors are at most {largest_error:.4f}")

# %%
# The markers are simulated, with errors smaller than they are. The dashed lines take the easy way:
# they average :math:`Z` in place of :math:`\ln Z`, as if the fields could move like the spins
# (physicists call such a disorder *annealed*, and the real one *quenched*). Independent matrices
# have the product of their averages as their average, so that
# :math:`\tfrac1N \ln \mathbb{E} Z \to L(1) = \ln(2 \cosh\beta \cosh\beta h)`. In the heat that is
# good. In the cold it is far too low: the average is made by rare chains in which nearly all fields
# point the same way.
#
# Replicas
# --------
#
# The second way: the average of :math:`Z^n` is as easy for every whole number :math:`n`, since
# :math:`Z^n` is the partition function of :math:`n` copies of the same chain, *replicas*. Its
# growth rate :math:`L(n)` is the logarithm of the largest eigenvalue of a fixed matrix
# (:func:`stabsim.theory.moment_exponents`). And :math:`L(n)/n` tends to :math:`\lambda_1` as
# :math:`n \to 0`: the mean of the logarithm is found from moments, if only one could go from
# :math:`1, 2, 3, \dots` to 0 :cite:p:`Bouchaud1986`. A population of products
# (:func:`stabsim.generalized_lyapunov`) shows the way in between.

beta = 1.0
disordered = magnet(beta, 1.0)
whole = np.arange(1.0, 7.0)
exact = theory.moment_exponents(disordered, whole)
between = [-1.0, -0.5, 0.25, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
moments = stabsim.generalized_lyapunov(
    disordered, between, steps=500, walkers=400, trials=16, rng=1
)
quenched = stabsim.lyapunov_spectrum(disordered, steps=100_000, trials=64, k=1, rng=2)
rate, error = quenched.exponents[0], quenched.standard_error[0]

figure, axes = plt.subplots()
axes.plot(whole, exact / whole, "o", color="#0072B2", label="whole n, exact")
axes.plot(between, moments.values / between, "x", color="#D55E00", label="between, simulated")
axes.plot(0.0, rate, "D", color="#009E73", label=r"$\lambda_1$, simulated")
axes.set(xlabel="number of replicas n", ylabel="L(n) / n")
axes.legend()
figure.suptitle("Replicas lead to the free energy as n goes to 0")
plt.show()

# %%
# A polynomial through the exact values at :math:`n = 0, 1, \dots, k`, where :math:`L(0) = 0`, has a
# slope at 0 that guesses :math:`\lambda_1`. In the heat three replicas are enough. In the cold the
# guesses wander, and more replicas do not help.


def replica_guess(exponents):
    """Return the slope at 0 of the polynomial through the moments' exponents."""
    orders = np.arange(len(exponents) + 1.0)
    return np.polynomial.Polynomial.fit(orders, [0.0, *exponents], len(exponents)).deriv()(0.0)


warm = magnet(0.5, 1.0)
warm_result = stabsim.lyapunov_spectrum(warm, steps=100_000, trials=64, k=1, rng=3)
warm_rate, warm_error = warm_result.exponents[0], warm_result.standard_error[0]
replicas = (1, 2, 3, 4, 6, 8, 12)
warm_guesses, guesses = (
    {k: replica_guess(theory.moment_exponents(chain, np.arange(1.0, k + 1.0))) for k in replicas}
    for chain in (warm, disordered)
)
print(f"{'replicas':<10}{'too large by, T = 2':>22}{'T = 1':>12}")
for k in replicas:
    print(f"{k:<10}{warm_guesses[k] - warm_rate:>+22.5f}{guesses[k] - rate:>+12.5f}")
print(f"{'s.e.':<10}{warm_error:>22.5f}{error:>12.5f}")

# %%
# One replica is the average of :math:`Z`. In the cold the logarithm has to be averaged as it is,
# which is what the simulation does.

print(
    f"At T = 1 and h = 1 the free energy per atom is {-rate:.4f} ± {error:.4f}; the average of Z "
    f"says {-guesses[1]:.4f}, and three replicas, extrapolated to none, say {-guesses[3]:.4f}. At "
    f"T = 2 it is {-2 * warm_rate:.4f} ± {2 * warm_error:.4f}, and the two say "
    f"{-2 * warm_guesses[1]:.4f} and {-2 * warm_guesses[3]:.4f}."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Take away the fields, and make the *couplings* of neighbours 1 or -1 by coins (a
# *spin glass*): :math:`H = -\sum_i J_i s_i s_{i+1}`. What is the free energy?
#
# **Answer.** That of the ordered chain, to the last digit. The two matrices commute, with the
# common eigenvectors :math:`(1, 1)` and :math:`(1, -1)`, and both stretch the first one by
# :math:`2 \cosh\beta`. (Turning over every spin that a negative coupling asks to be turned makes
# one chain of the other.) A spin glass needs loops, and so more than one dimension.

glass = stabsim.FiniteSet([np.exp(beta * J * np.array([[1, -1], [-1, 1]])) for J in (1.0, -1.0)])
known = theory.lyapunov_spectrum(glass).exponents[0]
grown = stabsim.lyapunov_spectrum(glass, steps=1000, trials=16, k=1, rng=3).exponents[0]
print(f"ln(2 cosh β) = {np.log(2 * np.cosh(beta)):.6f}, exact {known:.6f}, simulated {grown:.6f}")

# %%
# **Exercise 2.** The *entropy* per atom, the logarithm of how many states count, is
# :math:`S = \lambda_1 - \beta\,d\lambda_1/d\beta`. Compute it for :math:`h = 1` at the temperatures
# 2, 1, 0.5 and 0.25, and from :math:`L(1)` in place of :math:`\lambda_1`, too.
#
# **Answer.** A difference of two estimates is much more certain when both meet the same coins, that
# is, the same seed: then the errors cancel. The true entropy stays positive, and that of the
# average of :math:`Z` becomes negative and tends to :math:`-\ln 2`. No set of states has less than
# one member: in the cold the average of :math:`Z` describes nothing.


def entropy(exponent, beta, width=0.01):
    """Return the entropy from an exponent as a function of beta."""
    slope = (exponent(beta + width) - exponent(beta - width)) / (2 * width)
    return exponent(beta) - beta * slope


def quenched_exponent(beta):
    """Return an estimate from the same coins at every temperature."""
    return stabsim.lyapunov_spectrum(
        magnet(beta, 1.0), steps=20_000, trials=32, k=1, warmup=100, interval=1, rng=4
    ).exponents[0]


def annealed_exponent(beta):
    return theory.moment_exponents(magnet(beta, 1.0), [1.0])[0]


for temperature in (2.0, 1.0, 0.5, 0.25):
    print(
        f"T = {temperature}: S = {entropy(quenched_exponent, 1 / temperature):.4f}, from the "
        f"average of Z {entropy(annealed_exponent, 1 / temperature):+.4f}"
    )

# %%
# **Exercise 3.** What remains at :math:`T = 0`? Find the least energy per atom of a long chain for
# :math:`h = 1` and :math:`h = 3`, without matrices.
#
# **Answer.** Let :math:`u` and :math:`d` be the least energies of the atoms so far, with the last
# spin up or down. The next atom chooses the better of two: :math:`u' = \min(u - 1, d + 1) - h_i`,
# :math:`d' = \min(u + 1, d - 1) + h_i`. That is the product of matrices again, with minima as sums
# and sums as products. A field above 2 wins against both neighbours, so that every spin follows its
# own and neighbours agree half of the time: the energy is :math:`-h`.

for field in (1.0, 3.0):
    up, down = np.zeros(1000), np.zeros(1000)
    for _ in range(2000):
        own = rng.choice([field, -field], size=1000)
        up, down = np.minimum(up - 1, down + 1) - own, np.minimum(up + 1, down - 1) + own
    ground = np.minimum(up, down) / 2000
    cold = stabsim.lyapunov_spectrum(magnet(20.0, field), steps=20_000, trials=32, k=1, rng=5)
    print(
        f"h = {field:g}: least energy {ground.mean():.4f} ± {ground.std() / np.sqrt(1000):.4f}, "
        f"free energy at T = 0.05 {-cold.exponents[0] / 20:.4f} ± {cold.standard_error[0] / 20:.4f}"
    )

# %%
# Read on
# -------
#
# Moments and typical values of products are the subject of :ref:`why the average product is so
# unlike a typical one <sphx_glr_gallery_physics_plot_6_moment_exponents.py>`; :ref:`another
# disorder <sphx_glr_gallery_physics_plot_4_anderson.py>` stops waves. :class:`stabsim.FiniteSet`
# takes any set of matrices, :func:`stabsim.generalized_lyapunov` estimates moments where
# :func:`stabsim.theory.moment_exponents` has no formula, and :doc:`the theory of spectra
# </spectra_theory>` tells how.
