"""Maps that take several points to one: even maps, and those that are constant somewhere, which makes atoms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from densities.anchored import Anchored, is_pure, value
from densities.anchored.numbers import LARGEST, SMALLEST
from densities.backends import namespace
from densities.domains import POSITIVE, Integers, Interval
from densities.errors import ParameterError, UnsupportedOperationError, argument_error
from densities.parameters import Parameter
from densities.transforms.base import Bijection, Flat, Identity, ManyToOne, Piece, meets, register
from densities.transforms.power import NONNEGATIVE, Sqrt, halves
from densities.transforms.sigmoidal import Acos, Asin


class Restricted(Bijection):
    """A bijection on a part of its domain."""

    def __init__(self, whole: Bijection, domain: Any):
        self.whole, self.domain, self.codomain = whole, domain, whole.image(domain)
        self.params, self.batch_shape, self.increasing = whole.params, whole.batch_shape, whole.increasing

    @property
    def made_of(self) -> tuple[Any, ...]:
        return (self.whole,)

    @property
    def knows_ends(self) -> bool:
        return self.whole.knows_ends

    @property
    def kinks(self) -> Sequence[float]:
        return [kink for kink in self.whole.kinks if self.domain.interior_contains(kink)]  # type: ignore[attr-defined]

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.whole.forward_and_log_det(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self.whole.inverse_and_log_det(y)

    def forward(self, x: Any) -> Any:
        return self.whole.forward(x)

    def inverse(self, y: Any) -> Any:
        return self.whole.inverse(y)

    @property
    def has_numeric_derivative(self) -> bool:  # type: ignore[override]
        return self.whole.has_numeric_derivative

    def derivative_error(self, x: Any) -> Any:
        return self.whole.derivative_error(x)

    def same_as(self, other: object) -> bool:
        return isinstance(other, Restricted) and self.domain == other.domain and self.whole.same_as(other.whole)

    def __str__(self) -> str:
        return f"<{self.whole} on {self.domain}>"

    def __repr__(self) -> str:
        return f"Restricted({self.whole!r}, {self.domain!r})"


def identity_on(domain: Interval) -> Piece:
    """The piece on which a map leaves x as it is."""
    return Piece(domain, Restricted(Identity(), domain))


@register("abs", ufunc=np.absolute)
class Abs(ManyToOne):
    """y = |x|, from the real line onto [0, inf), two to one."""

    codomain = NONNEGATIVE
    latex = r"\left|x\right|"
    pieces: Sequence[Piece | Flat] = halves(Restricted(Identity(), NONNEGATIVE))

    def forward(self, x: Any) -> Any:
        return namespace(x).abs(x)


@register("square", ufunc=np.square)
class Square(ManyToOne):
    """y = x², from the real line onto [0, inf), two to one."""

    codomain = NONNEGATIVE
    latex = r"x^{2}"
    pieces: Sequence[Piece | Flat] = halves(Sqrt().inv)

    def forward(self, x: Any) -> Any:
        return x * x


@register("relu")
class Relu(ManyToOne):
    """y = max(x, 0): the negative half line becomes an atom at 0."""

    codomain = NONNEGATIVE
    latex = r"\max\left(x, 0\right)"
    nondecreasing = True
    pieces: Sequence[Piece | Flat] = (Flat(Interval(-np.inf, 0.0, high_closed=True), 0.0), identity_on(POSITIVE))

    def forward(self, x: Any) -> Any:
        return namespace(x).maximum(x, 0.0)


EXTENDED = Interval(-np.inf, np.inf, low_closed=True, high_closed=True)


@register("clip", examples=[{"low": -1.0, "high": 2.0}])
class Clip(ManyToOne):
    """y = min(max(x, low), high): what lies below low or above high becomes an atom there; either may be infinite."""

    parameters = {"low": Parameter(EXTENDED), "high": Parameter(EXTENDED)}
    nondecreasing = True
    latex = r"\min\left(\max\left(x, low\right), high\right)"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        low, high = self.params["low"], self.params["high"]
        if self.batch_shape or not low < high:
            raise ParameterError(argument_error("clip: low, high", "two numbers, low < high", (low, high)))
        self.codomain = Interval(low, high, low_closed=low > -np.inf, high_closed=high < np.inf)

    def forward(self, x: Any) -> Any:
        xp = namespace(x)
        return xp.minimum(xp.maximum(x, self.params["low"]), self.params["high"])

    @property
    def pieces(self) -> Sequence[Piece | Flat]:
        low, high = self.params["low"], self.params["high"]
        below = (Flat(Interval(-np.inf, low, high_closed=True), low),) if low > -np.inf else ()
        above = (Flat(Interval(high, np.inf, low_closed=True), high),) if high < np.inf else ()
        return (*below, identity_on(Interval(low, high)), *above)


@register("sign", ufunc=np.sign)
class Sign(ManyToOne):
    """y = -1, 0 or 1, as x is negative, zero or positive."""

    codomain = Integers(-1, 1)
    nondecreasing = True
    latex = r"\operatorname{sign}\left(x\right)"
    pieces: Sequence[Piece | Flat] = (
        Flat(Interval(-np.inf, 0.0), -1.0),
        Flat(Interval(0.0, 0.0, low_closed=True, high_closed=True), 0.0),
        Flat(POSITIVE, 1.0),
    )

    def forward(self, x: Any) -> Any:
        return namespace(x).sign(x)


class Endless(ManyToOne):
    """A map with infinitely many pieces: those that meet an interval are given by `pieces_within`."""

    # The distance after which the map repeats itself; 0 of one that does not.
    period = 0.0

    @property
    def pieces(self) -> Sequence[Piece | Flat]:
        raise UnsupportedOperationError(
            f"{self}: it has infinitely many pieces; pieces_within(interval) gives those of a bounded interval"
        )

    def pieces_within(self, interval: Interval) -> Sequence[Piece | Flat]:
        low, high = value(interval.low), value(interval.high)
        if not np.all(np.isfinite([low, high])):
            raise UnsupportedOperationError(
                f"{self}: expected a bounded interval, got {interval}: infinitely many pieces"
            )
        numbers = range(int(np.floor(np.min(self.count(low)))), int(np.floor(np.max(self.count(high)))) + 1)
        return tuple(piece for piece in map(self.piece, numbers) if meets(piece.domain, interval))

    def count(self, x: Any) -> Any:
        """The number of the piece at x, before it is rounded down."""
        raise NotImplementedError

    def piece(self, k: int) -> Piece | Flat:
        """The piece number k."""
        raise NotImplementedError


class Rounding(Endless):
    """A map to the integers, each of whose values is an atom: k is the image of k + start < x < k + start + 1."""

    codomain = Integers()
    nondecreasing = True
    start = 0.0
    latex = r"\lfloor x \rfloor"

    def count(self, x: Any) -> Any:
        return self.forward(np.asarray(x, dtype=float))


@register("floor", ufunc=np.floor)
class Floor(Rounding):
    """y = the greatest integer that is not above x."""

    def forward(self, x: Any) -> Any:
        return namespace(x).floor(x)

    def piece(self, k: int) -> Flat:
        return Flat(Interval(k, k + 1, low_closed=True), float(k))


@register("ceil", ufunc=np.ceil)
class Ceil(Rounding):
    """y = the least integer that is not below x."""

    latex = r"\lceil x \rceil"
    start = -1.0

    def forward(self, x: Any) -> Any:
        return namespace(x).ceil(x)

    def piece(self, k: int) -> Flat:
        return Flat(Interval(k - 1, k, high_closed=True), float(k))


@register("round", aliases=("rint",), ufunc=np.rint)
class Round(Rounding):
    """y = the integer nearest to x, the even one of two."""

    start = -0.5

    latex = r"\operatorname{round}\left(x\right)"

    def forward(self, x: Any) -> Any:
        return namespace(x).round(value(x))

    def piece(self, k: int) -> Flat:
        return Flat(Interval(k - 0.5, k + 0.5, low_closed=k % 2 == 0, high_closed=k % 2 == 0), float(k))


class Turn(Bijection):
    """y = ±f(x - kπ), + for even k: branch number k of a map that alternates; f is its principal one."""

    def __init__(self, principal: Bijection, k: int):
        super().__init__()
        self.principal, self.k, self.sign = principal, k, -1.0 if k % 2 else 1.0
        low, high = principal.domain.edges  # type: ignore[attr-defined]
        self.domain = Interval(low + k * math.pi, high + k * math.pi, low_closed=True, high_closed=True)
        self.codomain = principal.codomain
        self.increasing = principal.increasing == (k % 2 == 0)

    @property
    def made_of(self) -> tuple[Any, ...]:
        return (self.principal,)

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.principal.forward_and_log_det(x)  # sin and cos reduce x themselves, and better than x - kπ would

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x, log_det = self.principal.inverse_and_log_det(self.sign * y)
        return x + self.k * math.pi, log_det

    def same_as(self, other: object) -> bool:
        return isinstance(other, Turn) and self.k == other.k and self.principal.same_as(other.principal)

    def __str__(self) -> str:
        return f"<branch {self.k} of {self.principal}>"

    def __repr__(self) -> str:
        return f"Turn({self.principal!r}, {self.k})"


class Periodic(Endless):
    """A map with g(x + period) = g(x); one period is that from `start` on."""

    period = 2.0 * math.pi
    start = 0.0


@register("sin", ufunc=np.sin)
class Sin(Periodic):
    """y = sin(x), from the real line onto [-1, 1], through all its branches."""

    codomain = Interval(-1.0, 1.0, low_closed=True, high_closed=True)
    latex = r"\sin x"
    principal = Asin().inv
    start = -0.5 * math.pi

    def forward(self, x: Any) -> Any:
        return namespace(x).sin(x)

    def count(self, x: Any) -> Any:
        return x / math.pi + 0.5

    def piece(self, k: int) -> Piece:
        turn = Turn(self.principal, k)
        return Piece(turn.domain, turn)  # type: ignore[arg-type]


@register("cos", ufunc=np.cos)
class Cos(Periodic):
    """y = cos(x), from the real line onto [-1, 1], through all its branches."""

    codomain = Interval(-1.0, 1.0, low_closed=True, high_closed=True)
    latex = r"\cos x"
    principal = Acos().inv

    def forward(self, x: Any) -> Any:
        return namespace(x).cos(x)

    def count(self, x: Any) -> Any:
        return x / math.pi

    def piece(self, k: int) -> Piece:
        turn = Turn(self.principal, k)
        return Piece(turn.domain, turn)  # type: ignore[arg-type]


def is_plain(y: Anchored) -> bool:
    """Whether these are doubles whose reciprocals are doubles, or zeros."""
    size = np.abs(y.offset)
    return is_pure(y) and bool(np.all((size < LARGEST) & ((size > SMALLEST) | (y.log_offset == -np.inf))))


class BetweenPoles(Bijection):
    """y = tan(x) for (k - 1/2)π < x < (k + 1/2)π, from pole to pole; each pole stands at the double nearest to it.

    Next to a pole x travels as the pole and its distance from it: tan(pole + h) = -1/tan(h).
    """

    NEAR = 1e-3

    def __init__(self, k: int):
        super().__init__()
        self.k = k
        self.low, self.high = (k - 0.5) * math.pi, (k + 0.5) * math.pi
        self.domain = Interval(self.low, self.high)

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        y = self.forward(x)
        return y, 2.0 * namespace(y).log(namespace(y).hypot(1.0, y))

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        return self.inverse(y), -2.0 * xp.log(xp.hypot(1.0, y))

    def forward(self, x: Any) -> Any:
        xp = namespace(x)
        if not isinstance(x, Anchored):
            return xp.tan(x)  # which knows where the poles are, and reduces x better than any difference would
        above, below = x - self.low, self.high - x
        middle = xp.tan(value(x))
        return xp.where(
            above < self.NEAR, -1.0 / xp.tan(above), xp.where(below < self.NEAR, 1.0 / xp.tan(below), middle)
        )

    def inverse(self, y: Any) -> Any:
        xp = namespace(y)
        if isinstance(y, Anchored) and is_plain(y):
            return self._anchored_inverse(y.offset)
        distance = xp.atan(1.0 / xp.abs(y))
        beside = xp.where(y < 0, self.low + distance, self.high - distance)
        return xp.where(xp.abs(y) > 1.0 / self.NEAR, beside, self.k * math.pi + xp.atan(y))

    def _anchored_inverse(self, y: Any) -> Anchored:
        """The inverse for doubles of any size but the largest, toward a pole as that and a distance."""
        far = np.abs(y) > 1.0
        anchor = np.where(far, np.where(y < 0, self.low, self.high), self.k * math.pi)
        return Anchored(anchor, np.arctan(np.where(far, -1.0 / y, y)))

    def same_as(self, other: object) -> bool:
        return isinstance(other, BetweenPoles) and self.k == other.k

    def __str__(self) -> str:
        return f"<branch {self.k} of tan>"

    def __repr__(self) -> str:
        return f"BetweenPoles({self.k})"


@register("tan", ufunc=np.tan)
class Tan(Periodic):
    """y = tan(x), from the real line without its poles onto itself, through all its branches; atan.inv is one of them."""

    period = math.pi
    start = -0.5 * math.pi
    latex = r"\tan x"

    def forward(self, x: Any) -> Any:
        return namespace(x).tan(x)

    def count(self, x: Any) -> Any:
        return x / math.pi + 0.5

    def piece(self, k: int) -> Piece:
        branch = BetweenPoles(k)
        return Piece(branch.domain, branch)  # type: ignore[arg-type]
