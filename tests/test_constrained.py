"""Maps onto the simplex and onto ascending vectors, and permutations: against mpmath, identities and laws with names."""

import numpy as np
import pytest
from mpmath import mp, mpf

import densities as dn

X = dn.MultivariateNormal([0.3, -0.5], [[1.0, 0.4], [0.4, 0.7]])
SHARES = [pytest.param(t(), id=t.name) for t in (dn.SoftmaxCentered, dn.StickBreaking)]
POINTS = [
    [0.0, 0.0, 0.0],
    [1.0, -2.0, 0.5],
    [20.0, 20.0, 20.0],
    [-40.0, 40.0, 3.0],
    [300.0, -300.0, 0.1],
    [700.0, 699.0, -0.5],
]


def softmax(x):
    top = [mp.exp(v) for v in x] + [mpf(1)]
    return [v / sum(top) for v in top]


def stick(x):
    left, shares = mpf(1), []
    for k, v in enumerate(x):
        share = 1 / (1 + (len(x) - k) * mp.exp(-v))
        shares.append(left * share)
        left *= 1 - share
    return [*shares, left]


def ascending(x):
    y = [x[0]]
    for v in x[1:]:
        y.append(y[-1] + mp.exp(v))
    return y


REFERENCE = {"softmax_centered": softmax, "stick_breaking": stick, "ascending": ascending}


def determinant(function, x):
    """log|det| of the first len(x) entries by central differences at 900 digits."""
    h, n = mpf(10) ** -300, len(x)
    rows = []
    for j in range(n):
        up, down = ([v + sign * h * (i == j) for i, v in enumerate(x)] for sign in (1, -1))
        a, b = function(up), function(down)
        rows.append([(a[i] - b[i]) / (2 * h) for i in range(n)])
    return mp.log(abs(mp.det(mp.matrix(rows))))


@pytest.mark.parametrize("name", REFERENCE)
@pytest.mark.parametrize("x", POINTS, ids=str)
def test_values_and_determinants_against_mpmath(name, x):
    t = dn.transforms.get(name)()
    with mp.workdps(900):
        exact = [mpf(v) for v in x]
        true, log_det = REFERENCE[name](exact), float(determinant(REFERENCE[name], exact))
        y, found = t.forward_and_log_det(np.array(x))
        np.testing.assert_allclose(y, [float(v) for v in true], rtol=1e-13)
    np.testing.assert_allclose(found, log_det, rtol=1e-13)


@pytest.mark.parametrize("t", SHARES)
def test_shares_come_back_from_the_ends(t):
    for x in (np.full(2, 20.0), np.full(2, 40.0), np.full(2, -300.0), np.array([300.0, -300.0])):
        np.testing.assert_allclose(t.inv(t(x)), x, rtol=1e-13)


@pytest.mark.parametrize("t", SHARES)
def test_without_entries_there_is_one_share(t):
    y, log_det = t.forward_and_log_det(np.zeros((2, 0)))
    assert y.tolist() == [[1.0], [1.0]] and log_det.tolist() == [0.0, 0.0] and t.inv(y).shape == (2, 0)


def test_ascending_keeps_small_gaps():
    t = dn.Ascending()
    y = np.array([1.0, np.nextafter(1.0, 2.0), 1.0 + 2.0**-30])
    np.testing.assert_array_equal(t(t.inv(y)), y)
    np.testing.assert_allclose(t.inv(y)[1], -52 * np.log(2), rtol=1e-15)


def test_two_shares_are_a_logit_normal_law_and_the_rest():
    law = dn.Product([dn.Normal(0.3, 1.7)]) >> dn.SoftmaxCentered()
    v = np.array([1e-200, 1e-5, 0.3, 0.9])
    np.testing.assert_allclose(law.logpdf(np.stack([v, 1 - v], -1)), dn.LogitNormal(0.3, 1.7).logpdf(v), rtol=1e-13)
    q = dn.Dirichlet([2.0, 0.7])
    one = dn.kl(dn.LogitNormal(0.3, 1.7), dn.Beta(2.0, 0.7))
    both = dn.kl(law, q)
    assert abs(both.value - one.value) <= both.error + one.error
    assert both.error < 1e-10


