"""Control variates: unbiased, honest about their error, and used where they help; the draws that a target needs."""

import itertools

import mpmath
import numpy as np
import pytest

import densities as dn
from densities.anchored import value
from densities.arrays import quiet
from densities.divergences import vector_draws
from densities.divergences.draws import LogRatioDraws, Run
from densities.divergences.montecarlo import Pilot, controlled, variance_is_finite, variance_is_infinite
from densities.divergences.vector_draws import Quadratic, VectorLogRatioDraws
from densities.estimate import Status
from densities.numerics.controls import adjusted, convergence_rate
from densities.numerics.montecarlo import estimate_mean
from densities.numerics.nets import Source, tilt
from densities.numerics.streams import CONTROLS

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
    assert not controlled(Pilot(LogRatioDraws(p, q), 1, scheme), 2**14).balanced
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
    assert not controlled(Pilot(LogRatioDraws(p, q), 1, "plain"), 2**12).followed
    assert controlled(Pilot(LogRatioDraws(p, q), 1, "sobol"), 2**12).followed


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
    root = draws.parts[0].root
    for z, held in ((-7.0, False), (-0.2, True)):
        t, z = np.empty(1), np.array([z])
        with quiet():
            run = Run(draws.parts[0], slice(0, 1), z, root.from_stream, "stream")
            left = draws._quickly(None, None, run, t)  # the numbers of a stream are all that it needs
        assert left.tolist() == ([] if held else [0])


class Ends:
    """Uniform numbers next to 0 and to 1, so that u rounds to 1 where 1 - u is 3e-20."""

    size, points, scheme = 4, 4, "sobol"

    def uniforms(self, dimension):
        return np.array([[1e-10], [0.25], [0.75], [1.0 - 1e-10]])


@pytest.mark.parametrize(
    "p",
    [dn.LogNormal(0, 1), dn.Normal(1, 2), dn.Exponential(2), dn.Gamma(3, 1), dn.Logistic(0, 1)],
    ids=["log_normal", "normal", "exponential", "gamma", "logistic"],
)
def test_draws_whose_probability_rounds_to_1(p):
    q = dn.Gamma(2, 1) if p.support.low == 0 else dn.Normal(0, 1)
    t, _, _ = LogRatioDraws(p, q).log_ratios(Ends())
    u, rest, _ = tilt(Ends().uniforms(1)[:, 0])
    assert u[-1] == 1.0
    x = np.concatenate([p.ppf(u[:2]), p.isf(rest[2:])])
    np.testing.assert_allclose(t, p.logpdf(x) - q.logpdf(x), rtol=1e-10)


# --- the streams


@pytest.mark.parametrize(
    "law", [dn.Normal(1, 2), dn.LogNormal(0.5, 0.8), dn.Exponential(2), dn.Gamma(0.5, 2), dn.Gamma(40)], ids=str
)
def test_a_stream_makes_draws_of_its_law_and_its_controls_have_mean_zero(law):
    """By order: quantiles of the stream at u are quantiles of the law; plain draws rise with what the law says of them."""
    u = np.array([1e-300, 1e-12, 0.01, 0.3, 0.5, 0.7, 0.99, 1.0 - 2.0**-52])
    with quiet():
        points = np.asarray(value(law.from_stream(law.stream.quantile(u, 1.0 - u))))
    np.testing.assert_allclose(points[:-1], law.ppf(u)[:-1], rtol=1e-12)
    np.testing.assert_allclose(points[-1], law.isf(2.0**-52), rtol=1e-12)
    z = law.stream.draw(np.random.default_rng(5), 100_000)
    ranks = np.sort(law.cdf(np.asarray(value(law.from_stream(z)))))
    assert np.abs(ranks - (np.arange(100_000) + 0.5) / 100_000).max() < 1.95 / np.sqrt(100_000)  # Kolmogorov, 1e-3
    controls = np.empty((CONTROLS, len(z)))
    law.stream.follow(z, *controls)
    assert np.all(np.abs(controls.mean(axis=1)) < 4 * controls.std(axis=1) / np.sqrt(len(z)))


