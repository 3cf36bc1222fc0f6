"""Laws at points of torch, JAX or CuPy: the same formulas, the support decided without looking at a value.

Outside the support the formula is given a point inside, so that no derivative is NaN, and its result is replaced. At the ends
of the support, and where the density is a limit, NumPy answers beforehand. What does not run there is computed by NumPy, with
the derivative that is another method of the law: the density is the slope of the distribution function.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
from scipy import special

from densities.anchored import value
from densities.arrays import quiet
from densities.distributions.array_pushforward import ArrayPushforward
from densities.distributions.base import Univariate
from densities.distributions.dirichlet import Dirichlet
from densities.distributions.discrete.shared import CountableFamily
from densities.distributions.elliptical import MultivariateNormal, MultivariateT
from densities.distributions.family import Family
from densities.distributions.product import Product
from densities.distributions.vector_base import ArrayDistribution
from densities.errors import UnsupportedOperationError, argument_error
from densities.foreign import (
    UNSERVED,
    Foreign,
    array_namespace,
    elementwise,
    is_foreign,
    is_traced,
    on_host,
    to_numpy,
    unwrapped,
    wrapped,
)
from densities.foreign.kinds import like, numpy_dtype, size_of, still
from densities.foreign.maps import foreign_within, reason
from densities.protocols import on_foreign

# Below it e^x is 0.
LOG_TINY = -746.0
# Below it what a logarithm was taken of may have been subnormal on its way; nearer to an end than this part of it, the digits
# that rounding left of the distance matter.
LOG_DEEP, BESIDE = -300.0, 2.0**-13
# The values of the distribution functions below the support and above it.
BEYOND = {"cdf": (0.0, 1.0), "sf": (1.0, 0.0), "logcdf": (-np.inf, 0.0), "logsf": (0.0, -np.inf)}


@on_foreign.register
def _(law: Family, method: str, y: Any = None, *, q: Any = None, logp: Any = None) -> Any:
    """A location and a scale of another library move the points; the standard member answers there."""
    moved = foreign_within([law._loc, law._scale])
    if moved is None:
        return answer(law, method, y, q=q, logp=logp)
    standard = law.standard()
    given = {"logp": as_points(logp, moved)} if logp is not None else {"y": as_points(y if q is None else q, moved)}
    if method in ("ppf", "isf"):
        return (Foreign(answer(standard, method, **given)) * law._scale + law._loc).array
    with quiet():
        found = Foreign(answer(standard, method, ((Foreign(given["y"]) - law._loc) / law._scale).array))
        if method == "logpdf":
            found = found - np.log(law._scale)
        return (found / law._scale if method == "pdf" else found).array


@on_foreign.register
def _(law: CountableFamily, method: str, y: Any = None, *, q: Any = None, logp: Any = None) -> Any:
    parameter = foreign_within(law)
    if parameter is None or method not in ("pmf", "logpmf"):
        return answer(law, method, y, q=q, logp=logp)
    with quiet():
        k = np.broadcast_to(Foreign(as_points(y, parameter)), np.broadcast_shapes(np.shape(y), law.batch_shape))
        there = (k >= law.low) & (k <= law.high) & np.isfinite(k) & (np.floor(k) == k)
        result: Any = np.where(there, law.log_pmf(np.where(there, k, law.centre)), -np.inf)
        result = np.where(np.isnan(k), np.nan, result)
        return (exponential(result) if method == "pmf" else result).array


@on_foreign.register
def answer(law: Univariate, method: str, y: Any = None, *, q: Any = None, logp: Any = None) -> Any:
    logs = logp is not None
    parameter = foreign_within(law)
    varying = parameter is not None
    points = as_points(logp if logs else q if q is not None else y, parameter)
    points = array_namespace(points).broadcast_to(points, np.broadcast_shapes(points.shape, law.batch_shape))
    try:
        formula = formula_of(law, method, varying=varying, logs=logs)
        if varying:
            return formula(points)
        slope = slope_of(law, method, formula, logs=logs)
        found = elementwise(formula, points, slope)
        return found if is_traced(points) else settled(law, method, points, found, formula, slope, logs=logs)
    except UNSERVED as error:
        if varying:
            raise UnsupportedOperationError(
                f"{law}: {method} by arrays of another library: expected a formula that they can run, got {reason(error)}; "
                "give the parameters as plain numbers, then NumPy computes it"
            ) from error
        return by_numpy(law, method, points, logs=logs)


def settled(
    law: Univariate, method: str, points: Any, found: Any, formula: Callable, slope: Callable | None, *, logs: bool
) -> Any:
    """What a formula found at points that can be looked at, those by NumPy where the way to it may have left the doubles."""
    if plain(law, method, points, found):
        return found
    with quiet():
        doubtful = doubts(law, method, Foreign(points), Foreign(found), logs=logs)
        if not bool(array_namespace(points).any(doubtful.array)):
            return found
        x, middle = Foreign(points), regular_level(logs=logs) if method in ("ppf", "isf") else regular_point(law)
        told = by_numpy(law, method, unwrapped(np.where(doubtful, x, middle), points), logs=logs)
        rest = elementwise(formula, unwrapped(np.where(doubtful, middle, x), points), slope)
        return unwrapped(np.where(doubtful, Foreign(told), Foreign(rest)), points)


def plain(law: Univariate, method: str, points: Any, found: Any) -> bool:
    """Whether extremes tell that no point is in doubt."""
    if not size_of(points.shape):
        return True
    xp = array_namespace(points)
    points, found = still(points), still(found)
    info = np.finfo(numpy_dtype(points))
    (least, greatest), (lowest, highest) = ((float(xp.min(x)), float(xp.max(x))) for x in (points, found))
    if not float(xp.min(xp.abs(points))) > float(info.tiny) / float(info.eps):
        return False
    if method in ("ppf", "isf"):
        return -np.inf < lowest and highest < np.inf
    bottom, top = (LOG_DEEP, 0.0) if method.startswith("log") else (np.exp(LOG_DEEP), 1.0)
    low, high = (np.where(np.isfinite(end), end, 0.0) for end in ends(law))
    first, last = np.max(ends(law)[0] + BESIDE * np.abs(low)), np.min(ends(law)[1] - BESIDE * np.abs(high))
    upper = top if method in BEYOND else np.inf
    return bool(bottom < lowest and highest < upper and first < least and greatest < last)


def doubts(law: Univariate, method: str, x: Foreign, found: Foreign, *, logs: bool) -> Foreign:
    """Where numbers that keep their distance from an end, and may pass the doubles on their way, might say otherwise."""
    info = np.finfo(x.dtype)
    small = (np.abs(x) < float(info.tiny) / float(info.eps)) & ~np.equal(x, 0.0)
    odd = np.isnan(found) | np.isinf(found)
    if method in ("ppf", "isf"):
        return (small | odd) & (x > (-np.inf if logs else 0.0)) & (x < (0.0 if logs else 1.0))
    low, high = ends(law)
    inside = (x > low) & (x < high)
    for end in (low, high):
        size = np.where(np.isfinite(end), np.abs(end), 0.0)
        small = small | (np.abs(x - np.where(np.isfinite(end), end, 0.0)) < BESIDE * size)
    log = found if method.startswith("log") else np.log(found)
    if method in BEYOND:
        odd = odd | (log < LOG_DEEP) | (log >= 0.0)
    return (small | odd | np.isinf(log) | ((log < LOG_DEEP) & (np.abs(x) < 1.0))) & inside


@on_foreign.register
def _(law: ArrayDistribution, method: str, y: Any = None) -> Any:
    points, axes = as_points(y, foreign_within(law)), len(law.event_shape)
    if method not in ("logpdf", "pdf") or tuple(points.shape[-axes:]) != law.event_shape:
        expected = f"logpdf or pdf of points of shape {law.event_shape}"
        raise UnsupportedOperationError(argument_error(f"{law}: {method}", expected, tuple(points.shape)))
    try:
        with quiet():
            x = Foreign(points)
            result = np.where(np.any(np.isnan(x), axis=tuple(range(-axes, 0))), np.nan, log_density(law, x))
            return unwrapped(exponential(result) if method == "pdf" else result, points[(..., *[0] * axes)])
    except UNSERVED as error:
        raise UnsupportedOperationError(
            f"{law}: {method} by arrays of another library: expected a formula that they can run, got {reason(error)}; "
            "give the points as an array of NumPy"
        ) from error


@singledispatch
def log_density(law: Any, x: Foreign) -> Any:
    """The log-density of a law of arrays, -inf outside its support."""
    inside = law.support.contains(x)
    each = inside[(..., *[None] * len(law.event_shape))]
    return np.where(inside, law.raw_logpdf(np.where(each, x, law.support.interior_point())), -np.inf)


@log_density.register
def _(law: Dirichlet, x: Foreign) -> Any:
    inside = law.support.contains(x)
    safe = np.where(inside[..., None], x, law.support.interior_point())
    return np.where(inside, np.sum(special.xlogy(law.params["alpha"] - 1.0, safe), axis=-1) - law._log_beta, -np.inf)


@log_density.register(MultivariateNormal)
@log_density.register(MultivariateT)
def _(law: Any, x: Foreign) -> Any:
    """By forward substitution, as on NumPy, no entry of an array assigned."""
    factor, centred = law.map.params["matrix"], x - law.map.params["loc"]
    z: list[Any] = []
    for i in range(law.n):
        known = sum(z[j] * factor[..., i, j] for j in range(i))
        z.append((centred[..., i] - known) / factor[..., i, i])
    return law._log_spherical(sum(entry * entry for entry in z)) - law.map.log_det


@log_density.register
def _(law: Product, x: Foreign) -> Any:
    return sum(Foreign(component.logpdf(x[..., i].array)) for i, component in enumerate(law.components))


@log_density.register
def _(law: ArrayPushforward, x: Foreign) -> Any:
    inside = law.transform.codomain.contains(x)
    each = (..., *[None] * len(law.event_shape))
    safe = np.where(inside[each], x, law.support.interior_point()) if isinstance(inside, Foreign) else x
    before, log_det = law.transform.inverse_and_log_det(safe)
    base = log_density(law.base, before)
    return np.where(inside & ~np.isneginf(base), base + log_det, -np.inf)


def as_points(points: Any, parameter: Foreign | None) -> Any:
    """Points as an array of another library: plain ones become like a parameter."""
    if is_foreign(points) or parameter is None:
        return wrapped(points).array
    return like(np.asarray(points, dtype=float), parameter.array)


def formula_of(law: Univariate, method: str, *, varying: bool, logs: bool) -> Callable[[Any], Any]:
    """What the method is at an array of another library, as a function of that array alone."""
    if law.measure != "lebesgue" or method in ("pmf", "logpmf"):
        raise NotImplementedError("a law with atoms")
    if method in ("ppf", "isf"):
        return quantile(law, method, logs=logs)
    if method in BEYOND:
        if law.fragile and not varying:
            raise NotImplementedError("a law whose masses need the exact distance from its ends")
        return distribution(law, method)
    if method not in ("logpdf", "pdf"):
        raise UnsupportedOperationError(
            f"{method}: expected a method of a law at points, got arrays of another library"
        )
    known = moving_limits(law) if varying else [(place, limit, place, False) for place, limit in limits(law)]
    return density(law, method, known)


def slope_of(law: Univariate, method: str, formula: Callable[[Any], Any], *, logs: bool) -> Callable[[Any], Any] | None:
    """The derivative of a distribution function or a quantile, by the density; None for a density."""
    if method in ("logpdf", "pdf"):
        return None
    log_density = formula_of(law, "logpdf", varying=False, logs=False)
    sign = 1.0 if method in ("cdf", "logcdf", "ppf") else -1.0

    def of_function(array: Any) -> Any:
        log = Foreign(log_density(array))
        if method.startswith("log"):
            log = np.where(np.isneginf(log), log, log - Foreign(formula(array)))
        return unwrapped(sign * np.exp(log), array)

    def of_quantile(array: Any) -> Any:
        log = Foreign(log_density(formula(array)))
        return unwrapped(sign * np.exp((Foreign(array) if logs else 0.0) - log), array)

    return of_quantile if method in ("ppf", "isf") else of_function


def limits(law: Univariate) -> list[tuple[Any, Any]]:
    """(place, log-density) where the density is a one-sided limit."""
    places = [np.asarray(value(end), dtype=float) for end in (*law.support.edges, *law.critical_points)]
    return [(place, law.logpdf(place)) for place in places if np.all(np.isfinite(place))]


def moving_limits(law: Univariate) -> list[tuple[Any, Any, Any, Any]]:
    """(place, log-density, a point where the formula gives that, whether one does) where parameters move: from the formula
    at the place or, where it gives no number there, from the trend beside it. NumPy, which sees further than the doubles
    beside an end, has the last word where the parameters can be looked at.
    """
    parameter = foreign_within(law)
    assert parameter is not None

    def log(x: Any) -> Foreign:
        return Foreign(still(unwrapped(law.raw_logpdf(x), parameter.array)))

    found, still_law = [], with_plain_parameters(law)
    inwards = (1.0, -1.0, *(1.0 for _ in law.critical_points))
    for place, inward in zip((*law.support.edges, *law.critical_points), inwards, strict=True):
        place = np.zeros_like(parameter) + value(place)
        with quiet():
            at = log(place)
            near, limit = trend(log, place, inward, 1.0)
            limit = np.where(np.isnan(limit), trend(log, place, inward, 0.2)[1], limit)
            none = np.isnan(at) | ~(np.isfinite(at) | np.isfinite(limit))
            limit = np.where(none, np.where(np.isnan(limit), -np.inf, limit), at)
            agrees: Any = True
            if still_law is not None:
                told = Foreign(like(np.asarray(still_law.logpdf(to_numpy(still(place.array)))), parameter.array))
                near_it = np.abs(limit - told) <= 1e-6 * (1.0 + np.abs(told))
                agrees = np.equal(limit, told) | (near_it & np.isfinite(told))
                limit = np.where(agrees, limit, told)
        found.append((place, limit, np.where(none, near, place), np.isfinite(limit) & np.isfinite(place) & agrees))
    return found


def with_plain_parameters(law: Univariate) -> Univariate | None:
    """The same law with the values of its parameters; None where they are not there yet, or are those of a part of it."""
    moving = {name: p.array for name, p in law.params.items() if isinstance(p, Foreign)}
    if any(map(is_traced, moving.values())):
        return None
    same = law.replace(**{name: to_numpy(array) for name, array in moving.items()})
    return None if foreign_within(same) is not None else same


def trend(log: Callable[[Any], Foreign], place: Foreign, inward: float, power: float) -> tuple[Any, Any]:
    """A point inside a place, as near as a power of the least double, and where log f goes from there: it stays or trends."""
    info = np.finfo(place.dtype)
    step = inward * np.maximum(np.abs(place) * info.eps, float(info.tiny) ** power)
    near = place + 4.0 * step
    first, second = log(place + 1e3 * step), log(near)
    settled = np.abs(second - first) <= 1e-6 * (1.0 + np.abs(first))
    return near, np.where(settled, second, np.where(second > first, np.inf, np.where(second < first, -np.inf, np.nan)))


def quietly(formula: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Derivatives are taken later, maybe in another thread: the formula itself keeps NumPy from warning."""

    def quieted(array: Any) -> Any:
        with quiet():
            return formula(array)

    return quieted


