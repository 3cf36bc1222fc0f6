"""The slope of log-densities, against formulas."""

import mpmath as mp
import numpy as np
import pytest

from densities.distributions import Laplace, LogNormal, Mixture, Normal, StudentT, push, truncate
from densities.transforms import Exp, Sinh

SPIKE = 1e-6


def of_spike(y):
    with mp.workdps(50):
        wide, narrow = mp.npdf(y), mp.npdf(y, 0, mp.mpf(SPIKE))
        return float(-y * (wide + narrow / mp.mpf(SPIKE) ** 2) / (wide + narrow))


@pytest.mark.parametrize(
    ("law", "truth", "points"),
    [
        pytest.param(Mixture([0.5, 0.5], [Normal(), Normal(0.0, SPIKE)]), of_spike, [1e-6, 4e-6, 2.0], id="spike"),
        pytest.param(StudentT(0.5), lambda y: -1.5 * y / (0.5 + y * y), [-1e-3, 0.9, 1e9], id="heavy"),
        pytest.param(LogNormal(-2.0, 30.0), lambda y: -(1 + (np.log(y) + 2) / 900) / y, [1e-9, 3e15], id="decades"),
        pytest.param(Normal() >> Exp(), lambda y: -(1 + np.log(y)) / y, [1e-5, 0.7, 40.0], id="image"),
        pytest.param(
            StudentT(0.5) >> Sinh(),
            lambda y: (-1.5 * np.arcsinh(y) / (0.5 + np.arcsinh(y) ** 2) - y / np.hypot(1.0, y)) / np.hypot(1.0, y),
            [-0.01, 0.3, 1e6],
            id="watched",
        ),
        pytest.param(truncate(Normal(), 0.0, 1.0), lambda y: -y, [1e-9, 0.5], id="truncated"),
        pytest.param(Laplace(), lambda y: -np.sign(y), [-1e-8, 3.0], id="kink"),
    ],
)
def test_the_score_is_right_to_rounding_whatever_the_scale(law, truth, points):
    np.testing.assert_allclose(law.score(points), [truth(y) for y in points], rtol=1e-12)


def test_a_formula_that_does_not_run_on_moving_points_is_differenced():
    y = 1.3 + np.tanh(1.3)
    slope, bend = 1.0 + np.cosh(1.3) ** -2, -2.0 * np.tanh(1.3) * np.cosh(1.3) ** -2
    truth = (-1.3 - bend / slope) / slope
    assert push(Normal(), lambda x: x + np.tanh(x)).score(y) == pytest.approx(truth, rel=1e-9)


def test_the_score_is_nan_but_inside_the_support():
    assert np.isnan(LogNormal().score([-1.0, 0.0, np.nan, np.inf])).all()
    np.testing.assert_array_equal(Normal([0.0, 1.0], 2.0).score([[0.0, 1.0], [2.0, 3.0]]), [[0.0, 0.0], [-0.5, -0.5]])
    assert Normal().score(np.float32(1.0)).dtype == np.float32
