"""Laws that end where a map that is solved for puts the end of its base: points there are told by their distance from it."""

from functools import cache

import mpmath
import numpy as np
import pytest
from mpmath import mp

from densities.anchored import Anchored, value
from densities.distributions import LogNormal, Pareto
from densities.distributions.symbolic import Symbolic
from densities.domains import Interval
from densities.expressions import parse
from densities.transforms import FunctionTransform, Polynomial

DISTANCES = (1e-2, 1e-6, 1e-10, 2e-14)


def preimage(formula, y, near):
    return mpmath.findroot(lambda x: formula(x) - mp.mpf(y), (mp.mpf(near), mp.mpf(near) * (1 + mp.mpf("1e-4"))))


def relative(got, truth):
    return float(abs(mp.mpf(float(got)) - truth) / abs(truth))


# Formulas are analysed once, and by the tests alone.
symbolic = cache(Symbolic)
FROM_ZERO = {
    "polynomial([0.5, 1, 1])": (lambda: Polynomial([0.5, 1, 1]), lambda x: x**2 + x + mp.mpf("0.5")),
    "polynomial([3, 2, 0.25, 4])": (lambda: Polynomial([3, 2, 0.25, 4]), lambda x: 4 * x**3 + x**2 / 4 + 2 * x + 3),
    "exp(x) + x": (lambda: symbolic("exp(x) + x"), lambda x: mp.exp(x) + x),
    "cosh(x) + x": (lambda: symbolic("cosh(x) + x"), lambda x: mp.cosh(x) + x),
    "(1 + x)**5": (lambda: symbolic("(1 + x)**5"), lambda x: (1 + x) ** 5),
    "exp(x) + x from 0": (lambda: symbolic("exp(x) + x", domain=Interval(0, np.inf)), lambda x: mp.exp(x) + x),
    "a function": (lambda: FunctionTransform(lambda x: np.exp(x) + x), lambda x: mp.exp(x) + x),
}


@pytest.mark.parametrize("name", FROM_ZERO)
@pytest.mark.parametrize("distance", DISTANCES)
def test_tails_beside_the_image_of_an_end_at_0(name, distance):
    make, formula = FROM_ZERO[name]
    law = LogNormal(-18, 5) >> make()
    with mp.workdps(60):
        y = float(formula(mp.mpf(distance)))
        x = preimage(formula, y, distance)
        z = (mp.log(x) + 18) / 5
        assert relative(law.logcdf(y), mp.log(mp.ncdf(z))) < 1e-13
        log_density = -(z**2) / 2 - mp.log(5 * mp.sqrt(2 * mp.pi)) - mp.log(x) - mp.log(mp.diff(formula, x))
        assert relative(law.logpdf(y), log_density) < 1e-13


TO_ZERO = {
    "polynomial([-2, 1, 0, 1])": (parse, 1, lambda x: x**3 + x - 2),
    "polynomial([-10, 1, 0, 1])": (parse, 2, lambda x: x**3 + x - 10),
    "log(x) + x - 1": (symbolic, 1, lambda x: mp.log(x) + x - 1),
    "x - 1/x": (symbolic, 1, lambda x: x - 1 / x),
    "x**2 - 1": (symbolic, 1, lambda x: x**2 - 1),
}


@pytest.mark.parametrize("text", TO_ZERO)
@pytest.mark.parametrize("distance", [1e-5, 1e-20, 1e-100, 1e-280])
def test_tails_beside_0_where_the_base_ends_elsewhere(text, distance):
    read, end, formula = TO_ZERO[text]
    law = Pareto(3, end) >> read(text)
    with mp.workdps(350):
        y = float(formula(end + mp.mpf(distance)))
        x = preimage(lambda u: formula(end + u), y, distance)
        assert relative(law.cdf(y), -mp.expm1(-3 * mp.log1p(x / end))) < 1e-13
        assert law.ppf(law.cdf(y)) == pytest.approx(y, rel=1e-12)


