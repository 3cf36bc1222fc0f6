"""Laws of point masses against sums in mpmath at 50 digits, and against identities."""

import pickle
import warnings

import mpmath as mp
import numpy as np
import pytest

from densities.distributions import registry
from densities.distributions.discrete import (
    Bernoulli,
    Binomial,
    Categorical,
    Delta,
    DiscreteUniform,
    Geometric,
    NegativeBinomial,
    Poisson,
    Zipf,
)
from densities.distributions.mixture import Mixture
from densities.distributions.truncated import truncate
from densities.divergences import kl, radon_nikodym
from densities.errors import ParameterError, ShapeError, SupportError, UnsupportedOperationError
from densities.estimate import Status
from densities.expectation import expect
from densities.expressions import parse

DISCRETE = (
    "bernoulli",
    "binomial",
    "categorical",
    "delta",
    "discrete_uniform",
    "geometric",
    "negative_binomial",
    "poisson",
    "zipf",
)


def binomial(k, n, p):
    n, p = mp.mpf(n), mp.mpf(p)
    return mp.binomial(n, k) * p**k * (1 - p) ** (n - k)


def binomial_run(k, n, p, step):
    """The masses of k, k + step, ... to the end, by their ratios."""
    p = mp.mpf(p)
    total = term = binomial(k, n, p)
    odds = p / (1 - p)
    while 0 <= k + step <= n and term > total * mp.mpf(10) ** -60:
        term *= odds * mp.mpf(n - k) / (k + 1) if step > 0 else mp.mpf(k) / (n - k + 1) / odds
        k += step
        total += term
    return total


def negative_binomial(k, n, p):
    n, p = mp.mpf(n), mp.mpf(p)
    return mp.gamma(n + k) / mp.gamma(n) / mp.factorial(k) * p**n * (1 - p) ** k


MASS = {
    "poisson": lambda k, mu: mp.exp(-mp.mpf(mu)) * mp.mpf(mu) ** k / mp.factorial(k),
    "binomial": binomial,
    "negative_binomial": negative_binomial,
    "geometric": lambda k, p: mp.mpf(p) * (1 - mp.mpf(p)) ** (k - 1),
    "zipf": lambda k, a: mp.mpf(k) ** -mp.mpf(a) / mp.zeta(mp.mpf(a)),
}
TAIL = {
    "poisson": lambda k, mu: mp.gammainc(k + 1, 0, mp.mpf(mu), regularized=True),
    "binomial": lambda k, n, p: binomial_run(k + 1, n, p, 1),
    "negative_binomial": lambda k, n, p: mp.betainc(k + 1, mp.mpf(n), 0, 1 - mp.mpf(p), regularized=True),
    "geometric": lambda k, p: (1 - mp.mpf(p)) ** k,
    "zipf": lambda k, a: mp.zeta(mp.mpf(a), k + 1) / mp.zeta(mp.mpf(a)),
}
HEAD = {
    "poisson": lambda k, mu: mp.gammainc(k + 1, mp.mpf(mu), mp.inf, regularized=True),
    "binomial": lambda k, n, p: binomial_run(k, n, p, -1),
    "negative_binomial": lambda k, n, p: mp.betainc(mp.mpf(n), k + 1, 0, mp.mpf(p), regularized=True),
    "geometric": lambda k, p: -mp.expm1(k * mp.log1p(-mp.mpf(p))),
    "zipf": lambda k, a: mp.fsum(mp.mpf(j) ** -mp.mpf(a) for j in range(1, k + 1)) / mp.zeta(mp.mpf(a)),
}
LAWS = {
    "poisson": [(3.0,), (1e-10,), (250.0,), (1e5,)],
    "binomial": [(20, 0.3), (1000, 0.001), (10**5, 0.6), (7, 1e-300)],
    "negative_binomial": [(3.0, 0.4), (0.5, 0.01), (1000.0, 0.9)],
    "geometric": [(0.1,), (1e-9,), (0.999,)],
    "zipf": [(2.1,), (1.001,), (30.0,)],
}
POINTS = {
    "poisson": {
        (3.0,): (0, 1, 4, 40, 400),
        (1e-10,): (0, 1, 3),
        (250.0,): (0, 100, 250, 260, 900),
        (1e5,): (98000, 100000, 101234, 130000),
    },
    "binomial": {
        (20, 0.3): (0, 1, 6, 12, 19),
        (1000, 0.001): (0, 1, 5, 60),
        (10**5, 0.6): (58000, 60000, 60500, 70000),
        (7, 1e-300): (0, 1, 6),
    },
    "negative_binomial": {
        (3.0, 0.4): (0, 1, 4, 30, 300),
        (0.5, 0.01): (0, 3, 100, 2000),
        (1000.0, 0.9): (0, 60, 111, 160, 400),
    },
    "geometric": {(0.1,): (1, 2, 10, 5000), (1e-9,): (1, 10**6, 10**9, 10**12), (0.999,): (1, 2, 30)},
    "zipf": {(2.1,): (1, 2, 10, 999), (1.001,): (1, 2, 70, 2000), (30.0,): (1, 2, 10)},
}
CASES = [(name, args, k) for name, laws in LAWS.items() for args in laws for k in POINTS[name][args]]


