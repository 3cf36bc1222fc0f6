"""Maps from formulas: pieces, images and inverses are right, the laws they make agree with closed forms and mpmath,
and what cannot be derived is refused. The densities of laws as expressions agree with the laws.
"""

import pickle

import mpmath as mp
import numpy as np
import pytest
import sympy

import densities as dn
from densities.anchored import Anchored, log_abs, value
from densities.arrays import quiet
from densities.distributions import registry as distributions
from densities.transforms import Flat
from densities.transforms import registry as transforms
from densities.transforms.symbolic_text import formula
from densities.transforms.symbolic_zeros import EndlessZerosError, zeros

NORMAL = dn.Normal()
INF = np.inf
x, y = sympy.Symbol("x", real=True), sympy.Symbol("y", real=True)


def relative(got, truth):
    got, truth = np.asarray(got, dtype=float), np.asarray(truth, dtype=float)
    return np.max(np.abs(got - truth) / np.abs(truth))


# --- what is derived

SHAPES = [  # formula, domain, codomain, critical points
    ("x**3 + x", "(-inf, inf)", "(-inf, inf)", []),
    ("x**3", "(-inf, inf)", "(-inf, inf)", []),
    ("x**2 - 1", "(-inf, inf)", "[-1, inf)", [0]),
    ("x**4 - 2*x**2", "(-inf, inf)", "[-1, inf)", [-1, 0, 1]),
    ("1/x", "(-inf, inf)", "(-inf, inf)", [0]),
    ("x + 1/x", "(-inf, inf)", "(-inf, inf)", [-1, 0, 1]),
    ("exp(-x**2)", "(-inf, inf)", "(0, 1]", [0]),
    ("x/(1 + x**2)", "(-inf, inf)", "[-0.5, 0.5]", [-1, 1]),
    ("log(x)", "(0, inf)", "(-inf, inf)", []),
    ("sqrt(x)", "[0, inf)", "[0, inf)", []),
    ("sqrt(1 - x**2)", "[-1, 1]", "[0, 1]", [0]),
    ("tanh(x) + x", "(-inf, inf)", "(-inf, inf)", []),
    ("x**3 - 3*x", "(-inf, inf)", "(-inf, inf)", [-1, 1]),
    ("abs(x)", "(-inf, inf)", "[0, inf)", [0]),
    ("max(x, 0)", "(-inf, inf)", "[0, inf)", [0]),
    ("clip(x, -1, 2)", "(-inf, inf)", "[-1, 2]", [-1, 2]),
    ("1/(x**2 - 1)", "(-inf, inf)", "(-inf, inf)", [-1, 0, 1]),
    ("exp(-1/x**2)", "(-inf, inf)", "(0, 1)", [0]),
    ("x + sin(x)", "(-inf, inf)", "(-inf, inf)", []),
    ("x*log(x)", "(0, inf)", "[-0.367879441171442, inf)", [np.exp(-1)]),
    ("x**x", "(0, inf)", "[0.692200627555346, inf)", [np.exp(-1)]),
    ("acos(x)", "[-1, 1]", "[0, 3.14159265358979]", []),
]


@pytest.mark.slow
@pytest.mark.parametrize(("text", "domain", "codomain", "critical"), SHAPES, ids=[row[0] for row in SHAPES])
def test_formulas_have_their_pieces_and_images(text, domain, codomain, critical):
    t = dn.Symbolic(text)
    assert (str(t.domain), str(t.codomain)) == (domain, codomain)
    assert t.critical_points == pytest.approx(critical, rel=1e-15)
    assert t.proved
    assert len(t.pieces) == len(critical) + 1


@pytest.mark.slow
@pytest.mark.parametrize(("text", "domain", "codomain", "critical"), SHAPES, ids=[row[0] for row in SHAPES])
def test_round_trip_and_slope_against_mpmath(text, domain, codomain, critical):
    t = dn.Symbolic(text)
    f = sympy.lambdify(x, t.expr, "mpmath")
    for piece in t.pieces:
        if isinstance(piece, Flat):
            continue
        low, high = max(piece.domain.low, -20.0), min(piece.domain.high, 20.0)
        points = low + (high - low) * np.array([0.0001, 0.03, 0.2, 0.49, 0.7, 0.9, 0.999])
        with np.errstate(all="ignore"):
            got, slope = piece.map.forward_and_log_det(points)
            back, back_slope = piece.map.inverse_and_log_det(got)
        with mp.workdps(60):
            truth = [f(mp.mpf(point)) for point in points.tolist()]
            slopes = [mp.diff(f, mp.mpf(point)) for point in points.tolist()]
            logs = [float(mp.log(abs(d))) for d in slopes]
            sizes = [float(abs(v) + abs(p * d)) for v, p, d in zip(truth, points, slopes, strict=True)]
        assert np.all(np.abs(got - np.array(truth, dtype=float)) <= 4e-15 * np.array(sizes))
        assert slope == pytest.approx(logs, rel=2e-13, abs=2e-13)
        # a y that is rounded moves x by eps·y/g'
        lost = 1e-15 * (np.abs(points) + np.abs(got) * np.exp(np.minimum(-slope, 300.0)))
        kept = (lost < 1e-3 * np.abs(points)) & (got != 0)
        assert np.all(np.abs(back - points)[kept] <= 50 * lost[kept])
        assert back_slope[kept] == pytest.approx(-slope[kept], abs=1e-6)


