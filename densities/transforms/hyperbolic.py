"""Hyperbolic sine and cosine, and the sinh-arcsinh map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from densities.backends import namespace
from densities.domains import Interval
from densities.parameters import positive, real
from densities.transforms.base import Bijection, Flat, Inverse, ManyToOne, Piece, constant, register
from densities.transforms.power import NONNEGATIVE, halves

LOG2 = math.log(2.0)
FROM_ONE = Interval(1.0, np.inf, low_closed=True)


def log_cosh(x: Any) -> Any:
    """log cosh x = |x| + log(1 + exp(-2|x|)) - log 2."""
    xp = namespace(x)
    size = xp.abs(x)
    return size + (xp.log1p(xp.exp(-2.0 * size)) - LOG2)


def log_cosh_asinh(y: Any) -> Any:
    """log cosh(asinh y) = log(1 + y²)/2."""
    return namespace(y).half_log1p_square(y)


@register("sinh", ufunc=np.sinh)
class Sinh(Bijection):
    """y = sinh(x), from the real line onto itself."""

    latex = r"\sinh x"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return namespace(x).sinh(x), log_cosh(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return namespace(y).asinh(y), -log_cosh_asinh(y)

    def forward(self, x: Any) -> Any:
        return namespace(x).sinh(x)

    def inverse(self, y: Any) -> Any:
        return namespace(y).asinh(y)


@register("asinh", aliases=("arcsinh",), ufunc=np.arcsinh)
class Asinh(Inverse, of=Sinh):
    """y = asinh(x) = log(x + √(x² + 1)), from the real line onto itself."""

    latex = r"\operatorname{arsinh} x"


@register(
    "sinh_arcsinh",
    examples=[{}, {"skewness": 0.5, "tailweight": 1.5}, {"skewness": -2.0, "tailweight": 0.4}],
    source="M. C. Jones and A. Pewsey, Sinh-arcsinh distributions, Biometrika 96 (2009)",
)
class SinhArcsinh(Bijection):
    """y = sinh((asinh(x) + skewness)·tailweight), from the real line onto itself."""

    parameters = {"skewness": real(0.0), "tailweight": positive(1.0)}
    neutral = {"skewness": 0.0, "tailweight": 1.0}
    latex = r"\sinh\left(tailweight\left(\operatorname{arsinh} x + skewness\right)\right)"

    @cached_property
    def log_tailweight(self) -> Any:
        """log of the tailweight."""
        return constant(np.log(self.params["tailweight"]))

    def _log_slope(self, before: Any, after: Any) -> Any:
        """log(tailweight·cosh(after)/cosh(before)): far out |after| - |before| is what does not cancel of it."""
        xp = namespace(before)
        skewness, tailweight = self.params["skewness"], self.params["tailweight"]
        size, reach = xp.abs(before), xp.abs(after)
        rise = (tailweight - 1.0) * before + skewness * tailweight
        apart = xp.where(before * after > 0, xp.sign(before) * rise, reach - size)
        return apart + (xp.log1p(xp.exp(-2.0 * reach)) - xp.log1p(xp.exp(-2.0 * size))) + self.log_tailweight

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        before = xp.asinh(x)
        after = (before + self.params["skewness"]) * self.params["tailweight"]
        return xp.sinh(after), self._log_slope(before, after)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        after = xp.asinh(y)
        before = after / self.params["tailweight"] - self.params["skewness"]
        return xp.sinh(before), -self._log_slope(before, after)

    def forward(self, x: Any) -> Any:
        xp = namespace(x)
        return xp.sinh((xp.asinh(x) + self.params["skewness"]) * self.params["tailweight"])


class RightCosh(Bijection):
    """y = cosh(x), from [0, inf) onto [1, inf)."""

    domain, codomain = NONNEGATIVE, FROM_ONE
    latex = r"\cosh x"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return namespace(x).cosh(x), self._log_sinh(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x = namespace(y).acosh(y)
        return x, -self._log_sinh(x)

    def forward(self, x: Any) -> Any:
        return namespace(x).cosh(x)

    @staticmethod
    def _log_sinh(x: Any) -> Any:
        xp = namespace(x)
        return x + (xp.log(-xp.expm1(-2.0 * x)) - LOG2)


@register("acosh", aliases=("arccosh",), ufunc=np.arccosh)
class Acosh(Inverse, of=RightCosh):
    """y = acosh(x) = log(x + √(x² - 1)), from [1, inf) onto [0, inf)."""

    latex = r"\operatorname{arcosh} x"


@register("cosh", ufunc=np.cosh)
class Cosh(ManyToOne):
    """y = cosh(x), from the real line onto [1, inf), two to one."""

    codomain = FROM_ONE
    latex = r"\cosh x"
    pieces: Sequence[Piece | Flat] = halves(RightCosh())

    def forward(self, x: Any) -> Any:
        return namespace(x).cosh(x)
