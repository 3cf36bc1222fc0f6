"""The uniform law on a ball."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import special

from densities.distributions.base import register
from densities.distributions.continuous import Beta
from densities.distributions.vector_base import VectorDistribution, VectorPart
from densities.domains import Ball
from densities.errors import ShapeError, argument_error
from densities.parameters import bind, positive, real
from densities.protocols import push_forward
from densities.transforms.linear import Affine


@register(
    "uniform_ball",
    source="definition",
    examples=[{"center": [0.0, 0.0], "radius": 1.0}, {"center": [1.0, -1.0, 0.5], "radius": 2.0}],
)
class UniformBall(VectorDistribution):
    """f(x) = Γ(n/2 + 1)/(π^(n/2) radiusⁿ) for |x - center| <= radius; center (..., n), x (..., n) -> (...,).

    The entries are center + radius·ρ_i s_i with ρ_0 = 1, ρ_{i+1} = ρ_i √(1 - s_i²) and independent s_i of density ∝
    (1 - s²)^((n-i-1)/2), that is s_i = 2 v_i - 1 with beta variables v_i.
    """

    parameters = {"center": real(), "radius": positive(1.0)}
    event_axes = {"center": 1}

    def __init__(self, *args: Any, **kwargs: Any):
        self.params = bind(self.name, self.parameters, args, kwargs)
        shape = np.shape(self.params["center"])
        if not shape:
            raise ShapeError(argument_error("uniform_ball: center", "the shape (..., n)", shape))
        self.event_shape = shape[-1:]
        try:
            self.batch_shape = np.broadcast_shapes(shape[:-1], np.shape(self.params["radius"]))
        except ValueError:
            shapes = (shape, np.shape(self.params["radius"]))
            raise ShapeError(
                argument_error("uniform_ball", "batches of center and radius that broadcast", shapes)
            ) from None

    @property
    def support(self) -> Ball:
        return Ball(self.params["center"], self.params["radius"])

    @property
    def _log_volume(self) -> Any:
        half = 0.5 * self.n
        return half * np.log(np.pi) - special.gammaln(half + 1.0) + self.n * np.log(self.params["radius"])

    def raw_logpdf(self, x: Any) -> Any:
        return np.broadcast_to(-self._log_volume, np.broadcast_shapes(np.shape(x)[:-1], self.batch_shape))

    def parts(self) -> Sequence[VectorPart]:  # type: ignore[override]
        center, radius, n = self.params["center"], self.params["radius"], self.n

        def forward(v: np.ndarray) -> tuple[Any, Any]:
            shrink = 0.5 * np.cumsum(np.log(4.0 * v) + np.log1p(-v), axis=-1)
            log_rho = np.concatenate([np.zeros_like(v[..., :1]), shrink[..., :-1]], axis=-1)
            y = center + radius * np.exp(log_rho) * (2.0 * v - 1.0)
            return y, n * np.log(2.0 * radius) + np.sum(log_rho, axis=-1)

        roots = tuple(_section(n - i) for i in range(n))
        shapes = np.array([root.params["a"] for root in roots])
        return (VectorPart(1.0, roots, forward, quantiles=lambda u: special.betaincinv(shapes, shapes, u)),)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        z = rng.standard_normal((*shape, self.n))
        length = rng.random(shape) ** (1.0 / self.n) / np.sqrt(np.sum(z * z, axis=-1))
        return self.params["center"] + (np.asarray(self.params["radius"]) * length)[..., None] * z

    def marginal(self, i: int) -> Any:
        """Entry i: of density ∝ (1 - s²)^((n - 1)/2), shifted and scaled."""
        center, radius = self.params["center"][..., i], self.params["radius"]
        return push_forward(_section(self.n), Affine(center - radius, 2.0 * radius))

    def closed_mean(self) -> Any:
        """The mean (n,)."""
        return np.array(np.broadcast_to(self.params["center"], (*self.batch_shape, self.n)))

    def closed_cov(self) -> Any:
        """The covariance (n, n)."""
        variance = np.broadcast_to(np.square(self.params["radius"]) / (self.n + 2.0), self.batch_shape)
        return variance[..., None, None] * np.eye(self.n)

    def closed_entropy(self) -> Any:
        """The log of the volume."""
        result = np.broadcast_to(self._log_volume, self.batch_shape)
        return result if result.ndim else float(result)


def _section(n: int) -> Any:
    """The law of (1 + s)/2 for one entry s in the unit ball of n dimensions."""
    return Beta(0.5 * (n + 1), 0.5 * (n + 1))