def near(got, truth, rtol, *, tiny=5e-324):
    truth = mp.mpf(truth)
    if abs(truth) < 1e-305:
        return abs(got - float(truth)) <= 1e-305
    return abs(mp.mpf(float(got)) - truth) <= rtol * abs(truth)


@pytest.mark.parametrize(("name", "args", "k"), CASES)
def test_table_of_masses_and_tails(name, args, k):
    """Relative accuracy 1e-12 of masses and both tails, 1e-13 of their logarithms, at any depth."""
    law = registry.get(name)(*args)
    with mp.workdps(50):
        mass, tail, head = MASS[name](k, *args), TAIL[name](k, *args), HEAD[name](k, *args)
        assert near(law.pmf(k), mass, 2e-12)
        assert near(law.sf(k), tail, 2e-12)
        assert near(law.cdf(k), head, 2e-12)
        assert near(law.logsf(k), mp.log(tail) if tail < 0.5 else mp.log1p(-head), 1e-12)
        assert near(law.logcdf(k), mp.log(head) if head < 0.5 else mp.log1p(-tail), 1e-12)
    with mp.workdps(700):
        assert near(law.logpmf(k), mp.log(MASS[name](k, *args)), 1e-12)


@pytest.mark.parametrize("entry", [registry.get(name) for name in DISCRETE], ids=DISCRETE)
def test_every_example_is_a_law(entry):
    for law in entry.instances():
        q = np.array([1e-300, 1e-12, 0.1, 0.5, 0.9])
        x, u = law.ppf(q), law.isf(q)
        assert np.all(law.cdf(x) >= q) and np.all(law.sf(u) <= q)
        low, high = np.isfinite(x), np.isfinite(u)
        assert np.all((law.cdf(np.nextafter(x, -np.inf)) < q)[low]) and np.all(
            (law.sf(np.nextafter(u, -np.inf)) > q)[high]
        )
        inner = law.cdf(x) < 1
        assert np.array_equal(law.ppf(law.cdf(x[inner])), x[inner])
        assert np.array_equal(law.ppf(logp=np.log(q)), x) or law.name in ("zipf", "delta", "geometric")
        assert law.cdf(np.inf) == 1 and law.sf(np.inf) == 0 and law.cdf(-np.inf) == 0 and law.sf(-np.inf) == 1
        assert np.isnan(law.pmf(np.nan)) and np.isnan(law.cdf(np.nan)) and np.isnan(law.ppf(1.5))
        assert law.pmf(0.75) == 0 and law.logpmf(0.75) == -np.inf
        assert law.pdf(x[3]) == 0 and law.logpdf(x[3]) == -np.inf
        assert law.measure == "counting" and law.log_continuous_mass == -np.inf
        assert law.pmf(law.mode()) >= law.pmf(x[3])
        assert isinstance(law.pmf(1), float) and law.pmf(np.float32(1)).dtype == np.float32
        assert isinstance(law.rvs(rng=0), float) and law.rvs((2, 3), rng=0).shape == (2, 3)
        draws = law.rvs(50, rng=1)
        assert np.all(law.logpmf(draws[np.isfinite(draws)]) > -np.inf)
        assert parse(str(law)).same_as(law)
        again = pickle.loads(pickle.dumps(law))
        assert again.same_as(law) and again.pmf(x[3]) == law.pmf(x[3])
        assert law.support.low <= x[0] and law.support.high >= u[0]
        assert law.ppf(0) == law.support.low and law.isf(0) == law.support.high


