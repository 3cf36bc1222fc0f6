"""push(law, function): the law of function(X) for any function of an array, not only for registered maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from densities.anchored import value
from densities.domains import Interval
from densities.errors import ParameterError, ShapeError, SupportError, argument_error
from densities.protocols import as_distribution, is_law, push_forward
from densities.transforms import FunctionTransform, Transform

__all__ = ["push"]


def push(law: Any, function: Callable[[Any], Any], **options: Any) -> Any:
    """The law of function(X), X of law `law`, for a vectorised function or a transform.

    A function made of operations that laws know (`lambda x: np.exp(2*x) + 1`, `np.sqrt`, `lambda x: x**2`) is followed
    step by step: exact, many-to-one or not. Any other must be strictly monotone on the support of the law, without jumps;
    its inverse and derivative are found numerically. `options` (inverse=, derivative=, domain=, codomain=, increasing=,
    name=) are those of `FunctionTransform`; with any of them the function is not followed.

    Raises NotMonotoneError with two points that prove it, SupportError where the law leaves the domain, ShapeError for
    laws of vectors.
    """
    law = as_distribution(law)
    if isinstance(function, Transform):
        if options:
            raise ParameterError(argument_error("push", "no options beside a transform", sorted(options)))
        return push_forward(law, function)
    followed = None if options else _followed(law, function)
    return push_forward(law, _numeric(law, function, options)) if followed is None else followed


def _followed(law: Any, function: Callable[[Any], Any]) -> Any:
    """function(law) by the arithmetic of laws; None where the function does what laws refuse, whatever it raises."""
    try:
        result = function(law)
    except SupportError:
        raise
    except Exception:
        return None
    return result if is_law(result) else None


def _numeric(law: Any, function: Callable[[Any], Any], options: dict[str, Any]) -> FunctionTransform:
    if law.event_shape or law.batch_shape:
        raise ShapeError(argument_error("push", "a scalar law on the line, for a function without formula", law))
    return FunctionTransform(function, **{"domain": _domain(law.support), **options})


def _domain(support: Interval) -> Interval:
    """The support as an interval of doubles that holds its ends where they are finite: atoms may sit there."""
    low, high = float(value(support.low)), float(value(support.high))
    closed = {
        "low_closed": support.low_closed and np.isfinite(low),
        "high_closed": support.high_closed and np.isfinite(high),
    }
    return Interval(low, high, **closed)
