"""The floors of the house: who may import whom, read from the source itself."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "densities"

FLOORS = (
    ("errors", "arrays", "logmath", "backends", "executors", "anchored", "precise", "duals", "foreign"),
    ("domains", "estimate", "registry", "protocols", "syntax", "parameters"),
    ("numerics",),
    ("transforms",),
    ("expectation",),
    ("distributions",),
    ("divergences",),
    ("validation",),
    ("expressions", "plots"),
    ("cli", "benchmarks", "__init__", "__main__"),
)
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}

# What costs too much to load with the library, and the only place where each may stand at the top of a module.
HEAVY = ("scipy.stats", "scipy.optimize", "scipy.integrate", "matplotlib", "sympy", "rich", "mpmath")
MAX_LINES = 600


@dataclass(frozen=True)
class Import:
    """One imported name: `target` is dotted, `line` where it stands, and when it runs."""

    target: str
    line: int
    at_import: bool
    typing_only: bool


def module_name(path, package=PACKAGE):
    parts = [package.name, *path.relative_to(package).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def holds_statements(node):
    return isinstance(node, (ast.stmt, ast.excepthandler, ast.match_case))


def is_typing(test):
    return "TYPE_CHECKING" in (getattr(test, "id", ""), getattr(test, "attr", ""))


def imports_of(source, module, is_package=False):
    """All imports of a source text, relative ones made absolute."""
    found = []

    def visit(node, at_import, typing_only):
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, node.lineno, at_import, typing_only) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, module, is_package)
            found.extend(Import(f"{base}.{alias.name}", node.lineno, at_import, typing_only) for alias in node.names)
        inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        guarded = node.body if isinstance(node, ast.If) and is_typing(node.test) else ()
        for child in filter(holds_statements, ast.iter_child_nodes(node)):
            visit(child, at_import and not inside, typing_only or child in guarded)

    visit(ast.parse(source), True, False)
    return found


def absolute(node, module, is_package):
    if not node.level:
        return node.module
    package = module.split(".") if is_package else module.split(".")[:-1]
    base = package[: len(package) - (node.level - 1)]
    return ".".join([*base, *(node.module or "").split(".")]).rstrip(".")


def floor_of(module):
    """The floor of a dotted name inside the package."""
    return FLOOR_OF[(module.split(".") + ["__init__"])[1]]


def longest_module(target, modules):
    """The module that an imported dotted name loads: `densities.domains.Real` loads `densities.domains`."""
    while target not in modules:
        target = target.rpartition(".")[0]
    return target


def within(target, name):
    return target == name or target.startswith(name + ".")


def cycle_in(edges):
    """A cycle of the graph as a list of its nodes, or None."""
    finished = set()

    def walk(node, path):
        if node in path:
            return [*path[path.index(node) :], node]
        if node in finished:
            return None
        cycle = next(filter(None, (walk(other, [*path, node]) for other in sorted(edges.get(node, ())))), None)
        finished.add(node)
        return cycle

    return next(filter(None, (walk(node, []) for node in sorted(edges))), None)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
PACKAGES = sorted({path.parent.relative_to(PACKAGE).as_posix() for path in FILES.values()})


@pytest.fixture(scope="module")
def imports():
    """The imports of every module."""
    return {
        module: imports_of(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")
        for module, path in FILES.items()
    }


@pytest.fixture(scope="module")
def internal(imports):
    """(module, import) for each import of the package's own modules."""
    return [(module, item) for module, items in imports.items() for item in items if within(item.target, PACKAGE.name)]


def home_of(name, module):
    """True where a heavy package is at home: matplotlib under plots, sympy and its mpmath in symbolic modules."""
    of_symbols = name in ("sympy", "mpmath") and "symbolic" in module
    return of_symbols or (name == "matplotlib" and within(module, "densities.plots"))


def test_every_module_has_a_floor():
    homeless = [module for module in FILES if (module.split(".") + ["__init__"])[1] not in FLOOR_OF]
    assert not homeless, f"give them a floor in FLOORS: {homeless}"


def test_every_folder_is_a_package():
    folders = {path.parent for path in FILES.values()}
    assert all((folder / "__init__.py").exists() for folder in folders), sorted(map(str, folders))


def names_missing_in(docstring, folder):
    """The modules and packages of a folder that the docstring of its package does not name."""
    inside = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    return sorted(inside - set(re.findall(r"\w+", docstring)) - {"__init__", "__main__"})


