"""What laws are made of when they are written down: the innermost law and the maps, and the branches of periodic ones.

Of the branches that meet a support some stand alone, and a range of whole ones is summed over.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from densities.anchored import value
from densities.domains import Interval
from densities.transforms.manytoone import Periodic

__all__ = ["Waves", "waves_of"]

ALONE = 4  # more whole branches than these are summed over


class Waves(NamedTuple):
    """Numbers of branches: `alone` one by one, and all from `first` to `last`, either of which may be infinite."""

    alone: tuple[int, ...]
    first: float = 1.0
    last: float = 0.0

    @property
    def summed(self) -> bool:
        """Whether there is a range to sum over."""
        return self.first <= self.last


def waves_of(step: Periodic, support: Interval) -> Waves:
    """The branches of a periodic map that meet an interval; those cut by a finite end of it stand alone."""
    low, high = (float(step.count(float(value(end)))) for end in support.edges)
    first, last = np.ceil(low), np.floor(high) - 1.0
    cut = {int(np.floor(end)) for end in (low, high) if np.isfinite(end) and end != np.floor(end)}
    if last - first >= ALONE:
        return Waves(tuple(sorted(cut)), first, last)
    return Waves(tuple(sorted(cut | set(range(int(first), int(last) + 1)))))
