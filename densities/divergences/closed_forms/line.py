"""Laws on the whole line and their images under |.| and exp: normal, Laplace, Cauchy, logistic, Gumbel, Student t."""

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
    exp_excess,
    horner,
    log_ratio,
    near,
    power_excess,
    relative_difference,
    square_of,
    times,
    total,
)
from densities.divergences.closed_forms.lngamma import log_beta, log_gamma
from densities.divergences.closed_forms.scales import Stacy, stacy_moment
from densities.divergences.closed_forms.table import (
    Feature,
    Params,
    entropy,
    expectation,
    kl_rule,
    log_density,
    support,
)

LOG_2PI = np.log(2 * np.pi)
# x coth x - 1 in powers of (2x)^2: B_2k/(2k)!
COTH_SERIES = [b / special.factorial(2 * k + 2) for k, b in enumerate(BERNOULLI)]


@support("normal", "laplace", "cauchy", "logistic", "gumbel", "student_t", "generalized_normal")
def whole_line(**params: Any) -> tuple[float, float]:
    return -np.inf, np.inf


@support("log_normal", "half_cauchy", "log_logistic", "lomax", "beta_prime", "inverse_gaussian")
def half_line(**params: Any) -> tuple[float, float]:
    return 0.0, np.inf


@kl_rule("normal", "normal", source="Kullback & Leibler 1951")
def normal_normal(p: Params, q: Params) -> Bounded:
    """[(r^2 - 1 - log r^2) + z^2]/2, r = s_p/s_q, z = (m_p - m_q)/s_q."""
    z = (p["loc"] - q["loc"]) / q["scale"]
    return total(times(0.5, power_excess(p["scale"], q["scale"], 2.0)), z * z / 2)


@kl_rule("log_normal", "log_normal", source="Kullback & Leibler 1951, through log")
def log_normal_log_normal(p: Params, q: Params) -> Bounded:
    return normal_normal({"loc": p["mu"], "scale": p["sigma"]}, {"loc": q["mu"], "scale": q["sigma"]})


@kl_rule("laplace", "laplace", source="Meyer 2021, An alternative to the normal, eq. 2; rearranged")
def laplace_laplace(p: Params, q: Params) -> Bounded:
    """(r - 1 - log r) + r (e^-u - 1 + u), r = s_p/s_q, u = |m_p - m_q|/s_p; both terms >= 0."""
    distance = np.abs(p["loc"] - q["loc"])
    u = distance / p["scale"]
    close = u < 1
    r = p["scale"] / q["scale"]
    shift = np.where(
        close,
        r * exp_excess(-np.where(close, u, 0.0)),
        distance / q["scale"] * (1 + np.expm1(-u) / np.where(close, 1.0, u)),
    )
    return total(power_excess(p["scale"], q["scale"]), shift)


def _cauchy(s: Any, t: Any, distance: Any) -> Bounded:
    """log[((s + t)^2 + d^2)/(4 s t)] = log1p[((s - t)^2 + d^2)/(4 s t)]; symmetric, so t is taken the larger."""
    s, t = np.minimum(s, t), np.maximum(s, t)
    h, z, r = relative_difference(s, t), distance / t, s / t
    x = (h * (h / r) + z * (z / r)) / 4
    far = total(2 * np.log(np.hypot(1 + r, z)), -np.log(4.0), -log_ratio(s, t))
    close = x < 1
    value = np.log1p(np.where(close, x, 0.0))
    return Bounded(np.where(close, value, far.value), np.where(close, SAFETY * EPS * value + TINY, far.bound))


@kl_rule("log_cauchy", "log_cauchy", source="Chyzak & Nielsen 2019, through log")
def log_cauchy_log_cauchy(p: Params, q: Params) -> Bounded:
    return cauchy_cauchy(*({"loc": law["mu"], "scale": law["sigma"]} for law in (p, q)))


@kl_rule("cauchy", "cauchy", source="Chyzak & Nielsen 2019")
def cauchy_cauchy(p: Params, q: Params) -> Bounded:
    return _cauchy(p["scale"], q["scale"], np.abs(p["loc"] - q["loc"]))


@kl_rule("half_cauchy", "half_cauchy", source="Chyzak & Nielsen 2019; the log-ratio is even")
def half_cauchy_half_cauchy(p: Params, q: Params) -> Bounded:
    return _cauchy(p["scale"], q["scale"], 0.0)


def _logistic_shift(m: Any) -> Bounded:
    """m coth(m/2) - 2 >= 0: with U uniform, E log(U + e^m (1 - U)) is elementary."""
    inside, small = near(m, 1.0)
    x = np.where(inside, 1.0, np.abs(m))
    series = 2 * small * small * horner(small * small, COTH_SERIES)
    return as_bounded(np.where(inside, series, x / np.tanh(x / 2) - 2))


