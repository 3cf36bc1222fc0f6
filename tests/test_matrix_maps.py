"""Maps onto and between matrices: against mpmath, by laws that they make of others, and what they refuse."""

import numpy as np
import pytest
from mpmath import mp, mpf

import densities as dn

S = np.array([[2.0, 0.5], [0.5, 1.0]])
SHEAR = np.array([[1.0, 2.0], [0.5, -1.0]])
X = dn.MultivariateNormal([0.1, -0.2, 0.3], [[0.5, 0.1, 0.0], [0.1, 0.4, 0.1], [0.0, 0.1, 0.3]])
W = dn.Wishart(5.0, S)


# ---- the maps in many digits, between free entries ----


def lower(entries, n, k):
    rows, x = mp.zeros(n, n), iter(entries)
    for i in range(n):
        for j in range(i + 1 + k):
            rows[i, j] = next(x)
    return rows


def listed(y, k):
    return [y[i, j] for i in range(y.rows) for j in range(i + 1 + k)]


def symmetric(entries, n):
    rows = lower(entries, n, 0)
    return mp.matrix([[rows[max(i, j), min(i, j)] for j in range(n)] for i in range(n)])


def log_cholesky(x, n):
    factor = lower(x, n, 0)
    for i in range(n):
        factor[i, i] = mp.exp(factor[i, i])
    return listed(factor * factor.T, 0)


def correlation_factor(x, n):
    z, y = lower(x, n, -1), []
    for i in range(n):
        left = mpf(1)
        for j in range(i):
            y.append(mp.tanh(z[i, j]) * left)
            left *= mp.sech(z[i, j])
    return y


def matrix_inverse(x, n):
    return listed(symmetric(x, n) ** -1, 0)


def congruence(x, n):
    a = mp.matrix(SHEAR.tolist())
    return listed(a * symmetric(x, n) * a.T, 0)


def determinant(function, x, n):
    """log|det| by central differences at 500 digits."""
    h, columns = mpf(10) ** -60, []
    for j in range(len(x)):
        up, down = ([v + sign * h * (i == j) for i, v in enumerate(x)] for sign in (1, -1))
        columns.append([(a - b) / (2 * h) for a, b in zip(function(up, n), function(down, n), strict=True)])
    return mp.log(abs(mp.det(mp.matrix(columns))))


