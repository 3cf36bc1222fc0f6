"""Identities of the families with a free exponent: generalised gamma, Nakagami, Burr, Dagum, extreme values, Pareto."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.distributions.identities.exponentials import log_of
from densities.distributions.identities.moves import Exponent, Line, firm, near, steady
from densities.distributions.identities.names import all_are
from densities.distributions.identities.powers import gamma_power
from densities.distributions.identities.table import along, named, register_identity, widening

JOHNSON = "Johnson, Kotz, Balakrishnan 1 and 2"


def scaled(law: Any, factor: Any) -> Any:
    """factor·X, the law itself for a factor of 1."""
    return law if law is None or all_are(factor, 1.0) else along(law, 0.0, factor)


def shape_and_scale(family: str, first: Any, shape: Any, scale: Any, p: Exponent) -> Any:
    """The member with shape over p and scale to the power p, as every law of scale·Y^(1/shape) has it."""
    shape = np.abs(p.divide(shape))
    return named(family, *first, shape, firm(p.of(scale), shape))


# ---- gamma variables ----


@register_identity("generalized_gamma", "power", source="Stacy 1962")
def generalized_gamma_to_power(a: Any, c: Any, scale: Any, p: Exponent) -> Any:
    if not p.one_sign:
        return None
    power = p.divide(c)
    return named("generalized_gamma", a, power, firm(p.of(scale), power))


@register_identity("generalized_gamma", source="Stacy 1962")
def generalized_gamma_name(a: Any, c: Any, scale: Any) -> Any:
    for power, family in ((1.0, "gamma"), (-1.0, "inverse_gamma")):
        if all_are(c, power):
            return named(family, a, scale)
    if all_are(a, 1.0):
        return named("weibull" if np.all(np.greater(c, 0)) else "frechet", np.abs(c), scale)
    return named("nakagami", a, scale * np.sqrt(a)) if all_are(c, 2.0) else None


@register_identity("generalized_gamma", "log", source="Stacy 1962")
def log_of_generalized_gamma(a: Any, c: Any, scale: Any) -> Any:
    if np.all(np.greater(c, 0)):
        return named("log_gamma", a, log_of(scale, 1.0 / c), 1.0 / c)
    turned = np.all(np.less(c, 0))
    return along(named("log_gamma", a, -log_of(scale, 1.0 / c), -1.0 / c), 0.0, -1.0) if turned else None


@register_identity("nakagami", source="Nakagami 1960")
def nakagami_name(nu: Any, scale: Any) -> Any:
    for special, family, share in ((0.5, "half_normal", 1.0), (1.0, "rayleigh", 2.0), (1.5, "maxwell", 3.0)):
        if all_are(nu, special):
            return named(family, scale / np.sqrt(share))
    return named("chi", 2.0 * nu) if np.all(np.equal(scale * scale, 2.0 * nu)) else None


@register_identity("nakagami", "power", source="Nakagami 1960")
def nakagami_to_power(nu: Any, scale: Any, p: Exponent) -> Any:
    return gamma_power(nu, scale * scale / nu, p.times(0.5))


@register_identity("half_generalized_normal", source="Nadarajah 2005")
def half_generalized_normal_name(beta: Any, scale: Any) -> Any:
    if all_are(beta, 1.0):
        return named("exponential", scale)
    return named("half_normal", scale / np.sqrt(2.0)) if all_are(beta, 2.0) else None


@register_identity("half_generalized_normal", "power", source="Nadarajah 2005")
def half_generalized_normal_to_power(beta: Any, scale: Any, p: Exponent) -> Any:
    return gamma_power(1.0 / beta, scale**beta, p.value / beta)


@register_identity("generalized_normal", "abs", source="Nadarajah 2005, section 2")
def abs_of_generalized_normal(beta: Any, loc: Any, scale: Any) -> Any:
    return named("half_generalized_normal", beta, scale) if all_are(loc, 0.0) else None


@register_identity("gamma", "log", source=f"{JOHNSON}, ch. 17")
def log_of_gamma(shape: Any, scale: Any) -> Any:
    """The law of log Gamma; for shape 1/2 a Moyal variable turned round, for shape 1 one of minima."""
    if all_are(shape, 1.0):
        return None
    if all_are(shape, 0.5):
        return along(named("moyal", -log_of(0.5 * scale, 1.0), 1.0), 0.0, -1.0)
    return named("log_gamma", shape, log_of(scale, 1.0), 1.0)


@register_identity("inverse_gamma", "log", source=f"{JOHNSON}, ch. 17")
def log_of_inverse_gamma(shape: Any, scale: Any) -> Any:
    if all_are(shape, 0.5):
        return named("moyal", log_of(2.0 * scale, 1.0), 1.0)
    return None if all_are(shape, 1.0) else along(named("log_gamma", shape, -log_of(scale, 1.0), 1.0), 0.0, -1.0)


@register_identity("log_gamma", "exp", source=f"{JOHNSON}, ch. 17")
def exp_of_log_gamma(c: Any, loc: Any, scale: Any) -> Any:
    power = 1.0 / scale
    return named("generalized_gamma", c, power, firm(np.exp(loc), power))


@register_identity("log_gamma", "line", "exp", source=f"{JOHNSON}, ch. 17")
def exp_of_moved_log_gamma(c: Any, loc: Any, scale: Any, line: Line) -> Any:
    if not line.down:
        return None
    power = -1.0 / line.stretched(scale)
    return named("generalized_gamma", c, power, firm(np.exp(line.moved(loc, scale)), power))


@register_identity("moyal", "exp", source="Moyal 1955")
def exp_of_moyal(loc: Any, scale: Any) -> Any:
    """1/N² for scale 1, otherwise a power of it."""
    if all_are(scale, 1.0):
        return named("levy", np.exp(loc))
    power = -1.0 / scale
    return named("generalized_gamma", 0.5, power, firm(np.exp(loc) * 2.0**-scale, power))


@register_identity("moyal", "line", "exp", source="Moyal 1955")
def exp_of_moved_moyal(loc: Any, scale: Any, line: Line) -> Any:
    """|N| to a power."""
    if not line.down:
        return None
    size = line.stretched(scale)
    begin = np.exp(line.moved(loc, scale))
    if all_are(size, 0.5):
        return named("half_normal", begin)
    return gamma_power(0.5, firm((begin ** (1.0 / size)) * 2.0, 1.0 / size), size)


@register_identity("half_normal", "log", source="Moyal 1955")
def log_of_half_normal(scale: Any) -> Any:
    return along(named("moyal", -log_of(scale, 0.5), 0.5), 0.0, -1.0)


# ---- Lomax variables ----


@register_identity("lomax", "power", source="Burr 1942")
def lomax_to_power(a: Any, scale: Any, p: Exponent) -> Any:
    shorter = p.is_(-1.0) and (all_are(scale, 1.0) or np.all(np.equal(a, scale)))
    if not p.one_sign or all_are(a, 1.0) or shorter:
        return None
    shape = np.abs(p.divide(1.0))
    return named("burr" if p.positive else "dagum", shape, a, firm(p.of(scale), shape))


@register_identity("burr", "power", source="Burr 1942")
def burr_to_power(c: Any, d: Any, scale: Any, p: Exponent) -> Any:
    return _burr(("burr", "dagum"), c, d, scale, p)


@register_identity("dagum", "power", source="Dagum 1977")
def dagum_to_power(c: Any, d: Any, scale: Any, p: Exponent) -> Any:
    return _burr(("dagum", "burr"), c, d, scale, p)


def _burr(families: tuple[str, str], c: Any, d: Any, scale: Any, p: Exponent) -> Any:
    if not p.one_sign:
        return None
    shape = np.abs(p.divide(c))
    return named(families[0 if p.positive else 1], shape, d, firm(p.of(scale), shape))


@register_identity("burr", source="Burr 1942")
def burr_name(c: Any, d: Any, scale: Any) -> Any:
    if all_are(c, 1.0):
        return named("lomax", d, scale)
    return named("log_logistic", c, scale) if all_are(d, 1.0) else None


@register_identity("dagum", source="Dagum 1977")
def dagum_name(c: Any, d: Any, scale: Any) -> Any:
    if all_are(d, 1.0):
        return named("log_logistic", c, scale)
    return named("beta_prime", d, 1.0) if all_are(c, 1.0) and all_are(scale, 1.0) else None


@register_identity("dagum", "log", source=f"{JOHNSON}, ch. 23")
def log_of_dagum(c: Any, d: Any, scale: Any) -> Any:
    return named("generalized_logistic", d, log_of(scale, 1.0 / c), 1.0 / c)


@register_identity("burr", "log", source=f"{JOHNSON}, ch. 23")
def log_of_burr(c: Any, d: Any, scale: Any) -> Any:
    return along(named("generalized_logistic", d, -log_of(scale, 1.0 / c), 1.0 / c), 0.0, -1.0)


@register_identity("beta_prime", "log", source=f"{JOHNSON}, ch. 23")
def log_of_beta_prime(a: Any, b: Any) -> Any:
    if all_are(a, 0.5) and all_are(b, 0.5):
        return named("hyperbolic_secant", 0.0, 2.0)
    return named("generalized_logistic", a, 0.0, 1.0) if all_are(b, 1.0) else None


@register_identity("generalized_logistic", "exp", source=f"{JOHNSON}, ch. 23")
def exp_of_generalized_logistic(c: Any, loc: Any, scale: Any) -> Any:
    return named("dagum", 1.0 / scale, c, firm(np.exp(loc), 1.0 / scale))


@register_identity("generalized_logistic", "line", "exp", source=f"{JOHNSON}, ch. 23")
def exp_of_moved_generalized_logistic(c: Any, loc: Any, scale: Any, line: Line) -> Any:
    if not line.down:
        return None
    shape = 1.0 / line.stretched(scale)
    return named("burr", shape, c, firm(np.exp(line.moved(loc, scale)), shape))


@register_identity("generalized_logistic", source=f"{JOHNSON}, ch. 23")
def generalized_logistic_name(c: Any, loc: Any, scale: Any) -> Any:
    return named("logistic", loc, scale) if all_are(c, 1.0) else None


# ---- extreme values and excesses ----


@register_identity("weibull", "line", source=f"{JOHNSON}, ch. 22")
def weibull_line(shape: Any, scale: Any, line: Line) -> Any:
    """1 - X/scale, stretched: the extreme value law that ends above."""
    if not line.down or all_are(shape, 1.0) or not near(line.shift, -line.factor * scale):
        return None
    return named("generalized_extreme_value", 1.0 / shape, 0.0, line.stretched(scale) / shape)


@register_identity("frechet", "line", source=f"{JOHNSON}, ch. 22")
def frechet_line(shape: Any, scale: Any, line: Line) -> Any:
    """X/scale - 1, stretched: the extreme value law that ends below."""
    if not line.up or not near(line.shift, -line.factor * scale):
        return None
    return named("generalized_extreme_value", -1.0 / shape, 0.0, line.stretched(scale) / shape)


@register_identity("generalized_extreme_value", "line", source=f"{JOHNSON}, ch. 22")
def extreme_value_line(c: Any, loc: Any, scale: Any, line: Line) -> Any:
    """begin·(1 - cz), a Weibull or a Fréchet variable."""
    begin = (line.shift + line.factor * loc) / line.divisor
    if not np.all(begin > 0) or not near(line.ratio * scale, -begin * c):
        return None
    if np.all(np.greater(c, 0)):
        return named("weibull", 1.0 / c, begin)
    return named("frechet", -1.0 / c, begin) if np.all(np.less(c, 0)) else None


@register_identity("generalized_extreme_value", source=f"{JOHNSON}, ch. 22")
def extreme_value_name(c: Any, loc: Any, scale: Any) -> Any:
    return named("gumbel", loc, scale) if all_are(c, 0.0) else None


@register_identity("generalized_pareto", source="Pickands 1975")
def generalized_pareto_name(c: Any, loc: Any, scale: Any) -> Any:
    if not all_are(loc, 0.0):
        return None
    if all_are(c, 0.0):
        return named("exponential", scale)
    return named("lomax", 1.0 / c, scale / c) if np.all(np.greater(c, 0)) else None


@register_identity("generalized_pareto", "line", source="Pickands 1975")
def generalized_pareto_line(c: Any, loc: Any, scale: Any, line: Line) -> Any:
    """begin·(1 + cz), a Pareto variable or a power of a uniform one."""
    begin = (line.shift + line.factor * loc) / line.divisor
    if not np.all(begin > 0) or not near(line.ratio * scale, begin * c):
        return None
    if np.all(np.greater(c, 0)):
        return named("pareto", 1.0 / c, begin)
    return named("power_function", -1.0 / c, begin) if np.all(np.less(c, 0)) else None


@register_identity("kappa4", source="Hosking 1994")
def kappa4_name(h: Any, k: Any, loc: Any, scale: Any) -> Any:
    if all_are(h, 0.0):
        return named("generalized_extreme_value", k, loc, scale)
    return named("generalized_pareto", np.negative(k), loc, scale) if all_are(h, 1.0) else None


@register_identity("beta", "line", "power", "line", source="Hosking 1994")
def beta_to_kappa4(a: Any, b: Any, first: Line, p: Exponent, second: Line) -> Any:
    """(1 - ((1 - U^h)/h)^k)/k, where 1 - U^h is Beta(1, 1/h)."""
    k = p.value
    outer = near(second.ratio * k, -1.0) and near(second.shift * k / second.divisor, 1.0)
    return named("kappa4", 1.0 / b, k, 0.0, 1.0) if all_are(a, 1.0) and first.is_multiple(b) and outer else None


@register_identity("beta", "line", "power", "line", "line", source="Hosking 1994")
def beta_to_kappa4_by_steps(a: Any, b: Any, first: Line, p: Exponent, second: Line, third: Line) -> Any:
    joined = second.then(third)
    return None if joined is None else beta_to_kappa4(a, b, first, p, joined)


@register_identity("exponential", "line", "log", source=f"{JOHNSON}, ch. 22")
def log_of_moved_exponential(scale: Any, line: Line) -> Any:
    begin = line.shift / line.divisor
    if not line.up or not np.all(begin > 0):
        return None
    law = named("gompertz", begin / line.stretched(scale), 1.0)
    return law if all_are(begin, 1.0) else along(law, steady(np.log(begin), 1.0))


@register_identity("gompertz", "exp", "line", source=f"{JOHNSON}, ch. 22")
def exp_of_gompertz(c: Any, scale: Any, line: Line) -> Any:
    return named("exponential", 1.0 / c) if all_are(scale, 1.0) and line == Line(-1.0) else None


@register_identity("gompertz", "power", source="Smith and Bain 1975")
def gompertz_to_power(c: Any, scale: Any, p: Exponent) -> Any:
    return exponential_power_to_power(1.0, scale, p) if all_are(c, 1.0) else None


@register_identity("exponential_power", "power", source="Smith and Bain 1975")
def exponential_power_to_power(b: Any, scale: Any, p: Exponent) -> Any:
    return shape_and_scale("exponential_power", (), b, scale, p) if p.positive else None


@register_identity("exponential_power", source="Smith and Bain 1975")
def exponential_power_name(b: Any, scale: Any) -> Any:
    return named("gompertz", 1.0, scale) if all_are(b, 1.0) else None


@register_identity("exponentiated_weibull", "power", source="Mudholkar and Srivastava 1993")
def exponentiated_weibull_to_power(a: Any, c: Any, scale: Any, p: Exponent) -> Any:
    return shape_and_scale("exponentiated_weibull", (a,), c, scale, p) if p.positive else None


@register_identity("exponentiated_weibull", source="Mudholkar and Srivastava 1993")
def exponentiated_weibull_name(a: Any, c: Any, scale: Any) -> Any:
    return named("weibull", c, scale) if all_are(a, 1.0) else None


@register_identity("exponentiated_weibull", "line", "exp", source="Mudholkar and Srivastava 1993")
def exp_of_exponentiated_weibull(a: Any, c: Any, scale: Any, line: Line) -> Any:
    """exp(-X) for c = 1: one less a power of a uniform variable, or a power of that."""
    turned = all_are(c, 1.0) and line.down and line.through_origin
    return named("kumaraswamy", 1.0 / line.stretched(scale), a) if turned else None


@register_identity("kumaraswamy", "log", source="Jones 2009")
def log_of_kumaraswamy(a: Any, b: Any) -> Any:
    return along(named("exponentiated_weibull", b, 1.0, 1.0 / a), 0.0, -1.0)


@widening("weibull", source="Stacy 1962")
def weibull_as_generalized_gamma(shape: Any, scale: Any) -> Any:
    return named("generalized_gamma", 1.0, shape, scale)
