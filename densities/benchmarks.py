"""How fast this library is on this machine, beside the same by hand and by the libraries that are installed.

Every peer is checked equal before it is timed. Times are medians of runs that take turns, so that a machine that gets
slower in between slows all of them; read the ratios.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from densities.divergences import kl
from densities.errors import ParameterError, argument_error
from densities.expressions import parse_distribution

__all__ = ["CHAINS", "PEERS", "Timing", "by_numpy", "by_numpyro", "by_torch", "formulas", "timings"]

CHAINS = {
    "log1p": "normal(0, 1) >> affine(0.5, 0.8) >> exp >> shift(1) >> log",
    "sinh-arcsinh": "normal(0, 1) >> affine(0.5, 0.8) >> exp >> log1p >> sinh_arcsinh(0.5, 1.25)",
    "sigmoid": "normal(0, 1) >> affine(0.5, 0.8) >> softplus >> power(1.5) >> sigmoid",
}
PEERS = ("numpy", "scipy.stats", "torch", "numpyro")
# Rounds of all peers of a workload, and the seconds after which no further round begins.
ROUNDS, SECONDS = 7, 2.5


@dataclass(frozen=True)
class Timing:
    """Seconds of one workload, ours and those of each peer by name."""

    workload: str
    ours: float
    peers: Mapping[str, float]

    @property
    def ratios(self) -> dict[str, float]:
        """Ours over each peer's: below 1 is faster."""
        return {name: self.ours / seconds for name, seconds in self.peers.items()}


class Workload(NamedTuple):
    """What ours and each peer make of the same points; answers may differ by `tolerance`, relative beyond 1."""

    name: str
    ours: Callable
    peers: Mapping[str, Callable]
    points: np.ndarray
    tolerance: float = 1e-6


def formulas(xp: Any) -> dict[str, Callable[[Any], Any]]:
    """The log-density of each chain written out, by the functions of an array library."""
    constant = 0.5 * np.log(2 * np.pi) + np.log(0.8)

    def log1p(y: Any) -> Any:
        x = xp.log(xp.expm1(y))
        z = (x - 0.5) / 0.8
        return -0.5 * z * z - constant + y - x

    def sinh_arcsinh(y: Any) -> Any:
        w = xp.sinh(xp.arcsinh(y) / 1.25 - 0.5)
        x = xp.log(xp.expm1(w))
        z = (x - 0.5) / 0.8
        log_det = 0.5 * xp.log1p(w * w) - 0.5 * xp.log1p(y * y) + w - x - np.log(1.25)
        return -0.5 * z * z - constant + log_det

    def sigmoid(y: Any) -> Any:
        log_y, log_rest = xp.log(y), xp.log1p(-y)
        u = log_y - log_rest
        s = u ** (2 / 3)
        log_slope = xp.log(-xp.expm1(-s))
        z = (s + log_slope - 0.5) / 0.8
        return -0.5 * z * z - constant - log_y - log_rest + np.log(2 / 3) - xp.log(u) / 3 - log_slope

    return {"log1p": log1p, "sinh-arcsinh": sinh_arcsinh, "sigmoid": sigmoid}


by_numpy = formulas(np)


