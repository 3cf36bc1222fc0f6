"""D(p‖q) of laws of point masses: sums over the strands of p.

As in quadrature, the two forms k1 = Σ p t and k3 = Σ p φ(t) of `divergences.forms` are taken over the same integers, beside
the masses Σ p and Σ q there, and the better conditioned of the two is the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.distributions.lattice import LISTED, SHOWN, Discrete, Strand, silently
from densities.distributions.moments import closed
from densities.distributions.strands import SHORT
from densities.divergences.forms import FLOOR1, FLOOR3, K1, K3, MASS_TOLERANCE, Form, P, Q, better
from densities.divergences.near_counts import kl_near
from densities.estimate import ErrorKind, Estimate, Status, infinite
from densities.expectation import EPS
from densities.logmath import log_phi
from densities.numerics.sums import IntegerSum

# Atoms of p at which q is asked one by one whether it has any: the first ones about the centre of a strand, then powers.
ASKED = 2048
FLOORS = ((K1, FLOOR1), (K3, FLOOR3))
# No mass is known worse than to this share of itself where the sum of all is near 1.
WORST = 1e-8
# Integers at which log p/q is compared with k, and the fall in a factor 2^32 of k that a growth like k + log k may show there.
FAR = 2.0 ** np.arange(64, 960, 32)
STEADY = 1e-12
# An answer with an error above this share of itself is looked for from the parameters.
NEARER = 1e-10
Terms = Callable[[Strand, np.ndarray], tuple[np.ndarray, np.ndarray]]


def kl_sum(p: Discrete, q: Any, *, rtol: float = 1e-11) -> Estimate:
    """D(p‖q) for p of point masses, absolutely continuous with respect to q."""
    terms, rough = partial(_terms, p, q, _least(q), _cancelled(q)), partial(roughness_of, p, q)
    endless, undecided = p.tails(lambda strand, k: terms(strand, k)[0][K1])
    if endless or (undecided and any(_outweighs_the_mean(strand, terms) for strand in p.strands)):
        return infinite("tails", "the sum of p log(p/q) diverges")
    sums = p.summed(terms, rough, q.landmarks(), floors=FLOORS, bounds=partial(bounds_of, rough))
    v, outside = sums.value, _outside(p, q)
    if not np.isfinite(v[K1]):
        return _without_a_sum(p, q, sums)
    gap_p, gap_q = abs(v[P] - 1.0), np.inf if outside is None else abs(v[Q] + outside - 1.0)
    best = better(_forms(sums, gap_p, gap_q, outside or 0.0))
    if not undecided and best.error > NEARER * best.value:
        near = kl_near(p, q, best.value, best.error)
        if near is not None:
            return near
    detail: dict[str, Any] = {"mass_p": float(v[P]), "mass_q": float(v[Q] + (outside or 0.0)), "form": best.name}
    kind, status = ErrorKind.HEURISTIC, Status.CONVERGED
    if sums.exact:
        kind, status = ErrorKind.BOUND, Status.EXACT
    if undecided:
        status = Status.UNDECIDED
        detail["reason"] = "the terms fall so slowly that the sum may be infinite"
    elif not (sums.converged and gap_p < MASS_TOLERANCE and best.is_good):
        status = Status.NOT_CONVERGED
    return Estimate(float(best.value), float(best.error), kind, status, "sum", sums.terms, detail)


def _without_a_sum(p: Discrete, q: Any, sums: IntegerSum) -> Estimate:
    """The estimate where Σ p log(p/q) is no number."""
    status, reason = Status.NOT_CONVERGED, "p log(p/q) has no value at some integer, or leaves the doubles"
    if isinstance(q, Discrete) and any(np.any(q.unlisted(strand.at(_asked(strand)))) for strand in p.strands):
        status, reason = Status.UNDECIDED, "p has mass at atoms of q that are too many, or too light, to be listed"
    elif np.isposinf(sums.value[K1]):
        return infinite("sum", "q has no mass at an atom of p", sums.terms)
    return Estimate(np.nan, np.inf, ErrorKind.HEURISTIC, status, "sum", sums.terms, {"reason": reason})


def _terms(
    p: Discrete, q: Any, least: float, cancelled: float, strand: Strand, k: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Logs and signs of p t, p φ(t), p, q and of the two rounding floors, at integers of a strand of p."""
    with quiet():
        log_mass, log_p, log_q = log_masses_of(p, q, strand, k)
        log_mass = np.where(np.isneginf(log_q) & (log_mass < least), -np.inf, log_mass)
        nothing = np.isneginf(log_p)
        t = np.where(nothing, 0.0, log_p - log_q)
        other = log_q + np.where(nothing, 0.0, log_mass - log_p)  # the share of q's atom that falls to this strand
        size = np.log(np.abs(log_p) + np.abs(log_q) + cancelled + strand.cancelled)
        low = t < -30.0  # there q e^t φ(t) is what p φ(t) would lose digits on
        phi = np.where(low, other + np.log1p((t - 1.0) * np.exp(t)), log_mass + log_phi(np.where(low, 0.0, t)))
        slope = np.where(t > 0, log_mass + np.log(-np.expm1(-t)), other + np.log(-np.expm1(t)))
        felt = np.where(low, np.log(np.abs(log_q) + 1.0), size)  # there log p is not felt
        floor = np.logaddexp(slope + felt, log_mass + size + np.minimum(size + np.log(EPS), 0.0))
        logs = np.stack([log_mass + np.log(np.abs(t)), phi, log_mass, other, log_mass + size, floor])
        logs[:, np.isneginf(log_mass)] = -np.inf
    return logs, np.stack([np.sign(t), *np.ones((5, *t.shape))])


