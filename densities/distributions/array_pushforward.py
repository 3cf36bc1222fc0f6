"""The law of g(X) for a bijection g between sets of vectors or matrices: what both kinds of images have in common.

f_Y(y) = f_X(x)·|det dx/dy|, x = g⁻¹(y); slopes refer to the entries that densities on the sets refer to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, singledispatch
from typing import Any, ClassVar

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.distributions.supports import check_support, shared_batch
from densities.distributions.vector_base import ArrayDistribution, VectorPart
from densities.domains import CONSTRAINED, Domain, Interval
from densities.errors import ShapeError, SupportError, UnsupportedOperationError, argument_error
from densities.protocols import push_forward
from densities.transforms.base import Bijection, Inverse, Transform, is_identity, uninverted
from densities.transforms.chains import compose, same_steps
from densities.transforms.constrained import Permute, Shares
from densities.transforms.linear import line_coefficients
from densities.transforms.matrices import LogCholesky
from densities.transforms.vector import Independent, Linear

ARRAYS, PARTS = ("numbers", "vectors", "matrices"), ("", "entries", "rows")


class Image(Domain):
    """The image of a set under a bijection; `sides` are ranges that hold the coordinates of vectors."""

    def __init__(self, law: Any):
        self.base, self.transform, self.sides = law.base.support, law.transform, law.sides
        self.measure, self.event_ndim = law.region.measure, len(law.event_shape)

    def contains(self, x: Any) -> Any:
        inside = np.asarray(self.transform.codomain.contains(x))
        each = inside[(..., *[None] * self.event_ndim)]
        with quiet():
            back = np.asarray(self.transform.inverse(np.where(each, x, self.interior_point())))
            return inside & self.base.contains(back)

    def interior_point(self) -> Any:
        with quiet():
            return np.asarray(self.transform.forward(np.asarray(self.base.interior_point(), dtype=float)))

    def __str__(self) -> str:
        return f"image of {self.base} under {self.transform}"


class ArrayPushforward(ArrayDistribution):
    """The law of transform(X), X of law `base`; a subclass checks that X stays where the map is defined.

    `region` is the set that the last step maps onto, `sides` are ranges of the coordinates of vectors.
    """

    region: Domain
    sides: Any = ()
    # The classes of images, by the number of axes of a point.
    kinds: ClassVar[dict[int, type]] = {}

    def __init_subclass__(cls, axes: int, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        cls.kinds[axes] = cls

    def __init__(self, base: Any, transform: Bijection):
        self.base, self.transform = base, transform
        self.params = {}
        self.batch_shape = shared_batch(base, transform)
        self.region = getattr(base, "region", base.support)
        self.sides = getattr(base, "sides", getattr(base.support, "sides", ()))
        shape = base.event_shape
        for index, step in enumerate(transform.steps):
            self._check_step(shape, step)
            if isinstance(step, Independent):
                self._check_entries(base if index == 0 else None, step, shape[0])
            self.sides = _moved_sides(self.sides, step, shape)
            shape, self.region = step.image_shape(shape), step.codomain  # type: ignore[attr-defined]
        self.event_shape = shape

    def _check_step(self, shape: tuple[int, ...], step: Any) -> None:
        """ShapeError for points of another shape, SupportError where the law lives on another kind of set."""
        if step.event_ndim != len(shape):
            raise ShapeError(f"{step}: expected a law of {ARRAYS[step.event_ndim]}, got one of {ARRAYS[len(shape)]}")
        if getattr(step.domain, "n", None) not in (None, shape[-1]):
            raise ShapeError(
                f"{step}: expected {ARRAYS[len(shape)]} with {step.domain.n} {PARTS[len(shape)]}, got {shape[-1]}"
            )
        if isinstance(step.domain, CONSTRAINED) and not isinstance(self.region, type(step.domain)):
            raise SupportError(f"{step}: expected a law on the {step.domain}, got one on {self.region}")

    def _check_entries(self, law: Any, step: Independent, n: int) -> None:
        """SupportError where entries are not known to stay in the domain of an elementwise step."""
        for i, side in enumerate(self.sides):
            entry = coordinate(step.elementwise, i, n)
            marginal = law.marginal(i) if law is not None else None
            if marginal is not None:
                check_support(marginal, entry)
            elif isinstance(entry.domain, Interval) and not _within(side, entry.domain):
                raise SupportError(
                    f"{entry}: entry {i} ranges over {side}, which is not known to lie in its domain {entry.domain}"
                )

    @property
    def made_of(self) -> tuple[Any, ...]:
        return self.base, self.transform

    @property
    def unfolded(self) -> tuple[Any, tuple[Any, ...]]:
        root, steps = self.base.unfolded
        return root, (*steps, *self.transform.steps)

    @cached_property
    def support(self) -> Image:
        return Image(self)

    @property
    def measure(self) -> str:
        return self.base.measure

    @cached_property
    def conditioning(self) -> float:
        """That of the base, times those of the matrices that points go back through."""
        lines = map(uninverted, self.transform.steps)
        return float(self.base.conditioning * np.prod([line.condition for line in lines if isinstance(line, Linear)]))

    @property
    def carrier(self) -> str:
        return self._carrier or f"the image of {self.base.carrier} under {self.transform}"

    @cached_property
    def _carrier(self) -> str | None:
        """What densities refer to, where every step takes the volume that the law before it refers to; otherwise None."""
        carrier = self.base.carrier
        for shape, step in self._shapes():
            if step.domain.carrier(shape[-1]) != carrier:
                return None
            carrier = step.codomain.carrier(step.image_shape(shape)[-1])
        return carrier

    def _shapes(self) -> Iterator[tuple[tuple[int, ...], Any]]:
        """The steps, each with the shape of the points that it takes."""
        shape = self.base.event_shape
        for step in self.transform.steps:
            yield shape, step
            shape = step.image_shape(shape)  # type: ignore[attr-defined]

    def logpdf(self, y: Any) -> Any:
        """log density at y (nats), (..., event) -> (...,); UnsupportedOperationError where it refers to no volume."""
        self._check_volume("density")
        return super().logpdf(y)

    def pdf(self, y: Any) -> Any:
        """Density at y, (..., event) -> (...,); UnsupportedOperationError where it refers to no volume."""
        self._check_volume("density")
        return super().pdf(y)

    def _check_volume(self, what: str) -> None:
        """A map of n entries changes the volume of what has fewer dimensions by another factor than its determinant.

        Ratios of densities through one map are free of it, and so are divergences.
        """
        if self._carrier is None:
            raise UnsupportedOperationError(
                f"{what} of {self}: it lives on {self.carrier}, which has no volume of its own; ask the base, or for a "
                "divergence of two laws under the map"
            )

    def logpdf_anywhere(self, y: np.ndarray) -> Any:
        """log f_X(x) + log|det dx/dy|, -inf outside."""
        inside = np.asarray(self.transform.codomain.contains(y))
        each = inside[(..., *[None] * len(self.event_shape))]
        with quiet():
            safe = y if inside.all() else np.where(each, y, self.support.interior_point())
            x, log_det = self.transform.inverse_and_log_det(np.asarray(safe, dtype=float))
            log_base = np.asarray(self.base.logpdf_anywhere(np.asarray(x)))
            return np.where(inside & ~np.isneginf(log_base), log_base + log_det, -np.inf)

    def raw_logpdf(self, x: Any) -> Any:
        return self.logpdf_anywhere(x)

    def parts(self) -> Sequence[VectorPart]:  # type: ignore[override]
        return tuple(self._pushed(part) for part in self.base.parts())

    def of_parts(self, weights: Any) -> Any:
        return type(self)(self.base.of_parts(weights), self.transform)

    def _pushed(self, part: VectorPart) -> VectorPart:
        inverse, before = self.transform.inverse, part.backward
        backward = None if before is None else lambda y: before(np.asarray(inverse(y)))
        forward, (*first, last) = _Composed(part.forward, self.transform), self.transform.steps
        to_last = _Composed(part.forward, compose(*first))  # type: ignore[arg-type]
        logs = to_last.then(last.logs) if isinstance(last, Shares) else None
        factor = to_last.then(last.factor) if isinstance(last, LogCholesky) else None
        return replace(part, forward=forward, backward=backward, logs=logs, factor=factor)

    def logpdf_by_logs(self, logs: np.ndarray) -> Any:
        last = self.transform.steps[-1]
        if not isinstance(last, Shares):
            return super().logpdf_by_logs(logs)
        return self._before.logpdf_anywhere(last.from_logs(logs)) - np.sum(logs, axis=-1)

    @property
    def shared_draws(self) -> bool:  # type: ignore[override]
        return self.base.shared_draws

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return self.transform.forward(np.asarray(self.base.draw(rng, shape)))

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
        if not self.batch_shape:
            return self
        steps = [_step_member(step, index, shape, event[-1]) for event, step in self._shapes()]
        return image_of(self.base.member(index, shape), compose(*steps))

    @cached_property
    def _before(self) -> Any:
        """The law before the last step."""
        return self.through(self.transform.steps[:-1])

    def through(self, steps: Sequence[Any]) -> Any:
        """The law of the base through other steps."""
        return image_of(self.base, compose(*steps)) if steps else self.base

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, ArrayPushforward)
            and self.base.same_as(other.base)
            and same_steps(self.transform.steps, other.transform.steps)
        )

    def replace(self, **changes: Any) -> Any:
        """The same map of the base with some parameters changed."""
        return image_of(self.base.replace(**changes), self.transform)

    def __str__(self) -> str:
        return f"{self.base} >> {self.transform}"

    def __repr__(self) -> str:
        return f"{self.base!r} >> {self.transform!r}"


def image_of(base: Any, transform: Any) -> Any:
    """The law of transform(X) of the class for its points."""
    return ArrayPushforward.kinds[transform.codomain.event_ndim](base, transform)


@push_forward.register
def array_pushforward(law: ArrayDistribution, transform: Transform) -> Any:
    """The law of transform(X), step by step; neighbouring bijections become one chain."""
    for step in transform.steps:
        if not is_identity(step):
            law = pushed(law, step)
    return law


@singledispatch
def pushed(law: Any, step: Any) -> Any:
    """The law of step(X) for a single step."""
    raise TypeError(argument_error("law", "a law of vectors or matrices", law))


def joined(law: Any, step: Bijection) -> Any:
    """The image under one more step, of a law that may be an image itself."""
    image = image_of(law, step)  # which checks the step
    if not isinstance(law, ArrayPushforward):
        return image
    chain = compose(law.transform, step)
    return law.base if is_identity(chain) else image_of(law.base, chain)


class _Composed:
    """A part's map followed by another one; log-determinants add."""

    def __init__(self, first: Any, second: Bijection):
        self.first, self.second = first, second

    def __call__(self, x: np.ndarray) -> tuple[Any, Any]:
        y, before = self.first(x)
        z, log_det = self.second.forward_and_log_det(np.asarray(y))
        return z, before + log_det

    def then(self, function: Callable[[Any], Any]) -> Callable[[np.ndarray], np.ndarray]:
        """What a function makes of the points."""
        return lambda x: function(np.asarray(self(x)[0]))


