"""Sums, products and ratios of independent laws: the quadrature against named laws in both tails, mpmath, and names."""

import pickle

import mpmath
import numpy as np
import pytest

import densities as dn
from densities.distributions.convolution import Convolution
from densities.distributions.listed import Listed
from densities.distributions.overlap import Overlap
from densities.distributions.product_ratio import ProductOf, RatioOf
from densities.errors import AccuracyWarning, ParameterError, ShapeError, SupportError, UnsupportedOperationError
from densities.expressions import parse

N, E, G, U = dn.Normal, dn.Exponential, dn.Gamma, dn.Uniform
Q = np.array([1e-300, 1e-12, 0.2, 0.5, 0.8])


def agree(law, named, points, rtol=1e-11, quantiles=Q):
    for method in ("logpdf", "logcdf", "logsf"):
        found, expected = getattr(law, method)(points), getattr(named, method)(points)
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=2e-13, err_msg=method)
    for method in ("pdf", "cdf", "sf"):
        found, expected = getattr(law, method)(points), getattr(named, method)(points)
        np.testing.assert_allclose(found, expected, rtol=rtol, err_msg=method)
    for method in ("ppf", "isf"):
        found, expected = getattr(law, method)(quantiles), getattr(named, method)(quantiles)
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-14, err_msg=method)


def slow(*case):
    return pytest.param(*case, marks=pytest.mark.slow)


BOTH = np.concatenate([-np.geomspace(1e-3, 36.0, 8), np.geomspace(1e-3, 36.0, 8)])
POSITIVE = np.geomspace(1e-90, 680.0, 14)
FAR = np.concatenate([-np.geomspace(1e-3, 1e280, 8), np.geomspace(1e-3, 1e280, 8)])
SUMS = [
    (N(0, 1), N(1, 2), N(1, np.sqrt(5)), 3 * BOTH / 2),
    slow(N(1e6, 1), N(0, 1e-3), N(1e6, np.hypot(1, 1e-3)), 1e6 + BOTH),
    (G(2, 1), E(1), G(3, 1), POSITIVE),
    slow(G(0.3, 2), G(0.2, 2), G(0.5, 2), POSITIVE),
    (E(1), -E(1), dn.Laplace(0, 1), 18 * BOTH),
    (E(1), -E(3), dn.AsymmetricLaplace(np.sqrt(3), 0, np.sqrt(3)), 10 * BOTH),
    (dn.Cauchy(0, 1), dn.Cauchy(1, 2), dn.Cauchy(1, 3), FAR),
    slow(dn.Levy(1), dn.Levy(4), dn.Levy(9), np.geomspace(0.01, 1e280, 9)),
    (U(0, 1), U(2, 3), dn.Triangular(2, 3, 4), np.array([2 + 1e-13, 2.3, 3, 3.9, 4 - 1e-13])),
    (dn.Gumbel(1, 2), -dn.Gumbel(0, 2), dn.Logistic(1, 2), 30 * BOTH),
    (-G(2, 1), -E(1), -G(3, 1), -POSITIVE),
]


@pytest.mark.parametrize(("X", "Y", "named", "points"), SUMS, ids=str)
def test_quadrature_gives_the_named_sum(X, Y, named, points):
    law = Convolution(X, Y)
    agree(law, named, points, quantiles=np.array([1e-100, 0.2, 0.5]))
    simplest = dn.sum_of(X, Y)
    assert not isinstance(simplest, Convolution) or X.mean() == 1e6  # whose sum has no name without loss
    assert law.simplify().same_as(simplest)
    np.testing.assert_allclose(simplest.logcdf(points), named.logcdf(points), rtol=1e-12, atol=1e-15)


