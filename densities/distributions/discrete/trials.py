"""Families of repeated trials: Bernoulli, binomial, geometric, negative binomial."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.distributions.base import register
from densities.distributions.continuous.incomplete import incomplete_beta, log_beta_terms, log_incomplete_beta
from densities.distributions.discrete.shared import CountableFamily
from densities.logmath import log1mexp
from densities.parameters import REQUIRED, count, positive, within


@register(
    "bernoulli",
    examples=[{"p": 0.3}, {"p": 1e-300}, {"p": 0.0}, {"p": 1.0}],
    source="Johnson, Kemp, Kotz, Univariate Discrete Distributions, ch. 3",
)
class Bernoulli(CountableFamily):
    """P(1) = p, P(0) = 1 - p; 0 <= p <= 1; everything to an ulp."""

    parameters = {"p": within(0.0, 1.0, REQUIRED, "probs", low_closed=True, high_closed=True)}
    latex_density = r"p^{k}(1-p)^{1-k},\quad k\in\{0,1\}"
    smooth = False

    def ends(self, p: Any) -> tuple[Any, Any]:
        return np.where(p == 1.0, 1.0, 0.0), np.where(p == 0.0, 0.0, 1.0)

    def middle(self, p: Any) -> Any:
        return np.where(p > 0.5, 1.0, 0.0)

    def _log_pmf(self, k: Any, p: Any) -> Any:
        return np.where(k > 0, np.log(p), np.log1p(-p))

    def _below(self, k: Any, p: Any) -> Any:
        return np.where(k >= 1, 1.0, np.where(k >= 0, 1.0 - p, 0.0))

    def _above(self, k: Any, p: Any) -> Any:
        return np.where(k >= 1, 0.0, np.where(k >= 0, p, 1.0))

    def _log_below(self, k: Any, p: Any) -> Any:
        return np.where(k >= 1, 0.0, np.where(k >= 0, np.log1p(-p), -np.inf))

    def _log_above(self, k: Any, p: Any) -> Any:
        return np.where(k >= 1, -np.inf, np.where(k >= 0, np.log(p), 0.0))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], p: Any) -> Any:
        return np.asarray(rng.random(shape) < p, dtype=float)

    def _mean(self, p: Any) -> Any:
        return p

    def _var(self, p: Any) -> Any:
        return p * (1.0 - p)

    def _mode(self, p: Any) -> Any:
        return np.where(p > 0.5, 1.0, 0.0)

    def _entropy(self, p: Any) -> Any:
        return special.entr(p) - special.xlog1py(1.0 - p, -p)


@register(
    "binomial",
    examples=[
        {"n": 20, "p": 0.3},
        {"n": 1, "p": 0.5},
        {"n": 10**6, "p": 1e-6},
        {"n": 10**9, "p": 0.4},
        {"n": 0, "p": 0.5},
    ],
    source="Johnson, Kemp, Kotz, ch. 3; NIST DLMF 8.17.5; saddle-point form: C. Loader (2000)",
)
class Binomial(CountableFamily):
    """P(k) = C(n, k) p^k (1 - p)^(n-k), k = 0 ... n; n >= 0 whole, 0 <= p <= 1.

    P(K <= k) = I_{1-p}(n - k, k + 1). Masses and tails to a few ulp of their logarithm's terms, at any depth.
    """

    parameters = {
        "n": count(0, REQUIRED, "total_count"),
        "p": within(0.0, 1.0, REQUIRED, "probs", low_closed=True, high_closed=True),
    }
    latex_density = r"\binom{n}{k}p^{k}(1-p)^{n-k},\quad k=0,\dots,n"

    def ends(self, n: Any, p: Any) -> tuple[Any, Any]:
        return np.where(p == 1.0, n, 0.0), np.where(p == 0.0, 0.0, n)

    def middle(self, n: Any, p: Any) -> Any:
        return np.rint(n * p)

    def _log_pmf(self, k: Any, n: Any, p: Any) -> Any:
        edge = (k <= 0) | (k >= n)
        inner = np.where(edge, 0.5 * n, k)
        log_x, log_y = np.log(p), np.log1p(-p)
        body = log_beta_terms(inner + 1.0, n - inner + 1.0, log_x, log_y, p, 1.0 - p) - (log_x + log_y + np.log1p(n))
        return np.where(edge, special.xlogy(k, p) + special.xlog1py(n - k, -p), body)

    def _below(self, k: Any, n: Any, p: Any) -> Any:
        k, known = inside(k, n)
        return np.where(known, incomplete_beta(n - k, k + 1.0, 1.0 - p, p), 1.0)

    def _above(self, k: Any, n: Any, p: Any) -> Any:
        k, known = inside(k, n)
        return np.where(known, incomplete_beta(k + 1.0, n - k, p, 1.0 - p), 0.0)

    def _log_below(self, k: Any, n: Any, p: Any) -> Any:
        k, known = inside(k, n)
        return np.where(known, log_incomplete_beta(n - k, k + 1.0, np.log1p(-p), np.log(p), 1.0 - p, p), 0.0)

    def _log_above(self, k: Any, n: Any, p: Any) -> Any:
        k, known = inside(k, n)
        return np.where(known, log_incomplete_beta(k + 1.0, n - k, np.log(p), np.log1p(-p), p, 1.0 - p), -np.inf)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], n: Any, p: Any) -> Any:
        return np.asarray(rng.binomial(np.asarray(n).astype(np.int64), p, shape), dtype=float)

    def _mean(self, n: Any, p: Any) -> Any:
        return n * p

    def _var(self, n: Any, p: Any) -> Any:
        return n * p * (1.0 - p)

    def _mode(self, n: Any, p: Any) -> Any:
        return np.minimum(np.floor((n + 1.0) * p), n)


def inside(k: Any, n: Any) -> tuple[Any, Any]:
    """k, and whether it is below n; n - 1 (or -1/2 for n = 0) where it is not, so that formulas stay quiet."""
    known = np.asarray(k) < n
    return np.where(known, k, np.maximum(n - 1.0, -0.5)), known


@register("geometric", examples=[{"p": 0.1}, {"p": 1.0}, {"p": 1e-9}], source="Johnson, Kemp, Kotz, ch. 5")
class Geometric(CountableFamily):
    """P(k) = p (1 - p)^(k-1), k = 1, 2, ...: the trial of the first success; 0 < p <= 1. P(K > k) = (1 - p)^k."""

    parameters = {"p": within(0.0, 1.0, REQUIRED, "probs", high_closed=True)}
    latex_density = r"p(1-p)^{k-1},\quad k=1,2,\dots"

    def ends(self, p: Any) -> tuple[Any, Any]:
        return np.ones_like(p), np.where(p == 1.0, 1.0, np.inf)

    def middle(self, p: Any) -> Any:
        return np.ceil(np.log(2.0) / p)

    def near(self, score: Any) -> Any:
        """Exactly where P(K > k) has the score."""
        with np.errstate(all="ignore"):
            return np.nan_to_num(special.log_ndtr(-score) / np.log1p(-self.params["p"]), nan=1.0, posinf=1e300)

    def _log_pmf(self, k: Any, p: Any) -> Any:
        return np.log(p) + special.xlog1py(k - 1.0, -p)

    def _below(self, k: Any, p: Any) -> Any:
        return -np.expm1(special.xlog1py(k, -p))

    def _above(self, k: Any, p: Any) -> Any:
        return np.exp(special.xlog1py(k, -p))

    def _log_below(self, k: Any, p: Any) -> Any:
        return log1mexp(special.xlog1py(k, -p))

    def _log_above(self, k: Any, p: Any) -> Any:
        return special.xlog1py(k, -p)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], p: Any) -> Any:
        return np.maximum(1.0, np.ceil(-rng.standard_exponential(shape) / np.log1p(-p)))

    def _mean(self, p: Any) -> Any:
        return 1.0 / p

    def _var(self, p: Any) -> Any:
        return (1.0 - p) / p / p

    def _mode(self, p: Any) -> Any:
        return np.ones_like(p)

    def _entropy(self, p: Any) -> Any:
        return -np.log(p) - special.xlog1py((1.0 - p) / p, -p)


@register(
    "negative_binomial",
    aliases=("nbinom",),
    examples=[{"n": 3.0, "p": 0.4}, {"n": 0.5, "p": 0.01}, {"n": 1e6, "p": 0.999}, {"n": 2.0, "p": 1.0}],
    source="Johnson, Kemp, Kotz, ch. 5; NIST DLMF 8.17",
)
class NegativeBinomial(CountableFamily):
    """P(k) = Γ(n + k)/(Γ(n) k!) p^n (1 - p)^k, k = 0, 1, ...: failures before the n-th success; n > 0, 0 < p <= 1.

    P(K <= k) = I_p(n, k + 1).
    """

    parameters = {
        "n": positive(REQUIRED, "r", "total_count"),
        "p": within(0.0, 1.0, REQUIRED, "probs", high_closed=True),
    }
    latex_density = r"\frac{\Gamma(n+k)}{\Gamma(n)\,k!}p^{n}(1-p)^{k},\quad k=0,1,\dots"

    def ends(self, n: Any, p: Any) -> tuple[Any, Any]:
        return np.zeros_like(p + n), np.where(p + 0.0 * n == 1.0, 0.0, np.inf)

    def middle(self, n: Any, p: Any) -> Any:
        return np.floor(n * (1.0 - p) / p)

    def _log_pmf(self, k: Any, n: Any, p: Any) -> Any:
        log_x, log_y = np.log(p), np.log1p(-p)
        body = log_beta_terms(n, np.maximum(k, 0.0) + 1.0, log_x, log_y, p, 1.0 - p) - (log_y + np.log(n + k))
        return np.where(k <= 0, n * log_x, body)

    def _below(self, k: Any, n: Any, p: Any) -> Any:
        return incomplete_beta(n, k + 1.0, p, 1.0 - p)

    def _above(self, k: Any, n: Any, p: Any) -> Any:
        return incomplete_beta(k + 1.0, n, 1.0 - p, p)

    def _log_below(self, k: Any, n: Any, p: Any) -> Any:
        return log_incomplete_beta(n, k + 1.0, np.log(p), np.log1p(-p), p, 1.0 - p)

    def _log_above(self, k: Any, n: Any, p: Any) -> Any:
        return log_incomplete_beta(k + 1.0, n, np.log1p(-p), np.log(p), 1.0 - p, p)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], n: Any, p: Any) -> Any:
        rate = rng.standard_gamma(np.broadcast_to(n, shape)) * ((1.0 - p) / p)
        return np.asarray(rng.poisson(rate), dtype=float) if np.max(rate, initial=0.0) < 1e18 else np.floor(rate)

    def _mean(self, n: Any, p: Any) -> Any:
        return n * (1.0 - p) / p

    def _var(self, n: Any, p: Any) -> Any:
        return n * (1.0 - p) / p / p

    def _mode(self, n: Any, p: Any) -> Any:
        return np.maximum(np.floor((n - 1.0) * (1.0 - p) / p), 0.0)


__all__ = ["Bernoulli", "Binomial", "Geometric", "NegativeBinomial"]
