"""Maps put together by the user: on each of several intervals a map or a constant."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from densities.anchored import choose, value
from densities.arrays import quiet
from densities.domains import Interval
from densities.errors import ParameterError, UnsupportedOperationError, argument_error
from densities.parameters import number_text
from densities.transforms.base import Flat, ManyToOne, Piece, Transform, register
from densities.transforms.hyperbolic import Sinh
from densities.transforms.linear import Affine, Scale
from densities.transforms.manytoone import Restricted, Square
from densities.transforms.power import NONNEGATIVE


class Gapped(Interval):
    """The points of several disjoint intervals, from left to right."""

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[Interval]):
        first, last = parts[0], parts[-1]
        super().__init__(first.low, last.high, low_closed=first.low_closed, high_closed=last.high_closed)
        self.parts = tuple(parts)

    @property
    def gaps(self) -> Sequence[Interval]:
        """What lies between the intervals: intervals too, of one point where two open ends meet."""
        found = [Interval(a.high, b.low, low_closed=not a.high_closed, high_closed=not b.low_closed)
                 for a, b in pairwise(self.parts)]  # fmt: skip
        return tuple(gap for gap in found if gap.low < gap.high or (gap.low_closed and gap.high_closed))

    def contains(self, x: Any) -> Any:
        return np.any([part.contains(x) for part in self.parts], axis=0)

    def interior_point(self) -> Any:
        return self.parts[0].interior_point()

    def __str__(self) -> str:
        return " and ".join(map(str, self.parts))


NEGATIVE, ABOVE = Interval(-np.inf, 0.0), Interval(2.0, np.inf, low_closed=True)


@register(
    "piecewise",
    examples=[
        {"pieces": [(NEGATIVE, Scale(-1.0)), (NONNEGATIVE, Square())]},
        {"pieces": [(NEGATIVE, -1.0), (Interval(0.0, 2.0, low_closed=True), Affine(-1.0, 2.0)), (ABOVE, 3.0)]},
        {"pieces": [(NEGATIVE, Sinh()), (NONNEGATIVE, Affine(1.0, 0.5))]},
    ],
)
class Piecewise(ManyToOne):
    """y = g_k(x) for x in the interval k, where g_k is a map or a number; `pieces` lists the pairs [interval, g_k].

    The intervals are `Interval` objects or pairs [low, high] of numbers, which hold their low end, and their high end where
    no other interval begins; they stand from left to right and may share ends, where the later one decides. What lies
    between them is outside the domain, and a law with mass there is refused. A number makes an atom, and maps may
    themselves be many-to-one.
    Raises ParameterError, with the index of the piece, for intervals that overlap or have no length, and for maps that are
    not defined on all of their interval.
    """

    latex = r"\operatorname{piecewise}\left(x\right)"

    def __init__(self, pieces: Sequence[Any] = ()):
        if not isinstance(pieces, list | tuple) or not pieces:
            raise ParameterError(
                argument_error("piecewise: pieces", "a list of pairs [interval, map or number]", pieces)
            )
        self.params = {}
        self.batch_shape = ()
        self.given: Sequence[tuple[Interval, Any]] = ()
        for index, pair in reversed(list(enumerate(pieces))):
            interval, what = checked(pair, index, self.given[0][0].low if self.given else None)
            if self.given and interval.high > self.given[0][0].low:
                expected = f"an interval to the right of pieces[{index}] on {interval}"
                raise ParameterError(argument_error(f"piecewise: pieces[{index + 1}]", expected, str(self.given[0][0])))
            self.given = ((interval, what), *self.given)

    @property
    def made_of(self) -> tuple[Any, ...]:
        return tuple(what for _, what in self.given if isinstance(what, Transform))

    @cached_property
    def domain(self) -> Interval:  # type: ignore[override]
        whole = Gapped([interval for interval, _ in self.given])
        if whole.gaps:
            return whole
        return Interval(whole.low, whole.high, low_closed=whole.low_closed, high_closed=whole.high_closed)

    @cached_property
    def codomain(self) -> Interval:  # type: ignore[override]
        with quiet():
            images = [_image(piece) for piece in self.pieces]
        low = min(images, key=lambda image: (float(value(image.low)), not image.low_closed))
        high = max(images, key=lambda image: (float(value(image.high)), image.high_closed))
        return Interval(low.low, high.high, low_closed=low.low_closed, high_closed=high.high_closed)

    @cached_property
    def pieces(self) -> Sequence[Piece | Flat]:
        return tuple(piece for interval, what in self.given for piece in pieces_on(interval, what))

    @cached_property
    def nondecreasing(self) -> bool:  # type: ignore[override]
        """Whether no point has a smaller image than one before it."""
        with quiet():
            images = [_image(piece) for piece in self.pieces]
        rising = all(isinstance(piece, Flat) or bool(np.all(piece.map.increasing)) for piece in self.pieces)
        return rising and all(value(a.high) <= value(b.low) for a, b in pairwise(images))

    def forward(self, x: Any) -> Any:
        y: Any = np.full(np.shape(value(x)), np.nan, dtype=getattr(value(x), "dtype", float))
        for interval, what in self.given:
            inside = np.asarray(interval.contains(x))
            if inside.any():
                here = choose(inside, x, float(interval.interior_point()))
                y = choose(inside, what.forward(here) if isinstance(what, Transform) else what, y)
        return y

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Piecewise)
            and len(self.given) == len(other.given)
            and all(a == c and _same(b, d) for (a, b), (c, d) in zip(self.given, other.given, strict=True))
        )

    def __str__(self) -> str:
        lows = [interval.low for interval, _ in self.given[1:]] + [None]
        plain = [
            interval == as_interval(interval.edges, low) for (interval, _), low in zip(self.given, lows, strict=True)
        ]
        text = ", ".join(
            f"[[{number_text(interval.low)}, {number_text(interval.high)}], "
            f"{what if isinstance(what, Transform) else number_text(what)}]"
            for interval, what in self.given
        )
        return f"piecewise([{text}])" if all(plain) else f"<piecewise {text}>"

    def __repr__(self) -> str:
        return f"Piecewise([{', '.join(f'({interval!r}, {what!r})' for interval, what in self.given)}])"


def as_interval(given: Any, following: Any) -> Interval:
    """An Interval, or the one that a pair of numbers stands for; the next one begins at `following`, if there is one."""
    if isinstance(given, Interval):
        return given
    low, high = (float(end) for end in given)
    return Interval(low, high, low_closed=low > -np.inf, high_closed=high < np.inf and high != following)


def checked(pair: Any, index: int, following: Any) -> tuple[Interval, Any]:
    """(interval, map or number) of a pair; ParameterError, with its index, for what is none."""
    owner = f"piecewise: pieces[{index}]"
    try:
        given, what = pair
        interval = as_interval(given, following)
        what = what if isinstance(what, Transform) else float(what)
    except (TypeError, ValueError):
        expected = "a pair [interval, map or number], the interval as [low, high]"
        raise ParameterError(argument_error(owner, expected, pair)) from None
    if np.ndim(value(interval.low)) or np.ndim(value(interval.high)) or not interval.low < interval.high:
        raise ParameterError(argument_error(owner, "an interval whose low end is below its high end", interval))
    if not isinstance(what, Transform):
        if not np.isfinite(what):
            raise ParameterError(argument_error(owner, "a map or a finite number", what))
        return interval, what
    domain = what.domain
    if what.batch_shape or not isinstance(domain, Interval):
        raise ParameterError(argument_error(owner, "one map of the line", what))
    if value(domain.low) > value(interval.low) or value(domain.high) < value(interval.high):
        raise ParameterError(argument_error(owner, f"a map defined on {interval}", what) + f", defined on {domain}")
    try:
        what.pieces_within(interval)
    except UnsupportedOperationError as error:  # infinitely many pieces
        raise ParameterError(f"{owner}: {error}") from None
    return interval, what


def pieces_on(interval: Interval, what: Any) -> Sequence[Piece | Flat]:
    """The pieces of a map, or of a constant, on an interval."""
    if not isinstance(what, Transform):
        return (Flat(interval, what),)
    found: list[Piece | Flat] = []
    for piece in what.pieces_within(interval):
        domain = piece.domain.intersect(interval)
        if isinstance(piece, Flat):
            found.append(Flat(domain, piece.value))
        elif value(domain.low) < value(domain.high):
            found.append(Piece(domain, piece.map if piece.domain == domain else Restricted(piece.map, domain)))
    return found


def _image(piece: Piece | Flat) -> Interval:
    if isinstance(piece, Flat):
        return Interval(piece.value, piece.value, low_closed=True, high_closed=True)
    return piece.image


def _same(a: Any, b: Any) -> bool:
    return a.same_as(b) if isinstance(a, Transform) and isinstance(b, Transform) else a == b