def test_draws_are_the_same_whatever_is_drawn_beside_them():
    """Chunk by chunk and four at once; draws that leave the doubles send no others another way."""
    seeds = tuple(np.random.SeedSequence(7, spawn_key=(i,)) for i in range(4))
    pairs = [
        ("log_normal(0, 300)", "log_normal(1, 300)"),
        ("mixture([0.3, 0.7], [normal(-2, 1), gamma(0.01)])", "normal(0, 2)"),
        ("truncate(cauchy(0, 1), -1, 5)", "normal(0, 1)"),
        ("von_mises(2)", "uniform(-pi, pi)"),
        ("mixture([0.3, 0.7], [alpha(2), alpha(-1)])", "normal(0, 3)"),  # its draws are anchored numbers
        ("poisson(4)", "geometric(0.2) - 1"),
    ]
    for p, q in pairs:
        draws = LogRatioDraws(dn.parse(p), dn.parse(q))
        for scheme in SCHEMES:
            whole = draws(Source(256, draws.dimension, scheme, seeds))
            single = [draws(Source(256, draws.dimension, scheme, (seed,))) for seed in seeds]
            np.testing.assert_array_equal(whole, np.concatenate(single), err_msg=f"{p} {scheme}")


def test_vectors_are_the_same_whatever_is_drawn_beside_them():
    seeds = tuple(np.random.SeedSequence(7, spawn_key=(i,)) for i in range(4))
    covariance = 0.3 * np.ones((5, 5)) + np.eye(5)
    normal, other = dn.MultivariateNormal(np.arange(5.0), covariance), dn.MultivariateNormal(np.zeros(5), np.eye(5))
    for p in (normal, dn.Mixture([0.3, 0.7], [normal, other]), dn.MultivariateT(3.0, np.zeros(5), covariance)):
        plain = VectorLogRatioDraws(p, other)
        fit = Quadratic(0.3, np.linspace(-1.0, 1.0, 5), covariance)
        for draws, scheme in itertools.product((plain, VectorLogRatioDraws(p, other, [fit] * 2)), SCHEMES):
            whole = draws(Source(64, draws.dimension, scheme, seeds))
            single = [draws(Source(64, draws.dimension, scheme, (seed,))) for seed in seeds]
            np.testing.assert_array_equal(whole, np.concatenate(single), err_msg=f"{p} {scheme}")


@pytest.mark.parametrize(
    ("p", "q", "finite"),
    [
        ("normal(0, 1)", "laplace(0.5, 1)", True),
        ("log_normal(0, 1)", "gamma(2, 1)", True),
        ("cauchy(0, 1)", "cauchy(1, 3)", True),
        ("student_t(1.5)", "normal(0, 1)", False),  # t ~ x²/2, whose square has no mean
        ("exponential(1)", "weibull(4, 1)", True),
        ("lomax(3.5, 1)", "exponential(1)", True),
        ("lomax(1.5, 1)", "exponential(1)", False),
        ("gamma(2, 1)", "inverse_gamma(2, 1)", True),  # t ~ 1/x where the density of x is x
    ],
)
def test_a_variance_is_said_to_be_finite_only_where_it_is(p, q, finite):
    draws = LogRatioDraws(dn.parse(p), dn.parse(q))
    if not finite:
        assert not variance_is_finite(draws)
        assert variance_is_infinite(draws.ratio, tilted=False)
    elif variance_is_finite(draws):
        assert not variance_is_infinite(draws.ratio, tilted=False)


# --- rounding


