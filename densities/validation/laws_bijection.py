"""The laws of a bijection of the line: round trips, slopes, monotonicity, image, inverse, distribution functions."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from densities.anchored import value
from densities.domains import Interval
from densities.transforms import compose
from densities.transforms.base import is_identity
from densities.validation.laws import (
    EPS,
    Finding,
    LawBook,
    Verdict,
    broken,
    compared,
    fact,
    holds,
    together,
    undecided,
    within,
)
from densities.validation.map_case import (
    DERIVATIVE_LIMIT,
    DERIVATIVE_MARGIN,
    LOG_ULPS,
    MapCase,
    exact_log_det_finding,
    input_noise,
    log_det_finding,
    log_det_noise,
    numeric_log_slope,
    stated_error,
)
from densities.validation.points import LARGEST, ends_of, points_of, pulled_ball, pushed_ball, ulps, widened

__all__ = ["BIJECTIONS"]

BIJECTIONS = LawBook()
TINY = float(np.finfo(float).tiny)


@BIJECTIONS.law("round trip x -> y -> x")
def round_trip(case: MapCase) -> Finding:
    return _round_trip(case.map, "inverse(forward(x))", pulled_ball)


@BIJECTIONS.law("round trip y -> x -> y")
def round_trip_back(case: MapCase) -> Finding:
    return _round_trip(case.map.inv, "forward(inverse(y))", lambda t, low, high: pushed_ball(case.map, low, high))


def _round_trip(t: Any, what: str, back: Callable) -> Finding:
    """x lies in what the numbers that round to g(x) come back to."""
    x = points_of(t.domain)
    x = x[(np.abs(x) > TINY) | (x == 0)]  # subnormal numbers have lost their digits, and their reciprocals overflow
    y = np.asarray(value(t.forward(x)), dtype=float)
    ball = pushed_ball(t, x, x) if len(t.steps) > 1 else (y, y)  # every step of a chain rounds
    roundings = ulps(x, y)
    low, high = back(t, *widened(ball[0], ball[1], roundings))
    return within(what, x, x, *widened(low, high, roundings))


@BIJECTIONS.law("log|dy/dx| against a numeric derivative")
def log_det(case: MapCase) -> Finding:
    """log|dy/dx| against the complex step or Ridders' extrapolation of forward, within the error of that derivative."""
    return log_det_finding(case.map, case.x)


@BIJECTIONS.law("log|dy/dx| against its formula in many digits")
def exact_log_det(case: MapCase) -> Finding:
    """log|dy/dx| of forward, and minus log|dx/dy| of the inverse, against the formula differentiated: in ulps, not in 1e-9."""
    t, x = case.map, case.x
    found = exact_log_det_finding(t, x, case.formula)
    return found if found.verdict is not Verdict.HOLDS else together([found, _exact_inverse(case)])


def _exact_inverse(case: MapCase) -> Finding:
    """At the points that the inverse comes back to, where the roundings of x and y are left out of account."""
    t, y = case.map, np.asarray(value(case.map.forward(case.ordinary)), dtype=float)
    x, claimed = (np.broadcast_to(np.asarray(value(a), dtype=float), y.shape) for a in t.inverse_and_log_det(y))
    exact = import_module("densities.validation.symbolic").exact_log_slopes(t, x, case.formula)
    known = np.isfinite(exact.log)
    allowed = LOG_ULPS * EPS * (1 + np.abs(exact.log)) + ulps(x, y) * (exact.per_rounding + log_det_noise(t, x))
    return compared("log|dx/dy|", *(a[known] for a in (y, claimed, -exact.log, allowed)))


@BIJECTIONS.law("log|dx/dy| of the inverse")
def inverse_log_det(case: MapCase) -> Finding:
    """log|dx/dy| as the inverse gives it against minus the numeric derivative of forward, at the point it came back to."""
    t, y = case.map, np.asarray(value(case.map.forward(case.ordinary)), dtype=float)
    x, claimed = (np.broadcast_to(np.asarray(value(a), dtype=float), y.shape) for a in t.inverse_and_log_det(y))
    true, error = numeric_log_slope(t, x)
    known = np.isfinite(true) & (error < DERIVATIVE_LIMIT)
    noise = log_det_noise(t, x) * ulps(x, y)  # x itself is rounded
    allowed = DERIVATIVE_MARGIN * error + 64 * EPS * (1 + np.abs(true)) + noise + stated_error(t, x)
    return compared("log|dx/dy|", *(a[known] for a in (y, claimed, -true, allowed)))


