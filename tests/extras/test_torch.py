"""Arrays of torch through laws and maps: values of NumPy, derivatives that finite differences and densities confirm."""

import pickle

import numpy as np
import pytest

import densities as dn
from densities.anchored import value
from densities.transforms import registry as maps
from tests.extras.walk import LEVELS, WALKED, differences, inner_points, law_of

torch = pytest.importorskip("torch", reason="torch is an extra")
pytestmark = [
    pytest.mark.extras,
    # from torch itself
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:There is a performance drop"),
]

METHODS = ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf")


def tensor(x, **options):
    return torch.tensor(np.asarray(x, dtype=float), dtype=torch.float64, **options)


def value_and_slope(function, x):
    x = tensor(x, requires_grad=True)
    y = function(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    return y.detach().numpy(), slope.numpy()


@pytest.mark.parametrize(("name", "index"), WALKED)
def test_every_law_on_the_line(name, index):
    law = law_of(name, index)
    if law.event_shape or law.measure != "lebesgue":
        pytest.skip("a law of vectors or of masses: tested below")
    y = inner_points(law)
    density = law.pdf(y)
    with np.errstate(all="ignore"):
        slope = differences(law.logpdf, law, y)
        tame = np.isfinite(slope) & np.isfinite(density) & (density < 1e100) & (np.abs(slope) < 1e100)
    width = law.ppf(0.75) - law.ppf(0.25)
    for method in METHODS:
        values, slopes = value_and_slope(getattr(law, method), y)
        np.testing.assert_allclose(values, getattr(law, method)(y), rtol=1e-12, atol=1e-13)
        expected = {"logpdf": slope, "cdf": density, "sf": -density}.get(method)
        if expected is not None:
            np.testing.assert_allclose(slopes[tame], expected[tame], rtol=1e-6, atol=1e-7 / width)
    x = tensor(y)
    np.testing.assert_array_equal(torch.func.vmap(law.logpdf)(x), law.logpdf(x))


@pytest.mark.parametrize(("name", "index"), WALKED)
def test_outside_the_support(name, index):
    law = law_of(name, index)
    if law.event_shape or law.measure != "lebesgue":
        pytest.skip("a law of vectors or of masses")
    low, high = law.support.edges
    outside = np.array(
        [float(low) - 1.0 if np.isfinite(low) else -np.inf, float(high) + 1.0 if np.isfinite(high) else np.inf]
    )
    values, slopes = value_and_slope(law.logpdf, outside)
    np.testing.assert_array_equal(values, [-np.inf, -np.inf])
    np.testing.assert_array_equal(slopes, [0.0, 0.0])
    assert np.isnan(law.logpdf(tensor([np.nan])).item())
    np.testing.assert_array_equal(law.cdf(tensor(outside)).numpy(), [0.0, 1.0])


@pytest.mark.parametrize("name", maps.names())
@np.errstate(all="ignore")
def test_every_map_of_the_line(name):
    for example in maps.get(name).examples:
        transform = maps.get(name).factory(**example)
        if transform.event_ndim or transform.batch_shape:
            pytest.skip("a map of vectors")
        low, high = (float(value(end)) for end in transform.domain.edges)
        x = np.clip(np.array([-1.3, -0.4, 0.2, 0.6, 1.7]), max(low + 0.1, -1e3), min(high - 0.1, 1e3))
        np.testing.assert_allclose(transform.forward(tensor(x)).numpy(), transform.forward(x), rtol=1e-12, atol=1e-14)
        if not isinstance(transform, dn.Bijection):
            continue
        (values, slopes), (_, log_det) = value_and_slope(transform, x), transform.forward_and_log_det(x)
        np.testing.assert_allclose(np.abs(slopes), np.broadcast_to(np.exp(log_det), x.shape), rtol=1e-9)
        y, own = transform.forward_and_log_det(tensor(x))
        np.testing.assert_allclose(own.numpy(), np.broadcast_to(log_det, x.shape), rtol=1e-12, atol=1e-13)
        back, _ = transform.inverse_and_log_det(y)
        np.testing.assert_allclose(back.numpy(), transform.inverse(values), rtol=1e-11, atol=1e-12)


VECTORS = [maps.get(name).factory(**example) for name in maps.names() for example in maps.get(name).examples]
VECTORS = [t for t in VECTORS if t.event_ndim == 1] + [dn.Independent(dn.Affine([0.0, 1.0, 2.0], 0.5))]


@pytest.mark.parametrize("transform", VECTORS, ids=str)
def test_every_map_of_vectors(transform):
    """A law through the map, its score against differences, and the map itself."""
    n = getattr(transform.domain, "n", None) or 3
    law = dn.MultivariateNormal(0.1 * np.arange(n), np.eye(n) + 0.2) >> transform
    y, own = law.rvs(3, rng=0), law.transform
    values, slopes = value_and_slope(law.logpdf, y)
    np.testing.assert_allclose(values, law.logpdf(y), rtol=1e-12)
    np.testing.assert_allclose(own.forward(tensor(own.inverse(y))).numpy(), y, rtol=1e-12)
    assert own.forward(torch.tensor(own.inverse(y), dtype=torch.float32)).dtype == torch.float32
    free = own.codomain.free_entries(y)
    if own.codomain.measure == "lebesgue":
        step = 1e-6 * np.eye(n)[1]
        np.testing.assert_allclose(slopes[:, 1], (law.logpdf(y + step) - law.logpdf(y - step)) / 2e-6, rtol=1e-6)
    assert np.isfinite(slopes).all() and free.shape == (3, n)


def test_matrices_that_doubles_do_not_resolve_stay_with_numpy():
    nearly = dn.MatrixAffine(0.0, [[1.0, 1.0], [1.0, 1.0 + 1e-9]])
    with pytest.raises(dn.UnsupportedOperationError, match="doubles do not resolve"):
        (dn.MultivariateNormal([0.0, 0.0], np.eye(2)) >> nearly).logpdf(tensor([0.1, 0.2]))


@pytest.mark.parametrize("transform", [dn.MatrixInverse(), dn.Congruence([[2.0, 1.0], [0.5, 3.0]])], ids=str)
def test_every_map_of_matrices(transform):
    law = dn.MultivariateNormal([0.1, -0.2, 0.3], np.eye(3)) >> dn.LogCholesky() >> transform
    y = law.rvs(3, rng=0)
    values, slopes = value_and_slope(law.logpdf, y)
    np.testing.assert_allclose(values, law.logpdf(y), rtol=1e-12)
    assert np.isfinite(slopes).all()


def test_dtype_and_scalars_are_kept():
    law = dn.Gamma(2.0) >> dn.Log1p()
    single = law.logpdf(torch.tensor([0.5, 1.5], dtype=torch.float32))
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single.numpy(), law.logpdf(np.array([0.5, 1.5])), rtol=1e-5)
    assert law.cdf(tensor(0.5)).shape == ()
    assert dn.Normal().logpdf(torch.tensor([1, 2])).dtype == torch.get_default_dtype()
    for method in ("logpdf", "cdf", "logsf", "ppf"):
        for kind in (torch.float16, torch.bfloat16, torch.float32):
            found = getattr(law, method)(torch.tensor([0.25, 0.5], dtype=kind))
            assert found.dtype == kind
            expected = torch.tensor(getattr(law, method)([0.25, 0.5]))
            torch.testing.assert_close(found.double(), expected, rtol=0.02, atol=0.01)
    assert dn.Normal([0.0, 1.0], 1.0).logpdf(tensor([[0.1], [0.2], [0.3]])).shape == (3, 2)


