"""Distribution functions as maps: each from the support of a law onto (0, 1), with no tail lost on either side.

A probability near 1 travels as 1 - h with log h kept, so that `ppf(cdf(x))` is x however far out x lies.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from densities.backends import namespace
from densities.domains import POSITIVE, REAL, Interval
from densities.parameters import REQUIRED, positive, real
from densities.transforms.base import Bijection, constant, register
from densities.transforms.complements import normal_quantile

LOG2, LOG_PI = math.log(2.0), math.log(math.pi)
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
ROOT2, HALF_PI = math.sqrt(2.0), math.pi / 2
FROM_ZERO = Interval(0.0, np.inf, low_closed=True)
BOTH_ENDS = Interval(0.0, 1.0, low_closed=True, high_closed=True)
TFP = "TensorFlow Probability, tfp.bijectors"


class Cdf(Bijection):
    """y = F(z), z = (x - loc)/scale: a subclass gives F, its quantile function and its log-density at z.

    The formulas take z, or y, and then the parameters other than `loc` and `scale`, in their declared order.
    """

    standard: ClassVar[Interval] = REAL

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.shapes = tuple(p for name, p in self.params.items() if name not in ("loc", "scale"))
        support = self.standard
        low, high = (self._loc + self._scale * end if np.isfinite(end) else end for end in support.edges)
        self.domain = Interval(low, high, low_closed=support.low_closed, high_closed=support.high_closed)
        self.codomain = Interval(0.0, 1.0, low_closed=support.low_closed, high_closed=support.high_closed)

    @property
    def _loc(self) -> Any:
        return self.params.get("loc", 0.0)

    @property
    def _scale(self) -> Any:
        return self.params.get("scale", 1.0)

    @cached_property
    def _log_scale(self) -> Any:
        return constant(np.log(self._scale))

    def cdf(self, z: Any, *shapes: Any) -> Any:
        """F(z)."""
        raise NotImplementedError

    def ppf(self, y: Any, *shapes: Any) -> Any:
        """The z with F(z) = y."""
        raise NotImplementedError

    def logpdf(self, z: Any, *shapes: Any) -> Any:
        """log F'(z)."""
        raise NotImplementedError

    def _standardised(self, x: Any) -> Any:
        return (x - self._loc) / self._scale

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        z = self._standardised(x)
        return self.cdf(z, *self.shapes), self.logpdf(z, *self.shapes) - self._log_scale

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        z = self.ppf(y, *self.shapes)
        return self._loc + self._scale * z, self._log_scale - self.logpdf(z, *self.shapes)

    def forward(self, x: Any) -> Any:
        return self.cdf(self._standardised(x), *self.shapes)

    def inverse(self, y: Any) -> Any:
        return self._loc + self._scale * self.ppf(y, *self.shapes)


@register("logistic_cdf", examples=[{}, {"loc": 1.0, "scale": 2.5}])
class LogisticCdf(Cdf):
    """y = 1/(1 + exp(-z)), z = (x - loc)/scale, from the real line onto (0, 1)."""

    parameters = {"loc": real(0.0), "scale": positive(1.0)}
    latex = r"\frac{1}{1 + \exp\left(-\frac{x - loc}{scale}\right)}"

    def cdf(self, z: Any) -> Any:
        return namespace(z).expit(z)

    def ppf(self, y: Any) -> Any:
        return namespace(y).logit(y)

    def logpdf(self, z: Any) -> Any:
        xp = namespace(z)
        size = xp.abs(z)
        return -(size + 2.0 * xp.log1p(xp.exp(-size)))


