"""Splines against mpmath, SciPy and closed forms, and the laws that go through them."""

import functools
import itertools
import math
import pickle

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy.interpolate import PchipInterpolator

import densities as dn
from densities import transforms as maps
from densities.anchored import Anchored, log_abs, value
from densities.errors import ParameterError, ShapeError
from densities.transforms.program import programs_of
from densities.transforms.spline_solving import bracketed

NAMES = ["linear_spline", "monotone_cubic_spline", "monotone_hermite_spline", "rational_quadratic_spline"]
SPLINES = [pytest.param(t, id=str(t)) for name in NAMES for t in maps.registry.get(name).instances()]
CURVED = [p for p in SPLINES if p.values[0].name != "linear_spline"]
X = np.linspace(-3.0, 3.0, 13)


def between(t, x, k):
    """The spline at x in its interval k by its textbook formula, in mpmath."""
    left, low, w, h, d, e, curve = textbook(str(t), k, mp.dps)
    theta = (mpf(x) - left) / w
    if t.name == "linear_spline":
        return low + h * theta
    if t.name == "rational_quadratic_spline":
        s, cross = h / w, theta * (1 - theta)
        return low + h * (s * theta**2 + d * cross) / (s + (d + e - 2 * s) * cross)
    return mp.polyval(curve, theta)


@functools.cache
def textbook(text, k, dps):
    """x_k, y_k, the differences, the slopes at both ends and the polynomial in θ (highest first) of an interval."""
    t = dn.parse(text)
    p = {name: [mpf(v) for v in values[k : k + 2]] for name, values in t.params.items()}
    (left, right), (low, high) = p["x"], p["y"]
    d, e = p.get("derivatives") or [mpf(v) for v in t.slopes()[k : k + 2]]
    w = right - left
    data = [low, high, d * w, e * w] + [b * w**2 for b in p.get("second_derivatives", [])]
    return left, low, w, high - low, d, e, list(mp.lu_solve(conditions(len(data)), mp.matrix(data)))[::-1]


def conditions(n):
    """The matrix from the coefficients to the values, slopes, ... at 0 and 1."""
    rows = mp.matrix(n, n)
    for i, j in itertools.product(range(n), range(n)):
        order, at = divmod(i, 2)
        rows[i, j] = mp.ff(j, order) * mpf(at) ** (j - order) if j >= order else 0
    return rows


def reference(t, x):
    xs, ys = t.params["x"], t.params["y"]
    ends = [(0, 0), (len(xs) - 1, len(xs) - 2)]
    if xs[0] <= x <= xs[-1]:
        return between(t, x, min(int(np.searchsorted(xs, x, side="right")) - 1, len(xs) - 2))
    end, k = ends[int(x > xs[-1])]
    slope = between(t, xs[k + 1], k) - between(t, xs[k], k)
    slope = slope / (mpf(xs[k + 1]) - mpf(xs[k])) if t.name == "linear_spline" else mpf(t.slopes()[end])
    return mpf(ys[end]) + slope * (mpf(x) - mpf(xs[end]))


def points(t):
    x = t.params["x"]
    inner = [a + (b - a) * f for a, b in itertools.pairwise(x) for f in (0.013, 0.31, 0.5, 0.74, 0.999)]
    return np.array([*x, *inner, x[0] - 1e-3, x[0] - 7.5, x[-1] + 1e-6, x[-1] + 40.0, -1e-9, 1e-9, -1e6, 1e12])


@pytest.mark.parametrize("t", SPLINES)
def test_values_and_slopes_follow_the_textbook_formulas(t):
    with mp.workdps(50):
        x = points(t)
        y, log_det = t.forward_and_log_det(x)
        true = [reference(t, v) for v in x]
        scale = np.maximum(np.abs(np.array(true, dtype=float)), np.abs(t.params["y"]).max())
        assert (np.abs(np.array([float(mpf(a) - b) for a, b in zip(y, true, strict=True)])) <= 4e-15 * scale).all()
        h = mpf(10) ** -25
        inside = ~np.isin(x, t.params["x"])
        slope = [(reference(t, mpf(v) + h) - reference(t, mpf(v) - h)) / (2 * h) for v in x[inside]]
        np.testing.assert_allclose(log_det[inside], [float(mp.log(abs(s))) for s in slope], rtol=1e-13, atol=2e-14)


