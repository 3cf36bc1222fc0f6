"""NumPy arithmetic on laws: what pushes forward, against draws and closed forms, and everything that is refused."""

import operator

import numpy as np
import pytest
from scipy import special

import densities as dn

X = dn.Normal(0.5, 2)
U = dn.Uniform(0.1, 0.9)
G = dn.Gamma(2.5)
REFUSED = dn.UnsupportedOperationError

# Expressions that are functions of one variable: they mean the same for a law and for an array of its draws.
EXPRESSIONS = [
    (X, lambda x: x + 1),
    (X, lambda x: 1 + x),
    (X, lambda x: x - 1.5),
    (X, lambda x: 1.5 - x),
    (X, lambda x: 3 * x),
    (X, lambda x: x * np.float32(0.5)),
    (X, lambda x: x / 4),
    (G, lambda x: 4 / x),
    (X, lambda x: -x),
    (X, lambda x: +x),
    (X, lambda x: abs(x)),
    (X, lambda x: x**2),
    (X, lambda x: x**3),
    (G, lambda x: x**-0.5),
    (X, lambda x: 2.0**x),
    (X, lambda x: 0.5**x),
    (X, lambda x: 1 / (1 + x**2)),
    (X, lambda x: np.exp(0.8 * x + 0.5)),
    (G, lambda x: np.log(x) / 2),
    (G, np.log1p),
    (X, np.expm1),
    (G, np.sqrt),
    (X, np.square),
    (X, np.reciprocal),
    (X, np.negative),
    (X, np.absolute),
    (X, np.cbrt),
    (X, np.sinh),
    (X, np.cosh),
    (X, np.tanh),
    (X, np.arcsinh),
    (X, np.arctan),
    (X, np.cos),
    (U, np.arcsin),
    (U, np.arctanh),
    (X, lambda x: np.power(x, 2)),
    (X, lambda x: x // 2),
    (G, lambda x: np.float_power(x, 1.5)),
    (X, special.expit),
    (U, special.logit),
    (X, special.erf),
    (X, special.ndtr),
    (U, special.ndtri),
    (X, lambda x: np.add(1, x)),
    (X, lambda x: np.subtract(np.float64(1), x)),
    (X, lambda x: np.clip(x, -1, 2)),
    (X, lambda x: np.clip(x, 0, None)),
    (X, lambda x: np.maximum(x, 0)),
    (X, lambda x: np.minimum(1, x)),
    (X, lambda x: np.round(x)),
    (X, np.rint),
    (X, np.floor),
    (X, np.ceil),
    (X, np.sign),
]


@pytest.mark.parametrize(("law", "expression"), EXPRESSIONS)
def test_a_law_goes_through_an_expression_as_its_draws_do(law, expression):
    image = expression(law)
    draws = np.sort(expression(law.rvs(4000, rng=7)))
    probed = np.unique(draws[[400, 1200, 2000, 2800, 3600]])
    observed = np.searchsorted(draws, probed, side="right") / draws.size
    # Five standard errors of a share of 4000 draws.
    np.testing.assert_allclose(image.cdf(probed), observed, atol=5 * np.sqrt(0.25 / 4000))
    inside = image.rvs(50, rng=3)
    assert np.all((inside >= image.support.low) & (inside <= image.support.high))


@pytest.mark.parametrize(
    ("law", "result"),
    [
        (np.exp(2 * dn.Normal() + 1), dn.LogNormal(1, 2)),
        (dn.Normal() ** 2, dn.ChiSquared(1)),
        (1 / dn.Gamma(2, 3), dn.InverseGamma(2, 1 / 3)),
        (abs(dn.Normal(0, 2)), dn.HalfNormal(2)),
        (-dn.Normal(1, 2), dn.Normal(-1, 2)),
        (-np.log(dn.Uniform()), dn.Exponential()),
    ],
)
def test_images_with_a_name_take_it(law, result):
    assert law.simplify().same_as(result)


def test_what_changes_nothing_is_the_law_itself():
    assert X + 0 is X
    assert X * 1 is X
    assert +X is X
    assert (X - 1 + 1).same_as(X)
    assert np.log(np.exp(X)).same_as(X)


def test_arrays_make_batches():
    batch = np.array([1.0, 2.0]) * X + np.array([0.0, 10.0])
    assert batch.batch_shape == (2,)
    np.testing.assert_allclose(batch.mean(), [0.5, 11.0])
    assert (np.arange(3.0) + X).batch_shape == (3,)


def test_a_matrix_times_a_vector():
    Y = np.array([[1.0, 2.0], [0.0, 1.0]]) @ dn.MultivariateNormal([1.0, -1.0], np.eye(2))
    np.testing.assert_allclose(Y.mean(), [-1.0, -1.0])
    np.testing.assert_allclose(Y.cov(), [[5.0, 2.0], [2.0, 1.0]])


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@pytest.mark.parametrize("other", [X, dn.Gamma(2)])
def test_two_laws_are_refused_the_same_object_or_not(operation, other):
    with pytest.raises(REFUSED, match=r"joint law.*2\*X or X\*\*2"):
        operation(X, other)


@pytest.mark.parametrize("operation", [operator.lt, operator.le, operator.gt, operator.ge])
def test_comparisons_are_refused_with_numbers_and_laws(operation):
    for other in (0.0, X):
        with pytest.raises(REFUSED, match="cdf or prob"):
            operation(X, other)
    with pytest.raises(REFUSED):
        operation(np.zeros(2), X)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (lambda: X ** np.array([1.0, 2.0]), "one exponent at a time"),
        (lambda: X % 2, "remainder of a law"),
        (lambda: np.array([2.0, 3.0]) ** X, "one positive number"),
        (lambda: (-2.0) ** X, "one positive number"),
        (lambda: np.exp(X, out=np.zeros(1)), "out="),
        (lambda: np.exp(X, where=True), "where="),
        (lambda: np.add(X, 1, dtype=float), "dtype="),
        (lambda: np.add.reduce(X), r"np\.add\.reduce"),
        (lambda: np.multiply.outer(X, X), r"np\.multiply\.outer"),
        (lambda: np.sum(X), "np.sum of a law"),
        (lambda: np.mean(X), "np.mean of a law"),
        (lambda: np.stack([X, X]), "np.stack of a law"),
        (lambda: np.where(X, 1, 2), "np.where of a law"),
        (lambda: np.asarray(X), "not an array: use rvs"),
        (lambda: np.array([X, 1.0]), "not an array: use rvs"),
        (lambda: np.arctan2(X, 1.0), "no transform of that name"),
        (lambda: np.isnan(X), "no transform of that name"),
        (lambda: special.gamma(X), "no transform of that name"),
        (lambda: np.equal(X, 1.0), "no transform of that name"),
        (lambda: X @ np.eye(2), "write A.T @ X"),
        (lambda: round(X, 2), "round"),
    ],
)
def test_what_has_no_meaning_is_refused_with_the_alternative(expression, words):
    with pytest.raises(REFUSED, match=words):
        expression()


