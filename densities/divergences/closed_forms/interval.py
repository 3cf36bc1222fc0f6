"""Laws on an interval or beyond a threshold: beta and its images, Kumaraswamy, Pareto, Lomax, continuous Bernoulli."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.divergences.closed_forms.elementary import (
    BERNOULLI,
    EPS,
    SAFETY,
    TINY,
    Bounded,
    as_bounded,
    horner,
    log_excess,
    log_ratio,
    near,
    power_excess,
    relative_difference,
    times,
    total,
)
from densities.divergences.closed_forms.line_expectations import where
from densities.divergences.closed_forms.lngamma import NODES, WEIGHTS, log_beta, shape_remainder
from densities.divergences.closed_forms.table import (
    Feature,
    Params,
    entropy,
    expectation,
    kl_rule,
    log_density,
    support,
)


@support("beta", "kumaraswamy", "continuous_bernoulli")
def unit_interval(**params: Any) -> tuple[float, float]:
    return 0.0, 1.0


@support("uniform", "arcsine")
def between(low: Any, high: Any) -> tuple[Any, Any]:
    return low, high


@support("triangular")
def triangle(left: Any, mode: Any, right: Any) -> tuple[Any, Any]:
    return left, right


@support("pareto")
def beyond(a: Any, xm: Any) -> tuple[Any, Any]:
    return xm, np.inf


# --- compositions, beta, Dirichlet ----------------------------------------------------------------------------------


def compositional(x: Any, y: Any) -> Bounded:
    """sum_i u_i log(u_i/v_i) over the last axis, u = x/sum x, v = y/sum y: sum_i u_i (e_i - log(1 + e_i)).

    e_i = v_i/u_i - 1 = (d_i Sx - x_i Sd)/(x_i Sy), d = y - x, so near-identical weights lose nothing; sum u_i e_i = 0.
    """
    sum_x, sum_y = x.sum(-1, keepdims=True), y.sum(-1, keepdims=True)
    d = y - x
    positive = x > 0
    safe = np.where(positive, x, 1.0)
    sum_d = np.where(
        np.abs(d).sum(-1, keepdims=True) < np.minimum(sum_x, sum_y), d.sum(-1, keepdims=True), sum_y - sum_x
    )
    drift = sum_d / sum_y
    e = np.where(positive, d / safe * (sum_x / sum_y) - drift, 0.0)
    blur = (
        SAFETY * EPS * (np.abs(d / safe) * (sum_x / sum_y) + np.abs(drift) + np.abs(d).sum(-1, keepdims=True) / sum_y)
    )
    inside, small = near(e)
    logs = np.where(positive & (y > 0), log_ratio(np.where(y > 0, y, 1.0), safe), 0.0) - log_ratio(sum_y, sum_x)
    term = np.where(inside, log_excess(small), e - logs)
    slope = np.where(inside, np.abs(small / (1 + small)), 1.0)
    weight = x / sum_x
    value = np.where(positive, np.where(y > 0, weight * term, np.inf), y / sum_y)
    rounding = np.where(inside, SAFETY * EPS * value, SAFETY * EPS * weight * (1 + np.abs(e) + np.abs(logs)))
    bound = np.where(
        positive,
        weight * slope * blur + np.where(inside, weight * blur * blur, 0.0) + rounding,
        SAFETY * EPS * y / sum_y,
    )
    return Bounded(value.sum(-1), bound.sum(-1) + 2 * EPS * value.sum(-1) * x.shape[-1] + TINY)


def dirichlet_excess(x: Any, y: Any) -> Bounded:
    """D(Dirichlet(x) || Dirichlet(y)) over the last axis.

    = S_y sum v_i log(v_i/u_i) + sum R(y_i, x_i) - R(S_y, S_x), u = x/S_x, v = y/S_y: the entropic parts of log Gamma
    join into one nonnegative term, and only the degree-zero remainders R are subtracted.
    """
    x, y = np.broadcast_arrays(x, y)
    sum_x, sum_y = x.sum(-1), y.sum(-1)
    d = relative_difference(y, x)
    shift = (y - x).sum(-1) / sum_x
    pieces = shape_remainder(x, y, d)
    joint = shape_remainder(sum_x, sum_y, shift)
    # an error of a few eps in sum (y - x) moves R by its slope |shift/(1 + shift)|
    blur = SAFETY * EPS * np.abs(y - x).sum(-1) / sum_x * np.abs(shift / (1 + shift))
    return total(
        times(sum_y, compositional(y, x)),
        Bounded(pieces.value.sum(-1), pieces.bound.sum(-1)),
        Bounded(-joint.value, joint.bound + blur),
    )


def _beta_pair(a: Any, b: Any, c: Any, d: Any) -> Bounded:
    a, b, c, d = np.broadcast_arrays(a, b, c, d)
    return dirichlet_excess(np.stack([a, b], axis=-1), np.stack([c, d], axis=-1))


@kl_rule("beta", "beta", source="Bregman form of log B; Rauber et al. 2008")
def beta_beta(p: Params, q: Params) -> Bounded:
    return _beta_pair(p["a"], p["b"], q["a"], q["b"])


@kl_rule("beta_prime", "beta_prime", source="the beta rule through x/(1 + x)")
def beta_prime_beta_prime(p: Params, q: Params) -> Bounded:
    return beta_beta(p, q)


@kl_rule("dirichlet", "dirichlet", source="Bregman form of log B; Penny 2001")
def dirichlet_dirichlet(p: Params, q: Params) -> Bounded:
    return dirichlet_excess(p["alpha"], q["alpha"])


@kl_rule("kumaraswamy", "kumaraswamy", source="-log(1 - X^a) ~ Exponential(1/b), equal a; E log and 1 - X^a otherwise")
def kumaraswamy_kumaraswamy(p: Params, q: Params) -> Bounded:
    """b'/b - 1 - log(b'/b) for equal a; for b' = 1 the term in log(1 - x^a') is absent."""
    same = power_excess(q["b"], p["b"])
    log_mean = np.euler_gamma + special.psi(p["b"] + 1)
    r = q["a"] / p["a"]
    flat = total(-log_ratio(q["a"], p["a"]), -log_ratio(q["b"], p["b"]), -(1 - r) * log_mean, -1.0, 1 / p["b"])
    equal, one = p["a"] == q["a"], q["b"] == 1
    return Bounded(
        np.where(equal, same.value, np.where(one, flat.value, np.nan)),
        np.where(equal, same.bound, np.where(one, flat.bound, np.inf)),
    )


@kl_rule("uniform", "uniform", source="log of the ratio of lengths")
def uniform_uniform(p: Params, q: Params) -> Bounded:
    """log1p(((l_p - l_q) + (h_q - h_p))/(h_p - l_p)); both gaps are nonnegative where p lies inside q."""
    gap = (p["low"] - q["low"]) + (q["high"] - p["high"])
    ratio = gap / (p["high"] - p["low"])
    far = total(np.log(q["high"] - q["low"]), -np.log(p["high"] - p["low"]))
    close = ratio < 1e300
    near_by = as_bounded(np.log1p(np.where(close, ratio, 0.0)))
    return Bounded(np.where(close, near_by.value, far.value), np.where(close, near_by.bound, far.bound))


@kl_rule("pareto", "pareto", source="log(X/x_m) ~ Exponential(1/a); Malik 1970")
def pareto_pareto(p: Params, q: Params) -> Bounded:
    """(r - 1 - log r) + a_q log(x_p/x_q), r = a_q/a_p, for x_p >= x_q."""
    return total(power_excess(q["a"], p["a"]), times(q["a"], log_ratio(p["xm"], q["xm"])))


@kl_rule("lomax", "lomax", source="log(1 + X/s) ~ Exponential(1/a), equal scales only")
def lomax_lomax(p: Params, q: Params) -> Bounded:
    return where(p["scale"] == q["scale"], power_excess(q["a"], p["a"]), np.nan)


# --- continuous Bernoulli: exponential family with log Z(eta) = log((e^eta - 1)/eta) ---------------------------------

SLOPE_SERIES = [b / special.factorial(2 * k + 2) for k, b in enumerate(BERNOULLI)]
MASS_SERIES = [value / (2 * k + 2) for k, value in enumerate(SLOPE_SERIES)]
CURVATURE_SERIES = [(2 * k + 1) * value for k, value in enumerate(SLOPE_SERIES)]


def _log_odds(p: Any) -> Any:
    return log_ratio(p, 1 - p)


def _curvature(u: Any) -> Any:
    """d^2 log Z = 1/u^2 - 1/(4 sinh^2(u/2)), 1/12 at 0."""
    inside, small = near(u, 1.0)
    safe = np.where(inside, 1.0, np.minimum(np.abs(u), 1e150))
    half = np.exp(-safe / 2) / -np.expm1(-safe)
    return np.where(inside, horner(small * small, CURVATURE_SERIES), 1 / safe**2 - half * half)


def _slope(u: Any) -> Any:
    """d/du log((1 - e^-u)/u) = 1/(e^u - 1) - 1/u, -1/2 at 0."""
    inside, small = near(u, 1.0)
    safe = np.where(inside, 1.0, u)
    return np.where(inside, -0.5 + small * horner(small * small, SLOPE_SERIES), 1 / np.expm1(safe) - 1 / safe)


def _log_mass(u: Any) -> Bounded:
    """log((1 - e^-u)/u), by |u| + the value at |u| for negative u."""
    size = np.abs(u)
    safe = np.where(size > 0, size, 1.0)
    inside, small = near(size, 1.0)
    series = -small / 2 + small * small * horner(small * small, MASS_SERIES)
    value = np.where(inside, series, np.log(-np.expm1(-safe) / safe))
    return total(
        np.where(u < 0, size, 0.0), Bounded(value, SAFETY * EPS * (np.abs(value) + np.minimum(size, 1.0)) + TINY)
    )


@kl_rule("continuous_bernoulli", "continuous_bernoulli", source="Loaiza-Ganem & Cunningham 2019; Bregman of log Z")
def continuous_bernoulli_pair(p: Params, q: Params) -> Bounded:
    """log Z(t) - log Z(u) - (t - u) log Z'(u): an integral of the variance where |t - u| <= 2."""
    a, b = np.broadcast_arrays(p["p"], q["p"])
    close, step = near((b - a) / (1 - b), 0.5)
    complement = np.where(close, np.log1p(step), log_ratio(1 - a, 1 - b))
    delta = log_ratio(b, a) + complement
    u, t = _log_odds(a), _log_odds(b)
    sign = np.where(u < 0, -1.0, 1.0)
    u, t, delta = np.abs(u), sign * t, sign * delta
    inside, small = near(delta, 2.0)
    nodes = (NODES + 1) / 2
    curve = _curvature(u[..., None] + small[..., None] * nodes)
    integral = small**2 * np.sum(WEIGHTS / 2 * (1 - nodes) * curve, axis=-1)
    far = total(_log_mass(t), times(-1.0, _log_mass(u)), times(-_slope(u), delta))
    return Bounded(
        np.where(inside, integral, far.value), np.where(inside, 4 * SAFETY * EPS * integral * (1 + u) + TINY, far.bound)
    )