@pytest.mark.parametrize(
    ("law", "mean", "var"),
    [
        (Poisson(3.0), 3.0, 3.0),
        (Binomial(20, 0.3), 6.0, 4.2),
        (Bernoulli(0.25), 0.25, 0.1875),
        (Geometric(0.125), 8.0, 56.0),
        (NegativeBinomial(3.0, 0.5), 3.0, 6.0),
        (DiscreteUniform(1, 6), 3.5, 35 / 12),
        (Categorical([0.25, 0.25, 0.5]), 1.25, 0.6875),
        (Delta(0.1), 0.1, 0.0),
    ],
)
def test_closed_moments_are_those_of_the_sums(law, mean, var):
    assert law.mean() == pytest.approx(mean, rel=1e-14)
    assert law.var() == pytest.approx(var, rel=1e-14)
    first, second = expect(lambda y: y, law), expect(lambda y: (y - mean) ** 2, law)
    assert abs(first.value - mean) <= first.error + 1e-15 * mean
    assert abs(second.value - var) <= second.error + 2e-15 * max(var, 1)


def test_entropy_against_sums_at_50_digits():
    with mp.workdps(50):
        for law, name, args, first in (
            (Poisson(3.0), "poisson", (3.0,), 0),
            (Geometric(0.1), "geometric", (0.1,), 1),
            (NegativeBinomial(3.0, 0.4), "negative_binomial", (3.0, 0.4), 0),
        ):
            masses = [MASS[name](k, *args) for k in range(first, 1500)]
            assert law.entropy() == pytest.approx(float(-mp.fsum(m * mp.log(m) for m in masses if m > 0)), rel=1e-13)
        a = mp.mpf(2.5)
        truth = mp.log(mp.zeta(a)) - a * mp.zeta(a, derivative=1) / mp.zeta(a)
        assert Zipf(2.5).entropy() == pytest.approx(float(truth), rel=1e-13)
    assert (2 * Poisson(3.0)).entropy() == Poisson(3.0).entropy()


def test_moments_that_are_infinite():
    assert Zipf(2.0).mean() == np.inf
    assert Zipf(2.5).mean() == pytest.approx(float(mp.zeta(1.5) / mp.zeta(2.5)), rel=1e-14)
    assert Zipf(2.9).var() == np.inf
    with mp.workdps(40):
        for a in (3.0001, 3.25, 30.0):
            m1, m2 = (mp.zeta(mp.mpf(a) - j) / mp.zeta(mp.mpf(a)) for j in (1, 2))
            assert Zipf(a).var() == pytest.approx(float(m2 - m1**2), rel=1e-12)


# --- images -----------------------------------------------------------------------------------------------------------


def test_atoms_live_where_the_doubles_put_them():
    die = DiscreteUniform(1, 6)
    there_and_back = (0.1 * die) / 0.1
    for k in range(1, 7):
        place = (0.1 * k) / 0.1
        assert there_and_back.pmf(place) == pytest.approx(1 / 6)
    assert there_and_back.pmf(3.0) == 0.0  # 0.1·3/0.1 is 3.0000000000000004
    assert (die / 10).pmf(0.3) == pytest.approx(1 / 6)
    assert (0.1 * die).pmf(0.3) == 0.0
    assert (0.1 * die).pmf(0.1 * 3) == pytest.approx(1 / 6)


def test_point_masses_merge_and_nothing_is_a_jacobian():
    x = Poisson(3.0)
    y = (x - 2.0) ** 2
    assert y.pmf(1.0) == pytest.approx(x.pmf(1) + x.pmf(3), rel=1e-15)
    assert y.pmf(4.0) == pytest.approx(x.pmf(0) + x.pmf(4), rel=1e-15)
    assert y.cdf(4.5) == pytest.approx(x.cdf(4), rel=1e-15)
    assert y.sf(4.0) == pytest.approx(x.sf(4), rel=1e-14)
    assert y.ppf(x.pmf(2)) == 0.0
    assert y.support.low == 0.0 and y.support.high == np.inf
    assert y.mean() == pytest.approx(4.0, rel=1e-13)  # 3 + (3 - 2)²
    assert (2 * x).logpmf(400) == pytest.approx(x.logpmf(200), rel=1e-15)
    assert (2 * x).mean() == 6.0 and (2 * x + 1).var() == 12.0
    assert (x**2).pmf(9.0) == x.pmf(3)
    assert (-Binomial(10, 0.25)).cdf(-3) == pytest.approx(Binomial(10, 0.25).sf(2), rel=1e-15)
    assert (-Binomial(10, 0.25)).ppf(0.25) == -Binomial(10, 0.25).isf(0.25)
    assert np.exp(x).pmf(np.exp(7.0)) == x.pmf(7)