def test_the_far_tail_of_uniform_and_exponential():
    """(U + E).pdf(z) = (e - 1) e^-z for z > 1, at any depth; and the power z near 0."""
    law = dn.sum_of(U(0, 1), E(1))
    z = np.array([1.0, 2.0, 40.0, 700.0])
    np.testing.assert_allclose(law.pdf(z), np.expm1(1.0) * np.exp(-z), rtol=1e-13)
    np.testing.assert_allclose(
        law.logsf(np.array([40.0, 1e5])), np.log(np.expm1(1.0)) - np.array([40.0, 1e5]), rtol=1e-14
    )
    np.testing.assert_allclose(law.pdf(np.array([1e-250, 1e-50])), [1e-250, 1e-50], rtol=1e-11)
    np.testing.assert_allclose(law.cdf(np.array([1e-120, 1e-50])), [5e-241, 5e-101], rtol=1e-11)
    assert law.pdf(-1.0) == law.pdf(0.0) == 0.0
    assert law.cdf(0.0) == 0.0 and law.sf(-1.0) == 1.0
    assert np.isnan(law.pdf(np.nan)) and law.cdf(np.inf) == 1.0


@pytest.mark.parametrize("z", [-30.0, -2.0, 0.5, 4.0, 300.0])
def test_normal_plus_exponential_to_many_digits(z):
    """The exponentially modified normal law: f(z) = ½ e^(½ - z) erfc((1 - z)/√2)."""
    with mpmath.workdps(500):
        x = mpmath.mpf(z)
        pdf = mpmath.exp(mpmath.mpf(1) / 2 - x) * mpmath.erfc((1 - x) / mpmath.sqrt(2)) / 2
        below = mpmath.erfc(-x / mpmath.sqrt(2)) / 2 - pdf
        truth = [float(mpmath.log(v)) for v in (pdf, below, 1 - below)]
    law = dn.sum_of(N(0, 1), E(1))
    np.testing.assert_allclose([law.logpdf(z), law.logcdf(z), law.logsf(z)], truth, rtol=1e-12)


def test_student_plus_normal_by_another_quadrature():
    law = dn.sum_of(dn.StudentT(3), N(0, 0.5))
    for z in (0.3, 12.0, 1e4):
        with mpmath.workdps(30):

            def density(x, z=z):
                return 2 / (mpmath.pi * mpmath.sqrt(3) * (1 + x * x / 3) ** 2) * mpmath.npdf(z - x, 0, 0.5)

            truth = mpmath.quad(density, [-mpmath.inf, z - 5, z - 1, z, z + 1, z + 5, mpmath.inf])
        assert law.pdf(z) == pytest.approx(float(truth), rel=1e-11)


@pytest.mark.slow
def test_summaries_of_a_sum():
    law = dn.sum_of(N(1, 1), E(2))
    assert (law.mean(), law.var()) == (3.0, 5.0)
    assert law.moment(3) == pytest.approx(1 + 3 + 3 * 2 * 2 + 3 * 8 + 48, rel=1e-9)  # Σ C(3, k) E N^k E E^(3-k)
    assert np.isnan(dn.sum_of(dn.Cauchy(0, 1), N(0, 1)).mean())
    assert dn.sum_of(dn.StudentT(2), N(0, 1)).var() == np.inf
    assert dn.sum_of(U(0, 1), U(0, 2)).mode() == pytest.approx(1.5, abs=0.5)
    assert dn.kl(Convolution(G(2, 1), E(1)), G(3, 1)).value == pytest.approx(0.0, abs=1e-11)
    normal = N(1, np.sqrt(5))
    assert Convolution(N(0, 1), N(1, 2)).entropy() == pytest.approx(normal.entropy(), rel=1e-10)
    d = dn.kl(Convolution(N(0, 1), N(1, 2)), N(0, 2))
    assert d.value == pytest.approx(dn.kl(normal, N(0, 2)).value, rel=1e-10)


@pytest.mark.slow
def test_draws_of_a_sum_follow_its_law():
    law = dn.sum_of(E(1), U(0, 2), -E(3))
    draws = law.rvs(20000, rng=3)
    assert draws.mean() == pytest.approx(-1.0, abs=0.12)
    assert draws.var() == pytest.approx(1 + 1 / 3 + 9, rel=0.1)
    two = dn.sum_of(E(1), U(0, 2))
    draws = np.sort(two.rvs(3000, rng=4))
    assert np.max(np.abs(two.cdf(draws) - np.arange(3000) / 3000)) < 1.8 / np.sqrt(3000)
    estimate = dn.expect(lambda x: x, two, method="montecarlo", n=2**12, rng=0)
    assert abs(float(estimate) - 2.0) < 6 * estimate.error


