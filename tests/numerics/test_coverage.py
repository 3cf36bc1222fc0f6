"""Reported errors are honest: the truth lies inside them as often as they claim.

The problems of coverage.json.gz have truths to 22 digits by formulas that the library does not use (make_coverage.py).
"""

import gzip
import json
import random
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from scipy.special import stdtrit

import densities as dn
from densities.divergences.montecarlo import LogRatioDraws
from densities.numerics.montecarlo import HEAVY_SHAPE
from densities.numerics.nets import Source
from densities.numerics.tails import pareto_shape, tail_size

ROWS = json.loads(gzip.decompress((Path(__file__).parents[1] / "reference" / "coverage.json.gz").read_bytes()))


def gaps_in_errors(rows):
    """|value - truth|/error of every answer of quadrature that its status calls good, with its problem."""
    found = []
    for label, p, q, truth in rows:
        answer = dn.kl(dn.parse(p), dn.parse(q), method="quadrature")
        if answer.status.ok:
            gap = abs(Decimal(answer.value) - Decimal(truth))
            found.append((float(gap / Decimal(answer.error)) if answer.error else float(gap * 10**300), label, p, q))
    return found


def test_the_truth_lies_within_the_error_of_quadrature():
    """200 of the problems: every good answer, and 95 % of the answers are good."""
    found = gaps_in_errors(random.Random(7).sample(ROWS, 200))
    assert max(found)[0] <= 1, max(found)
    assert len(found) >= 190


@pytest.mark.slow
def test_the_truth_lies_within_the_error_of_quadrature_in_all_problems():
    """10,000 problems: 99.9 % of good answers within their error, none silently wrong by ten errors."""
    found = gaps_in_errors(ROWS)
    assert max(found)[0] <= 10, max(found)
    assert np.mean([gap <= 1 for gap, *_ in found]) >= 0.999
    assert len(found) >= 0.98 * len(ROWS)


PAIRS = [
    ("normal(0, 1)", "normal(1, 2)"),
    ("normal(0, 1)", "laplace(0.5, 1)"),
    ("laplace(0, 1)", "normal(0, 2)"),
    ("log_normal(0, 0.5)", "gamma(2, 1)"),
    ("cauchy(0, 1)", "cauchy(1, 3)"),
    ("normal(0, 1)**2", "gamma(0.5, 3)"),
    ("exponential(1)", "lomax(3, 2)"),
    ("mixture([0.3, 0.7], [normal(-2, 1), normal(2, 0.5)])", "normal(0, 2)"),
]
SCHEMES = ("sobol", "stratified", "plain")
CHUNKS = SIZE = 64  # what 4096 draws are split into


class Runs:
    """The points that kl(..., n=4096, rng=seed) draws, of many seeds in one array."""

    def __init__(self, seeds, dimension, scheme):
        keys = [np.random.SeedSequence(seed, spawn_key=(i,)) for seed in seeds for i in range(CHUNKS)]
        self.sources = [Source(SIZE, dimension, scheme, key) for key in keys]
        self.scheme, self.size = scheme, SIZE * len(keys)

    def uniforms(self, d):
        return np.concatenate([source.uniforms(d) for source in self.sources])


def means_and_errors(p, q, scheme, seeds):
    """(mean, standard error, whether a heavy tail was seen) of one run for each seed."""
    draws = LogRatioDraws(dn.parse(p), dn.parse(q))
    t = draws(Runs(seeds, draws.dimension, scheme)).reshape(len(seeds), CHUNKS, SIZE)
    means = t.mean(axis=-1)
    largest = np.sort(np.abs(t.reshape(len(seeds), -1)), axis=-1)[:, -tail_size(CHUNKS * SIZE) - 1 :]
    heavy = np.array([pareto_shape(tail) > HEAVY_SHAPE for tail in largest])
    return means.mean(axis=-1), means.std(axis=-1, ddof=1) / np.sqrt(CHUNKS), heavy


