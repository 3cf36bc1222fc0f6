"""The wider catalogue of maps of the line against mpmath: values, slopes, inverses, and what anchored numbers keep."""

import numpy as np
import pytest
from mpmath import mp, mpf

from densities import distributions as laws
from densities import transforms
from densities.anchored import Anchored, value
from densities.arrays import quiet
from densities.divergences import kl
from densities.errors import ExpressionError, ParameterError
from densities.expressions import parse
from densities.transforms import Bijection, CdfOf, PpfOf
from densities.validation import check_transform
from tests.catalogue_truths import TRUTHS

EPS = float(np.finfo(float).eps)
SIZES = np.concatenate([10.0 ** np.array([-300, -30, -16, -8, -3]), [0.03, 0.2, 0.7, 1.3, 3.0, 7.0, 20.0, 40.0]])
MAPS = [t for name in TRUTHS for t in transforms.get(name).instances() if t.batch_shape == ()]


def points(t):
    low, high = (float(value(end)) for end in t.domain.edges)
    near = [end + side * step for end in (low, high) if np.isfinite(end) for side in (-1, 1) for step in (1e-3, 1e-9)]
    x = np.concatenate([SIZES, -SIZES, near])
    return np.unique(x[t.domain.interior_contains(x)])


def truth(t, x):
    return TRUTHS[t.name](mpf(x), **{name: mpf(p) for name, p in t.params.items()})


def slope(t, x):
    """dy/dx by a central difference, right to some fifty digits."""
    h = mpf(10) ** -60 * abs(x)
    return (truth(t, x + h) - truth(t, x - h)) / (2 * h)


def digits(x):
    return 800 if abs(x) < 1e-200 or abs(x) > 15 else 300


def conditioned(t, x):
    """How much a rounding of a finite end of the domain moves what lies next to it."""
    lost = 0.0
    for end in t.domain.edges:
        if np.isfinite(end) and end not in (0.0, 1.0):
            lost = max(lost, abs(end) / abs(x - end))
    return lost


@pytest.mark.slow
@pytest.mark.parametrize("t", MAPS, ids=str)
def test_values_slopes_and_inverses(t):
    """y to a few roundings of y and x, log|dy/dx| to as many, and back through anchored numbers to x itself."""
    x = points(t)
    with quiet():
        y, log_det = t.forward_and_log_det(x)
        exact, anchored_log_det = t.forward_and_log_det(Anchored.exact(x))
        again, back = t.inverse_and_log_det(exact)
        plain = t.forward(x)
    log_det, anchored_log_det, back = (np.broadcast_to(value(a), x.shape) for a in (log_det, anchored_log_det, back))
    np.testing.assert_array_equal(plain, y)
    for i, point in enumerate(x):
        with mp.workdps(digits(point)):
            right, rise = truth(t, point), slope(t, mpf(point))
            allowed = 64 * EPS * (1 + conditioned(t, point))
            if abs(right) > 1e-300:
                assert abs(mpf(y[i]) - right) <= allowed * (abs(right) + abs(rise * point)), (point, y[i], float(right))
            if abs(rise) < mpf(10) ** -700:
                continue  # the difference has lost it
            log_rise = mp.log(abs(rise))
            for found in (log_det[i], anchored_log_det[i]):
                assert abs(mpf(found) - log_rise) <= allowed * (1 + abs(log_rise)), (point, found, float(log_rise))
            # Next to a limit the distance is kept; elsewhere x is known as y is. SciPy's ndtri_exp is right to 3e-13.
            saturated = abs(point) > 1e-2 and np.broadcast_to(exact.log_offset, x.shape)[i] < -40.0
            lost = mpf(0) if saturated else abs(right / (rise * point))
            allowed_back = 4096 * EPS * (1 + conditioned(t, point))
            assert abs(mpf(value(again)[i]) - mpf(point)) <= allowed_back * (1 + lost) * abs(mpf(point)), point
            assert abs(mpf(back[i]) + log_rise) <= 2 * allowed_back * (1 + abs(log_rise)), point


@pytest.mark.parametrize("t", MAPS, ids=str)
def test_inverses_cancel_by_value(t):
    assert isinstance(t, Bijection)
    assert str(t >> t.inv) == "identity"
    assert str(t.inv >> t) == "identity"
    assert t.inv.inv is t