def elementary_steps(transform: Transform) -> list[Transform]:
    """The steps of a map, an elementwise chain taken apart into its links."""
    return [
        part
        for step in transform.steps
        for part in (
            [Independent(link, step.n_axes) for link in step.elementwise.steps]  # type: ignore[arg-type]
            if isinstance(step, Independent)
            else [step]
        )
    ]


def _step_member(step: Transform, index: tuple[int, ...], shape: tuple[int, ...], n: int) -> Transform:
    """The map at `index` of the batch: parameters keep the axes of the event."""
    if not step.batch_shape:
        return step
    if isinstance(step, Independent):
        return Independent(step.elementwise.member(index, (*shape, n)), step.n_axes)  # type: ignore[arg-type]
    if isinstance(step, Inverse):
        return _step_member(step.original, index, shape, n).inv  # type: ignore[attr-defined]
    own = {"loc": 1, "matrix": 2}
    params = {
        name: np.broadcast_to(p, (*shape, *np.shape(p)[np.ndim(p) - own[name] :]))[index]
        if np.ndim(p) and name in own
        else p
        for name, p in step.params.items()
    }
    return type(step)(**params)


@singledispatch
def affine(step: Transform, n: int) -> tuple[Any, Any] | None:
    """(loc, matrix) of a map that is y = loc + matrix x; None for another one."""
    return None