@kl_rule("logistic", "logistic", source="E log(U + c(1 - U)) = c log c/(c - 1) - 1, equal scales only")
def logistic_logistic(p: Params, q: Params) -> Bounded:
    shift = _logistic_shift((p["loc"] - q["loc"]) / q["scale"])
    same = p["scale"] == q["scale"]
    return Bounded(np.where(same, shift.value, np.nan), np.where(same, shift.bound, np.inf))


@kl_rule("log_logistic", "log_logistic", source="the logistic rule through log, equal shapes only")
def log_logistic_log_logistic(p: Params, q: Params) -> Bounded:
    shift = _logistic_shift(p["shape"] * log_ratio(p["scale"], q["scale"]))
    same = p["shape"] == q["shape"]
    return Bounded(np.where(same, shift.value, np.nan), np.where(same, shift.bound, np.inf))


@kl_rule("inverse_gaussian", "inverse_gaussian", source="E[(X - m)^2/X] and E[1/X]; Chhikara & Folks 1989")
def inverse_gaussian_inverse_gaussian(p: Params, q: Params) -> Bounded:
    """[(r - 1 - log r) + l_q (m_p - m_q)^2/(m_p m_q^2)]/2, r = l_q/l_p."""
    z = (p["mean"] - q["mean"]) / q["mean"]
    return total(times(0.5, power_excess(q["lam"], p["lam"])), q["lam"] / p["mean"] * z * z / 2)


@kl_rule("generalized_normal", "generalized_normal", source="Do & Vetterli 2002, equal locations only")
def generalized_normal_generalized_normal(p: Params, q: Params) -> Bounded:
    """[r^b - 1 - b log r]/b for equal b; otherwise through |X|^b ~ gamma, with its cancellation in the bound."""
    close = times(1 / p["beta"], power_excess(p["scale"], q["scale"], p["beta"]))
    law = Stacy(1 / p["beta"], p["beta"], p["scale"])
    moment = stacy_moment(law, q["beta"], q["scale"])
    far = total(
        log_ratio(p["beta"], q["beta"]),
        log_ratio(q["scale"], p["scale"]),
        log_gamma(1 / q["beta"]),
        times(-1.0, log_gamma(1 / p["beta"])),
        moment,
        -1 / p["beta"],
    )
    same = p["beta"] == q["beta"]
    centred = p["loc"] == q["loc"]
    return Bounded(
        np.where(centred, np.where(same, close.value, far.value), np.nan),
        np.where(centred, np.where(same, close.bound, far.bound), np.inf),
    )


# --- log-densities ------------------------------------------------------------------------------------------------


@log_density("normal")
def normal_log_density(loc: Any, scale: Any) -> list[tuple[Any, Feature]]:
    return [(total(-np.log(scale), -LOG_2PI / 2), ("one",)), (-0.5, ("square", loc, scale))]


@log_density("log_normal")
def log_normal_log_density(mu: Any, sigma: Any) -> list[tuple[Any, Feature]]:
    return [(total(-np.log(sigma), -LOG_2PI / 2), ("one",)), (-1.0, ("log", 1.0)), (-0.5, ("log_square", mu, sigma))]


@log_density("laplace")
def laplace_log_density(loc: Any, scale: Any) -> list[tuple[Any, Feature]]:
    return [(total(-np.log(2.0), -np.log(scale)), ("one",)), (-1.0, ("abs", loc, scale))]


@log_density("gumbel")
def gumbel_log_density(loc: Any, scale: Any) -> list[tuple[Any, Feature]]:
    return [(-np.log(scale), ("one",)), (-1.0, ("linear", loc, scale)), (-1.0, ("exp_minus", loc, scale))]


@log_density("cauchy")
def cauchy_log_density(loc: Any, scale: Any) -> list[tuple[Any, Feature]]:
    return [(total(-np.log(np.pi), -np.log(scale)), ("one",)), (-1.0, ("log1p_square", loc, scale))]


@log_density("half_cauchy")
def half_cauchy_log_density(scale: Any) -> list[tuple[Any, Feature]]:
    return [(total(np.log(2 / np.pi), -np.log(scale)), ("one",)), (-1.0, ("log1p_square", 0.0, scale))]


def _student_constant(df: Any, scale: Any) -> Bounded:
    return total(-np.log(scale), -np.log(df) / 2, times(-1.0, log_beta(df / 2, 0.5)))


@log_density("student_t")
def student_t_log_density(df: Any, loc: Any, scale: Any) -> list[tuple[Any, Feature]]:
    return [(_student_constant(df, scale), ("one",)), (-(df + 1) / 2, ("log1p_square", loc, scale * np.sqrt(df)))]


@log_density("inverse_gaussian")
def inverse_gaussian_log_density(mean: Any, lam: Any) -> list[tuple[Any, Feature]]:
    constant = total(np.log(lam) / 2, -LOG_2PI / 2, -1.5 * np.log(mean), lam / mean)
    return [
        (constant, ("one",)),
        (-1.5, ("log", mean)),
        (-lam / mean / 2, ("power", 1.0, mean)),
        (-lam / mean / 2, ("power", -1.0, mean)),
    ]


