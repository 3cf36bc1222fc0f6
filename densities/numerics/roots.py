"""Roots of monotone functions, many at once, to the last bit at any scale.

A bracket is halved in the ordering of the doubles, not in their values: 64 halvings reach the last bit from any
bracket, [-inf, inf] included. Interpolation makes it about ten evaluations where the function is smooth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Inverse", "Roots", "bracketed_root", "from_ordinal", "invert", "to_ordinal"]

Function = Callable[..., Any]
BLOCK = 2**15  # points whose buffers stay in the cache
TABLE = 512  # roots that are solved safely, as starts for all others of a smooth function
EPS = float(np.finfo(float).eps)


class Roots(NamedTuple):
    """`x`, NaN where there is no sign change; `width` of the last bracket; `evaluations` of f in each problem."""

    x: np.ndarray
    width: np.ndarray
    evaluations: np.ndarray


class Inverse(NamedTuple):
    """`x` with f(x) = y, NaN where y is not reached, and `error`, how far off x may be."""

    x: Any
    error: Any


def to_ordinal(x: Any) -> np.ndarray:
    """The integers that count the doubles: monotone, 0 at ±0, one apart for neighbours."""
    bits = np.asarray(x, dtype=float).view(np.int64)
    return np.where(bits < 0, np.iinfo(np.int64).min - bits, bits)


def from_ordinal(ordinal: Any) -> np.ndarray:
    ordinal = np.asarray(ordinal, dtype=np.int64)
    return np.where(ordinal < 0, np.iinfo(np.int64).min - ordinal, ordinal).view(float)


def _middle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The double halfway in the ordering; exact where the sum of the ordinals would overflow."""
    i, j = to_ordinal(a), to_ordinal(b)
    return from_ordinal((i >> 1) + (j >> 1) + (i & j & 1))


def _interpolated(x: np.ndarray, f: np.ndarray) -> np.ndarray:
    """The fraction of the way from x[0] to x[1] by inverse quadratic interpolation through three points, else secant.

    The criterion for trusting it is T. R. Chandrupatla's, Adv. Eng. Software 28 (1997) 145.
    """
    (x1, x2, x3), (f1, f2, f3) = x, f
    xi, phi = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
    alpha = (x3 - x1) / (x2 - x1)
    t = f1 / (f1 - f2) * f3 / (f3 - f2) + alpha * f1 / (f3 - f1) * f2 / (f2 - f3)
    trusted = (1 - np.sqrt(1 - xi) < phi) & (phi < np.sqrt(xi)) & (t > 0) & (t < 1)
    return np.where(trusted, t, f1 / (f1 - f2))


def _overstep(x: np.ndarray, f: np.ndarray, age: np.ndarray) -> np.ndarray:
    """A little more than the secant step from the end with the smaller |f|, then four times it: past the root.

    After the double-length step of G. E. Alefeld, F. A. Potra and Y. Shi, ACM Trans. Math. Softw. 21 (1995) 327.
    """
    first = np.abs(f[0]) <= np.abs(f[1])
    u, fu = np.where(first, x[0], x[1]), np.where(first, f[0], f[1])
    v, fv = np.where(first, x[1], x[0]), np.where(first, f[1], f[0])
    near = np.abs(x[2] - u) < np.abs(v - u)
    slope = np.where(near, (f[2] - fu) / (x[2] - u), (fv - fu) / (v - u))
    length = np.maximum(np.abs(fu / slope) * np.where(age == 1, 1.02, 4.0), np.spacing(np.abs(u)) * np.exp2(age - 1))
    return u + np.sign(v - u) * length


def _candidate(x: np.ndarray, f: np.ndarray, age: np.ndarray) -> np.ndarray:
    """The next point of each problem, strictly inside its bracket (x[0], x[1]), whose doubles are not neighbours.

    `age` counts the steps since the bracket was last halved.
    """
    a, b = x[0], x[1]
    low, high = np.minimum(a, b), np.maximum(a, b)
    # The bracket spans at most two binades and f is finite at its ends: values are worth interpolating.
    narrow = (high - low <= 0.75 * np.maximum(np.abs(a), np.abs(b))) & np.isfinite(f[0]) & np.isfinite(f[1])
    secant = f[0] / (f[0] - f[1])
    point = a + np.where(np.isfinite(f[2]), _interpolated(x, f), secant) * (b - a)
    point = np.where(age > 0, _overstep(x, f, age), point)
    use = narrow & (age < 3) & (point >= low) & (point <= high)
    point = np.where(use, point, _middle(a, b))
    return np.clip(point, np.nextafter(low, np.inf), np.nextafter(high, -np.inf))


