"""Parameters that are arrays of torch and JAX: values of NumPy, derivatives of mpmath or of differences, or a typed refusal."""

from functools import cache, partial

import mpmath as mp
import numpy as np
import pytest

import densities as dn
from densities.anchored import value
from densities.distributions import registry
from densities.foreign.numbers import Foreign

torch = pytest.importorskip("torch", reason="torch is an extra")
jax = pytest.importorskip("jax", reason="jax is an extra")
pytestmark = [
    pytest.mark.extras,
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:There is a performance drop"),
]

jax.config.update("jax_enable_x64", True)
LEVELS = np.array([1e-5, 0.1, 0.5, 0.9, 1.0 - 1e-5])
SHAPES = (1e-4, 0.3, 1.0, 2.5, 9.99, 10.0, 1e3, 1e8)


def by_torch(function, parameter, y):
    """The values at y, and the derivative of each in the parameter."""
    moving = torch.full(np.shape(y), parameter, dtype=torch.float64, requires_grad=True)
    values = function(moving, torch.tensor(y))
    (slopes,) = torch.autograd.grad(values.sum(), moving)
    return values.detach().numpy(), slopes.numpy()


@cache
def compiled(function):
    """The value and the derivative one point at a time, compiled once for all parameters."""
    return jax.jit(jax.vmap(jax.value_and_grad(function), (None, 0)))


def by_jax(function, parameter, y):
    """The same, compiled, one point at a time."""
    return tuple(map(np.asarray, compiled(function)(float(parameter), y)))


def log_density_of(make, parameter, y):
    return make(parameter).logpdf(y)


GAMMA = partial(log_density_of, dn.Gamma)


LIBRARIES = pytest.mark.parametrize("library", [by_torch, by_jax])


def differences(function, p, h):
    """dF/dp by central differences of fourth order."""
    return (8 * (function(p + h) - function(p - h)) - (function(p + 2 * h) - function(p - 2 * h))) / (12 * h)


