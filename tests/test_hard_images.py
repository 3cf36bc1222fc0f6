"""Images of laws where a double on the way says too little, against sums and integrals in mpmath at 50 digits."""

import warnings

import mpmath as mp
import numpy as np
import pytest

import densities as dn
from densities.anchored import Anchored
from densities.arrays import quiet
from densities.errors import SupportError, UnsupportedOperationError
from densities.expressions import parse


@pytest.fixture(autouse=True)
def fifty_digits():
    with mp.workdps(50):
        yield


def close(got, truth, rtol=1e-12):
    return abs(mp.mpf(float(got)) - truth) <= rtol * abs(truth)


# ---- sums over point masses whose images leave the doubles ----


def poisson_sum(f):
    return mp.nsum(lambda k: f(k) * mp.exp(-3) * mp.mpf(3) ** k / mp.factorial(k), [0, 400], method="direct")


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("exp(poisson(3))", lambda: mp.exp(3 * (mp.e - 1))),
        ("exp2(poisson(3))", lambda: mp.exp(3)),
        ("cosh(poisson(3))", lambda: (mp.exp(3 * (mp.e - 1)) + mp.exp(3 * (1 / mp.e - 1))) / 2),
        ("exp(2*poisson(3))", lambda: mp.exp(3 * (mp.exp(2) - 1))),
        ("exp(0.1*poisson(3)/0.1)", lambda: mp.exp(3 * (mp.e - 1))),
        (
            "exp(floor(normal(0, 1)))",
            lambda: mp.fsum(mp.exp(k) * (mp.ncdf(k + 1) - mp.ncdf(k)) for k in range(-40, 40)),
        ),
    ],
)
def test_means_of_images_that_overflow_far_out_are_finite(text, truth):
    assert close(parse(text).mean(), truth())


def test_the_variance_of_an_image_that_overflows_far_out_is_finite():
    mean, second = mp.exp(3 * (mp.e - 1)), mp.exp(3 * (mp.exp(2) - 1))
    assert close(parse("exp(poisson(3))").var(), second - mean**2)
    assert parse("exp(geometric(0.3))").mean() == np.inf  # e·0.7 > 1


def zipf_sum(f, a):
    return mp.nsum(lambda k: f(k) / k**a, [1, mp.inf]) / mp.zeta(a)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("1/zipf(2.5)", lambda: mp.zeta(3.5) / mp.zeta(2.5)),
        ("(1/zipf(2.5))**2", lambda: mp.zeta(4.5) / mp.zeta(2.5)),
        ("zipf(2)>>tanh", lambda: 1 - zipf_sum(lambda k: 2 / (mp.exp(2 * k) + 1), 2)),
        ("sign(zipf(2.5) - 1)", lambda: 1 - 1 / mp.zeta(2.5)),
        (
            "exp(-(zipf(2.5) >> clip(low=1, high=3)))",
            lambda: mp.exp(-3) + ((mp.exp(-1) - mp.exp(-3)) + (mp.exp(-2) - mp.exp(-3)) / 2**2.5) / mp.zeta(2.5),
        ),
    ],
)
def test_bounded_images_of_heavy_tails_are_summed_to_the_end(text, truth):
    assert close(parse(text).mean(), truth(), 1e-11)


def test_quantiles_of_point_masses_that_pile_up_at_an_end():
    d = parse("(1/zipf(2.5))**2")
    assert (d.isf(0.7), d.isf(0.8), d.ppf(0.3)) == (1.0, 0.25, 1.0)
    d = parse("ceil(1/(geometric(0.1) + 1)/3)")  # 1 for every k
    assert (d.ppf(1e-5), d.pmf(1.0), d.support.low, d.support.high) == (1.0, 1.0, 1.0, 1.0)


def test_an_endless_map_of_several_strands_keeps_their_shares():
    d = parse("sin(exp(-(negative_binomial(3, 0.4) - 2)**2))")
    for y in (0.0, 0.3, 0.5, 0.84):
        assert d.cdf(y) + d.sf(y) == pytest.approx(1.0, abs=1e-14)
    # k = 2 alone is mapped to sin(1)
    assert close(d.sf(0.5), mp.mpf(6) * mp.mpf(0.4) ** 3 * mp.mpf("0.36"), 1e-14)
    assert close(d.ppf(0.95), mp.sin(1), 1e-15)


