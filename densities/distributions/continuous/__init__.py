"""Continuous families on the line, by topic."""

from densities.distributions.continuous.heavy import StudentT
from densities.distributions.continuous.location_scale import Cauchy, Gumbel, Laplace, Logistic, Normal
from densities.distributions.continuous.positive import Exponential, Gamma, LogNormal
from densities.distributions.continuous.unit_interval import Beta, Uniform

__all__ = ["Beta", "Cauchy", "Exponential", "Gamma", "Gumbel", "Laplace", "LogNormal", "Logistic", "Normal", "StudentT", "Uniform"]
