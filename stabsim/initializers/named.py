"""The initializers of PyTorch and of Keras by their names."""

from __future__ import annotations

import difflib
import math
from functools import partial
from typing import TYPE_CHECKING, Any

from stabsim import _validation as validation
from stabsim.initializers.init import MOST_SCALE, Init, scale

if TYPE_CHECKING:
    from collections.abc import Callable


def _kaiming(distribution: str, *, a: Any = None, mode: str = "fan_in", gain: Any = None) -> Init:
    if gain is None:
        slope = 0.0 if a is None else validation.real("a", a, least=-MOST_SCALE, most=MOST_SCALE)
        gain = math.sqrt(2.0) / math.hypot(1.0, slope)
    elif a is not None:
        given = f"a={validation.described(a)} and gain={validation.described(gain)}"
        raise TypeError(f"a must not be given beside gain, got {given}")
    return Init(distribution, gain=gain, mode=mode)


def _normal(*, std: Any) -> Init:
    return Init("normal", gain=scale("std", std), mode="fixed")


def _uniform(*, bound: Any) -> Init:
    return Init("uniform", gain=scale("bound", bound) / math.sqrt(3.0), mode="fixed")


def _truncated_normal(*, std: Any) -> Init:
    return Init("truncated_normal", gain=scale("std", std), mode="fixed", rescaled=False)


def _trunc_normal(*, std: Any, bound: Any) -> Init:
    std = validation.real("std", std, least=1 / MOST_SCALE, most=MOST_SCALE)
    bound = validation.real("bound", bound, least=1 / MOST_SCALE, most=MOST_SCALE)
    return Init("truncated_normal", gain=std, mode="fixed", bound=bound / std, rescaled=False)


def _constant(*, value: Any) -> Init:
    value = validation.real("value", value, least=-MOST_SCALE, most=MOST_SCALE)
    return Init("constant", gain=value, mode="fixed")


# What makes the initializer of each name, and the parameters that it takes.
_NAMED: dict[str, tuple[Callable[..., Init], tuple[str, ...]]] = {
    "xavier_normal": (partial(Init, "normal", mode="fan_avg"), ("gain",)),
    "xavier_uniform": (partial(Init, "uniform", mode="fan_avg"), ("gain",)),
    "kaiming_normal": (partial(_kaiming, "normal"), ("a", "mode", "gain")),
    "kaiming_uniform": (partial(_kaiming, "uniform"), ("a", "mode", "gain")),
    "torch_default": (
        partial(Init, "uniform", gain=math.sqrt(1.0 / 3.0), bias_bound=1.0),
        ("gain",),
    ),
    "orthogonal": (partial(Init, "orthogonal"), ("gain",)),
    "normal": (partial(_normal, std=1.0), ("std",)),
    "uniform": (partial(_uniform, bound=1.0), ("bound",)),
    "trunc_normal": (partial(_trunc_normal, std=1.0, bound=2.0), ("std", "bound")),
    "constant": (partial(_constant, value=0.0), ("value",)),
    "zeros": (partial(_constant, value=0.0), ()),
    "ones": (partial(_constant, value=1.0), ()),
    "glorot_normal": (partial(Init, "truncated_normal", mode="fan_avg"), ("gain",)),
    "glorot_uniform": (partial(Init, "uniform", mode="fan_avg"), ("gain",)),
    "he_normal": (partial(_kaiming, "truncated_normal"), ("a", "mode", "gain")),
    "he_uniform": (partial(_kaiming, "uniform"), ("a", "mode", "gain")),
    "lecun_normal": (partial(Init, "truncated_normal"), ("gain",)),
    "lecun_uniform": (partial(Init, "uniform"), ("gain",)),
    "keras_default": (partial(Init, "uniform", mode="fan_avg"), ("gain",)),
    "random_normal": (partial(_normal, std=0.05), ("std",)),
    "random_uniform": (partial(_uniform, bound=0.05), ("bound",)),
    "truncated_normal": (partial(_truncated_normal, std=0.05), ("std",)),
}


