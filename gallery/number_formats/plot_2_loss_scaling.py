r"""
How deep do loss scaling and bfloat16 reach?
============================================

Training in 16 or 8 bits saves memory and time, and loses gradients: numbers below the smallest of
the format become zero. Two remedies are common. *bfloat16* is a 16-bit format with fewer digits and
more range. *Loss scaling* multiplies the loss, and so every gradient, by a large number
:math:`S`, and divides the result by it again in a wider format. How many layers deeper does a
gradient come, and what can neither remedy mend?

**What this assumes.** :math:`L` layers of 256 sigmoid units with Xavier's weights (Gaussian, of
variance 1/256) and no biases, which :ref:`lose 0.63 decades of gradient a layer
<sphx_glr_gallery_vanishing_plot_3_sigmoid_layers.py>`; a *decade* is a factor of ten. At the output
the gradient has length 1, in a random direction. Counted are the single entries of gradients: an
entry *underflows* if it is below half of the format's smallest positive number, and *overflows* if
it is above the largest. The format's rounding inside its range is left out.
"""

# %%
# Five windows
# ------------
#
# A format with :math:`m` bits for the digits of a number and a least exponent :math:`e` holds
# positive numbers down to :math:`2^{e - m}`. Those that :func:`stabsim.precision.get` does not know
# are made from these numbers: bfloat16, and the two formats of 8 bits, named after their bits for
# the exponent and for the digits.

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

import stabsim
from stabsim import precision

decade = np.log(10.0)


def narrow_format(name, digits, least_exponent, largest):
    least = least_exponent * np.log(2.0)
    return precision.NumberFormat(name, np.log(largest), least, least - digits * np.log(2.0))


formats = [
    narrow_format("float8_e4m3", 3, -6, 448.0),
    narrow_format("float8_e5m2", 2, -14, 57344.0),
    precision.get("float16"),
    narrow_format("bfloat16", 7, -126, (2.0 - 2.0**-7) * 2.0**127),
    precision.get("float32"),
]
zero_below = {kind.name: kind.log_min_subnormal - np.log(2.0) for kind in formats}
print(f"{'format':<12}{'largest':>12}{'zero below':>14}{'decades between':>17}")
for kind in formats:
    low, high = zero_below[kind.name] / decade, kind.log_max / decade
    print(f"{kind.name:<12}{f'1e{high:+.1f}':>12}{f'1e{low:+.1f}':>14}{high - low:>17.1f}")

# %%
# Where gradients end
# -------------------
#
# :func:`stabsim.gradient_attenuation` gives the length :math:`G` of the gradient at every layer,
# for 300 networks. Given the gradient one layer above, each of the :math:`n` entries is nearly
# Gaussian, with the standard deviation :math:`G/\sqrt{n}`; so the share of them below a limit is
# one evaluation of the Gaussian distribution. The witness is one real network, with drawn weights
# and a backward pass in float64, whose entries are counted.

width, depth = 256, 140
network = stabsim.MLP(depth, width, activation="sigmoid", init="xavier_normal")
result = stabsim.gradient_attenuation(network, trials=300, record=range(depth + 1), rng=1)
log_entry = result.log_gradient_norm - 0.5 * np.log(width)
below_output = depth - result.layers


def lost_share(kind, log_entry, log_scale=0.0):
    """Return the share of entries of this size that underflow, at every layer."""
    limit = np.exp(np.minimum(zero_below[kind.name] - log_scale - log_entry, 5.0))
    return (2.0 * norm.cdf(limit) - 1.0).mean(axis=0)


def backward_pass(rng, depth):
    """Return the gradients at the activations of all layers of one drawn network."""
    signal, weights, signals = rng.standard_normal(width), [], []
    for _ in range(depth):
        weights.append(rng.standard_normal((width, width)) / np.sqrt(width))
        signal = 1.0 / (1.0 + np.exp(-weights[-1] @ signal))
        signals.append(signal)
    gradient = rng.standard_normal(width)
    gradients = [gradient / np.linalg.norm(gradient)]
    for weight, out in zip(weights[::-1], signals[::-1], strict=True):
        gradients.append(weight.T @ (gradients[-1] * out * (1.0 - out)))
    return np.array(gradients)