@pytest.mark.parametrize("t", SPLINES)
def test_knots_are_met_and_inverted(t):
    np.testing.assert_allclose(t(t.params["x"]), t.params["y"], rtol=2e-15, atol=1e-15)
    np.testing.assert_allclose(t.inv(t.params["y"]), t.params["x"], rtol=2e-15, atol=1e-15)
    x = points(t)
    y = t(x)
    np.testing.assert_allclose(t.inv(y), x, rtol=1e-13, atol=1e-14)
    with np.errstate(all="ignore"):
        log_det = t.inverse_and_log_det(y)[1]
    np.testing.assert_allclose(log_det, -t.forward_and_log_det(t.inv(y))[1], rtol=1e-14, atol=1e-14)


def test_unit_bins_are_the_identity():
    t = dn.RationalQuadraticSpline(np.arange(-2, 3), np.arange(-2, 3), np.ones(5))
    x = np.array([-7.5, -1.3, -1e-300, 0.0, 1e-20, 0.4, 1.9, 1e9])
    y, log_det = t.forward_and_log_det(x)
    np.testing.assert_allclose(y, x, rtol=2e-16)
    np.testing.assert_allclose(log_det, 0.0, atol=4e-16)
    np.testing.assert_allclose(t.inverse(x), x, rtol=2e-16)


