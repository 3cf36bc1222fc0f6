"""Every registered family and map has its formula, right to 50 digits.

A density is compared with references of mpmath alone, or with the law's own 50 digits; of a map the inverse with the map,
its slope with the derivative of the inverse, and the map with its doubles.
"""

import importlib.util
import sys
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
import sympy

import densities as dn
from densities.anchored import value
from densities.arrays import quiet
from densities.distributions import registry as distributions
from densities.distributions.map_formulas import forward_text, map_formula, sections
from densities.domains import Interval
from densities.transforms import Flat
from densities.transforms import registry as transforms
from densities.transforms.symbolic_text import formula

REFERENCE = Path(__file__).parent / "reference"
x, y = sympy.Symbol("x", real=True), sympy.Symbol("y", real=True)
# The derivative of a sign is one of Dirac's, which is 0 wherever these formulas are looked at.
MPMATH = [{"DiracDelta": lambda *at: 0}, "mpmath"]
DIGITS = 60
# Polynomials between knots: their inverses have no formula.
NO_INVERSE = {"monotone_cubic_spline", "monotone_hermite_spline", "polynomial"}


@pytest.fixture(scope="module")
def references():
    """The densities that mpmath has by itself, by the name of the family."""
    before, path = mp.mp.dps, list(sys.path)
    sys.path.insert(0, str(REFERENCE))
    found = {}
    for name in ("make_families", "make_image_families"):
        spec = importlib.util.spec_from_file_location(name, REFERENCE / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found |= module.FAMILIES
    yield found
    mp.mp.dps, sys.path[:] = before, path


def short(p, parts=64):
    """A parameter as a short binary number, which formulas and doubles hold alike."""
    return float(np.sign(p) * max(np.round(abs(p) * parts), 1) / parts) if p else 0.0


def families():
    for entry in distributions:
        for i, law in enumerate(entry.instances()):
            if not (law.event_shape or law.batch_shape or law.measure == "counting"):
                yield pytest.param(law, id=f"{entry.name}-{i}", marks=[pytest.mark.slow] * (i > 0))


def rounded(law):
    try:
        return law.replace(**{name: short(p) for name, p in law.params.items()})
    except dn.ParameterError:  # parameters that are no longer apart
        return law.replace(**{name: short(p, 2**16) for name, p in law.params.items()})


@pytest.mark.slow
@pytest.mark.parametrize("law", list(families()))
def test_a_density_has_a_formula_to_50_digits(law, references):
    law = rounded(law)
    f = sympy.lambdify(y, law.density_expr(), "mpmath")
    exact = all(abs(p) < 1000 for p in law.params.values())  # others are written in 17 digits
    for point in law.ppf(np.array([0.07, 0.6, 0.95])):
        if abs(point) < 1e-300 or not law.support.interior_contains(point):
            continue
        with mp.workdps(DIGITS):
            found = mp.log(f(mp.mpf(point)))
            truth = reference(references, law, point)
            assert abs(found - truth) <= (1e-44 if exact else 1e-15) * max(1, abs(truth)), (law, point)
            assert abs(found - law.logpdf(point)) <= 1e-13 * max(
                1, abs(truth), *np.abs(list(law.params.values()) or [0])
            )


def reference(references, law, point):
    if law.name in references:
        return references[law.name](**{name: mp.mpf(p) for name, p in law.params.items()}).f(mp.mpf(point))
    return law.logpdf(point, dps=50)


def maps():
    for entry in transforms:
        for i, t in enumerate(entry.instances()):
            if not (t.batch_shape or t.event_ndim or t.params.get("lmbda") == 1e-12):
                yield pytest.param(entry.name, t, id=f"{entry.name}-{i}", marks=[pytest.mark.slow] * (i > 0))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "t"), list(maps()))
def test_a_map_has_a_formula_to_50_digits(name, t):
    for piece in t.pieces_within(Interval(-5.0, 5.0)):
        for part in () if isinstance(piece, Flat) else sections(piece.map, piece.domain):
            low, high = max(float(value(part.low)), -2.5), min(float(value(part.high)), 4.0)
            if low < high:
                assert_formulas(name, t, part, [low + (high - low) * k / 16 for k in (1, 6, 14)])


