"""Families of counts without an upper end: Poisson, zeta."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.arrays import quiet
from densities.distributions.base import register
from densities.distributions.continuous.incomplete import (
    log_gamma_terms,
    log_lower_gamma,
    log_upper_gamma,
    lower_gamma,
    upper_gamma,
)
from densities.distributions.continuous.shared import LOG2
from densities.distributions.discrete.shared import CountableFamily
from densities.parameters import REQUIRED, within
from densities.precise import precisely

# B_2j/(2j)!, of the Euler-Maclaurin sum.
BERNOULLI = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600)
# Terms of Σ (q + j)^-a that are added one by one before the Euler-Maclaurin sum takes over.
LEADING = 16
HEAD = 64


@register(
    "poisson",
    examples=[{"mu": 3.0}, {"mu": 1e-10}, {"mu": 1e10}, {"mu": 0.0}],
    source="Johnson, Kemp, Kotz, ch. 4; NIST DLMF 8.2; C. Loader (2000)",
)
class Poisson(CountableFamily):
    """P(k) = mu^k e^-mu/k!, k = 0, 1, ...; mu >= 0.

    P(K <= k) = Q(k + 1, mu), the incomplete gamma function; masses by the saddle-point form, without cancellation.
    """

    parameters = {"mu": within(0.0, np.inf, REQUIRED, "rate", "lam", low_closed=True)}
    latex_density = r"\frac{\mu^{k}e^{-\mu}}{k!},\quad k=0,1,\dots"

    def ends(self, mu: Any) -> tuple[Any, Any]:
        return np.zeros_like(mu), np.where(mu == 0.0, 0.0, np.inf)

    def middle(self, mu: Any) -> Any:
        return np.floor(mu)

    def _log_pmf(self, k: Any, mu: Any) -> Any:
        return np.where(k <= 0, -mu, log_gamma_terms(mu, np.maximum(k, 0.0) + 1.0, -1.0))

    def _below(self, k: Any, mu: Any) -> Any:
        return upper_gamma(k + 1.0, mu)

    def _above(self, k: Any, mu: Any) -> Any:
        return lower_gamma(k + 1.0, mu)

    def _log_below(self, k: Any, mu: Any) -> Any:
        return log_upper_gamma(k + 1.0, mu)

    def _log_above(self, k: Any, mu: Any) -> Any:
        return log_lower_gamma(k + 1.0, mu)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], mu: Any) -> Any:
        return np.asarray(rng.poisson(mu, shape), dtype=float)

    def _mean(self, mu: Any) -> Any:
        return mu

    def _var(self, mu: Any) -> Any:
        return mu

    def _mode(self, mu: Any) -> Any:
        return np.floor(mu)


def euler_maclaurin(a: Any, q: Any) -> Any:
    """q^a Σ_{j>=0} (q + j)^-a - q/(a - 1) for large q: 1/2 + a/(12 q) - ... (NIST DLMF 25.11.43)."""
    term, total = a / q, 0.5
    for j, coefficient in enumerate(BERNOULLI):
        total = total + coefficient * term
        term = term * (a + (2 * j + 1)) * (a + (2 * j + 2)) / (q * q)
    return total


@precisely(lambda a, q: np.log(special.zeta(a, q)))
def log_hurwitz(a: Any, q: Any) -> Any:
    """log Σ_{j>=0} (q + j)^-a for a > 1 and q >= 1, at any depth: 16 terms and the Euler-Maclaurin sum of the rest."""
    far = q + LEADING
    more = np.log1p((a - 1.0) / far * euler_maclaurin(a, far))
    rest = np.log(far) - np.log(a - 1.0) + more - a * np.log1p(LEADING / q)
    leading = sum(np.exp(-a * np.log1p(j / q)) for j in range(LEADING))
    return np.logaddexp(np.log(leading), rest) - a * np.log(q)


@precisely(lambda a, k: special.zeta(a) - special.zeta(a, k + 1.0))
def harmonic(a: Any, k: Any) -> Any:
    """Σ_{j=1..k} j^-a: 64 terms, and the difference of two Euler-Maclaurin sums without cancellation."""
    head = sum(np.where(k >= j, float(j) ** -a, 0.0) for j in range(1, HEAD + 1))
    start, end = HEAD + 1.0, np.maximum(k, HEAD) + 1.0
    integral = start ** (1.0 - a) * -np.expm1((1.0 - a) * np.log(end / start)) / (a - 1.0)
    more = integral + start**-a * euler_maclaurin(a, start) - end**-a * euler_maclaurin(a, end)
    return head + np.where(k > HEAD, more, 0.0)


@register(
    "zipf",
    aliases=("zeta",),
    examples=[{"a": 2.1}, {"a": 1.001}, {"a": 30.0}],
    source="Johnson, Kemp, Kotz, ch. 11; NIST DLMF 25.11",
)
class Zipf(CountableFamily):
    """P(k) = k^-a/ζ(a), k = 1, 2, ...; a > 1. P(K > k) = ζ(a, k + 1)/ζ(a), by Euler-Maclaurin sums at any depth."""

    parameters = {"a": within(1.0, np.inf, REQUIRED, "s")}
    latex_density = r"\frac{k^{-a}}{\zeta(a)},\quad k=1,2,\dots"

    def ends(self, a: Any) -> tuple[Any, Any]:
        return np.ones_like(a), np.full_like(a, np.inf)

    def middle(self, a: Any) -> Any:
        return np.exp(np.minimum(np.log(2.0) / (a - 1.0), 600.0))

    def _log_zeta(self, a: Any) -> Any:
        return np.log1p(special.zetac(a))

    def _log_pmf(self, k: Any, a: Any) -> Any:
        return -a * np.log(k) - self._log_zeta(a)

    def _log_tail(self, k: Any, a: Any) -> Any:
        return np.where(k < 1.0, 0.0, log_hurwitz(a, np.maximum(k, 0.0) + 1.0) - self._log_zeta(a))

    def _log_above(self, k: Any, a: Any) -> Any:
        log = self._log_tail(k, a)
        return np.where(log < -LOG2, log, np.log1p(-self._below(k, a)))

    def _above(self, k: Any, a: Any) -> Any:
        return np.exp(self._log_tail(k, a))

    def _below(self, k: Any, a: Any) -> Any:
        above = self._above(k, a)
        return np.where(above < 0.1, 1.0 - above, harmonic(a, k) / np.exp(self._log_zeta(a)))

    def _log_below(self, k: Any, a: Any) -> Any:
        above = self._above(k, a)
        return np.where(above < 0.5, np.log1p(-above), np.log(self._below(k, a)))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], a: Any) -> Any:
        """Devroye (1986), ch. X.6: the whole part of a Pareto variable, accepted where the masses are not below it; inf
        beyond the doubles.
        """
        found = np.zeros(shape)
        a = np.broadcast_to(a, shape)
        open_ = np.ones(shape, dtype=bool)
        with quiet():
            while open_.any():
                power = a[open_] - 1.0
                k = np.floor(np.exp(rng.standard_exponential(len(power)) / power))
                near = np.minimum(k, 1e300)
                rise = np.expm1(power * np.log1p(1.0 / near))
                good = rng.random(len(power)) * near * rise / np.expm1(power * LOG2) <= (1.0 + rise) / 2.0**power
                places = np.flatnonzero(open_)[good]
                found.flat[places] = k[good]
                open_.flat[places] = False
        return found

    def _mean(self, a: Any) -> Any:
        return np.where(a > 2.0, special.zeta(np.maximum(a - 1.0, 1.0)) / special.zeta(a), np.inf)

    def _var(self, a: Any) -> Any:
        """(ζ(a - 2) ζ(a) - ζ(a - 1)²)/ζ(a)², from ζ - 1, which does not cancel where a is large."""
        own, first, second = (special.zetac(np.maximum(a - n, 1.0)) for n in (0.0, 1.0, 2.0))
        spread = second + own - 2.0 * first + second * own - first * first
        return np.where(a > 3.0, spread / (1.0 + own) ** 2, np.inf)

    def _mode(self, a: Any) -> Any:
        return np.ones_like(a)


__all__ = ["Poisson", "Zipf"]
