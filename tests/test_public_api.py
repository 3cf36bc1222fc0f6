"""What `densities` exports exists, is in order and is documented, and nothing is exported by accident."""

import importlib
import inspect
from pathlib import Path

import pytest

import densities

PACKAGE = Path(densities.__file__).parent
MODULES = sorted(
    ".".join(["densities", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if path.name != "__main__.py"
)
EXPORTED = getattr(densities, "__all__", ())
CALLABLES = [name for name in EXPORTED if callable(getattr(densities, name, None))]


def members(cls):
    """The public methods and properties that a class defines itself."""
    return {name: item for name, item in vars(cls).items() if not name.startswith("_") and is_member(item)}


def is_member(item):
    return isinstance(item, (classmethod, staticmethod, property)) or inspect.isroutine(item)


def test_all_is_sorted_without_repetition():
    assert list(densities.__all__) == sorted(set(densities.__all__))


@pytest.mark.parametrize("name", EXPORTED)
def test_exported_names_exist_and_are_listed_by_dir(name):
    assert hasattr(densities, name)
    assert name in dir(densities)


def test_nothing_of_ours_is_exported_by_accident():
    ours = {
        name
        for name, value in vars(densities).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("densities")
    }
    assert ours <= set(densities.__all__)


def test_version_is_the_one_of_the_project(root):
    assert f'version = "{densities.__version__}"' in (root / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CALLABLES)
def test_public_callables_are_documented(name):
    item = getattr(densities, name)
    assert (inspect.getdoc(item) or "").strip(), f"densities.{name} has no docstring"


def documented(cls, member):
    """Whether the class or one that it inherits from says what the member is."""
    return any(inspect.getdoc(vars(owner)[member]) for owner in cls.__mro__ if member in vars(owner))


@pytest.mark.parametrize("name", [name for name in CALLABLES if inspect.isclass(getattr(densities, name))])
def test_public_methods_are_documented(name):
    cls = getattr(densities, name)
    bare = [member for member in members(cls) if not documented(cls, member)]
    assert not bare, f"no docstring, own or inherited: {name}.{bare}"


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_documented_and_keep_their_all(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    missing = [word for word in getattr(module, "__all__", ()) if not hasattr(module, word)]
    assert not missing
