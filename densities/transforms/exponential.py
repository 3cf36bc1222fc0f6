"""Exponentials and logarithms, softplus among them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.backends import namespace
from densities.domains import POSITIVE, REAL, Interval
from densities.transforms.base import Bijection, Inverse, register

LOG2, LOG10 = float(np.log(2.0)), float(np.log(10.0))
LOG_LOG2, LOG_LOG10 = float(np.log(LOG2)), float(np.log(LOG10))


@register("exp", ufunc=np.exp)
class Exp(Bijection):
    """y = exp(x), from the real line onto (0, inf)."""

    domain, codomain = REAL, POSITIVE
    latex = r"e^{x}"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return namespace(x).exp(x), x

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x = namespace(y).log(y)
        return x, -x


@register("log", aliases=("ln",), ufunc=np.log)
class Log(Inverse, of=Exp):
    """y = log(x), from (0, inf) onto the real line."""

    latex = r"\log x"


@register("expm1", ufunc=np.expm1)
class Expm1(Bijection):
    """y = exp(x) - 1, from the real line onto (-1, inf); accurate near 0."""

    domain, codomain = REAL, Interval(-1.0, np.inf)
    latex = r"e^{x} - 1"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return namespace(x).expm1(x), x

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x = namespace(y).log1p(y)
        return x, -x


@register("log1p", ufunc=np.log1p)
class Log1p(Inverse, of=Expm1):
    """y = log(1 + x), from (-1, inf) onto the real line; accurate near 0."""

    latex = r"\log\left(1 + x\right)"


@register("exp2", ufunc=np.exp2)
class Exp2(Bijection):
    """y = 2^x, from the real line onto (0, inf)."""

    domain, codomain = REAL, POSITIVE
    latex = r"2^{x}"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return namespace(x).exp2(x), x * LOG2 + LOG_LOG2

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x = namespace(y).log2(y)
        return x, -LOG_LOG2 - x * LOG2


@register("log2", ufunc=np.log2)
class Log2(Inverse, of=Exp2):
    """y = log(x)/log(2), from (0, inf) onto the real line."""

    latex = r"\log_2 x"


@register("log10", ufunc=np.log10)
class Log10(Bijection):
    """y = log(x)/log(10), from (0, inf) onto the real line."""

    domain, codomain = POSITIVE, REAL
    latex = r"\log_{10} x"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        y = namespace(x).log10(x)
        return y, -LOG_LOG10 - y * LOG10

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return namespace(y).pow(10.0, y), y * LOG10 + LOG_LOG10


@register("softplus")
class Softplus(Bijection):
    """y = log(1 + exp(x)), from the real line onto (0, inf); its inverse is y + log(1 - exp(-y))."""

    domain, codomain = REAL, POSITIVE
    latex = r"\log\left(1 + e^{x}\right)"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        return xp.softplus(x), xp.log_expit(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        log_slope = xp.log(-xp.expm1(-y))
        return y + log_slope, -log_slope

    def forward(self, x: Any) -> Any:
        return namespace(x).softplus(x)


@register("softplus_inverse")
class SoftplusInverse(Inverse, of=Softplus):
    """y = log(exp(x) - 1), from (0, inf) onto the real line."""

    latex = r"\log\left(e^{x} - 1\right)"


@register("log_sigmoid", aliases=("log_expit",), ufunc=special.log_expit)
class LogSigmoid(Bijection):
    """y = -log(1 + exp(-x)), from the real line onto (-inf, 0)."""

    domain, codomain = REAL, Interval(-np.inf, 0.0)
    latex = r"-\log\left(1 + e^{-x}\right)"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        return xp.log_expit(x), xp.log_expit(-x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        log_slope = xp.log(-xp.expm1(y))
        return y - log_slope, -log_slope

    def forward(self, x: Any) -> Any:
        return namespace(x).log_expit(x)
