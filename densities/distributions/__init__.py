"""Laws: families, and what is made of them by maps, mixing and truncation.

Every law
    base, evaluation            the methods of a law on the line, and how they treat what a user passes
    moments, masses             mean, variance, entropy and mode; masses and quantiles where a law has no formula for them
    arithmetic, functions       NumPy's arithmetic on laws; push(law, function)
    foreign_names               what other libraries call the methods
Families
    family                      location, scale and shapes; a subclass has the formulas of the standard member
    continuous, discrete        the families on the line and of point masses, by topic
    formulas, map_formulas      densities, maps, inverses and slopes as plain formulas, for SymPy and for explanations
Images g(X)
    pushforward                 the change-of-variables rule: density, distribution function, atoms
    pushed_parts, pushed_quantiles   expectations in base coordinates; quantiles and draws
    branches, route, supports   the monotone pieces, the way of a point through a chain, whether X lives where g is defined
    cancelling, corners, narrow, pins, steep, stated_errors   places at which doubles lose the digits of a density on that way
    periodic, waves             sin, cos and tan of wide laws
Other laws on the line
    mixture, truncated          sums of densities; X given low < X <= high
    independent                 sums, products, ratios, extremes and order statistics of independent laws, by name or by
    convolution, product_ratio, order, listed   quadrature of the density (its tools: frames, overlap, ladders, log_abs)
    from_density, adapters      laws of a user's log-density, of SciPy, torch and NumPyro, of samples
    torch_composites            what those two make of other laws, part by part
    members                     batches whose members are laws of different kinds
Point masses
    lattice, strands, tables    integers under maps that never turn back; masses given one by one
Laws of vectors and matrices
    vector_base, matrix_base, vector_moments   their methods; mean, covariance and expectations
    elliptical, dirichlet, ball, wishart, lkj, product   families; independent entries
    array_pushforward, vector_pushforward, matrix_pushforward   images under bijections
    vector_mixture                         mixtures
Other ways to answer
    identities                  simplify(law): the name of an image
    latex, symbolic, explain    the density in LaTeX, as a SymPy expression, factor by factor at a point
    digits, precise, precise_order   many digits, `dps=`
    foreign                     points of torch, JAX and CuPy
    to_scipy, to_torch, to_numpyro   the law as another library has it, by scipy_families and torch_families
Words
    root, part      the innermost law of a chain of maps, in whose coordinates expectations are taken; a root with its weight
                    and the map from it: a law is a sum of parts
    piece, branch   a stretch on which a map is monotone or constant; a monotone one that carries mass, with its way back
    anchored        of a point: known as a place and the distance from it, so that no distance from an end is rounded away
    narrow          of a law: many of its widths from 0, so that doubles hardly tell its points apart
    marks           points at which integrals are split: quantiles, kinks, ends; landmarks are those of one law, in order
    strand          integers k with their masses and a map that never turns: the atoms g(k) of a law of point masses
    pin             a point of a root that doubles round, from which the distance is taken all the same
"""

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
from densities.distributions.lkj import LKJCholesky
from densities.distributions.matrix_base import MatrixDistribution
from densities.distributions.matrix_pushforward import MatrixPushforward
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
from densities.distributions.wishart import InverseWishart, Wishart
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
    "InverseWishart",
    "LKJCholesky",
    "MatrixDistribution",
    "MultivariateNormal",
    "MultivariateT",
    "Product",
    "UniformBall",
    "VectorDistribution",
    "VectorMixture",
    "MatrixPushforward",
    "VectorPushforward",
    "Wishart",
]
__all__ += ["FromDensity", "KernelDensity", "as_distribution", "push", "to_numpyro", "to_scipy", "to_torch"]
__all__ += ["difference_of", "maximum", "minimum", "order_statistic", "product_of", "ratio_of", "sum_of"]
__all__ += continuous.__all__
__all__ += discrete.__all__
