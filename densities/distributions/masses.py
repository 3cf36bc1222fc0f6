"""Masses of intervals and quantiles for laws that have no formula of their own for them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, log_abs, value
from densities.anchored.numbers import is_safe
from densities.arrays import as_points, quiet
from densities.duals import UNMOVED, Dual
from densities.errors import AccuracyWarning, warn
from densities.logmath import logdiffexp
from densities.numerics.newton import Known, roots_between
from densities.numerics.quadrature import integrate
from densities.numerics.roots import bracketed_root, from_ordinal, to_ordinal
from densities.protocols import corners_beyond_doubles

# Below this share of the nearer tail the difference of two tails loses digits, and the density is integrated instead.
NARROW = 0.25
# Intervals whose place is more than this many times their width lose digits when their ends are rounded.
CROWDED = 2.0**5
# A mass that may be further off than this is told of.
UNSURE = 1e-8
# A tail below this is taken from its logarithm.
RARE = 1e-280
NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)
CHECK_NODES, CHECK_WEIGHTS = np.polynomial.legendre.leggauss(12)
# Of both rules the places of nodes in an interval, and the weights.
PLACES = 0.5 * (np.concatenate([NODES, CHECK_NODES]) + 1.0)
SHARES = 0.5 * WEIGHTS, 0.5 * CHECK_WEIGHTS
EPS = float(np.finfo(float).eps)
# What the rounding of a point may do to a log-density.
STEADY = 1e-14
# Where fewer nodes change less than this nothing shows in a panel; others are cut into parts, so often at most, and
# only while no more of them show anything than corners would.
FLAT, PARTS, LEVELS, SHOWING = 1e-13, 8, 16, 4
# Panels whose nodes stay in the second-level cache.
AT_ONCE = 2**11
# So many members of a batch are kept, once made.
REMEMBERED = 1024
# Where neither the difference nor one panel is known better than this, the density is integrated panel by panel.
ROUGH = 1e-11
# The log-probabilities of a guide that is made of quantiles.
STEPS, POWERS = 2.0 ** -np.arange(4.0, 53.0, 4.0), 10.0 ** np.geomspace(0.5, 300.0, 20)
SPREAD = np.concatenate([np.log((np.arange(64) + 0.5) / 128), -np.geomspace(5.5, 740.0, 24)])
# Places are found between so many doubles, by cutting cells into so many parts and so often; until log F - log(1 - F), of
# which no more is looked at than DEEP, changes in each by less than what NEAREST allows at 0 and beyond it by this SHARE.
DOUBLES, CUTS, ROUNDS = 65, 8, 24
DEEP, NEAREST, SHARE = 745.0, 0.125, 0.25


def log_mass(law: Any, a: Any, b: Any) -> Any:
    """log P(a < X <= b): the difference of the nearer tail, or the integral of the density where that cancels.

    Over an interval that holds less than a quarter of a tail and is no longer than its distance from either end of the
    support, most densities are smooth enough for 20 Gauss-Legendre nodes to give it to a few ulps; 12 nodes say whether
    this one is. The better of the two answers, and where both are rough (a peak inside of an interval that holds next to
    nothing of the whole) quadrature between the landmarks does.
    """
    a, b = _as_doubles(a), _as_doubles(b)
    lower_a, lower_b, upper_a, upper_b = (
        value(law.anywhere(tail, end)) for tail in ("logcdf", "logsf") for end in (a, b)
    )
    from_low = np.asarray(lower_b < upper_a)
    large, small = np.where(from_low, lower_b, upper_a), np.where(from_low, lower_a, upper_b)
    return _where_tails_cancel(law, a, b, large, logdiffexp(large, np.minimum(small, large)))


def _as_doubles(x: Any) -> Any:
    """Numbers that are doubles without anchors, as these: formulas take a fraction of the time of anchored ones."""
    if isinstance(x, Anchored) and not np.any(x.anchor) and (x._log is None or np.all(is_safe(x.offset))):
        return np.asarray(x.offset)
    return x


def _where_tails_cancel(law: Any, a: Any, b: Any, large: Any, difference: Any) -> Any:
    """log P(a < X <= b) by the log of the difference of two tails, the larger of which is given, or by the density."""
    narrow = np.asarray(difference < large + np.log(NARROW)) & np.isfinite(large) & _clear_of_ends(law.support, a, b)
    if not np.any(narrow):
        return difference
    a, b = anchored(a), anchored(b)
    if law.batch_shape:
        return by_members(law, log_mass, difference, narrow, a, b)
    flat = np.full((2, narrow.size), np.inf)
    ends = [_shaped(end, narrow.shape).reshape(-1) for end in (a, b)]
    rows = np.flatnonzero(narrow)
    for start in range(0, rows.size, AT_ONCE):
        some = rows[start : start + AT_ONCE]
        flat[:, some] = _integrated(law, *(end[some] for end in ends))
    integral, change = flat.reshape(2, *narrow.shape)
    cancelled = EPS * (1 + np.abs(large)) * np.exp(large - difference)
    result = np.where(narrow & ~(change > cancelled), integral, difference)
    rough = narrow & (np.minimum(change, cancelled) > ROUGH) & np.asarray(value(b) > value(a))
    return _by_panels(law, a, b, result, rough) if np.any(rough) else result


def by_members(law: Any, answer: Any, result: Any, where: Any, *points: Any) -> np.ndarray:
    """`result`, but answer(member, *points) of the single laws of a batch where that is wanted."""
    result, shape = np.array(result), np.shape(result)
    where, *points = (_spread(each, shape) for each in (where, *points))
    lead = len(shape) - len(law.batch_shape)
    for index in np.argwhere(np.any(where, axis=tuple(range(lead)))):
        entry = (..., *index)
        chosen, answers = where[entry], result[entry]
        one = _member(law, tuple(index), shape[lead:])
        answers[chosen] = value(answer(one, *(each[entry][chosen] for each in points)))
    return result


def _spread(x: Any, shape: tuple[int, ...]) -> Any:
    return _shaped(x, shape) if isinstance(x, Anchored) else np.broadcast_to(x, shape)


def mass(law: Any, a: Any, b: Any) -> Any:
    """P(a < X <= b): the difference of the nearer tail where it keeps its digits, elsewhere as `log_mass` has it."""
    shape = np.broadcast_shapes(np.shape(value(a)), np.shape(value(b)))
    if law.batch_shape or not shape or 0 in shape:
        return np.exp(log_mass(law, a, b))
    start, stop = (_spread(_as_doubles(end), shape).reshape(-1) for end in (a, b))
    below, above = value(law.anywhere("cdf", stop)), value(law.anywhere("sf", start))
    low = below < above
    large, small = np.where(low, below, above), np.empty(low.shape)
    for rows, tail, ends in ((low, "cdf", start), (~low, "sf", stop)):
        if rows.any():
            small[rows] = value(law.anywhere(tail, ends[rows]))
    result = large - small
    rare = ~(large > RARE)
    if rare.any():
        result[rare] = np.exp(log_mass(law, start[rare], stop[rare]))
    poor = ~rare & ~(result > NARROW * large)
    if poor.any():
        logs = np.log(large[poor]), np.log(np.maximum(result[poor], 0.0))
        result[poor] = np.exp(_where_tails_cancel(law, start[poor], stop[poor], *logs))
    return result.reshape(shape)


def refined(law: Any, a: Any, b: Any, rough: Any, crowded: Any, *, logs: bool) -> Any:
    """P(a < X <= b), or its log, of narrow intervals as the integral of the density, `rough` where that is no better.

    `rough` comes from preimages of a and b rounded each by itself, and loses digits as they are `crowded`: as the place of
    an interval is many times its width, somewhere on the way back.
    """
    shape = np.broadcast_shapes(np.shape(value(a)), np.shape(value(b)), law.batch_shape)
    start, stop = (_shaped(anchored(end), shape) for end in (a, b))
    crowded = np.broadcast_to(crowded, shape)
    slender = (crowded > CROWDED) & (value(stop - start) > 0)
    if not np.any(slender):
        return rough
    if law.batch_shape:
        return by_members(law, partial(refined, logs=logs), rough, slender, start, stop, value(rough), crowded)
    start, stop, crowded = start.reshape(-1), stop.reshape(-1), crowded.reshape(-1)
    rows = np.flatnonzero(slender)
    result, doubt = np.array(np.broadcast_to(value(rough), shape), dtype=float).reshape(-1), 0.0
    for first in range(0, rows.size, AT_ONCE):
        some = rows[first : first + AT_ONCE]
        integral, change = _cut_up(law, start[some], stop[some])
        better = change < EPS * (2.0 + 0.1 * crowded[some])
        result[some[better]] = integral[better] if logs else np.exp(integral[better])
        doubt = max(doubt, np.max(np.minimum(change, EPS * crowded[some]), initial=0.0, where=~np.isnan(change)))
    if doubt > UNSURE:
        warn(
            f"mass of {law}: rounding on the way to a narrow interval costs {doubt:.0e} of it",
            AccuracyWarning,
        )
    return result.reshape(shape)


def _cut_up(law: Any, a: Anchored, b: Anchored) -> tuple[Any, Any]:
    """log of the integral of the density from a to b, and the relative doubt about it.

    By panels from corner to corner of the law; one in which a corner shows that nobody knows is cut up, and so is its part.
    """
    width, total, doubt = np.asarray(value(b - a)), np.full(a.shape, -np.inf), np.full(a.shape, -np.inf)
    finest = 16.0 * EPS * np.maximum(np.abs(a.value), np.abs(b.value))  # where nodes fall is no longer known below
    owner, start, length = _between_corners(law, a, width)
    stop = start + length
    walls: Any = (
        np.where(start > 0.0, start + finest[owner], -np.inf),
        np.where(stop < width[owner], stop - finest[owner], np.inf),
    )
    most = SHOWING * width.size + owner.size
    whole: Any = None
    for level in range(LEVELS):
        integral, change = _panel(law, a[owner], start, length, np.log(length), walls)
        if whole is None:
            np.logaddexp.at(whole := np.full(a.shape, -np.inf), owner, integral)
        change_log = integral + np.log(change)
        done = ~(change_log > whole[owner] + np.log(FLAT)) | (length < finest[owner])
        done |= level == LEVELS - 1 or np.count_nonzero(~done) > most
        np.logaddexp.at(total, owner[done], integral[done])
        np.logaddexp.at(doubt, owner[done], change_log[done])
        if np.all(done):
            break
        steps = np.tile(np.arange(PARTS), np.count_nonzero(~done))
        owner, start, length, *walls = (
            np.repeat(each[~done], PARTS) for each in (owner, start, length / PARTS, *walls)
        )
        start = start + steps * length
    return total, np.exp(doubt - total)


def _between_corners(law: Any, a: Anchored, width: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The intervals from a on cut at the corners of the density: the number, the start beyond a and the length of each part."""
    corners = np.union1d(np.asarray(law.critical_points, dtype=float), law.kinks())
    if not corners.size:
        return np.arange(width.size), np.zeros(width.size), width
    beyond = np.asarray(value(Anchored.exact(corners) - a.reshape(-1, 1)))
    if np.any((beyond >= 0.0) & (beyond <= width[:, None])):
        beyond = beyond + _beyond_doubles(law, corners)
    inside = (beyond > 0.0) & (beyond < width[:, None])
    ends = np.sort(np.where(inside, beyond, width[:, None]), axis=-1)
    ends = np.column_stack([np.zeros(width.size), ends, width])
    owner, part = np.nonzero(np.diff(ends) > 0.0)
    return owner, ends[owner, part], np.diff(ends)[owner, part]


