"""D(p‖q) for q normal or Student's t in many dimensions, against mpmath, textbook entropies and cubature."""

import numpy as np
import pytest
from mpmath import mp

import densities as dn
from densities.divergences.elliptical import by_entries, by_transform
from densities.divergences.vector import kl_cubature
from densities.estimate import Status

RNG = np.random.default_rng(5)


def matrix(n):
    a = RNG.normal(size=(n, n))
    return a @ a.T + 0.3 * np.eye(n)


def t_constant(n, df):
    """log of the Student density at its centre, for the shape I."""
    return mp.loggamma((df + n) / 2) - mp.loggamma(df / 2) - n * mp.log(df * mp.pi) / 2


def t_entropy(n, df):
    a = (df + n) / 2
    return -t_constant(n, df) + a * (mp.psi(0, a) - mp.psi(0, df / 2))


def over_line(function):
    """∫ over (0, ∞), by pieces in the logarithm."""
    ends = [mp.mpf(end) for end in (-600, -140, -40, -20, -10, -5, -2, 0, 1, 2, 3, 4, 5, 6, 8, 12, 20, 40, 140, 600)]
    return mp.quad(lambda u: function(mp.exp(u)) * mp.exp(u), ends)


@pytest.mark.parametrize(
    ("n", "scale", "shift", "df"), [(5, 0.7, 0.0, 3.0), (4, 2.0, 1.5, 0.5), (7, 1e-3, 0.2, 40.0), (6, 30.0, 0.0, 1.0)]
)
def test_spherical_normal_laws_against_students(n, scale, shift, df):
    """|X|² of N(shift, scale² I) is scale² times a noncentral χ² law."""
    found = dn.kl(
        dn.MultivariateNormal(np.full(n, shift), scale**2 * np.eye(n)), dn.MultivariateT(df, np.zeros(n), np.eye(n))
    )
    with mp.workdps(25):
        noncentral, s2 = n * mp.mpf(shift) ** 2 / mp.mpf(scale) ** 2, mp.mpf(scale) ** 2

        def density(x):
            if not noncentral:
                return mp.exp(-x / 2 + (mp.mpf(n) / 2 - 1) * mp.log(x / 2)) / 2 / mp.gamma(mp.mpf(n) / 2)
            order = mp.mpf(n) / 2 - 1
            return (
                (x / noncentral) ** (order / 2)
                * mp.exp(-(x + noncentral) / 2)
                * mp.besseli(order, mp.sqrt(noncentral * x))
                / 2
            )

        if noncentral > 100:  # narrow: on its own scale
            centre, width = noncentral + n, mp.sqrt(2 * n + 4 * noncentral)
            ends = [centre + k * width for k in (-14, -9, -6, -3, -1, 0, 1, 3, 6, 9, 14)]
            excess = mp.quad(lambda x: density(x) * mp.log1p(s2 * x / df), ends)
        else:
            excess = over_line(lambda x: density(x) * mp.log1p(s2 * x / df))
        truth = -n * mp.log(2 * mp.pi * mp.e * s2) / 2 - t_constant(n, mp.mpf(df)) + (df + n) / 2 * excess
    assert found.method == "quadrature" and found.status is Status.CONVERGED
    assert abs(found.value - float(truth)) <= found.error < 1e-11 * max(1.0, found.value)


@pytest.mark.parametrize(("n", "scale", "own", "df"), [(5, 0.7, 3.0, 5.0), (4, 3.0, 0.4, 0.7), (6, 0.1, 100.0, 2.0)])
def test_spherical_students_against_students(n, scale, own, df):
    """|X|²/(n scale²) has an F law."""
    found = dn.kl(
        dn.MultivariateT(own, np.zeros(n), scale**2 * np.eye(n)), dn.MultivariateT(df, np.zeros(n), np.eye(n))
    )
    with mp.workdps(25):
        a, b = mp.mpf(n) / 2, mp.mpf(own) / 2

        def density(x):  # of |z|²/own, a beta law of the second kind
            return x ** (a - 1) * (1 + x) ** (-a - b) / mp.beta(a, b)

        excess = over_line(lambda x: density(x) * mp.log1p(mp.mpf(scale) ** 2 * own * x / df))
        entropy = t_entropy(n, mp.mpf(own)) + n * mp.log(scale)
        truth = -entropy - t_constant(n, mp.mpf(df)) + (df + n) / 2 * excess
    assert abs(found.value - float(truth)) <= found.error < 1e-11 * max(1.0, found.value)


