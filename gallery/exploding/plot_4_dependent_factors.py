r"""
What if the factors are not alike, or not independent?
======================================================

The theory of random products is simplest where all factors are square, of one law, and independent.
Networks are not so kind: layers of different kinds take turns, widths change, recurrent networks
use one matrix again and again, and some layers share their weights. What remains true, and what can
still be predicted?

**What this assumes.** :math:`P_t = A_t \cdots A_1` is a product of :math:`t` matrices. Its
*exponents* :math:`\lambda_1 \ge \lambda_2 \ge \dots` are the mean growth of the logarithms of its
singular values per factor (:ref:`as on the page before
<sphx_glr_gallery_exploding_plot_3_conditioning.py>`); :math:`\lambda_1` is the growth rate of a
typical vector. *Gaussian* matrices have independent Gaussian entries of mean 0 and variance
:math:`\sigma^2`.
"""

# %%
# Not alike, not square
# ---------------------
#
# :class:`stabsim.Alternating` cycles through a list of ensembles, :class:`stabsim.Rectangular`
# through a list of widths. A Gaussian matrix knows no direction: it stretches every vector by the
# same law. Then it does not matter what the factors before have done, and every exponent is the
# plain mean over a cycle. In a network that narrows from 8 units to 2 and widens again only two
# directions survive, and all further exponents are :math:`-\infty`.
#
# :class:`stabsim.Wishart` is a matrix :math:`X X^\top` with a Gaussian :math:`X`: a layer followed
# by its own transpose, as in an autoencoder with tied weights. All its exponents are known, too
# (:func:`stabsim.theory.wishart_exponents`).

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import theory

n = 4
ensembles = {
    "all alike": stabsim.Ginibre(n),
    "large, small": stabsim.Alternating([stabsim.Ginibre(n), stabsim.Ginibre(n, sigma=0.5)]),
    "Gaussian, rotation": stabsim.Alternating([stabsim.Ginibre(n), stabsim.Haar(n)]),
    "tied": stabsim.Wishart(n, n),
    "Gaussian, tied": stabsim.Alternating([stabsim.Ginibre(n), stabsim.Wishart(n, n)]),
    "widths 4, 2": stabsim.Rectangular([4, 2]),
}
spectra = {
    name: stabsim.lyapunov_spectrum(ensemble, steps=400, trials=200, rng=1)
    for name, ensemble in ensembles.items()
}

scores = []
for name, spectrum in spectra.items():
    alive = np.isfinite(spectrum.exact)
    difference = spectrum.exponents[alive] - spectrum.exact[alive]
    scores.extend(difference / spectrum.standard_error[alive])
    listed = " ".join(f"{value:+.3f}" for value in spectrum.exact)
    print(f"{name:<20} exact {listed}")
print(f"simulated minus exact, in standard errors: at most {np.abs(scores).max():.1f}")

figure, axes = plt.subplots(figsize=(5.6, 4.4))
for row, spectrum in enumerate(spectra.values()):
    axes.plot(spectrum.exact, np.full(n, row), "|", color="0.3", markersize=20, markeredgewidth=2)
    axes.plot(spectrum.exponents, np.full(n, row), "o", color="#0072B2")
axes.plot([], [], "|", color="0.3", markersize=14, markeredgewidth=2, label="exact")
axes.plot([], [], "o", color="#0072B2", label="simulated")
axes.set_yticks(range(len(spectra)), list(spectra))
axes.invert_yaxis()
axes.set(xlabel="exponents, per factor", ylim=(len(spectra) - 0.5, -0.7))
figure.legend(loc="outside lower center", ncols=2)
figure.suptitle("Every exponent of six kinds of products is predicted")
plt.show()

# %%
# The tied factor is two layers in one. Two *independent* layers would have exponents twice those of
# a Gaussian. Tying adds to the first and takes from the last: it grows faster, and is worse
# conditioned.

tied, untied = theory.wishart_exponents(n, n), 2.0 * theory.ginibre_exponents(n)
print("tied, per pair of layers:  ", " ".join(f"{value:+.3f}" for value in tied))
print("untied, per pair of layers:", " ".join(f"{value:+.3f}" for value in untied))