@pytest.mark.parametrize("alpha", [[2.0, 3.0, 4.0], [0.2, 1.0, 0.5, 7.0]], ids=str)
def test_a_stick_broken_by_beta_variables_is_a_dirichlet_law(alpha):
    n, rest = len(alpha), np.cumsum(alpha[::-1])[::-1]
    law = dn.Product(
        [dn.Beta(alpha[k], rest[k + 1]) >> dn.Logit() >> dn.Shift(np.log(n - 1 - k)) for k in range(n - 1)]
    )
    made, named = law >> dn.StickBreaking(), dn.Dirichlet(alpha)
    y = named.rvs(20, rng=0)
    np.testing.assert_allclose(made.logpdf(y), named.logpdf(y), rtol=1e-12, atol=1e-12)
    if n == 3:
        found = dn.kl(made, named)
        assert abs(found.value) <= found.error < 1e-9
        np.testing.assert_allclose(made.mean(), named.mean(), rtol=1e-10)
        np.testing.assert_allclose(made.cov(), named.cov(), rtol=1e-9)


def test_gaps_of_exponential_variables_are_those_of_their_order_statistics():
    gaps = dn.Product([dn.Exponential(1 / 2), np.log(dn.Exponential(1.0))]) >> dn.Ascending()
    y = np.array([[0.1, 0.1 + 1e-12], [0.5, 3.0], [2.0, 2.5]])
    np.testing.assert_allclose(gaps.logpdf(y), np.log(2) - y.sum(-1), rtol=1e-13)
    assert gaps.logpdf([1.0, 0.5]) == -np.inf
    np.testing.assert_allclose(gaps.mean(), [0.5, 1.5], rtol=1e-10)


@pytest.mark.parametrize("t", SHARES)
def test_divergences_do_not_see_a_shared_map(t):
    other = dn.MultivariateNormal([0.0, 0.0], np.eye(2))
    assert dn.kl(X >> t, other >> t).value == dn.kl(X, other).value
    assert dn.kl(X, dn.Dirichlet([1.0, 2.0, 3.0]) >> t.inv).value == pytest.approx(
        dn.kl(X >> t, dn.Dirichlet([1.0, 2.0, 3.0])).value, rel=1e-9
    )


@pytest.mark.parametrize("t", SHARES)
@pytest.mark.parametrize("scale", [3.0, 400.0])
def test_shares_below_the_doubles_count(t, scale):
    """D(p‖dirichlet) = -H(p) - E log q, with E log y by a sum over one normal variable after the other."""
    law, alpha = dn.Product([dn.Normal(0.0, scale)]) >> t, np.array([2.0, 3.0])
    z, step = np.linspace(-12, 12, 40_001, retstep=True)  # the trapezoidal rule errs by e^(-2π²/(scale step))
    weights = step * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    logs = -np.stack([np.logaddexp(0.0, -scale * z), np.logaddexp(0.0, scale * z)])
    mean = logs @ weights
    entropy = 0.5 * np.log(2 * np.pi * np.e) + np.log(scale) + mean.sum()
    true = -entropy - ((alpha - 1) @ mean + np.log(12.0))
    found = dn.kl(law, dn.Dirichlet(alpha))
    assert abs(found.value - true) <= found.error + 1e-13 * true
    assert found.error < 1e-9 * true


def test_the_simplex_has_its_own_measure():
    law = X >> dn.SoftmaxCentered()
    assert law.event_shape == (3,)
    assert law.carrier == dn.Dirichlet([1, 1, 1]).carrier
    assert dn.kl(law, dn.Product([dn.Uniform()] * 3)).value == np.inf
    assert dn.check_distribution(law).ok
    assert dn.parse(str(law)).same_as(law)
    np.testing.assert_allclose(law.rvs(50, rng=0).sum(-1), 1.0, rtol=1e-15)


