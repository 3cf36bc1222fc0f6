"""Laws of other libraries, taken wherever a distribution is: `as_distribution(scipy.stats.norm(0, 2))`.

A law is recognised by the name of its type, so nothing is imported that the caller has not imported. Where this library
has the family, the law becomes one of ours, with its tails and closed forms; any other law on the line is taken by its
log-density and support (`FromDensity`), and its distribution functions are integrated here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from scipy.special import log_ndtr

from densities.anchored import value
from densities.arrays import quiet
from densities.distributions.base import registry
from densities.distributions.continuous import Logistic, Normal, Uniform
from densities.distributions.dirichlet import Dirichlet
from densities.distributions.discrete import Binomial
from densities.distributions.elliptical import MultivariateNormal, MultivariateT
from densities.distributions.from_density import FromDensity
from densities.distributions.independent import order_statistic
from densities.distributions.mixture import Mixture
from densities.distributions.scipy_families import COUNTS, FAMILIES
from densities.distributions.tables import Table
from densities.distributions.torch_composites import COMPOSITES, UnknownPartError, numbers
from densities.distributions.torch_families import TABLES, our_parameters
from densities.distributions.truncated import truncate
from densities.distributions.wishart import InverseWishart, Wishart
from densities.errors import ParameterError, UnsupportedOperationError, argument_error
from densities.protocols import as_distribution
from densities.transforms.spline import LinearSpline

__all__ = ["KernelDensity"]

# The most integers of a finite support that are listed one by one, and how far from 1 their masses may add up.
LISTED, MASS_TOLERANCE = 2**17, 1e-9
# A bin with less than this share of the mass before it begins anew: their sum would lose its digits.
FAINT = 2.0**-12
# Terms of a kernel sum held at once.
TERMS = 2**16


@as_distribution.register(object)
def _foreign(law: Any) -> Any:
    for kind in type(law).__mro__:
        adapter = ADAPTERS.get((kind.__module__.partition(".")[0], kind.__name__))
        adapted = None if adapter is None else adapter(law)
        if adapted is not None:
            return adapted
    expected = "a distribution, of this library or one that it can adapt"
    raise UnsupportedOperationError(argument_error("law", expected, law) + _hint(law))


def _hint(given: Any) -> str:
    """How a law is made of what was given for one."""
    if isinstance(given, str):
        return "; parse(text) makes one of a text"
    if isinstance(given, type):
        return f"; {given.__name__}(...), with its parameters, may be one"
    if callable(given):
        return "; a function goes before the law in expect, after it in push"
    if np.iterable(given):
        return "; draws make one by scipy.stats.gaussian_kde(draws), or by rv_histogram(numpy.histogram(draws))"
    return ""


# ---- scipy.stats: frozen laws ----


def _generic(law: Any) -> Any:
    """A family that is not frozen: its standard member, where it has no shape parameters."""
    if law.numargs:
        raise ParameterError(
            argument_error("law", f"the parameters ({law.shapes}) given, as in scipy.stats.{law.name}(...)", law)
        )
    return as_distribution(law())


def _continuous(law: Any) -> Any:
    shapes, loc, scale = law.dist._parse_args(*law.args, **law.kwds)
    family = FAMILIES.get(law.dist.name) if _is_scipys_own(law.dist) else None
    if family is not None:
        return _placed(family(*shapes), loc, scale)
    if type(law.dist).__name__ == "rv_histogram":
        return _placed(_histogram(law.dist), loc, scale)
    return _by_density(law, f"scipy.stats.{law.dist.name}", partial(_rvs, law))


def _discrete(law: Any) -> Any:
    shapes, loc, _ = law.dist._parse_args(*law.args, **law.kwds)
    family = COUNTS.get(law.dist.name) if _is_scipys_own(law.dist) else None
    if family is not None:
        return _placed(family(*shapes), loc, 1.0)
    return _listed(law, law.pmf)


def _histogram(law: Any) -> Any:
    """scipy.stats.rv_histogram: lines from cumulated masses to edges, a component for each run of bins that are not empty."""
    heights, edges = (np.asarray(part, dtype=float) for part in law._histogram)
    masses = heights * np.diff(edges) if law._density else heights
    if not (np.all(masses >= 0.0) and 0.0 < np.sum(masses) < np.inf):
        raise ParameterError(argument_error("law", "a histogram with masses >= 0, not all of them 0", masses))
    runs: list[list[int]] = []
    total = np.inf
    for index, mass in enumerate(masses):
        if mass > 0.0 and mass < FAINT * total:
            runs.append([])
            total = 0.0
        total = total + mass if mass > 0.0 else np.inf
        if mass > 0.0:
            runs[-1].append(index)
    laws = [_along(masses[run], edges[run[0] : run[-1] + 2]) for run in runs]
    weights = np.array([np.sum(masses[run]) for run in runs])
    return laws[0] if len(laws) == 1 else Mixture(weights / weights.sum(), laws)


def _along(masses: np.ndarray, edges: np.ndarray) -> Any:
    """The law of constant density between neighbouring edges, each with a share of the mass."""
    if len(masses) == 1:
        return Uniform(*edges.tolist())
    total = np.append(0.0, np.cumsum(masses))
    return Uniform(0.0, total[-1]) >> LinearSpline(total, edges)


def _is_scipys_own(family: Any) -> bool:
    """A user's subclass may bear the name of a family without being it."""
    return type(family).__module__ in ("scipy.stats._continuous_distns", "scipy.stats._discrete_distns")


