"""Modes that are searched for, against the zeros of derivatives in 30 digits."""

import mpmath as mp
import pytest

import densities as dn


def bell(x):
    return mp.exp(-x * x / 2)


def skewed(x):
    return bell(x) * mp.erfc(-3 * x / mp.sqrt(2))


def two_bells(x):
    return mp.mpf("0.3") * bell(x) + mp.mpf("0.7") * bell(x - 3)


def ratio(z):
    """The density of (1 + N)/G at z, but for a factor: ∫ φ(zg - 1) g·g² e^-g dg."""
    return mp.quad(lambda g: bell(z * g - 1) * g**3 * mp.exp(-g), [0, 2, 5, 10, 20, 60])


CASES = {
    "truncate(skew_normal(3), -1, 2)": (skewed, 0.47),
    "mixture([0.3, 0.7], [normal(0, 1), normal(3, 1)])": (two_bells, 2.98),
}


@pytest.mark.parametrize("text", CASES)
def test_modes_between_quantiles(text):
    density, near = CASES[text]
    with mp.workdps(30):
        truth = float(mp.findroot(lambda x: mp.diff(density, x), near))
    assert dn.parse(text).mode() == pytest.approx(truth, rel=1e-10)


def test_the_mode_of_a_law_that_is_an_integral():
    with mp.workdps(20):
        truth = float(mp.findroot(lambda z: mp.diff(ratio, z), 0.2))
    assert dn.ratio_of(dn.Normal(1, 1), dn.Gamma(3, 1)).mode() == pytest.approx(truth, rel=1e-9)


@pytest.mark.parametrize("text", ["cauchy(0, 1) >> tan", "normal(0, 1) >> tan", "student_t(3) >> asinh >> sinh"])
def test_modes_of_symmetric_images(text):
    assert dn.parse(text).mode() == pytest.approx(0.0, abs=1e-12)
