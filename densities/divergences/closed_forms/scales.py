"""The generalised gamma laws X = s G^(1/c), G ~ Gamma(alpha, 1): eleven families, one entropy, one divergence.

log f(x) = log|c| - log s - lnG(alpha) + (c alpha - 1) log(x/s) - (x/s)^c on x > 0 (Stacy 1962).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from densities.divergences.closed_forms.elementary import (
    EPS,
    SAFETY,
    TINY,
    Bounded,
    as_bounded,
    exp_excess_term,
    exp_of,
    log_ratio,
    near,
    relative_difference,
    square_of,
    times,
    total,
)
from densities.divergences.closed_forms.lngamma import lngamma_remainder, log_gamma, shape_remainder
from densities.divergences.closed_forms.table import (
    Feature,
    Params,
    entropy,
    expectation,
    kl_rule,
    log_density,
    support,
)

ROOT2 = np.sqrt(2.0)


class Stacy(NamedTuple):
    """alpha, c, and s as scale * factor: the constant factor must not blur the ratio of two scales."""

    alpha: Any
    c: Any
    scale: Any
    factor: float = 1.0

    @property
    def s(self) -> Any:
        return self.scale * self.factor


FAMILIES: dict[str, Callable[..., Stacy]] = {
    "exponential": lambda scale: Stacy(1.0, 1.0, scale),
    "gamma": lambda shape, scale: Stacy(shape, 1.0, scale),
    "chi_squared": lambda df: Stacy(df / 2, 1.0, 1.0, 2.0),
    "inverse_gamma": lambda shape, scale: Stacy(shape, -1.0, scale),
    "levy": lambda scale: Stacy(0.5, -1.0, scale, 0.5),
    "weibull": lambda shape, scale: Stacy(1.0, shape, scale),
    "frechet": lambda shape, scale: Stacy(1.0, -shape, scale),
    "rayleigh": lambda scale: Stacy(1.0, 2.0, scale, ROOT2),
    "half_normal": lambda scale: Stacy(0.5, 2.0, scale, ROOT2),
    "maxwell": lambda scale: Stacy(1.5, 2.0, scale, ROOT2),
    "chi": lambda df: Stacy(df / 2, 2.0, 1.0, ROOT2),
}
NAMES = tuple(FAMILIES)


def gamma_excess(a: Any, b: Any, log_scales: Any) -> Bounded:
    """D(Gamma(a, s) || Gamma(b, t)) = b (e^-M - 1 + M) + R(b, a), M = log of the ratio of means (b t)/(a s).

    Shape and mean are orthogonal, so both terms are nonnegative; R is `shape_remainder`. log_scales = log(t/s).
    """
    d = relative_difference(b, a)
    shift = total(-log_ratio(b, a), times(-1.0, log_scales))
    inside_d, small_d = near(d)
    inside_l, small_l = near(as_bounded(log_scales).value)
    ratio_step = small_d + np.expm1(small_l) * (1 + small_d)
    together, step = near(ratio_step)
    refined = inside_d & inside_l & together
    fine = np.maximum(np.abs(small_d), np.abs(small_l)) * SAFETY * EPS + TINY
    shift = Bounded(np.where(refined, -np.log1p(step), shift.value), np.where(refined, fine, shift.bound))
    return total(times(b, exp_excess_term(shift)), shape_remainder(a, b, d))


def weibull_excess(d: Any, c: Any, ell: Any) -> Bounded:
    """D of Y = r E^c from E, E ~ Exp(1), c = 1 + d, log r = ell: (e^L - 1 - L) + B(c, 1), L = ell + lnG(1 + c).

    With lnG(1 + c) - log c = lnG(c) both terms are nonnegative remainders.
    """
    inside, small = near(d)
    remainder = lngamma_remainder(1.0, c, d)
    near_one = total(np.log1p(small), -np.euler_gamma * small, remainder)
    far = as_bounded(log_gamma(1 + c))
    tilt = Bounded(
        np.where(inside, near_one.value, far.value), np.where(inside, near_one.bound, far.bound + SAFETY * EPS)
    )
    return total(exp_excess_term(total(ell, tilt)), remainder)


def stacy_excess(p: Stacy, q: Stacy, ell: Any) -> Bounded:
    """The divergence through Y = (X/s_q)^c_q = r G^rho, rho = c_q/c_p, log r = ell; its terms may cancel."""
    rho = q.c / p.c
    psi = special.psi(p.alpha)
    moment = exp_of(ell, log_gamma(p.alpha + rho), times(-1.0, log_gamma(p.alpha)))
    moment = Bounded(np.where(p.alpha + rho > 0, moment.value, np.inf), moment.bound)
    return total(
        -np.log(np.abs(rho)),
        -p.alpha,
        log_gamma(q.alpha),
        times(-1.0, log_gamma(p.alpha)),
        p.alpha * psi,
        -rho * q.alpha * psi,
        times(-q.alpha, ell),
        moment,
    )


def stacy_divergence(p: Stacy, q: Stacy) -> Bounded:
    """D between two generalised gamma laws, by the best of the three formulas for each element."""
    ell = times(q.c, total(log_ratio(p.scale, q.scale), 0.0 if p.factor == q.factor else np.log(p.factor / q.factor)))
    ends = [
        (p.c == q.c, lambda: gamma_excess(p.alpha, q.alpha, times(-1.0, ell))),
        (
            (p.alpha == 1.0) & (q.alpha == 1.0) & (p.c * q.c > 0),
            lambda: weibull_excess(relative_difference(q.c, p.c), q.c / p.c, ell),
        ),
        (True, lambda: stacy_excess(p, q, ell)),
    ]
    value, bound, open_ = np.nan, np.inf, np.True_
    for holds, formula in ends:
        here = open_ & holds
        if np.any(here):
            answer = formula()
            value, bound = np.where(here, answer.value, value), np.where(here, answer.bound, bound)
        open_ = open_ & ~here
    return Bounded(value, bound)


def _pair(p_name: str, q_name: str) -> None:
    @kl_rule(p_name, q_name, source="Bregman form of log Gamma; Stacy 1962, Bauckhage 2014")
    def rule(p: Params, q: Params) -> Bounded:
        return stacy_divergence(FAMILIES[p_name](**p), FAMILIES[q_name](**q))


for _names in itertools.product(NAMES, NAMES):
    _pair(*_names)


@kl_rule("gumbel", "gumbel", source="Bauckhage 2013, through exp(-X) ~ Weibull(1/scale)")
def gumbel_gumbel(p: Params, q: Params) -> Bounded:
    """exp(-X) is Weibull with shape 1/scale."""
    d = relative_difference(p["scale"], q["scale"])
    return weibull_excess(d, p["scale"] / q["scale"], (q["loc"] - p["loc"]) / q["scale"])


def positive(**params: Any) -> tuple[float, float]:
    return 0.0, np.inf


def stacy_entropy(law: Stacy) -> Bounded:
    """log s - log|c| + alpha + lnG(alpha) + (1/c - alpha) psi(alpha)."""
    psi = special.psi(law.alpha)
    return total(np.log(law.s), -np.log(np.abs(law.c)), law.alpha, log_gamma(law.alpha), psi / law.c, -law.alpha * psi)


def stacy_log_density(law: Stacy) -> list[tuple[Any, Feature]]:
    constant = total(np.log(np.abs(law.c)), -np.log(law.s), times(-1.0, log_gamma(law.alpha)))
    return [(constant, ("one",)), (law.c * law.alpha - 1, ("log", law.s)), (-1.0, ("power", law.c, law.s))]


def product(a: Bounded, b: Bounded) -> Bounded:
    """a * b."""
    value = a.value * b.value
    return Bounded(
        value, np.abs(a.value) * b.bound + np.abs(b.value) * a.bound + a.bound * b.bound + EPS * np.abs(value)
    )


def stacy_moment(law: Stacy, k: Any, t: Any) -> Bounded:
    """E (X/t)^k = (s/t)^k G(alpha + k/c)/G(alpha), infinite where alpha + k/c <= 0."""
    order = law.alpha + k / law.c
    safe = np.where(order > 0, order, 1.0)
    growth = total(log_gamma(safe), times(-1.0, log_gamma(law.alpha)))
    value = exp_of(times(k, log_ratio(law.s, t)), growth)
    return Bounded(np.where(order > 0, value.value, np.inf), np.where(order > 0, value.bound, 0.0))


def stacy_log(law: Stacy, t: Any) -> Bounded:
    """E log(X/t)."""
    return total(log_ratio(law.s, t), special.psi(law.alpha) / law.c)


def stacy_log_square(law: Stacy, m: Any, s: Any) -> Bounded:
    """E ((log X - m)/s)^2 = psi'(alpha)/(c s)^2 + ((E log X - m)/s)^2."""
    centre = total(np.log(law.s), special.psi(law.alpha) / law.c, -m)
    return total(special.polygamma(1, law.alpha) / (law.c * s) ** 2, square_of(times(1 / s, centre)))


