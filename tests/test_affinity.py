"""log ∫ p^α q^(1-α) in closed form: against integrals over the library's densities, and mpmath at extreme parameters."""

import itertools

import numpy as np
import pytest
from mpmath import mp, mpf

import densities as dn
from densities.divergences.closed_forms import affinity
from densities.divergences.closed_forms.affinity import log_affinity

NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)
LEVELS = np.concatenate([10.0 ** np.arange(-15, -1), [0.03, 0.1, 0.25], 0.5 - 10.0 ** np.arange(-12, -1), [0.5]])

# Two laws of each family that share what they must; the first of a name without a pair here is its own neighbour.
PAIRS = [
    ("exponential(1.3)", "gamma(2.5, 0.7)"),
    ("gamma(1.5, 1)", "chi_squared(4)"),
    ("inverse_gamma(2, 1)", "levy(1.5)"),
    ("inverse_gaussian(1.2, 2)", "levy(1.5)"),
    ("weibull(1.5, 2)", "weibull(1.5, 1.4)"),
    ("weibull(2, 1.4)", "rayleigh(1.3)"),
    ("frechet(2.5, 1)", "frechet(2.5, 1.3)"),
    ("generalized_gamma(1.2, 2, 1)", "nakagami(0.8, 1.5)"),
    ("half_normal(1)", "maxwell(0.7)"),
    ("half_generalized_normal(1, 2)", "exponential(1)"),
    ("chi(3)", "chi(1.5)"),
    ("laplace(1, 2)", "laplace(1, 1.3)"),
    ("generalized_normal(1, 1, 0.8)", "laplace(1, 1.3)"),
    ("normal(1, 2)", "generalized_normal(2, 1, 2.2)"),
    ("double_gamma(1.5, 1, 2)", "laplace(1, 1.4)"),
    ("double_weibull(2, 0.5, 1)", "normal(0.5, 1)"),
    ("log_gamma(2, 0, 1.5)", "log_gamma(1.2, 0.4, 1.5)"),
    ("gumbel(0, 1.5)", "gumbel(0.7, 1.5)"),
    ("gumbel(0, 1.5)", "moyal(0.7, 1.5)"),
    ("log_laplace(1.5, 2)", "log_laplace(2.2, 2)"),
    ("gompertz(0.5, 2)", "gompertz(0.8, 2)"),
    ("exponentiated_weibull(2, 1.5, 1)", "exponentiated_weibull(3, 1.5, 1)"),
    ("generalized_logistic(2, 0, 1)", "generalized_logistic(1.3, 0, 1)"),
    ("normal(0, 1)", "normal(1, 1.2)"),
    ("log_normal(0, 1)", "log_normal(0.5, 0.8)"),
    ("logit_normal(0, 1)", "johnson_sb(0.5, 1.2)"),
    ("johnson_su(0.2, 1.1, 0, 2)", "johnson_su(-0.3, 0.9, 0, 2)"),
    ("inverse_gaussian(1, 2)", "inverse_gaussian(1.5, 1.7)"),
    ("reciprocal_inverse_gaussian(1, 2)", "reciprocal_inverse_gaussian(1.5, 1.7)"),
    ("beta(2, 3)", "uniform(0, 1)"),
    ("beta(1, 3)", "kumaraswamy(1, 2)"),
    ("kumaraswamy(1.7, 3)", "kumaraswamy(1.7, 2)"),
    ("power_function(2.5, 2)", "uniform(0, 2)"),
    ("arcsine(-1, 1)", "uniform(-1, 1)"),
    ("beta_prime(2, 3)", "f(4, 4)"),
    ("lomax(2, 1.5)", "lomax(3, 1.5)"),
    ("burr(1.5, 2, 1)", "log_logistic(1.5, 1)"),
    ("dagum(1.5, 2, 1)", "burr(1.5, 1.2, 1)"),
    ("pareto(2.5, 1)", "pareto(2, 1)"),
    ("pareto(2.5, 1.4)", "pareto(2, 1)"),
    ("uniform(1, 2)", "uniform(0.5, 4)"),
    ("uniform(0, 1)", "continuous_bernoulli(0.3)"),
    ("continuous_bernoulli(0.8)", "continuous_bernoulli(0.3)"),
    ("log_uniform(2, 3)", "log_uniform(1, 5)"),
    ("von_mises(2, 1)", "von_mises(0.7, -0.5)"),
    ("cauchy(0, 1)", "cauchy(1, 2.5)"),
    ("half_cauchy(1)", "half_cauchy(2.5)"),
    ("wrapped_cauchy(0.3, 1)", "wrapped_cauchy(0.5, -0.4)"),
    ("poisson(3)", "poisson(4.5)"),
    ("bernoulli(0.3)", "bernoulli(0.6)"),
    ("bernoulli(0.3)", "categorical([0.5, 0.2, 0.3])"),
    ("binomial(20, 0.3)", "binomial(20, 0.4)"),
    ("geometric(0.3)", "geometric(0.2)"),
    ("negative_binomial(2.5, 0.3)", "negative_binomial(2.5, 0.25)"),
    ("discrete_uniform(2, 5)", "discrete_uniform(1, 6)"),
    ("zipf(6)", "zipf(5)"),
]
APART = {"dirichlet", "multivariate_normal", "log_cauchy", "wishart", "inverse_wishart", "lkj_cholesky"}  # tested below


