"""A batch whose members have nothing in common but their place in it: each is a law of its own, and is asked itself.

Images of a batch are such where a map meets its members in different pieces: of uniforms on (-1, 2) and (1, 3), |x| folds
one and not the other. Batches that one formula serves stay arrays of parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.distributions.base import Univariate
from densities.distributions.masses import by_members
from densities.domains import Interval
from densities.errors import ParameterError, UnsupportedOperationError, argument_error
from densities.parameters import joint_shape
from densities.protocols import many_digits, push_forward, simplify
from densities.transforms.base import Transform

__all__ = ["Members", "of_members"]


class Members(Univariate):
    """The batch of scalar laws `laws`, an array of them: every method asks each one. A hundred of them cost a hundred."""

    broadcasts = False

    def __init__(self, laws: np.ndarray):
        self.laws, self.batch_shape = laws, laws.shape
        self.params = {}

    def member(self, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
        found = np.broadcast_to(self.laws, shape)[index]
        return Members(found) if isinstance(found, np.ndarray) else found

    @property
    def made_of(self) -> tuple[Any, ...]:
        return tuple(self.laws.flat)

    @cached_property
    def support(self) -> Interval:
        """The supports; closed where all of them are."""
        found = [law.support for law in self.laws.flat]
        ends = (np.reshape([float(value(part.edges[side])) for part in found], self.batch_shape) for side in (0, 1))
        slacks = (np.reshape([np.max(part.slacks[side]) for part in found], self.batch_shape) for side in (0, 1))
        return Interval(
            *ends,
            low_closed=all(part.low_closed for part in found),
            high_closed=all(part.high_closed for part in found),
            **dict(zip(("low_slack", "high_slack"), slacks, strict=True)),
        )

    @property
    def measure(self) -> str:
        kinds = {law.measure for law in self.laws.flat}
        return kinds.pop() if len(kinds) == 1 else "mixed"

    @property
    def fragile(self) -> bool:
        return any(law.fragile for law in self.laws.flat)

    @property
    def remote_ends(self) -> tuple[Any, ...]:
        return tuple(end for law in self.laws.flat for end in law.remote_ends)

    @property
    def atoms(self) -> tuple[np.ndarray, np.ndarray]:
        if any(len(law.atoms[0]) for law in self.laws.flat):
            raise UnsupportedOperationError(
                f"{self}: its members have different point masses; ask a member for its atoms"
            )
        return super().atoms

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Members)
            and self.batch_shape == other.batch_shape
            and all(a.same_as(b) for a, b in zip(self.laws.flat, other.laws.flat, strict=True))
        )

    def __str__(self) -> str:
        return f"<laws of batch shape {self.batch_shape}>"

    def __repr__(self) -> str:
        return f"Members({self.laws!r})"

    def replace(self, **changes: Any) -> Members:
        return of_members(lambda law: law.replace(**changes), self)

    # ---- every answer is that of the members ----

    def _asked(self, answer: Callable[..., Any], *points: Any) -> np.ndarray:
        """answer(member, *points) for each member, at points that broadcast with the batch."""
        shape = np.broadcast_shapes(*map(np.shape, points), self.batch_shape)
        with quiet():
            return by_members(self, answer, np.empty(shape), True, *points)

    def _at(self, y: Any, answer: Callable[[Any, np.ndarray], Any]) -> Any:
        points, restore = self._points(y)
        return restore(self._asked(answer, points).astype(points.dtype, copy=False))

    def _log_density(self, formula: Callable[[Any], Any], y: Any, finish: Callable[[Any], Any]) -> Any:
        method = "pdf" if finish is np.exp else "logpdf"
        return self._at(y, lambda law, points: getattr(law, method)(points))

    def _distribution(self, formula: Callable[[Any], Any], y: Any, *_: Any, **__: Any) -> Any:
        method = formula.__name__.removeprefix("raw_")
        return self._at(y, lambda law, points: getattr(law, method)(points))

    def _quantile(self, q: Any, logp: Any, *_: Any, lower: bool) -> Any:
        if (q is None) == (logp is None):
            raise ParameterError(argument_error("q, logp", "exactly one of them", (q, logp)))
        method, name = "ppf" if lower else "isf", "q" if logp is None else "logp"
        return self._at(q if logp is None else logp, lambda law, given: getattr(law, method)(**{name: given}))

    @many_digits
    def pmf(self, y: Any) -> Any:
        """P(Y = y): the mass of the atom at y, 0 where there is none."""
        return self._at(y, lambda law, points: law.pmf(points))

    def prob(self, a: Any, b: Any) -> Any:
        """P(a < Y <= b), to relative accuracy however small the interval; 0 for b <= a."""
        return self._asked(lambda law, low, high: law.prob(low, high), *self._ends_of(a, b))

    def score(self, y: Any) -> Any:
        """d log density / dy."""
        return self._at(y, lambda law, points: law.score(points))

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        draws = np.empty(np.broadcast_shapes(shape, self.batch_shape))
        lead = draws.ndim - len(self.batch_shape)
        for index in np.ndindex(draws.shape[lead:]):
            one = self.member(index, draws.shape[lead:])
            draws[(..., *index)] = value(one.draw(rng, draws.shape[:lead]))
        return draws


def _formula(name: str) -> Callable[..., Any]:
    def formula(self: Members, *points: Any) -> np.ndarray:
        return self._asked(lambda law, *places: value(getattr(law, name)(*places)), *points)

    formula.__name__ = name
    return formula


DENSITIES_AND_MASSES = "logpdf", "cdf", "sf", "logcdf", "logsf", "mass", "log_mass"
QUANTILES = "ppf", "isf", "log_ppf", "log_isf", "total_ppf"
for _name in (*DENSITIES_AND_MASSES, *QUANTILES):
    setattr(Members, f"raw_{_name}", _formula(f"raw_{_name}"))


def of_members(make: Callable[..., Any], *parts: Any) -> Members:
    """make(*members) for all members of laws and maps that broadcast together."""
    shape = joint_shape("batch", "laws and maps", {str(part): part.batch_shape for part in parts})
    laws = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        laws[index] = make(*(part.member(index, shape) for part in parts))
    return Members(laws)


@push_forward.register
def _(law: Members, transform: Transform) -> Members:
    return of_members(push_forward, law, transform)


@simplify.register
def _(law: Members) -> Members:
    return of_members(simplify, law)