@log_density("continuous_bernoulli")
def continuous_bernoulli_log_density(p: Any) -> list[tuple[Any, Feature]]:
    eta = _log_odds(p)
    return [(times(-1.0, total(eta, _log_mass(eta))), ("one",)), (eta, ("linear", 0.0, 1.0))]


@entropy("continuous_bernoulli")
def continuous_bernoulli_entropy(p: Any) -> Bounded:
    """log((1 - e^-u)/u) - u d/du of it: the linear part of log Z drops out."""
    eta = np.abs(_log_odds(p))
    return total(_log_mass(eta), -eta * _slope(eta))


def _continuous_bernoulli_mean(params: Params) -> Any:
    eta = _log_odds(params["p"])
    small_side = 1 + _slope(np.abs(eta))  # the mean for positive eta
    return np.where(eta < 0, -_slope(np.abs(eta)), small_side)


@expectation("linear", "continuous_bernoulli")
def continuous_bernoulli_linear(params: Params, m: Any, s: Any) -> Bounded:
    return total(_continuous_bernoulli_mean(params) / s, -m / s)


@expectation("power", "continuous_bernoulli")
def continuous_bernoulli_power(params: Params, k: Any, t: Any) -> Bounded:
    """The mean only."""
    return where(np.equal(k, 1), _continuous_bernoulli_mean(params) / t, np.nan)


