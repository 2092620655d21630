r"""
Where does the sigmoid's gradient go?
=====================================

A neural network is built of *units*. Each multiplies the numbers that it gets by its *weights*,
adds them up, and passes on a fixed function of the sum, its *activation*. Units side by side form a
*layer*, and each layer feeds the next. To learn, the network needs the derivatives of its error,
its *gradient*. The chain rule computes them from the last layer back to the first, and multiplies,
at every unit on the way, by the derivative of the activation.

The sigmoid :math:`\sigma(x) = 1/(1 + e^{-x})` squeezes every number into (0, 1), and was for many
years the activation of choice :cite:p:`Zhang2023`. Its derivative is
:math:`\sigma'(x) = \sigma(x)\,(1 - \sigma(x))`. How much of a gradient does it let through?

**What this assumes.** One unit a layer and weights of size 1, so that the derivative of the
activation alone is at work. Nothing here is random.
"""

# %%
# The value and its derivative
# ----------------------------
#
# The derivative is the product of two numbers that sum to 1, so it is at most
# :math:`\tfrac{1}{2} \cdot \tfrac{1}{2} = \tfrac{1}{4}`, reached at :math:`x = 0`. Far out it falls
# like :math:`e^{-\lvert x\rvert}`: a unit with a large input, of either sign, is *saturated*.

import matplotlib.pyplot as plt
import numpy as np

from stabsim import activations

sigmoid = activations.get("sigmoid")
x = np.linspace(-8.0, 8.0, 1601)
value, gradient = sigmoid(x), sigmoid.derivative(x)
saturated = gradient < 0.01

figure, axes = plt.subplots()
axes.plot(x, value, label=r"value $\sigma(x)$")
axes.plot(x, gradient, label=r"gradient $\sigma'(x)$")
axes.axhline(0.25, color="0.4", linewidth=1, linestyle=":")
axes.annotate("at most 1/4", (-8, 0.265), color="0.3")
for side in (x < 0, x > 0):
    axes.axvspan(x[saturated & side].min(), x[saturated & side].max(), color="0.93", zorder=0)
axes.annotate("gradient < 0.01", (6.3, 0.5), color="0.3", ha="center", va="center", rotation=90)
axes.set(xlabel="input x", xlim=(-8, 8))
axes.legend(loc="upper left", bbox_to_anchor=(0.0, 0.96))
figure.suptitle("The sigmoid's gradient never exceeds 1/4")
plt.show()

# %%
# How much of the line is flat?
# -----------------------------
#
# The edge of the flat part follows from :math:`\sigma' = \sigma(1 - \sigma)`, which is the same as
# :math:`1/(2\cosh(x/2))^2`. So the derivative equals :math:`g` at
# :math:`\lvert x\rvert = 2 \operatorname{arcosh}\bigl(1/(2\sqrt{g})\bigr)`, where arcosh is the
# inverse of cosh.

for small in (0.1, 0.01, 0.001):
    edge = 2.0 * np.arccosh(0.5 / np.sqrt(small))
    flat = np.mean(gradient < small)
    print(f"gradient < {small:<5}: where |x| > {edge:.2f}, which is {flat:4.0%} of [-8, 8]")

# %%
# One layer after another
# -----------------------
#
# The chain rule multiplies one such factor per layer. With every unit at its best point,
# :math:`x = 0`, the gradient is :math:`(1/4)^L` after :math:`L` layers; with inputs at
# :math:`\lvert x\rvert = 2` or :math:`4` it is less. The markers multiply the derivatives one by
# one, the lines are powers. The dotted line is the smallest positive number of *float16*, numbers
# of 16 bits, in which networks are often trained.

layers = np.arange(0, 51, 5)
figure, axes = plt.subplots()
for point, marker in ((0.0, "o"), (2.0, "s"), (4.0, "^")):
    factor = sigmoid.derivative(point)
    simulated = [np.prod(np.full(depth, factor)) for depth in layers]
    (line,) = axes.plot(layers, factor**layers, label=f"every input at |x| = {point:g}")
    axes.plot(layers, simulated, marker, color=line.get_color())
smallest = float(np.finfo(np.float16).smallest_subnormal)
axes.axhline(smallest, color="0.4", linewidth=1, linestyle=":")
axes.annotate("float16 ends here", (50, smallest * 3), color="0.3", ha="right")
axes.set(xlabel="layers L", ylabel="gradient that is left", yscale="log", xlim=(0, 51))
axes.legend()
figure.suptitle("Each sigmoid layer divides a gradient by 4 or more")
plt.show()

# %%
# At its best the sigmoid already loses six *decades*, powers of ten, in ten layers. Larger weights
# could make up for the factor, but larger weights also mean larger inputs, which saturate.

peak = gradient.max()
lost = -10 * np.log10(peak)
depth = int(np.ceil(np.log(smallest) / np.log(peak)))
print(
    f"The gradient is {peak:.4f} at most and below 0.01 on {np.mean(saturated):.0%} of [-8, 8]; "
    f"ten layers lose {lost:.2f} decades at the very best, and {depth} layers leave no more "
    "than the smallest positive number of float16."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** The hyperbolic tangent is a sigmoid stretched: :math:`\tanh x = 2\sigma(2x) - 1`.
# How large can its gradient be, and how wide is the part of the line where it is below 0.01?
#
# **Answer.** By the chain rule :math:`\tanh' x = 4\,\sigma'(2x)`, so its gradient reaches
# :math:`4 \cdot 1/4 = 1`: at its best point a tanh loses nothing. The factor 2 inside makes it
# saturate sooner.

tanh = activations.get("tanh")
slope = tanh.derivative(x)
print(f"largest slope {slope.max():.3f}, below 0.01 where |x| > {x[slope > 0.01].max():.2f}")

# %%
# **Exercise 2.** Weights :math:`w` multiply the gradient too: a layer passes
# :math:`w\,\sigma'(w x)` when its input is :math:`x`. Which :math:`w` passes most at
# :math:`x = 1`, and is it enough for the gradient not to shrink?
#
# **Answer.** Trying all weights up to 10: the best one makes up for little of the loss. A larger
# weight multiplies more, but it also pushes the unit into the flat part.

weights = np.linspace(0.0, 10.0, 1001)
passed = weights * sigmoid.derivative(weights * 1.0)
print(f"w = {weights[passed.argmax()]:.2f} passes most, {passed.max():.3f} of the gradient")

# %%
# Read on
# -------
#
# A real layer has many units and random weights: :ref:`the next page
# <sphx_glr_gallery_vanishing_plot_2_activation_gradients.py>` compares activations there. The
# activations themselves are in :func:`stabsim.activations.get`, and :doc:`the theory of networks
# </networks_theory>` says what a wide layer does to a gradient.
