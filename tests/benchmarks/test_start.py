"""What the first use of stabsim costs in a new process."""

import subprocess
import sys

from benchmarks.comparison import Comparison, Contender

FIRST_CALL = """
stabsim.matrix_product_growth(stabsim.Ginibre(4), 101, trials=100, method="{method}", rng=1)
"""


def new_process(program: str) -> Contender:
    return Contender(lambda: subprocess.run([sys.executable, "-c", program], check=True))


def test_start(compare: Comparison) -> None:
    names = {method: f"stabsim and a first {method} call" for method in ("dense", "reduced")}
    calls = {
        name: new_process("import stabsim" + FIRST_CALL.format(method=method))
        for method, name in names.items()
    }
    compare(
        "A new process, its kernels cached",
        "",
        {
            "import numba": new_process("import numba"),
            "import stabsim": new_process("import stabsim"),
            **calls,
        },
        unit="process",
        pairs=[
            ("import numba", "import stabsim"),
            *(("import stabsim", name) for name in names.values()),
        ],
    )
