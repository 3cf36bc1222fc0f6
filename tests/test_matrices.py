"""Laws of matrices against mpmath and SciPy, their divergences, and what one row makes of them."""

import pickle

import numpy as np
import pytest
import scipy.stats as st
from mpmath import mp, mpf

import densities as dn
from densities.distributions import MatrixDistribution
from densities.domains import SPD
from densities.errors import ParameterError, ShapeError, UnsupportedOperationError
from densities.numerics import doubled
from densities.validation.independent import vector_checks

S = np.array([[2.0, 0.5], [0.5, 1.0]])
HILBERT = 1.0 / (1.0 + np.arange(5)[:, None] + np.arange(5))
SHEAR = np.array([[1.0, 2.0], [0.5, -1.0]])


def matrix(x):
    """A symmetric matrix of doubles for mpmath, by its lower triangle."""
    n = len(x)
    return mp.matrix([[mpf(float(x[max(i, j)][min(i, j)])) for j in range(n)] for i in range(n)])


def trace(x):
    return mp.fsum(x[i, i] for i in range(x.rows))


def log_gamma_n(n, a):
    return mpf(n * (n - 1)) / 4 * mp.log(mp.pi) + mp.fsum(mp.loggamma(a - mpf(k) / 2) for k in range(n))


def log_wishart(df, scale, x):
    """log f(X), and what X -> X⁻¹ makes of it, by determinants and inverses in 60 digits."""
    with mp.workdps(60):
        n, df, v, x = len(scale), mpf(df), matrix(scale), matrix(x)
        powers = (df - n - 1) / 2 * mp.log(mp.det(x)) - df / 2 * mp.log(mp.det(v))
        return float(powers - trace(v**-1 * x) / 2 - df * n / 2 * mp.log(2) - log_gamma_n(n, df / 2))


def log_inverse_wishart(df, scale, x):
    with mp.workdps(60):
        n, df, v, x = len(scale), mpf(df), matrix(scale), matrix(x)
        powers = df / 2 * mp.log(mp.det(v)) - (df + n + 1) / 2 * mp.log(mp.det(x))
        return float(powers - trace(v * x**-1) / 2 - df * n / 2 * mp.log(2) - log_gamma_n(n, df / 2))


def kl_wishart(a, v, b, u):
    with mp.workdps(80):
        n, a, b, seen = len(v), mpf(a), mpf(b), matrix(u) ** -1 * matrix(v)
        scales = a / 2 * (trace(seen) - n) - b / 2 * mp.log(mp.det(seen))
        ends = [((a - k) / 2, (b - k) / 2) for k in range(n)]
        return scales + mp.fsum(mp.loggamma(y) - mp.loggamma(x) - (y - x) * mp.psi(0, x) for x, y in ends)


# Degrees of freedom that are few, real and many; scales that are tiny, huge and ill-conditioned.
CASES = {
    "plain": (5.0, S),
    "few degrees of freedom": (2.0, S),
    "many degrees of freedom": (1e8, S),
    "tiny": (3.5, 1e-150 * S),
    "huge": (3.5, 1e150 * S),
    "ill-conditioned": (7.25, HILBERT),
    "one row": (2.5, [[3.0]]),
}


DENSITIES = {"wishart": (dn.Wishart, log_wishart), "inverse_wishart": (dn.InverseWishart, log_inverse_wishart)}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


@pytest.fixture(params=DENSITIES)
def kind(request):
    return DENSITIES[request.param]


def test_densities_are_those_of_the_formulas(case, kind):
    law, formula = kind[0](*case), kind[1]
    points = law.rvs(4, rng=1)
    truth = np.array([formula(*case, x) for x in points])
    np.testing.assert_allclose(law.logpdf(points), truth, rtol=0, atol=1e-13 * (1 + np.abs(truth).max()))


def test_entropies_are_means_over_draws(case, kind):
    law = kind[0](*case)
    surprise = -law.logpdf(law.rvs(2**10, rng=2))
    assert abs(law.entropy() - surprise.mean()) < 5 * surprise.std() / 2**5


