"""Maps from Rⁿ onto sets of vectors that obey a constraint, shares of a whole and ascending entries, and permutations.

The n shares of a whole have n - 1 degrees of freedom: log-determinants refer to the first n - 1 of them, as densities on
the simplex do, and the last one is computed beside them, not as what is left of 1.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from densities.domains import REAL, Ordered, RealVector, Simplex
from densities.errors import ParameterError, argument_error
from densities.parameters import bind, count
from densities.transforms.base import Bijection, register
from densities.transforms.vector import Each


class Shares(Bijection):
    """A map from Rⁿ⁻¹ onto the simplex of n entries; a subclass gives `logs`, the logarithms of the shares, and `from_logs`.

    For both maps here |det| is the product of all n shares.
    """

    domain, codomain = Each(REAL, 1), Simplex()

    def image_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0] + 1,)

    def preimage_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0] - 1,)

    def logs(self, x: Any) -> Any:
        """The logarithms of the shares, which do not underflow: (..., n - 1) -> (..., n)."""
        raise NotImplementedError

    def from_logs(self, logs: Any) -> Any:
        """The point whose shares have these logarithms, up to a number that all of them share: (..., n) -> (..., n - 1)."""
        raise NotImplementedError

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        logs = self.logs(x)
        return np.exp(logs), np.sum(logs, axis=-1)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        logs = np.log(y)
        return self.from_logs(logs), -np.sum(logs, axis=-1)

    def forward(self, x: Any) -> Any:
        return np.exp(self.logs(x))


@register(
    "softmax_centered",
    aliases=("additive_logistic",),
    source="J. Aitchison, The Statistical Analysis of Compositional Data (1986), ch. 6",
)
class SoftmaxCentered(Shares):
    """y_i = exp(x_i)/(1 + Σ exp(x_j)), i < n, and y_n = 1/(1 + Σ exp(x_j)): from Rⁿ⁻¹ onto the simplex of n entries.

    (..., n - 1) -> (..., n); x_i = log(y_i/y_n), the additive log-ratio. |det| of the first n - 1 entries is Π y_i.
    """

    latex = r"\frac{\left(e^{x_{1}},\ \ldots,\ e^{x_{n-1}},\ 1\right)}{1 + \sum_{j} e^{x_{j}}}"

    def logs(self, x: Any) -> Any:
        x = np.concatenate([x, _zeros(x)], axis=-1)
        below = x - np.max(x, axis=-1, keepdims=True)
        return below - np.log(np.sum(np.exp(below), axis=-1, keepdims=True))

    def from_logs(self, logs: Any) -> Any:
        return logs[..., :-1] - logs[..., -1:]

    def jacobian(self, x: Any) -> Any:
        """dy_i/dx_j = y_i (δ_ij - y_j) of the first n - 1 shares: (..., n - 1) -> (..., n - 1, n - 1)."""
        y = self.forward(np.asarray(x, dtype=float))[..., :-1]
        return y[..., :, None] * (np.eye(y.shape[-1]) - y[..., None, :])


@register(
    "stick_breaking",
    source="Stan Development Team, Stan Reference Manual, unit simplex transform",
)
class StickBreaking(Shares):
    """y_k = v_k Π_{j<k} (1 - v_j), v_k = 1/(1 + (n - k) exp(-x_k)), and y_n the rest: from Rⁿ⁻¹ onto the simplex of n entries.

    (..., n - 1) -> (..., n); x = 0 goes to equal shares. |det| of the first n - 1 entries is Π y_i.
    """

    latex = r"y_{k} = v_{k} \prod_{j<k} \left(1 - v_{j}\right),\quad v_{k} = \frac{1}{1 + (n - k)\,e^{-x_{k}}}"

    def logs(self, x: Any) -> Any:
        return broken(x - _pieces_left(x))

    def from_logs(self, logs: Any) -> Any:
        return unbroken(logs) + _pieces_left(logs[..., 1:])

    def jacobian(self, x: Any) -> Any:
        """dy_i/dx_j = y_i (δ_ij - v_j), j <= i, of the first n - 1 shares: (..., n - 1) -> (..., n - 1, n - 1)."""
        x = np.asarray(x, dtype=float)
        y, v = self.forward(x)[..., :-1], 1.0 / (1.0 + np.exp(_pieces_left(x) - x))
        n = x.shape[-1]
        return y[..., :, None] * (np.eye(n) - np.tril(np.ones((n, n))) * v[..., None, :])


def _zeros(x: Any) -> Any:
    """One zero for each vector, which may have no entry: (..., n) -> (..., 1)."""
    return np.zeros((*x.shape[:-1], 1), x.dtype)


def _pieces_left(x: Any) -> Any:
    """log(n - k) for k = 1 .. n - 1, in the precision of x."""
    return np.log(np.arange(x.shape[-1], 0, -1)).astype(x.dtype)


def broken(w: Any) -> Any:
    """log y of y_k = v_k Π_{j<k} (1 - v_j) with log v_k/(1 - v_k) = w_k, and of the rest: (..., n - 1) -> (..., n)."""
    log_v, log_rest = -np.logaddexp(0.0, -w), -np.logaddexp(0.0, w)
    left = np.cumsum(np.concatenate([_zeros(w), log_rest], axis=-1), axis=-1)
    return np.concatenate([log_v + left[..., :-1], left[..., -1:]], axis=-1)


def unbroken(logs: Any) -> Any:
    """w of `broken`, by what is left of the stick as a sum of the shares to come, which keeps what a difference loses."""
    largest = np.max(logs, axis=-1, keepdims=True)
    after = np.flip(np.cumsum(np.flip(np.exp(logs - largest), axis=-1), axis=-1), axis=-1)
    return logs[..., :-1] - largest - np.log(after[..., 1:])


@register("ascending", aliases=("ordered",), source="Stan Development Team, Stan Reference Manual, ordered vector")
class Ascending(Bijection):
    """y_1 = x_1, y_k = y_{k-1} + exp(x_k): from Rⁿ onto the vectors whose entries ascend; (..., n) -> (..., n).

    x_k = log(y_k - y_{k-1}); log|det| = x_2 + ... + x_n.
    """

    domain, codomain = Each(REAL, 1), Ordered()
    latex = r"y_{k} = x_{1} + \sum_{j=2}^{k} e^{x_{j}}"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        steps = np.concatenate([x[..., :1], np.exp(x[..., 1:])], axis=-1)
        return np.cumsum(steps, axis=-1), np.sum(x[..., 1:], axis=-1)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        logs = np.log(y[..., 1:] - y[..., :-1])
        return np.concatenate([y[..., :1], logs], axis=-1), -np.sum(logs, axis=-1)

    def jacobian(self, x: Any) -> Any:
        """dy_k/dx_j = exp(x_j), 1 < j <= k, and 1 for j = 1: (..., n) -> (..., n, n)."""
        x = np.asarray(x, dtype=float)
        slopes = np.concatenate([np.ones_like(x[..., :1]), np.exp(x[..., 1:])], axis=-1)
        return np.tril(np.ones((x.shape[-1],) * 2)) * slopes[..., None, :]


@register("permute", examples=[{"order": [2, 0, 1]}])
class Permute(Bijection):
    """y_i = x_{order_i}, from Rⁿ onto itself; (..., n) -> (..., n), `order` a permutation of 0 .. n - 1.

    Raises ParameterError where `order` names a place twice or leaves one out.
    """

    parameters = {"order": count(0)}
    latex = r"\left(x_{order_{1}},\ \ldots,\ x_{order_{n}}\right)"

    def __init__(self, *args: Any, **kwargs: Any):
        self.params = bind(self.name, self.parameters, args, kwargs)
        order = np.asarray(self.params["order"])
        if order.ndim != 1 or not np.array_equal(np.sort(order), np.arange(order.size)):
            raise ParameterError(argument_error("permute: order", "each of 0 .. n - 1 once", order.tolist()))
        self.batch_shape = ()
        self.domain = self.codomain = RealVector(order.size)

    @cached_property
    def places(self) -> list[int]:
        """Where each entry of y comes from."""
        return [int(place) for place in self.params["order"]]

    @cached_property
    def matrix(self) -> np.ndarray:
        """The matrix P of y = P x."""
        return np.eye(len(self.places))[self.places]

    @property
    def inv(self) -> Bijection:
        if self._inverse is None:
            self._inverse = Permute(np.argsort(self.places))
            self._inverse._inverse = self
        return self._inverse

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.forward(x), 0.0

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self.inverse(y), 0.0

    def forward(self, x: Any) -> Any:
        return np.stack([x[..., place] for place in self.places], axis=-1)

    def inverse(self, y: Any) -> Any:
        return self.inv.forward(y)

    def merge(self, after: Any) -> Bijection | None:
        if not (isinstance(after, Permute) and len(after.places) == len(self.places)):
            return None
        return Permute([self.places[place] for place in after.places])

    def jacobian(self, x: Any) -> Any:
        """The matrix of the permutation, for every point: (..., n) -> (..., n, n)."""
        return np.broadcast_to(self.matrix, (*np.shape(x)[:-1], *self.matrix.shape))


__all__ = ["Ascending", "Permute", "Shares", "SoftmaxCentered", "StickBreaking", "broken", "unbroken"]
