r"""
Gaussian or orthogonal weights?
===============================

At the edge of chaos a gradient keeps its size *on average*. A particular direction may still be
stretched, and another one lost. What a network does to every direction is told by its *Jacobian*,
the matrix of derivatives of its outputs by its inputs: each *singular value* is the factor by which
one of :math:`n` perpendicular directions is stretched. If all of them are near 1, the network has
*dynamical isometry* :cite:p:`Saxe2014,Pennington2017`. Do the usual weights give that?

**What this assumes.** Networks of :math:`L` layers :math:`x^l = \varphi(W_l\,x^{l-1})` of
:math:`n = 64` units, with an activation :math:`\varphi` and without biases. The weights :math:`W_l`
are either independent Gaussians of variance :math:`\sigma_w^2/n`, or :math:`\sigma_w` times a
uniformly random orthogonal matrix, so that one layer without its activation stretches all
directions alike.
"""

# %%
# Linear networks
# ---------------
#
# Without activations the Jacobian is the product of the weights. Orthogonal ones do nothing to
# lengths. Gaussian ones keep them on average, :math:`\mathbb{E} s^2 = 1` for a singular value
# :math:`s`, but at depth :math:`L` the spread of :math:`s^2` is :math:`\sqrt{L}`, and the
# singular values fill many decades.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import theory
from stabsim.initializers import Gaussian, Init

WIDTH = 64


def spectrum(activation, depth, init, trials=60, inputs="gaussian"):
    network = stabsim.MLP(depth, WIDTH, activation=activation, init=init)
    return stabsim.jacobian_spectrum(network, trials=trials, inputs=inputs, rng=1)


figure, axes = plt.subplots()
for depth, marker in ((1, "o"), (4, "s"), (16, "^"), (64, "D")):
    result = spectrum("linear", depth, Gaussian(1.0))
    decades = result.mean / np.log(10.0)
    label = f"Gaussian, {depth} layer{'s' if depth > 1 else ''}"
    axes.plot(np.arange(1, WIDTH + 1), decades, marker, markersize=4, label=label)
orthogonal = spectrum("linear", 64, Init("orthogonal"))
axes.plot(
    np.arange(1, WIDTH + 1),
    orthogonal.mean / np.log(10.0),
    color="0.2",
    label="orthogonal, 64 layers",
)
axes.set(xlabel="rank of the singular value", ylabel=r"mean of $\log_{10} s$")
axes.legend()
figure.suptitle("Gaussian layers tear singular values apart")
plt.show()

condition = spectrum("linear", 64, Gaussian(1.0)).median_log_condition
print(f"64 Gaussian layers: largest over least singular value is 10^{condition:.0f}")

# %%
# With an activation
# ------------------
#
# An activation multiplies each unit's row by its slope. For hard tanh, which is :math:`x` between
# -1 and 1 and level outside, a unit passes its gradient or it does not. Let :math:`p` be the
# fraction that passes. A layer multiplies the mean of :math:`s^2` by :math:`\sigma_w^2 p`, and the
# variance of :math:`s^2`, relative to the square of its mean, is :math:`L/p` for Gaussian and
# :math:`L(1-p)/p` for orthogonal weights :cite:p:`Pennington2017`. As :math:`\sigma_w` falls to 1,
# signals shrink into the linear part, and :math:`p \to 1`: then orthogonal networks come as near to
# isometry as one likes, Gaussian ones do not. Here :math:`\sigma_w = 1.05`. The input is of the
# length that such a network keeps, so that :math:`p` is the same in every
# layer, and the dashed line is the density at infinite width.

DEPTH, SIGMA = 16, 1.05
cases = {
    "Gaussian": (Gaussian(SIGMA), "o"),
    "orthogonal": (Init("orthogonal", gain=SIGMA), "s"),
}
kept_length = float(theory.phases("hard_tanh", SIGMA).q)
inputs = np.sqrt(WIDTH * kept_length) / SIGMA
results = {}
figure, panels = plt.subplots(2, 1, figsize=(6.4, 6.4))
for axes, (name, (init, _)) in zip(panels, cases.items(), strict=True):
    results[name] = spectrum("hard_tanh", DEPTH, init, trials=100, inputs=inputs)
    results[name].plot(axes)
    axes.set_title(f"{name} weights")
figure.suptitle("Orthogonal weights keep hard tanh near isometry")
plt.show()

print(f"{'':<11}{'mean of s²':>15}{'wide':>6}{'mean of s⁴':>18}{'wide':>6}")
for name, result in results.items():
    prediction = result.mean_field
    wide = np.exp(prediction.log_moments)
    row = "".join(
        f"{value:>{room}.2f} ± {error:>5.2f}{limit:>6.2f}"
        for value, error, limit, room in zip(
            result.moments, result.moments_standard_error, wide, (7, 10), strict=True
        )
    )
    print(f"{name:<11}{row}")

# %%
# With orthogonal weights 64 units are nearly as good as infinitely many. With Gaussian ones the
# mean of :math:`s^4` hangs on a few large values, which differ much from network to network.

