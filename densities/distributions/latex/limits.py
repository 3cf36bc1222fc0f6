"""Densities whose template is 0/0 at some parameters: there their limit is written."""

from __future__ import annotations

from densities.distributions.continuous.images_line import GeneralizedExtremeValue, GeneralizedPareto, Kappa4
from densities.distributions.continuous.noncentral import NoncentralChiSquared
from densities.distributions.latex import density, template
from densities.distributions.latex.text import substituted, symbols

WHERE = r",\quad z=\frac{x-\mathrm{loc}}{\mathrm{scale}}"
NO_CENTRE = r"\frac{x^{\mathrm{df}/2-1}e^{-x/2}}{2^{\mathrm{df}/2}\Gamma(\mathrm{df}/2)}"
EXPONENTIAL = r"\frac{1}{\mathrm{scale}}e^{-z}" + WHERE
# t of the extreme values and of the kappa law, for k and for k = 0; the density is t^(1-k) e^-t or t^(1-k) F^(1-h).
POWER = r"\left(1-\mathrm{k}z\right)^{1/\mathrm{k}}"
SLOPES = {False: r"\left(1-\mathrm{k}z\right)^{1/\mathrm{k}-1}", True: "e^{-z}"}
RATES = {False: POWER, True: "e^{-z}"}


def written(law: object, text: str, **names: float) -> str:
    """A template with the numbers of the law, and those of `names` beside them."""
    return substituted(text, symbols({**law.params, **names}))  # type: ignore[attr-defined]


def is_zero(law: object, name: str) -> bool:
    """Whether a parameter of a scalar law is 0."""
    return not law.batch_shape and law.params[name] == 0.0  # type: ignore[attr-defined]


@density.register
def _pareto(law: GeneralizedPareto) -> str:
    return written(law, EXPONENTIAL if is_zero(law, "c") else template(law))


@density.register
def _extreme(law: GeneralizedExtremeValue) -> str:
    limit = r"\frac{1}{\mathrm{scale}}e^{-z}\exp\left(-e^{-z}\right)" + WHERE
    return written(law, limit if is_zero(law, "c") else template(law))


@density.register
def _kappa(law: Kappa4) -> str:
    slope, rate = SLOPES[is_zero(law, "k")], RATES[is_zero(law, "k")]
    last = (
        rf"\exp\left(-{rate}\right)"
        if is_zero(law, "h")
        else rf"\left(1-\mathrm{{h}}{rate}\right)^{{1/\mathrm{{h}}-1}}"
    )
    return written(law, rf"\frac{{1}}{{\mathrm{{scale}}}}{slope}{last}" + WHERE)


@density.register
def _noncentral(law: NoncentralChiSquared) -> str:
    return written(law, NO_CENTRE if is_zero(law, "nonc") else template(law))
