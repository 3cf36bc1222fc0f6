"""Inverses in many digits against rational arithmetic, and the laws that go through ill-conditioned matrices."""

from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp

import densities as dn
from densities.divergences import elliptical
from densities.estimate import Status
from densities.numerics.inverses import ILL, ExactInverse, condition

RNG = np.random.default_rng(5)


def matrix_of(n, cond, reach=0):
    left, right = (np.linalg.qr(RNG.normal(size=(n, n)))[0] for _ in range(2))
    rows, columns = np.exp2(RNG.integers(-reach, reach + 1, (2, n)))
    return rows[:, None] * (left * np.geomspace(1.0, 1.0 / cond, n)) @ right * columns


def rational(matrix, right):
    """The solution and |det|, exactly."""
    n = len(right)
    work = [[Fraction(float(x)) for x in (*row, last)] for row, last in zip(matrix, right, strict=True)]
    det = Fraction(1)
    for k in range(n):
        best = next(i for i in range(k, n) if work[i][k])
        work[k], work[best] = work[best], work[k]
        det *= work[k][k]
        for i in range(n):
            if i != k:
                factor = work[i][k] / work[k][k]
                work[i] = [a - factor * b for a, b in zip(work[i], work[k], strict=True)]
    return np.array([float(work[i][n] / work[i][i]) for i in range(n)]), abs(det)


@pytest.mark.parametrize(("n", "cond", "reach"), [(2, 1e5, 0), (2, 1e14, 100), (3, 1e8, 0), (5, 1e12, 200)])
def test_solutions_and_determinants_are_right_to_the_last_digits(n, cond, reach):
    matrix = matrix_of(n, cond, reach)
    right = matrix @ RNG.normal(size=n)
    truth, det = rational(matrix, right)
    inverse = ExactInverse(matrix)
    np.testing.assert_allclose(inverse(right[:, None])[:, 0], truth, rtol=1e-14)
    with mp.workdps(40):
        assert inverse.log_det == pytest.approx(float(mp.log(mp.mpf(det.numerator) / det.denominator)), rel=1e-15)
    map_of = dn.MatrixAffine(0.0, matrix)
    np.testing.assert_allclose(map_of.inverse(right), truth, rtol=1e-14)
    np.testing.assert_allclose(map_of.inv(right[None])[0], truth, rtol=1e-14)


def test_what_a_difference_rounds_away_is_carried_along():
    matrix, loc = matrix_of(3, 1e9), np.array([1e3, -1.0, 1e-3])
    y = np.array([0.1, 0.2, 0.3])
    with mp.workdps(50):
        truth = mp.lu_solve(mp.matrix(matrix.tolist()), mp.matrix(y.tolist()) - mp.matrix(loc.tolist()))
    np.testing.assert_allclose(dn.MatrixAffine(loc, matrix).inverse(y), [float(x) for x in truth], rtol=1e-14)


def test_members_of_a_batch_are_resolved_one_by_one():
    matrices = np.stack([matrix_of(3, 1e10), np.eye(3), matrix_of(3, 1e7)])
    law = dn.Product([dn.Normal(0, 1)] * 3) >> dn.MatrixAffine(0.0, matrices)
    points = (matrices @ RNG.normal(size=(3, 3, 1)))[..., 0]
    found = law.logpdf(np.stack([points, points]))
    for k, (matrix, point) in enumerate(zip(matrices, points, strict=True)):
        x, det = rational(matrix, point)
        truth = -0.5 * x @ x - 1.5 * np.log(2 * np.pi) - np.log(float(det))
        np.testing.assert_allclose(found[:, k], truth, rtol=1e-13)


def test_condition_numbers_are_those_of_scaled_matrices():
    assert condition(np.diag([1e-300, 1.0, 1e300])) == pytest.approx(1.0)
    assert condition(np.ones((2, 2))) > 1e15
    assert condition(np.zeros((2, 2))) == np.inf
    assert dn.MatrixAffine(0.0, matrix_of(3, 10.0)).resolved == {}
    assert dn.MatrixAffine(0.0, matrix_of(60, 10 * ILL)).resolved == {}


