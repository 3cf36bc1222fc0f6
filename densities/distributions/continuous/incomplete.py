"""Gamma and beta functions and their incomplete integrals, without cancellation for large parameters and with their
logarithms far past underflow.

Tails are a density times a continued fraction (a Mills ratio), which converges the faster the deeper the tail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from densities import precise
from densities.anchored import Anchored, choose, log_abs, multiply_add, two_sum, value
from densities.backends import xlogy
from densities.distributions.continuous.shared import (
    HALF_LOG_2PI,
    ORDINARY,
    branched,
    by_log_newton,
    by_need,
    deviance,
    either,
    log_of_tail,
    patched,
)
from densities.logmath import log1p_minus_x
from densities.precise import precisely

# Below this share, or beside 0, a tail is taken from its continued fraction; SciPy's own loses digits there.
RARE, TINY = 1e-5, 1e-290
# Stirling: log Γ(a) = (a - 1/2) log a - a + log √(2π) + remainder; NIST DLMF 5.11.1, to 1e-17 for a >= 10.
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)
# log x - 1/(2x) - ψ(x) = Σ d_k/x^2k, DLMF 5.11.2, to 1e-17 for x >= 10.
DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160)

# With both parameters of a beta law above this its density is nearly a normal one, and Gauss rules on these shares of
# 40 decay lengths, e^-5, e^-13, e^-23 and e^-40, give its tails. Rules of more points lose digits in NumPy's weights.
MANY = 1e3
ENDS = np.array([0.0, 0.125, 0.325, 0.575, 1.0])
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)
BELL_NODES = np.ravel(ENDS[:-1, None] + np.diff(ENDS)[:, None] * (0.5 + 0.5 * NODES))
BELL_WEIGHTS = np.ravel(np.diff(ENDS)[:, None] * 0.5 * WEIGHTS)


@precisely(lambda a: special.gammaln(a) - ((a - 0.5) * np.log(a) - a + HALF_LOG_2PI))
def stirling(a: Any) -> Any:
    """log Γ(a) - ((a - 1/2) log a - a + log √(2π)), for a > 0."""
    many = a >= 10.0
    large, small = np.where(many, a, 10.0), np.where(many, 10.0, a)
    inverse = 1.0 / (large * large)
    series = np.polynomial.polynomial.polyval(inverse, STIRLING, tensor=False) / large
    direct = special.gammaln(small) - ((small - 0.5) * np.log(small) - small + HALF_LOG_2PI)
    return np.where(many, series, direct)


@precisely(lambda a: np.log(a) - 0.5 / a - special.digamma(a))
def digamma_remainder(a: Any) -> Any:
    """log a - 1/(2a) - ψ(a), for a > 0; NIST DLMF 5.11.2."""
    many = a >= 10.0
    large, small = np.where(many, a, 10.0), np.where(many, 10.0, a)
    inverse = 1.0 / np.square(large)
    series = inverse * np.polynomial.polynomial.polyval(inverse, DIGAMMA, tensor=False)
    return np.where(many, series, np.log(small) - 0.5 / small - special.digamma(small))


def gamma_entropy(a: Any) -> Any:
    """Entropy of the gamma law: a + log Γ(a) + (1 - a) ψ(a) = log(2πea)/2 + ..., in nats."""
    inverse = 0.5 / a
    return 0.5 * np.log(a) + HALF_LOG_2PI + 0.5 - inverse + stirling(a) + (a - 1.0) * digamma_remainder(a)


def gamma_ratio_remainder(a: Any, b: Any) -> Any:
    """log Γ(a + b) - log Γ(a) - b log a, for a > 0 and b >= 0; to relative accuracy for large a."""
    growth = b / a
    return a * log1p_minus_x(growth) + (b - 0.5) * np.log1p(growth) + stirling(a + b) - stirling(a)


def log_gamma_ratio(a: Any, b: Any) -> Any:
    """log Γ(a + b) - log Γ(a) for a >= 10 and b >= 0."""
    return gamma_ratio_remainder(a, b) + b * np.log(a)


@precisely(special.betaln)
def log_beta(a: Any, b: Any) -> Any:
    """log B(a, b), to a few ulp of the terms that remain once the large ones have cancelled."""
    small, large = np.minimum(a, b), np.maximum(a, b)

    def both_small() -> Any:
        return special.betaln(a, b)

    def one_large() -> Any:
        return special.gammaln(small) - log_gamma_ratio(np.maximum(large, 10.0), small)

    def both_large() -> Any:
        ratio = small / large
        return (
            HALF_LOG_2PI
            - 0.5 * np.log(large)
            + (small - 0.5) * (np.log(ratio) - np.log1p(ratio))
            - large * np.log1p(ratio)
            + stirling(small)
            + stirling(large)
            - stirling(small + large)
        )

    return either(large < 10.0, both_small, lambda: either(small < 10.0, one_large, both_large))


def lentz(step: Callable[[int], tuple[Any, Any]], first: Any, steps: int = 2000) -> Any:
    """first + a_1/(b_1 + a_2/(b_2 + ...)) with (a_n, b_n) = step(n), by the modified Lentz algorithm."""
    tiny = 1e-300
    fraction = np.asarray(np.where(first == 0, tiny, first), dtype=float)
    c, d = fraction, np.zeros_like(fraction)
    for n in range(1, steps):
        numerator, denominator = step(n)
        d = denominator + numerator * d
        d = 1.0 / np.where(d == 0, tiny, d)
        c = denominator + numerator / c
        c = np.where(c == 0, tiny, c)
        change = c * d
        fraction = fraction * change
        if not np.any(np.abs(change - 1.0) > 7e-16):
            break
    return fraction


def upper_gamma_ratio(a: Any, x: Any) -> Any:
    """Γ(a, x) e^x x^(1-a) for x > a: NIST DLMF 8.9.2; 1 at inf."""
    x = np.minimum(value(x), 1e290)
    return x / lentz(lambda n: (n * (a - n), x - a + (2 * n + 1)), x - a + 1.0)


def lower_gamma_ratio(a: Any, x: Any) -> Any:
    """γ(a, x) e^x x^-a for x < a + 1: the M-fraction 1/(a - x + x/(a + 1 - x + 2x/(a + 2 - x + ...)))."""
    x = value(x)
    return 1.0 / lentz(lambda n: (n * x, a + n - x), a - x)


@precisely(lambda z, a, power=0.0: special.xlogy(a + power, z) - z - special.gammaln(a))
def log_gamma_terms(z: Any, a: Any, power: Any = 0.0) -> Any:
    """log of z^(a + power) e^-z/Γ(a); for a >= 10 as a(log r - r + 1) with r = z/a, which does not cancel near the mode."""

    def direct(z: Any, a: Any) -> Any:
        return xlogy(a + power, z) - z - special.gammaln(a)

    def by_deviance(z: Any, a: Any) -> Any:
        rest = 0.5 * np.log(a) - HALF_LOG_2PI - stirling(a)
        return deviance(z, a) * a + (xlogy(power, z) + rest)

    terms = branched(np.less(a, 10.0), direct, by_deviance, 10.0, z, a)
    if not isinstance(z, Anchored):
        return terms
    return choose(np.isposinf(log_abs(z)), -z, terms)  # the logarithm of z is beyond the doubles too


def log_upper_gamma_deep(a: Any, z: Any) -> Any:
    return log_gamma_terms(z, a, -1.0) + np.log(upper_gamma_ratio(a, z))


def log_lower_gamma_deep(a: Any, z: Any) -> Any:
    return log_gamma_terms(z, a) + np.log(lower_gamma_ratio(a, z))


@precisely(special.gammaincc)
def upper_gamma(a: Any, z: Any) -> Any:
    """Q(a, z) = Γ(a, z)/Γ(a)."""
    x = value(z)
    tail = special.gammaincc(a, x)
    rare = (tail < RARE) & (x > a + 1.0) & (x < 1e290)
    tail = patched(tail, rare, lambda a, x: np.exp(log_upper_gamma_deep(a, x)), a, x)
    return patched(tail, tail > 1.0 - RARE, lambda a, x: 1.0 - lower_gamma(a, x), a, x)


@precisely(special.gammainc)
def lower_gamma(a: Any, z: Any) -> Any:
    """P(a, z) = γ(a, z)/Γ(a)."""
    x = value(z)
    tail = special.gammainc(a, x)
    return patched(tail, (tail < RARE) & (x < a), lambda a, z: np.exp(value(log_lower_gamma_deep(a, z))), a, z)


@precisely(lambda a, z: np.log(special.gammaincc(a, z)))
def log_upper_gamma(a: Any, z: Any) -> Any:
    """log Q(a, z), at any depth."""
    x = value(z)
    tail = special.gammaincc(a, x)
    deep = (tail < RARE) & (x > a + 1.0)
    return patched(log_of_tail(tail, lower_gamma(a, z)), deep, log_upper_gamma_deep, a, z)


@precisely(lambda a, z: np.log(special.gammainc(a, z)))
def log_lower_gamma(a: Any, z: Any) -> Any:
    """log P(a, z), at any depth."""
    x = value(z)
    tail = special.gammainc(a, x)
    deep = (tail < RARE) & (x < a + 1.0)
    return patched(log_of_tail(tail, upper_gamma(a, x)), deep, log_lower_gamma_deep, a, z)


def beta_gap(a: Any, b: Any, x: Any, y: Any) -> Any:
    """a y - b x with x + y = 1, to relative accuracy however close x is to the mean: the smaller of x and y is exact."""
    total, lost = two_sum(a, b)
    low = x <= y
    small, target = np.where(low, x, y), np.where(low, a, b)
    difference, error = multiply_add(small, total, -target)
    exact = difference + (error + small * lost)
    return np.where(np.abs(total) < 1e290, np.where(low, -exact, exact), a * y - b * x)


def beta_fraction(a: Any, b: Any, x: Any, y: Any) -> Any:
    """I_x(a, b) B(a, b)/(x^a y^b), y = 1 - x, for x below the mean: DiDonato and Morris, ACM TOMS 18 (1992), eq. 9."""
    gap = beta_gap(a, b, x, y)

    def step(n: int) -> tuple[Any, Any]:
        total = a + 2 * n - 1  # by which each factor is divided alone: its square may overflow
        numerator = ((a + n - 1) / total) * ((a + b + n - 1) / total) * x * x * (n * (b - n))
        return numerator, n + n * (b - n) * x / (a + 2 * n - 1) + (a + n) / (a + 2 * n + 1) * (gap + 1 + n * (1.0 + y))

    return 1.0 / lentz(step, a / (a + 1.0) * (gap + 1.0))


def beta_mills(a: Any, b: Any, x: Any, y: Any) -> Any:
    """I_x(a, b) B(a, b)/(x^a y^b), y = 1 - x, for x below the mean."""
    normal = (np.minimum(a, b) > MANY) & (beta_gap(a, b, x, y) < 0.5 * np.minimum(a, b))
    return by_need(normal, beta_bell, beta_fraction, a, b, x, y)


def beta_bell(a: Any, b: Any, x: Any, y: Any) -> Any:
    """The same for large a and b near the mean: ∫ (1 - s/x)^(a-1) (1 + s/y)^(b-1) ds/(x y), a bell of known width."""
    gap = beta_gap(a, b, x, y)
    width = 1.0 / np.hypot(np.sqrt(a) / x, np.sqrt(b) / y)
    # At the mean the gap is 0 of either sign, and rounding may call a point above it one below.
    reach = np.where(gap > 0.0, np.minimum(9.0 * width, 40.0 * x * y / gap), 9.0 * width)
    s = np.multiply.outer(BELL_NODES, reach)
    below, above = s / x, s / y
    exponent = a * log1p_minus_x(-below) + b * log1p_minus_x(above) - s * (gap / (x * y))
    return np.tensordot(BELL_WEIGHTS, np.exp(exponent) / ((1.0 - below) * (1.0 + above)), 1) * (reach / (x * y))


@precisely(lambda a, b, log_x, log_y, x, y: log_x * a + log_y * b - log_beta(a, b))
def log_beta_terms(a: Any, b: Any, log_x: Any, log_y: Any, x: Any, y: Any) -> Any:
    """log of x^a y^b/B(a, b); where both parameters are large, from the distance to the mean."""

    def direct() -> Any:
        return log_x * a + log_y * b - log_beta(a, b)

    def excess(gap: Any, a: Any, log: Any, x: Any, share: Any) -> Any:
        """log(x/share) - gap/a for x/share = 1 + gap/a, where neither the quotient nor its logarithm loses digits."""
        shift = np.maximum(gap / a, -0.9)
        _, rounding = multiply_add(shift, -a, gap)
        near = log1p_minus_x(shift) - rounding / a * shift / (1.0 + shift)
        quotient = np.where(x > 1e-290, np.log(x / share), log - np.log(share))
        return np.where(shift > -0.9, near, quotient - gap / a)

    def by_deviance() -> Any:
        total = a + b
        gap = beta_gap(a, b, value(x), value(y))
        terms = excess(-gap, a, log_x, value(x), a / total) * a + excess(gap, b, log_y, value(y), b / total) * b
        constant = 0.5 * (np.log(a) + np.log(b / total)) - HALF_LOG_2PI - stirling(a) - stirling(b) + stirling(total)
        return terms + constant

    return either(np.minimum(a, b) < 10.0, direct, by_deviance)


def log_beta_deep(a: Any, b: Any, log_x: Any, log_y: Any, x: Any, y: Any) -> Any:
    """log I_x(a, b) for x below the mean, at any depth."""
    return log_beta_terms(a, b, log_x, log_y, x, y) + np.log(beta_mills(a, b, value(x), value(y)))


@precisely(precise.incomplete_beta)
def incomplete_beta(a: Any, b: Any, x: Any, y: Any) -> Any:
    """I_x(a, b) with y = 1 - x, from whichever of x and y is the smaller."""

    def rare(a: Any, b: Any, x: Any, y: Any) -> Any:
        log_x = np.where(x < 0.5, np.log(x), np.log1p(-y))
        log_y = np.where(y < 0.5, np.log(y), np.log1p(-x))
        return np.exp(log_beta_deep(a, b, log_x, log_y, x, y))

    def normal(a: Any, b: Any, x: Any, y: Any) -> Any:
        below = x * b < y * a
        tail = rare(*(np.where(below, *pair) for pair in ((a, b), (b, a), (x, y), (y, x))))
        return np.where(below, tail, 1.0 - tail)

    def ordinary(a: Any, b: Any, x: Any, y: Any) -> Any:
        low = x <= y
        lower, upper = special.betainc(a, b, np.where(low, x, 0.5)), special.betainc(b, a, np.where(low, 0.5, y))
        # SciPy's betaincc is 1 for tiny y, and 1 - upper is not.
        complementary = patched(1.0 - upper, upper > 0.5, special.betaincc, b, a, np.where(low, 0.5, y))
        tail = np.where(low, lower, complementary)
        return patched(tail, ((tail < RARE) | (x < TINY)) & (x * b < y * a), rare, a, b, x, y)

    return by_need(np.minimum(a, b) > MANY, normal, ordinary, a, b, value(x), value(y))


def smaller_beta_tail(a: Any, b: Any, x: Any, y: Any) -> Any:
    """I_x(a, b) where that is the smaller tail: SciPy's, and the fraction where that is rare."""
    tail = special.betainc(a, b, x)
    return patched(tail, tail < RARE, incomplete_beta, a, b, x, y)


