"""Families on the positive half-line that are images of normal, Cauchy, logistic, exponential or Lomax variables."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities import transforms as maps
from densities.backends import namespace
from densities.distributions.base import register
from densities.distributions.continuous.asymmetric import InverseGaussian
from densities.distributions.continuous.gammas import power_mean
from densities.distributions.continuous.image import Image
from densities.distributions.continuous.location_scale import Cauchy, Laplace, Normal
from densities.distributions.continuous.positive import Exponential
from densities.distributions.continuous.ratios import Lomax
from densities.distributions.continuous.shared import LOG2, where_finite
from densities.distributions.continuous.unit_interval import Beta, Uniform
from densities.domains import POSITIVE
from densities.parameters import REQUIRED, positive, real

JOHNSON = "Johnson, Kotz, Balakrishnan 1 and 2"


@register(
    "half_logistic",
    aliases=("halflogistic",),
    examples=[{}, {"scale": 2.0}],
    source=f"{JOHNSON}, ch. 23",
)
class HalfLogistic(Image):
    """f(x) = 2 e^-z/(scale (1 + e^-z)²), z = x/scale >= 0: the law of |Logistic|, which is 2 atanh U."""

    parameters = {"scale": positive(1.0)}
    scale_name = "scale"
    latex_density = r"\frac{2e^{-x/\mathrm{scale}}}{\mathrm{scale}\left(1+e^{-x/\mathrm{scale}}\right)^2}"

    @staticmethod
    def image() -> tuple[Any, ...]:
        return Uniform(), maps.Atanh(), maps.Scale(2.0)

    def _mean(self) -> Any:
        return 2.0 * LOG2

    def _var(self) -> Any:
        return np.pi**2 / 3.0 - 4.0 * LOG2**2

    def _mode(self) -> Any:
        return 0.0

    def _entropy(self) -> Any:
        return 2.0 - LOG2


@register(
    "log_laplace",
    aliases=("loglaplace",),
    examples=[{"c": 2.5}, {"c": 0.7, "scale": 2.0}],
    source=f"{JOHNSON}, ch. 24",
)
class LogLaplace(Image):
    """f(x) = c z^(c-1)/(2 scale) for z = x/scale < 1, c z^(-c-1)/(2 scale) above: the law of scale·exp(Laplace(0, 1/c))."""

    parameters = {"c": positive(), "scale": positive(1.0)}
    scale_name = "scale"
    latex_density = (
        r"\frac{\mathrm{c}}{2x}\min\left(z^{\mathrm{c}},\,z^{-\mathrm{c}}\right),\quad z=\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def image(c: Any) -> tuple[Any, ...]:
        return Laplace(0.0, 1.0), maps.Scale(1.0 / c), maps.Exp()

    def kinks(self) -> np.ndarray:
        return np.ravel(self._scale) * np.ones(1)

    def _mean(self, c: Any) -> Any:
        return where_finite(np.asarray(c) > 1.0, c * c, (c - 1.0) * (c + 1.0))

    def _median(self, c: Any) -> Any:
        return 1.0

    def _entropy(self, c: Any) -> Any:
        return 1.0 + LOG2 - np.log(c)


@register(
    "log_cauchy",
    aliases=("logcauchy",),
    examples=[{"mu": 0.7, "sigma": 0.001}],  # at sigma = 1 a draw in 2000 is beyond the doubles
    source="definition",
)
class LogCauchy(Image):
    """f(x) = sigma/(π x (sigma² + (log x - mu)²)) for x > 0: the law of exp(Cauchy(mu, sigma)); no finite mean."""

    parameters = {"mu": real(0.0), "sigma": positive(1.0)}
    latex_density = r"\frac{\mathrm{sigma}}{\pi x\left(\mathrm{sigma}^2+(\log x-\mathrm{mu})^2\right)}"

    @staticmethod
    def image(mu: Any, sigma: Any) -> tuple[Any, ...]:
        return Cauchy(mu, sigma), maps.Exp()

    def _mean(self, mu: Any, sigma: Any) -> Any:
        return np.inf

    def _var(self, mu: Any, sigma: Any) -> Any:
        return np.inf


class Fatigue(maps.Bijection):
    """y = exp(2 asinh x) = (x + √(1 + x²))², from the real line onto (0, inf); x = (√y - 1/√y)/2 needs no logarithm."""

    codomain = POSITIVE
    latex = r"\left(x+\sqrt{1+x^2}\right)^2"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        return self.forward(x), 2.0 * xp.asinh(x) + LOG2 - xp.half_log1p_square(x)

    def forward(self, x: Any) -> Any:
        xp = namespace(x)
        large = xp.square(xp.abs(x) + xp.sqrt(1.0 + xp.square(x)))
        return xp.where(x < 0, 1.0 / large, large)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        return self.inverse(y), xp.log1p(y) - 1.5 * xp.log(y) - 2.0 * LOG2

    def inverse(self, y: Any) -> Any:
        root = namespace(y).sqrt(y)
        return 0.5 * ((y - 1.0) / root)


@register(
    "birnbaum_saunders",
    aliases=("fatigue_life", "fatiguelife"),
    examples=[{"c": 0.8}, {"c": 3.0, "scale": 2.0}],
    source="Z. W. Birnbaum and S. C. Saunders, J. Appl. Prob. 6 (1969)",
)
class BirnbaumSaunders(Image):
    """F(x) = Φ((√z - 1/√z)/c), z = x/scale > 0: the law of scale·exp(2 asinh(cN/2)); c, scale > 0."""

    parameters = {"c": positive(REQUIRED, "alpha", "shape"), "scale": positive(1.0, "beta")}
    scale_name = "scale"
    latex_density = (
        r"\frac{\sqrt{z}+\sqrt{1/z}}{2\mathrm{c}x}\,\varphi\left(\frac{\sqrt{z}-\sqrt{1/z}}{\mathrm{c}}\right),\quad z="
        r"\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def image(c: Any) -> tuple[Any, ...]:
        return Normal(), maps.Scale(0.5 * c), Fatigue()

    def _mean(self, c: Any) -> Any:
        return 1.0 + 0.5 * c * c

    def _var(self, c: Any) -> Any:
        return c * c * (1.0 + 1.25 * c * c)

    def _median(self, c: Any) -> Any:
        return 1.0


@register(
    "burr",
    aliases=("burr12", "singh_maddala"),
    examples=[{"c": 2.0, "d": 3.0}, {"c": 0.7, "d": 1.5, "scale": 2.0}],
    source="I. W. Burr, Ann. Math. Statist. 13 (1942), type XII",
)
class Burr(Image):
    """f(x) = c d z^(c-1) (1 + z^c)^(-d-1)/scale, z = x/scale > 0: the law of scale·Lomax(d)^(1/c); c, d, scale > 0."""

    parameters = {"c": positive(), "d": positive(REQUIRED, "k"), "scale": positive(1.0, "lam")}
    scale_name = "scale"
    latex_density = (
        r"\frac{\mathrm{c}\,\mathrm{d}}{x}\frac{z^{\mathrm{c}}}{\left(1+z^{\mathrm{c}}\right)^{\mathrm{d}+1}},\quad z="
        r"\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def image(c: Any, d: Any) -> tuple[Any, ...]:
        return Lomax(d), maps.Power(1.0 / c)

    def _mean(self, c: Any, d: Any) -> Any:
        return _power_mean(d, 1.0 / c)

    def _mode(self, c: Any, d: Any) -> Any:
        return (np.maximum(c - 1.0, 0.0) / (c * d + 1.0)) ** (1.0 / c)


@register(
    "dagum",
    aliases=("burr3", "inverse_burr"),
    examples=[{"c": 2.0, "d": 3.0}, {"c": 0.7, "d": 1.5, "scale": 2.0}],
    source="C. Dagum, Economie Appliquée 30 (1977); Burr's type III",
)
class Dagum(Image):
    """f(x) = c d z^(-c-1) (1 + z^-c)^(-d-1)/scale, z = x/scale > 0: the law of scale·Lomax(d)^(-1/c); c, d, scale > 0."""

    parameters = {"c": positive(), "d": positive(REQUIRED, "p"), "scale": positive(1.0, "b")}
    scale_name = "scale"
    latex_density = (
        r"\frac{\mathrm{c}\,\mathrm{d}}{x}\frac{z^{-\mathrm{c}}}{\left(1+z^{-\mathrm{c}}\right)^{\mathrm{d}+1}},"
        r"\quad z=\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def image(c: Any, d: Any) -> tuple[Any, ...]:
        return Lomax(d), maps.Reciprocal(), maps.Power(1.0 / c)

    def _mean(self, c: Any, d: Any) -> Any:
        return _power_mean(d, -1.0 / c)


def _power_mean(d: Any, order: Any) -> Any:
    """E Y^r = Γ(1 + r)Γ(d - r)/Γ(d) of a Lomax variable, for -1 < r < d."""
    finite = (order > -1.0) & (order < d)
    r = np.where(finite, order, 0.0)
    return np.where(finite, np.exp(special.gammaln(1.0 + r)) * power_mean(d, -r), np.inf)


@register(
    "exponentiated_weibull",
    aliases=("exponweib",),
    examples=[{"a": 2.0, "c": 1.5}, {"a": 0.5, "c": 0.7, "scale": 2.0}],
    source="G. S. Mudholkar and D. K. Srivastava, IEEE Trans. Reliability 42 (1993)",
)
class ExponentiatedWeibull(Image):
    """F(x) = (1 - exp(-z^c))^a, z = x/scale > 0; a, c, scale > 0.

    With E exponential, 1 - exp(-z^c) = e^(-E/a), so that z^c is the softplus of minus its inverse at E/a.
    """

    parameters = {"a": positive(), "c": positive(), "scale": positive(1.0)}
    scale_name = "scale"
    latex_density = (
        r"\frac{\mathrm{a}\,\mathrm{c}}{x}z^{\mathrm{c}}e^{-z^{\mathrm{c}}}"
        r"\left(1-e^{-z^{\mathrm{c}}}\right)^{\mathrm{a}-1},\quad z=\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def image(a: Any, c: Any) -> tuple[Any, ...]:
        return (
            Exponential(),
            maps.Scale(1.0 / a),
            maps.SoftplusInverse(),
            maps.Scale(-1.0),
            maps.Softplus(),
            maps.Power(1.0 / c),
        )


@register(
    "gompertz",
    examples=[{"c": 0.7}, {"c": 3.0, "scale": 2.0}],
    source=f"{JOHNSON}, ch. 22",
)
class Gompertz(Image):
    """S(x) = exp(-c (e^z - 1)), z = x/scale >= 0: the law of scale·log(1 + Exponential/c); c, scale > 0."""

    parameters = {"c": positive(REQUIRED, "eta"), "scale": positive(1.0)}
    scale_name = "scale"
    latex_density = (
        r"\frac{\mathrm{c}}{\mathrm{scale}}e^{z}\exp\left(-\mathrm{c}\left(e^{z}-1\right)\right),\quad z="
        r"\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def image(c: Any) -> tuple[Any, ...]:
        return Exponential(), maps.Scale(1.0 / c), maps.Log1p()

    def _mode(self, c: Any) -> Any:
        return np.maximum(-np.log(c), 0.0)


@register(
    "exponential_power",
    aliases=("exponpow", "smith_bain"),
    examples=[{"b": 1.6}, {"b": 0.6, "scale": 2.0}],
    source="R. M. Smith and L. J. Bain, Commun. Statist. 4 (1975)",
)
class SmithBain(Image):
    """S(x) = exp(1 - exp(z^b)), z = x/scale >= 0: the law of scale·log(1 + Exponential)^(1/b); b, scale > 0."""

    parameters = {"b": positive(), "scale": positive(1.0)}
    scale_name = "scale"
    latex_density = (
        r"\frac{\mathrm{b}}{x}z^{\mathrm{b}}\exp\left(1+z^{\mathrm{b}}-\exp\left(z^{\mathrm{b}}\right)\right),\quad z="
        r"\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def image(b: Any) -> tuple[Any, ...]:
        return Exponential(), maps.Log1p(), maps.Power(1.0 / b)


@register(
    "reciprocal_inverse_gaussian",
    aliases=("recipinvgauss",),
    examples=[{"mean": 1.5, "lam": 2.0}],
    source=f"{JOHNSON}, ch. 15",
)
class ReciprocalInverseGaussian(Image):
    """f(x) = √(lam/(2πx)) exp(-lam(1 - mean x)²/(2 mean² x)) for x > 0: 1/InverseGaussian(mean, lam); mean, lam > 0."""

    parameters = {"mean": positive(), "lam": positive(REQUIRED, "scale")}
    latex_density = (
        r"\sqrt{\frac{\mathrm{lam}}{2\pi x}}"
        r"\exp\left(-\frac{\mathrm{lam}(1-\mathrm{mean}x)^2}{2\mathrm{mean}^2x}\right)"
    )

    @staticmethod
    def image(mean: Any, lam: Any) -> tuple[Any, ...]:
        return InverseGaussian(mean, lam), maps.Reciprocal()

    def _mean(self, mean: Any, lam: Any) -> Any:
        return 1.0 / mean + 1.0 / lam

    def _var(self, mean: Any, lam: Any) -> Any:
        return (1.0 / mean + 2.0 / lam) / lam

    def _std(self, mean: Any, lam: Any) -> Any:
        return np.sqrt(1.0 / mean + 2.0 / lam) / np.sqrt(lam)


@register(
    "power_function",
    aliases=("powerlaw",),
    examples=[{"a": 2.5}, {"a": 0.5, "scale": 2.0}],
    source=f"{JOHNSON}, ch. 25",
)
class PowerFunction(Image):
    """f(x) = a x^(a-1)/scale^a for 0 < x < scale: the law of scale·U^(1/a); a, scale > 0."""

    parameters = {"a": positive(REQUIRED, "alpha"), "scale": positive(1.0, "high")}
    scale_name = "scale"
    latex_density = r"\frac{\mathrm{a}}{x}\left(\frac{x}{\mathrm{scale}}\right)^{\mathrm{a}}"

    @staticmethod
    def image(a: Any) -> tuple[Any, ...]:
        return (Beta(a, 1.0),)

    def _mean(self, a: Any) -> Any:
        return a / (a + 1.0)

    def _var(self, a: Any) -> Any:
        return a / ((a + 2.0) * (a + 1.0) ** 2)

    def _entropy(self, a: Any) -> Any:
        return 1.0 - 1.0 / a - np.log(a)
