"""Families that are images of others: a subclass says of which law and by which map, and has every method from there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, value
from densities.distributions.base import Part, Univariate
from densities.distributions.family import Family
from densities.domains import Interval
from densities.protocols import push_forward
from densities.transforms import Transform
from densities.transforms.linear import line


def through(law: Univariate, *maps: Transform) -> Any:
    """The law of the maps of X, applied in this order."""
    for step in maps:
        law = push_forward(law, step)
    return law


def near(a: Any, b: Any) -> tuple[Any, Any]:
    """The ends of an interval, the second as the first and the width where that is narrow: then maps keep the width.

    Ends that know their distance from a place keep it.
    """
    a, b = anchored(a), anchored(b)
    start, width = np.asarray(value(a), dtype=float), np.asarray(value(b - a), dtype=float)
    narrow = np.isfinite(width) & (np.abs(width) <= 0.5 * np.abs(start)) & (np.abs(start) > 1e-290)
    narrow = narrow & (np.equal(a.anchor, 0.0) & np.equal(b.anchor, 0.0))
    ends = Anchored(start, np.zeros_like(width)), Anchored(start, width)
    return np.where(narrow, ends[0], a), np.where(narrow, ends[1], b)


class Image(Family):
    """X = loc + scale·g(B): `image` gives B and the maps that g is; density, tails, quantiles and draws are those of the image.

    Closed summaries of the standard member stand in the subclass where they are known (`_mean`, `_mode`, ...).
    """

    @staticmethod
    def image(*shapes: Any) -> tuple[Any, ...]:
        """The base of the standard member, and the maps it is pushed through."""
        raise NotImplementedError

    @property
    def stages(self) -> tuple[Any, ...]:
        """The base of this member, and the maps it is pushed through."""
        moved = (line(self._loc, self._scale),) if self._shifted or self._scaled else ()
        return (*self.image(*self._shapes), *moved)

    @cached_property
    def law(self) -> Any:
        """The same law as a base and a chain of maps."""
        return through(*self.stages)

    @property
    def support(self) -> Interval:
        return self.law.support

    @property
    def fragile(self) -> bool:
        return self.law.fragile

    @property
    def remote_ends(self) -> tuple[Any, ...]:
        return self.law.remote_ends

    @property
    def log_lost(self) -> float:
        return self.law.log_lost

    @property
    def critical_points(self) -> Sequence[float]:
        return self.law.critical_points

    @property
    def inverts_fast(self) -> bool:  # type: ignore[override]
        return self.law.inverts_fast

    def raw_logpdf(self, x: Any) -> Any:
        return self.law.raw_logpdf(x)

    def raw_cdf(self, x: Any) -> Any:
        return self.law.raw_cdf(x)

    def raw_sf(self, x: Any) -> Any:
        return self.law.raw_sf(x)

    def raw_logcdf(self, x: Any) -> Any:
        return self.law.raw_logcdf(x)

    def raw_logsf(self, x: Any) -> Any:
        return self.law.raw_logsf(x)

    def raw_mass(self, a: Any, b: Any) -> Any:
        return self.law.raw_mass(*self._ends(a, b))

    def raw_log_mass(self, a: Any, b: Any) -> Any:
        return self.law.raw_log_mass(*self._ends(a, b))

    def _ends(self, a: Any, b: Any) -> tuple[Any, Any]:
        """The ends as one and the width; where points need their distance from an end of the way, as they are."""
        return (a, b) if self.fragile else near(a, b)

    def raw_ppf(self, q: Any) -> Any:
        return self.law.raw_ppf(q)

    def raw_isf(self, q: Any) -> Any:
        return self.law.raw_isf(q)

    def raw_log_ppf(self, logq: Any) -> Any:
        return self.law.raw_log_ppf(logq)

    def raw_log_isf(self, logq: Any) -> Any:
        return self.law.raw_log_isf(logq)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return self.law.draw(rng, shape)

    def marks(self) -> np.ndarray:
        return self.law.marks()

    def landmarks(self) -> np.ndarray:
        return self.law.landmarks()

    def kinks(self) -> np.ndarray:
        return np.asarray([point for point in self.law.critical_points if self.support.interior_contains(point)])

    def parts(self) -> Sequence[Part]:
        return self.law.parts()
