"""D(p‖q) of laws of vectors, coordinate by coordinate where q is a product, and by cubature.

For a product q = ⊗qᵢ the chain rule gives D(p‖q) = TC(p) + Σ D(pᵢ‖qᵢ), with the marginals pᵢ of p and its total
correlation TC(p) = Σ H(pᵢ) - H(p): all terms >= 0, so nothing cancels, in any dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from densities.anchored import Anchored, value
from densities.arrays import quiet
from densities.distributions.vector_moments import (
    MAX_DIMENSION,
    expanded,
    integrate_vector,
)
from densities.divergences import normal_mixtures, rewrites
from densities.divergences.forms import FLOOR1, FLOOR3, K1, K3, MASS_TOLERANCE, Form, P, Q, better
from densities.divergences.quadrature import FLOORS, kl_integrands
from densities.divergences.vector_ratio import VectorRatio
from densities.estimate import ErrorKind, Estimate, Status, infinite
from densities.expectation import EPS, sharing
from densities.numerics.exponents import Verdict, tail_verdict

# A point where q has no density counts where the log-density of p's roots exceeds this.
NOTICED = -600.0
# First only ∫p t and ∫p are asked for: where q is narrow beside p the other two sums cost much and say nothing new.
FIRST_FLOORS = (FLOOR1, None, P, None, None, None)
# A mass nearer to 1 than this may miss it by rounding alone; below this divergence that decides.
ROUNDED_MASS, ALIKE = 1e-13, 1e-6
# The accuracy asked for in three dimensions, where one more digit costs eight times the nodes.
THREE_RTOL = 1e-9
# Laws this far apart in nats are known no better by φ than by t; an error that is less than so many times what rounding
# leaves of it is final.
FAR_APART, SETTLED = 0.5, 2.0
# Where the nodes leave more than this share of ∫p|t| open, in three dimensions, no other sum on as many is known better.
UNRESOLVED = 1e-5
# The squares of distances beyond e^LONGEST are no doubles.
LONGEST = 340.0
# Probabilities at which the other coordinates are held while one goes to infinity.
HELD = (0.37, 0.71)
LogTerm = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Split:
    """The pairs of coordinates where those of q are independent, and the total correlation of p with its error."""

    pairs: tuple[tuple[Any, Any], ...]
    dependence: float
    error: float


def split(p: Any, q: Any) -> Split | None:
    """The coordinates, where q is a product and p's marginals and dependence are known; None otherwise."""
    factors, dependence = q.factors(), p.closed_dependence()
    if factors is None or dependence is None:
        return None
    marginals = [p.marginal(i) for i in range(p.n)]
    if any(marginal is None for marginal in marginals):
        return None
    return Split(tuple(zip(marginals, factors, strict=True)), *dependence)


# ---- coordinates ----


def kl_coordinates(p: Any, q: Any, found: Split, scalar_kl: Callable[[Any, Any], Estimate]) -> Estimate:
    """TC(p) + Σ D(pᵢ‖qᵢ), each by its own method; errors add."""
    terms = [scalar_kl(a, b) for a, b in found.pairs]
    # A standard deviation is the root of a variance, off by half an ulp, and log p/q by that.
    computed = [rewrites.is_computed(a, p) or rewrites.is_computed(b, q) for a, b in found.pairs]
    error = found.error + sum(
        normal_mixtures.felt(2.0 * EPS, float(term.value)) for term, off in zip(terms, computed, strict=True) if off
    )
    return summed(terms, found.dependence, error, {"total_correlation": found.dependence})


def summed(terms: Sequence[Estimate], value: float, error: float, detail: dict[str, Any]) -> Estimate:
    """A value and its error with those of the terms, of entry 0, 1, ..."""
    total = value + sum(float(term.value) for term in terms)
    error = error + sum(float(term.error) for term in terms) + EPS * len(terms) * abs(total)
    reasons = [f"entry {i}: {term.reason}" for i, term in enumerate(terms) if term.reason]
    detail = {"coordinates": [str(term) for term in terms], **detail}
    if reasons:
        detail["reason"] = "; ".join(reasons)
    kind = max((term.error_kind for term in terms), key=list(ErrorKind).index)
    methods = "+".join(dict.fromkeys(term.method for term in terms))
    return Estimate(
        total,
        0.0 if np.isinf(total) else error,
        kind,
        _joint_status(terms),
        methods,
        sum(int(term.evaluations) for term in terms),
        detail,
    )