def test_a_sum_of_three_has_the_right_density():
    """The sum of three uniform variables: z²/2 below 1, (-2z² + 6z - 3)/2 between 1 and 2."""
    law = Convolution(Convolution(U(0, 1), U(0, 1)), U(0, 1))
    np.testing.assert_allclose(law.pdf(np.array([1e-6, 0.5, 1.5])), [5e-13, 0.125, 0.75], rtol=1e-10)


# ---- names ----

NAMES = {
    "sum_of(gamma(2, 1), exponential(1))": "gamma(3, 1)",
    "sum_of(chi_squared(2), chi_squared(3))": "chi_squared(5)",
    "sum_of(normal(0, 3), normal(1, 4), normal(2, 12))": "normal(3, 13)",
    "sum_of(normal(0, 3), exponential(1), normal(0, 4))": "sum_of(normal(0, 5), exponential(1))",
    "sum_of(cauchy(0, 1), -cauchy(1, 2))": "cauchy(-1, 3)",
    "sum_of(levy(1), levy(4))": "levy(9)",
    "sum_of(inverse_gaussian(1, 2), inverse_gaussian(2, 8))": "inverse_gaussian(3, 18)",
    "sum_of(poisson(2), poisson(3))": "poisson(5)",
    "sum_of(binomial(3, 0.25), bernoulli(0.25))": "binomial(4, 0.25)",
    "sum_of(negative_binomial(2, 0.5), geometric(0.5))": "negative_binomial(3, 0.5) >> shift(1)",
    "sum_of(geometric(0.5), geometric(0.5))": "negative_binomial(2, 0.5) >> shift(2)",
    "sum_of(exponential(1), delta(3))": "exponential(1) >> shift(3)",
    "sum_of(1 + exponential(1), 2 + exponential(1))": "gamma(2, 1) >> shift(3)",
    "sum_of(3 - exponential(2), exponential(2))": "laplace(3, 2)",
    "sum_of(3 - exponential(2), 1 - exponential(2))": "gamma(2, 2) >> affine(4, -1)",
    "sum_of(noncentral_chi_squared(2, 1), noncentral_chi_squared(3, 2))": "noncentral_chi_squared(5, 3)",
    "difference_of(exponential(1), exponential(1))": "laplace(0, 1)",
    "difference_of(gumbel(1, 2), gumbel(0, 2))": "logistic(1, 2)",
    "difference_of(normal(1, 3), normal(0, 4))": "normal(1, 5)",
    "difference_of(uniform(0, 1), uniform(0, 1))": "triangular(-1, 0, 1)",
    "difference_of(binomial(3, 0.25), binomial(2, 0.75))": "binomial(5, 0.25) >> shift(-2)",
    "product_of(log_normal(0, 3), log_normal(1, 4))": "log_normal(1, 5)",
    "product_of(gamma(5, 2), beta(2, 3))": "gamma(2, 2)",
    "product_of(beta(2, 3), beta(5, 1))": "beta(2, 4)",
    "product_of(normal(0, 1), delta(-2))": "normal(0, 2)",
    "product_of(2*gamma(5, 2), -beta(2, 3))": "gamma(2, 4) >> scale(-1)",
    "ratio_of(normal(0, 2), normal(0, 4))": "cauchy(0, 0.5)",
    "ratio_of(normal(0, 2), half_normal(4))": "cauchy(0, 0.5)",
    "ratio_of(normal(0, 1), sqrt(chi_squared(5)/5))": "student_t(5)",
    "ratio_of(chi_squared(3)/3, chi_squared(5)/5)": "f(3, 5)",
    "ratio_of(exponential(1), exponential(2))": "lomax(1, 0.5)",
    "ratio_of(weibull(2, 3), weibull(2, 4))": "log_logistic(2, 0.75)",
    "ratio_of(frechet(2, 3), frechet(2, 4))": "log_logistic(2, 0.75)",
    "ratio_of(half_normal(3), half_normal(4))": "half_cauchy(0.75)",
    "ratio_of(uniform(0, 1), uniform(0, 2))": "log_laplace(1, 0.5)",
    "ratio_of(pareto(2, 1), pareto(2, 4))": "log_laplace(2, 0.25)",
    "ratio_of(normal(0, 1), delta(4))": "normal(0, 0.25)",
    "ratio_of(log_normal(0, 3), log_normal(1, 4))": "log_normal(-1, 5)",
}