def sides(p, q):
    """Quantiles of both laws from both ends: where to split an integral."""
    cuts = np.concatenate([quantile(LEVELS) for law in (p, q) for quantile in (law.ppf, law.isf)])
    return np.unique(cuts[np.isfinite(cuts)])


def integral(p, q, order):
    """log ∫ p^α q^(1-α) by Gauss rules between quantiles, or the sum over the first counts."""
    if p.measure == "counting":
        k = np.arange(5000)
        k = k[(p.logpmf(k) > -np.inf) & (q.logpmf(k) > -np.inf)]
        return np.log(np.sum(np.exp(order * p.logpmf(k) + (1 - order) * q.logpmf(k))))
    cuts = sides(p, q)
    half = np.diff(cuts)[:, None] / 2
    x = cuts[:-1, None] + half * (NODES + 1)
    with np.errstate(all="ignore"):
        inside = np.exp(order * p.logpdf(x) + (1 - order) * q.logpdf(x))
    return np.log(np.sum(half * WEIGHTS * np.where(np.isfinite(inside), inside, 0.0)))


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_affinities_are_integrals(first, second):
    p, q = dn.parse(first), dn.parse(second)
    for a, b, order in [(p, q, 0.3), (p, q, 0.5), (q, p, 0.9), (p, q, 1.1)]:
        found = log_affinity(a.name, a.params, b.name, b.params, order)
        truth = integral(a, b, order)
        assert found.bound <= 1e-15 * abs(found.value) + 1e-300
        assert abs(found.value - truth) <= 1e-7, (order, found.value, truth)


def test_every_family_is_tested():
    named = {dn.parse(text).name for pair in PAIRS for text in pair}
    assert named == (affinity.MEMBERS.keys() | affinity.HALF_PLANE.keys()) - APART


# --- extreme parameters, in digits that nothing exhausts ---------------------------------------------------------------

EXTREME = [1e-300, 1e-8, 0.3, 1.0, 1.0 + 1e-15, 1e12]
CHANCES = [1e-300, 1e-8, 0.3, 0.3 + 1e-15, 1 - 1e-15]
PLACES = [-1e12, -1e-300, 0.0, 1.0, 1.0 + 1e-15]
ORDERS = [1e-6, 0.5, 0.999999, 1.000001, 2.0, 50.0]


def normal_truth(a, m, s, n, t):
    spread = a * t**2 + (1 - a) * s**2
    if spread <= 0:
        return mp.inf
    return (1 - a) * mp.log(s) + a * mp.log(t) - mp.log(spread) / 2 - a * (1 - a) * (m - n) ** 2 / spread / 2


def exponential_truth(a, s, t):
    return gamma_truth(a, 1, s, 1, t)