def test_polynomials_keep_the_digits_of_preimages_beside_0():
    stretch = Polynomial([0.5, 1, 0, 2]).stretches[0]
    small = np.array([-1e-12, 1e-12, 3e-9])
    assert np.all(stretch.inverse(0.5 + small) == pytest.approx((0.5 + small) - 0.5, rel=1e-14))
    assert stretch.inverse(Anchored(0.5, np.array([1e-200]))).offset == pytest.approx([1e-200], rel=1e-14)


def test_maps_say_whether_they_know_the_distance_from_an_end():
    knows = {text: parse(text).knows_ends for text in ("exp", "log", "exp >> affine(1, 2)", "sigmoid >> logit")}
    assert all(knows.values())
    solved = FunctionTransform(lambda x: np.exp(x) + x)
    assert not any(step.knows_ends for step in (solved, solved.inv, parse("exp") >> solved, symbolic("exp(x) + x")))


def test_formulas_that_turn_at_no_double_have_as_many_digits_as_asked_for():
    law = parse("exponential(1)") >> symbolic("cosh(x) + x")
    with mp.workdps(50):
        x = preimage(lambda u: mp.cosh(u) + u, 1.5, 0.4)
        assert abs(law.logpdf(1.5, dps=40) - (-x - mp.log(mp.sinh(x) + 1))) < mp.mpf(10) ** -39
        assert abs(law.cdf(1.5, dps=40) + mp.expm1(-x)) < mp.mpf(10) ** -39
    assert value(law.support.low) == 1.0


@pytest.mark.parametrize("after", ["", " >> exp", " >> affine(0, 3)", " >> leaky_relu(3) >> exp2"])
@pytest.mark.parametrize("ulps", [2, 11, 10**4, 10**8])
def test_critical_values_of_polynomials_that_are_no_doubles(after, ulps):
    """x² - 0.1·x⁴ is at most 1/(4·0.1), which is 2.5 less a third of an ulp for the double 0.1."""
    law = parse(f"truncate(normal(0, 1), -2, 3) >> polynomial([0, 0, 1, 0, -0.1]){after}")
    y = float(law.support.high) - ulps * np.spacing(float(law.support.high))
    with mp.workdps(50):
        a, x = mp.mpf(0.1), mp.mpf(y)
        x = {"": x, " >> exp": mp.log(x), " >> affine(0, 3)": x / 3, " >> leaky_relu(3) >> exp2": mp.log(x, 2)}[after]
        half = mp.sqrt(4 * a * (1 / (4 * a) - x))
        low, high = (mp.sqrt((1 + side * half) / (2 * a)) for side in (-1, 1))
        mass = mp.ncdf(high) - mp.ncdf(low) + max(mp.mpf(0), mp.ncdf(2) - mp.ncdf(low))
        assert relative(law.sf(y), mass / (mp.ncdf(3) - mp.ncdf(-2))) < 1e-13
        if not after:
            assert abs(law.sf(y, dps=30) - mass / (mp.ncdf(3) - mp.ncdf(-2))) < mp.mpf(10) ** -29 * mass
            assert Polynomial([0, 0, 1, 0, -0.1])(np.sqrt(5.0)) == 2.5


@pytest.mark.parametrize("p", [1e-12, 1e-3, 0.1])
def test_an_end_on_the_way_that_no_double_tells_from_a_limit_goes_nowhere_else(p):
    """acosh(10⁶)² is 210.5, and so far from the limit 1 the distribution function is by e^-210.5."""
    law = parse("pareto(3, 1e6) >> acosh >> weibull_cdf(2, 1) >> logit")
    with mp.workdps(150):
        z = mp.acosh(10**6 * mp.exp(-mp.log1p(-mp.mpf(p)) / 3)) ** 2
        assert law.ppf(p) == pytest.approx(float(mp.log(mp.expm1(z))), rel=1e-15)
