"""Divergences by quadrature: fifty pairs one at a time against scipy.integrate.tanhsinh vectorised by family; a batch.

    pytest tests/benchmarks/bench_kl.py --benchmark-enable -n0

Values are checked equal before they are timed; read the ratios of one run, never milliseconds.
"""

import numpy as np
import pytest
from scipy.integrate import tanhsinh
from scipy.special import gammaln

import densities as dn

rng = np.random.default_rng(0)
LOC, SCALE, SHAPE = rng.normal(0, 1, (2, 10)), rng.uniform(0.7, 2, (2, 10)), rng.uniform(1.5, 4, (2, 10))


def log_normal_density(x, loc, scale):
    return -0.5 * ((x - loc) / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi)


def log_logistic_density(x, loc, scale):
    z = np.abs((x - loc) / scale)
    return -z - 2 * np.log1p(np.exp(-z)) - np.log(scale)


def log_gumbel_density(x, loc, scale):
    z = (x - loc) / scale
    return -z - np.exp(-z) - np.log(scale)


def log_gamma_density(x, shape, scale):
    return (shape - 1) * np.log(x) - x / scale - gammaln(shape) - shape * np.log(scale)


def log_log_normal_density(x, mu, sigma):
    return log_normal_density(np.log(x), mu, sigma) - np.log(x)


FAMILIES = [  # p, q, the end below, their parameters, and both again as laws
    (log_normal_density, log_logistic_density, -np.inf, (LOC[0], SCALE[0], LOC[1], SCALE[1]), dn.Normal, dn.Logistic),
    (
        log_logistic_density,
        log_normal_density,
        -np.inf,
        (LOC[0], SCALE[0], LOC[1], SCALE[1] + 1),
        dn.Logistic,
        dn.Normal,
    ),
    (log_gumbel_density, log_normal_density, -np.inf, (LOC[0], SCALE[0], LOC[1], SCALE[1] + 1), dn.Gumbel, dn.Normal),
    (log_gamma_density, log_log_normal_density, 0, (SHAPE[0], SCALE[0], LOC[1], SCALE[1]), dn.Gamma, dn.LogNormal),
    (log_log_normal_density, log_gamma_density, 0, (LOC[0], SCALE[0] / 2, SHAPE[1], SCALE[1]), dn.LogNormal, dn.Gamma),
]
PAIRS = [(p(a, b), q(c, d)) for *_, parameters, p, q in FAMILIES for a, b, c, d in zip(*parameters, strict=True)]


def by_tanhsinh():
    def integrand(p, q):
        def f(x, a, b, c, d):
            with np.errstate(all="ignore"):
                log_p, log_q = p(x, a, b), q(x, c, d)
                return np.where(log_p > -745, np.exp(log_p) * (log_p - log_q), 0.0)

        return f

    found = [tanhsinh(integrand(p, q), low, np.inf, args=args, rtol=1e-10) for p, q, low, args, *_ in FAMILIES]
    return np.concatenate([part.integral for part in found])


def one_at_a_time():
    return np.array([dn.kl(p, q, method="quadrature").value for p, q in PAIRS])


def batch():
    p = dn.Normal(np.resize(LOC[0], 10_000), np.linspace(0.5, 2, 10_000))
    return dn.kl(p, dn.Laplace(np.resize(LOC[1], 10_000), 1.2), method="quadrature")


@pytest.mark.parametrize("engine", [one_at_a_time, by_tanhsinh])
def test_fifty_pairs(benchmark, engine):
    np.testing.assert_allclose(benchmark(engine), one_at_a_time(), rtol=1e-9)


def test_ten_thousand_normal_against_laplace(benchmark):
    found = benchmark.pedantic(batch, rounds=3)
    assert np.all(found.error <= 1e-10 * found.value)