def test_inverse_formulas_are_found_and_others_are_numeric():
    assert dn.Symbolic("x**2 - 1").inverse_exprs == (-sympy.sqrt(y + 1), sympy.sqrt(y + 1))
    assert dn.Symbolic("exp(3*x) + 2").inverse_expr == sympy.log(y - 2) / 3
    assert dn.Symbolic("x*exp(x)").inverse_exprs == (sympy.LambertW(y, -1), sympy.LambertW(y))
    assert dn.Symbolic("x**3 + x").inverse_expr is None
    assert dn.Symbolic("x**3").inverse_expr == sympy.sign(y) * sympy.Abs(y) ** sympy.Rational(1, 3)


def test_a_formula_of_sympy_with_any_symbol():
    t = sympy.Symbol("t")
    assert dn.Symbolic(t**3 + t).same_as(dn.Symbolic("x**3 + x"))
    assert dn.Symbolic(sympy.Piecewise((t, t < 0), (2 * t, True))).critical_points == (0.0,)
    assert dn.Symbolic("u**2").expr == x**2


def test_a_given_domain_chooses_the_branch():
    half = dn.Symbolic("x**2", domain=dn.Interval(0, INF, low_closed=True))
    assert isinstance(half, dn.Bijection) and half.inverse_expr == sympy.sqrt(y)
    assert str(half.codomain) == "[0, inf)"
    assert str(dn.Symbolic("sqrt(x**2 - 1)", domain=dn.Interval(1, INF)).codomain) == "(0, inf)"
    law = dn.Uniform(-1.5, 1.5) >> dn.Symbolic("tan(x)", domain=dn.Interval(-1.55, 1.55))
    assert law.cdf(1.0) == pytest.approx((np.pi / 4 + 1.5) / 3, rel=1e-15)


def test_what_is_proved_is_told_from_what_was_looked_for():
    assert dn.Symbolic("x**5 - x - 1").proved
    assert not dn.Symbolic("x + x*exp(-x)").proved


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("x + z", dn.ParameterError, "one variable, got x, z"),
        ("2 + pi", dn.ParameterError, "one variable, got none"),
        (3.0, dn.ParameterError, "a formula as text or an expression"),
        ("x - x + z - z", dn.ParameterError, "got none"),
        ("max(x, 0) - max(x, 0) + sign(x)**2", dn.ParameterError, "formula|constant"),
        ("sqrt(x**2 - 1)", dn.ParameterError, "not on one interval; give domain="),
        ("sqrt(-1 - x**2)", dn.ParameterError, "nowhere"),
        ("log(sin(x))", dn.ParameterError, "infinitely many poles"),
        ("x.real", dn.ExpressionError, "an attribute"),
        ("__import__(x)", dn.ExpressionError, "underscore"),
        ("floor(x)", dn.ExpressionError, "unknown function 'floor'"),
        (sympy.floor(x), dn.UnsupportedOperationError, "steps; use the maps floor"),
        ("x**(9**9**9)", dn.ExpressionError, "a power beyond"),
        ("gamma(1e9)*x", dn.ExpressionError, "overflows"),
        ("x/0", dn.ExpressionError, "not a real number"),
        ("sqrt(-2)*x", dn.ExpressionError, "not a real number"),
        ("x >> x", dn.ExpressionError, ">> is not part of a formula"),
        ("[x]", dn.ExpressionError, "a list"),
        ("exp", dn.ExpressionError, "exp is a function"),
        ("exp(x, base=2)", dn.ExpressionError, "no keywords"),
        ("exp(x, 2, 3)", dn.ExpressionError, "exp: "),
        ("1e999*x", dn.ExpressionError, "beyond the doubles"),
        (sympy.zeta(x), dn.ParameterError, "functions that NumPy or SciPy compute"),
    ],
)
def test_what_is_no_map_is_refused(source, error, message):
    with pytest.raises(error, match=message):
        dn.Symbolic(source)