CASES = {
    "log_cholesky of one row": (dn.LogCholesky(), log_cholesky, 1, [0.7]),
    "log_cholesky": (dn.LogCholesky(), log_cholesky, 3, [0.3, -1.2, 0.5, 2.0, 0.1, -0.7]),
    "log_cholesky far out": (dn.LogCholesky(), log_cholesky, 2, [-150.0, 1e-60, 100.0]),
    "correlation_factor": (dn.CorrelationFactor(), correlation_factor, 3, [0.3, -1.2, 0.5]),
    "correlation_factor far out": (dn.CorrelationFactor(), correlation_factor, 4, [30.0, -20.0, 1e-9, 0.0, 3.0, 15.0]),
    "matrix_inverse": (dn.MatrixInverse(), matrix_inverse, 3, [2.0, 0.5, 1.0, -0.3, 0.1, 3.0]),
    "congruence": (dn.Congruence(SHEAR), congruence, 2, [2.0, 0.5, 1.0]),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_determinants(name):
    t, exactly, n, free = CASES[name]
    x = t.domain.from_free(np.array(free))
    y, log_det = t.forward_and_log_det(x)
    with mp.workdps(500):
        exact = [mpf(v) for v in free]
        true, true_log = list(map(float, exactly(exact, n))), float(determinant(exactly, exact, n))
    np.testing.assert_allclose(t.codomain.free_entries(y), true, rtol=1e-13)
    assert y in t.codomain and log_det == pytest.approx(true_log, rel=1e-13, abs=1e-13)
    back, its_log = t.inverse_and_log_det(y)
    np.testing.assert_allclose(back, x, rtol=1e-12, atol=1e-13)
    assert its_log == pytest.approx(-log_det, rel=1e-12, abs=1e-12)
    np.testing.assert_array_equal(t.inv(np.stack([y, y]))[1], back)


def test_factors_of_matrices_that_doubles_hardly_tell_from_singular_ones():
    """A matrix of Hilbert, condition 1e12, of tiny entries as well: its factor is known to the digits that the entries give."""
    n = 9
    for size in (1.0, 1e-280):
        hilbert = size / (1.0 + np.arange(n)[:, None] + np.arange(n))
        x, log_det = dn.LogCholesky().inverse_and_log_det(hilbert)
        with mp.workdps(700):
            factor = mp.cholesky(mp.matrix([[mpf(hilbert[max(i, j), min(i, j)]) for j in range(n)] for i in range(n)]))
            true = [mp.log(factor[i, i]) if i == j else factor[i, j] for i in range(n) for j in range(i + 1)]
            true_log = -n * mp.log(2) - mp.fsum((n + 1 - i) * mp.log(factor[i, i]) for i in range(n))
        np.testing.assert_allclose(x, list(map(float, true)), rtol=1e-14)
        assert log_det == pytest.approx(float(true_log), rel=1e-14)


# ---- laws ----


def test_inverses_and_congruences_of_wishart_laws_are_named():
    points = W.rvs(6, rng=0)
    inverse, sheared = W >> dn.MatrixInverse(), W >> dn.Congruence(SHEAR)
    named = dn.InverseWishart(5.0, np.linalg.inv(S)), dn.Wishart(5.0, SHEAR @ S @ SHEAR.T)
    for image, law in zip((inverse, sheared), named, strict=True):
        y = image.transform(points)
        np.testing.assert_allclose(image.logpdf(y), law.logpdf(y), rtol=1e-12)
        assert type(image.simplify()) is type(law)
        np.testing.assert_allclose(image.simplify().params["scale"], law.params["scale"], rtol=1e-15)
        np.testing.assert_allclose(image.entropy(), law.entropy(), rtol=1e-12)
        np.testing.assert_array_equal(
            image.logpdf([[[1.0, 2.0], [2.0, 1.0]], [[np.nan, 0], [0, 1]]]), [-np.inf, np.nan]
        )
    assert (named[0] >> dn.MatrixInverse()).simplify().same_as(dn.Wishart(5.0, np.linalg.inv(named[0].params["scale"])))
    assert (inverse >> dn.MatrixInverse()) is W and dn.parse(str(inverse)).same_as(inverse)
    found = dn.kl(inverse, dn.InverseWishart(6.0, S))
    assert found.method == "closed"
    assert found.value == pytest.approx(dn.kl(named[0], dn.InverseWishart(6.0, S)).value, rel=1e-14)
    assert dn.kl(inverse, W.replace(df=6.0) >> dn.MatrixInverse()).value == dn.kl(W, W.replace(df=6.0)).value
    flat = W >> dn.Congruence(
        np.diag([1.0, 1e-7]) @ SHEAR
    )  # no parameters of such a law are known to their last digits
    assert (
        flat.simplify().name == "wishart"
        and (W >> dn.Congruence([[1.0, 1.0], [1.0, 1.0 + 1e-9]])).simplify().name == ""
    )
    batch = dn.Wishart([4.0, 5.0], [S, S + 1.0]) >> dn.MatrixInverse()
    np.testing.assert_allclose(batch.logpdf(S)[0], (dn.Wishart(4.0, S) >> dn.MatrixInverse()).logpdf(S), rtol=1e-14)
    assert batch.simplify().batch_shape == (2,)


@pytest.mark.parametrize("n", [2, 4])
def test_independent_partial_correlations_make_the_factors_of_lewandowski_and_others(n):
    columns = [j for i in range(1, n) for j in range(i)]
    shapes = [1.3 + 0.5 * (n - 2 - j) for j in columns]
    made = dn.Product([dn.Beta(b, b) >> dn.Logit() >> dn.Scale(0.5) for b in shapes]) >> dn.CorrelationFactor()
    law = dn.LKJCholesky(n, 1.3)
    points = law.rvs(8, rng=1)
    np.testing.assert_allclose(made.logpdf(points), law.logpdf(points), rtol=1e-11, atol=1e-11)
    assert made.carrier == law.carrier and np.all(law.support.contains(made.rvs(50, rng=0)))
    seen, x = dn.reparametrise(law, dn.RealVector(len(shapes))), made.transform.inv(points)
    np.testing.assert_allclose(seen.logpdf(x), made.base.logpdf(x), rtol=1e-11)
    if n == 2:
        found = dn.kl(made, dn.LKJCholesky(2, 2.0))
        assert abs(found.value - dn.kl(law, dn.LKJCholesky(2, 2.0)).value) <= found.error < 1e-9


def test_normal_laws_on_log_factors():
    law = X >> dn.LogCholesky()
    assert law.event_shape == (2, 2) and dn.check_distribution(law, rng=0).ok
    assert dn.kl(law, dn.reparametrise(X, dn.SPD(2))).value == 0.0
    seen = [dn.reparametrise(one, dn.RealVector(3)) for one in (W, W.replace(df=6.0))]
    assert dn.kl(*seen).value == dn.kl(W, W.replace(df=6.0)).value
    assert (2 * law).logpdf(2 * S) == pytest.approx(law.logpdf(S) - 3 * np.log(2), rel=1e-13)
    one = dn.Product([dn.Normal(0.3, 0.7)]) >> dn.LogCholesky()
    found, true = dn.kl(one, dn.Wishart(3.0, [[2.0]])), dn.kl(dn.LogNormal(0.6, 1.4), dn.Gamma(1.5, 4.0))
    assert abs(found.value - true.value) <= found.error + true.error < 1e-9


def test_moments_of_factors():
    law = dn.Product([dn.Normal()]) >> dn.CorrelationFactor()
    square = dn.expect(lambda z: np.tanh(z) ** 2, dn.Normal()).value
    assert law.mean()[0, 0] == pytest.approx(1.0, rel=1e-14) and law.mean()[0, 1] == law.var()[0, 1] == 0.0
    assert law.var()[1, 0] == pytest.approx(square, rel=1e-10) and law.std()[1, 0] == pytest.approx(square**0.5)
    assert law.var()[1, 1] == pytest.approx(1.0 - square - law.mean()[1, 1] ** 2, rel=1e-9)


@pytest.mark.slow
def test_divergences_are_the_same_on_vectors_and_on_matrices():
    found, other = dn.kl(X >> dn.LogCholesky(), W), dn.kl(X, dn.reparametrise(W, dn.RealVector(3)))
    assert abs(found.value - other.value) <= found.error + other.error < 1e-9


@pytest.mark.slow
def test_moments_of_images():
    law = dn.MultivariateNormal([0.0, 0.0, 0.0], 0.01 * np.eye(3)) >> dn.LogCholesky()
    mean = (X >> dn.LogCholesky()).mean()
    # L_11² and L_11 L_21 are products of log-normal and normal variables
    assert mean[0, 0] == pytest.approx(np.exp(2 * 0.1 + 2 * 0.5), rel=1e-10)
    assert mean[1, 0] == mean[0, 1] == pytest.approx((-0.2 + 0.1) * np.exp(0.1 + 0.25), rel=1e-10)
    cov, draws = law.cov(), law.rvs(2**16, rng=0)
    seen = np.cov(draws.reshape(-1, 4).T).reshape(2, 2, 2, 2)
    np.testing.assert_allclose(cov, seen, atol=1e-3)
    assert cov[0, 0, 0, 0] == pytest.approx(np.exp(0.08) - np.exp(0.04), rel=1e-9)
    np.testing.assert_allclose(law.std() ** 2, np.einsum("ijij->ij", cov))


@pytest.mark.slow
def test_matrices_that_round_to_singular_ones_lie_inside():
    """No node at which X⁻¹ loses its positive pivots makes the divergence infinite."""
    inverse, q = W >> dn.MatrixInverse(), dn.InverseWishart(6.0, S)
    found = dn.kl(inverse, q, method="quadrature")
    assert abs(found.value - dn.kl(inverse, q).value) <= found.error < 1e-9


def test_sets_that_images_fill():
    assert (W >> dn.MatrixInverse()).support == (X >> dn.LogCholesky()).support == dn.SPD(2)
    part = dn.Product([dn.Exponential(1.0)] * 3) >> dn.LogCholesky()
    assert 2.0 * S in part.support and 0.5 * np.eye(2) not in part.support and part.logpdf(0.5 * np.eye(2)) == -np.inf


def test_between_sets_of_matrices_and_vectors():
    for source, target, steps in (
        (dn.RealVector(3), dn.SPD(2), "log_cholesky"),
        (dn.CorrelationCholesky(3), dn.SPD(2), "<inverse of correlation_factor> >> log_cholesky"),
        (dn.SPD(2), dn.Simplex(4), "<inverse of log_cholesky> >> stick_breaking"),
        (dn.SPD(2), dn.SPD(2), "identity"),
    ):
        assert str(dn.between(source, target)) == steps


REFUSED = {
    "no triangle": (lambda: X.among([0, 1]) >> dn.LogCholesky(), dn.ShapeError, r"n\(n \+ 1\)/2 entries"),
    "no triangle of correlations": (lambda: dn.CorrelationFactor()([0.1, 0.2]), dn.ShapeError, r"n\(n - 1\)/2 entries"),
    "a matrix for a vector": (lambda: W >> dn.LogCholesky(), dn.UnsupportedOperationError, "map of matrices"),
    "a vector for a matrix": (lambda: X >> dn.MatrixInverse(), dn.ShapeError, "law of vectors"),
    "matrices of another size": (lambda: W >> dn.Congruence(np.eye(3)), dn.ShapeError, "matrices with 3 rows, got 2"),
    "factors for positive ones": (lambda: dn.LKJCholesky(2, 1.0) >> dn.MatrixInverse(), dn.SupportError, "positive"),
    "positive ones for factors": (lambda: W >> dn.CorrelationFactor().inv, dn.SupportError, "factors of"),
    "a singular matrix": (lambda: dn.Congruence([[1.0, 1.0], [1.0, 1.0]]), dn.ParameterError, "not singular"),
    "a map of entries": (
        lambda: W >> dn.Congruence(SHEAR) >> dn.Exp(),
        dn.UnsupportedOperationError,
        "map of matrices",
    ),
    "a multiple of factors": (
        lambda: 2 * (dn.Product([dn.Normal()]) >> dn.CorrelationFactor()),
        dn.UnsupportedOperationError,
        "positive number",
    ),
    "other numbers of entries": (lambda: dn.between(dn.RealVector(2), dn.SPD(2)), dn.UnsupportedOperationError, "R.2"),
    "a number": (lambda: dn.between(dn.Real(), dn.SPD(1)), dn.UnsupportedOperationError, "dimensions differ"),
    "no number of rows": (lambda: dn.between(dn.RealVector(3), dn.SPD()), dn.ShapeError, "of one length"),
    "no volume": (
        lambda: (dn.Dirichlet([1, 1, 1]) >> dn.LogCholesky()).logpdf(S),
        dn.UnsupportedOperationError,
        "no volume",
    ),
    "no entropy": (
        lambda: (dn.Dirichlet([1, 1, 1]) >> dn.LogCholesky()).entropy(),
        dn.UnsupportedOperationError,
        "entropy",
    ),
    "not positive": (lambda: dn.MatrixInverse()([[1.0, 2.0], [2.0, 1.0]]), dn.DomainError, "positive definite"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(name):
    make, error, words = REFUSED[name]
    with pytest.raises(error, match=words):
        make()
