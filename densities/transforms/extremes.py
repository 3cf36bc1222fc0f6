"""The distribution functions of extremes and of excesses over a threshold, as maps."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from densities.backends import namespace
from densities.domains import UNIT, Interval
from densities.parameters import positive, real
from densities.precise import precisely
from densities.transforms.base import Bijection, constant, register
from densities.transforms.cdfs import TFP, ExponentialCdf, GumbelCdf
from densities.transforms.normalizing import at_bound

STRAIGHT = 1e-17  # below, log(1 + t) and exp(t) - 1 are t to the last bit


@precisely(lambda loc, scale, shape: loc - scale / shape if shape else -np.inf)
def stretched_end(loc: float, scale: float, shape: float) -> float:
    """loc - scale/shape, rounded once, and -inf where shape = 0."""
    try:
        return float(Fraction(loc) - Fraction(scale) / Fraction(shape)) if shape else -np.inf
    except OverflowError:
        return float(np.copysign(np.inf, -shape))


@precisely(lambda *_: 0)
def stretched_end_error(end: float, loc: float, scale: float, shape: float) -> float:
    """What rounding has added to loc - scale/shape."""
    return float(Fraction(end) - Fraction(loc) + Fraction(scale) / Fraction(shape)) if np.isfinite(end) else 0.0


class StretchedCdf(Bijection):
    """y = F(s), s = log(1 + shape·z)/shape, z = (x - loc)/scale, and s = z for shape = 0.

    Near the end -1/shape of z the distance from it is what is used, so that no point next to it is lost. A subclass gives
    F, its quantile function and its log-density: those of the law at shape = 0, which s has whatever the shape is.
    """

    parameters = {"shape": real(0.0, "concentration"), "loc": real(0.0), "scale": positive(1.0)}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        place = self.params["loc"], self.params["scale"], self.params["shape"]
        self._bound = constant(np.vectorize(stretched_end)(*place)[()])
        self._bound_error = constant(np.vectorize(stretched_end_error)(self._bound, *place))
        self._slack = constant(np.abs(self._bound_error))
        self._divisor = constant(np.where(np.equal(self.params["shape"], 0.0), 1.0, self.params["shape"]))

    @cached_property
    def _log_scale(self) -> Any:
        return constant(np.log(self.params["scale"]))

    def cdf(self, s: Any, /) -> Any:
        """F(s)."""
        raise NotImplementedError

    def ppf(self, y: Any, /) -> Any:
        """The s with F(s) = y."""
        raise NotImplementedError

    def logpdf(self, s: Any, /) -> Any:
        """log F'(s)."""
        raise NotImplementedError

    def _stretched(self, x: Any) -> Any:
        """s at x."""
        xp = namespace(x)
        shape, loc, scale = self.params["shape"], self.params["loc"], self.params["scale"]
        rounded = at_bound(x, self._bound, self._bound_error)
        z = (x - loc - rounded) / scale
        product = shape * z
        near_end = product < -0.5
        gap = (x - self._bound) + (self._bound_error - rounded)
        rest = xp.where(near_end, shape * gap / scale, 1.0)
        logarithm = xp.where(near_end, xp.log(rest), xp.log1p(xp.where(near_end, 0.0, product)))
        return xp.where(xp.abs(product) >= STRAIGHT, logarithm / self._divisor, z)  # also where 0·inf is no number

    def _unstretched(self, s: Any) -> Any:
        """x at s."""
        xp = namespace(s)
        shape, loc, scale = self.params["shape"], self.params["loc"], self.params["scale"]
        product = shape * s
        near_end = product < -0.5
        bent = xp.expm1(xp.where(near_end, 0.0, product)) / self._divisor
        away = xp.where(xp.abs(product) >= STRAIGHT, bent, s)
        return xp.where(near_end, self._bound + scale / self._divisor * xp.exp(product), loc + scale * away)

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        s = self._stretched(x)
        return self.cdf(s), self.logpdf(s) - self.params["shape"] * s - self._log_scale

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        s = self.ppf(y)
        return self._unstretched(s), self._log_scale + self.params["shape"] * s - self.logpdf(s)

    def forward(self, x: Any) -> Any:
        return self.cdf(self._stretched(x))

    def inverse(self, y: Any) -> Any:
        return self._unstretched(self.ppf(y))


@register(
    "gev_cdf",
    aliases=("generalized_extreme_value_cdf",),
    examples=[{}, {"shape": 0.3, "loc": 1.0, "scale": 2.0}, {"shape": -0.5}, {"shape": [0.0, 0.2]}],
    source=TFP,
)
class GevCdf(StretchedCdf):
    """y = exp(-exp(-s)), s = log(1 + shape·z)/shape, z = (x - loc)/scale: the generalized extreme value distribution.

    From x > loc - scale/shape for shape > 0, the real line for shape = 0, x < loc - scale/shape for shape < 0; onto (0, 1).
    SciPy's `c` is -shape.
    """

    codomain = UNIT
    latex = r"\exp\left(-\left(1 + shape\,\frac{x - loc}{scale}\right)^{-1/shape}\right)"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        shape = self.params["shape"]
        low, high = (
            np.where(np.greater(shape, 0), self._bound, -np.inf),
            np.where(np.less(shape, 0), self._bound, np.inf),
        )
        self.domain = Interval(low, high, low_slack=self._slack, high_slack=self._slack)

    cdf, ppf, logpdf = GumbelCdf.cdf, GumbelCdf.ppf, GumbelCdf.logpdf


@register(
    "generalized_pareto_cdf",
    examples=[{}, {"shape": 0.3, "loc": 1.0, "scale": 2.0}, {"shape": -0.5}],
    source=TFP,
)
class GeneralizedParetoCdf(StretchedCdf):
    """y = 1 - exp(-s), s = log(1 + shape·z)/shape, z = (x - loc)/scale, from x >= loc onto [0, 1).

    For shape < 0 the domain ends at loc - scale/shape.
    """

    codomain = Interval(0.0, 1.0, low_closed=True)
    latex = r"1 - \left(1 + shape\,\frac{x - loc}{scale}\right)^{-1/shape}"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        high = np.where(np.less(self.params["shape"], 0), self._bound, np.inf)
        self.domain = Interval(self.params["loc"], high, low_closed=True, high_slack=self._slack)

    cdf, ppf, logpdf = ExponentialCdf.cdf, ExponentialCdf.ppf, ExponentialCdf.logpdf
