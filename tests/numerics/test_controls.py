"""Control variates: unbiased, honest about their error, and used where they help; the draws that a target needs."""

import numpy as np
import pytest

import densities as dn
from densities.divergences.montecarlo import LogRatioDraws, controlled
from densities.estimate import Status
from densities.numerics.controls import adjusted, convergence_rate
from densities.numerics.montecarlo import estimate_mean
from densities.numerics.nets import Source

SCHEMES = ("sobol", "stratified", "plain")


def skewed(count, seed):
    """Replicates of (y, c) that are far from normal: y = c² + noise with c = log U + 1."""
    rng = np.random.default_rng(seed)
    c = np.log(rng.random(count)) + 1.0
    return np.stack([c * c + 0.1 * rng.standard_normal(count), c], axis=1)


def test_coefficients_without_a_chunk_are_those_of_a_regression_without_it():
    means = skewed(20, 0)
    v = adjusted(means, np.zeros(1), np.ones(1, dtype=bool)).replicates
    for i in range(20):
        rest = np.delete(means, i, axis=0)
        slope = np.polyfit(rest[:, 1], rest[:, 0], 1)[0]
        assert v[i] == pytest.approx(means[i, 0] - slope * means[i, 1], rel=1e-10)


@pytest.mark.slow
def test_fitting_adds_no_bias_where_a_regression_on_all_does():
    """E[y] = Var(log U) = 1, from 16 very skewed replicates."""
    fitted, naive = [], []
    for seed in range(4000):
        means = skewed(16, seed)
        fitted.append(adjusted(means, np.zeros(1), np.ones(1, dtype=bool)).replicates.mean())
        slope = np.polyfit(means[:, 1], means[:, 0], 1)[0]
        naive.append(means[:, 0].mean() - slope * means[:, 1].mean())
    assert abs(np.mean(fitted) - 1.0) < 4 * np.std(fitted) / np.sqrt(4000)
    assert abs(np.mean(naive) - 1.0) > 10 * np.std(naive) / np.sqrt(4000)


@pytest.mark.parametrize("spoil", [lambda c: c + 1.0, lambda c: c * np.inf, lambda c: c * np.nan])
def test_a_control_off_its_known_mean_is_left_out(spoil):
    means = skewed(64, 1)
    means[:, 1] = spoil(means[:, 1])
    with np.errstate(all="ignore"):
        found = adjusted(means, np.zeros(1), np.ones(1, dtype=bool))
    assert found.used == 0
    np.testing.assert_array_equal(found.replicates, means[:, 0])


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ("normal(0, 1)", "normal(1e-6, 1)"),
        ("normal(0, 1)", "normal(0, 1.000001)"),
        ("gamma(3, 1)", "gamma(3, 1.000001)"),
        ("poisson(3)", "poisson(3.000001)"),
        ("exponential(1)**0.5", "rayleigh(0.7071)"),
    ],
)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_nearly_equal_laws_keep_their_relative_error(p, q, scheme):
    """D = 1e-13 to 1e-9 with the relative error of E[t²/2], t ~ z² - 1 at the worst: √14/√n of plain draws, less of nets.

    Without controls it is √(2/(D n)), 10⁴ at D = 1e-12.
    """
    p, q = dn.parse(p), dn.parse(q)
    truth, found = dn.kl(p, q).value, dn.kl(p, q, method="montecarlo", n=2**14, rng=2, scheme=scheme)
    assert found.status is Status.CONVERGED
    assert abs(found.value - truth) < 4.5 * found.error
    assert found.error < (np.sqrt(14 / 2**14) if scheme == "plain" else 0.01) * truth


@pytest.mark.parametrize(
    ("p", "q", "gain"),
    [
        ("normal(0, 1)", "normal(1, 2)", 20),
        ("normal(0, 1)**2", "gamma(0.5, 3)", 30),
        ("gamma(3, 1)", "gamma(2.5, 1.1)", 30),
        ("log_normal(0, 0.5)", "gamma(2, 1)", 8),
        ("cauchy(0, 1)", "cauchy(1, 3)", 2),
    ],
)
def test_plain_draws_gain(p, q, gain):
    p, q = dn.parse(p), dn.parse(q)
    bare = estimate_mean(LogRatioDraws(p, q), 2**14, rng=1, scheme="plain")
    helped = dn.kl(p, q, method="montecarlo", n=2**14, rng=1, scheme="plain")
    assert helped.error * gain < bare.standard_error
    assert abs(helped.value - dn.kl(p, q).value) < 4.5 * helped.error


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ("normal(0, 1)", "mixture([0.5, 0.5], [normal(0, 1), normal(30, 1)])"),  # half of q is never drawn from p
        ("normal(0, 1)", "normal(0, 3)"),  # q/p has no variance
        ("mixture([0.5, 0.5], [uniform(0, 1), uniform(2, 3)])", "uniform(0, 3)"),  # p has a gap where q has mass
    ],
)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_ratio_is_no_control_where_its_mean_is_not_seen(p, q, scheme):
    p, q = dn.parse(p), dn.parse(q)
    assert not controlled(p, q, 2**14, scheme, 1).balanced
    found, truth = dn.kl(p, q, method="montecarlo", n=2**14, rng=1, scheme=scheme), dn.kl(p, q, method="quadrature")
    assert abs(found.value - truth.value) < 4.5 * found.error + truth.error


