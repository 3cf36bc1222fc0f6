"""Laws: what every distribution is and does, whatever it is made of.

A law answers on two levels. The *raw* methods (`raw_logpdf`, `raw_cdf`, ...) are formulas: they take points inside the
support, plain or `Anchored`, check nothing and may return either kind. The public methods (`logpdf`, `cdf`, ...) take what
a user passes, decide the support, limits at its ends, NaN and infinities, and return plain floats and arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from densities.anchored import Anchored, value
from densities.arrays import as_points, in_blocks, quiet
from densities.distributions.arithmetic import Arithmetic
from densities.domains import Domain, Interval
from densities.errors import ParameterError, ShapeError, UnsupportedOperationError, argument_error
from densities.parameters import batch_shape, number_text, same_parameters
from densities.protocols import as_distribution, is_law
from densities.registry import NameRegistry

registry = NameRegistry("distribution", group="densities.distributions")

# Offsets e^-L from an end at which a one-sided limit is read: a constant shows at the first, a trend between the others.
LIMIT_LOGS = (-80.0, -1e3, -1e6)


@dataclass(frozen=True, eq=False)
class Part:
    """One term of an expectation: weight · E_root[f(forward(x))], integrated in the coordinates of `root`.

    `forward(x)` gives (y, log|dy/dx|) or (y, None) where the map is not injective; `preimages(y)` gives the points that
    points y come from; `breaks` are points of the root where the map is not smooth.
    """

    weight: float
    root: Any
    forward: Callable[[Any], tuple[Any, Any]]
    preimages: Callable[[np.ndarray], np.ndarray]
    breaks: tuple[float, ...] = ()
    injective: bool = True


class Distribution(Arithmetic):
    """A probability law: immutable, without random state; `params` holds its parameters."""

    params: Mapping[str, Any]
    batch_shape: tuple[int, ...] = ()
    event_shape: tuple[int, ...] = ()
    name: str = ""

    @property
    def support(self) -> Domain:
        """The smallest set that carries the law."""
        raise NotImplementedError

    @property
    def measure(self) -> str:
        """What densities refer to: "lebesgue", "counting" (point masses only) or "mixed"."""
        return "lebesgue"

    def replace(self, **changes: Any) -> Any:
        """The same law with some parameters changed: `Normal(0, 1).replace(scale=2)`."""
        return type(self)(**{**self.params, **changes})

    def same_as(self, other: object) -> bool:
        """Whether both are the same law, by construction and value; `==` is identity."""
        return self is other or (type(self) is type(other) and isinstance(other, Distribution) and same_parameters(self.params, other.params))

    def rvs(self, size: int | tuple[int, ...] | None = None, *, rng: Any = None) -> Any:
        """Draws of shape size + batch_shape + event_shape; a scalar for size None and a scalar law."""
        shape = _size(size) + self.batch_shape
        generator = np.random.default_rng(rng)
        with quiet():
            draws = np.asarray(value(self.draw(generator, shape)))
        return float(draws) if draws.ndim == 0 else draws

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """Draws of exactly `shape` + event_shape, broadcasting the batch."""
        raise NotImplementedError

    def parts(self) -> Sequence[Part]:
        """The law as a sum of roots pushed through maps, for expectations."""
        return (Part(1.0, self, lambda x: (x, 0.0), lambda y: y),)

    def simplify(self) -> Distribution:
        """The same law by its shortest name where one is known: exp(normal) is log_normal."""
        from densities.distributions.identities import simplify

        return simplify(self)

    def __str__(self) -> str:
        if any(np.ndim(p) for p in self.params.values()):
            return f"<{self.name} of batch shape {self.batch_shape}>"
        listed = ", ".join(f"{key}={number_text(p)}" for key, p in self.params.items())
        return f"{self.name}({listed})"

    def __repr__(self) -> str:
        listed = ", ".join(f"{key}={number_text(p) if np.ndim(p) == 0 else repr(p)}" for key, p in self.params.items())
        return f"{type(self).__name__}({listed})"

    def latex(self) -> str:
        """The density in LaTeX, with its support."""
        from densities.distributions.latex import density_latex

        return density_latex(self)

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"


def _size(size: Any) -> tuple[int, ...]:
    if size is None:
        return ()
    shape = (size,) if np.ndim(size) == 0 else tuple(size)
    if not all(isinstance(n, int | np.integer) and n >= 0 for n in shape):
        raise ShapeError(argument_error("size", "None, a non-negative integer or a tuple of them", size))
    return tuple(int(n) for n in shape)


class Univariate(Distribution):
    """A law on the line, with SciPy's whole method table, right in both tails."""

    @property
    def support(self) -> Interval:
        raise NotImplementedError

    # ---- raw: formulas on points inside the support, plain or anchored ----

    def raw_logpdf(self, x: Any) -> Any:
        raise NotImplementedError

    def raw_cdf(self, x: Any) -> Any:
        return np.exp(self.raw_logcdf(x))

    def raw_sf(self, x: Any) -> Any:
        return np.exp(self.raw_logsf(x))

    def raw_logcdf(self, x: Any) -> Any:
        raise NotImplementedError

    def raw_logsf(self, x: Any) -> Any:
        raise NotImplementedError

    def raw_mass(self, a: Any, b: Any) -> Any:
        """P(a < X <= b) for a <= b, to relative accuracy."""
        return np.exp(self.raw_log_mass(a, b))

    def raw_log_mass(self, a: Any, b: Any) -> Any:
        from densities.distributions.masses import log_mass

        return log_mass(self, a, b)

    def raw_ppf(self, q: Any) -> Any:
        return self.raw_log_ppf(np.log(q))

    def raw_isf(self, q: Any) -> Any:
        return self.raw_log_isf(np.log(q))

    def raw_log_ppf(self, logq: Any) -> Any:
        """The point x with log F(x) = logq."""
        from densities.distributions.masses import solve_quantile

        return solve_quantile(self, logq, lower=True)

    def raw_log_isf(self, logq: Any) -> Any:
        """The point x with log(1 - F(x)) = logq."""
        from densities.distributions.masses import solve_quantile

        return solve_quantile(self, logq, lower=False)

    @property
    def fragile(self) -> bool:
        """Whether plain doubles lose points near an end of the support that is not zero: then points travel anchored."""
        return False

    @property
    def atoms(self) -> tuple[np.ndarray, np.ndarray]:
        """The point masses: (locations, masses), in increasing order of location."""
        return np.empty(0), np.empty(0)

    def landmarks(self) -> np.ndarray:
        """Points where an integration over this law should split: quantiles that show its centre and scale, kinks."""
        levels = np.array([0.02, 0.25, 0.5])
        with quiet():
            points = np.concatenate([np.ravel(value(self.raw_ppf(levels))), np.ravel(value(self.raw_isf(levels[:2]))), self.kinks()])
        return np.unique(points[np.isfinite(points)])

    def kinks(self) -> np.ndarray:
        """Interior points where the density is not smooth."""
        return np.empty(0)

    # ---- public ----

    def logpdf(self, y: Any) -> Any:
        """log density at y (nats): -inf outside the support, the one-sided limit at its ends, NaN for NaN.

        For a law with atoms this is the density of the continuous part; `logpmf` has the atoms.
        """
        return self._density(self.raw_logpdf, y, outside=-np.inf, finish=value)

    def pdf(self, y: Any) -> Any:
        """Density at y: 0 outside the support, the one-sided limit at its ends."""
        return self._density(self.raw_logpdf, y, outside=0.0, finish=lambda log: np.exp(value(log)))

    def logpmf(self, y: Any) -> Any:
        """log P(Y = y): -inf where there is no atom."""
        with quiet():
            return np.log(self.pmf(y)) if np.ndim(y) else float(np.log(self.pmf(y)))

    def pmf(self, y: Any) -> Any:
        """P(Y = y): the mass of the atom at y, 0 where there is none."""
        points, restore = self._points(y)
        locations, masses = self.atoms
        index = np.minimum(np.searchsorted(locations, points), max(len(locations) - 1, 0))
        found = (locations[index] == points) if len(locations) else np.zeros(points.shape, bool)
        result = np.where(found, masses[index] if len(masses) else 0.0, 0.0)
        return restore(np.where(np.isnan(points), np.nan, result))

    def cdf(self, y: Any) -> Any:
        """P(Y <= y)."""
        return self._distribution(self.raw_cdf, y, below=0.0, above=1.0)

    def sf(self, y: Any) -> Any:
        """P(Y > y), by its own path: never 1 - cdf."""
        return self._distribution(self.raw_sf, y, below=1.0, above=0.0)

    def logcdf(self, y: Any) -> Any:
        """log P(Y <= y)."""
        return self._distribution(self.raw_logcdf, y, below=-np.inf, above=0.0)

    def logsf(self, y: Any) -> Any:
        """log P(Y > y)."""
        return self._distribution(self.raw_logsf, y, below=0.0, above=-np.inf)

    def ppf(self, q: Any = None, *, logp: Any = None) -> Any:
        """The quantile inf{y : F(y) >= q}, of a probability or of its logarithm; NaN for q outside [0, 1]."""
        return self._quantile(q, logp, self.raw_ppf, self.raw_log_ppf, lower=True)

    def isf(self, q: Any = None, *, logp: Any = None) -> Any:
        """The upper quantile inf{y : P(Y > y) <= q}, of a probability or of its logarithm."""
        return self._quantile(q, logp, self.raw_isf, self.raw_log_isf, lower=False)

    def prob(self, a: Any, b: Any) -> Any:
        """P(a < Y <= b), to relative accuracy however small the interval; 0 for b <= a."""
        a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
        support = self.support
        low, high = np.maximum(a, value(support.low)), np.minimum(b, value(support.high))
        empty = ~(low < high)
        with quiet():
            inner = value(self.raw_mass(Anchored.exact(low), Anchored.exact(high)))
        result = np.where(np.isnan(a) | np.isnan(b), np.nan, np.where(empty, 0.0, inner))
        return float(result) if result.ndim == 0 else result

    def loglik(self, data: Any) -> float:
        """The log-likelihood of independent observations: densities where there are no atoms, masses where there are."""
        data = np.asarray(data, dtype=float)
        masses = self.pmf(data)
        with quiet():
            return float(np.sum(np.where(masses > 0, np.log(masses), self.logpdf(data))))

    def score(self, y: Any) -> Any:
        """d log density / dy, by central differences of the log-density with its steps matched to the scale."""
        from densities.distributions.masses import numeric_score

        return numeric_score(self, y)

    # ---- moments and summaries: closed where known, otherwise through the engine ----

    def mean(self) -> Any:
        """E[Y]: nan where it does not exist, ±inf where it is infinite."""
        from densities.distributions.moments import mean

        return mean(self)

    def var(self) -> Any:
        """E[(Y - E Y)²]: inf wherever E(Y - c)² is infinite for every c."""
        from densities.distributions.moments import variance

        return variance(self)

    def std(self) -> Any:
        """The square root of the variance."""
        result = np.sqrt(self.var())
        return float(result) if np.ndim(result) == 0 else result

    def moment(self, order: int) -> Any:
        """E[Y^order]."""
        from densities.distributions.moments import moment

        return moment(self, order)

    def median(self) -> Any:
        """The quantile at 1/2."""
        return self.ppf(0.5)

    def mode(self) -> Any:
        """The point of largest density."""
        from densities.distributions.moments import mode

        return mode(self)

    def entropy(self) -> Any:
        """The differential entropy E[-log f(Y)] in nats."""
        from densities.distributions.moments import entropy

        return entropy(self)

    def expect(self, function: Callable[[np.ndarray], Any]) -> float:
        """E[f(Y)] as a float; `dn.expect` returns it with its error."""
        from densities.distributions.moments import expectation

        return expectation(self, function)

    def interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """The central interval that holds `level` of the mass."""
        if not 0 <= level <= 1:
            raise ParameterError(argument_error("level", "a probability", level))
        tail = (1.0 - level) / 2.0
        return self.ppf(tail), self.isf(tail)

    # ---- how public methods treat what a user passes ----

    def _points(self, y: Any) -> tuple[np.ndarray, Callable[[Any], Any]]:
        points, restore = as_points(y)
        if points.dtype == object:
            raise ShapeError(argument_error("y", "an array of numbers", y))
        if self.batch_shape and points.ndim == 0:
            return points, lambda result: result
        return points, restore

    def _raw(self, formula: Callable[[Any], Any], points: np.ndarray) -> Any:
        """The formula on points inside the support, anchored where doubles would not do."""
        if self.fragile:
            return value(formula(Anchored.exact(points)))
        result = np.asarray(value(formula(points)))
        poor = ~np.isfinite(result)
        if not poor.any():
            return result
        if self.batch_shape:
            return np.where(poor, value(formula(Anchored.exact(points))), result)
        return _patched(result, poor, value(formula(Anchored.exact(points[poor]))))

    def _density(self, formula: Callable[[Any], Any], y: Any, outside: float, finish: Callable[[Any], Any]) -> Any:
        points, restore = self._points(y)
        support = self.support
        with quiet():
            if support.is_real_line:
                result = self._blocks(formula, points)
                if np.isnan(result).any():
                    result = self._settle(formula, points, result, np.isfinite(points))
            else:
                inside = np.asarray(support.interior_contains(points))
                if inside.all():
                    result = self._blocks(formula, points)
                else:
                    result = np.where(inside, self._blocks(formula, np.where(inside, points, support.interior_point()).astype(points.dtype)), -np.inf)
                    result = self._at_ends(formula, points, result)
                result = self._settle(formula, points, result, inside)
            return restore(np.asarray(finish(result), dtype=result.dtype))

    def _blocks(self, formula: Callable[[Any], Any], points: np.ndarray) -> np.ndarray:
        if self.batch_shape:
            return np.asarray(self._raw(formula, points))
        return in_blocks(lambda block: self._raw(formula, block), points).astype(points.dtype, copy=False)

    def _settle(self, formula: Callable[[Any], Any], points: np.ndarray, result: np.ndarray, inside: np.ndarray) -> np.ndarray:
        """NaN points give NaN; a NaN of the formula inside the support is replaced by its limit."""
        lost = np.isnan(result)
        if lost.any():
            result = np.where(lost & ~inside, -np.inf, result)
            lost = np.isnan(result) & np.isfinite(points)
            if lost.any():
                limits = np.fmax(self._limit(formula, points, 1.0), self._limit(formula, points, -1.0))
                result = np.where(lost, limits, result)
        missing = np.isnan(points)
        return np.where(missing, points, result) if missing.any() else result

    def _at_ends(self, formula: Callable[[Any], Any], points: np.ndarray, result: np.ndarray) -> np.ndarray:
        for end, direction in ((self.support.low, 1.0), (self.support.high, -1.0)):
            there = np.asarray(points == value(end)) & np.isfinite(points) & ~isinstance(end, Anchored)
            if there.any():
                result = np.where(there, self._limit(formula, np.where(there, points, 0.0) if self.batch_shape else np.asarray(value(end)), direction), result)
        return result

    def _limit(self, formula: Callable[[Any], Any], points: Any, direction: float) -> Any:
        """lim log f(points ± e^L) as L falls: read where it has settled, ±inf where it has a trend."""
        first, second, last = (np.asarray(value(formula(Anchored.from_log(np.full(np.shape(points), log), direction, np.asarray(points, float)))))
                               for log in LIMIT_LOGS)
        settled = np.abs(last - second) <= 1e-6 * (1 + np.abs(second))
        trend = np.where(last > second, np.inf, -np.inf)
        steady = np.where(np.abs(first - second) <= 1e-9 * (1 + np.abs(second)), first, last)
        return np.where(settled, steady, np.where(np.isnan(last), np.where(np.isnan(second), first, second), trend))

    def _distribution(self, formula: Callable[[Any], Any], y: Any, below: float, above: float) -> Any:
        points, restore = self._points(y)
        support = self.support
        with quiet():
            low, high = np.asarray(points < support.low), np.asarray(points >= value(support.high))
            if not len(self.atoms[0]):
                low = low | np.asarray(points <= value(support.low))
            elif np.ndim(value(support.low)) == 0 and value(support.low) == -np.inf:
                low = low | (points == -np.inf)
            if isinstance(support.high, Anchored):
                high = np.asarray(points >= support.high)
            outside = low | high | np.isnan(points)
            if not outside.any():
                return restore(self._blocks(formula, points))
            safe = np.where(outside, support.interior_point(), points).astype(points.dtype)
            result = np.where(low, below, np.where(high, above, self._blocks(formula, safe)))
            return restore(np.where(np.isnan(points), np.nan, result).astype(points.dtype))

    def _quantile(self, q: Any, logp: Any, formula: Callable, log_formula: Callable, *, lower: bool) -> Any:
        if (q is None) == (logp is None):
            raise ParameterError(argument_error("q, logp", "exactly one of them", (q, logp)))
        given, restore = self._points(q if logp is None else logp)
        first, last = (0.0, 1.0) if logp is None else (-np.inf, 0.0)
        support = self.support
        at_first, at_last = (support.low, support.high) if lower else (support.high, support.low)
        with quiet():
            inside = (given > first) & (given < last)
            safe = np.where(inside, given, 0.5 if logp is None else -0.6931471805599453)
            inner = value((formula if logp is None else log_formula)(safe))
            result = np.where(inside, inner, np.where(given == first, value(at_first), np.where(given == last, value(at_last), np.nan)))
            return restore(np.asarray(result).astype(given.dtype, copy=False))


