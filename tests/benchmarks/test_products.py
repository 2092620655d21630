"""The textbook's product, one matrix times 100 more, against what a user would write."""

from collections.abc import Callable

import numpy as np
import pytest
from benchmarks.comparison import Comparison, Contender

import stabsim
from stabsim._kernels import stream

FACTORS = 101
#: Numbers that a contender draws in one go: so many that the overhead of a call vanishes.
DRAWS = 1 << 24
#: Numbers held by a batch of factors, in bytes; the best one is raced.
BATCHES = (1 << 14, 1 << 16, 1 << 18, 1 << 20)


def trials(draws_per_factor: int) -> int:
    """Return a number of products that takes some tens of milliseconds."""
    return max(1, DRAWS // (FACTORS * draws_per_factor))


def verb(n: int, norm: str, method: str, count: int, *, n_jobs: int = 1) -> stabsim.ProductGrowth:
    return stabsim.matrix_product_growth(
        stabsim.Ginibre(n),
        FACTORS,
        trials=count,
        norm=norm,
        record=[FACTORS],
        method=method,
        rng=1,
        n_jobs=n_jobs,
    )


def numpy_loop(n: int, columns: int) -> np.ndarray:
    """Multiply one product as the textbook does, or one vector by its factors."""
    rng = np.random.default_rng(1)
    product = np.eye(n, columns)
    for _ in range(FACTORS):
        product = rng.standard_normal((n, n)) @ product
    return product


def batched(n: int, columns: int, batch: int) -> np.ndarray:
    """Multiply many products at once, without allocating anything on the way."""
    rng = np.random.default_rng(1)
    factors = np.empty((batch, n, n))
    old, new = np.empty((2, batch, n, columns))
    old[:] = np.eye(n, columns)
    for _ in range(FACTORS):
        rng.standard_normal(out=factors)
        np.matmul(factors, old, out=new)
        old, new = new, old
    return old


def best_batch(n: int, columns: int) -> Contender:
    """Return the batch size that takes the least time for a product."""
    contenders = [
        Contender(lambda size=size: batched(n, columns, size), size)
        for size in sorted({max(1, memory // (8 * n * n)) for memory in BATCHES})
    ]
    return min(contenders, key=Contender.shortest)


def draws_alone(n: int, count: int) -> Callable[[], None]:
    """Return what draws the entries of ``count`` products, one factor at a time, into one place."""
    state = np.random.SFC64(1).state["state"]["state"].copy()
    out = np.empty(min(max(n * n, 1 << 10), count * FACTORS * n * n))
    blocks = count * FACTORS * n * n // out.size

    def fill() -> None:
        for _ in range(blocks):
            stream.fill_normal(state, out)

    return fill


@pytest.mark.parametrize("norm", ["vector", "frobenius"])
@pytest.mark.parametrize("n", [2, 4, 16, 64, 256])
def test_products(n: int, norm: str, compare: Comparison) -> None:
    columns = 1 if norm == "vector" else n
    count = trials(n * n)
    # The reduced law of a vector's norm takes one draw a factor.
    reduced = trials(16) if norm == "vector" else count
    compare(
        f"Products of {FACTORS} factors, the norm of a vector's image"
        if norm == "vector"
        else f"Products of {FACTORS} factors, the Frobenius norm",
        f"{n} × {n}",
        {
            "dense": Contender(lambda: verb(n, norm, "dense", count), count),
            "reduced": Contender(lambda: verb(n, norm, "reduced", reduced), reduced),
            "NumPy loop": Contender(lambda: numpy_loop(n, columns)),
            "batched np.matmul": best_batch(n, columns),
            "our draws alone": Contender(draws_alone(n, count), count),
        },
        unit="product",
        pairs=[
            ("dense", "NumPy loop"),
            ("dense", "batched np.matmul"),
            ("dense", "our draws alone"),
            ("reduced", "dense"),
        ],
    )


@pytest.mark.parametrize(
    ("n", "norm", "method"),
    [
        (4, "vector", "dense"),
        (4, "frobenius", "dense"),
        (4, "vector", "reduced"),
        (64, "frobenius", "dense"),
    ],
)
def test_two_threads(n: int, norm: str, method: str, compare: Comparison) -> None:
    # Enough for many chunks, so that two threads end at about the same time.
    count = {"vector": 6, "frobenius": 3}[norm] * trials(n * n if method == "dense" else 4)
    compare(
        "Two threads",
        f"{n} × {n}, {norm}, {method}",
        {
            "two threads": Contender(lambda: verb(n, norm, method, count, n_jobs=2), count),
            "one thread": Contender(lambda: verb(n, norm, method, count), count),
        },
        unit="product",
    )
    one, two = (verb(n, norm, method, count, n_jobs=jobs).log_norm for jobs in (1, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("method", ["dense", "reduced"])
def test_few_trials(method: str, compare: Comparison) -> None:
    few, many = 10_000, 200_000
    compare(
        "What a call adds to its kernel",
        f"4 × 4, vector, {method}",
        {
            f"{few} trials": Contender(lambda: verb(4, "vector", method, few), few),
            f"{many} trials": Contender(lambda: verb(4, "vector", method, many), many),
        },
        unit="product",
    )
