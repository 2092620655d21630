"""Finite sets of matrices with simple products: triangular, commuting, orthogonal, rank one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import schur

from stabsim.ensembles import AndersonTransfer, Ensemble, FiniteSet, Shifted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# What rounding adds to an entry that is zero, in units of the norm.
_ROUNDING = 1e-13


def as_finite_set(ensemble: Ensemble) -> FiniteSet | None:
    """Return the finite set that an ensemble is, without impossible matrices, or None."""
    match ensemble:
        case FiniteSet():
            possible = ensemble.probabilities > 0.0
            return FiniteSet(ensemble.matrices[possible], ensemble.probabilities[possible])
        case Shifted(scale=0.0):
            return FiniteSet([ensemble.shift * np.eye(ensemble.n)])
        case Shifted(ensemble=FiniteSet() as inner):
            matrices = ensemble.shift * np.eye(ensemble.n) + ensemble.scale * inner.matrices
            return as_finite_set(FiniteSet(matrices, inner.probabilities))
        case AndersonTransfer(width=1, disorder=0.0):
            return FiniteSet([[[ensemble.energy, -1.0], [1.0, 0.0]]])
    return None


def _powers_of_two(matrices: NDArray[Any]) -> Floats:
    """Return the powers of two (m, 1, 1) that matrices may be divided by before a square is taken.

    They are exact divisors that leave the largest entries near one; 1 for a matrix of zeros.
    """
    largest = abs(matrices).max(axis=(1, 2), keepdims=True)
    return np.asarray(np.exp2(np.floor(np.log2(np.where(largest > 0.0, largest, 1.0)))))


def triangular_diagonals(matrices: NDArray[Any]) -> NDArray[Any] | None:
    """Return the diagonals (m, n) of matrices that are triangular in a common basis, or None."""
    diagonals: NDArray[Any] = np.diagonal(matrices, axis1=1, axis2=2)
    if (np.tril(matrices, -1) == 0.0).all() or (np.triu(matrices, 1) == 0.0).all():
        return diagonals
    # The Schur basis of a mixture is a common one for commuting matrices, but for coincidences of
    # the mixture's eigenvalues that the irrational weights avoid.
    scales = _powers_of_two(matrices)
    matrices = matrices / scales
    sizes = np.linalg.norm(matrices, axis=(1, 2))
    weights = np.sqrt(np.arange(2.0, len(matrices) + 2.0)) / np.where(sizes > 0.0, sizes, 1.0)
    _, basis = schur(np.tensordot(weights, matrices, axes=1), output="complex")
    turned = basis.conj().T @ matrices @ basis
    tolerance = _ROUNDING * sizes[:, None]
    if (abs(np.tril(turned, -1)).max(axis=2) > tolerance).any():
        return None
    diagonals = np.diagonal(turned, axis1=1, axis2=2)
    return np.where(abs(diagonals) > tolerance, diagonals, 0.0) * scales[:, 0]


def similarity_scales(matrices: NDArray[Any]) -> Floats | None:
    """Return the scales of matrices that are orthogonal or unitary up to a scale, or None."""
    n = matrices.shape[1]
    scales = _powers_of_two(matrices)
    matrices = matrices / scales
    grams = np.swapaxes(matrices.conj(), 1, 2) @ matrices
    squares = np.trace(grams, axis1=1, axis2=2).real / n
    away = abs(grams - squares[:, None, None] * np.eye(n)).max(axis=(1, 2))
    if (away > _ROUNDING * squares).any():
        return None
    return np.asarray(np.sqrt(squares) * scales[:, 0, 0])


def rank_one_overlaps(matrices: NDArray[Any]) -> Floats | None:
    """Return by how much matrix j stretches the image of matrix i, (i, j), if all have rank one."""
    left, sizes, right = np.linalg.svd(matrices)
    if (sizes[:, 0] == 0.0).any() or (sizes[:, 1:] > _ROUNDING * sizes[:, :1]).any():
        return None
    overlaps = abs(np.einsum("ia,ja->ij", left[:, :, 0], right[:, 0, :]))
    return np.asarray(np.where(overlaps > _ROUNDING, overlaps, 0.0) * sizes[:, 0])
