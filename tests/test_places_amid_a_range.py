"""Chains whose inner maps lead a point amid their range to one where the next map has an infinite slope, or a limit."""

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import special

import densities as dn
from densities.precise import digits, number, precise


def phi(x):
    return mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)


def sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def odds(x):
    return mpmath.log(mpmath.ncdf(x) / mpmath.ncdf(-x))


# Each map g that is followed by ∛(g - c), its slope, and where it is c.
CURVES: dict[str, tuple[Callable, Callable, float, Callable]] = {
    "sigmoid >> shift(-0.5)": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x), 0.5, lambda: mpf(0)),
    "normal_cdf >> logit": (odds, lambda x: phi(x) / (mpmath.ncdf(x) * mpmath.ncdf(-x)), 0.0, lambda: mpf(0)),
    "atan >> shift(-0.5)": (mpmath.atan, lambda x: 1 / (1 + x * x), 0.5, lambda: mpmath.tan(mpf(0.5))),
    "erf >> shift(-0.5)": (
        mpmath.erf,
        lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x),
        0.5,
        lambda: mpmath.erfinv(mpf(0.5)),
    ),
}


@pytest.mark.parametrize("text", CURVES)
def test_entropies_are_those_of_mpmath(text):
    curve, slope, level, place = CURVES[text]
    with mp.workdps(25):

        def integrand(x):
            log_slope = mpmath.log(slope(x) / 3) - 2 * mpmath.log(abs(curve(x) - level)) / 3
            return phi(x) * (log_slope + x * x / 2 + mpmath.log(2 * mpmath.pi) / 2)

        truth = float(mpmath.quad(integrand, [-14, -6, -2, place(), 2, 6, 14]))
    estimate = dn.entropy(dn.parse(f"normal(0, 1) >> {text} >> cbrt"))
    assert float(estimate) == pytest.approx(truth, rel=1e-10)
    assert estimate.error < 1e-12


def test_quantiles_beside_a_limit_that_the_law_is_narrow_at():
    law = dn.parse("laplace(1000, 100) >> gumbel_cdf(loc=1, scale=2) >> acos")
    with mp.workdps(400):
        x = 1000 + 100 * mpmath.log(2 * mpf(0.3))
        truth = mpmath.acos(mpmath.exp(-mpmath.exp(-(x - 1) / 2)))
    assert law.isf(0.3) == pytest.approx(float(truth), rel=1e-12)


def test_images_of_ends_beside_1():
    """The end goes by its distance from 1, which no double holds."""
    law = dn.parse("exponential(1) + 50 >> sigmoid >> normal_ppf")
    with mp.workdps(80):
        low = -mpmath.sqrt(2) * mpmath.erfinv(2 / (1 + mpmath.exp(50)) - 1)
        place = mpf(9.8)
        truth = 1 - mpmath.exp(50 - odds(place))
        assert law.support.low == pytest.approx(float(low), rel=1e-14)
    assert law.cdf(9.8) == pytest.approx(float(truth), rel=1e-12)
    law = dn.parse("exponential(1) + 50 >> tanh >> acos")
    with mp.workdps(120):
        assert law.support.high == pytest.approx(float(mpmath.acos(mpmath.tanh(50))), rel=1e-14)
        truth = mpmath.exp(50 - mpmath.atanh(mpmath.cos(mpf(2e-22))))
    assert law.cdf(2e-22) == pytest.approx(float(truth), rel=1e-12)


def test_densities_in_digits_beside_an_irrational_end():
    """Where the working precision rounds π/2 below the point the density is not 0 there."""
    law = dn.parse("gamma(50, 3) >> gudermannian >> sin >> atanh")  # which is gamma(50, 3)
    assert law.logpdf(138.19341650834505) == pytest.approx(dn.Gamma(50, 3).logpdf(138.19341650834505), rel=1e-12)


def test_the_inverse_error_function_of_nan_in_digits():
    with digits(30) as mp:
        assert mp.isnan(number(special.erfinv(precise(mp.nan))))


def test_points_between_the_double_of_an_end_and_the_end_are_inside():
    """A third of the mass lies beyond the double in the place of the upper end, and another double lies there too."""
    law = dn.parse("hyperbolic_secant(-30, 100) >> gudermannian >> sinh_arcsinh(skewness=0.5, tailweight=0.8)")
    y = 1.8759099542587576
    assert law.support.high < y
    with mp.workdps(60):
        x = 2 * mpmath.atanh(mpmath.tan(mpmath.sinh(mpmath.asinh(mpf(y)) / mpf(0.8) - mpf(0.5)) / 2))
        truth = 2 / mp.pi * mpmath.atan(mpmath.exp((x + 30) / 100))
    assert law.cdf(y) == pytest.approx(float(truth), rel=1e-9)
    assert law.sf(y) == pytest.approx(1.0 - float(truth), rel=1e-9)
    assert law.cdf(1.875909954258758) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("text", ["normal(20, 1e-3) >> sigmoid >> normal_ppf", "normal(30, 1) >> normal_cdf >> logit"])
