"""Maps put together of pieces: against the maps that they rebuild, closed forms, and what they refuse."""

import contextlib
import math
import pickle

import numpy as np
import pytest
from scipy import integrate, stats

import densities as dn
from densities import transforms as maps
from densities.anchored import Anchored, log_abs
from densities.domains import Interval
from densities.errors import AccuracyWarning, DomainError, ParameterError, SupportError

INF = math.inf
X = dn.Normal(0.3, 1.2)
ABS = dn.Piecewise([((-INF, 0), maps.Scale(-1)), ((0, INF), maps.Identity())])
RELU = dn.Piecewise([((-INF, 0), 0), ((0, INF), maps.Identity())])
CLIP = dn.Piecewise([((-INF, -1), -1), ((-1, 2), maps.Identity()), ((2, INF), 2)])
SQUARE = dn.Piecewise([((-INF, 0), maps.Square()), ((0, INF), maps.Square())])
JUMP = dn.Piecewise([((-INF, 0), maps.Identity()), ((0, INF), maps.Affine(1, 2))])
GAP = dn.Piecewise([((0, 1), maps.Identity()), ((2, 3), maps.Scale(2))])
REBUILT = [(ABS, maps.Abs()), (RELU, maps.Relu()), (CLIP, maps.Clip(-1, 2)), (SQUARE, maps.Square())]


@pytest.mark.parametrize(
    ("ours", "known"), [pytest.param(a, b, id=str(b), marks=[pytest.mark.slow] * (a is SQUARE)) for a, b in REBUILT]
)
def test_rebuilt_maps_give_the_same_laws(ours, known):
    law, true = X >> ours, X >> known
    assert law.support == true.support and law.measure == true.measure
    y = np.array([-1.0, -0.5, 0.0, 0.1, 0.7, 1.9, 2.0, 3.5, 30.0])
    for name in ("logpdf", "pmf", "cdf", "sf", "logcdf", "logsf"):
        np.testing.assert_allclose(getattr(law, name)(y), getattr(true, name)(y), rtol=1e-13, err_msg=name)
    q = np.array([1e-12, 0.2, 0.5, 0.77, 0.999])
    np.testing.assert_allclose(law.ppf(q), true.ppf(q), rtol=1e-13)
    np.testing.assert_allclose(law.isf(q), true.isf(q), rtol=1e-13)
    np.testing.assert_array_equal(law.rvs(100, rng=0), true.rvs(100, rng=0))
    assert law.mean() == pytest.approx(true.mean(), rel=1e-13)
    assert law.var() == pytest.approx(true.var(), rel=1e-12)
    q = dn.Normal(-0.2, 1.5)
    assert float(dn.kl(law, q >> ours)) == pytest.approx(float(dn.kl(true, q >> known)), rel=1e-10)
    if law.measure == "lebesgue":
        assert law.entropy() == pytest.approx(true.entropy(), rel=1e-12)


def test_a_jump_is_injective_and_leaves_a_gap():
    law = X >> JUMP
    assert JUMP.nondecreasing and law.parts()[0].injective
    assert [str(part) for part in law.carriers()] == ["(-inf, 0)", "[1, inf)"]
    np.testing.assert_array_equal(law.pdf([0.2, 0.99]), 0.0)
    assert law.cdf(0.5) == pytest.approx(X.cdf(0.0), rel=1e-15)
    assert law.pdf(4.0) == pytest.approx(0.5 * X.pdf(1.5), rel=1e-15)
    assert law.ppf(0.9) == pytest.approx(1 + 2 * X.ppf(0.9), rel=1e-15)
    true = integrate.quad(lambda x: (1 + 2 * x) * stats.norm.pdf(x, 0.3, 1.2), 0, 12, epsabs=1e-14)[0]
    true += integrate.quad(lambda x: x * stats.norm.pdf(x, 0.3, 1.2), -12, 0, epsabs=1e-14)[0]
    assert law.mean() == pytest.approx(true, rel=1e-12)
    entropy = 0.5 * math.log(2 * math.pi * math.e * 1.44) + math.log(2) * X.sf(0.0)
    assert law.entropy() == pytest.approx(entropy, rel=1e-12)
    q = dn.Normal(-0.2, 1.5)
    exact = math.log(1.5 / 1.2) + (1.44 + 0.25) / 4.5 - 0.5
    assert float(dn.kl(law, q >> JUMP)) == pytest.approx(exact, rel=1e-12)


