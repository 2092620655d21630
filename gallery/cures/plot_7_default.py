r"""
What do you get if you choose no initialization?
================================================

Every framework fills the weights of a layer for those who do not ask for anything. The textbook
says that this often works well in practice, for problems of moderate size :cite:p:`Zhang2023`. What
is PyTorch's default, up to which depth does it work, and what do its biases do?

**What this assumes.** :math:`L = 40` layers of :math:`n = 128` units,
:math:`x^l = \varphi(h^l)` with :math:`h^l = W_l\,x^{l-1} + b_l` for :math:`l = 1, \dots, L`, where
:math:`\varphi` is ReLU or tanh, :math:`W_l` a matrix of weights and :math:`b_l` the biases. The
input :math:`x^0` has as many entries. The gradient of a loss :math:`\ell` at the output has length
1 and a random direction. Nothing is trained.
"""

# %%
# The default, in numbers
# -----------------------
#
# A linear layer of PyTorch draws its weights, and its biases too, uniformly between
# :math:`-1/\sqrt{n}` and :math:`1/\sqrt{n}`, where :math:`n` is the number of its inputs. The code
# calls He's initializer for it, which sounds like the rule for ReLU, but with a parameter that
# makes the weights :math:`\sqrt 6` times smaller than He's: their variance is :math:`1/(3n)`. The
# default of Keras is Xavier's rule, with biases zero.

import matplotlib.pyplot as plt
import numpy as np

import stabsim
from stabsim import initializers

depth, width, trials = 40, 128, 100
inits = {
    "default": initializers.get("torch_default"),
    "Xavier": initializers.get("xavier_normal"),
    "He": initializers.get("kaiming_normal"),
}
print(f"{'':<10}{'n times the variance of a weight':>34}{'of a bias':>12}")
for name, init in inits.items():
    weight, bias = init.weight_std(width, width), init.bias_std(width)
    print(f"{name:<10}{width * weight**2:>34.4f}{width * bias**2:>12.4f}")

# %%
# Through forty layers
# --------------------
#
# ReLU halves a squared length, and the default's weights take it times a third: a gradient is
# divided by :math:`\sqrt 6` at each layer. Near zero tanh is a straight line of slope 1, which
# halves nothing: there a gradient is divided by :math:`\sqrt 3`. Drawn are ReLU networks, above the
# root mean square of the activations, below the length of the gradient, in decades (powers of ten).
# Marks are means over 100 networks, lines the limit of infinite width :cite:p:`Schoenholz2017`.

decade = np.log(10.0)
results = {
    (name, activation): stabsim.gradient_attenuation(
        stabsim.MLP(depth, width, activation=activation, init=init), trials=trials, rng=1
    )
    for activation in ("relu", "tanh")
    for name, init in inits.items()
}

looks = {
    "default": ("-", "o", "#0072B2"),
    "Xavier": ("--", "s", "#D55E00"),
    "He": (":", "^", "#007A5A"),
}
figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.6, 6.0), sharex=True)
some = slice(0, None, 4)
for name, (style, marker, color) in looks.items():
    result = results[name, "relu"]
    limit, layers, size = result.mean_field, result.layers, 0.5 * np.log(width)
    for axes, simulated, line in (
        (top, result.activation.mean - size, limit.log_activation_norm - size),
        (bottom, result.mean, limit.log_gradient_norm),
    ):
        axes.plot(layers, line / decade, color=color, linestyle=style)
        axes.plot(layers[some], simulated[some] / decade, marker, color=color)
    bottom.plot([], [], marker, color=color, linestyle=style, label=name)
top.set(ylabel="typical activation, decades")
bottom.set(xlabel="layer l", ylabel="gradient, decades")
figure.legend(loc="outside lower center", ncols=3)
figure.suptitle("The default loses gradients, its signals settle")
plt.show()

print(f"{'':<10}{'':<6}{'gradient left':>20}{'infinite width':>16}{'per layer':>11}")
for (name, activation), result in results.items():
    mean, error = result.mean[0] / decade, result.standard_error[0] / decade
    print(
        f"{name:<10}{activation:<6}{f'10^{mean:.2f} ± {error:.2f}':>20}"
        f"{f'10^{result.mean_field.log_gradient_norm[0] / decade:.2f}':>16}"
        f"{np.exp(result.rate):>11.4f}"
    )
