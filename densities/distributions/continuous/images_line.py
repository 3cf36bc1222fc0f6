"""Families on the line or an interval of it that are images of normal, exponential, gamma or beta variables."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities import transforms as maps
from densities.distributions.base import register
from densities.distributions.continuous.half import HalfCauchy, HalfNormal
from densities.distributions.continuous.image import Image
from densities.distributions.continuous.location_scale import Normal
from densities.distributions.continuous.positive import Exponential, Gamma
from densities.distributions.continuous.shared import EULER, LOG2, LOG_PI, Centred
from densities.distributions.continuous.unit_interval import Beta, Uniform
from densities.parameters import REQUIRED, positive, real

JOHNSON = "Johnson, Kotz, Balakrishnan 1 and 2"


@register(
    "logit_normal",
    aliases=("logitnormal", "logitnorm"),
    examples=[{}, {"mu": -2.0, "sigma": 0.5}, {"mu": 0.7, "sigma": 1.3}],
    source="J. Aitchison and S. M. Shen, Biometrika 67 (1980)",
)
class LogitNormal(Image):
    """f(x) = φ((logit x - mu)/sigma)/(sigma x (1 - x)) for 0 < x < 1: the law of 1/(1 + exp(-Normal(mu, sigma)))."""

    parameters = {"mu": real(0.0), "sigma": positive(1.0)}
    latex_density = (
        r"\frac{1}{\mathrm{sigma}\,x(1-x)}\varphi\left(\frac{\log\frac{x}{1-x}-\mathrm{mu}}{\mathrm{sigma}}\right)"
    )

    @staticmethod
    def image(mu: Any, sigma: Any) -> tuple[Any, ...]:
        return Normal(mu, sigma), maps.Sigmoid()


@register(
    "johnson_sb",
    aliases=("johnsonsb",),
    examples=[{"a": 0.6, "b": 1.4}],
    source="N. L. Johnson, Biometrika 36 (1949)",
)
class JohnsonSB(Image):
    """F(x) = Φ(a + b logit x) for 0 < x < 1: the law of 1/(1 + exp((a - N)/b)); a real, b > 0."""

    parameters = {"a": real(REQUIRED, "gamma"), "b": positive(REQUIRED, "delta")}
    latex_density = r"\frac{\mathrm{b}}{x(1-x)}\varphi\left(\mathrm{a}+\mathrm{b}\log\frac{x}{1-x}\right)"

    @staticmethod
    def image(a: Any, b: Any) -> tuple[Any, ...]:
        return Normal(-a / b, 1.0 / b), maps.Sigmoid()


@register(
    "johnson_su",
    aliases=("johnsonsu",),
    examples=[{"a": 0.6, "b": 1.4}, {"a": -2.0, "b": 0.7, "loc": 1.0, "scale": 2.0}],
    source="N. L. Johnson, Biometrika 36 (1949)",
)
class JohnsonSU(Image):
    """F(x) = Φ(a + b asinh z), z = (x - loc)/scale: the law of loc + scale·sinh((N - a)/b); a real, b > 0."""

    parameters = {
        "a": real(REQUIRED, "gamma"),
        "b": positive(REQUIRED, "delta"),
        "loc": real(0.0),
        "scale": positive(1.0),
    }
    location_name, scale_name = "loc", "scale"
    latex_density = (
        r"\frac{\mathrm{b}}{\mathrm{scale}\sqrt{1+z^2}}\varphi\left(\mathrm{a}+\mathrm{b}\,\operatorname{arsinh}(z)\right),"
        r"\quad z=\frac{x-\mathrm{loc}}{\mathrm{scale}}"
    )

    @staticmethod
    def image(a: Any, b: Any) -> tuple[Any, ...]:
        return Normal(-a / b, 1.0 / b), maps.Sinh()

    def _mean(self, a: Any, b: Any) -> Any:
        return -np.exp(0.5 / (b * b)) * np.sinh(a / b)

    def _var(self, a: Any, b: Any) -> Any:
        w = 1.0 / (b * b)
        return 0.5 * np.expm1(w) * (np.exp(w) * np.cosh(2.0 * a / b) + 1.0)

    def _median(self, a: Any, b: Any) -> Any:
        return -np.sinh(a / b)


@register(
    "hyperbolic_secant",
    aliases=("hypsecant",),
    examples=[{}, {"loc": 1.0, "scale": 2.0}],
    source=f"{JOHNSON}, ch. 23",
)
class HyperbolicSecant(Centred, Image):
    """f(x) = 1/(π scale cosh z), z = (x - loc)/scale: the law of loc + scale·log|Cauchy|."""

    parameters = {"loc": real(0.0), "scale": positive(1.0)}
    location_name, scale_name = "loc", "scale"
    latex_density = r"\frac{1}{\pi\,\mathrm{scale}\cosh(z)},\quad z=\frac{x-\mathrm{loc}}{\mathrm{scale}}"

    @staticmethod
    def image() -> tuple[Any, ...]:
        return HalfCauchy(), maps.Log()

    def raw_logpdf(self, x: Any) -> Any:
        """log(2/(π scale)) - |z| - log(1 + e^(-2|z|)), also where e^z has left the doubles."""
        size = np.abs((x - self.params["loc"]) / self.params["scale"])
        return LOG2 - LOG_PI - np.log(self.params["scale"]) - size - np.log1p(np.exp(-2.0 * size))

    def _var(self) -> Any:
        return np.pi**2 / 4.0

    def _entropy(self) -> Any:
        """log π + E log cosh X = log 2π."""
        return LOG_PI + LOG2


@register(
    "moyal",
    examples=[{}, {"loc": 1.0, "scale": 2.0}],
    source="J. E. Moyal, Phil. Mag. 46 (1955)",
)
class Moyal(Image):
    """f(x) = exp(-(z + e^-z)/2)/(scale √(2π)), z = (x - loc)/scale: the law of loc - scale·log N²."""

    parameters = {"loc": real(0.0, "mu"), "scale": positive(1.0, "sigma")}
    location_name, scale_name = "loc", "scale"
    latex_density = (
        r"\frac{1}{\mathrm{scale}\sqrt{2\pi}}\exp\left(-\frac{1}{2}\left(z+e^{-z}\right)\right),\quad z="
        r"\frac{x-\mathrm{loc}}{\mathrm{scale}}"
    )

    @staticmethod
    def image() -> tuple[Any, ...]:
        return HalfNormal(), maps.Log(), maps.Scale(-2.0)

    def _mean(self) -> Any:
        return EULER + LOG2

    def _var(self) -> Any:
        return np.pi**2 / 2.0

    def _mode(self) -> Any:
        return 0.0

    def _entropy(self) -> Any:
        return 0.5 * (LOG2 + LOG_PI) + 0.5 * (EULER + LOG2) + 0.5


@register(
    "log_gamma",
    aliases=("loggamma", "exp_gamma"),
    examples=[{"c": 2.5}, {"c": 0.5, "loc": 1.0, "scale": 2.0}],
    source=f"{JOHNSON}, ch. 17",
)
class LogGamma(Image):
    """f(x) = exp(cz - e^z)/(scale Γ(c)), z = (x - loc)/scale: the law of loc + scale·log Gamma(c); c, scale > 0."""

    parameters = {"c": positive(REQUIRED, "shape"), "loc": real(0.0), "scale": positive(1.0)}
    location_name, scale_name = "loc", "scale"
    latex_density = (
        r"\frac{1}{\mathrm{scale}\,\Gamma(\mathrm{c})}\exp\left(\mathrm{c}z-e^z\right),\quad z="
        r"\frac{x-\mathrm{loc}}{\mathrm{scale}}"
    )

    @staticmethod
    def image(c: Any) -> tuple[Any, ...]:
        return Gamma(c), maps.Log()

    def _mean(self, c: Any) -> Any:
        return special.digamma(c)

    def _var(self, c: Any) -> Any:
        return special.polygamma(1, c)

    def _mode(self, c: Any) -> Any:
        return np.log(c)


@register(
    "generalized_logistic",
    aliases=("genlogistic",),
    examples=[{"c": 2.5}, {"c": 0.4, "loc": 1.0, "scale": 2.0}],
    source=f"{JOHNSON}, ch. 23, type I",
)
class GeneralizedLogistic(Image):
    """F(x) = (1 + e^-z)^-c, z = (x - loc)/scale; c, scale > 0: with E exponential, z = -log(e^(E/c) - 1)."""

    parameters = {"c": positive(), "loc": real(0.0), "scale": positive(1.0)}
    location_name, scale_name = "loc", "scale"
    latex_density = (
        r"\frac{\mathrm{c}}{\mathrm{scale}}\frac{e^{-z}}{\left(1+e^{-z}\right)^{\mathrm{c}+1}},\quad z="
        r"\frac{x-\mathrm{loc}}{\mathrm{scale}}"
    )

    @staticmethod
    def image(c: Any) -> tuple[Any, ...]:
        return Exponential(), maps.Scale(1.0 / c), maps.SoftplusInverse(), maps.Scale(-1.0)

    def _mean(self, c: Any) -> Any:
        return special.digamma(c) + EULER

    def _var(self, c: Any) -> Any:
        return special.polygamma(1, c) + np.pi**2 / 6.0

    def _mode(self, c: Any) -> Any:
        return np.log(c)


@register(
    "generalized_pareto",
    aliases=("genpareto", "gpd"),
    examples=[{"c": 0.4, "scale": 2.0}, {"c": -0.4}, {"c": 0.0, "loc": 1.0}],
    source="J. Pickands, Ann. Statist. 3 (1975)",
)
class GeneralizedPareto(Image):
    """S(x) = (1 + cz)^(-1/c), e^-z for c = 0, z = (x - loc)/scale >= 0 with 1 + cz > 0; c real, scale > 0."""

    parameters = {"c": real(REQUIRED, "xi", "shape"), "loc": real(0.0, "mu"), "scale": positive(1.0, "sigma")}
    location_name, scale_name = "loc", "scale"
    latex_density = (
        r"\frac{1}{\mathrm{scale}}\left(1+\mathrm{c}z\right)^{-1-1/\mathrm{c}},\quad z="
        r"\frac{x-\mathrm{loc}}{\mathrm{scale}}"
    )

    @staticmethod
    def image(c: Any) -> tuple[Any, ...]:
        if np.all(np.equal(c, 0.0)):  # exp and log may leave the doubles between them
            return (Exponential(1.0 + 0.0 * c),)
        return Exponential(), maps.Exp(), maps.BoxCox(c)

    def _mean(self, c: Any) -> Any:
        return np.where(np.asarray(c) < 1.0, 1.0 / (1.0 - np.minimum(c, 0.999)), np.inf)

    def _var(self, c: Any) -> Any:
        low = np.minimum(c, 0.499)
        return np.where(np.asarray(c) < 0.5, 1.0 / ((1.0 - low) ** 2 * (1.0 - 2.0 * low)), np.inf)

    def _entropy(self, c: Any) -> Any:
        return 1.0 + c


@register(
    "generalized_extreme_value",
    aliases=("genextreme", "gev"),
    examples=[{"c": 0.4}, {"c": -0.4, "loc": 1.0, "scale": 2.0}, {"c": 0.0}],
    source=f"{JOHNSON}, ch. 22",
)
class GeneralizedExtremeValue(Image):
    """F(x) = exp(-(1 - cz)^(1/c)), exp(-e^-z) for c = 0, z = (x - loc)/scale with cz < 1; c real, scale > 0.

    c has SciPy's sign: c > 0 ends above (Weibull), c < 0 below (Fréchet); `xi` is -c.
    """

    parameters = {"c": real(REQUIRED, xi=np.negative), "loc": real(0.0, "mu"), "scale": positive(1.0, "sigma")}
    location_name, scale_name = "loc", "scale"
    latex_density = (
        r"\frac{1}{\mathrm{scale}}\left(1-\mathrm{c}z\right)^{1/\mathrm{c}-1}"
        r"\exp\left(-\left(1-\mathrm{c}z\right)^{1/\mathrm{c}}\right),\quad z="
        r"\frac{x-\mathrm{loc}}{\mathrm{scale}}"
    )

    @staticmethod
    def image(c: Any) -> tuple[Any, ...]:
        return Exponential(), maps.BoxCox(c), maps.Scale(-1.0)

    def _entropy(self, c: Any) -> Any:
        return 1.0 + EULER * (1.0 - c)


@register(
    "kappa4",
    aliases=("kappa_4",),
    examples=[{"h": 0.0, "k": 0.25}, {"h": -0.5, "k": -0.2}, {"h": 0.0, "k": 0.0}],
    source="J. R. M. Hosking, IBM J. Res. Dev. 38 (1994)",
)
class Kappa4(Image):
    """F(x) = (1 - h(1 - kz)^(1/k))^(1/h) and its limits for h = 0, k = 0, z = (x - loc)/scale; h, k real, scale > 0."""

    parameters = {"h": real(), "k": real(), "loc": real(0.0), "scale": positive(1.0)}
    location_name, scale_name = "loc", "scale"
    latex_density = (
        r"\frac{1}{\mathrm{scale}}\left(1-\mathrm{k}z\right)^{1/\mathrm{k}-1}"
        r"\left(1-\mathrm{h}\left(1-\mathrm{k}z\right)^{1/\mathrm{k}}\right)^{1/\mathrm{h}-1},\quad z="
        r"\frac{x-\mathrm{loc}}{\mathrm{scale}}"
    )

    @staticmethod
    def image(h: Any, k: Any) -> tuple[Any, ...]:
        """With E exponential, (1 - e^(-hE))/h is e^E through Box and Cox's map with -h."""
        return Exponential(), maps.Exp(), maps.BoxCox(np.negative(h)), maps.BoxCox(k), maps.Scale(-1.0)


