"""Formulas of one wave with infinitely many poles: 1/sin(x/3), tan(x)² are applied as the maps that they are made of.

Waves of laws that span more periods than anybody counts are wrapped, and never unwrapped to look for a shorter name.
"""

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

import densities as dn


def mass(a, b):
    return (mpmath.erfc(-b / mpmath.sqrt(2)) - mpmath.erfc(-a / mpmath.sqrt(2))) / 2


def preimages_of_tan_squared(y):
    """Intervals of x with tan(x)² <= y, those that a normal law sees."""
    half = mpmath.atan(mpmath.sqrt(y))
    return [(k * mp.pi - half, k * mp.pi + half) for k in range(-14, 15)]


def preimages_of_cosecant(y):
    """Intervals of x with 1/sin(x) > y > 1."""
    first = mpmath.asin(1 / y)
    return [
        (2 * k * mp.pi + a, 2 * k * mp.pi + b) for k in range(-7, 8) for a, b in ((0, first), (mp.pi - first, mp.pi))
    ]


@pytest.mark.slow
def test_a_square_of_tangents():
    law = dn.Symbolic("tan(x)**2")(dn.Normal(0, 1))
    with mp.workdps(40):
        truth = float(mpmath.fsum(mass(a, b) for a, b in preimages_of_tan_squared(mpf(1.5))))
    assert law.cdf(1.5) == pytest.approx(truth, rel=1e-13)
    assert law.cdf(-1.0) == 0.0


@pytest.mark.slow
def test_the_tails_of_a_cosecant_are_sums_over_branches():
    law = dn.Symbolic("1/sin(x)")(dn.Normal(0, 1))
    with mp.workdps(40):
        truth = float(mpmath.fsum(mass(a, b) for a, b in preimages_of_cosecant(mpf(4))))
    assert law.sf(4.0) == pytest.approx(truth, rel=1e-13)
    assert law.cdf(0.5) == pytest.approx(law.cdf(-0.5), rel=1e-14)


def test_maps_of_one_wave_evaluate_everywhere():
    for text, function in (
        ("1/sin(x/3)", lambda x: 1 / np.sin(x / 3)),
        ("log(tan(x)**2)", lambda x: 2 * np.log(abs(np.tan(x)))),
    ):
        assert dn.Symbolic(text)(0.7) == pytest.approx(function(0.7), rel=1e-14)


@pytest.mark.parametrize("text", ["log(sin(x))", "1/(x*sin(x))", "1/sin(1/x)", "cos(2*x)/sin(x)"])
def test_others_need_a_domain(text):
    with pytest.raises(dn.ParameterError, match="infinitely many poles or gaps"):
        dn.Symbolic(text)


def mean_of_cos_of_log_normal(scale):
    """∫ exp(i e^z) φ(z) dz along z = t + iπ/2, where exp(i e^z) = exp(-e^t)."""
    with mp.workdps(30):
        return float(
            mpmath.quad(
                lambda t: mp.exp(-mp.exp(t)) * mpmath.npdf((t + mp.j * mp.pi / 2) / scale) / scale,
                [-40, -20, -10, -5, -2, 0, 2, 4, 6],
            ).real
        )


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        ("cos(exp(normal(0, 3)))", "cos(log_normal(0, 3))"),
        ("sin(uniform(0, 2000*pi))", "arcsine(-1, 1)"),
    ],
)
def test_the_names_of_waves_faster_and_faster_toward_an_end(text, shortest):
    assert str(dn.parse(text).simplify()) == str(dn.parse(shortest))


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1, 3])
def test_the_mean_of_waves_faster_and_faster_toward_an_end(scale):
    law = dn.parse(f"cos(exp(normal(0, {scale})))")
    assert law.mean() == pytest.approx(mean_of_cos_of_log_normal(scale), rel=1e-12)
