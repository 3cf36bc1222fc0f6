"""Every registered map against its formula in mpmath: registering a map means being tested."""

import ast
import pickle

import numpy as np
import pytest
from mpmath import mp, mpf

from densities import transforms
from densities.anchored import Anchored, value
from densities.arrays import quiet
from densities.domains import Integers, Interval
from densities.errors import (
    DomainError,
    ParameterError,
    UnsupportedOperationError,
)
from densities.transforms import Bijection, compose
from densities.transforms.base import Flat, register
from tests.catalogue_truths import TRUTHS as CATALOGUE

EPS = float(np.finfo(float).eps)


def power(x, exponent):
    integer = exponent == mp.floor(exponent)
    return x ** int(exponent) if integer else x**exponent


def box_cox(x, lmbda):
    return mp.log(x) if lmbda == 0 else (x**lmbda - 1) / lmbda


def yeo_johnson(x, lmbda):
    return box_cox(1 + x, lmbda) if x >= 0 else -box_cox(1 - x, 2 - lmbda)


def half_even(x):
    low = mp.floor(x)
    return low if x - low < 0.5 or (x - low == 0.5 and low % 2 == 0) else low + 1


REFERENCE = {
    "abs": abs,
    "acos": mp.acos,
    "acosh": mp.acosh,
    "affine": lambda x, loc, scale: loc + scale * x,
    "asin": mp.asin,
    "asinh": mp.asinh,
    "atan": mp.atan,
    "atanh": mp.atanh,
    "box_cox": box_cox,
    "cbrt": lambda x: mp.sign(x) * mp.root(abs(x), 3),
    "ceil": mp.ceil,
    "clip": lambda x, low, high: min(max(x, low), high),
    "cos": mp.cos,
    "cosh": mp.cosh,
    "cube": lambda x: x**3,
    "erf": mp.erf,
    "erfinv": mp.erfinv,
    "exp": mp.exp,
    "exp2": lambda x: mpf(2) ** x,
    "expm1": lambda x: mp.exp(x) - 1,
    "floor": mp.floor,
    "identity": lambda x: x,
    "leaky_relu": lambda x, slope: x if x >= 0 else slope * x,
    "log": mp.log,
    "log10": mp.log10,
    "log1p": lambda x: mp.log(1 + x),
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log_sigmoid": lambda x: -mp.log(1 + mp.exp(-x)),
    "logit": lambda x: mp.log(x / (1 - x)),
    "normal_cdf": lambda x: mp.erfc(-x / mp.sqrt(2)) / 2,
    "normal_ppf": lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1),
    "power": power,
    "reciprocal": lambda x: 1 / x,
    "relu": lambda x: max(x, mpf(0)),
    "round": half_even,
    "scale": lambda x, scale: scale * x,
    "shift": lambda x, loc: loc + x,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "sign": mp.sign,
    "sin": mp.sin,
    "sinh": mp.sinh,
    "sinh_arcsinh": lambda x, skewness, tailweight: mp.sinh((mp.asinh(x) + skewness) * tailweight),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "softplus_inverse": lambda x: mp.log(mp.exp(x) - 1),
    "softsign": lambda x: x / (1 + abs(x)),
    "sqrt": mp.sqrt,
    "square": lambda x: x * x,
    "standardize": lambda x, loc, scale: (x - loc) / scale,
    "principal_tan": mp.tan,
    "tan": mp.tan,
    "tanh": mp.tanh,
    "yeo_johnson": yeo_johnson,
}
VECTORS = {"matrix_affine", "triangular_affine", "banana"}  # in test_vector_images.py and test_constrained.py
VECTORS |= {"softmax_centered", "stick_breaking", "ascending", "permute"}
VECTORS |= {"log_cholesky", "correlation_factor", "matrix_inverse", "congruence"}  # in test_matrix_maps.py
SPLINES = {"linear_spline", "monotone_cubic_spline", "monotone_hermite_spline", "rational_quadratic_spline"}
PIECEWISE = {"piecewise"}
ELSEWHERE = {"cdf_of", "ppf_of", "polynomial", *CATALOGUE, *SPLINES, *PIECEWISE}  # in their own files
# The largest |x| at which the reference is evaluated, where it is not 1e300: e^-x beside 1 needs x/2.3 digits.
REACH = dict.fromkeys(
    ["exp", "exp2", "expm1", "sigmoid", "tanh", "softplus", "log_sigmoid", "sinh", "cosh", "softplus_inverse"], 1e4
)
REACH |= dict.fromkeys(["normal_cdf", "erf"], 40.0) | dict.fromkeys(["sin", "cos"], 1e5)
# Log-distances that these inverse functions resolve with the digits below; mpmath's erfinv needs minutes for more.
NEAREST = dict.fromkeys(["normal_ppf", "erfinv"], 1e-20)


