"""dp/dq as an object: where it exists, what of p it misses, between which bounds it lies."""

import mpmath
import numpy as np
import pytest

import densities as dn
from densities.domains import Interval, union
from densities.estimate import Status

INF = np.inf


def ratio(p, q):
    return dn.radon_nikodym(dn.parse(p), dn.parse(q))


@pytest.mark.parametrize(
    ("p", "q", "low", "high"),
    [
        # log 2 - x²/2 + (x - 1)²/8 is largest at x = -1/3
        ("normal(0, 1)", "normal(1, 2)", -INF, np.log(2) + 1 / 6),
        # the scores 4x/(3 + x²) and x meet at x² = 1, where the densities are 9/(8π√3) and e^(-1/2)/√(2π)
        ("student_t(3)", "normal(0, 1)", np.log(9 / (8 * np.pi * np.sqrt(3))) + 0.5 + 0.5 * np.log(2 * np.pi), INF),
        ("uniform(0, 1)", "beta(2, 2)", -np.log(1.5), INF),
        ("beta(2, 2)", "uniform(0, 1)", -INF, np.log(1.5)),
        ("gamma(2, 1)", "gamma(3, 1)", -INF, INF),
        ("exp(normal(0, 1))", "gamma(2, 1)", -INF, INF),
        ("normal(1, 1)", "mixture([0.5, 0.5], [normal(-1, 1), normal(1, 1)])", -INF, np.log(2)),
        ("normal(0, 1)", "normal(0, 1)", 0.0, 0.0),
        ("exponential(1)", "exponential(2)", -INF, np.log(2)),
        ("poisson(3)", "poisson(2)", -1.0, INF),
    ],
)
def test_the_essential_range_is_that_of_the_log_ratio(p, q, low, high):
    assert ratio(p, q).essential_range == pytest.approx((low, high), abs=1e-12)


def test_of_cauchy_laws_the_range_is_symmetric():
    # Between Cauchy laws the extremes of the ratio are inverse to each other: r + 1/r = 2 cosh, with the invariant
    # ((s + t)² + d²)/(4 s t) = cosh²(log r / 2).
    low, high = ratio("cauchy(0, 1)", "cauchy(1, 2)").essential_range
    assert high == pytest.approx(2 * np.arccosh(np.sqrt(((1 + 2) ** 2 + 1) / 8)), rel=1e-12)
    assert low == pytest.approx(-high, rel=1e-12)


@pytest.mark.parametrize(
    ("q", "lost", "between"),
    [
        ("mixture([0.5, 0.5], [uniform(-2, 0), uniform(0.5, 2)])", 0.125, "between 0 and 0.5"),
        ("reciprocal(uniform(-1, 1))", 0.5, "between -1 and 1"),
        ("truncate(mixture([0.5, 0.5], [uniform(-2, -1), uniform(0, 2)]), -2, 2)", 0.25, "between -1 and 0"),
    ],
)
def test_a_gap_of_q_takes_its_share_of_p(q, lost, between):
    found = ratio("uniform(-2, 2)", q)
    assert not found.absolutely_continuous
    assert found.singular_mass == pytest.approx(lost, rel=1e-14)
    assert found.continuous_mass == pytest.approx(1 - lost, rel=1e-14)
    assert between in found.reason
    answer = dn.kl(found.p, found.q)
    assert answer.value == INF
    assert between in answer.reason


@pytest.mark.parametrize("side", ["", "-"])
def test_an_end_beyond_the_doubles_bounds_a_law(side):
    far = dn.parse(f"{side}exp(affine(exponential(1), 1e4, 3))")  # from e^10000 on
    assert far.pdf([-1.0, 0.0, 1.0]) == pytest.approx(0.0, abs=0.0)
    for p in (dn.Normal(), dn.Cauchy(), np.exp(dn.Cauchy())):
        found = dn.kl(p, far)
        assert found.value == INF
        assert f"{side}e^10000" in found.reason or p.support.low == 0.0
        assert dn.divergence("tv", p, far).value == pytest.approx(1.0, abs=1e-6)


def test_a_gap_that_both_share_is_none():
    both = "mixture([0.25, 0.75], [uniform(0, 1), uniform(2, 3)])"
    found = dn.kl(dn.parse(both), dn.parse("mixture([0.5, 0.5], [uniform(0, 1), uniform(2, 3)])"))
    assert found.value == pytest.approx(0.25 * np.log(0.5) + 0.75 * np.log(1.5), rel=1e-12)


def test_a_tiny_mass_in_a_gap_is_told():
    found = ratio(
        "normal(0, 1)", "mixture([0.5, 0.5], [truncate(normal(0, 1), -inf, 37), truncate(normal(0, 1), 38, inf)])"
    )
    assert 0 < found.singular_mass < 1e-290
    assert found.singular_mass == pytest.approx(float(dn.Normal().prob(37, 38)), rel=1e-12)