def test_many_integers_that_round_to_one_double():
    law = DiscreteUniform(0, 10**9) * 1e-30 + 1.0
    assert law.pmf(1.0) == 1.0 and law.cdf(np.nextafter(1.0, 0)) == 0.0
    coarse = DiscreteUniform(0, 10**9) + 1e22
    assert coarse.cdf(1e22) == pytest.approx(coarse.pmf(1e22), rel=1e-15)


def test_rounded_and_folded_images():
    die = DiscreteUniform(1, 6)
    half = np.floor(die / 2)
    assert [half.pmf(k) for k in range(4)] == pytest.approx([1 / 6, 1 / 3, 1 / 3, 1 / 6])
    assert np.clip(die, 2, 4).pmf(4.0) == pytest.approx(1 / 2)
    assert abs(die - 3).pmf(1.0) == pytest.approx(1 / 3)
    assert (1 / die).pmf(1 / 3) == pytest.approx(1 / 6)
    assert (1 / die).cdf(0.34) == pytest.approx(4 / 6)
    assert np.sin(die).cdf(0.0) == pytest.approx(3 / 6)
    assert np.sin(Poisson(3.0)).mean() == pytest.approx(
        float(np.exp(3 * (np.cos(1) - 1)) * np.sin(3 * np.sin(1))), rel=1e-13
    )
    assert np.exp(die).rvs(3, rng=0).shape == (3,)


def test_atoms_outside_a_domain_are_refused():
    with pytest.raises(SupportError, match=r"0\.0497871"):
        np.log(Poisson(3.0))
    with pytest.raises(SupportError):
        1 / Poisson(3.0)
    with pytest.raises(SupportError):
        np.sqrt(Poisson(3.0) - 1.0)
    assert np.log(Geometric(0.5)).pmf(0.0) == 0.5
    assert np.sqrt(Poisson(3.0)).pmf(2.0) == Poisson(3.0).pmf(4)


# --- roundings of laws with a density ------------------------------------------------------------------------------------


def test_floor_of_an_exponential_is_geometric():
    law = np.floor(parse("exponential(1)"))
    other = Geometric(float(-np.expm1(-1.0))) - 1
    for k in (0, 1, 5, 40, 600):
        assert law.pmf(k) == pytest.approx(other.pmf(k), rel=1e-12)
        assert law.logsf(k) == pytest.approx(-(k + 1.0), rel=1e-14)
    assert law.mean() == pytest.approx(1 / np.expm1(1.0), rel=1e-13)
    assert law.var() == pytest.approx(np.e / np.expm1(1.0) ** 2, rel=1e-13)
    assert law.entropy() == pytest.approx(other.entropy(), rel=1e-12)
    assert law.mode() == 0.0


def test_roundings_of_a_normal():
    x = parse("normal(0, 1)")
    down, up, near_ = np.floor(x), np.ceil(x), np.round(x)
    assert down.mean() == pytest.approx(-0.5, rel=1e-13) and up.mean() == pytest.approx(0.5, rel=1e-13)
    assert abs(near_.mean()) < 1e-15
    with mp.workdps(40):
        assert down.pmf(9.0) == pytest.approx(float(mp.ncdf(-9) - mp.ncdf(-10)), rel=1e-13)
        assert down.pmf(-10.0) == pytest.approx(float(mp.ncdf(-9) - mp.ncdf(-10)), rel=1e-13)
        assert near_.pmf(2.0) == pytest.approx(float(mp.ncdf(mp.mpf(2.5)) - mp.ncdf(mp.mpf(1.5))), rel=1e-13)
        second = mp.nsum(lambda k: k**2 * (mp.ncdf(k + 1) - mp.ncdf(k)), [-40, 40])
        assert down.var() == pytest.approx(float(second - mp.mpf(1) / 4), rel=1e-12)
    assert down.cdf(0.0) == x.cdf(1.0) and up.cdf(0.5) == x.cdf(0.0)
    sign = np.sign(x)
    assert sign.pmf(1.0) == 0.5 and sign.pmf(0.0) == 0.0 and sign.mean() == 0.0 and sign.measure == "counting"
    assert (2 * down + 1).pmf(3.0) == down.pmf(1)