@pytest.mark.parametrize(
    "text", ["1/poisson(3)**2", "1/discrete_uniform(0, 0)", "1/(beta(3.5, 6) >> floor)", "1/sin(delta(0))"]
)
def test_a_point_mass_on_a_pole_is_refused_however_it_came_there(text):
    with pytest.raises(SupportError, match="P\\(X = 0\\)"):
        parse(text)


def test_a_law_of_one_point_goes_through_maps_that_turn():
    assert parse("discrete_uniform(-3, -3)**2").atoms[0].tolist() == [9.0]
    assert parse("cosh(delta(0))").mean() == 1.0


# ---- quantiles beside an end that the next map brings out ----


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("truncate(normal(0, 1), 9, inf) - 9", lambda q: q * mp.erfc(9 / mp.sqrt(2)) / 2 / mp.npdf(9)),
        ("uniform(1, 2) - 1", lambda q: q),
        ("log(uniform(1, 2))", lambda q: q),
        ("log(mixture([0.5, 0.5], [pareto(1, 1), pareto(2, 1)]))", lambda q: q / 1.5),
        ("log(cosh(normal(0, 1)))", lambda q: (q / 2 / mp.npdf(0)) ** 2 / 2),
        ("log(truncate(exponential(1), 1, 5))", lambda q: q * (1 - mp.exp(-4))),
    ],
)
def test_small_quantiles_keep_their_distance_from_an_end(text, truth):
    d = parse(text)
    assert close(d.ppf(1e-20), truth(mp.mpf(1e-20)), 1e-12)
    assert close(d.cdf(d.ppf(1e-20)), mp.mpf(1e-20), 1e-12)


def test_masses_beside_the_cut_of_a_truncated_law_that_is_moved():
    d = parse("truncate(normal(0, 1), 9, inf) - 9")
    for y in (1e-30, 1e-20, 1e-15, 1e-6):
        truth = mp.quad(mp.npdf, [9, 9 + mp.mpf(y)]) / (mp.erfc(9 / mp.sqrt(2)) / 2)
        assert close(d.cdf(y), truth, 1e-12)


# ---- what no double can hold ----


@pytest.mark.parametrize(
    "text",
    ["pareto(0.05, 1e8) >> cube >> cosh >> acosh", "1/(truncate(normal(0, 1), 1e-10, 0.001) >> frechet_cdf(1.5, 1))"],
)
def test_an_image_within_one_double_is_refused(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with pytest.raises(UnsupportedOperationError, match="within one double"):
            _ = parse(text).support


@pytest.mark.parametrize(
    ("text", "method", "y", "truth"),
    [
        ("mixture([0.3, 0.7], [normal(0, 0.01), cauchy(12, 0.3)]) >> tanh", "logpdf", 1.0, np.inf),
        ("mixture([0.3, 0.7], [normal(5, 10), logistic(0, 1)]) >> soft_clip(-1, 2, 0.5)", "pdf", -1.0, np.inf),
        ("gamma(1, 0.001) >> clip(low=0.5, high=3) >> log_ndtr", "sf", 0.0, 0.0),
    ],
)
def test_single_points_at_ends_of_patched_formulas(text, method, y, truth):
    assert getattr(parse(text), method)(y) == truth


# ---- points that the inverse takes to nothing ----


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("logistic(0, 1e-100) - 40", lambda: -mp.log(4) + 100 * mp.log(10)),
        ("laplace(0, 1e-100) - 40", lambda: -mp.log(2) + 100 * mp.log(10)),
        ("gumbel(0, 1e-100) - 40", lambda: -1 + 100 * mp.log(10)),
        ("exp(laplace(0, 1)) - 1", lambda: -mp.log(2)),
    ],
)
def test_the_density_where_the_inverse_is_zero(text, truth):
    """Beside another point too: one that is zero sends all of them the careful way."""
    place = -40.0 if "40" in text else 0.0
    d = parse(text)
    assert close(d.logpdf(place), truth(), 1e-14)
    both = d.logpdf(np.array([place, place + 1.0]))
    assert close(both[0], truth(), 1e-14) and both[1] == d.logpdf(place + 1.0)


# ---- doubles beside a multiple of π/2, which is none ----


