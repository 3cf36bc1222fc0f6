"""Powers: X^p, 1/X, √X, X² and |X|^p, for families built on a gamma, exponential, beta or normal variable."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.distributions.identities.moves import Exponent, Line, firm, steady
from densities.distributions.identities.table import named, register_identity

JOHNSON = "Johnson, Kotz, Balakrishnan 1 and 2"


def gamma_power(shape: Any, scale: Any, p: Any) -> Any:
    """(scale·G)^p for G gamma of this shape: G itself, its reciprocal, a root that has a name, or a generalised gamma."""
    if np.all(np.equal(p, 1.0)):
        return named("gamma", shape, scale)
    if np.all(np.equal(p, -1.0)):
        return named("inverse_gamma", shape, 1.0 / scale)
    if np.all(np.equal(p, 0.5)):
        return _root_of_gamma(shape, scale)
    if not (np.all(p > 0) or np.all(p < 0)) or np.all(np.equal(shape, 1.0)):
        return None
    return named("generalized_gamma", shape, 1.0 / p, firm(scale**p, 1.0 / p))


def _root_of_gamma(shape: Any, scale: Any) -> Any:
    for special, family in ((0.5, "half_normal"), (1.0, "rayleigh"), (1.5, "maxwell")):
        if np.all(np.equal(shape, special)):
            return named(family, np.sqrt(0.5 * scale))
    if np.all(np.equal(shape, 1.0)):
        return None
    return (
        named("chi", 2.0 * shape) if np.all(np.equal(scale, 2.0)) else named("nakagami", shape, np.sqrt(shape * scale))
    )


@register_identity("gamma", "power", source=f"{JOHNSON}, ch. 17 and 18")
def gamma_to_power(shape: Any, scale: Any, p: Exponent) -> Any:
    return gamma_power(shape, scale, p.value)


@register_identity("inverse_gamma", "power", source="definition")
def inverse_gamma_to_power(shape: Any, scale: Any, p: Exponent) -> Any:
    if p.is_(-0.5) and np.all(np.equal(shape, 0.5)):
        return named("half_normal", np.sqrt(0.5 / scale))
    return gamma_power(shape, 1.0 / scale, -p.value)


@register_identity("chi", "power", source="definition")
def chi_to_power(df: Any, p: Exponent) -> Any:
    return gamma_power(0.5 * df, 2.0, p.times(0.5))


@register_identity("maxwell", "power", source=f"{JOHNSON}, ch. 18")
def maxwell_to_power(scale: Any, p: Exponent) -> Any:
    return gamma_power(1.5, 2.0 * scale * scale, p.times(0.5))


@register_identity("half_normal", "power", source=f"{JOHNSON}, ch. 18")
def half_normal_to_power(scale: Any, p: Exponent) -> Any:
    if p.is_(-2.0):
        return named("levy", 1.0 / (scale * scale))
    return gamma_power(0.5, 2.0 * scale * scale, p.times(0.5))


@register_identity("levy", "power", source="Levy(c) is c/Z² for a standard normal Z")
def levy_to_power(scale: Any, p: Exponent) -> Any:
    if p.is_(-0.5):
        return named("half_normal", 1.0 / np.sqrt(scale))
    return gamma_power(0.5, 2.0 / scale, -p.value)


@register_identity("weibull", "power", source=f"{JOHNSON}, ch. 21 and 22")
def weibull_to_power(shape: Any, scale: Any, p: Exponent) -> Any:
    if not p.one_sign:
        return None
    return _member_of_power("weibull" if p.positive else "frechet", np.abs(p.divide(shape)), p.of(scale))


@register_identity("rayleigh", "power", source=f"{JOHNSON}, ch. 18")
def rayleigh_to_power(scale: Any, p: Exponent) -> Any:
    """X² is exponential."""
    return weibull_to_power(1.0, 2.0 * scale * scale, Exponent(p.numerator, 2.0 * p.denominator))


@register_identity("frechet", "power", source=f"{JOHNSON}, ch. 22")
def frechet_to_power(shape: Any, scale: Any, p: Exponent) -> Any:
    if not p.one_sign:
        return None
    return _member_of_power("frechet" if p.positive else "weibull", np.abs(p.divide(shape)), p.of(scale))


def _member_of_power(family: str, shape: Any, scale: Any) -> Any:
    return named(family, shape, firm(scale, shape))


@register_identity("log_normal", "power", source=f"{JOHNSON}, ch. 14")
def log_normal_to_power(mu: Any, sigma: Any, p: Exponent) -> Any:
    spread = np.abs(p.times(sigma))
    return named("log_normal", steady(p.times(mu), spread), spread)


@register_identity("log_logistic", "power", source=f"{JOHNSON}, ch. 23")
def log_logistic_to_power(shape: Any, scale: Any, p: Exponent) -> Any:
    return _member_of_power("log_logistic", np.abs(p.divide(shape)), p.of(scale))


@register_identity("pareto", "power", source=f"{JOHNSON}, ch. 20")
def pareto_to_power(a: Any, xm: Any, p: Exponent) -> Any:
    """X^p is Pareto; 1/X is a power of a uniform variable."""
    if p.positive:
        return _member_of_power("pareto", p.divide(a), p.of(xm))
    if p.negative and np.all(np.equal(xm, 1.0)):
        return named("beta", -p.divide(a), 1.0)
    return _member_of_power("power_function", -p.divide(a), p.of(xm)) if p.negative else None


@register_identity("uniform", "power", source="inversion of F(y) = y^(1/p)")
def uniform_to_power(low: Any, high: Any, p: Exponent) -> Any:
    if not np.all(np.equal(low, 0.0)):
        return None
    if p.negative:
        return _member_of_power("pareto", -p.divide(1.0), p.of(high))
    return _member_of_power("power_function", p.divide(1.0), p.of(high)) if p.positive else None


@register_identity("beta", "power", source=f"{JOHNSON}, ch. 25")
def beta_to_power(a: Any, b: Any, p: Exponent) -> Any:
    if np.all(np.equal(b, 1.0)):
        return _power_of_power_law(a, p)
    return named("kumaraswamy", p.divide(1.0), b) if p.positive and np.all(np.equal(a, 1.0)) else None


def _power_of_power_law(a: Any, p: Exponent) -> Any:
    if p.positive:
        return named("beta", p.divide(a), 1.0)
    return named("pareto", -p.divide(a), 1.0) if p.negative else None


@register_identity("kumaraswamy", "power", source="Jones 2009, section 2")
def kumaraswamy_to_power(a: Any, b: Any, p: Exponent) -> Any:
    return named("kumaraswamy", p.divide(a), b) if p.positive else None


@register_identity("beta_prime", "power", source=f"{JOHNSON}, ch. 27")
def beta_prime_to_power(a: Any, b: Any, p: Exponent) -> Any:
    if p.is_(0.5) and np.all(np.equal(a, 0.5)) and np.all(np.equal(b, 0.5)):
        return named("half_cauchy", 1.0)
    return named("beta_prime", b, a) if p.is_(-1.0) else None


@register_identity("f", "power", source=f"{JOHNSON}, ch. 27")
def f_to_power(dfnum: Any, dfden: Any, p: Exponent) -> Any:
    for exponent, (one, other) in ((0.5, (dfnum, dfden)), (-0.5, (dfden, dfnum))):
        if p.is_(exponent) and np.all(np.equal(one, 1.0)):
            return named("half_student_t", other, 1.0)
    return named("f", dfden, dfnum) if p.is_(-1.0) else None


@register_identity("cauchy", "power", source=f"{JOHNSON}, ch. 16")
def reciprocal_of_cauchy(loc: Any, scale: Any, p: Exponent) -> Any:
    """1/(loc + i scale) holds the new location and scale."""
    size = np.hypot(loc, scale)
    return named("cauchy", loc / size / size, scale / size / size) if p.is_(-1.0) else None


@register_identity("half_cauchy", "power", source=f"{JOHNSON}, ch. 16")
def half_cauchy_to_power(scale: Any, p: Exponent) -> Any:
    if p.is_(-1.0):
        return named("half_cauchy", 1.0 / scale)
    return named("f", 1.0, 1.0) if (p.is_(2.0) or p.is_(-2.0)) and np.all(np.equal(scale, 1.0)) else None


@register_identity("normal", "abs", source="definition")
def abs_of_normal(loc: Any, scale: Any) -> Any:
    return _folded("half_normal", loc, scale) or named("folded_normal", np.abs(loc) / scale, scale)


@register_identity("cauchy", "abs", source="definition")
def abs_of_cauchy(loc: Any, scale: Any) -> Any:
    return _folded("half_cauchy", loc, scale) or named("folded_cauchy", np.abs(loc) / scale, scale)


@register_identity("laplace", "abs", source="definition")
def abs_of_laplace(loc: Any, scale: Any) -> Any:
    return _folded("exponential", loc, scale)


@register_identity("skew_normal", "abs", source="Azzalini 1985, property C")
def abs_of_skew_normal(a: Any, loc: Any, scale: Any) -> Any:
    return _folded("half_normal", loc, scale)


def _folded(family: str, loc: Any, scale: Any) -> Any:
    return named(family, scale) if np.all(np.equal(loc, 0.0)) else None


@register_identity("uniform", "abs", source="definition")
def abs_of_uniform(low: Any, high: Any) -> Any:
    return named("uniform", 0.0, high) if np.all(np.equal(low, np.negative(high))) else None


@register_identity("student_t", "abs", "power", source=f"{JOHNSON}, ch. 28")
def square_of_student_t(df: Any, loc: Any, scale: Any, p: Exponent) -> Any:
    if not (np.all(np.equal(loc, 0.0)) and np.all(np.equal(scale, 1.0))):
        return None
    return named("f", 1.0, df) if p.is_(2.0) else named("f", df, 1.0) if p.is_(-2.0) else None


@register_identity("generalized_normal", "abs", "power", source="Nadarajah 2005, section 2")
def power_of_generalized_normal(beta: Any, loc: Any, scale: Any, p: Exponent) -> Any:
    if not np.all(np.equal(loc, 0.0)):
        return None
    if np.all(np.equal(p.value, beta)):
        return named("gamma", 1.0 / beta, p.of(scale))
    return named("inverse_gamma", 1.0 / beta, p.of(scale)) if np.all(np.equal(p.value, np.negative(beta))) else None


@register_identity("beta_prime", "line", "power", source=f"{JOHNSON}, ch. 27")
def reciprocal_of_one_plus(a: Any, b: Any, line: Line, p: Exponent) -> Any:
    """1/(1 + X) is 1 less X/(1 + X)."""
    return named("beta", b, a) if line == Line(1.0) and p.is_(-1.0) else None


@register_identity("beta", "power", "line", source=f"{JOHNSON}, ch. 27")
def reciprocal_less_one(a: Any, b: Any, p: Exponent, line: Line) -> Any:
    """1/X - 1 is (1 - X)/X."""
    return named("beta_prime", b, a) if line == Line(-1.0) and p.is_(-1.0) else None