def regular_point(law: Univariate) -> Any:
    """A point inside the support where the density is no limit."""
    middle = law.support.interior_point()
    for place in law.critical_points:
        middle = np.where(
            np.equal(middle, value(place)), np.minimum(middle + 1.0, 0.5 * (middle + law.support.high)), middle
        )
    return middle


def regular_level(*, logs: bool) -> float:
    """A probability whose quantile is regular, or its logarithm."""
    return -float(np.log(2.0)) if logs else 0.5


def ends(law: Univariate) -> tuple[Any, Any]:
    return value(law.support.low), value(law.support.high)


def density(law: Univariate, method: str, known: list[tuple[Any, Any, Any, Any]]) -> Callable[[Any], Any]:
    low, high = ends(law)
    regular = regular_point(law)

    @quietly
    def formula(array: Any) -> Any:
        x = Foreign(array)
        inside = (x > low) & (x < high)
        safe: Any = np.where(inside, x, regular)
        result: Any = np.full_like(x, -np.inf)
        for place, limit, beside, holds in known:
            there = np.equal(x, place)
            inside = (inside | there) & (holds | ~there)
            safe = np.where(there, np.where(holds, beside, regular), safe)
            result = np.where(there, limit, result)
        log = law.raw_logpdf(safe)
        # An infinite density where there is none: the way to it left the doubles.
        result = np.where(inside, np.where(np.isposinf(log), np.nan, log), result)
        result = np.where(np.isnan(x), np.nan, result)
        return unwrapped(exponential(result) if method == "pdf" else result, array)

    return formula


