r"""
Which initialization passes gradients best?
===========================================

PyTorch and Keras have some twenty initializers between them, and both choose one for those who do
not. Here all of them get the same network, once with ReLU and once with tanh. How much gradient is
left at the input?

**What this assumes.** :math:`L = 30` layers of :math:`n = 64` units,
:math:`x^l = \varphi(W_l\,x^{l-1} + b_l)` for :math:`l = 1, \dots, L`, where :math:`\varphi` is the
activation, :math:`W_l` a matrix of weights and :math:`b_l` the biases. The input has independent
standard Gaussian entries, and the gradient of the loss :math:`\ell` at the output has length 1.
Every initializer has its default parameters (two differ from PyTorch's own, ``uniform`` is here
between -1 and 1 and ``constant`` is 0), and no layer is special: in practice the last one often is.
"""

# %%
# Twenty-two names, fewer laws
# ----------------------------
#
# Some names mean the same law of weights, at least where a layer has as many inputs as outputs.
# Those share a row below: their distribution, gain and standard deviation are equal, and so are
# their biases, which only PyTorch's default has.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import initializers

depth, width, trials = 30, 64, 200
rows = {}
for name in initializers.names():
    init = initializers.get(name)
    deviation = float(init.weight_std(fan_in=width, fan_out=width))
    law = init.distribution, init.gain, deviation, init.bias_bound
    rows.setdefault(law, []).append(name)
print(f"{len(initializers.names())} names, {len(rows)} laws")
for (distribution, _, deviation, _), names in rows.items():
    print(f"{distribution:<17} standard deviation {deviation:.4f}: {', '.join(names)}")

# %%
# All of them, twice
# ------------------
#
# :func:`stabsim.gradient_attenuation` initializes 200 networks of each kind. Gaussian and
# orthogonal weights it need not draw; of all others it draws every weight. Given is what
# is left of the gradient, :math:`\lvert\partial\ell/\partial x^0\rvert`, in decades (-12 reads
# "one part in :math:`10^{12}`"): the median and the range of the middle 90 in 100 networks. A
# network is *dead* if nothing arrives.

decade = np.log(10.0)
left, middle = {}, {}
for activation in ("relu", "tanh"):
    for names in rows.values():
        network = stabsim.MLP(depth, width, activation=activation, init=names[0])
        result = stabsim.gradient_attenuation(network, trials=trials, rng=1)
        left[names[0], activation] = result
        middle[names[0], activation] = result.quantile(0.5)[0] / decade

# %%
# The rows are ordered by the worse of the two medians: how far it is from 0, where a gradient keeps
# its length. The ticks below a range are what the limit of infinite width says
# (:func:`stabsim.theory.mean_field_attenuation`), which knows only the variance of a weight, not
# its law.

LEAST, MOST = -26.0, 26.0


def worse(names):
    return max(abs(middle[names[0], activation]) for activation in ("relu", "tanh"))


ranking = sorted(rows.values(), key=worse)
looks = {"relu": ("o", "#0072B2", 0.17), "tanh": ("s", "#D55E00", -0.17)}
room = np.array([max(1.0, 0.62 * len(names)) for names in ranking])
places = room.sum() - np.cumsum(room) + 0.5 * room
figure, axes = plt.subplots(figsize=(5.6, 7.8))
print(f"{'':<18}{'decades left, ReLU':>25}{'dead':>6}{'tanh':>28}{'dead':>6}")
for place, names in zip(places, ranking, strict=True):
    line = f"{names[0]:<18}"
    for activation, (marker, color, shift) in looks.items():
        result, height = left[names[0], activation], place + shift
        low, center, high = result.quantile([0.05, 0.5, 0.95])[:, 0] / decade
        line += f"{center:>10.2f} ({low:>7.2f}, {high:>6.2f})"
        line += f"{result.dead / trials:>7.0%}"
        if LEAST < center < MOST:
            axes.plot([low, high], [height, height], color=color, linestyle="-", linewidth=3)
            axes.plot(center, height, marker, color=color, markersize=4)
            if result.mean_field is not None:
                limit = result.mean_field.log_gradient_norm[0] / decade
                axes.plot(limit, height - 0.17, "|", color="black", markersize=6)
        else:
            text = f"{activation}: half or more dead" if np.isinf(center) else ""
            text = text or f"{activation}: {center:.0f}"
            axes.annotate(text, (LEAST, height), color=color, fontsize=9, va="center")
    print(line)
