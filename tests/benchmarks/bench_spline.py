"""A rational-quadratic spline of 16 bins, there and back with log-determinants: ours, NumPy by hand, flowjax.

    pytest tests/benchmarks/bench_spline.py --benchmark-enable -n0

Each is checked equal before it is timed; read the ratios of one run, never milliseconds. flowjax sets the slopes of the
tails to 1, so all of them do.
"""

import numpy as np
import pytest

import densities as dn

SIZES = (1_000, 1_000_000)
BINS, REACH = 16, 4.0
LISTS = np.random.default_rng(0)
X = np.append(-REACH, -REACH + 2 * REACH * np.cumsum(w := LISTS.uniform(0.5, 1.5, BINS)) / w.sum())
Y = np.append(-REACH, -REACH + 2 * REACH * np.cumsum(h := LISTS.uniform(0.5, 1.5, BINS)) / h.sum())
SLOPES = np.concatenate([[1.0], LISTS.uniform(0.3, 2.0, BINS - 1), [1.0]])


def ours():
    spline = dn.RationalQuadraticSpline(X, Y, SLOPES)
    return spline.forward_and_log_det, spline.inverse_and_log_det


def by_hand():
    w, h = np.diff(X), np.diff(Y)
    s = h / w

    def slope(theta, k):
        cross, bend = theta * (1 - theta), SLOPES[k] + SLOPES[k + 1] - 2 * s[k]
        top = SLOPES[k + 1] * theta**2 + 2 * s[k] * cross + SLOPES[k] * (1 - theta) ** 2
        return 2 * np.log(s[k]) + np.log(top) - 2 * np.log(s[k] + bend * cross)

    def forward(x):
        inside = np.abs(x) < REACH
        k = np.clip(np.searchsorted(X, x, side="right") - 1, 0, BINS - 1)
        theta = np.where(inside, (x - X[k]) / w[k], 0.5)
        cross, bend = theta * (1 - theta), SLOPES[k] + SLOPES[k + 1] - 2 * s[k]
        y = Y[k] + h[k] * (s[k] * theta**2 + SLOPES[k] * cross) / (s[k] + bend * cross)
        return np.where(inside, y, x), np.where(inside, slope(theta, k), 0.0)

    def inverse(y):
        inside = np.abs(y) < REACH
        k = np.clip(np.searchsorted(Y, y, side="right") - 1, 0, BINS - 1)
        eta, bend = np.where(inside, y - Y[k], 0.5 * h[k]), SLOPES[k] + SLOPES[k + 1] - 2 * s[k]
        a, b, c = h[k] * (s[k] - SLOPES[k]) + eta * bend, h[k] * SLOPES[k] - eta * bend, -s[k] * eta
        theta = 2 * c / (-b - np.sqrt(b * b - 4 * a * c))
        return np.where(inside, X[k] + w[k] * theta, y), np.where(inside, -slope(theta, k), 0.0)

    return forward, inverse


def by_flowjax():
    jax = pytest.importorskip("jax", reason="jax is an extra")
    spline_of = pytest.importorskip("flowjax.bijections", reason="flowjax is a peer").RationalQuadraticSpline
    jax.config.update("jax_enable_x64", True)
    import equinox
    import jax.numpy as jnp

    spline = spline_of(knots=BINS, interval=REACH)
    lists = (jnp.asarray(X), jnp.asarray(Y), jnp.asarray(SLOPES))
    spline = equinox.tree_at(lambda t: (t.x_pos, t.y_pos, t.derivatives), spline, lists)
    pairs = spline.transform_and_log_det, spline.inverse_and_log_det
    compiled = [jax.jit(jax.vmap(pair)) for pair in pairs]
    return [lambda x, pair=pair: [np.asarray(a) for a in pair(x)] for pair in compiled]


MAKERS = {"ours": ours, "numpy": by_hand, "flowjax": by_flowjax}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", ["forward", "inverse"])
@pytest.mark.parametrize("who", MAKERS)
def test_spline(benchmark, who, way, size):
    points = np.random.default_rng(1).normal(0, 2, size)
    side = ("forward", "inverse").index(way)
    run, true = MAKERS[who]()[side], ours()[side](points)
    for found, expected in zip(run(points), true, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    benchmark.group = f"{way}, {size} points"
    benchmark(run, points)