@pytest.mark.parametrize("shape", [20.0, 1e5])
@pytest.mark.parametrize("scheme", ["sobol", "plain"])
def test_controls_of_huge_shapes_round_no_more_than_is_stated(shape, scheme):
    """The coefficient of log z - ψ(a) is about a. Against a log-normal law, with L = ψ(a) + log 2 and V = ψ'(a),
    D = -H + L + log(sigma √(2π)) + (V + (L - mu)²)/(2 sigma²).
    """
    with mpmath.workdps(40):
        a, mu, sigma = mpmath.mpf(shape), mpmath.mpf(0.3), mpmath.mpf(1.1)
        mean, var = mpmath.digamma(a) + mpmath.log(2), mpmath.polygamma(1, a)
        entropy = a + mpmath.log(2) + mpmath.loggamma(a) + (1 - a) * mpmath.digamma(a)
        size = mpmath.log(sigma * mpmath.sqrt(2 * mpmath.pi))
        truth = -entropy + mean + size + (var + (mean - mu) ** 2) / (2 * sigma**2)
    p, q = dn.Gamma(shape, 2.0), dn.LogNormal(0.3, 1.1)
    found = dn.kl(p, q, method="montecarlo", scheme=scheme, rng=1)
    assert abs(found.value - truth) < 4.5 * found.error


def test_the_controls_of_a_gamma_law_are_the_same_from_z_and_from_its_distance_from_a():
    """log z - ψ(a) by mpmath where z lies beside a = 1e6 and far below."""
    z = np.array([9e5, 1e6 - 1.0, 1e6 + 0.25, 1.1e6])
    columns = np.empty((CONTROLS, len(z)))
    dn.Gamma(1e6).stream.follow(z, *columns)
    with mpmath.workdps(40):
        mean = mpmath.digamma(10**6)
        truth = [float(mpmath.log(mpmath.mpf(x)) - mean) for x in z]
    np.testing.assert_allclose(columns[2], truth, rtol=1e-15)


def test_errors_take_in_the_rounding_of_controls_by_their_coefficients():
    """A function of the numbers that is known to an ulp and follows t with the coefficient β leaves β ulps open."""
    draws = LogRatioDraws(dn.Gamma(1e6), dn.LogNormal(0.3, 1.1))
    pilot = Pilot(draws, 1, "sobol")
    values = controlled(pilot, 2**16)
    coefficients = np.zeros(values.balanced + values.followed)
    assert pilot.of_controls(values, coefficients) == pilot.of_controls(values, None) == 0.0
    coefficients[-1] = 1e6
    spread = 1e-3 * np.sqrt(2 / np.pi)  # E|log z - ψ(a)| for a = 1e6
    assert pilot.of_controls(values, coefficients) == pytest.approx(4e6 * np.finfo(float).eps * spread, rel=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("mode", [1e-6, 1e-9])
def test_errors_reach_to_ends_that_no_draw_meets(scheme, mode):
    """Above the mode t = log 2(1 - x) is followed by log(1 - u) to the last digit; D = log 2 - 1/2 for any mode."""
    p, q = dn.Triangular(0, mode, 1), dn.Uniform(0, 1)
    for seed in range(3):
        found = dn.kl(p, q, method="montecarlo", n=2**14, scheme=scheme, rng=seed)
        assert abs(found.value - (np.log(2) - 0.5)) < 4.5 * found.error


def test_divergences_of_narrow_laws_by_draws_count_the_ulps_of_their_points():
    """3.6e-18 by mp.quad; the density of each law rounds the same point in its own way."""
    p, q = dn.BirnbaumSaunders(1e-4), dn.LogNormal(0, 1e-4)
    found = dn.kl(p, q, method="montecarlo", n=2**14, rng=3)
    assert abs(found.value - 3.645833e-18) < found.error < 1e-11


def test_the_quadratic_part_of_normal_laws_leaves_rounding():
    n = 6
    cov = 0.4 * np.ones((n, n)) + np.diag(np.arange(1.0, n + 1))
    p, q = dn.MultivariateNormal(np.zeros(n), np.eye(n)), dn.MultivariateNormal(np.ones(n), cov)
    found, truth = dn.kl(p, q, method="montecarlo", n=2**12, rng=3), dn.kl(p, q)
    assert abs(found.value - truth.value) <= 4 * found.error
    assert found.error < 1e-12


NORMAL, OTHER = dn.MultivariateNormal([0, 0], np.eye(2)), dn.MultivariateNormal([3, 1], np.eye(2))


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (dn.Dirichlet([2, 3, 4]), dn.Dirichlet([2, 3, 4 + 1e-6])),
        (dn.MultivariateT(3, [0, 0], np.eye(2)), dn.MultivariateT(3.0001, [0, 0], np.eye(2))),
        (NORMAL, dn.MultivariateNormal([1e-12, 0], np.eye(2))),
        (dn.Mixture([0.5, 0.5], [NORMAL, OTHER]), dn.Mixture([0.5001, 0.4999], [NORMAL, OTHER])),
        (dn.Wishart(5, np.eye(2)), dn.Wishart(5 + 1e-6, np.eye(2))),
    ],
    ids=["dirichlet", "t", "normal", "mixtures", "wishart"],
)
def test_of_vectors_that_are_nearly_alike_draws_tell_digits(p, q):
    """By 1 - q/p, whose mean is 0: without it the error exceeds the value."""
    found, truth = dn.kl(p, q, method="montecarlo", n=2**13, rng=3), dn.kl(p, q)
    assert abs(found.value - truth.value) < 4.5 * found.error
    assert found.error < 0.03 * truth.value
    bare = estimate_mean(VectorLogRatioDraws(p, q), 2**13, rng=0, dimension=p.draw_dimension)
    assert found.error < 0.01 * bare.standard_error


