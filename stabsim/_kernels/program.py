"""A network as data: one row of codes and one of parameters for each of its operations.

Kernels walk the rows, so one compilation serves every architecture made of these operations. The
columns are named here.
"""

#: Operations.
LINEAR, ELEMENTWISE = range(2)

#: Columns of the codes: what a row is, its numbers of inputs and outputs, then for a linear map the
#: laws of its weights and biases, for an elementwise function its activation.
OPERATION, FAN_IN, FAN_OUT, WEIGHT_LAW, BIAS_LAW = range(5)
ACTIVATION = WEIGHT_LAW
CODES = 5

#: Laws of weights and biases.
CONSTANT, GAUSSIAN, UNIFORM, TRUNCATED_GAUSSIAN, ORTHOGONAL = range(5)

#: Columns of the parameters. For a linear map: the weights' scale (the value of a constant, the
#: standard deviation of a Gaussian, also of the one that is truncated, the half-width of a uniform
#: law, the gain of an orthogonal matrix), the bound of a truncated Gaussian in units of that
#: scale, and the biases' scale. Then, for the elementwise functions after the map taken as one:
#: below ``NEAR`` and beyond ``FAR`` in magnitude it is a line on either side of 0, with these
#: slopes. An elementwise function has its own parameter in the first column.
WEIGHT_SCALE, WEIGHT_BOUND, BIAS_SCALE = range(3)
NEAR, NEAR_LEFT, NEAR_RIGHT, FAR, FAR_LEFT, FAR_RIGHT = range(3, 9)
PARAMETER = WEIGHT_SCALE
PARAMETERS = 9
