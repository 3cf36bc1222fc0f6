"""P(a < Y <= b) of intervals beside ends, corners and images of jumps, against mpmath."""

import warnings

import mpmath as mp
import numpy as np
import pytest

import densities as dn

DIGITS = 50


def uniform(x, low, high):
    return min(max((x - low) / (high - low), mp.mpf(0)), mp.mpf(1))


def beta(x, a, b):
    return mp.betainc(a, b, 0, min(max(x, 0), 1), regularized=True)


def steps(x):
    return (uniform(x, 0, 1) + uniform(x, mp.mpf(0.5), 2)) / 2


def normal(z):
    return mp.erfc(-z / mp.sqrt(2)) / 2


STEPS = "mixture([.5, .5], [uniform(0, 1), uniform(.5, 2)])"
# The law, its distribution function, and a place beside which intervals are taken.
CORNERS = [
    (f"exp({STEPS})", lambda y: steps(mp.log(y)), lambda: mp.exp(0.5)),
    (f"exp({STEPS})", lambda y: steps(mp.log(y)), lambda: mp.e),
    (f"{STEPS} >> sinh >> sqrt", lambda y: steps(mp.asinh(y * y)), lambda: mp.sqrt(mp.sinh(0.5))),
    ("mixture([.5, .5], [exp(uniform(0, 1)), exp(uniform(.5, 2))])", lambda y: steps(mp.log(y)), lambda: mp.exp(0.5)),
    (
        "cosh(uniform(-1, 2))",
        lambda y: uniform(mp.acosh(y), -1, 2) - uniform(-mp.acosh(y), -1, 2),
        lambda: mp.cosh(1),
    ),
    (
        "exp(truncate(mixture([.3, .7], [normal(0, 1), exponential(1) + 0.7]), -5, 5))",
        lambda y: (
            (mp.mpf(0.3) * normal(mp.log(y)) - mp.mpf(0.7) * mp.expm1(-max(0, mp.log(y) - mp.mpf(0.7))))
            / (mp.mpf(0.3) * (normal(5) - normal(-5)) - mp.mpf(0.7) * mp.expm1(mp.mpf(0.7) - 5))
        ),
        lambda: mp.exp(mp.mpf(0.7)),
    ),
]


@pytest.mark.parametrize(("text", "cdf", "place"), CORNERS)
@pytest.mark.parametrize("width", [1e-4, 1e-8, 1e-11, 1e-13])
def test_narrow_intervals_over_the_image_of_a_jump(text, cdf, place, width):
    law = dn.parse(text)
    with mp.workdps(DIGITS):
        c = float(place())
        for a, b in ((c - width, c + width), (c - width, c + 3 * width), (c - width, c), (c, c + width)):
            truth = cdf(mp.mpf(b)) - cdf(mp.mpf(a))
            assert abs(law.prob(a, b) - truth) <= 1e-12 * truth


def test_intervals_of_a_few_doubles_over_the_image_of_a_jump_are_right_or_told():
    law, c = dn.parse(f"{STEPS} >> sinh >> sqrt"), float(np.sqrt(np.sinh(0.5)))
    for width in (1e-14, 1e-15):
        with mp.workdps(DIGITS), warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = law.prob(c - width, c)
            truth = steps(mp.asinh(mp.mpf(c) ** 2)) - steps(mp.asinh(mp.mpf(c - width) ** 2))
            assert abs(found - truth) <= 1e-8 * truth or any(w.category is dn.AccuracyWarning for w in told)


ENDS = [
    ("beta(0.5, 0.5) >> exp", lambda y: beta(mp.log(y), 0.5, 0.5)),
    ("beta(0.25, 0.25) >> affine(1, 3)", lambda y: beta((y - 1) / 3, 0.25, 0.25)),
    (
        "beta(2, 0.2) >> affine(0.1, 0.3) >> exp",
        lambda y: 1 - beta(1 - (mp.log(y) - mp.mpf(0.1)) / mp.mpf(0.3), mp.mpf(0.2), 2),
    ),
    ("kumaraswamy(3, 0.1) >> affine(-5, 2) >> square", lambda y: (1 - ((5 - mp.sqrt(y)) / 2) ** 3) ** mp.mpf(0.1)),
]


