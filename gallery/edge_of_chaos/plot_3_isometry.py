r"""
Gaussian or orthogonal weights?
===============================

At the edge of chaos a gradient keeps its size *on average*. A particular direction may still be
stretched, and another one lost. What a network does to every direction is told by its *Jacobian*,
the matrix of derivatives of its outputs by its inputs: each *singular value* is the factor by which
one of :math:`n` perpendicular directions is stretched. If all of them are near 1, the network has
*dynamical isometry* :cite:p:`Saxe2014,Pennington2017`. Do the usual weights give that?

**What this assumes.** Networks of constant width :math:`n` without biases. Gaussian weights have
the variance :math:`\sigma_w^2/n`; orthogonal ones are :math:`\sigma_w` times a uniformly random
orthogonal matrix, so that one layer without its activation stretches all directions alike.
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
figure.suptitle("Singular values of linear networks, by rank")
plt.show()

condition = spectrum("linear", 64, Gaussian(1.0)).median_log_condition
print(f"64 Gaussian layers: largest over least singular value is 10^{condition:.0f}")

# %%
# With an activation
# ------------------
#
# An activation multiplies each unit's row by its slope. For hard tanh, which is :math:`x` between
# -1 and 1 and level outside, a unit passes its gradient or it does not. Let :math:`p` be the
# fraction that passes. At :math:`\sigma_w^2 = 1/p` squares keep their mean, and the variance of
# :math:`s^2`, relative to the square of its mean, is :math:`L/p` for Gaussian and
# :math:`L(1-p)/p` for orthogonal weights. Small weights keep the units in the linear part,
# :math:`p \to 1`: then orthogonal networks come as near to isometry as one likes, Gaussian ones do
# not. The input is of the length that such a network keeps, so that :math:`p` is the same in every
# layer, and the dashed line is the density at infinite width.

DEPTH, SIGMA = 16, 1.05
cases = {
    "Gaussian": (Gaussian(SIGMA), "o"),
    "orthogonal": (Init("orthogonal", gain=SIGMA), "s"),
}
kept_length = float(stabsim.theory.phases("hard_tanh", SIGMA).q)
inputs = np.sqrt(WIDTH * kept_length) / SIGMA
results = {}
figure, panels = plt.subplots(2, 1, figsize=(6.4, 6.4))
for axes, (name, (init, _)) in zip(panels, cases.items(), strict=True):
    results[name] = spectrum("hard_tanh", DEPTH, init, trials=100, inputs=inputs)
    results[name].plot(axes)
    axes.set_title(f"{name} weights")
figure.suptitle(f"Singular values through {DEPTH} hard tanh layers")
plt.show()

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
figure.suptitle(f"Squared singular values of {DEPTH} ReLU layers")
plt.show()

# %%

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