def coverage(p, q, scheme, repeats, levels=(0.68, 0.95)):
    """The share of t-intervals without a heavy tail that hold the truth, by level, and how many there are."""
    truth = float(dn.kl(dn.parse(p), dn.parse(q)))
    blocks = [
        means_and_errors(p, q, scheme, range(start, min(start + 200, repeats))) for start in range(0, repeats, 200)
    ]
    mean, error, heavy = (np.concatenate(part) for part in zip(*blocks, strict=True))
    far = np.abs(mean - truth)[~heavy] / error[~heavy]
    return [float(np.sum(far <= -stdtrit(CHUNKS - 1, (1 - level) / 2))) / max(len(far), 1) for level in levels], len(
        far
    )


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("p", "q"), PAIRS[:6:5])
def test_runs_drawn_at_once_are_the_runs_of_kl(p, q, scheme):
    mean, error, _ = means_and_errors(p, q, scheme, [3, 4])
    for seed, m, e in zip([3, 4], mean, error, strict=True):
        answer = dn.kl(dn.parse(p), dn.parse(q), method="montecarlo", n=4096, rng=seed, scheme=scheme)
        assert answer.value == pytest.approx(m, rel=1e-12)
        assert e < answer.error < e + 1e-13
        half = -stdtrit(CHUNKS - 1, 0.025) * answer.error
        assert answer.interval(0.95) == pytest.approx((m - half, m + half), rel=1e-12)


def test_monte_carlo_covers_as_often_as_it_claims():
    """68 % and 95 % intervals of 12 x 40 runs: nominal within four standard deviations of a count."""
    counts = [coverage(p, q, scheme, 40) for p, q in PAIRS[:4] for scheme in SCHEMES]
    runs = sum(n for _, n in counts)
    for i, level in enumerate((0.68, 0.95)):
        share = sum(shares[i] * n for shares, n in counts) / runs
        assert share == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / runs))


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
def test_monte_carlo_covers_within_a_percent_and_a_half(scheme):
    """4000 runs of each pair: nominal ± 1.5 % in all, and for each pair within three standard deviations more."""
    counts = [coverage(p, q, scheme, 4000) for p, q in PAIRS]
    runs = sum(n for _, n in counts)
    for i, level in enumerate((0.68, 0.95)):
        assert sum(shares[i] * n for shares, n in counts) / runs == pytest.approx(level, abs=0.015)
        for (p, q), (shares, n) in zip(PAIRS, counts, strict=True):
            assert not n or shares[i] == pytest.approx(level, abs=0.015 + 3 * np.sqrt(level * (1 - level) / n)), (p, q)


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        ("normal(0, 1)**2", "gamma(0.5, 2)", 0.0),
        ("exponential(2)**0.5", "rayleigh(1)", 0.0),
        ("normal(0, 1)", "normal(1e-13, 1)", 5e-27),
    ],
)
def test_monte_carlo_of_laws_that_agree_has_the_error_of_rounding(p, q, truth):
    """log dp/dq of equal laws is rounding, whose mean is not zero and whose spread says nothing of it."""
    for scheme in SCHEMES:
        answer = dn.kl(dn.parse(p), dn.parse(q), method="montecarlo", n=4096, rng=1, scheme=scheme)
        assert abs(answer.value - truth) <= answer.error < 1e-14


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        ("gumbel(57.0061, 0.226212)", "gumbel(46.3371, 0.429093)", 24.23135941322474594341),
        (
            "generalized_normal(3.78673, -4.66215, 36.3054)",
            "generalized_normal(0.11389, -4.66215, 11.6619)",
            12.02733239676097129386,
        ),
    ],
)
def test_a_landmark_where_p_is_nothing_is_no_divergence(p, q, truth):
    """log p = -1e20 at a landmark of q: the slope toward it is not seen, which is no sign of an infinite integral."""
    answer = dn.kl(dn.parse(p), dn.parse(q), method="quadrature")
    assert abs(answer.value - truth) <= answer.error


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        ("log_normal(-725.303, 0.170295)", "log_normal(-1643.77, 1.27694)", 258677.5228583521401676),
        ("pareto(585.786, 1.40748)", "pareto(24220.1, 1.40748)", 36.62434422910832196285),
        ("gamma(5239.78, 0.00259987)", "gamma(5239.78, 0.0025998700000003836)", 5.709615492684232451259e-23),
        ("truncate(normal(0, 1), 21.5154, 21.5196)", "normal(-0.476052, 8.331)", 11.99663174639995886545),
    ],
)
def test_an_error_of_the_densities_that_their_masses_show_is_in_the_error(p, q, truth):
    """Points among the subnormal doubles, normalising constants that cancel: ulps of log p do not tell of these."""
    answer = dn.kl(dn.parse(p), dn.parse(q), method="quadrature")
    assert abs(answer.value - truth) <= answer.error


def test_sums_that_leave_the_doubles_are_no_infinite_divergence():
    answer = dn.kl(
        dn.parse("weibull(2.03342, 0.360506)"), dn.parse("log_normal(348.537, 0.663343)"), method="quadrature"
    )
    assert not answer.status.ok or answer.value == pytest.approx(139070.7129736039359258, rel=1e-8)
