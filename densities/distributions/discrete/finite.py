"""Families on finitely many points: categorical, discrete uniform, and the point mass."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from densities.distributions.base import register
from densities.distributions.discrete.shared import CountableFamily, to_float
from densities.distributions.family import Family
from densities.distributions.lattice import Discrete, Strand
from densities.distributions.tables import Table
from densities.errors import ParameterError, ShapeError, argument_error
from densities.foreign import is_foreign, to_numpy
from densities.parameters import Parameters, all_hold, array_of, checked_integers, checked_shares, number_text, real
from densities.transforms.linear import Shift

POINT = Table(np.ones(1))


@register(
    "categorical",
    examples=[{"probs": [0.2, 0.3, 0.5]}, {"probs": [0.0, 1.0]}, {"probs": [0.0, 0.1, 0.9]}],
    source="definition",
)
class Categorical(Table):
    """P(k) = probs[k], k = 0, 1, ...; probs >= 0 with a sum within 1e-9 of 1, which is divided out."""

    latex_density = r"\mathrm{probs}_{k},\quad k=0,1,\dots"

    def __init__(self, probs: Sequence[float]):
        given = to_numpy(probs) if is_foreign(probs) else array_of(probs)
        if given.ndim != 1 or not len(given):
            raise ShapeError(argument_error("categorical: probs", "a vector of probabilities", probs))
        self._fill(checked_shares(given, "categorical: probs", probs))
        self.params = Parameters({"probs": self.table})

    @cached_property
    def strands(self) -> Sequence[Strand]:
        possible = np.flatnonzero(self.table)
        return (Strand(self, float(possible[0]), float(possible[-1])),)

    def closed_mean(self) -> Any:
        return float(np.arange(len(self.table)) @ self.table)

    def closed_mode(self) -> Any:
        return float(np.argmax(self.table))

    def closed_entropy(self) -> Any:
        return float(np.sum(special.entr(self.table)))

    def __str__(self) -> str:
        return f"categorical(probs=[{', '.join(map(number_text, self.table))}])"

    def __repr__(self) -> str:
        return f"Categorical(probs=[{', '.join(map(number_text, self.table))}])"


@register(
    "discrete_uniform",
    examples=[{"low": 1, "high": 6}, {"low": -3, "high": -3}, {"low": 0, "high": 1e9}],
    source="definition",
)
class DiscreteUniform(CountableFamily):
    """P(k) = 1/(high - low + 1) for whole low <= k <= high."""

    parameters = {"low": real(), "high": real()}
    latex_density = r"\frac{1}{\mathrm{high}-\mathrm{low}+1},\quad k=\mathrm{low},\dots,\mathrm{high}"

    def validate(self) -> None:
        low, high = (checked_integers(self.name, end, self.params[end]) for end in ("low", "high"))
        if not all_hold(np.less_equal(low, high)):
            raise ParameterError(argument_error("discrete_uniform: low, high", "low <= high", (low, high)))
        super().validate()

    def ends(self, low: Any, high: Any) -> tuple[Any, Any]:
        return low + 0.0 * high, high + 0.0 * low

    def middle(self, low: Any, high: Any) -> Any:
        return np.floor(low + 0.5 * (high - low))

    def _log_pmf(self, k: Any, low: Any, high: Any) -> Any:
        return -np.log(high - low + 1.0) + 0.0 * k

    def _below(self, k: Any, low: Any, high: Any) -> Any:
        return (k - low + 1.0) / (high - low + 1.0)

    def _above(self, k: Any, low: Any, high: Any) -> Any:
        return (high - k) / (high - low + 1.0)

    def _log_below(self, k: Any, low: Any, high: Any) -> Any:
        return np.where(
            k > low + 0.5 * (high - low), np.log1p(-self._above(k, low, high)), np.log(self._below(k, low, high))
        )

    def _log_above(self, k: Any, low: Any, high: Any) -> Any:
        return np.where(
            k < low + 0.5 * (high - low), np.log1p(-self._below(k, low, high)), np.log(self._above(k, low, high))
        )

    def _log_inner(self, a: Any, b: Any) -> Any:
        low, high = self._shapes
        return np.log((b - a + 1.0) / (high - low + 1.0))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], low: Any, high: Any) -> Any:
        return np.minimum(low + np.floor(rng.random(shape) * (high - low + 1.0)), high)

    def _mean(self, low: Any, high: Any) -> Any:
        return low + 0.5 * (high - low)

    def _var(self, low: Any, high: Any) -> Any:
        return (high - low) * (high - low + 2.0) / 12.0

    def _mode(self, low: Any, high: Any) -> Any:
        return low

    def _entropy(self, low: Any, high: Any) -> Any:
        return np.log(high - low + 1.0)


@register("delta", aliases=("dirac",), examples=[{"loc": 0.0}, {"loc": 0.1}, {"loc": -1e300}], source="definition")
class Delta(Discrete, Family):
    """P(Y = loc) = 1; loc real."""

    parameters = {"loc": real()}
    latex_density = r"\delta_{\mathrm{loc}}"

    @cached_property
    def strands(self) -> Sequence[Strand]:
        move = Shift(self.params["loc"])
        return (Strand(POINT, 0.0, 0.0, (move.forward,), (move.inverse,)),)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return np.broadcast_to(self.params["loc"], shape).copy()

    def closed_mean(self) -> Any:
        return self.params["loc"]

    def closed_mode(self) -> Any:
        return self.params["loc"]

    def closed_var(self) -> Any:
        return to_float(np.zeros(self.batch_shape))

    def closed_entropy(self) -> Any:
        return to_float(np.zeros(self.batch_shape))


__all__ = ["Categorical", "Delta", "DiscreteUniform"]
