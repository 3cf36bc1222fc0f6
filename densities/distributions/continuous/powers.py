"""Powers of a gamma or exponential variable: chi-squared, chi, half-normal, Maxwell, inverse gamma, Lévy, Weibull, ..."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored
from densities.backends import xlogy
from densities.distributions.base import register
from densities.distributions.continuous.entropies import digamma_lag, settled
from densities.distributions.continuous.incomplete import (
    gamma_entropy,
    gamma_point,
    gamma_quantile,
    gamma_ratio_remainder,
    log_gamma_terms,
    log_lower_gamma,
    log_upper_gamma,
    lower_gamma,
    upper_gamma,
)
from densities.distributions.continuous.positive import draw_gamma
from densities.distributions.continuous.shared import EULER, LOG2, ByBothTails, complement, power_of, where_finite
from densities.distributions.family import Family
from densities.domains import POSITIVE, Interval
from densities.logmath import log1mexp
from densities.parameters import REQUIRED, positive

ZETA = special.zeta(np.arange(2.0, 26.0))


class GammaPower(ByBothTails, Family):
    """X = (G/factor)^(1/power) with G a standard gamma variable: `core` gives its shape, the power and the factor.

    Density and tails are those of the gamma law at u = factor x^power, tails swapped where the power is negative.
    """

    @staticmethod
    def core(*shapes: Any) -> tuple[Any, float, float]:
        """The gamma shape, the power, the factor."""
        raise NotImplementedError

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return POSITIVE

    def _inner(self, x: Any, *shapes: Any) -> tuple[Any, Any]:
        a, power, factor = self.core(*shapes)
        return a, power_of(x, power, factor)

    def _outer(self, u: Any, *shapes: Any) -> Any:
        _, power, factor = self.core(*shapes)
        return (u / factor) ** (1.0 / power)

    def _flipped(self, *shapes: Any) -> bool:
        return self.core(*shapes)[1] < 0

    def _logpdf(self, x: Any, *shapes: Any) -> Any:
        """u^(a - 1/power) e^-u/Γ(a) |power| factor^(1/power): the powers of u joined before the logarithm is taken."""
        a, power, factor = self.core(*shapes)
        return log_gamma_terms(power_of(x, power, factor), a, -1.0 / power) + (
            np.log(abs(power)) + np.log(factor) / power
        )

    def _cdf(self, x: Any, *shapes: Any) -> Any:
        return (upper_gamma if self._flipped(*shapes) else lower_gamma)(*self._inner(x, *shapes))

    def _sf(self, x: Any, *shapes: Any) -> Any:
        return (lower_gamma if self._flipped(*shapes) else upper_gamma)(*self._inner(x, *shapes))

    def _logcdf(self, x: Any, *shapes: Any) -> Any:
        return (log_upper_gamma if self._flipped(*shapes) else log_lower_gamma)(*self._inner(x, *shapes))

    def _logsf(self, x: Any, *shapes: Any) -> Any:
        return (log_lower_gamma if self._flipped(*shapes) else log_upper_gamma)(*self._inner(x, *shapes))

    def _quantile_of(self, log_lower: Any, log_upper: Any, *shapes: Any) -> Any:
        tails = (log_upper, log_lower) if self._flipped(*shapes) else (log_lower, log_upper)
        return self._outer(gamma_quantile(*tails, self.core(*shapes)[0]), *shapes)

    def _point_of(self, lower: Any, upper: Any, *shapes: Any) -> Any:
        tails = (upper, lower) if self._flipped(*shapes) else (lower, upper)
        return self._outer(gamma_point(*tails, self.core(*shapes)[0]), *shapes)

    def _ppf(self, q: Any, *shapes: Any) -> Any:
        return self._point_of(q, 1.0 - q, *shapes)

    def _isf(self, q: Any, *shapes: Any) -> Any:
        return self._point_of(1.0 - q, q, *shapes)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], *shapes: Any) -> Any:
        return self._outer(draw_gamma(rng, shape, self.core(*shapes)[0]), *shapes)

    def _entropy(self, *shapes: Any) -> Any:
        """H + E log|dx/du| of the gamma variable u: K(a) - r(a)/power + (1/power - 1/2) log a - log|power| - ..."""
        a, power, factor = self.core(*shapes)
        logs = (1.0 / power - 0.5) * np.log(a) - np.log(abs(power)) - np.log(factor) / power
        return settled(a) - digamma_lag(a) / power + logs


@register(
    "chi_squared",
    aliases=("chi_square", "chi2"),
    examples=[{"df": 1.0}, {"df": 3.0}, {"df": 1000.0}],
    source="Johnson, Kotz, Balakrishnan 1, ch. 18",
)
class ChiSquared(GammaPower):
    """f(x) = (x/2)^(df/2-1) e^(-x/2)/(2 Γ(df/2)) for x > 0; df > 0; accurate as the gamma law is."""

    parameters = {"df": positive(REQUIRED, "nu", "k")}
    latex_density = r"\frac{x^{\mathrm{df}/2-1}e^{-x/2}}{2^{\mathrm{df}/2}\Gamma(\mathrm{df}/2)}"

    @staticmethod
    def core(df: Any) -> tuple[Any, float, float]:
        return 0.5 * df, 1.0, 0.5

    def _mean(self, df: Any) -> Any:
        return df

    def _var(self, df: Any) -> Any:
        return 2.0 * df

    def _mode(self, df: Any) -> Any:
        return np.maximum(df - 2.0, 0.0)


@register("chi", examples=[{"df": 1.0}, {"df": 3.5}, {"df": 1000.0}], source="Johnson, Kotz, Balakrishnan 1, ch. 18")
class Chi(GammaPower):
    """f(x) = 2^(1-df/2) x^(df-1) e^(-x²/2)/Γ(df/2) for x > 0; df > 0; accurate as the gamma law is."""

    parameters = {"df": positive(REQUIRED, "nu", "k")}
    latex_density = r"\frac{2^{1-\mathrm{df}/2}x^{\mathrm{df}-1}e^{-x^2/2}}{\Gamma(\mathrm{df}/2)}"

    @staticmethod
    def core(df: Any) -> tuple[Any, float, float]:
        return 0.5 * df, 2.0, 0.5

    def _mean(self, df: Any) -> Any:
        return np.sqrt(df) * np.exp(gamma_ratio_remainder(0.5 * df, 0.5))

    def _var(self, df: Any) -> Any:
        return -df * np.expm1(2.0 * gamma_ratio_remainder(0.5 * df, 0.5))

    def _mode(self, df: Any) -> Any:
        return np.sqrt(np.maximum(df - 1.0, 0.0))


@register("maxwell", examples=[{}, {"scale": 2.0}], source="Johnson, Kotz, Balakrishnan 1, ch. 18")
class Maxwell(GammaPower):
    """f(x) = √(2/π) z² e^(-z²/2)/scale, z = x/scale > 0; scale > 0; accurate as the gamma law is."""

    parameters = {"scale": positive(1.0, "sigma", "a")}
    scale_name = "scale"
    latex_density = r"\sqrt{\frac2\pi}\frac{x^2}{\mathrm{scale}^3}e^{-x^2/(2\,\mathrm{scale}^2)}"

    @staticmethod
    def core() -> tuple[Any, float, float]:
        return 1.5, 2.0, 0.5

    def _mean(self) -> Any:
        return 2.0 * np.sqrt(2.0 / np.pi)

    def _var(self) -> Any:
        return 3.0 - 8.0 / np.pi

    def _mode(self) -> Any:
        return np.sqrt(2.0)


@register(
    "inverse_gamma",
    aliases=("invgamma",),
    examples=[{"shape": 3.0}, {"shape": 0.5, "scale": 2.0}, {"shape": 30.0}],
    source="Johnson, Kotz, Balakrishnan 1, ch. 17",
)
class InverseGamma(GammaPower):
    """f(x) = z^(-shape-1) e^(-1/z)/(scale Γ(shape)), z = x/scale > 0: the law of 1/gamma; shape, scale > 0."""

    parameters = {"shape": positive(REQUIRED, "a", "alpha", "concentration"), "scale": positive(1.0, "beta", "theta")}
    scale_name = "scale"
    latex_density = (
        r"\frac{\mathrm{scale}^{\mathrm{shape}}}{\Gamma(\mathrm{shape})}x^{-\mathrm{shape}-1}e^{-"
        r"\mathrm{scale}/x}"
    )

    @staticmethod
    def core(a: Any) -> tuple[Any, float, float]:
        return a, -1.0, 1.0

    def _mean(self, a: Any) -> Any:
        return where_finite(np.asarray(a) > 1.0, 1.0, a - 1.0)

    def _var(self, a: Any) -> Any:
        return where_finite(np.asarray(a) > 2.0, 1.0, np.square(a - 1.0) * (a - 2.0))

    def _mode(self, a: Any) -> Any:
        return 1.0 / (a + 1.0)

    def _entropy(self, a: Any) -> Any:
        return gamma_entropy(a) - 2.0 * special.digamma(a)


@register("levy", examples=[{}, {"scale": 2.0}], source="Johnson, Kotz, Balakrishnan 1, ch. 12")
class Levy(GammaPower):
    """f(x) = e^(-1/(2z))/(scale √(2π) z^(3/2)), z = x/scale > 0: the law of scale/N²; scale > 0; no finite mean."""

    parameters = {"scale": positive(1.0, "c", "sigma")}
    scale_name = "scale"
    latex_density = r"\sqrt{\frac{\mathrm{scale}}{2\pi}}\frac{e^{-\mathrm{scale}/(2x)}}{x^{3/2}}"

    @staticmethod
    def core() -> tuple[Any, float, float]:
        return 0.5, -1.0, 0.5

    def _mean(self) -> Any:
        return np.inf

    def _var(self) -> Any:
        return np.inf

    def _mode(self) -> Any:
        return 1.0 / 3.0


class ExponentialPower(Family):
    """X = (E/factor)^(1/power) with E a standard exponential variable: `core` gives the power and the factor."""

    @staticmethod
    def core(*shapes: Any) -> tuple[Any, float]:
        """The power, of one sign, and the factor."""
        raise NotImplementedError

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return POSITIVE

    def _rate(self, x: Any, *shapes: Any) -> Any:
        power, factor = self.core(*shapes)
        return power_of(x, power, factor)

    def _outer(self, u: Any, *shapes: Any) -> Any:
        power, factor = self.core(*shapes)
        return (u / factor) ** (1.0 / power)

    def _tails(self, *shapes: Any) -> int:
        return 1 if np.all(np.asarray(self.core(*shapes)[0]) > 0) else -1

    def _logpdf(self, x: Any, *shapes: Any) -> Any:
        power, factor = self.core(*shapes)
        return xlogy(power - 1.0, x) - x**power * factor + np.log(np.abs(power) * factor)

    def _cdf(self, x: Any, *shapes: Any) -> Any:
        return (_one_minus_e, _e)[self._tails(*shapes) < 0](self._rate(x, *shapes))

    def _sf(self, x: Any, *shapes: Any) -> Any:
        return (_e, _one_minus_e)[self._tails(*shapes) < 0](self._rate(x, *shapes))

    def _logcdf(self, x: Any, *shapes: Any) -> Any:
        return (_log_one_minus_e, _log_e)[self._tails(*shapes) < 0](self._rate(x, *shapes))

    def _logsf(self, x: Any, *shapes: Any) -> Any:
        return (_log_e, _log_one_minus_e)[self._tails(*shapes) < 0](self._rate(x, *shapes))

    def _log_mass(self, a: Any, b: Any, *shapes: Any) -> Any:
        """e^-u(1 - e^-(v - u)) between the rates u < v, with v - u by expm1 of the log-ratio of the points."""
        power, _ = self.core(*shapes)
        near, far = (a, b) if self._tails(*shapes) > 0 else (b, a)
        u, growth = self._rate(near, *shapes), np.abs(power) * np.abs(np.log1p((b - a) / a))
        gap = np.where(growth < 1.0, u * np.expm1(np.minimum(growth, 1.0)), self._rate(far, *shapes) - u)
        return -u + complement(-gap)

    def _ppf(self, q: Any, *shapes: Any) -> Any:
        return self._outer(-(np.log1p(-q) if self._tails(*shapes) > 0 else np.log(q)), *shapes)

    def _isf(self, q: Any, *shapes: Any) -> Any:
        return self._outer(-(np.log(q) if self._tails(*shapes) > 0 else np.log1p(-q)), *shapes)

    def _log_ppf(self, logq: Any, *shapes: Any) -> Any:
        return self._outer(_rate_of(logq) if self._tails(*shapes) > 0 else -logq, *shapes)

    def _log_isf(self, logq: Any, *shapes: Any) -> Any:
        return self._outer(-logq if self._tails(*shapes) > 0 else _rate_of(logq), *shapes)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], *shapes: Any) -> Any:
        return self._outer(Anchored.exact(rng.standard_exponential(shape)), *shapes)

    def _mean(self, *shapes: Any) -> Any:
        power, factor = self.core(*shapes)
        order = 1.0 / np.asarray(power)
        return np.where(
            order > -1.0, np.exp(special.gammaln(1.0 + np.maximum(order, -0.999)) - np.log(factor) * order), np.inf
        )

    def _var(self, *shapes: Any) -> Any:
        """Γ(1 + 2r) - Γ(1 + r)² with r = 1/power, the logarithm of its ratio by the series of log Γ(1 + r) near r = 0."""
        power, factor = self.core(*shapes)
        order = np.asarray(1.0 / np.asarray(power))
        finite = order > -0.5
        r = np.where(finite, order, 0.0)
        n = np.arange(2.0, 26.0)
        near = np.where(np.abs(r) < 0.05, r, 0.0)
        series = np.sum(ZETA * (-near[..., None]) ** n / n * (2.0 - 2.0**n), axis=-1)
        direct = 2.0 * special.gammaln(1.0 + r) - special.gammaln(1.0 + 2.0 * r)
        second = np.exp(special.gammaln(1.0 + 2.0 * r) - 2.0 * r * np.log(factor))
        return np.where(finite, -second * np.expm1(np.where(np.abs(r) < 0.05, series, direct)), np.inf)

    def _median(self, *shapes: Any) -> Any:
        return self._outer(LOG2, *shapes)

    def _mode(self, *shapes: Any) -> Any:
        power, factor = self.core(*shapes)
        rate = np.maximum(1.0 - 1.0 / np.asarray(power), 0.0)
        return (rate / factor) ** (1.0 / power)

    def _entropy(self, *shapes: Any) -> Any:
        power, factor = self.core(*shapes)
        return 1.0 - np.log(np.abs(power)) - (1.0 / power - 1.0) * EULER - np.log(factor) / power


def _e(u: Any) -> Any:
    return np.exp(-u)


def _one_minus_e(u: Any) -> Any:
    return -np.expm1(-u)


def _log_e(u: Any) -> Any:
    return -u


def _log_one_minus_e(u: Any) -> Any:
    return complement(-u)


def _rate_of(logq: Any) -> Any:
    """u with 1 - e^-u = q; its logarithm is kept where q is small."""
    return Anchored.from_log(np.where(logq < -40.0, logq, np.log(-log1mexp(logq))))


@register(
    "weibull",
    examples=[{"shape": 1.0}, {"shape": 1.5, "scale": 2.0}, {"shape": 0.1}, {"shape": 30.0}],
    source="Johnson, Kotz, Balakrishnan 1, ch. 21",
)
class Weibull(ExponentialPower):
    """f(x) = shape z^(shape-1) exp(-z^shape)/scale, z = x/scale > 0; shape, scale > 0; everything closed, in both tails."""

    parameters = {"shape": positive(REQUIRED, "k", "c", "concentration", "alpha"), "scale": positive(1.0, "lam")}
    scale_name = "scale"
    latex_density = (
        r"\frac{\mathrm{shape}}{\mathrm{scale}}z^{\mathrm{shape}-1}e^{-z^{\mathrm{shape}}},\quad z="
        r"\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def core(k: Any) -> tuple[Any, float]:
        return k, 1.0


@register(
    "frechet", examples=[{"shape": 1.0}, {"shape": 2.5, "scale": 2.0}], source="Johnson, Kotz, Balakrishnan 2, ch. 22"
)
class Frechet(ExponentialPower):
    """f(x) = shape z^(-shape-1) exp(-z^-shape)/scale, z = x/scale > 0: the law of 1/weibull; shape, scale > 0."""

    parameters = {"shape": positive(REQUIRED, "alpha", "c", "k"), "scale": positive(1.0, "theta")}
    scale_name = "scale"
    latex_density = (
        r"\frac{\mathrm{shape}}{\mathrm{scale}}z^{-\mathrm{shape}-1}e^{-z^{-\mathrm{shape}}},\quad z="
        r"\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def core(k: Any) -> tuple[Any, float]:
        return -k, 1.0


@register("rayleigh", examples=[{}, {"scale": 2.0}], source="Johnson, Kotz, Balakrishnan 1, ch. 18")
class Rayleigh(ExponentialPower):
    """f(x) = z e^(-z²/2)/scale, z = x/scale > 0; scale > 0; everything closed, in both tails."""

    parameters = {"scale": positive(1.0, "sigma")}
    scale_name = "scale"
    latex_density = r"\frac{x}{\mathrm{scale}^2}e^{-x^2/(2\,\mathrm{scale}^2)}"

    @staticmethod
    def core() -> tuple[Any, float]:
        return 2.0, 0.5
