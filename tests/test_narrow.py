"""Laws narrower than the rounding of their place, against 50 digits of the exact doubles that they are made of."""

import warnings

import numpy as np
import pytest
from mpmath import mp, mpf

import densities as dn
from densities.arrays import quiet
from densities.distributions.narrow import reduced, stretched
from densities.errors import AccuracyWarning
from densities.estimate import Status


def close(found, truth, rel=1e-14):
    with mp.workdps(60):
        return abs(mpf(float(found)) - truth) <= rel * abs(truth)


def normal_kl(m1, s1, m2, s2):
    return mp.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - mpf(1) / 2


# A law, and its place and width as exact numbers.
CHAINS = [
    (lambda: 3 * dn.Normal(0.1, 1e-15), lambda: (3 * mpf(0.1), 3 * mpf(1e-15))),
    (lambda: dn.Normal(1, 1e-17) / 3, lambda: (mpf(1) / 3, mpf(1e-17) / 3)),
    (lambda: (dn.Normal(0.1, 1e-15) - 0.1 - 1e8) * 1e9, lambda: (mpf(-1e17), mpf(1e-15) * 1e9)),
    (lambda: dn.Normal(0.1, 1e-15) - 0.1 - 1e8 + 1e8, lambda: (mpf(0), mpf(1e-15))),
    (
        lambda: (dn.Normal(7.3, 1e-9) * 0.1) * 3 + 0.7,
        lambda: (mpf(7.3) * mpf(0.1) * 3 + mpf(0.7), mpf(1e-9) * mpf(0.1) * 3),
    ),
    (lambda: -(dn.Normal(0.0, 1.0) * 1e-3 + 1e13) / 7, lambda: ((mpf(10) ** 13) / -7, mpf(1e-3) / 7)),
]


@pytest.mark.parametrize("case", range(len(CHAINS)))
def test_lines_round_nothing(case):
    make, truth = CHAINS[case]
    with mp.workdps(60):
        law, (place, width) = make(), truth()
        for z in (-2.5, -0.3, 0.0, 1.7):
            y = float(place + width * mpf(z))
            exact = (mpf(y) - place) / width
            if abs(exact) < 30:
                assert close(law.cdf(y), mp.ncdf(exact), 1e-13 * (1 + abs(exact) ** 2))
                assert close(law.sf(y), mp.ncdf(-exact), 1e-13 * (1 + abs(exact) ** 2))
                assert close(law.logpdf(y), mp.log(mp.npdf(exact) / width))
        if place == 0:
            assert close(law.ppf(0.7), width * mp.sqrt(2) * mp.erfinv(mpf(0.4)), 1e-15)


def test_intervals_and_mixtures_of_narrow_laws():
    with mp.workdps(60):
        place, width = 3 * mpf(0.1), 3 * mpf(1e-15)
        a, b = 0.1 * 3, 0.1 * 3 + 1e-15
        exact = mp.ncdf((mpf(b) - place) / width) - mp.ncdf((mpf(a) - place) / width)
        assert close((3 * dn.Normal(0.1, 1e-15)).prob(a, b), exact)
        two = dn.Mixture([0.5, 0.5], [dn.Normal(1, 1e-15), dn.Normal(2.1, 1e-15)]) * 3
        exact = mp.ncdf((mpf(2.1) * 3 - mpf(2.1 * 3)) / width) / 2
        assert close(two.sf(2.1 * 3), exact)


def test_members_of_a_batch_are_narrow_each_by_itself():
    law, y = dn.Normal(np.array([0.1, 1.0, 0.0]), np.array([1e-15, 1e-17, 1.0])) / 3, np.array([0.1 / 3, 1 / 3, 0.2])
    with mp.workdps(60):
        for found, m, s, at in zip(law.cdf(y), (0.1, 1.0, 0.0), (1e-15, 1e-17, 1.0), y, strict=True):
            assert close(found, mp.ncdf((mpf(float(at)) * 3 - mpf(m)) / mpf(s)), 1e-13)


