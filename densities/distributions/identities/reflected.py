"""Waves, hyperbolic functions, reflections, halves and rounded variables: identities beyond those of powers and exp."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.distributions.identities.exponentials import log_of
from densities.distributions.identities.moves import Exponent, Line, near
from densities.distributions.identities.names import SQRT2, all_are
from densities.distributions.identities.table import along, named, register_identity

JOHNSON = "Johnson, Kotz, Balakrishnan 1 and 2"
KEMP = "Johnson, Kemp, Kotz"
HALF_TURN = 0.5 * np.pi
# 1 - p keeps its digits beside 1, as do the powers of it that are the far tail.
PLENTY = 0.1


def centred(loc: Any, scale: Any, size: float) -> bool:
    return all_are(loc, 0.0) and near(scale, size)


# ---- angles ----


@register_identity("arcsine", "abs", "power", source=f"{JOHNSON}, ch. 25: the sine squared")
def square_of_arcsine(low: Any, high: Any, p: Exponent) -> Any:
    return named("arcsine", 0.0, 1.0) if all_are(low, -1.0) and all_are(high, 1.0) and p.is_(2.0) else None


@register_identity("uniform", "acos", source="definition")
def acos_of_uniform(low: Any, high: Any) -> Any:
    return named("anglit", HALF_TURN, 2.0) if all_are(low, -1.0) and all_are(high, 1.0) else None


@register_identity(
    "cauchy", "asinh", source=f"{JOHNSON}, ch. 23: sinh(log H) = (H - 1/H)/2 for the tangent H of half an angle"
)
def asinh_of_cauchy(loc: Any, scale: Any) -> Any:
    return named("hyperbolic_secant", 0.0, 1.0) if centred(loc, scale, 1.0) else None


@register_identity("hyperbolic_secant", "sinh", source=f"{JOHNSON}, ch. 23")
def sinh_of_hyperbolic_secant(loc: Any, scale: Any) -> Any:
    return named("cauchy", 0.0, 1.0) if centred(loc, scale, 1.0) else None


@register_identity("hyperbolic_secant", "gudermannian", source="definition")
def gudermannian_of_hyperbolic_secant(loc: Any, scale: Any) -> Any:
    return named("uniform", -HALF_TURN, HALF_TURN) if centred(loc, scale, 1.0) else None


# ---- Student's law with two degrees of freedom, and logistic variables ----


@register_identity("student_t", "asinh", source=f"{JOHNSON}, ch. 28: the distribution function is algebraic")
def asinh_of_student_t(df: Any, loc: Any, scale: Any) -> Any:
    return named("logistic", 0.0, 0.5) if all_are(df, 2.0) and centred(loc, scale * SQRT2, 1.0) else None


@register_identity("logistic", "sinh", source=f"{JOHNSON}, ch. 28")
def sinh_of_logistic(loc: Any, scale: Any) -> Any:
    return named("student_t", 2.0, 0.0, 1.0 / SQRT2) if centred(loc, scale, 0.5) else None


@register_identity("half_logistic", "exp", "unodds", source=f"{JOHNSON}, ch. 23")
def sigmoid_of_half_logistic(scale: Any) -> Any:
    return named("uniform", 0.5, 1.0) if near(scale, 1.0) else None


@register_identity("log_normal", "line", "power", source="Johnson 1949")
def reciprocal_of_one_plus_log_normal(mu: Any, sigma: Any, line: Line, p: Exponent) -> Any:
    return named("logit_normal", np.negative(mu), sigma) if line == Line(1.0) and p.is_(-1.0) else None


@register_identity("logit_normal", "power", "line", source="Johnson 1949")
def reciprocal_of_logit_normal_less_one(mu: Any, sigma: Any, p: Exponent, line: Line) -> Any:
    return named("log_normal", np.negative(mu), sigma) if line == Line(-1.0) and p.is_(-1.0) else None


# ---- halves of normal variables ----


@register_identity("half_normal", "normal_cdf", source="probability integral transform")
def cdf_of_half_normal(scale: Any) -> Any:
    return named("uniform", 0.5, 1.0) if near(scale, 1.0) else None


@register_identity("half_normal", "line", "normal_cdf", source="probability integral transform")
def cdf_of_turned_half_normal(scale: Any, line: Line) -> Any:
    return named("uniform", 0.0, 0.5) if line.through_origin and near(line.ratio * scale, -1.0) else None


# ---- squares of centred variables ----


@register_identity("beta", "line", "abs", "power", source=f"{JOHNSON}, ch. 25")
def square_of_centred_beta(a: Any, b: Any, line: Line, p: Exponent) -> Any:
    """(2X - 1)² for a = b is the share of a gamma variable of shape 1/2."""
    centre = np.all(np.equal(2.0 * line.shift, np.negative(line.factor)))
    if not (np.all(np.equal(a, b)) and centre and p.is_(2.0)):
        return None
    law, factor = named("beta", 0.5, a), np.square(0.5 * line.ratio)
    return law if all_are(factor, 1.0) else along(law, 0.0, factor)


@register_identity("semicircular", "abs", "power", source=f"{JOHNSON}, ch. 25")
def square_of_semicircular(loc: Any, scale: Any, p: Exponent) -> Any:
    law = named("beta", 0.5, 1.5) if all_are(loc, 0.0) and p.is_(2.0) else None
    return law if all_are(scale, 1.0) else along(law, 0.0, scale * scale)


@register_identity("triangular", "abs", source="definition")
def abs_of_triangular(left: Any, mode: Any, right: Any) -> Any:
    even = all_are(mode, 0.0) and np.all(np.equal(np.negative(left), right))
    return named("triangular", mode, mode, right) if even else None


# ---- logarithms and exponentials ----


def log_of_gamma_power(a: Any, c: float, scale: Any) -> Any:
    """log of scale·Gamma(a)^(1/c)."""
    return named("log_gamma", a, log_of(scale, 1.0 / c), 1.0 / c)


@register_identity("chi", "log", source=f"{JOHNSON}, ch. 17 and 18")
def log_of_chi(df: Any) -> Any:
    return log_of_gamma_power(0.5 * df, 2.0, SQRT2)


@register_identity("maxwell", "log", source=f"{JOHNSON}, ch. 17 and 18")
def log_of_maxwell(scale: Any) -> Any:
    return log_of_gamma_power(1.5, 2.0, SQRT2 * scale)


@register_identity("nakagami", "log", source=f"{JOHNSON}, ch. 17")
def log_of_nakagami(nu: Any, scale: Any) -> Any:
    return log_of_gamma_power(nu, 2.0, scale / np.sqrt(nu))


@register_identity("half_generalized_normal", "log", source="Nadarajah 2005")
def log_of_half_generalized_normal(beta: Any, scale: Any) -> Any:
    return log_of_gamma_power(1.0 / beta, beta, scale)


@register_identity("gompertz", "exp", source=f"{JOHNSON}, ch. 22")
def exp_of_gompertz_alone(c: Any, scale: Any) -> Any:
    return along(named("exponential", 1.0 / c), 1.0) if all_are(scale, 1.0) else None


# ---- reflections ----


def complement(p: Any) -> Any:
    """1 - p, NaN where that loses digits."""
    rest = 1.0 - p
    return np.where(near(1.0 - rest, p), rest, np.nan)[()]


def reflects(line: Line, n: Any) -> bool:
    """Whether the line is n - x."""
    return near(line.ratio, -1.0) and near(line.shift / line.divisor, n)


@register_identity("continuous_bernoulli", "line", source="definition")
def continuous_bernoulli_line(p: Any, line: Line) -> Any:
    return named("continuous_bernoulli", complement(p)) if reflects(line, 1.0) else None


@register_identity("bernoulli", "line", source="failures for successes")
def bernoulli_line(p: Any, line: Line) -> Any:
    return named("bernoulli", complement(p)) if reflects(line, 1.0) else None


@register_identity("binomial", "line", source=f"{KEMP}, ch. 3: failures for successes")
def binomial_line(n: Any, p: Any, line: Line) -> Any:
    return named("binomial", n, complement(p)) if reflects(line, n) else None


@register_identity("bernoulli", "power", source="0 and 1 are their own powers")
def bernoulli_to_power(p: Any, exponent: Exponent) -> Any:
    return named("bernoulli", p) if exponent.positive else None


@register_identity("discrete_uniform", "line", source="definition")
def discrete_uniform_line(low: Any, high: Any, line: Line) -> Any:
    """Moved by a whole number, or turned round."""
    shift = line.shift / line.divisor
    whole = np.all(np.equal(shift, np.round(shift))) and np.all(np.abs(shift) < 2.0**52)
    if not whole or not near(np.abs(line.ratio), 1.0):
        return None
    ends = low * line.ratio + shift, high * line.ratio + shift
    return named("discrete_uniform", *(ends if line.up else ends[::-1])) if line.up or line.down else None


@register_identity("negative_binomial", "line", source=f"{KEMP}, ch. 5: trials are failures and 1")
def negative_binomial_line(n: Any, p: Any, line: Line) -> Any:
    return named("geometric", p) if all_are(n, 1.0) and line == Line(1.0) else None


# ---- rounded variables ----


@register_identity("exponential", "floor", source=f"{KEMP}, ch. 5")
def floor_of_exponential(scale: Any) -> Any:
    return named("negative_binomial", 1.0, _passed(scale))


@register_identity("exponential", "ceil", source=f"{KEMP}, ch. 5")
def ceil_of_exponential(scale: Any) -> Any:
    return named("geometric", _passed(scale))


def _passed(scale: Any) -> Any:
    """P(X < 1), NaN where its rounding is not small beside P(X > 1), whose powers are the tail."""
    return np.where(np.exp(-1.0 / scale) > PLENTY, -np.expm1(-1.0 / scale), np.nan)[()]


@register_identity("uniform", "floor", source="definition")
def floor_of_uniform(low: Any, high: Any) -> Any:
    return named("discrete_uniform", low, high - 1.0) if _whole(low, high) else None


@register_identity("uniform", "ceil", source="definition")
def ceil_of_uniform(low: Any, high: Any) -> Any:
    return named("discrete_uniform", low + 1.0, high) if _whole(low, high) else None


def _whole(*ends: Any) -> bool:
    return all(np.all(np.equal(end, np.round(end))) and np.all(np.abs(end) < 2.0**52) for end in ends)
