"""Expectations of |x|, e^-x, log and log(1 + x^2) under the laws of the line and the half-line."""

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
from densities.divergences.closed_forms.lngamma import log_beta, log_gamma
from densities.divergences.closed_forms.scales import scaled_e1
from densities.divergences.closed_forms.table import Params, entropy, expectation

LOG_2PI = np.log(2 * np.pi)


def where(mask: Any, answer: Any, otherwise: float) -> Bounded:
    """The answer where the mask holds; `otherwise` (inf, or nan for unknown) elsewhere."""
    value, bound = as_bounded(answer)
    return Bounded(np.where(mask, value, otherwise), np.where(mask, bound, 0.0 if otherwise == np.inf else np.inf))


@expectation("abs", "normal")
def normal_abs(params: Params, m: Any, s: Any) -> Bounded:
    """E|X - m|/s = [sigma sqrt(2/pi) e^(-z^2/2) + d erf(z/sqrt 2)]/s, d = loc - m, z = d/sigma."""
    d = params["loc"] - m
    z = d / params["scale"]
    bell = exp_of(-z * z / 2)
    return total(times(params["scale"] / s * np.sqrt(2 / np.pi), bell), d / s * special.erf(z / np.sqrt(2)))


@expectation("exp_minus", "normal")
def normal_exp_minus(params: Params, m: Any, s: Any) -> Bounded:
    return exp_of((m - params["loc"]) / s, (params["scale"] / s) ** 2 / 2)


@expectation("abs", "laplace")
def laplace_abs(params: Params, m: Any, s: Any) -> Bounded:
    """E|X - m| = |d| + b e^(-|d|/b)."""
    d = np.abs(params["loc"] - m)
    return total(d / s, times(params["scale"] / s, exp_of(-d / params["scale"])))


@expectation("exp_minus", "laplace")
def laplace_exp_minus(params: Params, m: Any, s: Any) -> Bounded:
    """e^((m - loc)/s)/(1 - (b/s)^2) for b < s, else infinite."""
    r = params["scale"] / s
    finite = r < 1
    gap = (s - params["scale"]) / s * (1 + r)
    return where(finite, exp_of((m - params["loc"]) / s, -np.log(np.where(finite, gap, 1.0))), np.inf)


@expectation("exp_minus", "gumbel")
def gumbel_exp_minus(params: Params, m: Any, s: Any) -> Bounded:
    """exp(-X) = e^-loc E^beta, so the mean is e^((m - loc)/s) G(1 + beta/s)."""
    return exp_of((m - params["loc"]) / s, log_gamma(1 + params["scale"] / s))


@expectation("abs", "logistic")
def logistic_abs(params: Params, m: Any, s: Any) -> Bounded:
    """E|X - m| = |d| + 2 b log(1 + e^(-|d|/b))."""
    d = np.abs(params["loc"] - m)
    return total(d / s, 2 * params["scale"] / s * np.log1p(np.exp(-d / params["scale"])))


@expectation("exp_minus", "logistic")
def logistic_exp_minus(params: Params, m: Any, s: Any) -> Bounded:
    """e^((m - loc)/s) / sinc(t), t = b/s < 1, else infinite; near t = 1 sin(pi t) is taken from 1 - t."""
    r = params["scale"] / s
    finite = r < 1
    gap = np.where(r > 0.5, (s - params["scale"]) / s, r)
    sine = np.sin(np.pi * np.where(finite, gap, 0.5))
    return where(finite, exp_of((m - params["loc"]) / s, np.log(np.pi * r / sine)), np.inf)


@expectation("exp_minus", "cauchy", "student_t")
def heavy_exp_minus(params: Params, m: Any, s: Any) -> Bounded:
    """Infinite: a power tail against an exponential."""
    return as_bounded(np.inf * np.ones(np.broadcast_shapes(*(np.shape(v) for v in (*params.values(), m, s)))))


@expectation("abs", "cauchy")
def cauchy_abs(params: Params, m: Any, s: Any) -> Bounded:
    return heavy_exp_minus(params, m, s)


