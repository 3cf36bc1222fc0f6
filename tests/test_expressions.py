"""Laws and maps from text: what each text means, what is refused and where, and that `str` parses back."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from densities.distributions import Mixture, Normal, Truncated
from densities.distributions import registry as distributions
from densities.errors import (
    DensitiesError,
    DomainError,
    ExpressionError,
    ParameterError,
    ShapeError,
    SupportError,
    UnsupportedOperationError,
)
from densities.expressions import parse, parse_distribution
from densities.syntax import Place
from densities.transforms import Affine, Clip, Exp, Transform
from densities.transforms import registry as transforms

X = Normal(0, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("normal(0, 1)", X),
        ("normal()", X),
        ("normal(mu=0, sigma=1)", X),
        ("normal(scale=2*pi, loc=-e)", Normal(-math.e, 2 * math.pi)),
        ("normal(0, sqrt(2))", Normal(0, math.sqrt(2))),
        ("lognormal(0, 1)", distributions.get("log_normal")(0, 1)),
        ("exp(normal(0, 1))", np.exp(X)),
        ("normal(0, 1) >> exp", np.exp(X)),
        ("normal(0, 1) >> exp()", np.exp(X)),
        ("exp(0.8*normal(0, 1) + 0.5)", np.exp(0.8 * X + 0.5)),
        ("normal(0, 1) >> affine(loc=1, scale=2) >> exp", np.exp(2 * X + 1)),
        ("normal(0, 1) >> (affine(loc=1, scale=2) >> exp)", np.exp(2 * X + 1)),
        ("clip(normal(0, 1), -1, 2)", X >> Clip(-1, 2)),
        ("clip(normal(0, 1), low=-1, high=inf)", X >> Clip(-1, np.inf)),
        ("affine(normal(0, 1), 1, scale=2)", X >> Affine(1, 2)),
        ("1/normal(0, 1)", 1 / X),
        ("1 - exp(normal(0, 1))", 1 - np.exp(X)),
        ("2*e*normal(0, 1)", 2 * math.e * X),
        ("normal(0, 1)**2", X**2),
        ("-normal(0, 1)/3", -X / 3),
        ("2 ** -normal(0, 1)", 2.0**-X),
        ("+normal(0, 1) + 0", X),
        ("1/gamma(3, 2)", 1 / distributions.get("gamma")(3, 2)),
        ("(normal(0, 1) >> exp) + 1", np.exp(X) + 1),
        ("mixture([0.3, 1 - 0.3], [normal(0, 1), exp(normal(0, 1))])", Mixture([0.3, 0.7], [X, np.exp(X)])),
        ("truncate(normal(0, 1), 0, inf)", Truncated(X, 0, np.inf)),
        ("truncate(normal(0, 1), low=0) >> log", np.log(Truncated(X, 0, np.inf))),
        ("exp", Exp()),
        ("exp >> affine(1, 2)", Exp() >> Affine(1, 2)),
        ("  exp\n  >> log ", Exp() >> Exp().inv),
    ],
)
def test_what_texts_mean(text, expected):
    found = parse(text)
    assert found.same_as(expected)
    assert parse(str(found)).same_as(found)


REFUSED = [
    # text, type of the error, where the caret stands, a word of the message
    ("nrmal(0, 1)", ExpressionError, 0, "did you mean 'normal'"),
    ("Normal(0, 1)", ExpressionError, 0, "did you mean 'normal'"),
    ("normal(0, 1) >> expp", ExpressionError, 16, "did you mean 'exp'"),
    ("normal(0, pie)", ExpressionError, 10, "did you mean 'pi'"),
    ("normal(nan, 1)", ExpressionError, 7, "unknown name 'nan'"),
    ("normal", ExpressionError, 0, "normal(...)"),
    ("e(1)", ExpressionError, 0, "unknown name 'e'"),
    ("3", ExpressionError, 0, "a number alone"),
    ("9**9**9", ExpressionError, 0, "a number alone"),
    ("[normal(0, 1)]", ExpressionError, 0, "a list alone"),
    ("normal(0, 1) >> exp + 1", ExpressionError, 20, "parentheses, as in (d >> exp) + 1"),
    ("2*exp", ExpressionError, 1, "parentheses"),
    ("-exp", ExpressionError, 0, "-(d >> exp)"),
    ("normal(0, 1) >> 2", ExpressionError, 13, "after >> expected a transform, got a number"),
    ("exp >> normal(0, 1)", ExpressionError, 4, "after >> expected a transform, got a distribution"),
    ("2 >> exp", ExpressionError, 2, "before >> expected"),
    ("[1, 2]*normal(0, 1)", ExpressionError, 6, "got a list"),
    ("-[1]", ExpressionError, 0, "got a list"),
    ("normal(1/0)", ExpressionError, 8, "not a number"),
    ("normal(0**-1)", ExpressionError, 8, "not a number"),
    ("normal(inf - inf)", ExpressionError, 11, "not a number"),
    ("normal((-8)**0.5)", ExpressionError, 11, "not a number"),
    ("mixture(1, 2)", ParameterError, 0, "a list of laws"),
    ("mixture([1])", ExpressionError, 0, "components"),
    ("truncate(exp, 0, 1)", UnsupportedOperationError, 0, "law"),
    ("normal(0, 1", ExpressionError, 6, "never closed"),
    ("normal.rvs", ExpressionError, 6, "attribute"),
    ("normal(0, -1)", ParameterError, 0, "scale: expected"),
    ("2 + normal(9**9**9, 1)", ParameterError, 4, "loc"),
    ("normal(skale=2)", ParameterError, 0, "did you mean 'scale'"),
    ("normal(0, 1, 2)", ParameterError, 0, "at most 2"),
    ("normal([1, [2]], 1)", ParameterError, 0, "loc"),
    ("exp(log)", ParameterError, 0, "exp"),
    ("0*normal(0, 1)", ParameterError, 1, "a number other than 0"),
    ("mixture([0.5, 0.6], [normal(0, 1), normal(1, 1)])", ParameterError, 0, "sum to 1"),
    ("mixture([1], [normal([0, 1], 1)])", ShapeError, 0, "components"),
    ("2*log(normal(0, 1))", SupportError, 2, "P(X <= 0) = 0.5"),
    ("normal(0, 1) >> sqrt", SupportError, 13, "P(X <= 0) = 0.5"),
    ("normal(0, log(-1))", DomainError, 10, "log"),
    ("normal(0, 1) + normal(0, 1)", UnsupportedOperationError, 13, "2*X"),
    ("normal(0, 1) ** normal(0, 1)", UnsupportedOperationError, 13, "two random variables"),
    ("(-2)**normal(0, 1)", UnsupportedOperationError, 4, "positive"),
    ("normal(normal(0, 1), 1)", UnsupportedOperationError, 0, "not an array"),
    ("2*normal(1, scale=gamma(2, 1))", UnsupportedOperationError, 2, "normal: scale: expected a real number"),
    ("product(normal(0, 1), normal(0, 1))", ExpressionError, 0, "several go in a list, as in product([...])"),
    ("categorical(0.5, 0.5)", ExpressionError, 0, "at most 1 argument (probs), got 2"),
    ("mixture(normal(0, 1))", ExpressionError, 0, "mixture: components: expected a value, got nothing"),
    ("mixture([1], [normal(0, 1)], weights=[1])", ExpressionError, 0, "weights: expected one value, got two"),
    ("product(componets=[normal(0, 1)])", ExpressionError, 0, "did you mean 'components'"),
    ("ratio_of(normal(0, 1))", ExpressionError, 0, "second"),
    ("cdf_of(normal(0, 1), 2)", ExpressionError, 0, "cdf_of: expected at most 1 argument (law), got 2"),
    ("gamma(2, 1) >> ppf_of()", ExpressionError, 15, "ppf_of: law: expected a value"),
    ("sum_of(normal(0, 1), times=2)", ExpressionError, 0, "sum_of: expected the parameters none, got 'times'"),
]


@pytest.mark.parametrize(("text", "kind", "column", "word"), REFUSED)
def test_what_is_refused_and_where(text, kind, column, word):
    with pytest.raises(DensitiesError) as caught:
        parse(text)
    error = caught.value
    assert type(error) is kind
    assert word in str(error)
    shown = "\n".join([str(error), *getattr(error, "__notes__", ())])
    assert shown.count("^") == 1 and Place(text, column).excerpt in shown


WRONG = [
    *("", "1", "1, 2, 3, 4, 5, 6, 7, 8", "[1, 2]", "[1, 2], [3, 4]", "[[1], [2, 3]]", "[]", "exp", "1, exp", "inf"),
    *("normal(0, 1)", "normal(0, 1), exp, 2", "[normal(0, 1)], 1", "[0.5, 0.5], [gamma(2), exp]"),
    *("nonsense=1", "1, nonsense=2", "-1", "2.5, 1", "law=1"),
]


@pytest.mark.parametrize("name", [entry.name for registry in (distributions, transforms) for entry in registry])
def test_wrong_calls_are_refused_in_words_of_the_library(name):
    """No text of an error is that of Python about a constructor."""
    unforeseen = [outcome(f"{name}({arguments})")[1] for arguments in WRONG]
    assert not any("__init__" in words or "positional" in words or "keyword" in words for words in unforeseen)


def test_the_caret_survives_pickling():
    with pytest.raises(ParameterError) as caught:
        parse("normal(0, -1)")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert copy.__notes__ == [Place("normal(0, -1)", 0).excerpt]


def test_attributes_of_errors_survive():
    with pytest.raises(SupportError) as caught:
        parse("log(normal(0, 1))")
    assert caught.value.lost_mass == pytest.approx(0.5)


def test_a_distribution_may_be_insisted_upon():
    assert parse_distribution("exp(normal(0, 1))").same_as(np.exp(X))
    with pytest.raises(ExpressionError, match="a transform alone"):
        parse_distribution("exp >> log1p")


SCALAR = [
    pytest.param(entry, parameters, id=f"{entry.name}-{i}")
    for registry in (distributions, transforms)
    for entry in registry
    for i, parameters in enumerate(entry.examples)
    if all(np.ndim(value) == 0 for value in parameters.values())
]


@pytest.mark.parametrize(("entry", "parameters"), SCALAR)
def test_every_registered_example_parses_back(entry, parameters):
    thing = entry(**parameters)
    assert parse(str(thing)).same_as(thing)


@pytest.mark.parametrize("word", [word for entry in [*distributions, *transforms] for word in entry.aliases])
def test_every_alias_is_understood(word):
    entry = (distributions if word in distributions else transforms).get(word)
    arguments = ", ".join(f"{name}={value!r}" for name, value in entry.examples[0].items())
    assert parse(f"{word}({arguments})").same_as(entry(**entry.examples[0]))


# --- random expressions

NUMBERS = ["1", "2.5", "pi", "e", "1e-3", "2**0.5", "(3 - 1)/7"]
REAL_LAWS = ["normal", "laplace", "logistic", "gumbel", "cauchy"]
POSITIVE_LAWS = ["exponential", "rayleigh", "half_normal"]
MAPS = ["exp", "tanh", "softplus", "sigmoid", "asinh", "sinh_arcsinh(0.5, 2)", "cube", "abs", "square", "relu"]

number = st.floats(0.1, 9.0).map(repr) | st.sampled_from(NUMBERS)
plain = st.builds("{}({}, {})".format, st.sampled_from(REAL_LAWS), number, number)
positive = st.builds("{}({})".format, st.sampled_from(POSITIVE_LAWS), number)
line_map = st.builds("affine({}, {})".format, number, number) | st.sampled_from(MAPS)


def made_of(law):
    return st.one_of(
        st.builds("{} >> {}".format, law, line_map),
        st.builds("exp({})".format, law),
        st.builds("clip({}, -1, {})".format, law, number),
        st.builds("{}*({}) - {}".format, number, law, number),
        st.builds("({}) / {}".format, law, number),
        st.builds("-({})".format, law),
        st.builds("({})**2".format, law),
        st.builds("1/({})".format, law),
        st.builds("truncate({}, -2, {})".format, law, number),
        st.builds("mixture([0.25, 0.75], [{}, {}])".format, law, law),
    )


def outcome(text):
    """The law, or None and the text of the error."""
    try:
        return parse(text), ""
    except DensitiesError as error:  # a number outside a domain, an interval without mass
        return None, "\n".join([str(error), *getattr(error, "__notes__", ())])


@given(st.recursive(plain | positive, made_of, max_leaves=6))
def test_the_text_of_any_law_parses_back(text):
    law, complaint = outcome(text)
    assert "^" in complaint if law is None else parse(str(law)).same_as(law)


@given(st.lists(line_map, min_size=1, max_size=5).map(" >> ".join))
def test_the_text_of_any_map_parses_back(text):
    found = parse(text)
    assert isinstance(found, Transform)
    assert parse(str(found)).same_as(found)


def test_long_chains_and_long_lists():
    chain = "normal(0, 1)" + " >> tanh >> affine(0.5, 2)" * 10
    assert parse(str(parse(chain))).same_as(parse(chain))
    components = ", ".join(f"normal({i}, {1 + i})" for i in range(256))
    text = f"mixture([{', '.join(['2**-8'] * 256)}], [{components}])"
    assert len(parse(text).components) == 256
