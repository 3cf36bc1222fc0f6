"""The formulas of maps on arrays of other libraries: what a decorator of the base class gives to all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch, wraps
from typing import Any

import numpy as np

from densities.foreign.kinds import OURS, ForeignError, is_foreign
from densities.foreign.numbers import Foreign, unwrapped, wrapped
from densities.foreign.smooth import elementwise, no_slope, on_host

# What a formula may fail with that arrays of NumPy alone can run.
UNSERVED = (ForeignError, TypeError, ValueError, AttributeError, IndexError, NotImplementedError)


def reason(error: Exception) -> str:
    """What went wrong, in an error that says itself what to do."""
    return error.what if isinstance(error, ForeignError) else str(error)


def any_array(formula: Callable) -> Callable:
    """Decorates a formula of a map: an array of another library goes through it and comes out as one."""

    @wraps(formula)
    def either(self: Any, x: Any) -> Any:
        if isinstance(x, OURS) or not is_foreign(x):
            return formula(self, x)
        return evaluated(self, formula.__name__, x)

    return either


def evaluated(transform: Any, method: str, x: Any) -> Any:
    """A formula of a map at the array `x`: as it stands where it runs there, otherwise by NumPy, with its slope."""
    x = wrapped(x).array
    if not method.endswith("log_det"):
        return _one(transform, method, None, x)
    return _one(transform, method, 0, x), _one(transform, method, 1, x)


def _one(transform: Any, method: str, index: int | None, x: Any) -> Any:
    def formula(t: Any) -> Any:
        with np.errstate(all="ignore"):
            result = getattr(transform, method)(Foreign(t))
        return unwrapped(result if index is None else result[index], t if index != 1 else _events(transform, t))

    varying = has_foreign_parameters(transform)
    try:
        return formula(x) if varying or transform.event_ndim or transform.batch_shape else elementwise(formula, x)
    except UNSERVED as error:
        if varying or transform.event_ndim:
            raise ForeignError(f"{transform}: {method} on an array of this library: {reason(error)}") from error
        return _by_numpy(transform, method, index, x)


def _events(transform: Any, points: Any) -> Any:
    """An array of the batch shape of points: their first coordinates, where they are vectors."""
    for _ in range(transform.event_ndim):
        points = points[..., 0]
    return points


def _by_numpy(transform: Any, method: str, index: int | None, x: Any) -> Any:
    both = f"{method.removesuffix('_and_log_det')}_and_log_det"

    def point(t: np.ndarray) -> Any:
        result = getattr(transform, method)(t)
        return np.asarray(result if index is None else result[index])

    def slope(t: np.ndarray) -> Any:
        return np.exp(getattr(transform, both)(t)[1]) * np.where(transform.increasing, 1.0, -1.0)

    return on_host(point, x, slopes=(slope if index != 1 and hasattr(transform, both) else no_slope,))


@singledispatch
def foreign_within(thing: Any) -> Foreign | None:
    """An array of another library: the thing itself, one in a list, or a parameter of a law or a map and what it is made of."""
    return None


@foreign_within.register
def _(thing: Foreign) -> Foreign:
    return thing


@foreign_within.register(list)
@foreign_within.register(tuple)
def _(things: Any) -> Foreign | None:
    return next((found for found in map(foreign_within, things) if found is not None), None)


def has_foreign_parameters(thing: Any) -> bool:
    """Whether derivatives may be asked for in a parameter of a law or a map."""
    return foreign_within(thing) is not None


__all__ = ["UNSERVED", "any_array", "evaluated", "foreign_within", "has_foreign_parameters", "reason"]
