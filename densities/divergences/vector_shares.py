"""E_p g(t) + E_q g(t) of laws of vectors by cubature, each half in the coordinates of the roots of its own law."""

from __future__ import annotations

from itertools import combinations, product
from math import gcd
from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.distributions.vector_moments import MAX_DIMENSION, integrate_vector, within_reach
from densities.divergences.forms import GOOD
from densities.divergences.generators import Generator
from densities.divergences.shares import FLOOR, MASS, SHARE, Halves, Terms, is_unbounded, noise_of
from densities.divergences.vector import NOTICED, axes, infinite_tail
from densities.divergences.vector_ratio import INWARD, VectorRatio
from densities.expectation import EPS
from densities.numerics.exponents import Verdict

__all__ = ["both_vector_halves", "endless", "is_broken", "within_reach_of_both"]

# The accuracy asked for in three dimensions, where one more digit costs eight times the nodes; and in two and three where the
# integrand breaks on a surface that boxes only surround, at the corner of g or on the border of a support.
THREE_RTOL, BROKEN_RTOL = 1e-6, (1e-5, 1e-4)
# An estimate is good that is so many times worse than what was asked for.
SLACK = 20.0
# Far from both laws, where p^α q^(1-α) may peak for α > 1, two ways to the affinity must agree to this share of it.
AGREED = 1e-6
# Where one law ends in the midst of the other, nodes come as near to its border.
CLOSE = 2.0**-40
# Draws of a law that show whether the other one has no density there.
PROBES = 2**10
# Planes between so many axes at most are looked into for tails.
MOST_AXES = 10
TAIL_WORDS = {
    Verdict.INFINITE: ("the integral diverges far out, on lines in the coordinates of the roots", ""),
    Verdict.UNDECIDED: ("", "the integral converges so slowly that it may be infinite"),
    Verdict.FINITE: ("", ""),
}


def within_reach_of_both(p: Any, q: Any) -> bool:
    """Whether cubature serves both laws."""
    return within_reach(p) and within_reach(q)


def is_broken(generator: Generator, p: Any, q: Any) -> bool:
    """Whether the integrand breaks on so large a surface that draws do better than boxes, which close in on it slowly: where
    one law ends in the midst of the other, and in three dimensions where g has a corner."""
    return (generator.kinked and _is_spatial(p, q)) or _ends_within(p, q)


def _is_spatial(p: Any, q: Any) -> bool:
    return max(len(part.roots) for law in (p, q) for part in law.parts()) == MAX_DIMENSION


def _ends_within(p: Any, q: Any) -> bool:
    return any(np.isinf(VectorRatio(a, b).log(a.rvs(PROBES, rng=0))).any() for a, b in ((p, q), (q, p)))


def both_vector_halves(generator: Generator, p: Any, q: Any, *, rtol: float) -> Halves:
    """The integrals over p and over q, laws of vectors within reach of cubature.

    The affinity A = 1 + α(α - 1) D is that of the shares: no node need come to where p^α q^(1-α) has its peak, α < 1, while
    these live where p and q do. For α > 1 it is taken once more, in the other coordinates.
    """
    three, broken = _is_spatial(p, q), generator.kinked or _ends_within(p, q)
    rtol = max(rtol, BROKEN_RTOL[three] if broken else THREE_RTOL if three else 0.0)
    terms, order = Terms(generator, None), generator.affinity
    diverges, doubtful = _tail_words(generator, p, q)
    if diverges:
        return terms.endless(diverges)
    halves = _over(terms, p, q, 1.0, rtol, broken) + _over(terms, q, p, -1.0, rtol, broken)
    halves = halves._replace(good=max(GOOD, SLACK * rtol), doubtful=doubtful)
    if order is None or halves.diverges:
        return halves
    factor = order * (order - 1.0)
    share, error = halves.value[SHARE], halves.error[SHARE]
    affinity, affinity_error = 1.0 + factor * share, abs(factor) * error + EPS * (1.0 + abs(factor) * share)
    if order > 1.0 and not halves.doubtful:
        seen = _affinity_over(q, p, order, max(rtol, AGREED / SLACK))
        if not abs(seen - affinity) <= AGREED * affinity + affinity_error:
            halves = halves._replace(lacking=f"∫ p^α q^(1-α) is {affinity:.9g} by nodes about p and {seen:.9g} about q")
    affinity = max(affinity, affinity_error)
    return halves._replace(
        value=np.array([*halves.value, affinity, 0.0]), error=np.array([*halves.error, affinity_error, 0.0])
    )