@pytest.mark.parametrize("method", ["auto", "quadrature", "montecarlo"])
def test_divergences_of_narrow_laws(method):
    p, q = 3 * dn.Normal(0.1, 1e-15), dn.Normal(0.3, 3e-15)
    with mp.workdps(60):
        exact = normal_kl(3 * mpf(0.1), 3 * mpf(1e-15), mpf(0.3), mpf(3e-15))
        found = dn.kl(p, q, method=method, n=2**12, rng=1)
        assert abs(found.value - exact) <= 4 * found.error
        assert method == "montecarlo" or found.error < 1e-11 * exact


def test_a_simplified_law_stands_where_its_law_does():
    law = dn.Normal(0.5794976203966047, 8.2e-16) / 143650.89 - 4.03e-06
    assert law.simplify() is law
    assert (2 * dn.Normal(1e5, 1.0)).simplify().same_as(dn.Normal(2e5, 2.0))


def test_what_rounds_to_one_is_no_identity():
    law = (dn.Normal(1, 1e-17) * 3) * (1 / 3)
    with mp.workdps(60):
        assert close(law.cdf(1.0), mp.ncdf((1 / (3 * mpf(1 / 3)) - 1) / mpf(1e-17)))


def test_curves_are_taken_in_as_many_digits_as_they_round_away():
    with mp.workdps(60):
        law, y = np.exp(dn.Normal(100, 1e-14)), float(mp.exp(100))
        exact = mp.ncdf((mp.log(mpf(y)) - 100) / mpf(1e-14))
        assert close(law.cdf(y), exact)
        b = float(np.nextafter(y, np.inf))
        assert close(law.prob(y, b), mp.ncdf((mp.log(mpf(b)) - 100) / mpf(1e-14)) - exact)


def test_many_points_of_a_narrow_curve_have_their_error_told():
    law = np.exp(dn.Normal(10, 1e-9))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(AccuracyWarning, match="of the width of the law"):
            law.cdf(np.full(5000, 22026.0))
    with pytest.raises(dn.errors.UnsupportedOperationError, match="at most 4096"):
        np.exp(dn.Normal(100, 1e-14)).cdf(np.full(5000, 2.7e43))


def test_the_error_of_a_divergence_holds_what_curves_round():
    y = float(np.exp(100.0))
    found = dn.kl(np.exp(dn.Normal(100, 1e-12)), dn.Normal(y, y * 2e-12), method="quadrature")
    with mp.workdps(60):
        # To 1e-12 of its width the exponential is straight.
        exact = normal_kl(mp.exp(100), mp.exp(100) * mpf(1e-12), mpf(y), mpf(y) * mpf(2e-12))
    assert abs(found.value - exact) <= found.error
    assert found.status is Status.NOT_CONVERGED


@pytest.mark.parametrize(("x", "loc", "scale"), [(0.1, 0.7, 3.0), (1e8, -0.1, 1 / 3), (-5.0, 1e-9, 1e17)])
def test_lines_and_their_inverses_to_a_hundred_bits(x, loc, scale):
    with mp.workdps(60), quiet():
        for found, exact in (
            (stretched(x, loc, scale), mpf(loc) + mpf(scale) * mpf(x)),
            (reduced(x, loc, scale), (mpf(x) - mpf(loc)) / mpf(scale)),
        ):
            total = mpf(float(found.anchor)) + mpf(float(found.offset))
            assert abs(total - exact) <= mpf(2) ** -102 * max(abs(exact), abs(mpf(loc)))


@pytest.mark.parametrize(("text", "place"), [("normal(0, 1) >> softplus", 1e14), ("normal(0.5, 2) >> exp", 1e12)])
def test_variances_far_from_0_are_those_at_0(text, place):
    law = dn.parse(text)
    np.testing.assert_allclose((law + place).var(), law.var(), rtol=1e-12)


