"""`import densities` is cheap, gives everything it names, and the tables of the README are those of the registries."""

import json
import re
import subprocess
import sys

import pytest

import densities as dn

# What a first import may cost beside NumPy and SciPy's special functions, and how often it is timed: the best counts.
RATIO, ATTEMPTS = 1.3, 5
HEAVY = ("scipy.stats", "scipy.optimize", "scipy.integrate", "matplotlib", "sympy", "rich", "mpmath")
REGISTERED = (
    "import json, densities as dn; "
    "print(json.dumps({kind: getattr(dn, kind).registry.names() for kind in ('distributions', 'transforms', 'divergences')}))"
)


def seconds(code):
    """Of processor time, in a fresh interpreter: what else runs on the machine has no part in it."""
    words = [sys.executable, "-c", f"{code}; import time; print(time.process_time())"]
    return float(subprocess.run(words, check=True, capture_output=True).stdout)


@pytest.mark.slow
def test_import_costs_little_more_than_numpy_and_special_functions():
    pairs = [(seconds("import densities"), seconds("import numpy, scipy.special")) for _ in range(ATTEMPTS)]
    ours, theirs = (min(times) for times in zip(*pairs, strict=True))
    assert ours <= RATIO * theirs


def test_nothing_heavy_is_loaded_before_it_is_needed(run_python):
    """By any of these uses, one after the other; the plots, which come last, load matplotlib alone."""
    uses = dict.fromkeys(("dn.Normal", "dn.kl(dn.Normal(), dn.Normal(1, 2))", "dn.validate", "dn.parse"), HEAVY)
    uses["dn.plot"] = tuple(name for name in HEAVY if name != "matplotlib")
    lines = [f"{use}; print([name for name in {heavy} if name in sys.modules])" for use, heavy in uses.items()]
    found = run_python("-c", "\n".join(["import sys, densities as dn", *lines])).stdout.splitlines()
    assert dict(zip(uses, found, strict=True)) == dict.fromkeys(uses, "[]")


@pytest.mark.parametrize(
    "first",
    [
        "Exp",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("plot", "kl", "parse", "as_distribution", "errors")),
    ],
)
def test_every_name_is_found_in_a_fresh_interpreter_whatever_comes_first(run_python, first):
    run_python("-c", f"import densities as dn; dn.{first}; [getattr(dn, name) for name in dn.__all__]")


def test_a_map_alone_takes_foreign_laws(run_python):
    code = "import scipy.stats, densities as dn; print(dn.Exp()(scipy.stats.norm(0, 2)))"
    assert run_python("-c", code).stdout.strip() == "normal(loc=0, scale=2) >> exp"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'densities' has no attribute 'Gausian'"):
        _ = dn.Gausian


def test_registered_classes_are_exported(run_python):
    code = (
        "import densities as dn; print([e.name for kind in ('distributions', 'transforms') "
        "for e in getattr(dn, kind).registry "
        "if isinstance(e.factory, type) and getattr(dn, e.factory.__name__, None) is not e.factory])"
    )
    assert run_python("-c", code).stdout.strip() == "[]"


def test_tables_of_the_readme_name_what_is_registered(run_python, root):
    text = (root / "README.md").read_text(encoding="utf-8")
    for kind, registered in json.loads(run_python("-c", REGISTERED).stdout).items():
        table = re.search(rf"<!-- names: {kind} -->\n(.*?)<!-- end -->", text, flags=re.DOTALL).group(1)
        assert sorted(re.findall(r"`(\w+)`", table)) == sorted(registered), kind
