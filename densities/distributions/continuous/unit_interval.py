"""Families on a bounded interval: uniform, beta."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored, anchored, pure, value
from densities.distributions.base import register
from densities.distributions.continuous.entropies import dirichlet_entropy
from densities.distributions.continuous.incomplete import (
    incomplete_beta,
    log_beta,
    log_beta_terms,
    log_incomplete_beta,
    smaller_beta_tail,
)
from densities.distributions.continuous.shared import (
    LOG2,
    ORDINARY,
    by_log_newton,
    by_need,
    complement,
    log_length,
    near_one,
    one_minus_exp,
    patched,
)
from densities.distributions.family import Family
from densities.domains import UNIT, Interval
from densities.errors import ParameterError, argument_error
from densities.logmath import log1mexp
from densities.parameters import REQUIRED, all_hold, positive, real
from densities.precise import Lifted


class Between(Family):
    """A family on [low, high] whose standard member lives on [0, 1]; quantiles near `high` keep their distance from it."""

    low, high = "low", "high"

    def validate(self) -> None:
        low, high = self.params[self.low], self.params[self.high]
        width = np.subtract(high, low) if np.ndim(low) or np.ndim(high) else high - low
        if not all_hold((width > 0) & np.isfinite(width)):
            raise ParameterError(
                argument_error(f"{self.name}: {self.low}, {self.high}", "low < high, finitely apart", (low, high))
            )
        self._loc, self._scale, self._log_scale = low, width, np.log(width)
        self._shapes = self.standard_shapes()
        self._shifted = np.ndim(low) > 0 or low != 0.0
        self._scaled = np.ndim(width) > 0 or width != 1.0

    def standard_shapes(self) -> tuple[Any, ...]:
        return ()

    def standard(self) -> Any:
        return self.replace(**{self.low: 0.0, self.high: 1.0})

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return Interval(0.0, 1.0, low_closed=True, high_closed=True)

    @property
    def support(self) -> Interval:
        standard = self.standard_support(*self._shapes)
        return Interval(
            self.params[self.low],
            self.params[self.high],
            low_closed=standard.low_closed,
            high_closed=standard.high_closed,
        )

    def standardise(self, x: Any) -> Any:
        """z, in the upper half as 1 and the distance from `high`, which two doubles give exactly, as below that from low."""
        z = super().standardise(x)
        if not (self._shifted or self._scaled) or isinstance(x, Lifted):
            return z
        above = value(z) > 0.5
        if isinstance(x, Anchored):
            z = pure(x - self.params[self.low]) / self._scale
        elif not np.any(above):
            return z
        return np.where(above, pure(anchored(x) - self.params[self.high]) / self._scale + 1.0, anchored(z))

    def _standard_ends(self, a: Any, b: Any) -> tuple[Any, Any]:
        """As for every family, but ends of intervals close to `high`, one or both, keep their distance from it instead."""
        plain, sharp = (self.standardise(a), self.standardise(b)), super()._standard_ends(a, b)
        start, stop = (np.asarray(value(z)) for z in plain)
        near = (start > 0.999) | (1.0 - stop < 0.01 * (stop - start))
        low, high = (np.where(near, anchored(p), anchored(s)) for p, s in zip(plain, sharp, strict=True))
        return low, high

    def restore(self, z: Any) -> Any:
        restored = super().restore(z)
        if not isinstance(z, Anchored) or not (self._shifted or self._scaled):
            return restored
        return np.where(z.anchor == 1.0, (z - 1.0) * self._scale + self.params[self.high], restored)


@register("uniform", examples=[{}, {"low": -1.0, "high": 2.5}], source="Johnson, Kotz, Balakrishnan 2, ch. 26")
class Uniform(Between):
    """f(x) = 1/(high - low) for low <= x <= high; low < high real; everything to an ulp."""

    shared_draws = True
    parameters = {"low": real(0.0, "a", "lower"), "high": real(1.0, "b", "upper")}
    latex_density = r"\frac{1}{\mathrm{high}-\mathrm{low}}"

    def _logpdf(self, z: Any) -> Any:
        return 0.0 * value(z)

    def _cdf(self, z: Any) -> Any:
        return z

    def _sf(self, z: Any) -> Any:
        return 1.0 - z

    def _logcdf(self, z: Any) -> Any:
        return np.log(z)

    def _logsf(self, z: Any) -> Any:
        return np.log1p(-z)

    def _ppf(self, q: Any) -> Any:
        return q

    def _isf(self, q: Any) -> Any:
        return near_one(q)

    def _log_ppf(self, logq: Any) -> Any:
        return np.where(logq < -LOG2, Anchored.from_log(logq), one_minus_exp(log1mexp(logq)))

    def _log_isf(self, logq: Any) -> Any:
        return one_minus_exp(logq)

    def raw_mass(self, a: Any, b: Any) -> Any:
        return (b - a) / self._scale

    def raw_log_mass(self, a: Any, b: Any) -> Any:
        return log_length(a, b) - self._log_scale

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return rng.random(shape)

    def _mean(self) -> Any:
        return 0.5

    def _median(self) -> Any:
        return 0.5

    def _mode(self) -> Any:
        return 0.5

    def _var(self) -> Any:
        return 1.0 / 12.0

    def _entropy(self) -> Any:
        return 0.0


def beta_quantile(logq: Any, log_rest: Any, a: Any, b: Any) -> Any:
    """x with log I_x(a, b) = logq and log I_(1-x)(b, a) = log_rest, anchored at 0 below 1/2 and at 1 above.

    The smaller s of x and 1 - x is found by Newton's method on log s, judged on the smaller tail; past underflow it is
    the leading power (q a B(a, b))^(1/a).
    """
    logq, log_rest, a, b = np.broadcast_arrays(logq, log_rest, a, b)
    upper_half = log_incomplete_beta(a, b, -LOG2, -LOG2, 0.5, 0.5) < logq
    a, b, low, high = (
        np.where(upper_half, b, a),
        np.where(upper_half, a, b),
        np.where(upper_half, log_rest, logq),
        np.where(upper_half, logq, log_rest),
    )
    by_low = low < high
    power = (low + np.log(a) + log_beta(a, b)) / a
    start = np.where(by_low, special.betaincinv(a, b, np.exp(low)), special.betainccinv(a, b, np.exp(high)))
    start = np.clip(np.where((start > 0) & (start < 0.6), start, np.exp(power)), 1e-290, 0.5)

    def lower(s: Any, a: Any, b: Any) -> Any:
        return log_incomplete_beta(a, b, np.log(s), np.log1p(-s), s, 1.0 - s)

    def upper(s: Any, a: Any, b: Any) -> Any:
        return log_incomplete_beta(b, a, np.log1p(-s), np.log(s), 1.0 - s, s)

    def log_tail(s: Any) -> Any:
        return by_need(by_low, lower, upper, s, a, b)

    def log_density(s: Any) -> Any:
        logs, log_other = np.log(s), np.log1p(-s)
        return log_beta_terms(a, b, logs, log_other, s, 1.0 - s) - logs - log_other

    s = by_log_newton(start, np.where(by_low, low, high), log_tail, log_density, upper=~by_low, ceiling=0.6)
    smaller = np.where(power < -650.0, Anchored.from_log(power), s)
    return np.where(upper_half, 1.0 - smaller, smaller)


def beta_point(lower: Any, upper: Any, a: Any, b: Any) -> Any:
    """x with I_x(a, b) = lower and 1 - I_x(a, b) = upper, whichever is the smaller being exact; anchored at 0 and 1."""
    far_from_ends = (np.log(lower) > -600.0 * np.asarray(a)) & (np.log(upper) > -600.0 * np.asarray(b))
    ordinary = far_from_ends & (np.minimum(lower, upper) > ORDINARY) & (np.maximum(a, b) <= 1e5)

    def careful(lower: Any, upper: Any, a: Any, b: Any) -> Any:
        small = lower < upper
        logs = np.where(small, np.log(lower), np.log1p(-upper)), np.where(small, np.log1p(-lower), np.log(upper))
        return beta_quantile(*logs, a, b)

    return by_need(ordinary, _ordinary_beta_point, careful, lower, upper, a, b)


def _ordinary_beta_point(lower: Any, upper: Any, a: Any, b: Any) -> Any:
    """SciPy's inverse for the smaller of x and 1 - x, from the smaller tail, and a Newton step: it is off by 2e-14."""
    flip = lower > special.betainc(a, b, 0.5)
    near, far = np.where(flip, upper, lower), np.where(flip, lower, upper)
    first, second = np.where(flip, b, a), np.where(flip, a, b)
    by_far = far < near
    s = patched(special.betaincinv(first, second, near), by_far, special.betainccinv, first, second, far)
    slope = np.exp(special.xlogy(first, s) + special.xlog1py(second - 1.0, -s) - log_beta(first, second))
    # The far tail is taken at 1 - s unless the rounding of that costs more than the rounding of `near`.
    excess = smaller_beta_tail(first, second, s, 1.0 - s) - near
    excess = patched(excess, by_far & (slope < s), _missing, first, second, s, far)
    s = s * np.exp(-np.clip(excess / slope, -1e-3, 1e-3))
    return Anchored(np.where(flip, 1.0, 0.0), np.where(flip, -s, s))