def exponential(log: Any) -> Any:
    """e^log, whose derivative is 0 where it underflows, however steep `log` is there."""
    return np.where(log < LOG_TINY, 0.0, np.exp(log))


def distribution(law: Univariate, method: str) -> Callable[[Any], Any]:
    low, high = ends(law)
    below, above = BEYOND[method]

    @quietly
    def formula(array: Any) -> Any:
        x = Foreign(array)
        inside = (x > low) & (x < high)
        raw = getattr(law, f"raw_{method}")(np.where(inside, x, law.support.interior_point()))
        result = np.where(inside, raw, np.where(x <= low, below, np.full_like(x, above)))
        return unwrapped(np.where(np.isnan(x), np.nan, result), array)

    return formula


def quantile(law: Univariate, method: str, *, logs: bool) -> Callable[[Any], Any]:
    first, last = (-np.inf, 0.0) if logs else (0.0, 1.0)
    middle = regular_level(logs=logs)
    at_first, at_last = ends(law) if method == "ppf" else ends(law)[::-1]
    raw = getattr(law, f"raw_log_{method}" if logs else f"raw_{method}")

    @quietly
    def formula(array: Any) -> Any:
        q = Foreign(array)
        inside = (q > first) & (q < last)
        edge = np.where(np.equal(q, first), at_first, np.where(np.equal(q, last), at_last, np.full_like(q, np.nan)))
        return unwrapped(np.where(inside, raw(np.where(inside, q, middle)), edge), array)

    return formula