@pytest.mark.parametrize("text", NAMES)
def test_sums_with_a_name_take_it(text):
    found, expected = parse(text), parse(NAMES[text]).simplify()
    points = np.unique(np.round(np.ravel(expected.ppf([0.1, 0.4, 0.9])), 12))
    assert type(found) is type(expected)
    np.testing.assert_allclose(found.cdf(points), expected.cdf(points), rtol=1e-12)
    np.testing.assert_allclose(found.pdf(points), expected.pdf(points), rtol=1e-12)


def test_products_and_ratios_of_powers_of_uniform_variables():
    product = dn.product_of(U(0, 1), U(0, 2))
    np.testing.assert_allclose(
        product.pdf(np.array([1e-30, 0.3, 1.9])), -0.5 * np.log(np.array([5e-31, 0.15, 0.95])), rtol=1e-12
    )
    assert dn.product_of(dn.Pareto(2, 1), dn.Pareto(2, 3)).sf(30.0) == pytest.approx((1 + np.log(100)) / 100, rel=1e-13)
    ratio = dn.ratio_of(dn.Beta(2, 1), dn.Beta(3, 1))
    assert ratio.cdf(0.5) == pytest.approx(0.25 * 3 / 5, rel=1e-13)


# ---- products and ratios by quadrature ----


def test_the_product_of_normal_variables():
    """K_0(|z|)/π (NIST DLMF 10.32), infinite at 0."""
    law = dn.product_of(N(0, 1), N(0, 1))
    z = np.array([-40.0, -1.0, 1e-100, 0.5, 30.0])
    with mpmath.workdps(50):
        truth = [float(mpmath.besselk(0, abs(x)) / mpmath.pi) for x in z]
    np.testing.assert_allclose(law.pdf(z), truth, rtol=1e-11)
    assert law.pdf(0.0) == np.inf
    assert law.cdf(0.0) == pytest.approx(0.5, rel=1e-14)
    assert (law.mean(), law.var()) == (0.0, 1.0)
    shifted = dn.product_of(N(1, 2), N(3, 4))
    assert (shifted.mean(), shifted.var()) == (3.0, 4 * 16 + 4 * 9 + 16)


PRODUCTS = [
    (ProductOf(dn.LogNormal(0, 1), dn.LogNormal(1, 2)), dn.LogNormal(1, np.sqrt(5)), np.geomspace(1e-30, 1e30, 9)),
    (ProductOf(U(0, 1), U(0, 1)), parse("exp(-gamma(2, 1))"), np.geomspace(1e-80, 0.999, 9)),
    slow(ProductOf(G(5, 2), dn.Beta(2, 3)), G(2, 2), np.geomspace(1e-80, 1000, 9)),
    slow(RatioOf(N(0, 1), N(0, 2)), dn.Cauchy(0, 0.5), np.array([-1e80, -1.0, 1e-80, 0.3, 1e10])),
    (RatioOf(E(1), E(2)), dn.Lomax(1, 0.5), np.geomspace(1e-80, 1e80, 9)),
    slow(RatioOf(N(0, 1), dn.Chi(5)), dn.StudentT(5, 0, 5**-0.5), np.array([-1e30, -1.0, 1e-30, 3.0, 1e10])),
]


@pytest.mark.parametrize(("law", "named", "points"), PRODUCTS, ids=str)
def test_quadrature_gives_the_named_product(law, named, points):
    agree(law, named, points, quantiles=np.array([1e-30, 0.2]))
    assert not isinstance(law.simplify(), ProductOf)


