"""D(p‖q) for q with ellipsoids as level sets, in any dimension: log q is a function of one quadratic form of x.

With Q = |L⁻¹(X - m)|² for X of law p, m the centre of q and LLᵀ its matrix:

    q normal       D(p‖q) = D(p‖r) + D(r‖q), r the normal law with the mean and the covariance of p, as log(r/q) is
                   quadratic; for independent entries D(p‖r) is the sum of theirs
    q Student's t  E log(1 + Q/ν) = ∫₀^∞ (1 - E e^(-tQ/ν)) e^(-t)/t dt, where E e^(-sQ) is known for p normal or t

(A. M. Mathai, S. B. Provost, Quadratic Forms in Random Variables, 1992, 3.2a). The integrals are sums over log t, and for
p = t over log w of its mixing χ² law: both fall off doubly exponentially and are analytic in a strip, so that a sum with
an even step errs by e^(-45).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from densities.distributions.array_pushforward import affine
from densities.distributions.continuous import ChiSquared, F, Normal
from densities.distributions.elliptical import MultivariateNormal
from densities.distributions.moments import closed, variance_estimate
from densities.distributions.vector_pushforward import VectorPushforward
from densities.divergences.closed_forms.multivariate import normal_pair_in_digits
from densities.estimate import ErrorKind, Estimate, Status
from densities.expectation import EPS
from densities.numerics.cholesky import DIGITS, LARGEST, exactly
from densities.numerics.inverses import inverted
from densities.precise.context import digits
from densities.protocols import push_forward
from densities.transforms.base import Inverse
from densities.transforms.linear import Scale

# The step of the sums, and what is left out beyond their ends: e^-DEEP.
STEP, DEEP = 0.125, 42.0
# Numbers held at once.
HELD = 2**20


def by_entries(p: Any, q: Any) -> bool:
    """Whether q is normal and p is not, of independent entries, all with densities."""
    return (
        isinstance(q, MultivariateNormal)
        and not isinstance(p, MultivariateNormal)
        and p.measure == "lebesgue"
        and p.factors() is not None
    )


def kl_by_entries(
    p: Any, q: Any, kl: Callable[[Any, Any], Estimate], kl_normal: Callable[[Any, Any], Estimate]
) -> tuple[list[Estimate], float]:
    """D(p_i‖r_i) of all entries and D(r‖q) of two normal laws, and what errors of means and variances do to their sum."""
    entries = p.factors()
    known = [_mean_and_variance(entry) for entry in entries]
    means, variances, blurs, spreads = np.transpose(known)
    scales = np.sqrt(variances)
    matched = MultivariateNormal(means, np.diag(scales**2))
    terms = [kl(entry, Normal(mean, scale)) for entry, mean, scale in zip(entries, means, scales, strict=True)]
    inverse = np.linalg.inv(q.params["cov"])
    pull = np.abs(inverse @ (means - q.params["mean"]))
    bend = np.abs(np.diagonal(inverse) - 1.0 / variances) / 2
    return [*terms, kl_normal(matched, q)], float(pull @ blurs + bend @ spreads)


def _mean_and_variance(law: Any) -> tuple[float, float, float, float]:
    """(mean, variance, their errors), of a law without them (0, 1, 0, 0): it is infinitely far from every normal law."""
    mean, variance = float(law.mean()), closed(law, "var")
    if variance is None:
        found = variance_estimate(law)
        variance, spread = float(found.value), float(found.error)
    else:
        variance, spread = float(variance), 0.0
    if not (np.isfinite(mean) and np.isfinite(variance)):
        return 0.0, 1.0, 0.0, 0.0
    rounding = 8 * EPS if closed(law, "mean") is not None else spread / variance + 64 * EPS
    return mean, variance, rounding * (abs(mean) + variance**0.5), spread + 8 * EPS * variance


class Radii(NamedTuple):
    """The laws of |L⁻¹(X - m)|² under two laws with one centre and matrices that differ by a factor, and its rounding."""

    p: Any
    q: Any
    rounding: float


# Of a law of n entries, the law of the squared distance in its own matrix.
SQUARED_RADIUS: dict[str, Callable[[Any], Any]] = {
    "multivariate_normal": lambda law: ChiSquared(float(law.n)),
    "multivariate_t": lambda law: push_forward(F(float(law.n), float(law.params["df"])), Scale(float(law.n))),
}


def radii(p: Any, q: Any) -> Radii | None:
    """The laws of the squared distances from a common centre, whose divergence is that of p and q; None for other pairs.

    Both densities are functions of one quadratic form, so that it is sufficient.
    """
    names = SQUARED_RADIUS.keys() & {p.name, q.name}
    if names != {p.name, q.name} or p.singular or q.singular:
        return None
    matrices = [np.asarray(law.params[law.matrix_name]) for law in (p, q)]
    if not np.array_equal(p.params[p.location_name], q.params[q.location_name]):
        return None
    factor = float(matrices[0][0, 0] / matrices[1][0, 0])
    off = np.max(np.abs(matrices[0] - factor * matrices[1]) / np.outer(p.scales, p.scales))
    if off > 4 * EPS:
        return None
    exact = off == 0.0 and np.frexp(factor)[0] == 0.5
    rounding = 0.0 if exact else 4 * EPS * p.n * float(np.linalg.cond(p.correlation))
    seen_p, seen_q = (SQUARED_RADIUS[law.name](law) for law in (p, q))
    return Radii(push_forward(seen_p, Scale(factor)) if factor != 1.0 else seen_p, seen_q, rounding)


def by_digits(p: Any, q: Any) -> bool:
    """Whether both are images of regular normal laws under affine maps, in as many dimensions as many digits serve."""
    return p.n <= LARGEST and all(map(_is_normal_image, (p, q)))


def _is_normal_image(law: Any) -> bool:
    base, steps = _opened(law)
    return base.name == "multivariate_normal" and not base.singular and all(affine(step, law.n) for step in steps)


def _opened(law: Any) -> tuple[Any, Sequence[Any]]:
    """The base of a law and the steps that lead from it to the law."""
    return (law.base, law.transform.steps) if isinstance(law, VectorPushforward) else (law, ())


def kl_by_digits(p: Any, q: Any) -> Estimate:
    """D(p‖q) from means and covariances in so many digits that no matrix of doubles makes them cancel."""
    with digits(DIGITS):
        (mean_p, cov_p), (mean_q, cov_q) = map(_normal_in_digits, (p, q))
        found = normal_pair_in_digits(mean_p, mean_q, cov_p, cov_q)
    if found is None:
        reason = "a covariance is not positive"
        return Estimate(np.nan, np.inf, ErrorKind.BOUND, Status.NOT_CONVERGED, "closed", 0, {"reason": reason})
    return Estimate(found, 4 * EPS * found, ErrorKind.BOUND, Status.EXACT, "closed", 0, {})


def _normal_in_digits(law: Any) -> tuple[Any, Any]:
    """(mean, covariance) of the image of a normal law, of the numbers that it is made of."""
    base, steps = _opened(law)
    mean, cov = exactly(base.params["mean"]), exactly(np.asarray(base.params["cov"]))
    for step in steps:
        backward = isinstance(step, Inverse)
        loc, matrix = affine(step.original if backward else step, law.n)  # type: ignore[misc]
        loc, matrix = exactly(np.broadcast_to(loc, mean.shape)), exactly(np.asarray(matrix))
        if backward:
            matrix = inverted(matrix)[0]
            loc = -(matrix @ loc)
        mean, cov = loc + matrix @ mean, matrix @ cov @ matrix.T
    return mean, cov


def by_transform(p: Any, q: Any) -> bool:
    """Whether the Laplace transform of Q gives D(p‖q)."""
    return q.name == "multivariate_t" and p.name in ("multivariate_normal", "multivariate_t")


def kl_by_transform(p: Any, q: Any) -> Estimate:
    """-H(p) - log q(m) + (ν + n)/2·E log(1 + Q/ν), for p normal or Student's t and q Student's t."""
    df, n = float(q.params["df"]), p.n
    factor, own = (np.asarray(law.map.params["matrix"]) for law in (q, p))
    directions, roots, _ = np.linalg.svd(solve_triangular(factor, own, lower=True))
    centre = solve_triangular(factor, p.map.params["loc"] - q.map.params["loc"], lower=True)
    excess, evaluations = _mean_log(roots**2 / df, (directions.T @ centre) ** 2 / df, p.params.get("df"))
    entropy, log_peak, weight = float(p.entropy()), float(q.logpdf(q.params["loc"])), 0.5 * (df + n)
    total = weight * excess - entropy - log_peak
    size = 1.0 + abs(entropy) + abs(log_peak) + weight * excess
    error = EPS * (8 + p.conditioning + q.conditioning) * size
    good = error <= max(1e-8 * abs(total), 1e-12)
    status = Status.CONVERGED if good else Status.NOT_CONVERGED
    return Estimate(max(total, 0.0), error, ErrorKind.HEURISTIC, status, "quadrature", evaluations, {})


def _mean_log(variances: np.ndarray, shifts: np.ndarray, df: float | None) -> tuple[float, int]:
    """E log(1 + Σ (a_i z_i + b_i)²) for variances a², squared shifts b² and normal z, or Student's t with df."""
    factors, weights = np.ones(1), np.ones(1)
    if df is not None:  # z = x·√factor, factor = df/w
        x, mass = _mixing(float(df))
        factors, weights = np.exp(-x), mass / mass.sum()
    slowest = 1.0 if df is None else min(1.0, 0.5 * float(df))  # 1 - E e^(-sQ) ~ s^slowest at 0
    reach = np.log1p(np.sum(variances) + np.sum(shifts))
    log_t = _even(-DEEP / slowest - reach - 1.0, np.log(DEEP), STEP)
    total = 0.0
    block = max(1, HELD // (len(factors) * len(variances)))
    for first in range(0, len(log_t), block):
        t = np.exp(log_t[first : first + block])[:, None, None]
        stretch = 2.0 * t * (variances * factors[:, None])
        log_transform = -np.sum(0.5 * np.log1p(stretch) + t * shifts / (1.0 + stretch), axis=-1)
        total += float(np.exp(-t[:, 0, 0]) @ (-np.expm1(log_transform) @ weights))
    return total * STEP, len(log_t) * len(factors)


def _mixing(df: float) -> tuple[np.ndarray, np.ndarray]:
    """x = log(w/df) of χ² w with df degrees of freedom, and its density there up to a factor: exp(df·(x + 1 - e^x)/2)."""
    depth = 2.0 * DEEP / df
    x = _even(
        -(np.sqrt(2 * depth) + depth),
        min(np.sqrt(2 * depth), 1.0 + np.log1p(depth)),
        min(STEP, 2.0 ** np.floor(np.log2(0.6 * np.sqrt(2.0 / df)))),
    )
    return x, np.exp(0.5 * df * (x - np.expm1(x)))


def _even(low: float, high: float, step: float) -> np.ndarray:
    """The multiples of a power of two from one number to another: sums over them round none of the points."""
    return step * np.arange(np.floor(low / step), np.ceil(high / step) + 1.0)