def test_permutations_move_coordinates_and_back():
    t = dn.Permute([2, 0, 1])
    assert t([1.0, 2.0, 3.0]).tolist() == [3.0, 1.0, 2.0]
    assert t.inv([3.0, 1.0, 2.0]).tolist() == [1.0, 2.0, 3.0]
    assert (t >> t).same_as(t.inv)
    assert (dn.Dirichlet([1.0, 2.0, 3.0]) >> t).same_as(dn.Dirichlet([3.0, 1.0, 2.0]))
    assert str(dn.Product([dn.Normal(), dn.Gamma(2), dn.Beta(1, 2)]) >> t).startswith("product([beta(")
    swapped = (X >> dn.Permute([1, 0])).simplify()
    assert swapped.same_as(dn.MultivariateNormal([-0.5, 0.3], [[0.7, 0.4], [0.4, 1.0]]))
    oblique = X >> dn.Exp() >> dn.Permute([1, 0])
    np.testing.assert_allclose(oblique.logpdf([0.4, 2.0]), (X >> dn.Exp()).logpdf([2.0, 0.4]), rtol=1e-15)
    np.testing.assert_allclose(oblique.logpdf(np.full((3000, 2), [0.4, 2.0])), oblique.logpdf([0.4, 2.0]), rtol=1e-14)


def test_there_and_back_is_the_law_itself():
    for t in (dn.SoftmaxCentered(), dn.StickBreaking(), dn.Ascending()):
        assert (X >> t >> t.inv) is X
    law = dn.reparametrise(dn.Dirichlet([2.0, 3.0, 4.0]), dn.RealVector(2))
    x = np.array([0.3, -0.2])
    y, log_det = dn.StickBreaking().forward_and_log_det(x)
    np.testing.assert_allclose(law.logpdf(x), dn.Dirichlet([2.0, 3.0, 4.0]).logpdf(y) + log_det, rtol=1e-14)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (dn.RealVector(2), dn.Simplex(3)),
        (dn.Simplex(3), dn.Ordered(2)),
        (dn.Ordered(2), dn.RealVector(2)),
        (dn.domains.Product((dn.Interval(0, np.inf),) * 2), dn.Simplex(3)),
        (dn.Simplex(3), dn.Simplex(3)),
    ],
    ids=str,
)
def test_between_sets_that_obey_a_constraint(source, target):
    t = dn.between(source, target)
    x = source.interior_point()
    y = t(x)
    assert y in target
    np.testing.assert_allclose(t.inv(y), x, atol=1e-14)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: X >> dn.StickBreaking().inv, dn.SupportError, "expected a law on the simplex"),
        (lambda: X >> dn.Ascending().inv, dn.SupportError, "ascending vectors"),
        (lambda: X >> dn.Permute([0, 1, 2]), dn.ShapeError, "3 entries, got 2"),
        (lambda: dn.Normal() >> dn.StickBreaking(), dn.ShapeError, "expected a law of vectors"),
        (lambda: dn.Poisson(3) >> dn.Ascending(), dn.ShapeError, "expected a law of vectors"),
        (lambda: dn.Dirichlet([1, 2]) >> dn.LogCholesky().inv, dn.ShapeError, "expected a law of matrices"),
        (lambda: dn.Permute([0, 0]), dn.ParameterError, "each of 0 .. n - 1 once"),
        (lambda: dn.Permute(0), dn.ParameterError, "each of 0 .. n - 1 once"),
        (lambda: dn.StickBreaking()([0.1, np.inf]), dn.DomainError, "expected points"),
        (lambda: dn.StickBreaking().inv([0.4, 0.4]), dn.DomainError, "simplex"),
        (lambda: dn.Ascending().inv([0.4, 0.4]), dn.DomainError, "ascending"),
        (lambda: dn.between(dn.RealVector(2), dn.Simplex()), dn.ShapeError, "of one length"),
        (lambda: (dn.Dirichlet([1, 1, 1]) >> dn.Exp()).logpdf([1, 1, 1]), dn.UnsupportedOperationError, "no volume"),
    ],
)
def test_what_does_not_fit_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()
