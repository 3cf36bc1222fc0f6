"""Means by Monte Carlo: determinism, intervals that hold, honest tails, resumption."""

import json
import os
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from scipy import special

from densities.errors import ParameterError, ShapeError, UnknownNameError
from densities.numerics import montecarlo, nets, tally
from densities.numerics.montecarlo import estimate_mean
from densities.numerics.nets import Source
from densities.numerics.pareto_tail import pareto_shape, tail_shape, tail_size

SCHEMES = ["sobol", "stratified", "plain"]


def exponential(source):
    return np.exp(source.uniforms()[:, 0])


def two_columns(source):
    u = source.uniforms()[:, 0]
    return np.stack([u, u * u], axis=1)


def with_control(source):
    """exp(u), and u whose mean is 1/2."""
    u = source.uniforms()[:, 0]
    return np.stack([np.exp(u), u], axis=1)


def log_ratio(z):
    """log p/q of LogNormal(0.5, 0.8) against Gamma(2, 1) at y = e^(0.5 + 0.8 z)."""
    log_y = 0.5 + 0.8 * z
    return -0.5 * z * z - np.log(0.8) - 0.5 * np.log(2 * np.pi) - 2 * log_y + np.exp(log_y)


# -H(p) - E_p[log q] with E[Y] = e^(mu + sigma²/2) and E[log Y] = mu.
LOG_RATIO_MEAN = -0.5 - np.log(0.8) - 0.5 * np.log(2 * np.pi) - 1.0 + np.exp(0.82)


def normal_log_ratio(source):
    return log_ratio(special.ndtri(source.uniforms()[:, 0]))


def tilted_log_ratio(source):
    u, rest, weight = nets.tilt(source.uniforms(1)[:, 0])
    z = np.where(u < 0.5, special.ndtri(u), -special.ndtri(rest))
    return log_ratio(z) * weight


def slow(source):
    time.sleep(0.01 * len(source.seeds))
    return exponential(source)


def same(a, b):
    numbers = ("mean", "standard_error", "khat", "top_share", "n", "chunk_means")
    return a.entropy == b.entropy and all(np.array_equal(getattr(a, x), getattr(b, x), equal_nan=True) for x in numbers)


# --- the points


@pytest.mark.parametrize("d", [1, 2, 5, 16])
def test_direction_numbers_are_those_of_scipy(d):
    np.testing.assert_array_equal(nets.generator_matrices(d, 14), nets._scipy_matrices(d, 14))


@pytest.mark.parametrize("d", [1, 2, 3, 20])
def test_scrambled_points_are_a_net(d):
    u = Source(1024, d).uniforms()
    assert u.shape == (1024, d)
    for axis in u.T:
        assert np.bincount((axis * 1024).astype(int), minlength=1024).tolist() == [1] * 1024


def test_two_dimensional_net_fills_every_elementary_interval():
    u = Source(1024, 2).uniforms()
    for bits in range(11):
        cells = (u[:, 0] * 2**bits).astype(int) * 2 ** (10 - bits) + (u[:, 1] * 2 ** (10 - bits)).astype(int)
        assert np.unique(cells).size == 1024


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_point_is_uniform_and_inside(scheme):
    draws = np.concatenate([Source(8, 2, scheme, (np.random.SeedSequence(i),)).uniforms() for i in range(4000)])
    assert draws.min() > 0
    assert draws.max() < 1
    for axis in draws.T:
        counts = np.bincount((axis * 64).astype(int), minlength=64)
        assert special.gammaincc(31.5, 0.5 * np.sum((counts - 500.0) ** 2 / 500.0)) > 1e-4


def test_tilted_points_weigh_to_one_and_keep_both_tails():
    u, rest, weight = nets.tilt(Source(2**14, 1, "stratified").uniforms()[:, 0])
    np.testing.assert_allclose(weight.mean(), 1.0, rtol=1e-5)
    np.testing.assert_allclose(u + rest, 1.0, rtol=4e-16)
    np.testing.assert_allclose((weight / np.sqrt(rest)).mean(), 2.0, rtol=1e-3)


