"""The laws of a map, and check_transform, which judges a map by them.

The references share nothing with what is judged: a log-determinant is compared with a numeric derivative of the forward
formula and with the rise of the map over intervals, a round trip with what neighbouring doubles map to, a pushed
density with its integral, its distribution function with that of the base, its draws with both.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from densities import distributions as laws
from densities.anchored import Anchored, value
from densities.divergences import kl
from densities.domains import Interval
from densities.errors import DensitiesError, ParameterError, argument_error
from densities.numerics.jacobian import log_derivative
from densities.transforms import Affine, Bijection, Flat, Transform, compose
from densities.transforms.base import is_identity
from densities.transforms.manytoone import Endless
from densities.validation.independent import draws_check, integral, mass_check
from densities.validation.laws import (
    EPS,
    CheckReport,
    Finding,
    LawBook,
    broken,
    compared,
    does_not_apply,
    fact,
    holds,
    together,
    undecided,
    within,
)
from densities.validation.points import LARGEST, ends_of, points_of, pulled_ball, pushed_ball, ulps, widened

__all__ = ["FALSE_ALARMS", "check_transform"]

EVERY_MAP, BIJECTIONS, MANY_TO_ONE, PUSHED = LawBook(), LawBook(), LawBook(), LawBook()
FALSE_ALARMS = 1e-6  # of the test of the draws of one law
DRAWS = 2**16
# The error of a numeric derivative is an estimate: it is taken ten times, and a derivative less sure than this is not used.
DERIVATIVE_MARGIN, DERIVATIVE_LIMIT = 10.0, 1e-5
SMALLEST = 1e-270  # below, steps of a numeric derivative are subnormal
TINY = float(np.finfo(float).tiny)
MASS_TOLERANCE = 1e-6  # what a divergence integrated between the quantiles at 1e-10 may miss
# Where maps with infinitely many pieces are looked at, and where the laws live that are pushed through them.
WIDEST, BOUNDED = Interval(-25.0, 25.0), Interval(-2.0, 3.0)


def check_transform(transform: Transform, *, rng: Any = 0) -> CheckReport:
    """Every law of a map, judged: round trips, log-determinant, monotonicity, image, inverse, pushed laws, arrays.

    Works for a registered map, a user's own Bijection (with or without an inverse), a FunctionTransform, maps that are
    many to one, and maps of vectors. `rng` seeds the draws; a right map fails the test of its draws once in a million.
    `print` shows the report, `.ok` and `.require()` judge it. Raises ParameterError where no transform is given.
    """
    if not isinstance(transform, Transform):
        raise ParameterError(argument_error("transform", "a Transform", transform))
    if transform.event_ndim:
        from densities.validation.laws_vector import vector_map_findings

        return CheckReport(str(transform), vector_map_findings(transform, rng))
    case = MapCase(transform, rng)
    books = [EVERY_MAP, BIJECTIONS if isinstance(transform, Bijection) else MANY_TO_ONE, PUSHED]
    return CheckReport(str(transform), tuple(finding for book in books for finding in book.judge(case)))


class MapCase:
    """A map of the line, the points it is tried at, and laws to push through it; of a batch the first member."""

    def __init__(self, given: Transform, rng: Any):
        self.given, self.rng = given, rng
        self.map: Any = given.member((0,) * len(given.batch_shape), given.batch_shape)

    @cached_property
    def domain(self) -> Interval:
        return self.map.domain

    @cached_property
    def x(self) -> np.ndarray:
        return points_of(self.domain)

    @cached_property
    def y(self) -> np.ndarray:
        return np.asarray(value(self.map.forward(self.x)), dtype=float)

    @cached_property
    def ordinary(self) -> np.ndarray:
        """The points of moderate size, well inside the domain, whose images are moderate too."""
        sizes = np.abs([self.x, self.y])
        keep = (sizes < 1e4).all(axis=0) & ((sizes > 1e-4) | (sizes == 0)).all(axis=0)
        for domain, points in ((self.domain, self.x), (self.map.codomain, self.y)):
            if isinstance(domain, Interval):
                low, high = ends_of(domain)
                keep &= (points - low > 1e-4) & (high - points > 1e-4)
        return self.x[keep]

    @cached_property
    def pairs(self) -> list[tuple[Any, Any]]:
        """Pairs (p, q) of laws that live in the domain and have a known divergence; p is pushed."""
        endless = isinstance(self.map, Endless)  # a handful of its pieces tells as much as a hundred, and sooner
        found = [pair for pair in laws_within(BOUNDED if endless else self.domain) if _lives_in(pair, self.map)]
        return found if isinstance(self.map, Bijection) else found[: 1 if endless else 2]

    @cached_property
    def pushed(self) -> list[Any]:
        return [base >> self.map for base, _ in self.pairs]


def laws_within(domain: Interval) -> list[tuple[Any, Any]]:
    """Three pairs of laws whose support lies in an interval."""
    low, high = ends_of(domain)
    if np.isfinite(high - low):
        width = high - low
        inner = [(laws.Beta(2, 3), laws.Beta(3, 2.5)), (laws.Beta(0.8, 1.5), laws.Beta(1, 1)), (laws.Uniform(), laws.Beta(2, 2))]
        return [(_placed(p, low, width), _placed(q, low, width)) for p, q in inner]
    if np.isfinite(low) or np.isfinite(high):
        loc, scale = (low, 1.0) if np.isfinite(low) else (high, -1.0)
        half = [(laws.Gamma(2.5), laws.Gamma(3.5, 0.8)), (laws.LogNormal(0.2, 0.7), laws.LogNormal(0, 1)),
                (laws.Exponential(1.5), laws.Gamma(1.5))]  # fmt: skip
        return [(_placed(p, loc, scale), _placed(q, loc, scale)) for p, q in half]
    return [(laws.Normal(0.3, 1.2), laws.Normal(-0.2, 1.5)), (laws.Logistic(-0.5, 0.6), laws.Logistic(0, 0.8)),
            (laws.Uniform(-1.5, 2.5), laws.Normal(0, 1))]  # fmt: skip


def _placed(law: Any, loc: float, scale: float) -> Any:
    return law if (loc, scale) == (0.0, 1.0) else law >> Affine(loc, scale)


def _lives_in(pair: Sequence[Any], t: Transform) -> bool:
    try:
        return all((law >> t) is not None for law in pair)
    except DensitiesError:
        return False


# ---- every map ----


@EVERY_MAP.law("numbers go to numbers")
def numbers(case: MapCase) -> Finding:
    """A point inside the domain has an image, which is not NaN."""
    return within("g(x)", case.x, case.y, -np.inf, np.inf)


@EVERY_MAP.law("NaN goes through as NaN")
def nan_passes(case: MapCase) -> Finding:
    x = np.array([np.nan])
    images = [value(case.map.forward(x))]
    if isinstance(case.map, Bijection):
        images += [value(case.map.inverse(x)), value(case.map.forward_and_log_det(x)[0])]
    return fact(bool(np.all(np.isnan(images))), "forward and inverse keep NaN", f"NaN became {images}")


@EVERY_MAP.law("image lies in the codomain")
def image_inside(case: MapCase) -> Finding:
    codomain = case.map.codomain
    if not isinstance(codomain, Interval):
        return fact(bool(np.all(codomain.contains(case.y))), f"all values in {codomain}", f"some values outside {codomain}")
    return within("g(x)", case.x, case.y, *widened(*ends_of(codomain), ulps(case.y)))


@EVERY_MAP.law("batch equals scalar")
def batch(case: MapCase) -> Finding:
    """Elementwise over any shape, and the same for parameters that are arrays."""
    x = case.ordinary[: 2 * (len(case.ordinary) // 2)]
    if not len(x):
        return undecided("no ordinary point")
    alone = np.array([value(case.map(float(point))) for point in x])
    shaped = np.asarray(case.map(x.reshape(2, 1, -1)))
    if shaped.shape != (2, 1, len(x) // 2):
        return broken(f"shape (2, 1, {len(x) // 2}) became {shaped.shape}")
    slack = ulps(x) * np.spacing(np.abs(alone)) + _input_noise(case.map, x)
    return together([compared("one by one", x, shaped.ravel(), alone, slack), _parameters_as_arrays(case, x, alone, slack)])


def _parameters_as_arrays(case: MapCase, x: np.ndarray, alone: np.ndarray, slack: np.ndarray) -> Finding:
    t = case.map
    if not type(t).parameters or not t.params or any(np.ndim(p) for p in t.params.values()):
        return does_not_apply("no scalar parameters")
    try:
        stacked = type(t)(**{name: np.full((2, 1), p) for name, p in t.params.items()})
    except DensitiesError as error:
        return does_not_apply(f"takes no batch of parameters: {error}")
    return compared("parameters as arrays", x, stacked(x), alone, slack)


def _input_noise(t: Transform, x: np.ndarray, eps: float = EPS) -> np.ndarray:
    """How far g moves when x does by a few roundings: what cancellation inside a formula may cost."""
    beside = [np.asarray(value(t.forward(x * (1 + sign * ulps(x) * eps))), dtype=float) for sign in (-1, 1)]
    return np.abs(beside[1] - beside[0])


@EVERY_MAP.law("float32 stays float32")
def single_precision(case: MapCase) -> Finding:
    x = _within_single(case.map, np.unique(case.ordinary.astype(np.float32)))
    y = np.asarray(value(case.map.forward(x)))
    if y.dtype != np.float32:
        return broken(f"g of a float32 array is {y.dtype}")
    if isinstance(case.map, Bijection):
        for name, found in zip(("x", "log-determinant"), case.map.inverse_and_log_det(y), strict=True):
            kind = np.asarray(value(found)).dtype
            if kind != np.float32 and np.ndim(found):
                return broken(f"the {name} of the inverse of a float32 array is {kind}")
    exact = x.astype(float)
    expected = np.asarray(value(case.map.forward(exact)), dtype=float)
    eps = float(np.finfo(np.float32).eps)
    slack = ulps(x) * eps * (np.abs(expected) + np.abs(exact)) + _input_noise(case.map, exact, eps)
    return compared("g(x)", x, y, expected, slack)


def _within_single(t: Transform, x: np.ndarray) -> np.ndarray:
    """The points that no step of a chain leads out of the range of float32."""
    keep, z = np.ones(x.shape, bool), x.astype(float)
    for step in t.steps:
        z = np.asarray(value(step.forward(z)), dtype=float)
        keep &= (np.abs(z) < 1e30) & ((np.abs(z) > 1e-30) | (z == 0))
    return x[keep]


@EVERY_MAP.law("pickles")
def pickles(case: MapCase) -> Finding:
    return pickle_finding(case.given)


def pickle_finding(subject: Any) -> Finding:
    """A copy through pickle is the same by value; what is made of a function inside another has no name to pickle."""
    try:
        again = pickle.loads(pickle.dumps(subject))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        if _has_local_code(subject):
            return does_not_apply("it is made of a function or class that has no importable name")
        return broken(f"{type(error).__name__}: {error}")
    return fact(bool(again.same_as(subject)), "the copy is the same", "the copy is not the same by same_as")


def _has_local_code(subject: Any) -> bool:
    parts = [subject, *getattr(subject, "steps", ())]
    held = [item for part in parts for item in (type(part), *vars(part).values())]
    names = [getattr(item, "__qualname__", "") for item in held]
    return any("<locals>" in name or "<lambda>" in name for name in names)


@EVERY_MAP.law("anchored evaluation agrees with plain")
def anchored_agrees(case: MapCase) -> Finding:
    x, t = case.ordinary, case.map
    y = np.asarray(value(t.forward(x)), dtype=float)
    slack = ulps(x, y) * np.spacing(np.abs(y)) + _input_noise(t, x)
    found = [compared("g(x)", x, value(t.forward(Anchored.exact(x))), y, slack)]
    if isinstance(t, Bijection):
        plain, anchored = (t.forward_and_log_det(points)[1] for points in (x, Anchored.exact(x)))
        plain = np.broadcast_to(value(plain), x.shape)
        found.append(compared("log|dy/dx|", x, value(anchored), plain, 64 * EPS * (1 + np.abs(plain)) + _log_det_noise(t, x)))
        low, high = pulled_ball(t, *widened(y, y, ulps(x, y)))
        found.append(within("inverse", y, value(t.inverse(Anchored.exact(y))), *widened(low, high, ulps(x, y))))
        found += [_anchored_inverse(t, y, end) for end in (0.0, *ends_of(t.codomain)) if np.isfinite(end)]
    return together(found)


def _anchored_inverse(t: Any, y: np.ndarray, anchor: float) -> Finding:
    """log|dx/dy| of the inverse at anchor + offset, for the finite ends of the codomain and 0, against plain."""
    offset = y - anchor
    near = (offset != 0) & (anchor + offset == y)
    y, offset = y[near], offset[near]
    x, plain = t.inverse_and_log_det(y)
    plain = np.broadcast_to(value(plain), y.shape)
    found = t.inverse_and_log_det(Anchored(np.full(y.shape, anchor), offset))[1]
    beside = [np.asarray(value(t.inverse_and_log_det(end)[1])) for end in widened(y, y, ulps(x, y))]
    allowed = 64 * EPS * (1 + np.abs(plain)) + _log_det_noise(t, value(x)) + np.abs(beside[1] - beside[0])
    return compared(f"log|dx/dy| anchored at {anchor:g}", y, value(found), plain, allowed)


def _log_det_noise(t: Any, x: np.ndarray) -> np.ndarray:
    beside = [np.broadcast_to(value(t.forward_and_log_det(x * (1 + sign * 8 * EPS))[1]), x.shape) for sign in (-1, 1)]
    return np.nan_to_num(np.abs(beside[1] - beside[0]))


@EVERY_MAP.law("no warning escapes")
def silent(case: MapCase) -> Finding:
    """Calling the map, and its pushed laws, at ordinary and extreme points with floating-point warnings as errors."""
    with np.errstate(all="warn"):
        case.map(case.x[case.x != 0])  # 0 may be a pole, which calls refuse
        case.map(float(case.x[0]))
        for law in case.pushed[:1]:
            for name in ("pdf", "logpdf", "cdf", "sf", "logcdf", "logsf"):
                getattr(law, name)(np.array([-np.inf, -1e300, -1.0, 0.0, 0.5, 1.0, 1e300, np.inf, np.nan]))
    return holds("forward and the methods of pushed laws are silent")


# ---- bijections ----


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
    low, high = back(t, *widened(*ball, roundings))
    return within(what, x, x, *widened(low, high, roundings))


@BIJECTIONS.law("log|dy/dx| against a numeric derivative")
def log_det(case: MapCase) -> Finding:
    """log|dy/dx| against the complex step or Ridders' extrapolation of forward, within the error of that derivative."""
    return log_det_finding(case.map, case.x)


