"""Initializers: the laws of weight matrices and of their biases, whatever their size.

Every initializer of PyTorch and of Keras has its name here, and its exact variance.
"""

from stabsim.initializers.init import Gaussian, Init
from stabsim.initializers.named import get, names

__all__ = ["Gaussian", "Init", "get", "names"]
