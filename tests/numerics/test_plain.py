"""The quick quadrature of tame pairs: what it answers is right within its error, what it should not answer it leaves."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import mpmath
import numpy as np
import pytest

import densities as dn
from densities.divergences.plain import kl_plain
from densities.estimate import Status
from densities.numerics.panels import KRONROD, Panels

REFERENCE = Path(__file__).parents[1] / "reference"
ROWS = json.loads(gzip.decompress((REFERENCE / "coverage.json.gz").read_bytes()))
TORTURE = json.loads((REFERENCE / "torture.json").read_text(encoding="utf-8"))


def answer(p, q):
    p, q = dn.parse(p), dn.parse(q)
    if not dn.radon_nikodym(p, q).absolutely_continuous:
        return None
    found = kl_plain(p, q)
    return found if found is not None and found.answered[0] else None


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_answers_lie_within_their_error(part):
    """Of every second problem; test_coverage.py takes of the others, through all of the quadrature."""
    rows = ROWS[1::2][part::4]
    found = [(answer(p, q), Decimal(truth), p, q) for _, p, q, truth in rows]
    answered = [(a, truth, p, q) for a, truth, p, q in found if a is not None]
    assert not [(p, q) for a, t, p, q in answered if abs(Decimal(float(a.value[0])) - t) > Decimal(float(a.error[0]))]
    assert len(answered) > 300


def test_infinite_divergences_are_left_alone():
    cases = [case for case in TORTURE if case["kl"] == "inf" and case["dim"] == 1 and case["kind"] == "continuous"]
    assert len(cases) > 8
    for case in cases:
        try:
            assert answer(case["p"], case["q"]) is None, case["id"]
        except dn.DensitiesError:  # a law that the library refuses
            continue


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ("student_t(2)", "normal(0, 1)"),
        ("student_t(2.001)", "normal(0, 1)"),
        ("cauchy(0, 1)", "laplace(0, 1)"),
        ("laplace(0, 1)", "gumbel(0, 0.999)"),
        ("exponential(1)", "inverse_gamma(1)"),
        ("gamma(1, 1)", "inverse_gamma(1, 1)"),
        ("log_normal(0, 1)", "exp(student_t(2.1))"),
        ("exp(student_t(1.5))", "log_normal(0, 1)"),
        ("normal(0, 1)", "normal(1e-9, 1)"),
        ("beta(0.02, 3)", "beta(0.01, 2)"),
    ],
)
def test_borders_and_near_identical_laws_are_left_alone(p, q):
    assert answer(p, q) is None


def test_the_rule_integrates_a_kinked_peak_and_both_tails_of_a_power():
    points = np.array([[-1.0, 1.0], [0.0, 3.0], [1.0, 5.0]])
    panels = Panels(points, None, None, np.array([1.0, 2.0]))
    total, seen = np.zeros((2, 2)), 0
    for block in panels.blocks():
        terms = np.stack([np.exp(-np.abs(block.x - [0.0, 3.0])), 1 / (1 + block.x**2)]) * block.weight
        total += block.sums(terms).by_panel.sum(1)
        seen += len(block.x)
    assert seen == panels.nodes
    np.testing.assert_allclose(total, [[2, 2], [np.pi, np.pi]], rtol=1e-13)


def test_the_rule_inside_is_kronrods_with_gauss_in_it():
    x = np.concatenate([KRONROD.distance[:15], 1 - KRONROD.distance[15:]])
    for degree in range(47):
        assert KRONROD.weight @ x**degree == pytest.approx(1 / (degree + 1), rel=4e-16 * 10)
    node, weight = np.polynomial.legendre.leggauss(15)
    gauss = KRONROD.weight * (1 - KRONROD.against)
    np.testing.assert_allclose(2 * x[1::2] - 1, node, atol=1e-15)
    np.testing.assert_allclose(2 * gauss[1::2], weight, rtol=1e-13)
    np.testing.assert_array_equal(gauss[::2], 0.0)


def test_what_lies_within_an_ulp_of_an_end_counts_as_lost():
    """1e-12 of the mass lies where 1 - x is below 1e-16 or rounded, and log(p/q) is 800 there."""
    p, q = dn.Beta(5.61948, 0.791769), dn.parse("sigmoid(log(beta_prime(21.6522, 22.0106)))")
    truth = 31.56707930544457530167
    tame = kl_plain(p, q)
    assert abs(tame.value[0] - truth) <= tame.error[0]


def test_no_node_falls_onto_a_finite_end():
    panels = Panels(np.array([[0.25], [0.75]]), np.array([-1.0]), np.array([1.0]), np.ones(1))
    for block in panels.blocks():
        assert np.all((block.x > -1) & (block.x < 1))


def parameters(n, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=n), rng.uniform(0.5, 2, n), rng.normal(size=n), rng.uniform(0.5, 2, n)


def test_a_batch_is_what_its_members_are():
    a, b, c, d = parameters(40, 0)
    p, q = dn.Normal(a, b), dn.Laplace(c, d)
    whole, closed = dn.kl(p, q, method="quadrature"), dn.kl(p, q, method="closed")
    assert whole.method == "quadrature"
    assert whole.statuses == (Status.CONVERGED,)
    assert np.all(np.abs(whole.value - closed.value) <= whole.error + closed.error)
    one = dn.kl(dn.Normal(a[7], b[7]), dn.Laplace(c[7], d[7]), method="quadrature")
    assert one.value == pytest.approx(whole.value[7], rel=1e-14)


def test_a_batch_of_pushed_laws_with_two_axes():
    shape = np.random.default_rng(1).uniform(0.5, 4, (5, 1))
    p, q = dn.Gamma(shape, 2.0), np.exp(dn.Normal(np.linspace(-1, 1, 4), 1.0))
    found, closed = dn.kl(p, q, method="quadrature"), dn.kl(p, q)
    assert found.shape == (5, 4)
    assert closed.method == "closed"
    np.testing.assert_allclose(found.value, closed.value, rtol=1e-12)


def test_members_that_resist_are_answered_one_by_one():
    p, q = dn.StudentT([1.0, 2.001, 5.0]), dn.Normal(0.0, 1.0)
    found = dn.kl(p, q, method="quadrature")
    assert list(found.status) == [Status.INFINITE, Status.CONVERGED, Status.CONVERGED]
    nu, pi = mpmath.mpf(2.001), mpmath.pi
    entropy = (nu + 1) / 2 * (mpmath.digamma((nu + 1) / 2) - mpmath.digamma(nu / 2)) + mpmath.log(
        mpmath.sqrt(nu) * mpmath.beta(nu / 2, 0.5)
    )
    truth = nu / (nu - 2) / 2 + mpmath.log(2 * pi) / 2 - entropy
    assert found.value[1] == pytest.approx(float(truth), rel=1e-9)
    assert "infinity" in found.detail["reason"][0]


def test_members_outside_the_support_are_infinite_with_the_reason():
    found = dn.kl(dn.Uniform([0.0, -1.0], 1.0), dn.Exponential([1.0, 2.0]), method="quadrature")
    assert found.value[1] == np.inf
    assert found.value[0] == pytest.approx(0.5)
    assert "below 0" in found.detail["reason"][1]


def test_jumps_of_a_mixture_are_landmarks():
    p = dn.parse("mixture([0.3, 0.7], [frechet(5.21, 0.139), levy(0.586)])")
    q = dn.parse("mixture([0.3, 0.7], [uniform(0.95, 4.77), cauchy(2.35, 11.518)])")
    assert {0.95, 4.77} <= set(q.landmarks())
    assert dn.kl(p, q).status is Status.CONVERGED


@pytest.mark.parametrize("low", [0.0, -np.inf], ids=["both sides", "above alone"])
def test_what_q_has_beside_p_is_part_of_its_mass(low):
    """D(N given low < X < 1 ‖ N) = -log P(low < X < 1): Φ(1) or Φ(1) - Φ(0)."""
    found = kl_plain(dn.truncate(dn.Normal(), low, 1.0), dn.Normal())
    truth = -np.log(0.8413447460685429 - (0.5 if low == 0.0 else 0.0))
    assert found.answered[0] and abs(found.value[0] - truth) <= found.error[0] < 1e-11
    assert abs(found.mass_q[0] - 1.0) < 1e-12
