"""10⁶ draws of log(1 + exp X), X normal: ours, NumPy by hand and torch.

    pytest tests/benchmarks/bench_draws.py --benchmark-enable -n0

The moments of all agree before they are timed; read the ratios of one run, never milliseconds.
"""

import numpy as np
import pytest

import densities as dn
from densities.benchmarks import CHAINS

N = 1_000_000
LAW = dn.parse(CHAINS["log1p"])


def by_numpy():
    return np.log1p(np.exp(0.5 + 0.8 * np.random.default_rng(0).standard_normal(N)))


def by_torch():
    torch = pytest.importorskip("torch", reason="torch is an extra")
    torch.set_num_threads(1)
    law = torch.distributions
    of = lambda x: torch.tensor(x, dtype=torch.float64)  # noqa: E731
    maps = law.transforms
    steps = [
        maps.AffineTransform(0.5, 0.8),
        maps.ExpTransform(),
        maps.AffineTransform(1.0, 1.0),
        maps.ExpTransform().inv,
    ]
    pushed = law.TransformedDistribution(law.Normal(of(0.0), of(1.0)), steps, validate_args=False)
    return lambda: pushed.sample((N,)).numpy()


MAKERS = {"ours": lambda: lambda: LAW.rvs(N, rng=0), "numpy": lambda: by_numpy, "torch": by_torch}


@pytest.mark.parametrize("who", MAKERS)
def test_draws(benchmark, who):
    run = MAKERS[who]()
    assert abs(np.mean(run()) - LAW.mean()) < 5 * LAW.std() / np.sqrt(N)
    benchmark.group = "draws"
    benchmark(run)
