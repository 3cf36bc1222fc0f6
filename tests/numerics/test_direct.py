"""Near-identical laws: the log-ratio from derivatives in the parameters, against closed forms and many digits."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import special

import densities as dn
from densities.arrays import quiet
from densities.distributions.base import registry
from densities.divergences.closed_forms import closed_form
from densities.divergences.direct import direct, kl_direct
from densities.divergences.quadrature import kl_quadrature
from densities.duals import DERIVATIVES, Dual, DualError

NEAR = json.loads((Path(__file__).parent.parent / "reference" / "near.json").read_text())
CLOSED = [
    (entry.name, dict(example), parameter)
    for entry in registry
    for example in entry.examples
    for parameter in entry(**example).params
    if entry(**example).event_shape == ()
    and entry(**example).measure == "lebesgue"
    and closed_form(entry.name, entry(**example).params, entry.name, entry(**example).params) is not None
]


@pytest.mark.parametrize(("p", "q", "truth"), NEAR)
def test_pairs_without_a_closed_form_keep_eight_digits(p, q, truth):
    found = dn.kl(dn.parse(p), dn.parse(q), method="quadrature")
    assert found.detail["form"] == "direct"
    assert abs(found.value - float(truth)) <= found.error + 1e-15 * float(truth)
    assert found.error <= 1e-8 * found.value


def check_against_closed_form(name, example, parameter, change):
    """Whatever the direct route answers is covered by its error."""
    p = registry.get(name)(**example)
    try:
        q = p.replace(**{parameter: p.params[parameter] + change * (abs(p.params[parameter]) or 1.0)})
    except dn.DensitiesError:
        return  # a shift that leaves the domain of the parameter
    found, form = kl_direct(p, q), closed_form(p.name, p.params, q.name, q.params)
    if found is not None and form is not None and form.bound < 1e-9 * form.value:
        assert abs(found.value - form.value) <= found.error + form.bound, (str(q), found, form)
        assert found.error <= 1e-8 * form.value


@pytest.mark.parametrize(("name", "example", "parameter"), CLOSED[::4])
def test_families_agree_with_their_closed_forms(name, example, parameter):
    check_against_closed_form(name, example, parameter, 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("change", [1e-6, 1e-8, 1e-12])
@pytest.mark.parametrize(("name", "example", "parameter"), CLOSED)
def test_families_agree_with_their_closed_forms_at_every_scale(name, example, parameter, change):
    check_against_closed_form(name, example, parameter, change)


@pytest.mark.parametrize(
    "text", ["gamma(2, 3)", "weibull(1.5)", "gumbel(1, 2)", "beta(2, 3)", "log_normal(0, 1)", "frechet(3)"]
)
def test_common_families_are_answered(text):
    p = dn.parse(text)
    for name, at in p.params.items():
        assert kl_direct(p, p.replace(**{name: at + 1e-9})).error < 1e-21


@pytest.mark.parametrize(
    ("text", "change"),
    [("student_t(4)", {"df": 4.0}), ("skew_normal(2)", {"a": 2.0}), ("generalized_normal(1.5)", {"beta": 1.5})],
)
def test_the_divergence_scales_as_the_square_of_the_change(text, change):
    """D = I δ²/2 + O(δ³): the same Fisher information at every scale, down to changes of a few ulp."""
    p = dn.parse(text)
    (name, centre), sizes = next(iter(change.items())), 2.0 ** -np.arange(18, 50, 4)
    ratios = [dn.kl(p, p.replace(**{name: centre * (1 + h)}), method="quadrature").value / h**2 for h in sizes]
    assert np.allclose(ratios[1:], ratios[-1], rtol=1e-6)
    assert abs(ratios[4] / ratios[-1] - 1) < 1e-9


def test_it_takes_milliseconds():
    p, q = dn.parse("student_t(3)"), dn.parse("student_t(3.0000000001)")
    kl_direct(p, q)
    times = []
    for _ in range(5):
        start = time.process_time()
        kl_direct(p, q)
        times.append(time.process_time() - start)
    assert min(times) < 0.1


def test_the_log_ratio_keeps_its_digits():
    """t = -δ ∂ log f/∂df for Student's law, whose score is known."""
    p, q = dn.StudentT(3.0), dn.StudentT(3.0 + 2.0**-30)
    x = np.array([-40.0, -1.0, 0.3, 2.0, 700.0])
    df = 3.0 + 2.0**-31
    z = x * x / df
    score = 0.5 * (
        special.digamma(df / 2 + 0.5) - special.digamma(df / 2) - 1 / df - np.log1p(z) + (df + 1) / df * z / (1 + z)
    )
    assert np.allclose(dn.radon_nikodym(p, q).log(x), -(2.0**-30) * score, rtol=1e-13, atol=0)


