"""All Numba code of stabsim: arrays and scalars in, ``out`` filled.

Kernels validate nothing and know no Python object; compiling a function of the user's is the one
thing here that can fail. Nothing here imports another room of the package.
"""