def test_a_domain_must_be_an_interval_where_the_formula_is_real():
    with pytest.raises(dn.ParameterError, match="an Interval"):
        dn.Symbolic("x", domain=(0, 1))
    with pytest.raises(dn.ParameterError, match="expected a part of where"):
        dn.Symbolic("log(x)", domain=dn.Interval(-1, 1))


def test_points_and_laws_outside_the_domain():
    with pytest.raises(dn.DomainError, match="index"):
        dn.Symbolic("log(x)")([1.0, -1.0])
    with pytest.raises(dn.DomainError, match="other than its poles"):
        dn.Symbolic("1/x")([1.0, 0.0])
    with pytest.raises(dn.SupportError, match="lies outside its domain"):
        _ = NORMAL >> dn.Symbolic("log(x)")


def test_cancellation_is_told():
    with pytest.warns(dn.AccuracyWarning, match="the formula cancels"):
        dn.Symbolic("x + 1000000 - sqrt(x**2 + 10**12)")


@pytest.mark.parametrize("text", ["exp(x) - 1", "log(1 + x)", "cosh(x) - 1", "sqrt(1 + x**2) - 1", "1 - cos(x)"])
def test_what_cancels_is_rewritten(text):
    t = dn.Symbolic(text)
    f = sympy.lambdify(x, t.expr, "mpmath")
    points = np.array([1e-30, 1e-9, 1e-3, 0.3])
    with mp.workdps(120):
        truth = [float(f(mp.mpf(point))) for point in points.tolist()]
    assert t(points) == pytest.approx(truth, rel=4e-15)


def test_what_overflows_on_the_way_does_not():
    assert dn.Symbolic("exp(x)/(1 + exp(x))")(800.0) == 1.0
    assert dn.Symbolic("x**2*exp(-x)", domain=dn.Interval(3, INF))(1e200) == 0.0
    assert dn.Symbolic("softplus(x)")(1e4) == 1e4


def test_anchored_points_keep_their_digits():
    t = dn.Symbolic("exp(0.8*x + 0.5)")
    turning = dn.Symbolic("x**3 - 3*x").pieces[2].map  # y + 2 = 3h²(1 + h/3) at x = 1 + h
    with np.errstate(all="ignore"):
        far = t.forward(Anchored.exact(np.array([-1e4, 1e4])))
        assert value(t.inverse(far)) == pytest.approx([-1e4, 1e4], rel=1e-15)
        near, log_det = turning.inverse_and_log_det(Anchored(np.array([-2.0]), np.array([3e-40])))
    assert near.offset == pytest.approx(1e-20, rel=1e-14)
    assert log_det == pytest.approx(-np.log(6e-20), rel=1e-14)


@pytest.mark.slow
def test_distances_from_anchors_and_preimages_where_a_formula_vanishes_at_infinity():
    """g(a + h) - g(a) to the last digits, where a is no turn but has the value of one; and log g = -s far out."""
    t = dn.Symbolic("x**2*exp(-x)")
    h = np.array([1e-300, -1e-30, 3e-17, -1e-9, 1e-4])
    a = -0.55692908552214528  # the value of the turn at 2, but for rounding
    with np.errstate(all="ignore"):
        y = t.pieces[0].map.forward_and_log_det(Anchored(a, h))[0]
    with mp.workdps(360):
        g = [(mp.mpf(a) + mp.mpf(u)) ** 2 * mp.exp(-mp.mpf(a) - mp.mpf(u)) for u in h.tolist()]
        rises = [float(one - mp.mpf(a) ** 2 * mp.exp(-mp.mpf(a))) for one in g]
    assert y.anchor == pytest.approx(4 * np.exp(-2), rel=1e-15)
    assert y.offset == pytest.approx(rises, rel=1e-14)
    logs = np.array([-800.0, -3000.0])
    with np.errstate(all="ignore"):
        x, _ = t.pieces[2].map.inverse_and_log_det(Anchored.from_log(logs))
    with mp.workdps(30):
        truth = [float(mp.findroot(lambda u, s=s: 2 * mp.log(u) - u - s, -s)) for s in logs.tolist()]
    assert value(x) == pytest.approx(truth, rel=1e-14)


