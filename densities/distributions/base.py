"""Laws: what every distribution is and does, whatever it is made of.

A law answers on two levels. The *raw* methods (`raw_logpdf`, `raw_cdf`, ...) are formulas of its continuous part: they
take points inside the support, plain or `Anchored`, check nothing and may return either kind. The point masses stand
apart, in `atoms`. The public methods (`logpdf`, `cdf`, ...) take what a user passes, add the atoms, decide the support,
limits at its ends, NaN and infinities, and return plain floats and arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from densities.anchored import Anchored, choose, value
from densities.arrays import generator_of, in_parts, quiet
from densities.distributions import moments
from densities.distributions.arithmetic import Arithmetic
from densities.distributions.evaluation import Evaluation
from densities.distributions.foreign_names import no_attribute
from densities.distributions.masses import log_mass, score, solve_quantile
from densities.distributions.narrow import mass_in_digits
from densities.distributions.pins import pinned
from densities.domains import Domain, Interval
from densities.errors import ParameterError, ShapeError, argument_error
from densities.foreign import is_foreign, summed, to_numpy
from densities.numerics.streams import Stream
from densities.parameters import Fixed, as_parameter, number_text, same_attributes, same_parameters
from densities.protocols import as_distribution, density_latex, is_law, many_digits, simplify
from densities.registry import NameRegistry

registry = NameRegistry("distribution", group="densities.distributions")

# Quantiles that show the centre and the scale of a law; the first two also from above.
LEVELS = np.array([0.02, 0.25, 0.5])


@dataclass(frozen=True, eq=False)
class Part:
    """One term of an expectation: weight · E_root[f(forward(x))], integrated in the coordinates of `root`.

    `forward(x)` gives (y, log|dy/dx|); `preimages(y)` gives the points that points y come from; `breaks` are points of the
    root where the map is not smooth; the part is `injective` where a y comes from one x only, of this part or another.
    """

    weight: float
    root: Any
    forward: Callable[[Any], tuple[Any, Any]]
    preimages: Callable[[np.ndarray], np.ndarray]
    breaks: tuple[float, ...] = ()
    injective: bool = True

    def pinned(self, images: Sequence[float] | np.ndarray) -> Part:
        """The part, but nodes at preimages of `images` go to these exactly, and keep their distance from there."""
        forward = pinned(self.forward, self.preimages, images)
        return self if forward is self.forward else replace(self, forward=forward)


class Distribution(Fixed, Arithmetic):
    """A probability law: immutable, without random state; `params` holds its parameters.

    Points have shape (...) + batch_shape + event_shape: arrays of parameters make a batch of laws, vectors are events. Laws
    have SciPy's methods (pdf, cdf, sf, ppf, isf, their logarithms, rvs, mean, ...); `pmf` is for point masses, of which `pdf`
    knows nothing. NumPy's functions, arithmetic and `>>` carry a law through a map: np.exp(X), 2*X + 1, X >> Exp().
    `==` is identity, `same_as` compares by value; `str` gives the text that `parse` reads.
    """

    batch_shape: tuple[int, ...] = ()
    event_shape: tuple[int, ...] = ()
    name: str = ""
    # Whether draws are NumPy's own and little else: then threads share many of them.
    shared_draws: bool = False

    if not TYPE_CHECKING:  # mypy takes a class with this method for one that has every attribute

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(no_attribute(type(self), name), name=name, obj=self)

    @property
    def support(self) -> Domain:
        """The smallest set that carries the law."""
        raise NotImplementedError

    @property
    def measure(self) -> str:
        """What densities refer to: "lebesgue", "counting" (point masses only) or "mixed"."""
        return "lebesgue"

    @property
    def unfolded(self) -> tuple[Any, tuple[Any, ...]]:
        """The innermost law, and all maps that lead from it to this one."""
        return self, ()

    def replace(self, **changes: Any) -> Any:
        """The same law with some parameters changed: `Normal(0, 1).replace(scale=2)`."""
        return type(self)(**{**self.params, **changes})

    def same_as(self, other: object) -> bool:
        """Whether both are the same law, by construction and value; `==` is identity."""
        return self is other or (
            type(self) is type(other)
            and isinstance(other, Distribution)
            and same_parameters(self.params, other.params)
            and same_attributes(self, other)
        )

    def rvs(self, size: int | tuple[int, ...] | None = None, *, rng: Any = None) -> Any:
        """Draws of shape size + batch_shape + event_shape; a scalar for size None and a scalar law.

        `rng` is a seed, a NumPy Generator or None. Of more than 65,536 numbers, laws that NumPy draws by itself and their
        images take each part from a stream of its own that `rng` seeds: the same for any number of threads.
        """
        shape = _size(size) + self.batch_shape
        generator = generator_of(rng)
        with quiet():
            draws = np.asarray(self.plain_draws(generator, shape))
        return float(draws) if draws.ndim == 0 else draws

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
        """The scalar law at `index` of the batch, its parameters broadcast to `shape`."""
        if not self.batch_shape:
            return self
        return self.replace(**{name: np.broadcast_to(p, shape)[index] for name, p in self.params.items()})

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """Draws of exactly `shape` + event_shape, broadcasting the batch."""
        raise NotImplementedError

    def plain_draws(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """The draws rounded to doubles."""
        if self.shared_draws and not self.batch_shape:
            return in_parts(
                lambda generator, count: value(self.draw(generator, (count,))), shape, rng, self.event_shape
            )
        return value(self.draw(rng, shape))

    def parts(self) -> Sequence[Part]:
        """The law as a sum of roots pushed through maps, for expectations."""
        return (Part(1.0, self, lambda x: (x, 0.0), lambda y: y),)

    def joined_parts(self) -> Sequence[Part]:
        """The parts, those in the coordinate of the law itself as one: for quadrature, which needs no one to draw from."""
        return self.parts()

    def of_parts(self, weights: Any) -> Any:
        """The law whose parts are these with other weights: of one part, itself."""
        return self

    def closed_mean(self) -> Any:
        """The mean where it is known in closed form, otherwise None; so the other `closed_` summaries."""
        return None

    closed_var = closed_std = closed_cov = closed_median = closed_mode = closed_entropy = closed_mean

    def simplify(self) -> Distribution:
        """The same law by its shortest name where one is known: exp(normal) is log_normal."""
        return simplify(self)

    def __str__(self) -> str:
        name = self.name or f"<{type(self).__name__}>"
        if any(np.ndim(p) for p in self.params.values()):
            return f"<{self.name or type(self).__name__} of batch shape {self.batch_shape}>"
        listed = ", ".join(f"{key}={number_text(p)}" for key, p in self.params.items())
        return f"{name}({listed})"

    def __repr__(self) -> str:
        listed = ", ".join(f"{key}={number_text(p) if np.ndim(p) == 0 else repr(p)}" for key, p in self.params.items())
        return f"{type(self).__name__}({listed})"

    def latex(self) -> str:
        """The density in LaTeX, with its support."""
        return density_latex(self)

    def density_expr(self) -> Any:
        """The density as a SymPy expression in y, piecewise on the support; see `distributions.symbolic`."""
        return import_module("densities.distributions.symbolic").density_expr(self)

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"


def _size(size: Any) -> tuple[int, ...]:
    if size is None:
        return ()
    listed = isinstance(size, tuple | list) or (isinstance(size, np.ndarray) and size.ndim > 0)
    shape = tuple(size) if listed else (size,)
    if not all(isinstance(n, int | np.integer) and n >= 0 for n in shape):
        raise ShapeError(argument_error("size", "None, a non-negative integer or a tuple of them", size))
    return tuple(int(n) for n in shape)


class Univariate(Evaluation, Distribution):
    """A law on the line, with SciPy's whole method table, right in both tails."""

    # Whether one formula answers for all members of a batch.
    broadcasts = True
    # The parameters that shift the law and stretch it, of a family that has such.
    location_name: str | None = None
    scale_name: str | None = None

    @property
    def support(self) -> Interval:
        raise NotImplementedError

    # ---- raw: formulas on points inside the support, plain or anchored ----

    def raw_logpdf(self, x: Any) -> Any:
        """log density of the continuous part."""
        raise NotImplementedError

    def raw_cdf(self, x: Any) -> Any:
        """The continuous mass at or below x."""
        return np.exp(self.raw_logcdf(x))

    def raw_sf(self, x: Any) -> Any:
        """The continuous mass above x."""
        return np.exp(self.raw_logsf(x))

    def raw_logcdf(self, x: Any) -> Any:
        """log of the continuous mass at or below x."""
        raise NotImplementedError

    def raw_logsf(self, x: Any) -> Any:
        """log of the continuous mass above x."""
        raise NotImplementedError

    def raw_mass(self, a: Any, b: Any) -> Any:
        """P(a < X <= b) for a <= b, to relative accuracy."""
        return np.exp(self.raw_log_mass(a, b))

    def raw_log_mass(self, a: Any, b: Any) -> Any:
        """log of the continuous mass between a and b, to relative accuracy of the mass."""
        return log_mass(self, a, b)

    def raw_ppf(self, q: Any) -> Any:
        """The point x with F(x) = q."""
        return self.raw_log_ppf(np.log(q))

    def raw_isf(self, q: Any) -> Any:
        """The point x with 1 - F(x) = q."""
        return self.raw_log_isf(np.log(q))

    def raw_log_ppf(self, logq: Any) -> Any:
        """The point x with log F(x) = logq."""
        return solve_quantile(self, logq, lower=True)

    def raw_log_isf(self, logq: Any) -> Any:
        """The point x with log(1 - F(x)) = logq."""
        return solve_quantile(self, logq, lower=False)

    @property
    def critical_points(self) -> Sequence[float]:
        """Points inside the support where the density is a limit: images of poles and of critical points."""
        return ()

    def raw_total_ppf(self, q: Any) -> Any:
        """The quantile of the whole law, atoms included."""
        if not len(self.atoms[0]):
            return self.raw_ppf(q)
        return solve_quantile(self, np.log(q), lower=True)

    draw_dimension = 1
    # Whether quantiles are cheap enough to draw by inversion.
    inverts_fast = True
    # The standard draws that NumPy makes faster than quantiles, where points of the law are a rising function of such.
    stream: Stream | None = None

    def from_stream(self, z: Any) -> Any:
        """The points that draws of the stream make."""
        return z

    def draw_from(self, source: Any) -> Any:
        """Draws from a source of uniforms, one for each point."""
        return self.raw_total_ppf(source.uniforms(1)[:, 0])

    def carriers(self) -> Sequence[Interval]:
        """The intervals, from left to right, outside of which the continuous part has no mass."""
        return (self.support,)

    @property
    def fragile(self) -> bool:
        """Whether plain doubles lose points near an end of the support that is not zero: then points travel anchored."""
        return False

    @property
    def remote_ends(self) -> tuple[Any, ...]:
        """Ends that doubles round and next to nothing of the law comes near: points beside them alone travel anchored."""
        return ()

    @property
    def atoms(self) -> tuple[np.ndarray, np.ndarray]:
        """The point masses: (locations, masses), in increasing order of location."""
        return np.empty(0), np.empty(0)

    @property
    def log_atoms(self) -> tuple[np.ndarray, np.ndarray]:
        """(locations, logarithms of the masses), which may be of masses below the doubles."""
        locations, masses = self.atoms
        with quiet():
            return locations, np.log(masses)

    @property
    def log_continuous_mass(self) -> float:
        """The log of the mass that is not in atoms."""
        return 0.0

    @property
    def takes_points_as_they_are(self) -> bool:
        """Whether formulas are known to meet points unrounded."""
        return False

    @property
    def log_lost(self) -> float:
        """The size of what cancels in the log-density, a constant whose rounding remains."""
        return 0.0

    def logpdf_anywhere(self, x: Any) -> Any:
        """The raw log-density, and -inf outside the support."""
        support, x = self.support, self._placed(x)
        if support.is_real_line:
            return self.raw_logpdf(x)
        inside = np.asarray(support.contains(x))
        return choose(inside, self.raw_logpdf(choose(inside, x, support.interior_point())), -np.inf)

    def anywhere(self, method: str, x: Any) -> Any:
        """One of the raw distribution functions at any point: `method` is cdf, sf, logcdf or logsf."""
        support, mass, x = self.support, self.log_continuous_mass, self._placed(x)
        below, above = np.asarray(x <= support.low), np.asarray(x >= support.high)
        inner = getattr(self, f"raw_{method}")(choose(below | above, support.interior_point(), x))
        ends = (-np.inf, mass) if method.startswith("log") else (0.0, np.exp(mass))
        first, last = ends if method.endswith("cdf") else ends[::-1]
        return choose(below, first, choose(above, last, inner))

    def marks(self) -> np.ndarray:
        """Points where an integration over this law should split, (points, *batch): quantiles, kinks; in no order."""
        levels = LEVELS.reshape(-1, *(1,) * len(self.batch_shape))
        with quiet():
            quantiles = np.concatenate([value(self.raw_ppf(levels)), value(self.raw_isf(levels[:2]))])
        kinks = self.kinks()
        return np.concatenate([quantiles, kinks]) if len(kinks) else quantiles

    def landmarks(self) -> np.ndarray:
        """The marks of a scalar law in order, each once."""
        return self._known_landmarks

    @cached_property
    def _known_landmarks(self) -> np.ndarray:
        points = np.ravel(self.marks())
        points = np.unique(points[np.isfinite(points)])
        points.flags.writeable = False
        return points

    def guide(self) -> np.ndarray:
        """Points in order, over the mass and far into the tails, to look for quantiles from; empty where these are formulas."""
        return np.empty(0)

    def kinks(self) -> np.ndarray:
        """Interior points where the density is not smooth."""
        return np.empty(0)

    # ---- public ----

    @many_digits
    def logpdf(self, y: Any) -> Any:
        """log density at y (nats): -inf outside the support, the one-sided limit at its ends, NaN for NaN.

        For a law with atoms this is the density of the continuous part; `logpmf` has the atoms.
        """
        return self._log_density(self.raw_logpdf, y, finish=value)

    @many_digits
    def pdf(self, y: Any) -> Any:
        """Density at y: 0 outside the support, the one-sided limit at its ends."""
        return self._log_density(self.raw_logpdf, y, finish=np.exp)

    @many_digits
    def logpmf(self, y: Any) -> Any:
        """log P(Y = y): -inf where there is no atom."""
        return self._at_atoms(y, *self.log_atoms, elsewhere=-np.inf)

    @many_digits
    def pmf(self, y: Any) -> Any:
        """P(Y = y): the mass of the atom at y, 0 where there is none."""
        return self._at_atoms(y, *self.atoms, elsewhere=0.0)

    def _at_atoms(self, y: Any, locations: np.ndarray, masses: np.ndarray, elsewhere: float) -> Any:
        points, restore = self._points(y)
        index = np.minimum(np.searchsorted(locations, points), max(len(locations) - 1, 0))
        found = (locations[index] == points) if len(locations) else np.zeros(points.shape, bool)
        result = np.where(found, masses[index] if len(masses) else elsewhere, elsewhere)
        result = np.where(np.isnan(points), np.nan, result)
        return restore(np.broadcast_to(result, np.broadcast_shapes(points.shape, self.batch_shape)))

    @many_digits
    def cdf(self, y: Any) -> Any:
        """P(Y <= y)."""
        return self._distribution(self.raw_cdf, y, np.add, below=0.0, above=1.0, lower=True)

    @many_digits
    def sf(self, y: Any) -> Any:
        """P(Y > y), by its own path: never 1 - cdf."""
        return self._distribution(self.raw_sf, y, np.add, below=1.0, above=0.0, lower=False)

    @many_digits
    def logcdf(self, y: Any) -> Any:
        """log P(Y <= y)."""
        return self._distribution(self.raw_logcdf, y, np.logaddexp, below=-np.inf, above=0.0, lower=True)

    @many_digits
    def logsf(self, y: Any) -> Any:
        """log P(Y > y)."""
        return self._distribution(self.raw_logsf, y, np.logaddexp, below=0.0, above=-np.inf, lower=False)

    @many_digits
    def ppf(self, q: Any = None, *, logp: Any = None) -> Any:
        """The quantile inf{y : F(y) >= q}, of a probability or of its logarithm; NaN for q outside [0, 1]."""
        return self._quantile(q, logp, self.raw_total_ppf, self.raw_log_ppf, lower=True)

    @many_digits
    def isf(self, q: Any = None, *, logp: Any = None) -> Any:
        """The upper quantile inf{y : P(Y > y) <= q}, of a probability or of its logarithm."""
        return self._quantile(q, logp, self.raw_isf, self.raw_log_isf, lower=False)

    def prob(self, a: Any, b: Any) -> Any:
        """P(a < Y <= b), to relative accuracy however small the interval; 0 for b <= a."""
        a, b = self._ends_of(a, b)
        with quiet():
            result = self._interval_mass_seen(a, b)
            if self.batch_shape:
                result = self._member_by_member(Univariate._interval_mass, result, a, b)
        result = np.where(np.isnan(a) | np.isnan(b), np.nan, result)
        return float(result) if result.ndim == 0 else result

    def _interval_mass_seen(self, a: np.ndarray, b: np.ndarray) -> Any:
        if self.narrowness.blurs(fragile=self.fragile) and not self.batch_shape:
            return mass_in_digits(self, lambda: self._interval_mass(a, b), a, b)
        if self._corners is not None:
            return self._corners.settled_intervals(a, b, self._interval_mass)
        return self._interval_mass(a, b)

    def _interval_mass(self, a: np.ndarray, b: np.ndarray) -> Any:
        support = self.support
        low, high = np.maximum(a, value(support.low)), np.minimum(b, value(support.high))
        empty = ~(low < high)
        inner = value(self.raw_mass(*self._placed_ends(low, high)))
        # Formulas for masses need not hold at the ends of the support; there the tails themselves answer, and the whole.
        from_low = (a <= value(support.low)) & np.logical_not(self._on_inner_ends(a))
        to_high = (b >= value(support.high)) & np.logical_not(self._on_inner_ends(b))
        inner = np.where(to_high, value(self.anywhere("sf", low)), inner)
        inner = np.where(from_low, value(self.anywhere("cdf", high)), inner)
        inner = np.where(from_low & to_high, np.exp(self.log_continuous_mass), inner)
        result = np.where(empty, 0.0, inner)
        return result + self._atoms_between(a, b) if len(self.atoms[0]) else result

    def loglik(self, data: Any) -> Any:
        """The log-likelihood of independent observations: densities where there are no atoms, masses where there are.

        Of data or parameters by another library it is a number of that library, which has derivatives.
        """
        data = data if is_foreign(data) else np.asarray(self._points(data)[0], dtype=float)
        if self.measure == "lebesgue":
            return summed(self.logpdf(data))
        if self.measure == "counting":
            return summed(self.logpmf(data))
        data = to_numpy(data) if is_foreign(data) else data
        masses = self.pmf(data)
        with quiet():
            return summed(np.where(masses > 0, np.log(masses), self.logpdf(data)))

    def score(self, y: Any) -> Any:
        """d log density / dy, NaN but inside the support: right to rounding where the formula of the density has a
        derivative here, by central differences with steps matched to the scale elsewhere.
        """
        self._points(y)  # which refuses what is no array of numbers
        return score(self, y)

    # ---- moments and summaries: closed where known, otherwise through the engine ----

    @many_digits
    def mean(self) -> Any:
        """E[Y]: nan where it does not exist, ±inf where it is infinite."""
        return moments.mean(self)

    def var(self) -> Any:
        """E[(Y - E Y)²]: inf wherever E(Y - c)² is infinite for every c."""
        return moments.variance(self)

    def std(self) -> Any:
        """The square root of the variance, also where the doubles hold it and not its square."""
        return moments.deviation(self)

    def moment(self, order: int) -> Any:
        """E[Y^order]."""
        return moments.moment(self, order)

    def skewness(self) -> Any:
        """E[Z³] of Z = (Y - E Y)/std Y: nan where the variance is 0 or infinite, or the integral has no value."""
        return moments.standardised(self, 3, "skewness")

    def kurtosis(self) -> Any:
        """E[Z⁴] of Z = (Y - E Y)/std Y, 3 for normal laws: nan where the variance is 0 or infinite, inf where E[Z⁴] is."""
        return moments.standardised(self, 4, "kurtosis")

    def median(self) -> Any:
        """The quantile at 1/2, exact where the law knows its centre."""
        known = self.closed_median()
        return (self.ppf(0.5) if known is None else known) + 0.0  # no -0

    def mode(self) -> Any:
        """The point of largest density."""
        return moments.mode(self)

    @many_digits
    def entropy(self) -> Any:
        """The differential entropy E[-log f(Y)] in nats."""
        return moments.entropy(self)

    def expect(self, function: Callable[[np.ndarray], Any]) -> float:
        """E[f(Y)] as a float; `dn.expect` returns it with its error."""
        return moments.expectation(self, function)

    def interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """The central interval that holds `level` of the mass."""
        level = as_parameter("interval", "level", level, Interval(0.0, 1.0, low_closed=True, high_closed=True))
        tail = (1.0 - level) / 2.0
        return self.ppf(tail), self.isf(tail)

    # ---- atoms ----

    def _atoms_beside(self, points: Any, *, logs: bool, lower: bool) -> Any:
        """The mass of the atoms at or below each point, or above it."""
        locations, masses = self.log_atoms if logs else self.atoms
        add, nothing = (np.logaddexp, -np.inf) if logs else (np.add, 0.0)
        cumulative = add.accumulate(np.append(nothing, masses if lower else masses[::-1]))
        cumulative = cumulative if lower else cumulative[::-1]
        return cumulative[np.searchsorted(locations, value(points), side="right")]

    def _atoms_between(self, a: np.ndarray, b: np.ndarray) -> Any:
        """The mass of the atoms in (a, b], summed by itself: it may be next to nothing beside what lies on both sides."""
        locations, masses = self.atoms
        first, last = np.broadcast_arrays(*(np.searchsorted(locations, end, side="right") for end in (a, b)))
        sums = np.add.reduceat(np.append(masses, 0.0), np.stack([first, last], axis=-1).ravel())[::2]
        return np.where(first < last, sums.reshape(first.shape), 0.0)

    def total_log(self, points: Any, *, lower: bool) -> Any:
        """log F or log(1 - F) at points of the support, atoms included."""
        if not len(self.atoms[0]):
            return self._raw(self.raw_logcdf if lower else self.raw_logsf, points)
        raw = value(self.anywhere("logcdf" if lower else "logsf", Anchored.exact(points)))
        return np.logaddexp(raw, self._atoms_beside(points, logs=True, lower=lower))


@as_distribution.register
def _(law: Distribution) -> Distribution:
    return law


@is_law.register
def _(candidate: Distribution) -> bool:
    return True


def register(
    name: str,
    *,
    examples: Sequence[Mapping[str, Any]] = ({},),
    aliases: Sequence[str] = (),
    source: str = "",
    **metadata: Any,
) -> Callable[[type], type]:
    """Class decorator: files a family under `name`, so that strings, the CLI and the tests know it."""

    def file(cls: type) -> type:
        if not (isinstance(cls, type) and issubclass(cls, Distribution)):
            raise ParameterError(argument_error("register", "a subclass of Distribution", cls))
        registry.register(name, aliases=aliases, examples=examples, source=source, **metadata)(cls)
        cls.name = name
        return cls

    return file


__all__ = ["Distribution", "Part", "Univariate", "register", "registry"]
