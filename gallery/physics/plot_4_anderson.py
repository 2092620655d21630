r"""
How does weak disorder localize an electron?
============================================

An electron on a perfect chain of atoms is a wave that runs through. Philip Anderson found in 1958
that disorder can stop it: the wave is then *localized*, it decays exponentially away from some
place :cite:p:`Anderson1958`. On a chain any disorder does so, however weak. But how far does the
wave reach?

**What this assumes.** You have seen :ref:`Lyapunov exponents
<sphx_glr_gallery_physics_plot_1_spectrum.py>`. Energies are in units of the hopping from one atom
to the next, lengths in atoms.
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
# :cite:p:`Thouless1979`. It must fail at the edge of the band, :math:`E = 2`, where it is infinite.
# There another limit holds, in which :math:`\gamma` is of the order :math:`W^{2/3}`
# (:func:`stabsim.theory.anderson_band_edge_exponent`).
#
# An estimate takes many long chains. The growth from atom 1000 on leaves out what the start adds.


def exponent(energy, disorder, depth, trials, distribution="uniform"):
    chain = stabsim.AndersonTransfer(energy, disorder, distribution=distribution)
    result = stabsim.matrix_product_growth(
        chain, depth, trials=trials, norm="vector", record=[1000, depth], rng=1
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
figure.suptitle("The exponent from the centre to the edge")
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
# (:func:`stabsim.theory.anderson_band_centre_exponent`).

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
# no variance, and Born's approximation nothing to start from. Lloyd's formula
# :cite:p:`Lloyd1969`, with the half-width :math:`W`, is
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
figure.suptitle("Lloyd's exact exponents and simulated ones")
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