# --- the bits


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_the_same_bits_for_any_executor(scheme, pool):
    serial = estimate_mean(normal_log_ratio, 50_000, rng=7, scheme=scheme)
    with pool(2) as executor:
        assert same(serial, estimate_mean(normal_log_ratio, 50_000, rng=7, scheme=scheme, executor=executor))


def test_target_stops_at_the_same_prefix_for_any_executor():
    serial = estimate_mean(normal_log_ratio, 10**6, rng=7, target=3e-4)
    assert serial.stopped == "target"
    assert serial.standard_error <= 3e-4
    assert serial.drawn < 10**6
    with ThreadPoolExecutor(3) as executor:
        assert same(serial, estimate_mean(normal_log_ratio, 10**6, rng=7, target=3e-4, executor=executor))


def test_a_seed_decides_the_draws():
    fresh = estimate_mean(exponential, 64)
    assert same(fresh, estimate_mean(exponential, 64, rng=fresh.entropy))
    assert fresh.entropy != estimate_mean(exponential, 64).entropy
    generator = np.random.default_rng(3)
    first = estimate_mean(exponential, 64, rng=generator)
    assert same(first, estimate_mean(exponential, 64, rng=np.random.default_rng(3)))
    assert first.entropy != estimate_mean(exponential, 64, rng=generator).entropy
    sequence = np.random.SeedSequence(5)
    assert same(estimate_mean(exponential, 64, rng=sequence), estimate_mean(exponential, 64, rng=sequence))


@pytest.mark.parametrize(
    ("n", "size", "chunks"),
    [(1, 1, 64), (64, 1, 64), (900, 8, 113), (1000, 16, 64), (10**6, 2**14, 64), (10**8, 2**16, 1526)],
)
def test_layout_depends_on_n_alone(n, size, chunks):
    assert list(montecarlo._layouts(n, None)) == [(size, chunks, 0)]


# --- the numbers


@pytest.mark.parametrize("scheme", SCHEMES)
def test_means_lie_within_their_intervals(scheme):
    result = estimate_mean(two_columns, 10_000, rng=1, scheme=scheme)
    assert (abs(result.mean - [1 / 2, 1 / 3]) < 4.5 * result.standard_error).all()
    assert result.mean.shape == result.khat.shape == (2,)
    assert result.dof == result.chunks - 1
    low, high = result.interval(0.95)
    np.testing.assert_allclose((high - low) / 2, special.stdtrit(result.dof, 0.975) * result.standard_error)


def test_fifty_times_fewer_samples_than_plain():
    """The standard deviation of the log-ratio is 0.645, so plain draws need 4e7 for 1e-4."""
    result = estimate_mean(tilted_log_ratio, 2**15, rng=2)
    assert result.n <= 0.645**2 / 1e-4**2 / 50
    assert result.standard_error <= 1e-4
    assert abs(result.mean - LOG_RATIO_MEAN) < 4.5 * result.standard_error
    assert estimate_mean(normal_log_ratio, 2**17, rng=2).standard_error < 0.645 / np.sqrt(10 * 2**17)


def test_a_control_takes_away_what_it_explains():
    bare = estimate_mean(exponential, 2**12, rng=3, scheme="plain")
    helped = estimate_mean(with_control, 2**12, rng=3, scheme="plain", control=[0.5])
    assert helped.standard_error < 0.2 * bare.standard_error
    assert abs(helped.mean - np.expm1(1)) < 4.5 * helped.standard_error
    # The optimal coefficient is Cov(e^u, u)/Var(u) = 12 (1 - (e - 1)/2).
    assert abs(helped.coefficients[0] - 12 * (1 - np.expm1(1) / 2)) < 0.1
    assert helped.dof == helped.chunks - 2


def test_a_useless_or_constant_control_does_no_harm():
    def values(source):
        return np.stack([source.uniforms()[:, 0], np.ones(source.size)], axis=1)

    result = estimate_mean(values, 2**10, rng=0, scheme="plain", control=[1.0])
    assert abs(result.mean - 0.5) < 4.5 * result.standard_error < 0.1


