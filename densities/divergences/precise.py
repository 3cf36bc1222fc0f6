"""D(p‖q) to many digits: what `kl(p, q, dps=...)` answers.

The integral of p log(p/q) is taken in the coordinates of the roots of p, between the same landmarks that the engine splits
at and at the exact places where p or q is not smooth, by the double exponential rule on precise numbers; where a map comes
close to an end of its image, its point is computed with as many more digits. The mass of p, on the same nodes, must be right
to the digits asked for. Whether D is infinite is told by the exponents of the tails, as it is without `dps`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.distributions.digits import DiscreteView, checked, mass_on
from densities.distributions.precise import UNLIFTED, MixtureView, PushedView, View, density, view
from densities.distributions.strands import Strand
from densities.errors import ShapeError, UnsupportedOperationError, argument_error
from densities.estimate import ErrorKind, Estimate, Status
from densities.precise import RoundedError, bits, context, digits, public
from densities.precise.quadrature import integrate

# Digits beyond those asked for; what an answer near 0 loses comes on top.
GUARD = 15
# A point is computed anew with more digits while it has lost more than this part of them, up to MOST bits.
LOST, MOST = 0.25, 60_000
# Landmarks closer than this share of their spread to another place make no panel of their own.
APART = 1e-6
# Where a root has less than 2^-(NOTHING prec) no landmark is needed.
NOTHING = 10
# Where a root has less than e^-(UNSEEN prec) the integrand is 0, however large log(p/q).
UNSEEN = 10_000
# So many atoms are summed.
TERMS = 20_000


@dataclass
class Term:
    """weight · E_root[f(g(x))]: `forward(x)` gives g(x), log|g'(x)| and lost bits; `pull(y)` its preimages."""

    weight: Any
    root: View
    forward: Callable[[Any], tuple[Any, Any, float]]
    pull: Callable[[Any], list[Any]]
    breaks: list[Any]
    injective: bool


def terms_of(law: View) -> list[Term]:
    """The law as roots pushed through maps."""
    if isinstance(law, MixtureView):
        return [
            Term(weight * term.weight, term.root, term.forward, term.pull, term.breaks, False)
            for weight, part in law.smooth
            for term in terms_of(part)
        ]
    if isinstance(law, PushedView) and law.law.parts()[0].root is not law.law:
        return [_pushed(law, term) for term in terms_of(law.base)]
    mp = context()
    return [Term(mp.mpf(1), law, lambda x: (x, mp.mpf(0), 0), lambda y: [y], [], True)]


def _pushed(law: PushedView, term: Term) -> Term:
    def forward(x: Any) -> tuple[Any, Any, float]:
        inner, log_det, lost = term.forward(x)
        y, more, lost_here = law.forward(inner)
        return y, log_det + more, max(lost, lost_here)

    def pull(y: Any) -> list[Any]:
        return [x for inner in law.preimages(y) for x in term.pull(inner)]

    ends = [end for strip in law.strips for end in (strip.low, strip.high) if law.base.low < end < law.base.high]
    breaks = [*term.breaks, *(x for end in ends for x in term.pull(end))]
    return Term(term.weight, term.root, forward, pull, breaks, term.injective and len(law.strips) == 1)


def edges_of(term: Term, p: View, q: View) -> list[Any]:
    """The ends of the panels: landmarks of the root and of q, and the exact places where something is not smooth."""
    mp, root = context(), term.root
    corners = [x for law in (p, q) for x in (law.low, law.high, *(mp.mpf(float(kink)) for kink in law.law.kinks()))]
    exact = [*term.breaks, *(x for y in corners if mp.isfinite(y) for x in term.pull(y))]
    inner = sorted({x for x in exact if root.low < x < root.high and root.logpdf(x) > -NOTHING * mp.prec})
    for softer in ([mp.mpf(x) for x in root.landmarks()], [x for y in q.landmarks() for x in term.pull(mp.mpf(y))]):
        spread = max(softer) - min(softer) if softer else mp.mpf(0)
        for x in softer:
            seen = root.low < x < root.high and root.logpdf(x) > -NOTHING * mp.prec
            if seen and all(abs(x - y) > APART * spread for y in inner):
                inner.append(x)
    return [root.low, *(sorted(inner) or [root.middle(root.low, root.high)]), root.high]