def assert_formulas(name, t, part, points):
    near = float(np.asarray(part.interior_point()))
    forward = sympy.lambdify(x, expression(t, near), MPMATH)
    with mp.workdps(DIGITS):
        images = [forward(mp.mpf(point)) for point in points]
    with quiet():
        got = np.asarray(t.forward(np.array(points)), dtype=float)
    wanted = np.array(images, dtype=float)
    assert np.all(np.abs(got - wanted) <= 1e-13 * (np.abs(wanted) + 1e-3)), (t, points)
    found = map_formula(t, near) if t.expr is None else None
    assert (found is None) == (name in NO_INVERSE or t.expr is not None)
    if found is not None:
        inverses = [formula(text, {"y": y}) for text in found.inverses]
        assert_inverse(inverses, formula(found.slope, {"y": y}), points, images)


def expression(t, near):
    return formula(forward_text(t, near), {"x": x}) if t.expr is None else t.expr


def assert_inverse(inverses, slope, points, images):
    """One of the preimages is the point, and the slope is that of all of them."""
    back = [sympy.lambdify(y, inverse, MPMATH) for inverse in inverses]
    slopes = [sympy.lambdify(y, s, MPMATH) for s in (slope, *(sympy.diff(inverse, y) for inverse in inverses))]
    for point, image in zip(points, images, strict=True):
        with mp.workdps(DIGITS + 300):  # 1 - y of a small y
            assert min(abs(g(image) - point) for g in back) < mp.mpf(10) ** -(DIGITS - 15)
            claimed, *true = (abs(s(image)) for s in slopes)
            assert all(abs(claimed / derivative - 1) < mp.mpf(10) ** -(DIGITS - 15) for derivative in true)


# --- periodic maps: sums over branches


def written_out(expr):
    """The expression with its sums taken as far as any term of these laws counts."""
    while expr.has(sympy.Sum):
        expr = expr.replace(lambda part: isinstance(part, sympy.Sum), _terms)
    return expr


def _terms(series):
    n, first, last = series.limits[0]
    numbers = range(int(max(first, -24)), int(min(last, 24)) + 1)
    return sympy.Add(*(series.function.subs(n, k) for k in numbers))


WAVES = [
    "sin(normal(0, 5))",
    "cos(4*gamma(3))",
    "tan(normal(0, 3))",
    "cos(uniform(0.3, 40))",
    "tan(tan(uniform(-1, 1)))",
]
LONG_WAVES = ["sin(-exponential(2))", "exp(cos(logistic(0, 2)))", "sin(exp(normal(0, 0.2)))"]


@pytest.mark.parametrize("source", [*WAVES, *(pytest.param(wave, marks=pytest.mark.slow) for wave in LONG_WAVES)])
def test_the_density_of_a_wave_is_a_sum_over_branches(source):
    law = dn.parse(source)
    expr = law.density_expr()
    assert expr.has(sympy.Sum) == ("uniform(-1" not in source)  # which meets three branches
    f = sympy.lambdify(y, written_out(expr), "mpmath")
    low, high = (max(-1.0, law.support.low), min(2.5, law.support.high))
    for point in (float(low + (high - low) * share) for share in (0.1, 0.5, 0.8)):
        with mp.workdps(40):
            assert float(f(mp.mpf(point))) == pytest.approx(law.pdf(point), rel=1e-12)


def test_a_polynomial_of_degree_2_has_its_branches():
    law = dn.parse("polynomial(normal(0, 1), [1, 0.5, -2])")
    f = sympy.lambdify(y, law.density_expr(), "mpmath")
    for point in (-3.0, 0.2, 1.01):
        with mp.workdps(40):
            assert float(f(mp.mpf(point))) == pytest.approx(law.pdf(point), rel=1e-13)


# --- what has no formula says so

NORMAL = dn.Normal()
REFUSED = {
    "integers": (dn.Poisson(3), "a law with a density"),
    "vectors": (dn.MultivariateNormal([0, 0], np.eye(2)), "a scalar law"),
    "batches": (dn.Normal([0, 1], 1), "a scalar law"),
    "polynomials between knots": (NORMAL >> next(transforms.get("monotone_cubic_spline").instances()), "inverse"),
    "polynomials of degree 3": (dn.parse("polynomial(normal(0, 1), [0, -3, 0, 1])"), "inverse"),
    "functions": (dn.push(NORMAL, lambda u: u + np.tanh(u)), "inverse"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_formula_is_refused(what):
    law, reason = REFUSED[what]
    with pytest.raises(dn.UnsupportedOperationError, match=reason):
        law.density_expr()
