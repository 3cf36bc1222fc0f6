"""Closed forms of KL against mpmath: 30-digit integrals, and plain formulas in 200 digits at extreme parameters."""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp, mpf

import densities as dn
from densities.divergences import closed_forms as cf
from densities.divergences.closed_forms import elementary, lngamma, table
from densities.errors import DuplicateNameError

EPS = np.finfo(float).eps
ROWS = json.loads((Path(__file__).parents[1] / "reference" / "closed_forms.json").read_text())
BY_PAIR = defaultdict(list)
for _row in ROWS:
    BY_PAIR[_row["p"], _row["q"]].append(_row)


def relative(value, truth):
    return float(abs(mpf(float(value)) - truth) / truth)


@pytest.mark.parametrize("pair", sorted(BY_PAIR), ids="||".join)
def test_value_lies_within_its_bound_of_the_truth(pair):
    """|value - truth| <= bound + 4 eps |truth| on every row; <= 1e-12 relative wherever the bound claims that."""
    for row in BY_PAIR[pair]:
        truth = mpf(row["kl"])
        answer = cf.closed_form(row["p"], row["p_params"], row["q"], row["q_params"])
        if truth > np.finfo(float).max:
            assert answer.value == np.inf
            continue
        error = abs(mpf(float(answer.value)) - truth)
        assert error <= float(answer.bound) + 4 * EPS * abs(truth), row
        assert answer.bound > 1e-12 * abs(answer.value) or error <= 1e-12 * abs(truth) + 1e-307, row


# Families whose own divergence must be claimed, and be right, to 1e-12 at every step of 1e-8 and less.
# Beta laws with a << b claim less: a step in b alone leaves a/b of two remainders that nearly cancel. 1e-10 is where
# the caller turns to another route; the error itself stays below 1e-12 for them too.
CLAIM = defaultdict(lambda: 1e-12, beta=1e-10, beta_prime=1e-10)
NEAR = sorted({p for p, q in BY_PAIR if p == q} - {"generalized_normal", "triangular", "multivariate_normal"})


@pytest.mark.parametrize("family", NEAR)
def test_near_identical_laws_keep_their_digits(family):
    """Relative error <= 1e-12, and claimed so, for every KL in 1e-33 .. 1e-14."""
    for row in BY_PAIR[family, family]:
        truth = mpf(row["kl"])
        if 1e-33 < truth < 1e-14:
            answer = cf.closed_form(family, row["p_params"], family, row["q_params"])
            assert relative(answer.value, truth) <= 1e-12, row
            assert answer.bound <= CLAIM[family] * answer.value, row


N, G = dict(loc=0.0, scale=1.0), dict(shape=2.0, scale=1.0)
INFINITE = [
    ("half_cauchy", dict(scale=1.0), "half_normal", dict(scale=1.0), "infinite"),
    ("half_cauchy", dict(scale=1.0), "normal", N, "infinite"),
    ("cauchy", N, "normal", N, "infinite"),
    ("cauchy", N, "laplace", N, "infinite"),
    ("cauchy", N, "gumbel", N, "infinite"),
    ("student_t", dict(df=2.0, **N), "normal", N, "infinite"),
    ("pareto", dict(a=2.0, xm=1.0), "normal", N, "infinite"),
    ("student_t", dict(df=9.0, **N), "gumbel", N, "infinite"),
    ("laplace", dict(loc=0.0, scale=1.0), "gumbel", N, "infinite"),
    ("inverse_gamma", dict(shape=1.0, scale=1.0), "exponential", dict(scale=1.0), "infinite"),
    ("gamma", dict(shape=1.0, scale=1.0), "inverse_gamma", dict(shape=2.0, scale=1.0), "infinite"),
    ("normal", N, "gamma", G, "outside"),
    ("gamma", G, "beta", dict(a=1.0, b=1.0), "outside"),
    ("uniform", dict(low=0.0, high=2.0), "uniform", dict(low=0.0, high=1.0), "outside"),
    ("pareto", dict(a=2.0, xm=1.0), "pareto", dict(a=2.0, xm=1.5), "outside"),
    ("poisson", dict(mu=1.0), "bernoulli", dict(p=0.5), "outside"),
    ("poisson", dict(mu=1.0), "binomial", dict(n=9.0, p=0.5), "outside"),
    ("bernoulli", dict(p=0.5), "bernoulli", dict(p=1.0), "outside"),
    ("bernoulli", dict(p=0.5), "normal", N, "counting"),
    ("normal", N, "poisson", dict(mu=1.0), "lebesgue"),
    ("zipf", dict(a=2.0), "geometric", dict(p=0.3), "infinite"),
    ("categorical", dict(probs=[0.5, 0.5]), "categorical", dict(probs=[1.0, 0.0]), "infinite"),
]