def test_floor_of_many_cells():
    law = np.floor(1e8 * parse("uniform(0, 1)"))
    assert law.pmf(12345678.0) == pytest.approx(1e-8, rel=1e-13)
    assert law.mean() == pytest.approx((1e8 - 1) / 2, rel=1e-13)
    assert law.var() == pytest.approx((1e16 - 1) / 12, rel=1e-12)
    assert law.entropy() == pytest.approx(np.log(1e8), rel=1e-12)
    assert law.support.low == 0.0 and law.support.high == 1e8 - 1


def test_floor_of_a_law_with_atoms():
    law = np.floor(parse("normal(0, 1) >> relu"))
    assert law.pmf(0.0) == pytest.approx(parse("normal(0, 1)").cdf(1.0), rel=1e-15)
    assert law.cdf(-1.0) == 0.0 and law.sf(0.0) == pytest.approx(parse("normal(0, 1)").sf(1.0), rel=1e-15)


# --- mixtures and truncations ---------------------------------------------------------------------------------------------


def test_zero_inflated_poisson():
    x = Poisson(3.0)
    law = Mixture([0.3, 0.7], [Delta(0.0), x])
    assert law.measure == "counting"
    assert law.pmf(0.0) == pytest.approx(0.3 + 0.7 * x.pmf(0), rel=1e-15)
    assert law.pmf(2.0) == pytest.approx(0.7 * x.pmf(2), rel=1e-15)
    assert law.logsf(100.0) == pytest.approx(np.log(0.7) + x.logsf(100), rel=1e-14)
    assert law.logcdf(100.0) == pytest.approx(-0.7 * x.sf(100), rel=1e-13)
    assert law.mean() == pytest.approx(2.1, rel=1e-13)
    assert law.ppf(0.3) == 0.0 and law.ppf(0.9) == x.ppf((0.9 - 0.3) / 0.7)
    assert parse(str(law)).same_as(law)
    assert pickle.loads(pickle.dumps(law)).pmf(2.0) == law.pmf(2.0)
    assert set(np.unique(law.rvs(200, rng=0))) <= set(range(20))


def test_points_and_densities_mix():
    law = Mixture([0.25, 0.25, 0.5], [Delta(1.0), Poisson(2.0), parse("normal(0, 1)")])
    assert law.measure == "mixed"
    assert law.pmf(1.0) == pytest.approx(0.25 + 0.25 * Poisson(2.0).pmf(1), rel=1e-14)
    assert law.cdf(1.5) == pytest.approx(
        0.25 + 0.25 * Poisson(2.0).cdf(1) + 0.5 * parse("normal(0,1)").cdf(1.5), rel=1e-14
    )
    assert law.mean() == pytest.approx(0.75, rel=1e-12)
    with pytest.raises(UnsupportedOperationError):
        law.entropy()


def test_truncated_counts_keep_their_shares():
    x = Poisson(3.0)
    law = truncate(x, 1, 5)
    whole = x.cdf(5) - x.cdf(1)
    assert law.pmf(1.0) == 0.0 and law.pmf(5.0) == pytest.approx(x.pmf(5) / whole, rel=1e-14)
    assert law.support.low == 2.0 and law.support.high == 5.0
    far = truncate(x, 400, np.inf)
    assert far.mean() == pytest.approx(401.0, rel=1e-2) and far.pmf(401.0) == pytest.approx(0.9925, rel=1e-3)
    folded = truncate((x - 2.0) ** 2, 0, 4)
    assert folded.pmf(1.0) == pytest.approx(
        (x.pmf(1) + x.pmf(3)) / (x.pmf(0) + x.pmf(1) + x.pmf(3) + x.pmf(4)), rel=1e-14
    )
    with pytest.raises(ParameterError):
        truncate(x, 0.25, 0.75)