drawn = backward_pass(np.random.default_rng(2), depth)
reach = {}
figure, axes = plt.subplots()
for kind, marker in zip(formats, "vDo^s", strict=True):
    share = lost_share(kind, log_entry)
    reach[kind.name] = int(below_output[share > 0.5].min())
    (line,) = axes.plot(below_output, share, label=kind.name)
    with np.errstate(divide="ignore"):
        counted = (np.log(np.abs(drawn)) < zero_below[kind.name]).mean(axis=1)
    some = slice(max(reach[kind.name] - 6, 0), reach[kind.name] + 7, 2)
    axes.plot(np.arange(depth + 1)[some], counted[some], marker, color=line.get_color())
axes.set(xlabel="layers below the output", ylabel="share of entries that are zero", xlim=(0, 100))
axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=3, fontsize=10)
times = reach["bfloat16"] / reach["float16"]
figure.suptitle(f"bfloat16 reaches {times:.0f} times as deep as float16")
plt.show()

# %%
# Lines are the law, markers the entries of the one network.
#
# What a scale buys
# -----------------
#
# Scaling the loss by :math:`S` shifts all gradients up by :math:`\log_{10} S` decades, so each
# decade of :math:`S` buys :math:`1/0.63` layers. It ends where the gradient at the output, the
# largest, would overflow: a single infinity spoils the whole step. So :math:`S` is taken no larger
# than lets an entry of five standard deviations be held. The figure shows, for every power of two
# up to that, how many layers keep at least half of their entries.

scaled, best = {}, {}
figure, axes = plt.subplots()
for kind in formats:
    room = kind.log_max - log_entry[:, -1].max() - np.log(5.0)
    powers = np.arange(0, int(room / np.log(2.0)) + 1)
    shares = np.array([lost_share(kind, log_entry, power * np.log(2.0)) for power in powers])
    layers = (shares <= 0.5).sum(axis=1)
    scaled[kind.name], best[kind.name] = int(layers[-1]), int(powers[-1])
    (line,) = axes.plot(powers, layers, label=kind.name)
    axes.plot(powers[-1], layers[-1], "o", color=line.get_color())
axes.set(xlabel=r"loss scale, $\log_2 S$", ylabel="layers that survive", ylim=(0, None))
axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=3, fontsize=10)
figure.suptitle("A loss scale about doubles the reach of a format")
plt.show()

rate = -result.rate / decade
print(f"{'format':<12}{'unscaled':>10}{'best S':>9}{'layers':>9}{'window / rate':>15}")
for kind in formats:
    window = (kind.log_max - zero_below[kind.name]) / decade
    print(
        f"{kind.name:<12}{reach[kind.name]:>10}{f'2^{best[kind.name]}':>9}{scaled[kind.name]:>9}"
        f"{window / rate:>15.1f}"
    )

# %%
# The last column is the rule of thumb: the decades of the whole window, divided by the decades a
# layer loses.
#
# What a scale cannot mend
# ------------------------
#
# The scale moves all layers together, and within a layer all entries. Drawn are the sizes of all
# entries of the gradients in a network of 25 layers, every sixth layer, and the window of float16,
# at its best scale.

shown = backward_pass(np.random.default_rng(3), 25)
edges = np.linspace(-21.0, 1.0, 111)
shift = best["float16"] * np.log10(2.0)
window = np.array([zero_below["float16"], precision.get("float16").log_max]) / decade
highest = 0
figure, axes = plt.subplots()
axes.axvspan(window[0], 1.0, color="#E8E8E8", zorder=0, label="held by float16")
axes.axvspan(window[0] - shift, window[0], color="#D3E6F2", zorder=0, label="held if scaled")
for depth_below, hatch in zip((0, 6, 12, 18, 24), ("", "//", "", "\\\\", ""), strict=True):
    sizes = np.log10(np.abs(shown[depth_below]))
    counts, _ = np.histogram(sizes, edges)
    axes.stairs(counts, edges, fill=True, alpha=0.75, hatch=hatch)
    axes.annotate(f"{depth_below}", (np.median(sizes), counts.max() + 1), ha="center")
    highest = max(highest, counts.max())
axes.set(xlabel=r"$\log_{10}$ of an entry's size", ylabel="entries", xlim=(-20, 1))
axes.set(ylim=(0, 1.35 * highest))
axes.legend(loc="upper left", ncols=2, fontsize=10)
figure.suptitle("One window cannot hold all layers at once")
plt.show()

