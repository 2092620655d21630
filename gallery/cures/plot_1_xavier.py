r"""
Which weights keep a deep tanh network alive?
=============================================

Weights have to be random, but how large? Small ones, say of standard deviation 0.01, look safe, and
standard Gaussians look natural. Xavier's rule :cite:p:`Glorot2010` is neither: it looks at how many
units a layer joins. What do the three do to fifty layers of tanh?

**What this assumes.** :math:`L = 50` layers of :math:`n = 256` units,
:math:`x^l = \tanh(W_l\,x^{l-1})` for :math:`l = 1, \dots, L`, without biases. The entries of the
weight matrices :math:`W_l` are independent Gaussians with mean 0 and standard deviation
:math:`\sigma`, and so are, with standard deviation 1, those of the input :math:`x^0`. Nothing is
trained: this is the network before its first step.
"""

# %%
# Where the rule comes from
# -------------------------
#
# A layer with :math:`n_\text{in}` inputs and :math:`n_\text{out}` outputs computes
# :math:`h_i = \sum_j W_{ij} x_j`, a sum of :math:`n_\text{in}` independent terms. Means are zero,
# so variances add up:
#
# .. math:: \mathbb{E}\,h_i^2 = n_\text{in}\, \sigma^2\, \mathbb{E}\,x_j^2 .
#
# Going backward the same matrix is used the other way round. The derivative of the loss
# :math:`\ell` with respect to :math:`x_j` is :math:`\sum_i W_{ij}\, \partial\ell/\partial h_i`, a
# sum of :math:`n_\text{out}` terms:
#
# .. math::
#    \mathbb{E}\Bigl(\frac{\partial\ell}{\partial x_j}\Bigr)^2 = n_\text{out}\, \sigma^2\,
#    \mathbb{E}\Bigl(\frac{\partial\ell}{\partial h_i}\Bigr)^2 .
#
# Signals keep their size if :math:`n_\text{in} \sigma^2 = 1`, gradients if
# :math:`n_\text{out} \sigma^2 = 1`. Both at once need a square matrix, so Xavier takes the middle:
#
# .. math:: \sigma^2 = \frac{2}{n_\text{in} + n_\text{out}} .
#
# With uniform weights between :math:`-a` and :math:`a`, whose variance is :math:`a^2/3`, the same
# rule reads :math:`a = \sqrt{6/(n_\text{in} + n_\text{out})}`. The tanh does not occur: near zero,
# where its slope is 1, it is taken for a straight line.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import initializers, theory

xavier = initializers.get("xavier_uniform")
bound = np.sqrt(3.0) * xavier.weight_std(fan_in=300, fan_out=100)
drawn = xavier.sample(fan_in=300, fan_out=100, rng=1)
print(f"300 inputs, 100 outputs: uniform between -{bound:.4f} and {bound:.4f}")
print(f"standard deviation: rule {(2 / 400) ** 0.5:.5f}, of 30 000 drawn weights {drawn.std():.5f}")

# %%
# Fifty layers, three sizes of weights
# ------------------------------------
#
# With :func:`stabsim.gradient_attenuation`, 300 networks of each kind. Shown is the typical entry
# of the activations :math:`x^l`, their root mean square, and the length of the gradient
# :math:`\partial\ell/\partial x^l`, which starts with length 1 at the output, all in decades
# (powers of ten). The marks are means over the networks. The lines are the root mean
# squares in the limit of infinite width :cite:p:`Schoenholz2017`, which needs no simulation.

depth, width = 50, 256
decade = np.log(10.0)
inits = {
    "Xavier": initializers.get("xavier_normal"),
    "σ = 0.01": initializers.get("normal", std=0.01),
    "σ = 1": initializers.get("normal", std=1.0),
}
results = {
    name: stabsim.gradient_attenuation(
        stabsim.MLP(depth, width, activation="tanh", init=init), trials=300, rng=1
    )
    for name, init in inits.items()
}


def entry_size(log_norm, widths):
    """Return the decimal logarithm of the root mean square entry."""
    return (log_norm - 0.5 * np.log(widths)) / decade


looks = (("-", "o", "#0072B2"), ("--", "s", "#D55E00"), (":", "^", "#007A5A"))
figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.6, 6.0), sharex=True)
for (name, result), (style, marker, color) in zip(results.items(), looks, strict=True):
    layers, limit = result.layers, result.mean_field
    signal, signal_limit = (
        entry_size(logs, width) for logs in (result.activation.mean, limit.log_activation_norm)
    )
    gradient, gradient_limit = result.mean / decade, limit.log_gradient_norm / decade
    some = slice(0, None, 5)
    top.plot(layers, signal_limit, color=color, linestyle=style)
    top.plot(layers[some], signal[some], marker, color=color)
    bottom.plot(layers, gradient_limit, color=color, linestyle=style)
    bottom.plot(layers[some], gradient[some], marker, color=color)
    bottom.plot([], [], marker, color=color, linestyle=style, label=name)