@register("cauchy_cdf", examples=[{}, {"loc": -1.0, "scale": 0.5}])
class CauchyCdf(Cdf):
    """y = 1/2 + atan(z)/π, z = (x - loc)/scale, from the real line onto (0, 1)."""

    parameters = {"loc": real(0.0), "scale": positive(1.0)}
    latex = r"\frac{1}{2} + \frac{1}{\pi}\arctan\frac{x - loc}{scale}"

    def cdf(self, z: Any) -> Any:
        xp = namespace(z)
        size = xp.abs(z)
        far = size > 1.0
        tail = xp.atan(1.0 / xp.where(far, size, 1.0)) / math.pi
        return xp.where(far, xp.where(z < 0, tail, 1.0 - tail), 0.5 + xp.atan(xp.where(far, 0.0, z)) / math.pi)

    def ppf(self, y: Any) -> Any:
        xp = namespace(y)
        middle = xp.abs(y - 0.5) < 0.25
        tail = xp.where(middle, 0.25, xp.where(y < 0.5, y, 1.0 - y))
        far = 1.0 / xp.tan(math.pi * tail)
        return xp.where(middle, xp.tan(math.pi * (xp.where(middle, y, 0.5) - 0.5)), xp.where(y < 0.5, -far, far))

    def logpdf(self, z: Any) -> Any:
        xp = namespace(z)
        return -LOG_PI - 2.0 * xp.log(xp.hypot(1.0, z))


@register("gumbel_cdf", examples=[{}, {"loc": -1.0, "scale": 2.0}], source=TFP)
class GumbelCdf(Cdf):
    """y = exp(-exp(-z)), z = (x - loc)/scale, from the real line onto (0, 1)."""

    parameters = {"loc": real(0.0), "scale": positive(1.0)}
    latex = r"\exp\left(-\exp\left(-\frac{x - loc}{scale}\right)\right)"

    def cdf(self, z: Any) -> Any:
        xp = namespace(z)
        return xp.exp(-xp.exp(-z))

    def ppf(self, y: Any) -> Any:
        xp = namespace(y)
        return -xp.log(-xp.log(y))

    def logpdf(self, z: Any) -> Any:
        return -z - namespace(z).exp(-z)


@register("moyal_cdf", examples=[{}, {"loc": 1.0, "scale": 0.5}], source=TFP)
class MoyalCdf(Cdf):
    """y = erfc(exp(-z/2)/√2), z = (x - loc)/scale, from the real line onto (0, 1)."""

    parameters = {"loc": real(0.0), "scale": positive(1.0)}
    latex = r"\operatorname{erfc}\left(\frac{1}{\sqrt{2}}\exp\left(-\frac{x - loc}{2\,scale}\right)\right)"

    def cdf(self, z: Any) -> Any:
        xp = namespace(z)
        u = xp.exp(-0.5 * z)
        near_one, far = u < 0.5, u > 37.0  # ndtr is 0 where its value is no normal number any more
        tail = xp.where(far, xp.exp(xp.log_ndtr(-xp.where(far, u, 37.0)) + LOG2), 2.0 * xp.ndtr(-u))
        return xp.where(near_one, 1.0 - xp.erf(xp.where(near_one, u, 0.0) / ROOT2), tail)

    def ppf(self, y: Any) -> Any:
        xp = namespace(y)
        near_one = y > 0.5
        tail = normal_quantile(xp.log(xp.where(near_one, 0.5, y)) - LOG2)
        return -2.0 * xp.log(xp.where(near_one, ROOT2 * xp.erfinv(xp.where(near_one, 1.0 - y, 0.5)), -tail))

    def logpdf(self, z: Any) -> Any:
        return -HALF_LOG_2PI - 0.5 * (z + namespace(z).exp(-z))


class PositiveCdf(Cdf):
    """The distribution function of a law on [0, inf)."""

    standard = FROM_ZERO


@register("exponential_cdf", examples=[{}, {"scale": 2.0}])
class ExponentialCdf(PositiveCdf):
    """y = 1 - exp(-x/scale), from [0, inf) onto [0, 1)."""

    parameters = {"scale": positive(1.0, rate=lambda rate: 1.0 / rate)}
    latex = r"1 - \exp\left(-\frac{x}{scale}\right)"

    def cdf(self, z: Any) -> Any:
        return -namespace(z).expm1(-z)

    def ppf(self, y: Any) -> Any:
        return -namespace(y).log1p(-y)

    def logpdf(self, z: Any) -> Any:
        return -z