def endless(generator: Generator, p: Any, q: Any) -> str:
    """Words on where an integral over p or over q diverges; empty where none is seen to."""
    return _tail_words(generator, p, q)[0]


def _tail_words(generator: Generator, p: Any, q: Any) -> tuple[str, str]:
    """Words on where an integral diverges, and on where it may."""
    return TAIL_WORDS[max(_verdict(generator, p, q, 1.0), _verdict(generator, q, p, -1.0))]


def _verdict(generator: Generator, law: Any, other: Any, sign: float) -> Verdict:
    """Whether the half over `law` diverges far out."""
    if not is_unbounded(generator, sign):
        return Verdict.FINITE

    def log_of(
        weight: np.ndarray, t: np.ndarray, log_p: np.ndarray, log_q: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        noise = noise_of(log_p, log_q)
        share, up, down = (generator.log_share(sign * t + move) for move in (0.0, noise, -noise))
        return weight + share, EPS * np.abs(weight) + np.abs(up - down)

    return infinite_tail(law, other, log_of, _fan)


def _fan(d: int) -> np.ndarray:
    """Directions in the planes of any two axes, for the exponent of a power of dp/dq may grow between these alone; the axes
    themselves where they are many."""
    if not 1 < d <= MOST_AXES:
        return axes(d)
    ways = []
    for pair in combinations(range(d), 2):
        for steps in product(range(-2, 3), repeat=2):
            if gcd(*steps) == 1:
                way = np.zeros(d)
                way[list(pair)] = steps
                ways.append(way)
    return np.unique(ways, axis=0)


def _over(terms: Terms, law: Any, other: Any, sign: float, rtol: float, broken: bool) -> Halves:
    """The half over `law`; t is `sign` times the logarithm of its own density over that of the other."""
    bare: list[np.ndarray] = []
    blur, unbounded = law.conditioning + other.conditioning, is_unbounded(terms.generator, sign)
    ratio = VectorRatio(law, other, CLOSE if broken else INWARD)

    def integrands(piece: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nodes = ratio.on(piece, x)
        logs = terms.at(nodes.log_weight, sign * nodes.t, (1.0 + blur) * noise_of(nodes.log_p, nodes.log_q))
        if unbounded and not bare:
            alone = np.isposinf(nodes.t) & (nodes.log_weight > NOTICED)
            bare.extend(piece.forward(x[alone][:1])[0])
        return logs, np.ones_like(logs)

    floors = [FLOOR, MASS, None]
    with quiet():
        sums = integrate_vector(
            law, integrands, floor=floors, rtol=rtol, others=[other], blur=2.0 + blur, analytic=not broken
        )
    if bare:
        return terms.endless(f"one law has mass near {np.array2string(bare[0], precision=6)}, where the other has none")
    lacking = "the integrand has not died out where the doubles end" if sums.truncated else ""
    return terms.gathered(sums.values, sums.errors, 1.0, sums.evaluations, lacking=lacking, exact=False)


def _affinity_over(law: Any, other: Any, order: float, rtol: float) -> float:
    """∫ law^(1-α) other^α in the coordinates of the roots of `law`."""
    ratio = VectorRatio(law, other)

    def integrands(piece: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nodes = ratio.on(piece, x)
        # What is not known is left out: where it matters, the two ways differ.
        term = np.nan_to_num(nodes.log_weight - order * nodes.t, nan=-np.inf, neginf=-np.inf, posinf=-np.inf)
        size = np.log(1.0 + order * (np.abs(nodes.log_p) + np.abs(nodes.log_q)))
        logs = np.stack([term, np.where(np.isneginf(term), -np.inf, term + size)])
        return logs, np.ones_like(logs)

    with quiet():
        return float(integrate_vector(law, integrands, floor=[1, None], rtol=rtol, others=[other]).values[0])