def _joint_status(terms: Sequence[Estimate]) -> Status:
    """Infinite where one term is, for none is negative; otherwise the worst of them."""
    statuses = [term.status for term in terms]
    return Status.INFINITE if Status.INFINITE in statuses else max(statuses, key=list(Status).index)


# ---- cubature ----


def kl_cubature(p: Any, q: Any, *, rtol: float = 1e-11) -> Estimate:
    """D(p‖q) from ∫p t, ∫p φ(t), ∫p and ∫q on the same nodes, in the coordinates of the roots of p."""
    endless = infinite_tail(p, q)
    if endless is Verdict.INFINITE:
        return infinite("tails", "p log(p/q) is not integrable far out, along a coordinate of the roots of p")
    three = max(len(part.roots) for part in p.parts()) == MAX_DIMENSION
    rtol = max(rtol, THREE_RTOL) if three else rtol
    best, last, unresolved = _by_cubature(p, q, rtol, FIRST_FLOORS)
    # φ would cost as much again, and add nothing.
    last = last or (three and (best.value > FAR_APART or unresolved > UNRESOLVED))
    if best.error > 1e-9 * abs(best.value) and not last:
        best = min(best, _by_cubature(p, q, rtol, FLOORS)[0], key=lambda estimate: estimate.error)
    if endless is Verdict.UNDECIDED and best.status is not Status.INFINITE:
        detail = {**best.detail, "reason": "the integral converges so slowly that it may be infinite"}
        return Estimate(
            best.value, best.error, best.error_kind, Status.UNDECIDED, best.method, best.evaluations, detail
        )
    return best


