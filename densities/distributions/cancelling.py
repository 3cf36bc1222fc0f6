"""Log-densities whose terms cancel: log p(y) = log p(x) + Σ log|dx/dy| where each term dwarfs their sum.

logit after a distribution function has log-determinants of 10²¹ at -10²¹, and what doubles leave of their sum is noise. There
the density is evaluated once more, in as many digits as cancel.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from densities.anchored import Anchored, value
from densities.arrays import quiet
from densities.distributions.masses import by_members
from densities.errors import AccuracyWarning, UnsupportedOperationError, warn
from densities.protocols import to_digits

# Terms of a sum of at least 1 may be so many times larger than it before its digits are missed.
LARGE = 5000.0
# Points that are worth a few milliseconds each.
MOST = 4096
# Digits that are asked for beside those that cancel.
DIGITS = 25
# At e^-DEEP from a limit that is not 0 points take thousands of digits, and minutes.
DEEP = 2000.0
# What doubles leave is told with a warning where many digits are refused, and is NaN where it is rougher than this.
ROUGH, EPS = 1e-4, float(np.finfo(float).eps)
FARTHEST = 1e305
EXTREMES = np.array([-1e300, -1e100, -1e20, -1e9, -1e-300, 1e-300, 1e9, 1e20, 1e100, 1e300])


class Cancelling:
    """The watch over the terms of the log-density of a law that is pushed through one bijection."""

    def __init__(self, law: Any):
        self.law = law
        self.steps = law.branches[0].route.map.inv.steps
        # Points between which the terms are known to be small: they grow towards the ends.
        self.low, self.high = np.inf, -np.inf

    @property
    def needed(self) -> bool:
        """Whether some step has a log-determinant that grows without bound."""
        shape, support = self.law.batch_shape, self.law.support
        low, high = (np.broadcast_to(np.asarray(value(end), dtype=float), shape) for end in support.edges)
        with quiet():
            y = [
                *(np.broadcast_to(point, shape) for point in EXTREMES),
                np.nextafter(low, high),
                np.nextafter(high, low),
            ]
            inside = np.asarray(support.interior_contains(np.array(y))) & (np.abs(y) < FARTHEST)
            y = np.where(inside, y, value(support.interior_point()))
            return not all(np.all(size <= LARGE) for size in self._terms(y)[:-1])

    def _terms(self, y: Any) -> list[Any]:
        """|log|dx/dy|| of each step and |log p(x)|, at plain or anchored points."""
        terms, x = [], y
        for step in self.steps:
            x, log_det = step.forward_and_log_det(x)
            terms.append(np.abs(value(log_det)))
        return [*terms, np.abs(value(self.law.base.raw_logpdf(x)))]

    def _depth(self, y: Any) -> Any:
        """-log of the distance at which points come to limits that are not 0."""
        depth, x = np.zeros(np.shape(value(y))), y
        for step in self.steps:
            x = step.forward(x)
            if isinstance(x, Anchored):
                depth = np.maximum(depth, np.where(np.not_equal(x.anchor, 0.0), -x.log_offset, 0.0))
        return depth

    def spares(self, least: float, greatest: float) -> bool:
        """Whether the terms are known to be small between two points."""
        return self.low <= least and greatest <= self.high

    def settled(self, y: np.ndarray, result: np.ndarray) -> np.ndarray:
        """The log-densities at y, found again where their terms cancel."""
        low, high = np.fmin.reduce(y, axis=None, initial=np.inf), np.fmax.reduce(y, axis=None, initial=-np.inf)
        if self.spares(low, high) or not np.isfinite(result).any():
            return result
        ends = np.array([low, high]).reshape(2, *(1,) * len(self.law.batch_shape))
        if np.isfinite(ends).all() and all(np.all(size <= LARGE) for size in self._terms(ends)):
            self.low, self.high = min(self.low, low), max(self.high, high)
            return result
        size = reduce(np.maximum, self._terms(Anchored.exact(y)))
        # At an end terms are infinite, and the density is the limit that was taken.
        lost = np.isfinite(result) & np.isfinite(size) & (size > LARGE * np.maximum(1.0, np.abs(result)))
        if not lost.any():
            return result
        if self.law.batch_shape:
            return by_members(self.law, lambda one, points: one.logpdf(points), result, lost, y)
        return self._again(y, result, lost, size)

    def _again(self, y: np.ndarray, result: np.ndarray, lost: np.ndarray, size: np.ndarray) -> np.ndarray:
        if (count := np.count_nonzero(lost)) > MOST:
            raise UnsupportedOperationError(
                f"logpdf: log-determinants of {np.max(size[lost]):.0e} cancel at {count} points of {self.law}; "
                f"ask for at most {MOST} of these at once, or with dps="
            )
        doubles, result = result, np.where(lost, np.nan, result).astype(result.dtype)
        # What digits cannot tell at a point they cannot tell farther out, where more of them cancel.
        hopeless: set[float] = set()
        deep = self._depth(Anchored.exact(y)) > DEEP
        for i in sorted(zip(*np.nonzero(lost), strict=True), key=lambda i: size[i]):
            side = float(np.sign(y[i]))
            found = None if deep[i] or side in hopeless else self._in_digits(float(y[i]), int(np.log10(size[i])))
            if found is not None:
                result[i] = found
                continue
            hopeless.add(side)
            blur = EPS * size[i] / max(1.0, abs(doubles[i]))
            result[i] = doubles[i] if blur < ROUGH else np.nan
            warn(
                f"logpdf of {self.law} at {y[i]}: terms of {size[i]:.0e} cancel, which leaves an error of {blur:.0e}",
                AccuracyWarning,
            )
        return result

    def _in_digits(self, y: float, lost: int) -> float | None:
        """The log-density at a point where so many digits cancel; None where the law has no formula for them."""
        try:
            return float(to_digits(self.law, "logpdf", DIGITS, y, lost=lost))
        except UnsupportedOperationError:
            return None


def watched(law: Any) -> Cancelling | None:
    """The watch that a law needs: none where several branches add up."""
    if len(law.branches) != 1:
        return None
    watch = Cancelling(law)
    return watch if watch.needed else None


__all__ = ["Cancelling", "watched"]