def test_tails_beside_poles_and_far_out():
    """A map that takes the upper half plane to itself makes a Cauchy law of one: w = i + 1/2 becomes w - 1/(w - 1)."""
    t = dn.Symbolic("x - 1/(x - 1)")
    law, w = dn.Cauchy(0.5, 1) >> t, 0.5 + 1j
    image = w - 1 / (w - 1)
    truth = dn.Cauchy(image.real, image.imag)
    y = np.array([-1e299, -1e30, -1e9, -3.0, 0.5, 1e5, 1e200])
    assert law.logcdf(y) == pytest.approx(truth.logcdf(y), rel=2e-14)
    assert law.logsf(y) == pytest.approx(truth.logsf(y), rel=2e-14, abs=1e-15)
    assert law.logpdf(y) == pytest.approx(truth.logpdf(y), rel=2e-14)
    with quiet():
        slope = dn.Symbolic("(3*x - x**3)/(1 - 3*x**2)", domain=dn.Interval(1, INF)).forward_and_log_det(1e200)[1]
    assert slope == pytest.approx(-np.log(3), rel=1e-15)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "distance"),
    [
        ("x + log(x - 1)", lambda y, u: mp.exp(y - 1 - u)),
        ("x + 1/sqrt(x - 1)", lambda y, u: 1 / (y - 1 - u) ** 2),
        ("x + sqrt(x - 1)", lambda y, u: (y - 1 - u) ** 2),
    ],
)
def test_singular_ends_without_a_series(text, distance):
    """The distance u of x from the end 1 solves u = d(y, u); log|dx/dy| by differences, both in 320 digits."""
    end = dn.Symbolic(text, domain=dn.Interval(1, 1.25)).pieces[0].map
    y = {"x + log(x - 1)": [-600.0, -40.0, -5.0], "x + 1/sqrt(x - 1)": [1e150, 1e12, 9.0]}.get(text, [1 + 1e-13, 1.01])
    with mp.workdps(320), quiet():
        x, log_det = end.inverse_and_log_det(Anchored.exact(np.array(y)))
        for one, gap, slope in zip(y, (x - 1.0).log_offset, log_det, strict=True):
            low, middle, high = (_fixed_point(distance, mp.mpf(one) * (1 + k * mp.mpf(10) ** -200)) for k in (-1, 0, 1))
            assert gap == pytest.approx(float(mp.log(middle)), rel=1e-14, abs=1e-14)
            truth = float(mp.log(abs(high - low) / (2 * abs(one) * mp.mpf(10) ** -200)))
            assert slope == pytest.approx(truth, rel=1e-13, abs=1e-13)


def _fixed_point(distance, y):
    u = distance(y, 0)
    for _ in range(400):
        u = distance(y, u)
    return u


def test_preimages_of_what_leaves_the_doubles():
    """log x from log|y|, at infinity and beside roots."""
    cubic = dn.Symbolic("x**3 - 3*x")
    logs = np.array([800.0, 3000.0, 1e20])
    with np.errstate(all="ignore"):
        x, log_det = cubic.pieces[2].map.inverse_and_log_det(Anchored.from_log(logs))
        assert log_abs(x) == pytest.approx(logs / 3, rel=1e-15)
        assert log_det == pytest.approx(-np.log(3) - 2 * logs / 3, rel=1e-14)
        at_root, beside = cubic.pieces[1].map.inverse_and_log_det(Anchored.from_log(-logs))
        assert log_abs(at_root) == pytest.approx(-logs - np.log(3), rel=1e-15)
        assert beside == pytest.approx(-np.log(3), rel=1e-14)


@pytest.mark.slow
def test_entropy_and_divergence_where_three_points_come_to_one():
    """Against mpmath, ∫ over x of the sum over all preimages, split where one of them turns."""
    law = NORMAL >> dn.Symbolic("x**2*exp(-x)")
    assert law.entropy() == pytest.approx(0.8428595677866336, abs=1e-13)
    assert dn.kl(law, dn.Normal(0, 3), method="quadrature").value == pytest.approx(18.826325268198257, rel=1e-13)


def test_formulas_are_equal_by_value():
    for text in ("x**3 + x", "x**2 - 1", "sin(x) + x/2"):
        t = dn.Symbolic(text)
        again = pickle.loads(pickle.dumps(t))
        assert t.same_as(again) and not t.same_as(dn.Symbolic("2*x"))
        assert str(t).startswith("<") and eval(repr(t), {"Symbolic": dn.Symbolic}).same_as(t)
        law = NORMAL >> t
        assert pickle.loads(pickle.dumps(law)).same_as(law)
    t = dn.Symbolic("x", domain=dn.Interval(0, 1))
    assert not t.same_as(dn.Symbolic("x")) and "domain=" in repr(t)
    assert t.pieces[0].map.same_as(dn.Symbolic("x", domain=dn.Interval(0, 1)).pieces[0].map)
    assert "x**2 - 1 on" in str(dn.Symbolic("x**2 - 1").pieces[0].map)
    assert "SymbolicBranch('x**2 - 1'" in repr(dn.Symbolic("x**2 - 1").pieces[0].map)


