"""Beside an end that is no double: the distance from the end itself decides a tail, not that from the double in its place."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest

import densities as dn
from densities.anchored import Anchored, value

NEAR = (1e-15, 1e-12, 4e-7, 1e-3, 0.05)


def relative(got, truth):
    return float(abs(mpmath.mpf(float(got)) / truth - 1))


def beside(end, *, below):
    """Doubles inside of an end, at growing distances."""
    end = float(end)
    return [end + (-1 if below else 1) * near * abs(end) for near in NEAR]


@pytest.mark.parametrize("lmbda", [-0.7, -2.3, -0.31])
@pytest.mark.parametrize(("name", "shift"), [("box_cox", 0), ("yeo_johnson", 1)])
def test_masses_beside_the_infinite_end_of_a_bent_power(name, shift, lmbda):
    """P(X > x) = (1 + x)^-2 at x = (1 + λy)^(1/λ), where 1 + λy is 0 at an end that is no double."""
    law = dn.parse(f"lomax(2, 1) >> {name}({lmbda})")
    with mpmath.workdps(50):
        power = mpmath.mpf(lmbda)

        def tail(y):
            return (1 + (1 + power * mpmath.mpf(y)) ** (1 / power) - shift) ** -2

        last = beside(-1 / power, below=True)
        first = float(law.median())
        for y in last:
            assert relative(law.sf(y), tail(y)) < 1e-13
            assert relative(law.prob(first, y), tail(first) - tail(y)) < 1e-13
        for near, far in pairwise(last):
            assert relative(law.prob(far, near), tail(far) - tail(near)) < 1e-13


@pytest.mark.parametrize("name", ["gev_cdf", "generalized_pareto_cdf"])
@pytest.mark.parametrize(("shape", "loc", "scale"), [(-0.3, 0.1, 0.7), (-0.7, 3.0, 2.2), (-0.71, 6.5267, 0.001066)])
def test_tails_of_extremes_beside_their_rounded_end(name, shape, loc, scale):
    law = dn.Uniform() >> dn.parse(f"{name}({shape}, {loc}, {scale})").inv
    with mpmath.workdps(50):
        c, place, width = map(mpmath.mpf, (shape, loc, scale))
        end = place - width / c

        def tail(y):
            rest = (1 + c * (mpmath.mpf(y) - place) / width) ** (-1 / c)
            return -mpmath.expm1(-rest) if name == "gev_cdf" else rest

        inner = float(end) - 0.4 * float(width / -c)
        for y in [y for y in beside(end, below=True) if inner < y < float(value(law.support.high))]:
            assert relative(law.sf(y), tail(y)) < 1e-13
            assert relative(law.prob(inner, y), tail(inner) - tail(y)) < 1e-13


def test_ends_of_extremes_beyond_the_doubles():
    assert dn.GevCdf(shape=-1e-320).domain.high == np.inf
    assert dn.GevCdf(shape=1e-320).domain.low == -np.inf


def log_uniform_tail(x):
    return 1 - mpmath.log(x) / mpmath.log(10**6)


def uniform_tail(x):
    return (5 - x) / 4


CURVED = [
    ("uniform(1, 5) >> erf", mpmath.erfinv, uniform_tail),
    ("uniform(1, 5) >> tanh", mpmath.atanh, uniform_tail),
    ("log_uniform(1, 1e6) >> softsign", lambda y: y / (1 - y), log_uniform_tail),
    ("log_uniform(1, 1e6) >> atan", mpmath.tan, log_uniform_tail),
    ("log_uniform(1, 1e6) >> gudermannian", lambda y: mpmath.asinh(mpmath.tan(y)), log_uniform_tail),
    (
        "log_uniform(1, 1e6) >> sinh_arcsinh(0.5, 1.2)",
        lambda y: mpmath.sinh(mpmath.asinh(y) / mpmath.mpf(1.2) - 0.5),
        log_uniform_tail,
    ),
]


@pytest.mark.parametrize(("text", "inverse", "tail"), CURVED)
def test_masses_beside_the_rounded_image_of_an_end(text, inverse, tail):
    """The end of the image is no double, and the map is so flat there that what rounding took from it is much of x."""
    law = dn.parse(text)
    low, high = (float(value(end)) for end in law.support.edges)
    with mpmath.workdps(60):
        for y in (*beside(low, below=False), *beside(high, below=True), *law.isf(np.linspace(0.02, 0.98, 7))):
            above = tail(inverse(mpmath.mpf(y)))
            if low < y < high and 0 < above < 1:  # a double may lie beyond the end itself
                assert relative(law.sf(y), above) < 2e-13
                assert relative(law.cdf(y), 1 - above) < 2e-13


def test_tangents_of_anchored_numbers_keep_their_distance_from_a_pole():
    place = 1.5707953267948966
    with mpmath.workdps(50):
        truth = mpmath.tan(mpmath.mpf(place) + mpmath.mpf(3e-17))
    for side in (1.0, -1.0):
        assert relative(value(np.tan(Anchored(side * place, np.array(side * 3e-17)))), side * truth) < 4e-16


def test_float32_points_beside_an_end_that_float32_rounds():
    """The nearest float32 lies beyond the end itself, where the density is large but not infinite."""
    with mpmath.workdps(50):
        point = np.float32(0.1)
        z = (mpmath.mpf(float(point)) - mpmath.mpf(0.1)) / mpmath.mpf(0.3)
        law = dn.parse("beta(0.5, 0.5) >> affine(0.1, 0.3)")
        assert relative(law.pdf(point), 1 / (mpmath.pi * mpmath.sqrt(z * (1 - z)) * mpmath.mpf(0.3))) < 1e-6
        assert relative(law.cdf(point), 2 / mpmath.pi * mpmath.asin(mpmath.sqrt(z))) < 1e-6
        assert law.pdf(point).dtype == law.cdf(point).dtype == law.logsf(np.array([point])).dtype == np.float32

        point = np.float32(1.2490457)
        rest = (3 - mpmath.tan(mpmath.mpf(float(point)))) / 2
        law = dn.parse("uniform(1, 3) >> atan")
        assert relative(law.sf(point), rest) < 1e-6
        assert relative(law.logsf(point), mpmath.log(rest)) < 1e-6
