"""Doubles in the place of an end that lies beyond them are points inside; values that a periodic map takes on far out only."""

import math

import numpy as np
import pytest
from mpmath import mp

import densities as dn
from densities.errors import UnsupportedOperationError


def normal_sf(x):
    return mp.erfc(x / mp.sqrt(2)) / 2


# (law, the double in the place of its upper end, the preimage of it under the map of a normal law, mean, scale)
ENDS = [
    ("normal(0, 10) >> gudermannian", math.pi / 2, lambda y: 2 * mp.atanh(mp.tan(y / 2)), 0.0, 10.0),
    ("normal(0, 1) >> sinh >> atan", math.pi / 2, lambda y: mp.asinh(mp.tan(y)), 0.0, 1.0),
    ("exp(normal(3, 2)) >> box_cox(lmbda=-3)", 1 / 3, lambda y: -mp.log(1 - 3 * y) / 3, 3.0, 2.0),
    ("exp(normal(3, 2)) >> box_cox(lmbda=-3) >> scale(2)", 2 / 3, lambda y: -mp.log(1 - 3 * y / 2) / 3, 3.0, 2.0),
    (
        "normal(8, 1) >> normal_cdf >> log1p",
        math.log(2),
        lambda y: mp.sqrt(2) * mp.erfinv(2 * mp.expm1(y) - 1),
        8.0,
        1.0,
    ),
]


@pytest.mark.parametrize(("text", "end", "preimage", "mean", "scale"), ENDS, ids=[row[0] for row in ENDS])
def test_the_double_before_an_end_is_a_point_inside(text, end, preimage, mean, scale):
    law = dn.parse(text)
    with mp.workdps(60):
        y, m, s = mp.mpf(end), mp.mpf(mean), mp.mpf(scale)
        assert law.support.high == end
        x = (preimage(y) - m) / s
        density = mp.diff(preimage, y, h=mp.mpf(10) ** -30) * mp.exp(-x * x / 2) / (s * mp.sqrt(2 * mp.pi))
        tail, middle = normal_sf(x), float(law.median())
        between = normal_sf((preimage(mp.mpf(middle)) - m) / s) - tail
        for got, truth in (
            (law.sf(end), tail),
            (law.cdf(end), 1 - tail),
            (law.logsf(end), mp.log(tail)),
            (law.logcdf(end), mp.log1p(-tail)),
            (law.logpdf(end), mp.log(density)),
            (law.prob(middle, end), between),
            (law.prob(-1e300, end), 1 - tail),
        ):
            assert got == pytest.approx(float(truth), rel=1e-12, abs=1e-315)
    assert (law.sf(np.nextafter(end, 9.0)), law.pdf(np.nextafter(end, 9.0))) == (0.0, 0.0)
    assert law.prob(-1e300, 1e300) == 1.0


def test_members_of_a_batch_know_it_too():
    law, end = dn.Normal(0, [10.0, 20.0]) >> dn.parse("gudermannian"), math.pi / 2
    singles = [dn.parse(f"normal(0, {scale}) >> gudermannian") for scale in (10, 20)]
    for method in ("sf", "logcdf", "logpdf"):
        assert list(getattr(law, method)(end)) == [getattr(single, method)(end) for single in singles]
    assert list(law.prob(0.0, end)) == pytest.approx([single.prob(0.0, end) for single in singles], rel=1e-15)


def normal_log(x, mean, scale):
    return -(((x - mean) / scale) ** 2) / 2 - mp.log(scale * mp.sqrt(2 * mp.pi))


def gamma_log(x, shape, scale):
    return (shape - 1) * mp.log(x / scale) - x / scale - mp.loggamma(shape) - mp.log(scale) if x > 0 else -mp.inf


def log_sum(terms):
    largest = max(terms)
    return largest + mp.log(mp.fsum(mp.exp(term - largest) for term in terms))


# Preimages of y in each period, and log|dx/dy|.
PERIODIC = {
    "sin": (lambda y: (mp.asin(y), mp.pi - mp.asin(y)), lambda y: -mp.log(1 - y * y) / 2),
    "cos": (lambda y: (mp.acos(y), -mp.acos(y)), lambda y: -mp.log(1 - y * y) / 2),
    "tan": (lambda y: (mp.atan(y), mp.atan(y) + mp.pi), lambda y: -mp.log(1 + y * y)),
}


@pytest.mark.parametrize(
    ("step", "base", "log_density", "y"),
    [
        ("cos", "normal(0, 0.01)", lambda x: normal_log(x, 0, mp.mpf(0.01)), -0.9999999999999999),
        ("cos", "normal(1, 0.01)", lambda x: normal_log(x, 1, mp.mpf(0.01)), -0.9999999999999999),
        ("sin", "normal(0, 0.001)", lambda x: normal_log(x, 0, mp.mpf(0.001)), 0.9999999999999999),
        ("tan", "normal(0, 0.01)", lambda x: normal_log(x, 0, mp.mpf(0.01)), 1e10),
        ("sin", "gamma(2, 0.001)", lambda x: gamma_log(x, 2, mp.mpf(0.001)), -0.9),
        ("tan", "gamma(2, 0.0001)", lambda x: gamma_log(x, 2, mp.mpf(0.0001)), -5.0),
    ],
)
def test_logarithms_of_values_that_are_taken_on_far_out_only(step, base, log_density, y):
    """No double sees these masses; their logarithms count every preimage, the nearest on both sides of a turn or a pole."""
    law = dn.parse(f"{step}({base})")
    preimages, slope = PERIODIC[step]
    with mp.workdps(60):
        exact = mp.mpf(y)
        places = [x + 2 * k * mp.pi for k in range(-2, 3) for x in preimages(exact)]
        truth = log_sum([log_density(x) for x in places]) + slope(exact)
    assert law.logpdf(y) == pytest.approx(float(truth), rel=1e-13)
    assert law.logpdf(y, dps=20) == pytest.approx(float(truth), rel=1e-13)
    assert (float(law.support.low), float(law.support.high)) == (
        (-math.inf, math.inf) if step == "tan" else (-1.0, 1.0)
    )


