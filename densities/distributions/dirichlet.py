"""Shares of a whole: the Dirichlet law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import special

from densities.anchored import value
from densities.distributions.base import Univariate, register
from densities.distributions.continuous import Beta
from densities.distributions.continuous.entropies import dirichlet_entropy
from densities.distributions.continuous.incomplete import log_beta_terms
from densities.distributions.continuous.shared import either
from densities.distributions.vector_base import VectorDistribution, VectorPart
from densities.domains import REAL, Interval, Simplex
from densities.errors import ShapeError, UnsupportedOperationError, argument_error
from densities.parameters import REQUIRED, bind, positive
from densities.transforms.constrained import broken, unbroken

# Below this a quantile may be subnormal.
SMALLEST = 1e-290
# Above this sum of the parameters the density is taken from the distances of the entries to their means.
LARGE = 100.0


class LogitBeta(Univariate):
    """The law of log v/(1 - v) for a beta variable v: f(w) = v^a (1 - v)^b/B(a, b)."""

    name = "logit_beta"

    def __init__(self, a: float, b: float):
        self.params = {"a": a, "b": b}

    @property
    def support(self) -> Interval:
        return REAL

    def raw_logpdf(self, x: Any) -> Any:
        w, (a, b) = value(x), self.params.values()
        return log_beta_terms(a, b, *_split(w))

    def raw_ppf(self, q: Any) -> Any:
        a, b = self.params.values()
        return log_beta_quantile(a, b, q) - log_beta_quantile(b, a, 1.0 - q)


def _split(w: Any) -> tuple[Any, Any, Any, Any]:
    """log v, log(1 - v), v and 1 - v for w = log v/(1 - v)."""
    return special.log_expit(w), special.log_expit(-w), special.expit(w), special.expit(-w)


def log_beta_quantile(a: Any, b: Any, u: Any) -> Any:
    """log v with I_v(a, b) = u; where v underflows, from I_v ~ v^a/(a B(a, b))."""
    v = special.betaincinv(a, b, u)
    leading = (np.log(u) + np.log(a) + special.betaln(a, b)) / a
    return np.where(v < SMALLEST, leading, np.log(v))


@register(
    "dirichlet",
    source="Kotz, Balakrishnan, Johnson, Continuous Multivariate Distributions 1, ch. 49",
    examples=[{"alpha": [2.0, 3.0, 4.0]}, {"alpha": [0.3, 1.0, 5.0, 0.5]}],
)
class Dirichlet(VectorDistribution):
    """f(x) = Γ(Σα)/ΠΓ(α_i) · Π x_i^(α_i - 1) for x on the simplex, per volume of the first n - 1 entries.

    alpha (..., n) > 0 with n >= 2; x (..., n) -> (...,), where Σx = 1 to 1e-9. On an edge of the simplex the
    one-sided limit, NaN at a corner that has none. The entries are x_i = v_i·Π_{j<i}(1 - v_j) with independent v_i of
    law Beta(α_i, Σ_{j>i} α_j); the roots are log v_i/(1 - v_i), which keep v_i and 1 - v_i both.
    """

    parameters = {"alpha": positive(REQUIRED, "concentration")}
    event_axes = {"alpha": 1}

    def __init__(self, *args: Any, **kwargs: Any):
        self.params = bind(self.name, self.parameters, args, kwargs)
        shape = np.shape(self.params["alpha"])
        if not shape or shape[-1] < 2:
            raise ShapeError(argument_error("dirichlet: alpha", "the shape (..., n) with n >= 2", shape))
        self.event_shape, self.batch_shape = shape[-1:], shape[:-1]

    @property
    def support(self) -> Simplex:
        return Simplex(self.n)

    @property
    def carrier(self) -> str:
        return self.support.carrier(self.n)

    @property
    def _alpha(self) -> np.ndarray:
        return self.params["alpha"]

    @property
    def _total(self) -> Any:
        return np.sum(self._alpha, axis=-1)

    @property
    def conditioning(self) -> float:
        """The terms of the formula are of the size of Σα; beyond it an entry that is rounded moves log f by its slope,
        which is (Σα)^(1/2) where the mass is.
        """
        total = float(np.max(self._total))
        return min(total, LARGE) + total**0.5

    def raw_logpdf(self, x: Any) -> Any:
        """By the formula where Σα is small, and on the edges; elsewhere its terms are of the size of Σα, and cancel."""
        x = np.asarray(x, dtype=float)
        inner = (self._total > LARGE) & np.all(x > 0.0, axis=-1)
        return either(inner, lambda: self._by_shares(x), lambda: self._by_powers(x))

    @property
    def _log_beta(self) -> Any:
        return np.sum(special.gammaln(self._alpha), axis=-1) - special.gammaln(self._total)

    def _by_powers(self, x: Any) -> Any:
        return np.sum(special.xlogy(self._alpha - 1.0, x), axis=-1) - self._log_beta

    def logpdf_by_logs(self, logs: np.ndarray) -> Any:
        return np.sum((self._alpha - 1.0) * logs, axis=-1) - self._log_beta

    def _by_shares(self, x: Any) -> Any:
        """Σ log of the densities of v_i = x_i/(x_i + ... + x_n), less log det dx/dv."""
        alpha, left = (np.flip(np.cumsum(np.flip(y, axis=-1), axis=-1), axis=-1) for y in (self._alpha, x))
        share, rest = x[..., :-1] / left[..., :-1], left[..., 1:] / left[..., :-1]
        logs = (np.where(y < 0.5, np.log(y), np.log1p(-z)) for y, z in ((share, rest), (rest, share)))
        terms = log_beta_terms(self._alpha[..., :-1], alpha[..., 1:], *logs, share, rest)
        return np.sum(terms, axis=-1) - np.sum(np.log(x), axis=-1)

    def parts(self) -> Sequence[VectorPart]:  # type: ignore[override]
        rest = np.cumsum(self._alpha[::-1])[::-1]
        roots = tuple(LogitBeta(float(a), float(b)) for a, b in zip(self._alpha[:-1], rest[1:], strict=True))

        def forward(w: np.ndarray) -> tuple[Any, Any]:
            logs = broken(w)
            return np.exp(logs), np.sum(logs, axis=-1)

        def backward(y: np.ndarray) -> np.ndarray:
            return unbroken(np.log(y))

        def quantiles(u: np.ndarray) -> np.ndarray:
            return np.stack([root.raw_ppf(u[..., i]) for i, root in enumerate(roots)], axis=-1)

        return (VectorPart(1.0, roots, forward, quantiles=quantiles, backward=backward, logs=broken),)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """Gamma variables over their sum, by logarithms: log Γ(α) = log Γ(α + 1) + log(U)/α does not underflow."""
        alpha = np.broadcast_to(self._alpha, (*shape, self.n))
        logs = np.log(rng.standard_gamma(alpha + 1.0)) - rng.standard_exponential(alpha.shape) / alpha
        return special.softmax(logs, axis=-1)

    def marginal(self, i: int) -> Any:
        """Entry i: beta(α_i, Σα - α_i)."""
        others = np.sum(np.delete(self._alpha, i, axis=-1), axis=-1)
        return Beta(self._alpha[..., i], others)

    def rearranged(self, places: Sequence[int]) -> Any:
        """The Dirichlet law of the parameters in that order."""
        return Dirichlet(self._alpha[..., list(places)])

    def closed_mean(self) -> Any:
        """The mean (n,)."""
        return self._alpha / self._total[..., None]

    def closed_cov(self) -> Any:
        """The covariance (n, n)."""
        share = self.closed_mean()
        spread = share[..., :, None] * (np.eye(self.n) - share[..., None, :])
        return spread / (self._total[..., None, None] + 1.0)

    def closed_entropy(self) -> Any:
        """log B(α) + (Σα - n) ψ(Σα) - Σ (α_i - 1) ψ(α_i), whose large terms do not cancel."""
        result = dirichlet_entropy(self._alpha)
        return result if np.ndim(result) else float(result)

    def mode(self) -> Any:
        """(α - 1)/(Σα - n) where every α > 1, otherwise UnsupportedOperationError: the density has no inner maximum."""
        if not np.all(self._alpha > 1):
            raise UnsupportedOperationError(f"mode: {self} has no maximum inside the simplex, which takes alpha > 1")
        return (self._alpha - 1.0) / (self._total - self.n)[..., None]
