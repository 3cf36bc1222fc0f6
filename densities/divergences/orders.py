"""Rényi's divergences of the two orders that no integral tells: log ess sup dp/dq at infinity, -log Q(p > 0) at 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.distributions.stated_errors import has_numeric_derivatives, log_density_error
from densities.divergences import elliptical, rewrites
from densities.divergences.extremes import extreme
from densities.divergences.ratio import radon_nikodym
from densities.errors import NoClosedFormError, UnsupportedOperationError, argument_error
from densities.estimate import ErrorKind, Estimate, Status, infinite
from densities.expectation import EPS

# Quantiles of p at which the errors that maps state are looked at.
LEVELS = (np.arange(32) + 0.5) / 32
SAME = Estimate(0.0, 0.0, ErrorKind.EXACT, Status.EXACT, "closed", 0, {"plan": ["p and q are the same law"]})


def largest_ratio(p: Any, q: Any, method: str) -> Estimate:
    """log ess sup dp/dq of single laws, in nats, infinite where p has mass and q has none or where the ratio grows without end.

    The supremum is searched between landmarks, at atoms, and in the limit at open ends; the error is what rounding leaves
    of the logarithms there, and a limit still is away. Of vectors, independent entries add up, and elliptical laws about one
    centre are told by their distances from it.

    Raises NoClosedFormError for method="closed", UnsupportedOperationError for method="montecarlo", since draws show no
    supremum, and for other laws of vectors.
    """
    if p.same_as(q):
        return SAME
    if method == "closed":
        raise NoClosedFormError(f"renyi, order=inf: no closed form is known for {p} and {q}; use method='auto'")
    if method == "montecarlo":
        raise UnsupportedOperationError(
            "renyi, order=inf: draws show no supremum; use method='auto', or a finite order"
        )
    ratio = radon_nikodym(p, q)
    if not ratio.absolutely_continuous:
        return infinite("support", ratio.reason, singular_mass=ratio.singular_mass)
    pair = rewrites.on_plane(rewrites.strip_shared(p, q))
    if pair.p.event_shape:
        return _of_vectors(pair.p, pair.q, method)
    ratio = radon_nikodym(pair.p, pair.q)
    with quiet():
        found = extreme(ratio, 1.0)
    detail: dict[str, Any] = {"plan": [*pair.steps, "the largest log dp/dq between landmarks and in limits"]}
    if np.isposinf(found.value):
        return infinite("tails", "dp/dq grows without end", found.evaluations, **detail)
    error = found.error + _stated(pair.p, pair.q)
    status, kind = Status.CONVERGED, ErrorKind.HEURISTIC
    if not found.known:
        status = Status.UNDECIDED
        detail["reason"] = "log p and log q cancel in doubles toward an end: the ratio may grow without end there"
    elif np.isnan(found.value):
        status = Status.NOT_CONVERGED
        detail["reason"] = "log dp/dq has no value that doubles tell"
    value = float(np.maximum(found.value, 0.0))
    return Estimate(value, error, kind, status, "quadrature", found.evaluations, detail)


def shared_mass(p: Any, q: Any) -> Estimate:
    """-log Q(p > 0) of single laws, in nats, from the mass that q has where p has none."""
    if p.same_as(q):
        return SAME
    ratio = radon_nikodym(q, p)
    log_lost = min(float(ratio.log_singular_mass), 0.0)
    if np.isnan(log_lost):
        raise UnsupportedOperationError(
            argument_error("renyi, order=0: p, q", "laws whose supports can be compared", (p, q))
        )
    with quiet():
        found = float(-np.log(-np.expm1(log_lost))) + 0.0
        lost = float(np.exp(log_lost))
    if np.isposinf(found):
        return infinite("support", "no place carries both laws")
    # A mass is known to a few ulps of itself, and what is left of 1 to as many of that.
    error = 16.0 * EPS * (lost / (1.0 - lost) + found)
    detail = {"plan": ["the mass of q where p has some"]}
    return Estimate(found, error, ErrorKind.BOUND, Status.EXACT, "support", 0, detail)


def _stated(p: Any, q: Any) -> float:
    """What numeric derivatives leave open of log p and log q."""
    laws = [law for law in (p, q) if has_numeric_derivatives(law)]
    if not laws:
        return 0.0
    y = np.asarray(p.ppf(LEVELS), dtype=float)
    return sum(float(np.max(log_density_error(law, y))) for law in laws)


def _of_vectors(p: Any, q: Any, method: str) -> Estimate:
    """By independent entries, whose suprema add up, or the distances from a common centre."""
    factors = p.factors(), q.factors()
    if None not in factors:
        parts = [largest_ratio(a, b, method) for a, b in zip(*factors, strict=True)]
        worst = max(parts, key=lambda part: (list(Status).index(part.status), part.error))
        if any(part.status is Status.INFINITE for part in parts):
            return next(part for part in parts if part.status is Status.INFINITE)
        value, error = (sum(getattr(part, name) for part in parts) for name in ("value", "error"))
        n = sum(part.evaluations for part in parts)
        return Estimate(value, error, worst.error_kind, worst.status, worst.method, n, worst.detail)
    alike = elliptical.radii(p, q)
    if alike is not None:
        found = largest_ratio(alike.p, alike.q, method)
        return found if found.status is Status.INFINITE else _widened(found, alike.rounding)
    raise UnsupportedOperationError(
        f"renyi, order=inf: expected laws of numbers, or of independent entries, got {p} and {q}; use a finite order"
    )


def _widened(found: Estimate, rounding: float) -> Estimate:
    error = found.error + 2.0 * rounding * (1.0 + found.value)
    return Estimate(found.value, error, found.error_kind, found.status, found.method, found.evaluations, found.detail)


__all__ = ["largest_ratio", "shared_mass"]