def test_moments_of_ratios_are_right_or_do_not_exist():
    law = dn.ratio_of(N(1, 1), G(3, 1))
    assert law.mean() == pytest.approx(0.5, rel=1e-12)
    assert np.isnan(dn.ratio_of(N(1, 1), E(1)).mean())
    assert dn.ratio_of(G(2, 1), dn.Weibull(0.5, 1)).mean() == np.inf
    draws = law.rvs(20000, rng=2)
    assert abs(np.mean(draws < 0.3) - law.cdf(0.3)) < 0.02


@pytest.mark.parametrize("width", [1e-2, 1e-5, 1e-9])
def test_a_narrow_law_beside_a_wide_one(width):
    """Its points are kept, and the panels around it are settled by plain doubles."""
    points = np.array([-30.0, 2.9, 3.0, 3.1, 12.0])
    for one, other in ((N(1, width), N(2, 1)), (N(2, 1), N(1, width))):
        law, named = Convolution(one, other), N(3, np.hypot(width, 1))
        np.testing.assert_allclose(law.logpdf(points), named.logpdf(points), rtol=1e-13)
        np.testing.assert_allclose(law.logcdf(points), named.logcdf(points), rtol=2e-13)
        np.testing.assert_allclose(law.logsf(points), named.logsf(points), rtol=2e-13)
    law = Convolution(dn.Cauchy(1, width), dn.Cauchy(2, 1))
    np.testing.assert_allclose(law.pdf(1e5 * points), dn.Cauchy(3, 1 + width).pdf(1e5 * points), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "place"), [(1e-2, -50.0), (1e-4, 2.0), (1e-6, -50.0)])
def test_a_narrow_term_of_a_mixture_keeps_its_tails(width, place):
    """The term outside of all others, or among them, next to a law of any width: as well as doubles at its place know it."""
    rtol = max(1e-10, np.finfo(float).eps * abs(place) / width)
    for scale in (1.0, 1e-2):
        mixed, other = dn.Mixture([0.5, 0.5], [N(0, 1), N(place, width)]), N(3, scale)
        named = dn.Mixture([0.5, 0.5], [N(3, np.hypot(1, scale)), N(3 + place, np.hypot(width, scale))])
        points = np.concatenate([named.ppf(np.array([0.01, 0.3, 0.7, 0.99])), [3 + place - 8 * scale, 3 + place]])
        for law in (Convolution(mixed, other), Convolution(other, mixed)):
            for method in ("logpdf", "logcdf", "logsf"):
                np.testing.assert_allclose(getattr(law, method)(points), getattr(named, method)(points), rtol, 1e-15)


@pytest.mark.parametrize("k", [3, 5, 7, 9, 12])
def test_masses_beside_an_end(k):
    """P(UV > z) = 1 - z + z log z and P(U + V > 2 - d) = d²/2, next to an end that is not 0."""
    with mpmath.workdps(40):
        z, near = 1 - 10.0**-k, 2 - 10.0**-k
        product = float(1 - mpmath.mpf(z) * (1 - mpmath.log(mpmath.mpf(z))))
        total = float((2 - mpmath.mpf(near)) ** 2 / 2)
    assert ProductOf(U(0, 1), U(0, 1)).sf(z) == pytest.approx(product, rel=1e-13)
    assert Convolution(U(0, 1), U(0, 1)).sf(near) == pytest.approx(total, rel=1e-13)


