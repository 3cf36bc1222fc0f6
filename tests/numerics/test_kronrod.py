"""Adaptive quadrature on plain doubles: known integrals within the error that is reported, and refusals."""

import numpy as np
import pytest
from scipy.special import erfcx, gamma, gammaincc

from densities.numerics.kronrod import End, integrals

ROWS = np.arange(3)


def test_smooth_panels_and_half_lines():
    scale = np.array([1.0, 0.1, 20.0])

    def density(x, problem):
        return -0.5 * (x / scale[problem][:, None]) ** 2

    edges = np.multiply.outer(scale, [-2.0, 0.0, 2.0])
    ends = [
        End(lambda d, k, side=side: density(side * (d + 2 * scale[k][:, None]), k), ROWS, scale, np.inf)
        for side in (-1.0, 1.0)
    ]
    log, error, settled = integrals(density, edges, ends, 1e-12)
    assert settled.all()
    assert np.all(np.abs(np.exp(log) / (np.sqrt(2 * np.pi) * scale) - 1) <= error)


@pytest.mark.parametrize("deep", [-300.0, -1e4])
def test_what_no_double_holds(deep):
    """∫ e^(deep·x - x²/2) dx over x > 0 is √(π/2) erfcx(-deep/√2): the peak is narrow, and far below 1."""
    log, _, settled = integrals(
        lambda x, k: deep - 1e7 + deep * x - 0.5 * x**2, np.array([[0.0, 1.0, 50.0, 1e3]]), [], 1e-12
    )
    assert settled[0]
    truth = deep - 1e7 + np.log(np.sqrt(0.5 * np.pi) * erfcx(-deep / np.sqrt(2)))
    assert log[0] == pytest.approx(truth, rel=1e-15)


def test_a_peak_inside_of_a_wide_panel_is_found():
    """A parabola through three logarithms keeps the panel; halving it finds the peak."""
    edges = np.array([[-1e4, 0.0, 1e4]])
    log, error, settled = integrals(lambda x, k: -0.5 * (x / 30.0 - 107.0) ** 2, edges, [], 1e-12)
    assert settled[0] and abs(np.exp(log[0]) / np.sqrt(1800 * np.pi) - 1) <= error[0]


@pytest.mark.parametrize("power", [-0.9, -0.5, 0.3, 2.5])
def test_singular_ends_are_integrated_within_their_error(power):
    def from_zero(d, problem):
        return power * np.log(d) - d

    ends = [End(from_zero, ROWS[:1], np.ones(1), 1.0)]
    log, error, settled = integrals(from_zero, np.array([[1.0, 2.0, 8.0, 60.0]]), ends, 1e-12)
    truth = gamma(power + 1)
    assert settled[0] == (power > -0.9)  # from -0.9 on, a distance of e^-52 still holds mass
    assert abs(np.exp(log[0]) / truth - 1) <= error[0] + 1e-15


@pytest.mark.parametrize("power", [-0.5, 0.3, 2.5])
def test_half_lines_know_their_error(power):
    def outward(d, problem):
        return power * np.log1p(d) - 1.0 - d

    log, error, _ = integrals(outward, np.ones((1, 1)), [End(outward, ROWS[:1], np.ones(1), np.inf)], 1e-12)
    truth = gamma(power + 1) * gammaincc(power + 1, 1.0)
    assert abs(np.exp(log[0]) / truth - 1) <= error[0] <= 1e-6


def test_what_is_singular_inside_is_not_settled():
    edges = np.array([[0.0, 1.0]])
    assert not integrals(lambda x, k: -0.5 * np.log(np.abs(x - 1 / 3)), edges, [], 1e-12)[2][0]
    assert not integrals(lambda x, k: np.full(x.shape, np.nan), edges, [], 1e-12)[2][0]
