r"""
Why must weights start out different?
=====================================

If the size of the weights is all that matters, why draw them at all? Give every weight the same
number, of the right size, and train.

**What this assumes.** A network small enough to write down: two inputs, eight hidden units with
tanh, one output, trained by gradient descent on all data at once. Unit :math:`k` has the incoming
weights :math:`w_k` (two numbers) and bias :math:`b_k`, and the outgoing weight :math:`v_k`:

.. math:: f(x) = c + \sum_{k=1}^{8} v_k \tanh(w_k \cdot x + b_k).
"""

# %%
# Three ways to start
# -------------------
#
# The task: learn the product of two numbers, :math:`y = x_1 x_2`, from 100 points in the square
# between -1 and 1. The first network starts with all weights 0.5, the second with Gaussian weights
# of standard deviation 0.5, and the third with 0.5 again, but it is trained with *dropout*
# :cite:p:`Zhang2023`: at each step every hidden unit is left out with probability 1/4, and counts
# 4/3 where it is not.

import math

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import least_squares
from scipy.special import digamma
from scipy.stats import beta, kstest

import stabsim
from stabsim import initializers

steps, rate, units = 5000, 0.1, 8
rng = np.random.default_rng(1)
x = rng.uniform(-1.0, 1.0, (100, 2))
y = x[:, 0] * x[:, 1]


def train(draw, left_out=0.0):
    """Return the loss and the largest difference between two units, at every step."""
    rng = np.random.default_rng(2)
    w, v = draw(2, units, rng=rng), draw(units, 1, rng=rng)[0]
    b, c = np.zeros(units), 0.0
    losses, differences = np.empty(steps), np.empty(steps)
    for step in range(steps):
        hidden = np.tanh((x[:, None, :] * w).sum(axis=2) + b)
        losses[step] = np.mean(((hidden * v).sum(axis=1) + c - y) ** 2)
        differences[step] = np.ptp(np.column_stack([w, b, v]), axis=0).max()

        mask = (rng.random(units) >= left_out) / (1.0 - left_out)
        error = (hidden * mask * v).sum(axis=1) + c - y
        gradient = (2.0 / len(x) * error)[:, None]
        inner = gradient * v * mask * (1.0 - hidden**2)
        v = v - rate * (gradient * hidden * mask).sum(axis=0)
        c = c - rate * gradient.sum()
        w = w - rate * (inner[:, :, None] * x[:, None, :]).sum(axis=0)
        b = b - rate * inner.sum(axis=0)
    return losses, differences


equal = initializers.get("constant", value=0.5).sample
runs = {
    "equal": train(equal),
    "random": train(initializers.get("normal", std=0.5).sample),
    "equal, dropout": train(equal, left_out=0.25),
}

# %%
# Equal units stay equal
# ----------------------
#
# Two units with the same weights compute the same value, receive the same gradient, and take the
# same step: after it they are equal again. So it goes on for ever. Eight equal units are one unit,
# and :math:`f(x) = c + a \tanh(w \cdot x + b)` with :math:`a = 8 v`. The dotted line is the least
# loss that one unit can have at all (the best of twenty least-squares fits): the equal network
# cannot get below.


def one_unit(p):
    return p[0] + p[1] * np.tanh(x @ p[2:4] + p[4]) - y


starts = np.random.default_rng(3).standard_normal((20, 5))
floor = min(2.0 * least_squares(one_unit, start).cost for start in starts) / len(x)

looks = (("-", "#0072B2"), ("--", "#D55E00"), ("-.", "#007A5A"))
figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.6, 6.0), sharex=True)
for (name, (losses, differences)), (style, color) in zip(runs.items(), looks, strict=True):
    top.plot(losses, color=color, linestyle=style, label=name)
    bottom.plot(differences, color=color, linestyle=style)
top.axhline(floor, color="black", linewidth=1, linestyle=":", label="one unit at its best")
top.set(ylabel="mean squared error", yscale="log")
bottom.set(xlabel="training step", ylabel="largest difference of units")
figure.legend(loc="outside lower center", ncols=2)
figure.suptitle("Equal units stay equal, and learn like one")
plt.show()

print(f"{'start':<16}{'loss':>9}{'largest difference of two units':>35}")
for name, (losses, differences) in runs.items():
    print(f"{name:<16}{losses[-1]:>9.5f}{differences[-1]:>35.3g}")
print(f"one unit, best: {floor:.5f}")

# %%
# A difference of 0 is no rounding: it is exactly 0 at every step. Randomness is the cure, at the
# start or, like dropout, on the way.
#
# A deep network of equal weights
# -------------------------------
#
# A layer with all weights :math:`1/n` gives every unit the mean of all. Such a layer keeps one
# direction, that of :math:`\mathbf{1} = (1, \dots, 1)`, and drops the other :math:`n - 1`. Without
# activation, a gradient in a random direction is left with its part along :math:`\mathbf{1}`, whose
# squared length has exactly a Beta law, with parameters :math:`\tfrac{1}{2}` and
# :math:`\tfrac{n-1}{2}`. A random orthogonal matrix keeps all of it. With
# :func:`stabsim.gradient_attenuation`, ten layers of 64 units:

width = 64
kept = {}
for name, init in (
    ("equal", initializers.get("constant", value=1.0 / width)),
    ("orthogonal", initializers.get("orthogonal")),
):
    network = stabsim.MLP(10, width, activation=None, init=init)
    kept[name] = stabsim.gradient_attenuation(network, trials=1000, record=[0], rng=4)
    print(f"{name:<12}{kept[name].mean[0]:>z8.4f} ± {kept[name].standard_error[0]:.4f}")
