"""What rounding does to a divergence lies within the stated error: far out in a slow tail, in huge counts, in quantiles."""

import mpmath
import pytest

from densities.distributions import (
    Bernoulli,
    Binomial,
    Dirichlet,
    Exponential,
    Gamma,
    Laplace,
    Mixture,
    MultivariateNormal,
    MultivariateT,
    Normal,
    Poisson,
    Product,
    StudentT,
    UniformBall,
)
from densities.divergences import divergence, entropy, kl
from densities.divergences.quadrature import kl_quadrature
from densities.estimate import Status
from densities.expressions import parse
from densities.transforms import Exp, MatrixAffine

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


@pytest.mark.parametrize("seed", [0, 1])
def test_draws_beyond_a_cut_far_out_state_how_its_place_was_rounded(seed):
    """Of gumbel(1e4, 520) below 4.35 the log-mass is -2e8; the truth by mpmath in 40 digits."""
    p, q = parse("truncate(gumbel(10000, 520), 1.35, 4.35)"), parse("generalized_normal(0.7, 0.455, 5.99)")
    found = kl(p, q, method="montecarlo", n=2**12, rng=seed)
    assert abs(found.value - 15.427407979092558) < 3 * found.error < 1e-6


def test_draws_that_hardly_meet_a_density_beside_point_masses_say_so():
    p, q = parse("relu(normal(-5, 1))"), parse("relu(normal(0, 1))")
    rare = mpmath.ncdf(-5)
    by_name = {
        "kl": (1 - rare) * mpmath.log(2 * (1 - rare)) + 12.5 * rare - 5 * mpmath.npdf(5),
        "total_variation": 0.5 - rare,
    }
    for name, truth in by_name.items():
        found = divergence(name, p, q, method="montecarlo", n=2**12, rng=0)
        assert off(found, truth) <= 2 * found.error < 2e-3 * truth
    # of a density that draws do meet, a part far out
    p = parse("mixture([0.5, 0.4999999, 1e-7], [delta(0), normal(0, 1), normal(60, 1)])")
    q = parse("mixture([0.5, 0.5], [delta(0), normal(0, 1)])")
    found = divergence("total_variation", p, q, method="montecarlo", n=2**12, rng=0)
    assert off(found, mpmath.mpf(1e-7)) <= 2 * found.error < 1e-5


def test_draws_that_tell_nearly_equal_laws_not_apart_say_so():
    found = kl(Dirichlet([2, 3, 4, 5]), Dirichlet([2, 3, 4, 5 + 1e-12]), method="montecarlo", n=2**12, rng=0)
    assert found.error > abs(found.value) and "hardly above" in found.reason
    found = kl(Normal(0, 1), Normal(1e-6, 1), method="montecarlo", n=2**12, rng=0)
    assert found.error < 0.1 * found.value and not found.reason


@pytest.mark.parametrize("method", ["auto", "montecarlo"])
def test_vectors_of_counts_entry_by_entry(method):
    p, q = Product([Bernoulli(0.3), Poisson(3)]), Product([Bernoulli(0.4), Poisson(5)])
    a, b = mpmath.mpf(0.3), mpmath.mpf(0.4)
    truth = a * mpmath.log(a / b) + (1 - a) * mpmath.log((1 - a) / (1 - b)) + 3 * mpmath.log(mpmath.mpf(3) / 5) + 2
    found = kl(p, q, method=method, n=2**12, rng=0)
    assert off(found, truth) <= 4 * found.error < 0.05 * found.value
    assert found.same_as(kl(p, q, method=method, n=2**12, rng=0))


@pytest.mark.parametrize("df", [3.0, 100.0, 1e6, 1e12])
def test_entropy_of_t_does_not_cancel(df):
    v = mpmath.mpf(df)
    a = (v + 1) / 2
    truth = a * (mpmath.digamma(a) - mpmath.digamma(v / 2)) + mpmath.log(v) / 2 + mpmath.log(mpmath.beta(v / 2, 0.5))
    found = entropy(StudentT(df))
    assert off(found, truth) <= found.error


