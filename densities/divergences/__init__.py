"""Divergences: how far one law is from another."""

from densities.divergences.evaluate import Plan, kl, plan
from densities.divergences.information import cross_entropy, entropy
from densities.divergences.ratio import RadonNikodym, radon_nikodym

__all__ = ["Plan", "RadonNikodym", "cross_entropy", "entropy", "kl", "plan", "radon_nikodym"]
