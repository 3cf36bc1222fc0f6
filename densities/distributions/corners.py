"""Densities beside places amid their support at which they have a pole or a zero: an end of a component, a turn of a map.

Such a place is a double only by chance, and a point that comes there through another map is rounded on its way: at a distance
d from the place c the density is off by some EPS |c|/d of itself. Where that shows it is evaluated in many digits.
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
# Nearer to such a place than this share of it a density may be off by more than 1e-9 of itself.
BESIDE = 2.0**-23
# Distances, in shares of the place, at which a trend toward it is read, which rounding hardly touches there, and those at
# which it would: a power of the distance goes on as it began.
OUTER, INNER = 2.0 ** np.array([-31.0, -33.0]), 2.0 ** np.arange(-38.0, -48.0, -1.0)
# A logarithm that changes by less than this between the outer two has no trend; what is further off its trend is rounded.
TREND, ASTRAY = 1e-3, 1e-4
# A density below e^-NOTHING is 0 for most.
NOTHING = 700.0
# Points that are worth many milliseconds each, digits that are asked for, and what a density may be off without a word.
MOST, DIGITS, UNSURE = 128, 20, 1e-8


class Corners:
    """The watch over the places amid the support of a law where its density has a pole or a zero that doubles miss."""

    def __init__(self, law: Any):
        self.law = law
        places = np.unique(np.append(np.asarray(law.critical_points, dtype=float), law.kinks()))
        self.places = places[np.isfinite(places) & np.asarray(law.support.interior_contains(places))]
        self.reach = BESIDE * self._sizes(self.places)

    def _sizes(self, places: np.ndarray) -> np.ndarray:
        """What shares of a place are of: it, but of 0 the distance to the next one or to an end."""
        ends = np.array([value(end) for end in self.law.support.edges], dtype=float)
        others = np.abs(np.concatenate([places, ends]))
        others = others[(others > 0.0) & np.isfinite(others)]
        return np.where(places == 0.0, np.min(others) if others.size else 1.0, np.abs(places))

    def _beside(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where points lie beside a place but not at it, and which is the nearest one of all."""
        right = np.clip(np.searchsorted(self.places, y), 1, len(self.places) - 1) if len(self.places) > 1 else 0
        left = np.maximum(np.asarray(right) - 1, 0)
        nearest = np.where(np.abs(y - self.places[left]) < np.abs(y - self.places[right]), left, right)
        gap = np.abs(y - self.places[nearest])
        return (gap < self.reach[nearest]) & (gap > 0.0), nearest

    @cached_property
    def _missed(self) -> np.ndarray:
        """By place, the power of the distance that the density goes with, where doubles miss it; else 0."""
        steps = np.concatenate([OUTER, INNER])
        sides = np.array([[[-1.0]], [[1.0]]])
        points = self.places[:, None] + sides * self._sizes(self.places)[:, None] * steps
        inside = np.asarray(self.law.support.interior_contains(points))
        with quiet():
            logs = value(self.law.logpdf_anywhere(np.where(inside, points, self.law.support.interior_point()).ravel()))
            logs = np.where(inside, np.reshape(logs, points.shape), np.nan)
            distance = np.log(np.abs(points - self.places[:, None]))
            trend = np.diff(logs[..., :2], axis=-1) / np.diff(distance[..., :2], axis=-1)
            expected = logs[..., :1] + trend * (distance - distance[..., :1])
            astray = np.any(np.abs(logs - expected) > ASTRAY * (1.0 + np.abs(trend)), axis=-1)
            shown = (np.abs(trend[..., 0]) * np.log(4.0) > TREND) & np.all(np.abs(logs) < NOTHING, axis=-1)
            return np.max(np.where(astray & shown, np.abs(trend[..., 0]), 0.0), axis=0)

    def settled(self, y: np.ndarray, result: np.ndarray) -> np.ndarray:
        """The log-densities at y, found again beside such places."""
        if not self.places.size:
            return result
        beside, nearest = self._beside(y)
        if not beside.any():
            return result
        beside &= (self._missed[nearest] > 0.0) & ~np.isnan(result)
        if not beside.any():
            return result
        found = result.copy()
        refused = np.count_nonzero(beside) > MOST
        for index in zip(*np.nonzero(beside), strict=True):
            if not refused:
                try:
                    found[index] = float(to_digits(self.law, "logpdf", DIGITS, float(y[index])))
                except UnsupportedOperationError:
                    refused = True
        if refused:
            self._tell(y[beside], nearest[beside])
        return found

    def _tell(self, y: np.ndarray, nearest: np.ndarray) -> None:
        places = self.places[nearest]
        errors = self._missed[nearest] * EPS * self._sizes(self.places)[nearest] / np.abs(y - places)
        worst = int(np.argmax(errors))
        if errors[worst] > UNSURE:
            warn(
                f"logpdf of {self.law} at {y[worst]}: beside {places[worst]}, where the density has a pole or a zero, doubles "
                f"leave an error of {errors[worst]:.0e}; ask for fewer points at once, or with dps=",
                AccuracyWarning,
            )
