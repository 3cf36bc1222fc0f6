"""Power series of formulas against differences of mpmath; formulas of one wave, as the maps that they are made of."""

from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
import sympy

import densities as dn
from densities.transforms.symbolic_series import NoSeriesError, taylor
from densities.transforms.symbolic_text import X
from densities.transforms.symbolic_zeros import inner_point

FORMULAS = [
    ("sin(x) + x/2 - cos(3*x)", 2.1),
    ("(x/(2 + x**2))/(2 + x)", 1.4),
    ("tan(x)*log(1 + x**2)", 0.4),
    ("atan(exp(x)) + asin(x/3) + acos(x/4)", 0.5),
    ("sqrt(x**2 + 1)**3/tanh(x)", -2.0),
    ("x**x + (x - 1.25)**3", 1.25),
    ("erf(x)*erfc(x/2)", 0.7),
    ("asinh(x) + acosh(x + 2) + atanh(x/5)", 0.6),
    ("Abs(x)**3 + 2**x + pi*x", -1.2),
    ("cosh(x) - sinh(2*x)", 0.1),
]


def parsed(text):
    return sympy.sympify(text, locals={"x": X})


@pytest.mark.parametrize(("text", "point"), FORMULAS)
def test_coefficients_are_those_of_differences(text, point):
    with mp.workdps(50):
        found = taylor(parsed(text), X, mp.mpf(point), 12)
        truth = mp.taylor(sympy.lambdify(X, parsed(text), "mpmath"), mp.mpf(point), 11)
        for a, b in zip(found, truth, strict=True):
            assert abs(a - b) <= mp.mpf(10) ** -45 * (1 + abs(b))


@pytest.mark.parametrize(
    ("text", "point"),
    [("sqrt(x)", 0), ("1/x", 0), ("log(x)", -1), ("sqrt(x)", -1), ("Abs(x)", 0), ("acosh(x)", 0.5), ("gamma(x)", 2)],
)
def test_what_has_no_series_by_rules_is_refused(text, point):
    with mp.workdps(30), pytest.raises(NoSeriesError):
        taylor(parsed(text), X, mp.mpf(point), 8)


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (sympy.pi, sympy.pi + sympy.Rational(1, 10**30)), (-1000, sympy.sqrt(2)), (-(10**40), 10**41)],
)
def test_inner_points_are_well_inside(low, high):
    low, high = map(sympy.sympify, (low, high))
    point = inner_point(low, high)
    assert point.is_Rational
    assert (high - low) / 4 < point - low < 3 * (high - low) / 4


@pytest.mark.parametrize(
    ("formula", "steps"),
    [
        ("cos(2*x)", "normal(0.3, 1) >> affine(0, 2) >> cos"),
        ("3 - 2*sin(x/2)", "normal(0.3, 1) >> affine(0, 0.5) >> sin >> affine(3, -2)"),
        ("sin(2*cos(x))", "normal(0.3, 1) >> cos >> affine(0, 2) >> sin"),
    ],
)
def test_formulas_of_one_wave_are_chains(formula, steps):
    law, chain = dn.Normal(0.3, 1) >> dn.Symbolic(formula), dn.parse(steps)
    assert str(law) == str(chain)
    y = np.array([-0.9, -0.3, 0.1, 0.7, 2.5])
    np.testing.assert_array_equal(law.cdf(y), chain.cdf(y))


def test_a_wave_inside_a_formula_by_its_preimages():
    """P(1/(2 + sin x²) <= y) as the sum over the arcs on which sin x² >= 1/y - 2, in mpmath."""
    law = dn.Exponential(1.0) >> dn.Symbolic("1/(2 + sin(x**2))")
    with mp.workdps(30):
        for y in (0.4, 0.6, 0.9):
            level = 1 / mp.mpf(y) - 2
            arcs = [(mp.asin(level) + 2 * mp.pi * k, mp.pi - mp.asin(level) + 2 * mp.pi * k) for k in range(-1, 400)]
            roots = [[mp.sqrt(max(end, 0)) for end in arc] for arc in arcs]
            truth = mp.fsum(mp.exp(-a) - mp.exp(-b) for a, b in roots)
            assert law.cdf(y) == pytest.approx(float(truth), rel=1e-13)


def test_a_wave_beside_x_keeps_its_own_pieces():
    law = dn.Normal() >> dn.Symbolic("sin(x) + x/2")
    assert law.transform.steps == (law.transform,)
    inner, outer = (law.transform.pieces_within(dn.Interval(-r, r)) for r in (4.0, 9.0))
    assert len(inner) < len(outer)
    found = law.transform.pieces_within(dn.Interval(-4.0, 4.0))
    assert [piece.domain for piece in found] == [piece.domain for piece in inner]


def test_constants_are_no_sigmoids():
    t = dn.Symbolic("x/(1 + exp(exp(0.5)))")
    assert t.forward(2.0) == pytest.approx(2.0 / (1.0 + np.exp(np.exp(0.5))), rel=1e-15)


@pytest.mark.parametrize(
    ("law", "formula"),
    [
        (dn.StudentT(3), "sin(x) - x/2"),  # 10^11 turns hold mass
        (dn.Exponential(1.0), "sin(x**2) + x"),  # which turns a thousand times before 80
        (dn.Normal(), "sin(x**3) + x"),
    ],
    ids=["many", "fast", "faster"],
)
def test_waves_that_turn_too_often_are_refused(law, formula):
    with pytest.raises(dn.UnsupportedOperationError, match=r"turns too often .* truncate the law"):
        (law >> dn.Symbolic(formula)).cdf(0.3)


def test_truncated_waves_are_cut_into_pieces():
    """P(sin X² + X <= 2.3) for an exponential law below 5, by the signs on a fine grid and the roots between them."""
    law = dn.truncate(dn.Exponential(1.0), 0, 5) >> dn.Symbolic("sin(x**2) + x")
    x = np.linspace(0, 5, 20_001)
    with mp.workdps(25):

        def excess(x):
            return mp.sin(x**2) + x - mp.mpf(2.3)

        signs = np.sign(np.sin(x**2) + x - 2.3)
        roots = [mp.findroot(excess, (x[i], x[i + 1]), solver="anderson") for i in np.flatnonzero(np.diff(signs))]
        ends = [mp.mpf(0), *roots, mp.mpf(5)]
        low = [mp.exp(-a) - mp.exp(-b) for a, b in pairwise(ends) if excess((a + b) / 2) < 0]
        truth = mp.fsum(low) / (1 - mp.exp(-5))
    assert len(roots) > 2
    assert law.cdf(2.3) == pytest.approx(float(truth), rel=1e-13)
