"""Entropies and densities of laws whose parameters are huge or tiny, against their formulas with log Γ at many digits."""

from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import densities as dn

SIZES = [1e-10, 0.3, 1.0, 7.0, 1e5, 1e8, 1e12, 1e15]


def log_beta(*a):
    return mp.fsum(map(mp.loggamma, a)) - mp.loggamma(mp.fsum(a))


def gamma(a):
    return a + mp.loggamma(a) + (1 - a) * mp.digamma(a)


def dirichlet(*alpha):
    total = mp.fsum(alpha)
    terms = mp.fsum((a - 1) * mp.digamma(a) for a in alpha)
    return log_beta(*alpha) + (total - len(alpha)) * mp.digamma(total) - terms


def beta_prime(a, b):
    return dirichlet(a, b) - 2 * (mp.digamma(b) - mp.digamma(a + b))


def power_of_gamma(a, power):
    return gamma(a) - mp.log(abs(power)) + (1 / mp.mpf(power) - 1) * mp.digamma(a)


PAIRS = {"beta": dirichlet, "beta_prime": beta_prime, "f": lambda m, n: beta_prime(m / 2, n / 2) + mp.log(n / m)}
SHAPES = {
    "gamma": gamma,
    "inverse_gamma": lambda a: gamma(a) - 2 * mp.digamma(a),
    "chi_squared": lambda df: gamma(df / 2) + mp.log(2),
    "chi": lambda df: power_of_gamma(df / 2, 2) + mp.log(2) / 2,
    "nakagami": lambda nu: power_of_gamma(nu, 2) - mp.log(nu) / 2,
}


def check(law, truth):
    """The stated error holds, and is a few ulp of the entropy and of the logarithms of the parameters."""
    found = dn.entropy(law)
    assert abs(mp.mpf(float(found.value)) - truth) <= found.error, (law, found, truth)
    assert found.error <= 3e-13 + 1e-14 * abs(truth)
    assert law.entropy() == found.value


@pytest.mark.parametrize("family", PAIRS)
@pytest.mark.parametrize("a", SIZES)
def test_entropies_of_ratios_of_gamma_variables(family, a):
    with mp.workdps(60):
        for b in SIZES:
            check(
                getattr(dn, {"beta": "Beta", "beta_prime": "BetaPrime", "f": "F"}[family])(a, b),
                PAIRS[family](mp.mpf(a), mp.mpf(b)),
            )


@pytest.mark.parametrize("family", SHAPES)
def test_entropies_of_powers_of_gamma_variables(family):
    with mp.workdps(60):
        for a in SIZES:
            check(dn.parse(f"{family}({a!r})"), SHAPES[family](mp.mpf(a)))
    with mp.workdps(60):
        for a in SIZES:
            for power in (3.0, -1.5, 0.25):
                check(dn.parse(f"generalized_gamma({a!r}, {power!r})"), power_of_gamma(mp.mpf(a), power))


@pytest.mark.parametrize(
    "alpha", [[1e6, 1e6, 1e6], [1e15, 1e15, 1e15], [1e12, 2.0, 3.0], [1e-10, 1e12, 0.5, 1e6], [1e-8, 1e-8], [0.5] * 40]
)
def test_entropies_of_shares(alpha):
    with mp.workdps(60):
        check(dn.parse(f"dirichlet({alpha!r})"), dirichlet(*map(mp.mpf, alpha)))


def test_entropies_of_batches_of_shares():
    alpha = np.array([[1e10, 2.0], [0.3, 1e-3]])
    single = [dn.Beta(*row).entropy() for row in alpha]
    assert dn.Dirichlet(alpha).entropy() == pytest.approx(single, rel=1e-15)
    assert dn.Beta(*alpha.T).entropy() == pytest.approx(single, rel=1e-15)


def test_errors_take_in_scales_that_cancel_shapes():
    """log_scale = -18.4 against an entropy of 18.7: the error is that of both."""
    with mp.workdps(60):
        check(dn.Gamma(1e15, 1e-8), gamma(mp.mpf(1e15)) + mp.log(mp.mpf(1e-8)))
        check(dn.Gamma(1e15) * 1e-8, gamma(mp.mpf(1e15)) + mp.log(mp.mpf(1e-8)))
        entries = dn.Product([dn.Gamma(1e15), dn.Gamma(1e15, 1e-16)])
        check(entries, 2 * gamma(mp.mpf(1e15)) + mp.log(mp.mpf(1e-16)))
    batch = dn.entropy(dn.Normal(np.zeros((2, 1)), [1.0, 1e-8, 3.0]))
    assert np.shape(batch.error) == (2, 3) and np.all(batch.error[:, 1] > batch.error[:, 0])
    vectors = dn.entropy(dn.Dirichlet([[1.0, 2.0], [3.0, 1e8]]))
    assert np.shape(vectors.value) == np.shape(vectors.error) == (2,)
    assert dn.entropy(dn.parse("categorical([0.2, 0.8])")).error < 1e-14