def digits(name, x):
    """Enough for the distance of the value from its limit, and for that of x from 0, to 60 digits and more."""
    size = abs(float(x)) or 1e-300
    enough = 100 + int(2.2 * abs(np.log10(size)))
    if REACH.get(name) == 40.0:
        return enough + int(0.5 * size * size)
    beside = 0.9 if name == "tanh" else 0.45  # 1 - tanh(x) is e^(-2x), the others have e^-x
    return enough + int(beside * size) * (REACH.get(name) == 1e4)


def reference(transform, x):
    """The map at x by mpmath, x a double or an mpf."""
    return REFERENCE[transform.name](mpf(x), **{key: mpf(p) for key, p in transform.params.items()})


def slope(transform, x):
    """dy/dx by a central difference whose relative step is 1e-30: right to 50 digits and more where |x| < 1e5."""
    h = (abs(x) or 1) * mpf(10) ** -30
    return (reference(transform, x + h) - reference(transform, x - h)) / (2 * h)


def scalars():
    """Every example whose parameters are single numbers."""
    return [
        t for entry in transforms.registry if entry.name in REFERENCE for t in entry.instances() if t.batch_shape == ()
    ]


def batches():
    return [
        t for entry in transforms.registry if entry.name in REFERENCE for t in entry.instances() if t.batch_shape != ()
    ]


ALL = [pytest.param(t, id=str(t)) for t in scalars()]
BIJECTIONS = [pytest.param(t, id=str(t)) for t in scalars() if isinstance(t, Bijection)]
OTHERS = [pytest.param(t, id=str(t)) for t in scalars() if not isinstance(t, Bijection)]


def points(transform):
    """Moderate points, points at every magnitude, and the neighbours of finite ends, without the kink at 0."""
    reach = REACH.get(transform.name, 1e300)
    sizes = np.concatenate(
        [
            10.0 ** np.array([-300, -100, -30, -16, -8, -5, -3]),
            np.geomspace(0.03, 30, 13),
            [35.3, 40, 90, 690, 700, 1e4],
            10.0 ** np.array([5, 8, 16, 30, 100, 150, 160, 299]),
        ]
    )
    low, high = transform.domain.edges
    ends = [
        end + side * step for end in (low, high) if np.isfinite(end) for side in (-1, 1) for step in (1e-3, 1e-8, 1e-12)
    ]
    ends += [
        np.nextafter(end, side) for end in (low, high) if np.isfinite(end) and end != 0 for side in (-np.inf, np.inf)
    ]
    x = np.concatenate([sizes, -sizes, ends])
    near = NEAREST.get(transform.name, 0.0)
    keep = transform.domain.interior_contains(x) & (np.abs(x) <= reach) & (x != 0)
    keep &= (x - low >= near) & (high - x >= near)
    return np.unique(x[keep])


