"""The noncentral chi-squared law and the Rice law, as Poisson mixtures: sums of positive terms in both tails."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import special

from densities import transforms as maps
from densities.anchored import Anchored, value
from densities.distributions.base import register
from densities.distributions.continuous.image import Image
from densities.distributions.continuous.incomplete import log_gamma_terms, log_lower_gamma, log_upper_gamma
from densities.distributions.continuous.shared import LOG2, by_log_newton, patched
from densities.distributions.family import Family
from densities.domains import POSITIVE, Interval
from densities.logmath import log1mexp
from densities.parameters import REQUIRED, positive, within
from densities.precise import RoundedError, context, precise, precisely

# Terms evaluated at once, and the reach of a window around the largest term: 10 standard deviations and more.
BLOCK = 2**20
REACH, SPARE = 10.0, 40.0
# Where the window would be too long x is far beyond nonc, and a tail is f over its own rate of decay.
FARTHEST = 1e18
# From this argument on, and 10 times the square of the order, Hankel's series gives a Bessel function to rounding.
LARGE = 1000.0
HANKEL = range(1, 16)
# Terms of a sum of precise numbers.
MOST = 20_000


def mixed(u: Any, a: Any, h: Any, peak: Any, tail: str) -> np.ndarray:
    """log Σ_j Poisson(j; h) t_j in a window around `peak`, t_j the density, lower or upper tail of Gamma(a + j) at u.

    All arguments of one shape (n,), u plain or anchored. The tails come from one at an end of the window by adding
    P(a + j) - P(a + j + 1) = u^(a + j) e^-u/Γ(a + j + 1).
    """
    reach = REACH * np.sqrt(peak) + SPARE
    low = np.maximum(np.floor(peak - reach), 0.0)
    lengths = 2 ** np.ceil(np.log2(peak + reach - low + 1.0)).astype(int)
    found = np.empty(np.shape(a))
    for length in np.unique(lengths):
        alike = np.flatnonzero(lengths == length)
        for rows in np.array_split(alike, -(-alike.size * length // BLOCK)):
            j = low[rows, None] + np.arange(length)
            logs = log_gamma_terms(np.broadcast_to(h[rows, None], j.shape), j + 1.0, -1.0)
            found[rows] = log_sum(logs + TAILS[tail](a[rows, None] + j, taken(u, rows)[:, None]))
    return found


def flat(x: Any, df: Any, nonc: Any) -> tuple[Any, Any, Any, tuple[int, ...]]:
    """x/2, df/2 and nonc/2 as vectors, and the shape that they come from."""
    shape = np.broadcast_shapes(np.shape(value(x)), np.shape(df), np.shape(nonc))
    u = x * 0.5
    fields = (u.anchor, u.offset, u.log_offset) if isinstance(u, Anchored) else (u,)
    vectors = [np.broadcast_to(field, shape).ravel() for field in fields]
    a, h = (np.broadcast_to(p, shape).ravel() for p in (0.5 * df, np.maximum(0.5 * nonc, 1e-300)))
    return Anchored(*vectors) if isinstance(u, Anchored) else vectors[0], a, h, shape


def peaks(u: Any, a: Any, h: Any, tail: str) -> Any:
    """The largest term: j (j + a - 1) = uh for the density, and between that and the Poisson mean for the tails."""
    product, side = h * value(u), a - 1.0
    root = np.sqrt(side * side + 4.0 * product)
    largest = np.where(side > 0, 2.0 * product / (side + root), 0.5 * (root - side))
    peak = {"density": largest, "lower": np.minimum(largest, h), "upper": np.maximum(largest, h)}[tail]
    return np.where(peak > 0, peak, 0.0)


def log_mixture(x: Any, df: Any, nonc: Any, tail: str) -> Any:
    """log of the density (of x/2) or of a tail: a Bessel function or f over its decay far out, a mixture elsewhere."""
    u, a, h, shape = flat(x, df, nonc)
    product = h * value(u)
    far = (
        product > FARTHEST
        if tail != "density"
        else 2.0 * np.sqrt(product) > np.maximum(LARGE, 10.0 * (a - 1.0) ** 2)
    )
    found = np.empty(a.shape)
    near, distant = np.flatnonzero(~far), np.flatnonzero(far)
    if near.size:
        v = taken(u, near)
        found[near] = mixed(v, a[near], h[near], peaks(v, a[near], h[near], tail), tail)
    if distant.size:
        v, b, k = taken(u, distant), a[distant], h[distant]
        rate = 0.0 if tail == "density" else np.log1p(-value(np.sqrt(k / v)))
        found[distant] = 0.0 if tail == "lower" else value(log_bessel_density(v, b, k)) - rate
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


def log_sum(logs: Any) -> Any:
    """log Σ e^logs along the last axis."""
    top = np.max(logs, axis=-1)
    return np.log(np.sum(np.exp(logs - top[..., None]), axis=-1)) + top


def _log_density(orders: Any, u: Any) -> Any:
    return value(log_gamma_terms(u, orders, -1.0))


def _log_lower(orders: Any, u: Any) -> Any:
    """log P(a + j, u): that at the far end and the differences from there, added towards small j."""
    last = value(log_lower_gamma(orders[:, -1], u[:, 0]))[:, None]
    return _accumulated(_log_density(orders + 1.0, u)[:, :-1], last, slice(None, None, -1))


def _log_upper(orders: Any, u: Any) -> Any:
    """log Q(a + j, u): that at j = 0 of the window and the differences from there."""
    first = value(log_upper_gamma(orders[:, 0], u[:, 0]))[:, None]
    return _accumulated(_log_density(orders + 1.0, u)[:, :-1], first, slice(None))


def _accumulated(steps: Any, start: Any, order: slice) -> Any:
    """log of the running sums that begin with `start` and take the steps in this order; they may span e^±1000."""
    logs = np.concatenate([start, steps[:, order]], axis=1)
    return np.logaddexp.accumulate(logs, axis=1)[:, order]


TAILS: dict[str, Callable[[Any, Any], Any]] = {"density": _log_density, "lower": _log_lower, "upper": _log_upper}


def log_series_density(x: Any, df: Any, nonc: Any) -> Any:
    """log of the density of x/2 by 0F1, a Bessel function without its power, for which nonc = 0 is no case of its own."""
    a, u, h = 0.5 * df, 0.5 * x, 0.5 * nonc
    return special.xlogy(a - 1.0, u) - special.gammaln(a) - (u + h) + np.log(special.hyp0f1(a, u * h))


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
        return SUMS["density"](x, df, nonc) - LOG2

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
    scale = "scale"
    latex_density = (
        r"\frac{z}{\mathrm{scale}}e^{-(z^2+\mathrm{b}^2)/2}I_0\left(\mathrm{b}z\right),\quad z=\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def image(b: Any) -> tuple[Any, ...]:
        return NoncentralChiSquared(2.0, b * b), maps.Sqrt()


__all__ = ["NoncentralChiSquared", "Rice"]