# --- the laws they make

POINTS = np.array([1e-200, 1e-5, 0.3, 1.0, 7.5, 60.0])
CLOSED = [
    ("x**2", NORMAL, dn.ChiSquared(1), POINTS),
    ("1/x", dn.Cauchy(), dn.Cauchy(), np.array([-1e9, -2.0, 0.1, 5.0, 1e200])),
    ("exp(0.8*x + 0.5)", NORMAL, dn.LogNormal(0.5, 0.8), np.append(POINTS, 1e250)),
    ("log(x)", dn.LogNormal(1, 2), dn.Normal(1, 2), np.array([-60.0, -1.0, 0.3, 50.0])),
    ("sqrt(x)", dn.Exponential(2), dn.Rayleigh(1), POINTS[:5]),
    ("-log(1 - x)", dn.Uniform(), dn.Exponential(), POINTS[:5]),
    ("log(x/(1 - x))", dn.Uniform(), dn.Logistic(), np.array([-300.0, -1.0, 0.3, 20.0])),
    ("abs(x)", NORMAL, dn.HalfNormal(), POINTS[:5]),
    ("2**x", dn.Normal(0, 1 / np.log(2)), dn.LogNormal(), POINTS),
    ("x**0.4", dn.Exponential(), dn.Weibull(2.5), POINTS[1:5]),
    ("(1 + sin(x))/2", dn.Uniform(-np.pi / 2, np.pi / 2), dn.Arcsine(), np.array([1e-3, 0.3, 0.5, 0.99])),
]


@pytest.mark.parametrize(("text", "base", "truth", "points"), CLOSED, ids=[row[0] for row in CLOSED])
def test_images_are_the_laws_with_a_name(text, base, truth, points):
    law = base >> dn.Symbolic(text)
    assert law.support.same_as(truth.support)
    for method in ("logpdf", "logcdf", "logsf"):
        assert getattr(law, method)(points) == pytest.approx(getattr(truth, method)(points), rel=2e-13), method
    q = np.array([1e-12, 0.01, 0.5, 0.99])
    assert law.ppf(q) == pytest.approx(truth.ppf(q), rel=1e-12)
    assert law.isf(q) == pytest.approx(truth.isf(q), rel=1e-12)
    assert float(dn.kl(law, truth)) == pytest.approx(0.0, abs=1e-12)


