"""Formulas beside their roots and far out: tiny values keep the distance of x from the root, and nothing overflows unseen."""

import numpy as np
import pytest
from mpmath import mp

import densities as dn
from densities.arrays import quiet
from densities.transforms.symbolic_kernels import Kernel
from densities.transforms.symbolic_text import X, expression

# The formula, its base, and the law of the image by an independent formula.
IMAGES = [
    ("4*x*(1 - x)", dn.Beta(0.7, 0.7), dn.Beta(0.7, 0.5)),
    ("(1 - x)/x", dn.Beta(2, 0.3), dn.BetaPrime(0.3, 2)),
]


@pytest.mark.parametrize(("formula", "base", "image"), IMAGES)
def test_tiny_values_come_from_beside_the_root(formula, base, image):
    law = dn.Symbolic(formula)(base)
    y = image.ppf([1e-60, 1e-20, 1e-3])
    np.testing.assert_allclose(law.logpdf(y), image.logpdf(y), rtol=1e-12)
    np.testing.assert_allclose(law.cdf(y), image.cdf(y), rtol=1e-12)


def test_a_root_where_the_density_of_the_base_is_singular():
    law = dn.Symbolic("(1 - x)*exp(x)")(dn.Beta(2, 0.3))
    with mp.workdps(40):
        truth = mp.log(mp.mpf(1e-60) / mp.e) * -0.7 - mp.log(mp.beta(2, 0.3)) - 1  # x = 1 - y/e to first order
    np.testing.assert_allclose(law.logpdf(1e-60), float(truth), rtol=1e-13)


def test_what_overflows_under_a_fraction_line_is_seen():
    x = np.array([-1e300, -3.0, 3.0, 1e200])
    truth = [float(mp.mpf(v) / mp.sqrt(1 + mp.mpf(v) ** 2)) for v in x]
    shifted = [0.5, 0.5 + 1 / np.sqrt(1 + 4 * np.exp(-2.0)), 1.5]
    with quiet():
        np.testing.assert_allclose(Kernel(expression("x/sqrt(1 + x**2)"), X)(x), truth, rtol=2e-13)
        kernel = Kernel(expression("1/2 + exp(x)/sqrt(4 + exp(2*x))"), X)
        np.testing.assert_allclose(kernel(np.array([-400.0, 1.0, 400.0])), shifted, rtol=1e-14)
        assert kernel(400.0) == 1.5
    ends = dn.Symbolic("x/sqrt(1 + x**2)")(dn.Cauchy())
    assert (ends.ppf(1e-300), ends.isf(1e-300)) == (-1.0, 1.0)


def test_the_line_under_a_wave_need_not_be_multiplied_out():
    law = dn.Symbolic("tan(pi*(x - 1/2))")(dn.Uniform())
    np.testing.assert_allclose(law.cdf([-2.0, 0.5, 30.0]), dn.Cauchy().cdf([-2.0, 0.5, 30.0]), rtol=1e-13)


@pytest.mark.parametrize(
    ("formula", "base", "image"),
    [
        ("x**2/(1 + x**2)", dn.Cauchy(), dn.Arcsine()),
        ("x/sqrt(1 + x**2)", dn.Cauchy(), dn.Arcsine(-1, 1)),
        ("4*x*(1 - x)", dn.Beta(0.7, 0.7), dn.Beta(0.7, 0.5)),
    ],
)
def test_distances_from_the_limits_far_out_and_from_turns_reach_the_entropy(formula, base, image):
    law = dn.Symbolic(formula)(base)
    assert law.entropy() == pytest.approx(image.entropy(), abs=1e-11)


def test_a_formula_that_cancels_far_out_is_a_series_there():
    t = dn.Symbolic("1/2 + x/(2*sqrt(2 + x**2))")  # Student's distribution function with 2 degrees of freedom
    np.testing.assert_allclose(t(np.array([-1e8, -1e3, -4.0])), dn.StudentT(2).cdf([-1e8, -1e3, -4.0]), rtol=1e-13)
    np.testing.assert_allclose(t(dn.StudentT(2)).ppf([1e-300, 1e-10, 0.3]), [1e-300, 1e-10, 0.3], rtol=1e-12)


@pytest.mark.parametrize(
    ("formula", "inverse", "slope"),
    [
        ("(x - 1)/(x + 1)", lambda y: (1 + y) / (1 - y), lambda x: 2 / (x + 1) ** 2),
        ("x - 1/x", lambda y: (y + mp.sqrt(y * y + 4)) / 2, lambda x: 1 + 1 / x**2),
        ("x + sqrt(x) + 1", lambda y: ((mp.sqrt(4 * y - 3) - 1) / 2) ** 2, lambda x: 1 + 1 / (2 * mp.sqrt(x))),
    ],
    ids=["fraction of lines", "hyperbola", "root"],
)
def test_densities_at_the_root_itself_and_beside_the_image_of_0(formula, inverse, slope):
    law = dn.Symbolic(formula)(dn.Exponential())
    y = np.array([0.0, 5e-324, 1e-9, 0.3]) + (1.0 if formula == "x + sqrt(x) + 1" else 0.0)
    y = y[np.asarray(law.support.interior_contains(y))]
    with mp.workdps(60):
        x = [inverse(mp.mpf(v)) for v in y.tolist()]
        np.testing.assert_allclose(law.cdf(y), [float(-mp.expm1(-v)) for v in x], rtol=1e-13)
        np.testing.assert_allclose(law.pdf(y), [float(mp.exp(-v) / slope(v)) for v in x], rtol=1e-13)


def test_the_inverse_of_a_fraction_of_lines_is_one():
    pieces = dn.Symbolic("(x + 1)/(x - 1)").pieces
    y = np.array([-3.0, 0.5])
    with quiet():
        np.testing.assert_allclose(pieces[0].map.inverse(y), (y + 1) / (y - 1), rtol=1e-15)
    assert all(piece.map.inverse_expr is not None for piece in pieces)


def test_logarithms_beside_a_root_know_distances_below_the_doubles():
    law = dn.Symbolic("x + sqrt(x)")(dn.Exponential())
    y = np.array([5e-324, 1e-300, 1e-160])
    np.testing.assert_allclose(law.logcdf(y), 2.0 * np.log(y), rtol=1e-14)  # x = y² to first order
    np.testing.assert_allclose(law.logpdf(y), np.log(2.0) + np.log(y), rtol=1e-14)
