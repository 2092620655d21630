"""What results do with arrays: hand them out read-only, and check those they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def validated_levels(q: ArrayLike) -> NDArray[np.float64]:
    """Return the probabilities ``q`` of quantiles as an array."""
    try:
        levels = np.asarray(q, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"q must be probabilities in [0, 1], got {q!r}") from error
    if not ((levels >= 0.0) & (levels <= 1.0)).all():
        raise ValueError(f"q must be probabilities in [0, 1], got {q!r}")
    return levels