def bracketed_root(f: Function, low: Any, high: Any, *, args: Sequence[Any] = (), increasing: Any = None) -> Roots:
    """x in [low, high] with f(x, *args) = 0 for monotone f, elementwise: of two neighbours the one of smaller |f|.

    f takes arrays (k,) of the problems that are not finished, and their `args`. The ends may be infinite. Where
    `increasing` is None f is evaluated at both ends; otherwise the ends are open, f is never evaluated there, and NaN
    is the answer where a root would lie at an end. Three of four steps may interpolate, so that 256 evaluations always
    suffice; about ten do where f is smooth and the bracket within a binade or two.
    """
    low, high, *args = np.broadcast_arrays(np.asarray(low, dtype=float), np.asarray(high, dtype=float), *args)
    shape = low.shape
    low, high, args = low.ravel(), high.ravel(), [np.ravel(a) for a in args]
    with np.errstate(all="ignore"):
        if increasing is None:
            f_low, f_high = np.asarray(f(low, *args), dtype=float), np.asarray(f(high, *args), dtype=float)
        else:
            f_low = np.where(np.broadcast_to(increasing, shape).ravel(), -np.inf, np.inf)
            f_high = -f_low
        x, width, count = _solve(f, low, high, f_low, f_high, args, increasing is None)
    return Roots(x.reshape(shape), width.reshape(shape), count.reshape(shape))


def _solve(f: Function, low: Any, high: Any, f_low: Any, f_high: Any, args: list, closed: bool) -> tuple[Any, Any, Any]:
    root, width = np.full(low.shape, np.nan), np.zeros(low.shape)
    count = np.full(low.shape, 2 * closed)
    root[f_high == 0] = high[f_high == 0]
    root[f_low == 0] = low[f_low == 0]
    active = np.flatnonzero(f_low * np.sign(f_high) < 0)
    # Rows: the end last found, the other end of the bracket, the point dropped last.
    x = np.stack([low, high, np.full_like(low, np.nan)])[:, active]
    y = np.stack([f_low, f_high, np.full_like(low, np.nan)])[:, active]
    age, span = np.zeros(active.size, dtype=int), _span(x)
    while active.size:
        done = (span <= 1) | (y[0] == 0) | np.isnan(y[0])
        if done.any():
            ends = x[:2, done]
            known = closed | ((ends != low[active[done]]) & (ends != high[active[done]])).all(axis=0)
            _finish(root, width, active[done], x[:, done], y[:, done], known)
            keep = ~done
            active, x, y, age, span = active[keep], x[:, keep], y[:, keep], age[keep], span[keep]
            continue
        point = _candidate(x, y, age)
        value = np.asarray(f(point, *(a[active] for a in args)), dtype=float)
        count[active] += 1
        same = np.sign(value) == np.sign(y[0])
        x = np.stack([point, np.where(same, x[1], x[0]), np.where(same, x[0], x[1])])
        y = np.stack([value, np.where(same, y[1], y[0]), np.where(same, y[0], y[1])])
        shrunk = _span(x)
        age = np.where(shrunk <= 0.5 * span, 0, np.where(age >= 3, 0, age + 1))
        span = shrunk
    return root, width, count


def _span(x: np.ndarray) -> np.ndarray:
    """How many doubles apart the ends of the bracket are, as a float."""
    low, high = np.minimum(x[0], x[1]), np.maximum(x[0], x[1])
    return (to_ordinal(high).view(np.uint64) - to_ordinal(low).view(np.uint64)).astype(float)


def _finish(root: Any, width: Any, where: Any, x: np.ndarray, y: np.ndarray, known: np.ndarray) -> None:
    """The better end of each finished bracket; NaN where f is NaN, or one end is an open one."""
    first = np.abs(y[0]) <= np.abs(y[1])
    valid = ~np.isnan(y[0]) & ((y[0] == 0) | known)
    root[where] = np.where(valid, np.where(first, x[0], x[1]), np.nan)
    width[where] = np.where(y[0] == 0, 0.0, np.abs(x[1] - x[0]))