@expectation("log1p_square", "cauchy")
def cauchy_log1p_square(params: Params, m: Any, s: Any) -> Bounded:
    """E log(1 + ((X - m)/s)^2) = log((1 + b/s)^2 + (d/s)^2): the mean of a harmonic function."""
    z, r = (params["loc"] - m) / s, params["scale"] / s
    small = r * (2 + r) + z * z
    return as_bounded(np.where(small < 1, np.log1p(small), 2 * np.log(np.hypot(1 + r, z))))


@expectation("log1p_square", "half_cauchy")
def half_cauchy_log1p_square(params: Params, m: Any, s: Any) -> Bounded:
    return where(np.equal(m, 0), 2 * np.log1p(params["scale"] / s), np.nan)


@expectation("abs", "student_t")
def student_t_abs(params: Params, m: Any, s: Any) -> Bounded:
    """E|T - d| = d (2F(d) - 1) + 2 f(d)(nu + d^2)/(nu - 1) for nu > 1, else infinite."""
    df, z = params["df"], np.abs(params["loc"] - m) / params["scale"]
    finite = df > 1
    safe = np.where(finite, df, 2.0)
    log_peak = total(
        -np.log(safe) / 2, times(-1.0, log_beta(safe / 2, 0.5)), -(safe - 1) / 2 * np.log1p(z * z / safe), np.log(safe)
    )
    inner = 1 - special.betainc(safe / 2, 0.5, safe / (safe + z * z))
    inner = np.where(z * z < safe, special.betainc(0.5, safe / 2, z * z / (safe + z * z)), inner)
    answer = total(Bounded(z * inner, 100 * EPS * z), times(2 / (safe - 1), exp_of(log_peak)))
    return where(finite, times(params["scale"] / s, answer), np.inf)


@expectation("abs_power", "generalized_normal")
def generalized_normal_power(params: Params, beta: Any, m: Any, s: Any) -> Bounded:
    """E|(X - m)/s|^b about its own centre."""
    value = exp_of(
        times(beta, log_ratio(params["scale"], s)),
        log_gamma((1 + beta) / params["beta"]),
        times(-1.0, log_gamma(1 / params["beta"])),
    )
    return where(params["loc"] == m, value, np.nan)


@expectation("abs", "generalized_normal")
def generalized_normal_abs(params: Params, m: Any, s: Any) -> Bounded:
    return generalized_normal_power(params, 1.0, m, s)


# --- the log-normal law ---------------------------------------------------------------------------------------------


@expectation("log", "log_normal")
def log_normal_log(params: Params, t: Any) -> Bounded:
    return total(params["mu"], -np.log(t), 0 * params["sigma"])


@expectation("log_square", "log_normal")
def log_normal_log_square(params: Params, m: Any, s: Any) -> Bounded:
    return total((params["sigma"] / s) ** 2, square_of((params["mu"] - m) / s))


@expectation("power", "log_normal")
def log_normal_power(params: Params, k: Any, t: Any) -> Bounded:
    """E (X/t)^k = exp(k (mu - log t) + (k sigma)^2/2)."""
    return exp_of(times(k, total(params["mu"], -np.log(t))), (k * params["sigma"]) ** 2 / 2)


@expectation("abs", "log_normal")
def log_normal_abs(params: Params, m: Any, s: Any) -> Bounded:
    """E|X - m| = E X (1 - 2 Phi(z - sigma)) + m (2 Phi(z) - 1), z = (log m - mu)/sigma, for m > 0."""
    mean = log_normal_power(params, 1.0, s)
    positive = m > 0
    z = np.where(positive, (np.log(np.where(positive, m, 1.0)) - params["mu"]) / params["sigma"], -np.inf)
    upper = special.erf(-(z - params["sigma"]) / np.sqrt(2))
    blur = 100 * EPS * (1 + np.abs(np.where(positive, z, 0.0)) + params["sigma"]) / params["sigma"]
    first = Bounded(mean.value * upper, mean.bound + mean.value * np.minimum(blur, 1.0))
    second = np.where(positive, m / s * special.erf(z / np.sqrt(2)), -m / s)
    return total(first, Bounded(second, np.abs(m / s) * np.minimum(blur, 1.0)))


