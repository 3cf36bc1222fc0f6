"""Errors are typed, pickle with their attributes, and say name, expected and got."""

import inspect
import math
import pickle

import numpy as np
import pytest
import scipy.stats
import sympy

import densities as dn
from densities import errors
from densities.errors import (
    AccuracyWarning,
    DomainError,
    EstimateError,
    ExpressionError,
    ParameterError,
    ShapeError,
    SupportError,
    UnknownNameError,
    UnsupportedOperationError,
    ValidationError,
    argument_error,
    close_matches,
    show,
    unknown_name,
)

EXCEPTIONS = [
    value
    for _, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, Exception) and value.__module__ == errors.__name__
]


@pytest.mark.parametrize("cls", EXCEPTIONS, ids=lambda cls: cls.__name__)
def test_every_exception_is_documented_exported_and_pickles(cls):
    assert cls.__doc__
    assert cls.__doc__.count("\n") == 0
    assert cls.__name__ in errors.__all__
    copy = pickle.loads(pickle.dumps(cls("text")))
    assert type(copy) is cls
    assert str(copy) == "text"


@pytest.mark.parametrize("cls", EXCEPTIONS, ids=lambda cls: cls.__name__)
def test_one_base_for_errors_and_one_for_warnings(cls):
    base = errors.DensitiesWarning if issubclass(cls, Warning) else errors.DensitiesError
    assert issubclass(cls, base)


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("ParameterError", ValueError),
        ("DomainError", ValueError),
        ("SupportError", ValueError),
        ("ShapeError", ValueError),
        ("UnknownNameError", LookupError),
        ("ExpressionError", ValueError),
        ("NotMonotoneError", ValueError),
        ("UnsupportedOperationError", TypeError),
        ("NoClosedFormError", LookupError),
        ("DensitiesWarning", UserWarning),
        ("AccuracyWarning", errors.DensitiesWarning),
    ],
)
def test_the_builtin_a_numpy_user_would_catch(name, builtin):
    assert issubclass(getattr(errors, name), builtin)


@pytest.mark.parametrize(
    ("error", "attribute", "value"),
    [
        (DomainError("x", index=(2, 1)), "index", (2, 1)),
        (SupportError("x", lost_mass=0.5, log_lost_mass=-0.7), "lost_mass", 0.5),
        (SupportError("x", lost_mass=0.0, log_lost_mass=-5004.0), "log_lost_mass", -5004.0),
        (UnknownNameError("x", name="expp", close=["exp"]), "close", ("exp",)),
        (EstimateError("x", estimate=3.0), "estimate", 3.0),
        (ValidationError("x", report={"a": 1}), "report", {"a": 1}),
        (ExpressionError("x", text="1 +", position=3), "position", 3),
    ],
)
def test_attributes_survive_pickling(error, attribute, value):
    copy = pickle.loads(pickle.dumps(error))
    assert getattr(copy, attribute) == value
    assert str(copy) == str(error)


def test_caret_stands_under_the_fault():
    text = "exp(nrmal(0, 1))"
    message, line, caret = str(ExpressionError("unknown name 'nrmal'", text=text, position=4)).split("\n")
    assert message == "unknown name 'nrmal'"
    assert line[caret.index("^")] == "n"
    assert line[caret.index("^") :].startswith("nrmal")


@pytest.mark.parametrize("position", [0, 37, 499, 500, 998, 999])
def test_caret_in_a_long_or_broken_text(position):
    text = "\n" + "a" * 998 + "b"
    _, line, caret = str(ExpressionError("fault", text=text, position=position)).split("\n")
    assert len(line) <= 110
    expected = text[position] if text[position].isprintable() else " "
    assert line[caret.index("^")] == expected


def test_caret_at_the_end_of_the_text():
    _, line, caret = str(ExpressionError("unexpected end", text="1 +", position=3)).split("\n")
    assert caret.index("^") == len(line)


def test_argument_error_has_name_expected_and_got():
    assert argument_error("scale", "a positive number", -1.0) == "scale: expected a positive number, got -1.0"
    assert argument_error("scale", "a positive number", np.float64(-1.0)).endswith("got -1.0")


def test_show_keeps_to_one_short_line():
    assert "\n" not in show(np.zeros((30, 30)))
    assert len(show("x" * 1000)) == 80
    assert show(np.array(0.5)) == show(np.float32(0.5)) == "0.5"


