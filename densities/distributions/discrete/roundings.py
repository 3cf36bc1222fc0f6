"""What floor, ceil, round and sign make of a law with a density: point masses, each the mass of an interval."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, value
from densities.arrays import quiet
from densities.distributions.base import Univariate
from densities.distributions.discrete.images import listed
from densities.distributions.lattice import Countable, Discrete, Strand
from densities.distributions.moments import closed
from densities.distributions.pushforward import Pushforward, stepped
from densities.errors import ShapeError, SupportError, argument_error
from densities.logmath import by_the_rest, log1mexp
from densities.transforms.base import Transform
from densities.transforms.manytoone import Clip, Relu, Rounding, Sign
from densities.transforms.piecewise import Piecewise


class Levelled:
    """What a map leaves nothing but point masses of: draws are mapped as they come, and nothing is known in closed form."""

    base: Any
    transform: Transform

    @property
    def narrowness(self) -> Any:
        """That of the base: where the pieces of the map lie is exact."""
        return self.base.narrowness

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return self._push(value(self.base.draw(rng, shape)))

    def _push(self, x: Any) -> Any:
        return np.asarray(value(self.transform.forward(x))) + 0.0  # an atom at -0 is one at 0

    def closed_mean(self) -> Any:
        return None

    closed_var = closed_entropy = closed_mean

    def closed_mode(self) -> Any:
        return Discrete.closed_mode(self)  # type: ignore[arg-type]


class Rounded(Levelled, Countable, Pushforward):
    """P(k) = P(k + s <= X < k + s + 1) to relative accuracy, s = 0 for floor, -1/2 for round, -1 for ceil.

    Tails are those of X; atoms of X go to the integer that the map takes them to.
    """

    def __init__(self, base: Univariate, transform: Transform):
        if base.batch_shape:
            raise ShapeError(argument_error(f"{transform}", "a scalar law", base))
        self.base, self.transform, self.params, self.batch_shape = base, transform, {}, ()
        self.start = transform.start  # type: ignore[attr-defined]
        low, high = (float(value(end)) for end in base.support.edges)
        places = base.atoms[0]
        self._taken = np.asarray(transform.forward(places), dtype=float)
        self._masses = base.atoms[1]
        self.low = min([np.floor(low - self.start), *self._taken])
        self.high = max([np.ceil(high - self.start) - 1.0, *self._taken])
        with np.errstate(all="ignore"):
            middle = float(transform.forward(np.asarray(value(base.raw_total_ppf(np.asarray(0.5))), dtype=float)))
        self.centre = float(np.clip(middle, self.low, self.high))

    def closed_mean(self) -> Any:
        """That of X where it is no finite number, as K differs from X by less than 1; otherwise not known in closed form."""
        known = closed(self.base, "mean")
        return known if known is not None and not np.isfinite(known) else None

    def marks(self) -> np.ndarray:
        points = np.concatenate([self.base.landmarks(), self.base.kinks(), self.base.atoms[0]])
        return np.unique(np.asarray(self.transform.forward(points), dtype=float))

    def _from_atoms(self, chosen: Any) -> Any:
        return np.sum(np.where(chosen, self._masses, 0.0), axis=-1)

    def _joined(self, continuous: Any, k: Any, compare: Any) -> Any:
        """The log of the continuous mass and of the atoms together."""
        if not len(self._masses):
            return value(continuous)
        return np.logaddexp(value(continuous), np.log(self._from_atoms(compare(self._taken, np.asarray(k)[..., None]))))

    def _edge(self, k: Any, offset: float) -> Anchored:
        """The point k + s + offset, known as an offset from k + s: neighbours differ by exactly 1."""
        anchor = np.asarray(k, dtype=float) + self.start
        return Anchored(anchor, np.full(anchor.shape, offset))

    def log_pmf(self, k: Any) -> Any:
        support = self.base.support
        low, high = self._edge(k, 0.0), self._edge(k, 1.0)
        below, above = np.asarray(low <= support.low), np.asarray(high >= support.high)
        outside = np.asarray(high <= support.low) | np.asarray(low >= support.high)
        inner = ~(below | above | outside)
        result = np.where(outside, -np.inf, self.base.log_continuous_mass)
        for mask, formula in (
            (below & ~above & ~outside, lambda k: self.base.anywhere("logcdf", self._edge(k, 1.0))),
            (above & ~below & ~outside, lambda k: self.base.anywhere("logsf", self._edge(k, 0.0))),
            (inner, lambda k: self.base.raw_log_mass(self._edge(k, 0.0), self._edge(k, 1.0))),
        ):
            if mask.any():
                result[mask] = value(formula(np.asarray(k, dtype=float)[mask]))
        merged = inner & np.isneginf(result)
        if merged.any():
            result[merged] = self._log_of_merged(np.asarray(k, dtype=float)[merged])
        return self._joined(result, k, np.equal)

    def _log_of_merged(self, k: Any) -> Any:
        """log P(k) where the law cannot tell k + s from k + s + 1: of the nearer tail what its hazard takes on the way."""
        found: Any = np.full(k.shape, np.inf)
        for tail, offset in (("logcdf", 1.0), ("logsf", 0.0)):
            logs, density = (value(self.base.anywhere(each, self._edge(k, offset))) for each in (tail, "logpdf"))
            with quiet():
                taken = np.where(np.isneginf(logs), -np.inf, logs + log1mexp(-np.exp(density - logs)))
            found = np.where(logs < np.log(0.5), np.minimum(found, taken), found)
        return np.where(np.isposinf(found), -np.inf, found)

    def log_below(self, k: Any) -> Any:
        logs = self._joined(self.base.anywhere("logcdf", self._edge(k, 1.0)), k, np.less_equal)
        return by_the_rest(logs, self.above(k))

    def log_above(self, k: Any) -> Any:
        logs = self._joined(self.base.anywhere("logsf", self._edge(k, 1.0)), k, np.greater)
        return by_the_rest(logs, self.below(k))

    def below(self, k: Any) -> Any:
        return value(self.base.anywhere("cdf", self._edge(k, 1.0))) + self._from_atoms(
            self._taken <= np.asarray(k)[..., None]
        )

    def above(self, k: Any) -> Any:
        return value(self.base.anywhere("sf", self._edge(k, 1.0))) + self._from_atoms(
            self._taken > np.asarray(k)[..., None]
        )


class Stepped(Levelled, Discrete, Pushforward):
    """The law of a map that is constant wherever X can be, on finitely many pieces: sign(X), relu(X) for X < 0."""

    @cached_property
    def strands(self) -> Sequence[Strand]:
        places, logs = Pushforward.log_atoms.func(self)  # type: ignore[attr-defined]
        return listed(places, logs)


@stepped.register
def rounded(transform: Rounding, law: Any) -> Any:
    return Rounded(law, transform)


@stepped.register(Sign)
@stepped.register(Relu)
@stepped.register(Clip)
def flattened(transform: Any, law: Any) -> Any:
    """Stepped where the map is constant on all of the support, a law with a density and atoms otherwise."""
    result = Pushforward(law, transform)
    return Stepped(law, transform) if result.measure == "counting" else result


@stepped.register
def put_together(transform: Piecewise, law: Any) -> Any:
    """The law of a piecewise map; SupportError with the lost mass where the law has some between the pieces."""
    pushed = flattened(transform, law)
    for gap in transform.domain.gaps:
        for carrier in law.carriers():
            lost = carrier.intersect(gap)
            if np.any(lost.length > np.asarray(carrier.low_slack) + np.asarray(carrier.high_slack)):
                with quiet():
                    log_mass = float(np.max(value(law.raw_log_mass(anchored(lost.low), anchored(lost.high)))))
                raise SupportError(
                    f"{transform}: {np.exp(log_mass):.6g} of the mass of {law} lies in {gap}, between its pieces; "
                    "give a map for this interval, or restrict the law with truncate",
                    lost_mass=float(np.exp(log_mass)),
                    log_lost_mass=log_mass,
                )
    return pushed


__all__ = ["Rounded", "Stepped"]
