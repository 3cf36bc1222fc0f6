"""What the families of scipy.stats are here: by SciPy's name, from the shape parameters to the law with loc 0, scale 1.

Each line is checked by the tests against SciPy's own density.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from densities.distributions import continuous as c
from densities.distributions import discrete as d
from densities.distributions.truncated import truncate

__all__ = ["COUNTS", "FAMILIES"]


def _generalized_pareto(shape: float) -> Any:
    """(e^{cE} - 1)/c of an exponential E; E itself for c = 0."""
    return np.expm1(shape * c.Exponential()) / shape if shape else c.Exponential()


def _generalized_extreme(shape: float) -> Any:
    """(1 - E^c)/c of an exponential E; -log E for c = 0. SciPy's sign of c."""
    return (1.0 - c.Exponential() ** shape) / shape if shape else c.Gumbel()


FAMILIES: dict[str, Callable[..., Any]] = {
    "norm": c.Normal,
    "lognorm": lambda s: c.LogNormal(0.0, s),
    "uniform": c.Uniform,
    "expon": c.Exponential,
    "gamma": c.Gamma,
    "erlang": c.Gamma,
    "invgamma": c.InverseGamma,
    "chi2": c.ChiSquared,
    "chi": c.Chi,
    "beta": c.Beta,
    "betaprime": c.BetaPrime,
    "arcsine": c.Arcsine,
    "f": c.F,
    "t": c.StudentT,
    "cauchy": c.Cauchy,
    "halfcauchy": c.HalfCauchy,
    "halfnorm": c.HalfNormal,
    "laplace": c.Laplace,
    "logistic": c.Logistic,
    "gumbel_r": c.Gumbel,
    "gumbel_l": lambda: -c.Gumbel(),
    "rayleigh": c.Rayleigh,
    "maxwell": c.Maxwell,
    "levy": c.Levy,
    "levy_l": lambda: -c.Levy(),
    "weibull_min": c.Weibull,
    "weibull_max": lambda shape: -c.Weibull(shape),
    "invweibull": c.Frechet,
    "fisk": c.LogLogistic,
    "pareto": c.Pareto,
    "lomax": c.Lomax,
    "invgauss": lambda mu: c.InverseGaussian(mu, 1.0),
    "wald": lambda: c.InverseGaussian(1.0, 1.0),
    "triang": lambda mode: c.Triangular(0.0, mode, 1.0),
    "skewnorm": c.SkewNormal,
    "gennorm": c.GeneralizedNormal,
    "vonmises_line": c.VonMises,
    "powerlaw": lambda a: c.Beta(a, 1.0),
    "truncnorm": lambda a, b: truncate(c.Normal(), a, b),
    "truncexpon": lambda b: truncate(c.Exponential(), 0.0, b),
    "loguniform": lambda a, b: np.exp(c.Uniform(np.log(a), np.log(b))),
    "reciprocal": lambda a, b: np.exp(c.Uniform(np.log(a), np.log(b))),
    "foldnorm": lambda mean: abs(c.Normal(mean)),
    "foldcauchy": lambda loc: abs(c.Cauchy(loc)),
    "halflogistic": lambda: abs(c.Logistic()),
    "hypsecant": lambda: np.log(c.HalfCauchy()),
    "loggamma": lambda shape: np.log(c.Gamma(shape)),
    "loglaplace": lambda shape: np.exp(c.Laplace(0.0, 1.0 / shape)),
    "moyal": lambda: -2.0 * np.log(c.HalfNormal()),
    "gompertz": lambda rate: np.log1p(c.Exponential() / rate),
    "genpareto": _generalized_pareto,
    "genextreme": _generalized_extreme,
    "gengamma": lambda a, power: c.Gamma(a) ** (1.0 / power),
    "nakagami": lambda nu: np.sqrt(c.Gamma(nu, 1.0 / nu)),
    "burr12": lambda power, a: c.Lomax(a) ** (1.0 / power),
    "burr": lambda power, a: c.Lomax(a) ** (-1.0 / power),
    "johnsonsu": lambda a, b: np.sinh(c.Normal(-a / b, 1.0 / b)),
    "semicircular": lambda: 2.0 * c.Beta(1.5, 1.5) - 1.0,
    "alpha": c.Alpha,
    "anglit": c.Anglit,
    "bradford": c.Bradford,
    "dgamma": c.DoubleGamma,
    "dweibull": c.DoubleWeibull,
    "exponweib": c.ExponentiatedWeibull,
    "fatiguelife": c.BirnbaumSaunders,
    "genlogistic": c.GeneralizedLogistic,
    "halfgennorm": c.HalfGeneralizedNormal,
    "johnsonsb": c.JohnsonSB,
    "kappa4": c.Kappa4,
    "laplace_asymmetric": c.AsymmetricLaplace,
    "ncx2": c.NoncentralChiSquared,
    "recipinvgauss": lambda mu: c.ReciprocalInverseGaussian(mu, 1.0),
    "rice": c.Rice,
    "rdist": lambda shape: 2.0 * c.Beta(0.5 * shape, 0.5 * shape) - 1.0,
}

COUNTS: dict[str, Callable[..., Any]] = {
    "bernoulli": d.Bernoulli,
    "binom": d.Binomial,
    "geom": d.Geometric,
    "nbinom": d.NegativeBinomial,
    "poisson": d.Poisson,
    "zipf": d.Zipf,
    "randint": lambda low, high: d.DiscreteUniform(low, np.subtract(high, 1)),
}
