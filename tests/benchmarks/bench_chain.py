"""The log-density through Normal > affine > exp > log1p > sinh-arcsinh: ours, NumPy by hand, torch.distributions.

    pytest tests/benchmarks/bench_chain.py --benchmark-enable -n0

Each is checked equal before it is timed; read the ratios of one run, never milliseconds.
"""

import numpy as np
import pytest

import densities as dn

SIZES = (1_000, 1_000_000)


def law():
    return dn.Normal() >> dn.Affine(0.5, 0.8) >> dn.Exp() >> dn.parse("log1p") >> dn.SinhArcsinh(0.5, 1.25)


def by_hand(y):
    w = np.sinh(np.arcsinh(y) / 1.25 - 0.5)
    z = (np.log(np.expm1(w)) - 0.5) / 0.8
    log_det = 0.5 * np.log1p(w * w) - 0.5 * np.log1p(y * y) + w - np.log(np.expm1(w)) - np.log(0.8 * 1.25)
    return -0.5 * z * z - 0.5 * np.log(2 * np.pi) + log_det


def by_torch():
    torch = pytest.importorskip("torch", reason="torch is an extra")
    laws = torch.distributions
    transforms, constraints = laws.transforms, laws.constraints
    torch.set_num_threads(1)

    class Log1p(transforms.Transform):
        domain, codomain, bijective, sign = constraints.positive, constraints.positive, True, 1

        def _inverse(self, y):
            return torch.expm1(y)

        def log_abs_det_jacobian(self, x, y):
            return -y

    class SinhArcsinh(transforms.Transform):
        domain, codomain, bijective, sign = constraints.real, constraints.real, True, 1

        def _inverse(self, y):
            return torch.sinh(torch.asinh(y) / 1.25 - 0.5)

        def log_abs_det_jacobian(self, x, y):
            return 0.5 * torch.log1p(y * y) - 0.5 * torch.log1p(x * x) + np.log(1.25)

    zero, one = torch.tensor(0.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64)
    steps = [transforms.AffineTransform(0.5, 0.8), transforms.ExpTransform(), Log1p(), SinhArcsinh()]
    pushed = laws.TransformedDistribution(laws.Normal(zero, one), steps, validate_args=False)

    def log_density(y):
        with torch.no_grad():
            return pushed.log_prob(torch.from_numpy(y)).numpy()

    return log_density


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("who", ["ours", "numpy", "torch"])
def test_log_density(benchmark, who, size):
    y = law().rvs(size, rng=0)
    run = {"ours": lambda: law().logpdf, "numpy": lambda: by_hand, "torch": by_torch}[who]()
    np.testing.assert_allclose(run(y), law().logpdf(y), rtol=1e-9)
    benchmark.group = f"{size} points"
    benchmark(run, y)
