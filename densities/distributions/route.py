"""How points travel through a chain of maps: as plain doubles while these keep their digits, anchored where they do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import Anchored, value
from densities.arrays import quiet
from densities.domains import Interval
from densities.foreign import Foreign
from densities.transforms.base import Bijection
from densities.transforms.program import follow, holds

# Plain doubles whose magnitude stays within these keep their digits (float32 has its own limits).
SAFE = {np.dtype(np.float64): (1e-290, 1e290), np.dtype(np.float32): (1e-32, 1e32)}
EXTREMES = np.array([-1.7e308, -1e150, -1.0, -1e-150, -5e-324, 5e-324, 1e-150, 1.0, 1e150, 1.7e308])


def safe(x: Any) -> bool:
    """Whether all of x are doubles that have neither overflowed nor underflowed."""
    if isinstance(x, Foreign) or not x.size:
        return True  # the values of arrays of other libraries are not looked at
    smallest, largest = SAFE.get(x.dtype, SAFE[np.dtype(np.float64)])
    low, high = np.minimum.reduce(x, axis=None), np.maximum.reduce(x, axis=None)
    if not (-largest < low and high < largest):
        return False
    # All of one sign, as a positive variable is, the two ends tell how near 0 it comes.
    return bool(low > smallest or high < -smallest or np.minimum.reduce(np.abs(x), axis=None) > smallest)


@dataclass(frozen=True, eq=False)
class Route:
    """The way from `domain` to `image` through a bijection, and back.

    A step that no double can leave the safe range in is not watched: that is found once, by sending the extreme doubles.
    """

    map: Bijection
    domain: Interval
    image: Interval

    @cached_property
    def _back(self) -> Sequence[tuple[Bijection, bool]]:
        steps: Any = self.map.steps[::-1]
        return tuple(zip(steps, self._wild([step.inverse for step in steps], self.image), strict=True))

    @cached_property
    def _forth(self) -> Sequence[tuple[Bijection, bool]]:
        steps: Any = self.map.steps
        return tuple(zip(steps, self._wild([step.forward for step in steps], self.domain), strict=True))

    def _wild(self, functions: Sequence[Callable[[Any], Any]], start: Interval) -> list[bool]:
        """For each step whether doubles may leave the safe range in it."""
        if self.map.batch_shape or any(np.ndim(value(end)) for end in start.edges):
            return [True] * len(functions)
        flags = []
        with quiet():
            x = EXTREMES[np.asarray(start.interior_contains(EXTREMES))]
            for function in functions:
                x = np.asarray(value(function(x)), dtype=float)
                x = x[~np.isnan(x)]
                flags.append(not safe(x))
                x = np.copysign(np.clip(np.abs(x), *SAFE[np.dtype(np.float64)]), x)
        return flags

    def pull(self, y: Any) -> tuple[Any, Any]:
        """g⁻¹(y) and its log-determinant."""
        if isinstance(y, Anchored):
            return self.map.inverse_and_log_det(y)
        x, total = y, None
        for step, watched in self._back:
            x, log_det = follow(step.inverse_and_log_det, x)
            if watched and not holds(safe, x):
                return self.map.inverse_and_log_det(Anchored.exact(y))
            total = log_det if total is None else total + log_det
        return x, total

    def pull_point(self, y: Any) -> Any:
        """g⁻¹(y)."""
        if isinstance(y, Anchored):
            return self.map.inverse(y)
        x = y
        for step, watched in self._back:
            x = follow(step.inverse, x)
            if watched and not holds(safe, x):
                return self.map.inverse(Anchored.exact(y))
        return x

    def push(self, x: Any) -> Any:
        """g(x); the last step may overflow or underflow, which is then the answer."""
        if isinstance(x, Anchored):
            return self.map.forward(x)
        y = x
        last = len(self._forth) - 1
        for index, (step, watched) in enumerate(self._forth):
            y = follow(step.forward, y)
            if watched and index < last and not holds(safe, y):
                return self.map.forward(Anchored.exact(x))
        return y