@pytest.mark.slow
def test_both_tails_of_a_product_on_both_sides_of_zero():
    """N·Rayleigh is Laplace, in either order; masses beside 0, where all of them lie far off, keep their digits."""
    z = np.concatenate([-np.geomspace(1e-20, 600.0, 7), np.geomspace(1e-20, 600.0, 7)])
    for law in (ProductOf(N(0, 1), dn.Rayleigh(1)), ProductOf(dn.Rayleigh(1), N(0, 1))):
        for method in ("logpdf", "logcdf", "logsf"):
            np.testing.assert_allclose(getattr(law, method)(z), getattr(dn.Laplace(0, 1), method)(z), rtol=1e-12)
    far = ProductOf(N(8, 1), N(9, 1))
    one, other = N(8, 1), N(9, 1)
    below = one.cdf(0.0) * other.sf(0.0) + one.sf(0.0) * other.cdf(0.0)
    assert far.cdf(0.0) == pytest.approx(below, rel=1e-12)
    assert far.cdf(1e-6) > far.cdf(0.0) > far.cdf(-1e-6) > 0.0
    with mpmath.workdps(30):
        truth = mpmath.quad(
            lambda x: mpmath.npdf(x, 8, 1) * (mpmath.ncdf(5 / x - 9) if x > 0 else mpmath.ncdf(9 - 5 / x)),
            [-6, -3, -1, -0.3, 0, 0.3, 0.6, 1, 2, 4, 6, 8, 10, 14, 20],
        )
    assert far.cdf(5.0) == pytest.approx(float(truth), rel=1e-12)


@pytest.mark.slow
def test_the_divergence_of_a_product_of_normal_laws():
    """∫ f log(2 f e^|z|) with f = K_0(|z|)/π, by mpmath.quad to 20 digits in panels between 0, 1e-6, 1e-3, 0.1, ..., 80."""
    law = dn.product_of(N(0, 1), N(0, 1))
    assert dn.kl(law, dn.Laplace(0, 1)).value == pytest.approx(0.12566852165602338809, rel=1e-12)


# ---- point masses ----


def test_sums_of_point_masses():
    dice = dn.sum_of(dn.DiscreteUniform(1, 6), dn.DiscreteUniform(1, 6))
    np.testing.assert_allclose(
        dice.pmf(np.arange(2.0, 13.0)), [*range(1, 7), *range(5, 0, -1)] / np.float64(36), rtol=1e-14
    )
    law = dn.sum_of(dn.Poisson(2), dn.Binomial(5, 0.5))
    k = 120.0
    with mpmath.workdps(50):
        truth = sum(
            mpmath.binomial(5, j) / 32 * mpmath.exp(-2) * mpmath.mpf(2) ** (k - j) / mpmath.factorial(k - j)
            for j in range(6)
        )
    assert law.pmf(k) == pytest.approx(float(truth), rel=1e-12)
    assert law.mean() == pytest.approx(4.5, rel=1e-12)
    assert law.sf(119.0) == pytest.approx(float(sum(law.pmf(np.arange(120.0, 170.0)))), rel=1e-12)
    product = dn.product_of(dn.DiscreteUniform(1, 6), dn.Bernoulli(0.5))
    assert product.pmf(0.0) == pytest.approx(0.5) and product.pmf(6.0) == pytest.approx(1 / 12)
    assert dn.kl(Listed("sum_of", [dn.Poisson(2)] * 2, *dn.Poisson(4).atoms), dn.Poisson(4)).value == pytest.approx(
        0, abs=1e-12
    )


def test_point_masses_and_densities():
    law = dn.sum_of(dn.Bernoulli(0.25), N(0, 1), dn.Bernoulli(0.25))
    x = np.array([-20.0, 0.5, 30.0])
    truth = 0.5625 * N(0, 1).pdf(x) + 0.375 * N(1, 1).pdf(x) + 0.0625 * N(2, 1).pdf(x)
    np.testing.assert_allclose(law.pdf(x), truth, rtol=1e-13)
    thinned = dn.product_of(dn.Bernoulli(0.25), N(0, 1))
    assert thinned.pmf(0.0) == 0.75 and thinned.pdf(1.0) == pytest.approx(0.25 * N(0, 1).pdf(1.0))


# ---- texts, refusals, warnings ----


@pytest.mark.parametrize(
    "text",
    [
        "sum_of(normal(0, 1), exponential(1))",
        "sum_of(normal(0, 1), exponential(1), uniform(0, 1))",
        "difference_of(gamma(2, 1), gamma(3, 1))",
        "product_of(normal(0, 1), normal(1, 2))",
        "ratio_of(normal(1, 1), gamma(2, 1))",
        "sum_of(poisson(2), binomial(5, 0.5))",
        "1 + 2*sum_of(normal(0, 1), exponential(1)) >> exp",
    ],
)
def test_texts_parse_back(text):
    law = parse(text)
    assert parse(str(law)).same_as(law)
    assert law.simplify().same_as(law)
    assert pickle.loads(pickle.dumps(law)).same_as(law)


