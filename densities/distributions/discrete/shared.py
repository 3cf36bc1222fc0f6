"""What the parametric families on the integers have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.distributions.family import Family
from densities.distributions.lattice import Countable
from densities.precise import Lifted


def to_float(x: Any) -> Any:
    """A Python float where x is a scalar whose value is there."""
    return x if np.ndim(x) or isinstance(x, Lifted) else float(x)


class CountableFamily(Countable, Family):
    """A parametric family on the integers; its formulas take k and then the parameters in their declared order.

    A subclass gives `ends` (the least and the greatest integer), `middle` (an integer near the median), `_log_pmf`,
    `_below`, `_above`, `_log_below` and `_log_above`, and what it has of `_mean`, `_var`, `_mode` and `_entropy`.
    """

    def ends(self, *shapes: Any) -> tuple[Any, Any]:
        """The smallest and the largest integer."""
        raise NotImplementedError

    def middle(self, *shapes: Any) -> Any:
        """An integer near the centre of the law."""
        raise NotImplementedError

    def validate(self) -> None:
        with np.errstate(all="ignore"):
            low, high = map(to_float, self.ends(*self._shapes))
            vars(self).update(low=low, high=high)  # which some families have as parameters too
            centre = np.clip(np.rint(self.middle(*self._shapes)), self.low, np.minimum(self.high, 1e300))
        self.centre = to_float(centre)

    def near(self, score: Any) -> Any:
        """By the normal law with the moments, where there are moments."""
        var = self.closed_var()
        if var is None:
            return self.centre
        with np.errstate(all="ignore"):
            far = np.clip(self.centre + score * np.sqrt(var), self.low, self.high)
        return np.where(np.isfinite(far), far, self.centre)

    _log_pmf: Any
    _below: Any
    _above: Any
    _log_below: Any
    _log_above: Any
    _mode: Any

    def log_pmf(self, k: Any) -> Any:
        return self._log_pmf(k, *self._shapes)

    def below(self, k: Any) -> Any:
        return self._below(k, *self._shapes)

    def above(self, k: Any) -> Any:
        return self._above(k, *self._shapes)

    def log_below(self, k: Any) -> Any:
        return self._log_below(k, *self._shapes)

    def log_above(self, k: Any) -> Any:
        return self._log_above(k, *self._shapes)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return self._draw(rng, shape, *self._shapes)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], *shapes: Any) -> Any:
        u = rng.random(shape)
        return self.raw_ppf(np.where(u == 0.0, 2.0**-54, u))

    def closed_mode(self) -> Any:
        return to_float(np.broadcast_to(self._mode(*self._shapes), self.batch_shape))
