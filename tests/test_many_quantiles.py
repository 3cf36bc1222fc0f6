"""Quantiles of laws of many branches, hundreds at once, against distribution functions in 40 digits."""

import mpmath as mp
import numpy as np
import pytest

import densities as dn

Q = (np.arange(200) + 0.5) / 200
PICKED = (0, 37, 104, 199)


def below(x):
    """The normal distribution function."""
    return mp.erfc(-x / mp.sqrt(2)) / 2


def between(a, b):
    return below(-a) - below(-b) if a > 0 else below(b) - below(a)


def sine(y):
    t = mp.asin(y)
    return mp.fsum(between((-mp.pi - t + 2 * k * mp.pi) / 5, (t + 2 * k * mp.pi) / 5) for k in range(-25, 26))


def tangent(y):
    t = mp.atan(y)
    return mp.fsum(between((k - mp.mpf(1) / 2) * mp.pi / 3, (t + k * mp.pi) / 3) for k in range(-25, 26))



def cubic(y):
    roots = mp.polyroots([1, 0, -3, -y], maxsteps=200, extraprec=200)
    real = sorted(mp.re(root) for root in roots if abs(mp.im(root)) < 1e-25)
    return mp.fsum((-1) ** i * below(root) for i, root in enumerate(real))


CASES = {
    "sin": (lambda: dn.Normal(0, 5) >> dn.transforms.get("sin")(), sine),
    "tan": (lambda: dn.Normal(0, 3) >> dn.transforms.get("tan")(), tangent),
    "cubic": (lambda: dn.Symbolic("x**3 - 3*x")(dn.Normal(0, 1)), cubic),
}
SLOW = {"cubic"}  # a formula is studied for seconds


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in CASES])
def test_many_quantiles_at_once(name):
    """Right to a few roundings of y, and of the logarithm of the probability, in which they are solved for."""
    make, truth = CASES[name]
    law = make()
    y = law.ppf(Q)
    assert np.all(np.diff(y) > 0)
    slope = law.pdf(y)
    with mp.workdps(40):
        for i in PICKED:
            error = float(abs(truth(mp.mpf(float(y[i]))) - mp.mpf(float(Q[i]))))
            assert error <= 4e-16 * (slope[i] * abs(y[i]) + Q[i] * (1 - np.log(Q[i])))
    assert law.isf(Q) == pytest.approx(law.ppf(1 - Q), rel=1e-12, abs=1e-13)
