"""Expectations under the laws on an interval or beyond a threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.divergences.closed_forms.elementary import (
    EPS,
    Bounded,
    as_bounded,
    exp_of,
    log_ratio,
    square_of,
    times,
    total,
)
from densities.divergences.closed_forms.line_expectations import power_means, where
from densities.divergences.closed_forms.lngamma import log_beta, log_gamma
from densities.divergences.closed_forms.table import Params, expectation

# --- uniform: every feature is a difference of antiderivatives over the length --------------------------------------


def _spread(params: Params, upper: Any, lower: Any) -> Bounded:
    """[F(high) - F(low)]/(high - low)."""
    return times(1 / (params["high"] - params["low"]), total(upper, times(-1.0, lower)))


@expectation("linear", "uniform", "arcsine")
def uniform_linear(params: Params, m: Any, s: Any) -> Bounded:
    return total((params["low"] - m) / s / 2, (params["high"] - m) / s / 2)


@expectation("square", "uniform")
def uniform_square(params: Params, m: Any, s: Any) -> Bounded:
    a, b = (params["low"] - m) / s, (params["high"] - m) / s
    return total(a * a / 3, a * b / 3, b * b / 3)


@expectation("square", "arcsine")
def arcsine_square(params: Params, m: Any, s: Any) -> Bounded:
    a, b = (params["low"] - m) / s, (params["high"] - m) / s
    return total(3 * a * a / 8, a * b / 4, 3 * b * b / 8)


@expectation("abs", "uniform")
def uniform_abs(params: Params, m: Any, s: Any) -> Bounded:
    a, b = params["low"] - m, params["high"] - m
    straddles = (a < 0) & (b > 0)
    return as_bounded(np.where(straddles, (a * (a / (b - a)) + b * (b / (b - a))) / 2, np.abs(a + b) / 2) / s)


@expectation("log", "uniform")
def uniform_log(params: Params, t: Any) -> Bounded:
    def primitive(x: Any) -> Bounded:
        return as_bounded(special.xlogy(x, x / t))

    return total(_spread(params, primitive(params["high"]), primitive(params["low"])), -1.0)


@expectation("log", "arcsine")
def arcsine_log(params: Params, t: Any) -> Bounded:
    """2 log((sqrt low + sqrt high)/2) - log t."""
    return total(2 * np.log((np.sqrt(params["low"]) + np.sqrt(params["high"])) / 2), -np.log(t))


@expectation("log1m_power", "uniform")
def uniform_log1m(params: Params, a: Any) -> Bounded:
    reflected = {"low": 1 - params["high"], "high": 1 - params["low"]}
    return where(np.equal(a, 1), uniform_log(reflected, 1.0), np.nan)


@expectation("log1p", "uniform")
def uniform_log1p(params: Params, s: Any) -> Bounded:
    def primitive(x: Any) -> Bounded:
        return as_bounded((x + s) * np.log1p(x / s))

    return total(_spread(params, primitive(params["high"]), primitive(params["low"])), -1.0)


@expectation("power", "uniform")
def uniform_power(params: Params, k: Any, t: Any) -> Bounded:
    k = np.asarray(k, dtype=float)
    low, high = params["low"], params["high"]
    order = np.where(k == -1, 1.0, k + 1)

    def primitive(x: Any) -> Bounded:
        value = np.where(k == -1, np.log(x / t), (x / t) ** order / order)
        return Bounded(value, 16 * EPS * np.abs(value) * (1 + np.abs(order)))

    answer = times(t, _spread(params, primitive(high), primitive(low)))
    return where((low > 0) | (k > -1), answer, np.inf)


@expectation("log_square", "uniform")
def uniform_log_square(params: Params, m: Any, s: Any) -> Bounded:
    def primitive(x: Any) -> Bounded:
        level = np.where(x > 0, np.log(np.where(x > 0, x, 1.0)) - m, 0.0)
        return total(x * (level * level + 2), -2 * x * level)

    return times(1 / s / s, _spread(params, primitive(params["high"]), primitive(params["low"])))


@expectation("exp_minus", "uniform")
def uniform_exp_minus(params: Params, m: Any, s: Any) -> Bounded:
    width = (params["high"] - params["low"]) / s
    return exp_of((m - params["low"]) / s, np.log(-np.expm1(-width) / width))


@expectation("log1p_square", "uniform")
def uniform_log1p_square(params: Params, m: Any, s: Any) -> Bounded:
    """The primitive of log(1 + z^2) is z log(1 + z^2) - 2 z + 2 atan z."""

    def primitive(z: Any) -> Bounded:
        return total(z * np.log1p(z * z), -2 * z, 2 * np.arctan(z))

    upper, lower = primitive((params["high"] - m) / s), primitive((params["low"] - m) / s)
    return times(s, _spread(params, upper, lower))


@expectation("cos", "uniform")
def uniform_cos(params: Params, m: Any) -> Bounded:
    return _spread(params, np.sin(params["high"] - m), np.sin(params["low"] - m))


# --- beta, beta prime, Kumaraswamy ----------------------------------------------------------------------------------


@expectation("log", "beta")
def beta_log(params: Params, t: Any) -> Bounded:
    return total(special.psi(params["a"]), -special.psi(params["a"] + params["b"]), -np.log(t))


@expectation("log1m_power", "beta")
def beta_log1m(params: Params, a: Any) -> Bounded:
    return where(np.equal(a, 1), beta_log({"a": params["b"], "b": params["a"]}, 1.0), np.nan)


@expectation("power", "beta")
def beta_power(params: Params, k: Any, t: Any) -> Bounded:
    """B(a + k, b)/B(a, b) t^-k; the mean a/(a + b) directly."""
    a, b = params["a"], params["b"]
    finite = a + k > 0
    safe = np.where(finite, a + k, 1.0)
    general = exp_of(-k * np.log(t), log_beta(safe, b), times(-1.0, log_beta(a, b)))
    mean = as_bounded(a / (a + b) / t)
    first = np.equal(k, 1)
    return where(
        finite, Bounded(np.where(first, mean.value, general.value), np.where(first, mean.bound, general.bound)), np.inf
    )


@expectation("log_square", "beta")
def beta_log_square(params: Params, m: Any, s: Any) -> Bounded:
    a, b = params["a"], params["b"]
    spread = total(special.polygamma(1, a), -special.polygamma(1, a + b))
    return total(times(1 / s / s, spread), square_of(times(1 / s, total(beta_log(params, 1.0), -m))))


@expectation("linear", "beta")
def beta_linear(params: Params, m: Any, s: Any) -> Bounded:
    return total(params["a"] / (params["a"] + params["b"]) / s, -m / s)


@expectation("square", "beta")
def beta_square(params: Params, m: Any, s: Any) -> Bounded:
    """var = mean (1 - mean)/(a + b + 1)."""
    a, b = params["a"], params["b"]
    n = a + b
    return total(a / n * (b / n) / (n + 1) / s / s, square_of(beta_linear(params, m, s)))


@expectation("log", "beta_prime")
def beta_prime_log(params: Params, t: Any) -> Bounded:
    return total(special.psi(params["a"]), -special.psi(params["b"]), -np.log(t))


@expectation("log_square", "beta_prime")
def beta_prime_log_square(params: Params, m: Any, s: Any) -> Bounded:
    spread = total(special.polygamma(1, params["a"]), special.polygamma(1, params["b"]))
    return total(times(1 / s / s, spread), square_of(times(1 / s, total(beta_prime_log(params, 1.0), -m))))


@expectation("log1p", "beta_prime")
def beta_prime_log1p(params: Params, s: Any) -> Bounded:
    answer = total(special.psi(params["a"] + params["b"]), -special.psi(params["b"]))
    return where(np.equal(s, 1), answer, np.nan)


@expectation("power", "beta_prime")
def beta_prime_power(params: Params, k: Any, t: Any) -> Bounded:
    a, b = params["a"], params["b"]
    finite = (a + k > 0) & (b - k > 0)
    up, down = np.where(finite, a + k, 1.0), np.where(finite, b - k, 1.0)
    return where(finite, exp_of(-k * np.log(t), log_beta(up, down), times(-1.0, log_beta(a, b))), np.inf)


power_means("beta_prime", beta_prime_power)


@expectation("log", "kumaraswamy")
def kumaraswamy_log(params: Params, t: Any) -> Bounded:
    return total(-np.euler_gamma / params["a"], -special.psi(params["b"] + 1) / params["a"], -np.log(t))


@expectation("log1m_power", "kumaraswamy")
def kumaraswamy_log1m_power(params: Params, a: Any) -> Bounded:
    return where(params["a"] == a, -1 / params["b"], np.nan)


@expectation("log_square", "kumaraswamy")
def kumaraswamy_log_square(params: Params, m: Any, s: Any) -> Bounded:
    spread = total(np.pi**2 / 6, -special.polygamma(1, params["b"] + 1))
    centre = total(kumaraswamy_log(params, 1.0), -m)
    return total(times(1 / s / s / params["a"] ** 2, spread), square_of(times(1 / s, centre)))


@expectation("power", "kumaraswamy")
def kumaraswamy_power(params: Params, k: Any, t: Any) -> Bounded:
    """b B(1 + k/a, b) t^-k."""
    order = 1 + k / params["a"]
    finite = order > 0
    return where(
        finite, exp_of(-k * np.log(t), np.log(params["b"]), log_beta(np.where(finite, order, 1.0), params["b"])), np.inf
    )


power_means("kumaraswamy", kumaraswamy_power)


# --- Pareto and Lomax -----------------------------------------------------------------------------------------------


@expectation("log", "pareto")
def pareto_log(params: Params, t: Any) -> Bounded:
    return total(log_ratio(params["xm"], t), 1 / params["a"])


@expectation("log_square", "pareto")
def pareto_log_square(params: Params, m: Any, s: Any) -> Bounded:
    centre = total(np.log(params["xm"]), 1 / params["a"], -m)
    return total((1 / params["a"] / s) ** 2, square_of(times(1 / s, centre)))


@expectation("power", "pareto")
def pareto_power(params: Params, k: Any, t: Any) -> Bounded:
    finite = k < params["a"]
    return where(
        finite,
        times(params["a"] / np.where(finite, params["a"] - k, 1.0), exp_of(times(k, log_ratio(params["xm"], t)))),
        np.inf,
    )


power_means("pareto", pareto_power)


@expectation("abs", "pareto")
def pareto_abs(params: Params, m: Any, s: Any) -> Bounded:
    """E|X - m| = E X - m + 2 E(m - X)+, (m - X)+ having mean m - E X + m^(1-a) x^a/(a - 1) for m > x."""
    a, xm = params["a"], params["xm"]
    mean = pareto_power(params, 1.0, s)
    tail = times(2 / (a - 1) * m / s, exp_of(times(-a, log_ratio(np.maximum(m, xm), xm))))
    beyond = total(m / s, times(-1.0, mean), tail)
    below = total(mean, -m / s)
    past = m > xm
    return where(
        a > 1, Bounded(np.where(past, beyond.value, below.value), np.where(past, beyond.bound, below.bound)), np.inf
    )


@expectation("log1p", "lomax")
def lomax_log1p(params: Params, s: Any) -> Bounded:
    return where(params["scale"] == s, 1 / params["a"], np.nan)


@expectation("log", "lomax")
def lomax_log(params: Params, t: Any) -> Bounded:
    """log s - gamma - psi(a): X/s is a ratio of Exp(1) and Gamma(a)."""
    return total(log_ratio(params["scale"], t), -np.euler_gamma, -special.psi(params["a"]))


@expectation("log_square", "lomax")
def lomax_log_square(params: Params, m: Any, s: Any) -> Bounded:
    spread = total(np.pi**2 / 6, special.polygamma(1, params["a"]))
    centre = total(np.log(params["scale"]), -np.euler_gamma, -special.psi(params["a"]), -m)
    return total(times(1 / s / s, spread), square_of(times(1 / s, centre)))


@expectation("power", "lomax")
def lomax_power(params: Params, k: Any, t: Any) -> Bounded:
    """(s/t)^k G(1 + k) G(a - k)/G(a) for -1 < k < a, else infinite."""
    a = params["a"]
    finite = (k < a) & (np.asarray(k) > -1)
    up, down = np.where(finite, 1 + k, 1.0), np.where(finite, a - k, 1.0)
    return where(
        finite,
        exp_of(times(k, log_ratio(params["scale"], t)), log_gamma(up), log_gamma(down), times(-1.0, log_gamma(a))),
        np.inf,
    )


power_means("lomax", lomax_power)