@pytest.mark.parametrize(
    ("text", "y", "truth"),
    [
        ("acos(uniform(-1, 1))", 3.1415926, lambda y: mp.sin((mp.pi - y) / 2) ** 2),
        ("acos(uniform(-1, 1))", 3.0, lambda y: mp.sin((mp.pi - y) / 2) ** 2),
        ("asin(uniform(-1, 1))", 1.570796, lambda y: mp.sin((mp.pi / 2 - y) / 2) ** 2),
    ],
)
def test_masses_beside_a_rounded_end_of_an_arc(text, y, truth):
    assert close(parse(text).sf(y), truth(mp.mpf(y)), 1e-14)


def test_entropies_of_overlapping_branches_know_where_the_density_breaks():
    """X² for X uniform on (-1, 2): f(y) = 1/(3√y) up to 1 and half of that beyond, which no turn of the map tells."""
    law = dn.Uniform(-1, 2) ** 2
    # In x: f_Y(x²) = 1/(3|x|) with probability 2/3, where |x| is uniform on (0, 1), and 1/(6x) for x in (1, 2).
    truth = 2 / 3 * (np.log(3) - 1) + 1 / 3 * (np.log(6) + 2 * np.log(2) - 1)
    entropy = dn.entropy(law)
    assert entropy.status.value == "converged" and abs(entropy.value - truth) < 1e-11
    gap = dn.kl(law, dn.Uniform(-1, 5))
    assert gap.status.value == "converged" and abs(gap.value - (np.log(6) - truth)) < 1e-11


def test_a_place_that_shares_the_value_of_a_turn_keeps_distances():
    """x³ - 3x takes its value 2 at the turn -1 once more at 2, where the density of the image is singular from one side."""
    branch = dn.transforms.Polynomial([0, -3, 0, 1]).pieces[2].map
    with quiet():
        y = branch.forward(Anchored(np.array([2.0]), np.array([-1e-40])))
    assert float(y.anchor[0]) == 2.0 and abs(float(y.offset[0]) / -9e-40 - 1) < 1e-15
    entropy = dn.entropy(dn.Normal() >> dn.transforms.Polynomial([0, -3, 0, 1]))
    # By roots in closed form and mpmath.quad in 40 digits.
    assert entropy.status.value == "converged" and abs(entropy.value - 1.4625210202109749) < 1e-11


def _uniform_above(y, low, width):
    return (mp.mpf(low) + mp.mpf(width) - y) / mp.mpf(width)


def _anglit_above(y, loc, scale):
    return mp.sin(mp.pi / 4 - (y - mp.mpf(loc)) / mp.mpf(scale)) ** 2


BESIDE_ROUNDED_ENDS = {  # a law, the double nearest to its upper end, and P(Y > y) by a formula of its own
    "affine": (dn.Uniform(0, 1) >> dn.Affine(-5.43, 1.68), -3.75, lambda y: _uniform_above(y, -5.43, 1.68)),
    "square": (dn.Uniform(0, 1) ** 2, 1.0, lambda y: 1 - mp.sqrt(y)),
    "exp": (
        np.exp(dn.Uniform(0.3, 1.7)),
        float(np.exp(1.7)),
        lambda y: (mp.mpf(1.7) - mp.log(y)) / (mp.mpf(1.7) - mp.mpf(0.3)),
    ),
    "sigmoid and affine": (
        dn.Normal() >> dn.Sigmoid() >> dn.Affine(2, 3.3),
        5.3,
        lambda y: mp.erfc(mp.log((y - 2) / (mp.mpf(2) + mp.mpf(3.3) - y)) / mp.sqrt(2)) / 2,
    ),
    "anglit": (dn.Anglit(), np.pi / 4, lambda y: _anglit_above(y, 0, 1)),
    "a moved anglit": (dn.Anglit(-3.0, 0.1), np.pi / 40 - 3, lambda y: _anglit_above(y, -3, 0.1)),
    "mixture": (
        dn.Mixture([0.5, 0.5], [dn.Uniform(0, 1) >> dn.Affine(-5.43, 1.68), dn.Uniform(-8, -7)]),
        -3.75,
        lambda y: _uniform_above(y, -5.43, 1.68) / 2,
    ),
    "least of three": (
        dn.minimum(dn.Uniform(0, 1) >> dn.Affine(-5.43, 1.68), 3),
        -3.75,
        lambda y: _uniform_above(y, -5.43, 1.68) ** 3,
    ),
}