def _missing(a: Any, b: Any, s: Any, upper: Any) -> Any:
    """How far the upper tail at s falls short of `upper`."""
    return upper - smaller_beta_tail(b, a, 1.0 - s, s)


@register(
    "beta",
    examples=[
        {"a": 2.0, "b": 3.0},
        {"a": 0.5, "b": 0.5},
        {"a": 0.01, "b": 0.01},
        {"a": 1e6, "b": 2.0},
        {"a": 300.0, "b": 200.0},
    ],
    source="NIST DLMF 8.17; DiDonato and Morris, ACM TOMS 18 (1992); Johnson, Kotz, Balakrishnan 2, ch. 25",
)
class Beta(Family):
    """f(x) = x^(a-1) (1 - x)^(b-1)/B(a, b) for 0 < x < 1; a, b > 0.

    Tails are the density times a continued fraction, to a few ulp beyond what an ulp of x does, at any depth and
    arbitrarily close to either end; a quantile near 1 keeps its distance from 1.
    """

    keeps_points = True
    parameters = {"a": positive(REQUIRED, "alpha", "concentration1"), "b": positive(REQUIRED, "beta", "concentration0")}
    latex_density = r"\frac{x^{a-1}(1-x)^{b-1}}{B(a,b)}"

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return UNIT

    def _logpdf(self, x: Any, a: Any, b: Any) -> Any:
        log_x, log_y = np.log(x), np.log1p(-x)
        terms = log_beta_terms(a, b, log_x, log_y, value(x), value(1.0 - x))
        return terms - log_x - log_y

    def _cdf(self, x: Any, a: Any, b: Any) -> Any:
        return incomplete_beta(a, b, value(x), value(1.0 - x))

    def _sf(self, x: Any, a: Any, b: Any) -> Any:
        return incomplete_beta(b, a, value(1.0 - x), value(x))

    def _logcdf(self, x: Any, a: Any, b: Any) -> Any:
        return log_incomplete_beta(a, b, np.log(x), np.log1p(-x), value(x), value(1.0 - x))

    def _logsf(self, x: Any, a: Any, b: Any) -> Any:
        return log_incomplete_beta(b, a, np.log1p(-x), np.log(x), value(1.0 - x), value(x))

    def _ppf(self, q: Any, a: Any, b: Any) -> Any:
        return beta_point(q, 1.0 - q, a, b)

    def _isf(self, q: Any, a: Any, b: Any) -> Any:
        return beta_point(1.0 - q, q, a, b)

    def _log_ppf(self, logq: Any, a: Any, b: Any) -> Any:
        return beta_quantile(logq, complement(logq), a, b)

    def _log_isf(self, logq: Any, a: Any, b: Any) -> Any:
        return beta_quantile(complement(logq), logq, a, b)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], a: Any, b: Any) -> Any:
        """NumPy's, and where a parameter is small the logit of a ratio of gammas, known near both ends."""
        if min(np.min(a), np.min(b)) >= 0.5:
            return rng.beta(a, b, shape)
        first, second = (
            np.log(rng.standard_gamma(c + 1.0, shape)) - rng.standard_exponential(shape) / c for c in (a, b)
        )
        return special.expit(Anchored.exact(first - second))

    def _mean(self, a: Any, b: Any) -> Any:
        return a / (a + b)

    def _var(self, a: Any, b: Any) -> Any:
        total = a + b
        return (a / total) * (b / total) / (total + 1.0)

    def _mode(self, a: Any, b: Any) -> Any:
        """(a - 1)/(a + b - 2) for a, b > 1; the end with the larger density otherwise, nan where both are infinite."""
        inner = (a - 1.0) / np.where((a > 1) & (b > 1), a + b - 2.0, 1.0)
        ends = np.where((a < 1) & (b < 1), np.nan, np.where(a < b, 0.0, np.where(b < a, 1.0, 0.5)))
        return np.where((a > 1) & (b > 1), inner, ends)

    def _entropy(self, a: Any, b: Any) -> Any:
        return dirichlet_entropy(np.stack(np.broadcast_arrays(a, b), axis=-1))