@expectation("square", "continuous_bernoulli")
def continuous_bernoulli_square(params: Params, m: Any, s: Any) -> Bounded:
    offset = (_continuous_bernoulli_mean(params) - m) / s
    blur = SAFETY * EPS * (1 + np.abs(m)) / np.abs(s)
    return total(_curvature(_log_odds(params["p"])) / s / s, Bounded(offset**2, (2 * np.abs(offset) + blur) * blur))


# --- log-densities and entropies ------------------------------------------------------------------------------------


@log_density("uniform")
def uniform_log_density(low: Any, high: Any) -> list[tuple[Any, Feature]]:
    return [(-np.log(high - low), ("one",))]


@log_density("beta")
def beta_log_density(a: Any, b: Any) -> list[tuple[Any, Feature]]:
    return [(times(-1.0, log_beta(a, b)), ("one",)), (a - 1, ("log", 1.0)), (b - 1, ("log1m_power", 1.0))]


@log_density("beta_prime")
def beta_prime_log_density(a: Any, b: Any) -> list[tuple[Any, Feature]]:
    return [(times(-1.0, log_beta(a, b)), ("one",)), (a - 1, ("log", 1.0)), (-(a + b), ("log1p", 1.0))]


@log_density("kumaraswamy")
def kumaraswamy_log_density(a: Any, b: Any) -> list[tuple[Any, Feature]]:
    return [(total(np.log(a), np.log(b)), ("one",)), (a - 1, ("log", 1.0)), (b - 1, ("log1m_power", a))]


