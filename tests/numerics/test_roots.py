"""Roots and inverses against mpmath and exact answers, over all scales."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from densities.numerics.roots import bracketed_root, from_ordinal, invert, is_increasing, to_ordinal


def x_plus_tanh(x):
    return x + np.tanh(x)


def slope_of_x_plus_tanh(x):
    return 2 - np.tanh(x) ** 2


@given(st.floats(allow_nan=False))
def test_ordinals_count_the_doubles(x):
    ordinal = to_ordinal(x)
    assert from_ordinal(ordinal) == x
    if np.isfinite(x):
        with np.errstate(over="ignore"):  # infinity is the neighbour of the largest
            assert to_ordinal(np.nextafter(x, np.inf)) == ordinal + 1


def odd_root(x, c):
    """√|x| with the sign of x, less c: steep at 0, and rounded right on every machine, as cube roots are not."""
    return np.copysign(np.sqrt(np.abs(x)), x) - c


@pytest.mark.parametrize("low", [0.0, -1.0, -np.inf])
def test_to_the_last_bit_at_every_scale(low):
    c = 10.0 ** np.arange(-300, 301, 25.0)
    roots = bracketed_root(odd_root, low, np.inf, args=(np.sqrt(c),), increasing=True)
    assert np.abs(to_ordinal(roots.x) - to_ordinal(c)).max() <= 2  # the square root itself merges two doubles
    assert roots.evaluations.max() <= 80
    squares = bracketed_root(lambda x, c: x * x - c, 0.0, np.inf, args=(c,), increasing=True)
    assert np.abs(to_ordinal(squares.x) - to_ordinal(np.sqrt(c))).max() <= 1


def test_few_evaluations_where_it_is_smooth():
    c = np.linspace(1.1, 1.9, 200)
    for f in (lambda x, c: x * x * x - c, lambda x, c: np.exp(x) - np.exp(c), lambda x, c: c - x - np.tanh(x - c)):
        roots = bracketed_root(f, 0.9, 2.1, args=(c,))
        assert np.median(roots.evaluations) <= 16, np.median(roots.evaluations)
        assert roots.evaluations.max() <= 40


@pytest.mark.parametrize(
    ("f", "root"),
    [
        (lambda x: (x - 1) ** 9, 1.0),
        (lambda x: np.sign(x - 0.3), 0.3),
        (lambda x: np.expm1(1e6 * (x - 1e-5)), 1e-5),
        (lambda x: np.where(x < 2.5, -1e-300, 1e300), 2.5),
        (lambda x: -np.arctan(1e200 * (x - 3)), 3.0),
        (lambda x: np.where(x < 1, -np.inf, x - 1.5), 1.5),
    ],
)
def test_steep_flat_and_jumping_functions(f, root):
    roots = bracketed_root(f, -7.0, 10.0)
    assert abs(to_ordinal(roots.x) - to_ordinal(root)) <= 1
    assert roots.evaluations <= 256


def test_no_root_is_nan():
    assert np.isnan(bracketed_root(np.exp, -3.0, 10.0).x)
    assert np.isnan(bracketed_root(np.exp, -3.0, np.inf, increasing=True).x)
    assert np.isnan(bracketed_root(lambda x: np.where(x > 1, np.nan, x - 2), -3.0, 10.0).x)
    assert bracketed_root(lambda x: x + 3, -3.0, 10.0).x == -3.0


def test_open_ends_are_not_evaluated():
    def f(x):
        assert np.all((x > 0) & (x < 1))
        return np.log(x) - np.log1p(-x) - 3

    assert abs(bracketed_root(f, 0.0, 1.0, increasing=True).x - 1 / (1 + np.exp(-3))) < 2e-16
    assert abs(invert(f, np.array([-3.0]), 0.0, 1.0).x[0] - 0.5) < 2e-16


def test_what_increases_is_seen():
    assert is_increasing(np.log, 0.0, np.inf)
    assert not is_increasing(lambda x: 1 / x, 0.0, np.inf)
    assert is_increasing(np.tanh, -np.inf, np.inf)
    assert is_increasing(lambda x, a: a * x, -np.inf, np.inf, (np.array([2.0, -3.0]),)).tolist() == [True, False]


@pytest.mark.parametrize("derivative", [None, slope_of_x_plus_tanh])
@pytest.mark.parametrize("size", [5, 20_000])
def test_inverse_of_x_plus_tanh(derivative, size):
    y = np.random.default_rng(0).standard_normal(size) * 5
    x, error = invert(x_plus_tanh, y, derivative=derivative)
    assert np.abs(x_plus_tanh(x) - y).max() < 4e-15
    assert error.max() < 1e-13
    with mp.workdps(40):
        for i in range(5):
            true = mp.findroot(lambda t, i=i: t + mp.tanh(t) - mp.mpf(float(y[i])), mp.mpf(float(x[i])))
            assert abs(true - mp.mpf(float(x[i]))) <= error[i]


@pytest.mark.parametrize("derivative", [None, np.exp])
def test_inverse_over_six_hundred_decades(derivative):
    true = np.random.default_rng(1).uniform(-700, 700, 10_000)
    y = np.exp(true)
    x, error = invert(np.exp, y, derivative=derivative)
    assert np.all(np.abs(x - np.log(y)) <= error)
    assert np.median(error) < 1e-11


def test_decreasing_functions_and_what_is_not_reached():
    y = np.concatenate([np.random.default_rng(2).uniform(0.1, 50, 5000), [-1.0, np.inf, np.nan]])
    x, error = invert(lambda x: 1 / x, y, 0.0, np.inf)
    assert np.all(np.abs(x[:-3] - 1 / y[:-3]) <= error[:-3])
    assert np.isnan(x[-3:]).all()
    assert np.isnan(invert(np.exp, -1.0).x)
    assert np.isnan(invert(np.tanh, np.array([1.5, -2.0])).x).all()


def test_a_plateau_is_said():
    x, error = invert(lambda x: np.where(np.abs(x) < 1, 0.0, x - np.sign(x)), np.array([0.0, 2.0]))
    assert np.isinf(error[0])
    assert abs(x[1] - 3) <= error[1] < 1e-14


def test_many_functions_at_once():
    a = np.array([[1.0], [2.0], [4.0]])
    y = np.array([1.0, 8.0, 1e30])
    x, error = invert(lambda x, a: x**a, y, 0.0, np.inf, args=(a,))
    assert x.shape == error.shape == (3, 3)
    assert np.all(np.abs(x - y ** (1 / a)) <= error + 4e-16 * x)


def test_scalar_in_scalar_out():
    x, error = invert(np.log, 3.0, 0.0, np.inf)
    assert np.ndim(x) == np.ndim(error) == 0
    assert abs(x - np.exp(3)) <= error