@pytest.mark.parametrize("shape", SHAPES)
@LIBRARIES
def test_the_shape_of_gamma_laws(library, shape):
    law = dn.Gamma(shape)
    y = law.ppf(np.array([0.1, 0.5, 0.9, 0.999]))
    y = y[y > 0]
    values, slopes = library(GAMMA, shape, y)
    with mp.workdps(50):
        truth = [float(mp.log(mp.mpf(x)) - mp.digamma(mp.mpf(shape))) for x in y]
    np.testing.assert_allclose(values, law.logpdf(y), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(slopes, truth, rtol=1e-12)


def test_derivatives_in_the_shape_of_second_order():
    found = jax.jit(jax.grad(jax.grad(lambda a: dn.Gamma(a).logpdf(0.7))))(12.5)
    assert float(found) == pytest.approx(-float(mp.psi(1, 12.5)), rel=1e-13)


# (the law of a parameter, where the derivative at 1 or 1/2 of a coefficient that is 0 there counts)
IDLE = {
    "chi": (dn.Chi, 1.0, lambda a, y: mp.log(y) - (mp.log(2) + mp.digamma(a / 2)) / 2),
    "weibull": (dn.Weibull, 1.0, lambda c, y: 1 / c + mp.log(y) - y**c * mp.log(y)),
    "beta": (lambda a: dn.Beta(a, 1.0), 1.0, lambda a, y: mp.log(y) - mp.digamma(a) + mp.digamma(a + 1)),
    "nakagami": (
        dn.Nakagami,
        0.5,
        lambda m, y: mp.log(m) + 1 - mp.digamma(m) + 2 * mp.log(y) - y**2,
    ),
}


@pytest.mark.parametrize("name", IDLE)
@LIBRARIES
def test_a_power_that_vanishes_has_its_slope(library, name):
    make, parameter, truth = IDLE[name]
    y = np.array([0.2, 0.7, 0.95])
    values, slopes = library(lambda p, y: make(p).logpdf(y), parameter, y)
    np.testing.assert_allclose(values, make(parameter).logpdf(y), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(slopes, [float(truth(mp.mpf(parameter), mp.mpf(x))) for x in y], rtol=1e-11)


COUNTS = np.array([0.0, 1.0, 2.0, 7.0])
DISCRETE = {
    "bernoulli": (dn.Bernoulli, 0.3),
    "binomial": (lambda p: dn.Binomial(20, p), 0.3),
    "many trials": (lambda p: dn.Binomial(10**6, p), 2e-6),
    "geometric": (dn.Geometric, 0.3),
    "negative binomial in n": (lambda n: dn.NegativeBinomial(n, 0.4), 3.0),
    "negative binomial in p": (lambda p: dn.NegativeBinomial(3.0, p), 0.4),
    "poisson": (dn.Poisson, 3.0),
    "zipf": (dn.Zipf, 2.1),
    "steep zipf": (dn.Zipf, 30.0),
}


@pytest.mark.parametrize("name", DISCRETE)
@LIBRARIES
def test_masses_and_their_slopes_in_a_parameter_are_right(library, name):
    make, parameter = DISCRETE[name]
    expected = make(parameter).logpmf(COUNTS)
    inside = np.isfinite(expected)
    k = COUNTS[inside]
    values, slopes = library(lambda p, k: make(p).logpmf(k), parameter, k)
    np.testing.assert_allclose(values, expected[inside], rtol=1e-12, atol=1e-14)
    numeric = differences(lambda p: make(p).logpmf(k), parameter, 1e-3 * parameter)
    np.testing.assert_allclose(slopes, numeric, rtol=1e-8, atol=1e-12 * np.abs(numeric).max() + 1e-10)
    off = torch.tensor([-1.0, 0.5, np.inf, np.nan], dtype=torch.float64)
    law = make(torch.tensor(parameter, dtype=torch.float64))
    np.testing.assert_array_equal(law.logpmf(off).numpy(), [-np.inf, -np.inf, -np.inf, np.nan])
    np.testing.assert_allclose(law.pmf(torch.tensor(k)).numpy(), np.exp(expected[inside]), rtol=1e-12)


def test_parameters_of_masses_are_checked():
    with pytest.raises(dn.ParameterError, match="poisson: mu"):
        dn.Poisson(torch.tensor(-1.0))
    with pytest.raises(dn.ParameterError, match="binomial: p"):
        dn.Binomial(3, torch.tensor(1.5))


@LIBRARIES
def test_where_the_density_has_a_limit(library):
    """At the ends of the support and where the density is infinite or 0 inside, with gradients that poison no sum."""
    cases = [(dn.Gamma, 0.5, 3.0), (dn.Weibull, 0.7), (dn.DoubleGamma, 0.5, 1e4), (lambda a: dn.Beta(a, 2.0), 0.5)]
    cases += [(lambda d: dn.Dagum(2.0, d), 0.1), (lambda s: dn.LogNormal(0.0, s), 0.5)]
    y = np.array([0.0])
    for make, *parameters in cases:
        log_density = partial(log_density_of, make)
        for parameter in parameters:
            values, slopes = library(log_density, parameter, y)
            np.testing.assert_array_equal(values, make(parameter).logpdf(y))
            assert not np.isnan(slopes).any()


@LIBRARIES
def test_location_and_scale_move_the_points(library):
    """Every method of the standard member serves: tails and quantiles that have no formula there too."""
    y = np.array([0.4, 1.3, 2.9])
    for make in (lambda s: dn.Gamma(2.5, s), lambda s: dn.StudentT(3.0, 0.2, s), lambda s: dn.Moyal(0.1, s)):
        for method in ("logpdf", "pdf", "cdf", "logsf"):
            values, slopes = library(lambda s, y, make=make, method=method: getattr(make(s), method)(y), 1.7, y)
            np.testing.assert_allclose(values, getattr(make(1.7), method)(y), rtol=1e-12)
            numeric = differences(lambda s, make=make, method=method: getattr(make(s), method)(y), 1.7, 1e-3)
            np.testing.assert_allclose(slopes, numeric, rtol=1e-8, atol=1e-10)
        values, slopes = library(lambda s, q, make=make: make(s).ppf(q), 1.7, np.array([0.1, 0.7]))
        np.testing.assert_allclose(values, make(1.7).ppf(np.array([0.1, 0.7])), rtol=1e-12)
        numeric = differences(lambda s, make=make: make(s).ppf(np.array([0.1, 0.7])), 1.7, 1e-3)
        np.testing.assert_allclose(slopes, numeric, rtol=1e-8)
    found = dn.Normal(torch.tensor(1.0), 2.0).ppf(logp=torch.tensor([-0.5, -3.0]))
    np.testing.assert_allclose(found, dn.Normal(1.0, 2.0).ppf(logp=np.array([-0.5, -3.0])), rtol=1e-5)


def test_points_of_numpy_beside_such_a_parameter():
    y = np.array([0.3, 1.0, 4.0])
    for make, parameter in ((dn.Gamma, 2.5), (dn.StudentT, 3.0), (lambda m: dn.Normal(m, 1.0), 0.5)):
        numeric = differences(lambda p, make=make: make(p).logpdf(y).sum(), parameter, 1e-3)
        assert float(jax.grad(lambda p, make=make: make(p).logpdf(y).sum())(parameter)) == pytest.approx(
            numeric, rel=1e-8
        )
        p = torch.tensor(parameter, dtype=torch.float64, requires_grad=True)
        make(p).logpdf(y).sum().backward()
        assert p.grad.item() == pytest.approx(numeric, rel=1e-8)


@pytest.mark.parametrize(
    "make", [dn.Gamma, lambda a: dn.Beta(a, 2.0), dn.ChiSquared], ids=["gamma", "beta", "chi_squared"]
)
def test_tails_in_a_shape_are_refused_when_asked_for(make):
    for method in ("cdf", "logsf"):
        with pytest.raises(dn.UnsupportedOperationError):
            jax.grad(lambda a, method=method: getattr(make(a), method)(0.5))(2.5)
        with pytest.raises(dn.UnsupportedOperationError):
            jax.jit(jax.grad(lambda a, method=method: getattr(make(a), method)(0.5)))(2.5)
        p = torch.tensor(2.5, dtype=torch.float64, requires_grad=True)
        with pytest.raises(dn.UnsupportedOperationError):
            getattr(make(p), method)(0.5).backward()


def test_what_left_the_doubles_on_its_way_is_no_number():
    """e^y is 0, and its density infinite."""
    y = np.array([-1e3, -0.5])
    found = dn.LogGamma(torch.tensor(0.25, dtype=torch.float64)).logpdf(y).numpy()
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(dn.LogGamma(0.25).logpdf(-0.5), rel=1e-14)


def test_constants_beside_truth_values_are_not_rounded():
    chosen = np.log(np.where(Foreign(torch.tensor([True, False])), 0.5, 0.1)).array
    assert chosen.tolist() == pytest.approx([np.log(0.5), np.log(0.1)], rel=1e-15)


# Where z = (x - low)/(high - low) rounds beside the upper end, and 1 - z keeps few digits.
ROUNDED = {"arcsine": 1e-6, "triangular": 1e-6}


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e4, 1e8])
@pytest.mark.parametrize("name", registry.names())
def test_every_parameter_has_slopes_or_a_refusal(name, scale):
    """Values of NumPy and no NaN among derivatives, or a typed refusal, with the parameter far out too."""
    entry = registry.get(name)
    for example in entry.examples[:2]:
        for key in example:
            try:
                parameters = {**example, key: float(example[key]) * scale}
                law = entry.factory(**parameters)
            except (dn.DensitiesError, TypeError):
                continue
            if law.event_shape:
                continue
            y = np.unique(law.ppf(LEVELS))
            low, high = (float(value(end)) for end in law.support.edges)
            y = y[np.isfinite(y) & ((y > low) & (y < high) | (law.measure != "lebesgue"))]
            method = "logpdf" if law.measure == "lebesgue" else "logpmf"
            expected = getattr(law, method)(y)
            if not y.size:
                continue

            def moved(p, y, parameters=parameters, key=key, method=method):
                return getattr(entry.factory(**{**parameters, key: p}), method)(y)

            try:
                values, slopes = by_torch(moved, parameters[key], y)
            except dn.UnsupportedOperationError:
                continue
            told = ~np.isnan(values)  # NaN where only anchored numbers reach
            assert (told[1:].all() and told[0]) or name == "log_gamma"
            np.testing.assert_allclose(values[told], expected[told], rtol=ROUNDED.get(name, 1e-10), atol=1e-10)
            # A cusp, and a mode at an end, where the law has no derivative in it.
            cusp = parameters.get("beta", 1.0) < 1.0 or parameters.get("mode", 0.0) == parameters.get("right", 1.0)
            assert cusp or not np.isnan(slopes[told]).any()
