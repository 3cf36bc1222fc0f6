"""Derivatives against their formulas, evaluated by mpmath, within the errors that are stated."""

import mpmath as mp
import numpy as np
import pytest
from scipy import special

from densities.errors import ShapeError
from densities.numerics.jacobian import jacobian, log_derivative

REAL = np.array([-30.0, -3.0, -0.5, -1e-8, 0.0, 1e-20, 1e-8, 0.7, 2.0, 20.0])
POSITIVE = np.array([1e-300, 1e-10, 0.3, 1.0, 7.0, 1e10, 1e200])
UNIT = np.array([1e-300, 1e-10, 0.3, 0.5, 0.9, 1 - 1e-10])


@pytest.mark.parametrize(
    ("f", "slope", "x", "ends", "worst"),
    [
        (lambda x: x + np.tanh(x), lambda x: 1 + mp.sech(x) ** 2, REAL, (), 1e-13),
        (np.exp, mp.exp, REAL, (), 1e-13),
        (special.ndtr, mp.npdf, REAL[1:], (), 1e-12),
        (lambda x: np.sin(1000 * x), lambda x: 1000 * mp.cos(1000 * x), REAL, (), 1e-10),
        (lambda x: np.logaddexp(0, x), lambda x: 1 / (1 + mp.exp(-x)), REAL[1:], (), 1e-11),  # takes no complex numbers
        (np.abs, mp.sign, REAL[np.abs(REAL) > 0.1], (), 1e-12),
        (lambda x: -np.arctan(1e6 * x), lambda x: -1e6 / (1 + (1000000 * x) ** 2), REAL, (), 1e-9),
        (np.log, lambda x: 1 / x, POSITIVE, (0.0,), 1e-12),
        (special.gammaln, mp.digamma, POSITIVE[:-1] + 0.1, (0.0,), 1e-9),
        (special.logit, lambda x: 1 / x / (1 - x), UNIT, (0.0, 1.0), 1e-10),
        (np.cbrt, lambda x: mp.mpf(1) / 3 / mp.cbrt(x * x), REAL[np.abs(REAL) > 1e-6], (), 1e-11),
    ],
)
def test_log_derivatives_lie_within_their_error(f, slope, x, ends, worst):
    log, sign, error = log_derivative(f, x, *ends)
    with mp.workdps(50):
        true = [slope(mp.mpf(float(v))) for v in x]
        np.testing.assert_array_equal(sign, [float(mp.sign(t)) for t in true])
        gap = np.array([float(abs(mp.log(abs(t)) - mp.mpf(float(g)))) for t, g in zip(true, log, strict=True)])
    assert np.all(gap <= error), (x[gap > error], gap[gap > error], error[gap > error])
    assert error.max() <= worst, error


def test_steps_stay_inside_the_domain():
    def f(x):
        assert np.all((np.real(x) > 0) & (np.real(x) < 1))
        return special.logit(x) if np.isrealobj(x) else np.log(x) - np.log(1 - x)

    log_derivative(f, UNIT, 0.0, 1.0)


def test_where_there_is_no_derivative():
    assert np.isinf(log_derivative(np.cbrt, 0.0).error)
    assert np.isinf(log_derivative(np.abs, 0.0).error)
    result = log_derivative(lambda x: 0 * x + 3.0, np.array([1.0, 2.0]))
    assert np.isneginf(result.log).all()
    assert np.isinf(result.error).all()
    assert np.isnan(log_derivative(np.log, np.array([0.0, -1.0]), 0.0, np.inf).log).all()


def test_a_conjugating_function_is_not_believed():
    """|x|² by abs drops the imaginary part: the complex step says 0, the difference 2x."""
    result = log_derivative(lambda x: np.abs(x) ** 2, 3.0)
    assert abs(result.log - np.log(6)) <= result.error < 1e-11
    assert np.ndim(result.log) == 0


def test_jacobians_lie_within_their_error():
    def f(x):
        return np.stack([x[..., 0] * x[..., 1], np.exp(x[..., 0]), np.logaddexp(0, x[..., 1].real)], axis=-1)

    x = np.array([[1.0, 2.0], [3.0, -4.0]])
    matrix, error = jacobian(f, x)
    assert matrix.shape == error.shape == (2, 3, 2)
    true = np.zeros((2, 3, 2))
    true[:, 0, 0], true[:, 0, 1], true[:, 1, 0] = x[:, 1], x[:, 0], np.exp(x[:, 0])
    true[:, 2, 1] = special.expit(x[:, 1])
    assert np.all(np.abs(matrix - true) <= error + 2e-16 * np.abs(true))
    assert error.max() < 1e-12
    assert jacobian(f, x[0]).matrix.shape == (3, 2)


def test_shapes_are_refused():
    with pytest.raises(ShapeError, match="x: expected shape"):
        jacobian(np.exp, 1.0)
    with pytest.raises(ShapeError, match="f: expected a function"):
        jacobian(lambda x: x.sum(axis=-1), np.ones(3))


def test_waves_that_large_steps_leap_over_are_seen():
    """2x + sin x at 4e11 is on average 2x; x itself is rounded to 6e-5 there."""
    x = np.array([3.9788735773e11, 1e8, 12345.0])
    log, _, error = log_derivative(lambda t: 2 * t + np.sin(t), x)
    truth = [float(mp.log(2 + mp.cos(mp.mpf(float(v))))) for v in x]
    np.testing.assert_allclose(log, truth, atol=1e-12)
    assert np.all(np.abs(log - truth) <= error + 1e-15) and error[0] < 1e-2


def test_beside_an_end_differences_go_the_other_way():
    x = -1.58 + np.array([2e-12, 2e-15])
    log, _, error = log_derivative(lambda t: np.arcsinh(t) + t / (1 + np.abs(t)), x, -1.58, 2.57)
    truth = np.log(1 / np.sqrt(1 + x**2) + 1 / (1 + np.abs(x)) ** 2)
    np.testing.assert_allclose(log, truth, atol=1e-11)
    assert np.all(error < 1e-10)
