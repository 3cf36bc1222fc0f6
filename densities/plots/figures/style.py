"""Colours, labels and small marks that all figures share. Styles go to single artists: no global setting changes."""

from __future__ import annotations

import textwrap
from contextlib import suppress
from typing import Any

import numpy as np

from densities.errors import DensitiesError, ParameterError, argument_error
from densities.estimate import Estimate

# The palette of M. Okabe and K. Ito, "Color Universal Design" (2008), that every common colour blindness tells apart.
BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"
CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE)
P, Q, NEUTRAL, INK = BLUE, VERMILLION, "#8A8A8A", "#333333"
FAINT, SOLID = 0.22, 0.45
SMALL = 8.5
LONGEST = 60
DASHES = ("-", (0, (6, 1.5)), (0, (1.5, 1.5)))  # for the laws after the sixth, whose colours come again
HEADS = "osD^vP"  # of the stems of each law, so that they differ without colours
# Points that a character of a tick takes, and all stems of a law together; so many are a line through their heads.
CHARACTER, STEMS, MANY = 6.5, 240.0, 500
# So many point masses are said in figures at most, and those in the right part of a panel to the left of their stems.
SAID, RIGHT = 24, 0.85
# Arrows at one edge of a panel at most.
ARROWS = 3


def new_figure(width: float, height: float) -> Any:
    """A figure with tight layout that belongs to nobody but the caller."""
    from densities.plots.figures.canvas import Picture

    return Picture((width, height))


def one_axes(ax: Any, width: float = 7.0, height: float = 4.2) -> Any:
    """`ax` itself, or the only axes of a new figure."""
    return new_figure(width, height).add_subplot() if ax is None else ax


def given_axes(axes: Any, count: int) -> list[Any]:
    """`count` axes from what a user passes: a sequence or an array of them in any shape."""
    flat = list(np.ravel(np.asarray(axes, dtype=object)))
    if len(flat) != count or not all(hasattr(ax, "plot") for ax in flat):
        raise ParameterError(argument_error("axes", f"{count} matplotlib axes", axes))
    return flat


def figure_of(ax: Any) -> Any:
    """The whole figure that axes stand on, also where they stand on a part of it."""
    return ax.figure.figure


def name_of(law: Any) -> str:
    """A name for legends: the shorter of the law as written and as recognised, cut to LONGEST characters."""
    names = [str(law)]
    with suppress(DensitiesError):
        names.append(str(law.simplify()))
    return plain(min(names, key=len))


