"""Means and variances in closed form where log Γ of a parameter is huge, against 60 digits."""

import mpmath as mp
import pytest

import densities as dn

SHAPES = [0.3, 9.9, 10.0, 1e3, 1e6, 1e12, 1e15]
POWERS = [0.3, 2.5, 1e6, 1e12]


def close(found, truth, rtol):
    assert abs(mp.mpf(float(found)) - truth) <= rtol * abs(truth), (found, truth)


@pytest.mark.parametrize("a", SHAPES)
def test_means_of_powers_of_gamma_variables(a):
    with mp.workdps(60):
        for c in [*POWERS, -2.5, -1e6]:
            if a + 1 / c <= 0:
                continue
            order = 1 / mp.mpf(c)
            truth = mp.exp(mp.loggamma(a + order) - mp.loggamma(a))
            close(dn.GeneralizedGamma(a, c).mean(), truth, 1e-14)


@pytest.mark.parametrize(("family", "sign"), [("burr", 1), ("dagum", -1)])
@pytest.mark.parametrize("d", SHAPES)
def test_means_of_powers_of_lomax_variables(family, sign, d):
    with mp.workdps(60):
        for c in POWERS:
            order = sign / mp.mpf(c)
            if -1 < order < d:
                truth = mp.gamma(1 + order) * mp.exp(mp.loggamma(d - order) - mp.loggamma(d))
                close(dn.parse(f"{family}({c!r}, {d!r})").mean(), truth, 1e-14)


@pytest.mark.parametrize("a", [0.01, 1.0, 2.5, 20.0, 1e6, 1e12])
def test_variances_of_kumaraswamy_laws(a):
    with mp.workdps(60):
        for b in SHAPES:

            def moment(n, b=b):
                order = n / mp.mpf(a)
                return mp.exp(mp.loggamma(1 + order) + mp.loggamma(1 + mp.mpf(b)) - mp.loggamma(1 + mp.mpf(b) + order))

            truth = moment(2) - moment(1) ** 2
            if truth > 1e-290:
                close(dn.Kumaraswamy(a, b).var(), truth, 3e-13)
