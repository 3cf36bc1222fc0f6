"""Maps: what a transform is, how maps compose and invert, and how a law or an array goes through one.

Conventions. `x` lives in the domain, `y` in the codomain. `forward_and_log_det(x)` gives y and log|dy/dx|,
`inverse_and_log_det(y)` gives x and log|dx/dy|: the log-determinant always of the direction just taken. These methods are
formulas only: they check nothing, raise nothing, and run on plain arrays, on `Anchored` numbers and on arrays of other
libraries alike; calling the transform, `t(x)`, checks the domain first.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np

from densities.anchored import Anchored, anchored, choose, log_abs, value
from densities.arrays import as_points, in_blocks, quiet
from densities.domains import REAL, Domain, Interval, lies_above
from densities.errors import DomainError, ParameterError, UnsupportedOperationError, argument_error
from densities.foreign import any_array, is_foreign, is_traced, to_numpy
from densities.parameters import (
    Fixed,
    batch_shape,
    bind,
    from_elsewhere,
    nested_text,
    same_attributes,
    same_parameters,
)
from densities.precise import precisely
from densities.protocols import compose_maps, is_law, push_forward
from densities.registry import NameRegistry
from densities.transforms.program import LARGE, programs_of
from densities.transforms.solving import solve_inverse
from densities.transforms.undeclared import found_direction, found_image

EPS = float(np.finfo(float).eps)
# The formulas of a map, which arrays of every library go through.
FORMULAS = {"forward", "forward_and_log_det", "inverse", "inverse_and_log_det"}

registry = NameRegistry("transform", group="densities.transforms")


@precisely(lambda x: x)
def constant(x: Any) -> Any:
    """`x`, as a Python float where it is a scalar: so that it does not make float64 of float32."""
    return float(x) if np.ndim(x) == 0 else x


@dataclass(frozen=True, eq=False)
class Piece:
    """A maximal interval on which a map is monotone: there it is `map`, a bijection onto `image`."""

    domain: Interval
    map: Bijection

    @property
    def image(self) -> Interval:
        return self.map.image(self.domain)


@dataclass(frozen=True, eq=False)
class Flat:
    """An interval on which a map is constant: it makes an atom at `value`."""

    domain: Interval
    value: float


def meets(a: Interval, b: Interval) -> bool:
    """Whether two intervals have more than an end in common, or a point where one of them is a point."""
    common = a.intersect(b)
    return not np.all(reaches(common.low, common.high)) or bool(np.any(common.contains(value(common.low))))


class Transform(Fixed):
    """A measurable map g from `domain` to `codomain`.

    Parameters are declared in the class attribute `parameters`, checked at construction and kept in `params`.
    """

    domain: Domain = REAL
    codomain: Domain = REAL
    # The parameters with which the map is y = x, where there are such.
    neutral: Mapping[str, float] = {}
    # Whether the derivative is found numerically, with an error of its own.
    has_numeric_derivative: bool = False
    # Of a map with several pieces: whether no point has a smaller image than one before it.
    nondecreasing: bool = False
    # The formula of a map that is made from one, in SymPy; how the derivative of a map that is made from a function is found.
    expr: Any = None
    derived_by: str = ""
    name: ClassVar[str] = ""
    latex: ClassVar[str] = ""
    batch_shape: tuple[int, ...] = ()

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        for name in FORMULAS & vars(cls).keys():
            setattr(cls, name, any_array(vars(cls)[name]))

    def __init__(self, *args: Any, **kwargs: Any):
        if any(map(is_law, args)):
            told = f"{type(self).__name__}: expected its parameters, got a law"
            raise UnsupportedOperationError(f"{told}; the law of the image is {type(self).__name__}(...)(X)")
        self.params = bind(self.name or type(self).__name__, self.parameters, args, kwargs)
        self.batch_shape = batch_shape(self.name, self.params)

    def forward(self, x: Any) -> Any:
        """y = g(x), the formula alone."""
        raise NotImplementedError

    @property
    def pieces(self) -> Sequence[Piece | Flat]:
        """The maximal intervals of the domain on which g is monotone or constant, from left to right."""
        raise NotImplementedError

    def pieces_within(self, interval: Interval) -> Sequence[Piece | Flat]:
        """The pieces that meet an interval; maps with infinitely many pieces have only these."""
        return tuple(piece for piece in self.pieces if meets(piece.domain, interval))

    def branches(self, y: Any) -> list[tuple[Any, Any, Any]]:
        """The preimages of y: (x, log|dx/dy|, valid) for each branch of the inverse."""
        result = []
        for piece in self.pieces:
            if isinstance(piece, Piece):
                valid = piece.image.contains(y)
                inside = np.where(valid, y, value(piece.image.interior_point()))
                result.append((*piece.map.inverse_and_log_det(inside), valid))
        return result

    @property
    def kinks(self) -> Sequence[float]:
        """Points inside the pieces where g is not smooth."""
        return ()

    def latex_inverses(self, argument: str, support: Interval) -> list[tuple[str, str]] | None:
        """The preimages of the argument in a support, each with |dx/dy|, where the map itself writes them in LaTeX."""
        return None

    def derivative_error(self, x: Any) -> Any:
        """How far log|dy/dx| may be off at x; 0 of formulas, and something only where `has_numeric_derivative`."""
        return 0.0

    @property
    def steps(self) -> tuple[Transform, ...]:
        """The elementary maps that this one applies, first to last."""
        return (self,)

    @property
    def event_ndim(self) -> int:
        """How many trailing axes one point takes."""
        return self.domain.event_ndim

    def __call__(self, x: Any) -> Any:
        """g(x) for an array, DomainError where x leaves the domain; the law of g(X) for a distribution."""
        if is_law(x):
            return push_forward(x, self)
        if is_foreign(x):
            if not is_traced(x):
                self.check_domain(to_numpy(x))
            return self.forward(x)
        points, restore = as_points(x)
        if points.dtype == object:
            return push_forward(x, self)
        self.check_domain(points)
        with quiet():
            if points.size < LARGE or self.batch_shape or self.event_ndim:
                return restore(self.forward(points))
            programs = programs_of(self)
            run, ready = (partial(method, "forward") for method in (programs.run, programs.has))
            return restore(in_blocks(partial(run, self.forward), points, partial(ready, points.dtype)))

    def check_domain(self, x: Any) -> None:
        """Raises DomainError, with its index, where a point lies outside the domain; NaN passes."""
        if self.domain is REAL:
            return
        each = np.sum(x, axis=tuple(range(-self.event_ndim, 0))) if self.event_ndim else x
        inside = self.domain.contains(x) | np.isnan(each)
        if not np.all(inside):
            index = tuple(int(i) for i in np.argwhere(~np.asarray(inside))[0])
            raise DomainError(f"{self}: expected points of {self.domain}, got {x[index]} at index {index}", index=index)

    def __rshift__(self, other: Any) -> Any:
        return compose_maps(self, other) if isinstance(other, Transform) else NotImplemented

    def __rrshift__(self, law: Any) -> Any:
        return push_forward(law, self)

    def merge(self, after: Transform) -> Transform | None:
        """One map equal to this one followed by `after`, or None."""
        return None

    def same_as(self, other: object) -> bool:
        """Whether both are the same map: by type, parameters and whatever else a class of one's own keeps."""
        return self is other or (
            type(self) is type(other)
            and isinstance(other, Transform)
            and same_parameters(self.params, other.params)
            and same_attributes(self, other)
        )

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> Transform:
        """The map at `index` of the batch, its parameters broadcast to `shape`."""
        if not self.batch_shape:
            return self
        return type(self)(**{name: np.broadcast_to(p, shape)[index] for name, p in self.params.items()})

    def __str__(self) -> str:
        name = self.name or f"<{type(self).__name__}>"
        if self.batch_shape:
            return f"<{name} {self.params}>"
        listed = ", ".join(f"{key}={nested_text(p)}" for key, p in self.params.items())
        return f"{name}({listed})" if listed else name

    def __repr__(self) -> str:
        told = repr if self.batch_shape else nested_text
        listed = ", ".join(f"{key}={told(p) if np.ndim(p) else nested_text(p)}" for key, p in self.params.items())
        return f"{type(self).__name__}({listed})"


