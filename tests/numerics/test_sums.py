"""Sums over integers against zeta values and closed sums; searches among integers."""

import mpmath as mp
import numpy as np
import pytest

import densities as dn
from densities.numerics.sums import first_true, gram_rule, sum_integers


def power(s):
    return lambda k: (-s * np.log(k)[None], np.ones((1, k.size)))


@pytest.mark.parametrize("s", [1.05, 1.1, 1.5, 2.0, 3.5, 40.0])
def test_sums_of_powers_are_zeta_values(s):
    found = sum_integers(power(s), 1, np.inf, [1, 10])
    truth = float(mp.zeta(s))
    assert found.value[0] == pytest.approx(truth, rel=1e-13)
    assert abs(found.value[0] - truth) <= found.error[0] + 1e-15 * truth
    assert found.converged and not found.exact and found.terms < 10**5


def test_what_does_not_converge_says_so():
    assert not sum_integers(power(1.0), 1, np.inf, [1]).converged
    assert not sum_integers(power(1.002), 1, np.inf, [1]).converged


@pytest.mark.parametrize("rate", [3.0, 1e-2, 1e-5, 1e-9])
def test_geometric_sums_lie_within_their_error(rate):
    found = sum_integers(
        lambda k: (np.stack([-rate * k, -rate * k + np.log(k)]), np.ones((2, k.size))),
        1,
        np.inf,
        [1, np.ceil(1 / rate)],
    )
    q = float(mp.exp(-mp.mpf(rate)))
    gap = float(-mp.expm1(-mp.mpf(rate)))
    truth = np.array([q / gap, q / gap**2])
    assert np.allclose(found.value, truth, rtol=1e-13, atol=0)
    assert np.all(np.abs(found.value - truth) <= found.error) and found.converged


def test_both_directions_and_signs():
    found = sum_integers(
        lambda k: (-0.5 * (k[None] / 50) ** 2 + np.log(np.abs(k))[None], np.sign(k)[None]),
        -np.inf,
        np.inf,
        [-100, 0, 100],
    )
    assert abs(found.value[0]) <= found.error[0] < 1e-9


def test_a_bounded_range_is_summed_exactly():
    found = sum_integers(lambda k: (np.zeros((1, k.size)), (-1.0) ** k[None]), 0, 5000, [2500], rough=None)
    assert found.value[0] == 1.0 and found.exact and found.terms == 5001


def test_rough_integers_are_visited_one_by_one():
    def terms(k):
        spike = np.where(k == 70_007, 1.0, 0.0)
        return np.log(spike + np.exp(-k / 1e5))[None], np.ones((1, k.size))

    truth = 1.0 + float(1 / -mp.expm1(mp.mpf(-1) / 10**5))
    found = sum_integers(terms, 0, np.inf, [0, 10**5], rough=(70_000, 70_010))
    assert found.value[0] == pytest.approx(truth, rel=1e-13)


def test_a_sum_too_long_gives_up():
    found = sum_integers(lambda k: (np.zeros((1, k.size)), np.ones((1, k.size))), 0, 1e12, [0, 1e12], rough=None)
    assert not found.converged and found.error[0] == np.inf


@pytest.mark.parametrize("n", [17, 40, 1001, 10**9])
def test_the_rule_is_exact_for_polynomials(n):
    nodes, weights = gram_rule(np.array([float(n)]))
    i = mp.mpf(n - 1) / 2
    x = nodes[0] * n / (n - 1)
    with mp.workdps(40):
        for degree in (0, 2, 8, 20):
            if n <= 1001:
                truth = float(mp.fsum(((mp.mpf(j) - i) / i) ** degree for j in range(n)) / n)
            else:
                truth = 1.0 / (degree + 1)
            assert np.sum(weights[0] * x**degree) == pytest.approx(truth, rel=1e-7 if n == 10**9 else 1e-12)
        assert abs(np.sum(weights[0] * x**7)) < 1e-15


def test_searches_find_the_first_integer():
    assert first_true(lambda k: k >= np.array([3.2, 1e10, 1e150]), 0.0, np.inf, 3.0).tolist() == [4.0, 1e10, 1e150]
    assert first_true(lambda k: k > 7, -np.inf, np.inf, [-1e10, 0.0, 7.0, 8.0, 1e12]).tolist() == [8.0] * 5
    assert first_true(lambda k: k > 9, 0, 5, 3) == 6.0
    assert first_true(lambda k: k > -9, 0, 5, 3) == 0.0
    for end in (1e301, -1e301):
        assert first_true(lambda k, end=end: k > end, -np.inf, np.inf, 3) == np.nextafter(end, np.inf)
    largest = np.finfo(float).max
    assert first_true(lambda k: k > largest, 0, np.inf, 3) == np.inf
    assert first_true(lambda k: k >= -largest, -np.inf, np.inf, 3) == -np.inf
    assert first_true(lambda k: k >= -(2.0**80), -np.inf, 0, 0) == -(2.0**80)
    assert first_true(lambda k: k >= 3, 5, 2, 0) == 3.0


def test_a_path_that_leads_back_to_no_end_of_the_other_law():
    """KL(N² ‖ M/2 - 7): the roots of the ends -7 and inf are no integers; Σ p(k) log(p(k)/q(2k² + 14)) by mp."""

    def log_mass(mu, k):
        return k * mp.log(mu) - mu - mp.loggamma(k + 1)

    truth = mp.fsum(mp.exp(log_mass(1, k)) * (log_mass(1, k) - log_mass(2, 2 * k * k + 14)) for k in range(60))
    found = dn.kl(dn.Poisson(1) ** 2, 0.5 * dn.Poisson(2) - 7)
    assert found.value == pytest.approx(float(truth), rel=1e-13)