@pytest.mark.parametrize(
    "text", ["normal(1e-9, 1) >> square", "exp(cos(logistic(0, 2)))", "(normal(1e-12, 1) >> square) + 5"]
)
def test_maps_that_turn_make_no_law_narrow(text):
    """Though the ends of the middle half have images that lie within a rounding of each other."""
    assert dn.parse(text).narrowness.anywhere == 0.0


@pytest.mark.parametrize("scale", [1e-7, 1e-8, 1e-9, 1e-10, 1e-12])
@pytest.mark.parametrize("loc", [0.0, 3.0])
def test_variances_of_images_of_narrow_laws_are_right_or_told(scale, loc):
    """var e^X = (e^s² - 1) e^(2m + s²): the distances of rounded points from the mean are rounded too."""
    with mp.workdps(50), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        truth = mp.expm1(mp.mpf(scale) ** 2) * mp.exp(2 * loc + mp.mpf(scale) ** 2)
        found = (dn.Normal(loc, scale) >> dn.Exp()).var()
        assert abs(found - truth) <= 1e-8 * truth or any(w.category is dn.AccuracyWarning for w in told)


@pytest.mark.parametrize("width", [4e-15, 1e-13, 4e-12, 1e-10, 1e-8])
@pytest.mark.parametrize(
    ("text", "mean", "scale", "inverse"),
    [
        ("sinh(laplace(100, 0.001))", 100.0, 0.001, mp.asinh),
        ("sqrt(exp(laplace(100, 0.001)))", 100.0, 0.001, lambda y: 2 * mp.log(y)),
        ("laplace(3, 1e-5)**3", 3.0, 1e-5, mp.cbrt),
    ],
)
def test_slivers_of_images_of_narrow_laws(text, mean, scale, inverse, width):
    """Preimages of the ends of an interval are rounded each by itself: where that costs more than the density has lost."""
    law = dn.parse(text)
    for level in (1e-20, 0.01, 0.3, 0.9):
        a = law.ppf(level)
        b = a + a * width
        with mp.workdps(60):
            low, high = ((inverse(mp.mpf(end)) - mp.mpf(mean)) / mp.mpf(scale) for end in (a, b))
            truth = (mp.exp(high) - mp.exp(low)) / 2 if high < 0 else (mp.exp(-low) - mp.exp(-high)) / 2
        assert law.prob(a, b) == pytest.approx(float(truth), rel=1e-9, abs=0.0)


@pytest.mark.skipif(np.finfo(np.longdouble).eps == np.finfo(float).eps, reason="long doubles are doubles here")
@pytest.mark.parametrize(
    ("text", "loc", "scale", "forward", "inverse"),
    [
        ("exp", 100.25, 2.0**-9, mp.exp, mp.log),
        ("sqrt >> exp", 2.0**16, 1.0, lambda x: mp.exp(mp.sqrt(x)), lambda y: mp.log(y) ** 2),
        ("reciprocal", -(2.0**17), 1.0, lambda x: 1 / x, lambda y: 1 / y),
        ("cube", 2.0**18, 1.0, lambda x: x**3, mp.cbrt),
        ("atan", 2.0**18, 1.0, mp.atan, mp.tan),
        ("asinh >> affine(loc=-0.1, scale=3)", 2.0**15, 1.0, lambda x: 3 * mp.asinh(x) - 0.1, None),
    ],
    ids=["exp", "root and exp", "reciprocal", "cube", "atan", "asinh and line"],
)
def test_tails_of_curved_images_of_laws_far_from_0(text, loc, scale, forward, inverse):
    inverse = inverse or (lambda y: mp.sinh((y + mp.mpf(0.1)) / 3))
    base = dn.Normal(loc, scale) if text != "sqrt >> exp" else dn.truncate(dn.Normal(loc, scale), 0, np.inf)
    law = base >> dn.parse(text)
    with mp.workdps(60):
        y = np.array([float(forward(mp.mpf(loc) + scale * mp.mpf(z))) for z in (-37.0, -9.3, 0.4, 21.0, 36.0)])
        z = [(inverse(mp.mpf(v)) - loc) / scale for v in y.tolist()]
        z = [-v for v in z] if text == "reciprocal" else z
        below = [float(mp.erfc(-v / mp.sqrt(2)) / 2) for v in z]
        above = [float(mp.erfc(v / mp.sqrt(2)) / 2) for v in z]
    np.testing.assert_allclose(law.cdf(y), below, rtol=1e-12)
    np.testing.assert_allclose(law.sf(y), above, rtol=1e-12)


