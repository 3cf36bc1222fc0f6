"""Normal vectors of 16 entries through exp: 10⁵ log-densities and 10⁶ draws, ours, torch.distributions, scipy and NumPy.

    pytest tests/benchmarks/bench_vectors.py --benchmark-enable -n0

Each is checked equal before it is timed, draws by their means; read the ratios of one run, never milliseconds. Names end in
the number of threads: 1, or as many as the library takes by itself.
"""

import numpy as np
import pytest
from scipy import stats

import densities as dn
from densities import arrays

N, POINTS, DRAWS = 16, 100_000, 1_000_000
ROOT = np.random.default_rng(0).standard_normal((N, N))
MEAN, COV = np.linspace(-1.0, 1.0, N), ROOT @ ROOT.T / N + np.eye(N)
SCALES = np.sqrt(np.diagonal(COV))
LAWS = {
    "normal vector": dn.MultivariateNormal(MEAN, COV) >> dn.Exp(),
    "independent normals": dn.Product([dn.Normal(m, s) for m, s in zip(MEAN, SCALES, strict=True)]) >> dn.Exp(),
}


@pytest.fixture(params=["1 thread", "its threads"])
def threads(request, monkeypatch):
    """Ours and torch on one thread, or on as many as they take."""
    torch = pytest.importorskip("torch", reason="torch is an extra")
    before = torch.get_num_threads()
    if request.param == "1 thread":
        monkeypatch.setattr(arrays, "threads_for", lambda size: 1)
        torch.set_num_threads(1)
    yield request.param
    torch.set_num_threads(before)


def torch_law(name):
    torch = pytest.importorskip("torch", reason="torch is an extra")
    laws = torch.distributions
    mean, cov, scales = (torch.tensor(x, dtype=torch.float64) for x in (MEAN, COV, SCALES))
    maps = [laws.transforms.ExpTransform()]
    if name == "normal vector":
        base = laws.MultivariateNormal(mean, cov)
        return laws.TransformedDistribution(base, maps, validate_args=False)
    entries = laws.TransformedDistribution(laws.Normal(mean, scales), maps, validate_args=False)
    return laws.Independent(entries, 1, validate_args=False)


def by_torch(name):
    import torch

    law = torch_law(name)

    def log_density(y):
        with torch.no_grad():
            return law.log_prob(torch.from_numpy(y)).numpy()

    return log_density


def by_scipy(name):
    x = stats.multivariate_normal(MEAN, COV if name == "normal vector" else np.diag(SCALES**2))

    def log_density(y):
        log = np.log(y)
        return x.logpdf(log) - log.sum(axis=-1)

    return log_density


DENSITIES = {"ours": lambda name: LAWS[name].logpdf, "torch": by_torch, "scipy": by_scipy}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("who", DENSITIES)
def test_log_density(benchmark, who, name, threads):
    y = LAWS[name].rvs(POINTS, rng=0)
    run = DENSITIES[who](name)
    np.testing.assert_allclose(run(y), LAWS[name].logpdf(y), rtol=1e-8, atol=1e-8)
    benchmark.group = f"log-density of a {name}, {threads}"
    benchmark(run, y)


def drawn_by_torch():
    law = torch_law("normal vector")
    return lambda: law.sample((DRAWS,)).numpy()


def drawn_by_numpy():
    return np.exp(np.random.default_rng(0).multivariate_normal(MEAN, COV, size=DRAWS, method="cholesky"))


DRAWERS = {
    "ours": lambda: lambda: LAWS["normal vector"].rvs(DRAWS, rng=0),
    "torch": drawn_by_torch,
    "numpy": lambda: drawn_by_numpy,
}


@pytest.mark.parametrize("who", DRAWERS)
def test_draws(benchmark, who, threads):
    run = DRAWERS[who]()
    gap = np.mean(np.log(run()), axis=0) - MEAN
    assert np.all(np.abs(gap) < 5 * SCALES / np.sqrt(DRAWS))
    benchmark.group = f"draws of a normal vector, {threads}"
    benchmark.pedantic(run, rounds=3)