def test_laws_amid_a_line_through_a_limit_of_a_map(text):
    law, base = dn.parse(text), dn.parse(text.split(" >> ")[0])
    for q in (1e-9, 0.3):
        y = law.ppf(q)
        with mp.workdps(80 + 250):
            p = mpmath.ncdf(mpf(y)) if text.endswith("ppf") else 1 / (1 + mpmath.exp(-mpf(y)))
            rest = mpmath.ncdf(-mpf(y)) if text.endswith("ppf") else 1 / (1 + mpmath.exp(mpf(y)))
            x = mpmath.log(p / rest) if text.endswith("ppf") else mpmath.sqrt(2) * mpmath.erfinv(1 - 2 * rest)
            z = (x - mpf(base.params["loc"])) / mpf(base.params["scale"])
            truth = mpmath.ncdf(z)
        assert law.cdf(y) == pytest.approx(float(truth), rel=1e-11)
        assert float(truth) == pytest.approx(q, rel=1e-9)


def test_points_beside_an_end_that_infinity_comes_to_on_the_way():
    """The end -log 2 is the image of infinity by way of 0, and no double."""
    law = dn.parse("half_cauchy(100) >> power(-1.7) >> log_sigmoid")
    y = -0.6931471805599452
    with mp.workdps(50):
        gap = mpmath.log(2) + mpf(y)  # y = -log(1 + e^-x), so that e^-x = 2e^-gap - 1
        x = -mpmath.log(2 * mpmath.exp(-gap) - 1)
        truth = 2 / mp.pi * mpmath.atan(100 / x ** (-1 / mpf(1.7)))
    assert law.cdf(y) == pytest.approx(float(truth), rel=1e-12)


def test_points_are_anchored_only_where_some_come_near_an_end():
    assert dn.parse("half_cauchy(100) >> power(-1.7) >> log_sigmoid").fragile
    assert not dn.parse(
        "normal(0.5, 0.8) >> exp >> log1p >> sinh_arcsinh(0.5, 1.25)"
    ).fragile  # 18 sigma to a millionth


@pytest.mark.parametrize("bits", [12, 22, 36, 50])
def test_the_few_points_beside_an_end_that_hardly_anything_comes_near(bits):
    """The end sinh(5/8) is the image of minus infinity by way of 0, and no double: what rounding took matters beside it."""
    law = dn.parse("normal(0.5, 0.8) >> exp >> log1p >> sinh_arcsinh(0.5, 1.25)")
    y = law.support.low * (1.0 + 2.0**-bits)
    with mp.workdps(60):
        turned = mpmath.asinh(mpf(y)) / mpf(1.25) - mpf(0.5)
        x = mpmath.sinh(turned)
        z = (mpmath.log(mpmath.expm1(x)) - mpf(0.5)) / mpf(0.8)
        slope = (
            mpf(0.8) * mpmath.exp(-x) * mpmath.expm1(x) / mpmath.cosh(turned) * mpf(1.25) * mpmath.sqrt(1 + mpf(y) ** 2)
        )
        density, mass = mpmath.log(mpmath.npdf(z) / slope), mpmath.log(mpmath.ncdf(z))
    among = np.array([1.0, y, 2.0])
    assert law.logpdf(y) == pytest.approx(float(density), rel=1e-13)
    assert law.logcdf(among)[1] == pytest.approx(float(mass), rel=1e-13)
    cut, third = dn.truncate(law, 0.5, 5.0), dn.order_statistic(law, 3, 3)
    assert cut.logpdf(y) == pytest.approx(float(density) - law.logcdf(5.0), rel=1e-13)
    assert third.logcdf(y) == pytest.approx(3 * float(mass), rel=1e-13)
    batch = dn.Normal([0.5, 3.0], 0.8) >> dn.Exp() >> dn.Log1p() >> dn.SinhArcsinh(0.5, 1.25)
    assert batch.logpdf(y)[0] == pytest.approx(float(density), rel=1e-13)


# ---- poles and zeros of densities amid their support ----


def pole_of_a_component(y):
    """(χ² + 1 or a standard normal variable, one as likely as the other, through the exponential function)."""
    x = mpmath.log(y)
    z = x - 1
    return (mpmath.exp(-z / 2) / mpmath.sqrt(2 * mp.pi * z) * (z > 0) + phi(x)) / 2 / y


def images_of_turns(y):
    """exp(4x³ - 3x), where 4 cos³ t - 3 cos t = cos 3t."""
    t = mpmath.acos(mpmath.log(y)) / 3
    roots = [mpmath.cos(t + 2 * mp.pi * k / 3) for k in range(3)]
    return mpmath.fsum(phi(x) / abs(12 * x * x - 3) for x in roots) / y