LAWS = [
    laws.Normal(1, 2),
    laws.Gamma(2),
    laws.Beta(0.5, 3),
    laws.Cauchy(),
    laws.Mixture([0.3, 0.7], [laws.Normal(0, 1), laws.Normal(4, 2)]),
    laws.Normal(0, 1) >> transforms.Exp(),
    laws.truncate(laws.Normal(0, 1), 1, np.inf),
]


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_distribution_functions_of_laws_come_back_from_both_tails(law):
    x = np.array([law.ppf(logp=log) for log in (-650.0, -40.0, -1.0)] + [law.isf(logp=log) for log in (-1.0, -40.0)])
    with quiet():
        y = CdfOf(law).forward(Anchored.exact(x))
        np.testing.assert_allclose(value(CdfOf(law).inverse(y)), x, rtol=2e-13)
    assert str(CdfOf(law) >> PpfOf(law)) == "identity"
    text = str(law >> CdfOf(law))
    assert str(parse(text)) == text and parse(text).same_as(law >> CdfOf(law))


def test_a_law_through_its_own_distribution_function_is_uniform():
    law = parse("normal(0, 1) >> cdf_of(normal(0, 1))")
    assert law.cdf(1e-300) == pytest.approx(1e-300, rel=1e-12)
    assert law.sf(1 - 2.0**-53) == pytest.approx(2.0**-53, rel=1e-13)
    np.testing.assert_allclose(law.logpdf([1e-300, 0.2, 0.99]), 0.0, atol=1e-12)
    back = law >> PpfOf(laws.Normal(0, 1))
    assert back.same_as(laws.Normal(0, 1))


@pytest.mark.parametrize("y", [1e-200, 1e-9, 0.3, 2.0, 20.0, 37.0])
def test_both_tails_of_a_chain_of_distribution_functions(y):
    """X normal, through the logistic distribution function and the exponential quantile: X = log(e^Y - 1)."""
    law = parse("normal(0, 1) >> cdf_of(logistic()) >> ppf_of(exponential())")
    with mp.workdps(400):
        x = mp.log(mp.expm1(y))
        below, above = mp.log(mp.erfc(-x / mp.sqrt(2)) / 2), mp.log(mp.erfc(x / mp.sqrt(2)) / 2)
        density = -x * x / 2 - mp.log(2 * mp.pi) / 2 + y - x
    found = np.array([law.logcdf(y), law.logsf(y), law.logpdf(y)])
    np.testing.assert_allclose(found, [float(below), float(above), float(density)], rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    "t", [CdfOf(laws.Normal(1, 2)), CdfOf(laws.Gamma(2)), PpfOf(laws.Logistic())], ids=["normal", "gamma", "logistic"]
)
def test_distribution_functions_of_laws_obey_the_laws_of_maps(t):
    check_transform(t).require()


def test_what_has_no_inverse_distribution_function_is_refused():
    gap = laws.Mixture([0.5, 0.5], [laws.Uniform(0, 1), laws.Uniform(2, 3)])
    with pytest.raises(ParameterError, match=r"law: expected a law with mass in \(1, 2\)"):
        CdfOf(gap)
    for law in (laws.Poisson(3), laws.Normal(0, 1) >> transforms.Relu(), laws.Dirichlet([1.0, 2.0])):
        with pytest.raises(ParameterError, match="without atoms"):
            CdfOf(law)
    with pytest.raises(ExpressionError):
        parse("cdf_of")


def mobius(loc, scale):
    """tan maps the upper half plane into itself, so tan of a Cauchy variable is one (G. Letac, Proc. AMS 67, 1977)."""
    image = mp.tan(mp.mpc(loc, scale))
    return laws.Cauchy(float(image.real), float(image.imag))


@pytest.mark.slow
@pytest.mark.parametrize(("loc", "scale"), [(0.3, 1.0), (0.0, 2.0), (-4.0, 0.05), (1.0, 50.0)])
def test_tan_of_a_cauchy_variable_is_a_cauchy_variable(loc, scale):
    law, right = laws.Cauchy(loc, scale) >> transforms.Tan(), mobius(loc, scale)
    y = np.array([-1e8, -3.0, -0.2, 0.0, 1.0, 40.0, 1e6])
    for name in ("pdf", "cdf", "sf"):
        np.testing.assert_allclose(getattr(law, name)(y), getattr(right, name)(y), rtol=3e-12)
    assert law.ppf(0.9) == pytest.approx(right.ppf(0.9), rel=1e-10)
    assert np.isnan(law.mean()) and law.var() == np.inf


def test_tan_of_a_normal_variable_through_its_poles():
    """Far out only the density at the poles is left."""
    law = laws.Normal(0, 5) >> transforms.Tan()
    poles = sum(mp.npdf(mp.pi * (k + mpf(1) / 2), 0, 5) for k in range(-60, 60))
    assert law.sf(10.0) == pytest.approx(0.031725517430553569515, rel=1e-13)
    assert law.sf(1e20) == pytest.approx(float(poles) * 1e-20, rel=1e-13)
    assert law.isf(1e-30) == pytest.approx(float(poles) * 1e30, rel=1e-12)
    narrow = laws.Normal(1.5, 0.1) >> transforms.Tan()
    with mp.workdps(40):
        inside = sum(mp.ncdf(mp.pi * k + mp.atan(3), 1.5, mpf("0.1")) - mp.ncdf(mp.pi * (k - mpf(1) / 2), 1.5, mpf("0.1"))
                     for k in range(-3, 5))  # fmt: skip
    assert narrow.cdf(3.0) == pytest.approx(float(inside), rel=1e-13)
    assert isinstance(transforms.Atan().inv, Bijection) and parse("atan").inv.same_as(parse("principal_tan"))


