"""Summaries of images of vectors: as exact as the laws of one and two entries, and the formulas of affine maps, make them."""

import warnings

import numpy as np
import pytest

import densities as dn
from densities.distributions.vector_moments import entropy_estimate
from densities.errors import AccuracyWarning

N = 4
MEAN = np.array([0.3, -0.2, 0.0, 0.5])
ROOT = np.tril(np.sin(np.arange(16.0)).reshape(N, N)) * 0.3 + 0.4 * np.eye(N)
COV = ROOT @ ROOT.T
SQUARE = np.cos(np.arange(16.0)).reshape(N, N) + 2 * np.eye(N)


@pytest.fixture(autouse=True)
def _silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error", AccuracyWarning)
        yield


def normal(mean=MEAN, cov=COV):
    return dn.MultivariateNormal(mean, cov)


def test_covariances_of_exponentials_are_those_of_log_normal_laws():
    law, mean = normal() >> dn.Exp(), np.exp(MEAN + np.diag(COV) / 2)
    np.testing.assert_allclose(law.mean(), mean, rtol=1e-13)
    np.testing.assert_allclose(law.cov(), np.outer(mean, mean) * np.expm1(COV), rtol=1e-10)
    np.testing.assert_allclose(law.var(), np.diag(law.cov()), rtol=0)


def test_covariances_of_probabilities_by_the_arcsine():
    """Cov(Φ(X), Φ(Y)) = asin(c_xy/√((1 + c_xx)(1 + c_yy)))/2π for centred normal X and Y, also after a matrix."""
    cov = SQUARE @ COV @ SQUARE.T
    size = np.sqrt(1 + np.diag(cov))
    law = normal(np.zeros(N)) >> dn.MatrixAffine(0.0, SQUARE) >> dn.NormalCdf()
    np.testing.assert_allclose(law.mean(), 0.5, rtol=1e-12)
    np.testing.assert_allclose(law.cov(), np.arcsin(cov / np.outer(size, size)) / (2 * np.pi), rtol=1e-9, atol=1e-14)


def test_each_entry_may_have_a_map_of_its_own():
    scale = np.linspace(0.5, 1.5, N)
    law, cov = normal() >> dn.Affine(0.0, scale) >> dn.Exp(), COV * np.outer(scale, scale)
    mean = np.exp(scale * MEAN + np.diag(cov) / 2)
    np.testing.assert_allclose(law.cov(), np.outer(mean, mean) * np.expm1(cov), rtol=1e-9)
    np.testing.assert_allclose(law.among([3, 1]).cov()[0, 1], law.cov()[1, 3], rtol=1e-12)


def test_affine_images_of_anything_have_their_moments_by_formulas():
    loc = np.arange(float(N))
    law = dn.Product([dn.Exponential(1.0)] * N) >> dn.MatrixAffine(loc, SQUARE)
    np.testing.assert_allclose(law.mean(), loc + SQUARE @ np.ones(N), rtol=1e-14)
    np.testing.assert_allclose(law.cov(), SQUARE @ SQUARE.T, rtol=1e-14)
    again = normal() >> dn.Exp() >> dn.TriangularAffine(loc, np.tril(SQUARE))
    mean = np.exp(MEAN + np.diag(COV) / 2)
    np.testing.assert_allclose(again.mean(), loc + np.tril(SQUARE) @ mean, rtol=1e-13)
    cov = np.tril(SQUARE) @ (np.outer(mean, mean) * np.expm1(COV)) @ np.tril(SQUARE).T
    np.testing.assert_allclose(again.cov(), cov, rtol=1e-9)
    back = again >> dn.TriangularAffine(loc, np.tril(SQUARE)).inv
    np.testing.assert_allclose(back.mean(), mean, rtol=1e-12)


def test_batches_of_affine_images():
    matrices = np.stack([SQUARE, np.eye(N)])
    law = dn.Product([dn.Exponential(1.0)] * N) >> dn.MatrixAffine(0.0, matrices)
    np.testing.assert_allclose(law.mean(), matrices.sum(axis=-1), rtol=1e-14)
    np.testing.assert_allclose(law.cov(), matrices @ np.swapaxes(matrices, -1, -2), rtol=1e-14)
    np.testing.assert_allclose(law.entropy(), N + np.linalg.slogdet(matrices)[1], rtol=1e-14)