def test_a_sum_may_be_pushed_on():
    law = np.exp(Convolution(N(0, 1), N(1, 2)))
    named = dn.LogNormal(1, np.sqrt(5))
    x = np.array([1e-20, 1.0, 1e30])
    np.testing.assert_allclose(law.logpdf(x), named.logpdf(x), rtol=1e-12)
    np.testing.assert_allclose(law.logsf(x), named.logsf(x), rtol=1e-12)
    assert law.simplify().same_as(np.exp(dn.sum_of(N(0, 1), N(1, 2))).simplify())


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: N(0, 1) + E(1), UnsupportedOperationError, r"sum_of\(X, Y\)"),
        (lambda: dn.sum_of(), ParameterError, "at least one"),
        (lambda: dn.sum_of(N([0.0, 1.0], 1), E(1)), ShapeError, "batch"),
        (lambda: dn.sum_of(dn.MultivariateNormal([0, 0], np.eye(2)), E(1)), ShapeError, "line"),
        (
            lambda: dn.sum_of(dn.Mixture([0.5, 0.5], [N(0, 1), dn.Delta(0)]), E(1)),
            UnsupportedOperationError,
            "point masses",
        ),
        (lambda: dn.sum_of(dn.Zipf(2), dn.Poisson(1)), UnsupportedOperationError, "atoms"),
        (lambda: dn.sum_of(dn.Poisson(1e4), N(0, 1)), UnsupportedOperationError, "shifted laws"),
        (lambda: dn.sum_of(dn.Poisson(1e7), dn.Binomial(1e9, 0.5)), UnsupportedOperationError, "too many"),
        (lambda: dn.ratio_of(N(0, 1), dn.Poisson(2)), SupportError, r"P\(X = 0\)"),
    ],
)
def test_what_has_no_sum_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_batches_with_a_name():
    law = dn.sum_of(N([0.0, 1.0], 3), N(1, 4))
    np.testing.assert_allclose(law.mean(), [1.0, 2.0])
    np.testing.assert_allclose(law.std(), [5.0, 5.0])


@pytest.mark.parametrize("size", [1e-3, np.inf, np.nan], ids=str)
def test_a_poor_integral_is_told(size):
    class Poor:
        def logs(self, t):
            return np.zeros(t.shape), np.full(t.shape, size)

    with pytest.warns(AccuracyWarning, match="relative error"):
        Convolution(N(0, 1), E(1))._thorough(np.zeros(1), Poor())


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1e-6, 1e8])
def test_far_tails_of_cauchy_laws_of_different_widths(scale):
    """The sum of Cauchy laws is Cauchy, and no point loses the peak of the narrower one."""
    x = np.geomspace(1e-3, 1e280, 24)
    law, named = Convolution(dn.Cauchy(0, 1), dn.Cauchy(0, scale)), dn.Cauchy(0, 1 + scale)
    for method in ("logpdf", "logsf"):
        np.testing.assert_allclose(getattr(law, method)(x), getattr(named, method)(x), rtol=1e-14, atol=3e-12)


FAR_OUT = [
    (dn.Cauchy(1, 1e-8), dn.StudentT(1.05)),
    (dn.Frechet(0.9, 1), dn.Frechet(0.9, 1)),
    (dn.Pareto(0.4), dn.StudentT(1.5, 0, 1e6)),
    (dn.InverseGamma(0.8, 1e4), dn.BetaPrime(2, 0.7)),
]


@pytest.mark.parametrize(("X", "Y"), FAR_OUT, ids=str)
def test_far_tails_of_powers_add_up(X, Y):
    """f(z) = f_X(z) + f_Y(z) up to a share of about P(X > z) + P(Y > z), to the end of the doubles and beyond."""
    law, x = Convolution(X, Y), np.array([1e99, 1e180, 1.2e290, 1e307])
    for method in ("logpdf", "logsf"):
        expected = np.logaddexp(getattr(X, method)(x), getattr(Y, method)(x))
        np.testing.assert_allclose(getattr(law, method)(x), expected, rtol=1e-14, atol=1e-11)


