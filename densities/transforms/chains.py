"""Maps one after another: how they merge and cancel, and what the whole is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import value
from densities.domains import Domain, Interval
from densities.errors import ParameterError, argument_error
from densities.parameters import joint_shape
from densities.protocols import compose_maps, lift
from densities.transforms.base import Bijection, Flat, Identity, Piece, Transform, is_identity


def simplify(steps: Sequence[Transform]) -> tuple[Transform, ...]:
    """The steps with neighbours merged where that is exact: t then t.inv vanishes, affine maps become one."""
    result: list[Transform] = []
    for step in (elementary for outer in steps for elementary in outer.steps):
        current: Transform | None = step
        while result and current is not None:
            before = result[-1]
            if isinstance(before, Bijection) and isinstance(current, Bijection) and _cancels(before, current):
                result.pop()
                current = None
            else:
                merged = before.merge(current)
                if merged is None:
                    break
                result.pop()
                current = None if is_identity(merged) else merged
        if current is not None and not is_identity(current):
            result.append(current)
    return tuple(result)


def _cancels(before: Bijection, after: Bijection) -> bool:
    undone = before.inv.same_as(after) or after.inv.same_as(before)
    return undone and before.domain.event_ndim == after.codomain.event_ndim


def compose(*transforms: Transform) -> Transform:
    """The maps applied from left to right, as one; elementwise maps beside maps of vectors act on each entry."""
    steps = simplify(_lifted([step for outer in transforms for step in outer.steps]))
    if not steps:
        return Identity()
    if len(steps) == 1:
        return steps[0]
    if all(isinstance(step, Bijection) for step in steps):
        return Chain(steps)  # type: ignore[arg-type]
    return Composite(steps)


def _lifted(steps: Sequence[Transform]) -> Sequence[Transform]:
    """The steps, with those of the line carried to the event axes of the step before, or of the first one after."""
    n_axes, found = next((step.event_ndim for step in steps if step.event_ndim), 0), []
    if n_axes == 0:
        return steps
    for step in steps:
        found.append(step if step.event_ndim or is_identity(step) else lift(step, n_axes))
        n_axes = step.codomain.event_ndim if step.event_ndim else n_axes
    return found


class Composite(Transform):
    """Maps applied one after another, some of them many-to-one."""

    kind: type = Transform

    def __init__(self, steps: Sequence[Transform]):
        self._steps = tuple(steps) if isinstance(steps, Iterable) else ()
        if not self._steps or not all(isinstance(step, self.kind) for step in self._steps):
            expected = f"a list of at least one {self.kind.__name__}"
            raise ParameterError(argument_error(f"{type(self).__name__}: steps", expected, steps))
        self.params: dict[str, Any] = {}
        self.batch_shape = joint_shape(
            "maps", "parameters", {str(step): step.batch_shape for step in self._steps if step.batch_shape}
        )

    @property
    def steps(self) -> tuple[Transform, ...]:
        return self._steps

    @property
    def made_of(self) -> tuple[Any, ...]:
        return self._steps

    @cached_property
    def domain(self) -> Domain:  # type: ignore[override]
        return self._steps[0].domain

    @cached_property
    def codomain(self) -> Domain:  # type: ignore[override]
        return self._steps[-1].codomain

    def forward(self, x: Any) -> Any:
        for step in self._steps:
            x = step.forward(x)
        return x

    @property
    def pieces(self) -> Sequence[Piece | Flat]:
        return self._refined(self._steps[0].pieces)

    def pieces_within(self, interval: Interval) -> Sequence[Piece | Flat]:
        found = self._steps[0].pieces_within(interval)
        return self._refined([replace(piece, domain=piece.domain.intersect(interval)) for piece in found])

    def _refined(self, pieces: Sequence[Piece | Flat]) -> Sequence[Piece | Flat]:
        for step in self._steps[1:]:
            pieces = [finer for piece in pieces for finer in _refine(piece, step)]
        return tuple(pieces)

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> Transform:
        return compose(*(step.member(index, shape) for step in self._steps))

    def same_as(self, other: object) -> bool:
        return isinstance(other, Transform) and same_steps(self.steps, other.steps)

    def __str__(self) -> str:
        return " >> ".join(map(str, self._steps))

    def __repr__(self) -> str:
        return " >> ".join(map(repr, self._steps))


def same_steps(a: Sequence[Transform], b: Sequence[Transform]) -> bool:
    return len(a) == len(b) and all(s.same_as(t) for s, t in zip(a, b, strict=True))


def _refine(piece: Piece | Flat, step: Transform) -> list[Piece | Flat]:
    """The pieces of `step` after `piece`, in the coordinate of the piece."""
    if isinstance(piece, Flat):
        return [Flat(piece.domain, float(value(step.forward(np.asarray(piece.value)))))]
    result: list[Piece | Flat] = []
    for after in step.pieces_within(piece.image):
        common = piece.image.intersect(after.domain)
        if np.all(value(common.low) < value(common.high)):
            domain = piece.map.inv.image(common).intersect(piece.domain)
            if isinstance(after, Flat):
                result.append(Flat(domain, after.value))
            else:
                result.append(Piece(domain, compose(piece.map, after.map)))  # type: ignore[arg-type]
    return sorted(result, key=lambda part: float(np.max(value(part.domain.low))))


class Chain(Composite, Bijection):
    """Bijections applied one after another; log-determinants add."""

    kind = Bijection

    def __init__(self, steps: Sequence[Bijection]):
        super().__init__(steps)
        self._bijections = tuple(steps)

    @cached_property
    def increasing(self) -> Any:
        up = self._bijections[0].increasing
        for step in self._bijections[1:]:
            up = np.asarray(up) == np.asarray(step.increasing)
        return bool(up) if np.ndim(up) == 0 else up

    def image_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        for step in self._bijections:
            shape = step.image_shape(shape)
        return shape

    def preimage_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        for step in reversed(self._bijections):
            shape = step.preimage_shape(shape)
        return shape

    @cached_property
    def domain(self) -> Domain:  # type: ignore[override]
        """The points whose images stay in the domain of every later step."""
        domain = self._bijections[-1].domain
        for step in reversed(self._bijections[:-1]):
            if isinstance(domain, Interval) and isinstance(step.codomain, Interval):
                domain = step.inv.image(domain.intersect(step.codomain))
            else:
                domain = step.domain
        return domain

    @cached_property
    def codomain(self) -> Domain:  # type: ignore[override]
        codomain = self._bijections[0].codomain
        for step in self._bijections[1:]:
            if isinstance(codomain, Interval) and isinstance(step.domain, Interval):
                codomain = step.image(codomain.intersect(step.domain))
            else:
                codomain = step.codomain
        return codomain

    @cached_property
    def knows_ends(self) -> bool:
        return all(step.knows_ends for step in self._bijections)

    @property
    def inv(self) -> Bijection:
        if self._inverse is None:
            self._inverse = Chain([step.inv for step in reversed(self._bijections)])
            self._inverse._inverse = self
        return self._inverse

    @property
    def kinks(self) -> Sequence[float]:
        """Those of every step, led back through the steps before it."""
        found: list[float] = []
        for index, step in enumerate(self._bijections):
            places = np.asarray(step.kinks, dtype=float)
            for before in reversed(self._bijections[:index]):
                if places.size and isinstance(before.codomain, Interval):
                    places = places[np.asarray(before.codomain.interior_contains(places))]
                    places = np.ravel(value(before.inverse(places)))
            found += places.tolist()
        return tuple(found)

    @property
    def pieces(self) -> Sequence[Piece | Flat]:
        return Bijection.pieces.fget(self)  # type: ignore[attr-defined]

    def pieces_within(self, interval: Interval) -> Sequence[Piece | Flat]:
        return Transform.pieces_within(self, interval)

    def image(self, interval: Interval) -> Interval:
        """Step by step, so that the rounding of every end on the way is known."""
        for step in self._bijections:
            interval = step.image(interval)
        return interval

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        y, total = self._bijections[0].forward_and_log_det(x)
        for step in self._bijections[1:]:
            y, log_det = step.forward_and_log_det(y)
            total = total + log_det
        return y, total

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x, total = self._bijections[-1].inverse_and_log_det(y)
        for step in self._bijections[-2::-1]:
            x, log_det = step.inverse_and_log_det(x)
            total = total + log_det
        return x, total

    def forward(self, x: Any) -> Any:
        for step in self._bijections:
            x = step.forward(x)
        return x

    def inverse(self, y: Any) -> Any:
        for step in reversed(self._bijections):
            y = step.inverse(y)
        return y

    def jacobian(self, x: Any) -> Any:
        x = np.asarray(x, dtype=float)
        total = self._bijections[0].jacobian(x)
        for before, step in zip(self._bijections, self._bijections[1:], strict=False):
            x = before.forward(x)
            total = step.jacobian(x) @ total
        return total


@compose_maps.register
def _(first: Transform, second: Transform) -> Transform:
    return compose(first, second)