def stacy_linear(law: Stacy, m: Any, s: Any) -> Bounded:
    """E (X - m)/s."""
    return total(stacy_moment(law, 1.0, s), -m / s)


def stacy_square(law: Stacy, m: Any, s: Any) -> Bounded:
    """E ((X - m)/s)^2."""
    return total(stacy_moment(law, 2.0, s), times(-2 * m / s, stacy_moment(law, 1.0, s)), square_of(m / s))


def stacy_abs(law: Stacy, m: Any, s: Any) -> Bounded:
    """E|X - m|/s = E X - m + 2 E(m - X)+, by incomplete gamma functions."""
    cut = (np.maximum(m, 0.0) / law.s) ** law.c
    inside = np.where(law.c > 0, special.gammainc(law.alpha, cut), special.gammaincc(law.alpha, cut))
    shifted = np.maximum(law.alpha + 1 / law.c, TINY)
    first = np.where(law.c > 0, special.gammainc(shifted, cut), special.gammaincc(shifted, cut))
    mean = stacy_moment(law, 1.0, s)
    coarse = Bounded(first, 64 * EPS * (first + 1e-3))
    below = total(2 * np.maximum(m, 0.0) / s * inside, times(-2.0, product(mean, coarse)))
    return total(mean, -m / s, Bounded(np.where(m > 0, below.value, 0.0), np.where(m > 0, below.bound, 0.0)))