def test_one_row_is_a_gamma_law():
    law, alike = dn.Wishart(2.5, [[3.0]]), dn.Gamma(1.25, 6.0)
    y = np.array([1e-200, 0.5, 3.0, 400.0])
    np.testing.assert_allclose(law.logpdf(y[:, None, None]), alike.logpdf(y), rtol=1e-14)
    for name in ("mean", "var", "entropy", "mode", "std"):
        np.testing.assert_allclose(np.ravel(getattr(law.replace(df=4.5), name)()), getattr(dn.Gamma(2.25, 6.0), name)())
    other = law.replace(df=3.5, scale=[[1.0]])
    assert dn.kl(law, other).value == pytest.approx(dn.kl(alike, dn.Gamma(1.75, 2.0)).value, rel=1e-14)
    assert dn.kl(law, other, method="quadrature").value == pytest.approx(dn.kl(law, other).value, rel=1e-10)


def test_one_row_is_an_inverse_gamma_law():
    law, alike = dn.InverseWishart(2.5, [[3.0]]), dn.InverseGamma(1.25, 1.5)
    y = np.array([1e-2, 0.5, 3.0, 1e200])
    np.testing.assert_allclose(law.logpdf(y[:, None, None]), alike.logpdf(y), rtol=1e-14)
    for df in (1.5, 4.0, 4.5):
        for name in ("mean", "var", "entropy", "mode", "std"):
            known = getattr(dn.InverseGamma(df / 2, 1.5), name)()
            np.testing.assert_allclose(np.ravel(getattr(law.replace(df=df), name)()), known, rtol=1e-14)
    other = dn.kl(law, law.replace(df=3.5, scale=[[1.0]]))
    assert other.value == pytest.approx(dn.kl(alike, dn.InverseGamma(1.75, 0.5)).value, rel=1e-14)


def test_moments_of_inverses():
    law, other = dn.InverseWishart(9.5, S), st.invwishart(9.5, S)
    assert dn.as_distribution(other).same_as(law)
    for name in ("mean", "var", "mode"):
        np.testing.assert_allclose(getattr(law, name)(), getattr(other, name)(), rtol=1e-14)
    np.testing.assert_allclose(np.einsum("ijij->ij", law.cov()), law.var(), rtol=1e-14)
    seen = np.cov(law.rvs(50_000, rng=3).reshape(-1, 4).T).reshape(2, 2, 2, 2)
    np.testing.assert_allclose(seen, law.cov(), atol=0.1 * np.max(law.var()))
    few = law.replace(df=3.0)
    np.testing.assert_array_equal(few.mean(), [[np.inf, np.nan], [np.nan, np.inf]])
    assert np.all(np.isinf(few.var())) and np.isinf(few.cov()[0, 1, 1, 0]) and np.isnan(few.cov()[0, 0, 0, 1])


def test_wishart_moments_and_draws_are_those_of_scipy():
    law, other = dn.Wishart(5, S), st.wishart(5, S)
    np.testing.assert_allclose(law.var(), other.var(), rtol=1e-14)
    np.testing.assert_allclose(law.mode(), other.mode(), rtol=1e-14)
    assert law.entropy() == pytest.approx(other.entropy(), rel=1e-13)
    assert dn.as_distribution(other).same_as(law)
    draws = law.rvs(50_000, rng=3)
    flat = draws.reshape(-1, 4)
    np.testing.assert_allclose(draws.mean(axis=0), law.mean(), atol=0.15)
    np.testing.assert_allclose(np.cov(flat.T).reshape(2, 2, 2, 2), law.cov(), atol=0.05 * np.max(law.var()))
    np.testing.assert_allclose(np.einsum("ijij->ij", law.cov()), law.var(), rtol=1e-14)
    assert dn.Wishart(5, 1e160 * S).std()[0, 0] == pytest.approx(np.sqrt(40.0) * 1e160)


