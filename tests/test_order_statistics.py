"""Order statistics and extremes: closed forms, mpmath, and the laws that have names."""

import mpmath
import numpy as np
import pytest
from mpmath import mp
from scipy import special

import densities as dn
from densities.distributions.listed import extreme_of
from densities.distributions.order import DiscreteOrderStatistic, Extreme, OrderStatistic
from densities.errors import ParameterError, ShapeError, UnsupportedOperationError
from densities.expressions import parse

TAILS = np.array([1e-300, 1e-30, 1e-3, 0.3, 0.5, 0.8])
Q = np.array([1e-300, 1e-12, 0.2, 0.5, 0.9])


def agree(law, named, points, rtol=1e-11):
    for method in ("logpdf", "logcdf", "logsf"):
        np.testing.assert_allclose(
            getattr(law, method)(points), getattr(named, method)(points), rtol=rtol, atol=1e-13, err_msg=method
        )
    for method in ("cdf", "sf"):
        np.testing.assert_allclose(getattr(law, method)(points), getattr(named, method)(points), rtol=rtol)
    for method in ("ppf", "isf"):
        np.testing.assert_allclose(getattr(law, method)(Q), getattr(named, method)(Q), rtol=rtol, err_msg=method)


NAMED = [
    (dn.Exponential(2), 1, 5, dn.Exponential(0.4)),
    (dn.Weibull(1.7, 2), 1, 4, dn.Weibull(1.7, 2 * 4 ** (-1 / 1.7))),
    (dn.Pareto(2, 3), 1, 5, dn.Pareto(10, 3)),
    (dn.Gumbel(1, 2), 7, 7, dn.Gumbel(1 + 2 * np.log(7), 2)),
    (dn.Frechet(2, 3), 9, 9, dn.Frechet(2, 9)),
    (dn.Uniform(0, 1), 2, 5, dn.Beta(2, 4)),
    (dn.Kumaraswamy(2, 3), 1, 4, dn.Kumaraswamy(2, 12)),
]


@pytest.mark.parametrize(("law", "rank", "n", "named"), NAMED, ids=str)
def test_the_computed_law_is_the_named_one(law, rank, n, named):
    computed = OrderStatistic(law, rank, n)
    agree(computed, named, np.concatenate([named.ppf(TAILS), named.isf(TAILS[2:])]))
    assert dn.order_statistic(law, rank, n).simplify().same_as(computed.simplify())
    np.testing.assert_allclose(computed.mean(), named.mean(), rtol=1e-9)
    np.testing.assert_allclose(computed.entropy(), named.entropy(), rtol=1e-9, atol=1e-12)
    assert dn.kl(computed, named).value == pytest.approx(0.0, abs=1e-12)