def test_moments_that_do_not_exist_stay_with_the_rows_that_hold_them():
    heavy = dn.Product([dn.StudentT(1.5), dn.Normal(0, 1), dn.Cauchy(), dn.Normal(1, 2)])
    matrix = np.array([[1.0, 2.0, 0.0, 0.0], [0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, -1.0]])
    law = heavy >> dn.MatrixAffine(0.0, matrix)
    np.testing.assert_array_equal(law.mean(), [0.0, 1.0, np.nan, -1.0])
    cov = law.cov()
    assert cov[0, 0] == np.inf
    assert np.isnan(cov[2, 2]) or cov[2, 2] == np.inf
    np.testing.assert_array_equal(cov[[1, 1, 3], [1, 3, 3]], [5.0, -3.0, 5.0])


def test_entropies_of_images_add_up():
    half = N / 2 * np.log(2 * np.pi * np.e) + np.linalg.slogdet(COV)[1] / 2
    law = normal() >> dn.Exp()
    assert law.entropy() == pytest.approx(half + MEAN.sum(), rel=1e-13)
    law = law >> dn.MatrixAffine(0.0, SQUARE)
    found = dn.entropy(law)
    truth = half + MEAN.sum() + np.linalg.slogdet(SQUARE)[1]
    assert abs(found.value - truth) <= found.error + 1e-14 * abs(truth)
    copula = dn.MultivariateNormal(np.zeros(N), np.full((N, N), 0.6) + 0.4 * np.eye(N)) >> dn.NormalCdf()
    assert copula.entropy() == pytest.approx(np.log(0.4**3 * 2.8) / 2, rel=1e-12)


def test_entropies_that_quadrature_gives_have_its_error():
    """H(sinh X) = H(X) + Σ E log cosh(Xᵢ)."""
    found = entropy_estimate(normal() >> dn.Sinh())
    z = np.linspace(-12.0, 12.0, 961)  # the trapezoidal rule of an analytic function: to its last digits
    points = MEAN[:, None] + np.sqrt(np.diag(COV))[:, None] * z
    added = np.sum(np.log(np.cosh(points)) * np.exp(-z * z / 2), axis=-1) * 0.025 / np.sqrt(2 * np.pi)
    truth = normal().entropy() + sum(added)
    assert found.method == "quadrature"
    assert abs(found.value - truth) <= found.error + 1e-14 * abs(truth)
    assert found.error < 1e-9


def test_sums_that_cancel_to_zero_are_not_looked_into():
    law = dn.MultivariateNormal([0.0, 0.0], np.eye(2)) >> dn.Banana(0.5)
    np.testing.assert_allclose(law.mean(), [0.0, 0.5], rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(law.cov(), [[1.0, 0.0], [0.0, 1.5]], rtol=1e-11, atol=1e-12)


def test_entries_that_are_independent_stay_so():
    law = dn.MultivariateNormal(np.zeros(4), np.diag([1.0, 2.0, 3.0, 4.0])) >> dn.Exp()
    assert len(law.factors()) == 4
    assert np.count_nonzero(law.cov()) == 4
    assert (normal() >> dn.Exp()).factors() is None
    found = dn.kl(dn.Product([dn.LogNormal(0, 1)] * 4), law)
    assert found.value == pytest.approx(0.5 * sum(1 / v - 1 + np.log(v) for v in (1.0, 2.0, 3.0, 4.0)), rel=1e-12)


@pytest.mark.slow
def test_what_draws_alone_know_is_told_once():
    law = dn.Product([dn.Exponential(1.0)] * 4) >> dn.MatrixAffine(0.0, SQUARE) >> dn.Tanh()
    with pytest.warns(AccuracyWarning, match="mean: .*montecarlo") as told:
        mean = law.mean()
    assert len(told) == 1
    draws = law.rvs(2**16, rng=1)
    np.testing.assert_allclose(mean, draws.mean(axis=0), atol=0.02)
    with pytest.warns(AccuracyWarning, match="montecarlo"):
        cov = law.cov()
    np.testing.assert_allclose(cov, np.cov(draws.T), atol=0.02)


def test_laws_of_some_entries():
    assert normal().among([2, 0]).same_as(dn.MultivariateNormal(MEAN[[2, 0]], COV[np.ix_([2, 0], [2, 0])]))
    product = dn.Product([dn.Normal(0, 1), dn.Gamma(2, 1), dn.Exponential(1)])
    assert product.among([2, 1]).same_as(dn.Product([dn.Exponential(1), dn.Gamma(2, 1)]))
    mixed = dn.Mixture([0.5, 0.5], [normal(), normal(-MEAN)])
    assert mixed.among([1, 3]).components[1].same_as(normal(-MEAN).among([1, 3]))
    assert dn.Dirichlet([1.0, 2.0, 3.0]).among([0, 1]) is None
    assert dn.Mixture([0.5, 0.5], [dn.UniformBall([0.0, 0.0], 1.0)] * 2).among([0]) is None
