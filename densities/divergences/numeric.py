"""D(p‖q) by numbers: landmark quadrature in base coordinates, and Monte Carlo on pairs that are never inverted.

Quadrature takes four sums on the same nodes: k1 = ∫p t and k3 = ∫p φ(t) with t = log dp/dq and φ(t) = t + e⁻ᵗ - 1 >= 0, and
the masses ∫p and ∫q. D = k1 = k3 + Q(where p has no mass). The masses check the run; the better conditioned of the two forms
is the answer: k3 keeps relative accuracy when p and q are nearly equal, k1 when they are far apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, log_abs, sign, value, where
from densities.arrays import quiet
from densities.divergences.ratio import RadonNikodym
from densities.estimate import ErrorKind, Estimate, Status
from densities.expectation import EPS, from_draws, integrate_law, tails
from densities.logmath import log_phi
from densities.numerics.exponents import Verdict
from densities.numerics.montecarlo import estimate_mean

# A mass that misses 1 by more than this says that the nodes missed something or that a density is wrong.
MASS_TOLERANCE = 1e-8
K1, K3, P, Q, FLOOR1, FLOOR3 = range(6)
FLOORS = (FLOOR1, FLOOR3, FLOOR1, FLOOR1, None, None)


def kl_integrands(ratio: RadonNikodym, part: Any, x: Anchored) -> tuple[np.ndarray, np.ndarray]:
    """Logs and signs of p t, p φ(t), p, q and of the two rounding floors, at nodes x of a root of p."""
    t, log_w, log_p, log_q = ratio.on(part, x)
    weight, t_value, log_t = value(log_w), value(t), log_abs(t)
    nothing = np.isneginf(weight)
    log_q_here = value(log_q + (log_w - log_p))
    log_q_here = np.where(np.isnan(log_q_here), weight - t_value, log_q_here)
    size = np.logaddexp(np.logaddexp(log_abs(log_p), log_abs(log_q)), log_t)
    low = t_value < -30.0
    inner = np.where(low, 0.0, t_value)
    phi = np.where(low, log_q_here + np.log1p((t_value - 1.0) * np.exp(t_value)), weight + np.where(np.isposinf(inner), log_t, log_phi(inner)))
    phi = np.where(np.isneginf(t_value), log_q_here, phi)
    gap = np.where(t_value > 0, weight + np.log(-np.expm1(-t_value)), log_q_here + np.log(-np.expm1(t_value)))
    logs = np.stack([weight + log_t, phi, weight, log_q_here, weight + size,
                     np.logaddexp(gap + size, weight + 2 * size + np.log(EPS))])
    logs[[K1, P, FLOOR1]] = np.where(nothing, -np.inf, logs[[K1, P, FLOOR1]])
    logs[[K3, FLOOR3]] = np.where(nothing, log_q_here, logs[[K3, FLOOR3]])
    signs = np.ones_like(logs)
    signs[K1] = sign(t)
    return logs, signs


def log_size_and_noise(ratio: RadonNikodym, part: Any, x: Anchored) -> tuple[Any, Any]:
    """log|p t| at nodes of a root, and its absolute error: that of log p, and the cancellation in t."""
    t, log_w, log_p, log_q = ratio.on(part, x)
    weight, log_t = value(log_w), log_abs(t)
    cancelled = np.exp(np.logaddexp(log_abs(log_p), log_abs(log_q)) - log_t)
    return np.where(np.isneginf(weight), -np.inf, weight + log_t), 4 * EPS * (np.abs(weight) + cancelled)


def kl_quadrature(p: Any, q: Any, *, rtol: float = 1e-11) -> Estimate:
    """D(p‖q) for p absolutely continuous with respect to q, both scalar laws on the line."""
    ratio = RadonNikodym(p, q)
    atoms = _atom_terms(p, q)
    if p.log_continuous_mass == -np.inf:
        total = float(np.sum(atoms[0]))
        return Estimate(total, float(8 * EPS * np.sum(np.abs(atoms[0]))), ErrorKind.BOUND, Status.EXACT, "sum", len(p.atoms[0]), {})
    points = q.landmarks()
    verdicts = tails(p, lambda part, x: log_size_and_noise(ratio, part, x), points)
    divergent = [approach for approach in verdicts if approach.verdict is Verdict.INFINITE]
    if divergent:
        return Estimate(np.inf, 0.0, ErrorKind.EXACT, Status.INFINITE, "tails", 0, {
            "reason": f"p log(p/q) is not integrable {divergent[0].where} (in the coordinates of the base of p)"})
    sums = integrate_law(p, lambda part, x: kl_integrands(ratio, part, x), points, floor=FLOORS, rtol=rtol)
    v, e = sums.values, sums.errors
    if np.isposinf(v[K1]) or np.isposinf(v[K3]):
        return Estimate(np.inf, 0.0, ErrorKind.EXACT, Status.INFINITE, "quadrature", sums.evaluations,
                        {"reason": "q has zero density on a set where p has mass"})
    outside = _mass_outside(p, q)
    candidates = [(e[K1] + 2 * EPS * v[FLOOR1], v[K1])]
    if abs(v[Q] + outside - np.exp(q.log_continuous_mass)) < MASS_TOLERANCE:
        candidates.append((e[K3] + 2 * EPS * v[FLOOR3] + 4 * EPS * outside, v[K3] + outside))
    (error, smooth), spread = min(candidates), float(np.ptp([c[1] for c in candidates]))
    index = 1 if (error, smooth) != candidates[0] else 0
    error = max(error, spread - max(c[0] for c in candidates), 0.0)
    total = float(smooth + np.sum(atoms[index]))
    mass_gap = abs(v[P] - np.exp(p.log_continuous_mass))
    undecided = [approach for approach in verdicts if approach.verdict is Verdict.UNDECIDED]
    detail: dict[str, Any] = {"mass_p": float(v[P]), "mass_q": float(v[Q] + outside), "form": ("k1", "k3")[index]}
    good = sums.converged and mass_gap < MASS_TOLERANCE and error <= max(1e-6 * abs(total), 1e-12)
    status = Status.UNDECIDED if undecided else Status.CONVERGED if good else Status.NOT_CONVERGED
    if undecided:
        detail["reason"] = f"the integral converges so slowly {undecided[0].where} that it may be infinite"
    elif mass_gap >= MASS_TOLERANCE:
        detail["reason"] = f"the density of p integrates to {v[P]:.12g}"
    return Estimate(total, float(error + 8 * EPS * np.sum(np.abs(atoms[0]))), ErrorKind.HEURISTIC, status, "quadrature", sums.evaluations, detail)


def _atom_terms(p: Any, q: Any) -> tuple[np.ndarray, np.ndarray]:
    """Σ m t and Σ m φ(t) + (atoms of q elsewhere), term by term, over the atoms of p."""
    places, masses = p.atoms
    own = q.atoms
    with quiet():
        t = np.log(masses) - np.log(q.pmf(places)) if len(places) else np.empty(0)
        elsewhere = own[1][~np.isin(own[0], places)] if len(own[0]) else np.empty(0)
        phi = masses * np.exp(log_phi(t)) if len(places) else np.empty(0)
    return masses * t, np.concatenate([phi, elsewhere])


def _mass_outside(p: Any, q: Any) -> float:
    """The continuous mass of q beyond the ends of the support of p."""
    inner, outer = p.support, q.support
    if q.log_continuous_mass == -np.inf:
        return 0.0
    with quiet():
        below = 0.0 if value(inner.low - outer.low) <= 0 else float(value(q.anywhere("cdf", anchored(inner.low))))
        above = 0.0 if value(outer.high - inner.high) <= 0 else float(value(q.anywhere("sf", anchored(inner.high))))
    return below + above


class LogRatioDraws:
    """t = log dp/dq at the draws of a source, for `estimate_mean`; picklable."""

    def __init__(self, p: Any, q: Any):
        self.ratio = RadonNikodym(p, q)
        self.parts = [part for part in p.parts() if part.weight]
        self.smooth = not len(p.atoms[0])
        self.dimension = 1 if len(self.parts) == 1 else 2

    def __reduce__(self) -> tuple:
        return LogRatioDraws, (self.ratio.p, self.ratio.q)

    def __call__(self, source: Any) -> np.ndarray:
        u = source.uniforms(self.dimension)
        if not self.smooth:
            with quiet():
                return np.asarray(self.ratio.log(np.asarray(value(self.ratio.p.raw_total_ppf(u[:, 0])))))
        weights = np.cumsum([part.weight for part in self.parts])
        which = np.minimum(np.searchsorted(weights, u[:, 1] * weights[-1], side="right"), len(weights) - 1) if self.dimension == 2 else None
        result = np.empty(source.size)
        with quiet():
            for index, part in enumerate(self.parts):
                rows = slice(None) if which is None else which == index
                x = anchored(root_points(part.root, u[rows, 0]))
                result[rows] = value(self.ratio.on(part, x)[0])
        return result


def root_points(root: Any, u: np.ndarray) -> Any:
    """Points of a root at the probabilities u, each from its nearer tail."""
    upper = u > 0.5
    if not upper.any():
        return root.raw_ppf(u)
    low, high = anchored(root.raw_ppf(np.where(upper, 0.5, u))), anchored(root.raw_isf(np.where(upper, 1.0 - u, 0.5)))
    return where(upper, high, low)


def kl_montecarlo(p: Any, q: Any, *, n: int = 2**16, rng: Any = None, **options: Any) -> Estimate:
    """D(p‖q) as the mean of log dp/dq over draws of p; options are those of `estimate_mean`."""
    values = LogRatioDraws(p, q)
    result = estimate_mean(values, n, rng=rng, dimension=values.dimension, **options)
    return from_draws(result, "montecarlo")
