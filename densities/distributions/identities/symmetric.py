"""Identities of folded, Johnson and logarithmic families, and of powers of a uniform variable with a scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.distributions.identities.exponentials import log_of
from densities.distributions.identities.generalized import scaled
from densities.distributions.identities.moves import Exponent, Line, firm, near, steady
from densities.distributions.identities.names import all_are
from densities.distributions.identities.table import along, named, register_identity

JOHNSON = "Johnson, Kotz, Balakrishnan 1 and 2"
QUARTER = 0.25 * np.pi


# ---- folded at 0 ----


@register_identity("folded_normal", source="Leone, Nelson and Nottingham 1961")
def folded_normal_name(c: Any, scale: Any) -> Any:
    return named("half_normal", scale) if all_are(c, 0.0) else None


@register_identity("folded_normal", "power", source=f"{JOHNSON}, ch. 29")
def square_of_folded_normal(c: Any, scale: Any, p: Exponent) -> Any:
    return scaled(named("noncentral_chi_squared", 1.0, c * c), scale * scale) if p.is_(2.0) else None


@register_identity("rice", source="Rice 1945")
def rice_name(b: Any, scale: Any) -> Any:
    return named("rayleigh", scale) if all_are(b, 0.0) else None


@register_identity("rice", "power", source=f"{JOHNSON}, ch. 29")
def square_of_rice(b: Any, scale: Any, p: Exponent) -> Any:
    return scaled(named("noncentral_chi_squared", 2.0, b * b), scale * scale) if p.is_(2.0) else None


@register_identity("noncentral_chi_squared", source=f"{JOHNSON}, ch. 29")
def noncentral_chi_squared_name(df: Any, nonc: Any) -> Any:
    return named("chi_squared", df) if all_are(nonc, 0.0) else None


@register_identity("noncentral_chi_squared", "power", source=f"{JOHNSON}, ch. 29")
def root_of_noncentral_chi_squared(df: Any, nonc: Any, p: Exponent) -> Any:
    family = "rice" if all_are(df, 2.0) else "folded_normal" if all_are(df, 1.0) else ""
    return named(family, np.sqrt(nonc), 1.0) if family and p.is_(0.5) else None


@register_identity("noncentral_chi_squared", "line", "power", source=f"{JOHNSON}, ch. 29")
def root_of_scaled_noncentral_chi_squared(df: Any, nonc: Any, line: Line, p: Exponent) -> Any:
    root = root_of_noncentral_chi_squared(df, nonc, p) if line.through_origin and line.up else None
    return None if root is None else root.replace(scale=np.sqrt(line.ratio))


@register_identity("folded_cauchy", source=f"{JOHNSON}, ch. 16")
def folded_cauchy_name(c: Any, scale: Any) -> Any:
    return named("half_cauchy", scale) if all_are(c, 0.0) else None


@register_identity("half_student_t", source=f"{JOHNSON}, ch. 28")
def half_student_t_name(df: Any, scale: Any) -> Any:
    return named("half_cauchy", scale) if all_are(df, 1.0) else None


@register_identity("half_student_t", "power", source=f"{JOHNSON}, ch. 28")
def square_of_half_student_t(df: Any, scale: Any, p: Exponent) -> Any:
    return scaled(named("f", 1.0, df), scale * scale) if p.is_(2.0) else None


@register_identity("student_t", "abs", source="definition")
def abs_of_student_t(df: Any, loc: Any, scale: Any) -> Any:
    return named("half_student_t", df, scale) if all_are(loc, 0.0) else None


@register_identity("logistic", "abs", source=f"{JOHNSON}, ch. 23")
def abs_of_logistic(loc: Any, scale: Any) -> Any:
    return named("half_logistic", scale) if all_are(loc, 0.0) else None


@register_identity("uniform", "odds", "log", source=f"{JOHNSON}, ch. 23")
def logit_of_upper_half(low: Any, high: Any) -> Any:
    return named("half_logistic", 1.0) if all_are(low, 0.5) and all_are(high, 1.0) else None


@register_identity("double_gamma", "abs", source=f"{JOHNSON}, ch. 17")
def abs_of_double_gamma(a: Any, loc: Any, scale: Any) -> Any:
    return named("gamma", a, scale) if all_are(loc, 0.0) else None


@register_identity("double_gamma", source=f"{JOHNSON}, ch. 24")
def double_gamma_name(a: Any, loc: Any, scale: Any) -> Any:
    return named("laplace", loc, scale) if all_are(a, 1.0) else None


@register_identity("double_weibull", "abs", source=f"{JOHNSON}, ch. 21")
def abs_of_double_weibull(c: Any, loc: Any, scale: Any) -> Any:
    return named("weibull", c, scale) if all_are(loc, 0.0) else None


@register_identity("double_weibull", source=f"{JOHNSON}, ch. 24")
def double_weibull_name(c: Any, loc: Any, scale: Any) -> Any:
    return named("laplace", loc, scale) if all_are(c, 1.0) else None


@register_identity("asymmetric_laplace", source=f"{JOHNSON}, ch. 24")
def asymmetric_laplace_name(kappa: Any, loc: Any, scale: Any) -> Any:
    return named("laplace", loc, scale) if all_are(kappa, 1.0) else None


@register_identity("asymmetric_laplace", "line", source="definition")
def asymmetric_laplace_line(kappa: Any, loc: Any, scale: Any, line: Line) -> Any:
    if not (line.up or line.down):
        return None
    return named("asymmetric_laplace", kappa if line.up else 1.0 / kappa, line.moved(loc, scale), line.stretched(scale))


# ---- Johnson's families ----


@register_identity("normal", "exp", "unodds", source="Johnson 1949")
def sigmoid_of_normal(loc: Any, scale: Any) -> Any:
    return named("logit_normal", loc, scale)


@register_identity("logit_normal", "odds", source="Johnson 1949")
def odds_of_logit_normal(mu: Any, sigma: Any) -> Any:
    return named("log_normal", mu, sigma)


@register_identity("logit_normal", "line", source="Johnson 1949")
def logit_normal_line(mu: Any, sigma: Any, line: Line) -> Any:
    """1 - X."""
    from_one = near(line.ratio, -1.0) and np.all(np.equal(line.shift, line.divisor))
    return named("logit_normal", np.negative(mu), sigma) if from_one else None


@register_identity("johnson_sb", source="Johnson 1949")
def johnson_sb_name(a: Any, b: Any) -> Any:
    return named("logit_normal", -a / b, 1.0 / b)


@register_identity("normal", "sinh", source="Johnson 1949")
def sinh_of_normal(loc: Any, scale: Any) -> Any:
    return named("johnson_su", -loc / scale, 1.0 / scale, 0.0, 1.0)


@register_identity("johnson_su", "asinh", source="Johnson 1949")
def asinh_of_johnson_su(a: Any, b: Any, loc: Any, scale: Any) -> Any:
    return named("normal", -a / b, 1.0 / b) if all_are(loc, 0.0) and all_are(scale, 1.0) else None


@register_identity("johnson_su", "line", source="Johnson 1949")
def johnson_su_line(a: Any, b: Any, loc: Any, scale: Any, line: Line) -> Any:
    if not (line.up or line.down):
        return None
    turn = 1.0 if line.up else -1.0
    return named("johnson_su", turn * a, b, line.moved(loc, scale), line.stretched(scale))


@register_identity("normal", "asinh", "line", "exp", source="Birnbaum and Saunders 1969")
def birnbaum_saunders_of_normal(loc: Any, scale: Any, line: Line) -> Any:
    """exp(2 asinh(cN/2)) = (cN/2 + √(1 + (cN/2)²))²; a shift before exp is a scale."""
    if not (all_are(loc, 0.0) and near(np.abs(line.ratio), 2.0)):
        return None
    return named("birnbaum_saunders", 2.0 * scale, np.exp(line.shift / line.divisor))


@register_identity("normal", "asinh", "exp", "abs", "power", source="Birnbaum and Saunders 1969")
def birnbaum_saunders_by_square(loc: Any, scale: Any, p: Exponent) -> Any:
    return birnbaum_saunders_of_normal(loc, scale, p.line)


@register_identity("birnbaum_saunders", "power", source="Birnbaum and Saunders 1969")
def reciprocal_of_birnbaum_saunders(c: Any, scale: Any, p: Exponent) -> Any:
    return named("birnbaum_saunders", c, 1.0 / scale) if p.is_(-1.0) else None


@register_identity("birnbaum_saunders", "log", "line", "sinh", source="Birnbaum and Saunders 1969")
def birnbaum_saunders_to_normal(c: Any, scale: Any, line: Line) -> Any:
    half = all_are(scale, 1.0) and line.through_origin and near(np.abs(line.ratio), 0.5)
    return named("normal", 0.0, 0.5 * c) if half else None


# ---- exp and log ----


@register_identity("laplace", "exp", source=f"{JOHNSON}, ch. 24")
def exp_of_laplace(loc: Any, scale: Any) -> Any:
    return named("log_laplace", 1.0 / scale, firm(np.exp(loc), 1.0 / scale))


@register_identity("log_laplace", "log", source=f"{JOHNSON}, ch. 24")
def log_of_log_laplace(c: Any, scale: Any) -> Any:
    return named("laplace", log_of(scale, 1.0 / c), 1.0 / c)


@register_identity("log_laplace", "power", source=f"{JOHNSON}, ch. 24")
def log_laplace_to_power(c: Any, scale: Any, p: Exponent) -> Any:
    shape = np.abs(p.divide(c))
    return named("log_laplace", shape, firm(p.of(scale), shape))


@register_identity("cauchy", "exp", source="definition")
def exp_of_cauchy(loc: Any, scale: Any) -> Any:
    return named("log_cauchy", loc, scale)


@register_identity("log_cauchy", "log", source="definition")
def log_of_log_cauchy(mu: Any, sigma: Any) -> Any:
    return named("cauchy", mu, sigma)


@register_identity("log_cauchy", "power", source="definition")
def log_cauchy_to_power(mu: Any, sigma: Any, p: Exponent) -> Any:
    spread = np.abs(p.times(sigma))
    return named("log_cauchy", steady(p.times(mu), spread), spread)


@register_identity("log_cauchy", "line", source="definition")
def log_cauchy_line(mu: Any, sigma: Any, line: Line) -> Any:
    if not (line.through_origin and line.up):
        return None
    return named("log_cauchy", steady(mu + np.log(line.ratio), sigma), sigma)


@register_identity("half_cauchy", "log", source=f"{JOHNSON}, ch. 23")
def log_of_half_cauchy(scale: Any) -> Any:
    return named("hyperbolic_secant", log_of(scale, 1.0), 1.0)


@register_identity("hyperbolic_secant", "exp", source=f"{JOHNSON}, ch. 23")
def exp_of_hyperbolic_secant(loc: Any, scale: Any) -> Any:
    if all_are(scale, 2.0) and all_are(loc, 0.0):
        return named("f", 1.0, 1.0)
    return named("half_cauchy", np.exp(loc)) if all_are(scale, 1.0) else None


@register_identity("hyperbolic_secant", "line", source="symmetry")
def hyperbolic_secant_line(loc: Any, scale: Any, line: Line) -> Any:
    return _symmetric("hyperbolic_secant", loc, scale, line)


@register_identity("semicircular", "line", source="symmetry")
def semicircular_line(loc: Any, scale: Any, line: Line) -> Any:
    if np.all(np.equal(line.moved(loc, scale), 0.5)) and all_are(line.stretched(scale), 0.5):
        return named("beta", 1.5, 1.5)
    return _symmetric("semicircular", loc, scale, line)


def _symmetric(family: str, loc: Any, scale: Any, line: Line) -> Any:
    return named(family, line.moved(loc, scale), line.stretched(scale)) if line.up or line.down else None


@register_identity("uniform", "exp", source="Hamming 1970")
def exp_of_uniform(low: Any, high: Any) -> Any:
    return named("log_uniform", np.exp(low), np.exp(high))


@register_identity("log_uniform", "log", source="Hamming 1970")
def log_of_log_uniform(low: Any, high: Any) -> Any:
    width = np.log(high / low)
    return named("uniform", steady(np.log(low), width), steady(np.log(high), width))


@register_identity("log_uniform", "power", source="Hamming 1970")
def log_uniform_to_power(low: Any, high: Any, p: Exponent) -> Any:
    if not p.one_sign:
        return None
    ends = p.of(low), p.of(high)
    return named("log_uniform", *(ends if p.positive else ends[::-1]))


@register_identity("log_uniform", "line", source="Bradford 1934")
def log_uniform_line(low: Any, high: Any, line: Line) -> Any:
    """A shift makes it Bradford's law."""
    if not line.up:
        return None
    if line.through_origin:
        return named("log_uniform", line.stretched(low), line.stretched(high))
    width = high - low
    return named("bradford", width / low, line.moved(low, width), line.moved(high, width))


