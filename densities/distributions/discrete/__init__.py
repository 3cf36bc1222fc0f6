"""Laws of point masses: families on the integers, images of integers, roundings of continuous laws.

trials, counts, finite      Bernoulli, binomial, geometric, negative binomial; Poisson, zeta; categorical, delta, ...
images, roundings           laws of g(K), mixtures and truncations; floor, ceil, round and sign of a law with a density
shared                      what the families have in common
"""

from densities.distributions.discrete.counts import Poisson, Zipf
from densities.distributions.discrete.finite import Categorical, Delta, DiscreteUniform
from densities.distributions.discrete.images import DiscreteMixture, DiscreteTruncated, Image
from densities.distributions.discrete.roundings import Rounded, Stepped
from densities.distributions.discrete.trials import Bernoulli, Binomial, Geometric, NegativeBinomial

__all__ = [
    "Bernoulli",
    "Binomial",
    "Categorical",
    "Delta",
    "DiscreteMixture",
    "DiscreteTruncated",
    "DiscreteUniform",
    "Geometric",
    "Image",
    "NegativeBinomial",
    "Poisson",
    "Rounded",
    "Stepped",
    "Zipf",
]
