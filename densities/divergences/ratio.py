"""The log-ratio of two laws, log dp/dq, and where it exists."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, singledispatch
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from densities.anchored import Anchored, anchored, choose, log_abs, sign, value
from densities.arrays import as_points, quiet, some
from densities.divergences.direct import EPS, Direct, direct
from densities.divergences.extremes import log_ratio_range
from densities.divergences.sums import missing
from densities.domains import Interval, lies_above
from densities.errors import ShapeError, argument_error
from densities.protocols import as_distribution
from densities.transforms.base import meets

# A density below e^(-10^6) holds nothing that a sum over nodes could miss.
NOTHING = -1e6
# Nor does one below e^(-2000) where even the logarithm of the image leaves the doubles: whether p log(p/q) has a tail that
# diverges is told by what it does before.
UNHEARD = -2000.0
# Beyond e^230 the logarithm of a density that falls like e^(-x²) leaves the doubles.
FAR = 230.0
# The logarithm of an end beyond the doubles is known to this share of itself.
LOST = 16.0 * EPS


class Nodes(NamedTuple):
    """A pair of laws at nodes of a root of p: t = log dp/dq, the log-weight of the root, log p(y), log q(y), and log q in x.

    `lost` marks nodes where no logarithm is known: nothing of p is left and y is beyond e^(10^308), or rounding has thrown
    y out of the support of p or onto a pole of q, and q counts as p. The mass of p shows what is lost so.
    """

    t: Any
    log_weight: Any
    log_p: Any
    log_q: Any
    log_q_root: Any
    lost: Any = False


@dataclass(frozen=True, eq=False)
class RadonNikodym:
    """dp/dq on the line. `log(x)` is log dp/dq in nats: -inf where only q has mass, +inf where only p has.

    The Lebesgue decomposition is p = p_ac + p_s with p_ac << q: `continuous_mass` = p_ac(R), `singular_mass` = p_s(R), and
    `reason` says where p_s lives. `measure` names the dominating measure, `essential_range` holds the infimum and the
    supremum of log dp/dq on what carries p_ac, `landmarks` are the points where either law changes.
    """

    p: Any
    q: Any

    @property
    def measure(self) -> str:
        """The measure that both laws have densities to."""
        kinds = {"lebesgue": ("Lebesgue",), "counting": ("counting",), "mixed": ("Lebesgue", "counting")}
        return " + ".join(sorted({kind for law in (self.p, self.q) for kind in kinds[law.measure]}))

    @property
    def landmarks(self) -> np.ndarray:
        """Landmarks and atoms of both laws, in order."""
        places = [points for law in (self.p, self.q) for points in (law.landmarks(), law.atoms[0])]
        return np.unique(np.concatenate(places))

    @property
    def continuous_mass(self) -> float:
        """The mass of p that q sees, p_ac(R)."""
        return float(-np.expm1(min(self.log_singular_mass, 0.0))) + 0.0

    @cached_property
    def essential_range(self) -> tuple[float, float]:
        """The infimum and supremum of log dp/dq where both laws have mass; NaN for discrete laws with endless support."""
        with quiet():
            return log_ratio_range(self)

    def log(self, x: Any) -> Any:
        """log dp/dq at x: densities off the atoms, masses at them; of near-identical laws to relative accuracy."""
        points, restore = as_points(x)
        with quiet():
            t, log_p, log_q = self.smooth(Anchored.exact(points))
            smooth = np.asarray(value(t))
            if self.near is not None:
                noise = EPS * (np.abs(np.asarray(value(log_p))) + np.abs(np.asarray(value(log_q))))
                smooth = self.near.refined(points, smooth, noise)
            here, there = self.p.logpmf(points), self.q.logpmf(points)
            return restore(np.where(np.maximum(here, there) > -np.inf, here - there, smooth))

    @cached_property
    def near(self) -> Direct | None:
        """log dp/dq of near-identical laws from the difference of their parameters, up to a constant."""
        return direct(self.p, self.q)

    def smooth(self, y: Any) -> tuple[Any, Any, Any]:
        """(log dp/dq, log p, log q) of the continuous parts at points y."""
        log_p, log_q = self.p.logpdf_anywhere(y), self.q.logpdf_anywhere(y)
        return _difference(log_p, log_q), log_p, log_q

    def on(self, part: Any, x: Anchored) -> Nodes:
        """The pair at nodes x of a root of p; y = forward(x) is never inverted where the map is injective."""
        log_weight = part.root.raw_logpdf(x)
        y, log_det = part.forward(x)
        thrown = self._thrown(y)
        lost = np.isposinf(log_abs(y)) & (value(log_weight) < UNHEARD) | thrown
        if np.any(thrown):
            y, log_det = choose(thrown, self.p.support.interior_point(), y), choose(thrown, 0.0, log_det)
        log_p = log_weight - log_det if part.injective else self.p.logpdf_anywhere(y)
        log_q = self.q.logpdf_anywhere(self._within_q(y))
        thrown = thrown | np.isposinf(value(log_q))
        if np.any(thrown):
            log_q, lost = choose(thrown, log_p, log_q), lost | thrown
        if some(beyond := np.asarray(log_abs(y) > FAR)):
            lost = lost | beyond & np.isposinf(log_abs(log_q)) & (value(log_weight) < NOTHING)
        t = _difference(log_p, log_q)
        if part.injective:
            return Nodes(t, log_weight, log_p, log_q, log_q + log_det, lost)
        # Of the density of p at y this root and branch give a share, times the weight of the part; q is shared out alike.
        share = value(log_weight - log_det - log_p)
        share = np.where(np.isnan(share), 0.0, np.minimum(share, -np.log(part.weight)))
        return Nodes(t, log_weight, log_p, log_q, log_q + log_det + share, lost)

    def _thrown(self, y: Any) -> Any:
        """Whether rounding has thrown points of p out of its support, over a pole that they come too near to."""
        support = self.p.support
        if support.is_real_line or self.p.batch_shape:
            return False
        below, above = value(support.low - y), value(y - support.high)
        return np.asarray(below > support.low_slack) | np.asarray(above > support.high_slack)

    @cached_property
    def _shared_ends(self) -> list[tuple[float, float, float]]:
        """Ends that p and q have in common but for rounding, as q has them: (end, 1 for a lower one or -1, rounding)."""
        if self.p.batch_shape or self.q.batch_shape:
            return []
        own, others = (
            [
                (float(end), side, float(slack))
                for part in law.carriers()
                for end, side, slack in ((part.low, 1.0, part.low_slack), (part.high, -1.0, part.high_slack))
                if not isinstance(end, Anchored) and np.isfinite(end)
            ]
            for law in (self.q, self.p)
        )
        pairs = [(a, b, a[2] + b[2]) for a in own for b in others if a[1] == b[1]]
        return [(a[0], a[1], slack) for a, b, slack in pairs if slack > 0.0 and abs(a[0] - b[0]) <= slack]

    def _within_q(self, y: Any) -> Any:
        """Points of p where q has them: an end of p that rounding alone parts from one of q is that end."""
        for end, side, slack in self._shared_ends:
            if isinstance(y, Anchored):
                y = Anchored(np.where(np.abs(y.anchor - end) <= slack, end, y.anchor), y.offset, y._log)
            depth = (y - end) * side
            y = choose(np.asarray(depth <= 0.0) & np.asarray(depth >= -slack), end + side * slack, y)
        return y

    @property
    def absolutely_continuous(self) -> bool:
        return self.singular_mass == 0.0

    @property
    def singular_mass(self) -> float:
        """The mass of p where q has none; exp of `log_singular_mass`."""
        return float(np.exp(self.log_singular_mass))

    @property
    def log_singular_mass(self) -> float:
        return self._singular[0]

    @property
    def reason(self) -> str:
        """Why p is not absolutely continuous with respect to q; empty where it is."""
        return self._singular[1]

    @cached_property
    def _singular(self) -> tuple[float, str]:
        """(log of the mass of p where q has none, where that is)."""
        with quiet():
            losses = [*self._beside_support(), *self._atoms_of_p()]
        losses = [(log_mass, where) for log_mass, where in losses if log_mass > -np.inf]
        if not losses:
            return -np.inf, ""
        total = float(np.logaddexp.reduce([log_mass for log_mass, _ in losses]))
        return total, "; ".join(where for _, where in losses)

    def _beside_support(self) -> list[tuple[float, str]]:
        """The continuous mass of p beyond the ends of the continuous part of q."""
        p, q = self.p, self.q
        if p.log_continuous_mass == -np.inf:
            return []
        if q.log_continuous_mass == -np.inf:
            return [(p.log_continuous_mass, "p has a density and q has only point masses")]
        inner, outer = p.support, q.support
        found = []
        if apart_below(inner, outer):
            found.append((_log_mass(p, "logcdf", outer.low), f"p has mass below {_told(outer.low)}, where q has none"))
        if apart_above(inner, outer):
            found.append((_log_mass(p, "logsf", outer.high), f"p has mass above {_told(outer.high)}, where q has none"))
        gaps = pairwise(q.carriers())
        return found + [loss for before, after in gaps for loss in self._in_gap(before, after)]

    def _in_gap(self, before: Interval, after: Interval) -> list[tuple[float, str]]:
        """The continuous mass of p between two intervals that carry q."""
        gap = Interval(before.high, after.low)
        held = [part.intersect(gap) for part in self.p.carriers() if meets(part, gap)]
        place = f"p has mass between {value(gap.low):.17g} and {value(gap.high):.17g}, where q has none"
        return [
            (float(value(self.p.raw_log_mass(anchored(part.low), anchored(part.high)))), place)
            for part in held
            if value(part.high - part.low)
            > _slack(before.high_slack, after.low_slack) + _slack(part.low_slack, part.high_slack)
        ]

    def _atoms_of_p(self) -> list[tuple[float, str]]:
        if self.p.measure == "lebesgue":
            return []
        if self.p.measure == "counting":
            return missing(self.p, self.q)
        locations, logs = self.p.log_atoms
        bare = (logs > -np.inf) & np.isneginf(self.q.logpmf(locations))
        return [
            (float(log), f"p has an atom at {place:.17g}, q has none there")
            for place, log in zip(locations[bare], logs[bare], strict=True)
        ]


def apart_below(a: Interval, b: Interval) -> bool:
    """Whether a begins below b for certain."""
    return _apart(a.low, b.low, a.low_slack, b.low_slack)


def apart_above(a: Interval, b: Interval) -> bool:
    """Whether a ends above b for certain."""
    return _apart(b.high, a.high, a.high_slack, b.high_slack)


def _apart(first: Any, second: Any, *slacks: Any) -> bool:
    """Whether the second end lies beyond the first for certain; beyond the doubles, by logarithms."""
    if isinstance(first, float) and isinstance(second, float):
        return second > first and bool(second - first > _slack(*slacks))
    with quiet():
        gap = second - first
        if some(np.isfinite(value(gap))):
            return some(value(gap) > 0) and bool(np.all(value(gap) > _slack(*slacks)))
        size = np.maximum(log_abs(first), log_abs(second))
        alike = (size < np.inf) & (log_abs(gap) - size < np.log(LOST * (1.0 + np.abs(size))))
        return bool(np.all(np.asarray(lies_above(second, first)) & ~alike))


def _told(end: Any) -> str:
    number = value(end)
    return f"{number:.17g}" if np.isfinite(number) else f"{'-' * bool(number < 0)}e^{log_abs(end):.17g}"


def _slack(a: Any, b: Any) -> float:
    return float(np.max(np.asarray(a) + np.asarray(b)))


def _log_mass(law: Any, method: str, end: Any) -> float:
    return float(value(law.anywhere(method, anchored(end))))


def _difference(log_p: Any, log_q: Any) -> Any:
    """log p - log q, with log 0 - log q = -inf, log p - log 0 = inf, and both zero giving 0."""
    difference = log_p - log_q
    if isinstance(difference, Anchored):
        return difference
    return np.where(np.isneginf(value(log_p)) & np.isneginf(value(log_q)), 0.0, difference)


def radon_nikodym(p: Any, q: Any) -> Any:
    """dp/dq as an object: `.log(x)`, `.absolutely_continuous`, `.singular_mass`, `.reason`, `.essential_range`, `.measure`.

    Raises ShapeError for laws on spaces of different dimension.
    """
    p, q = as_distribution(p), as_distribution(q)
    if p.event_shape != q.event_shape:
        raise ShapeError(argument_error("q", f"a law on the space of p, event shape {p.event_shape}", q.event_shape))
    return ratio_of(p, q)


@singledispatch
def ratio_of(p: Any, q: Any) -> Any:
    """The log-ratio of two laws on the same space; kinds of laws with another one register here."""
    counts = p.measure == q.measure == "counting" and not (p.batch_shape or q.batch_shape)
    return RadonNikodym(p, q.reaching(p) if counts else q)


__all__ = ["RadonNikodym", "log_abs", "radon_nikodym", "sign"]