def _patched(result: np.ndarray, where: np.ndarray, values: Any) -> np.ndarray:
    result = np.array(result)
    result[where] = values
    return result


@as_distribution.register
def _(law: Distribution) -> Distribution:
    return law


@is_law.register
def _(candidate: Distribution) -> bool:
    return True


class Family(Univariate):
    """A parametric family: a subclass holds the formulas of its standard member and names its location and scale.

    `parameters` declares the parameters; `location` and `scale` name those that shift and stretch. The formulas `_logpdf`,
    `_cdf`, ... take z = (x - loc)/scale and then the remaining (shape) parameters in their declared order, as scalars or
    broadcasting arrays. Point formulas must accept `Anchored` z.
    """

    parameters: Mapping[str, Any] = {}
    location: str | None = None
    scale: str | None = None

    def __init__(self, *args: Any, **kwargs: Any):
        from densities.parameters import bind

        self.params = bind(self.name or type(self).__name__, self.parameters, args, kwargs)
        self.batch_shape = batch_shape(self.name, self.params)
        self._loc = self.params[self.location] if self.location else 0.0
        self._scale = self.params[self.scale] if self.scale else 1.0
        self._shapes = tuple(p for name, p in self.params.items() if name not in (self.location, self.scale))
        self._log_scale = np.log(self._scale)
        self._shifted = np.ndim(self._loc) > 0 or self._loc != 0.0
        self._scaled = np.ndim(self._scale) > 0 or self._scale != 1.0
        self.validate()

    def validate(self) -> None:
        """Conditions that tie several parameters together; raises ParameterError."""

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        """The support of the standard member."""
        return Interval()

    @property
    def support(self) -> Interval:
        if not hasattr(self, "_support"):
            standard = self.standard_support(*self._shapes)
            low, high = (end if np.ndim(end) == 0 and not np.isfinite(end) and not (np.ndim(self._loc) or np.ndim(self._scale))
                         else self._loc + self._scale * end for end in (standard.low, standard.high))
            self._support = Interval(low, high, low_closed=standard.low_closed, high_closed=standard.high_closed)
        return self._support

    def standardise(self, x: Any) -> Any:
        if self._shifted:
            x = x - self._loc
        return x / self._scale if self._scaled else x

    def restore(self, z: Any) -> Any:
        if self._scaled:
            z = z * self._scale
        return z + self._loc if self._shifted else z

    def raw_logpdf(self, x: Any) -> Any:
        result = self._logpdf(self.standardise(x), *self._shapes)
        return result - self._log_scale if self._scaled else result

    def raw_cdf(self, x: Any) -> Any:
        return self._cdf(self.standardise(x), *self._shapes)

    def raw_sf(self, x: Any) -> Any:
        return self._sf(self.standardise(x), *self._shapes)

    def raw_logcdf(self, x: Any) -> Any:
        return self._logcdf(self.standardise(x), *self._shapes)

    def raw_logsf(self, x: Any) -> Any:
        return self._logsf(self.standardise(x), *self._shapes)

    def raw_log_mass(self, a: Any, b: Any) -> Any:
        return self._log_mass(self.standardise(a), self.standardise(b), *self._shapes)

    def raw_mass(self, a: Any, b: Any) -> Any:
        return self._mass(self.standardise(a), self.standardise(b), *self._shapes)

    def raw_ppf(self, q: Any) -> Any:
        return self.restore(self._ppf(q, *self._shapes))

    def raw_isf(self, q: Any) -> Any:
        return self.restore(self._isf(q, *self._shapes))

    def raw_log_ppf(self, logq: Any) -> Any:
        return self.restore(self._log_ppf(logq, *self._shapes))

    def raw_log_isf(self, logq: Any) -> Any:
        return self.restore(self._log_isf(logq, *self._shapes))

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return self.restore(self._draw(rng, shape, *self._shapes))

    def kinks(self) -> np.ndarray:
        standard = np.asarray(self._kinks(*self._shapes), dtype=float)
        return np.ravel(self.restore(standard)) if standard.size else standard

    # ---- formulas of the standard member; a family gives the first five, and more where the defaults are not good ----

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        raise NotImplementedError

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        raise NotImplementedError

    def _sf(self, z: Any, *shapes: Any) -> Any:
        raise NotImplementedError

    def _ppf(self, q: Any, *shapes: Any) -> Any:
        raise NotImplementedError

    def _isf(self, q: Any, *shapes: Any) -> Any:
        raise NotImplementedError

    def _logcdf(self, z: Any, *shapes: Any) -> Any:
        """log F; a family whose F underflows gives its own."""
        return np.log(self._cdf(z, *shapes))

    def _logsf(self, z: Any, *shapes: Any) -> Any:
        return np.log(self._sf(z, *shapes))

    def _mass(self, a: Any, b: Any, *shapes: Any) -> Any:
        return np.exp(self._log_mass(a, b, *shapes))

    def _log_mass(self, a: Any, b: Any, *shapes: Any) -> Any:
        from densities.distributions.masses import log_mass

        return log_mass(self._standard_view(), a, b)

    def _log_ppf(self, logq: Any, *shapes: Any) -> Any:
        from densities.distributions.masses import solve_quantile

        return solve_quantile(self._standard_view(), logq, lower=True)

    def _log_isf(self, logq: Any, *shapes: Any) -> Any:
        from densities.distributions.masses import solve_quantile

        return solve_quantile(self._standard_view(), logq, lower=False)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], *shapes: Any) -> Any:
        """Draws of the standard member: by inversion unless NumPy has the family."""
        u = rng.random(shape)
        return self._ppf(np.where(u == 0.0, 2.0**-54, u), *shapes)

    def _kinks(self, *shapes: Any) -> Sequence[float]:
        return ()

    def _standard_view(self) -> Univariate:
        """The standard member itself, for the numeric defaults."""
        return self.standard() if self._shifted or self._scaled else self

    def standard(self) -> Any:
        """The member of the family with location 0 and scale 1."""
        changes = {name: default for name, default in ((self.location, 0.0), (self.scale, 1.0)) if name}
        return self.replace(**changes)


def register(name: str, *, examples: Sequence[Mapping[str, Any]] = ({},), aliases: Sequence[str] = (), source: str = "",
             **metadata: Any) -> Callable[[type], type]:
    """Class decorator: files a family under `name`, so that strings, the CLI and the tests know it."""

    def file(cls: type) -> type:
        if not (isinstance(cls, type) and issubclass(cls, Distribution)):
            raise ParameterError(argument_error("register", "a subclass of Distribution", cls))
        registry.register(name, aliases=aliases, examples=examples, source=source, **metadata)(cls)
        cls.name = name  # type: ignore[attr-defined]
        return cls

    return file


__all__ = ["Distribution", "Family", "Part", "Univariate", "UnsupportedOperationError", "register", "registry"]