@pytest.mark.parametrize("df", [0.3, 4.0, 1e4])
@pytest.mark.parametrize("own", [None, 0.8, 30.0])
def test_oblique_pairs_against_cubature(own, df):
    loc, shape = np.array([0.4, -1.0]), matrix(2)
    p = dn.MultivariateNormal(loc, shape) if own is None else dn.MultivariateT(own, loc, shape)
    q = dn.MultivariateT(df, [0.0, 0.5], matrix(2))
    assert by_transform(p, q)
    found, other = dn.kl(p, q), kl_cubature(p, q)
    assert found.method == "quadrature"
    assert abs(found.value - other.value) <= found.error + other.error


def test_nearly_equal_laws_of_three_dimensions_go_to_cubature():
    shape = matrix(3)
    found = dn.kl(dn.MultivariateT(3.0, np.zeros(3), shape), dn.MultivariateT(3.0 + 1e-6, np.zeros(3), shape))
    assert found.method == "cubature"
    assert 0 < found.value < 1e-13


def test_independent_entries_against_a_normal_law():
    """Textbook entropies, means and variances; log q is a quadratic form."""
    n, mean, cov = 5, RNG.normal(size=5), matrix(5)
    p = dn.Product([dn.Gamma(2, 3), dn.Laplace(1, 2), dn.Uniform(-1, 2), dn.Exponential(0.5), dn.Logistic(0, 1)])
    means, variances = np.array([6.0, 1.0, 0.5, 0.5, 0.0]), np.array([18.0, 8.0, 0.75, 0.25, np.pi**2 / 3])
    entropy = (2 + np.log(3) - (1 - np.euler_gamma)) + (1 + np.log(4)) + np.log(3) + (1 + np.log(0.5)) + 2
    inverse, gap = np.linalg.inv(cov), means - mean
    truth = -entropy + 0.5 * (
        n * np.log(2 * np.pi) + np.linalg.slogdet(cov)[1] + gap @ inverse @ gap + np.diag(inverse) @ variances
    )
    q = dn.MultivariateNormal(mean, cov)
    assert by_entries(p, q)
    found = dn.kl(p, q)
    assert abs(found.value - truth) <= found.error + 1e-13 * abs(truth)
    assert found.error < 1e-10 * found.value
    drawn = dn.kl(p, q, method="montecarlo", rng=1)
    assert abs(drawn.value - found.value) < 4.5 * drawn.error
    heavy = dn.Product([*p.components[:4], dn.StudentT(1.5)])
    assert dn.kl(heavy, q).value == np.inf
    numeric = dn.Product([*p.components[:4], dn.truncate(dn.Gamma(2.5, 1.0), 0.5, 6.0)])
    found, drawn = dn.kl(numeric, q), dn.kl(numeric, q, method="montecarlo", rng=2)
    assert abs(drawn.value - found.value) < 4.5 * drawn.error
    assert found.status is Status.CONVERGED and found.error < 1e-9 * found.value


@pytest.mark.parametrize("n", [2, 3, 6])
def test_balls_against_normal_laws(n):
    """The volume, and the covariance r²I/(n + 2), of a ball."""
    centre, mean, cov, r = RNG.normal(size=n), RNG.normal(size=n), matrix(n), 1.7
    found = dn.kl(dn.UniformBall(centre, r), dn.MultivariateNormal(mean, cov))
    with mp.workdps(30):
        volume = mp.pi ** (mp.mpf(n) / 2) * mp.mpf(r) ** n / mp.gamma(mp.mpf(n) / 2 + 1)
        inverse = np.linalg.inv(cov)
        square = (centre - mean) @ inverse @ (centre - mean) + np.trace(inverse) * r**2 / (n + 2)
        truth = -mp.log(volume) + (n * mp.log(2 * mp.pi) + mp.mpf(np.linalg.slogdet(cov)[1]) + mp.mpf(square)) / 2
    assert found.method == "closed"
    np.testing.assert_allclose(found.value, float(truth), rtol=1e-13 * np.linalg.cond(cov))