top.set(ylabel="typical activation, decades")
bottom.set(xlabel="layer l", ylabel="gradient, decades")
figure.legend(loc="outside lower center", ncols=3)
figure.suptitle("Of three sizes of weights only Xavier's carries")
plt.show()

# %%
# With :math:`\sigma = 0.01` both vanish together: a layer multiplies by
# :math:`\sqrt{256} \cdot 0.01 = 0.16`. With :math:`\sigma = 1` nothing seems wrong on the way up,
# where every unit sits at -1 or +1. But a gradient is multiplied by :math:`\sqrt{256} = 16` at each
# layer and by the slope of the tanh, which is nearly zero at most units and not at a few: these few
# are enough to make it explode. They are few at this width, so networks differ much, and rare ones
# raise the mean square, the line, above what is typical, the marks.

print(f"{'':<10}{'typical activation':>20}{'gradient left':>22}{'infinite width':>16}")
for name, result in results.items():
    signal = entry_size(result.activation.mean[-1], width)
    left = result.attenuation
    print(
        f"{name:<10}{f'10^{signal:.2f}':>20}{f'10^{left.mean():.2f} ± {left.std():.2f}':>22}"
        f"{f'10^{result.mean_field.log_gradient_norm[0] / decade:.2f}':>16}"
    )

# %%
# Even Xavier's gradient is not constant. The tanh flattens every signal a little, so
# :math:`\mathbb{E}\,x^2` shrinks, but the smaller it is, the straighter is the tanh. In the limit
# of infinite width :math:`\mathbb{E}\,x^2` falls like :math:`1/(2l)`, and the gradient like
# :math:`1/\sqrt{L}`, a power of the depth where the others are exponentials.
#
# When a layer is not square
# --------------------------
#
# The compromise shows where layers narrow. Here twelve layers go from 4096 units to 16 in equal
# ratios, without activation, so that the rule stands alone. Followed is the typical entry, of the
# activations going up and of the gradient going down, with :math:`\sigma^2` set by the inputs, by
# the outputs, or by both. The lines are exact, at these finite widths.

widths = np.round(np.geomspace(4096, 16, 13)).astype(int)
modes = {
    r"$1/n_{in}$": "fan_in",
    r"$1/n_{out}$": "fan_out",
    r"Xavier, $2/(n_{in} + n_{out})$": "fan_avg",
}
ends, scores = {}, []
figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.6, 6.0), sharex=True)
for (name, mode), (style, marker, color) in zip(modes.items(), looks[::-1], strict=True):
    network = stabsim.MLP(
        12,
        widths[1:],
        in_features=int(widths[0]),
        activation=None,
        init=initializers.Init("normal", mode=mode),
    )
    result = stabsim.gradient_attenuation(network, trials=400, inputs=64.0, rng=2)
    law = result.exact
    start = entry_size(np.log(64.0), widths[0])
    signal, error = result.activation.mean, result.activation.standard_error
    top.plot(
        result.layers,
        start + entry_size(law.log_activation_mean, widths) - entry_size(0.0, widths[0]),
        color=color,
        linestyle=style,
    )
    top.plot(result.layers, entry_size(signal, widths), marker, color=color)
    last = entry_size(0.0, widths[-1])
    gradient = entry_size(result.mean, widths) - last
    bottom.plot(
        result.layers,
        entry_size(law.log_gradient_mean, widths) - last,
        color=color,
        linestyle=style,
    )
    bottom.plot(result.layers, gradient, marker, color=color)
    bottom.plot([], [], marker, color=color, linestyle=style, label=name)
    ends[mode] = entry_size(signal[-1], widths[-1]), gradient[0]
    scores.append((signal[-1] - np.log(64.0) - law.log_activation_mean[-1]) / error[-1])
    scores.append((result.mean[0] - law.log_gradient_mean[0]) / result.standard_error[0])
top.set(ylabel="typical activation, decades")
bottom.set(xlabel="layer l", ylabel="typical gradient, decades")
figure.legend(loc="outside lower center", ncols=3, fontsize=10)
figure.suptitle("Narrowing layers: Xavier splits the difference")
plt.show()

