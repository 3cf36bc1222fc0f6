"""What the tests of other libraries share: laws and points to walk over, and derivatives that do not come from the library."""

import numpy as np
import pytest

from densities.anchored import value
from densities.distributions import registry

# One example of each family by default, all of them among the slow tests.
WALKED = [
    pytest.param(name, index, id=f"{name}-{index}", marks=[pytest.mark.slow] * (index > 0))
    for name in registry.names()
    for index, _ in enumerate(registry.get(name).examples)
]
LEVELS = np.array([0.013, 0.1, 0.31, 0.47, 0.71, 0.9, 0.987])


def law_of(name, index):
    entry = registry.get(name)
    return entry.factory(**entry.examples[index])


def inner_points(law):
    """Points amid the mass of a law with a density."""
    return law.ppf(LEVELS)


def differences(function, law, y):
    """The derivative at y by central differences of fourth order, steps matched to the scale and to the ends."""
    low, high = (float(value(end)) for end in law.support.edges)
    width = law.ppf(0.75) - law.ppf(0.25)
    room = [np.abs(y - low), np.abs(high - y), *(np.abs(y - kink) for kink in (*law.kinks(), *law.critical_points))]
    h = 1e-3 * np.minimum(np.minimum.reduce(room), width)
    near = function(y + h) - function(y - h)
    far = function(y + 2 * h) - function(y - 2 * h)
    return (8 * near - far) / (12 * h)