def gamma_truth(a, k, s, j, t):
    shape, spread = a * k + (1 - a) * j, a * t + (1 - a) * s
    if shape <= 0 or spread <= 0:
        return mp.inf
    parts = a * (mp.loggamma(k) + k * mp.log(s)) + (1 - a) * (mp.loggamma(j) + j * mp.log(t))
    return mp.loggamma(shape) + shape * mp.log(s * t / spread) - parts


def beta_truth(a, k, s, j, t):
    x, y = a * k + (1 - a) * j, a * s + (1 - a) * t
    if x <= 0 or y <= 0:
        return mp.inf
    return log_beta(x, y) - a * log_beta(k, s) - (1 - a) * log_beta(j, t)


def log_beta(x, y):
    return mp.loggamma(x) + mp.loggamma(y) - mp.loggamma(x + y)


def lomax_truth(a, k, s, j, t):
    rate = a * k + (1 - a) * j
    return a * mp.log(k) + (1 - a) * mp.log(j) - mp.log(rate) if rate > 0 else mp.inf


def poisson_truth(a, m, n):
    return m**a * n ** (1 - a) - a * m - (1 - a) * n


def bernoulli_truth(a, x, y):
    return mp.log(x**a * y ** (1 - a) + (1 - x) ** a * (1 - y) ** (1 - a))


def geometric_truth(a, x, y):
    again = (1 - x) ** a * (1 - y) ** (1 - a)
    return mp.log(x**a * y ** (1 - a) / (1 - again)) if again < 1 else mp.inf


def inverse_gaussian_truth(a, m, k, n, j):
    lam, pull = a * k + (1 - a) * j, a * k / m**2 + (1 - a) * j / n**2
    if lam <= 0 or pull < 0:
        return mp.inf
    ratio = (a * mp.log(k) + (1 - a) * mp.log(j) - mp.log(lam)) / 2
    return ratio + a * k / m + (1 - a) * j / n - mp.sqrt(lam * pull)


def cauchy_truth(a, m, s, n, t):
    """By the complete elliptic integral for α = 1/2; p/q averaged by the law of p for α = 2."""
    cosh = 1 + ((m - n) ** 2 + (s - t) ** 2) / (2 * s * t)
    if a == 2:
        return mp.log(cosh)
    k = cosh - mp.sqrt(cosh**2 - 1)
    return mp.log(2 / mp.pi * mp.sqrt(k) * mp.ellipk(1 - k * k))


TRUTHS = [  # and the digits that outlast what cancels
    ("normal", normal_truth, {"loc": PLACES, "scale": EXTREME}, ORDERS, 1300),
    ("exponential", exponential_truth, {"scale": EXTREME}, ORDERS, 400),
    ("gamma", gamma_truth, {"shape": EXTREME, "scale": EXTREME}, ORDERS, 400),
    ("beta", beta_truth, {"a": EXTREME, "b": EXTREME}, ORDERS, 400),
    ("lomax", lomax_truth, {"a": EXTREME, "scale": [2.0]}, ORDERS, 400),
    ("poisson", poisson_truth, {"mu": EXTREME}, ORDERS, 400),
    ("bernoulli", bernoulli_truth, {"p": CHANCES}, ORDERS, 400),
    ("geometric", geometric_truth, {"p": CHANCES}, ORDERS, 400),
    ("inverse_gaussian", inverse_gaussian_truth, {"mean": EXTREME, "lam": EXTREME}, ORDERS, 1300),
    ("cauchy", cauchy_truth, {"loc": PLACES, "scale": EXTREME}, [0.5, 2.0], 1300),
]


def every(axes):
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def is_right(name, truth, p, q, order):
    found = log_affinity(name, p, name, q, order)
    exact = truth(mpf(order), *map(mpf, p.values()), *map(mpf, q.values())) if p != q else mpf(0)
    if abs(exact) > np.finfo(float).max:
        return found.value == (np.inf if exact > 0 else -np.inf)
    return abs(mpf(found.value) - exact) <= found.bound <= 1e-15 * abs(found.value) + 1e-300


