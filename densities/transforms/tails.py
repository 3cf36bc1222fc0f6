"""Maps that keep their slope in the tails, or bend them: leaky and heavy-tailed relatives of the line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from densities.backends import namespace
from densities.domains import Interval
from densities.errors import ParameterError, argument_error
from densities.parameters import Parameter, positive, real, within
from densities.transforms.base import Bijection, constant, register
from densities.transforms.manytoone import EXTENDED

LOG2 = math.log(2.0)


@register(
    "lambert_w",
    examples=[{"tailweight": 0.25}, {"tailweight": 1.5, "loc": 1.0, "scale": 2.0}, {"tailweight": 0.0}],
    source="G. M. Goerg, The Lambert way to Gaussianize heavy-tailed data, The Scientific World Journal (2015)",
)
class LambertW(Bijection):
    """y = loc + scale·u·exp(tailweight·u²/2), u = (x - loc)/scale, from the real line onto itself: heavier tails.

    With W the Lambert function of tailweight·v², v = (y - loc)/scale, the inverse is u = v·exp(-W/2) = ±√(W/tailweight);
    W comes from its argument's logarithm, which does not overflow.
    """

    parameters = {
        "tailweight": within(0.0, np.inf, 0.0, low_closed=True),
        "loc": real(0.0, "shift"),
        "scale": positive(1.0),
    }
    latex = r"loc + scale\,u\,e^{tailweight\,u^{2}/2},\ u = \frac{x - loc}{scale}"

    @cached_property
    def _log_tailweight(self) -> Any:
        with np.errstate(divide="ignore"):
            return constant(np.log(self.params["tailweight"]))

    @cached_property
    def _divisor(self) -> Any:
        """The tailweight, and 1 where it is 0 and divides nothing."""
        return constant(np.where(np.equal(self.params["tailweight"], 0.0), 1.0, self.params["tailweight"]))

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        u = (x - self.params["loc"]) / self.params["scale"]
        w = self.params["tailweight"] * u * u
        y = self.params["loc"] + self.params["scale"] * (u * xp.exp(0.5 * w))
        return y, 0.5 * w + xp.log1p(w)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        v = (y - self.params["loc"]) / self.params["scale"]
        w = xp.wrightomega(self._log_tailweight + 2.0 * xp.log(xp.abs(v)))
        large = w > 1.0
        root = xp.sqrt(xp.where(large, w, 1.0) / self._divisor)
        u = xp.where(large, xp.sign(v) * root, v * xp.exp(-0.5 * xp.where(large, 0.0, w)))
        return self.params["loc"] + self.params["scale"] * u, -(0.5 * w + xp.log1p(w))


@register(
    "soft_clip",
    examples=[
        {"low": -1.0, "high": 2.0},
        {"low": 0.0, "high": 1.0, "hinge_softness": 0.1},
        {"low": 0.5, "high": np.inf, "hinge_softness": 2.0},
        {"low": -np.inf, "high": 0.0},
    ],
    source="TensorFlow Probability, tfp.bijectors.SoftClip",
)
class SoftClip(Bijection):
    """y = high - a·s(d - s(t)), s(t) = log(1 + exp(t)), t = (x - low)/c, d = (high - low)/c, a = (high - low)/s(d).

    From the real line onto (low, high), almost x in between; c is `hinge_softness`, and low or high may be infinite. With
    v = (x - high)/c it is low + a·(s(t) - s(t - s(d))), and d - s(t) = -log(exp(-d) + exp(v)): each end has its own form,
    accurate to a rounding of that end.
    """

    parameters = {"low": Parameter(EXTENDED), "high": Parameter(EXTENDED), "hinge_softness": positive(1.0)}
    latex = (
        r"high - a\,s\left(\frac{high - low}{hinge\_softness} - s\left(\frac{x - low}{hinge\_softness}\right)\right)"
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._low, self._high, self._soft = self.params.values()
        if not np.all(np.less(self._low, self._high)):
            raise ParameterError(argument_error("soft_clip: low, high", "low < high", (self._low, self._high)))
        self.codomain = Interval(self._low, self._high)
        with np.errstate(all="ignore"):
            self._width = constant((self._high - self._low) / self._soft)
            self._bent = constant(np.logaddexp(0.0, self._width))
            self._rest = constant(np.log1p(np.exp(-np.asarray(self._width))))  # s(d) - d
            self._stretch = constant(np.where(np.isinf(self._width), 1.0, self._width / self._bent))
        self._factor, self._log_stretch = self._soft * self._stretch, constant(np.log(self._stretch))

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        t, v = (x - self._low) / self._soft, (x - self._high) / self._soft
        inner = -xp.logaddexp(-self._width, v)
        lower, upper = xp.softplus(t) - xp.softplus(t - self._bent), xp.softplus(inner)
        y = xp.where(t < self._width, self._low + self._factor * lower, self._high - self._factor * upper)
        return y, xp.log_expit(t) + xp.log_expit(inner) + self._log_stretch

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        p, q = (y - self._low) / self._factor, (self._high - y) / self._factor
        from_low = p < q
        log_p, log_q = xp.log(-xp.expm1(-p)), xp.log(-xp.expm1(-q))
        t = xp.where(from_low, p, self._bent - q) + log_p - log_q
        v = xp.where(from_low, p - self._width, self._rest - q) + log_p - log_q
        x = xp.where(from_low, self._low + self._soft * t, self._high + self._soft * v)
        return x, -(xp.log_expit(t) + log_q + self._log_stretch)


@register("elu", examples=[{}, {"alpha": 2.5}], source="D.-A. Clevert, T. Unterthiner, S. Hochreiter, ICLR (2016)")
class Elu(Bijection):
    """y = x for x >= 0 and alpha·(exp(x) - 1) for x < 0, from the real line onto (-alpha, inf); alpha > 0."""

    parameters = {"alpha": positive(1.0)}
    kinks = (0.0,)
    latex = r"\max\left(x, 0\right) + alpha\left(e^{\min\left(x, 0\right)} - 1\right)"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.codomain = Interval(-self.params["alpha"], np.inf)
        self._log_alpha = constant(np.log(self.params["alpha"]))

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        return self.forward(x), xp.where(x < 0, x + self._log_alpha, 0.0 * xp.sign(x))

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        bent = xp.log1p(xp.where(y < 0, y, 0.0) / self.params["alpha"])
        return xp.where(y < 0, bent, y), xp.where(y < 0, -(bent + self._log_alpha), 0.0 * xp.sign(y))

    def forward(self, x: Any) -> Any:
        xp = namespace(x)
        return xp.where(x < 0, self.params["alpha"] * xp.expm1(xp.where(x < 0, x, 0.0)), x)


class TanhInside(Bijection):
    """y = tanh(x) for |x| <= cut; beyond, sign(x)·(tanh(cut) + slope·h(|x|)) with the slope of tanh at the cut."""

    parameters = {"cut": positive(1.0)}

    @property
    def kinks(self) -> Sequence[float]:
        return [-self.params["cut"], self.params["cut"]]

    @cached_property
    def _edge(self) -> tuple[Any, Any, Any]:
        """(tanh(cut), its slope there, the logarithm of the slope)."""
        cut = self.params["cut"]
        log_slope = 2.0 * (LOG2 - cut - np.log1p(np.exp(-2.0 * cut)))
        return constant(np.tanh(cut)), constant(np.exp(log_slope)), constant(log_slope)

    def beyond(self, size: Any) -> tuple[Any, Any]:
        """h(|x|) for |x| > cut, and log h'."""
        raise NotImplementedError

    def back(self, rise: Any) -> Any:
        """|x| with h(|x|) = rise."""
        raise NotImplementedError

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        height, slope, log_slope = self._edge
        size = xp.abs(x)
        outside = size > self.params["cut"]
        rise, log_rise = self.beyond(xp.where(outside, size, self.params["cut"]))
        inside = xp.where(outside, 0.0, x)
        log_inside = 2.0 * (LOG2 - xp.abs(inside) - xp.log1p(xp.exp(-2.0 * xp.abs(inside))))
        y = xp.where(outside, xp.sign(x) * (height + slope * rise), xp.tanh(inside))
        return y, xp.where(outside, log_slope + log_rise, log_inside)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        height, slope, log_slope = self._edge
        size = xp.abs(y)
        outside = size > height
        far = self.back(xp.where(outside, (size - height) / slope, 0.0))
        inside = xp.where(outside, 0.0, y)
        log_inside = -(xp.log1p(inside) + xp.log1p(-inside))
        x = xp.where(outside, xp.sign(y) * far, xp.atanh(inside))
        return x, xp.where(outside, -(log_slope + self.beyond(far)[1]), log_inside)


