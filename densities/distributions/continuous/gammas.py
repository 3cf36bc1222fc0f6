"""Powers of a gamma variable with a free exponent: generalised gamma, Nakagami, half of the generalised normal."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.distributions.base import register
from densities.distributions.continuous.incomplete import gamma_ratio_remainder
from densities.distributions.continuous.powers import GammaPower
from densities.distributions.continuous.shared import either
from densities.errors import ParameterError, argument_error
from densities.parameters import REQUIRED, all_hold, decided, positive, real


def power_mean(a: Any, order: Any) -> Any:
    """E G^r = Γ(a + r)/Γ(a) of a gamma variable, inf for r <= -a; from a^r where log Γ(a) is large."""
    finite = np.asarray(order > -np.asarray(a))
    r = np.where(finite, order, 0.0)

    def direct() -> Any:
        return np.exp(special.gammaln(a + r) - special.gammaln(a))

    def by_power() -> Any:
        return np.exp(gamma_ratio_remainder(a, r)) * np.power(a, r)

    return np.where(finite, either(np.less(a, 10.0), direct, by_power), np.inf)


@register(
    "generalized_gamma",
    aliases=("gengamma", "stacy"),
    examples=[{"a": 2.5, "c": 1.7}, {"a": 0.7, "c": 0.6, "scale": 2.0}, {"a": 2.5, "c": -1.5}],
    source="E. W. Stacy, Ann. Math. Statist. 33 (1962)",
)
class GeneralizedGamma(GammaPower):
    """f(x) = |c| z^(ca-1) exp(-z^c)/(scale Γ(a)), z = x/scale > 0: scale·Gamma(a)^(1/c); a, scale > 0, c not 0.

    All members of a batch have c of one sign; ParameterError otherwise.
    """

    parameters = {"a": positive(REQUIRED, "shape"), "c": real(REQUIRED, "power"), "scale": positive(1.0)}
    scale_name = "scale"
    latex_density = (
        r"\frac{\left|\mathrm{c}\right|}{\Gamma(\mathrm{a})x}z^{\mathrm{a}\mathrm{c}}e^{-z^{\mathrm{c}}},\quad z="
        r"\frac{x}{\mathrm{scale}}"
    )

    def validate(self) -> None:
        c = self.params["c"]
        if not (all_hold(np.greater(c, 0.0)) or all_hold(np.less(c, 0.0))):
            raise ParameterError(
                argument_error(f"{self.name}: c", "numbers other than 0, of one sign", self.params["c"])
            )

    @staticmethod
    def core(a: Any, c: Any) -> tuple[Any, Any, float]:
        return a, c, 1.0

    def _flipped(self, a: Any, c: Any) -> bool:
        return decided(np.less(c, 0))

    def _mean(self, a: Any, c: Any) -> Any:
        return power_mean(a, 1.0 / c)

    def _mode(self, a: Any, c: Any) -> Any:
        return np.maximum(a - 1.0 / c, 0.0) ** (1.0 / c)


@register(
    "nakagami",
    examples=[{"nu": 1.5, "scale": 2.0}, {"nu": 0.5}, {"nu": 40.0}],
    source="M. Nakagami, Statistical Methods in Radio Wave Propagation (1960)",
)
class Nakagami(GammaPower):
    """f(x) = 2 nu^nu z^(2nu-1) e^(-nu z²)/(scale Γ(nu)), z = x/scale > 0: scale·√(Gamma(nu)/nu); nu, scale > 0."""

    parameters = {"nu": positive(REQUIRED, "m"), "scale": positive(1.0)}
    scale_name = "scale"
    latex_density = (
        r"\frac{2\,\mathrm{nu}^{\mathrm{nu}}}{\Gamma(\mathrm{nu})x}z^{2\mathrm{nu}}e^{-\mathrm{nu}z^2},\quad z="
        r"\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def core(nu: Any) -> tuple[Any, float, Any]:
        return nu, 2.0, nu

    def _mean(self, nu: Any) -> Any:
        return np.exp(gamma_ratio_remainder(nu, 0.5))

    def _var(self, nu: Any) -> Any:
        return -np.expm1(2.0 * gamma_ratio_remainder(nu, 0.5))

    def _mode(self, nu: Any) -> Any:
        return np.sqrt(np.maximum(1.0 - 0.5 / nu, 0.0))


@register(
    "half_generalized_normal",
    aliases=("halfgennorm",),
    examples=[{"beta": 1.6}, {"beta": 0.6, "scale": 2.0}],
    source="Nadarajah 2005, section 2",
)
class HalfGeneralizedNormal(GammaPower):
    """f(x) = beta exp(-z^beta)/(scale Γ(1/beta)), z = x/scale > 0: the law of |GeneralizedNormal(beta)|; both > 0."""

    parameters = {"beta": positive(), "scale": positive(1.0)}
    scale_name = "scale"
    latex_density = (
        r"\frac{\mathrm{beta}}{\mathrm{scale}\,\Gamma(1/\mathrm{beta})}e^{-z^{\mathrm{beta}}},\quad z="
        r"\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def core(beta: Any) -> tuple[Any, Any, float]:
        return 1.0 / beta, beta, 1.0

    def _flipped(self, beta: Any) -> bool:
        return False

    def _mean(self, beta: Any) -> Any:
        """Γ(2/β)/Γ(1/β)."""
        return power_mean(1.0 / beta, 1.0 / beta)

    def _mode(self, beta: Any) -> Any:
        return 0.0 * beta


__all__ = ["GeneralizedGamma", "HalfGeneralizedNormal", "Nakagami", "power_mean"]
