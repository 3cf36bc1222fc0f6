"""Quantiles and draws of g(X): the images of those of X, where g never falls or never rises, else solved for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, choose, value
from densities.arrays import in_blocks, in_parts, quiet, some
from densities.distributions.branches import Branch, beside_end, blunted, told_beside_ends
from densities.distributions.masses import spread, toward_ends
from densities.distributions.pushed_parts import PushedParts
from densities.domains import Interval
from densities.foreign import Foreign
from densities.transforms.base import Bijection
from densities.transforms.program import follow, holds


class PushedQuantiles(PushedParts):
    """How the law of transform(X) is inverted and drawn."""

    @property
    def _single(self) -> Branch | None:
        """The branch, where there is one and it carries everything."""
        if len(self.branches) == 1 and not self.flats and not len(self.base.atoms[0]):
            return self.branches[0]
        return None

    @cached_property
    def _direction(self) -> Any:
        """True or False where the map never falls or never rises on the support, None where it does both."""
        if self._single is not None:
            return np.asarray(self._single.up)
        images = [(branch.domain, branch.image) for branch in self.branches]
        images += [(flat.domain, Interval(flat.value, flat.value)) for flat, _ in self.flats]
        images = [image for _, image in sorted(images, key=lambda pair: float(np.min(value(pair[0].low))))]
        for up in (True, False):
            ordered = images if up else images[::-1]
            if (
                all(np.all(branch.up == up) for branch in self.branches)
                and (up or not len(self.base.atoms[0]))
                and all(np.all(value(a.high) <= value(b.low)) for a, b in pairwise(ordered))
            ):
                return np.asarray(up)
        return None

    def guide(self) -> np.ndarray:
        return np.empty(0) if self.batch_shape else self._guide

    @property
    def inverts_fast(self) -> bool:  # type: ignore[override]
        return self.base.inverts_fast and self._direction is not None

    @cached_property
    def _guide(self) -> np.ndarray:
        """The images of points over the mass of the base."""
        with quiet():
            images = np.ravel(value(self.transform.forward(spread(self.base))))
            images = images[np.isfinite(images)]
            largest = np.max(np.abs(images), initial=1e-300)
            low, high = (float(value(end)) for end in self.support.edges)
            ends = toward_ends(low, high, float(largest))
        points = np.unique(np.concatenate([images, ends, self.critical_points]))
        return points[(np.abs(points) < 1e290) & np.asarray(self.support.interior_contains(points))]

    def _quantile_through(self, q: Any, same: str, swapped: str, solve: Callable) -> Any:
        """The quantiles; beside ends of the members of a batch, those of the members."""
        y = self._pushed_quantile(q, same, swapped, solve)
        plain = not (self.batch_shape and self.fragile) or isinstance(q, Foreign)
        return y if plain else told_beside_ends(self, same, q, value(y) + np.zeros(self.batch_shape))

    def _pushed_quantile(self, q: Any, same: str, swapped: str, solve: Callable) -> Any:
        """g of the quantile of the base, on the same side for a rising map; another map needs a solver."""
        up = self._direction
        if up is None:
            return solve(q)
        push = self.transform.forward if self._single is None else self._single.route.push

        def pushed(side: str) -> Any:
            x = follow(getattr(self.base, side), q)
            y = self._on_atoms(x, push(anchored(x) if self.fragile else x))
            if self.batch_shape or holds(self._keeps_distances, x):
                return y
            blunt = np.array(self._gone(x))
            if self.fragile:
                blunt |= np.asarray(blunted(self.base.support, self.support, self._single, x, y))
            if not blunt.any():
                return y
            y = np.array(value(y))
            y[blunt] = solve(np.asarray(q)[blunt])
            return y

        return choose(up, pushed(same), pushed(swapped)) if up.ndim else pushed(same if up else swapped)

    def _on_atoms(self, x: Any, y: Any) -> Any:
        """y, but of atoms of the base the places of theirs: these are images of doubles, whichever way others go."""
        places = self.base.atoms[0]
        if not len(places) or not self.fragile:
            return y
        index = np.minimum(np.searchsorted(places, value(x)), len(places) - 1)
        return choose(places[index] == value(x), value(self.transform.forward(places))[index], y)

    def _keeps_distances(self, x: Any) -> bool:
        """Whether quantiles of the base have lost no digits of their distance from its ends, which the map may bring out."""
        if isinstance(x, Foreign):
            return True
        return not (some(self._gone(x)) or (self.fragile and some(beside_end(self.base.support, x))))

    def _gone(self, x: Any) -> Any:
        """Where quantiles of the base have left the doubles: only an atom is at an end itself."""
        low, high = self.base.support.edges
        if len(self.base.atoms[0]):
            return np.zeros(np.shape(x), dtype=bool)
        beyond = np.asarray(x <= low) | np.asarray(x >= high)
        if isinstance(x, Anchored) and x._log is not None:
            return beyond
        return beyond | (np.equal(low, 0.0) | np.equal(high, 0.0)) & (np.abs(value(x)) < np.finfo(float).tiny)

    def raw_total_ppf(self, q: Any) -> Any:
        return self._quantile_through(q, "raw_total_ppf", "raw_isf", super().raw_total_ppf)

    def raw_ppf(self, q: Any) -> Any:
        return self._quantile_through(q, "raw_ppf", "raw_isf", super().raw_ppf)

    def raw_isf(self, q: Any) -> Any:
        return self._quantile_through(q, "raw_isf", "raw_ppf", super().raw_isf)

    def raw_log_ppf(self, logq: Any) -> Any:
        return self._quantile_through(logq, "raw_log_ppf", "raw_log_isf", super().raw_log_ppf)

    def raw_log_isf(self, logq: Any) -> Any:
        return self._quantile_through(logq, "raw_log_isf", "raw_log_ppf", super().raw_log_isf)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return self._push(self.base.draw(rng, shape))

    def plain_draws(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        if self.base.narrowness.anywhere or (isinstance(self.transform, Bijection) and self.narrowness.anywhere):
            return value(self._push(self.base.draw(rng, shape)))
        if self.base.shared_draws and not self.batch_shape:
            traced = partial(self.programs.has, "_push", np.dtype(float))
            return in_parts(self._pushed_draws, shape, rng, parallel=traced)
        x = self.base.draw(rng, shape)
        if self.batch_shape or not isinstance(x, np.ndarray):
            return value(self._push(x))
        return self._by_blocks(lambda push, block: self.programs.run("_push", push, block), self._push, x)

    def _pushed_draws(self, rng: np.random.Generator, count: int) -> np.ndarray:
        x = self.base.draw(rng, (count,))
        if not isinstance(x, np.ndarray):
            return value(self._push(x))
        return in_blocks(partial(self.programs.run, "_push", self._push), x)

    def _push(self, x: Any) -> Any:
        """g(x) for draws of the base."""
        return self.transform.forward(x) if self._single is None else self._single.route.push(x)


__all__ = ["PushedQuantiles"]
