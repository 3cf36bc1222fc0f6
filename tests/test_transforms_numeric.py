"""Maps of vectors, maps that are solved numerically, and functions as maps."""

import pickle

import numpy as np
import pytest

import densities as dn
from densities import transforms
from densities.arrays import quiet
from densities.distributions.stated_errors import log_density_error
from densities.domains import Interval
from densities.errors import DomainError, NotMonotoneError, ParameterError, ShapeError
from densities.transforms import Bijection, FunctionTransform, Independent

EPS = float(np.finfo(float).eps)

# ---- vectors ----

MATRIX = np.array([[2.0, 1.0], [0.5, 3.0]])


def vectors():
    rng = np.random.default_rng(5)
    tall = rng.normal(size=(3, 1, 2, 2)) + 3 * np.eye(2)
    return [
        transforms.MatrixAffine([0.0, 1.0], MATRIX),
        transforms.MatrixAffine(0.0, tall),
        transforms.TriangularAffine([0.0, 1.0], np.tril(MATRIX)),
        transforms.TriangularAffine(0.0, np.triu(MATRIX), lower=False),
        transforms.TriangularAffine(0.0, np.tril(tall)),
        Independent(transforms.Sigmoid()),
        Independent(transforms.Affine(0.5, [2.0, -3.0])),
        transforms.Exp() >> transforms.MatrixAffine(0.0, MATRIX) >> transforms.Tanh(),
    ]