@log_density("pareto")
def pareto_log_density(a: Any, xm: Any) -> list[tuple[Any, Feature]]:
    return [(total(np.log(a), -np.log(xm)), ("one",)), (-(a + 1), ("log", xm))]


@entropy("uniform")
def uniform_entropy(low: Any, high: Any) -> Bounded:
    return as_bounded(np.log(high - low))


@entropy("arcsine")
def arcsine_entropy(low: Any, high: Any) -> Bounded:
    return total(np.log(np.pi / 4), np.log(high - low))


@entropy("beta")
def beta_entropy(a: Any, b: Any) -> Bounded:
    return total(log_beta(a, b), -(a - 1) * special.psi(a), -(b - 1) * special.psi(b), (a + b - 2) * special.psi(a + b))


@entropy("beta_prime")
def beta_prime_entropy(a: Any, b: Any) -> Bounded:
    return total(log_beta(a, b), -(a - 1) * special.psi(a), -(b + 1) * special.psi(b), (a + b) * special.psi(a + b))


@entropy("kumaraswamy")
def kumaraswamy_entropy(a: Any, b: Any) -> Bounded:
    return total(-np.log(a), -np.log(b), 1.0, -1 / b, (1 - 1 / a) * np.euler_gamma, (1 - 1 / a) * special.psi(b + 1))


@entropy("pareto")
def pareto_entropy(a: Any, xm: Any) -> Bounded:
    return total(np.log(xm), -np.log(a), 1.0, 1 / a)
