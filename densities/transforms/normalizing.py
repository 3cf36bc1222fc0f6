"""The families of Box and Cox and of Yeo and Johnson: powers made continuous in their exponent."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import Anchored
from densities.backends import namespace
from densities.domains import POSITIVE, Interval
from densities.parameters import real
from densities.transforms.base import Bijection, constant, register
from densities.transforms.power import reciprocal_error


def bent_power(lmbda: Any, log_base: Any, base: Any) -> Any:
    """(base^λ - 1)/λ, and log(base) where λ = 0; accurate where base is near 1 and where λ is near 0."""
    xp = namespace(log_base)
    safe = constant(np.where(np.equal(lmbda, 0.0), 1.0, lmbda))
    exponent = safe * log_base
    near = xp.abs(exponent) < 1.0
    power = xp.where(near, xp.expm1(xp.where(near, exponent, 0.0)), xp.pow(base, safe) - 1.0) / safe
    return xp.where(np.equal(lmbda, 0.0), log_base, power)


def unbent_log(lmbda: Any, y: Any, bound: Any, bound_error: Any) -> Any:
    """log(1 + λy)/λ, and y where λ = 0; `bound` is -1/λ, towards which 1 + λy is λ(y - bound + bound_error)."""
    xp = namespace(y)
    safe = constant(np.where(np.equal(lmbda, 0.0), 1.0, lmbda))
    product = safe * y
    near_bound = product < -0.5
    gap = (y - bound) + (bound_error - at_bound(y, bound, bound_error))
    log_power = xp.where(near_bound, xp.log(xp.abs(safe * gap)), xp.log1p(xp.where(near_bound, 0.0, product)))
    return xp.where(np.equal(lmbda, 0.0), y, log_power / safe)


def at_bound(y: Any, bound: Any, bound_error: Any) -> Any:
    """bound_error for points anchored at the bound, whose offset is from the end itself, not from its double; 0 elsewhere."""
    return np.where(np.equal(y.anchor, bound), bound_error, 0.0) if isinstance(y, Anchored) else 0.0


def end(lmbda: Any) -> Any:
    """-1/λ, and -inf where λ = 0."""
    with np.errstate(divide="ignore"):
        return constant(np.where(np.equal(lmbda, 0.0), -np.inf, -1.0 / np.asarray(lmbda)))


def end_error(lmbda: Any) -> Any:
    """What rounding has taken from 1/λ, and 0 where λ = 0."""
    safe = np.where(np.equal(lmbda, 0.0), 1.0, lmbda)
    return constant(np.vectorize(reciprocal_error)(safe))


@register(
    "box_cox",
    aliases=("boxcox",),
    examples=[{"lmbda": 0.5}, {"lmbda": 0.0}, {"lmbda": -0.7}, {"lmbda": 1e-12}, {"lmbda": [0.0, 2.0]}],
    source="G. E. P. Box and D. R. Cox, An analysis of transformations, J. R. Stat. Soc. B 26 (1964)",
)
class BoxCox(Bijection):
    """y = (x^lmbda - 1)/lmbda, log(x) for lmbda = 0, from (0, inf).

    Onto (-1/lmbda, inf) for lmbda > 0, the real line for lmbda = 0, (-inf, -1/lmbda) for lmbda < 0.
    """

    parameters = {"lmbda": real()}
    domain = POSITIVE
    latex = r"\frac{x^{lmbda} - 1}{lmbda}"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        lmbda = self.params["lmbda"]
        self.bound, self.bound_error = end(lmbda), end_error(lmbda)
        below, slack = np.less(lmbda, 0.0), np.abs(self.bound_error)
        self.codomain = Interval(
            np.where(below, -np.inf, self.bound),
            np.where(below, self.bound, np.inf),
            low_slack=constant(np.where(below, 0.0, slack)),
            high_slack=constant(np.where(below, slack, 0.0)),
        )

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.forward(x), namespace(x).xlogy(self.params["lmbda"] - 1.0, x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        log_x = unbent_log(self.params["lmbda"], y, self.bound, self.bound_error)
        return namespace(y).exp(log_x), (1.0 - self.params["lmbda"]) * log_x

    def forward(self, x: Any) -> Any:
        return bent_power(self.params["lmbda"], namespace(x).log(x), x)


@register(
    "yeo_johnson",
    aliases=("yeojohnson",),
    examples=[{"lmbda": 0.5}, {"lmbda": 0.0}, {"lmbda": 2.0}, {"lmbda": -0.5}, {"lmbda": 3.0}, {"lmbda": [1.0, 2.5]}],
    source="I.-K. Yeo and R. A. Johnson, A new family of power transformations, Biometrika 87 (2000)",
)
class YeoJohnson(Bijection):
    """y = ((1 + x)^lmbda - 1)/lmbda for x >= 0, -((1 - x)^(2 - lmbda) - 1)/(2 - lmbda) for x < 0.

    From the real line onto itself where 0 <= lmbda <= 2, onto (-inf, -1/lmbda) for lmbda < 0 and (1/(2 - lmbda), inf)
    for lmbda > 2.
    """

    parameters = {"lmbda": real()}
    neutral = {"lmbda": 1.0}
    kinks = (0.0,)
    latex = r"\operatorname{YeoJohnson}_{lmbda}\left(x\right)"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        lmbda = self.params["lmbda"]
        self.exponents = lmbda, 2.0 - lmbda
        self.bounds, self.bound_errors = (end(lmbda), end(2.0 - lmbda)), (end_error(lmbda), end_error(2.0 - lmbda))
        above, below = np.greater(lmbda, 2.0), np.less(lmbda, 0.0)
        high_slack, low_slack = np.abs(self.bound_errors)
        self.codomain = Interval(
            np.where(above, -self.bounds[1], -np.inf),
            np.where(below, self.bounds[0], np.inf),
            low_slack=constant(np.where(above, low_slack, 0.0)),
            high_slack=constant(np.where(below, high_slack, 0.0)),
        )

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        size, exponent = xp.abs(x), self._side(x, self.exponents)
        log_size = xp.log1p(size)
        return self._signed(x, bent_power(exponent, log_size, 1.0 + size)), (exponent - 1.0) * log_size

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        exponent = self._side(y, self.exponents)
        log_size = unbent_log(exponent, xp.abs(y), self._side(y, self.bounds), self._side(y, self.bound_errors))
        return self._signed(y, xp.expm1(log_size)), (1.0 - exponent) * log_size

    @staticmethod
    def _side(x: Any, choices: tuple[Any, Any]) -> Any:
        xp = namespace(x)
        s = xp.sign(x)  # a factor ±1 keeps the precision of x
        return xp.where(x < 0, -choices[1] * s, choices[0] * s)

    @staticmethod
    def _signed(x: Any, size: Any) -> Any:
        return namespace(x).where(x < 0, -size, size)
