"""D(p‖q) by landmark quadrature in base coordinates.

Quadrature takes four sums on the same nodes, the two forms k1 = ∫p t and k3 = ∫p φ(t) of `divergences.forms` and the masses
∫p and ∫q. The masses check the run; the better conditioned of the two forms is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, log_abs, sign, value
from densities.arrays import quiet
from densities.distributions.lattice import SHOWN
from densities.divergences.direct import kl_direct
from densities.divergences.forms import FLOOR1, FLOOR3, GOOD, K1, K3, MASS_TOLERANCE, Form, P, Q, better
from densities.divergences.plain import kl_plain
from densities.divergences.ratio import FAR, Nodes, RadonNikodym, apart_above, apart_below
from densities.estimate import ErrorKind, Estimate, Status, infinite
from densities.expectation import EPS, Approach, Sums, integrate_law, tails
from densities.logmath import log_phi
from densities.numerics.exponents import Verdict

# The sums that the rounding of each is a share of: see `integrate_law`.
FLOORS = (FLOOR1, FLOOR3, P, Q, None, None)


def kl_integrands(ratio: RadonNikodym, part: Any, x: Anchored) -> tuple[np.ndarray, np.ndarray]:
    """Logs and signs of p t, p φ(t), p, q and of the two rounding floors, at nodes x of a root of p."""
    t, log_w, log_p, log_q, log_q_root, lost = ratio.on(part, x)
    weight, t_value, log_t, log_q_here = value(log_w), value(t), log_abs(t), value(log_q_root)
    nothing = np.isneginf(weight)
    # A term is the exponential of a sum of logarithms, and ulps of these are shares of it: many, far out in a slow tail.
    carried = log_t + np.log(np.abs(weight) + np.abs(log_t))
    carried = np.where(np.isneginf(log_t), -np.inf, carried)
    size = np.logaddexp(np.logaddexp(log_abs(log_p), log_abs(log_q)), np.logaddexp(log_t, carried))
    low = t_value < -30.0
    inner = np.where(low, 0.0, t_value)
    phi = np.where(
        low,
        log_q_here + np.log1p((t_value - 1.0) * np.exp(t_value)),
        weight + np.where(np.isposinf(inner), log_t, log_phi(inner)),
    )
    phi = np.where(np.isneginf(t_value), log_q_here, phi)
    gap = np.where(t_value > 0, weight + np.log(-np.expm1(-t_value)), log_q_here + np.log(-np.expm1(t_value)))
    logs = np.stack(
        [
            weight + log_t,
            phi,
            weight,
            log_q_here,
            weight + size,
            np.logaddexp(gap + size, weight + 2 * size + np.log(EPS)),
        ]
    )
    logs[[K1, P, FLOOR1]] = np.where(nothing, -np.inf, logs[[K1, P, FLOOR1]])
    logs[[K3, FLOOR3]] = np.where(nothing, log_q_here, logs[[K3, FLOOR3]])
    logs[:, np.broadcast_to(lost, logs.shape[1:])] = -np.inf
    signs = np.ones_like(logs)
    signs[K1] = sign(t)
    return logs, signs


def log_bound(ratio: RadonNikodym, part: Any, x: Anchored) -> tuple[Any, Any, Any]:
    """log p and log(|log p| + |log q|) >= log|t| at nodes of a root, and the absolute error of that: nothing cancels in it."""
    nodes = ratio.on(part, x)
    return _weighed(nodes, x, np.logaddexp(log_abs(nodes.log_p), log_abs(nodes.log_q)), 0.0)


def log_size(ratio: RadonNikodym, part: Any, x: Anchored) -> tuple[Any, Any, Any]:
    """log p and log|t| at nodes of a root, and the absolute error of that: the cancellation in t."""
    nodes = ratio.on(part, x)
    log_t = log_abs(nodes.t)
    cancelled = np.exp(np.logaddexp(log_abs(nodes.log_p), log_abs(nodes.log_q)) - log_t)
    return _weighed(nodes, x, log_t, 4 * EPS * cancelled)


def _weighed(nodes: Nodes, x: Anchored, log_factor: Any, error: Any) -> tuple[Any, Any, Any]:
    """log p, a factor and its error: no factor where p is 0, one that leaves no number (inf - inf) where log p and the factor
    have both left the doubles on the way out, NaN where p is alive and its log-ratio is not known."""
    weight = value(nodes.log_weight)
    gone = (log_abs(x) > FAR) & ~(log_abs(nodes.log_q) < np.inf)
    log_factor = np.where(nodes.lost, np.nan, log_factor)
    return weight, np.where(np.isneginf(weight), np.where(gone, np.inf, -np.inf), log_factor), error


def unsettled(ratio: RadonNikodym, points: np.ndarray) -> list[Approach]:
    """Where ∫p|t| is infinite or may be: told from its bound, and from t itself only where the bound does not converge."""
    for integrand in (log_bound, log_size):
        found = [
            approach
            for approach in tails(ratio.p, lambda part, x, f=integrand: f(ratio, part, x), points)  # type: ignore[misc]
            if approach.verdict is not Verdict.FINITE
        ]
        if not found:
            return []
    return found


def _sums(ratio: RadonNikodym, points: np.ndarray, rtol: float) -> Sums:
    """Where several points come to one, log p breaks at more places than the map does, if it keeps distances from them."""
    p = ratio.p
    all_points = points if all(part.injective for part in p.parts()) else np.concatenate([points, p.landmarks()])
    sums = integrate_law(p, lambda part, x: kl_integrands(ratio, part, x), all_points, floor=FLOORS, rtol=rtol)
    if len(all_points) == len(points) or np.all(np.isfinite(sums.values)):
        return sums
    return integrate_law(p, lambda part, x: kl_integrands(ratio, part, x), points, floor=FLOORS, rtol=rtol)


def kl_quadrature(p: Any, q: Any, *, rtol: float = 1e-11) -> Estimate:
    """D(p‖q) for p absolutely continuous with respect to q, both scalar laws on the line."""
    near = kl_direct(p, q)
    if near is not None:
        return near
    tame = kl_plain(p, q, rtol=rtol)
    if tame is not None and tame.answered[0]:
        detail = {"mass_p": float(tame.mass_p[0]), "mass_q": float(tame.mass_q[0]), "form": "k1"}
        k, error = float(tame.value[0]), float(tame.error[0])
        return Estimate(k, error, ErrorKind.HEURISTIC, Status.CONVERGED, "quadrature", tame.evaluations, detail)
    atoms = _atom_terms(p, q)
    if p.log_continuous_mass == -np.inf:
        return _of_atoms(p, q, *atoms)
    ratio, points = RadonNikodym(p, q), q.landmarks()
    undecided = unsettled(ratio, points)
    divergent = [approach for approach in undecided if approach.verdict is Verdict.INFINITE]
    if divergent:
        where = f"{divergent[0].where} (in the coordinates of the base of p)"
        return infinite("tails", f"p log(p/q) is not integrable {where}")
    return _judged(p, q, _sums(ratio, points, rtol), atoms, undecided)


def _of_atoms(p: Any, q: Any, first: Form, third: Form) -> Estimate:
    """The estimate for p of point masses: all of the density of q lies outside."""
    outside = float(np.exp(q.log_continuous_mass))
    third = third._replace(value=third.value + outside, error=third.error + 2 * EPS * outside)
    best = min(first, third)
    return Estimate(best.value, best.error, ErrorKind.BOUND, Status.EXACT, "sum", len(p.atoms[0]), {})


def _judged(p: Any, q: Any, sums: Sums, atoms: tuple[Form, Form], undecided: Sequence[Approach]) -> Estimate:
    """The estimate by sums over nodes and over atoms, and whether it is to be trusted."""
    v, n = sums.values, sums.evaluations
    if not np.isfinite(v[P]):
        reason = {"reason": "the integrand has no value at a node, or a sum leaves the doubles"}
        return Estimate(np.nan, np.inf, ErrorKind.HEURISTIC, Status.NOT_CONVERGED, "quadrature", n, reason)
    if np.isposinf(v[K1]) or (np.isposinf(v[K3]) and np.isfinite(v[Q])):  # an infinite mass of q is one of rounding
        return infinite("quadrature", "q has zero density on a set where p has mass", n)
    outside = _mass_outside(p, q)
    gap_p, gap_q = abs(v[P] - np.exp(p.log_continuous_mass)), abs(v[Q] + outside - np.exp(q.log_continuous_mass))
    best = better(_forms(sums, atoms, gap_p, gap_q, outside, 0.25 * EPS * (p.log_lost + q.log_lost)))
    detail = {"mass_p": float(v[P]), "mass_q": float(v[Q] + outside), "form": best.name}
    good = gap_p < MASS_TOLERANCE and best.is_good
    status = Status.UNDECIDED if undecided else Status.CONVERGED if good else Status.NOT_CONVERGED
    if undecided:
        detail["reason"] = f"the integral converges so slowly {undecided[0].where} that it may be infinite"
    elif gap_p >= MASS_TOLERANCE:
        detail["reason"] = f"the density of p integrates to {v[P]:.12g}"
    elif best.error > GOOD * abs(best.value) > 0:
        detail["reason"] = (
            f"the error is {best.error / abs(best.value):.1e} of the value: log p and log q cancel in doubles, or one of "
            "them is not smooth where no landmark says so; kl(p, q, dps=20) gives the digits"
        )
    return Estimate(float(best.value), float(best.error), ErrorKind.HEURISTIC, status, "quadrature", n, detail)


def _forms(sums: Sums, atoms: tuple[Form, Form], gap_p: float, gap_q: float, outside: float, lost: float) -> list[Form]:
    """Both forms with their errors; the second only where nodes see all of q.

    A mass that is off shows log-densities that are: by a constant, D changes by that of log q and 1 + D times that of log p;
    φ(t) of an error δ in t changes by (1 - q/p) δ + δ²/2, and ∫|p - q| <= √(2D). Where nodes miss part of q, its mass says
    nothing. So does the rounding of what cancels in them, `lost`, seen in a mass or not.
    """
    v, e, (first, third) = sums.values, sums.errors, atoms
    seen = gap_p + (gap_q if gap_q < MASS_TOLERANCE else 0.0)
    error = e[K1] + 2 * EPS * v[FLOOR1] + first.error + SHOWN * (seen + gap_p * abs(v[K1])) + lost
    forms = [Form(error, v[K1] + first.value, "k1")]
    if gap_q < MASS_TOLERANCE and np.isfinite(v[K3]):
        shown = SHOWN * gap_p * v[K3] + (SHOWN * seen + lost) * min(np.sqrt(2 * v[K3]), 2.0) + lost * lost
        error = e[K3] + 2 * EPS * v[FLOOR3] + 4 * EPS * outside + third.error + shown
        forms.append(Form(error, v[K3] + outside + third.value, "k3"))
    return forms


def _atom_terms(p: Any, q: Any) -> tuple[Form, Form]:
    """Σ m t, and Σ m φ(t) + the atoms of q elsewhere, over the atoms of p, with their roundings."""
    places, masses = p.atoms
    own = q.atoms
    elsewhere = float(np.sum(own[1][~np.isin(own[0], places)])) if len(own[0]) else 0.0
    places, masses = places[masses > 0], masses[masses > 0]
    if not len(places):
        return Form(0.0, 0.0, "k1"), Form(2 * EPS * elsewhere, elsewhere, "k3")
    with quiet():
        here, there = np.log(masses), q.logpmf(places)
        t = here - there
        # Of logarithms, and of masses that are exponentials of such
        noise = 4 * EPS * (1 + np.abs(here) + np.abs(there))
        phi = masses * np.exp(log_phi(t))
        noise1, noise3 = masses * noise * (1 + np.abs(t)), masses * noise * (np.abs(t) + noise)
    first = Form(float(np.sum(noise1)), float(np.sum(masses * t)), "k1")
    return first, Form(float(np.sum(noise3)) + 2 * EPS * elsewhere, float(np.sum(phi)) + elsewhere, "k3")


def _mass_outside(p: Any, q: Any) -> float:
    """The continuous mass of q beyond the ends of the support of p."""
    inner, outer = p.support, q.support
    if q.log_continuous_mass == -np.inf:
        return 0.0
    low_apart, high_apart = apart_below(outer, inner), apart_above(outer, inner)
    with quiet():
        below = float(value(q.anywhere("cdf", anchored(inner.low)))) if low_apart else 0.0
        above = float(value(q.anywhere("sf", anchored(inner.high)))) if high_apart else 0.0
    return below + above