NAMES = {
    "minimum(exponential(1), 5)": "exponential(scale=0.2)",
    "minimum(exponential(1), exponential(3))": "exponential(scale=0.75)",
    "minimum(exponential(1), exponential(1), exponential(2))": "exponential(scale=0.4)",
    "minimum(rayleigh(2), 4)": "rayleigh(scale=1)",
    "minimum(pareto(1, 2), pareto(3, 2))": "pareto(a=4, xm=2)",
    "minimum(lomax(1, 2), lomax(3, 2))": "lomax(a=4, scale=2)",
    "minimum(gompertz(1, 2), gompertz(3, 2))": "gompertz(c=4, scale=2)",
    "minimum(kumaraswamy(2, 3), kumaraswamy(2, 5))": "kumaraswamy(a=2, b=8)",
    "minimum(beta(1, 3), beta(1, 4))": "beta(a=1, b=7)",
    "minimum(geometric(0.5), geometric(0.5))": "geometric(p=0.75)",
    "minimum(geometric(0.5), 2)": "geometric(p=0.75)",
    "minimum(bernoulli(0.5), bernoulli(0.5))": "bernoulli(p=0.25)",
    "minimum(log_logistic(2, 3), 5)": "burr(c=2, d=5, scale=3)",
    "maximum(log_logistic(2, 3), 5)": "dagum(c=2, d=5, scale=3)",
    "maximum(bernoulli(0.5), bernoulli(0.5))": "bernoulli(p=0.75)",
    "minimum(burr(2, 3, 5), burr(2, 1.5, 5))": "burr(c=2, d=4.5, scale=5)",
    "maximum(dagum(2, 3, 5), dagum(2, 1.5, 5))": "dagum(c=2, d=4.5, scale=5)",
    "maximum(exponentiated_weibull(2, 3), exponentiated_weibull(4, 3))": "exponentiated_weibull(a=6, c=3, scale=1)",
    "maximum(generalized_logistic(2, 1), generalized_logistic(3, 1))": "generalized_logistic(c=5, loc=1, scale=1)",
    "product_of(bernoulli(0.5), bernoulli(0.5))": "bernoulli(p=0.25)",
    "maximum(gumbel(0, 2), gumbel(0, 2))": "gumbel(loc=1.3862943611198906, scale=2)",
    "maximum(frechet(2, 3), frechet(2, 4))": "frechet(shape=2, scale=5)",
    "maximum(power_function(2, 3), power_function(4, 3))": "power_function(a=6, scale=3)",
    "maximum(beta(2, 1), beta(4, 1))": "beta(a=6, b=1)",
    "maximum(uniform(0, 1), 3)": "beta(a=3, b=1)",
    "order_statistic(uniform(2, 4), 2, 5)": "beta(a=2, b=4) >> affine(loc=2, scale=2)",
    "order_statistic(bernoulli(0.5), 2, 3)": "bernoulli(p=0.5)",
    "order_statistic(normal(0, 1), 1, 1)": "normal(loc=0, scale=1)",
    "minimum(-gumbel(1, 2), 3)": str(-dn.Gumbel(1 + 2 * np.log(3), 2)),
}


@pytest.mark.parametrize("text", NAMES)
def test_order_statistics_with_a_name_take_it(text):
    found, expected = parse(text), parse(NAMES[text])
    assert type(found) is type(expected)
    points = np.ravel(expected.ppf([0.1, 0.4, 0.9]))
    np.testing.assert_allclose(found.cdf(points), expected.cdf(points), rtol=1e-13)
    np.testing.assert_allclose(found.pdf(points), expected.pdf(points), rtol=1e-12)


@pytest.mark.parametrize("rank", [1, 2, 5])
@pytest.mark.parametrize("x", [-38.0, -3.0, 0.1, 2.0, 20.0])
def test_normal_order_statistics_to_many_digits(rank, x):
    n = 5
    with mpmath.workdps(1800):
        below = mpmath.erfc(-mpmath.mpf(x) / mpmath.sqrt(2)) / 2
        above = mpmath.erfc(mpmath.mpf(x) / mpmath.sqrt(2)) / 2
        cdf = sum(mpmath.binomial(n, j) * below**j * above ** (n - j) for j in range(rank, n + 1))
        sf = sum(mpmath.binomial(n, j) * below**j * above ** (n - j) for j in range(rank))
        pdf = mpmath.npdf(x) * below ** (rank - 1) * above ** (n - rank) / mpmath.beta(rank, n - rank + 1)
        truth = [float(mpmath.log(v)) for v in (pdf, cdf, sf)]
    law = dn.order_statistic(dn.Normal(0, 1), rank, n)
    found = [law.logpdf(x), law.logcdf(x), law.logsf(x)]
    np.testing.assert_allclose(found, truth, rtol=1e-13, atol=1e-300)


def test_quantiles_of_both_tails_go_back():
    law = dn.order_statistic(dn.Normal(0, 1), 3, 8)
    for log in (-1e5, -700.0, -1e-3):
        assert law.logcdf(law.ppf(logp=log)) == pytest.approx(log, rel=1e-12)
        assert law.logsf(law.isf(logp=log)) == pytest.approx(log, rel=1e-12)


def test_moments_of_normal_extremes():
    """E max of 2 is 1/√π and of 3 is 3/(2√π), the variance of the median of 3 is 1 - ... by Jones (1948)."""
    assert dn.maximum(dn.Normal(0, 1), 2).mean() == pytest.approx(1 / np.sqrt(np.pi), rel=1e-12)
    assert dn.maximum(dn.Normal(0, 1), 3).mean() == pytest.approx(1.5 / np.sqrt(np.pi), rel=1e-12)
    assert dn.maximum(dn.Normal(0, 1), 2).var() == pytest.approx(1 - 1 / np.pi, rel=1e-11)
    assert dn.order_statistic(dn.Normal(0, 1), 2, 3).var() == pytest.approx(1 - np.sqrt(3) / np.pi, rel=1e-11)
    assert dn.order_statistic(dn.Normal(0, 1), 2, 3).mean() == pytest.approx(0.0, abs=1e-14)