def test_monotone_pieces_that_fold_lose_divergence():
    fold = dn.Piecewise([((-INF, 0), maps.Exp()), ((0, INF), maps.Shift(0.5))])
    assert not fold.nondecreasing
    p, q = X >> fold, dn.Normal(-0.2, 1.5) >> fold
    y = np.array([0.25, 0.75, 1.0, 2.5])
    true = np.where(y > 0.5, stats.norm.pdf(y - 0.5, 0.3, 1.2), 0) + np.where(
        y < 1, stats.norm.pdf(np.log(y), 0.3, 1.2) / y, 0
    )
    np.testing.assert_allclose(p.pdf(y[[0, 1, 3]]), true[[0, 1, 3]], rtol=1e-14)
    masses = [float(p.cdf(0.5)), float(p.cdf(1.0) - p.cdf(0.5)), float(p.sf(1.0))]
    found = [integrate.quad(p.pdf, a, b, limit=200)[0] for a, b in ((0, 0.5), (0.5, 1), (1, INF))]
    np.testing.assert_allclose(masses, found, rtol=1e-7)
    base = float(dn.kl(X, dn.Normal(-0.2, 1.5)))
    assert 0 < float(dn.kl(p, q)) < base

    def integrand(y):
        return p.pdf(y) * (p.logpdf(y) - q.logpdf(y))

    pieces = [integrate.quad(integrand, a, b, limit=200, epsabs=1e-12)[0] for a, b in ((0, 0.5), (0.5, 1), (1, 15))]
    assert float(dn.kl(p, q)) == pytest.approx(sum(pieces), rel=1e-7)


def test_many_to_one_pieces_and_constants_inside_pieces():
    wave = dn.Piecewise([((-math.pi, math.pi), maps.Sin())])
    u = dn.Uniform(-math.pi, math.pi)
    np.testing.assert_allclose((u >> wave).cdf([-0.5, 0.3]), (u >> maps.Sin()).cdf([-0.5, 0.3]), rtol=1e-13)
    mixed = X >> dn.Piecewise([((-INF, 1), maps.Relu()), ((1, INF), maps.Reciprocal())])
    assert mixed.pmf(0.0) == pytest.approx(X.cdf(0.0), rel=1e-14)
    assert mixed.cdf(0.5) == pytest.approx(X.cdf(0.5) + X.sf(2.0), rel=1e-14)
    steps = X >> dn.Piecewise([((-INF, 0), 3), ((0, 1), -1), ((1, INF), 3)])
    assert steps.measure == "counting" and steps.pmf(3.0) == pytest.approx(X.cdf(0.0) + X.sf(1.0), rel=1e-14)
    assert steps.mean() == pytest.approx(3 - 4 * (X.cdf(1.0) - X.cdf(0.0)), rel=1e-13)


def test_splines_inside_pieces_keep_their_knots():
    spline = dn.LinearSpline([-1, 0.5, 2], [0, 1, 5])
    law = X >> dn.Piecewise([((-INF, 1), spline), ((1, INF), maps.Affine(5, 1))])
    assert set(law.parts()[0].breaks) >= {-1.0, 0.5, 1.0}
    assert 2.0 not in law.parts()[0].breaks


# ---- domains ----


def test_pairs_hold_their_low_end_and_what_the_next_one_leaves():
    t = dn.Piecewise([((0, 1), 10), ((1, 2), 20), ((3, 4), 30)])
    np.testing.assert_array_equal(t(np.array([0.0, 0.5, 1.0, 2.0, 3.0, 4.0])), [10, 10, 20, 20, 30, 30])
    assert str(t.domain) == "[0, 1) and [1, 2] and [3, 4]" and str(t.domain.gaps) == "(Interval(2, 3),)"
    with pytest.raises(DomainError, match=r"got 2\.5 at index"):
        t(np.array([1.0, 2.5]))


