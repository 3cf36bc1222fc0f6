"""Laws on the circle [-pi, pi): von Mises and wrapped Cauchy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.divergences.closed_forms.elementary import (
    EPS,
    SAFETY,
    TINY,
    Bounded,
    as_bounded,
    exp_excess,
    horner,
    log_excess,
    log_ratio,
    near,
    relative_difference,
    times,
    total,
)
from densities.divergences.closed_forms.lngamma import NODES, WEIGHTS
from densities.divergences.closed_forms.table import (
    Feature,
    Params,
    entropy,
    expectation,
    kl_rule,
    log_density,
    support,
)

ANGLES = np.arange(128) * (2 * np.pi / 128)
# Up to this kappa the trapezoid rule at these angles is exact to e^-80; beyond, asymptotic series are.
CROSSOVER = 60.0


def _ratio_coefficients(count: int) -> list[float]:
    """a_k of A(u) = I1/I0 = sum a_k u^-k, from the Riccati equation A' = 1 - A/u - A^2."""
    a = [1.0]
    for k in range(1, count):
        a.append(((k - 2) * a[-1] - sum(a[i] * a[k - i] for i in range(1, k))) / 2)
    return a


RATIO = _ratio_coefficients(24)
# log I0(u) = u - log(2 pi u)/2 + g(u): series of g u, g' u^2 and g'' u^3 in 1/u
TAIL = [a / (1 - k) for k, a in enumerate(RATIO) if k >= 2]
TAIL_SLOPE = RATIO[2:]
TAIL_CURVATURE = [-k * a for k, a in enumerate(RATIO) if k >= 2]


@support("von_mises", "wrapped_cauchy")
def circle(**params: Any) -> tuple[float, float]:
    return -np.pi, np.pi


def mean_resultant(kappa: Any) -> tuple[Any, Any]:
    """A(kappa) = I1/I0 and 1 - A, each to a few ulps, by the asymptotic series past the crossover."""
    large = kappa > 20
    u = np.where(large, kappa, 20.0)
    series = 1 / (2 * u) - horner(1 / u, TAIL_SLOPE) / u**2
    small = np.where(large, 0.0, kappa)
    ratio = special.ive(1, small) / special.ive(0, small)
    return np.where(large, 1 - series, ratio), np.where(large, series, 1 - ratio)


def log_i0(kappa: Any) -> Bounded:
    """log I0, through the scaled Bessel function."""
    small = np.minimum(kappa, 1.0)
    quarter = small * small / 4
    series = np.log1p(quarter * horner(quarter, [1 / special.factorial(k + 1) ** 2 for k in range(12)]))
    scaled = total(kappa, np.log(special.ive(0, kappa)))
    return Bounded(
        np.where(kappa < 1, series, scaled.value), np.where(kappa < 1, SAFETY * EPS * series + TINY, scaled.bound)
    )


def _concentration_excess(kappa: Any, target: Any) -> Bounded:
    """log I0(t) - log I0(k) - (t - k) A(k) >= 0.

    For moderate k and t it is log E_k e^((t-k) c) = log1p E_k[e^x - 1 - x], x = (t - k) c, c = cos - A(k), E_k c = 0.
    Both large: [d - log(1 + d)]/2 and the remainder of g, an integral of g'' where t/k is between 1/2 and 2.
    """
    kappa, target = np.broadcast_arrays(kappa, target)
    moderate = np.maximum(kappa, target) <= CROSSOVER
    k, t = np.where(moderate, kappa, 1.0), np.where(moderate, target, 1.0)
    weight = np.exp(k[..., None] * (np.cos(ANGLES) - 1))
    weight = weight / weight.sum(-1, keepdims=True)
    centred = np.cos(ANGLES) - (weight * np.cos(ANGLES)).sum(-1, keepdims=True)
    circle_value = np.log1p((weight * exp_excess((t - k)[..., None] * centred)).sum(-1))
    circle_bound = 4 * SAFETY * EPS * circle_value + TINY

    large = ~moderate & (np.minimum(kappa, target) > 20)
    a, b = np.where(large, kappa, 100.0), np.where(large, target, 100.0)
    d = relative_difference(b, a)
    inside, small = near(np.where(d < 0, 2 * d, d), 1.0)
    small = np.where(d < 0, small / 2, small)
    u = a[..., None] * (1 + small[..., None] * (NODES + 1) / 2)
    curve = horner(1 / u, TAIL_CURVATURE) / u
    integral = small**2 * np.sum(WEIGHTS / 2 * (1 - (NODES + 1) / 2) * curve * (a[..., None] / u) ** 2, axis=-1)
    direct = total(horner(1 / b, TAIL) / b, -horner(1 / a, TAIL) / a, -d * horner(1 / a, TAIL_SLOPE) / a)
    tail = Bounded(
        np.where(inside, integral, direct.value), np.where(inside, SAFETY * EPS * np.abs(integral) + TINY, direct.bound)
    )
    half = np.where(inside, log_excess(np.where(inside, d, 0.0)), d - log_ratio(b, a)) / 2
    both = total(half, tail)

    _, gap = mean_resultant(kappa)
    mixed = total(times(1.0, _scaled_log(target)), times(-1.0, _scaled_log(kappa)), (target - kappa) * gap)
    mixed = Bounded(mixed.value, mixed.bound + SAFETY * EPS * np.where(kappa > 20, 0.0, np.abs(target - kappa)))
    return Bounded(
        np.where(moderate, circle_value, np.where(large, both.value, mixed.value)),
        np.where(moderate, circle_bound, np.where(large, both.bound, mixed.bound)),
    )


