"""Polynomials as maps: critical points in exact arithmetic, and the law of p(X) against roots of 60 digits."""

import pickle
from fractions import Fraction
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest

from densities.anchored import Anchored
from densities.arrays import quiet
from densities.cli import main
from densities.distributions import registry as laws
from densities.errors import ParameterError
from densities.expressions import parse
from densities.numerics.polynomials import at, derivative, exact, expansion, factors, has_zero, real_roots
from densities.protocols import push_forward
from densities.transforms import registry
from densities.transforms.polynomial import Polynomial

CASES = [
    [0, -3, 0, 1],
    [1, 0.5, -2],
    [0.5, 1, 0, 1],
    [0.3, 4, 0, -5, 0, 1],
    [-1, 3, -3, 1],
    [0.125, 0, 0, 0, -0.7, 0.2, 3],
]
POINTS = [0.1, -0.7, 1e-5, 5.0, 100.0, -30.0, 1e8, -1e8, 2 - 1e-12, -2 + 1e-9, 1e-18, -1e-18, 1e100]


def polynomial(coefficients):
    return registry.get("polynomial")(coefficients)


def sums(coefficients, y):
    """(log f, F) of p(X) at y for X normal(0.2, 1.3), from all roots of p - y."""
    with mp.workdps(60):
        shifted = [mp.mpf(c) for c in reversed(coefficients)]
        shifted[-1] -= mp.mpf(y)
        found = mp.polyroots(shifted, maxsteps=500, extraprec=500)
        real = sorted(mp.re(z) for z in found if abs(mp.im(z)) < mp.mpf(10) ** -28)
        slope = [abs(mp.polyval([k * mp.mpf(c) for k, c in enumerate(coefficients)][:0:-1], x)) for x in real]
        density = sum(mp.npdf(x, mp.mpf(0.2), mp.mpf(1.3)) / s for x, s in zip(real, slope, strict=True))
        ends = [-mp.inf, *real, mp.inf]
        middles = [mp.mpf(-1e60) if a == -mp.inf else mp.mpf(1e60) if b == mp.inf else (a + b) / 2
                   for a, b in pairwise(ends)]  # fmt: skip
        mass = sum(
            mp.ncdf((b - mp.mpf(0.2)) / mp.mpf(1.3)) - mp.ncdf((a - mp.mpf(0.2)) / mp.mpf(1.3))
            for (a, b), m in zip(pairwise(ends), middles, strict=True)
            if mp.polyval(shifted, m) < 0
        )
        return float(mp.log(density)) if density else -np.inf, float(mass)


