"""Laws whose parameters are huge: closed forms where log Γ of them is, tails at their means, divergences; by 60 digits."""

import mpmath as mp
import numpy as np
import pytest

import densities as dn
from densities.distributions.continuous.shared import by_log_newton

SHAPES = [0.3, 9.9, 10.0, 1e3, 1e6, 1e12, 1e15]
POWERS = [0.3, 2.5, 1e6, 1e12]


def close(found, truth, rtol):
    assert abs(mp.mpf(float(found)) - truth) <= rtol * abs(truth), (found, truth)


@pytest.mark.parametrize("a", SHAPES)
def test_means_of_powers_of_gamma_variables(a):
    with mp.workdps(60):
        for c in [*POWERS, -2.5, -1e6]:
            if a + 1 / c <= 0:
                continue
            order = 1 / mp.mpf(c)
            truth = mp.exp(mp.loggamma(a + order) - mp.loggamma(a))
            close(dn.GeneralizedGamma(a, c).mean(), truth, 1e-14)


@pytest.mark.parametrize(("family", "sign"), [("burr", 1), ("dagum", -1)])
@pytest.mark.parametrize("d", SHAPES)
def test_means_of_powers_of_lomax_variables(family, sign, d):
    with mp.workdps(60):
        for c in POWERS:
            order = sign / mp.mpf(c)
            if -1 < order < d:
                truth = mp.gamma(1 + order) * mp.exp(mp.loggamma(d - order) - mp.loggamma(d))
                close(dn.parse(f"{family}({c!r}, {d!r})").mean(), truth, 1e-14)


@pytest.mark.parametrize("a", [0.01, 1.0, 2.5, 20.0, 1e6, 1e12])
def test_variances_of_kumaraswamy_laws(a):
    with mp.workdps(60):
        for b in SHAPES:

            def moment(n, b=b):
                order = n / mp.mpf(a)
                return mp.exp(mp.loggamma(1 + order) + mp.loggamma(1 + mp.mpf(b)) - mp.loggamma(1 + mp.mpf(b) + order))

            truth = moment(2) - moment(1) ** 2
            if truth > 1e-290:
                close(dn.Kumaraswamy(a, b).var(), truth, 3e-13)


@pytest.mark.parametrize("a", [1.5e3, 5e4, 5e5, 5e8, 5e15])
def test_beta_tails_at_the_mean_itself(a):
    """Even laws about 1/2, whose distance from the mean is 0 there, of either sign; F(a, a) is the law of 1/F."""
    law, ratio = dn.Beta(a, a), dn.F(a, a)
    tails = [law.cdf(0.5), law.sf(0.5), ratio.cdf(1.0), ratio.sf(1.0)]
    np.testing.assert_allclose(tails, 0.5, rtol=3e-15)
    below, above = law.ppf([0.3, 0.7])
    assert below < 0.5 < above and below + above == pytest.approx(1.0, abs=1e-15)
    below, above = ratio.ppf([0.3, 0.7])
    assert below < 1.0 < above and below * above == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize(("a", "b"), [(3e3, 1e3), (1e6, 3e6), (7e9, 1e4), (1e15, 3e15)])