@pytest.mark.parametrize(
    "expression", [lambda: X + "1", lambda: X * None, lambda: X + 1j, lambda: 0 * X, lambda: X / 0]
)
def test_what_is_no_good_number_is_refused(expression):
    with pytest.raises(dn.DensitiesError):
        expression()


def test_leaving_the_domain_states_the_lost_mass():
    with pytest.raises(dn.SupportError, match=r"P\(X <= 0\) = 0.5 .* outside its domain") as caught:
        np.log(dn.Normal())
    assert caught.value.lost_mass == pytest.approx(0.5, rel=1e-15)
    with pytest.raises(dn.SupportError, match=r"10\^-2173.87 .*truncate\("):
        np.log(dn.Normal(100, 1))


def test_equality_is_identity():
    assert X == X
    assert dn.Normal(0.5, 2) != X
    assert X.same_as(dn.Normal(0.5, 2))


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        (lambda: 0 * X, r"c \* X: expected a number other than 0, got 0; 0\*X is a point mass, Delta\(0\)"),
        (lambda: 0.0 / X, "c .* X: expected a number other than 0"),
        (lambda: X / 0, "X / c: expected a number other than 0, got 0; X/0 has no law"),
    ],
)
def test_a_factor_of_0_is_refused(expression, told):
    with pytest.raises(dn.errors.ParameterError, match=told):
        expression()