def amplification(transform, x):
    """How much the coordinate on the way magnifies a rounding: exp(t) of a rounded t is off by |t| of them."""
    if transform.name == "sinh_arcsinh":
        eps, delta = transform.params["skewness"], transform.params["tailweight"]
        t = np.abs(delta * (np.arcsinh(x) + eps))
        cancelled = np.abs(eps * delta) + np.abs(delta * np.arcsinh(x))
        return 1 + (1 + t) * cancelled / np.minimum(np.maximum(t, 1e-300), 1 + t)
    if transform.name in ("box_cox", "yeo_johnson"):
        return 1 + np.abs(np.log1p(np.abs(x))) + np.abs(np.log(np.abs(x)))
    if transform.name == "normal_cdf":  # SciPy rounds x/√2 before it squares it
        return 1 + x * x
    return 1.0


def test_every_name_has_a_reference():
    assert set(transforms.registry.names()) == set(REFERENCE) | ELSEWHERE | VECTORS


@pytest.mark.parametrize("transform", ALL)
def test_values_are_those_of_mpmath(transform):
    x = points(transform)
    y = transform(x)
    for point, got, factor in zip(x, y, np.broadcast_to(amplification(transform, x), x.shape), strict=True):
        with mp.workdps(digits(transform.name, point)):
            truth = reference(transform, point)
            if abs(truth) < 1e308:
                lost = (
                    abs(point) * EPS * abs(slope(transform, mpf(point)))
                    if transform.name in ("affine", "standardize")
                    else 0
                )
                assert abs(mpf(got) - truth) <= 4 * factor * EPS * abs(truth) + 4 * lost + mpf(5e-324), (
                    point,
                    got,
                    float(truth),
                )
            else:
                assert abs(got) > 1e307


@pytest.mark.parametrize("transform", BIJECTIONS)
def test_inverse_is_the_inverse(transform):
    """f(inverse(y)) by mpmath is y, up to roundings of y and of x."""
    x = points(transform)
    with quiet():
        y = transform.forward(x)
        again, back = transform.inverse_and_log_det(y)
        np.testing.assert_array_equal(again, transform.inverse(y))
    low, high = transform.codomain.edges
    for xi, yi, got, log_det, factor in zip(
        x, y, again, np.broadcast_to(back, y.shape), np.broadcast_to(amplification(transform, x), x.shape), strict=True
    ):
        if not (low < yi < high) or abs(yi) < 1e-300:
            continue
        with mp.workdps(digits(transform.name, max(abs(xi), abs(got)))):
            true_slope = slope(transform, mpf(got))
            off = abs(reference(transform, got) - mpf(yi))
            assert off <= 4 * factor * EPS * (abs(mpf(yi)) + abs(true_slope * mpf(got))), (xi, yi, got)
            truth = -mp.log(abs(true_slope))
            assert abs(truth - log_det) <= 1e-12 * (1 + abs(truth)) or conditioned(transform, xi), (
                xi,
                yi,
                log_det,
                float(truth),
            )


def conditioned(transform, x):
    """Near an end that is not 0 a rounding of the point moves the slope; anchored numbers are judged there."""
    pairs = [(x, transform.domain), (value(transform.forward(x)), transform.codomain)]
    return any(
        np.isfinite(end) and end != 0 and abs(point - end) < 1e-3 * abs(end)
        for point, domain in pairs
        for end in domain.edges
    )


@pytest.mark.parametrize("transform", BIJECTIONS)
def test_log_determinants_are_those_of_mpmath(transform):
    x = points(transform)
    with quiet():
        y, log_det = transform.forward_and_log_det(x)
        np.testing.assert_array_equal(y, transform.forward(x))
    for point, got in zip(x, np.broadcast_to(log_det, x.shape), strict=True):
        with mp.workdps(digits(transform.name, point)):
            truth = mp.log(abs(slope(transform, mpf(point))))
            assert abs(truth - mpf(got)) <= 8 * EPS * (1 + abs(truth)) * amplification(transform, point), (
                point,
                got,
                float(truth),
            )


