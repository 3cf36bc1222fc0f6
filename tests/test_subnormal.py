"""Logarithms of masses below points that are hardly doubles any more: dividing these by a scale leaves them no digits."""

import numpy as np
import pytest
from mpmath import mp

import densities as dn

ROOT2 = mp.sqrt(2)
LAWS = [
    ("abs(normal(0, 2))", lambda y: mp.erf(y / 2 / ROOT2)),
    ("abs(normal(0, 1e5))", lambda y: mp.erf(y / 10**5 / ROOT2)),
    ("half_normal(2)", lambda y: mp.erf(y / 2 / ROOT2)),
    ("exponential(3)", lambda y: -mp.expm1(-y / 3)),
    ("gamma(0.5, 3)", lambda y: mp.erf(mp.sqrt(y / 3))),
    ("abs(cauchy(0, 3))", lambda y: 2 / mp.pi * mp.atan(y / 3)),
    ("abs(logistic(0, 3))", lambda y: mp.tanh(y / 6)),
    ("abs(laplace(0, 3))", lambda y: -mp.expm1(-y / 3)),
    ("square(normal(0, 2))", lambda y: mp.erf(mp.sqrt(y) / 2 / ROOT2)),
    ("maxwell(3)", lambda y: mp.sqrt(2 / mp.pi) / 3 * (y / 3) ** 3),
    ("lomax(2, 3)", lambda y: 2 * y / 3),
    ("f(2, 3)", lambda y: y),
    ("truncate(normal(0, 3), 0, inf)", lambda y: mp.erf(y / 3 / ROOT2)),
    ("truncate(laplace(0, 3), 0, 7)", lambda y: mp.expm1(-y / 3) / mp.expm1(-mp.mpf(7) / 3)),
    (
        "mixture([0.5, 0.5], [half_normal(2), exponential(3)])",
        lambda y: mp.erf(y / 2 / ROOT2) / 2 - mp.expm1(-y / 3) / 2,
    ),
    ("atan(abs(normal(0, 3)))", lambda y: mp.erf(y / 3 / ROOT2)),
]
POINTS = np.array([5e-324, 1.5e-323, 1e-310, 1e-300, 1e-280])


@pytest.mark.parametrize(("name", "cdf"), LAWS)
def test_log_masses_below_subnormal_points(name, cdf):
    with mp.workdps(50):
        truth = [float(mp.log(cdf(mp.mpf(float(y))))) for y in POINTS]
    np.testing.assert_allclose(dn.parse(name).logcdf(POINTS), truth, rtol=1e-15)


def test_batches_keep_their_digits_too():
    law = dn.HalfNormal(np.array([2.0, 1e5]))
    with mp.workdps(50):
        truth = [float(mp.log(mp.erf(mp.mpf(5e-324) / scale / ROOT2))) for scale in (2, 10**5)]
    np.testing.assert_allclose(law.logcdf(5e-324), truth, rtol=1e-15)


def test_logarithms_of_masses_whose_squares_are_near_the_largest_double():
    assert dn.BirnbaumSaunders(0.8).logcdf(1e-300) == pytest.approx(-0.5 * (1e150 / 0.8) ** 2, rel=1e-12)
    assert dn.BirnbaumSaunders(0.8).logsf(1e300) == pytest.approx(-0.5 * (1e150 / 0.8) ** 2, rel=1e-12)


def test_a_single_float32_without_dimensions_stays_one():
    found = dn.Normal().pdf(np.array(1.0, dtype=np.float32))
    assert type(found) is np.float32 and found == pytest.approx(np.float32(0.24197073), rel=2e-7)


SMALL = mp.mpf(0.02)
BESIDE_ZERO = [
    ("gamma(0.02, 3)", lambda y: mp.gammainc(SMALL, 0, y / 3, regularized=True)),
    ("3*beta(0.02, 1)", lambda y: (y / 3) ** SMALL),
    ("weibull(0.02, 3)", lambda y: -mp.expm1(-((y / 3) ** SMALL))),
    ("arcsine(0, 3)", lambda y: 2 / mp.pi * mp.asin(mp.sqrt(y / 3))),
    ("exponential(1)**50*3", lambda y: -mp.expm1(-((y / 3) ** (mp.mpf(1) / 50)))),
]


