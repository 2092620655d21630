"""All Numba code of stabsim: arrays and scalars in, ``out`` filled.

Nothing here validates, knows a Python object or imports another room of the package.
"""
