"""Laws: families, and what is made of them by maps, mixing and truncation."""

from densities.distributions import continuous, digits, discrete, foreign, identities, latex, periodic, precise_order  # noqa: F401  (they file themselves with the protocols)
from densities.distributions.adapters import KernelDensity
from densities.distributions.ball import UniformBall
from densities.distributions.base import Distribution, Part, Univariate, register, registry
from densities.distributions.continuous import *  # noqa: F403
from densities.distributions.dirichlet import Dirichlet
from densities.distributions.discrete import *  # noqa: F403
from densities.distributions.elliptical import MultivariateNormal, MultivariateT
from densities.distributions.family import Family
from densities.distributions.from_density import FromDensity
from densities.distributions.functions import push
from densities.distributions.independent import (
    difference_of,
    maximum,
    minimum,
    order_statistic,
    product_of,
    ratio_of,
    sum_of,
)
from densities.distributions.latex import limits  # noqa: F401
from densities.distributions.matrix_base import MatrixDistribution
from densities.distributions.mixture import Mixture
from densities.distributions.product import Product
from densities.distributions.pushforward import Pushforward
from densities.distributions.to_numpyro import to_numpyro
from densities.distributions.to_scipy import to_scipy
from densities.distributions.to_torch import to_torch
from densities.distributions.truncated import Truncated, truncate
from densities.distributions.vector_base import ArrayDistribution, VectorDistribution
from densities.distributions.vector_mixture import VectorMixture
from densities.distributions.vector_pushforward import VectorPushforward
from densities.distributions.wishart import Wishart
from densities.protocols import as_distribution

__all__ = [
    "Distribution",
    "Family",
    "Mixture",
    "Part",
    "Pushforward",
    "Truncated",
    "Univariate",
    "register",
    "registry",
    "truncate",
]
__all__ += [
    "ArrayDistribution",
    "Dirichlet",
    "MatrixDistribution",
    "MultivariateNormal",
    "MultivariateT",
    "Product",
    "UniformBall",
    "VectorDistribution",
    "VectorMixture",
    "VectorPushforward",
    "Wishart",
]
__all__ += ["FromDensity", "KernelDensity", "as_distribution", "push", "to_numpyro", "to_scipy", "to_torch"]
__all__ += ["difference_of", "maximum", "minimum", "order_statistic", "product_of", "ratio_of", "sum_of"]
__all__ += continuous.__all__
__all__ += discrete.__all__