def _beyond_doubles(law: Any, corners: np.ndarray) -> np.ndarray:
    """What the corners of a law are beyond the doubles in their place, once found."""
    known = law.__dict__.setdefault("_known_corners", Memory())
    if "beyond" not in known:
        known["beyond"] = corners_beyond_doubles(law, corners)
    return known["beyond"]


def _shaped(x: Anchored, shape: tuple[int, ...]) -> Anchored:
    """x broadcast to a shape."""
    anchor, offset, log = (
        None if part is None else np.broadcast_to(part, shape) for part in (x.anchor, x.offset, x._log)
    )
    return Anchored(anchor, offset, log)


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
        if found.converged[0] and found.log_magnitude[0, 0] > -np.inf:  # nodes may all miss the edge of a cliff
            result[index] = found.log_magnitude[0, 0]
    return result


def _clear_of_ends(support: Any, a: Any, b: Any) -> Any:
    """Whether the interval is no longer than its distance from either end of the support."""
    return log_abs(b - a) <= np.minimum(log_abs(a - value(support.low)), log_abs(value(support.high) - b))


def _integrated(law: Any, a: Anchored, b: Anchored) -> tuple[Any, Any]:
    """log of the integral of the density from a to b by one Gauss-Legendre panel, and what fewer nodes change in it.

    Nodes are at exact offsets from a where a pole may be near, elsewhere plain doubles.
    """
    width = b - a
    return _panel(law, a, 0.0, np.broadcast_to(width.value, np.broadcast_shapes(a.shape, b.shape)), log_abs(width))