def is_increasing(f: Function, low: Any, high: Any, args: Sequence[Any] = ()) -> np.ndarray:
    """Whether monotone f rises on the open (low, high), from values at points spread over it in two ways."""
    low, high, *args = np.broadcast_arrays(np.asarray(low, dtype=float), np.asarray(high, dtype=float), *args)
    fraction = np.arange(1, 64).reshape(-1, *[1] * low.ndim) / 64.0
    i, j = to_ordinal(low).astype(float), to_ordinal(high).astype(float)
    with np.errstate(all="ignore"):
        x = np.concatenate([from_ordinal((i + fraction * (j - i)).astype(np.int64)), low + fraction * (high - low)])
        x = np.sort(np.where((x > low) & (x < high), x, np.nan), axis=0)
        change = np.sign(np.diff(np.asarray(f(x, *args), dtype=float), axis=0))
    return np.nansum(change, axis=0) >= 0


def invert(
    f: Function,
    y: Any,
    low: Any = -np.inf,
    high: Any = np.inf,
    derivative: Function | None = None,
    *,
    args: Sequence[Any] = (),
    increasing: Any = None,
) -> Inverse:
    """x in the open (low, high) with f(x, *args) = y, for f monotone there and its `derivative` where it is known.

    f is never evaluated at the ends. A y that is not reached gives NaN. `error` is the width of the last bracket or
    what the last Newton step leaves, and what 2 eps in y and in f amount to, 4 eps |y|/|f'(x)|; inf on a plateau.

    Without `args` there is one f for all y: 512 of them are solved first, the others by Newton's method from there, in
    blocks that fit a core's cache (with a difference quotient where no derivative is given). What has not converged to
    rounding in six steps, or has left the domain, is bracketed.
    """
    y = np.asarray(y, dtype=float)
    if increasing is None:
        increasing = is_increasing(f, low, high, args)
    with np.errstate(all="ignore"):
        if args or np.ndim(low) or np.ndim(high) or y.size <= 4 * TABLE:
            x, width = _solve_open(f, y, low, high, args, increasing)
            run, rise = _slope(f, derivative, low, high)(x, *args)
            error = width + _sensitivity(x, y, run, rise)
        else:
            x, error = _Table(f, y.ravel(), float(low), float(high), derivative, bool(increasing)).solve()
            x, error = x.reshape(y.shape), error.reshape(y.shape)
    return Inverse(x[()], error[()])


def _solve_open(f: Function, y: Any, low: Any, high: Any, args: Sequence[Any], increasing: Any) -> tuple[Any, Any]:
    roots = bracketed_root(lambda x, y, *rest: f(x, *rest) - y, low, high, args=(y, *args), increasing=increasing)
    return roots.x, roots.width


def _slope(f: Function, derivative: Function | None, low: Any, high: Any) -> Function:
    """x -> (run, rise) with f'(x) = rise/run; over a millionth of x where no derivative is given."""
    if derivative is not None:
        return lambda x, *args: (1.0, derivative(x, *args))

    def difference(x: Any, *args: Any) -> tuple[Any, Any]:
        step = 2.0**-20 * np.maximum(np.abs(x), np.finfo(float).tiny / EPS)
        a, b = np.maximum(x - step, 0.5 * (x + low)), np.minimum(x + step, 0.5 * (x + high))
        return b - a, f(b, *args) - f(a, *args)

    return difference


def _sensitivity(x: Any, y: Any, run: Any, rise: Any) -> Any:
    return np.where(rise == 0, np.inf, 4 * EPS * (np.abs(y) / np.abs(rise)) * run) + EPS * np.abs(x)


