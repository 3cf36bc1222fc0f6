"""Laws: families, and what is made of them by maps, mixing and truncation."""

from densities.distributions import continuous
from densities.distributions.base import Distribution, Part, Univariate, register, registry
from densities.distributions.continuous import *  # noqa: F403
from densities.distributions.family import Family
from densities.distributions.mixture import Mixture
from densities.distributions.pushforward import Pushforward
from densities.distributions.truncated import Truncated, truncate

__all__ = ["Distribution", "Family", "Mixture", "Part", "Pushforward", "Truncated", "Univariate", "register", "registry", "truncate"]
__all__ += continuous.__all__