def _panel(
    law: Any, a: Anchored, start: Any, width: Any, log_width: Any, walls: tuple[Any, Any] = (-np.inf, np.inf)
) -> tuple[Any, Any]:
    """The same from a + start on. Nodes stay between walls: beside a corner rounding would throw them across it."""
    steps = np.asarray(start)[..., None] + width[..., None] * PLACES
    steps = np.clip(steps, *(np.asarray(wall)[..., None] for wall in walls))
    logs = _log_densities(law, a, steps)
    top = logs.max(axis=-1)
    top = np.where(np.isfinite(top), top, 0.0)
    terms = np.exp(logs - top[..., None])
    total, check = (
        np.add.reduce(part * shares, axis=-1)
        for part, shares in zip(np.split(terms, [NODES.size], axis=-1), SHARES, strict=True)
    )
    return np.log(total) + top + log_width, np.abs(total - check) / total


def _log_densities(law: Any, a: Anchored, steps: np.ndarray) -> np.ndarray:
    """The log-density at a + steps, row by row: at plain doubles where their rounding moves it by next to nothing."""
    if law.fragile or len(law.critical_points):
        return np.asarray(value(law.raw_logpdf(a.reshape(-1, 1) + Anchored(0.0, steps))))
    place = a.value
    logs = np.asarray(value(law.raw_logpdf(place[:, None] + steps)))
    low, high = logs.min(axis=-1), logs.max(axis=-1)
    moved = ~(EPS * np.abs(place) * (high - low) < STEADY * steps.max(axis=-1)) | ~(
        np.isfinite(low) & np.isfinite(high)
    )
    if moved.any():
        logs[moved] = value(law.raw_logpdf(a[moved].reshape(-1, 1) + Anchored(0.0, steps[moved])))
    return logs