@BIJECTIONS.law("slopes add up to the rise")
def slopes_add_up(case: MapCase) -> Finding:
    """∫ exp(log|dy/dx|) dx over an interval is the difference of its ends: no derivative, no inverse."""
    x = case.ordinary
    keep = np.diff(x) > 1e-3
    left, right = x[:-1][keep], x[1:][keep]
    if not len(left):
        return undecided("no two ordinary points")
    coarse, fine = (_rise(case.map, left, right, n) for n in (12, 20))
    y = [np.asarray(value(case.map.forward(end)), dtype=float) for end in (left, right)]
    rounding = (
        64 * EPS * (np.abs(y[0]) + np.abs(y[1]) + np.abs(fine))
        + input_noise(case.map, left)
        + input_noise(case.map, right)
    )
    clean = np.abs(fine - coarse) <= 1e-9 * np.abs(fine)  # panels with a kink inside are left to the other laws
    allowed = (
        10 * np.abs(fine - coarse)
        + rounding
        + np.abs(fine) * np.nan_to_num(10 * stated_error(case.map, 0.5 * (left + right)))
    )
    return compared("rise from", *(a[clean] for a in (left, fine, np.abs(y[1] - y[0]), allowed)))


def _rise(t: Any, left: np.ndarray, right: np.ndarray, n: int) -> np.ndarray:
    nodes, weights = np.polynomial.legendre.leggauss(n)
    x = 0.5 * (left + right)[:, None] + 0.5 * (right - left)[:, None] * nodes
    slopes = np.exp(np.broadcast_to(np.asarray(value(t.forward_and_log_det(x)[1]), dtype=float), x.shape))
    return 0.5 * (right - left) * (slopes @ weights)


@BIJECTIONS.law("pairs agree with single directions")
def pairs_agree(case: MapCase) -> Finding:
    """Element 0 of forward_and_log_det is forward, and of inverse_and_log_det is inverse, up to rounding."""
    t, x = case.map, case.ordinary
    y = np.asarray(value(t.forward(x)), dtype=float)
    low, high = pulled_ball(t, *widened(y, y, ulps(x, y)))
    slack = ulps(x, y) * np.spacing(np.abs(y)) + input_noise(t, x)
    return together(
        [
            compared("forward", x, value(t.forward_and_log_det(x)[0]), y, slack),
            within("inverse", y, value(t.inverse(y)), *widened(low, high, ulps(x, y))),
            within("inverse of the pair", y, value(t.inverse_and_log_det(y)[0]), *widened(low, high, ulps(x, y))),
        ]
    )


@BIJECTIONS.law("monotone as declared")
def monotone(case: MapCase) -> Finding:
    y = case.y if case.map.increasing else -case.y
    low, high = widened(y, y, ulps(case.x, y))
    found = within("g after the point before", case.x[1:], high[1:], low[:-1], np.inf)
    word = "increasing" if case.map.increasing else "decreasing"
    return (
        found
        if y[-1] > y[0]
        else broken(f"declared {word}, g({case.x[0]:.6g}) = {case.y[0]:.6g}, g({case.x[-1]:.6g}) = {case.y[-1]:.6g}")
    )


@BIJECTIONS.law("image of the domain is the codomain")
def image_is_codomain(case: MapCase) -> Finding:
    """Towards each end of the domain the values settle on the end of the codomain, or grow without settling."""
    targets = ends_of(case.map.codomain)
    targets = targets if case.map.increasing else targets[::-1]
    return together([_approaches(case, side, target) for side, target in zip((-1.0, 1.0), targets, strict=True)])