class _Table:
    """One f and many y: some of them solved safely (the knots), the rest from there."""

    def __init__(self, f: Function, y: Any, low: float, high: float, derivative: Any, increasing: bool) -> None:
        self.f, self.y, self.low, self.high, self.increasing = f, y, low, high, increasing
        self.slope = _slope(f, derivative, low, high)
        ordered = np.sort(y[np.isfinite(y)][:: max(1, y.size // (8 * TABLE))])
        knots = np.unique(ordered[np.linspace(0, max(ordered.size - 1, 0), min(TABLE, ordered.size)).astype(int)])
        x = _solve_open(f, knots, low, high, (), increasing)[0]
        self.knots_x, self.knots_y = x[np.isfinite(x)], knots[np.isfinite(x)]
        self.cells = 0
        if self.knots_y.size > 1:
            self._make_cells(16 * TABLE)

    def _make_cells(self, cells: int) -> None:
        """Equal cells of y, found by a multiplication: ten times faster than a search, where they are fine enough."""
        first, last = self.knots_y[0], self.knots_y[-1]
        if (last - first) / cells < np.median(np.diff(self.knots_y)):
            ends = np.linspace(first, last, cells + 1)
            x = self._solve(ends)[0]
            if np.isfinite(x).all():
                self.cells, self.first, self.scale = cells, first, cells / (last - first)
                self.cell_x, self.cell_step = x[:-1], np.diff(x)

    def _in_cells(self, y: Any) -> tuple[Any, Any]:
        """A guess by interpolation in the cell of y, and dx/dy there."""
        place = (y - self.first) * self.scale
        cell = np.fmin(np.fmax(place, 0.0), self.cells - 1.0).astype(np.intp)
        step = self.cell_step.take(cell)
        place -= cell
        place *= step
        place += self.cell_x.take(cell)
        return place, np.multiply(step, self.scale, out=step)

    def solve(self) -> tuple[Any, Any]:
        x, error = np.empty(self.y.shape), np.empty(self.y.shape)
        for start in range(0, self.y.size, BLOCK):
            part = slice(start, start + BLOCK)
            x[part], error[part] = self._solve(self.y[part])
        return x, error

    def _solve(self, y: Any) -> tuple[Any, Any]:
        if self.knots_x.size < 2:
            return self._bracketed(y)
        x, error, unsettled = (
            self._chords(y) if self.cells else self._newton(np.interp(y, self.knots_y, self.knots_x), y)
        )
        if unsettled.size:
            x[unsettled], error[unsettled] = self._bracketed(y[unsettled])
        return x, error

    def _chords(self, y: Any) -> tuple[Any, Any, Any]:
        """(x, error, indices that did not converge) of at most five steps along the slope of the cell.

        A step leaves of the error what the slope changes over a cell, a thousandth or so.
        """
        x, slope = self._in_cells(y)
        for turn in range(5):
            step = np.subtract(self.f(x), y)
            step *= slope
            x -= step
            if turn == 0:  # the first step is never small enough
                continue
            size, relative = np.abs(step, out=step), np.abs(x)
            relative *= 1e-13
            if (size <= relative).all():
                break
        noise = 4 * EPS * np.abs(y * slope) + EPS * np.abs(x)
        converged = (size <= np.maximum(relative, noise)) & (x > self.low) & (x < self.high)
        return x, noise + 1e-2 * size, np.flatnonzero(~converged)

    def _newton(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """(x, error, indices that did not converge) of at most six Newton steps from x."""
        for _ in range(6):
            run, rise = self.slope(x)
            step = (self.f(x) - y) / rise * run
            x = x - step
            size = np.abs(step)
            relative = 1e-9 * np.abs(x)
            if (size <= relative).all():  # the next step would be a rounding error
                break
        noise = _sensitivity(x, y, run, rise)
        converged = (size <= np.maximum(relative, noise)) & (x > self.low) & (x < self.high)
        return x, noise + 1e-6 * size, np.flatnonzero(~converged)

    def _bracketed(self, y: Any) -> tuple[Any, Any]:
        """Between the second nearest knots where there are any (the nearest may be a bit off), else in the domain."""
        place = np.searchsorted(self.knots_y, y)
        inside = (place >= 2) & (place <= self.knots_y.size - 2)
        x, width = np.empty(y.shape), np.empty(y.shape)
        x[~inside], width[~inside] = _solve_open(self.f, y[~inside], self.low, self.high, (), self.increasing)
        if inside.any():
            ends = self.knots_x[place[inside] - 2], self.knots_x[place[inside] + 1]
            roots = bracketed_root(lambda x, y: self.f(x) - y, *ends, args=(y[inside],))
            x[inside], width[inside] = roots.x, roots.width
        return x, width + _sensitivity(x, y, *self.slope(x))