@register("weibull_cdf", examples=[{"shape": 1.5}, {"shape": 0.7, "scale": 2.0}, {"shape": [1.0, 3.0]}], source=TFP)
class WeibullCdf(PositiveCdf):
    """y = 1 - exp(-z^shape), z = x/scale, from [0, inf) onto [0, 1)."""

    parameters = {"shape": positive(REQUIRED, "concentration"), "scale": positive(1.0)}
    latex = r"1 - \exp\left(-\left(\frac{x}{scale}\right)^{shape}\right)"

    def cdf(self, z: Any, shape: Any) -> Any:
        xp = namespace(z)
        return -xp.expm1(-xp.pow(z, shape))

    def ppf(self, y: Any, shape: Any) -> Any:
        xp = namespace(y)
        return xp.pow(-xp.log1p(-y), 1.0 / shape)

    def logpdf(self, z: Any, shape: Any) -> Any:
        xp = namespace(z)
        return constant(np.log(shape)) + xp.xlogy(shape - 1.0, z) - xp.pow(z, shape)


@register("rayleigh_cdf", examples=[{}, {"scale": 2.0}], source=TFP)
class RayleighCdf(PositiveCdf):
    """y = 1 - exp(-z²/2), z = x/scale, from [0, inf) onto [0, 1)."""

    parameters = {"scale": positive(1.0)}
    latex = r"1 - \exp\left(-\frac{x^{2}}{2\,scale^{2}}\right)"

    def cdf(self, z: Any) -> Any:
        return -namespace(z).expm1(-0.5 * z * z)

    def ppf(self, y: Any) -> Any:
        xp = namespace(y)
        return xp.sqrt(-2.0 * xp.log1p(-y))

    def logpdf(self, z: Any) -> Any:
        return namespace(z).log(z) - 0.5 * z * z


@register("frechet_cdf", examples=[{"shape": 1.5}, {"shape": 4.0, "scale": 0.5}], source=TFP)
class FrechetCdf(Cdf):
    """y = exp(-z^-shape), z = x/scale, from (0, inf) onto (0, 1)."""

    parameters = {"shape": positive(REQUIRED, "concentration"), "scale": positive(1.0)}
    standard = POSITIVE
    latex = r"\exp\left(-\left(\frac{x}{scale}\right)^{-shape}\right)"

    def cdf(self, z: Any, shape: Any) -> Any:
        xp = namespace(z)
        return xp.exp(-xp.pow(z, -shape))

    def ppf(self, y: Any, shape: Any) -> Any:
        xp = namespace(y)
        return xp.pow(-xp.log(y), -1.0 / shape)

    def logpdf(self, z: Any, shape: Any) -> Any:
        xp = namespace(z)
        return constant(np.log(shape)) - (shape + 1.0) * xp.log(z) - xp.pow(z, -shape)


@register("gompertz_cdf", examples=[{"shape": 1.0}, {"shape": 0.1, "scale": 2.0}], source=TFP)
class GompertzCdf(PositiveCdf):
    """y = 1 - exp(-shape·(exp(z) - 1)), z = x/scale, from [0, inf) onto [0, 1)."""

    parameters = {"shape": positive(REQUIRED, "concentration"), "scale": positive(1.0, rate=lambda rate: 1.0 / rate)}
    latex = r"1 - \exp\left(-shape\left(e^{x/scale} - 1\right)\right)"

    def cdf(self, z: Any, shape: Any) -> Any:
        xp = namespace(z)
        return -xp.expm1(-shape * xp.expm1(z))

    def ppf(self, y: Any, shape: Any) -> Any:
        xp = namespace(y)
        return xp.log1p(-xp.log1p(-y) / shape)

    def logpdf(self, z: Any, shape: Any) -> Any:
        return constant(np.log(shape)) + z - shape * namespace(z).expm1(z)


@register("shifted_gompertz_cdf", examples=[{"shape": 1.0}, {"shape": 0.1, "scale": 2.0}, {"shape": 20.0}], source=TFP)
class ShiftedGompertzCdf(PositiveCdf):
    """y = (1 - w)·exp(-shape·w), w = exp(-x/scale), from [0, inf) onto [0, 1)."""

    parameters = {"shape": positive(REQUIRED, "concentration"), "scale": positive(1.0, rate=lambda rate: 1.0 / rate)}
    latex = r"\left(1 - e^{-x/scale}\right)\exp\left(-shape\,e^{-x/scale}\right)"

    def cdf(self, z: Any, shape: Any) -> Any:
        xp = namespace(z)
        w = xp.exp(-z)
        near_one = z > 1.0
        return xp.where(near_one, xp.exp(xp.log1p(-xp.where(near_one, w, 0.5)) - shape * w),
                        -xp.expm1(-z) * xp.exp(-shape * w))  # fmt: skip

    def ppf(self, y: Any, shape: Any) -> Any:
        """Where v = 1 - w is small, shape·v = W(shape·y·e^shape); where w is, -log(1 - w) + shape·w = -log y by Newton."""
        xp = namespace(y)
        excess = -xp.log(y)
        log_product = constant(np.log(shape)) + shape - excess
        v = xp.where(log_product < -40.0, xp.exp(log_product), xp.wrightomega(log_product)) / shape
        return xp.where(v < 0.5, -xp.log1p(-v), -xp.log(_small_root(excess, shape)))

    def logpdf(self, z: Any, shape: Any) -> Any:
        xp = namespace(z)
        w = xp.exp(-z)
        return xp.log1p(-shape * xp.expm1(-z)) - z - shape * w


