r"""
How does weak disorder localize an electron?
============================================

An electron on a perfect chain of atoms is a wave that runs through. Philip Anderson found in 1958
that disorder can stop it: the wave is then *localized*, it decays exponentially away from some
place :cite:p:`Anderson1958`. On a chain any disorder does so, however weak. But how far does the
wave reach?

**What this assumes.** No quantum mechanics beyond one equation, written below. Lengths are counted
in atoms, and energies in units of the *hopping*, the strength with which an electron passes from
one atom to the next. A *Lyapunov exponent*, here :math:`\gamma`, is the growth rate of the
logarithm of a vector's length under a product of random matrices, as on :ref:`the page on spectra
<sphx_glr_gallery_physics_plot_1_spectrum.py>`.
"""

# %%
# A chain is a product of matrices
# --------------------------------
#
# The wave :math:`\psi_t` at atom :math:`t` obeys Schrödinger's equation,
# :math:`\psi_{t+1} + \psi_{t-1} + V_t \psi_t = E \psi_t`, at the energy :math:`E`. The numbers
# :math:`V_t` are the disorder: independent, uniform between :math:`-W/2` and :math:`W/2`. So
#
# .. math:: \begin{pmatrix} \psi_{t+1} \\ \psi_t \end{pmatrix} =
#    \begin{pmatrix} E - V_t & -1 \\ 1 & 0 \end{pmatrix}
#    \begin{pmatrix} \psi_t \\ \psi_{t-1} \end{pmatrix} ,
#
# a product of random matrices, :class:`stabsim.AndersonTransfer`. A solution that starts at one end
# grows like :math:`e^{\gamma t}`, and a localized wave decays at the same rate: the *localization
# length* is :math:`1/\gamma`. Three chains with the disorder :math:`W = 1`:

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import theory

steps = np.arange(1, 4001, 10)
growth = stabsim.matrix_product_growth(
    stabsim.AndersonTransfer(1.0, 1.0), 4000, trials=3, norm="vector", record=steps[1:], rng=1
)
born = theory.anderson_weak_disorder_exponent(1.0, 1.0)

figure, axes = plt.subplots()
for path, style in zip(growth.log_norm, ("-", "--", "-."), strict=True):
    axes.plot(growth.depths, path, style, linewidth=1.2)
axes.plot(steps, born * steps, color="black", label=r"$\gamma t$ with $\gamma = W^2/(96 - 24E^2)$")
axes.set(xlabel="atom t", ylabel=r"$\ln |(\psi_{t+1}, \psi_t)|$")
axes.legend()
figure.suptitle("Waves on three chains grow at one rate")
plt.show()

# %%
# Inside the band
# ---------------
#
# Without disorder, waves exist at energies between -2 and 2, the *band*. Weak disorder scatters
# them, and to the lowest order, Born's approximation, :math:`\gamma = W^2/(96 - 24E^2)`
# :cite:p:`Thouless1979` (:func:`stabsim.theory.anderson_weak_disorder_exponent`). It must fail at
# the edge of the band, :math:`E = 2`, where it is infinite. There another limit holds, in which
# :math:`\gamma` is of the order :math:`W^{2/3}`
# (:func:`stabsim.theory.anderson_band_edge_exponent`).
#
# An estimate takes many long chains. The growth from atom 1000 on leaves out what the start adds.


rng = np.random.default_rng(1)


def exponent(energy, disorder, depth, trials, distribution="uniform"):
    """Return an estimate of the exponent and its standard error."""
    chain = stabsim.AndersonTransfer(energy, disorder, distribution=distribution)
    result = stabsim.matrix_product_growth(
        chain, depth, trials=trials, norm="vector", record=[1000, depth], rng=rng
    )
    rates = np.diff(result.log_norm, axis=1)[:, 0] / (depth - 1000)
    return rates.mean(), rates.std(ddof=1) / np.sqrt(trials)


energies = np.array([0.0, 0.4, 0.8, 1.2, 1.6, 1.8, 1.9, 1.97, 2.05, 2.1])
estimates, errors = np.transpose([exponent(E, 1.0, 20_000, 300) for E in energies])
inside, edge = np.linspace(0.0, 1.97, 200), np.linspace(1.7, 2.1, 100)

