"""D(p‖q) of mixtures of multivariate normal laws, in the directions in which their components differ.

With the mean m and the covariance LLᵀ of one of all the components as the origin and the unit, component i is N(uᵢ, I + Sᵢ),
uᵢ = L⁻¹(mᵢ - m), Sᵢ = L⁻¹(Cᵢ - LLᵀ)L⁻ᵀ. Let V be the span of all uᵢ and of the ranges of all Sᵢ. Across V every component is
the same standard normal law, independent of what lies in V: D(p‖q) is that of the two mixtures on V, whatever the dimension
of the space. Two components with one covariance differ in one direction only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from densities.distributions.continuous import Normal
from densities.distributions.elliptical import MultivariateNormal
from densities.distributions.mixture import Mixture
from densities.distributions.vector_mixture import VectorMixture
from densities.divergences.mixtures import terms
from densities.estimate import Estimate
from densities.expectation import EPS

# Singular values below this many roundings of the whitening are zero.
ROUNDINGS = 64


class Reduced(NamedTuple):
    """Two mixtures with the divergence of the given ones, in fewer dimensions, and the rounding of their parameters."""

    p: Any
    q: Any
    dimension: int
    rounding: float


@terms.register
def _(law: VectorMixture) -> Sequence[tuple[float, Any]]:
    return [(weight, component) for weight, component in zip(law.weights, law.components, strict=True) if weight > 0]


def reduced(p: Any, q: Any) -> Reduced | None:
    """p and q in the directions in which their components differ; None for other laws, or where that is all of them."""
    sides = terms(p), terms(q)
    components = [component for side in sides for _, component in side]
    if not all(map(_regular_normal, components)):
        return None
    mean, cov = components[-1].params["mean"], components[-1].params["cov"]
    factor = np.linalg.cholesky(cov)
    blur = 2 * len(mean) * EPS * float(np.linalg.cond(factor)) ** 2
    shifts = [_whitened(factor, component.params["mean"] - mean) for component in components]
    changes = [_whitened(factor, _whitened(factor, component.params["cov"] - cov).T) for component in components]
    basis, sizes, _ = np.linalg.svd(np.column_stack([*shifts, *changes]))
    r = int(np.count_nonzero(sizes > ROUNDINGS * blur * max(1.0, sizes[0])))
    if not 0 < r < len(mean):
        return None
    seen = basis[:, :r]
    means = [seen.T @ shift for shift in shifts]
    covs = [np.eye(r) + seen.T @ (change + change.T) @ seen / 2 for change in changes]
    spread = max(float(np.linalg.cond(each)) for each in covs)
    laws = [_normal(m, c) for m, c in zip(means, covs, strict=True)]
    split = len(sides[0])
    ours, theirs = (
        _mixed([weight for weight, _ in side], these)
        for side, these in zip(sides, (laws[:split], laws[split:]), strict=True)
    )
    return Reduced(ours, theirs, r, blur * spread)


def with_rounding(estimate: Estimate, found: Any) -> Estimate:
    """The estimate of the reduced pair as one of the pair itself."""
    return replace(estimate, error=estimate.error + felt(found.rounding, float(estimate.value)))


def felt(rounding: float, divergence: float) -> float:
    """What log p/q off by ε changes in D: ∫(p - q) ε to first order, and ∫|p - q| <= √(2D)."""
    d = max(divergence, 0.0)
    return rounding * (2.0 * np.sqrt(d) + d + rounding) if np.isfinite(d) else 0.0


def _regular_normal(law: Any) -> bool:
    return law.name == "multivariate_normal" and not law.batch_shape and not law.singular


def _whitened(factor: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return solve_triangular(factor, columns, lower=True)


def _normal(mean: np.ndarray, cov: np.ndarray) -> Any:
    return Normal(float(mean[0]), float(np.sqrt(cov[0, 0]))) if len(mean) == 1 else MultivariateNormal(mean, cov)


def _mixed(weights: Sequence[float], laws: Sequence[Any]) -> Any:
    if len(laws) == 1:
        return laws[0]
    return (VectorMixture if laws[0].event_shape else Mixture)(weights, laws)


__all__ = ["Reduced", "felt", "reduced", "with_rounding"]
