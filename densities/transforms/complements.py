"""Maps through complements of exponentials and of the normal distribution function, and two inverse trigonometric ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from densities.anchored import value
from densities.backends import namespace
from densities.domains import POSITIVE, Interval
from densities.transforms.base import Bijection, Inverse, register
from densities.transforms.exponential import Log10
from densities.transforms.hyperbolic import log_cosh, log_cosh_asinh
from densities.transforms.sigmoidal import HALF_LOG_2PI, LOG2, PI_SLACK

ROOT2 = math.sqrt(2.0)
NEGATIVE = Interval(-np.inf, 0.0)
LOG_SLOPE = LOG2 - 0.5 * math.log(math.pi)
ROOT_2_OVER_PI = math.sqrt(2.0 / math.pi)
HALF_LOG_2_OVER_PI = math.log(ROOT_2_OVER_PI)


@register("exp10")
class Exp10(Inverse, of=Log10):
    """y = 10^x, from the real line onto (0, inf)."""

    latex = r"10^{x}"


@register("log1mexp", source="M. Mächler, Accurately computing log(1 - exp(-|a|)) (2012)")
class Log1mexp(Bijection):
    """y = log(1 - exp(-x)), from (0, inf) onto (-inf, 0); its inverse is -log(1 - exp(y))."""

    domain, codomain = POSITIVE, NEGATIVE
    latex = r"\log\left(1 - e^{-x}\right)"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        y = self.forward(x)
        return y, -(x + y)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x = self.inverse(y)
        return x, x + y

    def forward(self, x: Any) -> Any:
        return complement(x)

    def inverse(self, y: Any) -> Any:
        return -complement(-y)


def complement(x: Any) -> Any:
    """log(1 - exp(-x)) for x > 0, accurate on both sides of log 2."""
    xp = namespace(x)
    near = x < LOG2
    return xp.where(near, xp.log(-xp.expm1(-xp.where(near, x, LOG2))), xp.log1p(-xp.exp(-xp.where(near, LOG2, x))))


def normal_quantile(log_probability: Any) -> Any:
    """x with log Φ(x) = log_probability <= -log 2: SciPy's ndtri_exp, right to 3e-13, and a step of Newton's method."""
    xp = namespace(log_probability)
    x = value(xp.ndtri_exp(log_probability))
    step = (xp.log_ndtr(x) - log_probability) * (xp.erfcx(-x / ROOT2) / ROOT_2_OVER_PI)
    return x - xp.where(xp.isfinite(step), step, 0.0)


@register("erfc", ufunc=special.erfc)
class Erfc(Bijection):
    """y = erfc(x) = 1 - erf(x), from the real line onto (0, 2), decreasing."""

    codomain = Interval(0.0, 2.0)
    increasing = False
    latex = r"\operatorname{erfc}\left(x\right)"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.forward(x), LOG_SLOPE - x * x

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        far = y < 0.5
        tail = -normal_quantile(xp.log(xp.where(far, y, 0.5)) - LOG2) / ROOT2
        x = xp.where(far, tail, xp.erfinv(1.0 - xp.where(far, 1.0, y)))
        return x, x * x - LOG_SLOPE

    def forward(self, x: Any) -> Any:
        return namespace(x).erfc(x)


@register("log_ndtr", aliases=("log_normal_cdf",), ufunc=special.log_ndtr)
class LogNdtr(Bijection):
    """y = log Φ(x), the logarithm of the standard normal distribution function, from the real line onto (-inf, 0)."""

    codomain = NEGATIVE
    latex = r"\log\Phi\left(x\right)"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        """The slope is φ(x)/Φ(x), on the left √(2/π)/erfcx(-x/√2), in which nothing cancels."""
        xp = namespace(x)
        y = self.forward(x)
        left = HALF_LOG_2_OVER_PI - xp.log(xp.erfcx(-xp.where(x < 0, x, 0.0) / ROOT2))
        return y, xp.where(x < 0, left, -HALF_LOG_2PI - 0.5 * x * x - y)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x = self.inverse(y)
        return x, -self.forward_and_log_det(x)[1]

    def forward(self, x: Any) -> Any:
        xp = namespace(x)
        right = x > 0
        return xp.where(right, xp.log1p(-xp.ndtr(-xp.where(right, x, 0.0))), xp.log_ndtr(xp.where(right, 0.0, x)))

    def inverse(self, y: Any) -> Any:
        xp = namespace(y)
        right = y > -LOG2
        upper = -normal_quantile(complement(-xp.where(right, y, -LOG2)))
        return xp.where(right, upper, normal_quantile(xp.where(right, -1.0, y)))


@register("gudermannian")
class Gudermannian(Bijection):
    """y = atan(sinh(x)), from the real line onto (-π/2, π/2)."""

    codomain = Interval(-math.pi / 2, math.pi / 2, low_slack=PI_SLACK, high_slack=PI_SLACK)
    latex = r"\arctan\left(\sinh x\right)"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.forward(x), -log_cosh(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        slope = xp.tan(y)
        return xp.asinh(slope), log_cosh_asinh(slope)

    def forward(self, x: Any) -> Any:
        xp = namespace(x)
        return xp.atan(xp.sinh(x))