def test_beta_tails_an_ulp_beside_the_mean(a, b):
    """F moves by the density times the distance, and at the mean m, I_m(a, b) = 1/2 + (b - a)/(3 √(2π a b (a + b)))."""
    law, mean = dn.Beta(a, b), a / (a + b)
    points = mean * (1.0 + np.arange(-6, 7) * 2.0**-52)
    middle = 0.5 + (b - a) / (3.0 * np.sqrt(2.0 * np.pi * a * b * (a + b)))
    expected = middle + law.pdf(mean) * (points - mean)
    np.testing.assert_allclose(law.cdf(points), expected, atol=3e-5 / np.sqrt(min(a, b)) + 3e-16 * mean * law.pdf(mean))
    np.testing.assert_allclose(law.sf(points), 1.0 - law.cdf(points), rtol=1e-14)


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        pytest.param("f(1e12, 1e12)", "f(1000000000001, 1e12)", 6.25e-26, marks=pytest.mark.slow),
        pytest.param("f(1e12, 1e12)", "f(1000001000000, 1e12)", 6.249991667e-14, marks=pytest.mark.slow),
        pytest.param("f(1e10, 1e10)", "f(1e10, 10000000001)", 6.250000002e-22, marks=pytest.mark.slow),
        ("f(1e8, 1e8)", "f(100000001, 1e8)", 6.250000187e-18),
        pytest.param("beta_prime(1e14, 1e14)", "beta_prime(100000000000001, 1e14)", 2.5e-15, marks=pytest.mark.slow),
    ],
)
def test_divergences_of_narrow_laws_claim_no_more_than_ulps_of_their_points_leave(p, q, truth):
    """∫p log(p/q) by mp.quad in log x at 60 digits."""
    found = dn.kl(dn.parse(p), dn.parse(q), method="quadrature")
    assert abs(found.value - truth) <= found.error + 1e-9 * truth


def test_a_quantile_whose_tail_has_no_number_has_none():
    """Where it starts is no answer: log(1 - e^-x), which is NaN beyond x = 1 here."""

    def log_tail(x):
        return np.where(x > 1.0, np.nan, np.log1p(-np.exp(-x)))

    found = by_log_newton(np.array([0.5, 3.0]), np.log(0.4), log_tail, lambda x: -x, upper=False)
    np.testing.assert_allclose(found, [-np.log(0.6), np.nan], rtol=1e-15)


@pytest.mark.parametrize("a", [1e4, 1e8, 1e12])
def test_means_by_quadrature_count_a_mass_that_is_off(a):
    with mp.workdps(60):
        m = mp.mpf(a)
        cases = {
            dn.Chi(a): mp.sqrt(2) * mp.exp(mp.loggamma((m + 1) / 2) - mp.loggamma(m / 2)),
            dn.Nakagami(a): mp.exp(mp.loggamma(m + mp.mpf(1) / 2) - mp.loggamma(m)) / mp.sqrt(m),
            dn.InverseGamma(a): 1 / (m - 1),
            dn.Gamma(a, 3.0): 3 * m,
            dn.F(a, 3 * a): 3 * m / (3 * m - 2),
            dn.LogNormal(3.0, 1 / a): mp.exp(3 + (1 / mp.mpf(a)) ** 2 / 2),
            dn.Pareto(a): m / (m - 1),
        }
    for law, truth in cases.items():
        found = dn.expect(lambda x: x, law, method="quadrature")
        assert abs(mp.mpf(found.value) - truth) <= found.error + 3e-16 * truth, law


def test_laws_between_ends_far_from_0_keep_their_points():
    """∫p log(p/q) by mpmath, for p ∝ e^(-x²/2) on a millionth beside 1: a location is taken off the points of q."""
    found = dn.kl(dn.truncate(dn.Normal(), 1.0, 1.000001), dn.Uniform(1.0, 1.000001))
    assert abs(found.value - 4.16667083264866e-14) <= found.error <= 1e-6 * found.value


@pytest.mark.parametrize("nonc", [130.0, 160961.44, 9e7])
def test_tails_of_squared_normal_variables(nonc):
    law, mean = dn.NoncentralChiSquared(1, nonc), np.sqrt(nonc)
    for gap in (-0.9 * mean, -9.0, -0.1, 0.0, 3.0, 30.0):
        x = (mean + gap) ** 2
        with mp.workdps(60):
            root, centre = mp.sqrt(mp.mpf(x)), mp.sqrt(mp.mpf(nonc))
            below = (mp.erf((root - centre) / mp.sqrt(2)) + mp.erf((root + centre) / mp.sqrt(2))) / 2
            above = (mp.erfc((root - centre) / mp.sqrt(2)) + mp.erfc((root + centre) / mp.sqrt(2))) / 2
            close(law.logcdf(x) if gap < 0 else law.logsf(x), mp.log(below if gap < 0 else above), 3e-14)
    np.testing.assert_allclose(law.cdf(law.ppf([1e-20, 0.3])), [1e-20, 0.3], rtol=1e-10)
