"""The log-density through three chains of four maps: ours beside compiled code, torch.compile and jax.jit.

    pytest tests/benchmarks/bench_jit.py --benchmark-enable -n0

The compilers are given the formula by hand, not a library's law, and have compiled before they are timed: what they take
and give are arrays of NumPy, as with ours. Each is checked equal; read the ratios of one run, never milliseconds.
"""

import numpy as np
import pytest

import densities as dn
from densities.benchmarks import CHAINS

SIZES = (1_000, 1_000_000)
CONSTANT = 0.5 * np.log(2 * np.pi) + np.log(0.8)


def formulas(xp):
    """The log-density of each chain by the functions of an array library."""

    def log1p(y):
        x = xp.log(xp.expm1(y))
        z = (x - 0.5) / 0.8
        return -0.5 * z * z - CONSTANT + y - x

    def sinh_arcsinh(y):
        w = xp.sinh(xp.arcsinh(y) / 1.25 - 0.5)
        x = xp.log(xp.expm1(w))
        z = (x - 0.5) / 0.8
        log_det = 0.5 * xp.log1p(w * w) - 0.5 * xp.log1p(y * y) + w - x - np.log(1.25)
        return -0.5 * z * z - CONSTANT + log_det

    def sigmoid(y):
        log_y, log_rest = xp.log(y), xp.log1p(-y)
        u = log_y - log_rest
        s = u ** (2 / 3)
        log_slope = xp.log(-xp.expm1(-s))
        z = (s + log_slope - 0.5) / 0.8
        return -0.5 * z * z - CONSTANT - log_y - log_rest + np.log(2 / 3) - xp.log(u) / 3 - log_slope

    return {"log1p": log1p, "sinh-arcsinh": sinh_arcsinh, "sigmoid": sigmoid}


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
