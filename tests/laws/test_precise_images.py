"""Families that are images of others, to 40 digits, against the densities of textbooks in the parameters as they are given."""

import mpmath
import numpy as np
import pytest
from mpmath import asinh, cos, cosh, exp, expm1, log, log1p, pi, sqrt

import densities as dn
from densities.distributions import registry
from densities.distributions.continuous.image import Image

PRECISE = mpmath.workdps(300)


def normal(z):
    return -z * z / 2 - log(2 * pi) / 2


def logit(x):
    return log(x) - log1p(-x)


def log_root(c, z):
    """log (1 + cz)^(1/c)."""
    return log1p(c * z) / c if c else z


def log_decay(h, t):
    """log (1 - ht)^(1/h)."""
    return log1p(-h * t) / h if h else -t


def kappa4(z, h, k):
    t = exp(-log_root(-k, z))
    return (1 - k) * -log_root(-k, z) + (1 - h) * log_decay(h, t)


def inverse_gaussian_of(x, mean, lam):
    return log(lam / (2 * pi * x)) / 2 - lam * (1 - mean * x) ** 2 / (2 * mean**2 * x)


def noncentral(x, df, nonc):
    if nonc == 0:
        return (df / 2 - 1) * log(x) - x / 2 - df / 2 * log(2) - mpmath.loggamma(df / 2)
    bessel = log(mpmath.besseli(df / 2 - 1, sqrt(nonc * x)))
    return bessel - log(2) - (x + nonc) / 2 + (df / 4 - mpmath.mpf(1) / 2) * log(x / nonc)


# log f of the standard member at z, with the shape parameters in their order.
TEXTBOOK = {
    "anglit": lambda z: log(cos(2 * z)),
    "alpha": lambda z, a: normal(a - 1 / z) - 2 * log(z) - log(mpmath.ncdf(a)),
    "birnbaum_saunders": lambda z, c: normal((sqrt(z) - 1 / sqrt(z)) / c) + log(sqrt(z) + 1 / sqrt(z)) - log(2 * c * z),
    "burr": lambda z, c, d: log(c * d) + (c - 1) * log(z) - (d + 1) * log1p(z**c),
    "dagum": lambda z, c, d: log(c * d) - (c + 1) * log(z) - (d + 1) * log1p(z**-c),
    "exponential_power": lambda z, b: log(b) + (b - 1) * log(z) + 1 + z**b - exp(z**b),
    "exponentiated_weibull": lambda z, a, c: log(a * c) + (c - 1) * log(z) - z**c + (a - 1) * log(-expm1(-(z**c))),
    "generalized_extreme_value": lambda z, c: (1 - c) * -log_root(-c, z) - exp(-log_root(-c, z)),
    "generalized_logistic": lambda z, c: log(c) - z - (c + 1) * log1p(exp(-z)),
    "generalized_pareto": lambda z, c: -(1 + c) * log_root(c, z),
    "gompertz": lambda z, c: log(c) + z - c * expm1(z),
    "half_logistic": lambda z: log(2) - z - 2 * log1p(exp(-z)),
    "hyperbolic_secant": lambda z: -log(pi * cosh(z)),
    "johnson_sb": lambda z, a, b: normal(a + b * logit(z)) + log(b / z / (1 - z)),
    "johnson_su": lambda z, a, b: normal(a + b * asinh(z)) + log(b) - log1p(z * z) / 2,
    "kappa4": kappa4,
    "log_cauchy": lambda z, mu, sigma: log(sigma / pi / z / (sigma**2 + (log(z) - mu) ** 2)),
    "log_gamma": lambda z, c: c * z - exp(z) - mpmath.loggamma(c),
    "log_laplace": lambda z, c: log(c / 2 / z) - c * abs(log(z)),
    "logit_normal": lambda z, mu, sigma: normal((logit(z) - mu) / sigma) - log(sigma * z * (1 - z)),
    "moyal": lambda z: -(z + exp(-z)) / 2 - log(2 * pi) / 2,
    "noncentral_chi_squared": noncentral,
    "power_function": lambda z, a: log(a) + (a - 1) * log(z),
    "reciprocal_inverse_gaussian": inverse_gaussian_of,
    "rice": lambda z, b: log(z) - (z * z + b * b) / 2 + log(mpmath.besseli(0, b * z)),
    "semicircular": lambda z: log(2 / pi) + log1p(-z * z) / 2,
}
# Other parameters than the examples have: not one is a short number, nor is its reciprocal.
MORE = [
    ("burr", {"c": 1 / 3, "d": 0.1, "scale": 0.7}),
    ("gompertz", {"c": 0.3, "scale": 0.1}),
    ("generalized_pareto", {"c": 1e-12, "loc": 0.1, "scale": 0.3}),
    ("johnson_su", {"a": 0.1, "b": 0.3, "loc": 1 / 3, "scale": 0.7}),
    ("kappa4", {"h": 0.3, "k": -0.1, "loc": 0.1, "scale": 0.7}),
    ("noncentral_chi_squared", {"df": 0.7, "nonc": 1e4 / 3}),
]
SLOW = {"noncentral_chi_squared", "rice"}