for activation, (marker, color, _) in looks.items():
    axes.plot([], [], marker, color=color, linestyle="-", linewidth=3, label=activation)
axes.plot([], [], "|", color="black", label="infinite width")
axes.axvline(0.0, color="0.4", linewidth=1, linestyle=":")
axes.set_yticks(places, ["\n".join(names) for names in ranking], fontsize=9)
axes.set(xlim=(LEAST - 1, MOST), ylim=(0.0, room.sum()))
axes.set(xlabel="decades of gradient left at the input, 30 layers")
figure.legend(loc="outside lower center", ncols=3)
figure.suptitle("Only He's rule keeps gradients of ReLU and of tanh")
plt.show()

# %%
# He's rule, with weights of any law, is the only one that serves both activations at this depth.
# Xavier's suits tanh and lets ReLU, which halves every squared length, lose
# :math:`\log_{10}\sqrt{2} = 0.15` decades a layer. Keras's default is Xavier's rule. PyTorch's
# default has weights of a third of that variance, :math:`1/(3n)`, and loses with both. Equal
# weights are the worst of all.


def medians(name):
    """Return the two medians of the row in which a name stands."""
    first = next(names[0] for names in rows.values() if name in names)
    return middle[first, "relu"], middle[first, "tanh"]


he = [medians(name) for names in ranking[:3] for name in names]
relu, tanh = np.abs(he).max(axis=0)
keras, torch = medians("keras_default"), medians("torch_default")
print(
    f"First are {', '.join(names[0] for names in ranking[:3])}: at most {relu:.2f} decades from 0 "
    f"with ReLU and {tanh:.2f} with tanh. Keras's default has {keras[0]:+.2f} and {keras[1]:+.2f}, "
    f"PyTorch's {torch[0]:+.2f} and {torch[1]:+.2f}: {depth} ReLU layers of it leave one part in "
    f"{10 ** -torch[0]:.0e} of a gradient."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Predict without a simulation what PyTorch's default, of weight variance
# :math:`1/(3n)`, leaves of a gradient in thirty ReLU layers.
#
# **Answer.** ReLU halves a squared length and the weights take it times a third, so a layer divides
# a gradient by :math:`\sqrt 6`. The biases change nothing here: they turn as many units on as off.
# In narrow layers the median is lower, by about :math:`5L/(4n)` in the natural logarithm, as
# :ref:`the page before <sphx_glr_gallery_cures_plot_2_he_relu.py>` has shown for He's weights.

wide = -0.5 * depth * np.log10(6.0)
narrow = wide - 1.25 * depth / width / decade
print(f"wide layers {wide:.2f} decades, {width} units {narrow:.2f}, simulated {torch[0]:.2f}")

# %%
# **Exercise 2.** With ReLU the middle 90 in 100 of the networks with He's weights span a whole
# decade. Is that the rule's fault? Repeat it with eight and with sixty-four times as many units.
#
# **Answer.** No: it is the width. The standard deviation of
# :math:`\ln\lvert\partial\ell/\partial x^0\rvert` is about :math:`\sqrt{5L/(4n)}`, whatever the
# variance of the weights, and 90 in 100 Gaussian numbers are within 1.645 standard deviations of
# their mean.

for wider in (width, 8 * width, 64 * width):
    network = stabsim.MLP(depth, wider, activation="relu", init="kaiming_normal")
    low, high = stabsim.gradient_attenuation(network, trials=2000, record=[0], rng=2).quantile(
        [0.05, 0.95]
    )[:, 0]
    expected = 2 * 1.645 * np.sqrt(1.25 * depth / wider)
    print(
        f"n = {wider:>4}: the middle 90 in 100 span {(high - low) / decade:.2f} decades, "
        f"the limit law says {expected / decade:.2f}"
    )

# %%
# Read on
# -------
#
# :ref:`The next page <sphx_glr_gallery_cures_plot_4_symmetry.py>` tells why weights that are all
# equal fail. :func:`stabsim.initializers.get` has the table of all initializers, and
# :func:`stabsim.initializers.names` their names; :doc:`the theory of networks </networks_theory>`
# tells where the predictions come from.
