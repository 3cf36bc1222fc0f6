"""Chains through places of slope 0 inside: beside their images the inverse is infinitely steep."""

import numpy as np
import pytest
from mpmath import mp

import densities as dn
from densities.errors import UnsupportedOperationError
from densities.protocols import led_back


def cube_root(t):
    return mp.sign(t) * mp.cbrt(abs(t))


# (law, its place of slope 0 in doubles, the cube of the preimage of y, whether that rises)
LAWS = [
    ("normal(0, 1) >> cube >> affine(0, 3) >> exp >> affine(0.1, 1)", 1.1, lambda y: mp.log(y - mp.mpf(0.1)) / 3, True),
    ("normal(0, 1) >> cube >> exp >> affine(0, 3)", 3.0, lambda y: mp.log(y / 3), True),
    (
        "normal(0, 1) >> cube >> affine(0, -1) >> exp >> log1p >> sqrt",
        float(np.sqrt(np.log(2.0))),
        lambda y: -mp.log(mp.expm1(y * y)),
        False,
    ),
    (
        "normal(0, 1) >> cube >> sinh_arcsinh(skewness=0.5, tailweight=1.2)",
        0.6366535821482412,
        lambda y: mp.sinh(mp.asinh(y) / mp.mpf(1.2) - mp.mpf(0.5)),
        True,
    ),
]
SHARES = [0.0, 2e-16, -4e-16, 1e-14, -1e-12, 1e-9, -1e-7, 1e-5]


@pytest.mark.parametrize(("name", "place", "back", "rises"), LAWS)
def test_points_beside_the_image_of_a_place_of_slope_0(name, place, back, rises):
    law, points = dn.parse(name), place * (1.0 + np.array(SHARES))
    with mp.workdps(50):
        z = [cube_root(back(mp.mpf(float(y)))) for y in points]
        below = np.array([float(mp.ncdf(x if rises else -x)) for x in z])
        above = np.array([float(mp.ncdf(-x if rises else x)) for x in z])
    np.testing.assert_allclose(law.cdf(points), below, rtol=2e-12)
    np.testing.assert_allclose(law.sf(points), above, rtol=2e-12)
    np.testing.assert_allclose(law.logcdf(points), np.log(below), rtol=4e-12)
    with mp.workdps(50):
        for y in points[np.array(SHARES) != 0.0]:
            slope = mp.diff(lambda t: mp.ncdf(cube_root(back(t))), mp.mpf(float(y)), h=mp.mpf(10) ** -30)
            assert law.pdf(y) == pytest.approx(float(abs(slope)), rel=2e-9)


def test_masses_of_truncations_and_mixtures_take_the_same_way_back():
    name, _, back, _ = LAWS[1]
    y = 3.0000000000000004
    with mp.workdps(50):
        at, low, high = (mp.ncdf(cube_root(back(mp.mpf(t)))) for t in (y, 1.0, 9.0))
        truth, half = float((at - low) / (high - low)), float((at + mp.ncdf(mp.mpf(y))) / 2)
    assert dn.parse(f"truncate({name}, 1, 9)").cdf(y) == pytest.approx(truth, rel=2e-13)
    assert dn.parse(f"mixture([0.5, 0.5], [{name}, normal(0, 1)])").cdf(y) == pytest.approx(half, rel=2e-13)


def test_a_formula_of_one_step_is_led_back_too():
    law = dn.Normal(0, 1) >> dn.Symbolic("3*exp(x**3)")
    with mp.workdps(50):
        truth = [float(mp.ncdf(cube_root(mp.log(mp.mpf(y) / 3)))) for y in (3.0000000000000036, 3.00000003)]
    np.testing.assert_allclose(law.cdf([3.0000000000000036, 3.00000003]), truth, rtol=2e-13)


def test_a_density_is_infinite_at_a_double_that_is_the_image_itself():
    assert dn.parse("normal(0, 1) >> cube >> exp >> affine(0, 3)").pdf(3.0) == np.inf
    assert dn.parse("normal(0, 1) >> cube").pdf(0.0) == np.inf


def test_points_anchored_at_the_image_keep_their_distance_from_it():
    """No digits are asked for where the offset tells: 3·e^(x³) - 3 at 10⁻³⁰⁰ and at 10⁻²⁰."""
    law = dn.parse("normal(0, 1) >> cube >> exp >> affine(-3, 3)")
    with mp.workdps(400):
        truth = [float(mp.ncdf(cube_root(mp.log1p(mp.mpf(y) / 3)))) for y in (1e-300, 1e-20, -1e-17)]
    np.testing.assert_allclose(law.cdf([1e-300, 1e-20, -1e-17]), truth, rtol=2e-13)


def test_what_is_not_led_back_is_refused():
    with pytest.raises(UnsupportedOperationError, match="is not led back"):
        led_back(dn.Exp(), -1.0)
    with pytest.raises(TypeError, match="a bijection of the line"):
        led_back("exp", 1.0)
