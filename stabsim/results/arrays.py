"""What results do with arrays: hand them out read-only, and check those they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stabsim import _validation as validation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def validated_levels(q: ArrayLike) -> NDArray[np.float64]:
    """Return the probabilities ``q`` of quantiles as an array."""
    return validation.probabilities("q", q)