def log_det_finding(t: Any, x: np.ndarray) -> Finding:
    claimed = np.broadcast_to(np.asarray(value(t.forward_and_log_det(x)[1]), dtype=float), x.shape)
    true, error = _derivative(t, x)
    known = np.isfinite(true) & (error < DERIVATIVE_LIMIT)
    allowed = DERIVATIVE_MARGIN * error + 64 * EPS * (1 + np.abs(true)) + stated_error(t, x)
    if np.count_nonzero(known) < 8:
        return undecided("the numeric derivative is known at fewer than 8 points")
    return compared("log|dy/dx|", *(a[known] for a in (x, claimed, true, allowed)))


def _derivative(t: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log|dy/dx| and its error, numerically, by steps that stay on one side of 0, where maps may have a kink.

    NaN at 0, and where the steps would be subnormal.
    """
    low, high = ends_of(t.domain)
    reach = 0.5 * np.abs(x)
    formula = lambda points: value(t.forward(points))  # noqa: E731
    true, _, error = log_derivative(formula, x, np.maximum(low, x - reach), np.minimum(high, x + reach))
    return np.where(np.abs(x) < SMALLEST, np.nan, true), error


def stated_error(t: Any, x: Any) -> Any:
    """The error that maps with numeric derivatives state themselves, added up along a chain."""
    total: Any = 0.0
    for step in t.steps:
        total = total + (step.derivative_error(x) if hasattr(step, "derivative_error") else 0.0)
        x = value(step.forward(x))
    return total


@BIJECTIONS.law("log|dx/dy| of the inverse")
def inverse_log_det(case: MapCase) -> Finding:
    """log|dx/dy| as the inverse gives it against minus the numeric derivative of forward, at the point it came back to."""
    t, y = case.map, np.asarray(value(case.map.forward(case.ordinary)), dtype=float)
    x, claimed = (np.broadcast_to(np.asarray(value(a), dtype=float), y.shape) for a in t.inverse_and_log_det(y))
    true, error = _derivative(t, x)
    known = np.isfinite(true) & (error < DERIVATIVE_LIMIT)
    noise = _log_det_noise(t, x) * ulps(x, y)  # x itself is rounded
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
    rounding = 64 * EPS * (np.abs(y[0]) + np.abs(y[1]) + np.abs(fine)) + _input_noise(case.map, left) + _input_noise(case.map, right)
    clean = np.abs(fine - coarse) <= 1e-9 * np.abs(fine)  # panels with a kink inside are left to the other laws
    allowed = 10 * np.abs(fine - coarse) + rounding + np.abs(fine) * np.nan_to_num(10 * stated_error(case.map, 0.5 * (left + right)))
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
    slack = ulps(x, y) * np.spacing(np.abs(y)) + _input_noise(t, x)
    return together([
        compared("forward", x, value(t.forward_and_log_det(x)[0]), y, slack),
        within("inverse", y, value(t.inverse(y)), *widened(low, high, ulps(x, y))),
        within("inverse of the pair", y, value(t.inverse_and_log_det(y)[0]), *widened(low, high, ulps(x, y))),
    ])


@BIJECTIONS.law("monotone as declared")
def monotone(case: MapCase) -> Finding:
    y = case.y if case.map.increasing else -case.y
    low, high = widened(y, y, ulps(case.x, y))
    found = within("g after the point before", case.x[1:], high[1:], low[:-1], np.inf)
    word = "increasing" if case.map.increasing else "decreasing"
    return found if y[-1] > y[0] else broken(f"declared {word}, g({case.x[0]:.6g}) = {case.y[0]:.6g}, g({case.x[-1]:.6g}) = {case.y[-1]:.6g}")


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
        points = side * 10.0 ** 2.0 ** np.arange(9)
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
            found.append(within(f"{name} of {law}", y, getattr(law, name)(y), ends[0] * (1 - slack[0]), ends[1] * (1 + slack[1])))
    return together(found) if found else undecided("no law fits into the domain")


@BIJECTIONS.law("divergences are unchanged")
def divergence_unchanged(case: MapCase) -> Finding:
    return together([_divergence(p, q, case.map) for p, q in case.pairs]) if case.pairs else undecided("no law fits")


def _divergence(p: Any, q: Any, t: Transform) -> Finding:
    """D(p‖q) of the base against ∫ log(f_p/f_q) f_p dy of the pushed laws, equal through a bijection, else not larger."""
    base = kl(p, q)
    y_p, y_q = p >> t, q >> t

    def integrand(y: np.ndarray) -> Any:
        log_p, log_q = y_p.logpdf(y), y_q.logpdf(y)
        weight = np.exp(log_p)
        return np.where((weight == 0) | np.isinf(weight), 0.0, weight * (log_p - log_q))

    if _unresolved(y_p) > MASS_TOLERANCE**2:
        return does_not_apply(f"mass {_unresolved(y_p):.1e} of {y_p} lies nearer to its ends than any double")
    found, error = integral(integrand, y_p)
    allowed = MASS_TOLERANCE + error + base.error
    if not allowed < 1e-3:
        return undecided(f"the integral over {y_p} is known to {error:.1e} only")
    if isinstance(t, Bijection):
        return compared(f"D of {p}", base.value, found, base.value, allowed)
    return within(f"D of {p}", base.value, found, -allowed, base.value + allowed)


def _unresolved(law: Any) -> float:
    """The mass between finite ends other than 0 and the points a few thousand doubles inside."""
    low, high = ends_of(law.support)
    inner = [end + sign * 1e4 * np.spacing(abs(end)) for end, sign in ((low, 1), (high, -1))]
    return float(law.cdf(inner[0]) * np.isfinite(low) + law.sf(inner[1]) * np.isfinite(high))


# ---- maps that are many to one ----


@MANY_TO_ONE.law("pieces cover the domain and agree with the map")
def pieces_agree(case: MapCase) -> Finding:
    x = np.unique(np.concatenate([case.ordinary, MODERATE_POINTS]))
    x = x[np.asarray(case.domain.contains(x)) & np.asarray(WIDEST.contains(x))]
    covered = np.zeros(len(x), int)
    found = []
    for piece in case.map.pieces_within(WIDEST):
        inside = np.asarray(piece.domain.interior_contains(x))
        covered += inside
        here = x[inside]
        y = np.asarray(value(case.map.forward(here)), dtype=float)
        image = np.full(len(here), piece.value) if isinstance(piece, Flat) else np.asarray(value(piece.map.forward(here)))
        if len(here):
            slack = ulps(here, y) * np.spacing(np.abs(y)) + _input_noise(case.map, here)
            found.append(compared(f"the piece {piece.domain}", here, image, y, slack))
    ends = {end for piece in case.map.pieces_within(WIDEST) for end in ends_of(piece.domain)}
    gaps = x[(covered != 1) & ~np.isin(x, list(ends))]
    if len(gaps):
        return broken(f"{gaps[0]:.6g} lies in {covered[x == gaps[0]][0]} pieces")
    return together(found)


MODERATE_POINTS = np.linspace(-9.87, 9.71, 97)


@MANY_TO_ONE.law("branches lead back, with the right slope")
def branches_lead_back(case: MapCase) -> Finding:
    """Each piece is a bijection onto its image: round trip and log-determinant, on the points inside it."""
    found = []
    for piece in case.map.pieces_within(Interval(-5.0, 5.0)):
        if isinstance(piece, Flat):
            continue
        x = points_of(piece.domain)
        x = x[np.abs(x) < 1e4]
        found.append(log_det_finding(piece.map, x))
        y = np.asarray(value(case.map.forward(x)), dtype=float)
        low, high = pulled_ball(piece.map, *widened(y, y, ulps(x, y)))
        found.append(within("preimage", x, x, *widened(low, high, ulps(x, y))))
    return together(found) if found else does_not_apply("all pieces are constant")


@MANY_TO_ONE.law("divergences do not grow")
def divergence_not_larger(case: MapCase) -> Finding:
    continuous = [pair for pair in case.pairs if (pair[0] >> case.map).measure == "lebesgue"]
    if not continuous:
        return does_not_apply("pushed laws have atoms")
    return together([_divergence(p, q, case.map) for p, q in continuous[:1]])


# ---- pushed laws ----


@PUSHED.law("mass of pushed laws is 1 and follows their cdf")
def pushed_mass(case: MapCase) -> Finding:
    for law in case.pushed:
        if np.isnan(law.pdf(law.median())):
            return broken(f"the density of {law} is NaN at its median")
    found = [mass_check(str(law), law) for law in case.pushed]
    return checks_as_finding(found) if found else undecided("no law fits into the domain")


@PUSHED.law("draws of pushed laws follow their cdf")
def pushed_draws(case: MapCase) -> Finding:
    """Kolmogorov-Smirnov, at a false-alarm rate of one in a million for all of them."""
    n = len(case.pushed)
    found = [draws_check(str(law), law, n=DRAWS, level=FALSE_ALARMS / n, rng=case.rng) for law in case.pushed]
    return checks_as_finding(found) if found else undecided("no law fits into the domain")


def checks_as_finding(checks: Sequence[Any]) -> Finding:
    """Checks of single laws as one finding."""
    by = {True: holds, False: broken, None: undecided}
    return together([by[check.passed](check.text) for check in checks])
