"""Discrete laws: Bernoulli, binomial, Poisson, geometric, negative binomial, categorical, discrete uniform, zeta."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.divergences.closed_forms.elementary import (
    EPS,
    SAFETY,
    TINY,
    Bounded,
    as_bounded,
    relative_entropy,
    times,
    total,
)
from densities.divergences.closed_forms.interval import compositional
from densities.divergences.closed_forms.line_expectations import where
from densities.divergences.closed_forms.table import (
    Feature,
    Params,
    entropy,
    expectation,
    kl_rule,
    log_density,
    support,
)


@support("bernoulli", measure="counting")
def bernoulli_support(p: Any) -> tuple[Any, Any]:
    return np.where(p == 1, 1.0, 0.0), np.where(p == 0, 0.0, 1.0)


@support("binomial", measure="counting")
def binomial_support(n: Any, p: Any) -> tuple[Any, Any]:
    return np.where(p == 1, n, 0.0), np.where(p == 0, 0.0, n)


@support("poisson", measure="counting")
def poisson_support(mu: Any) -> tuple[Any, Any]:
    return 0.0, np.where(mu == 0, 0.0, np.inf)


@support("negative_binomial", measure="counting")
def negative_binomial_support(n: Any, p: Any) -> tuple[Any, Any]:
    return 0.0, np.where(p == 1, 0.0, np.inf)


@support("geometric", measure="counting")
def geometric_support(p: Any) -> tuple[Any, Any]:
    return 1.0, np.where(p == 1, 1.0, np.inf)


@support("zipf", measure="counting")
def zipf_support(a: Any) -> tuple[Any, Any]:
    return 1.0, np.inf


@support("discrete_uniform", measure="counting")
def discrete_uniform_support(low: Any, high: Any) -> tuple[Any, Any]:
    return low, high


def bernoulli_excess(a: Any, b: Any) -> Bounded:
    """a log(a/b) + (1 - a) log((1 - a)/(1 - b)), each side completed to a nonnegative remainder."""
    return total(relative_entropy(a, b, b - a), relative_entropy(1 - a, 1 - b, a - b))


@kl_rule("bernoulli", "bernoulli", source="Kullback & Leibler 1951")
def bernoulli_bernoulli(p: Params, q: Params) -> Bounded:
    return bernoulli_excess(p["p"], q["p"])


@kl_rule("binomial", "binomial", source="n times the Bernoulli divergence, equal n only")
def binomial_binomial(p: Params, q: Params) -> Bounded:
    return where(p["n"] == q["n"], times(p["n"], bernoulli_excess(p["p"], q["p"])), np.nan)


@kl_rule("poisson", "poisson", source="mu log(mu/nu) - mu + nu")
def poisson_poisson(p: Params, q: Params) -> Bounded:
    return as_bounded(relative_entropy(p["mu"], q["mu"], q["mu"] - p["mu"]))


@kl_rule("geometric", "geometric", source="the Bernoulli divergence per trial, 1/p trials")
def geometric_geometric(p: Params, q: Params) -> Bounded:
    return times(1 / p["p"], bernoulli_excess(p["p"], q["p"]))


@kl_rule("negative_binomial", "negative_binomial", source="n geometric divergences, equal n only")
def negative_binomial_negative_binomial(p: Params, q: Params) -> Bounded:
    return where(p["n"] == q["n"], times(p["n"] / p["p"], bernoulli_excess(p["p"], q["p"])), np.nan)


@kl_rule("categorical", "categorical", source="Kullback & Leibler 1951; weights taken relative to their sums")
def categorical_categorical(p: Params, q: Params) -> Bounded:
    """Outcomes beyond the shorter vector have probability zero."""
    x, y = p["probs"], q["probs"]
    width = max(x.shape[-1], y.shape[-1])
    x, y = (np.concatenate([v, np.zeros((*v.shape[:-1], width - v.shape[-1]))], axis=-1) for v in (x, y))
    return compositional(*np.broadcast_arrays(x, y))


@kl_rule("discrete_uniform", "discrete_uniform", source="log of the ratio of counts")
def discrete_uniform_discrete_uniform(p: Params, q: Params) -> Bounded:
    gap = (p["low"] - q["low"]) + (q["high"] - p["high"])
    return as_bounded(np.log1p(gap / (p["high"] - p["low"] + 1)))


# --- zeta law -------------------------------------------------------------------------------------------------------


def _zeta_excess(a: float, b: float) -> float:
    """log zeta(b) - log zeta(a) - (b - a) zeta'(a)/zeta(a), with as many digits as the cancellation asks for."""
    import mpmath

    if a == b or min(a, b) > 1100:  # then zeta - 1 < 2^-1100
        return 0.0
    spare = 0.31 * max(a, b) - 2 * np.log10(abs(b - a)) - np.log10(min(a, b) - 1)
    with mpmath.workdps(40 + max(0, int(spare))):
        first, second = mpmath.mpf(a), mpmath.mpf(b)
        slope = mpmath.zeta(first, derivative=1) / mpmath.zeta(first)
        return float(mpmath.log(mpmath.zeta(second) / mpmath.zeta(first)) - (second - first) * slope)