@pytest.mark.parametrize(
    ("make", "density", "place", "side"),
    [
        (
            lambda: dn.parse("mixture([.5, .5], [chi_squared(1) + 1, normal(0, 1)]) >> exp"),
            pole_of_a_component,
            np.e,
            1.0,
        ),
        pytest.param(
            lambda: dn.Normal() >> dn.Symbolic("4*x**3 - 3*x") >> dn.Exp(),
            images_of_turns,
            np.e,
            -1.0,
            marks=pytest.mark.slow,
        ),
    ],
    ids=["component", "turn"],
)
def test_densities_beside_poles_amid_their_support(make, density, place, side):
    law, y = make(), place * (1.0 + side * np.array([1e-8, 1e-11, 1e-14]))
    with mp.workdps(50):
        truth = [float(density(mpf(float(point)))) for point in y]
    np.testing.assert_allclose(law.pdf(y), truth, rtol=1e-13)


def test_tails_and_intervals_beside_the_image_of_a_turn():
    """((X² - 1.1)²π of a normal variable X turns at 1.21π, which is no double; two branches end there.)"""
    law, y = dn.parse("(normal(0.3, 1)**2 - 1.1)**2*pi"), 3.8013271108436504 * (1.0 - 2.0 ** np.array([-51.0, -40.0]))

    def tails(y):
        root, loc = mpmath.sqrt(mpf(y) / mpf(np.pi)), mpf(0.3)
        outer, inner = (mpmath.sqrt(mpf(1.1) + sign * root) for sign in (1, -1))
        below = mpmath.ncdf(inner - loc) - mpmath.ncdf(-inner - loc)
        above = mpmath.ncdf(loc - outer) + mpmath.ncdf(-outer - loc)
        return 1 - below - above, below + above

    with mp.workdps(50):
        below, above = zip(*map(tails, map(float, y)), strict=True)
        between = below[0] - below[1]
        logs = [float(mpmath.log(p)) for p in below]
    np.testing.assert_allclose(law.cdf(y), np.array(below, dtype=float), rtol=1e-15)
    np.testing.assert_allclose(law.sf(y), np.array(above, dtype=float), rtol=1e-15)
    assert law.logcdf(y[0]) == pytest.approx(logs[0], rel=1e-15)
    assert law.prob(y[1], y[0]) == pytest.approx(float(between), rel=1e-15)
    # The double that the turn is rounded to lies beyond it.
    assert np.isfinite(law.logpdf(np.nextafter(3.8013271108436504, 0.0)))


def test_a_density_that_falls_to_0_beside_a_place_faster_than_any_power():
    """(exp(1/X) of a normal variable X, where log y = 1/x.)"""
    law, y = dn.parse("1/normal(0, 1) >> shift(3) >> exp"), np.exp(3.0) * (1.0 + np.array([-0.01, 3e-2, 1e-2]))
    with mp.workdps(50):
        x = [1 / (mpmath.log(mpf(float(point))) - 3) for point in y]
        truth = [float(mpmath.log(phi(x) * x * x / mpf(float(point)))) for x, point in zip(x, y, strict=True)]
    np.testing.assert_allclose(law.logpdf(y), truth, rtol=0.0, atol=1e-9)
    assert law.logpdf(y[0]) == pytest.approx(truth[0], rel=1e-15)


def test_what_rounding_leaves_of_them_is_told_where_points_are_many():
    law = dn.parse("mixture([.5, .5], [chi_squared(1) + 1, normal(0, 1)]) >> exp")
    with pytest.warns(dn.AccuracyWarning, match="beside 2.718"):
        law.pdf(np.full(1000, np.e * (1 + 1e-13)))
    assert dn.parse("mixture([.5, .5], [chi_squared(1) + 1, normal(0, 1)])").pdf(np.full(1000, 1 + 1e-13)).size == 1000


def test_the_double_in_the_place_of_an_inner_zero_has_the_density_beside_it():
    """x³ - 3x of a law that ends amid a piece of it: at the image of the end the sum of the pieces is next to 0, but the end
    is no double. The truth by mpmath at 50 digits, from the density of the generalized extreme value law at the three roots."""
    law = dn.parse(
        "generalized_extreme_value(0.5, -0.23361625216747275, 0.08123357622683004) >> polynomial([0, -3, 0, 1])"
    )
    y = 0.21308712856800707
    with mp.workdps(50):
        shape, loc, scale = (mpf(x) for x in (0.5, -0.23361625216747275, 0.08123357622683004))
        truth = mpf(0)
        for x in mpmath.polyroots([1, 0, -3, -mpf(y)], maxsteps=200, extraprec=200):
            base = 1 - shape * (x - loc) / scale
            if base > 0:
                truth += base ** (1 / shape - 1) * mpmath.exp(-(base ** (1 / shape))) / scale / abs(3 * x * x - 3)
    assert law.pdf(y) == pytest.approx(float(truth), rel=1e-12)
    assert law.pdf(np.array([0.1, y]))[1] == law.pdf(y)
