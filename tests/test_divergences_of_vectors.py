"""Divergences of laws of vectors, by cubature and on what they reduce to, against truths found on other ways."""

import numpy as np
import pytest
from scipy import integrate, special

import densities as dn
from densities.divergences.vector_shares import _fan
from densities.errors import UnsupportedOperationError

NORMAL = dn.MultivariateNormal([0.0, 1.0], [[1.0, 0.5], [0.5, 2.0]])
STUDENT = dn.MultivariateT(5, [0.5, 0.0], [[1.0, -0.3], [-0.3, 1.0]])
SHARES = dn.MultivariateNormal([0.0, 0.1], [[1.0, 0.5], [0.5, 2.0]]) >> dn.SoftmaxCentered()
DIRICHLET = dn.Dirichlet([2.0, 3.0, 4.0])
MIXED = dn.Mixture(
    [0.3, 0.7], [dn.MultivariateNormal([0, 0], np.eye(2)), dn.MultivariateNormal([3, 1], 0.5 * np.eye(2))]
)
WIDE = dn.Mixture(
    [0.3, 0.7], [dn.MultivariateNormal([0, 0], np.eye(2)), dn.MultivariateNormal([3, 1], [[2.0, 0.3], [0.3, 0.5]])]
)
FORMULAS = {  # f of a mean E_q f(p/q) over a grid of points with densities p, q
    "squared_hellinger": lambda p, q: 0.5 * (np.sqrt(p) - np.sqrt(q)) ** 2,
    "triangular": lambda p, q: (p - q) ** 2 / (p + q),
    "jensen_shannon": lambda p, q: 0.5 * (special.xlogy(p, 2 * p / (p + q)) + special.xlogy(q, 2 * q / (p + q))),
}


def by_trapezia(name, p, q, points, weights):
    """∫∫ over a grid that shares nothing with the cubature, but for the log-densities."""
    with np.errstate(all="ignore"):
        terms = FORMULAS[name](np.exp(p.logpdf(points)), np.exp(q.logpdf(points)))
    return float(np.sum(np.nan_to_num(terms) * weights))


def on_the_plane():
    t = np.linspace(-4.2, 4.2, 501)
    x, slope = np.sinh(0.5 * np.pi * np.sinh(t)), 0.5 * np.pi * np.cosh(t) * np.cosh(0.5 * np.pi * np.sinh(t))
    weights = (slope * (t[1] - t[0]))[:, None] * (slope * (t[1] - t[0]))
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1)
    return grid.reshape(-1, 2), weights.ravel()


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize(("p", "q"), [(NORMAL, STUDENT), (MIXED, NORMAL)], ids=["student", "mixture"])
def test_cubature_agrees_with_another_grid(name, p, q):
    found = dn.divergence(name, p, q)
    assert found.method == "cubature"
    assert found.ok
    assert found.error < 1e-10
    assert abs(found.value - by_trapezia(name, p, q, *on_the_plane())) < 1e-9
    assert dn.divergence(name, q, p).value == pytest.approx(found.value, rel=1e-10)


def test_where_draws_have_heavy_tails_cubature_keeps_its_digits():
    found = dn.divergence("chi_squared", SHARES, DIRICHLET)
    assert found.ok
    # E_p[p/q] - 1 of a logistic-normal law against a Dirichlet law: moments of normal variables by their own grid
    t = np.linspace(-14.0, 14.0, 1401)
    z = np.stack(np.meshgrid(t, t, indexing="ij"), axis=-1).reshape(-1, 2)
    x = z @ np.linalg.cholesky([[1.0, 0.5], [0.5, 2.0]]).T + [0.0, 0.1]
    logs = x - special.logsumexp(np.column_stack([x, np.zeros(len(x))]), axis=1)[:, None]
    last = -special.logsumexp(np.column_stack([x, np.zeros(len(x))]), axis=1)
    log_p = -0.5 * np.sum(z * z, axis=1) - np.log(2 * np.pi) - 0.5 * np.log(1.75) - logs.sum(axis=1) - last
    log_q = special.gammaln(9) - special.gammaln(2) - special.gammaln(3) - special.gammaln(4)
    log_q = log_q + logs @ [1.0, 2.0] + 3.0 * last
    weights = np.exp(-0.5 * np.sum(z * z, axis=1) - np.log(2 * np.pi)) * (t[1] - t[0]) ** 2
    assert abs(found.value - (np.sum(weights * np.exp(log_p - log_q)) - 1.0)) < 1e-9 * found.value


