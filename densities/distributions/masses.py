"""Masses of intervals and quantiles for laws that have no formula of their own for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, log_abs, value
from densities.arrays import as_points, quiet
from densities.logmath import logdiffexp
from densities.numerics.quadrature import integrate
from densities.numerics.roots import bracketed_root

# Below this share of the nearer tail the difference of two tails loses digits, and the density is integrated instead.
NARROW = 0.25
NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)
CHECK_NODES, CHECK_WEIGHTS = np.polynomial.legendre.leggauss(12)
EPS = float(np.finfo(float).eps)
# Where neither the difference nor one panel is known better than this, the density is integrated panel by panel.
ROUGH = 1e-11


def log_mass(law: Any, a: Any, b: Any) -> Any:
    """log P(a < X <= b): the difference of the nearer tail, or the integral of the density where that cancels.

    Over an interval that holds less than a quarter of a tail and is no longer than its distance from either end of the
    support, most densities are smooth enough for 20 Gauss-Legendre nodes to give it to a few ulps; 12 nodes say whether
    this one is. The better of the two answers, and where both are rough (a peak inside of an interval that holds next to
    nothing of the whole) quadrature between the landmarks does.
    """
    lower_a, lower_b = value(law.raw_logcdf(a)), value(law.raw_logcdf(b))
    upper_a, upper_b = value(law.raw_logsf(a)), value(law.raw_logsf(b))
    from_low = np.asarray(lower_b < upper_a)
    large, small = np.where(from_low, lower_b, upper_a), np.where(from_low, lower_a, upper_b)
    difference = logdiffexp(large, np.minimum(small, large))
    narrow = np.asarray(difference < large + np.log(NARROW)) & np.isfinite(large) & _clear_of_ends(law.support, a, b)
    if not np.any(narrow):
        return difference
    a, b = anchored(a), anchored(b)
    integral, change = _integrated(law, a, b)
    cancelled = EPS * (1 + np.abs(large)) * np.exp(large - difference)
    result = np.where(narrow & ~(change > cancelled), integral, difference)
    rough = narrow & (np.minimum(change, cancelled) > ROUGH) & (value(b - a) > 0)
    return _by_panels(law, a, b, result, rough) if np.any(rough) and not law.batch_shape else result


def _by_panels(law: Any, a: Anchored, b: Anchored, result: np.ndarray, rough: np.ndarray) -> np.ndarray:
    """The entries that are rough, each integrated between the landmarks of the law."""
    result = np.array(result)
    points = law.landmarks()
    low, high = (np.broadcast_to(end.value, result.shape) for end in (a, b))
    for index in zip(*np.nonzero(rough), strict=True) if result.ndim else [()]:
        inside = points[(points > low[index]) & (points < high[index])]
        edges = np.concatenate([[low[index]], inside, [high[index]]])

        def density(x: Anchored, _: np.ndarray) -> tuple[Any, Any]:
            return np.asarray(value(law.raw_logpdf(x)))[None], 1.0

        found = integrate(density, np.zeros(len(edges) - 1, dtype=int), edges[:-1], edges[1:])
        if found.converged[0]:
            result[index] = found.log_magnitude[0, 0]
    return result


def _clear_of_ends(support: Any, a: Any, b: Any) -> Any:
    """Whether the interval is no longer than its distance from either end of the support."""
    from_ends = np.minimum(log_abs(anchored(a) - value(support.low)), log_abs(value(support.high) - anchored(b)))
    return log_abs(anchored(b) - a) <= from_ends


def _integrated(law: Any, a: Anchored, b: Anchored) -> tuple[Any, Any]:
    """log of the integral of the density from a to b by one Gauss-Legendre panel, and what fewer nodes change in it.

    Nodes are at exact offsets from a.
    """
    width = b - a
    shape = np.broadcast_shapes(a.shape, b.shape)
    fractions = 0.5 * (np.concatenate([NODES, CHECK_NODES]) + 1.0)
    nodes = a.reshape(*a.shape, 1) + Anchored(0.0, np.broadcast_to(width.value, shape)[..., None] * fractions)
    logs = value(_with_trailing_axis(law).raw_logpdf(nodes))
    top = np.max(logs, axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    terms = np.exp(logs - top)
    total, check = (
        np.sum(part * (0.5 * weights), axis=-1)
        for part, weights in ((terms[..., : NODES.size], WEIGHTS), (terms[..., NODES.size :], CHECK_WEIGHTS))
    )
    return np.log(total) + top[..., 0] + log_abs(width), np.abs(total - check) / total


def _with_trailing_axis(law: Any) -> Any:
    """The law with its batch axes moved ahead of an axis of nodes."""
    return (
        law.replace(**{name: p[..., None] for name, p in law.params.items() if np.ndim(p)}) if law.batch_shape else law
    )


def solve_quantile(law: Any, log_probability: Any, *, lower: bool) -> Any:
    """inf{x : F(x) >= p} (or inf{x : P(X > x) <= p}) by bracketing in the ordering of doubles, on the nearer tail."""
    target = np.asarray(log_probability, dtype=float)
    if law.batch_shape:
        shape = np.broadcast_shapes(target.shape, law.batch_shape)
        target = np.broadcast_to(target, shape)
        solved = [solve_quantile(law.member(index, shape), target[index], lower=lower) for index in np.ndindex(shape)]
        return np.reshape(np.asarray(solved, dtype=float), shape)
    complement = np.where(target == 0.0, -np.inf, np.log(-np.expm1(target)))
    log_below, log_above = (target, complement) if lower else (complement, target)
    has_atoms = len(law.atoms[0]) > 0

    def excess(x: Any, below: Any, above: Any) -> Any:
        """Increasing in x, and of the sign of F(x) - p, told on the nearer tail."""
        x, lower = np.asarray(x), np.asarray(below <= above)
        result = np.empty(x.shape)
        with quiet():
            for rows, low in ((lower, True), (~lower, False)):
                if rows.any():
                    logs = value(law.total_log(x[rows], lower=low))
                    result[rows] = logs - below[rows] if low else above[rows] - logs
        return result

    low, high = (float(value(end)) for end in law.support.edges)
    if has_atoms:  # an end that carries an atom is itself a quantile
        for _ in range(2):
            low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
    x = bracketed_root(excess, low, high, args=(log_below, log_above), increasing=True).x
    # A quantile nearer to an end than any double is the end.
    x = np.where(np.isnan(x) & ~np.isnan(target), np.where(log_below < log_above, low, high), x)
    if has_atoms:
        x = np.where(excess(x, log_below, log_above) < 0, np.nextafter(x, np.inf), x)
    return x


def numeric_score(law: Any, y: Any) -> Any:
    """d log f/dy by a fourth-order central difference; the step follows the scale on which the landmarks spread."""
    points, restore = as_points(y)
    with quiet():
        gaps = np.diff(law.landmarks())
        spread = np.median(gaps) if len(gaps) else 1.0
        distance = np.minimum(np.abs(points - value(law.support.low)), np.abs(value(law.support.high) - points))
        step = 1e-3 * np.minimum(np.where(np.isfinite(spread) & (spread > 0), spread, 1.0), distance)

        def at(k: float) -> Any:
            return np.asarray(value(law.raw_logpdf(Anchored(points, k * step))))

        slope = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * step)
    return restore(np.where(law.support.interior_contains(points), slope, np.nan))