def test_the_log_ratio_at_odd_points():
    ratio = dn.radon_nikodym(dn.parse("truncate(normal(0, 1), -1, 2)"), dn.parse("truncate(normal(1e-9, 1), -1, 2)"))
    assert abs(ratio.log(0.5)) < 1e-9
    assert np.isnan(dn.radon_nikodym(dn.StudentT(3), dn.StudentT(3 + 1e-9)).log(np.nan))
    far = dn.radon_nikodym(dn.Normal(0, 1), dn.Normal(1e-9, 1)).log(1e12)
    assert far == pytest.approx(-1e3, rel=1e-3)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ("normal(0, 1)", "normal(1, 1)"),
        ("normal(0, 1)", "logistic(0, 1)"),
        ("uniform(0, 1)", "uniform(0, 1.0000001)"),
        ("truncate(normal(0, 1), 0, 2)", "truncate(normal(0, 1), 0, 2.0000001)"),
        ("mixture([0.5, 0.5], [normal(0, 1), normal(1, 1)])", "mixture([0.5, 0.25, 0.25], [normal(), normal(1), normal(2)])"),
        ("poisson(3)", "poisson(3.0000001)"),
        ("normal(0, 1) >> relu", "normal(1e-9, 1) >> relu"),
        ("normal(0, 1) >> sinh", "normal(0, 1) >> asinh"),
        ("normal(0, 1) >> exp >> square", "normal(0, 1) >> exp"),
        ("normal(0, 1)", "normal(0, 1)"),
    ],
)  # fmt: skip
def test_other_pairs_are_left_alone(p, q):
    assert direct(dn.parse(p), dn.parse(q)) is None


def test_a_kink_that_moves_is_covered_or_left():
    """|x - a| has no derivative between the two kinks: its share of the answer is of the order of the shift."""
    for shift in (1e-6, 1e-8, 1e-11):
        p, q = dn.Laplace(0, 1), dn.Laplace(shift, 1)
        found, truth = kl_direct(p, q), closed_form("laplace", p.params, "laplace", q.params).value
        assert found is None or abs(found.value - truth) <= found.error


def test_cancellation_is_told_with_its_remedy():
    found = kl_quadrature(dn.Uniform(0, 1), dn.parse("uniform(0, 1) >> power(1.0000000001)"))
    assert found.error > 0
    if found.error > 1e-8 * found.value > 0:
        assert "dps" in found.detail["reason"]


# ---- the numbers themselves ----


@pytest.mark.parametrize("function", DERIVATIVES, ids=lambda f: f.__name__)
def test_slopes_are_those_of_difference_quotients(function):
    first = {np.arccosh: 1.7, special.ndtri_exp: -0.7, special.ive: 2.0, special.gammainc: 2.5, special.gammaincc: 2.5}
    base = [first.get(function, 0.37), 0.83][: function.nin]
    for i in range(function.nin):
        h = 1e-6
        moved = [[x + s * h * (i == j) for j, x in enumerate(base)] for s in (-1, 1)]
        expected = (function(*moved[1]) - function(*moved[0])) / (2 * h)
        try:
            found = function(*(Dual(x, 1.0) if i == j else x for j, x in enumerate(base)))
        except DualError:
            continue
        assert found.value == function(*base)
        assert found.slope == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_numbers_that_move_compare_by_value_and_equal_no_constant():
    still, moves = Dual(0.0, 0.0), Dual(0.0, 1.0)
    assert still == 0.0
    assert moves != 0.0
    assert not moves < 0.0
    assert moves <= 0.0
    assert bool(moves)
    assert np.where(True, moves, 1.0).slope == 1.0
    assert np.maximum(moves, -1.0).slope == 1.0
    assert np.clip(moves, 1.0, 2.0).slope == 0.0


def test_an_unknown_function_is_refused():
    with pytest.raises(DualError, match="erfi"):
        special.erfi(Dual(1.0, 1.0))
    with pytest.raises(DualError, match="sort"):
        np.sort(Dual(np.ones(3), np.ones(3)))
    with pytest.raises(DualError, match="rounds"):
        float(Dual(1.0, 1.0))
    with pytest.raises(DualError, match="rounds"):
        np.asarray(Dual(np.ones(3), 1.0))
    with pytest.raises(DualError, match="parameter"):
        special.gammainc(Dual(1.0, 1.0), 1.0)
    with pytest.raises(DualError, match="truth"):
        np.any(Dual(np.ones(3), 1.0))


def test_a_slope_of_nothing_is_zero_whatever_the_partial_derivative():
    with quiet():
        assert np.array_equal(np.log(Dual(np.array([0.0, 1.0]), np.array([0.0, 2.0]))).slope, [0.0, 2.0])


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ("inverse_gamma(0.0321572, 28.3856)", "inverse_gamma(0.0321571995150482, 28.3856)"),
        ("beta_prime(0.0249415, 0.0355215)", "beta_prime(0.0249415, 0.035521499999883785)"),
        ("pareto(0.0380328, 8.76798)", "pareto(0.038032526318168634, 8.76798)"),
        (
            "log_normal(-770.21, 1.97522)",
            "log_normal(-770.2099999999999, 1.9752200000001043)",
        ),  # no landmark is a double
    ],
)
def test_tails_beyond_the_doubles_are_not_cut(p, q):
    p, q = dn.parse(p), dn.parse(q)
    found, closed = dn.kl(p, q, method="quadrature"), dn.kl(p, q, method="closed")
    assert abs(found.value - closed.value) <= found.error + closed.error