def test_close_matches_ignore_case_but_answer_as_registered():
    assert close_matches("lognormal", ["log_normal", "LogNormal", "gamma"])[0] == "LogNormal"
    assert close_matches("zzz", ["exp"]) == []


def test_unknown_name_offers_the_nearest_or_the_short_list():
    near = unknown_name("transform", "expp", ["exp", "log"])
    assert near.close == ("exp",)
    assert str(near) == "unknown transform 'expp'; did you mean 'exp'?"
    far = unknown_name("method", "zzz", ["closed", "quadrature"])
    assert str(far) == "unknown method 'zzz'; valid names: closed, quadrature"
    many = unknown_name("transform", "zzz", [f"name{i}" for i in range(50)])
    assert str(many) == "unknown transform 'zzz'"


P, Q = dn.Normal(), dn.Laplace(0.3, 1.2)
SETTINGS = {
    "rtol": (lambda: dn.kl(P, Q, rtol=np.nan), ParameterError, "rtol: expected a relative accuracy"),
    "option": (lambda: dn.kl(P, Q, trget=1e-3), UnknownNameError, "unknown option 'trget'; did you mean 'target'"),
    "n": (lambda: dn.kl(P, Q, method="montecarlo", n=np.inf), ParameterError, "n: expected a positive number"),
    "seed": (lambda: dn.kl(P, Q, method="montecarlo", rng="a"), ParameterError, "rng: expected a seed"),
    "plan": (lambda: dn.plan(P, Q, method="quad"), ParameterError, "method: expected one of"),
    "batch": (lambda: dn.plan(dn.Normal([0.0, 1.0]), Q), ShapeError, "plan: p, q: expected single laws"),
    "expect rtol": (lambda: dn.expect(np.exp, P, rtol="x"), ParameterError, "rtol: expected"),
    "no function": (lambda: dn.expect(3, P), ParameterError, "function: expected a function of an array"),
    "complex": (lambda: dn.expect(lambda y: 1j * y**2, P), ParameterError, "function: expected real numbers"),
    "no number": (lambda: dn.expect(lambda y: None, P), ParameterError, "function: expected real numbers"),
    "shape": (lambda: dn.expect(lambda y: np.ones(3), P), ShapeError, "function: expected values of the shape"),
    "complex draws": (
        lambda: dn.expect(lambda y: 1j * y, P, method="montecarlo", n=100, rng=0),
        ParameterError,
        "function: expected real numbers",
    ),
    "seed of others": (lambda: dn.kl(P, Q, seed=1), UnknownNameError, "unknown option 'seed'; valid names: rng"),
    "family": (lambda: dn.kl(dn.Normal, Q), UnsupportedOperationError, r"Normal\(...\), with its parameters"),
    "law and function": (lambda: dn.push(np.exp, P), UnsupportedOperationError, "law in expect, after it in push"),
    "text": (lambda: dn.push(P, "x + exp(x)"), ParameterError, "Symbolic"),
    "constant": (lambda: dn.push(P, lambda x: 3.0), ShapeError, r"a constant is delta\(3.0\)"),
    "one number": (lambda: dn.push(P, lambda x: math.exp(x)), ShapeError, "np.sin, not math.sin"),
    "claim": (lambda: dn.validate(P, Q, 0.1, rtol=-1.0), ParameterError, "rtol: expected"),
    "level": (lambda: dn.validate(P, Q, level="x"), ParameterError, "level: expected"),
    "draws": (lambda: dn.validate(P, Q, n=1000.5), ParameterError, "n: expected a whole number"),
}


@pytest.mark.parametrize(("call", "error", "text"), SETTINGS.values(), ids=SETTINGS)
def test_settings_out_of_range_are_named(call, error, text):
    with pytest.raises(error, match=text):
        call()