SATURATED = np.array([-1e4, -700.0, -40.0, -1.5, -1e-3, 1e-3, 1.5, 40.0, 700.0, 1e4])
ENDS = {np.pi / 2: lambda: mp.pi / 2, -np.pi / 2: lambda: -mp.pi / 2, np.pi: lambda: +mp.pi}


@pytest.mark.parametrize("transform", BIJECTIONS)
def test_anchored_numbers_lose_nothing(transform):
    x = SATURATED[transform.domain.interior_contains(SATURATED) & (np.abs(SATURATED) <= REACH.get(transform.name, 1e4))]
    with quiet():
        y, log_det = transform.forward_and_log_det(Anchored.exact(x))
        again, back = transform.inverse_and_log_det(y)
        assert isinstance(y, Anchored)
        np.testing.assert_allclose(value(again), x, rtol=1e-12)
        log_det, back = np.broadcast_to(value(log_det), x.shape), np.broadcast_to(value(back), x.shape)
        anchors, logs = np.broadcast_to(y.anchor, x.shape), np.broadcast_to(y.log_offset, x.shape)
    np.testing.assert_allclose(back, -log_det, rtol=1e-11, atol=1e-12)
    for point, anchor, log, got in zip(x, anchors, logs, log_det, strict=True):
        with mp.workdps(digits(transform.name, point)):
            assert abs(mp.log(abs(slope(transform, mpf(point)))) - mpf(got)) <= 1e-13 * (1 + abs(got))
            exact = ENDS.get(float(anchor), lambda anchor=anchor: limit(transform, float(anchor)))()
            distance = mp.log(abs(reference(transform, point) - exact))
            assert distance == mpf(log) or abs(distance - mpf(log)) <= 1e-12 * (1 + abs(log))


def limit(transform, anchor):
    """The end of the codomain that the double `anchor` stands for."""
    lmbda = transform.params.get("lmbda")
    exact = (
        {fraction: end for fraction, end in ((-1 / mpf(lmbda), lmbda), (1 / (2 - mpf(lmbda)), lmbda))}
        if lmbda not in (None, 0, 2)
        else {}
    )
    return next((end for end in exact if float(end) == anchor), mpf(anchor))


@pytest.mark.parametrize("transform", BIJECTIONS)
def test_plain_and_anchored_agree(transform):
    x = points(transform)
    x = x[(np.abs(x) < 30) & (np.abs(x) > 1e-3)]
    with quiet():
        np.testing.assert_allclose(
            value(transform.forward(Anchored.exact(x))), transform.forward(x), rtol=2e-14, atol=1e-15
        )
        np.testing.assert_allclose(value(transform.inverse(transform.forward(Anchored.exact(x)))), x, rtol=1e-12)


@pytest.mark.parametrize("transform", BIJECTIONS)
def test_monotone_as_declared(transform):
    with quiet():
        steps = np.diff(transform.forward(points(transform)))
    steps = steps[~np.isnan(steps)]  # two infinite values
    assert np.all(steps >= 0 if transform.increasing else steps <= 0)
    assert np.any(steps != 0)


@pytest.mark.parametrize("transform", BIJECTIONS)
def test_inverse_pairs_and_images(transform):
    assert transform.inv.inv is transform
    assert transform.inv.domain == transform.codomain
    assert transform.image(transform.domain) == transform.codomain
    assert transform.inv.image(transform.codomain) == transform.domain
    assert str(transform >> transform.inv) == "identity"


@pytest.mark.parametrize("transform", ALL)
def test_text_pickle_and_dtype(transform):
    tree = ast.parse(str(transform), mode="eval").body
    call = tree if isinstance(tree, ast.Call) else ast.Call(tree, [], [])
    arguments = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    assert transforms.get(call.func.id)(**arguments).same_as(transform)
    copy = pickle.loads(pickle.dumps(transform))
    assert copy.same_as(transform)
    x = points(transform)
    x = x[(np.abs(x) < 30) & (np.abs(x) > 1e-3)].astype(np.float32)
    x = x[transform.domain.interior_contains(x)]
    assert transform(x).dtype == np.float32
    assert isinstance(transform(float(x[0])), float)
    if isinstance(transform, Bijection):
        with quiet():
            for part in (*transform.forward_and_log_det(x), *transform.inverse_and_log_det(transform.forward(x))):
                assert isinstance(part, float) or part.dtype == np.float32
    x = points(transform)
    # NumPy's vector loops differ from its scalar ones by a rounding.
    np.testing.assert_allclose([transform(float(point)) for point in x], transform(x), rtol=4 * EPS)


