"""Many digits: the numbers, the laws and the divergences behind `dps=`, against mpmath's own functions and exact values."""

import math

import mpmath
import numpy as np
import pytest
from scipy import special

from densities.anchored import Anchored
from densities.precise import Precise, RoundedError, digits, exact, literal, number, precise, public

X = mpmath.mpf(3) / 7


def at(function, *arguments, dps=60):
    with digits(dps):
        return public(number(function(*map(precise, arguments))))


def close(found, expected, dps=48):
    with mpmath.workdps(70):
        return abs(found - expected) <= mpmath.mpf(10) ** -dps * max(abs(expected), mpmath.mpf(10) ** -400)


# ---- numbers ----


@pytest.mark.parametrize(
    ("function", "truth"),
    [
        (np.exp, mpmath.exp),
        (np.log1p, mpmath.log1p),
        (np.expm1, mpmath.expm1),
        (np.cbrt, mpmath.cbrt),
        (np.arcsin, mpmath.asin),
        (np.arctanh, mpmath.atanh),
        (np.arcsinh, mpmath.asinh),
        (special.gammaln, mpmath.loggamma),
        (special.digamma, mpmath.digamma),
        (special.ndtr, mpmath.ncdf),
        (special.log_ndtr, lambda x: mpmath.log(mpmath.ncdf(x))),
        (special.erfinv, mpmath.erfinv),
        (special.ndtri, lambda p: mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1)),
        (special.expit, mpmath.sigmoid),
        (special.logit, lambda p: mpmath.log(p / (1 - p))),
        (special.erfcx, lambda x: mpmath.exp(x * x) * mpmath.erfc(x)),
        (special.i0e, lambda x: mpmath.besseli(0, x) * mpmath.exp(-x)),
    ],
)
def test_functions_of_one_number(function, truth):
    with mpmath.workdps(70):
        x = mpmath.mpf(3) / 7
        expected = truth(x)
    assert close(at(function, x), expected)


@pytest.mark.parametrize("x", ["0.001", "0.7", "1.9", "40"])
@pytest.mark.parametrize("a", ["0.3", "2.5", "35"])
def test_incomplete_gamma_functions(a, x):
    with mpmath.workdps(120):
        a, x = mpmath.mpf(a), mpmath.mpf(x)
        lower = mpmath.gammainc(a, 0, x, regularized=True)
        upper = mpmath.gammainc(a, x, mpmath.inf, regularized=True)
        assert close(at(special.gammainc, a, x), lower)
        assert close(at(special.gammaincc, a, x), upper)


@pytest.mark.parametrize("x", ["1e-30", "0.3", "0.5", "0.98"])
@pytest.mark.parametrize("a", ["0.3", "2.5", "35"])
def test_incomplete_beta_functions(a, x):
    with mpmath.workdps(120):
        a, x, b = mpmath.mpf(a), mpmath.mpf(x), mpmath.mpf("1.75")
        lower = mpmath.betainc(a, b, 0, x, regularized=True)
        upper = mpmath.betainc(b, a, 0, 1 - x, regularized=True)
        assert close(at(special.betainc, a, b, x), lower)
        assert close(at(special.betaincc, a, b, x), upper)


def test_arithmetic_reads_constants_and_refuses_rounded_numbers():
    with digits(50) as mp:
        x = precise(3.0)
        for double, truth in (
            (math.log(2.0), mp.ln2),
            (-2.0 * math.pi, -2 * mp.pi),
            (7 * math.pi, 7 * mp.pi),
            (0.5 * float(np.log(2 * np.pi)), mp.log(2 * mp.pi) / 2),
            (np.sqrt(0.5), mp.sqrt(2) / 2),
            (1 / 12, mp.mpf(1) / 12),
            (0.625, mp.mpf("0.625")),
        ):
            assert (x * double).mpf == (double * x).mpf
            assert abs((x * double).mpf - 3 * truth) < mp.mpf(10) ** -48
        with pytest.raises(RoundedError, match="neither short nor a known constant"):
            _ = x + 0.1
        with pytest.raises(RoundedError, match="nodes"):
            _ = x * np.array([1.0, 2.0])
        with literal():
            assert (x * 0.1).mpf == 3 * mp.mpf(0.1)
            assert exact(math.pi, mp) == mp.mpf(math.pi)


def test_what_would_round_is_refused():
    with digits(50):
        third = precise(1.0) / 3
        for attempt in (
            lambda: float(third),
            lambda: np.asarray(third, dtype=float),
            lambda: Anchored.exact(third),
            lambda: special.owens_t(third, 1.0),
            lambda: np.sinc(third),
            lambda: third[..., None],
            lambda: third + Anchored.exact(np.array(1.0)),
        ):
            with pytest.raises((RoundedError, TypeError)):
                attempt()
        assert float(precise(0.1)) == 0.1


def test_edges_of_the_real_line():
    with digits(50):
        zero = precise(0.0)
        assert (1.0 / zero).mpf == mpmath.inf
        assert np.isneginf(np.log(zero))
        assert np.isnan(np.log(precise(-1.0)))
        assert np.isnan(precise(-2.0) ** 0.5)
        assert (zero**-1.0).mpf == mpmath.inf
        assert np.where(zero < 1, zero, 0.1) is zero
        assert np.maximum(zero, 0.1) == 0.1
        assert isinstance(np.float64(2.0) * zero, Precise)


def test_the_precision_that_users_set_is_left_alone():
    mpmath.mp.dps = 15
    with digits(200):
        assert mpmath.mp.dps == 15
