"""What maps with numeric derivatives add to the error of a log-density: the sum of what they state along a chain."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.distributions.pushforward import Pushforward

__all__ = ["log_density_error"]


def log_density_error(law: Any, y: np.ndarray) -> Any:
    """The error of log f(y) of a pushed law that derivatives found numerically leave, at points y; 0 for other laws."""
    total: Any = 0.0
    while isinstance(law, Pushforward):
        steps = law.transform.steps
        if not any(hasattr(step, "derivative_error") for step in steps):
            return total
        for step in reversed(steps):
            if not hasattr(step, "inverse"):
                return total
            with quiet():
                y = np.asarray(value(step.inverse(y)), dtype=float)
            if hasattr(step, "derivative_error"):
                total = total + step.derivative_error(y)
        law = law.base
    return total
