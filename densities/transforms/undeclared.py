"""What the class of a map of the line does not say of itself, found from its values: its direction and its image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.domains import Interval
from densities.errors import DomainError, NotMonotoneError, ShapeError
from densities.transforms.plateaus import refuse_plateau

EPS = float(np.finfo(float).eps)


def found_direction(transform: Any) -> Any:
    """Whether a map rises, at moderate points of its domain; for a batch, member by member."""
    if not isinstance(transform.domain, Interval):
        return True
    with quiet():
        points = moderate_points(transform)
        try:
            values, others = (np.asarray(value(transform.forward(x)), dtype=float) for x in (points, points[:-5]))
        except (TypeError, ValueError) as error:
            raise ShapeError(
                f"{transform}: expected formulas of arrays, got {type(error).__name__}: {error}"
            ) from error
        if others.shape != values[:-5].shape or not np.allclose(others, values[:-5], equal_nan=True):
            raise ShapeError(
                f"{transform}: expected a map of numbers, each by itself, got one in which entries depend on others; "
                "the class of a map of vectors says so by `domain`, as in RealVector(3)"
            )
        if np.isnan(values).any():
            x = np.broadcast_to(points, values.shape)[np.isnan(values)][0]
            raise DomainError(
                f"{transform}: expected a number at every point of {transform.domain}, got NaN at x = {x:.6g}; "
                "the class says where it is defined by `domain`"
            )
        if values.ndim == 1:
            refuse_plateau(transform, lambda x: np.asarray(value(transform.forward(x)), dtype=float), points, values)
        steps = np.diff(values, axis=0)
        noise = 64 * EPS * np.maximum(np.abs(values[1:]), np.abs(values[:-1]))
    ups, downs = np.count_nonzero(steps > noise, axis=0), np.count_nonzero(steps < -noise, axis=0)
    if np.any((ups > 0) & (downs > 0)):
        raise NotMonotoneError(
            f"{transform}: expected a map that rises all over {transform.domain}, or falls, got one that turns; "
            "a map with several pieces is a ManyToOne, a Piecewise or a Symbolic formula"
        )
    return ups >= downs if np.ndim(ups) else bool(ups >= downs)


def moderate_points(transform: Any) -> np.ndarray:
    """Points of the domain from left to right, (points, batch): between two ends, or moderate distances from one or from 0."""
    low, high = (np.asarray(value(end)) for end in transform.domain.edges)
    share = np.linspace(0.0, 1.0, 35)[1:-1].reshape(-1, *(1,) * max(len(transform.batch_shape), low.ndim, high.ndim))
    ways = [low + share * (high - low), low + 10.0 * share / (1.0 - share), high - 10.0 * (1.0 - share) / share]
    kinds = [np.isfinite(low) & np.isfinite(high), np.isfinite(low), np.isfinite(high)]
    return np.select(
        [np.broadcast_to(kind, ways[0].shape) for kind in kinds], ways, 5.0 * np.log(share / (1.0 - share))
    )


def found_image(transform: Any) -> Any:
    """The image of the domain; of vectors and batches, the domain itself."""
    domain = transform.domain
    if not isinstance(domain, Interval) or transform.batch_shape:
        return domain
    with quiet():
        return image(lambda x: value(transform.forward(x)), domain, bool(transform.increasing))


def image(function: Callable[[np.ndarray], Any], domain: Interval, increasing: bool) -> Interval:
    """The image of an interval under a monotone function, each end with its slack."""
    (low, low_slack), (high, high_slack) = (limit(function, domain, side, increasing) for side in (-1.0, 1.0))
    if not increasing:
        low, low_slack, high, high_slack = high, high_slack, low, low_slack
    return Interval(low, high, low_slack=low_slack, high_slack=high_slack)


def limit(
    function: Callable[[np.ndarray], Any], domain: Interval, side: float, increasing: bool
) -> tuple[float, float]:
    """The limit of a monotone function towards one end, and how far off it may be.

    Towards an infinite end x is squared at each step, towards a finite one the distance to it is: the differences of a
    function with a limit then shrink at least geometrically, those of a logarithm do not.
    """
    end = float(value(domain.high if side > 0 else domain.low))
    values = np.asarray(function(approach(domain, side)), dtype=float)
    last, before = values[-1] - values[-2], values[-2] - values[-3]
    unbounded = side * (np.inf if increasing else -np.inf)
    if np.isinf(values[-1]) or np.isnan(last) or abs(last) > 0.75 * abs(before) > 0.0:
        return float(values[-1]) if np.isinf(values[-1]) else unbounded, 0.0
    at_end = float(np.asarray(function(np.asarray([end])), dtype=float)[0])
    if abs(at_end - values[-1]) <= max(2 * abs(last), 4 * EPS * abs(values[-1])):
        return at_end + 0.0, 2 * EPS * abs(at_end)
    tail = 0.0 if last == before else last * last / (before - last)
    return float(values[-1] + tail), float(abs(last) + EPS * abs(values[-1]))


def approach(domain: Interval, side: float) -> np.ndarray:
    """Points that run to one end of the domain, each as far again, in logarithms, as the one before."""
    end, other = (domain.high, domain.low) if side > 0 else (domain.low, domain.high)
    end, other = float(value(end)), float(value(other))
    powers = 10.0**2.0 ** np.arange(9)
    if np.isinf(end):
        points = side * powers
        return points[domain.interior_contains(points)]
    reach = min(1.0, 0.5 * abs(end - other)) if np.isfinite(other) else 1.0
    points = end - side * reach / powers
    return points[domain.interior_contains(points)]


__all__ = ["approach", "found_direction", "found_image", "image"]