# %%
# Weights for the inputs keep the signal and lose gradient, weights for the outputs do the reverse,
# and Xavier's give up about half of each.

left = {name: result.attenuation.mean() for name, result in results.items()}
print(
    f"After {depth} tanh layers the gradient is 10^{left['Xavier']:.2f} with Xavier's weights, "
    f"10^{left['σ = 0.01']:.1f} with σ = 0.01 and 10^{left['σ = 1']:+.1f} with σ = 1. From 4096 "
    f"units down to 16, Xavier's signal gains {ends['fan_avg'][0]:.2f} decades and its gradient "
    f"loses {-ends['fan_avg'][1]:.2f}; with 1/n_in they are {ends['fan_in'][0]:+.2f} and "
    f"{ends['fan_in'][1]:+.2f}, with 1/n_out {ends['fan_out'][0]:+.2f} and "
    f"{ends['fan_out'][1]:+.2f}. Simulated and exact means differ by "
    f"{np.abs(scores).max():.1f} standard errors at most."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** The rule speaks of variances alone. Does it matter from which law the weights are
# drawn? Compare fifty tanh layers with Gaussian, uniform and orthogonal weights of Xavier's size.
#
# **Answer.** The argument above used that weights are independent, have mean 0 and the variance
# :math:`\sigma^2`, and nothing else. In wide layers the sums :math:`h_i` are nearly Gaussian
# whatever the law, by the central limit theorem, so what follows agrees as well. The entries of an
# orthogonal matrix are not quite independent: it keeps every length exactly, so only the activation
# scatters, and the result is nearer to infinite width.

for name in ("xavier_normal", "xavier_uniform", "orthogonal"):
    network = stabsim.MLP(depth, width, activation="tanh", init=name)
    gradients = stabsim.gradient_attenuation(network, trials=40, record=[0], rng=3)
    print(
        f"{name:<16}{gradients.mean[0] / decade:+.3f} ± "
        f"{gradients.standard_error[0] / decade:.3f} decades, std {gradients.std[0] / decade:.3f}"
    )

# %%
# **Exercise 2.** Where does :math:`\mathbb{E}\,x^2 \approx 1/(2l)` come from, and what does it say
# about the gradient?
#
# **Answer.** For small :math:`h`, :math:`\tanh^2 h \approx h^2 - \tfrac{2}{3} h^4`, and a Gaussian
# of variance :math:`q` has :math:`\mathbb{E}\,h^4 = 3q^2`. So one layer takes :math:`q` to
# :math:`q - 2q^2`, and :math:`1/q` to about :math:`1/q + 2`: after :math:`l` layers
# :math:`q \approx 1/(2l)`. The squared slope is on average
# :math:`\mathbb{E}(1 - \tanh^2 h)^2 \approx 1 - 2q \approx 1 - 1/l`. The product of these numbers
# falls like :math:`1/L`, and its root, a gradient, like :math:`1/\sqrt L`. Layer by layer, with
# :func:`stabsim.theory.length_map` and :func:`stabsim.theory.susceptibility`:

q, squared = 1.0, 1.0
for layer in range(1, 1001):
    squared *= float(theory.susceptibility("tanh", q, sigma_w=1.0))
    q = float(theory.length_map("tanh", q, sigma_w=1.0))
    if layer in (10, 100, 1000):
        left_over = np.sqrt(squared * layer)
        print(f"l = {layer:>4}: 2 l q = {2 * layer * q:.4f}, gradient · √l = {left_over:.4f}")

# %%
# **Exercise 3.** From 4096 units to 16 in twelve equal ratios: how many decades must Xavier's
# signal gain?
#
# **Answer.** A layer multiplies the mean square by :math:`n_\text{in}\sigma^2 = 2/(1 + r)`, with
# the ratio :math:`r = n_\text{out}/n_\text{in} = (16/4096)^{1/12}`. The root mean square gains half
# of its logarithm at every layer. The typical entry of one network is a little below, because the
# mean of a logarithm is below the logarithm of the mean.

ratio = (16 / 4096) ** (1 / 12)
gained = 12 * 0.5 * np.log10(2.0 / (1.0 + ratio))
print(f"root mean square: {gained:+.3f} decades; typical, simulated: {ends['fan_avg'][0]:+.3f}")

# %%
# Read on
# -------
#
# ReLU needs another size of weights: :ref:`the next page
# <sphx_glr_gallery_cures_plot_2_he_relu.py>` is about it. :func:`stabsim.initializers.get` has all
# initializers by name, :class:`stabsim.networks.MLP` takes any of them, and :doc:`the theory of
# networks </networks_theory>` tells what is exact at finite width.
