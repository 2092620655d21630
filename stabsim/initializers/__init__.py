"""Initializers: the laws of weight matrices and of their biases, whatever their size.

The random initializers of PyTorch and of Keras, and their constants, have their names here, and
their exact variances.
"""

from stabsim.initializers.init import Gaussian, Init
from stabsim.initializers.named import get, names

__all__ = ["Gaussian", "Init", "get", "names"]