def by_numpy(law: Univariate, method: str, points: Any, *, logs: bool) -> Any:
    """The method by NumPy, its slope another method of the law."""
    own = getattr(law, method)

    def answer(y: np.ndarray) -> Any:
        return own(logp=y) if logs else own(y)

    def slope(y: np.ndarray) -> Any:
        with quiet():
            if method in ("ppf", "isf"):
                x = answer(y)
                return (np.exp(y) if logs else 1.0) / law.pdf(x) * (1.0 if method == "ppf" else -1.0)
            log_density = law.logpdf(y)
            slopes: dict[str, Callable[[], Any]] = {
                "cdf": lambda: np.exp(log_density),
                "sf": lambda: -np.exp(log_density),
                "logcdf": lambda: np.exp(log_density - law.logcdf(y)),
                "logsf": lambda: -np.exp(log_density - law.logsf(y)),
                "logpdf": lambda: law.score(y),
                "pdf": lambda: np.exp(log_density) * law.score(y),
                "pmf": lambda: np.zeros(np.shape(y)),
                "logpmf": lambda: np.zeros(np.shape(y)),
            }
            return np.where(np.isneginf(log_density), 0.0, slopes[method]())

    return on_host(answer, points, slopes=(slope,))


__all__ = ["by_numpy", "formula_of"]
