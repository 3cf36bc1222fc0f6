"""D(p‖q) of counts whose supports differ: smooth along all of p's, so that no integer needs a visit."""

import mpmath as mp
import pytest

import densities as dn

CASES = [
    (20000, 0.3, 20600, 0.3),
    (20000, 0.001, 20001, 0.001),
    (20000, 0.5, 40000, 0.25),
    (20000, 0.999, 20010, 0.9985),
]


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


def test_huge_numbers_of_trials_are_normal():
    """D is that of n times the law of one trial, but for what the numbers differ by: by Stirling's series."""
    n, m, p, q = 10**12, 2 * 10**12, mp.mpf("0.4"), mp.mpf("0.2")
    found = dn.kl(dn.Binomial(float(n), 0.4), dn.Binomial(float(m), 0.2))
    with mp.workdps(30):
        v, w = n * p * (1 - p), m * q * (1 - q)  # normal laws with one mean, to 1/n
        truth = float((v / w - 1 - mp.log(v / w)) / 2)
    assert found.value == pytest.approx(truth, rel=1e-9)


@pytest.mark.parametrize("mu", [1e9, 1e12, 1e15])
def test_poisson_laws_of_huge_means_that_hardly_differ(mu):
    """The nodes between integers are rounded by 1e-4 and more; that does not cost digits, nor millions of terms."""
    found = dn.kl(dn.Poisson(mu), dn.Poisson(mu + 1), method="quadrature")
    with mp.workdps(50):
        truth = mu * mp.log(mp.mpf(mu) / mp.mpf(mu + 1)) + 1
    assert found.status.value == "converged" and found.evaluations < 50000
    assert abs(found.value - truth) <= found.error <= 1e-5 * truth


def test_binomials_of_huge_numbers_that_hardly_differ():
    """D = E log((n + 1 - k)/((n + 1)(1 - p))), by the moments of the failures n - k about (n + 1)(1 - p)."""
    n, p = 10**12, mp.mpf(0.3)
    found = dn.kl(dn.Binomial(float(n), 0.3), dn.Binomial(float(n + 1), 0.3))
    with mp.workdps(80):
        q = 1 - p
        centre, shift, var = (n + 1) * q, p, n * p * q  # 1 + n - k is centre + shift + what has mean 0
        third, fourth = var * (p - q), 3 * var**2 + var * (1 - 6 * p * q)
        raw = [
            shift,
            var + shift**2,
            third + 3 * shift * var,
            fourth + 4 * shift * third,
            10 * var * third,
            15 * var**3,
        ]
        truth = mp.fsum((-1) ** i * raw[i] / ((i + 1) * centre ** (i + 1)) for i in range(6))
    assert found.status.value == "converged" and found.evaluations < 50000
    assert abs(found.value - truth) <= found.error + 1e-11 * truth


@pytest.mark.parametrize("law", ["poisson(3)", "negative_binomial(3, 0.4)", "truncate(poisson(3), 0, inf)"])
def test_zeta_laws_without_a_mean_are_infinitely_far_from_light_tails(law):
    """log p/q grows at least as k, and Σ k·k^-2 is infinite: the exponent of the terms is on the border, that of k is known."""
    for a in (1.5, 2.0):
        found = dn.kl(dn.Zipf(a), dn.parse(law))
        assert found.value == float("inf") and found.status.value == "infinite"
    assert dn.kl(3 * dn.Zipf(2.0), dn.parse("poisson(3)")).value == float("inf")
    found = dn.kl(dn.Zipf(3.0), dn.parse(law))
    assert found.status.value == "converged" and found.error < 1e-12


def test_a_geometric_law_against_a_zeta_law():
    """D = -H - E log q; Σ q log q over the tail is none of the errors of what p has lost long before."""
    found = dn.kl(dn.Geometric(0.01), dn.Zipf(2.0))
    with mp.workdps(30):
        p = mp.mpf(0.01)
        logs = mp.fsum(p * (1 - p) ** (k - 1) * mp.log(k) for k in range(1, 7000))
        truth = mp.log(p) + (1 - p) / p * mp.log(1 - p) + 2 * logs + mp.log(mp.zeta(2))
    assert found.status.value == "converged"
    assert abs(found.value - truth) <= found.error
