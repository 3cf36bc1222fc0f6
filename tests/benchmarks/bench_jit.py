"""The log-density through three chains of four maps: ours beside compiled code, torch.compile and jax.jit.

    pytest tests/benchmarks/bench_jit.py --benchmark-enable -n0

The compilers are given the formula by hand, not a library's law, and have compiled before they are timed: what they take
and give are arrays of NumPy, as with ours. Each is checked equal; read the ratios of one run, never milliseconds.
"""

import numpy as np
import pytest

import densities as dn
from densities.benchmarks import CHAINS, formulas

SIZES = (1_000, 1_000_000)


def by_jax(chain):
    jax = pytest.importorskip("jax", reason="jax is an extra")
    jax.config.update("jax_enable_x64", True)
    compiled = jax.jit(formulas(jax.numpy)[chain])
    return lambda y: np.asarray(compiled(y))


def by_torch(chain):
    torch = pytest.importorskip("torch", reason="torch is an extra")
    compiled = torch.compile(formulas(torch)[chain], dynamic=False)
    return lambda y: compiled(torch.from_numpy(y)).numpy()


MAKERS = {"ours": lambda chain: dn.parse(CHAINS[chain]).logpdf, "jax.jit": by_jax, "torch.compile": by_torch}


@pytest.mark.filterwarnings("ignore")  # of the compilers
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("who", MAKERS)
def test_log_density(benchmark, who, chain, size):
    law = dn.parse(CHAINS[chain])
    y = law.rvs(size, rng=0)
    run = MAKERS[who](chain)
    for _ in range(3):
        np.testing.assert_allclose(run(y), law.logpdf(y), rtol=1e-6, atol=1e-6)
    benchmark.group = f"{chain}, {size} points"
    benchmark(run, y)