@pytest.mark.parametrize("folder", PACKAGES)
def test_the_docstring_of_a_package_says_where_things_are(folder):
    source = (PACKAGE / folder / "__init__.py").read_text(encoding="utf-8")
    missing = names_missing_in(ast.get_docstring(ast.parse(source)), PACKAGE / folder)
    assert not missing, f"say in {folder}/__init__.py what is in {missing}"


def test_imports_go_down(internal):
    wrong = [
        f"{module} (floor {floor_of(module)}), line {item.line}: {item.target}"
        for module, item in internal
        if floor_of(longest_module(item.target, FILES)) > floor_of(module)
    ]
    assert not wrong, f"imports from a higher floor: {wrong}"


def test_nobody_imports_the_package_root(internal):
    wrong = [
        f"{module}, line {item.line}"
        for module, item in internal
        if longest_module(item.target, FILES) == PACKAGE.name and module not in (PACKAGE.name, "densities.__main__")
    ]
    assert not wrong, f"imports of the root: {wrong}"


def test_no_import_cycles(internal):
    edges = {}
    for module, item in internal:
        if not item.typing_only:
            edges.setdefault(module, set()).add(longest_module(item.target, FILES))
    cycle = cycle_in({module: loaded - {module} for module, loaded in edges.items()})
    assert cycle is None, " -> ".join(cycle)


@pytest.mark.parametrize("name", ["matplotlib", "sympy"])
def test_matplotlib_and_sympy_stay_at_home(imports, name):
    wrong = [
        f"{module}, line {item.line}"
        for module, items in imports.items()
        for item in items
        if within(item.target, name) and not home_of(name, module)
    ]
    assert not wrong, f"imports of {name}: {wrong}"


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_packages_are_loaded_at_first_use(imports, name):
    wrong = [
        f"{module}, line {item.line}"
        for module, items in imports.items()
        for item in items
        if within(item.target, name) and item.at_import and not item.typing_only and not home_of(name, module)
    ]
    assert not wrong, f"imports of {name} at the top of a module: {wrong}"


def test_no_long_files():
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in FILES.items()}
    long = {module: n for module, n in lines.items() if n > MAX_LINES}
    assert not long, f"split them by topic: {long}"


def test_importing_the_package_loads_nothing_heavy(run_python):
    code = f"import sys, densities; print([name for name in {HEAVY} if name in sys.modules])"
    assert run_python("-c", code).stdout.strip() == "[]"


# --- the reader of imports, on sources made up for it


@pytest.mark.parametrize(
    ("source", "target", "at_import", "typing_only"),
    [
        ("import scipy.stats as st", "scipy.stats", True, False),
        ("from scipy import stats", "scipy.stats", True, False),
        ("from ..errors import ShapeError", "densities.errors.ShapeError", True, False),
        ("from . import base", "densities.transforms.base", True, False),
        ("from .. import errors", "densities.errors", True, False),
        ("from .linear import Affine", "densities.transforms.linear.Affine", True, False),
        ("def f():\n    import sympy", "sympy", False, False),
        ("class A:\n    import sympy", "sympy", True, False),
        ("class A:\n    def f(self):\n        from scipy import optimize", "scipy.optimize", False, False),
        ("try:\n    import torch\nexcept ImportError:\n    pass", "torch", True, False),
        ("if TYPE_CHECKING:\n    from densities.plots import figures", "densities.plots.figures", True, True),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import rich", "rich", True, False),
    ],
)
def test_the_reader_sees_every_form_of_import(source, target, at_import, typing_only):
    (item,) = imports_of(source, "densities.transforms.elementwise")
    assert (item.target, item.at_import, item.typing_only) == (target, at_import, typing_only)


def test_the_reader_knows_packages_from_modules():
    (item,) = imports_of("from .base import Transform", "densities.transforms", is_package=True)
    assert item.target == "densities.transforms.base.Transform"


def test_names_resolve_to_the_module_that_is_loaded():
    modules = {"densities", "densities.transforms", "densities.transforms.base"}
    assert longest_module("densities.transforms.base.Transform", modules) == "densities.transforms.base"
    assert longest_module("densities.transforms.Exp", modules) == "densities.transforms"
    assert longest_module("densities.Normal", modules) == "densities"


def test_cycles_are_found():
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": set()}) is None
    assert cycle_in({"a": {"b", "c"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def test_floors_run_from_errors_to_the_command_line():
    assert floor_of("densities.errors") == 0
    assert floor_of("densities.transforms.elementwise.Exp") == 3
    assert floor_of("densities") == floor_of("densities.cli") == len(FLOORS) - 1
