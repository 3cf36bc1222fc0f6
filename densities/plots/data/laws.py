"""Laws and samples as arrays: where to look, at which points, and how high."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.domains import Interval
from densities.errors import ParameterError, ShapeError, UnsupportedOperationError, argument_error, unknown_name
from densities.protocols import as_distribution, is_law

# A view holds this much of the mass at each end at most, and loses no more than CUT of it to the relative height below.
LEVEL, CUT = 2e-3, 3e-2
# Where the density has fallen to this share of its height it looks like zero.
INVISIBLE = 5e-3
# An end of the support closer to the view than this share of its width becomes the end of the view.
SNAP = 0.08
# A peak higher than CUT_PEAK times the height of the bulk is cut off at CUT_TO times, with a word on how high it goes.
CUT_PEAK, CUT_TO = 8.0, 2.0
# An infinite density is cut at twice this many times the height of a rectangle as wide as the view, or lower.
MOST = 10.0
# A histogram of so many integers at most has a bar for each of them, or for a whole number of them.
FEW = 1000
# Point masses of integers in view that are drawn where a law cannot list all of its own.
DRAWN = 2**18
KINDS = {
    "pdf": "density",
    "logpdf": "log density (nats)",
    "cdf": r"$P(X \leq x)$",
    "sf": r"$P(X > x)$",
    "logcdf": r"$\log\,P(X \leq x)$ (nats)",
    "logsf": r"$\log\,P(X > x)$ (nats)",
    "ppf": "quantile",
    "isf": "upper quantile",
}


def scalar_law(name: str, law: Any) -> Any:
    """`law` as a single law on the line; ShapeError for a batch or a law of vectors."""
    law = as_distribution(law)
    if law.batch_shape or law.event_shape:
        shapes = {"batch": law.batch_shape, "event": law.event_shape}
        said = " and ".join(f"{kind} shape {shape}" for kind, shape in shapes.items() if shape)
        raise ShapeError(argument_error(name, "one law on the line", f"{said}: {law}"))
    return law


def ends(law: Any) -> tuple[float, float]:
    """The ends of the support as doubles."""
    return float(value(law.support.low)), float(value(law.support.high))


def tail_levels(n: int, smallest: float = 1e-10) -> np.ndarray:
    """Probabilities up to 1/2: geometric in the tail, equally spaced in the bulk, about n of them."""
    return np.unique(np.concatenate([np.geomspace(smallest, 0.02, n // 2), np.linspace(0.02, 0.5, n - n // 2)]))


def quantiles(law: Any, levels: np.ndarray) -> np.ndarray:
    """The quantiles at these lower and upper levels that are finite, in order."""
    with quiet():
        points = np.concatenate([np.atleast_1d(law.ppf(levels)), np.atleast_1d(law.isf(levels))])
    return np.unique(points[np.isfinite(points)])


def bulk_height(law: Any) -> float:
    """The density that three quarters of the continuous mass do not exceed; 0 where there is no density."""
    with quiet():
        heights = law.pdf(quantiles(law, np.linspace(0.005, 0.5, 100)))
    heights = heights[np.isfinite(heights)]
    return float(np.quantile(heights, 0.75)) if heights.size and law.log_continuous_mass > -np.inf else 0.0


def limits(*laws: Any, positive: bool = False) -> tuple[float, float]:
    """Where to look at these laws: a range by quantiles, inside the hull of their supports.

    It holds all but LEVEL at each end of each law, cut further where nothing is to be seen. With `positive`, for a
    logarithmic axis, the range stays above 0 and is cut by quantiles alone.
    """
    views = np.array([_limits(law, positive) for law in laws])
    low, high = float(views[:, 0].min()), float(views[:, 1].max())
    if positive and not low > 0:
        raise ParameterError(argument_error("xscale", "'linear' for a law that reaches 0 or below", "log"))
    if positive:
        return low, high
    first, last = (np.array([ends(law)[side] for law in laws]) for side in (0, 1))
    margin = SNAP * (high - low)
    low = max(float(first.min()), low) if low - first.min() > margin else float(first.min())
    high = min(float(last.max()), high) if last.max() - high > margin else float(last.max())
    if not low < high:
        spread = max(1.0, 0.5 * abs(low))
        return low - spread, high + spread
    return low, high


def _limits(law: Any, positive: bool) -> tuple[float, float]:
    points = quantiles(law, np.geomspace(LEVEL, 0.5, 60))
    if not points.size:
        inside = float(np.asarray(law.support.interior_point()))
        return inside, inside
    if positive or not law.log_continuous_mass > -np.inf:
        return float(points[0]), float(points[-1])
    bulk = quantiles(law, np.array([CUT]))
    with quiet():
        seen = points[law.pdf(points) > INVISIBLE * bulk_height(law)]
    low, high = (seen[0], seen[-1]) if seen.size else (points[0], points[-1])
    return float(min(low, bulk[0])), float(max(high, bulk[-1]))


def special_points(law: Any) -> np.ndarray:
    """Finite points where the density may jump, break or be infinite, with their neighbours."""
    points = np.concatenate([ends(law), law.kinks(), np.asarray(law.critical_points, dtype=float)])
    points = points[np.isfinite(points)]
    return np.unique(np.concatenate([points, np.nextafter(points, -np.inf), np.nextafter(points, np.inf)]))


def grid(*laws: Any, n: int = 400, low: float = -np.inf, high: float = np.inf, smallest: float = 1e-10) -> np.ndarray:
    """Points that show these laws between low and high: quantiles of each of them, and all special points."""
    levels = tail_levels(max(n // 2, 8), smallest)
    parts = [part for law in laws for part in (quantiles(law, levels), law.landmarks(), special_points(law))]
    points = np.concatenate(parts)
    return np.unique(points[(points >= low) & (points <= high)])


def view_grid(*laws: Any, low: float, high: float, n: int = 400, log: bool = False) -> np.ndarray:
    """The points of `grid` in a view and others that are equally spaced on its axis."""
    spaced = np.geomspace(low, high, n) if log else np.linspace(low, high, n)
    just_outside = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)  # so that a jump at an end is drawn
    return np.unique(np.concatenate([spaced, just_outside, grid(*laws, n=n, low=low, high=high)]))


def top(heights: np.ndarray, bulk: float, width: float = 0.0) -> tuple[float, float]:
    """(height of the axis, height of the peak where it is cut off, else 0) for a curve with these values in a view so wide."""
    peak = float(np.max(heights, initial=0.0))
    if np.isinf(peak) and width > 0.0:
        bulk = min(bulk, MOST / width)
    if peak <= CUT_PEAK * bulk or bulk == 0.0:
        return (1.08 * peak if np.isfinite(peak) and peak > 0 else 1.0), 0.0
    return CUT_TO * bulk, peak


@dataclass(frozen=True, eq=False)
class Curve:
    """One line: y over x, the atoms (places, masses) beside it, and whether x are steps of a sample."""

    x: np.ndarray
    y: np.ndarray
    places: np.ndarray
    masses: np.ndarray
    bulk: float
    steps: str = ""


NONE = np.empty(0)


def law_curve(law: Any, kind: str, x: np.ndarray) -> Curve:
    """A function of a law at points x; for ppf and isf, x are probabilities."""
    with quiet():
        y = np.asarray(getattr(law, kind)(x), dtype=float)
    places, masses = atoms_in(law, x[0], x[-1]) if kind in ("pdf", "logpdf") else (NONE, NONE)
    return Curve(x, y, places, masses, bulk_height(law) if kind == "pdf" else 0.0)


def atoms_in(law: Any, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """The places and masses of the atoms in a view; of a law that has too many to list, those on integers."""
    try:
        places, masses = law.atoms
    except UnsupportedOperationError:
        if not high - low < DRAWN:
            raise
        places = np.arange(np.ceil(low), np.floor(high) + 1.0)
        masses = np.asarray(law.pmf(places), dtype=float)
        if not np.isclose(np.sum(masses), law.prob(np.nextafter(low, -np.inf), high), rtol=1e-6):
            raise
    seen = (places >= low) & (places <= high) & (masses > 0.0)
    return places[seen], masses[seen]


def with_jumps(law: Any, kind: str, x: np.ndarray) -> np.ndarray:
    """Probabilities for a picture of quantiles, with those at which they jump, unless the eye cannot tell the atoms."""
    places = np.empty(0)
    with quiet(), suppress(UnsupportedOperationError):
        places, _ = atoms_in(law, *np.sort(getattr(law, kind)(x[[0, -1]])))
    if not 0 < len(places) <= len(x):
        return x
    jumps = getattr(law, "cdf" if kind == "ppf" else "sf")(places)
    jumps = np.concatenate([jumps, np.nextafter(jumps, 0.0), np.nextafter(jumps, 1.0)])
    return np.union1d(x, jumps[(jumps > x[0]) & (jumps < x[-1])])


def sample_curve(sample: np.ndarray, kind: str, edges: np.ndarray) -> Curve:
    """A sample seen as a law: a histogram with these edges for pdf and logpdf, the empirical function otherwise."""
    ordered = np.sort(sample)
    rank = np.arange(1, len(ordered) + 1) / len(ordered)
    with quiet():
        if kind in ("pdf", "logpdf"):
            heights = np.histogram(ordered, edges)[0] / len(ordered) / np.diff(edges)
            heights = heights if kind == "pdf" else np.log(heights)
            return Curve(edges, np.append(heights, heights[-1]), NONE, NONE, float(np.max(heights)), "post")
        if kind in ("ppf", "isf"):
            lower = kind == "ppf"
            return Curve(
                rank if lower else (1.0 - rank)[::-1],
                ordered if lower else ordered[::-1],
                NONE,
                NONE,
                0.0,
                "pre" if lower else "post",
            )
        share = rank if kind.endswith("cdf") else 1.0 - rank
        return Curve(ordered, np.log(share) if kind.startswith("log") else share, NONE, NONE, 0.0, "post")


def as_sample(data: Any) -> np.ndarray:
    """`data` as a sample of the line; ShapeError for anything that is not at least two finite numbers in a row."""
    sample = np.asarray(data)
    if sample.ndim != 1 or sample.size < 2 or sample.dtype.kind not in "iufb" or not np.isfinite(sample).all():
        raise ShapeError(argument_error("dists", "laws, or samples of two or more finite numbers in a row", data))
    return sample.astype(float)


def law_or_sample(item: Any) -> Any:
    """A scalar law, or a sample as an array."""
    is_sample = isinstance(item, np.ndarray | list | tuple) or (hasattr(item, "__array__") and not is_law(item))
    return as_sample(item) if is_sample else scalar_law("dists", item)


def sample_edges(sample: np.ndarray, laws: Sequence[Any]) -> np.ndarray:
    """Edges of a histogram: by Freedman and Diaconis within the bulk, not beyond the supports of the laws.

    Bars of integers hold the same number of them each: others would tell of gaps and peaks that are none.
    """
    low, high = np.quantile(sample, [LEVEL, 1.0 - LEVEL]) if sample.size > 1 / LEVEL else (sample.min(), sample.max())
    width = 2.0 * np.subtract(*np.quantile(sample, [0.75, 0.25])) / np.cbrt(sample.size)
    if not width > 0:
        width = max(high - low, 1.0) / 10.0
    if high - low <= FEW and np.array_equal(sample, np.floor(sample)):
        step = max(1.0, np.round(width))
        return np.arange(np.floor(low) - 0.5, high + 0.5 + step, step)
    count = int(np.clip(np.ceil((high - low) / width), 5, 200))
    if laws:
        hull = Interval(min(ends(law)[0] for law in laws), max(ends(law)[1] for law in laws))
        inside = sample[np.asarray((sample >= hull.low) & (sample <= hull.high))]
        low = hull.low if inside.size == sample.size and low - hull.low < width else low
        high = hull.high if inside.size == sample.size and hull.high - high < width else high
    if not low < high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, count + 1)


def check_kind(kind: str) -> str:
    if kind not in KINDS:
        raise unknown_name("kind", kind, KINDS)
    return kind


@dataclass(frozen=True, eq=False)
class Overlay:
    """Curves of one kind in one view: the axis reaches from `floor` to `top`; `cut` is the height of a peak beyond it, or 0.

    Of quantiles, the points of the axis are left to the curves: there both are NaN.
    """

    kind: str
    curves: tuple[Curve, ...]
    low: float
    high: float
    floor: float
    top: float
    cut: float
    counting: bool


def overlay(items: Sequence[Any], kind: str = "pdf", n: int = 400, log: bool = False) -> Overlay:
    """The curves of laws and samples (as `law_or_sample` gives them) in a common view."""
    check_kind(kind)
    laws = [item for item in items if not isinstance(item, np.ndarray)]
    edges = {index: sample_edges(item, laws) for index, item in enumerate(items) if isinstance(item, np.ndarray)}
    views = [limits(*laws, positive=log)] if laws else []
    views += [(float(edge[0]), float(edge[-1])) for edge in edges.values()]
    low, high = min(view[0] for view in views), max(view[1] for view in views)

    def points(law: Any) -> np.ndarray:
        if kind in ("ppf", "isf"):
            return with_jumps(law, kind, probabilities(n))
        return view_grid(law, low=low, high=high, n=n, log=log)

    curves = tuple(
        sample_curve(item, kind, edges[index]) if index in edges else law_curve(item, kind, points(item))
        for index, item in enumerate(items)
    )
    counting = bool(laws) and not edges and all(law.measure == "counting" for law in laws)
    floor, height, cut = _vertical(curves, kind, (low, high), counting)
    return Overlay(kind, curves, low, high, floor, height, cut, counting)


def _vertical(
    curves: Sequence[Curve], kind: str, view: tuple[float, float], counting: bool
) -> tuple[float, float, float]:
    """The ends of the vertical axis, and the height of a peak that is cut off, or 0."""
    if kind == "pdf" and counting:
        return 0.0, highest_mass(*(curve.masses for curve in curves)), 0.0
    if kind == "pdf":
        dense = [curve for curve in curves if np.any(curve.y > 0.0)]
        tops = [top(curve.y, curve.bulk, view[1] - view[0]) for curve in dense] or [(1.0, 0.0)]
        return 0.0, max(tops)[0], max(cut for _, cut in tops)
    if not kind.startswith("log"):
        return np.nan, np.nan, 0.0
    if kind == "logpdf" and counting:
        shown = np.log(np.concatenate([curve.masses for curve in curves]))
    else:  # what lies at the very ends of a support may be next to nothing
        inside = np.linspace(*view, 200)[1:-1]
        finite = [(curve.x[seen], curve.y[seen]) for curve in curves if np.any(seen := np.isfinite(curve.y))]
        shown = np.concatenate([NONE, *(np.interp(inside, x, y, np.nan, np.nan) for x, y in finite)])
    shown = shown[np.isfinite(shown)]
    low, high = np.min(shown, initial=np.inf), np.max(shown, initial=-np.inf)
    margin = 0.05 * (high - low) if low < high else 1.0
    return (float(low - margin), float(high + margin), 0.0) if np.isfinite(low + high) else (-1.0, 1.0, 0.0)


def highest_mass(*masses: np.ndarray) -> float:
    """The height of an axis of point masses."""
    return 1.08 * float(np.max(np.concatenate(masses), initial=0.0)) or 1.0


def probabilities(n: int) -> np.ndarray:
    """Probabilities for a picture of quantiles: fine at both ends, which stay LEVEL away from 0 and 1."""
    lower = np.geomspace(LEVEL, 0.5, n // 2)
    return np.unique(np.concatenate([lower, 1.0 - lower]))
