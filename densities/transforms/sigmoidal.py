"""Maps of the line onto a bounded interval, and their inverses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored
from densities.backends import namespace
from densities.domains import REAL, UNIT, Interval
from densities.transforms.base import Bijection, Inverse, register

LOG2 = math.log(2.0)
PI_SLACK = 6.2e-17  # by which the double nearest to π/2 misses it
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
SYMMETRIC_UNIT = Interval(-1.0, 1.0)


@register("sigmoid", aliases=("expit",), ufunc=special.expit)
class Sigmoid(Bijection):
    """y = 1/(1 + exp(-x)), from the real line onto (0, 1)."""

    domain, codomain = REAL, UNIT
    latex = r"\frac{1}{1 + e^{-x}}"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        size = xp.abs(x)
        tail = xp.exp(-size)
        larger = 1.0 / (1.0 + tail)
        y = xp.expit(x) if isinstance(x, Anchored) else xp.where(x < 0, tail * larger, larger)
        return y, -(size + 2.0 * xp.log1p(tail))

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        return xp.logit(y), -(xp.log(y) + xp.log1p(-y))

    def inverse(self, y: Any) -> Any:
        return namespace(y).logit(y)


@register("logit", ufunc=special.logit)
class Logit(Inverse, of=Sigmoid):
    """y = log(x/(1 - x)), from (0, 1) onto the real line."""

    latex = r"\log\frac{x}{1 - x}"


@register("tanh", ufunc=np.tanh)
class Tanh(Bijection):
    """y = tanh(x), from the real line onto (-1, 1); log dy/dx = 2(log 2 - |x| - log(1 + exp(-2|x|)))."""

    domain, codomain = REAL, SYMMETRIC_UNIT
    latex = r"\tanh x"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        size = xp.abs(x)
        return xp.tanh(x), 2.0 * (LOG2 - size - xp.log1p(xp.exp(-2.0 * size)))

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        return xp.atanh(y), -(xp.log1p(y) + xp.log1p(-y))

    def forward(self, x: Any) -> Any:
        return namespace(x).tanh(x)

    def inverse(self, y: Any) -> Any:
        return namespace(y).atanh(y)


@register("atanh", aliases=("arctanh",), ufunc=np.arctanh)
class Atanh(Inverse, of=Tanh):
    """y = atanh(x) = log((1 + x)/(1 - x))/2, from (-1, 1) onto the real line."""

    latex = r"\operatorname{artanh} x"


@register("softsign")
class Softsign(Bijection):
    """y = x/(1 + |x|), from the real line onto (-1, 1)."""

    domain, codomain = REAL, SYMMETRIC_UNIT
    latex = r"\frac{x}{1 + \left|x\right|}"
    kinks = (0.0,)

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.forward(x), -2.0 * namespace(x).log1p(namespace(x).abs(x))

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        gap = 1.0 - xp.abs(y)
        return y / gap, -2.0 * xp.log(gap)

    def forward(self, x: Any) -> Any:
        xp = namespace(x)
        size = xp.abs(x)
        return xp.where(size < 1.0, x / (1.0 + size), xp.sign(x) * (1.0 - 1.0 / (1.0 + size)))


@register("normal_cdf", aliases=("ndtr",), ufunc=special.ndtr)
class NormalCdf(Bijection):
    """y = Φ(x), the standard normal distribution function, from the real line onto (0, 1)."""

    domain, codomain = REAL, UNIT
    latex = r"\Phi\left(x\right)"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return namespace(x).ndtr(x), -HALF_LOG_2PI - 0.5 * x * x

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x = namespace(y).ndtri(y)
        return x, HALF_LOG_2PI + 0.5 * x * x

    def forward(self, x: Any) -> Any:
        return namespace(x).ndtr(x)


@register("normal_ppf", aliases=("ndtri",), ufunc=special.ndtri)
class NormalPpf(Inverse, of=NormalCdf):
    """y = Φ⁻¹(x), the standard normal quantile function, from (0, 1) onto the real line."""

    latex = r"\Phi^{-1}\left(x\right)"


@register("erf", ufunc=special.erf)
class Erf(Bijection):
    """y = erf(x) = 2/√π ∫₀ˣ exp(-t²) dt, from the real line onto (-1, 1)."""

    domain, codomain = REAL, SYMMETRIC_UNIT
    latex = r"\operatorname{erf}\left(x\right)"
    LOG_SLOPE = LOG2 - 0.5 * math.log(math.pi)

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return namespace(x).erf(x), self.LOG_SLOPE - x * x

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x = namespace(y).erfinv(y)
        return x, x * x - self.LOG_SLOPE

    def forward(self, x: Any) -> Any:
        return namespace(x).erf(x)


@register("erfinv", ufunc=special.erfinv)
class Erfinv(Inverse, of=Erf):
    """y = erf⁻¹(x), from (-1, 1) onto the real line."""

    latex = r"\operatorname{erf}^{-1}\left(x\right)"


@register("atan", aliases=("arctan",), ufunc=np.arctan)
class Atan(Bijection):
    """y = atan(x), from the real line onto (-π/2, π/2)."""

    domain, codomain = REAL, Interval(-math.pi / 2, math.pi / 2, low_slack=PI_SLACK, high_slack=PI_SLACK)
    latex = r"\arctan x"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        return xp.atan(x), -2.0 * xp.log(xp.hypot(1.0, x))

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        x = xp.tan(y)
        return x, 2.0 * xp.log(xp.hypot(1.0, x))

    def forward(self, x: Any) -> Any:
        return namespace(x).atan(x)

    def inverse(self, y: Any) -> Any:
        return namespace(y).tan(y)


@register("principal_tan")
class PrincipalTan(Inverse, of=Atan):
    """y = tan(x) on its principal branch, from (-π/2, π/2) onto the real line."""

    latex = r"\tan x"


@register("asin", aliases=("arcsin",), ufunc=np.arcsin)
class Asin(Bijection):
    """y = asin(x), from [-1, 1] onto [-π/2, π/2]."""

    domain = Interval(-1.0, 1.0, low_closed=True, high_closed=True)
    codomain = Interval(
        -math.pi / 2, math.pi / 2, low_closed=True, high_closed=True, low_slack=PI_SLACK, high_slack=PI_SLACK
    )
    latex = r"\arcsin x"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        return xp.asin(x), -0.5 * (xp.log1p(x) + xp.log1p(-x))

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        return xp.sin(y), xp.log(xp.abs(xp.cos(y)))


@register("acos", aliases=("arccos",), ufunc=np.arccos)
class Acos(Bijection):
    """y = acos(x), from [-1, 1] onto [0, π], decreasing."""

    domain = Interval(-1.0, 1.0, low_closed=True, high_closed=True)
    codomain = Interval(0.0, math.pi, low_closed=True, high_closed=True, high_slack=2 * PI_SLACK)
    increasing = False
    latex = r"\arccos x"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        return xp.acos(x), -0.5 * (xp.log1p(x) + xp.log1p(-x))

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        return xp.cos(y), xp.log(xp.abs(xp.sin(y)))
