"""What the laws of maps share: a map with its points and the laws to push through it, and what rounding may cost."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from densities import distributions as laws
from densities.anchored import value
from densities.arrays import quiet
from densities.domains import Interval
from densities.errors import DensitiesError
from densities.numerics.jacobian import log_derivative
from densities.numerics.roots import from_ordinal, to_ordinal
from densities.transforms import Affine, Bijection, Transform
from densities.transforms.manytoone import Endless
from densities.validation.independent import TINY as UNSEEN
from densities.validation.laws import (
    EPS,
    Finding,
    broken,
    compared,
    does_not_apply,
    fact,
    holds,
    together,
    undecided,
)
from densities.validation.points import ends_of, points_of, ulps

FALSE_ALARMS = 1e-6  # of the test of the draws of one law
DRAWS = 2**16  # of which a share of 1 % in the wrong place shows at that rate
# The error of a numeric derivative is an estimate: it is taken ten times, and a derivative less sure than this is not used.
DERIVATIVE_MARGIN, DERIVATIVE_LIMIT = 10.0, 1e-5
LOG_ULPS = 16  # what a sum of a few logarithms may lose, beside what conditioning forces
TINY = float(np.finfo(float).tiny)
SMALLEST = 1e-270  # below, steps of a numeric derivative are subnormal
# Where maps with infinitely many pieces are looked at, and where the laws live that are pushed through them.
WIDEST, BOUNDED = Interval(-25.0, 25.0), Interval(-2.0, 3.0)


class MapCase:
    """A map of the line, the points it is tried at, and laws to push through it; of a batch the first member."""

    def __init__(self, given: Transform, rng: Any, formula: str | None = None):
        self.given, self.rng, self.formula = given, rng, formula
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
        inner = [
            (laws.Beta(2, 3), laws.Beta(3, 2.5)),
            (laws.Beta(0.8, 1.5), laws.Beta(1, 1)),
            (laws.Uniform(), laws.Beta(2, 2)),
        ]
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


def input_noise(t: Transform, x: np.ndarray, eps: float = EPS) -> np.ndarray:
    """How far g moves when x does by a few roundings: what cancellation inside a formula may cost."""
    beside = [np.asarray(value(t.forward(x * (1 + sign * ulps(x) * eps))), dtype=float) for sign in (-1, 1)]
    return np.abs(beside[1] - beside[0])


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
    parts = [subject, *subject.made_of]
    held = [item for part in parts for item in (type(part), *vars(part).values())]
    names = [getattr(item, "__qualname__", "") for item in held]
    return any("<locals>" in name or "<lambda>" in name for name in names)


def log_det_noise(t: Any, x: np.ndarray) -> np.ndarray:
    beside = [np.broadcast_to(value(t.forward_and_log_det(x * (1 + sign * 8 * EPS))[1]), x.shape) for sign in (-1, 1)]
    return np.nan_to_num(np.abs(beside[1] - beside[0]))


def log_det_finding(t: Any, x: np.ndarray) -> Finding:
    claimed = np.broadcast_to(np.asarray(value(t.forward_and_log_det(x)[1]), dtype=float), x.shape)
    true, error = numeric_log_slope(t, x)
    known = np.isfinite(true) & (error < DERIVATIVE_LIMIT)
    # forward is right to so many roundings, and so is its slope where they go with x, as in sinh(asinh(x)) far out; the
    # error counts one rounding of y, and of an exponential its logarithm is rounded
    y = np.abs(np.asarray(value(t.forward(x)), dtype=float))
    roundings = np.maximum(1.0, np.abs(np.log(np.where((y > 0) & np.isfinite(y), y, 1.0))))
    allowed = DERIVATIVE_MARGIN * error * roundings + EPS * (64 * (1 + np.abs(true)) + ulps(x)) + stated_error(t, x)
    if np.count_nonzero(known) < 8:
        return undecided("the numeric derivative is known at fewer than 8 points")
    return compared("log|dy/dx|", *(a[known] for a in (x, claimed, true, allowed)))


def exact_log_det_finding(t: Any, x: np.ndarray, formula: str | None = None) -> Finding:
    """log|dy/dx| against the derivative of the formula in many digits, up to what roundings of points on the way do to it."""
    with quiet():
        claimed = np.broadcast_to(np.asarray(value(t.forward_and_log_det(x)[1]), dtype=float), x.shape)
    told = np.isfinite(claimed) & (np.abs(x) >= TINY)
    x, claimed = x[told], claimed[told]
    exact = import_module("densities.validation.symbolic").exact_log_slopes(t, x, formula)
    if exact is None:
        return does_not_apply("the map has no formula")
    known = np.isfinite(exact.log)
    if not np.any(known):
        return undecided("a thousand digits do not resolve the formula at any point")
    # logarithms are added up, each with the rounding of its size
    allowed = LOG_ULPS * EPS * (1 + np.abs(exact.log)) + ulps(x) * exact.per_rounding
    found = compared("log|dy/dx|", *(a[known] for a in (x, claimed, exact.log, allowed)))
    return found if known.all() else replace(found, text=f"{found.text}; {np.count_nonzero(~known)} not resolved")


def numeric_log_slope(t: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log|dy/dx| and its error, numerically, by steps that stay on one side of 0 and of every kink.

    NaN at 0, and where the steps would be subnormal.
    """
    corners = np.unique([*ends_of(t.domain), *map(float, t.kinks), -np.inf, np.inf])
    after = np.clip(np.searchsorted(corners, x, side="right"), 1, len(corners) - 1)
    low, high = corners[after - 1], corners[after]
    reach = 0.5 * np.abs(x)
    formula = lambda points: value(t.forward(points))  # noqa: E731
    true, _, error = log_derivative(formula, x, np.maximum(low, x - reach), np.minimum(high, x + reach))
    return np.where(np.abs(x) < SMALLEST, np.nan, true), error


def stated_error(t: Any, x: Any) -> Any:
    """The error that maps with numeric derivatives state themselves, added up along a chain."""
    total: Any = 0.0
    for step in t.steps:
        total = total + (step.derivative_error(x))
        x = value(step.forward(x))
    return total


def mass_below(base: Any, t: Transform) -> float | None:
    """P(|g(X)| < UNSEEN) for a bijection onto an interval that ends at 0, by the base and the forward map alone."""
    if not isinstance(t, Bijection) or 0.0 not in ends_of(t.codomain):  # type: ignore[arg-type]
        return None
    low, high = (int(to_ordinal(end)) for end in ends_of(base.support))
    near = lambda n: abs(float(value(t.forward(from_ordinal(np.asarray(n)))))) < UNSEEN  # noqa: E731
    towards_low = bool(t.increasing) == (ends_of(t.codomain)[0] == 0.0)  # type: ignore[arg-type]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if near(middle) == towards_low else (low, middle)
    border = float(from_ordinal(np.asarray(high)))
    return float(base.cdf(border) if towards_low else base.sf(border))


def checks_as_finding(checks: Sequence[Any]) -> Finding:
    """Checks of single laws as one finding."""
    by = {True: holds, False: broken, None: undecided}
    return together([by[check.passed](check.text) for check in checks])