class Bijection(Transform):
    """A map with one branch everywhere. On the line it is strictly monotone, `increasing` or not.

    A map of one's own is a subclass with `domain`, `codomain` and `forward_and_log_det(x)`, which gives y and log|dy/dx|;
    `inverse_and_log_det(y)`, which gives x and log|dx/dy|, is solved for where it is not written, `codomain` and
    `increasing` are found where they are not said (NotMonotoneError where the map turns). `check_transform` judges it.
    """

    increasing: Any = True
    # x as an expression of SymPy in y, where one is known.
    inverse_expr: Any = None
    inverse_class: ClassVar[type[Inverse] | None] = None
    _inverse: Bijection | None = None

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if from_elsewhere(cls):
            own = cls.__mro__[: cls.__mro__.index(Bijection)]
            for name, found in (("increasing", found_direction), ("codomain", found_image)):
                if not any(name in vars(base) for base in own):
                    setattr(cls, name, cached_property(found))
                    vars(cls)[name].__set_name__(cls, name)

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        """(y, log|dy/dx|); shapes (..., event) -> (..., event), (...,), or a plain number for a log-det that is constant."""
        raise UnsupportedOperationError(
            f"{type(self).__name__}: forward_and_log_det(x) is not written; push(X, function) takes a map without a derivative"
        )

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        """(x, log|dx/dy|); without a formula of its own, a bracketing solver on the forward map."""
        x = solve_inverse(self, value(y))
        return x, -self.forward_and_log_det(x)[1]

    def forward(self, x: Any) -> Any:
        return self.forward_and_log_det(x)[0]

    def inverse(self, y: Any) -> Any:
        """x = g⁻¹(y), the formula alone."""
        return self.inverse_and_log_det(y)[0]

    def image_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of y for one point x of a shape."""
        return shape

    def preimage_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of x for one point y of a shape."""
        return shape

    @property
    def knows_ends(self) -> bool:
        """Whether x of a double y beside the image of an end keeps the distance from it: not where x is solved for."""
        return type(self).inverse_and_log_det is not Bijection.inverse_and_log_det

    @property
    def inv(self) -> Bijection:
        """The inverse map; `t.inv.inv is t`."""
        if self._inverse is None:
            self._inverse = (self.inverse_class or Inverse).around(self)
        return self._inverse

    @property
    def pieces(self) -> Sequence[Piece | Flat]:
        return (Piece(self.domain, self),) if isinstance(self.domain, Interval) else ()

    def jacobian(self, x: Any) -> Any:
        """The matrix dy/dx: (..., n) -> (..., n, n), and for a map of the line (...,) -> (..., 1, 1).

        Of sets that obey a constraint it is that of the entries that densities refer to. Of a map of vectors or matrices
        that writes none it is numeric, right to about 1e-10.
        """
        x = np.asarray(x, dtype=float)
        if self.event_ndim:
            from densities.numerics.jacobian import jacobian

            domain, codomain = self.domain, self.codomain
            moved = lambda free: codomain.free_entries(value(self.forward(domain.from_free(free))))  # noqa: E731
            return jacobian(moved, domain.free_entries(x)).matrix
        with quiet():
            slope = np.exp(self.forward_and_log_det(x)[1]) * np.where(self.increasing, 1.0, -1.0)
        return np.broadcast_to(slope, np.broadcast_shapes(x.shape, self.batch_shape))[..., None, None]

    def image(self, interval: Interval) -> Interval:
        """The image of an interval of the domain. Ends are limits: an end of the domain goes to an end of the codomain."""
        first, last = self._end(interval, low=True), self._end(interval, low=False)
        up = np.asarray(self.increasing)
        low, high = (first, last) if np.all(up) else (last, first)
        if not np.all(up) and np.any(up):  # a batch of which some members rise
            low, high = (_each_end(up, *ends) for ends in ((first, last), (last, first)))
        (low, low_closed, low_slack), (high, high_closed, high_slack) = low, high
        return Interval(
            low, high, low_closed=low_closed, high_closed=high_closed, low_slack=low_slack, high_slack=high_slack
        )

    def _end(self, interval: Interval, *, low: bool) -> tuple[Any, bool, Any]:
        """The image of one end: (value, closed, slack). An end of the domain, as far as rounding can tell, goes to a limit."""
        domain, codomain = self.domain, self.codomain
        assert isinstance(domain, Interval)
        assert isinstance(codomain, Interval)
        up = np.asarray(self.increasing)
        if low:
            end, closed, slack = interval.low, interval.low_closed, interval.low_slack
            at_low, at_high = touches(end, domain.low, slack, domain.low_slack), reaches(end, domain.high)
        else:
            end, closed, slack = interval.high, interval.high_closed, interval.high_slack
            at_low, at_high = reaches(domain.low, end), touches(domain.high, end, slack, domain.high_slack)
        lows = np.where(up, value(codomain.low), value(codomain.high))
        highs = np.where(up, value(codomain.high), value(codomain.low))
        if np.all(at_low | at_high):
            limit = np.where(at_low, lows, highs)
            to_low = np.all(at_low == up)
            kept, own_slack = (
                (codomain.low_closed, codomain.low_slack) if to_low else (codomain.high_closed, codomain.high_slack)
            )
            return (float(limit) if limit.ndim == 0 else limit), closed and kept, own_slack
        with quiet():
            y, log_det = self.forward_and_log_det(anchored(end))
            rounded, slope = np.asarray(value(y)), np.exp(value(log_det))
            # An anchored end is a known limit, and a distance that is rounded relative to itself.
            log_size = end.log_offset if isinstance(end, Anchored) else np.log(np.abs(end))
            moved = np.where(np.equal(slack, 0.0), 0.0, slope * slack) + EPS * np.exp(value(log_det) + log_size)
            new_slack = EPS * np.abs(rounded) + moved
            saturated = isinstance(y, Anchored) and not rounded.ndim and rounded in (codomain.low, codomain.high)
            if saturated:  # the distance from the limit is known, however small
                own = EPS * np.exp(log_abs(y - rounded)) if np.isfinite(rounded) else 0.0
                own = own + (codomain.low_slack if rounded == codomain.low else codomain.high_slack)
                # Beyond the doubles none holds what rounding does.
                return y, closed, float(np.max(np.where(np.isinf(rounded), 0.0, moved + own)))
        if np.ndim(rounded):
            at_end = at_low | at_high
            drowned = np.any(((rounded == value(codomain.low)) | (rounded == value(codomain.high))) & ~at_end)
            limit_slack = np.where(at_low == up, codomain.low_slack, codomain.high_slack)
            return (
                choose(at_end, np.where(at_low, lows, highs), y if drowned else rounded),
                closed,
                np.where(at_end, limit_slack, new_slack),
            )
        return float(rounded), closed, float(np.max(new_slack))


