#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2026.8.17"]
# ///
"""Everything that is done with stabsim besides using it; ``nox --list`` tells it."""

import hashlib
import os
import secrets
import shutil
import webbrowser
from pathlib import Path

import nox
from python_discovery import get_interpreter

nox.needs_version = ">=2026.8.17"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
DOCS = ROOT / "docs"
SITE = DOCS / "_build" / "html"
GENERATED = [DOCS / "_build", DOCS / "gallery", DOCS / "api" / "generated"]


def usable_pythons() -> list[str]:
    """Return the supported Python versions that start on this machine.

    A name on ``PATH`` proves nothing (pyenv puts a shim there for every version it holds, and
    refuses to run those not selected), and a version pyenv holds need not be on ``PATH``.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    usable = []
    for version in nox.project.python_versions(PYPROJECT):
        path = os.environ["PATH"]
        held = [f"{folder}{os.pathsep}{path}" for folder in pyenv.glob(f"versions/{version}.*/bin")]
        for candidate in [path, *held]:
            if get_interpreter(version, env={**os.environ, "PATH": candidate}):
                os.environ["PATH"] = candidate
                usable.append(version)
                break
    return usable


def environment() -> dict[str, str]:
    """Return the variables that every session runs Python with.

    Numba's cache does not notice an edit in another file than the cached function's own, so its
    folder is named by the content of all kernels.
    """
    kernels = ROOT / "stabsim" / "_kernels"
    content = hashlib.sha256()
    for source in sorted(kernels.rglob("*.py")):
        content.update(source.relative_to(kernels).as_posix().encode())
        content.update(source.read_bytes())
    cache = ROOT / ".nox" / ".numba-cache" / content.hexdigest()[:16]
    return {"MPLBACKEND": "agg", "NUMBA_CACHE_DIR": str(cache)}


def install(session: nox.Session, *groups: str) -> None:
    """Install the package as it stands in the checkout, with some dependency groups."""
    session.install("-e.", *nox.project.dependency_groups(PYPROJECT, *groups))


def build_site(session: nox.Session, *arguments: str) -> None:
    """Build the documentation, every warning an error, references checked."""
    install(session, "docs")
    command = ["sphinx-build", "-W", "-n", "--keep-going", "-b", "html", *arguments]
    session.run(*command, "docs", str(SITE), env=environment())


PYTHONS = usable_pythons()


@nox.session(python=PYTHONS[:1])
def tests(session: nox.Session) -> None:
    """Run the tests and doctests; arguments go to pytest."""
    install(session, "test")
    session.run("pytest", "-n2", "--dist=worksteal", *session.posargs, env=environment())


@nox.session(python=PYTHONS[1:] or PYTHONS, default=False)
def pythons(session: nox.Session) -> None:
    """Run what differs between Pythons, the import and every example, on the other ones."""
    install(session, "test")
    examples = ["tests/test_import.py", "tests/test_readme.py", "stabsim"]
    session.run("pytest", "-n2", *examples, *session.posargs, env=environment())


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site. --open: show it in a browser; --clean: build it anew."""
    arguments = list(session.posargs)
    show = "--open" in arguments
    clean = "--clean" in arguments
    if clean:
        for folder in GENERATED:
            shutil.rmtree(folder, ignore_errors=True)
    build_site(session, *(word for word in arguments if word not in {"--open", "--clean"}))
    page = SITE / "index.html"
    print(f"\nThe site is built. Open it in a browser: {page.as_uri()}\n")
    if show:
        webbrowser.open(page.as_uri())


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, floors and spelling."""
    install(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")
    session.run("codespell")


@nox.session(default=False)
def nojit(session: nox.Session) -> None:
    """Measure coverage, kernels run as plain Python; arguments go to pytest."""
    install(session, "coverage")
    variables = {**environment(), "NUMBA_DISABLE_JIT": "1"}
    session.run("pytest", "-n2", "--cov=stabsim", "tests", *session.posargs, env=variables)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Call all that is public with hostile arguments, by a fresh seed; arguments go to pytest."""
    install(session, "test")
    # The last of two seeds counts, so that one given repeats a run.
    seed = f"--hypothesis-seed={secrets.randbelow(2**32)}"
    session.run("pytest", "tests/fuzz", seed, *session.posargs, env=environment())


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Compare speeds within one run; arguments go to pytest."""
    install(session, "bench")
    session.run("pytest", "tests/benchmarks", *session.posargs, env=environment())


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """Build the source distribution, and the wheel from it."""
    session.install("build")
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    session.run("python", "-m", "build")


@nox.session(default=False, requires=["build"], reuse_venv=False)
def wheel(session: nox.Session) -> None:
    """Test that the wheel alone, away from the checkout, is all there."""
    (distribution,) = (ROOT / "dist").glob("*.whl")
    (source,) = (ROOT / "dist").glob("*.tar.gz")
    away = Path(session.create_tmp())
    shutil.rmtree(away / "source", ignore_errors=True)
    shutil.unpack_archive(source, away / "source")
    (unpacked,) = (away / "source").iterdir()
    shutil.rmtree(unpacked / "stabsim")
    session.install(str(distribution))
    session.chdir(unpacked)
    session.run("python", "-c", "import stabsim; print(stabsim.__file__)")
    session.install(*nox.project.dependency_groups(PYPROJECT, "test"))
    whole = ["tests/test_import.py", "tests/test_readme.py"]
    session.run("pytest", *whole, *session.posargs, env=environment())


@nox.session(default=False)
def verify(session: nox.Session) -> None:
    """Recompute every published value, with a fresh seed; --write: for the site."""
    install(session, "test")
    variables = {**environment(), "PYTHONPATH": str(ROOT / "tests")}
    session.run("python", "-m", "verification", *session.posargs, env=variables)


@nox.session(default=False)
def calibration(session: nox.Session) -> None:
    """Count how often 95 % intervals hold the true value; --write: for the site."""
    install(session, "test")
    session.run("python", "tests/calibration.py", *session.posargs, env=environment())


@nox.session(default=False)
def faults(session: nox.Session) -> None:
    """Kill, interrupt, damage and fill up: nothing is lost or wrong; --write: for the site."""
    install(session, "faults")
    variables = {**environment(), "PYTHONPATH": str(ROOT / "tests")}
    session.run("python", "-m", "faults", *session.posargs, env=variables)


@nox.session(default=False)
def site(session: nox.Session) -> None:
    """Look at the built site in a headless Chromium; arguments go to pytest."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        message = "the site was NOT checked: no Chromium on PATH (Debian's package is chromium)"
        if os.environ.get("CI"):
            session.error(message)
        session.skip(message)
    if not (SITE / "index.html").exists():
        build_site(session)
    install(session, "site")
    session.run("pytest", "-n2", "tests/site", *session.posargs, env={"CHROMIUM": str(browser)})


@nox.session(name="repo-review", default=False)
def repo_review(session: nox.Session) -> None:
    """Hold the repository to the Scientific Python guide."""
    session.install("sp-repo-review[cli]", "validate-pyproject[all]")
    session.run("repo-review", ".")


if __name__ == "__main__":
    nox.main()
