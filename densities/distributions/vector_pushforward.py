"""The law of g(X) for a bijection g of vectors: elementwise maps, affine maps with a matrix, and chains of them.

f_Y(y) = f_X(x)·|det dx/dy|, x = g⁻¹(y). An elementwise map of independent entries acts on each of them, many-to-one
or not; a law whose entries depend on each other goes through bijections only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, singledispatch
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import added, quiet
from densities.distributions.elliptical import Elliptical
from densities.distributions.moments import closed
from densities.distributions.product import Product
from densities.distributions.supports import check_support, shared_batch
from densities.distributions.vector_base import VectorDistribution, VectorPart
from densities.domains import Domain, Interval, Ordered, Simplex
from densities.errors import ShapeError, SupportError, UnsupportedOperationError
from densities.numerics.substitution import lower_solver, upper_solver
from densities.protocols import push_forward
from densities.transforms.base import Bijection, Inverse, Transform, is_identity, uninverted
from densities.transforms.chains import compose, same_steps
from densities.transforms.constrained import Permute, Shares
from densities.transforms.linear import line_coefficients
from densities.transforms.program import programs_of
from densities.transforms.vector import Independent, Linear, MatrixAffine, TriangularAffine

# x and log|det| of columns y, by one step backward.
Back = Callable[[np.ndarray], tuple[np.ndarray, Any]]
# The formula that runs backward through an elementwise map, and the kind of its points.
_BACKWARD = "inverse_and_log_det", np.dtype(float)


class Image(Domain):
    """The image of a set of vectors under a bijection; `sides` are ranges that hold the coordinates."""

    event_ndim = 1

    def __init__(self, law: Any):
        self.base, self.transform, self.sides = law.base.support, law.transform, law.sides
        self.measure = law.region.measure

    def contains(self, x: Any) -> Any:
        inside = np.asarray(self.transform.codomain.contains(x))
        with quiet():
            back = np.asarray(self.transform.inverse(np.where(inside[..., None], x, self.interior_point())))
            return inside & self.base.contains(back)

    def interior_point(self) -> Any:
        with quiet():
            return np.asarray(self.transform.forward(np.asarray(self.base.interior_point(), dtype=float)))

    def __str__(self) -> str:
        return f"image of {self.base} under {self.transform}"


class VectorPushforward(VectorDistribution):
    """The law of transform(X), X of law `base`, for a bijection of vectors.

    Raises SupportError where the base leaves the domain of the map, ShapeError where the map is one of vectors of
    another length.
    """

    def __init__(self, base: Any, transform: Bijection):
        self.base, self.transform = base, transform
        self.params = {}
        self.batch_shape = shared_batch(base, transform)
        # A set and ranges that hold the points; only the first step still knows the laws of the coordinates.
        self.region: Domain = base.region if isinstance(base, VectorPushforward) else base.support
        self.sides: tuple[Interval, ...] = base.sides if isinstance(base, VectorPushforward) else base.support.sides
        for index, step in enumerate(transform.steps):
            _check_step(base if index == 0 else None, self.region, self.sides, step)
            self.region, self.sides = step.codomain, _moved_sides(self.sides, step)
        self.event_shape = (len(self.sides),)

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
        for n, step in self._lengths():
            if step.domain.carrier(n) != carrier:
                return None
            carrier = step.codomain.carrier(n + step.gained)
        return carrier

    def _lengths(self) -> Iterator[tuple[int, Bijection]]:
        """The steps, each with the number of entries that it takes."""
        n = self.base.n
        for step in self.transform.steps:
            yield n, step  # type: ignore[misc]
            n += step.gained  # type: ignore[attr-defined]

    @cached_property
    def _backs(self) -> Sequence[Back | None]:
        """The ways back through the steps, from the last one to the first."""
        return [column_back(step) for step in reversed(self.transform.steps)]

    def __getstate__(self) -> dict[str, Any]:
        """Without the ways back, which are functions made at first use."""
        return {name: known for name, known in self.__dict__.items() if name != "_backs"}

    @property
    def columnwise(self) -> bool:
        return self.base.columnwise and None not in self._backs

    @property
    def columns_parallel(self) -> bool:
        maps = (step.elementwise for step in self.transform.steps if isinstance(step, Independent))
        return self.base.columns_parallel and all(programs_of(one).has(*_BACKWARD) for one in maps)

    def logpdf(self, y: Any) -> Any:
        """log density at y (nats), (..., n) -> (...,); UnsupportedOperationError where it refers to no volume."""
        self._check_volume("density")
        return super().logpdf(y)

    def pdf(self, y: Any) -> Any:
        """Density at y, (..., n) -> (...,); UnsupportedOperationError where it refers to no volume."""
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
        if self.columnwise:
            return self._by_columns(self.columns_anywhere, y)
        inside = np.asarray(self.transform.codomain.contains(y))
        with quiet():
            safe = y if inside.all() else np.where(inside[..., None], y, self.support.interior_point())
            x, log_det = self.transform.inverse_and_log_det(np.asarray(safe, dtype=float))
            log_base = np.asarray(self.base.logpdf_anywhere(np.asarray(x)))
            return np.where(inside & ~np.isneginf(log_base), log_base + log_det, -np.inf)

    def columns_anywhere(self, y: np.ndarray) -> np.ndarray:
        if self.transform.codomain.holds_all(y.T):
            return self.columns_logpdf(y)
        inside = np.asarray(self.transform.codomain.contains(y.T))
        np.copyto(y, self.support.interior_point()[:, None], where=~inside)
        return np.where(inside, self.columns_logpdf(y), -np.inf)

    def columns_logpdf(self, y: np.ndarray) -> np.ndarray:
        x, total = y, 0.0  # the base may overwrite x: no log-determinant lies in the same memory
        for back in self._backs:
            x, log_det = back(x)  # type: ignore[misc]
            total = total + log_det
        log_base = self.base.columns_anywhere(x)
        return np.where(np.isneginf(log_base), -np.inf, log_base + total)

    def raw_logpdf(self, x: Any) -> Any:
        return self.logpdf_anywhere(x)

    def parts(self) -> Sequence[VectorPart]:  # type: ignore[override]
        return tuple(self._pushed(part) for part in self.base.parts())

    def _pushed(self, part: VectorPart) -> VectorPart:
        inverse, before = self.transform.inverse, part.backward
        backward = None if before is None else lambda y: before(np.asarray(inverse(y)))
        forward, (*first, last) = _Composed(part.forward, self.transform), self.transform.steps
        logs = _Composed(part.forward, compose(*first)).logs_by(last) if isinstance(last, Shares) else None  # type: ignore[arg-type]
        return replace(part, forward=forward, backward=backward, logs=logs)

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
        steps = [_step_member(step, index, shape, n) for n, step in self._lengths()]
        return VectorPushforward(self.base.member(index, shape), compose(*steps))  # type: ignore[arg-type]

    @cached_property
    def _before(self) -> Any:
        """The law before the last step."""
        steps = self.transform.steps[:-1]
        return VectorPushforward(self.base, compose(*steps)) if steps else self.base  # type: ignore[arg-type]

    def _known(self, last: Callable[[Any, Any], Any], simple: Callable[[Any], Any]) -> Any:
        """`last(law before, elementwise map)` of an elementwise last step, otherwise `simple` of a law with a shorter name."""
        step = self.transform.steps[-1]
        if isinstance(step, Independent):
            return last(self._before, step.elementwise)
        law = self.simplify()
        return None if isinstance(law, VectorPushforward) else simple(law)

    def marginal(self, i: int) -> Any:
        """That of the law before an elementwise map, through it."""

        def pushed(law: Any, elementwise: Transform) -> Any:
            one = law.marginal(i)
            return None if one is None else push_forward(one, _coordinate(elementwise, i, self.n))

        return self._known(pushed, lambda law: law.marginal(i))

    def among(self, entries: Sequence[int]) -> Any:
        """That of the law before an elementwise map, through it."""

        def pushed(law: Any, elementwise: Transform) -> Any:
            some = law.among(entries)
            chosen = _coordinate(elementwise, list(entries), self.n)
            return None if some is None else push_forward(some, Independent(chosen))  # type: ignore[arg-type]

        return self._known(pushed, lambda law: law.among(entries))

    def factors(self) -> tuple[Any, ...] | None:
        """Those of the law before an elementwise map, through it."""

        def pushed(law: Any, elementwise: Transform) -> Any:
            found = law.factors()
            return found and tuple(
                push_forward(one, _coordinate(elementwise, i, self.n)) for i, one in enumerate(found)
            )

        return self._known(pushed, lambda law: law.factors())

    def closed_dependence(self) -> tuple[float, float] | None:
        """That of the law before an elementwise map, which does not change it."""
        return self._known(lambda law, _: law.closed_dependence(), lambda law: law.closed_dependence())

    def closed_mean(self) -> Any:
        """loc + matrix E[X], where the last step is such a map."""
        line = affine(self.transform.steps[-1], self.n)
        if line is None:
            return None
        mean = line[0] + _applied(line[1], self._before.mean()[..., None])[..., 0]
        return np.array(np.broadcast_to(mean, (*self.batch_shape, self.n)), dtype=float)

    def closed_cov(self) -> Any:
        """matrix cov(X) matrixᵀ, where the last step is such a map."""
        line = affine(self.transform.steps[-1], self.n)
        if line is None:
            return None
        half = _applied(line[1], self._before.cov())
        cov = _applied(line[1], np.swapaxes(half, -1, -2))
        cov = (cov + np.swapaxes(cov, -1, -2)) / 2
        return np.array(np.broadcast_to(cov, (*self.batch_shape, self.n, self.n)), dtype=float)

    def entropy_terms(self) -> tuple[Any, Sequence[tuple[float, Any]]] | None:
        """H(X) and what the last step adds: log|det|, or Σ H(g(Xᵢ)) - H(Xᵢ) of an elementwise map g."""
        step, law = self.transform.steps[-1], self._before
        number, terms = law.entropy_terms() or (0.0, [(1.0, law)])
        if affine(step, self.n) is not None:
            return number + np.asarray(value(step.forward_and_log_det(np.zeros(self.n))[1])), terms  # type: ignore[attr-defined]
        entries = [law.marginal(i) for i in range(self.n)] if isinstance(step, Independent) else [None]
        if any(one is None for one in entries):
            return None
        images = [push_forward(one, _coordinate(step.elementwise, i, self.n)) for i, one in enumerate(entries)]  # type: ignore[attr-defined]
        return number, [*terms, *((1.0, one) for one in images), *((-1.0, one) for one in entries)]

    def closed_entropy(self) -> Any:
        """The sum of `entropy_terms`, where all of them are closed."""
        self._check_volume("entropy")
        found = self.entropy_terms()
        if found is None:
            return None
        known = [(sign, closed(law, "entropy")) for sign, law in found[1]]
        if any(h is None for _, h in known):
            return None
        total = found[0] + sum(sign * h for sign, h in known)
        return total if np.ndim(total) else float(total)

    def simplify(self) -> Any:
        """Affine maps of an elliptical law absorbed into its parameters, where doubles hold these."""
        base, steps = self.base.simplify(), list(self.transform.steps)
        while steps and isinstance(base, Elliptical):
            coefficients = affine(steps[0], base.n)
            image = None if coefficients is None else base.affine_image(*coefficients)
            if image is None or (image.singular and not base.singular):
                break
            base = image
            del steps[0]
        return push_forward(base, compose(*steps)) if steps else base

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, VectorPushforward)
            and self.base.same_as(other.base)
            and same_steps(self.transform.steps, other.transform.steps)
        )

    def replace(self, **changes: Any) -> Any:
        """The same map of the base with some parameters changed."""
        return VectorPushforward(self.base.replace(**changes), self.transform)

    def __str__(self) -> str:
        return f"{self.base} >> {self.transform}"

    def __repr__(self) -> str:
        return f"{self.base!r} >> {self.transform!r}"


@singledispatch
def column_back(step: Transform) -> Back | None:
    """(g⁻¹(y), log|det|) of columns: y (n, width), which is left alone, log|det| a number or (width,); None where unknown."""
    return None


@column_back.register
def _(step: Independent) -> Back | None:
    """The entries of all points as one vector, by the program of the map: all of them share its parameters."""
    one = step.elementwise
    programs, (name, _) = programs_of(one), _BACKWARD

    def back(y: np.ndarray) -> tuple[np.ndarray, Any]:
        x, log_det = programs.run(name, one.inverse_and_log_det, y.reshape(-1))
        x, log_det = np.asarray(value(x)).reshape(y.shape), np.asarray(value(log_det))
        return x, added(log_det.reshape(y.shape)) if log_det.ndim else len(y) * float(log_det)

    return None if one.batch_shape else back


@column_back.register
def _(step: TriangularAffine) -> Back | None:
    if step.batch_shape or step.resolved:
        return _by_points(step)
    solve = (lower_solver if step.params["lower"] else upper_solver)(step.params["matrix"])
    loc = np.reshape(step.params["loc"], (-1, 1))
    return lambda y: (solve(y - loc), -step.log_det)


@column_back.register
def _(step: MatrixAffine) -> Back | None:
    from scipy.linalg import lu

    if step.batch_shape or step.resolved:
        return _by_points(step)
    places, lower, upper = lu(step.params["matrix"], p_indices=True)
    first, last, order = lower_solver(lower), upper_solver(upper), np.argsort(places)
    loc = np.reshape(step.params["loc"], (-1, 1))
    return lambda y: (last(first((y - loc)[order])), -step.log_det)


@column_back.register
def _(step: Permute) -> Back | None:
    places = np.argsort(step.places)
    return lambda y: (y[places], 0.0)


def _by_points(step: Linear) -> Back | None:
    """By the map's own inverse; None for a batch of maps."""
    return None if step.batch_shape else lambda y: (step.inverse(y.T).T, -step.log_det)