@affine.register
def _(step: Linear, n: int) -> tuple[Any, Any]:
    return step.params["loc"], step.params["matrix"]


@affine.register
def _(step: Permute, n: int) -> tuple[Any, Any]:
    return 0.0, step.matrix


@affine.register
def _(step: Inverse, n: int) -> tuple[Any, Any] | None:
    if not isinstance(step.original, Linear):
        return None
    matrix = step.original.inverse_matrix
    return -(matrix @ np.broadcast_to(step.original.params["loc"], (n,))[..., None])[..., 0], matrix


@affine.register
def _(step: Independent, n: int) -> tuple[Any, Any] | None:
    line = line_coefficients(step.elementwise)
    if line is None:
        return None
    loc, scale = line
    scale = np.asarray(scale)[..., None] if np.ndim(scale) == 0 else np.asarray(scale)
    return loc, np.broadcast_to(scale, (*scale.shape[:-1], n))[..., None] * np.eye(n)


def coordinate(elementwise: Transform, i: Any, n: int) -> Transform:
    """What an elementwise map does to entry i, or to several of them."""
    if not elementwise.batch_shape:
        return elementwise
    return elementwise.member((..., i), (*elementwise.batch_shape[:-1], n))  # type: ignore[arg-type]


def _within(inner: Interval, outer: Interval) -> bool:
    with quiet():
        return bool(np.all(value(inner.low) >= value(outer.low)) and np.all(value(inner.high) <= value(outer.high)))


