"""Laws that torch and NumPyro make of other laws: part by part they become ours, and their densities say the same."""

import numpy as np
import pytest

import densities as dn

MIXED = "mixture([0.25, 0.75], [normal(0, 1), normal(4, 2)])"
SQUARES = "multivariate_normal([0, 0], [[1, 0], [0, 1]])"


def of_torch():
    torch = pytest.importorskip("torch", reason="torch is an extra")
    d = torch.distributions

    def tensor(*x):
        return torch.tensor(x, dtype=torch.float64)

    one, half = torch.tensor(1.0, dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64)
    normal, two = d.Normal(0 * one, one), d.Normal(tensor(0, 4), tensor(1, 2))
    square = d.MultivariateNormal(tensor(0, 0), torch.eye(2, dtype=torch.float64))
    steps = [d.AffineTransform(1.0, 2.0), d.ExpTransform()]
    weights = d.Categorical(tensor(0.25, 0.75))
    return {
        "normal(0, 1) >> affine(1, 2) >> exp": d.TransformedDistribution(normal, steps),
        "gamma(2) >> log": d.TransformedDistribution(d.Gamma(2 * one, one), d.ExpTransform().inv),
        "normal(0, 1) >> tanh >> exp": d.TransformedDistribution(
            normal, d.ComposeTransform([d.TanhTransform(), d.ExpTransform()])
        ),
        "exponential(1) >> power(.5) >> softplus": d.TransformedDistribution(
            d.Exponential(one), [d.PowerTransform(half), d.SoftplusTransform()]
        ),
        "normal(0, 1) >> cdf_of(laplace(0, 1))": d.TransformedDistribution(
            normal, d.CumulativeDistributionTransform(d.Laplace(0 * one, one))
        ),
        f"{SQUARES} >> stick_breaking": d.TransformedDistribution(square, d.StickBreakingTransform()),
        "product([normal(0, 1), normal(4, 2)])": d.Independent(two, 1),
        MIXED: d.MixtureSameFamily(weights, two),
        f"mixture([.5, .5], [{SQUARES}, {SQUARES}])": d.MixtureSameFamily(
            d.Categorical(logits=tensor(7, 7)),
            d.MultivariateNormal(torch.zeros((2, 2)).double(), torch.eye(2).double()),
        ),
        "geometric(.5) - 1": d.Geometric(half),
        "bernoulli(.5)": d.Bernoulli(logits=0 * one),
        "negative_binomial(3, .25)": d.NegativeBinomial(3, tensor(0.75)[0]),
        "negative_binomial(3, .5)": d.NegativeBinomial(3, logits=0 * one),
    }


def of_numpyro():
    pytest.importorskip("numpyro", reason="numpyro is an extra")
    import jax.numpy as jnp
    import numpyro.distributions as d

    normal, two, steps = d.Normal(0, 1), d.Normal(jnp.array([0.0, 4.0]), jnp.array([1.0, 2.0])), d.transforms
    return {
        "normal(0, 1) >> affine(1, 2) >> sigmoid": d.TransformedDistribution(
            normal, [steps.AffineTransform(1.0, 2.0), steps.SigmoidTransform()]
        ),
        "truncate(normal(0, 1), 0, inf)": d.TruncatedNormal(0.0, 1.0, low=0.0),
        "truncate(cauchy(0, 1), -1, 2)": d.TruncatedCauchy(0.0, 1.0, low=-1.0, high=2.0),
        MIXED: d.MixtureSameFamily(d.Categorical(jnp.array([0.25, 0.75])), two),
        "mixture([.5, .5], [normal(0, 1), laplace(0, 1)])": d.MixtureGeneral(
            d.Categorical(logits=jnp.zeros(2)), [normal, d.Laplace(0, 1)]
        ),
        "product([normal(0, 1), normal(0, 1)])": normal.expand([2]).to_event(1),
        "mixture([.25, .75], [delta(0), poisson(2)])": d.ZeroInflatedPoisson(0.25, 2.0),
        "geometric(.5) - 1": d.Geometric(logits=0.0),
        "binomial(5, .5)": d.Binomial(5, logits=0.0),
    }


@pytest.mark.extras
@pytest.mark.parametrize("laws", [of_torch, of_numpyro], ids=["torch", "numpyro"])
def test_each_part_becomes_ours(laws):
    for text, theirs in laws().items():
        ours, law = dn.parse(text), dn.as_distribution(theirs)
        assert law.same_as(ours), (text, law)
        if laws is of_numpyro and "geometric" not in text and "poisson" not in text:
            continue  # what NumPyro compiles for each density takes seconds
        y = ours.rvs(4, rng=0)
        own = np.logaddexp(ours.logpdf(y), ours.logpmf(y)) if not ours.event_shape else ours.logpdf(y)
        points = __import__("torch").tensor(y) if laws is of_torch else y
        np.testing.assert_allclose(theirs.log_prob(points), own, rtol=2e-6, err_msg=text)


@pytest.mark.extras
def test_parts_that_are_unknown_are_named():
    torch = pytest.importorskip("torch", reason="torch is an extra")
    d, zeros = torch.distributions, torch.zeros(2, 3)
    pair = d.Normal(torch.zeros(3), torch.ones(3))
    cases = {
        "transform: expected one of .* got 'SoftmaxTransform'": d.TransformedDistribution(pair, d.SoftmaxTransform()),
        "expected the shapes of batch and event": d.Independent(d.Normal(zeros, 1.0), 1),
        "logits: expected log-odds": d.Bernoulli(logits=torch.tensor(40.0)),
    }
    for text, theirs in cases.items():
        with pytest.raises(dn.UnsupportedOperationError, match=text):
            dn.as_distribution(theirs)
    rounded = dn.as_distribution(d.Bernoulli(logits=torch.tensor(20.0)))  # whose probability is 1 in single precision
    assert rounded.pmf(0) == pytest.approx(np.exp(-20.0), rel=1e-7)
