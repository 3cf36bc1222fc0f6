"""D(p‖q) for q normal or Student's t in many dimensions, against mpmath, textbook entropies and cubature."""

import numpy as np
import pytest
from mpmath import mp

import densities as dn
from densities.divergences import elliptical
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
    found = dn.kl(dn.MultivariateT(3.0, np.zeros(3), shape), dn.MultivariateT(3.0 + 1e-6, np.full(3, 1e-9), shape))
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


# ---- one centre and one shape ----


def radial(n, log_p, log_q):
    """∫ p log(p/q) of two densities of n entries that are functions of the distance from 0, in 30 digits."""
    with mp.workdps(30):
        area = mp.log(2) + mp.mpf(n) / 2 * mp.log(mp.pi) - mp.loggamma(mp.mpf(n) / 2)

        def integrand(u):
            r = mp.exp(u)
            t, size = log_p(r) - log_q(r), area + n * u
            excess = (
                mp.exp(size + log_p(r)) * mp.expm1(-t)
                if abs(t) < 1
                else mp.exp(size + log_q(r)) - mp.exp(size + log_p(r))
            )
            return mp.exp(size + log_p(r)) * t + excess  # the masses are both 1

        # The trapezoidal rule in log r, of a function that is analytic in a strip: to its last digits.
        return mp.fsum(integrand(mp.mpf(k) / 12) for k in range(-12 * (60 // n + 3), 12 * 40)) / 12


def log_t(n, df, scale):
    df, scale = mp.mpf(df), mp.mpf(scale)
    constant = mp.loggamma((df + n) / 2) - mp.loggamma(df / 2) - n * (mp.log(df * mp.pi) / 2 + mp.log(scale))
    return lambda r: constant - (df + n) / 2 * mp.log1p(r * r / (df * scale * scale))


def log_normal(n, scale):
    return lambda r: -n * mp.log(2 * mp.pi) / 2 - n * mp.log(scale) - r * r / (2 * scale * scale)


@pytest.mark.parametrize(
    ("n", "df", "other", "scale"),
    [
        (2, 3.0, 5.0, 2.0),
        (6, 5.0, 5.0 + 1e-9, 1.0),
        (40, 4.0, 4.5, 2.0),
        (3, 4.5, None, 2.0),
        (10, None, 30.0, 1.0),
    ],
)
def test_one_centre_and_one_shape_leave_a_distance(n, df, other, scale):
    root = np.linalg.qr(np.sin(np.arange(float(n * n))).reshape(n, n))[0] * np.geomspace(1e-4, 1.0, n)
    shape, centre = root @ root.T, np.linspace(-1.0, 1.0, n)
    shape = (shape + shape.T) / 2
    p = dn.MultivariateNormal(centre, shape) if df is None else dn.MultivariateT(df, centre, shape)
    q = (
        dn.MultivariateNormal(centre, shape * scale**2)
        if other is None
        else dn.MultivariateT(other, centre, shape * scale**2)
    )
    with mp.workdps(30):
        laws = (log_normal(n, s) if v is None else log_t(n, v, s) for v, s in ((df, 1.0), (other, scale)))
        truth = radial(n, *laws)
    found = dn.kl(p, q)
    assert abs(found.value - float(truth)) <= found.error + 4e-16 * float(truth)
    assert found.error <= 1e-4 * float(truth)
    assert other is None or "one centre" in found.detail["plan"][-1]


def test_a_shape_that_is_not_the_same_is_not_taken_for_one():
    p, eye = dn.MultivariateT(3.0, np.zeros(2), np.eye(2)), np.eye(2)
    assert elliptical.radii(p, dn.MultivariateT(4.0, [0.0, 1e-9], eye)) is None
    assert elliptical.radii(p, dn.MultivariateT(4.0, np.zeros(2), eye + [[0, 1e-12], [1e-12, 0]])) is None
    assert elliptical.radii(p, dn.MultivariateNormal(np.zeros(2), [[1.0, 1.0], [1.0, 1.0]])) is None
    assert elliptical.radii(p, dn.UniformBall([0.0, 0.0], 1.0)) is None


@pytest.mark.parametrize("df", [3.0, 1e5, 1e9])
@pytest.mark.parametrize("shift", [0.0, 0.25])
def test_t_and_normal_laws_that_are_nearly_the_same(df, shift):
    """D = H(N) - H(t) + (tr(C⁻¹S) df/(df - 2) - n)/2 + |shift|²/2 for C = S."""
    n = 4
    shape = 0.5 * np.eye(n) + 0.5
    found = dn.kl(dn.MultivariateT(df, np.full(n, shift), shape), dn.MultivariateNormal(np.zeros(n), shape))
    with mp.workdps(60):
        v, half = mp.mpf(df), mp.mpf(n) / 2
        a = v / 2 + half
        entropy = mp.loggamma(v / 2) - mp.loggamma(a) + half * mp.log(v * mp.pi) + a * (mp.psi(0, a) - mp.psi(0, v / 2))
        moved = mp.mpf(shift) ** 2 * mp.mpf(n) / (mp.mpf(1) / 2 + mp.mpf(n) / 2) / 2
        truth = half * mp.log(2 * mp.pi) - entropy + half * v / (v - 2) + moved
    assert abs(found.value - float(truth)) <= found.error
    assert found.error <= 1e-12 * float(truth)


@pytest.mark.parametrize(("name", "order"), [("chi_squared", 2), ("neyman", -1), ("squared_hellinger", 0.5)])
@pytest.mark.parametrize("n", [2, 6])
def test_divergences_of_laws_with_one_centre_and_shape_are_those_of_their_distances(name, order, n):
    """|x|² = s of a Student law has a density s^(n/2 - 1)(1 + s/ν)^(-(ν + n)/2) but for a constant."""
    p, q = (dn.MultivariateT(df, np.ones(n), 2.0 * np.eye(n)) for df in (8.0, 5.0))
    found = dn.divergence(name, p, q)

    def power(a, b):
        return over_line(
            lambda s: s ** (n / 2 - 1) * (1 + s / 8) ** (-a * (8 + n) / 2) * (1 + s / 5) ** (-b * (5 + n) / 2)
        )

    with mp.workdps(20):
        truth = power(order, 1 - order) / (power(1, 0) ** order * power(0, 1) ** (1 - order)) - 1
        truth = float(-truth if order == 0.5 else truth)
    assert found.method == "quadrature" and found.status is Status.CONVERGED
    assert abs(found.value - truth) <= found.error + 1e-15


def test_components_that_differ_in_one_direction_are_compared_on_it():
    """∫p²/q for p = ½N(0, I) + ½N(1, I) and q = N(0, I) is ¼(1 + 2 + e^n)."""
    n = 5
    p = dn.Mixture([0.5, 0.5], [dn.MultivariateNormal(np.full(n, c), np.eye(n)) for c in (0.0, 1.0)])
    found = dn.divergence("chi_squared", p, dn.MultivariateNormal(np.zeros(n), np.eye(n)), method="quadrature")
    assert abs(found.value - (np.exp(n) - 1) / 4) <= found.error + 1e-15 * found.value < 1e-9


def test_shares_without_a_mean_along_a_coordinate_are_infinite():
    normal, student = dn.MultivariateNormal([0, 0], np.eye(2)), dn.MultivariateT(3.0, [0, 1], [[1, 0.3], [0.3, 2]])
    for name, p, q in (("chi_squared", student, normal), ("neyman", normal, student)):
        for method in ("auto", "montecarlo"):
            found = dn.divergence(name, p, q, method=method)
            assert found.value == np.inf and found.status is Status.INFINITE
    assert dn.divergence("chi_squared", normal, student, n=2**10, rng=0).status is Status.CONVERGED
