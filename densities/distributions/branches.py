"""The monotone pieces of a map that carry mass, and the masses on one side of the preimages in all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from densities.anchored import Anchored, anchored, choose, value
from densities.arrays import quiet
from densities.distributions.masses import by_members
from densities.distributions.narrow import ExactRoute
from densities.distributions.route import Route
from densities.distributions.supports import sliver
from densities.domains import Interval
from densities.transforms.base import Bijection, Flat
from densities.transforms.program import follow

__all__ = [
    "LOG_MASSES",
    "MASSES",
    "Branch",
    "Masses",
    "alike",
    "beside_end",
    "blunted",
    "has_nonzero_end",
    "is_limit",
    "is_remote",
    "loses_end",
    "mass_table",
    "meeting",
    "merged_atoms",
    "merged_log_atoms",
    "told_beside_ends",
]


# Closer to a turn of the map or to an end, in shares of its place, a point needs its distance from it.
NEAR = 1e-3
# Points nearer than this share to an end that is no double need their distance from it, if more than e^REMOTE come there.
NEARLY, REMOTE = 2.0**-20, -100.0
# At such distances from an end, in shares of it, preimages by doubles are compared with those by the distance, which may be
# off by SHARE.
BESIDE_END, SHARE = 2.0 ** np.arange(-51.0, -20.0, 10.0), 2.0**-40
# A map that spreads relative errors by more than the exponential of this is steep.
STEEP = 1.0


@dataclass(frozen=True, eq=False)
class Branch:
    """A piece of the map that meets the support of the base: `domain` in x, `image` in y, and how it is travelled."""

    domain: Interval
    image: Interval
    map: Bijection
    from_low: bool
    to_high: bool
    narrow: bool = False
    beyond: tuple[float, float] = (np.nan, np.nan)

    @property
    def up(self) -> Any:
        return self.map.increasing

    def turned(self, low: Any, high: Any) -> tuple[Any, Any]:
        """(low, high) where the map rises, and (high, low) where it falls."""
        if np.all(self.up):
            return low, high
        return (choose(self.up, low, high), choose(self.up, high, low)) if np.any(self.up) else (high, low)

    @cached_property
    def route(self) -> Route:
        way = (self.map, self.domain, self.image)
        return ExactRoute(*way, self.beyond) if self.narrow else Route(*way)

    def crowding(self, a: Any, b: Any) -> Any:
        """How many times its width the place of an interval from a to b of the image is, at the worst, on its way back."""
        low, high = self.image.edges
        ends = [anchored(choose(y < low, low, choose(y > high, high, y))) for y in (a, b)]
        worst: Any = 0.0
        for step, rounds in self.route.way_back:
            ends = [anchored(step(end)) for end in ends]
            worst = np.fmax(worst, crowding(*ends)) if rounds else worst
        return worst


def alike(pieces: Sequence[Any], branches: Sequence[Branch], support: Interval) -> bool:
    """Whether the members of a batch have their branches in common: which there are, and which ends are of the support.

    Where several add up, all must also end at the same numbers, as the whole does.
    """
    if any(isinstance(piece, Flat) for piece in pieces):
        return False
    ends = [end for branch in branches for end in branch.image.edges]
    if any(isinstance(end, Anchored) for end in (*ends, *support.edges)):
        return False
    if len(branches) > 1 and any(map(np.ndim, (*ends, *support.edges))):
        return False
    for domain in (piece.domain for piece in pieces):
        common = domain.intersect(support)
        low, high = (np.equal(value(a), value(b)) for a, b in zip(common.edges, support.edges, strict=True))
        if not all(map(_constant, (low, high, value(common.low) < value(common.high), sliver(domain, support)))):
            return False
    return True


def _constant(flags: Any) -> bool:
    return bool(np.all(flags) or not np.any(flags))


def has_nonzero_end(interval: Interval) -> bool:
    """Whether some end is finite and not zero."""
    ends = np.concatenate([np.ravel(value(end)) for end in interval.edges])
    return bool(np.any(np.isfinite(ends) & (ends != 0.0)))


def beside_end(support: Interval, x: Any) -> Any:
    """Where points, not anchored there, lie close to an end that is finite and not zero."""
    place, anchor = value(x), x.anchor if isinstance(x, Anchored) else 0.0
    low, high = (np.asarray(value(end), dtype=float) for end in support.edges)
    return np.logical_or(
        *(np.isfinite(e) & (anchor != e) & (np.abs(place - e) < NEAR * np.abs(e)) for e in (low, high))
    )


def blunted(domain: Interval, image: Interval, branch: Branch | None, x: Any, y: Any) -> Any:
    """Where points x beside an end have lost the distance from it, and their images y, more digits than y has lost by itself.

    A double beside an end of the image knows no better, but where the map is so steep that it spreads what x is off.
    """
    blunt = beside_end(domain, x)
    if not np.any(blunt):
        return blunt
    sharp = ~beside_end(image, value(y))
    if branch is not None and not np.all(sharp | ~blunt):
        spread = branch.route.carry(anchored(x))[1] + np.log(np.abs(value(x)))
        sharp |= np.asarray(value(spread)) > np.log(np.abs(value(y))) + STEEP
    return blunt & sharp


def told_beside_ends(law: Any, method: str, q: Any, y: np.ndarray) -> np.ndarray:
    """The quantiles y of q of a batch; those that lie beside ends, before or after the map, as the members tell them."""
    near: Any = True
    if law._single is not None:
        x = value(law._single.route.pull_point(y))
        near = beside_end(law.support, y) | beside_end(law.base.support, x) | np.isnan(x)
    return by_members(law, lambda one, levels: getattr(one, method)(levels), y, near, q)


def _beside(turn: Any, branch: Branch, y: Any, x: Any) -> Any:
    """Preimages x of y, anchored where they lie so near a turn of the map that a double loses their distance from it."""
    place = value(turn)
    near = np.asarray(np.abs(value(x - turn)) < NEAR * np.abs(place))
    if isinstance(x, Anchored) or not np.isfinite(place) or not np.any(near):
        return anchored(x)
    low = bool(branch.up) == (place == np.asarray(value(branch.domain.low)))
    end = np.asarray(value(branch.image.low if low else branch.image.high))
    # As a distance from the image of the turn, where that is the double.
    known = np.isfinite(end) & (np.abs(y - end) < NEAR * np.abs(end)) & branch.map.knows_ends
    return choose(near, branch.route.pull_point(choose(known, Anchored(end, y - end), Anchored.exact(y))), anchored(x))


class Masses(NamedTuple):
    """Masses or their logarithms: the methods of a law for those below, above and between points, what none is, their sum."""

    below: str
    above: str
    between: str
    nothing: float
    join: np.ufunc

    @property
    def logs(self) -> bool:
        return self is LOG_MASSES


MASSES = Masses("raw_cdf", "raw_sf", "raw_mass", 0.0, np.add)
LOG_MASSES = Masses("raw_logcdf", "raw_logsf", "raw_log_mass", -np.inf, np.logaddexp)


def mass_table(
    base: Any, branches: Sequence[Branch], y: Any, kind: Masses, whole: Sequence[Any], *, lower: bool
) -> np.ndarray:
    """(branches, points): the mass, or its logarithm, of each branch where the map is at most y (above y).

    For laws without a batch; `whole` are the masses of the branches. The preimages that lie between two ends are sent to
    the base in one call.
    """
    table = np.empty((len(branches), y.size if isinstance(y, np.ndarray) else int(np.prod(y.shape))))
    points = y.reshape(-1)
    starts, stops, places = [], [], []
    for row, branch, everything in zip(table, branches, whole, strict=True):
        below, above = np.asarray(points <= branch.image.low), np.asarray(points >= branch.image.high)
        row[below], row[above] = (kind.nothing, everything) if lower else (everything, kind.nothing)
        inside = np.flatnonzero(~(below | above))
        if not inside.size:
            continue
        x = branch.route.pull_point(points[inside])
        left = bool(branch.up) == lower
        if branch.from_low if left else branch.to_high:
            row[inside] = value(follow(getattr(base, kind.below if left else kind.above), x))
            continue
        turn = branch.domain.low if left else branch.domain.high
        ends = Anchored.at(turn), _beside(turn, branch, points[inside], x)
        starts.append(_spread(ends[0] if left else ends[1], inside.size))
        stops.append(_spread(ends[1] if left else ends[0], inside.size))
        places.append((row, inside))
    if places:
        found = np.asarray(value(getattr(base, kind.between)(_joined(starts), _joined(stops))))
        last = np.cumsum([inside.size for _, inside in places])[:-1]
        for (row, inside), part in zip(places, np.split(found, last), strict=True):
            row[inside] = part
    return table.reshape(len(branches), *np.shape(value(y)))


def _spread(x: Anchored, size: int) -> tuple[Any, Any, Any]:
    log = None if x._log is None else np.broadcast_to(x._log, size)
    return np.broadcast_to(x.anchor, size), np.broadcast_to(x.offset, size), log


def _joined(parts: Sequence[tuple[Any, Any, Any]]) -> Anchored:
    """Vectors of points one after another."""
    anchor, offset = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    if all(part[2] is None for part in parts):
        return Anchored(anchor, offset)
    logs = [np.log(np.abs(part[1])) if part[2] is None else part[2] for part in parts]
    return Anchored(anchor, offset, np.concatenate(logs))


def crowding(a: Anchored, b: Anchored) -> Any:
    """The place of an interval, as an offset where both ends have one anchor, in widths of it; NaN where that is not known."""
    together = np.equal(a.anchor, b.anchor)
    place = (np.where(together, end.offset, value(end)) for end in (a, b))
    return np.maximum(*map(np.abs, place)) / np.abs(value(b - a))


def is_limit(branch: Branch, origin: Any, end: Any) -> Any:
    """Whether an image of infinity is an end of the codomain of the last map, which knows the distance from it."""
    limits = [value(limit) for limit in branch.map.steps[-1].codomain.edges]  # type: ignore[attr-defined]
    return np.isinf(value(origin)) & np.isin(value(end), limits)


def is_remote(law: Any, branch: Branch, origin: Any, end: Any) -> Any:
    """Whether the image of infinity is an end to which e^REMOTE of the law come nearer than a millionth of it."""
    with quiet():
        end = np.asarray(value(end), dtype=float)
        inward = np.sign(value(branch.image.interior_point()) - end)
        x = value(branch.map.inverse(end + inward * NEARLY * np.abs(end)))
        beyond = np.where(value(origin) > 0.0, value(law.raw_logsf(x)), value(law.raw_logcdf(x)))
    return np.isinf(value(origin)) & (beyond < REMOTE)


def loses_end(branch: Branch, end: float) -> bool:
    """Whether the way back of doubles beside an end of the image, a double, rounds their distance from it."""
    if end not in [value(limit) for limit in branch.image.edges]:
        return False
    points = end * (1.0 + np.multiply.outer([-1.0, 1.0], BESIDE_END).ravel())
    points = points[np.asarray(branch.image.interior_contains(points))]
    with quiet():
        plain = value(branch.route.pull_point(points))
        exact = value(branch.route.pull_point(Anchored(np.full(points.shape, end), points - end)))
    return bool(np.any(np.abs(plain - exact) > SHARE * np.abs(exact)))


def meeting(image: Interval, places: Any) -> Interval:
    """The image of a piece, with the ends that rounding alone parts from the place of a point mass at that place."""
    places = np.asarray(places, dtype=float)
    ends = []
    for end, slack in zip(image.edges, image.slacks, strict=True):
        near = places[np.abs(places - end) <= slack] if isinstance(end, float) else places[:0]
        ends.append(float(near[0]) if near.size else end)
    closed = {"low_closed": image.low_closed, "high_closed": image.high_closed}
    return Interval(*ends, **closed, low_slack=image.low_slack, high_slack=image.high_slack)


def merged_atoms(locations: Any, masses: Any) -> tuple[np.ndarray, np.ndarray]:
    """Atoms at equal places added up."""
    unique, inverse = np.unique(np.asarray(locations, dtype=float), return_inverse=True)
    return unique, np.bincount(inverse, weights=masses, minlength=len(unique))


def merged_log_atoms(locations: Any, logs: Any) -> tuple[np.ndarray, np.ndarray]:
    """Atoms at equal places added up, by the logarithms of their masses."""
    unique, inverse = np.unique(np.asarray(locations, dtype=float), return_inverse=True)
    total = np.full(len(unique), -np.inf)
    np.logaddexp.at(total, inverse, logs)
    return unique, total