def test_the_mass_of_q_beside_p_is_taken_off():
    """q/p - 1 has mean -1/2 here; the estimator that is never negative would be half a nat off."""
    found = dn.kl(dn.Uniform(0, 1), dn.parse("uniform(0, 2)"), method="montecarlo", n=2**12, rng=1)
    assert found.value == pytest.approx(np.log(2), abs=1e-14)
    found = dn.kl(dn.parse("beta(2, 2)"), dn.parse("uniform(0, 2)"), method="montecarlo", n=2**12, rng=1)
    assert abs(found.value - dn.kl(dn.parse("beta(2, 2)"), dn.parse("uniform(0, 2)"), method="quadrature").value) < (
        4.5 * found.error
    )


def test_a_control_that_follows_only_the_likely_values_is_not_used():
    """log dp/dq is linear but for 1e-4 of the draws, where its control goes on: most runs would see no spread."""
    p = dn.parse("truncate(normal(0, 1), 28.2123, 28.5345)")
    q = dn.parse("truncate(normal(-1.53188, 5.32519), 28.2123, 28.5345)")
    assert not controlled(p, q, 2**12, "plain", 1).followed
    assert controlled(p, q, 2**12, "sobol", 1).followed


# --- how many draws


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("d", [1, 2])
def test_each_half_of_a_net_is_a_net(scheme, d):
    u = Source(256, d, scheme).uniforms()
    if scheme != "plain":
        for half in (u[:128], u[128:]):
            for axis in half.T:
                assert np.bincount((axis * 128).astype(int), minlength=128).tolist() == [1] * 128


def test_the_rate_of_independent_draws_and_of_better_ones():
    rng = np.random.default_rng(0)
    for rate in (0.5, 1.0, 1.5):
        halves = rng.standard_normal((2, 10_000, 1))
        whole = halves.mean(axis=0) * 2.0 ** (0.5 - rate)
        assert convergence_rate(whole, halves)[0] == pytest.approx(rate, abs=0.02)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("gain", [5.0, 20.0])
def test_the_draws_for_a_target_reach_it(scheme, gain):
    p, q = dn.Normal(0, 1), dn.parse("laplace(0.5, 1)")
    few = dn.kl(p, q, method="montecarlo", n=2**12, rng=1, scheme=scheme)
    target = few.error / gain
    missed = dn.kl(p, q, method="montecarlo", n=2**12, rng=1, scheme=scheme, target=target)
    assert missed.status is Status.NOT_CONVERGED
    assert "draws would reach it" in missed.reason
    n = int(missed.detail["draws_for_target"])
    assert 0.4 < dn.kl(p, q, method="montecarlo", n=n, rng=2, scheme=scheme).error / target < 2.5


def test_a_ten_thousandth_takes_a_fiftieth_of_the_plain_draws():
    """LogNormal(0, 1) against Gamma(2, 1): the log-ratio has a standard deviation of about 1, so 1e8 plain draws."""
    p, q = dn.LogNormal(0, 1), dn.Gamma(2, 1)
    plain = estimate_mean(LogRatioDraws(p, q), 2**18, rng=1, scheme="plain").draws_for(1e-4)
    found = dn.kl(p, q, method="montecarlo", n=10**6, rng=1, target=1e-4)
    assert found.status is Status.CONVERGED
    assert found.error <= 1e-4
    assert abs(found.value - dn.kl(p, q).value) < 4.5 * found.error
    assert found.evaluations * 50 < plain


def test_a_lone_draw_that_leaves_the_doubles_is_no_plain_one():
    draws = LogRatioDraws(dn.LogNormal(0, 300), dn.LogNormal(1, 300))
    assert not draws._stay_safe(draws.parts[0], np.array([1e-10]), False)
    assert draws._stay_safe(draws.parts[0], np.array([0.4]), False)


class Ends:
    """Uniform numbers next to 0 and to 1, so that u rounds to 1 where 1 - u is 3e-20."""

    size, scheme = 4, "sobol"

    def uniforms(self, dimension):
        return np.array([[1e-10], [0.25], [0.75], [1.0 - 1e-10]])


@pytest.mark.parametrize(
    "p", [dn.LogNormal(0, 1), dn.Normal(1, 2), dn.Logistic(0, 1)], ids=["log_normal", "normal", "logistic"]
)
def test_draws_whose_probability_rounds_to_1(p):
    q = dn.Gamma(2, 1) if p.support.low == 0 else dn.Normal(0, 1)
    t, _, draws = LogRatioDraws(p, q).log_ratios(Ends())
    assert draws.u[-1] == 1.0
    x = np.concatenate([p.ppf(draws.u[:2]), p.isf(draws.rest[2:])])
    np.testing.assert_allclose(t, p.logpdf(x) - q.logpdf(x), rtol=1e-10)