def test_intervals_may_say_who_has_an_end():
    t = dn.Piecewise([(Interval(-INF, 0, high_closed=True), 1), (Interval(0, INF), 2)])
    assert t(0.0) == 1.0 and str(t.domain) == "(-inf, inf)" and str(t).startswith("<piecewise")
    both = dn.Piecewise([(Interval(-INF, 0, high_closed=True), 1), (Interval(0, INF, low_closed=True), 2)])
    assert both(0.0) == 2.0
    hole = dn.Piecewise([(Interval(-INF, 0), 1), (Interval(0, INF), 2)])
    assert (X >> hole).pmf(1.0) == pytest.approx(X.cdf(0.0))
    with pytest.raises(DomainError, match=r"got 0\.0"):
        hole(0.0)
    with pytest.raises(SupportError, match=r"P\(X in \[0, 0\]\) = 0.5"):
        dn.Bernoulli(0.5) >> hole


def test_laws_with_mass_in_a_gap_are_refused():
    with pytest.raises(SupportError, match=r"0.333333 of the mass of uniform.* lies in \(1, 2\)") as caught:
        dn.Uniform(0, 3) >> GAP
    assert caught.value.lost_mass == pytest.approx(1 / 3) and caught.value.log_lost_mass == pytest.approx(-math.log(3))
    with pytest.raises(SupportError, match="outside its domain"):
        dn.Normal() >> GAP
    with pytest.raises(SupportError, match=r"P\(X in \(0.5, 2.5\)\) = 0.5"):
        dn.DiscreteUniform(0, 3) >> dn.Piecewise([((0, 0.5), 1), ((2.5, 3), 2)])
    with pytest.raises(
        SupportError, match=r"the atom at 1.5 = 0.5 of .* lies outside its domain \[0, 1\] and \[2, 3\]"
    ):
        dn.Mixture([0.5, 0.5], [dn.Uniform(0, 1), dn.Delta(1.5)]) >> GAP
    law = dn.Mixture([0.25, 0.75], [dn.Uniform(0, 1), dn.Uniform(2, 3)]) >> GAP
    assert law.mean() == pytest.approx(0.25 * 0.5 + 0.75 * 5.0) and law.cdf(4.5) == pytest.approx(0.25 + 0.75 * 0.25)
    assert (dn.Uniform(2, 3) >> GAP).support.same_as(Interval(4, 6))
    assert (dn.DiscreteUniform(0, 3) >> GAP).mean() == pytest.approx((0 + 1 + 4 + 6) / 4)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([], "pieces: expected a list of pairs"),
        (3, "pieces: expected a list of pairs"),
        ([((0, 1), 1), ((0.5, 2), 2)], r"pieces\[1\]: expected an interval to the right of pieces\[0\] on \[0, 1\]"),
        ([((2, 3), 1), ((0, 1), 2)], r"pieces\[1\]: expected an interval to the right"),
        ([((0, 1), 1), ((1, 1), 2)], r"pieces\[1\]: expected an interval whose low end is below its high end"),
        ([((0, math.nan), 1)], r"pieces\[0\]: expected an interval whose low end"),
        ([((0, 1), "x")], r"pieces\[0\]: expected a pair \[interval, map or number\]"),
        ([((0, 1),)], r"pieces\[0\]: expected a pair"),
        ([((0, 1), math.inf)], r"pieces\[0\]: expected a map or a finite number, got inf"),
        ([((0, 1), 1), ((1, 2), maps.Logit())], r"pieces\[1\]: expected a map defined on \[1, 2\], got Logit"),
        ([((0, 1), maps.Affine([0.0, 1.0], 1.0))], r"pieces\[0\]: expected one map of the line"),
        ([((0, INF), maps.Sin())], r"pieces\[0\]: sin: expected a bounded interval"),
    ],
)
def test_what_is_no_list_of_pieces_is_refused_by_index(pieces, text):
    with pytest.raises(ParameterError, match=text):
        dn.Piecewise(pieces)