def test_laws_without_common_mass_have_no_range():
    assert np.isnan(ratio("uniform(-1, 1)", "reciprocal(uniform(-1, 1))").essential_range).all()


@pytest.mark.parametrize(
    ("p", "measure"),
    [("normal(0, 1)", "Lebesgue"), ("poisson(2)", "counting"), ("relu(normal(0, 1))", "Lebesgue + counting")],
)
def test_the_dominating_measure(p, measure):
    assert ratio(p, p).measure == measure


def test_a_ratio_has_the_landmarks_of_both_laws():
    found = ratio("laplace(0.5, 1)", "relu(normal(0, 1))").landmarks
    assert {0.0, 0.5} <= set(found)
    assert np.all(np.diff(found) > 0)


def test_a_union_joins_what_touches():
    parts = union([Interval(2, 3), Interval(0, 1), Interval(1, 1.5), Interval(2.25, 2.5)])
    assert [part.edges for part in parts] == [(0, 1.5), (2, 3)]


# On the way out log p and log q leave the doubles before p log(p/q) does.
@pytest.mark.parametrize(
    ("p", "q"),
    [
        ("log_laplace(0.7, 2)", "normal(0.3, 1.7)"),
        ("log_laplace(2, 2)", "normal(0.3, 1.7)"),
        ("exponential(0.7)", "exponential_power(1.6)"),
        ("exponential(1)", "gompertz(0.5)"),
        ("laplace(0, 1)", "gumbel(0, 1)"),
        ("logistic(0, 1)", "-gumbel(0, 1)"),
        ("exp(student_t(3))", "exponential(1)"),
        # log q is not known there, or y has underflown onto a pole of q
        ("logistic(0, 1)", "log(weibull(2, 1))"),
        ("sinh(normal(0.5, 1.2))", "log(rayleigh(0.2))"),
        ("softplus(cauchy(100, 0.1))", "cube(student_t(3)) >> abs"),
    ],
)
def test_infinite_by_tails_that_leave_the_doubles(p, q):
    assert dn.kl(dn.parse(p), dn.parse(q), method="quadrature").status is Status.INFINITE


@pytest.mark.parametrize(
    ("p", "q", "expectation"),
    [  # D = -H(p) - E_p[log q] by moments known otherwise
        ("exponential(0.9)", "-gumbel(0, 1)", lambda m: -1 - m.log(0.9) - 0.9 + 1 / (1 - m.mpf("0.9"))),
        ("laplace(0, 0.9)", "gumbel(0, 1)", lambda m: -1 - m.log(1.8) + 1 / (1 - m.mpf("0.81"))),
    ],
)
def test_finite_beside_that_border(p, q, expectation):
    found = dn.kl(dn.parse(p), dn.parse(q), method="quadrature")
    assert abs(found.value - expectation(mpmath)) <= max(found.error, 1e-11)


def test_a_formula_without_a_logarithm_of_its_own_past_the_doubles():
    """log q = -x²/8 + ... overflows at 1e155, where nothing of p is left."""
    p, q = dn.Exponential(0.7), dn.Rice(1.3, 2)
    with mpmath.workdps(30):
        rate = 1 / mpmath.mpf(0.7)

        def log_q(x):
            b, half = mpmath.mpf(1.3), x / 2
            return mpmath.log(half / 2) - half * half / 2 - b * b / 2 + mpmath.log(mpmath.besseli(0, b * half))

        def integrand(x):
            return rate * mpmath.exp(-rate * x) * (mpmath.log(rate) - rate * x - log_q(x))

        truth = mpmath.quad(integrand, [0, 0.01, 0.1, 1, 3, 10, 30, 60])
    found = dn.kl(p, q)
    assert abs(found.value - truth) <= found.error + 1e-13


HALF = "mixture([0.5, 0.5], [{}, normal(0, 1)])"


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        ("poisson(3)", HALF.format("poisson(3)"), np.log(2)),
        ("poisson(3)", HALF.format("poisson(0.01)"), np.log(2) + 3 * np.log(300) - 2.99),
        (HALF.format("poisson(3)"), HALF.format("poisson(0.01)"), 0.5 * (3 * np.log(300) - 2.99)),
    ],
)
def test_masses_that_underflow_are_no_missing_atoms(p, q, truth):
    found = dn.kl(dn.parse(p), dn.parse(q))
    assert found.value == pytest.approx(truth, rel=1e-13)
    assert abs(found.value - truth) <= found.error


def test_the_rounding_of_masses_far_out_is_in_the_error():
    p, q = (dn.parse(HALF.format(law)) for law in ("geometric(0.1)", "poisson(3)"))
    found, truth = dn.kl(p, q), 3.70481971854872553832278494504  # Σ over 5000 masses in mpmath, 30 digits
    assert abs(found.value - truth) <= found.error < 1e-11
