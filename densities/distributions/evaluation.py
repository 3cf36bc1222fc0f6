"""How the public methods of a law on the line treat what a user passes.

Points become vectors, large ones go block by block, formulas run by their program (see `transforms.program`) where they
have one; the support, limits at its ends, NaN and infinities are decided outside the formulas, and where doubles would not
do the points travel anchored.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial, reduce
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, value
from densities.arrays import all_finite, as_points, extremes, in_blocks, least, quiet, some
from densities.distributions.corners import Corners
from densities.distributions.masses import by_members
from densities.distributions.narrow import WIDE, in_digits
from densities.domains import Interval
from densities.errors import ParameterError, ShapeError, UnsupportedOperationError, argument_error
from densities.logmath import NEAR_ONE, by_the_rest
from densities.parameters import joint_shape
from densities.protocols import ends_beyond_doubles
from densities.transforms.program import LARGE, Programs, programs_of

# Offsets e^-L from an end at which a one-sided limit is read: a constant shows at the first, a trend between the others.
# Parameters that are extreme turn a trend farther out: a log-normal density of width σ turns at L = σ².
LIMIT_LOGS, FARTHER = (-80.0, -1e3, -1e6), -1e15
# Logarithm of numbers that are near the end of the doubles.
LOG_TINY = -660.0
TINY = float(np.exp(LOG_TINY))
# Formulas of masses.
MASSES = ("raw_cdf", "raw_sf")
# Nearer to an end than this part of it, what rounding took from the end matters to a tail: some 1e-14 of it and more.
BESIDE = 2.0**-4
# So near to an end that next to nothing comes near: a logarithm of the density that is a square of that of the distance is
# then off by 1e-14 of it.
BESIDE_REMOTE = 2.0**-10
# Ulps that the double in the place of an end may miss it by.
NEXT = 64.0


class Evaluation:
    """The way from an array of a user to a formula and back, for `Univariate`."""

    batch_shape: tuple[int, ...]
    support: Any
    atoms: Any
    fragile: Any
    remote_ends: Any
    critical_points: Any
    # What watches over the terms of the log-density, where they may cancel.
    _cancelling: Any = None
    # How far doubles are too coarse for the law.
    narrowness: Any = WIDE
    _atoms_beside: Callable[..., Any]
    member: Callable[..., Any]
    raw_cdf: Callable[..., Any]
    raw_sf: Callable[..., Any]
    raw_logcdf: Callable[..., Any]
    raw_logsf: Callable[..., Any]

    def _points(self, y: Any, name: str = "y") -> tuple[np.ndarray, Callable[[Any], Any]]:
        points, restore = as_points(y, name)
        if points.dtype == object:
            raise ShapeError(argument_error(name, "an array of numbers", y))
        if not self.batch_shape:
            return points, restore
        try:
            np.broadcast_shapes(points.shape, self.batch_shape)
        except ValueError:
            expected = f"points of a shape that broadcasts with the batch {self.batch_shape}"
            raise ShapeError(f"{name}: expected {expected}, got the shape {points.shape}") from None
        return points, restore if points.ndim else lambda result: result

    def _ends_of(self, a: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
        """The ends of intervals as arrays of doubles."""
        a, b = (np.asarray(self._points(end)[0], dtype=float) for end in (a, b))
        joint_shape("prob", "ends", {"a": a.shape, "b": b.shape, "batch": self.batch_shape})
        return a, b

    @cached_property
    def _corners(self) -> Corners | None:
        """What watches over the places amid the support where the density has a pole or a zero."""
        watch = None if self.batch_shape or not len(self.critical_points) else Corners(self)
        return watch if watch is not None and watch.places.size else None

    @property
    def programs(self) -> Programs:
        """The programs of the formulas of this law."""
        return programs_of(self)

    def _by_blocks(self, method: Callable[..., np.ndarray], formula: Callable[[Any], Any], points: np.ndarray) -> Any:
        """method(formula, points), an elementwise method, on vectors."""
        return in_blocks(partial(method, formula), points, lambda: self.programs.has(formula.__name__, points.dtype))

    def _everywhere(
        self,
        method: Callable[[Any, Callable, np.ndarray], np.ndarray],
        formula: Callable[[Any], Any],
        points: np.ndarray,
    ) -> Any:
        """method(law, formula, points), an elementwise method, of this law, single or a batch."""
        if not self.batch_shape:
            return self._by_blocks(partial(method, self), formula, points)
        return self._member_by_member(
            lambda law, points: method(law, getattr(law, formula.__name__), points),
            method(self, formula, points),
            points,
        )

    def _told_apart(self, points: Any) -> Any:
        """Points of float32 as doubles, if some lie so near an end of the support, rounded to float32, that it decides."""
        if points.dtype != np.float32:
            return points
        ends = (np.asarray(value(end), dtype=float) for end in self.support.edges)
        beside = (np.isfinite(end) & (end != 0.0) & (np.abs(points - end) < BESIDE * np.abs(end)) for end in ends)
        return points.astype(float) if any(map(some, beside)) else points

    def _member_by_member(
        self, method: Callable[..., np.ndarray], result: np.ndarray, *points: np.ndarray
    ) -> np.ndarray:
        """The result of a batch, but method(law, *points) of single laws beside ends that doubles round."""
        near = (self._beside,) if self.fragile else (self._on_rounded_ends, self._beside_remote)
        if not some(beside := reduce(np.logical_or, (look(at) for look in near for at in points))):
            return result
        return by_members(self, method, result, beside, *points)

    def _beside(self, points: Any) -> Any:
        """Whether points lie so near an end of the support that doubles round that this matters to a tail."""
        return np.logical_or(*(self._beside_end(points, side)[1] for side in (0, 1)))

    def _beside_end(self, points: Any, side: int) -> tuple[Any, Any]:
        """Whether points lie near an end of the support, the nearer one, that is a number and not zero; beside one that
        doubles round."""
        ends = [value(end) for end in self.support.edges]
        end, other, slack = ends[side], ends[1 - side], self.support.slacks[side]
        gap, size = np.abs(points - end), np.abs(end)
        nearer, exact = np.isfinite(end) & (gap <= np.abs(points - other)), np.equal(slack, 0.0)
        return nearer & exact & (gap < 0.5 * size), nearer & ~exact & (gap < BESIDE * size)

    def _beside_remote(self, points: Any) -> Any:
        """Whether points lie beside an end that the law hardly comes near."""
        beside = (np.abs(points - end) < BESIDE_REMOTE * np.abs(end) for end in self.remote_ends)
        return reduce(np.logical_or, beside, False)

    def _on_rounded_ends(self, points: Any) -> Any:
        """Whether points are the doubles in the place of ends of the support that are none."""
        there: Any = False
        for side, _ in self._rounded_ends:
            end, slack = self.support.edges[side], self.support.slacks[side]
            there = there | (np.asarray(points == end) & np.isfinite(end) & np.not_equal(slack, 0.0))
        return there

    @cached_property
    def _rounded_ends(self) -> tuple[tuple[int, Any], ...]:
        """The ends of the support, with their sides, that doubles round."""
        ends = enumerate(zip(self.support.edges, self.support.slacks, strict=True))
        rounded = ((side, end) for side, (end, slack) in ends if some(slack) and not isinstance(end, Anchored))
        return tuple((side, end) for side, end in rounded if some(np.isfinite(end)))

    @cached_property
    def _room(self) -> tuple[float, float]:
        """Doubles between which points lie inside, whatever rounding took from the ends; NaN where none are known."""
        (low, high), (below, above) = self.support.edges, self.support.slacks
        known = type(low) is type(high) is float and np.ndim(below) == np.ndim(above) == 0
        return (float(low + below), float(high - above)) if known else (np.nan, np.nan)

    @cached_property
    def _watched(self) -> tuple[float, float]:
        """Doubles beyond which points lie beside an end that hides their digits: 0, or one that the law hardly comes near."""
        remote = () if self.batch_shape else self.remote_ends
        low, high = (end if type(end) is float else np.inf for end in self.support.edges)
        below, above = (TINY if end == 0.0 else BESIDE_REMOTE * abs(end) for end in (low, high))
        return (
            low + below if low == 0.0 or low in remote else -np.inf,
            high - above if high == 0.0 or high in remote else np.inf,
        )

    def _on_inner_ends(self, points: Any) -> Any:
        """Whether points are doubles in the place of ends of the support, or beside it, that lie beyond them: points inside."""
        inner: Any = False
        for side, end in self._rounded_ends:
            outward, reach = 2.0 * side - 1.0, NEXT * np.spacing(np.abs(end))
            gap = (points - end) * outward
            there = np.asarray((gap >= 0.0) & (gap <= reach))
            if some(there) and (rest := self._beyond_doubles[side]) * outward > 0.0:
                there &= gap < rest * outward
                inner = inner | there & self.support.interior_contains(Anchored(end, np.float64(-rest)))
        return inner

    def _beyond_ends(self, points: Any) -> Any:
        """Whether points lie outside the support though not beyond the double in the place of its end."""
        beyond: Any = False
        for side, end in self._rounded_ends:
            near = (np.abs(points - end) <= self.support.slacks[side]) & (points != end)
            if some(near):
                beyond = beyond | near & ((points - end - self._beyond_doubles[side]) * (2.0 * side - 1.0) > 0.0)
        return beyond

    def _raw(self, formula: Callable[[Any], Any], points: np.ndarray) -> Any:
        """The formula on points inside the support, those among them that are the double of an end beyond it."""
        if not self._blurred and some(self._on_inner_ends(points)):
            return value(formula(self._placed(points)))
        return self._strictly_inside(formula, points)

    def _raw_where(self, inside: np.ndarray, formula: Callable[[Any], Any], points: np.ndarray) -> Any:
        """The same at the points inside; what it gives elsewhere means nothing, and costs no digits."""
        if inside.all():
            return self._raw(formula, points)
        if not self._blurred:
            return self._raw(formula, np.where(inside, points, self.support.interior_point()).astype(points.dtype))
        result = np.zeros(points.shape)
        if inside.any():
            result[inside] = self._raw(formula, points[inside])
        return result

    @property
    def _blurred(self) -> bool:
        return self.narrowness.blurs(fragile=self.fragile) and not (self.batch_shape or len(self.atoms[0]))

    def _strictly_inside(self, formula: Callable[[Any], Any], points: np.ndarray, reach: Any = None) -> Any:
        """The formula on points strictly between the doubles of the ends, anchored where doubles would not do.

        `reach` is the least and the greatest point, where they are known.
        """
        if self._blurred:
            return in_digits(self, formula, points)
        beside = self._near_watched_end(points, reach)
        result = value(formula(self._placed(points))) if self.fragile else self._by_doubles(formula, points, beside)
        if not beside or formula.__name__ not in MASSES or len(self.atoms[0]):
            return result
        near, of_mass = _nearly_zero(points), partial(self._mass_near_zero, formula.__name__)
        if self.batch_shape:
            return np.where(near, of_mass(Anchored.exact(points)), result)
        return _patched(result, near, of_mass(Anchored.exact(points[near])))

    def _mass_near_zero(self, name: str, points: Anchored) -> Any:
        """A mass by the logarithm of that between an end at 0 and points that doubles hardly tell from it."""
        at_low = value(self.support.low) == 0.0
        log_near = value((self.raw_logcdf if at_low else self.raw_logsf)(points))
        return np.exp(log_near) if at_low == (name == "raw_cdf") else -np.expm1(log_near)

    def _by_doubles(self, formula: Callable[[Any], Any], points: np.ndarray, beside: bool) -> Any:
        """The formula on plain doubles, and anchored where it is lost or points lie `beside` an end that is watched."""
        if self.batch_shape:
            result = np.asarray(value(formula(points)))
        else:
            result = np.asarray(value(self.programs.run(formula.__name__, formula, points)))
        deep = least(result) < LOG_TINY
        if all_finite(result) and not (deep or beside):
            return result
        # Of what is nearly subnormal divisions by a scale leave few digits.
        lost = True if beside else result < LOG_TINY
        poor = ~np.isfinite(result) | (lost & _nearly_zero(points)) | self._beside_remote(points)
        if not poor.any():
            return result
        if self.batch_shape:
            return np.where(poor, value(formula(Anchored.exact(points))), result)
        return _patched(result, poor, value(formula(anchored(self._placed(points[poor])))))

    def _near_watched_end(self, points: np.ndarray, reach: Any) -> bool:
        """Whether some points lie where the share of an ulp, or what rounding took from an end, may matter."""
        low, high = self._watched
        if low == -np.inf and high == np.inf:
            return False
        least, greatest = extremes(points) if reach is None else reach
        return bool(least < low or greatest > high)

    def _placed(self, points: Any) -> Any:
        """Plain points as a fragile law needs them: as exact offsets from an end that is finite and not zero and near.

        Every law needs those so that are the doubles in the place of an end beyond them, or lie beside a remote end.
        """
        if not isinstance(points, np.ndarray | np.floating):
            return points
        if not (self.fragile or some(self._on_inner_ends(points)) or some(self._beside_remote(points))):
            return points
        anchor: Any = np.zeros(np.shape(points))
        lost: Any = 0.0
        inward: Any = 0.0
        for side, end in enumerate(self.support.edges):
            near, beside = self._beside_end(points, side)
            if some(beside) and np.isfinite(rest := self._beyond_doubles[side]):
                near, lost = near | beside, np.where(beside, rest, lost)
                inward = np.where(beside, 1.0 - 2.0 * side, inward)
            anchor = np.where(near, value(end), anchor)
        if not np.any(anchor):
            return Anchored.exact(points)
        offset = points - anchor - lost
        return Anchored(anchor, np.where(inward * offset < 0.0, 0.0, offset))  # doubles beyond an end are at the end

    def _placed_ends(self, low: Any, high: Any) -> tuple[Anchored, Anchored]:
        """The two ends of intervals, each as an offset from the end of the support that it is near, if it is near one."""
        return anchored(self._placed(low)), anchored(self._placed(high))

    @cached_property
    def _beyond_doubles(self) -> tuple[float, float]:
        """What the ends of the support are beyond the doubles in their place, NaN where it is not known."""
        return (np.nan, np.nan) if self.batch_shape else ends_beyond_doubles(self)

    @cached_property
    def _within_one_double(self) -> bool:
        """Whether both ends of the support, rounded ones, are one double."""
        low, high = (value(end) for end in self.support.edges)
        plain = not (self.batch_shape or len(self.atoms[0])) and np.ndim(low) == np.ndim(high) == 0
        return plain and bool(np.isfinite(low) and low == high and min(self.support.slacks) > 0.0)

    @cached_property
    def _side_of_its_double(self) -> int:
        """Whether that double lies below the support (-1) or above it (1), by the exact ends; refused where none tells."""
        below, above = self._beyond_doubles
        if below > 0.0 or above < 0.0:
            return -1 if below > 0.0 else 1
        if all(isinstance(end, Anchored) for end in self.support.edges) and not np.isnan(below + above):
            return 1 if value(self.support.high - value(self.support.high)) < 0.0 else -1
        told = f"the support of {self} lies within one double, and nothing tells on which side of {value(self.support.low)!r}"
        raise UnsupportedOperationError(f"{told}; rescale the law")

    # ---- densities ----

    def _log_density(self, formula: Callable[[Any], Any], y: Any, finish: Callable[[Any], Any]) -> Any:
        """finish(log-density) at what a user passes."""

        def finished(law: Any, formula: Callable[[Any], Any], points: np.ndarray) -> np.ndarray:
            return np.asarray(finish(law._density_at(formula, law._told_apart(points))), dtype=points.dtype)

        points, restore = self._points(y)
        with quiet():
            return restore(self._everywhere(finished, formula, points))

    def _density_at(self, formula: Callable[[Any], Any], points: np.ndarray) -> np.ndarray:
        support, (least, greatest) = self.support, (reach := extremes(points))
        low, high = self._room
        beyond: Any = False
        everywhere = low < least and greatest < high
        if not everywhere:
            beyond = self._beyond_ends(points)
            everywhere = support.surrounds(points) and not some(beyond)
        if everywhere:
            result = self._strictly_inside(formula, points, reach)
        else:
            inside = np.isfinite(points) if support.is_real_line else np.asarray(support.interior_contains(points))
            inside = (inside | self._on_inner_ends(points)) & np.logical_not(beyond)
            result = self._raw_where(inside, formula, points)
            result = np.where(inside, result, np.where(np.isnan(points), np.nan, -np.inf))
        if not everywhere or len(self.critical_points):
            result = self._at_limits(formula, points, result)
        if self._corners is not None:
            result = self._corners.settled(points, result)
        if self._cancelling is None or self._cancelling.spares(least, greatest):
            return result
        return self._cancelling.settled(points, result)

    def _at_limits(self, formula: Callable[[Any], Any], points: np.ndarray, result: np.ndarray) -> np.ndarray:
        """The one-sided limits at the ends of the support, and the larger one at points inside where the formula breaks."""
        ends = [end for end in self.support.edges if not isinstance(end, Anchored)]
        for place in [*ends, *self.critical_points]:
            there = np.asarray(points == place) & np.isfinite(points) & np.logical_not(self._on_inner_ends(points))
            if there.any():
                if np.ndim(place):
                    limit = self._limits(formula, np.where(there, points, self.support.interior_point()))
                else:
                    known, key = self.__dict__.setdefault("_known_limits", {}), (formula.__name__, float(place))
                    if key not in known:
                        known[key] = self._limits(formula, np.asarray(place))
                    limit = known[key]
                result = np.where(there, limit, result)
        return result

    def _limits(self, formula: Callable[[Any], Any], where: np.ndarray) -> np.ndarray:
        """The larger one of the limits from both sides that lie in the support."""
        low, high = (np.asarray(value(end), dtype=float) for end in self.support.edges)
        above = np.where(where < high, self._limit(formula, where, 1.0), -np.inf)
        below = np.where(where > low, self._limit(formula, where, -1.0), -np.inf)
        return np.fmax(above, below)

    def _limit(self, formula: Callable[[Any], Any], points: Any, direction: float) -> Any:
        """lim log f(points ± e^L) as L falls: read where it has settled, ±inf where it has a trend."""

        def at(log: float) -> np.ndarray:
            offset = np.full(np.shape(points), log)
            return np.asarray(value(formula(Anchored.from_log(offset, direction, np.asarray(points, float)))))

        first, second, last = map(at, LIMIT_LOGS)
        settled = np.abs(last - second) <= 1e-6 * (1 + np.abs(second))
        rises = last > second
        if not np.all(settled):
            farther = at(FARTHER)
            rises = np.where(np.isnan(farther) | (farther == last), rises, farther > last)
        trend = np.where(rises, np.inf, -np.inf)
        steady = np.where(np.abs(first - second) <= 1e-9 * (1 + np.abs(second)), first, last)
        return np.where(settled, steady, np.where(np.isnan(last), np.where(np.isnan(second), first, second), trend))

    # ---- masses ----

    def _distribution(
        self, formula: Callable[[Any], Any], y: Any, join: Callable, below: float, above: float, *, lower: bool
    ) -> Any:
        def masses(law: Any, formula: Callable[[Any], Any], points: np.ndarray) -> np.ndarray:
            told = law._told_apart(points)
            result = law._masses_at(formula, told, join, below, above, lower=lower)
            result = law._near_one(result, told, lower=lower) if join is np.logaddexp else result
            return result.astype(points.dtype, copy=False)

        points, restore = self._points(y)
        with quiet():
            return restore(self._everywhere(masses, formula, points))

    def _near_one(self, logs: np.ndarray, points: np.ndarray, *, lower: bool) -> np.ndarray:
        """Logarithms of F, or of 1 - F; those of numbers close to 1 by the other tail, which has all its digits."""
        near = logs > NEAR_ONE
        if not some(near):
            return logs
        rest, below, above = (self.raw_sf, 1.0, 0.0) if lower else (self.raw_cdf, 0.0, 1.0)
        chosen = points if self.batch_shape else points[near]
        tail = self._masses_at(rest, chosen, np.add, below, above, lower=not lower)
        return by_the_rest(logs, tail) if self.batch_shape else _patched(logs, near, by_the_rest(logs[near], tail))

    def _masses_at(
        self, formula: Callable, points: np.ndarray, join: Callable, below: float, above: float, *, lower: bool
    ) -> np.ndarray:
        result = self._masses_by_doubles(formula, points, join, below, above, lower=lower)
        if self._corners is None:
            return result
        return self._corners.settled_tails(formula.__name__.removeprefix("raw_"), points, result)

    def _masses_by_doubles(
        self, formula: Callable, points: np.ndarray, join: Callable, below: float, above: float, *, lower: bool
    ) -> np.ndarray:
        support = self.support
        if not len(self.atoms[0]) and support.surrounds(points):
            return self._strictly_inside(formula, points).astype(points.dtype, copy=False)
        low, high = np.asarray(points < support.low), np.asarray(points >= support.high)
        if not len(self.atoms[0]):
            low = low | np.asarray(points == value(support.low)) & ~isinstance(support.low, Anchored)
        if some(inner := self._on_inner_ends(points)):
            low, high = low & ~inner, high & ~inner
        if self._within_one_double and some(there := np.asarray(points == value(support.low))):
            side = self._side_of_its_double
            low, high = (low & ~there) | (there & (side < 0)), (high & ~there) | (there & (side > 0))
        outside = low | high | ~np.isfinite(points)
        result = self._raw_where(~outside, formula, points).astype(points.dtype, copy=False)
        if len(self.atoms[0]):
            result = join(result, self._atoms_beside(points, logs=join is np.logaddexp, lower=lower))
        if outside.any():
            low, high = low | (points == -np.inf), high | (points == np.inf)
            result = np.where(low, below, np.where(high, above, np.where(np.isnan(points), np.nan, result)))
        return np.asarray(result).astype(points.dtype, copy=False)

    # ---- quantiles ----

    def _quantile(self, q: Any, logp: Any, formula: Callable, log_formula: Callable, *, lower: bool) -> Any:
        if (q is None) == (logp is None):
            raise ParameterError(argument_error("q, logp", "exactly one of them", (q, logp)))
        logs = logp is not None
        first, last, middle = (-np.inf, 0.0, -0.6931471805599453) if logs else (0.0, 1.0, 0.5)
        support, levels = self.support, Interval(first, last)
        at_first, at_last = (support.low, support.high) if lower else (support.high, support.low)

        def quantiles(formula: Callable[[Any], Any], given: np.ndarray) -> np.ndarray:
            everywhere = levels.surrounds(given)
            inside = everywhere or (given > first) & (given < last)
            safe = given if everywhere else np.where(inside, given, middle)
            inner = value(formula(safe) if self.batch_shape else self.programs.run(formula.__name__, formula, safe))
            if everywhere:
                return np.asarray(inner).astype(given.dtype, copy=False)
            ends = np.where(given == first, value(at_first), np.where(given == last, value(at_last), np.nan))
            return np.where(inside, inner, ends).astype(given.dtype, copy=False)

        given, restore = self._points(*(logp, "logp") if logs else (q, "q"))
        chosen = log_formula if logs else formula
        with quiet():
            if self.batch_shape or not self._goes_by_blocks(chosen, given, middle):
                return restore(quantiles(chosen, given))
            return restore(self._by_blocks(quantiles, chosen, given))

    def _goes_by_blocks(self, formula: Callable, given: np.ndarray, middle: float) -> bool:
        """Whether many quantiles are best taken block by block: a solver, which has no program, takes them all at once."""
        probe = np.array([0.5, 1.0, 1.5], given.dtype) * given.dtype.type(middle)
        return given.size < LARGE or self.programs.ready(formula.__name__, formula, probe, at_once=True) is not None


def _nearly_zero(points: np.ndarray) -> Any:
    return (points != 0.0) & (np.abs(points) < TINY)


def _patched(result: np.ndarray, where: np.ndarray, values: Any) -> np.ndarray:
    result = np.array(result)
    result[where] = values
    return result
