"""Distribution functions and quantiles of 10⁶ points of log(1 + exp X), X normal: ours, scipy.special and scipy.stats.

    pytest tests/benchmarks/bench_quantiles.py --benchmark-enable -n0

Each is checked equal before it is timed; read the ratios of one run, never milliseconds.
"""

import numpy as np
import pytest
from scipy import special, stats

import densities as dn
from densities.benchmarks import CHAINS

LAW = dn.parse(CHAINS["log1p"])
FROZEN = stats.norm(0.5, 0.8)
CDF = {
    "ours": LAW.cdf,
    "scipy.special": lambda y: special.ndtr((np.log(np.expm1(y)) - 0.5) / 0.8),
    "scipy.stats": lambda y: FROZEN.cdf(np.log(np.expm1(y))),
}
SF = {
    "ours": LAW.sf,
    "scipy.special": lambda y: special.ndtr((0.5 - np.log(np.expm1(y))) / 0.8),
    "scipy.stats": lambda y: FROZEN.sf(np.log(np.expm1(y))),
}
PPF = {
    "ours": LAW.ppf,
    "scipy.special": lambda q: np.log1p(np.exp(0.5 + 0.8 * special.ndtri(q))),
    "scipy.stats": lambda q: np.log1p(np.exp(FROZEN.ppf(q))),
}

ISF = {
    "ours": LAW.isf,
    "scipy.special": lambda q: np.log1p(np.exp(0.5 - 0.8 * special.ndtri(q))),
    "scipy.stats": lambda q: np.log1p(np.exp(FROZEN.isf(q))),
}


@pytest.mark.parametrize("who", CDF)
@pytest.mark.parametrize(("side", "peers"), [("cdf", CDF), ("sf", SF)])
def test_masses(benchmark, side, peers, who):
    y = LAW.rvs(1_000_000, rng=0)
    np.testing.assert_allclose(peers[who](y), peers["ours"](y), rtol=1e-10)
    benchmark.group = side
    benchmark(peers[who], y)


@pytest.mark.parametrize("who", PPF)
@pytest.mark.parametrize(("side", "peers"), [("ppf", PPF), ("isf", ISF)])
def test_quantiles(benchmark, side, peers, who):
    q = np.random.default_rng(0).random(1_000_000)
    np.testing.assert_allclose(peers[who](q), peers["ours"](q), rtol=1e-10)
    benchmark.group = side
    benchmark(peers[who], q)