@register("leaky_tanh", examples=[{}, {"cut": 3.0}], source="flowjax, bijections.LeakyTanh")
class LeakyTanh(TanhInside):
    """y = tanh(x) for |x| <= cut; beyond, the tangent of tanh at the cut, from the real line onto itself."""

    parameters = {"cut": positive(1.0, "max_val")}
    latex = r"\tanh x \text{ for } \left|x\right| \le cut,\ \text{its tangent at the cut beyond}"

    def beyond(self, size: Any) -> tuple[Any, Any]:
        return size - self.params["cut"], 0.0 * namespace(size).sign(size)

    def back(self, rise: Any) -> Any:
        return rise + self.params["cut"]


@register("log_tanh", examples=[{}, {"cut": 2.0}], source="nflows, transforms.LogTanh, here with one slope at the cut")
class LogTanh(TanhInside):
    """y = tanh(x) for |x| <= cut; beyond, ±(tanh(cut) + slope·cut·log(|x|/cut)), from the real line onto itself."""

    parameters = {"cut": positive(1.0, "cut_point")}
    latex = r"\tanh x \text{ for } \left|x\right| \le cut,\ \text{a logarithm of the same slope beyond}"

    def beyond(self, size: Any) -> tuple[Any, Any]:
        log_ratio = namespace(size).log(size / self.params["cut"])
        return self.params["cut"] * log_ratio, -log_ratio

    def back(self, rise: Any) -> Any:
        return self.params["cut"] * namespace(rise).exp(rise / self.params["cut"])


