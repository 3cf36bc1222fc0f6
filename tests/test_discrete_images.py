"""Images of point masses, and what maps to a few points make of densities: against sums in mpmath at 50 digits."""

import math
import warnings

import mpmath as mp
import numpy as np
import pytest

import densities as dn
from densities import transforms as maps
from densities.errors import UnsupportedOperationError
from densities.estimate import Status


@pytest.fixture(autouse=True)
def fifty_digits_and_no_warning():
    with mp.workdps(50), warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def close(got, truth, rtol=1e-12):
    return abs(mp.mpf(float(got)) - truth) <= rtol * abs(truth)


def poisson(k, mu):
    return mp.exp(-mu) * mp.mpf(mu) ** k / mp.factorial(k)


# ---- maps without end: lists of atoms ----


def test_divergences_between_images_under_a_map_without_end_are_those_of_the_counts():
    p, q = dn.Poisson(4.0), dn.Poisson(3.0)
    found = dn.kl(p >> maps.Sin(), q >> maps.Sin())  # q has fewer atoms that carry mass
    assert found.status is Status.EXACT
    assert close(found.value, 4 * mp.log(mp.mpf(4) / 3) - 1, 1e-10)


def test_masses_of_a_list_that_no_double_can_hold_keep_their_logarithms():
    law = dn.Poisson(3.0) >> maps.Cos()
    for k in (170, 180, 400, 5000):
        assert close(law.logpmf(math.cos(k)), mp.log(poisson(k, 3)), 1e-12)
    assert law.pmf(math.cos(400)) == 0.0


def test_a_divergence_from_a_law_that_lacks_an_atom_is_infinite_under_such_a_map_too():
    found = dn.kl(dn.Poisson(3.0) >> maps.Sin(), dn.Binomial(9, 0.4) >> maps.Sin())
    assert found.status is Status.INFINITE


def test_mass_beyond_the_doubles_has_no_sine():
    with pytest.raises(UnsupportedOperationError, match=r"sin: 1\.\d+e-23 of the mass lies beyond the largest double"):
        dn.Geometric(0.2) >> maps.Scale(3.0) >> maps.Exp() >> maps.Sin()
    assert (dn.Poisson(3.0) >> maps.Exp() >> maps.Sin()).cdf(1.0) == 1.0  # there less is lost than a double can hold


# ---- bijections whose images run together in the doubles ----


@pytest.mark.parametrize(
    "through",
    [lambda d: d >> maps.Cosh(), lambda d: maps.Polynomial([0, -4, 0, 1])(0.3 - 0.1 * np.tanh(d))],
    ids=["overflow", "saturation"],
)
def test_counts_whose_images_are_one_double_still_differ(through):
    p, q = dn.Geometric(0.95), dn.Geometric(0.3)
    found = dn.kl(through(p), through(q))
    a, b = mp.mpf(0.95), mp.mpf(0.3)
    truth = mp.log(a / b) + (1 - a) / a * mp.log((1 - a) / (1 - b))
    assert close(found.value, truth, 1e-10)


def test_an_infinite_divergence_is_told_at_once():
    found = dn.kl(np.tanh(dn.NegativeBinomial(2.5, 0.4)) * 2.0, np.tanh(dn.Binomial(60, 0.01)) * 2.0)
    assert found.status is Status.INFINITE and found.evaluations < 10**5


# ---- logarithms of probabilities close to 1 ----


@pytest.mark.parametrize(
    ("law", "y", "missing"),
    [
        (dn.Binomial(60, 0.01) >> maps.Square(), 625.0, lambda: mp.nsum(
            lambda k: mp.binomial(60, k) * mp.mpf(0.01) ** k * (1 - mp.mpf(0.01)) ** (60 - k), [26, 60], method="d")),
        (dn.truncate(dn.Geometric(0.4), 5, math.inf), 60.0, lambda: (1 - mp.mpf(0.4)) ** 55),
        (dn.Mixture([0.5, 0.5], [dn.Normal(), dn.Normal(1, 1)]), 8.0, lambda: (mp.ncdf(-8) + mp.ncdf(-7)) / 2),
        (dn.Normal() >> maps.Square(), 144.0, lambda: 2 * mp.ncdf(-12)),
        (dn.Normal() >> maps.Relu(), 8.0, lambda: mp.ncdf(-8)),
        (dn.Mixture([0.3, 0.7], [dn.Exponential(), dn.Delta(0.0)]) >> maps.Round(), 60.0,
         lambda: mp.mpf(0.3) * mp.exp(-60.5)),
    ],
    ids=["squared counts", "cut geometric", "mixture", "square", "relu", "rounded mixture"],
)  # fmt: skip
def test_logarithms_close_to_nothing_keep_their_digits(law, y, missing):
    assert close(law.logcdf(y), mp.log1p(-missing()), 1e-11)
    assert law.logcdf(np.array([y, math.inf])).tolist() == [law.logcdf(y), 0.0]


# ---- draws ----


@pytest.mark.parametrize("through", [maps.Round(), maps.Floor(), maps.Abs() >> maps.Ceil()], ids=str)
def test_heavy_tails_that_are_rounded_can_be_drawn(through):
    x = (dn.Cauchy() >> through).rvs(1000, rng=1)
    assert np.array_equal(x, np.floor(x)) and np.all(np.isfinite(x))
    assert abs(np.mean(x == 0.0) - (dn.Cauchy() >> through).pmf(0.0)) < 0.07


@pytest.mark.parametrize(
    "law", [dn.HalfNormal(1.0), dn.HalfLogistic(), dn.Moyal(), dn.ExponentiatedWeibull(2.0, 1.5)], ids=str
)
def test_masses_where_neighbours_are_one_double_to_the_law(law):
    """Far out on a cliff P(k <= X < k + 1) is P(X >= k), to the digits that its logarithm has there."""
    k = np.floor(10.0 ** np.random.default_rng(0).uniform(14.5, 17.0, 300))
    np.testing.assert_allclose((law >> maps.Floor()).logpmf(k), law.logsf(k), rtol=1e-13)


def test_a_divergence_of_rounded_tails_that_goes_far_out():
    """KL(floor(Lomax(2.3)) ‖ floor(|N|)), whose terms matter up to 1e17: 3000 terms and Euler-Maclaurin by mpmath."""
    found = dn.kl(dn.Lomax(2.3) >> maps.Floor(), dn.HalfNormal() >> maps.Floor())
    assert abs(found.value - 2.0273250223526727668) <= found.error < 1e-12


def test_rounding_leaves_an_infinite_mean_infinite():
    """Σ p log(p/q) is about Σ k p(k), and toward its end no exponent tells that from a finite sum."""
    law = dn.Lomax(1.0) >> maps.Floor()
    assert law.mean() == math.inf and (dn.Lomax(1.0) >> maps.Affine(0.0, -1.0) >> maps.Ceil()).mean() == -math.inf
    assert math.isnan((dn.Cauchy() >> maps.Floor()).mean())
    assert close((dn.Lomax(2.0) >> maps.Floor()).mean(), mp.zeta(2) - 1)
    for q in (dn.Exponential() >> maps.Floor(), dn.Poisson(3.0)):
        assert dn.kl(law, q).value == math.inf
