"""Limits of densities at ends, and variances, where a parameter is extreme."""

import warnings

import numpy as np
import pytest
from mpmath import mp, mpf

import densities as dn
from densities.errors import AccuracyWarning


@pytest.mark.parametrize(
    ("text", "place", "limit"),
    [
        # L - L²/(2σ²) rises in L = -log y until L = σ²
        ("log_normal(0, 8000)", 0.0, -np.inf),
        ("log_normal(0, 1e6)", 0.0, -np.inf),
        ("exp(8000*normal(0, 1))", 0.0, -np.inf),
        ("normal(0, 5000) >> sigmoid", 1.0, -np.inf),
        ("exp(cauchy(0, 1))", 0.0, np.inf),
        ("gamma(0.999999999, 1)", 0.0, np.inf),
        ("gamma(1.000000001, 1)", 0.0, -np.inf),
    ],
)
def test_densities_at_ends_are_limits(text, place, limit):
    assert dn.parse(text).logpdf(place) == limit


@pytest.mark.parametrize("a", [0.02, 1.0, 2.5, 50.0])
def test_variances_of_kumaraswamy_laws_that_are_nearly_all_at_1(a):
    for b in (1e-12, 1e-6, 0.049, 0.051):
        with mp.workdps(60):
            first, second = (mpf(b) * mp.beta(1 + n / mpf(a), mpf(b)) for n in (1, 2))
            truth = float(second - first**2)
        assert dn.Kumaraswamy(a, b).var() == pytest.approx(truth, rel=1e-12)


# ---- standard deviations whose squares no double holds ----

FAR_AWAY = (-565, 565)


