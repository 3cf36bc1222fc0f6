"""Hypothesis profiles, a headless matplotlib, and the one way in which tests start other processes."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["MPLBACKEND"] = "Agg"
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # for the dozens of processes to come: the first compiles the package

# Chosen by HYPOTHESIS_PROFILE or by --hypothesis-profile. Machines are shared, so there is no deadline for one example.
settings.register_profile("fast", max_examples=30, deadline=None, derandomize=True)
settings.register_profile("long", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """The sixteen thousand tests live to the end: a fifth of the time of collecting them went into looking for garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root():
    """The folder of the checkout."""
    return ROOT


@pytest.fixture
def run(tmp_path):
    """Run a command in an empty folder, against this checkout; exit code 0 is part of the bargain."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))

    def command(*words, timeout=300):
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            [str(word) for word in words],
            cwd=tmp_path,
            env=environment,
            timeout=timeout,
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return command


@pytest.fixture
def run_python(run):
    """Run the interpreter with these arguments, warnings as errors."""
    return lambda *words, **options: run(sys.executable, "-W", "error", *words, **options)