@pytest.mark.parametrize("distance", [1e-4, 1e-8, 1e-12])
@pytest.mark.parametrize("name", BESIDE_ROUNDED_ENDS)
def test_tails_beside_ends_that_doubles_round(name, distance):
    law, end, above = BESIDE_ROUNDED_ENDS[name]
    y = end - distance
    truth = above(mp.mpf(y))
    assert all(close(found, truth) for found in (law.sf(y), law.prob(y, np.inf), np.exp(law.logsf(y))))


def test_narrow_intervals_beside_an_end_that_doubles_round():
    law, b = dn.Uniform(0, 1) >> dn.Affine(-5.43, 1.68) >> dn.Exp(), float(np.exp(-3.75)) * (1 - 1e-9)
    a = b * (1 - 5e-10)
    assert close(law.prob(a, b), (mp.log(b) - mp.log(a)) / mp.mpf(1.68))
    semicircular = dn.parse("semicircular(-7.3, 0.3)")
    a, b, scale = -7.0 - 1.5e-9, -7.0 - 1e-9, mp.mpf(0.3)
    truth = (
        mp.quad(lambda y: mp.sqrt(scale**2 - (y + mp.mpf(7.3)) ** 2), [mp.mpf(a), mp.mpf(b)]) * 2 / (mp.pi * scale**2)
    )
    assert close(semicircular.prob(a, b), truth)


@pytest.mark.parametrize(("law", "image"), [("cbrt", mp.cbrt), ("erf", mp.erf), ("sinh", mp.sinh)])
@pytest.mark.parametrize("q", [0.01, 0.3, 0.6, 0.99])
def test_quantiles_far_from_an_end_know_what_the_slope_does_on_the_way(law, image, q):
    """The slopes of these maps at -x and x are equal, and differ in between."""
    below = mp.mpf(0.5) - mp.mpf(q)
    truth = mp.sign(below) * image(abs(below))
    assert close((dn.Uniform(-0.5, 0.5) >> dn.transforms.get(law)()).isf(q), truth, 1e-15 / abs(float(truth)))


@pytest.mark.parametrize("distance", [1e-4, 1e-12])
def test_tails_of_a_batch_beside_ends_that_doubles_round(distance):
    """Members that rise and fall; each point lies beside the end of one of them."""
    loc, scale = np.array([0.1, 0.3, 1 / 3]), np.array([0.7, -0.9, 1.1])
    law = dn.Uniform(0, 1) >> dn.Affine(loc, scale)
    y = (loc + np.sign(scale) * distance)[:, None]

    def below(point, a, b):
        share = min(max((mp.mpf(point) - mp.mpf(a)) / mp.mpf(b), mp.mpf(0)), mp.mpf(1))
        return share if b > 0 else 1 - share

    truth = [[below(point, a, b) for a, b in zip(loc, scale, strict=True)] for point in y.ravel()]
    for cdf in (law.cdf(y), law.prob(-9.0, y), np.exp(law.logcdf(y))):
        np.testing.assert_allclose(cdf, np.array(truth, dtype=float), rtol=1e-14)
    for sf in (law.sf(y), law.prob(y, 9.0), np.exp(law.logsf(y))):
        np.testing.assert_allclose(sf, np.array([[1 - p for p in row] for row in truth], dtype=float), rtol=1e-14)


def test_the_whole_support_holds_the_whole_mass():
    """Its upper end, log 2, is no double: at the double in its place some of the mass is still to come."""
    law, end = dn.Gumbel(2.0, 2.0) >> dn.NormalCdf() >> dn.Log1p(), float(np.log(2.0))
    with mp.workdps(50):
        x = mp.sqrt(2) * mp.erfinv(2 * mp.expm1(mp.mpf(end)) - 1)
        before = mp.exp(-mp.exp(1 - x / 2))
    assert law.prob(-1e300, 1e300) == 1.0
    assert law.prob(0.0, end) == law.cdf(end) == pytest.approx(float(before), rel=1e-13)


# ---- ends where the slope is infinite and doubles say too little ----


