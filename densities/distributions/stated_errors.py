"""What maps with numeric derivatives add to the error of a log-density: the sum of what they state along a chain."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet

__all__ = ["has_numeric_derivatives", "log_density_error"]


def has_numeric_derivatives(law: Any) -> bool:
    """Whether a map on the way to a law has a derivative that is found numerically."""
    return any(step.has_numeric_derivative for step in law.unfolded[1])


def log_density_error(law: Any, y: np.ndarray) -> Any:
    """The error of log f(y) that such derivatives leave at points y: of a sum over preimages, that of the worst of them."""
    worst: Any = 0.0
    for branch in law.branches if has_numeric_derivatives(law) else ():
        inside = branch.image.contains(y)
        x, total = np.where(inside, y, value(branch.image.interior_point())), 0.0
        with quiet():
            for step in reversed(branch.map.steps):
                x = np.asarray(value(step.inverse(x)), dtype=float)
                total = total + step.derivative_error(x)
            worst = np.maximum(worst, np.where(inside, total + log_density_error(law.base, x), 0.0))
    return worst