def get(init: str | Init, **parameters: Any) -> Init:
    r"""Return an initializer by its name, or one as it is.

    Parameters
    ----------
    init : str or Init
        A name of the table below, or an initializer, which is returned unchanged.
    **parameters : float or str
        The parameters of that name; those that are left out have the default of the table.

    Returns
    -------
    Init
        The initializer.

    Raises
    ------
    ValueError
        If no initializer has this name (the message lists them), or a parameter is out of its
        range: scales in [0, 1e60], ``value`` in [-1e60, 1e60].
    TypeError
        If ``init`` is neither a name nor an `Init`, or a parameter is unknown, of the wrong type,
        or given beside one that it replaces.

    See Also
    --------
    names : The names alone.
    Init : The law of any other initializer.

    Notes
    -----
    The first names are PyTorch's, the others Keras's. Those that differ in nothing else differ in
    this: a ``normal`` is a Gaussian in PyTorch, and in Keras a Gaussian that is truncated at two of
    its standard deviations and rescaled, except for ``random_normal``. Biases are zero but for
    ``torch_default``. With the gain :math:`g`, :math:`n_\text{in}` inputs, :math:`n_\text{out}`
    outputs, and :math:`\bar n = (n_\text{in} + n_\text{out})/2`:

    .. list-table::
       :header-rows: 1
       :widths: 20 35 30 15

       * - Name
         - Law of a weight
         - Parameters
         - Source
       * - ``xavier_normal``
         - Gaussian, variance :math:`g^2/\bar n`
         - ``gain=1``
         - :cite:p:`Glorot2010`
       * - ``xavier_uniform``
         - uniform, variance :math:`g^2/\bar n`
         - ``gain=1``
         - :cite:p:`Glorot2010`
       * - ``kaiming_normal``
         - Gaussian, variance :math:`g^2/n_\text{in}`, or :math:`g^2/n_\text{out}` with
           ``mode="fan_out"``
         - ``a=0``, ``mode="fan_in"``; ``gain`` instead of ``a``, which gives
           :math:`g = \sqrt{2/(1 + a^2)}`
         - :cite:p:`He2015`
       * - ``kaiming_uniform``
         - uniform, variance :math:`g^2/n_\text{in}`, or :math:`g^2/n_\text{out}`
         - as for ``kaiming_normal``
         - :cite:p:`He2015`
       * - ``torch_default``
         - uniform on :math:`\pm 1/\sqrt{n_\text{in}}`, biases too: ``nn.Linear``, which calls
           ``kaiming_uniform`` with :math:`a = \sqrt 5`
         - ``gain=1/√3``, of the weights
         -
       * - ``orthogonal``
         - :math:`g` times orthonormal rows or columns, see `Init`
         - ``gain=1``
         - :cite:p:`Saxe2014`
       * - ``normal``
         - Gaussian, mean 0
         - ``std=1``
         -
       * - ``uniform``
         - uniform on :math:`\pm` ``bound`` (PyTorch's own default is [0, 1])
         - ``bound=1``
         -
       * - ``trunc_normal``
         - Gaussian, mean 0, truncated at :math:`\pm` ``bound`` in the units of the weights and
           not rescaled: ``std`` is that before truncation
         - ``std=1``, ``bound=2``, both in [1e-60, 1e60]
         -
       * - ``constant``, ``zeros``, ``ones``
         - ``value``, 0, 1
         - ``value=0``, none, none
         -
       * - ``glorot_normal``
         - truncated Gaussian, variance :math:`g^2/\bar n`
         - ``gain=1``
         - :cite:p:`Glorot2010`
       * - ``glorot_uniform``
         - ``xavier_uniform``
         - ``gain=1``
         - :cite:p:`Glorot2010`
       * - ``he_normal``
         - truncated Gaussian, variance :math:`g^2/n_\text{in}`, or :math:`g^2/n_\text{out}`
         - as for ``kaiming_normal``
         - :cite:p:`He2015`
       * - ``he_uniform``
         - ``kaiming_uniform``
         - as for ``kaiming_normal``
         - :cite:p:`He2015`
       * - ``lecun_normal``
         - truncated Gaussian, variance :math:`g^2/n_\text{in}`
         - ``gain=1``
         - :cite:p:`LeCun1998`
       * - ``lecun_uniform``
         - uniform, variance :math:`g^2/n_\text{in}`
         - ``gain=1``
         - :cite:p:`LeCun1998`
       * - ``keras_default``
         - ``glorot_uniform``: ``Dense``
         - ``gain=1``
         -
       * - ``random_normal``
         - Gaussian, mean 0
         - ``std=0.05``
         -
       * - ``random_uniform``
         - uniform on :math:`\pm` ``bound``
         - ``bound=0.05``
         -
       * - ``truncated_normal``
         - Gaussian, mean 0, truncated at two standard deviations and not rescaled
         - ``std=0.05``
         -

    Examples
    --------
    >>> from stabsim import initializers
    >>> initializers.get("xavier_normal", gain=1.5)
    Init('normal', gain=1.5, mode='fan_avg')
    >>> initializers.get("kaiming_uniform", a=1.0)
    Init('uniform')
    >>> initializers.get("glorot_normal")
    Init('truncated_normal', mode='fan_avg')
    """
    if isinstance(init, Init):
        if parameters:
            raise TypeError(f"{next(iter(parameters))} must not be given: {init!r} has its law")
        return init
    if not isinstance(init, str):
        raise TypeError(f"init must be a name or an Init, got {validation.described(init)}")
    if init not in _NAMED:
        near = difflib.get_close_matches(init.lower(), _NAMED, n=1)
        suggestion = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"init must be one of {', '.join(_NAMED)}, got {validation.described(init)}{suggestion}"
        )
    make, known = _NAMED[init]
    for parameter in parameters:
        if parameter not in known:
            raise TypeError(
                f"{parameter} must be a parameter of {init!r}: it has {', '.join(known) or 'none'}"
            )
    return make(**parameters)


def names() -> tuple[str, ...]:
    """Return the names of all initializers, PyTorch's before Keras's.

    Returns
    -------
    tuple of str
        The names.

    Examples
    --------
    >>> from stabsim import initializers
    >>> initializers.names()[:4]
    ('xavier_normal', 'xavier_uniform', 'kaiming_normal', 'kaiming_uniform')
    """
    return tuple(_NAMED)
