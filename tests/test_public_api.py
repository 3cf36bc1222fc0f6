"""What `densities` exports exists, is in order and is documented, and nothing is exported by accident."""

import importlib
import inspect
from pathlib import Path

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


def test_exported_names_exist_and_are_listed_by_dir():
    assert not [name for name in EXPORTED if not hasattr(densities, name)]
    assert set(EXPORTED) <= set(dir(densities))


def test_nothing_of_ours_is_exported_by_accident():
    ours = {
        name
        for name, value in vars(densities).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("densities")
    }
    assert ours <= set(densities.__all__)


def test_version_is_the_one_of_the_project(root):
    assert f'version = "{densities.__version__}"' in (root / "pyproject.toml").read_text(encoding="utf-8")


def test_public_callables_are_documented():
    bare = [name for name in CALLABLES if not (inspect.getdoc(getattr(densities, name)) or "").strip()]
    assert not bare, f"no docstring: {bare}"


def documented(cls, member):
    """Whether the class or one that it inherits from says what the member is."""
    return any(inspect.getdoc(vars(owner)[member]) for owner in cls.__mro__ if member in vars(owner))


def test_public_methods_are_documented():
    classes = {name: getattr(densities, name) for name in CALLABLES if inspect.isclass(getattr(densities, name))}
    bare = [f"{name}.{word}" for name, cls in classes.items() for word in members(cls) if not documented(cls, word)]
    assert not bare, f"no docstring, own or inherited: {bare}"


def test_modules_are_documented_and_keep_their_all():
    modules = {name: importlib.import_module(name) for name in MODULES}
    bare = [name for name, module in modules.items() if not module.__doc__]
    assert not bare, f"no docstring: {bare}"
    missing = [
        f"{name}.{word}"
        for name, module in modules.items()
        for word in getattr(module, "__all__", ())
        if not hasattr(module, word)
    ]
    assert not missing
