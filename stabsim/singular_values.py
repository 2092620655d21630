"""The verb on the singular values of products."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stabsim import _validation as validation
from stabsim._kernels.radial import BETA
from stabsim._samplers.singular_values import (
    DenseSingularValues,
    IsometrySingularValues,
    TriangularSingularValues,
)
from stabsim._simulation import simulate
from stabsim.ensembles import Ensemble, Ginibre, Wishart
from stabsim.results.product_singular_values import ProductSingularValues

if TYPE_CHECKING:
    from os import PathLike

    import numpy as np

    from stabsim._montecarlo import Task
    from stabsim._random import RandomState
    from stabsim._simulation import Body, Execution
    from stabsim._targets import StandardError

__all__ = ["product_singular_values"]

METHODS = ("auto", "dense", "reduced")


def product_singular_values(
    ensemble: Ensemble,
    depth: int,
    *,
    trials: int,
    method: str = "auto",
    samples: bool = True,
    precision: float | StandardError | None = None,
    max_trials: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    rng: RandomState = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> ProductSingularValues:
    r"""Simulate all singular values of products of random matrices.

    Draws ``trials`` independent products :math:`P = A_t \cdots A_1` of ``depth`` factors and
    computes the logarithms of all :math:`\sigma_1 \ge \dots \ge \sigma_n`, each to nearly full
    relative precision, however many decades they span: QR decompositions of the factors in a moving
    frame, a triangular product with an exponent for every row, and one-sided Jacobi rotations
    :cite:p:`DemmelVeselic1992,Drmac2008`.

    Parameters
    ----------
    ensemble : Ensemble
        The law of a factor, e.g. ``Ginibre(4)``.
    depth : int
        Number of factors, positive.
    trials : int
        Number of independent products, positive.
    method : {"auto", "dense", "reduced"}, default "auto"
        ``"reduced"`` samples the exact law of the singular values at a lower cost, where the
        ensemble has one; ``"dense"`` draws and turns every factor; ``"auto"`` takes the reduced law
        if there is one. Both have the same law. ``result.method`` and ``result.reason`` say what
        ran and why.
    samples : bool, default True
        Keep the singular values of all trials. With False the result has moments and quantiles
        (from histograms of at most 8192 bins), in memory that does not grow with ``trials``.
    precision : float or StandardError, optional
        Go on in rounds until every exponent has this standard error; ``trials`` is then the first
        round. A `stabsim.StandardError` is relative, or of another estimate.
    max_trials : int, optional
        The most trials that ``precision`` may take, by default 1000 times ``trials``.
    checkpoint : path, optional
        A folder where finished trials are kept: a run that was killed goes on there when it is
        called again, and gives the same result bit for bit. A folder of another run is refused.
    rng : None, int, SeedSequence or Generator, optional
        The source of randomness. The result is bit-identical for the same seed, whatever the
        number of workers, on machines of one kind; a Generator gives a new result at every call.
        ``result.seed`` repeats it.
    n_jobs : int, optional
        Workers, in joblib's words; all available cores by default, or what an enclosing
        ``joblib.parallel_config`` says. Of joblib's backends all serve but ``"multiprocessing"``.
    progress : bool, default False
        Show a progress bar, on a terminal or in a notebook.

    Returns
    -------
    ProductSingularValues
        The logarithms of the singular values and their distribution by rank, with the limits of
        infinite width and infinite depth beside them.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of its range, before anything is simulated.

    Warns
    -----
    RuntimeWarning
        If ``precision`` was not reached in ``max_trials``.

    See Also
    --------
    stabsim.matrix_product_growth : Norms and the determinant, at many depths.
    stabsim.lyapunov_spectrum : Only the growth rates, from long products.
    stabsim.theory.FussCatalan : The law of the squares at infinite width.

    Notes
    -----
    **Estimator.** With a frame :math:`Q_0` and QR decompositions :math:`A_s Q_{s-1} = Q_s R_s` the
    product is :math:`Q_t R_t \cdots R_1 Q_0^\top` and has the singular values of the triangular
    product. (A product computed in floating point knows singular values down to
    :math:`10^{-16} \sigma_1`, and nothing of the others.) Against arithmetic of many digits, the
    logarithms are right to about :math:`10^{-16}(t + |\ln\sigma_i|)`: for Gaussian factors
    :math:`10^{-12}` at depth 1000, where the values span 300 decades or more. The precision does
    not depend on the sizes of a factor's rows and columns, as long as its entries other than zeros
    are within 300 decades of each other, and where the rest of it is near to a singular matrix its
    decomposition is computed with 106 bits.

    **Its limit.** All rounding errors are as if the entries of the factors, in the directions that
    they act on, had been changed in their last digit. That spoils a singular value if it is small
    against what a part of the product makes of its direction: relative to the angle between the
    direction that the first s factors bring, and the one that the others take up. Random factors
    leave such angles wide, whatever the depth. Exceptions are products that undo what they have
    done, such as those of a matrix and its own inverse in random order: if a direction is
    stretched by a number g on the way and shrunk again, up to :math:`2 \log_{10} g` digits are
    lost. (Blocks of coordinates that no factor couples are exempt: they do not share errors.)

    **Zeros.** A singular value that is exactly zero is ``-inf``. It comes from a factor whose
    columns, with the sizes of all rows and columns taken out, are dependent to 27 digits; the rank
    never recovers. `stabsim.Wishart` factors of fewer degrees than rows, which are singular up to
    their own rounding, are held to 13 digits.

    **Reduced laws.** QR of a Ginibre factor in any frame has an independent triangular factor, of
    chi variables and Gaussian ones, which is drawn itself. Other factors whose law rotations do
    not change, such as corners of Haar matrices or shifted Ginibre ones, are drawn and decomposed,
    but not turned. Multiples of Haar matrices have all singular values equal.

    **Cost.** A factor takes about :math:`0.15n + 0.0003n^3` µs for Ginibre matrices,
    :math:`0.3n + 0.0007n^3` µs by the other reduced laws and :math:`0.4n + 0.0015n^3` µs else; the
    singular values at the end take :math:`0.004n^3` µs. Complex factors cost as much as real ones
    of twice the size.

    Examples
    --------
    Beside the largest singular value of a thousand 4×4 Gaussian matrices, all others are nothing:

    >>> import stabsim
    >>> values = stabsim.product_singular_values(stabsim.Ginibre(4), 1000, trials=100, rng=1)
    >>> for exponent, error, exact in zip(
    ...     values.lyapunov, values.lyapunov_se, values.exact.exponents, strict=True
    ... ):
    ...     print(f"{exponent:.4f} ± {error:.4f}, at infinite depth {exact:.4f}")
    0.5602 ± 0.0013, at infinite depth 0.5580
    0.3658 ± 0.0012, at infinite depth 0.3648
    0.0551 ± 0.0020, at infinite depth 0.0580
    -0.6417 ± 0.0036, at infinite depth -0.6352
    """
    return simulate(
        "product_singular_values",
        plan,
        {"ensemble": ensemble, "depth": depth, "method": method, "samples": samples},
        trials=trials,
        estimated=ProductSingularValues.estimated,
        precision=precision,
        max_trials=max_trials,
        checkpoint=checkpoint,
        rng=rng,
        n_jobs=n_jobs,
        progress=progress,
    )


def plan(
    seed: np.random.SeedSequence, *, ensemble: Ensemble, depth: int, method: str, samples: bool
) -> Body[ProductSingularValues]:
    """Check the arguments of `product_singular_values`, and return what runs trials."""
    if not isinstance(ensemble, Ensemble):
        raise TypeError(
            f"ensemble must be an Ensemble such as Ginibre(4), got {validation.described(ensemble)}"
        )
    depth = validation.integer("depth", depth, least=1)
    validation.choice("method", method, METHODS)
    validation.flag("samples", samples)
    task, used, reason = _task(ensemble, depth, method)

    def body(execution: Execution, trials: int) -> ProductSingularValues:
        return ProductSingularValues(
            ensemble=ensemble,
            depth=depth,
            trials=trials,
            method=used,
            reason=reason,
            seed=seed,
            statistics=execution.run("trials", task, trials, seed, samples=samples),
        )

    return body


def _task(ensemble: Ensemble, depth: int, method: str) -> tuple[Task, str, str]:
    """Return the sampler, its name and the reason for it."""
    # Where the growth of a vector does not depend on its direction, neither does the law of R.
    law = None
    if ensemble.independent and ensemble.identically_distributed:
        law = ensemble.radial_law("vector")
    if method == "dense" or law is None:
        if method == "reduced":
            raise ValueError(
                "method must be 'auto' or 'dense' where no reduced law is known, got 'reduced' for "
                f"{ensemble!r}"
            )
        reason = "asked for" if method == "dense" else "no reduced law is known"
        rounded = _is_singular_to_rounding(ensemble)
        return DenseSingularValues(ensemble, depth, rotate=True, rounded=rounded), "dense", reason
    if isinstance(ensemble, Ginibre):
        reason = "triangular factors of Ginibre matrices are drawn themselves"
        return TriangularSingularValues(ensemble, depth), "reduced", reason
    if law.family == BETA and law.complement == 0 and law.shift == 0.0:
        logarithm = depth * math.log(abs(law.scale)) if law.scale != 0.0 else -math.inf
        reason = "all singular values of such factors are equal"
        return IsometrySingularValues(ensemble.n, logarithm), "reduced", reason
    reason = "the law of the factors is the same in every frame"
    return DenseSingularValues(ensemble, depth, rotate=False), "reduced", reason


def _is_singular_to_rounding(ensemble: Ensemble) -> bool:
    """Return whether factors come as rounded products that have a lower rank."""
    if isinstance(ensemble, Wishart):
        return ensemble.degrees < ensemble.n
    return any(map(_is_singular_to_rounding, getattr(ensemble, "ensembles", ())))