@pytest.mark.parametrize("y", [1e-323, 7e-310])
@pytest.mark.parametrize(("text", "cdf"), BESIDE_ZERO, ids=[text for text, _ in BESIDE_ZERO])
def test_small_shapes_feel_the_share_of_a_subnormal_point(text, cdf, y):
    """1e-323/3 has one bit left: of it a power of 0.02 keeps two digits."""
    law = dn.parse(text)
    with mp.workdps(40):
        mass, density = cdf(mp.mpf(y)), mp.diff(cdf, mp.mpf(y), h=mp.mpf(y) * mp.mpf(10) ** -12)
        assert law.cdf(y) == pytest.approx(float(mass), rel=1e-12)
        assert law.sf(y) == pytest.approx(float(1 - mass), rel=1e-15)
        assert law.logpdf(y) == pytest.approx(float(mp.log(density)), rel=1e-12)
        assert (-law).sf(-y) == pytest.approx(float(mass), rel=1e-12)
        assert (-law).cdf(-y) == pytest.approx(float(1 - mass), rel=1e-15)


def test_members_of_a_batch_and_ratios_of_subnormal_points():
    law = dn.Gamma([0.02, 0.3], 3)
    assert law.cdf(1e-323)[0] == dn.Gamma(0.02, 3).cdf(1e-323)
    assert dn.F(0.02, 0.02).logcdf(1e-323) == pytest.approx(float(dn.F(0.02, 0.02).logcdf(1e-323, dps=20)), rel=1e-12)


def test_masses_around_a_peak_whose_power_underflows():
    """P(|Z| <= y) of a generalised normal law is y/Γ(1 + 1/β) where |z|^β is no double."""
    law = abs(dn.GeneralizedNormal(1.9, -1.3, 1.7) + 1.3)
    y = np.array([1e-300, 1e-200, 1e-170, 1e-40])
    with mp.workdps(30):
        truth = [float(mp.log(mp.mpf(v) / mp.mpf(1.7)) - mp.loggamma(1 + 1 / mp.mpf(1.9))) for v in y]
    np.testing.assert_allclose(law.logcdf(y), truth, rtol=1e-15)
    np.testing.assert_allclose(law.ppf(law.cdf(y)), y, rtol=1e-13)


def test_counts_of_small_places_are_the_masses_between_them():
    law = np.floor(np.log(dn.Uniform()) / np.log(0.7))  # geometric, from 0 on
    k = np.array([0.0, 1800.0, 1900.0, 1950.0, 2100.0])
    np.testing.assert_allclose(law.logpmf(k), np.log(0.3) + k * np.log(0.7), rtol=1e-14)


@pytest.mark.parametrize("y", [5e-324, 1e-322, 3e-310])
def test_maps_with_a_slope_at_0_do_not_round_what_is_subnormal(y):
    with mp.workdps(40):
        x = mp.mpf(y) * mp.sqrt(mp.pi) / 2
        assert (dn.Exponential(1) >> dn.Erf()).logcdf(y) == pytest.approx(float(mp.log(x)), rel=1e-15)
        assert (dn.Normal(0, 1) ** 2 >> dn.Erf()).logcdf(y) == pytest.approx(
            float(mp.log(mp.erf(mp.sqrt(x / 2)))), rel=1e-15
        )


@pytest.mark.parametrize(
    ("text", "log_cdf"),
    [
        ("sqrt(abs(double_gamma(0.5, 0, 250)))", lambda t: 0.5 * t - mp.loggamma(1.5)),
        ("sqrt(abs(double_weibull(0.7, 0, 250)))", lambda t: mp.mpf(0.7) * t),
    ],
)
def test_masses_from_the_middle_to_points_below_the_doubles(text, log_cdf):
    """P(|Z| <= x) is the leading power of x/scale where x = y² is no double."""
    law, y = dn.parse(text), np.array([1e-300, 1e-200, 1e-170])
    with mp.workdps(30):
        truth = [float(log_cdf(2 * mp.log(mp.mpf(v)) - mp.log(250))) for v in y]
    np.testing.assert_allclose(law.logcdf(y), truth, rtol=1e-14)
    np.testing.assert_allclose(law.ppf(law.cdf(y[2])), y[2], rtol=1e-12)
