"""D(p‖q) of near-identical laws of point masses of one structure, from the derivative of log-masses in the parameters.

As in `divergences.direct`, t = log p - log q is an integral over the segment between the parameters, in which nothing cancels.
What all masses have in common, as the mass that a truncation leaves, need not be known: with t less its mean under p

    D(p‖q) = Σ p φ(t) + log(1 + r) - r,   r = Σ p (e^-t - 1),   φ(t) = t + e^-t - 1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.distributions.discrete.finite import Delta
from densities.distributions.discrete.images import DiscreteMixture, DiscreteTruncated
from densities.distributions.discrete.shared import CountableFamily
from densities.distributions.lattice import Strand
from densities.divergences.direct import EPS, Direct, along
from densities.divergences.neighbours import UNMOVED, ApartError, Density, log_sum, moving
from densities.estimate import ErrorKind, Estimate, Status
from densities.logmath import log1p_minus_x, log_phi
from densities.numerics.sums import first_true

# The answer must be known to this share of itself.
SHARE = 1e-8
# Integers are visited one by one, so many of them at most, to where less than e^-160 of a strand is left.
MOST, DEEP = 2**15, -160.0


@singledispatch
def log_masses(p: Any, q: Any, s: float) -> Density:
    """y -> log P(Y = y) and its derivative at s on the segment from q to p, but for a number that no y changes."""
    raise ApartError(f"{type(p).__name__} has no parameters to move")


@log_masses.register
def _(p: CountableFamily, q: Any, s: float) -> Density:
    if (p.low, p.high) != (q.low, q.high):
        raise ApartError("supports that move")
    shapes = [moving(float(a), float(b), s) for a, b in zip(p._shapes, q._shapes, strict=True)]

    def log_mass(y: Any) -> Any:
        inside = (y >= p.low) & (y <= p.high)
        return np.where(inside, p._log_pmf(np.where(inside, y, p.centre), *shapes), -np.inf)

    return log_mass


@log_masses.register
def _(p: Delta, q: Any, s: float) -> Density:
    if not p.same_as(q):
        raise ApartError("an atom that moves")
    return lambda y: np.where(y == p.params["loc"], 0.0, -np.inf)


@log_masses.register
def _(p: DiscreteMixture, q: Any, s: float) -> Density:
    terms = [
        (np.log(moving(float(v), float(w), s)), log_masses(a, b, s))
        for (v, a), (w, b) in zip(p.terms, q.terms, strict=True)
    ]
    if any(isinstance(part, DiscreteTruncated) for _, part in p.terms):
        raise ApartError("a component whose own constant is not known")
    return log_sum(terms)


@log_masses.register
def _(p: DiscreteTruncated, q: Any, s: float) -> Density:
    if (p.low, p.high) != (q.low, q.high):
        raise ApartError("supports that move")
    return log_masses(p.base, q.base, s)


def kl_near(p: Any, q: Any, seen: float, error: float) -> Estimate | None:
    """D(p‖q) to a relative 1e-8, None where it cannot be had this way, or is not what was `seen` within its `error`."""
    spans = {id(strand): _span(strand) for strand in p.strands}
    if sum(high - low for low, high in spans.values()) > MOST:
        return None
    try:
        ratio = along(p, q, log_masses)
        if ratio is None:
            return None
        with quiet():
            near = _summed(p, ratio, lambda strand: spans[id(strand)])
    except UNMOVED:
        return None
    trusted = near.error <= SHARE * near.value and abs(near.value - seen) <= error + near.error
    return near if trusted else None


def _span(strand: Strand) -> tuple[float, float]:
    """The integers of a strand beyond which next to nothing is left."""
    law, (low, high), deep = strand.law, strand.ends, DEEP - strand.cancelled
    with quiet():
        first = first_true(lambda k: law.log_below(k) > deep, low, high, law.centre)
        last = first_true(lambda k: law.log_above(k) <= deep, low, high, law.centre)
    return max(low, float(first)), min(high, float(last))


def _summed(p: Any, ratio: Direct, span: Callable[[Strand], tuple[float, float]]) -> Estimate:
    def at(strand: Strand, k: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        t, spread = ratio.at(strand.at(k))
        log_mass = strand.law.log_pmf(k) + strand.log_weight
        nothing = np.isneginf(log_mass)
        return log_mass, np.where(nothing, 0.0, t), np.where(nothing, 0.0, spread)

    def moments(strand: Strand, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        log_mass, t, _ = at(strand, k)
        return np.stack([log_mass, log_mass + np.log(np.abs(t))]), np.stack([np.ones_like(t), np.sign(t)])

    def forms(strand: Strand, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        log_mass, t, spread = at(strand, k)
        t = t - centre
        change = np.expm1(-t)
        noise = spread + EPS * (8.0 * np.abs(t) + 2.0 * abs(centre))
        logs = np.stack([log_phi(t), np.log(np.abs(change)), np.log(np.abs(change)) + np.log(noise)]) + log_mass
        return logs, np.stack([np.ones_like(t), np.sign(change), np.ones_like(t)])

    first = p.summed(moments, lambda strand: None, bounds=span)
    centre = float(first.value[1] / first.value[0])
    second = p.summed(forms, lambda strand: None, bounds=span)
    (total, change, noise), errors, mass = second.value, second.error, float(first.value[0])
    r = change / mass
    result = float(total / mass + log1p_minus_x(r))
    error = float((errors[0] + noise + abs(r) * errors[1]) / mass + (abs(mass - 1.0) + 4.0 * EPS) * result)
    detail = {"mass_p": mass, "mass_q": float(mass + change), "form": "direct"}
    terms = first.terms + second.terms
    return Estimate(result, error, ErrorKind.HEURISTIC, Status.CONVERGED, "sum", terms, detail)


__all__ = ["kl_near", "log_masses"]