def test_divergence_from_the_law_itself():
    """D(X_(n) ‖ X) = log n - 1 + 1/n for any law: the entropy of a beta law."""
    for law in (dn.Normal(0, 1), dn.Cauchy(0, 1), dn.Gamma(0.5, 1)):
        d = dn.kl(dn.order_statistic(law, 4, 4), law)
        assert d.value == pytest.approx(np.log(4) - 1 + 0.25, rel=1e-10)


def test_maps_commute_with_order_statistics():
    base = dn.Normal(0, 1)
    x = np.array([0.05, 1.0, 30.0])
    rising = OrderStatistic(np.exp(base), 2, 6)
    agree(rising, np.exp(OrderStatistic(base, 2, 6)), x)
    falling = dn.order_statistic(np.exp(-base) + 1, 2, 6)
    np.testing.assert_allclose(falling.cdf(1 + x), rising.cdf(x), rtol=1e-12)
    clipped = dn.order_statistic(np.maximum(base, 0), 2, 3)
    assert clipped.pmf(0.0) == pytest.approx(0.5, rel=1e-14)


def test_draws_follow_the_distribution_function():
    law = dn.order_statistic(dn.Normal(0, 1), 9, 10)
    draws = np.sort(law.rvs(4000, rng=1))
    gap = np.max(np.abs(law.cdf(draws) - np.arange(4000) / 4000))
    assert gap < 1.8 / np.sqrt(4000)
    assert dn.maximum(dn.Exponential(1), 10**12).rvs(rng=0) == pytest.approx(np.log(1e12), abs=8)


def test_batches_of_order_statistics():
    law = dn.order_statistic(dn.Normal([0.0, 5.0], 1.0), 2, 3)
    assert law.batch_shape == (2,)
    np.testing.assert_allclose(law.cdf(np.array([0.0, 5.0])), [0.5, 0.5])
    np.testing.assert_allclose(law.mean(), [0.0, 5.0], atol=1e-12)


# ---- point masses ----


@pytest.mark.slow
@pytest.mark.parametrize(("rank", "n"), [(1, 3), (2, 3), (3, 3), (20, 100)])
def test_poisson_order_statistics_to_many_digits(rank, n):
    law = dn.order_statistic(dn.Poisson(3), rank, n)
    with mpmath.workdps(1800):

        def below(k):
            return mpmath.gammainc(k + 1, 3, mpmath.inf, regularized=True) if k >= 0 else mpmath.mpf(0)

        def ranked(k):
            p = below(k)
            return sum(mpmath.binomial(n, j) * p**j * (1 - p) ** (n - j) for j in range(rank, n + 1))

        for k in (0, 1, 3, 8, 30):
            assert law.logpmf(k) == pytest.approx(float(mpmath.log(ranked(k) - ranked(k - 1))), rel=1e-12, abs=1e-15)
            assert law.logsf(k) == pytest.approx(float(mpmath.log(1 - ranked(k))), rel=1e-12, abs=1e-15)
            assert law.cdf(k) == pytest.approx(float(ranked(k)), rel=1e-12)


def test_falling_and_folded_point_masses():
    die = dn.DiscreteUniform(1, 6)
    low = DiscreteOrderStatistic(die, 1, 2)
    np.testing.assert_allclose(low.pmf(np.arange(1.0, 7.0)), np.arange(11, 0, -2) / 36, rtol=1e-14)
    high = dn.maximum(10 - 3 * die, 2)
    np.testing.assert_allclose(high.pmf(10.0 - 3.0 * np.arange(1, 7)), np.arange(11, 0, -2) / 36, rtol=1e-14)
    folded = dn.maximum((die - 3) ** 2, 2)  # 4 1 0 1 4 9
    np.testing.assert_allclose(folded.pmf(np.array([0.0, 1.0, 4.0, 9.0])), np.array([1, 8, 16, 11]) / 36, rtol=1e-14)
    assert dn.minimum(dn.Poisson(2), 4).mean() == pytest.approx(
        sum(special.gammainc(k + 1, 2.0) ** 4 for k in range(60)), rel=1e-12
    )


