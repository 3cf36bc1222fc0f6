"""Roots from between known points, against exact answers; steps that would leave the line, and ends that are roots."""

import mpmath as mp
import numpy as np
import pytest

from densities.numerics.newton import Known, roots_between

GRID = np.unique(np.concatenate([-np.geomspace(1e-8, 1e3, 40), [0.0], np.geomspace(1e-8, 1e3, 40)]))


def cube_and_line(x):
    return x**3 + x, 3 * x**2 + 1


def falling_power(x):
    return -np.log(x), -1 / x


def test_a_cubic_at_every_scale():
    """The slope of x^3 + x in the logarithm of x is anything: steps in it overflow near 0 and must not be believed."""
    x = np.concatenate([[-999.0, -0.0034, 0.0, 8.9e-4, 1.3], np.random.default_rng(0).normal(0, 3, 500)])
    found = roots_between(Known(cube_and_line, GRID, -np.inf, np.inf), x**3 + x)
    with mp.workdps(40):
        errors = [
            abs((mp.mpf(float(r)) ** 3 + float(r) - float(y)) / (3 * float(r) ** 2 + 1))
            for r, y in zip(found, x**3 + x, strict=True)
        ]
    scale = np.abs(x) + np.abs(x**3 + x) / (3 * x**2 + 1)
    assert np.all(np.array(errors, dtype=float) <= 4e-16 * scale)


def test_falling_functions_toward_an_end():
    y = np.linspace(-5.0, 600.0, 101)
    found = roots_between(Known(falling_power, np.geomspace(1e-300, 1e3, 60), 0.0, np.inf), y)
    assert found == pytest.approx(np.exp(-y), rel=1e-13)


def test_roots_at_known_points_and_outside_of_them():
    known = Known(cube_and_line, np.array([-1.0, 0.5, 2.0]), -np.inf, np.inf)
    assert roots_between(known, np.array([-2.0, 0.625, 10.0])).tolist() == [-1.0, 0.5, 2.0]
    assert np.isnan(roots_between(known, np.array([-2.1, 10.1, np.nan]))).all()


def test_a_root_beside_an_inverse_square_root_singularity():
    """F = sqrt(x) on one side of 0 and -sqrt(-x) on the other: Newton's step overshoots everywhere."""

    def both(x):
        return np.sign(x) * np.sqrt(np.abs(x)), 0.5 / np.sqrt(np.abs(x))

    y = np.array([-0.9, -1e-3, 1e-5, 0.3])
    found = roots_between(Known(both, np.array([-1.0, -0.5, 0.7, 1.0]), -1.0, 1.0), y)
    assert found == pytest.approx(np.sign(y) * y**2, rel=1e-13)