@precisely(lambda a, b, log_x, log_y, x, y: np.log(precise.incomplete_beta(a, b, x, y)))
def log_incomplete_beta(a: Any, b: Any, log_x: Any, log_y: Any, x: Any, y: Any) -> Any:
    """log I_x(a, b), at any depth; log_x and log_y may be known where x and y have left the doubles."""
    tail, other = incomplete_beta(a, b, x, y), incomplete_beta(b, a, y, x)
    deep = ((tail < RARE) | (value(x) < TINY)) & (value(x) * b <= value(y) * a)
    return patched(log_of_tail(tail, other), deep, log_beta_deep, a, b, log_x, log_y, value(x), value(y))


def gamma_quantile(log_lower: Any, log_upper: Any, a: Any) -> Any:
    """z with log P(a, z) = log_lower and log Q(a, z) = log_upper, by Newton's method on the smaller tail.

    It starts at SciPy's, or at the bounds of a sub-gamma law; past underflow it is the leading power (q Γ(a +
    1))^(1/a).
    """
    log_lower, log_upper, a = np.broadcast_arrays(log_lower, log_upper, a)
    by_lower = log_lower < log_upper
    rarity = np.where(by_lower, log_lower, log_upper)
    power = (log_lower + special.gammaln(a + 1.0)) / a
    spread = np.sqrt(-2.0 * a * rarity)
    bound = np.where(by_lower, np.maximum(np.exp(power), a - spread), a + spread - rarity)
    given = np.where(by_lower, special.gammaincinv(a, np.exp(rarity)), special.gammainccinv(a, np.exp(rarity)))
    start = np.where((rarity > -690.0) & (given > 0), given, bound)

    def log_tail(z: Any) -> Any:
        return np.where(by_lower, log_lower_gamma(a, z), log_upper_gamma(a, z))

    z = by_log_newton(
        np.maximum(start, 1e-290), rarity, log_tail, lambda z: log_gamma_terms(z, a, -1.0), upper=~by_lower
    )
    return np.where(power < -650.0, Anchored.from_log(power), z)