# %%
# And ReLU?
# ---------
#
# ReLU switches off half of the units whatever the size of the weights, :math:`p = 1/2`, so no
# orthogonal matrix helps much: after a few layers most directions are lost altogether.

figure, axes = plt.subplots()
relu = {}
for (name, (_, marker)), init in zip(
    cases.items(), (Gaussian(2**0.5), Init("orthogonal", gain=2**0.5)), strict=True
):
    relu[name] = spectrum("relu", DEPTH, init)
    squares = np.exp(2.0 * relu[name].log_singular_values)
    kept = (squares > 0.01).mean()
    axes.plot(
        np.arange(1, WIDTH + 1),
        np.quantile(squares, 0.5, axis=0),
        marker,
        markersize=4,
        label=f"{name}: {kept:.0%} above 0.01",
    )
axes.set(xlabel="rank of the singular value", ylabel=r"median of $s^2$", yscale="log")
axes.set_ylim(1e-12, 1e2)
axes.legend()
figure.suptitle("ReLU loses most directions, whatever the weights")
plt.show()

# %%

# So orthogonal weights can give isometry, where the activation has a linear part large enough.

near = {
    name: np.mean(np.abs(result.log_singular_values) < np.log(2.0))
    for name, result in results.items()
}
print(
    f"Through {DEPTH} hard tanh layers {near['Gaussian']:.0%} of the singular values lie between "
    f"1/2 and 2 with Gaussian weights, and {near['orthogonal']:.0%} with orthogonal ones; without "
    f"activations the largest exceeds the least by {condition:.0f} decades in 64 Gaussian layers "
    f"and by {abs(orthogonal.median_log_condition):.0f} in orthogonal ones."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Show that in a linear Gaussian network with :math:`\sigma_w = 1` and one layer the
# mean of :math:`s^2` is 1 at any width. What is its variance?
#
# **Answer.** The :math:`n` squared singular values add up to the sum of the squares of all entries
# of :math:`W`, of which there are :math:`n^2`, each of mean :math:`1/n`. Their fourth powers add up
# to the trace of :math:`(W W^\top)^2`, and of its terms those count whose entries pair up. There
# are :math:`n^3` terms of either of two kinds of pairing, and :math:`n^2` of a third kind: the mean
# of :math:`s^4` is :math:`2 + 1/n`, and the variance in wide networks 1. Each further layer adds 1,
# :math:`L + 1` being the second Fuss–Catalan number :cite:p:`Penson2011`. Deep and narrow networks
# have a little more.

for depth in (1, 4, 16):
    squares = np.exp(2.0 * spectrum("linear", depth, Gaussian(1.0), 400).log_singular_values)
    mean, fourth = squares.mean(axis=1), (squares**2).mean(axis=1)
    print(
        f"L = {depth:>2}: mean of s² {mean.mean():.3f} ± {mean.std() / 20.0:.3f}, of s⁴ "
        f"{fourth.mean():.2f} ± {fourth.std() / 20.0:.2f}, infinite width "
        f"{theory.FussCatalan(depth).moment(2):.0f}"
    )

# %%
# **Exercise 2.** At :math:`\sigma_w = 1.05` not even half of the singular values of the orthogonal
# network were between 1/2 and 2. Which :math:`\sigma_w` does better, in 16 layers?
#
# **Answer.** The relative variance :math:`L(1-p)/p` must be small, and :math:`\sigma_w^2 p` near 1.
# Both are so for :math:`\sigma_w` close to 1. The price is small signals, of standard deviation
# :math:`\sqrt q`: a network with isometry is nearly a linear one.

print(f"{'sigma_w':>7}{'√q':>8}{'p':>8}{'rel. variance':>15}{'between 1/2 and 2':>19}")
for sigma_w in (1.05, 1.02, 1.005):
    q = float(theory.phases("hard_tanh", sigma_w).q)
    orthogonal_init = Init("orthogonal", gain=sigma_w)
    length = np.sqrt(WIDTH * q) / sigma_w
    better = spectrum("hard_tanh", DEPTH, orthogonal_init, trials=100, inputs=length)
    variance = theory.jacobian_moments(
        "hard_tanh", DEPTH, q=q, sigma_w=sigma_w, weights="orthogonal"
    )[1]
    within = np.mean(np.abs(better.log_singular_values) < np.log(2.0))
    print(
        f"{sigma_w:>7.3f}{np.sqrt(q):>8.3f}{theory.linear_fraction('hard_tanh', q):>8.4f}"
        f"{variance:>15.3f}{within:>19.0%}"
    )

# %%
# Read on
# -------
#
# Ill-conditioned products have :ref:`a page of their own
# <sphx_glr_gallery_exploding_plot_3_conditioning.py>`; :ref:`the next page
# <sphx_glr_gallery_edge_of_chaos_plot_4_two_inputs.py>` follows two inputs. The dashed density is
# :class:`stabsim.theory.JacobianSpectrumLaw`, :func:`stabsim.jacobian_spectrum` simulates, and
# :doc:`the theory of spectra </spectra_theory>` has more on singular values of products.
