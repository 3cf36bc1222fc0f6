"""The noncentral chi-squared law and the Rice law, as Poisson mixtures: sums of positive terms in both tails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from densities import transforms as maps
from densities.anchored import Anchored, value
from densities.arrays import some
from densities.backends import xlogy
from densities.distributions.base import register
from densities.distributions.continuous.image import Image
from densities.distributions.continuous.incomplete import log_gamma_terms, log_lower_gamma, log_upper_gamma
from densities.distributions.continuous.shared import LOG2, by_log_newton, by_need, patched
from densities.distributions.family import Family
from densities.domains import POSITIVE, Interval
from densities.logmath import log1mexp, logdiffexp
from densities.parameters import REQUIRED, positive, within
from densities.precise import RoundedError, context, precise, precisely

# Points summed at once, whose rows stay in cache; a term of this share of a sum is its last.
BLOCK, LAST = 2**12, 1e-19
# With less than this for nonc/2 only the first term has digits.
LEAST = 1e-30
# So far beyond nonc and df a tail is f over its own rate of decay, to all digits of its logarithm.
FARTHEST = 1e8
# Beyond this a density is that of its first term to all digits of its logarithm, nonc < 1e8.
GREATEST = 1e200
# From this argument on, and 10 times the square of the order, Hankel's series gives a Bessel function to rounding.
LARGE = 1000.0
HANKEL = range(1, 16)
# From this nonc/2 on a tail of a squared normal variable is taken from the normal law.
SQUARE = 64.0
# Terms of a sum of precise numbers.
MOST = 20_000


def flat(x: Any, df: Any, nonc: Any) -> tuple[Any, Any, Any, tuple[int, ...]]:
    """x/2, df/2 and nonc/2 as vectors, and the shape that they come from."""
    shape = np.broadcast_shapes(np.shape(value(x)), np.shape(df), np.shape(nonc))
    u = x * 0.5
    fields = (u.anchor, u.offset, u.log_offset) if isinstance(u, Anchored) else (u,)
    vectors = [np.broadcast_to(field, shape).ravel() for field in fields]
    a, h = (np.broadcast_to(p, shape).ravel() for p in (0.5 * df, np.maximum(0.5 * nonc, LEAST)))
    return Anchored(*vectors) if isinstance(u, Anchored) else vectors[0], a, h, shape


class Terms:
    """The terms c_j = Poisson(j; h) u^(b + j) e^-u/Γ(b + j + 1) of n sums, from the largest one outwards; all shapes (n,).

    With b = a - 1 they are those of the density, with b = a the steps P(a + j) - P(a + j + 1) of the tails, weighted.
    """

    def __init__(self, u: Any, b: Any, h: Any):
        self.u, self.b, self.h, self.product = u, b, h, h * value(u)
        # j(j + b) = uh is where the terms turn; of b = a - 1, which is near enough for b = a.
        root = np.sqrt(b * b + 4.0 * self.product)
        turn = np.where(b > 0, 2.0 * self.product / (b + root), 0.5 * (root - b))
        self.peak = np.maximum(np.floor(turn), 0.0)
        weight, step = log_gamma_terms(h, self.peak + 1.0, -1.0), log_gamma_terms(u, b + self.peak + 1.0, -1.0)
        self.log_largest = weight + value(step)

    def above(self) -> Iterator[Any]:
        """c_(J+1), c_(J+2), ... over the largest c_J."""
        c, j = np.ones(self.h.shape), self.peak
        while True:
            j = j + 1.0
            c = c * (self.product / (j * (self.b + j)))
            yield c

    def below(self) -> Iterator[Any]:
        """c_(J-1), c_(J-2), ... over the largest c_J: 0 from c_(-1) on."""
        c, j = np.ones(self.h.shape), self.peak
        while True:
            c = np.where(j > 0.0, c * (j * (self.b + j) / self.product), 0.0)
            j = j - 1.0
            yield c


def log_density_sum(u: Any, a: Any, h: Any) -> Any:
    """log Σ_j Poisson(j; h) u^(a + j - 1) e^-u/Γ(a + j)."""
    terms = Terms(u, a - 1.0, h)
    total = np.ones(h.shape)
    for side in (terms.above(), terms.below()):
        for c in side:
            total += c
            if not some(c > LAST * total):
                break
    return terms.log_largest + np.log(total)


def log_tail_sum(u: Any, a: Any, h: Any, upper: bool) -> Any:
    """log Σ_j d_j, d_j = Poisson(j; h) T(a + j, u) with T = Q or P, in units of the largest c_J.

    From Q(a + j + 1) = Q(a + j) + u^(a + j) e^-u/Γ(a + j + 1) follow d_(j+1) = (d_j + c_j) h/(j + 1), upwards for Q, and
    d_(j-1) = c_(j-1) + d_j j/h, downwards for P: sums of positive terms, from where the c_j begin to matter.
    """
    terms = Terms(u, a, h)
    near, far = (terms.below(), terms.above()) if upper else (terms.above(), terms.below())
    step, ahead = (-1.0, 1.0) if upper else (1.0, -1.0)
    path, first = [np.ones(h.shape)], np.full(h.shape, np.inf)
    for k, c in enumerate(near, start=1):
        path.append(c)
        first = np.where(np.isinf(first) & ~(c > LAST), k, first)
        if not some(np.isinf(first)):
            break
    first = np.fmin(first, terms.peak) if upper else first  # NaN goes on as it is
    order = a + (terms.peak + step * first)
    log_tail = value((log_upper_gamma if upper else log_lower_gamma)(order, u))
    over = log_tail - value(log_gamma_terms(u, order + 1.0, -1.0))
    begin = np.array(path)[first.astype(int), np.arange(first.size)]
    unit = np.maximum(over + np.log(begin), 0.0)
    begin, scale, d = begin * np.exp(over - unit), np.exp(-unit), np.zeros(h.shape)
    total = np.zeros(h.shape)

    def following(d: Any, j: Any, before: Any, here: Any) -> Any:
        return (d + before) * (h / j) if upper else here + d * ((j + 1.0) / h)

    for k in range(len(path) - 1, -1, -1):
        j = terms.peak + step * k
        before = path[k + 1] * scale if k + 1 < len(path) else 0.0
        d = np.where(k < first, following(d, j, before, path[k] * scale), np.where(k == first, begin, 0.0))
        total += d
    j, before = terms.peak, scale
    for c in far:
        j, here = j + ahead, c * scale
        d, before = np.where(j >= 0.0, following(d, np.maximum(j, 0.0), before, here), 0.0), here
        total += d
        if not some(d > LAST * total):
            break
    return terms.log_largest + unit + np.log(total)


def log_density(u: Any, a: Any, h: Any) -> Any:
    """log of the density: a Bessel function of a large argument, or the sum."""
    large = 2.0 * np.sqrt(h * value(u)) > np.maximum(LARGE, 10.0 * (a - 1.0) ** 2)
    return value(by_need(large, log_bessel_density, log_density_sum, u, a, h))


def log_tail(u: Any, a: Any, h: Any, upper: bool) -> Any:
    """log of a tail; of one that holds a half at least, as mean a + h and variance a + 2h say, by the other."""
    v = value(u)
    off = v - (a + h)
    large = np.asarray((-off if upper else off) > np.sqrt(a + 2.0 * h))

    def by_the_other(u: Any, a: Any, h: Any) -> Any:
        return np.log1p(-np.exp(np.minimum(log_smaller_tail(u, a, h, not upper), 0.0)))

    return by_need(large, by_the_other, partial(log_smaller_tail, upper=upper), u, a, h)


def log_smaller_tail(u: Any, a: Any, h: Any, upper: bool) -> Any:
    """log of a tail: that of a squared normal variable where it is one and the sum has many terms, or the sum."""
    square = (a == 0.5) & (h > SQUARE) & (value(u) * h > 1.0)
    return by_need(square, partial(log_square_tail, upper=upper), partial(log_summed_tail, upper=upper), u, a, h)


def log_square_tail(u: Any, a: Any, h: Any, upper: bool) -> Any:
    """log of a tail of Z²/2, Z normal with the mean √(2h) and the scale 1: a = 1/2."""
    total = np.sqrt(2.0 * value(u)) + np.sqrt(2.0 * h)
    gap = 2.0 * value(u - h) / total
    near, far = special.log_ndtr(-gap if upper else gap), special.log_ndtr(-total)
    return np.logaddexp(near, far) if upper else logdiffexp(near, far)


def log_summed_tail(u: Any, a: Any, h: Any, upper: bool) -> Any:
    """log of a tail; so far out that the density falls like e^-u, the upper one is the density over its rate of decay."""
    if not upper:
        return log_tail_sum(u, a, h, False)

    def decaying(u: Any, a: Any, h: Any) -> Any:
        return log_density(u, a, h) - np.log1p(-np.sqrt(h / value(u)))

    far = value(u) > FARTHEST * np.sqrt(1.0 + a) + 100.0 * h
    return by_need(far, decaying, partial(log_tail_sum, upper=True), u, a, h)


LOGS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "density": log_density,
    "lower": partial(log_tail, upper=False),
    "upper": partial(log_tail, upper=True),
}


def log_mixture(x: Any, df: Any, nonc: Any, tail: str) -> Any:
    """log of the density (of x/2) or of a tail, on blocks of points."""
    u, a, h, shape = flat(x, df, nonc)
    found = np.empty(a.shape)
    for start in range(0, a.size, BLOCK):
        rows = slice(start, start + BLOCK)
        found[rows] = LOGS[tail](taken(u, rows), a[rows], h[rows])
    return found.reshape(shape)


def log_bessel_density(u: Any, a: Any, h: Any) -> Any:
    """log of e^-(u+h) (u/h)^((a-1)/2) I_(a-1)(2√(uh)) for large arguments: NIST DLMF 10.40.1."""
    root, centre = np.sqrt(u), np.sqrt(h)
    z = root * centre * 2.0
    order = 4.0 * np.square(a - 1.0)
    term, series = 1.0, 1.0
    for k in HANKEL:
        term = term * -(order - (2 * k - 1) ** 2) / (value(z) * (8.0 * k))
        series = series + term
    gap = root - centre
    return np.log(u / h) * (0.5 * (a - 1.0)) - gap * gap - np.log(z * (2.0 * np.pi)) * 0.5 + np.log(series)


def taken(u: Any, rows: Any) -> Any:
    """The elements of a vector of plain or anchored numbers."""
    return Anchored(u.anchor[rows], u.offset[rows], u.log_offset[rows]) if isinstance(u, Anchored) else u[rows]


def log_series_density(x: Any, df: Any, nonc: Any) -> Any:
    """log of the density of x/2 by 0F1, a Bessel function without its power, for which nonc = 0 is no case of its own."""
    a, u, h = 0.5 * df, 0.5 * x, 0.5 * nonc
    return xlogy(a - 1.0, u) - special.gammaln(a) - (u + h) + np.log(special.hyp0f1(a, u * h))


def log_series_lower(x: Any, df: Any, nonc: Any) -> Any:
    """log Σ Poisson(j; h) P(a + j, u), from the last term, so that every P(a + j) = P(a + j + 1) + step is a sum."""
    u, masses = 0.5 * x, poisson_masses(0.5 * nonc, 1.0)
    order, total = 0.5 * df + (len(masses) - 1.0), 0.0
    tail, step = special.gammainc(order, u), np.exp(log_gamma_terms(u, order, 0.0) - np.log(order))
    for mass in reversed(masses):
        total = mass * tail + total
        step = step * (order / u)
        tail, order = tail + step, order - 1.0
    return np.log(total)


def log_series_upper(x: Any, df: Any, nonc: Any) -> Any:
    """log Σ Poisson(j; h) Q(a + j, u), where Q(a + j + 1) = Q(a + j) + u^(a + j) e^-u/Γ(a + j + 1)."""
    u, order, total = 0.5 * x, 0.5 * df, 0.0
    tail, step = special.gammaincc(order, u), np.exp(log_gamma_terms(u, order, 0.0) - np.log(order))
    for mass in poisson_masses(0.5 * nonc, tail):
        total = mass * tail + total
        order = order + 1.0
        tail, step = tail + step, step * (u / order)
    return np.log(total)


def poisson_masses(h: Any, smallest: Any) -> list[Any]:
    """Poisson(j; h) for j = 0, 1, ... until all the rest is less than the rounding of `smallest`, in precise numbers."""
    masses = [np.exp(-h)]
    while len(masses) < 2.0 * h or masses[-1] > smallest * precise(context().eps):
        if len(masses) > MOST:
            raise RoundedError(f"a sum of more than {MOST} terms")
        masses.append(masses[-1] * h / len(masses))
    return masses


# log of the density of x/2 and of both tails of a law with df and nonc at x.
SUMS: dict[str, Callable[[Any, Any, Any], Any]] = {
    tail: precisely(series)(partial(log_mixture, tail=tail))
    for tail, series in (
        ("density", log_series_density),
        ("lower", log_series_lower),
        ("upper", log_series_upper),
    )
}


@register(
    "noncentral_chi_squared",
    aliases=("noncentral_chi2", "ncx2"),
    examples=[{"df": 1.0, "nonc": 0.49}, {"df": 3.5, "nonc": 40.0}, {"df": 2.0, "nonc": 0.0}],
    source="Johnson, Kotz, Balakrishnan 2, ch. 29",
)
class NoncentralChiSquared(Family):
    """f(x) = Σ Poisson(j; nonc/2) chi-squared(x; df + 2j) for x > 0: Σ (N_i + m_i)² with Σ m_i² = nonc; df > 0.

    0 <= nonc < 1e8. Both tails are such sums, relative to themselves as good as the gamma law is.
    """

    parameters = {
        "df": positive(REQUIRED, "nu", "k"),
        "nonc": within(0.0, 1e8, REQUIRED, "nc", "lam", low_closed=True),
    }
    latex_density = (
        r"\frac{1}{2}e^{-(x+\mathrm{nonc})/2}\left(\frac{x}{\mathrm{nonc}}\right)^{\mathrm{df}/4-1/2}"
        r"I_{\mathrm{df}/2-1}\left(\sqrt{\mathrm{nonc}\,x}\right)"
    )
    inverts_fast = False

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return POSITIVE

    def _logpdf(self, x: Any, df: Any, nonc: Any) -> Any:
        u = 0.5 * x
        far = value(u) > GREATEST
        near = SUMS["density"](x, df, nonc)
        return (near if not np.any(far) else np.where(far, log_gamma_terms(u, 0.5 * df, -1.0), near)) - LOG2

    def _logcdf(self, x: Any, df: Any, nonc: Any) -> Any:
        return self._log_tail(x, df, nonc, "lower", "upper")

    def _logsf(self, x: Any, df: Any, nonc: Any) -> Any:
        return self._log_tail(x, df, nonc, "upper", "lower")

    def _log_tail(self, x: Any, df: Any, nonc: Any, tail: str, other: str) -> Any:
        log = SUMS[tail](x, df, nonc)
        if np.all(log < -LOG2):
            return log
        return np.where(log < -LOG2, log, np.log1p(-np.exp(np.minimum(SUMS[other](x, df, nonc), 0.0))))

    def _cdf(self, x: Any, df: Any, nonc: Any) -> Any:
        return np.exp(self._logcdf(x, df, nonc))

    def _sf(self, x: Any, df: Any, nonc: Any) -> Any:
        return np.exp(self._logsf(x, df, nonc))

    def _ppf(self, q: Any, *shapes: Any) -> Any:
        return np.where(q < 0.5, self._log_ppf(np.log(q), *shapes), self._log_isf(np.log1p(-q), *shapes))

    def _isf(self, q: Any, *shapes: Any) -> Any:
        return np.where(q < 0.5, self._log_isf(np.log(q), *shapes), self._log_ppf(np.log1p(-q), *shapes))

    def _log_ppf(self, logq: Any, df: Any, nonc: Any) -> Any:
        """Newton's method on log x; near 0 the leading power e^(-nonc/2) (x/2)^(df/2)/Γ(df/2 + 1)."""
        a, h = 0.5 * df, 0.5 * nonc
        small = (logq + h + special.gammaln(a + 1.0)) / a + LOG2
        leading = small < -40.0 - np.log1p(h)
        found = self._solved(np.where(leading, -1.0, logq), log1mexp(logq), df, nonc)
        return np.where(leading, Anchored.from_log(small), Anchored.exact(found))

    def _log_isf(self, logq: Any, df: Any, nonc: Any) -> Any:
        return self._solved(log1mexp(logq), logq, df, nonc)

    def _solved(self, log_below: Any, log_above: Any, df: Any, nonc: Any) -> Any:
        """The x with these tails, found on the smaller one, from (√nonc + √(-2 log q))² in the upper tail."""
        upper = log_above < log_below
        target = np.where(upper, log_above, log_below)
        deep = np.square(np.sqrt(nonc) + np.sqrt(-2.0 * target))
        start = np.where(upper & (target < -3.0), deep, df + nonc)

        def log_tail(x: Any) -> Any:
            tails = np.zeros(np.shape(x))
            for tail, where in (("lower", ~upper), ("upper", upper)):
                tails = patched(tails, where, SUMS[tail], x, df, nonc)
            return tails

        return by_log_newton(start, target, log_tail, lambda x: self._logpdf(x, df, nonc), upper=upper)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], df: Any, nonc: Any) -> Any:
        return rng.noncentral_chisquare(df, nonc, shape)

    def _landmarks(self, df: Any, nonc: Any) -> Any:
        """The mean and standard deviations around it, and the scale of a pole at 0."""
        if np.ndim(df) or np.ndim(nonc):
            return None
        mean, spread = df + nonc, np.sqrt(2.0 * (df + 2.0 * nonc))
        return [0.01 * mean, *(mean + k * spread for k in (-2.0, -1.0, 0.0, 1.0, 2.0))]

    def _mean(self, df: Any, nonc: Any) -> Any:
        return df + nonc

    def _var(self, df: Any, nonc: Any) -> Any:
        return 2.0 * (df + 2.0 * nonc)


@register(
    "rice",
    aliases=("rician",),
    examples=[{"b": 1.3, "scale": 2.0}, {"b": 0.0}],
    source="S. O. Rice, Bell Syst. Tech. J. 24 (1945)",
)
class Rice(Image):
    """f(x) = z e^(-(z² + b²)/2) I₀(bz)/scale, z = x/scale > 0: the length of a plane normal vector; 0 <= b < 1e4, scale > 0."""

    parameters = {"b": within(0.0, 1e4, REQUIRED, "nu", low_closed=True), "scale": positive(1.0, "sigma")}
    scale_name = "scale"
    latex_density = (
        r"\frac{z}{\mathrm{scale}}e^{-(z^2+\mathrm{b}^2)/2}I_0\left(\mathrm{b}z\right),\quad z=\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def image(b: Any) -> tuple[Any, ...]:
        return NoncentralChiSquared(2.0, b * b), maps.Sqrt()


__all__ = ["NoncentralChiSquared", "Rice"]