@pytest.mark.parametrize("cond", [1e6, 1e9, 1e13])
def test_triangular_systems_are_resolved_too(cond):
    factor = np.linalg.qr(matrix_of(4, cond))[1]
    law = dn.Product([dn.Normal(0, 1)] * 4) >> dn.TriangularAffine(0.0, factor, lower=False)
    point = factor @ RNG.normal(size=4)
    x, det = rational(factor, point)
    truth = -0.5 * x @ x - 2.0 * np.log(2 * np.pi) - np.log(float(det))
    assert law.logpdf(point) == pytest.approx(truth, rel=1e-13)


def normal_kl(mean_p, cov_p, mean_q, cov_q):
    """D of normal laws with matrices of mpmath."""
    shift = mean_p - mean_q
    inverse = cov_q**-1
    ratio = mp.log(mp.det(cov_q) / mp.det(cov_p))
    product = inverse * cov_p
    trace = sum(product[i, i] for i in range(product.rows))
    return float((trace - cov_p.rows + (shift.T * inverse * shift)[0] + ratio) / 2)


@pytest.mark.parametrize("cond", [1e3, 1e8, 1e14])
@pytest.mark.parametrize("n", [3, 5])
def test_divergences_of_normal_images_do_not_feel_the_matrix(n, cond):
    matrix, mean = matrix_of(n, cond), RNG.normal(size=n)
    seen, plain = (
        dn.MultivariateNormal(mean, np.eye(n)) >> dn.MatrixAffine(mean, matrix),
        dn.MultivariateNormal(np.zeros(n), np.eye(n)),
    )
    back = plain >> dn.MatrixAffine(mean, matrix).inv >> dn.Affine(0.5, 2.0)
    with mp.workdps(90):
        m, a = mp.matrix(mean.tolist()), mp.matrix(matrix.tolist())
        one = a * m + m, a * a.T
        other = mp.zeros(n, 1), mp.eye(n)
        inverse = a**-1
        third = mp.matrix([mp.mpf(0.5)] * n) - 2 * (inverse * m), 4 * inverse * inverse.T
        pairs = [(seen, one, plain, other), (plain, other, seen, one), (seen, one, back, third)]
        truths = [normal_kl(*left, *right) for _, left, _, right in pairs]
    for (p, _, q, _), truth in zip(pairs, truths, strict=True):
        found = dn.kl(p, q)
        assert abs(found.value - truth) <= found.error + 4e-16 * truth
        assert found.error <= 1e-9 * truth


def test_a_covariance_that_is_not_positive_has_no_divergence():
    rounded = dn.MultivariateNormal([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0 + 8e-15]])
    rounded = rounded.replace(cov=[[1.0, 1.0 + 2e-15], [1.0 + 2e-15, 1.0 + 3.9e-15]])
    rounded.singular = False
    found = elliptical.kl_by_digits(rounded, rounded >> dn.Affine(0.0, 2.0))
    assert found.status is Status.NOT_CONVERGED
    assert found.reason


def test_entropies_and_marginals_of_images_are_exact_too():
    matrix = matrix_of(3, 1e12)
    _, det = rational(matrix, np.ones(3))
    law = dn.MultivariateNormal(np.zeros(3), np.eye(3)) >> dn.MatrixAffine(0.0, matrix)
    assert law.entropy() == pytest.approx(1.5 * np.log(2 * np.pi * np.e) + np.log(float(det)), rel=1e-15)
    np.testing.assert_allclose(law.var(), np.sum(matrix**2, axis=-1), rtol=1e-14)
    found = dn.kl(law, dn.Product([dn.Normal(0.0, 1.0)] * 3))
    truth = 0.5 * (np.sum(matrix**2) - 3) - np.log(float(det))
    assert abs(found.value - truth) <= max(found.error, 1e-14 * truth)
