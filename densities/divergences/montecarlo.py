"""D(p‖q) by Monte Carlo: the mean of log dp/dq over draws of p, on pairs that are never inverted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, value, where
from densities.arrays import quiet
from densities.divergences.numeric import log_size
from densities.divergences.ratio import Nodes, RadonNikodym
from densities.estimate import Estimate, Status
from densities.expectation import EPS, from_draws, tails
from densities.numerics.exponents import Verdict
from densities.numerics.montecarlo import estimate_mean
from densities.numerics.nets import Source, tilt


class LogRatioDraws:
    """t = log dp/dq at the draws of a source, weighted to mean D(p‖q), for `estimate_mean`; picklable.

    Unless draws are plain they are tilted toward both tails, where t is large: that is smoother for a net, and gives a
    finite variance to values up to (mass of the tail)^-3/4.
    """

    def __init__(self, p: Any, q: Any):
        self.ratio = RadonNikodym(p, q)
        self.parts = [part for part in p.parts() if part.weight]
        self.smooth = p.measure == "lebesgue"
        self.dimension = 1 if len(self.parts) == 1 else 2

    def __reduce__(self) -> tuple:
        return LogRatioDraws, (self.ratio.p, self.ratio.q)

    def __call__(self, source: Any) -> np.ndarray:
        return self._over(source, lambda nodes: value(nodes.t), self.ratio.log)

    def rounding(self, entropy: int) -> float:
        """2 eps E_p[|log p| + |log q|], from 2^10 draws: what ulps of the logarithms do to a mean, unseen in its spread."""
        source = Source(2**10, self.dimension, "stratified", np.random.SeedSequence(entropy, spawn_key=(2**31,)))

        def size_at(y: np.ndarray) -> np.ndarray:
            return sum(np.abs(np.maximum(law.logpmf(y), law.logpdf(y))) for law in (self.ratio.p, self.ratio.q))

        sizes = self._over(source, lambda nodes: np.abs(value(nodes.log_p)) + np.abs(value(nodes.log_q)), size_at)
        return 2 * EPS * float(np.mean(sizes))

    def _over(
        self, source: Any, at_nodes: Callable[[Nodes], Any], at_points: Callable[[np.ndarray], Any]
    ) -> np.ndarray:
        """A function of the log-densities at the draws of a source, weighted to mean its expectation."""
        if not self.smooth:
            with quiet():
                return np.asarray(at_points(np.asarray(value(self.ratio.p.draw_from(source)))))
        v = source.uniforms(self.dimension)
        u, rest, tilt_weight = (
            tilt(v[:, 0]) if source.scheme != "plain" else (v[:, 0], 1.0 - v[:, 0], np.ones(source.size))
        )
        weights = np.cumsum([part.weight for part in self.parts])
        which = (
            np.minimum(np.searchsorted(weights, v[:, 1] * weights[-1], side="right"), len(weights) - 1)
            if self.dimension == 2
            else None
        )
        result = np.empty(source.size)
        with quiet():
            for index, part in enumerate(self.parts):
                rows = slice(None) if which is None else which == index
                if part.root.inverts_fast:
                    x, weight = root_points(part.root, u[rows], rest[rows]), tilt_weight[rows]
                else:
                    x, weight = part.root.draw(source.generator, u[rows].shape), 1.0
                result[rows] = weight * at_nodes(self.ratio.on(part, anchored(x)))
        return result


def root_points(root: Any, u: np.ndarray, rest: np.ndarray) -> Any:
    """Points of a root at the probabilities u = 1 - rest, each from its nearer tail."""
    upper = u > 0.5
    low, high = anchored(root.raw_ppf(np.where(upper, 0.5, u))), anchored(root.raw_isf(np.where(upper, rest, 0.5)))
    return where(upper, high, low)


def variance_is_infinite(ratio: RadonNikodym, *, tilted: bool) -> bool:
    """Whether the draws certainly have no variance: E_p[t²], tilted E_p[t² √(mass of the tail)] up to a factor."""

    def log_square(part: Any, x: Anchored) -> tuple[Any, Any]:
        log_integrand, noise = log_size(ratio, part, x)
        square = 2 * log_integrand - value(part.root.raw_logpdf(x))
        if tilted:
            square = square + 0.5 * np.minimum(value(part.root.raw_logcdf(x)), value(part.root.raw_logsf(x)))
        return np.where(np.isneginf(log_integrand), -np.inf, square), 3 * noise

    return any(approach.verdict is Verdict.INFINITE for approach in tails(ratio.p, log_square, ratio.q.landmarks()))


def kl_montecarlo(
    p: Any, q: Any, *, n: int = 2**16, rng: Any = None, scheme: str = "sobol", **options: Any
) -> Estimate:
    """D(p‖q) as the mean of log dp/dq over draws of p; options are those of `estimate_mean`.

    The error is the standard error and the rounding of log dp/dq, which decides between laws that are nearly identical.
    `heavy_tail` is the status where the exponents of the tails say that the draws have no variance, or the draws do.
    """
    values = LogRatioDraws(p, q)
    result = estimate_mean(values, n, rng=rng, dimension=values.dimension, scheme=scheme, **options)
    estimate = from_draws(result, "montecarlo")
    estimate = replace(estimate, error=estimate.error + values.rounding(result.entropy))
    if (
        estimate.status is Status.CONVERGED
        and values.smooth
        and variance_is_infinite(values.ratio, tilted=scheme != "plain")
    ):
        reason = "the exponents of the tails give log dp/dq no finite variance"
        return replace(estimate, status=Status.HEAVY_TAIL, detail={**estimate.detail, "reason": reason})
    return estimate
