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


def test_batches_too():
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
