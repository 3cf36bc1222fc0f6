"""exp, log and the odds x/(1 - x): between the families on the line, those on the half-line and those on (0, 1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.distributions.identities.moves import Line, firm, near, steady
from densities.distributions.identities.table import along, named, register_identity
from densities.distributions.truncated import Truncated

JOHNSON = "Johnson, Kotz, Balakrishnan 1 and 2"


def log_of(x: Any, unit: Any) -> Any:
    """log x, NaN where its rounding is not small beside `unit`."""
    return steady(np.log(x), unit)


@register_identity("normal", "exp", source=f"{JOHNSON}, ch. 14")
def exp_of_normal(loc: Any, scale: Any) -> Any:
    return named("log_normal", loc, scale)


@register_identity("log_normal", "log", source=f"{JOHNSON}, ch. 14")
def log_of_log_normal(mu: Any, sigma: Any) -> Any:
    return named("normal", mu, sigma)


@register_identity("logistic", "exp", source=f"{JOHNSON}, ch. 23")
def exp_of_logistic(loc: Any, scale: Any) -> Any:
    return named("log_logistic", 1.0 / scale, firm(np.exp(loc), 1.0 / scale))


@register_identity("log_logistic", "log", source=f"{JOHNSON}, ch. 23")
def log_of_log_logistic(shape: Any, scale: Any) -> Any:
    return named("logistic", log_of(scale, 1.0 / shape), 1.0 / shape)


@register_identity("gumbel", "exp", source=f"{JOHNSON}, ch. 22")
def exp_of_gumbel(loc: Any, scale: Any) -> Any:
    return named("frechet", 1.0 / scale, firm(np.exp(loc), 1.0 / scale))


@register_identity("gumbel", "line", "exp", source=f"{JOHNSON}, ch. 22")
def exp_of_turned_gumbel(loc: Any, scale: Any, line: Line) -> Any:
    """exp(-X), exp of the law of minima."""
    if not line.down:
        return None
    shape = 1.0 / line.stretched(scale)
    return named("weibull", shape, firm(np.exp(line.moved(loc, scale)), shape))


@register_identity("frechet", "log", source=f"{JOHNSON}, ch. 22")
def log_of_frechet(shape: Any, scale: Any) -> Any:
    return named("gumbel", log_of(scale, 1.0 / shape), 1.0 / shape)


@register_identity("weibull", "log", source=f"{JOHNSON}, ch. 22")
def log_of_weibull(shape: Any, scale: Any) -> Any:
    """The law of minima: a Gumbel variable turned round."""
    return along(named("gumbel", -log_of(scale, 1.0 / shape), 1.0 / shape), 0.0, -1.0)


@register_identity("exponential", "exp", source=f"{JOHNSON}, ch. 20")
def exp_of_exponential(scale: Any) -> Any:
    return named("pareto", 1.0 / scale, 1.0)


@register_identity("exponential", "line", "exp", source=f"{JOHNSON}, ch. 20")
def exp_of_moved_exponential(scale: Any, line: Line) -> Any:
    """Pareto, or the power of a uniform variable."""
    begin, rate = np.exp(line.shift / line.divisor), 1.0 / line.stretched(scale)
    if line.up:
        return named("pareto", rate, firm(begin, rate))
    if not line.down:
        return None
    if np.all(np.equal(rate, 1.0)):
        return named("uniform", 0.0, begin)
    return named("beta", rate, 1.0) if line.through_origin else None


@register_identity("pareto", "log", source=f"{JOHNSON}, ch. 20")
def log_of_pareto(a: Any, xm: Any) -> Any:
    begin = np.log(xm)
    exponential = named("exponential", 1.0 / a)
    return exponential if np.all(np.equal(begin, 0.0)) else along(exponential, steady(begin, 1.0 / a))


@register_identity("uniform", "log", source=f"{JOHNSON}, ch. 19")
def log_of_uniform(low: Any, high: Any) -> Any:
    """-log(X/high) is exponential for a variable on (0, high), and truncated where the variable begins above 0."""
    end = steady(np.log(high), 1.0)
    if np.all(np.equal(low, 0.0)):
        return along(named("exponential", 1.0), end, -1.0)
    scalar = np.ndim(low) == 0 and np.ndim(high) == 0 and low > 0
    return along(Truncated(named("exponential", 1.0), 0.0, np.log(high / low)), end, -1.0) if scalar else None


@register_identity("beta", "log", source=f"{JOHNSON}, ch. 25")
def log_of_beta(a: Any, b: Any) -> Any:
    if np.all(np.equal(b, 1.0)):
        return along(named("exponential", 1.0 / a), 0.0, -1.0)
    return along(named("exponentiated_weibull", b, 1.0, 1.0), 0.0, -1.0) if np.all(np.equal(a, 1.0)) else None


@register_identity("lomax", "log", source=f"{JOHNSON}, ch. 23")
def log_of_lomax(a: Any, scale: Any) -> Any:
    """Lomax(1) is the odds of a uniform variable, Lomax(a) those of a power turned round."""
    if np.all(np.equal(a, 1.0)):
        return named("logistic", log_of(scale, 1.0), 1.0)
    return along(named("generalized_logistic", a, -log_of(scale, 1.0), 1.0), 0.0, -1.0)


@register_identity("beta", "odds", source=f"{JOHNSON}, ch. 27")
def odds_of_beta(a: Any, b: Any) -> Any:
    return named("beta_prime", a, b)


@register_identity("beta_prime", "unodds", source=f"{JOHNSON}, ch. 27")
def unodds_of_beta_prime(a: Any, b: Any) -> Any:
    return named("beta", a, b)


@register_identity("student_t", "asinh", "line", "exp", source=f"{JOHNSON}, ch. 28")
def student_t_to_beta_prime(df: Any, loc: Any, scale: Any, line: Line) -> Any:
    """exp(2 asinh(T/√n)) = (√(n + T²) + T)/(√(n + T²) - T), the odds of a beta variable."""
    standard = np.all(np.equal(loc, 0.0)) and near(scale * np.sqrt(df), 1.0)
    return named("beta_prime", 0.5 * df, 0.5 * df) if standard and line == Line(0.0, 2.0) else None


@register_identity("cauchy", "asinh", "line", "exp", source=f"{JOHNSON}, ch. 28")
def cauchy_to_beta_prime(loc: Any, scale: Any, line: Line) -> Any:
    return student_t_to_beta_prime(1.0, loc, scale, line)


@register_identity("beta_prime", "log", "line", "sinh", source=f"{JOHNSON}, ch. 28")
def beta_prime_to_student_t(a: Any, b: Any, line: Line) -> Any:
    """sinh(log(X)/2) = T/√n with n = 2a = 2b."""
    half = line.is_multiple(0.5) and np.all(np.equal(a, b))
    return named("student_t", 2.0 * a, 0.0, 1.0 / np.sqrt(2.0 * a)) if half else None
