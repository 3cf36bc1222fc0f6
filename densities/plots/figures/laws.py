"""Laws and samples over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from densities.errors import ParameterError, UnsupportedOperationError, argument_error
from densities.plots.data.laws import KINDS, Curve, Overlay, law_or_sample, overlay
from densities.plots.figures import style

# Matplotlib takes narrower ranges for points, and its ticks of wider ones overflow.
LEAST, GREATEST, NARROWEST = 1e-280, 1e290, 1e-13


def density(
    *dists: Any,
    kind: str = "pdf",
    ax: Any = None,
    labels: Sequence[str] | None = None,
    xscale: str = "linear",
    n: int = 400,
) -> Any:
    """Curves of laws and samples in one panel; the Figure.

    dists   distributions of this library or any it takes; an array is a sample: a histogram, or its empirical function
    kind    pdf, logpdf, cdf, sf, logcdf, logsf, ppf or isf; atoms stand as stems with their mass
    labels  one for each of them, instead of the names of the laws
    xscale  "linear" or "log"; densities are per unit of x in both

    n       the fineness of the curves

    The range is chosen by quantiles within the supports. A density that is infinite or very high somewhere is cut off,
    with an arrow and the height. Raises ParameterError for wrong labels or scales, UnknownNameError for a wrong kind,
    ShapeError for batches, vectors and data that are not samples.
    """
    if not dists:
        raise ParameterError(argument_error("dists", "at least one law or sample", dists))
    if labels is not None and len(labels) != len(dists):
        raise ParameterError(argument_error("labels", f"{len(dists)} labels", labels))
    items = [law_or_sample(item) for item in dists]
    picture = overlay(items, kind, n=n, log=check_scale(xscale))
    ax = style.one_axes(ax)
    texts = [label_of(item) for item in items] if labels is None else list(labels)
    _scale(ax, picture, xscale)
    for index, (curve, text) in enumerate(zip(picture.curves, texts, strict=True)):
        head, dx = style.HEADS[index % len(style.HEADS)], 4.0 * (index - 0.5 * (len(texts) - 1))
        draw_curve(ax, curve, picture, style.look(index), text, dx=dx, head=head)
    if picture.cut or kind == "logpdf":
        mark_cut(ax, picture.curves, picture.top)
    horizontal, vertical = ("probability", KINDS[kind]) if kind in ("ppf", "isf") else (x_label(xscale), KINDS[kind])
    style.tidy(ax, horizontal, vertical.replace("density", "probability") if picture.counting else vertical)
    style.legend_above(ax, 1 if max(map(len, texts)) > 24 else min(len(texts), 3))
    return style.figure_of(ax)


def label_of(item: Any) -> str:
    return f"sample of {len(item):,}" if isinstance(item, np.ndarray) else style.name_of(item)


def check_scale(xscale: str) -> bool:
    """Whether the x axis is to be logarithmic."""
    if xscale not in ("linear", "log"):
        raise ParameterError(argument_error("xscale", "'linear' or 'log'", xscale))
    return xscale == "log"


def x_label(xscale: str) -> str:
    return "x" if xscale == "linear" else "x (logarithmic axis; densities per unit of x)"


def _scale(ax: Any, picture: Overlay, xscale: str) -> None:
    """The limits, before anything is drawn: marks at the edges need them."""
    if picture.kind in ("ppf", "isf"):
        ax.set_xlim(0.0, 1.0)
        return
    set_view(ax, picture.low, picture.high, xscale)
    if np.isfinite(picture.top):
        ax.set_ylim(picture.floor, picture.top)


def set_view(ax: Any, low: float, high: float, xscale: str = "linear") -> None:
    """The x range with a margin that keeps a jump at an end of the support off the frame.

    UnsupportedOperationError where an axis of doubles cannot show it.
    """
    size = max(abs(low), abs(high))
    if not (size < GREATEST and max(LEAST, NARROWEST * size) < high - low):
        told = f"a picture from {low:.6g} to {high:.6g} is beyond what an axis of doubles can show"
        raise UnsupportedOperationError(f"{told}; shift and scale the laws, as in (X - {low:.3g})/{high - low:.3g}")
    ax.set_xscale(xscale)
    if xscale == "log":
        ax.set_xlim(low / (high / low) ** 0.02, high * (high / low) ** 0.02)
    else:
        margin = 0.02 * (high - low)
        ax.set_xlim(low - margin, high + margin)


def draw_curve(
    ax: Any, curve: Curve, picture: Overlay, look: tuple[str, Any], label: str, dx: float = 0.0, head: str = "o"
) -> None:
    """One line, with a light area under a density, and stems for atoms; `look` is its colour with its dashes."""
    color, dashes = look
    if picture.counting and picture.kind in ("pdf", "logpdf"):
        heights = curve.masses if picture.kind == "pdf" else np.log(curve.masses)
        style.atoms(ax, curve.places, heights, color, counting=True, label=label, dx=dx, head=head)
        return
    y = np.where(np.isfinite(curve.y), curve.y, np.nan)
    if picture.kind == "pdf":
        y = np.minimum(curve.y, 1.5 * picture.top)
        ax.fill_between(curve.x, y, color=color, alpha=0.12, lw=0, step=curve.steps or None)
    width, drawstyle = (1.2, f"steps-{curve.steps}") if curve.steps else (1.8, "default")
    ax.plot(curve.x, y, color=color, lw=width, ls=dashes, label=label, drawstyle=drawstyle)
    style.atoms(ax, curve.places, curve.masses, color, dx=dx, head=head)


def mark_cut(ax: Any, curves: Sequence[Curve], height: float) -> None:
    """An arrow at every place where a curve leaves the panel."""
    peaks: dict[float, float] = {}
    for curve in curves:
        above = np.flatnonzero(curve.y > height)
        for group in np.split(above, np.flatnonzero(np.diff(above) > 1) + 1) if above.size else ():
            highest = group[np.argmax(curve.y[group])]
            place = float(curve.x[highest])
            peaks[place] = max(peaks.get(place, 0.0), float(curve.y[highest]))
    for place, peak in peaks.items():
        style.goes_on(ax, place, peak)