def log_masses_of(p: Discrete, q: Any, strand: Strand, k: np.ndarray) -> tuple[Any, Any, Any]:
    """Logarithms of the masses of a strand of p at its integers, and of those that p and q have there in all."""
    log_q = q.log_along(strand, k) if isinstance(q, Discrete) else q.logpmf(strand.at(k))
    return strand.law.log_pmf(k) + strand.log_weight, p.log_along(strand, k), log_q


def _cancelled(q: Any) -> float:
    """What cancels in log q, in ulps of numbers of this size."""
    return 1.0 + max((strand.cancelled for strand in q.strands), default=0.0) if isinstance(q, Discrete) else 1.0


def roughness_of(p: Discrete, q: Any, strand: Strand) -> tuple[float, float] | None:
    """Between which integers of a strand the terms are not smooth; None where that is not known."""
    both = p.roughness(strand), q.roughness(strand) if isinstance(q, Discrete) else None
    if both[0] is None or both[1] is None:
        return None
    return min(both[0][0], both[1][0]), max(both[0][1], both[1][1])


def bounds_of(rough: Callable[[Strand], tuple[float, float] | None], strand: Strand) -> tuple[float, float]:
    """Where integers are visited one by one, and are many, only those at which p can be told from nothing."""
    first, last = rough(strand) or (-np.inf, np.inf)
    return strand.effective if last - first > SHORT else strand.ends


def _forms(sums: IntegerSum, gap_p: float, gap_q: float, outside: float) -> list[Form]:
    """Both forms with their errors; masses that are off show log-masses that are, as in quadrature."""
    v, e = sums.value, sums.error
    seen = gap_p + (gap_q if gap_q < MASS_TOLERANCE else 0.0)
    forms = [Form(e[K1] + 2 * EPS * v[FLOOR1] + SHOWN * (seen + gap_p * abs(v[K1])), v[K1], "k1")]
    if gap_q < MASS_TOLERANCE and np.isfinite(v[K3]):
        shown = SHOWN * (gap_p * v[K3] + seen * min(np.sqrt(2 * v[K3]), 2.0))
        # What the masses show may all be an error of those outside.
        shown += 8 * EPS * outside + min(SHOWN * seen, WORST * outside)
        forms.append(Form(e[K3] + 2 * EPS * v[FLOOR3] + shown, v[K3] + outside, "k3"))
    return forms


