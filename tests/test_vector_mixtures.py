"""Mixtures of vectors, entropies, expectations."""

import mpmath as mp
import numpy as np
import pytest

from densities.distributions import (
    Beta,
    Dirichlet,
    Mixture,
    MultivariateNormal,
    MultivariateT,
    Normal,
    Product,
    UniformBall,
    VectorMixture,
)
from densities.divergences import cross_entropy, entropy, kl
from densities.transforms import Exp, Independent, MatrixAffine

A, B = [[1.0, 0.6], [0.6, 2.0]], [[2.0, 0.1], [0.1, 1.0]]


def close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-13)


def test_mixtures_of_vectors():
    parts = [MultivariateNormal([0, 0], A), MultivariateT(5.0, [1, 0], B)]
    m = Mixture([0.25, 0.75], parts)
    assert isinstance(m, VectorMixture)
    point = [0.3, 0.4]
    close(m.pdf(point), 0.25 * parts[0].pdf(point) + 0.75 * parts[1].pdf(point))
    close(m.marginal(0).pdf(0.3), 0.25 * parts[0].marginal(0).pdf(0.3) + 0.75 * parts[1].marginal(0).pdf(0.3))
    assert Mixture([1.0, 0.0], parts).simplify().same_as(parts[0])
    assert m.replace(weights=[0.5, 0.5]).weights.tolist() == [0.5, 0.5]
    boxes = Mixture([0.5, 0.5], [UniformBall([0, 0], 1.0), UniformBall([5, 0], 1.0)])
    assert boxes.pdf([2.5, 0]) == 0.0
    assert np.exp(boxes).logpdf(np.exp([5.5, 0.0])) == pytest.approx(-5.5 - np.log(2 * np.pi))


def test_entropies_with_their_errors():
    """The cross-entropy from a normal is a quadratic form: log 2π + log det/2 + tr(C⁻¹ E y yᵀ)/2."""
    m = Mixture([0.5, 0.5], [MultivariateNormal([-2, 0], np.eye(2)), MultivariateNormal([2, 0], np.eye(2))])
    q = MultivariateNormal([0, 0], [[5, 0], [0, 1]])
    cross, own = cross_entropy(m, q), entropy(m)
    truth = np.log(2 * np.pi) + np.log(5) / 2 + 1
    assert abs(cross.value - truth) <= cross.error < 1e-12
    assert own.method == "cubature"
    assert abs(cross.value - own.value - kl(m, q).value) <= cross.error + own.error


def test_small_parameters_of_the_dirichlet():
    """Mass within 1e-300 of the edges: cubature in log v/(1 - v) against draws, and against the closed form of a pair."""
    p, q = Dirichlet([0.01, 0.02]), Dirichlet([1.0, 1.0])
    assert abs(kl(p, q, method="quadrature").value / kl(p, q).value - 1) < 1e-9
    mixed = Mixture([0.5, 0.5], [Dirichlet([0.1, 0.1, 0.1]), Dirichlet([0.2, 0.1, 0.1])])
    found, drawn = (
        kl(Dirichlet([0.1, 0.1, 0.1]), mixed),
        kl(Dirichlet([0.1, 0.1, 0.1]), mixed, method="montecarlo", rng=0),
    )
    assert found.error < 1e-9
    assert abs(found.value - drawn.value) < 5 * drawn.error


def test_expectations_of_products_are_right():
    x = MultivariateNormal([0, 1], A)
    assert x.expect(lambda y: y[..., 0] * y[..., 1]) == pytest.approx(0.6, rel=1e-12)
    assert Independent(Exp(), 1).same_as((x >> Exp()).transform)