@register_identity("inverse_gaussian", "power", source=f"{JOHNSON}, ch. 15")
def reciprocal_of_inverse_gaussian(mean: Any, lam: Any, p: Exponent) -> Any:
    return named("reciprocal_inverse_gaussian", mean, lam) if p.is_(-1.0) else None


@register_identity("reciprocal_inverse_gaussian", "power", source=f"{JOHNSON}, ch. 15")
def reciprocal_of_reciprocal_inverse_gaussian(mean: Any, lam: Any, p: Exponent) -> Any:
    return named("inverse_gaussian", mean, lam) if p.is_(-1.0) else None


@register_identity("reciprocal_inverse_gaussian", "line", source=f"{JOHNSON}, ch. 15")
def reciprocal_inverse_gaussian_line(mean: Any, lam: Any, line: Line) -> Any:
    if not (line.through_origin and line.up):
        return None
    return named("reciprocal_inverse_gaussian", mean / line.ratio, lam / line.ratio)


# ---- powers of a uniform variable ----


@register_identity("power_function", source=f"{JOHNSON}, ch. 25")
def power_function_name(a: Any, scale: Any) -> Any:
    if all_are(a, 1.0):
        return named("uniform", 0.0, scale)
    return named("beta", a, 1.0) if all_are(scale, 1.0) else None


