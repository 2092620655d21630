"""What the first use of stabsim costs in a new process."""

import subprocess
import sys
from pathlib import Path

from benchmarks.comparison import Comparison, Contender

FIRST_CALL = """
import stabsim
stabsim.matrix_product_growth(stabsim.Ginibre(4), 101, trials=100, norm="vector", rng=1)
"""
# What Numba itself takes to run the smallest cached kernel.
SMALLEST_KERNEL = """
import numba

@numba.njit(cache=True)
def smallest(x):
    return x

smallest(1.0)
"""


def new_process(*arguments: str) -> Contender:
    return Contender(lambda: subprocess.run([sys.executable, *arguments], check=True))


def test_start(compare: Comparison, tmp_path: Path) -> None:
    smallest = tmp_path / "smallest.py"
    smallest.write_text(SMALLEST_KERNEL, encoding="utf-8")
    compare(
        "A new process, its kernels cached",
        "",
        {
            "import numba": new_process("-c", "import numba"),
            "import stabsim": new_process("-c", "import stabsim"),
            "numba and its smallest kernel": new_process(str(smallest)),
            "stabsim and a first call": new_process("-c", FIRST_CALL),
        },
        unit="process",
        pairs=[
            ("import numba", "import stabsim"),
            ("import stabsim", "stabsim and a first call"),
            ("numba and its smallest kernel", "stabsim and a first call"),
        ],
    )