# --- divergences ------------------------------------------------------------------------------------------------------------


def mp_kl(p, q, ks):
    return mp.fsum(p(k) * mp.log(p(k) / q(k)) for k in ks)


def poisson_mass(mu):
    return lambda k: MASS["poisson"](k, mu)


SUMS = [
    (
        Poisson(4.5),
        NegativeBinomial(3.0, 0.4),
        poisson_mass(4.5),
        lambda k: MASS["negative_binomial"](k, 3.0, 0.4),
        range(200),
    ),
    (Geometric(0.1), Poisson(10.0), lambda k: MASS["geometric"](k, 0.1), poisson_mass(10.0), range(1, 2500)),
    (Binomial(10, 0.3), Poisson(3.0), lambda k: binomial(k, 10, 0.3), poisson_mass(3.0), range(11)),
    (Binomial(10, 0.3), Binomial(20, 0.3), lambda k: binomial(k, 10, 0.3), lambda k: binomial(k, 20, 0.3), range(11)),
]


@pytest.mark.parametrize(("p", "q", "fp", "fq", "ks"), SUMS)
def test_divergence_by_sums(p, q, fp, fq, ks):
    with mp.workdps(50):
        truth = float(mp_kl(fp, fq, ks))
    found = kl(p, q, method="quadrature")
    assert found.status.ok and abs(found.value - truth) <= found.error + 4e-16 * truth
    assert found.value == pytest.approx(truth, rel=1e-12)
    assert kl(3 * p - 1, 3 * q - 1).value == pytest.approx(truth, rel=1e-12)
    draws = kl(p, q, method="montecarlo", rng=0, n=2**14)
    assert abs(draws.value - truth) < 6 * draws.error


def test_divergence_with_a_power_tail():
    """E k of zipf(2.1) converges like k^-0.1: Σ p log p/q = -H - log p₀ - (E k - 1) log(1 - p₀)."""
    with mp.workdps(40):
        a, p = mp.mpf(2.1), mp.mpf(0.3)
        log_mean, mean = -mp.zeta(a, derivative=1) / mp.zeta(a), mp.zeta(a - 1) / mp.zeta(a)
        truth = float(-mp.log(mp.zeta(a)) - a * log_mean - mp.log(p) - (mean - 1) * mp.log1p(-p))
    found = kl(Zipf(2.1), Geometric(0.3), method="quadrature")
    assert found.status is Status.CONVERGED and abs(found.value - truth) <= found.error
    assert found.value == pytest.approx(truth, rel=1e-12)
    assert kl(Zipf(2.0), Geometric(0.3)).value == np.inf
    assert kl(Zipf(1.9), Poisson(3.0)).value == np.inf
    assert kl(Zipf(1.9), Poisson(3.0), method="quadrature").status is Status.INFINITE


def test_divergence_of_huge_counts_is_summed_through_few_terms():
    found = kl(Poisson(1e10), Poisson(1e10 + 1e5), method="quadrature")
    truth = kl(Poisson(1e10), Poisson(1e10 + 1e5))
    assert truth.method == "closed" and found.evaluations < 10**5
    assert found.value == pytest.approx(truth.value, rel=1e-9)


def test_divergence_of_mixtures():
    p = Mixture([0.3, 0.7], [Delta(0.0), Poisson(3.0)])
    q = Mixture([0.5, 0.5], [Delta(0.0), Poisson(4.0)])
    with mp.workdps(50):

        def mass(k, weight, mu):
            return (1 - mp.mpf(weight)) * MASS["poisson"](k, mu) + (mp.mpf(weight) if k == 0 else 0)

        mp_p, mp_q = (
            (lambda k: mp.mpf(0.3) * (k == 0) + mp.mpf(0.7) * MASS["poisson"](k, 3.0)),
            lambda k: mass(k, 0.5, 4.0),
        )
        truth = float(mp_kl(mp_p, mp_q, range(150)))
    assert kl(p, q).value == pytest.approx(truth, rel=1e-13)
    heavy = Mixture([0.5, 0.5], [Delta(1.0), Zipf(2.5)])
    with mp.workdps(30):
        z = mp.zeta(mp.mpf(2.5))
        first = (mp.mpf(1) / 2 + 1 / (2 * z)) * mp.log((mp.mpf(1) / 2 + 1 / (2 * z)) * z)
        truth = float(first + (1 - 1 / z) / 2 * mp.log(mp.mpf(1) / 2))
    assert kl(heavy, Zipf(2.5)).value == pytest.approx(truth, rel=1e-12)