QUICKLY = [(dn.StudentT(3), N(0, 1)), (G(2.5), dn.LogNormal(0, 0.5)), (E(1), dn.Beta(0.5, 2)), (U(1, 2), N(0, 1e-3))]


@pytest.mark.parametrize(("X", "Y"), QUICKLY, ids=str)
def test_what_plain_doubles_settle_is_what_the_thorough_rule_finds(X, Y):
    """Gauss and Kronrod's nodes between the marks of both laws, against double-exponential ones around the peak."""
    law = Convolution(X, Y)
    one, other = law._frames[False]
    t = np.sort(law.rvs(12, rng=1)) - (one.origin + other.origin)
    bounds = np.maximum(one.low, t - other.high), np.minimum(one.high, t - other.low)
    for kind in ("logpdf", "logsf"):
        overlap = Overlap(one, "raw_logpdf", other, f"raw_{kind}")
        with np.errstate(all="ignore"):
            quick, thorough = law._quick(t, *bounds, overlap), law._thorough(t, overlap)
        settled = ~np.isnan(quick)
        assert settled.mean() > 0.5
        np.testing.assert_allclose(quick[settled], thorough[settled], rtol=0, atol=1e-12)


def test_a_kink_that_a_narrow_law_softens():
    """H(X + εN) of a gamma law is that of X up to O(ε²) of its Fisher information, which is finite for shapes above 2."""
    law = dn.sum_of(N(0, 1e-4), G(2.5, 1))
    found = dn.entropy(law)
    assert found.status.name == "CONVERGED" and found.error < 1e-11
    np.testing.assert_allclose(float(found), float(dn.entropy(G(2.5, 1))), atol=1e-7)


def test_halves_of_symmetric_laws_are_one():
    law = dn.product_of(dn.StudentT(3), N(0, 1))
    assert len({id(log) for *_, log in law._pairs}) == 1 and len(law.components) == 2
    assert len({id(log) for *_, log in dn.product_of(N(1, 1), N(0, 1))._pairs}) == 2


def test_an_end_of_a_sum_that_no_double_is():
    """U(a, b) + U(c, d) beside b + d, as it is before rounding: f(z) = (b + d - z)/((b - a)(d - c))."""
    a, b, c, d = -2.0, -0.19999999999999996, 7.19, 7.703
    z = np.array([7.5029999998641035, 7.50299])
    with mpmath.workdps(40):
        A, B, C, D = map(mpmath.mpf, (a, b, c, d))
        expected = [float((B + D - mpmath.mpf(x)) / ((B - A) * (D - C))) for x in map(float, z)]
    np.testing.assert_allclose(Convolution(U(a, b), U(c, d)).pdf(z), expected, rtol=1e-12)


def test_a_product_of_positive_laws_of_which_one_loses_its_logarithm():
    """P(X·Y <= z) = ∫ f_Y(y) F_X(z/y) dy for a Pareto law, which is an image of an exponential one."""
    X, Y = dn.Pareto(1.15, 1.23), dn.Levy(0.366) >> dn.Affine(1, 2.5)
    z = 2.5220146063
    found = dn.expect(lambda y: X.cdf(z / y), Y, landmarks=[z / 1.23])
    np.testing.assert_allclose(dn.product_of(X, Y).cdf(z), float(found), rtol=1e-10)


@pytest.mark.parametrize(
    "law", [Convolution(dn.StudentT(3, 1, 2), G(0.5, 1)), dn.product_of(dn.Logistic(1, 1), N(0, 2))], ids=str
)
def test_a_mass_between_two_numbers(law):
    assert law.prob(0.5, 0.6) == pytest.approx(law.cdf(0.6) - law.cdf(0.5), rel=1e-12)
    assert law.prob(-1.0, 30.0) == pytest.approx(law.cdf(30.0) - law.cdf(-1.0), rel=1e-12)
