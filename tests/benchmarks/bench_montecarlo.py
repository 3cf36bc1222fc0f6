"""Monte Carlo of D(LogNormal(0, 1)‖Gamma(2, 1)) with 10⁶ samples, and to a standard error of 1e-4: ours and torch by hand.

    pytest tests/benchmarks/bench_montecarlo.py --benchmark-enable -n0

Both are checked against the closed form before they are timed; read the ratios of one run, never milliseconds.
"""

import numpy as np
import pytest

import densities as dn

N = 1_000_000
P, Q = dn.LogNormal(0, 1), dn.Gamma(2, 1)


def ours(scheme):
    def run(n):
        found = dn.kl(P, Q, method="montecarlo", n=n, rng=0, scheme=scheme)
        return found.value, found.error

    return run


def by_torch():
    torch = pytest.importorskip("torch", reason="torch is an extra")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    laws, of = torch.distributions, lambda x: torch.tensor(x, dtype=torch.float64)
    p, q = laws.LogNormal(of(0.0), of(1.0)), laws.Gamma(of(2.0), of(1.0))

    def run(n):
        with torch.no_grad():
            x = p.sample((n,))
            t = p.log_prob(x) - q.log_prob(x)
            return float(t.mean()), float(t.std()) / np.sqrt(n)

    return run


MAKERS = {"ours, sobol": lambda: ours("sobol"), "ours, plain": lambda: ours("plain"), "torch": by_torch}


@pytest.mark.parametrize("who", MAKERS)
def test_a_million_samples(benchmark, who):
    run = MAKERS[who]()
    found, error = run(N)
    assert abs(found - dn.kl(P, Q).value) < 4.5 * error
    benchmark.group = "a million samples"
    benchmark.extra_info["standard error"] = error
    benchmark(run, N)


@pytest.mark.parametrize(("who", "n"), [("ours, sobol", 2**15), ("ours, plain", 2**25), ("torch", 2**27)])
def test_to_a_standard_error_of_a_ten_thousandth(benchmark, who, n):
    """The draws that each takes; torch goes through its own in blocks of 2^18."""
    run = MAKERS[who]()
    blocks = 1 if who.startswith("ours") else n // 2**18

    def whole():
        parts = [run(n // blocks) for _ in range(blocks)]
        mean, error = np.mean(parts, axis=0)
        return mean, error / np.sqrt(blocks)

    benchmark.group = "to a standard error of 1e-4"
    found, error = benchmark.pedantic(whole, rounds=1)
    assert error <= 1e-4
    assert abs(found - dn.kl(P, Q).value) < 4.5 * error