def test_extremes_of_different_point_masses():
    law = dn.minimum(dn.Poisson(2), dn.Geometric(0.5))
    k = np.arange(0.0, 12.0)
    tail = dn.Poisson(2).sf(k) * dn.Geometric(0.5).sf(k)
    np.testing.assert_allclose(law.sf(k), tail, rtol=1e-12)
    np.testing.assert_allclose(law.pmf(k[1:]), tail[:-1] - tail[1:], rtol=1e-10)
    assert law.sf(100.0) == pytest.approx(dn.Poisson(2).sf(100) * dn.Geometric(0.5).sf(100), rel=1e-11)
    greatest = extreme_of("maximum", [dn.Bernoulli(0.25), dn.Bernoulli(0.5)])
    assert greatest.pmf(1.0) == pytest.approx(0.625, rel=1e-15)


# ---- several laws ----


def test_extremes_of_different_laws():
    X, Y = dn.Exponential(1), dn.Normal(0, 1)
    low, high = dn.minimum(X, Y), dn.maximum(X, Y)
    x = np.array([0.3, 2.0, 20.0])
    np.testing.assert_allclose(low.logsf(x), X.logsf(x) + Y.logsf(x), rtol=1e-14)
    np.testing.assert_allclose(low.cdf(np.array([-37.0, -1.0])), Y.cdf(np.array([-37.0, -1.0])), rtol=1e-12)
    np.testing.assert_allclose(low.cdf(x[:2]), 1 - X.sf(x[:2]) * Y.sf(x[:2]), rtol=1e-13)
    np.testing.assert_allclose(low.pdf(x), X.pdf(x) * Y.sf(x) + Y.pdf(x) * X.sf(x), rtol=1e-13)
    np.testing.assert_allclose(high.logcdf(x), X.logcdf(x) + Y.logcdf(x), rtol=1e-14)
    np.testing.assert_allclose(high.sf(x), X.sf(x) + Y.sf(x) * X.cdf(x), rtol=1e-13)
    assert low.mean() + high.mean() == pytest.approx(1.0, rel=1e-10)
    assert high.isf(1e-300) == pytest.approx(X.isf(1e-300), rel=1e-13)


def test_extremes_by_the_class_are_the_named_ones():
    agree(
        Extreme([dn.Exponential(1), dn.Exponential(3)], largest=False),
        dn.Exponential(0.75),
        np.geomspace(1e-200, 500, 9),
    )
    points = dn.Gumbel(np.log(3), 1).isf(np.array([1e-300, 1e-10, 0.4, 1 - 1e-10]))
    agree(Extreme([dn.Gumbel(0, 1), dn.Gumbel(np.log(2), 1)], largest=True), dn.Gumbel(np.log(3), 1), points)