def _power_mean(power: Any) -> tuple[Any, Any]:
    """The features x and x^2 from the feature x^k."""

    def linear(params: Params, m: Any, s: Any) -> Bounded:
        return total(power(params, 1.0, s), -m / s)

    def square(params: Params, m: Any, s: Any) -> Bounded:
        mean = power(params, 1.0, s)
        answer = total(power(params, 2.0, s), times(-2 * m / s, mean), square_of(m / s))
        return Bounded(np.where(np.isposinf(power(params, 2.0, s).value), np.inf, answer.value), answer.bound)

    return linear, square


def power_means(name: str, power: Any) -> None:
    """Register x and x^2 for a family that knows its powers."""
    linear, square = _power_mean(power)
    expectation("linear", name)(linear)
    expectation("square", name)(square)


power_means("log_normal", log_normal_power)


# --- inverse Gaussian, log-logistic ---------------------------------------------------------------------------------


@expectation("log", "inverse_gaussian")
def inverse_gaussian_log(params: Params, t: Any) -> Bounded:
    """E log X = log mean - e^t E1(t), t = 2 lam/mean."""
    return total(log_ratio(params["mean"], t), times(-1.0, scaled_e1(2 * params["lam"] / params["mean"])))


@entropy("inverse_gaussian")
def inverse_gaussian_entropy(mean: Any, lam: Any) -> Bounded:
    """[1 + log(2 pi/lam)]/2 + 3/2 E log X."""
    log_mean = inverse_gaussian_log({"mean": mean, "lam": lam}, 1.0)
    return total((1 + LOG_2PI) / 2, -np.log(lam) / 2, times(1.5, log_mean))


@expectation("power", "inverse_gaussian")
def inverse_gaussian_power(params: Params, k: Any, t: Any) -> Bounded:
    """The moments of order -2, -1, 1, 2; X -> mean^2/X size-biases the law."""
    r = params["mean"] / params["lam"]
    k = np.asarray(k, dtype=float)
    order = np.where(k < 0, 1 - k, k)
    shape = np.select([order == 1, order == 2, order == 3], [1.0 + 0 * r, 1 + r, 1 + 3 * r + 3 * r * r], np.nan)
    return times(shape, exp_of(times(k, log_ratio(params["mean"], t))))


power_means("inverse_gaussian", inverse_gaussian_power)


@expectation("log", "log_logistic")
def log_logistic_log(params: Params, t: Any) -> Bounded:
    return total(log_ratio(params["scale"], t), 0 * params["shape"])


@expectation("log_square", "log_logistic")
def log_logistic_log_square(params: Params, m: Any, s: Any) -> Bounded:
    centre = total(np.log(params["scale"]), -m)
    return total((np.pi / params["shape"] / s) ** 2 / 3, square_of(times(1 / s, centre)))


@expectation("power", "log_logistic")
def log_logistic_power(params: Params, k: Any, t: Any) -> Bounded:
    """(s/t)^k (pi k/c)/sin(pi k/c) for |k| < c, else infinite."""
    r = np.abs(k) / params["shape"]
    finite = r < 1
    gap = np.where(r > 0.5, (params["shape"] - np.abs(k)) / params["shape"], r)
    ratio = np.log(np.pi * np.where(finite, r, 0.5) / np.sin(np.pi * np.where(finite, gap, 0.5)))
    return where(finite, exp_of(times(k, log_ratio(params["scale"], t)), ratio), np.inf)


power_means("log_logistic", log_logistic_power)


@expectation("log", "half_cauchy")
def half_cauchy_log(params: Params, t: Any) -> Bounded:
    return as_bounded(log_ratio(params["scale"], t))


@expectation("power", "half_cauchy")
def half_cauchy_power(params: Params, k: Any, t: Any) -> Bounded:
    """(s/t)^k / cos(pi k/2) for |k| < 1, else infinite."""
    finite = np.abs(k) < 1
    cosine = np.cos(np.pi / 2 * np.where(finite, k, 0.0))
    return where(finite, times(1 / cosine, exp_of(times(k, log_ratio(params["scale"], t)))), np.inf)


power_means("half_cauchy", half_cauchy_power)