def test_divergence_of_floors():
    """floor of exponentials are geometric laws."""
    p, q = np.floor(parse("exponential(1)")), np.floor(parse("exponential(2)"))
    a, b = (float(-np.expm1(-1 / s)) for s in (1.0, 2.0))
    assert kl(p, q).value == pytest.approx(kl(Geometric(a), Geometric(b)).value, rel=1e-12)
    cells = np.floor(parse("cauchy(0, 1)")), np.floor(parse("cauchy(1, 1)"))
    found = kl(*cells)
    with mp.workdps(30):

        def cell(k, m):
            return (mp.atan2(1, 1 + (k + 1 - m) * (k - m))) / mp.pi

        def term(k):
            return cell(k, 0) * mp.log(cell(k, 0) / cell(k, 1))

        direct = mp.fsum(term(k) for k in range(-2000, 2001))
        rest = mp.nsum(lambda k: term(k) + term(-k), [2001, mp.inf], method="e")
        truth = float(direct + rest)
    assert found.value == pytest.approx(truth, rel=1e-10)


def test_where_a_divergence_is_infinite():
    for p, q, words in (
        (Poisson(3.0), 2 * Poisson(3.0), "atom"),
        (Binomial(20, 0.3), Binomial(10, 0.3), "above 10"),
        (Poisson(3.0), parse("normal(3, 1)"), "point masses"),
        (parse("normal(3, 1)"), Poisson(3.0), "density"),
        (Zipf(2.0), 3 * Zipf(2.0), "where q has none"),
        (Poisson(3.0), Mixture([0.5, 0.5], [2 * Poisson(3.0), parse("normal(0, 1)")]), "atom"),
    ):
        found = kl(p, q)
        assert found.value == np.inf and words in found.reason
    assert radon_nikodym(Binomial(20, 0.3), Binomial(10, 0.3)).singular_mass == pytest.approx(
        Binomial(20, 0.3).sf(10), rel=1e-13
    )