def test_shares_that_underflow_keep_their_logarithms():
    """D of Dirichlet laws: log Γ(A)/Γ(B) + Σ log Γ(b)/Γ(a) + (a - b)(ψ(a) - ψ(A)); most entries of draws underflow."""
    a, b = [0.0025, 0.0018], [0.57, 0.58]
    with mp.workdps(40):
        A, B = mp.fsum(map(mp.mpf, a)), mp.fsum(map(mp.mpf, b))
        truth = (
            mp.loggamma(A)
            - mp.loggamma(B)
            + mp.fsum(
                mp.loggamma(y) - mp.loggamma(x) + (mp.mpf(x) - y) * (mp.digamma(x) - mp.digamma(A))
                for x, y in zip(a, b, strict=True)
            )
        )
    p, q = Dirichlet(a), Dirichlet(b)
    found = kl(p, q, method="quadrature")
    assert abs(mp.mpf(found.value) - truth) < found.error < 1e-9
    drawn = kl(p, q, method="montecarlo", n=2**12, rng=1)
    assert abs(mp.mpf(drawn.value) - truth) < 5 * drawn.error
    line = Beta(*a), Beta(*b)  # the first entries
    known = kl(Mixture([0.5, 0.5], line), line[1])
    found = kl(Mixture([0.5, 0.5], [p, q]), q)
    assert abs(found.value - known.value) < found.error + known.error < 1e-8


def test_what_rounding_leaves_of_a_divergence_is_not_looked_for_by_another_form():
    root = np.array([[1e3, 0.0, 0.0], [1.0, 1.0, 0.0], [0.5, 0.3, 2.0]])
    p = MultivariateNormal(np.zeros(3), root @ root.T)
    q = MultivariateNormal(np.ones(3), np.diag([2e6, 3.0, 4.0]))
    found = kl(p, q, method="quadrature")
    assert abs(found.value - kl(p, q).value) < found.error
    assert found.evaluations < 500_000


@pytest.mark.parametrize("n", [2, 4])
def test_a_matrix_that_an_identity_computes_is_rounded(n):
    """D(A X + b ‖ q) by the covariance A S Aᵀ at 60 digits: its doubles are known to an ulp, times the condition number."""
    generator = np.random.default_rng(n)
    turn = np.linalg.qr(generator.standard_normal((n, n)))[0]
    matrix = turn @ np.diag(np.geomspace(1.0, 1e5, n)) @ turn.T
    law, map_ = MultivariateNormal(np.zeros(n), np.eye(n)), MatrixAffine(np.ones(n), matrix)
    q = MultivariateNormal(np.ones(n), 2.0 * (law >> map_).simplify().params["cov"])
    with mp.workdps(60):
        exact = mp.matrix(matrix.tolist())
        cov, other = exact * exact.T, mp.matrix(q.params["cov"].tolist())
        share = mp.inverse(other) * cov
        truth = (sum(share[i, i] for i in range(n)) - n + mp.log(mp.det(other)) - mp.log(mp.det(cov))) / 2
    for found in (kl(law >> map_, q), kl(law >> map_, q, method="montecarlo", n=2**10, rng=0)):
        assert abs(mp.mpf(found.value) - truth) < 5 * found.error
    assert kl(law >> map_, q).error < 1e-3
    assert kl(law >> map_, MultivariateNormal(np.ones(n), np.eye(n)) >> map_).error < 1e-12  # what both end in cancels


@pytest.mark.parametrize("variance", [3.7, 0.123])
def test_standard_deviations_that_are_roots_of_variances_are_rounded(variance):
    """D = (r - 1 - log r)/2 with r = the ratio of the variances, next to 1: an ulp of a root is 1e-10 of it."""
    p, q = (MultivariateNormal([1.0], [[v]]) for v in (variance, variance * (1 + 2.0**-20)))
    with mp.workdps(40):
        ratio = mp.mpf(variance) / mp.mpf(variance * (1 + 2.0**-20))
        truth = (ratio - 1 - mp.log(ratio)) / 2
        for method in ("auto", "quadrature"):
            found = kl(p, q, method=method)
            assert abs(mp.mpf(found.value) - truth) <= found.error < 1e-6 * found.value
    given = Product([Normal(0, 3.7), Normal(0, 0.1)]), Product([Normal(0, 3.7001), Normal(0, 0.1001)])
    assert kl(*given).error < 1e-13 * kl(*given).value  # what is given is rounded no more
