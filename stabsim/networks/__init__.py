"""Networks: compositions of linear maps and activations, in PyTorch's words.

A network is a description: it holds no weights, only their laws.
"""

from stabsim.networks.builders import MLP, Sequential
from stabsim.networks.network import Linear, Network

__all__ = ["MLP", "Linear", "Network", "Sequential"]
