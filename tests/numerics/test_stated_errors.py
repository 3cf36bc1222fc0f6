"""What rounding does to a divergence lies within the stated error: far out in a slow tail, in huge counts, in quantiles."""

import mpmath
import pytest

from densities.distributions import Binomial, Exponential, Gamma, Laplace, Mixture, Normal
from densities.divergences import kl
from densities.divergences.numeric import kl_quadrature
from densities.estimate import Status
from densities.transforms import Exp

mpmath.mp.dps = 50


def off(estimate, truth):
    return abs(mpmath.mpf(estimate.value) - truth)


@pytest.mark.parametrize("scale", [0.999, 0.999999, 0.9999990000010001])
def test_terms_that_are_exponentials_of_large_logarithms(scale):
    """E e^X = 1/(1 - b²) for a Laplace law of scale b: its integrand falls like e^(-(1/b - 1) x)."""
    b = mpmath.mpf(scale)
    found = kl(Laplace(0, scale) >> Exp(), Exponential(1))
    assert off(found, -mpmath.log(2 * b) - 1 + 1 / (1 - b * b)) <= found.error
    assert found.error <= 1e-8 * found.value


@pytest.mark.parametrize("n", [10**6, 10**12])
@pytest.mark.parametrize("other", [0.9999991, 0.5])
def test_log_masses_of_huge_counts(n, other):
    p, q = mpmath.mpf(0.999999), mpmath.mpf(other)
    found = kl(Binomial(n, 0.999999), Binomial(n, other), method="quadrature")
    assert off(found, n * (p * mpmath.log(p / q) + (1 - p) * mpmath.log((1 - p) / (1 - q)))) <= found.error


@pytest.mark.parametrize("weight", [0.3, 1e-3, 1e-9])
def test_q_is_shared_out_whole_among_the_components_of_p(weight):
    p = Mixture([1 - weight, weight], [Normal(0, 1), Normal(1e3, 1e-6)])
    found = kl_quadrature(p, Normal(0, 1))
    assert found.status is Status.CONVERGED
    assert found.detail["mass_q"] == pytest.approx(1.0, abs=1e-14)
    v, w, s = mpmath.mpf(1 - weight), mpmath.mpf(weight), mpmath.mpf(1e-6)
    spike = mpmath.log(w) - mpmath.log(s) - mpmath.mpf(1) / 2 + (mpmath.mpf(1e3) ** 2 + s * s) / 2
    assert off(found, v * mpmath.log(v) + w * spike) <= found.error


@pytest.mark.parametrize(("shape", "other"), [(1e12, 1e12 + 1e4), (1e10, 1.0001e10), (2.0, 3.0)])
def test_draws_feel_the_rounding_of_quantiles(shape, other):
    found = kl(Gamma(shape), Gamma(other), method="montecarlo", n=2**12, rng=0)
    a, b = mpmath.mpf(shape), mpmath.mpf(other)
    truth = mpmath.loggamma(b) - mpmath.loggamma(a) + (a - b) * mpmath.digamma(a)
    assert off(found, truth) <= 4 * found.error
    assert found.error <= 1e-3 * found.value