@pytest.mark.parametrize("transform", batches(), ids=str)
def test_batch_equals_scalar(transform):
    x = np.array([0.3, 0.7, 2.0])
    with quiet():
        y, log_det = transform.forward_and_log_det(x[:, None])
        again, back = transform.inverse_and_log_det(y)
    for i in range(transform.batch_shape[0]):
        single = type(transform)(**{name: float(p[i]) for name, p in transform.params.items()})
        with quiet():
            np.testing.assert_array_equal(y[:, i], single.forward(x))
            np.testing.assert_array_equal(np.broadcast_to(log_det, y.shape)[:, i], single.forward_and_log_det(x)[1])
            np.testing.assert_array_equal(again[:, i], single.inverse(y[:, i]))
            np.testing.assert_array_equal(np.broadcast_to(back, y.shape)[:, i], single.inverse_and_log_det(y[:, i])[1])
        assert np.ravel(transform.increasing)[i if np.ndim(transform.increasing) else 0] == single.increasing


@pytest.mark.parametrize("transform", OTHERS)
def test_pieces_cover_the_line_and_are_the_map(transform):
    """Pieces cover the line from left to right, and each is the map: by value, by slope and back."""
    window = Interval(-7.3, 9.1)
    pieces = transform.pieces_within(window)
    ends = [float(edge) for piece in pieces for edge in piece.domain.edges]
    assert ends == sorted(ends)
    assert ends[0] <= -7.3 and ends[-1] >= 9.1
    assert ends[1:-1:2] == ends[2:-1:2]
    for piece in pieces:
        x = np.linspace(*np.clip(piece.domain.edges, -7.3, 9.1), 7)[1:-1]
        if isinstance(piece, Flat):
            assert np.all(transform(x[piece.domain.contains(x)]) == piece.value)
            continue
        assert piece.map.domain == piece.domain
        assert piece.map.inv.inv is piece.map
        with quiet():
            y, log_det = piece.map.forward_and_log_det(x)
            again, back = piece.map.inverse_and_log_det(y)
            np.testing.assert_array_equal(y, piece.map.forward(x))
            np.testing.assert_allclose(y, transform(x), rtol=4 * EPS)
        assert np.all(piece.image.contains(y))
        np.testing.assert_allclose(again, x, rtol=1e-12)
        np.testing.assert_allclose(back, -log_det, atol=1e-12)
        assert np.all(np.diff(y) > 0 if piece.map.increasing else np.diff(y) < 0)
        with mp.workdps(100):
            slopes = [mp.log(abs(slope(transform, mpf(point)))) for point in x]
        np.testing.assert_allclose(
            np.broadcast_to(log_det, x.shape), np.array(slopes, dtype=float), rtol=1e-13, atol=1e-14
        )


def test_branches_are_all_preimages():
    for name, y, preimages in (
        ("square", 4.0, (-2.0, 2.0)),
        ("abs", 0.5, (-0.5, 0.5)),
        ("cosh", np.cosh(2.0), (-2.0, 2.0)),
        ("reciprocal", -4.0, (-0.25,)),
        ("square", -1.0, ()),
        ("clip", 0.5, (0.5,)),
    ):
        transform = transforms.get(name)(*((-1.0, 2.0) if name == "clip" else ()))
        with quiet():
            found = [float(x) for x, _, valid in transform.branches(np.asarray(y)) if valid]
        assert found == pytest.approx(sorted(preimages), rel=1e-15)