figure, axes = plt.subplots()
axes.semilogy(
    inside,
    [theory.anderson_weak_disorder_exponent(E, 1.0) for E in inside],
    label="Born's approximation",
)
axes.semilogy(
    edge, [theory.anderson_band_edge_exponent(E, 1.0) for E in edge], label="limit at the band edge"
)
axes.errorbar(energies, estimates, 2 * errors, fmt="o", color="black", label="simulated, ±2 s.e.")
axes.set(xlabel="energy E", ylabel=r"exponent $\gamma$")
axes.legend()
figure.suptitle("Born's approximation fails at the band edge")
plt.show()

# %%
# The anomaly at the centre
# -------------------------
#
# Born's value at :math:`E = 0` is :math:`W^2/96`. Kappus and Wegner found that it is wrong
# :cite:p:`KappusWegner1981`: exactly there two steps of the chain turn the wave by half a turn,
# the small kicks of the disorder add up in step with it, and the direction of the wave is no
# longer uniformly distributed. The true limit :cite:p:`Derrida1984` is
#
# .. math:: \gamma = \frac{W^2}{12} \left[\frac{\Gamma(3/4)}{\Gamma(1/4)}\right]^2
#    = \frac{W^2}{105.045} .
#
# The weaker the disorder, the narrower the window: :math:`W^2/\gamma` depends on
# :math:`E/W^2` alone, and falls to Born's 96 a little away from the centre
# (:func:`stabsim.theory.anderson_band_centre_exponent`). All this is the limit of weak disorder; at
# :math:`W = 0.5` it is off by a few parts in a thousand, less than the bars show.

weak, depth, trials = 0.5, 60_000, 500
windows = np.array([0.0, 0.05, 0.1, 0.2, 0.4])
centre = np.array([exponent(x * weak**2, weak, depth, trials) for x in windows])
curve = np.linspace(0.0, 0.45, 200)
limit = [theory.anderson_band_centre_exponent(x * weak**2, weak) for x in curve]

figure, axes = plt.subplots()
axes.plot(curve, weak**2 / np.array(limit), label="limit of weak disorder")
axes.axhline(96.0, color="#D55E00", linestyle="--", label="Born's approximation")
axes.errorbar(
    windows,
    weak**2 / centre[:, 0],
    2 * weak**2 * centre[:, 1] / centre[:, 0] ** 2,
    fmt="o",
    color="black",
    label="simulated at W = 0.5, ±2 s.e.",
)
axes.set(xlabel=r"$E / W^2$", ylabel=r"$W^2 / \gamma$")
axes.legend()
figure.suptitle("At the centre waves reach further")
plt.show()

# %%
# An exact curve
# --------------
#
# One law of the disorder can be solved at any strength: Cauchy's, with tails so heavy that it has
# no variance, and Born's approximation nothing to start from. Half of its :math:`V_t` are between
# :math:`-W` and :math:`W`, so that here :math:`W` is the half-width. Lloyd's formula
# :cite:p:`Lloyd1969` is
#
# .. math:: 4 \cosh\gamma = \sqrt{(2 + E)^2 + W^2} + \sqrt{(2 - E)^2 + W^2} .

grid, lloyd_energies = np.linspace(0.0, 4.0, 200), np.linspace(0.0, 4.0, 9)
largest_z = 0.0
figure, axes = plt.subplots()
for disorder, color, marker in (
    (0.1, "#0072B2", "o"),
    (0.5, "#D55E00", "s"),
    (2.0, "#009E73", "^"),
):
    axes.plot(grid, [theory.lloyd_exponent(E, disorder) for E in grid], color=color, linestyle="-")
    points = np.array([exponent(E, disorder, 5000, 300, "cauchy") for E in lloyd_energies])
    axes.plot(lloyd_energies, points[:, 0], marker, color=color, label=f"W = {disorder}")
    exact = np.array([theory.lloyd_exponent(E, disorder) for E in lloyd_energies])
    largest_z = max(largest_z, abs((points[:, 0] - exact) / points[:, 1]).max())
axes.set(xlabel="energy E", ylabel=r"exponent $\gamma$")
axes.legend(title="Cauchy disorder")
figure.suptitle("Simulated exponents lie on Lloyd's exact ones")
plt.show()

print(f"27 simulated exponents: the farthest is {largest_z:.1f} standard errors off Lloyd's curve")

# %%
# So weak disorder localizes a wave at the centre of the band over :math:`105/W^2` atoms, a tenth
# more than Born's approximation says.

