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


def squares(a, b):
    return 2 * (mp.ncdf(mp.sqrt(b)) - mp.ncdf(mp.sqrt(a)))


def sines(a, b):
    """P(a < sin X <= b): on the rising branches and on the falling ones."""
    t, s = mp.asin(a), mp.asin(b)
    turns = [2 * k * mp.pi for k in range(-8, 9)]
    return mp.fsum(mp.ncdf(s + k) - mp.ncdf(t + k) + mp.ncdf(mp.pi - t + k) - mp.ncdf(mp.pi - s + k) for k in turns)


def tanhs(a, b):
    return mp.ncdf(mp.atanh(b)) - mp.ncdf(mp.atanh(a))


NARROW = {
    "square": (lambda x: x**2, squares, 0.23),
    "sin": (np.sin, sines, -0.4),
    "tanh": (np.tanh, tanhs, 0.7),
    "mixture": (lambda x: dn.Mixture([0.25, 0.75], [x**2, x**2]), squares, 1.7),
}


@pytest.mark.parametrize("width", [1e-2, 1e-5, 1e-9, 1e-13])
@pytest.mark.parametrize("name", NARROW)
def test_narrow_intervals_keep_their_mass(name, width):
    """Preimages of two neighbouring points, rounded each by itself, would lose what the width is less than the points."""
    make, truth, a = NARROW[name]
    b = a * (1 + width)
    with mp.workdps(60):
        wanted = abs(truth(*sorted([mp.mpf(a), mp.mpf(b)])))
        assert abs(make(dn.Normal()).prob(*sorted([a, b])) / wanted - 1) < 1e-13


MIXED = {
    "relu": lambda: dn.transforms.Relu()(dn.Normal(0.3, 1)),
    "clip": lambda: np.clip(dn.Normal(), -0.5, 1),
    "clipped sine": lambda: np.clip(np.sin(dn.Normal()), -0.5, 0.25),
    "square, clipped": lambda: np.clip(dn.Normal() ** 2, 0.5, 3),
    "mixture": lambda: dn.Mixture([0.25, 0.5, 0.25], [dn.Normal(), dn.transforms.Sign()(dn.Normal(1, 1)), dn.Gamma(2)]),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name == "clipped sine")) for name in MIXED]
)
def test_quantiles_of_laws_with_atoms(name):
    """inf{y : F(y) >= p} and inf{y : S(y) <= q}: at an atom for all probabilities that it spans, both ends as they belong."""
    law = MIXED[name]()
    p = np.concatenate([Q, [1e-300, 1e-12]])
    y, z = law.ppf(p), law.isf(p)
    assert np.all(law.cdf(y) >= p * (1 - 1e-13)) and np.all(law.sf(z) <= p * (1 + 1e-13))
    below, above = law.cdf(y) - law.pmf(y), law.sf(z) + law.pmf(z)
    assert np.all(below <= p * (1 + 1e-13)) and np.all(above >= p * (1 - 1e-13))
    places, masses = law.atoms
    inside = places[law.cdf(places) < 1]
    np.testing.assert_allclose([law.ppf(law.cdf(inside)), law.isf(law.sf(inside))], [inside, inside], atol=1e-14)
    middle = law.cdf(places) - 0.5 * masses
    assert np.array_equal(law.ppf(middle), places)