class _Composed:
    """A part's map followed by another one; log-determinants add."""

    def __init__(self, first: Any, second: Bijection):
        self.first, self.second = first, second

    def __call__(self, x: np.ndarray) -> tuple[Any, Any]:
        y, before = self.first(x)
        z, log_det = self.second.forward_and_log_det(np.asarray(y))
        return z, before + log_det

    def logs_by(self, last: Shares) -> Callable[[np.ndarray], np.ndarray]:
        """The logarithms of the shares that a third map makes."""
        return lambda x: last.logs(self(x)[0])


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


def _applied(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """matrix columns in more digits, where an entry that is not finite counts only for the rows that hold it."""
    if np.isfinite(columns).all():
        return np.asarray(matrix, dtype=np.longdouble) @ columns
    held = np.asarray(matrix)[..., :, :, None] != 0.0
    with quiet():
        products = np.where(held, np.asarray(matrix)[..., :, :, None] * columns[..., None, :, :], 0.0)
        return np.sum(products, axis=-2)


def _coordinate(elementwise: Transform, i: Any, n: int) -> Transform:
    """What an elementwise map does to entry i, or to several of them."""
    if not elementwise.batch_shape:
        return elementwise
    return elementwise.member((..., i), (*elementwise.batch_shape[:-1], n))  # type: ignore[arg-type]


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


def _check_step(law: Any, region: Domain, sides: Sequence[Interval], step: Transform) -> None:
    """ShapeError for vectors of another length, SupportError where the law is not known to stay in the domain of the step."""
    n = len(sides)
    if getattr(step.domain, "n", n) not in (n, None):
        raise ShapeError(f"{step}: expected vectors with {step.domain.n} entries, got {n}")  # type: ignore[attr-defined]
    if isinstance(step.domain, Simplex | Ordered) and not isinstance(region, type(step.domain)):
        raise SupportError(f"{step}: expected a law on the {step.domain}, got one on {region}")
    if not isinstance(step, Independent):
        return
    for i, side in enumerate(sides):
        entry = _coordinate(step.elementwise, i, n)
        marginal = law.marginal(i) if law is not None else None
        if marginal is not None:
            check_support(marginal, entry)
        elif isinstance(entry.domain, Interval) and not _within(side, entry.domain):
            raise SupportError(
                f"{entry}: entry {i} ranges over {side}, which is not known to lie in its domain {entry.domain}"
            )


def _within(inner: Interval, outer: Interval) -> bool:
    with quiet():
        return bool(np.all(value(inner.low) >= value(outer.low)) and np.all(value(inner.high) <= value(outer.high)))


def _moved_sides(sides: Sequence[Interval], step: Transform) -> tuple[Interval, ...]:
    """Ranges that hold the coordinates after the step."""
    n = len(sides)
    with quiet():
        if isinstance(step, Independent):
            images = []
            for i, side in enumerate(sides):
                entry = _coordinate(step.elementwise, i, n)
                images.append(entry.image(side.intersect(entry.domain)))  # type: ignore[attr-defined, arg-type]
            return tuple(images)
        coefficients = affine(step, n)
        if coefficients is None:
            return step.codomain.ranges(n + step.gained)  # type: ignore[attr-defined]
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


@push_forward.register
def vector_pushforward(law: VectorDistribution, transform: Transform) -> Any:
    """The law of transform(X): maps of the line act on every entry; neighbouring bijections become one chain."""
    result: Any = law
    for step in transform.steps:
        if is_identity(step):
            continue
        elementwise = step.elementwise if isinstance(step, Independent) else step if step.event_ndim == 0 else None
        if elementwise is not None and isinstance(result, Product):
            _check_entries(elementwise, result.n)
            result = Product(
                [push_forward(one, _coordinate(elementwise, i, result.n)) for i, one in enumerate(result.components)]
            )
            continue
        if isinstance(step, Permute) and len(step.places) == result.n:
            rearranged = result.rearranged(step.places)
            if rearranged is not None:
                result = rearranged
                continue
        if not isinstance(step, Bijection):
            raise UnsupportedOperationError(
                f"{step}: a many-to-one map acts on the entries of a law only where these are independent, as in a "
                f"product; {result} is not such a law"
            )
        if elementwise is not None:
            _check_entries(elementwise, result.n)
            step = Independent(elementwise, 1)  # type: ignore[arg-type]
        result = _joined(result, step)
    return result


def _check_entries(elementwise: Transform, n: int) -> None:
    shape = elementwise.batch_shape
    if shape and shape[-1] not in (1, n):
        raise ShapeError(
            f"{elementwise}: expected parameters with {n} entries in their last axis, got the shape {shape}"
        )


def _joined(law: Any, step: Bijection) -> Any:
    if not isinstance(law, VectorPushforward):
        return VectorPushforward(law, step)
    _check_step(law, law.region, law.sides, step)
    chain = compose(law.transform, step)
    return law.base if is_identity(chain) else VectorPushforward(law.base, chain)  # type: ignore[arg-type]