def _approaches(case: MapCase, side: float, target: float) -> Finding:
    end = ends_of(case.domain)[side > 0]
    at_end = float(np.ravel(value(case.map.forward(np.array([end]))))[0])
    if at_end == target or (np.isfinite(target) and abs(at_end - target) <= 16 * EPS * abs(target)):
        return holds(f"g({end:g}) = {target:g}", 0.0)
    x = _towards(case.domain, side)
    y = np.asarray(value(case.map.forward(x)), dtype=float)
    text = f"towards {end:g} g goes to {y[-1]:.6g}"
    if np.isinf(target):
        last, before = (y[-1] - y[-2]) * np.sign(target), (y[-2] - y[-3]) * np.sign(target)
        unbounded = y[-1] == target or (last > 0 and (np.isnan(before) or last > 0.4 * before))
        return fact(bool(unbounded), f"{text} and on", f"{text}, the codomain ends at {target:g}")
    gap, first = abs(y[-1] - target), abs(y[0] - target)
    if gap <= max(0.01 * first, 64 * EPS * abs(target)):
        return holds(text, 0.0)
    if np.isfinite(end) and end != 0.0 and gap < 0.9 * first:
        return undecided(f"{text}; no double is nearer to the end")
    return broken(f"{text}, the codomain ends at {target:g}")


def _towards(domain: Interval, side: float) -> np.ndarray:
    """Points that run to one end, the logarithm of the distance doubling from one to the next."""
    low, high = ends_of(domain)
    end, other = (high, low) if side > 0 else (low, high)
    if np.isinf(end):
        points = side * 10.0**2.0 ** np.arange(9)
    else:
        reach = min(1.0, 0.5 * (high - low))
        points = end - side * reach * 10.0 ** -(2.0 ** np.arange(9))
    inside = points[(points > low) & (points < high)]
    return np.append(inside, side * LARGEST) if np.isinf(end) else np.append(inside, np.nextafter(end, other))


@BIJECTIONS.law("inverse of the inverse")
def double_inverse(case: MapCase) -> Finding:
    t = case.map
    same = t.inv.inv is t or (is_identity(t) and t.inv is t)
    swapped = t.inv.domain == t.codomain and t.inv.codomain == t.domain
    return fact(same and swapped, "t.inv.inv is t, and its domain and codomain are swapped",
                "t.inv.inv is not t" if swapped else "t.inv does not swap domain and codomain")  # fmt: skip


@BIJECTIONS.law("cancels with its inverse")
def cancels(case: MapCase) -> Finding:
    t = case.map
    true = is_identity(compose(t, t.inv)) and is_identity(compose(t.inv, t))
    return fact(true, "t >> t.inv and t.inv >> t are the identity", "t >> t.inv does not reduce to the identity")


@BIJECTIONS.law("cdf of the image is that of the base")
def carried_cdf(case: MapCase) -> Finding:
    """F_Y(g(x)) = F(x), or P(X > x) for a decreasing map, in both tails, as far as the rounding of g(x) allows."""
    levels = np.array([1e-290, 1e-100, 1e-30, 1e-10, 1e-4, 0.01, 0.1, 0.3, 0.5])
    found = []
    for (base, _), law in zip(case.pairs, case.pushed, strict=True):
        x = np.unique(np.concatenate([base.ppf(levels), base.isf(levels)]))
        y = np.asarray(value(case.map.forward(x)), dtype=float)
        keep = np.isfinite(y) & (x > ends_of(base.support)[0]) & (x < ends_of(base.support)[1])
        x, y = x[keep], y[keep]
        low, high = pulled_ball(case.map, *widened(*pushed_ball(case.map, x, x), ulps(x, y)))
        low, high = widened(low, high, ulps(x, y))
        for name, other in (("cdf", "sf"), ("sf", "cdf")):
            of_base = getattr(base, name if case.map.increasing else other)
            ends = np.sort([of_base(low), of_base(high)], axis=0)
            slack = 1e-13 * (1 + np.abs(np.log(np.maximum(ends, 1e-323))))
            found.append(
                within(f"{name} of {law}", y, getattr(law, name)(y), ends[0] * (1 - slack[0]), ends[1] * (1 + slack[1]))
            )
    return together(found) if found else undecided("no law fits into the domain")
