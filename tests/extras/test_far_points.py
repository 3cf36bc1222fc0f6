"""Points in far tails and beside ends, and parameters that choose a formula, by torch and JAX: NumPy's own answers."""

import numpy as np
import pytest

import densities as dn
from densities.anchored import value

pytestmark = [
    pytest.mark.extras,
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:There is a performance drop"),
]
LEVELS = np.array([1e-300, 1e-100, 1e-30, 1e-10, 1e-3, 0.2])
METHODS = ("logpdf", "pdf", "logcdf", "logsf", "cdf", "sf")
# One for each way in which a formula in doubles loses the answer: overflow, underflow, cancellation, rounding beside an end.
FAR = [
    dn.Anglit(),
    dn.Arcsine(1.0, 3.0),
    dn.Chi(1.0),
    dn.GeneralizedExtremeValue(-0.4, 1.0, 2.0),
    dn.GeneralizedGamma(2.5, -1.5),
    dn.GeneralizedLogistic(2.5),
    dn.GeneralizedPareto(0.4, 2.0),
    dn.HalfLogistic(),
    dn.HyperbolicSecant(),
    dn.LogGamma(0.02),
    dn.Moyal(),
    dn.StudentT(3.0),
    dn.Triangular(-1.0, 2.0, 2.0),
    dn.Uniform(-1.0, 2.5),
]


@pytest.fixture(params=["torch", "jax"])
def array(request):
    """A function that makes an array of the library."""
    library = pytest.importorskip(request.param, reason=f"{request.param} is an extra")
    if request.param == "torch":
        return lambda x, **options: library.tensor(x, dtype=library.float64, **options)
    library.config.update("jax_enable_x64", True)
    return lambda x, **options: library.numpy.asarray(x)


def numbers(x):
    return np.asarray(x.detach() if hasattr(x, "detach") else x)


@np.errstate(all="ignore")
def agree(found, truth, *, logs):
    close = np.abs(found - truth) <= 1e-11 * np.abs(truth) + (1e-11 if logs else 1e-290)
    assert np.all(close | (found == truth) | (np.isnan(found) & np.isnan(truth))), np.stack([found, truth])


@pytest.mark.parametrize("law", FAR, ids=lambda law: law.name)
@np.errstate(all="ignore")
def test_far_points_and_those_beside_ends(array, law):
    low, high = (float(value(end)) for end in law.support.edges)
    ends = [np.nextafter(low, high), np.nextafter(high, low), low + 1e-10, high - 1e-10, low - 1.0, high + 1.0]
    y = np.concatenate([law.ppf(LEVELS), law.isf(LEVELS), ends, [-800.0, 800.0, -1e5, 1e5, 1e300, -1e300, np.nan]])
    y = y[(np.abs(y) > 1e-300) | (y == 0.0)]  # JAX takes subnormal numbers for 0
    for method in METHODS:
        agree(numbers(getattr(law, method)(array(y))), getattr(law, method)(y), logs=method.startswith("log"))
    for method in ("ppf", "isf"):
        levels = np.concatenate([LEVELS, 1.0 - LEVELS, [0.0, 1.0, 1.5, np.nan]])
        agree(numbers(getattr(law, method)(array(levels))), getattr(law, method)(levels), logs=False)


@np.errstate(all="ignore")
def test_slopes_of_far_points():
    torch = pytest.importorskip("torch")
    for law, place in ((dn.LogGamma(2.5), -800.0), (dn.StudentT(3.0), 1e300), (dn.HalfLogistic(), 70.0)):
        y = torch.tensor([place, 0.5], dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(law.logpdf(y).sum(), y)
        np.testing.assert_allclose(slope.numpy(), law.score(np.array([place, 0.5])), rtol=1e-9)
        (slope,) = torch.autograd.grad(law.logsf(y).sum(), y)
        hazard = np.exp(law.logpdf(y.detach().numpy()) - law.logsf(y.detach().numpy()))
        np.testing.assert_allclose(slope.numpy(), -hazard, rtol=1e-9)


def test_points_that_are_plain_are_asked_for_once(array, monkeypatch):
    from densities.distributions import foreign

    monkeypatch.setattr(foreign, "doubts", None)
    for method in METHODS:
        getattr(dn.LogNormal(), method)(array([0.5, 1.0, 2.0]))
    dn.LogNormal().ppf(array([0.5, 0.7]))
    assert numbers(dn.LogNormal().logpdf(array([]))).shape == (0,)


@pytest.mark.parametrize("c", [-1.5, 1.5])
def test_a_parameter_that_chooses_the_formula_is_looked_at(array, c):
    law, y = dn.GeneralizedGamma(2.5, c), np.array([0.3, 1.0, 3.0])
    theirs = dn.GeneralizedGamma(2.5, array(c))
    for method in METHODS:
        agree(numbers(getattr(theirs, method)(array(y))), getattr(law, method)(y), logs=False)


def test_a_parameter_that_chooses_the_formula_is_refused_before_it_is_there():
    jax = pytest.importorskip("jax")
    with pytest.raises(dn.UnsupportedOperationError, match="before its value is there"):
        jax.jit(lambda c: dn.GeneralizedGamma(2.5, c).cdf(1.0))(-1.5)


@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        (dn.Frechet, (1e-3,)),
        (dn.JohnsonSB, (3.0, 0.01)),
        (dn.LogNormal, (0.0, 50.0)),
        (dn.LogitNormal, (0.0, 50.0)),
        (dn.Gamma, (1.0,)),
        (dn.Beta, (0.5, 1.0)),
    ],
)
def test_limits_at_ends_where_parameters_move(array, family, parameters):
    law = family(*parameters)
    ends = np.array([float(value(end)) for end in law.support.edges])
    ends = ends[np.isfinite(ends)]
    found = family(*map(array, parameters)).logpdf(array(ends))
    agree(numbers(found), law.logpdf(ends), logs=True)


def test_limits_keep_their_derivative_in_a_parameter():
    torch = pytest.importorskip("torch")
    scale = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    at_end = dn.Weibull(1.0, scale).logpdf(0.0)  # -log scale
    assert at_end.item() == pytest.approx(-np.log(2.0), rel=1e-14)
    assert torch.autograd.grad(at_end, scale)[0].item() == pytest.approx(-0.5, rel=1e-14)
