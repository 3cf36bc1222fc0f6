"""Couplings and autoregressive maps: against mpmath, by laws that they make of others, and what they refuse."""

import numpy as np
import pytest
from mpmath import mp, mpf

import densities as dn

COV = np.array([[1.0, 0.4, 0.1], [0.4, 0.7, 0.2], [0.1, 0.2, 0.9]])
X = dn.MultivariateNormal([0.3, -0.5, 0.1], COV)
ROOT = np.linalg.cholesky(COV)


def bent(a):
    """Of (a_1, ..., a_k): for the entries that follow a shift and a stretch of their own."""
    return np.sin(a[..., :1]) * np.array([1.0, 2.0]), 0.3 * np.cos(a)


def regression(before):
    """The mean and the log standard deviation of entry i of X, given standard normal entries before it."""
    i = before.shape[-1]
    return np.array([0.3, -0.5, 0.1])[i] + before @ ROOT[i, :i], np.log(ROOT[i, i])


def curved(before):
    return np.sum(before**2, axis=-1), 0.5 * np.tanh(np.sum(before, axis=-1))


COUPLED, CHAINED = dn.AffineCoupling(3, 1, bent), dn.AffineAutoregressive(3, curved)
MAPS = [pytest.param(t, id=type(t).__name__) for t in (COUPLED, CHAINED)]


def exactly(t, x):
    """y and log|det| in 60 digits, entry by entry from the definition."""
    x = [mpf(v) for v in x]
    if t is COUPLED:
        loc, log_scale = [mp.sin(x[0]) * k for k in (1, 2)], [mpf("0.3") * mp.cos(x[0])] * 2
        loc, log_scale = [mpf(0), *loc], [mpf(0), *log_scale]
    else:
        loc = [mp.fsum(v * v for v in x[:i]) for i in range(3)]
        log_scale = [mp.tanh(mp.fsum(x[:i])) / 2 for i in range(3)]
    y = [m + mp.exp(s) * v for m, s, v in zip(loc, log_scale, x, strict=True)]
    return [float(v) for v in y], float(mp.fsum(log_scale))


@pytest.mark.parametrize("t", MAPS)
def test_values_and_determinants(t):
    points = np.array([[0.3, -1.2, 2.0], [-3.0, 0.5, 0.0], [40.0, -7.0, 1e-3]])
    y, log_det = t.forward_and_log_det(points)
    with mp.workdps(60):
        for point, got, its_log in zip(points, y, log_det, strict=True):
            true, true_log = exactly(t, point)
            np.testing.assert_allclose(got, true, rtol=1e-14, atol=1e-14)
            assert its_log == pytest.approx(true_log, rel=1e-14, abs=1e-15)
    back, its_log = t.inverse_and_log_det(y)
    np.testing.assert_allclose(back, points, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(its_log, -log_det, rtol=1e-12)


def test_the_laws_of_maps_hold():
    assert dn.check_transform(CHAINED, rng=0).ok


def test_regressions_make_a_normal_law_of_independent_entries():
    """A triangular map of standard normal entries, function by function."""
    standard, law = dn.MultivariateNormal(np.zeros(2), np.eye(2)), X.among([0, 1])
    y = law.rvs(20, rng=0)
    made = standard >> dn.AffineAutoregressive(2, regression)
    np.testing.assert_allclose(made.logpdf(y), law.logpdf(y), rtol=1e-13)
    found = dn.kl(made, law)
    assert abs(found.value) <= found.error < 1e-9
    np.testing.assert_allclose(made.mean(), law.mean(), rtol=1e-9)


def test_a_coupling_may_be_a_banana():
    b = 0.7
    bend = dn.AffineCoupling(2, 1, lambda a: (b * a**2, 0.0))
    law, y = dn.MultivariateNormal([0.0, 1.0], [[1.0, 0.3], [0.3, 2.0]]), np.array([[0.3, -0.4], [2.0, 5.0]])
    np.testing.assert_allclose((law >> bend).logpdf(y), (law >> dn.Banana(b)).logpdf(y), rtol=1e-14)
    other = law.replace(mean=[0.5, 0.5])
    assert dn.kl(law >> bend, other >> bend).value == dn.kl(law, other).value
    found, true = dn.kl(law >> bend, other), dn.kl(law >> dn.Banana(b), other)
    assert abs(found.value - true.value) <= found.error + true.error


def test_which_are_the_same():
    assert COUPLED.same_as(dn.AffineCoupling(3, 1, bent)) and not COUPLED.same_as(
        dn.AffineCoupling(3, 1, lambda a: bent(a))
    )
    assert not COUPLED.same_as(CHAINED) and (X >> COUPLED >> COUPLED.inv) is X
    assert repr(COUPLED).startswith("AffineCoupling(3, 1") and repr(CHAINED).startswith("AffineAutoregressive(3")


REFUSED = {
    "as many kept as there are": (
        lambda: dn.AffineCoupling(3, 3, bent),
        dn.ParameterError,
        "kept: expected a positive integer below 3",
    ),
    "none kept": (lambda: dn.AffineCoupling(3, 0, bent), dn.ParameterError, "kept"),
    "half an entry": (lambda: dn.AffineCoupling(2.5, 1, bent), dn.ParameterError, "n: expected a positive integer"),
    "no entries": (lambda: dn.AffineAutoregressive(0, curved), dn.ParameterError, "n: expected a positive integer"),
    "text for a function": (lambda: dn.AffineCoupling(3, 1, "bent"), dn.ParameterError, "function"),
    "one array alone": (lambda: dn.AffineCoupling(3, 1, lambda a: a), dn.ShapeError, "two arrays"),
    "a sum over points": (
        lambda: dn.AffineCoupling(3, 1, lambda a: (np.sum(a), 0.0)),
        dn.ShapeError,
        "points beside it",
    ),
    "points taken for entries": (
        lambda: dn.AffineCoupling(4, 2, lambda a: (a[0], 0.0)),
        dn.ShapeError,
        r"function: .*\(\.\.\., kept\)",
    ),
    "vectors for entries": (lambda: dn.AffineAutoregressive(3, lambda a: (a, 0.0)), dn.ShapeError, "for each k < n"),
    "too short for its index": (
        lambda: dn.AffineAutoregressive(3, lambda a: a[..., 7]),
        dn.ShapeError,
        "got IndexError",
    ),
    "vectors of another length": (lambda: X >> dn.AffineAutoregressive(2, curved), dn.ShapeError, "2 entries, got 3"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(name):
    make, error, words = REFUSED[name]
    with pytest.raises(error, match=words):
        make()