@pytest.mark.parametrize("given", [False, True], ids=["known", "by values"])
def test_quantiles_where_a_map_spreads_what_a_double_beside_an_end_has_lost(given):
    law = dn.Uniform(-1, 1) >> (dn.FunctionTransform(np.arcsin, domain=dn.Interval(-1, 1)) if given else parse("asin"))
    for q in (1e-10, 1e-12, 1e-15):
        assert close(law.ppf(q), -mp.pi / 2 + mp.acos(1 - 2 * mp.mpf(q)), 3e-16)
        assert close(law.isf(q), mp.pi / 2 - mp.acos(1 - 2 * mp.mpf(q)), 3e-16)


def test_functions_of_anchored_numbers_keep_distances_from_an_end_of_their_domain():
    law = dn.Uniform(0, 1) >> dn.FunctionTransform(lambda x: np.sqrt(1 - x), domain=dn.Interval(0, 1))
    for y in (1e-150, 1e-12, 1e-8, 1e-4, 0.2):
        assert close(law.cdf(y), mp.mpf(y) ** 2, 1e-11)
        assert close(law.pdf(y), 2 * mp.mpf(y), 1e-8)
    assert close(law.ppf(1e-300), mp.mpf("1e-150"), 1e-12)
    assert close(law.entropy(), mp.mpf(1) / 2 - mp.log(2), 1e-8)
    root = dn.FunctionTransform(lambda x: np.asarray([(1 - t) ** 0.5 for t in np.ravel(x)]).reshape(np.shape(x)),
                                domain=dn.Interval(0, 1))  # fmt: skip
    assert root.beside_ends == () and close((dn.Uniform(0, 1) >> root).cdf(0.5), mp.mpf("0.25"), 1e-12)


@pytest.mark.parametrize("gap", [1e-5, 1e-9, 1e-12])
def test_a_narrow_law_far_from_zero_has_two_ends(gap):
    """Each point keeps its distance from the nearer one."""
    law = parse("uniform(-1, 1) >> asin") >> dn.Affine(-5.0, 5e-4)
    for end, side, tail in ((-1, 1, law.cdf), (1, -1, law.sf)):
        exact = mp.mpf(-5) + end * mp.mpf(5e-4) * mp.pi / 2
        y = float(exact) + side * gap
        assert close(tail(y), mp.sin((mp.mpf(y) - exact) / mp.mpf(5e-4) / 2) ** 2)


@pytest.mark.parametrize("gap", [1e-3, 1e-8, 1e-12])
def test_tails_beside_the_bound_of_a_power_that_bends(gap):
    """-1/λ is rarely a double."""
    for law in (dn.GeneralizedPareto(-0.4), dn.Exponential() >> dn.Exp() >> dn.BoxCox(-0.4)):
        assert close(law.sf(2.5 - gap), (1 - mp.mpf(0.4) * mp.mpf(2.5 - gap)) ** (1 / mp.mpf(0.4)))
    law = dn.Normal() >> dn.YeoJohnson(-3.0)
    y = 1 / 3 - gap
    assert close(law.logsf(y), mp.log(mp.ncdf(1 - (1 - 3 * mp.mpf(y)) ** (-mp.mpf(1) / 3))))


@pytest.mark.slow
def test_a_logarithm_of_zero_has_its_limit():
    law = dn.Symbolic("log(abs(cos(x) - 0.3))", domain=dn.Interval(0, 3))(dn.Uniform(0, 3))
    low, high = np.arccos(0.3 + np.exp(-1)), np.arccos(0.3 - np.exp(-1))
    assert law.cdf(-1.0) == pytest.approx((high - low) / 3, rel=1e-14)


@pytest.mark.parametrize(
    "text", ["clip(.5, inf) >> normal_cdf", "clip(-inf, .7) >> sigmoid", "relu >> shift(.3) >> exp"]
)
def test_a_density_begins_where_the_point_mass_beside_it_lies(text):
    law = parse(f"normal(0, 1) >> {text}")
    place = law.atoms[0][0]
    inner = np.nextafter(place, law.median() if law.median() != place else law.ppf(0.9))
    assert law.pdf(place) == pytest.approx(law.pdf(inner), rel=1e-14)
    assert law.pdf(inner) > 0.0
