"""Monotone splines of the real line: curves through given points, which go on straight beyond the first and the last.

Between two knots a spline is one formula; a table holds the coefficients of all of them, and a point picks its row. Each
formula is written from the point of its interval that is nearest to 0, its *start*:

    y = level + (x - start)·secant(x),

so numbers near 0 keep all their digits, and those far beyond the knots, Anchored ones included, travel as on a line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np

from densities.anchored import Anchored, value
from densities.arrays import all_finite, all_in_blocks, quiet
from densities.domains import Domain
from densities.errors import ParameterError, ShapeError, argument_error
from densities.parameters import Parameter, Parameters, bind, number_text
from densities.transforms.base import Bijection, register
from densities.transforms.program import Column, follow, holds, programs_of

# Up to so many edges, comparing with each of them is faster than a search.
FEW = 48


class Numbers(Domain):
    """Any numbers: what is wrong with an entry of a list is told later, with its index."""

    def contains(self, x: Any) -> Any:
        return np.ones(np.shape(x), bool)

    def __str__(self) -> str:
        return "a list of real numbers"


KNOTS = Parameter(Numbers())


@dataclass(frozen=True)
class Row:
    """The coefficients at points, by name: `cell` is the interval of each."""

    table: Mapping[str, Column]
    cell: Any

    def __call__(self, *names: str) -> list[Any]:
        return [self.table[name].at(self.cell) for name in names]


class Spline(Bijection):
    """A monotone curve through the points (x, y), straight beyond them; a subclass has the formulas between them.

    `x` increases, `y` increases or decreases, and every derivative has the sign of the latter. All parameters are lists of
    one length, never batches. Raises ParameterError, with the index, for knots out of order, numbers that are not finite
    and slopes of the wrong sign; ShapeError for lists of different lengths. A decreasing curve is computed as -y.
    """

    parameters = {"x": KNOTS, "y": KNOTS}
    optional: ClassVar[tuple[str, ...]] = ()
    batch_shape = ()

    def __init__(self, *args: Any, **kwargs: Any):
        owner = self.name or type(self).__name__
        kwargs = {key: given for key, given in kwargs.items() if given is not None or key not in self.optional}
        given = {*list(self.parameters)[: len(args)], *kwargs}
        wanted = {name: p for name, p in self.parameters.items() if name in given or name not in self.optional}
        given = bind(owner, wanted, args, kwargs)
        self.params = Parameters({name: np.atleast_1d(p) for name, p in given.items()})
        check_knots(owner, self.params)
        self.increasing = bool(self.params["y"][-1] > self.params["y"][0])
        self._sign = 1.0 if self.increasing else -1.0
        with quiet():
            cells = Cells.of(self.params["x"], self._sign * self.params["y"], self._sign * self.slopes())
            if not all(np.isfinite(column).all() for column in (cells.scale, cells.chord, self.slopes())):
                raise ParameterError(f"{owner}: x, y: expected spacings and slopes whose ratios are doubles")
            self._table = self.columns(cells)

    def slopes(self) -> np.ndarray:
        """dy/dx at the knots."""
        return self.params["derivatives"]

    def columns(self, cells: Cells) -> Mapping[str, np.ndarray]:
        """The table: `start` and `level` of each interval, and what the formulas take."""
        raise NotImplementedError

    def secant(self, t: Any, row: Row) -> Any:
        """(y - level)/t at t = x - start."""
        raise NotImplementedError

    def slope(self, t: Any, row: Row) -> Any:
        """dy/dx at t = x - start."""
        raise NotImplementedError

    def run(self, u: Any, row: Row) -> Any:
        """(x - start)/u at u = y - level."""
        raise NotImplementedError

    @property
    def kinks(self) -> Sequence[float]:
        return tuple(self.params["x"].tolist())

    @cached_property
    def _tables(self) -> Mapping[Any, tuple[Sequence[np.ndarray], Mapping[str, Column]]]:
        """For each precision the edges of the intervals, in x and in y, and the table."""
        edges = self.params["x"], self._sign * self.params["y"]
        with quiet():
            return {
                np.dtype(kind): (
                    [e.astype(kind) for e in edges],
                    {name: Column(entries.astype(kind)) for name, entries in self._table.items()},
                )
                for kind in (np.float64, np.float32)
            }

    def _row(self, points: Any, side: int) -> Row:
        """The coefficients at points, which are x (side 0) or ±y (side 1)."""
        doubles = value(points)
        single = getattr(doubles, "dtype", None) == np.float32
        edges, table = self._tables[np.dtype(np.float32 if single else np.float64)]
        cell = follow(partial(cell_of, edges[side]), doubles)
        if isinstance(points, Anchored):  # it may lie below an edge that its double lies on
            cell = cell - ((cell > 0) & np.asarray(points < edges[side].take(np.maximum(cell - 1, 0))))
        return Row(table, cell)

    def _turned(self, y: Any) -> Any:
        return y if self.increasing else -y

    def _forward_pair(self, x: Any) -> tuple[Any, Any]:
        row = self._row(x, 0)
        y, t = self._rise(x, row)
        return y, np.log(self.slope(t, row))

    def _rise(self, x: Any, row: Row) -> tuple[Any, Any]:
        """(y, x - start)."""
        start, level = row("start", "level")
        t = x - start
        inner = finite(t)
        return self._turned(level + t * self.secant(inner, row)), inner

    def _inverse_pair(self, y: Any) -> tuple[Any, Any]:
        y = self._turned(y)
        row = self._row(y, 1)
        start, level = row("start", "level")
        u = y - level
        t = u * self.run(finite(u), row)
        return start + t, -np.log(self.slope(finite(t), row))

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self._planned(self._forward_pair, x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self._planned(self._inverse_pair, y)

    def forward(self, x: Any) -> Any:
        return self._rise(x, self._row(x, 0))[0]

    def _planned(self, pair: Callable[[Any], tuple[Any, Any]], x: Any) -> tuple[Any, Any]:
        """pair(x); of an array of doubles by its program, block by block."""
        if type(x) is not np.ndarray or not x.ndim or x.dtype.kind != "f":
            return pair(x)
        there, log_det = all_in_blocks(partial(programs_of(self).run, pair.__name__, pair), x)
        return there, log_det

    def __str__(self) -> str:
        listed = ("[" + ", ".join(map(number_text, p)) + "]" for p in self.params.values())
        return f"{self.name}({', '.join(listed)})"

    def __repr__(self) -> str:
        listed = ", ".join(f"{key}={p.tolist()}" for key, p in self.params.items())
        return f"{type(self).__name__}({listed})"


def check_knots(owner: str, params: Mapping[str, np.ndarray]) -> None:
    """Raises the typed error for lists that are no knots, values and derivatives of a monotone curve."""
    x, y = params["x"], params["y"]
    for name, given in params.items():
        if given.ndim != 1 or len(given) < 2:
            raise ShapeError(argument_error(f"{owner}: {name}", "a list of at least two numbers", given.tolist()))
        if len(given) != len(x):
            raise ShapeError(argument_error(f"{owner}: {name}", f"{len(x)} numbers, as many as x", len(given)))
        for index in np.flatnonzero(~np.isfinite(given))[:1]:
            raise ParameterError(argument_error(f"{owner}: {name}[{index}]", "a finite number", float(given[index])))
    sign = -1.0 if y[-1] < y[0] else 1.0
    _check_order(f"{owner}: x", x, 1.0)
    _check_order(f"{owner}: y", y, sign)
    slopes = params.get("derivatives", np.empty(0))
    for index in np.flatnonzero(sign * slopes <= 0)[:1]:
        word = "a positive slope" if sign > 0 else "a negative slope, as y decreases"
        raise ParameterError(argument_error(f"{owner}: derivatives[{index}]", word, float(slopes[index])))


def _check_order(owner: str, values: np.ndarray, sign: float) -> None:
    for index in np.flatnonzero(~(sign * np.diff(values) > 0))[:1]:
        word = "above" if sign > 0 else "below"
        expected = f"a number {word} {values[index]:.17g}, the one before it"
        raise ParameterError(argument_error(f"{owner}[{index + 1}]", expected, float(values[index + 1])))


@dataclass(frozen=True)
class Cells:
    """The intervals between knots, and before and after them the half lines, as arrays of length len(x) + 1.

    Of a half line, `left` and `right` are both its end, `low` and `high` its y there, and `d_low` and `d_high` its slope.
    """

    left: np.ndarray
    right: np.ndarray
    low: np.ndarray
    high: np.ndarray
    d_low: np.ndarray
    d_high: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, slopes: np.ndarray) -> Cells:
        return cls(*(end for knots in (x, y, slopes) for end in (_before(knots), _before(knots[::-1])[::-1])))

    @property
    def inner(self) -> np.ndarray:
        """Whether it lies between knots."""
        return self.left < self.right

    @property
    def start(self) -> np.ndarray:
        """The point of each that is nearest to 0."""
        left, right = self.left.copy(), self.right.copy()
        left[0], right[-1] = -np.inf, np.inf
        return np.clip(0.0, left, right)

    @property
    def scale(self) -> np.ndarray:
        """1/width, and 0 for the half lines."""
        return np.where(self.inner, 1.0 / (self.right - self.left), 0.0)

    @property
    def chord(self) -> np.ndarray:
        """The slope of the straight line from end to end."""
        return np.where(self.inner, (self.high - self.low) / (self.right - self.left), self.d_low)


def _before(knots: np.ndarray) -> np.ndarray:
    """The knots with the first one doubled."""
    return np.append(knots[0], knots)


def cell_of(edges: np.ndarray, points: Any) -> Any:
    """How many of the edges are not above each point."""
    points = np.asarray(points)
    if len(edges) > FEW:
        return np.searchsorted(edges, points, side="right")
    reached = points >= edges.reshape(-1, *(1,) * points.ndim)
    return np.add.reduce(reached.view(np.uint8), axis=0, dtype=np.uint8).astype(np.intp)


def finite(t: Any) -> Any:
    """The doubles of t, and 0 for an infinite one: secants and slopes are constant out there."""
    t = value(t)
    return t if holds(_all_finite, t) else np.where(np.isinf(t), 0.0, t)


def _all_finite(t: Any) -> bool:
    """Complex numbers step off the line by next to nothing."""
    return all_finite(np.real(t))


LATEX = r"\operatorname{spline}\left(x\right)"
RISING = {"x": [-2.5, -1.5, 0.5, 1.5], "y": [-2.0, -1.0, 1.25, 3.0]}
FALLING = {"x": [-3.0, -1.0, 0.5, 4.0], "y": [2.0, 1.5, -1.0, -2.0]}


@register("linear_spline", examples=[{"x": [0.0, 1.0, 3.0], "y": [0.0, 2.0, 3.0]}, RISING, FALLING])
class LinearSpline(Spline):
    """y on the straight lines from (x_k, y_k) to (x_{k+1}, y_{k+1}), the first and the last of them going on."""

    latex = LATEX

    def slopes(self) -> np.ndarray:
        chords = np.diff(self.params["y"]) / np.diff(self.params["x"])
        return np.append(chords, chords[-1])

    def columns(self, cells: Cells) -> Mapping[str, np.ndarray]:
        start, chord = cells.start, cells.chord
        near = start - cells.left <= cells.right - start
        up, down = cells.low + chord * (start - cells.left), cells.high - chord * (cells.right - start)
        level = np.where(near | ~cells.inner, up, down)
        return {"start": start, "level": level, "chord": chord, "run": 1.0 / chord}

    def secant(self, t: Any, row: Row) -> Any:
        return row("chord")[0]

    def slope(self, t: Any, row: Row) -> Any:
        return row("chord")[0]

    def run(self, u: Any, row: Row) -> Any:
        return row("run")[0]


@register(
    "rational_quadratic_spline",
    examples=[
        {"x": [0.0, 1.0, 2.0], "y": [0.0, 2.0, 3.0], "derivatives": [1.0, 1.0, 1.0]},
        {**RISING, "derivatives": [0.5, 2.0, 0.25, 1.5]},
        {**FALLING, "derivatives": [-0.5, -1.0, -0.7, -0.2]},
    ],
    source="J. A. Gregory, R. Delbourgo, IMA J. Numer. Anal. 2 (1982) 123; C. Durkan et al., Neural Spline Flows (2019)",
)
class RationalQuadraticSpline(Spline):
    """y = y_k + h·(s·θ² + d_k·θ(1 - θ))/(s + (d_k + d_{k+1} - 2s)·θ(1 - θ)) between the knots, straight beyond them.

    θ = (x - x_k)/w, w and h are the differences of x and of y, s = h/w, and `derivatives` are the d_k = dy/dx at the knots.
    From a start a, with D = 1 + c·θ(1 - θ) and c = (d_k + d_{k+1})/s - 2, this is y(a) + (x - a)·(p(1 - θ) + qθ)/D with
    p, q > 0, and the slope is (d_k(1 - θ)² + 2sθ(1 - θ) + d_{k+1}θ²)/D²: sums without cancellation. The inverse is a root
    of a quadratic equation.
    """

    parameters = {"x": KNOTS, "y": KNOTS, "derivatives": KNOTS}
    latex = LATEX

    def columns(self, cells: Cells) -> Mapping[str, np.ndarray]:
        start, s, scale = cells.start, cells.chord, cells.scale
        a, b = cells.d_low / s, cells.d_high / s
        bend = a + b - 2.0
        tau, rest = (start - cells.left) * scale, np.where(cells.inner, (cells.right - start) * scale, 1.0)
        d = 1.0 + bend * tau * rest
        p, q = s * (a * rest + tau) / d, s * (b * tau + rest) / d
        level = np.where(tau <= rest, cells.low + p * (start - cells.left), cells.high - q * (cells.right - start))
        return {
            "start": start, "level": level, "offset": start - cells.left, "scale": scale, "bend": bend, "p": p, "q": q - p,
            "d_low": cells.d_low, "d_mid": 2.0 * s, "d_high": cells.d_high,
            "a": (q - p) * scale / d, "a_u": bend * scale * scale / d,
            "b": (p * rest + q * tau) / d, "b_u": bend * (rest - tau) * scale / d,
        }  # fmt: skip

    def secant(self, t: Any, row: Row) -> Any:
        offset, scale, bend, p, q = row("offset", "scale", "bend", "p", "q")
        theta = (t + offset) * scale
        return (p + q * theta) / (1.0 + bend * (theta * (1.0 - theta)))

    def slope(self, t: Any, row: Row) -> Any:
        offset, scale, bend, low, mid, high = row("offset", "scale", "bend", "d_low", "d_mid", "d_high")
        theta = (t + offset) * scale
        rest = 1.0 - theta
        cross = theta * rest
        return (low * (rest * rest) + mid * cross + high * (theta * theta)) / np.square(1.0 + bend * cross)

    def run(self, u: Any, row: Row) -> Any:
        """The root t of (a + a_u·u)t² + (b - b_u·u)t = u that is t = u/b for small u, by the form that adds."""
        a, a_u, b, b_u = row("a", "a_u", "b", "b_u")
        first, second = b - b_u * u, (a + a_u * u) * u
        root = np.sqrt(np.maximum(first * first + 4.0 * second, 0.0))
        adds = first > 0
        return np.where(adds, 2.0, root - first) / np.where(adds, first + root, 2.0 * second)
