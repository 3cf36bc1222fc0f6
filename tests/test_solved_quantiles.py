"""Quantiles that are solved for between places over the mass of a law, against distribution functions in 40 digits."""

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import densities as dn
from densities.anchored import value
from densities.distributions import registry

LEVELS = np.concatenate([10.0 ** -np.array([300.0, 200.0, 107.0, 30.0, 5.0]), [0.03, 0.25, 0.5, 0.77, 1 - 1e-9]])
MANY = (np.arange(500) + 0.5) / 500


def normal(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def owen(h, a):
    return mp.quad(lambda u: mp.exp(-h * h * (1 + u * u) / 2) / (1 + u * u), mp.linspace(0, a, 5)) / (2 * mp.pi)


def skew_normal(a):
    return lambda x: normal(x) - 2 * owen(x, a)


def folded_normal(c):
    return lambda x: normal(x - c) - normal(-x - c)


def folded_cauchy(c):
    return lambda x: mp.atan2(2 * x, 1 + c * c - x * x) / mp.pi


def lindley(theta):
    return lambda x: -mp.expm1(-theta * x) - theta * x * mp.exp(-theta * x) / (1 + theta)


CASES = {
    "skew_normal(2)": skew_normal(mp.mpf(2)),
    "skew_normal(0.001)": skew_normal(mp.mpf(0.001)),
    "folded_normal(0.7)": folded_normal(mp.mpf(0.7)),
    "folded_cauchy(3)": folded_cauchy(mp.mpf(3)),
    "lindley(0.5)": lindley(mp.mpf(0.5)),
    "normal(1, 1) >> square": lambda x: normal(mp.sqrt(x) - 1) - normal(-mp.sqrt(x) - 1),
}


@pytest.mark.parametrize("text", CASES)
def test_quantiles_from_the_deepest_tail_to_the_other_end(text):
    """Right to a few roundings of the point, of the probability and of its logarithm."""
    law, below = dn.parse(text), CASES[text]
    for levels in (LEVELS, MANY[::50]):
        for q, x in zip(levels, law.ppf(levels), strict=True):
            if x == 0.0 or (text.startswith("skew") and q < 1e-20):
                continue  # below all doubles, or where the truth above is a difference of far larger numbers
            with mp.workdps(40 if text.startswith("skew") else 400):
                found = below(mp.mpf(float(x)))
            error = float(abs(found - mp.mpf(float(q))))
            density = float(law.pdf(x)) * abs(float(x))
            log = abs(np.log(q)) if q < 0.5 else 1.0
            assert error <= 1e-15 * (density + q * log + (q > 0.5)), (q, x)


@pytest.mark.parametrize("text", CASES)
def test_many_quantiles_and_one(text):
    law = dn.parse(text)
    every = law.ppf(MANY)
    assert np.all(np.diff(every) > 0)
    one = np.array([law.ppf(q) for q in MANY[::50]])
    assert one == pytest.approx(every[::50], rel=1e-13)
    assert law.isf(MANY) == pytest.approx(law.ppf(1 - MANY), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("a", [0.0, 1e-300, 1e-8, 1e-5, 1e-3, 0.01])
@pytest.mark.parametrize("h", [1e-8, 0.3, 0.6, 3.0, 35.0])
def test_the_light_tail_of_a_law_that_is_hardly_skewed(a, h):
    with mp.workdps(60):
        truth = mp.log(normal(-mp.mpf(h)) - 2 * owen(mp.mpf(h), mp.mpf(a)))
    assert dn.SkewNormal(a).logcdf(-h) == pytest.approx(float(truth), rel=5e-16, abs=5e-16)


def test_a_law_that_is_not_skewed_far_out():
    law = dn.SkewNormal(0.0)
    assert law.logcdf(np.array([-1e160, -1e300])).tolist() == [-np.inf, -np.inf]
    assert law.ppf(LEVELS) == pytest.approx(dn.Normal(0.0, 1.0).ppf(LEVELS), rel=1e-13, abs=1e-15)


def arc(start, stop, ratio):
    """The mass of an arc of a wrapped Cauchy law."""
    along = mp.cos(start / 2) * mp.cos(stop / 2) + ratio**2 * mp.sin(start / 2) * mp.sin(stop / 2)
    return mp.atan2(ratio * mp.sin((stop - start) / 2), along) / mp.pi


@pytest.mark.parametrize("scale", [0.05, 1.0, 20.0])
def test_the_sine_of_a_heavy_tailed_law(scale):
    """Where all periods hold something: X modulo 2π is wrapped Cauchy, whose distribution function is closed."""
    law = dn.Cauchy(0.0, scale) >> dn.transforms.get("sin")()
    y = np.array([-0.999999, -0.7, -1e-9, 0.3, 0.99])
    with mp.workdps(40):
        ratio = 1 / mp.tanh(mp.mpf(scale) / 2)
        angles = [mp.asin(mp.mpf(float(point))) for point in y]
        below = [float(arc(-mp.pi - angle, angle, ratio)) for angle in angles]
        above = [float(arc(angle, mp.pi - angle, ratio)) for angle in angles]
    assert law.cdf(y) == pytest.approx(below, rel=1e-14)
    assert law.sf(y) == pytest.approx(above, rel=1e-14)
    assert law.ppf(below) == pytest.approx(y, rel=1e-12, abs=1e-14)


def test_a_truncation_that_keeps_next_to_nothing():
    """Its density is x^(a-1) (1-x)^(a-1) with a = 0.001; quantiles next to the cuts are told from within."""
    law = dn.parse("truncate(beta(0.001, 0.001), 0.1, 0.9)")
    levels = np.concatenate([[1e-15, 1e-9, 1e-3], MANY[25::100], [1 - 1e-6]])
    points = law.ppf(levels)
    with mp.workdps(30):
        a = mp.mpf(0.001)

        def mass(low, high):
            return mp.quad(lambda x: (x * (1 - x)) ** (a - 1), mp.linspace(low, high, 4))

        below = [float(mass(mp.mpf(0.1), mp.mpf(float(x))) / mass(mp.mpf(0.1), mp.mpf(0.9))) for x in points]
    slack = law.pdf(points) * 1e-16  # of the rounding of a point beside the cut
    assert np.all(np.abs(below - levels) <= 1e-12 * levels + slack)
    assert law.ppf(1e-300) == 0.1
    assert law.isf(1e-300) == 0.9


NAMES = [pytest.param(e.name, marks=pytest.mark.slow) if e.name == "lindley" else e.name for e in registry]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", [0, 1], ids=["lower", "upper"])
def test_quantiles_nearer_to_an_end_than_any_double_keep_their_distance(name, side):
    for law in registry.get(name).instances():
        if law.event_shape or law.batch_shape or law.measure != "lebesgue" or name == "log_cauchy":
            continue  # a log-Cauchy variable is e^-10^860 there
        end = float(value(law.support.edges[side]))
        if not np.isfinite(end):
            continue
        logs = (law - end if side == 0 else end - law) >> dn.Log()
        for log in (-690.0, -2000.0):
            assert logs.logcdf(logs.ppf(logp=log)) == pytest.approx(log, rel=1e-12), law
        assert logs.ppf(np.exp(-690.0)) == pytest.approx(logs.ppf(logp=-690.0), rel=1e-12), law


def test_slopes_beside_an_end_that_doubles_round_do_not_end_a_search():
    """log(1 - sigmoid N) = log sigmoid(-N)."""
    law = dn.LogitNormal(0, 1) >> dn.Affine(1, -1) >> dn.Log()
    normal = dn.Normal().ppf(logp=-690.0)
    assert law.ppf(logp=-690.0) == pytest.approx(special.log_expit(normal), rel=1e-13)


def test_the_log_of_an_arcsine_variable():
    """X = sin²(πq/2)."""
    assert dn.parse("arcsine(0, 1) >> log").ppf(1e-300) == pytest.approx(2 * np.log(np.pi / 2 * 1e-300), rel=1e-14)


@pytest.mark.parametrize(
    "text",
    [
        "logistic(0, 1) >> affine(0, 7) >> clip(-1, 2) >> log_ndtr",
        "mixture([0.5, 0.5], [normal(0, 1), delta(0.3)]) >> clip(-1, 2) >> sinh_arcsinh(2, 1.25)",
        "normal(0, 1) >> clip(-1, 2) >> erf >> affine(3, 1.1) >> log",
        "-(normal(0, 1) >> clip(-1, 2) >> tanh >> exp)",
    ],
)
def test_quantiles_that_are_point_masses_lie_on_them(text):
    """The map of a quantile that is anchored rounds otherwise than that of the place of an atom."""
    law = dn.parse(text)
    p = np.linspace(0.01, 0.99, 21)
    assert np.all(law.cdf(law.ppf(p)) >= p * (1 - 1e-14))
    assert np.all(law.sf(law.isf(p)) <= p * (1 + 1e-14))
    first = law.atoms[0][0]
    assert law.ppf(0.5 * law.atoms[1][0]) == first
