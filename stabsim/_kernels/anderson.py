"""Transfer matrices of the Anderson model, in batches ``(steps, n, n, lanes)``."""

import numpy as np

from stabsim._kernels._jit import kernel
from stabsim._kernels.factors import Numbers, fill_cauchy
from stabsim._kernels.stream import Floats, Words, fill_normal, fill_uniform

#: The laws of the disorder.
UNIFORM, GAUSSIAN, CAUCHY = 0, 1, 2


@kernel
def fill_transfer(words: Words, law: int, coupling: Floats, disorder: float, out: Numbers) -> None:
    """Fill ``out`` with the transfer matrices of slices of a bar.

    ``coupling`` (sites, sites) is the upper left block without disorder: the energy less the
    hopping within a slice. The disorder is that of a slice's sites, on the diagonal of the block.
    """
    steps, _, _, lanes = out.shape
    sites = coupling.shape[0]
    potential = np.empty((sites, lanes))
    for step in range(steps):
        flat = potential.reshape(-1)
        if law == UNIFORM:
            fill_uniform(words, flat)
            for i in range(flat.size):
                flat[i] -= 0.5
        elif law == GAUSSIAN:
            fill_normal(words, flat)
        else:
            fill_cauchy(words, 1.0, flat)
        for i in range(sites):
            for j in range(sites):
                here, before = (1.0, -1.0) if i == j else (0.0, 0.0)
                for lane in range(lanes):
                    out[step, i, j, lane] = coupling[i, j]
                    out[step, i, sites + j, lane] = before
                    out[step, sites + i, j, lane] = here
                    out[step, sites + i, sites + j, lane] = 0.0
            for lane in range(lanes):
                out[step, i, i, lane] -= disorder * potential[i, lane]
