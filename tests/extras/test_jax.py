"""Arrays of JAX through laws and maps, inside jit, vmap and grad: values of NumPy, derivatives that differences confirm."""

import numpy as np
import pytest

import densities as dn
from densities.transforms import registry as maps
from tests.extras.walk import WALKED, differences, inner_points, law_of

jax = pytest.importorskip("jax", reason="jax is an extra")
pytestmark = pytest.mark.extras

jax.config.update("jax_enable_x64", True)
jnp = jax.numpy


def value_and_slope(function, x):
    """The values and the derivatives at each point, compiled."""

    def both(x):
        values, pull = jax.vjp(function, x)
        ones = jnp.ones(values.shape)
        if values.ndim == x.ndim:
            return values, pull(ones)[0]
        return values, jnp.stack([pull(ones.at[:i].set(0.0).at[i + 1 :].set(0.0))[0] for i in range(len(values))])

    values, slopes = jax.jit(both)(jnp.asarray(x))
    return np.asarray(values), np.asarray(slopes)


@pytest.mark.parametrize(("name", "index"), [p for p in WALKED if p.values[1] == 0])
def test_every_law_on_the_line(name, index):
    law = law_of(name, index)
    if law.event_shape or law.measure != "lebesgue":
        pytest.skip("a law of vectors or of masses")
    y = inner_points(law)
    density = law.pdf(y)
    with np.errstate(all="ignore"):
        slope = differences(law.logpdf, law, y)
        tame = np.isfinite(slope) & np.isfinite(density) & (density < 1e100)
    width = law.ppf(0.75) - law.ppf(0.25)
    values, slopes = value_and_slope(lambda x: jnp.stack([law.logpdf(x), law.cdf(x)]), y)
    np.testing.assert_allclose(values, [law.logpdf(y), law.cdf(y)], rtol=1e-12, atol=1e-13)
    for found, expected in zip(slopes, (slope, density), strict=True):
        np.testing.assert_allclose(found[tame], expected[tame], rtol=1e-6, atol=1e-7 / width)


@pytest.mark.parametrize("law", [dn.Gamma(2.0), dn.Beta(2.0, 3.0), dn.Normal() >> dn.Exp(), dn.Alpha(2.0)])
def test_jit_and_vmap_are_the_eager_loop(law):
    y = jnp.asarray(inner_points(law))
    for method in (law.logpdf, law.cdf, law.ppf):
        points = law.cdf(y) if method == law.ppf else y
        eager = np.asarray(method(points))
        np.testing.assert_allclose(jax.jit(method)(points), eager, rtol=1e-14)
        np.testing.assert_allclose(jax.vmap(method)(points), eager, rtol=1e-14)
        np.testing.assert_allclose([float(method(point)) for point in points], eager, rtol=1e-14)
    np.testing.assert_allclose(jax.vmap(jax.grad(law.cdf))(y), law.pdf(np.asarray(y)), rtol=1e-12)
    np.testing.assert_allclose(jax.vmap(jax.grad(law.ppf))(law.cdf(y)) * law.pdf(y), 1.0, rtol=1e-9)


def test_outside_the_support():
    law = dn.Normal() >> dn.Exp()
    values, slopes = value_and_slope(law.logpdf, np.array([-1.0, 0.0, np.inf]))
    np.testing.assert_array_equal(values, [-np.inf] * 3)
    np.testing.assert_array_equal(slopes, [0.0] * 3)
    assert np.isnan(law.logpdf(jnp.nan * jnp.ones(1)))[0]
    assert float(dn.Exponential().logpdf(jnp.asarray(0.0))) == pytest.approx(0.0, abs=1e-30)


