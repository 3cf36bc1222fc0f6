"""D(p‖q) of counts whose supports differ: smooth along all of p's, so that no integer needs a visit."""

import mpmath as mp
import pytest

import densities as dn

CASES = [(20000, 0.3, 20600, 0.3), (20000, 0.001, 20001, 0.001), (20000, 0.5, 40000, 0.25), (20000, 0.999, 20010, 0.9985)]


def log_mass(n, k, p):
    return (
        mp.loggamma(n + 1)
        - mp.loggamma(k + 1)
        - mp.loggamma(n - k + 1)
        + k * mp.log(mp.mpf(p))
        + (n - k) * mp.log(1 - mp.mpf(p))
    )


@pytest.mark.parametrize(("n", "p", "m", "q"), CASES)
def test_binomials_of_different_numbers(n, p, m, q):
    reach = int(12 * (n * p * (1 - p)) ** 0.5 + 30)
    with mp.workdps(30):
        logs = [
            (log_mass(n, k, p), log_mass(m, k, q))
            for k in range(max(0, int(n * p) - reach), min(n, int(n * p) + reach) + 1)
        ]
        truth = float(mp.fsum(mp.exp(a) * (a - b) for a, b in logs))
    found = dn.kl(dn.Binomial(n, p), dn.Binomial(m, q))
    assert found.value == pytest.approx(truth, rel=1e-13)
    assert abs(found.value - truth) <= found.error
    assert found.evaluations < 4000


def test_huge_numbers():
    """D is that of n times the law of one trial, but for what the numbers differ by: by Stirling's series."""
    n, m, p, q = 10**12, 2 * 10**12, mp.mpf("0.4"), mp.mpf("0.2")
    found = dn.kl(dn.Binomial(float(n), 0.4), dn.Binomial(float(m), 0.2))
    with mp.workdps(30):
        v, w = n * p * (1 - p), m * q * (1 - q)  # normal laws with one mean, to 1/n
        truth = float((v / w - 1 - mp.log(v / w)) / 2)
    assert found.value == pytest.approx(truth, rel=1e-9)