def test_the_ratio_of_vectors_is_a_control_only_where_p_draws_all_of_q():
    ball = dn.UniformBall([0, 0], 1.0)
    remote = dn.Mixture([0.9999, 0.0001], [NORMAL, dn.MultivariateNormal([20, 0], np.eye(2))])
    for p, q in ((NORMAL, remote), (ball, dn.UniformBall([0, 0], 1.0 + 1e-9))):
        assert not vector_draws.controlled(vector_draws.Pilot(VectorLogRatioDraws(p, q), 1, 2**12), 2**12).balanced
        found = dn.kl(p, q, method="montecarlo", n=2**12, rng=3)
        assert abs(found.value - dn.kl(p, q).value) <= 4.5 * found.error


@pytest.mark.slow
def test_intervals_by_fitted_controls_hold():
    """Dirichlet laws and mixtures of normal ones: the errors are standard errors, and smaller than without a control."""
    p, q = dn.Dirichlet([1.0, 2.0, 3.0, 4.0, 5.0]), dn.Dirichlet([2.0] * 5)
    truth = dn.kl(p, q).value
    runs = [dn.kl(p, q, method="montecarlo", n=2**12, rng=seed) for seed in range(24)]
    scores = np.array([(run.value - truth) / run.error for run in runs])
    assert np.mean(np.abs(scores) < 1.0) > 0.4
    assert np.max(np.abs(scores)) < 4.5
    assert abs(np.mean(scores)) < 1.0
    bare = estimate_mean(VectorLogRatioDraws(p, q), 2**12, rng=0, dimension=4)
    assert np.median([run.error for run in runs]) < 0.7 * bare.standard_error


@pytest.mark.slow
def test_a_part_that_few_draws_meet_has_no_fit_of_its_own():
    n = 8
    shifted = dn.MultivariateNormal(np.full(n, 3.0), np.eye(n))
    p = dn.Mixture([0.995, 0.005], [dn.MultivariateNormal(np.zeros(n), np.eye(n)), shifted])
    q = dn.MultivariateT(5.0, np.zeros(n), np.eye(n))
    found, again = (dn.kl(p, q, method="montecarlo", n=size, rng=1) for size in (2**13, 2**16))
    assert abs(found.value - again.value) < 5 * np.hypot(found.error, again.error)
    small = dn.kl(p, q, method="montecarlo", n=64, rng=1)  # so few draws that there is nothing to fit
    assert abs(small.value - again.value) < 6 * small.error