def _placed(standard: Any, loc: Any, scale: Any) -> Any:
    """loc + scale·X: by the family's own parameters where it has them, otherwise by arithmetic."""
    loc, scale = (float(part) if np.ndim(part) == 0 else np.asarray(part, dtype=float) for part in (loc, scale))
    if standard.scale_name:
        standard, scale = standard.replace(**{standard.scale_name: scale}), 1.0
    if standard.location_name:
        standard, loc = standard.replace(**{standard.location_name: loc}), 0.0
    moved = scale * standard + loc
    return moved if moved is standard else moved.simplify()


def _rvs(law: Any, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return law.rvs(size=shape, random_state=rng)


def _by_density(law: Any, name: str, sampler: Callable[[np.random.Generator, tuple[int, ...]], Any]) -> FromDensity:
    support = law.support()
    with quiet():
        batch = np.ndim(support[0]) or np.ndim(support[1]) or np.ndim(law.logpdf(0.0))
    if batch:
        raise UnsupportedOperationError(
            argument_error("law", "one law, not a batch, of a family that is unknown here", name)
        )
    return FromDensity(law.logpdf, support, sampler=sampler, name=name)


def _listed(law: Any, pmf: Callable[[np.ndarray], Any]) -> Table:
    """A law on finitely many integers, mass by mass."""
    low, high = (float(end) for end in law.support())
    if not high - low < LISTED:
        raise UnsupportedOperationError(argument_error("law", f"a known family, or at most {LISTED} point masses", law))
    masses = np.asarray(pmf(np.arange(low, high + 1.0)), dtype=float)
    if not abs(np.sum(masses) - 1.0) <= MASS_TOLERANCE:
        raise ParameterError(argument_error("law", "masses that add up to 1", float(np.sum(masses))))
    return Table(masses, low)


# ---- scipy.stats: random variables (SciPy >= 1.15) ----


def _random_variable(law: Any) -> Any:
    return _by_density(law, str(law), partial(_sample, law))


def _random_integer(law: Any) -> Any:
    return _listed(law, law.pmf)


def _made_of_family(law: Any) -> Any:
    """By scipy.stats.make_distribution: one of SciPy's own families, whose methods it has, by the parameters of that."""
    makers = {getattr(part, "__self__", None) for part in vars(type(law)).values()}
    for one in filter(_is_scipys_own, makers):
        kind = FAMILIES.get(one.name) or COUNTS.get(one.name)  # type: ignore[union-attr]
        if kind is not None:
            names = (one.shapes or "").replace(",", " ").split()  # type: ignore[union-attr]
            return kind(*(_plain(getattr(law, name)) for name in names))
    return None


def _plain(parameter: Any) -> Any:
    return float(parameter) if np.ndim(parameter) == 0 else np.asarray(parameter, dtype=float)


def _within(law: Any) -> Any:
    """The variable that another one is a function of."""
    return as_distribution(law._dist)


def _sample(law: Any, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return law.sample(shape, rng=rng)


def _family(kind: Callable[..., Any], *names: str) -> Callable[[Any], Any]:
    """Where SciPy's class is a family of ours: its parameters in the order of ours."""
    return lambda law: kind(*(np.asarray(getattr(law, name))[()] for name in names))


def _multivariate_t(law: Any) -> Any:
    """SciPy's with infinite degrees of freedom is the normal law."""
    given = law.loc, law.shape
    return MultivariateNormal(*given) if np.isposinf(law.df) else MultivariateT(law.df, *given)


# ---- kernel density estimates ----


class KernelDensity(FromDensity):
    """f(x) = Σ wᵢ φ((x - xᵢ)/h)/h: the mixture of the normal laws at `points`, all of scale h = `bandwidth`.

    Distribution functions are the sums of those of the normal laws, by their logarithms.
    """

    def __init__(self, points: np.ndarray, weights: np.ndarray, bandwidth: float):
        self.points, self.weights, self.bandwidth = points, weights, bandwidth
        super().__init__(self._log_of_sum, sampler=self._sampled, name=f"kernel density of {len(points)} points")

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, KernelDensity)
            and self.bandwidth == other.bandwidth
            and np.array_equal(self.points, other.points)
            and np.array_equal(self.weights, other.weights)
        )

    def _sum(self, x: Any, log_term: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """log Σ wᵢ exp(log_term(zᵢ)), zᵢ = (x - xᵢ)/h, a block of x at a time."""
        x = np.asarray(value(x), dtype=float)
        flat, step = x.ravel(), max(1, TERMS // len(self.points))
        result = np.empty(flat.shape)
        for i in range(0, flat.size, step):
            logs = log_term((flat[i : i + step, None] - self.points) / self.bandwidth)
            top = logs.max(axis=-1)
            shift = np.where(np.isfinite(top), top, 0.0)
            result[i : i + step] = np.log(np.exp(logs - shift[:, None]) @ self.weights) + shift
        return result.reshape(x.shape)

    def _log_of_sum(self, x: Any) -> np.ndarray:
        return self._sum(x, lambda z: -0.5 * z * z) - np.log(self.bandwidth * np.sqrt(2 * np.pi))

    def _tail_mass(self, points: np.ndarray, *, lower: bool) -> np.ndarray:
        return self._sum(points, lambda z: log_ndtr(z if lower else -z))

    def _sampled(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.choice(self.points, size=shape, p=self.weights) + self.bandwidth * rng.standard_normal(shape)


def _kernels(estimate: Any) -> Any:
    """scipy.stats.gaussian_kde: of points on the line one law, of vectors the mixture of multivariate normals."""
    covariance = np.asarray(estimate.covariance)
    if len(covariance) == 1:
        return KernelDensity(
            np.array(estimate.dataset[0]), np.array(estimate.weights), float(np.sqrt(covariance[0, 0]))
        )
    return Mixture(estimate.weights, [MultivariateNormal(point, covariance) for point in estimate.dataset.T])


# ---- torch.distributions and NumPyro ----


def _shared(ours: str, names: dict[str, str]) -> Callable[[Any], Any]:
    """One of their families that is also ours."""

    def adapted(law: Any) -> Any:
        return registry.get(ours).factory(**our_parameters(law, names, numbers))

    return adapted


def _composed(adapter: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """One of their laws that are made of others; with a part that is unknown here, by its log-density."""

    def adapted(law: Any) -> Any:
        try:
            return adapter(law)
        except UnknownPartError as unknown:
            try:
                return _of_log_prob(law)
            except UnsupportedOperationError as error:
                raise UnsupportedOperationError(f"{error}: {unknown}") from unknown

    return adapted


def _of_log_prob(law: Any) -> Any:
    """Any other law of theirs on the line, by its log-density and its support."""
    kind = type(law).__name__
    if tuple(law.batch_shape) or tuple(law.event_shape) or law.support.is_discrete:
        raise UnsupportedOperationError(
            argument_error("law", "one law on the line with a density, of a family that is unknown here", kind)
        )
    library = type(law).__module__.partition(".")[0]
    points = import_module("torch" if library == "torch" else "jax.numpy")

    def log_density(x: Any) -> np.ndarray:
        given = np.asarray(value(x), dtype=float)
        return np.asarray(numbers(law.log_prob(points.asarray(given))), dtype=float)

    ends = (_end(law.support, "lower_bound", -np.inf), _end(law.support, "upper_bound", np.inf))
    return FromDensity(log_density, ends, name=f"{library} {kind}")


def _end(constraint: Any, name: str, default: float) -> float:
    return float(numbers(getattr(constraint, name, default)))


ADAPTERS: dict[tuple[str, str], Callable[[Any], Any]] = {
    **{
        (library, theirs): _shared(ours, names)
        for library, table in TABLES.items()
        for ours, (theirs, names) in table.items()
    },
    **{key: _composed(adapter) for key, adapter in COMPOSITES.items()},
    ("torch", "Distribution"): _of_log_prob,
    ("numpyro", "Distribution"): _of_log_prob,
    ("scipy", "rv_continuous_frozen"): _continuous,
    ("scipy", "rv_discrete_frozen"): _discrete,
    ("scipy", "rv_continuous"): _generic,
    ("scipy", "rv_discrete"): _generic,
    ("scipy", "Normal"): _family(Normal, "mu", "sigma"),
    ("scipy", "Uniform"): _family(Uniform, "a", "b"),
    ("scipy", "Logistic"): _family(Logistic),
    ("scipy", "Binomial"): _family(Binomial, "n", "p"),
    ("scipy", "CustomDistribution"): _made_of_family,
    ("scipy", "ShiftedScaledDistribution"): lambda law: _plain(law.scale) * _within(law) + _plain(law.loc),
    ("scipy", "FoldedDistribution"): lambda law: abs(_within(law)),
    ("scipy", "MonotonicTransformedDistribution"): lambda law: law._g(_within(law)),
    ("scipy", "TruncatedDistribution"): lambda law: truncate(_within(law), _plain(law.lb), _plain(law.ub)),
    ("scipy", "OrderStatisticDistribution"): lambda law: order_statistic(_within(law), _plain(law.r), _plain(law.n)),
    ("scipy", "Mixture"): lambda law: Mixture(law.weights, [as_distribution(one) for one in law.components]),
    ("scipy", "ContinuousDistribution"): _random_variable,
    ("scipy", "DiscreteDistribution"): _random_integer,
    ("scipy", "gaussian_kde"): _kernels,
    ("scipy", "rv_histogram"): _histogram,
    ("scipy", "multivariate_normal_frozen"): _family(MultivariateNormal, "mean", "cov"),
    ("scipy", "multivariate_t_frozen"): _multivariate_t,
    ("scipy", "dirichlet_frozen"): _family(Dirichlet, "alpha"),
    ("scipy", "wishart_frozen"): _family(Wishart, "df", "scale"),
    ("scipy", "invwishart_frozen"): _family(InverseWishart, "df", "scale"),
}
