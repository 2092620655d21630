"""What every test runs under: compiled kernels that are current, and the JIT or its lack."""

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

JIT_DISABLED = os.environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"}


def kernel_cache(package: str) -> Path:
    """Return a folder named by the content of all kernels.

    Numba's cache does not notice an edit in another file than the cached function's own.
    """
    kernels = Path(package).parent / "_kernels"
    content = hashlib.sha256()
    for source in sorted(kernels.rglob("*.py")):
        content.update(source.relative_to(kernels).as_posix().encode())
        content.update(source.read_bytes())
    return Path(__file__).parents[1] / ".numba-cache" / content.hexdigest()[:16]


# Found, not imported: Numba reads the variable once, when it is imported itself. The checks of the
# built site run where no stabsim is installed.
stabsim = importlib.util.find_spec("stabsim")
if stabsim is not None and stabsim.origin is not None:
    os.environ.setdefault("NUMBA_CACHE_DIR", str(kernel_cache(stabsim.origin)))


def pytest_configure(config: pytest.Config) -> None:
    if JIT_DISABLED:
        # Generators of random bits wrap around by design; only NumPy's scalars call that a warning.
        config.addinivalue_line(
            "filterwarnings", "ignore:overflow encountered in scalar:RuntimeWarning"
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if JIT_DISABLED:
        for item in items:
            if item.get_closest_marker("jit"):
                item.add_marker(pytest.mark.skip(reason="needs the JIT"))


@pytest.fixture(autouse=JIT_DISABLED, scope="session")
def few_lanes() -> Iterator[None]:
    """Run few trials side by side, where plain Python would run the idle ones for long."""
    from stabsim._samplers import products, spectrum

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "_MOST_LANES", 4)
        patch.setattr(spectrum, "_MOST_LANES", 4)
        patch.setattr(spectrum, "_PILOT_STEPS", 8)
        yield
