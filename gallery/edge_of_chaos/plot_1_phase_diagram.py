r"""
Where is the edge of chaos?
===========================

Give the weights of a deep network the variance :math:`\sigma_w^2/n`, for :math:`n` inputs of a
layer, and its biases the variance :math:`\sigma_b^2`. Which pairs :math:`(\sigma_w, \sigma_b)` let
gradients pass?

**What this assumes.** Networks :math:`x^l = \varphi(h^l)`, :math:`h^l = W_l x^{l-1} + b_l` with
Gaussian weights and biases. The theory is that of wide networks :cite:p:`Poole2016,Schoenholz2017`;
the simulated networks are 200 wide.
"""

# %%
# Two phases and a line
# ---------------------
#
# In a wide network the variance of a pre-activation settles at a fixed point :math:`q^*`, whatever
# the input, and from there on a layer multiplies the squared norm of a gradient by
#
# .. math:: \chi_1 = \sigma_w^2\, \mathbb{E}\, \varphi'(\sqrt{q^*} Z)^2 ,
#
# with a standard normal :math:`Z`. Where :math:`\chi_1 < 1` gradients vanish, and two inputs become
# more and more alike: the *ordered* phase. Where :math:`\chi_1 > 1` they explode, and inputs that
# were alike part: *chaos*. The *critical line* runs between them. Each circle is a simulation, its
# colour the factor that it found; circles that blend into the map agree with theory.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import theory

sigma_w = np.linspace(0.5, 3.0, 11)
sigma_b = np.linspace(0.05, 1.0, 6)
diagram = stabsim.phase_diagram("tanh", sigma_w, sigma_b, width=200, depth=40, trials=20, rng=1)

figure, axes = plt.subplots()
diagram.plot(axes)
figure.suptitle("Ordered and chaotic tanh networks, and the line")
plt.show()

# %%
# How near is theory?
# -------------------
#
# In numbers: the simulated mean of :math:`\ln\lvert\partial\ell/\partial x\rvert` per layer against
# :math:`\tfrac12 \ln\chi_1`. Single networks are narrower than infinity, so the
# difference is small, not zero: the fluctuations of a finite layer, of order :math:`1/n`, lower the
# logarithm.

expected = 0.5 * np.log(diagram.chi)
difference = diagram.simulated_rate - expected

figure, axes = plt.subplots()
axes.axline((0.0, 0.0), slope=1.0, color="0.4", linewidth=1, linestyle=":")
axes.errorbar(
    expected.ravel(), diagram.simulated_rate.ravel(), diagram.simulated_rate_se.ravel(), fmt="o"
)
axes.set(
    xlabel=r"theory, $\frac{1}{2} \ln\chi_1$",
    ylabel=r"simulated growth of $\ln|\partial\ell/\partial x|$",
)
figure.suptitle("Growth of gradients per layer, simulation and theory")
plt.show()

# %%
# Other activations
# -----------------
#
# The line depends on the activation. For ReLU it is a point of the axis: at :math:`\sigma_w^2 = 2`,
# and :math:`\chi_1 = \sigma_w^2/2` whatever the biases, but with biases lengths never settle on it.
# GELU and SiLU have roots of :math:`\chi_1 = 1` too, but the fixed point there can be unstable, so
# that lengths run away from it: not an edge at which a network can be held.

biases = np.linspace(0.01, 1.0, 60)
figure, axes = plt.subplots()
for name, style in (("tanh", "-"), ("erf", "--"), ("softsign", "-."), ("sine", ":")):
    line = theory.critical_line(name, biases)
    held = line.exists & line.stable
    axes.plot(np.where(held, line.sigma_w, np.nan), biases, style, label=name)
axes.set(xlabel=r"$\sigma_w$", ylabel=r"$\sigma_b$")
axes.legend()
figure.suptitle("The critical lines of four activations")
plt.show()

unstable = [
    name for name in ("gelu", "silu", "tanh", "erf") if not theory.critical_line(name, 0.2).stable
]
print(f"unstable on the line at sigma_b = 0.2: {', '.join(unstable)}")

# %%

tanh = theory.critical_line("tanh", 0.05**0.5)
print(
    f"For tanh with biases of variance 0.05 gradients keep their size at sigma_w² = "
    f"{tanh.sigma_w**2:.6f}; over the {diagram.chi.size} simulated pairs the growth rate per "
    f"layer is within {np.abs(difference).max():.4f} of theory, and at the median within "
    f"{np.median(np.abs(difference)):.4f}."
)
