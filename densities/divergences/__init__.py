"""Divergences: how far one law is from another."""

from densities.divergences.divergence import divergence
from densities.divergences.evaluate import Plan, kl, plan
from densities.divergences.generators import Generator, registry
from densities.divergences.information import cross_entropy, entropy
from densities.divergences.ratio import RadonNikodym, radon_nikodym

register = registry.register

__all__ = [
    "Generator",
    "Plan",
    "RadonNikodym",
    "cross_entropy",
    "divergence",
    "entropy",
    "kl",
    "plan",
    "radon_nikodym",
    "registry",
]