@register_identity("power_function", "power", source=f"{JOHNSON}, ch. 25")
def power_function_to_power(a: Any, scale: Any, p: Exponent) -> Any:
    if not p.one_sign:
        return None
    shape = np.abs(p.divide(a))
    return named("power_function" if p.positive else "pareto", shape, firm(p.of(scale), shape))


@register_identity("power_function", "log", source=f"{JOHNSON}, ch. 25")
def log_of_power_function(a: Any, scale: Any) -> Any:
    return along(named("exponential", 1.0 / a), log_of(scale, 1.0 / a), -1.0)


@register_identity("beta", "asin", source="asin √U is π/4 and an anglit variable")
def asin_of_root_of_uniform(a: Any, b: Any) -> Any:
    return named("anglit", QUARTER, 1.0) if all_are(a, 2.0) and all_are(b, 1.0) else None


@register_identity("uniform", "asin", source="definition")
def asin_of_uniform(low: Any, high: Any) -> Any:
    return named("anglit", 0.0, 2.0) if all_are(low, -1.0) and all_are(high, 1.0) else None


@register_identity("anglit", "sin", source="definition")
def sin_of_anglit(loc: Any, scale: Any) -> Any:
    return named("uniform", -1.0, 1.0) if all_are(loc, 0.0) and all_are(scale, 2.0) else None


@register_identity("uniform", "normal_ppf", "line", "power", source=f"{JOHNSON}, ch. 12")
def reciprocal_of_positive_normal(low: Any, high: Any, line: Line, p: Exponent) -> Any:
    """1/(a - Φ⁻¹(Φ(a)U))."""
    a = line.shift / line.divisor
    kept = near(line.ratio, -1.0) and np.all(np.abs(special.ndtr(a) - high) <= 4.0 * np.spacing(high))
    return named("alpha", a, 1.0) if all_are(low, 0.0) and kept and p.is_(-1.0) else None
