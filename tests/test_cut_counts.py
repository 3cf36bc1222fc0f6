"""Laws of point masses that are cut: at an atom, and to a tail; what is known of them against sums in mpmath at 50 digits."""

import warnings

import mpmath as mp
import numpy as np
import pytest

import densities as dn
from densities import transforms as maps


@pytest.fixture(autouse=True)
def fifty_digits_and_no_warning():
    with mp.workdps(50), warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def poisson(mu, ks):
    """The masses of a Poisson law cut to the integers ks, mu exact as a double."""
    mu = mp.mpf(mu)
    masses = [mp.exp(k * mp.log(mu) - mu - mp.loggamma(k + 1)) for k in ks]
    return [mass / mp.fsum(masses) for mass in masses]


def within(estimate, truth):
    return abs(mp.mpf(float(estimate.value)) - truth) <= float(estimate.error)


# ---- an atom at the cut is cut off: P(X > low) ----


def test_counts_without_zero_are_no_counts():
    law = dn.truncate(dn.Poisson(2.0), 0, np.inf)
    rest = -mp.expm1(-2)
    assert law.simplify().same_as(law)
    assert law.mean() == pytest.approx(float(2 / rest), rel=1e-14)
    assert dn.kl(law, dn.Poisson(2.0)).value == pytest.approx(float(-mp.log(rest)), rel=1e-14)
    assert dn.kl(dn.Poisson(2.0), law).value == np.inf


@pytest.mark.parametrize(
    ("law", "low", "mean"),
    [
        (dn.Geometric(0.2), 1, 6.0),
        (dn.Categorical([0.5, 0.25, 0.25]), 0, 1.5),
        (dn.truncate(dn.Categorical([0.5, 0.25, 0.25]), -1, np.inf), 0, 1.5),
        (dn.Normal(0, 1) >> maps.Relu(), 0, np.sqrt(2 / np.pi)),
        (dn.Mixture([0.5, 0.5], [dn.Delta(0.0), dn.Exponential(3.0)]), 0, 3.0),
    ],
)
def test_an_atom_at_the_lower_end_is_cut_off_when_the_mean_is_asked_for(law, low, mean):
    assert dn.truncate(law, low, np.inf).mean() == pytest.approx(mean, rel=1e-14)


def test_a_cut_at_an_end_without_an_atom_cuts_nothing():
    law = dn.Exponential(2.0)
    assert dn.truncate(law, 0, np.inf).simplify().same_as(law)
    assert dn.truncate(dn.Poisson(2.0), -0.5, np.inf).simplify().same_as(dn.Poisson(2.0))


# ---- far tails ----


def test_atoms_of_a_tail_that_no_double_held_before_the_cut():
    places, masses = dn.truncate(dn.Poisson(1.0), 1000, np.inf).atoms
    assert len(places) > 90
    assert np.sum(masses) == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize(("mu", "low", "high"), [(82.81, 134, 138), (2.549, 170, 424), (1.575, 53, 58)])
def test_the_error_of_an_entropy_takes_in_what_a_cut_to_a_tail_cancels(mu, low, high):
    masses = poisson(mu, range(low, high + 1))
    truth = -mp.fsum(mass * mp.log(mass) for mass in masses)
    found = dn.entropy(dn.truncate(dn.Poisson(mu), low - 1, high))
    assert within(found, truth)
    assert found.error < 1e-11


def test_the_error_of_a_divergence_takes_in_what_is_uncertain_of_mass_outside():
    p = dn.truncate(dn.Binomial(41, 0.387), -np.inf, 13)
    for far in (dn.truncate(dn.Poisson(51.31), 142, 383), dn.truncate(dn.Poisson(2.549), 169, 424)):
        found = dn.kl(p, dn.Mixture([0.9, 0.1], [p, far]))
        assert within(found, -mp.log(mp.mpf(0.9)))
        assert found.error < 1e-9


# ---- images without any density ----


@pytest.mark.parametrize(
    ("law", "var"),
    [
        (dn.DiscreteUniform(-7, -2) >> maps.Scale(0.25) >> maps.Floor(), 0.25),
        (dn.Categorical([0.5, 0.25, 0.25]) >> maps.Shift(-1.0) >> maps.Relu(), mp.mpf(3) / 16),
        (dn.Binomial(1, 0.5) >> maps.Clip(-8, -3), 0),
        (dn.truncate((dn.Binomial(1, 0.6704) + 4) ** 3, 64, np.inf), 0),
    ],
)
def test_variances_of_images_on_pieces_where_the_map_is_constant(law, var):
    assert law.var() == pytest.approx(float(var), rel=1e-13, abs=0.0)


def test_draws_of_images_with_constant_pieces_give_divergences():
    law = dn.NegativeBinomial(2.0, 0.8) >> maps.Shift(-1.0) >> maps.Relu()
    truth = float(dn.kl(law, dn.Poisson(0.4)).value)
    found = dn.kl(law, dn.Poisson(0.4), method="montecarlo", n=2**12, rng=1)
    assert abs(found.value - truth) < 6 * found.error


# ---- laws on sparse atoms, far out ----


@pytest.mark.slow
def test_a_divergence_looks_no_farther_than_p_reaches_where_q_has_scattered_atoms():
    p = dn.Mixture([0.5, 0.5], [dn.NegativeBinomial(0.5, 0.8), dn.Binomial(32, 0.6)])
    q = dn.Mixture([0.5, 0.5], [p, (dn.Binomial(40, 0.8) + 9) ** 4])
    found = dn.kl(p, q)
    assert within(found, mp.log(2))
    assert found.error < 1e-13
    assert found.evaluations < 10_000


@pytest.mark.slow
def test_many_draws_of_images_by_one_table():
    p = dn.Mixture([0.5, 0.5], [1 / (2 * dn.Geometric(0.3) + 1), dn.Bernoulli(0.25)])
    q = dn.Mixture([0.75, 0.25], [p, dn.Poisson(2.5)])
    found = dn.kl(p, q, method="montecarlo", n=2**12, rng=1)
    assert abs(found.value - float(dn.kl(p, q).value)) < 6 * found.error


def test_draws_from_a_cut_to_a_tail_state_what_it_cancels():
    law = dn.truncate(dn.Poisson(2.549), 169, 424)
    found = dn.kl(law, dn.Mixture([0.9, 0.1], [law, dn.Bernoulli(0.5)]), method="montecarlo", n=2**10, rng=1)
    assert within(found, -mp.log(mp.mpf(0.9)))
    still = dn.Categorical([0.0, 0.25, 0.75]) >> maps.Shift(-12.0) >> maps.Relu()  # always 0
    found = dn.kl(still, dn.Mixture([0.25, 0.75], [dn.Delta(0.0), still]), method="montecarlo", n=2**10, rng=1)
    assert within(found, 0)
    assert found.error < 1e-14
