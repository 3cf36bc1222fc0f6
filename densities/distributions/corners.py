"""Densities beside places amid their support at which they have a pole or a zero: an end of a component, a turn of a map.

Such a place is a double only by chance, and a point that comes there through another map is rounded on its way: at a distance
d from the place c a power of d is off by some EPS |c|/d of itself, and exp(-1/d) by more. Where that shows the density is
evaluated in many digits.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.errors import AccuracyWarning, UnsupportedOperationError, warn
from densities.protocols import to_digits

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

    def _nearest(self, y: np.ndarray) -> np.ndarray:
        """Which of the places is the nearest one."""
        if len(self.places) == 1:
            return np.zeros(y.shape, dtype=int)
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
        with quiet():
            logs = [
                np.reshape(
                    value(self.law.logpdf_anywhere(side * self.sizes[:, None] * TOWARD_ZERO)), (-1, TOWARD_ZERO.size)
                )
                for side in (-1.0, 1.0)
            ]
        known = [np.isfinite(each[:, 0]) & (np.diff(each, axis=1) != 0.0).all(axis=1) for each in logs]
        return (self.places == 0.0) & np.logical_or(*known)

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

    def settled(self, y: np.ndarray, result: np.ndarray) -> np.ndarray:
        """The log-densities at y, found again beside such places."""
        if self.idle:
            return result
        errors = np.where(np.isfinite(result), self._errors(np.asarray(y, dtype=float)), 0.0)
        lost = errors > ALLOWED
        if not lost.any():
            return result
        found = result.copy()
        refused = np.count_nonzero(lost) > MOST
        for index in zip(*np.nonzero(lost), strict=True):
            if refused:
                break
            try:
                found[index] = float(to_digits(self.law, "logpdf", DIGITS, float(y[index])))
            except UnsupportedOperationError:
                refused = True
        if refused and np.max(errors) > UNSURE:
            worst = np.unravel_index(np.argmax(errors), errors.shape)
            warn(
                f"logpdf of {self.law} at {y[worst]}: beside {self.places[self._nearest(y)[worst]]}, where the density has a "
                f"pole or a zero, doubles leave an error of {errors[worst]:.0e}; ask for fewer points at once, or with dps=",
                AccuracyWarning,
            )
        return found