@pytest.mark.parametrize(
    ("name", "p", "q"),
    [
        ("neyman", SHARES, DIRICHLET),  # a Dirichlet law is heavier toward every face
        ("neyman", NORMAL, STUDENT),
        ("chi_squared", WIDE, NORMAL),
        ("neyman", MIXED, dn.MultivariateNormal([0, 0], [[1.5, 1.3], [1.3, 1.5]])),  # heavier on the diagonal alone
    ],
)
def test_tails_make_a_divergence_infinite_before_a_node_is_laid(name, p, q):
    found = dn.divergence(name, p, q)
    assert found.status is dn.Status.INFINITE
    assert "diverges" in found.reason
    assert dn.divergence(name, p, q, method="montecarlo", n=64, rng=0).status is dn.Status.INFINITE


def test_normal_laws_of_one_covariance_are_compared_on_one_direction():
    p = dn.MultivariateNormal(np.zeros(10), np.eye(10))
    q = dn.MultivariateNormal(np.full(10, 0.2), np.eye(10))
    truth = special.erf(0.2 * np.sqrt(10) / 2 / np.sqrt(2))  # 2Φ(δ/2) - 1
    assert dn.divergence("tv", p, q).value == pytest.approx(truth, rel=1e-11)
    mixed = dn.Mixture([0.3, 0.7], [p, q])
    moved = dn.MultivariateNormal(np.r_[1.0, np.zeros(9)], np.eye(10))
    assert dn.divergence("neyman", mixed, moved).value == pytest.approx(
        dn.divergence("chi_squared", moved, mixed).value, rel=1e-12
    )


def test_affinities_of_independent_entries_multiply():
    p, q = dn.Product([dn.Gamma(2), dn.Laplace()]), dn.Product([dn.LogNormal(), dn.Normal()])
    parts = [dn.divergence("bhattacharyya", a, b).value for a, b in zip(p.factors(), q.factors(), strict=True)]
    assert dn.divergence("bhattacharyya", p, q).value == pytest.approx(sum(parts), rel=1e-13)
    endless = dn.divergence("chi_squared", p, q)
    assert endless.status is dn.Status.INFINITE
    assert "entry 0" in endless.reason


def test_a_corner_of_the_integrand_leaves_the_error_honest():
    # LKJ laws of two rows are laws of one number on (-1, 1): ½∫|¾(1 - r²) - ½| = 1/(3√3).
    found = dn.divergence("tv", dn.LKJCholesky(2, 2.0), dn.LKJCholesky(2, 1.0))
    assert abs(found.value - 1 / (3 * np.sqrt(3))) <= found.error < 1e-5


@pytest.mark.slow
def test_total_variation_on_the_plane_agrees_with_an_iterated_integral():
    found = dn.divergence("tv", NORMAL, STUDENT)

    def along(x):
        y = np.linspace(-40.0, 40.0, 40_001)
        points = np.column_stack([np.full_like(y, x), y])
        return integrate.trapezoid(np.abs(NORMAL.pdf(points) - STUDENT.pdf(points)), y)

    t = np.linspace(-3.0, 3.0, 601)
    x = np.sinh(0.5 * np.pi * np.sinh(t))
    slope = 0.5 * np.pi * np.cosh(t) * np.cosh(0.5 * np.pi * np.sinh(t))
    truth = 0.5 * np.sum([along(one) * rate for one, rate in zip(x, slope, strict=True)]) * (t[1] - t[0])
    assert abs(found.value - truth) < found.error + 2e-5


def test_where_one_law_ends_in_the_midst_of_the_other_draws_answer_unless_quadrature_is_asked_for():
    p, q = dn.UniformBall([0, 0], 1), dn.UniformBall([0.5, 0.3], 1)
    d = np.sqrt(0.34)
    truth = 1 - (2 * np.arccos(d / 2) - d / 2 * np.sqrt(4 - d * d)) / np.pi
    found = dn.divergence("tv", p, q, rng=0)
    assert found.method == "montecarlo"
    assert abs(found.value - truth) < 4.5 * found.error


def test_vectors_with_point_masses_are_compared_by_affinities_of_their_entries_or_refused():
    p, q = dn.Product([dn.Poisson(3), dn.Normal()]), dn.Product([dn.Poisson(2), dn.Normal()])
    truth = np.sqrt(-np.expm1(-0.5 * (np.sqrt(3) - np.sqrt(2)) ** 2))
    assert dn.divergence("hellinger", p, q).value == pytest.approx(truth, rel=1e-13)
    for method in ("auto", "montecarlo"):
        with pytest.raises(UnsupportedOperationError, match="laws of vectors with densities"):
            dn.divergence("tv", p, q, method=method)


def test_directions_between_two_axes_go_round_the_plane():
    ways = _fan(2)
    assert len(ways) == 16
    assert np.all(np.diff(np.sort(np.arctan2(*ways.T))) < 0.5)
    assert _fan(3).shape == (6 + 3 * 12, 3)
    assert _fan(11).shape == (22, 11)
