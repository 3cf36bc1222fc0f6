"""The bounds of the divergence of mixtures hold, and a value outside of them is not trusted."""

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest

import densities as dn
from densities.divergences.mixtures import bracketed, lower_bound, upper_bound
from densities.estimate import ErrorKind, Estimate, Status

ROWS = json.loads(gzip.decompress((Path(__file__).parents[1] / "reference" / "coverage.json.gz").read_bytes()))
MIXTURES = [row for row in ROWS if row[0] == "mixtures"]


def test_the_truth_lies_between_the_bounds():
    for _, p, q, truth in random.Random(5).sample(MIXTURES, 40):
        p, q = dn.parse(p), dn.parse(q)
        assert lower_bound(p, q) <= float(truth) * (1 + 1e-12)
        assert float(truth) <= upper_bound(p, q) * (1 + 1e-12)


def test_bounds_of_one_component_are_tight():
    p, q = dn.Normal(0, 1), dn.Normal(1, 2)
    assert upper_bound(p, q) == pytest.approx(dn.kl(p, q).value, rel=1e-14)


def test_a_shared_component_is_seen():
    # With the same components the bound is at most the divergence of the weights.
    parts = [dn.Normal(-3, 1), dn.Normal(3, 1)]
    p, q = dn.Mixture([0.2, 0.8], parts), dn.Mixture([0.5, 0.5], parts)
    weights = 0.2 * np.log(0.4) + 0.8 * np.log(1.6)
    assert lower_bound(p, q) <= dn.kl(p, q).value <= upper_bound(p, q) <= weights * (1 + 1e-12)


def test_they_stand_beside_the_answer():
    p = dn.Mixture([0.5, 0.5], [dn.Normal(-1, 1), dn.StudentT(3, 1, 1)])
    found = dn.kl(p, dn.Normal(0, 2))
    assert found.status is Status.CONVERGED
    assert found.detail["lower"] < found.value < found.detail["upper"]
    drawn = dn.kl(p, dn.Normal(0, 2), method="montecarlo", n=2**12, rng=0)
    assert drawn.detail["lower"] == found.detail["lower"]


def test_atoms_count_in_the_cells():
    p = dn.Mixture([0.5, 0.5], [dn.Delta(0.0), dn.Normal(0, 1)])
    q = dn.Mixture([0.25, 0.75], [dn.Delta(0.0), dn.Normal(0, 1)])
    found = dn.kl(p, q)
    truth = 0.5 * np.log(2) + 0.5 * np.log(2 / 3)
    assert found.value == pytest.approx(truth, rel=1e-12)
    assert lower_bound(p, q) <= truth * (1 + 1e-12)
    assert upper_bound(p, q) == pytest.approx(truth, rel=1e-9)


@pytest.mark.parametrize("wrong", [0.0, 50.0])
def test_a_value_outside_is_not_trusted(wrong):
    p, q = dn.Mixture([0.5, 0.5], [dn.Normal(-4, 1), dn.Normal(4, 1)]), dn.Normal(0, 1)
    claimed = Estimate(wrong, 1e-9, ErrorKind.HEURISTIC, Status.CONVERGED, "quadrature")
    found = bracketed(claimed, p, q)
    assert found.status is Status.NOT_CONVERGED
    assert "outside the bounds" in found.reason
    assert abs(wrong - dn.kl(p, q).value) <= found.error


@pytest.mark.parametrize(("weight", "far", "width"), [(1e-6, 1000.0, 1e-3), (1e-7, 50.0, 1.0), (1e-11, 1e5, 1.0)])
@pytest.mark.parametrize("n", [2**12, 2**16])
def test_components_that_no_draw_meets_are_in_the_error(weight, far, width, n):
    """D = weight·(log weight - log width + far²/2 + (width² - 1)/2) - weight nearly: all of it lies where no draw does."""
    p, q = dn.Mixture([1 - weight, weight], [dn.Normal(), dn.Normal(far, width)]), dn.Normal()
    there = np.log(weight) - np.log(width) + far**2 / 2 + (width**2 - 1) / 2
    truth = weight * there + (1 - weight) * np.log1p(-weight)
    for seed in range(3):
        found = dn.kl(p, q, method="montecarlo", n=n, rng=seed)
        assert abs(found.value - truth) <= 3 * found.error
        assert found.error <= 1.1 * truth


@pytest.mark.parametrize("weight", [1e-3, 1e-5, 1e-12])
@pytest.mark.parametrize("n", [2**12, 2**16])
def test_rare_vectors_are_drawn(weight, n):
    """Components so far apart that the divergence is that of the weights and of each; of normal laws with cov c²I."""

    def normal(c, mean):
        return dn.MultivariateNormal([mean] * 5, c * c * np.eye(5))

    p = dn.Mixture([1.0 - weight, weight], [normal(1.0, 0.0), normal(0.5, 300.0)])
    truth = sum(
        w * (np.log(w) + 2.5 * (c * c / 4.0 - 1.0 + np.log(4.0 / (c * c)) + at * at / 4.0))
        for w, c, at in ((1.0 - weight, 1.0, 0.0), (weight, 0.5, 300.0))
    )
    found = dn.kl(p, normal(2.0, 0.0), method="montecarlo", n=n, rng=3)
    assert abs(found.value - truth) <= 4.0 * found.error + 1e-15
    assert found.ok and found.error <= 0.05 * truth