def test_a_map_that_leaves_out_such_values_is_refused():
    with pytest.raises(dn.SupportError, match=r"10\^-1360\.\d+ .* lies outside its domain"):
        dn.parse("log(sin(gamma(2, 0.001)))")


@pytest.mark.parametrize(
    "text", ["1/relu(normal(0, 1))", "clip(normal(0, 1), 0, 2)**-2", "1/mixture([0.5, 0.5], [delta(0), normal(0, 1)])"]
)
def test_point_masses_on_a_pole_are_refused(text):
    """1/0 has no sign: there is no law with half of its mass at one infinity."""
    with pytest.raises(dn.SupportError, match=r"the atom at 0 = 0\.5 .* lies on its pole") as refusal:
        dn.parse(text)
    assert refusal.value.lost_mass == 0.5


def test_point_masses_beside_a_pole_are_not():
    assert dn.parse("1/clip(normal(0, 1), -1, 2)").pmf(-1.0) == dn.Normal().cdf(-1.0)
    assert dn.parse("1/sign(normal(0, 1))").pmf(1.0) == 0.5


def test_a_map_that_is_flat_at_an_end_tells_nothing_of_it():
    """gd(1 + 10⁸·c), c > 1, is π/2 - 2e^(-10⁸): the double of π/2 is the nearest one to every quantile."""
    law = dn.parse("(1e8*truncate(cauchy(), 1, inf) + 1) >> gudermannian")
    levels = np.array([1e-12, 1e-3, 0.1, 0.5, 0.9])
    for quantiles in (law.ppf(levels), law.isf(levels), law.ppf(logp=np.log(levels))):
        assert np.all(quantiles == math.pi / 2)


@pytest.mark.parametrize(
    ("p", "q", "infinite"),
    [
        ("exponential(1) + 1", "exponential(1) + 1.0000000000000002", True),
        ("exponential(1) + 1.0000000000000002", "exponential(1) + 1", False),
        ("1 - exponential(1)", "0.9999999999999999 - exponential(1)", True),
        ("2*uniform(1, 2) - 1", "uniform(1, 2.9999999999999996)", True),
        ("2*uniform(1, 2) - 1", "uniform(1.0000000000000002, 3)", True),
        ("2*uniform(1, 2) - 1", "uniform(1, 3)", False),
        ("0.1*pareto(2, 3)", "pareto(2, 0.3)", False),  # 0.1·3 is no double
        ("0.1 + 0.2*uniform(0, 1)", "uniform(0.1, 0.3)", False),  # nor is 0.1 + 0.2
    ],
)
def test_ends_that_doubles_hold_are_told_apart_by_one_ulp(p, q, infinite):
    """In fractions each end above is a sum or a product of doubles that is a double, but for the two that are not."""
    assert np.isinf(dn.kl(dn.parse(p), dn.parse(q)).value) == infinite


def test_batches_tell_exact_ends_from_rounded_ones_member_by_member():
    law = dn.Exponential(1) >> dn.Affine(np.array([1.0, 0.1]), 1.0)
    assert np.all(law.support.low_slack == 0.0)
    law = dn.Pareto(2, np.array([3.0, 2.0])) >> dn.Scale(0.1)
    assert np.all((law.support.low_slack > 0.0) == [True, False])


@pytest.mark.parametrize(
    ("name", "double", "cdf"),
    [
        (
            "truncate(normal(60, 1), 50, 70) >> gudermannian",
            math.pi / 2,
            0.0,
        ),  # in π/2 - 4e-22 .. π/2, the double is 6e-17 below
        ("pareto(1, 1e20) >> atan", math.pi / 2, 0.0),
        ("truncate(normal(60, 1), 50, 70) >> sigmoid", 1.0, 1.0),
        ("truncate(normal(60, 1), 50, 70) >> tanh", 1.0, 1.0),
    ],
)
def test_a_support_within_one_double_lies_on_one_side_of_it(name, double, cdf):
    law = dn.parse(name)
    assert (law.cdf(double), law.sf(double)) == (cdf, 1.0 - cdf)
    assert (law.cdf(np.nextafter(double, 0)), law.cdf(np.nextafter(double, 4))) == (0.0, 1.0)


def test_a_support_within_one_double_is_refused_there_where_nothing_tells_its_side():
    law = dn.parse("1 - exp(tanh(truncate(exponential(1), 30, inf)))")
    with pytest.raises(UnsupportedOperationError, match="within one double"):
        law.cdf(1 - math.e)
    assert law.cdf(-1.7) == 1.0 and law.cdf(-1.8) == 0.0