def test_draws_for_predicts():
    result = estimate_mean(exponential, 2**12, rng=3, scheme="plain")
    n = int(result.draws_for(1e-3))
    assert abs(estimate_mean(exponential, n, rng=4, scheme="plain").standard_error / 1e-3 - 1) < 0.3


def test_beyond_the_largest_chunks_half_the_error_takes_four_times_the_draws():
    result = estimate_mean(exponential, 2**12, rng=3)  # by nets, whose error falls faster as long as chunks grow
    far = 1e-6 * result.standard_error
    assert result.draws_for(far / 2) == pytest.approx(4 * result.draws_for(far), rel=1e-9)
    assert result.draws_for(result.standard_error) == result.n


@pytest.mark.parametrize("scale", [1e195, 1e307, 1e-300])
def test_huge_and_tiny_values_do_not_overflow(scale):
    result = estimate_mean(lambda source: scale * exponential(source), 2**12, rng=0)
    plain = estimate_mean(exponential, 2**12, rng=0)
    np.testing.assert_allclose(
        [result.mean / scale, result.standard_error / scale], [plain.mean, plain.standard_error], rtol=1e-9
    )


def coverage(values, truth, scheme, n, seeds, **options):
    results = [estimate_mean(values, n, rng=seed, scheme=scheme, **options) for seed in seeds]
    t = np.array([abs(r.mean - truth) / r.standard_error for r in results])
    dof = results[0].dof
    return [(t < special.stdtrit(dof, 0.5 + level / 2)).mean() for level in (0.68, 0.95)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "values", "truth", "options"),
    [
        ("sobol", with_control, np.expm1(1), {"control": [0.5]}),  # on a line a net is a stratified sample
        ("plain", tilted_log_ratio, LOG_RATIO_MEAN, {}),
    ],
)
def test_intervals_cover_to_a_percent_and_a_half(scheme, values, truth, options):
    """1.5 %, and the standard deviation of an observed share; an unlucky sample is told from a fault by six times as many.

    One sample of 1000 leaves the limits by chance in 5 % of the cases, one of 6000 in less than 0.1 %.
    """

    def nominal(repeats, observed):
        level = np.array([0.68, 0.95])
        return np.all(np.abs(observed - level) < 0.015 + np.sqrt(level * (1 - level) / repeats))

    observed = coverage(values, truth, scheme, 2048, range(1000), **options)
    if not nominal(1000, observed):
        others = coverage(values, truth, scheme, 2048, range(1000, 6000), **options)
        assert nominal(6000, (np.array(observed) + 5 * np.array(others)) / 6)


# --- tails


def test_pareto_shape_finds_the_shape():
    rng = np.random.default_rng(0)
    for k in (0.2, 0.5, 1.0):
        fits = [pareto_shape(np.sort(rng.random(2**15) ** -k)[-tail_size(2**15) - 1 :]) for _ in range(50)]
        assert abs(np.mean(fits) - k) < 0.03
    assert np.isnan(pareto_shape(np.ones(100)))
    assert np.isnan(pareto_shape(np.empty(0)))


def test_a_short_tail_is_pulled_toward_one_half_by_ten_observations():
    """Twenty quantiles of a generalised Pareto law, from which the fit alone has -1/2 and 1/2 to a tenth."""
    u = (np.arange(20) + 0.5) / 20
    for k in (-0.5, 0.2, 0.5, 0.8):
        assert abs(pareto_shape(np.append(0.0, ((1 - u) ** -k - 1) / k)) - (20 * k + 5) / 30) < 0.1 * (1 - k)


def test_a_threshold_inside_a_pile_makes_no_heavy_tail():
    pile, spread = np.linspace(1.0, 1.000001, 100), np.linspace(2.0, 3.0, 101)
    tail = np.concatenate([pile, spread])
    assert pareto_shape(tail) > 5.0 and tail_shape(tail) == pareto_shape(spread) < 0.0