@pytest.mark.parametrize("scheme", ["sobol", "plain"])
@pytest.mark.parametrize("rare", [dn.Normal(3, 1), dn.Normal(6, 0.5), dn.Normal(1, 1e-5)])
def test_a_rare_component_counts_by_all_that_is_drawn_where_it_lies(rare, scheme):
    """A draw of the likely part where the rare one has most of its mass is seldom, and would change the mean by much."""
    p, q = dn.Mixture([0.9999, 0.0001], [dn.Normal(), rare]), dn.Normal()
    truth = dn.kl(p, q, method="quadrature")
    assert truth.error <= 1e-9 * truth.value
    moved = dn.kl(p >> dn.Exp(), q >> dn.Exp(), method="montecarlo", n=2**12, rng=20, scheme=scheme)
    runs = [moved, *(dn.kl(p, q, method="montecarlo", n=2**12, rng=seed, scheme=scheme) for seed in range(12))]
    z = np.array([(run.value - truth.value) / run.error for run in runs])
    assert np.sqrt(np.mean(z**2)) < 1.6
    assert max(run.error for run in runs) < (0.08 if scheme == "sobol" else 0.5) * truth.value


@pytest.mark.parametrize("n", [2**12, 2**15])
@pytest.mark.parametrize("scheme", ["sobol", "plain"])
def test_a_control_that_follows_all_draws_is_not_trusted_beyond_them(n, scheme):
    """q is one normal law wherever p has draws, and another in the tails of p: what is left there is 1e-6 of the divergence."""
    p = dn.MultivariateNormal([2.43, 0.205], [[0.21, 0.08], [0.08, 0.273]])
    near = dn.MultivariateNormal([-1.67, -1.34], [[1.82, -1.32], [-1.32, 1.097]])
    wide = dn.MultivariateNormal([1.56, 1.735], [[12.2, -0.1], [-0.1, 15.3]])
    q = dn.Mixture([0.9966, 0.0034], [near, wide])
    truth = dn.kl(p, q, method="quadrature")
    runs = [dn.kl(p, q, method="montecarlo", n=n, rng=seed, scheme=scheme) for seed in range(8)]
    z = np.array([(run.value - truth.value) / run.error for run in runs])
    assert truth.error <= 1e-10 * truth.value
    assert np.sqrt(np.mean(z**2)) < 1.5
    assert max(run.error for run in runs) < 1e-4 * truth.value


def test_the_tail_of_a_rare_component_is_not_passed_over():
    """A gumbel law leaves its left tail to a part of 3e-4, of which 7e-5 lie there: plain draws miss a sixth of all."""
    q = dn.Gumbel(3.075, 1.376)
    p = dn.Mixture([0.0003, 0.9997], [dn.Normal(9.425, 2.743), q])
    truth = dn.kl(p, q, method="quadrature")
    for scheme, most in (("plain", 5.0), ("sobol", 0.1)):
        for seed in range(6):
            found = dn.kl(p, q, method="montecarlo", n=2**15, rng=seed, scheme=scheme)
            assert abs(found.value - truth.value) <= 3.0 * found.error
            assert found.error <= most * truth.value


def test_parts_of_other_weights():
    """Of mixtures of mixtures and their images, and draws of a component whose quantiles are not fast."""
    p = dn.Mixture([0.9, 0.1], [dn.Mixture([0.5, 0.5], [dn.Normal(), dn.Normal(1, 1)]), dn.Normal(3, 1)])
    other, flat = (
        p.of_parts([0.2, 0.3, 0.5]),
        dn.Mixture([0.2, 0.3, 0.5], [dn.Normal(), dn.Normal(1, 1), dn.Normal(3, 1)]),
    )
    y = np.linspace(-3, 6, 7)
    np.testing.assert_allclose(other.pdf(y), flat.pdf(y), rtol=1e-14)
    np.testing.assert_allclose(
        (p >> dn.Exp()).of_parts([0.2, 0.3, 0.5]).pdf(np.exp(y)), flat.pdf(y) / np.exp(y), rtol=1e-13
    )
    slow = dn.sum_of(dn.Gamma(2.5, 1), dn.Uniform(0, 1))
    p, q = dn.Mixture([0.999, 0.001], [slow, dn.Gamma(30, 1)]), dn.Gamma(3, 1)
    assert not slow.parts()[0].root.inverts_fast
    truth = dn.kl(p, q, method="quadrature")
    runs = [dn.kl(p, q, method="montecarlo", n=2**10, rng=seed) for seed in range(4)]
    assert all(abs(run.value - truth.value) <= 4.0 * run.error + truth.error for run in runs)