RAGGED = [[1], [1, 2]]
MISTAKES = {
    "seed": lambda: dn.Normal().rvs(2, rng="x"),
    "size": lambda: dn.Normal().rvs(RAGGED),
    "level": lambda: dn.Normal().interval("x"),
    "data": lambda: dn.Normal().loglik([1, "a"]),
    "end": lambda: dn.Normal().prob(1j, 1.0),
    "score": lambda: (dn.Normal() ** 2).score(None),
    "batch": lambda: dn.Normal([0.0, 1.0], 1.0).cdf([1.0, 2.0, 3.0]),
    "weights": lambda: dn.Mixture(RAGGED, [dn.Normal(), dn.Gamma(2.0)]),
    "components": lambda: dn.Mixture([0.5, 0.5], None),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_no_number_is_refused_by_name(name):
    with pytest.raises((ParameterError, ShapeError), match=r": expected .*, got "):
        MISTAKES[name]()


TWO, THREE = (lambda: dn.Normal([0.0, 1.0]), lambda: dn.Normal([0.0, 1.0, 2.0]))
EVEN, X = dn.Categorical(np.full(3000, 1 / 3000)), sympy.Symbol("x")


class Heavy(scipy.stats.rv_discrete):
    """Six masses of 0.3."""

    def _pmf(self, k):
        return np.full(np.shape(k), 0.3)


# What is asked, the error that answers, and words of it.
REFUSED = {
    "sum with ragged rows": (lambda: dn.Normal() + RAGGED, dn.ShapeError, "add: expected a number or an array"),
    "ragged rows first": (lambda: RAGGED / dn.Normal(), dn.ShapeError, "divide: expected a number or an array"),
    "ragged exponents": (lambda: dn.Normal() ** RAGGED, dn.ShapeError, "power: expected a number or an array"),
    "ragged bases": (lambda: RAGGED ** dn.Normal(), dn.ShapeError, "power: expected a number or an array"),
    "pushed through no map": (lambda: dn.Normal() >> 3, dn.UnsupportedOperationError, "expected a transform"),
    "vectors through no map": (
        lambda: dn.MultivariateNormal([0, 0], np.eye(2)) >> "exp",
        dn.UnsupportedOperationError,
        "expected a transform",
    ),
    "chain of no list": (lambda: dn.Chain(dn.Exp()), dn.ParameterError, "at least one Bijection"),
    "chain of nothing": (lambda: dn.Chain([]), dn.ParameterError, "at least one Bijection"),
    "chain with a number": (lambda: dn.Chain([dn.Exp(), 3]), dn.ParameterError, "at least one Bijection"),
    "chain with a fold": (lambda: dn.Chain([dn.Exp(), dn.Abs()]), dn.ParameterError, "at least one Bijection"),
    "chain of batches": (
        lambda: dn.Chain([dn.Scale([1, 2]), dn.Shift([1, 2, 3])]),
        dn.ShapeError,
        "whose shapes broadcast together",
    ),
    "ragged probabilities": (lambda: dn.Categorical(RAGGED), dn.ShapeError, "a vector of probabilities"),
    "ragged weights": (lambda: dn.Mixture(RAGGED, [dn.Normal()] * 2), dn.ShapeError, "one weight for each"),
    "no method": (lambda: dn.kl(dn.Normal(), dn.Normal(), method=np.array([])), dn.ParameterError, "one of auto"),
    "no quadrature": (
        lambda: dn.expect(np.sum, dn.MultivariateNormal([0, 1], np.eye(2)), method="quadrature"),
        dn.UnsupportedOperationError,
        "use method='montecarlo'",
    ),
    "methods": (lambda: dn.plan(dn.Normal(), dn.Normal(), method=np.array(["auto"])), dn.ParameterError, "one of auto"),
    "expectation": (
        lambda: dn.expect(np.sqrt, dn.Uniform(), method=["quadrature"]),
        dn.ParameterError,
        "one of auto, quadrature",
    ),
    "ends of two shapes": (lambda: dn.Normal().prob([0, 1], [1, 2, 3]), dn.ShapeError, "ends whose shapes broadcast"),
    "ends of counts": (lambda: dn.Poisson(2).prob([0, 1], [1, 2, 3]), dn.ShapeError, "ends whose shapes broadcast"),
    "ends that are texts": (lambda: dn.Poisson(2).prob("a", 3), dn.ShapeError, "real numbers"),
    "masked points": (lambda: dn.Normal().pdf(np.ma.array([0.0, 1.0], mask=[0, 1])), dn.ShapeError, "without a mask"),
    "masked levels": (lambda: TWO().ppf(np.ma.array([0.1, 0.2])), dn.ShapeError, "q: expected an array without a mask"),
    "levels that are texts": (lambda: dn.Normal().isf(logp="a"), dn.ShapeError, "logp: expected real numbers"),
    "ragged ends": (lambda: dn.Poisson(2).prob(RAGGED, 3), dn.ShapeError, "an array of numbers"),
    "ends of a batch": (lambda: TWO().prob([0, 1, 2], 3), dn.ShapeError, "broadcasts with the batch"),
    "truncations": (lambda: dn.truncate(dn.Normal(), [0, 1], 2), dn.ShapeError, "one number each"),
    "batches apart": (lambda: dn.kl(TWO(), THREE()), dn.ShapeError, "laws whose shapes broadcast together"),
    "a batch of maps": (lambda: TWO() >> dn.Shift([1, 2, 3]), dn.ShapeError, "laws and maps whose shapes"),
    "maps of counts": (lambda: dn.Poisson([1, 2]) * [1, 2, 3], dn.ShapeError, "laws and maps whose shapes"),
    "explained at a text": (lambda: dn.explain(np.exp(dn.Normal()), "a"), dn.ParameterError, "explain: y"),
    "explained at two points": (
        lambda: dn.explain(np.exp(dn.Normal()), [1, 2]),
        dn.ParameterError,
        "one finite number",
    ),
    "digits of ragged points": (lambda: dn.Normal().pdf(RAGGED, dps=20), dn.ShapeError, "an array of numbers"),
    "no level": (lambda: dn.Normal().ppf(), dn.ParameterError, "q, logp: expected exactly one"),
    "two levels": (lambda: dn.Poisson(2).isf(0.1, logp=-1.0), dn.ParameterError, "q, logp: expected exactly one"),
    "cut backwards": (lambda: dn.truncate(dn.Normal(), 2, 1), dn.ParameterError, "low, high: expected low < high"),
    "a batch cut": (lambda: dn.truncate(TWO(), 0, 1), dn.ShapeError, "law: expected a scalar law on the line"),
    "exponents of two signs": (
        lambda: dn.GeneralizedGamma(2, [1, -1]),
        dn.ParameterError,
        "c: expected .* of one sign",
    ),
    "one place twice": (lambda: dn.Normal(0, 1, loc=2), dn.ParameterError, "loc: expected one value, got two"),
    "its alias": (lambda: dn.Gamma(2, scale=1, rate=2), dn.ParameterError, "one value, got two .*'rate'"),
    "an unknown domain": (lambda: dn.transforms.find(domain="half"), dn.ParameterError, "one of real, positive, unit"),
    "no family": (lambda: dn.distributions.register("nothing")(3), dn.ParameterError, "a subclass of Distribution"),
    "atoms by atoms": (
        lambda: dn.sum_of(EVEN * np.pi, EVEN * np.e),
        dn.UnsupportedOperationError,
        "3000 times 3000 atoms",
    ),
    "masses beyond 1": (
        lambda: dn.as_distribution(Heavy(a=0, b=5)()),
        dn.ParameterError,
        "masses that add up to 1, got 1.8",
    ),
    "formula of counts": (lambda: dn.Poisson(2).density_expr(), dn.UnsupportedOperationError, "a law with a density"),
    "formula of a batch": (lambda: TWO().density_expr(), dn.UnsupportedOperationError, "a scalar law, got"),
    "formula of a function": (
        lambda: dn.FromDensity(np.negative, dn.Interval(0, np.inf)).density_expr(),
        dn.UnsupportedOperationError,
        "whose density has a formula",
    ),
    "digits of sums": (lambda: dn.Poisson(3).mean(dps=30), dn.UnsupportedOperationError, "a law with point masses"),
    "half a map": (
        lambda: dn.Symbolic(sympy.Piecewise((X, X > 0))),
        dn.ParameterError,
        "a formula for every x of the domain, got none at x = -1",
    ),
    "a complex map": (lambda: dn.Symbolic(X + sympy.I), dn.ParameterError, "Symbolic: expected real numbers, got I"),
    "cases by no comparison": (
        lambda: dn.Symbolic(sympy.Piecewise((X, sympy.Contains(X, sympy.Integers)), (2 * X, True))),
        dn.ParameterError,
        "comparisons as conditions",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_by_type(name):
    call, error, text = REFUSED[name]
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize(
    "cause", [lambda law: law.mean(), lambda law: np.apply_along_axis(lambda _: law.mean(), 0, [0.0])]
)
def test_warnings_point_to_the_line_of_the_user(cause):
    tiny = np.sinh(dn.Normal(0, 1e-320))
    with pytest.warns(AccuracyWarning, match="mean") as caught:
        cause(tiny)
    assert caught[0].filename == __file__


def test_moments_beyond_the_doubles_make_no_noise():
    assert dn.Normal(0, 1e300).moment(2) == np.inf