def _outweighs_the_mean(strand: Strand, terms: Terms) -> bool:
    """Whether log p/q grows at least as k toward an end where the mean of k is infinite: then Σ p log p/q is too, however
    near the exponent of the terms is to the border. The mean of zipf(2) is known to be, log k! and k log 2 are seen to grow.
    """
    if not np.isposinf(strand.high) or not np.isposinf(closed(strand.law, "mean") or 0.0):
        return False
    with quiet():
        logs, signs = terms(strand, FAR)
        growth = logs[K1] - logs[P] - np.log(FAR)
    return bool(np.all(signs[K1] > 0) and np.all(np.diff(growth) >= -STEADY))


@silently
def _outside(p: Discrete, q: Any) -> float | None:
    """The mass of q off the atoms of p; None where it is not known."""
    if not isinstance(q, Discrete):
        return None
    own, other = p.strands, q.strands
    if len(own) == 1 and not own[0].steps and own[0].law.smooth and not any(strand.steps for strand in other):
        return float(
            q.masses(np.asarray(own[0].low - 1.0), side="below") + q.masses(np.asarray(own[0].high), side="above")
        )
    if any(strand.effective[1] - strand.effective[0] >= LISTED for strand in (*own, *other)):
        return None
    places, masses = q.atoms
    return float(np.sum(masses[np.isneginf(p.logpmf(places))]))


def missing(p: Discrete, q: Any) -> list[tuple[float, str]]:
    """(log mass, words) of atoms of p at places where q has none: all that lie beyond the ends of q, others by asking."""
    if q.measure == "lebesgue":
        return [(0.0, "p has only point masses and q has none")]
    found = []
    inner, outer = p.support, q.support
    if q.measure == "counting":
        if inner.low < outer.low and not q.unlisted(outer.low - 1.0):
            below = np.nextafter(float(outer.low), -np.inf)
            found.append(
                (
                    float(p.log_masses(np.asarray(below), side="below")),
                    f"p has mass below {outer.low:.17g}, where q has none",
                )
            )
        if inner.high > outer.high and not q.unlisted(outer.high + 1.0):
            found.append(
                (
                    float(p.log_masses(np.asarray(float(outer.high)), side="above")),
                    f"p has mass above {outer.high:.17g}, where q has none",
                )
            )
    for strand in p.strands:
        k = np.clip(_asked(strand), strand.low, strand.high)
        places = np.unique(strand.at(np.unique(k)))
        masses = p.log_masses(places, side="on")
        bare = (masses > -np.inf) & np.isneginf(q.logpmf(places)) & (places >= outer.low) & (places <= outer.high)
        bare &= ~q.unlisted(places) if isinstance(q, Discrete) else True
        if bare.any():
            first = places[bare][np.argmax(masses[bare])]
            found.append((float(np.logaddexp.reduce(masses[bare])), f"p has an atom at {first:.17g}, q has none there"))
    return [loss for loss in found if loss[0] > _least(q)]


def _least(q: Any) -> float:
    """The least log mass of p on a place where q is known to have none: a list need not hold what no double does."""
    return max((strand.law.least for strand in q.strands), default=-np.inf) if isinstance(q, Discrete) else -np.inf


def _asked(strand: Strand) -> np.ndarray:
    low, high = strand.effective
    near = strand.law.centre + np.arange(-ASKED, ASKED + 1.0)
    if high - low <= 2 * ASKED:
        near = np.arange(low, high + 1.0)
    powers = 2.0 ** np.arange(8, 50)
    ends = [end + sign * powers for end, sign in ((strand.low, 1.0), (strand.high, -1.0)) if np.isfinite(end)]
    steps = [ends_ + shift for ends_ in ends for shift in (0.0, 1.0)]
    return np.concatenate([near, strand.landmarks(), *steps])


__all__ = ["bounds_of", "kl_sum", "log_masses_of", "missing", "roughness_of"]
