"""Formulas that stand still again and again, such as x + sin(x): points beside every rest keep their distance from it."""

from functools import cache

import numpy as np
import pytest
from mpmath import mp

from densities.arrays import quiet
from densities.distributions import Normal
from densities.distributions.symbolic import Symbolic

# (formula, the same in mpmath, its slope, a rest, multiples of pi that lie between two rests)
WAVES = [
    ("x + sin(x)", lambda x: x + mp.sin(x), lambda x: 1 + mp.cos(x), 1, 2),
    ("x - sin(x)", lambda x: x - mp.sin(x), lambda x: 1 - mp.cos(x), 2, 2),
    ("1 + 2*x + sin(2*x)", lambda x: 1 + 2 * x + mp.sin(2 * x), lambda x: 2 + 2 * mp.cos(2 * x), 0.5, 1),
]


@cache
def law_through(formula):
    """A formula is analysed once, and by the tests alone."""
    return Normal(0, 3) >> Symbolic(formula)


def preimage(function, y, rest):
    low, high = rest - 1, rest + 1
    for _ in range(220):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < y else (low, middle)
    return (low + high) / 2


@pytest.mark.parametrize(("formula", "function", "slope", "first", "apart"), WAVES, ids=[row[0] for row in WAVES])
@pytest.mark.parametrize("period", [-2, 0, 1])
@pytest.mark.parametrize("gap", [1e-3, -1e-6, 1e-11, 0.0])
def test_densities_and_masses_beside_a_rest(formula, function, slope, first, apart, period, gap):
    law = law_through(formula)
    with mp.workdps(60):
        rest = (mp.mpf(first) + period * apart) * mp.pi
        y = float(function(rest) + gap)
        if gap == 0.0 and y == function(rest):
            assert law.pdf(y) == np.inf
            return
        x = preimage(function, y, rest)
        log_density = -((x / 3) ** 2) / 2 - mp.log(3 * mp.sqrt(2 * mp.pi)) - mp.log(slope(x))
        assert law.logpdf(y) == pytest.approx(float(log_density), rel=1e-13, abs=1e-13)
        assert law.logcdf(y) == pytest.approx(float(mp.log(mp.ncdf(x / 3))), rel=1e-13)


def test_the_map_itself_beside_its_rests():
    wave = Symbolic("x - sin(x)")
    x = np.array([1e-8, 2 * np.pi, 40 * np.pi + 1e-3, -0.2, 7.0, 1e17])
    with mp.workdps(60):
        images = [mp.mpf(point) - mp.sin(mp.mpf(point)) for point in x.tolist()]
        slopes = [mp.log(1 - mp.cos(mp.mpf(point))) for point in x[:-1].tolist()]
    np.testing.assert_allclose(wave(x), [float(image) for image in images], rtol=1e-15)
    with quiet():
        log_slopes = wave.forward_and_log_det(x[:-1])[1]
    np.testing.assert_allclose(log_slopes, [float(s) for s in slopes], rtol=1e-13)
    assert wave(np.float32(0.25)).dtype == np.float32


def test_formulas_without_endless_rests_have_none():
    for formula in ("x + atan(x)", "exp(x) + x"):
        assert not Symbolic(formula).branch._turns
