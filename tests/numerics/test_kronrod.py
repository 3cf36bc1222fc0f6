"""Adaptive quadrature on plain doubles: known integrals within the error that is reported, and refusals."""

import numpy as np
import pytest
from scipy.special import gamma, gammaincc

from densities.numerics.kronrod import End, integrals

ROWS = np.arange(3)


def test_smooth_panels_and_half_lines():
    scale = np.array([1.0, 0.1, 20.0])

    def density(x, problem):
        return np.exp(-0.5 * (x / scale[problem][:, None]) ** 2)

    edges = np.multiply.outer(scale, [-2.0, 0.0, 2.0])
    ends = [
        End(lambda d, k, side=side: density(side * (d + 2 * scale[k][:, None]), k), ROWS, scale, np.inf)
        for side in (-1.0, 1.0)
    ]
    value, error, settled = integrals(density, edges, ends, 1e-12)
    assert settled.all()
    assert np.all(np.abs(value - np.sqrt(2 * np.pi) * scale) <= error)


@pytest.mark.parametrize("power", [-0.9, -0.5, 0.3, 2.5])
def test_singular_ends(power):
    def from_zero(d, problem):
        return d**power * np.exp(-d)

    ends = [End(from_zero, ROWS[:1], np.ones(1), 1.0)]
    value, error, settled = integrals(from_zero, np.array([[1.0, 2.0, 8.0, 60.0]]), ends, 1e-12)
    truth = gamma(power + 1)
    assert settled[0] == (power > -0.9)  # from -0.9 on, a distance of e^-52 still holds mass
    assert abs(value[0] - truth) <= error[0] + 1e-15 * truth


@pytest.mark.parametrize("power", [-0.5, 0.3, 2.5])
def test_half_lines_know_their_error(power):
    def outward(d, problem):
        return (1.0 + d) ** power * np.exp(-1.0 - d)

    value, error, _ = integrals(outward, np.ones((1, 1)), [End(outward, ROWS[:1], np.ones(1), np.inf)], 1e-12)
    truth = gamma(power + 1) * gammaincc(power + 1, 1.0)
    assert abs(value[0] - truth) <= error[0] <= 1e-6 * truth


def test_what_is_singular_inside_is_not_settled():
    edges = np.array([[0.0, 1.0]])
    assert not integrals(lambda x, k: np.abs(x - 1 / 3) ** -0.5, edges, [], 1e-12)[2][0]
    assert not integrals(lambda x, k: np.full(x.shape, np.nan), edges, [], 1e-12)[2][0]
