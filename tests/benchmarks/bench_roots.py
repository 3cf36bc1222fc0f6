"""The inverse of x + tanh(x) at a million points: ours from values alone, ours with a slope, SciPy's Newton with one.

    pytest tests/benchmarks/bench_roots.py --benchmark-enable -n0

All are checked equal before they are timed; read the ratios of one run, never milliseconds.
"""

import numpy as np
import pytest
from scipy.optimize import newton

import densities as dn

X = np.random.default_rng(0).standard_normal(10**6) * 2


def function(x):
    return x + np.tanh(x)


def slope(x):
    return 2.0 - np.tanh(x) ** 2


WAYS = {
    "ours": dn.FunctionTransform(function).inverse,
    "ours with a slope": dn.FunctionTransform(function, derivative=slope).inverse,
    "scipy.optimize.newton": lambda y: newton(lambda x: function(x) - y, y / 1.5, fprime=slope),
}


@pytest.mark.benchmark(group="inverse of x + tanh(x), 10^6 points")
@pytest.mark.parametrize("way", WAYS)
def test_inverse(benchmark, way):
    y = function(X)
    np.testing.assert_allclose(benchmark(WAYS[way], y), X, rtol=0, atol=4e-15)