print(f"1/√6 = {6**-0.5:.4f}, 1/√3 = {3**-0.5:.4f}")

# %%
# In the upper drawing the default looks better than Xavier's rule. Its signal stops falling, while
# the gradient, below, falls on at the full rate. What is it that stays? The biases add
# :math:`1/(3n)` to the variance of a pre-activation at every layer, and that is all that remains in
# the end. What stays does not depend on the input.
#
# Two different inputs
# --------------------
#
# Send two inputs through the same network, at a right angle to each other. Let :math:`c_l` be the
# cosine of the angle between their pre-activations :math:`h^l`. For signals of equal length,
# :math:`\sqrt{2(1 - c_l)}` is their distance in units of that length: all that the network still
# knows about which of the two it was given. :func:`stabsim.signal_propagation` follows it, for the
# default and for the same weights without its biases. The horizontal line is the relative rounding
# of float32, :math:`2^{-24}`: what is below it is lost in that format.

pairs = {
    "default": inits["default"],
    "without biases": initializers.Init("uniform", gain=3**-0.5),
}
pair_looks = (looks["default"], ("-.", "D", "#8F4A77"))
rounding = 0.5 * np.finfo(np.float32).eps
distances = {}
figure, panels = plt.subplots(2, 1, figsize=(5.6, 6.4), sharex=True)
for axes, activation in zip(panels, ("relu", "tanh"), strict=True):
    for (name, init), (style, marker, color) in zip(pairs.items(), pair_looks, strict=True):
        network = stabsim.MLP(depth, width, activation=activation, init=init)
        result = stabsim.signal_propagation(network, correlation=0.0, trials=trials, rng=2)
        distances[name, activation] = result
        layers = result.layers
        line, marks = (
            0.5 * (np.log(2.0) + logs) / decade
            for logs in (result.mean_field.log_distance, result.distance.mean)
        )
        axes.plot(layers, line, color=color, linestyle=style)
        axes.plot(layers[1::4], marks[1::4], marker, color=color)
        axes.plot([], [], marker, color=color, linestyle=style, label=name)
    axes.axhline(np.log10(rounding), color="0.3", linewidth=1, linestyle=":")
    axes.annotate("float32", (1, np.log10(rounding) + 0.4), color="0.3")
    axes.set(title=activation, ylabel="distance, decades", ylim=(-16.5, 1.0))
panels[-1].set(xlabel="layer l")
figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
figure.suptitle("Under the default, all inputs become one")
plt.show()

# %%
# Two inputs at a right angle become the same vector, as far as float32 can tell, and no layer above
# can part them again. It is the biases that do it. They are the same for both inputs, and where
# they are most of the signal, the two signals are nearly the same. Without them tanh keeps the
# angle. ReLU brings inputs together whatever the size of the weights, but slowly, like a power of
# the depth. In numbers, with what finite width adds:

print(f"{'':<16}{'':<6}{'ln(1 - c) per layer, at the end':>34}{'infinite width':>16}")
for (name, activation), result in distances.items():
    steps = np.diff(result.log_distance[:, [-11, -1]], axis=1) / 10.0
    limit = np.diff(result.mean_field.log_distance[[-11, -1]])[0] / 10.0
    print(
        f"{name:<16}{activation:<6}{steps.mean():>24.4f} ± {steps.std() / np.sqrt(trials):.4f}"
        f"{limit:>16.4f}"
    )
print(f"-ln 6 = {-np.log(6.0):.4f}, -ln 3 = {-np.log(3.0):.4f}")

# %%
# The two losses are one. In a wide network that has settled, a layer multiplies :math:`1 - c` and
# the squared length of a gradient by the same number, :math:`\chi_1` :cite:p:`Schoenholz2017`: a
# network that no longer tells its inputs apart has no gradient with respect to them either. A few
# layers do little harm in this way, and there the default serves.

left = {key: result.mean / decade for key, result in results.items()}
merged = {}
for activation in ("relu", "tanh"):
    profile = distances["default", activation].distance
    apart = np.sqrt(2.0) * np.exp(0.5 * profile.mean)
    merged[activation] = profile.layers[np.argmax(apart < rounding)]
