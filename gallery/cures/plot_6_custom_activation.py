r"""
What does an activation of my own do to gradients?
==================================================

You have an idea for an activation. Before any training, three questions: what gain does it need,
how much gradient does it pass through a deep network, and how does it compare with the known ones?

**What this assumes.** Fifty layers of 256 units with independent Gaussian weights, no biases, and
an input of independent standard Gaussian entries. Our own activation is the inverse hyperbolic
sine, :math:`\varphi(x) = \operatorname{arsinh} x = \ln\bigl(x + \sqrt{x^2 + 1}\bigr)`. Near zero it
is :math:`x`, like tanh, but it grows without bound, like a logarithm, and so never saturates.
"""

# %%
# Ten lines
# ---------
#
# An activation is two functions of one number, the value and its derivative, in plain Python.
# :class:`stabsim.activations.Activation` compiles them, which takes a moment, and checks the one
# against the other.

import math

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import initializers, theory
from stabsim.activations import Activation


def value(x):
    return math.asinh(x)


def slope(x):
    return 1.0 / math.sqrt(1.0 + x * x)


arsinh = Activation("arsinh", value, slope)
gain = theory.gain(arsinh)
network = stabsim.MLP(50, 256, activation=arsinh, init=initializers.Gaussian(gain))
result = stabsim.gradient_attenuation(network, trials=300, rng=1)
axes = arsinh.plot()
axes.figure.suptitle("Arsinh bends slowly, its gradient stays above 0")
plt.show()

# %%
# That was all. The gain is the one which keeps signals whose pre-activations, the inputs of the
# activation, have variance 1, :ref:`the forward gain <sphx_glr_gallery_cures_plot_5_gains.py>`. The
# drawing shows how much of a gradient is left at each layer, in decades.

print(result.summary())
axes = result.plot()
axes.set_title("")
axes.figure.suptitle("Fifty arsinh layers hardly enlarge a gradient")
plt.show()

# %%
# Beside the others
# -----------------
#
# The same network with built-in activations, each with its own forward gain :math:`g`. Such a gain
# keeps signals, not gradients: in a wide network a layer multiplies the squared length of a
# gradient by :math:`\chi = g^2\,\mathbb{E}\,\varphi'(Z)^2`, with a standard Gaussian :math:`Z`, as
# long as signals are of that size. The ticks of the figure are the limit of infinite width, which
# follows the size from layer to layer (:func:`stabsim.theory.mean_field_attenuation`).

names = ["tanh", "softsign", "relu", "elu", "selu", "gelu", "silu"]
compared = {arsinh.name: result}
for name in names:
    network = stabsim.MLP(50, 256, activation=name, init=initializers.Gaussian(theory.gain(name)))
    compared[name] = stabsim.gradient_attenuation(network, trials=300, rng=1)

ranking = sorted(compared, key=lambda name: abs(np.median(compared[name].attenuation)))
figure, axes = plt.subplots(figsize=(5.6, 4.4))
print(f"{'':<10}{'gain':>8}{'chi':>8}{'infinite width':>16}{'simulated decades':>20}{'std':>7}")
predicted, simulated = {}, {}
for height, name in enumerate(reversed(ranking)):
    activation = arsinh if name == "arsinh" else name
    forward, backward = theory.gain(activation), theory.gain(activation, direction="backward")
    chi = (forward / backward) ** 2
    left = compared[name].attenuation
    predicted[name] = compared[name].mean_field.log_gradient_norm[0] / np.log(10.0)
    simulated[name] = np.median(left)
    low, high = np.quantile(left, [0.05, 0.95])
    print(
        f"{name:<10}{forward:>8.4f}{chi:>8.4f}{predicted[name]:>16.2f}"
        f"{left.mean():>13.2f} ± {left.std() / np.sqrt(left.size):.2f}{left.std():>7.2f}"
    )
    marker, color = ("D", "#D55E00") if name == "arsinh" else ("o", "#0072B2")
    axes.plot([low, high], [height, height], color=color, linestyle="-", linewidth=3)
    axes.plot(simulated[name], height, marker, color=color)
    axes.plot(predicted[name], height, "|", color="black", markersize=14)