def test_pieces_of_a_composition():
    pieces = (transforms.Scale(2.0) >> transforms.Square() >> transforms.Exp()).pieces
    assert [piece.domain.edges for piece in pieces] == [(-np.inf, 0.0), (0.0, np.inf)]
    atoms = (transforms.Shift(1.0) >> transforms.Relu() >> transforms.Exp()).pieces
    assert atoms[0].domain.edges == (-np.inf, -1.0) and atoms[0].value == 1.0
    folded = (transforms.Sin() >> transforms.Abs()).pieces_within(Interval(0.0, 4.0))
    assert len(folded) == 3
    with pytest.raises(UnsupportedOperationError, match="infinitely many"):
        transforms.Sin().pieces
    with pytest.raises(UnsupportedOperationError, match="bounded"):
        transforms.Floor().pieces_within(Interval())
    assert transforms.Sign().codomain == Integers(-1, 1)


# ---- lines ----


def test_lines_merge_where_that_is_exact_enough():
    affine = transforms.Affine
    assert compose(affine(1.0, 2.0), affine(3.0, -4.0)).same_as(affine(-1.0, -8.0))
    assert str(transforms.Scale(2.0) >> transforms.Shift(1.0)) == "affine(loc=1, scale=2)"
    assert str(transforms.Shift(1.0) >> transforms.Shift(-1.0)) == "identity"
    assert str(transforms.Scale(4.0) >> transforms.Scale(0.25)) == "identity"
    assert str(transforms.Shift([1.0, 2.0]) >> transforms.Scale(2.0)).startswith("<affine")
    apart = affine(1e8, 1e-3) >> affine(0.1, 1.0)  # 1e8 + 0.1 is rounded by 7e-9, 7e-6 of the scale
    assert len(apart.steps) == 2
    assert len((transforms.Scale(1e-200) >> transforms.Scale(1e-200)).steps) == 2


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf, "2", 1j, [1.0, 0.0]])
def test_a_scale_is_a_finite_number_other_than_zero(bad):
    with pytest.raises(ParameterError, match="scale"):
        transforms.Scale(bad)


def test_wrong_parameters_are_refused():
    with pytest.raises(ParameterError, match="one kind"):
        transforms.Power([2.0, 3.0])
    with pytest.raises(ParameterError, match="one kind"):
        transforms.Power([0.5, -0.5])
    with pytest.raises(ParameterError, match="low < high"):
        transforms.Clip(2.0, 1.0)
    with pytest.raises(ParameterError, match="tailweight"):
        transforms.SinhArcsinh(tailweight=0.0)
    with pytest.raises(ParameterError, match="exponent"):
        transforms.Power(expnent=2.0)
    with pytest.raises(ParameterError, match="subclass"):
        register("nothing")(float)


@pytest.mark.parametrize(
    ("transform", "x"),
    [
        (transforms.Log(), [1.0, -1.0]),
        (transforms.Logit(), [0.5, 1.5]),
        (transforms.Reciprocal(), [1.0, 0.0]),
        (transforms.Power(-2), [1.0, 0.0]),
        (transforms.Acosh(), [1.0, 0.5]),
    ],
)
def test_points_outside_the_domain_are_refused(transform, x):
    with pytest.raises(DomainError) as caught:
        transform(np.array(x))
    assert caught.value.index == (1,)


def test_closed_ends_have_values():
    assert transforms.Sqrt()(0.0) == 0.0
    assert transforms.Power(0.5)(np.array([0.0]))[0] == 0.0
    assert transforms.Asin()(1.0) == np.pi / 2
    assert np.isnan(transforms.Log()(np.nan))


def test_maps_are_found_by_what_they_are():
    assert set(transforms.find(domain="positive", codomain="real")) >= {"log", "log2", "log10", "softplus_inverse"}
    assert "acos" in transforms.find(increasing=False)
    assert "square" in transforms.find(bijective=False)
    with pytest.raises(ParameterError, match="filters"):
        transforms.find(colour="red")