MASSES = [
    *((text, NORMAL) for text in ("x**3 + x", "x**2 - 1", "exp(-x**2)", "x*exp(x)", "x/(1 + x**2)", "tanh(x) + x")),
    *(pytest.param(text, NORMAL, marks=pytest.mark.slow) for text in ("x**4 - 2*x**2", "x**3 - 3*x")),
    ("log(x)", dn.Gamma(2.0)),
    ("sqrt(x)", dn.Exponential()),
    ("sin(x)", dn.Uniform(0, 3)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("text", "base"), MASSES)
def test_mean_draws_and_distribution_function(text, base):
    """E[g(X)] by mpmath over the density of the base, and draws of g(X) against the distribution function of g(X)."""
    t = dn.Symbolic(text)
    law = base >> t
    f, low, high = sympy.lambdify(x, t.expr, "mpmath"), base.support.low, base.support.high
    corners = [max(low, -40.0), *(c for c in (-3.0, 0.0, 3.0) if low < c < high), min(high, 60.0)]
    density = {"normal": mp.npdf, "gamma": lambda u: u * mp.exp(-u), "exponential": lambda u: mp.exp(-u)}
    with mp.workdps(25):
        mean = mp.quad(lambda u: f(u) * density.get(base.name, lambda u: mp.mpf(1) / 3)(u), corners)
    assert law.mean() == pytest.approx(float(mean), rel=1e-12, abs=1e-13)
    draws = np.sort(t.forward(base.rvs(1000, rng=0)))
    assert np.max(np.abs(law.cdf(draws) - np.arange(1, 1001) / 1000)) < 0.0515  # Kolmogorov, 1 %
    levels = np.array([0.03, 0.1, 0.5, 0.99])
    assert law.cdf(law.ppf(levels)) == pytest.approx(levels, rel=1e-9)
    assert law.cdf(0.4) + law.sf(0.4) == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize("text", ["x**3 - 3*x", "x*exp(x)", "x**2 + x", "x - log(x)"])
def test_near_a_critical_value_the_density_keeps_its_digits(text):
    t = dn.Symbolic(text)
    base = NORMAL if str(t.domain).startswith("(-inf") else dn.Exponential()
    law = base >> t
    piece = t.pieces[-1].map
    c, v = piece.domain.low, piece.codomain.low
    f = sympy.lambdify(x, t.expr, "mpmath")
    density = mp.npdf if base is NORMAL else lambda u: mp.exp(-u)
    with mp.workdps(50):
        bend = mp.diff(f, mp.mpf(c), 2)
        for gap in (1e-4, 1e-2):
            point = v + gap
            h = mp.sqrt(2 * gap / bend)
            roots = [mp.findroot(lambda u, p=point: f(u) - mp.mpf(p), c + side * h) for side in (-1, 1)]
            if text == "x**3 - 3*x":
                roots.append(mp.findroot(lambda u, p=point: f(u) - mp.mpf(p), -2))
            truth = sum(density(root) / abs(mp.diff(f, root)) for root in roots)
            # v itself is a rounded number
            assert law.pdf(point) == pytest.approx(float(truth), rel=1e-13 + 2.3e-16 / gap)
    assert law.pdf(v) == INF or v != float(sympy.nsimplify(v))


@pytest.mark.parametrize("gap", [1e-45, -1e-30, 1e-9, 0.5])
def test_where_a_formula_stands_still_and_goes_on_the_density_keeps_its_digits(gap):
    law = dn.Normal(0.3, 1) >> dn.Symbolic("(x - 1)**3 + (x - 1)**5")
    with mp.workdps(80):
        start = mp.sign(gap) * mp.cbrt(abs(mp.mpf(gap)))
        u = mp.findroot(lambda u: u**3 + u**5 - mp.mpf(gap), 0.9 * start, tol=1e-75 * abs(gap))
        truth = mp.npdf(1 + u, mp.mpf(0.3)) / (3 * u**2 + 5 * u**4)
    assert law.pdf(gap) == pytest.approx(float(truth), rel=2e-14)
    assert law.pdf(0.0) == INF and law.transform.kinks == (1.0,)


def test_zeros_that_only_touch_the_line_are_found_by_a_scan():
    assert zeros(sympy.exp(x) - x - 1, -sympy.oo, sympy.oo).points == [0]
    assert zeros((sympy.exp(x) - 2 * x) ** 2 + x**2, -sympy.oo, sympy.oo).points == []


def test_bells_with_decimals_are_no_polynomials_of_roots_of_e():
    bell = sympy.exp(-((x - sympy.Rational(21, 100)) ** 2))
    assert zeros(1 + 3 * bell / 5, -sympy.oo, sympy.oo).points == []
    assert zeros((2 * x - 1) * bell, -sympy.oo, sympy.oo).points == [sympy.Rational(1, 2)]


def test_means_of_logarithms_split_where_a_formula_stands_still():
    """E log|3 X²| = log 3 + 2 E log|X|, with E log|N(0, 1)| = -(γ + log 2)/2."""
    law = dn.Normal() >> dn.Symbolic("x**3")
    truth = 0.5 + 0.5 * np.log(2 * np.pi) + np.log(3) - (np.euler_gamma + np.log(2))
    assert dn.entropy(law).require(rtol=1e-11).value == pytest.approx(truth, rel=1e-12)


def test_the_density_where_the_formula_of_the_inverse_has_a_removable_singularity():
    law = dn.truncate(NORMAL, -1.4, 2.5) >> dn.Symbolic("x*exp(x)")  # W(y)/(y (1 + W(y)))
    assert law.pdf(0.0) == pytest.approx(dn.truncate(NORMAL, -1.4, 2.5).pdf(0.0), rel=1e-15)


def test_inverses_beside_zero_keep_their_digits_and_their_sign():
    law = dn.LogNormal(-1, 0.4) >> dn.Symbolic("x**3 - 0.51*x")
    points = np.array([-1e-300, -1e-200, 0.0])
    piece = law.transform.pieces[1].map
    with quiet():
        assert piece.inverse(points) == pytest.approx(-points / 0.51, rel=1e-15, abs=0)
    assert law.cdf(law.ppf([0.05, 0.2])) == pytest.approx([0.05, 0.2], rel=1e-12)
    assert np.isfinite(law.logpdf(points[:2])).all()


def test_point_masses_of_constant_pieces():
    law = NORMAL >> dn.Symbolic("max(x, 0)")
    assert law.atoms[0].tolist() == [0.0] and law.atoms[1] == pytest.approx([0.5])
    assert law.pdf(1.0) == NORMAL.pdf(1.0) and law.mean() == pytest.approx(1 / np.sqrt(2 * np.pi))
    signs = NORMAL >> dn.Symbolic("sign(x)")
    assert signs.measure == "counting" and signs.mean() == pytest.approx(0.0, abs=1e-16)
    assert signs.pmf(1.0) == 0.5


def test_invariance_of_kl_and_a_divergence_that_shrinks():
    p, q = NORMAL, dn.Normal(0.5, 1.2)
    t, square = dn.Symbolic("x**3 + x"), dn.Symbolic("x**2")
    assert float(dn.kl(p >> t, q >> t)) == pytest.approx(float(dn.kl(p, q)), rel=1e-9)
    assert float(dn.kl(p >> square, q >> square)) < float(dn.kl(p, q))
    assert float(dn.kl(p >> square, q >> square)) == pytest.approx(float(dn.kl(p**2, q**2)), rel=1e-9)


def test_infinitely_many_pieces_are_found_where_the_law_is():
    wave = dn.Symbolic("sin(x)")
    with pytest.raises(dn.UnsupportedOperationError, match="infinitely many pieces"):
        _ = wave.pieces
    with pytest.raises(dn.UnsupportedOperationError, match="a bounded interval"):
        wave.pieces_within(dn.Interval(0, INF))
    assert len(wave.pieces_within(dn.Interval(0, 3))) == 2
    law, truth = dn.Uniform(0, 9) >> wave, np.sin(dn.Uniform(0, 9))
    points = np.array([-0.9, 0.2, 0.999999])
    assert law.pdf(points) == pytest.approx(truth.pdf(points), rel=1e-9)
    assert law.cdf(points) == pytest.approx(truth.cdf(points), rel=1e-12)


@pytest.mark.slow
def test_a_wave_of_a_law_without_ends():
    points = np.array([-0.9, 0.2, 0.999999])
    law, truth = NORMAL >> dn.Symbolic("sin(x)"), np.sin(NORMAL)
    assert law.pdf(points) == pytest.approx(truth.pdf(points), rel=1e-9)
    assert law.mean() == pytest.approx(0.0, abs=1e-12)
    tilted = NORMAL >> dn.Symbolic("sin(x) + x/2")
    assert tilted.mean() == pytest.approx(0.0, abs=1e-12)
    assert tilted.var() == pytest.approx(0.25 + np.exp(-0.5) + (1 - np.exp(-2)) / 2, rel=1e-9)


def test_zeros_are_found_and_proved():
    assert zeros(x**2 - 2, -sympy.oo, sympy.oo).points == [-sympy.sqrt(2), sympy.sqrt(2)]
    assert zeros(sympy.cos(2 * x), sympy.Integer(0), sympy.Integer(3)).points == [sympy.pi / 4, 3 * sympy.pi / 4]
    found = zeros(x - sympy.cos(x), sympy.Integer(-2), sympy.Integer(2))
    assert not found.proved and abs(found.points[0] - sympy.Float("0.73908513321516064165531208767387", 30)) < 1e-28
    with pytest.raises(EndlessZerosError):
        zeros(sympy.sin(x), sympy.Integer(0), sympy.oo)


def test_latex_of_a_pushed_law_has_the_branches_and_the_support():
    text = (NORMAL >> dn.Symbolic("x**2 - 1")).latex()
    assert r"f_X\left(\sqrt{y + 1}\right)" in text and r"f_X\left(- \sqrt{y + 1}\right)" in text
    assert r"y \in [-1, \infty)" in text
    two = (NORMAL >> dn.Symbolic("x**3 - 3*x")).latex()
    assert r"\mathbf{1}_{[-2, 2]}" in two and r"g_{2}^{-1}" in two
    assert dn.Symbolic("x**2/(1 + x)").latex == r"\frac{x^{2}}{x + 1}"


def test_formulas_of_named_symbols():
    assert formula("a*x", {"a": y, "x": x}) == x * y
    with pytest.raises(dn.ExpressionError, match="unknown name 'b'"):
        formula("b*x", {"a": y, "x": x})


# --- densities as expressions


def moderate_laws():
    for entry in distributions:
        for i, law in enumerate(entry.instances()):
            if not (law.batch_shape or law.event_shape or law.measure == "counting"):
                yield pytest.param(law, id=str(law), marks=[pytest.mark.slow] * (i > 0))


LAWS = list(moderate_laws())


def assert_density(law, tolerance=1e-12):
    """The expression, in 40 digits, against the law at quantiles away from point masses."""
    expr = law.density_expr()
    f = sympy.lambdify(y, expr, "mpmath")
    points = np.asarray(law.ppf(np.array([0.03, 0.2, 0.45, 0.7, 0.95])), dtype=float)
    points = points[
        np.isfinite(points) & ~np.isin(points, [*law.atoms[0], *law.support.edges]) & (np.abs(points) > 1e-300)
    ]
    with mp.workdps(40):
        truth = [f(mp.mpf(point)) for point in points.tolist()]
    got = np.array([float(law.pdf(point)) for point in points])
    wanted = np.array([float(mp.re(density)) for density in truth])
    # a law of y near 1 knows its density to the rounding of log-densities
    assert np.all(np.abs(got - wanted) <= tolerance * wanted * (1 + np.abs(np.log(wanted)))), (law, got / wanted - 1)


@pytest.mark.parametrize("law", LAWS)
def test_densities_of_families(law):
    assert_density(law, 1e-11 if any(np.abs(p) >= 1e4 for p in law.params.values()) else 1e-12)


BASES = dn.Normal(0.3, 0.8), dn.Gamma(2.0), dn.Beta(2.0, 3.0), dn.Uniform(1.2, 2.5)
MAPS = """
    abs acos acosh affine asin asinh atan atanh box_cox cbrt clip cos cosh cube erf erfc erfinv exp exp10 exp2
    expm1 identity leaky_relu log log10 log1p log2 log_sigmoid logit normal_cdf normal_ppf power principal_tan
    reciprocal relu scale shift sigmoid sin sinh sinh_arcsinh softplus softplus_inverse softsign sqrt square
    standardize tan tanh yeo_johnson
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", MAPS.split())
def test_densities_through_every_map(name):
    tried = 0
    for t in transforms.get(name).instances():
        if t.batch_shape or t.params.get("lmbda") == 1e-12:
            continue
        for base in BASES:
            try:
                law = base >> t
                endless = name in ("sin", "cos", "tan") and base.support.high == INF
            except dn.SupportError:
                continue
            if law.measure != "counting" and not endless:
                assert_density(law)
                tried += 1
    assert tried


def test_densities_of_chains_mixtures_truncations_and_formulas():
    t = dn.Symbolic("x/(1 + x**2)")
    for law in (
        np.exp(0.8 * NORMAL + 0.5),
        (NORMAL**2 + 1) ** -0.5,
        np.log(NORMAL**2),
        abs(np.sin(dn.Uniform(0.2, 7.0))),
        dn.Tan()(dn.Uniform(0.2, 7.0)),
        dn.Mixture([0.3, 0.7], [NORMAL, dn.Gamma(2.0)]),
        dn.Exp()(dn.Mixture([0.3, 0.7], [NORMAL, dn.Normal(3, 1)])),
        dn.truncate(NORMAL, -1, 2) ** 2,
        NORMAL >> t,
        dn.Gamma(2.0) >> t >> dn.Log(),
    ):
        assert_density(law)


def test_the_density_is_an_expression_on_its_support():
    expr = (NORMAL**2).density_expr()
    assert isinstance(expr, sympy.Piecewise) and expr.args[-1] == (0, True)
    assert expr.subs(y, -1) == 0
    assert sympy.simplify(expr.args[0][0] - sympy.exp(-y / 2) / sympy.sqrt(2 * sympy.pi * y)) == 0
    assert sympy.integrate(dn.Exponential(2).density_expr().args[0][0], (y, 0, sympy.oo)) == 1


@pytest.mark.parametrize(
    "law",
    [
        dn.Poisson(3),
        dn.Normal([0, 1], 1),
        dn.MultivariateNormal([0, 0], np.eye(2)),
        NORMAL >> dn.Symbolic("x**3 + x"),
        NORMAL >> dn.Sign(),
        dn.push(NORMAL, lambda u: u + np.tanh(u)),
        dn.Gamma(2.0) >> dn.BoxCox(1e-12),
        NORMAL >> next(transforms.get("monotone_cubic_spline").instances()),
    ],
    ids=lambda law: type(law).__name__,
)
def test_laws_without_a_formula_are_refused(law):
    with pytest.raises(dn.UnsupportedOperationError):
        law.density_expr()
