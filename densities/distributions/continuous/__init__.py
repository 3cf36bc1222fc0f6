"""Continuous families on the line, by topic."""

from densities.distributions.continuous.heavy import StudentT
from densities.distributions.continuous.location_scale import Cauchy, Gumbel, Laplace, Logistic, Normal
from densities.distributions.continuous.positive import Exponential, Gamma, LogNormal
from densities.distributions.continuous.powers import (
    Chi,
    ChiSquared,
    Frechet,
    HalfNormal,
    InverseGamma,
    Levy,
    Maxwell,
    Rayleigh,
    Weibull,
)
from densities.distributions.continuous.ratios import BetaPrime, F, HalfCauchy, LogLogistic, Lomax, Pareto
from densities.distributions.continuous.unit_interval import Beta, Uniform

__all__ = [
    "Beta",
    "BetaPrime",
    "Cauchy",
    "Chi",
    "ChiSquared",
    "Exponential",
    "F",
    "Frechet",
    "Gamma",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "InverseGamma",
    "Laplace",
    "Levy",
    "LogLogistic",
    "LogNormal",
    "Logistic",
    "Lomax",
    "Maxwell",
    "Normal",
    "Pareto",
    "Rayleigh",
    "StudentT",
    "Uniform",
    "Weibull",
]