# %%
# Sizes that remember
# -------------------
#
# Now let a *Markov chain* choose the factors: in a calm state they are small, :math:`\sigma = 0.3`,
# in a stormy one large, :math:`\sigma = 1`, and from each factor to the next the state changes with
# probability :math:`p` (:class:`stabsim.MarkovModulated`). Half of the factors are calm, whatever
# :math:`p` is, and the rate is the mean of two rates. The memory shows in the spread: the sum of
# the sizes' logarithms gains, per factor, the variance
#
# .. math:: v_1 + \frac{\delta^2}{4}\,\frac{1 + r}{1 - r}, \qquad r = 1 - 2p,
#
# where :math:`v_1` is that of Gaussian factors of one size, :math:`\delta` is the difference of the
# two :math:`\ln\sigma`, and :math:`r` is the correlation of successive states: those :math:`s`
# factors apart have the correlation :math:`r^s`, and the fraction is :math:`1 + 2(r + r^2 +
# \dots)`.

sigmas = (0.3, 1.0)
weather = [stabsim.Ginibre(n, sigma=sigma) for sigma in sigmas]
mean_rate = np.mean([theory.ginibre_exponents(n, sigma=sigma)[0] for sigma in sigmas])
gap = np.log(sigmas[1] / sigmas[0])


def variance_of(change):
    memory = 1.0 - 2.0 * change
    return theory.ginibre_variances(n)[0] + gap**2 / 4.0 * (1.0 + memory) / (1.0 - memory)


length, trials = 400, 1000
changes = (0.9, 0.5, 0.1, 0.02)
seen_spread, exact_spread = {}, {}
figure, axes = plt.subplots()
print(f"{'p':>5}{'rate':>18}{'exact':>9}{'spread at 400':>16}{'predicted':>11}")
styles = zip(changes, ("-", "--", "-.", ":"), strict=True)
for change, style in styles:
    chain = stabsim.MarkovModulated(
        weather, transition=[[1.0 - change, change], [change, 1.0 - change]]
    )
    growth = stabsim.matrix_product_growth(chain, length, trials=trials, norm="vector", rng=2)
    simulated = growth.log_norm[:, -1] / length
    seen_spread[change] = growth.std[-1] / np.log(10.0)
    exact_spread[change] = np.sqrt(variance_of(change) * length) / np.log(10.0)
    print(
        f"{change:>5}{simulated.mean():>+10.4f} ± {growth.standard_error[-1] / length:.4f}"
        f"{mean_rate:>+9.4f}{seen_spread[change]:>16.2f}{exact_spread[change]:>11.2f}"
    )
    (line,) = axes.plot(
        growth.depths, growth.std / np.log(10.0), linestyle=style, label=f"p = {change}"
    )
    predicted = np.sqrt(variance_of(change) * growth.depths) / np.log(10.0)
    axes.plot(growth.depths, predicted, color=line.get_color(), linewidth=0.8, linestyle="-")
axes.set(xlabel="number of factors t", ylabel="spread, in decades", xlim=(0, length))
axes.legend(loc="upper left")
figure.suptitle("Lasting weather makes products less certain")
plt.show()

# %%
# The thin lines are the prediction, for depths much longer than the memory of the chain.
#
# Directions that remember
# ------------------------
#
# Here every entry of a factor is correlated with the same entry of the factor before, with the
# correlation :math:`\rho` (:class:`stabsim.Autoregressive`). At :math:`\rho = 0` the factors are
# independent; at :math:`\rho = 1` they are all one matrix :math:`A`, as in a recurrent network, and
# :math:`P_t = A^t` grows at the rate :math:`\ln\lvert\mu_1\rvert` with the largest eigenvalue
# :math:`\mu_1` of :math:`A`. Now the factors before *do* matter: a vector that has been turned
# towards a long axis meets nearly the same axis again.

correlations = np.array([0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 1.0])
rates, errors = [], []
for rho in correlations:
    slow = stabsim.Autoregressive(n, correlation=float(rho))
    growth = stabsim.matrix_product_growth(slow, 1000, trials=1000, norm="vector", rng=3)
    rates.append(growth.lyapunov)
    errors.append(growth.lyapunov_se)

rng = np.random.default_rng(4)
radii = np.log(np.abs(np.linalg.eigvals(rng.standard_normal((100_000, n, n)))).max(axis=1))
independent, same = theory.ginibre_exponents(n)[0], radii.mean()