def look(index: int) -> tuple[str, Any]:
    """The colour and the dashes of the law that is drawn at this place."""
    return CYCLE[index % len(CYCLE)], DASHES[index // len(CYCLE) % len(DASHES)]


def plain(text: str) -> str:
    """Text that matplotlib takes as it stands, not too long."""
    return textwrap.shorten(text, LONGEST, placeholder=" ...").replace("$", r"\$")


def tidy(ax: Any, xlabel: str = "", ylabel: str = "", title: str = "") -> None:
    """Labels, and only the two spines that carry numbers. Limits come first: they decide how many ticks have room."""
    from densities.plots.figures.canvas import Digits

    ax.spines[["top", "right"]].set_visible(False)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    for axis in (ax.xaxis, ax.yaxis):
        if axis.get_scale() == "linear":
            axis.set_major_formatter(Digits())
    if ax.xaxis.get_scale() == "linear":
        longest = max(map(len, ax.xaxis.get_major_formatter().format_ticks(ax.get_xticks())), default=0)
        room = 72.0 * ax.get_position().width * ax.figure.figure.get_figwidth()
        ax.locator_params(axis="x", nbins=int(np.clip(room / (CHARACTER * (longest + 2)), 1, 9)))
    if title:
        ax.set_title(title, loc="left", fontsize=10)


def legend_above(ax: Any, columns: int = 1, title: str = "") -> None:
    """A legend over the axes, where it covers no curve; the title alone where nothing has a label."""
    if not ax.get_legend_handles_labels()[0]:
        ax.set_title(title, loc="left", fontsize=11)
    else:
        ax.legend(
            title=title or None,
            title_fontsize=11,
            alignment="left",
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=columns,
            frameon=False,
            fontsize=9,
            borderaxespad=0.2,
            handlelength=1.6,
        )


def number(x: float, digits: int = 4) -> str:
    """A number for mathematics in a figure."""
    if np.isnan(x):
        return "undefined"
    if np.isinf(x):
        return r"$\infty$" if x > 0 else r"$-\infty$"
    return f"{x + 0.0:.{digits}g}"  # no -0


def divergence(first: str = "p", second: str = "q") -> str:
    return rf"$D({first}\,\Vert\,{second})$"


def outcome(estimate: Estimate) -> str:
    """The value of a divergence in words: 0.0747 nats; infinite; or why there is none."""
    text = number(float(estimate.value))
    text += " nats" if np.isfinite(estimate.value) else ""
    return text if estimate.ok else f"{text} ({str(estimate.status).replace('_', ' ')})"


def wrapped(text: str, width: int = 60) -> str:
    return textwrap.fill(text.replace("$", r"\$"), width)


def atoms(
    ax: Any,
    places: Any,
    masses: Any,
    color: str,
    *,
    counting: bool = False,
    label: str | None = None,
    dx: float = 0.0,
    horizontal: bool = False,
    head: str = "o",
) -> None:
    """Point masses in view as stems: where the law has nothing else in data units, else as a share of the panel.

    There those that have room are said in figures. `dx` moves the stems by so many points, so that those of two laws
    stand side by side; `head` is the marker at their ends, which tells laws apart without colours.
    """
    places, masses = np.asarray(places, float), np.asarray(masses, float)
    low, high = sorted(ax.get_ylim() if horizontal else ax.get_xlim())
    seen = (places >= low) & (places <= high)
    places, masses = places[seen], masses[seen]
    if not len(places):
        return
    base = ax.transData if counting else ax.get_yaxis_transform() if horizontal else ax.get_xaxis_transform()
    transform = _moved(ax, base, dx)
    if counting:
        heads, feet = masses, ax.get_ylim()[0] if not horizontal else 0.0
    else:
        heads, feet = (1.0 - 0.9 * masses, 1.0) if horizontal else (0.9 * masses, 0.0)
    points = (heads, places) if horizontal else (places, heads)
    if len(places) > MANY:
        ax.plot(*points, color=color, lw=1.0, transform=transform, label=label)
        return
    width = min(2.0, STEMS / len(places))
    (ax.hlines if horizontal else ax.vlines)(places, feet, heads, color=color, lw=width, transform=transform)
    ax.plot(*points, head, color=color, ms=2.5 * width, transform=transform, label=label, clip_on=False)
    if not counting:
        for index in np.argsort(-masses, kind="stable")[:SAID]:
            spot = points[0][index], points[1][index]
            across = spot[0] if horizontal else (spot[0] - low) / (high - low)
            _say_mass(ax, masses[index], spot, transform, color, above=horizontal, right=across > RIGHT)


def _say_mass(ax: Any, mass: float, spot: Any, transform: Any, color: str, *, above: bool, right: bool) -> None:
    """A mass in figures beside the head of its stem or above it, unless another stands there."""
    offset, va = ((0, 6), "bottom") if above else ((-6 if right else 6, 0), "center")
    said = ax.annotate(
        f"P = {mass:.3g}",
        spot,
        xycoords=transform,
        xytext=offset,
        textcoords="offset points",
        color=color,
        fontsize=SMALL,
        va=va,
        ha="right" if right else "center" if above else "left",
        gid="mass",
    )
    box = said.get_window_extent()
    if any(box.overlaps(other.get_window_extent()) for other in ax.texts if other is not said and other.get_gid()):
        said.remove()


def _moved(ax: Any, transform: Any, dx: float) -> Any:
    if not dx:
        return transform
    from matplotlib.transforms import ScaledTranslation

    return transform + ScaledTranslation(dx / 72.0, 0.0, ax.figure.dpi_scale_trans)


def beyond(ax: Any, x: np.ndarray, y: np.ndarray, *, said: bool = True) -> None:
    """Arrows at the highest and the lowest places where a curve leaves the panel; how far it goes is `said` or not."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    for sign, outside in ((1.0, y - top), (-1.0, bottom - y)):
        out = np.flatnonzero((outside > 0.0) & (x >= left) & (x <= right))
        groups = np.split(out, np.flatnonzero(np.diff(out) > 1) + 1) if out.size else []
        peaks = sorted((group[np.argmax(outside[group])] for group in groups), key=lambda i: -outside[i])
        for i in peaks[:ARROWS]:
            goes_on(ax, float(x[i]), float(y[i]) if said else None, down=sign < 0.0)


def goes_on(
    ax: Any, where: float, peak: float | None, color: str = INK, *, horizontal: bool = False, down: bool = False
) -> None:
    """An arrow at the edge of the panel where a curve leaves it, and how high it goes where that is told."""
    text = "" if peak is None else number(peak, 3)
    if horizontal:
        ax.annotate(
            f"$\\leftarrow$ {text}",
            (0.0, where),
            xycoords=ax.get_yaxis_transform(),
            xytext=(2, 4),
            textcoords="offset points",
            ha="left",
            va="bottom",
            color=color,
            fontsize=9,
        )
        return
    left, right = ax.get_xlim()
    side, ha = (-7, "right") if where > 0.5 * (left + right) else (7, "left")
    ax.annotate(
        f"$\\downarrow$ {text}" if down else f"$\\uparrow$ {text}",
        (where, 0.0 if down else 1.0),
        xycoords=ax.get_xaxis_transform(),
        xytext=(side, 2 if down else -2),
        textcoords="offset points",
        ha=ha,
        va="bottom" if down else "top",
        color=color,
        fontsize=9,
    )