@pytest.mark.parametrize(("p", "x", "q", "y", "reason"), INFINITE)
def test_infinity_comes_with_its_reason(p, x, q, y, reason):
    answer = cf.closed_form(p, x, q, y)
    assert answer.value == np.inf and answer.bound == 0 and reason in answer.reason


@pytest.mark.parametrize(
    ("p", "x", "q", "y", "truth"),
    [
        ("continuous_bernoulli", dict(p=0.3), "uniform", dict(low=0.0, high=1.0), "0.0293862"),
        ("uniform", dict(low=0.0, high=1.0), "continuous_bernoulli", dict(p=0.3), "0.0297361"),
        ("gamma", dict(shape=1e12, scale=1.0), "gamma", dict(shape=1e12 + 1e4, scale=1.0), "4.99999998e-5"),
        ("uniform", dict(low=0.0, high=1.0), "beta", dict(a=1.0, b=1.0), "0"),
        ("normal", N, "normal", dict(loc=1e-8, scale=1.0), "5e-17"),
        ("student_t", dict(df=2.1, **N), "normal", N, "9.48555"),
    ],
)
def test_published_wrong_answers_are_right_here(p, x, q, y, truth):
    """Cases where other libraries give inf, a negative number, nan or zero; 6 digits as published."""
    assert cf.closed_form(p, x, q, y).value == pytest.approx(float(truth), rel=3e-6, abs=1e-300)


def test_every_identical_pair_has_divergence_zero():
    """Zero within the bound, for every family that has rows with itself."""
    for p, q in BY_PAIR:
        if p == q:
            params = BY_PAIR[p, p][0]["p_params"]
            answer = cf.closed_form(p, params, p, params)
            assert abs(answer.value) <= answer.bound, p


def test_arrays_broadcast_and_equal_scalars():
    loc, scale = np.array([0.0, 1.0, 1e-8]), np.array([[1.0], [2.0]])
    batch = cf.closed_form("normal", dict(loc=loc, scale=1.0), "laplace", dict(loc=0.0, scale=scale))
    assert batch.value.shape == batch.bound.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        one = cf.closed_form("normal", dict(loc=loc[j], scale=1.0), "laplace", dict(loc=0.0, scale=scale[i, 0]))
        assert one.value == batch.value[i, j] and np.ndim(one.value) == 0
    mixed = cf.closed_form("student_t", dict(df=np.array([1.5, 3.0]), **N), "normal", N)
    assert mixed.value[0] == np.inf and np.isfinite(mixed.value[1])


def test_vector_laws_take_batches():
    alpha = np.array([[1.0, 2.0, 3.0], [0.5, 0.5, 9.0]])
    batch = cf.closed_form("dirichlet", dict(alpha=alpha), "dirichlet", dict(alpha=[1.0, 1.0, 1.0]))
    singles = [
        cf.closed_form("dirichlet", dict(alpha=a), "dirichlet", dict(alpha=[1.0, 1.0, 1.0])).value for a in alpha
    ]
    assert batch.value.tolist() == singles
    cov = np.stack([np.eye(2), 2 * np.eye(2)])
    normal = cf.closed_form(
        "multivariate_normal",
        dict(mean=np.zeros((2, 2)), cov=cov),
        "multivariate_normal",
        dict(mean=np.zeros(2), cov=np.eye(2)),
    )
    assert normal.value.shape == (2,) and normal.value[0] == 0
    assert normal.value[1] == pytest.approx(1 - np.log(2.0), rel=1e-14)


def test_an_element_without_closed_form_is_nan_with_infinite_bound():
    answer = cf.closed_form("logistic", dict(loc=0.0, scale=[1.0, 2.0]), "logistic", N)
    assert answer.value[0] == 0 and np.isnan(answer.value[1]) and answer.bound[1] == np.inf
    assert cf.closed_form("logistic", dict(loc=0.0, scale=2.0), "logistic", N) is None
    assert cf.closed_form("normal", N, "logistic", N) is None


def test_a_second_registration_is_refused():
    with pytest.raises(DuplicateNameError, match="normal"):
        cf.kl_rule("normal", "normal", source="again")(lambda p, q: 0.0)
    with pytest.raises(DuplicateNameError, match="normal"):
        cf.entropy("normal")(lambda loc, scale: 0.0)


@pytest.mark.parametrize("x", [1e-300, 1e-8, -1e-8, 0.3, -0.49999, 0.5, 0.50001, -0.7, 3.0, 1e12])
def test_remainders_of_log_and_exp(x):
    """x - log1p(x) and expm1(x) - x to 1e-15 relative (1e-14 past 1, where exp amplifies)."""
    with mp.workdps(700):
        assert abs(mpf(float(elementary.log_excess(x))) - (mpf(x) - mp.log1p(mpf(x)))) <= 1e-15 * mpf(x) ** 2 + 5e-324
        if x < 700:
            truth = mp.expm1(mpf(x)) - mpf(x)
            assert abs(mpf(float(elementary.exp_excess(x))) - truth) <= 2e-15 * truth + 5e-324


