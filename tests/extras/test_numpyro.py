"""Laws handed to NumPyro and taken from it."""

import pickle

import numpy as np
import pytest

import densities as dn
from densities import benchmarks
from tests.extras.walk import LEVELS, inner_points, law_of

jax = pytest.importorskip("jax", reason="jax is an extra")
numpyro = pytest.importorskip("numpyro", reason="numpyro is an extra")
pytestmark = pytest.mark.extras

jax.config.update("jax_enable_x64", True)
jnp = jax.numpy

from densities.distributions.torch_families import TABLES  # noqa: E402


@pytest.mark.parametrize("name", TABLES["numpyro"])
def test_families_of_numpyro_and_back(name):
    law = law_of(name, 0)
    theirs = dn.to_numpyro(law)
    assert type(theirs).__module__.startswith("numpyro.distributions")
    back = dn.as_distribution(theirs)
    assert type(back) is type(law)
    for key, p in law.params.items():
        np.testing.assert_allclose(back.params[key], p, rtol=1e-15)
    if law.event_shape:
        y = law.rvs(7, rng=0)
    else:
        y = inner_points(law) if law.measure == "lebesgue" else law.ppf(LEVELS)
    own = law.logpdf(y) if law.measure == "lebesgue" else law.logpmf(y)
    points = jnp.asarray(y) if law.measure == "lebesgue" else jnp.asarray(y).astype(int)
    # the last digits that NumPyro's own negative binomial has in its tail
    rtol = 1e-6 if name == "negative_binomial" else 1e-7
    np.testing.assert_allclose(theirs.log_prob(points), own, rtol=rtol, atol=1e-9)


def test_laws_of_numpyro_are_known_outside_the_support():
    for law in (dn.Exponential(2.0), dn.LogNormal(), dn.Pareto(3.0), dn.Beta(2.0, 3.0), dn.Gamma(2.0)):
        theirs = pickle.loads(pickle.dumps(dn.to_numpyro(law)))
        np.testing.assert_array_equal(theirs.cdf(jnp.asarray([-1.0, np.inf, np.nan])), [0.0, 1.0, np.nan])
        assert float(jax.grad(theirs.log_prob)(-1.0)) == 0.0
    counts = dn.to_numpyro(dn.NegativeBinomial(3.0, 0.4))
    np.testing.assert_allclose(
        counts.cdf(jnp.asarray([-1.0, 0.5])), dn.NegativeBinomial(3.0, 0.4).cdf([-1.0, 0.5]), rtol=1e-7
    )


def test_numbers_of_trials_are_integers_there():
    draws = dn.to_numpyro(dn.Binomial(20, 0.3)).sample(jax.random.key(0), (500,))
    assert float(draws.mean()) == pytest.approx(6.0, abs=0.5)
    assert dn.as_distribution(dn.to_numpyro(dn.Binomial(20, 0.3))).same_as(dn.Binomial(20, 0.3))


def test_any_other_law_becomes_one_of_numpyro():
    law = dn.Normal() >> dn.SinhArcsinh(0.5)
    theirs = dn.to_numpyro(law)
    assert isinstance(theirs, numpyro.distributions.Distribution)
    assert dn.as_distribution(theirs) is law
    y = jnp.asarray([-0.4, 0.3, 2.0])
    np.testing.assert_allclose(jax.jit(theirs.log_prob)(y), law.logpdf(np.asarray(y)), rtol=1e-12)
    np.testing.assert_allclose(theirs.icdf(theirs.cdf(y)), y, rtol=1e-12)
    key = jax.random.key(0)
    draws = theirs.sample(key, (4, 2))
    assert draws.shape == (4, 2)
    np.testing.assert_allclose(jax.jit(lambda k: theirs.sample(k, (4, 2)))(key), draws, rtol=1e-14)
    assert float(theirs.mean) == pytest.approx(law.mean(), rel=1e-14)
    assert float(theirs.variance) == pytest.approx(law.var(), rel=1e-14)
    assert theirs.support is numpyro.distributions.constraints.real
    assert dn.to_numpyro(dn.Lomax(2.0)).log_prob(-1.0) == -np.inf


def test_laws_of_vectors_are_drawn_by_numpy():
    law = dn.Product([dn.Normal(), dn.Lomax(3.0)])
    theirs = dn.to_numpyro(law)
    first = theirs.sample(jax.random.key(1), (5,))
    assert first.shape == (5, 2)
    np.testing.assert_array_equal(first, theirs.sample(jax.random.key(1), (5,)))
    np.testing.assert_allclose(theirs.log_prob(first), law.logpdf(np.asarray(first)), rtol=1e-12)


def test_laws_are_used_in_models():
    law = dn.Normal(1.0, 0.5) >> dn.Softplus()

    def model():
        numpyro.sample("x", dn.to_numpyro(law))

    log_joint, _ = numpyro.infer.util.log_density(model, (), {}, {"x": jnp.asarray(0.9)})
    assert float(log_joint) == pytest.approx(law.logpdf(0.9), rel=1e-12)


def test_foreign_laws_of_numpyro_are_taken_by_their_density():
    theirs = numpyro.distributions.SoftLaplace(0.0, 1.0)
    assert dn.as_distribution(theirs).cdf(2.0) == pytest.approx(dn.HyperbolicSecant().cdf(2.0), rel=1e-9)


@pytest.mark.parametrize("chain", benchmarks.CHAINS)
def test_the_benchmark_times_what_agrees(chain):
    law = dn.parse(benchmarks.CHAINS[chain])
    y = law.rvs(1000, rng=0)
    benchmarks.check_equal(benchmarks.Workload(chain, law.logpdf, {"numpyro": benchmarks.by_numpyro(chain)}, y))