@pytest.mark.parametrize(("mean", "scale"), [(3.0, 1.0), (0.0, 5.0), (1.0, 1e-3)])
def test_a_rare_vector_counts_by_all_that_is_drawn_where_it_lies(mean, scale):
    """Parts that overlap: each draw of the likely one amid the rare one would count whole, and hardly any is made."""
    likely = dn.MultivariateNormal([0.0, 0.0], np.eye(2))
    rare = dn.MultivariateNormal([mean, mean], scale**2 * np.eye(2))
    p = dn.Mixture([0.9999, 0.0001], [likely, rare])
    truth = dn.kl(p, likely, method="quadrature")
    assert truth.error <= 1e-9 * truth.value
    moved = dn.kl(p >> dn.Exp(), likely >> dn.Exp(), method="montecarlo", n=2**14, rng=0)
    runs = [dn.kl(p, likely, method="montecarlo", n=2**14, rng=seed) for seed in range(12)]
    z = np.array([(run.value - truth.value) / run.error for run in (moved, *runs)])
    assert np.sqrt(np.mean(z**2)) < 1.5
    assert max(run.error for run in (moved, *runs)) < 0.02 * truth.value


def test_shares_at_rare_components_count():
    """Components a hundred scales apart, by the weight of the one that q has not; H² = 1 - √(1 - w)."""
    w = 1e-4
    p, q = dn.Mixture([1.0 - w, w], [dn.Normal(), dn.Normal(100, 1)]), dn.Normal()
    for name, truth in (("total_variation", w), ("squared_hellinger", -np.expm1(0.5 * np.log1p(-w)))):
        for seed in range(5):
            found = dn.divergence(name, p, q, method="montecarlo", n=2**12, rng=seed)
            assert abs(found.value - truth) <= 4.0 * found.error + 1e-15, found


def test_more_pairs_than_are_worth_it_leave_the_upper_bound_open():
    many = dn.Mixture(np.full(20, 0.05), [dn.Normal(i, 1) for i in range(20)])
    assert upper_bound(many, many.replace(weights=np.full(20, 0.05))) == np.inf


def test_components_without_a_known_divergence_leave_it_open():
    p = dn.Mixture([0.5, 0.5], [dn.Cauchy(0, 1), dn.Normal(0, 1)])
    assert upper_bound(p, dn.Normal(0, 1)) == np.inf


@pytest.mark.parametrize("weight", [1e-6, 1e-12])
def test_cells_that_q_hardly_reaches_bound_nothing(weight):
    """Of q there is e^(-5e7) at the far mode: its cells underflow, and p log(p/q) there is what D consists of."""
    p = dn.Mixture([1.0 - weight, weight], [dn.Normal(0, 1), dn.Normal(1e4, 0.01)])
    found = dn.kl(p, dn.Normal(0, 1))
    assert found.status is Status.CONVERGED
    assert 0 <= found.detail["lower"] <= found.value <= found.detail["upper"] * (1 + 1e-12)


def comb(component, n):
    return dn.Mixture([1 / n] * n, [component(i) for i in range(n)])


@pytest.mark.parametrize(
    ("p", "q", "truth", "evaluations"),
    [
        pytest.param(
            comb(lambda i: dn.Normal(10 * i, 10.0 ** -(i % 5)), 20),
            comb(lambda i: dn.Normal(10 * i + 0.5, 10.0 ** -(i % 5)), 20),
            144.944658376413753753,
            80_000,
            id="peaks of five widths",
        ),
        pytest.param(
            comb(lambda i: dn.Gamma(0.3 + i, 1 + i), 8),
            comb(lambda i: dn.Gamma(0.5 + i, 1.2 + i), 8),
            0.021398629584540488026,
            20_000,
            id="gammas, singular at 0",
        ),
    ],
)
def test_combs_are_integrated_over_all_their_components_at_once(p, q, truth, evaluations):
    found = dn.kl(p, q)
    assert abs(found.value - truth) <= found.error <= 1e-11 * truth + 1e-10
    assert found.evaluations <= evaluations


def test_a_component_of_another_coordinate_is_a_part_of_its_own():
    pushed = dn.parse("exp(normal(0, 1))")
    law = dn.Mixture([0.25, 0.5, 0.25], [dn.Normal(0, 1), pushed, dn.Gamma(2, 1)])
    joined, other = law.joined_parts()
    assert joined.weight == 0.5 and other.weight == 0.5
    assert joined.root.logpdf(1.5) == pytest.approx(
        dn.Mixture([0.5, 0.5], [dn.Normal(0, 1), dn.Gamma(2, 1)]).logpdf(1.5)
    )
    assert dn.kl(law, dn.Normal(1, 3)).value > 0
    assert law.mean() == pytest.approx(0.5 * np.exp(0.5) + 0.25 * 2, rel=1e-12)


@pytest.mark.parametrize(
    ("p", "q"), [("log_normal(0, 30)", "normal(0, 1)"), ("weibull(0.01, 1)", "cauchy(0, 1)")], ids=["squares", "draws"]
)
def test_draws_beyond_the_doubles_say_nothing(p, q):
    """Of the second D is 96.56: that draws of p overflow makes it no infinite one."""
    found = dn.kl(dn.parse(p), dn.parse(q), method="montecarlo", n=2**12, rng=0)
    assert found.status is Status.NOT_CONVERGED and found.error == np.inf and "doubles" in found.reason
