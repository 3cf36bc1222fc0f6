"""One law, several names: the shorter ones that `simplify` prefers, and the larger families that a law belongs to.

Of two names the one with fewer parameters is shorter, then the one whose formulas are elementary.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.distributions.identities.table import named, register_identity, widening

JOHNSON = "Johnson, Kotz, Balakrishnan 1 and 2"
SQRT2 = float(np.sqrt(2.0))


def all_are(x: Any, number: float) -> bool:
    return bool(np.all(np.equal(x, number)))


@register_identity("gamma", source=f"{JOHNSON}, ch. 17")
def gamma_name(shape: Any, scale: Any) -> Any:
    if all_are(shape, 1.0):
        return named("exponential", scale)
    return named("chi_squared", 2.0 * shape) if all_are(scale, 2.0) else None


@register_identity("inverse_gamma", source=f"{JOHNSON}, ch. 17 and 22")
def inverse_gamma_name(shape: Any, scale: Any) -> Any:
    if all_are(shape, 0.5):
        return named("levy", 2.0 * scale)
    return named("frechet", 1.0, scale) if all_are(shape, 1.0) else None


@register_identity("chi_squared", source=f"{JOHNSON}, ch. 18")
def chi_squared_name(df: Any) -> Any:
    return named("exponential", 2.0) if all_are(df, 2.0) else None


@register_identity("chi", source=f"{JOHNSON}, ch. 18")
def chi_name(df: Any) -> Any:
    for special, family in ((1.0, "half_normal"), (2.0, "rayleigh"), (3.0, "maxwell")):
        if all_are(df, special):
            return named(family, 1.0)
    return None


@register_identity("weibull", source=f"{JOHNSON}, ch. 21")
def weibull_name(shape: Any, scale: Any) -> Any:
    if all_are(shape, 1.0):
        return named("exponential", scale)
    return named("rayleigh", scale / SQRT2) if all_are(shape, 2.0) else None


@register_identity("beta", source=f"{JOHNSON}, ch. 25")
def beta_name(a: Any, b: Any) -> Any:
    if all_are(a, 1.0) and all_are(b, 1.0):
        return named("uniform", 0.0, 1.0)
    return named("arcsine", 0.0, 1.0) if all_are(a, 0.5) and all_are(b, 0.5) else None


@register_identity("kumaraswamy", source="Jones 2009, section 2")
def kumaraswamy_name(a: Any, b: Any) -> Any:
    return named("beta", a, b) if all_are(a, 1.0) or all_are(b, 1.0) else None


@register_identity("beta_prime", source=f"{JOHNSON}, ch. 20 and 27")
def beta_prime_name(a: Any, b: Any) -> Any:
    if all_are(a, 1.0):
        return named("lomax", b, 1.0)
    return named("f", 2.0 * a, 2.0 * b) if np.all(np.equal(a, b)) else None


@register_identity("f", source=f"{JOHNSON}, ch. 20 and 27")
def f_name(dfnum: Any, dfden: Any) -> Any:
    return named("lomax", 0.5 * dfden, 0.5 * dfden) if all_are(dfnum, 2.0) else None


@register_identity("log_logistic", source=f"{JOHNSON}, ch. 20 and 23")
def log_logistic_name(shape: Any, scale: Any) -> Any:
    return named("lomax", 1.0, scale) if all_are(shape, 1.0) else None


@register_identity("student_t", source=f"{JOHNSON}, ch. 28")
def student_t_name(df: Any, loc: Any, scale: Any) -> Any:
    return named("cauchy", loc, scale) if all_are(df, 1.0) else None


@register_identity("skew_normal", source="Azzalini 1985")
def skew_normal_name(a: Any, loc: Any, scale: Any) -> Any:
    return named("normal", loc, scale) if all_are(a, 0.0) else None


@register_identity("generalized_normal", source="Nadarajah 2005")
def generalized_normal_name(beta: Any, loc: Any, scale: Any) -> Any:
    if all_are(beta, 1.0):
        return named("laplace", loc, scale)
    return named("normal", loc, scale / SQRT2) if all_are(beta, 2.0) else None


@register_identity("continuous_bernoulli", source="definition")
def continuous_bernoulli_name(p: Any) -> Any:
    return named("uniform", 0.0, 1.0) if all_are(p, 0.5) else None


@register_identity("binomial", source="definition")
def binomial_name(n: Any, p: Any) -> Any:
    return named("bernoulli", p) if all_are(n, 1.0) else None


@widening("chi_squared", source=f"{JOHNSON}, ch. 18")
def chi_squared_as_gamma(df: Any) -> Any:
    return named("gamma", 0.5 * df, 2.0)


@widening("exponential", source=f"{JOHNSON}, ch. 17")
def exponential_as_gamma(scale: Any) -> Any:
    return named("gamma", np.ones_like(scale)[()], scale)


@widening("exponential", source=f"{JOHNSON}, ch. 21")
def exponential_as_weibull(scale: Any) -> Any:
    return named("weibull", 1.0, scale)


@widening("rayleigh", source=f"{JOHNSON}, ch. 18")
def rayleigh_as_weibull(scale: Any) -> Any:
    return named("weibull", 2.0, SQRT2 * scale)


@widening("levy", source=f"{JOHNSON}, ch. 12")
def levy_as_inverse_gamma(scale: Any) -> Any:
    return named("inverse_gamma", 0.5, 0.5 * scale)


@widening("frechet", source=f"{JOHNSON}, ch. 22")
def frechet_as_inverse_gamma(shape: Any, scale: Any) -> Any:
    return named("inverse_gamma", 1.0, scale) if all_are(shape, 1.0) else None


@widening("uniform", source=f"{JOHNSON}, ch. 25")
def uniform_as_beta(low: Any, high: Any) -> Any:
    return named("beta", 1.0, 1.0) if all_are(low, 0.0) and all_are(high, 1.0) else None


@widening("arcsine", source=f"{JOHNSON}, ch. 25")
def arcsine_as_beta(low: Any, high: Any) -> Any:
    return named("beta", 0.5, 0.5) if all_are(low, 0.0) and all_are(high, 1.0) else None


@widening("lomax", source=f"{JOHNSON}, ch. 20 and 27")
def lomax_as_beta_prime(a: Any, scale: Any) -> Any:
    return named("beta_prime", 1.0, a) if all_are(scale, 1.0) else None


@widening("lomax", source=f"{JOHNSON}, ch. 20 and 23")
def lomax_as_log_logistic(a: Any, scale: Any) -> Any:
    return named("log_logistic", 1.0, scale) if all_are(a, 1.0) else None


@widening("lomax", source=f"{JOHNSON}, ch. 20 and 27")
def lomax_as_f(a: Any, scale: Any) -> Any:
    return named("f", 2.0, 2.0 * a) if np.all(np.equal(a, scale)) else None


@widening("f", source=f"{JOHNSON}, ch. 27")
def f_as_beta_prime(dfnum: Any, dfden: Any) -> Any:
    """Only where the two agree: F is m/n times shorter."""
    return named("beta_prime", 0.5 * dfnum, 0.5 * dfden) if np.all(np.equal(dfnum, dfden)) else None


@widening("cauchy", source=f"{JOHNSON}, ch. 28")
def cauchy_as_student_t(loc: Any, scale: Any) -> Any:
    return named("student_t", 1.0, loc, scale)


@widening("normal", source="Nadarajah 2005")
def normal_as_generalized_normal(loc: Any, scale: Any) -> Any:
    return named("generalized_normal", 2.0, loc, SQRT2 * scale)


@widening("laplace", source="Nadarajah 2005")
def laplace_as_generalized_normal(loc: Any, scale: Any) -> Any:
    return named("generalized_normal", 1.0, loc, scale)