class Memory(dict):
    """What a law has found out, kept with it: found again rather than copied, so a pickled law takes none along."""

    def __reduce__(self) -> Any:
        return Memory, ()

    def __deepcopy__(self, memo: Any) -> Memory:
        return Memory()


def _member(law: Any, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """A member of a batch, once made."""
    known = law.__dict__.setdefault("_known_members", Memory())
    if (index, shape) not in known:
        if len(known) >= REMEMBERED:
            known.clear()
        known[index, shape] = law.member(index, shape)
    return known[index, shape]


def _known(law: Any, *, lower: bool) -> Known:
    """The points of the guide of a law, or places over its mass, with its lower or upper tail there."""
    tails = law.__dict__.setdefault("_known_tails", Memory())
    if lower not in tails:
        ends = [float(value(end)) for end in law.support.edges]
        points = law.guide()
        tails[lower] = Known(_tail_and_slope(law, lower=lower), points if points.size else _places(law), *ends)
    return tails[lower]


def _places(law: Any) -> np.ndarray:
    """Points over the mass of a law and far into its tails, between which the log-odds change little."""
    low, high = (float(value(end)) for end in law.support.edges)
    first, last = to_ordinal(np.array([low, high]))
    inner = from_ordinal(np.linspace(float(first), float(last), DOUBLES)[1:-1].astype(np.int64))
    points = np.unique([np.nextafter(low, high), *inner, np.nextafter(high, low)])
    points = points[np.asarray(law.support.interior_contains(points))]
    odds = _log_odds(law, points)
    for _ in range(ROUNDS):
        left, right = points[:-1], points[1:]
        allowed = NEAREST + SHARE * np.minimum(np.abs(odds[:-1]), np.abs(odds[1:]))
        wide = (np.diff(odds) > allowed) & (np.diff(to_ordinal(points)) > 1)
        if not np.any(wide):
            break
        new = _between(left[wide], right[wide])
        points, order = np.unique(np.concatenate([points, new]), return_index=True)
        odds = np.concatenate([odds, _log_odds(law, new)])[order]
    return points[np.abs(odds) < DEEP]


def _log_odds(law: Any, x: np.ndarray) -> np.ndarray:
    with quiet():
        odds = value(law._raw(law.raw_logcdf, x)) - value(law._raw(law.raw_logsf, x))
    return np.clip(odds, -DEEP, DEEP)


def _between(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Points that cut cells into parts, equal ones within a binade or two and elsewhere equal in the order of the doubles."""
    shares = np.arange(1.0, CUTS) / CUTS
    first, last = to_ordinal(left).astype(float), to_ordinal(right).astype(float)
    among = from_ordinal((first[:, None] + (last - first)[:, None] * shares).astype(np.int64))
    near = (right - left <= np.maximum(np.abs(left), np.abs(right)))[:, None]
    return np.ravel(np.where(near, left[:, None] + (right - left)[:, None] * shares, among))


def solve_quantile(law: Any, log_probability: Any, *, lower: bool) -> Any:
    """inf{x : F(x) >= p} (or inf{x : P(X > x) <= p}) of the logarithm of p."""
    target = np.asarray(log_probability, dtype=float)
    with np.errstate(divide="ignore"):
        complement = np.where(target == 0.0, -np.inf, np.log(-np.expm1(target)))
    return quantile_between(law, *((target, complement) if lower else (complement, target)))


def quantile_between(law: Any, log_below: Any, log_above: Any) -> Any:
    """The point with these logarithms of the masses below and above it, found on the nearer tail.

    By Newton's method between the points that the law gives as a guide, or between places over its mass; otherwise by
    bracketing among the doubles.
    """
    below, above = (np.asarray(log, dtype=float) for log in (log_below, log_above))
    if law.batch_shape:
        shape = np.broadcast_shapes(below.shape, law.batch_shape)
        below, above = (np.broadcast_to(log, shape) for log in (below, above))
        return by_members(law, quantile_between, below, True, below, above)
    shape, log_below, log_above = below.shape, below.ravel(), above.ravel()
    near = log_below <= log_above
    x, wanted = np.full(near.shape, np.nan), np.where(near, log_below, log_above)
    if len(law.atoms[0]):
        for rows, side in ((near, True), (~near, False)):
            x[rows], wanted[rows] = _at_atoms(law, wanted[rows], lower=side)
    for rows, side in ((near, True), (~near, False)):
        rows = rows & np.isnan(x)
        if rows.any():
            known = _known(law, lower=side)
            x[rows] = roots_between(known, wanted[rows])
            x[rows] = _at_end(law, known, wanted[rows], x[rows], lower=side)
    rest = np.isnan(x) & ~np.isnan(log_below)
    if rest.any():
        x[rest] = _bracketed(law, log_below[rest], log_above[rest])
    return x.reshape(shape)


def _at_end(law: Any, known: Known, wanted: np.ndarray, x: np.ndarray, *, lower: bool) -> np.ndarray:
    """The quantiles, and the end of the support for what lies nearer to it than the next double, where that is known."""
    if not known.points.size:
        return x
    end = float(value(law.support.low if lower else law.support.high))
    nearest, level = (known.points[0], known.levels[0]) if lower else (known.points[-1], -known.levels[-1])
    return np.where((wanted < level) & (np.nextafter(end, nearest) == nearest), end, x)


def _at_atoms(law: Any, logs: np.ndarray, *, lower: bool) -> tuple[np.ndarray, np.ndarray]:
    """The atoms that are quantiles, NaN for others, and the logarithms of the shares of the continuous part in `logs`.

    An atom at a is the quantile of all p with P(X < a) < p <= P(X <= a), and of all q with P(X > a) <= q < P(X >= a).
    At the ends that belong to it the probabilities are known to rounding only.
    """
    step = 1 if lower else -1
    locations, masses = (part[::step] for part in law.log_atoms)
    passed = np.logaddexp.accumulate(np.append(-np.inf, masses))
    with quiet():
        around = value(law.anywhere("logcdf" if lower else "logsf", locations))
        before, after = np.logaddexp(around, passed[:-1]), np.logaddexp(around, passed[1:])
        slack = 4.0 * EPS * (1.0 + np.abs(logs))
        if lower:
            count = np.searchsorted(after, logs - slack)
            found = np.append(before, np.inf)[count] < logs
        else:
            strict, count = (np.searchsorted(after, given, side="right") for given in (logs, logs + slack))
            first = np.append(before, np.inf)
            count = np.where(first[count] <= logs + slack, count, strict)
            found = first[count] <= logs + slack
        x = np.where(found, np.append(locations, np.nan)[count], np.nan)
        return x, logdiffexp(logs, np.minimum(passed[count], logs))


def _tail_and_slope(law: Any, *, lower: bool) -> Any:
    """x -> (log F, f/F), or those of the upper tail, at vectors of points inside the support."""
    tail = law.raw_logcdf if lower else law.raw_logsf

    def both(x: np.ndarray) -> tuple[Any, Any]:
        with quiet():
            log = law._raw(tail, x)
            return log, np.exp(law._raw(law.raw_logpdf, x) - log)

    return both


def toward_ends(low: float, high: float, largest: float) -> np.ndarray:
    """Points ever nearer to the ends that are finite, on the scale of the end, or of the width; or ever farther out."""
    width = high - low if np.isfinite(high - low) else 1.0
    found = []
    for end, side in ((low, 1.0), (high, -1.0)):
        if np.isfinite(end):
            found.append(end + side * (width / POWERS if end == 0.0 else STEPS * max(abs(end), width)))
            found.append(np.array([np.nextafter(end, side * np.inf)]))
        else:
            found.append(-side * largest * POWERS)
    return np.concatenate(found)


def _bracketed(law: Any, log_below: np.ndarray, log_above: np.ndarray) -> np.ndarray:
    """Within the support; a quantile nearer to an end than any double is the end."""
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
    unseen = np.isnan(x) & ~np.isnan(log_below)
    x = np.where(unseen, np.where(log_below < log_above, low, high), x)
    return np.where(excess(x, log_below, log_above) < 0, np.nextafter(x, np.inf), x) if has_atoms else x


def spread(law: Any) -> np.ndarray:
    """Points over the mass of a law and far into its tails: its guide, or else its quantiles."""
    points = law.guide()
    if points.size:
        return points
    with quiet():
        ways = (law.raw_log_ppf, law.raw_log_isf)
        return np.concatenate([np.ravel(value(way(SPREAD))) for way in ways])


def score(law: Any, y: Any) -> Any:
    """d log f/dy, NaN but inside the support: by the formula itself on points that move, right to rounding whatever the
    scale of the law, and by differences where the formula does not run on such points.
    """
    points, restore = as_points(y)
    if law.batch_shape:
        shape = np.broadcast_shapes(points.shape, law.batch_shape)
        return by_members(law, score, np.empty(shape, points.dtype), True, points)
    inside = law.support.interior_contains(points)
    with quiet():
        places = np.where(inside, points, value(law.support.interior_point())).astype(float)
        try:
            slope = np.broadcast_to(law.raw_logpdf(Dual(places, np.ones_like(places))).slope, places.shape)
        except UNMOVED:
            slope = np.full(places.shape, np.nan)
        if not np.all(np.isfinite(slope)):
            slope = np.where(np.isfinite(slope), slope, _difference_quotient(law, places))
    return restore(np.where(inside, slope, np.nan).astype(points.dtype))


def _difference_quotient(law: Any, points: np.ndarray) -> np.ndarray:
    """d log f/dy by a fourth-order central difference; the step follows the scale on which the landmarks spread."""
    gaps = np.diff(law.landmarks())
    spread = np.median(gaps) if len(gaps) else 1.0
    distance = np.minimum(np.abs(points - value(law.support.low)), np.abs(value(law.support.high) - points))
    step = 1e-3 * np.minimum(np.where(np.isfinite(spread) & (spread > 0), spread, 1.0), distance)
    steps = np.multiply.outer([-2.0, -1.0, 1.0, 2.0], step).reshape(-1)
    logs = value(law.raw_logpdf(Anchored(np.tile(points.reshape(-1), 4), steps)))
    far_below, below, above, far_above = np.asarray(logs).reshape(4, *points.shape)
    return (8.0 * (above - below) - (far_above - far_below)) / (12.0 * step)