M = mpf(2.0**-17)
# What lies beside the image of an end: the law, P(Y <= y) by hand, and points.
BESIDE_IMAGES = {
    "1": (
        lambda: 1 / dn.LogitNormal(12.5, 5.5) - 1,
        lambda y: mp.erfc((mp.log(y) + 12.5) / -mpf(5.5) / mp.sqrt(2)) / 2,
        [3e-9, 1e-12, 1e-15],
    ),
    "root of 2": (
        lambda: np.log(np.sqrt(2 + dn.Exponential(2.0**-17)) - 1),
        lambda y: -mp.expm1((2 - (mp.exp(y) + 1) ** 2) / M),
        [-0.88137358, -0.88137],
    ),
    "exp of 1 in digits": (
        lambda: np.exp(10 * (0.1 + dn.Exponential(2.0**-17))),
        lambda y: -mp.expm1((mpf(0.1) - mp.log(y) / 10) / M),
        [2.7182818284591, 2.7183],
    ),
    "cube of 1": (
        lambda: dn.Pareto(1e5) ** 3 - 1,
        lambda y: -mp.expm1(-mpf(1e5) * mp.log1p(y) / 3),
        [1e-14, 1e-9, 1e-5],
    ),
    "quarter of pi": (
        lambda: 4 * np.arctan(1 + dn.Exponential(2.0**-17)),
        lambda y: -mp.expm1((1 - mp.tan(y / 4)) / M),
        [3.1415926535899, 3.1416],
    ),
}


@pytest.mark.skipif(np.finfo(np.longdouble).eps == np.finfo(float).eps, reason="long doubles are doubles here")
@pytest.mark.parametrize("name", BESIDE_IMAGES)
def test_narrow_laws_beside_the_image_of_an_end(name):
    make, below, points = BESIDE_IMAGES[name]
    law = make()
    with mp.workdps(60):
        truth = [below(mpf(y)) for y in points]
        slope = [mp.log(mp.diff(below, mpf(y), h=mpf(10) ** -35)) for y in points]
        np.testing.assert_allclose(law.cdf(points), [float(p) for p in truth], rtol=2e-14)
        np.testing.assert_allclose(law.sf(points), [float(1 - p) for p in truth], rtol=2e-14)
        np.testing.assert_allclose(law.logpdf(points), [float(v) for v in slope], rtol=1e-13)


@pytest.mark.parametrize("y", [-2.0, -1.0, 1.0, 3.0])
def test_points_outside_need_no_digits(y):
    """tanh(normal(17, 0.3)) is 1e-14 wide, its cube too: beyond its ends there is nothing that rounding could hide."""
    law = dn.Normal(17, 0.3) >> dn.Tanh() >> dn.Cube()
    assert (law.pdf(y), law.logpdf(y)) == (0.0, -np.inf)
    assert (law.cdf(y), law.sf(y)) == ((0.0, 1.0) if y < 0 else (1.0, 0.0))
    amid = law.pdf([y, 0.5, np.nan])
    assert amid[0] == 0.0
    assert amid[1] == law.pdf(0.5)
    assert np.isnan(amid[2])