def by_torch(chain: str) -> Callable[[np.ndarray], np.ndarray]:
    """The log-density of a chain by torch.distributions, on one thread."""
    torch = import_module("torch")
    torch.set_num_threads(1)
    laws = torch.distributions
    maps, sets = laws.transforms, laws.constraints

    class Log1p(maps.Transform):  # type: ignore[name-defined]
        domain, codomain, bijective, sign = sets.positive, sets.positive, True, 1

        def _inverse(self, y: Any) -> Any:
            return torch.expm1(y)

        def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
            return -y

    class SinhArcsinh(maps.Transform):  # type: ignore[name-defined]
        domain, codomain, bijective, sign = sets.real, sets.real, True, 1

        def _inverse(self, y: Any) -> Any:
            return torch.sinh(torch.asinh(y) / 1.25 - 0.5)

        def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
            return 0.5 * torch.log1p(y * y) - 0.5 * torch.log1p(x * x) + np.log(1.25)

    rest = {
        "log1p": [maps.ExpTransform(), maps.AffineTransform(1.0, 1.0), maps.ExpTransform().inv],
        "sinh-arcsinh": [maps.ExpTransform(), Log1p(), SinhArcsinh()],
        "sigmoid": [
            maps.SoftplusTransform(),
            maps.PowerTransform(torch.tensor(1.5, dtype=torch.float64)),
            maps.SigmoidTransform(),
        ],
    }
    zero, one = torch.tensor(0.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64)
    pushed = laws.TransformedDistribution(
        laws.Normal(zero, one), [maps.AffineTransform(0.5, 0.8), *rest[chain]], validate_args=False
    )

    def log_density(y: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return pushed.log_prob(torch.from_numpy(y)).numpy()

    return log_density


def by_numpyro(chain: str) -> Callable[[np.ndarray], np.ndarray]:
    """The log-density of a chain by numpyro.distributions, compiled by JAX."""
    jax, laws = import_module("jax"), import_module("numpyro.distributions")
    jax.config.update("jax_enable_x64", True)
    jnp, maps, sets = jax.numpy, laws.transforms, laws.constraints

    class Log1p(maps.ParameterFreeTransform):  # type: ignore[name-defined]
        domain, codomain = sets.positive, sets.positive

        def _inverse(self, y: Any) -> Any:
            return jnp.expm1(y)

        def log_abs_det_jacobian(self, x: Any, y: Any, intermediates: Any = None) -> Any:
            return -y

    class SinhArcsinh(maps.ParameterFreeTransform):  # type: ignore[name-defined]
        domain, codomain = sets.real, sets.real

        def _inverse(self, y: Any) -> Any:
            return jnp.sinh(jnp.arcsinh(y) / 1.25 - 0.5)

        def log_abs_det_jacobian(self, x: Any, y: Any, intermediates: Any = None) -> Any:
            return 0.5 * jnp.log1p(y * y) - 0.5 * jnp.log1p(x * x) + np.log(1.25)

    rest = {
        "log1p": [maps.ExpTransform(), maps.AffineTransform(1.0, 1.0), maps.ExpTransform().inv],
        "sinh-arcsinh": [maps.ExpTransform(), Log1p(), SinhArcsinh()],
        "sigmoid": [maps.SoftplusTransform(), maps.PowerTransform(1.5), maps.SigmoidTransform()],
    }
    pushed = laws.TransformedDistribution(laws.Normal(0.0, 1.0), [maps.AffineTransform(0.5, 0.8), *rest[chain]])
    compiled = jax.jit(pushed.log_prob)
    return lambda y: np.asarray(compiled(y))


def _by_frozen_scipy(y: np.ndarray) -> np.ndarray:
    """The cdf of log(1 + e^X) by a frozen normal of scipy.stats and the map by hand."""
    return import_module("scipy.stats").norm(0.5, 0.8).cdf(np.log(np.expm1(y)))


def _torch_draws(n: int) -> Callable[[np.ndarray], Any]:
    torch = import_module("torch")
    torch.set_num_threads(1)

    def draw(_: np.ndarray) -> Any:
        x = torch.randn(n, dtype=torch.float64)
        return torch.log(torch.exp(x * 0.8 + 0.5) + 1.0).numpy()

    return draw


def _log_density(chain: str, n: int) -> Workload:
    law = parse_distribution(CHAINS[chain])
    peers = {"numpy": by_numpy[chain]}
    if find_spec("torch"):
        peers["torch"] = by_torch(chain)
    if find_spec("numpyro"):
        peers["numpyro"] = by_numpyro(chain)
    return Workload(f"log-density, {chain} chain, {n:.0e} points", law.logpdf, peers, law.rvs(n, rng=0))


def _draws(n: int) -> Workload:
    """Draws: nothing to compare but their mean."""
    law = parse_distribution(CHAINS["log1p"])

    def by_hand(_: np.ndarray) -> Any:
        return np.log1p(np.exp(0.5 + 0.8 * np.random.default_rng(0).standard_normal(n)))

    peers: dict[str, Callable] = {"numpy": by_hand}
    if find_spec("torch"):
        peers["torch"] = _torch_draws(n)
    return Workload(f"{n:.0e} draws, log1p chain", lambda _: law.rvs(n, rng=0), peers, np.empty(0), 5.0 / np.sqrt(n))


def _monte_carlo(n: int) -> Workload:
    """D(LogNormal(0, 1)‖Gamma(2, 1)) and its standard error from n plain draws."""
    p, q = (parse_distribution(text) for text in ("log_normal(0, 1)", "gamma(2, 1)"))

    def ours(_: np.ndarray) -> Any:
        return kl(p, q, method="montecarlo", scheme="plain", n=n, rng=0).value

    def by_hand(_: np.ndarray) -> Any:
        z = np.random.default_rng(0).standard_normal(n)
        x = np.exp(z)
        t = (-0.5 * z * z - 0.5 * np.log(2 * np.pi) - z) - (z - x)
        return t.mean() + 0.0 * t.std()

    def by_torch(_: np.ndarray) -> Any:
        torch = import_module("torch")
        laws, of = torch.distributions, lambda x: torch.tensor(x, dtype=torch.float64)
        with torch.no_grad():
            a, b = laws.LogNormal(of(0.0), of(1.0)), laws.Gamma(of(2.0), of(1.0))
            x = a.sample((n,))
            t = a.log_prob(x) - b.log_prob(x)
            return float(t.mean()) + 0.0 * float(t.std())

    peers: dict[str, Callable] = {"numpy": by_hand}
    if find_spec("torch"):
        peers["torch"] = by_torch
    return Workload(f"KL by Monte Carlo, {n:.0e} draws", ours, peers, np.empty(0), 10.0 / np.sqrt(n))


def _quadrature() -> Workload:
    """D(Normal(m, 1)‖Laplace(0, 1)) for ten m, one after another, to ten digits."""
    centres = np.linspace(0.0, 2.0, 10)

    p, q = (parse_distribution(text) for text in ("normal(0, 1)", "laplace(0, 1)"))

    def ours(m: np.ndarray) -> np.ndarray:
        return np.array([kl(p.replace(loc=x), q, method="quadrature").value for x in m.tolist()])

    def by_hand(m: np.ndarray) -> np.ndarray:
        quad = import_module("scipy.integrate").quad

        def integrand(x: float, m: float) -> float:
            log_p, log_q = -0.5 * (x - m) ** 2 - 0.5 * math.log(2 * math.pi), -abs(x) - math.log(2)
            return math.exp(log_p) * (log_p - log_q)

        return np.array(
            [quad(integrand, -30, 30, (x,), points=[0.0, x], epsabs=0, epsrel=1e-10)[0] for x in m.tolist()]
        )

    def by_frozen_scipy(m: np.ndarray) -> np.ndarray:
        quad, stats = import_module("scipy.integrate").quad, import_module("scipy.stats")
        q, found = stats.laplace(0, 1), []
        for centre in m.tolist():
            p = stats.norm(centre, 1)

            def integrand(x: float, p: Any = p) -> float:
                return p.pdf(x) * (p.logpdf(x) - q.logpdf(x))

            found.append(quad(integrand, -30, 30, points=[0.0, centre], epsabs=0, epsrel=1e-10)[0])
        return np.array(found)

    return Workload("10 KLs by quadrature", ours, {"numpy": by_hand, "scipy.stats": by_frozen_scipy}, centres)


def workloads(n: int) -> list[Workload]:
    """At n points; ours and the peers agree on each."""
    law = parse_distribution(CHAINS["log1p"])
    y, q = law.rvs(n, rng=0), np.random.default_rng(1).random(n)
    masses = {
        "numpy": lambda y: special.ndtr((np.log(np.expm1(y)) - 0.5) / 0.8),
        "scipy.stats": _by_frozen_scipy,
    }
    quantiles = {
        "numpy": lambda q: np.log1p(np.exp(0.5 + 0.8 * special.ndtri(q))),
        "scipy.stats": lambda q: np.log1p(np.exp(import_module("scipy.stats").norm(0.5, 0.8).ppf(q))),
    }
    return [
        *(_log_density(chain, size) for chain in CHAINS for size in (n, 1000)),
        Workload(f"cdf, log1p chain, {n:.0e} points", law.cdf, masses, y),
        Workload(f"quantiles, log1p chain, {n:.0e} points", law.ppf, quantiles, q),
        _draws(n),
        _monte_carlo(n),
        _quadrature(),
    ]


def timings(n: int = 1_000_000, rounds: int = ROUNDS, progress: Callable[[str], None] = lambda _: None) -> list[Timing]:
    """The workloads at n points, timed; raises AssertionError where a peer disagrees, ParameterError for n < 1000."""
    if n < 1000:
        raise ParameterError(argument_error("n", "at least 1000 points", n))
    found = []
    for work in workloads(n):
        progress(work.name)
        check_equal(work)
        found.append(timed(work, rounds))
    return found


def check_equal(work: Workload) -> None:
    """Raises AssertionError where a peer's answer, or the mean of what it draws, differs by more than the tolerance."""
    compared: Callable = np.asarray if work.points.size else np.mean
    with np.errstate(all="ignore"):
        truth = compared(work.ours(work.points))
        for peer, run in work.peers.items():
            gap = np.max(np.abs(compared(run(work.points)) - truth) / np.maximum(np.abs(truth), 1.0))
            assert gap < work.tolerance, f"{work.name}: {peer} differs by {gap}"


def timed(work: Workload, rounds: int = ROUNDS) -> Timing:
    """Medians over rounds in which each runs once, or often enough to take half a millisecond."""
    points = work.points
    runs: Sequence[Callable] = [work.ours, *work.peers.values()]
    repeats = max(1, 100_000 // points.size) if points.size >= 1000 else 1
    seconds: list[list[float]] = [[] for _ in runs]
    end = time.perf_counter() + SECONDS
    with np.errstate(all="ignore"):
        for turn in range(rounds + 1):
            for run, kept in zip(runs, seconds, strict=True):
                start = time.perf_counter()
                for _ in range(repeats):
                    run(points)
                if turn:  # the first one warms up
                    kept.append((time.perf_counter() - start) / repeats)
            if turn > 2 and time.perf_counter() > end:
                break
    medians = [float(np.median(kept)) for kept in seconds]
    return Timing(work.name, medians[0], dict(zip(work.peers, medians[1:], strict=True)))