def test_a_rational_quadratic_spline_of_a_moebius_map_is_that_map():
    """Where d_k·d_{k+1} = s², as of y = x/(1 + x), the rational quadratic is linear over linear."""
    x = np.array([0.0, 0.5, 2.0])
    t = dn.RationalQuadraticSpline(x, x / (1 + x), (1 + x) ** -2.0)
    inner = np.linspace(0.01, 1.99, 41)
    np.testing.assert_allclose(t(inner), inner / (1 + inner), rtol=1e-15)
    np.testing.assert_allclose(t.forward_and_log_det(inner)[1], -2 * np.log1p(inner), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_cubic_slopes_are_those_of_scipy(sign):
    rng = np.random.default_rng(7)
    for n in (2, 3, 5, 17):
        x, y = np.cumsum(rng.uniform(0.8, 1.2, n)) - 3, sign * np.cumsum(rng.uniform(0.8, 1.3, n))
        t, theirs = dn.MonotoneCubicSpline(x, y), PchipInterpolator(x, y)
        inner = np.linspace(x[0], x[-1], 301)[1:-1]
        np.testing.assert_allclose(t(inner), theirs(inner), rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(t.forward_and_log_det(inner)[1], np.log(np.abs(theirs(inner, 1))), atol=1e-12)


def test_end_slopes_that_pchip_sets_to_zero_are_those_of_the_chord():
    t = dn.MonotoneCubicSpline([0, 1, 2], [0, 0.1, 3])
    assert PchipInterpolator([0, 1, 2], [0, 0.1, 3])(0.0, 1) == 0.0
    assert t.slopes()[0] == pytest.approx(0.1) and t(-10.0) == pytest.approx(-1.0)


def test_hermite_splines_approximate_to_their_order():
    inner = np.linspace(-3, 3, 1001)
    errors = []
    for n in (13, 25):
        x = np.linspace(-3, 3, n)
        cubic = dn.MonotoneHermiteSpline(x, np.sinh(x), np.cosh(x))
        quintic = dn.MonotoneHermiteSpline(x, np.sinh(x), np.cosh(x), np.sinh(x))
        errors.append([np.abs(t(inner) - np.sinh(inner)).max() for t in (cubic, quintic)])
    assert 14 < errors[0][0] / errors[1][0] < 18  # 2⁴
    assert 50 < errors[0][1] / errors[1][1] < 80  # 2⁶


CUBIC_TURNS = {"x": [0, 1, 2], "y": [0, 1, 1.1], "derivatives": [1, 1, 1]}


@pytest.mark.parametrize("cls", [dn.MonotoneCubicSpline, dn.MonotoneHermiteSpline])
def test_curves_that_turn_are_refused_by_interval(cls):
    with pytest.raises(ParameterError, match=r"turns in interval 1, from x\[1\] = 1 to 2"):
        cls(**CUBIC_TURNS)


def test_the_border_of_monotonicity_is_exact():
    """With slopes α and 3 at a chord of 1 a cubic touches a horizontal line at α = 3 only, among 2 < α <= 3."""
    for slopes in ([3, 3], [3, np.nextafter(3, 4)]):
        with pytest.raises(ParameterError, match="turns in interval 0"):
            dn.MonotoneCubicSpline([0, 1], [0, 1], slopes)
    t = dn.MonotoneCubicSpline([0, 1], [0, 1], [3, np.nextafter(3, 2)])
    assert t(0.5) == pytest.approx(0.5, rel=1e-15)


def test_second_derivatives_may_make_a_curve_turn():
    good = dict(x=[0, 1], y=[0, 1], derivatives=[1, 1])
    dn.MonotoneHermiteSpline(**good, second_derivatives=[1, -1])
    with pytest.raises(ParameterError, match="turns in interval 0"):
        dn.MonotoneHermiteSpline(**good, second_derivatives=[-40, 40])


def test_bracketed_newton_finds_roots_from_afar():
    u = np.array([1e-12, 0.3, 0.999])
    rise = lambda t: (t**9, 9 * t**8)  # noqa: E731
    t = bracketed(rise, u, np.full(3, 1.0), np.zeros(3), np.ones(3), ())
    np.testing.assert_allclose(t, u ** (1 / 9), rtol=1e-14)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"x": [0, 1, 1]}, ParameterError, r"x\[2\]: expected a number above 1, the one before it, got 1"),
        ({"x": [0, 2, 1]}, ParameterError, r"x\[2\]: expected a number above 2"),
        ({"y": [0, 1, 1]}, ParameterError, r"y\[2\]: expected a number above 1"),
        ({"y": [2, 3, 1]}, ParameterError, r"y\[1\]: expected a number below 2"),
        ({"y": [0, math.nan, 2]}, ParameterError, r"y\[1\]: expected a finite number, got nan"),
        ({"x": [0, 1, math.inf]}, ParameterError, r"x\[2\]: expected a finite number, got inf"),
        ({"derivatives": [1, 0, 1]}, ParameterError, r"derivatives\[1\]: expected a positive slope, got 0"),
        ({"derivatives": [1, 1, -2]}, ParameterError, r"derivatives\[2\]: expected a positive slope, got -2"),
        ({"y": [2, 1, 0]}, ParameterError, r"derivatives\[0\]: expected a negative slope, as y decreases, got 1"),
        ({"derivatives": [1, 1]}, ShapeError, "derivatives: expected 3 numbers, as many as x, got 2"),
        ({"x": [0], "y": [0], "derivatives": [1]}, ShapeError, "x: expected a list of at least two numbers"),
        ({"x": [[0, 1, 2]]}, ShapeError, "x: expected a list"),
        ({"x": [0, 1e-310, 2]}, ParameterError, "spacings and slopes whose ratios are doubles"),
        ({"x": "abc"}, ParameterError, "x: expected a real number in a list of real numbers"),
        ({"knots": [1]}, ParameterError, "expected the parameters x, y, derivatives, got 'knots'"),
    ],
)
def test_what_is_no_spline_is_refused_with_its_index(change, error, text):
    for cls in (dn.RationalQuadraticSpline, dn.MonotoneHermiteSpline):
        with pytest.raises(error, match=text):
            cls(**({"x": [0, 1, 2], "y": [0, 1, 2], "derivatives": [1, 1, 1]} | change))


def test_missing_lists_are_refused():
    with pytest.raises(ParameterError, match=r"derivatives: expected a value \(a list of real numbers\), got nothing"):
        dn.RationalQuadraticSpline([0, 1], [0, 1])


