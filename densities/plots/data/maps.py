"""A map and what it does to a law, as arrays: strips of equal probability, the pushed density branch by branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.domains import Interval
from densities.errors import ParameterError, ShapeError, argument_error
from densities.plots.data.laws import atoms_in, bulk_height, ends, highest_mass, limits, scalar_law, top, view_grid
from densities.protocols import push_forward
from densities.transforms.base import Flat, Piece, Transform

# Half the width of the view of a map that nothing else limits.
REACH = 4.0
DIFFERENT = 0.01  # of the view: two modes further apart than this are two


@dataclass(frozen=True, eq=False)
class Strip:
    """A part of a strip of equal probability on which the map is monotone or constant.

    `number` counts the strips from the left, `piece` the pieces of the map; x = (a, b) with a < b goes to
    y = (g(a), g(b)), in this order; ends are limits, and may be infinite. `mass` is the probability of this part.
    """

    number: int
    piece: int
    x: tuple[float, float]
    y: tuple[float, float]
    mass: float


@dataclass(frozen=True, eq=False)
class BranchCurve:
    """One piece of the map: the graph (x, y), and what the piece adds to the pushed density at `levels`."""

    piece: int
    x: np.ndarray
    y: np.ndarray
    levels: np.ndarray
    density: np.ndarray
    flat: bool


@dataclass(frozen=True, eq=False)
class Change:
    """X, t and Y = t(X) in a view: base density over x, pushed density over y, the graph, strips, atoms and modes.

    A law of point masses only has no strips, and the top of its axis is that of their masses.
    """

    base: Any
    transform: Transform
    pushed: Any
    x_view: tuple[float, float]
    y_view: tuple[float, float]
    x: np.ndarray
    base_density: np.ndarray
    base_top: tuple[float, float]
    y: np.ndarray
    pushed_density: np.ndarray
    pushed_top: tuple[float, float]
    branches: tuple[BranchCurve, ...]
    strips: tuple[Strip, ...]
    n_strips: int
    base_atoms: tuple[np.ndarray, np.ndarray]
    pushed_atoms: tuple[np.ndarray, np.ndarray]
    mode: float
    image_of_mode: float
    base_mode: float

    @property
    def moved(self) -> bool:
        """Whether the mode of Y is not the image of the mode of X, as far as the eye can tell."""
        if not np.isfinite([self.mode, self.image_of_mode]).all():
            return False
        return abs(self.mode - self.image_of_mode) > DIFFERENT * (self.y_view[1] - self.y_view[0])


def line_map(transform: Any) -> Transform:
    """`transform` where it is a single map of the line; ParameterError or ShapeError otherwise."""
    if not isinstance(transform, Transform):
        raise ParameterError(argument_error("transform", "a Transform", transform))
    if transform.event_ndim or transform.batch_shape:
        raise ShapeError(argument_error("transform", "one map of the line, no batch", transform))
    return transform


def pieces_in(transform: Transform, low: float, high: float) -> Sequence[Piece | Flat]:
    """The pieces that meet a bounded view."""
    return transform.pieces_within(Interval(low, high, low_closed=True, high_closed=True))


def strips(base: Any, transform: Transform, count: int = 10) -> tuple[Strip, ...]:
    """The line cut into `count` strips of equal probability under the base, each cut again at the ends of pieces."""
    levels = np.arange(1, count) / count
    with quiet():
        inner = np.where(levels <= 0.5, base.ppf(levels), base.isf(1.0 - levels))
    low, high = ends(base)
    cuts = [low, *map(float, inner), high]
    reach = limits(base)
    found: list[Strip] = []
    for index, piece in enumerate(pieces_in(transform, max(low, reach[0]), min(high, reach[1]))):
        first, last = (float(value(end)) for end in piece.domain.edges)
        for number, (a, b) in enumerate(pairwise(cuts)):
            a, b = max(a, first), min(b, last)
            if a < b:
                found.append(Strip(number, index, (a, b), _images(piece, a, b), _mass(base, a, b)))
    return tuple(sorted(found, key=lambda strip: strip.x))


def _mass(base: Any, a: float, b: float) -> float:
    with quiet():
        upper = base.sf(a) < 0.5
        return float(base.sf(a) - base.sf(b)) if upper else float(base.cdf(b) - base.cdf(a))


def _images(piece: Piece | Flat, a: float, b: float) -> tuple[float, float]:
    """The limits of g at both ends of a part of a piece."""
    if isinstance(piece, Flat):
        return piece.value, piece.value
    with quiet():
        image = piece.map.image(Interval(a, b))
    low, high = float(value(image.low)), float(value(image.high))
    return (low, high) if np.all(piece.map.increasing) else (high, low)


def change(base: Any, transform: Any, *, n: int = 400, count: int = 10) -> Change:
    """The arrays of a picture of the change of variables Y = t(X)."""
    base, transform = scalar_law("X", base), line_map(transform)
    if not 1 <= count <= 100:
        raise ParameterError(argument_error("strips", "between 1 and 100", count))
    pushed = push_forward(base, transform)
    low, high = limits(base)
    y_low, y_high = limits(pushed)
    x = view_grid(base, low=low, high=high, n=n)
    y = view_grid(pushed, low=y_low, high=y_high, n=n)
    with quiet():
        base_density, pushed_density = np.asarray(base.pdf(x), float), np.asarray(pushed.pdf(y), float)
    pieces = enumerate(pieces_in(transform, low, high))
    curves = tuple(_branch(index, piece, base, x, y, (low, high)) for index, piece in pieces)
    base_mode, mode = _highest(x, base_density), _highest(y, pushed_density)
    atoms, images = atoms_in(base, low, high), atoms_in(pushed, y_low, y_high)
    count = 0 if base.measure == "counting" else count
    with quiet():
        image = float(value(transform.forward(np.asarray(base_mode))))
    return Change(
        base,
        transform,
        pushed,
        (low, high),
        (y_low, y_high),
        x,
        base_density,
        _top(base, base_density, atoms[1], high - low),
        y,
        pushed_density,
        _top(pushed, pushed_density, images[1], y_high - y_low),
        curves,
        strips(base, transform, count) if count else (),
        count,
        atoms,
        images,
        mode,
        image,
        base_mode,
    )


def _top(law: Any, density: np.ndarray, masses: np.ndarray, width: float) -> tuple[float, float]:
    """The top of an axis of the density, or of masses where there is nothing else; and of a peak that is cut off, or 0."""
    if law.measure == "counting":
        return highest_mass(masses), 0.0
    return top(density, bulk_height(law), width)


def _highest(x: np.ndarray, density: np.ndarray) -> float:
    """The mode, as far as the eye can tell: the highest point of the curve; NaN for a plateau or an infinite peak."""
    peak = float(np.max(density))
    highest = x[density >= peak * (1.0 - 1e-9)]
    alone = np.ptp(highest) < DIFFERENT * (x[-1] - x[0])
    return float(np.mean(highest)) if alone and 0.0 < peak < np.inf else np.nan


def _branch(
    index: int, piece: Piece | Flat, base: Any, x: np.ndarray, y: np.ndarray, view: tuple[float, float]
) -> BranchCurve:
    """The graph of one piece, and its share of the pushed density at y."""
    first, last = (float(np.clip(value(end), *view)) for end in piece.domain.edges)
    points = piece_points(first, last, x)
    if isinstance(piece, Flat):
        return BranchCurve(index, points, np.full(points.shape, piece.value), y, np.zeros(y.shape), True)
    with quiet():
        inside = np.asarray(piece.image.interior_contains(y))
        safe = np.where(inside, y, value(piece.image.interior_point()))
        preimage, log_det = piece.map.inverse_and_log_det(safe)
        density = np.where(inside, base.pdf(np.asarray(value(preimage), float)) * np.exp(value(log_det)), 0.0)
        graph = np.asarray(value(piece.map.forward(points)), float)
    return BranchCurve(index, points, graph, y, np.nan_to_num(density, nan=0.0, posinf=np.inf), False)


def piece_points(first: float, last: float, x: np.ndarray) -> np.ndarray:
    """Points of a piece: those of a grid, and others that crowd at both ends, where a pole may stand; ends excluded."""
    width = last - first
    near = width * np.geomspace(1e-6, 0.05, 40)
    points = np.concatenate([x, first + near, last - near, np.linspace(first, last, 200)])
    return np.unique(points[(points > first) & (points < last)])


GraphPiece = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Graph:
    """A map in a view: the pieces as (x, y, dy/dx), and the limits that show them."""

    transform: Transform
    x_view: tuple[float, float]
    y_view: tuple[float, float]
    slope_view: tuple[float, float]
    pieces: tuple[GraphPiece, ...]

    @property
    def domain(self) -> tuple[float, ...]:
        """The finite ends of the domain."""
        return _finite_ends(self.transform.domain)

    @property
    def codomain(self) -> tuple[float, ...]:
        """The finite ends of the codomain."""
        return _finite_ends(self.transform.codomain)


def _finite_ends(domain: Any) -> tuple[float, ...]:
    points = [float(value(end)) for end in getattr(domain, "edges", ())]
    return tuple(point for point in points if np.isfinite(point))


def graph(transform: Any, *, low: float | None = None, high: float | None = None) -> Graph:
    """The graph and the derivative of a map over its domain, or over a part of it near 0 or near its end."""
    transform = line_map(transform)
    first, last = _domain_view(transform, low, high)
    x = np.linspace(first, last, 400)
    pieces = tuple(_graph_of(piece, first, last, x) for piece in pieces_in(transform, first, last))
    return Graph(transform, (first, last), _view_of(pieces, 1, x), _view_of(pieces, 2, x), pieces)


def _domain_view(transform: Transform, low: float | None, high: float | None) -> tuple[float, float]:
    domain = transform.domain
    if not isinstance(domain, Interval):
        raise ShapeError(argument_error("transform", "a map of an interval", transform))
    start, stop = (float(value(end)) for end in domain.edges)
    if np.isfinite(start) and not np.isfinite(stop):
        natural = start, start + REACH
    elif np.isfinite(stop) and not np.isfinite(start):
        natural = stop - REACH, stop
    else:
        natural = max(start, -REACH), min(stop, REACH)
    chosen = natural[0] if low is None else max(low, start), natural[1] if high is None else min(high, stop)
    if not chosen[0] < chosen[1]:
        raise ParameterError(argument_error("low, high", f"low < high within {domain}", (low, high)))
    return chosen


def _graph_of(piece: Piece | Flat, first: float, last: float, x: np.ndarray) -> GraphPiece:
    """(x, y, dy/dx) of one piece."""
    start, stop = (float(np.clip(value(end), first, last)) for end in piece.domain.edges)
    points = piece_points(start, stop, x)
    if isinstance(piece, Flat):
        return points, np.full(points.shape, piece.value), np.zeros(points.shape)
    with quiet():
        y, log_det = piece.map.forward_and_log_det(points)
        slope = np.exp(np.broadcast_to(value(log_det), points.shape)) * (1.0 if np.all(piece.map.increasing) else -1.0)
    return points, np.asarray(value(y), float), slope


def _view_of(pieces: Sequence[GraphPiece], column: int, x: np.ndarray) -> tuple[float, float]:
    """All values of a column that stay near the bulk of those at `x`, else the bulk: a pole leaves the picture."""
    values = np.concatenate([piece[column] for piece in pieces])
    inside = [(piece, (x > piece[0][0]) & (x < piece[0][-1])) for piece in pieces if len(piece[0])]
    spread = np.concatenate([np.interp(x[seen], piece[0], piece[column]) for piece, seen in inside])
    values, spread = values[np.isfinite(values)], spread[np.isfinite(spread)]
    if not spread.size:
        asked = float(x[0]), float(x[-1])
        raise ParameterError(argument_error("low, high", "a range in which the map has finite values", asked))
    low, high = np.quantile(spread, [0.04, 0.96])
    width = max(high - low, 1e-12 + 1e-6 * max(abs(low), abs(high)))
    low = values.min() if low - values.min() < 1.5 * width else low - 0.15 * width
    high = values.max() if values.max() - high < 1.5 * width else high + 0.15 * width
    size = max(abs(low), abs(high))
    margin = 0.05 * (high - low) if high - low > 1e-9 * size else 0.5 * size or 1.0
    return float(low - margin), float(high + margin)


__all__ = ["BranchCurve", "Change", "Graph", "Strip", "change", "graph", "line_map", "strips"]
