"""The rules of anchored numbers against mpmath, where doubles saturate, overflow and cancel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from scipy import special

from densities.anchored.numbers import RULES, Anchored, log_abs, sign, value
from densities.arrays import quiet

LOGS = (-2000.0, -800.0, -40.0, -20.0, -3.0)
NEAR_ZERO = [(0.0, s, log) for s in (1.0, -1.0) for log in (*LOGS, -0.5)]
NEAR_ONE = [(1.0, -1.0, log) for log in LOGS]
ABOVE_ONE = [(1.0, 1.0, log) for log in LOGS]
UNIT = [(0.0, 1.0, log) for log in LOGS] + NEAR_ONE
SYMMETRIC = NEAR_ZERO + NEAR_ONE + [(-1.0, 1.0, log) for log in LOGS]
MODERATE = [(0.0, s, log) for s in (1.0, -1.0) for log in (0.0, 1.0, 3.0, 6.0)]
HUGE = [(0.0, s, log) for s in (1.0, -1.0) for log in (800.0, 2000.0)]
POSITIVE = [(0.0, 1.0, log) for log in (*LOGS, 0.0, 2.0, 800.0, 2000.0)] + NEAR_ONE + ABOVE_ONE
LINE = NEAR_ZERO + NEAR_ONE + ABOVE_ONE + MODERATE
RIGHT_ANGLE = [(s * np.pi / 2, -s, log) for s in (1.0, -1.0) for log in LOGS]

# ufunc: (the function, the points, the limits whose distance must be kept)
TRUTHS = {
    np.negative: (lambda x: -x, LINE + HUGE, ()),
    np.positive: (lambda x: +x, LINE + HUGE, ()),
    np.absolute: (abs, LINE + HUGE, ()),
    np.reciprocal: (lambda x: 1 / x, LINE + HUGE, (1, -1)),
    np.square: (lambda x: x * x, LINE + HUGE, (1,)),
    np.sqrt: (mp.sqrt, POSITIVE, (1,)),
    np.cbrt: (lambda x: mp.sign(x) * mp.root(abs(x), 3), LINE + HUGE, (1,)),
    np.exp: (mp.exp, LINE, (1, lambda: +mp.e)),
    np.expm1: (mp.expm1, LINE, (-1, lambda: mp.e - 1, lambda: 1 / mp.e - 1)),
    np.exp2: (lambda x: mpf(2) ** x, LINE, (1, 2)),
    np.log: (mp.log, POSITIVE, ()),
    np.log1p: (
        lambda x: mp.log(1 + x),
        [(0.0, 1.0, log) for log in (*LOGS, 2.0, 800.0)] + [(-1.0, 1.0, log) for log in LOGS],
        (),
    ),
    np.log2: (lambda x: mp.log(x) / mp.log(2), POSITIVE, ()),
    np.log10: (lambda x: mp.log(x) / mp.log(10), POSITIVE, ()),
    np.tanh: (mp.tanh, NEAR_ZERO + MODERATE, (1, -1)),
    np.arctanh: (mp.atanh, SYMMETRIC, ()),
    np.sinh: (mp.sinh, NEAR_ZERO + MODERATE, ()),
    np.cosh: (mp.cosh, NEAR_ZERO + MODERATE, (1,)),
    np.arcsinh: (mp.asinh, NEAR_ZERO + MODERATE + HUGE, ()),
    np.arccosh: (mp.acosh, ABOVE_ONE + [(0.0, 1.0, log) for log in (1.0, 5.0, 800.0)], ()),
    np.arctan: (mp.atan, NEAR_ZERO + MODERATE + HUGE, (lambda: mp.pi / 2, lambda: -mp.pi / 2)),
    np.tan: (mp.tan, NEAR_ZERO + RIGHT_ANGLE, ()),
    np.arcsin: (mp.asin, SYMMETRIC, (lambda: mp.pi / 2, lambda: -mp.pi / 2)),
    np.arccos: (mp.acos, SYMMETRIC, (lambda: +mp.pi, lambda: mp.pi / 2)),
    np.sin: (mp.sin, NEAR_ZERO + RIGHT_ANGLE, (1, -1)),
    np.cos: (mp.cos, NEAR_ZERO + RIGHT_ANGLE, (1,)),
    special.expit: (lambda x: 1 / (1 + mp.exp(-x)), NEAR_ZERO + MODERATE, (1,)),
    special.logit: (lambda x: mp.log(x / (1 - x)), UNIT, ()),
    special.log_expit: (lambda x: -mp.log(1 + mp.exp(-x)), NEAR_ZERO + MODERATE, (lambda: -mp.ln2,)),
    special.ndtr: (lambda x: mp.erfc(-x / mp.sqrt(2)) / 2, NEAR_ZERO + MODERATE[:3] + MODERATE[4:7], (1,)),
    special.log_ndtr: (
        lambda x: mp.log(mp.erfc(-x / mp.sqrt(2)) / 2),
        NEAR_ZERO + MODERATE[:3] + MODERATE[4:7],
        (lambda: -mp.ln2,),
    ),
    special.erfc: (mp.erfc, NEAR_ZERO + MODERATE[:3] + MODERATE[4:7], (1, 2)),
    special.erf: (mp.erf, NEAR_ZERO + MODERATE[:3] + MODERATE[4:7], (1, -1)),
}


def exactly(ends, anchor):
    """The number for which an anchor stands: an irrational limit, or the double itself."""
    return next((end for end in ends if abs(float(end) - float(anchor)) <= 3e-16), mpf(float(anchor)))


def digits(log):
    """Enough for a distance of e^(2 log) from an end; all of them where exp is taken of large numbers."""
    return 2000 if log > 0 else min(2000, 200 + round(0.9 * abs(log)))


def argument(anchor, s, log):
    multiple = {np.pi / 2: mp.pi / 2, -np.pi / 2: -mp.pi / 2}
    return multiple.get(anchor, mpf(anchor)) + mpf(s) * mp.exp(mpf(log))


@pytest.mark.parametrize("ufunc", TRUTHS, ids=lambda ufunc: ufunc.__name__)
def test_functions_of_one_number_keep_its_offset(ufunc):
    function, points, ends = TRUTHS[ufunc]
    for anchor, s, log in points:
        with mp.workdps(digits(log)):
            exact_ends = [eval_end(end) for end in ends]
            truth = function(argument(anchor, s, log))
            if truth == 0:
                continue
            for as_array in (float, np.asarray):  # an anchor that is known to be zero, and one that is merely an array
                with quiet():
                    got = ufunc(Anchored.from_log(log, s, as_array(anchor)))
                    kept, side = got.log_offset, np.sign(got.value) if got.value != 0 else sign(got)
                offset = truth - exactly(exact_ends, got.anchor)
                if offset == 0 or (anchor == 0 and got.anchor == 0 and abs(truth) > 0.1 and not ends):
                    offset = truth - mpf(float(got.anchor))
                where = (ufunc.__name__, anchor, s, log, got, float(kept))
                assert abs(mp.log(abs(offset)) - mpf(float(kept))) <= 2e-12 * (1 + abs(float(kept))) or rounded(
                    got, truth
                ), where
                assert side == mp.sign(truth), where


AMID = {
    np.tanh: (mp.tanh, 0.7),
    np.arctanh: (mp.atanh, 0.3),
    np.arctan: (mp.atan, -1.3),
    np.arcsin: (mp.asin, 0.4),
    np.arccos: (mp.acos, -0.4),
    np.sinh: (mp.sinh, 1.7),
    np.arcsinh: (mp.asinh, 5.0),
    np.cosh: (mp.cosh, -1.7),
    np.arccosh: (mp.acosh, 3.0),
    special.expit: (lambda x: 1 / (1 + mp.exp(-x)), -1.1),
    special.logit: (lambda x: mp.log(x / (1 - x)), 0.5),
    special.ndtr: (mp.ncdf, 0.6),
    special.ndtri: (lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1), 0.5),
    special.log_ndtr: (lambda x: mp.log(mp.ncdf(x)), -0.9),
    special.erf: (mp.erf, 0.5),
    special.erfinv: (mp.erfinv, -0.6),
}


@pytest.mark.parametrize("ufunc", AMID, ids=lambda ufunc: ufunc.__name__)
def test_distances_from_places_amid_a_range_are_kept(ufunc):
    function, place = AMID[ufunc]
    for log, s in ((-6.0, 1.0), (-30.0, -1.0), (-200.0, 1.0)):
        with mp.workdps(160):
            truth = mp.log(abs(function(mpf(place) + mpf(s) * mp.exp(log)) - function(mpf(place))))
        with quiet():
            got = ufunc(Anchored.from_log(log, s, np.asarray(place)))
        assert float(got.anchor) == pytest.approx(float(function(mpf(place))), rel=1e-15, abs=1e-17)
        assert float(got.log_offset) == pytest.approx(float(truth), rel=1e-13)


def test_products_of_two_beside_their_anchors_keep_the_distance():
    with quiet():
        got = Anchored.from_log(-200.0, 1.0, np.asarray(0.5)) * Anchored.from_log(-210.0, -1.0, np.asarray(3.0))
    assert float(got.anchor) == 1.5
    assert float(got.log_offset) == pytest.approx(-200.0 + float(np.log(3.0 - 0.5 * np.exp(-10.0))), rel=1e-15)


def rounded(got, truth):
    """Where the result is away from every limit, it is right when its value is."""
    size = abs(float(got.offset))
    return size > 1e-5 and abs(mpf(float(got.value)) - truth) <= 1e-14 * abs(truth)


def eval_end(end):
    return end() if callable(end) else mpf(end)


def numbers():
    return st.tuples(
        st.sampled_from([0.0, 1.0, -1.0, 3.0]), st.sampled_from([1.0, -1.0]), st.floats(-1500, 1500) | st.floats(-5, 5)
    )


def exact(parts):
    anchor, s, log = parts
    return mpf(anchor) + mpf(s) * mp.exp(mpf(log))


def close(got, truth, scale):
    """|got - truth| is a rounding of the largest number on the way; a tiny distance from the anchor stays relative."""
    with quiet():
        logarithm = mpf(float(log_abs(got)))
    absolute = abs(truth) == 0 or abs(mp.log(abs(truth)) - logarithm) <= 1e-11 * (1 + abs(logarithm))
    return absolute or mp.log(abs(sign_of(got) * mp.exp(logarithm) - truth)) <= mp.log(scale) + mp.log(1e-12)


def sign_of(got):
    with quiet():
        return mpf(float(sign(got)))


@given(numbers(), numbers())
@settings(max_examples=150, deadline=None)
def test_products_and_quotients(a, b):
    with mp.workdps(1500), quiet():
        x, y = Anchored.from_log(a[2], a[1], a[0]), Anchored.from_log(b[2], b[1], b[0])
        p, q = exact(a), exact(b)
        with quiet():
            product, quotient = x * y, x / y
        scale = abs(p) + abs(a[0])
        if p != 0 and q != 0 and abs(p) > 1e-9 * abs(a[0]) and abs(q) > 1e-9 * abs(b[0]):
            assert close(product, p * q, scale * (abs(q) + abs(b[0])) + mpf(10) ** -1400)
            assert close(quotient, p / q, abs(p / q) * 1e3 + mpf(10) ** -1400)


@given(numbers(), numbers())
@settings(max_examples=150, deadline=None)
def test_sums_and_comparisons(a, b):
    with mp.workdps(1500), quiet():
        x, y = Anchored.from_log(a[2], a[1], a[0]), Anchored.from_log(b[2], b[1], b[0])
        p, q = exact(a), exact(b)
        with quiet():
            assert close(x + y, p + q, abs(p) + abs(q) + abs(a[0]) + abs(b[0]))
            assert close(x - y, p - q, abs(p) + abs(q) + abs(a[0]) + abs(b[0]))
            if abs(p - q) > 1e-12 * (abs(p) + abs(q) + abs(a[0]) + abs(b[0])):
                assert bool(x > y) == (p > q)
                assert bool(x < y) == (p < q)
                assert bool(x >= y) == (p >= q)
                assert bool(x <= y) == (p <= q)


@pytest.mark.parametrize("exponent", [0.5, 2.0, 3.0, -1.0, -2.5, 1 / 3])
def test_powers_keep_the_offset(exponent):
    points = POSITIVE + ([(0.0, -1.0, log) for log in LOGS] if exponent in (2.0, 3.0, -1.0) else [])
    with mp.workdps(2000):
        for anchor, s, log in points:
            base = argument(anchor, s, log)
            truth = (
                mp.sign(base) ** int(exponent) * abs(base) ** mpf(exponent)
                if s < 0 and anchor == 0
                else base ** mpf(exponent)
            )
            with quiet():
                got = Anchored.from_log(log, s, anchor) ** exponent
            offset = truth - mpf(float(got.anchor))
            assert abs(mp.log(abs(offset)) - mpf(float(got.log_offset))) <= 1e-12 * (1 + abs(float(got.log_offset)))


def test_knowledge_of_an_edge_survives_a_journey():
    with quiet():
        there = special.expit(Anchored.exact(1000.0))
        assert (there.anchor, float(there.log_offset)) == (1.0, -1000.0)
        assert value(special.logit(there)) == 1000.0
        assert value(np.log(1.0 - there)) == -1000.0
        assert value(np.log(np.exp(Anchored.exact(1e6)))) == 1e6
        assert value(np.arctanh(np.tanh(Anchored.exact(-800.0)))) == pytest.approx(-800.0, rel=1e-15)
        assert value(np.tan(np.arctan(Anchored.exact(1e200)))) == pytest.approx(1e200, rel=1e-12)
        far = Anchored(1e6, 1e-20)
        assert value(far - 1e6) == 1e-20
        assert value((far * 2.0 - 2e6) / 2.0) == 1e-20


def test_softplus_and_logaddexp():
    with mp.workdps(500), quiet():
        for x in (-900.0, -700.0, -3.0, 0.0, 3.0, 900.0):
            got = np.logaddexp(0.0, Anchored.exact(x))
            assert abs(mp.log(mp.log(1 + mp.exp(mpf(x)))) - mpf(float(log_abs(got)))) < 1e-12
        assert value(np.logaddexp(Anchored.exact(3.0), Anchored.exact(4.0))) == pytest.approx(
            np.logaddexp(3.0, 4.0), rel=1e-15
        )


def test_ndtri_and_erfinv_reach_into_the_tails():
    with quiet():
        for log in (-5.0, -50.0, -1000.0, -1e5):
            for x, s in ((Anchored.from_log(log), 1.0), (Anchored.from_log(log, -1.0, 1.0), -1.0)):
                z = s * float(value(special.ndtri(x)))
                assert special.log_ndtr(z) == pytest.approx(log, rel=2e-12)  # as good as SciPy's ndtri_exp
            z = float(value(special.erfinv(Anchored.from_log(log, -1.0, 1.0))))
            assert np.log(2) + special.log_ndtr(-np.sqrt(2) * z) == pytest.approx(log, rel=2e-12)
        assert value(special.erfinv(Anchored.exact(0.25))) == pytest.approx(special.erfinv(0.25), rel=1e-15)


def test_selection_and_signs():
    x = Anchored.from_log(np.array([-1000.0, 2.0]), np.array([-1.0, 1.0]))
    with quiet():
        assert list(np.sign(x)) == [-1.0, 1.0]
        assert np.where(x < 0, 0.0, x).value[1] == pytest.approx(np.exp(2.0))
        assert list(np.maximum(x, 0.0).value) == pytest.approx([0.0, np.exp(2.0)])
        assert list(np.minimum(x, 0.0).value) == [0.0, 0.0]
        assert list(x != 0.0) == [True, True]
        assert list(x == 0.0) == [False, False]
        assert x[0].log_offset == -1000.0
        assert x.reshape(2, 1).shape == (2, 1)
        assert value(special.xlogy(0.0, Anchored.exact(0.0))) == 0.0
        assert value(special.xlogy(2.0, Anchored.from_log(-1000.0))) == -2000.0
        assert value(special.xlog1py(2.0, Anchored.from_log(-1000.0, 1.0, -1.0))) == -2000.0
        np.testing.assert_allclose(np.hypot(1.0, Anchored.from_log(1000.0)).log_offset, 1000.0)
    assert np.asarray(x).dtype == float
    assert "Anchored" in repr(x)


def test_every_rule_is_tested():
    elsewhere = {
        np.add,
        np.subtract,
        np.multiply,
        np.divide,
        np.power,
        np.sign,
        np.logaddexp,
        np.maximum,
        np.minimum,
        np.less,
        np.less_equal,
        np.greater,
        np.greater_equal,
        np.equal,
        np.hypot,
        special.ndtri,
        special.erfinv,
        special.xlogy,
        special.xlog1py,
    }
    assert set(TRUTHS) | elsewhere >= set(RULES)


def test_a_difference_that_is_nothing_has_no_sign():
    x = Anchored.exact(np.array([-1.0, 2.0]))
    assert np.all(x >= np.array([-1.0, 2.0]))
    assert np.all(x <= np.array([-1.0, 2.0]))
    assert np.sign(x - np.array([-1.0, 3.0])).tolist() == [0.0, -1.0]


def test_numbers_beyond_the_doubles_and_infinities_are_in_order():
    with quiet():
        inner = [Anchored.exact(-1.0), Anchored.exact(1.0)]
        far = [[Anchored.from_log(log, side) for log in (1000.0, 2000.0)] for side in (-1.0, 1.0)]
        ladder = [Anchored.exact(-np.inf), *far[0][::-1], *inner, *far[1], Anchored.at(np.inf)]
        for i, x in enumerate(ladder):
            for j, y in enumerate(ladder):
                assert bool(x < y) == bool(np.less(x, y)) == (i < j), (x, y)
                assert bool(x >= y) == bool(np.greater_equal(x, y)) == (i >= j), (x, y)
                assert bool(x == y) == (i == j)
        assert ladder[-1] >= np.inf and not ladder[-2] >= np.inf
        assert not ladder[-1] < np.nan and not Anchored.exact(np.nan) >= 0.0


def test_the_exponential_of_a_slight_anchor_knows_the_distance_from_1():
    with quiet():
        gap = 1.0 - np.exp(Anchored(np.asarray(-1e-200), np.asarray(0.0)))
        fine = np.exp(Anchored(np.asarray(1e-3), np.asarray(1e-30)))
    assert float(gap.value) == pytest.approx(1e-200, rel=1e-15)
    assert float(fine.offset) == pytest.approx(np.exp(1e-3) * 1e-30, rel=1e-15)


@pytest.mark.parametrize(("ufunc", "anchor"), [(np.exp, -677.0), (lambda x: x**-100.0, 870.0)])
def test_a_large_change_beside_a_tiny_image_is_no_small_one(ufunc, anchor):
    """The change of e^x is e^c(e^h - 1), also where doubles do not hold it safely."""
    truth = {-677.0: lambda x: mp.exp(x), 870.0: lambda x: x**-100}[anchor]
    h = 0.35 if anchor < 0 else 4.0
    with quiet():
        got = ufunc(Anchored(np.asarray(anchor), np.asarray(h), np.asarray(np.log(h))))
    change = mp.log(abs(truth(mpf(anchor) + mpf(h)) - truth(mpf(anchor))))
    assert float(got.log_offset) == pytest.approx(float(change), abs=2e-13)


@pytest.mark.parametrize("log_p", [-10.0, -1e5, -1e6, -1e9])
def test_normal_quantiles_far_out_are_right_to_a_double(log_p):
    with mp.workdps(40):
        start = mp.sqrt(-2 * mp.mpf(log_p))
        x = mp.findroot(lambda x: mp.log(mp.erfc(x / mp.sqrt(2)) / 2) - log_p, start, solver="newton", df=lambda x: -x)
        for p in (Anchored.from_log(np.array([log_p])), Anchored.from_log(np.array([log_p]), -1.0, 1.0)):
            with quiet():
                found = value(special.ndtri(p))
            assert abs(found[0]) == pytest.approx(float(x), rel=2e-15)