@pytest.mark.parametrize(
    ("alpha", "error"),
    [
        ([1e6] * 3, 1e-12),
        ([1e12] * 3, 1e-9),
        ([1e12, 2.0, 3.0], 1e-13),
        ([2.0, 1e8, 20.0, 1e4], 1e-12),
        ([0.5, 200.0, 1.0], 1e-14),
    ],
)
def test_densities_of_shares_of_huge_parameters(alpha, error):
    """Of the shares of what doubles make of a point: they sum to 1 only nearly, and f is homogeneous of degree Σα - n."""
    law = dn.Dirichlet(alpha)
    with mp.workdps(60):
        a = list(map(mp.mpf, alpha))
        for x in law.rvs(4, rng=1):
            entries = [mp.mpf(float(entry)) for entry in x]
            logs = mp.fsum((b - 1) * mp.log(entry) for b, entry in zip(a, entries, strict=True))
            truth = logs - log_beta(*a) - (mp.fsum(a) - len(a)) * mp.log(mp.fsum(entries))
            assert abs(law.logpdf(x) - truth) <= error * max(1, abs(truth))


def test_edges_of_shares_of_large_parameters():
    law = dn.Dirichlet([500.0, 1.0, 3.0])
    with mp.workdps(30):
        truth = 499 * mp.log(mp.mpf(0.9)) + 2 * mp.log(mp.mpf(0.1)) - log_beta(*map(mp.mpf, (500, 1, 3)))
    assert law.logpdf([0.9, 0.0, 0.1]) == pytest.approx(float(truth), abs=1e-11)
    assert law.logpdf([0.5, 0.5, 0.0]) == -np.inf


def test_shares_of_huge_parameters_are_integrated_as_far_as_their_digits_go():
    p, q = [1e6, 1e6, 1e6], [1e6, 1e6, 1000001.0]
    found = dn.kl(dn.Dirichlet(p), dn.Dirichlet(q), method="quadrature")
    with mp.workdps(50):
        a, b = list(map(mp.mpf, p)), list(map(mp.mpf, q))
        lean = mp.fsum((x - y) * (mp.digamma(x) - mp.digamma(mp.fsum(a))) for x, y in zip(a, b, strict=True))
        truth = log_beta(*b) - log_beta(*a) + lean
    assert abs(found.value - truth) <= found.error <= 1e-6 * truth
    assert found.evaluations < 20000


def test_a_mixture_of_many_uniform_laws_is_integrated_where_each_one_is():
    edges = np.cumsum(np.random.default_rng(0).exponential(size=41))
    weights = np.random.default_rng(1).dirichlet(np.ones(40))
    law = dn.Mixture(weights, [dn.Uniform(*ends) for ends in pairwise(edges)])
    terms = [(mp.mpf(w), mp.mpf(a), mp.mpf(b)) for w, (a, b) in zip(weights, pairwise(edges), strict=True)]
    mean = mp.fsum(w * (a + b) / 2 for w, a, b in terms)
    second = mp.fsum(w * (a * a + a * b + b * b) / 3 for w, a, b in terms)
    assert law.entropy() == pytest.approx(float(-mp.fsum(w * mp.log(w / (b - a)) for w, a, b in terms)), rel=1e-12)
    assert (law.mean(), law.var()) == pytest.approx((float(mean), float(second - mean**2)), rel=1e-13)
    assert law.pdf(edges[3:5] + 0.01) == pytest.approx(weights[3:5] / np.diff(edges)[3:5], rel=1e-13)


def test_the_mean_of_a_mixture_without_one_and_the_variance_of_one_far_from_0():
    law = dn.Mixture([0.5, 0.5], [dn.Pareto(0.5), -dn.Pareto(0.5)])
    assert np.isnan(law.mean())
    assert dn.Mixture([0.5, 0.5], [dn.Pareto(0.5), dn.Normal()]).mean() == np.inf
    far = dn.Mixture([0.5, 0.5], [dn.Normal(1e9, 1e-3), dn.Normal(1e9 + 0.25, 1e-3)])
    assert far.var() == pytest.approx(0.125**2 + 1e-6, rel=1e-7)


def test_cross_entropies_of_counts_and_of_batches():
    """-E_p[log q] by its formula: an entropy and a divergence of counts, and of each member of a batch, are added up."""
    one, other = 0.3, 0.6
    counts = np.arange(60)
    log_factorial = np.sum(
        special.gammaln(counts + 1) * np.exp(counts * np.log(2.0) - 2.0 - special.gammaln(counts + 1))
    )
    cases = [
        (dn.Bernoulli(one), dn.Bernoulli(other), -(one * np.log(other) + (1 - one) * np.log1p(-other))),
        (dn.Poisson(2.0), dn.Poisson(3.0), 3.0 - 2.0 * np.log(3.0) + log_factorial),
        (dn.Normal([0.0, 1.0], 1.0), dn.Normal(0.0, 2.0), np.log(8 * np.pi) / 2 + np.array([1.0, 2.0]) / 8),
    ]
    for p, q, truth in cases:
        found = dn.cross_entropy(p, q)
        assert np.all(np.abs(found.value - truth) <= found.error + 1e-15) and np.all(found.error < 1e-12)
        assert np.all(found.error >= dn.entropy(p).error)