@pytest.mark.parametrize("transform", vectors(), ids=repr)
def test_maps_of_vectors_invert_and_know_their_jacobian(transform):
    x = 0.1 * np.random.default_rng(1).normal(size=(4, 2))
    with quiet():
        y, log_det = transform.forward_and_log_det(x)
        again, back = transform.inverse_and_log_det(y)
        jacobian = transform.jacobian(x)
        step = 1e-6 * np.eye(2)
        differences = np.stack([(transform.forward(x + h) - transform.forward(x - h)) / 2e-6 for h in step], axis=-1)
    shape = np.broadcast_shapes(transform.batch_shape, (4,))
    assert y.shape == (*shape, 2) and jacobian.shape == (*shape, 2, 2)
    np.testing.assert_allclose(again, np.broadcast_to(x, y.shape), atol=1e-14)
    np.testing.assert_allclose(np.broadcast_to(back, shape), np.broadcast_to(-log_det, shape), atol=1e-13)
    np.testing.assert_allclose(jacobian, differences, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(np.linalg.slogdet(jacobian)[1], np.broadcast_to(log_det, shape), atol=1e-13)
    assert transform.inv.inv is transform
    assert transform.event_ndim == 1
    assert pickle.loads(pickle.dumps(transform)).same_as(transform)
    assert transform.forward(x.astype(np.float32)).dtype == np.float32 or isinstance(transform, Independent)
    np.testing.assert_allclose(
        transform.forward(x[0]), np.reshape(y[..., 0, :], transform.forward(x[0]).shape), rtol=1e-15
    )


def test_elementwise_maps_are_lifted_beside_vector_maps():
    chain = transforms.Exp() >> transforms.MatrixAffine(0.0, MATRIX) >> transforms.Scale(2.0) >> transforms.Shift(1.0)
    assert [type(step).__name__ for step in chain.steps] == ["Independent", "MatrixAffine", "Independent"]
    assert str(chain >> chain.inv) == "identity"
    with pytest.raises(ParameterError, match="invertible map of the line"):
        transforms.Abs() >> transforms.MatrixAffine(0.0, MATRIX)
    with pytest.raises(ParameterError, match="n_axes"):
        Independent(transforms.Exp(), 0)


@pytest.mark.parametrize("matrix", [[[1.0, 2.0], [2.0, 4.0]], [[0.1, 0.2], [0.3, 0.6]], [[1.0, 0.0], [0.0, 0.0]]])
def test_singular_matrices_are_refused(matrix):
    with pytest.raises(ParameterError, match="not singular"):
        transforms.MatrixAffine(0.0, matrix)


def test_shapes_of_matrices():
    assert transforms.MatrixAffine(0.0, np.diag([1.0, 1e-20])).log_det == pytest.approx(-20 * np.log(10))
    for loc, matrix in (
        (0.0, [1.0, 2.0]),
        (0.0, np.ones((2, 3))),
        ([1.0, 2.0, 3.0], MATRIX),
        (np.zeros((3, 2)), np.stack([MATRIX] * 2)),
    ):
        with pytest.raises(ShapeError):
            transforms.MatrixAffine(loc, matrix)
    with pytest.raises(ParameterError, match="lower triangular"):
        transforms.TriangularAffine(0.0, MATRIX)
    with pytest.raises(ParameterError, match="zeros on its diagonal"):
        transforms.TriangularAffine(0.0, [[1.0, 0.0], [1.0, 0.0]])
    with pytest.raises(DomainError):
        transforms.MatrixAffine(0.0, MATRIX)(np.array([[1.0, np.inf]]))


# ---- functions ----


class Bent(Bijection):
    """y = x + tanh(scale·x), without an inverse."""

    parameters = transforms.Scale.parameters

    def forward_and_log_det(self, x):
        scale = self.params["scale"]
        return x + np.tanh(scale * x), np.log1p(scale * (1 - np.tanh(scale * x) ** 2))


def test_a_map_without_inverse_is_solved():
    x = np.array([-1e5, -3.0, -1e-300, 0.0, 0.1, 2.0, 1e10])
    np.testing.assert_allclose(Bent(1.0).inverse(Bent(1.0).forward(x)), x, rtol=4 * EPS)
    batch = Bent(np.array([1.0, 0.5, 3.0]))
    points = np.linspace(-2, 2, 12).reshape(4, 3)
    np.testing.assert_allclose(batch.inverse(batch.forward(points)), points, rtol=8 * EPS)
    assert np.asarray(Bent(1.0).inverse(np.float32(0.5))).dtype == np.float32


@pytest.mark.parametrize(
    ("function", "domain", "codomain"),
    [
        (np.tanh, Interval(), (-1.0, 1.0)),
        (np.arctan, Interval(), (-np.pi / 2, np.pi / 2)),
        (np.exp, Interval(), (0.0, np.inf)),
        (np.log, Interval(0.0, np.inf), (-np.inf, np.inf)),
        (lambda x: np.sqrt(x - 1), Interval(1.0, np.inf), (0.0, np.inf)),
        (lambda x: -1 / x, Interval(0.0, np.inf), (-np.inf, 0.0)),
        (lambda x: 1 / (1 + np.exp(-x)), Interval(), (0.0, 1.0)),
        (lambda x: -x - np.tanh(x), Interval(), (-np.inf, np.inf)),
        (np.arcsin, Interval(-1.0, 1.0), (-np.pi / 2, np.pi / 2)),
    ],
)
def test_codomain_of_a_function(function, domain, codomain):
    found = FunctionTransform(function, domain=domain).codomain
    for edge, truth, slack in zip(found.edges, codomain, (found.low_slack, found.high_slack), strict=True):
        assert edge == truth or abs(edge - truth) <= slack <= 1e-12


@pytest.mark.parametrize(
    "function", [np.square, np.sin, np.zeros_like, lambda x: x + np.sin(100 * x) / 20, lambda x: x**3 - x]
)
def test_functions_that_are_not_monotone(function):
    with pytest.raises(NotMonotoneError, match=r"f\(.*\) = .* and f\(.*\) = "):
        FunctionTransform(function, domain=Interval(-1e100, 1e100))


def test_functions_that_are_refused():
    with pytest.raises(NotMonotoneError, match="increasing"):
        FunctionTransform(lambda x: -x, increasing=True)
    with pytest.raises(DomainError, match="NaN"):
        FunctionTransform(lambda x: np.exp(x) / (1 + np.exp(x)))
    with pytest.raises(ShapeError, match="array"):
        FunctionTransform(float)
    with pytest.raises(ShapeError, match="shape"):
        FunctionTransform(np.sum)
    with pytest.raises(ParameterError, match="function"):
        FunctionTransform(3.0)
    with pytest.raises(ParameterError, match=r"inverse.*at x ="):
        FunctionTransform(np.exp, inverse=lambda y: np.log(y) + 1e-3)


@pytest.mark.parametrize(
    ("function", "log_slope"),
    [(lambda x: x + np.tanh(x), lambda x: np.log1p(1 / np.cosh(x) ** 2)), (np.exp, lambda x: x)],
)
def test_a_derivative_is_found_with_its_error(function, log_slope):
    transform = FunctionTransform(function, name="wave")
    x = np.array([-5.0, -1.0, 0.0, 0.3, 2.0, 20.0])
    with quiet():
        y, log_det = transform.forward_and_log_det(x)
        again, back = transform.inverse_and_log_det(y)
    assert np.all(np.abs(log_det - log_slope(x)) <= transform.derivative_error(x) + 4 * EPS)
    assert np.all(transform.derivative_error(x) < 1e-10)
    np.testing.assert_allclose(again, x, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(back, -log_det, atol=1e-9)
    given = FunctionTransform(function, derivative=lambda x: np.exp(log_slope(x)))
    assert np.all(given.derivative_error(x) == 0)
    assert str(transform) == "<wave>"
    assert transform.same_as(transform) and not transform.same_as(given)
    with pytest.raises(ParameterError, match=r"derivative.*at x ="):
        FunctionTransform(function, derivative=lambda x: 2 * np.exp(log_slope(x)))


def wave(x):
    return x + np.tanh(x)


def test_without_other_libraries_differences_answer_and_their_error_is_told():
    t = FunctionTransform(wave)
    assert t.derived_by == "differences" and "<derivative: differences>" in repr(t)
    assert FunctionTransform(np.exp, derivative=np.exp, codomain=Interval(0, np.inf)).derived_by == "given"
    assert "derivative: differences" in str(dn.explain(dn.Normal() >> t))
    found = dn.kl(dn.Normal() >> t, dn.Normal(0, 2))
    assert 0 < found.detail["derivative_error"] <= found.error < 1e-9
    # by SymPy's formula of the same map, which takes no numeric derivative
    truth = dn.kl(dn.Normal() >> dn.Symbolic("x + tanh(x)"), dn.Normal(0, 2))
    assert abs(found.value - truth.value) <= found.error + truth.error
    assert "derivative_error" not in truth.detail


def test_what_a_numeric_derivative_leaves_open_is_told_through_inverses_and_many_to_one_maps():
    t, y = FunctionTransform(wave), np.array([0.25, 1.5])
    x = t.inverse(y)
    for law, expected in (
        (dn.Normal() >> t.inv, t.derivative_error(y)),
        (np.abs(dn.Normal() >> t), np.maximum(t.derivative_error(x), t.derivative_error(-x))),
        (dn.Normal() >> dn.Sinh(), np.zeros(2)),
    ):
        np.testing.assert_allclose(log_density_error(law, y), expected, rtol=1e-6)


def test_asking_for_a_derivative_imports_nothing(run_python):
    code = "import sys, numpy as np, densities as dn; dn.push(dn.Normal(), lambda x: x + np.tanh(x)).pdf(1.0)"
    end = "print([name for name in ('torch', 'jax') if name in sys.modules])"
    assert run_python("-c", f"{code}; {end}").stdout.strip() == "[]"


def test_beyond_the_images_of_all_doubles_masses_are_known():
    law = dn.push(dn.Normal(), lambda x: np.arcsinh(x) + x / (1 + np.abs(x)))
    np.testing.assert_array_equal(law.cdf([-1e300, -712.0, 712.0, 1e300]), [0.0, 0.0, 1.0, 1.0])
    np.testing.assert_array_equal(law.sf([-1e300, 1e300]), [1.0, 0.0])


def test_at_an_end_the_slope_is_its_limit_where_there_is_one():
    t = dn.push(dn.Beta(0.5, 3), lambda x: x + np.logaddexp(0, x)).transform
    x = np.array([0.0, 1e-320, 1 - 2.0**-53, 1.0])
    np.testing.assert_allclose(t.forward_and_log_det(x)[1], np.log(1 + 1 / (1 + np.exp(-x))), rtol=1e-11)
    root = dn.push(dn.Beta(0.5, 3), lambda x: x**0.5 + x**2).transform
    with quiet():
        assert np.isnan(root.forward_and_log_det(np.array([0.0]))[1])


def test_a_divergence_whose_nodes_fall_on_an_end():
    """KL = E log p(X) - E log g'(X) - E log q(g(X)), by mpmath at 25 digits."""
    law = dn.push(dn.Beta(0.47, 3.3), lambda x: x + np.logaddexp(0, x))
    assert dn.kl(law, dn.Normal(0, 3)).require(rtol=1e-9).value == pytest.approx(2.928098219650857, rel=1e-12)


def test_a_function_that_turns_is_refused_with_a_way_out():
    with pytest.raises(NotMonotoneError, match=r"Symbolic\('x\*\*2 - x'\)"):
        dn.push(dn.Normal(), lambda x: x**2 - x)


LEVEL = {
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "falling": lambda x: np.where(x < 0, -x, 0.0),
    "square beside a level": lambda x: np.where(x > 0, x**2, 0.0),
    "cube beside a level": lambda x: np.where(x > 0, x**3, 0.0),
    "steps": lambda x: np.heaviside(x, 0.0) + np.heaviside(x - 1, 0.0),
    "far from 0": lambda x: np.where(x > 0, x, 0.0) + 1e6,
    "level between slopes": lambda x: np.where(x < 0, x, np.where(x < 1, 0.0, x - 1)),
    "tiny": lambda x: np.where(x > 0, 1e-20 * x, 0.0),
}


@pytest.mark.parametrize("name", LEVEL)
def test_functions_that_stand_still_are_refused(name):
    with pytest.raises(NotMonotoneError, match="is constant from"):
        FunctionTransform(LEVEL[name])


STRICT = {
    "tanh": np.tanh,
    "narrow tanh": lambda x: np.tanh(1e10 * x),
    "exp that underflows at 0": lambda x: np.exp(x + 745.0),
    "naive softplus": lambda x: np.where(x > 30, x, np.log(1 + np.exp(np.minimum(x, 30)))),
    "Gompertz": lambda x: np.exp(-np.exp(-x)),
    "high power": lambda x: x**51,
    "power that rounds": lambda x: x**5 + 1,
    "sum that rounds": lambda x: np.arcsinh(x) + 1 - 1,
    "two slopes": lambda x: np.where(x > 0, x, 0.01 * x),
}


@pytest.mark.parametrize("name", STRICT)
def test_functions_that_stand_still_in_doubles_alone_are_taken(name):
    transform = FunctionTransform(STRICT[name])
    assert transform.increasing
    x = np.array([-50.0, -40.0])
    assert transform.forward(x) == pytest.approx(STRICT[name](x))


def test_ends_are_given_as_numbers_of_numpy():
    """1/0 is then inf, and no ZeroDivisionError: e^(-1/X) of a positive law."""
    law = dn.push(dn.Exponential(1.0), lambda x: np.where(x >= 0.0, np.exp(-1 / x), 0.0))
    y = np.array([0.01, 0.3, 0.9])
    x = -1 / np.log(y)
    np.testing.assert_allclose(law.logpdf(y), -x + 2 * np.log(x) + 1 / x, rtol=1e-9)


LEAP = {
    "at 0": lambda x: np.where(x > 0, x + 1, x),
    "many": lambda x: x + np.floor(x),
    "small": lambda x: np.where(x > 1.2345, np.tanh(x) + 0.05, np.tanh(x)),
    "falling": lambda x: np.where(x > -7.0, -x, 3 - x),
}


@pytest.mark.parametrize("name", LEAP)
def test_functions_that_jump_are_refused(name):
    with pytest.raises(NotMonotoneError, match="that jumps from"):
        FunctionTransform(LEAP[name])
