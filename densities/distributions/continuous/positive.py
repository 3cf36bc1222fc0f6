"""Families on the positive half-line: exponential, log-normal, gamma, chi-squared."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored, value
from densities.distributions.base import register
from densities.distributions.continuous.entropies import digamma_lag
from densities.distributions.continuous.incomplete import (
    gamma_entropy,
    gamma_point,
    gamma_quantile,
    log_gamma_terms,
    log_lower_gamma,
    log_upper_gamma,
    lower_gamma,
    upper_gamma,
)
from densities.distributions.continuous.shared import HALF_LOG_2PI, LOG2, complement, normal_cdf
from densities.distributions.family import FAR, Family
from densities.domains import POSITIVE, Interval
from densities.errors import ParameterError
from densities.logmath import log1mexp
from densities.numerics.streams import EXPONENTIAL, NORMAL, Stream, gamma_stream
from densities.parameters import REQUIRED, positive, real


def reciprocal(x: Any) -> Any:
    return 1.0 / x


@register(
    "exponential", aliases=("expon",), examples=[{}, {"scale": 2.5}], source="Johnson, Kotz, Balakrishnan 1, ch. 19"
)
class Exponential(Family):
    """f(x) = e^-z/scale, z = x/scale >= 0; scale > 0 (rate = 1/scale); everything to a few ulp."""

    stream, shared_draws = EXPONENTIAL, True
    parameters = {"scale": positive(1.0, "theta", "beta", rate=reciprocal, lam=reciprocal)}
    scale_name = "scale"
    latex_density = r"\frac{1}{\mathrm{scale}}e^{-x/\mathrm{scale}}"

    @classmethod
    def standard_support(cls) -> Interval:
        return Interval(0.0, np.inf, low_closed=True)

    def _logpdf(self, z: Any) -> Any:
        return -z

    def _cdf(self, z: Any) -> Any:
        return -np.expm1(-z)

    def _sf(self, z: Any) -> Any:
        return np.exp(-z)

    def _logcdf(self, z: Any) -> Any:
        return complement(-z)

    def _logsf(self, z: Any) -> Any:
        return -z

    def _ppf(self, q: Any) -> Any:
        return -np.log1p(-q)

    def _isf(self, q: Any) -> Any:
        return -np.log(q)

    def _log_ppf(self, logq: Any) -> Any:
        return np.where(logq < -40.0, Anchored.from_log(logq), -log1mexp(logq))

    def _log_isf(self, logq: Any) -> Any:
        return -logq

    def _log_mass(self, a: Any, b: Any) -> Any:
        return -a + complement(a - b)

    def _mean(self) -> Any:
        return 1.0

    def _var(self) -> Any:
        return 1.0

    def _median(self) -> Any:
        return LOG2

    def _mode(self) -> Any:
        return 0.0

    def _entropy(self) -> Any:
        return 1.0


@register(
    "log_normal",
    aliases=("lognormal",),
    examples=[{}, {"mu": 0.5, "sigma": 0.8}, {"mu": -2.0, "sigma": 30.0}],
    source="Johnson, Kotz, Balakrishnan 1, ch. 14",
)
class LogNormal(Family):
    """f(x) = exp(-z²/2)/(x sigma √(2π)), z = (log x - mu)/sigma, for x > 0: the law of e^Y, Y normal.

    mu real, sigma > 0 are the mean and standard deviation of log x, not of x (`from_moments` takes those).
    Tails as the normal's in z; quantiles keep their logarithm past overflow.
    """

    stream, shared_draws = NORMAL, True
    parameters = {"mu": real(0.0), "sigma": positive(1.0)}
    latex_density = r"\frac{1}{x\,\sigma\sqrt{2\pi}}\exp\left(-\frac{(\log x-\mu)^2}{2\sigma^2}\right)"

    def __init__(self, *args: Any, **kwargs: Any):
        for name in ("mean", "loc", "scale", "std", "s"):
            if name in kwargs:
                raise ParameterError(
                    f"log_normal: {name}: expected mu and sigma, the mean and standard deviation of log x; "
                    "log_normal.from_moments(mean, std) takes the moments of x itself"
                )
        super().__init__(*args, **kwargs)

    @classmethod
    def from_moments(cls, mean: Any, std: Any) -> LogNormal:
        """The log-normal whose own mean and standard deviation are these."""
        variance = np.log1p(np.square(np.divide(std, mean)))
        return cls(mu=np.log(mean) - 0.5 * variance, sigma=np.sqrt(variance))

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return POSITIVE

    @property
    def log_lost(self) -> float:
        """What ulps of x and of log x are of the width of the law of log x."""
        mu, sigma = self._shapes
        return 0.0 if self.batch_shape or 1.0 + abs(mu) < FAR * sigma else 4.0 * float((1.0 + abs(mu)) / sigma)

    def _logpdf(self, x: Any, mu: Any, sigma: Any) -> Any:
        log = np.log(x)
        z = (log - mu) / sigma
        return z * z * -0.5 - log - (np.log(sigma) + HALF_LOG_2PI)

    def _cdf(self, x: Any, mu: Any, sigma: Any) -> Any:
        return normal_cdf((np.log(x) - mu) / sigma)

    def _sf(self, x: Any, mu: Any, sigma: Any) -> Any:
        return normal_cdf((mu - np.log(x)) / sigma)

    def _logcdf(self, x: Any, mu: Any, sigma: Any) -> Any:
        return special.log_ndtr((np.log(x) - mu) / sigma)

    def _logsf(self, x: Any, mu: Any, sigma: Any) -> Any:
        return special.log_ndtr((mu - np.log(x)) / sigma)

    def _ppf(self, q: Any, mu: Any, sigma: Any) -> Any:
        return Anchored.from_log(mu + sigma * special.ndtri(q))

    def _isf(self, q: Any, mu: Any, sigma: Any) -> Any:
        return Anchored.from_log(mu - sigma * special.ndtri(q))

    def _log_ppf(self, logq: Any, mu: Any, sigma: Any) -> Any:
        return Anchored.from_log(mu + sigma * special.ndtri_exp(logq))

    def _log_isf(self, logq: Any, mu: Any, sigma: Any) -> Any:
        return Anchored.from_log(mu - sigma * special.ndtri_exp(logq))

    def _from_stream(self, z: Any, mu: Any, sigma: Any) -> Any:
        return Anchored.from_log(mu + sigma * z)

    def _mean(self, mu: Any, sigma: Any) -> Any:
        return np.exp(mu + 0.5 * sigma * sigma)

    def _var(self, mu: Any, sigma: Any) -> Any:
        return np.exp(
            2.0 * mu
            + sigma * sigma
            + np.log(np.expm1(np.minimum(sigma * sigma, 700.0)))
            + np.maximum(sigma * sigma - 700.0, 0.0)
        )

    def _std(self, mu: Any, sigma: Any) -> Any:
        return np.exp(mu + sigma * sigma + 0.5 * np.log(-np.expm1(-sigma * sigma)))

    def _median(self, mu: Any, sigma: Any) -> Any:
        return np.exp(mu)

    def _mode(self, mu: Any, sigma: Any) -> Any:
        return np.exp(mu - sigma * sigma)

    def _entropy(self, mu: Any, sigma: Any) -> Any:
        return mu + np.log(sigma) + HALF_LOG_2PI + 0.5


def draw_gamma(rng: np.random.Generator, shape: tuple[int, ...], a: Any) -> Any:
    """NumPy's, and G(a + 1) U^(1/a) by its logarithm where a is so small that draws leave the doubles."""
    if np.min(a) >= 0.1:  # below, draws leave the doubles
        return rng.standard_gamma(a, shape)
    return Anchored.from_log(np.log(rng.standard_gamma(a + 1.0, shape)) - rng.standard_exponential(shape) / a)


