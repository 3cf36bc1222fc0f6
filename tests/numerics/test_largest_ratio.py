"""Rényi's divergences of the orders 0, 1 and infinity: log ess sup dp/dq by what a pencil finds, and laws that hold for it."""

import numpy as np
import pytest
from mpmath import mp

import densities as dn
from densities.errors import NoClosedFormError, UnsupportedOperationError
from densities.estimate import Status

INF = np.inf


def renyi(p, q, order=INF, **settings):
    return dn.divergence("renyi", dn.as_distribution(p), dn.as_distribution(q), order=order, **settings)


def of(p, q, order=INF):
    return renyi(dn.parse(p), dn.parse(q), order)


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        ("normal(0, 1)", "normal(1, 2)", np.log(2) + 1 / 6),
        ("normal(0, 1e-8)", "normal(0, 1e8)", 16 * np.log(10)),
        ("uniform(0, 1)", "uniform(0, 3)", np.log(3)),
        ("relu(normal(0, 1))", "relu(normal(1, 2))", np.log(2) + 1 / 8),  # beside the atom
        ("student_t(3, 0, 2)", "student_t(3, 0, 1)", 3 * np.log(2)),  # in the limit
        ("gumbel(1, 1)", "gumbel(0, 1)", 1.0),  # in a limit that rounding drowns
        ("normal(0, 1)", "normal(1e-12, 1)", INF),  # in a limit that it would hide
        ("gamma(2, 1)", "gamma(2.0000000001, 1)", INF),  # like 1e-10 log(1/x)
        ("exp(exp(normal(0, 1)))", "exp(exp(normal(0, 2)))", np.log(2)),
        ("normal(1, 1)", "mixture([0.5, 0.5], [normal(-1, 1), normal(1, 1)])", np.log(2)),
        ("uniform(0, 2)", "uniform(1, 3)", INF),
        ("poisson(3)", "poisson(4)", 1.0),
        ("poisson(1e6)", "poisson(1.001e6)", 1000.0),
        ("poisson(4)", "poisson(3)", INF),
        ("zipf(3)", "zipf(2)", float(mp.log(mp.zeta(2) / mp.zeta(3)))),
        ("multivariate_normal([0, 0], [[1, 0], [0, 1]])", "multivariate_normal([0, 0], [[2, 0], [0, 2]])", np.log(2)),
        ("product([normal(0, 1), uniform(0, 1)])", "product([normal(0, 2), uniform(0, 3)])", np.log(6)),
        ("product([normal(0, 2), uniform(0, 1)])", "product([normal(0, 1), uniform(0, 3)])", INF),
    ],
)
def test_the_largest_ratio(p, q, truth):
    found = of(p, q)
    assert found.ok
    assert (found.status is Status.INFINITE) == np.isinf(truth)
    assert found.value == truth or abs(found.value - truth) <= found.error + 1e-15 * truth
    assert found.error < 1e-9 * truth or truth == INF


def test_no_finite_order_exceeds_it_and_bijections_leave_it():
    p, q = dn.parse("mixture([0.3, 0.7], [normal(-1, 0.5), normal(1, 1.3)])"), dn.Normal(0.4, 1.5)
    whole = renyi(p, q)
    orders = [renyi(p, q, order).value for order in (0, 0.5, 1, 2.0, 40.0)]
    assert np.all(np.diff([*orders, whole.value]) > 0.0)
    assert orders[2] == dn.kl(p, q).value
    assert renyi(p, p).value == renyi(p, p, 0).value == 0.0
    image = renyi(np.exp(p), np.arctan(np.log(np.exp(q))) >> dn.PrincipalTan() >> dn.Exp())
    assert image.value == pytest.approx(whole.value, rel=1e-12)


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        ("normal(0, 1)", "cauchy(0, 1)", 0.0),
        ("uniform(0, 2)", "uniform(1, 3)", np.log(2)),
        ("uniform(0, 1)", "uniform(2, 3)", INF),
        ("binomial(1, 0.3)", "poisson(1e-5)", float(-mp.log(1 - (mp.expm1(1e-5) - mp.mpf(1e-5)) * mp.exp(-1e-5)))),
    ],
)
def test_order_0_is_the_mass_that_both_share(p, q, truth):
    found = of(p, q, 0)
    assert found.value == truth or abs(found.value - truth) <= found.error < 1e-12
    assert dn.divergence("power", dn.parse(p), dn.parse(q), order=0).value == dn.kl(dn.parse(q), dn.parse(p)).value


def test_what_no_double_tells_is_said():
    # The ratio falls or rises by e^(1e-14) from one integer to the next, and rounding hides it.
    assert of("poisson(3)", "poisson(2.99999999999999)").status is Status.UNDECIDED


def test_what_has_no_answer_is_refused():
    p, q = dn.Normal(0, 1), dn.Normal(0, 2)
    with pytest.raises(NoClosedFormError, match="order=inf"):
        renyi(p, q, method="closed")
    with pytest.raises(UnsupportedOperationError, match="draws show no supremum"):
        renyi(p, q, method="montecarlo")
    with pytest.raises(UnsupportedOperationError, match="independent entries"):
        of("dirichlet([1, 2, 3])", "dirichlet([2, 2, 2])")
