"""The inverse of a monotone map that has no formula for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.domains import Interval
from densities.errors import UnsupportedOperationError
from densities.numerics.roots import invert


def solve_inverse(bijection: Any, y: Any) -> Any:
    """x in the domain with bijection(x) = y, to the last bits that y determines; NaN where y is not reached.

    Raises UnsupportedOperationError for maps of vectors.
    """
    domain = bijection.domain
    if not isinstance(domain, Interval):
        raise UnsupportedOperationError(
            f"{bijection}: inverse_and_log_det(y) is not written, and only maps of the line are solved for"
        )
    y = np.asarray(y)
    names = tuple(bijection.params) if bijection.batch_shape else ()
    kind = type(bijection)

    def forward(x: Any, *parameters: Any) -> Any:
        owner = kind(**dict(zip(names, parameters, strict=True))) if names else bijection
        return owner.forward(x)

    arguments = [bijection.params[name] for name in names]
    low, high = value(domain.low), value(domain.high)
    x = invert(forward, y, low, high, args=arguments, increasing=bijection.increasing).x
    with quiet():
        for end, closed in ((low, domain.low_closed), (high, domain.high_closed)):
            if closed:
                x = np.where(bijection.forward(end) == y, end, x)
    return np.asarray(x, dtype=y.dtype if y.dtype.kind == "f" else float)[()]