def _log_zeta(a: float) -> float:
    import mpmath

    with mpmath.workdps(30 + int(0.31 * min(a, 1100.0))):  # zeta - 1 is about 2^-a
        return float(mpmath.log(mpmath.zeta(a)))


def _zeta_log_mean(a: float) -> float:
    """E log X = -zeta'(a)/zeta(a)."""
    import mpmath

    with mpmath.workdps(30):
        return float(-mpmath.zeta(a, derivative=1) / mpmath.zeta(a))


def _zeta_mean(a: float) -> float:
    """E X = zeta(a - 1)/zeta(a), infinite for a <= 2."""
    import mpmath

    return float(mpmath.zeta(mpmath.mpf(a) - 1) / mpmath.zeta(a)) if a > 2 else np.inf


def _each(function: Any, *arguments: Any) -> Any:
    return np.vectorize(function, otypes=[float])(*arguments)


@kl_rule("zipf", "zipf", source="Bregman form of log zeta; exponential family in log x")
def zipf_zipf(p: Params, q: Params) -> Bounded:
    return as_bounded(_each(_zeta_excess, p["a"], q["a"]))


@entropy("zipf")
def zipf_entropy(a: Any) -> Bounded:
    return total(_each(_log_zeta, a), a * _each(_zeta_log_mean, a))


@expectation("linear", "zipf")
def zipf_linear(params: Params, m: Any, s: Any) -> Bounded:
    return total(_each(_zeta_mean, params["a"]) / s, -m / s)


@expectation("log", "zipf")
def zipf_log(params: Params, t: Any) -> Bounded:
    return total(_each(_zeta_log_mean, params["a"]), -np.log(t))


# --- log-densities, entropies, means --------------------------------------------------------------------------------


@log_density("zipf")
def zipf_log_density(a: Any) -> list[tuple[Any, Feature]]:
    return [(-_each(_log_zeta, a), ("one",)), (-a, ("log", 1.0))]


@log_density("geometric")
def geometric_log_density(p: Any) -> list[tuple[Any, Feature]]:
    return [(np.log(p), ("one",)), (np.where(p < 1, np.log1p(-p), 0.0), ("linear", 1.0, 1.0))]


@log_density("discrete_uniform")
def discrete_uniform_log_density(low: Any, high: Any) -> list[tuple[Any, Feature]]:
    return [(-np.log(high - low + 1), ("one",))]


def _xlogx(p: Any) -> Any:
    return np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0)


def _xlogx_complement(p: Any) -> Any:
    """(1 - p) log(1 - p)."""
    return np.where(p < 1, (1 - p) * np.log1p(-np.where(p < 1, p, 0.0)), 0.0)


@entropy("bernoulli")
def bernoulli_entropy(p: Any) -> Bounded:
    return total(-_xlogx(p), -_xlogx_complement(p))


@entropy("geometric")
def geometric_entropy(p: Any) -> Bounded:
    return times(1 / p, bernoulli_entropy(p))


@entropy("discrete_uniform")
def discrete_uniform_entropy(low: Any, high: Any) -> Bounded:
    return as_bounded(np.log(high - low + 1))


@entropy("categorical")
def categorical_entropy(probs: Any) -> Bounded:
    weights = probs / probs.sum(-1, keepdims=True)
    terms = -_xlogx(weights)
    return Bounded(terms.sum(-1), SAFETY * EPS * (terms.sum(-1) + weights.shape[-1] * EPS) + TINY)


@expectation("linear", "bernoulli")
def bernoulli_linear(params: Params, m: Any, s: Any) -> Bounded:
    return total(params["p"] / s, -m / s)


@expectation("linear", "geometric")
def geometric_linear(params: Params, m: Any, s: Any) -> Bounded:
    """(1/p - m)/s, from (1 - p)/p for m = 1."""
    return total((1 - params["p"]) / params["p"] / s, (1 - m) / s)


@expectation("linear", "discrete_uniform")
def discrete_uniform_linear(params: Params, m: Any, s: Any) -> Bounded:
    return as_bounded(((params["low"] - m) + (params["high"] - m)) / 2 / s)