@pytest.mark.parametrize(("text", "cdf"), ENDS)
@pytest.mark.parametrize("share", [1e-5, 1e-9, 1e-12, 1e-15])
def test_intervals_from_afar_to_beside_an_end_where_the_density_is_infinite(text, cdf, share):
    law = dn.parse(text)
    low, high = (float(np.asarray(end)) for end in law.support.edges)
    b = high * (1 - share)
    for a in (law.ppf(0.3), low * (1 + share), low * 1.001, b * (1 - 1e-3)):
        with mp.workdps(DIGITS):
            truth = cdf(mp.mpf(b)) - cdf(mp.mpf(a))
            assert abs(law.prob(a, b) - truth) <= 1e-11 * truth


@pytest.mark.parametrize("interval", [(1 - 1.01e-13, 1 - 1e-15), (1 - 1e-9, 1 - 1e-11), (1 - 2e-15, 1 - 1e-15)])
def test_intervals_beside_the_end_of_an_image_far_out(interval):
    """Points beside 1 are exact doubles: their preimages lose nothing, and nodes in y would see a cliff."""
    a, b = interval
    with mp.workdps(DIGITS):
        truth = normal(mp.atanh(mp.mpf(b)) / 3) - normal(mp.atanh(mp.mpf(a)) / 3)
        assert abs(dn.parse("normal(0, 3) >> tanh").prob(a, b) - truth) <= 1e-12 * truth


# Truncations at a place where the density is infinite or 0, and their quantiles of probabilities from below.
CUTS = [
    ("truncate(uniform(-1, 1) >> cube, 0, 1)", lambda q: q**3),
    ("truncate(uniform(-1, 1) >> cube, 0, 0.5)", lambda q: q**3 / 2),
    ("-truncate(uniform(-1, 1) >> cube, -0.5, 0)", lambda q: q**3 / 2),
    ("truncate(truncate(uniform(-1, 1) >> cube, -0.5, 1), 0, 0.5)", lambda q: q**3 / 2),
    ("truncate((uniform(-1, 1) >> cube) + 3, 3, 3.5) - 3", lambda q: q**3 / 2),
    ("truncate(student_t(1) >> cube, 0, inf)", lambda q: mp.tan(q * mp.pi / 2) ** 3),
    ("truncate(uniform(-1, 1) >> signed_power(0.25), 0, 0.5)", lambda q: mp.root(q, 4) / 2),
    ("truncate(uniform(-1, 1) >> signed_power(7), 0, inf)", lambda q: q**7),
]


@pytest.mark.parametrize(("text", "quantile"), CUTS)
@pytest.mark.parametrize("q", [1e-40, 1e-15, 1e-8, 0.01, 0.3])
def test_quantiles_beside_cuts_where_the_density_is_infinite_or_zero(text, quantile, q):
    with mp.workdps(DIGITS):
        truth = quantile(mp.mpf(q))
        assert abs(dn.parse(text).ppf(q) - truth) <= 1e-12 * truth


@pytest.mark.parametrize(("low", "high"), [(30.5, np.inf), (20, np.inf), (20, 22), (-1, 0.5), (3, 3), (5, 2), (0, 60)])
def test_atoms_between_large_masses_are_summed_by_themselves(low, high):
    """Poisson's masses far out beside a normal law: differences of cumulated masses would be nothing or noise."""
    law = dn.parse("mixture([0.5, 0.5], [poisson(3), normal(0, 1)])")
    atoms = sum(mp.exp(-3) * mp.mpf(3) ** k / mp.factorial(k) for k in range(100) if low < k <= high)
    smooth = (mp.ncdf(-low) - mp.ncdf(-high)) if low < high else 0
    assert law.prob(low, high) == pytest.approx(float((atoms + smooth) / 2), rel=1e-13)
    assert law.prob([low, low], [high, low]).tolist() == [law.prob(low, high), 0.0]