@pytest.mark.parametrize("name", maps.names())
@np.errstate(all="ignore")
def test_every_map_of_the_line(name):
    transform = next(maps.get(name).instances(), None)
    if transform is None or transform.event_ndim or transform.batch_shape or not isinstance(transform, dn.Bijection):
        pytest.skip("no bijection of the line")
    low, high = (float(np.asarray(end)) for end in transform.domain.edges)
    x = np.clip(np.array([-1.3, -0.4, 0.2, 0.6, 1.7]), max(low + 0.1, -1e3), min(high - 0.1, 1e3))
    (values, slopes), (y, log_det) = value_and_slope(transform.forward, x), transform.forward_and_log_det(x)
    np.testing.assert_allclose(values, y, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(np.abs(slopes), np.broadcast_to(np.exp(log_det), x.shape), rtol=1e-9)


def test_single_precision_is_kept():
    assert (dn.Normal() >> dn.Exp()).logpdf(jnp.asarray([0.5], dtype=jnp.float32)).dtype == jnp.float32


def test_parameters_may_be_traced():
    def log_density(m, s, y):
        return (dn.Normal(m, s) >> dn.Exp()).logpdf(y)

    found = jax.jit(jax.grad(log_density, argnums=(0, 1, 2)))(0.5, 2.0, 1.5)
    z = (np.log(1.5) - 0.5) / 2.0
    np.testing.assert_allclose(found, [z / 2.0, (z * z - 1.0) / 2.0, -(1.0 + z / 2.0) / 1.5], rtol=1e-13)
    means = jnp.arange(3.0)
    np.testing.assert_allclose(
        jax.vmap(log_density, (0, None, None))(means, 2.0, 1.5),
        [dn.LogNormal(m, 2.0).logpdf(1.5) for m in np.arange(3.0)],
        rtol=1e-13,
    )


def test_a_monte_carlo_divergence_and_its_gradient():
    base = dn.Normal().rvs(4000, rng=0)

    @jax.jit
    def estimate(shift):
        x = jnp.asarray(base)
        return (dn.Normal().logpdf(x) - dn.Normal(shift, 1.0).logpdf(x)).mean()

    assert float(estimate(0.5)) == pytest.approx(0.125 - 0.5 * base.mean(), rel=1e-10)
    assert float(jax.grad(estimate)(0.5)) == pytest.approx(0.5 - base.mean(), rel=1e-10)


def test_second_derivatives_are_those_of_the_branch_taken():
    law = dn.Normal() >> dn.Exp()
    second = jax.vmap(jax.hessian(law.logpdf))(jnp.asarray([-1.0, 1.7]))
    # log f = -log y - (log y)²/2 + c
    np.testing.assert_allclose(second, [0.0, (1.0 + np.log(1.7) - 1.0) / 1.7**2], rtol=1e-13)


def test_what_numpy_computes_has_first_derivatives_only():
    law = dn.Rice(2.0)
    slope = jax.grad(law.logpdf)
    assert float(slope(jnp.asarray(0.4))) == pytest.approx(law.score(0.4), rel=1e-12)
    with pytest.raises(dn.UnsupportedOperationError, match="first order"):
        jax.grad(slope)(jnp.asarray(0.4))


@pytest.mark.parametrize(
    "text", ["normal(0, 1)", "exp(normal(0, 1))", "mixture([0.3, 0.7], [normal(0, 1), normal(2, 1)])"]
)
def test_grad_at_a_number_of_python(text):
    law = dn.parse(text)
    slope = jax.grad(law.logpdf)
    assert float(slope(0.3)) == float(slope(jnp.asarray(0.3))) == float(jax.jit(slope)(0.3))
    nearby = law.logpdf(0.3 + 1e-6) - law.logpdf(0.3 - 1e-6)
    assert float(slope(0.3)) == pytest.approx(nearby / 2e-6, rel=1e-7)


def test_arithmetic_on_laws_needs_numbers_that_are_there():
    for operation in (lambda s: s * dn.Normal(), lambda s: dn.Normal() + s):
        with pytest.raises(dn.UnsupportedOperationError, match="a traced one may be a parameter of a family"):
            jax.jit(lambda s, operation=operation: operation(s).logpdf(0.5))(2.0)