def flagged(draw, n, repeats):
    runs = [estimate_mean(lambda source: source.draws(draw), n, rng=seed, scheme="plain") for seed in range(repeats)]
    return np.mean([run.heavy_tail for run in runs])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw", "n"),
    [
        (lambda g, n: g.standard_normal(n), 2**12),
        (lambda g, n: g.standard_normal(n) ** 2, 2**14),
        (lambda g, n: g.random(n), 2**12),
        (lambda g, n: np.ones(n), 2**10),
    ],
)
def test_light_tails_are_not_flagged(draw, n):
    assert flagged(draw, n, 100) <= 0.01


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw", "share"),
    [
        (lambda g, n: g.standard_t(2.2, n) ** 2, 1.0),
        (lambda g, n: g.standard_t(2.2, n), 0.95),
        (lambda g, n: g.standard_cauchy(n), 1.0),
    ],
)
def test_heavy_tails_are_flagged(draw, share):
    assert flagged(draw, 2**18, 40) >= share


def test_top_share_of_exponential_values():
    """The largest 1 % of an exponential sample hold 0.01 (1 + log 100) of its sum."""
    for n in (2**13, 2**18):
        result = estimate_mean(lambda source: -np.log(source.uniforms()[:, 0]), n, rng=0)
        assert abs(result.top_share - 0.01 * (1 + np.log(100))) < 0.003


def test_nan_and_infinite_values_are_said():
    def spoiled(value):
        def values(source):
            x = two_columns(source)
            x[:: source.points, 0] = value
            return x

        return estimate_mean(values, 1000, rng=0)

    result = spoiled(np.nan)
    assert np.isnan(result.mean[0])
    assert np.isnan(result.standard_error[0])
    assert abs(result.mean[1] - 1 / 3) < 1e-2
    assert result.nan_count.tolist() == [result.chunks, 0]
    assert np.isfinite(result.standard_error[1])
    result = spoiled(-np.inf)
    assert result.mean[0] == -np.inf
    assert result.infinite_count.tolist() == [result.chunks, 0]
    broken = estimate_mean(lambda source: with_control(source) * [1.0, np.nan], 100, rng=0, control=[0.5])
    assert broken.nan_count > 0
    assert broken.coefficients[0] == 0.0
    assert broken.mean == estimate_mean(exponential, 100, rng=0).mean


# --- stopping and resuming


def test_a_time_limit_stops_a_run():
    result = estimate_mean(slow, 1000, rng=0, time_limit=0.1)
    assert result.stopped == "time"
    assert 1 < result.chunks < 64
    assert np.isfinite(result.standard_error)


def test_interruption_returns_what_there_is(tmp_path, monkeypatch):
    monkeypatch.setattr(tally, "TOGETHER", 1)

    def interrupt(done, planned, mean):
        if done >= planned // 2:
            raise KeyboardInterrupt

    path = tmp_path / "run.json"
    part = estimate_mean(exponential, 2**12, rng=0, progress=interrupt, checkpoint=path)
    assert part.stopped == "interrupted"
    assert part.n == part.drawn == 2**11
    whole = estimate_mean(exponential, 2**12, rng=0)
    assert same(whole, estimate_mean(exponential, 2**12, rng=0, checkpoint=path))
    assert same(whole, estimate_mean(exponential, 2**12, checkpoint=path))
    assert os.listdir(tmp_path) == ["run.json"]