@pytest.mark.parametrize("df", [1e6, pytest.param(100.0, marks=pytest.mark.slow)])
def test_t_in_the_plane_lies_within_its_error(df):
    """The density is a function of s = |x|², and of s = |x|² the element of area is π ds."""
    p, q = mpmath.mpf(df), mpmath.mpf(4)

    def log_density(v, s):
        return -mpmath.log(2 * mpmath.pi) - (v / 2 + 1) * mpmath.log1p(s / v)

    truth = mpmath.quad(
        lambda s: mpmath.pi * mpmath.exp(log_density(p, s)) * (log_density(p, s) - log_density(q, s)),
        [0, 2, 8, 32, 128, mpmath.inf],
        maxdegree=6,
    )
    found = kl(MultivariateT(df, [0, 0], [[1, 0], [0, 1]]), MultivariateT(4.0, [0, 0], [[1, 0], [0, 1]]))
    assert off(found, truth) <= found.error


@pytest.mark.parametrize("second", [Normal(0, 1), Laplace(0, 1)])
def test_independent_entries_beside_a_normal_law_by_quadrature(second):
    """D = -H(p) + log 2π + log|C|/2 + E (X - m)ᵀ C⁻¹ (X - m)/2."""
    p, q = Product([Normal(0, 1), second]), MultivariateNormal([1, 0], [[1, 0.5], [0.5, 1]])
    normal, laplace, c = mpmath.log(2 * mpmath.pi * mpmath.e) / 2, 1 + mpmath.log(2), mpmath.mpf(3) / 4
    own, square = (normal, 1) if second.name == "normal" else (laplace, 2)
    truth = -normal - own + mpmath.log(2 * mpmath.pi) + mpmath.log(c) / 2 + (2 + square) / c / 2
    found = kl(p, q, method="quadrature")
    assert off(found, truth) <= found.error <= 1e-12


def test_normal_laws_by_cubature():
    p, q = MultivariateNormal([0, 0], [[1, 0], [0, 1]]), MultivariateNormal([1, 0], [[1, 0.5], [0.5, 1]])
    found = kl(p, q, method="quadrature")
    assert found.method == "cubature"
    assert off(found, 1 + mpmath.log(mpmath.mpf(3) / 4) / 2) <= found.error


def test_draws_of_vectors_feel_rounding():
    ball = kl(UniformBall([0, 0, 0], 1), UniformBall([0.5, 0, 0], 2), method="montecarlo", n=2**12, rng=0)
    assert off(ball, 3 * mpmath.log(2)) <= ball.error <= 1e-13
    near = kl(Dirichlet([1e12, 1e12]), Dirichlet([1e12, 1e12 + 1]), method="montecarlo", n=2**12, rng=0)
    assert off(near, mpmath.mpf("2.5e-13")) <= near.error


@pytest.mark.parametrize("method", ["auto", "quadrature", "montecarlo"])
def test_sums_of_counts_have_no_certain_answer(method):
    """(M + N, N) lives where (M, N) does: the divergence is finite, though the sets that carry the laws differ."""
    counts = Product([Poisson(3), Poisson(5)])
    found = kl(counts >> MatrixAffine([0, 0], [[1, 1], [0, 1]]), Product([Poisson(3), Poisson(4)]), method=method)
    assert found.status is Status.UNAVAILABLE
    assert "point masses" in found.reason


def test_vectors_with_and_without_point_masses_are_singular():
    smooth, counts = Product([Normal(0, 1), Normal(0, 1)]), Product([Poisson(3), Poisson(5)])
    sheared = counts >> MatrixAffine([0, 0], [[1, 1], [0, 1]])
    for p, q in ((smooth, counts), (counts, smooth), (smooth, sheared), (sheared, smooth)):
        assert kl(p, q).status is Status.INFINITE


@pytest.mark.parametrize("rare", [1e-3, 1e-9])
def test_draws_that_miss_a_rare_point_mass(rare):
    p, q = mpmath.mpf(rare), mpmath.mpf(1) / 2
    truth = p * mpmath.log(p / q) + (1 - p) * mpmath.log((1 - p) / q)
    for seed in range(4):
        found = kl(Bernoulli(rare), Bernoulli(0.5), method="montecarlo", n=2**10, rng=seed)
        assert off(found, truth) <= 4 * found.error
