"""Expectations of the law of g(X) in the coordinates of the roots of X: nodes travel forward and are never inverted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from densities.anchored import choose, value
from densities.arrays import quiet
from densities.distributions.base import Part, Univariate
from densities.distributions.branches import Branch
from densities.domains import Interval, union
from densities.transforms.base import Flat, Transform, meets

# Up to so many branches are summed at every node of every one.
FEW = 8


class PushedParts(Univariate):
    """What the engine asks of the law of transform(X), X of law `base`, whose monotone pieces are `branches`."""

    base: Univariate
    transform: Transform
    branches: tuple[Branch, ...]
    flats: tuple[tuple[Flat, float], ...]

    def parts(self) -> Sequence[Part]:
        if self.flats or len(self.branches) > FEW:
            # Constant pieces carry atoms only, and many branches would be summed at every node of every one: in both
            # cases the coordinate of the image is the better one.
            return super().parts()
        return tuple(self._pushed(part) for part in self.base.parts())

    def _pushed(self, part: Part) -> Part:
        domains = [branch.domain for branch in self.branches] + [flat.domain for flat, _ in self.flats]
        ends = np.array([value(end) for domain in domains for end in domain.edges], dtype=float)
        ends = np.append(ends[np.isfinite(ends)], self._bends)
        part = part.pinned(ends)

        def forward(x: Any) -> tuple[Any, Any]:
            y, before = part.forward(x)
            z, log_det = self._forward(y)
            return z, before + log_det

        def preimages(points: np.ndarray) -> np.ndarray:
            return part.preimages(self.preimages(points))

        with quiet():
            breaks = part.preimages(ends)
        return Part(
            part.weight,
            part.root,
            forward,
            preimages,
            (*part.breaks, *map(float, breaks[np.isfinite(breaks)])),
            part.injective and self.injective,
        )

    def _forward(self, x: Any) -> tuple[Any, Any]:
        """(g(x), log|g'(x)|), branch by branch."""
        y, total = self.branches[0].route.carry(x)
        for branch in self.branches[1:]:
            inside = np.asarray(branch.domain.contains(x))
            z, log_det = branch.route.carry(choose(inside, x, branch.domain.interior_point()))
            y, total = choose(inside, z, y), choose(inside, log_det, total)
        return y, total

    @cached_property
    def injective(self) -> bool:
        """Whether no two points of the support have the same image."""
        images = sorted((branch.image for branch in self.branches), key=lambda image: float(np.min(value(image.low))))
        return not self.flats and all(np.all(value(a.high) <= value(b.low)) for a, b in pairwise(images))

    def carriers(self) -> Sequence[Interval]:
        inner = self.base.carriers()
        if len(inner) == len(self.branches) == 1:
            return (self.branches[0].image,)
        pairs = [(branch, part) for branch in self.branches for part in inner if meets(branch.domain, part)]
        with quiet():
            return union([branch.map.image(branch.domain.intersect(part)) for branch, part in pairs])

    def preimages(self, points: np.ndarray) -> np.ndarray:
        """All points of the base's support that map onto one of `points`."""
        points = np.asarray(points, dtype=float)
        found = []
        with quiet():
            for branch in self.branches:
                inside = points[np.asarray(branch.image.contains(points))]
                found.append(np.ravel(value(branch.map.inverse(inside))))
        return np.concatenate(found) if found else np.empty(0)

    @cached_property
    def _bends(self) -> list[float]:
        """Points inside the branches, in the coordinate of the base, where the map is not smooth."""
        branches = () if self.batch_shape else self.branches
        return [kink for branch in branches for kink in branch.map.kinks if branch.domain.interior_contains(kink)]

    def kinks(self) -> np.ndarray:
        if self.batch_shape:
            return np.empty((0, *self.batch_shape))
        with quiet():
            places = np.append(self.base.kinks(), self._bends)
            images = np.asarray(value(self.transform.forward(places))) if len(places) else places
        return images[np.asarray(self.support.interior_contains(images))]

    def marks(self) -> np.ndarray:
        with quiet():
            points = np.asarray(value(self.transform.forward(self.base.marks())))
            ends = [np.asarray(value(end)) for branch in self.branches for end in branch.image.edges]
        ends.extend(self.kinks())
        finite = [np.broadcast_to(end, (1, *points.shape[1:])) for end in ends if np.all(np.isfinite(end))]
        return np.concatenate([points, *finite])


__all__ = ["PushedParts"]
