"""Arguments that a user may get wrong: each is refused by name, before anything is computed."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy

import densities as dn
from densities.cli import main
from densities.errors import ParameterError
from densities.estimate import Status

PAIR = dn.Normal(), dn.Laplace()


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("n", 0),
        ("n", "many"),
        ("n", math.inf),
        ("n", math.nan),
        ("n", 10**400),
        ("target", 0.0),
        ("target", "small"),
        ("time_limit", -1.0),
        ("time_limit", "1"),
        ("progress", True),
        ("checkpoint", 3),
        ("checkpoint", "/no/such/folder/run.json"),
    ],
)
@pytest.mark.parametrize(
    "ask",
    [
        lambda **o: dn.kl(*PAIR, method="montecarlo", **o),
        lambda **o: dn.expect(np.sin, PAIR[0], method="montecarlo", **o),
    ],
)
def test_settings_of_draws_are_refused_by_name(name, given, ask):
    with pytest.raises(ParameterError, match=f"^{name}: expected"):
        ask(rng=0, **{name: given})


NUMBERS = {
    "a fraction": Fraction(3, 8),
    "a decimal": Decimal("0.375"),
    "of mpmath": mpmath.mpf(0.375),
    "of SymPy": sympy.Rational(3, 8),
    "among others": np.array([0.375, Fraction(3, 8)], dtype=object),
}


@pytest.mark.parametrize("given", NUMBERS.values(), ids=NUMBERS)
def test_real_numbers_of_any_kind_are_the_doubles_next_to_them(given):
    plain, law = np.full(np.shape(given), 0.375), np.exp(PAIR[0])
    for method in (law.logpdf, law.isf, dn.Exp(), lambda x: dn.Normal(x, 1).cdf(0.0), lambda x: (x * law).sf(2.0)):
        np.testing.assert_array_equal(method(given), method(plain[()]))


def test_to_many_digits_a_fraction_is_itself():
    with mpmath.workdps(40):
        truth = mpmath.npdf(mpmath.mpf(1) / 3)
        for third in (Fraction(1, 3), mpmath.mpf(1) / 3, sympy.Rational(1, 3)):
            assert mpmath.almosteq(dn.Normal().pdf(third, dps=35), truth, 1e-35)
        assert mpmath.almosteq(dn.Normal().pdf(Decimal("0.1"), dps=35), mpmath.npdf(mpmath.mpf("0.1")), 1e-35)


@pytest.mark.parametrize(
    "given", ["2", [1, "2"], 1 + 0j, np.ma.array([0.1], mask=[1]), 10**400, Decimal("sNaN"), [Fraction(1, 2), None]]
)
@pytest.mark.parametrize("dps", [None, 20])
def test_what_is_no_real_number_is_refused_at_any_precision(given, dps):
    for method, name in ((dn.Normal().cdf, "y"), (dn.Gamma(2).isf, "q")):
        with pytest.raises(dn.ShapeError, match=f"^{name}: expected "):
            method(given, dps=dps)


def test_a_function_of_one_number_is_told_from_one_of_an_array():
    with pytest.raises(ParameterError, match=r"np\.sin, not math\.sin"):
        dn.expect(math.sin, dn.Normal())
    with pytest.raises(ParameterError, match="truth value of an array"):
        dn.expect(lambda x: 1.0 if x > 0 else 0.0, dn.Normal())
    bell = np.vectorize(lambda x: math.exp(-x * x))
    assert dn.expect(bell, dn.Normal()).value == pytest.approx(math.sqrt(1.0 / 3.0), rel=1e-12)


BELLS = {
    "an if": (lambda x: -x if x > 0 else x, dn.ShapeError, "np.where.*truth value of an array"),
    "of one number": (lambda x: -math.fabs(x), dn.ShapeError, "np.vectorize, got TypeError"),
    "complex": (lambda x: -x * x + 0j, ParameterError, "with real values, got array"),
    "no logarithm": (lambda x: np.exp(-x * x), ParameterError, "give log f, not f"),
}


@pytest.mark.parametrize("name", BELLS)
def test_a_log_density_is_told_from_what_is_none(name):
    function, error, told = BELLS[name]
    with pytest.raises(error, match=told):
        dn.FromDensity(function, normalize=True)


def test_infinite_divergences_name_the_term_that_is():
    assert (
        dn.kl(dn.Cauchy(), dn.Normal())
        .detail["reason"]
        .startswith("E[X²] for X of cauchy, which stands in E[log normal]")
    )
    assert "E[exp(-X)] for X of laplace" in dn.kl(dn.Laplace(0, 2), dn.Gumbel()).detail["reason"]


def test_letters_of_other_authors_are_not_swapped():
    with pytest.raises(ParameterError, match=r"expected the parameters shape, scale, got 'beta'$"):
        dn.Gamma(2.0, beta=3.0)
    for order in (-1, 2.0, 10**400):
        with pytest.raises(ParameterError, match="order: expected a non-negative integer"):
            dn.Normal().moment(order)


@pytest.mark.parametrize("function", [np.log, lambda x: x * np.nan])
def test_a_function_without_values_where_the_law_has_mass_is_named(function):
    found = dn.expect(function, dn.Normal())
    assert found.status is Status.UNDEFINED and np.isnan(found.value)
    assert "the function is nan at -2" in found.detail["reason"]


def test_functions_without_values_where_there_is_no_mass_are_fine():
    assert dn.expect(np.log, dn.Exponential()).value == pytest.approx(-np.euler_gamma, rel=1e-12)
    assert "diverges" in dn.expect(lambda x: x, dn.Cauchy()).detail["reason"]


def test_filters_of_maps_are_refused_for_laws(capsys):
    assert main(["list", "distributions", "--domain", "unit"]) == 2
    assert "list: --domain: expected transforms, got 'distributions'" in capsys.readouterr().err


def test_facts_in_json_are_numbers_with_all_digits(capsys):
    assert main(["show", "1/gamma(3, 2)", "--json"]) == 0
    facts, law = json.loads(capsys.readouterr().out), 1 / dn.Gamma(3, 2)
    assert facts["mean"] == law.mean() and facts["quantiles"]["0.99"] == law.ppf(0.99)
    assert main(["show", "cauchy()"]) == 0
    assert "quantiles           0.01: -31.82051595, 0.25: -1, 0.5: 0," in capsys.readouterr().out


def test_what_has_to_be_given_has_no_default(capsys):
    assert main(["show", "mixture"]) == 0
    assert "parameters  weights, components\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("law", "written"),
    [
        (2 * dn.Poisson(3) + 1, r"Y = 1 + \left(2\,X\right),\ X \sim \operatorname{Poisson}\left(3\right)"),
        (np.round(dn.Normal()), r",\ X \sim \operatorname{Normal}\left(0, 1\right)"),
    ],
)
def test_no_slope_stands_beside_a_mass(law, written):
    assert law.latex().startswith("Y = ")
    assert "f_" not in law.latex() and "frac" not in law.latex()
    assert law.latex().replace(" ", "").endswith(written.replace(" ", "")), law.latex()


def test_numbers_of_sympy_are_numbers():
    law = dn.Normal(sympy.pi, sympy.sqrt(2))
    assert (law.params["loc"], law.params["scale"]) == (np.pi, float(sympy.sqrt(2)))
    for given in (sympy.Symbol("s"), sympy.I):
        with pytest.raises(ParameterError, match="scale: expected a real number"):
            dn.Normal(0, given)
