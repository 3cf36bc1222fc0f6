"""What `densities` exports exists, is in order and is documented, and nothing is exported by accident."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import densities
from densities.distributions.foreign_names import NAMES, OURS
from densities.validation.laws import CheckReport

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


# ---- what users of other libraries try


@pytest.mark.parametrize(
    ("name", "told"),
    [("log_prob", "here it is logpdf"), ("sample", "here it is rvs"), ("icdf", "ppf"), ("scale", "params['scale']")],
)
@pytest.mark.parametrize("law", [densities.Normal(), densities.parse("exp(normal(0, 1))"), densities.Poisson(3.0)])
def test_words_of_other_libraries_are_answered_with_ours(law, name, told):
    expected = told if name in {*law.params, "log_prob", "sample", "icdf"} else "has no attribute 'scale'"
    with pytest.raises(AttributeError, match=re.escape(expected)):
        getattr(law, name)
    assert not hasattr(law, "__array_interface__")


def test_words_of_ours_exist():
    law = densities.Normal()
    for ours in OURS.values():
        for word in re.findall(r"^\w+", ours):
            assert hasattr(law, word) or hasattr(densities, word) or word == "scipy", word
    assert not [word for word in OURS if hasattr(law, word)]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_other_libraries_are_told_apart(name):
    """None is a name here, and what it is here starts with a name, of ours or of SciPy."""
    registered = densities.distributions.registry, densities.transforms.registry
    assert name == name.lower().replace("_", "") and not any(name in registry for registry in registered)
    words = set(re.findall(r"\w+", NAMES[name])) - {"law", "data", "p", "q"}
    known = {"scipy", "logpdf", "rvs", "loc", "jensen_shannon_distance"} | set(densities.__all__)
    assert any(word in known or any(word in registry for registry in registered) for word in words)
    with pytest.raises(densities.ExpressionError, match=re.escape(f"here it is {NAMES[name]}")):
        densities.parse(f"{name}(1)")


def test_a_missing_name_is_answered_with_the_next_ones():
    for typo, name in {"Nromal": "Normal", "normal": "Normal", "student_t": "StudentT", "kl_": "kl"}.items():
        with pytest.raises(AttributeError, match=f"did you mean '{name}'"):
            getattr(densities, typo)
    for theirs, ours in {
        "chi2": "ChiSquared",
        "t": "StudentT",
        "AffineTransform": "Affine",
        "expon": "Exponential",
    }.items():
        with pytest.raises(AttributeError, match=f"did you mean '{ours}'"):
            getattr(densities, theirs)
    for theirs, ours in {
        "hellinger": "divergence('hellinger', p, q)",
        "kl_divergence": "kl(p, q)",
        "norm": "Normal(loc",
    }.items():
        with pytest.raises(AttributeError, match=f"here it is {re.escape(ours)}"):
            getattr(densities, theirs)
    with pytest.raises(AttributeError, match=r"no attribute '__nothing__'$"):
        densities.__nothing__


def test_what_is_no_law_and_no_map_is_refused_with_a_way():
    for wrong, told in {
        lambda: densities.kl("normal(0, 1)", "normal(0, 1)"): "parse(text) makes one",
        lambda: densities.kl([0.1, 0.2], densities.Normal()): "by scipy.stats.gaussian_kde(draws)",
        lambda: densities.Normal() >> densities.Exp: "Exp(...) is one",
        lambda: densities.Normal() >> 3: "dn.push(X, function), got 3",
        lambda: densities.Exp(densities.Normal()): "Exp(...)(X)",
    }.items():
        with pytest.raises(densities.UnsupportedOperationError, match=re.escape(told)):
            wrong()


def test_constructors_show_what_they_take():
    shown = {
        "Normal": "(loc=0.0, scale=1.0)",
        "Gamma": "(shape, scale=1.0)",
        "Exp": "()",
        "Affine": "(loc=0.0, scale=1.0)",
        "MultivariateNormal": "(mean, cov)",
    }
    for name, signature in shown.items():
        assert str(inspect.signature(getattr(densities, name))) == signature
    families = [name for name in CALLABLES if hasattr(getattr(densities, name), "parameters")]
    assert len(families) > 150
    for name in families:
        assert "kwargs" not in inspect.signature(getattr(densities, name)).parameters, name
    assert "weights" in inspect.signature(densities.Mixture).parameters
    assert list(inspect.signature(densities.Exp()).parameters) == ["x"]  # a map is called with points


def test_type_checkers_see_what_is_exported():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    seen = {"__version__"}
    for line in block.body:
        for alias in line.names:
            module = importlib.import_module(line.module)
            seen |= set(module.__all__) if alias.name == "*" else {alias.asname}
    assert set(EXPORTED) <= seen


def test_domains_are_shown_as_they_are_made_and_know_their_points():
    half = densities.Interval(0.5, np.inf, low_closed=True)
    assert repr(half) == "Interval(0.5, inf, low_closed=True)"
    assert eval(repr(half), {"Interval": densities.Interval, "inf": np.inf}) == half
    batch = densities.Interval([0.0, 1.0], 2.0)
    assert eval(repr(batch), {"Interval": densities.Interval, "array": np.array}) == batch
    assert 0.5 in half and 0.4 not in half
    assert 3 in densities.Integers(0, 3) and 0.5 not in densities.Integers()
    assert [0.2, 0.8] in densities.Simplex(2) and [0.2, 0.9] not in densities.Simplex(2)
    assert [1.0, 2.0] in densities.RealVector(2)


X, Y = densities.Normal(), densities.Gamma(2.0)


@pytest.mark.parametrize(
    "made",
    [
        densities.Normal([0.0, 1.0], 2.0),
        densities.order_statistic(X, 2, 5),
        densities.order_statistic(densities.Poisson(3.0), 1, 2),
        densities.maximum(X, Y),
        densities.minimum(X, Y),
        densities.sum_of(X, Y),
        densities.difference_of(X, Y),
        densities.product_of(X, Y),
        densities.ratio_of(X, Y),
        densities.truncate(X, 0.0, 1.0),
        densities.Mixture([0.5, 0.5], [X, Y]),
        densities.Product([X, Y]),
        densities.Piecewise([(densities.Interval(-np.inf, 0), densities.Scale(-1))])(densities.truncate(X, -1.0, 0.0)),
        densities.CdfOf(Y)(Y),
    ],
    ids=repr,
)
def test_representations_evaluate_back(made):
    names = {name: getattr(densities, name) for name in EXPORTED}
    assert eval(repr(made), {**names, "array": np.array, "inf": np.inf}).same_as(made)


def test_reports_are_shown_in_one_line():
    Z = np.exp(densities.Normal())
    shown = {
        densities.validate(Z, densities.LogNormal(0.1), n=4096): "agree: closed, quadrature and montecarlo agree",
        CheckReport("exp", ()): "<exp: 0 of 0 laws hold",
        densities.explain(Z, 2.0): "<the change of variables of normal(loc=0, scale=1) >> exp",
    }
    for report, told in shown.items():
        assert told in repr(report) and "print shows" in repr(report) and "\n" not in repr(report)