def _scaled_log(kappa: Any) -> Any:
    """log(e^-k I0(k))."""
    return np.log(special.ive(0, kappa))


@kl_rule("von_mises", "von_mises", source="Bregman form of log I0; Kurz et al. 2014 for the plain one")
def von_mises_von_mises(p: Params, q: Params) -> Bounded:
    """Excess of log I0 + k_q A(k_p) 2 sin^2((m_p - m_q)/2)."""
    ratio, _ = mean_resultant(p["kappa"])
    turn = np.sin((p["mu"] - q["mu"]) / 2)
    return total(_concentration_excess(p["kappa"], q["kappa"]), 2 * q["kappa"] * ratio * turn * turn)


@kl_rule(
    "wrapped_cauchy",
    "wrapped_cauchy",
    source="log|1 - conj(z_q) z_p|^2 is harmonic; Kato & Jones 2010 for the Moebius action",
)
def wrapped_cauchy_wrapped_cauchy(p: Params, q: Params) -> Bounded:
    """log1p(|z_p - z_q|^2/((1 - c_p^2)(1 - c_q^2))), z = c e^(i loc)."""
    a, b = p["c"], q["c"]
    turn = np.sin((p["loc"] - q["loc"]) / 2)
    distance = (a - b) ** 2 + 4 * a * b * turn * turn
    return as_bounded(np.log1p(distance / ((1 - a) * (1 + a)) / ((1 - b) * (1 + b))))


@log_density("von_mises")
def von_mises_log_density(kappa: Any, mu: Any) -> list[tuple[Any, Feature]]:
    return [(total(-np.log(2 * np.pi), times(-1.0, log_i0(kappa))), ("one",)), (kappa, ("cos", mu))]


@log_density("wrapped_cauchy")
def wrapped_cauchy_log_density(c: Any, loc: Any) -> list[tuple[Any, Feature]]:
    constant = total(-np.log(2 * np.pi), np.log1p(-c), np.log1p(c))
    return [(constant, ("one",)), (-1.0, ("log_wrapped", c, loc))]


@entropy("von_mises")
def von_mises_entropy(kappa: Any, mu: Any) -> Bounded:
    """log(2 pi e^-k I0(k)) + k (1 - A)."""
    _, gap = mean_resultant(kappa)
    scaled = log_i0(kappa)
    near_zero = total(np.log(2 * np.pi), scaled, -kappa * (1 - gap))
    large = total(np.log(2 * np.pi), _scaled_log(kappa), kappa * gap, 0 * mu)
    return Bounded(np.where(kappa < 1, near_zero.value, large.value), np.where(kappa < 1, near_zero.bound, large.bound))


@entropy("wrapped_cauchy")
def wrapped_cauchy_entropy(c: Any, loc: Any) -> Bounded:
    return total(np.log(2 * np.pi), np.log1p(-c), np.log1p(c), 0 * loc)


@expectation("cos", "von_mises")
def von_mises_cos(params: Params, m: Any) -> Bounded:
    return as_bounded(mean_resultant(params["kappa"])[0] * np.cos(params["mu"] - m))


@expectation("cos", "wrapped_cauchy")
def wrapped_cauchy_cos(params: Params, m: Any) -> Bounded:
    return as_bounded(params["c"] * np.cos(params["loc"] - m))