@pytest.mark.parametrize("width", [1e-3, 0.3, 5.0, 20.0, 100.0, pytest.param(1e6, marks=pytest.mark.slow)])
@pytest.mark.parametrize("y", [0.2955, -0.9])
def test_sines_of_normal_variables_of_any_width(width, y):
    """Σ of the density over the branches, by the theta series of the wrapped normal where it is wide."""
    law = laws.Normal(0.3, width) >> transforms.Sin()
    with mp.workdps(60):
        loc, size, turn = mpf(0.3), mpf(width), 2 * mp.pi
        angles = (mp.asin(mpf(y)), mp.pi - mp.asin(mpf(y)))
        if width < 3:
            wrapped = sum(mp.npdf(a + turn * k, loc, size) for a in angles for k in range(-12, 13))
        else:
            waves = [(n, mp.exp(-((n * size) ** 2) / 2)) for n in range(1, 8)]
            wrapped = sum((1 + 2 * sum(w * mp.cos(n * (a - loc)) for n, w in waves)) / turn for a in angles)
        density = float(wrapped / mp.sqrt(1 - mpf(y) ** 2))
    assert law.pdf(y) == pytest.approx(density, rel=3e-12, abs=1e-300)
    assert law.cdf(y) + law.sf(y) == pytest.approx(1.0, rel=1e-12)
    assert law.rvs(5, rng=0).shape == (5,)


def test_waves_of_wide_laws_with_edges_and_heavy_tails():
    law = laws.Cauchy(0.3, 1) >> transforms.Cos()
    assert law.mean() == pytest.approx(float(np.exp(-1) * np.cos(0.3)), rel=1e-12)
    long = laws.Uniform(0, 1e5) >> transforms.Sin()
    turns = 1e5 / (2 * np.pi)
    rest = (turns - np.floor(turns)) * 2 * np.pi  # of the last, unfinished turn, 5.7 > π
    low, high = np.arcsin(0.25), np.pi - np.arcsin(0.25)
    assert rest > high
    below = np.floor(turns) * (2 * np.pi - (high - low)) + low + (rest - high)
    assert long.cdf(0.25) == pytest.approx(below / 1e5, rel=1e-12)
    assert str((laws.Uniform(0, 200 * np.pi) >> transforms.Sin()).simplify()) == "arcsine(low=-1, high=1)"


def test_banana_shears_without_changing_volume():
    t = transforms.Banana(0.5)
    x = np.array([[1.0, 2.0], [-3.0, 0.25]])
    np.testing.assert_array_equal(t(x), [[1.0, 2.5], [-3.0, 4.75]])
    np.testing.assert_array_equal(t.inv(t(x)), x)
    np.testing.assert_array_equal(t.jacobian(x), [[[1, 0], [1, 1]], [[1, 0], [-3, 1]]])
    law = laws.Product([laws.Normal(0, 1), laws.Normal(0, 2)]) >> t
    np.testing.assert_allclose(law.logpdf(t(x)), laws.Normal(0, 1).logpdf(x[:, 0]) + laws.Normal(0, 2).logpdf(x[:, 1]))
    check_transform(t).require()


@pytest.mark.parametrize("y", [-1e3, -1e10, -9e15, -1e20, -1e100])
def test_tails_of_a_tangent_come_from_next_to_its_poles(y):
    law = laws.Normal(0.3, 1) >> transforms.Tan()
    poles = [(k - mpf(0.5)) * mp.pi - mpf(0.3) for k in range(-8, 9)]
    with mp.workdps(60):
        beside = mp.atan(-1 / mpf(y))
        truth = sum(mp.ncdf(pole + beside) - mp.ncdf(pole) for pole in poles)
    if abs(y) > 1e15:
        truth = sum(map(mp.npdf, poles)) / abs(y)
    assert law.cdf(y) == pytest.approx(float(truth), rel=1e-12)


@pytest.mark.parametrize(
    "text", ["leaky_tanh(1.5)", "log_tanh(0.7)", "elu(0.7)", "yeo_johnson(0.3)", "leaky_relu(0.2)"]
)
def test_kinks_of_maps_are_known_to_quadrature(text):
    pushed = parse(f"student_t(1.03, -1.45, 0.181) >> {text}")
    found = kl(pushed, laws.Cauchy(), method="quadrature")
    assert found.status.ok
    assert found.error < 1e-9 * found.value