estimate, error = centre[0]
born = theory.anderson_weak_disorder_exponent(0.0, weak)
anomaly = theory.anderson_band_centre_exponent(0.0, weak)
print(
    f"At E = 0 and W = {weak} the exponent is W²/({weak**2 / estimate:.2f} ± "
    f"{weak**2 * error / estimate**2:.2f}): {(born - estimate) / error:.0f} standard errors below "
    f"Born's W²/96, {abs(estimate - anomaly) / error:.1f} from the anomaly, "
    f"W²/{weak**2 / anomaly:.3f}."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Logarithms of waves scatter. Measure the variance of :math:`\ln\lvert\psi\rvert`
# that a chain gains per atom, at :math:`E = 0.6` and :math:`W = 1`, and compare it with
# :math:`\gamma`. Compare a quarter of :math:`L(2)`, too, the growth rate of the mean square.
#
# **Answer.** All three are nearly equal. With weak disorder :math:`\ln\lvert\psi\rvert` does a
# random walk of many small steps, so that :math:`L(q)`, the growth rate of the mean of
# :math:`\lvert\psi\rvert^q`, is quadratic in :math:`q`. It is 0 at :math:`q = 0`, and at
# :math:`q = -2`, because the matrices keep areas. Its slope at 0 is :math:`\gamma`, hence
# :math:`L(q) = \gamma q (q + 2)/2`: the variance, its curvature, is :math:`\gamma`, and
# :math:`L(2) = 4\gamma`. One number tells everything about long chains. The mean square is known
# exactly (:func:`stabsim.theory.moment_exponents`).

chain = stabsim.AndersonTransfer(0.6, 1.0)
walks = stabsim.matrix_product_growth(
    chain, 11_000, trials=4000, norm="vector", record=[1000, 11_000], rng=2
)
gains = np.diff(walks.log_norm, axis=1)[:, 0]
rate, variance = gains.mean() / 10_000, gains.var(ddof=1) / 10_000
quarter = theory.moment_exponents(chain, [2.0])[0] / 4
print(f"exponent         {rate:.5f} ± {np.sqrt(variance / 4e7):.5f}")
print(f"variance         {variance:.5f} ± {variance * np.sqrt(2 / 4000):.5f}")
print(f"quarter of L(2)  {quarter:.5f}, exactly")

# %%
# **Exercise 2.** Does the shape of the disorder matter, or only its variance? Compare the uniform
# law with a Gaussian of the same variance :math:`W^2/12`, at :math:`E = 1`.
#
# **Answer.** As long as it is weak, only the variance counts. Under strong disorder a wave grows by
# about :math:`\lvert E - V_t\rvert` at every atom, so that :math:`\gamma` is near the mean of its
# logarithm, which depends on the whole law. Born's approximation is far off then.

for disorder in (1.0, 20.0):
    same = disorder / np.sqrt(12.0)
    (flat, flat_error), (bell, bell_error) = (
        exponent(1.0, strength, 10_000, 300, law)
        for strength, law in ((disorder, "uniform"), (same, "gaussian"))
    )
    print(
        f"W = {disorder:g}: uniform {flat:.5f} ± {flat_error:.5f}, Gaussian {bell:.5f} ± "
        f"{bell_error:.5f}, Born {theory.anderson_weak_disorder_exponent(1.0, disorder):.5f}"
    )

# %%
# **Exercise 3.** Halve weak disorder. By which factor does the localization length grow inside the
# band, and by which at its edge?
#
# **Answer.** Inside, :math:`\gamma` is of the order :math:`W^2`: the length becomes 4 times as
# large. At :math:`E = 2` it is of the order :math:`W^{2/3}`, so that the factor is only
# :math:`2^{2/3} = 1.59`.

for energy in (1.0, 2.0):
    (strong, strong_error), (weak_half, weak_error) = (
        exponent(energy, disorder, 20_000, 300) for disorder in (0.6, 0.3)
    )
    ratio = strong / weak_half
    relative = np.hypot(strong_error / strong, weak_error / weak_half)
    print(f"E = {energy:g}: length times {ratio:.3f} ± {ratio * relative:.3f}")

# %%
# Read on
# -------
#
# A wave with more room, :ref:`in a strip or a bar <sphx_glr_gallery_physics_plot_5_strip.py>`, is
# the next page. :ref:`When is a simulation long enough?
# <sphx_glr_gallery_physics_plot_2_convergence.py>` looks at the errors of such exponents.
# :class:`stabsim.AndersonTransfer` has the options of the chain,
# :func:`stabsim.localization_length` estimates its length in one call, and :doc:`the theory of
# products </theory>` collects the exact values.