def test_means_of_chunks_are_merged_where_they_are_many(tmp_path, monkeypatch):
    """So memory does not grow: 100 chunks leave 8 to 16 means, whole blocks of neighbours, in the same bits after a stop."""

    def interrupt(done, planned, mean):
        if done == 37 * 16:
            raise KeyboardInterrupt

    single = estimate_mean(exponential, 1600, rng=3)
    assert single.chunks == 100
    monkeypatch.setattr(tally, "MOST_MEANS", 8)
    monkeypatch.setattr(tally, "TOGETHER", 1)
    monkeypatch.setattr(montecarlo, "_layouts", lambda n, target: iter([(16, tally.whole_blocks(100), 0)]))
    merged = estimate_mean(exponential, 1600, rng=3)
    assert merged.n == merged.drawn == 104 * 16
    assert merged.chunks == len(merged.chunk_means) == 13
    np.testing.assert_allclose(
        merged.chunk_means[:12, 0], single.chunk_means[:96, 0].reshape(12, 8).mean(-1), rtol=1e-15
    )
    path = tmp_path / "run.json"
    part = estimate_mean(exponential, 1600, rng=3, progress=interrupt, checkpoint=path)
    assert part.stopped == "interrupted" and part.drawn == 37 * 16
    assert part.n == 36 * 16 and part.chunks == 9
    np.testing.assert_allclose(part.mean, single.chunk_means[:36].mean(), rtol=1e-15)
    assert same(merged, estimate_mean(exponential, 1600, rng=3, checkpoint=path))
    with ThreadPoolExecutor(3) as executor:
        assert same(merged, estimate_mean(exponential, 1600, rng=3, executor=executor))


def test_a_run_to_a_target_resumes(tmp_path, monkeypatch):
    monkeypatch.setattr(tally, "TOGETHER", 1)
    seen = []

    def interrupt(done, planned, mean):
        seen.append(done)
        if len(seen) == 200:
            raise KeyboardInterrupt

    path = tmp_path / "run.json"
    part = estimate_mean(normal_log_ratio, 10**6, rng=7, target=1e-3, progress=interrupt, checkpoint=path)
    assert part.stopped == "interrupted"
    assert part.chunks == 64
    whole = estimate_mean(normal_log_ratio, 10**6, rng=7, target=1e-3)
    resumed = estimate_mean(normal_log_ratio, 10**6, rng=7, target=1e-3, checkpoint=path)
    assert same(whole, resumed)
    assert whole.drawn == resumed.drawn > whole.n


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda text: text[:-20], "cannot be read"),
        (lambda text: "[]", "not a checkpoint"),
        (lambda text: text.replace('"size": 64', '"size": 32'), "does not match its hash"),
        (lambda text: json.dumps({**json.loads(text), "tally": {}}), "does not match its hash"),
    ],
)
def test_a_spoiled_checkpoint_is_refused(tmp_path, spoil, reason):
    path = tmp_path / "run.json"
    estimate_mean(exponential, 2**12, rng=0, checkpoint=path)
    path.write_text(spoil(path.read_text()))
    with pytest.raises(ParameterError, match=reason):
        estimate_mean(exponential, 2**12, rng=0, checkpoint=path)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"rng": 1}, "another entropy"),
        ({"label": "b"}, "another label"),
        ({"n": 2**13}, "another chunks|another size"),
        ({"scheme": "plain"}, "another scheme"),
        ({"values": normal_log_ratio}, "other values"),
    ],
)
def test_a_foreign_checkpoint_is_refused(tmp_path, other, reason):
    path = tmp_path / "run.json"
    arguments = {"values": exponential, "n": 2**12, "rng": 0, "checkpoint": path}
    estimate_mean(**arguments)
    with pytest.raises(ParameterError, match=reason):
        estimate_mean(**{**arguments, **other})


# --- refusals


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"n": 0}, ParameterError, "n: expected a positive number"),
        ({"n": np.nan}, ParameterError, "n: expected"),
        ({"n": 1e300}, ParameterError, "at most 10\\^15"),
        ({"target": 0.0}, ParameterError, "target: expected a positive"),
        ({"scheme": "sobel"}, UnknownNameError, "did you mean 'sobol'"),
        ({"values": lambda source: np.ones(3)}, ShapeError, "values: expected shape"),
        ({"values": two_columns, "control": [0.5, 0.5]}, ShapeError, "control: expected 1 known means"),
        ({"executor": 4}, ParameterError, "executor: expected"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, text):
    with pytest.raises(error, match=text):
        estimate_mean(**{"values": exponential, "n": 1000, **arguments})