def cases():
    for name, parameters in [*((name, dict(registry.get(name).examples[0])) for name in TEXTBOOK), *MORE]:
        yield pytest.param(name, parameters, id=f"{name}-{parameters}", marks=[pytest.mark.slow] * (name in SLOW))


def textbook(law, digits=300):
    """x -> log f(x), by mpmath."""
    loc, scale = (mpmath.mpf(law.params[name]) if name else default for name, default in places(law))
    shapes = [mpmath.mpf(p) for name, p in law.params.items() if name not in (law.location_name, law.scale_name)]

    def log_density(x):
        with mpmath.workdps(digits):
            return TEXTBOOK[law.name]((mpmath.mpf(x) - loc) / scale, *shapes) - log(scale)

    return log_density


def places(law):
    return (law.location_name, 0), (law.scale_name, 1)


def close(found, truth, digits=40):
    with PRECISE:
        return abs(found - truth) <= mpmath.mpf(10) ** -digits * max(1, abs(truth))


def test_no_image_is_left_out():
    laws = {entry.name: entry.factory(**dict(entry.examples[0])) for entry in registry if entry.examples}
    assert {name for name, law in laws.items() if isinstance(law, Image)} <= TEXTBOOK.keys()


@pytest.mark.parametrize(("name", "parameters"), list(cases()))
def test_densities_are_those_of_textbooks(name, parameters):
    """Amid the mass, and where a hundredth, 1e-12 and 1e-100 of it are left on either side."""
    law = registry.get(name)(**parameters)
    truth = textbook(law)
    points = [law.ppf(0.4), *(side(tail) for side in (law.ppf, law.isf) for tail in (0.01, 1e-12, 1e-100))]
    inside = [x for x in points if law.support.interior_contains(x)]
    assert len(inside) >= 3
    for x in inside:
        assert close(law.logpdf(x, dps=50), truth(x))


def test_points_beside_an_end_keep_their_distance_from_it():
    """On the way they are 1 + 1e-200 and 1 - 1e-200."""
    with PRECISE:
        scale, x = mpmath.mpf(0.3), mpmath.mpf(1e-200)
        small = -expm1(-10 * log1p(mpmath.mpf(0.1) * x / scale) / (10 * mpmath.mpf(0.1)))
        large = 2 * exp(-mpmath.mpf(461.2)) / (1 + exp(-mpmath.mpf(461.2)))
    assert close(log(dn.GeneralizedPareto(0.1, scale=0.3).cdf(1e-200, dps=50) / small), 0)
    assert close(log(dn.HalfLogistic().sf(461.2, dps=50) / large), 0)
    found = dn.GeneralizedPareto(-0.4).isf(1e-100, dps=50)
    with PRECISE:
        c = mpmath.mpf(0.4)
        gap = 1 / c - found
        assert abs(gap * c / mpmath.mpf(1e-100) ** c - 1) < mpmath.mpf(10) ** -9  # of 50 digits 40 are the end's


def test_quantiles_and_combinations():
    c, scale = mpmath.mpf(0.3), mpmath.mpf(0.1)
    gompertz = dn.Gompertz(0.3, scale=0.1)
    with PRECISE:
        quantile = scale * log1p(-log(mpmath.mpf(1e-300)) / c)
        upper = exp(-c * expm1(mpmath.mpf(0.25) / scale))
        mixed = (upper + 3 * exp(-mpmath.mpf(0.25))) / 4
        truncated = upper / exp(-c * expm1(mpmath.mpf(0.1) / scale))
    assert close(gompertz.isf(1e-300, dps=50), quantile)
    assert close(gompertz.sf(0.25, dps=50), upper)
    assert close(dn.truncate(gompertz, 0.1, np.inf).sf(0.25, dps=50), truncated)
    assert close(dn.Mixture([0.25, 0.75], [gompertz, dn.Exponential()]).sf(0.25, dps=50), mixed)
    assert close((1 / gompertz).cdf(4.0, dps=50), upper)


# Pairs, and points between which the integrand is smooth.
PAIRS = [
    ("gompertz(0.7)", "gompertz(3, 2)", [0, 1, 3, 6]),
    ("johnson_su(0.6, 1.4)", "johnson_su(0.7, 1.1)", [-mpmath.inf, -2, 0, 2, mpmath.inf]),
]


@pytest.mark.slow
@pytest.mark.parametrize(("p", "q", "points"), PAIRS)
def test_divergences_of_images_hold_22_digits(p, q, points):
    p, q = dn.parse(p), dn.parse(q)
    f, g = textbook(p, 32), textbook(q, 32)
    with mpmath.workdps(32):
        truth = mpmath.quad(lambda x: exp(f(x)) * (f(x) - g(x)), points)
    assert close(dn.kl(p, q, dps=22).detail["mpf"], truth, 22)
