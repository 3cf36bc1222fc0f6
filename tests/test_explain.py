"""An explanation names every map with its inverse and slope, and its numbers add up to the density."""

import json

import numpy as np
import pytest
import sympy

import densities as dn
from densities.cli import main
from densities.distributions.formulas import DENSITIES, density_text, filled
from densities.distributions.map_formulas import MAPS, map_formula
from densities.transforms import registry as transforms
from densities.transforms.symbolic_text import formula

X = dn.Normal(0, 1)
CASES = [  # a law, a point, how many preimages it has
    (np.exp(0.8 * X + 0.5), 2.0, 1),
    (X**2, 1.5, 2),
    (X >> dn.Symbolic("x**3 - 3*x"), 0.5, 3),
    (X >> dn.Symbolic("x**3 - 3*x"), 7.0, 1),
    (X >> dn.Symbolic("x**2 - 1"), 0.5, 2),
    (abs(np.log(X**2)), 0.7, 4),
    (np.sin(dn.Uniform(0, 3)), 0.5, 2),
    (np.cos(dn.Uniform(0, 7)), 0.9, 3),
    (dn.Tan()(dn.Uniform(0.1, 8.0)), 0.3, 3),
    (1 / X, 0.3, 1),
    (dn.Gamma(2.0), 1.0, 1),
    (dn.Exp()(dn.Mixture([0.5, 0.5], [X, dn.Normal(3, 1)])), 1.0, 1),
    (dn.Exp()(dn.truncate(X, 0, np.inf)), 3.0, 1),
    (np.exp(X), -1.0, 0),
    (np.exp(X), 1e-300, 1),
    (dn.Sigmoid()(dn.Normal(0, 100)), 1e-40, 1),
]


@pytest.mark.parametrize(("law", "point", "preimages"), CASES, ids=[f"{law} at {y}" for law, y, _ in CASES])
def test_the_factors_add_up_to_the_density(law, point, preimages):
    found = dn.explain(law, point)
    assert len(found.paths) == preimages
    assert found.logpdf == pytest.approx(law.logpdf(point), rel=1e-13)
    for path in found.paths:
        steps = [factor.log_det for factor in path.factors]
        assert len(steps) == len(found.steps) or np.ndim(steps)
        assert path.log_term == pytest.approx(path.log_base + sum(steps), rel=1e-14, abs=1e-14)
        last = path.factors[-1].point if path.factors else point
        assert path.log_base == pytest.approx(found.base.logpdf(last), rel=1e-10)
    assert str(found).splitlines()[-1].startswith(f"log density = {found.logpdf:.17g}")


def test_the_text_names_maps_inverses_and_slopes():
    text = str(dn.explain(np.exp(0.8 * X + 0.5), 2.0))
    for line in (
        "x0 ~ normal(loc=0, scale=1),  f(x0) = exp(-x0**2/2)/sqrt(2*pi),  x0 in (-inf, inf)",
        "x1 = 0.5 + 0.8*x0,  x1 in (-inf, inf)",
        "    x0 = (x1 - 0.5)/0.8",
        "x2 = exp(x1),  x2 in (0, inf)",
        "    |dx1/dx2| = 1/x2",
        "density of Y = x2: f(x0) · |dx1/dx2| · |dx0/dx1|",
    ):
        assert line in text.splitlines()
    assert "at y" not in str(dn.explain(np.exp(X)))


def test_several_preimages_are_told_and_listed():
    text = str(dn.explain(X**2, 1.5))
    assert "x0 = x1**(1/2) or -x1**(1/2)" in text
    assert "sum over the preimages" in text and "branch 2" in text
    assert "by bracketing" in str(dn.explain(X >> dn.Symbolic("x**3 + x")))
    assert "g⁻¹(x1)" in str(dn.explain(dn.push(X, lambda u: u + np.tanh(u))))


