"""Every example is short, runs on its own, and prints something or saves a figure."""

from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.py"))
MAX_LINES = 60


def test_there_are_examples_in_order():
    assert EXAMPLES
    numbers = [path.name[:3] for path in EXAMPLES]
    assert numbers == [f"{number:02d}_" for number in range(1, len(EXAMPLES) + 1)]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


# Examples that take seconds: many figures, calibrations, formulas of SymPy, and a cluster of processes.
LONG = {"03_stock_returns", "05_your_own_transform", "06_gallery", "07_honest_errors", "08_symbolic"}
LONG |= {"09_coverage", "10_scaling", "11_other_divergences"}
# Fewer problems and runs than are shown by default: what they find is held to its claims by numerics/test_coverage.py.
ARGUMENTS = {"09_coverage": (24, 40)}


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.slow] * (path.stem in LONG)) for path in EXAMPLES],
    ids=lambda path: path.stem,
)
def test_example_runs_and_shows_something(path, run_python, tmp_path):
    done = run_python(path, *ARGUMENTS.get(path.stem, ()))
    figures = [figure for suffix in ("png", "svg", "pdf") for figure in tmp_path.rglob(f"*.{suffix}")]
    assert done.stdout.strip() or figures
    assert all(figure.stat().st_size > 1000 for figure in figures)