def test_second_derivatives():
    law = dn.Normal(0.5, 2.0) >> dn.Exp()
    x = tensor(1.7, requires_grad=True)
    (first,) = torch.autograd.grad(law.logpdf(x), x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    # log f = -log x - (log x - m)²/(2 s²) + c
    z = (np.log(1.7) - 0.5) / 4.0
    assert first.item() == pytest.approx(-(1.0 + z) / 1.7, rel=1e-13)
    assert second.item() == pytest.approx((1.0 + z - 0.25) / 1.7**2, rel=1e-13)
    assert torch.func.hessian(law.logpdf)(tensor(1.7)).item() == pytest.approx(second.item(), rel=1e-13)


def test_parameters_may_be_tensors():
    loc, scale = tensor(0.5, requires_grad=True), tensor(2.0, requires_grad=True)
    law = dn.Normal(loc, scale) >> dn.Exp()
    y = tensor([0.3, 1.5, 4.0])
    value = law.logpdf(y).sum()
    assert value.item() == pytest.approx(np.sum(dn.LogNormal(0.5, 2.0).logpdf(y.numpy())), rel=1e-13)
    found = torch.autograd.grad(value, [loc, scale])
    z = (np.log(y.numpy()) - 0.5) / 2.0
    assert found[0].item() == pytest.approx(np.sum(z) / 2.0, rel=1e-12)
    assert found[1].item() == pytest.approx(np.sum(z * z - 1.0) / 2.0, rel=1e-12)
    assert dn.Normal(tensor(0.5), 2.0).logpdf(1.0).item() == pytest.approx(dn.Normal(0.5, 2.0).logpdf(1.0), rel=1e-14)
    with pytest.raises(dn.ParameterError, match="scale"):
        dn.Normal(0.0, tensor(-1.0))
    with pytest.raises(dn.UnsupportedOperationError, match="plain numbers"):
        dn.MultivariateNormal(tensor([0.0, 0.0]), np.eye(2))
    with pytest.raises(dn.UnsupportedOperationError, match="plain numbers"):
        dn.Rice(tensor(2.0)).logpdf(tensor(1.0))


def test_a_monte_carlo_divergence_and_its_gradient():
    base = dn.Normal().rvs(4000, rng=0)
    shift = tensor(0.5, requires_grad=True)
    x = tensor(base)
    # x ~ N(0, 1) against N(m, 1): log p/q = m²/2 - m x
    estimate = (dn.Normal().logpdf(x) - dn.Normal(shift, 1.0).logpdf(x)).mean()
    (slope,) = torch.autograd.grad(estimate, shift)
    assert estimate.item() == pytest.approx(0.125 - 0.5 * base.mean(), rel=1e-10)
    assert slope.item() == pytest.approx(0.5 - base.mean(), rel=1e-10)
    pushed = dn.Exp()(x)
    q, p = dn.Gamma(2.0), dn.LogNormal()
    estimate = (p.logpdf(pushed) - q.logpdf(pushed)).mean().item()
    assert estimate == pytest.approx(np.mean(p.logpdf(np.exp(base)) - q.logpdf(np.exp(base))), rel=1e-12)


def test_a_point_outside_the_domain_is_refused():
    with pytest.raises(dn.DomainError, match="index"):
        dn.Log()(tensor([1.0, -1.0]))


@pytest.mark.parametrize(
    ("law", "points"),
    [
        (dn.MultivariateNormal([0.0, 1.0], [[1.0, 0.5], [0.5, 2.0]]), [[0.1, 0.2], [3.0, -1.0]]),
        (dn.MultivariateT(3.0, [0.0, 1.0], [[1.0, 0.5], [0.5, 2.0]]), [[0.1, 0.2], [3.0, -1.0]]),
        (dn.Dirichlet([1.5, 2.0, 3.0]), [[0.1, 0.2, 0.7], [0.5, 0.6, -0.1]]),
        (dn.Product([dn.Normal(), dn.Gamma(2.0)]), [[0.1, 0.2], [0.1, -1.0]]),
    ],
)
def test_densities_of_vectors_have_the_values_and_slopes_of_numpy(law, points):
    x = tensor(points, requires_grad=True)
    values = law.logpdf(x)
    np.testing.assert_allclose(values.detach().numpy(), law.logpdf(np.array(points)), rtol=1e-13)
    (slope,) = torch.autograd.grad(values[0], x)
    step = 1e-5 * np.eye(law.n)
    point = np.array(points[0])
    if isinstance(law, dn.Dirichlet):
        step[:, -1] -= 1e-5  # along the simplex
    expected = [(law.logpdf(point + h) - law.logpdf(point - h)) / 2e-5 for h in step]
    np.testing.assert_allclose(slope.numpy()[0] @ step.T / 1e-5, expected, rtol=1e-7, atol=1e-8)
    assert not np.isnan(torch.autograd.grad(law.logpdf(x)[1], x)[0].numpy()).any()


def test_masses_are_those_of_numpy():
    law = dn.Poisson(2.5)
    np.testing.assert_allclose(law.pmf(tensor([0.0, 1.0, 1.5])).numpy(), law.pmf(np.array([0.0, 1.0, 1.5])), rtol=1e-15)
    mixed = dn.Relu()(dn.Normal())
    np.testing.assert_allclose(mixed.cdf(tensor([-1.0, 0.0, 1.0])).numpy(), mixed.cdf(np.array([-1.0, 0.0, 1.0])))


# ---- laws handed over


def test_laws_of_torch_and_back():
    from densities.distributions.torch_families import TABLES

    for name in TABLES["torch"]:
        law = law_of(name, 0)
        theirs = dn.to_torch(law)
        assert type(theirs).__module__.startswith("torch.distributions")
        assert dn.as_distribution(theirs).same_as(law) or name in ("exponential", "gamma", "negative_binomial")
        if not law.event_shape and law.measure == "lebesgue":
            y = inner_points(law)
            # torch has its own Bessel function of order 0, right to single precision
            rtol = 1e-6 if name == "von_mises" else 1e-9
            np.testing.assert_allclose(theirs.log_prob(tensor(y)).numpy(), law.logpdf(y), rtol=rtol, atol=1e-10)
        elif not law.event_shape:
            k = law.ppf(LEVELS)
            np.testing.assert_allclose(theirs.log_prob(tensor(k)).numpy(), law.logpmf(k), rtol=1e-6)


BESIDE = [
    (dn.Exponential(2.0), -1.0),
    (dn.LogNormal(), 0.0),
    (dn.Kumaraswamy(2.0, 3.0), [0.0, 1.5]),
    (dn.Pareto(3.0), 0.5),
    (dn.VonMises(4.0), 4.0),
    (dn.Poisson(3.0), [0.5, -1.0]),
    (dn.Bernoulli(0.3), [0.5, 2.0]),
    (dn.Categorical([0.2, 0.8]), 2.0),
    (dn.Dirichlet([2.0, 3.0]), [[0.5, 0.6]]),
]


@pytest.mark.parametrize(("law", "outside"), BESIDE)
def test_laws_of_torch_are_known_outside_the_support(law, outside):
    theirs, x = dn.to_torch(law), tensor(outside, requires_grad=True)
    values = theirs.log_prob(x)
    assert np.all(np.isneginf(values.detach().numpy()))
    if law.name != "categorical":
        assert not torch.autograd.grad(values.exp().sum(), x)[0].isnan().any()
    copy = pickle.loads(pickle.dumps(theirs.expand((3, *theirs.batch_shape))))
    inside = tensor(law.rvs(rng=0))
    assert torch.equal(copy.log_prob(inside), theirs.log_prob(inside).expand(3))


def test_ends_and_tails_of_laws_of_torch():
    np.testing.assert_array_equal(dn.to_torch(dn.Uniform()).log_prob(tensor([0.0, 1.0])), [0.0, 0.0])
    points, levels = tensor([-1.0, 0.0, np.inf, np.nan]), [0.0, 0.0, 1.0, np.nan]
    np.testing.assert_array_equal(dn.to_torch(dn.HalfNormal()).cdf(points), levels)
    p, q = dn.Gamma(2.0), dn.Exponential(3.0)
    found = torch.distributions.kl_divergence(dn.to_torch(p), dn.to_torch(q))
    assert found.item() == pytest.approx(dn.kl(p, q).value, rel=1e-12)
    law = dn.to_torch(dn.Normal() >> dn.Softplus(), dtype=torch.float32)
    assert pickle.loads(pickle.dumps(law)).sample().dtype == torch.float32


class Whole(dn.Normal):
    """A family whose condition looks at a number."""

    def validate(self):
        assert float(self.params["loc"]).is_integer()


def test_ends_may_be_tensors_and_what_is_looked_at_may_not():
    high = tensor(2.0, requires_grad=True)
    density = dn.to_torch(dn.Uniform(0.0, high)).log_prob(tensor([0.5, 3.0])).exp()
    np.testing.assert_array_equal(density.detach().numpy(), [0.5, 0.0])
    assert torch.autograd.grad(density.sum(), high)[0].item() == -0.25
    with pytest.raises(dn.ParameterError, match="low < high"):
        dn.Uniform(tensor(3.0), high)
    with pytest.raises(dn.UnsupportedOperationError, match=r"normal: parameters .* expected plain numbers"):
        Whole(tensor(0.5, requires_grad=True))


def test_any_other_law_becomes_one_of_torch():
    law = dn.Normal() >> dn.SinhArcsinh(0.5)
    theirs = dn.to_torch(law)
    assert isinstance(theirs, torch.distributions.Distribution)
    assert dn.as_distribution(theirs) is law
    y = tensor([-0.4, 0.3, 2.0])
    np.testing.assert_allclose(theirs.log_prob(y).numpy(), law.logpdf(y.numpy()), rtol=1e-13)
    np.testing.assert_allclose(theirs.icdf(theirs.cdf(y)).numpy(), y.numpy(), rtol=1e-12)
    torch.manual_seed(0)
    first = theirs.sample((4, 2))
    torch.manual_seed(0)
    assert torch.equal(first, theirs.sample((4, 2)))
    assert first.shape == (4, 2)
    assert theirs.mean.item() == pytest.approx(law.mean(), rel=1e-14)
    assert theirs.variance.item() == pytest.approx(law.var(), rel=1e-14)
    assert theirs.entropy().item() == pytest.approx(law.entropy(), rel=1e-14)
    assert theirs.support is torch.distributions.constraints.real
    assert dn.to_torch(dn.Lomax(2.0)).log_prob(tensor(-1.0)).item() == -np.inf
    assert dn.to_torch(dn.Zipf(2.5)).log_prob(tensor(3.0)).item() == pytest.approx(dn.Zipf(2.5).logpmf(3.0), rel=1e-14)
    with pytest.raises(NotImplementedError, match="with a density"):
        dn.to_torch(dn.Zipf(2.5)).rsample()


def test_any_other_law_expands():
    law = dn.Normal(np.array([[0.0], [50.0]]), 1.0) >> dn.SinhArcsinh(0.5)
    theirs = dn.to_torch(law).expand((4, 2, 3))
    assert theirs.batch_shape == (4, 2, 3) and pickle.loads(pickle.dumps(theirs)).batch_shape == (4, 2, 3)
    y = tensor([[0.3, 1.0, 2.0], [80.0, 90.0, 150.0]])
    for method, ours in (("log_prob", law.logpdf), ("cdf", law.cdf)):
        found = getattr(theirs, method)(y)
        np.testing.assert_allclose(found, np.broadcast_to(ours(y.numpy()), (4, 2, 3)), rtol=1e-13)
    assert theirs.log_prob(tensor(0.3)).shape == theirs.icdf(tensor(0.3)).shape == (4, 2, 3)
    assert theirs.mean.shape == theirs.variance.shape == theirs.entropy().shape == (4, 2, 3)
    for draws in (theirs.sample((500,)), theirs.rsample((500,))):
        assert draws.shape == (500, 4, 2, 3) and len(draws.unique()) == draws.numel()
        assert (draws[:, :, 0] < 40.0).all() and (draws[:, :, 1] > 40.0).all()
    whole = torch.distributions.Independent(theirs, 2)
    assert whole.expand((5, 4)).log_prob(y).shape == (5, 4)
    vectors = dn.to_torch(dn.UniformBall([0.0, 0.0], 1.0)).expand((3,))
    assert vectors.sample((2,)).shape == (2, 3, 2) and vectors.log_prob(tensor([0.1, 0.2])).shape == (3,)
    counts = dn.to_torch(dn.Zipf(2.5)).expand((3,))
    assert counts.sample((2,)).shape == (2, 3) and counts.log_prob(tensor(1.0)).shape == (3,)
    with pytest.raises(dn.ShapeError, match="a shape that \\(2, 1\\) broadcasts to"):
        dn.to_torch(law).expand((3, 5))
    with pytest.raises(dn.ShapeError, match="a shape that"):
        dn.to_torch(law).expand((2,))


def test_draws_carry_gradients_to_the_parameters():
    loc = tensor(0.5, requires_grad=True)
    draws = dn.to_torch(dn.Normal(loc, 1.0) >> dn.Softplus()).rsample((2000,))
    (slope,) = torch.autograd.grad(draws.mean(), loc)
    # d softplus(m + z)/dm = sigmoid(m + z)
    expected = dn.Normal(0.5, 1.0).expect(lambda x: 1.0 / (1.0 + np.exp(-x)))
    assert slope.item() == pytest.approx(expected, abs=0.03)


def test_foreign_laws_of_torch_are_taken_by_their_density():
    d = torch.distributions
    theirs = d.ContinuousBernoulli(tensor(0.3))
    assert dn.as_distribution(theirs).cdf(0.4) == pytest.approx(dn.ContinuousBernoulli(0.3).cdf(0.4), rel=1e-9)
    with pytest.raises(dn.UnsupportedOperationError, match="with a density"):
        dn.as_distribution(d.OneHotCategorical(tensor([0.3, 0.7])))


def test_log_likelihoods_have_slopes():
    data = dn.Normal(1.0, 2.0).rvs(20, rng=0)
    loc = tensor(0.5, requires_grad=True)
    (slope,) = torch.autograd.grad(dn.Normal(loc, 2.0).loglik(data), loc)
    assert slope.item() == pytest.approx(np.sum(data - 0.5) / 4.0, rel=1e-12)
    points = tensor(data.reshape(-1, 2), requires_grad=True)
    assert dn.MultivariateNormal([0.0, 0.0], np.eye(2)).loglik(points).requires_grad
    counts = dn.Poisson(tensor(2.0, requires_grad=True)).loglik(tensor([1.0, 3.0]))
    assert counts.item() == pytest.approx(dn.Poisson(2.0).loglik([1, 3]), rel=1e-12)


FIXED = {
    "mean": lambda law: law.mean(),
    "entropy": lambda law: law.entropy(),
    "draws": lambda law: law.rvs(3, rng=0),
    "kl": lambda law: dn.kl(law, dn.Laplace()),
    "closed kl": lambda law: dn.kl(dn.Normal(), law),
    "expectation": lambda law: dn.expect(np.sin, law),
}


@pytest.mark.parametrize("name", FIXED)
def test_what_needs_plain_numbers_says_how_to_get_them(name):
    with pytest.raises(dn.UnsupportedOperationError, match=r"give plain numbers, such as float\(x\)"):
        FIXED[name](dn.Normal(tensor(0.5, requires_grad=True), tensor(1.0)))
    law = dn.Normal(tensor(0.5), 1.0)
    assert law.same_as(law.replace(scale=1.0)) and not law.same_as(dn.Normal(0.5, 1.0))


@pytest.mark.parametrize("alpha", [[2.0, 3.0, 4.0], [200.0, 3.0, 4.0]])
def test_shares_of_numpy_beside_parameters_of_torch(alpha):
    y = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]])
    true = torch.distributions.Dirichlet(tensor(alpha)).log_prob(torch.from_numpy(y))
    for points in (y, torch.from_numpy(y), y.tolist()):
        torch.testing.assert_close(dn.Dirichlet(tensor(alpha)).logpdf(points), true, rtol=1e-12, atol=1e-12)


def of_tensors(before):
    return torch.sum(before, dim=-1), 0.5 * torch.tanh(torch.sum(before, dim=-1))


def of_arrays(before):
    return np.sum(before, axis=-1), 0.5 * np.tanh(np.sum(before, axis=-1))


def test_functions_of_earlier_entries_by_either_library():
    """A function of torch alone is one of arrays too, and a function of NumPy has slopes."""
    base, y = dn.Product([dn.Normal()] * 3), np.array([[0.1, -0.7, 2.0], [1.0, 0.3, -0.2]])
    laws = [base >> dn.AffineAutoregressive(3, function) for function in (of_tensors, of_arrays)]
    (values, slopes), (others, its_slopes) = (value_and_slope(law.logpdf, y) for law in laws)
    for found in (others, laws[0].logpdf(y), laws[1].logpdf(y)):
        np.testing.assert_allclose(found, values, rtol=1e-14)
    np.testing.assert_allclose(slopes, its_slopes, rtol=1e-13)
    step = np.array([0.0, 1e-6, 0.0])
    differences = (laws[1].logpdf(y + step) - laws[1].logpdf(y - step)) / 2e-6
    np.testing.assert_allclose(slopes[:, 1], differences, rtol=1e-7)
