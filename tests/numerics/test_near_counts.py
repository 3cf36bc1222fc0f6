"""Near-identical laws of point masses: divergences of 1e-15 to 1e-25 keep their digits, by sums in mpmath at 60 digits."""

import mpmath as mp
import pytest

import densities as dn
from densities.divergences.near_counts import kl_near, log_masses
from densities.divergences.neighbours import ApartError

STEP = [1e-7, 1e-10, 1e-12]


def divergence(p, q, terms=120):
    """Σ p φ(log p/q) over masses of 0, 1, ... up to `terms`, of those alone where they do not add up to 1."""
    with mp.workdps(60):
        pairs = [(p(mp.mpf(k)), q(mp.mpf(k))) for k in range(terms)]
        whole = [mp.fsum(pair[i] for pair in pairs) for i in (0, 1)]
        return mp.fsum(a / whole[0] * mp.log(a / b * whole[1] / whole[0]) for a, b in pairs if a)


def poisson(mu):
    return lambda k: mp.exp(k * mp.log(mp.mpf(mu)) - mu - mp.loggamma(k + 1))


def negative_binomial(n, share):
    n, share = mp.mpf(n), mp.mpf(share)
    return lambda k: mp.gamma(n + k) / mp.gamma(n) / mp.factorial(k) * share**n * (1 - share) ** k


@pytest.mark.slow
@pytest.mark.parametrize("step", STEP)
def test_a_count_of_failures(step):
    p, q = ((2.5, 0.3), (2.5 + step, 0.3))
    found = dn.kl(dn.NegativeBinomial(*p), dn.NegativeBinomial(*q))
    assert found.value == pytest.approx(float(divergence(negative_binomial(*p), negative_binomial(*q), 600)), rel=1e-13)
    assert found.error < 1e-12 * found.value


@pytest.mark.parametrize("step", STEP)
def test_truncated_counts_nearby_keep_their_digits(step):
    p, q = (dn.truncate(dn.Poisson(mu), 0, 40) for mu in (3.0, 3.0 + step))

    def cut(mu):
        return lambda k: poisson(mu)(k) if 1 <= k <= 40 else mp.mpf(0)

    found = dn.kl(p, q)
    assert found.value == pytest.approx(float(divergence(cut(3.0), cut(3.0 + step))), rel=1e-13)
    assert found.error < 1e-12 * found.value


@pytest.mark.parametrize("step", STEP)
def test_a_law_with_too_many_zeros(step):
    p, q = (dn.Mixture([0.25, 0.75], [dn.Delta(0.0), dn.Poisson(mu)]) for mu in (3.0, 3.0 + step))

    def inflated(mu):
        return lambda k: (poisson(mu)(k) * 3 + (k == 0)) / 4

    found = dn.kl(p, q)
    assert found.value == pytest.approx(float(divergence(inflated(3.0), inflated(3.0 + step))), rel=1e-13)
    assert found.error < 1e-12 * found.value


@pytest.mark.parametrize(
    ("p", "q", "why"),
    [
        (dn.Delta(0.0), dn.Delta(1.0), "moves"),
        (dn.DiscreteUniform(0, 5), dn.DiscreteUniform(0, 6), "supports"),
        (dn.truncate(dn.Poisson(3.0), 0, 9), dn.truncate(dn.Poisson(3.0), 0, 8), "supports"),
        (dn.Categorical([0.5, 0.5]), dn.Categorical([0.5, 0.5]), "no parameters"),
        (
            dn.Mixture([0.5, 0.5], [dn.truncate(dn.Poisson(3.0), 0, 9), dn.Poisson(1.0)]),
            dn.Mixture([0.5, 0.5], [dn.truncate(dn.Poisson(3.1), 0, 9), dn.Poisson(1.0)]),
            "constant",
        ),
    ],
    ids=["atom", "ends", "cut", "list", "component"],
)
def test_laws_without_a_segment_between_them(p, q, why):
    with pytest.raises(ApartError, match=why):
        log_masses(p, q, 0.0)


def test_too_many_integers_are_left_to_the_sums():
    p, q = dn.Poisson(1e9), dn.Poisson(1e9 + 1.0)
    assert kl_near(p, q, 5e-10, 1e-12) is None
