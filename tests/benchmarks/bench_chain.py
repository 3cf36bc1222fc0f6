"""The log-density through three chains of four maps: ours, NumPy by hand, torch.distributions.

    pytest tests/benchmarks/bench_chain.py --benchmark-enable -n0

Each is checked equal before it is timed; read the ratios of one run, never milliseconds. torch runs on one thread, ours
on as many as it takes by itself.
"""

import numpy as np
import pytest

import densities as dn
from densities.benchmarks import CHAINS, by_numpy, by_torch

SIZES = (1_000, 1_000_000)


MAKERS = {
    "ours": lambda chain: dn.parse(CHAINS[chain]).logpdf,
    "numpy": lambda chain: by_numpy[chain],
    "torch": lambda chain: pytest.importorskip("torch", reason="torch is an extra") and by_torch(chain),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("who", MAKERS)
def test_log_density(benchmark, who, chain, size):
    law = dn.parse(CHAINS[chain])
    y = law.rvs(size, rng=0)
    run = MAKERS[who](chain)
    np.testing.assert_allclose(run(y), law.logpdf(y), rtol=1e-6, atol=1e-6)
    benchmark.group = f"{chain}, {size} points"
    benchmark(run, y)
