"""Functions of torch and JAX as maps: their derivatives are those of the library, in float64 and where they can be believed."""

import pickle

import numpy as np
import pytest

import densities as dn
from densities.transforms import FunctionTransform
from densities.validation import check_transform

torch = pytest.importorskip("torch", reason="torch is an extra")
jax = pytest.importorskip("jax", reason="jax is an extra")
pytestmark = pytest.mark.extras

jax.config.update("jax_enable_x64", True)
POINTS = np.array([-20.0, -3.0, -0.5, 0.0, 1e-8, 0.7, 2.0, 12.0])


def of_torch(x):
    return x + torch.tanh(x)


def of_jax(x):
    return x + jax.numpy.tanh(x)


def polynomial(x):
    return x**3 + x


def of_numpy(x):
    return x + np.tanh(x)


def log_slope(x):
    return np.log1p(1 / np.cosh(x) ** 2)


@pytest.mark.parametrize(("function", "library"), [(of_torch, "torch"), (of_jax, "jax")])
def test_the_derivative_is_that_of_the_library(function, library):
    t = FunctionTransform(function)
    assert t.derived_by == library and f"<derivative: {library}>" in repr(t)
    assert f"derivative: {library}" in str(dn.explain(dn.Normal() >> t))
    y, log_det = t.forward_and_log_det(POINTS)
    assert isinstance(y, np.ndarray) and isinstance(log_det, np.ndarray) and log_det.dtype == np.float64
    np.testing.assert_allclose(y, POINTS + np.tanh(POINTS), rtol=1e-15)
    assert np.all(np.abs(log_det - log_slope(POINTS)) <= t.derivative_error(POINTS))
    assert np.all(t.derivative_error(POINTS) < 1e-14)


def test_such_maps_obey_the_laws():
    check_transform(FunctionTransform(of_torch), formula="x + tanh(x)").require()


@pytest.mark.parametrize("function", [of_torch, of_jax])
def test_laws_pushed_through_them(function):
    t = FunctionTransform(function)
    law, truth = dn.Normal() >> t, dn.Normal() >> dn.Symbolic("x + tanh(x)")
    y = np.array([-3.0, 0.2, 1.7])
    np.testing.assert_allclose(law.logpdf(y), truth.logpdf(y), rtol=1e-13)
    found = dn.kl(law, dn.Normal(0, 2))
    assert abs(found.value - dn.kl(truth, dn.Normal(0, 2)).value) <= found.error < 1e-10
    assert 0 < found.detail["derivative_error"] < 1e-14


def test_arithmetic_alone_is_spoken_by_every_library():
    t = FunctionTransform(polynomial)
    assert t.derived_by in ("torch", "jax")
    np.testing.assert_allclose(t.forward_and_log_det(POINTS)[1], np.log1p(3 * POINTS**2), rtol=1e-14, atol=1e-15)


def test_functions_of_numpy_keep_their_differences():
    assert FunctionTransform(of_numpy).derived_by == "differences"


def test_jax_in_single_precision_is_not_used():
    jax.config.update("jax_enable_x64", False)
    try:
        t = FunctionTransform(lambda x: x + np.asarray(x) * 0.5 if isinstance(x, np.ndarray) else of_jax(x))
        assert t.derived_by != "jax"
    finally:
        jax.config.update("jax_enable_x64", True)


def test_a_function_that_differs_between_libraries_is_not_believed():
    t = FunctionTransform(lambda x: 2.0 * x if isinstance(x, np.ndarray) else 3.0 * x)
    assert t.derived_by == "differences"
    np.testing.assert_allclose(t.forward_and_log_det(POINTS)[1], np.log(2.0), rtol=1e-12)


def test_where_the_library_has_no_slope_differences_have():
    """Reverse mode through `where` is 0·NaN on the branch not taken."""
    t = FunctionTransform(lambda x: x + torch.where(x > 0, x * torch.sqrt(x), 0.0 * x))
    assert t.derived_by == "torch"
    truth = np.log1p(1.5 * np.sqrt(np.maximum(POINTS, 0.0)))
    np.testing.assert_allclose(t.forward_and_log_det(POINTS)[1], truth, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("function", [of_torch, of_jax])
def test_maps_pickle_with_the_way_of_their_derivatives(function):
    t = FunctionTransform(function)
    again = pickle.loads(pickle.dumps(t))
    assert again.same_as(t) and again.derived_by == t.derived_by