PAIRS = {
    "apart": ((5.0, S), (6.5, [[1.0, 0.1], [0.1, 1.0]])),
    "few against many": ((1.02, S), (1e6, S)),
    "nearly equal scales": ((5.0, HILBERT), (5.0, HILBERT * (1 + 2.0**-40))),
    "nearly equal degrees": ((1e8, S), (1e8 + 2.0**-6, S)),
    "equal means": ((4.0, S), (4.0 * (1 + 2.0**-30), S / (1 + 2.0**-30))),
    "tiny": ((4.0, 1e-150 * S), (3.0, 1.5e-150 * S)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_wishart_divergences(name):
    p, q = (dn.Wishart(*parameters) for parameters in PAIRS[name])
    for first, second in ((p, q), (q, p)):
        (a, v), (b, u) = (law.params.values() for law in (first, second))
        truth = kl_wishart(a, v, b, u)
        for found in (dn.kl(first, second), dn.kl(dn.InverseWishart(a, u), dn.InverseWishart(b, v))):
            assert found.method == "closed"
            assert abs(found.value - truth) <= found.error
            assert abs(found.value - truth) <= 1e-11 * truth


def test_divergences_are_the_same_in_other_coordinates():
    p, q = ((5.0, S), (4.0, S + np.eye(2)))
    seen = [dn.Wishart(df, SHEAR @ scale @ SHEAR.T) for df, scale in (p, q)]
    p, q = dn.Wishart(*p), dn.Wishart(*q)
    assert dn.kl(*seen).value == pytest.approx(dn.kl(p, q).value, rel=1e-13)
    assert dn.divergence("renyi", *seen, order=0.3).value == pytest.approx(
        dn.divergence("renyi", p, q, order=0.3).value, rel=1e-13
    )


def test_closed_forms_are_means_over_draws():
    p, q = dn.Wishart(7.0, np.eye(3)), dn.Wishart(8.5, np.eye(3) + 0.2)
    draws = p.rvs(2**12, rng=1)
    t = p.logpdf(draws) - q.logpdf(draws)
    assert abs(t.mean() - dn.kl(p, q).value) < 5 * t.std() / 2**6
    half = dn.divergence("bhattacharyya", p, q).value
    assert abs(np.exp(-t / 2).mean() - np.exp(-half)) < 5 * np.exp(-t / 2).std() / 2**6
    swapped = dn.InverseWishart(7.0, np.eye(3) + 0.2), dn.InverseWishart(8.5, np.eye(3))
    assert dn.divergence("bhattacharyya", *swapped).value == pytest.approx(half, rel=1e-13)
    assert dn.divergence("renyi", p, q, order=40.0).value == np.inf
    np.testing.assert_allclose(dn.divergence("renyi", p, q, order=1 - 1e-9).value, dn.kl(p, q).value, rtol=1e-7)
    assert dn.kl(p, dn.Wishart(7.0, np.eye(3) + 0.2), method="quadrature").reason


def test_wishart_laws_against_inverse_ones():
    """One row, the inverses, means over draws, and 1e6 degrees of freedom, where terms of 1e7 leave 6e-5."""
    one = dn.kl(dn.InverseWishart(3.5, [[1.0]]), dn.Wishart(3.0, [[2.0]]))
    assert one.value == pytest.approx(dn.kl(dn.InverseGamma(1.75, 0.5), dn.Gamma(1.5, 4.0)).value, rel=1e-13)
    p, q = dn.Wishart(12.0, np.eye(2) + 0.2), dn.InverseWishart(8.0, 30 * S)
    draws = p.rvs(2**12, rng=1)
    t = p.logpdf(draws) - q.logpdf(draws)
    found = dn.kl(p, q)
    assert abs(t.mean() - found.value) < 5 * t.std() / 2**6
    inverses = dn.InverseWishart(12.0, np.linalg.inv(np.eye(2) + 0.2)), dn.Wishart(8.0, np.linalg.inv(30 * S))
    assert dn.kl(*inverses).value == pytest.approx(found.value, rel=1e-12)
    p, q = dn.Wishart(1e6, 1e-6 * S), dn.InverseWishart(1e6, 1e6 * S)
    found = dn.kl(p, q)
    with mp.workdps(60):
        (a, v), (b, u) = ((mpf(df), matrix(law.params["scale"])) for df, law in ((1e6, p), (1e6, q)))
        ends = [((a - k) / 2, (b - k) / 2) for k in range(2)]
        truth = sum(mp.loggamma(y) - mp.loggamma(x) + (a + b) / 2 * mp.psi(0, x) for x, y in ends) - a
        truth += b / 2 * (mp.log(mp.det(v) / mp.det(u)) + 4 * mp.log(2)) + trace(v**-1 * u) / (2 * (a - 3))
    assert abs(found.value - truth) <= found.error <= 1e-12 * truth < 1e-3
    assert dn.kl(dn.Wishart(3.0, S), q).value == np.inf and dn.kl(dn.Wishart(3.0, S), q).reason


@pytest.mark.slow
def test_monte_carlo_agrees_with_closed_forms():
    p, q = dn.Wishart(7.0, np.eye(3)), dn.Wishart(8.5, np.eye(3) + 0.2)
    found, truth = dn.kl(p, q, method="montecarlo", n=2**12, rng=1), dn.kl(p, q)
    assert abs(found.value - truth.value) < 5 * found.error < 0.05
    found, truth = (dn.divergence("hellinger", p, q, method=m, n=2**12, rng=1) for m in ("montecarlo", "closed"))
    assert abs(found.value - truth.value) < 5 * found.error < 0.05


@pytest.mark.slow
def test_nodes_whose_matrices_round_to_singular_ones():
    """Of two rows the divergence is an integral over three numbers, some of them tiny beside the others."""
    p, q = dn.InverseWishart(6.0, S), dn.InverseWishart(7.0, np.eye(2))
    found = dn.kl(p, q, method="quadrature")
    assert abs(found.value - dn.kl(p, q).value) < found.error < 1e-11
    inner = dn.kl(dn.Wishart(2.5, [[1.0]]), dn.InverseWishart(3.0, [[2.0]]))
    assert inner.value == pytest.approx(dn.kl(dn.ChiSquared(2.5), dn.InverseGamma(1.5, 1.0)).value, rel=1e-11)


def test_points_that_are_no_covariances_have_no_density():
    law = dn.Wishart(5, S)
    points = np.array([S, [[1, 2], [2, 1]], [[1, 0.5], [0.4, 1]], [[np.nan, 0], [0, 1]], [[np.inf, 0], [0, 1]], 0 * S])
    found = law.logpdf(points)
    assert np.isfinite(found[0])
    np.testing.assert_array_equal(found[1:], [-np.inf, -np.inf, np.nan, -np.inf, -np.inf])
    assert law.pdf(S.astype(np.float32)).dtype == np.float32
    singular = np.array([[1.0, 1.0], [1.0, 1.0]])
    assert law.pdf(singular) == 0.0 and singular not in SPD(2) and S in SPD(2)
    assert law.pdf(singular + [[0, 0], [0, np.spacing(1.0)]]) > 0.0
    for wrong in (1.0, [1.0, 2.0], np.eye(3)):
        with pytest.raises(ShapeError, match="points of shape"):
            law.logpdf(wrong)
    far = dn.Wishart(5.5, 1e150 * S), 1e-200 * np.eye(2)  # their quotient is below the doubles
    assert far[0].logpdf(far[1]) == pytest.approx(log_wishart(5.5, 1e150 * S, far[1]), rel=1e-14)
    batch = dn.Wishart([4.0, 5.0], [S, S + 1.0])
    assert batch.logpdf(S).shape == (2,) and batch.cov().shape == (2, 2, 2, 2, 2) and batch.entropy().shape == (2,)
    assert batch.logpdf(S)[0] == pytest.approx(dn.Wishart(4.0, S).logpdf(S), rel=1e-14)
    np.testing.assert_allclose(dn.kl(batch, law).value[0], dn.kl(dn.Wishart(4.0, S), law).value, rtol=1e-14)
    assert pickle.loads(pickle.dumps(batch)).same_as(batch)


def test_marginals_and_multiples():
    law = dn.Wishart(5, S)
    assert law.marginal(0, 0).same_as(dn.Gamma(2.5, 4.0)) and law.marginal(0, 1) is None
    assert (2 * law / 4).same_as(law.replace(scale=S / 2))
    inverse = dn.InverseWishart(5, S)
    assert inverse.marginal(1, 1).same_as(dn.InverseGamma(2.0, 0.5)) and inverse.marginal(0, 1) is None
    for image in (lambda x: -x, lambda x: x + 1, np.exp, lambda x: SHEAR @ x, lambda x: np.array([1.0, 2.0]) * x):
        with pytest.raises(UnsupportedOperationError, match="wishart laws have images"):
            image(law)
    with pytest.raises(UnsupportedOperationError, match="law of matrices"):
        law.cdf(S)
    with pytest.raises(UnsupportedOperationError, match="df > 3"):
        law.replace(df=3).mode()


def test_wrong_parameters_are_refused():
    for arguments, error, text in (
        ((1.0, S), ParameterError, "more than 1"),
        ((5.0, [[1, 2], [2, 1]]), ParameterError, "positive"),
        ((5.0, [[1, 1], [1, 1]]), ParameterError, "positive definite"),
        ((5.0, [[1, 0.5], [0, 1]]), ParameterError, "symmetric"),
        ((5.0, [1, 1]), ShapeError, "n, n"),
        (([5.0, 6.0, 7.0], [S, S]), ShapeError, "broadcast"),
    ):
        with pytest.raises(error, match=text):
            dn.Wishart(*arguments)


# ---- factors of correlation matrices ----

LKJ = {"two rows": (2, 1.5), "uniform": (3, 1.0), "many": (5, 1e8), "little": (4, 0.05), "plain": (4, 2.5)}


def rows_of(n, concentration):
    """(β, h) of the rows after the first: L_ii² is Beta(β, h)."""
    return [(mpf(concentration) + mpf(n - 1 - i) / 2, mpf(i) / 2) for i in range(1, n)]


def log_factors(n, concentration, x):
    """log f with the diagonal as the rest of its row has it, or as it stands where that is known better."""
    with mp.workdps(60):
        total = mpf(0)
        for i, (b, h) in enumerate(rows_of(n, concentration), 1):
            own = mpf(float(x[i, i]))
            log = mp.log(own) if own < 0.5 else mp.log1p(-mp.fsum(mpf(float(z)) ** 2 for z in x[i, :i])) / 2
            total += (2 * b - 2) * log + mp.loggamma(b + h) - mp.loggamma(b) - h * mp.log(mp.pi)
        return float(total)


@pytest.mark.parametrize("name", LKJ)
def test_factors_of_correlations(name):
    n, concentration = LKJ[name]
    law = dn.LKJCholesky(n, concentration)
    points = law.rvs(4, rng=1)
    truth = [log_factors(n, concentration, x) for x in points]
    np.testing.assert_allclose(law.logpdf(points), truth, rtol=1e-14, atol=1e-14)
    with mp.workdps(60):
        rows = rows_of(n, concentration)
        constant = sum(mp.loggamma(b) - mp.loggamma(b + h) + h * mp.log(mp.pi) for b, h in rows)
        entropy = constant + sum((b - 1) * (mp.psi(0, b + h) - mp.psi(0, b)) for b, h in rows)
        means = [
            mp.exp(mp.loggamma(b + 0.5) + mp.loggamma(b + h) - mp.loggamma(b) - mp.loggamma(b + h + 0.5))
            for b, h in rows
        ]
        spreads = [b / (b + h) - m * m for (b, h), m in zip(rows, means, strict=True)]
    assert law.entropy() == pytest.approx(float(entropy), rel=1e-14, abs=1e-14)
    np.testing.assert_allclose(np.diagonal(law.mean())[1:], list(map(float, means)), rtol=1e-14)
    np.testing.assert_allclose(np.diagonal(law.var())[1:], list(map(float, spreads)), rtol=1e-12)
    np.testing.assert_allclose(law.var()[1, 0], law.marginal(1, 0).var(), rtol=1e-13)
    np.testing.assert_allclose(np.einsum("ijij->ij", law.cov()), law.var())


@pytest.mark.parametrize(
    ("p", "q"), [(1.5, 2.5), (1e-3, 1e-3 * (1 + 2.0**-30)), (1e8, 1e8 + 1.0), (0.3, 1e7), (1e7, 0.3)]
)
def test_divergences_of_factors(p, q):
    for n in (2, 4):
        found = dn.kl(dn.LKJCholesky(n, p), dn.LKJCholesky(n, q))
        with mp.workdps(80):
            step, rows = mpf(q) - mpf(p), rows_of(n, p)
            gains = [
                mp.loggamma(b + h) - mp.loggamma(b) - mp.loggamma(b + step + h) + mp.loggamma(b + step) for b, h in rows
            ]
            truth = sum(gains) + step * sum(mp.psi(0, b + h) - mp.psi(0, b) for b, h in rows)
        assert found.method == "closed"
        assert abs(found.value - truth) <= found.error and abs(found.value - truth) <= 1e-13 * truth


def test_two_rows_are_a_shifted_beta_law():
    law, alike = dn.LKJCholesky(2, 1.5), 2 * dn.Beta(1.5, 1.5) - 1
    r = np.linspace(-0.95, 0.95, 9)
    points = np.array([[[1.0, 0.0], [z, np.sqrt(1 - z * z)]] for z in r])
    np.testing.assert_allclose(law.logpdf(points), alike.logpdf(r), rtol=1e-14)
    assert (
        law.marginal(1, 0).same_as(alike) and law.marginal(0, 1).same_as(dn.Delta(0)) and law.marginal(0, 0).mean() == 1
    )
    assert law.entropy() == pytest.approx(alike.entropy(), rel=1e-14)
    found = dn.kl(law, dn.LKJCholesky(2, 4.0), method="quadrature")
    assert found.value == pytest.approx(dn.kl(law, dn.LKJCholesky(2, 4.0)).value, rel=1e-12)
    half = dn.divergence("bhattacharyya", law, dn.LKJCholesky(2, 4.0)).value
    assert half == pytest.approx(dn.divergence("bhattacharyya", alike, 2 * dn.Beta(4, 4) - 1).value, rel=1e-10)


def test_draws_of_factors_follow_their_law():
    """Factors drawn by rows and by the vine; all correlations have one law."""
    law = dn.LKJCholesky(4, 0.8)
    draws = law.rvs(4_000, rng=4)
    part = law.parts()[0]
    u = np.random.default_rng(5).random((1_000, 6))
    for factors in (draws, part.forward(part.points(u))[0]):
        assert np.all(law.support.contains(factors))
        np.testing.assert_allclose(factors.mean(axis=0), law.mean(), atol=0.08)
        np.testing.assert_allclose(factors.var(axis=0), law.var(), atol=0.08)
        correlations = factors @ np.swapaxes(factors, -1, -2)
        for i, j in ((1, 0), (2, 1), (3, 2)):
            assert st.kstest(correlations[:, i, j], law.marginal(1, 0).cdf).pvalue > 1e-4
    y, log_det = part.forward(part.points(u[:50]))
    np.testing.assert_allclose(part.backward(y), part.points(u[:50]), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(part.log_density(part.points(u[:50])) - log_det, law.logpdf(y), rtol=1e-11, atol=1e-11)


def test_points_that_are_no_factors():
    law = dn.LKJCholesky(2, 1.5)
    c = np.sqrt(0.75)
    wrong = [[[1, 0], [0.5, 0.5]], [[1, 0.1], [0.5, c]], [[1, 0], [0.5, -c]], [[-1, 0], [0.5, c]], [[1, 0], [1, 0]]]
    np.testing.assert_array_equal(law.pdf(np.array(wrong, dtype=float)), 0.0)
    assert np.isnan(law.pdf([[1, 0], [np.nan, c]])) and law.pdf([[1, 0], [0.5, c]]) > 0
    assert law.pdf(np.array([[1, 0], [0.5, c]], dtype=np.float32)) > 0 and np.eye(2, dtype=int) in law.support
    batch = dn.LKJCholesky(3, [1.0, 2.0])
    assert batch.entropy().shape == (2,) and batch.cov().shape == (2, 3, 3, 3, 3)
    np.testing.assert_array_equal(dn.LKJCholesky(3, [1.5, 2.0]).mode(), np.stack([np.eye(3)] * 2))
    with pytest.raises(UnsupportedOperationError, match="concentration > 1"):
        batch.mode()
    with pytest.raises(ShapeError, match="one whole number"):
        dn.LKJCholesky([2, 3], 1.0)
    with pytest.raises(ParameterError, match="n"):
        dn.LKJCholesky(1, 1.0)


def test_mass_and_draws_are_checked_in_coordinates_without_bounds():
    def passed(law):
        return [check.passed for check in vector_checks("p", law, n=2**12, level=1e-6, rng=0)]

    for law in (dn.Wishart(7.0, HILBERT), dn.InverseWishart(5.0, 1e-150 * S), dn.LKJCholesky(5, 0.3)):
        assert passed(law) == [True, True]
    assert passed(dn.Wishart(1.1, S)) == [None, None]  # some draws round to singular matrices

    class Heavier(dn.Wishart):
        def raw_logpdf(self, x):
            return super().raw_logpdf(x) + 0.5

    assert passed(Heavier(5.0, S))[0] is False


def test_a_law_of_matrices_needs_summaries():
    with pytest.raises(NotImplementedError):
        MatrixDistribution().var()
    assert MatrixDistribution().marginal(0, 0) is None and MatrixDistribution().multiple(dn.Scale(2)) is None


def test_factors_in_twice_the_digits():
    """L Lᵀ = H to 30 digits, and L⁻¹ H L⁻ᵀ = 1 as well, for a matrix of condition 1e13."""
    n = 9
    hilbert = 1.0 / (1.0 + np.arange(n)[:, None] + np.arange(n))
    factor, rest = doubled.cholesky(hilbert)
    with mp.workdps(60):
        exact = mp.cholesky(matrix(hilbert))
        for i in range(n):
            for j in range(i + 1):
                assert abs(mpf(factor[i, j]) + mpf(rest[i, j]) - exact[i, j]) < mpf(10) ** -18 * abs(exact[j, j])
    solved, _ = doubled.forward((factor, rest), (factor, rest))
    np.testing.assert_allclose(solved, np.eye(n), atol=1e-17)
    with np.errstate(invalid="ignore"):
        assert np.isnan(doubled.cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))[0][1, 1])