def _small_root(excess: Any, shape: Any) -> Any:
    """w < 1/2 with -log(1 - w) + shape·w = excess, as a multiple of excess/(1 + shape), an upper bound of it.

    The function is convex, so that Newton's steps fall onto the root from above, five of them to the last bit.
    """
    bound = excess / (1.0 + shape)
    start = np.clip(np.asarray(bound), 1e-30, 0.75)
    target = start * (1.0 + shape)
    w = start
    for _ in range(5):
        w = w - (shape * w - np.log1p(-w) - target) / (shape + 1.0 / (1.0 - w))
    return bound * (w / start)


@register("kumaraswamy_cdf", examples=[{"a": 2.0, "b": 3.0}, {"a": 0.5, "b": 0.7}, {"a": 1.0, "b": 1.0}], source=TFP)
class KumaraswamyCdf(Cdf):
    """y = 1 - (1 - x^a)^b, from [0, 1] onto itself."""

    parameters = {"a": positive(REQUIRED, "concentration1"), "b": positive(REQUIRED, "concentration0")}
    standard = BOTH_ENDS
    latex = r"1 - \left(1 - x^{a}\right)^{b}"

    @staticmethod
    def _log_rest(x: Any, a: Any) -> Any:
        """log(1 - x^a)."""
        xp = namespace(x)
        power = xp.pow(x, a)
        near_one = power > 0.5
        return xp.where(near_one, xp.log(-xp.expm1(a * xp.log(xp.where(near_one, x, 0.5)))),
                        xp.log1p(-xp.where(near_one, 0.0, power)))  # fmt: skip

    def cdf(self, z: Any, a: Any, b: Any) -> Any:
        return -namespace(z).expm1(b * self._log_rest(z, a))

    def ppf(self, y: Any, a: Any, b: Any) -> Any:
        xp = namespace(y)
        log_rest = xp.log1p(-y) / b
        near_one = log_rest < -LOG2
        far = xp.pow(-xp.expm1(xp.where(near_one, -LOG2, log_rest)), 1.0 / a)
        return xp.where(near_one, xp.exp(xp.log1p(-xp.exp(xp.where(near_one, log_rest, -1.0))) / a), far)

    def logpdf(self, z: Any, a: Any, b: Any) -> Any:
        xp = namespace(z)
        rest = (b - 1.0) * self._log_rest(z, a) if np.any(np.not_equal(b, 1.0)) else 0.0
        return constant(np.log(a) + np.log(b)) + xp.xlogy(a - 1.0, z) + rest


@register("arcsine_cdf")
class ArcsineCdf(Cdf):
    """y = 2/π·asin(√x), from [0, 1] onto itself: the angular transform of a proportion, in quarter turns."""

    standard = BOTH_ENDS
    latex = r"\frac{2}{\pi}\arcsin\sqrt{x}"

    def cdf(self, z: Any) -> Any:
        xp = namespace(z)
        upper = z > 0.5
        tail = xp.asin(xp.sqrt(xp.where(upper, 1.0 - z, z))) / HALF_PI
        return xp.where(upper, 1.0 - tail, tail)

    def ppf(self, y: Any) -> Any:
        xp = namespace(y)
        return xp.square(xp.sin(HALF_PI * y))

    def logpdf(self, z: Any) -> Any:
        xp = namespace(z)
        return -LOG_PI - 0.5 * (xp.log(z) + xp.log1p(-z))