@pytest.mark.slow
@pytest.mark.parametrize("coefficients", CASES, ids=str)
def test_density_and_distribution_function_are_right(coefficients):
    d = push_forward(laws.get("normal")(0.2, 1.3), polynomial(coefficients))
    truth = np.array([sums(coefficients, y) for y in POINTS])
    np.testing.assert_allclose(d.logpdf(POINTS), truth[:, 0], rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(d.cdf(POINTS), truth[:, 1], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(d.cdf(d.ppf([0.01, 0.3, 0.9])), [0.01, 0.3, 0.9], rtol=1e-12)


@pytest.mark.parametrize("coefficients", CASES, ids=str)
def test_it_is_the_polynomial_of_numpy(coefficients):
    x = np.linspace(-3, 3, 41)
    given = np.polynomial.Polynomial(coefficients)
    np.testing.assert_allclose(polynomial(given)(x), given(x), rtol=1e-14, atol=1e-13)


def test_beside_a_critical_point_the_distance_is_kept():
    """x³ - 3x = 2 - 3u² + u³ at x = -1 + u."""
    branch = polynomial([0, -3, 0, 1]).pieces[1].map
    with quiet():
        x, log_det = branch.inverse_and_log_det(np.array([2.0 - 2.0**-50]))
    with mp.workdps(60):
        u = min((mp.re(z) for z in mp.polyroots([1, -3, 0, mp.mpf(2) ** -50]) if mp.re(z) > 0), key=abs)
        np.testing.assert_allclose(log_det, [-float(mp.log(6 * u - 3 * u * u))], rtol=1e-15)
    np.testing.assert_allclose(x, [-1.0 + float(u)], rtol=1e-15)


def test_roots_are_told_apart_exactly():
    x = (Fraction(0), Fraction(1))

    def times(a, b):
        return tuple(
            sum((a[i] * b[k - i] for i in range(len(a)) if 0 <= k - i < len(b)), Fraction(0))
            for k in range(len(a) + len(b) - 1)
        )

    p = times(times(exact([-1, 1]), exact([-1, 1])), times(exact([-1.0 - 2.0**-40, 1]), exact([1, 0, 1])))
    assert real_roots(p) == [(1.0, 2), (1.0 + 2.0**-40, 1)]
    assert [m for _, m in factors(times(p, x))] == [1, 2]
    assert real_roots(exact([2.0, 0, 1])) == [] and real_roots(exact([3.0])) == []
    assert real_roots(exact([-2.0, 0, 1]))[1][0] == 2.0**0.5
    assert expansion(exact([1, 2, 3]), Fraction(2)) == (17, 14, 3)
    assert at(derivative(exact([0, 0, 0.5, 0, 0])), Fraction(7)) == 7


@pytest.mark.parametrize(
    ("coefficients", "expected"),
    [
        ([1, 0, 1], False),
        ([1, -6, 9], True),  # (1 - 3x)²
        ([2, -9, 9], True),  # (3x - 1)(3x - 2)
        ([2, -9, 11], False),
        ([0, 1], True),
        ([1, -1], True),
    ],
    ids=str,
)
def test_a_zero_in_an_interval_is_found_exactly(coefficients, expected):
    assert has_zero(exact(coefficients), Fraction(0), Fraction(1)) is expected


def test_pieces_meet_where_the_slope_vanishes():
    pieces = polynomial([-1, 3, -3, 1]).pieces
    assert [piece.domain.high for piece in pieces] == [1.0, np.inf] and polynomial([-1, 3, -3, 1]).nondecreasing
    assert len(polynomial([0.5, 1, 0, 1]).pieces) == 1
    assert polynomial([1, 0, 2]).codomain.low == 1.0


def test_polynomials_read_as_texts_that_parse_back():
    t = polynomial([0, -3, 0, 1.0])
    assert str(t) == "polynomial([0, -3, 0, 1])" and parse(str(t)).same_as(t)
    assert parse("normal(0, 1) >> polynomial([0, -3, 0, 1])").same_as(push_forward(parse("normal(0, 1)"), t))
    assert t.latex == "x^{3} - 3x" and polynomial([1, 0, -0.5]).latex == "-0.5x^{2} + 1"
    assert pickle.loads(pickle.dumps(t)).same_as(t) and repr(t) == "Polynomial([0, -3, 0, 1])"


def test_the_command_line_shows_it(capsys):
    main(["show", "polynomial"])
    assert "c0 + c1 x" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "simplest"),
    [
        ("normal(0, 1) >> polynomial([1, 2])", "normal(1, 2)"),
        ("normal(0, 1) >> polynomial([0, 0, 1])", "chi_squared(1)"),
        ("gamma(2, 1) >> polynomial([0, 0, 0, 2])", "generalized_gamma(2, 1/3, 2)"),
    ],
)
def test_a_single_power_is_recognised(text, simplest):
    assert str(parse(text).simplify()) == str(parse(simplest))


@pytest.mark.parametrize("bad", [[], [1], [1, 0], "x", [1, np.nan], [1, [2]], 3])
def test_what_is_no_polynomial_is_refused(bad):
    with pytest.raises(ParameterError, match="polynomial: coefficients"):
        polynomial(bad)


@pytest.mark.parametrize("y", [1e-6, 1e-12, 1e-20, 1e-30, 1e-200])
def test_masses_beside_a_turn_keep_their_digits(y):
    """(X - 1)² <= y for a normal X: the preimages are 1 ± √y, whose distance from 1 no double keeps."""
    law = parse("normal(0, 1) >> polynomial([1, -2, 1])")
    with mp.workdps(260):
        root = mp.sqrt(mp.mpf(y))
        truth = mp.ncdf(1 + root) - mp.ncdf(1 - root)
        assert abs(law.cdf(y) / truth - 1) < 1e-13
        assert abs(law.logcdf(y) - mp.log(truth)) < 1e-13 * abs(mp.log(truth))


@pytest.mark.parametrize("power", [2, 4, 7, 12])
def test_a_turn_that_is_all_there_is_reaches_any_double(power):
    """1 + 3xⁿ: beside its one critical point the polynomial is the leading term, however far out."""
    branch = polynomial([1.0] + [0.0] * (power - 1) + [3.0]).pieces[1].map
    heights = np.array([2.0**-50, 1.0, 1e10, 1e40, 1e300])
    with mp.workdps(40):
        roots = [float(((mp.mpf(1 + h) - 1) / 3) ** (mp.mpf(1) / power)) for h in heights]
    with quiet():
        np.testing.assert_allclose(branch.inverse(1.0 + heights), roots, rtol=2e-14)


def test_a_root_at_0_keeps_the_distance_that_no_double_holds():
    """x = -y/3 beside 0 for y = x³ - 3x: y = -e^-2072 is the image of e^-2072/3."""
    middle = next(s for s in Polynomial([0, -3, 0, 1]).stretches if s.domain.interior_contains(0.0))
    with quiet():
        x = middle.inverse(Anchored.from_log(np.array([-2072.0]), -1.0, 0.0))
    assert x.log_offset[0] == pytest.approx(-2072.0 - np.log(3.0), rel=1e-15)
    law = parse("birnbaum_saunders(5, 12) >> weibull_cdf(0.15, 1.9) >> polynomial([0, -3, 0, 1]) >> cbrt")
    assert law.pdf(-1e-300) == 0.0
    assert law.logpdf(-1e-300) == -np.inf
