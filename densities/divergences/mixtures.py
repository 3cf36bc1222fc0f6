"""Bounds of D(p‖q) for mixtures, which owe nothing to any integral: a sandwich around every computed value.

Below: data processing, D(p‖q) >= Σ P(cell) log(P(cell)/Q(cell)) over any partition, here between the landmarks of both.
Above: J. R. Hershey and P. A. Olsen, "Approximating the Kullback Leibler divergence between Gaussian mixture models",
ICASSP 2007, section 8: D(p‖q) <= Σ_ab φ_ab (log(φ_ab/ψ_ab) + D(p_a‖q_b)) for all φ with row sums π_a and ψ with column sums
ω_b, by convexity; alternating minimisation over φ and ψ tightens it, and every iterate is a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np
from scipy.special import logsumexp, rel_entr

from densities.arrays import quiet
from densities.distributions.mixture import Mixture
from densities.divergences.closed_forms import closed_form
from densities.divergences.plain import kl_plain
from densities.divergences.ratio import RadonNikodym
from densities.estimate import Estimate, Status

# Every iteration gives a bound, and the least of them is taken: none need converge.
ITERATIONS = 40
# Pairs of components whose divergences are looked for; more of them cost more than the integral itself.
PAIRS = 100
# A bound is summed from rounded masses: a value may miss it by this share.
ROUNDING = 1e-12
# A cell with less than this share of its tail has too few digits of its own.
SHOWN = 1e-6


@singledispatch
def terms(law: Any) -> Sequence[tuple[float, Any]]:
    """The law as a mixture: (weight, component)."""
    return [(1.0, law)]


@terms.register
def _(law: Mixture) -> Sequence[tuple[float, Any]]:
    return law.terms


def lower_bound(p: Any, q: Any) -> float:
    """Σ P log(P/Q) over the cells between the landmarks of p and q; one whose Q is lost joins its neighbour."""
    points = np.unique(np.concatenate([p.landmarks(), q.landmarks()]))
    with quiet():
        inside, sure = _masses(q, points)
        seen = np.flatnonzero(sure)
        if not len(seen):
            return 0.0
        starts = np.concatenate([[0], seen[1:]])
        cells = (np.add.reduceat(masses, starts) for masses in (_masses(p, points)[0], inside))
        return max(0.0, float(np.sum(rel_entr(*cells))))


def _masses(law: Any, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Masses of the cells between the points, each the difference of its nearer tail, and which of them that shows."""
    below = np.concatenate([[0.0], law.cdf(points), [1.0]])
    above = np.concatenate([[1.0], law.sf(points), [0.0]])
    low, high = below[1:], above[:-1]
    masses = np.where(low < high, np.diff(below), -np.diff(above))
    return masses, masses > SHOWN * np.minimum(low, high)


def upper_bound(p: Any, q: Any) -> float:
    """The variational bound by the divergences of pairs of components; inf where too few of these are known."""
    left, right = terms(p), terms(q)
    if len(left) * len(right) > PAIRS:
        return np.inf
    with quiet():
        log_p, log_q = (np.log([weight for weight, _ in side]) for side in (left, right))
        between = np.array([[_component(a, b) for _, b in right] for _, a in left])
        return _tightened(log_p[:, None], log_q[None, :], between)


def _component(a: Any, b: Any) -> float:
    """D(a‖b) where a closed form or the quick quadrature gives it, with its error; inf, which bounds it, elsewhere."""
    if a.same_as(b):
        return 0.0
    form = closed_form(a.name, a.params, b.name, b.params) if a.name and b.name else None
    if form is not None:
        return float(form.value + form.bound)
    if not RadonNikodym(a, b).absolutely_continuous:
        return np.inf
    tame = kl_plain(a, b)
    return float(tame.value[0] + tame.error[0]) if tame is not None and tame.answered[0] else np.inf


def _tightened(log_p: np.ndarray, log_q: np.ndarray, between: np.ndarray) -> float:
    """The least bound over the iterations, from φ = ψ = π ω."""
    log_phi, best = log_p + log_q, np.inf
    for _ in range(ITERATIONS):
        log_psi = log_q + log_phi - logsumexp(log_phi, axis=0, keepdims=True)
        log_psi = np.where(np.isnan(log_psi), -np.inf, log_psi)
        free = log_psi - between
        row = logsumexp(free, axis=1, keepdims=True)
        log_phi = np.where(row == -np.inf, -np.inf, log_p + free - row)
        # With φ = π ψ e^(-D)/Σ_b ψ e^(-D) the bound is Σ_a π_a (log π_a - log Σ_b ψ_ab e^(-D_ab)).
        best = min(best, float(np.sum(np.exp(log_p) * (log_p - row))))
    return best


def bracketed(estimate: Estimate, p: Any, q: Any) -> Estimate:
    """The estimate with both bounds in `detail`, where p or q is a mixture; not trusted where it lies outside of them."""
    if len(terms(p)) == len(terms(q)) == 1 or not np.isfinite(estimate.value):
        return estimate
    lower, upper = lower_bound(p, q), upper_bound(p, q)
    detail = {**estimate.detail, "lower": lower, "upper": upper}
    slack = ROUNDING * max(abs(estimate.value), 1e-2)
    # The truth lies between the bounds, however little draws know of it.
    reach = max(upper - estimate.value, estimate.value - lower) + slack
    sigmas = 6.0 if estimate.method == "montecarlo" else 1.0
    if (
        lower - slack <= estimate.value + sigmas * estimate.error
        and estimate.value - sigmas * estimate.error <= upper + slack
    ):
        return replace(estimate, error=min(estimate.error, reach), detail=detail)
    detail["reason"] = f"the value lies outside the bounds {lower:.6g} and {upper:.6g} that hold for it"
    return replace(estimate, error=max(estimate.error, reach), status=Status.NOT_CONVERGED, detail=detail)


__all__ = ["bracketed", "lower_bound", "terms", "upper_bound"]
