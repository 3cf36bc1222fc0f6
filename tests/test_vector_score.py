"""The gradient of the log-density of vectors, against formulas."""

import numpy as np
import pytest

from densities.distributions import Dirichlet, Gamma, Mixture, MultivariateNormal, MultivariateT, Normal, Product
from densities.errors import AccuracyWarning, UnsupportedOperationError
from densities.transforms import Exp

A = np.array([[1.0, 0.6], [0.6, 2.0]])
MEAN = np.array([0.0, 1.0])
POINTS = np.array([[0.3, 2.0], [1.5, 0.4], [4.0, 7.0]])


def pull(y):
    """cov⁻¹ (y - mean), by rows."""
    return np.linalg.solve(A, (y - MEAN).T).T


def student(y):
    return -5.0 * pull(y) / (3.0 + np.sum((y - MEAN) * pull(y), axis=-1, keepdims=True))


@pytest.mark.parametrize(
    ("law", "truth"),
    [
        pytest.param(MultivariateNormal(MEAN, A), lambda y: -pull(y), id="normal"),
        pytest.param(MultivariateT(3.0, MEAN, A), student, id="student"),
        pytest.param(MultivariateNormal(MEAN, A) >> Exp(), lambda y: (-pull(np.log(y)) - 1.0) / y, id="image"),
        pytest.param(
            Product([Gamma(2.0), Normal()]),
            lambda y: np.stack([1.0 / y[..., 0] - 1.0, -y[..., 1]], axis=-1),
            id="product",
        ),
    ],
)
def test_the_score_is_the_gradient(law, truth):
    np.testing.assert_allclose(law.score(POINTS), truth(POINTS), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(law.score(POINTS[0]), truth(POINTS[:1])[0], rtol=1e-8, atol=1e-10)


def test_scores_of_batches_and_outside_the_support():
    batch = MultivariateNormal([[0.0, 1.0], [1.0, 1.0]], A)
    np.testing.assert_allclose(batch.score([0.3, 2.0])[0], -pull(POINTS[:1])[0], rtol=1e-9)
    assert np.isnan(Product([Gamma(2.0), Normal()]).score([-1.0, 0.0])).all()
    assert np.isnan(batch.score([np.nan, 0.0])).all()


def test_a_score_that_rounding_hides_is_told():
    with pytest.warns(AccuracyWarning, match="absolute error"):
        (MultivariateNormal(MEAN, A) >> Exp()).score(np.exp(MEAN - A.sum(axis=1)))


def test_formulas_hold_at_the_centre_and_where_squares_overflow():
    np.testing.assert_array_equal(MultivariateT(3.0, MEAN, A).score(MEAN), [0.0, 0.0])
    np.testing.assert_allclose(
        MultivariateT(3.0, [0.0, 0.0], np.eye(2)).score([1e200, 0.0]), [-5e-200, 0.0], rtol=1e-14
    )


def test_a_simplex_has_no_score():
    with pytest.raises(UnsupportedOperationError, match="one by one"):
        Dirichlet([2.0, 3.0]).score([0.4, 0.6])


def test_a_spike_in_a_mixture_is_not_missed():
    spike = Mixture(
        [0.5, 0.5], [MultivariateNormal([0.0, 0.0], np.eye(2)), MultivariateNormal([0.0, 0.0], 1e-12 * np.eye(2))]
    )
    inner = 1e12 * np.exp(-0.5)  # the density of the spike at one of its widths, over that of the other component
    np.testing.assert_allclose(
        spike.score([1e-6, 0.0]), [-1e-6 * (1.0 + 1e12 * inner) / (1.0 + inner), 0.0], rtol=1e-11
    )