# The law, its distribution function by the distance from its lower end or from its upper one, and that end.
ROUNDED_ENDS = [
    ("arcsine(-1, 1)", lambda y: 2 / mp.pi * mp.asin(mp.sqrt((1 + y) / 2)), lambda: mp.mpf(1)),
    ("arcsine(-1, 1) >> asin >> exp", lambda y: mp.log(y) / mp.pi + 0.5, lambda: mp.exp(mp.pi / 2)),
    ("alpha(2)", lambda y: normal(2 - 1 / y) / normal(2), lambda: mp.mpf(0)),
    ("exponential(1) >> softplus", lambda y: -mp.expm1(-softplus_inverse(y)), lambda: mp.log(2)),
    (
        "log_normal(0.5, 0.75) >> softplus",
        lambda y: normal((mp.log(softplus_inverse(y)) - 0.5) / mp.mpf(0.75)),
        lambda: mp.log(2),
    ),
    (
        "exponential(1) >> sinh_arcsinh(0.5, 1.25)",
        lambda y: -mp.expm1(-mp.sinh(mp.asinh(y) / mp.mpf(1.25) - 0.5)),
        lambda: mp.sinh(mp.mpf(1.25) * 0.5),
    ),
    ("gamma(2) >> box_cox(0.3)", lambda y: mp.gammainc(2, 0, boxed(y), regularized=True), lambda: -1 / mp.mpf(0.3)),
    (
        "logit_normal(0.75, 1.25) >> log",
        lambda y: normal((y - mp.log(-mp.expm1(y)) - 0.75) / mp.mpf(1.25)),
        lambda: mp.mpf(0),
    ),
    ("power_function(2.5) >> log", lambda y: mp.exp(mp.mpf(2.5) * y), lambda: mp.mpf(0)),
    (
        "johnson_sb(0.5, 1.25) >> reciprocal",
        lambda y: normal(-(0.5 + mp.mpf(1.25) * -mp.log(y - 1))),
        lambda: mp.mpf(1),
    ),
]


def softplus_inverse(y):
    return mp.log(mp.expm1(y))


def boxed(y):
    return (1 + mp.mpf(0.3) * y) ** (1 / mp.mpf(0.3))


@pytest.mark.parametrize(("text", "cdf", "end"), ROUNDED_ENDS, ids=[row[0] for row in ROUNDED_ENDS])
def test_masses_beside_an_end_and_from_there_to_the_middle(text, cdf, end):
    """Tails, and intervals with one end or both beside the end of a law, which need not be a double."""
    law = dn.parse(text)
    with mp.workdps(400):
        edge, middle = end(), law.median()
        inward = 1 if middle > edge else -1
        for gap in (1e-3, 1e-6, 1e-9, 1e-12):
            near, nearer = (float(edge + inward * step) for step in (gap, gap / 4))
            shares = [cdf(mp.mpf(y)) for y in (nearer, near, middle)]
            tails = shares if inward > 0 else [1 - share for share in shares]
            found = law.cdf([nearer, near]) if inward > 0 else law.sf([nearer, near])
            assert found == pytest.approx([float(tail) for tail in tails[:2]], rel=2e-11)
            for a, b, mass in (
                (nearer, near, tails[1] - tails[0]),
                (near, middle, tails[2] - tails[1]),
                (nearer, middle, tails[2] - tails[0]),
            ):
                low, high = (a, b) if inward > 0 else (b, a)
                assert law.prob(low, high) == pytest.approx(float(mass), rel=2e-11)


def test_members_of_a_batch_beside_a_rounded_end_are_the_single_laws():
    batch = dn.Exponential([1.0, 2.0]) >> dn.Softplus()
    for y in (0.69314718056, 0.6931472, 0.7):
        singles = [(dn.Exponential(scale) >> dn.Softplus()).cdf(y) for scale in (1.0, 2.0)]
        assert batch.cdf(y) == pytest.approx(singles, rel=1e-14)


def test_powers_of_points_that_left_their_anchor_far_behind_do_not_cancel():
    """0.1 as 3/17 - 0.0765 to the 30th power, where (3/17)^30 is ten million times as large."""
    law = dn.parse("weibull(30) >> affine(0.3, -1.7)")
    with mp.workdps(DIGITS + 350):
        cdf = lambda y: mp.exp(-(((mp.mpf(0.3) - y) / mp.mpf(1.7)) ** 30))  # noqa: E731
        for a, b in ((0.13, 0.2992), (0.13, 0.25), (0.1, 0.2), (0.0, 0.2999)):
            assert law.prob(a, b) == pytest.approx(float(cdf(mp.mpf(b)) - cdf(mp.mpf(a))), rel=2e-14)


def test_doubles_beyond_an_end_that_is_none_are_at_it():
    """The support of these ends between two doubles: the first one outside has no density and all the mass on one side."""
    for text, y, share in (
        ("power_function(2.5) >> sinh_arcsinh(0.5, 1.2)", 2.528185211474494, 1.0),
        ("arcsine(-1, 3) >> sinh_arcsinh(0.5, 1.2)", -0.47379156131834083, 0.0),
    ):
        law = dn.parse(text)
        assert (law.cdf(y), law.sf(y)) == (share, 1.0 - share)
        assert not np.isnan(law.logpdf(y))
