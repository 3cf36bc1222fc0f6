"""Continuous families on the line, by topic."""

from densities.distributions.continuous.asymmetric import GeneralizedNormal, InverseGaussian, SkewNormal
from densities.distributions.continuous.bounded import Arcsine, ContinuousBernoulli, Kumaraswamy, Triangular
from densities.distributions.continuous.circular import VonMises, WrappedCauchy
from densities.distributions.continuous.half import HalfCauchy, HalfNormal
from densities.distributions.continuous.heavy import StudentT
from densities.distributions.continuous.location_scale import Cauchy, Gumbel, Laplace, Logistic, Normal
from densities.distributions.continuous.positive import Exponential, Gamma, LogNormal
from densities.distributions.continuous.powers import (
    Chi,
    ChiSquared,
    Frechet,
    InverseGamma,
    Levy,
    Maxwell,
    Rayleigh,
    Weibull,
)
from densities.distributions.continuous.ratios import BetaPrime, F, LogLogistic, Lomax, Pareto
from densities.distributions.continuous.unit_interval import Beta, Uniform

__all__ = [
    "Arcsine",
    "Beta",
    "BetaPrime",
    "Cauchy",
    "Chi",
    "ChiSquared",
    "ContinuousBernoulli",
    "Exponential",
    "F",
    "Frechet",
    "Gamma",
    "GeneralizedNormal",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "InverseGamma",
    "InverseGaussian",
    "Kumaraswamy",
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
    "SkewNormal",
    "StudentT",
    "Triangular",
    "Uniform",
    "VonMises",
    "Weibull",
    "WrappedCauchy",
]
