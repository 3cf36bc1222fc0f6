"""Wishart's laws of positive definite matrices, and the factors of correlation matrices.

With m_i the eigenvalues of (a/b) U^-1 V, that is of the ratio of the means of W(a, V) and W(b, U),

    D(W(a, V) || W(b, U)) = b sum_i (m_i - 1 - log m_i)/2  +  sum_k [R(y_k, x_k) + h(y_0) - h(y_k)],      k = 0, ..., n - 1,

x_k = (a - k)/2, y_k = (b - k)/2, R = `shape_remainder` and h(y) = y log(x/y) with the same x - y: as for one gamma variable
no term is negative, and all are of the second order in the differences of the parameters. The first sum is 2b times the
divergence of normal laws with the covariances aV and bU.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import psi

from densities.distributions.continuous.heavy import digamma_gain
from densities.distributions.continuous.incomplete import gamma_ratio_remainder
from densities.divergences.closed_forms.elementary import (
    EPS,
    SAFETY,
    TINY,
    Bounded,
    log_excess,
    log_ratio,
    near,
    relative_difference,
    times,
    total,
)
from densities.divergences.closed_forms.lngamma import NODES, WEIGHTS, binet_curvature, log_gamma, shape_remainder
from densities.divergences.closed_forms.multivariate import anew, spread_excess, whitened
from densities.divergences.closed_forms.table import Params, kl_rule
from densities.numerics.cholesky import cholesky, forward
from densities.precise.context import context


@kl_rule("wishart", "wishart", source="by the exponential family, in terms of the ratio of the means")
def wishart_pair(p: Params, q: Params) -> Bounded:
    """D(W(a, V) || W(b, U))."""
    return _pair(p["df"], q["df"], p["scale"], q["scale"])


@kl_rule(
    "inverse_wishart", "inverse_wishart", source="by the inverses, of Wishart laws with the inverses of the scales"
)
def inverse_wishart_pair(p: Params, q: Params) -> Bounded:
    """D(W(a, V^-1) || W(b, U^-1)): the eigenvalues of U V^-1."""
    return _pair(p["df"], q["df"], q["scale"], p["scale"])


def _pair(a: Any, b: Any, v: Any, u: Any) -> Bounded:
    n = v.shape[-1]
    of_scales = spread_excess(whitened(v, u), a / b, relative_difference(a, b))
    parts = [times(b, of_scales)]
    for k in range(n):
        x, y = (a - k) / 2, (b - k) / 2
        parts += [shape_remainder(x, y, relative_difference(y, x)), _descent(k / 2, x, y, (a - b) / 2)]
    found = total(*parts)
    return anew(found, ((a, 0), (b, 0), (v, 2), (u, 2)), _pair_in_digits)


def _descent(length: Any, x: Any, y: Any, gap: Any) -> Bounded:
    """h(y + length) - h(y) >= 0 for h(y) = y log(x/y) with gap = x - y fixed: the integral of h' = log_excess(-gap/x).

    Its poles are where x or y is 0. Intervals that are longer than the way to them are left to the difference.
    """
    smooth = (length <= x) & (length <= y)
    steps = np.where(smooth, length, 0.0)[..., None] * (NODES + 1) / 2
    integral = length / 2 * np.sum(WEIGHTS * log_excess(-gap[..., None] / (x[..., None] + steps)), axis=-1)
    far = total(_beside_gap(x + length, y + length, gap), -_beside_gap(x, y, gap))
    return Bounded(
        np.where(smooth, integral, far.value), np.where(smooth, 2 * SAFETY * EPS * integral + TINY, far.bound)
    )


def _beside_gap(x: Any, y: Any, gap: Any) -> Any:
    """h(y) - gap <= 0, of the second order in gap."""
    inside, small = near(gap / y)
    return np.where(inside, -y * log_excess(small), y * log_ratio(x, y) - gap)


def _pair_in_digits(a: Any, b: Any, v: Any, u: Any) -> float | None:
    """The same of numbers of mpmath; None for matrices that are not positive."""
    mp, a, b, n = context(), a[()], b[()], len(v)
    try:
        factor_p, factor_q = cholesky(v), cholesky(u)
        logs = [2 * sum(map(mp.log, np.diag(factor))) for factor in (factor_p, factor_q)]
        trace = (forward(factor_q, factor_p) ** 2).sum()
    except (TypeError, ZeroDivisionError, ValueError):  # roots of negative numbers, logarithms of 0
        return None
    found = (a * (trace - n) + b * (logs[1] - logs[0])) / 2
    for k in range(n):
        x, y = (a - k) / 2, (b - k) / 2
        found += mp.loggamma(y) - mp.loggamma(x) - (y - x) * mp.psi(0, x)
    return float(found) if found >= 0 else None


@kl_rule("wishart", "inverse_wishart", source="by the expectations of log det X and of X^-1")
def wishart_inverse(p: Params, q: Params) -> Bounded:
    """D(W(a, V) || W^-1(b, U)); inf for a <= n + 1, where the mean of X^-1 is."""
    return _crossed(p["df"], q["df"], p["scale"], q["scale"])


@kl_rule("inverse_wishart", "wishart", source="by the inverses, of the laws the other way round")
def inverse_wishart_wishart(p: Params, q: Params) -> Bounded:
    """D(W(a, V^-1) || W^-1(b, U^-1))."""
    return _crossed(p["df"], q["df"], q["scale"], p["scale"])


def _crossed(a: Any, b: Any, v: Any, u: Any) -> Bounded:
    """The sum over k of lnG(y) - lnG(x) + (a + b)/2 psi(x), x = (a - k)/2 and y = (b - k)/2, and
    b (log det V - log det U + 2n log 2)/2 - n a/2 + tr(V^-1 U)/(2 (a - n - 1)).
    """
    n, seen = v.shape[-1], whitened(u, v)
    trace = (forward(seen.factor_q, seen.factor_p) ** 2).sum((-2, -1)).astype(float)
    logs = np.log(np.diagonal(seen.factor_q, axis1=-2, axis2=-1) / np.diagonal(seen.factor_p, axis1=-2, axis2=-1)).sum(
        -1
    )
    spare = np.where(a > n + 1, 2 * (a - (n + 1)), 1.0)
    parts = [
        -n * a / 2,
        b * n * np.log(2.0),
        times(b, Bounded(logs.astype(float), n * seen.blur)),
        Bounded(trace / spare, seen.blur * trace / spare),
    ]
    for k in range(n):
        x, y = (a - k) / 2, (b - k) / 2
        parts += [log_gamma(y), times(-1.0, log_gamma(x)), (a + b) / 2 * psi(x)]
    found = total(*parts)
    found = Bounded(np.where(a > n + 1, found.value, np.inf), found.bound)
    return anew(found, ((a, 0), (b, 0), (v, 2), (u, 2)), _crossed_in_digits)


def _crossed_in_digits(a: Any, b: Any, v: Any, u: Any) -> float | None:
    """The same of numbers of mpmath; None for matrices that are not positive."""
    mp, a, b, n = context(), a[()], b[()], len(v)
    try:
        factor_v, factor_u = cholesky(v), cholesky(u)
        logs = sum(map(mp.log, np.diag(factor_v))) - sum(map(mp.log, np.diag(factor_u)))
        trace = (forward(factor_v, factor_u) ** 2).sum()
    except (TypeError, ZeroDivisionError, ValueError):
        return None
    found = b * (logs + n * mp.log(2)) - n * a / 2 + trace / (2 * (a - n - 1))
    for k in range(n):
        x, y = (a - k) / 2, (b - k) / 2
        found += mp.loggamma(y) - mp.loggamma(x) + (a + b) / 2 * mp.psi(0, x)
    return float(found) if found >= 0 else None


@kl_rule("lkj_cholesky", "lkj_cholesky", source="by the exponential family of log det R; rows are independent")
def lkj_pair(p: Params, q: Params) -> Bounded:
    """Sum over the rows of D(Beta(x, h) || Beta(y, h)), x and y = concentration + (n - i)/2, h = (i - 1)/2.

    That is (y - x)^2 times the integral of (1 - t) (psi'(a) - psi'(a + h)), a = x + t (y - x), where 1/2 <= y/x <= 2, and
    elsewhere log (x)_h - log (y)_h + (y - x) (psi(x + h) - psi(x)) with (x)_h = G(x + h)/G(x).
    """
    n = int(np.max(p["n"]))
    half = np.arange(1, n) / 2
    x, y = (law["concentration"][..., None] + (half[::-1] - 0.5) for law in (p, q))
    step = (q["concentration"] - p["concentration"])[..., None]
    x, y, half, step = np.broadcast_arrays(x, y, half, step)
    smooth = (step >= -x / 2) & (step <= x)
    a = x[..., None] + np.where(smooth, step, 0.0)[..., None] * (NODES + 1) / 2
    weight = WEIGHTS / 4 * (1 - NODES) * (step[..., None] / a) ** 2
    integral = np.sum(weight * _trigamma_fall(a, half[..., None]), axis=-1)
    far = total(
        gamma_ratio_remainder(x, half),
        -gamma_ratio_remainder(y, half),
        half * log_ratio(x, y),
        step * digamma_gain(x, half),
    )
    rows = Bounded(
        np.where(smooth, integral, far.value), np.where(smooth, 2 * SAFETY * EPS * integral + TINY, far.bound)
    )
    return Bounded(rows.value.sum(-1), rows.bound.sum(-1) + n * EPS * rows.value.sum(-1))


def _trigamma_fall(a: Any, h: Any) -> Any:
    """a^2 (psi'(a) - psi'(a + h)) >= 0 for a > 0, with psi'(a) = 1/a + 1/(2 a^2) + mu''(a)."""
    b = a + h
    return h * (a / b) + h * (a + b) / (2 * b * b) + binet_curvature(a) - binet_curvature(b) * (a / b) ** 2
