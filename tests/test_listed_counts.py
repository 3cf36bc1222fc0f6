"""Sums, products and extremes of counts: lists of atoms end where doubles do, and the laws do not."""

import mpmath as mp
import numpy as np
import pytest

import densities as dn
from densities.estimate import Status


def poisson(k, mu):
    return mp.exp(-mp.mpf(mu)) * mp.mpf(mu) ** k / mp.factorial(k)


def largest(k):
    """P(max(X, Y) = k), X of Poisson(2) and Y of Binomial(4, 0.4), exactly a double."""
    share = mp.mpf(0.4)
    counts = [mp.binomial(4, j) * share**j * (1 - share) ** (4 - j) for j in range(5)]

    def below(end):
        return mp.fsum(poisson(j, 2) for j in range(end + 1)) * mp.fsum(counts[: end + 1])

    return below(k) - (below(k - 1) if k else 0) if k < 5 else poisson(k, 2)


@pytest.mark.slow
def test_a_divergence_from_an_extreme_whose_list_ends_before_p_does():
    with mp.workdps(60):
        truth = mp.fsum(p * mp.log(p / largest(k)) for k in range(80) for p in [poisson(k, 3)])
    found = dn.kl(dn.Poisson(3.0), dn.maximum(dn.Poisson(2.0), dn.Binomial(4, 0.4)))
    assert abs(mp.mpf(found.value) - truth) <= found.error < 1e-12


@pytest.mark.slow
def test_a_divergence_between_sums_whose_lists_end_at_different_places():
    p, q = (dn.sum_of(dn.Poisson(mu), dn.Geometric(share)) for mu, share in ((1.0, 0.5), (3.0, 0.75)))
    with mp.workdps(60):

        def masses(mu, share):
            return [
                mp.fsum(poisson(j, mu) * share * (1 - mp.mpf(share)) ** (k - j - 1) for j in range(k))
                for k in range(1, 160)
            ]

        truth = mp.fsum(a * mp.log(a / b) for a, b in zip(masses(1, 0.5), masses(3, 0.75), strict=True))
    found = dn.kl(p, q)
    assert found.value == pytest.approx(float(truth), rel=1e-12)


def test_where_a_sum_has_no_atoms_another_law_is_infinitely_far():
    q = dn.sum_of(dn.Binomial(3, 0.5), dn.Binomial(4, 0.4))
    assert dn.kl(dn.Poisson(3.0), q).value == float("inf")


def binomial(k, n, share):
    return mp.binomial(n, k) * mp.mpf(share) ** k * (1 - mp.mpf(share)) ** (n - k)


def added(k):
    """P(X + Y = k), X of Poisson(1) and Y of Binomial(5, 0.3)."""
    return mp.fsum(binomial(j, 5, 0.3) * poisson(k - j, 1) for j in range(min(k, 5) + 1))


def larger(k):
    """P(max(X, Y) = k), X of Poisson(1) and Y of Binomial(5, 0.3)."""
    if k > 5:
        return poisson(k, 1)

    def below(end):
        return mp.fsum(poisson(j, 1) for j in range(end + 1)) * mp.fsum(binomial(j, 5, 0.3) for j in range(end + 1))

    return below(k) - below(k - 1)


@pytest.mark.parametrize(
    ("q", "mass"),
    [
        (dn.sum_of(dn.Poisson(1.0), dn.Binomial(5, 0.3)), added),
        (dn.maximum(dn.Poisson(1.0), dn.Binomial(5, 0.3)), larger),
    ],
    ids=["sum", "maximum"],
)
def test_a_list_goes_on_by_logarithms_where_a_heavier_law_asks_for_it(q, mass):
    share = mp.mpf(0.3)
    with mp.workdps(60):
        p = [share * (1 - share) ** (k - 1) for k in range(1, 200)]
        truth = mp.fsum(a * mp.log(a / mass(k)) for k, a in enumerate(p, 1))
    found = dn.kl(dn.Geometric(0.3), q)
    assert abs(mp.mpf(found.value) - truth) <= found.error < 1e-13
    assert dn.kl(dn.Geometric(0.02), q, method="montecarlo", n=4096, rng=0).value > 100.0


def test_masses_that_no_double_holds_are_known():
    """190 is beyond the list of doubles, and at 179 they have lost their digits."""
    with mp.workdps(60):
        truth = mp.fsum(mp.log(1 / (41 * added(k))) for k in range(150, 191)) / 41
    found = dn.kl(dn.DiscreteUniform(150, 190), dn.sum_of(dn.Poisson(1.0), dn.Binomial(5, 0.3)))
    assert abs(mp.mpf(found.value) - truth) <= found.error < 1e-11


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (dn.Zipf(3.0), dn.sum_of(dn.Poisson(1.0), dn.Binomial(5, 0.3))),
        (dn.Geometric(0.1), dn.product_of(dn.Poisson(3.0), dn.Poisson(4.0))),
        (dn.Geometric(0.3), dn.sum_of(dn.Poisson(1.0), dn.Binomial(5, 0.3)) + 1),
        (dn.difference_of(dn.Geometric(0.1), dn.Geometric(0.1)), dn.difference_of(dn.Poisson(2.0), dn.Poisson(3.0))),
    ],
    ids=["too heavy", "product", "moved", "both ways"],
)
def test_atoms_beyond_a_list_are_not_known_to_be_missing(p, q):
    found = dn.kl(p, q)
    assert found.status is Status.UNDECIDED and np.isnan(found.value) and "listed" in found.reason


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (dn.Poisson(3.0), dn.sum_of(dn.Poisson(1.0), dn.Geometric(0.3))),
        (0.5 * dn.Poisson(3.0), dn.product_of(dn.Poisson(1.0), dn.Geometric(0.3))),
        (dn.Poisson(3.0) - 1, dn.product_of(dn.Poisson(1.0), dn.Geometric(0.3))),
    ],
    ids=["below", "between", "negative"],
)
def test_places_that_no_combination_comes_to_are_missing(p, q):
    assert dn.kl(p, q).value == np.inf


def test_sums_of_whole_numbers_with_many_atoms_are_convolved():
    """7000 times 3300 atoms; P(X + Y = k) of two geometric laws by its closed sum."""
    law, k = dn.sum_of(dn.Geometric(0.1), dn.Geometric(0.2)), np.array([2.0, 10.0, 100.0])
    truth = 0.02 * (0.9 ** (k - 1) - 0.8 ** (k - 1)) / 0.1
    np.testing.assert_allclose(law.pmf(k), truth, rtol=1e-13)