# ---- arrays and text ----


@pytest.mark.parametrize("t", [ABS, RELU, CLIP, JUMP, GAP], ids=str)
def test_text_and_pickle_lead_back(t):
    assert dn.parse(str(t)).same_as(t) and pickle.loads(pickle.dumps(t)).same_as(t)
    assert repr(t).startswith("Piecewise([(Interval(")
    assert not t.same_as(SQUARE)


def test_float32_scalars_and_anchored_numbers():
    x = np.array([-2.5, 0.25, 7.0], dtype=np.float32)
    assert JUMP(x).dtype == np.float32 and isinstance(JUMP(0.5), float)
    with np.errstate(all="ignore"):
        far = JUMP.forward(Anchored.from_log(np.array([2000.0]), 1.0))
        assert log_abs(far)[0] == pytest.approx(2000 + math.log(2))
        near = ABS.forward(Anchored.from_log(np.array([-2000.0]), -1.0))
        assert log_abs(near)[0] == -2000.0
    np.testing.assert_array_equal(ABS.forward(np.array([np.nan])), [np.nan])


def test_between_a_point_mass_and_the_image_of_the_only_other_piece_there_is_no_density():
    law = dn.Normal() >> dn.Piecewise([((-INF, 0), -2.0), ((0, INF), maps.Exp())])
    np.testing.assert_array_equal(law.pdf([-2.0, -1.0, 0.0, 0.5]), 0.0)
    assert law.pdf(2.0) == pytest.approx(dn.LogNormal().pdf(2.0), rel=1e-14)
    law = dn.Pareto(0.7, 0.4) >> dn.Piecewise([((-INF, 0.9), 0.5), ((0.9, INF), maps.Square())])
    np.testing.assert_array_equal(law.pdf([0.5, 0.6, 0.8]), 0.0)


# ---- narrow intervals across a kink ----


def across(width):
    """A narrow interval across 1, and its mass under the image of a normal law that is three times as steep above 1."""
    low, high = 1 - 0.3 * width, 1 + 0.7 * width
    true = (1 - low) * (1 + (1 - low) / 2) + (high - 1) / 3 * (1 - (high - 1) / 6)
    return low, high, stats.norm.pdf(1.0) * true


@pytest.mark.parametrize("width", [1e-3, 1e-6, 1e-9, 1e-12])
def test_narrow_intervals_across_a_kink_are_cut_there(width):
    low, high, true = across(width)
    steep = dn.Piecewise([((-INF, 1), maps.Identity()), ((1, INF), maps.Affine(-2, 3))])
    assert (dn.Normal() >> steep).prob(low, high) == pytest.approx(true, rel=max(1e-13, width**2))


@pytest.mark.slow
def test_narrow_intervals_across_a_kink_that_nobody_knows_of_are_cut_up():
    law = dn.push(dn.Normal(), lambda x: np.where(x < 1, x, 3 * x - 2))
    for width, told in ((1e-3, False), (1e-6, False), (1e-9, True)):
        low, high, true = across(width)
        with pytest.warns(AccuracyWarning, match="narrow interval") if told else contextlib.nullcontext():
            found = law.prob(low, high)
        assert found == pytest.approx(true, rel=max(width**2, 3e-16 / width))


def test_masses_between_the_image_of_an_inner_end_and_a_point_beside_it():
    law = dn.Exponential(2.0) >> dn.Piecewise([((-INF, 1), maps.Affine(0.25, -1)), ((1, INF), maps.Reciprocal())])
    for gap in (2.0**-14, 2.0**-30, 2.0**-44):  # 1 < x < 1/(1 - gap)
        true = -math.exp(-0.5) * math.expm1(-0.5 * gap / (1 - gap))
        assert law.sf(1 - gap) == pytest.approx(true, rel=1e-14)