def test_texts_parse_back():
    for text in (
        "order_statistic(normal(0, 1), 2, 5)",
        "minimum(exponential(1), normal(0, 1))",
        "maximum(poisson(2), 3)",
    ):
        law = parse(text)
        assert parse(str(law)).same_as(law)
        assert law.simplify().same_as(law)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: dn.order_statistic(dn.Normal(0, 1), 0, 3), ParameterError, "rank"),
        (lambda: dn.order_statistic(dn.Normal(0, 1), 4, 3), ParameterError, "rank"),
        (lambda: dn.order_statistic(dn.Normal(0, 1), 1.5, 3), ParameterError, "whole number"),
        (lambda: dn.minimum(dn.Normal(0, 1)), ParameterError, "number of copies"),
        (lambda: dn.minimum(dn.Normal(0, 1), dn.Cauchy(0, 1), n=2), ParameterError, "beside"),
        (lambda: dn.minimum(dn.Normal(0, 1), dn.Poisson(1)), UnsupportedOperationError, "point masses"),
        (lambda: dn.minimum(dn.Normal([0.0, 1.0], 1), dn.Cauchy(0, 1)), ShapeError, "batch"),
        (lambda: dn.minimum(dn.Poisson([1.0, 2.0]), 3), ShapeError, "batch"),
        (lambda: dn.minimum(dn.MultivariateNormal([0, 0], np.eye(2)), 3), ShapeError, "line"),
        (
            lambda: dn.order_statistic(dn.Mixture([0.5, 0.5], [dn.Normal(0, 1), dn.Delta(0)]), 1, 2),
            UnsupportedOperationError,
            "mixture over its parts",
        ),
    ],
)
def test_what_has_no_order_statistic_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_order_statistics_to_many_digits():
    """Σ C(7, j) F^j S^(7-j) over j >= 3, and KL from the law itself by the beta law of F(X_(3))."""
    law = dn.order_statistic(dn.Normal(), 3, 7)
    with mpmath.workdps(60):
        point = mpmath.mpf(-40)
        below, above = mpmath.ncdf(point), mpmath.ncdf(-point)
        mass = sum(mpmath.binomial(7, j) * below**j * above ** (7 - j) for j in range(3, 8))
        density = 105 * below**2 * above**4 * mpmath.npdf(point)
        assert abs(law.cdf(-40.0, dps=40) / mass - 1) < mpmath.mpf(10) ** -39
        assert abs(law.pdf(-40.0, dps=40) / density - 1) < mpmath.mpf(10) ** -39
        quantile = law.isf(1e-200, dps=30)
        tail = mpmath.ncdf(-quantile)
        mass = sum(mpmath.binomial(7, j) * tail**j * (1 - tail) ** (7 - j) for j in range(5, 8))
        assert abs(mass / mpmath.mpf(1e-200) - 1) < mpmath.mpf(10) ** -26
    np.testing.assert_allclose(float(quantile), law.isf(1e-200), rtol=1e-13)


def test_extremes_to_many_digits():
    """P(max <= x) = Φ(x) e^(-e^-x), and the density is its derivative; P(min > x) is a product of tails."""
    largest = dn.maximum(dn.Normal(), dn.Gumbel(0, 1))
    smallest = dn.minimum(dn.Exponential(1), dn.Uniform(0, 2))
    with mpmath.workdps(60):
        both = lambda x: mpmath.ncdf(x) * mpmath.exp(-mpmath.exp(-x))  # noqa: E731
        x = mpmath.mpf(0.5)
        assert abs(largest.cdf(0.5, dps=40) - both(x)) < mpmath.mpf(10) ** -39
        assert abs(largest.pdf(0.5, dps=30) - mpmath.diff(both, x)) < mpmath.mpf(10) ** -28
        tail = 1 - (1 - mpmath.ncdf(-20)) * mpmath.exp(-mpmath.exp(-20))
        assert abs(largest.sf(20.0, dps=40) / tail - 1) < mpmath.mpf(10) ** -39
        assert abs(smallest.sf(0.5, dps=40) - mpmath.exp(-x) * (1 - x / 2)) < mpmath.mpf(10) ** -39
        assert smallest.cdf(2.5, dps=40) == 1 and smallest.pdf(2.5, dps=40) == 0


def test_a_rounded_width_moves_no_end():
    """The least of two over (low, 1): P(X > x) = ((1 - x)/(1 - low))², with a name only where 1 - low is a double."""
    law, x = dn.minimum(dn.Uniform(1e-17, 1), 2), np.array([3e-17, 0.25])
    assert isinstance(law, OrderStatistic)
    np.testing.assert_allclose(law.cdf(x), [4e-17, 1 - 0.75**2], rtol=1e-14)


@pytest.mark.parametrize("text", ["{}", "mixture([.5, .5], [{}, normal(5, 0.1)])"])
def test_a_shorter_name_moves_no_end(text):
    # cbrt of a Pareto variable begins at the cube root of 0.22, which is no double.
    law = dn.parse(text.format("pareto(2.06, 0.22) >> cbrt"))
    with mp.workdps(40):
        y = float(mp.cbrt(mp.mpf(0.22)) * (1 + mp.mpf("1e-11")))
        share = (1 - (mp.mpf(0.22) / mp.mpf(y) ** 3) ** mp.mpf(2.06)) / (2 if "mixture" in text else 1)
        assert dn.maximum(law, 2).cdf(y) == pytest.approx(float(share**2), rel=1e-13)
