"""Log-space functions against mpmath at 50 digits."""

import mpmath as mp
import numpy as np
import pytest

from densities import logmath

EPS = np.finfo(float).eps
MAGNITUDES = np.concatenate(
    [
        10.0 ** np.arange(-300, -17, 7.0),
        10.0 ** np.arange(-17, 0, 0.25),
        np.linspace(0.3, 3, 109),
        [0.4999999999999999, 0.5, 0.5000000000000001, 30.0, 700.0],
    ]
)
ORDINARY = MAGNITUDES[MAGNITUDES > 1e-150]
EXACT = {
    "log1mexp": lambda x: mp.log(-mp.expm1(x)),
    "phi": lambda t: t + mp.expm1(-t),
    "log_phi": lambda t: mp.log(t + mp.expm1(-t)),
    "log1p_minus_x": lambda x: mp.log1p(x) - x,
}


def exact(name: str, x: np.ndarray) -> list:
    """The true values; 700 digits because t + expm1(-t) at 1e-300 loses 300."""
    with mp.workdps(700):
        return [EXACT[name](mp.mpf(float(v))) for v in x]


def relative_error(got: np.ndarray, true: list, floor: float = 0.0) -> np.ndarray:
    with mp.workdps(50):
        return np.array([float(abs(mp.mpf(float(g)) - t) / max(abs(t), floor)) for g, t in zip(got, true, strict=True)])


@pytest.mark.parametrize(
    ("name", "x", "ulps", "floor"),
    [
        ("log1mexp", -MAGNITUDES, 3, 0.0),
        ("phi", ORDINARY, 6, 0.0),
        ("phi", -ORDINARY, 6, 0.0),
        ("log_phi", np.concatenate([MAGNITUDES, -MAGNITUDES, [-1e4, -1e300, 1e300]]), 6, 1.0),
        ("log1p_minus_x", ORDINARY, 6, 0.0),
        ("log1p_minus_x", -np.concatenate([ORDINARY[ORDINARY < 1], [1 - 1e-16, 1 - 1e-9]]), 6, 0.0),
    ],
)
def test_functions_are_those_of_mpmath_to_a_few_ulps(name, x, ulps, floor):
    if x.max() > 1e299 or x.min() < -1e299:
        true = exact(name, x[np.abs(x) < 1e299]) + [mp.mpf(1e300), mp.log(mp.mpf(1e300))]
    else:
        true = exact(name, x)
    error = relative_error(getattr(logmath, name)(x), true, floor)
    assert error.max() <= ulps * EPS, (x[error.argmax()], error.max() / EPS)


def test_logdiffexp_against_mpmath():
    a = np.array([0.0, 1.0, -1e5, 1e5, 3.0, 1e-8])
    b = np.array([-1e-17, 1 - 1e-10, -1e5 - 1e-3, 99999.5, -800.0, -1e-9])
    with mp.workdps(60):
        pairs = [(mp.mpf(float(u)), mp.mpf(float(v))) for u, v in zip(a, b, strict=True)]
        true = [u + mp.log(-mp.expm1(v - u)) for u, v in pairs]
    assert relative_error(logmath.logdiffexp(a, b), true).max() <= 6 * EPS


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (0.0, -np.inf, 0.0),
        (2.0, 2.0, -np.inf),
        (-np.inf, -np.inf, -np.inf),
        (np.inf, 0.0, np.inf),
        (np.inf, np.inf, np.nan),
        (0.0, 1.0, np.nan),
        (np.nan, 0.0, np.nan),
        (0.0, np.nan, np.nan),
        (0, -np.inf, 0.0),
    ],
)
def test_logdiffexp_reaches_its_limits(a, b, expected):
    np.testing.assert_equal(logmath.logdiffexp(a, b), expected)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("log1mexp", 0.0, -np.inf),
        ("log1mexp", -np.inf, -0.0),
        ("log1mexp", 1.0, np.nan),
        ("phi", 0.0, 0.0),
        ("phi", np.inf, np.inf),
        ("phi", -np.inf, np.inf),
        ("phi", -1e4, np.inf),
        ("phi", 1e-170, 0.0),
        ("log_phi", 0.0, -np.inf),
        ("log_phi", np.inf, np.inf),
        ("log_phi", -np.inf, np.inf),
        ("log1p_minus_x", 0.0, 0.0),
        ("log1p_minus_x", -1.0, -np.inf),
        ("log1p_minus_x", np.inf, -np.inf),
        ("log1p_minus_x", -1.5, np.nan),
    ],
)
def test_limits_are_reached_and_nan_stays(name, x, expected):
    np.testing.assert_equal(getattr(logmath, name)(x), expected)
    assert np.isnan(getattr(logmath, name)(np.nan))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", EXACT)
def test_shapes_types_and_silence(name):
    function = getattr(logmath, name)
    x = np.array([[-np.inf, -1e5, -1.0], [-1e-320, 0.0, np.nan]])
    assert function(x).shape == (2, 3)
    assert function(np.float32(-0.25)).dtype == np.float32
    assert function(x.astype(np.float32)).dtype == np.float32
    assert np.ndim(function(-0.25)) == 0
    assert function(-1) == function(-1.0)
