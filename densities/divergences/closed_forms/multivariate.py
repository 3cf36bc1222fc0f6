"""Multivariate normal and Student t laws and balls; the Dirichlet rule stands with the beta one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import psi

from densities.divergences.closed_forms.elementary import EPS, SAFETY, TINY, Bounded, log_excess, near, times, total
from densities.divergences.closed_forms.lngamma import log_gamma
from densities.divergences.closed_forms.table import Params, entropy, kl_rule
from densities.numerics.cholesky import DIGITS, LARGEST, cholesky, exactly, forward
from densities.precise.context import context, digits

WIDE = np.longdouble  # 64 bits of mantissa on x86: three more digits against an ill-conditioned covariance
WIDE_EPS = float(np.finfo(WIDE).eps)
# A bound above this share of the value: the closed form is taken again in many digits.
BLURRED = 1e-12


def _log_diagonal(factor: Any) -> Any:
    return np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(-1)


def _condition(factor: Any) -> Any:
    """The condition number of factor factor^T."""
    return np.linalg.cond(np.asarray(factor, dtype=float)) ** 2


class Whitened(NamedTuple):
    """A matrix C_p seen from C_q = L L^T in units, powers of two, that take the diagonal of C_q to nearly 1.

    The factors of both in these units, the eigenvalues of L^-1 (C_p - C_q) L^-T, and the relative rounding of these.
    """

    units: Any
    factor_p: Any
    factor_q: Any
    e: Any
    blur: Any


def whitened(cov_p: Any, cov_q: Any) -> Whitened:
    """C_p seen from C_q: the difference of near-identical matrices is exact, and the units round nothing."""
    units = np.exp2(np.rint(np.log2(np.diagonal(cov_q, axis1=-2, axis2=-1)) / 2)).astype(WIDE)
    outer = units[..., :, None] * units[..., None, :]
    cov_p, cov_q = (cov.astype(WIDE) / outer for cov in (cov_p, cov_q))
    factor_p, factor_q = cholesky(cov_p), cholesky(cov_q)
    half = forward(factor_q, cov_p - cov_q)
    seen = forward(factor_q, np.swapaxes(half, -1, -2)).astype(float)
    e = np.linalg.eigvalsh((seen + np.swapaxes(seen, -1, -2)) / 2)
    blur = 4 * e.shape[-1] * (EPS + WIDE_EPS * _condition(factor_q))
    return Whitened(units, np.broadcast_to(factor_p, seen.shape), factor_q, e, blur)


def spread_excess(seen: Whitened, ratio: Any = 1.0, growth: Any = 0.0) -> Bounded:
    """sum_i (m_i - 1 - log m_i)/2, m_i the eigenvalues of ratio L^-1 C_p L^-T; growth = ratio - 1, as exactly as known.

    Near C_q from m_i - 1 = e_i + growth (1 + e_i), where e_i keeps its digits; far from it the log-determinants come from
    the Cholesky factors.
    """
    size, own, growth = seen.e.shape[-1], seen.e, np.asarray(growth)[..., None]
    e = own + growth * (1 + own)
    close, small = near(e)
    close = close.all(-1)

    near_value = log_excess(small).sum(-1) / 2
    rounded = np.sqrt((own * own + growth * growth).sum(-1))
    near_bound = 4 * seen.blur * (np.sqrt((e * e).sum(-1)) + seen.blur * rounded) * rounded
    trace = ratio * (forward(seen.factor_q, seen.factor_p) ** 2).sum((-2, -1))
    logs = _log_diagonal(seen.factor_q) - _log_diagonal(seen.factor_p) - size * np.log(ratio) / 2
    far_value = (trace / 2 - WIDE(size) / 2 + logs).astype(float)
    conditioned = 4 * size**2 * WIDE_EPS * _condition(seen.factor_p)
    far_bound = seen.blur * (trace.astype(float) + size + np.abs(far_value)) + conditioned
    return Bounded(np.where(close, near_value, far_value), np.where(close, near_bound, far_bound))


@kl_rule("multivariate_normal", "multivariate_normal", source="Kullback & Leibler 1951, by whitened eigenvalues")
def multivariate_normal_pair(p: Params, q: Params) -> Bounded:
    """`spread_excess` of the covariances + |L^-1 (m_p - m_q)|^2/2, L L^T = C_q."""
    seen = whitened(p["cov"], q["cov"])
    spread = spread_excess(seen)
    shift = (p["mean"].astype(WIDE) - q["mean"]) / seen.units
    z = forward(seen.factor_q, shift[..., None])[..., 0]
    distance = ((z * z).sum(-1) / 2).astype(float)
    value = spread.value + distance
    return _resolved(p, q, value, spread.bound + seen.blur * distance + SAFETY * EPS * value + TINY)


def _resolved(p: Params, q: Params, value: np.ndarray, bound: np.ndarray) -> Bounded:
    """Members of a batch that conditioning has blurred, anew in many digits."""
    given = (p["mean"], 1), (q["mean"], 1), (p["cov"], 2), (q["cov"], 2)
    return anew(Bounded(value, bound), given, normal_pair_in_digits)


def anew(found: Bounded, given: Any, in_digits: Callable[..., float | None]) -> Bounded:
    """`found` with the members that are blurred by `in_digits` of the arrays `given`, each with the rank of a member of it."""
    value, bound = found
    blurred = ~(bound <= BLURRED * np.abs(value)) & np.isfinite(value)
    if given[-1][0].shape[-1] > LARGEST or not np.any(blurred):
        return found
    value, bound = np.array(value), np.array(bound)
    arrays = [np.broadcast_to(x, (*blurred.shape, *np.shape(x)[np.ndim(x) - rank :])) for x, rank in given]
    for member in map(tuple, np.argwhere(blurred)):
        with digits(DIGITS):
            number = in_digits(*(exactly(x[member]) for x in arrays))
        if number is not None:
            value[member], bound[member] = number, SAFETY * EPS * number + TINY
    return Bounded(value, bound)


def normal_pair_in_digits(mean_p: Any, mean_q: Any, cov_p: Any, cov_q: Any) -> float | None:
    """[tr(C_q^-1 C_p) - n + |L_q^-1 (m_p - m_q)|^2]/2 + log det L_q - log det L_p of numbers of mpmath.

    None for matrices that are not positive.
    """
    mp = context()
    try:
        factor_p, factor_q = cholesky(cov_p), cholesky(cov_q)
        log_dets = [sum(map(mp.log, np.diag(factor))) for factor in (factor_p, factor_q)]
        z = forward(factor_q, (mean_p - mean_q)[:, None])
        squares = (forward(factor_q, factor_p) ** 2).sum() + (z**2).sum()
        found = float((squares - len(z)) / 2 + log_dets[1] - log_dets[0])
    except (TypeError, ZeroDivisionError, ValueError):  # roots of negative numbers, logarithms of 0
        return None
    return found if found >= 0.0 else None


@kl_rule(
    "multivariate_t", "multivariate_normal", source="Kotz & Nadarajah 2004, Multivariate t Distributions, 1.7 and 1.11"
)
def multivariate_t_normal(p: Params, q: Params) -> Bounded:
    """D(N(m_p, S_p) || q) + tr(C_q^-1 S_p)/(df - 2) + H(N(0, I)) - H(t_df(0, I)); inf for df <= 2.

    H(t) = n/2 log(df pi) + lnG(df/2) - lnG(a) + a (psi(a) - psi(df/2)), a = (df + n)/2, for the shape I.
    """
    df, shape = p["df"], p["shape"]
    n = shape.shape[-1]
    half, a = df / 2, (df + n) / 2
    factor = np.linalg.cholesky(q["cov"])
    trace = (forward(factor, np.linalg.cholesky(shape)) ** 2).sum((-2, -1))
    normal = multivariate_normal_pair({"mean": p["loc"], "cov": shape}, q)
    gap = total(
        log_gamma(a),
        times(-1.0, log_gamma(half)),
        -n / 2 * np.log(half),
        -a * psi(a),
        a * psi(half),
        n / 2,
        normal,
        Bounded(trace / (df - 2), 8 * n * EPS * _condition(factor) * np.abs(trace / (df - 2))),
    )
    found = Bounded(np.where(df > 2, gap.value, np.inf), gap.bound)
    given = (df, 0), (p["loc"], 1), (q["mean"], 1), (shape, 2), (q["cov"], 2)
    return anew(found, given, _t_normal_in_digits)


def _t_normal_in_digits(df: Any, loc: Any, mean: Any, shape: Any, cov: Any) -> float | None:
    """The same of numbers of mpmath."""
    mp, df = context(), df[()]
    normal = normal_pair_in_digits(loc, mean, shape, cov)
    if normal is None:
        return None
    half, a = df / 2, (df + len(loc)) / 2
    trace = (forward(cholesky(cov), cholesky(shape)) ** 2).sum()
    gap = (
        mp.loggamma(a) - mp.loggamma(half) - (a - half) * mp.log(half) - a * (mp.psi(0, a) - mp.psi(0, half)) + a - half
    )
    return float(gap + trace / (df - 2)) + normal


@kl_rule("uniform_ball", "multivariate_normal", source="by the covariance r²I/(n + 2) of a ball")
def ball_normal(p: Params, q: Params) -> Bounded:
    """D(N(c, r²I/(n + 2)) || q) + lnG(n/2 + 1) + n/2 (1 + log 2 - log(n + 2))."""
    n = q["cov"].shape[-1]
    spread = np.square(p["radius"] / np.sqrt(n + 2.0))[..., None, None] * np.eye(n)
    normal = multivariate_normal_pair({"mean": p["center"], "cov": spread}, q)
    return total(normal, log_gamma(n / 2 + 1), n / 2, n / 2 * np.log(2.0 / (n + 2)))


@entropy("multivariate_normal")
def multivariate_normal_entropy(mean: Any, cov: Any) -> Bounded:
    """[n log(2 pi e) + log det C]/2."""
    factor = np.linalg.cholesky(cov)
    logs = np.log(np.diagonal(factor, axis1=-2, axis2=-1))
    size = factor.shape[-1]
    value = total(size * (1 + np.log(2 * np.pi)) / 2, logs.sum(-1))
    return Bounded(
        value.value, value.bound + SAFETY * size * EPS * (np.abs(logs).sum(-1) + np.linalg.cond(factor) ** 2)
    )
