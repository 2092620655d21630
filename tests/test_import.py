"""What importing stabsim costs, brings and offers."""

import subprocess
import sys
import textwrap

import pytest
from conftest import JIT_DISABLED
from numba.core.dispatcher import Dispatcher

import stabsim
from stabsim._kernels._jit import kernel

HEAVY = ("matplotlib", "scipy", "pandas", "joblib", "threadpoolctl", "tqdm", "stabsim.theory")

WARNINGS = ["-W", "error"]
if JIT_DISABLED:
    # Generators of random bits wrap around by design; only NumPy's scalars call that a warning.
    WARNINGS += ["-W", "ignore:overflow encountered in scalar:RuntimeWarning"]


def run(code):
    """Run a program of its own and return what it prints."""
    completed = subprocess.run(
        [sys.executable, *WARNINGS, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def loaded(code):
    return run(f"{code}\nimport sys\nprint(*(m for m in {HEAVY!r} if m in sys.modules))").split()


def test_the_import_brings_nothing_heavy():
    alone = loaded("import numba")
    assert set(loaded("import stabsim")) <= set(alone)
    # The witness: the modules asked for are there once they are used.
    assert {"scipy", "stabsim.theory"} <= set(loaded("import stabsim; stabsim.theory"))


def test_matplotlib_comes_with_the_first_plot():
    simulate = """
    import sys, stabsim
    growth = stabsim.matrix_product_growth(stabsim.Ginibre(2), 3, trials=4, rng=1)
    growth.summary()
    print("matplotlib" in sys.modules)
    import os
    os.environ["MPLBACKEND"] = "agg"
    growth.plot()
    print("matplotlib" in sys.modules)
    """
    assert run(simulate).split() == ["False", "True"]


def test_every_public_name_is_there():
    for name in stabsim.__all__:
        assert getattr(stabsim, name) is not None
    assert stabsim.__all__ == sorted(
        stabsim.__all__, key=lambda name: (name[0].islower(), not name.isupper(), name)
    )
    assert run("from stabsim import *; print(theory.__name__)").strip() == "stabsim.theory"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        stabsim.nothing  # noqa: B018


def test_the_first_steps_of_a_user_work():
    printed = run(
        """
        import stabsim
        from stabsim import Ginibre, matrix_product_growth

        growth = matrix_product_growth(Ginibre(4), 101, trials=200, norm="vector", rng=1)
        print(growth)
        print(growth.exact.lyapunov)
        """
    )
    assert "Ginibre(4)" in printed
    assert "0.55796" in printed


@pytest.mark.jit
def test_kernels_work_where_no_cache_can_be_written(monkeypatch):
    def refuse(self):
        raise RuntimeError("no locator available")

    monkeypatch.setattr(Dispatcher, "enable_caching", refuse)
    assert kernel(lambda x: x + 1.0)(2.0) == 3.0
