"""Densities and tails beside places amid their support at which the former have a pole or a zero: an end of a component, a
turn of a map.

Such a place is a double only by chance, and a point that comes there through another map is rounded on its way: at a distance
d from the place c a power of d is off by some EPS |c|/d of itself, exp(-1/d) by more, and a tail by the mass within the
rounding. Where that shows they are evaluated in many digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.errors import AccuracyWarning, UnsupportedOperationError, warn
from densities.protocols import corners_beyond_doubles, to_digits

__all__ = ["Corners"]

EPS = float(np.finfo(float).eps)
# Farther from such a place than this share of it the density knows nothing of it.
BESIDE = 2.0**-5
# Distances, in shares of the place, at which a trend toward it is read, which rounding hardly touches there, and those at
# which it would: a power of the distance goes on as it began. The last ones are farther: what is still there and later gone
# has gone faster than any power.
OUTER, INNER, FARTHER = (
    2.0 ** np.array([-31.0, -33.0]),
    2.0 ** np.arange(-38.0, -48.0, -1.0),
    2.0 ** -np.arange(5.0, 15.0),
)
TOWARD_ZERO = 2.0 ** np.array([-60.0, -120.0, -240.0])
# A logarithm that changes by less than this between the outer two has no trend; what is further off its trend is rounded.
TREND, ASTRAY = 1e-3, 1e-4
# A density below e^-NOTHING is 0 for most.
NOTHING = 700.0
# Shares of a point between which a slope is taken, and ulps that a chain of maps may be off.
APART, MAPS = 2.0**-26, 8.0
# Points that are worth up to half a second each, digits that are asked for; a density may be off by ALLOWED, and by UNSURE with
# no word where there are more points.
MOST, DIGITS, ALLOWED, UNSURE = 16, 20, 1e-9, 1e-8
# Nearer to a pole than this share of the place the mass of a rounding shows in a tail, of which so much is allowed; so many
# ulps the place itself may be off.
CLOSE, ALLOWED_MASS, ROUNDED = 2.0**-20, 1e-12, 4.0


class Corners:
    """The watch over the places amid the support of a law where its density has a pole or a zero that doubles miss."""

    def __init__(self, law: Any):
        self.law = law
        places = np.unique(np.append(np.asarray(law.critical_points, dtype=float), law.kinks()))
        self.places = places[np.isfinite(places) & np.asarray(law.support.interior_contains(places))]
        # What shares of a place are of: it, but of 0 the distance to the next one or to an end.
        ends = np.array([value(end) for end in law.support.edges], dtype=float)
        others = np.abs(np.append(self.places, ends))
        others = others[(others > 0.0) & np.isfinite(others)]
        self.sizes = np.where(self.places == 0.0, np.min(others, initial=np.inf), np.abs(self.places))
        self.sizes[np.isinf(self.sizes)] = 1.0
        # Whether it is known that doubles miss none of them.
        self.idle = False

    def _nearest(self, y: Any) -> np.ndarray:
        """Which of the places is the nearest one."""
        if len(self.places) == 1:
            return np.zeros(np.shape(y), dtype=int)
        right = np.clip(np.searchsorted(self.places, y), 1, len(self.places) - 1)
        return np.where(y - self.places[right - 1] < self.places[right] - y, right - 1, right)

    @cached_property
    def _powers(self) -> np.ndarray:
        """By place, the power of the distance that the density goes with, if doubles miss it; 0 where they do not, infinite
        where the density goes to 0 faster than any power."""
        steps = np.concatenate([OUTER, INNER, FARTHER])
        points = self.places[:, None] + np.array([[[-1.0]], [[1.0]]]) * self.sizes[:, None] * steps
        inside = np.asarray(self.law.support.interior_contains(points))
        with quiet():
            logs = value(self.law.logpdf_anywhere(np.where(inside, points, self.law.support.interior_point()).ravel()))
            logs = np.where(inside, np.reshape(logs, points.shape), np.nan)
            logs, farther = logs[..., : -FARTHER.size], logs[..., -FARTHER.size :]
            distance = np.log(np.abs(points - self.places[:, None]))[..., : -FARTHER.size]
            trend = np.diff(logs[..., :2], axis=-1) / np.diff(distance[..., :2], axis=-1)
            expected = logs[..., :1] + trend * (distance - distance[..., :1])
            astray = np.any(np.abs(logs - expected) > ASTRAY * (1.0 + np.abs(trend)), axis=-1)
            shown = (np.abs(trend[..., 0]) * np.log(4.0) > TREND) & np.all(np.abs(logs) < NOTHING, axis=-1)
            gone = np.all(logs < -NOTHING, axis=-1) & np.any(farther > -NOTHING, axis=-1)
            astray &= ~self._told_apart
            return np.max(np.where(gone, np.inf, np.where(astray & shown, np.abs(trend[..., 0]), 0.0)), axis=0)

    @cached_property
    def _told_apart(self) -> np.ndarray:
        """By place, whether it is 0 and points that come ever nearer have densities of their own: nothing rounds them there."""
        zero = self.places == 0.0
        if zero.any():
            points = np.array([[-1.0], [1.0]]) * self.sizes[zero] * TOWARD_ZERO
            with quiet():
                logs = np.reshape(value(self.law.logpdf_anywhere(points.ravel())), points.shape)
            zero[zero] = np.any(np.isfinite(logs[:, 0]) & (np.diff(logs) != 0.0).all(axis=1))
        return zero

    @cached_property
    def _missed(self) -> np.ndarray:
        """Those of the places that are no doubles, if doubles miss what the density does there."""
        return self.places[(self._powers > 0.0) & (corners_beyond_doubles(self.law, self.places) != 0.0)]

    def _errors(self, y: np.ndarray) -> np.ndarray:
        """What doubles leave open of the density at points, as a share of it."""
        nearest = self._nearest(y)
        size, gap = self.sizes[nearest], np.abs(y - self.places[nearest])
        beside = (gap < BESIDE * size) & (gap > 0.0)
        errors = np.zeros(y.shape)
        if not beside.any():
            return errors
        power, self.idle = self._powers[nearest], not self._powers.any()
        with quiet():
            errors = np.where(beside & np.isfinite(power), power * EPS * size / gap, 0.0)
            if (fast := beside & np.isinf(power)).any():
                points = y[fast]
                around = [value(self.law.logpdf_anywhere(points * (1.0 + side * APART))) for side in (-1.0, 1.0)]
                errors[fast] = MAPS * EPS * np.nan_to_num(np.abs(around[1] - around[0]) / (2.0 * APART), posinf=0.0)
        return errors

    def _rounded_mass(self, y: np.ndarray) -> np.ndarray:
        """The mass within the rounding of points beside a pole, 0 of other points."""
        nearest = self._nearest(y)
        place, size = self.places[nearest], self.sizes[nearest]
        gap = np.abs(y - place)
        mass, close = np.zeros(y.shape), gap < CLOSE * size
        if not close.any():
            return mass
        self.idle = not self._powers.any()
        if (close := close & (self._powers[nearest] > 0.0)).any():
            apart = np.maximum(gap, ROUNDED * EPS * size)[close]
            around = [value(self.law.logpdf_anywhere(place[close] + side * apart)) for side in (-1.0, 1.0)]
            mass[close] = EPS * size[close] * np.exp(np.fmax(*around))
        return mass

    def settled(self, y: np.ndarray, result: np.ndarray) -> np.ndarray:
        """The log-densities at y, found again beside such places."""
        if self.idle:
            return result
        y = np.asarray(y, dtype=float)
        # A point at which doubles see the pole itself may lie beside it.
        errors = np.where(result > -np.inf, self._errors(y), 0.0)
        # The double in the place of a zero has the density beside it; that of a pole keeps the limit, which is infinite.
        if (at := np.isin(y, self.places) & (result < np.inf)).any():
            errors[at] = np.where(np.isin(y[at], self._missed), np.inf, 0.0)
        return self._found_again("logpdf", partial(self._in_digits, "logpdf"), (y,), lambda _: result, errors, ALLOWED)

    def settled_tails(self, method: str, y: np.ndarray, result: np.ndarray) -> np.ndarray:
        """The tails at y, or their logarithms, found again beside such places."""
        if self.idle or not (rounded := self._rounded_mass(np.asarray(y, dtype=float))).any():
            return result
        mass = np.exp(result) if method.startswith("log") else result
        errors = np.where(mass > 0.0, np.minimum(rounded / mass, 1.0), 0.0)
        return self._found_again(method, partial(self._in_digits, method), (y,), lambda _: result, errors, ALLOWED_MASS)

    def settled_intervals(self, a: np.ndarray, b: np.ndarray, usual: Callable[..., np.ndarray]) -> np.ndarray:
        """P(a < Y <= b), which usual(a, b) gives in doubles, in many digits where an end lies beside such a place."""
        ends = np.broadcast_arrays(a, b)
        if self.idle or not (rounded := self._rounded_mass(ends[0]) + self._rounded_mass(ends[1])).any():
            return usual(a, b)
        first, last = (value(self.law.anywhere("cdf", end)) for end in ends)
        errors = np.where(b > a, np.minimum(rounded / np.abs(last - first), 1.0), 0.0)

        def in_doubles(lost: np.ndarray) -> np.ndarray:
            return usual(a, np.where(lost, a, b) if lost.any() else b)

        return self._found_again("prob", self._interval_in_digits, ends, in_doubles, errors, ALLOWED)

    def _in_digits(self, method: str, y: float, digits: int = DIGITS) -> Any:
        return to_digits(self.law, method, digits, y)

    def _interval_in_digits(self, a: float, b: float) -> Any:
        first, last = (self._in_digits("cdf", end, 2 * DIGITS) for end in (a, b))
        return (
            last - first if last < 0.5 else self._in_digits("sf", a, 2 * DIGITS) - self._in_digits("sf", b, 2 * DIGITS)
        )

    def _found_again(
        self,
        name: str,
        answer: Callable[..., Any],
        points: Sequence[np.ndarray],
        usual: Callable[[np.ndarray], np.ndarray],
        errors: np.ndarray,
        allowed: float,
    ) -> np.ndarray:
        """What doubles give, usual(lost), but answer(*points) in many digits where they leave more than the errors allowed."""
        lost = errors > allowed
        if not lost.any():
            return usual(lost)
        if np.count_nonzero(lost) <= MOST:
            try:
                answers = [float(answer(*map(float, at))) for at in zip(*(each[lost] for each in points), strict=True)]
            except UnsupportedOperationError:
                pass
            else:
                found = np.array(usual(lost))
                found[lost] = answers
                return found
        if np.max(errors) > UNSURE:
            worst = np.unravel_index(np.argmax(errors), errors.shape)
            at = [each[worst] for each in points]
            warn(
                f"{name} of {self.law} at {', '.join(map(str, at))}: beside {self.places[self._nearest(at[-1])]}, where the "
                f"density has a pole or a zero, doubles leave an error of {errors[worst]:.0e}; ask for fewer points at "
                "once, or with dps=",
                AccuracyWarning,
            )
        return usual(np.zeros_like(lost))