def _by_cubature(p: Any, q: Any, rtol: float, floors: tuple) -> tuple[Estimate, bool, float]:
    """The estimate, whether the other form adds nothing to it, and the share of what cancels that the nodes leave open."""
    ratio = VectorRatio(p, q)
    witnesses: list[np.ndarray] = []

    def integrands(piece: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logs, signs = kl_integrands(ratio, piece, x)  # type: ignore[arg-type]
        alone = np.isneginf(logs[Q]) & np.isposinf(logs[K1]) & (logs[P] > NOTICED)
        if alone.any() and not witnesses:
            witnesses.append(piece.forward(x[alone][:1])[0][0])
        return logs, signs

    sums = integrate_vector(
        p, integrands, floor=floors, rtol=rtol, others=[q], blur=2.0 + p.conditioning + q.conditioning
    )
    if witnesses:
        where = np.array2string(witnesses[0], precision=6)
        return infinite("support", f"p has mass near {where}, where q has none"), True, 0.0
    v, e = sums.values, sums.errors
    if not np.isfinite(v[K1]):
        reason = "log p or log q is not known, or overflows, at points that matter"
        return (
            Estimate(
                np.nan,
                np.inf,
                ErrorKind.HEURISTIC,
                Status.NOT_CONVERGED,
                "cubature",
                sums.evaluations,
                {"reason": reason},
            ),
            True,
            0.0,
        )
    rounding = EPS * (8 + p.conditioning + q.conditioning)
    rounded = float(rounding * v[FLOOR1])
    forms = [Form(e[K1] + rounded, v[K1], "k1")]
    beside = abs(v[Q] - 1.0)
    if beside < MASS_TOLERANCE:
        # Mass of q that the nodes miss is missing in ∫p φ, but for laws so alike that both miss the same.
        missed = 0.0 if beside < ROUNDED_MASS and v[K3] < ALIKE else beside
        forms.append(Form(e[K3] + rounding * v[FLOOR3] + missed, v[K3], "k3"))
    best, gap = better(forms), abs(v[P] - 1.0)
    best = best._replace(error=best.error + gap * abs(best.value))
    good = gap < MASS_TOLERANCE and best.is_good and not sums.truncated
    detail: dict[str, Any] = {"mass_p": float(v[P]), "mass_q": float(v[Q]), "form": best.name}
    if not gap < MASS_TOLERANCE:
        detail["reason"] = f"the density of p integrates to {v[P]:.12g} on the nodes"
    elif sums.truncated:
        detail["reason"] = "the integrand has not died out where the doubles end"
    status = Status.CONVERGED if good else Status.NOT_CONVERGED
    error, total = float(np.nan_to_num(best.error, nan=np.inf)), float(best.value)
    last = sums.truncated or (total > FAR_APART and error < SETTLED * rounded)
    found = Estimate(total, error, ErrorKind.HEURISTIC, status, "cubature", sums.evaluations, detail)
    return found, last, float(e[K1] / v[FLOOR1])


def log_term(weight: np.ndarray, t: np.ndarray, log_p: np.ndarray, log_q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log(p|t|), for p of logarithm `weight`, and what rounding may do to it; beside p that is nothing t is nothing either."""
    log = np.where(np.isneginf(weight), -np.inf, weight + np.log(np.abs(t)))
    return log, EPS * (np.abs(weight) + (np.abs(log_p) + np.abs(log_q)) / np.abs(t))


def axes(d: int) -> np.ndarray:
    """Both ways along each coordinate, (2d, d)."""
    return np.concatenate([np.eye(d), -np.eye(d)])


def infinite_tail(
    p: Any, q: Any, log_of: LogTerm = log_term, directions: Callable[[int], np.ndarray] = axes
) -> Verdict:
    """Whether ∫p|t|, or of another function of t, diverges on lines along directions of the roots: by Fubini it then diverges
    as a whole. `log_of(log of p, t, log_p, log_q)` is the logarithm of p times the function and the error of that; t that no
    double tells is NaN.

    FINITE means that no direction shows a divergence, not that there is none.
    """
    ratio, worst = VectorRatio(p, q), Verdict.FINITE
    for part in p.parts():
        for piece in expanded(part):
            ends = np.array([root.support.edges for root in piece.roots], dtype=float)
            ways = directions(len(ends))
            ways = ways[np.all((ways == 0.0) | np.isinf(np.where(ways < 0.0, *ends.T)), axis=1)]
            if len(ways):
                verdicts = _along(ratio, piece, ways, log_of)
                if np.any(np.all(verdicts == Verdict.INFINITE, axis=0)):
                    return Verdict.INFINITE
                worst = Verdict.UNDECIDED if np.any(verdicts == Verdict.UNDECIDED) else worst
    return worst


def _along(ratio: VectorRatio, piece: Any, ways: np.ndarray, log_of: LogTerm) -> np.ndarray:
    """The verdicts, (levels, ways), on lines in directions, in units of the spreads of the roots, from each level."""
    with quiet():
        held = np.array([[float(value(root.raw_ppf(np.asarray(level)))) for root in piece.roots] for level in HELD])
        ways = ways * (held[1] - held[0])
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    shape, (moved, entries) = (len(HELD), len(ways)), np.nonzero(ways)
    steps, starts = ways[moved, entries], held[:, entries]

    def logs(L: np.ndarray) -> np.ndarray:
        L = L.reshape(*shape, -1)
        near = np.minimum(L, LONGEST)
        x = held[:, None, None] + np.exp(near)[..., None] * ways[:, None]
        nodes = ratio.on(piece, x.reshape(-1, held.shape[1]))
        t, log_p, log_q = (np.reshape(each, L.shape) for each in (nodes.t, nodes.log_p, nodes.log_q))
        # The roots themselves are known at any distance; t, where it is past the doubles, is not.
        weight = np.zeros(L.shape)
        for root in {id(root): root for root in piece.roots}.values():
            own = np.flatnonzero([piece.roots[i] is root for i in entries])
            distances = L[:, moved[own]] + np.log(np.abs(steps[own, None]))
            far = Anchored.from_log(distances, np.sign(steps[own, None]), starts[:, own, None])
            np.add.at(weight.swapaxes(0, 1), moved[own], np.asarray(value(root.raw_logpdf(far))).swapaxes(0, 1))
        log, error = log_of(weight, np.where(near < L, np.nan, t), log_p, log_q)
        return np.stack([log + L, 4 * np.nan_to_num(EPS * L + error, nan=np.inf)]).reshape(2, len(HELD) * len(ways), -1)

    far = np.max(np.where(ways == 0.0, 0.0, np.abs(held[:, None])), axis=-1)
    entry, scales = sharing(logs), np.log(np.maximum(far, 1.0)).reshape(-1)
    with quiet():
        found = tail_verdict(entry(0), 1, log_scale=scales, noise=entry(1))
    return found.verdict.reshape(shape)