@register(
    "semicircular",
    aliases=("semicircle", "wigner"),
    examples=[{}, {"loc": 1.0, "scale": 2.0}],
    source="E. P. Wigner, Ann. Math. 62 (1955)",
)
class Semicircular(Centred, Image):
    """f(x) = (2/(π scale)) √(1 - z²) for |z| <= 1, z = (x - loc)/scale: 2 Beta(3/2, 3/2) - 1; `scale` is the radius."""

    parameters = {"loc": real(0.0), "scale": positive(1.0, "radius")}
    location_name, scale_name = "loc", "scale"
    latex_density = r"\frac{2}{\pi\,\mathrm{scale}}\sqrt{1-\left(\frac{x-\mathrm{loc}}{\mathrm{scale}}\right)^2}"

    @staticmethod
    def image() -> tuple[Any, ...]:
        return Beta(1.5, 1.5), maps.Affine(-1.0, 2.0)

    def _var(self) -> Any:
        return 0.25

    def _entropy(self) -> Any:
        return LOG_PI - 0.5


@register(
    "anglit",
    examples=[{}, {"scale": 2.0}],
    source="the law of half the arcsine of a uniform variable on (-1, 1)",
)
class Anglit(Centred, Image):
    """f(x) = cos(2z)/scale for |z| <= π/4, z = (x - loc)/scale; F = sin²(z + π/4); real loc, scale > 0."""

    parameters = {"loc": real(0.0), "scale": positive(1.0)}
    location_name, scale_name = "loc", "scale"
    latex_density = r"\frac{1}{\mathrm{scale}}\cos\left(2\frac{x-\mathrm{loc}}{\mathrm{scale}}\right)"

    @staticmethod
    def image() -> tuple[Any, ...]:
        return Uniform(-1.0, 1.0), maps.Asin(), maps.Scale(0.5)

    def _var(self) -> Any:
        return np.pi**2 / 16.0 - 0.5

    def _entropy(self) -> Any:
        return 1.0 - LOG2