# %%
# The numbers count the layers below the output. If the sizes span more decades than the window, no
# scale holds both ends: a *scale for each layer* would, and training in 8 bits needs it. Better
# weights are cheaper: where the gradient keeps its length, one scale serves all depths. What is
# left then is the spread within a layer, here some three decades from the smallest entries to the
# largest.

relative = np.abs(drawn) / np.linalg.norm(drawn, axis=1, keepdims=True)
spread = np.diff(np.log10(np.quantile(relative, [0.005, 0.995]))).item()
print(
    f"Half of the entries of a gradient are lost {reach['float16']} sigmoid layers below the "
    f"output in float16, {reach['bfloat16']} in bfloat16, {reach['float32']} in float32, and "
    f"{reach['float8_e4m3']} and {reach['float8_e5m2']} in 8 bits. The best loss scale, "
    f"2^{best['float16']}, brings float16 to {scaled['float16']} layers and bfloat16 to "
    f"{scaled['bfloat16']}; 99 % of the entries within one layer span {spread:.1f} decades, which "
    f"no scale can narrow."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Larger weights make gradients explode: in a tanh network with weights of variance
# :math:`16/n`, say. Which loss scale helps, and how deep does float16 reach with it?
#
# **Answer.** A scale below 1: the largest gradients are those next to the input, so those at the
# output may sit at the lower end of the window. The window over the rate bounds the depth; the
# margin for large entries, and the spread of the networks, take some of it.

exploding = stabsim.gradient_attenuation(
    stabsim.MLP(100, width, activation="tanh", init=stabsim.initializers.Gaussian(sigma_w=4.0)),
    trials=100,
    rng=4,
)
growth_rate = exploding.rate / decade
growing = exploding.log_gradient_norm - 0.5 * np.log(width)
float16 = precision.get("float16")
for power in (0, -10, -20):
    log_scale = power * np.log(2.0)
    held = growing.max(axis=0) + log_scale + np.log(5.0) < float16.log_max
    held &= lost_share(float16, growing, log_scale) < 0.5
    print(f"S = 2^{power}: {held.sum()} layers are held")
window = (float16.log_max - zero_below["float16"]) / decade
print(f"window / rate: {window:.1f} / {growth_rate:.3f} = {window / growth_rate:.1f}")

# %%
# **Exercise 2.** A ReLU network with He's weights keeps the mean squared length of its gradients,
# but single networks differ: :ref:`the narrower and deeper they are, the more
# <sphx_glr_gallery_cures_plot_2_he_relu.py>`. Take 100 layers of 16 units. How many networks can
# one fixed scale serve in float8_e4m3? And a scale chosen for each network, as *dynamic* loss
# scaling does?
#
# **Answer.** A network is served if the sizes of its gradients, layer by layer, fit into the window
# together. A dynamic scale can move each network's gradients where they fit; but it is no help to
# those whose own layers are further apart than the window is wide.

relu = stabsim.gradient_attenuation(
    stabsim.MLP(100, 16, activation="relu", init="kaiming_normal"), trials=2000, rng=5
)
entries = relu.log_gradient_norm - 0.5 * np.log(16)
smallest, largest = entries.min(axis=1), entries.max(axis=1)
eight = formats[0]
fixed = max(
    np.mean((smallest + s > zero_below[eight.name]) & (largest + s < eight.log_max))
    for s in np.arange(-10, 20) * np.log(2.0)
)
own = np.mean(largest - smallest < eight.log_max - zero_below[eight.name])
print(f"the best fixed scale serves {fixed:.0%} of the networks, a scale of its own {own:.0%}")

# %%
# Read on
# -------
#
# The cure is to keep gradients at one size: :ref:`weights that do so
# <sphx_glr_gallery_cures_plot_1_xavier.py>`, and the :ref:`line between vanishing and exploding
# <sphx_glr_gallery_edge_of_chaos_plot_1_phase_diagram.py>`. :ref:`The next section
# <sphx_glr_gallery_physics_plot_1_spectrum.py>` is about the physics of matrix products.
# :class:`stabsim.precision.NumberFormat` holds the limits of a format,
# :func:`stabsim.gradient_attenuation` the sizes of gradients, and :doc:`the theory of networks
# </networks_theory>` explains them.