@pytest.mark.parametrize("t", SPLINES)
def test_text_and_pickle_lead_back(t):
    assert dn.parse(str(t)).same_as(t) and pickle.loads(pickle.dumps(t)).same_as(t)
    assert eval(repr(t), vars(maps)).same_as(t)
    law = dn.Normal() >> t
    assert dn.parse(str(law)).same_as(law)
    assert t.batch_shape == () and not t.same_as(dn.LinearSpline([0, 1], [0, 1]))


def test_the_text_of_the_design_parses():
    t = dn.parse("rational_quadratic_spline([0,1,2],[0,2,3],[1,1,1])")
    assert str(t) == "rational_quadratic_spline([0, 1, 2], [0, 2, 3], [1, 1, 1])"
    assert str(dn.parse("normal(0, 1) >> pchip([0, 1], [0, 2])")) == (
        "normal(loc=0, scale=1) >> monotone_cubic_spline([0, 1], [0, 2])"
    )


@pytest.mark.parametrize("t", SPLINES)
def test_precisions_shapes_and_blocks(t):
    rng = np.random.default_rng(3)
    x = rng.normal(0, 3, 40_000)
    y, log_det = t.forward_and_log_det(x)
    np.testing.assert_array_equal(y[:7], t.forward(x[:7]))
    np.testing.assert_array_equal(log_det.reshape(200, 200), t.forward_and_log_det(x.reshape(200, 200))[1])
    single = x.astype(np.float32)
    for found in (*t.forward_and_log_det(single), *t.inverse_and_log_det(single)):
        assert found.dtype == np.float32
    np.testing.assert_allclose(t.forward(single), t.forward(single.astype(float)), rtol=3e-6, atol=3e-6)
    assert isinstance(t(0.25), float)