relu, tanh = left["default", "relu"], left["default", "tanh"]
print(
    f"After {depth} layers of PyTorch's default the gradient is 10^{relu[0]:.1f} with ReLU and "
    f"10^{tanh[0]:.1f} with tanh, after 3 layers 10^{relu[-4]:.1f} and 10^{tanh[-4]:.1f}. He's "
    f"rule keeps 10^{left['He', 'relu'][0]:.1f} of it in {depth} layers of ReLU, Xavier's "
    f"10^{left['Xavier', 'tanh'][0]:.1f} in as many of tanh. Under the default two inputs at a "
    f"right angle are one to float32 from layer {merged['relu']} on with ReLU, and from layer "
    f"{merged['tanh']} on with tanh."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** At which variance :math:`q` do the pre-activations of the ReLU network settle
# under the default?
#
# **Answer.** A layer takes :math:`q` to :math:`\tfrac{1}{3} \cdot \tfrac{1}{2} q + \tfrac{1}{3n}`.
# What it does not change is :math:`q = \tfrac{2}{5n}`, a standard deviation of
# :math:`0.63/\sqrt n`. The input does not occur in it. The layers of this page:

lengths = distances["default", "relu"].length
settled = np.exp(lengths.mean[-1])
print(
    f"2/(5n) = {0.4 / width:.6f}, simulated at layer {depth} {settled:.6f} ± "
    f"{settled * lengths.standard_error[-1]:.6f} (geometric mean)"
)

# %%
# **Exercise 2.** Do it in the arithmetic of float32: draw one ReLU network with the default, and
# pass the same two inputs through it in float32 and in float64.
#
# **Answer.** In float64 the distance falls on. In float32 it stops falling at the rounding of a
# number, near :math:`6 \cdot 10^{-8}`: the two signals still differ in some last digits, but what
# differs there is rounding, made on the way, and nothing of the inputs.

rng = np.random.default_rng(3)
exact = rng.standard_normal((width, 2))
single, bound = exact.astype(np.float32), width**-0.5
print(f"{'layer':>5}{'float64':>12}{'float32':>12}")
for layer in range(1, depth + 1):
    weights = rng.uniform(-bound, bound, (width, width)).astype(np.float32)
    biases = rng.uniform(-bound, bound, (width, 1)).astype(np.float32)
    exact = np.maximum(weights.astype(np.float64) @ exact + biases, 0.0)
    single = np.maximum(weights @ single + biases, 0.0)
    if layer % 8 == 0:
        apart = [np.linalg.norm(np.diff(x)) / np.linalg.norm(x[:, 0]) for x in (exact, single)]
        print(f"{layer:>5}{apart[0]:>12.1e}{apart[1]:>12.1e}")

# %%
# **Exercise 3.** Keep the default's biases, but give its weights He's gain :math:`\sqrt 2`, as
# ``torch_default`` allows. What becomes of the gradient, and of the two inputs?
#
# **Answer.** For ReLU the factor of the gradient is half of :math:`n` times the weights' variance,
# whatever the biases: it is 1 now. Signals keep their size as well, and beside them a bias of
# variance :math:`1/(3n)` is small. So the inputs come together no faster than ReLU brings them
# together anyway.

gained = initializers.get("torch_default", gain=2**0.5)
network = stabsim.MLP(depth, width, init=gained, activation="relu")
attenuation = stabsim.gradient_attenuation(network, trials=trials, record=[0], rng=4)
pair = stabsim.signal_propagation(network, correlation=0.0, trials=trials, record=[depth], rng=4)
cases = {
    "He's gain": pair,
    "no biases": distances["without biases", "relu"],
    "default": distances["default", "relu"],
}
print(f"gradient 10^{attenuation.mean[0] / decade:.2f}, default 10^{relu[0]:.2f}")
for name, case in cases.items():
    print(f"{name:<10} distance 10^{0.5 * (np.log(2.0) + case.distance.mean[-1]) / decade:.2f}")

# %%
# Read on
# -------
#
# Where biases do good, and how large they may be, is the subject of :ref:`the edge of chaos
# <sphx_glr_gallery_edge_of_chaos_plot_1_phase_diagram.py>`, and :ref:`two inputs
# <sphx_glr_gallery_edge_of_chaos_plot_4_two_inputs.py>` have a page of their own there.
# :func:`stabsim.initializers.get` has every default by name, :func:`stabsim.signal_propagation`
# follows two inputs, and :doc:`the theory of networks </networks_theory>` derives their limits.