@log_density("lomax")
def lomax_log_density(a: Any, scale: Any) -> list[tuple[Any, Feature]]:
    return [(total(np.log(a), -np.log(scale)), ("one",)), (-(a + 1), ("log1p", scale))]


# --- entropies ----------------------------------------------------------------------------------------------------


@entropy("normal")
def normal_entropy(loc: Any, scale: Any) -> Bounded:
    return total(np.log(scale), (1 + LOG_2PI) / 2, 0 * loc)


@entropy("log_normal")
def log_normal_entropy(mu: Any, sigma: Any) -> Bounded:
    return total(mu, np.log(sigma), (1 + LOG_2PI) / 2)


@entropy("laplace")
def laplace_entropy(loc: Any, scale: Any) -> Bounded:
    return total(1.0, np.log(2.0), np.log(scale), 0 * loc)


@entropy("cauchy")
def cauchy_entropy(loc: Any, scale: Any) -> Bounded:
    return total(np.log(4 * np.pi), np.log(scale), 0 * loc)


@entropy("half_cauchy")
def half_cauchy_entropy(scale: Any) -> Bounded:
    return total(np.log(2 * np.pi), np.log(scale))


@entropy("logistic")
def logistic_entropy(loc: Any, scale: Any) -> Bounded:
    return total(np.log(scale), 2.0, 0 * loc)


@entropy("log_logistic")
def log_logistic_entropy(shape: Any, scale: Any) -> Bounded:
    return total(np.log(scale), -np.log(shape), 2.0)


@entropy("gumbel")
def gumbel_entropy(loc: Any, scale: Any) -> Bounded:
    return total(np.log(scale), 1 + np.euler_gamma, 0 * loc)


@entropy("student_t")
def student_t_entropy(df: Any, loc: Any, scale: Any) -> Bounded:
    tail = (df + 1) / 2
    spread = total(tail * special.psi(tail), -tail * special.psi(df / 2))
    return total(times(-1.0, _student_constant(df, scale)), spread, 0 * loc)


@entropy("generalized_normal")
def generalized_normal_entropy(beta: Any, loc: Any, scale: Any) -> Bounded:
    return total(1 / beta, -np.log(beta), np.log(2.0), np.log(scale), log_gamma(1 / beta), 0 * loc)


@entropy("triangular")
def triangular_entropy(left: Any, mode: Any, right: Any) -> Bounded:
    return total(0.5, np.log((right - left) / 2), 0 * mode)


@entropy("lomax")
def lomax_entropy(a: Any, scale: Any) -> Bounded:
    return total(1.0, 1 / a, -np.log(a), np.log(scale))


# --- first and second moments of the centred laws -------------------------------------------------------------------


def _moments(name: str, mean_and_variance: Any) -> None:
    @expectation("linear", name)
    def linear(params: Params, m: Any, s: Any) -> Bounded:
        mean, _ = mean_and_variance(**params)
        return as_bounded((mean - m) / s) if name in EXACT_MEAN else total(mean / s, -m / s)

    @expectation("square", name)
    def square(params: Params, m: Any, s: Any) -> Bounded:
        """E((X - m)/s)^2 = var/s^2 + ((mean - m)/s)^2."""
        mean, variance = mean_and_variance(**params)
        spread = times(1 / s / s, variance)
        infinite = np.isposinf(spread.value)
        offset = as_bounded((mean - m) / s) if name in EXACT_MEAN else total(mean / s, -m / s)
        answer = total(spread, square_of(offset))
        return Bounded(np.where(infinite, np.inf, answer.value), answer.bound)


def _student_moments(df: Any, loc: Any, scale: Any) -> tuple[Any, Any]:
    return (np.where(df > 1, loc, np.nan), np.where(df > 2, scale**2 * df / np.where(df > 2, df - 2, 1.0), np.inf))


def _triangular_moments(left: Any, mode: Any, right: Any) -> tuple[Any, Any]:
    a, b = mode - left, right - mode
    return left + ((right - left) + a) / 3, (a * a + a * b + b * b) / 18


def _generalized_normal_moments(beta: Any, loc: Any, scale: Any) -> tuple[Any, Any]:
    return loc, stacy_moment(Stacy(1 / beta, beta, scale), 2.0, 1.0)


EXACT_MEAN = {"normal", "laplace", "logistic", "student_t", "generalized_normal", "cauchy"}
_MOMENTS = {
    "normal": lambda loc, scale: (loc, scale**2),
    "laplace": lambda loc, scale: (loc, 2 * scale**2),
    "logistic": lambda loc, scale: (loc, (np.pi * scale) ** 2 / 3),
    "gumbel": lambda loc, scale: (loc + np.euler_gamma * scale, (np.pi * scale) ** 2 / 6),
    "student_t": _student_moments,
    "cauchy": lambda loc, scale: (np.nan * loc, np.inf * scale),
    "generalized_normal": _generalized_normal_moments,
    "triangular": _triangular_moments,
}
for _name, _rule in _MOMENTS.items():
    _moments(_name, _rule)