def test_of_infinitely_many_branches_those_that_carry_mass_are_told():
    wave = np.sin(X)
    found = dn.explain(wave, 0.5)
    assert found.logpdf == pytest.approx(wave.logpdf(0.5), rel=1e-13)
    assert (
        f"asin(x1) or pi + asin(-x1) or 2*pi + asin(x1) or 3*pi + asin(-x1) or ... on {len(wave.branches)} pieces"
        in str(found)
    )


def test_point_masses_are_told_apart():
    clipped = np.clip(X, -1, 2)
    found = dn.explain(clipped, -1.0)
    assert found.mass == clipped.pmf(-1.0) and found.logpdf == pytest.approx(clipped.logpdf(-1.0), rel=1e-15)
    assert "P(Y = -1) = 0.158655253931457" in str(found) and "a point mass of 0.158655253931457" in str(found)


def test_latex_and_plain_data():
    found = dn.explain(np.exp(X), 2.0)
    assert found._repr_latex_().startswith("$f_Y(y) = ")
    data = json.loads(json.dumps(found.to_dict()))
    assert data["steps"][0]["inverses"] == ["log(y)"] and data["logpdf"] == found.logpdf


@pytest.mark.parametrize(
    "law", [dn.Poisson(3), dn.Normal([0, 1], 1), dn.MultivariateNormal([0, 0], np.eye(2))], ids=str
)
def test_laws_without_one_density_are_refused(law):
    with pytest.raises(dn.UnsupportedOperationError, match="a scalar law with a density"):
        dn.explain(law)


@pytest.mark.parametrize("point", [[1.0, 2.0], np.nan, np.inf])
def test_a_point_is_one_number(point):
    with pytest.raises(dn.ParameterError, match="one finite number"):
        dn.explain(X, point)


def test_the_command_explains_in_words_and_json(capsys):
    assert main(["explain", "exp(normal(0,1))", "--at", "2.0"]) == 0
    assert "log density = -1.852312220723718" in capsys.readouterr().out
    assert main(["explain", "exp(normal(0,1))", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["base"] == "normal(loc=0, scale=1)"


# --- the tables behind it


@pytest.mark.parametrize("name", [name for name in MAPS if not MAPS[name].forward.startswith(("min(", "max(x, 0) +"))])
def test_inverses_and_slopes_belong_to_their_maps(name):
    """forward(inverse(y)) = y and slope = |d inverse/dy|, by SymPy to 30 digits."""
    t = next(transforms.get(name).instances())
    found = map_formula(t)
    y = sympy.Symbol("y", real=True)
    image = t.pieces[-1].map.image(t.pieces[-1].domain)
    low, high = max(float(image.low), -2.0), min(float(image.high), 3.0)
    for point in (low + (high - low) * sympy.Rational(k, 7) for k in (2, 4, 6)):
        inverse = formula(found.inverses[0], {"y": y})
        back = formula(found.forward, {"x": inverse}).subs(y, point)
        assert abs(sympy.N(back - point, 30)) < 1e-13
        slope = sympy.N(abs(sympy.diff(inverse, y).subs(y, point).doit()), 30)
        assert abs(sympy.N(formula(found.slope, {"y": y}).subs(y, point), 30) - slope) < 1e-13 * (1 + slope)


def test_numbers_are_put_into_formulas():
    assert filled("loc + scale*x", {"loc": -1.0, "scale": 1e-20}) == "(-1) + (1e-20)*x"
    assert filled("beta*beta(a, b)", {"beta": 2.0, "a": 3.0, "b": 0.5}) == "2*beta(3, 0.5)"
    assert density_text(dn.ContinuousBernoulli(0.5)) == "1"
    assert density_text(dn.Triangular(0, 0, 1)) == "2*(right - x)/(right - left)**2"
    assert density_text(dn.Normal([0, 1], 1)) is None
    assert set(DENSITIES) <= set(dn.distributions.registry.names())