@lru_cache(maxsize=16)
def _gamma_stream(a: float) -> Stream:
    return gamma_stream(a, lambda u, rest: value(gamma_point(u, rest, a)), digamma_lag(a))


@register(
    "gamma",
    examples=[{"shape": 2.0}, {"shape": 0.5, "scale": 3.0}, {"shape": 0.001}, {"shape": 1e6}, {"shape": 30.0}],
    source="NIST DLMF 8; Johnson, Kotz, Balakrishnan 1, ch. 17",
)
class Gamma(Family):
    """f(x) = z^(shape-1) e^-z/(scale Γ(shape)), z = x/scale > 0.

    shape > 0, scale > 0 (rate = 1/scale). Tails are the density times a continued fraction, to a few ulp beyond what an
    ulp of x does, at any depth, for shapes from 1e-3 to 1e12.
    """

    shared_draws = keeps_points = True
    parameters = {
        "shape": positive(REQUIRED, "a", "alpha", "concentration"),
        "scale": positive(1.0, "theta", rate=reciprocal),
    }
    scale_name = "scale"
    latex_density = (
        r"\frac{x^{\mathrm{shape}-1}e^{-x/\mathrm{scale}}}{\Gamma(\mathrm{shape})\,\mathrm{scale}^{"
        r"\mathrm{shape}}}"
    )

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return POSITIVE

    @property
    def stream(self) -> Stream | None:  # type: ignore[override]
        """NumPy's, for one law whose draws stay far from underflow, weighted ones too."""
        if self.batch_shape or (a := float(self._shapes[0])) < 0.5:
            return None
        return _gamma_stream(a)

    def _logpdf(self, z: Any, a: Any) -> Any:
        return log_gamma_terms(z, a, -1.0)

    def _cdf(self, z: Any, a: Any) -> Any:
        return lower_gamma(a, z)

    def _sf(self, z: Any, a: Any) -> Any:
        return upper_gamma(a, z)

    def _logcdf(self, z: Any, a: Any) -> Any:
        return log_lower_gamma(a, z)

    def _logsf(self, z: Any, a: Any) -> Any:
        return log_upper_gamma(a, z)

    def _ppf(self, q: Any, a: Any) -> Any:
        return gamma_point(q, 1.0 - q, a)

    def _isf(self, q: Any, a: Any) -> Any:
        return gamma_point(1.0 - q, q, a)

    def _log_ppf(self, logq: Any, a: Any) -> Any:
        return gamma_quantile(logq, log1mexp(logq), a)

    def _log_isf(self, logq: Any, a: Any) -> Any:
        return gamma_quantile(log1mexp(logq), logq, a)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], a: Any) -> Any:
        return draw_gamma(rng, shape, a)

    def _mean(self, a: Any) -> Any:
        return a

    def _var(self, a: Any) -> Any:
        return a

    def _mode(self, a: Any) -> Any:
        return np.maximum(a - 1.0, 0.0)

    def _entropy(self, a: Any) -> Any:
        return gamma_entropy(a)