def gamma_exp_minus(law: Stacy, m: Any, s: Any) -> Bounded:
    """E exp(-(X - m)/s) = e^(m/s) (1 + theta/s)^-k, for c = 1."""
    return exp_of(m / s, -law.alpha * np.log1p(law.s / s))


EXPECTATIONS: dict[str, Callable[..., Bounded]] = {
    "log": stacy_log,
    "power": stacy_moment,
    "log_square": stacy_log_square,
    "linear": stacy_linear,
    "square": stacy_square,
    "abs": stacy_abs,
}


def _of_family(name: str, formula: Callable[..., Bounded]) -> Callable[..., Bounded]:
    """An expectation of a generalised gamma law as one of the family, f(params, *feature_arguments)."""
    return lambda params, *arguments: formula(FAMILIES[name](**params), *arguments)


def _file(name: str) -> None:
    """All of it for one family."""
    to_stacy = FAMILIES[name]
    support(name)(positive)
    entropy(name)(lambda **params: stacy_entropy(to_stacy(**params)))
    log_density(name)(lambda **params: stacy_log_density(to_stacy(**params)))
    for feature, formula in EXPECTATIONS.items():
        expectation(feature, name)(_of_family(name, formula))


for _name in NAMES:
    _file(_name)
for _name in ("gamma", "exponential", "chi_squared"):
    expectation("exp_minus", _name)(_of_family(_name, gamma_exp_minus))


@expectation("exp_minus", "half_normal")
def half_normal_exp_minus(params: Params, m: Any, s: Any) -> Bounded:
    """E exp(-(X - m)/s) = e^(m/s) erfcx(sigma/(sqrt 2 s))."""
    return exp_of(m / s, np.log(special.erfcx(params["scale"] / s / ROOT2)))


@expectation("log1p", "exponential")
def exponential_log1p(params: Params, s: Any) -> Bounded:
    """E log(1 + X/s) = e^t E1(t), t = s/theta."""
    return scaled_e1(s / params["scale"])


def scaled_e1(t: Any) -> Bounded:
    """e^t E1(t) (DLMF 6.2.1), by its asymptotic series past t = 50."""
    large = t > 50
    safe = np.where(large, 1.0, t)
    w = -1 / np.where(large, t, 50.0)
    series = np.ones_like(w)
    for k in range(24, 0, -1):
        series = 1 + k * w * series
    value = np.where(large, -w * series, np.exp(safe) * special.exp1(safe))
    return Bounded(value, 4 * SAFETY * EPS * value * (1 + np.where(large, 0.0, np.abs(safe)) / 16) + TINY)