def _moved_sides(sides: Sequence[Interval], step: Any, shape: tuple[int, ...]) -> tuple[Interval, ...]:
    """Ranges that hold the coordinates after the step, which takes points of a shape; of matrices none are known."""
    n = shape[0]
    with quiet():
        if isinstance(step, Independent):
            images = []
            for i, side in enumerate(sides):
                entry = coordinate(step.elementwise, i, n)
                images.append(entry.image(side.intersect(entry.domain)))  # type: ignore[attr-defined, arg-type]
            return tuple(images)
        coefficients = affine(step, n)
        if coefficients is None:
            after = step.image_shape(shape)
            return step.codomain.ranges(after[0]) if len(after) == 1 else ()
        loc, matrix = (
            np.broadcast_to(coefficients[0], (n,)) if np.ndim(coefficients[0]) < 2 else coefficients[0],
            coefficients[1],
        )
        ends = np.stack(
            np.broadcast_arrays(*(np.asarray(value(end), dtype=float) for side in sides for end in side.edges)), axis=-1
        )
        ends = ends.reshape(*ends.shape[:-1], 1, n, 2)
        spans = np.where(matrix[..., None] == 0, 0.0, matrix[..., None] * ends)
        lows, highs = np.sum(np.min(spans, axis=-1), axis=-1) + loc, np.sum(np.max(spans, axis=-1), axis=-1) + loc
        return tuple(Interval(lows[..., i], highs[..., i]) for i in range(n))
