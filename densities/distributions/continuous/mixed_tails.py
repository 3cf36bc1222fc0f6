"""Families whose tails are sums of two terms: asymmetric Laplace, Lindley, alpha."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored, anchored, choose, value
from densities.distributions.base import register
from densities.distributions.continuous.incomplete import log_lower_gamma, lower_gamma
from densities.distributions.continuous.location_scale import Normal
from densities.distributions.continuous.shared import HALF_LOG_2PI, LOG2, by_log_newton, complement, log_of_tail
from densities.distributions.family import Family
from densities.domains import POSITIVE, Interval
from densities.logmath import log1mexp
from densities.parameters import REQUIRED, positive, real
from densities.precise import precisely

NORMAL = Normal()
# Of its size and that of a, what a difference a - N must be larger than to be a start.
ROUNDED = 1e-9


@register(
    "asymmetric_laplace",
    aliases=("laplace_asymmetric",),
    examples=[{"kappa": 2.0}, {"kappa": 0.3, "loc": 1.0, "scale": 2.0}],
    source="S. Kotz, T. J. Kozubowski and K. Podgórski, The Laplace Distribution (2001), ch. 3",
)
class AsymmetricLaplace(Family):
    """f(x) = e^(-kappa z)/(scale (kappa + 1/kappa)) for z >= 0, e^(z/kappa)/... below, z = (x - loc)/scale.

    The law of loc + scale·(E/kappa - kappa E') for two exponential variables; kappa, scale > 0.
    """

    parameters = {"kappa": positive(REQUIRED, "k"), "loc": real(0.0, "mu"), "scale": positive(1.0, "b")}
    location_name, scale_name = "loc", "scale"
    latex_density = (
        r"\frac{1}{\mathrm{scale}(\mathrm{kappa}+1/\mathrm{kappa})}\min\left(e^{-\mathrm{kappa}z},\,"
        r"e^{z/\mathrm{kappa}}\right),\quad z=\frac{x-\mathrm{loc}}{\mathrm{scale}}"
    )

    @staticmethod
    def weights(kappa: Any) -> tuple[Any, Any]:
        """P(X < loc) and P(X > loc)."""
        return 1.0 / (1.0 + np.square(1.0 / kappa)), 1.0 / (1.0 + np.square(kappa))

    def _logpdf(self, z: Any, kappa: Any) -> Any:
        return np.where(value(z) < 0, z / kappa, -(z * kappa)) - np.log(kappa + 1.0 / kappa)

    def _cdf(self, z: Any, kappa: Any) -> Any:
        below, above = self.weights(kappa)
        z = value(z)
        return np.where(z < 0, below * np.exp(np.minimum(z, 0.0) / kappa), below - above * np.expm1(-kappa * z))

    def _sf(self, z: Any, kappa: Any) -> Any:
        return self._cdf(-z, 1.0 / kappa)

    def _logcdf(self, z: Any, kappa: Any) -> Any:
        below, _ = self.weights(kappa)
        inner = log_of_tail(self._cdf(z, kappa), self._sf(z, kappa))
        return np.where(value(z) < 0, value(z) / kappa + np.log(below), inner)

    def _logsf(self, z: Any, kappa: Any) -> Any:
        return self._logcdf(-z, 1.0 / kappa)

    def _ppf(self, q: Any, kappa: Any) -> Any:
        below, above = self.weights(kappa)
        low = kappa * np.log(np.minimum(q / below, 1.0))
        return np.where(q < below, low, -np.log1p(-np.maximum((q - below) / above, 0.0)) / kappa)

    def _isf(self, q: Any, kappa: Any) -> Any:
        return -self._ppf(q, 1.0 / kappa)

    def _log_ppf(self, logq: Any, kappa: Any) -> Any:
        below, above = self.weights(kappa)
        outer = (np.log(above) - log1mexp(np.minimum(logq, -1e-320))) / kappa
        return np.where(logq < np.log(below), kappa * (logq - np.log(below)), np.maximum(outer, 0.0))

    def _log_isf(self, logq: Any, kappa: Any) -> Any:
        return -self._log_ppf(logq, 1.0 / kappa)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], kappa: Any) -> Any:
        return rng.standard_exponential(shape) / kappa - kappa * rng.standard_exponential(shape)

    def _kinks(self, kappa: Any) -> tuple[float, ...]:
        return (0.0,)

    def _mean(self, kappa: Any) -> Any:
        return (1.0 - kappa) * (1.0 + kappa) / kappa

    def _var(self, kappa: Any) -> Any:
        return np.square(kappa) + np.square(1.0 / kappa)

    def _mode(self, kappa: Any) -> Any:
        return 0.0 * kappa

    def _entropy(self, kappa: Any) -> Any:
        return 1.0 + np.log(kappa + 1.0 / kappa)


# From where on e^-u is nothing, while u is still finite.
BEYOND = 1e290


@register(
    "lindley",
    examples=[{"theta": 0.5}, {"theta": 3.0}],
    source="D. V. Lindley, J. R. Stat. Soc. B 20 (1958)",
)
class Lindley(Family):
    """f(x) = theta² (1 + x) e^(-theta x)/(1 + theta) for x > 0: an exponential or, with odds 1 : theta, a gamma(2) variable."""

    parameters = {"theta": positive()}
    latex_density = r"\frac{\mathrm{theta}^2}{1+\mathrm{theta}}(1+x)e^{-\mathrm{theta}x}"

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return Interval(0.0, np.inf, low_closed=True)

    def _logpdf(self, x: Any, theta: Any) -> Any:
        return np.log1p(x) - x * theta + np.log(theta * theta / (1.0 + theta))

    def _cdf(self, x: Any, theta: Any) -> Any:
        u = x * theta
        return (theta * -np.expm1(-u) + lower_gamma(2.0, u)) / (1.0 + theta)

    def _sf(self, x: Any, theta: Any) -> Any:
        u = np.minimum(value(x) * theta, BEYOND)
        return np.exp(-u) * (1.0 + u / (1.0 + theta))

    def _logcdf(self, x: Any, theta: Any) -> Any:
        u = x * theta
        small = np.logaddexp(np.log(theta) + value(complement(-u)), log_lower_gamma(2.0, u)) - np.log1p(theta)
        return np.where(small < -LOG2, small, np.log1p(-self._sf(x, theta)))

    def _logsf(self, x: Any, theta: Any) -> Any:
        u = x * theta
        deep = value(np.log1p(u / (1.0 + theta))) - u
        return np.where(deep < -LOG2, deep, np.log1p(-value(self._cdf(x, theta))))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], theta: Any) -> Any:
        second = np.where(rng.random(shape) < 1.0 / (1.0 + theta), rng.standard_exponential(shape), 0.0)
        return (rng.standard_exponential(shape) + second) / theta

    def _mean(self, theta: Any) -> Any:
        return (theta + 2.0) / (theta * (theta + 1.0))

    def _var(self, theta: Any) -> Any:
        return (theta * theta + 4.0 * theta + 2.0) / np.square(theta * (theta + 1.0))

    def _mode(self, theta: Any) -> Any:
        return np.maximum(1.0 / theta - 1.0, 0.0)


@register(
    "alpha",
    examples=[{"a": 2.0}, {"a": 0.5, "scale": 2.0}, {"a": -1.0}],
    source="Johnson, Kotz, Balakrishnan 1, ch. 12",
)
class Alpha(Family):
    """f(x) = φ(a - 1/z)/(z² Φ(a) scale), z = x/scale > 0: scale over a Normal(a, 1) variable that is positive; real a."""

    parameters = {"a": real(), "scale": positive(1.0)}
    scale_name = "scale"
    latex_density = r"\frac{\mathrm{scale}}{x^2\Phi(\mathrm{a})}\varphi\left(\mathrm{a}-\frac{\mathrm{scale}}{x}\right)"
    inverts_fast = False

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return POSITIVE

    @staticmethod
    @precisely(lambda z, a: a - 1.0 / z)
    def _point(z: Any, a: Any) -> Any:
        """a - 1/z with its distance from a kept."""
        return anchored(1.0 / anchored(z)) * -1.0 + a

    @staticmethod
    def _ends(z: Any, a: Any) -> tuple[Anchored, Anchored]:
        """(a - 1/z, a) as one place and the distance from it."""
        distance = 1.0 / anchored(z)
        anchor = np.broadcast_to(np.asarray(a, dtype=float), np.shape(value(distance)))
        return Anchored(anchor, -value(distance), distance.log_offset), Anchored(anchor, np.zeros(anchor.shape))

    def _logpdf(self, z: Any, a: Any) -> Any:
        t = self._point(z, a)
        return t * t * -0.5 - np.log(z) * 2.0 - (HALF_LOG_2PI + special.log_ndtr(a))

    def _logcdf(self, z: Any, a: Any) -> Any:
        deep = NORMAL.raw_logcdf(self._point(z, a)) - special.log_ndtr(a)
        return np.where(value(deep) < -LOG2, deep, np.log1p(-np.exp(np.minimum(self._log_upper(z, a), 0.0))))

    @staticmethod
    @precisely(lambda z, a: log1mexp(special.log_ndtr(a - 1.0 / z) - special.log_ndtr(a)))
    def _log_upper(z: Any, a: Any) -> Any:
        return value(NORMAL.raw_log_mass(*Alpha._ends(z, a))) - special.log_ndtr(a)

    def _logsf(self, z: Any, a: Any) -> Any:
        deep = self._log_upper(z, a)
        other = value(NORMAL.raw_logcdf(self._point(z, a))) - special.log_ndtr(a)
        return np.where(deep < -LOG2, deep, np.log1p(-np.exp(np.minimum(other, 0.0))))

    def _cdf(self, z: Any, a: Any) -> Any:
        return np.exp(value(self._logcdf(z, a)))

    def _sf(self, z: Any, a: Any) -> Any:
        return np.exp(self._logsf(z, a))

    def _log_mass(self, a: Any, b: Any, *shapes: Any) -> Any:
        """The mass of the normal law between the images, the farther one by its distance from the other."""
        width = choose(b == np.inf, 1.0 / anchored(a), (b - a) / anchored(a) / anchored(b))
        low, high = (value(self._point(end, *shapes)) for end in (a, b))
        from_low = np.abs(low) <= np.abs(high)
        centre, none = np.where(from_low, low, high), np.zeros(np.shape(low))
        start = Anchored(centre, np.where(from_low, none, -value(width)), np.where(from_low, -np.inf, width.log_offset))
        stop = Anchored(centre, np.where(from_low, value(width), none), np.where(from_low, width.log_offset, -np.inf))
        return NORMAL.raw_log_mass(start, stop) - special.log_ndtr(*shapes)

    def _ppf(self, q: Any, a: Any) -> Any:
        return np.where(q < 0.5, self._log_ppf(np.log(q), a), self._log_isf(np.log1p(-q), a))

    def _isf(self, q: Any, a: Any) -> Any:
        return np.where(q < 0.5, self._log_isf(np.log(q), a), self._log_ppf(np.log1p(-q), a))

    def _log_ppf(self, logq: Any, a: Any) -> Any:
        deep = a - NORMAL._log_ppf(logq + special.log_ndtr(a))
        return 1.0 / np.where(logq < -LOG2, anchored(deep), self._distance(log1mexp(np.maximum(logq, -LOG2)), a))

    def _log_isf(self, logq: Any, a: Any) -> Any:
        deep = a - NORMAL._log_ppf(log1mexp(np.maximum(logq, -LOG2)) + special.log_ndtr(a))
        return 1.0 / np.where(logq < -LOG2, self._distance(np.minimum(logq, -LOG2), a), anchored(deep))

    @staticmethod
    def _distance(logq: Any, a: Any) -> Any:
        """The d with P(a - d < N < a) = q Φ(a), by Newton's method on log d from where the tails of N put it.

        They round d where it is small: there the start is q over the density.
        """
        target = logq + special.log_ndtr(a)
        short = target + (0.5 * np.square(a) + HALF_LOG_2PI)

        def log_density(d: Any) -> Any:
            return NORMAL._logpdf(a - d)

        def log_mass(d: Any) -> Any:
            anchor = np.broadcast_to(np.asarray(a, dtype=float), np.shape(d))
            return value(NORMAL.raw_log_mass(Anchored(anchor, -d), Anchored(anchor, np.zeros(np.shape(d)))))

        above = NORMAL._log_ppf(np.logaddexp(special.log_ndtr(-np.asarray(a)), target))
        below = NORMAL._log_ppf(log1mexp(logq) + special.log_ndtr(a))
        told = np.where(np.asarray(a) > 0, a + above, a - below)
        start = np.where(told > ROUNDED * (1.0 + np.abs(a)), told, np.exp(np.clip(short, -40.0, 0.0)))
        found = by_log_newton(start, target, log_mass, log_density, upper=False)
        return np.where(short < -40.0, Anchored.from_log(short), Anchored.exact(found))

    def _mean(self, a: Any) -> Any:
        return np.inf

    def _var(self, a: Any) -> Any:
        return np.inf

    def _mode(self, a: Any) -> Any:
        """1/x = (a + √(a² + 8))/2, the root without cancellation."""
        root = np.sqrt(a * a + 8.0)
        return np.where(np.asarray(a) > 0, 2.0 / (np.abs(a) + root), 0.25 * (np.abs(a) + root))
