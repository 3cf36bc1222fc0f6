"""Point masses given one by one, or by their logarithms: those that no double can hold keep theirs."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.distributions.lattice import Countable

__all__ = ["LogTable", "Table"]

# Another law's mass of this logarithm on places whose own masses are not known, but for being no doubles, is nothing.
NOTHING = -230.0
# Sums of masses below this are taken from their logarithms.
RARE = 1e-290


class Table(Countable):
    """The masses of the integers low, low + 1, ..., in an array; `partial` says that others, too light for doubles, were
    left out, `endless` that these are the tails of a law which goes on.
    """

    smooth = False

    def __init__(self, masses: np.ndarray, low: float = 0.0, *, partial: bool = False, endless: bool = False):
        self.params, self.partial, self.endless = {}, partial, endless
        self._fill(masses, low)

    def __str__(self) -> str:
        return f"<{type(self).__name__} of masses on {self.low:.0f}, ..., {self.high:.0f}>"

    __repr__ = __str__

    @property
    def least(self) -> float:
        return NOTHING if self.partial else -np.inf

    def _fill(self, masses: np.ndarray, low: float = 0.0) -> None:
        self.table = masses
        self.low, self.high = low, low + len(masses) - 1.0
        self._up = np.cumsum(masses)
        self._down = np.append(np.cumsum(masses[::-1])[::-1], 0.0)
        self.centre = low + float(np.searchsorted(self._up, 0.5 * self._up[-1]))

    def _index(self, k: Any) -> Any:
        return np.clip(np.asarray(k) - self.low, 0, len(self.table) - 1).astype(int)

    def log_pmf(self, k: Any) -> Any:
        return np.where((k >= self.low) & (k <= self.high), np.log(self.table[self._index(k)]), -np.inf)

    def below(self, k: Any) -> Any:
        return np.where(np.asarray(k) < self.low, 0.0, self._up[self._index(k)])

    def above(self, k: Any) -> Any:
        return self._down[np.clip(np.asarray(k) - self.low + 1, 0, len(self.table)).astype(int)]

    def log_below(self, k: Any) -> Any:
        below, above = self.below(k), self.above(k)
        return np.where(above < 0.5, np.log1p(-above), np.log(below))

    def log_above(self, k: Any) -> Any:
        below, above = self.below(k), self.above(k)
        return np.where(below < 0.5, np.log1p(-below), np.log(above))

    def _log_inner(self, a: Any, b: Any) -> Any:
        first, last = np.broadcast_arrays(self._index(a), self._index(b))
        sums = [np.sum(self.table[i:j]) for i, j in zip(np.ravel(first), np.ravel(last) + 1, strict=True)]
        return np.log(np.reshape(sums, first.shape))


class LogTable(Table):
    """P(k) = e^logs[k], k = 0, 1, ...; `partial` and `endless` as in a table, `least` is where another law's mass beyond
    them is nothing.
    """

    def __init__(self, logs: np.ndarray, *, partial: bool = False, endless: bool = False, least: float | None = None):
        with quiet():
            super().__init__(np.exp(logs), partial=partial, endless=endless)
        self.logs, self._least = logs, least
        self._log_up = np.logaddexp.accumulate(logs)
        self._log_down = np.append(np.logaddexp.accumulate(logs[::-1])[::-1], -np.inf)

    @property
    def least(self) -> float:
        return Countable.least.fget(self) if self._least is None else self._least  # type: ignore[attr-defined]

    def log_pmf(self, k: Any) -> Any:
        return np.where((k >= self.low) & (k <= self.high), self.logs[self._index(k)], -np.inf)

    def log_below(self, k: Any) -> Any:
        logs = np.where(np.asarray(k) < self.low, -np.inf, self._log_up[self._index(k)])
        return np.where(self.below(k) < RARE, logs, super().log_below(k))

    def log_above(self, k: Any) -> Any:
        logs = self._log_down[np.clip(np.asarray(k) - self.low + 1, 0, len(self.logs)).astype(int)]
        return np.where(self.above(k) < RARE, logs, super().log_above(k))

    def _log_inner(self, a: Any, b: Any) -> Any:
        first, last = np.broadcast_arrays(self._index(a), self._index(b))
        sums = [np.logaddexp.reduce(self.logs[i:j]) for i, j in zip(np.ravel(first), np.ravel(last) + 1, strict=True)]
        return np.reshape(sums, first.shape)