def kl_term(term: Term, p: View, q: View) -> tuple[list[Any], list[Any], int]:
    """∫ r and ∫ r log(p/q) over one root r, weighed."""
    mp = context()

    def integrand(x: Any) -> tuple[Any, Any]:
        log_root = term.root.logpdf(x)
        if log_root < -UNSEEN * mp.prec:
            return mp.mpf(0), mp.mpf(0)
        weight = mp.exp(log_root)
        prec = mp.prec
        while True:
            with bits(prec):
                y, log_det, lost = term.forward(x)
                if lost <= LOST * prec:
                    log_p = term.root.logpdf(x) - log_det if term.injective else density(p, y)
                    return weight, weight * (log_p - density(q, y))
            prec = 2 * prec if lost == mp.inf else int(prec + lost)
            if prec > MOST:
                raise RoundedError("a point that its map sends closer to an end than 10^-18000")

    values, errors, count = integrate(integrand, edges_of(term, p, q))
    return [term.weight * v for v in values], [term.weight * e for e in errors], count


def kl_digits(p: Any, q: Any, dps: int, known: Estimate, plan: Callable[[Any, Any], Any]) -> Estimate:
    """D(p‖q) to dps digits, for laws on the line of which `known` is the answer in doubles; `plan` rewrites them.

    `value` is the nearest double and `error` its distance; `detail["mpf"]` has all the digits, and `detail["mpf_error"]`
    their error. Raises UnsupportedOperationError for laws whose formulas stop at doubles, ShapeError for batches.
    """
    dps = checked(dps)
    if known.shape or p.event_shape:
        raise ShapeError(argument_error("p, q", "scalar laws on the line where dps is given", (str(p), str(q))))
    if not np.isfinite(known.value) or not known.ok:
        return known
    decided = plan(p, q)
    p, q = decided.p, decided.q
    small = max(0.0, -np.log10(known.value)) if known.value > 1e-300 else 0.0
    try:
        with digits(dps + GUARD + small) as mp:
            total, error, count = _summed(view(p), view(q), dps)
            number, spread = public(total), public(error)
            nearest = float(total)
            distance = float(abs(total - nearest) + error)
            good = error <= max(abs(total), mp.mpf(known.error)) * mp.mpf(10) ** -dps or abs(total) <= 4 * error
    except UNLIFTED as refused:
        raise UnsupportedOperationError(f"kl of {p} and {q} to {dps} digits: {refused}") from refused
    detail = {**known.detail, "mpf": number, "mpf_error": spread, "digits": dps}
    status = Status.CONVERGED if good else Status.NOT_CONVERGED
    return Estimate(nearest, distance, ErrorKind.HEURISTIC, status, "mpmath", count, detail)


def _summed(p: View, q: View, dps: int) -> tuple[Any, Any, int]:
    mp = context()
    if isinstance(p, DiscreteView):
        return _over_atoms(p, q)
    total = sum((m * mp.log(m / mass_on(q, place)) for place, m in p.atoms), mp.mpf(0))
    mass, error, count = mp.mpf(0), mp.mpf(0), 0
    for term in terms_of(p):
        (share, value), (_, slack), asked = kl_term(term, p, q)
        mass, total, error, count = mass + share, total + value, error + slack, count + asked
    if abs(mass - p.mass) > mp.mpf(10) ** -dps + error:
        raise RoundedError(f"the density of p integrates to {mp.nstr(mass, 20)}, not to {mp.nstr(p.mass, 20)}")
    return total, error, count


def _over_atoms(p: DiscreteView, q: View) -> tuple[Any, Any, int]:
    """Σ p log(p/q) over atoms from the middle outwards, until what is left is a geometric tail too small to see."""
    mp = context()
    terms: list[Any] = []
    left = mp.mpf(0)
    for strand in p.law.strands:
        with quiet():
            middle = float(np.clip(np.rint(strand.law.centre), strand.low, strand.high))
            left += _outwards(strand, middle, float(strand.high), 1.0, p, q, terms)
            left += _outwards(strand, middle - 1.0, float(strand.low), -1.0, p, q, terms)
    return mp.fsum(terms), left + mp.eps * mp.fsum(map(abs, terms)) * 4, len(terms)


def _outwards(strand: Strand, k: float, end: float, side: float, p: DiscreteView, q: View, terms: list[Any]) -> Any:
    """Adds p log(p/q) from k on toward an end to the terms; what is left where they stop, 0 at the end itself."""
    mp = context()
    before = mp.inf
    while side * k <= side * end:
        place = mp.mpf(float(strand.at(np.asarray(k))))
        mass = p.on(place)
        term = mass * mp.log(mass / mass_on(q, place)) if mass else mp.mpf(0)
        terms.append(term)
        ratio = abs(term) / before if before else mp.mpf(0)
        if ratio < 0.9 and abs(term) < mp.eps * abs(mp.fsum(terms)) / 16:
            return abs(term) / (1 - ratio)
        if len(terms) > TERMS:
            raise RoundedError(f"more than {TERMS} point masses")
        k, before = k + side, abs(term)
    return mp.mpf(0)


__all__ = ["kl_digits"]