@pytest.mark.parametrize("t", SPLINES)
def test_large_arrays_go_by_a_program_with_the_same_bits(t):
    """Among tame blocks one with an infinite point, on which the program does not hold."""
    x = np.random.default_rng(4).normal(0, 3, 60_000)
    x[40_000] = np.inf
    with np.errstate(all="ignore"):
        singly = [t.forward_and_log_det(np.float64(a)) for a in x[39_990:40_010]]
    y, log_det = t.forward_and_log_det(x)
    assert programs_of(t).has("_forward_pair", x.dtype)
    np.testing.assert_array_equal(np.transpose(singly), [y[39_990:40_010], log_det[39_990:40_010]])
    back, there = t.inverse_and_log_det(y)
    np.testing.assert_allclose(back[np.abs(x) < 3], x[np.abs(x) < 3], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(there, -log_det, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("t", SPLINES)
def test_infinities_and_nan(t):
    y = t(np.array([-np.inf, np.inf, np.nan]))
    up = 1.0 if t.increasing else -1.0
    np.testing.assert_array_equal(y, [-up * np.inf, up * np.inf, np.nan])
    np.testing.assert_array_equal(t.inv(y), [-np.inf, np.inf, np.nan])


@pytest.mark.parametrize("t", SPLINES)
def test_anchored_numbers_keep_what_doubles_lose(t):
    """Beyond overflow the map is a line, and so it is beside 0."""
    with np.errstate(all="ignore"):
        far = Anchored.from_log(np.array([2000.0]), 1.0)
        y, log_det = t.forward_and_log_det(far)
        assert log_abs(y)[0] == pytest.approx(2000.0 + log_det[0], rel=1e-15)
        assert log_abs(t.inverse(y))[0] == pytest.approx(2000.0, rel=1e-15)
        for side in (-1.0, 1.0):
            near = Anchored.from_log(np.array([-1200.0]), side)
            y, log_det = t.forward_and_log_det(near)
            gap = y - t.forward(np.array([0.0]))
            assert log_abs(gap)[0] == pytest.approx(-1200.0 + log_det[0], rel=1e-15)
            assert value(log_det)[0] == t.forward_and_log_det(np.array([side * 1e-300]))[1][0]


def test_many_knots_are_searched():
    x = np.linspace(-4, 4, 200)
    t = dn.MonotoneCubicSpline(x, np.sinh(x))
    z = np.linspace(-5, 5, 999)
    np.testing.assert_allclose(t.inv(t(z)), z, rtol=1e-13, atol=1e-13)


# ---- laws through splines ----


@pytest.mark.parametrize("t", SPLINES)
def test_divergences_are_those_of_the_base(t):
    """D(p >> t ‖ q >> t) = D(p ‖ q); and D(p >> t ‖ q) has to find the knots, and agrees with its pull-back."""
    p, q = dn.Normal(0.3, 1.2), dn.Normal(-0.2, 1.5)
    exact = math.log(1.5 / 1.2) + (1.2**2 + 0.5**2) / (2 * 1.5**2) - 0.5
    assert float(dn.kl(p >> t, q >> t)) == pytest.approx(exact, rel=1e-12)
    there = dn.kl(p >> t, dn.Normal(0.4, 2.0), method="quadrature").require(rtol=1e-10)
    back = dn.kl(p, dn.Normal(0.4, 2.0) >> t.inv, method="quadrature").require(rtol=1e-10)
    assert there.value == pytest.approx(back.value, rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("t", CURVED)
def test_moments_and_divergences_by_mpmath(t):
    """Interval by interval, the integrands of mean, square and log-ratio with the textbook formula."""
    law, q = dn.Normal(0.3, 1.2) >> t, dn.Laplace(0.5, 2.0)
    with mp.workdps(25):
        knots = [mpf(v) for v in t.params["x"]]
        places = sorted([*knots, mpf(-14), mpf(-4), mpf(0), mpf(4), mpf(14)] + [mpf(float(t.inv(0.5)))])
        h = mpf(10) ** -12

        def density(x):
            return mp.npdf(x, mpf(0.3), mpf(1.2))

        def slope(x):
            return abs(reference(t, x + h) - reference(t, x - h)) / (2 * h)

        def log_ratio(x):
            y = reference(t, x)
            log_q = -abs(y - mpf(0.5)) / 2 - mp.log(4)
            return mp.log(density(x)) - mp.log(slope(x)) - log_q

        mean, square, divergence = (
            float(
                sum(mp.quad(lambda x, f=f: f(x) * density(x), ends, maxdegree=6) for ends in itertools.pairwise(places))
            )
            for f in (lambda x: reference(t, x), lambda x: reference(t, x) ** 2, log_ratio)
        )
    assert law.mean() == pytest.approx(mean, rel=1e-10)
    assert law.var() == pytest.approx(square - mean**2, rel=1e-10)
    assert float(dn.kl(law, q, method="quadrature")) == pytest.approx(divergence, rel=2e-10)


@pytest.mark.parametrize("t", SPLINES)
def test_kinks_travel_through_chains_inverses_and_laws(t):
    knots = t.params["x"]
    chain = maps.compose(maps.Affine(1.0, 2.0), t, maps.Exp())
    np.testing.assert_allclose(sorted(chain.kinks), (knots - 1.0) / 2.0, rtol=1e-15)
    np.testing.assert_allclose(t.inv.kinks, t.params["y"], rtol=2e-15, atol=1e-15)
    law = dn.Laplace(0.25) >> t
    np.testing.assert_allclose(np.sort(law.kinks()), np.sort(np.append(t.params["y"], t(0.25))), rtol=1e-14, atol=1e-15)
    part = law.parts()[0]
    np.testing.assert_allclose(np.intersect1d(part.breaks, knots), knots)


@pytest.mark.parametrize("t", SPLINES)
def test_quantiles_and_tails_go_through(t):
    law, base = dn.Normal() >> t, dn.Normal()
    q = np.array([1e-200, 1e-9, 0.2, 0.5, 0.9])
    np.testing.assert_allclose(law.ppf(q), t(base.ppf(q) if t.increasing else base.isf(q)), rtol=1e-14)
    np.testing.assert_allclose(law.cdf(law.ppf(q)), q, rtol=1e-11)
    assert law.sf(law.isf(1e-300)) == pytest.approx(1e-300, rel=1e-11)