@pytest.mark.parametrize("x", [1e-300, 1e-3, 0.499, 0.5, 0.7, 1.0, 3.3, 11.9, 12.1, 1e6, 1e15])
def test_binet_function_and_its_derivatives(x):
    """mu, x mu', x^2 mu'' to 2e-15 relative."""
    value, slope = lngamma.binet(np.float64(x))
    with mp.workdps(80):
        t = mpf(x)
        truths = (
            mp.loggamma(t) - (t - 0.5) * mp.log(t) + t - mp.log(2 * mp.pi) / 2,
            t * (mp.digamma(t) - mp.log(t) + 1 / (2 * t)),
            t * t * (mp.polygamma(1, t) - 1 / t) - mpf(0.5),
        )
        for got, truth in zip((value, slope, lngamma.binet_curvature(np.float64(x))), truths, strict=True):
            assert abs(mpf(float(got)) - truth) <= 2e-15 * abs(truth)


@pytest.mark.parametrize("family", sorted({p for p, q in BY_PAIR if p == q} & set(cf.entropies())))
def test_entropy_and_expectations_hold_their_bound_at_extreme_parameters(family):
    """Where a pair has its own rule, -H(p) - E_p[log q] is still within its own bound of the truth."""
    for row in BY_PAIR[family, family]:
        truth = mpf(row["kl"])
        p, q = ({k: np.asarray(v, dtype=float) for k, v in row[side].items()} for side in ("p_params", "q_params"))
        with np.errstate(all="ignore"):
            answer = table.compose(family, p, family, q)
        if answer is not None and truth < 1e300 and not np.isnan(answer[0].value):
            value, bound = answer[0]
            assert abs(mpf(float(value)) - truth) <= float(bound) + 4 * EPS * truth, row


def test_powers_of_half_cauchy():
    """D(half-Cauchy || Weibull(1/2)) needs E log X = 0 and E X^(1/2) = sqrt 2; the integral in 30 digits."""
    with mp.workdps(30):

        def integrand(x):
            p = 2 / (mp.pi * (1 + x * x))
            return p * (mp.log(p) - (mp.log(mpf(0.5)) - mp.log(x) / 2 - mp.sqrt(x)))

        truth = mp.quad(lambda u: integrand(mp.exp(u)) * mp.exp(u), [-140, -20, 0, 20, 140])
    answer = cf.closed_form("half_cauchy", dict(scale=1.0), "weibull", dict(shape=0.5, scale=1.0))
    assert abs(mpf(float(answer.value)) - truth) <= float(answer.bound) and answer.bound < 1e-13


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        # 3·0.1 is no double: D = 3(d - log(1 + d)) with 1 + d the exact ratio of the scales
        (3 * dn.Gamma(3, 0.1), dn.Gamma(3, 0.3), "1.28395329625815725e-32"),
        (3 * dn.Gamma(3, 0.1), dn.Gamma(3, 0.3000001), "1.66666592509687043e-13"),
        # nor is 1/0.1: D = d - log(1 + d), 1 + d = 0.1·10.00000001
        (np.exp(dn.Exponential(0.1)), dn.Pareto(10.00000001), "5.00000137918198371e-19"),
    ],
    ids=["the same but for a rounding", "scale", "exponent"],
)
@pytest.mark.parametrize("method", ["auto", "closed"])
def test_parameters_that_an_identity_rounds_are_part_of_the_error(p, q, truth, method):
    found = dn.kl(p, q, method=method)
    assert abs(found.value - float(truth)) <= found.error


def test_parameters_that_an_identity_takes_over_or_doubles_are_exact():
    assert dn.kl(dn.ChiSquared(4.0), dn.Gamma(2.0, 2.00001)).method == "closed"
    assert dn.kl(2 * dn.Gamma(3, 0.1), dn.Gamma(3, 0.2 + 1e-10)).method == "closed"


def test_kumaraswamy_against_a_power_law_by_an_integral():
    with mp.workdps(30):
        a, b, c = mpf(2), mpf(3), mpf(1.5)

        def f(x):
            return a * b * x ** (a - 1) * (1 - x**a) ** (b - 1)

        truth = mp.quad(lambda x: f(x) * mp.log(f(x) / (c * x ** (c - 1))), [0, 0.5, 1])
        answer = cf.closed_form("kumaraswamy", dict(a=2.0, b=3.0), "kumaraswamy", dict(a=1.5, b=1.0))
        assert answer.bound < 1e-13 and abs(mpf(float(answer.value)) - truth) <= answer.bound