figure, axes = plt.subplots()
axes.errorbar(correlations, rates, yerr=2 * np.array(errors), fmt="o", label="±2 standard errors")
axes.axhline(independent, color="0.3", linestyle="--")
axes.annotate("independent factors, exact", (0.98, independent - 0.006), ha="right", va="top")
axes.axhline(same, color="#D55E00", linestyle=":")
axes.annotate("one matrix, by its eigenvalues", (0.02, same + 0.004), color="#A84600")
axes.set(xlabel=r"correlation $\rho$ of successive factors", ylabel=r"growth rate $\lambda_1$")
axes.set(ylim=(0.53, 0.75))
axes.legend(loc="center left")
figure.suptitle("Similar factors grow faster than independent ones")
plt.show()

# %%
# So three rules remain. Factors that know no direction may differ as they like: exponents are
# means. Sizes with a memory change the spread, not the rate. Directions with a memory change the
# rate.

widening = seen_spread[0.02] / seen_spread[0.5]
print(
    f"{len(scores)} exponents of six kinds of products agree with their exact values within "
    f"{np.abs(scores).max():.1f} standard errors; tying two layers raises the first exponent from "
    f"{untied[0]:.3f} to {tied[0]:.3f}. Weather that changes every 50 factors, not every two, "
    f"makes the spread {widening:.1f} times as wide, at the same rate. From independent factors to "
    f"one matrix the rate rises from {independent:.4f} to {same:.4f} (simulated {rates[0]:.4f} ± "
    f"{errors[0]:.4f} and {rates[-1]:.4f} ± {errors[-1]:.4f})."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** The matrix :math:`D` with 2 and 1/2 on its diagonal stretches, and a rotation
# keeps every length. Powers of :math:`D` grow by :math:`\ln 2` a factor. How fast does a product
# grow in which :math:`D` takes turns with a *random* rotation, and how fast with the rotation by
# 90°?
#
# **Answer.** After a random rotation the direction :math:`\theta` is uniform, and the mean of
# :math:`\ln\sqrt{4\cos^2\theta + \tfrac{1}{4}\sin^2\theta}` is the logarithm of the mean of the two
# half-axes, :math:`\ln\tfrac{5}{4}`: per factor, half of that. The rotation by 90° swaps the axes,
# so that :math:`D` undoes what it did before, and the rate is 0. A matrix that changes no length
# decides about the growth.

stretch, quarter_turn = [[2.0, 0.0], [0.0, 0.5]], [[0.0, -1.0], [1.0, 0.0]]
for name, turn in (("random rotation", stabsim.Haar(2)), ("90°", quarter_turn)):
    growth = stabsim.matrix_product_growth(
        stabsim.Alternating([turn, stretch]), 400, trials=2000, norm="vector", rng=5
    )
    rate = growth.log_norm[:, -1].mean() / 400
    print(f"{name}: {rate:.4f} ± {growth.standard_error[-1] / 400:.4f}")
print(f"half of ln(5/4): {np.log(5 / 4) / 2:.4f}")

# %%
# **Exercise 2.** A linear network has layers of 64 units, but every eighth has only 4. Weights have
# variance 1 over the number of inputs of their layer, which keeps the mean squared length. How much
# does one narrow layer in eight add to the spread of a gradient's logarithm, and to its loss?
#
# **Answer.** Rates and variances are means over the cycle, with :math:`n` the number of *outputs*
# of a factor. A layer of :math:`n` units adds the variance :math:`\tfrac{1}{4}\psi'(n/2)` with the
# trigamma function :math:`\psi'`, near :math:`1/(2n)`, and it takes about half of :math:`1/n` from
# the mean logarithm: the one layer of 4 outweighs seven of 64.

for widths in ([64] * 8, [64] * 7 + [4]):
    chain = stabsim.Rectangular(widths, mode="fan_in")
    exact = theory.lyapunov_spectrum(chain)
    print(
        f"least width {min(widths):>2}: rate {exact.exponents[0]:+.4f}, "
        f"standard deviation after 80 layers {np.sqrt(80 * exact.variances[0]):.3f}"
    )
    growth = stabsim.matrix_product_growth(chain, 80, trials=400, norm="vector", rng=6)
    print(f"{'simulated':>14}: rate {growth.mean[-1] / 80:+.4f}, after 80 {growth.std[-1]:.3f}")

# %%
# Read on
# -------
#
# What remedies there are is the subject of the next section: :ref:`which weights keep a deep tanh
# network alive? <sphx_glr_gallery_cures_plot_1_xavier.py>` :func:`stabsim.theory.lyapunov_spectrum`
# knows for which factors the exponents are exact, :func:`stabsim.lyapunov_spectrum` measures all
# others, and :doc:`the theory of spectra </spectra_theory>` tells how.
