"""Continuous families on the line, by topic.

location_scale              normal, Cauchy, Laplace, logistic, Gumbel
heavy, asymmetric           Student's t; skew-normal, generalised normal, inverse Gaussian
positive, powers, gammas    exponential, log-normal, gamma; chi-squared, chi, Weibull, ...; generalised gamma, Nakagami
half, ratios                half-normal, half-Cauchy; F, beta prime, Pareto, Lomax, log-logistic
unit_interval, bounded, hyperbola   uniform, beta; Kumaraswamy, triangular, arcsine, ...; log-uniform, Bradford
circular                    von Mises, wrapped Cauchy
folded, mixed_tails, noncentral     |B| and ±B; tails of two terms; noncentral chi-squared, Rice
image                       families with all methods from a base and a chain of maps:
images_line, images_positive        Johnson's, extreme values, logit-normal, ...; Burr, Gompertz, log-Laplace, ...
shared, incomplete, entropies       what formulas share; incomplete gamma and beta functions; entropies of their laws
"""

from densities.distributions.continuous.asymmetric import GeneralizedNormal, InverseGaussian, SkewNormal
from densities.distributions.continuous.bounded import Arcsine, ContinuousBernoulli, Kumaraswamy, Triangular
from densities.distributions.continuous.circular import VonMises, WrappedCauchy
from densities.distributions.continuous.folded import (
    DoubleGamma,
    DoubleWeibull,
    FoldedCauchy,
    FoldedNormal,
    HalfStudentT,
)
from densities.distributions.continuous.gammas import GeneralizedGamma, HalfGeneralizedNormal, Nakagami
from densities.distributions.continuous.half import HalfCauchy, HalfNormal
from densities.distributions.continuous.heavy import StudentT
from densities.distributions.continuous.hyperbola import Bradford, LogUniform
from densities.distributions.continuous.images_line import (
    Anglit,
    GeneralizedExtremeValue,
    GeneralizedLogistic,
    GeneralizedPareto,
    HyperbolicSecant,
    JohnsonSB,
    JohnsonSU,
    Kappa4,
    LogGamma,
    LogitNormal,
    Moyal,
    Semicircular,
)
from densities.distributions.continuous.images_positive import (
    BirnbaumSaunders,
    Burr,
    Dagum,
    ExponentiatedWeibull,
    Gompertz,
    HalfLogistic,
    LogCauchy,
    LogLaplace,
    PowerFunction,
    ReciprocalInverseGaussian,
    SmithBain,
)
from densities.distributions.continuous.location_scale import Cauchy, Gumbel, Laplace, Logistic, Normal
from densities.distributions.continuous.mixed_tails import Alpha, AsymmetricLaplace, Lindley
from densities.distributions.continuous.noncentral import NoncentralChiSquared, Rice
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
    "Alpha",
    "Anglit",
    "Arcsine",
    "AsymmetricLaplace",
    "Beta",
    "BetaPrime",
    "BirnbaumSaunders",
    "Bradford",
    "Burr",
    "Cauchy",
    "Chi",
    "ChiSquared",
    "ContinuousBernoulli",
    "Dagum",
    "DoubleGamma",
    "DoubleWeibull",
    "Exponential",
    "ExponentiatedWeibull",
    "F",
    "FoldedCauchy",
    "FoldedNormal",
    "Frechet",
    "Gamma",
    "GeneralizedExtremeValue",
    "GeneralizedGamma",
    "GeneralizedLogistic",
    "GeneralizedNormal",
    "GeneralizedPareto",
    "Gompertz",
    "Gumbel",
    "HalfCauchy",
    "HalfGeneralizedNormal",
    "HalfLogistic",
    "HalfNormal",
    "HalfStudentT",
    "HyperbolicSecant",
    "InverseGamma",
    "InverseGaussian",
    "JohnsonSB",
    "JohnsonSU",
    "Kappa4",
    "Kumaraswamy",
    "Laplace",
    "Levy",
    "Lindley",
    "LogCauchy",
    "LogGamma",
    "LogLaplace",
    "LogLogistic",
    "LogNormal",
    "LogUniform",
    "Logistic",
    "LogitNormal",
    "Lomax",
    "Maxwell",
    "Moyal",
    "Nakagami",
    "NoncentralChiSquared",
    "Normal",
    "Pareto",
    "PowerFunction",
    "Rayleigh",
    "ReciprocalInverseGaussian",
    "Rice",
    "Semicircular",
    "SkewNormal",
    "SmithBain",
    "StudentT",
    "Triangular",
    "Uniform",
    "VonMises",
    "Weibull",
    "WrappedCauchy",
]