def gamma_point(lower: Any, upper: Any, a: Any) -> Any:
    """z with P(a, z) = lower and Q(a, z) = upper, whichever is the smaller being exact."""
    rare = np.minimum(lower, upper)
    ordinary = (rare > ORDINARY) & (np.log(lower) > -600.0 * np.asarray(a)) & (np.asarray(a) <= 1e5)

    def careful(lower: Any, upper: Any, a: Any) -> Any:
        small = lower < upper
        logs = np.where(small, np.log(lower), np.log1p(-upper)), np.where(small, np.log1p(-lower), np.log(upper))
        return gamma_quantile(*logs, a)

    def ordinarily(lower: Any, upper: Any, a: Any) -> Any:
        return by_need(np.equal(a, 0.5), _squared_normal_point, _ordinary_gamma_point, lower, upper, a)

    return by_need(ordinary, ordinarily, careful, lower, upper, a)


def _squared_normal_point(lower: Any, upper: Any, a: Any) -> Any:
    """Half the square of a normal variable: a = 1/2."""
    return np.where(lower < upper, np.square(special.erfinv(lower)), 0.5 * np.square(special.ndtri(0.5 * upper)))


def _ordinary_gamma_point(lower: Any, upper: Any, a: Any) -> Any:
    """SciPy's inverse.

    For a < 1 SciPy's inverse of an upper tail above 0.1 takes dozens of fractions and its inverse of the lower tail
    none, which costs the digits of 1 - upper: for tiny a, where z answers to them, a Newton step gives these back.
    """
    by_lower = (lower < upper) | (np.less(a, 1.0) & (upper > 0.1))
    z = patched(special.gammaincinv(a, np.where(by_lower, lower, 0.5)), ~by_lower, special.gammainccinv, a, upper)
    return patched(z, by_lower & (upper < lower) & np.less(a, 0.2), _upper_gamma_step, a, z, upper)


def _upper_gamma_step(a: Any, z: Any, upper: Any) -> Any:
    """One Newton step on log z toward Q(a, z) = upper."""
    return z * np.exp((special.gammaincc(a, z) - upper) * np.exp(z - a * np.log(z) + special.gammaln(a)))
