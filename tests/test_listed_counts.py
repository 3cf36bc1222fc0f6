"""Sums, products and extremes of counts: lists of atoms end where doubles do, and the laws do not."""

import mpmath as mp
import pytest

import densities as dn


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
