"""D(p‖q) and log dp/dq of near-identical laws of one structure, from the derivative of the log-density in the parameters.

t(y) = log p(y) - log q(y) = ∫ d/ds log f(y; θ(s)) ds over the segment from q to p, by Gauss's rule with three nodes: the
difference of two nearly equal logarithms is never formed, so t keeps its relative accuracy where it is 1e-15. Whatever the
normalising constants lost is repaired by ∫ q = ∫ p e^-t = 1, which fixes the constant part of t:

    D(p‖q) = ∫ p φ(t + log(1 + r)) = ∫ p φ(t) + log(1 + r) - r,   r = ∫ p (e^-t - 1),   φ(t) = t + e^-t - 1.

For formulas that are right r is small beside t; where it is not there is no answer, and the general route gives one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.divergences.neighbours import UNMOVED, Density, Nodes, changes, nodes_of, segment
from densities.divergences.plain import BEYOND, EPS, LONG_GONE, dies_out
from densities.duals import slope_of
from densities.estimate import ErrorKind, Estimate, Status
from densities.expectation import integrate_law
from densities.logmath import log1p_minus_x, log_phi, phi

# Gauss's nodes on (-1/2, 1/2), and the weights of the outer ones and the middle one.
OUTER, OUTER_WEIGHT, MIDDLE_WEIGHT = 0.5 * np.sqrt(0.6), 5.0 / 18.0, 8.0 / 18.0
# Parameters that hardly differ are seen at points this share of their size apart: that shows what rounding does to t.
JITTER = 1e-12
# The answer must be known to this share of itself, and the constant part of t be this share of its size, or rounding.
SHARE, CONSTANT = 1e-8, 1e-6
# So many sets of panels are tried, and compared where half of the nodes of each agree with all to this.
LEVELS, SETTLED = 3, 1e-4
# Where log p is below this, a point that has left the doubles is left out.
UNSEEN = -80.0
# The mass of p on the nodes.
MASS_TOLERANCE = 1e-8
MASS, CHANGE, PHI, NOISE = range(4)


class Direct(NamedTuple):
    """log p - log q of two near-identical laws: the derivative along their segment at three places."""

    densities: tuple[Density, Density, Density]

    def at(self, y: Any) -> tuple[Any, Any]:
        """t(y) up to a constant, and its error: how far the derivative bends along the segment, and what rounding adds."""
        middle, first, last = (np.asarray(slope_of(density(y)), dtype=float) for density in self.densities)
        t = MIDDLE_WEIGHT * middle + OUTER_WEIGHT * (first + last)
        return t, np.abs(first + last - 2.0 * middle)

    def refined(self, y: np.ndarray, t: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """t(y), known to `noise` as a difference of logarithms, replaced by the direct one where that is known better."""
        known = np.isfinite(noise)
        if not np.any(known):
            return t
        try:
            found, spread = self.at(np.where(known, y, y[known].flat[0]))
        except UNMOVED:
            return t
        return np.where(known & (spread + EPS * np.abs(found) < noise), found, t)


class Sampled(NamedTuple):
    """t with its error at the nodes of one block."""

    nodes: Nodes
    t: np.ndarray
    error: np.ndarray


def direct(p: Any, q: Any) -> Direct | None:
    """The log-ratio taken directly; None for laws that are not near-identical members of one structure."""
    if type(p) is not type(q) or p.measure != "lebesgue" or q.measure != "lebesgue":
        return None
    if p.narrowness.anywhere or q.narrowness.anywhere:
        return None  # points would have to be told apart that are one double
    try:
        return along(p, q, segment)
    except UNMOVED:
        return None


def along(p: Any, q: Any, density: Callable[[Any, Any, float], Density]) -> Direct | None:
    """The log-ratio by `density(p, q, s)`, the logarithm at a place s of the segment; None where no parameter differs."""
    found = list(changes(p, q))
    if not found:
        return None
    s = max(OUTER, JITTER * min(size / change for size, change in found))
    with quiet():
        return Direct((density(p, q, 0.0), density(p, q, -s), density(p, q, s)))


def kl_direct(p: Any, q: Any) -> Estimate | None:
    """D(p‖q) for near-identical laws of one structure to a relative 1e-8, None where it cannot be had this way."""
    ratio = direct(p, q)
    if ratio is None:
        return None
    try:
        with quiet():
            points = np.concatenate([p.landmarks(), p.kinks(), q.kinks()])
            return _on_panels(p, ratio, points) or _by_engine(p, ratio, points)
    except UNMOVED:
        return None


def _on_panels(p: Any, ratio: Direct, points: np.ndarray) -> Estimate | None:
    """From plain doubles; where half of the nodes do not agree with all, two sets of panels must."""
    before: PanelSums | None = None
    for level in range(LEVELS):
        now = _panel_sums(p, ratio, points, level)
        if now is None:
            return None
        change = now.change if before is None else np.minimum(now.change, np.abs(now.totals - before.totals))
        found = _judged(now.totals, change + BEYOND * now.edge, now.evaluations)
        if found is not None or not np.all(now.change[:NOISE] <= SETTLED * now.sizes[:NOISE]):
            return found
        before = now
    return None


class PanelSums(NamedTuple):
    """Sums, what half of the nodes change in them, the largest terms at ends of panels, the sizes of the integrands."""

    totals: np.ndarray
    change: np.ndarray
    edge: np.ndarray
    sizes: np.ndarray
    evaluations: int


def _panel_sums(p: Any, ratio: Direct, points: np.ndarray, level: int) -> PanelSums | None:
    """The four sums; None where terms do not die out at the ends of the half lines."""
    found = [Sampled(nodes, *ratio.at(nodes.y)) for nodes in nodes_of(p, points, level)]
    totals, change, edge, sizes = np.zeros((4, 4))
    for nodes, t, spread in found:
        block = nodes.block
        w = np.exp(nodes.log_root) * block.weight
        noise = spread + EPS * (8.0 + block.at_nodes(block.blur)) * np.abs(t)
        terms = np.stack([w, w * np.expm1(-t), w * phi(t), w * np.abs(np.expm1(-t)) * noise])
        terms[:, w == 0.0] = 0.0
        here = block.sums(terms)
        totals += here.by_panel.sum((1, 2))
        sizes += np.abs(terms).sum((1, 2))
        change += here.change[:, :, 0].sum(1)
        edge = np.maximum(edge, here.edge[:, 0])
    evaluations = sum(t.size for _, t, _ in found)
    return PanelSums(totals, change, edge, sizes, evaluations) if _all_end(found, totals[PHI]) else None


def _all_end(found: list[Sampled], total: float) -> bool:
    """Whether the share of the answer dies out on all half lines; t may have zeros there, t and its size together do not."""
    for nodes, t, _ in found:
        block = nodes.block
        if block.half_lines:
            log_root, there = block.outward(nodes.log_root), block.outward(t)
            apart = there + np.copysign(np.sqrt(2.0 * total), there)
            share = log_phi(apart) - np.log(total) + np.log(block.outward(block.weight))
            # Where the density is e^-1000 a formula on plain doubles may have left them.
            share = np.where(np.isfinite(share) | (log_root > LONG_GONE), share, 0.0)
            if not np.all(dies_out(log_root, share)):
                return False
    return True


def _by_engine(p: Any, ratio: Direct, points: np.ndarray) -> Estimate | None:
    """On nodes that keep their distance from an end: for densities that are singular there."""
    sizes = np.square(ratio.at(points)[0])
    if np.isnan(sizes).all():
        return None
    typical = float(np.sqrt(np.nanmean(sizes)))

    def integrands(part: Any, x: Any) -> tuple[np.ndarray, np.ndarray]:
        t, spread = ratio.at(value(part.forward(x)[0]))
        log_p = value(part.root.raw_logpdf(x))
        change = np.expm1(-t)
        log_change = np.log(np.abs(change))
        # A double beside a far anchor has lost a share of its distance, and t what that makes of it.
        lost = np.where(np.equal(x.anchor, 0.0), 0.0, np.abs(x.anchor) / np.abs(x.offset))
        blur = EPS * (8.0 + np.minimum(lost, 1.0 / EPS))
        noise = np.log(spread + blur * (np.abs(t) + typical))
        logs = log_p + np.stack([np.zeros_like(t), log_change, log_phi(t), log_change + noise])
        # A tail like x^-1.03 still holds something where x has left the doubles: then t must be known, or nothing is said.
        logs[:, np.isneginf(log_p) | ((log_p + x.log_offset < UNSEEN) & ~np.isfinite(t))] = -np.inf
        signs = np.ones_like(logs)
        signs[CHANGE] = np.sign(change)
        return logs, signs

    found = integrate_law(p, integrands, points)
    return _judged(found.values, found.errors, found.evaluations)


def _judged(totals: np.ndarray, errors: np.ndarray, evaluations: int) -> Estimate | None:
    """∫ p φ(t - c)/∫p = ∫pφ(t)/∫p + log(1 + r) - r with r = ∫p(e^-t - 1)/∫p, where it can be trusted."""
    mass, change, total, noise = totals
    r = change / mass
    result = total / mass + log1p_minus_x(r)
    error = (errors[PHI] + noise + abs(r) * errors[CHANGE]) / mass + (
        abs(mass - 1.0) + errors[MASS] + 4.0 * EPS
    ) * result
    trusted = (
        0.0 < result < np.inf
        and error <= SHARE * result
        and abs(mass - 1.0) <= MASS_TOLERANCE
        and abs(r) <= CONSTANT * np.sqrt(2.0 * result) + 2.0 * EPS
    )
    if not trusted:
        return None
    detail = {"mass_p": float(mass), "mass_q": float(mass + change), "form": "direct"}
    return Estimate(
        float(result), float(error), ErrorKind.HEURISTIC, Status.CONVERGED, "quadrature", evaluations, detail
    )


__all__ = ["EPS", "Direct", "along", "direct", "kl_direct"]