def wrong(name, truth, axes, orders, digits, count):
    """About `count` of the cases, those where the closed form is not within its bound."""
    cases = list(itertools.product(every(axes), every(axes), orders))
    with mp.workdps(digits):
        return [case for case in cases[:: len(cases) // count | 1] if not is_right(name, truth, *case)]


@pytest.mark.parametrize("row", TRUTHS, ids=[row[0] for row in TRUTHS])
def test_extreme_parameters_keep_their_bounds(row):
    assert not wrong(*row, count=5)


@pytest.mark.slow
@pytest.mark.parametrize("row", TRUTHS, ids=[row[0] for row in TRUTHS])
def test_more_extreme_parameters_keep_their_bounds(row):
    assert not wrong(*row, count=200)


# --- what has no integral above ----------------------------------------------------------------------------------------


def affinity_of(first, second, order):
    p, q = dn.parse(first), dn.parse(second)
    return log_affinity(p.name, p.params, q.name, q.params, order)


@pytest.mark.parametrize("order", [0.3, 0.5, 2.0])
def test_log_cauchy_laws_are_as_far_apart_as_their_logarithms(order):
    assert affinity_of("log_cauchy(0, 0.1)", "log_cauchy(0.2, 0.15)", order) == affinity_of(
        "cauchy(0, 0.1)", "cauchy(0.2, 0.15)", order
    )


@pytest.mark.parametrize("order", [0.3, 0.5, 1.4])
def test_affinities_of_normal_vectors_are_integrals(order):
    p = dn.MultivariateNormal([0, 1], [[1, 0.5], [0.5, 2]])
    q = dn.MultivariateNormal([0.5, 0.3], [[1.4, -0.2], [-0.2, 1.5]])
    step = 0.08
    x = np.stack(np.meshgrid(*2 * [np.arange(-20, 20, step)]), axis=-1)
    truth = np.log(np.sum(np.exp(order * p.logpdf(x) + (1 - order) * q.logpdf(x))) * step**2)
    found = log_affinity(p.name, p.params, q.name, q.params, order)
    assert abs(found.value - truth) <= 1e-12


def test_nearly_singular_normal_vectors_keep_their_digits():
    """Variances 1 and ε² along the diagonals, with ε² that doubles hold exactly: log A of one direction."""
    covs = [np.array([[1 + e, 1 - e], [1 - e, 1 + e]]) / 2 for e in (2.0**-50, 2.0**-49)]
    p, q = ({"mean": [0.0, 0.0], "cov": cov} for cov in covs)
    found = log_affinity("multivariate_normal", p, "multivariate_normal", q, 0.5)
    assert found.value == pytest.approx(0.25 * np.log(2.0) - 0.5 * np.log(1.5), rel=1e-15, abs=0)
    assert log_affinity("multivariate_normal", q, "multivariate_normal", p, 2.0).value == np.inf


def test_covariances_that_are_positive_by_rounding_alone_have_no_closed_form():
    flat = {"mean": [0.0, 0.0], "cov": [[1.0, 1.0], [1.0, 1.0]]}
    other = {"mean": [0.0, 0.0], "cov": np.eye(2)}
    assert log_affinity("multivariate_normal", flat, "multivariate_normal", other, 0.5) is None
    wide = {"mean": np.zeros(51), "cov": np.eye(51)}
    assert log_affinity("multivariate_normal", wide, "multivariate_normal", {**wide, "mean": np.ones(51)}, 0.5) is None


def test_affinities_of_dirichlet_laws_are_integrals():
    """√(pq) is a polynomial for even exponents, which Gauss rules integrate exactly over the triangle."""
    p, q = dn.Dirichlet([1, 3, 5]), dn.Dirichlet([3, 5, 3])
    u, weight = (NODES + 1) / 2, WEIGHTS / 2
    x, y = np.broadcast_arrays(u[:, None], (1 - u[:, None]) * u)
    points = np.stack([x, y, 1 - x - y], axis=-1)
    root = np.exp((p.logpdf(points) + q.logpdf(points)) / 2)
    truth = np.log(np.sum(weight[:, None] * weight * (1 - x) * root))
    assert abs(log_affinity(p.name, p.params, q.name, q.params, 0.5).value - truth) <= 1e-13


# --- where it is infinite, and where there is none -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "order", "value"),
    [
        ("exponential(6)", "exponential(3)", 2.0, np.inf),  # at the edge: 2/6 - 1/3 = 0
        ("exponential(6)", "exponential(3)", 1.999999, None),
        ("normal(0, 2)", "normal(0, 1)", 1.5, np.inf),
        ("normal(0, 1)", "normal(3, 2)", 50, None),
        ("inverse_gaussian(2, 8)", "inverse_gaussian(1, 4)", 2.0, None),  # 2·8/4 - 4/1 = 0, and x^(-3/2) is integrable
        ("inverse_gaussian(2, 8)", "inverse_gaussian(1, 4)", 2.0001, np.inf),
        ("uniform(0, 2)", "uniform(1, 3)", 0.25, -np.log(2.0)),
        ("uniform(0, 2)", "uniform(1, 3)", 1.25, np.inf),
        ("uniform(0, 1)", "uniform(1, 3)", 0.5, -np.inf),
        ("uniform(0, 1)", "uniform(2, 3)", 1.5, np.inf),
        ("pareto(3, 1)", "pareto(2, 2)", 1.5, np.inf),
        ("discrete_uniform(1, 2)", "discrete_uniform(3, 4)", 0.5, -np.inf),
        ("bernoulli(0)", "bernoulli(1)", 0.5, -np.inf),
        ("bernoulli(0.5)", "bernoulli(1)", 0.5, -np.log(2.0) / 2),
        ("bernoulli(0.5)", "bernoulli(1)", 2.0, np.inf),
        ("bernoulli(1)", "bernoulli(0.5)", 2.0, np.log(2.0)),
        ("geometric(1)", "geometric(0.5)", 3.0, 2 * np.log(2.0)),
        ("geometric(0.5)", "geometric(1)", 3.0, np.inf),
        ("categorical([0.5, 0.5])", "categorical([0, 0.5, 0.5])", 0.5, -np.log(2.0)),
        ("exponential(2)", "chi_squared(2)", 0.5, 0.0),
        ("von_mises(0, 1)", "von_mises(0, 2)", 0.5, 0.0),
        ("normal(0, 1)", "normal(0, 1)", 0.5, 0.0),
        ("normal(0, 1e-300)", "normal(1, 1e-300)", 0.5, -np.inf),  # -1e600/8
    ],
)
def test_infinite_exactly_where_it_is(first, second, order, value):
    found = affinity_of(first, second, order)
    if value is None:
        assert 0 < found.value < np.inf and found.bound < 1e-15 * found.value
    else:
        assert found.value == value or abs(found.value - value) <= found.bound + 1e-16


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("normal(0, 1)", "logistic(0, 1)"),
        ("normal(0, 1)", "log_normal(0, 1)"),
        ("laplace(0, 1)", "laplace(1, 1)"),
        ("weibull(2, 1)", "weibull(3, 1)"),
        ("binomial(4, 0.5)", "binomial(5, 0.5)"),
        ("cauchy(0, 1)", "half_cauchy(1)"),
        ("cauchy(0, 1)", "normal(0, 1)"),
    ],
)
def test_pairs_without_a_closed_form_have_none(first, second):
    assert affinity_of(first, second, 0.5) is None


@pytest.mark.slow
def test_orders_whose_series_take_too_long_have_none():
    assert affinity_of("cauchy(0, 1)", "cauchy(3, 2)", 200000.5) is None


def test_parameters_broadcast_and_scalars_give_scalars():
    p, q = {"shape": [1.0, 2.0], "scale": 1.0}, {"shape": 2.0, "scale": [[1.5], [2.0]]}
    found = log_affinity("weibull", p, "weibull", q, 0.5)
    assert found.value.shape == found.bound.shape == (2, 2)
    assert np.isnan(found.value[:, 0]).all() and np.isinf(found.bound[:, 0]).all()
    for i, scale in enumerate([1.5, 2.0]):
        single = log_affinity("weibull", {"shape": 2.0, "scale": 1.0}, "weibull", {"shape": 2.0, "scale": scale}, 0.5)
        assert np.ndim(single.value) == 0 and single.value == found.value[i, 1]