@register("sneaky_relu", examples=[{}, {"slope": 0.5}], source="SurVAE Flows, transforms.SneakyReLU")
class SneakyRelu(Bijection):
    """y = (x + a·(√(1 + x²) - 1))/(1 + a), a = (1 - slope)/(1 + slope): smooth, of slope 1 to slope `slope`; 0 < slope < 1.

    The inverse is the root x of (1 - a²)x² - 2bx + b² - a² = 0, b = (1 + a)y + a, in the form that does not cancel.
    """

    parameters = {"slope": within(0.0, 1.0, 0.1)}
    latex = r"\frac{x + a\left(\sqrt{1 + x^{2}} - 1\right)}{1 + a},\ a = \frac{1 - slope}{1 + slope}"

    @cached_property
    def _bend(self) -> Any:
        return (1.0 - self.params["slope"]) / (1.0 + self.params["slope"])

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        root = xp.hypot(1.0, x)
        y = x * (1.0 + self._bend * (x / (1.0 + root))) / (1.0 + self._bend)
        return y, xp.log1p(self._bend * (x / root)) - constant(np.log1p(self._bend))

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        bend, product = self._bend, (1.0 + self._bend) * y
        # 1 - a² = 4·slope/(1 + slope)²
        rest = 4.0 * self.params["slope"] / (1.0 + self.params["slope"]) ** 2
        b = product + bend
        root = bend * xp.hypot(b, constant(np.sqrt(rest)))
        right = b > 0
        x = xp.where(right, product * ((product + 2.0 * bend) / xp.where(right, b + root, 1.0)), (b - root) / rest)
        return x, constant(np.log1p(bend)) - xp.log1p(bend * (x / xp.hypot(1.0, x)))
