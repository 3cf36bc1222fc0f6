"""Many roots of one monotone function, from between points at which it is known, by safeguarded Newton steps.

Toward an end at which a function is a power or a logarithm of the distance, as tails are, steps are taken in the
logarithm of the distance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from densities.numerics.roots import EPS, bracketed_root

__all__ = ["Known", "roots_between"]

Function = Callable[[np.ndarray], tuple[Any, Any]]
STEPS = 10  # what has not settled by then is bracketed
# A bracket whose distances from an end differ by more than this factor is looked at in their logarithm.
WIDE = 1.5
# An error e leaves after a step about e²·BEND·(what the logarithm of the slope changes by over the cell)/(its width), the
# change taken as no less than FLAT, until two steps have shown how much.
BEND, FLAT = 4.0, 0.01


class Known:
    """Points in order, with the values and slopes of a monotone function there; those that are not finite are dropped.

    `function` gives both. `low` and `high` are ends that the logarithm of a distance is taken from, 0 where not finite.
    """

    def __init__(self, function: Function, points: np.ndarray, low: float, high: float) -> None:
        self.function = function
        with np.errstate(all="ignore"):
            values, slopes = (np.asarray(part, dtype=float) for part in function(points))
        usable = np.isfinite(values)
        self.points, values, self.slopes = points[usable], values[usable], slopes[usable]
        self.sign = 1.0 if values.size < 2 or values[-1] >= values[0] else -1.0
        self.levels = np.maximum.accumulate(self.sign * values)
        self.ends = [end if np.isfinite(end) else 0.0 for end in (low, high)]


def roots_between(known: Known, target: np.ndarray) -> np.ndarray:
    """x with function(x) = target for a vector of targets; NaN where that is not between the first and the last point.

    Steps that leave the bracket, which shrinks with each, are replaced by a line between its ends or by halving it; what
    has not converged in ten steps is bracketed to the last bit. Right to a few ulps and to the rounding of the function.
    """
    result = np.full(target.shape, np.nan)
    with np.errstate(all="ignore"):
        wanted = known.sign * target
        place = np.searchsorted(known.levels, wanted)
        rows = np.flatnonzero((place > 0) & (place < known.levels.size))
        if rows.size:
            result[rows] = _Search(known, wanted[rows], place[rows]).solve()
        if known.points.size:
            result[wanted == known.levels[0]] = known.points[0]
    return result


class _Search:
    """The problems of one call, each with its bracket, in x or in log|x - origin|."""

    def __init__(self, known: Known, wanted: np.ndarray, cell: np.ndarray) -> None:
        self.known, self.wanted, self.cell = known, wanted, cell
        self.low, self.high = known.points[cell - 1], known.points[cell]
        self.errors = [known.levels[cell - 1] - wanted, known.levels[cell] - wanted]
        ratios = []
        for end in known.ends:
            a, b = self.low - end, self.high - end
            near, far = np.minimum(np.abs(a), np.abs(b)), np.maximum(np.abs(a), np.abs(b))
            ratios.append(np.where((a * b > 0) & (near > 0), far / near, 0.0))
        first = ratios[0] >= ratios[1]
        self.origin = np.where(first, *known.ends)
        self.far = np.where(first, *ratios) > WIDE
        self.reach = np.where(self.far, np.log(np.where(first, *ratios)), self.high - self.low)
        self.rates = [self._rate(end, known.slopes[cell - 1 + i]) for i, end in enumerate((self.low, self.high))]

    def _rate(self, x: np.ndarray, slopes: np.ndarray, rows: Any = slice(None)) -> np.ndarray:
        """log of the slope in the coordinate of each problem."""
        return np.log(np.abs(slopes) * np.where(self.far[rows], np.abs(x - self.origin[rows]), 1.0))

    def _bend(self, x: np.ndarray, slopes: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """What share of the square of an error is left after a step from x."""
        rates = np.stack([self.rates[0][rows], self.rates[1][rows], self._rate(x, slopes, rows)])
        change = np.maximum(np.max(rates, axis=0) - np.min(rates, axis=0), FLAT)
        return BEND * change / (self.reach[rows] * np.where(self.far[rows], np.abs(x - self.origin[rows]), 1.0))

    def _start(self) -> np.ndarray:
        """Cubic Hermite interpolation of the coordinate in the level, where that is inside the cell, or else a line."""
        known, cell = self.known, self.cell
        levels = known.levels[cell - 1], known.levels[cell]
        width = levels[1] - levels[0]
        u = np.where(width > 0, (self.wanted - levels[0]) / width, 0.5)
        distance = np.where(self.far, np.abs(self.low - self.origin), 1.0)
        outward = self.low > self.origin
        ends = [np.where(self.far, np.abs(end - self.origin) / distance, 1.0) for end in (self.low, self.high)]
        reach = np.where(self.far, np.log(ends[1]) * np.where(outward, 1.0, -1.0), self.high - self.low)
        rates = [
            width / np.abs(known.slopes[cell - 1 + i]) / np.where(self.far, ends[i] * distance, 1.0) for i in (0, 1)
        ]
        line = u * reach
        curve = line + u * (1 - u) * ((1 - u) * (rates[0] - reach) - u * (rates[1] - reach))
        move = np.where((curve > 0) & (curve < reach), curve, line)
        return self._moved(self.low, np.where(self.far, move * distance, move))

    def _moved(self, x: np.ndarray, step: np.ndarray, rows: Any = slice(None)) -> np.ndarray:
        """x after a step, which is taken as one of the logarithm of the distance where that is the coordinate."""
        distance = x - self.origin[rows]
        return np.where(self.far[rows], self.origin[rows] + distance * np.exp(step / distance), x + step)

    def _inner(self, rows: np.ndarray, turn: int) -> np.ndarray:
        """A point inside the bracket: by a line between its ends, at every other turn halfway."""
        low, high, origin = self.low[rows], self.high[rows], self.origin[rows]
        below, above = (error[rows] for error in self.errors)
        a, b = low - origin, high - origin
        mean = origin + np.copysign(np.sqrt(np.abs(a)) * np.sqrt(np.abs(b)), a + b)
        middle = np.where(self.far[rows] & (a * b > 0), mean, 0.5 * low + 0.5 * high)
        secant = low + (high - low) * (below / (below - above))
        return np.where((turn % 2 == 0) & (secant > low) & (secant < high), secant, middle)

    def solve(self) -> np.ndarray:
        x = self._start()
        for end, error in zip((self.low, self.high), self.errors, strict=True):
            x = np.where(np.abs(error) <= EPS * np.abs(self.wanted), end, x)
        result, rows = x.copy(), np.arange(x.size)
        before = np.full(x.shape, np.inf)
        for turn in range(STEPS):
            error, step, slopes = self._step(x, rows)
            least, most = np.nextafter(self.low[rows], np.inf), np.nextafter(self.high[rows], -np.inf)
            new = self._moved(x, step, rows)
            new = np.where((new > most) | (new < least), x + step, new)
            nearest = np.clip(new, least, most)
            noise = EPS * np.abs(nearest)
            new = np.where(np.abs(new - nearest) <= 4 * noise, nearest, new)  # a root that is an end, but for rounding
            size = np.abs(new - x)
            inside = (new >= least) & (new <= most)
            seen = np.isfinite(before)
            # In quotients, as squares of small numbers are none.
            left = size * np.where(seen, 4.0 * (size / before) ** 2, size * self._bend(x, slopes, rows))
            blur = EPS * np.abs(self.wanted[rows])
            stalled = (np.abs(error) <= 16 * blur) & (size >= 0.5 * before)
            sharp = (left <= 0.25 * noise) & (size <= np.abs(new))  # a longer step has roundings that outweigh x
            settled = inside & ((size <= 2 * noise) | sharp | stalled) | (np.abs(error) <= blur)
            result[rows] = np.where(error == 0.0, x, np.clip(new, self.low[rows], self.high[rows]))
            rest = ~settled
            before = np.where(inside, size, np.inf)[rest]
            x, rows = np.where(inside, new, self._inner(rows, turn))[rest], rows[rest]
            if not rows.size:
                return result
        result[rows] = self._bracketed(rows)
        return result

    def _step(self, x: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """By how much the level is wrong, the step of Newton's method, and the slopes; the bracket shrinks to x."""
        values, slopes = self.known.function(x)
        error = self.known.sign * values - self.wanted[rows]
        for ends, errors, beyond in ((self.low, self.errors[0], error < 0), (self.high, self.errors[1], error > 0)):
            ends[rows[beyond]], errors[rows[beyond]] = x[beyond], error[beyond]
        return error, -error / np.abs(slopes), slopes

    def _bracketed(self, rows: np.ndarray) -> np.ndarray:
        def excess(x: np.ndarray, wanted: np.ndarray) -> np.ndarray:
            return self.known.sign * self.known.function(x)[0] - wanted

        return bracketed_root(excess, self.low[rows], self.high[rows], args=(self.wanted[rows],)).x