axes.plot(
    [], [], "D", color="#D55E00", linestyle="-", linewidth=3, label="our own, 90 % of networks"
)
axes.plot([], [], "o", color="#0072B2", linestyle="-", linewidth=3, label="built in")
axes.plot([], [], "|", color="black", markersize=12, label="infinite width")
axes.axvline(0.0, color="0.4", linewidth=1, linestyle=":")
axes.set_yticks(range(len(ranking)), ranking[::-1])
axes.set(xlabel="decades of gradient at the input")
axes.legend(fontsize=10)
figure.suptitle("Our activation is among the best of eight")
plt.show()

# %%
# All but ReLU, whose :math:`\chi` is exactly 1, let gradients grow. :ref:`The page on gains
# <sphx_glr_gallery_cures_plot_5_gains.py>` tells why.

place = ranking.index("arsinh") + 1
print(
    f"arsinh with its forward gain {gain:.4f} multiplies a gradient by "
    f"10^{simulated['arsinh']:.2f} in fifty layers (infinite width: "
    f"10^{predicted['arsinh']:.2f}); tanh does by 10^{simulated['tanh']:.2f}, ReLU by "
    f"10^{simulated['relu']:.2f}. It is number {place} of {len(ranking)} by how close that is to 1."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** Take the sine as the activation. Find its forward gain and its :math:`\chi` by
# hand.
#
# **Answer.** :math:`\sin^2 z = \tfrac{1}{2}(1 - \cos 2z)`, and
# :math:`\mathbb{E}\cos 2Z = e^{-2}`. So :math:`\mathbb{E}\sin^2 Z = \tfrac{1}{2}(1 - e^{-2})`,
# :math:`\mathbb{E}\cos^2 Z = \tfrac{1}{2}(1 + e^{-2})`, and :math:`\chi`, the second over the
# first, is :math:`\coth 1`.

forward = theory.gain("sine")
chi = (forward / theory.gain("sine", direction="backward")) ** 2
print(f"gain {np.sqrt(2.0 / (1.0 - np.exp(-2.0))):.6f}, by quadrature {forward:.6f}")
print(f"chi  {1.0 / np.tanh(1.0):.6f}, by quadrature {chi:.6f}")

# %%
# **Exercise 2.** Is there a gain with which arsinh neither loses a gradient exponentially nor lets
# it explode?
#
# **Answer.** Yes, 1, the reciprocal of its slope at zero. Since
# :math:`\operatorname{arsinh} x \approx x - x^3/6`, one layer takes a variance :math:`q` to
# :math:`q - q^2`, so :math:`q \approx 1/l`, and the squared slope is
# :math:`1 - q \approx 1 - 1/l` on average: the gradient falls like :math:`1/\sqrt L`, as :ref:`that
# of tanh does with Xavier's weights <sphx_glr_gallery_cures_plot_1_xavier.py>`.

level = stabsim.gradient_attenuation(
    stabsim.MLP(50, 256, activation=arsinh, init=initializers.Gaussian(1.0)), trials=300, rng=2
)
limit = level.mean_field.log_gradient_norm[0] / np.log(10.0)
print(
    f"gain 1: 10^{np.median(level.attenuation):.2f}, infinite width 10^{limit:.2f}, "
    f"1/√50 = 10^{-0.5 * np.log10(50.0):.2f}"
)

# %%
# Read on
# -------
#
# :ref:`The next page <sphx_glr_gallery_cures_plot_7_default.py>` asks what those get who choose
# nothing. :class:`stabsim.activations.Activation` tells what an activation may be,
# :func:`stabsim.theory.mean_field_attenuation` follows it through layers of infinite width, and
# :doc:`the theory of networks </networks_theory>` says how.