def test_lattices_that_differ_are_seen():
    """A law whose masses alternate is not taken for a smooth one."""
    p = Mixture([0.5, 0.5], [Zipf(4.0), 2 * Zipf(4.0)])
    with mp.workdps(30):
        z = mp.zeta(4)

        def mass(k):
            return (mp.mpf(k) ** -4 + (mp.mpf(k) / 2) ** -4 * (k % 2 == 0)) / (2 * z)

        truth = float(mp.fsum(mass(k) * mp.log(mass(k) * z * mp.mpf(k) ** 4) for k in range(1, 5001)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = kl(p, Zipf(4.0))
    assert abs(found.value - truth) <= found.error + 1e-8


def test_near_identical_laws():
    p, q = Mixture([0.3, 0.7], [Delta(0.0), Poisson(3.0)]), Mixture([0.3, 0.7], [Delta(0.0), Poisson(3.0 + 1e-6)])
    fisher = 0.0
    for k in range(60):  # D ≈ δ²/2 Σ (∂p/∂μ)²/p
        slope = 0.7 * (Poisson(3.0).pmf(k - 1) - Poisson(3.0).pmf(k))
        fisher += slope**2 / p.pmf(k) if p.pmf(k) else 0.0
    found = kl(p, q)
    assert found.value == pytest.approx(0.5e-12 * fisher, rel=1e-5)
    assert found.error < 1e-6 * found.value


# --- batches, arguments -----------------------------------------------------------------------------------------------------


def test_batches_of_counts_are_their_members():
    law = Poisson([1.0, 2.0, 3.0])
    assert law.pmf(2).shape == (3,)
    assert np.array_equal(law.pmf(2), [Poisson(m).pmf(2) for m in (1.0, 2.0, 3.0)])
    assert law.pmf(np.arange(4)[:, None]).shape == (4, 3)
    assert np.array_equal(law.ppf(0.75), [Poisson(m).ppf(0.75) for m in (1.0, 2.0, 3.0)])
    assert np.array_equal(law.mean(), [1.0, 2.0, 3.0])
    doubled = 2 * law
    assert np.allclose(doubled.pmf(4.0), law.pmf(2)) and np.allclose(doubled.cdf(3.0), law.cdf(1))
    assert law.rvs(5, rng=0).shape == (5, 3)
    assert Binomial([5, 10], 0.5).pmf(7).tolist() == [0.0, Binomial(10, 0.5).pmf(7)]
    assert Binomial([5, 10], 0.5).support.high.tolist() == [5.0, 10.0]
    assert Delta([0.0, 1.0]).pmf(1.0).tolist() == [0.0, 1.0]
    assert kl(Poisson([1.0, 2.0]), Poisson(3.0)).value.shape == (2,)


def test_impossible_parameters_are_refused():
    for factory, args in (
        (Poisson, (-1.0,)),
        (Binomial, (2.5, 0.5)),
        (Binomial, (3, 1.5)),
        (Geometric, (0.0,)),
        (Zipf, (1.0,)),
        (Categorical, ([0.5, 0.4],)),
        (Categorical, ([-0.5, 1.5],)),
        (DiscreteUniform, (3, 2)),
        (DiscreteUniform, (0.5, 2)),
        (NegativeBinomial, (0.0, 0.5)),
        (Delta, (np.nan,)),
    ):
        with pytest.raises(ParameterError):
            factory(*args)
    with pytest.raises(ShapeError):
        Categorical([])
    with pytest.raises(UnsupportedOperationError, match="too many to list"):
        _ = Zipf(2.0).atoms
    with pytest.raises(UnsupportedOperationError, match="truncate"):
        np.sin(Zipf(2.0))


def test_probabilities_and_likelihoods():
    x = Poisson(3.0)
    assert x.prob(1, 3) == pytest.approx(x.pmf(2) + x.pmf(3), rel=1e-14)
    assert x.prob(3, 1) == 0.0 and np.isnan(x.prob(np.nan, 1))
    assert x.prob(199, 201) == pytest.approx(x.pmf(200) + x.pmf(201), rel=1e-13)
    assert (-x).prob(-4, -2) == pytest.approx(x.pmf(2) + x.pmf(3), rel=1e-14)
    assert Poisson(1e12).prob(1e12, 1e12 + 100) == pytest.approx(100 / np.sqrt(2 * np.pi * 1e12), rel=1e-6)
    assert x.loglik([1, 2]) == pytest.approx(x.logpmf(1) + x.logpmf(2), rel=1e-15)
    assert x.interval(0.5) == (x.ppf(0.25), x.isf(0.25))


def test_counts_of_rare_events_far_out_in_every_digit():
    """log C(n, k) p^k (1-p)^(n-k) where (1-p)n is nearly n, and the tail of waiting beyond all squares, by mp."""
    n, k, p = 10**6, 69, mp.mpf(1e-6)
    with mp.workdps(50):
        pmf = mp.binomial(n, k) * p**k * (1 - p) ** (n - k)
        x, p = mp.mpf(1e300) + 1, mp.mpf(0.4)
        logsf = x * mp.log(1 - p) + mp.log(1 + x * p + x * (x + 1) / 2 * p**2)
    assert Binomial(n, 1e-6).pmf(k) == pytest.approx(float(pmf), rel=1e-13)
    assert NegativeBinomial(3, 0.4).logsf(1e300) == pytest.approx(float(logsf), rel=1e-15)
    assert NegativeBinomial(3, 0.4).sf(1e300) == 0.0


def test_heavy_tails_beyond_the_doubles():
    """Quantiles to the largest double, inf beyond, and draws to match: P(K > k) ≈ k^(1-a)/((a - 1) ζ(a)) by mp."""
    law = Zipf(1.001)
    a = mp.mpf(1.001)
    k = float(law.ppf(0.5))
    assert 1e300 < k < 1e302 and near(law.sf(k), mp.mpf(k) ** (1 - a) / (a - 1) / mp.zeta(a), 1e-12)
    largest = np.finfo(float).max
    beyond = mp.mpf(largest) ** (1 - a) / (a - 1) / mp.zeta(a)
    assert near(law.sf(largest), beyond, 1e-12) and law.ppf(0.6) == np.inf
    draws = law.rvs(20_000, rng=0)
    assert abs(np.mean(np.isinf(draws)) - float(beyond)) < 0.02
    assert law.moment(3) == np.inf