exact = 0.5 * (digamma(0.5) - digamma(0.5 * width))
squares = np.exp(2.0 * kept["equal"].log_gradient_norm[:, 0])
p_value = kstest(squares, beta(0.5, 0.5 * (width - 1)).cdf).pvalue
print(f"mean of ln|gradient| for equal weights, exact: {exact:.4f}; p-value {p_value:.2f}")

# %%
# Where equal weights do no harm
# ------------------------------
#
# Linear and softmax regression have no hidden units to keep apart. Each weight belongs to another
# input, so the gradients differ from the first step on, and the loss has no other minimum: here
# linear regression on five inputs, from all weights equal.

inputs = rng.standard_normal((200, 5))
targets = inputs @ rng.standard_normal(5) + 0.1 * rng.standard_normal(200)
weights = np.full(5, 0.5)
for _ in range(300):
    weights = weights - 0.1 * 2.0 / len(inputs) * inputs.T @ (inputs @ weights - targets)
best = np.linalg.lstsq(inputs, targets)[0]
away = np.abs(weights - best).max()
print(f"linear regression from equal weights: {away:.0e} from the least-squares solution")

# %%
# A network keeps other symmetries: its units can trade places, and with tanh a unit can change the
# sign of all its weights, without changing :math:`f`. These do no harm, because a random start is
# on neither side of them alike.

print(
    f"After {steps} steps the units that started equal differ by "
    f"{runs['equal'][1].max():g} and have the loss {runs['equal'][0][-1]:.4f} (one unit at its "
    f"best: {floor:.4f}); a random start reaches {runs['random'][0][-1]:.5f}, and dropout has "
    f"driven equal units {runs['equal, dropout'][1][-1]:.2f} apart and reached "
    f"{runs['equal, dropout'][0][-1]:.4f}. Equal weights leave {np.exp(exact):.3f} of a gradient "
    f"in {width} dimensions, typically."
)

# %%
# Exercises
# ---------
#
# **Exercise 1.** A network of eight tanh units is given. How many other settings of its weights
# compute the same function, by the symmetries just named?
#
# **Answer.** The units can be ordered in :math:`8!` ways, and each can change the sign of all its
# weights, :math:`2^8` ways, since :math:`-v \tanh(-w \cdot x - b) = v \tanh(w \cdot x + b)`. One of
# these is the setting itself. Here a random one of them:

w, b, v = rng.standard_normal((units, 2)), rng.standard_normal(units), rng.standard_normal(units)
order, signs = rng.permutation(units), rng.choice([-1.0, 1.0], units)
here = np.tanh(x @ w.T + b) @ v
there = np.tanh(x @ (signs[:, None] * w)[order].T + (signs * b)[order]) @ (signs * v)[order]
print(
    f"{math.factorial(units) * 2**units - 1:,} others; outputs differ by {np.ptp(here - there):.0e}"
)

# %%
# **Exercise 2.** How much randomness is needed? Start with equal weights again, plus Gaussian noise
# of standard deviation :math:`10^{-6}`.
#
# **Answer.** Very little. Equal units are an unstable state, and small differences grow until the
# units have parted. What they cost is time.


def nearly_equal(fan_in, fan_out, rng):
    return 0.5 + 1e-6 * rng.standard_normal((fan_out, fan_in))


losses, differences = train(nearly_equal)
print(
    f"largest difference {differences[0]:.0e} at the start, above 0.1 after "
    f"{np.argmax(differences > 0.1)} steps, {differences[-1]:.2g} at the end; "
    f"loss {losses[-1]:.4f} (one unit at its best {floor:.4f})"
)

# %%
# **Exercise 3.** May *softmax regression* start with all weights equal? It gives to class :math:`k`
# the probability :math:`p_k = e^{w_k \cdot x} / \sum_j e^{w_j \cdot x}`, and minimizes the mean of
# :math:`-\ln p_k` for the right :math:`k`.
#
# **Answer.** Yes. The gradient for :math:`w_k` is the mean of :math:`(p_k - y_k)\,x`, where
# :math:`y_k` is 1 for the right class and 0 for others. The labels differ from class to class, so
# the first step tells the weights apart. And the loss is convex: there is no wrong valley.

labels = np.argmax(inputs @ rng.standard_normal((5, 3)) + rng.gumbel(size=(200, 3)), axis=1)


def regression(weights):
    """Descend to the best softmax regression, and return the probabilities of all classes."""
    for _ in range(3000):
        scores = np.exp(inputs @ weights)
        chances = scores / scores.sum(axis=1, keepdims=True)
        weights = weights - 0.5 / len(inputs) * inputs.T @ (chances - np.eye(3)[labels])
    return chances


apart = np.abs(regression(np.full((5, 3), 0.5)) - regression(rng.standard_normal((5, 3)))).max()
print(f"probabilities after equal and random starts differ by {apart:.0e} at most")

# %%
# Read on
# -------
#
# :ref:`The next page <sphx_glr_gallery_cures_plot_5_gains.py>` asks for the size again, activation
# by activation. :func:`stabsim.initializers.get` has constant and all other weights, and
# :doc:`the theory of networks </networks_theory>` tells which of them can be simulated without
# drawing one.