def check_stretched(law, power):
    """The standard deviation goes with the scale, as an image and by every name of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        expected = float(law.std()) * 2.0**power
        for stretched in (law * 2.0**power, (law * 2.0**power).simplify()):
            np.testing.assert_allclose(stretched.std(), expected, rtol=1e-8, err_msg=f"{stretched!r}")


@pytest.mark.parametrize("power", FAR_AWAY)
@pytest.mark.parametrize(
    "law",
    [
        dn.Normal(3.0, 2.0),
        dn.Alpha(2.0),
        dn.Poisson(3.0),
        dn.InverseGaussian(1.0, 2.0),
        dn.ReciprocalInverseGaussian(1.0, 2.0),
        dn.LogNormal(0.0, 0.5),
        dn.Mixture([0.5, 0.5], [dn.Normal(), dn.Laplace(1.0, 2.0)]),
        dn.truncate(dn.Normal(), 0.0, 1.0),
    ],
    ids=str,
)
def test_standard_deviations_outlive_the_variance(law, power):
    check_stretched(law, power)


@pytest.mark.slow
@pytest.mark.parametrize("power", FAR_AWAY)
@pytest.mark.parametrize("entry", list(dn.distributions.registry), ids=lambda entry: entry.name)
def test_standard_deviations_of_all_families_outlive_the_variance(entry, power):
    for law in entry.instances():
        if not (law.event_shape or law.batch_shape or law.std() in (0.0, np.inf)):
            check_stretched(law, power)


def test_standard_deviations_of_tiny_and_huge_laws():
    assert dn.Normal(0.0, 1e-320).std() == 1e-320
    tiny = dn.Mixture([0.5, 0.5], [dn.Normal(0.0, 1e-320), dn.Normal(0.0, 2e-320)])
    with pytest.warns(dn.AccuracyWarning):  # some thousand doubles hold the law
        assert tiny.std() == pytest.approx(np.sqrt(2.5) * 1e-320, rel=1e-3)
    with pytest.warns(dn.AccuracyWarning):
        assert tiny.kurtosis() == pytest.approx(3 * 17 / 2 / 2.5**2, rel=1e-3)
    np.testing.assert_array_equal(dn.Normal(0.0, [1e-200, 1.0, 1e200]).std(), [1e-200, 1.0, 1e200])
    assert dn.Normal(0.0, 1e200).var() == np.inf  # a number of Python raised to a power would not come back
    assert dn.product_of(dn.Normal(0.0, 1e100), dn.Normal(1e100, 1.0)).var() == np.inf
    with mp.workdps(30):  # e^(σ²) √(1 - e^(-σ²)), whose square is e^1250
        np.testing.assert_allclose(dn.LogNormal(0.0, 25.0).std(), float(mp.exp(625)), rtol=1e-12)


@pytest.mark.parametrize("a", [5.5, *(pytest.param(a, marks=pytest.mark.slow) for a in (-10.0, 0.5, 8.0, 40.0))])
def test_quantiles_of_alpha_laws(a):
    law, q = dn.Alpha(a, 250.0), np.array([1e-300, 0.1, 0.5, 0.8])
    np.testing.assert_allclose(law.logsf(law.isf(q)), np.log(q), rtol=1e-13)
    np.testing.assert_allclose(law.logcdf(law.ppf(q)), np.log(q), rtol=1e-13)
    positive = dn.truncate(dn.Normal(a, 1.0), 0.0, np.inf)
    np.testing.assert_allclose((250.0 / law).ppf(q), positive.ppf(q), rtol=1e-12)


@pytest.mark.parametrize("law", [dn.NoncentralChiSquared(5.5, 400), dn.NoncentralChiSquared(0.3, 400), dn.Rice(31.0)])
def test_quantiles_far_below_a_noncentral_mean(law):
    q = np.array([1e-100, 1e-30, 1e-20, 1e-15, 1e-8])
    np.testing.assert_allclose(law.logcdf(law.ppf(q)), np.log(q), rtol=1e-12)


def test_standard_deviations_of_independent_entries():
    law = dn.Product([dn.Normal(0.0, 1e-200), dn.Laplace(0.0, 1e200)])
    np.testing.assert_allclose(law.std(), [1e-200, np.sqrt(2.0) * 1e200], rtol=1e-15)
    np.testing.assert_array_equal(dn.MultivariateNormal([0.0, 1.0], [[4.0, 1.0], [1.0, 9.0]]).std(), [2.0, 3.0])


@pytest.mark.parametrize(
    "weights", [[1e-10, 1.0], np.array([1 / 3] * 3, dtype=np.float32)], ids=["decimals", "float32"]
)
def test_shares_that_sum_to_1_by_rounding_alone_are_taken_so(weights):
    mixture = dn.Mixture(weights, [dn.Normal(), dn.Normal(3, 1), dn.Normal(5, 1)][: len(weights)])
    table = dn.Categorical(weights)
    assert (mixture.sf(-60.0), table.cdf(9.0)) == pytest.approx((1.0, 1.0), abs=4e-16)
    assert dn.parse(str(mixture)).same_as(mixture) and dn.parse(str(table)).same_as(table)
    for made in (
        lambda: dn.Categorical([0.5, 0.50001]),
        lambda: dn.Mixture([0.5, 0.50001], [dn.Normal(), dn.Normal()]),
    ):
        with pytest.raises(dn.ParameterError, match="sum to 1"):
            made()


@pytest.mark.parametrize("p", [1e-300, 1e-20, 1e-10, 0.4, 1.0 - 1e-10])
def test_quantiles_of_continuous_bernoulli_laws_whose_reflection_has_no_double(p):
    """-log(u + (1 - u) e^-λ)/λ with λ = log((1 - p)/p) from the upper tail, by mp."""
    law = dn.ContinuousBernoulli(p)
    with mp.workdps(400):
        size = mp.log((1 - mpf(p)) / mpf(p))
        for u in (1e-300, 1e-12, 1e-5, 0.01, 0.3, 0.5, 0.7, 0.99):
            upper, lower = (-mp.log(a + (1 - a) * mp.exp(-size)) / size for a in (mpf(u), 1 - mpf(u)))
            assert law.isf(u) == pytest.approx(float(upper), rel=1e-13)
            assert law.ppf(u) == pytest.approx(float(lower), rel=1e-13)


def test_log_densities_of_continuous_bernoulli_laws_that_are_nearly_uniform():
    """λ(1/2 - x) - λ²/24 but for λ⁴, of size 1e-8: its digits decide between laws so near."""
    size = float(mp.log(mpf(0.50000001) / (1 - mpf(0.50000001))))
    law = dn.ContinuousBernoulli(0.50000001)
    assert law.logpdf(0.25) == pytest.approx(-0.25 * size - size**2 / 24, rel=1e-14)
    truth = size**2 / 6  # of λ and -λ: λ² times the variance of a uniform law, 1/12, times two
    found = dn.kl(dn.ContinuousBernoulli(0.49999999), law, method="montecarlo", n=2**12, rng=0)
    assert abs(found.value - truth) <= 4.0 * found.error + 1e-7 * truth