def _each_end(up: Any, rising: tuple[Any, bool, Any], falling: tuple[Any, bool, Any]) -> tuple[Any, bool, Any]:
    """The end (value, closed, slack) of the members that rise, and of those that fall; closed where both are."""
    end, slack = choose(up, rising[0], falling[0]), np.where(up, rising[2], falling[2])
    return end, rising[1] and falling[1], slack


def reaches(end: Any, limit: Any) -> Any:
    """Whether `end` lies at `limit` or above, of anchored ones by their distances."""
    with quiet():
        return np.where(_both_endless(end, limit), ~np.asarray(lies_above(limit, end)), end >= limit)


def touches(end: Any, limit: Any, *slacks: Any) -> Any:
    """Whether `end` lies at `limit` or below, as far as the rounding of both can tell."""
    with quiet():
        below = np.where(_both_endless(end, limit), ~np.asarray(lies_above(end, limit)), value(end) <= value(limit))
        return below | (value(end - limit) <= sum(map(np.asarray, slacks)))


def _both_endless(end: Any, limit: Any) -> Any:
    """Whether doubles cannot tell two ends apart: an anchored e^10000 is none at infinity."""
    return np.isinf(value(end)) & np.isinf(value(limit))


class Inverse(Bijection):
    """g⁻¹, made of g by swapping the two directions.

    A subclass `class Log(Inverse, of=Exp)` gives the inverses of one class a name of their own.
    """

    of: ClassVar[type[Bijection] | None] = None

    def __init_subclass__(cls, of: type[Bijection], **kwargs: Any):
        super().__init_subclass__(**kwargs)
        cls.of, cls.parameters, cls.__signature__ = of, of.parameters, inspect.signature(of)
        of.inverse_class = cls

    def __init__(self, *args: Any, **kwargs: Any):
        self._wrap(args[0] if self.of is None else self.of(*args, **kwargs))

    @classmethod
    def around(cls, original: Bijection) -> Inverse:
        """The inverse of a map that exists already."""
        inverse = cls.__new__(cls)
        inverse._wrap(original)
        return inverse

    def _wrap(self, original: Bijection) -> None:
        self.original = original
        self.params, self.neutral = original.params, original.neutral
        self.batch_shape = original.batch_shape
        original._inverse = self

    @property
    def made_of(self) -> tuple[Any, ...]:
        return (self.original,)

    @property
    def domain(self) -> Domain:  # type: ignore[override]
        return self.original.codomain

    @property
    def codomain(self) -> Domain:  # type: ignore[override]
        return self.original.domain

    @property
    def increasing(self) -> Any:
        return self.original.increasing

    def image_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.original.preimage_shape(shape)

    def preimage_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.original.image_shape(shape)

    @property
    def knows_ends(self) -> bool:
        return self.original.knows_ends

    @property
    def inv(self) -> Bijection:
        return self.original

    @property
    def kinks(self) -> Sequence[float]:
        places = np.asarray(self.original.kinks, dtype=float)
        return tuple(np.ravel(value(self.original.forward(places))).tolist()) if places.size else ()

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.original.inverse_and_log_det(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self.original.forward_and_log_det(y)

    def forward(self, x: Any) -> Any:
        return self.original.inverse(x)

    def inverse(self, y: Any) -> Any:
        return self.original.forward(y)

    @property
    def has_numeric_derivative(self) -> bool:  # type: ignore[override]
        return self.original.has_numeric_derivative

    def derivative_error(self, x: Any) -> Any:
        return self.original.derivative_error(self.original.inverse(x)) if self.has_numeric_derivative else 0.0

    def jacobian(self, x: Any) -> Any:
        return np.linalg.inv(self.original.jacobian(self.original.inverse(np.asarray(x, dtype=float))))

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> Transform:
        return self.original.member(index, shape).inv  # type: ignore[attr-defined]

    def same_as(self, other: object) -> bool:
        return self is other or (isinstance(other, Inverse) and self.original.same_as(other.original))

    def __str__(self) -> str:
        return super().__str__() if self.name else f"<inverse of {self.original}>"

    def __repr__(self) -> str:
        return super().__repr__() if self.name else f"{self.original!r}.inv"


def uninverted(transform: Transform) -> Transform:
    """The map that an inverse was made of, any other map itself."""
    return transform.original if isinstance(transform, Inverse) else transform


def is_identity(transform: Transform) -> bool:
    """Whether a map is y = x: the identity itself, or one whose parameters make it that."""
    neutral = transform.neutral
    return isinstance(transform, Identity) or (
        bool(neutral) and all(np.ndim(p) == 0 and p == neutral[name] for name, p in transform.params.items())
    )


class Identity(Bijection):
    """y = x."""

    latex = "x"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return x, 0.0

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return y, 0.0

    def forward(self, x: Any) -> Any:
        return x

    def inverse(self, y: Any) -> Any:
        return y

    @property
    def inv(self) -> Bijection:
        return self


registry.register("identity", examples=[{}], domain="real", codomain="real", formula="y = x")(Identity)
Identity.name = "identity"


class ManyToOne(Transform):
    """A map of the line that is monotone on each of several intervals; a subclass gives `forward` and `pieces`."""


def register(
    name: str,
    *,
    examples: Sequence[Mapping[str, Any]] = ({},),
    aliases: Sequence[str] = (),
    source: str = "",
    ufunc: Any = None,
    **metadata: Any,
) -> Callable[[type], type]:
    """Class decorator: files a transform under `name`, so that strings, the CLI, the gallery and the tests know it.

    `ufunc` is the NumPy or SciPy ufunc that computes the same map; applied to a law it pushes the law forward.
    """

    def file(cls: type) -> type:
        if not (isinstance(cls, type) and issubclass(cls, Transform)):
            raise ParameterError(argument_error("register", "a subclass of Transform", cls))
        formula = (cls.__doc__ or "").strip().split("\n")[0]
        registry.register(
            name, aliases=aliases, examples=examples, source=source, formula=formula, ufunc=ufunc, **metadata
        )(cls)
        cls.name = name
        return cls

    return file
