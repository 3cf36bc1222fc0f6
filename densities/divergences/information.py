"""Entropies, with their errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from densities.anchored import log_abs, sign, value
from densities.distributions import vector_moments
from densities.distributions.moments import closed, entropy_estimate
from densities.distributions.pushforward import Pushforward
from densities.distributions.vector_pushforward import VectorPushforward
from densities.divergences.evaluate import kl
from densities.divergences.ratio import radon_nikodym
from densities.estimate import ErrorKind, Estimate, Status, infinite
from densities.expectation import EPS, expect_logs
from densities.protocols import as_distribution


def entropy(law: Any) -> Estimate:
    """The differential entropy -∫ f log f (or -Σ m log m for point masses), in nats, of the batch shape.

    In closed form where one is known, to a few roundings of the logarithms that it adds up; otherwise by quadrature or sums,
    and by Monte Carlo for vectors of many entries. Raises UnsupportedOperationError for a law with both, which has none.
    """
    law = as_distribution(law)
    known = closed(law, "entropy")
    if known is not None:
        error = 8 * EPS * (np.maximum(1.0, np.abs(known)) + _logarithms(law.simplify()))
        return Estimate(known, error, ErrorKind.BOUND, Status.EXACT, "closed", 0)
    return vector_moments.entropy_estimate(law) if law.event_shape else entropy_estimate(law)


def _logarithms(law: Any) -> Any:
    """The sum of the sizes of the logarithms of the parameters, which cancel in a closed entropy: gamma(1e15, 1e-8)."""
    size: Any = 0.0
    for number in law.params.values():
        number = np.abs(np.asarray(number, dtype=float))
        logs = np.abs(np.log(np.where(np.isfinite(number) & (number > 0.0), number, 1.0)))
        line = not law.event_shape and logs.ndim <= len(law.batch_shape)  # a number for each law; otherwise arrays
        size = size + (logs if line else np.max(logs) * math.prod(law.event_shape))
    for inner in _parts_of(law):
        size = size + np.abs(inner.entropy()) + _logarithms(inner)
    return size


def _parts_of(law: Any) -> tuple[Any, ...]:
    """The laws whose entropies a closed one is made of: the base of an image by a line, the entries of a product."""
    if law.params:
        return ()
    if isinstance(law, Pushforward | VectorPushforward):
        terms = law.entropy_terms() if isinstance(law, VectorPushforward) else None
        return (law.base,) if terms is None else tuple(one for _, one in terms[1])
    return tuple(law.factors() or ()) if law.event_shape else ()


def cross_entropy(p: Any, q: Any) -> Estimate:
    """-E_p[log q] in nats, q's density with respect to the measure of both; inf where p has mass and q has none.

    D(p‖q) = cross_entropy(p, q) - entropy(p). Raises ShapeError for laws on different spaces, UnsupportedOperationError for a
    law with both a density and point masses.
    """
    ratio = radon_nikodym(p, q)
    if ratio.log_singular_mass > -np.inf:
        return infinite("support", ratio.reason)
    p, q = ratio.p, ratio.q
    if p.event_shape or p.batch_shape or q.batch_shape or p.measure != "lebesgue":
        own, divergence = entropy(p), kl(p, q)
        return Estimate(
            own.value + divergence.value,
            own.error + divergence.error,
            ErrorKind.HEURISTIC,
            divergence.status,
            divergence.method,
            divergence.evaluations,
            dict(divergence.detail),
        )

    def minus_log_q(y: Any) -> tuple[Any, Any]:
        log_q = q.logpdf_anywhere(y)
        return log_abs(log_q), -sign(log_q)

    return expect_logs(minus_log_q, p, landmarks=np.ravel(value(q.landmarks())))
